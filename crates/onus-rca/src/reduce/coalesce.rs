//! Gates taken together: OR into OR and AND into AND, identical gates into one, and events that always occur together.
//!
//! A gate that one gate alone uses, of the same kind, gives it its inputs. Two gates with the same inputs and threshold
//! have the same least fixpoint. Both keep what every remaining gate means (Bekić's lemma for the first, inside cycles).

use std::hash::{Hash, Hasher};

use rustc_hash::{FxHashMap, FxHasher};

use super::contract::combination;
use super::forest::Combination;
use super::work::{Value, Work};
use crate::network::{Gate, Term};

/// Moves the inputs of gates with a single user of the same kind into that user. O(terms + inputs).
pub(super) fn coalesce(work: &mut Work) -> bool {
    let events = work.network.events();
    let mut rooted = vec![false; work.network.len()];
    for root in work.roots() {
        rooted[root.index()] = true;
    }
    let uses = work.count_uses();
    let kind = |gate: &Gate| combination(gate.threshold, gate.inputs.len()).filter(|_| gate.inputs.len() > 1);
    // A gate moves into its user if that is its only use. What moves does so with everything that moves into it.
    let kinds: Vec<Option<Combination>> = work.network.gates.iter().map(kind).collect();
    let moves = |input: Term, into: Option<Combination>| {
        input.index() >= events
            && uses[input.index()] == 1
            && !rooted[input.index()]
            && into.is_some()
            && kinds[input.index() - events] == into
    };
    let mut moved = vec![false; work.network.gates.len()];
    for (at, gate) in work.network.gates.iter().enumerate() {
        for input in &gate.inputs {
            if moves(*input, kinds[at]) {
                moved[input.index() - events] = true;
            }
        }
    }
    let mut changed = false;
    for at in 0..work.network.gates.len() {
        let gate = &work.network.gates[at];
        if moved[at] || !gate.inputs.iter().any(|input| moves(*input, kinds[at])) {
            continue;
        }
        let mut inputs = Vec::with_capacity(gate.inputs.len());
        let mut open = std::mem::take(&mut work.network.gates[at].inputs);
        open.reverse();
        while let Some(input) = open.pop() {
            if moves(input, kinds[at]) {
                let inner = std::mem::take(&mut work.network.gates[input.index() - events].inputs);
                open.extend(inner.into_iter().rev());
            } else {
                inputs.push(input);
            }
        }
        inputs.sort_unstable();
        inputs.dedup();
        let threshold = if kinds[at] == Some(Combination::Any) { 1 } else { inputs.len() as u32 };
        work.network.gates[at] = Gate { threshold, inputs };
        changed = true;
    }
    changed
}

/// Replaces gates by the first one in `order` that has the same inputs and threshold. O(inputs), by hashing.
pub(super) fn share(work: &mut Work, order: &[Term]) -> bool {
    let events = work.network.events();
    let mut first: FxHashMap<u64, usize> = FxHashMap::default();
    let mut changed = false;
    for term in order {
        let at = term.index() - events;
        if work.replaced[term.index()] != Value::Itself || work.network.gates[at].inputs.is_empty() {
            continue;
        }
        let mut inputs = std::mem::take(&mut work.network.gates[at].inputs);
        for input in &mut inputs {
            if let Value::Same(now) = work.resolve(*input) {
                *input = now;
            }
        }
        inputs.sort_unstable();
        let threshold = work.network.gates[at].threshold;
        let mut hasher = FxHasher::default();
        (threshold, &inputs).hash(&mut hasher);
        let known = *first.entry(hasher.finish()).or_insert(at);
        let gate = Gate { threshold, inputs };
        if known != at && work.network.gates[known] == gate {
            work.replace(at, Value::Same(work.gate_term(known)));
            changed = true;
        } else {
            work.network.gates[at] = gate;
        }
    }
    if changed {
        work.refresh();
    }
    changed
}

/// Folds events that are inputs of exactly the same gates, all of them ORs or all of them ANDs, into one. O(inputs).
pub(super) fn fold_companions(work: &mut Work) -> bool {
    let events = work.network.events();
    let mut rooted = vec![false; events];
    for root in work.roots() {
        if let Some(rooted) = rooted.get_mut(root.index()) {
            *rooted = true;
        }
    }
    let uses = work.uses();
    let mut companions: FxHashMap<(bool, &[u32]), Vec<Term>> = FxHashMap::default();
    let mut groups: Vec<(Combination, Vec<Term>)> = Vec::new();
    let kind = |gate: u32| {
        let gate = &work.network.gates[gate as usize];
        combination(gate.threshold, gate.inputs.len()).filter(|_| gate.inputs.len() > 1)
    };
    for event in (0..events as u32).map(Term) {
        let users = uses.of(event);
        if rooted[event.index()] || users.is_empty() || users.windows(2).any(|pair| pair[0] == pair[1]) {
            continue;
        }
        let first = kind(users[0]);
        if first.is_some() && users.iter().all(|user| kind(*user) == first) {
            companions.entry((work.network.fault[event.index()].is_some(), users)).or_default().push(event);
        }
    }
    for ((_, users), events) in companions {
        if events.len() > 1 {
            groups.push((kind(users[0]).expect("only ORs and ANDs were taken"), events));
        }
    }
    // A hash map has no order, and group numbers should not depend on that.
    groups.sort_unstable_by_key(|(_, events)| events[0]);
    let mut gone = vec![false; events];
    for (combination, events) in &groups {
        work.fold(*combination, events);
        for event in &events[1..] {
            gone[event.index()] = true;
        }
    }
    if groups.is_empty() {
        return false;
    }
    for gate in &mut work.network.gates {
        let all = gate.inputs.len() == gate.threshold as usize;
        gate.inputs.retain(|input| !gone.get(input.index()).copied().unwrap_or(false));
        if all && gate.threshold > 1 {
            gate.threshold = gate.inputs.len() as u32;
        }
    }
    true
}
