//! The validated estate. A [`Model`] is immutable and consistent: every index leads somewhere, every selector is
//! resolved, every probability lies in `[0, 1]`. It has two layers that never mix: [`Topology`] is physics and knows
//! no contract, [`Structure`] is law and is a set of labels on the topology.
//!
//! Everything is sorted by id, so that the order of a file's entries changes no answer.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::document::{DutyKind, Term};
use crate::id::{
    ContractId, ContractIndex, ContractorId, ContractorIndex, FaultId, FaultIndex, InterfaceId, InterfaceIndex,
    MonitorId, MonitorIndex, SystemId, SystemIndex,
};
use crate::quantity::{Date, Duration, Money, Probability, Rate};
use crate::responsibility::Held;

/// The cause of a system's default fault, unless the model says otherwise.
pub const UNSPECIFIED: &str = "unspecified";
/// The name of a system's default fault.
pub const DEFAULT_FAULT: &str = "fault";

/// An estate: what there is, and who has to do with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    pub(crate) title: String,
    pub(crate) description: Option<String>,
    /// Shared: structures are swapped over one topology, and every fault graph keeps its own hold of it.
    pub(crate) topology: Arc<Topology>,
    pub(crate) structure: Structure,
}

/// Physics: systems, interfaces, the faults each can have, how failure spreads, what watches.
#[derive(Clone, Debug, PartialEq)]
pub struct Topology {
    pub(crate) default_probability: Probability,
    pub(crate) default_cause: String,
    pub(crate) systems: Vec<System>,
    pub(crate) interfaces: Vec<Interface>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) monitors: Vec<Monitor>,
}

/// Law: contractors, contracts, duties, who may see what.
#[derive(Clone, Debug, PartialEq)]
pub struct Structure {
    pub(crate) contractors: Vec<Contractor>,
    pub(crate) contracts: Vec<Contract>,
    /// Entries of the file's `answers`, which replace the defaults.
    pub(crate) answers: BTreeMap<String, Vec<DutyKind>>,
    /// Who sees each monitor's reports, by monitor index.
    pub(crate) viewers: Vec<Viewers>,
    /// Which contracts hold which duties over each element.
    pub(crate) held: Held,
}

/// Who sees something.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Viewers {
    /// Everybody.
    pub public: bool,
    /// These contractors.
    pub contractors: Vec<ContractorIndex>,
}

/// What delivers a service.
#[derive(Clone, Debug, PartialEq)]
pub struct System {
    /// Its id.
    pub id: SystemId,
    /// Name for people.
    pub name: Option<String>,
    /// Its kind.
    pub kind: Option<String>,
    /// Where it stands.
    pub site: Option<String>,
    /// Anything a reader should know.
    pub description: Option<String>,
    /// It cannot fail by itself: it has no faults, and fails only with what it needs.
    pub faultless: bool,
    /// All its faults: its own, and the common causes that strike it.
    pub faults: Vec<FaultIndex>,
    /// What it needs; all of them.
    pub needs: Vec<Need>,
    /// Service it delivers to the outside, by unit.
    pub demand: BTreeMap<String, f64>,
}

/// One thing a system needs.
#[derive(Clone, Debug, PartialEq)]
pub enum Need {
    /// The provider at the other end of an interface.
    Provider(InterfaceIndex),
    /// At least `k` of several.
    AtLeast {
        /// How many must hold, from 1 to the length of `of`.
        k: u32,
        /// Of these.
        of: Vec<Need>,
    },
}

/// A dependency of one system on another.
///
/// There are millions of them, and of most nothing more is said than that they are there. So what more may be said
/// stands behind a pointer, and is read as if it were fields: `interface.propagates`.
#[derive(Clone, Debug, PartialEq)]
pub struct Interface {
    /// Its id, `consumer -> provider`.
    pub id: InterfaceId,
    /// Who depends.
    pub consumer: SystemIndex,
    /// On whom.
    pub provider: SystemIndex,
    /// `None` where all is as in [`InterfaceDetails::PLAIN`].
    details: Option<Box<InterfaceDetails>>,
}

/// What may be said of an interface; see [`Interface`].
#[derive(Clone, Debug, PartialEq)]
pub struct InterfaceDetails {
    /// Its kind.
    pub kind: Option<String>,
    /// Anything a reader should know.
    pub description: Option<String>,
    /// Probability that the provider's failure couples across.
    pub propagates: Probability,
    /// Shortest and longest time until it does.
    pub delay: Option<(Duration, Duration)>,
    /// All its faults: its own, and the common causes that strike it.
    pub faults: Vec<FaultIndex>,
}

impl InterfaceDetails {
    /// Nothing is said: a failure couples across for certain, at once, and the interface has no fault of its own.
    pub(crate) const PLAIN: Self =
        Self { kind: None, description: None, propagates: Probability::ONE, delay: None, faults: Vec::new() };
}

