//! Who points at whom, who could tell, and what was hidden, against the definitions restated over the oracle.

use std::collections::{BTreeMap, BTreeSet};

use onus_model::{Incident, Model, Statement, Time};
use onus_rca::{By, Dispute, DisputeOptions, Evidence, FaultGraph, Hidden, Kind, View};
use proptest::prelude::*;

use crate::law::{Law, Name, Sight};
use crate::oracle::Question;
use crate::random::{cases, config};

/// Item ids with the times at which they came to be known.
type Times = BTreeMap<String, Time>;

fn evidence(incident: &Incident, times: &Times, until: Option<Time>) -> Evidence {
    Evidence::known(incident, |_, item| {
        times.get(item.id.as_str()).copied().filter(|time| until.is_none_or(|until| *time <= until))
    })
}

/// When a view came to know what, superseded or not.
fn times(model: &Model, incident: &Incident, view: View) -> Times {
    let sight = Sight { model, incident };
    incident.evidence().iter().filter_map(|item| Some((item.id.to_string(), sight.time(view, item)?))).collect()
}

/// What evidence leads to with more than half of the answer.
fn told(model: &Model, incident: &Incident, evidence: &Evidence) -> Option<Name> {
    if !evidence.has_failure() {
        return None;
    }
    let oracle = Question::new(model, evidence).ask();
    let law = Law { model, by: By::Contractor, day: incident.day() };
    let mut outcomes: BTreeMap<Name, f64> = BTreeMap::new();
    for ((kind, who), share) in law.judge(&oracle.share, oracle.unexplained).causal {
        *outcomes.entry((if kind == Kind::Shared { Kind::Assigned } else { kind }, who)).or_default() += share;
    }
    let named = |(kind, _): &Name| *kind != Kind::Unexplained;
    outcomes.into_iter().find(|(name, share)| named(name) && *share > 0.5 + 1e-9).map(|(name, _)| name)
}

/// Whether some evidence lies so close to one half that rounding decides.
fn is_close(model: &Model, incident: &Incident, evidence: &Evidence) -> bool {
    let oracle = Question::new(model, evidence).ask();
    let law = Law { model, by: By::Contractor, day: incident.day() };
    law.judge(&oracle.share, oracle.unexplained).causal.values().any(|share| (share - 0.5).abs() < 1e-7)
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn the_matrix_is_what_each_party_gives(case in cases()) {
        let model = case.model();
        let incident = case.incident(&model);
        let dispute = Dispute::of(&model, &FaultGraph::compile(&model), &incident, &DisputeOptions::default());
        prop_assert_eq!(dispute.parties.len(), model.contractors().len());
        let law = Law { model: &model, by: By::Contractor, day: incident.day() };
        for (at, row) in dispute.matrix.iter().enumerate() {
            let view = View::all(&model)[at + 2];
            let oracle = Question::new(&model, &view.evidence(&model, &incident, None)).ask();
            prop_assert!((row.iter().map(|cell| cell.lo).sum::<f64>() - 1.0).abs() < 1e-9, "{row:?}");
            for ((kind, who), share) in law.judge(&oracle.share, oracle.unexplained).causal {
                let column = dispute.outcomes.iter().position(|outcome| {
                    outcome.who == who && (outcome.kind == kind || (kind == Kind::Shared && outcome.is_party()))
                });
                match column {
                    // A party can have a row of its own and one in a consortium: the cell has both.
                    Some(column) => prop_assert!(row[column].lo >= share - 1e-9, "{who}: {share}"),
                    None => prop_assert!(share < 1e-12, "{who} is missing with {share}"),
                }
            }
        }
    }

    #[test]
    fn pairs_and_circles_are_those_that_lead_back(case in cases()) {
        let model = case.model();
        let incident = case.incident(&model);
        let dispute = Dispute::of(&model, &FaultGraph::compile(&model), &incident, &DisputeOptions::default());
        let points: BTreeMap<&str, &str> = dispute.views[2..]
            .iter()
            .filter_map(|party| {
                let who = party.points_at.as_ref().filter(|outcome| outcome.is_party())?;
                (who.who != party.view).then_some((party.view.as_str(), who.who.as_str()))
            })
            .collect();
        let mut found: BTreeSet<Vec<&str>> = BTreeSet::new();
        for start in points.keys() {
            let mut way = vec![*start];
            while let Some(next) = points.get(way[way.len() - 1]) {
                if next == start {
                    // Begin with the first by name.
                    let first = (0..way.len()).min_by_key(|at| way[*at]).expect("not empty");
                    way.rotate_left(first);
                    found.insert(way);
                    break;
                }
                if way.contains(next) {
                    break;
                }
                way.push(next);
            }
        }
        let mutual = dispute.mutual.iter().map(|pair| pair.iter().map(String::as_str).collect::<Vec<_>>());
        let cycles = dispute.cycles.iter().map(|cycle| cycle.iter().map(String::as_str).collect());
        prop_assert_eq!(mutual.chain(cycles).collect::<BTreeSet<_>>(), found);
    }

    #[test]
    fn who_can_tell_is_who_leads_where_all_together_do(case in cases()) {
        let model = case.model();
        let incident = case.incident(&model);
        let all = View::all(&model);
        let of = |view: &View| view.evidence(&model, &incident, None);
        prop_assume!(!all.iter().any(|view| is_close(&model, &incident, &of(view))));
        let dispute = Dispute::of(&model, &FaultGraph::compile(&model), &incident, &DisputeOptions::default());
        let leads = told(&model, &incident, &of(&View::Pooled));
        for (view, conclusion) in all.iter().zip(&dispute.views) {
            let expected = leads.is_some() && told(&model, &incident, &of(view)) == leads;
            prop_assert_eq!(conclusion.can_tell, expected, "{}", conclusion.view);
        }
        // Sets that tell together, by trying all of them, the smallest first.
        let parties: Vec<(String, Times)> =
            all[2..].iter().map(|view| (view.name(&model), times(&model, &incident, *view))).collect();
        let mut smallest: BTreeMap<usize, BTreeSet<Vec<Times>>> = BTreeMap::new();
        for set in 1_usize..1 << parties.len() {
            let members: Vec<&Times> =
                parties.iter().enumerate().filter(|(at, _)| set & (1 << at) != 0).map(|(_, (_, times))| times).collect();
            let mut union = Times::new();
            for (item, time) in members.iter().copied().flatten() {
                union.entry(item.clone()).and_modify(|known| *known = (*known).min(*time)).or_insert(*time);
            }
            let joint = evidence(&incident, &union, None);
            prop_assume!(!is_close(&model, &incident, &joint));
            if leads.is_some() && told(&model, &incident, &joint) == leads {
                smallest.entry(members.len()).or_default().insert(members.into_iter().cloned().collect());
            }
        }
        match smallest.first_key_value() {
            Some((size, sets)) if *size > 1 => {
                prop_assert!(dispute.alone.is_empty());
                prop_assert!(!dispute.together.is_empty(), "{} sets of {}", sets.len(), size);
                for together in &dispute.together {
                    let members: Vec<Times> = parties
                        .iter()
                        .filter(|(name, _)| together.parties.contains(name))
                        .map(|(_, times)| times.clone())
                        .collect();
                    prop_assert!(sets.contains(&members), "{:?}", together.parties);
                }
            }
            Some(_) => prop_assert!(!dispute.alone.is_empty() && dispute.together.is_empty()),
            None => prop_assert!(dispute.alone.is_empty() && dispute.together.is_empty()),
        }
    }
}

