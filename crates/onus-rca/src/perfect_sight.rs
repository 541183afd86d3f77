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

use onus_model::{FaultIndex, SystemIndex};

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

/// What the difference of two shares may owe to rounding.
const ROUNDING: f64 = 1e-13;

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
    /// Whether every system whose state can say something is among them.
    sees_all: bool,
}

/// A distribution over faults and *unexplained*.
#[derive(Clone, Debug)]
struct Shares {
    /// Those above 0, in order.
    faults: Vec<(FaultIndex, f64)>,
    unexplained: f64,
}

impl Shares {
    /// What is left of a mass of these when a part of it, with shares of its own, is taken out; `left` is the mass left.
    fn less(&self, mass: f64, part: &Self, of_part: f64, left: f64) -> Self {
        let mut rest = part.faults.iter().peekable();
        let faults = self.faults.iter().filter_map(|(fault, share)| {
            // What counted as rounding in the whole may show in the part.
            while rest.next_if(|(other, _)| other < fault).is_some() {}
            let taken = rest.next_if(|(other, _)| other == fault).map_or(0.0, |(_, share)| *share);
            let share = nothing_below_rounding((share * mass - taken * of_part) / left);
            (share > 0.0).then_some((*fault, share))
        });
        let faults = faults.collect();
        Self {
            faults,
            unexplained: nothing_below_rounding((self.unexplained * mass - part.unexplained * of_part) / left),
        }
    }
}

/// A difference of numbers up to 1 is known to their rounding; less than that is nothing.
fn nothing_below_rounding(difference: f64) -> f64 {
    if difference <= ROUNDING { 0.0 } else { difference }
}