impl Deref for Interface {
    type Target = InterfaceDetails;

    fn deref(&self) -> &InterfaceDetails {
        static PLAIN: InterfaceDetails = InterfaceDetails::PLAIN;
        self.details.as_deref().unwrap_or(&PLAIN)
    }
}

impl Interface {
    /// An interface of which nothing more is said.
    pub(crate) fn plain(id: InterfaceId, consumer: SystemIndex, provider: SystemIndex) -> Self {
        Self { id, consumer, provider, details: None }
    }

    /// Says more.
    pub(crate) fn detail(&mut self, details: InterfaceDetails) {
        self.details = (details != InterfaceDetails::PLAIN).then(|| Box::new(details));
    }

    /// Adds a fault that sits on it.
    pub(crate) fn add_fault(&mut self, fault: FaultIndex) {
        self.details.get_or_insert_with(|| Box::new(InterfaceDetails::PLAIN)).faults.push(fault);
    }
}

/// A system or an interface: what a fault sits on and a duty covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Element {
    /// A system.
    System(SystemIndex),
    /// An interface.
    Interface(InterfaceIndex),
}

/// What a repair, a change or an announcement is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A system or interface.
    Element(Element),
    /// One fault, wherever it sits.
    Fault(FaultIndex),
}

/// An adjudged cause of failure: a basic event with a probability.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Its id.
    pub id: FaultId,
    /// What it sits on: one element, or several for a common cause.
    pub elements: Vec<Element>,
    /// For a common cause, the selectors that say what it strikes.
    pub strikes: Option<Vec<String>>,
    /// Its cause, which decides the duty that answers for it.
    pub cause: String,
    /// How probable it is.
    pub prior: Prior,
    /// What part it plays.
    pub role: FaultRole,
    /// Why this probability, where it is an assumption.
    pub assumed: Option<String>,
    /// Anything a reader should know.
    pub description: Option<String>,
    /// It is the fault that every system without faults gets.
    pub is_default: bool,
}

impl Fault {
    /// Whether it stands under an element in the files: it is no common cause, and no default.
    pub(crate) fn is_own(&self) -> bool {
        self.strikes.is_none() && !self.is_default
    }

    /// The name under an element of what is not a common cause.
    pub(crate) fn name_under(&self, owner: &str) -> &str {
        self.id.as_str().strip_prefix(owner).and_then(|rest| rest.strip_prefix('.')).unwrap_or(DEFAULT_FAULT)
    }
}

/// How probable a fault is, as it was stated.
#[derive(Clone, Debug, PartialEq)]
pub enum Prior {
    /// Probability that it is present in an incident of this kind.
    Probability(Probability),
    /// A rate over an exposure.
    Rate(Rate, Duration),
}

impl Prior {
    /// Probability that the fault is present.
    pub fn probability(&self) -> Probability {
        match self {
            Self::Probability(probability) => *probability,
            Self::Rate(rate, exposure) => rate.over(exposure),
        }
    }
}

/// What part a fault plays in a failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FaultRole {
    /// No more is said.
    #[default]
    Ordinary,
    /// It sets the failure off.
    Trigger,
    /// It is a standing weakness that lets the failure through.
    Latent,
}

/// What watches systems.
#[derive(Clone, Debug, PartialEq)]
pub struct Monitor {
    /// Its id.
    pub id: MonitorId,
    /// Selectors of what it watches, as written.
    pub selectors: Vec<String>,
    /// The systems it watches.
    pub watches: Vec<SystemIndex>,
    /// The system it runs on.
    pub runs_on: Option<SystemIndex>,
    /// Probability that it reports a failed system as failed.
    pub detects: Probability,
    /// Probability that it reports a working system as failed.
    pub false_alarms: Probability,
    /// Anything a reader should know.
    pub description: Option<String>,
}

/// A party.
#[derive(Clone, Debug, PartialEq)]
pub struct Contractor {
    /// Its id.
    pub id: ContractorId,
    /// Name for people.
    pub name: Option<String>,
    /// Its role.
    pub role: Option<String>,
    /// Its corporate group.
    pub group: Option<String>,
    /// Anything a reader should know.
    pub description: Option<String>,
}

/// A contract.
#[derive(Clone, Debug, PartialEq)]
pub struct Contract {
    /// Its id.
    pub id: ContractId,
    /// Name for people.
    pub title: Option<String>,
    /// Who holds it.
    pub holder: Holder,
    /// The contract it is a subcontract of.
    pub under: Option<ContractIndex>,
    /// The other side, where the file names it.
    pub buyer: Option<ContractorIndex>,
    /// When it is in force.
    pub term: Term,
    /// What it is for.
    pub duties: Vec<Duty>,
    /// Who is told what its holder sees of the elements it covers.
    pub reports_to: Vec<ContractorIndex>,
    /// How soon its holder must engage.
    pub responds_in: Option<Duration>,
    /// Clauses that move or limit liability.
    pub liability: Liability,
    /// Anything a reader should know.
    pub description: Option<String>,
}

