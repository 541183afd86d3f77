//! Spreading failure in circuits of 10⁵ to 10⁶ edges, 10⁷ with `ONUS_BENCH_LARGE=1`; peer in the same run: petgraph's breadth-first search
//! over the same edges from the same node, which knows no gates and so visits at least as much.
//!
//! `cargo bench --bench propagate`. Absolute times depend on what else the machine does; compare within one run.
//!
//! What bounds it. *Large cascades*: the state of the gates, read and written at random; at 10⁶ edges it is 200 KB and stays in the second-level
//! cache, at 10⁷ it does not. A sweep meets it in order of places, so that most of it is where the last access was; the worklist jumps.
//! petgraph also follows a linked list through its edges, a cache miss each. *Small ones*: the two or three misses for a node's offsets and the
//! counters of its outputs. *Times*: the moves between buckets.

mod circuits;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use onus::rca::engine::{Arrivals, Cascade, Circuit, Node, Way};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::Bfs;

fn sizes() -> Vec<usize> {
    let large = std::env::var_os("ONUS_BENCH_LARGE").is_some();
    [100_000, 1_000_000, 10_000_000].into_iter().filter(|edges| large || *edges < 10_000_000).collect()
}

/// The same edges for petgraph, in the direction in which failure runs, weighted by a delay of 1 to 100.
fn peer(circuit: &Circuit) -> DiGraph<(), u32> {
    let mut graph = DiGraph::with_capacity(circuit.node_count(), circuit.edge_count());
    for _ in 0..circuit.node_count() {
        graph.add_node(());
    }
    for number in 0..circuit.node_count() {
        for output in circuit.outputs(circuit.node(number)) {
            let output = circuit.number(*output);
            graph.add_edge(NodeIndex::new(number), NodeIndex::new(output), delay(output) as u32);
        }
    }
    graph
}

/// The delay of a gate.
fn delay(number: usize) -> u64 {
    1 + circuits::Random(number as u64).below(100) as u64
}

/// The node that fails most, of the first that have no inputs.
fn hub(circuit: &Circuit) -> Node {
    let mut cascade = Cascade::new(circuit);
    let roots = (0..circuit.node_count()).map(|number| circuit.node(number));
    let roots = roots.filter(|node| circuit.inputs(*node).is_empty()).take(64);
    roots.max_by_key(|root| cascade.spread(&[*root], Way::Worklist)).expect("some gate has no inputs")
}

/// Edges out of what fails.
fn edges_out_of(circuit: &Circuit, failed: &[Node]) -> usize {
    failed.iter().map(|node| circuit.outputs(*node).len()).sum()
}

fn large_cascades(criterion: &mut Criterion) {
    for edges in sizes() {
        for (family, circuit) in circuits::families(edges) {
            let hub = hub(&circuit);
            let mut cascade = Cascade::new(&circuit);
            let count = cascade.spread(&[hub], Way::Worklist);
            let reached = edges_out_of(&circuit, &cascade.failed());
            eprintln!("{family}, {edges} edges: the hub fails {count} of {} nodes", circuit.node_count());
            let mut group = criterion.benchmark_group(format!("cascade, {family}, {edges} edges"));
            group.sample_size(20).throughput(Throughput::Elements(reached as u64));
            for (name, way) in [("worklist", Way::Worklist), ("sweep", Way::Sweep), ("auto", Way::Auto)] {
                group.bench_function(name, |bench| bench.iter(|| cascade.spread(black_box(&[hub]), way)));
            }
            let graph = peer(&circuit);
            let root = NodeIndex::new(circuit.number(hub));
            let visited = |graph: &DiGraph<(), u32>| {
                let mut search = Bfs::new(graph, root);
                std::iter::from_fn(|| search.next(graph)).count()
            };
            let mut search = Bfs::new(&graph, root);
            let visits = std::iter::from_fn(|| search.next(&graph));
            let edges: usize = visits.map(|node| graph.edges(node).count()).sum();
            group.throughput(Throughput::Elements(edges as u64));
            group.bench_function("petgraph Bfs", |bench| bench.iter(|| visited(black_box(&graph))));
            let delays: Vec<u64> = (0..circuit.node_count()).map(delay).collect();
            let mut arrivals = Arrivals::new(&circuit, &delays);
            group.throughput(Throughput::Elements(reached as u64));
            group.bench_function("times", |bench| bench.iter(|| arrivals.spread(black_box(&[(hub, 0)])).len()));
            group.throughput(Throughput::Elements(edges as u64));
            group.bench_function("petgraph dijkstra", |bench| {
                bench.iter(|| petgraph::algo::dijkstra(black_box(&graph), root, None, |edge| *edge.weight()).len());
            });
        }
    }
}

/// A thousand random nodes, one after the other: the time of one is a thousandth.
fn small_questions(criterion: &mut Criterion) {
    let circuit = Circuit::new(circuits::power_law(1_000_000, 0, 1));
    let mut random = circuits::Random(2);
    let nodes: Vec<Node> = (0..1000).map(|_| circuit.node(random.below(circuit.node_count()))).collect();
    let mut cascade = Cascade::new(&circuit);
    let mut sizes: Vec<usize> = nodes.iter().map(|node| cascade.spread(&[*node], Way::Auto)).collect();
    sizes.sort_unstable();
    eprintln!("nodes that fail: median {}, 90 % {}, most {}", sizes[500], sizes[900], sizes[999]);
    // The median question: those that reach no more than it.
    let small: Vec<Node> = nodes.iter().copied().filter(|n| cascade.spread(&[*n], Way::Auto) <= sizes[500]).collect();
    let mut group = criterion.benchmark_group("small questions, power-law, 1000000 edges");
    for (name, nodes) in [("below the median", &small), ("all", &nodes)] {
        group.throughput(Throughput::Elements(nodes.len() as u64));
        group.bench_function(name, |bench| {
            bench.iter(|| nodes.iter().map(|node| cascade.spread(&[*node], Way::Auto)).sum::<usize>());
        });
    }
}

fn compile(criterion: &mut Criterion) {
    for edges in sizes() {
        let mut group = criterion.benchmark_group(format!("circuit, {edges} edges"));
        group.sample_size(10).throughput(Throughput::Elements(edges as u64));
        for (name, gates) in [("layered", circuits::layered(edges, 1)), ("cyclic", circuits::power_law(edges, 1, 1))] {
            group.bench_function(name, |bench| {
                bench.iter_batched(|| gates.clone(), Circuit::new, criterion::BatchSize::LargeInput);
            });
        }
    }
}

criterion_group!(benches, large_cascades, small_questions, compile);
criterion_main!(benches);