/// A set of readings.
struct Open<const N: usize> {
    /// The evidence and the readings so far.
    function: Bdd,
    /// P(readings | evidence).
    mass: f64,
    measure: [f64; N],
    shares: Shares,
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
        let (systems, sees_all) = case.take_in_neighbours(MOST_NODES);
        let gates: Vec<_> = systems.iter().map(|system| graph.system_gate(*system)).collect();
        let (mut network, states) = Network::with_states(&case, &gates);
        let observed = network.failures.len();
        network.failures.extend(states.iter().flatten());
        let encoded = encode(&network, node_budget)?;
        let system = systems.iter().zip(&states).flat_map(|(system, own)| own.iter().map(|_| *system)).collect();
        let fault = network.fault.clone();
        let forest = Forest::new(network.probability.clone(), fault.iter().map(Option::is_some).collect());
        let scratch = shares::Scratch::new(&forest);
        let stands_for = encoded.event.iter().map(|event| event.0).collect();
        let sight = Self { encoded, observed, system, fault, stands_for, forest, scratch, node_budget, sees_all };
        Ok((sight.probability(sight.encoded.evidence) > 0.0).then_some(sight))
    }

    /// Whether every system whose state can say something is among [`systems`](Self::systems): an expectation over their
    /// states is only an upper bound otherwise.
    pub(crate) fn sees_all(&self) -> bool {
        self.sees_all
    }

    /// The systems whose state can say something; of very large estates those alone that the evidence can come from.
    pub(crate) fn systems(&self) -> Vec<SystemIndex> {
        let mut systems = self.system.clone();
        systems.dedup();
        systems
    }

    fn probability(&self, function: Bdd) -> f64 {
        let diagram = self.encoded.diagram(function);
        diagram.up(&self.encoded.probability)[diagram.root() as usize]
    }

    /// The shares of the observed failures, given a function of a probability above 0.
    fn shares(&mut self, function: Bdd, probability: f64) -> Result<Shares, BudgetExceeded> {
        if self.observed == 0 {
            return Ok(Shares { faults: Vec::new(), unexplained: 1.0 });
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
        let mut faults: Vec<(FaultIndex, f64)> = Vec::new();
        let explained = pivots(&question, self.node_budget, &mut self.scratch, |event, pivot| {
            if let Some(fault) = fault[event]
                && pivot > 0.0
            {
                faults.push((fault, pivot * scale));
            }
        })?;
        faults.sort_unstable_by_key(|(fault, _)| *fault);
        Ok(Shares { faults, unexplained: nothing_below_rounding(1.0 - explained * scale) })
    }

    /// The measures before any reading.
    pub(crate) fn now<const N: usize>(&mut self, measure: &impl Measure<N>) -> Result<[f64; N], BudgetExceeded> {
        let evidence = self.encoded.evidence;
        let probability = self.probability(evidence);
        let shares = self.shares(evidence, probability)?;
        Ok(measure.of(&shares.faults, shares.unexplained))
    }

    /// The measures in expectation over the states of these systems, in at most so many splits: exact where that is
    /// enough. States are looked at in the order in which the systems are given; the earlier the telling ones come, the
    /// fewer splits it takes.
    ///
    /// O(splits · nodes of the diagrams).
    ///
    /// # Errors
    /// The budget of nodes does not suffice.
    pub(crate) fn expect<const N: usize>(
        &mut self,
        systems: &[SystemIndex],
        measure: &impl Measure<N>,
        most_splits: usize,
    ) -> Result<[Figure; N], BudgetExceeded> {
        let states = self.states_of(systems);
        let function = self.encoded.evidence;
        let total = self.probability(function);
        let shares = self.shares(function, total)?;
        let root = Open {
            function,
            mass: 1.0,
            measure: measure.of(&shares.faults, shares.unexplained),
            shares,
            next: 0,
            number: 0,
        };
        let mut heap = BinaryHeap::from([root]);
        let mut settled = [0.0; N];
        let mut found = 1;
        for _ in 0..most_splits {
            // The widest of n is at least an n-th of all.
            if heap.peek().is_none_or(|widest| widest.gap() * heap.len() as f64 <= RESOLVED) {
                break;
            }
            let Some(open) = heap.pop() else { break };
            let Some((halves, next)) = self.split(&open, &states)? else {
                add(&mut settled, &open);
                continue;
            };
            let probability = halves.map(|half| self.probability(half));
            // What floating point cannot tell from impossible weighs nothing. The shares of the two halves add up to those
            // of the whole: only the smaller half's are worked out, so that the difference keeps its digits.
            let small = usize::from(probability[1] < probability[0]);
            let masses = probability.map(|probability| probability / total);
            let smaller =
                (probability[small] > 0.0).then(|| self.shares(halves[small], probability[small])).transpose()?;
            let larger = match &smaller {
                Some(smaller) => open.shares.less(open.mass, smaller, masses[small], masses[1 - small]),
                None => open.shares.clone(),
            };
            for (at, shares) in [(small, smaller), (1 - small, Some(larger))] {
                if let Some(shares) = shares {
                    let measure = measure.of(&shares.faults, shares.unexplained);
                    heap.push(Open { function: halves[at], mass: masses[at], measure, shares, next, number: found });
                    found += 1;
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

    /// The states of some systems, system by system.
    fn states_of(&self, systems: &[SystemIndex]) -> Vec<Bdd> {
        let states = &self.encoded.failures[self.observed..];
        let of = |system: &SystemIndex| {
            let own = self.system.iter().zip(states).filter(move |(other, _)| *other == system);
            own.map(|(_, state)| *state).collect::<Vec<Bdd>>()
        };
        systems.iter().flat_map(of).collect()
    }

    /// The two halves of a node on the next state that it leaves open, and where to go on; `None` where it leaves none.
    fn split<const N: usize>(
        &mut self,
        open: &Open<N>,
        states: &[Bdd],
    ) -> Result<Option<([Bdd; 2], usize)>, BudgetExceeded> {
        for (at, state) in states.iter().enumerate().skip(open.next) {
            let failed = self.encoded.manager.and(open.function, *state)?;
            if failed == Bdd::FALSE || failed == open.function {
                continue;
            }
            let working = self.encoded.manager.and_not(open.function, *state)?;
            return Ok(Some(([failed, working], at + 1)));
        }
        Ok(None)
    }
}

fn add<const N: usize>(sums: &mut [f64; N], open: &Open<N>) {
    for (sum, value) in sums.iter_mut().zip(open.measure) {
        *sum += open.mass * value;
    }
}
