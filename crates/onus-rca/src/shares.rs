//! Shares: how much of the observed failures each fault explains (DESIGN.md 3.3).
//!
//! In a world with the set S of active faults, a fault's share is its Shapley value in the game
//! v(T) = fraction of the observed failures that T ⊆ S explains; over the posterior, the expectation. By Owen's multilinear
//! extension (Owen 1972) the Shapley value is an integral over t ∈ [0, 1] of the probability that the fault is pivotal
//! when every other active fault is kept independently with probability t. Both the expectation and the integrand are
//! sums over *pairs* of diagram nodes, one of the evidence (which sees all active faults) and one of a failure (which
//! sees the kept ones only):
//!
//! * on a fault's level: absent (lo, lo) with 1 − p; kept (hi, hi) with p·t; not kept (hi, lo) with p·(1 − t);
//! * on any other level both follow the same value.
//!
//! The integrand is a polynomial in t of degree below the number of faults that the failure depends on, so that
//! Gauss-Legendre quadrature with half as many nodes is exact. One pass up and one down over the pairs give all faults
//! at once.

use rustc_hash::FxHashMap;

use crate::decision_diagram::{Bdd, BudgetExceeded, Manager};

/// More quadrature nodes change nothing that a double can hold.
const MOST_QUADRATURE_NODES: usize = 48;

/// For each level, the integral over t of the probability that the level's fault is pivotal for `failure` and the evidence
/// holds. Levels of `is_fault` false get 0.
///
/// O(pairs · quadrature nodes); at most `pair_budget` pairs.
pub(crate) fn pivots(
    manager: &Manager,
    evidence: Bdd,
    failure: Bdd,
    probability: &[f64],
    is_fault: &[bool],
    pair_budget: usize,
) -> Result<Vec<f64>, BudgetExceeded> {
    let pairs = Pairs::build(manager, evidence, failure, is_fault, pair_budget)?;
    let faults = pairs.nodes.iter().filter(|pair| is_fault[pair.level as usize]).map(|pair| pair.level);
    let mut levels: Vec<u32> = faults.collect();
    levels.sort_unstable();
    levels.dedup();
    let nodes = levels.len().div_ceil(2).clamp(1, MOST_QUADRATURE_NODES);
    let below = probability_below(manager, evidence, probability);
    let mut total = vec![0.0; probability.len()];
    for (t, weight) in gauss_legendre(nodes) {
        pairs.add_pivots(t, weight, &below, probability, is_fault, &mut total);
    }
    Ok(total)
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

struct Pair {
    level: u32,
    /// The level's event is absent.
    absent: Link,
    /// It is present, for both.
    kept: Link,
    /// It is present for the evidence, absent for the failure; on a fault's level only.
    dropped: Link,
}

struct Pairs {
    /// Children before parents.
    nodes: Vec<Pair>,
    root: Link,
}

impl Pairs {
    fn build(
        manager: &Manager,
        evidence: Bdd,
        failure: Bdd,
        is_fault: &[bool],
        budget: usize,
    ) -> Result<Self, BudgetExceeded> {
        let mut nodes: Vec<Pair> = Vec::new();
        let mut known: FxHashMap<(Bdd, Bdd), u32> = FxHashMap::default();
        let settled = |evidence: Bdd, failure: Bdd, known: &FxHashMap<(Bdd, Bdd), u32>| {
            if evidence == Bdd::FALSE || failure == Bdd::FALSE {
                Some(Link::Nothing)
            } else if failure == Bdd::TRUE {
                Some(Link::Happens(evidence))
            } else {
                known.get(&(evidence, failure)).map(|pair| Link::Pair(*pair))
            }
        };
        // Iterative, because diagrams may be as deep as there are events.
        let mut open = vec![(evidence, failure)];
        while let Some((e, f)) = open.last().copied() {
            if settled(e, f, &known).is_some() {
                open.pop();
                continue;
            }
            let ((e_level, e_lo, e_hi), (f_level, f_lo, f_hi)) = (manager.node(e), manager.node(f));
            let level = e_level.min(f_level);
            let [e_lo, e_hi] = if e_level == level { [e_lo, e_hi] } else { [e, e] };
            let [f_lo, f_hi] = if f_level == level { [f_lo, f_hi] } else { [f, f] };
            let mut children = vec![(e_lo, f_lo), (e_hi, f_hi)];
            if is_fault[level as usize] {
                children.push((e_hi, f_lo));
            }
            let links: Vec<Option<Link>> = children.iter().map(|(e, f)| settled(*e, *f, &known)).collect();
            if links.iter().all(Option::is_some) {
                let link = |at: usize| links.get(at).copied().flatten().unwrap_or(Link::Nothing);
                if nodes.len() >= budget {
                    return Err(BudgetExceeded::Nodes(budget));
                }
                known.insert((e, f), nodes.len() as u32);
                nodes.push(Pair { level, absent: link(0), kept: link(1), dropped: link(2) });
                open.pop();
            } else {
                open.extend(children.into_iter().zip(links).filter(|(_, link)| link.is_none()).map(|(pair, _)| pair));
            }
        }
        let root = settled(evidence, failure, &known).expect("the search ends when its root is settled");
        Ok(Self { nodes, root })
    }

    fn add_pivots(
        &self,
        t: f64,
        weight: f64,
        below: &FxHashMap<Bdd, f64>,
        probability: &[f64],
        is_fault: &[bool],
        total: &mut [f64],
    ) {
        let mut up: Vec<f64> = Vec::with_capacity(self.nodes.len());
        for pair in &self.nodes {
            let p = probability[pair.level as usize];
            let at = |link: Link| value(link, &up, below);
            let present = if is_fault[pair.level as usize] {
                t * at(pair.kept) + (1.0 - t) * at(pair.dropped)
            } else {
                at(pair.kept)
            };
            let sum = (1.0 - p) * at(pair.absent) + p * present;
            up.push(sum);
        }
        let Link::Pair(root) = self.root else { return };
        let mut down = vec![0.0; self.nodes.len()];
        down[root as usize] = 1.0;
        for (at, pair) in self.nodes.iter().enumerate().rev() {
            let d = down[at];
            if d == 0.0 {
                continue;
            }
            let p = probability[pair.level as usize];
            let mut give = |link: Link, amount: f64| {
                if let Link::Pair(child) = link {
                    down[child as usize] += amount;
                }
            };
            give(pair.absent, d * (1.0 - p));
            if is_fault[pair.level as usize] {
                give(pair.kept, d * p * t);
                give(pair.dropped, d * p * (1.0 - t));
                let pivotal = value(pair.kept, &up, below) - value(pair.dropped, &up, below);
                total[pair.level as usize] += weight * d * p * pivotal;
            } else {
                give(pair.kept, d * p);
            }
        }
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
        for n in 1..=MOST_QUADRATURE_NODES {
            let rule = gauss_legendre(n);
            for degree in [0, 1, n, 2 * n - 1] {
                let sum: f64 =
                    rule.iter().map(|(x, w)| w * x.powi(i32::try_from(degree).expect("degrees are small"))).sum();
                assert!((sum - 1.0 / (degree as f64 + 1.0)).abs() < 1e-13, "n {n}, degree {degree}: {sum}");
            }
        }
    }
}
