//! What the decision-diagram kernel does a second: nodes built, nodes weighed.
//!
//! `cargo bench -p onus-rca --features bench --bench kernel`. Before each measurement the nodes, the size of the diagram and
//! the hit rate of the operation cache go to standard error.
//!
//! What bounds it: building, the look-ups in the unique table and the operation cache. While both fit the second-level
//! cache (some 20,000 nodes) that is hashing; beyond it, the latency of memory, a miss or two for each node. Weighing goes
//! through the nodes in the order of their numbers, children first: the nodes stream, the values of the children are
//! looked up, most of them near; with millions of nodes those look-ups miss the cache too.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use onus_model::document::{Fault, Model, Need, System};
use onus_rca::FaultGraph;
use onus_rca::kernel::Failure;

/// Some of `systems` systems are lost, at least `k` in a row of `window`: diagrams that grow with the window.
fn windows(systems: usize, window: usize, k: u32) -> Failure {
    let name = |at: usize| format!("s{at:04}");
    let mut model = Model::new("windows");
    let mut top = System::new().faultless();
    for at in 0..systems {
        let p = 1e-3 * (1.0 + at as f64);
        model = model.system(name(at), System::new().fault("f", Fault::new("hardware", p.min(0.5))));
        let members: Vec<Need> =
            (0..window).map(|step| Need::from(name((at * 7 + step * 11) % systems).as_str())).collect();
        top = top.needs(Need::at_least(window as u32 - k + 1, members));
    }
    let model = model.system("top", top).build().expect("a valid model");
    let top = model.topology().system("top").expect("it was added");
    Failure::of(&FaultGraph::compile(&model), top)
}

fn kernel(criterion: &mut Criterion) {
    for (label, failure) in [("in cache", windows(24, 6, 3)), ("in memory", windows(47, 6, 3))] {
        let Some(built) = failure.build(50_000_000) else {
            eprintln!("{label}: the budget does not suffice");
            continue;
        };
        eprintln!(
            "{label}: {} nodes made, {} in the diagram, {:.1} % of look-ups hit",
            built.nodes(),
            built.size(),
            100.0 * built.hit_rate()
        );
        let mut group = criterion.benchmark_group(label);
        group.sample_size(10);
        group.throughput(Throughput::Elements(built.nodes() as u64));
        group.bench_function("build", |bench| bench.iter(|| failure.build(black_box(50_000_000)).map(|b| b.nodes())));
        group.throughput(Throughput::Elements(built.size() as u64));
        group.bench_function("weigh", |bench| bench.iter(|| black_box(&built).weigh()));
        group.finish();
    }
}

criterion_group!(benches, kernel);
criterion_main!(benches);
