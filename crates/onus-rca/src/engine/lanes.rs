//! 512 questions at once: a bit for each in a row for each node.
//!
//! [`Lanes`] goes over the nodes in the order in which failure runs and works out each row from the rows of its inputs, for all lanes
//! in the same few instructions: OR, AND, *at least two* by two accumulators, the rest by counters that stand on end, one plane
//! a digit. Members of a loop are gone over until nothing changes ([`Rounds`]); rows only grow, from below, so that is the least
//! fixpoint; a member is worked out again only when an input has grown.
//!
//! A row is 64 bytes and aligned: one line of the cache; [`wide`] compiles the sweep for wide vectors too. Going from 64 to 512 lanes costs 1.3 to 2 times as much a sweep (it is the
//! lines that cost), so there is one width. What a sweep costs does not depend on what fails: against one cascade at a time it wins
//! in proportion to the size of the cascade, see [`dictionary`](super::dictionary).
//!
//! Batches that come with falling nodes ([`Lanes::spread`] says which is the lowest) sweep only from there on.

mod wide;

use super::counters::Counters;
use super::rounds::Rounds;
use super::{Circuit, Node};

/// Lanes of a sweep.
pub(super) const LANES: usize = 512;
const WORDS: usize = LANES / 64;

/// A bit a lane. By position and not by iterators: these do not always become one loop within a function that is compiled for wide vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub(super) struct Row(pub(super) [u64; WORDS]);

impl Row {
    const NONE: Self = Self([0; WORDS]);

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as `Lanes::sweep_with`")]
    fn or(&mut self, other: &Self) {
        for at in 0..WORDS {
            self.0[at] |= other.0[at];
        }
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as `Lanes::sweep_with`")]
    fn and(&mut self, other: &Self) {
        for at in 0..WORDS {
            self.0[at] &= other.0[at];
        }
    }

    /// As [`Self::or`]; says whether that changed anything.
    fn grow(&mut self, other: &Self) -> bool {
        let mut more = 0;
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            more |= other & !*word;
            *word |= other;
        }
        more != 0
    }

    #[inline]
    fn set(&mut self, lane: usize) {
        self.0[lane / 64] |= 1 << (lane % 64);
    }
}

/// Room for 512 questions at once, made once for a circuit; one for each thread. 64 bytes a node.
pub(super) struct Lanes<'c> {
    circuit: &'c Circuit,
    start: &'c Counters,
    rows: Vec<Row>,
    /// The lowest node whose row may hold anything.
    dirty: usize,
    rounds: Rounds,
    /// The members of loops by which something fails that is not after them, rising.
    against: Vec<Node>,
}

impl<'c> Lanes<'c> {
    pub(super) fn new(circuit: &'c Circuit, start: &'c Counters) -> Self {
        let count = circuit.node_count();
        let members = circuit.loops.iter().flat_map(|(begin, end)| *begin as usize..*end as usize).map(Node::new);
        let against = members.filter(|node| circuit.outputs(*node).iter().any(|gate| gate <= node)).collect();
        Self { circuit, start, rows: vec![Row::NONE; count], dirty: count, rounds: Rounds::default(), against }
    }

    /// Spreads failure: lane `l` from the node `from[l]`. What has failed at the start is left out, as in
    /// [`Cascade::given`](super::Cascade::given).
    ///
    /// O(nodes + edges) past the lowest node.
    pub(super) fn spread(&mut self, from: &[Node]) {
        debug_assert!(from.len() <= LANES);
        self.spread_all(from.iter().copied().enumerate());
    }

    /// The same, each lane from as many nodes as are listed for it: lane and node.
    pub(super) fn spread_pairs(&mut self, from: &[(usize, Node)]) {
        self.spread_all(from.iter().copied());
    }

    fn spread_all(&mut self, from: impl Iterator<Item = (usize, Node)> + Clone) {
        let first = from.clone().map(|(_, node)| node.index()).min().unwrap_or(self.rows.len());
        self.rows[self.dirty.min(first)..].fill(Row::NONE);
        self.dirty = first;
        for (lane, node) in from {
            if self.start.narrow[node.index()] != 0 {
                self.rows[node.index()].set(lane);
            }
        }
        let loops = &self.circuit.loops;
        let mut at = first;
        for (begin, end) in &loops[loops.partition_point(|(_, end)| (*end as usize) <= first)..] {
            let (begin, end) = (*begin as usize, *end as usize);
            self.sweep(at..begin.max(at));
            // A failure within the loop reaches all of it, whatever the place it enters at.
            self.dirty = self.dirty.min(begin);
            self.sweep_loop(begin, end);
            at = end;
        }
        self.sweep(at..self.rows.len());
    }

