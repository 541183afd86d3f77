//! What fails from some nodes, one question after the other.
//!
//! Two ways to the same least fixpoint:
//!
//! * **Worklist**: failed nodes wait in a queue, each lowers the counters of what fails by it. Costs what it touches and no
//!   more; [`Cascade`] remembers what it touched and sets only that back, so that a question that reaches ten gates of
//!   ten million costs ten.
//! * **Sweep**: goes over all nodes from the first that failed, in the order in which failure runs, and lowers counters out of those that
//!   have failed. No queue, no branch in the inner loop; memory is used from one end to the other. Among the members of a loop, what fails
//!   against the order is gone over at once.
//!
//! How much a question will reach is not known before. So [`Way::Auto`] begins with the worklist, and once that has gone over a
//! 32nd of the edges a sweep goes on where it stands: a sweep is 2 to 4 times as fast on a large cascade (`benches/propagate.rs`). Below
//! 2¹⁶ edges everything is in cache, and there is no turning.

use super::counters::{Counters, Lost};
use super::{Circuit, Node};

/// How to spread failure; the answer is the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// Worklist, and a sweep once it has become large.
    #[default]
    Auto,
    /// Worklist.
    Worklist,
    /// Sweep.
    Sweep,
}

/// Part of the edges after which [`Way::Auto`] turns to a sweep.
const TURN: usize = 32;
/// Graphs of fewer edges never turn.
const SMALL: usize = 1 << 16;

/// Room to spread failure in, made once for a circuit and used for many questions; one for each thread.
///
/// ```
/// use onus_rca::engine::{Cascade, Circuit, Gates, Way};
///
/// // 2 fails with 0 and 1 together, 3 with 2.
/// let gates = Gates::new(vec![1, 1, 2, 1], vec![0, 0, 0, 2, 3], vec![0, 1, 2])?;
/// let circuit = Circuit::new(gates);
/// let mut cascade = Cascade::new(&circuit);
/// let [a, b] = [circuit.node(0), circuit.node(1)];
/// assert_eq!(cascade.spread(&[a], Way::Auto), 1);
/// assert_eq!(cascade.spread(&[a, b], Way::Auto), 4);
/// assert!(cascade.has_failed(circuit.node(3)));
/// # Ok::<(), onus_rca::engine::InvalidGates>(())
/// ```
#[derive(Clone, Debug)]
pub struct Cascade<'c> {
    circuit: &'c Circuit,
    start: Counters,
    now: Counters,
    /// What failed, causes before effects; after a sweep, only what it began with.
    failed: Vec<Node>,
    /// Gates that lack less than at the start and have not failed, some more than once.
    touched: Vec<Node>,
    swept: bool,
    /// By place, a bit: whether a sweep need not look at a node any more.
    done: Vec<u64>,
    /// What failed against the order of a sweep and has not been gone over.
    behind: Vec<Node>,
}

const BITS: usize = u64::BITS as usize;

impl<'c> Cascade<'c> {
    /// Room for a circuit. O(nodes).
    pub fn new(circuit: &'c Circuit) -> Self {
        Self::given(circuit, &[])
    }

    /// Room for a circuit in which some nodes have failed already: they, and what fails by them, are part of no answer.
    ///
    /// O(nodes + edges out of what fails).
    pub fn given(circuit: &'c Circuit, failed: &[Node]) -> Self {
        let start = Counters::of(circuit);
        let now = start.clone();
        let [touched, behind] = [const { Vec::new() }; 2];
        let done = vec![0; circuit.node_count().div_ceil(BITS)];
        let mut cascade = Self { circuit, start, now, failed: Vec::new(), touched, swept: false, done, behind };
        if !failed.is_empty() {
            cascade.spread(failed, Way::Worklist);
            cascade.start = cascade.now.clone();
            cascade.failed.clear();
            cascade.touched.clear();
        }
        cascade
    }

    /// Spreads failure from some nodes; says how many nodes have failed, they among them.
    ///
    /// O(edges out of what fails) by worklist, O(nodes + edges out of what fails) by sweep.
    pub fn spread(&mut self, from: &[Node], way: Way) -> usize {
        let limit = match way {
            Way::Auto if self.circuit.edge_count() >= SMALL => self.circuit.edge_count() / TURN,
            Way::Auto | Way::Worklist => usize::MAX,
            Way::Sweep => 0,
        };
        self.spread_turning(from, limit)
    }

    /// The same, by worklist until it would go over more than `limit` edges, and from there on by sweep.
    pub(super) fn spread_turning(&mut self, from: &[Node], limit: usize) -> usize {
        self.reset();
        self.begin(from);
        match self.worklist(limit) {
            Ok(_) => self.failed.len(),
            Err(gone_over) => self.sweep(gone_over),
        }
    }

    /// Whether a node has failed in the last answer.
    pub fn has_failed(&self, node: Node) -> bool {
        self.now.narrow[node.index()] == 0 && self.start.narrow[node.index()] != 0
    }

    /// What has failed in the last answer: after [`Way::Worklist`] causes before effects, else in no order that is part of
    /// the contract.
    pub fn failed(&self) -> Vec<Node> {
        if self.swept {
            (0..self.circuit.node_count()).map(Node::new).filter(|node| self.has_failed(*node)).collect()
        } else {
            self.failed.clone()
        }
    }

