//! The incidents an estate can have, as physics alone: which fault sets, how probable, and what fails from each.
//!
//! A *hypothesis* is a set of one fault (or of up to two), weighted by its prior odds Π p/(1 − p): relative to each other,
//! these are the probabilities that exactly this set is present. A *world* is a hypothesis with the outcomes of the uncertain
//! couplings that matter. Only those matter whose provider has failed, so couplings are branched as failure reaches them
//! ([`Spreading`]), the most probable branch first; what a hypothesis' share of the budget does not reach is *lost* mass, which
//! widens every figure.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use onus_model::{FaultIndex, SystemIndex};

use super::SplitOptions;
use crate::fault_graph::{Event, FaultGraph, Node};

/// A fault that is present for certain would have infinite odds; no odds are larger than 10^9.
const LARGEST_ODDS: f64 = 1e9;
/// Branches that a hypothesis may open even where the budget is used up by their number.
const LEAST_BRANCHES: usize = 16;

/// A hypothesis with the outcomes of the couplings that matter.
pub(super) struct World {
    /// Relative to those of other worlds.
    pub(super) weight: f64,
    /// Each fault's share in the failure of the services; the shares add up to 1.
    pub(super) shares: Vec<(FaultIndex, f64)>,
    /// The systems that fail, sorted.
    pub(super) failed: Vec<SystemIndex>,
    /// Whether a service fails.
    pub(super) affects: bool,
}

/// All worlds within the budget.
pub(super) struct Worlds {
    pub(super) all: Vec<World>,
    /// Weight of the branches that were left out.
    pub(super) lost: f64,
    /// How many faults a hypothesis has at most.
    pub(super) faults_at_once: u32,
}

impl Worlds {
    /// O(hypotheses · (V + E)) at worst, and O(what fails) where failure stays local.
    pub(super) fn of(graph: &FaultGraph, options: &SplitOptions) -> Self {
        let topology = graph.topology();
        let odds: Vec<(FaultIndex, f64)> = (0..topology.faults().len())
            .map(FaultIndex::new)
            .map(|fault| (fault, graph.prior(FaultGraph::fault_node(fault))))
            .filter(|(_, p)| *p > 0.0)
            .map(|(fault, p)| (fault, (p / (1.0 - p)).min(LARGEST_ODDS)))
            .collect();
        let pairs = odds.len() * odds.len().saturating_sub(1) / 2;
        let faults_at_once = if options.faults_at_once >= 2 && pairs <= options.pair_budget { 2 } else { 1 };
        let hypotheses = odds.len() + if faults_at_once == 2 { pairs } else { 0 };
        let mut maker = Maker {
            spreading: Spreading::of(graph),
            is_service: vec![false; topology.systems().len()],
            branches: (options.world_budget / hypotheses.max(1)).max(LEAST_BRANCHES),
            worlds: Self { all: Vec::new(), lost: 0.0, faults_at_once },
        };
        for system in topology.service_systems() {
            maker.is_service[system.index()] = true;
        }
        for (at, (fault, weight)) in odds.iter().enumerate() {
            maker.branch(*weight, &[*fault]);
            if faults_at_once == 2 {
                for (other, factor) in &odds[at + 1..] {
                    maker.branch(weight * factor, &[*fault, *other]);
                }
            }
        }
        maker.worlds
    }
}

struct Maker<'g> {
    spreading: Spreading<'g>,
    is_service: Vec<bool>,
    branches: usize,
    worlds: Worlds,
}

/// A partial world: the outcomes of some couplings.
struct Open {
    probability: f64,
    /// Which was made first, to break ties.
    number: usize,
    couples: Vec<Node>,
    apart: Vec<Node>,
}

impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Open {}

impl PartialOrd for Open {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Open {
    fn cmp(&self, other: &Self) -> Ordering {
        self.probability.total_cmp(&other.probability).then(other.number.cmp(&self.number))
    }
}

impl Maker<'_> {
    /// Adds the worlds of one hypothesis, branching on one coupling at a time.
    fn branch(&mut self, weight: f64, faults: &[FaultIndex]) {
        let first = Open { probability: 1.0, number: 0, couples: Vec::new(), apart: Vec::new() };
        let mut heap = BinaryHeap::from([first]);
        let mut made = 0;
        for _ in 0..self.branches {
            let Some(open) = heap.pop() else { break };
            self.spreading.run(faults, &open.couples);
            // Where shares are asked for, what each fault does alone must be decided too.
            let Some(coupling) = self.spreading.undecided(&open.apart, faults.len() > 1) else {
                self.leaf(weight * open.probability, faults, &open.couples);
                continue;
            };
            let p = self.spreading.graph.prior(coupling);
            for (probability, couples) in [(p, true), (1.0 - p, false)] {
                if probability > 0.0 {
                    made += 1;
                    let [mut on, mut off] = [open.couples.clone(), open.apart.clone()];
                    (if couples { &mut on } else { &mut off }).push(coupling);
                    let probability = open.probability * probability;
                    heap.push(Open { probability, number: made, couples: on, apart: off });
                }
            }
        }
        self.worlds.lost += weight * heap.into_iter().map(|open| open.probability).sum::<f64>();
    }

