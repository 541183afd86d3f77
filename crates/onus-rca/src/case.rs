//! One question to the engine: the part of the fault graph that bears on some evidence, as basic events and conditions.
//!
//! Repairs split an incident into *epochs*: epoch `k` is after the first `k` times of repair. Faults persist from the
//! beginning, so that all epochs share the fault events; what differs is which faults still reach which element.
//!
//! Everything uncertain becomes a basic event of its own, so that a world (a truth value for each event) decides every
//! condition:
//!
//! * a fault, with its prior, its odds multiplied by the changes that could have introduced it;
//! * an uncertain coupling;
//! * a repair that may have failed: one event a repair, with probability 1 − effectiveness. In a later epoch a fault reaches
//!   an element only if every repair of it there failed;
//! * a report by a monitor that detects with probability d and cries wolf with probability a ≤ d: the report says
//!   *failed* iff `false alarm ∨ (failed ∧ detection)` with independent events of probabilities a and (d − a) / (1 − a),
//!   which gives exactly d where the system has failed and a where it works. With d < a the report says the opposite,
//!   with 1 − a and 1 − d. A test of reliability r is a report with d = r and a = 1 − r.
//!
//! The network stays monotone; only conditions may be negative.
//!
//! Where interfaces take time, something that worked may have been about to fail: it says that failure had not reached it
//! *by then*, counted from the first observation, by which all faults were present. See [`Onsets`] for the rest.

use std::collections::{BTreeMap, BTreeSet};

use onus_model::{Element, FaultIndex, MonitorIndex, State, Statement, SystemIndex, Target, Time};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::evidence::{Evidence, Item};
use crate::fault_graph::{Event, FaultGraph, Node};
use crate::onsets::Onsets;

/// A basic event of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Variable(pub(crate) u32);

impl Variable {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a condition is about, in the state of its epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Subject {
    /// A gate of the fault graph has failed.
    Gate(Node),
    /// A fault is active on at least one of its elements.
    Fault(FaultIndex),
}

/// One condition that the evidence puts on the world.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Condition {
    /// Position of the item in the evidence.
    pub(crate) item: usize,
    pub(crate) epoch: usize,
    pub(crate) subject: Subject,
    /// What the report said.
    pub(crate) holds: bool,
    /// How it may be wrong.
    pub(crate) noise: Option<Noise>,
    /// For what was seen to work: what must have failed by then is what failure reaches in so many milliseconds, whatever
    /// delays there are. `None`: all that it ever reaches.
    pub(crate) horizon: Option<u64>,
}

/// The two events of an unreliable report.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Noise {
    pub(crate) false_alarm: Variable,
    pub(crate) detection: Variable,
}

/// A repair that a view knows of.
#[derive(Clone, Copy, Debug)]
struct Repair {
    target: Target,
    at: Time,
    /// The event that it failed; `None` if it certainly worked.
    failed: Option<Variable>,
}

/// An observed failure that wants explaining: a system's gate in an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Failure {
    pub(crate) epoch: usize,
    pub(crate) gate: Node,
}

/// What bears on some evidence.
pub(crate) struct Case<'g> {
    pub(crate) graph: &'g FaultGraph,
    /// Probability of each variable.
    pub(crate) probability: Vec<f64>,
    /// The fault that a variable stands for; others are nobody's fault.
    pub(crate) fault: Vec<Option<FaultIndex>>,
    /// The variable of each event of the fault graph that is in the cone.
    variable: FxHashMap<Node, Variable>,
    pub(crate) conditions: Vec<Condition>,
    /// Observed failures, by epoch and system.
    pub(crate) failures: Vec<Failure>,
    /// Gates that bear on the evidence.
    pub(crate) cone: FxHashSet<Node>,
    repairs: Vec<Repair>,
    /// What changes multiply the prior odds of faults by.
    factors: BTreeMap<FaultIndex, f64>,
    /// Times at which epochs begin, after epoch 0.
    epoch_begins: Vec<Time>,
    /// By when the faults were present: the time of the first observation, where interfaces take time.
    begun_by: Option<Time>,
    /// What times say of single origins.
    pub(crate) onsets: Onsets,
}

