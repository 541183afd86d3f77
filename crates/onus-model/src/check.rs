//! Lint: what a model says that its owner would probably not want. Nothing here is an error, and nothing here looks at an
//! incident; [`Model::check`] reads topology and structure alone.
//!
//! Findings are gathered by what a person would fix at once: the faults nobody answers for by the element they sit on,
//! causes without a duty by cause, monitors by monitor. They come in the order of their codes, and within one code in
//! the order of the model, so that the same model always gives the same list. What a single failure takes down is
//! asked of [`dependence`].

mod certainty;
mod dependence;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use petgraph::Direction;
use petgraph::graph::NodeIndex;

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Path, Problem, Severity};
use crate::id::{ContractIndex, ContractorIndex, FaultIndex, InterfaceIndex, MonitorIndex, SystemIndex};
use crate::model::{Element, Model, Need};
use crate::quantity::Date;
use crate::responsibility::{Answer, Responsibility};

use dependence::Dependence;

/// What [`Model::check`] looks at.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckOptions {
    /// The day the contracts are judged on. Default: none in particular, on which every contract counts and none has
    /// lapsed.
    pub day: Option<Date>,
    /// How many systems must depend on one without owner, directly or through others, for it to be reported. Default 3.
    pub hub_threshold: u32,
    /// Steps along needs that each of three searches may take: for the dependents of systems without owner, for what
    /// monitors fail with, and for needs that redundant members share. Default 5,000,000, about a second. A search
    /// that stops there says so in a finding of [`Severity::Note`].
    pub steps: u64,
}

impl Default for CheckOptions {
    fn default() -> Self {
        Self { day: None, hub_threshold: 3, steps: 5_000_000 }
    }
}

impl Model {
    /// Everything in the model that deserves a second look, in a fixed order: gaps, overlaps, seams without integrator,
    /// contracts not in force, systems nobody watches or owns, monitors that fall silent, redundancy that is none, systems
    /// that never work or never fail.
    ///
    /// O(V + E + duties + log-factors), and at most [`CheckOptions::steps`] for each of the three searches that
    /// may cost more.
    ///
    /// ```
    /// use onus_model::document::{Contract, Contractor, DutyKind, Model, System};
    /// use onus_model::{CheckOptions, Code};
    ///
    /// let model = Model::new("Two")
    ///     .contractor("netco", Contractor::default())
    ///     .contract("network", Contract::held_by("netco").duty(DutyKind::Operate, ["router"]))
    ///     .system("router", System::new())
    ///     .system("portal", System::new().needs("router"))
    ///     .build()?;
    /// let findings = model.check(&CheckOptions::default());
    /// let codes: Vec<Code> = findings.iter().map(|finding| finding.code).collect();
    /// assert_eq!(codes, [Code::Gap, Code::Unwatched]);
    /// assert_eq!(findings[0].path, "systems.portal");
    /// # Ok::<(), onus_model::Error>(())
    /// ```
    pub fn check(&self, options: &CheckOptions) -> Vec<Diagnostic> {
        let responsibility = self.responsibility(options.day);
        let mut check = Check { model: self, options, responsibility, found: Vec::new() };
        // Where no contract is in force at all, one finding says so; that nobody owns anything follows from it.
        let structured = self.contracts().iter().any(|contract| contract.in_force(options.day));
        if structured {
            check.gaps();
        } else {
            check.no_contract();
        }
        check.overlaps();
        check.seams();
        check.lapsed_contracts();
        check.unwatched_systems();
        if structured {
            check.ownerless_hubs();
        }
        let mut dependence = Dependence::of(self, options.steps);
        check.blind_monitors(&mut dependence);
        check.shared_needs(&mut dependence);
        check.unknown_causes();
        check.contrary_monitors();
        check.never_working();
        check.never_failing();
        check.found
    }
}

struct Check<'m> {
    model: &'m Model,
    options: &'m CheckOptions,
    responsibility: Responsibility<'m>,
    found: Vec<Diagnostic>,
}

