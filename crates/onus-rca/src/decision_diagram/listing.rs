//! Sets of a family one at a time: in lexicographic order, or the most probable first.
//!
//! [`BestFirst`] ranks by the product of the elements' probabilities without listing what comes later. Every node has
//! a list of its own best sets, as long as anyone has asked for. It is the merge of two sorted lists: that of `lo`, and
//! that of `hi` with the node's element added. So the next set of the root takes one more item of the lists along one
//! path (lazy k-best, Huang & Chiang 2005).
//!
//! Adding an element must not disturb the order of a list, and rounding would: two products that differ can be equal
//! after another rounded multiplication. Hence ranks are integers, −log2 p in units of 2^−52 ([`rank_of`]), which add up
//! without rounding and never underflow.
//!
//! **Order.** Sets are in the order of their probabilities as far as those differ by more than one part in 2^52 for
//! each element. Sets whose elements have the same probabilities, powers of two apart, are exact ties; ties come
//! smaller sets first, then lexicographically by level. Sets with an element of probability 0 are impossible and not
//! listed.

use super::arena::Nodes;
use super::zbdd::{Families, Family};

/// A set and the product of its elements' probabilities.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RankedSet {
    /// The elements, in ascending order.
    pub(crate) levels: Vec<u32>,
    /// The product of their probabilities.
    pub(crate) probability: f64,
}

impl Families {
    /// All sets of `family`, each in ascending order. Of a minimal family they come in lexicographic order; otherwise a
    /// set comes after those that continue it. At most one step for each level between two sets.
    #[cfg(test)]
    pub(crate) fn sets(&self, family: Family) -> Sets {
        let nodes = self.nodes(family);
        Sets { waiting: vec![(nodes.root(), 0)], elements: Vec::new(), nodes }
    }

    /// The sets of `family`, the most probable first, each when it is asked for. See the module's documentation for
    /// the order and the ties.
    ///
    /// O(nodes) to begin, then O(levels) for each set.
    ///
    /// # Panics
    /// `probability` has fewer entries than there are levels, or one that is not between 0 and 1.
    pub(crate) fn best_first(&self, family: Family, probability: &[f64]) -> BestFirst {
        BestFirst::new(self.nodes(family), probability)
    }
}

/// The sets of a family, see [`Families::sets`].
#[cfg(test)]
pub(crate) struct Sets {
    nodes: Nodes,
    /// Elements of the set under construction.
    elements: Vec<u32>,
    /// Low branches not yet followed, each with the number of elements above it.
    waiting: Vec<(u32, usize)>,
}

#[cfg(test)]
impl Iterator for Sets {
    type Item = Vec<u32>;

    fn next(&mut self) -> Option<Vec<u32>> {
        while let Some((mut index, above)) = self.waiting.pop() {
            self.elements.truncate(above);
            while index > 1 {
                let super::arena::Node { level, lo, hi } = self.nodes.node(index);
                self.waiting.push((lo, self.elements.len()));
                self.elements.push(level);
                index = hi;
            }
            if index == 1 {
                return Some(self.elements.clone());
            }
        }
        None
    }
}

/// The sets of a family by probability, see [`Families::best_first`].
pub(crate) struct BestFirst {
    nodes: Nodes,
    probability: Vec<f64>,
    /// The rank of each level's probability; none if that is 0.
    rank: Vec<Option<u128>>,
    /// For each node its best sets so far.
    rankings: Vec<Ranking>,
    /// Sets given out.
    given: usize,
}

/// The best sets of a node, as far as known: the merge of those of its two children.
#[derive(Default)]
struct Ranking {
    places: Vec<Place>,
    /// How many places of each child's ranking have been taken.
    taken_lo: usize,
    taken_hi: usize,
    /// There are no more than these.
    complete: bool,
}

/// A set in a node's ranking: a set of one of its children.
#[derive(Clone, Copy)]
struct Place {
    rank: u128,
    order: u32,
    /// The set has the node's element and goes on in `hi`; else it is a set of `lo`.
    with_it: bool,
    /// The place in that child's ranking.
    below: usize,
}

impl BestFirst {
    fn new(nodes: Nodes, probability: &[f64]) -> Self {
        let probability = probability[..nodes.levels() as usize].to_vec();
        let rank = probability.iter().map(|&p| rank_of(p)).collect();
        let mut rankings: Vec<Ranking> = Vec::new();
        rankings.resize_with(nodes.len(), Ranking::default);
        rankings[0].complete = true;
        rankings[1].complete = true;
        rankings[1].places.push(Place { rank: 0, order: 0, with_it: false, below: 0 });
        Self { nodes, probability, rank, rankings, given: 0 }
    }

