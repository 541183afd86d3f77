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
    /// Gates that lack less than at the start, some more than once.
    touched: Vec<Node>,
    /// What is due at one time.
    due: Vec<Node>,
    /// What fails by that.
    fails: Vec<Node>,
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
        let [touched, due, fails] = [const { Vec::new() }; 3];
        let queue = RadixQueue::new();
        Self { circuit, delays, start, now, queue, is_out, failed: Vec::new(), touched, due, fails }
    }

    /// Spreads failure from some nodes that fail at given times, by themselves: what fails and when, by time and node. A time
    /// too large to count is the largest there is.
    ///
    /// O(edges out of what fails), and the sorting of what fails at the same time.
    pub fn spread(&mut self, from: &[(Node, u64)]) -> &[(u64, Node)] {
        self.reset();
        for (node, time) in from {
            if self.start.narrow[node.index()] != 0 {
                self.queue.push(*time, *node);
            }
        }
        let mut due = std::mem::take(&mut self.due);
        // The time in hand, where what fails then begins, and how often the queue has given something for it.
        let (mut time, mut begin, mut given) = (0, 0, 0);
        while let Some(now) = self.queue.take(&mut due) {
            if now != time {
                self.order(begin, given);
                (time, begin, given) = (now, self.failed.len(), 0);
            }
            given += 1;
            // In the order of places it is met faster too.
            due.sort_unstable();
            due.retain(|node| !std::mem::replace(&mut self.is_out[node.index()], true));
            self.failed.extend(due.iter().map(|node| (time, *node)));
            self.fail(time, &due);
        }
        self.order(begin, given);
        self.due = due;
        &self.failed
    }

    /// Orders what fails at one time by node. What the queue gave at once is ordered; where delays are 0 it gives more for the same time.
    fn order(&mut self, begin: usize, given: usize) {
        if given > 1 {
            self.failed[begin..].sort_unstable();
        }
    }

    /// Puts what fails by some nodes, all of them at one time, into the queue.
    fn fail(&mut self, time: u64, nodes: &[Node]) {
        let Self { circuit, delays, now, queue, touched, fails, .. } = self;
        if !circuit.wide.is_empty() {
            for gate in nodes.iter().flat_map(|node| circuit.outputs(*node)) {
                match now.lose(circuit, *gate) {
                    Lost::Already => {}
                    Lost::Now => queue.push(time.saturating_add(delays[gate.index()]), *gate),
                    Lost::NotYet => touched.push(*gate),
                }
            }
            return;
        }
        // Nothing here branches on what a gate lacks: both lists are written, and grow by one or none.
        for node in nodes {
            let outputs = circuit.outputs(*node);
            let (mut failing, mut losing) = (0, touched.len());
            if fails.len() < outputs.len() {
                fails.resize(outputs.len(), *node);
            }
            touched.resize(losing + outputs.len(), *node);
            for gate in outputs {
                let lacks = &mut now.narrow[gate.index()];
                let had = *lacks;
                *lacks = had.saturating_sub(1);
                fails[failing] = *gate;
                failing += usize::from(had == 1);
                touched[losing] = *gate;
                losing += usize::from(had > 1);
            }
            touched.truncate(losing);
            for gate in &fails[..failing] {
                queue.push(time.saturating_add(delays[gate.index()]), *gate);
            }
        }
    }

    fn reset(&mut self) {
        // A copy of the whole is faster than a quarter of it one by one.
        if self.failed.len() + self.touched.len() > self.is_out.len() / 4 {
            self.now.reset_all(&self.start);
            self.is_out.fill(false);
            self.touched.clear();
            self.failed.clear();
        }
        for node in self.failed.iter().map(|(_, node)| *node).chain(self.touched.drain(..)) {
            self.now.reset(self.circuit, &self.start, node);
            self.is_out[node.index()] = false;
        }
        self.failed.clear();
        self.queue.clear();
    }
}