impl<'g> Case<'g> {
    /// Collects what bears on the evidence. O(cone + evidence · log evidence + repairs).
    pub(crate) fn new(graph: &'g FaultGraph, evidence: &Evidence) -> Self {
        let mut case = Self::nothing_known(graph);
        let times: BTreeSet<Time> = evidence
            .items()
            .iter()
            .filter(|item| matches!(item.statement, Statement::Repair { .. }))
            .map(|item| item.at)
            .collect();
        case.epoch_begins = times.into_iter().collect();
        if graph.has_delays() {
            let observations = evidence.items().iter().filter(|item| item.is_recorded_observation());
            case.begun_by = observations.map(|item| item.at).min();
        }
        for item in evidence.items() {
            if let Statement::Repair { target, effectiveness } = item.statement {
                let effectiveness = effectiveness.get();
                let failed = (effectiveness < 1.0).then(|| case.add(1.0 - effectiveness, None));
                case.repairs.push(Repair { target, at: item.at, failed });
            }
        }
        for (at, item) in evidence.items().iter().enumerate() {
            case.condition(at, item);
        }
        case.failures.sort_by_key(|failure| (failure.epoch, graph.element(failure.gate)));
        case.failures.dedup();
        case.close();
        case.changes(evidence);
        case.onsets = Onsets::of(&case, evidence);
        case
    }

    /// Collects what bears on the failure of all these systems at once, nothing else being known. O(cone).
    pub(crate) fn of_failures(graph: &'g FaultGraph, systems: &[SystemIndex]) -> Self {
        let mut case = Self::nothing_known(graph);
        for (item, system) in systems.iter().enumerate() {
            let subject = Subject::Gate(graph.system_gate(*system));
            case.conditions.push(Condition { item, epoch: 0, subject, holds: true, noise: None, horizon: None });
        }
        case.close();
        case
    }

    fn nothing_known(graph: &'g FaultGraph) -> Self {
        Self {
            graph,
            probability: Vec::new(),
            fault: Vec::new(),
            variable: FxHashMap::default(),
            conditions: Vec::new(),
            failures: Vec::new(),
            cone: FxHashSet::default(),
            repairs: Vec::new(),
            factors: BTreeMap::new(),
            epoch_begins: Vec::new(),
            begun_by: None,
            onsets: Onsets::default(),
        }
    }

    fn add(&mut self, probability: f64, fault: Option<FaultIndex>) -> Variable {
        self.probability.push(probability);
        self.fault.push(fault);
        Variable(self.probability.len() as u32 - 1)
    }

    /// The epoch of a time: how many times of repair have come by then.
    fn epoch(&self, at: Time) -> usize {
        self.epoch_begins.partition_point(|begin| *begin <= at)
    }

    fn condition(&mut self, position: usize, item: &Item) {
        let epoch = self.epoch(item.at);
        match &item.statement {
            Statement::Observation { system, state, via } => {
                let gate = self.graph.system_gate(*system);
                if item.is_failure() {
                    self.failures.push(Failure { epoch, gate });
                }
                let holds = *state == State::Failed;
                let (detects, false_alarms) = via.map_or((1.0, 0.0), |monitor| self.reliability(monitor));
                // A supposed reading and its opposite have to be about one state.
                let horizon = self
                    .begun_by
                    .filter(|_| item.is_recorded_observation())
                    .map(|begun| u64::try_from(item.at.as_milliseconds() - begun.as_milliseconds()).unwrap_or(0));
                let since = horizon.filter(|_| !holds);
                self.report(position, epoch, Subject::Gate(gate), holds, (detects, false_alarms), since);
                // That a report came at all shows that what the monitor runs on was working.
                let host = via.and_then(|monitor| self.graph.topology().monitors()[monitor.index()].runs_on);
                if let Some(host) = host {
                    let subject = Subject::Gate(self.graph.system_gate(host));
                    let condition = Condition { item: position, epoch, subject, holds: false, noise: None, horizon };
                    self.conditions.push(condition);
                }
            }
            Statement::Test { fault, present, reliability } => {
                let reliability = reliability.get();
                let reliability = (reliability, 1.0 - reliability);
                self.report(position, epoch, Subject::Fault(*fault), *present, reliability, None);
            }
            Statement::Repair { .. } | Statement::Change { .. } | Statement::Announcement { .. } => {}
        }
    }

