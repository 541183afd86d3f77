//! Shares: how much of the observed failures each fault explains (DESIGN.md 3.3).
//!
//! In a world with the set S of active faults, a fault's share is its Shapley value in the game
//! v(T) = fraction of the observed failures that T ⊆ S explains; over the posterior, the expectation. By Owen's multilinear
//! extension (Owen 1972) the Shapley value is an integral over t ∈ [0, 1] of the probability that the fault is pivotal
//! when every other active fault is kept independently with probability t. Both the expectation and the integrand are
//! sums over *pairs* of diagram nodes, one of the evidence (which sees all active faults) and one of a failure (which
//! sees the kept ones only). An event leads on from a pair in one of three ways, whose probabilities the [`Forest`] gives:
//!
//! * absent (lo, lo); kept (hi, hi); not kept (hi, lo), which events that are nobody's fault never are.
//!
//! For a single fault these are 1 − p, p·t and p·(1 − t).
//!
//! The pairs of all failures are one graph with many roots, so that failures that have much in common cost little more
//! than one. Where the evidence asks about levels that a failure does not, the failure waits; if many failures wait at one
//! node of the evidence, its diagram is walked down once for all of them, and each gets links with probabilities to where
//! the walk meets its own first level. A hundred thousand failures, each with an event of its own, so stay linear. One pass up and one down over the pairs give all faults at once, for one t. The integrand is a polynomial in
//! t of degree below the number of faults that the failures depend on, so that Gauss-Legendre quadrature with half as
//! many nodes is exact. With many faults fewer nodes do: the integrands' sum is known to integrate to the probability
//! that the failures are explained, and nodes are doubled until it does, to the last digits.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::decision_diagram::{Bdd, BudgetExceeded, Manager};
use crate::reduce::{Forest, ForestNode, Presence};

/// Quadrature nodes that are always enough to be exact, where half the degree is not more.
const FEW_QUADRATURE_NODES: usize = 12;
/// Quadrature nodes at most. The integrands are bounded sums of terms like (1 − t)ⁿ, which so many nodes resolve.
const MOST_QUADRATURE_NODES: usize = 192;
/// What the sum of the shares may differ by, relatively, from what it is known to be.
const RESOLVED: f64 = 1e-12;
/// What the sum over very many faults may differ by because of rounding.
const ROUNDING: f64 = 1e-9;

/// An evidence and some failures, as functions, and what their levels stand for.
pub(crate) struct Question<'a> {
    pub(crate) manager: &'a Manager,
    pub(crate) evidence: Bdd,
    pub(crate) failures: &'a [Bdd],
    /// By level; 0 or 1 where the evidence decides it, which makes everything conditional on that.
    pub(crate) probability: &'a [f64],
    /// By level.
    pub(crate) stands_for: &'a [ForestNode],
    pub(crate) forest: &'a Forest,
}

/// Space by node of the forest, reused from question to question.
pub(crate) struct Scratch {
    kept: Vec<Presence>,
    factor: Vec<f64>,
    share: Vec<f64>,
}

impl Scratch {
    pub(crate) fn new(forest: &Forest) -> Self {
        Self {
            kept: vec![Presence { absent: 1.0, kept: 0.0, dropped: 0.0 }; forest.len()],
            factor: vec![1.0; forest.len()],
            share: vec![0.0; forest.leaves()],
        }
    }
}

