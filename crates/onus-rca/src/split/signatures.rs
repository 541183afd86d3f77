//! Views by signature: incidents that a view reads alike are one class, and everything about the view follows from the
//! classes and the outcomes in them.
//!
//! Most incidents raise no alarm that a given contractor sees, and all of those with the same failed services read alike to it.
//! So the public classes are summed up once for each question ([`Level::of`]), and a view only looks at the incidents in which one of
//! its own channels alarms: [`Signatures::read`] hashes them, once for all questions, and [`Signatures::view`] takes what they are
//! out of their public classes and groups it by hash. A structure with as many contractors as systems costs little more than one with
//! few.

use super::rows::Rows;
use super::tally::{Posterior, Read, Tally};
use crate::random::key;

/// Outcome with its mass and the number of incidents that have some of it.
type Entry = (u32, f64, u32);

/// What a view reads.
#[derive(Clone, Copy)]
pub(super) enum Source<'r> {
    /// Some channels, given the incidents in which each channel alarms.
    Channels(&'r Rows<u32>, &'r [u32]),
    /// By incident, a hash of what is read; 0 for nothing.
    Hashes(&'r [u128]),
}

/// All incidents, by what is public, with what one view reads of them.
pub(super) struct Signatures<'d> {
    weight: Vec<f64>,
    /// By incident.
    world: Vec<u32>,
    /// By affecting world.
    class: &'d [u32],
    /// By class: its incidents.
    incidents: Rows<u32>,
    /// By incident: what the view reads of it.
    hash: Vec<u128>,
    /// Incidents of which the view reads something, by class and hash.
    touched: Vec<u32>,
    group: Vec<Entry>,
    taken: Vec<Entry>,
    posterior: Vec<(u32, f64)>,
}

/// What is asked at a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    /// How much doubt there is.
    Doubt,
    /// Everything.
    All,
}

/// What is public, at one level.
pub(super) struct Level<'d> {
    /// By affecting world: outcomes with their fractions.
    outcome: &'d Rows<(u32, f64)>,
    asks: Asks,
    negligible: f64,
    /// By class: its outcomes in order.
    public: Vec<Vec<Entry>>,
    /// By class.
    tally: Vec<Tally>,
    /// By class: the one outcome it leaves.
    alone: Vec<Option<u32>>,
    /// Of all classes.
    base: Tally,
    /// By outcome: mass of the classes that leave it alone.
    pub(super) publicly_alone: Vec<f64>,
}

/// What a view comes to.
pub(super) struct Viewed {
    pub(super) tally: Tally,
    /// By outcome, sparse: mass of the incidents in which it is read to be the only one, beyond that which is public.
    pub(super) alone: Vec<(u32, f64)>,
}

impl<'d> Level<'d> {
    /// O(incidents · outcomes of each · log).
    pub(super) fn of(
        signatures: &Signatures<'_>,
        outcome: &'d Rows<(u32, f64)>,
        outcomes: usize,
        asks: Asks,
        negligible: f64,
    ) -> Self {
        let mut level = Self {
            outcome,
            asks,
            negligible,
            public: Vec::new(),
            tally: Vec::new(),
            alone: Vec::new(),
            base: Tally::default(),
            publicly_alone: vec![0.0; outcomes],
        };
        let mut posterior = Vec::new();
        for class in 0..signatures.incidents.len() {
            let mut entries: Vec<Entry> = Vec::new();
            for incident in signatures.incidents.row(class) {
                signatures.entries(&level, *incident, &mut entries);
            }
            merge(&mut entries);
            let mut tally = Tally::default();
            let mass = normalised(&entries, &mut posterior);
            let read = level.read(&posterior);
            if mass > 0.0 {
                tally.add(mass, &read);
            }
            let alone = read.alone.map(|(outcome, _)| outcome);
            if let Some(outcome) = alone {
                level.publicly_alone[outcome as usize] += mass_of(&entries, outcome);
            }
            level.base = level.base.plus(tally, 1.0);
            level.public.push(entries);
            level.tally.push(tally);
            level.alone.push(alone);
        }
        level
    }

