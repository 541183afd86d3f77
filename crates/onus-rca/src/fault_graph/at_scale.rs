//! Questions to the whole graph at once: all single faults, by the engine for scale.

use onus_model::{FaultIndex, SystemIndex};

use super::{FaultGraph, Node};
use crate::engine::{Circuit, DictionaryWay, Signatures};

/// What uncertain couplings do where a question needs a plain answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Couplings {
    /// Every one that can couple does: what can fail, fails. The default.
    #[default]
    Couple,
    /// None couples: only what is certain to fail, fails.
    Apart,
}

impl FaultGraph {
    /// The graph as the engine for scale sees it.
    pub fn circuit(&self) -> &Circuit {
        &self.compiled.circuit
    }

    /// The signature of every fault over what each of some views watches: two faults have the same one in a view if, and but
    /// for a chance of 2⁻¹²⁸ only if, the same of its systems fail with each. 0: none of them fails.
    ///
    /// Rows are by fault index, columns by view. All views are worked out in one pass; see [`Circuit::signatures`] for the cost.
    ///
    /// ```
    /// use onus_model::document::{Model, System};
    /// use onus_rca::{Couplings, FaultGraph};
    ///
    /// let model = Model::new("Three systems")
    ///     .system("db", System::new())
    ///     .system("net", System::new())
    ///     .system("portal", System::new().needs("db").needs("net"))
    ///     .build()?;
    /// let [db, net, portal] = ["db", "net", "portal"].map(|id| model.topology().system(id).unwrap());
    /// let signatures =
    ///     FaultGraph::compile(&model).signatures(&[vec![portal], vec![portal, net]], Couplings::Couple);
    /// let [db, net] = ["db.fault", "net.fault"].map(|id| model.topology().fault(id).unwrap().index());
    /// // Who watches the portal alone cannot tell the database from the network.
    /// assert_eq!(signatures.of(db)[0], signatures.of(net)[0]);
    /// assert_ne!(signatures.of(db)[1], signatures.of(net)[1]);
    /// # Ok::<(), onus_model::Error>(())
    /// ```
    pub fn signatures(&self, views: &[Vec<SystemIndex>], couplings: Couplings) -> Signatures {
        let faults: Vec<Node> = self.fault_nodes().collect();
        let views: Vec<Vec<Node>> = views.iter().map(|systems| self.gates_of(systems)).collect();
        self.compiled.circuit.signatures(&faults, &self.given(couplings), &views, DictionaryWay::Auto)
    }

    /// The faults with each of which alone all of `failed` and none of `working` has failed, rising.
    ///
    /// Exact with redundancy and loops, whatever the size of the estate; see [`Circuit::single_candidates`].
    pub fn single_origins(
        &self,
        failed: &[SystemIndex],
        working: &[SystemIndex],
        couplings: Couplings,
    ) -> Vec<FaultIndex> {
        let faults: Vec<Node> = self.fault_nodes().collect();
        let [failed, working] = [failed, working].map(|systems| self.gates_of(systems));
        let candidates = self.compiled.circuit.single_candidates(&faults, &self.given(couplings), &failed, &working);
        candidates.faults.into_iter().map(FaultIndex::new).collect()
    }

    fn fault_nodes(&self) -> impl Iterator<Item = Node> + use<> {
        (0..self.compiled.faults).map(Node::new)
    }

    fn gates_of(&self, systems: &[SystemIndex]) -> Vec<Node> {
        systems.iter().map(|system| self.system_gate(*system)).collect()
    }

    pub(crate) fn given(&self, couplings: Couplings) -> Vec<Node> {
        self.compiled.given(couplings)
    }
}
