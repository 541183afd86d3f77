//! Both methods against the oracle, on thousands of random incidents.

use std::collections::{BTreeMap, BTreeSet};

use onus_model::{FaultIndex, Model};
use onus_rca::{
    DiagnoseOptions, Diagnosis, Evidence, FaultGraph, Figure, How, Method, MethodChoice, RankedDiagnosis, StopReason,
};
use proptest::prelude::*;

use crate::oracle::{Mask, Oracle, Question};
use crate::random::{Case, cases, config};

pub const SAME: f64 = 1e-12;

/// Closer than this, relatively, is a tie.
const TIE: f64 = 1e-9;

pub fn mask(faults: &[FaultIndex]) -> Mask {
    faults.iter().fold(0, |mask, fault| mask | 1 << fault.index())
}

#[track_caller]
fn same(figure: Figure, expected: f64, what: &str) {
    assert!((figure.lo - expected).abs() <= SAME && figure.lo == figure.hi, "{what}: {figure:?}, expected {expected}");
    assert_eq!(figure.how, How::Exact, "{what}");
}

/// Everything an exact diagnosis says.
pub fn check_exact(model: &Model, evidence: &Evidence, diagnosis: &Diagnosis, options: &DiagnoseOptions) {
    let question = Question::new(model, evidence);
    let oracle = question.ask();
    assert_eq!((diagnosis.method, diagnosis.stopped), (Method::Exact, StopReason::Finished));
    let p = diagnosis.evidence_probability;
    same(p, oracle.evidence, "P(E)");
    assert!((p.lo - oracle.evidence).abs() <= 1e-11 * oracle.evidence, "P(E), relatively: {p:?}");
    assert_eq!(diagnosis.conflict.is_some(), oracle.evidence == 0.0, "conflict");
    if diagnosis.conflict.is_some() {
        check_conflict(question, diagnosis);
        return;
    }
    assert_eq!(diagnosis.faults.len(), model.faults().len());
    let mut total = diagnosis.unexplained.lo;
    for finding in &diagnosis.faults {
        let fault = finding.index.index();
        same(finding.posterior, oracle.posterior[fault], &format!("posterior of {}", finding.id));
        same(finding.share, oracle.share[fault], &format!("share of {}", finding.id));
        total += finding.share.lo;
    }
    same(diagnosis.unexplained, oracle.unexplained, "unexplained");
    assert!((total - 1.0).abs() < SAME, "shares add up to {total}");
    let order = |a: f64, b: f64, slack: f64| a > b - slack;
    for pair in diagnosis.faults.windows(2) {
        assert!(order(pair[0].share.lo, pair[1].share.lo, 2e-9), "order of shares");
        if (pair[0].share.lo - pair[1].share.lo).abs() < 1e-13 {
            assert!(order(pair[0].posterior.lo, pair[1].posterior.lo, 2e-9), "order of posteriors");
        }
    }
    check_diagnoses(&oracle, diagnosis, options.diagnoses);
    check_groups(model, &oracle, diagnosis);
    for exoneration in &diagnosis.exonerated {
        let after = oracle.posterior[exoneration.index.index()];
        assert!(exoneration.after.contains(after, SAME), "after");
        let odds = |p: f64| p.min(1.0 - 1e-12) / (1.0 - p.min(1.0 - 1e-12));
        assert!(odds(exoneration.before.lo) >= odds(after) * options.exoneration_factor * (1.0 - TIE), "exonerated");
        assert!(exoneration.before.lo > exoneration.after.lo && !exoneration.by.is_empty());
    }
}

/// The most probable sets, in order, with their ranks, and no other.
fn check_diagnoses(oracle: &Oracle, diagnosis: &Diagnosis, wanted: usize) {
    let listed: Vec<(Mask, &RankedDiagnosis)> = diagnosis.diagnoses.iter().map(|d| (mask(&d.indices), d)).collect();
    assert!(diagnosis.diagnoses_complete);
    assert_eq!(listed.iter().map(|(set, _)| set).collect::<BTreeSet<_>>().len(), listed.len(), "each set once");
    assert!(listed.len() >= wanted.min(oracle.sets.len()) && listed.len() <= 2 * wanted, "how many");
    for (set, ranked) in &listed {
        let expected = *oracle.sets.get(set).unwrap_or(&0.0);
        same(ranked.probability, expected, &format!("P(exactly {:?})", ranked.faults));
        let better = oracle.sets.values().filter(|p| **p > expected * (1.0 + 2.0 * TIE)).count();
        assert_eq!(ranked.rank, better + 1, "rank of {:?}", ranked.faults);
    }
    for pair in listed.windows(2) {
        let (first, second) = (pair[0].1.probability.lo, pair[1].1.probability.lo);
        assert!(first >= second * (1.0 - 2.0 * TIE), "order of diagnoses");
    }
    let Some((_, last)) = listed.last() else { return };
    for (set, p) in oracle.sets.iter().filter(|(set, _)| listed.iter().all(|(other, _)| other != *set)) {
        assert!(*p <= last.probability.lo * (1.0 + 2.0 * TIE), "{set:b} with {p} is missing");
        let tied = *p >= last.probability.lo * (1.0 - TIE / 2.0);
        assert!(!tied || listed.len() == 2 * wanted, "{set:b} ties with the last, and is missing");
    }
}

