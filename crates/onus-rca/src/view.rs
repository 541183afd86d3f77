//! Views: who is looking, as of when, and which evidence that leaves (DESIGN.md 3.5).
//!
//! An item is known from its *base* time on: `known`, else the earliest time in `seen_by`, else `at`. `pooled` knows it
//! then, or when the first party did that `seen_by` names. A party that `seen_by` names knows it at the time given there.
//! A contractor that it does not name knows it from the base time if a running duty of its own covers the element
//! concerned, or if it is among those who see the monitor that reported it. What the holder of a contract knows about
//! elements under that contract, the parties in its `reports_to` know as well. What is public, everybody knows. A time
//! that the record gives for a party stands against anything derived, except that what is public is known to all.

use std::collections::BTreeMap;
use std::fmt;

use onus_model::{
    ContractorIndex, Element, Evidence as Seen, EvidenceIndex, Incident, Model, MonitorIndex, POOLED, PUBLIC, Party,
    SeenBy, Statement, Target, Time,
};

use crate::evidence::{Evidence, first_known};
use crate::sight::Sight;

/// Who is looking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum View {
    /// What all parties together know.
    Pooled,
    /// What everybody knows.
    Public,
    /// What one contractor knows.
    Contractor(ContractorIndex),
}

impl View {
    /// The view of that name: `pooled`, `public`, or a contractor's id.
    pub fn named(model: &Model, name: &str) -> Option<Self> {
        match name {
            POOLED => Some(Self::Pooled),
            PUBLIC => Some(Self::Public),
            id => model.contractor(id).map(Self::Contractor),
        }
    }

    /// Its name in files and output.
    pub fn name(self, model: &Model) -> String {
        match self {
            Self::Pooled => POOLED.to_owned(),
            Self::Public => PUBLIC.to_owned(),
            Self::Contractor(contractor) => model.contractors()[contractor.index()].id.as_str().to_owned(),
        }
    }

    /// All views of a model: pooled, public, and each contractor's.
    pub fn all(model: &Model) -> Vec<Self> {
        let contractors = (0..model.contractors().len()).map(|at| Self::Contractor(ContractorIndex::new(at)));
        [Self::Pooled, Self::Public].into_iter().chain(contractors).collect()
    }

    /// What the view knows of an incident as of a time, or ever. Contracts count as on the incident's day. Who asks for
    /// several views or times makes [`WhoKnew`] once.
    ///
    /// O(evidence · (log evidence + contracts about an item + its viewers)).
    pub fn evidence(self, model: &Model, incident: &Incident, as_of: Option<Time>) -> Evidence {
        WhoKnew::of(model, incident).evidence(&[self], as_of)
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pooled => f.write_str(POOLED),
            Self::Public => f.write_str(PUBLIC),
            Self::Contractor(contractor) => write!(f, "contractor {}", contractor.index()),
        }
    }
}

/// When each party came to know each item of an incident, by the contracts of its day.
#[derive(Clone, Debug)]
pub struct WhoKnew<'a> {
    incident: &'a Incident,
    /// By item: when everybody knew it, if ever.
    public: Vec<Option<Time>>,
    /// By item: when contractors did, apart from what is public.
    contractors: Vec<BTreeMap<ContractorIndex, Time>>,
}

impl<'a> WhoKnew<'a> {
    /// Works out who knew what.
    ///
    /// O(evidence · (contracts about an item + its viewers)); where reports are passed on, times their number of tiers.
    pub fn of(model: &Model, incident: &'a Incident) -> Self {
        let sight = Sight::new(model, incident.day());
        let items = incident.evidence().iter();
        let (public, contractors) = items.map(|item| (public(model, item), contractors(model, &sight, item))).unzip();
        Self { incident, public, contractors }
    }

    /// The incident.
    pub fn incident(&self) -> &'a Incident {
        self.incident
    }

    /// What some views know as of a time, or ever, when they put it together.
    ///
    /// O(evidence · (log evidence + views · log viewers)).
    pub fn evidence(&self, views: &[View], as_of: Option<Time>) -> Evidence {
        Evidence::known(self.incident, |index, item| {
            let time = views.iter().filter_map(|view| self.known(*view, index, item)).min()?;
            as_of.is_none_or(|limit| time <= limit).then_some(time)
        })
    }

    /// When a view came to know an item; `None` if it never did.
    fn known(&self, view: View, index: EvidenceIndex, item: &Seen) -> Option<Time> {
        let public = self.public[index.index()];
        match view {
            View::Pooled => Some(first_known(item)),
            View::Public => public,
            View::Contractor(contractor) => {
                let own = self.contractors[index.index()].get(&contractor).copied();
                own.into_iter().chain(public).min()
            }
        }
    }
}

fn public(model: &Model, item: &Seen) -> Option<Time> {
    let recorded = recorded(item).find(|(party, _)| *party == Party::Public).map(|(_, time)| time);
    let reported = || monitor(item).is_some_and(|monitor| model.structure().viewers(monitor).public);
    recorded.or_else(|| reported().then(|| item.base()))
}

/// When each contractor came to know an item, apart from what is public.
fn contractors(model: &Model, sight: &Sight<'_>, item: &Seen) -> BTreeMap<ContractorIndex, Time> {
    let elements = concerned(model, item);
    let fixed: BTreeMap<ContractorIndex, Time> = recorded(item)
        .filter_map(|(party, time)| match party {
            Party::Contractor(contractor) => Some((contractor, time)),
            Party::Public => None,
        })
        .collect();
    let direct = sight.direct(&elements, monitor(item)).into_iter().map(|contractor| (contractor, item.base()));
    let mut known: BTreeMap<ContractorIndex, Time> = direct.collect();
    known.extend(&fixed);
    sight.report(&elements, &mut known, |contractor| fixed.contains_key(&contractor));
    known
}

/// The monitor that reported an item.
fn monitor(item: &Seen) -> Option<MonitorIndex> {
    match item.statement {
        Statement::Observation { via, .. } => via,
        _ => None,
    }
}

/// The parties that the record names, and when each came to know the item.
fn recorded(item: &Seen) -> impl Iterator<Item = (Party, Time)> + '_ {
    let (at_once, timed) = match &item.seen_by {
        Some(SeenBy::Parties(parties)) => (parties.as_slice(), None),
        Some(SeenBy::Times(times)) => (&[][..], Some(times)),
        None => (&[][..], None),
    };
    let at_once = at_once.iter().map(|party| (*party, item.base()));
    at_once.chain(timed.into_iter().flatten().map(|(party, time)| (*party, *time)))
}

/// The elements that an item is about.
fn concerned(model: &Model, item: &Seen) -> Vec<Element> {
    let of_target = |target: Target| match target {
        Target::Element(element) => vec![element],
        Target::Fault(fault) => model.faults()[fault.index()].elements.clone(),
    };
    match &item.statement {
        Statement::Observation { system, .. } => vec![Element::System(*system)],
        Statement::Test { fault, .. } => of_target(Target::Fault(*fault)),
        Statement::Repair { target, .. } | Statement::Announcement { target, .. } => of_target(*target),
        Statement::Change { element, .. } => vec![*element],
    }
}
