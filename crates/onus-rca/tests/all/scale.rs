//! The engine for scale gives the answers of the plain one, on random estates; times of failure on known ones.

use std::collections::BTreeSet;

use onus_model::document::{Interface, Model, Need, System};
use onus_model::{FaultIndex, SystemIndex};
use onus_rca::{Couplings, FaultGraph, Propagation};
use proptest::prelude::*;

use crate::random::{cases, config};

/// The systems that fail, under what couplings do.
fn failed(propagation: &Propagation, couplings: Couplings) -> BTreeSet<SystemIndex> {
    let counts = |certain| couplings == Couplings::Couple || certain;
    propagation.failed.iter().filter(|failed| counts(failed.certain)).map(|failed| failed.index).collect()
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn signatures_and_single_origins_are_those_of_propagation(case in cases(), observed in any::<(u8, u8)>()) {
        let model = case.model();
        let graph = FaultGraph::compile(&model);
        let systems: Vec<SystemIndex> = (0..model.systems().len()).map(SystemIndex::new).collect();
        let picked = |bits: u8| -> Vec<SystemIndex> {
            systems.iter().copied().filter(|system| bits >> system.index() & 1 == 1).collect()
        };
        let (failing, working) = (picked(observed.0), picked(observed.1 & !observed.0));
        let views: Vec<Vec<SystemIndex>> = systems.iter().map(|system| vec![*system]).collect();
        for couplings in [Couplings::Couple, Couplings::Apart] {
            let signatures = graph.signatures(&views, couplings);
            prop_assert_eq!(signatures.len(), model.faults().len());
            let origins = graph.single_origins(&failing, &working, couplings);
            let alone: Vec<Vec<FaultIndex>> = systems
                .iter()
                .map(|system| {
                    let origins = graph.possible_origins(*system).into_iter();
                    origins.filter(|origin| origin.alone).map(|origin| origin.index).collect()
                })
                .collect();
            for at in 0..model.faults().len() {
                let fault = FaultIndex::new(at);
                let fails = failed(&graph.propagate(&[fault]), couplings);
                for system in &systems {
                    prop_assert_eq!(signatures.of(at)[system.index()] != 0, fails.contains(system));
                    if couplings == Couplings::Couple {
                        prop_assert_eq!(alone[system.index()].contains(&fault), fails.contains(system));
                    }
                }
                let explains = failing.iter().all(|system| fails.contains(system))
                    && !working.iter().any(|system| fails.contains(system));
                prop_assert_eq!(origins.contains(&fault), explains);
            }
        }
    }
}

fn delayed(shortest: &str, longest: &str) -> Interface {
    let [shortest, longest] = [shortest, longest].map(|text| text.parse().expect("a duration"));
    Interface { delay: Some((shortest, longest)), ..Interface::default() }
}

/// A database behind two caches: the portal lives until the second cache is stale.
#[test]
fn redundant_needs_fail_with_the_last_that_is_lost() {
    let model = Model::new("Caches")
        .system("db", System::new())
        .system("cache-a", System::new().needs("db"))
        .system("cache-b", System::new().needs("db"))
        .system("portal", System::new().needs(Need::any(["cache-a", "cache-b"])))
        .interface("cache-a", "db", delayed("10m", "1h"))
        .interface("cache-b", "db", delayed("20m", "30m"))
        .interface("portal", "cache-a", delayed("0s", "90s"))
        .build()
        .expect("a valid estate");
    let propagation = FaultGraph::compile(&model).propagate(&[model.topology().fault("db.fault").expect("a fault")]);
    let times: Vec<(String, String, String)> = propagation
        .failed
        .iter()
        .map(|failed| {
            let after = failed.after.as_ref().expect("the model has delays");
            (failed.system.to_string(), after.earliest.to_string(), after.latest.to_string())
        })
        .collect();
    let expected =
        [("db", "0s", "0s"), ("cache-a", "10m", "1h"), ("cache-b", "20m", "30m"), ("portal", "20m", "1h 1m 30s")];
    assert_eq!(times, expected.map(|(system, earliest, latest)| (system.into(), earliest.into(), latest.into())));
}

/// Without delays nothing is said of times.
#[test]
fn estates_without_delays_have_no_times() {
    let model = Model::new("Two").system("db", System::new()).system("portal", System::new().needs("db"));
    let model = model.build().expect("a valid estate");
    let propagation = FaultGraph::compile(&model).propagate(&[model.topology().fault("db.fault").expect("a fault")]);
    assert!(propagation.failed.iter().all(|failed| failed.after.is_none()));
}

/// What couples with probability 0 never fails, and no way runs through it; what may fail is no certain loss.
#[test]
fn may_fail_is_no_failure_and_a_coupling_of_0_is_none() {
    let coupling = |propagates: f64| Interface { propagates: Some(propagates), ..Interface::default() };
    let users = |amount: f64| System::new().demand("users", amount);
    let model = Model::new("May")
        .system("db", users(1.0))
        .system("sure", users(10.0).needs("db"))
        .system("perhaps", users(100.0).needs("db"))
        .system("never", users(1000.0).needs("db"))
        .interface("perhaps", "db", coupling(0.5))
        .interface("never", "db", coupling(0.0))
        .build()
        .expect("a valid estate");
    let graph = FaultGraph::compile(&model);
    let propagation = graph.propagate(&[model.topology().fault("db.fault").expect("a fault")]);
    let failed: Vec<(&str, bool)> =
        propagation.failed.iter().map(|failed| (failed.system.as_str(), failed.certain)).collect();
    assert_eq!(failed, [("db", true), ("sure", true), ("perhaps", false)]);
    assert_eq!((propagation.demand["users"], propagation.demand_at_risk["users"]), (11.0, 100.0));
    assert_eq!(propagation.certain(), 2);
    let never = model.topology().system("never").expect("a system");
    let origins: Vec<String> = graph.possible_origins(never).into_iter().map(|o| o.fault.to_string()).collect();
    assert_eq!(origins, ["never.fault"]);
}

/// Needs that say the same are one gate, whoever has them and in whatever order.
#[test]
fn needs_that_say_the_same_are_shared() {
    let estate = |consumers: usize| {
        let mut model = Model::new("Pairs").system("a", System::new()).system("b", System::new());
        for consumer in 0..consumers {
            let pair = if consumer % 2 == 0 { ["a", "b"] } else { ["b", "a"] };
            model = model.system(format!("c{consumer}"), System::new().needs(Need::any(pair)));
        }
        FaultGraph::compile(&model.build().expect("a valid estate"))
    };
    // A fault and a gate for each consumer; the pair's gate once.
    assert_eq!(estate(5).node_count() - estate(2).node_count(), 2 * 3);
}
