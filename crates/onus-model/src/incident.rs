//! Incidents: what was seen, by whom, and known when. An [`Incident`] is checked against one model and speaks in that
//! model's indices.

use std::collections::BTreeMap;

use crate::code::Code;
use crate::diagnostic::{Error, Missing, Path, Problem, Problems};
use crate::document::{self, INCIDENT_FORMAT};
use crate::id::{ContractorIndex, EvidenceId, EvidenceIndex, FaultIndex, MonitorIndex, PUBLIC, SystemIndex, objection};
use crate::model::{Element, Model, Target};
use crate::quantity::{Date, Probability, Time};
use crate::validate::{format, probability, unknown_contractor, unknown_system};

/// What was seen of one incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    pub(crate) title: String,
    pub(crate) description: Option<String>,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) truth: Vec<FaultIndex>,
}

/// One item of evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// Its id.
    pub id: EvidenceId,
    /// When it was true.
    pub at: Time,
    /// When it came to be known, where the file says so.
    pub known: Option<Time>,
    /// Who came to know it.
    pub seen_by: Option<SeenBy>,
    /// What it says.
    pub statement: Statement,
    /// The earlier items that it corrects.
    pub supersedes: Vec<EvidenceIndex>,
    /// Anything a reader should know.
    pub note: Option<String>,
    /// Where it is documented.
    pub source: Option<String>,
}

/// A party to evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// Everybody.
    Public,
    /// One contractor.
    Contractor(ContractorIndex),
}

/// Who came to know an item.
#[derive(Clone, Debug, PartialEq)]
pub enum SeenBy {
    /// These parties, as soon as it was known.
    Parties(Vec<Party>),
    /// Each party at its own time.
    Times(BTreeMap<Party, Time>),
}

/// What an item of evidence says.
#[derive(Clone, Debug, PartialEq)]
pub enum Statement {
    /// A system failed or worked.
    Observation {
        /// The system.
        system: SystemIndex,
        /// How it was.
        state: State,
        /// The monitor that reported it; a certain observation if none.
        via: Option<MonitorIndex>,
    },
    /// One fault was tested for.
    Test {
        /// The fault.
        fault: FaultIndex,
        /// What the test said.
        present: bool,
        /// Probability that the test says what is so.
        reliability: Probability,
    },
    /// Something was repaired: its faults are absent from then on.
    Repair {
        /// What.
        target: Target,
        /// Probability that the repair worked.
        effectiveness: Probability,
    },
    /// Something was changed, which may have introduced faults.
    Change {
        /// What.
        element: Element,
        /// The causes of the faults it could have introduced; all if `None`.
        causes: Option<Vec<String>>,
        /// What it multiplies their prior odds by.
        odds: f64,
    },
    /// Something was announced as the cause. A claim: no figure follows it.
    Announcement {
        /// What.
        target: Target,
        /// By whom.
        by: Option<ContractorIndex>,
    },
}

/// How an observed system was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// It did not deliver its service.
    Failed,
    /// It did.
    Working,
}

impl Incident {
    /// Checks a document against a model and gives the incident.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every problem found, in the order of the document.
    #[expect(clippy::needless_pass_by_value, reason = "it ends the chain that built the document")]
    pub fn from_document(document: document::Incident, model: &Model) -> Result<Self, Error> {
        let mut problems = Problems::default();
        let incident = incident(&document, model, &mut problems);
        problems.or(incident)
    }

    /// What the incident is called.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Anything a reader should know.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The items, in the order of the file.
    pub fn evidence(&self) -> &[Evidence] {
        &self.evidence
    }

    /// What was found in the end. For evaluation only: no query reads it.
    pub fn truth(&self) -> &[FaultIndex] {
        &self.truth
    }

    /// Finds an item by id.
    pub fn item(&self, id: &str) -> Option<EvidenceIndex> {
        self.evidence.iter().position(|item| item.id.as_str() == id).map(EvidenceIndex::new)
    }

