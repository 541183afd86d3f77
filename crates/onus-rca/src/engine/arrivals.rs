//! When things fail.
//!
//! Each node has a delay: the time between the failure of the last input that it takes and its own. A gate of threshold k so fails at the
//! k-th arrival plus its delay. Nodes are taken out of a queue by time, each lowers the counters of what fails by it, and
//! the one that a counter was waiting for puts its gate into the queue: Dijkstra's algorithm with k-th arrivals (Knuth 1977
//! for the general case).
//!
//! Times are whole ticks of whatever length the caller means. The time of each node is monotone in every delay. So with the
//! shortest delays everywhere a node fails at the earliest it can, with the longest at the latest, and in between any time is
//! possible.

use super::counters::{Counters, Lost};
use super::radix_queue::RadixQueue;
use super::{Circuit, Node};

/// Room to work out times in, made once for a circuit and its delays; one for each thread.
///
/// ```
/// use onus_rca::engine::{Arrivals, Circuit, Gates};
///
/// // 3 fails with two of 0, 1 and 2, five ticks later.
/// let circuit = Circuit::new(Gates::new(vec![1, 1, 1, 2], vec![0, 0, 0, 0, 3], vec![0, 1, 2])?);
/// let mut arrivals = Arrivals::new(&circuit, &[0, 0, 0, 5]);
/// let from = [(circuit.node(0), 0), (circuit.node(1), 7), (circuit.node(2), 3)];
/// assert_eq!(arrivals.spread(&from).iter().find(|(_, node)| *node == circuit.node(3)).unwrap().0, 3 + 5);
/// # Ok::<(), onus_rca::engine::InvalidGates>(())
/// ```
#[derive(Clone, Debug)]
pub struct Arrivals<'c> {
    circuit: &'c Circuit,
    /// By node.
    delays: Vec<u64>,
    start: Counters,
    now: Counters,
    queue: RadixQueue<Node>,
    /// By node, whether its time has come: it can be due twice, of itself and by its inputs.
    is_out: Vec<bool>,
    failed: Vec<(u64, Node)>,
    touched: Vec<Node>,
}

impl<'c> Arrivals<'c> {
    /// Room for a circuit; `delays` are by the numbers of its gates.
    ///
    /// O(nodes).
    ///
    /// # Panics
    /// If there are not as many delays as nodes.
    pub fn new(circuit: &'c Circuit, delays: &[u64]) -> Self {
        assert_eq!(delays.len(), circuit.node_count(), "a delay for each node");
        let delays: Vec<u64> = (0..delays.len()).map(|node| delays[circuit.number(Node::new(node))]).collect();
        let start = Counters::of(circuit);
        let now = start.clone();
        let is_out = vec![false; delays.len()];
        let (queue, failed, touched) = (RadixQueue::new(), Vec::new(), Vec::new());
        Self { circuit, delays, start, now, queue, is_out, failed, touched }
    }

    /// Spreads failure from some nodes that fail at given times, by themselves: what fails and when, by time and node. A time
    /// too large to count is the largest there is.
    ///
    /// O(edges out of what fails), and the sorting of what fails at the same time.
    pub fn spread(&mut self, from: &[(Node, u64)]) -> &[(u64, Node)] {
        self.reset();
        let Self { circuit, delays, start, now, queue, is_out, failed, touched } = self;
        for (node, time) in from {
            if start.narrow[node.index()] != 0 {
                queue.push(*time, *node);
            }
        }
        while let Some((time, node)) = queue.pop() {
            if std::mem::replace(&mut is_out[node.index()], true) {
                continue;
            }
            failed.push((time, node));
            for gate in circuit.outputs(node) {
                match now.lose(circuit, *gate) {
                    Lost::Already => {}
                    Lost::Now => queue.push(time.saturating_add(delays[gate.index()]), *gate),
                    Lost::NotYet => touched.push(*gate),
                }
            }
        }
        // They came by time; only among those of the same time is the order the queue's.
        for same in failed.chunk_by_mut(|a, b| a.0 == b.0) {
            same.sort_unstable();
        }
        failed
    }

    fn reset(&mut self) {
        for node in self.failed.iter().map(|(_, node)| *node).chain(self.touched.drain(..)) {
            self.now.reset(self.circuit, &self.start, node);
            self.is_out[node.index()] = false;
        }
        self.failed.clear();
        self.queue.clear();
    }
}