proptest! {
    #![proptest_config(config(100))]

    #[test]
    fn hidden_evidence_is_what_would_have_told(case in cases()) {
        let model = case.model();
        let incident = case.incident(&model);
        let graph = FaultGraph::compile(&model);
        let pooled = times(&model, &incident, View::Pooled);
        let leads = told(&model, &incident, &evidence(&incident, &pooled, None));
        let (found, complete) = Hidden::of(&model, &graph, &incident, &DisputeOptions::default());
        prop_assert!(complete);
        prop_assert!(leads.is_some() || found.is_empty());
        let mut expected: BTreeSet<(String, String, Time, Option<Time>)> = BTreeSet::new();
        for view in View::all(&model).into_iter().skip(1).filter(|_| leads.is_some()) {
            let own = times(&model, &incident, view);
            // Beliefs change only when the party, or somebody who could tell it, comes to know something.
            let moments: BTreeSet<Time> = pooled.values().chain(own.values()).copied().collect();
            let moments: Vec<Time> = moments.into_iter().collect();
            let tells = |with: Option<&str>, at: Time| {
                let mut known = own.clone();
                known.retain(|_, time| *time <= at);
                if let Some(item) = with {
                    known.entry(item.to_owned()).or_insert(pooled[item]);
                }
                let evidence = evidence(&incident, &known, Some(at));
                (told(&model, &incident, &evidence) == leads, is_close(&model, &incident, &evidence))
            };
            prop_assume!(!moments.iter().any(|at| tells(None, *at).1));
            let since = moments.iter().rposition(|at| !tells(None, *at).0).map_or(0, |last| last + 1);
            for item in incident.evidence() {
                let id = item.id.as_str();
                if matches!(item.statement, Statement::Announcement { .. }) {
                    continue;
                }
                let lacked = |at: Time| pooled[id] <= at && own.get(id).is_none_or(|time| *time > at);
                let window: Vec<usize> = (0..since).filter(|at| lacked(moments[*at])).collect();
                prop_assume!(!window.iter().any(|at| tells(Some(id), moments[*at]).1));
                // It must have told at every moment from one on, until it told as it was.
                let ends = window.last().is_some_and(|last| last + 1 == since);
                let telling = window.iter().rev().take_while(|at| tells(Some(id), moments[**at]).0).last();
                if let Some(first) = telling.filter(|_| ends) {
                    expected.insert((view.name(&model), id.to_owned(), moments[*first], moments.get(since).copied()));
                }
            }
        }
        let listed: BTreeSet<(String, String, Time, Option<Time>)> = found
            .iter()
            .flat_map(|hidden| {
                hidden.views.iter().map(|view| (view.clone(), hidden.item.to_string(), hidden.could_tell, hidden.told))
            })
            .collect();
        prop_assert_eq!(listed, expected);
    }
}
