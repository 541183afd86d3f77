//! A case as one boolean network: events, at-least-k gates, and what the evidence requires of them. Everything that
//! computes probabilities works on this; systems, epochs, monitors and repairs are gone.
//!
//! Every report, test and repair has become gates over independent events (see [`Case`] for the events), so that the
//! network is monotone and only a [`Requirement`] may be negative. Gates may form cycles; they mean their least fixpoint.
//!
//! **Epochs.** A gate has a copy for each state of repair that something requires. A repair that comes into force in epoch
//! `j` *affects* the gates of the elements it concerns and all that can fail by them; a gate's copy for epoch `k` is the
//! one of the last epoch up to `k` in which it was affected. What no repair concerns therefore has one copy, and a failure
//! seen twice is one failure unless a repair of something it can come from lies between.
//!
//! **Time.** Where interfaces take time, what worked some time into the incident requires that failure had not reached it by
//! then, at the latest: a gate has a copy for each time that failures have had, and each interface on the way takes its longest
//! delay off it. What nothing delays has one copy.

use onus_model::{FaultIndex, Target};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::case::{Case, Reach, Subject};
use crate::fault_graph::{Event, FaultGraph, Node};

/// An event or a gate of a network: events come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Term(pub(crate) u32);

impl Term {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// At least `threshold` of `inputs` are true: 1 is an OR, all of them an AND; 1 of none is never true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Gate {
    pub(crate) threshold: u32,
    pub(crate) inputs: Vec<Term>,
}

/// What the evidence requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Requirement {
    /// Position in the evidence of the item that requires it.
    pub(crate) item: usize,
    pub(crate) term: Term,
    /// True or not.
    pub(crate) holds: bool,
}

/// A boolean network over independent events.
#[derive(Clone, Debug, Default)]
pub(crate) struct Network {
    /// Probability of each event.
    pub(crate) probability: Vec<f64>,
    /// The fault that an event stands for; others are nobody's.
    pub(crate) fault: Vec<Option<FaultIndex>>,
    /// Term `events + g` is gate `g`.
    pub(crate) gates: Vec<Gate>,
    pub(crate) requirements: Vec<Requirement>,
    /// The observed failures that want explaining, each once.
    pub(crate) failures: Vec<Term>,
    /// The items on which the last requirement rests, where it rests on several.
    pub(crate) joint: Vec<usize>,
    /// Whether there were too many times to tell all apart, so that what worked says less than it could.
    pub(crate) is_capped: bool,
}

impl Network {
    /// Number of events.
    pub(crate) fn events(&self) -> usize {
        self.probability.len()
    }

    /// The gate of a term; `None` for an event.
    pub(crate) fn gate(&self, term: Term) -> Option<&Gate> {
        term.index().checked_sub(self.events()).map(|gate| &self.gates[gate])
    }

    /// The requirements of some items alone. One that rests on several items is one of theirs only if all are among them.
    pub(crate) fn requirements_of(&self, is_kept: impl Fn(usize) -> bool) -> Vec<Requirement> {
        let all_joint = self.joint.iter().all(|item| is_kept(*item));
        let last = self.requirements.len().saturating_sub(usize::from(!self.joint.is_empty()));
        let (own, joint) = self.requirements.split_at(last);
        let own = own.iter().filter(|requirement| is_kept(requirement.item));
        own.chain(joint.iter().filter(|_| all_joint)).copied().collect()
    }

    /// Number of events and gates.
    pub(crate) fn len(&self) -> usize {
        self.events() + self.gates.len()
    }

    /// Unrolls a case. O(copies of gates + their inputs).
    pub(crate) fn of(case: &Case<'_>) -> Self {
        Unrolling::new(case).run(&[]).0
    }

    /// Unrolls a case, and gives for each of these gates its terms in all epochs as well, each once. O(copies + their inputs).
    pub(crate) fn with_states(case: &Case<'_>, gates: &[Node]) -> (Self, Vec<Vec<Term>>) {
        Unrolling::new(case).run(gates)
    }
}

/// No limit to the time that a failure has had.
const EVER: u64 = u64::MAX;
/// Copies that are made for what failure reaches in time. Past them a failure that takes time counts as not having come, so that
/// what worked says less than it could, and the answer says so.
const MOST_TIMED_COPIES: usize = 1 << 20;

