//! All single faults at once, as signatures over a hundredth of the nodes; the two ways against each other and against the choice between them.
//! No peer in process: what handles gates does not handle more than one fault at a time.
//!
//! `cargo bench --bench dictionary`; circuits of 10⁵ edges, 10⁶ with `ONUS_BENCH_LARGE=1`.
//!
//! What bounds it. *Lanes*: the lines of the rows, one an edge; 64 bytes a node are 13 MB at 10⁶ edges, which the third level holds.
//! *Cascades*: what fails.

mod circuits;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use onus::rca::engine::{Cascade, DictionaryWay, Node, Way};

fn dictionaries(criterion: &mut Criterion) {
    let large = std::env::var_os("ONUS_BENCH_LARGE").is_some();
    for edges in [100_000, 1_000_000].into_iter().filter(|edges| large || *edges < 1_000_000) {
        for (family, circuit) in circuits::families(edges) {
            let count = circuit.node_count();
            let all: Vec<Node> = (0..count).map(|number| circuit.node(number)).collect();
            let watched: Vec<Node> = all.iter().copied().step_by(100).collect();
            let views = [watched];
            let mut group = criterion.benchmark_group(format!("dictionary, {family}, {edges} edges"));
            group.sample_size(10).throughput(Throughput::Elements(count as u64));
            for (name, way) in [("auto", DictionaryWay::Auto), ("lanes", DictionaryWay::Lanes)] {
                group.bench_function(name, |bench| {
                    bench.iter(|| circuit.signatures(black_box(&all), &[], &views, way).len());
                });
            }
            // One at a time takes minutes where cascades are large: a few hundred stand for all.
            let some: Vec<Node> = all.iter().copied().step_by(count / 200).collect();
            group.throughput(Throughput::Elements(some.len() as u64));
            group.bench_function("cascades, 200 of them", |bench| {
                bench.iter(|| circuit.signatures(black_box(&some), &[], &views, DictionaryWay::Cascades).len());
            });
        }
    }
}

/// Eight observed failures and eight nodes that work, of a node that explains them.
fn candidates(criterion: &mut Criterion) {
    for (family, circuit) in circuits::families(1_000_000) {
        let all: Vec<Node> = (0..circuit.node_count()).map(|number| circuit.node(number)).collect();
        let mut cascade = Cascade::new(&circuit);
        let mut random = circuits::Random(3);
        let origin = std::iter::repeat_with(|| all[random.below(all.len())])
            .take(10_000)
            .find(|node| (100..all.len() / 2).contains(&cascade.spread(&[*node], Way::Auto)))
            .expect("some node fails a hundred");
        cascade.spread(&[origin], Way::Auto);
        let mut failed = Vec::new();
        let mut working = Vec::new();
        while failed.len() < 8 || working.len() < 8 {
            let node = all[random.below(all.len())];
            let side = if cascade.has_failed(node) { &mut failed } else { &mut working };
            if side.len() < 8 {
                side.push(node);
            }
        }
        let found = circuit.single_candidates(&all, &[], &failed, &working);
        eprintln!("{family}: {} candidates, {} left open by the masks", found.faults.len(), found.open);
        let mut group = criterion.benchmark_group(format!("single candidates, {family}, 1000000 edges"));
        group.sample_size(10);
        group.bench_function("8 failed, 8 working", |bench| {
            bench.iter(|| circuit.single_candidates(black_box(&all), &[], &failed, &working).faults.len());
        });
    }
}

criterion_group!(benches, dictionaries, candidates);
criterion_main!(benches);
