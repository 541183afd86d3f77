//! How many sets a family has, in all and of each order, without listing one.
//!
//! A fold from the terminals up. The numbers can have as many digits as there are levels, so a value is dropped when
//! the last parent has read it: [`fold`] counts parents first.

use num_bigint::BigUint;

use super::arena::Nodes;
use super::zbdd::{Families, Family};

/// How many sets there are of each order, from the first order that has any.
#[derive(Clone, Default)]
struct Orders {
    first: usize,
    counts: Vec<BigUint>,
}

impl Families {
    /// The number of sets in `family`. One addition for each node.
    #[cfg(test)]
    pub(crate) fn count(&self, family: Family) -> BigUint {
        fold(&self.nodes(family), BigUint::ZERO, BigUint::from(1_u32), |lo, hi| lo + hi)
    }

    /// How many sets of `family` have 0, 1, 2, … elements, up to the largest set; empty if there is no set.
    ///
    /// At most nodes · (number of orders) additions.
    pub(crate) fn histogram(&self, family: Family) -> Vec<BigUint> {
        let unit = Orders { first: 0, counts: vec![BigUint::from(1_u32)] };
        let orders = fold(&self.nodes(family), Orders::default(), unit, |lo, mut hi| {
            hi.first += 1;
            lo.merge(hi)
        });
        let mut histogram = vec![BigUint::ZERO; if orders.counts.is_empty() { 0 } else { orders.first }];
        histogram.extend(orders.counts);
        histogram
    }
}

impl Orders {
    fn merge(self, other: Self) -> Self {
        if self.counts.is_empty() {
            return other;
        }
        if other.counts.is_empty() {
            return self;
        }
        let (mut early, late) = if self.first <= other.first { (self, other) } else { (other, self) };
        let shift = late.first - early.first;
        if early.counts.len() < shift + late.counts.len() {
            early.counts.resize(shift + late.counts.len(), BigUint::ZERO);
        }
        for (count, more) in early.counts[shift..].iter_mut().zip(late.counts) {
            *count += more;
        }
        early
    }
}

/// The value of the root, where a node's is `combine(lo's, hi's)`. Values live from their node to its last parent.
fn fold<T: Clone>(nodes: &Nodes, empty: T, unit: T, combine: impl Fn(T, T) -> T) -> T {
    let mut readers = vec![0_u32; nodes.len()];
    // The root is read by the caller, and the terminals by everyone.
    readers[nodes.root() as usize] = 1;
    for (_, node) in nodes.inner() {
        readers[node.lo as usize] += 1;
        readers[node.hi as usize] += 1;
    }
    let mut values = vec![Some(empty), Some(unit)];
    let mut read = |values: &mut Vec<Option<T>>, index: u32| {
        let left = &mut readers[index as usize];
        *left -= 1;
        let value = &mut values[index as usize];
        if *left == 0 { value.take() } else { value.clone() }.expect("a value lives until its last reader")
    };
    for (_, node) in nodes.inner() {
        let lo = read(&mut values, node.lo);
        let hi = read(&mut values, node.hi);
        values.push(Some(combine(lo, hi)));
    }
    read(&mut values, nodes.root())
}