    fn read(&self, posterior: &Posterior) -> Read {
        match self.asks {
            Asks::Doubt => Read::doubt(posterior),
            Asks::All => Read::of(posterior, self.negligible),
        }
    }

    /// Adds one reading; whether it leaves one outcome.
    fn add(&self, group: &[Entry], posterior: &mut Vec<(u32, f64)>, viewed: &mut Viewed) -> bool {
        let mass = normalised(group, posterior);
        if mass <= 0.0 {
            return false;
        }
        let read = self.read(posterior);
        viewed.tally.add(mass, &read);
        viewed.alone.extend(read.alone.map(|(outcome, _)| (outcome, mass_of(group, outcome))));
        read.alone.is_some()
    }
}

impl<'d> Signatures<'d> {
    /// Given, by incident, its weight and world, and by world the class of what is public of it.
    pub(super) fn of(weight: Vec<f64>, world: Vec<u32>, class: &'d [u32], classes: usize) -> Self {
        let by_class: Vec<(u32, u32)> = world.iter().map(|world| class[*world as usize]).zip(0..).collect();
        let incidents = Rows::sorted(&by_class, classes);
        let hash = vec![0; weight.len()];
        let (touched, group, taken, posterior) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { weight, world, class, incidents, hash, touched, group, taken, posterior }
    }

    /// Marks the incidents in which what is public leaves one outcome.
    pub(super) fn mark_public(&self, level: &Level<'_>, marked: &mut [bool]) {
        for class in (0..level.alone.len()).filter(|class| level.alone[*class].is_some()) {
            for incident in self.incidents.row(class) {
                marked[*incident as usize] = true;
            }
        }
    }

    /// Mass of some incidents.
    pub(super) fn mass(&self, marked: &[bool]) -> f64 {
        self.weight.iter().zip(marked).filter(|(_, marked)| **marked).map(|(weight, _)| weight).sum()
    }

    fn entries(&self, level: &Level<'_>, incident: u32, entries: &mut Vec<Entry>) {
        let weight = self.weight[incident as usize];
        let outcomes = level.outcome.row(self.world[incident as usize] as usize);
        entries.extend(outcomes.iter().map(|(outcome, fraction)| (*outcome, weight * fraction, 1)));
    }

    /// Hashes what a view reads, beyond what is public. What was read before is forgotten.
    ///
    /// O(alarms of its channels, or incidents; and log of the incidents in which something is read for each of them).
    pub(super) fn read(&mut self, source: Source<'_>) {
        for incident in self.touched.drain(..) {
            self.hash[incident as usize] = 0;
        }
        match source {
            Source::Channels(alarmed, channels) => {
                for channel in channels {
                    let word = key(*channel as usize);
                    for incident in alarmed.row(*channel as usize) {
                        let hash = &mut self.hash[*incident as usize];
                        if *hash == 0 {
                            self.touched.push(*incident);
                        }
                        *hash ^= word;
                    }
                }
            }
            Source::Hashes(column) => {
                self.hash.copy_from_slice(column);
                self.touched.extend((0_u32..).zip(column).filter(|(_, hash)| **hash != 0).map(|(at, _)| at));
            }
        }
        let (class, world, hash) = (self.class, &self.world, &self.hash);
        let key = |incident: &u32| (class[world[*incident as usize] as usize], hash[*incident as usize], *incident);
        self.touched.sort_unstable_by_key(key);
    }

