//! What times say of origins, where interfaces take time to pass a failure on.
//!
//! When a fault began nobody knows, only that it was present by the first observation; how long each interface took nobody
//! knows either, only the window it gives. A fault is *untimely* if no start and no delays by which it, alone, makes all the failures
//! happen that were seen for certain let everything still work that was seen to work. The engine decides that exactly
//! ([`Schedules`](crate::engine::Schedules)).
//!
//! What follows for the posterior is one requirement: of the faults that can reach something that was seen failed, two or more
//! are present, or one that is not untimely. Sets of several faults are held only to what worked
//! ([`Condition::horizon`](crate::case::Condition)): each of them could begin at a time of its own. So nothing is excluded that can
//! have been. Readings that are only supposed do not take part: of a reading and its opposite, both could be in time.

use onus_model::FaultIndex;
use rustc_hash::FxHashSet;

use crate::case::{Case, Subject};
use crate::engine::{Fit, Seen};
use crate::evidence::Evidence;
use crate::fault_graph::{Couplings, Event, FaultGraph, Node};

/// Edges that deciding may go over, for all faults of a case together.
const MOST_STEPS: u64 = 20_000_000;

/// What times say of single origins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Onsets {
    /// Faults that no schedule makes the only origin, though they reach all that failed; rising.
    pub(crate) untimely: Vec<FaultIndex>,
    /// Faults for which the steps were too few to tell; they are kept.
    pub(crate) undecided: Vec<FaultIndex>,
    /// The faults that can reach something that was seen failed, rising.
    pub(crate) bearing: Vec<FaultIndex>,
    /// The items that say so, by position.
    pub(crate) items: Vec<usize>,
}

impl Onsets {
    /// O(V + E) where interfaces take time, and for each fault that can explain all failures alone O(what fails from it · log),
    /// repeated; up to a budget.
    pub(crate) fn of(case: &Case<'_>, evidence: &Evidence) -> Self {
        let Some(begun_by) = case.begun_by() else { return Self::default() };
        let mut onsets = Self::default();
        let mut seen = Seen { begun_by: Some(begun_by.as_milliseconds()), ..Seen::default() };
        // A repair changes what fails from then on; a report that may be wrong decides nothing alone.
        for condition in case.conditions.iter().filter(|condition| condition.epoch == 0 && condition.noise.is_none()) {
            let item = &evidence.items()[condition.item];
            let Subject::Gate(gate) = condition.subject else { continue };
            if item.is_recorded_observation() {
                let side = if condition.holds { &mut seen.failed } else { &mut seen.working };
                side.push((gate, item.at.as_milliseconds()));
                onsets.items.push(condition.item);
            }
        }
        if seen.failed.is_empty() || seen.working.is_empty() {
            return Self::default();
        }
        let graph = case.graph;
        let failed: Vec<Node> = seen.failed.iter().map(|(gate, _)| *gate).collect();
        let faults = reaching(graph, &failed);
        let nodes: Vec<Node> = faults.iter().map(|fault| FaultGraph::fault_node(*fault)).collect();
        let candidates = graph.circuit().single_candidates(&nodes, &graph.given(Couplings::Couple), &failed, &[]);
        let schedules = graph.schedules();
        let mut steps = MOST_STEPS;
        for at in candidates.faults {
            match schedules.fit(nodes[at], &seen, &mut steps) {
                Fit::Fits => {}
                Fit::Excluded => onsets.untimely.push(faults[at]),
                Fit::Undecided => onsets.undecided.push(faults[at]),
            }
        }
        onsets.bearing = faults;
        onsets
    }
}

/// The faults from which some way leads to one of these gates, rising.
fn reaching(graph: &FaultGraph, gates: &[Node]) -> Vec<FaultIndex> {
    let mut open = gates.to_vec();
    let mut seen: FxHashSet<Node> = open.iter().copied().collect();
    let mut faults = Vec::new();
    while let Some(node) = open.pop() {
        match graph.event(node) {
            Some(Event::Fault(fault)) => faults.push(fault),
            Some(Event::Coupling(_)) => {}
            None => open.extend(graph.inputs(node).iter().filter(|input| seen.insert(**input))),
        }
    }
    faults.sort_unstable();
    faults
}
