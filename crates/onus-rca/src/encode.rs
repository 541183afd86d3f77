//! From a network to decision diagrams: one function for each requirement, and their conjunction, the evidence.
//!
//! Gates are encoded dependencies first. Inside a cycle all gates begin as *false* and are recomputed until none
//! changes (Kleene iteration): since equal functions have equal handles, a change is an unequal integer, and since the
//! network is monotone this ends at the least fixpoint, after at most as many rounds as the cycle has gates.

use rustc_hash::FxHashSet;

use crate::components::components;
use crate::decision_diagram::{Bdd, BudgetExceeded, Diagram, Manager};
use crate::network::{Network, Term};

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

/// Encodes a network within a budget of nodes.
pub(crate) fn encode(network: &Network, node_budget: usize) -> Result<Encoded, BudgetExceeded> {
    let event = depth_first_order(network);
    let mut level = vec![0_u32; event.len()];
    for (at, event) in event.iter().enumerate() {
        level[event.index()] = at as u32;
    }
    let probability = event.iter().map(|event| network.probability[event.index()]).collect();
    let mut manager = Manager::new(event.len() as u32, node_budget);
    let function = functions(network, &level, &mut manager)?;
    let mut requirements = Vec::with_capacity(network.requirements.len());
    for requirement in &network.requirements {
        let said = function[requirement.term.index()];
        requirements.push(if requirement.holds { said } else { manager.and_not(Bdd::TRUE, said)? });
    }
    let evidence = all_of(&requirements, &mut manager)?;
    let failures = network.failures.iter().map(|term| function[term.index()]).collect();
    Ok(Encoded { manager, event, probability, evidence, failures })
}

/// The conjunction of some functions, by halves: taken one after another, each would rebuild all that came before it.
fn all_of(functions: &[Bdd], manager: &mut Manager) -> Result<Bdd, BudgetExceeded> {
    let mut all = functions.to_vec();
    while all.len() > 1 {
        for at in 0..all.len().div_ceil(2) {
            let second = all.get(2 * at + 1).copied().unwrap_or(Bdd::TRUE);
            all[at] = manager.and(all[2 * at], second)?;
        }
        all.truncate(all.len().div_ceil(2));
    }
    Ok(all.first().copied().unwrap_or(Bdd::TRUE))
}

/// The function of every term: the least fixpoint.
fn functions(network: &Network, level: &[u32], manager: &mut Manager) -> Result<Vec<Bdd>, BudgetExceeded> {
    let mut function = vec![Bdd::FALSE; network.len()];
    for (event, level) in level.iter().enumerate() {
        function[event] = manager.variable(*level)?;
    }
    for component in components(network) {
        if let Some(inputs) = inputs_of_or_loop(network, &component) {
            let inputs: Vec<Bdd> = inputs.iter().map(|input| function[input.index()]).collect();
            let all = manager.or_all(&inputs)?;
            for term in component {
                function[term.index()] = all;
            }
            continue;
        }
        loop {
            let mut changed = false;
            for term in &component {
                let now = evaluate(network, *term, &function, manager)?;
                changed |= std::mem::replace(&mut function[term.index()], now) != now;
            }
            // A gate alone depends on itself only if it is its own input; then one more round settles it.
            let alone = component.len() == 1
                && !network.gate(component[0]).is_some_and(|gate| gate.inputs.contains(&component[0]));
            if !changed || alone {
                break;
            }
        }
    }
    Ok(function)
}

/// What a cycle of ORs alone hears from outside: each of its gates fails by any other, so that all are the OR of these.
/// `None` where the component is no such cycle. Without this a ring of n gates would take n rounds of n steps.
fn inputs_of_or_loop(network: &Network, component: &[Term]) -> Option<Vec<Term>> {
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

fn evaluate(network: &Network, term: Term, function: &[Bdd], manager: &mut Manager) -> Result<Bdd, BudgetExceeded> {
    let gate = network.gate(term).expect("components hold gates only");
    let inputs: Vec<Bdd> = gate.inputs.iter().map(|input| function[input.index()]).collect();
    match gate.threshold as usize {
        1 => manager.or_all(&inputs),
        k if k == inputs.len() => manager.and_all(&inputs),
        k => manager.at_least(k, &inputs),
    }
}

/// An order of the events: depth-first from the requirements, as they stand, so that what one gate needs stays together.
/// What no requirement leads to comes last.
fn depth_first_order(network: &Network) -> Vec<Term> {
    let mut order: Vec<Term> = Vec::with_capacity(network.events());
    let mut seen = vec![false; network.len()];
    let roots = network.requirements.iter().map(|requirement| requirement.term).chain(network.failures.iter().copied());
    for root in roots {
        let mut open = vec![root];
        while let Some(term) = open.pop() {
            if std::mem::replace(&mut seen[term.index()], true) {
                continue;
            }
            match network.gate(term) {
                None => order.push(term),
                Some(gate) => open.extend(gate.inputs.iter().rev()),
            }
        }
    }
    order.extend((0..network.events() as u32).map(Term).filter(|event| !seen[event.index()]));
    order
}
