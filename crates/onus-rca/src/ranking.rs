//! The most probable diagnoses, in order: the fault sets S with the greatest P(S | evidence), exactly S being active
//! among the faults that bear on the evidence.
//!
//! A set of original faults is put together from choices that are independent of each other: one in each part of the
//! reduced network, and one for each fault in no part. Every choice comes with a list of its best alternatives, and the
//! best combinations of independent lists are found by [`combine`].
//!
//! Within a part the choices are which events of the diagram are present, and then, for each group, which of its members
//! make it so. Best-first over the first: a partial choice keeps the *frontier* of diagram nodes it can have led to, with
//! their weights: more than one, since events that are no faults (couplings, monitors' errors, failed repairs) are summed
//! out on the way. Below each node the best completion is known from one pass, with maxima over faults and sums over
//! everything else; since a maximum of sums is at most the sum of the maxima, this bounds every completion from above, and
//! without noise it is met. So the search ends when no bound beats what has been found. This is Henrion's search for the
//! most probable hypotheses (1991) with such a bound. Levels that nothing on the frontier asks about are not walked: their
//! events are independent of the evidence there.
//!
//! Scores are natural logarithms, because a million absent faults have no probability that a double can hold.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap};

use onus_model::FaultIndex;

use crate::decision_diagram::Diagram;
use crate::reduce::{Combination, Forest, ForestNode};

/// Two probabilities that differ by rounding only are a tie.
pub(crate) const TIE: f64 = 1e-9;

/// A set of faults and the logarithm of its probability, or of a factor of that.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Alternative {
    pub(crate) score: f64,
    /// The faults that are present, in order.
    pub(crate) present: Vec<FaultIndex>,
}

impl Alternative {
    fn with(&self, other: &Self) -> Self {
        let mut present = self.present.clone();
        present.extend(&other.present);
        present.sort_unstable();
        Self { score: self.score + other.score, present }
    }
}

/// The best alternatives of a choice, the best first.
pub(crate) type Alternatives = Vec<Alternative>;

/// The best first; among equals the smaller, then the earlier set.
fn sort_best_first(list: &mut Alternatives, most: usize) {
    let order = |a: &Alternative, b: &Alternative| {
        (b.score.total_cmp(&a.score))
            .then_with(|| a.present.len().cmp(&b.present.len()))
            .then_with(|| a.present.cmp(&b.present))
    };
    list.sort_unstable_by(order);
    list.truncate(most);
}

/// The loss from the best alternative to the second.
fn gap(list: &[Alternative]) -> f64 {
    list.get(1).map_or(f64::INFINITY, |second| list[0].score - second.score)
}

/// The `most` best combinations of independent choices, none of them without alternatives.
///
/// A combination that leaves the best alternative in a choice is beaten by `most` others if there are `most` choices
/// with a smaller gap; so only the choices with the smallest gaps are combined, and in the others the best is taken.
/// O(choices · log choices + most³).
pub(crate) fn combine(choices: &[&[Alternative]], most: usize) -> Alternatives {
    let mut by_gap: Vec<usize> = (0..choices.len()).filter(|at| choices[*at].len() > 1).collect();
    by_gap.sort_by(|a, b| gap(choices[*a]).total_cmp(&gap(choices[*b])).then(a.cmp(b)));
    by_gap.truncate(most);
    let mut open = vec![false; choices.len()];
    for at in &by_gap {
        open[*at] = true;
    }
    let mut base = Alternative { score: 0.0, present: Vec::new() };
    for (list, open) in choices.iter().zip(&open) {
        if !open {
            base.score += list[0].score;
            base.present.extend(&list[0].present);
        }
    }
    base.present.sort_unstable();
    let mut result = vec![base];
    for at in by_gap {
        result = product(&result, choices[at], most);
    }
    result
}

fn product(a: &[Alternative], b: &[Alternative], most: usize) -> Alternatives {
    // Of two sorted lists only pairs (i, j) with (i + 1)·(j + 1) ≤ most can be among the best.
    let mut result = Vec::new();
    for (i, first) in a.iter().enumerate().take(most) {
        result.extend(b.iter().take(most / (i + 1)).map(|second| first.with(second)));
    }
    sort_best_first(&mut result, most);
    result
}

fn merged(a: &[Alternative], b: &[Alternative], most: usize) -> Alternatives {
    let mut result: Alternatives = a.iter().chain(b).cloned().collect();
    sort_best_first(&mut result, most);
    result
}

/// The best ways to be in each of the two states.
#[derive(Clone, Debug, Default)]
struct Ways {
    /// By state: absent, present. Empty if it cannot be in the state.
    by_state: [Alternatives; 2],
}

/// The ways of every group and leaf below some roots, by node of the forest.
struct ForestWays(BTreeMap<ForestNode, Ways>);

