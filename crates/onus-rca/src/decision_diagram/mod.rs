//! Decision diagrams: the exact engine's data structures.
//!
//! Two kinds share one node store. A [`Bdd`] (Bryant 1986) is a boolean function of independent events, the variables,
//! each of which has a *level*: its place in the variable order, fixed by the caller. Probabilities are sums over the
//! nodes of such a diagram. A [`Family`] (a ZBDD, Minato 1993) is a family of sets of levels: the minimal cut sets of a
//! function, millions of them in a few thousand nodes.
//!
//! Equal functions have equal handles: nodes are hash-consed, so equality is a comparison of two integers. There is no
//! garbage collection: a manager serves one query, and its memory goes when the query ends. Every operation that can
//! create nodes is bounded by the manager's budget and says [`BudgetExceeded`] when it would pass it; the manager stays
//! usable and everything built before stays valid.
//!
//! **Invariants.** Children have smaller ids than their parents, and lie on deeper levels. Nothing recurses on the
//! native stack: a chain of a million levels is as deep as a million stack frames.
//!
//! Reading order: [`arena`] (nodes, unique table, operation cache), [`bdd`] (functions), [`diagram`] (probabilities of
//! a finished function), [`zbdd`] (families), [`minimal_solutions`] (from functions to families and on), [`counting`],
//! [`listing`] (sets one at a time, the most probable first).

mod arena;
mod bdd;
mod counting;
mod diagram;
mod listing;
mod minimal_solutions;
#[cfg(test)]
mod tests;
mod zbdd;

pub(crate) use arena::BudgetExceeded;
pub(crate) use bdd::{Bdd, Manager};
pub(crate) use diagram::Diagram;
pub(crate) use zbdd::{Families, Family};
