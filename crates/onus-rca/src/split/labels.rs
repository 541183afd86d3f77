//! A structure as labels on the physics: who sees which channel, and who answers for which fault.
//!
//! Every report is a channel of the estate. A look at a system is one only where somebody holds the duty to monitor it: somebody
//! is paid to look. Who sees a channel follows from the rules of [`Sight`], which evidence of an incident obeys too.

use std::collections::BTreeMap;

use onus_model::{ContractorIndex, Date, DutyKind, Element, Model, MonitorIndex};

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
    /// Views that are not among them.
    pub(super) not_looked_at: usize,
    /// By view: the number of the outcome that its own contractor answers, if it answers for anything.
    pub(super) own: Vec<Option<usize>>,
    pub(super) outcomes: Outcomes,
}

impl Labels {
    /// Keeps what is public and the views that see most channels, no more than so many (at least one).
    ///
    /// O(channels · contracts over each · who is told), and the channels of what is kept.
    pub(super) fn of(model: &Model, dictionary: &FaultDictionary, day: Option<Date>, most: usize) -> Self {
        let (sight, responsibility) = (Sight::new(model, day), model.responsibility(day));
        let (mut pooled, mut public) = (Vec::new(), Vec::new());
        // What is public, and what a monitor tells all whom it names, is not written down for each of them.
        let mut monitors: BTreeMap<MonitorIndex, (Vec<ContractorIndex>, Vec<u32>)> = BTreeMap::new();
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
                continue;
            }
            let mut named: &[ContractorIndex] = &[];
            if let Some(monitor) = channel.monitor {
                let told = monitors.entry(monitor).or_insert_with(|| (sight.named(monitor), Vec::new()));
                told.1.push(number);
                named = &told.0;
            }
            for viewer in sight.beyond(&[element], named) {
                seen[viewer.index()].push(number);
            }
        }
        let monitors: Vec<(Vec<ContractorIndex>, Vec<u32>)> = monitors.into_values().collect();
        let mut told: Vec<Vec<&[u32]>> = seen.iter().map(|own| vec![public.as_slice(), own]).collect();
        for (named, channels) in &monitors {
            for viewer in named {
                told[viewer.index()].push(channels);
            }
        }
        let mut kept: Vec<usize> = (0..told.len()).collect();
        kept.sort_by_key(|at| (std::cmp::Reverse(told[*at].iter().map(|channels| channels.len()).sum::<usize>()), *at));
        kept.truncate(most.max(1) - 1);
        kept.sort_unstable();
        let not_looked_at = told.len() - kept.len();
        let contractors = kept.into_iter().map(|at| {
            let mut channels = told[at].concat();
            channels.sort_unstable();
            (View::Contractor(ContractorIndex::new(at)), channels)
        });
        let contractors: Vec<(View, Vec<u32>)> = contractors.collect();
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
        Self { own: own.collect(), pooled, views, not_looked_at, outcomes }
    }

    /// What all see together, then what each view sees.
    pub(super) fn channels(&self) -> impl Iterator<Item = &[u32]> {
        std::iter::once(self.pooled.as_slice()).chain(self.views.iter().map(|(_, seen)| seen.as_slice()))
    }
}