    /// The lowest node that may have failed.
    pub(super) fn lowest(&self) -> usize {
        self.dirty
    }

    /// Whether a node has failed, for each lane.
    pub(super) fn row(&self, node: Node) -> &Row {
        &self.rows[node.index()]
    }

    /// Works out the rows of a stretch, one after the other. Inlined, and all it calls, so that it is compiled for the
    /// vectors of its caller.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "what is not inlined is compiled without wide vectors")]
    fn sweep_with(&mut self, nodes: std::ops::Range<usize>) {
        for node in nodes {
            if let Some(fails) = self.fails(node) {
                self.rows[node].or(&fails);
            }
        }
    }

    /// Works out the rows of the members of a loop.
    fn sweep_loop(&mut self, begin: usize, end: usize) {
        let mut rounds = std::mem::take(&mut self.rounds);
        rounds.begin(end - begin);
        while let Some(place) = rounds.next() {
            let mut node = begin + place;
            if rounds.is_dense() {
                // Up to the next by which something behind it fails, nothing needs to be asked for.
                let next = self.against[self.against.partition_point(|against| against.index() < node)..].first();
                let stop = next.map_or(end, |against| end.min(against.index()));
                self.sweep(node..stop);
                rounds.pass(stop + 1 - begin);
                if stop == end {
                    continue;
                }
                node = stop;
            }
            let Some(fails) = self.fails(node) else { continue };
            if self.rows[node].grow(&fails) {
                for gate in self.circuit.outputs.of(node).iter().filter(|gate| gate.index() < end) {
                    rounds.ask(gate.index() - begin);
                }
            }
        }
        self.rounds = rounds;
    }

    /// In which lanes a gate fails by its inputs; `None` for what has no inputs or has failed already.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as `sweep_with`")]
    fn fails(&self, node: usize) -> Option<Row> {
        let inputs = self.circuit.inputs.of(node);
        if inputs.is_empty() {
            return None;
        }
        match self.start.narrow[node] {
            0 => None,
            1 => Some(self.or(inputs)),
            lacks if usize::from(lacks) == inputs.len() => Some(self.and(inputs)),
            2 => Some(self.two(inputs)),
            _ => Some(self.many(inputs, self.start.lacks(self.circuit, Node::new(node)))),
        }
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as `sweep_with`")]
    fn or(&self, inputs: &[Node]) -> Row {
        let mut any = Row::NONE;
        for input in inputs {
            any.or(&self.rows[input.index()]);
        }
        any
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as `sweep_with`")]
    fn and(&self, inputs: &[Node]) -> Row {
        let mut all = Row([u64::MAX; WORDS]);
        for input in inputs {
            all.and(&self.rows[input.index()]);
        }
        all
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as `sweep_with`")]
    fn two(&self, inputs: &[Node]) -> Row {
        let [mut one, mut two] = [Row::NONE; 2];
        for input in inputs {
            let row = &self.rows[input.index()];
            for at in 0..WORDS {
                two.0[at] |= one.0[at] & row.0[at];
                one.0[at] |= row.0[at];
            }
        }
        two
    }

    /// At least `threshold`: counters that begin at 2^digits − threshold and run over at the last failure that is lacking.
    fn many(&self, inputs: &[Node], threshold: u32) -> Row {
        let mut reached = Row::NONE;
        if threshold as usize > inputs.len() {
            return reached;
        }
        let digits = threshold.next_power_of_two().trailing_zeros() as usize;
        let begin = (1_u64 << digits) - u64::from(threshold);
        let mut planes = [Row::NONE; u32::BITS as usize];
        for (digit, plane) in planes[..digits].iter_mut().enumerate() {
            *plane = Row([if begin >> digit & 1 == 1 { u64::MAX } else { 0 }; WORDS]);
        }
        for input in inputs {
            let mut carry = self.rows[input.index()];
            for plane in &mut planes[..digits] {
                for at in 0..WORDS {
                    let both = plane.0[at] & carry.0[at];
                    plane.0[at] ^= carry.0[at];
                    carry.0[at] = both;
                }
            }
            reached.or(&carry);
        }
        reached
    }
}
