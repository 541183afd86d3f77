//! Advice against the oracle: mutual information by enumeration.

use std::collections::BTreeMap;

use onus_model::{Element, Model, Probability, State, Statement, Time};
use onus_rca::{
    Advice, AdviceOptions, Advised, Ask, Basis, By, Evidence, FaultGraph, Ground, Kind, Outcome, Reply, Said,
    StopReason, View, advise,
};
use proptest::prelude::*;

use crate::law::Law;
use crate::oracle::Question;
use crate::random::{Case, cases, config, minute};

type Beliefs = (f64, Vec<f64>, BTreeMap<Outcome, f64>);

/// P(evidence), shares of the faults and of what is unexplained, shares of the outcomes.
fn believe(model: &Model, evidence: &Evidence, law: &Law<'_>) -> Beliefs {
    let oracle = Question::new(model, evidence).ask();
    let mut outcomes: BTreeMap<Outcome, f64> = BTreeMap::new();
    for ((kind, name), value) in law.judge(&oracle.share, oracle.unexplained).causal {
        let own = matches!(kind, Kind::Assigned | Kind::Shared);
        let outcome = Outcome { who: name, kind: if own { Kind::Assigned } else { kind } };
        *outcomes.entry(outcome).or_default() += value;
    }
    (oracle.evidence, oracle.share.iter().copied().chain([oracle.unexplained]).collect(), outcomes)
}

fn bits(shares: impl IntoIterator<Item = f64>) -> f64 {
    shares.into_iter().filter(|q| *q > 0.0).map(|q| -q * q.log2()).sum()
}

/// Every answer to a question: what it says, and the evidence with it.
fn answers(
    model: &Model,
    evidence: &Evidence,
    question: &Advised,
    now: Time,
    failure: Time,
) -> Vec<(Vec<Said>, Evidence)> {
    let test = |fault: &str, reliability: f64, present| Statement::Test {
        fault: model.topology().fault(fault).expect("a fault"),
        present,
        reliability: Probability::new(reliability).expect("a probability"),
    };
    let looks: Vec<(String, Option<String>, Time, f64)> = match &question.ask {
        Ask::Observe { system, via } => vec![(system.to_string(), via.as_ref().map(ToString::to_string), now, 1.0)],
        Ask::Test { fault, reliability } => vec![(fault.to_string(), None, failure, *reliability)],
        Ask::Telemetry { readings, jointly, .. } => {
            let read = |r: &onus_rca::Reading| (r.of.clone(), r.via.as_ref().map(ToString::to_string), r.at, f64::NAN);
            readings.iter().take(*jointly).map(read).collect()
        }
    };
    let mut all = vec![(Vec::new(), evidence.clone())];
    for (of, via, at, reliability) in looks {
        let mut next = Vec::new();
        for (says, evidence) in all {
            let mut push = |what, statement| {
                let mut says: Vec<Said> = says.clone();
                says.push(Said { of: of.clone(), what });
                next.push((says, evidence.suppose(at, statement)));
            };
            let Some(system) = model.topology().system(&of) else {
                push(Reply::Present, test(&of, reliability, true));
                push(Reply::Absent, test(&of, reliability, false));
                continue;
            };
            let via = via.as_ref().map(|via| model.topology().monitor(via).expect("a monitor"));
            push(Reply::Failed, Statement::Observation { system, state: State::Failed, via });
            push(Reply::Working, Statement::Observation { system, state: State::Working, via });
            if let Some(host) = via.and_then(|via| model.monitors()[via.index()].runs_on) {
                push(Reply::Silent, Statement::Observation { system: host, state: State::Failed, via: None });
            }
        }
        all = next;
    }
    all
}

/// Tests recorded in an incident have reliabilities of their own: bundles with them are left to the other properties.
fn has_recorded_test(model: &Model, question: &Advised) -> bool {
    let Ask::Telemetry { readings, .. } = &question.ask else { return false };
    readings.iter().any(|reading| model.topology().system(&reading.of).is_none())
}

