//! Inference on estates that are not toys: layered random ones of 10³ to 10⁶ systems, and a real call graph.
//!
//! `cargo bench --bench inference`; with `ONUS_BENCH_EDGES=1e7` in the environment also at 10⁶ systems, which takes a minute
//! and some 5 GB to build. Sizes, methods and widths go to standard error.
//!
//! What bounds it: with 30 % of the needs redundant a diagnosis costs what the cone of the symptoms costs, some hundreds of
//! systems whatever the size of the estate, and of that the shares most: their pairs of diagram nodes no longer fit the
//! second-level cache. With 80 % small sets bound the failure: looking at pairs of them, a merge of two short lists each, which
//! the processor computes rather than waits for; lapses of what works add diagram nodes, which wait for memory.

mod circuits;
mod estates;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use onus::rca::{Evidence, MethodChoice};
use onus::{DiagnoseOptions, FaultGraph, Model};

/// Without exonerations, which are diagnoses of their own.
fn options() -> DiagnoseOptions {
    DiagnoseOptions { exoneration_items: 0, ..DiagnoseOptions::default() }
}

fn layered(criterion: &mut Criterion) {
    let large = circuits::largest() >= 10_000_000;
    let sizes = [1_000, 10_000, 100_000, 1_000_000];
    for redundant in [30, 80] {
        let mut group = criterion.benchmark_group(format!("layered, {redundant} % redundant"));
        group.sample_size(10);
        for systems in sizes.into_iter().filter(|size| large || *size < 1_000_000) {
            if redundant == 80 && systems != 10_000 {
                continue;
            }
            let model = estates::layered(systems, redundant, 1);
            let graph = FaultGraph::compile(&model);
            for failed in [1, 5] {
                let evidence = Evidence::of(&estates::symptoms(&model, failed, 1));
                let options = match redundant {
                    80 => DiagnoseOptions { method: MethodChoice::Interval, tolerance: 0.01, ..options() },
                    _ => options(),
                };
                let diagnosis = graph.diagnose(&evidence, &options);
                let p = diagnosis.evidence_probability;
                eprintln!(
                    "{systems} systems, {redundant} % redundant, {failed} failed: {:?}, {:?}, cost {}, P(E) {:.6e}, width {:.2e}",
                    diagnosis.method,
                    diagnosis.stopped,
                    diagnosis.cost,
                    p.lo,
                    (p.hi - p.lo) / p.lo
                );
                group.bench_function(format!("{systems} systems, {failed} failed"), |bench| {
                    bench.iter(|| graph.diagnose(black_box(&evidence), &options));
                });
            }
        }
        group.finish();
    }
}

/// The call graph of `tests/all/jaeger.rs` in onus-rca: symptoms in its component of 356 services.
fn jaeger(criterion: &mut Criterion) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/jaeger/dependencies-large.json");
    let Ok(text) = std::fs::read_to_string(path) else {
        eprintln!("*** SKIPPED: the call graph is not at {path} ***");
        return;
    };
    let model = call_graph(&text);
    let graph = FaultGraph::compile(&model);
    let at = "2024-03-01T10:00:00+01:00".parse().expect("a time");
    let incident = onus::model::document::Incident::new("symptoms")
        .item(onus::model::document::Evidence::failed("a", at, "Service50"))
        .item(onus::model::document::Evidence::failed("b", at, "Service242"))
        .build(&model)
        .expect("both are services");
    let evidence = Evidence::of(&incident);
    criterion.bench_function("jaeger, two symptoms", |bench| {
        bench.iter(|| graph.diagnose(black_box(&evidence), &options()));
    });
}

fn call_graph(text: &str) -> Model {
    use onus::model::document::{self, Fault, System};
    let rows: serde_json::Value = serde_json::from_str(text).expect("the call graph is JSON");
    let mut model = document::Model::new("jaeger");
    let system = || System::new().fault("f", Fault::new("software", 1e-3));
    for row in rows.as_array().expect("a list of calls") {
        let [parent, child] = ["parent", "child"].map(|end| row[end].as_str().expect("a name"));
        model.systems.entry(child.to_owned()).or_insert_with(system);
        let caller = model.systems.remove(parent).unwrap_or_else(system);
        let caller = if parent == child { caller } else { caller.needs(child) };
        model.systems.insert(parent.to_owned(), caller);
    }
    model.build().expect("a call graph is a valid estate")
}

criterion_group!(benches, layered, jaeger);
criterion_main!(benches);
