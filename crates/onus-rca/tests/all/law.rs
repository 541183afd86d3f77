//! Who answers and who knows, restated from the documents, rule by rule, over the contracts' own lists.

use std::collections::{BTreeMap, BTreeSet};

use onus_model::{
    Contract, ContractorIndex, Date, DutyKind, Element, Evidence, FaultIndex, Incident, Model, Party, SeenBy,
    Statement, SystemIndex, Target, Time,
};
use onus_rca::{By, Kind, View};

/// Kind of row and name.
pub type Name = (Kind, String);

/// Where the shares go.
#[derive(Default)]
pub struct Verdict {
    pub causal: BTreeMap<Name, f64>,
    pub liable: BTreeMap<Name, f64>,
    pub control: BTreeMap<String, f64>,
}

pub struct Law<'m> {
    pub model: &'m Model,
    pub day: Option<Date>,
    pub by: By,
}

/// Who answers for a fault.
enum Answer {
    Nobody,
    One(usize),
    Several(Vec<usize>),
}

impl Law<'_> {
    fn contract(&self, at: usize) -> &Contract {
        &self.model.contracts()[at]
    }

    fn has_duty(&self, at: usize, duty: DutyKind, element: Element) -> bool {
        let contract = self.contract(at);
        let from = contract.term.from.zip(self.day).is_none_or(|(from, day)| from <= day);
        let to = contract.term.to.zip(self.day).is_none_or(|(to, day)| day <= to);
        from && to && contract.duties.iter().any(|d| d.kind == duty && d.elements.contains(&element))
    }

    fn is_under(&self, below: usize, above: usize) -> bool {
        let mut at = self.contract(below).under;
        while let Some(parent) = at {
            if parent.index() == above {
                return true;
            }
            at = self.contract(parent.index()).under;
        }
        false
    }

    /// The contracts with a duty in force on an element; a subcontract does the work for the contract above it.
    fn holders_of(&self, duty: DutyKind, element: Element) -> Vec<usize> {
        let all: Vec<usize> =
            (0..self.model.contracts().len()).filter(|at| self.has_duty(*at, duty, element)).collect();
        all.iter().copied().filter(|at| !all.iter().any(|other| self.is_under(*other, *at))).collect()
    }

    fn first_held(&self, duties: &[DutyKind], element: Element) -> Vec<usize> {
        duties.iter().map(|duty| self.holders_of(*duty, element)).find(|found| !found.is_empty()).unwrap_or_default()
    }

    fn owners(&self, system: SystemIndex) -> Vec<usize> {
        use DutyKind::{Build, Integrate, Maintain, Operate, Supply};
        self.first_held(&[Operate, Maintain, Integrate, Build, Supply], Element::System(system))
    }

    fn answer(&self, fault: FaultIndex) -> Answer {
        let fault = &self.model.faults()[fault.index()];
        let duties = self.model.structure().answers_for(&fault.cause).unwrap_or(&[]);
        let mut contracts: BTreeSet<usize> = BTreeSet::new();
        for element in &fault.elements {
            let direct = self.first_held(duties, *element);
            let integrators = self.holders_of(DutyKind::Integrate, *element);
            match element {
                Element::Interface(_) if direct.is_empty() && !integrators.is_empty() => contracts.extend(integrators),
                Element::Interface(interface) if direct.is_empty() => {
                    let interface = &self.model.interfaces()[interface.index()];
                    let ends = [interface.consumer, interface.provider].map(|end| self.owners(end));
                    if ends.iter().all(|owners| !owners.is_empty()) {
                        contracts.extend(ends.into_iter().flatten());
                    }
                }
                _ => contracts.extend(direct),
            }
        }
        let contracts: Vec<usize> = contracts.into_iter().collect();
        match contracts.as_slice() {
            [] => Answer::Nobody,
            [first, rest @ ..] => {
                let same = |other: &usize| self.contract(*other).holder == self.contract(*first).holder;
                if rest.iter().all(same) { Answer::One(*first) } else { Answer::Several(contracts.clone()) }
            }
        }
    }

    fn party(&self, contractor: ContractorIndex) -> String {
        let contractor = &self.model.contractors()[contractor.index()];
        let group = contractor.group.clone().filter(|_| self.by == By::Group);
        group.unwrap_or_else(|| contractor.id.to_string())
    }

    /// The names a contract stands under, with their fractions.
    fn names(&self, contract: usize) -> Vec<(Name, f64)> {
        let mut at = contract;
        if self.by == By::Contract {
            return vec![((Kind::Assigned, self.contract(at).id.to_string()), 1.0)];
        }
        while self.by == By::Prime
            && let Some(parent) = self.contract(at).under
        {
            at = parent.index();
        }
        let holders = self.contract(at).holders();
        let kind = if holders.len() > 1 { Kind::Shared } else { Kind::Assigned };
        holders.into_iter().map(|(who, fraction)| ((kind, self.party(who)), fraction)).collect()
    }

    /// After the clauses: an excluded cause goes up to the parent contract, under its own clauses, or to the buyer; what is
    /// not excluded, to who indemnifies.
    fn liable(&self, contract: usize, cause: &str) -> Vec<(Name, f64)> {
        let terms = self.contract(contract);
        let to = |party: Option<ContractorIndex>| match party {
            Some(party) => vec![((Kind::Assigned, self.party(party)), 1.0)],
            None => vec![((Kind::Unassigned, "unassigned".to_owned()), 1.0)],
        };
        if terms.liability.excludes.iter().any(|excluded| excluded == cause) {
            return match terms.under {
                Some(parent) => self.liable(parent.index(), cause),
                None => to(terms.buyer.or_else(|| {
                    let is_buyer = |at: &usize| self.model.contractors()[*at].role.as_deref() == Some("buyer");
                    let buyers: Vec<usize> = (0..self.model.contractors().len()).filter(is_buyer).collect();
                    (buyers.len() == 1).then(|| ContractorIndex::new(buyers[0]))
                })),
            };
        }
        match terms.liability.indemnified_by {
            Some(party) => to(Some(party)),
            None => self.names(contract),
        }
    }

    /// A dispute below primes with the same holders is theirs: the first of them answers, by its own clauses.
    fn between_primes(&self, contracts: Vec<usize>) -> Answer {
        let is_top = |at: &usize| self.contract(*at).under.is_none();
        let tops: BTreeSet<usize> = contracts
            .iter()
            .map(|below| {
                let mut chain =
                    (0..self.model.contracts().len()).filter(|at| at == below || self.is_under(*below, *at));
                chain.find(is_top).expect("every chain has a top")
            })
            .collect();
        let holders: BTreeSet<String> = tops.iter().map(|top| format!("{:?}", self.contract(*top).holder)).collect();
        match tops.first() {
            Some(first) if holders.len() == 1 => Answer::One(*first),
            _ => Answer::Several(contracts),
        }
    }

    /// The elements a fault sits on, and those without which none of its ways reaches a service.
    fn controlling(&self, fault: FaultIndex) -> BTreeSet<Element> {
        let origin = &self.model.faults()[fault.index()].elements;
        let mut result: BTreeSet<Element> = origin.iter().copied().collect();
        if self.reaches_service(origin, None) {
            let systems = (0..self.model.systems().len()).map(|at| Element::System(SystemIndex::new(at)));
            let interfaces =
                (0..self.model.interfaces().len()).map(|at| Element::Interface(onus_model::InterfaceIndex::new(at)));
            result.extend(systems.chain(interfaces).filter(|element| !self.reaches_service(origin, Some(*element))));
        }
        result
    }

    fn reaches_service(&self, from: &[Element], without: Option<Element>) -> bool {
        let declared = self.model.systems().iter().any(|system| !system.demand.is_empty());
        let mut seen: BTreeSet<Element> = BTreeSet::new();
        let mut open: Vec<Element> = from.to_vec();
        while let Some(element) = open.pop() {
            if Some(element) == without || !seen.insert(element) {
                continue;
            }
            match element {
                Element::Interface(interface) => {
                    open.push(Element::System(self.model.interfaces()[interface.index()].consumer));
                }
                Element::System(system) => {
                    if !declared || !self.model.systems()[system.index()].demand.is_empty() {
                        return true;
                    }
                    for (at, interface) in self.model.interfaces().iter().enumerate() {
                        if interface.provider == system {
                            open.push(Element::Interface(onus_model::InterfaceIndex::new(at)));
                        }
                    }
                }
            }
        }
        false
    }

    /// Pushes shares forward.
    pub fn judge(&self, shares: &[f64], unexplained: f64) -> Verdict {
        let mut verdict = Verdict::default();
        let bucket = |kind: Kind, name: &str| vec![((kind, name.to_owned()), 1.0)];
        let add = |sums: &mut BTreeMap<Name, f64>, share: f64, names: Vec<(Name, f64)>| {
            for (name, fraction) in names {
                *sums.entry(name).or_default() += share * fraction;
            }
        };
        add(&mut verdict.causal, unexplained, bucket(Kind::Unexplained, "unexplained"));
        add(&mut verdict.liable, unexplained, bucket(Kind::Unexplained, "unexplained"));
        for (at, share) in shares.iter().copied().enumerate() {
            let fault = FaultIndex::new(at);
            let answer = match self.answer(fault) {
                Answer::Several(contracts) if self.by == By::Prime => self.between_primes(contracts),
                answer => answer,
            };
            let (causal, liable) = match answer {
                Answer::Nobody => {
                    let nobody = bucket(Kind::Unassigned, "unassigned");
                    (nobody.clone(), nobody)
                }
                Answer::One(contract) => (self.names(contract), self.liable(contract, &self.model.faults()[at].cause)),
                Answer::Several(contracts) => {
                    let names: BTreeSet<String> = contracts
                        .iter()
                        .flat_map(|contract| self.names(*contract))
                        .map(|((_, name), _)| name)
                        .collect();
                    let kind = if names.len() > 1 { Kind::Disputed } else { Kind::Assigned };
                    let all = bucket(kind, &names.into_iter().collect::<Vec<_>>().join(" | "));
                    (all.clone(), all)
                }
            };
            add(&mut verdict.causal, share, causal);
            add(&mut verdict.liable, share, liable);
            let mut who: BTreeSet<String> = BTreeSet::new();
            for element in self.controlling(fault) {
                for contract in 0..self.model.contracts().len() {
                    let duties = [DutyKind::Monitor, DutyKind::Operate, DutyKind::Integrate];
                    if duties.into_iter().any(|duty| self.has_duty(contract, duty, element)) {
                        who.extend(self.names(contract).into_iter().map(|((_, name), _)| name));
                    }
                }
            }
            for name in who {
                *verdict.control.entry(name).or_default() += share;
            }
        }
        verdict
    }
}

