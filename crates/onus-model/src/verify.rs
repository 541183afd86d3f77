//! Every invariant of a [`Model`] and an [`Incident`], asserted. Tests call this for every model they meet; nothing
//! else does.

use crate::diagnostic::{Path, Problems};
use crate::id::{InterfaceIndex, SystemIndex, interface_id};
use crate::incident::{Incident, Party, SeenBy, Statement};
use crate::model::{Element, Model, Need, Target};
use crate::responsibility::Held;
use crate::validate::Selection;

fn assert_sorted<T: Ord>(items: &[T], what: &str) {
    assert!(items.is_sorted_by(|a, b| a < b), "{what} are sorted and without doubles");
}

impl Model {
    /// Asserts that every list is sorted, every index leads somewhere, and everything derived follows from what it was
    /// derived from.
    ///
    /// # Panics
    /// If an invariant does not hold, which is a mistake in this crate.
    #[doc(hidden)]
    pub fn verify(&self) {
        self.verify_topology();
        self.verify_faults();
        self.verify_structure();
        self.verify_selections();
    }

    fn exists(&self, element: Element) -> bool {
        match element {
            Element::System(system) => system.index() < self.systems().len(),
            Element::Interface(interface) => interface.index() < self.interfaces().len(),
        }
    }

    fn verify_topology(&self) {
        assert_sorted(&self.systems().iter().map(|s| s.id.as_str()).collect::<Vec<_>>(), "systems");
        assert_sorted(&self.interfaces().iter().map(|i| (i.consumer, i.provider)).collect::<Vec<_>>(), "interfaces");
        assert_sorted(&self.monitors().iter().map(|m| m.id.as_str()).collect::<Vec<_>>(), "monitors");
        let mut is_needed = vec![false; self.interfaces().len()];
        for (at, system) in self.systems().iter().enumerate() {
            assert_eq!(self.topology().system(system.id.as_str()), Some(SystemIndex::new(at)));
            assert!(system.demand.values().all(|amount| amount.is_finite() && *amount >= 0.0));
            let mut open: Vec<&Need> = system.needs.iter().collect();
            while let Some(need) = open.pop() {
                match need {
                    Need::Provider(interface) => {
                        assert_eq!(
                            self.interfaces()[interface.index()].consumer.index(),
                            at,
                            "a need is its consumer's"
                        );
                        is_needed[interface.index()] = true;
                    }
                    Need::AtLeast { k, of } => {
                        assert!((1..=of.len()).contains(&(*k as usize)), "a need can hold and can fail");
                        open.extend(of);
                    }
                }
            }
        }
        assert!(is_needed.iter().all(|needed| *needed), "every interface is a need of its consumer");
        for (at, interface) in self.interfaces().iter().enumerate() {
            let [consumer, provider] = [interface.consumer, interface.provider].map(|s| &self.systems()[s.index()].id);
            assert_eq!(interface.id.as_str(), interface_id(consumer.as_str(), provider.as_str()));
            assert_eq!(self.topology().interface(interface.id.as_str()), Some(InterfaceIndex::new(at)));
        }
    }

    fn verify_faults(&self) {
        assert_sorted(&self.faults().iter().map(|f| f.id.as_str()).collect::<Vec<_>>(), "faults");
        for (at, fault) in self.faults().iter().enumerate() {
            assert_sorted(&fault.elements, "a fault's elements");
            assert!(!fault.elements.is_empty() && (fault.strikes.is_some() || fault.elements.len() == 1));
            assert!((0.0..=1.0).contains(&fault.prior.probability().get()));
            for element in &fault.elements {
                assert!(
                    self.topology().faults_of(*element).iter().any(|own| own.index() == at),
                    "fault and element agree"
                );
            }
        }
        let systems = (0..self.systems().len()).map(|at| Element::System(SystemIndex::new(at)));
        let interfaces = (0..self.interfaces().len()).map(|at| Element::Interface(InterfaceIndex::new(at)));
        for element in systems.chain(interfaces) {
            let own = self.topology().faults_of(element);
            assert_sorted(own, "an element's faults");
            assert!(own.iter().all(|fault| self.faults()[fault.index()].elements.contains(&element)));
            assert!(!own.is_empty() || matches!(element, Element::Interface(_)), "every system can fail");
        }
    }

