//! Perfect sight: what would still be in doubt if every system were watched by a monitor that is never wrong
//! (DESIGN.md 3.5: `E_full`, the inherent term).
//!
//! For one incident the readings of such monitors are unknown, so the answer is an expectation over them, given what is
//! known: Σ P(readings | evidence) · H(shares | evidence, readings). The shares stay those of the failures that were
//! observed; a reading conditions and asks for no explanation of its own.
//!
//! All states are functions of the same events, so that a set of readings is one more conjunction on the diagram of the
//! evidence: [`PerfectSight::new`] makes the diagrams, [`PerfectSight::expect`] walks the tree of readings. It always splits the node
//! from which most can still be gained, on the next state that the node leaves open. Entropy is concave: splitting only
//! lowers the expectation, and a node's own entropy is the most it can lose. So at any time the truth lies between the sum
//! over the finished leaves and the sum over all, and the walk can stop at a budget with certain bounds.
//!
//! It knows no contract: what is measured of the shares is the caller's (see [`Measure`]).

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use onus_model::{Element, FaultIndex, SystemIndex};

use crate::case::Case;
use crate::decision_diagram::{Bdd, BudgetExceeded};
use crate::encode::{Encoded, encode};
use crate::evidence::Evidence;
use crate::fault_graph::FaultGraph;
use crate::figure::Figure;
use crate::network::Network;
use crate::reduce::{Forest, ForestNode};
use crate::shares::{self, pivots};

/// Nodes of the fault graph up to which neighbouring systems are taken in.
const MOST_NODES: usize = 20_000;
/// What may be left open, in units of the measure, for the answer to count as computed: about what the rounding of a sum
/// over thousands of leaves costs.
const RESOLVED: f64 = 1e-9;

/// Concave functions of a distribution over faults and *unexplained*, such as entropies at several levels.
pub(crate) trait Measure<const N: usize> {
    /// The functions' values, none of them negative.
    fn of(&self, shares: &[(FaultIndex, f64)], unexplained: f64) -> [f64; N];
}

impl<const N: usize, F: Fn(&[(FaultIndex, f64)], f64) -> [f64; N]> Measure<N> for F {
    fn of(&self, shares: &[(FaultIndex, f64)], unexplained: f64) -> [f64; N] {
        self(shares, unexplained)
    }
}

/// The diagrams of an evidence and of every system's state.
pub(crate) struct PerfectSight {
    encoded: Encoded,
    /// How many of the encoded failures are observed ones; states follow.
    observed: usize,
    /// The system of each state.
    system: Vec<SystemIndex>,
    fault: Vec<Option<FaultIndex>>,
    stands_for: Vec<ForestNode>,
    forest: Forest,
    scratch: shares::Scratch,
    node_budget: usize,
}

/// A set of readings.
struct Open<const N: usize> {
    /// The evidence and the readings so far.
    function: Bdd,
    /// P(readings | evidence).
    mass: f64,
    measure: [f64; N],
    /// The first state that is not yet looked at.
    next: usize,
    /// In which order it was found, to break ties.
    number: usize,
}

impl<const N: usize> Open<N> {
    /// What can still be gained here.
    fn gap(&self) -> f64 {
        self.mass * self.measure.iter().sum::<f64>()
    }
}

impl<const N: usize> PartialEq for Open<N> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<const N: usize> Eq for Open<N> {}

impl<const N: usize> PartialOrd for Open<N> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<const N: usize> Ord for Open<N> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.gap().total_cmp(&other.gap()).then(other.number.cmp(&self.number))
    }
}

impl PerfectSight {
    /// Makes the diagrams. `None` where nothing explains the evidence, or where its probability is too small for floating
    /// point.
    ///
    /// # Errors
    /// The diagrams do not fit the budget.
    pub(crate) fn new(
        graph: &FaultGraph,
        evidence: &Evidence,
        node_budget: usize,
    ) -> Result<Option<Self>, BudgetExceeded> {
        let mut case = Case::new(graph, evidence);
        let gates = case.take_in_neighbours(MOST_NODES);
        let (mut network, states) = Network::with_states(&case, &gates);
        let observed = network.failures.len();
        network.failures.extend(states.iter().map(|(_, term)| *term));
        let encoded = encode(&network, node_budget)?;
        let system = states.iter().filter_map(|(gate, _)| match graph.element(*gate) {
            Some(Element::System(system)) => Some(system),
            _ => None,
        });
        let system = system.collect();
        let fault = network.fault.clone();
        let forest = Forest::new(network.probability.clone(), fault.iter().map(Option::is_some).collect());
        let scratch = shares::Scratch::new(&forest);
        let stands_for = encoded.event.iter().map(|event| event.0).collect();
        let sight = Self { encoded, observed, system, fault, stands_for, forest, scratch, node_budget };
        Ok((sight.probability(sight.encoded.evidence) > 0.0).then_some(sight))
    }

