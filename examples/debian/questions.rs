//! What only a model with owners can be asked: every package broken alone, and every owner's packages at once.
//!
//! All packages are as likely to break as each other, one at a time, and everybody sees which packages fail: the
//! **signature** of a fault is what it fails. What an owner alone sees of it is the part within its own packages. Faults
//! with one signature are one ambiguity group. CIR(L) is the share of the faults that somebody notices whose group
//! holds faults of at most L owners (IEEE 1522, lifted from parts to contractors; DESIGN.md 3.5).
//!
//! Signatures are compared by hashes of 128 bits: of 10^6 different ones, two are equal by chance with probability 10^-27.

use std::collections::BTreeMap;

use onus::model::{ContractorIndex, Model, SystemIndex};

use crate::archive::Archive;
use crate::single_faults::SingleFaults;

/// The greatest L of CIR(L).
pub(crate) const LEVELS: usize = 4;

/// What follows from every single fault.
pub(crate) struct Answers {
    /// How many packages there are, each with one fault.
    pub(crate) faults: usize,
    /// By owner.
    pub(crate) owners: Vec<Owner>,
    /// How often failure crosses from one owner to another, most first.
    pub(crate) seams: Vec<Seam>,
    /// With everything that all owners see put together.
    pub(crate) pooled: Isolation,
    /// To who sees only the packages that no other one needs.
    pub(crate) public: Isolation,
    /// Faults of which somebody's own packages alone tell whose they are.
    pub(crate) told_alone: usize,
    /// Faults of which their own owner's packages alone tell that they are its own.
    pub(crate) known_to_own: usize,
}

/// What one owner has to do with failures.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Owner {
    pub(crate) id: String,
    pub(crate) packages: usize,
    /// Packages of others that fail when all of its own do.
    pub(crate) others_hurt: usize,
    /// Packages of others that fail with one of its own, summed over its own.
    pub(crate) others_hurt_singly: usize,
    /// What it can tell from its own packages.
    pub(crate) alone: Isolation,
}

/// How failure crosses between two owners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seam {
    pub(crate) consumer: ContractorIndex,
    pub(crate) provider: ContractorIndex,
    /// Interfaces from one to the other.
    pub(crate) interfaces: usize,
    /// Over all single faults, how many of these interfaces have both ends failed.
    pub(crate) carried: usize,
}

/// How well origins can be told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Isolation {
    /// Faults that show.
    pub(crate) seen: usize,
    /// Of these, the faults whose group holds those of at most 1, 2, ... owners.
    pub(crate) within: [usize; LEVELS],
    /// Owners in the group of each fault, summed over the faults that show.
    pub(crate) owners: usize,
}

impl Isolation {
    /// CIR(`level`), from 1 to [`LEVELS`]; 1 where nothing shows.
    pub(crate) fn cir(&self, level: usize) -> f64 {
        if self.seen == 0 { 1.0 } else { self.within[level - 1] as f64 / self.seen as f64 }
    }

    /// How many owners come into question on average.
    pub(crate) fn expected_owners(&self) -> f64 {
        if self.seen == 0 { 0.0 } else { self.owners as f64 / self.seen as f64 }
    }

    fn add(&mut self, group: &[Sight], owners: usize) {
        self.seen += group.len();
        self.owners += group.len() * owners;
        for (level, within) in self.within.iter_mut().enumerate() {
            *within += if owners <= level + 1 { group.len() } else { 0 };
        }
    }
}

/// That a viewer sees something of a fault. In this order, an ambiguity group is a run, and its owners come in order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Sight {
    viewer: usize,
    signature: u128,
    owner: usize,
    fault: usize,
}

