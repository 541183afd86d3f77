//! The three terms of doubt against enumeration: worlds grouped by the states of all systems.

use std::collections::BTreeMap;

use onus_model::DutyKind;
use onus_model::document::Contract;
use onus_rca::{
    Attribution, By, DiagnoseOptions, Doubt, DoubtOptions, DoubtReport, DoubtSource, FaultGraph, Figure, Kind, Terms,
    View,
};
use proptest::prelude::*;

use crate::law::{Law, Name};
use crate::oracle::{Part, Question};
use crate::random::{cases, config};

fn entropy(distribution: impl IntoIterator<Item = f64>) -> f64 {
    distribution.into_iter().filter(|q| *q > 0.0).map(|q| -q * q.log2()).sum()
}

/// The doubt about the fault that is left in some parts of the worlds, in expectation.
fn left<'a>(parts: impl IntoIterator<Item = &'a Part>) -> f64 {
    let doubt =
        |part: &Part| part.mass * entropy(part.share.iter().chain([&part.unexplained]).map(|share| share / part.mass));
    parts.into_iter().map(doubt).sum()
}

/// A contractor is one outcome, alone or in a consortium.
fn answering(law: &Law<'_>, shares: &[f64], unexplained: f64) -> BTreeMap<Name, f64> {
    let mut outcomes: BTreeMap<Name, f64> = BTreeMap::new();
    for ((kind, who), share) in law.judge(shares, unexplained).causal {
        let kind = if kind == Kind::Shared { Kind::Assigned } else { kind };
        *outcomes.entry((kind, who)).or_default() += share;
    }
    outcomes
}

fn within(figure: Figure, expected: f64) -> bool {
    figure.contains(expected, 1e-8)
}

fn adds_up(terms: Terms) -> bool {
    let sum = terms.split.middle() + terms.unmonitored.middle() + terms.inherent.middle();
    (sum - terms.doubt.middle()).abs() < 1e-12
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn the_terms_are_what_enumeration_says(case in cases()) {
        let model = case.model();
        let incident = case.incident(&model);
        let graph = FaultGraph::compile(&model);
        let pooled = View::Pooled.evidence(&model, &incident, None);
        let oracle = Question::new(&model, &pooled).ask();
        prop_assume!(oracle.evidence > 0.0);
        let report = DoubtReport::of(&model, &graph, &incident, &DoubtOptions::default());
        let full = report.views[0].fault;
        let expected = left(oracle.by_states.values());
        prop_assert!(within(full.inherent, expected), "inherent {:?}, expected {expected}", full.inherent);
        let law = Law { model: &model, by: By::Contractor, day: incident.day() };
        let expected: f64 = oracle.by_states.values().map(|part| {
            let shares: Vec<f64> = part.share.iter().map(|share| share / part.mass).collect();
            part.mass * entropy(answering(&law, &shares, part.unexplained / part.mass).into_values())
        }).sum();
        let inherent = report.views[0].contractor.inherent;
        prop_assert!(within(inherent, expected), "inherent {inherent:?} of who answers, expected {expected}");
        // One system's state alone.
        let whole = entropy(oracle.share.iter().copied().chain([oracle.unexplained]));
        for (at, system) in model.systems().iter().enumerate() {
            let mut by_state: BTreeMap<Vec<bool>, Part> = BTreeMap::new();
            for (states, part) in &oracle.by_states {
                let sum = by_state.entry(states.iter().map(|systems| systems[at]).collect()).or_default();
                sum.share.resize(part.share.len(), 0.0);
                sum.mass += part.mass;
                sum.unexplained += part.unexplained;
                sum.share.iter_mut().zip(&part.share).for_each(|(sum, share)| *sum += share);
            }
            let expected = whole - left(by_state.values());
            let listed = report.unwatched.iter().find(|worth| worth.system == system.id.as_str());
            match listed {
                Some(worth) => prop_assert!(within(worth.fault_bits, expected), "{worth:?}, expected {expected}"),
                None => prop_assert!(expected < 2e-8, "{} is worth {expected}", system.id),
            }
        }
    }

    #[test]
    fn terms_add_up_and_only_the_split_may_be_negative(case in cases()) {
        let model = case.model();
        let incident = case.incident(&model);
        let graph = FaultGraph::compile(&model);
        for by in [By::Contractor, By::Group] {
            let report = DoubtReport::of(&model, &graph, &incident, &DoubtOptions { by, ..DoubtOptions::default() });
            for (view, doubt) in View::all(&model).into_iter().zip(&report.views) {
                prop_assert_eq!(&doubt.view, &view.name(&model));
                for terms in [doubt.fault, doubt.contractor] {
                    prop_assert!(adds_up(terms), "{terms:?}");
                    prop_assert!(terms.unmonitored.hi > -1e-9 && terms.inherent.lo >= 0.0, "{terms:?}");
                    prop_assert!((0.0..=1.0).contains(&terms.misplaced.lo), "{terms:?}");
                }
                // The whole is what a diagnosis of that view says.
                let evidence = view.evidence(&model, &incident, None);
                let diagnosis = graph.diagnose(&evidence, &DiagnoseOptions::default());
                let attribution = Attribution::of(&model, &diagnosis, by, incident.day());
                let whole = Doubt::of(&diagnosis, &attribution);
                prop_assert_eq!(doubt.fault.doubt, whole.fault_bits);
                prop_assert_eq!(doubt.contractor.doubt, whole.contractor_bits);
            }
            let pooled = &report.views[0];
            prop_assert_eq!(pooled.fault.split.middle(), 0.0);
            prop_assert_eq!(pooled.contractor.misplaced.middle(), 0.0);
        }
    }

    #[test]
    fn one_owner_of_everything_leaves_no_part_to_the_split(case in cases()) {
        let mut case = case;
        let Some(sole) = case.model.contractors.keys().next().cloned() else { return Ok(()) };
        let before = case.model();
        let systems = before.systems().iter().map(|system| system.id.to_string());
        let elements: Vec<String> =
            systems.chain(before.interfaces().iter().map(|interface| interface.id.to_string())).collect();
        let everything = Contract::held_by(&sole)
            .duty(DutyKind::Maintain, elements.clone())
            .duty(DutyKind::Operate, elements);
        case.model.contracts = [("all".to_owned(), everything)].into();
        case.model.answers.clear();
        case.model.systems.values_mut().flat_map(|system| system.faults.values_mut()).for_each(|fault| {
            fault.cause = "hardware".to_owned();
        });
        case.model.interfaces.values_mut().flat_map(|interface| interface.faults.values_mut()).for_each(|fault| {
            fault.cause = "hardware".to_owned();
        });
        case.model.common_causes.values_mut().for_each(|fault| fault.cause = "hardware".to_owned());
        case.model.defaults.cause = "hardware".to_owned();
        let model = case.model();
        let incident = case.incident(&model);
        let report = DoubtReport::of(&model, &FaultGraph::compile(&model), &incident, &DoubtOptions::default());
        let about = report.views.iter().find(|view| view.view == report.verdict.view).expect("a view of the report");
        let expected = if !about.saw_failure {
            DoubtSource::NothingSeen
        } else if about.conflict || report.views[0].conflict {
            DoubtSource::Unexplained
        } else {
            DoubtSource::OneOwner
        };
        prop_assert_eq!(report.verdict.finding, expected);
        prop_assert!(!report.verdict.split_plays_a_part);
    }
}
