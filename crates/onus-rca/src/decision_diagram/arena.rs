//! The node store that both kinds of diagram are made of: nodes, the unique table and the operation cache.
//!
//! A node is a triple (level, lo, hi). The *unique table* maps a triple to its id, so that no triple is stored twice;
//! it is an open-addressing table of ids that is never more than half full. The *operation cache* remembers results of
//! operations; it is direct-mapped and lossy, so a forgotten result is computed again, never wrong. Both start at a few
//! kilobytes and grow with the number of nodes, because most queries are small; the cache also grows when it has forgotten
//! as much as it holds, for some operations look at far more pairs of nodes than they create nodes (k of n).
//!
//! **Invariant.** Ids 0 and 1 are the terminals, on the level past the last; every other node's children exist before
//! it does and lie deeper. The reduction rule (which triples are no node at all) differs between the two kinds of
//! diagram and is theirs.

use std::fmt;

/// Why a decision diagram operation stopped: the manager's budget does not suffice for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BudgetExceeded {
    /// One more node would pass the node budget, given here.
    Nodes(usize),
    /// One more step (look-up in the operation cache that finds nothing) would pass the step budget, given here.
    Steps(u64),
}

impl fmt::Display for BudgetExceeded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nodes(budget) => write!(formatter, "the decision diagram needs more than {budget} nodes"),
            Self::Steps(budget) => write!(formatter, "the decision diagram needs more than {budget} steps"),
        }
    }
}

impl std::error::Error for BudgetExceeded {}

/// What the work on a manager has cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Statistics {
    /// Nodes created, the two terminals not counted.
    pub(crate) nodes: usize,
    /// Look-ups in the operation cache.
    pub(crate) lookups: u64,
    /// Look-ups that found their result. The others are the steps that the budget counts.
    pub(crate) hits: u64,
}

/// A node: on the variable of `level`, `lo` if it is false and `hi` if it is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) level: u32,
    pub(super) lo: u32,
    pub(super) hi: u32,
}

/// A remembered result. `operation` 0 marks an entry never written.
#[derive(Clone, Copy)]
struct Remembered {
    operation: u32,
    a: u32,
    b: u32,
    result: u32,
}

const VACANT: u32 = u32::MAX;
const NOTHING: Remembered = Remembered { operation: 0, a: 0, b: 0, result: 0 };
/// Entries that the unique table and the operation cache start with.
const SMALLEST: usize = 1 << 10;
/// Entries that the operation cache may grow to however small the budget of nodes, and however large.
const FEWEST_ENTRIES: usize = 1 << 16;
const MOST_ENTRIES: usize = 1 << 23;
/// Steps per node of budget. Measured on published fault trees and random layered systems: 1 to 6 for functions, 1 to
/// 14 for families; what needs 256 is stuck among results that the cache keeps forgetting, and must end too.
const STEPS_PER_NODE: u64 = 256;
/// Steps that even the smallest budget allows, so that tiny budgets are about nodes alone.
const FEWEST_STEPS: u64 = 1 << 20;

/// Nodes, unique table and operation cache, with the budget over them. See the module's documentation.
pub(super) struct Arena {
    nodes: Vec<Node>,
    /// The unique table: node ids at the hash of their triple, or `VACANT`. A power of two, at least twice the nodes.
    slots: Vec<u32>,
    /// The operation cache. A power of two, at least the number of nodes.
    cache: Vec<Remembered>,
    /// Results that it has forgotten since it last grew.
    forgotten: usize,
    node_budget: usize,
    step_budget: u64,
    lookups: u64,
    hits: u64,
}

impl Arena {
    /// An arena with the two terminals, on level `levels`, that may hold `node_budget` further nodes (at most 2^32 − 4).
    pub(super) fn new(levels: u32, node_budget: usize) -> Self {
        let terminal = |id| Node { level: levels, lo: id, hi: id };
        let mut arena = Self {
            nodes: vec![terminal(0), terminal(1)],
            slots: vec![VACANT; SMALLEST],
            cache: vec![NOTHING; SMALLEST],
            forgotten: 0,
            node_budget: 0,
            step_budget: 0,
            lookups: 0,
            hits: 0,
        };
        arena.allow(node_budget);
        arena
    }

    /// Sets the budget anew; what was created and done so far counts towards it.
    pub(super) fn allow(&mut self, node_budget: usize) {
        self.node_budget = node_budget.min(u32::MAX as usize - 3);
        self.step_budget = (self.node_budget as u64).saturating_mul(STEPS_PER_NODE).max(FEWEST_STEPS);
    }

    /// The node `id`.
    pub(super) fn node(&self, id: u32) -> Node {
        self.nodes[id as usize]
    }

    /// The level past the last variable, where the terminals are.
    pub(super) fn levels(&self) -> u32 {
        self.nodes[0].level
    }

    /// What the work has cost so far.
    pub(super) fn statistics(&self) -> Statistics {
        Statistics { nodes: self.nodes.len() - 2, lookups: self.lookups, hits: self.hits }
    }

