//! From a topology to gates. Everything goes straight into the arrays of the engine: there is no list of lists, however
//! large the estate.
//!
//! Gates have their numbers before they have inputs: events, then a gate for each system, then one for each interface that
//! needs one, then the needs, as they come. The inputs of the systems' gates are written to one pair of arrays, those of all
//! other gates to a second, and the two are joined at the end.

use onus_model::{FaultIndex, InterfaceIndex, Need, SystemIndex, Topology};
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::hash::BuildHasher;

use super::CompiledGraph;
use super::compiled::{Delay, InterfaceGate};
use crate::engine::{Circuit, Gates, Node};

/// Gates in the making: thresholds, where each ends, their inputs.
#[derive(Default)]
struct Part {
    thresholds: Vec<u32>,
    ends: Vec<u32>,
    inputs: Vec<u32>,
}

impl Part {
    fn push(&mut self, threshold: u32, inputs: impl IntoIterator<Item = u32>) {
        self.inputs.extend(inputs);
        self.thresholds.push(threshold);
        self.ends.push(count(self.inputs.len()));
    }

    fn inputs_of(&self, gate: usize) -> &[u32] {
        let begin = if gate == 0 { 0 } else { self.ends[gate - 1] };
        &self.inputs[begin as usize..self.ends[gate] as usize]
    }
}

pub(super) struct Compiler<'t> {
    topology: &'t Topology,
    couplings: Vec<InterfaceIndex>,
    prior: Vec<f64>,
    /// All gates but the systems'.
    others: Part,
    /// The gates that interfaces have of their own: number, interface, and whether its faults are among the inputs.
    own: Vec<(u32, InterfaceIndex, bool)>,
    /// By interface, the number of what its consumer loses.
    lost: Vec<u32>,
    /// The gates whose failure takes the time that their interface says.
    delayed: Vec<(u32, InterfaceIndex)>,
    /// Gates of needs, by a hash of what they say.
    shared: FxHashMap<u64, Vec<u32>>,
}

impl<'t> Compiler<'t> {
    pub(super) fn new(topology: &'t Topology) -> Self {
        let mut prior: Vec<f64> = topology.faults().iter().map(|fault| fault.prior.probability().get()).collect();
        let mut couplings = Vec::new();
        for (at, interface) in topology.interfaces().iter().enumerate() {
            if interface.propagates.get() < 1.0 {
                couplings.push(InterfaceIndex::new(at));
                prior.push(interface.propagates.get());
            }
        }
        Self {
            topology,
            couplings,
            prior,
            others: Part::default(),
            own: Vec::new(),
            lost: Vec::new(),
            delayed: Vec::new(),
            shared: FxHashMap::default(),
        }
    }

    pub(super) fn compile(mut self) -> CompiledGraph {
        self.interfaces();
        let systems = self.systems();
        let (events, topology) = (self.prior.len(), self.topology);
        let gates = self.join(systems);
        let circuit = Circuit::new(gates);
        let system_gate: Vec<Node> = (0..topology.systems().len()).map(|at| circuit.node(events + at)).collect();
        let node = |number: u32| circuit.node(number as usize);
        let own = |(number, interface, has_faults): &(u32, InterfaceIndex, bool)| InterfaceGate {
            interface: *interface,
            gate: node(*number),
            has_faults: *has_faults,
        };
        let interface_gates: Vec<InterfaceGate> = self.own.iter().map(own).collect();
        let delay = |(number, interface): &(u32, InterfaceIndex)| {
            let delay = topology.interfaces()[interface.index()].delay.as_ref();
            let (shortest, longest) =
                delay.map_or((0, 0), |(shortest, longest)| (shortest.milliseconds(), longest.milliseconds()));
            Delay { gate: node(*number), interface: *interface, shortest, longest }
        };
        let delays = self.delayed.iter().map(delay).collect();
        let element = CompiledGraph::elements(events, circuit.node_count(), &system_gate, &interface_gates)
            .expect("every element was given a gate of its own, after the events");
        CompiledGraph {
            faults: topology.faults().len(),
            interfaces: topology.interfaces().len(),
            couplings: self.couplings,
            prior: self.prior,
            // What the numbers here stood for is known by node from here on.
            circuit: circuit.renumbered(),
            system_gate,
            interface_gates,
            delays,
            element,
        }
    }

    /// The number of a system's gate.
    fn system(&self, system: SystemIndex) -> u32 {
        count(self.prior.len() + system.index())
    }