/// Two faults are in one group when the likelihood stays the same if they trade places, whatever the others do.
fn check_groups(model: &Model, oracle: &Oracle, diagnosis: &Diagnosis) {
    let count = model.faults().len();
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-10 * a.max(b);
    let influence = |fault: usize, t: f64| -> f64 {
        let bit = 1 << fault;
        let weight = |set: Mask| {
            let present = (set & !bit).count_ones() as i32;
            t.powi(present) * (1.0 - t).powi(count as i32 - 1 - present)
        };
        (0..1 << count)
            .filter(|set| set & bit != 0)
            .map(|set: Mask| weight(set) * (oracle.likelihood[set] - oracle.likelihood[set & !bit]))
            .sum()
    };
    // Influences are compared with the greatest one: improbable evidence has small ones throughout.
    // What is rounding beside the likelihood itself is none: reports that cancel out say nothing.
    let likely = oracle.likelihood.iter().copied().fold(0.0, f64::max);
    let greatest = (0..count).map(|fault| influence(fault, 0.37).abs()).fold(likely * 1e-4, f64::max);
    let speaks_for: Vec<usize> =
        (0..count).filter(|fault| [0.37, 0.61].iter().all(|t| influence(*fault, *t) > 1e-9 * greatest)).collect();
    let interchangeable = |a: usize, b: usize| {
        (0..1_usize << count)
            .filter(|set| set & (1 << a) != 0 && set & (1 << b) == 0)
            .all(|set| near(oracle.likelihood[set], oracle.likelihood[set & !(1 << a) | 1 << b]))
    };
    let mut expected: BTreeSet<BTreeSet<String>> = BTreeSet::new();
    for a in &speaks_for {
        let group: Vec<usize> = speaks_for.iter().copied().filter(|b| a == b || interchangeable(*a, *b)).collect();
        if group.len() > 1 {
            expected.insert(group.into_iter().map(|fault| model.faults()[fault].id.to_string()).collect());
        }
    }
    let found: BTreeSet<BTreeSet<String>> =
        diagnosis.ambiguity_groups.iter().map(|group| group.iter().map(ToString::to_string).collect()).collect();
    assert_eq!(found, expected, "ambiguity groups");
}

/// The items conflict, without any one of them they do not, and if they are called the smallest such set, they are.
fn check_conflict(mut question: Question<'_>, diagnosis: &Diagnosis) {
    let conflict = diagnosis.conflict.as_ref().expect("there is a conflict");
    assert!((diagnosis.unexplained.lo - 1.0).abs() < SAME);
    let ids: Vec<String> = conflict.items.iter().map(ToString::to_string).collect();
    let members = question.positions(&ids);
    assert_eq!(members.len(), ids.len(), "each item once, and known");
    let count = question.items.len();
    let mut possible = |kept: &dyn Fn(usize) -> bool| {
        question.counts = (0..count).map(kept).collect();
        question.ask().evidence > 0.0
    };
    assert!(!possible(&|item| members.contains(&item)), "they do conflict");
    if diagnosis.method == Method::Interval {
        // Its budget may not suffice to leave out what is not needed.
        return;
    }
    for left_out in &members {
        assert!(possible(&|item| members.contains(&item) && item != *left_out), "without any one they do not");
    }
    if conflict.smallest {
        for smaller in (0..1_usize << count).filter(|set| (set.count_ones() as usize) < members.len()) {
            assert!(possible(&|item| smaller & (1 << item) != 0), "no smaller set conflicts");
        }
    }
}

/// Everything an interval diagnosis says contains the truth.
fn check_interval(oracle: &Oracle, diagnosis: &Diagnosis) {
    let within = |figure: Figure, truth: f64, what: &str| {
        assert!(figure.contains(truth, 1e-13), "{what}: {figure:?} does not contain {truth}");
        assert!(figure.lo >= 0.0 && figure.hi <= 1.0 && figure.lo <= figure.hi, "{what}: {figure:?}");
        assert!(figure.how == How::Interval || figure.lo == figure.hi, "{what}: {figure:?} is not exact");
    };
    within(diagnosis.evidence_probability, oracle.evidence, "P(E)");
    if oracle.evidence == 0.0 {
        return;
    }
    assert_eq!(diagnosis.conflict, None);
    for finding in &diagnosis.faults {
        within(finding.posterior, oracle.posterior[finding.index.index()], &format!("posterior of {}", finding.id));
        within(finding.share, oracle.share[finding.index.index()], &format!("share of {}", finding.id));
    }
    within(diagnosis.unexplained, oracle.unexplained, "unexplained");
    for ranked in &diagnosis.diagnoses {
        let truth = oracle.sets.get(&mask(&ranked.indices)).copied().unwrap_or(0.0);
        within(ranked.probability, truth, &format!("P(exactly {:?})", ranked.faults));
    }
}

