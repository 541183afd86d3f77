//! Who answers for what, on a day: the contracts in force are asked who holds the duty that answers for a fault's
//! cause on the element it sits on (DESIGN.md 3.4).
//!
//! Nothing is divided silently: what two contractors both hold, or each could pass to the other, is *disputed*; what
//! nobody holds is *unassigned*.

use std::collections::BTreeSet;

use crate::document::DutyKind;
use crate::id::{ContractIndex, ContractorIndex, FaultIndex, InterfaceIndex, SystemIndex};
use crate::model::{Contract, Element, Model, Topology};
use crate::quantity::Date;

/// Who answers for a fault.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// The holder of this contract; if that is a consortium, its members in their shares.
    Assigned(ContractIndex),
    /// These contracts are held by different contractors, and nothing says which of them answers.
    Disputed(Vec<ContractIndex>),
    /// Nobody: no contract in force covers it.
    Unassigned,
}

/// An interface whose two ends answer to different contractors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seam {
    /// The interface.
    pub interface: InterfaceIndex,
    /// Who answers for the consumer's end.
    pub consumer: Vec<ContractorIndex>,
    /// Who answers for the provider's end.
    pub provider: Vec<ContractorIndex>,
    /// Contracts with the duty to integrate across it.
    pub integrators: Vec<ContractIndex>,
}

/// The duties in force on one day. Cheap to make: it borrows the model.
#[derive(Clone, Copy, Debug)]
pub struct Responsibility<'m> {
    model: &'m Model,
    day: Option<Date>,
}

/// Which contracts hold which duties over each element: an index over the contracts' own lists, so that a question about
/// one element does not walk all contracts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Held {
    /// How many systems there are: their slots come first, those of the interfaces follow.
    systems: usize,
    /// By slot: contracts with a duty over the element itself.
    over: Rows<(ContractIndex, DutyKind)>,
    /// By system: contracts that integrate one of its interfaces.
    across: Rows<ContractIndex>,
}

/// Lists in compressed rows, each sorted and without doubles.
#[derive(Clone, Debug, PartialEq)]
struct Rows<T> {
    /// Where each row begins; one more at the end.
    starts: Vec<u32>,
    entries: Vec<T>,
}

impl<T: Copy + Ord> Rows<T> {
    /// O(n) and the sorting of each row: millions of entries are never sorted as one.
    fn of(count: usize, all: &[(usize, T)]) -> Self {
        let mut starts = vec![0_u32; count + 1];
        for (row, _) in all {
            starts[row + 1] += 1;
        }
        for row in 0..count {
            starts[row + 1] += starts[row];
        }
        let Some((_, any)) = all.first() else { return Self { starts, entries: Vec::new() } };
        let mut entries = vec![*any; all.len()];
        let mut next = starts.clone();
        for (row, entry) in all {
            entries[next[*row] as usize] = *entry;
            next[*row] += 1;
        }
        let mut kept = 0;
        let mut begin = 0;
        for row in 0..count {
            let end = starts[row + 1] as usize;
            entries[begin..end].sort_unstable();
            let first = kept;
            for at in begin..end {
                if kept == first || entries[kept - 1] != entries[at] {
                    entries[kept] = entries[at];
                    kept += 1;
                }
            }
            begin = end;
            starts[row + 1] = kept as u32;
        }
        entries.truncate(kept);
        Self { starts, entries }
    }

    fn row(&self, row: usize) -> &[T] {
        &self.entries[self.starts[row] as usize..self.starts[row + 1] as usize]
    }
}

impl Held {
    /// O(elements that all duties list), and log-factors in how many duties one element has.
    pub(crate) fn of(topology: &Topology, contracts: &[Contract]) -> Self {
        let systems = topology.systems().len();
        let mut over: Vec<(usize, (ContractIndex, DutyKind))> = Vec::new();
        let mut across: Vec<(usize, ContractIndex)> = Vec::new();
        for (at, contract) in contracts.iter().enumerate() {
            let index = ContractIndex::new(at);
            for duty in &contract.duties {
                for element in &duty.elements {
                    over.push((slot(systems, *element), (index, duty.kind)));
                    if let (DutyKind::Integrate, Element::Interface(interface)) = (duty.kind, element) {
                        let interface = &topology.interfaces()[interface.index()];
                        across.extend([interface.consumer, interface.provider].map(|end| (end.index(), index)));
                    }
                }
            }
        }
        let slots = systems + topology.interfaces().len();
        Self { systems, over: Rows::of(slots, &over), across: Rows::of(systems, &across) }
    }

