//! Topology: systems, the interfaces their needs make, faults, monitors.

use std::collections::{BTreeMap, HashMap};

use crate::code::Code;
use crate::diagnostic::{Missing, Path, Problem, Problems};
use crate::document;
use crate::id::{
    FaultId, FaultIndex, InterfaceId, InterfaceIndex, MonitorId, SystemId, SystemIndex, interface_id, objection,
    split_interface,
};
use crate::model::{
    DEFAULT_FAULT, Element, Fault, FaultRole, Interface, InterfaceDetails, Monitor, Need, Prior, System, Topology,
};
use crate::quantity::Probability;

use super::selector::Selection;
use super::{default_probability, ids, probability, unknown_system};

/// How deeply `any` and `at_least` may nest.
const NEED_DEPTH: usize = 64;

/// Where each system stands, by its id.
type Numbers<'d> = HashMap<&'d str, SystemIndex>;

/// What the needs of one system are resolved with.
struct Own<'t, 'd> {
    topology: &'t Topology,
    numbers: &'t Numbers<'d>,
    /// Positions of the interfaces whose consumer the system is.
    interfaces: std::ops::Range<usize>,
}

impl Own<'_, '_> {
    /// The interface with a provider.
    fn interface(&self, provider: SystemIndex) -> InterfaceIndex {
        let own = &self.topology.interfaces[self.interfaces.clone()];
        let at = own.binary_search_by_key(&provider, |interface| interface.provider);
        InterfaceIndex::new(self.interfaces.start + at.expect("every need made its interface before"))
    }
}

pub(super) struct TopologyBuilder<'d, 'p> {
    pub(super) document: &'d document::Model,
    pub(super) problems: &'p mut Problems,
}

