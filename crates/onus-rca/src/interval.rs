//! The interval method: bounds that certainly contain the truth, the tighter the more work is spent.
//!
//! Best-first partial Shannon expansion. An open leaf fixes the first few events, in one order, and leaves the others;
//! its mass is the product of what it fixed. Two propagations test it: with everything left *absent* and with
//! everything left *present*. Since the network is monotone, a condition that comes out the same in both holds (or does not)
//! in every world of the leaf. If all conditions surely hold, the leaf's mass surely belongs to the evidence; if one surely
//! does not, it surely does not; otherwise it is split on its next event. At any time
//!
//! P(E) ∈ [sure mass, 1 − surely not mass],
//!
//! and likewise for the evidence together with a fault present, or absent; posteriors follow from
//! a / (a + b) being monotone in both. Work narrows every interval.
//!
//! Rounding: masses are sums of at most `steps` products of at most `n` factors; every bound is widened by
//! 4·(steps + n + 8)·2⁻⁵² relatively, which is more than the accumulated rounding of so many operations.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use onus_model::FaultIndex;

use crate::case::{Case, Condition, Reach, Subject, Variable};
use crate::diagnose::{DiagnoseOptions, Diagnosis, Figures, Method, StopReason, findings, observed, rank};
use crate::fault_graph::{Event, Node, Spread};
use crate::figure::Figure;

/// An open leaf: the first `depth` events of the order are fixed, `present` among them are present.
#[derive(PartialEq)]
struct Leaf {
    mass: f64,
    depth: usize,
    present: Vec<Variable>,
}

impl Eq for Leaf {}

impl Ord for Leaf {
    fn cmp(&self, other: &Self) -> Ordering {
        self.mass
            .total_cmp(&other.mass)
            .then(self.depth.cmp(&other.depth))
            .then_with(|| other.present.cmp(&self.present))
    }
}

impl PartialOrd for Leaf {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// What a leaf's worlds say about the evidence.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Surely,
    SurelyNot,
    Open,
}

/// Mass by what is known of it, and by fault.
struct Masses {
    sure: f64,
    open: f64,
    /// By variable: sure mass in which it is present, and absent.
    sure_present: Vec<f64>,
    sure_absent: Vec<f64>,
    open_present: Vec<f64>,
    open_absent: Vec<f64>,
}

/// Diagnoses by intervals. `reason` is why the exact method did not answer, if it was asked.
pub(crate) fn diagnose(case: &Case<'_>, options: &DiagnoseOptions, reason: StopReason) -> Diagnosis {
    let expansion = Expansion::new(case);
    let count = case.probability.len();
    let mut masses = Masses {
        sure: 0.0,
        open: 0.0,
        sure_present: vec![0.0; count],
        sure_absent: vec![0.0; count],
        open_present: vec![0.0; count],
        open_absent: vec![0.0; count],
    };
    let mut share_lo = vec![0.0; case.graph.topology().faults().len()];
    let mut sure_sets: Vec<(Vec<FaultIndex>, f64)> = Vec::new();
    let mut queue = BinaryHeap::from([Leaf { mass: 1.0, depth: 0, present: Vec::new() }]);
    let visits_per_step = (2 * case.graph.node_count() * expansion.epochs.len().max(1)) as u64;
    let mut steps = 0;
    while let Some(leaf) = queue.pop() {
        if (steps + 1) * visits_per_step > options.step_budget {
            queue.push(leaf);
            break;
        }
        steps += 1;
        match expansion.verdict(&leaf) {
            Verdict::SurelyNot => {}
            Verdict::Surely => {
                masses.sure += leaf.mass;
                expansion.spread_over(&leaf, &mut masses.sure_present, &mut masses.sure_absent);
                expansion.share_of(&leaf, &mut share_lo, &mut sure_sets);
            }
            Verdict::Open => {
                let variable = expansion.order[leaf.depth];
                let p = case.probability[variable.index()];
                let mut present = leaf.present.clone();
                present.push(variable);
                for (mass, present) in [(leaf.mass * (1.0 - p), leaf.present), (leaf.mass * p, present)] {
                    if mass > 0.0 {
                        queue.push(Leaf { mass, depth: leaf.depth + 1, present });
                    }
                }
            }
        }
    }
    let finished = queue.is_empty();
    for leaf in queue.into_sorted_vec() {
        masses.open += leaf.mass;
        expansion.spread_over(&leaf, &mut masses.open_present, &mut masses.open_absent);
    }
    let slack = (steps as f64 + count as f64 + 8.0) * f64::EPSILON * 4.0;
    conclude(case, options, &masses, &share_lo, sure_sets, Outcome { steps, finished, reason, slack })
}

