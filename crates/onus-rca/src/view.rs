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
    ContractorIndex, Element, Evidence as Seen, Incident, Model, MonitorIndex, POOLED, PUBLIC, Party, SeenBy,
    Statement, Target, Time,
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

    /// What the view knows of an incident as of a time, or ever. Contracts count as on the incident's day.
    ///
    /// O(evidence · contracts · contractors).
    pub fn evidence(self, model: &Model, incident: &Incident, as_of: Option<Time>) -> Evidence {
        Self::together(&[self], model, incident, as_of)
    }

    /// What several views know of an incident when they put it together.
    ///
    /// O(evidence · (contracts · contractors + views)).
    pub fn together(views: &[Self], model: &Model, incident: &Incident, as_of: Option<Time>) -> Evidence {
        let sight = Sight::new(model, incident.day());
        Evidence::known(incident, |_, item| {
            let time = views.iter().filter_map(|view| known(model, &sight, *view, item)).min()?;
            as_of.is_none_or(|limit| time <= limit).then_some(time)
        })
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

/// When a view came to know an item; `None` if it never did.
fn known(model: &Model, sight: &Sight<'_>, view: View, item: &Seen) -> Option<Time> {
    match view {
        View::Pooled => Some(first_known(item)),
        View::Public => public(model, item),
        View::Contractor(contractor) => {
            let own = contractors(model, sight, item).get(&contractor).copied();
            [own, public(model, item)].into_iter().flatten().min()
        }
    }
}

fn public(model: &Model, item: &Seen) -> Option<Time> {
    let recorded = match &item.seen_by {
        Some(SeenBy::Times(times)) => times.get(&Party::Public).copied(),
        Some(SeenBy::Parties(parties)) => parties.contains(&Party::Public).then(|| item.base()),
        None => None,
    };
    let reported = || monitor(item).is_some_and(|monitor| model.structure().viewers(monitor).public);
    recorded.or_else(|| reported().then(|| item.base()))
}

/// When each contractor came to know an item, apart from what is public.
fn contractors(model: &Model, sight: &Sight<'_>, item: &Seen) -> BTreeMap<ContractorIndex, Time> {
    let elements = concerned(model, item);
    let mut known: BTreeMap<ContractorIndex, Time> =
        sight.direct(&elements, monitor(item)).into_iter().map(|contractor| (contractor, item.base())).collect();
    for contractor in (0..model.contractors().len()).map(ContractorIndex::new) {
        if let Some(time) = recorded(item, contractor) {
            known.insert(contractor, time);
        }
    }
    sight.report(&elements, &mut known, |contractor| recorded(item, contractor).is_some());
    known
}

/// The monitor that reported an item.
fn monitor(item: &Seen) -> Option<MonitorIndex> {
    match item.statement {
        Statement::Observation { via, .. } => via,
        _ => None,
    }
}

/// When a contractor came to know an item, where the record names it.
fn recorded(item: &Seen, contractor: ContractorIndex) -> Option<Time> {
    let party = Party::Contractor(contractor);
    match item.seen_by.as_ref()? {
        SeenBy::Times(times) => times.get(&party).copied(),
        SeenBy::Parties(parties) => parties.contains(&party).then(|| item.base()),
    }
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
