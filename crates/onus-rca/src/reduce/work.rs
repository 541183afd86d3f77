//! A network on the way, with everything needed to get back to the original events.

use super::forest::{Combination, Forest, ForestNode};
use super::uses::Uses;
use crate::network::{Network, Requirement, Term};

/// What the evidence says of an original event before any diagram is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nothing is certain.
    Open,
    /// In every world that meets the requirements it is present.
    Present,
    /// In none.
    Absent,
}

/// A network being reduced, in place. Terms keep their numbers: an event that stands for a group is the first of its
/// members, and what has been replaced is used no more.
///
/// **Invariants.** P(original requirements) = `exp(ln_settled)` · P(requirements of `network`), or 0 if `impossible`.
/// In every world that meets the original requirements each failure has, in the actual world and in any world that keeps
/// fewer of the faults, the value that its term has in `network`.
pub(super) struct Work {
    pub(super) network: Network,
    /// By event of `network`: what it stands for.
    pub(super) stands_for: Vec<ForestNode>,
    pub(super) forest: Forest,
    /// By original event.
    pub(super) fate: Vec<Fate>,
    pub(super) ln_settled: f64,
    pub(super) impossible: bool,
    /// By term: what has replaced it.
    pub(super) replaced: Vec<Value>,
    /// By observed failure: the term that is it, or whether it happens; those of `network` are not used.
    pub(super) failures: Vec<Value>,
}

/// What a term has been found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Itself.
    Itself,
    Constant(bool),
    /// Another term, always.
    Same(Term),
}

impl Value {
    pub(super) fn term(self) -> Option<Term> {
        if let Self::Same(term) = self { Some(term) } else { None }
    }
}

impl Work {
    pub(super) fn new(mut network: Network) -> Self {
        let failures = std::mem::take(&mut network.failures).into_iter().map(Value::Same).collect();
        let fault = network.fault.iter().map(Option::is_some).collect();
        let forest = Forest::new(network.probability.clone(), fault);
        let events = network.events();
        let replaced = vec![Value::Itself; network.len()];
        Self {
            network,
            stands_for: (0..events as u32).collect(),
            forest,
            fate: vec![Fate::Open; events],
            ln_settled: 0.0,
            impossible: false,
            replaced,
            failures,
        }
    }

    pub(super) fn gate_term(&self, gate: usize) -> Term {
        Term((self.network.events() + gate) as u32)
    }

    /// What a term is now; short-cuts the way there.
    pub(super) fn resolve(&mut self, term: Term) -> Value {
        let mut end = term;
        let value = loop {
            match self.replaced[end.index()] {
                Value::Itself => break Value::Same(end),
                Value::Constant(value) => break Value::Constant(value),
                Value::Same(next) => end = next,
            }
        };
        let mut at = term;
        while let Value::Same(next) = self.replaced[at.index()] {
            if next == end {
                break;
            }
            self.replaced[at.index()] = value;
            at = next;
        }
        value
    }

    /// Replaces a gate for good.
    pub(super) fn replace(&mut self, gate: usize, value: Value) {
        let term = self.gate_term(gate);
        self.replaced[term.index()] = value;
        self.network.gates[gate].inputs = Vec::new();
    }

    /// Brings inputs, requirements and failures up to date with what has been replaced: those of constants are decided.
    pub(super) fn refresh(&mut self) {
        for at in 0..self.network.gates.len() {
            let mut inputs = std::mem::take(&mut self.network.gates[at].inputs);
            let mut met = 0;
            inputs.retain_mut(|input| match self.resolve(*input) {
                Value::Constant(value) => {
                    met += u32::from(value);
                    false
                }
                Value::Same(term) => {
                    *input = term;
                    true
                }
                Value::Itself => unreachable!("resolve never answers so"),
            });
            let gate = &mut self.network.gates[at];
            gate.inputs = inputs;
            gate.threshold = gate.threshold.saturating_sub(met);
        }
        let mut requirements: Vec<Requirement> = Vec::new();
        for mut requirement in std::mem::take(&mut self.network.requirements) {
            match self.resolve(requirement.term) {
                Value::Constant(value) => self.impossible |= value != requirement.holds,
                Value::Same(term) => {
                    requirement.term = term;
                    requirements.push(requirement);
                }
                Value::Itself => unreachable!("resolve never answers so"),
            }
        }
        requirements.sort_unstable_by_key(|requirement| (requirement.term, requirement.holds));
        requirements.dedup_by_key(|requirement| (requirement.term, requirement.holds));
        self.impossible |= requirements.windows(2).any(|pair| pair[0].term == pair[1].term);
        self.network.requirements = requirements;
        for at in 0..self.failures.len() {
            if let Value::Same(term) = self.failures[at] {
                self.failures[at] = self.resolve(term);
            }
        }
    }

    /// The terms that requirements and failures name.
    pub(super) fn roots(&self) -> impl Iterator<Item = Term> {
        let failures = self.failures.iter().filter_map(|failure| failure.term());
        self.network.requirements.iter().map(|requirement| requirement.term).chain(failures)
    }

    /// Empties the gates that no requirement and no failure depends on. O(terms + inputs).
    pub(super) fn cut_to_cone(&mut self) {
        let mut live = vec![false; self.network.len()];
        let mut open: Vec<Term> = self.roots().collect();
        while let Some(term) = open.pop() {
            if !std::mem::replace(&mut live[term.index()], true)
                && let Some(gate) = self.network.gate(term)
            {
                open.extend(&gate.inputs);
            }
        }
        let events = self.network.events();
        for (gate, live) in self.network.gates.iter_mut().zip(&live[events..]) {
            if !live {
                gate.inputs = Vec::new();
                gate.threshold = 1;
            }
        }
    }

    /// How often each term is used: as an input, and as a root.
    pub(super) fn count_uses(&self) -> Vec<u32> {
        let mut count = vec![0_u32; self.network.len()];
        for input in self.network.gates.iter().flat_map(|gate| &gate.inputs) {
            count[input.index()] += 1;
        }
        for root in self.roots() {
            count[root.index()] += 1;
        }
        count
    }

    pub(super) fn uses(&self) -> Uses {
        Uses::of_network(&self.network)
    }

    /// Folds two or more events, all faults or none, into the first of them.
    pub(super) fn fold(&mut self, combination: Combination, events: &[Term]) -> Term {
        let nodes: Vec<ForestNode> = events.iter().map(|event| self.stands_for[event.index()]).collect();
        let group = self.forest.combine(combination, &nodes);
        let slot = events[0];
        self.stands_for[slot.index()] = group;
        self.network.probability[slot.index()] = self.forest.probability(group);
        slot
    }
}
