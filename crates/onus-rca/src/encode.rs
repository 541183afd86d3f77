//! From a case to decision diagrams: one function for each condition, and their conjunction, the evidence.
//!
//! Gates are encoded dependencies first. Inside a cycle all gates begin as *false* and are recomputed until none
//! changes (Kleene iteration): since equal functions have equal handles, a change is an unequal integer, and since the
//! network is monotone this ends at the least fixpoint, after at most as many rounds as the cycle has gates.

use rustc_hash::FxHashMap;

use crate::case::{Case, Condition, Failure, Reach, Subject, Variable};
use crate::components::components;
use crate::decision_diagram::{Bdd, BudgetExceeded, Diagram, Manager};
use crate::fault_graph::{Event, Node};

/// A case in decision diagrams.
pub(crate) struct Encoded {
    pub(crate) manager: Manager,
    /// The variable on each level.
    pub(crate) variable: Vec<Variable>,
    /// Probability of each level.
    pub(crate) probability: Vec<f64>,
    /// What each condition says, by condition.
    pub(crate) conditions: Vec<Bdd>,
    /// The evidence: all conditions together.
    pub(crate) evidence: Bdd,
    /// When each observed failure happens, by failure.
    pub(crate) failures: Vec<Bdd>,
}

impl Encoded {
    pub(crate) fn diagram(&self, function: Bdd) -> Diagram {
        self.manager.diagram(function)
    }

    /// The conjunction of some conditions.
    pub(crate) fn all_of(&mut self, conditions: impl IntoIterator<Item = usize>) -> Result<Bdd, BudgetExceeded> {
        let mut all = Bdd::TRUE;
        for condition in conditions {
            let condition = self.conditions[condition];
            all = self.manager.and(all, condition)?;
        }
        Ok(all)
    }
}

/// Encodes a case within a budget of nodes.
pub(crate) fn encode(case: &Case<'_>, node_budget: usize) -> Result<Encoded, BudgetExceeded> {
    let order = depth_first_order(case);
    let mut level = vec![0_u32; order.len()];
    for (at, variable) in order.iter().enumerate() {
        level[variable.index()] = at as u32;
    }
    let probability = order.iter().map(|variable| case.probability[variable.index()]).collect();
    let mut encoder = Encoder {
        case,
        level: &level,
        manager: Manager::new(order.len() as u32, node_budget),
        components: components(case.graph, &case.cone),
        epochs: FxHashMap::default(),
    };
    let mut conditions = Vec::with_capacity(case.conditions.len());
    let mut evidence = Bdd::TRUE;
    for condition in &case.conditions {
        let function = encoder.condition(condition)?;
        evidence = encoder.manager.and(evidence, function)?;
        conditions.push(function);
    }
    let failures = case.failures.iter().map(|failure| encoder.failure(failure)).collect::<Result<Vec<_>, _>>()?;
    Ok(Encoded { manager: encoder.manager, variable: order, probability, conditions, evidence, failures })
}

struct Encoder<'c, 'g> {
    case: &'c Case<'g>,
    level: &'c [u32],
    manager: Manager,
    components: Vec<Vec<Node>>,
    /// Functions of all gates of the cone, by epoch.
    epochs: FxHashMap<usize, FxHashMap<Node, Bdd>>,
}

impl Encoder<'_, '_> {
    fn variable(&mut self, variable: Variable) -> Result<Bdd, BudgetExceeded> {
        self.manager.variable(self.level[variable.index()])
    }

    fn condition(&mut self, condition: &Condition) -> Result<Bdd, BudgetExceeded> {
        let mut said = match condition.subject {
            Subject::Gate(gate) => self.gate(condition.epoch, gate)?,
            Subject::Fault(fault) => {
                let mut anywhere = Bdd::FALSE;
                for element in self.case.graph.topology().faults()[fault.index()].elements.clone() {
                    let here = self.fault_at(self.case.graph.fault_node(fault), element, condition.epoch)?;
                    anywhere = self.manager.or(anywhere, here)?;
                }
                anywhere
            }
        };
        if let Some(noise) = condition.noise {
            let detection = self.variable(noise.detection)?;
            let false_alarm = self.variable(noise.false_alarm)?;
            said = self.manager.and(said, detection)?;
            said = self.manager.or(said, false_alarm)?;
        }
        if condition.holds { Ok(said) } else { self.manager.and_not(Bdd::TRUE, said) }
    }

    fn failure(&mut self, failure: &Failure) -> Result<Bdd, BudgetExceeded> {
        self.gate(failure.epoch, failure.gate)
    }

