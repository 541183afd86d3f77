//! Alternatives: the same estate under other contracts. Each is a plain function from a model to a model that leaves the
//! topology, the causes' duties and what is covered by whom alone, as far as it can: what differs is due to who holds what.
//!
//! Two things are done to a structure. It is *cut*: contracts fall into pieces by element and somebody else takes the place
//! of each holder (one prime, by kind, by site, one per system, refined, merged); every duty over every element is still
//! there, gaps stay gaps, and overlaps stay overlaps unless both are held by one now. Or it is *added to*: who is told
//! (shared), who integrates, who watches.
//!
//! Where a contractor is cut into parts, what it was told (a monitor's `seen_by`, a contract's `reports_to`) goes to those of
//! its parts that stand next to what is told of: on the same element, or one interface away; to all of them if none does.
//! So no part sees more than the whole did. A clause that names a contractor which is now several (`buyer`,
//! `indemnified_by`) names nobody.

mod assemble;
mod cut;

use crate::diagnostic::Error;
use crate::document::DutyKind;
use crate::id::{ContractorIndex, SystemIndex};
use crate::model::{Element, Model};

use assemble::Loose;
use cut::Cut;

/// Other contracts over the same topology.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Alternative {
    /// As it is.
    Actual,
    /// All contracts are held by one contractor, `prime`.
    OnePrime,
    /// Whatever is of one kind is in one hand. A system without a kind goes to `no kind`; an interface without one goes with
    /// its consumer.
    ByKind,
    /// Whatever stands at one site is in one hand; an interface goes with its consumer.
    BySite,
    /// Every system is in a hand of its own, with its interfaces to what it needs.
    OnePerSystem,
    /// Every contractor is split into one for each element that it covers.
    Refined,
    /// Every contractor is told what any contractor or monitor sees.
    FullSharing,
    /// A new contractor, `integrator`, integrates all interfaces; who integrates some already does so under it.
    LeadIntegrator,
    /// The second contractor is taken over by the first.
    Merge(ContractorIndex, ContractorIndex),
    /// A contractor, new or not, integrates the interfaces that some selectors name.
    Integrator(String, Vec<String>),
    /// What the first sees, by duty under its contracts or by monitors, the second is told.
    Share(ContractorIndex, ContractorIndex),
    /// A contractor is given the duty to monitor a system.
    Watch(ContractorIndex, SystemIndex),
}

impl Alternative {
    /// The alternatives that ask for no further word, the structure as it is first.
    pub const BUILT_IN: [Self; 7] = [
        Self::Actual,
        Self::OnePrime,
        Self::ByKind,
        Self::BySite,
        Self::OnePerSystem,
        Self::FullSharing,
        Self::LeadIntegrator,
    ];

    /// What it is called, in the words of a model.
    pub fn name(&self, model: &Model) -> String {
        let party = |contractor: &ContractorIndex| model.contractors()[contractor.index()].id.as_str();
        match self {
            Self::Actual => "actual".to_owned(),
            Self::OnePrime => "one prime".to_owned(),
            Self::ByKind => "by kind".to_owned(),
            Self::BySite => "by site".to_owned(),
            Self::OnePerSystem => "one per system".to_owned(),
            Self::Refined => "one per element".to_owned(),
            Self::FullSharing => "actual, all shared".to_owned(),
            Self::LeadIntegrator => "actual, integrator".to_owned(),
            Self::Merge(a, b) => format!("merge {},{}", party(a), party(b)),
            Self::Integrator(who, over) => format!("integrator {who}:{}", over.join(",")),
            Self::Share(from, to) => format!("share {}:{}", party(from), party(to)),
            Self::Watch(who, system) => format!("watch {}:{}", party(who), model.systems()[system.index()].id),
        }
    }
}

impl Model {
    /// The same topology under other contracts.
    ///
    /// O(V + E + duties over elements), and for sharing O(contracts · contractors).
    ///
    /// # Errors
    /// [`Error::Invalid`] if a selector of an [`Alternative::Integrator`] selects no interface.
    pub fn under(&self, alternative: &Alternative) -> Result<Self, Error> {
        Ok(match alternative {
            Alternative::Actual => self.clone(),
            Alternative::OnePrime => {
                let prime = self.fresh("prime");
                self.cut(&Cut::whole(&|_| prime.clone()))
            }
            Alternative::ByKind => self.cut(&Cut::by(&|element| self.kind_of(element))),
            Alternative::BySite => self.cut(&Cut::by(&|element| self.site_of(element))),
            Alternative::OnePerSystem => {
                self.cut(&Cut::by(&|element| self.systems()[self.consumer(element).index()].id.to_string()))
            }
            Alternative::Refined => self.cut(&Cut::refined(&|element| self.part_name(element))),
            Alternative::Merge(a, b) => {
                let name = |party: ContractorIndex| {
                    let stays = if party == *b { *a } else { party };
                    self.contractors()[stays.index()].id.to_string()
                };
                self.cut(&Cut::merged(&name))
            }
            Alternative::FullSharing => self.shared_by_all(),
            Alternative::Share(from, to) => self.shared(*from, *to),
            Alternative::LeadIntegrator => {
                let interfaces = (0..self.interfaces().len()).map(crate::id::InterfaceIndex::new);
                let all: Vec<Element> = interfaces.map(Element::Interface).collect();
                self.integrated(&self.fresh("integrator"), vec!["* -> *".to_owned()], all)
            }
            Alternative::Integrator(who, selectors) => {
                let elements = self.interfaces_selected(selectors)?;
                let ids = elements.iter().map(|element| self.topology().element_id(*element).to_owned()).collect();
                self.integrated(who, ids, elements)
            }
            Alternative::Watch(who, system) => {
                let id = self.systems()[system.index()].id.to_string();
                let own = self.contractors()[who.index()].id.as_str();
                let mut loose = Loose::of(self);
                loose.add(
                    own,
                    &format!("{own}/watch {id}"),
                    DutyKind::Monitor,
                    vec![id],
                    vec![Element::System(*system)],
                );
                loose.assemble(self)
            }
        })
    }

