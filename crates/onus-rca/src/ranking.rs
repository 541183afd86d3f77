//! The most probable diagnoses, in order: the fault sets S with the greatest P(S | evidence), exactly S being active
//! among the faults that bear on the evidence.
//!
//! Best-first over partial fault sets along the levels of the evidence's diagram. A partial set keeps the *frontier* of
//! diagram nodes it can have led to, with their weights: more than one, since events that are no faults (couplings,
//! monitors' errors, failed repairs) are summed out on the way. With b(v) the larger of p·b(hi) and (1 − p)·b(lo) where v is
//! at a fault, and their sum elsewhere, Σ weight · b is at least the probability of the best completion, since the greatest
//! sum is at most the sum of the greatest; without events that are no faults it is that probability. So the first
//! complete set taken from the queue is the most probable one, the next the second, and so on. This is Henrion's
//! search for the most probable hypotheses (1991).

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap};

use crate::decision_diagram::Diagram;

/// Sets of levels with their joint probability with the evidence, in order; and whether the search was cut short.
pub(crate) struct Ranking {
    pub(crate) sets: Vec<(Vec<u32>, f64)>,
    pub(crate) complete: bool,
}

/// Two probabilities that differ by rounding only are a tie.
pub(crate) const TIE: f64 = 1e-9;

struct Partial {
    bound: f64,
    level: u32,
    present: Vec<u32>,
    /// Diagram node and weight.
    frontier: Vec<(u32, f64)>,
}

impl Ord for Partial {
    fn cmp(&self, other: &Self) -> Ordering {
        // Greatest bound first; then the deeper one, so that ties finish; then the smaller and earlier set.
        self.bound
            .total_cmp(&other.bound)
            .then(self.level.cmp(&other.level))
            .then_with(|| other.present.len().cmp(&self.present.len()))
            .then_with(|| other.present.cmp(&self.present))
    }
}

impl PartialOrd for Partial {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Partial {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Partial {}

/// The `wanted` most probable sets of fault levels (more, where the last ties with others, up to twice as many).
/// Takes at most `step_budget` partial sets from the queue.
pub(crate) fn most_probable(
    diagram: &Diagram,
    probability: &[f64],
    is_fault: &[bool],
    wanted: usize,
    step_budget: u64,
) -> Ranking {
    let bounds = Bounds::new(diagram, probability, is_fault);
    let levels = diagram.levels();
    let step_budget = step_budget.max(8 * u64::from(levels) * wanted as u64);
    let root = diagram.root();
    let mut ranking = Ranking { sets: Vec::new(), complete: true };
    let mut queue = BinaryHeap::new();
    let best = bounds.of(&[(root, 1.0)], 0, diagram);
    if best > 0.0 {
        queue.push(Partial { bound: best, level: 0, present: Vec::new(), frontier: vec![(root, 1.0)] });
    }
    let mut steps = 0;
    while let Some(mut partial) = queue.pop() {
        if ranking.sets.len() >= wanted {
            let last = ranking.sets[wanted - 1].1;
            if partial.bound < last * (1.0 - TIE) || ranking.sets.len() >= 2 * wanted {
                break;
            }
        }
        steps += 1;
        if steps > step_budget {
            ranking.complete = false;
            break;
        }
        // Sum out everything that is no fault, up to the next fault.
        while partial.level < levels && !is_fault[partial.level as usize] {
            partial.frontier = step(diagram, probability, &partial.frontier, partial.level, None);
            partial.level += 1;
        }
        if partial.level == levels {
            ranking.sets.push((partial.present, partial.bound));
            continue;
        }
        for value in [false, true] {
            let frontier = step(diagram, probability, &partial.frontier, partial.level, Some(value));
            let bound = bounds.of(&frontier, partial.level + 1, diagram);
            if bound > 0.0 {
                let mut present = partial.present.clone();
                if value {
                    present.push(partial.level);
                }
                queue.push(Partial { bound, level: partial.level + 1, present, frontier });
            }
        }
    }
    ranking
}

/// Orders sets by probability. Equal ones differ in their last digits by the way they were reached: the smaller and earlier
/// set comes first among those. "Equal up to rounding" is no equivalence, so that runs of ties are cut out first.
pub(crate) fn order_sets<T: Ord>(sets: &mut [(Vec<T>, f64)]) {
    sets.sort_by(|(_, p), (_, q)| q.total_cmp(p));
    for run in sets.chunk_by_mut(|(_, p), (_, q)| (p - q).abs() <= TIE * p) {
        run.sort_by(|(a, _), (b, _)| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
    }
}

/// How probable the best completion of a partial set can be at most.
struct Bounds {
    /// b of each node, from its own level on.
    below: Vec<f64>,
    /// For each level, Σ ln max(p, 1 − p) over the fault levels above it: what skipped faults contribute at best.
    skipped: Vec<f64>,
}

impl Bounds {
    fn new(diagram: &Diagram, probability: &[f64], is_fault: &[bool]) -> Self {
        let mut skipped = vec![0.0; probability.len() + 1];
        for (level, p) in probability.iter().enumerate() {
            let at_best = if is_fault[level] { p.max(1.0 - p).ln() } else { 0.0 };
            skipped[level + 1] = skipped[level] + at_best;
        }
        let mut bounds = Self { below: vec![0.0; diagram.len()], skipped };
        bounds.below[1] = 1.0;
        for v in 2..diagram.len() {
            let (level, lo, hi) = diagram.node(v as u32);
            let p = probability[level as usize];
            let absent = (1.0 - p) * bounds.from(lo, level + 1, diagram);
            let present = p * bounds.from(hi, level + 1, diagram);
            bounds.below[v] = if is_fault[level as usize] { absent.max(present) } else { absent + present };
        }
        bounds
    }

    /// b of a node, from a level at or above its own.
    fn from(&self, node: u32, level: u32, diagram: &Diagram) -> f64 {
        let own = diagram.node(node).0;
        let below = self.below[node as usize];
        if own == level { below } else { below * (self.skipped[own as usize] - self.skipped[level as usize]).exp() }
    }

    fn of(&self, frontier: &[(u32, f64)], level: u32, diagram: &Diagram) -> f64 {
        frontier.iter().map(|(node, weight)| weight * self.from(*node, level, diagram)).sum()
    }
}

/// A frontier one level on: the level's variable fixed to a value, or summed out.
fn step(
    diagram: &Diagram,
    probability: &[f64],
    frontier: &[(u32, f64)],
    level: u32,
    value: Option<bool>,
) -> Vec<(u32, f64)> {
    let p = probability[level as usize];
    let mut next: BTreeMap<u32, f64> = BTreeMap::new();
    for (node, weight) in frontier {
        let (own, mut lo, mut hi) = diagram.node(*node);
        if own != level {
            (lo, hi) = (*node, *node);
        }
        if value != Some(true) {
            *next.entry(lo).or_default() += weight * (1.0 - p);
        }
        if value != Some(false) {
            *next.entry(hi).or_default() += weight * p;
        }
    }
    next.remove(&0);
    next.into_iter().filter(|(_, weight)| *weight > 0.0).collect()
}
