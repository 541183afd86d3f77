//! Independent parts: requirements and failures whose cones share no event know nothing of each other.
//!
//! P(requirements) is the product over the parts, posteriors and shares are found in each part alone, and so are the most
//! probable fault sets. What lies in no part keeps its prior.

use super::forest::ForestNode;
use super::work::{Value, Work};
use crate::network::{Gate, Network, Requirement, Term};

/// A part of a reduced network, as a network of its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Part {
    /// Its failures are those that its events decide; a failure may be listed twice.
    pub(crate) network: Network,
    /// By event: what it stands for.
    pub(crate) stands_for: Vec<ForestNode>,
}

/// Takes the cones of requirements and failures apart, in the order of their first roots. O((terms + inputs) · α).
pub(super) fn take_apart(work: &Work) -> Vec<Part> {
    let network = &work.network;
    let events = network.events();
    let mut sets = DisjointSets::new(network.len());
    let mut live = vec![false; network.len()];
    let mut open: Vec<Term> = work.roots().collect();
    let mut order: Vec<Term> = Vec::new();
    while let Some(term) = open.pop() {
        if std::mem::replace(&mut live[term.index()], true) {
            continue;
        }
        order.push(term);
        if let Some(gate) = network.gate(term) {
            for input in &gate.inputs {
                sets.unite(term.0, input.0);
                open.push(*input);
            }
        }
    }
    let mut number: Vec<Option<usize>> = vec![None; network.len()];
    let mut parts: Vec<Part> = Vec::new();
    for root in work.roots() {
        number[sets.find(root.0) as usize].get_or_insert_with(|| {
            parts.push(Part::default());
            parts.len() - 1
        });
    }
    let mut part_of = |term: Term| number[sets.find(term.0) as usize].expect("live terms hang on a root");
    // Events first, so that gates can be numbered after them.
    order.sort_unstable();
    let mut place = vec![Term(0); network.len()];
    for term in &order {
        let part = &mut parts[part_of(*term)];
        if term.index() < events {
            place[term.index()] = Term(part.network.events() as u32);
            part.network.probability.push(network.probability[term.index()]);
            part.network.fault.push(network.fault[term.index()]);
            part.stands_for.push(work.stands_for[term.index()]);
        } else {
            place[term.index()] = Term(part.network.len() as u32);
            part.network.gates.push(Gate { threshold: 0, inputs: Vec::new() });
        }
    }
    for term in &order {
        if let Some(gate) = network.gate(*term) {
            let inputs = gate.inputs.iter().map(|input| place[input.index()]).collect();
            let own = &mut parts[part_of(*term)].network;
            let at = place[term.index()].index() - own.events();
            own.gates[at] = Gate { threshold: gate.threshold, inputs };
        }
    }
    for requirement in &network.requirements {
        let term = place[requirement.term.index()];
        parts[part_of(requirement.term)].network.requirements.push(Requirement { term, ..*requirement });
    }
    for failure in &work.failures {
        if let Value::Same(term) = failure {
            parts[part_of(*term)].network.failures.push(place[term.index()]);
        }
    }
    parts
}

/// Union-find (Tarjan 1975), by size with path halving.
struct DisjointSets {
    parent: Vec<u32>,
    size: Vec<u32>,
}

impl DisjointSets {
    fn new(count: usize) -> Self {
        Self { parent: (0..count as u32).collect(), size: vec![1; count] }
    }

    fn find(&mut self, mut at: u32) -> u32 {
        while self.parent[at as usize] != at {
            let grandparent = self.parent[self.parent[at as usize] as usize];
            self.parent[at as usize] = grandparent;
            at = grandparent;
        }
        at
    }

    fn unite(&mut self, a: u32, b: u32) {
        let (mut a, mut b) = (self.find(a), self.find(b));
        if a != b {
            if self.size[a as usize] < self.size[b as usize] {
                std::mem::swap(&mut a, &mut b);
            }
            self.parent[b as usize] = a;
            self.size[a as usize] += self.size[b as usize];
        }
    }
}
