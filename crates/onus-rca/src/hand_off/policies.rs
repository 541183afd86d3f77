//! The policies by which desks are known to route.

use std::collections::BTreeSet;

use onus_model::{ContractorIndex, Need, SystemIndex};

use super::{Route, Situation};

/// A policy by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Who owns what failed, then who owns what that needs, and so on down, breadth first; not past what is seen working.
    /// Belief plays no part.
    FollowDependency,
    /// Whoever most probably answers.
    MostProbable,
    /// Whoever settles most doubt per hour: whether the origin answers to c is worth h(p) = −p·log₂ p − (1 − p)·log₂ (1 − p)
    /// bits, the mutual information of the origin and c's word. What c will show besides comes as a surprise.
    MostInformative,
    /// Who owns what failed, in the order in which it was seen; then whoever most probably answers.
    SymptomOwner,
}

impl Policy {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::FollowDependency, Self::MostProbable, Self::MostInformative, Self::SymptomOwner];

    /// Its name in output.
    pub fn name(self) -> &'static str {
        match self {
            Self::FollowDependency => "follow the dependency",
            Self::MostProbable => "most probable first",
            Self::MostInformative => "most informative per hour",
            Self::SymptomOwner => "owner of the symptom first",
        }
    }
}

impl Route for Policy {
    fn next(&self, situation: &Situation<'_>) -> Option<ContractorIndex> {
        match self {
            Self::FollowDependency => follow(situation),
            Self::MostProbable => most_probable(situation),
            Self::MostInformative => situation.best(|contractor| {
                let p = situation.belief[contractor.index()].clamp(0.0, 1.0);
                crate::doubt::bits([p, 1.0 - p]) / situation.hours[contractor.index()].max(1.0 / 60.0)
            }),
            Self::SymptomOwner => {
                let owners = situation.failed.iter().find_map(|system| open_owner(situation, *system));
                owners.or_else(|| most_probable(situation))
            }
        }
    }
}

fn most_probable(situation: &Situation<'_>) -> Option<ContractorIndex> {
    situation.best(|contractor| situation.belief[contractor.index()])
}

/// The first owner of a system that is not engaged yet.
fn open_owner(situation: &Situation<'_>, system: SystemIndex) -> Option<ContractorIndex> {
    let owners = situation.model.responsibility(situation.day).owners(system);
    owners.into_iter().find(|owner| situation.is_open(*owner))
}

/// Breadth first from what failed to what it needs. O(V + E).
fn follow(situation: &Situation<'_>) -> Option<ContractorIndex> {
    let mut met: BTreeSet<SystemIndex> = situation.failed.iter().copied().collect();
    let mut queue: Vec<SystemIndex> = situation.failed.to_vec();
    let mut next = 0;
    while let Some(system) = queue.get(next).copied() {
        next += 1;
        if let Some(owner) = open_owner(situation, system) {
            return Some(owner);
        }
        let mut needs: Vec<&Need> = situation.model.systems()[system.index()].needs.iter().rev().collect();
        while let Some(need) = needs.pop() {
            match need {
                Need::AtLeast { of, .. } => needs.extend(of.iter().rev()),
                Need::Provider(interface) => {
                    let provider = situation.model.interfaces()[interface.index()].provider;
                    if situation.working.binary_search(&provider).is_err() && met.insert(provider) {
                        queue.push(provider);
                    }
                }
            }
        }
    }
    None
}