/// Who holds a contract.
#[derive(Clone, Debug, PartialEq)]
pub enum Holder {
    /// One contractor.
    Sole(ContractorIndex),
    /// Several, with their shares in percent.
    Consortium(Vec<(ContractorIndex, f64)>),
}

/// One duty over some elements.
#[derive(Clone, Debug, PartialEq)]
pub struct Duty {
    /// What for.
    pub kind: DutyKind,
    /// Selectors, as written.
    pub selectors: Vec<String>,
    /// What they select, sorted.
    pub elements: Vec<Element>,
}

/// Clauses that move or limit liability.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Liability {
    /// Causes the holder does not stand for.
    pub excludes: Vec<String>,
    /// The most the holder pays.
    pub cap: Option<Money>,
    /// Who holds the holder harmless.
    pub indemnified_by: Option<ContractorIndex>,
}

impl Model {
    /// What the estate is called.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Anything a reader should know.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The physics alone: all that the engine sees.
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// The physics alone, to be held beyond the model without a copy.
    pub fn shared_topology(&self) -> Arc<Topology> {
        Arc::clone(&self.topology)
    }

    /// The contracts alone.
    pub fn structure(&self) -> &Structure {
        &self.structure
    }

    /// All systems, by id.
    pub fn systems(&self) -> &[System] {
        &self.topology.systems
    }

    /// All interfaces, by consumer and provider.
    pub fn interfaces(&self) -> &[Interface] {
        &self.topology.interfaces
    }

    /// All faults, by id.
    pub fn faults(&self) -> &[Fault] {
        &self.topology.faults
    }

    /// All monitors, by id.
    pub fn monitors(&self) -> &[Monitor] {
        &self.topology.monitors
    }

    /// All contractors, by id.
    pub fn contractors(&self) -> &[Contractor] {
        &self.structure.contractors
    }

    /// All contracts, by id.
    pub fn contracts(&self) -> &[Contract] {
        &self.structure.contracts
    }

    /// Finds a contractor by id.
    pub fn contractor(&self, id: &str) -> Option<ContractorIndex> {
        position(&self.structure.contractors, id, |c| c.id.as_str()).map(ContractorIndex::new)
    }

    /// Finds a contract by id.
    pub fn contract(&self, id: &str) -> Option<ContractIndex> {
        position(&self.structure.contracts, id, |c| c.id.as_str()).map(ContractIndex::new)
    }
}

impl Topology {
    /// All systems, by id.
    pub fn systems(&self) -> &[System] {
        &self.systems
    }

    /// All interfaces, by consumer and provider.
    pub fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    /// All faults, by id.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// All monitors, by id.
    pub fn monitors(&self) -> &[Monitor] {
        &self.monitors
    }

    /// The systems that no other one needs, in order. O(systems + interfaces).
    pub fn tops(&self) -> Vec<SystemIndex> {
        let mut needed = vec![false; self.systems.len()];
        for interface in &self.interfaces {
            needed[interface.provider.index()] = true;
        }
        (0..needed.len()).filter(|system| !needed[*system]).map(SystemIndex::new).collect()
    }

    /// Finds a system by id.
    pub fn system(&self, id: &str) -> Option<SystemIndex> {
        position(&self.systems, id, |s| s.id.as_str()).map(SystemIndex::new)
    }

    /// Finds an interface by id, whatever the spaces around its arrow.
    pub fn interface(&self, id: &str) -> Option<InterfaceIndex> {
        let (consumer, provider) = crate::id::split_interface(id)?;
        self.interface_between(self.system(consumer)?, self.system(provider)?)
    }

    /// Finds the interface of a consumer with a provider.
    pub fn interface_between(&self, consumer: SystemIndex, provider: SystemIndex) -> Option<InterfaceIndex> {
        self.interfaces
            .binary_search_by_key(&(consumer, provider), |i| (i.consumer, i.provider))
            .ok()
            .map(InterfaceIndex::new)
    }

    /// Finds a fault by id. Interface faults are found whatever the spaces around their arrow.
    pub fn fault(&self, id: &str) -> Option<FaultIndex> {
        let canonical = crate::id::split_interface(id).map(|(consumer, rest)| crate::id::interface_id(consumer, rest));
        position(&self.faults, canonical.as_deref().unwrap_or(id), |f| f.id.as_str()).map(FaultIndex::new)
    }

    /// Finds a monitor by id.
    pub fn monitor(&self, id: &str) -> Option<MonitorIndex> {
        position(&self.monitors, id, |m| m.id.as_str()).map(MonitorIndex::new)
    }

