//! Minimal solutions: from a function to the family of its minimal cut sets, back, and on to coarser elements.
//!
//! [`Families::minimal_solutions`] is Rauzy's decomposition, from the terminals up: of f = (x ∧ g) ∨ (¬x ∧ h), the
//! minimal solutions without x are those of h; those with x are those of g that include no minimal solution of h.
//! [`Families::to_bdd`] goes back, which gives the exact probability of a family that was cut down on the way.
//! [`Families::project`] renames elements to the classes they belong to, faults to contractors, and keeps the minimal
//! sets: the smallest sets of contractors whose faults can bring about the failure.

use rustc_hash::FxHashMap;

use super::arena::BudgetExceeded;
use super::zbdd::{Families, Family};
use super::{Bdd, Diagram, Manager};

impl Families {
    /// All minimal solutions.
    #[cfg(test)]
    pub(crate) fn minimal_solutions(&mut self, diagram: &Diagram) -> Result<Family, BudgetExceeded> {
        self.minimal_solutions_up_to(diagram, u32::MAX)
    }

    /// The minimal solutions of a function with at most `order` elements: the minimal sets of variables that make it true
    /// when they are true and all others false. Of a monotone function these are the minimal cut sets.
    ///
    /// One `without` for each node of the diagram and order; sets beyond `order` are never made, for where a path has used
    /// up its elements, only its low branch is followed.
    ///
    /// Literature: Rauzy (1993), New algorithms for fault trees analysis.
    ///
    /// # Errors
    /// The budget does not suffice.
    ///
    /// # Panics
    /// The diagram has another number of levels.
    pub(crate) fn minimal_solutions_up_to(&mut self, diagram: &Diagram, order: u32) -> Result<Family, BudgetExceeded> {
        assert_eq!(diagram.levels(), self.levels(), "a diagram over other levels");
        let largest = largest_solutions(diagram);
        // An order that a node's solutions cannot exceed is no bound: all such orders are one key.
        let key = |node: u32, order: u32| (node, order.min(largest[node as usize]));
        let mut known: FxHashMap<(u32, u32), Family> = FxHashMap::default();
        known.insert((0, 0), Family::EMPTY);
        known.insert((1, 0), Family::UNIT);
        let root = key(diagram.root(), order);
        let mut waiting = vec![root];
        while let Some(&(node, order)) = waiting.last() {
            if known.contains_key(&(node, order)) {
                waiting.pop();
                continue;
            }
            let (level, lo, hi) = diagram.node(node);
            let without_it = key(lo, order);
            // With no element left to use there are no solutions with this one, as if hi were false.
            let with_it = if order == 0 { (0, 0) } else { key(hi, order - 1) };
            if let (Some(&lo), Some(&hi)) = (known.get(&without_it), known.get(&with_it)) {
                let hi = self.without(hi, lo)?;
                let family = self.branch(level, lo, hi)?;
                known.insert((node, order), family);
                waiting.pop();
            } else {
                waiting.extend([with_it, without_it].into_iter().filter(|half| !known.contains_key(half)));
            }
        }
        Ok(known[&root])
    }

    /// The function that is true where all elements of at least one set of `family` are. The family need not be
    /// minimal; its minimal solutions are the family's minimal sets.
    ///
    /// One `or` for each node of the family.
    ///
    /// # Errors
    /// The manager's budget does not suffice.
    ///
    /// # Panics
    /// The manager has another number of levels.
    pub(crate) fn to_bdd(&self, family: Family, manager: &mut Manager) -> Result<Bdd, BudgetExceeded> {
        assert_eq!(manager.levels(), self.levels(), "a manager over other levels");
        let nodes = self.nodes(family);
        let mut functions = vec![Bdd::FALSE, Bdd::TRUE];
        for (_, node) in nodes.inner() {
            let lo = functions[node.lo as usize];
            let hi = manager.or(functions[node.hi as usize], lo)?;
            functions.push(manager.branch(node.level, lo, hi)?);
        }
        Ok(functions[nodes.root() as usize])
    }

    /// `family` with each element replaced by its class, minimal, as a family of `classes`. Elements of no class are
    /// dropped from their sets; so a set of none but such elements becomes the empty set, and the only one.
    ///
    /// One minimal product and union for each node of the family.
    ///
    /// # Errors
    /// The budget of `classes` does not suffice.
    ///
    /// # Panics
    /// `class_of_level` has fewer entries than there are levels, or a class is no level of `classes`.
    pub(crate) fn project(
        &self,
        family: Family,
        class_of_level: &[Option<u32>],
        classes: &mut Families,
    ) -> Result<Family, BudgetExceeded> {
        let nodes = self.nodes(family);
        let mut projected = vec![Family::EMPTY, Family::UNIT];
        for (_, node) in nodes.inner() {
            let mut with_it = projected[node.hi as usize];
            if let Some(class) = class_of_level[node.level as usize] {
                let class = classes.set(&[class])?;
                with_it = classes.minimal_product(class, with_it)?;
            }
            projected.push(classes.minimal_union(projected[node.lo as usize], with_it)?);
        }
        Ok(projected[nodes.root() as usize])
    }
}

/// For each node a number of elements that no minimal solution exceeds: the most high branches on a path down.
fn largest_solutions(diagram: &Diagram) -> Vec<u32> {
    let mut largest: Vec<u32> = Vec::with_capacity(diagram.len());
    for index in (0_u32..).take(diagram.len()) {
        let (_, lo, hi) = diagram.node(index);
        let below = |child: u32| largest[child as usize];
        largest.push(if index < 2 { 0 } else { below(lo).max(below(hi) + 1) });
    }
    largest
}
