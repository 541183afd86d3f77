//! The fault graph: a topology compiled to basic events and at-least-k gates (DESIGN.md 3.1). It knows no contract.
//!
//! It is a [`Circuit`](crate::engine::Circuit) with meanings laid over it. Nodes are, in this order: the faults (node `n` is the model's fault `n`), one
//! event for each interface whose coupling is uncertain, then the gates in the order in which failure runs. A gate is failed when at
//! least `threshold` of its inputs are: 1 makes it an OR, all of them an AND. A system's gate is the OR of its faults and of its needs
//! that are not met. Needs that say the same, whoever has them, are one gate.
//!
//! Estates have cycles. The meaning is the **least fixpoint**: nothing fails without a cause outside itself. Forward
//! propagation ([`FaultGraph::spread`]) reaches it in one pass with counters.
//!
//! **Direction.** `inputs` of a gate are what it fails by; `outputs` of a node are the gates that fail by it. Failure
//! runs along `outputs`; a model's interfaces point the other way.

use std::sync::Arc;

use onus_model::{Element, FaultIndex, InterfaceIndex, Model, SystemIndex, Topology};

pub use at_scale::Couplings;
use compile::Compiler;
pub(crate) use compiled::CompiledGraph;
pub use named::{NamedGraph, UnknownFault};
pub use stored::OtherModel;
pub use times::When;

pub(crate) use crate::engine::Node;

mod at_scale;
mod compile;
mod compiled;
mod named;
mod stored;
mod times;

/// A topology, compiled. Immutable; build it once and ask it often. A clone shares what it is a clone of.
#[derive(Clone, Debug)]
pub struct FaultGraph {
    topology: Arc<Topology>,
    compiled: Arc<CompiledGraph>,
}

impl FaultGraph {
    /// Compiles a model's topology.
    ///
    /// O(V + E) time and memory.
    ///
    /// ```
    /// use onus_model::document::{Fault, Model, System};
    /// use onus_rca::FaultGraph;
    ///
    /// let model = Model::new("Two systems")
    ///     .system("db", System::new().fault("disk", Fault::new("hardware", 1e-3)))
    ///     .system("portal", System::new().needs("db"))
    ///     .build()?;
    /// let graph = FaultGraph::compile(&model);
    /// let disk = model.topology().fault("db.disk").unwrap();
    /// // Failure runs against the direction of the need: the portal fails with the database.
    /// let failed: Vec<_> = graph.propagate(&[disk]).failed.into_iter().map(|f| f.system.to_string()).collect();
    /// assert_eq!(failed, ["db", "portal"]);
    /// # Ok::<(), onus_model::Error>(())
    /// ```
    pub fn compile(model: &Model) -> Self {
        let topology = model.shared_topology();
        let compiled = Arc::new(Compiler::new(&topology).compile());
        Self { topology, compiled }
    }

    /// The topology it was compiled from.
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// Nodes: basic events and gates.
    pub fn node_count(&self) -> usize {
        self.compiled.circuit.node_count()
    }

    /// Inputs of all gates.
    pub fn edge_count(&self) -> usize {
        self.compiled.circuit.edge_count()
    }

    pub(crate) fn fault_node(fault: FaultIndex) -> Node {
        Node::new(fault.index())
    }

    pub(crate) fn system_gate(&self, system: SystemIndex) -> Node {
        self.compiled.system_gate[system.index()]
    }

    /// What a node that is a basic event stands for; `None` for a gate.
    pub(crate) fn event(&self, node: Node) -> Option<Event> {
        self.compiled.event(node)
    }

    /// Probability of a basic event.
    pub(crate) fn prior(&self, event: Node) -> f64 {
        self.compiled.prior[event.index()]
    }

    /// Coupling events.
    pub(crate) fn coupling_nodes(&self) -> impl Iterator<Item = Node> + use<> {
        self.compiled.coupling_nodes()
    }

    /// Coupling events that can be: those of a probability above 0.
    pub(crate) fn possible_couplings(&self) -> impl Iterator<Item = Node> {
        self.compiled.possible_couplings()
    }

    /// Inputs of a gate.
    pub(crate) fn inputs(&self, gate: Node) -> &[Node] {
        self.compiled.circuit.inputs(gate)
    }

    /// How many inputs make a gate fail.
    pub(crate) fn threshold(&self, gate: Node) -> u32 {
        self.compiled.circuit.threshold(gate)
    }

    /// The element whose faults are among a gate's inputs.
    pub(crate) fn element(&self, gate: Node) -> Option<Element> {
        self.compiled.element(gate)
    }

    /// Gates that a node is an input of.
    pub(crate) fn outputs(&self, node: Node) -> &[Node] {
        self.compiled.circuit.outputs(node)
    }

    /// The system or interface that a gate stands for, to name it on a path.
    pub(crate) fn named(&self, gate: Node) -> Option<Element> {
        self.event(gate).is_none().then(|| self.element(gate)).flatten()
    }

    /// The gate of an element: a system's, or what an interface's consumer sees of it. O(log interfaces with gates of their own).
    pub(crate) fn element_gate(&self, element: Element) -> Node {
        match element {
            Element::System(system) => self.system_gate(system),
            Element::Interface(interface) => self
                .compiled
                .interface_gate(interface)
                .unwrap_or_else(|| self.system_gate(self.topology.interfaces()[interface.index()].provider)),
        }
    }

    /// Spreads failure from active events to the least fixpoint: which nodes fail, and in which order.
    ///
    /// `blocked(event, gate)` says that an active event does not reach a gate (it was repaired there). One pass with
    /// counters, O(V) to begin and O(edges out of what fails).
    pub(crate) fn spread(
        &self,
        active: impl IntoIterator<Item = Node>,
        blocked: impl Fn(Node, Node) -> bool,
    ) -> Spread {
        let mut spread = Spread { failed: vec![false; self.node_count()], order: Vec::new() };
        let mut missing: Vec<u32> = (0..self.node_count()).map(|node| self.threshold(Node::new(node))).collect();
        for event in active {
            if !std::mem::replace(&mut spread.failed[event.index()], true) {
                spread.order.push(event);
            }
        }
        let mut next = 0;
        while let Some(node) = spread.order.get(next).copied() {
            next += 1;
            for gate in self.outputs(node) {
                let counter = &mut missing[gate.index()];
                if *counter == 0 || (node.index() < self.compiled.faults && blocked(node, *gate)) {
                    continue;
                }
                *counter -= 1;
                if *counter == 0 {
                    spread.failed[gate.index()] = true;
                    spread.order.push(*gate);
                }
            }
        }
        spread
    }
}

/// What a basic event stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Event {
    /// A fault is present.
    Fault(FaultIndex),
    /// The failure of an interface's provider couples across: nobody's fault.
    Coupling(InterfaceIndex),
}

/// What fails from some events.
#[derive(Clone, Debug)]
pub(crate) struct Spread {
    /// By node.
    pub(crate) failed: Vec<bool>,
    /// Failed nodes, causes before effects.
    pub(crate) order: Vec<Node>,
}

impl Spread {
    pub(crate) fn has(&self, node: Node) -> bool {
        self.failed[node.index()]
    }
}