/// Who knows what, and since when.
pub struct Sight<'m> {
    pub model: &'m Model,
    pub incident: &'m Incident,
}

impl Sight<'_> {
    fn base(item: &Evidence) -> Time {
        let earliest = match &item.seen_by {
            Some(SeenBy::Times(times)) => times.values().copied().min(),
            _ => None,
        };
        item.known.or(earliest).unwrap_or(item.at)
    }

    fn in_force(&self, contract: &Contract) -> bool {
        let Some(day) = self.incident.day() else { return true };
        contract.term.from.is_none_or(|from| from <= day) && contract.term.to.is_none_or(|to| day <= to)
    }

    fn named(item: &Evidence, party: Party) -> Option<Time> {
        match item.seen_by.as_ref()? {
            SeenBy::Times(times) => times.get(&party).copied(),
            SeenBy::Parties(parties) => parties.contains(&party).then(|| Self::base(item)),
        }
    }

    /// When everybody knew an item.
    fn public(&self, item: &Evidence) -> Option<Time> {
        let by_monitor = match &item.statement {
            Statement::Observation { via: Some(monitor), .. } => self.model.structure().viewers(*monitor).public,
            _ => false,
        };
        Self::named(item, Party::Public).or(by_monitor.then(|| Self::base(item)))
    }

    fn elements(&self, item: &Evidence) -> Vec<Element> {
        match &item.statement {
            Statement::Observation { system, .. } => vec![Element::System(*system)],
            Statement::Change { element, .. } => vec![*element],
            Statement::Test { fault, .. } => self.model.faults()[fault.index()].elements.clone(),
            Statement::Repair { target, .. } | Statement::Announcement { target, .. } => match target {
                Target::Element(element) => vec![*element],
                Target::Fault(fault) => self.model.faults()[fault.index()].elements.clone(),
            },
        }
    }

    /// Whether a contract's duties of some kinds cover an element; to integrate an interface covers both its ends.
    fn covers(&self, contract: &Contract, kinds: &[DutyKind], element: Element) -> bool {
        contract.duties.iter().filter(|duty| kinds.contains(&duty.kind)).any(|duty| {
            duty.elements.iter().any(|covered| {
                *covered == element
                    || match (duty.kind, covered, element) {
                        (DutyKind::Integrate, Element::Interface(interface), Element::System(system)) => {
                            let interface = &self.model.interfaces()[interface.index()];
                            [interface.consumer, interface.provider].contains(&system)
                        }
                        _ => false,
                    }
            })
        })
    }

    /// When each contractor knew an item.
    fn contractors(&self, item: &Evidence) -> Vec<Option<Time>> {
        use DutyKind::{Integrate, Maintain, Monitor, Operate};
        let elements = self.elements(item);
        let base = Self::base(item);
        let count = self.model.contractors().len();
        let party = |at: usize| Party::Contractor(ContractorIndex::new(at));
        let mut known: Vec<Option<Time>> = (0..count)
            .map(|at| {
                if let Some(time) = Self::named(item, party(at)) {
                    return Some(time);
                }
                let who = ContractorIndex::new(at);
                let by_duty = self.model.contracts().iter().any(|contract| {
                    self.in_force(contract)
                        && contract.holders().iter().any(|(holder, _)| *holder == who)
                        && elements.iter().any(|e| self.covers(contract, &[Operate, Maintain, Monitor, Integrate], *e))
                });
                let by_monitor = match &item.statement {
                    Statement::Observation { via: Some(monitor), .. } => {
                        self.model.structure().viewers(*monitor).contractors.contains(&who)
                    }
                    _ => false,
                };
                (by_duty || by_monitor).then_some(base)
            })
            .collect();
        // As many rounds of reports as there are contractors reach everybody.
        for _ in 0..count {
            for contract in self.model.contracts().iter().filter(|contract| self.in_force(contract)) {
                if elements.iter().any(|element| self.covers(contract, &DutyKind::ALL, *element)) {
                    let told = contract.holders().iter().filter_map(|(holder, _)| known[holder.index()]).min();
                    for to in &contract.reports_to {
                        if Self::named(item, Party::Contractor(*to)).is_none() {
                            known[to.index()] = [known[to.index()], told].into_iter().flatten().min();
                        }
                    }
                }
            }
        }
        let public = self.public(item);
        known.into_iter().map(|own| [own, public].into_iter().flatten().min()).collect()
    }

    pub fn time(&self, view: View, item: &Evidence) -> Option<Time> {
        match view {
            View::Public => self.public(item),
            View::Contractor(contractor) => self.contractors(item)[contractor.index()],
            View::Pooled => {
                let recorded = match &item.seen_by {
                    Some(SeenBy::Times(times)) => times.values().copied().min(),
                    _ => None,
                };
                [Some(Self::base(item)), recorded].into_iter().flatten().min()
            }
        }
    }

    /// The items that a view goes by, as of a time: those it knows, less those that an item it knows corrects.
    pub fn items(&self, view: View, as_of: Option<Time>) -> BTreeMap<String, Time> {
        let all = self.incident.evidence();
        let known: Vec<(&Evidence, Time)> = all
            .iter()
            .filter_map(|item| Some((item, self.time(view, item)?)))
            .filter(|(_, time)| as_of.is_none_or(|limit| *time <= limit))
            .collect();
        known
            .iter()
            .filter(|(item, _)| {
                !known.iter().any(|(later, _)| later.supersedes.iter().any(|old| all[old.index()].id == item.id))
            })
            .map(|(item, time)| (item.id.to_string(), *time))
            .collect()
    }
}
