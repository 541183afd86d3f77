//! All single faults at once, as signatures over a hundredth of the nodes; the two ways against each other and against the
//! choice between them. No peer in process: what handles gates does not handle more than one fault at a time.
//!
//! `cargo bench --bench dictionary`; circuits of 10⁴ to 10⁶ edges, 10⁷ with `ONUS_BENCH_EDGES=1e7`; on all threads with
//! `--features rayon`, under names of its own.
//!
//! What bounds it. *Lanes*: the lines of the rows, one an edge; 64 bytes a node are 13 MB at 10⁶ edges, which the third level
//! holds, and 128 MB at 10⁷, which it does not. *Cascades*: what fails.

mod circuits;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use onus::rca::engine::{Circuit, DictionaryWay, Node};

const THREADS: &str = if cfg!(feature = "rayon") { ", all threads" } else { "" };
/// Faults of a sweep of lanes.
const LANES: usize = 512;
/// Sweeps of lanes that are measured together.
const SWEEPS: usize = 8;

fn dictionaries(criterion: &mut Criterion) {
    for edges in circuits::sizes(1_000_000) {
        for (family, circuit) in circuits::families(edges) {
            let all = circuits::nodes(&circuit);
            let watched: Vec<Node> = all.iter().copied().step_by(100).collect();
            let views = [watched];
            let mut group = criterion.benchmark_group(format!("dictionary, {family}"));
            group.throughput(Throughput::Elements(all.len() as u64));
            for (name, way) in [("auto", DictionaryWay::Auto), ("lanes", DictionaryWay::Lanes)] {
                group.bench_function(BenchmarkId::new(format!("{name}{THREADS}"), edges), |bench| {
                    bench.iter(|| circuit.signatures(black_box(&all), &[], &views, way).len());
                });
            }
            // One at a time takes minutes where cascades are large: two hundred stand for all.
            let some: Vec<Node> = all.iter().copied().step_by((all.len() / 200).max(1)).collect();
            group.throughput(Throughput::Elements(some.len() as u64));
            group.bench_function(BenchmarkId::new(format!("cascades{THREADS}"), edges), |bench| {
                bench.iter(|| circuit.signatures(black_box(&some), &[], &views, DictionaryWay::Cascades).len());
            });
        }
    }
}

/// Sweeps over next to the whole circuit: faults where failure begins. Each is watched, so that it stands for itself.
fn lanes(criterion: &mut Criterion) {
    for edges in circuits::sizes(10_000_000) {
        for (family, circuit) in circuits::families(edges) {
            let mut nodes = circuits::nodes(&circuit);
            nodes.sort_unstable();
            let faults = &nodes[..(LANES * SWEEPS).min(nodes.len() / LANES * LANES)];
            let views = [[faults, &[far(&circuit, &nodes)]].concat()];
            let mut group = criterion.benchmark_group(format!("512 lanes, {family}"));
            group.throughput(Throughput::Elements(lane_edges(&circuit, &nodes, faults.len())));
            group.bench_function(BenchmarkId::new(format!("lane-edges{THREADS}"), edges), |bench| {
                bench.iter(|| circuit.signatures(black_box(faults), &[], &views, DictionaryWay::Lanes).len());
            });
        }
    }
}

/// The node with most outputs of the last hundred: something that is far from where failure begins.
fn far(circuit: &Circuit, nodes: &[Node]) -> Node {
    let last = &nodes[nodes.len().saturating_sub(100)..];
    *last.iter().max_by_key(|node| circuit.outputs(**node).len()).expect("a circuit has nodes")
}

/// Inputs of the gates from the lowest fault of each sweep on, times the lanes.
fn lane_edges(circuit: &Circuit, nodes: &[Node], faults: usize) -> u64 {
    let before = |at: usize| nodes[..at].iter().map(|node| circuit.inputs(*node).len()).sum::<usize>();
    (0..faults / LANES).map(|sweep| (circuit.edge_count() - before(sweep * LANES)) as u64 * LANES as u64).sum()
}

criterion_group! { name = benches; config = circuits::quick(); targets = dictionaries, lanes }
criterion_main!(benches);