    /// The id of an element.
    pub fn element_id(&self, element: Element) -> &str {
        match element {
            Element::System(system) => self.systems[system.index()].id.as_str(),
            Element::Interface(interface) => self.interfaces[interface.index()].id.as_str(),
        }
    }

    /// The id of a target.
    pub fn target_id(&self, target: Target) -> &str {
        match target {
            Target::Element(element) => self.element_id(element),
            Target::Fault(fault) => self.faults[fault.index()].id.as_str(),
        }
    }

    /// The faults that sit on an element.
    pub fn faults_of(&self, element: Element) -> &[FaultIndex] {
        match element {
            Element::System(system) => &self.systems[system.index()].faults,
            Element::Interface(interface) => &self.interfaces[interface.index()].faults,
        }
    }

    /// The systems that deliver service to the outside: those with `demand`, or all where none declares it.
    pub fn service_systems(&self) -> Vec<SystemIndex> {
        let with_demand: Vec<_> = self.indices().filter(|s| !self.systems[s.index()].demand.is_empty()).collect();
        if with_demand.is_empty() { self.indices().collect() } else { with_demand }
    }

    fn indices(&self) -> impl Iterator<Item = SystemIndex> {
        (0..self.systems.len()).map(SystemIndex::new)
    }
}

impl Structure {
    /// All contractors, by id.
    pub fn contractors(&self) -> &[Contractor] {
        &self.contractors
    }

    /// All contracts, by id.
    pub fn contracts(&self) -> &[Contract] {
        &self.contracts
    }

    /// Who sees a monitor's reports, by the word of the monitor itself.
    pub fn viewers(&self, monitor: MonitorIndex) -> &Viewers {
        &self.viewers[monitor.index()]
    }

    /// The duties that answer for a cause, the first that somebody holds first; `None` for a word that neither the model
    /// nor the default table knows.
    ///
    /// Defaults: hardware: maintain, supply. software: build, maintain, supply. configuration: operate, maintain.
    /// operation: operate. capacity: operate, build. design: build, supply. interface: integrate. unspecified:
    /// maintain, operate, build, supply.
    pub fn answers_for(&self, cause: &str) -> Option<&[DutyKind]> {
        use DutyKind::{Build, Integrate, Maintain, Operate, Supply};
        if let Some(duties) = self.answers.get(cause) {
            return Some(duties);
        }
        Some(match cause {
            "hardware" => &[Maintain, Supply],
            "software" => &[Build, Maintain, Supply],
            "configuration" => &[Operate, Maintain],
            "operation" => &[Operate],
            "capacity" => &[Operate, Build],
            "design" => &[Build, Supply],
            "interface" => &[Integrate],
            UNSPECIFIED => &[Maintain, Operate, Build, Supply],
            _ => return None,
        })
    }

    /// The one contractor whose role is `buyer`, if there is exactly one.
    pub fn buyer(&self) -> Option<ContractorIndex> {
        let mut buyers =
            self.contractors.iter().enumerate().filter(|(_, c)| c.role.as_deref() == Some("buyer")).map(|(at, _)| at);
        let first = buyers.next()?;
        buyers.next().is_none().then(|| ContractorIndex::new(first))
    }
}

impl Contract {
    /// Whether it is in force on a day; `None` asks for no day, and every contract is in force then.
    pub fn in_force(&self, day: Option<Date>) -> bool {
        let Some(day) = day else { return true };
        self.term.from.is_none_or(|from| from <= day) && self.term.to.is_none_or(|to| day <= to)
    }

    /// Its holders with their fractions, adding up to 1.
    pub fn holders(&self) -> Vec<(ContractorIndex, f64)> {
        match &self.holder {
            Holder::Sole(contractor) => vec![(*contractor, 1.0)],
            Holder::Consortium(shares) => {
                let total: f64 = shares.iter().map(|(_, share)| share).sum();
                shares.iter().map(|(contractor, share)| (*contractor, share / total)).collect()
            }
        }
    }

    /// Whether a contractor is its holder or one of them.
    pub fn is_held_by(&self, contractor: ContractorIndex) -> bool {
        match &self.holder {
            Holder::Sole(holder) => *holder == contractor,
            Holder::Consortium(shares) => shares.iter().any(|(holder, _)| *holder == contractor),
        }
    }

    /// Whether it has a duty of this kind over an element.
    pub fn covers(&self, duty: DutyKind, element: Element) -> bool {
        self.duties.iter().any(|d| d.kind == duty && d.elements.binary_search(&element).is_ok())
    }
}

impl fmt::Display for DutyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn position<T>(sorted: &[T], id: &str, key: impl Fn(&T) -> &str) -> Option<usize> {
    sorted.binary_search_by(|item| key(item).cmp(id)).ok()
}
