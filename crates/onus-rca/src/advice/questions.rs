//! What can be asked: every question that bears on what is known, and is not answered yet.

use std::collections::BTreeSet;

use onus_model::{
    ContractorIndex, Date, Element, EvidenceId, FaultIndex, Model, MonitorIndex, Probability, Statement, SystemIndex,
    Time,
};

use super::demand::{Demand, demand};
use super::expectation::{Look, Subject};
use super::{AdviceOptions, Ask, Reading};
use crate::case::Case;
use crate::evidence::{Evidence, Standing};
use crate::fault_graph::{FaultGraph, Node};
use crate::sight::Sight;
use crate::view::{View, WhoKnew};

/// A question that may be worth asking.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    of: Of,
    pub(super) looks: Vec<Look>,
    pub(super) demand: Option<Demand>,
}

#[derive(Clone, Debug)]
enum Of {
    System,
    Fault,
    Contractor(onus_model::ContractorId, Vec<EvidenceId>),
}

impl Candidate {
    /// The question, for people.
    pub(super) fn ask(&self, graph: &FaultGraph, jointly: usize) -> Ask {
        let topology = graph.topology();
        let monitor = |via: Option<MonitorIndex>| via.map(|monitor| topology.monitors()[monitor.index()].id.clone());
        match (&self.of, self.looks[0].of) {
            (Of::Contractor(contractor, holds), _) => {
                let via = |look: &Look| match look.of {
                    Subject::System { via, .. } => monitor(via),
                    Subject::Fault { .. } => None,
                };
                let reading = |look: &Look| Reading { of: look.name(graph), via: via(look), at: look.at };
                Ask::Telemetry {
                    contractor: contractor.clone(),
                    readings: self.looks.iter().map(reading).collect(),
                    jointly,
                    holds: holds.clone(),
                }
            }
            (_, Subject::System { system, via }) => {
                Ask::Observe { system: topology.systems()[system.index()].id.clone(), via: monitor(via) }
            }
            (_, Subject::Fault { fault, reliability }) => {
                Ask::Test { fault: topology.faults()[fault.index()].id.clone(), reliability: reliability.get() }
            }
        }
    }
}

/// All questions that bear on what a view knows: observations by system, tests by fault, telemetry by contractor.
///
/// O(model + evidence · (contractors + contracts)).
pub(super) fn candidates(
    model: &Model,
    graph: &FaultGraph,
    who_knew: &WhoKnew<'_>,
    view: View,
    as_of: Option<Time>,
    options: &AdviceOptions,
) -> Vec<Candidate> {
    let incident = who_knew.incident();
    let evidence = who_knew.evidence(&[view], as_of);
    let items = evidence.items();
    let Some(failure) = items.iter().filter(|item| item.is_failure()).map(|item| item.at).max() else {
        return Vec::new();
    };
    let last = items.iter().map(|item| item.at.max(item.known)).max().unwrap_or(failure);
    let scene = Scene {
        model,
        graph,
        view,
        day: incident.day(),
        bearing: bearing(graph, &evidence),
        hidden_readings: hidden_readings(model, incident.day(), view),
        repairs: items
            .iter()
            .filter(|item| matches!(item.statement, Statement::Repair { .. }))
            .map(|item| item.at)
            .collect(),
        evidence,
        failure,
        now: as_of.unwrap_or(last),
    };
    let mut found = scene.observations();
    found.extend(scene.tests(options.test_reliability));
    found.extend(
        (0..model.contractors().len()).filter_map(|at| scene.telemetry(who_knew, ContractorIndex::new(at), as_of)),
    );
    found
}

/// What is known when questions are looked for.
struct Scene<'a> {
    model: &'a Model,
    graph: &'a FaultGraph,
    day: Option<Date>,
    view: View,
    evidence: Evidence,
    /// Nodes that an event which bears on the evidence can make fail, and these events.
    bearing: BTreeSet<Node>,
    /// Times of repairs that the view knows of.
    repairs: BTreeSet<Time>,
    /// Readings of monitors that do not report to the view, and who sees them.
    hidden_readings: Vec<(MonitorIndex, SystemIndex, BTreeSet<ContractorIndex>)>,
    /// When the last failure that the view has seen was there.
    failure: Time,
    now: Time,
}

/// What has an event in common with the evidence: the only things whose state is not independent of the failure's origin.
fn bearing(graph: &FaultGraph, evidence: &Evidence) -> BTreeSet<Node> {
    let case = Case::new(graph, evidence);
    let mut reached: BTreeSet<Node> = case.events().collect();
    let mut open: Vec<Node> = reached.iter().copied().collect();
    while let Some(node) = open.pop() {
        for gate in graph.outputs(node) {
            if reached.insert(*gate) {
                open.push(*gate);
            }
        }
    }
    reached
}

/// The readings of monitors that do not report to a view, and who sees them, by whatever right. That a duty would let the
/// view see them too is no reason not to ask: the record says what it knew, and [`demand`] that the duty gives a claim.
///
/// O(readings · contracts about a system).
fn hidden_readings(
    model: &Model,
    day: Option<Date>,
    view: View,
) -> Vec<(MonitorIndex, SystemIndex, BTreeSet<ContractorIndex>)> {
    let sight = Sight::new(model, day);
    let mut hidden = Vec::new();
    for (at, monitor) in model.monitors().iter().enumerate() {
        let via = MonitorIndex::new(at);
        let viewers = model.structure().viewers(via);
        if viewers.public || matches!(view, View::Contractor(viewer) if viewers.contractors.contains(&viewer)) {
            continue;
        }
        let readings = monitor.watches.iter();
        hidden.extend(readings.map(|system| (via, *system, sight.all(&[Element::System(*system)], Some(via)))));
    }
    hidden
}