/// For each original event that is a fault, the integral over t of the probability that the evidence holds and the fault
/// is pivotal, summed over the failures: calls `found`. Returns the probability that the evidence holds and a failure
/// happens, also summed.
///
/// O((pairs + nodes of the forest) · quadrature nodes); at most `pair_budget` pairs.
pub(crate) fn pivots(
    question: &Question<'_>,
    pair_budget: usize,
    scratch: &mut Scratch,
    mut found: impl FnMut(usize, f64),
) -> Result<f64, BudgetExceeded> {
    let pairs = Pairs::build(question, pair_budget)?;
    let forest = question.forest;
    let levels = pairs.levels();
    let on = |level: u32| question.stands_for[level as usize];
    let roots: Vec<ForestNode> = levels.iter().map(|level| on(*level)).filter(|root| forest.is_fault(*root)).collect();
    let nodes = forest.bottom_up(&roots);
    let faults: Vec<usize> = nodes.iter().filter_map(|node| forest.leaf(*node)).collect();
    let below = probability_below(question.manager, question.evidence, question.probability);
    let mut passes = Passes { question, pairs: &pairs, below: &below, levels: &levels, nodes: &nodes, up: Vec::new() };
    let explained = passes.up(1.0, scratch);
    let unexplained_anyway = passes.up(0.0, scratch);
    let enough = faults.len().div_ceil(2).max(1);
    let mut count = enough.min(FEW_QUADRATURE_NODES);
    let mut last_error = f64::INFINITY;
    loop {
        for fault in &faults {
            scratch.share[*fault] = 0.0;
        }
        for (t, weight) in gauss_legendre(count) {
            passes.up(t, scratch);
            passes.down(weight, scratch);
        }
        let sum: f64 = faults.iter().map(|fault| scratch.share[*fault]).sum();
        let error = (sum - (explained - unexplained_anyway)).abs();
        // What more nodes do not make smaller is rounding.
        let resolved = error <= RESOLVED * explained || (error <= ROUNDING * explained && error > last_error / 4.0);
        if resolved || count >= enough.min(MOST_QUADRATURE_NODES) {
            break;
        }
        last_error = error;
        count = (2 * count).min(enough);
    }
    for fault in faults {
        found(fault, scratch.share[fault]);
    }
    Ok(explained)
}

/// Where an edge of a pair leads.
#[derive(Clone, Copy)]
enum Link {
    /// The evidence fails, or the failure does not happen: nothing below counts.
    Nothing,
    /// The failure happens whatever follows: below it only the evidence counts, from this node of its diagram.
    Happens(Bdd),
    /// Another pair.
    Pair(u32),
}

/// A step from a pair of nodes.
enum Pair {
    /// On a level that decides.
    Step {
        level: u32,
        /// The level's event is absent.
        absent: Link,
        /// It is present, for both.
        kept: Link,
        /// It is present for the evidence, absent for the failure; on a fault's level only.
        dropped: Link,
    },
    /// Down the evidence alone, to where the failure begins: links with probabilities.
    Walk(Vec<(f64, Link)>),
}

struct Pairs {
    /// Pairs by number, in the order in which they were found.
    nodes: Vec<Pair>,
    /// Numbers of pairs, parents before children.
    order: Vec<u32>,
    /// By failure.
    roots: Vec<Link>,
}

/// Failures that wait at one node of the evidence from which on its diagram is walked for all of them together.
const WORTH_A_WALK: usize = 8;

/// Pairs while they are being found, level by level.
struct Builder<'q> {
    question: &'q Question<'q>,
    budget: usize,
    known: FxHashMap<(Bdd, Bdd), u32>,
    /// By pair.
    nodes: Vec<Pair>,
    order: Vec<u32>,
    /// By level: the pairs whose first level it is, still to be looked at.
    open: BTreeMap<u32, Vec<(Bdd, Bdd, u32)>>,
    /// Links made by walks.
    walked: usize,
}

impl Pairs {
    fn build(question: &Question<'_>, budget: usize) -> Result<Self, BudgetExceeded> {
        let mut builder = Builder {
            question,
            budget,
            known: FxHashMap::default(),
            nodes: Vec::new(),
            order: Vec::new(),
            open: BTreeMap::new(),
            walked: 0,
        };
        let mut roots = Vec::with_capacity(question.failures.len());
        for failure in question.failures {
            roots.push(builder.link(question.evidence, *failure)?);
        }
        // Children lie on deeper levels than their parents, so that a level's pairs are all known when it is looked at.
        while let Some((level, pairs)) = builder.open.pop_first() {
            builder.look_at(level, pairs)?;
        }
        Ok(Self { nodes: builder.nodes, order: builder.order, roots })
    }

