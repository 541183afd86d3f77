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
    /// The systems that fail or may fail, causes before effects.
    pub failed: Vec<FailedSystem>,
    /// Demand of the systems that certainly fail, by unit.
    pub demand: BTreeMap<String, f64>,
    /// Demand of the systems that may fail besides, by unit.
    pub demand_at_risk: BTreeMap<String, f64>,
}

/// A system that fails.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FailedSystem {
    /// The system.
    pub system: SystemId,
    /// Its index in the model.
    #[serde(skip)]
    pub index: SystemIndex,
    /// It fails even if no uncertain coupling couples; else it may fail.
    pub certain: bool,
    /// After how long it fails; only where the model's interfaces have delays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<When>,
    /// Where one way to it begins; all of it: [`Propagation::path`].
    pub fault: FaultId,
    /// The system before it on that way; `None` for the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<SystemId>,
    /// The interface just before it on that way, where that has faults of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub across: Option<String>,
    /// The place of the system before it.
    #[serde(skip)]
    before: Option<usize>,
}

/// How many systems of an owner fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OwnedFailures {
    /// Certainly.
    pub certain: usize,
    /// Perhaps, besides those.
    pub possible: usize,
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
    /// One way from a fault to a system, given its place in [`Self::failed`].
    ///
    /// O(length of the way): there is no list of all ways, which together can be as long as the square of the systems.
    ///
    /// # Panics
    /// If so many systems do not fail.
    pub fn path(&self, place: usize) -> CausalPath {
        let mut through: Vec<String> = self.way_back(place).map(str::to_owned).collect();
        through.reverse();
        CausalPath { fault: self.failed[place].fault.clone(), through }
    }

    /// The systems and interfaces of the same way, from its end to its beginning, as far as somebody asks for them.
    ///
    /// # Panics
    /// If so many systems do not fail.
    pub fn way_back(&self, place: usize) -> impl Iterator<Item = &str> {
        std::iter::successors(Some(&self.failed[place]), |failed| Some(&self.failed[failed.before?]))
            .flat_map(|failed| std::iter::once(failed.system.as_str()).chain(failed.across.as_deref()))
    }

    /// How many systems certainly fail.
    pub fn certain(&self) -> usize {
        self.failed.iter().filter(|failed| failed.certain).count()
    }

    /// How many of the failed systems each contractor owns on a day; those that nobody owns under `nobody`, those that
    /// several own under all of them, joined by ` | `.
    pub fn by_contractor(&self, model: &Model, day: Option<Date>) -> BTreeMap<String, OwnedFailures> {
        let responsibility = model.responsibility(day);
        let mut counts: BTreeMap<String, OwnedFailures> = BTreeMap::new();
        for failed in &self.failed {
            let owners: Vec<&str> = responsibility
                .owners(failed.index)
                .into_iter()
                .map(|owner| model.contractors()[owner.index()].id.as_str())
                .collect();
            let name = if owners.is_empty() { "nobody".to_owned() } else { owners.join(BETWEEN_PARTIES) };
            let counts = counts.entry(name).or_default();
            *(if failed.certain { &mut counts.certain } else { &mut counts.possible }) += 1;
        }
        counts
    }
}

