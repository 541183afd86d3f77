//! Cut sets of small order where the function of the failure is too large to build: the families of all gates, gate by
//! gate, every set dropped as soon as it has too many elements.
//!
//! Inside a cycle all gates begin without any set and are recomputed until none changes, as functions are in
//! [`encode`](crate::encode). The sets of a gate can lose none in a later round, and there are only so many of an order.
//!
//! Literature: Jung, Han & Ha (2004), A fast BDD algorithm for large coherent fault trees analysis, for truncation
//! inside the operations.

use super::report::any_of;
use super::{CutSetOptions, Found, Truncation};
use crate::components::components;
use crate::decision_diagram::{Bdd, BudgetExceeded, Families, Family, Manager};
use crate::diagnose::StopReason;
use crate::encode::{inputs_of_or_loop, is_cycle};
use crate::figure::Figure;
use crate::network::{Network, Term};
use crate::variable_order;

/// The cut sets up to the greatest order that the budget allows, with a lower bound of the probability.
///
/// Evidence that requires something to work gets no sets: that takes sets away, and no family of sets says which.
pub(super) fn find(network: &Network, options: &CutSetOptions) -> Found {
    let components = components(network);
    let event = variable_order::as_written(network);
    let probability: Vec<f64> = event.iter().map(|event| network.probability[event.index()]).collect();
    let levels = event.len() as u32;
    let mut shallowest = vec![u32::MAX; network.len()];
    for (level, event) in (0_u32..).zip(&event) {
        shallowest[event.index()] = level;
    }
    let mut best = (Families::new(levels, 0), Family::EMPTY, 0);
    let is_monotone = network.requirements.iter().all(|requirement| requirement.holds);
    let orders = if is_monotone { options.max_order.min(levels) } else { 0 };
    for order in 1..=orders {
        let families = Families::new(levels, options.node_budget);
        let sets = vec![Family::EMPTY; network.len()];
        let mut search = Search { network, families, sets, order, shallowest: shallowest.clone() };
        let Ok(family) = search.all(&components) else { break };
        best = (search.families, family, order);
    }
    let (families, family, order) = best;
    let (at_least, nodes) = any_of(&families, family, &probability, options.node_budget)
        .unwrap_or_else(|_| any_of_the_best(&families, family, &probability, options.node_budget));
    Found {
        nodes: families.statistics().nodes + nodes,
        families,
        family,
        event,
        probability,
        truncation: Some(Truncation { max_order: order, reason: StopReason::NodeBudget }),
        total: Figure::interval(at_least, 1.0),
    }
}

/// Probability that at least one of the most probable sets is all there, of as many as the budget allows, and the nodes
/// that took.
fn any_of_the_best(families: &Families, family: Family, probability: &[f64], node_budget: usize) -> (f64, usize) {
    /// Sets that are tried at most: each is laid into a function of all before it.
    const SETS: usize = 10_000;
    let mut manager = Manager::new(families.levels(), node_budget);
    let mut any = Bdd::FALSE;
    for set in families.best_first(family, probability).take(SETS) {
        let elements: Result<Vec<Bdd>, _> = set.levels.iter().map(|level| manager.variable(*level)).collect();
        let with_it = elements.and_then(|elements| manager.and_all(&elements)).and_then(|all| manager.or(any, all));
        let Ok(with_it) = with_it else { break };
        any = with_it;
    }
    let diagram = manager.diagram(any);
    (diagram.up(probability)[diagram.root() as usize], manager.statistics().nodes)
}

struct Search<'n> {
    network: &'n Network,
    families: Families,
    /// Of every term, with at most `order` elements.
    sets: Vec<Family>,
    order: u32,
    /// Of every term a level that all of its sets lie at or below; of an event, its level.
    shallowest: Vec<u32>,
}

impl Search<'_> {
    /// The sets that make all requirements hold.
    fn all(&mut self, components: &[Vec<Term>]) -> Result<Family, BudgetExceeded> {
        for event in 0..self.network.events() {
            self.sets[event] = self.families.set(&[self.shallowest[event]])?;
        }
        for component in components {
            if let Some(mut inputs) = inputs_of_or_loop(self.network, component) {
                let (family, shallowest) = self.at_least(1, &mut inputs)?;
                for term in component {
                    self.sets[term.index()] = family;
                    self.shallowest[term.index()] = shallowest;
                }
                continue;
            }
            loop {
                let mut changed = false;
                for term in component {
                    let now = self.gate(*term)?;
                    changed |= std::mem::replace(&mut self.sets[term.index()], now) != now;
                }
                if !changed || !is_cycle(self.network, component) {
                    break;
                }
            }
        }
        let mut together = Family::UNIT;
        for requirement in &self.network.requirements {
            together = self.both(together, self.sets[requirement.term.index()])?;
        }
        Ok(together)
    }

    fn both(&mut self, a: Family, b: Family) -> Result<Family, BudgetExceeded> {
        let product = self.families.minimal_product(a, b)?;
        self.families.up_to_order(product, self.order)
    }

    fn gate(&mut self, term: Term) -> Result<Family, BudgetExceeded> {
        let gate = self.network.gate(term).expect("components hold gates only");
        let (family, shallowest) = self.at_least(gate.threshold as usize, &mut gate.inputs.clone())?;
        self.shallowest[term.index()] = shallowest;
        Ok(family)
    }

    /// The sets that make so many of these inputs fail, and a level that all of them lie at or below.
    fn at_least(&mut self, threshold: usize, inputs: &mut [Term]) -> Result<(Family, u32), BudgetExceeded> {
        // Deepest first, as for functions: what is shallow is laid on top instead of being pushed through.
        inputs.sort_by_key(|input| std::cmp::Reverse(self.shallowest[input.index()]));
        // "At least j of the inputs so far", for each j.
        let mut at_least = vec![Family::EMPTY; threshold + 1];
        at_least[0] = Family::UNIT;
        for (seen, input) in inputs.iter().enumerate() {
            let to_come = inputs.len() - seen - 1;
            for j in (threshold.saturating_sub(to_come).max(1)..=threshold.min(seen + 1)).rev() {
                let one_more = self.both(self.sets[input.index()], at_least[j - 1])?;
                at_least[j] = self.families.minimal_union(at_least[j], one_more)?;
            }
        }
        Ok((at_least[threshold], inputs.last().map_or(u32::MAX, |last| self.shallowest[last.index()])))
    }
}
