//! Views: who is looking, as of when, and which evidence that leaves (DESIGN.md 3.5).
//!
//! An item is known from its *base* time on: `known`, else the earliest time in `seen_by`, else `at`. `pooled` knows it
//! then, or when the first party did that `seen_by` names. A party that `seen_by` names knows it at the time given there.
//! A contractor that it does not name knows it from the base time if a running duty of its own covers the element
//! concerned, or if it is among those who see the monitor that reported it. What the holder of a contract knows about
//! elements under that contract, the parties in its `reports_to` know as well. What is public, everybody knows. A time
//! that the record gives for a party stands against anything derived, except that what is public is known to all.

use std::fmt;

use onus_model::{
    ContractorIndex, Date, DutyKind, Element, Evidence as Seen, EvidenceIndex, Incident, Model, POOLED, PUBLIC, Party,
    Responsibility, SeenBy, Statement, Target, Time,
};

use crate::evidence::{Evidence, first_known};

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
        let sight = Sight::new(model, incident.day());
        Evidence::known(incident, |index, item| {
            let time = sight.time(self, index, item)?;
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

/// Who sees what, by the contracts of one day.
struct Sight<'m> {
    model: &'m Model,
    responsibility: Responsibility<'m>,
    day: Option<Date>,
}

impl<'m> Sight<'m> {
    fn new(model: &'m Model, day: Option<Date>) -> Self {
        Self { model, responsibility: model.responsibility(day), day }
    }

    /// When a view came to know an item; `None` if it never did.
    fn time(&self, view: View, _: EvidenceIndex, item: &Seen) -> Option<Time> {
        match view {
            View::Pooled => Some(first_known(item)),
            View::Public => self.public(item),
            View::Contractor(contractor) => {
                let own = self.contractors(item)[contractor.index()];
                [own, self.public(item)].into_iter().flatten().min()
            }
        }
    }

    fn public(&self, item: &Seen) -> Option<Time> {
        let recorded = match &item.seen_by {
            Some(SeenBy::Times(times)) => times.get(&Party::Public).copied(),
            Some(SeenBy::Parties(parties)) => parties.contains(&Party::Public).then(|| item.base()),
            None => None,
        };
        recorded.or_else(|| self.monitor(item).filter(|viewers| viewers.public).map(|_| item.base()))
    }

    fn monitor(&self, item: &Seen) -> Option<&onus_model::Viewers> {
        match item.statement {
            Statement::Observation { via: Some(monitor), .. } => Some(self.model.structure().viewers(monitor)),
            _ => None,
        }
    }

    /// When each contractor came to know an item, apart from what is public.
    fn contractors(&self, item: &Seen) -> Vec<Option<Time>> {
        let base = item.base();
        let elements = concerned(self.model, item);
        let mut known: Vec<Option<Time>> = (0..self.model.contractors().len())
            .map(|at| {
                let contractor = ContractorIndex::new(at);
                recorded(item, contractor).or_else(|| {
                    let by_monitor =
                        self.monitor(item).is_some_and(|viewers| viewers.contractors.contains(&contractor));
                    let by_duty = elements.iter().any(|element| self.responsibility.sees(contractor, *element));
                    (by_monitor || by_duty).then_some(base)
                })
            })
            .collect();
        // Reports pass on what holders know, until nothing changes: each round can only bring times forward.
        loop {
            let mut changed = false;
            for contract in self.model.contracts().iter().filter(|contract| contract.in_force(self.day)) {
                if contract.reports_to.is_empty() || !elements.iter().any(|element| self.covered(contract, *element)) {
                    continue;
                }
                let told = contract.holders().iter().filter_map(|(holder, _)| known[holder.index()]).min();
                let Some(told) = told else { continue };
                for party in &contract.reports_to {
                    let own = &mut known[party.index()];
                    if recorded(item, *party).is_none() && own.is_none_or(|own| told < own) {
                        *own = Some(told);
                        changed = true;
                    }
                }
            }
            if !changed {
                return known;
            }
        }
    }

    fn covered(&self, contract: &onus_model::Contract, element: Element) -> bool {
        contract.duties.iter().any(|duty| {
            duty.elements.iter().any(|covered| {
                *covered == element
                    || match (covered, element) {
                        // To integrate an interface is about both of its ends.
                        (Element::Interface(interface), Element::System(system))
                            if duty.kind == DutyKind::Integrate =>
                        {
                            let interface = &self.model.interfaces()[interface.index()];
                            interface.consumer == system || interface.provider == system
                        }
                        _ => false,
                    }
            })
        })
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