    /// The day the contracts are judged on: that of the earliest failure seen, else of the earliest item.
    pub fn day(&self) -> Option<Date> {
        let failures = self
            .evidence
            .iter()
            .filter(|item| matches!(item.statement, Statement::Observation { state: State::Failed, .. }));
        failures.map(|item| item.at).min().or_else(|| self.evidence.iter().map(|item| item.at).min()).map(Time::date)
    }
}

impl Evidence {
    /// When the item came to be known at the earliest: `known`, else the earliest time in `seen_by`, else `at`.
    pub fn base(&self) -> Time {
        self.known.unwrap_or_else(|| match &self.seen_by {
            Some(SeenBy::Times(times)) => times.values().copied().min().unwrap_or(self.at),
            _ => self.at,
        })
    }
}

/// Checks an incident document. The incident is meaningful only if no problem was added.
pub(crate) fn incident(document: &document::Incident, model: &Model, problems: &mut Problems) -> Incident {
    format(&document.format, INCIDENT_FORMAT, problems);
    let mut check = Check { model, problems };
    let section = Path::default().key("evidence");
    let mut positions: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, item) in document.evidence.iter().enumerate() {
        let path = section.item(at).key("id");
        if item.id.is_empty() {
            check.problem(Code::MissingKey, &section.item(at), "an item of evidence needs an `id`".to_owned());
            continue;
        }
        if let Some(reason) = objection(&item.id) {
            check.problem(Code::BadId, &path, format!("`{}` cannot be an id: {reason}", item.id));
        }
        if positions.insert(&item.id, at).is_some() {
            check.problem(Code::DuplicateId, &path, format!("two items have the id `{}`", item.id));
        }
    }
    let evidence: Vec<Evidence> = document
        .evidence
        .iter()
        .enumerate()
        .map(|(at, item)| check.item(item, &positions, &section.item(at)))
        .collect();
    check.no_cycles(&evidence, &section);
    let origin = Path::default().key("truth").key("origin");
    let truth = document
        .truth
        .origin
        .iter()
        .enumerate()
        .filter_map(|(at, fault)| check.fault(fault, &origin.item(at)))
        .collect();
    Incident { title: document.title.clone(), description: document.description.clone(), evidence, truth }
}

fn element_ids(model: &Model) -> impl Iterator<Item = &str> {
    model.systems().iter().map(|s| s.id.as_str()).chain(model.interfaces().iter().map(|i| i.id.as_str()))
}

struct Check<'m, 'p> {
    model: &'m Model,
    problems: &'p mut Problems,
}

impl Check<'_, '_> {
    fn problem(&mut self, code: Code, path: &Path, message: String) {
        self.problems.push(Problem::new(code, path.clone(), message));
    }

    fn item(&mut self, item: &document::Evidence, positions: &BTreeMap<&str, usize>, path: &Path) -> Evidence {
        let seen_by = item.seen_by.as_ref().map(|seen_by| self.seen_by(seen_by, &path.key("seen_by")));
        let supersedes = item
            .supersedes
            .iter()
            .enumerate()
            .filter_map(|(at, id)| {
                let found = positions.get(id.as_str()).copied().map(EvidenceIndex::new);
                if found.is_none() {
                    let place = path.key("supersedes").item(at);
                    let help = self.problems.nearest(id, positions.keys().copied());
                    let problem = Problem::new(Code::UnknownEvidence, place, format!("there is no item `{id}`"));
                    self.problems.push(problem.missing(Missing::Evidence(id.clone())).help(help));
                }
                found
            })
            .collect();
        Evidence {
            id: EvidenceId::new(&item.id),
            at: item.at,
            known: item.known,
            seen_by,
            statement: self.statement(item, path),
            supersedes,
            note: item.note.clone(),
            source: item.source.clone(),
        }
    }

    fn seen_by(&mut self, seen_by: &document::SeenBy, path: &Path) -> SeenBy {
        match seen_by {
            document::SeenBy::Parties(parties) => SeenBy::Parties(
                parties.iter().enumerate().filter_map(|(at, id)| self.party(id, &path.item(at))).collect(),
            ),
            document::SeenBy::Times(times) => SeenBy::Times(
                times.iter().filter_map(|(id, time)| Some((self.party(id, &path.name(id))?, *time))).collect(),
            ),
        }
    }

