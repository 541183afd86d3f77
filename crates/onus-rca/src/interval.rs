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
use rustc_hash::FxHashMap;

use crate::case::Case;
use crate::diagnose::{Conflict, DiagnoseOptions, Diagnosis, Figures, Method, StopReason, findings, observed, rank};
use crate::evidence::Evidence;
use crate::figure::Figure;
use crate::network::{Network, Term};

/// An open leaf: the first `depth` events of the order are fixed, `present` among them are present.
#[derive(PartialEq)]
struct Leaf {
    mass: f64,
    depth: usize,
    present: Vec<Term>,
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
pub(crate) fn diagnose(
    case: &Case<'_>,
    network: &Network,
    evidence: &Evidence,
    options: &DiagnoseOptions,
    reason: StopReason,
) -> Diagnosis {
    let expansion = Expansion::new(network);
    let count = network.events();
    let mut masses = Masses {
        sure: 0.0,
        open: 0.0,
        sure_present: vec![0.0; count],
        sure_absent: vec![0.0; count],
        open_present: vec![0.0; count],
        open_absent: vec![0.0; count],
    };
    let mut share_lo = vec![0.0; case.graph.topology().faults().len()];
    let mut found = Leaves::default();
    let mut queue = BinaryHeap::from([Leaf { mass: 1.0, depth: 0, present: Vec::new() }]);
    let visits_per_step = 2 * network.len() as u64;
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
                expansion.share_of(&leaf, &mut share_lo, &mut found.sets);
                found.sure.push(leaf);
            }
            Verdict::Open => queue.extend(expansion.split(leaf)),
        }
    }
    let finished = queue.is_empty();
    found.open = queue.into_sorted_vec();
    for leaf in &found.open {
        masses.open += leaf.mass;
        expansion.spread_over(leaf, &mut masses.open_present, &mut masses.open_absent);
    }
    let sets = found.most_probable(&expansion, options.diagnoses);
    let conflict = (finished && found.sure.is_empty()).then(|| conflict(network, evidence, options.step_budget));
    let slack = (steps as f64 + count as f64 + 8.0) * f64::EPSILON * 4.0;
    conclude(case, network, &masses, &share_lo, sets, Outcome { steps, finished, reason, slack, conflict })
}

/// The items that nothing explains together, given that nothing explains all of them: one after another is left out, as
/// long as the rest is still seen to be impossible within the budget, each time anew. What the budget does not suffice to
/// leave out stays.
fn conflict(network: &Network, evidence: &Evidence, step_budget: u64) -> Conflict {
    let mut kept: Vec<usize> = network.requirements.iter().map(|requirement| requirement.item).collect();
    kept.dedup();
    let mut part = network.clone();
    let mut at = 0;
    while at < kept.len() {
        let item = kept.remove(at);
        let of_kept = network.requirements.iter().filter(|requirement| kept.contains(&requirement.item));
        part.requirements = of_kept.copied().collect();
        if !Expansion::new(&part).is_impossible(step_budget) {
            kept.insert(at, item);
            at += 1;
        }
    }
    // Two could be undercut by another one alone.
    // What was asked about and not seen, for cut sets, is no item.
    let items = kept.iter().filter_map(|item| evidence.items().get(*item)).map(|item| item.id.clone());
    Conflict { smallest: kept.len() <= 1, items: items.collect() }
}

/// What the expansion left.
#[derive(Default)]
struct Leaves {
    sure: Vec<Leaf>,
    open: Vec<Leaf>,
    /// The fault sets of sure leaves, each with the mass of the worlds in which no fault that a leaf left is active.
    sets: FxHashMap<Vec<FaultIndex>, f64>,
}

/// Mass of the worlds in which exactly the faults of a set are active.
struct SetMass {
    set: Vec<FaultIndex>,
    sure: f64,
    open: f64,
}

impl Leaves {
    /// The sets found with the greatest mass. Other leaves than their own hold worlds of theirs too: all are asked again.
    fn most_probable(&self, expansion: &Expansion<'_>, wanted: usize) -> Vec<SetMass> {
        let mut sets: Vec<(&Vec<FaultIndex>, f64)> = self.sets.iter().map(|(set, mass)| (set, *mass)).collect();
        sets.sort_unstable_by(|(a, p), (b, q)| q.total_cmp(p).then_with(|| a.cmp(b)));
        sets.truncate(wanted);
        let total = |leaves: &[Leaf], set: &[FaultIndex]| leaves.iter().map(|leaf| expansion.mass_of(leaf, set)).sum();
        let mut sets: Vec<SetMass> = sets
            .into_iter()
            .map(|(set, _)| SetMass { set: set.clone(), sure: total(&self.sure, set), open: total(&self.open, set) })
            .collect();
        sets.sort_by(|a, b| b.sure.total_cmp(&a.sure).then_with(|| a.set.cmp(&b.set)));
        sets
    }
}

