//! Views by sampling: where monitors are unreliable and their readings too many to list, incidents are drawn and the posterior
//! given each view's readings is computed exactly, over all worlds that what is public leaves.
//!
//! What a view sees splits the rivals of an incident into [`Patterns`]: worlds that make all channels it sees read alike in
//! probability share their likelihood, whatever is read. A pattern's likelihood, relative to a world in which every channel is
//! as usual, is that of the reading which is expected there, worked out once, and a change for each channel that does not read
//! so. What is impossible is counted, not multiplied: a world is possible if none of its factors is 0.
//!
//! A view that sees none of the channels in which the rivals differ knows what is public, whatever else it sees; views that
//! see the same of them know the same, in whatever structure they are. And two structures in which the rivals' faults fall to the same
//! parties, whatever these are called, ask the same. So what was worked out is kept ([`Beliefs`]) by these three: the group of
//! rivals, what of their differences is seen, who answers. Fifty structures that differ by a merger or a clause each cost little more
//! than one.
//!
//! The same incidents serve all views and all structures (common random numbers): a difference between two of them is far better
//! known than either.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::draws::{Change, Rivals};
use super::rows::Rows;
use super::tally::Read;
use super::worlds::World;
use crate::random::{key, mix};

/// What was worked out and may be kept, in words of eight bytes; when there is more, it is forgotten and worked out anew.
const ROOM: usize = 1 << 24;

/// What was worked out of drawn incidents.
#[derive(Default)]
pub(super) struct Beliefs {
    /// By group of rivals and what is seen of their differences: doubt about the fault, by incident.
    faults: FxHashMap<(u32, u128), Rc<Vec<f64>>>,
    /// By that and by who answers.
    answers: FxHashMap<(u32, u128, u128), Rc<Answers>>,
    used: usize,
}

/// What a view's readings say of who answers, in all incidents of one group.
pub(super) struct Answers {
    /// By incident.
    pub(super) reads: Vec<Read>,
    /// By incident: the posterior; none where it was not wanted. Outcomes by their place in [`Asked::outcomes`].
    pub(super) posteriors: Rows<(u32, f64)>,
}

/// How much of it is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wants {
    Reads,
    Posteriors,
}

/// Who answers for the worlds of one group.
pub(super) struct Asked {
    /// The outcomes in question, by number, in the order in which the worlds name them.
    pub(super) outcomes: Vec<u32>,
    /// By world of the group: outcomes, by their place there, with their fractions.
    fractions: Rows<(u32, f64)>,
    /// The same for all structures in which the answers differ in nothing but name.
    hash: u128,
}

impl Asked {
    /// O(answers of the worlds).
    pub(super) fn of(rivals: &Rivals, answers: &Rows<(u32, f64)>) -> Self {
        let mut outcomes: Vec<u32> = Vec::new();
        let mut places: FxHashMap<u32, u32> = FxHashMap::default();
        let mut fractions = Rows::new();
        let mut hash = [0_u64; 2];
        let mut add = |word: u64| {
            hash[0] = mix(hash[0] ^ word);
            hash[1] = mix(hash[1].wrapping_add(word).rotate_left(23));
        };
        for world in &rivals.worlds {
            let answers = answers.row(*world as usize);
            add(answers.len() as u64);
            fractions.push(answers.iter().map(|(outcome, fraction)| {
                let place = *places.entry(*outcome).or_insert_with(|| {
                    outcomes.push(*outcome);
                    outcomes.len() as u32 - 1
                });
                add(u64::from(place));
                add(fraction.to_bits());
                (place, *fraction)
            }));
        }
        let hash = u128::from(hash[0]) << 64 | u128::from(hash[1]);
        Self { outcomes, fractions, hash }
    }
}

/// What of its rivals' differences each view sees.
pub(super) struct Seen {
    /// By view.
    hash: Vec<u128>,
}

/// By channel: the views that see it, rising.
pub(super) fn viewers(views: &[&[u32]], channels: usize) -> Rows<u32> {
    let pairs = (0_u32..).zip(views).flat_map(|(view, seen)| seen.iter().map(move |channel| (*channel, view)));
    Rows::sorted(&pairs.collect::<Vec<_>>(), channels)
}

impl Seen {
    /// O(differing channels · views that see them).
    pub(super) fn of(rivals: &Rivals, viewers: &Rows<u32>, views: usize) -> Self {
        let mut hash = vec![0; views];
        for differing in &rivals.differing {
            for view in viewers.row(differing.channel as usize) {
                hash[*view as usize] ^= key(differing.channel as usize);
            }
        }
        Self { hash }
    }
}