    fn party(&mut self, id: &str, path: &Path) -> Option<Party> {
        if id == PUBLIC { Some(Party::Public) } else { self.contractor(id, path).map(Party::Contractor) }
    }

    fn contractor(&mut self, id: &str, path: &Path) -> Option<ContractorIndex> {
        let found = self.model.contractor(id);
        if found.is_none() {
            let problem = unknown_contractor(self.model.contractors(), id, path, self.problems);
            self.problems.push(problem);
        }
        found
    }

    fn system(&mut self, id: &str, path: &Path) -> Option<SystemIndex> {
        let found = self.model.topology.system(id);
        if found.is_none() {
            let problem = unknown_system(&self.model.topology, id, path, self.problems);
            self.problems.push(problem);
        }
        found
    }

    fn fault(&mut self, id: &str, path: &Path) -> Option<FaultIndex> {
        let found = self.model.topology.fault(id);
        if found.is_none() {
            let problem = Problem::new(Code::UnknownFault, path.clone(), format!("there is no fault `{id}`"));
            self.unknown(problem, id, self.model.faults().iter().map(|f| f.id.as_str()));
        }
        found
    }

    fn element(&mut self, id: &str, path: &Path) -> Option<Element> {
        let topology = &self.model.topology;
        let found = topology.system(id).map(Element::System).or_else(|| topology.interface(id).map(Element::Interface));
        if found.is_none() {
            let message = format!("there is no system or interface `{id}`");
            let problem = Problem::new(Code::UnknownElement, path.clone(), message);
            self.unknown(problem, id, element_ids(self.model));
        }
        found
    }

    fn target(&mut self, id: &str, path: &Path) -> Option<Target> {
        let topology = &self.model.topology;
        let found = topology
            .system(id)
            .map(|system| Target::Element(Element::System(system)))
            .or_else(|| topology.interface(id).map(|interface| Target::Element(Element::Interface(interface))))
            .or_else(|| topology.fault(id).map(Target::Fault));
        if found.is_none() {
            let message = format!("there is no system, interface or fault `{id}`");
            let problem = Problem::new(Code::UnknownElement, path.clone(), message);
            self.unknown(problem, id, element_ids(self.model).chain(self.model.faults().iter().map(|f| f.id.as_str())));
        }
        found
    }