fn check(case: &Case, by: By, view: usize, as_of: Option<Time>, options: &AdviceOptions) -> Result<(), TestCaseError> {
    let model = case.model();
    let incident = case.incident(&model);
    let views = View::all(&model);
    let view = views[view % views.len()];
    let evidence = view.evidence(&model, &incident, as_of);
    let law = Law { model: &model, day: incident.day(), by };
    let advice: Advice = advise(&model, &FaultGraph::compile(&model), &incident, view, as_of, options);
    let (total, faults, outcomes) = believe(&model, &evidence, &law);
    prop_assert_eq!(advice.ground == Ground::Conflict, total == 0.0);
    prop_assume!(total > 0.0);
    prop_assert_eq!(advice.ground == Ground::Failure, evidence.has_failure());
    let before = [bits(faults), bits(outcomes.into_values())];
    prop_assert!((advice.doubt.fault_bits.lo - before[0]).abs() < 1e-9);
    prop_assert!((advice.doubt.contractor_bits.lo - before[1]).abs() < 1e-9, "{:?} {before:?}", advice.doubt);
    prop_assert_eq!(advice.stopped, StopReason::Finished);
    let failure = evidence.items().iter().filter(|item| item.is_failure()).map(|item| item.at).max();
    let Some(failure) = failure else { return Ok(()) };
    let last = evidence.items().iter().map(|item| item.at.max(item.known)).max().unwrap_or(failure);
    for pair in advice.questions.windows(2) {
        let drop = |question: &Advised| question.expected_drop.contractor_bits.lo;
        prop_assert!(drop(&pair[0]) >= drop(&pair[1]) - 2e-9, "what tells most first");
    }
    for question in advice.questions.iter().filter(|question| !has_recorded_test(&model, question)) {
        let mut after = [0.0; 2];
        let mut given = 0;
        for (says, evidence) in answers(&model, &evidence, question, as_of.unwrap_or(last), failure) {
            let (joint, faults, outcomes) = believe(&model, &evidence, &law);
            let probability = joint / total;
            let listed = question.answers.iter().find(|answer| answer.says == says);
            prop_assert_eq!(listed.is_some(), joint > 0.0, "{:?}: {:?}", question.ask, says);
            let Some(listed) = listed else { continue };
            given += 1;
            prop_assert!((listed.probability.lo - probability).abs() < 1e-9, "{:?} {probability}", listed);
            if let Some(leader) = &listed.leader {
                prop_assert!((outcomes[&leader.outcome] - leader.share.lo).abs() < 1e-9);
                prop_assert!(outcomes.iter().all(|(of, q)| *of == leader.outcome || *q < leader.share.lo));
            }
            let doubt = [bits(faults), bits(outcomes.into_values())];
            prop_assert!((listed.doubt.contractor_bits.lo - doubt[1]).abs() < 1e-9);
            for (sum, own) in after.iter_mut().zip(doubt) {
                *sum += probability * own;
            }
        }
        prop_assert_eq!(given, question.answers.len());
        let total: f64 = question.answers.iter().map(|answer| answer.probability.lo).sum();
        prop_assert!((total - 1.0).abs() < 1e-9, "some answer is given: {total}");
        for (level, drop) in
            [question.expected_drop.fault_bits, question.expected_drop.contractor_bits].into_iter().enumerate()
        {
            prop_assert!(
                (drop.lo - (before[level] - after[level])).abs() < 1e-8,
                "{:?}: {drop:?}, {before:?} {after:?}",
                question.ask
            );
            prop_assert!(drop.lo >= 0.0 && drop.lo <= before[level] + 1e-9 && drop.hi <= before[level] + 1e-9);
        }
        prop_assert!(
            (question.per_hour.contractor_bits.lo * question.hours.max(1.0 / 60.0)
                - question.expected_drop.contractor_bits.lo)
                .abs()
                < 1e-9
        );
        prop_assert!(question.hours_assumed == question.demand.as_ref().and_then(|d| d.responds_in_hours).is_none());
        check_demand(&model, view, question, incident.day());
    }
    Ok(())
}