struct Outcome {
    steps: u64,
    finished: bool,
    reason: StopReason,
    slack: f64,
}

fn conclude(
    case: &Case<'_>,
    options: &DiagnoseOptions,
    masses: &Masses,
    share_lo: &[f64],
    mut sure_sets: Vec<(Vec<FaultIndex>, f64)>,
    outcome: Outcome,
) -> Diagnosis {
    let Outcome { steps, finished, reason, slack } = outcome;
    let widen = |lo: f64, hi: f64| Figure::interval((lo * (1.0 - slack)).max(0.0), (hi * (1.0 + slack)).min(1.0));
    let evidence = widen(masses.sure, masses.sure + masses.open);
    let ratio = |a: f64, b: f64, default: f64| if a + b > 0.0 { a / (a + b) } else { default };
    let faults = case.graph.topology().faults().len();
    let mut figures = Figures { posterior: vec![None; faults], share: vec![None; faults] };
    let highest = masses.sure + masses.open;
    let lower_share = |fault: usize| if highest > 0.0 { share_lo[fault] / highest * (1.0 - slack) } else { 0.0 };
    let lower_total: f64 = (0..faults).map(lower_share).sum();
    for (variable, fault) in case.fault.iter().enumerate() {
        let Some(fault) = fault else { continue };
        let [present, absent] = [masses.sure_present[variable], masses.sure_absent[variable]];
        let lo = ratio(present, absent + masses.open_absent[variable], 0.0);
        let hi = ratio(present + masses.open_present[variable], absent, 1.0);
        let posterior = widen(lo, hi);
        figures.posterior[fault.index()] = Some(posterior);
        let share = if case.failures.is_empty() {
            Figure::exact(0.0)
        } else {
            // Shares add up to 1, and an absent fault has none.
            let own = lower_share(fault.index());
            widen(own, posterior.hi.min(1.0 - (lower_total - own)).max(own))
        };
        figures.share[fault.index()] = Some(share);
    }
    sure_sets.sort_by(|(a, p), (b, q)| q.total_cmp(p).then_with(|| a.cmp(b)));
    sure_sets.truncate(options.diagnoses);
    let sets = sure_sets.into_iter().map(|(set, mass)| {
        // What is open may hold more of the set's worlds, and then is part of the evidence as well.
        let hi = if highest > 0.0 { (mass + masses.open) / highest } else { 1.0 };
        (set, widen(mass / highest.max(f64::MIN_POSITIVE), hi))
    });
    Diagnosis {
        method: Method::Interval,
        stopped: if finished && reason == StopReason::Finished {
            StopReason::Finished
        } else if reason == StopReason::NodeBudget {
            StopReason::NodeBudget
        } else {
            StopReason::StepBudget
        },
        cost: steps,
        evidence_probability: evidence,
        conflict: None,
        faults: findings(case, &figures),
        unexplained: if case.failures.is_empty() { Figure::exact(1.0) } else { widen(0.0, 1.0 - lower_total) },
        diagnoses: rank(sets.collect(), case),
        diagnoses_complete: false,
        ambiguity_groups: Vec::new(),
        exonerated: Vec::new(),
        observed_failures: observed(case),
    }
}

/// The order of splitting, and how leaves are tested.
struct Expansion<'c, 'g> {
    case: &'c Case<'g>,
    order: Vec<Variable>,
    /// Where each variable stands in the order.
    place: Vec<usize>,
    epochs: Vec<usize>,
}

impl<'c, 'g> Expansion<'c, 'g> {
    fn new(case: &'c Case<'g>) -> Self {
        let mut order: Vec<Variable> = (0..case.probability.len() as u32).map(Variable).collect();
        // What decides most mass first: events far from certain, and among those the probable ones.
        order.sort_by(|a, b| {
            let weight = |v: &Variable| {
                let p = case.probability[v.index()];
                p.min(1.0 - p)
            };
            weight(b).total_cmp(&weight(a)).then(a.cmp(b))
        });
        let mut place = vec![0; order.len()];
        for (at, variable) in order.iter().enumerate() {
            place[variable.index()] = at;
        }
        let mut epochs: Vec<usize> = case.conditions.iter().map(|condition| condition.epoch).collect();
        epochs.extend(case.failures.iter().map(|failure| failure.epoch));
        epochs.sort_unstable();
        epochs.dedup();
        Self { case, order, place, epochs }
    }

