//! Small sets: the likely ways in which things fail together, and how much the unlikely ones can hold.
//!
//! Where faults are rare most of P(F), F that everything failed that must, is held by sets of few events each of which makes
//! F happen. Every gate gets a family of such sets: an OR those of all its inputs, an AND the unions of a set of each input.
//! A union that is less probable than some *least* is dropped. So families stay small where functions do not, and what is
//! found of the failure is a short list of sets, most probable first.
//!
//! **What is dropped.** Let L be, at each gate, that a set of its family is all there. L implies what the gate's function f
//! makes of its inputs' L, and μ, the least fixpoint (as in [`envelope`](super::envelope)). In a world where no gate drops what
//! holds, f(L) ≤ L everywhere, hence μ ≤ L. So a world of F without a set of F's family has all of some dropped union there,
//! and by the union bound
//!
//! P(L) ≤ P(F) ≤ P(L) + Σ P(dropped unions).
//!
//! A dropped union of two sets without a common event has the product of their probabilities; those that have one in common are
//! looked at one by one, the others are summed up from the tail of a sorted list. All sums are rounded up.
//!
//! Literature: Fussell & Vesely (1972), A new methodology for obtaining cut sets for fault trees; Modarres & Dezfuli (1984), A
//! truncation methodology for evaluating large fault trees, for bounds of what truncation drops.

use super::cone::Cone;
use super::family::Family;
use super::mass::{Mass, add_up, mul_up};
use crate::decision_diagram::{Bdd, BudgetExceeded, Manager};

/// How much less probable unions each step keeps than the most probable one that the last step dropped.
const FINER: f64 = 0.1;
/// Rounds of a cycle; one that still changes then has no families.
const MOST_ROUNDS: usize = 50;
/// What a set that is kept costs, in pairs looked at: it takes space.
const KEPT: usize = 4;

/// The likely ways in which some terms fail together.
#[derive(Clone, Debug)]
pub(super) struct SmallSets {
    pub(super) family: Family,
    /// At most the probability that they fail together with none of these sets all there.
    pub(super) dropped: f64,
    /// The most probable union that was dropped; 0 if none was.
    pub(super) largest: f64,
}

impl SmallSets {
    /// What the sets hold, about: the sum of their probabilities.
    pub(super) fn held(&self) -> f64 {
        self.family.mass.iter().sum()
    }

    /// The function that a set is all there, without sets that together hold no more than `loss`; and all that it misses of
    /// the failure, at most.
    pub(super) fn any(&self, manager: &mut Manager, loss: f64) -> Result<(Bdd, f64), BudgetExceeded> {
        let tails = self.family.tails();
        let count = tails.partition_point(|tail| *tail > loss).min(self.family.len());
        // Like next to like, and by halves.
        let mut sets: Vec<&[u32]> = (0..count).map(|at| self.family.set(at)).collect();
        sets.sort_unstable();
        let mut any = Vec::with_capacity(count);
        for set in sets {
            let mut all = Bdd::TRUE;
            for level in set.iter().rev() {
                all = manager.branch(*level, Bdd::FALSE, all)?;
            }
            any.push(all);
        }
        while any.len() > 1 {
            any = any.chunks(2).map(|pair| manager.or_all(pair)).collect::<Result<_, _>>()?;
        }
        Ok((any.pop().unwrap_or(Bdd::FALSE), add_up(self.dropped, tails[count])))
    }
}

/// What is asked: the sets that make all of `roots` fail.
#[derive(Clone, Copy)]
pub(super) struct Question<'q> {
    pub(super) cone: &'q Cone,
    /// The event of each level.
    pub(super) order: &'q [u32],
    /// By level: the probabilities of its event being absent and present.
    pub(super) chance: &'q [[Mass; 2]],
    pub(super) roots: &'q [u32],
}

/// Small sets that are made finer step by step.
pub(super) struct Steps {
    pub(super) sets: Option<SmallSets>,
    /// The least probability of the next step; `None` where it would be too much work, or nothing is dropped.
    least: Option<f64>,
    /// Pairs of sets that the last two steps looked at.
    pairs: [usize; 2],
}

impl Steps {
    pub(super) fn new() -> Self {
        Self { sets: None, least: Some(1.0), pairs: [0; 2] }
    }

    /// Goes on until no more than `loss` of what the sets hold is dropped, or another step would be more than half of the
    /// work that is left. Returns how many pairs it looked at.
    pub(super) fn refine(&mut self, question: Question<'_>, loss: f64, work: usize) -> usize {
        let mut left = work;
        while let Some(least) = self.least
            && self.sets.as_ref().is_none_or(|sets| sets.dropped > loss * sets.held())
        {
            let allowed = left / 2;
            let [before, last] = self.pairs;
            // It grows as it grew.
            let expected = last.saturating_mul(last).checked_div(before).unwrap_or(last);
            if expected > allowed {
                self.least = None;
                break;
            }
            let mut unused = allowed;
            let found = small_sets(question, least, &mut unused);
            self.pairs = [last, allowed - unused];
            left -= allowed - unused;
            let next = found.as_ref().map(|sets| (sets.largest * FINER).min(least / 2.0));
            self.least = next.filter(|least| *least > 0.0);
            self.sets = found.or(self.sets.take());
        }
        work - left
    }

    /// No small sets at all.
    #[cfg(test)]
    pub(super) fn none() -> Self {
        Self { sets: None, least: None, pairs: [0; 2] }
    }
}

