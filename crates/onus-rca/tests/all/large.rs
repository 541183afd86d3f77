//! Large and awkward estates: nothing overflows, nothing takes more than a budget allows, and what does not fit is an
//! honest interval. The tests run at a size that takes a second or two; the ones marked *ignored* are the full size and
//! want `--release`:
//!
//! ```text
//! cargo test --release -p onus-rca --test all -- --ignored --nocapture large
//! ```

use std::time::Instant;

use onus_model::document::{Evidence as Item, Fault, Incident, Model, Need, System};
use onus_rca::{
    Attribution, By, DiagnoseOptions, Diagnosis, Doubt, Evidence, FaultGraph, Method, MethodChoice, StopReason,
};

use crate::random::minute;

fn name(at: usize) -> String {
    format!("s{at:07}")
}

fn system(p: f64) -> System {
    System::new().fault("f", Fault::new("hardware", p))
}

/// Times a diagnosis of some items, with all that is built on it, and checks what every answer must keep.
fn diagnose(what: &str, model: Model, items: impl IntoIterator<Item = Item>, options: &DiagnoseOptions) -> Diagnosis {
    let begin = Instant::now();
    let model = model.build().expect("a valid model");
    let incident = items.into_iter().fold(Incident::new("large"), Incident::item).build(&model).expect("valid");
    let built = begin.elapsed();
    let begin = Instant::now();
    let graph = FaultGraph::compile(&model);
    let compiled = begin.elapsed();
    let begin = Instant::now();
    let diagnosis = graph.diagnose(&Evidence::of(&incident), options);
    let diagnosed = begin.elapsed();
    let begin = Instant::now();
    let attribution = Attribution::of(&model, &diagnosis, By::Contractor, incident.day());
    let doubt = Doubt::of(&diagnosis, &attribution);
    let attributed = begin.elapsed();
    println!(
        "{what}: model {built:.1?}, compile {compiled:.1?}, diagnose {diagnosed:.1?} ({:?}, {:?}, cost {}), attribute \
         {attributed:.1?}, P(E) {:?}, doubt {:?}",
        diagnosis.method, diagnosis.stopped, diagnosis.cost, diagnosis.evidence_probability, doubt.contractor_bits
    );
    if diagnosis.conflict.is_none() {
        let ends = [0, 1].map(|end| {
            let of = |figure: onus_rca::Figure| if end == 0 { figure.lo } else { figure.hi };
            diagnosis.faults.iter().map(|finding| of(finding.share)).sum::<f64>() + of(diagnosis.unexplained)
        });
        assert!(ends[0] <= 1.0 + 1e-9 && ends[1] >= 1.0 - 1e-9, "shares enclose 1: {ends:?}");
        for finding in &diagnosis.faults {
            assert!(finding.posterior.lo <= finding.posterior.hi && finding.posterior.lo >= 0.0);
        }
    }
    diagnosis
}

/// Each system needs the next one.
fn chain(length: usize) -> Model {
    let mut model = Model::new("chain");
    for at in 0..length {
        let mut system = system(1e-3);
        if at + 1 < length {
            system = system.needs(name(at + 1));
        }
        model.systems.insert(name(at), system);
    }
    model
}

/// Each system needs the next one and one further round the ring.
fn ring(length: usize) -> Model {
    let mut model = Model::new("ring");
    for at in 0..length {
        let system = system(1e-5).needs(name((at + 1) % length)).needs(name((at + 7) % length));
        model.systems.insert(name(at), system);
    }
    model
}

/// One system with as many needs, each met by either of two.
fn pairs(count: usize) -> Model {
    let mut model = Model::new("pairs");
    let mut top = system(0.0);
    for at in 0..count {
        top = top.needs(Need::any([name(2 * at), name(2 * at + 1)]));
        model.systems.insert(name(2 * at), system(1e-3));
        model.systems.insert(name(2 * at + 1), system(1e-3));
    }
    model.system("top", top)
}

/// As many systems on one switch, each seen to fail or to work.
fn seen(count: usize) -> (Model, Vec<Item>) {
    let mut model = Model::new("seen").system("switch", system(1e-3));
    let mut items = Vec::new();
    for at in 0..count {
        model.systems.insert(name(at), system(1e-3).needs("switch"));
        items.push(Item::failed(format!("e{at}"), minute(at % 60), name(at)));
    }
    (model, items)
}

fn few(options: DiagnoseOptions) -> DiagnoseOptions {
    DiagnoseOptions { node_budget: 20_000, step_budget: 2_000_000, ..options }
}

