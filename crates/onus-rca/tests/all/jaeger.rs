//! A real call graph of 1,238 services as an estate: every service has one fault, callers need callees. All needs are
//! plain, so that a failure's probability is known in closed form; 356 services depend on each other around cycles.
//!
//! The data is no part of the project; it is read where it lies, or the test says loudly that it was skipped.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use onus_model::Model;
use onus_model::document::{self, Evidence as Item, Fault, Incident, System};
use onus_rca::{DiagnoseOptions, Diagnosis, Evidence, FaultGraph, Method};

use crate::random::minute;

const PRIOR: f64 = 1e-3;

type Calls = BTreeMap<String, BTreeSet<String>>;

fn calls() -> Option<Calls> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/jaeger/dependencies-large.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("\n*** SKIPPED: the call graph is not at {} ***\n", path.display());
        return None;
    };
    let rows: serde_json::Value = serde_json::from_str(&text).expect("the call graph is JSON");
    let mut calls = Calls::new();
    for row in rows.as_array().expect("a list of calls") {
        let [parent, child] = ["parent", "child"].map(|end| row[end].as_str().expect("a name").to_owned());
        calls.entry(child.clone()).or_default();
        calls.entry(parent).or_default().insert(child);
    }
    Some(calls)
}

fn estate(calls: &Calls) -> Model {
    let mut model = document::Model::new("jaeger");
    for (caller, callees) in calls {
        let mut system = System::new().fault("f", Fault::new("software", PRIOR));
        for callee in callees.iter().filter(|callee| *callee != caller) {
            system = system.needs(callee.as_str());
        }
        model.systems.insert(caller.clone(), system);
    }
    model.build().expect("a call graph is a valid estate")
}

/// All services that a service's failure can come from.
fn reach<'c>(calls: &'c Calls, service: &'c str) -> BTreeSet<&'c str> {
    let mut reached = BTreeSet::from([service]);
    let mut open = vec![service];
    while let Some(service) = open.pop() {
        open.extend(calls[service].iter().map(String::as_str).filter(|callee| reached.insert(callee)));
    }
    reached
}

fn diagnose(model: &Model, failed: &[&str], working: &[&str]) -> Diagnosis {
    let failed = failed.iter().enumerate().map(|(at, service)| Item::failed(format!("f{at}"), minute(0), *service));
    let working = working.iter().enumerate().map(|(at, service)| Item::working(format!("w{at}"), minute(0), *service));
    let incident = failed.chain(working).fold(Incident::new("symptoms"), Incident::item).build(model).expect("valid");
    FaultGraph::compile(model).diagnose(&Evidence::of(&incident), &DiagnoseOptions::default())
}

#[test]
fn symptoms_inside_the_large_component_are_diagnosed_exactly_or_this_was_skipped() {
    let Some(calls) = calls() else { return };
    let model = estate(&calls);
    // In a component everything reaches the same; the largest set of services with equal reach is the component.
    let mut components: BTreeMap<BTreeSet<&str>, Vec<&str>> = BTreeMap::new();
    for service in calls.keys() {
        components.entry(reach(&calls, service)).or_default().push(service);
    }
    let (below, component) = components.into_iter().max_by_key(|(_, members)| members.len()).expect("services");
    assert_eq!((calls.len(), component.len()), (1238, 356));
    let leaves: Vec<&str> = below.iter().copied().filter(|service| calls[*service].is_empty()).collect();
    for (failed, working) in
        [(vec![component[0]], vec![]), (vec![component[17], component[200], component[355]], leaves[..5].to_vec())]
    {
        let diagnosis = diagnose(&model, &failed, &working);
        assert_eq!(diagnosis.method, Method::Exact);
        let suspects = below.len() - working.len();
        let some = -f64::exp_m1(suspects as f64 * f64::ln_1p(-PRIOR));
        let none_working = (working.len() as f64 * f64::ln_1p(-PRIOR)).exp();
        assert!((diagnosis.evidence_probability.lo / (some * none_working) - 1.0).abs() < 1e-12);
        for finding in &diagnosis.faults {
            let service = finding.id.as_str().strip_suffix(".f").expect("one fault a service");
            let expected = if working.contains(&service) {
                0.0
            } else if below.contains(service) {
                PRIOR / some
            } else {
                PRIOR
            };
            assert!((finding.posterior.lo - expected).abs() < 1e-12, "{service}: {:?}", finding.posterior);
            let share = if expected == PRIOR || expected == 0.0 { 0.0 } else { 1.0 / suspects as f64 };
            assert!((finding.share.lo - share).abs() < 1e-12, "{service}: {:?}", finding.share);
        }
    }
}

/// Above the component failures of different services come from different sets: against sums over what they have in
/// common.
#[test]
fn two_symptoms_with_some_causes_in_common_or_this_was_skipped() {
    let Some(calls) = calls() else { return };
    let model = estate(&calls);
    let reaches: Vec<(&str, BTreeSet<&str>)> =
        calls.keys().map(|service| (service.as_str(), reach(&calls, service))).collect();
    let pair = reaches.iter().enumerate().find_map(|(at, (a, of_a))| {
        let others = reaches[at + 1..].iter();
        let mut fitting = others.filter(|(_, of_b)| {
            let common = of_a.intersection(of_b).count();
            common > 0 && common < of_a.len() && common < of_b.len() && of_a.len() + of_b.len() > 40
        });
        fitting.next().map(|(b, of_b)| (*a, *b, of_a, of_b))
    });
    let (a, b, of_a, of_b) = pair.expect("some services have some causes in common");
    let none = |count: usize| (count as f64 * f64::ln_1p(-PRIOR)).exp();
    let common = of_a.intersection(of_b).count();
    let either = |only: usize| 1.0 - none(only);
    // Some common fault, or else one on each side.
    let expected = either(common) + none(common) * either(of_a.len() - common) * either(of_b.len() - common);
    let diagnosis = diagnose(&model, &[a, b], &[]);
    assert_eq!(diagnosis.method, Method::Exact);
    assert!((diagnosis.evidence_probability.lo / expected - 1.0).abs() < 1e-11, "{a} and {b}");
    let shared = of_a.intersection(of_b).next().expect("a common cause");
    let posterior = diagnosis.faults.iter().find(|finding| finding.id.as_str() == format!("{shared}.f"));
    assert!((posterior.expect("it is listed").posterior.lo / (PRIOR / expected) - 1.0).abs() < 1e-11);
}