/// Looks for the sets, and drops unions below `least`. `None` if more than `work` pairs of sets would have to be looked at, or a
/// quarter as many be kept.
pub(super) fn small_sets(question: Question<'_>, least: f64, work: &mut usize) -> Option<SmallSets> {
    let Question { cone, order, chance, roots } = question;
    let mut families = vec![Family::default(); cone.len()];
    for (level, event) in order.iter().enumerate() {
        let present = chance[level][1].hi;
        if present > 0.0 {
            families[*event as usize].push([level as u32], present);
        }
    }
    let present = chance.iter().map(|[_, present]| present.hi).collect();
    let mut search = Search { cone, present, families, least, dropped: 0.0, largest: 0.0, work };
    let below = cone.below(roots);
    for (range, cyclic) in cone.parts() {
        let wanted: Vec<usize> = range.filter(|gate| below[cone.events + gate]).collect();
        for round in 0.. {
            let before = search.dropped;
            let mut changed = false;
            for gate in &wanted {
                let family = search.gate(*gate)?;
                let term = cone.events + gate;
                changed |= search.families[term] != family;
                search.families[term] = family;
            }
            // What is dropped counts once, by the families that stay.
            if !cyclic || !changed {
                break;
            }
            if round == MOST_ROUNDS {
                return None;
            }
            search.dropped = before;
        }
    }
    let family = search.at_least(roots.len(), roots)?;
    Some(SmallSets { family, dropped: search.dropped, largest: search.largest })
}

struct Search<'c> {
    cone: &'c Cone,
    /// By level, its probability at most.
    present: Vec<f64>,
    /// By term.
    families: Vec<Family>,
    least: f64,
    dropped: f64,
    largest: f64,
    work: &'c mut usize,
}

impl Search<'_> {
    fn gate(&mut self, gate: usize) -> Option<Family> {
        let cone = self.cone;
        self.at_least(cone.threshold(gate), cone.inputs(gate))
    }

    /// The sets that make so many of some terms fail: for each number up to that, those among the terms so far.
    fn at_least(&mut self, threshold: usize, terms: &[u32]) -> Option<Family> {
        if threshold == 1 {
            let mut all = Family::default();
            for term in terms {
                let family = &self.families[*term as usize];
                *self.work = self.work.checked_sub(KEPT * family.len() + 1)?;
                all.extend(family);
            }
            return Some(all.minimal());
        }
        let mut so_far = vec![Family::default(); threshold + 1];
        so_far[0] = Family::certain();
        for (seen, term) in terms.iter().enumerate() {
            let to_come = terms.len() - seen - 1;
            for count in (threshold.saturating_sub(to_come).max(1)..=threshold.min(seen + 1)).rev() {
                let mut more = if count == 1 {
                    self.families[*term as usize].clone()
                } else {
                    let one = std::mem::take(&mut self.families[*term as usize]);
                    let both = self.both(&one, &so_far[count - 1]);
                    self.families[*term as usize] = one;
                    both?
                };
                let before = std::mem::take(&mut so_far[count]);
                if before.len() > 0 {
                    // All so far are gone over again for each term: with many terms that is most of it.
                    *self.work = self.work.checked_sub(KEPT * (more.len() + before.len()))?;
                    more.extend(&before);
                    more = more.minimal();
                }
                so_far[count] = more;
            }
        }
        so_far.pop()
    }

    /// The unions of a set of each of two families.
    fn both(&mut self, a: &Family, b: &Family) -> Option<Family> {
        *self.work = self.work.checked_sub(KEPT * (a.len() + b.len()) + 1)?;
        let mut unions = Family::default();
        // What is in both is a union, and part of every union that it is in.
        let (a, b) = a.apart(b, &mut unions);
        let (tails, places) = (b.tails(), b.places());
        // Sets of b that have a level in common with the set of a that is being looked at are marked with its place.
        let mut mark = vec![u32::MAX; b.len()];
        let mut union = Vec::new();
        for at in 0..a.len() {
            let (set, mass) = (a.set(at), a.mass[at]);
            for level in set {
                let first = places.partition_point(|place| place.0 < *level);
                let common = places[first..].iter().take_while(|place| place.0 == *level);
                for (_, with) in common {
                    let with = *with as usize;
                    if std::mem::replace(&mut mark[with], at as u32) == at as u32 {
                        continue;
                    }
                    *self.work = self.work.checked_sub(1)?;
                    let mass = self.union(set, b.set(with), &mut union);
                    if mass >= self.least {
                        *self.work = self.work.checked_sub(KEPT)?;
                        unions.push(union.iter().copied(), mass);
                    } else {
                        self.drop(mass, mass);
                    }
                }
            }
            let mut with = 0;
            while with < b.len() && mass * b.mass[with] >= self.least {
                *self.work = self.work.checked_sub(KEPT)?;
                if mark[with] != at as u32 {
                    let mass = self.union(set, b.set(with), &mut union);
                    unions.push(union.iter().copied(), mass);
                }
                with += 1;
            }
            if with < b.len() {
                self.drop(mul_up(mass, tails[with]), mass * b.mass[with]);
            }
        }
        Some(unions.minimal())
    }

    /// Notes unions that are dropped: their probabilities, summed up, and the greatest.
    fn drop(&mut self, sum: f64, largest: f64) {
        self.dropped = add_up(self.dropped, sum);
        self.largest = self.largest.max(largest);
    }

    /// Writes the union of two sets, and returns its probability, at most: the same however a set came about.
    fn union(&self, a: &[u32], b: &[u32], union: &mut Vec<u32>) -> f64 {
        union.clear();
        let mut rest = a;
        for level in b {
            while let Some(first) = rest.first().filter(|first| *first < level) {
                union.push(*first);
                rest = &rest[1..];
            }
            if rest.first() == Some(level) {
                rest = &rest[1..];
            }
            union.push(*level);
        }
        union.extend_from_slice(rest);
        union.iter().fold(1.0, |mass, level| mul_up(mass, self.present[*level as usize]))
    }
}
