//! What fails from some nodes, one question after the other.
//!
//! Two ways to the same least fixpoint:
//!
//! * **Worklist**: failed nodes wait in a queue, each lowers the counters of what fails by it. Costs what it touches and no
//!   more; [`Cascade`] remembers what it touched and sets only that back, so that a question that reaches ten gates of
//!   ten million costs ten.
//! * **Sweep**: goes over all nodes from the first that failed, in the order in which failure runs, and lowers counters out of those that
//!   have failed. Nodes are looked at 64 at a time, so that where nothing failed costs next to nothing; the rows of those that did are first laid
//!   one after the other, so that lowering counters is one loop without a branch. In a row-by-row loop the ends of short rows and
//!   "has it failed" are mispredicted, which took most of the time. Among the members of a loop, what fails against the order is gone over at once.
//!
//! How much a question will reach is not known before. So [`Way::Auto`] begins with the worklist, and once that has gone over a
//! 512th of the edges a sweep goes on where it stands: a sweep is 4 to 15 times as fast on a large cascade, and where a sweep finds
//! nothing it costs about what the worklist has cost by then (`benches/propagate.rs`). Below 2¹⁶ edges everything is in cache, and there is no turning.

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
const TURN: usize = 512;
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
    /// By place, a bit: what had failed at the start.
    given: Vec<u64>,
    /// By place, a bit: whether a sweep need not look at a node any more.
    done: Vec<u64>,
    /// What failed against the order of a sweep and has not been gone over.
    behind: Vec<Node>,
    /// The outputs of a block's nodes, one short run of rows after the other.
    outputs: Vec<Node>,
}

/// Nodes that a sweep looks at together: the bits of a word.
const BLOCK: usize = u64::BITS as usize;
/// Up to so many outputs of neighbours are copied in one go, however many there are.
const SHORT: usize = 16;

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
        let given = vec![0; circuit.node_count().div_ceil(BLOCK)];
        let done = given.clone();
        let outputs = vec![Node::new(0); BLOCK / 2 * SHORT];
        let [touched, behind] = [const { Vec::new() }; 2];
        let mut cascade =
            Self { circuit, start, now, failed: Vec::new(), touched, swept: false, given, done, behind, outputs };
        if !failed.is_empty() {
            cascade.spread(failed, Way::Worklist);
            cascade.start = cascade.now.clone();
            cascade.failed.clear();
            cascade.touched.clear();
        }
        for (given, bytes) in cascade.given.iter_mut().zip(cascade.start.narrow.chunks(BLOCK)) {
            *given = zeros(bytes);
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
        self.done.copy_from_slice(&self.given);
        for node in &self.failed[..gone_over] {
            self.done[node.index() / BLOCK] |= 1 << (node.index() % BLOCK);
        }
        let circuit = self.circuit;
        let mut loops = circuit.loops.iter().peekable();
        let mut count = gone_over;
        for block in first / BLOCK..self.done.len() {
            let begin = block * BLOCK;
            while loops.next_if(|(_, end)| *end as usize <= begin).is_some() {}
            let lowering = if !circuit.wide.is_empty() {
                Lowering::Wide { begin }
            } else if loops.peek().is_some_and(|(from, _)| (*from as usize) < begin + BLOCK) {
                Lowering::Loop { begin }
            } else {
                Lowering::InOrder
            };
            // What fails in the block by the block itself is found when it is looked at again.
            loop {
                let failed = zeros(&self.now.narrow[begin..]) & !self.done[block];
                if failed == 0 {
                    break;
                }
                count += self.go_over(block, failed, lowering);
                while let Some(node) = self.behind.pop() {
                    count += self.go_over(node.index() / BLOCK, 1 << (node.index() % BLOCK), lowering);
                }
            }
        }
        count
    }

    /// Lowers the counters of what fails by some failed nodes of a block; says how many nodes they are.
    #[inline]
    fn go_over(&mut self, block: usize, failed: u64, lowering: Lowering) -> usize {
        let Self { circuit, now, done, behind, outputs, .. } = self;
        done[block] |= failed;
        let mut lower = |gates: &[Node]| match lowering {
            Lowering::InOrder => lower(&mut now.narrow, gates),
            Lowering::Loop { begin } => lower_in_loop(&mut now.narrow, gates, begin, behind),
            Lowering::Wide { begin } => {
                let failed = gates.iter().filter(|gate| now.lose(circuit, **gate) == Lost::Now);
                behind.extend(failed.filter(|gate| gate.index() < begin));
            }
        };
        let targets = circuit.outputs.targets();
        let offsets = &circuit.outputs.offsets()[block * BLOCK..];
        let (mut left, mut node, mut end) = (failed, 0, 0);
        while left != 0 {
            let passed = left.trailing_zeros();
            left >>= passed;
            let run = left.trailing_ones();
            left = left.checked_shr(run).unwrap_or(0);
            let first = node + passed as usize;
            node = first + run as usize;
            // The rows of neighbours stand next to each other.
            let rows = offsets[first] as usize..offsets[node] as usize;
            match targets.get(rows.start..rows.start + SHORT) {
                Some(window) if rows.len() <= SHORT => {
                    outputs[end..end + SHORT].copy_from_slice(window);
                    end += rows.len();
                }
                _ => lower(&targets[rows]),
            }
        }
        lower(&outputs[..end]);
        failed.count_ones() as usize
    }
}

/// How a sweep lowers counters in a block.
#[derive(Clone, Copy)]
enum Lowering {
    /// All that fails by the block comes after its causes.
    InOrder,
    /// Some may come before: what fails before `begin` goes behind.
    Loop { begin: usize },
    /// The same, where some thresholds are wide.
    Wide { begin: usize },
}

/// One input of each of some gates has failed.
#[inline]
fn lower(narrow: &mut [u8], gates: &[Node]) {
    for gate in gates {
        let lacks = &mut narrow[gate.index()];
        *lacks = lacks.saturating_sub(1);
    }
}

/// The same; gates that so fail and stand before `begin` go behind.
#[inline]
fn lower_in_loop(narrow: &mut [u8], gates: &[Node], begin: usize, behind: &mut Vec<Node>) {
    for gate in gates {
        let lacks = &mut narrow[gate.index()];
        let had = *lacks;
        *lacks = had.saturating_sub(1);
        if (had == 1) & (gate.index() < begin) {
            behind.push(*gate);
        }
    }
}

/// Which of the first [`BLOCK`] bytes are zero.
#[inline]
fn zeros(bytes: &[u8]) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    /// Gathers the lowest bit of each byte in the highest byte.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let mut zeros = 0;
    let (words, rest) = bytes[..bytes.len().min(BLOCK)].as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let zero = !(((word & LOW) + LOW) | word | LOW) >> 7;
        zeros |= (zero.wrapping_mul(GATHER) >> 56) << (8 * at);
    }
    for (at, byte) in rest.iter().enumerate() {
        zeros |= u64::from(*byte == 0) << (8 * words.len() + at);
    }
    zeros
}

/// What each gate lacks when some nodes have failed already; see [`Cascade::given`].
pub(super) fn lacking(circuit: &Circuit, failed: &[Node]) -> Counters {
    Cascade::given(circuit, failed).start
}
