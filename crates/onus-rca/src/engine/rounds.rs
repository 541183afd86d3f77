//! Going over the members of a loop until nothing changes, without going over all of them each time.
//!
//! The members stand close to the order in which failure runs, so that one pass in order does most of the work. What a pass
//! cannot know is what comes against the order. So each member that changes asks for those that depend on it: the ones that
//! are still to come are met in the same round, the others in the next. After the first round only what was asked for is
//! visited, in order. In a street of gates that fail by both neighbours, half of all failures run against any order, one
//! step a round; a round then costs that step, not the street. Where a round comes to visit more than a few of all places it
//! goes over the rest of them as the first did: then nothing that is still to come needs to be asked for, which is what costs.
//!
//! What waits is a set of bits, and above it a bit for each word that is not empty, and so on up: asking and finding the
//! next take as many steps as there are levels, five at most (van Emde Boas 1975, with words for the recursion).

/// A round that has visited one in so many places goes over all that are left.
const FEW: usize = 64;

/// Room for rounds, to be used again; between uses nothing waits.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    /// A bit a place that waits; above it a bit a word.
    levels: Vec<Vec<u64>>,
    /// Places.
    count: usize,
    /// The place after the one that was visited last.
    next: usize,
    /// Whether all places are visited up to the end of this round.
    is_dense: bool,
    /// Places visited in this round.
    visited: usize,
}

impl Rounds {
    /// Begins with a round over all places below `count`.
    pub(super) fn begin(&mut self, count: usize) {
        let mut words = count.div_ceil(64).max(1);
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            if self.levels[level].len() < words {
                self.levels[level].resize(words, 0);
            }
            if words == 1 && level + 1 >= self.levels.len() {
                break;
            }
            words = words.div_ceil(64);
        }
        (self.count, self.next, self.is_dense, self.visited) = (count, 0, true, 0);
    }

    /// The place to be visited now: each in order, then those that were asked for, round by round, until there are none.
    #[inline]
    pub(super) fn next(&mut self) -> Option<usize> {
        if self.is_dense {
            if self.next < self.count {
                let place = self.next;
                self.next += 1;
                if self.levels[0][place / 64] >> (place % 64) & 1 == 1 {
                    self.remove(place);
                }
                return Some(place);
            }
            (self.is_dense, self.next, self.visited) = (false, 0, 0);
        }
        let place = self.waiting(self.next).or_else(|| {
            self.visited = 0;
            self.waiting(0)
        })?;
        self.remove(place);
        self.next = place + 1;
        self.visited += 1;
        self.is_dense = self.visited > self.count / FEW;
        Some(place)
    }

    /// Whether all that is still to come in this round is visited anyway; then only what lies behind needs to be asked for.
    #[inline]
    pub(super) fn is_dense(&self) -> bool {
        self.is_dense
    }

    /// Takes what comes before a place as visited.
    pub(super) fn pass(&mut self, until: usize) {
        while let Some(place) = self.waiting(self.next).filter(|place| *place < until) {
            self.remove(place);
        }
        self.next = until;
    }

    /// Has a place visited again, as soon as the order allows.
    #[inline]
    pub(super) fn ask(&mut self, mut place: usize) {
        if self.is_dense && place >= self.next {
            return;
        }
        for level in &mut self.levels {
            let word = &mut level[place / 64];
            let was_empty = *word == 0;
            *word |= 1 << (place % 64);
            if !was_empty {
                break;
            }
            place /= 64;
        }
    }

    fn remove(&mut self, mut place: usize) {
        for level in &mut self.levels {
            let word = &mut level[place / 64];
            *word &= !(1 << (place % 64));
            if *word != 0 {
                break;
            }
            place /= 64;
        }
    }

    /// The first place from one on that waits.
    fn waiting(&self, from: usize) -> Option<usize> {
        let mut from = from;
        for (height, level) in self.levels.iter().enumerate() {
            let word = *level.get(from / 64)? & (u64::MAX << (from % 64));
            if word != 0 {
                let place = from / 64 * 64 + word.trailing_zeros() as usize;
                return Some(
                    self.levels[..height]
                        .iter()
                        .rev()
                        .fold(place, |place, level| place * 64 + level[place].trailing_zeros() as usize),
                );
            }
            from = from / 64 + 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn what_is_asked_for_is_visited_in_order_round_by_round() {
        let mut rounds = Rounds::default();
        let mut random = 1_usize;
        for (count, often) in [(1, 1), (64, 2), (70_000, 1000), (5, 1), (300_000, 1), (4097, 40)] {
            rounds.begin(count);
            let mut waits: BTreeSet<usize> = (0..count).collect();
            let (mut asks, mut before) = (2000, None);
            while let Some(place) = rounds.next() {
                // Nothing that waits is passed over, and a round ends when nothing waits after its last place.
                match before {
                    Some(before) if place > before => assert!(waits.range(before + 1..place).next().is_none()),
                    Some(before) => assert!(waits.range(before + 1..).chain(waits.range(..place)).next().is_none()),
                    None => assert_eq!(place, 0),
                }
                assert!(waits.remove(&place) || rounds.is_dense());
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                if asks > 0 && (random >> 33).is_multiple_of(often) {
                    asks -= 1;
                    for asked in [(random >> 35) % count, place] {
                        rounds.ask(asked);
                        waits.insert(asked);
                    }
                }
                before = Some(place);
            }
            assert!(waits.is_empty());
        }
    }
}