struct Unrolling<'c, 'g> {
    case: &'c Case<'g>,
    graph: &'g FaultGraph,
    network: Network,
    /// The longest delay of each gate that has one, where some condition depends on time.
    delays: FxHashMap<Node, u64>,
    /// The gates that fail by one of these.
    timed: FxHashSet<Node>,
    /// All of them together.
    span: u64,
    /// For each epoch that begins with a repair, the gates it affects.
    affected: Vec<FxHashSet<Node>>,
    /// The copies made, by gate, epoch and the time that failure has had, in milliseconds.
    copies: FxHashMap<(Node, usize, u64), Term>,
    /// Copies whose inputs are still to be filled in.
    open: Vec<((Node, usize, u64), Term)>,
}

impl<'c, 'g> Unrolling<'c, 'g> {
    fn new(case: &'c Case<'g>) -> Self {
        let network =
            Network { probability: case.probability.clone(), fault: case.fault.clone(), ..Network::default() };
        let mut unrolling = Self {
            case,
            graph: case.graph,
            network,
            delays: FxHashMap::default(),
            timed: FxHashSet::default(),
            span: 0,
            affected: Vec::new(),
            copies: FxHashMap::default(),
            open: Vec::new(),
        };
        unrolling.affected = (1..=case.epochs()).map(|epoch| unrolling.affected_in(epoch)).collect();
        if case.conditions.iter().any(|condition| condition.horizon.is_some()) {
            unrolling.delays = case.graph.longest_delays().filter(|(gate, _)| case.cone.contains(gate)).collect();
            unrolling.span = unrolling.delays.values().fold(0, |sum, delay| sum.saturating_add(*delay));
            unrolling.timed = unrolling.reached_from(unrolling.delays.keys().copied().collect());
        }
        unrolling
    }

    fn run(mut self, gates: &[Node]) -> (Network, Vec<Vec<Term>>) {
        for condition in &self.case.conditions {
            let said = match condition.subject {
                Subject::Gate(gate) => self.copy(gate, condition.epoch, condition.horizon.unwrap_or(EVER)),
                Subject::Fault(fault) => self.anywhere(fault, condition.epoch),
            };
            let term = match condition.noise {
                None => said,
                Some(noise) => {
                    let detected = self.add(2, vec![said, Term(noise.detection.0)]);
                    self.add(1, vec![Term(noise.false_alarm.0), detected])
                }
            };
            self.network.requirements.push(Requirement { item: condition.item, term, holds: condition.holds });
        }
        let mut seen = FxHashSet::default();
        for failure in &self.case.failures {
            let term = self.copy(failure.gate, failure.epoch, EVER);
            if seen.insert(term) {
                self.network.failures.push(term);
            }
        }
        let mut states: Vec<Vec<Term>> = Vec::with_capacity(gates.len());
        for gate in gates {
            let mut own: Vec<Term> = (0..=self.case.epochs()).map(|epoch| self.copy(*gate, epoch, EVER)).collect();
            own.dedup();
            states.push(own);
        }
        self.timely();
        while let Some((copy, term)) = self.open.pop() {
            let inputs: Vec<Term> =
                self.graph.inputs(copy.0).iter().filter_map(|input| self.input(*input, copy)).collect();
            let gate = &mut self.network.gates[term.index() - self.network.probability.len()];
            if gate.threshold as usize > inputs.len() {
                // An OR of nothing: never.
                gate.threshold = 1;
            } else {
                gate.inputs = inputs;
            }
        }
        (self.network, states)
    }

    /// Requires two faults or more that bear on the failures, or one that is not untimely; see [`Onsets`](crate::onsets::Onsets).
    fn timely(&mut self) {
        let onsets = &self.case.onsets;
        let Some(last) = onsets.items.last().filter(|_| !onsets.untimely.is_empty()) else { return };
        let term = |fault: &FaultIndex| {
            let variable = self.case.variable(FaultGraph::fault_node(*fault));
            (Term(variable.expect("what reaches a failure that was seen is in the cone").0), *fault)
        };
        let faults: Vec<(Term, FaultIndex)> = onsets.bearing.iter().map(term).collect();
        let two = self.add(2, faults.iter().map(|(term, _)| *term).collect());
        let timely = faults.iter().filter(|(_, fault)| onsets.untimely.binary_search(fault).is_err());
        let inputs = timely.map(|(term, _)| *term).chain([two]).collect();
        let term = self.add(1, inputs);
        self.network.requirements.push(Requirement { item: *last, term, holds: true });
        self.network.joint.clone_from(&onsets.items);
    }

