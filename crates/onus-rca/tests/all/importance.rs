//! Importance measures against the enumeration of all worlds.

use onus_model::SystemIndex;
use onus_model::document::{Fault, Model, Need, System};
use onus_rca::{FaultGraph, Importance, ImportanceOptions, Measure, StopReason, Worth};

use super::cut_sets::{Worlds, estate};

fn near(a: f64, b: f64) -> bool {
    (a.is_infinite() && b.is_infinite()) || (a - b).abs() <= 1e-9 * (1.0 + a.abs().max(b.abs()))
}

#[test]
fn measures_are_those_of_enumeration() {
    for seed in 0..300 {
        let model = estate(seed);
        let worlds = Worlds::of(&model);
        let top = SystemIndex::new(seed as usize % model.systems().len());
        let fails = |world: usize| worlds.failed[world][top.index()];
        let minimal = worlds.minimal(fails);
        let sum = |of: &dyn Fn(usize) -> bool| -> f64 {
            (0..worlds.failed.len()).filter(|world| of(*world)).map(|world| worlds.weight(world)).sum()
        };
        let total = sum(&fails);
        let report = FaultGraph::compile(&model).importance(&[top], &ImportanceOptions::default());
        assert_eq!(report.stopped, StopReason::Finished);
        assert!(report.probability.contains(total, 1e-12));
        for fault in &report.faults {
            let (p, bit) = (fault.probability.lo, 1_usize << fault.index.index());
            // Given its presence or absence, whatever its probability: weights of the other events alone.
            let others = |world: usize| {
                let factor = |at: usize| {
                    if world >> at & 1 == 1 { worlds.probability[at] } else { 1.0 - worlds.probability[at] }
                };
                (0..worlds.events.len()).filter(|at| 1 << at != bit).map(factor).product::<f64>()
            };
            let given = |value: usize| -> f64 {
                (0..worlds.failed.len()).filter(|w| w & bit == value && fails(*w)).map(others).sum()
            };
            let (present, absent) = (given(bit), given(0));
            assert!(near(fault.birnbaum, present - absent), "seed {seed}, {}", fault.id);
            if total == 0.0 {
                assert_eq!((fault.criticality, fault.risk_reduction_worth), (None, None));
                continue;
            }
            let takes_part = |world: usize| minimal.iter().any(|set| set & bit != 0 && world & set == *set);
            let [criticality, fussell_vesely, diagnostic] =
                [fault.criticality, fault.fussell_vesely, fault.diagnostic].map(Option::unwrap);
            assert!(near(criticality, p * (present - absent) / total), "seed {seed}, {}", fault.id);
            assert!(near(fussell_vesely, sum(&takes_part) / total), "seed {seed}, {}", fault.id);
            assert!(near(diagnostic, p * present / total), "seed {seed}, {}", fault.id);
            assert!(criticality <= fussell_vesely + 1e-12 && fussell_vesely <= diagnostic + 1e-12);
            assert!(near(fault.risk_achievement_worth.unwrap().get(), present / total));
            let reduction = if absent == 0.0 { f64::INFINITY } else { total / absent };
            assert!(near(fault.risk_reduction_worth.unwrap().get(), reduction), "seed {seed}, {}", fault.id);
        }
    }
}

fn series_and_pair() -> (onus_model::Model, SystemIndex) {
    let part = |p| System::new().fault("x", Fault::new("hardware", p));
    let model = Model::new("")
        .system("a", part(0.1))
        .system("b", part(0.1))
        .system("c", part(0.01))
        .system("top", System::new().faultless().needs("c").needs(Need::any(["a", "b"])))
        .build()
        .unwrap();
    let top = model.topology().system("top").unwrap();
    (model, top)
}

fn ids(report: &Importance) -> Vec<(usize, &str)> {
    report.faults.iter().map(|fault| (fault.rank, fault.id.as_str())).collect()
}