impl<'d> TopologyBuilder<'d, '_> {
    pub(super) fn build(mut self) -> Topology {
        let document = self.document;
        ids("systems", document.systems.keys(), &[], self.problems);
        let mut topology = Topology {
            default_probability: default_probability(document, self.problems),
            default_cause: document.defaults.cause.clone(),
            systems: self.systems(),
            interfaces: Vec::new(),
            faults: Vec::new(),
            monitors: Vec::new(),
        };
        // Millions of needs name their providers: looked up by hash, never gone through.
        let numbers = document.systems.keys().enumerate().map(|(at, id)| (id.as_str(), SystemIndex::new(at))).collect();
        self.interfaces(&mut topology, &numbers);
        self.needs(&mut topology, &numbers);
        let faults = self.faults(&topology);
        self.complete(&mut topology, faults);
        topology
    }

    /// Adds what does not hang on systems and interfaces alone: common causes and monitors.
    pub(super) fn complete(mut self, topology: &mut Topology, faults: Vec<Fault>) {
        ids("common_causes", self.document.common_causes.keys(), &[], self.problems);
        ids("monitors", self.document.monitors.keys(), &[], self.problems);
        self.settle(topology, faults);
        self.monitors(topology);
    }

    fn problem(&mut self, code: Code, path: Path, message: String) {
        self.problems.push(Problem::new(code, path, message));
    }

    fn systems(&mut self) -> Vec<System> {
        let section = Path::default().key("systems");
        let mut systems = Vec::with_capacity(self.document.systems.len());
        for (id, system) in &self.document.systems {
            for (unit, amount) in &system.demand {
                if !(amount.is_finite() && *amount >= 0.0) {
                    let path = section.key(id).key("demand").key(unit);
                    self.problem(Code::BadNumber, path, format!("expected a demand of 0 or more, found {amount}"));
                }
            }
            systems.push(System {
                id: SystemId::new(id),
                name: system.name.clone(),
                kind: system.kind.clone(),
                site: system.site.clone(),
                description: system.description.clone(),
                faultless: system.faultless,
                faults: Vec::new(),
                needs: Vec::new(),
                demand: system.demand.clone(),
            });
        }
        systems
    }

    /// Every need makes an interface; the section `interfaces` says more about some.
    fn interfaces(&mut self, topology: &mut Topology, numbers: &Numbers<'d>) {
        let mut pairs: Vec<(SystemIndex, SystemIndex)> = Vec::new();
        for (at, system) in self.document.systems.values().enumerate() {
            let mut open: Vec<&document::Need> = system.needs.iter().collect();
            while let Some(need) = open.pop() {
                match need {
                    document::Need::Provider(provider) => {
                        pairs.extend(numbers.get(provider.as_str()).map(|provider| (SystemIndex::new(at), *provider)));
                    }
                    document::Need::Any { any } => open.extend(any),
                    document::Need::AtLeast { of, .. } => open.extend(of),
                }
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        topology.interfaces = pairs
            .into_iter()
            .map(|(consumer, provider)| {
                let [left, right] = [consumer, provider].map(|system| topology.systems[system.index()].id.as_str());
                Interface::plain(InterfaceId::between(left, right), consumer, provider)
            })
            .collect();
        let mut named = BTreeMap::new();
        for (id, interface) in &self.document.interfaces {
            let path = Path::default().key("interfaces").key(id);
            let name = Path::default().key("interfaces").name(id);
            let Some(index) = self.declared(topology, id, &name) else {
                continue;
            };
            if let Some(earlier) = named.insert(index, id) {
                self.problem(Code::DuplicateId, name, format!("`{id}` and `{earlier}` are the same interface"));
            }
            let propagates = interface.propagates.map(|p| probability(p, &path.key("propagates"), self.problems));
            if let Some((shortest, longest)) = &interface.delay
                && longest.hours() < shortest.hours()
            {
                let message = format!("the longest delay, {longest}, is shorter than the shortest, {shortest}");
                self.problem(Code::EmptyDelay, path.key("delay"), message);
            }
            topology.interfaces[index.index()].detail(InterfaceDetails {
                kind: interface.kind.clone(),
                description: interface.description.clone(),
                propagates: propagates.unwrap_or(Probability::ONE),
                delay: interface.delay.clone(),
                faults: Vec::new(),
            });
        }
    }

    /// The interface that a key of `interfaces` is about.
    fn declared(&mut self, topology: &Topology, id: &str, path: &Path) -> Option<InterfaceIndex> {
        let Some((consumer, provider)) = split_interface(id) else {
            self.problem(
                Code::BadId,
                path.clone(),
                format!("`{id}` is not an interface: expected `consumer -> provider`"),
            );
            return None;
        };
        let ends = [consumer, provider].map(|end| self.system(topology, end, path));
        let [Some(consumer), Some(provider)] = ends else {
            return None;
        };
        let found = topology.interface_between(consumer, provider);
        if found.is_none() {
            let [consumer, provider] = [consumer, provider].map(|s| topology.systems[s.index()].id.as_str());
            let message = format!("`{consumer}` does not need `{provider}`, so there is no such interface");
            let help = if topology.interface(&interface_id(provider, consumer)).is_some() {
                format!("`{provider}` needs `{consumer}`: the consumer stands left of the arrow")
            } else {
                format!("add `{provider}` to the needs of `{consumer}`")
            };
            let problem = Problem::new(Code::UnknownInterface, path.clone(), message).help(Some(help));
            self.problems.push(problem.missing(Missing::Interface(consumer.to_owned(), provider.to_owned())));
        }
        found
    }

    fn system(&mut self, topology: &Topology, id: &str, path: &Path) -> Option<SystemIndex> {
        let found = topology.system(id);
        if found.is_none() {
            let problem = unknown_system(topology, id, path, self.problems);
            self.problems.push(problem);
        }
        found
    }

    fn needs(&mut self, topology: &mut Topology, numbers: &Numbers<'d>) {
        let mut next = 0;
        for (at, (id, system)) in self.document.systems.iter().enumerate() {
            let consumer = SystemIndex::new(at);
            let first = next;
            while topology.interfaces.get(next).is_some_and(|interface| interface.consumer == consumer) {
                next += 1;
            }
            let own = Own { topology, numbers, interfaces: first..next };
            let path = || Path::default().key("systems").key(id).key("needs");
            let needs = system
                .needs
                .iter()
                .enumerate()
                .filter_map(|(item, need)| self.need(&own, need, &|| path().item(item), NEED_DEPTH))
                .collect();
            topology.systems[at].needs = needs;
        }
    }

    /// Recursion is bounded by `depth`. Where the need stands is worked out only for a problem.
    fn need(
        &mut self,
        own: &Own<'_, 'd>,
        need: &'d document::Need,
        path: &dyn Fn() -> Path,
        depth: usize,
    ) -> Option<Need> {
        if depth == 0 {
            self.problem(Code::TooLarge, path(), format!("needs nested deeper than {NEED_DEPTH} levels"));
            return None;
        }
        let (k, of, key) = match need {
            document::Need::Provider(provider) => {
                let Some(found) = own.numbers.get(provider.as_str()) else {
                    let problem = unknown_system(own.topology, provider, &path(), self.problems);
                    self.problems.push(problem);
                    return None;
                };
                return Some(Need::Provider(own.interface(*found)));
            }
            document::Need::Any { any } => (1, any, "any"),
            document::Need::AtLeast { at_least, of } => (*at_least, of, "of"),
        };
        let path_of = || path().key(key);
        if of.is_empty() {
            self.problem(Code::EmptyNeed, path_of(), format!("`{key}` lists nothing, so the need can never hold"));
            return None;
        }
        if k == 0 || k as usize > of.len() {
            let message = format!("expected `at_least` from 1 to the {} listed, found {k}", of.len());
            self.problem(Code::EmptyNeed, path().key("at_least"), message);
        }
        let members: Vec<Need> = of
            .iter()
            .enumerate()
            .filter_map(|(item, need)| self.need(own, need, &|| path_of().item(item), depth - 1))
            .collect();
        Some(Need::AtLeast { k, of: members })
    }

    /// The faults of the document's own systems and interfaces.
    fn faults(&mut self, topology: &Topology) -> Vec<Fault> {
        let document = self.document;
        let mut faults: Vec<Fault> = Vec::with_capacity(document.systems.len());
        for (at, (id, system)) in document.systems.iter().enumerate() {
            let element = Element::System(SystemIndex::new(at));
            self.own_faults("systems", id, element, id, &system.faults, &mut faults);
            if system.faultless && !system.faults.is_empty() {
                let message = format!("`{id}` is faultless, and yet it has faults of its own");
                let path = Path::default().key("systems").key(id).key("faultless");
                self.problem(Code::FaultlessFault, path, message);
            } else if system.faults.is_empty() && !system.faultless {
                faults.push(default_fault(topology, element));
            }
        }
        for (id, interface) in &document.interfaces {
            let Some(index) = topology.interface(id) else {
                continue;
            };
            let owner = topology.interfaces[index.index()].id.as_str();
            self.own_faults("interfaces", id, Element::Interface(index), owner, &interface.faults, &mut faults);
        }
        faults
    }

    /// Common causes join the faults of the elements, all are sorted by id, and each element learns of its own.
    fn settle(&mut self, topology: &mut Topology, mut faults: Vec<Fault>) {
        let mut selection = Selection::over(topology);
        for (name, common) in &self.document.common_causes {
            let path = Path::default().key("common_causes").key(name);
            let elements = selection.select(&common.strikes, &path.key("strikes"), self.problems);
            for element in &elements {
                if let Element::System(system) = element
                    && topology.systems[system.index()].faultless
                {
                    let id = &topology.systems[system.index()].id;
                    let message = format!("the common cause `{name}` strikes `{id}`, which is faultless");
                    self.problem(Code::FaultlessFault, path.key("strikes"), message);
                }
            }
            let strikes = Some(common.strikes.clone());
            faults.push(self.fault(name.clone(), elements, strikes, &common.fault(), &|| path.clone()));
        }
        faults.sort_by(|a, b| a.id.cmp(&b.id));
        for pair in faults.windows(2) {
            let [first, second] = pair else { unreachable!("windows of two") };
            if first.id == second.id {
                let [path, again] = [first, second].map(|fault| path_of(topology, fault));
                let message = format!("`{}` is the id of two faults: of {path} and of {again}", second.id);
                self.problem(Code::DuplicateId, again, message);
            }
        }
        // Evidence may name a system, an interface or a fault in the same place. Both lists are sorted: one walk tells.
        let mut systems = topology.systems.iter().map(|system| system.id.as_str()).peekable();
        for fault in &faults {
            let id = fault.id.as_str();
            while systems.next_if(|system| *system < id).is_some() {}
            let other = if systems.peek() == Some(&id) {
                "a system"
            } else if topology.interface(id).is_some() {
                "an interface"
            } else {
                continue;
            };
            let message = format!("`{id}` is the id of {other} and of a fault");
            self.problem(Code::DuplicateId, path_of(topology, fault), message);
        }
        topology.faults = faults;
        for (at, fault) in topology.faults.iter().enumerate() {
            for element in &fault.elements {
                match element {
                    Element::System(system) => topology.systems[system.index()].faults.push(FaultIndex::new(at)),
                    Element::Interface(interface) => {
                        topology.interfaces[interface.index()].add_fault(FaultIndex::new(at));
                    }
                }
            }
        }
    }

    /// The faults of one element, which stands under a key of a section.
    fn own_faults(
        &mut self,
        section: &str,
        key: &str,
        element: Element,
        owner: &str,
        own: &BTreeMap<String, document::Fault>,
        faults: &mut Vec<Fault>,
    ) {
        for (name, fault) in own {
            let path = || Path::default().key(section).key(key).key("faults");
            if let Some(reason) = objection(name) {
                let message = format!("`{name}` cannot be a fault's name: {reason}");
                self.problem(Code::BadId, path().name(name), message);
            }
            faults.push(self.fault(format!("{owner}.{name}"), vec![element], None, fault, &|| path().key(name)));
        }
    }

    /// Where the fault stands is worked out only for a problem.
    fn fault(
        &mut self,
        id: String,
        elements: Vec<Element>,
        strikes: Option<Vec<String>>,
        fault: &document::Fault,
        path: &dyn Fn() -> Path,
    ) -> Fault {
        let prior = match (fault.probability, &fault.rate, &fault.exposure) {
            (Some(value), None, None) => Some(Prior::Probability(
                Probability::new(value)
                    .unwrap_or_else(|_| probability(value, &path().key("probability"), self.problems)),
            )),
            (None, Some(rate), Some(exposure)) => Some(Prior::Rate(rate.clone(), exposure.clone())),
            (None, None, None) => {
                self.problem(
                    Code::PriorUnclear,
                    path(),
                    "expected `probability`, or `rate` with `exposure`".to_owned(),
                );
                None
            }
            (Some(_), ..) => {
                let message = "expected either `probability`, or `rate` with `exposure`, not both".to_owned();
                self.problem(Code::PriorUnclear, path(), message);
                None
            }
            (None, ..) => {
                let message = "`rate` and `exposure` go together: the rate works over the exposure".to_owned();
                self.problem(Code::PriorUnclear, path(), message);
                None
            }
        };
        if fault.trigger && fault.latent {
            let message = "a fault is a trigger or latent, not both".to_owned();
            self.problem(Code::RoleUnclear, path(), message);
        }
        if fault.cause.trim().is_empty() {
            self.problem(Code::MissingKey, path(), "a fault needs a `cause`".to_owned());
        }
        Fault {
            id: FaultId::new(id),
            elements,
            strikes,
            cause: fault.cause.clone(),
            prior: prior.unwrap_or(Prior::Probability(Probability::ZERO)),
            role: match (fault.trigger, fault.latent) {
                (true, _) => FaultRole::Trigger,
                (_, true) => FaultRole::Latent,
                _ => FaultRole::Ordinary,
            },
            assumed: fault.assumed.clone(),
            description: fault.description.clone(),
            is_default: false,
        }
    }

    fn monitors(&mut self, topology: &mut Topology) {
        let mut monitors = Vec::with_capacity(self.document.monitors.len());
        let mut selection = Selection::over(topology);
        for (id, monitor) in &self.document.monitors {
            let path = Path::default().key("monitors").key(id);
            let place = path.key("watches");
            let watches: Vec<SystemIndex> = selection
                .select(&monitor.watches, &place, self.problems)
                .into_iter()
                .filter_map(|element| match element {
                    Element::System(system) => Some(system),
                    Element::Interface(_) => None,
                })
                .collect();
            for (item, selector) in monitor.watches.iter().enumerate() {
                if split_interface(selector).is_some() {
                    let message = format!("a monitor watches systems; `{selector}` is an interface");
                    self.problem(Code::UnknownSystem, place.item(item), message);
                }
            }
            let mut figure = |value: Option<f64>, default, key: &str| {
                value.map_or(default, |value| probability(value, &path.key(key), self.problems))
            };
            let detects = figure(monitor.detects, Probability::ONE, "detects");
            let false_alarms = figure(monitor.false_alarms, Probability::ZERO, "false_alarms");
            let runs_on =
                monitor.runs_on.as_ref().and_then(|system| self.system(topology, system, &path.key("runs_on")));
            monitors.push(Monitor {
                id: MonitorId::new(id),
                selectors: monitor.watches.clone(),
                watches,
                runs_on,
                detects,
                false_alarms,
                description: monitor.description.clone(),
            });
        }
        topology.monitors = monitors;
    }
}

/// Where a fault stands in the model file.
fn path_of(topology: &Topology, fault: &Fault) -> Path {
    let element = match fault.elements.first() {
        Some(element) if fault.strikes.is_none() => *element,
        _ => return Path::default().key("common_causes").key(fault.id.as_str()),
    };
    let owner = topology.element_id(element);
    let section = if matches!(element, Element::System(_)) { "systems" } else { "interfaces" };
    let path = Path::default().key(section).key(owner);
    if fault.is_default { path } else { path.key("faults").key(fault.name_under(owner)) }
}

/// The fault of a system that names none.
pub(crate) fn default_fault(topology: &Topology, element: Element) -> Fault {
    Fault {
        id: FaultId::under(topology.element_id(element), DEFAULT_FAULT),
        elements: vec![element],
        strikes: None,
        cause: topology.default_cause.clone(),
        prior: Prior::Probability(topology.default_probability),
        role: FaultRole::Ordinary,
        assumed: Some("the model's default for systems that name no fault".to_owned()),
        description: None,
        is_default: true,
    }
}
