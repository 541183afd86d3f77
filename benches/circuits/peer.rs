//! The same edges for petgraph, which knows no gates: what it visits is what would fail if every gate failed with one input.

use onus::rca::engine::{Circuit, Node};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::{Bfs, Reversed, VisitMap};

use super::delay;

/// Beyond this petgraph needs more memory than the circuit by several times, and is left out.
pub(crate) const MOST: usize = 10_000_000;

/// In the direction in which failure runs, weighted by the delay of what fails.
pub(crate) fn graph(circuit: &Circuit) -> DiGraph<(), u32> {
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

pub(crate) fn index(circuit: &Circuit, node: Node) -> NodeIndex {
    NodeIndex::new(circuit.number(node))
}

/// How many nodes a search from some visits.
pub(crate) fn visits(graph: &DiGraph<(), u32>, from: &[NodeIndex]) -> usize {
    search(graph, from).count()
}

/// Edges out of what a search from some visits.
pub(crate) fn edges_from(graph: &DiGraph<(), u32>, from: &[NodeIndex]) -> usize {
    search(graph, from).map(|node| graph.edges(node).count()).sum()
}

fn search(graph: &DiGraph<(), u32>, from: &[NodeIndex]) -> impl Iterator<Item = NodeIndex> {
    let mut search = Bfs::new(graph, from[0]);
    search.stack.extend(from[1..].iter().copied().filter(|node| search.discovered.visit(*node)));
    std::iter::from_fn(move || search.next(graph))
}

/// Nodes that reach all of some and none of others: what explains them if every gate failed with one input.
pub(crate) fn explain(graph: &DiGraph<(), u32>, failed: &[NodeIndex], working: &[NodeIndex]) -> usize {
    let mut reached = vec![0_u8; graph.node_count()];
    let against = Reversed(graph);
    for from in failed.iter().chain(working) {
        let is_failed = failed.contains(from);
        let mut search = Bfs::new(against, *from);
        while let Some(node) = search.next(against) {
            let count = &mut reached[node.index()];
            *count = if is_failed { count.saturating_add(1) } else { u8::MAX };
        }
    }
    reached.into_iter().filter(|count| usize::from(*count) == failed.len()).count()
}