    /// Levels that some pair decides on, in order.
    fn levels(&self) -> Vec<u32> {
        let mut levels: Vec<u32> = self
            .nodes
            .iter()
            .filter_map(|pair| match pair {
                Pair::Step { level, .. } => Some(*level),
                Pair::Walk(_) => None,
            })
            .collect();
        levels.sort_unstable();
        levels.dedup();
        levels
    }
}

impl Builder<'_> {
    fn link(&mut self, evidence: Bdd, failure: Bdd) -> Result<Link, BudgetExceeded> {
        if evidence == Bdd::FALSE || failure == Bdd::FALSE {
            return Ok(Link::Nothing);
        }
        if failure == Bdd::TRUE {
            return Ok(Link::Happens(evidence));
        }
        if let Some(pair) = self.known.get(&(evidence, failure)) {
            return Ok(Link::Pair(*pair));
        }
        if self.nodes.len() + self.walked >= self.budget {
            return Err(BudgetExceeded::Nodes(self.budget));
        }
        let pair = self.nodes.len() as u32;
        self.nodes.push(Pair::Walk(Vec::new()));
        self.known.insert((evidence, failure), pair);
        let manager = self.question.manager;
        let level = manager.node(evidence).0.min(manager.node(failure).0);
        self.open.entry(level).or_default().push((evidence, failure, pair));
        Ok(Link::Pair(pair))
    }

    fn look_at(&mut self, level: u32, mut pairs: Vec<(Bdd, Bdd, u32)>) -> Result<(), BudgetExceeded> {
        let manager = self.question.manager;
        self.order.extend(pairs.iter().map(|(_, _, pair)| *pair));
        // Failures that wait at the same node come together, those that begin first, first.
        pairs.sort_unstable_by_key(|(e, f, _)| (*e, manager.node(*f).0, *f));
        for group in pairs.chunk_by(|a, b| a.0 == b.0) {
            let begins = group.partition_point(|(_, f, _)| manager.node(*f).0 == level);
            let (now, waiting) = group.split_at(begins);
            for pair in now {
                self.step(level, *pair)?;
            }
            if waiting.len() < WORTH_A_WALK {
                for pair in waiting {
                    self.step(level, *pair)?;
                }
            } else {
                self.walk(waiting)?;
            }
        }
        Ok(())
    }

    fn step(&mut self, level: u32, (e, f, pair): (Bdd, Bdd, u32)) -> Result<(), BudgetExceeded> {
        let Question { manager, stands_for, forest, .. } = self.question;
        let halves = |node: Bdd| match manager.node(node) {
            (own, lo, hi) if own == level => [lo, hi],
            _ => [node, node],
        };
        let ([e_lo, e_hi], [f_lo, f_hi]) = (halves(e), halves(f));
        let is_fault = forest.is_fault(stands_for[level as usize]);
        let absent = self.link(e_lo, f_lo)?;
        let kept = self.link(e_hi, f_hi)?;
        let dropped = if is_fault { self.link(e_hi, f_lo)? } else { Link::Nothing };
        self.nodes[pair as usize] = Pair::Step { level, absent, kept, dropped };
        Ok(())
    }

    /// Walks down the evidence from one node, until each of the waiting failures, the ones that begin first before the
    /// others, has begun.
    fn walk(&mut self, waiting: &[(Bdd, Bdd, u32)]) -> Result<(), BudgetExceeded> {
        let Question { manager, probability, .. } = self.question;
        // Nodes that the walk has come to, by level, with the probability of coming there.
        let mut frontier: BTreeMap<(u32, Bdd), f64> = BTreeMap::new();
        frontier.insert((manager.node(waiting[0].0).0, waiting[0].0), 1.0);
        for together in waiting.chunk_by(|a, b| manager.node(a.1).0 == manager.node(b.1).0) {
            let begin = manager.node(together[0].1).0;
            while let Some(first) = frontier.first_entry().filter(|first| first.key().0 < begin) {
                let ((level, node), mass) = first.remove_entry();
                let (_, lo, hi) = manager.node(node);
                let p = probability[level as usize];
                for (child, mass) in [(lo, mass * (1.0 - p)), (hi, mass * p)] {
                    if child != Bdd::FALSE && mass > 0.0 {
                        *frontier.entry((manager.node(child).0, child)).or_default() += mass;
                    }
                }
            }
            for (_, failure, pair) in together {
                self.walked += frontier.len();
                let links = frontier.iter().map(|((_, node), mass)| Ok((*mass, self.link(*node, *failure)?)));
                self.nodes[*pair as usize] = Pair::Walk(links.collect::<Result<_, BudgetExceeded>>()?);
            }
        }
        Ok(())
    }
}

