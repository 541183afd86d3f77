//! Attribution and doubt against the restated law, with shares from the oracle.

use std::collections::BTreeMap;

use onus_model::Model;
use onus_rca::{Attribution, By, DiagnoseOptions, Doubt, Evidence, FaultGraph, Figure, Kind, Row};
use proptest::prelude::*;

use crate::agreement::SAME;
use crate::law::{Law, Name};
use crate::oracle::Question;
use crate::random::{cases, config};

const LISTS: [By; 4] = [By::Contractor, By::Contract, By::Prime, By::Group];

fn bits(shares: impl IntoIterator<Item = f64>) -> f64 {
    shares.into_iter().filter(|q| *q > 0.0).map(|q| -q * q.log2()).sum()
}

/// The same contracts, as one contract of one contractor.
fn merged(model: &Model, day: Option<onus_model::Date>) -> Model {
    use onus_model::document::{Contract, Contractor, Duty, Structure};
    let duties = model
        .contracts()
        .iter()
        .filter(|contract| contract.in_force(day))
        .flat_map(|contract| &contract.duties)
        .map(|duty| Duty { duty: duty.kind, of: duty.selectors.clone() });
    let all = Contract { duties: duties.collect(), ..Contract::held_by("everything") };
    let document = model.to_document();
    model
        .with_structure(Structure {
            format: document.format,
            contractors: BTreeMap::from([("everything".to_owned(), Contractor::default())]),
            contracts: BTreeMap::from([("all".to_owned(), all)]),
            answers: document.answers,
            ..Structure::default()
        })
        .expect("the merged structure is valid")
}

