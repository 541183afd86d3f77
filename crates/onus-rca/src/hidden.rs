//! Hidden evidence (DESIGN.md 3.6): what existed, was not visible to a view, and would have let it tell; and how much
//! earlier.
//!
//! For each party and each item that it did not know at some time while somebody did: from which moment on could it have
//! told (see [`dispute`](crate::dispute)) with that item added to what it knew, and from which moment on could it tell
//! as it was? Moments are the times at which the party or anybody came to know something; *from on* means at all of the
//! moments after it, up to the time asked about.

use std::collections::{BTreeMap, BTreeSet};

use onus_model::{EvidenceId, EvidenceIndex, Incident, Model, Statement, Time};
use serde::Serialize;

use crate::dispute::{DisputeOptions, Hearing};
use crate::evidence::Evidence;
use crate::fault_graph::FaultGraph;
use crate::figure::Figure;
use crate::outcome::Outcome;
use crate::view::View;

/// Diagnoses that the search may take; the parties are looked at in order.
const MOST_DIAGNOSES: usize = 4_000;

/// An item that a party lacked, and with which it could have told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hidden {
    /// Who lacked it: the public or parties, all of whom knew the same.
    pub views: Vec<String>,
    /// The item.
    pub item: EvidenceId,
    /// Who knew it, in the order in which they came to know it. Empty if nobody in particular did: the record says only
    /// that it was known.
    pub held_by: Vec<String>,
    /// When it was first known to anybody.
    pub known: Time,
    /// From when on the party could have told with it.
    pub could_tell: Time,
    /// From when on it could tell as it was; `None`: not by the time asked about.
    pub told: Option<Time>,
    /// What its addition does to the doubt about who answers, at the moment from which on the party could have told.
    pub drop: Figure,
}

impl Hidden {
    /// What each party lacked by the time asked about, of what would have let it tell where the pooled evidence leads. The
    /// greatest gain of time first. Parties that knew the same stand together.
    ///
    /// Cost: a diagnosis for each moment of each party, and for each item that it lacks and moment of that; at most
    /// 4,000, and `false` where that was not enough.
    pub fn of(model: &Model, graph: &FaultGraph, incident: &Incident, options: &DisputeOptions) -> (Vec<Self>, bool) {
        let hearing = Hearing::new(model, graph, incident, options);
        let Some(leads) = hearing.leads() else { return (Vec::new(), true) };
        let in_time = |time: &Time| options.as_of.is_none_or(|limit| *time <= limit);
        let times_of = |view: View| -> Times {
            hearing.who_knew.evidence(&[view], None).known_times().filter(|(_, time)| in_time(time)).collect()
        };
        let pooled = times_of(View::Pooled);
        let parties: Vec<(View, Times)> =
            View::all(model).into_iter().skip(1).map(|view| (view, times_of(view))).collect();
        let mut search = Search { hearing, leads, pooled, parties: &parties, left: MOST_DIAGNOSES };
        let mut groups: Vec<(&Times, Vec<View>)> = Vec::new();
        for (view, times) in &parties {
            match groups.iter_mut().find(|(other, _)| *other == times) {
                Some((_, views)) => views.push(*view),
                None => groups.push((times, vec![*view])),
            }
        }
        let mut found = Vec::new();
        let complete = groups.iter().all(|(times, views)| search.party(times, views, &mut found).is_some());
        found.sort_by(|a, b| b.earlier().total_cmp(&a.earlier()).then(a.known.cmp(&b.known)).then(a.item.cmp(&b.item)));
        (found, complete)
    }

    /// How much earlier it could have told, in hours; without end where it never could as it was.
    pub fn earlier(&self) -> f64 {
        self.told.map_or(f64::INFINITY, |told| (told.as_seconds() - self.could_tell.as_seconds()) / 3600.0)
    }
}

/// When somebody came to know what.
type Times = BTreeMap<EvidenceIndex, Time>;

struct Search<'a> {
    hearing: Hearing<'a>,
    leads: Outcome,
    pooled: Times,
    parties: &'a [(View, Times)],
    /// Diagnoses left.
    left: usize,
}

impl Search<'_> {
    /// Whether what is known by a moment tells, with one more item or without; `None` when the budget is used up.
    fn tells(&mut self, times: &Times, at: Time, with: Option<EvidenceIndex>) -> Option<(bool, Figure)> {
        self.left = self.left.checked_sub(1)?;
        let known = |item: EvidenceIndex| times.get(&item).copied().filter(|time| *time <= at);
        let added = |item: EvidenceIndex| (with == Some(item)).then(|| self.pooled.get(&item).copied()).flatten();
        let evidence = Evidence::known(self.hearing.incident, |item, _| known(item).or_else(|| added(item)));
        Some(self.hearing.tells(&evidence, &self.leads))
    }

    /// The items that would have let some parties, who know the same, tell.
    fn party(&mut self, times: &Times, views: &[View], found: &mut Vec<Hidden>) -> Option<()> {
        // When anybody, or they, came to know something.
        let moments: BTreeSet<Time> = self.pooled.values().chain(times.values()).copied().collect();
        let moments: Vec<Time> = moments.into_iter().collect();
        // As it was: from which moment on it tells for good.
        let mut told = moments.len();
        while told > 0 && self.tells(times, moments[told - 1], None)?.0 {
            told -= 1;
        }
        let items: Vec<(EvidenceIndex, Time)> = self.pooled.iter().map(|(item, time)| (*item, *time)).collect();
        for (item, first) in items {
            let seen = &self.hearing.incident.evidence()[item.index()];
            if matches!(seen.statement, Statement::Announcement { .. }) {
                continue;
            }
            // The moments at which somebody knew it, they did not, and could not tell.
            let lacked = |at: &usize| first <= moments[*at] && times.get(&item).is_none_or(|own| *own > moments[*at]);
            let window: Vec<usize> = (0..told).filter(lacked).collect();
            let mut since = None;
            for at in window.into_iter().rev() {
                // Once they knew it, they must have gone on telling, or the item did not settle the matter.
                if since.is_none() && at + 1 < told {
                    break;
                }
                let (tells, left) = self.tells(times, moments[at], Some(item))?;
                if !tells {
                    break;
                }
                since = Some((at, left));
            }
            let Some((at, left)) = since else { continue };
            let before = self.tells(times, moments[at], None)?.1;
            found.push(Hidden {
                views: views.iter().map(|view| view.name(self.hearing.model)).collect(),
                item: seen.id.clone(),
                held_by: self.holders(item, moments[at]),
                known: first,
                could_tell: moments[at],
                told: moments.get(told).copied(),
                drop: before.minus(left),
            });
        }
        Some(())
    }

    /// Who knew an item by a time, the first to know it first.
    fn holders(&self, item: EvidenceIndex, by: Time) -> Vec<String> {
        let mut holders: Vec<(Time, String)> = self
            .parties
            .iter()
            .filter_map(|(view, times)| {
                let known = times.get(&item).copied().filter(|time| *time <= by)?;
                Some((known, view.name(self.hearing.model)))
            })
            .collect();
        holders.sort();
        holders.into_iter().map(|(_, name)| name).collect()
    }
}
