//! Boolean functions as reduced, ordered binary decision diagrams (Bryant 1986).
//!
//! The [`Manager`] owns the nodes; a [`Bdd`] is the id of a node in it. A node is never redundant (lo ≠ hi) and never
//! stored twice, so two handles are equal exactly when the functions are. No complement edges: they would halve the
//! nodes of functions with much negation, which fault graphs are not, and make the passes of
//! [`Diagram`](super::Diagram) harder to read.
//!
//! All operations go through [`Manager::apply`]: the recursion of Bryant's apply on an explicit stack, since the depth
//! is the number of levels and that can be a million. [`Manager::and_all`], [`Manager::or_all`] and
//! [`Manager::at_least`] combine the inputs of a gate, deepest first.
//!
//! In the complexities below |f| is the number of nodes of f; they count steps and hold as long as the operation cache
//! forgets little.

use super::Diagram;
use super::arena::{Arena, BudgetExceeded, Node, Statistics};

/// A boolean function: the id of its root in the [`Manager`] that made it. Handles of one manager are equal exactly
/// when their functions are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Bdd(u32);

impl Bdd {
    /// The function that is never true.
    pub(crate) const FALSE: Self = Self(0);
    /// The function that is always true.
    pub(crate) const TRUE: Self = Self(1);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    And = 1,
    Or,
    /// The first and not the second.
    AndNot,
}

/// A pair of operands whose result is being computed: first the low half, then the high half.
#[derive(Clone, Copy)]
struct Frame {
    a: u32,
    b: u32,
    level: u32,
    half: Half,
}

#[derive(Clone, Copy)]
enum Half {
    /// The low half is being computed; these are the operands of the high one.
    Low(u32, u32),
    /// The high half is being computed; this is the result of the low one.
    High(u32),
}

/// The functions of one query over a fixed number of levels, within a budget of nodes. See the module's documentation.
pub(crate) struct Manager {
    arena: Arena,
    /// Scratch space of `apply`; empty between operations.
    stack: Vec<Frame>,
}

impl Manager {
    /// A manager for variables on the levels 0 to `levels` − 1 that creates at most `node_budget` nodes.
    ///
    /// The budget bounds the steps too (256 for each node, at least 2^20), so that every operation ends.
    pub(crate) fn new(levels: u32, node_budget: usize) -> Self {
        Self { arena: Arena::new(levels, node_budget), stack: Vec::new() }
    }

    /// Sets the budget anew; what was created and done so far counts towards it.
    pub(crate) fn allow(&mut self, node_budget: usize) {
        self.arena.allow(node_budget);
    }

    /// The number of levels.
    pub(crate) fn levels(&self) -> u32 {
        self.arena.levels()
    }

    /// The node of `function`: (level, lo, hi). A terminal is its own children, on the level past the last.
    pub(crate) fn node(&self, function: Bdd) -> (u32, Bdd, Bdd) {
        let Node { level, lo, hi } = self.arena.node(function.0);
        (level, Bdd(lo), Bdd(hi))
    }

    /// What the work has cost so far.
    pub(crate) fn statistics(&self) -> Statistics {
        self.arena.statistics()
    }

    /// The variable of `level`, as a function.
    ///
    /// # Errors
    /// The budget does not suffice; so for all operations below.
    ///
    /// # Panics
    /// There is no such level.
    pub(crate) fn variable(&mut self, level: u32) -> Result<Bdd, BudgetExceeded> {
        assert!(level < self.levels(), "level {level} of {}", self.levels());
        self.branch(level, Bdd::FALSE, Bdd::TRUE)
    }

    /// The function that is `hi` where the variable of `level` is true and `lo` elsewhere; both must lie deeper.
    pub(crate) fn branch(&mut self, level: u32, lo: Bdd, hi: Bdd) -> Result<Bdd, BudgetExceeded> {
        if lo == hi { Ok(lo) } else { self.arena.insert(level, lo.0, hi.0).map(Bdd) }
    }

    /// True where both are. At most |a|·|b| steps.
    pub(crate) fn and(&mut self, a: Bdd, b: Bdd) -> Result<Bdd, BudgetExceeded> {
        self.apply(Operation::And, a.0, b.0)
    }

    /// True where at least one is. At most |a|·|b| steps.
    pub(crate) fn or(&mut self, a: Bdd, b: Bdd) -> Result<Bdd, BudgetExceeded> {
        self.apply(Operation::Or, a.0, b.0)
    }

    /// True where `a` is and `b` is not; with `a` true, the complement. At most |a|·|b| steps.
    pub(crate) fn and_not(&mut self, a: Bdd, b: Bdd) -> Result<Bdd, BudgetExceeded> {
        self.apply(Operation::AndNot, a.0, b.0)
    }

    /// True where all `inputs` are; true if there are none.
    pub(crate) fn and_all(&mut self, inputs: &[Bdd]) -> Result<Bdd, BudgetExceeded> {
        self.fold(Operation::And, Bdd::TRUE, inputs)
    }

    /// True where at least one of `inputs` is; false if there are none.
    pub(crate) fn or_all(&mut self, inputs: &[Bdd]) -> Result<Bdd, BudgetExceeded> {
        self.fold(Operation::Or, Bdd::FALSE, inputs)
    }