impl Beliefs {
    /// Doubt about the fault, in bits, by incident of a group, for a view with what it sees.
    pub(super) fn faults(
        &mut self,
        (number, rivals): (usize, &Rivals),
        worlds: &[World],
        (seen, view, channels): (&Seen, usize, &[u32]),
    ) -> Rc<Vec<f64>> {
        let place = (number as u32, seen.hash[view]);
        if let Some(known) = self.faults.get(&place) {
            return Rc::clone(known);
        }
        let made = Rc::new(Patterns::of(rivals, channels).faults(rivals, worlds));
        self.make_room(made.len());
        self.faults.insert(place, Rc::clone(&made));
        made
    }

    /// What is known of who answers, by incident of a group, to a view with what it sees.
    pub(super) fn answers(
        &mut self,
        (number, rivals, asked): (usize, &Rivals, &Asked),
        worlds: &[World],
        (seen, view, channels): (&Seen, usize, &[u32]),
        (wants, negligible): (Wants, f64),
    ) -> Rc<Answers> {
        let place = (number as u32, seen.hash[view], asked.hash);
        let is_enough = |known: &&Rc<Answers>| wants == Wants::Reads || known.posteriors.len() == known.reads.len();
        if let Some(known) = self.answers.get(&place).filter(is_enough) {
            return Rc::clone(known);
        }
        let made = Rc::new(Patterns::of(rivals, channels).answers(rivals, asked, worlds, (wants, negligible)));
        self.make_room(made.reads.len() * size_of::<Read>() / 8 + 2 * made.posteriors.entries().len());
        self.answers.insert(place, Rc::clone(&made));
        made
    }

    fn make_room(&mut self, more: usize) {
        if self.used + more > ROOM {
            self.faults.clear();
            self.answers.clear();
            self.used = 0;
        }
        self.used += more;
    }
}

/// Worlds of a group, by how the channels read that a view sees.
struct Patterns {
    /// By world: its pattern.
    of_world: Vec<u32>,
    /// By pattern: the likelihood of the expected reading, against that in a world where all is as usual.
    expected: Vec<Change>,
    /// By differing channel: the patterns in which it is in an unusual state, with what a reading that is not expected does beyond
    /// that.
    otherwise: Rows<(u32, Change)>,
    /// By differing channel: whether the view sees it.
    is_seen: Vec<bool>,
}

impl Patterns {
    /// O(unusual states of the worlds + differing channels · log channels).
    fn of(rivals: &Rivals, channels: &[u32]) -> Self {
        let is_seen: Vec<bool> =
            rivals.differing.iter().map(|differing| channels.binary_search(&differing.channel).is_ok()).collect();
        let mut known: FxHashMap<u128, u32> = FxHashMap::default();
        let (mut of_world, mut expected, mut otherwise) = (Vec::new(), Vec::new(), Vec::new());
        for world in 0..rivals.worlds.len() {
            let seen = rivals.unusual.row(world).iter().filter(|(place, _)| is_seen[*place as usize]);
            let hash =
                seen.clone().fold(0, |hash, (place, state)| hash ^ key(4 * *place as usize + usize::from(*state)));
            let next = known.len() as u32;
            let pattern = *known.entry(hash).or_insert(next);
            of_world.push(pattern);
            if pattern < next {
                continue;
            }
            let mut sum = Change::default();
            for (place, state) in seen {
                let [change, beyond] = rivals.differing[*place as usize].unusual[usize::from(*state)];
                sum = sum.plus(change);
                otherwise.push((*place, (pattern, beyond)));
            }
            expected.push(sum);
        }
        Self { of_world, expected, otherwise: Rows::sorted(&otherwise, rivals.differing.len()), is_seen }
    }

    /// By pattern, the likelihood of what is read in an incident, relative to the greatest.
    fn likelihoods(&self, rivals: &Rivals, incident: usize, changes: &mut Vec<Change>, likelihoods: &mut Vec<f64>) {
        changes.clone_from(&self.expected);
        let mut impossible = 0;
        for place in rivals.unexpected.row(incident).iter().filter(|place| self.is_seen[**place as usize]) {
            impossible += i32::from(rivals.differing[*place as usize].is_certain);
            for (pattern, beyond) in self.otherwise.row(*place as usize) {
                let change = &mut changes[*pattern as usize];
                *change = change.plus(*beyond);
            }
        }
        let is_possible = |change: &&Change| change.zeros + impossible == 0;
        let greatest = changes.iter().filter(is_possible).map(|change| change.log).fold(f64::NEG_INFINITY, f64::max);
        likelihoods.clear();
        likelihoods.extend(changes.iter().map(
            |change| {
                if is_possible(&change) { (change.log - greatest).exp() } else { 0.0 }
            },
        ));
    }

