//! Propagation and causal paths: what fails from some faults, by which way; and what a system's failure can come from.

use std::collections::{BTreeMap, VecDeque};

use onus_model::{Date, Element, FaultId, FaultIndex, Model, SystemId, SystemIndex};
use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::fault_graph::{Couplings, Event, FaultGraph, Node, When};
use crate::outcome::BETWEEN_PARTIES;

/// What fails from some faults.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Propagation {
    /// The faults.
    pub faults: Vec<FaultId>,
    /// The systems that fail, causes before effects.
    pub failed: Vec<FailedSystem>,
    /// Demand of the failed systems, by unit.
    pub demand: BTreeMap<String, f64>,
}

/// A system that fails.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FailedSystem {
    /// The system.
    pub system: SystemId,
    /// Its index in the model.
    #[serde(skip)]
    pub index: SystemIndex,
    /// It fails even if no uncertain coupling couples.
    pub certain: bool,
    /// After how long it fails; only where the model's interfaces have delays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<When>,
    /// One way from a fault to it.
    pub path: CausalPath,
}

/// A way by which a fault makes a system fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CausalPath {
    /// Where it begins.
    pub fault: FaultId,
    /// The systems and interfaces it runs through, the failed system last.
    pub through: Vec<String>,
}

/// A fault that a system's failure can come from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PossibleOrigin {
    /// The fault.
    pub fault: FaultId,
    /// Its index in the model.
    #[serde(skip)]
    pub index: FaultIndex,
    /// It makes the system fail without any other fault.
    pub alone: bool,
}

impl Propagation {
    /// How many of the failed systems each contractor owns on a day; those that nobody owns under `nobody`, those that
    /// several own under all of them, joined by ` | `.
    pub fn by_contractor(&self, model: &Model, day: Option<Date>) -> BTreeMap<String, usize> {
        let responsibility = model.responsibility(day);
        let mut counts = BTreeMap::new();
        for failed in &self.failed {
            let owners: Vec<&str> = responsibility
                .owners(failed.index)
                .into_iter()
                .map(|owner| model.contractors()[owner.index()].id.as_str())
                .collect();
            let name = if owners.is_empty() { "nobody".to_owned() } else { owners.join(BETWEEN_PARTIES) };
            *counts.entry(name).or_default() += 1;
        }
        counts
    }
}

impl FaultGraph {
    /// Spreads failure from some faults, every coupling that is uncertain coupling.
    ///
    /// O(V + E); with delays, times the logarithm of the longest.
    pub fn propagate(&self, faults: &[FaultIndex]) -> Propagation {
        let active = || faults.iter().map(|fault| FaultGraph::fault_node(*fault));
        let certain = self.spread(active(), |_, _| false);
        let possible = self.spread(active().chain(self.coupling_nodes()), |_, _| false);
        let parents = shortest_ways(self, faults, |node| possible.has(node), |_, _| false);
        let mut times = self.times(faults);
        let topology = self.topology();
        let mut failed = Vec::new();
        let mut demand: BTreeMap<String, f64> = BTreeMap::new();
        for gate in &possible.order {
            let Some(Element::System(index)) = self.named(*gate) else { continue };
            let system = &topology.systems()[index.index()];
            for (unit, amount) in &system.demand {
                *demand.entry(unit.clone()).or_default() += amount;
            }
            // What fails is reached from a fault through what fails: there is always a path.
            let path = path_to(self, |node| parents[node.index()], *gate);
            failed.extend(path.map(|path| FailedSystem {
                system: system.id.clone(),
                index,
                certain: certain.has(*gate),
                after: times.as_mut().and_then(|times| times.remove(gate)),
                path,
            }));
        }
        let faults = faults.iter().map(|fault| topology.faults()[fault.index()].id.clone()).collect();
        Propagation { faults, failed, demand }
    }