impl ForestWays {
    fn new(forest: &Forest, faults: &[Option<FaultIndex>], roots: &[ForestNode], most: usize) -> Self {
        let mut ways: BTreeMap<ForestNode, Ways> = BTreeMap::new();
        for node in forest.bottom_up(roots) {
            let own = match forest.group(node) {
                None => leaf_ways(forest, faults, node),
                Some((combination, members)) => {
                    let members: Vec<Ways> =
                        members.iter().map(|member| ways.remove(member).expect("members come first")).collect();
                    group_ways(combination, &members, most)
                }
            };
            ways.insert(node, own);
        }
        Self(ways)
    }
}

fn leaf_ways(forest: &Forest, faults: &[Option<FaultIndex>], leaf: ForestNode) -> Ways {
    let p = forest.probability(leaf);
    let way = |score: f64, present: Vec<FaultIndex>| {
        if score > f64::NEG_INFINITY { vec![Alternative { score, present }] } else { Vec::new() }
    };
    Ways { by_state: [way((-p).ln_1p(), Vec::new()), way(p.ln(), faults[leaf as usize].into_iter().collect())] }
}

/// A group is in its uniform state (an OR absent, an AND present) when all members are, and otherwise if at least one is
/// not.
fn group_ways(combination: Combination, members: &[Ways], most: usize) -> Ways {
    let uniform_state = match combination {
        Combination::Any => 0,
        Combination::All => 1,
    };
    let uniform: Vec<&[Alternative]> = members.iter().map(|member| member.by_state[uniform_state].as_slice()).collect();
    let all = if uniform.iter().any(|list| list.is_empty()) { Vec::new() } else { combine(&uniform, most) };
    let mixed = at_least_one(members, 1 - uniform_state, most);
    let mut by_state = [all, mixed];
    by_state.rotate_left(uniform_state);
    Ways { by_state }
}

/// The best ways for all members together such that at least one is in `state`.
///
/// Only members that can get into `state`, or deviate from their best way, at the least loss matter, by the argument of
/// [`combine`]; with one more of each, because the one that must be in `state` may be taken already.
fn at_least_one(members: &[Ways], state: usize, most: usize) -> Alternatives {
    let free: Vec<Alternatives> =
        members.iter().map(|member| merged(&member.by_state[0], &member.by_state[1], most)).collect();
    let best = |list: &[Alternative]| list.first().map_or(f64::NEG_INFINITY, |way| way.score);
    let smallest = |loss: &dyn Fn(usize) -> f64| {
        let mut order: Vec<usize> = (0..members.len()).filter(|at| loss(*at) < f64::INFINITY).collect();
        order.sort_by(|a, b| loss(*a).total_cmp(&loss(*b)).then(a.cmp(b)));
        order.truncate(most + 1);
        order
    };
    let mut open = smallest(&|at| free[at][0].score - best(&members[at].by_state[state]));
    open.extend(smallest(&|at| gap(&free[at])));
    open.sort_unstable();
    open.dedup();
    // The others take their best way.
    let mut base = Alternative { score: 0.0, present: Vec::new() };
    let mut has = false;
    let mut next = open.iter().peekable();
    for (at, list) in free.iter().enumerate() {
        if next.next_if(|open| **open == at).is_none() {
            base.score += list[0].score;
            base.present.extend(&list[0].present);
            has |= members[at].by_state[state].first() == list.first();
        }
    }
    base.present.sort_unstable();
    let mut none = if has { Vec::new() } else { vec![base.clone()] };
    let mut some = if has { vec![base] } else { Vec::new() };
    for at in open {
        let [other, wanted] = [&members[at].by_state[1 - state], &members[at].by_state[state]];
        let now = merged(&product(&some, &free[at], most), &product(&none, wanted, most), most);
        none = product(&none, other, most);
        some = now;
    }
    some
}

/// The best fault sets of one part.
pub(crate) struct PartRanking {
    /// With ln P(exactly these, of the faults of the part | evidence).
    pub(crate) sets: Alternatives,
    /// Whether these are certainly the best.
    pub(crate) complete: bool,
}

struct Partial {
    bound: f64,
    /// Levels decided, as a list from the last to the first: place in the trail.
    trail: Option<u32>,
    /// Diagram node and weight.
    frontier: Vec<(u32, f64)>,
    /// Tells apart what is equal otherwise: earlier first.
    number: u64,
}

