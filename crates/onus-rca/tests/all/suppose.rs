//! What a reading would tell: the chain rule of doubt, and supposed evidence against the oracle.

use onus_model::{FaultIndex, Model, MonitorIndex, Probability, State, Statement, SystemIndex, Time};
use onus_rca::{Attribution, By, DiagnoseOptions, Diagnosis, Doubt, Evidence, FaultGraph};
use proptest::prelude::*;

use crate::agreement::{SAME, check_exact};
use crate::random::{cases, config, minute};

/// A reading that nobody has taken, by number: what could be said, and the evidence together with each.
pub fn reading(model: &Model, evidence: &Evidence, number: usize, at: Time) -> Vec<Evidence> {
    let (systems, faults, monitors) = (model.systems().len(), model.faults().len(), model.monitors().len());
    let (of, rest) = (number % (systems + faults), number / (systems + faults));
    if of >= systems {
        let fault = FaultIndex::new(of - systems);
        let reliability = Probability::new([1.0, 0.9, 0.3][rest % 3]).expect("a probability");
        let said = |present| Statement::Test { fault, present, reliability };
        return [true, false].map(|present| evidence.suppose(at, said(present))).into();
    }
    let system = SystemIndex::new(of);
    let watching = (0..monitors).map(MonitorIndex::new);
    let watching: Vec<MonitorIndex> =
        watching.filter(|monitor| model.monitors()[monitor.index()].watches.contains(&system)).collect();
    let via = watching.get(rest % (watching.len() + 1)).copied();
    let said = |state| Statement::Observation { system, state, via };
    let mut answers: Vec<Evidence> =
        [State::Failed, State::Working].map(|state| evidence.suppose(at, said(state))).into();
    // A monitor whose host has failed says nothing.
    if let Some(system) = via.and_then(|monitor| model.monitors()[monitor.index()].runs_on) {
        answers.push(evidence.suppose(at, Statement::Observation { system, state: State::Failed, via: None }));
    }
    answers
}

fn doubt(model: &Model, diagnosis: &Diagnosis, by: By) -> [f64; 2] {
    let doubt = Doubt::of(diagnosis, &Attribution::of(model, diagnosis, by, None));
    [doubt.fault_bits.lo, doubt.contractor_bits.lo]
}

proptest! {
    #![proptest_config(config(500))]

    #[test]
    fn no_reading_raises_the_expected_doubt(case in cases(), number in 0_usize..200, at in 0_usize..12) {
        let model = case.model();
        let evidence = Evidence::of(&case.incident(&model));
        let graph = FaultGraph::compile(&model);
        let options = DiagnoseOptions { exoneration_items: 0, ..DiagnoseOptions::default() };
        let before = graph.diagnose(&evidence, &options);
        prop_assume!(before.conflict.is_none());
        let after: Vec<Diagnosis> = reading(&model, &evidence, number, minute(at))
            .iter()
            .map(|evidence| graph.diagnose(evidence, &options))
            .collect();
        let weight: Vec<f64> =
            after.iter().map(|d| d.evidence_probability.lo / before.evidence_probability.lo).collect();
        prop_assert!((weight.iter().sum::<f64>() - 1.0).abs() < 1e-9, "some answer is given: {weight:?}");
        for finding in &before.faults {
            let share = |d: &Diagnosis| d.faults.iter().find(|f| f.index == finding.index).map_or(0.0, |f| f.share.lo);
            let mean: f64 = after.iter().zip(&weight).filter(|(_, w)| **w > 0.0).map(|(d, w)| w * share(d)).sum();
            prop_assert!((mean - finding.share.lo).abs() < 1e-9, "{}: {mean} on average, {:?}", finding.id, finding.share);
        }
        for by in [By::Contractor, By::Contract, By::Prime, By::Group] {
            let now = doubt(&model, &before, by);
            for level in 0..2 {
                let then = after.iter().zip(&weight).filter(|(_, w)| **w > 0.0);
                let expected: f64 = then.map(|(d, w)| w * doubt(&model, d, by)[level]).sum();
                prop_assert!(expected <= now[level] + 1e-9, "{by:?} {level}: {} before, {expected} expected", now[level]);
            }
        }
    }

    #[test]
    fn supposed_evidence_means_what_the_oracle_says(case in cases(), number in 0_usize..200, at in 0_usize..12) {
        let model = case.model();
        let evidence = Evidence::of(&case.incident(&model));
        let graph = FaultGraph::compile(&model);
        let options = DiagnoseOptions::default();
        for answer in reading(&model, &evidence, number, minute(at)) {
            let diagnosis = graph.diagnose(&answer, &options);
            check_exact(&model, &answer, &diagnosis, &options);
            prop_assert_eq!(&graph.diagnose(&evidence, &options).observed_failures, &diagnosis.observed_failures);
            prop_assert!((0.0..=1.0 + SAME).contains(&diagnosis.unexplained.lo));
        }
    }
}
