//! From a network to decision diagrams: one function for each requirement, and their conjunction, the evidence.
//!
//! Gates are encoded dependencies first. Inside a cycle all gates begin as *false* and are recomputed until none
//! changes (Kleene iteration): since equal functions have equal handles, a change is an unequal integer, and since the
//! network is monotone this ends at the least fixpoint, after at most as many rounds as the cycle has gates.
//!
//! The order of the events decides how large the diagrams get: [`variable_order`] proposes some and keeps the best.

use rustc_hash::FxHashSet;

use crate::components::components;
use crate::decision_diagram::{Bdd, BudgetExceeded, Diagram, Manager};
use crate::network::{Network, Term};
use crate::variable_order::{self, Unfinished};

/// A network in decision diagrams.
pub(crate) struct Encoded {
    pub(crate) manager: Manager,
    /// The event on each level.
    pub(crate) event: Vec<Term>,
    /// Probability of each level.
    pub(crate) probability: Vec<f64>,
    /// The evidence: all requirements together.
    pub(crate) evidence: Bdd,
    /// When each observed failure happens, by failure.
    pub(crate) failures: Vec<Bdd>,
}

impl Encoded {
    pub(crate) fn diagram(&self, function: Bdd) -> Diagram {
        self.manager.diagram(function)
    }
}

/// For each node of a diagram, whether a world of a probability above 0 meets the function below it. By logic: a product
/// of hundreds of small probabilities is 0 in floating point, and not in truth.
fn possible(diagram: &Diagram, probability: &[f64]) -> Vec<bool> {
    let mut possible = vec![false; diagram.len()];
    possible[1] = true;
    for v in 2..diagram.len() {
        let (level, lo, hi) = diagram.node(v as u32);
        let p = probability[level as usize];
        possible[v] = (p < 1.0 && possible[lo as usize]) || (p > 0.0 && possible[hi as usize]);
    }
    possible
}

/// Whether any world of a probability above 0 meets a function. O(nodes).
pub(crate) fn is_possible(diagram: &Diagram, probability: &[f64]) -> bool {
    possible(diagram, probability)[diagram.root() as usize]
}

/// Fixes the events that a function decides: where every world that meets it has an event present (or absent), that
/// event's probability becomes 1 (or 0). Everything given the function stays what it was, and is no longer lost
/// to underflow where many events are decided. Returns the probability of what was fixed. O(nodes + levels).
pub(crate) fn settle(diagram: &Diagram, probability: &mut [f64]) -> f64 {
    let possible = possible(diagram, probability);
    let levels = probability.len();
    let mut reached = vec![false; diagram.len()];
    reached[diagram.root() as usize] = true;
    let mut met = vec![[false; 2]; levels];
    // Levels that an edge skips are met with either value: +1 where a skip begins, −1 where it ends.
    let mut skips = vec![0_i64; levels + 1];
    let mut skip = |from: u32, to: u32| {
        skips[from as usize] += 1;
        skips[to as usize] -= 1;
    };
    skip(0, diagram.node(diagram.root()).0);
    for v in (2..diagram.len()).rev().filter(|v| possible[*v]) {
        if !reached[v] {
            continue;
        }
        let (level, lo, hi) = diagram.node(v as u32);
        let p = probability[level as usize];
        for (value, child, weight) in [(0, lo, 1.0 - p), (1, hi, p)] {
            if weight > 0.0 && possible[child as usize] {
                reached[child as usize] = true;
                met[level as usize][value] = true;
                skip(level + 1, diagram.node(child).0);
            }
        }
    }
    let mut fixed = 1.0;
    let mut skipping = 0;
    for (level, p) in probability.iter_mut().enumerate() {
        skipping += skips[level];
        match met[level] {
            [false, true] if skipping == 0 => {
                fixed *= *p;
                *p = 1.0;
            }
            [true, false] if skipping == 0 => {
                fixed *= 1.0 - *p;
                *p = 0.0;
            }
            _ => {}
        }
    }
    fixed
}

/// Encodes a network within a budget of nodes, in the best of some orders of its events (see [`variable_order`]).
pub(crate) fn encode(network: &Network, node_budget: usize) -> Result<Encoded, BudgetExceeded> {
    let components = components(network);
    variable_order::best(network, &components, node_budget, |order, budget| {
        encode_in(network, &components, order, budget)
    })
}