impl Check<'_> {
    fn find(&mut self, code: Code, path: Path, message: String, help: Option<String>) {
        let mut problem = Problem::new(code, path, message);
        problem.help = help;
        self.found.push(problem.diagnostic(None));
    }

    fn note(&mut self, code: Code, message: String) {
        let help = Some("allow the check more steps to see them all".to_owned());
        self.find(code, Path::default(), message, help);
        if let Some(note) = self.found.last_mut() {
            note.severity = Severity::Note;
        }
    }

    fn system(&self, system: SystemIndex) -> &str {
        self.model.systems()[system.index()].id.as_str()
    }

    fn fault(&self, fault: FaultIndex) -> &str {
        self.model.faults()[fault.index()].id.as_str()
    }

    /// "`a`, `b` and 3 more".
    fn system_names(&self, systems: &[SystemIndex]) -> String {
        listed("and", systems.iter().map(|s| format!("`{}`", self.system(*s))))
    }

    /// "`port` (hardware), `image` (software)": the names without what they sit on, which the message names already.
    fn fault_names(&self, faults: &[FaultIndex]) -> String {
        listed(
            "and",
            faults.iter().map(|fault| {
                let fault = &self.model.faults()[fault.index()];
                let owner = fault.elements.first().map_or("", |element| self.model.topology().element_id(*element));
                let id = fault.id.as_str();
                let name = id.strip_prefix(owner).and_then(|rest| rest.strip_prefix('.')).unwrap_or(id);
                format!("`{name}` ({})", fault.cause)
            }),
        )
    }

    fn contractor_names(&self, contractors: &[ContractorIndex]) -> String {
        joined("and", contractors.iter().map(|c| self.model.contractors()[c.index()].id.to_string()).collect())
    }

    /// "`network-2023` (netco)".
    fn contract_names(&self, contracts: &[ContractIndex]) -> String {
        let name = |contract: &ContractIndex| {
            let contract = &self.model.contracts()[contract.index()];
            let holders: Vec<ContractorIndex> = contract.holders().into_iter().map(|(holder, _)| holder).collect();
            format!("`{}` ({})", contract.id, self.contractor_names(&holders))
        };
        joined("and", contracts.iter().map(name).collect())
    }

    /// "on 2023-11-17", where a day was asked for.
    fn on_the_day(&self) -> String {
        self.options.day.map_or_else(String::new, |day| format!(" on {day}"))
    }

    fn no_contract(&mut self) {
        if self.model.faults().is_empty() {
            return;
        }
        let message = if self.model.contracts().is_empty() {
            format!("there are no contracts, so nobody answers for any of {} faults", self.model.faults().len())
        } else {
            let count = self.model.faults().len();
            format!("no contract is in force{}, so nobody answers for any of {count} faults", self.on_the_day())
        };
        self.find(Code::Gap, Path::default().key("contracts"), message, None);
    }

    fn gaps(&mut self) {
        let model = self.model;
        let mut by_place: BTreeMap<Place, Vec<FaultIndex>> = BTreeMap::new();
        for (at, fault) in model.faults().iter().enumerate() {
            let index = FaultIndex::new(at);
            // A cause that no duty answers for is a finding of its own.
            if model.structure().answers_for(&fault.cause).is_some()
                && self.responsibility.answer(index) == Answer::Unassigned
                && let Some(place) = Place::of(model, index)
            {
                by_place.entry(place).or_default().push(index);
            }
        }
        let paths = self.interface_paths(by_place.keys().filter_map(|place| place.interface()));
        for (place, faults) in by_place {
            let causes: BTreeSet<&str> = faults.iter().map(|f| model.faults()[f.index()].cause.as_str()).collect();
            let mut duties = Vec::new();
            for duty in causes.iter().filter_map(|cause| model.structure().answers_for(cause)).flatten() {
                let duty = duty.to_string();
                if !duties.contains(&duty) {
                    duties.push(duty);
                }
            }
            let day = self.on_the_day();
            let help = format!("a contract in force{day} with the duty {} would", joined("or", duties));
            let message = match place {
                Place::CommonCause(fault) => {
                    format!("nobody answers for the common cause `{}`{day}", self.fault(fault))
                }
                Place::Element(element) => {
                    let id = model.topology().element_id(element);
                    format!(
                        "nobody answers for {} of `{id}`{day}",
                        counted(&faults, "fault", &self.fault_names(&faults))
                    )
                }
            };
            self.find(Code::Gap, self.place_path(place, &paths), message, Some(help));
        }
    }

    fn overlaps(&mut self) {
        let model = self.model;
        let mut by_place: BTreeMap<(Place, Vec<ContractIndex>), Vec<FaultIndex>> = BTreeMap::new();
        for (at, fault) in model.faults().iter().enumerate() {
            let index = FaultIndex::new(at);
            let (Answer::Disputed(contracts), Some(place)) =
                (self.responsibility.answer(index), Place::of(model, index))
            else {
                continue;
            };
            // Left to the two ends of a seam: that is a finding of its own.
            let is_seam = place.interface().is_some_and(|i| self.responsibility.is_left_to_the_ends(&fault.cause, i));
            if !is_seam {
                by_place.entry((place, contracts)).or_default().push(index);
            }
        }
        let paths = self.interface_paths(by_place.keys().filter_map(|(place, _)| place.interface()));
        for ((place, contracts), faults) in by_place {
            let contracts = self.contract_names(&contracts);
            let day = self.on_the_day();
            let (message, help) = match place {
                Place::CommonCause(fault) => (
                    format!("the common cause `{}` falls under {contracts}{day}", self.fault(fault)),
                    "nothing says which of them answers for it",
                ),
                Place::Element(element) => {
                    let id = model.topology().element_id(element);
                    let faults = counted(&faults, "fault", &self.fault_names(&faults));
                    (
                        format!("{contracts} answer for the same {faults} of `{id}`{day}"),
                        "take the duty out of one, or make one a subcontract of the other",
                    )
                }
            };
            self.find(Code::Overlap, self.place_path(place, &paths), message, Some(help.to_owned()));
        }
    }

    fn seams(&mut self) {
        let mut seams = self.model.seams(self.options.day);
        seams.retain(|seam| seam.integrators.is_empty());
        let paths = self.interface_paths(seams.iter().map(|seam| seam.interface));
        for seam in seams {
            let id = &self.model.interfaces()[seam.interface.index()].id;
            let message = format!(
                "`{id}` crosses from {} to {}, and no contract integrates it{}",
                self.contractor_names(&seam.consumer),
                self.contractor_names(&seam.provider),
                self.on_the_day(),
            );
            let help = Some(format!("a contract with the duty to integrate `{id}` would say who answers across it"));
            self.find(Code::Seam, paths[&seam.interface].clone(), message, help);
        }
    }

    fn lapsed_contracts(&mut self) {
        let Some(day) = self.options.day else { return };
        for contract in self.model.contracts().iter().filter(|contract| !contract.in_force(Some(day))) {
            let message = match (contract.term.from, contract.term.to) {
                (Some(from), _) if day < from => {
                    format!("`{}` is not in force on {day}: it begins on {from}", contract.id)
                }
                (_, Some(to)) => format!("`{}` is not in force on {day}: it ended on {to}", contract.id),
                _ => format!("`{}` is not in force on {day}", contract.id),
            };
            let path = Path::default().key("contracts").key(contract.id.as_str()).key("term");
            self.find(Code::LapsedContract, path, message, None);
        }
    }

    fn unwatched_systems(&mut self) {
        let model = self.model;
        if model.monitors().is_empty() {
            if !model.systems().is_empty() {
                let message = format!("there are no monitors, so none of {} systems is watched", model.systems().len());
                self.find(Code::Unwatched, Path::default().key("systems"), message, None);
            }
            return;
        }
        let mut watched = vec![false; model.systems().len()];
        for system in model.monitors().iter().flat_map(|monitor| &monitor.watches) {
            watched[system.index()] = true;
        }
        for (system, _) in model.systems().iter().zip(watched).filter(|(_, watched)| !watched) {
            let message = format!("no monitor watches `{}`", system.id);
            self.find(Code::Unwatched, Path::default().key("systems").key(system.id.as_str()), message, None);
        }
    }

    fn ownerless_hubs(&mut self) {
        let model = self.model;
        let graph = model.graph();
        let mut left = self.options.steps;
        // The wave in which a system was last reached, so that nothing has to be cleared between two searches.
        let mut reached = vec![0_usize; model.systems().len()];
        let mut dependents = VecDeque::new();
        let mut uncounted = 0;
        for at in 0..model.systems().len() {
            let hub = SystemIndex::new(at);
            if !self.responsibility.ownership(hub).is_empty() {
                continue;
            }
            reached[at] = at + 1;
            dependents.push_back(NodeIndex::new(at));
            let mut demand: BTreeMap<&str, f64> = BTreeMap::new();
            let mut count = 0_u32;
            // Past the budget each one still gets the steps that mostly suffice to tell whether it is a hub.
            let mut allowed = left.max(PAST_BUDGET);
            while let Some(node) = dependents.pop_front() {
                for (unit, amount) in &model.systems()[node.index()].demand {
                    *demand.entry(unit).or_default() += amount;
                }
                for dependent in graph.neighbors_directed(node, Direction::Incoming) {
                    left = left.saturating_sub(1);
                    allowed = allowed.saturating_sub(1);
                    if reached[dependent.index()] != at + 1 {
                        reached[dependent.index()] = at + 1;
                        count += 1;
                        dependents.push_back(dependent);
                    }
                }
                if allowed == 0 {
                    break;
                }
            }
            let is_cut_off = !dependents.is_empty();
            dependents.clear();
            if count < self.options.hub_threshold {
                uncounted += usize::from(is_cut_off);
                continue;
            }
            let at_least = if is_cut_off { "at least " } else { "" };
            let behind: Vec<String> = demand.iter().map(|(unit, amount)| format!("{amount} {unit}")).collect();
            let behind =
                if behind.is_empty() { String::new() } else { format!(", with {} behind them", joined("and", behind)) };
            let id = self.system(hub);
            let message =
                format!("nobody owns `{id}`{}, on which {at_least}{count} systems depend{behind}", self.on_the_day());
            let help = Some("a contract with any duty over it would make its holder the owner".to_owned());
            self.find(Code::OwnerlessHub, Path::default().key("systems").key(id), message, help);
        }
        if uncounted > 0 {
            let message = format!("the step limit left the dependents of {uncounted} systems without owner uncounted");
            self.note(Code::OwnerlessHub, message);
        }
    }

    fn blind_monitors(&mut self, dependence: &mut Dependence) {
        let model = self.model;
        let mut unfinished = 0;
        for (at, monitor) in model.monitors().iter().enumerate() {
            let Some(runs_on) = monitor.runs_on else { continue };
            let Some(silencing) = dependence.taking_down(runs_on, &monitor.watches) else {
                unfinished += 1;
                continue;
            };
            if silencing.is_empty() {
                continue;
            }
            let watched = self.system_names(&silencing);
            let message = if silencing == [runs_on] {
                format!("`{}` runs on {watched}, which it watches: if that fails, no report comes", monitor.id)
            } else {
                let runs_on = self.system(runs_on);
                format!(
                    "`{}` runs on `{runs_on}`, which fails with {watched} that it watches: no report comes then",
                    monitor.id
                )
            };
            self.find(Code::BlindMonitor, self.monitor_path(MonitorIndex::new(at)).key("runs_on"), message, None);
        }
        if unfinished > 0 {
            let message = format!("the step limit left {unfinished} monitors unexamined");
            self.note(Code::BlindMonitor, message);
        }
    }

    fn shared_needs(&mut self, dependence: &mut Dependence) {
        for finding in dependence.shared(self.model) {
            let consumer = self.system(finding.consumer);
            let (needed, lost) = match (finding.k, finding.members) {
                (1, 2) => ("one of 2".to_owned(), "both fail".to_owned()),
                (1, members) => (format!("one of {members}"), "all of them fail".to_owned()),
                (k, members) => (format!("{k} of {members}"), format!("{} of them fail", members - k + 1)),
            };
            let causes: Vec<String> = (finding.systems.iter().map(|system| format!("`{}`", self.system(*system))))
                .chain(finding.common_causes.iter().map(|fault| format!("the common cause `{}`", self.fault(*fault))))
                .collect();
            let message = format!("`{consumer}` needs {needed}, but {lost} with {}", listed("or", causes.into_iter()));
            self.find(Code::SharedNeed, finding.path, message, None);
        }
        if dependence.unfinished() > 0 {
            let message = format!("the step limit left {} redundant needs not fully examined", dependence.unfinished());
            self.note(Code::SharedNeed, message);
        }
    }

    fn unknown_causes(&mut self) {
        let model = self.model;
        let mut by_cause: BTreeMap<&str, Vec<FaultIndex>> = BTreeMap::new();
        for (at, fault) in model.faults().iter().enumerate() {
            if model.structure().answers_for(&fault.cause).is_none_or(<[_]>::is_empty) {
                by_cause.entry(&fault.cause).or_default().push(FaultIndex::new(at));
            }
        }
        for (cause, faults) in by_cause {
            let names = listed("and", faults.iter().map(|fault| format!("`{}`", self.fault(*fault))));
            let message = format!("no duty answers for the cause `{cause}` of {}", counted(&faults, "fault", &names));
            let help = format!("say which: `answers: {{ {cause}: [maintain] }}`");
            let first = faults.first().map_or_else(Path::default, |fault| self.cause_path(*fault));
            self.find(Code::UnknownCause, first, message, Some(help));
        }
    }

    fn contrary_monitors(&mut self) {
        for (at, monitor) in self.model.monitors().iter().enumerate() {
            if monitor.false_alarms > monitor.detects {
                let message = format!(
                    "`{}` reports a working system as failed (false_alarms: {}) more often than a failed one (detects: {})",
                    monitor.id, monitor.false_alarms, monitor.detects
                );
                let path = self.monitor_path(MonitorIndex::new(at)).key("false_alarms");
                self.find(Code::ContraryMonitor, path, message, None);
            }
        }
    }

    fn never_working(&mut self) {
        let model = self.model;
        let is_certain = |fault: FaultIndex| model.faults()[fault.index()].prior.probability().get() >= 1.0;
        let couples = |interface: InterfaceIndex| model.interfaces()[interface.index()].propagates.get() >= 1.0;
        let systems = certainty::failing(model, is_certain, couples);
        let faults: Vec<FaultIndex> =
            (0..model.faults().len()).map(FaultIndex::new).filter(|f| is_certain(*f)).collect();
        let names = listed("and", faults.iter().map(|fault| format!("`{}`", self.fault(*fault))));
        let why = format!("for {} of probability 1", counted(&faults, "fault", &names));
        self.fated(Code::NeverWorks, &systems, &format!("can never work, {why}"));
    }

    fn never_failing(&mut self) {
        let model = self.model;
        let is_possible = |fault: FaultIndex| model.faults()[fault.index()].prior.probability().get() > 0.0;
        let couples = |interface: InterfaceIndex| model.interfaces()[interface.index()].propagates.get() > 0.0;
        let mut works = vec![true; model.systems().len()];
        for system in certainty::failing(model, is_possible, couples) {
            works[system.index()] = false;
        }
        let systems: Vec<SystemIndex> = (0..works.len()).filter(|at| works[*at]).map(SystemIndex::new).collect();
        self.fated(Code::NeverFails, &systems, "can never fail: no fault that can be present reaches it");
    }

    /// One finding for all systems of one fate.
    fn fated(&mut self, code: Code, systems: &[SystemIndex], fate: &str) {
        let Some(first) = systems.first() else { return };
        let path = Path::default().key("systems").key(self.system(*first));
        let message = match systems {
            [_] => format!("{} {fate}", self.system_names(systems)),
            _ => format!("each of {} {fate}", self.system_names(systems)),
        };
        self.find(code, path, message, None);
    }

    fn monitor_path(&self, monitor: MonitorIndex) -> Path {
        Path::default().key("monitors").key(self.model.monitors()[monitor.index()].id.as_str())
    }

    /// Where a fault's cause is written.
    fn cause_path(&self, fault: FaultIndex) -> Path {
        let fault = &self.model.faults()[fault.index()];
        if fault.is_default {
            return Path::default().key("defaults").key("cause");
        }
        let path = if fault.strikes.is_some() {
            Path::default().key("common_causes").key(fault.id.as_str())
        } else {
            let element = fault.elements.first().map_or("", |element| self.model.topology().element_id(*element));
            let name = fault.id.as_str().strip_prefix(element).and_then(|rest| rest.strip_prefix('.')).unwrap_or("");
            let section = if element.contains("->") { "interfaces" } else { "systems" };
            Path::default().key(section).key(element).key("faults").key(name)
        };
        path.key("cause")
    }

    fn place_path(&self, place: Place, interfaces: &BTreeMap<InterfaceIndex, Path>) -> Path {
        match place {
            Place::Element(Element::System(system)) => Path::default().key("systems").key(self.system(system)),
            Place::Element(Element::Interface(interface)) => interfaces[&interface].clone(),
            Place::CommonCause(fault) => Path::default().key("common_causes").key(self.fault(fault)),
        }
    }

    /// Where each of these interfaces is written as a need: unlike an entry of `interfaces`, every one has that. All at
    /// once, because a system may have many needs.
    fn interface_paths(&self, wanted: impl Iterator<Item = InterfaceIndex>) -> BTreeMap<InterfaceIndex, Path> {
        let mut paths: BTreeMap<InterfaceIndex, Path> = wanted.map(|interface| (interface, Path::default())).collect();
        let consumers: BTreeSet<SystemIndex> =
            paths.keys().map(|interface| self.model.interfaces()[interface.index()].consumer).collect();
        for consumer in consumers {
            let needs = Path::default().key("systems").key(self.system(consumer)).key("needs");
            let mut open: Vec<(Path, &Need)> = Vec::new();
            for (item, need) in self.model.systems()[consumer.index()].needs.iter().enumerate() {
                // Few needs nest, and none deeply; each is finished before the next one makes its paths.
                open.push((needs.item(item), need));
                while let Some((path, need)) = open.pop() {
                    match need {
                        Need::Provider(interface) => {
                            if let Some(first) = paths.get_mut(interface).filter(|first| first.0.is_empty()) {
                                *first = path;
                            }
                        }
                        Need::AtLeast { k, of } => {
                            let of_path = path.key(if *k == 1 { "any" } else { "of" });
                            open.extend(of.iter().enumerate().rev().map(|(item, need)| (of_path.item(item), need)));
                        }
                    }
                }
            }
        }
        paths
    }
}