struct Outcome {
    steps: u64,
    finished: bool,
    reason: StopReason,
    slack: f64,
    conflict: Option<Conflict>,
}

fn conclude(
    case: &Case<'_>,
    network: &Network,
    masses: &Masses,
    share_lo: &[f64],
    sets: Vec<SetMass>,
    outcome: Outcome,
) -> Diagnosis {
    let Outcome { steps, finished, reason, slack, conflict } = outcome;
    let widen = |lo: f64, hi: f64| Figure::interval((lo * (1.0 - slack)).max(0.0), (hi * (1.0 + slack)).min(1.0));
    let evidence = widen(masses.sure, masses.sure + masses.open);
    let ratio = |a: f64, b: f64, default: f64| if a + b > 0.0 { a / (a + b) } else { default };
    let faults = case.graph.topology().faults().len();
    let count = network.events();
    let mut figures = Figures { posterior: vec![None; count], share: vec![Figure::exact(0.0); count] };
    let highest = masses.sure + masses.open;
    let lower_share = |fault: usize| if highest > 0.0 { share_lo[fault] / highest * (1.0 - slack) } else { 0.0 };
    let lower_total: f64 = (0..faults).map(lower_share).sum();
    for (variable, fault) in network.fault.iter().enumerate() {
        let Some(fault) = fault else { continue };
        let [present, absent] = [masses.sure_present[variable], masses.sure_absent[variable]];
        let lo = ratio(present, absent + masses.open_absent[variable], 0.0);
        let hi = ratio(present + masses.open_present[variable], absent, 1.0);
        let posterior = widen(lo, hi);
        figures.posterior[variable] = Some(posterior);
        let share = if network.failures.is_empty() {
            Figure::exact(0.0)
        } else {
            // Shares add up to 1, and an absent fault has none.
            let own = lower_share(fault.index());
            widen(own, posterior.hi.min(1.0 - (lower_total - own)).max(own))
        };
        figures.share[variable] = share;
    }
    // What is open may hold more of a set's worlds, and then is part of the evidence as well.
    let sets = sets.into_iter().map(|SetMass { set, sure, open }| {
        (set, widen(ratio(sure, highest - sure, 0.0), ratio(sure + open, masses.sure - sure, 1.0)))
    });
    let (listed, faults_not_listed) = findings(case, &figures);
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
        // Nothing else means anything where nothing explains the evidence.
        faults: if conflict.is_none() { listed } else { Vec::new() },
        faults_not_listed,
        unexplained: if network.failures.is_empty() || conflict.is_some() {
            Figure::exact(1.0)
        } else {
            widen(0.0, 1.0 - lower_total)
        },
        conflict,
        diagnoses: rank(sets.collect(), case),
        diagnoses_complete: false,
        ambiguity_groups: Vec::new(),
        exonerated: Vec::new(),
        observed_failures: observed(case),
    }
}

/// The order of splitting, and how leaves are tested.
struct Expansion<'n> {
    network: &'n Network,
    order: Vec<Term>,
    /// Where each event stands in the order.
    place: Vec<usize>,
    /// Gates that each term is an input of.
    outputs: Vec<Vec<u32>>,
}

impl<'n> Expansion<'n> {
    fn new(network: &'n Network) -> Self {
        let mut order: Vec<Term> = (0..network.events() as u32).map(Term).collect();
        // What decides most mass first: events far from certain, and among those the probable ones.
        order.sort_by(|a, b| {
            let weight = |event: &Term| {
                let p = network.probability[event.index()];
                p.min(1.0 - p)
            };
            weight(b).total_cmp(&weight(a)).then(a.cmp(b))
        });
        let mut place = vec![0; order.len()];
        for (at, event) in order.iter().enumerate() {
            place[event.index()] = at;
        }
        let mut outputs = vec![Vec::new(); network.len()];
        for (at, gate) in network.gates.iter().enumerate() {
            for input in &gate.inputs {
                outputs[input.index()].push(at as u32);
            }
        }
        Self { network, order, place, outputs }
    }

    /// The halves of a leaf, by its next event; one, if that event is certain.
    fn split(&self, leaf: Leaf) -> impl Iterator<Item = Leaf> + use<> {
        let event = self.order[leaf.depth];
        let p = self.network.probability[event.index()];
        let mut present = leaf.present.clone();
        present.push(event);
        [(leaf.mass * (1.0 - p), leaf.present), (leaf.mass * p, present)]
            .into_iter()
            .zip([p < 1.0, p > 0.0])
            // By the event's probability: the leaf's mass may be too small for floating point, and its worlds still there.
            .filter(|(_, possible)| *possible)
            .map(move |((mass, present), _)| Leaf { mass, depth: leaf.depth + 1, present })
    }