struct Passes<'q> {
    question: &'q Question<'q>,
    pairs: &'q Pairs,
    below: &'q FxHashMap<Bdd, f64>,
    /// Levels that some pair is on.
    levels: &'q [u32],
    /// Nodes of the forest below these, members first.
    nodes: &'q [ForestNode],
    /// By pair: the probability of evidence and failure below it.
    up: Vec<f64>,
}

impl Passes<'_> {
    /// The probability that the evidence holds, and a failure happens in the kept world, summed over the failures.
    fn up(&mut self, t: f64, scratch: &mut Scratch) -> f64 {
        let Question { forest, stands_for, .. } = self.question;
        forest.kept(self.nodes, t, &mut scratch.kept);
        for level in self.levels {
            let p = self.question.probability[*level as usize];
            let root = stands_for[*level as usize];
            let own = &mut scratch.kept[root as usize];
            if !forest.is_fault(root) {
                *own = Presence { absent: 1.0 - p, kept: p, dropped: 0.0 };
            } else if p <= 0.0 {
                *own = Presence { absent: 1.0, kept: 0.0, dropped: 0.0 };
            } else if p >= 1.0 {
                let present = forest.probability(root);
                *own = Presence { absent: 0.0, kept: own.kept / present, dropped: own.dropped / present };
            }
        }
        self.up.resize(self.pairs.nodes.len(), 0.0);
        for at in self.pairs.order.iter().rev() {
            let of = |link: Link| value(link, &self.up, self.below);
            let sum = match &self.pairs.nodes[*at as usize] {
                Pair::Step { level, absent, kept, dropped } => {
                    let presence = scratch.kept[stands_for[*level as usize] as usize];
                    presence.absent * of(*absent) + presence.kept * of(*kept) + presence.dropped * of(*dropped)
                }
                Pair::Walk(links) => links.iter().map(|(mass, link)| mass * of(*link)).sum(),
            };
            self.up[*at as usize] = sum;
        }
        self.pairs.roots.iter().map(|root| value(*root, &self.up, self.below)).sum()
    }

    /// Adds `weight` times the pivot probabilities of all faults, for the t of the last pass up.
    fn down(&self, weight: f64, scratch: &mut Scratch) {
        let Question { forest, stands_for, .. } = self.question;
        let mut down = vec![0.0; self.pairs.nodes.len()];
        for root in &self.pairs.roots {
            if let Link::Pair(root) = root {
                down[*root as usize] += weight;
            }
        }
        for level in self.levels {
            scratch.factor[stands_for[*level as usize] as usize] = 0.0;
        }
        for at in &self.pairs.order {
            let d = down[*at as usize];
            if d == 0.0 {
                continue;
            }
            let mut give = |link: Link, mass: f64| {
                if let Link::Pair(child) = link {
                    down[child as usize] += mass;
                }
            };
            match &self.pairs.nodes[*at as usize] {
                Pair::Walk(links) => {
                    for (mass, link) in links {
                        give(*link, d * mass);
                    }
                }
                Pair::Step { level, absent, kept, dropped } => {
                    let root = stands_for[*level as usize];
                    let presence = scratch.kept[root as usize];
                    give(*absent, d * presence.absent);
                    give(*kept, d * presence.kept);
                    give(*dropped, d * presence.dropped);
                    if forest.is_fault(root) {
                        let pivotal = value(*kept, &self.up, self.below) - value(*dropped, &self.up, self.below);
                        scratch.factor[root as usize] += d * pivotal;
                    }
                }
            }
        }
        for level in self.levels {
            let p = self.question.probability[*level as usize];
            let root = stands_for[*level as usize];
            if p >= 1.0 && forest.is_fault(root) {
                // Given that the group is present.
                scratch.factor[root as usize] /= forest.probability(root);
            }
        }
        let share = &mut scratch.share;
        forest.pivots(self.nodes, &scratch.kept, &mut scratch.factor, |leaf, pivot| share[leaf] += pivot);
    }
}