/// Encodes a network in one order of its events.
fn encode_in(
    network: &Network,
    components: &[Vec<Term>],
    order: &[Term],
    node_budget: usize,
) -> Result<Encoded, Unfinished> {
    let mut encoder = Encoder {
        network,
        components,
        manager: Manager::new(order.len() as u32, node_budget),
        function: vec![Bdd::FALSE; network.len()],
        evaluated: 0,
    };
    let evidence = encoder.run(order);
    let evidence = evidence.map_err(|exceeded| Unfinished { exceeded, progress: encoder.evaluated })?;
    Ok(Encoded {
        event: order.to_vec(),
        probability: order.iter().map(|event| network.probability[event.index()]).collect(),
        evidence,
        failures: network.failures.iter().map(|term| encoder.function[term.index()]).collect(),
        manager: encoder.manager,
    })
}

struct Encoder<'n> {
    network: &'n Network,
    components: &'n [Vec<Term>],
    manager: Manager,
    /// Of every term.
    function: Vec<Bdd>,
    /// How often a gate has been evaluated, to see how far an order got.
    evaluated: u64,
}

impl Encoder<'_> {
    /// The evidence: what all requirements say together.
    fn run(&mut self, order: &[Term]) -> Result<Bdd, BudgetExceeded> {
        for (level, event) in (0_u32..).zip(order) {
            self.function[event.index()] = self.manager.variable(level)?;
        }
        self.least_fixpoint()?;
        let mut all = Vec::with_capacity(self.network.requirements.len());
        for requirement in &self.network.requirements {
            let said = self.function[requirement.term.index()];
            all.push(if requirement.holds { said } else { self.manager.and_not(Bdd::TRUE, said)? });
        }
        // By halves: taken one after another, each would rebuild all that came before it.
        while all.len() > 1 {
            for at in 0..all.len().div_ceil(2) {
                let second = all.get(2 * at + 1).copied().unwrap_or(Bdd::TRUE);
                all[at] = self.manager.and(all[2 * at], second)?;
            }
            all.truncate(all.len().div_ceil(2));
        }
        Ok(all.first().copied().unwrap_or(Bdd::TRUE))
    }

    /// The function of every gate.
    fn least_fixpoint(&mut self) -> Result<(), BudgetExceeded> {
        for component in self.components {
            if let Some(inputs) = inputs_of_or_loop(self.network, component) {
                let inputs: Vec<Bdd> = inputs.iter().map(|input| self.function[input.index()]).collect();
                self.evaluated += component.len() as u64;
                let all = self.manager.or_all(&inputs)?;
                for term in component {
                    self.function[term.index()] = all;
                }
                continue;
            }
            loop {
                let mut changed = false;
                for term in component {
                    let now = self.evaluate(*term)?;
                    changed |= std::mem::replace(&mut self.function[term.index()], now) != now;
                }
                if !changed || !is_cycle(self.network, component) {
                    break;
                }
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, term: Term) -> Result<Bdd, BudgetExceeded> {
        let gate = self.network.gate(term).expect("components hold gates only");
        let inputs: Vec<Bdd> = gate.inputs.iter().map(|input| self.function[input.index()]).collect();
        self.evaluated += 1;
        match gate.threshold as usize {
            1 => self.manager.or_all(&inputs),
            k if k == inputs.len() => self.manager.and_all(&inputs),
            k => self.manager.at_least(k, &inputs),
        }
    }
}

/// Whether a component's gates depend on themselves. One alone does only if it is its own input.
pub(crate) fn is_cycle(network: &Network, component: &[Term]) -> bool {
    component.len() > 1 || network.gate(component[0]).is_some_and(|gate| gate.inputs.contains(&component[0]))
}

/// What a cycle of ORs alone hears from outside: each of its gates fails by any other, so that all are the OR of these.
/// `None` where the component is no such cycle. Without this a ring of n gates would take n rounds of n steps.
pub(crate) fn inputs_of_or_loop(network: &Network, component: &[Term]) -> Option<Vec<Term>> {
    if component.len() == 1 {
        return None;
    }
    let members: FxHashSet<Term> = component.iter().copied().collect();
    let mut inputs = Vec::new();
    for term in component {
        let gate = network.gate(*term).filter(|gate| gate.threshold == 1)?;
        inputs.extend(gate.inputs.iter().copied().filter(|input| !members.contains(input)));
    }
    Some(inputs)
}
