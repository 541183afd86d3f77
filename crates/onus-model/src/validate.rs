//! From a document to a model: every rule of the model file, checked in one pass that collects all problems.
//!
//! Topology comes first and knows no contract; structure is then laid over it. That is why a structure from a file of
//! its own ([`Model::with_structure`]) goes through the same code as the model's own.

use std::collections::{BTreeMap, BTreeSet};

use wildmatch::WildMatch;

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Error, Path, Problem, nearest};
use crate::document::{self, DutyKind, MODEL_FORMAT};
use crate::id::{
    ContractId, ContractIndex, ContractorId, ContractorIndex, FaultId, FaultIndex, InterfaceId, InterfaceIndex,
    MonitorId, POOLED, PUBLIC, SystemId, SystemIndex, interface_id, objection, split_interface,
};
use crate::model::{
    Contract, Contractor, DEFAULT_FAULT, Duty, Element, Fault, FaultRole, Holder, Interface, Liability, Model, Monitor,
    Need, Prior, Structure, System, Topology, Viewers,
};
use crate::quantity::Probability;

/// How deeply `any` and `at_least` may nest.
const NEED_DEPTH: usize = 64;
/// How far consortium shares may be off 100, for thirds written with two decimals.
const SHARE_TOLERANCE: f64 = 0.05;

impl Model {
    /// Checks a document and gives the model.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every problem found, in the order of the document.
    pub fn from_document(document: document::Model) -> Result<Self, Error> {
        let mut problems = Vec::new();
        let model = model(&document, &mut problems);
        finish(model, problems)
    }

    /// The same topology under other contracts: contracts and answers are replaced, contractors added.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every problem found.
    pub fn with_structure(&self, document: document::Structure) -> Result<Self, Error> {
        let mut problems = Vec::new();
        let model = with_structure(self, &document, &mut problems);
        finish(model, problems)
    }
}

fn finish<T>(value: T, problems: Vec<Problem>) -> Result<T, Error> {
    if problems.is_empty() {
        Ok(value)
    } else {
        Err(Error::Invalid(problems.into_iter().map(|problem| problem.diagnostic(None)).collect::<Vec<Diagnostic>>()))
    }
}

/// Checks a model document. The model is meaningful only if no problem was added.
pub(crate) fn model(document: &document::Model, problems: &mut Vec<Problem>) -> Model {
    format(&document.format, MODEL_FORMAT, problems);
    let topology = TopologyBuilder { document, problems }.build();
    let viewers_path = Path::default().key("monitors");
    let mut check = StructureBuilder { topology: &topology, problems };
    let mut structure = check.build(&document.contractors, &document.contracts, &document.answers);
    let contractors = &structure.contractors;
    structure.viewers = document
        .monitors
        .iter()
        .map(|(id, monitor)| check.viewers(contractors, &monitor.seen_by, &viewers_path.key(id).key("seen_by")))
        .collect();
    Model { title: document.title.clone(), description: document.description.clone(), topology, structure }
}

/// Lays another structure over a model's topology.
pub(crate) fn with_structure(model: &Model, document: &document::Structure, problems: &mut Vec<Problem>) -> Model {
    format(&document.format, MODEL_FORMAT, problems);
    let mut contractors: BTreeMap<String, document::Contractor> = model.to_document().contractors;
    contractors.extend(document.contractors.clone());
    let mut check = StructureBuilder { topology: &model.topology, problems };
    let mut structure = check.build(&contractors, &document.contracts, &document.answers);
    // The parties of the model are still there, perhaps at other indices.
    let moved = |contractor: &ContractorIndex| {
        let id = &model.structure.contractors[contractor.index()].id;
        ContractorIndex::new(
            structure.contractors.binary_search_by(|c| c.id.cmp(id)).expect("the model's contractors were all added"),
        )
    };
    structure.viewers = model
        .structure
        .viewers
        .iter()
        .map(|viewers| Viewers { public: viewers.public, contractors: viewers.contractors.iter().map(moved).collect() })
        .collect();
    let title = if document.title.is_empty() { model.title.clone() } else { document.title.clone() };
    Model { title, description: model.description.clone(), topology: model.topology.clone(), structure }
}

pub(crate) fn format(found: &str, wanted: &str, problems: &mut Vec<Problem>) {
    if found != wanted {
        let message = format!("expected the format `{wanted}`, found `{found}`");
        problems.push(Problem::new(Code::WrongFormat, Path::default().key("format"), message));
    }
}