proptest! {
    #![proptest_config(config(800))]

    #[test]
    fn agrees_with_the_law(case in cases()) {
        let model = case.model();
        let incident = case.incident(&model);
        let evidence = Evidence::of(&incident);
        let oracle = Question::new(&model, &evidence).ask();
        let diagnosis = FaultGraph::compile(&model).diagnose(&evidence, &DiagnoseOptions::default());
        prop_assume!(oracle.evidence > 0.0);
        for (by, day) in LISTS.into_iter().zip([incident.day(), incident.day(), incident.day(), None]) {
            let law = Law { model: &model, day, by };
            let verdict = law.judge(&oracle.share, oracle.unexplained);
            let attribution = Attribution::of(&model, &diagnosis, by, day);
            let mut found: BTreeMap<Name, [Figure; 3]> = BTreeMap::new();
            for row in &attribution.rows {
                let twice = found.insert((row.kind, row.who.clone()), [row.causal, row.liable, row.control]);
                prop_assert_eq!(twice, None, "one row each");
                let held = match row.kind {
                    Kind::Assigned | Kind::Shared => verdict.control.get(&row.who).copied().unwrap_or(0.0),
                    _ => 0.0,
                };
                prop_assert!((row.control.lo - held).abs() < SAME, "{}: control {:?}, {}", row.who, row.control, held);
            }
            for (column, expected) in [&verdict.causal, &verdict.liable].into_iter().enumerate() {
                let mut total = 0.0;
                for (name, figures) in &found {
                    let value = expected.get(name).copied().unwrap_or(0.0);
                    let figure = figures[column];
                    prop_assert!((figure.lo - value).abs() < SAME && figure.lo == figure.hi,
                        "{by:?} {name:?}, column {column}: {figure:?}, expected {value}");
                    total += figure.lo;
                }
                prop_assert!((total - 1.0).abs() < SAME, "{by:?}, column {column} adds up to {total}");
                for (name, value) in expected {
                    prop_assert!(*value < SAME || found.contains_key(name), "{name:?} is missing");
                }
            }
            for (who, value) in &verdict.control {
                let listed = found.keys().any(|(kind, name)| {
                    name == who && matches!(kind, Kind::Assigned | Kind::Shared)
                });
                prop_assert!(*value < SAME || listed, "{who} controls and is missing");
            }
            for pair in attribution.rows.windows(2) {
                prop_assert!(pair[0].causal.lo > pair[1].causal.lo - 2e-9, "the greatest first");
            }
            if let Some(leader) = attribution.leader() {
                prop_assert!(attribution.rows[1..].iter().all(|row| row.causal.lo < leader.causal.lo));
            }
            let doubt = Doubt::of(&diagnosis, &attribution);
            let fault_bits = bits(oracle.share.iter().copied().chain([oracle.unexplained]));
            prop_assert!((doubt.fault_bits.lo - fault_bits).abs() < 1e-9, "{:?} {}", doubt.fault_bits, fault_bits);
            let mut outcomes: BTreeMap<(bool, Kind, &str), f64> = BTreeMap::new();
            for ((kind, name), value) in &verdict.causal {
                let own = matches!(kind, Kind::Assigned | Kind::Shared);
                *outcomes.entry((own, if own { Kind::Assigned } else { *kind }, name)).or_default() += value;
            }
            let contractor_bits = bits(outcomes.into_values());
            prop_assert!((doubt.contractor_bits.lo - contractor_bits).abs() < 1e-9);
        }
    }

    #[test]
    fn merging_all_contracts_never_raises_the_contractors_doubt(case in cases()) {
        let model = case.model();
        let incident = case.incident(&model);
        let day = incident.day();
        let diagnosis = FaultGraph::compile(&model).diagnose(&Evidence::of(&incident), &DiagnoseOptions::default());
        prop_assume!(diagnosis.conflict.is_none());
        let doubt = |model: &Model| Doubt::of(&diagnosis, &Attribution::of(model, &diagnosis, By::Contractor, day));
        let (before, after) = (doubt(&model), doubt(&merged(&model, day)));
        prop_assert!(after.contractor_bits.lo <= before.contractor_bits.lo + 1e-9, "{before:?} {after:?}");
        prop_assert_eq!(after.fault_bits, before.fault_bits);
    }

    #[test]
    fn intervals_push_forward_to_intervals_that_hold(case in cases(), steps in 0_u64..20_000) {
        let model = case.model();
        let incident = case.incident(&model);
        let evidence = Evidence::of(&incident);
        let graph = FaultGraph::compile(&model);
        let exact = graph.diagnose(&evidence, &DiagnoseOptions::default());
        prop_assume!(exact.conflict.is_none());
        let options = DiagnoseOptions {
            method: onus_rca::MethodChoice::Interval,
            step_budget: steps,
            ..DiagnoseOptions::default()
        };
        let rough = graph.diagnose(&evidence, &options);
        for by in LISTS {
            let [truth, bounds] = [&exact, &rough].map(|d| Attribution::of(&model, d, by, incident.day()));
            for row in &truth.rows {
                let same = |other: &&Row| (other.kind, &other.who) == (row.kind, &row.who);
                // Who only controls has no kind of its own.
                let own = |other: &&Row| matches!(other.kind, Kind::Assigned | Kind::Shared) && other.who == row.who;
                let only_controls = row.causal.hi == 0.0 && row.liable.hi == 0.0;
                let found = bounds.rows.iter().find(same);
                let found = found.or_else(|| bounds.rows.iter().filter(|_| only_controls).find(own));
                let Some(found) = found else {
                    prop_assert!(false, "{} is missing", row.who);
                    return Ok(());
                };
                for (outer, inner) in [
                    (found.causal, row.causal), (found.liable, row.liable), (found.control, row.control),
                ] {
                    prop_assert!(outer.contains(inner.lo, 1e-12), "{}: {outer:?} {inner:?}", row.who);
                }
            }
            let [truth, bounds] = [(&exact, &truth), (&rough, &bounds)].map(|(d, a)| Doubt::of(d, a));
            prop_assert!(bounds.fault_bits.contains(truth.fault_bits.lo, 1e-9));
            prop_assert!(bounds.contractor_bits.contains(truth.contractor_bits.lo, 1e-9),
                "{:?} {:?}", bounds.contractor_bits, truth.contractor_bits);
        }
    }
}
