//! Going over the members of a loop until nothing changes, without going over all of them each time.
//!
//! The members stand close to the order in which failure runs, so that one pass in order does most of the work. What a pass
//! cannot know is what comes against the order. So each member that changes asks for those that depend on it: the ones that
//! are still to come are met in the same round, the others in the next. After the first round only what was asked for is
//! visited, in order, out of a heap. In a street of gates that fail by both neighbours, half of all failures run against any order, one
//! step a round; a round then costs that step, not the street.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Room for rounds, to be used again; between uses nothing waits.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    /// To be visited in this round.
    now: BinaryHeap<Reverse<u32>>,
    /// To be visited in the next one.
    later: Vec<u32>,
    /// By place, whether it is in either.
    waits: Vec<bool>,
}

/// How a visit asks for others.
pub(super) struct Again<'r> {
    rounds: &'r mut Rounds,
    at: usize,
    is_first_round: bool,
}

impl Again<'_> {
    /// Has a place visited again, as soon as the order allows.
    #[inline]
    pub(super) fn ask(&mut self, place: usize) {
        let comes = place > self.at;
        if (comes && self.is_first_round) || std::mem::replace(&mut self.rounds.waits[place], true) {
            return;
        }
        if comes {
            self.rounds.now.push(Reverse(place as u32));
        } else {
            self.rounds.later.push(place as u32);
        }
    }
}

impl Rounds {
    /// Visits the places below `count` in order, then those asked for, until there are none. Places are below 2^32.
    pub(super) fn run(&mut self, count: usize, mut visit: impl FnMut(usize, &mut Again<'_>)) {
        if self.waits.len() < count {
            self.waits.resize(count, false);
        }
        for at in 0..count {
            visit(at, &mut Again { rounds: self, at, is_first_round: true });
        }
        while !self.later.is_empty() {
            self.now.extend(self.later.drain(..).map(Reverse));
            while let Some(Reverse(place)) = self.now.pop() {
                let at = place as usize;
                self.waits[at] = false;
                visit(at, &mut Again { rounds: self, at, is_first_round: false });
            }
        }
    }
}