    /// By incident: doubt about the fault. With masses m of the faults in a pattern of likelihood L, all that is needed of a
    /// fault that is in no other pattern is in Σ m and Σ m log m.
    fn faults(&self, rivals: &Rivals, worlds: &[World]) -> Vec<f64> {
        let mut masses: Vec<(u32, u32, f64)> = Vec::new();
        for (world, pattern) in rivals.worlds.iter().zip(&self.of_world) {
            let World { weight, shares, .. } = &worlds[*world as usize];
            let shares = shares.iter().filter(|(_, share)| *share > 0.0);
            masses.extend(shares.map(|(fault, share)| (fault.index() as u32, *pattern, weight * share)));
        }
        masses.sort_unstable_by_key(|(fault, pattern, _)| (*fault, *pattern));
        masses.dedup_by(|next, kept| {
            let same = (next.0, next.1) == (kept.0, kept.1);
            kept.2 += if same { next.2 } else { 0.0 };
            same
        });
        masses.retain(|(.., mass)| *mass > 0.0);
        // By pattern: Σ m and Σ m log m of the faults that are in no other; of the others, the row of each.
        let mut own = vec![[0.0; 2]; self.expected.len()];
        let mut shared: Rows<(u32, f64)> = Rows::new();
        for fault in masses.chunk_by(|a, b| a.0 == b.0) {
            if let [(_, pattern, mass)] = fault {
                let [sum, logs] = &mut own[*pattern as usize];
                *sum += mass;
                *logs += mass * mass.log2();
            } else {
                shared.push(fault.iter().map(|(_, pattern, mass)| (*pattern, *mass)));
            }
        }
        let (mut changes, mut likelihoods) = (Vec::new(), Vec::new());
        let doubt = |incident: usize| {
            self.likelihoods(rivals, incident, &mut changes, &mut likelihoods);
            let (mut all, mut logs) = (0.0, 0.0);
            for (likelihood, [sum, log]) in likelihoods.iter().zip(&own).filter(|(likelihood, _)| **likelihood > 0.0) {
                all += likelihood * sum;
                logs += likelihood * (log + sum * likelihood.log2());
            }
            for row in 0..shared.len() {
                let mass: f64 = shared.row(row).iter().map(|(pattern, m)| likelihoods[*pattern as usize] * m).sum();
                if mass > 0.0 {
                    all += mass;
                    logs += mass * mass.log2();
                }
            }
            // What rounding leaves of a certain fault is nothing.
            if all > 0.0 { (all.log2() - logs / all).max(0.0) } else { 0.0 }
        };
        (0..rivals.incidents.len()).map(doubt).collect()
    }

    /// By incident: what is known of who answers.
    fn answers(&self, rivals: &Rivals, asked: &Asked, worlds: &[World], (wants, negligible): (Wants, f64)) -> Answers {
        let mut masses: Vec<(u32, u32, f64)> = Vec::new();
        for (at, world) in rivals.worlds.iter().enumerate() {
            let (pattern, weight) = (self.of_world[at], worlds[*world as usize].weight);
            masses.extend(asked.fractions.row(at).iter().map(|(outcome, part)| (pattern, *outcome, weight * part)));
        }
        masses.sort_by_key(|(pattern, outcome, _)| (*pattern, *outcome));
        masses.dedup_by(|next, kept| {
            let same = (next.0, next.1) == (kept.0, kept.1);
            kept.2 += if same { next.2 } else { 0.0 };
            same
        });
        let (mut reads, mut posteriors) = (Vec::new(), Rows::new());
        let (mut changes, mut likelihoods) = (Vec::new(), Vec::new());
        let mut sums = vec![0.0; asked.outcomes.len()];
        let mut posterior: Vec<(u32, f64)> = Vec::new();
        for incident in 0..rivals.incidents.len() {
            self.likelihoods(rivals, incident, &mut changes, &mut likelihoods);
            sums.fill(0.0);
            for (pattern, outcome, mass) in &masses {
                sums[*outcome as usize] += likelihoods[*pattern as usize] * mass;
            }
            let all: f64 = sums.iter().sum();
            posterior.clear();
            let named = (0_u32..).zip(&sums).filter(|(_, sum)| **sum > 0.0);
            posterior.extend(named.map(|(outcome, sum)| (outcome, sum / all)));
            reads.push(Read::of(&posterior, negligible));
            if wants == Wants::Posteriors {
                posteriors.push(posterior.iter().copied());
            }
        }
        Answers { reads, posteriors }
    }
}