    /// The interfaces that some selectors name.
    fn interfaces_selected(&self, selectors: &[String]) -> Result<Vec<Element>, Error> {
        use crate::code::Code;
        use crate::diagnostic::{Path, Problem, Problems};
        let mut problems = Problems::default();
        let path = Path::default().key("integrator");
        let elements = crate::validate::Selection::over(self.topology()).select(selectors, &path, &mut problems);
        let mut elements = problems.or(elements)?;
        elements.retain(|element| matches!(element, Element::Interface(_)));
        if elements.is_empty() {
            let mut problems = Problems::default();
            let message = format!("`{}` names no interface to integrate", selectors.join(", "));
            problems.push(Problem::new(Code::EmptySelector, path, message));
            return problems.or(elements);
        }
        Ok(elements)
    }

    /// A name that no contractor has.
    fn fresh(&self, name: &str) -> String {
        let mut name = name.to_owned();
        while self.contractor(&name).is_some() {
            name.push('\'');
        }
        name
    }

    fn consumer(&self, element: Element) -> SystemIndex {
        match element {
            Element::System(system) => system,
            Element::Interface(interface) => self.interfaces()[interface.index()].consumer,
        }
    }

    fn kind_of(&self, element: Element) -> String {
        let own = match element {
            Element::System(_) => None,
            Element::Interface(interface) => self.interfaces()[interface.index()].kind.clone(),
        };
        let kind = own.or_else(|| self.systems()[self.consumer(element).index()].kind.clone());
        kind.unwrap_or_else(|| "no kind".to_owned())
    }

    fn site_of(&self, element: Element) -> String {
        self.systems()[self.consumer(element).index()].site.clone().unwrap_or_else(|| "no site".to_owned())
    }

    fn part_name(&self, element: Element) -> String {
        match element {
            Element::System(system) => self.systems()[system.index()].id.to_string(),
            Element::Interface(interface) => {
                let interface = &self.interfaces()[interface.index()];
                let [consumer, provider] =
                    [interface.consumer, interface.provider].map(|s| &self.systems()[s.index()].id);
                // The arrow is kept for interfaces.
                format!("{consumer}>{provider}")
            }
        }
    }

    fn shared_by_all(&self) -> Self {
        let mut loose = Loose::of(self);
        let all: Vec<String> = self.contractors().iter().map(|contractor| contractor.id.to_string()).collect();
        for contract in &mut loose.contracts {
            contract.reports_to.clone_from(&all);
        }
        for (_, viewers) in &mut loose.viewers {
            viewers.clone_from(&all);
        }
        loose.assemble(self)
    }

    fn shared(&self, from: ContractorIndex, to: ContractorIndex) -> Self {
        let mut loose = Loose::of(self);
        let [from, to] = [from, to].map(|party| self.contractors()[party.index()].id.to_string());
        for contract in &mut loose.contracts {
            if contract.holder.iter().any(|(holder, _)| *holder == from) {
                contract.reports_to.push(to.clone());
            }
        }
        for (_, viewers) in &mut loose.viewers {
            if viewers.contains(&from) {
                viewers.push(to.clone());
            }
        }
        loose.assemble(self)
    }

    /// Who integrates some of it already does so under the new contract, so that the two do not dispute it.
    fn integrated(&self, who: &str, selectors: Vec<String>, elements: Vec<Element>) -> Self {
        let mut loose = Loose::of(self);
        if elements.is_empty() {
            return loose.assemble(self);
        }
        let mut above: Vec<String> = Vec::new();
        for own in self.contracts() {
            let integrates = own.duties.iter().filter(|duty| duty.kind == DutyKind::Integrate);
            if integrates.flat_map(|duty| &duty.elements).any(|e| elements.binary_search(e).is_ok()) {
                let chain =
                    std::iter::successors(Some(own), |at| at.under.map(|parent| &self.contracts()[parent.index()]));
                above.extend(chain.last().map(|top| top.id.to_string()));
            }
        }
        let contract = loose.add(who, &format!("{who}/integration"), DutyKind::Integrate, selectors, elements);
        for own in &mut loose.contracts {
            if above.contains(&own.id) {
                own.under = Some(contract.clone());
            }
        }
        loose.assemble(self)
    }
}

#[cfg(test)]
mod tests;
