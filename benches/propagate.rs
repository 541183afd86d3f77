//! Spreading failure in circuits of 10⁴ to 10⁶ edges, up to 10⁸ with `ONUS_BENCH_EDGES=1e8`; peer in the same run: petgraph's
//! breadth-first search and Dijkstra over the same edges from the same nodes, which know no gates and so visit at least as much. A full
//! cascade begins with as many of the nodes with most outputs as fail half of all; times begin with the one that fails most.
//!
//! `cargo bench --bench propagate`. Absolute times depend on what else the machine does; compare within one run.
//!
//! What bounds it. *Large cascades*: the state of the gates, read and written at random; at 10⁶ edges it is 200 KB and stays in
//! the second-level cache, at 10⁷ in the third, at 10⁸ in none. A sweep lowers counters in a loop without a branch, so that many
//! accesses are under way; the worklist also mispredicts the end of each row. petgraph follows a linked list through its edges, a cache miss each.
//! *Small ones*: the two or three misses for a node's offsets and the counters of its outputs. *Times*: what fails comes by
//! time and so stands anywhere; the cache misses for its offsets, outputs and delay take two to three fifths of the time,
//! though those of 64 nodes overlap, the queue a sixth to a quarter, the counters less than a tenth.

mod circuits;

use std::hint::black_box;
use std::time::Instant;

use circuits::peer;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use onus::rca::engine::{Arrivals, Cascade, Circuit, Node, Way};

/// Edges out of what fails.
fn edges_out_of(circuit: &Circuit, failed: &[Node]) -> usize {
    failed.iter().map(|node| circuit.outputs(*node).len()).sum()
}

fn large_cascades(criterion: &mut Criterion) {
    for edges in circuits::sizes(100_000_000) {
        for (family, circuit) in circuits::families(edges) {
            let (hub, hubs) = (circuits::hub(&circuit), circuits::hubs(&circuit));
            let mut cascade = Cascade::new(&circuit);
            let count = cascade.spread(&hubs, Way::Worklist);
            let reached = edges_out_of(&circuit, &cascade.failed());
            let all = circuit.node_count();
            let from = hubs.len();
            eprintln!("{family}, {edges} edges: {from} with most outputs fail {count} of {all} nodes; {}", memory());
            let mut group = criterion.benchmark_group(format!("cascade, {family}"));
            group.throughput(Throughput::Elements(reached as u64));
            for (name, way) in [("worklist", Way::Worklist), ("sweep", Way::Sweep), ("auto", Way::Auto)] {
                group.bench_function(BenchmarkId::new(name, edges), |bench| {
                    bench.iter(|| cascade.spread(black_box(&hubs), way));
                });
            }
            // Times are compared with what goes over all edges from one node.
            cascade.spread(&[hub], Way::Worklist);
            group.throughput(Throughput::Elements(edges_out_of(&circuit, &cascade.failed()) as u64));
            drop(cascade);
            let delays: Vec<u64> = (0..circuit.node_count()).map(circuits::delay).collect();
            let mut arrivals = Arrivals::new(&circuit, &delays);
            group.bench_function(BenchmarkId::new("times", edges), |bench| {
                bench.iter(|| arrivals.spread(black_box(&[(hub, 0)])).len());
            });
            if edges > peer::MOST {
                continue;
            }
            let graph = peer::graph(&circuit);
            let roots: Vec<_> = hubs.iter().map(|node| peer::index(&circuit, *node)).collect();
            group.throughput(Throughput::Elements(peer::edges_from(&graph, &roots) as u64));
            group.bench_function(BenchmarkId::new("petgraph Bfs", edges), |bench| {
                bench.iter(|| peer::visits(black_box(&graph), &roots));
            });
            let root = peer::index(&circuit, hub);
            group.throughput(Throughput::Elements(peer::edges_from(&graph, &[root]) as u64));
            group.bench_function(BenchmarkId::new("petgraph dijkstra", edges), |bench| {
                bench.iter(|| petgraph::algo::dijkstra(black_box(&graph), root, None, |edge| *edge.weight()).len());
            });
        }
    }
}

/// What this process has had at most, where the system tells.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.map_or_else(String::new, |peak| format!("at most {} so far", peak.trim()))
}

/// A thousand random nodes of 10⁶ edges. Those around the median and those around the 90th percentile, by what they take, are
/// asked about one after the other.
fn small_questions(criterion: &mut Criterion) {
    let circuit = Circuit::new(circuits::power_law(1_000_000, 0, 1));
    let mut random = circuits::Random(2);
    let mut cascade = Cascade::new(&circuit);
    let mut nodes: Vec<(u128, Node)> = (0..1000)
        .map(|_| {
            let node = circuit.node(random.below(circuit.node_count()));
            let start = Instant::now();
            for _ in 0..8 {
                cascade.spread(black_box(&[node]), Way::Auto);
            }
            (start.elapsed().as_nanos(), node)
        })
        .collect();
    nodes.sort_unstable();
    let nodes: Vec<Node> = nodes.into_iter().map(|(_, node)| node).collect();
    let mut group = criterion.benchmark_group("small questions, power-law");
    for (name, some) in [("median", &nodes[450..550]), ("90 %", &nodes[880..920])] {
        group.throughput(Throughput::Elements(some.len() as u64));
        group.bench_function(BenchmarkId::new(name, 1_000_000), |bench| {
            bench.iter(|| some.iter().map(|node| cascade.spread(&[*node], Way::Auto)).sum::<usize>());
        });
    }
}

criterion_group! { name = benches; config = circuits::quick(); targets = large_cascades, small_questions }
criterion_main!(benches);
