//! Hand-offs: what holds for every sequence, and policies against all orders.

use std::convert::Infallible;

use onus_model::document::{Contract, Contractor, Model as Document, System};
use onus_model::{ContractorIndex, Model};
use onus_rca::{
    FaultGraph, Ground, HandOffOptions, Journey, Kind, Knowledge, Outcome, Policy, Route, Situation, View, hand_offs,
    response_hours, sequence,
};
use proptest::prelude::*;

use crate::oracle::Question;
use crate::random::{cases, config, minute};

fn outcome(who: &str, kind: Kind) -> Outcome {
    Outcome { who: who.to_owned(), kind }
}

fn parties() -> Model {
    let mut document = Document::new("Four parties").system("only", System::new());
    for who in ["a", "b", "c", "d"] {
        document.contractors.insert(who.to_owned(), Contractor::default());
        document.contracts.insert(format!("contract-{who}"), Contract::held_by(who));
    }
    document.build().expect("a model")
}

/// All orders of the first `n` numbers.
fn orders(n: usize) -> Vec<Vec<usize>> {
    if n == 0 {
        return vec![Vec::new()];
    }
    let longer = |order: Vec<usize>| {
        (0..n).map(move |at| {
            let mut order = order.clone();
            order.insert(at, n - 1);
            order
        })
    };
    orders(n - 1).into_iter().flat_map(longer).collect()
}

/// Engages by a policy where engaging teaches nothing but whether it is the one.
fn engage(model: &Model, route: &dyn Route, hours: &[f64], origin: &[f64; 4]) -> Journey {
    let needed: Vec<ContractorIndex> = (0..4).map(ContractorIndex::new).collect();
    let known = |engaged: &[ContractorIndex]| -> Result<Knowledge, Infallible> {
        let left = |at: usize| if engaged.contains(&ContractorIndex::new(at)) { 0.0 } else { origin[at] };
        let total: f64 = (0..4).map(left).sum();
        let belief = (0..4).map(|at| if total > 0.0 { left(at) / total } else { 0.0 }).collect();
        Ok(Knowledge { belief, ..Knowledge::default() })
    };
    let Ok((engaged, gives_up)) = sequence(model, None, route, hours, &needed, 1e-3, known);
    let outcomes: Vec<(Outcome, f64)> =
        ["a", "b", "c", "d"].iter().map(|who| outcome(who, Kind::Assigned)).zip(*origin).collect();
    Journey::over(model, "", (&engaged, gives_up), hours, &outcomes)
}

#[test]
fn a_dispute_takes_both_and_nobody_takes_all_in_vain() {
    let model = parties();
    let hours = [1.0, 2.0, 4.0, 8.0];
    let order = [2, 0, 1, 3].map(ContractorIndex::new);
    let over = |outcome| Journey::over(&model, "", (&order, 2), &hours, &[(outcome, 1.0)]);
    let cost = |outcome| (over(outcome).contractors.lo, over_hours(&model, &order, &hours));
    assert_eq!(cost(outcome("a", Kind::Assigned)).0, 2.0);
    assert_eq!(over(outcome("a", Kind::Assigned)).hours.lo, 5.0);
    assert_eq!(cost(outcome("b | c", Kind::Disputed)).0, 3.0);
    assert_eq!(cost(outcome("unassigned", Kind::Unassigned)).0, 2.0);
    assert_eq!(over(outcome("unexplained", Kind::Unexplained)).in_vain.lo, 1.0);
    assert_eq!(over(outcome("unexplained", Kind::Unexplained)).given_up_after, 2);
}

fn over_hours(model: &Model, order: &[ContractorIndex], hours: &[f64]) -> f64 {
    Journey::over(model, "", (order, order.len()), hours, &[(outcome("unassigned", Kind::Unassigned), 1.0)]).hours.lo
}

#[test]
fn contracts_say_how_soon() {
    let text = "format: onus/1\ntitle: t\ncontractors: { a: {}, b: {} }\ncontracts:\n  x: { contractor: a, responds_in: 8h }\n  \
                y: { contractor: a, responds_in: 90m }\n  z: { contractor: b }\nsystems: { s: {} }\n";
    let model = Model::from_text("model.yaml", text).expect("a model");
    assert_eq!(response_hours(&model, None, 4.0), [1.5, 4.0]);
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn most_probable_first_engages_fewest_where_engaging_teaches_nothing_else(
        weights in proptest::array::uniform4(0.01_f64..1.0),
        hours in proptest::array::uniform4(0.5_f64..10.0),
    ) {
        let model = parties();
        let total: f64 = weights.iter().sum();
        let origin = weights.map(|weight| weight / total);
        let best = engage(&model, &Policy::MostProbable, &hours, &origin);
        for order in orders(4) {
            let fixed = |situation: &Situation<'_>| order.get(situation.engaged.len()).map(|at| ContractorIndex::new(*at));
            let other = engage(&model, &fixed, &hours, &origin);
            let expected: f64 = order.iter().enumerate().map(|(place, at)| origin[*at] * (place as f64 + 1.0)).sum();
            prop_assert!((other.contractors.lo - expected).abs() < 1e-9, "a closure is a policy");
            prop_assert!(best.contractors.lo <= other.contractors.lo + 1e-9, "{best:?} {other:?}");
        }
    }

    #[test]
    fn every_sequence_ends_and_adds_up(case in cases(), view in 0_usize..6, until in 4_usize..16) {
        let model = case.model();
        let incident = case.incident(&model);
        let views = View::all(&model);
        let as_of = (until < 12).then(|| minute(until));
        let graph = FaultGraph::compile(&model);
        let found = hand_offs(&model, &graph, &incident, views[view % views.len()], as_of, &HandOffOptions::default());
        let knows = views[view % views.len()].evidence(&model, &incident, as_of);
        let all = View::Pooled.evidence(&model, &incident, as_of);
        let is_possible = Question::new(&model, &all).ask().evidence > 0.0;
        let ground = match (is_possible, knows.has_failure()) {
            (false, _) => Ground::Conflict,
            (true, true) => Ground::Failure,
            (true, false) => Ground::NothingSeen,
        };
        prop_assert_eq!(found.ground, ground);
        prop_assert_eq!(found.policies.is_empty(), ground != Ground::Failure, "a desk without ground engages nobody");
        let possible: f64 = found.origin.iter().map(|origin| origin.share.lo).sum();
        prop_assert!(found.policies.is_empty() || (possible - 1.0).abs() < 1e-9);
        for journey in &found.policies {
            let over: f64 = journey.steps.iter().map(|step| step.over.lo).sum();
            prop_assert!((over + journey.in_vain.lo - 1.0).abs() < 1e-8, "{journey:?}");
            let mut expected = (0.0, 0.0);
            let mut taken = 0.0;
            for (place, step) in journey.steps.iter().enumerate() {
                taken += step.hours;
                expected = (expected.0 + step.over.lo * (place as f64 + 1.0), expected.1 + step.over.lo * taken);
            }
            let vain: f64 = journey.steps.iter().take(journey.given_up_after).map(|step| step.hours).sum();
            let count = expected.0 + journey.in_vain.lo * journey.given_up_after as f64;
            prop_assert!((journey.contractors.lo - count).abs() < 1e-6, "{journey:?}: {count}");
            prop_assert!((journey.hours.lo - expected.1 - journey.in_vain.lo * vain).abs() < 1e-5);
            let mut names: Vec<&str> = journey.steps.iter().map(|step| step.contractor.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            prop_assert_eq!(names.len(), journey.steps.len(), "nobody is engaged twice");
        }
    }
}