/// Checks the ids of a section; `reserved` may not be used.
fn ids<'d>(section: &str, keys: impl Iterator<Item = &'d String>, reserved: &[&str], problems: &mut Vec<Problem>) {
    for key in keys {
        let reason = objection(key)
            .or_else(|| reserved.contains(&key.as_str()).then_some("this word has a meaning of its own among parties"));
        if let Some(reason) = reason {
            let path = Path::default().key(section).name(key);
            problems.push(Problem::new(Code::BadId, path, format!("`{key}` cannot be an id: {reason}")));
        }
    }
}

pub(crate) fn probability(value: f64, path: &Path, problems: &mut Vec<Problem>) -> Probability {
    Probability::new(value).unwrap_or_else(|error| {
        problems.push(Problem::new(Code::BadProbability, path.clone(), error.to_string()));
        Probability::ZERO
    })
}

struct TopologyBuilder<'d, 'p> {
    document: &'d document::Model,
    problems: &'p mut Vec<Problem>,
}

impl<'d> TopologyBuilder<'d, '_> {
    fn build(mut self) -> Topology {
        let document = self.document;
        ids("systems", document.systems.keys(), &[], self.problems);
        ids("monitors", document.monitors.keys(), &[], self.problems);
        ids("common_causes", document.common_causes.keys(), &[], self.problems);
        let defaults = Path::default().key("defaults");
        let default_probability =
            probability(document.defaults.probability, &defaults.key("probability"), self.problems);
        let mut topology = Topology {
            default_probability,
            default_cause: document.defaults.cause.clone(),
            systems: self.systems(),
            interfaces: Vec::new(),
            faults: Vec::new(),
            monitors: Vec::new(),
        };
        self.interfaces(&mut topology);
        self.needs(&mut topology);
        self.faults(&mut topology);
        self.monitors(&mut topology);
        topology
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
                faults: Vec::new(),
                needs: Vec::new(),
                demand: system.demand.clone(),
            });
        }
        systems
    }

    /// Every need makes an interface; the section `interfaces` says more about some.
    fn interfaces(&mut self, topology: &mut Topology) {
        let mut pairs = BTreeSet::new();
        for (at, system) in self.document.systems.values().enumerate() {
            let mut open: Vec<&document::Need> = system.needs.iter().collect();
            while let Some(need) = open.pop() {
                match need {
                    document::Need::Provider(provider) => {
                        if let Some(provider) = topology.system(provider) {
                            pairs.insert((SystemIndex::new(at), provider));
                        }
                    }
                    document::Need::Any { any } => open.extend(any),
                    document::Need::AtLeast { of, .. } => open.extend(of),
                }
            }
        }
        topology.interfaces = pairs
            .into_iter()
            .map(|(consumer, provider)| Interface {
                id: InterfaceId::new(interface_id(
                    topology.systems[consumer.index()].id.as_str(),
                    topology.systems[provider.index()].id.as_str(),
                )),
                consumer,
                provider,
                kind: None,
                description: None,
                propagates: Probability::ONE,
                delay: None,
                faults: Vec::new(),
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
            let target = &mut topology.interfaces[index.index()];
            target.kind.clone_from(&interface.kind);
            target.description.clone_from(&interface.description);
            target.delay.clone_from(&interface.delay);
            target.propagates = propagates.unwrap_or(Probability::ONE);
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
            let mut problem = Problem::new(
                Code::UnknownInterface,
                path.clone(),
                format!("`{consumer}` does not need `{provider}`, so there is no such interface"),
            );
            let reverse = topology.interface(&interface_id(provider, consumer)).is_some();
            problem.help = Some(if reverse {
                format!("`{provider}` needs `{consumer}`: the consumer stands left of the arrow")
            } else {
                format!("add `{provider}` to the needs of `{consumer}`")
            });
            self.problems.push(problem);
        }
        found
    }

    fn system(&mut self, topology: &Topology, id: &str, path: &Path) -> Option<SystemIndex> {
        let found = topology.system(id);
        if found.is_none() {
            self.problems.push(unknown_system(topology, id, path));
        }
        found
    }

    fn needs(&mut self, topology: &mut Topology) {
        for (at, (id, system)) in self.document.systems.iter().enumerate() {
            let path = Path::default().key("systems").key(id).key("needs");
            let needs = system
                .needs
                .iter()
                .enumerate()
                .filter_map(|(item, need)| {
                    self.need(topology, SystemIndex::new(at), need, &path.item(item), NEED_DEPTH)
                })
                .collect();
            topology.systems[at].needs = needs;
        }
    }

    /// Recursion is bounded by `depth`.
    fn need(
        &mut self,
        topology: &Topology,
        consumer: SystemIndex,
        need: &'d document::Need,
        path: &Path,
        depth: usize,
    ) -> Option<Need> {
        if depth == 0 {
            self.problem(Code::TooLarge, path.clone(), format!("needs nested deeper than {NEED_DEPTH} levels"));
            return None;
        }
        let (k, of, key) = match need {
            document::Need::Provider(provider) => {
                let provider = self.system(topology, provider, path)?;
                let interface = topology.interface_between(consumer, provider);
                return Some(Need::Provider(interface.expect("every need made its interface before")));
            }
            document::Need::Any { any } => (1, any, "any"),
            document::Need::AtLeast { at_least, of } => (*at_least, of, "of"),
        };
        let path_of = path.key(key);
        if of.is_empty() {
            self.problem(
                Code::EmptyNeed,
                path_of.clone(),
                format!("`{key}` lists nothing, so the need can never hold"),
            );
            return None;
        }
        if k == 0 || k as usize > of.len() {
            let message = format!("expected `at_least` from 1 to the {} listed, found {k}", of.len());
            self.problem(Code::EmptyNeed, path.key("at_least"), message);
        }
        let members: Vec<Need> = of
            .iter()
            .enumerate()
            .filter_map(|(item, need)| self.need(topology, consumer, need, &path_of.item(item), depth - 1))
            .collect();
        Some(Need::AtLeast { k, of: members })
    }

    fn faults(&mut self, topology: &mut Topology) {
        let document = self.document;
        let mut faults: Vec<(Fault, Path)> = Vec::new();
        for (at, (id, system)) in document.systems.iter().enumerate() {
            let element = Element::System(SystemIndex::new(at));
            let path = Path::default().key("systems").key(id);
            self.own_faults(id, element, &system.faults, &path, &mut faults);
            if system.faults.is_empty() {
                faults.push((default_fault(topology, id, element), path));
            }
        }
        for (id, interface) in &document.interfaces {
            let Some(index) = topology.interface(id) else {
                continue;
            };
            let owner = topology.interfaces[index.index()].id.as_str().to_owned();
            let path = Path::default().key("interfaces").key(id);
            self.own_faults(&owner, Element::Interface(index), &interface.faults, &path, &mut faults);
        }
        for (name, common) in &document.common_causes {
            let path = Path::default().key("common_causes").key(name);
            let strikes = path.key("strikes");
            let mut elements: Vec<Element> = Vec::new();
            for (item, selector) in common.strikes.iter().enumerate() {
                elements.extend(select(topology, selector, &strikes.item(item), self.problems));
            }
            if common.strikes.is_empty() {
                self.problem(Code::EmptySelector, strikes, format!("the common cause `{name}` strikes nothing"));
            }
            elements.sort_unstable();
            elements.dedup();
            let fault = self.fault(name.clone(), elements, Some(common.strikes.clone()), &common.fault(), &path);
            faults.push((fault, path));
        }
        faults.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
        for pair in faults.windows(2) {
            let [(first, path), (second, again)] = pair else { unreachable!("windows of two") };
            if first.id == second.id {
                let message = format!("`{}` is the id of two faults: of {path} and of {again}", second.id);
                self.problems.push(Problem::new(Code::DuplicateId, again.clone(), message));
            }
        }
        topology.faults = faults.into_iter().map(|(fault, _)| fault).collect();
        for (at, fault) in topology.faults.iter().enumerate() {
            for element in &fault.elements {
                match element {
                    Element::System(system) => topology.systems[system.index()].faults.push(FaultIndex::new(at)),
                    Element::Interface(interface) => {
                        topology.interfaces[interface.index()].faults.push(FaultIndex::new(at))
                    }
                }
            }
        }
    }

    fn own_faults(
        &mut self,
        owner: &str,
        element: Element,
        own: &BTreeMap<String, document::Fault>,
        path: &Path,
        faults: &mut Vec<(Fault, Path)>,
    ) {
        for (name, fault) in own {
            if let Some(reason) = objection(name) {
                let message = format!("`{name}` cannot be a fault's name: {reason}");
                self.problem(Code::BadId, path.key("faults").name(name), message);
            }
            let path = path.key("faults").key(name);
            faults.push((self.fault(format!("{owner}.{name}"), vec![element], None, fault, &path), path));
        }
    }

    fn fault(
        &mut self,
        id: String,
        elements: Vec<Element>,
        strikes: Option<Vec<String>>,
        fault: &document::Fault,
        path: &Path,
    ) -> Fault {
        let prior = match (fault.probability, &fault.rate, &fault.exposure) {
            (Some(value), None, None) => {
                Some(Prior::Probability(probability(value, &path.key("probability"), self.problems)))
            }
            (None, Some(rate), Some(exposure)) => Some(Prior::Rate(rate.clone(), exposure.clone())),
            (None, None, None) => {
                self.problem(
                    Code::PriorUnclear,
                    path.clone(),
                    "expected `probability`, or `rate` with `exposure`".to_owned(),
                );
                None
            }
            (Some(_), ..) => {
                let message = "expected either `probability`, or `rate` with `exposure`, not both".to_owned();
                self.problem(Code::PriorUnclear, path.clone(), message);
                None
            }
            (None, ..) => {
                let message = "`rate` and `exposure` go together: the rate works over the exposure".to_owned();
                self.problem(Code::PriorUnclear, path.clone(), message);
                None
            }
        };
        if fault.trigger && fault.latent {
            let message = "a fault is a trigger or latent, not both".to_owned();
            self.problem(Code::RoleUnclear, path.clone(), message);
        }
        if fault.cause.trim().is_empty() {
            self.problem(Code::BadId, path.key("cause"), "a cause must not be empty".to_owned());
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
        for (id, monitor) in &self.document.monitors {
            let path = Path::default().key("monitors").key(id);
            let mut watches = Vec::new();
            for (item, selector) in monitor.watches.iter().enumerate() {
                let place = path.key("watches").item(item);
                if split_interface(selector).is_some() {
                    let message = format!("a monitor watches systems; `{selector}` is an interface");
                    self.problem(Code::UnknownSystem, place, message);
                    continue;
                }
                let selected = select(topology, selector, &place, self.problems);
                watches.extend(selected.into_iter().filter_map(|element| match element {
                    Element::System(system) => Some(system),
                    Element::Interface(_) => None,
                }));
            }
            watches.sort_unstable();
            watches.dedup();
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

fn default_fault(topology: &Topology, system: &str, element: Element) -> Fault {
    Fault {
        id: FaultId::new(format!("{system}.{DEFAULT_FAULT}")),
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

pub(crate) fn unknown_system(topology: &Topology, id: &str, path: &Path) -> Problem {
    let mut problem = Problem::new(Code::UnknownSystem, path.clone(), format!("there is no system `{id}`")).missing(id);
    problem.help = nearest(id, topology.systems.iter().map(|s| s.id.as_str()));
    problem
}

/// The elements a selector names, sorted. Nothing found is a problem.
fn select(topology: &Topology, selector: &str, path: &Path, problems: &mut Vec<Problem>) -> Vec<Element> {
    let systems = || topology.systems.iter().enumerate().map(|(at, s)| (Element::System(SystemIndex::new(at)), s));
    let interfaces =
        || topology.interfaces.iter().enumerate().map(|(at, i)| (Element::Interface(InterfaceIndex::new(at)), i));
    let empty = |message: String, help: Option<String>| {
        let mut problem = Problem::new(Code::EmptySelector, path.clone(), message);
        problem.help = help;
        problem
    };
    if let Some(kind) = selector.strip_prefix("kind:") {
        let found: Vec<Element> = systems()
            .filter(|(_, s)| s.kind.as_deref() == Some(kind))
            .map(|(e, _)| e)
            .chain(interfaces().filter(|(_, i)| i.kind.as_deref() == Some(kind)).map(|(e, _)| e))
            .collect();
        if found.is_empty() {
            let kinds = systems()
                .filter_map(|(_, s)| s.kind.as_deref())
                .chain(interfaces().filter_map(|(_, i)| i.kind.as_deref()));
            problems.push(empty(format!("nothing is of kind `{kind}`"), nearest(kind, kinds)).missing(kind));
        }
        return found;
    }
    let is_glob = selector.contains(['*', '?']);
    let Some((consumer, provider)) = split_interface(selector) else {
        if !is_glob {
            let found = topology.system(selector).map(Element::System);
            if found.is_none() {
                problems.push(unknown_system(topology, selector, path));
            }
            return found.into_iter().collect();
        }
        let pattern = WildMatch::new(selector);
        let found: Vec<Element> = systems().filter(|(_, s)| pattern.matches(s.id.as_str())).map(|(e, _)| e).collect();
        if found.is_empty() {
            problems.push(empty(format!("no system matches `{selector}`"), None));
        }
        return found;
    };
    if is_glob {
        let [consumer, provider] = [consumer, provider].map(WildMatch::new);
        let id = |system: SystemIndex| topology.systems[system.index()].id.as_str();
        let found: Vec<Element> = interfaces()
            .filter(|(_, i)| consumer.matches(id(i.consumer)) && provider.matches(id(i.provider)))
            .map(|(e, _)| e)
            .collect();
        if found.is_empty() {
            problems.push(empty(format!("no interface matches `{selector}`"), None));
        }
        return found;
    }
    let found = topology.interface(selector).map(Element::Interface);
    if found.is_none() {
        let message = format!("there is no interface `{}`", interface_id(consumer, provider));
        let mut problem = Problem::new(Code::UnknownInterface, path.clone(), message).missing(selector);
        problem.help = nearest(&interface_id(consumer, provider), topology.interfaces.iter().map(|i| i.id.as_str()));
        problems.push(problem);
    }
    found.into_iter().collect()
}

struct StructureBuilder<'t, 'p> {
    topology: &'t Topology,
    problems: &'p mut Vec<Problem>,
}

impl StructureBuilder<'_, '_> {
    fn build(
        &mut self,
        contractors: &BTreeMap<String, document::Contractor>,
        contracts: &BTreeMap<String, document::Contract>,
        answers: &BTreeMap<String, Vec<DutyKind>>,
    ) -> Structure {
        ids("contractors", contractors.keys(), &[PUBLIC, POOLED], self.problems);
        ids("contracts", contracts.keys(), &[], self.problems);
        let parties: Vec<Contractor> = contractors
            .iter()
            .map(|(id, contractor)| Contractor {
                id: ContractorId::new(id),
                name: contractor.name.clone(),
                role: contractor.role.clone(),
                group: contractor.group.clone(),
                description: contractor.description.clone(),
            })
            .collect();
        let names: Vec<&str> = contracts.keys().map(String::as_str).collect();
        let section = Path::default().key("contracts");
        let built: Vec<Contract> = contracts
            .iter()
            .map(|(id, contract)| self.contract(&parties, &names, id, contract, &section.key(id)))
            .collect();
        self.no_cycles(&built, &section);
        Structure { contractors: parties, contracts: built, answers: answers.clone(), viewers: Vec::new() }
    }

    fn contractor(&mut self, parties: &[Contractor], id: &str, path: &Path) -> Option<ContractorIndex> {
        let found = parties.binary_search_by(|c| c.id.as_str().cmp(id)).ok().map(ContractorIndex::new);
        if found.is_none() {
            self.problems.push(unknown_contractor(parties, id, path));
        }
        found
    }

    fn contract(
        &mut self,
        parties: &[Contractor],
        names: &[&str],
        id: &str,
        contract: &document::Contract,
        path: &Path,
    ) -> Contract {
        let under = contract.under.as_ref().and_then(|parent| {
            let found = names.binary_search(&parent.as_str()).ok().map(ContractIndex::new);
            if found.is_none() {
                let message = format!("there is no contract `{parent}`");
                let mut problem = Problem::new(Code::UnknownContract, path.key("under"), message).missing(parent);
                problem.help = nearest(parent, names.iter().copied());
                self.problems.push(problem);
            }
            found
        });
        if let (Some(from), Some(to)) = (contract.term.from, contract.term.to)
            && to < from
        {
            let message = format!("the term ends on {to}, before it begins on {from}");
            self.problems.push(Problem::new(Code::EmptyTerm, path.key("term"), message));
        }
        let liability = &contract.liability;
        Contract {
            id: ContractId::new(id),
            title: contract.title.clone(),
            holder: self.holder(parties, contract, path),
            under,
            buyer: contract.buyer.as_ref().and_then(|buyer| self.contractor(parties, buyer, &path.key("buyer"))),
            term: contract.term,
            duties: self.duties(contract, &path.key("duties")),
            reports_to: contract
                .reports_to
                .iter()
                .enumerate()
                .filter_map(|(item, party)| self.contractor(parties, party, &path.key("reports_to").item(item)))
                .collect(),
            responds_in: contract.responds_in.clone(),
            liability: Liability {
                excludes: liability.excludes.clone(),
                cap: liability.cap.clone(),
                indemnified_by: liability
                    .indemnified_by
                    .as_ref()
                    .and_then(|party| self.contractor(parties, party, &path.key("liability").key("indemnified_by"))),
            },
            description: contract.description.clone(),
        }
    }

    fn holder(&mut self, parties: &[Contractor], contract: &document::Contract, path: &Path) -> Holder {
        // Stands in where the holder is wrong; no model is given out then.
        let nobody = Holder::Consortium(Vec::new());
        match (&contract.contractor, contract.consortium.is_empty()) {
            (Some(contractor), true) => {
                self.contractor(parties, contractor, &path.key("contractor")).map_or(nobody, Holder::Sole)
            }
            (None, false) => {
                let path = path.key("consortium");
                let total: f64 = contract.consortium.values().sum();
                if !((total - 100.0).abs() <= SHARE_TOLERANCE && contract.consortium.values().all(|share| *share > 0.0))
                {
                    let message = format!("expected positive shares that add up to 100, found {total}");
                    self.problems.push(Problem::new(Code::BadShares, path.clone(), message));
                }
                let shares = contract
                    .consortium
                    .iter()
                    .filter_map(|(id, share)| Some((self.contractor(parties, id, &path.name(id))?, *share)))
                    .collect();
                Holder::Consortium(shares)
            }
            (Some(_), false) => {
                let message = "expected either `contractor` or `consortium`, found both".to_owned();
                self.problems.push(Problem::new(Code::HolderUnclear, path.clone(), message));
                nobody
            }
            (None, true) => {
                let message = "expected a `contractor` or a `consortium`, found neither".to_owned();
                self.problems.push(Problem::new(Code::HolderUnclear, path.clone(), message));
                nobody
            }
        }
    }

    fn duties(&mut self, contract: &document::Contract, path: &Path) -> Vec<Duty> {
        let mut duties = Vec::with_capacity(contract.duties.len());
        for (item, duty) in contract.duties.iter().enumerate() {
            let path = path.item(item).key("of");
            let mut elements = Vec::new();
            for (at, selector) in duty.of.iter().enumerate() {
                elements.extend(select(self.topology, selector, &path.item(at), self.problems));
            }
            elements.sort_unstable();
            elements.dedup();
            duties.push(Duty { kind: duty.duty, selectors: duty.of.clone(), elements });
        }
        duties
    }

    fn no_cycles(&mut self, contracts: &[Contract], section: &Path) {
        for (at, contract) in contracts.iter().enumerate() {
            let mut chain = vec![contract.id.as_str()];
            let mut parent = contract.under;
            // Longer than the list means a cycle; it is reported at each contract that stands in it.
            while let Some(index) = parent
                && chain.len() <= contracts.len()
            {
                chain.push(contracts[index.index()].id.as_str());
                if index.index() == at {
                    let message = format!("`{}` is a subcontract of itself: {}", contract.id, chain.join(" under "));
                    let path = section.key(contract.id.as_str()).key("under");
                    self.problems.push(Problem::new(Code::CyclicSubcontract, path, message));
                    break;
                }
                parent = contracts[index.index()].under;
            }
        }
    }

    fn viewers(&mut self, parties: &[Contractor], seen_by: &[String], path: &Path) -> Viewers {
        let mut viewers = Viewers::default();
        for (item, party) in seen_by.iter().enumerate() {
            if party == PUBLIC {
                viewers.public = true;
            } else {
                viewers.contractors.extend(self.contractor(parties, party, &path.item(item)));
            }
        }
        viewers.contractors.sort_unstable();
        viewers.contractors.dedup();
        viewers
    }
}

pub(crate) fn unknown_contractor(parties: &[Contractor], id: &str, path: &Path) -> Problem {
    let mut problem =
        Problem::new(Code::UnknownContractor, path.clone(), format!("there is no contractor `{id}`")).missing(id);
    problem.help = nearest(id, parties.iter().map(|c| c.id.as_str()));
    problem
}
