//! Families of sets of levels as zero-suppressed decision diagrams (Minato 1993).
//!
//! Each path from a [`Family`]'s root to the terminal 1 is a set: the levels where the path turns to `hi`. A node whose
//! `hi` is the empty family is no node, so elements that occur in no set cost nothing. Millions of minimal cut sets
//! take thousands of nodes, and whatever is asked of them is asked of the nodes.
//!
//! A family is **minimal** when no set in it includes another. [`Families::minimal_union`] and
//! [`Families::minimal_product`] are Rauzy's (1993): or and and of monotone functions on their minimal solutions. They
//! take minimal families and keep them so.
//!
//! All operations run on one small stack machine, [`Families::run`]: tasks on one stack, results on another. Native
//! recursion could go as deep as there are levels. The operations nest (a product needs unions, a union needs
//! subsumption), which is why this is a machine and not the pair of loops that serves the functions in
//! [`bdd`](super::bdd).

use std::cmp::Ordering;

use super::arena::{Arena, BudgetExceeded, Node, Nodes, Statistics};

/// A family of sets of levels: the id of its root in the [`Families`] that made it. Handles of one manager are equal
/// exactly when their families are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Family(pub(super) u32);

impl Family {
    /// The family with no set in it.
    pub(crate) const EMPTY: Self = Self(0);
    /// The family whose only set is the empty one.
    pub(crate) const UNIT: Self = Self(1);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    /// Sets in either family.
    Union = 1,
    /// Sets of the first that include no set of the second.
    Without,
    /// Minimal sets of the union; of minimal families.
    MinimalUnion,
    /// Minimal sets among the unions of one set from each; of minimal families.
    MinimalProduct,
    /// Minimal sets of the first; the second operand is not used.
    Minimize,
    /// Sets of the first with at most as many elements as the second operand, a *number*, says.
    Truncate,
    /// Sets of the first that lie within the only set of the second.
    Within,
    /// Sets of the first that have an element in the only set of the second.
    Touching,
}

/// A task of the machine. "Top" is the last of the results.
#[derive(Clone, Copy)]
enum Task {
    /// Put the result of the operation on top.
    Visit(Operation, u32, u32),
    /// Replace the two topmost results by the result of the operation on them.
    Join(Operation),
    /// Replace the topmost result by the result of the operation on it and this operand.
    Then(Operation, u32),
    /// With lo and then hi on top: take out of hi what includes a set of lo.
    Prune,
    /// Replace lo and then hi on top by the node over them, and remember it as the operation's result.
    Node(u32, Operation, u32, u32),
    /// Remember the topmost result as the operation's.
    Remember(Operation, u32, u32),
}

/// The families of one query over a fixed number of levels, within a budget of nodes. See the module's documentation.
///
/// Every operation that returns a `Result` fails only when the budget does not suffice.
pub(crate) struct Families {
    arena: Arena,
    /// Scratch space of `run`; empty between operations.
    tasks: Vec<Task>,
    results: Vec<u32>,
}

impl Families {
    /// A manager for sets of the levels 0 to `levels` − 1 that creates at most `node_budget` nodes.
    ///
    /// The budget bounds the steps too (256 for each node, at least 2^20), so that every operation ends.
    pub(crate) fn new(levels: u32, node_budget: usize) -> Self {
        Self { arena: Arena::new(levels, node_budget), tasks: Vec::new(), results: Vec::new() }
    }

    /// The number of levels.
    pub(crate) fn levels(&self) -> u32 {
        self.arena.levels()
    }

    /// What the work has cost so far.
    pub(crate) fn statistics(&self) -> Statistics {
        self.arena.statistics()
    }

    /// The family of the one set with these levels, in any order.
    ///
    /// # Panics
    /// There is no such level.
    pub(crate) fn set(&mut self, levels: &[u32]) -> Result<Family, BudgetExceeded> {
        let mut sorted = levels.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let mut family = Family::UNIT;
        for level in sorted.into_iter().rev() {
            assert!(level < self.levels(), "level {level} of {}", self.levels());
            family = self.branch(level, Family::EMPTY, family)?;
        }
        Ok(family)
    }

    /// The sets in `a` or in `b`.
    #[cfg(test)]
    pub(crate) fn union(&mut self, a: Family, b: Family) -> Result<Family, BudgetExceeded> {
        self.run(Operation::Union, a.0, b.0)
    }

    /// The sets of `a` that include no set of `b`.
    ///
    /// Literature: Rauzy (1993), New algorithms for fault trees analysis: the operator of the same name.
    pub(crate) fn without(&mut self, a: Family, b: Family) -> Result<Family, BudgetExceeded> {
        self.run(Operation::Without, a.0, b.0)
    }

    /// The minimal sets among those of two minimal families.
    pub(crate) fn minimal_union(&mut self, a: Family, b: Family) -> Result<Family, BudgetExceeded> {
        self.run(Operation::MinimalUnion, a.0, b.0)
    }