    /// True where at least `threshold` of `inputs` are; an input listed twice counts twice.
    ///
    /// Dynamic programming over the inputs: "at least j of those so far" for each j that can still matter, so
    /// min(k, n − k + 1) · n combinations for k of n.
    pub(crate) fn at_least(&mut self, threshold: usize, inputs: &[Bdd]) -> Result<Bdd, BudgetExceeded> {
        if threshold == 0 {
            return Ok(Bdd::TRUE);
        }
        if threshold > inputs.len() {
            return Ok(Bdd::FALSE);
        }
        if threshold == 1 {
            return self.or_all(inputs);
        }
        if threshold == inputs.len() {
            return self.and_all(inputs);
        }
        let inputs = self.deepest_first(inputs);
        let mut at_least = vec![Bdd::FALSE; threshold + 1];
        at_least[0] = Bdd::TRUE;
        for (seen, &input) in inputs.iter().enumerate() {
            let to_come = inputs.len() - seen - 1;
            let fewest = threshold.saturating_sub(to_come).max(1);
            for j in (fewest..=threshold.min(seen + 1)).rev() {
                let one_more = self.and(input, at_least[j - 1])?;
                at_least[j] = self.or(at_least[j], one_more)?;
            }
        }
        Ok(at_least[threshold])
    }

    /// The part of the manager that `root` reaches, as arrays of its own. O(|f| log |f|).
    pub(crate) fn diagram(&self, root: Bdd) -> Diagram {
        Diagram::new(self.arena.reached(root.0))
    }

    /// Inputs whose root is deepest come first: then a shallow one is laid on top of what is there instead of being
    /// pushed through it, and a gate over single variables costs a step for each.
    fn deepest_first(&self, inputs: &[Bdd]) -> Vec<Bdd> {
        let mut sorted = inputs.to_vec();
        sorted.sort_unstable_by_key(|input| (std::cmp::Reverse(self.arena.node(input.0).level), input.0));
        sorted
    }

    fn fold(&mut self, operation: Operation, neutral: Bdd, inputs: &[Bdd]) -> Result<Bdd, BudgetExceeded> {
        let mut result = neutral;
        for input in self.deepest_first(inputs) {
            result = self.apply(operation, result.0, input.0)?;
        }
        Ok(result)
    }

    /// Bryant's apply on an explicit stack. A pair of operands is either settled at once (by a rule of the operation
    /// or by the cache) or becomes a frame that waits for its two halves.
    fn apply(&mut self, operation: Operation, a: u32, b: u32) -> Result<Bdd, BudgetExceeded> {
        let mut stack = std::mem::take(&mut self.stack);
        stack.clear();
        let result = self.apply_on(&mut stack, operation, a, b);
        self.stack = stack;
        result.map(Bdd)
    }

    fn apply_on(
        &mut self,
        stack: &mut Vec<Frame>,
        operation: Operation,
        a: u32,
        b: u32,
    ) -> Result<u32, BudgetExceeded> {
        let (mut a, mut b) = (a, b);
        loop {
            (a, b) = operation.in_order(a, b);
            let settled = match Self::settle(operation, a, b) {
                None => self.arena.recall(operation as u32, a, b)?,
                settled => settled,
            };
            let Some(mut result) = settled else {
                let (level, low, high) = self.halves(a, b);
                stack.push(Frame { a, b, level, half: Half::Low(high.0, high.1) });
                (a, b) = low;
                continue;
            };
            loop {
                let Some(frame) = stack.last_mut() else { return Ok(result) };
                match frame.half {
                    Half::Low(high_a, high_b) => {
                        frame.half = Half::High(result);
                        (a, b) = (high_a, high_b);
                        break;
                    }
                    Half::High(lo) => {
                        let Frame { a, b, level, .. } = *frame;
                        stack.pop();
                        result = if lo == result { lo } else { self.arena.insert(level, lo, result)? };
                        self.arena.remember(operation as u32, a, b, result);
                    }
                }
            }
        }
    }

    /// The result, where the operation has a rule that gives it at once.
    fn settle(operation: Operation, a: u32, b: u32) -> Option<u32> {
        match operation {
            Operation::And if a == 0 => Some(0),
            Operation::And if a == 1 || a == b => Some(b),
            Operation::Or if a == 1 => Some(1),
            Operation::Or if a == 0 || a == b => Some(b),
            Operation::AndNot if a == 0 || b == 1 || a == b => Some(0),
            Operation::AndNot if b == 0 => Some(a),
            Operation::And | Operation::Or | Operation::AndNot => None,
        }
    }

    /// The topmost level of two operands, and the operands where its variable is false and where it is true.
    fn halves(&self, a: u32, b: u32) -> (u32, (u32, u32), (u32, u32)) {
        let node = self.arena.node(a);
        let other = self.arena.node(b);
        match node.level.cmp(&other.level) {
            std::cmp::Ordering::Less => (node.level, (node.lo, b), (node.hi, b)),
            std::cmp::Ordering::Equal => (node.level, (node.lo, other.lo), (node.hi, other.hi)),
            std::cmp::Ordering::Greater => (other.level, (a, other.lo), (a, other.hi)),
        }
    }
}

impl Operation {
    /// The operands in the order in which they are remembered: a commutative operation has one.
    fn in_order(self, a: u32, b: u32) -> (u32, u32) {
        match self {
            Self::And | Self::Or if a > b => (b, a),
            _ => (a, b),
        }
    }
}