    fn reliability(&self, monitor: MonitorIndex) -> (f64, f64) {
        let monitor = &self.graph.topology().monitors()[monitor.index()];
        (monitor.detects.get(), monitor.false_alarms.get())
    }

    /// Adds what a report says of its subject; see the module's documentation for the two events.
    fn report(
        &mut self,
        item: usize,
        epoch: usize,
        subject: Subject,
        says: bool,
        (detects, false_alarms): (f64, f64),
        horizon: Option<u64>,
    ) {
        let (holds, d, a) = if detects < false_alarms {
            (!says, 1.0 - detects, 1.0 - false_alarms)
        } else {
            (says, detects, false_alarms)
        };
        let certain = d >= 1.0 && a <= 0.0;
        let noise = (!certain).then(|| {
            let false_alarm = self.add(a, None);
            let detection = self.add(if a < 1.0 { (d - a) / (1.0 - a) } else { 0.0 }, None);
            Noise { false_alarm, detection }
        });
        self.conditions.push(Condition { item, epoch, subject, holds, noise, horizon });
    }

    /// Walks from the conditions back to everything that can make them true.
    fn close(&mut self) {
        let subjects = self.conditions.iter().map(|condition| match condition.subject {
            Subject::Gate(gate) => gate,
            Subject::Fault(fault) => FaultGraph::fault_node(fault),
        });
        self.close_over(subjects.collect());
    }

    /// Takes in all systems whose state can say something about the events of the case, and what else those can fail by:
    /// all that hangs together with it, in either direction. Returns them, in order, and `true`; those that were in
    /// it before, and `false`, where there are more nodes than that.
    ///
    /// O(nodes and edges taken in).
    pub(crate) fn take_in_neighbours(&mut self, most_nodes: usize) -> (Vec<SystemIndex>, bool) {
        // By system, not by gate: systems that fail by the same have one gate.
        let systems = |nodes: &FxHashSet<Node>, graph: &FaultGraph| -> Vec<SystemIndex> {
            let all = (0..graph.topology().systems().len()).map(SystemIndex::new);
            all.filter(|system| nodes.contains(&graph.system_gate(*system))).collect()
        };
        let mut open: Vec<Node> = self.cone.iter().copied().chain(self.variable.keys().copied()).collect();
        let mut seen: FxHashSet<Node> = open.iter().copied().collect();
        while let Some(node) = open.pop() {
            let inputs = if self.graph.event(node).is_some() { &[][..] } else { self.graph.inputs(node) };
            for next in self.graph.outputs(node).iter().chain(inputs) {
                if seen.insert(*next) {
                    open.push(*next);
                }
            }
            if seen.len() > most_nodes {
                return (systems(&self.cone, self.graph), false);
            }
        }
        seen.retain(|node| self.graph.event(*node).is_none());
        let found = systems(&seen, self.graph);
        self.close_over(found.iter().map(|system| self.graph.system_gate(*system)).collect());
        // Events that are new here have their changed priors too.
        for (fault, factor) in &self.factors {
            if let Some(variable) = self.variable.get(&FaultGraph::fault_node(*fault)) {
                let prior = self.graph.prior(FaultGraph::fault_node(*fault));
                self.probability[variable.index()] = multiply_odds(prior, *factor);
            }
        }
        (found, true)
    }