/// Asks everything at once. O(needs of what fails, over all single faults) and a sort of what is seen.
pub(crate) fn ask(archive: &Archive) -> Answers {
    let model = &archive.model;
    let owner_of = owners(model);
    let contractors = model.contractors();
    let mut owners: Vec<Owner> =
        contractors.iter().map(|party| Owner { id: party.id.to_string(), ..Owner::default() }).collect();
    let mut owned: Vec<Vec<SystemIndex>> = vec![Vec::new(); contractors.len()];
    for package in &archive.packages {
        owned[owner_of[package.system.index()]].push(package.system);
    }
    let mut single_faults = SingleFaults::of(model, archive.absence);
    for (at, packages) in owned.iter().enumerate() {
        let failed = single_faults.failed(packages);
        owners[at].packages = packages.len();
        owners[at].others_hurt = failed.iter().filter(|system| owner_of[system.index()] != at).count();
    }
    let consumers = consumers(model);
    let mut is_top = vec![false; model.systems().len()];
    for top in model.topology().tops() {
        is_top[top.index()] = true;
    }
    let (mut pooled, mut public, mut alone): (Vec<Sight>, Vec<Sight>, Vec<Sight>) = Default::default();
    let mut crossings: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    let mut has_failed = vec![false; model.systems().len()];
    for (fault, package) in archive.packages.iter().enumerate() {
        let failed = single_faults.failed(&[package.system]);
        let owner = owner_of[package.system.index()];
        let mut seen: BTreeMap<usize, u128> = BTreeMap::new();
        for system in failed {
            has_failed[system.index()] = true;
            let part = seen.entry(owner_of[system.index()]).or_default();
            *part = part.wrapping_add(token(*system));
        }
        for provider in failed {
            let from = owner_of[provider.index()];
            let reached = consumers[provider.index()].iter().filter(|consumer| has_failed[consumer.index()]);
            for to in reached.map(|consumer| owner_of[consumer.index()]).filter(|to| *to != from) {
                *crossings.entry((to, from)).or_default() += 1;
            }
        }
        owners[owner].others_hurt_singly += failed.iter().filter(|system| owner_of[system.index()] != owner).count();
        for system in failed {
            has_failed[system.index()] = false;
        }
        let sight = |signature| Sight { viewer: 0, signature, owner, fault };
        let signature =
            |of: &mut dyn Iterator<Item = &SystemIndex>| of.map(|system| token(*system)).reduce(u128::wrapping_add);
        pooled.extend(signature(&mut failed.iter()).map(sight));
        public.extend(signature(&mut failed.iter().filter(|system| is_top[system.index()])).map(sight));
        alone.extend(seen.into_iter().map(|(viewer, signature)| Sight { viewer, signature, owner, fault }));
    }
    let (mut told, mut known_to_own) = (vec![false; archive.packages.len()], 0);
    for_each_group(alone, |group, sizes| {
        owners[group[0].viewer].alone.add(group, sizes);
        if sizes == 1 {
            for sight in group {
                told[sight.fault] = true;
            }
            known_to_own += if group[0].owner == group[0].viewer { group.len() } else { 0 };
        }
    });
    Answers {
        faults: archive.packages.len(),
        owners,
        seams: seams(model, &owner_of, &crossings),
        pooled: isolation(pooled),
        public: isolation(public),
        told_alone: told.into_iter().filter(|told| *told).count(),
        known_to_own,
    }
}

fn isolation(sights: Vec<Sight>) -> Isolation {
    let mut isolation = Isolation::default();
    for_each_group(sights, |group, owners| isolation.add(group, owners));
    isolation
}

/// Runs of one viewer and one signature, each with the number of owners in it.
fn for_each_group(mut sights: Vec<Sight>, mut visit: impl FnMut(&[Sight], usize)) {
    sights.sort_unstable();
    for group in sights.chunk_by(|a, b| (a.viewer, a.signature) == (b.viewer, b.signature)) {
        visit(group, group.chunk_by(|a, b| a.owner == b.owner).count());
    }
}

/// The owner of each system; those without one get a number that no contractor has.
fn owners(model: &Model) -> Vec<usize> {
    let responsibility = model.responsibility(None);
    let owner =
        |system| responsibility.owners(SystemIndex::new(system)).first().map_or(usize::MAX, |owner| owner.index());
    (0..model.systems().len()).map(owner).collect()
}

fn consumers(model: &Model) -> Vec<Vec<SystemIndex>> {
    let mut consumers = vec![Vec::new(); model.systems().len()];
    for interface in model.interfaces() {
        consumers[interface.provider.index()].push(interface.consumer);
    }
    consumers
}

fn seams(model: &Model, owner_of: &[usize], crossings: &BTreeMap<(usize, usize), usize>) -> Vec<Seam> {
    let mut interfaces: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for interface in model.interfaces() {
        let [consumer, provider] = [interface.consumer, interface.provider].map(|end| owner_of[end.index()]);
        *interfaces.entry((consumer, provider)).or_default() += 1;
    }
    let seam = |(&(consumer, provider), &carried): (&(usize, usize), &usize)| Seam {
        consumer: ContractorIndex::new(consumer),
        provider: ContractorIndex::new(provider),
        interfaces: interfaces[&(consumer, provider)],
        carried,
    };
    let mut seams: Vec<Seam> = crossings.iter().map(seam).collect();
    seams.sort_by_key(|seam| (std::cmp::Reverse(seam.carried), seam.consumer, seam.provider));
    seams
}

/// 128 bits for a system. A set's signature is the sum of those of its members.
fn token(system: SystemIndex) -> u128 {
    let half = |salt: u64| {
        let mut mixed = (system.index() as u64).wrapping_add(salt).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        u128::from(mixed ^ (mixed >> 31))
    };
    half(0x6F6E_7573) << 64 | half(0x6465_6269_616E)
}