    /// Adds a gate that is no system's.
    fn add(&mut self, threshold: u32, inputs: impl IntoIterator<Item = u32>) -> u32 {
        self.others.push(threshold, inputs);
        count(self.prior.len() + self.topology.systems().len() + self.others.thresholds.len() - 1)
    }

    /// The gates that interfaces need: where coupling is uncertain or takes time, where there are faults.
    fn interfaces(&mut self) {
        let topology = self.topology;
        let faults = topology.faults().len();
        let mut coupling = 0;
        for (at, interface) in topology.interfaces().iter().enumerate() {
            let index = InterfaceIndex::new(at);
            let mut lost = self.system(interface.provider);
            let is_uncertain = self.couplings.get(coupling) == Some(&index);
            let is_delayed = interface.delay.as_ref().is_some_and(|(_, longest)| longest.hours() > 0.0);
            if is_uncertain || is_delayed {
                let event = is_uncertain.then(|| count(faults + coupling));
                lost = self.add(1 + u32::from(is_uncertain), std::iter::once(lost).chain(event));
                coupling += usize::from(is_uncertain);
            }
            if is_delayed {
                self.delayed.push((lost, index));
            }
            if !interface.faults.is_empty() {
                lost = self.add(1, events(&interface.faults).chain([lost]));
            }
            let has_faults = !interface.faults.is_empty();
            if is_uncertain || is_delayed || has_faults {
                self.own.push((lost, index, has_faults));
            }
            self.lost.push(lost);
        }
    }

    /// The systems' gates, and those of the needs.
    fn systems(&mut self) -> Part {
        let topology = self.topology;
        let mut systems = Part::default();
        let mut unmet = Vec::new();
        for system in topology.systems() {
            unmet.clear();
            for need in &system.needs {
                unmet.push(self.unmet(need));
            }
            systems.push(1, events(&system.faults).chain(unmet.iter().copied()));
        }
        systems
    }

    /// What fails when a need is not met. Recursion is bounded by the depth that validation allows.
    fn unmet(&mut self, need: &Need) -> u32 {
        match need {
            Need::Provider(interface) => self.lost[interface.index()],
            Need::AtLeast { k, of } => {
                let inputs: Vec<u32> = of.iter().map(|need| self.unmet(need)).collect();
                // At least k of n must hold: it is unmet when n − k + 1 are lost.
                let threshold = of.len() as u32 - k + 1;
                match inputs.as_slice() {
                    [only] => *only,
                    _ => self.share(threshold, &inputs),
                }
            }
        }
    }

    /// A gate of a need; the one there is already, if there is one that says the same.
    fn share(&mut self, threshold: u32, inputs: &[u32]) -> u32 {
        let sorted = |inputs: &[u32]| {
            let mut sorted = inputs.to_vec();
            sorted.sort_unstable();
            sorted
        };
        let wanted = sorted(inputs);
        let hash = FxBuildHasher.hash_one((threshold, &wanted));
        let first = self.prior.len() + self.topology.systems().len();
        for number in self.shared.get(&hash).into_iter().flatten() {
            let gate = *number as usize - first;
            if self.others.thresholds[gate] == threshold && sorted(self.others.inputs_of(gate)) == wanted {
                return *number;
            }
        }
        let number = self.add(threshold, inputs.iter().copied());
        self.shared.entry(hash).or_default().push(number);
        number
    }

    /// Events, systems and other gates in one.
    fn join(&mut self, systems: Part) -> Gates {
        let others = std::mem::take(&mut self.others);
        let between = count(systems.inputs.len());
        count(systems.inputs.len() + others.inputs.len());
        let mut thresholds = vec![1; self.prior.len()];
        thresholds.extend(systems.thresholds.iter().chain(&others.thresholds));
        let mut offsets = vec![0; self.prior.len() + 1];
        offsets.extend(systems.ends.iter().copied().chain(others.ends.iter().map(|end| between + end)));
        let mut inputs = systems.inputs;
        inputs.extend(others.inputs);
        Gates::new(thresholds, offsets, inputs).expect("every gate was numbered before it became an input")
    }
}

/// The numbers of some faults.
fn events(faults: &[FaultIndex]) -> impl Iterator<Item = u32> {
    faults.iter().map(|fault| count(fault.index()))
}

fn count(position: usize) -> u32 {
    u32::try_from(position).expect("a fault graph has fewer than 2^32 nodes and edges: models are smaller")
}