    /// Whether a variable is present in the world of a leaf in which everything left is `rest`.
    fn holds(&self, leaf: &Leaf, variable: Variable, rest: bool) -> bool {
        if self.place[variable.index()] < leaf.depth { leaf.present.contains(&variable) } else { rest }
    }

    fn verdict(&self, leaf: &Leaf) -> Verdict {
        let mut verdict = Verdict::Surely;
        for epoch in &self.epochs {
            let worlds = [false, true].map(|rest| self.world(leaf, *epoch, rest));
            for condition in self.case.conditions.iter().filter(|condition| condition.epoch == *epoch) {
                let [low, high] = [0, 1].map(|at| self.said(leaf, condition, &worlds[at], at == 1));
                if low == high {
                    if low != condition.holds {
                        return Verdict::SurelyNot;
                    }
                } else {
                    verdict = Verdict::Open;
                }
            }
        }
        verdict
    }

    fn world(&self, leaf: &Leaf, epoch: usize, rest: bool) -> Spread {
        let case = self.case;
        let graph = case.graph;
        let active = case.events.iter().filter(|(_, variable)| self.holds(leaf, *variable, rest)).map(|(node, _)| *node);
        graph.spread(active, |event, gate| !self.reaches(leaf, event, gate, epoch, rest))
    }

    fn reaches(&self, leaf: &Leaf, event: Node, gate: Node, epoch: usize, rest: bool) -> bool {
        if !self.case.has_repairs() {
            return true;
        }
        let (Some(Event::Fault(fault)), Some(element)) = (self.case.graph.event(event), self.case.graph.element(gate)) else {
            return true;
        };
        self.open_to(leaf, &self.case.reach(fault, element, epoch), rest)
    }

    fn open_to(&self, leaf: &Leaf, reach: &Reach, rest: bool) -> bool {
        match reach {
            Reach::Repaired => false,
            Reach::IfAll(failed) => failed.iter().all(|repair| self.holds(leaf, *repair, rest)),
        }
    }

    fn said(&self, leaf: &Leaf, condition: &Condition, world: &Spread, rest: bool) -> bool {
        let graph = self.case.graph;
        let so = match condition.subject {
            Subject::Gate(gate) => world.has(gate),
            Subject::Fault(fault) => {
                let active = self.case.variable(graph.fault_node(fault)).is_some_and(|v| self.holds(leaf, v, rest));
                active
                    && graph.topology().faults()[fault.index()]
                        .elements
                        .iter()
                        .any(|element| self.open_to(leaf, &self.case.reach(fault, *element, condition.epoch), rest))
            }
        };
        match condition.noise {
            None => so,
            Some(noise) => self.holds(leaf, noise.false_alarm, rest) || (so && self.holds(leaf, noise.detection, rest)),
        }
    }

    /// Adds a leaf's mass to each variable, by whether it is present.
    fn spread_over(&self, leaf: &Leaf, present: &mut [f64], absent: &mut [f64]) {
        for (at, variable) in self.order.iter().enumerate() {
            let p = match (at < leaf.depth, self.case.fault[variable.index()]) {
                (_, None) => continue,
                (false, _) => self.case.probability[variable.index()],
                (true, _) => f64::from(u8::from(leaf.present.contains(variable))),
            };
            present[variable.index()] += leaf.mass * p;
            absent[variable.index()] += leaf.mass * (1.0 - p);
        }
    }

    /// Where a sure leaf has one active fault, the worlds in which no other fault is active surely give it what it
    /// explains when nothing left couples: a lower bound of its share. Also lists the fault set of the leaf.
    fn share_of(&self, leaf: &Leaf, share: &mut [f64], sets: &mut Vec<(Vec<FaultIndex>, f64)>) {
        let case = self.case;
        let left = &self.order[leaf.depth..];
        let alone: f64 = left
            .iter()
            .filter(|variable| case.fault[variable.index()].is_some())
            .map(|variable| 1.0 - case.probability[variable.index()])
            .product();
        let faults: Vec<FaultIndex> = leaf.present.iter().filter_map(|variable| case.fault[variable.index()]).collect();
        let mass = leaf.mass * alone;
        if mass <= 0.0 {
            return;
        }
        if let [fault] = faults.as_slice()
            && !case.failures.is_empty()
        {
            let explained = case
                .failures
                .iter()
                .filter(|failure| self.world(leaf, failure.epoch, false).has(failure.gate))
                .count();
            share[fault.index()] += mass * explained as f64 / case.failures.len() as f64;
        }
        match sets.iter_mut().find(|(set, _)| *set == faults) {
            Some((_, sum)) => *sum += mass,
            None => sets.push((faults, mass)),
        }
    }
}
