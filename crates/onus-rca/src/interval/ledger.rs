//! Who is present in how much: the masses of an expansion, event by event.
//!
//! What is fixed in a leaf is told by the splits above it. Instead of walking up from every leaf, the splits are gone
//! through once, last to first, and each passes on to its parent what hangs below it, so that the whole costs as much as
//! the splits' literals.
//!
//! An event that nothing fixes in some worlds is independent of them: it is present in p of their mass. In a tail, where
//! some literal from a place on does not hold, an event of those literals is not independent: its literal fails in its own
//! part of the worlds that the tail lies in, and holds where another one fails. So every split shares out exactly what
//! it splits, and no bound ever widens.

use super::expansion::{Expansion, Literal};
use super::mass::{Mass, add_up, mul_up, sub_up};

/// Mass by what is known of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tally {
    /// Not decided, at most.
    pub(super) open: Mass,
    /// Surely part of the evidence.
    pub(super) sure: Mass,
    /// The part of `sure` in which the shares are not decided, at most.
    pub(super) unshared: Mass,
}

impl Tally {
    const NOTHING: Self = Self { open: Mass::ZERO, sure: Mass::ZERO, unshared: Mass::ZERO };
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.open += other.open;
        self.sure += other.sure;
        self.unshared += other.unshared;
    }
}

/// What is known of one event.
#[derive(Clone, Copy, Debug)]
struct Entry {
    present: Tally,
    absent: Tally,
    /// Tails with a literal of this event ahead: their open mass, and how much of it has the event present and absent.
    ahead: Mass,
    ahead_present: f64,
    ahead_absent: f64,
}

/// The masses of an expansion.
pub(super) struct Ledger<'p> {
    pub(super) total: Tally,
    entries: Vec<Entry>,
    probability: &'p [f64],
}

impl<'p> Ledger<'p> {
    /// Adds up. `unshared` is, for each split, the mass of its sure part in which the shares are not decided.
    pub(super) fn of(expansion: &Expansion<'p>, unshared: &[f64]) -> Self {
        let nothing = Entry {
            present: Tally::NOTHING,
            absent: Tally::NOTHING,
            ahead: Mass::ZERO,
            ahead_present: 0.0,
            ahead_absent: 0.0,
        };
        let mut ledger = Self {
            total: Tally::NOTHING,
            entries: vec![nothing; expansion.probability.len()],
            probability: expansion.probability,
        };
        let mut below: Vec<Vec<(u32, Tally)>> = vec![Vec::new(); expansion.splits.len()];
        let mut tails: Vec<Option<(u32, Mass)>> = vec![None; expansion.splits.len()];
        // The queue is a heap; sums must not depend on how it is laid out.
        let mut open: Vec<_> = expansion.queue.iter().collect();
        open.sort_unstable_by(|a, b| b.cmp(a));
        for open in open {
            let mass = Tally { open: Mass::exact(open.open), ..Tally::NOTHING };
            let Some(below) = below.get_mut(open.split as usize) else {
                ledger.total += mass;
                continue;
            };
            if open.leaf {
                below.push((open.at, mass));
            } else {
                tails[open.split as usize] = Some((open.at, mass.open));
                let split = &expansion.splits[open.split as usize];
                // The probability that some literal between the tail's place and this one does not hold, and that all do.
                let (mut fails, mut holds) = (0.0, 1.0);
                for (at, literal) in split.literals.iter().enumerate().skip(open.at as usize) {
                    let later = split.rest.get(at + 1).copied().unwrap_or(0.0);
                    let others_fail = add_up(fails, mul_up(holds, later)).min(1.0);
                    let (this, not) = (expansion.weight(*literal).hi, expansion.weight(literal.negated()).hi);
                    let around = open.mass.hi;
                    ledger.ahead(*literal, open.open, mul_up(around, mul_up(this, others_fail)), mul_up(around, not));
                    fails = add_up(fails, mul_up(holds, not)).min(1.0);
                    holds = mul_up(holds, this);
                }
            }
        }
        for (number, split) in expansion.splits.iter().enumerate().rev() {
            let mut here = std::mem::take(&mut below[number]);
            here.sort_by_key(|(at, _)| *at);
            let mut sum = Tally::NOTHING;
            if let Some(sure) = split.sure {
                sum += Tally { sure, unshared: Mass::exact(unshared[number]), ..Tally::NOTHING };
            }
            for (at, literal) in split.literals.iter().enumerate().rev() {
                if let Some((tail, open)) = tails[number]
                    && tail as usize == at + 1
                {
                    sum.open += open;
                }
                ledger.fixed(*literal, sum);
                while let Some((_, mass)) = here.pop_if(|(place, _)| *place as usize == at) {
                    ledger.fixed(literal.negated(), mass);
                    sum += mass;
                }
            }
            if let Some((0, open)) = tails[number] {
                sum.open += open;
            }
            for literal in &split.forced {
                ledger.fixed(*literal, sum);
            }
            match below.get_mut(split.parent as usize) {
                Some(above) => above.push((split.at, sum)),
                None => ledger.total += sum,
            }
        }
        ledger
    }

    fn fixed(&mut self, literal: Literal, mass: Tally) {
        let entry = &mut self.entries[literal.event()];
        *(if literal.present() { &mut entry.present } else { &mut entry.absent }) += mass;
    }

    /// A tail with a literal ahead: in so much of its mass the literal holds, and so much it does not.
    fn ahead(&mut self, literal: Literal, open: f64, holds: f64, fails: f64) {
        let entry = &mut self.entries[literal.event()];
        let [present, absent] = if literal.present() { [holds, fails] } else { [fails, holds] };
        entry.ahead += Mass::exact(open);
        entry.ahead_present = add_up(entry.ahead_present, open.min(present));
        entry.ahead_absent = add_up(entry.ahead_absent, open.min(absent));
    }

    /// Sure mass in which an event is present, and absent.
    pub(super) fn sure(&self, event: usize) -> [Mass; 2] {
        let Entry { present, absent, .. } = self.entries[event];
        let p = self.probability[event];
        let away = self.total.sure.less(present.sure.plus(absent.sure));
        [away.times(Mass::exact(p)).plus(present.sure), away.times(Mass::complement(p)).plus(absent.sure)]
    }

    /// Open mass in which an event is present, and absent, at most.
    pub(super) fn open(&self, event: usize) -> [f64; 2] {
        let Entry { present, absent, ahead, ahead_present, ahead_absent } = self.entries[event];
        let p = self.probability[event];
        let away = self.total.open.less(present.open.plus(absent.open).plus(ahead)).hi;
        let bound = |p: f64, fixed: f64, ahead: f64, other: f64| {
            let by_parts = add_up(add_up(mul_up(p, away), fixed), ahead);
            by_parts.min(sub_up(self.total.open.hi, other))
        };
        [
            bound(p, present.open.hi, ahead_present, absent.open.lo),
            bound(Mass::complement(p).hi, absent.open.hi, ahead_absent, present.open.lo),
        ]
    }

    /// Open mass but for that in which an event is fixed to be absent.
    pub(super) fn open_unless_absent(&self, event: usize) -> f64 {
        sub_up(self.total.open.hi, self.entries[event].absent.open.lo)
    }

    /// Sure mass in which an event may be present and the shares are not decided, at most.
    pub(super) fn unshared(&self, event: usize) -> f64 {
        sub_up(self.total.unshared.hi, self.entries[event].absent.unshared.lo)
    }
}