impl Scene<'_> {
    fn epoch(&self, at: Time) -> usize {
        self.repairs.range(..=at).count()
    }

    fn bears(&self, look: &Look) -> bool {
        let system = |system: SystemIndex| self.bearing.contains(&self.graph.system_gate(system));
        match look.of {
            Subject::Fault { fault, .. } => self.bearing.contains(&FaultGraph::fault_node(fault)),
            Subject::System { system: of, via } => {
                let host = via.and_then(|monitor| self.model.monitors()[monitor.index()].runs_on);
                system(of) || host.is_some_and(system)
            }
        }
    }

    /// Whether the view knows how a system was in the epoch of a time; through a certain monitor, if one is named.
    fn is_known(&self, system: SystemIndex, through: Option<MonitorIndex>, at: Time) -> bool {
        self.evidence.items().iter().any(|item| match item.statement {
            Statement::Observation { system: seen, via, .. } => {
                seen == system && (through.is_none() || via == through) && self.epoch(item.at) == self.epoch(at)
            }
            _ => false,
        })
    }

    fn observations(&self) -> Vec<Candidate> {
        let systems = (0..self.model.systems().len()).map(SystemIndex::new);
        let unseen = systems.filter(|system| !self.is_known(*system, None, self.now));
        let looks =
            unseen.map(|system| Look { at: self.now, of: Subject::System { system, via: self.best_monitor(system) } });
        looks
            .filter(|look| self.bears(look))
            .filter_map(|look| {
                let Subject::System { system, .. } = look.of else { return None };
                let demand = demand(self.model, self.day, self.view, &[Element::System(system)], None);
                Some(Candidate { of: Of::System, looks: vec![look], demand })
            })
            .collect()
    }

    /// The monitor of a system that tells failed from working best: the greatest detects − `false_alarms`, then by id.
    fn best_monitor(&self, system: SystemIndex) -> Option<MonitorIndex> {
        let monitors = self.model.monitors();
        let watching = (0..monitors.len()).filter(|at| monitors[*at].watches.binary_search(&system).is_ok());
        let worth = |at: &usize| monitors[*at].detects.get() - monitors[*at].false_alarms.get();
        watching.max_by(|a, b| worth(a).total_cmp(&worth(b)).then(b.cmp(a))).map(MonitorIndex::new)
    }

    fn tests(&self, reliability: f64) -> Vec<Candidate> {
        let Ok(reliability) = Probability::new(reliability) else { return Vec::new() };
        let faults = self.model.faults();
        let tested = |fault: FaultIndex| {
            let items = self.evidence.items().iter();
            items.into_iter().any(|item| matches!(item.statement, Statement::Test { fault: of, .. } if of == fault))
        };
        (0..faults.len())
            .map(FaultIndex::new)
            .filter(|fault| !tested(*fault))
            .map(|fault| (fault, Look { at: self.failure, of: Subject::Fault { fault, reliability } }))
            .filter(|(_, look)| self.bears(look))
            .map(|(fault, look)| {
                let elements = &faults[fault.index()].elements;
                let demand = demand(self.model, self.day, self.view, elements, None);
                Candidate { of: Of::Fault, looks: vec![look], demand }
            })
            .collect()
    }

    /// What a contractor's monitors may have recorded when the failure was there and the view does not know, and what the
    /// contractor has come to know besides.
    fn telemetry(&self, who_knew: &WhoKnew<'_>, contractor: ContractorIndex, as_of: Option<Time>) -> Option<Candidate> {
        if self.view == View::Contractor(contractor) {
            return None;
        }
        let own = who_knew.evidence(&[View::Contractor(contractor)], as_of);
        let recorded = |evidence: &Evidence| -> BTreeSet<Standing> {
            let standing = evidence.items().iter().map(|item| item.standing);
            standing.chain(evidence.superseded().iter().map(|index| Standing::Recorded(*index))).collect()
        };
        let known = recorded(&self.evidence);
        let hidden: Vec<_> = own.items().iter().filter(|item| !known.contains(&item.standing)).collect();
        let mut looks: Vec<Look> = Vec::new();
        for (via, system, readers) in &self.hidden_readings {
            if readers.contains(&contractor) && !self.is_known(*system, Some(*via), self.failure) {
                looks.push(Look { at: self.failure, of: Subject::System { system: *system, via: Some(*via) } });
            }
        }
        for item in &hidden {
            let of = match item.statement {
                Statement::Observation { system, via, .. } => Subject::System { system, via },
                Statement::Test { fault, reliability, .. } => Subject::Fault { fault, reliability },
                _ => continue,
            };
            // One reading in each epoch: what the record holds twice is asked for once.
            let same = |look: &Look| look.of == of && self.epoch(look.at) == self.epoch(item.at);
            if !looks.iter().any(same) {
                looks.push(Look { at: item.at, of });
            }
        }
        looks.retain(|look| self.bears(look));
        if looks.is_empty() {
            return None;
        }
        let mut elements: Vec<Element> = Vec::new();
        for look in &looks {
            match look.of {
                Subject::System { system, .. } => elements.push(Element::System(system)),
                Subject::Fault { fault, .. } => elements.extend(&self.model.faults()[fault.index()].elements),
            }
        }
        let demand = demand(self.model, self.day, self.view, &elements, Some(contractor));
        let holds = hidden.iter().map(|item| item.id.clone()).collect();
        let id = self.model.contractors()[contractor.index()].id.clone();
        Some(Candidate { of: Of::Contractor(id, holds), looks, demand })
    }
}
