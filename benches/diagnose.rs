//! What a question about an incident costs, from compiling the topology to the attribution.
//!
//! `cargo bench --bench diagnose`. The scenarios' diagrams have some hundreds to thousands of nodes: they stay in the
//! second-level cache, and what bounds them is computing (hashing and look-ups in the unique table), not memory.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use onus::{Attribution, By, DiagnoseOptions, FaultGraph, Incident, Model, View};

fn scenario(name: &str) -> (Model, Incident) {
    let folder = format!("{}/fixtures/scenarios/{name}", env!("CARGO_MANIFEST_DIR"));
    let model = Model::from_file(format!("{folder}/model.yaml")).expect("the scenario is valid");
    let incident = Incident::from_file(format!("{folder}/incident.yaml"), &model).expect("the scenario is valid");
    (model, incident)
}

fn diagnose(criterion: &mut Criterion) {
    for name in ["korea-2023", "nats-2023", "aws-2021"] {
        let (model, incident) = scenario(name);
        let graph = FaultGraph::compile(&model);
        let evidence = View::Pooled.evidence(&model, &incident, None);
        let mut group = criterion.benchmark_group(name);
        group.bench_function("compile", |bench| bench.iter(|| FaultGraph::compile(black_box(&model))));
        let plain = DiagnoseOptions { exoneration_items: 0, ..DiagnoseOptions::default() };
        group.bench_function("diagnose", |bench| bench.iter(|| graph.diagnose(black_box(&evidence), &plain)));
        group.bench_function("diagnose and exonerate", |bench| {
            bench.iter(|| graph.diagnose(black_box(&evidence), &DiagnoseOptions::default()));
        });
        let diagnosis = graph.diagnose(&evidence, &plain);
        group.bench_function("attribute", |bench| {
            bench.iter(|| Attribution::of(&model, black_box(&diagnosis), By::Contractor, incident.day()));
        });
        group.finish();
    }
}

criterion_group!(benches, diagnose);
criterion_main!(benches);