    /// What has failed in the last answer, causes before effects; for [`Way::Worklist`] alone.
    pub(crate) fn in_order(&self) -> &[Node] {
        debug_assert!(!self.swept, "a sweep does not say what failed");
        &self.failed
    }

    /// Spreads by worklist until it has gone over more than `limit` edges: what failed and how many edges were gone over, or
    /// `None` if there were more.
    pub(super) fn within(&mut self, from: &[Node], limit: usize) -> Option<(&[Node], usize)> {
        self.reset();
        self.begin(from);
        let edges = self.worklist(limit).ok()?;
        Some((&self.failed, edges))
    }

    fn reset(&mut self) {
        // A copy of the whole is faster than a quarter of it one by one.
        if self.swept || self.failed.len() + self.touched.len() > self.now.narrow.len() / 4 {
            self.now.reset_all(&self.start);
        } else {
            for node in self.failed.iter().chain(&self.touched) {
                self.now.reset(self.circuit, &self.start, *node);
            }
        }
        self.failed.clear();
        self.touched.clear();
        self.swept = false;
    }

    fn begin(&mut self, from: &[Node]) {
        for node in from {
            if std::mem::replace(&mut self.now.narrow[node.index()], 0) != 0 {
                self.failed.push(*node);
            }
        }
    }

    /// Says how many edges it has gone over; or how many of what failed it had gone over when the limit came.
    fn worklist(&mut self, limit: usize) -> Result<usize, usize> {
        let Self { circuit, now, failed, touched, .. } = self;
        let (mut next, mut edges) = (0, 0);
        while let Some(node) = failed.get(next).copied() {
            let outputs = circuit.outputs(node);
            edges += outputs.len();
            if edges > limit {
                return Err(next);
            }
            next += 1;
            for gate in outputs {
                match now.lose(circuit, *gate) {
                    Lost::Already => {}
                    Lost::Now => failed.push(*gate),
                    Lost::NotYet => touched.push(*gate),
                }
            }
        }
        Ok(edges)
    }

    /// Goes on where some of what failed has been gone over and the rest has not; says how many nodes have failed in all.
    fn sweep(&mut self, gone_over: usize) -> usize {
        self.swept = true;
        let Some(first) = self.failed[gone_over..].iter().map(|node| node.index()).min() else { return gone_over };
        self.done.fill(0);
        for node in &self.failed[..gone_over] {
            self.done[node.index() / BITS] |= 1 << (node.index() % BITS);
        }
        let circuit = self.circuit;
        let loops = &circuit.loops[circuit.loops.partition_point(|(_, end)| (*end as usize) <= first)..];
        let (mut count, mut at) = (gone_over, first);
        for (begin, end) in loops {
            let (begin, end) = (*begin as usize, *end as usize);
            count += self.sweep_over(at..begin.max(at));
            count += self.sweep_loop(begin.max(at)..end);
            at = end;
        }
        count + self.sweep_over(at..circuit.node_count())
    }

    /// A stretch without loops; says how many nodes failed.
    fn sweep_over(&mut self, stretch: std::ops::Range<usize>) -> usize {
        let Self { circuit, start, now, done, .. } = self;
        let mut count = 0;
        if !circuit.wide.is_empty() {
            for node in stretch {
                if now.narrow[node] == 0 && start.narrow[node] != 0 && !is_in(done, node) {
                    count += 1;
                    for gate in circuit.outputs.of(node) {
                        now.lose(circuit, *gate);
                    }
                }
            }
            return count;
        }
        let narrow = now.narrow.as_mut_slice();
        for node in stretch {
            // What had failed at the start has lowered its counters then.
            if narrow[node] == 0 && start.narrow[node] != 0 && !is_in(done, node) {
                count += 1;
                for gate in circuit.outputs.of(node) {
                    let lacks = &mut narrow[gate.index()];
                    *lacks = lacks.saturating_sub(1);
                }
            }
        }
        count
    }

    /// Members of a loop, from some place to its end; says how many nodes failed.
    fn sweep_loop(&mut self, stretch: std::ops::Range<usize>) -> usize {
        let Self { circuit, start, now, done, behind, .. } = self;
        let mut count = 0;
        for place in stretch {
            if now.narrow[place] != 0 || start.narrow[place] == 0 || is_in(done, place) {
                continue;
            }
            let mut node = place;
            loop {
                count += 1;
                if circuit.wide.is_empty() {
                    for gate in circuit.outputs.of(node) {
                        let lacks = &mut now.narrow[gate.index()];
                        let had = *lacks;
                        *lacks = had.saturating_sub(1);
                        if (had == 1) & (gate.index() < place) {
                            behind.push(*gate);
                        }
                    }
                } else {
                    for gate in circuit.outputs.of(node) {
                        if now.lose(circuit, *gate) == Lost::Now && gate.index() < place {
                            behind.push(*gate);
                        }
                    }
                }
                let Some(next) = behind.pop() else { break };
                node = next.index();
            }
        }
        count
    }
}

/// Whether a node is in a set.
#[inline]
fn is_in(set: &[u64], node: usize) -> bool {
    set[node / BITS] >> (node % BITS) & 1 == 1
}

/// What each gate lacks when some nodes have failed already; see [`Cascade::given`].
pub(super) fn lacking(circuit: &Circuit, failed: &[Node]) -> Counters {
    Cascade::given(circuit, failed).start
}