    fn add(&mut self, threshold: u32, inputs: Vec<Term>) -> Term {
        self.network.gates.push(Gate { threshold, inputs });
        Term(self.network.len() as u32 - 1)
    }

    /// The copy of a gate that stands for an epoch and for the failures that must have reached it in some time.
    fn copy(&mut self, gate: Node, epoch: usize, time: u64) -> Term {
        let epoch = (1..=epoch).rev().find(|epoch| self.affected[epoch - 1].contains(&gate)).unwrap_or(0);
        let time = if time < self.span && self.timed.contains(&gate) { time } else { EVER };
        if let Some(term) = self.copies.get(&(gate, epoch, time)) {
            return *term;
        }
        let term = self.add(self.graph.threshold(gate), Vec::new());
        self.copies.insert((gate, epoch, time), term);
        self.open.push(((gate, epoch, time), term));
        term
    }

    /// An input of a gate's copy; `None` if it was repaired for certain, or failure takes longer.
    fn input(&mut self, input: Node, (gate, epoch, time): (Node, usize, u64)) -> Option<Term> {
        let Some(event) = self.graph.event(input) else {
            let left = match (time, self.delays.get(&gate)) {
                (EVER, _) => EVER,
                (_, Some(_)) if self.copies.len() > MOST_TIMED_COPIES => {
                    self.network.is_capped = true;
                    return None;
                }
                (time, delay) => time.checked_sub(delay.copied().unwrap_or(0))?,
            };
            return Some(self.copy(input, epoch, left));
        };
        let variable = self.case.variable(input).expect("the cone holds every event that reaches it");
        let term = Term(variable.0);
        let (Event::Fault(fault), Some(element)) = (event, self.graph.element(gate)) else { return Some(term) };
        self.active(term, &self.case.reach(fault, element, epoch))
    }

    /// A fault as far as repairs have left it active.
    fn active(&mut self, fault: Term, reach: &Reach) -> Option<Term> {
        match reach {
            Reach::Repaired => None,
            Reach::IfAll(failed) if failed.is_empty() => Some(fault),
            Reach::IfAll(failed) => {
                let inputs: Vec<Term> = std::iter::once(fault).chain(failed.iter().map(|v| Term(v.0))).collect();
                Some(self.add(inputs.len() as u32, inputs))
            }
        }
    }

    /// A fault being active on any of its elements.
    fn anywhere(&mut self, fault: FaultIndex, epoch: usize) -> Term {
        let variable = self.case.variable(FaultGraph::fault_node(fault)).expect("a tested fault is in the cone");
        let elements = &self.graph.topology().faults()[fault.index()].elements;
        let reaches: Vec<Reach> = elements.iter().map(|element| self.case.reach(fault, *element, epoch)).collect();
        let inputs: Vec<Term> = reaches.iter().filter_map(|reach| self.active(Term(variable.0), reach)).collect();
        match inputs.as_slice() {
            [only] => *only,
            _ => self.add(1, inputs),
        }
    }

    /// The gates of the cone that the repairs at the beginning of an epoch affect.
    fn affected_in(&self, epoch: usize) -> FxHashSet<Node> {
        let topology = self.graph.topology();
        let mut open: Vec<Node> = Vec::new();
        for target in self.case.repairs_in(epoch) {
            match target {
                // An interface without faults has no gate of its own, and its repair changes nothing.
                Target::Element(element) if topology.faults_of(element).is_empty() => {}
                Target::Element(element) => open.push(self.graph.element_gate(element)),
                Target::Fault(fault) => {
                    let elements = &topology.faults()[fault.index()].elements;
                    open.extend(elements.iter().map(|element| self.graph.element_gate(*element)));
                }
            }
        }
        self.reached_from(open)
    }

    /// The gates of the cone that can fail by some, they among them.
    fn reached_from(&self, mut open: Vec<Node>) -> FxHashSet<Node> {
        let mut reached = FxHashSet::default();
        while let Some(gate) = open.pop() {
            if self.case.cone.contains(&gate) && reached.insert(gate) {
                open.extend(self.graph.outputs(gate));
            }
        }
        reached
    }
}
