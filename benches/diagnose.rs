//! What a question about an incident costs: on the shipped scenarios, on large estates end to end, and single-fault candidates
//! alone.
//!
//! `cargo bench --bench diagnose`; estates of some 10⁴ to 10⁵ needs and circuits of 10⁴ to 10⁶ edges, larger with
//! `ONUS_BENCH_EDGES=1e7`. Methods and sizes go to standard error. Peer of the candidates, in the same run: sixteen searches
//! against the run of failure by petgraph, which knows no gates and so explains something else where they matter.
//!
//! What bounds it. *Scenarios*: diagrams of some hundreds to thousands of nodes stay in the second-level cache: computing (hashing
//! and look-ups in the unique table), not memory. *Large estates*: what bears on the symptoms, whatever the size of the estate,
//! and where that is too much for an exact answer, the budget. *Candidates*: a sweep of two 8-byte masks a node against the run
//! of failure, and the lanes for what the masks leave open.

mod circuits;

use std::hint::black_box;

use circuits::{Observed, Random, peer};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use onus::model::document::{self, Evidence as Item};
use onus::model::generate::{Family, Generator, Options};
use onus::model::{FaultIndex, SystemIndex};
use onus::{Attribution, By, DiagnoseOptions, FaultGraph, Incident, Model, View};

fn scenario(name: &str) -> (Model, Incident) {
    let folder = format!("{}/fixtures/scenarios/{name}", env!("CARGO_MANIFEST_DIR"));
    let model = Model::from_file(format!("{folder}/model.yaml")).expect("the scenario is valid");
    let incident = Incident::from_file(format!("{folder}/incident.yaml"), &model).expect("the scenario is valid");
    (model, incident)
}

/// Without exonerations, which are diagnoses of their own.
fn plain() -> DiagnoseOptions {
    DiagnoseOptions { exoneration_items: 0, ..DiagnoseOptions::default() }
}

fn scenarios(criterion: &mut Criterion) {
    for name in ["korea-2023", "nats-2023", "aws-2021"] {
        let (model, incident) = scenario(name);
        let graph = FaultGraph::compile(&model);
        let evidence = View::Pooled.evidence(&model, &incident, None);
        let mut group = criterion.benchmark_group(name);
        group.bench_function("compile", |bench| bench.iter(|| FaultGraph::compile(black_box(&model))));
        group.bench_function("diagnose", |bench| bench.iter(|| graph.diagnose(black_box(&evidence), &plain())));
        group.bench_function("diagnose and exonerate", |bench| {
            bench.iter(|| graph.diagnose(black_box(&evidence), &DiagnoseOptions::default()));
        });
        let diagnosis = graph.diagnose(&evidence, &plain());
        group.bench_function("attribute", |bench| {
            bench.iter(|| Attribution::of(&model, black_box(&diagnosis), By::Contractor, incident.day()));
        });
        group.finish();
    }
}

/// Compiled already: from what was seen to who answers for it.
fn estates(criterion: &mut Criterion) {
    for (name, family) in
        [("layered", Family::Layered), ("power-law", Family::PowerLaw), ("contract", Family::Contract)]
    {
        for edges in circuits::sizes(1_000_000).into_iter().filter(|edges| circuits::largest() > *edges) {
            let options =
                Options { family, systems: (edges / 4) as u32, contractors: 20, seed: 1, ..Options::default() };
            let model = Generator::new(&options).document().build().expect("the generator makes valid estates");
            let graph = FaultGraph::compile(&model);
            let incident = incident(&model, &graph);
            let evidence = View::Pooled.evidence(&model, &incident, None);
            let diagnosis = graph.diagnose(&evidence, &plain());
            let items = incident.evidence().len();
            eprintln!(
                "{name}, {} systems, {} interfaces, {items} observations: {:?}, {:?}",
                model.systems().len(),
                model.interfaces().len(),
                diagnosis.method,
                diagnosis.stopped
            );
            let mut group = criterion.benchmark_group(format!("diagnose, {name}"));
            group.bench_function(BenchmarkId::new("end to end", edges), |bench| {
                bench.iter(|| {
                    let evidence = View::Pooled.evidence(&model, black_box(&incident), None);
                    let diagnosis = graph.diagnose(&evidence, &plain());
                    Attribution::of(&model, &diagnosis, By::Contractor, incident.day()).rows.len()
                });
            });
        }
    }
}

/// Up to eight services that a fault fails, and eight that work: the fault is the first drawn that fails four services.
fn incident(model: &Model, graph: &FaultGraph) -> Incident {
    let services = model.topology().service_systems();
    let mut random = Random(3);
    let mut draw = || FaultIndex::new(random.below(model.faults().len()));
    let failed: Vec<SystemIndex> = std::iter::repeat_with(|| {
        let failed = graph.propagate(&[draw()]).failed.into_iter().map(|failed| failed.index);
        failed.filter(|system| services.contains(system)).collect::<Vec<_>>()
    })
    .take(1_000)
    .find(|failed| (4..services.len() / 2).contains(&failed.len()))
    .expect("some fault fails four services");
    let at = "2024-03-01T10:00:00+01:00".parse().expect("a time");
    let id = |system: &SystemIndex| model.systems()[system.index()].id.to_string();
    let working = services.iter().filter(|system| !failed.contains(system));
    let spread = |of: Vec<String>| {
        let step = (of.len() / 8).max(1);
        of.into_iter().step_by(step).take(8).enumerate().collect::<Vec<_>>()
    };
    let mut incident = document::Incident::new("symptoms");
    for (number, id) in spread(failed.iter().map(id).collect()) {
        incident = incident.item(Item::failed(format!("failed-{number}"), at, id));
    }
    for (number, id) in spread(working.map(id).collect()) {
        incident = incident.item(Item::working(format!("works-{number}"), at, id));
    }
    incident.build(model).expect("services are systems")
}

/// Eight observed failures and eight nodes that work, of a node that explains them.
fn candidates(criterion: &mut Criterion) {
    for edges in circuits::sizes(10_000_000) {
        for (family, circuit) in circuits::families(edges) {
            let all = circuits::nodes(&circuit);
            let Observed { failed, working } = circuits::observed(&circuit);
            let found = circuit.single_candidates(&all, &[], &failed, &working);
            eprintln!(
                "{family}, {edges} edges: {} candidates, {} left open by the masks",
                found.faults.len(),
                found.open
            );
            let mut group = criterion.benchmark_group(format!("single candidates, {family}"));
            group.throughput(Throughput::Elements(all.len() as u64));
            group.bench_function(BenchmarkId::new("8 failed, 8 working", edges), |bench| {
                bench.iter(|| circuit.single_candidates(black_box(&all), &[], &failed, &working).faults.len());
            });
            let graph = peer::graph(&circuit);
            let [failed, working] = [failed, working]
                .map(|nodes| nodes.iter().map(|node| peer::index(&circuit, *node)).collect::<Vec<_>>());
            group.bench_function(BenchmarkId::new("petgraph, 16 searches without gates", edges), |bench| {
                bench.iter(|| peer::explain(black_box(&graph), &failed, &working));
            });
        }
    }
}

criterion_group! { name = benches; config = circuits::quick(); targets = scenarios, estates, candidates }
criterion_main!(benches);
