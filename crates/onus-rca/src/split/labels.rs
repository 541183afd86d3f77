//! A structure as labels on the physics: who sees which channel, and who answers for which fault.
//!
//! Every report is a channel of the estate. A look at a system is one only where somebody holds the duty to monitor it: somebody
//! is paid to look. Who sees a channel follows from the rules of [`Sight`], which evidence of an incident obeys too.

use std::collections::BTreeMap;

use onus_model::{ContractorIndex, Date, DutyKind, Element, Model};

use super::channels::FaultDictionary;
use crate::attribution::By;
use crate::outcome::Outcomes;
use crate::sight::Sight;
use crate::view::View;

/// Who sees and who answers.
pub(super) struct Labels {
    /// The channels there are, sorted.
    pub(super) pooled: Vec<u32>,
    /// What is public, and what each contractor sees, each sorted.
    pub(super) views: Vec<(View, Vec<u32>)>,
    /// By view: the number of the outcome that its own contractor answers, if it answers for anything.
    pub(super) own: Vec<Option<usize>>,
    pub(super) outcomes: Outcomes,
}

impl Labels {
    /// O(channels · contracts over each · who is told).
    pub(super) fn of(model: &Model, dictionary: &FaultDictionary, day: Option<Date>) -> Self {
        let (sight, responsibility) = (Sight::new(model, day), model.responsibility(day));
        let (mut pooled, mut public) = (Vec::new(), Vec::new());
        let mut seen: Vec<Vec<u32>> = vec![Vec::new(); model.contractors().len()];
        for (number, channel) in dictionary.channels.iter().enumerate() {
            let element = Element::System(channel.system);
            let is_there = channel.monitor.is_some() || !responsibility.holding(DutyKind::Monitor, element).is_empty();
            if !is_there {
                continue;
            }
            let number = number as u32;
            pooled.push(number);
            if channel.monitor.is_some_and(|monitor| model.structure().viewers(monitor).public) {
                public.push(number);
                for channels in &mut seen {
                    channels.push(number);
                }
                continue;
            }
            for viewer in sight.all(&[element], channel.monitor) {
                seen[viewer.index()].push(number);
            }
        }
        let contractors = seen.into_iter().enumerate();
        let contractors = contractors.map(|(at, channels)| (View::Contractor(ContractorIndex::new(at)), channels));
        let views: Vec<(View, Vec<u32>)> = [(View::Public, public)].into_iter().chain(contractors).collect();
        let outcomes = Outcomes::of(model, By::Contractor, day);
        let of_party: BTreeMap<&str, usize> = outcomes
            .all()
            .iter()
            .enumerate()
            .filter(|(_, outcome)| outcome.is_party())
            .map(|(number, outcome)| (outcome.who.as_str(), number))
            .collect();
        let own = views.iter().map(|(view, _)| match view {
            View::Contractor(contractor) => of_party.get(model.contractors()[contractor.index()].id.as_str()).copied(),
            View::Pooled | View::Public => None,
        });
        Self { own: own.collect(), pooled, views, outcomes }
    }

    /// What all see together, then what each view sees.
    pub(super) fn channels(&self) -> impl Iterator<Item = &[u32]> {
        std::iter::once(self.pooled.as_slice()).chain(self.views.iter().map(|(_, seen)| seen.as_slice()))
    }

    /// Keeps what is public and the views that see most channels, no more than so many (at least one). Returns how many are
    /// gone.
    pub(super) fn keep(&mut self, most: usize) -> usize {
        let most = most.max(1);
        let gone = self.views.len().saturating_sub(most);
        let mut order: Vec<usize> = (0..self.views.len()).collect();
        order.sort_by_key(|at| (*at > 0, std::cmp::Reverse(self.views[*at].1.len()), *at));
        order.truncate(most);
        order.sort_unstable();
        self.own = order.iter().map(|at| self.own[*at]).collect();
        self.views = order.iter().map(|at| self.views[*at].clone()).collect();
        gone
    }
}
