//! Sight: who sees what by the contracts of one day, whatever it is that was seen and whenever.
//!
//! Two steps, which evidence of an incident ([`View`](crate::View)) and the readings that an estate's monitors can give
//! ([`split`](crate::split)) share. [`Sight::direct`]: the contractors that a monitor names, and those whose running duties cover
//! the element. [`Sight::report`]: what the holder of a contract knows of the elements under it, the parties in its
//! `reports_to` know as well, and so on until nobody learns anything new.

use std::collections::{BTreeMap, BTreeSet};

use onus_model::{ContractIndex, ContractorIndex, Date, Element, Model, MonitorIndex, Responsibility};

/// Who sees what, by the contracts of one day.
pub(crate) struct Sight<'m> {
    model: &'m Model,
    responsibility: Responsibility<'m>,
}

impl<'m> Sight<'m> {
    pub(crate) fn new(model: &'m Model, day: Option<Date>) -> Self {
        Self { model, responsibility: model.responsibility(day) }
    }

    /// The contractors that see what happens to some elements by a duty of their own, or because they see the reports of
    /// the monitor that tells of it. Sorted.
    pub(crate) fn direct(&self, elements: &[Element], monitor: Option<MonitorIndex>) -> Vec<ContractorIndex> {
        let mut found = monitor.map(|monitor| self.named(monitor)).unwrap_or_default();
        for contract in elements.iter().flat_map(|element| self.responsibility.sighted(*element)) {
            found.extend(self.model.contracts()[contract.index()].holders().into_iter().map(|(holder, _)| holder));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The contractors that a monitor names. Sorted.
    pub(crate) fn named(&self, monitor: MonitorIndex) -> Vec<ContractorIndex> {
        let mut named = self.model.structure().viewers(monitor).contractors.clone();
        named.sort_unstable();
        named.dedup();
        named
    }

    /// All contractors that see what happens to some elements, by themselves or by reports.
    pub(crate) fn all(&self, elements: &[Element], monitor: Option<MonitorIndex>) -> BTreeSet<ContractorIndex> {
        let named = monitor.map(|monitor| self.named(monitor)).unwrap_or_default();
        self.beyond(elements, &named).into_iter().chain(named).collect()
    }

    /// Who else sees what happens to some elements, where some see it already; these are sorted. Sorted.
    ///
    /// O(contracts over the elements · who they tell), however many see it already.
    pub(crate) fn beyond(&self, elements: &[Element], named: &[ContractorIndex]) -> Vec<ContractorIndex> {
        let is_named = |contractor: &ContractorIndex| named.binary_search(contractor).is_ok();
        // Of those who see it already, only holders can tell somebody.
        let covering = elements.iter().flat_map(|element| self.responsibility.covering(*element));
        let holders = covering.flat_map(|contract| self.model.contracts()[contract.index()].holders());
        let telling = holders.map(|(holder, _)| holder).filter(is_named);
        #[expect(clippy::zero_sized_map_values, reason = "where times are passed on, they stand here")]
        let mut known: BTreeMap<ContractorIndex, ()> =
            self.direct(elements, None).into_iter().chain(telling).map(|contractor| (contractor, ())).collect();
        self.report(elements, &mut known, |party| is_named(&party));
        known.into_keys().filter(|contractor| !is_named(contractor)).collect()
    }

    /// Passes on what holders know of some elements, until nothing changes: each round can only bring times forward.
    /// `fixed` are the parties that learn nothing so, because the record says when they did.
    pub(crate) fn report<T: Copy + Ord>(
        &self,
        elements: &[Element],
        known: &mut BTreeMap<ContractorIndex, T>,
        fixed: impl Fn(ContractorIndex) -> bool,
    ) {
        let mut reporting: Vec<ContractIndex> =
            elements.iter().flat_map(|element| self.responsibility.covering(*element)).collect();
        reporting.retain(|contract| !self.model.contracts()[contract.index()].reports_to.is_empty());
        reporting.sort_unstable();
        reporting.dedup();
        let mut changed = !reporting.is_empty();
        while changed {
            changed = false;
            for contract in &reporting {
                let contract = &self.model.contracts()[contract.index()];
                let told = contract.holders().iter().filter_map(|(holder, _)| known.get(holder)).min().copied();
                let Some(told) = told else { continue };
                for party in &contract.reports_to {
                    if !fixed(*party) && known.get(party).is_none_or(|own| told < *own) {
                        known.insert(*party, told);
                        changed = true;
                    }
                }
            }
        }
    }
}