impl FaultGraph {
    /// Spreads failure from some faults: what certainly fails, and what may fail because uncertain couplings may couple. One
    /// that couples with probability 0 does not.
    ///
    /// O(V + E); with delays, times the logarithm of the longest.
    pub fn propagate(&self, faults: &[FaultIndex]) -> Propagation {
        let active = || faults.iter().map(|fault| FaultGraph::fault_node(*fault));
        let certain = self.spread(active(), |_, _| false);
        let possible = self.spread(active().chain(self.possible_couplings()), |_, _| false);
        let ways = Ways::shortest(self, faults, |node| possible.has(node));
        let mut times = self.times(faults);
        let topology = self.topology();
        let system = |node: Node| match self.named(node) {
            Some(Element::System(index)) => Some(index),
            _ => None,
        };
        let systems: Vec<(Node, SystemIndex)> =
            possible.order.iter().filter_map(|gate| Some((*gate, system(*gate)?))).collect();
        let mut places: FxHashMap<Node, usize> = FxHashMap::default();
        places.extend(systems.iter().enumerate().map(|(place, (gate, _))| (*gate, place)));
        let mut failed = Vec::with_capacity(systems.len());
        let [mut demand, mut demand_at_risk]: [BTreeMap<String, f64>; 2] = Default::default();
        for (gate, index) in systems {
            let own = &topology.systems()[index.index()];
            let certain = certain.has(gate);
            for (unit, amount) in &own.demand {
                let sums = if certain { &mut demand } else { &mut demand_at_risk };
                *sums.entry(unit.clone()).or_default() += amount;
            }
            let mut across = None;
            let mut node = ways.before(gate);
            while system(node).is_none() && self.event(node).is_none() {
                across = across.or(self.named(node));
                node = ways.before(node);
            }
            failed.push(FailedSystem {
                system: own.id.clone(),
                index,
                certain,
                after: times.as_mut().and_then(|times| times.remove(&gate)),
                fault: topology.faults()[ways.fault(gate).index()].id.clone(),
                by: system(node).map(|index| topology.systems()[index.index()].id.clone()),
                across: across.map(|element| topology.element_id(element).to_owned()),
                before: places.get(&node).copied(),
            });
        }
        let faults = faults.iter().map(|fault| topology.faults()[fault.index()].id.clone()).collect();
        Propagation { faults, failed, demand, demand_at_risk }
    }

    /// The faults that a system's failure can come from, in the model's order, and which of them suffice alone.
    ///
    /// O(V + E), and for those that the structure alone does not decide what [`FaultGraph::single_origins`] takes.
    pub fn possible_origins(&self, system: SystemIndex) -> Vec<PossibleOrigin> {
        let target = self.system_gate(system);
        // A way across a coupling that never couples is none.
        let everything = (0..self.topology().faults().len()).map(|fault| Self::fault_node(FaultIndex::new(fault)));
        let possible = self.spread(everything.chain(self.possible_couplings()), |_, _| false);
        let alone = self.single_origins(&[system], &[], Couplings::Couple);
        let mut seen = vec![false; self.node_count()];
        let mut open = vec![target];
        let mut origins = Vec::new();
        while let Some(node) = open.pop() {
            if std::mem::replace(&mut seen[node.index()], true) || !possible.has(node) {
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

/// Shortest ways from some faults to everything that failed from them.
struct Ways {
    /// By node: the one before it, and the fault where the way begins. A fault is its own.
    before: Vec<Option<(Node, FaultIndex)>>,
}

impl Ways {
    /// O(edges out of what failed).
    fn shortest(graph: &FaultGraph, faults: &[FaultIndex], failed: impl Fn(Node) -> bool) -> Self {
        let mut before = vec![None; graph.node_count()];
        let mut queue: VecDeque<(Node, FaultIndex)> = VecDeque::new();
        for fault in faults {
            let node = FaultGraph::fault_node(*fault);
            if before[node.index()].is_none() {
                before[node.index()] = Some((node, *fault));
                queue.push_back((node, *fault));
            }
        }
        while let Some((node, fault)) = queue.pop_front() {
            for gate in graph.outputs(node) {
                if failed(*gate) && before[gate.index()].is_none() {
                    before[gate.index()] = Some((node, fault));
                    queue.push_back((*gate, fault));
                }
            }
        }
        Self { before }
    }

    fn of(&self, node: Node) -> (Node, FaultIndex) {
        self.before[node.index()].expect("what failed was reached from a fault through what failed")
    }

    fn before(&self, node: Node) -> Node {
        self.of(node).0
    }

    fn fault(&self, node: Node) -> FaultIndex {
        self.of(node).1
    }
}

/// For each gate within a part of the graph that fails from some faults, every coupling that can couple coupling, an input that failed
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
                let couples = |input: &&Node| {
                    matches!(graph.event(**input), Some(Event::Coupling(_))) && graph.prior(**input) > 0.0
                };
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

/// The way to a gate, given the node before each on it, as [`ways_within`] found it.
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