    /// The id of the node (`level`, `lo`, `hi`), created if there is none.
    ///
    /// # Errors
    /// The node would be new and the node budget is used up.
    pub(super) fn insert(&mut self, level: u32, lo: u32, hi: u32) -> Result<u32, BudgetExceeded> {
        debug_assert!(level < self.node(lo).level && level < self.node(hi).level, "children lie deeper");
        let node = Node { level, lo, hi };
        let mut slot = self.slot_of(node);
        while self.slots[slot] != VACANT {
            let id = self.slots[slot];
            if self.node(id) == node {
                return Ok(id);
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        if self.nodes.len() - 2 >= self.node_budget {
            return Err(BudgetExceeded::Nodes(self.node_budget));
        }
        let id = u32::try_from(self.nodes.len()).expect("the node budget keeps ids within u32");
        self.nodes.push(node);
        self.slots[slot] = id;
        if self.nodes.len() * 2 > self.slots.len() {
            self.grow_slots();
        }
        if self.nodes.len() > self.cache.len() {
            self.grow_cache();
        }
        Ok(id)
    }

    /// The remembered result of `operation` on `a` and `b`; none, which counts as a step, if it has been forgotten or
    /// never was.
    ///
    /// # Errors
    /// There is none and the step budget is used up.
    pub(super) fn recall(&mut self, operation: u32, a: u32, b: u32) -> Result<Option<u32>, BudgetExceeded> {
        let entry = self.cache[place_of(operation, a, b, self.cache.len())];
        let found = entry.operation == operation && entry.a == a && entry.b == b;
        if !found && self.lookups - self.hits >= self.step_budget {
            return Err(BudgetExceeded::Steps(self.step_budget));
        }
        self.lookups += 1;
        self.hits += u64::from(found);
        Ok(found.then_some(entry.result))
    }

    /// Remembers the result of `operation` (not 0) on `a` and `b`, in place of whatever shares its entry.
    pub(super) fn remember(&mut self, operation: u32, a: u32, b: u32, result: u32) {
        let place = place_of(operation, a, b, self.cache.len());
        let before = std::mem::replace(&mut self.cache[place], Remembered { operation, a, b, result });
        self.forgotten += usize::from(before.operation != 0);
        if self.forgotten > self.cache.len() && self.cache.len() < self.node_budget.clamp(FEWEST_ENTRIES, MOST_ENTRIES)
        {
            self.grow_cache();
        }
    }

    /// The part that `root` reaches, as arrays of its own. O(r + root / 64) for r nodes reached: a set of bits remembers
    /// them, and the number of bits before a node's is its new index.
    pub(super) fn reached(&self, root: u32) -> Nodes {
        let word = |id: u32| id as usize / 64;
        let bit = |id: u32| 1_u64 << (id % 64);
        // Children have smaller ids than their parents, so that nothing reached lies beyond the root.
        let mut reached = vec![0_u64; word(root.max(1)) + 1];
        reached[0] = 0b11;
        let mut waiting = vec![root];
        while let Some(id) = waiting.pop() {
            if reached[word(id)] & bit(id) == 0 {
                reached[word(id)] |= bit(id);
                let node = self.node(id);
                waiting.extend([node.hi, node.lo]);
            }
        }
        let mut count = 0;
        let mut before = Vec::with_capacity(reached.len());
        for bits in &reached {
            before.push(count);
            count += bits.count_ones();
        }
        let index = |id: u32| before[word(id)] + (reached[word(id)] & (bit(id) - 1)).count_ones();
        let mut nodes = Vec::with_capacity(count as usize);
        for (at, bits) in (0_u32..).zip(&reached) {
            let mut rest = *bits;
            while rest != 0 {
                let Node { level, lo, hi } = self.node(64 * at + rest.trailing_zeros());
                nodes.push(Node { level, lo: index(lo), hi: index(hi) });
                rest &= rest - 1;
            }
        }
        Nodes { nodes, root: index(root) }
    }

    fn slot_of(&self, node: Node) -> usize {
        place_of(node.level, node.lo, node.hi, self.slots.len())
    }

    fn grow_slots(&mut self) {
        self.slots = vec![VACANT; self.slots.len() * 2];
        let last = self.slots.len() - 1;
        for id in 2..self.nodes.len() {
            let mut slot = self.slot_of(self.nodes[id]);
            while self.slots[slot] != VACANT {
                slot = (slot + 1) & last;
            }
            self.slots[slot] = u32::try_from(id).expect("the node budget keeps ids within u32");
        }
    }

    fn grow_cache(&mut self) {
        let doubled = vec![NOTHING; self.cache.len() * 2];
        let old = std::mem::replace(&mut self.cache, doubled);
        self.forgotten = 0;
        for entry in old.into_iter().filter(|entry| entry.operation != 0) {
            let place = place_of(entry.operation, entry.a, entry.b, self.cache.len());
            self.cache[place] = entry;
        }
    }
}

/// What one root reaches, compacted: nodes 0 and 1 are the terminals, children come before their parents, and nothing
/// else is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Nodes {
    nodes: Vec<Node>,
    root: u32,
}

impl Nodes {
    /// Number of nodes, the two terminals included.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Number of levels; also the level of the terminals.
    pub(super) fn levels(&self) -> u32 {
        self.nodes[0].level
    }

    /// Index of the root.
    pub(super) fn root(&self) -> u32 {
        self.root
    }

    /// The node at `index`.
    pub(super) fn node(&self, index: u32) -> Node {
        self.nodes[index as usize]
    }

    /// All nodes but the terminals, children before parents, with their index.
    pub(super) fn inner(&self) -> impl DoubleEndedIterator<Item = (usize, Node)> {
        self.nodes.iter().copied().enumerate().skip(2)
    }
}

/// Where a triple belongs in a table of `size` entries, a power of two: multiplicative hashing, the high bits folded
/// onto the low ones, which are the ones used.
fn place_of(x: u32, y: u32, z: u32, size: usize) -> usize {
    let mixed = (u64::from(y) | u64::from(z) << 32).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        ^ u64::from(x).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    let mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    let last = u64::try_from(size - 1).unwrap_or(u64::MAX);
    usize::try_from((mixed ^ (mixed >> 29)) & last).expect("smaller than the size of a table")
}