    fn leaf(&mut self, weight: f64, faults: &[FaultIndex], couples: &[Node]) {
        let failed = self.spreading.systems();
        let services = failed.iter().filter(|system| self.is_service[system.index()]).count();
        let shares = match *faults {
            [first, second] if services > 0 => {
                let [a, b] = [first, second].map(|fault| {
                    self.spreading.run(&[fault], couples);
                    let alone = self.spreading.systems();
                    alone.iter().filter(|system| self.is_service[system.index()]).count() as f64 / services as f64
                });
                // The Shapley value of two players who together explain everything.
                vec![(first, f64::midpoint(a, 1.0 - b)), (second, f64::midpoint(b, 1.0 - a))]
            }
            _ => faults.iter().map(|fault| (*fault, (faults.len() as f64).recip())).collect(),
        };
        self.worlds.all.push(World { weight, shares, failed, affects: services > 0 });
    }
}

/// Forward propagation that is asked very often: what was touched is undone, nothing is allocated.
struct Spreading<'g> {
    graph: &'g FaultGraph,
    /// By node: a system's index, for its gate.
    system: Vec<Option<SystemIndex>>,
    /// By node: inputs that a gate still holds without.
    missing: Vec<u32>,
    failed: Vec<bool>,
    order: Vec<Node>,
    touched: Vec<Node>,
}

impl<'g> Spreading<'g> {
    fn of(graph: &'g FaultGraph) -> Self {
        let nodes = graph.node_count();
        let mut spreading = Self {
            graph,
            system: vec![None; nodes],
            missing: vec![0; nodes],
            failed: vec![false; nodes],
            order: Vec::new(),
            touched: Vec::new(),
        };
        for system in (0..graph.topology().systems().len()).map(SystemIndex::new) {
            spreading.system[graph.system_gate(system).index()] = Some(system);
        }
        for gate in graph.gates() {
            spreading.missing[gate.index()] = graph.threshold(gate);
        }
        spreading
    }

    /// Spreads failure from some faults, across the couplings that are said to couple.
    fn run(&mut self, faults: &[FaultIndex], couples: &[Node]) {
        for node in self.order.drain(..) {
            self.failed[node.index()] = false;
        }
        for gate in self.touched.drain(..) {
            self.missing[gate.index()] = self.graph.threshold(gate);
        }
        for event in faults.iter().map(|fault| FaultGraph::fault_node(*fault)).chain(couples.iter().copied()) {
            self.failed[event.index()] = true;
            self.order.push(event);
        }
        let mut next = 0;
        while let Some(node) = self.order.get(next).copied() {
            next += 1;
            for gate in self.graph.outputs(node) {
                let missing = &mut self.missing[gate.index()];
                if *missing == 0 {
                    continue;
                }
                self.touched.push(*gate);
                *missing -= 1;
                if *missing == 0 {
                    self.failed[gate.index()] = true;
                    self.order.push(*gate);
                }
            }
        }
    }

    /// The systems that failed, sorted.
    fn systems(&self) -> Vec<SystemIndex> {
        let mut systems: Vec<SystemIndex> = self.order.iter().filter_map(|node| self.system[node.index()]).collect();
        systems.sort_unstable();
        systems
    }

    /// A coupling whose provider has failed and whose outcome is open; unless `all` are asked for, one that makes a
    /// difference: its consumer is not cut off anyway.
    fn undecided(&self, apart: &[Node], all: bool) -> Option<Node> {
        self.graph.coupling_nodes().next()?;
        for node in &self.order {
            for gate in self.graph.outputs(*node).iter().filter(|gate| !self.failed[gate.index()]) {
                let [provider, event] = *self.graph.inputs(*gate) else { continue };
                let is_coupling = matches!(self.graph.event(event), Some(Event::Coupling(_)));
                let matters = || all || self.graph.outputs(*gate).iter().any(|next| !self.failed[next.index()]);
                if is_coupling && provider == *node && !apart.contains(&event) && matters() {
                    return Some(event);
                }
            }
        }
        None
    }
}