    /// Makes the ranking of `index` one place longer, or finds that it is complete. On a stack of its own: a node may
    /// have to ask its children, and they theirs, down all levels.
    fn lengthen(&mut self, index: u32) {
        let mut asked = vec![index];
        while let Some(&index) = asked.last() {
            let node = self.nodes.node(index);
            let Ranking { taken_lo, taken_hi, complete, .. } = self.rankings[index as usize];
            let rank = self.rank[node.level as usize];
            if complete {
                asked.pop();
            } else if !self.knows(node.lo, taken_lo) {
                asked.push(node.lo);
            } else if rank.is_some() && !self.knows(node.hi, taken_hi) {
                asked.push(node.hi);
            } else {
                asked.pop();
                let lo = self.rankings[node.lo as usize].places.get(taken_lo).map(|place| Place {
                    with_it: false,
                    below: taken_lo,
                    ..*place
                });
                let hi = self.rankings[node.hi as usize].places.get(taken_hi).zip(rank).map(|(place, rank)| Place {
                    rank: place.rank + rank,
                    order: place.order + 1,
                    with_it: true,
                    below: taken_hi,
                });
                self.rankings[index as usize].take_better(lo, hi);
            }
        }
    }

    /// Whether it is known which set has this place in the ranking of node `index`, or that none has.
    fn knows(&self, index: u32, place: usize) -> bool {
        let ranking = &self.rankings[index as usize];
        ranking.complete || place < ranking.places.len()
    }
}

impl Ranking {
    /// Among ties of equal size a set with the node's element comes first: the element is smaller than all below.
    fn take_better(&mut self, lo: Option<Place>, hi: Option<Place>) {
        let place = match (lo, hi) {
            (Some(lo), Some(hi)) if (lo.rank, lo.order) < (hi.rank, hi.order) => lo,
            (_, Some(hi)) => hi,
            (Some(lo), None) => lo,
            (None, None) => {
                self.complete = true;
                return;
            }
        };
        self.places.push(place);
        if place.with_it {
            self.taken_hi += 1;
        } else {
            self.taken_lo += 1;
        }
    }
}

impl Iterator for BestFirst {
    type Item = RankedSet;

    fn next(&mut self) -> Option<RankedSet> {
        let root = self.nodes.root();
        if !self.knows(root, self.given) {
            self.lengthen(root);
        }
        let mut place = *self.rankings[root as usize].places.get(self.given)?;
        self.given += 1;
        let mut index = root;
        let mut levels = Vec::new();
        while index > 1 {
            let node = self.nodes.node(index);
            if place.with_it {
                levels.push(node.level);
            }
            index = if place.with_it { node.hi } else { node.lo };
            place = self.rankings[index as usize].places[place.below];
        }
        let probability = levels.iter().map(|&level| self.probability[level as usize]).product();
        Some(RankedSet { levels, probability })
    }
}

/// −log2 of a probability in units of 2^−52, rounded up, by integer arithmetic alone: the same on every machine. None
/// for 0.
fn rank_of(probability: f64) -> Option<u128> {
    const FRACTION: u32 = f64::MANTISSA_DIGITS - 1;
    assert!((0.0..=1.0).contains(&probability), "a probability of {probability}");
    let bits = probability.to_bits();
    let biased = bits >> FRACTION;
    let stored = bits & ((1 << FRACTION) - 1);
    // probability = significand · 2^(−shift − 63), with the significand's highest bit set.
    let (mut significand, shift) = match (biased, stored) {
        (0, 0) => return None,
        (0, _) => (stored << stored.leading_zeros(), 1011 + u64::from(stored.leading_zeros())),
        _ => ((stored | 1 << FRACTION) << 11, 1023 - biased),
    };
    // log2 of a number in [1, 2), bit by bit: squaring it doubles the logarithm, whose integer part is the next bit.
    let mut logarithm = 0_u64;
    for _ in 0..FRACTION {
        let square = u128::from(significand) * u128::from(significand);
        let bit = square >> 127;
        logarithm = logarithm << 1 | u64::from(bit == 1);
        significand = u64::try_from(square >> (63 + bit)).expect("a square of 128 bits, its top 64 taken");
    }
    Some(u128::from((shift << FRACTION) - logarithm))
}
