//! Views by signature: incidents that a view reads alike are one class, and everything about the view follows from the
//! classes and the outcomes in them.
//!
//! Most incidents raise no alarm that a given contractor sees, and all of those with the same failed services read alike to it.
//! So the public classes are summed up once ([`Signatures::of`]), and a view only looks at the incidents in which one of its own
//! channels alarms ([`Signatures::view`]): what these are is taken out of their public classes and grouped by hashes of
//! the alarms. A structure with as many contractors as systems costs little more than one with few.

use super::channels::{Drawn, FaultDictionary, Rows};
use super::tally::{Posterior, Tally, isolated};
use crate::random::key;

/// Outcome with its mass and the number of incidents that have some of it.
type Entry = (u32, f64, u32);

/// All incidents, by what is public, at one level.
pub(super) struct Signatures<'d> {
    weight: &'d [f64],
    world: &'d [u32],
    alarmed: &'d Rows<u32>,
    class: &'d [u32],
    /// By affecting world: outcomes with their fractions.
    outcome: &'d Rows<(u32, f64)>,
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
    base_alone: Vec<f64>,
    /// By class: its incidents.
    incidents: Rows<u32>,
    scratch: Scratch,
}

/// Reused between views; hashes are all 0 between them.
#[derive(Default)]
struct Scratch {
    /// By incident: what the view reads of it.
    hash: Vec<u128>,
    touched: Vec<u32>,
    group: Vec<Entry>,
    taken: Vec<Entry>,
    posterior: Vec<(u32, f64)>,
}

/// What a view comes to.
pub(super) struct Viewed {
    pub(super) tally: Tally,
    /// By outcome, sparse: mass of the incidents in which it is read to be the only one, beyond that which is public.
    pub(super) alone: Vec<(u32, f64)>,
}

impl<'d> Signatures<'d> {
    /// `None` if the incidents were drawn.
    pub(super) fn of(
        dictionary: &'d FaultDictionary,
        outcome: &'d Rows<(u32, f64)>,
        outcomes: usize,
        negligible: f64,
    ) -> Option<Self> {
        let Drawn::All { weight, world, alarmed, .. } = &dictionary.incidents else { return None };
        let mut by_class: Vec<Vec<u32>> = vec![Vec::new(); dictionary.classes];
        for (incident, world) in world.iter().enumerate() {
            by_class[dictionary.class[*world as usize] as usize].push(incident as u32);
        }
        let mut incidents = Rows::new();
        for row in by_class {
            incidents.push(row);
        }
        let mut signatures = Self {
            weight,
            world,
            alarmed,
            class: &dictionary.class,
            outcome,
            negligible,
            public: Vec::new(),
            tally: Vec::new(),
            alone: Vec::new(),
            base: Tally::default(),
            base_alone: vec![0.0; outcomes],
            incidents,
            scratch: Scratch { hash: vec![0; weight.len()], ..Scratch::default() },
        };
        for class in 0..dictionary.classes {
            let mut entries: Vec<Entry> = Vec::new();
            for incident in signatures.incidents.row(class) {
                signatures.entries(*incident, &mut entries);
            }
            merge(&mut entries);
            let mut tally = Tally::default();
            let mut posterior = Vec::new();
            let mass = normalised(&entries, &mut posterior);
            if mass > 0.0 {
                tally.add(mass, &posterior, negligible);
            }
            let alone = isolated(&posterior, negligible);
            if let Some(outcome) = alone {
                signatures.base_alone[outcome as usize] += mass_of(&entries, outcome);
            }
            signatures.base = signatures.base.plus(tally, 1.0);
            signatures.public.push(entries);
            signatures.tally.push(tally);
            signatures.alone.push(alone);
        }
        Some(signatures)
    }

    /// By outcome: mass of the incidents in which what is public leaves it alone.
    pub(super) fn publicly_alone(&self) -> &[f64] {
        &self.base_alone
    }

    /// Marks the incidents in which what is public leaves one outcome.
    pub(super) fn mark_public(&self, marked: &mut [bool]) {
        for class in (0..self.alone.len()).filter(|class| self.alone[*class].is_some()) {
            for incident in self.incidents.row(class) {
                marked[*incident as usize] = true;
            }
        }
    }

    /// Mass of some incidents.
    pub(super) fn mass(&self, marked: &[bool]) -> f64 {
        self.weight.iter().zip(marked).filter(|(_, marked)| **marked).map(|(weight, _)| weight).sum()
    }