    /// Whether no world at all meets the requirements, and the budget suffices to see it.
    fn is_impossible(&self, step_budget: u64) -> bool {
        let mut queue = BinaryHeap::from([Leaf { mass: 1.0, depth: 0, present: Vec::new() }]);
        let mut left = step_budget / (2 * self.network.len() as u64).max(1);
        while let Some(leaf) = queue.pop() {
            if left == 0 {
                return false;
            }
            left -= 1;
            match self.verdict(&leaf) {
                Verdict::Surely => return false,
                Verdict::SurelyNot => {}
                Verdict::Open => queue.extend(self.split(leaf)),
            }
        }
        true
    }

    /// Which terms are true in the world of a leaf in which everything left is `rest`: the least fixpoint.
    fn world(&self, leaf: &Leaf, rest: bool) -> Vec<bool> {
        let network = self.network;
        let mut holds = vec![false; network.len()];
        let mut missing: Vec<u32> = network.gates.iter().map(|gate| gate.threshold).collect();
        let mut open: Vec<usize> = leaf.present.iter().map(|event| event.index()).collect();
        if rest {
            open.extend(self.order[leaf.depth..].iter().map(|event| event.index()));
        }
        for term in &open {
            holds[*term] = true;
        }
        while let Some(term) = open.pop() {
            for gate in &self.outputs[term] {
                let counter = &mut missing[*gate as usize];
                if *counter > 0 {
                    *counter -= 1;
                    if *counter == 0 {
                        let term = network.events() + *gate as usize;
                        holds[term] = true;
                        open.push(term);
                    }
                }
            }
        }
        holds
    }

    fn verdict(&self, leaf: &Leaf) -> Verdict {
        let [low, high] = [false, true].map(|rest| self.world(leaf, rest));
        let mut verdict = Verdict::Surely;
        for requirement in &self.network.requirements {
            let [low, high] = [low[requirement.term.index()], high[requirement.term.index()]];
            if low != high {
                verdict = Verdict::Open;
            } else if low != requirement.holds {
                return Verdict::SurelyNot;
            }
        }
        verdict
    }

    /// Adds a leaf's mass to each fault's event, by whether it is present.
    fn spread_over(&self, leaf: &Leaf, present: &mut [f64], absent: &mut [f64]) {
        for (event, fault) in self.network.fault.iter().enumerate() {
            if fault.is_none() {
                continue;
            }
            let p = if self.place[event] >= leaf.depth {
                self.network.probability[event]
            } else {
                f64::from(u8::from(leaf.present.contains(&Term(event as u32))))
            };
            present[event] += leaf.mass * p;
            absent[event] += leaf.mass * (1.0 - p);
        }
    }

    /// Where a sure leaf has one active fault, the worlds in which no other fault is active surely give it what it
    /// explains when nothing left couples: a lower bound of its share. Also lists the fault set of the leaf.
    fn share_of(&self, leaf: &Leaf, share: &mut [f64], sets: &mut FxHashMap<Vec<FaultIndex>, f64>) {
        let network = self.network;
        let left = &self.order[leaf.depth..];
        let alone: f64 = left
            .iter()
            .filter(|event| network.fault[event.index()].is_some())
            .map(|event| 1.0 - network.probability[event.index()])
            .product();
        let mut faults: Vec<FaultIndex> =
            leaf.present.iter().filter_map(|event| network.fault[event.index()]).collect();
        faults.sort_unstable();
        let mass = leaf.mass * alone;
        if mass <= 0.0 {
            return;
        }
        if let [fault] = faults.as_slice()
            && !network.failures.is_empty()
        {
            let world = self.world(leaf, false);
            let explained = network.failures.iter().filter(|failure| world[failure.index()]).count();
            share[fault.index()] += mass * explained as f64 / network.failures.len() as f64;
        }
        *sets.entry(faults).or_default() += mass;
    }

    /// Mass of the worlds of a leaf in which exactly the faults of a set are active.
    fn mass_of(&self, leaf: &Leaf, set: &[FaultIndex]) -> f64 {
        let mut mass = leaf.mass;
        for (at, event) in self.order.iter().enumerate() {
            let Some(fault) = self.network.fault[event.index()] else { continue };
            let p = self.network.probability[event.index()];
            mass *= match (at < leaf.depth, set.binary_search(&fault).is_ok()) {
                (true, active) if active == leaf.present.contains(event) => continue,
                (true, _) => return 0.0,
                (false, true) => p,
                (false, false) => 1.0 - p,
            };
        }
        mass
    }
}