    fn verify_structure(&self) {
        let structure = self.structure();
        assert_sorted(&self.contractors().iter().map(|c| c.id.as_str()).collect::<Vec<_>>(), "contractors");
        assert_sorted(&self.contracts().iter().map(|c| c.id.as_str()).collect::<Vec<_>>(), "contracts");
        for contract in self.contracts() {
            let total: f64 = contract.holders().iter().map(|(_, share)| share).sum();
            assert!((total - 1.0).abs() < 1e-9, "the shares are all of a contract");
            let mut parties: Vec<_> = contract.holders().into_iter().map(|(holder, _)| holder).collect();
            parties.extend(
                contract.reports_to.iter().copied().chain(contract.buyer).chain(contract.liability.indemnified_by),
            );
            assert!(parties.iter().all(|party| party.index() < self.contractors().len()));
            let above = std::iter::successors(contract.under, |parent| self.contracts()[parent.index()].under);
            assert!(above.take(self.contracts().len() + 1).count() < self.contracts().len(), "subcontracts have a top");
        }
        assert_eq!(structure.viewers.len(), self.monitors().len());
        for viewers in &structure.viewers {
            assert_sorted(&viewers.contractors, "viewers");
            assert!(viewers.contractors.iter().all(|contractor| contractor.index() < self.contractors().len()));
        }
        assert_eq!(
            structure.held,
            Held::of(self.topology(), self.contracts()),
            "the index of duties follows from them"
        );
    }

    /// What was selected is what the selectors select.
    fn verify_selections(&self) {
        let mut problems = Problems::default();
        let mut selection = Selection::over(self.topology());
        let mut select = |selectors: &[String]| selection.select(selectors, &Path::default(), &mut problems);
        for duty in self.contracts().iter().flat_map(|contract| &contract.duties) {
            assert_eq!(duty.elements, select(&duty.selectors));
        }
        for fault in self.faults() {
            if let Some(strikes) = &fault.strikes {
                assert_eq!(fault.elements, select(strikes));
            }
        }
        for monitor in self.monitors() {
            let watched: Vec<Element> = monitor.watches.iter().map(|system| Element::System(*system)).collect();
            let mut selected = select(&monitor.selectors);
            selected.retain(|element| matches!(element, Element::System(_)));
            assert_eq!(watched, selected);
            assert!(!watched.is_empty(), "a monitor watches something");
            assert!(watched.iter().chain(&monitor.runs_on.map(Element::System)).all(|element| self.exists(*element)));
        }
        assert!(problems.or(()).is_ok(), "every selector selects something");
    }
}

impl Incident {
    /// Asserts that every item speaks of what the model has, and that no item supersedes itself.
    ///
    /// # Panics
    /// If an invariant does not hold, which is a mistake in this crate.
    #[doc(hidden)]
    pub fn verify(&self, model: &Model) {
        let is_fault = |fault: crate::FaultIndex| fault.index() < model.faults().len();
        let is_target = |target: Target| match target {
            Target::Element(element) => model.exists(element),
            Target::Fault(fault) => is_fault(fault),
        };
        let mut ids: Vec<&str> = self.evidence().iter().map(|item| item.id.as_str()).collect();
        ids.sort_unstable();
        assert_sorted(&ids, "ids of evidence");
        for item in self.evidence() {
            assert!(match &item.statement {
                Statement::Observation { system, via, .. } => {
                    let watched = |via: crate::MonitorIndex| model.monitors()[via.index()].watches.contains(system);
                    model.exists(Element::System(*system)) && via.is_none_or(watched)
                }
                Statement::Test { fault, .. } => is_fault(*fault),
                Statement::Change { element, odds, .. } => model.exists(*element) && odds.is_finite() && *odds > 0.0,
                Statement::Repair { target, .. } | Statement::Announcement { target, .. } => is_target(*target),
            });
            let parties: Vec<Party> = match &item.seen_by {
                None => Vec::new(),
                Some(SeenBy::Parties(parties)) => parties.clone(),
                Some(SeenBy::Times(times)) => times.keys().copied().collect(),
            };
            assert!(parties.iter().all(|party| match party {
                Party::Public => true,
                Party::Contractor(contractor) => contractor.index() < model.contractors().len(),
            }));
            // An item that superseded itself, through others or not, would come up among those below it.
            let mut below: Vec<usize> = item.supersedes.iter().map(|older| older.index()).collect();
            let mut seen = vec![false; self.evidence().len()];
            while let Some(at) = below.pop() {
                assert!(self.evidence()[at].id != item.id, "no item supersedes itself");
                if !std::mem::replace(&mut seen[at], true) {
                    below.extend(self.evidence()[at].supersedes.iter().map(|older| older.index()));
                }
            }
        }
        assert!(self.truth().iter().all(|fault| is_fault(*fault)));
    }
}