fn chain_of(length: usize, options: &DiagnoseOptions) {
    let diagnosis = diagnose("chain", chain(length), [Item::failed("a", minute(0), name(0))], options);
    let p = diagnosis.evidence_probability;
    assert!(p.contains(1.0 - 0.999_f64.powi(i32::try_from(length).unwrap()), 1e-9), "{p:?}");
    if diagnosis.method == Method::Exact {
        assert!(diagnosis.diagnoses_complete && diagnosis.diagnoses.len() >= options.diagnoses);
        assert!(diagnosis.diagnoses.iter().all(|ranked| ranked.rank == 1 && ranked.faults.len() == 1), "ties of one");
    }
    if length > 1_000 {
        // Each failed system comes with its own way: the ways of a chain are as long as all of it.
        return;
    }
    let model = chain(length).build().unwrap();
    let begin = Instant::now();
    let last = model.topology().fault(&format!("{}.f", name(length - 1))).unwrap();
    let failed = FaultGraph::compile(&model).propagate(&[last]);
    println!(
        "  compile and propagate {:.1?}, longest path {}",
        begin.elapsed(),
        failed.path(failed.failed.len() - 1).through.len()
    );
    assert_eq!(failed.failed.len(), length);
}

fn ring_of(length: usize, options: &DiagnoseOptions) {
    let items = [Item::failed("a", minute(0), name(3)), Item::working("b", minute(0), name(5))];
    let conflict = diagnose("ring, a conflict", ring(length), items, options);
    assert!(conflict.conflict.is_some() || conflict.evidence_probability.lo == 0.0);
    let diagnosis = diagnose("ring", ring(length), [Item::failed("a", minute(0), name(3))], options);
    let p = diagnosis.evidence_probability;
    assert!(p.contains(1.0 - (1.0 - 1e-5_f64).powi(i32::try_from(length).unwrap()), 1e-9), "{p:?}");
}

fn pairs_of(count: usize, options: &DiagnoseOptions) {
    let diagnosis = diagnose("pairs", pairs(count), [Item::failed("a", minute(0), "top")], options);
    let p = diagnosis.evidence_probability;
    assert!(p.contains(1.0 - (1.0 - 1e-6_f64).powi(i32::try_from(count).unwrap()), 1e-9), "{p:?}");
}

fn seen_of(count: usize, options: &DiagnoseOptions) {
    let (model, items) = seen(count);
    let diagnosis = diagnose("seen", model, items, options);
    let switch = diagnosis.faults.iter().find(|f| f.id.as_str() == "switch.f").unwrap();
    assert!(switch.posterior.hi > 0.999, "{:?}", switch.posterior);
    let (model, items) = seen(count);
    let items = items.into_iter().enumerate().map(|(at, item)| match at % 2 {
        0 => Item::working(item.id, item.at, name(at)),
        _ => item,
    });
    let diagnosis = diagnose("half of them work", model, items, options);
    let switch = diagnosis.faults.iter().find(|f| f.id.as_str() == "switch.f").unwrap();
    assert!(switch.posterior.lo == 0.0);
}

#[test]
fn a_chain() {
    chain_of(300, &DiagnoseOptions::default());
    chain_of(20_000, &few(DiagnoseOptions::default()));
}

#[test]
fn a_ring_with_chords() {
    ring_of(60, &DiagnoseOptions::default());
    ring_of(5_000, &few(DiagnoseOptions::default()));
}

#[test]
fn an_or_of_pairs() {
    pairs_of(100, &DiagnoseOptions::default());
    pairs_of(5_000, &few(DiagnoseOptions::default()));
}

#[test]
fn many_observations() {
    seen_of(40, &DiagnoseOptions::default());
    seen_of(1_000, &few(DiagnoseOptions::default()));
}

#[test]
fn needs_nested_as_deep_as_a_file_may() {
    let mut need = Need::from("leaf");
    for _ in 0..60 {
        need = Need::any([need, Need::from("leaf")]);
    }
    let model = Model::new("deep").system("leaf", system(0.1)).system("top", system(0.0).needs(need));
    let diagnosis = diagnose("deep", model, [Item::failed("a", minute(0), "top")], &DiagnoseOptions::default());
    assert!((diagnosis.evidence_probability.lo - 0.1).abs() < 1e-12);
}

#[test]
fn budgets_of_nothing_give_the_trivial_interval() {
    for method in [MethodChoice::Exact, MethodChoice::Auto, MethodChoice::Interval] {
        let options = DiagnoseOptions { method, node_budget: 0, step_budget: 0, ..DiagnoseOptions::default() };
        let diagnosis = diagnose("nothing", pairs(3), [Item::failed("a", minute(0), "top")], &options);
        assert_eq!(diagnosis.method, Method::Interval);
        let p = diagnosis.evidence_probability;
        assert!(p.lo == 0.0 && p.hi >= 1.0);
        let expected = if method == MethodChoice::Interval { StopReason::StepBudget } else { StopReason::NodeBudget };
        assert_eq!(diagnosis.stopped, expected);
    }
}

#[test]
#[ignore = "full size: wants --release"]
fn full_size_chain() {
    chain_of(1_000_000, &DiagnoseOptions::default());
}

#[test]
#[ignore = "full size: wants --release"]
fn full_size_ring() {
    ring_of(100_000, &DiagnoseOptions::default());
}

#[test]
#[ignore = "full size: wants --release"]
fn full_size_pairs() {
    pairs_of(100_000, &DiagnoseOptions::default());
}

#[test]
#[ignore = "full size: wants --release"]
fn full_size_observations() {
    seen_of(10_000, &DiagnoseOptions::default());
}