    /// The duties over an element, by contract.
    fn over(&self, element: Element) -> &[(ContractIndex, DutyKind)] {
        self.over.row(slot(self.systems, element))
    }

    /// The contracts that integrate an interface of a system; none for an interface.
    fn across(&self, element: Element) -> &[ContractIndex] {
        match element {
            Element::System(system) => self.across.row(system.index()),
            Element::Interface(_) => &[],
        }
    }
}

fn slot(systems: usize, element: Element) -> usize {
    match element {
        Element::System(system) => system.index(),
        Element::Interface(interface) => systems + interface.index(),
    }
}

/// The duties that make somebody the owner of a system, the strongest first. Who only watches a system does not own it.
const OWNERSHIP: [DutyKind; 5] =
    [DutyKind::Operate, DutyKind::Maintain, DutyKind::Integrate, DutyKind::Build, DutyKind::Supply];

impl Model {
    /// The duties in force on a day; on no day in particular, all contracts count.
    pub fn responsibility(&self, day: Option<Date>) -> Responsibility<'_> {
        Responsibility { model: self, day }
    }

    /// Interfaces whose two ends answer to different contractors on a day, in order.
    ///
    /// O(systems + interfaces + duties over them).
    pub fn seams(&self, day: Option<Date>) -> Vec<Seam> {
        let responsibility = self.responsibility(day);
        let owners: Vec<Vec<ContractorIndex>> =
            (0..self.systems().len()).map(|s| responsibility.owners(SystemIndex::new(s))).collect();
        let mut seams = Vec::new();
        for (at, interface) in self.interfaces().iter().enumerate() {
            let [consumer, provider] = [interface.consumer, interface.provider].map(|s| &owners[s.index()]);
            if consumer.is_empty() || provider.is_empty() || consumer == provider {
                continue;
            }
            let index = InterfaceIndex::new(at);
            seams.push(Seam {
                interface: index,
                consumer: consumer.clone(),
                provider: provider.clone(),
                integrators: responsibility.holding(DutyKind::Integrate, Element::Interface(index)),
            });
        }
        seams
    }
}