    /// The minimal sets among the unions of a set of `a` and a set of `b`, both minimal families.
    pub(crate) fn minimal_product(&mut self, a: Family, b: Family) -> Result<Family, BudgetExceeded> {
        self.run(Operation::MinimalProduct, a.0, b.0)
    }

    /// The minimal sets of `family`.
    #[cfg(test)]
    pub(crate) fn minimize(&mut self, family: Family) -> Result<Family, BudgetExceeded> {
        self.run(Operation::Minimize, family.0, 0)
    }

    /// The sets of `family` with at most `order` elements. At most nodes · (order + 1) steps.
    pub(crate) fn up_to_order(&mut self, family: Family, order: u32) -> Result<Family, BudgetExceeded> {
        if order >= self.levels() { Ok(family) } else { self.run(Operation::Truncate, family.0, order) }
    }

    /// The sets of `family` all of whose elements are among `levels`.
    pub(crate) fn within(&mut self, family: Family, levels: &[u32]) -> Result<Family, BudgetExceeded> {
        let allowed = self.set(levels)?;
        self.run(Operation::Within, family.0, allowed.0)
    }

    /// The sets of `family` that have at least one element among `levels`.
    pub(crate) fn touching(&mut self, family: Family, levels: &[u32]) -> Result<Family, BudgetExceeded> {
        let wanted = self.set(levels)?;
        self.run(Operation::Touching, family.0, wanted.0)
    }

    /// The sets of `family` that contain `level`.
    pub(crate) fn containing(&mut self, family: Family, level: u32) -> Result<Family, BudgetExceeded> {
        self.touching(family, &[level])
    }

    /// The sets of `lo`, and those of `hi` each with `level` added; both must lie deeper.
    pub(super) fn branch(&mut self, level: u32, lo: Family, hi: Family) -> Result<Family, BudgetExceeded> {
        if hi == Family::EMPTY { Ok(lo) } else { self.arena.insert(level, lo.0, hi.0).map(Family) }
    }

    /// The nodes that `family` reaches.
    pub(super) fn nodes(&self, family: Family) -> Nodes {
        self.arena.reached(family.0)
    }

    fn run(&mut self, operation: Operation, a: u32, b: u32) -> Result<Family, BudgetExceeded> {
        self.tasks.clear();
        self.results.clear();
        self.tasks.push(Task::Visit(operation, a, b));
        while let Some(task) = self.tasks.pop() {
            match task {
                Task::Visit(operation, a, b) => self.visit(operation, a, b)?,
                Task::Join(operation) => {
                    let second = self.pop();
                    let first = self.pop();
                    self.visit(operation, first, second)?;
                }
                Task::Then(operation, operand) => {
                    let first = self.pop();
                    self.visit(operation, first, operand)?;
                }
                Task::Prune => {
                    let hi = self.pop();
                    let lo = self.top();
                    self.visit(Operation::Without, hi, lo)?;
                }
                Task::Node(level, operation, a, b) => {
                    let hi = self.pop();
                    let lo = self.pop();
                    let node = self.branch(level, Family(lo), Family(hi))?;
                    self.arena.remember(operation as u32, a, b, node.0);
                    self.results.push(node.0);
                }
                Task::Remember(operation, a, b) => {
                    let result = self.top();
                    self.arena.remember(operation as u32, a, b, result);
                }
            }
        }
        Ok(Family(self.pop()))
    }

    fn pop(&mut self) -> u32 {
        self.results.pop().expect("every task leaves the result that the next one takes")
    }

    fn top(&self) -> u32 {
        *self.results.last().expect("every task leaves the result that the next one takes")
    }

    /// Puts the result on top if a rule or the cache gives it, else the tasks that will.
    fn visit(&mut self, operation: Operation, a: u32, b: u32) -> Result<(), BudgetExceeded> {
        let (a, b) = operation.in_order(a, b);
        let settled = match operation.settle(a, b) {
            None => self.arena.recall(operation as u32, a, b)?,
            settled => settled,
        };
        if let Some(result) = settled {
            self.results.push(result);
            return Ok(());
        }
        match operation {
            Operation::Minimize => self.expand_minimize(a),
            Operation::Truncate => self.expand_truncate(a, b),
            _ => self.expand_pair(operation, a, b),
        }
        Ok(())
    }

    fn expand_minimize(&mut self, a: u32) {
        let Node { level, lo, hi } = self.arena.node(a);
        self.tasks.extend([
            Task::Node(level, Operation::Minimize, a, 0),
            Task::Prune,
            Task::Visit(Operation::Minimize, hi, 0),
            Task::Visit(Operation::Minimize, lo, 0),
        ]);
    }

    fn expand_truncate(&mut self, a: u32, order: u32) {
        let Node { level, lo, hi } = self.arena.node(a);
        if order == 0 {
            self.forward(Operation::Truncate, (a, 0), (lo, 0));
        } else {
            self.tasks.extend([
                Task::Node(level, Operation::Truncate, a, order),
                Task::Visit(Operation::Truncate, hi, order - 1),
                Task::Visit(Operation::Truncate, lo, order),
            ]);
        }
    }

