//! The compiled graph of a snapshot with the ids of its systems and faults, and nothing else of the model: what is there in the time
//! that reading the file takes.
//!
//! A [`Model`] of 10⁶ systems is millions of texts, and making them takes seconds. What fails from what needs none of them: arrays
//! and two pools of ids are enough. Contracts, evidence and reports need the model; [`NamedGraph::with_model`] then puts both together.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;
use std::sync::Arc;

use onus_model::{Error, FaultIndex, Ids, Model, Snapshot, SystemIndex};

use super::{CompiledGraph, Couplings, FaultGraph, Node, OtherModel, When};
use crate::engine::{Cascade, Circuit, Way};

/// A compiled graph and the ids of its systems and faults, read from a snapshot without its model. Immutable; a clone of the graph
/// is shared, of the ids is not.
///
/// ```
/// use std::io::Cursor;
///
/// use onus_model::{Model, Snapshot};
/// use onus_rca::{Couplings, FaultGraph, NamedGraph};
///
/// let model = Model::from_text("inline", "{ format: onus/1, systems: { db: {}, net: {}, portal: { needs: [db, net] } } }")?;
/// let mut file = Vec::new();
/// FaultGraph::compile(&model).write_snapshot(&model, &mut file).unwrap();
///
/// let graph = NamedGraph::from_snapshot(&mut Snapshot::open("estate.onus", Cursor::new(file))?)?;
/// assert_eq!(graph.propagate(&["db.fault"], Couplings::Couple).unwrap(), ["db", "portal"]);
/// # Ok::<(), onus_model::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct NamedGraph {
    compiled: Arc<CompiledGraph>,
    systems: Ids,
    faults: Ids,
}

/// There is no fault of an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no fault `{0}`")]
pub struct UnknownFault(pub String);

impl NamedGraph {
    /// Reads the compiled graph of a file.
    ///
    /// O(graph): each array is read once and checked once, nothing is looked up or allocated by id.
    ///
    /// # Errors
    /// [`Error::Io`] if reading fails, [`Error::Invalid`] if the file is no snapshot, holds no compiled graph, or is damaged.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let name = path.as_ref().display().to_string();
        let file = File::open(path).map_err(|source| Error::Io { path: name.clone(), source })?;
        Self::from_snapshot(&mut Snapshot::open(&name, file)?)
    }

    /// Reads the compiled graph of a snapshot. O(graph).
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn from_snapshot(snapshot: &mut Snapshot<impl Read + Seek>) -> Result<Self, Error> {
        let Some(compiled) = CompiledGraph::read(snapshot)? else {
            let message = "the snapshot holds no compiled graph: write it again with one".to_owned();
            return Err(snapshot.damaged(message));
        };
        let (systems, faults) = (snapshot.system_ids()?, CompiledGraph::fault_ids(snapshot)?);
        if systems.len() != compiled.system_gate.len() || faults.len() != compiled.faults {
            let message = format!("the compiled graph is another model's: there are ids of {} systems", systems.len());
            return Err(snapshot.damaged(format!("{message} and {} faults", faults.len())));
        }
        Ok(Self { compiled: Arc::new(compiled), systems, faults })
    }

    /// The graph under its model, which the same snapshot holds ([`Snapshot::model`]), without compiling.
    ///
    /// O(faults + interfaces).
    ///
    /// # Errors
    /// If this is not the model's graph.
    pub fn with_model(&self, model: &Model) -> Result<FaultGraph, OtherModel> {
        self.compiled.fits(model.topology())?;
        Ok(FaultGraph { topology: model.shared_topology(), compiled: Arc::clone(&self.compiled) })
    }

    /// The ids of the systems, by index.
    pub fn systems(&self) -> &Ids {
        &self.systems
    }

    /// The ids of the faults, by index.
    pub fn faults(&self) -> &Ids {
        &self.faults
    }

    /// Finds a system by id. O(log systems).
    pub fn system(&self, id: &str) -> Option<SystemIndex> {
        self.systems.find(id).map(SystemIndex::new)
    }

    /// Finds a fault by id, as it is written. O(log faults).
    pub fn fault(&self, id: &str) -> Option<FaultIndex> {
        self.faults.find(id).map(FaultIndex::new)
    }

    /// The circuit, for every question of [`engine`](crate::engine); [`Self::fault_node`] and [`Self::system_node`] say what is what
    /// in it.
    pub fn circuit(&self) -> &Circuit {
        &self.compiled.circuit
    }

    /// The node of a fault.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn fault_node(&self, fault: FaultIndex) -> Node {
        assert!(fault.index() < self.compiled.faults, "there is no fault {}", fault.index());
        FaultGraph::fault_node(fault)
    }

    /// The node of a system: it fails when the system does.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn system_node(&self, system: SystemIndex) -> Node {
        self.compiled.system_gate[system.index()]
    }

    /// The system that a node stands for; `None` for events, and for the gates of interfaces and needs.
    pub fn system_of(&self, node: Node) -> Option<SystemIndex> {
        self.compiled.system(node)
    }

    /// The probability of a fault.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn prior(&self, fault: FaultIndex) -> f64 {
        self.compiled.prior[self.fault_node(fault).index()]
    }

    /// The couplings that are given, as [`Circuit::signatures`] and its like take them.
    pub fn given(&self, couplings: Couplings) -> Vec<Node> {
        self.compiled.given(couplings)
    }

    /// The systems that fail from some faults, rising: those that may, or with [`Couplings::Apart`] those that are certain to.
    ///
    /// O(nodes) for room to work in, and the edges out of what fails. For many questions, make a [`Cascade`] once.
    ///
    /// # Panics
    /// If there are not so many faults.
    pub fn failed(&self, faults: &[FaultIndex], couplings: Couplings) -> Vec<SystemIndex> {
        let faults = faults.iter().map(|fault| self.fault_node(*fault));
        let from: Vec<Node> = faults.chain(self.given(couplings)).collect();
        let mut cascade = Cascade::new(self.circuit());
        cascade.spread(&from, Way::Auto);
        let mut failed: Vec<SystemIndex> =
            cascade.failed().into_iter().filter_map(|node| self.system_of(node)).collect();
        failed.sort_unstable();
        failed
    }

    /// The same by id: ids of the systems that fail, rising. Costs as [`Self::failed`].
    ///
    /// # Errors
    /// The first fault that there is not.
    pub fn propagate(&self, faults: &[&str], couplings: Couplings) -> Result<Vec<&str>, UnknownFault> {
        let find = |id: &&str| self.fault(id).ok_or_else(|| UnknownFault((*id).to_owned()));
        let faults = faults.iter().map(find).collect::<Result<Vec<FaultIndex>, UnknownFault>>()?;
        Ok(self.failed(&faults, couplings).into_iter().map(|system| self.systems.get(system.index())).collect())
    }

    /// After how long each system fails that may fail from some faults, by system; `None` where no interface takes time.
    ///
    /// O((V + E) · log of the longest delay).
    ///
    /// # Panics
    /// If there are not so many faults.
    pub fn times(&self, faults: &[FaultIndex]) -> Option<Vec<(SystemIndex, When)>> {
        assert!(faults.iter().all(|fault| fault.index() < self.compiled.faults), "there are no such faults");
        let times = self.compiled.times(faults)?;
        let mut times: Vec<(SystemIndex, When)> =
            times.into_iter().filter_map(|(node, when)| Some((self.system_of(node)?, when))).collect();
        times.sort_unstable_by_key(|(system, _)| *system);
        Some(times)
    }
}