fn value(link: Link, up: &[f64], below: &FxHashMap<Bdd, f64>) -> f64 {
    match link {
        Link::Nothing => 0.0,
        Link::Happens(evidence) => below[&evidence],
        Link::Pair(pair) => up[pair as usize],
    }
}

/// The probability of the function below every node under a root. Children have smaller ids than their parents.
fn probability_below(manager: &Manager, root: Bdd, probability: &[f64]) -> FxHashMap<Bdd, f64> {
    let mut below: FxHashMap<Bdd, f64> = FxHashMap::from_iter([(Bdd::FALSE, 0.0), (Bdd::TRUE, 1.0)]);
    let mut reached = vec![];
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        if below.contains_key(&node) {
            continue;
        }
        below.insert(node, 0.0);
        reached.push(node);
        let (_, lo, hi) = manager.node(node);
        open.extend([lo, hi]);
    }
    reached.sort_unstable();
    for node in reached {
        let (level, lo, hi) = manager.node(node);
        let p = probability[level as usize];
        let sum = (1.0 - p) * below[&lo] + p * below[&hi];
        below.insert(node, sum);
    }
    below
}

/// Nodes and weights of Gauss-Legendre quadrature on [0, 1]: exact for polynomials of degree below 2n.
///
/// Newton's method on the Legendre polynomial from Tricomi's first guess (Press et al., Numerical Recipes, 4.6).
pub(crate) fn gauss_legendre(n: usize) -> Vec<(f64, f64)> {
    let count = n as f64;
    (0..n)
        .map(|i| {
            let mut x = (std::f64::consts::PI * (i as f64 + 0.75) / (count + 0.5)).cos();
            let mut slope = 1.0;
            for _ in 0..100 {
                let (mut before, mut value) = (1.0, x);
                for k in 2..=n {
                    let k = k as f64;
                    (before, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * before) / k);
                }
                slope = count * (x * value - before) / (x * x - 1.0);
                let step = value / slope;
                x -= step;
                if step.abs() < 1e-16 {
                    break;
                }
            }
            (f64::midpoint(x, 1.0), 1.0 / ((1.0 - x * x) * slope * slope))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quadrature_is_exact_for_polynomials() {
        for n in 1..=48 {
            let rule = gauss_legendre(n);
            for degree in [0, 1, n, 2 * n - 1] {
                let sum: f64 =
                    rule.iter().map(|(x, w)| w * x.powi(i32::try_from(degree).expect("degrees are small"))).sum();
                assert!((sum - 1.0 / (degree as f64 + 1.0)).abs() < 1e-13, "n {n}, degree {degree}: {sum}");
            }
        }
    }
}
