#!/usr/bin/env python3
"""scipy, igraph, rustworkx and networkx on the circuits of the benchmarks, against onus in the same run.

    python3 -m venv venv && venv/bin/pip install -r benches/peers/requirements.txt
    cargo build --release --example peers
    venv/bin/python benches/peers/graphs.py [EDGES ...]          (1e5 and 1e6 unless named)

None of the peers knows gates: each follows every edge, as if every gate failed with one input. Three questions:

* cascade: everything that fails from one node (scipy breadth_first_order, igraph subcomponent, rustworkx and networkx
  descendants);
* times: the earliest time of each failure (dijkstra; an edge takes the delay of what it leads to);
* components: strongly connected ones; onus is timed for all of Circuit::new, which also merges inputs, sorts by components
  and makes adjacency both ways.

Wall times, the least of three runs (onus: of a second). A ratio is the peer's time over onus's. The cascade and the times are
compared an edge gone over, since through gates less fails. networkx is left out above 10^5 edges, rustworkx's dijkstra above 10^6.
"""

import json
import os
import subprocess
import sys
import tempfile
import time

import igraph
import networkx
import numpy
import rustworkx
import scipy
from scipy.sparse import csgraph, csr_matrix

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
ONUS = os.environ.get("ONUS_PEERS", os.path.join(ROOT, "target", "release", "examples", "peers"))


def least(run):
    """Seconds of the fastest of three runs, and what the last gave."""
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        result = run()
        best = min(best, time.perf_counter() - start)
    return best, result


class Graph:
    """A file that examples/peers.rs wrote."""

    def __init__(self, path):
        numbers = numpy.fromfile(path, dtype="<u4")
        self.nodes, self.edges, self.root = (int(number) for number in numbers[:3])
        ends = 3 + numpy.cumsum([self.nodes + 1, self.edges, self.nodes])
        offsets, targets, delays = numpy.split(numbers[3 : ends[-1]], ends[:-1] - 3)
        sources = numpy.repeat(numpy.arange(self.nodes, dtype=numpy.int64), numpy.diff(offsets.astype(numpy.int64)))
        # Rising and without parallel edges, which gates may have: scipy's components do not come to an end with them.
        pairs = numpy.unique(sources * self.nodes + targets)
        self.edges = len(pairs)
        self.sources = (pairs // self.nodes).astype(numpy.int32)
        self.targets = (pairs % self.nodes).astype(numpy.int32)
        self.offsets = numpy.searchsorted(self.sources, numpy.arange(self.nodes + 1)).astype(numpy.int32)
        self.weights = delays[self.targets].astype(numpy.float64)
        self.pairs = numpy.column_stack([self.sources, self.targets])

    def edges_out_of(self, nodes):
        nodes = numpy.asarray(nodes)
        return int((self.offsets[nodes + 1] - self.offsets[nodes]).sum())


def with_scipy(graph):
    matrix = csr_matrix((graph.weights, graph.targets, graph.offsets), shape=(graph.nodes, graph.nodes))
    yield "cascade", lambda: csgraph.breadth_first_order(matrix, graph.root, return_predecessors=False)
    yield "times", lambda: csgraph.dijkstra(matrix, indices=graph.root)
    yield "components", lambda: csgraph.connected_components(matrix, connection="strong")[0]


def with_igraph(graph):
    own = igraph.Graph(n=graph.nodes, edges=graph.pairs, directed=True)
    weights = graph.weights.tolist()
    yield "cascade", lambda: own.subcomponent(graph.root, mode="out")
    yield "times", lambda: own.distances(source=graph.root, weights=weights, mode="out")
    yield "components", lambda: len(own.connected_components(mode="strong"))


def with_rustworkx(graph):
    own = rustworkx.PyDiGraph(multigraph=False)
    own.add_nodes_from(range(graph.nodes))
    own.add_edges_from(list(zip(graph.sources.tolist(), graph.targets.tolist(), graph.weights.tolist())))
    yield "cascade", lambda: rustworkx.descendants(own, graph.root)
    if graph.edges <= 1_000_000:
        yield "times", lambda: rustworkx.dijkstra_shortest_path_lengths(own, graph.root, float)
    yield "components", lambda: len(rustworkx.strongly_connected_components(own))


def with_networkx(graph):
    if graph.edges > 100_000:
        return
    own = networkx.DiGraph()
    own.add_nodes_from(range(graph.nodes))
    own.add_weighted_edges_from(zip(graph.sources.tolist(), graph.targets.tolist(), graph.weights.tolist()))
    yield "cascade", lambda: networkx.descendants(own, graph.root)
    yield "times", lambda: networkx.single_source_dijkstra_path_length(own, graph.root)
    yield "components", lambda: sum(1 for _ in networkx.strongly_connected_components(own))


PEERS = {"scipy": with_scipy, "igraph": with_igraph, "rustworkx": with_rustworkx, "networkx": with_networkx}
OURS = {"cascade": "cascade", "times": "times", "components": "compile"}


def reached_from_root(graph):
    matrix = csr_matrix((graph.weights, graph.targets, graph.offsets), shape=(graph.nodes, graph.nodes))
    return csgraph.breadth_first_order(matrix, graph.root, return_predecessors=False)


def main(sizes):
    versions = ((module.__name__, module.__version__) for module in (scipy, igraph, rustworkx, networkx))
    print("Against " + ", ".join(" ".join(version) for version in versions) + "\n")
    print("| circuit | question | onus, ms | " + " | ".join(PEERS) + " |")
    print("|---|---|--:" + "|--:" * len(PEERS) + "|")
    with tempfile.TemporaryDirectory() as folder:
        lines = subprocess.run([ONUS, folder, *sizes], check=True, stdout=subprocess.PIPE, text=True).stdout
        for ours in map(json.loads, lines.splitlines()):
            graph = Graph(os.path.join(folder, ours["file"]))
            reached = reached_from_root(graph)
            less = ours["gone_over"] / graph.edges_out_of(reached)
            ratios = {}
            for peer, questions in PEERS.items():
                for question, run in questions(graph):
                    seconds, result = least(run)
                    check(peer, question, result, reached)
                    scale = 1.0 if question == "components" else less
                    ratios[question, peer] = seconds * scale / ours[OURS[question]]
            name = ours["file"].removesuffix(".csr")
            for question, key in OURS.items():
                cells = (ratios.get((question, peer)) for peer in PEERS)
                cells = ("" if cell is None else f"{cell:.1f}" for cell in cells)
                print(f"| {name} | {question} | {ours[key] * 1e3:.3g} | " + " | ".join(cells) + " |", flush=True)


def check(peer, question, result, reached):
    """That a peer answers the question that is asked. descendants leaves out the node itself."""
    if question == "cascade" and len(result) not in (len(reached), len(reached) - 1):
        sys.exit(f"{peer} reaches {len(result)} nodes, scipy {len(reached)}")


if __name__ == "__main__":
    main(sys.argv[1:])