    fn close_over(&mut self, mut open: Vec<Node>) {
        while let Some(node) = open.pop() {
            match self.graph.event(node) {
                Some(_) if self.variable.contains_key(&node) => {}
                Some(event) => {
                    let fault = match event {
                        Event::Fault(fault) => Some(fault),
                        Event::Coupling(_) => None,
                    };
                    let variable = self.add(self.graph.prior(node), fault);
                    self.variable.insert(node, variable);
                }
                None => {
                    if self.cone.insert(node) {
                        open.extend(self.graph.inputs(node));
                    }
                }
            }
        }
    }

    /// Changes multiply the prior odds of the faults they could have introduced. One that came after every failure
    /// that was seen introduced none of them.
    fn changes(&mut self, evidence: &Evidence) {
        let last_failure = evidence.items().iter().filter(|item| item.is_failure()).map(|item| item.at).max();
        let topology = self.graph.topology();
        for item in evidence.items() {
            let Statement::Change { element, causes, odds } = &item.statement else { continue };
            if last_failure.is_some_and(|last| item.at > last) {
                continue;
            }
            for fault in topology.faults_of(*element) {
                let cause = &topology.faults()[fault.index()].cause;
                if causes.as_ref().is_none_or(|causes| causes.contains(cause)) {
                    *self.factors.entry(*fault).or_insert(1.0) *= odds;
                }
            }
        }
        for (fault, factor) in &self.factors {
            if let Some(variable) = self.variable.get(&FaultGraph::fault_node(*fault)) {
                let p = &mut self.probability[variable.index()];
                *p = multiply_odds(*p, *factor);
            }
        }
    }

    /// The basic events in the cone, in no order.
    pub(crate) fn events(&self) -> impl Iterator<Item = Node> {
        self.variable.keys().copied()
    }

    /// The variable of a basic event in the cone.
    pub(crate) fn variable(&self, event: Node) -> Option<Variable> {
        self.variable.get(&event).copied()
    }

    /// A fault's prior, its odds multiplied by the changes.
    pub(crate) fn changed_prior(&self, fault: FaultIndex) -> f64 {
        let prior = self.graph.prior(FaultGraph::fault_node(fault));
        self.factors.get(&fault).map_or(prior, |factor| multiply_odds(prior, *factor))
    }

    /// The faults whose odds some change multiplied.
    pub(crate) fn changed_faults(&self) -> impl Iterator<Item = FaultIndex> {
        self.factors.keys().copied()
    }

    /// How a fault reaches an element in an epoch.
    pub(crate) fn reach(&self, fault: FaultIndex, element: Element, epoch: usize) -> Reach {
        let mut failed = Vec::new();
        for repair in &self.repairs {
            let concerns = repair.target == Target::Element(element) || repair.target == Target::Fault(fault);
            if concerns && self.epoch(repair.at) <= epoch {
                match repair.failed {
                    None => return Reach::Repaired,
                    Some(variable) => failed.push(variable),
                }
            }
        }
        Reach::IfAll(failed)
    }

    /// By when the faults were present, where interfaces take time.
    pub(crate) fn begun_by(&self) -> Option<Time> {
        self.begun_by
    }

    /// The last epoch: how many times of repair there are.
    pub(crate) fn epochs(&self) -> usize {
        self.epoch_begins.len()
    }

    /// The events that a repair failed, each with what was repaired.
    pub(crate) fn failed_repairs(&self) -> impl Iterator<Item = (Target, Variable)> {
        self.repairs.iter().filter_map(|repair| Some((repair.target, repair.failed?)))
    }

    /// What the repairs at the beginning of an epoch were made to.
    pub(crate) fn repairs_in(&self, epoch: usize) -> impl Iterator<Item = Target> {
        self.repairs.iter().filter(move |repair| self.epoch(repair.at) == epoch).map(|repair| repair.target)
    }
}

/// p / (1 − p) · factor, back to a probability; right for p = 0 and p = 1 too.
fn multiply_odds(p: f64, factor: f64) -> f64 {
    p * factor / (p * factor + (1.0 - p))
}

/// How a fault reaches an element in an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Not any more.
    Repaired,
    /// If all these repairs failed; none of them: as from the beginning.
    IfAll(Vec<Variable>),
}