    fn gate(&mut self, epoch: usize, gate: Node) -> Result<Bdd, BudgetExceeded> {
        if !self.epochs.contains_key(&epoch) {
            let functions = self.epoch(epoch)?;
            self.epochs.insert(epoch, functions);
        }
        Ok(self.epochs[&epoch][&gate])
    }

    /// All gates of the cone in one epoch: the least fixpoint.
    fn epoch(&mut self, epoch: usize) -> Result<FxHashMap<Node, Bdd>, BudgetExceeded> {
        let components = std::mem::take(&mut self.components);
        let mut functions: FxHashMap<Node, Bdd> = FxHashMap::default();
        for component in &components {
            for gate in component {
                functions.insert(*gate, Bdd::FALSE);
            }
            loop {
                let mut changed = false;
                for gate in component {
                    let function = self.evaluate(epoch, *gate, &functions)?;
                    changed |= functions.insert(*gate, function) != Some(function);
                }
                // A gate alone cannot depend on itself, except through itself, where one more round settles it.
                if !changed || (component.len() == 1 && !self.case.graph.inputs(component[0]).contains(&component[0])) {
                    break;
                }
            }
        }
        self.components = components;
        Ok(functions)
    }

    fn evaluate(&mut self, epoch: usize, gate: Node, functions: &FxHashMap<Node, Bdd>) -> Result<Bdd, BudgetExceeded> {
        let graph = self.case.graph;
        let mut inputs = Vec::with_capacity(graph.inputs(gate).len());
        for input in graph.inputs(gate) {
            inputs.push(match (graph.event(*input), graph.element(gate)) {
                (None, _) => functions[input],
                (Some(Event::Fault(_)), Some(element)) => self.fault_at(*input, element, epoch)?,
                (Some(_), _) => self.event(*input)?,
            });
        }
        match graph.threshold(gate) as usize {
            1 => self.manager.or_all(&inputs),
            k if k == inputs.len() => self.manager.and_all(&inputs),
            k => self.manager.at_least(k, &inputs),
        }
    }

    fn event(&mut self, event: Node) -> Result<Bdd, BudgetExceeded> {
        let variable = self.case.variable(event).expect("the cone holds every event that reaches it");
        self.variable(variable)
    }

    /// A fault, as far as repairs have left it active on an element.
    fn fault_at(&mut self, fault: Node, element: onus_model::Element, epoch: usize) -> Result<Bdd, BudgetExceeded> {
        let Some(Event::Fault(index)) = self.case.graph.event(fault) else { return self.event(fault) };
        match self.case.reach(index, element, epoch) {
            Reach::Repaired => Ok(Bdd::FALSE),
            Reach::IfAll(failed_repairs) => {
                let mut active = self.event(fault)?;
                for repair in failed_repairs {
                    let failed = self.variable(repair)?;
                    active = self.manager.and(active, failed)?;
                }
                Ok(active)
            }
        }
    }
}

/// An order of the variables: depth-first from the conditions, as they stand, so that what one gate needs stays
/// together. The events of an unreliable report stand right before what it is about; repairs that may have failed
/// come first, since they concern several epochs.
fn depth_first_order(case: &Case<'_>) -> Vec<Variable> {
    let mut placed = vec![false; case.probability.len()];
    let mut order: Vec<Variable> = Vec::with_capacity(placed.len());
    let mut seen = vec![false; case.graph.node_count()];
    let mut place = |variable: Variable, order: &mut Vec<Variable>| {
        if !std::mem::replace(&mut placed[variable.index()], true) {
            order.push(variable);
        }
    };
    for condition in &case.conditions {
        if let Some(noise) = condition.noise {
            place(noise.false_alarm, &mut order);
            place(noise.detection, &mut order);
        }
        let root = match condition.subject {
            Subject::Gate(gate) => gate,
            Subject::Fault(fault) => case.graph.fault_node(fault),
        };
        let mut open = vec![root];
        while let Some(node) = open.pop() {
            if std::mem::replace(&mut seen[node.index()], true) {
                continue;
            }
            if case.graph.event(node).is_some() {
                if let Some(variable) = case.variable(node) {
                    place(variable, &mut order);
                }
            } else {
                open.extend(case.graph.inputs(node).iter().rev());
            }
        }
    }
    // What no condition meets on its way: repairs that may have failed.
    let rest: Vec<Variable> = (0..case.probability.len() as u32).map(Variable).collect();
    let mut first: Vec<Variable> = Vec::new();
    for variable in rest {
        place(variable, &mut first);
    }
    first.extend(order);
    first
}
