//! Reducing a network before any diagram is built: everything that linear passes can find out, they do.
//!
//! In this order:
//!
//! 1. [`settle`]: what holds in every world that meets the requirements (unit propagation), or that none does.
//! 2. [`views`]: what is settled is put in. Settled events leave with their probability; failures, which the shares also
//!    ask for in worlds with fewer faults, see a copy of the gates in which only the false is put in.
//! 3. Until nothing changes, a bounded number of rounds of
//!    * [`contract`]: constants, duplicates, gates of one input, events that enter at one gate alone folded into one;
//!    * [`loops`]: ORs that imply each other around a loop merged;
//!    * [`coalesce`]: OR into OR and AND into AND, identical gates shared, events that always occur together folded;
//!    * the cone: what no requirement and no failure depends on any more is dropped.
//! 4. [`parts`]: requirements and failures that share no event are taken apart.
//!
//! **Invariant** of every step: P(requirements) = exp(`ln_settled`) · P(those that are left), and every failure keeps its
//! value in every world that meets the requirements, and in every world that keeps only some of that world's faults.
//! Gates mean their least fixpoint throughout.
//!
//! **Back to the original events.** A settled event is present or absent for certain. An event in no part keeps its prior.
//! Every event of a part is a node of the [`Forest`], which splits posteriors, shares and fault sets among the original
//! events exactly; members of one group are interchangeable, hence one ambiguity group.
//!
//! Literature: Dutuit & Rauzy (1996), A linear-time algorithm to find modules of fault trees, for why folding is exact:
//! each group is a module. A module that is no OR or AND of events is left to the diagram, whose variable order keeps it
//! together at no cost but its own nodes.

mod coalesce;
mod contract;
mod forest;
mod loops;
mod parts;
mod settle;
#[cfg(test)]
mod tests;
mod uses;
mod views;
mod work;

pub(crate) use forest::{Combination, Forest, ForestNode, Presence};
pub(crate) use parts::Part;
pub(crate) use work::Fate;
use work::{Value, Work};

use crate::components::components;
use crate::network::{Network, Term};

/// Rounds of step 3. Each takes up all alternations of OR and AND that events lead to, so few are needed.
const MOST_ROUNDS: usize = 12;

/// A network, reduced; see the module's documentation.
#[derive(Clone, Debug)]
pub(crate) struct Reduction {
    pub(crate) parts: Vec<Part>,
    pub(crate) forest: Forest,
    /// By original event.
    pub(crate) fate: Vec<Fate>,
    /// ln of the probability of what was settled.
    pub(crate) ln_settled: f64,
    /// No world meets the requirements, for certain.
    pub(crate) impossible: bool,
    /// Number of observed failures, those in parts and those whose value is settled in all kept worlds.
    pub(crate) failures: usize,
    /// Failures that happen whatever faults are kept.
    pub(crate) always: usize,
}

/// Reduces a network. O((terms + inputs) · rounds), but for sorting the inputs of gates.
pub(crate) fn reduce(network: Network) -> Reduction {
    reduce_by(network, ALL_STEPS)
}

/// The steps that can be left out, to test one alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Settle,
    Contract,
    MergeLoops,
    Coalesce,
    Share,
    FoldCompanions,
}

const ALL_STEPS: &[Step] =
    &[Step::Settle, Step::Contract, Step::MergeLoops, Step::Coalesce, Step::Share, Step::FoldCompanions];

fn reduce_by(network: Network, steps: &[Step]) -> Reduction {
    let mut work = Work::new(network);
    drop_self_inputs(&mut work.network);
    if steps.contains(&Step::Settle) {
        match settle::settle(&work.network, &work.uses()) {
            Ok(known) => views::apply(&mut work, &known),
            Err(settle::Contradiction) => work.impossible = true,
        }
    }
    work.cut_to_cone();
    for _ in 0..MOST_ROUNDS {
        if work.impossible || !round(&mut work, steps) {
            break;
        }
    }
    let parts = if work.impossible { Vec::new() } else { parts::take_apart(&work) };
    Reduction {
        parts,
        fate: work.fate,
        ln_settled: work.ln_settled,
        impossible: work.impossible,
        failures: work.failures.len(),
        always: work.failures.iter().filter(|failure| **failure == Value::Constant(true)).count(),
        forest: work.forest,
    }
}

fn round(work: &mut Work, steps: &[Step]) -> bool {
    let mut changed = false;
    let order: Vec<Term> = components(&work.network).into_iter().flatten().collect();
    if steps.contains(&Step::Contract) {
        changed |= contract::contract(work, &order);
    }
    if steps.contains(&Step::MergeLoops) {
        changed |= loops::merge(work);
    }
    work.cut_to_cone();
    if steps.contains(&Step::Coalesce) {
        changed |= coalesce::coalesce(work);
    }
    if steps.contains(&Step::Share) {
        changed |= coalesce::share(work, &order);
        work.cut_to_cone();
    }
    if steps.contains(&Step::FoldCompanions) {
        changed |= coalesce::fold_companions(work);
    }
    changed
}

/// A gate never helps itself to become true in the least fixpoint, so it is no input of its own.
fn drop_self_inputs(network: &mut Network) {
    let events = network.events();
    for (at, gate) in network.gates.iter_mut().enumerate() {
        gate.inputs.retain(|input| input.index() != events + at);
    }
}