    /// The result for the pair `now` is the result for the pair `next`. It is remembered for both: a walk along a
    /// chain that left no trace would be walked again from every node above it.
    fn forward(&mut self, operation: Operation, now: (u32, u32), next: (u32, u32)) {
        self.tasks.extend([Task::Remember(operation, now.0, now.1), Task::Visit(operation, next.0, next.1)]);
    }

    /// The tasks for two families: by whether the first, both or the second has the topmost level. In the order in
    /// which they are pushed, so the last is run first.
    fn expand_pair(&mut self, operation: Operation, a: u32, b: u32) {
        use Operation::{MinimalProduct, MinimalUnion, Minimize, Touching, Truncate, Union, Within, Without};
        let (x, y) = (self.arena.node(a), self.arena.node(b));
        let side = x.level.cmp(&y.level);
        let level = x.level.min(y.level);
        let node = Task::Node(level, operation, a, b);
        match (operation, side) {
            (Union, Ordering::Less) => self.halves(node, operation, (x.lo, b), (x.hi, 0)),
            (Union, Ordering::Equal) => self.halves(node, operation, (x.lo, y.lo), (x.hi, y.hi)),
            (Union, Ordering::Greater) => self.halves(node, operation, (a, y.lo), (0, y.hi)),

            (Without | Touching, Ordering::Less) => self.halves(node, operation, (x.lo, b), (x.hi, b)),
            (Without, Ordering::Equal) => self.tasks.extend([
                node,
                Task::Then(Without, y.lo),
                Task::Visit(Without, x.hi, y.hi),
                Task::Visit(Without, x.lo, y.lo),
            ]),
            (Without, Ordering::Greater) => self.forward(operation, (a, b), (a, y.lo)),

            (MinimalUnion, Ordering::Less) => self.pruned_halves(node, operation, (x.lo, b), (x.hi, 0)),
            (MinimalUnion, Ordering::Equal) => self.pruned_halves(node, operation, (x.lo, y.lo), (x.hi, y.hi)),
            (MinimalUnion, Ordering::Greater) => self.pruned_halves(node, operation, (a, y.lo), (0, y.hi)),

            (MinimalProduct, Ordering::Less) => self.pruned_halves(node, operation, (x.lo, b), (x.hi, b)),
            // With the element: x.hi times either half of y, and x.lo times y.hi.
            (MinimalProduct, Ordering::Equal) => self.tasks.extend([
                node,
                Task::Prune,
                Task::Join(MinimalUnion),
                Task::Visit(MinimalProduct, x.lo, y.hi),
                Task::Then(MinimalProduct, x.hi),
                Task::Visit(MinimalUnion, y.lo, y.hi),
                Task::Visit(MinimalProduct, x.lo, y.lo),
            ]),
            (MinimalProduct, Ordering::Greater) => self.pruned_halves(node, operation, (a, y.lo), (a, y.hi)),

            (Within, Ordering::Less) => self.forward(operation, (a, b), (x.lo, b)),
            (Within, Ordering::Equal) => self.halves(node, operation, (x.lo, y.hi), (x.hi, y.hi)),
            (Within | Touching, Ordering::Greater) => self.forward(operation, (a, b), (a, y.hi)),

            // With the element, all sets touch: the union with the empty family is a way to say "as it is".
            (Touching, Ordering::Equal) => {
                self.tasks.extend([node, Task::Visit(Union, x.hi, 0), Task::Visit(Touching, x.lo, y.hi)]);
            }
            (Minimize | Truncate, _) => unreachable!("these have one family as operand"),
        }
    }

    fn halves(&mut self, node: Task, operation: Operation, lo: (u32, u32), hi: (u32, u32)) {
        self.tasks.extend([node, Task::Visit(operation, hi.0, hi.1), Task::Visit(operation, lo.0, lo.1)]);
    }

    fn pruned_halves(&mut self, node: Task, operation: Operation, lo: (u32, u32), hi: (u32, u32)) {
        self.tasks.extend([node, Task::Prune, Task::Visit(operation, hi.0, hi.1), Task::Visit(operation, lo.0, lo.1)]);
    }
}

impl Operation {
    /// The operands in the order in which they are remembered: a commutative operation has one.
    fn in_order(self, a: u32, b: u32) -> (u32, u32) {
        match self {
            Self::Union | Self::MinimalUnion | Self::MinimalProduct if a > b => (b, a),
            _ => (a, b),
        }
    }

    /// The result, where a rule gives it at once. 0 is the empty family, 1 the family of the empty set.
    fn settle(self, a: u32, b: u32) -> Option<u32> {
        match self {
            Self::Union | Self::MinimalUnion if a == 0 || a == b => Some(b),
            Self::Without if a == 0 || b == 1 || a == b => Some(0),
            Self::Without if b == 0 => Some(a),
            Self::MinimalUnion if a == 1 => Some(1),
            Self::MinimalProduct if a == 0 => Some(0),
            Self::MinimalProduct if a == 1 || a == b => Some(b),
            Self::Minimize | Self::Truncate | Self::Within if a < 2 => Some(a),
            Self::Touching if a < 2 || b < 2 => Some(0),
            _ => None,
        }
    }
}