    fn entries(&self, incident: u32, entries: &mut Vec<Entry>) {
        let weight = self.weight[incident as usize];
        let outcomes = self.outcome.row(self.world[incident as usize] as usize);
        entries.extend(outcomes.iter().map(|(outcome, fraction)| (*outcome, weight * fraction, 1)));
    }

    fn class_of(&self, incident: u32) -> u32 {
        self.class[self.world[incident as usize] as usize]
    }

    /// What a view comes to that sees what is public and some channels. Incidents that it isolates are marked.
    ///
    /// O(alarms of these channels · log + outcomes of the public classes they are in).
    pub(super) fn view(&mut self, channels: &[u32], marked: &mut [bool]) -> Viewed {
        let mut scratch = self.read(channels);
        let mut viewed = Viewed { tally: self.base, alone: Vec::new() };
        let Scratch { hash, touched, group, taken, posterior } = &mut scratch;
        for of_class in touched.chunk_by(|a, b| self.class_of(*a) == self.class_of(*b)) {
            let class = self.class_of(of_class[0]) as usize;
            viewed.tally = viewed.tally.plus(self.tally[class], -1.0);
            if let Some(outcome) = self.alone[class] {
                viewed.alone.push((outcome, -mass_of(&self.public[class], outcome)));
            }
            taken.clear();
            for alike in of_class.chunk_by(|a, b| hash[*a as usize] == hash[*b as usize]) {
                group.clear();
                for incident in alike {
                    self.entries(*incident, group);
                }
                merge(group);
                taken.extend_from_slice(group);
                if self.reading(group, posterior, &mut viewed) {
                    for incident in alike {
                        marked[*incident as usize] = true;
                    }
                }
            }
            merge(taken);
            group.clear();
            left(&self.public[class], taken, group);
            if !group.is_empty() && self.reading(group, posterior, &mut viewed) && self.alone[class].is_none() {
                let silent = self.incidents.row(class).iter().filter(|incident| hash[**incident as usize] == 0);
                silent.for_each(|incident| marked[*incident as usize] = true);
            }
        }
        for incident in touched.drain(..) {
            hash[incident as usize] = 0;
        }
        self.scratch = scratch;
        viewed
    }

    /// Adds one reading; whether it leaves one outcome.
    fn reading(&self, group: &[Entry], posterior: &mut Vec<(u32, f64)>, viewed: &mut Viewed) -> bool {
        let mass = normalised(group, posterior);
        if mass <= 0.0 {
            return false;
        }
        viewed.tally.add(mass, posterior, self.negligible);
        let alone = isolated(posterior, self.negligible);
        viewed.alone.extend(alone.map(|outcome| (outcome, mass_of(group, outcome))));
        alone.is_some()
    }

    /// Every reading of some channels with its probability and posterior.
    pub(super) fn each(&mut self, channels: &[u32], mut visit: impl FnMut(f64, &Posterior)) {
        let mut scratch = self.read(channels);
        let mut all: Vec<(u32, u128, u32)> = (0..self.weight.len() as u32)
            .map(|incident| (self.class_of(incident), scratch.hash[incident as usize], incident))
            .collect();
        all.sort_unstable();
        for alike in all.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            scratch.group.clear();
            for (_, _, incident) in alike {
                self.entries(*incident, &mut scratch.group);
            }
            merge(&mut scratch.group);
            let mass = normalised(&scratch.group, &mut scratch.posterior);
            if mass > 0.0 {
                visit(mass, &scratch.posterior);
            }
        }
        for incident in scratch.touched.drain(..) {
            scratch.hash[incident as usize] = 0;
        }
        self.scratch = scratch;
    }

    /// Hashes what some channels read; lists the incidents with an alarm by class and hash.
    fn read(&mut self, channels: &[u32]) -> Scratch {
        let mut scratch = std::mem::take(&mut self.scratch);
        for channel in channels {
            let word = key(*channel as usize);
            for incident in self.alarmed.row(*channel as usize) {
                let hash = &mut scratch.hash[*incident as usize];
                if *hash == 0 {
                    scratch.touched.push(*incident);
                }
                *hash ^= word;
            }
        }
        let key = |incident: &u32| (self.class_of(*incident), scratch.hash[*incident as usize], *incident);
        scratch.touched.sort_unstable_by_key(key);
        scratch
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