    fn unknown<'k>(&mut self, problem: Problem, id: &str, known: impl Iterator<Item = &'k str>) {
        let help = self.problems.nearest(id, known);
        self.problems.push(problem.help(help));
    }

    fn statement(&mut self, item: &document::Evidence, path: &Path) -> Statement {
        // Stands in where the item is wrong; no incident is given out then.
        let nothing = Statement::Change { element: Element::System(SystemIndex(0)), causes: None, odds: 1.0 };
        let kinds = [
            ("failed", &item.failed),
            ("working", &item.working),
            ("test", &item.test),
            ("repaired", &item.repaired),
            ("changed", &item.changed),
            ("announced", &item.announced),
        ];
        let mut said = kinds.into_iter().filter_map(|(kind, value)| Some((kind, value.as_deref()?)));
        let Some((kind, subject)) = said.next() else {
            let message = "expected one of failed, working, test, repaired, changed, announced".to_owned();
            self.problem(Code::EvidenceUnclear, path, message);
            return nothing;
        };
        if let Some((other, _)) = said.next() {
            let message = format!("expected one statement, found both `{kind}` and `{other}`");
            self.problem(Code::EvidenceUnclear, &path.key(other), message);
            return nothing;
        }
        self.misplaced(item, kind, path);
        self.read(item, kind, subject, path).unwrap_or(nothing)
    }

    fn read(&mut self, item: &document::Evidence, kind: &str, subject: &str, path: &Path) -> Option<Statement> {
        let place = path.key(kind);
        match kind {
            "failed" | "working" => {
                let system = self.system(subject, &place);
                let via = item.via.as_ref().map(|monitor| self.monitor(monitor, system, &path.key("via")));
                let state = if kind == "failed" { State::Failed } else { State::Working };
                Some(Statement::Observation { system: system?, state, via: via.flatten() })
            }
            "test" => {
                if item.present.is_none() {
                    let message = "a test needs `present: true` or `present: false`".to_owned();
                    self.problem(Code::MissingKey, path, message);
                }
                let reliability = self.probability(item.reliability, &path.key("reliability"));
                Some(Statement::Test { fault: self.fault(subject, &place)?, present: item.present?, reliability })
            }
            "repaired" => {
                let effectiveness = self.probability(item.effectiveness, &path.key("effectiveness"));
                Some(Statement::Repair { target: self.target(subject, &place)?, effectiveness })
            }
            "changed" => {
                let element = self.element(subject, &place);
                let Some(odds) = item.odds else {
                    self.problem(Code::MissingKey, path, "a change needs `odds`".to_owned());
                    return None;
                };
                if !(odds.is_finite() && odds > 0.0) {
                    let message = format!("expected odds above 0, found {odds}");
                    self.problem(Code::BadNumber, &path.key("odds"), message);
                }
                Some(Statement::Change { element: element?, causes: item.causes.clone(), odds })
            }
            _ => {
                let target = self.target(subject, &place);
                let by = item.by.as_ref().and_then(|by| self.contractor(by, &path.key("by")));
                Some(Statement::Announcement { target: target?, by })
            }
        }
    }

    fn probability(&mut self, value: Option<f64>, path: &Path) -> Probability {
        value.map_or(Probability::ONE, |value| probability(value, path, self.problems))
    }

    fn monitor(&mut self, id: &str, system: Option<SystemIndex>, path: &Path) -> Option<MonitorIndex> {
        let topology = &self.model.topology;
        let Some(monitor) = topology.monitor(id) else {
            let problem = Problem::new(Code::UnknownMonitor, path.clone(), format!("there is no monitor `{id}`"));
            self.unknown(problem, id, topology.monitors.iter().map(|m| m.id.as_str()));
            return None;
        };
        if let Some(system) = system
            && topology.monitors[monitor.index()].watches.binary_search(&system).is_err()
        {
            let message = format!("the monitor `{id}` does not watch `{}`", topology.systems[system.index()].id);
            self.problem(Code::NotWatched, path, message);
        }
        Some(monitor)
    }

    /// Keys that say nothing about this kind of item.
    fn misplaced(&mut self, item: &document::Evidence, kind: &str, path: &Path) {
        let keys: [(&str, bool, &[&str]); 7] = [
            ("via", item.via.is_some(), &["failed", "working"]),
            ("present", item.present.is_some(), &["test"]),
            ("reliability", item.reliability.is_some(), &["test"]),
            ("effectiveness", item.effectiveness.is_some(), &["repaired"]),
            ("causes", item.causes.is_some(), &["changed"]),
            ("odds", item.odds.is_some(), &["changed"]),
            ("by", item.by.is_some(), &["announced"]),
        ];
        for (key, given, with) in keys {
            if given && !with.contains(&kind) {
                let message = format!("`{key}` goes with {}, not with `{kind}`", with.join(" or "));
                self.problem(Code::MisplacedKey, &path.key(key), message);
            }
        }
    }

    fn no_cycles(&mut self, evidence: &[Evidence], section: &Path) {
        // Depth-first with three colours; iterative, because a chain may be as long as the file.
        let mut colour = vec![0_u8; evidence.len()];
        for start in 0..evidence.len() {
            let mut stack = vec![(start, 0_usize)];
            while let Some((item, next)) = stack.last_mut() {
                if *next == 0 {
                    if colour[*item] == 2 {
                        stack.pop();
                        continue;
                    }
                    colour[*item] = 1;
                }
                let Some(older) = evidence[*item].supersedes.get(*next).map(|older| older.index()) else {
                    colour[*item] = 2;
                    stack.pop();
                    continue;
                };
                *next += 1;
                match colour[older] {
                    0 => stack.push((older, 0)),
                    1 => {
                        let message = format!("`{}` supersedes itself", evidence[older].id);
                        self.problem(Code::CyclicSupersession, &section.item(older).key("supersedes"), message);
                        colour[older] = 2;
                    }
                    _ => {}
                }
            }
        }
    }
}
