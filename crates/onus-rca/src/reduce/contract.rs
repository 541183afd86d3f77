//! One pass over the gates, dependencies first: constants folded, duplicates dropped, gates of one input by-passed, and
//! events that enter at one gate alone folded into one (see [`super::forest`]).
//!
//! * A gate that needs nothing is true, one that needs more than it has is false; their users need one less, or have one
//!   less.
//! * Under OR and AND an input counts once however often it is listed; under other gates it counts as often as it is
//!   listed, and stays.
//! * A gate is no input of its own: it never helps itself to become true in the least fixpoint.
//! * Events that are used nowhere but in one OR (AND) are one event, true with 1 − ∏(1 − p) (∏ p). When that leaves the
//!   gate with this input alone, it is by-passed, and its user may fold on: one pass takes a tree of alternating
//!   ORs and ANDs, however deep, up into one event.
//!
//! Each is an identity of the gate's function, so least fixpoints, and with them all requirements and failures, stay
//! what they are.

use super::forest::Combination;
use super::work::{Value, Work};
use crate::network::{Gate, Term};

/// Contracts the gates in `order`, which should list dependencies first; in cycles another pass may find more. Says
/// whether anything was found. O(inputs · log inputs of a gate).
pub(super) fn contract(work: &mut Work, order: &[Term]) -> bool {
    let mut uses = work.count_uses();
    let events = work.network.events();
    let mut changed = false;
    for term in order {
        let at = term.index() - events;
        if work.replaced[term.index()] != Value::Itself {
            continue;
        }
        let Gate { threshold, inputs } =
            std::mem::replace(&mut work.network.gates[at], Gate { threshold: 1, inputs: Vec::new() });
        if inputs.is_empty() && threshold > 0 {
            // Dead already, or never true; nothing that is used has no inputs for long.
            if uses[term.index()] > 0 {
                work.replace(at, Value::Constant(false));
                changed = true;
            }
            continue;
        }
        let before = inputs.len();
        let mut needs = threshold;
        let mut kept = Vec::with_capacity(before);
        for input in inputs {
            match work.resolve(input) {
                Value::Constant(true) => needs = needs.saturating_sub(1),
                Value::Constant(false) => {}
                Value::Same(input) if input == *term => {}
                Value::Same(input) => kept.push(input),
                Value::Itself => unreachable!("resolve never answers so"),
            }
        }
        if needs == 0 || kept.len() < needs as usize {
            work.replace(at, Value::Constant(needs == 0));
            changed = true;
            continue;
        }
        let combination = combination(needs, kept.len());
        if let Some(combination) = combination {
            kept.sort_unstable();
            let listed = kept.len();
            kept.dedup_by(|a, b| {
                a == b && {
                    uses[a.index()] -= 1;
                    true
                }
            });
            let alone = |event: &Term| event.index() < events && uses[event.index()] == 1;
            for fault in [true, false] {
                let fold: Vec<Term> = kept
                    .iter()
                    .copied()
                    .filter(|event| alone(event) && work.network.fault[event.index()].is_some() == fault)
                    .collect();
                if fold.len() > 1 {
                    let slot = work.fold(combination, &fold);
                    kept.retain(|input| *input == slot || fold.binary_search(input).is_err());
                }
            }
            changed |= kept.len() < listed;
            needs = if combination == Combination::Any { 1 } else { kept.len() as u32 };
        }
        changed |= kept.len() < before;
        if let [only] = kept.as_slice() {
            // Its users use the input instead.
            uses[only.index()] = (uses[only.index()] + uses[term.index()]).saturating_sub(1);
            let only = *only;
            work.replace(at, Value::Same(only));
            changed = true;
            continue;
        }
        work.network.gates[at] = Gate { threshold: needs, inputs: kept };
    }
    work.refresh();
    changed
}

/// How a gate combines its inputs, if it is an OR or an AND. Of one input it is either.
pub(super) fn combination(threshold: u32, inputs: usize) -> Option<Combination> {
    match threshold as usize {
        1 => Some(Combination::Any),
        k if k == inputs => Some(Combination::All),
        _ => None,
    }
}