    /// The faults that a system's failure can come from, in the model's order, and which of them suffice alone.
    ///
    /// O(V + E), and for those that the structure alone does not decide what [`FaultGraph::single_origins`] takes.
    pub fn possible_origins(&self, system: SystemIndex) -> Vec<PossibleOrigin> {
        let target = self.system_gate(system);
        let alone = self.single_origins(&[system], &[], Couplings::Couple);
        let mut seen = vec![false; self.node_count()];
        let mut open = vec![target];
        let mut origins = Vec::new();
        while let Some(node) = open.pop() {
            if std::mem::replace(&mut seen[node.index()], true) {
                continue;
            }
            match self.event(node) {
                None => open.extend(self.inputs(node)),
                Some(Event::Coupling(_)) => {}
                Some(Event::Fault(index)) => {
                    let fault = self.topology().faults()[index.index()].id.clone();
                    origins.push(PossibleOrigin { fault, index, alone: alone.binary_search(&index).is_ok() });
                }
            }
        }
        origins.sort_by_key(|origin| origin.index);
        origins
    }
}

/// For each node that failed, the node before it on a shortest way from some faults. As in [`FaultGraph::spread`], only a
/// fault can be blocked: what was repaired is a fault where it sits, not the way through.
pub(crate) fn shortest_ways(
    graph: &FaultGraph,
    faults: &[FaultIndex],
    failed: impl Fn(Node) -> bool,
    blocked: impl Fn(Node, Node) -> bool,
) -> Vec<Option<Node>> {
    let mut before = vec![None; graph.node_count()];
    let mut queue: VecDeque<Node> = VecDeque::new();
    for fault in faults {
        let node = FaultGraph::fault_node(*fault);
        if before[node.index()].is_none() {
            // A fault is its own beginning.
            before[node.index()] = Some(node);
            queue.push_back(node);
        }
    }
    while let Some(node) = queue.pop_front() {
        for gate in graph.outputs(node) {
            let is_fault = matches!(graph.event(node), Some(Event::Fault(_)));
            if failed(*gate) && before[gate.index()].is_none() && !(is_fault && blocked(node, *gate)) {
                before[gate.index()] = Some(node);
                queue.push_back(*gate);
            }
        }
    }
    before
}

/// For each gate within a part of the graph that fails from some faults, every coupling coupling, an input that failed
/// before it; each fault is its own. Worked out where failure gets to alone, not over the whole graph.
pub(crate) fn ways_within(
    graph: &FaultGraph,
    faults: &[FaultIndex],
    within: impl Fn(Node) -> bool,
    blocked: impl Fn(Node, Node) -> bool,
) -> FxHashMap<Node, Node> {
    let mut before: FxHashMap<Node, Node> = FxHashMap::default();
    let mut missing: FxHashMap<Node, u32> = FxHashMap::default();
    let mut queue: VecDeque<Node> = faults.iter().map(|fault| FaultGraph::fault_node(*fault)).collect();
    before.extend(queue.iter().map(|fault| (*fault, *fault)));
    while let Some(node) = queue.pop_front() {
        for gate in graph.outputs(node) {
            let is_fault = matches!(graph.event(node), Some(Event::Fault(_)));
            if before.contains_key(gate) || !within(*gate) || (is_fault && blocked(node, *gate)) {
                continue;
            }
            let counter = missing.entry(*gate).or_insert_with(|| {
                let couples = |input: &&Node| matches!(graph.event(**input), Some(Event::Coupling(_)));
                graph.threshold(*gate).saturating_sub(graph.inputs(*gate).iter().filter(couples).count() as u32).max(1)
            });
            *counter -= 1;
            if *counter == 0 {
                before.insert(*gate, node);
                queue.push_back(*gate);
            }
        }
    }
    before
}

/// The way to a gate, given the node before each on it, as [`shortest_ways`] or [`ways_within`] found it.
pub(crate) fn path_to(graph: &FaultGraph, before: impl Fn(Node) -> Option<Node>, gate: Node) -> Option<CausalPath> {
    let topology = graph.topology();
    let mut through = Vec::new();
    let mut node = gate;
    loop {
        if let Some(Event::Fault(fault)) = graph.event(node) {
            through.reverse();
            return Some(CausalPath { fault: topology.faults()[fault.index()].id.clone(), through });
        }
        if let Some(element) = graph.named(node) {
            through.push(topology.element_id(element).to_owned());
        }
        node = before(node)?;
    }
}