/// What a demand rests on, restated.
fn check_demand(model: &Model, view: View, question: &Advised, day: Option<onus_model::Date>) {
    let topology = model.topology();
    let elements: Vec<Element> = match &question.ask {
        Ask::Observe { system, .. } => vec![Element::System(topology.system(system.as_str()).expect("a system"))],
        Ask::Test { fault, .. } => {
            model.faults()[topology.fault(fault.as_str()).expect("a fault").index()].elements.clone()
        }
        Ask::Telemetry { .. } => Vec::new(),
    };
    let Some(demand) = &question.demand else {
        if let View::Contractor(viewer) = view {
            let responsibility = model.responsibility(day);
            assert!(
                !elements.iter().any(|element| responsibility.sees(viewer, *element)),
                "its own duty: {:?}",
                question.ask
            );
        }
        return;
    };
    let contract = &model.contracts()[model.contract(demand.contract.as_str()).expect("a contract").index()];
    assert!(contract.in_force(day));
    match (demand.basis, view) {
        (Basis::Pooled, View::Pooled) => {}
        (Basis::OwnDuty, View::Contractor(viewer)) => assert!(contract.is_held_by(viewer)),
        (Basis::ReportsTo, View::Contractor(viewer)) => assert!(contract.reports_to.contains(&viewer)),
        (Basis::Buyer, View::Contractor(_)) => assert!(contract.buyer.is_some() || contract.under.is_none()),
        (Basis::ParentContract, View::Contractor(_)) => assert!(contract.under.is_some()),
        other => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn drops_are_mutual_information(case in cases(), view in 0_usize..6, until in 4_usize..16) {
        let as_of = (until < 12).then(|| minute(until));
        check(&case, By::Contractor, view, as_of, &AdviceOptions::default())?;
    }

    #[test]
    fn at_every_level_and_for_the_best_readings_of_a_bundle(case in cases(), view in 0_usize..6, level in 0_usize..4) {
        let by = [By::Contractor, By::Contract, By::Prime, By::Group][level];
        let options = AdviceOptions { by, joint_answers: 3, test_reliability: 1.0, ..AdviceOptions::default() };
        check(&case, by, view, None, &options)?;
    }

    #[test]
    fn more_readings_never_tell_less(case in cases(), view in 0_usize..6) {
        let model = case.model();
        let incident = case.incident(&model);
        let graph = FaultGraph::compile(&model);
        let views = View::all(&model);
        let view = views[view % views.len()];
        let ask = |joint_answers| {
            advise(&model, &graph, &incident, view, None, &AdviceOptions { joint_answers, ..AdviceOptions::default() })
        };
        let (few, many) = (ask(2), ask(64));
        for question in &few.questions {
            let Ask::Telemetry { contractor, .. } = &question.ask else { continue };
            let same = |other: &&Advised| matches!(&other.ask, Ask::Telemetry { contractor: of, .. } if of == contractor);
            let a = question.expected_drop;
            let Some(larger) = many.questions.iter().find(same) else {
                // Fewer readings could not rule out that all together tell something.
                prop_assert!(a.contractor_bits.lo < 1e-9 && a.fault_bits.lo < 1e-9, "{contractor} is missing");
                continue;
            };
            let b = larger.expected_drop;
            prop_assert!(b.contractor_bits.lo >= a.contractor_bits.lo - 1e-9, "{a:?} {b:?}");
            prop_assert!(b.fault_bits.lo >= a.fault_bits.lo - 1e-9 && b.fault_bits.lo <= a.fault_bits.hi + 1e-9);
        }
    }
}

/// Whether a view would know of an observation through a monitor, had the incident recorded it with nobody named.
fn would_know(case: &Case, model: &Model, view: View, system: &str, via: &str, at: Time) -> bool {
    let mut document = case.incident.clone();
    let mut item = onus_model::document::Evidence::working("probe".to_owned(), at, system);
    item.via = Some(via.to_owned());
    document.evidence.push(item);
    let incident = document.build(model).expect("an incident");
    view.evidence(model, &incident, None).items().iter().any(|item| item.id.as_str() == "probe")
}

proptest! {
    #![proptest_config(config(120))]

    /// Telemetry of monitors that do not report to the view is asked of whoever sees it by the same rule as evidence is known
    /// by, duties and reports included; and what could tell something is asked for.
    #[test]
    fn telemetry_is_asked_of_those_who_see_it(case in cases(), view in 0_usize..6) {
        let model = case.model();
        let incident = case.incident(&model);
        let views = View::all(&model);
        let view = views[view % views.len()];
        let evidence = view.evidence(&model, &incident, None);
        let failure = evidence.items().iter().filter(|item| item.is_failure()).map(|item| item.at).max();
        let Some(failure) = failure else { return Ok(()) };
        let advice = advise(&model, &FaultGraph::compile(&model), &incident, view, None, &AdviceOptions::default());
        prop_assume!(advice.ground == Ground::Failure);
        let law = Law { model: &model, day: incident.day(), by: By::Contractor };
        let before = believe(&model, &evidence, &law).1;
        let asked = |contractor: &str, system: &str, monitor: &str| {
            advice.questions.iter().any(|question| matches!(&question.ask, Ask::Telemetry { contractor: of, readings, .. }
                if of.as_str() == contractor && readings.iter().any(|reading| {
                    reading.of == system && reading.via.as_ref().is_some_and(|via| via.as_str() == monitor)
                })))
        };
        // Items that the record holds are told in `holds`, and asked for by what it says of who knew them.
        let recorded = |at: usize, system| incident.evidence().iter().any(|item| matches!(item.statement,
            Statement::Observation { system: of, via: Some(via), .. } if of == system && via.index() == at));
        for (at, monitor) in model.monitors().iter().enumerate() {
            for system in monitor.watches.iter().filter(|system| !recorded(at, **system)) {
                let id = model.systems()[system.index()].id.as_str();
                let knows = |view| would_know(&case, &model, view, id, monitor.id.as_str(), failure);
                let viewers = model.structure().viewers(onus_model::MonitorIndex::new(at));
                let reports = match view {
                    View::Contractor(viewer) => viewers.public || viewers.contractors.contains(&viewer),
                    _ => viewers.public,
                };
                for (contractor, party) in views[2..].iter().enumerate() {
                    let name = model.contractors()[contractor].id.as_str();
                    let hidden = knows(*party) && !reports;
                    if asked(name, id, monitor.id.as_str()) {
                        prop_assert!(hidden, "{name} is asked for {id} by {}", monitor.id);
                    } else if hidden && *party != view {
                        for state in [State::Failed, State::Working] {
                            let via = Some(onus_model::MonitorIndex::new(at));
                            let says = Statement::Observation { system: *system, state, via };
                            let (p, after, _) = believe(&model, &evidence.suppose(failure, says), &law);
                            let same = before.iter().zip(&after).all(|(a, b)| (a - b).abs() < 1e-4);
                            prop_assert!(p == 0.0 || same, "{name} is not asked for {id} by {}", monitor.id);
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_budget_that_is_used_up_is_told() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/small");
    let model = Model::from_file(format!("{folder}/model.yaml")).expect("a model");
    let incident = onus_model::Incident::from_file(format!("{folder}/incident.yaml"), &model).expect("an incident");
    let graph = FaultGraph::compile(&model);
    let ask = |options| advise(&model, &graph, &incident, View::Public, None, &options);
    let all = ask(AdviceOptions::default());
    assert!(all.stopped == StopReason::Finished && all.left_out == 0 && all.questions.len() > 2);
    let some = ask(AdviceOptions { step_budget: 0, ..AdviceOptions::default() });
    assert_eq!((some.stopped, some.left_out), (StopReason::StepBudget, all.questions.len() + all.tell_nothing));
    let none = ask(AdviceOptions { node_budget: 2, ..AdviceOptions::default() });
    assert_eq!(none.stopped, StopReason::NodeBudget);
}
