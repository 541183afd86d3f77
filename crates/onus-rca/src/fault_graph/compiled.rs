//! What compiling gives, without a name in it: a circuit, and which of its nodes stand for which numbers of the model.
//!
//! So it can be kept in a snapshot ([`stored`](super::stored)) and used without the model ([`NamedGraph`](super::NamedGraph)), or with
//! its topology beside it ([`FaultGraph`](super::FaultGraph)).
//!
//! **Invariant.** The faults are the first nodes, the couplings come next, all others are gates. What is said of gates is said of
//! nodes after the last coupling; no two elements share one.

use onus_model::{Element, FaultIndex, InterfaceIndex, SystemIndex};

use super::{Couplings, Event, Node};
use crate::engine::Circuit;

/// Stands for no element.
const NOTHING: u32 = u32::MAX;

/// An interface that has a gate of its own: its coupling is uncertain or takes time, or it has faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InterfaceGate {
    pub(super) interface: InterfaceIndex,
    /// The node that stands for "lost to its consumer".
    pub(super) gate: Node,
    /// Whether its faults are among the gate's inputs.
    pub(super) has_faults: bool,
}

/// A gate that fails later than its inputs, as its interface says; in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Delay {
    pub(super) gate: Node,
    pub(super) interface: InterfaceIndex,
    pub(super) shortest: u64,
    pub(super) longest: u64,
}

/// A topology, compiled: numbers alone. Immutable.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CompiledGraph {
    pub(super) faults: usize,
    /// How many interfaces the model has.
    pub(super) interfaces: usize,
    /// The interface whose coupling each coupling event decides, rising.
    pub(super) couplings: Vec<InterfaceIndex>,
    /// Probability of each basic event.
    pub(super) prior: Vec<f64>,
    pub(super) circuit: Circuit,
    pub(super) system_gate: Vec<Node>,
    /// By interface, rising; any other is lost with its provider.
    pub(super) interface_gates: Vec<InterfaceGate>,
    /// By interface, rising.
    pub(super) delays: Vec<Delay>,
    /// Of each gate, the element whose faults are among its inputs: a system; or, from the number of systems on, an entry of
    /// `interface_gates`; or [`NOTHING`].
    pub(super) element: Vec<u32>,
}

impl CompiledGraph {
    /// The element of each gate, from the gates of the elements. `None` if one of these is no gate, or that of two.
    pub(super) fn elements(
        events: usize,
        nodes: usize,
        systems: &[Node],
        interfaces: &[InterfaceGate],
    ) -> Option<Vec<u32>> {
        let mut element = vec![NOTHING; nodes.checked_sub(events)?];
        let mut put = |gate: Node, code: usize| {
            let place = element.get_mut(gate.index().checked_sub(events)?)?;
            (std::mem::replace(place, code as u32) == NOTHING).then_some(())
        };
        for (at, gate) in systems.iter().enumerate() {
            put(*gate, at)?;
        }
        for (at, interface) in interfaces.iter().enumerate().filter(|(_, interface)| interface.has_faults) {
            put(interface.gate, systems.len() + at)?;
        }
        Some(element)
    }

    /// What a node that is a basic event stands for; `None` for a gate.
    pub(super) fn event(&self, node: Node) -> Option<Event> {
        let at = node.index();
        if at < self.faults {
            Some(Event::Fault(FaultIndex::new(at)))
        } else {
            self.couplings.get(at - self.faults).map(|interface| Event::Coupling(*interface))
        }
    }

    /// The element whose faults are among a gate's inputs.
    pub(super) fn element(&self, gate: Node) -> Option<Element> {
        let code = self.element[gate.index() - self.prior.len()];
        let systems = self.system_gate.len();
        match code {
            NOTHING => None,
            code if (code as usize) < systems => Some(Element::System(SystemIndex::new(code as usize))),
            code => Some(Element::Interface(self.interface_gates[code as usize - systems].interface)),
        }
    }

    /// The system that a node stands for.
    pub(super) fn system(&self, node: Node) -> Option<SystemIndex> {
        let code = *self.element.get(node.index().checked_sub(self.prior.len())?)? as usize;
        (code < self.system_gate.len()).then(|| SystemIndex::new(code))
    }

    /// The gate of an interface, if it has one of its own. O(log interfaces).
    pub(super) fn interface_gate(&self, interface: InterfaceIndex) -> Option<Node> {
        let at = self.interface_gates.binary_search_by_key(&interface, |own| own.interface).ok()?;
        Some(self.interface_gates[at].gate)
    }

    /// Coupling events.
    pub(super) fn coupling_nodes(&self) -> impl Iterator<Item = Node> + use<> {
        (self.faults..self.prior.len()).map(Node::new)
    }

    /// Coupling events that can be: those of a probability above 0.
    pub(super) fn possible_couplings(&self) -> impl Iterator<Item = Node> {
        self.coupling_nodes().filter(|event| self.prior[event.index()] > 0.0)
    }

    /// The couplings that are given where a question needs a plain answer.
    pub(super) fn given(&self, couplings: Couplings) -> Vec<Node> {
        match couplings {
            Couplings::Couple => self.possible_couplings().collect(),
            Couplings::Apart => Vec::new(),
        }
    }
}
