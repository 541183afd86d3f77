//! What one view knows: the items of an incident that count, in the order in which they came to be known. To ask what
//! another reading would tell, items can be supposed beside them.

use std::collections::BTreeSet;

use onus_model::{EvidenceId, EvidenceIndex, Incident, SeenBy, State, Statement, Time};

/// Where an item comes from, which decides what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// The incident records it, at this index.
    Recorded(EvidenceIndex),
    /// Somebody supposes it, to see what it would say. It conditions like any other, but a failure it reports is not one
    /// that wants explaining.
    Supposed,
}

/// One item, as the engine sees it: who told is gone.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Where it comes from.
    pub standing: Standing,
    /// Its id.
    pub id: EvidenceId,
    /// When it was true.
    pub at: Time,
    /// When the view came to know it.
    pub known: Time,
    /// What it says.
    pub statement: Statement,
}

/// What a view knows of an incident.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    items: Vec<Item>,
    /// Items that were known, but are superseded by another known item.
    superseded: Vec<EvidenceIndex>,
    /// When each of these came to be known.
    superseded_known: Vec<Time>,
}

impl Evidence {
    /// Everything in an incident, each item from the time it was first known.
    pub fn of(incident: &Incident) -> Self {
        Self::known(incident, |_, item| Some(first_known(item)))
    }

    /// The items that came to be known, each with the time given; superseded ones are dropped.
    pub fn known(incident: &Incident, time: impl Fn(EvidenceIndex, &onus_model::Evidence) -> Option<Time>) -> Self {
        let mut known: Vec<(Time, EvidenceIndex)> = incident
            .evidence()
            .iter()
            .enumerate()
            .filter_map(|(at, item)| {
                let index = EvidenceIndex::new(at);
                Some((time(index, item)?, index))
            })
            .collect();
        // By id, not by place in the file, where times are equal: the order of a file's entries changes no answer.
        known.sort_by_key(|(time, index)| (*time, &incident.evidence()[index.index()].id));
        Self::select(incident, &known)
    }

    fn select(incident: &Incident, known: &[(Time, EvidenceIndex)]) -> Self {
        let superseded: BTreeSet<EvidenceIndex> =
            known.iter().flat_map(|(_, index)| &incident.evidence()[index.index()].supersedes).copied().collect();
        let mut evidence = Self::default();
        for (time, index) in known {
            if superseded.contains(index) {
                evidence.superseded.push(*index);
                evidence.superseded_known.push(*time);
                continue;
            }
            let item = &incident.evidence()[index.index()];
            evidence.items.push(Item {
                standing: Standing::Recorded(*index),
                id: item.id.clone(),
                at: item.at,
                known: *time,
                statement: item.statement.clone(),
            });
        }
        evidence
    }

    /// The items that count, in the order in which they came to be known, then by id.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The items that came to be known first. What superseded an item later still keeps it out.
    #[must_use]
    pub fn first(&self, count: usize) -> Self {
        Self { items: self.items.iter().take(count).cloned().collect(), ..self.clone() }
    }

    /// The same, and one more item that nobody has recorded: what if this were so?
    ///
    /// What is asked stays the same question. The shares are about the failures that *were* observed, so that the fault
    /// behind them, drawn by its share, is one random variable before and after; a supposed observation or test only
    /// conditions it. Doubt then falls in expectation, whatever is read: H(R | E, reading) ≤ H(R | E). To suppose a repair
    /// or a change asks about another course of events, and of that nothing of the kind is true.
    #[must_use]
    pub fn suppose(&self, at: Time, statement: Statement) -> Self {
        let mut evidence = self.clone();
        let known = self.items.last().map_or(at, |last| last.known.max(at));
        let id = EvidenceId::supposed(self.items.len());
        evidence.items.push(Item { standing: Standing::Supposed, id, at, known, statement });
        evidence
    }

    /// Items that a known item corrects.
    pub fn superseded(&self) -> &[EvidenceIndex] {
        &self.superseded
    }

    /// The recorded items that came to be known, superseded or not, and when; in no order that means anything.
    pub(crate) fn known_times(&self) -> impl Iterator<Item = (EvidenceIndex, Time)> + '_ {
        let superseded = self.superseded.iter().copied().zip(self.superseded_known.iter().copied());
        let recorded = self.items.iter().filter_map(|item| match item.standing {
            Standing::Recorded(index) => Some((index, item.known)),
            Standing::Supposed => None,
        });
        recorded.chain(superseded)
    }

    /// The times at which something came to be known, be it superseded since.
    pub(crate) fn times(&self) -> BTreeSet<Time> {
        self.items.iter().map(|item| item.known).chain(self.superseded_known.iter().copied()).collect()
    }

    /// Whether any failure was seen.
    pub fn has_failure(&self) -> bool {
        self.items.iter().any(Item::is_failure)
    }
}

/// When anybody first knew an item: its base time, or earlier, where `seen_by` names a party that did.
pub(crate) fn first_known(item: &onus_model::Evidence) -> Time {
    let recorded = match &item.seen_by {
        Some(SeenBy::Times(times)) => times.values().copied().min(),
        _ => None,
    };
    recorded.map_or(item.base(), |recorded| recorded.min(item.base()))
}

impl Item {
    /// Whether it is a failure that was observed, and wants explaining.
    pub fn is_failure(&self) -> bool {
        let recorded = matches!(self.standing, Standing::Recorded(_));
        recorded && matches!(self.statement, Statement::Observation { state: State::Failed, .. })
    }

    /// Whether somebody did observe a system.
    pub(crate) fn is_recorded_observation(&self) -> bool {
        matches!(self.standing, Standing::Recorded(_)) && matches!(self.statement, Statement::Observation { .. })
    }

    /// Whether it bears on the figures; an announcement does not.
    pub fn counts(&self) -> bool {
        !matches!(self.statement, Statement::Announcement { .. })
    }
}
