//! A finished function as arrays, and the probabilities that two passes over it give.
//!
//! With p the probability of the variable on each level, u(v) = p·u(hi) + (1 − p)·u(lo) is the probability of the
//! function below node v, from the terminals up; d(v), from the root down, is the probability of arriving at v. Every
//! true path meets level e in one of two ways: at a node on e, or along an edge that skips e, where the variable of e
//! does not matter. So
//!
//! P(e and f) = p · Σ d(v)·u(hi(v)), over v on e  +  p · Σ (mass of true paths on an edge), over edges that skip e.
//!
//! Both sums have only non-negative terms. The second is often computed as P(f) less what passes through level e,
//! which loses every digit where little skips e; here each edge adds its mass to O(log s) dyadic blocks of the s levels
//! it skips, which is a few additions more and no subtraction.

use super::arena::{Node, Nodes};

/// A function on its own: node 0 is false, node 1 is true, and children come before their parents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Diagram {
    nodes: Nodes,
}

/// The probability of a function and of each variable together with it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Marginals {
    /// P(f).
    pub(crate) total: f64,
    /// For each level e: P(e and f). Sums of non-negative terms: relative error about 2^−53 times the number of
    /// levels, however small the value is, unless it is so small (10^−308) that it underflows.
    pub(crate) joint: Vec<f64>,
    /// For each level e: P(f | e), as accurate as `joint`; right for an e of probability 0 too.
    pub(crate) given_present: Vec<f64>,
    /// For each level e: P(f | not e), likewise. 0 exactly where f needs e.
    pub(crate) given_absent: Vec<f64>,
    /// For each level e: Birnbaum importance P(f | e) − P(f | not e). A difference by nature: absolute, not relative,
    /// error of that size.
    pub(crate) birnbaum: Vec<f64>,
}

impl Diagram {
    /// The function whose nodes these are.
    pub(super) fn new(nodes: Nodes) -> Self {
        Self { nodes }
    }

    /// Number of nodes, the two terminals included.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Number of levels; also the level of the two terminals.
    pub(crate) fn levels(&self) -> u32 {
        self.nodes.levels()
    }

    /// Index of the root.
    pub(crate) fn root(&self) -> u32 {
        self.nodes.root()
    }

    /// The node at `index`: (level, lo, hi). A terminal is its own children.
    pub(crate) fn node(&self, index: u32) -> (u32, u32, u32) {
        let Node { level, lo, hi } = self.nodes.node(index);
        (level, lo, hi)
    }

    /// For each node the probability of the function below it, given each level's probability. O(nodes).
    ///
    /// Relative error about 2^−53 times the number of levels.
    ///
    /// # Panics
    /// `probability` has fewer entries than there are levels.
    pub(crate) fn up(&self, probability: &[f64]) -> Vec<f64> {
        let mut up = vec![0.0; self.len()];
        up[1] = 1.0;
        for (v, node) in self.nodes.inner() {
            let p = probability[node.level as usize];
            up[v] = p * up[node.hi as usize] + (1.0 - p) * up[node.lo as usize];
        }
        up
    }

    /// The probability of the function, and of each variable together with it, given each level's probability.
    ///
    /// One pass up and one down: O(levels + nodes + Σ log(levels skipped), over the edges). See the module's
    /// documentation for the formula and [`Marginals`] for the accuracy.
    ///
    /// Literature: Rauzy (1993), New algorithms for fault trees analysis, for the two passes.
    ///
    /// # Panics
    /// `probability` has fewer entries than there are levels.
    pub(crate) fn marginals(&self, probability: &[f64]) -> Marginals {
        let up = self.up(probability);
        let levels = self.levels() as usize;
        let level_of = |v: u32| self.nodes.node(v).level as usize;
        let mut down = vec![0.0; self.len()];
        let mut met = vec![0.0; levels];
        let mut met_absent = vec![0.0; levels];
        let mut birnbaum = vec![0.0; levels];
        let mut skipped = RangeSums::new(levels);

        let root = self.root() as usize;
        down[root] = 1.0;
        skipped.add(0, level_of(self.root()), up[root]);
        for (v, node) in self.nodes.inner().rev() {
            let (level, lo, hi) = (node.level as usize, node.lo as usize, node.hi as usize);
            let p = probability[level];
            let (to_hi, to_lo) = (down[v] * p, down[v] * (1.0 - p));
            down[hi] += to_hi;
            down[lo] += to_lo;
            met[level] += down[v] * up[hi];
            met_absent[level] += down[v] * up[lo];
            birnbaum[level] += down[v] * (up[hi] - up[lo]);
            skipped.add(level + 1, level_of(node.hi), to_hi * up[hi]);
            skipped.add(level + 1, level_of(node.lo), to_lo * up[lo]);
        }
        let skipped = skipped.into_sums();
        let given = |met: &[f64]| met.iter().zip(&skipped).map(|(met, skipped)| met + skipped).collect::<Vec<f64>>();
        let (given_present, given_absent) = (given(&met), given(&met_absent));
        let joint = (0..levels).map(|level| probability[level] * given_present[level]).collect();
        Marginals { total: up[root], joint, given_present, given_absent, birnbaum }
    }
}

/// Sums over ranges of places: add to whole ranges, read every place once at the end. A binary tree over the places,
/// leaves last; a range is O(log length) subtrees. Nothing is ever subtracted.
struct RangeSums {
    /// Node i has the children 2i and 2i + 1; place k is node `places` + k.
    tree: Vec<f64>,
    places: usize,
}

impl RangeSums {
    fn new(places: usize) -> Self {
        Self { tree: vec![0.0; 2 * places], places }
    }

    /// Adds `amount` to the places from `start` up to but not including `end`.
    fn add(&mut self, start: usize, end: usize, amount: f64) {
        if amount == 0.0 {
            return;
        }
        let (mut left, mut right) = (start + self.places, end + self.places);
        while left < right {
            if left % 2 == 1 {
                self.tree[left] += amount;
                left += 1;
            }
            if right % 2 == 1 {
                right -= 1;
                self.tree[right] += amount;
            }
            left /= 2;
            right /= 2;
        }
    }

    /// The sum at each place.
    fn into_sums(mut self) -> Vec<f64> {
        for node in 1..self.places {
            let amount = self.tree[node];
            self.tree[2 * node] += amount;
            self.tree[2 * node + 1] += amount;
        }
        self.tree.split_off(self.places)
    }
}