/// What a finding about faults is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Element(Element),
    CommonCause(FaultIndex),
}

impl Place {
    /// `None` only for a common cause that strikes nothing, which no valid model has.
    fn of(model: &Model, fault: FaultIndex) -> Option<Self> {
        let found = &model.faults()[fault.index()];
        let element = found.elements.first()?;
        Some(if found.strikes.is_some() { Self::CommonCause(fault) } else { Self::Element(*element) })
    }

    fn interface(self) -> Option<InterfaceIndex> {
        match self {
            Self::Element(Element::Interface(interface)) => Some(interface),
            _ => None,
        }
    }
}

/// Steps for each further system without owner when the budget is spent.
const PAST_BUDGET: u64 = 64;
/// How many names a message spells out.
const SPELLED_OUT: usize = 5;

/// "a, b and c", or "a, b, c, d, e and 3 more", with any word for the "and".
fn listed(last: &str, names: impl ExactSizeIterator<Item = String>) -> String {
    let more = names.len().saturating_sub(SPELLED_OUT);
    let mut shown: Vec<String> = names.take(SPELLED_OUT).collect();
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    joined(last, shown)
}

fn joined(last: &str, mut names: Vec<String>) -> String {
    let end = names.pop().unwrap_or_default();
    if names.is_empty() { end } else { format!("{} {last} {end}", names.join(", ")) }
}

/// "the fault `a`", "2 faults (`a` and `b`)".
fn counted<T>(items: &[T], word: &str, names: &str) -> String {
    if items.len() == 1 { format!("the {word} {names}") } else { format!("{} {word}s ({names})", items.len()) }
}