impl Ord for Partial {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bound.total_cmp(&other.bound).then_with(|| other.number.cmp(&self.number))
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

/// A level decided: which, how, and the one decided before.
struct Step {
    level: u32,
    state: usize,
    before: Option<u32>,
}

/// The evidence of a part, and what its levels stand for.
pub(crate) struct Question<'a> {
    pub(crate) diagram: &'a Diagram,
    /// By level; 0 or 1 where the evidence decides it.
    pub(crate) probability: &'a [f64],
    /// By level.
    pub(crate) stands_for: &'a [ForestNode],
    pub(crate) forest: &'a Forest,
    /// By original event.
    pub(crate) faults: &'a [Option<FaultIndex>],
}

/// The `most` best fault sets of a part. Takes at most `step_budget` partial choices from the queue, but always enough to
/// go down the diagram `most` times.
pub(crate) fn rank_part(question: &Question<'_>, most: usize, step_budget: u64) -> PartRanking {
    let straight = 4 * u64::from(question.diagram.levels()) * most as u64;
    Search::new(question, most).run(step_budget.max(straight))
}

struct Search<'d> {
    diagram: &'d Diagram,
    probability: &'d [f64],
    most: usize,
    /// By level; `None` if the level's event is nobody's fault.
    ways: Vec<Option<Ways>>,
    /// By level: the best in either state.
    free: Vec<Alternatives>,
    /// By level: what the best way in each state has lost to the best in either, as a factor.
    factor: Vec<[f64; 2]>,
    /// By diagram node: the best completion, the best choice on every level it does not ask about being 1.
    best: Vec<f64>,
    /// ln of the probability of the events that are nobody's fault and that the evidence decides: the diagram's weights
    /// are given these.
    decided: f64,
    trail: Vec<Step>,
}

impl<'d> Search<'d> {
    fn new(question: &Question<'d>, most: usize) -> Self {
        let Question { diagram, probability, stands_for, forest, faults } = *question;
        let roots: Vec<ForestNode> = stands_for.iter().copied().filter(|root| forest.is_fault(*root)).collect();
        let mut of_forest = ForestWays::new(forest, faults, &roots, most);
        let mut ways: Vec<Option<Ways>> = stands_for.iter().map(|root| of_forest.0.remove(root)).collect();
        for (ways, p) in ways.iter_mut().zip(probability) {
            // What the evidence decides has one state only.
            match ways {
                Some(ways) if *p <= 0.0 => ways.by_state[1].clear(),
                Some(ways) if *p >= 1.0 => ways.by_state[0].clear(),
                _ => {}
            }
        }
        let mut free = Vec::with_capacity(ways.len());
        let mut factor = Vec::with_capacity(ways.len());
        for ways in &ways {
            let Some(Ways { by_state }) = ways else {
                free.push(Vec::new());
                factor.push([1.0; 2]);
                continue;
            };
            let list = merged(&by_state[0], &by_state[1], most);
            let top = list[0].score;
            factor.push([0, 1].map(|state| by_state[state].first().map_or(0.0, |way| (way.score - top).exp())));
            free.push(list);
        }
        let noise = probability.iter().zip(stands_for).filter(|(_, root)| !forest.is_fault(**root));
        let decided = noise
            .map(|(p, root)| match forest.probability(*root) {
                before if *p >= 1.0 => before.ln(),
                before if *p <= 0.0 => (-before).ln_1p(),
                _ => 0.0,
            })
            .sum();
        let best = vec![0.0, 1.0];
        let mut search = Self { diagram, probability, most, ways, free, factor, best, decided, trail: Vec::new() };
        for at in 2..diagram.len() as u32 {
            let (level, lo, hi) = diagram.node(at);
            let [lo, hi] = [lo, hi].map(|child| search.best[child as usize]);
            let best = if search.ways[level as usize].is_some() {
                let [absent, present] = search.factor[level as usize];
                (absent * lo).max(present * hi)
            } else {
                let p = probability[level as usize];
                (1.0 - p) * lo + p * hi
            };
            search.best.push(best);
        }
        search
    }