impl Responsibility<'_> {
    /// The contracts in force with a duty of this kind over an element. Where a contract and its subcontract both have
    /// it, the subcontract does the work and stands alone.
    pub fn holding(&self, duty: DutyKind, element: Element) -> Vec<ContractIndex> {
        let contracts = self.model.contracts();
        let held = self.model.structure().held.over(element).iter();
        let mut found: Vec<ContractIndex> = held
            .filter(|(contract, kind)| *kind == duty && contracts[contract.index()].in_force(self.day))
            .map(|(contract, _)| *contract)
            .collect();
        if found.len() > 1 {
            let mut above = BTreeSet::new();
            for contract in &found {
                let mut parent = contracts[contract.index()].under;
                while let Some(index) = parent
                    && above.insert(index)
                {
                    parent = contracts[index.index()].under;
                }
            }
            found.retain(|contract| !above.contains(contract));
        }
        found
    }

    /// Whether a contractor holds a duty of this kind over an element, itself or in a consortium, on any tier.
    pub fn holds(&self, contractor: ContractorIndex, duty: DutyKind, element: Element) -> bool {
        self.model.structure().held.over(element).iter().any(|(contract, kind)| {
            let contract = &self.model.contracts()[contract.index()];
            *kind == duty && contract.in_force(self.day) && contract.is_held_by(contractor)
        })
    }

    /// Whether a contractor holds a duty that makes it see what happens to an element; see [`sighted`](Self::sighted).
    pub fn sees(&self, contractor: ContractorIndex, element: Element) -> bool {
        self.sighted(element).iter().any(|contract| self.model.contracts()[contract.index()].is_held_by(contractor))
    }

    /// The contracts in force whose holders see what happens to an element: those with a duty to operate, maintain, monitor
    /// or integrate it; an integrator of an interface sees both of its ends. Who only built or supplied sees nothing.
    /// Sorted.
    pub fn sighted(&self, element: Element) -> Vec<ContractIndex> {
        use DutyKind::{Integrate, Maintain, Monitor, Operate};
        self.about(element, &[Operate, Maintain, Monitor, Integrate])
    }

    /// The contracts in force that are about an element, by whatever duty; to integrate an interface is about both of its
    /// ends. Sorted.
    pub fn covering(&self, element: Element) -> Vec<ContractIndex> {
        self.about(element, &DutyKind::ALL)
    }

    fn about(&self, element: Element, duties: &[DutyKind]) -> Vec<ContractIndex> {
        let about = self.duties_about(element).filter(|(_, duty)| duties.contains(duty));
        let mut contracts: Vec<ContractIndex> = about.map(|(contract, _)| contract).collect();
        contracts.sort_unstable();
        contracts.dedup();
        contracts
    }

    /// The duties that contracts in force have about an element; to integrate an interface is about both of its ends. In
    /// no order that means anything, and a contract may have one twice.
    pub fn duties_about(&self, element: Element) -> impl Iterator<Item = (ContractIndex, DutyKind)> {
        let held = &self.model.structure().held;
        let across = held.across(element).iter().map(|contract| (*contract, DutyKind::Integrate));
        let all = held.over(element).iter().copied().chain(across);
        all.filter(|(contract, _)| self.model.contracts()[contract.index()].in_force(self.day))
    }

    /// Who owns a system: the contractors with the strongest duty that anybody holds over it (operate, then maintain,
    /// integrate, build, supply). Sorted; empty if nobody has any.
    pub fn owners(&self, system: SystemIndex) -> Vec<ContractorIndex> {
        let mut owners: Vec<ContractorIndex> =
            self.ownership(system).into_iter().flat_map(|contract| self.parties(contract)).collect();
        owners.sort_unstable();
        owners.dedup();
        owners
    }

    /// The contracts behind [`owners`](Self::owners).
    pub fn ownership(&self, system: SystemIndex) -> Vec<ContractIndex> {
        OWNERSHIP
            .into_iter()
            .map(|duty| self.holding(duty, Element::System(system)))
            .find(|contracts| !contracts.is_empty())
            .unwrap_or_default()
    }

    fn parties(&self, contract: ContractIndex) -> impl Iterator<Item = ContractorIndex> + use<> {
        self.model.contracts()[contract.index()].holders().into_iter().map(|(contractor, _)| contractor)
    }

    /// Who answers for a fault.
    ///
    /// On a system: the holders of the first duty, of those that answer for the cause, that anybody holds there. On an
    /// interface: likewise; else who integrates it; else the owners of its ends, if they are the same, and if not,
    /// they dispute it; an end that nobody owns leaves it unassigned. For a common cause: whoever answers on any of the
    /// elements it strikes.
    pub fn answer(&self, fault: FaultIndex) -> Answer {
        let fault = &self.model.faults()[fault.index()];
        let mut contracts = BTreeSet::new();
        for element in &fault.elements {
            let direct = self.direct(&fault.cause, *element);
            match element {
                Element::Interface(interface) if direct.is_empty() => contracts.extend(self.answer_across(*interface)),
                _ => contracts.extend(direct),
            }
        }
        self.settle(contracts.into_iter().collect())
    }

    /// The holders over an element of the first duty, of those that answer for a cause, that anybody holds there.
    fn direct(&self, cause: &str, element: Element) -> Vec<ContractIndex> {
        let duties = self.model.structure().answers_for(cause).unwrap_or_default();
        duties.iter().map(|duty| self.holding(*duty, element)).find(|found| !found.is_empty()).unwrap_or_default()
    }

    /// Whether the answer for a fault of an interface comes from the owners of its two ends, because nobody holds a
    /// duty over the interface itself.
    pub(crate) fn is_left_to_the_ends(&self, cause: &str, interface: InterfaceIndex) -> bool {
        let element = Element::Interface(interface);
        self.direct(cause, element).is_empty() && self.holding(DutyKind::Integrate, element).is_empty()
    }

    fn answer_across(&self, interface: InterfaceIndex) -> Vec<ContractIndex> {
        let integrators = self.holding(DutyKind::Integrate, Element::Interface(interface));
        if !integrators.is_empty() {
            return integrators;
        }
        let interface = &self.model.interfaces()[interface.index()];
        let [mut consumer, provider] = [interface.consumer, interface.provider].map(|system| self.ownership(system));
        if consumer.is_empty() || provider.is_empty() {
            return Vec::new();
        }
        consumer.extend(provider);
        consumer
    }

    /// Several contracts with the same holders are one answer; with different holders, a dispute.
    fn settle(&self, contracts: Vec<ContractIndex>) -> Answer {
        let Some((first, rest)) = contracts.split_first() else {
            return Answer::Unassigned;
        };
        let holder = &self.model.contracts()[first.index()].holder;
        if rest.iter().all(|contract| self.model.contracts()[contract.index()].holder == *holder) {
            Answer::Assigned(*first)
        } else {
            Answer::Disputed(contracts)
        }
    }
}