    /// All systems whose state can say something.
    pub(crate) fn systems(&self) -> Vec<SystemIndex> {
        let mut systems = self.system.clone();
        systems.dedup();
        systems
    }

    fn probability(&self, function: Bdd) -> f64 {
        let diagram = self.encoded.diagram(function);
        diagram.up(&self.encoded.probability)[diagram.root() as usize]
    }

    /// The shares of the observed failures, given a function of a probability above 0, and what no fault explains.
    fn shares(&mut self, function: Bdd, probability: f64) -> Result<(Vec<(FaultIndex, f64)>, f64), BudgetExceeded> {
        if self.observed == 0 {
            return Ok((Vec::new(), 1.0));
        }
        let question = shares::Question {
            manager: &self.encoded.manager,
            evidence: function,
            failures: &self.encoded.failures[..self.observed],
            probability: &self.encoded.probability,
            stands_for: &self.stands_for,
            forest: &self.forest,
        };
        let scale = 1.0 / probability / self.observed as f64;
        let fault = &self.fault;
        let mut found: Vec<(FaultIndex, f64)> = Vec::new();
        let explained = pivots(&question, self.node_budget, &mut self.scratch, |event, pivot| {
            if let Some(fault) = fault[event]
                && pivot > 0.0
            {
                found.push((fault, pivot * scale));
            }
        })?;
        let unexplained = 1.0 - explained * scale;
        // A difference is known to the rounding of what it is a difference of; less than that is nothing.
        let rounding = (self.fault.len() as f64 + 8.0) * f64::EPSILON;
        Ok((found, if unexplained <= rounding { 0.0 } else { unexplained }))
    }

    /// The measures before any reading.
    pub(crate) fn now<const N: usize>(&mut self, measure: &impl Measure<N>) -> Result<[f64; N], BudgetExceeded> {
        let evidence = self.encoded.evidence;
        let probability = self.probability(evidence);
        let (shares, unexplained) = self.shares(evidence, probability)?;
        Ok(measure.of(&shares, unexplained))
    }

    /// The measures in expectation over the states of some systems, all if none is named, in at most so many
    /// splits: exact where that is enough.
    ///
    /// O(splits · nodes of the diagrams).
    ///
    /// # Errors
    /// The budget of nodes does not suffice.
    pub(crate) fn expect<const N: usize>(
        &mut self,
        of: Option<SystemIndex>,
        measure: &impl Measure<N>,
        most_splits: usize,
    ) -> Result<[Figure; N], BudgetExceeded> {
        let states: Vec<Bdd> = (0..self.system.len())
            .filter(|at| of.is_none_or(|system| self.system[*at] == system))
            .map(|at| self.encoded.failures[self.observed + at])
            .collect();
        let total = self.probability(self.encoded.evidence);
        let root = Open { function: self.encoded.evidence, mass: 1.0, measure: self.now(measure)?, next: 0, number: 0 };
        let mut heap = BinaryHeap::from([root]);
        let mut settled = [0.0; N];
        let mut found = 1;
        for _ in 0..most_splits {
            // The widest of n is at least an n-th of all.
            if heap.peek().is_none_or(|widest| widest.gap() * heap.len() as f64 <= RESOLVED) {
                break;
            }
            let Some(open) = heap.pop() else { break };
            match self.split(&open, &states)? {
                None => add(&mut settled, &open),
                Some(halves) => {
                    for (function, next) in halves {
                        let probability = self.probability(function);
                        // What floating point cannot tell from impossible weighs nothing.
                        if probability <= 0.0 {
                            continue;
                        }
                        let (shares, unexplained) = self.shares(function, probability)?;
                        let measure = measure.of(&shares, unexplained);
                        let mass = probability / total;
                        heap.push(Open { function, mass, measure, next, number: found });
                        found += 1;
                    }
                }
            }
        }
        let mut most = settled;
        let resolved = heap.iter().map(Open::gap).sum::<f64>() <= RESOLVED;
        heap.into_sorted_vec().iter().for_each(|open| add(&mut most, open));
        Ok(std::array::from_fn(|at| {
            if resolved { Figure::exact(most[at]) } else { Figure::interval(settled[at], most[at]) }
        }))
    }

    /// The two halves of a node on the next state that it leaves open; `None` where it leaves none open.
    fn split<const N: usize>(
        &mut self,
        open: &Open<N>,
        states: &[Bdd],
    ) -> Result<Option<[(Bdd, usize); 2]>, BudgetExceeded> {
        for (at, state) in states.iter().enumerate().skip(open.next) {
            let failed = self.encoded.manager.and(open.function, *state)?;
            if failed == Bdd::FALSE || failed == open.function {
                continue;
            }
            let working = self.encoded.manager.and_not(open.function, *state)?;
            return Ok(Some([(failed, at + 1), (working, at + 1)]));
        }
        Ok(None)
    }
}

fn add<const N: usize>(sums: &mut [f64; N], open: &Open<N>) {
    for (sum, value) in sums.iter_mut().zip(open.measure) {
        *sum += open.mass * value;
    }
}