    fn run(mut self, step_budget: u64) -> PartRanking {
        let root = self.diagram.root();
        let mut ranking = PartRanking { sets: Vec::new(), complete: true };
        let bound = self.best[root as usize];
        let mut queue = BinaryHeap::from([Partial { bound, trail: None, frontier: vec![(root, 1.0)], number: 0 }]);
        // What every set has in common: the best way on every level.
        let common: f64 = self.free.iter().filter_map(|list| list.first()).map(|way| way.score).sum();
        let common = common + self.decided;
        let mut number = 1;
        let mut steps = 0;
        while let Some(partial) = queue.pop() {
            let full = ranking.sets.len() >= self.most;
            if full && partial.bound.ln() + common < ranking.sets[self.most - 1].score {
                break;
            }
            steps += 1;
            if steps > step_budget || partial.bound <= 0.0 {
                ranking.complete = false;
                break;
            }
            let asked = partial.frontier.iter().map(|(node, _)| self.diagram.node(*node).0).min();
            let asked = asked.filter(|level| *level < self.diagram.levels());
            let Some(level) = asked else {
                let weight: f64 = partial.frontier.iter().map(|(_, weight)| weight).sum();
                self.complete(partial.trail, weight.ln() + self.decided, &mut ranking.sets);
                continue;
            };
            let states: &[Option<usize>] =
                if self.ways[level as usize].is_some() { &[Some(0), Some(1)] } else { &[None] };
            for state in states {
                let frontier = self.step(&partial.frontier, level, *state);
                let bound: f64 = frontier.iter().map(|(node, weight)| weight * self.best[*node as usize]).sum();
                if bound <= 0.0 {
                    continue;
                }
                let trail = match state {
                    None => partial.trail,
                    Some(state) => {
                        self.trail.push(Step { level, state: *state, before: partial.trail });
                        Some(self.trail.len() as u32 - 1)
                    }
                };
                queue.push(Partial { bound, trail, frontier, number });
                number += 1;
            }
        }
        ranking
    }

    /// A frontier past a level: fixed to a state, or summed out.
    fn step(&self, frontier: &[(u32, f64)], level: u32, state: Option<usize>) -> Vec<(u32, f64)> {
        let p = self.probability[level as usize];
        let mut next: BTreeMap<u32, f64> = BTreeMap::new();
        for (node, weight) in frontier {
            let (own, mut lo, mut hi) = self.diagram.node(*node);
            if own != level {
                (lo, hi) = (*node, *node);
            }
            match state {
                Some(0) => *next.entry(lo).or_default() += weight * self.factor[level as usize][0],
                Some(_) => *next.entry(hi).or_default() += weight * self.factor[level as usize][1],
                None => {
                    *next.entry(lo).or_default() += weight * (1.0 - p);
                    *next.entry(hi).or_default() += weight * p;
                }
            }
        }
        next.remove(&0);
        next.into_iter().filter(|(_, weight)| *weight > 0.0).collect()
    }

    /// Adds the sets of a complete choice.
    fn complete(&self, trail: Option<u32>, weight: f64, sets: &mut Alternatives) {
        let mut choices: Vec<&[Alternative]> = self.free.iter().map(Vec::as_slice).collect();
        // The weight has the factors of the decided levels already: take out what the lists bring again.
        let mut counted = 0.0;
        let mut at = trail;
        while let Some(step) = at.map(|at| &self.trail[at as usize]) {
            let level = step.level as usize;
            let ways = self.ways[level].as_ref().expect("only faults are decided");
            choices[level] = &ways.by_state[step.state];
            counted += choices[level][0].score - self.free[level][0].score;
            at = step.before;
        }
        choices.retain(|list| !list.is_empty());
        for mut set in combine(&choices, self.most) {
            set.score += weight - counted;
            sets.push(set);
        }
        sort_best_first(sets, self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_least_one_lists_what_enumeration_does() {
        for (p, combination) in [
            (vec![0.1, 0.2, 0.3, 0.01], Combination::Any),
            (vec![0.9, 0.2, 0.7, 0.6], Combination::Any),
            (vec![0.9, 0.2, 0.7, 0.6], Combination::All),
            (vec![0.1, 0.2, 1.0, 0.5], Combination::All),
            (vec![0.1, 0.1, 0.1, 0.1], Combination::Any),
        ] {
            let forest = Forest::new(p.clone(), vec![true; 4]);
            let faults: Vec<Option<FaultIndex>> = (0..4).map(|at| Some(FaultIndex::new(at))).collect();
            let leaves: Vec<Ways> = (0..4).map(|leaf| leaf_ways(&forest, &faults, leaf)).collect();
            for most in 1..=16 {
                let ways = group_ways(combination, &leaves, most);
                for state in 0..2 {
                    let mut expected: Vec<f64> = (0..16_u32)
                        .filter(|set| {
                            let present = match combination {
                                Combination::Any => *set != 0,
                                Combination::All => *set == 15,
                            };
                            present == (state == 1)
                        })
                        .map(|set| (0..4).map(|i| if set & (1 << i) != 0 { p[i] } else { 1.0 - p[i] }).product())
                        .filter(|p: &f64| *p > 0.0)
                        .collect();
                    expected.sort_by(|a, b| b.total_cmp(a));
                    expected.truncate(most);
                    let found: Vec<f64> = ways.by_state[state].iter().map(|way| way.score.exp()).collect();
                    assert_eq!(found.len(), expected.len(), "{p:?} {combination:?} {state} {most}");
                    for (a, b) in found.iter().zip(&expected) {
                        assert!((a - b).abs() < 1e-12, "{p:?} {combination:?} {state} {most}: {found:?} {expected:?}");
                    }
                }
            }
        }
    }
}