#[test]
fn the_most_important_comes_first_and_ties_are_stated() {
    let (model, top) = series_and_pair();
    let graph = FaultGraph::compile(&model);
    let by = |sort_by| graph.importance(&[top], &ImportanceOptions { sort_by, ..ImportanceOptions::default() });
    assert_eq!(ids(&by(Measure::Birnbaum)), [(1, "c.x"), (2, "a.x"), (2, "b.x")]);
    assert_eq!(ids(&by(Measure::Diagnostic)), [(1, "a.x"), (1, "b.x"), (3, "c.x")]);
    for measure in [Measure::Criticality, Measure::FussellVesely, Measure::RiskReductionWorth] {
        let report = by(measure);
        let [a, b] = ["a.x", "b.x"].map(|id| report.faults.iter().find(|fault| fault.id.as_str() == id).unwrap().rank);
        assert_eq!(a, b, "{measure:?}");
    }
}

#[test]
fn json_never_holds_what_is_not_a_number() {
    let model = Model::new("")
        .system("sole", System::new().fault("x", Fault::new("hardware", 0.5)))
        .system("never", System::new().fault("x", Fault::new("hardware", 0.0)))
        .build()
        .unwrap();
    let graph = FaultGraph::compile(&model);
    let of = |id: &str| {
        let top = model.topology().system(id).unwrap();
        serde_json::to_value(graph.importance(&[top], &ImportanceOptions::default())).unwrap()
    };
    let sole = &of("sole")["faults"][0];
    assert_eq!((&sole["risk_reduction_worth"], &sole["risk_achievement_worth"]), (&"infinity".into(), &2.0.into()));
    let never = &of("never")["faults"][0];
    assert_eq!(never["birnbaum"], 1.0);
    for measure in ["criticality", "fussell_vesely", "diagnostic", "risk_achievement_worth", "risk_reduction_worth"] {
        assert!(never[measure].is_null(), "{measure} of an impossible failure");
    }
}

#[test]
fn without_nodes_nothing_is_claimed() {
    let (model, top) = series_and_pair();
    let options = ImportanceOptions { node_budget: 0, ..ImportanceOptions::default() };
    let report = FaultGraph::compile(&model).importance(&[top], &options);
    assert_eq!((report.stopped, report.faults.len()), (StopReason::NodeBudget, 0));
    let options = ImportanceOptions { fussell_vesely_budget: 0, ..ImportanceOptions::default() };
    let report = FaultGraph::compile(&model).importance(&[top], &options);
    assert_eq!(report.stopped, StopReason::NodeBudget);
    for fault in &report.faults {
        let bounds = fault.fussell_vesely_bounds.unwrap();
        assert_eq!((fault.fussell_vesely, Some(bounds.lo)), (None, fault.criticality), "{bounds:?}");
        assert_eq!(Some(bounds.hi), fault.diagnostic);
    }
    assert!(report.faults.iter().all(|fault| fault.risk_achievement_worth.map(Worth::get) > Some(1.0)));
}

/// A hundred thousand pairs: of each, both must be present. P(E) = 1 − (1 − p²)ⁿ, and every figure is that of one pair.
#[test]
fn faults_in_modules_take_no_functions() {
    let count = 10_000;
    let mut model = Model::new("");
    let mut top = System::new().faultless();
    let name = |at: usize| format!("s{at:06}");
    for pair in 0..count {
        top = top.needs(Need::any([name(2 * pair), name(2 * pair + 1)]));
        for at in [2 * pair, 2 * pair + 1] {
            model.systems.insert(name(at), System::new().fault("f", Fault::new("hardware", 1e-3)));
        }
    }
    let model = model.system("top", top).build().unwrap();
    let top = model.topology().system("top").unwrap();
    let report = FaultGraph::compile(&model).importance(&[top], &ImportanceOptions::default());
    let (p, pair) = (1e-3, 1e-6_f64);
    let none = f64::from(count as u32) * (-pair).ln_1p();
    let total = -none.exp_m1();
    let others = (none - (-pair).ln_1p()).exp();
    assert_eq!((report.stopped, report.faults.len()), (StopReason::Finished, 2 * count));
    for fault in &report.faults {
        assert!(near(fault.birnbaum, p * others), "{}", fault.birnbaum);
        assert!(near(fault.criticality.unwrap(), pair * others / total));
        assert!(near(fault.fussell_vesely.unwrap(), pair / total));
        assert!(near(fault.risk_reduction_worth.unwrap().get(), total / -(none - (-pair).ln_1p()).exp_m1()));
    }
}