fn width(diagnosis: &Diagnosis) -> BTreeMap<String, Figure> {
    let mut figures: BTreeMap<String, Figure> =
        diagnosis.faults.iter().map(|f| (format!("posterior {}", f.id), f.posterior)).collect();
    figures.extend(diagnosis.faults.iter().map(|f| (format!("share {}", f.id), f.share)));
    figures.insert("P(E)".to_owned(), diagnosis.evidence_probability);
    figures.insert("unexplained".to_owned(), diagnosis.unexplained);
    figures
}

fn pooled(case: &Case) -> (Model, Evidence) {
    let model = case.model();
    let evidence = Evidence::of(&case.incident(&model));
    (model, evidence)
}

proptest! {
    #![proptest_config(config(1600))]

    #[test]
    fn exact_agrees_with_the_oracle(case in cases()) {
        let (model, evidence) = pooled(&case);
        let options = DiagnoseOptions::default();
        let diagnosis = FaultGraph::compile(&model).diagnose(&evidence, &options);
        check_exact(&model, &evidence, &diagnosis, &options);
        let few = DiagnoseOptions { diagnoses: 2, ..options };
        check_exact(&model, &evidence, &FaultGraph::compile(&model).diagnose(&evidence, &few), &few);
    }
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn intervals_contain_the_truth_and_narrow(case in cases(), middle in 2_u64..60) {
        let (model, evidence) = pooled(&case);
        let oracle = Question::new(&model, &evidence).ask();
        let graph = FaultGraph::compile(&model);
        let mut before: Option<BTreeMap<String, Figure>> = None;
        // A step looks at all nodes of the graph twice in each epoch.
        let per_step = 2 * graph.node_count() as u64;
        for budget in [0, per_step, per_step * middle, per_step * middle * 10, per_step * 2000] {
            let options =
                DiagnoseOptions { method: MethodChoice::Interval, step_budget: budget, ..DiagnoseOptions::default() };
            let diagnosis = graph.diagnose(&evidence, &options);
            prop_assert_eq!(diagnosis.method, Method::Interval);
            check_interval(&oracle, &diagnosis);
            let now = width(&diagnosis);
            if let Some(before) = before {
                // A conflict leaves no figures.
                for (what, figure) in now.iter().filter(|_| diagnosis.conflict.is_none()) {
                    let outer = before[what];
                    prop_assert!(
                        outer.lo <= figure.lo + 1e-11 && figure.hi <= outer.hi + 1e-11,
                        "{}: {:?} came after {:?}", what, figure, outer
                    );
                }
            }
            before = Some(now);
            if diagnosis.stopped == StopReason::Finished {
                prop_assert!((diagnosis.evidence_probability.lo - oracle.evidence).abs() < 1e-11);
                prop_assert_eq!(diagnosis.conflict.is_some(), oracle.evidence == 0.0);
                for finding in &diagnosis.faults {
                    let truth = oracle.posterior[finding.index.index()];
                    prop_assert!((finding.posterior.lo - truth).abs() < 1e-11, "{} stays wide", finding.id);
                }
                if diagnosis.conflict.is_some() {
                    check_conflict(Question::new(&model, &evidence), &diagnosis);
                }
            } else {
                prop_assert_eq!(diagnosis.stopped, StopReason::StepBudget);
            }
        }
    }

    #[test]
    fn a_node_budget_too_small_gives_a_valid_interval(case in cases(), budget in 0_usize..40) {
        let (model, evidence) = pooled(&case);
        let oracle = Question::new(&model, &evidence).ask();
        let graph = FaultGraph::compile(&model);
        for method in [MethodChoice::Exact, MethodChoice::Auto] {
            let options =
                DiagnoseOptions { method, node_budget: budget, step_budget: 100_000, ..DiagnoseOptions::default() };
            let diagnosis = graph.diagnose(&evidence, &options);
            match diagnosis.method {
                Method::Exact => {
                    let plain = DiagnoseOptions { exoneration_items: 0, ..options };
                    check_exact(&model, &evidence, &graph.diagnose(&evidence, &plain), &plain);
                }
                Method::Interval => {
                    prop_assert_eq!(diagnosis.stopped, StopReason::NodeBudget);
                    check_interval(&oracle, &diagnosis);
                }
            }
            if method == MethodChoice::Exact && diagnosis.method == Method::Interval {
                prop_assert_eq!(diagnosis.cost, 0, "the trivial interval costs nothing");
            }
        }
    }
}
