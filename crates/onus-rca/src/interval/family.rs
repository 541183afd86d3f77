//! Families of small sets of levels, as lists. What [`small_sets`](super::small_sets) puts together.

use rustc_hash::FxHashSet;

use super::mass::add_up;

/// Sets of more levels are not looked for parts that are sets too: they have too many.
const FEW: usize = 5;

/// Sets of levels, the most probable first; of equally probable ones in the order of their levels.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Family {
    levels: Vec<u32>,
    /// Where each set ends among the levels.
    ends: Vec<u32>,
    /// Probability of each set, at most.
    pub(super) mass: Vec<f64>,
}

impl Family {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Levels of a set, rising.
    pub(super) fn set(&self, at: usize) -> &[u32] {
        let begin = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.levels[begin as usize..self.ends[at] as usize]
    }

    pub(super) fn push(&mut self, levels: impl IntoIterator<Item = u32>, mass: f64) {
        self.levels.extend(levels);
        self.ends.push(self.levels.len() as u32);
        self.mass.push(mass);
    }

    /// The probabilities from each place on, summed up.
    pub(super) fn tails(&self) -> Vec<f64> {
        let mut tails = vec![0.0; self.len() + 1];
        for at in (0..self.len()).rev() {
            tails[at] = add_up(tails[at + 1], self.mass[at]);
        }
        tails
    }

    /// That nothing is needed.
    pub(super) fn certain() -> Self {
        let mut family = Self::default();
        family.push([], 1.0);
        family
    }

    /// Adds the sets of another. To be made [`minimal`](Self::minimal).
    pub(super) fn extend(&mut self, other: &Self) {
        (0..other.len()).for_each(|at| self.push(other.set(at).iter().copied(), other.mass[at]));
    }

    fn sets(&self) -> FxHashSet<&[u32]> {
        (0..self.len()).map(|at| self.set(at)).collect()
    }

    /// The sets of one family and of another that are not in both; those that are go to `common`.
    pub(super) fn apart(&self, other: &Self, common: &mut Self) -> (Self, Self) {
        let rest = |one: &Self, without: &FxHashSet<&[u32]>, mut common: Option<&mut Self>| {
            let mut rest = Self::default();
            for at in 0..one.len() {
                let (set, mass) = (one.set(at), one.mass[at]);
                if !without.contains(set) {
                    rest.push(set.iter().copied(), mass);
                } else if let Some(common) = &mut common {
                    common.push(set.iter().copied(), mass);
                }
            }
            rest
        };
        (rest(self, &other.sets(), Some(common)), rest(other, &self.sets(), None))
    }

    /// Where each level is among the sets: (level, set), sorted.
    pub(super) fn places(&self) -> Vec<(u32, u32)> {
        let mut places: Vec<(u32, u32)> =
            (0..self.len()).flat_map(|at| self.set(at).iter().map(move |level| (*level, at as u32))).collect();
        places.sort_unstable();
        places
    }

    /// Sorted, each set once, and without those of few levels that another is part of.
    pub(super) fn minimal(self) -> Self {
        let mut order: Vec<u32> = (0..self.len() as u32).collect();
        let of = |at: &u32| self.set(*at as usize);
        let mass = |at: &u32| self.mass[*at as usize];
        order.sort_unstable_by(|a, b| mass(b).total_cmp(&mass(a)).then_with(|| of(a).cmp(of(b))));
        let known = self.sets();
        let mut part = Vec::with_capacity(FEW);
        let mut includes_another = |set: &[u32]| {
            set.len() <= FEW
                && (0..(1_usize << set.len()) - 1).any(|chosen| {
                    part.clear();
                    part.extend((0..set.len()).filter(|at| chosen & (1 << at) != 0).map(|at| set[at]));
                    known.contains(part.as_slice())
                })
        };
        let mut kept = Self::default();
        for at in &order {
            let set = of(at);
            let is_new = kept.len() == 0 || kept.set(kept.len() - 1) != set;
            if is_new && !includes_another(set) {
                kept.push(set.iter().copied(), mass(at));
            }
        }
        kept
    }
}
