//! Putting what is settled into the network: true and false terms disappear from where they are used.
//!
//! **Requirements.** Let B be the terms known to be true and F those known to be false. Every use of an F term is replaced
//! by *false*, and a use of a B gate by *true* where its user lies in another strongly connected component; inside a cycle
//! it stays, for there a gate assumed to be true could support itself (x = x ∨ y with x required: y must be true). In
//! exchange every B gate is required to be true, and every F gate to be false, each with its own rewritten definition.
//! Most of these hold at once and go.
//!
//! Why no world is won or lost: let v be a world's least fixpoint before and m the one after. (1) If v meets the
//! requirements, v is a fixpoint of the rewritten network too, so m ≤ v; and a derivation of v uses no F term, so it goes
//! through in the rewritten network, and m ≥ v. (2) If m meets the rewritten requirements, B is true and F false in it, so
//! m is a fixpoint of the old network and v ≤ m; and m ≤ v by induction over the components, dependencies first: what a
//! component uses from below is the same in m and v, including the B gates there, which are true in m. So m = v.
//!
//! **Failures.** For the shares a failure is also asked for in worlds that keep only some of the active faults. What is
//! false stays false with fewer faults, but a fault that is certainly present need not be among the kept ones. So
//! failures see a *second copy* of the gates into which something true was put, where a fault that is certain stays an
//! event, now with probability 1. Events that are nobody's fault are the same in both.

use rustc_hash::FxHashMap;

use super::work::{Fate, Value, Work};
use crate::components::components;
use crate::network::{Gate, Requirement, Term};

/// Rewrites a network by what [`settle`](super::settle::settle) found. O(terms + inputs).
pub(super) fn apply(work: &mut Work, known: &[Option<bool>]) {
    settle_events(work, known);
    let component = component_of_gates(work, known);
    let copies = copies_for_failures(work, known, &component);
    rewrite(work, known, &component);
    let events = work.network.events();
    for (gate, value) in known[events..].iter().enumerate() {
        let Some(holds) = *value else { continue };
        let Gate { threshold, inputs } = &work.network.gates[gate];
        let settled = if holds { *threshold == 0 } else { inputs.len() < *threshold as usize };
        if !settled {
            let term = work.gate_term(gate);
            work.network.requirements.push(Requirement { item: 0, term, holds });
        }
    }
    work.replaced.resize(work.network.len() + copies.len(), Value::Itself);
    work.network.gates.extend(copies);
}

/// Takes the settled events out: their probability goes to the front.
fn settle_events(work: &mut Work, known: &[Option<bool>]) {
    for (event, known) in known[..work.network.events()].iter().enumerate() {
        let p = work.network.probability[event];
        match known {
            None => {}
            Some(true) => {
                work.ln_settled += p.ln();
                work.fate[event] = Fate::Present;
                work.network.probability[event] = 1.0;
                work.forest.make_certain(event);
            }
            Some(false) => {
                work.ln_settled += (-p).ln_1p();
                work.fate[event] = Fate::Absent;
            }
        }
    }
    // Requirements of events are met now; those of gates are put in again where they are not.
    work.network.requirements.clear();
}

/// The component that each gate lies in; empty if no gate that is known to be true is used, for then nobody asks.
fn component_of_gates(work: &Work, known: &[Option<bool>]) -> Vec<u32> {
    let events = work.network.events();
    let true_gate = |term: &Term| term.index() >= events && known[term.index()] == Some(true);
    if !work.network.gates.iter().any(|gate| gate.inputs.iter().any(true_gate)) {
        return Vec::new();
    }
    let mut component = vec![0_u32; work.network.gates.len()];
    for (number, members) in components(&work.network).into_iter().enumerate() {
        for member in members {
            component[member.index() - events] = number as u32;
        }
    }
    component
}

/// Rewrites every gate as the requirements see it.
fn rewrite(work: &mut Work, known: &[Option<bool>], component: &[u32]) {
    let events = work.network.events();
    for (at, gate) in work.network.gates.iter_mut().enumerate() {
        let mut met = 0;
        gate.inputs.retain(|input| match known[input.index()] {
            None => true,
            Some(false) => false,
            Some(true) if input.index() >= events && component[input.index() - events] == component[at] => true,
            Some(true) => {
                met += 1;
                false
            }
        });
        gate.threshold = gate.threshold.saturating_sub(met);
    }
}

/// The gates that failures see otherwise than requirements do, as they see them; their terms follow those of the gates.
/// Failures are pointed at them.
fn copies_for_failures(work: &mut Work, known: &[Option<bool>], component: &[u32]) -> Vec<Gate> {
    let network = &work.network;
    let events = network.events();
    if work.failures.is_empty() {
        return Vec::new();
    }
    let noise = |term: Term| term.index() < events && network.fault[term.index()].is_none();
    // A gate differs if something true is taken out of it that is not true in all kept worlds, or if an input differs.
    let uses = work.uses();
    let mut differs = vec![false; network.gates.len()];
    let mut open: Vec<usize> = Vec::new();
    for (at, gate) in network.gates.iter().enumerate() {
        let taken_out = |input: &Term| {
            let stays = || input.index() >= events && component[input.index() - events] == component[at];
            known[input.index()] == Some(true) && !noise(*input) && !stays()
        };
        if gate.inputs.iter().any(taken_out) {
            differs[at] = true;
            open.push(at);
        }
    }
    while let Some(gate) = open.pop() {
        for user in uses.of(work.gate_term(gate)) {
            if !std::mem::replace(&mut differs[*user as usize], true) {
                open.push(*user as usize);
            }
        }
    }
    let mut copy: FxHashMap<Term, Term> = FxHashMap::default();
    let mut order: Vec<Term> = Vec::new();
    let mut open: Vec<Term> = work.failures.iter().filter_map(|failure| failure.term()).collect();
    while let Some(term) = open.pop() {
        let Some(gate) = network.gate(term) else { continue };
        if differs[term.index() - events] && known[term.index()] != Some(false) && !copy.contains_key(&term) {
            copy.insert(term, Term((network.len() + order.len()) as u32));
            order.push(term);
            open.extend(&gate.inputs);
        }
    }
    let copied = |term: &Term| {
        let Gate { mut threshold, inputs } = network.gate(*term).expect("only gates are copied").clone();
        let mut kept = Vec::with_capacity(inputs.len());
        for input in inputs {
            match known[input.index()] {
                Some(false) => {}
                Some(true) if noise(input) => threshold = threshold.saturating_sub(1),
                _ => kept.push(copy.get(&input).copied().unwrap_or(input)),
            }
        }
        Gate { threshold, inputs: kept }
    };
    let copies = order.iter().map(copied).collect();
    for failure in &mut work.failures {
        let Some(term) = failure.term() else { continue };
        *failure = match known[term.index()] {
            // It never happened: nothing explains it.
            Some(false) => Value::Constant(false),
            Some(true) if noise(term) => Value::Constant(true),
            _ => Value::Same(copy.get(&term).copied().unwrap_or(term)),
        };
    }
    copies
}
