//! Drawn incidents: every node has a fault with the same probability, six in an incident on average, and a thousand nodes are
//! watched; how often each fails.
//!
//! `cargo bench --bench monte_carlo`; circuits of 10⁴ to 10⁶ edges, 10⁷ with `ONUS_BENCH_EDGES=1e7`; on all threads with
//! `--features rayon`, under names of its own. Peer in the same run: petgraph's depth-first search from the same faults, which
//! knows no gates.
//!
//! What bounds it. *Cascades*: what fails, for every incident anew. *Lanes*: the lines of the rows, one an edge, for 512 incidents;
//! in small circuits the drawing, some 30 ns a fault. *Auto*: cascades where an incident reaches little, and the lanes for the rest.

mod circuits;

use std::hint::black_box;

use circuits::{Random, peer};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use onus::rca::engine::{DictionaryWay, Node};
use petgraph::graph::NodeIndex;
use petgraph::visit::{Dfs, VisitMap};

const THREADS: &str = if cfg!(feature = "rayon") { ", all threads" } else { "" };
/// Incidents that are drawn at a time: by lanes, and one after the other.
const INCIDENTS: [u64; 2] = [8_192, 256];
/// Faults in an incident, on average.
const FAULTS: usize = 6;
/// Nodes that are watched, about.
const WATCHED: usize = 1_000;

fn monte_carlo(criterion: &mut Criterion) {
    for edges in circuits::sizes(10_000_000) {
        for (family, circuit) in circuits::families(edges) {
            let nodes = circuits::nodes(&circuit);
            let watched: Vec<Node> = nodes.iter().copied().step_by((nodes.len() / WATCHED).max(1)).collect();
            let p = FAULTS as f64 / nodes.len() as f64;
            let faults: Vec<(Node, f64)> = nodes.iter().map(|node| (*node, p)).collect();
            let mut group = criterion.benchmark_group(format!("drawn incidents, {family}"));
            let ways = [
                ("auto", DictionaryWay::Auto, INCIDENTS[0]),
                ("lanes", DictionaryWay::Lanes, INCIDENTS[0]),
                ("cascades", DictionaryWay::Cascades, INCIDENTS[1]),
            ];
            for (name, way, incidents) in ways {
                group.throughput(Throughput::Elements(incidents));
                group.bench_function(BenchmarkId::new(format!("{name}{THREADS}"), edges), |bench| {
                    bench.iter(|| circuit.draw(black_box(&faults), &[], &watched, incidents, 1, way).failed);
                });
            }
            let graph = peer::graph(&circuit);
            let watched: Vec<NodeIndex> = watched.iter().map(|node| peer::index(&circuit, *node)).collect();
            let mut random = Random(4);
            let incidents: Vec<Vec<NodeIndex>> = (0..INCIDENTS[1])
                .map(|_| (0..FAULTS).map(|_| NodeIndex::new(random.below(nodes.len()))).collect())
                .collect();
            group.throughput(Throughput::Elements(INCIDENTS[1]));
            group.bench_function(BenchmarkId::new("petgraph Dfs", edges), |bench| {
                bench.iter(|| {
                    let mut counts = vec![0_u32; watched.len()];
                    let mut search = Dfs::empty(&graph);
                    for faults in black_box(&incidents) {
                        search.reset(&graph);
                        search.stack.clone_from(faults);
                        while search.next(&graph).is_some() {}
                        for (count, node) in counts.iter_mut().zip(&watched) {
                            *count += u32::from(search.discovered.is_visited(node));
                        }
                    }
                    counts
                });
            });
        }
    }
}

criterion_group! { name = benches; config = circuits::quick(); targets = monte_carlo }
criterion_main!(benches);