    /// What the view comes to that was read last. Incidents that it isolates are marked.
    ///
    /// O(incidents in which something is read · log + outcomes of the public classes they are in).
    pub(super) fn view(&mut self, level: &Level<'_>, marked: &mut [bool]) -> Viewed {
        let [mut group, mut taken] = [&mut self.group, &mut self.taken].map(std::mem::take);
        let mut posterior = std::mem::take(&mut self.posterior);
        let hash = |incident: u32| self.hash[incident as usize];
        let class_of = |incident: u32| self.class[self.world[incident as usize] as usize];
        let mut viewed = Viewed { tally: level.base, alone: Vec::new() };
        for of_class in self.touched.chunk_by(|a, b| class_of(*a) == class_of(*b)) {
            let class = class_of(of_class[0]) as usize;
            viewed.tally = viewed.tally.plus(level.tally[class], -1.0);
            if let Some(outcome) = level.alone[class] {
                viewed.alone.push((outcome, -mass_of(&level.public[class], outcome)));
            }
            taken.clear();
            for alike in of_class.chunk_by(|a, b| hash(*a) == hash(*b)) {
                group.clear();
                for incident in alike {
                    self.entries(level, *incident, &mut group);
                }
                merge(&mut group);
                taken.extend_from_slice(&group);
                if level.add(&group, &mut posterior, &mut viewed) {
                    for incident in alike {
                        marked[*incident as usize] = true;
                    }
                }
            }
            merge(&mut taken);
            group.clear();
            left(&level.public[class], &taken, &mut group);
            if !group.is_empty() && level.add(&group, &mut posterior, &mut viewed) && level.alone[class].is_none() {
                let silent = self.incidents.row(class).iter().filter(|incident| hash(**incident) == 0);
                silent.for_each(|incident| marked[*incident as usize] = true);
            }
        }
        (self.group, self.taken, self.posterior) = (group, taken, posterior);
        viewed
    }

    /// Every reading of the view that was read last, with its probability, what it says and its posterior.
    pub(super) fn each(&mut self, level: &Level<'_>, mut visit: impl FnMut(f64, &Read, &Posterior)) {
        let mut all: Vec<(u32, u128, u32)> = (0_u32..)
            .zip(&self.world)
            .map(|(incident, world)| (self.class[*world as usize], self.hash[incident as usize], incident))
            .collect();
        all.sort_unstable();
        let mut group = std::mem::take(&mut self.group);
        let mut posterior = std::mem::take(&mut self.posterior);
        for alike in all.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            group.clear();
            for (_, _, incident) in alike {
                self.entries(level, *incident, &mut group);
            }
            merge(&mut group);
            let mass = normalised(&group, &mut posterior);
            if mass > 0.0 {
                visit(mass, &level.read(&posterior), &posterior);
            }
        }
        (self.group, self.posterior) = (group, posterior);
    }
}

/// Sorts by outcome and adds up what is of one outcome.
fn merge(entries: &mut Vec<Entry>) {
    entries.sort_by_key(|entry| entry.0);
    entries.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
            kept.2 += next.2;
        }
        same
    });
}

/// What of a class's outcomes is left when some are taken: an outcome of which all incidents are taken is gone, whatever
/// rounding would leave of it.
fn left(all: &[Entry], taken: &[Entry], rest: &mut Vec<Entry>) {
    let mut taken = taken.iter().peekable();
    for (outcome, mass, count) in all {
        let (mut mass, mut count) = (*mass, *count);
        if let Some((_, gone, fewer)) = taken.next_if(|entry| entry.0 == *outcome) {
            mass -= gone;
            count -= fewer;
        }
        if count > 0 {
            rest.push((*outcome, mass.max(0.0), count));
        }
    }
}

/// The distribution that masses mean; returns their sum.
fn normalised(entries: &[Entry], posterior: &mut Vec<(u32, f64)>) -> f64 {
    let mass: f64 = entries.iter().map(|entry| entry.1).sum();
    posterior.clear();
    if mass > 0.0 {
        posterior.extend(entries.iter().map(|(outcome, own, _)| (*outcome, own / mass)));
    }
    mass
}

fn mass_of(entries: &[Entry], outcome: u32) -> f64 {
    entries.iter().find(|entry| entry.0 == outcome).map_or(0.0, |entry| entry.1)
}
