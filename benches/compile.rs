//! Putting circuits and models in order: merging inputs, strongly connected components, renumbering, adjacency the other way.
//!
//! `cargo bench --bench compile`; circuits of 10⁴ to 10⁶ edges, up to 10⁸ with `ONUS_BENCH_EDGES=1e8`; models of up to 10⁶ needs.
//! Peer in the same run: petgraph's `DiGraph::from_edges` of the same edges, and its Kosaraju on that.
//!
//! What bounds it. *Circuits*: the walk that finds the components follows inputs in no useful order, a cache miss a node and one
//! for most inputs; then three passes that write at random. *Models*: on top of that the rows of each system's needs, whose ids
//! were looked up when the model was read.

mod circuits;

use std::hint::black_box;

use circuits::peer;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use onus::FaultGraph;
use onus::model::generate::{Family, Generator, Options};
use onus::rca::engine::{Circuit, Gates};
use petgraph::graph::DiGraph;

fn of_gates(criterion: &mut Criterion) {
    for edges in circuits::sizes(100_000_000) {
        for (family, gates) in circuits::drawn(edges) {
            let mut group = criterion.benchmark_group(format!("compile, {family}"));
            group.throughput(Throughput::Elements(edges as u64));
            group.bench_function(BenchmarkId::new("circuit", edges), |bench| {
                bench.iter_batched(|| gates.clone(), Circuit::new, BatchSize::PerIteration);
            });
            if edges > peer::MOST {
                continue;
            }
            let pairs = pairs(&gates);
            group.bench_function(BenchmarkId::new("petgraph, graph and components", edges), |bench| {
                bench.iter(|| {
                    let graph = DiGraph::<(), ()>::from_edges(black_box(&pairs));
                    petgraph::algo::kosaraju_scc(&graph).len()
                });
            });
        }
    }
}

/// Input and gate, edge by edge.
fn pairs(gates: &Gates) -> Vec<(u32, u32)> {
    let inputs = |gate: usize| &gates.inputs()[gates.offsets()[gate] as usize..gates.offsets()[gate + 1] as usize];
    let gates = 0..gates.thresholds().len();
    gates.flat_map(|gate| inputs(gate).iter().map(move |input| (*input, gate as u32))).collect()
}

fn of_models(criterion: &mut Criterion) {
    for edges in circuits::sizes(10_000_000).into_iter().filter(|edges| circuits::largest() > *edges) {
        let systems = (edges / 5) as u32;
        let redundancy = onus::model::Probability::new(0.85).expect("a part of one");
        let options = Options { family: Family::Layered, systems, redundancy, seed: 1, ..Options::default() };
        let model = Generator::new(&options).document().build().expect("the generator makes valid estates");
        let mut group = criterion.benchmark_group("compile, model");
        group.throughput(Throughput::Elements(model.interfaces().len() as u64));
        group.bench_function(BenchmarkId::new("fault graph", edges), |bench| {
            bench.iter(|| FaultGraph::compile(black_box(&model)).node_count());
        });
    }
}

criterion_group! { name = benches; config = circuits::quick(); targets = of_gates, of_models }
criterion_main!(benches);
