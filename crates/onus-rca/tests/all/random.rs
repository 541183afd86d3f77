//! Random estates and incidents, as documents.
//!
//! A case is read from a *tape* of random words: each choice takes the next word, and a tape that has run out says 0, the
//! simplest choice. So proptest shrinks a case by shortening the tape and lowering its words, and every tape gives a
//! valid case.

use std::collections::BTreeMap;

use onus_model::document::{
    CommonCause, Contract, Contractor, Duty, Evidence, Fault, Incident, Interface, Liability, Model, Monitor, Need,
    SeenBy, System, Term,
};
use onus_model::{DutyKind, Time};
use proptest::prelude::*;

/// No case has more uncertain events than this: faults, couplings, and repairs that may have failed.
pub const MOST_EVENTS: usize = 12;

const SYSTEMS: [&str; 6] = ["router", "auth", "switch", "portal", "power", "db"];
const CAUSES: [&str; 9] =
    ["hardware", "software", "configuration", "operation", "capacity", "design", "interface", "unspecified", "weather"];
pub const CONTRACTORS: [&str; 4] = ["acme", "dune", "bolt", "core"];
const CONTRACTS: [&str; 5] = ["c-west", "a-east", "e-top", "b-mid", "d-low"];

/// An estate and an incident, as somebody would write them.
#[derive(Clone)]
pub struct Case {
    pub model: Model,
    pub incident: Incident,
}

impl std::fmt::Debug for Case {
    /// As the files say it: far shorter than the structs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [model, incident] = [serde_json::to_string(&self.model), serde_json::to_string(&self.incident)];
        write!(f, "\n{}\n{}\n", model.expect("a document is written"), incident.expect("a document is written"))
    }
}

impl Case {
    pub fn model(&self) -> onus_model::Model {
        self.model.clone().build().unwrap_or_else(|error| panic!("{error:?}\n{:#?}", self.model))
    }

    pub fn incident(&self, model: &onus_model::Model) -> onus_model::Incident {
        self.incident.clone().build(model).unwrap_or_else(|error| panic!("{error:?}\n{:#?}", self.incident))
    }
}

/// Random cases. The words of the tape shrink towards the simplest choices.
pub fn cases() -> impl Strategy<Value = Case> {
    proptest::collection::vec(any::<u16>(), 0..=360).prop_map(|tape| Tape { words: tape, at: 0, events: 0 }.case())
}

/// How many cases a property tries: `ONUS_CASES` multiplies the number given, so that a long run needs no change.
pub fn config(cases: u32) -> ProptestConfig {
    let factor = std::env::var("ONUS_CASES").ok().and_then(|text| text.parse::<f64>().ok()).unwrap_or(1.0);
    ProptestConfig {
        cases: (f64::from(cases) * factor).ceil() as u32,
        failure_persistence: None,
        max_shrink_iters: 600,
        max_global_rejects: u32::MAX,
        ..ProptestConfig::default()
    }
}

/// A time of the incident, in minutes after it began.
pub fn minute(minute: usize) -> Time {
    format!("2024-03-01T{:02}:{:02}:00+01:00", 10 + minute / 60, minute % 60).parse().expect("a time")
}

struct Tape {
    words: Vec<u16>,
    at: usize,
    events: usize,
}

impl Tape {
    /// A number below `bound`.
    fn below(&mut self, bound: usize) -> usize {
        let word = self.words.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        usize::from(word) % bound.max(1)
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    /// True once in so many times, and never on an empty tape.
    fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    /// Room for one more uncertain event, taken if there is any.
    fn event(&mut self) -> bool {
        let room = self.events < MOST_EVENTS;
        self.events += usize::from(room);
        room
    }

    fn probability(&mut self) -> f64 {
        self.pick(&[0.5, 0.1, 0.3, 0.01, 0.1, 0.9, 0.001, 0.25, 0.0, 1.0, 0.1, 1e-5])
    }

    fn fault(&mut self) -> Fault {
        let cause = self.pick(&CAUSES);
        let probability = self.probability();
        let fault = Fault::new(cause, probability);
        match self.below(8) {
            6 => fault.trigger(),
            7 => fault.latent(),
            _ => fault,
        }
    }

    fn case(mut self) -> Case {
        let mut model = Model::new("A random estate");
        let systems: Vec<&str> = SYSTEMS[..1 + self.below(5)].to_vec();
        // One fault each comes of itself: its own or the default.
        self.events = systems.len();
        model.defaults.probability = self.pick(&[0.1, 0.01, 0.5]);
        for id in &systems {
            let system = self.system(&systems);
            model.systems.insert((*id).to_owned(), system);
        }
        self.interfaces(&mut model);
        self.common_causes(&mut model, &systems);
        self.monitors(&mut model, &systems);
        self.structure(&mut model, &systems);
        let incident = self.incident(&model);
        Case { model, incident }
    }

    fn system(&mut self, systems: &[&str]) -> System {
        let mut system = System::new();
        if self.once_in(3) {
            system = system.kind(self.pick(&["net", "app"]));
        }
        for at in 0..self.pick(&[1, 0, 1, 2]) {
            if at == 0 || self.event() {
                system = system.fault(["f", "g"][at], self.fault());
            }
        }
        for _ in 0..self.pick(&[0, 1, 2, 1]) {
            system = system.needs(self.need(systems, 2));
        }
        if self.once_in(3) {
            system = system.demand("users", 100.0);
        }
        system
    }

    fn need(&mut self, systems: &[&str], depth: usize) -> Need {
        let kind = if depth == 0 { 0 } else { self.below(5) };
        if kind < 3 {
            return Need::from(self.pick(systems));
        }
        let members: Vec<Need> = (0..self.pick(&[2, 3, 1, 4])).map(|_| self.need(systems, depth - 1)).collect();
        if kind == 3 {
            return Need::any(members);
        }
        let k = 1 + self.below(members.len());
        Need::at_least(k as u32, members)
    }

    fn interfaces(&mut self, model: &mut Model) {
        for (consumer, provider) in interfaces(model) {
            let mut interface = Interface::default();
            if self.once_in(3) && self.event() {
                interface.propagates = Some(self.pick(&[0.9, 0.5, 0.2, 0.0, 0.99]));
            } else if self.once_in(8) {
                interface.propagates = Some(1.0);
            }
            if self.once_in(4) && self.event() {
                interface.faults.insert("token".to_owned(), self.fault());
            }
            if self.once_in(4) {
                interface.kind = Some(self.pick(&["api", "net"]).to_owned());
            }
            if interface != Interface::default() {
                model.interfaces.insert(format!("{consumer} -> {provider}"), interface);
            }
        }
    }

    /// A selector that selects something; interfaces as well, where `across`.
    fn selector(&mut self, model: &Model, across: bool) -> String {
        let interfaces = interfaces(model);
        if across && !interfaces.is_empty() && self.once_in(3) {
            let (consumer, provider) = self.pick(&interfaces);
            return match self.below(3) {
                0 => format!("{consumer} -> {provider}"),
                1 => format!("{consumer}->*"),
                _ => "* -> *".to_owned(),
            };
        }
        let kinds: Vec<String> = model.systems.values().filter_map(|system| system.kind.clone()).collect();
        if across && !kinds.is_empty() && self.once_in(5) {
            return format!("kind:{}", self.pick(&kinds));
        }
        let systems: Vec<String> = model.systems.keys().cloned().collect();
        let system = self.pick(&systems);
        match self.below(8) {
            6 => "*".to_owned(),
            7 => format!("{}*", &system[..1]),
            _ => system,
        }
    }

    fn common_causes(&mut self, model: &mut Model, systems: &[&str]) {
        for name in ["firmware", "storm"] {
            if systems.len() > 1 && self.once_in(3) && self.event() {
                let fault = self.fault();
                let strikes: Vec<String> = (0..1 + self.below(3)).map(|_| self.selector(model, true)).collect();
                model.common_causes.insert(name.to_owned(), CommonCause::new(fault, strikes));
            }
        }
    }

    fn monitors(&mut self, model: &mut Model, systems: &[&str]) {
        for name in ["noc", "ping"] {
            if self.once_in(2) {
                let watches = if self.once_in(3) { self.selector(model, false) } else { "*".to_owned() };
                let mut monitor = Monitor::of([watches]);
                monitor.runs_on = self.once_in(3).then(|| self.pick(systems).to_owned());
                if !self.once_in(5) {
                    monitor.detects = Some(self.pick(&[0.9, 0.99, 0.5, 1.0, 0.1, 0.0]));
                    let same = self.once_in(6);
                    monitor.false_alarms =
                        if same { monitor.detects } else { Some(self.pick(&[0.1, 0.0, 0.01, 0.5, 0.95, 1.0])) };
                }
                for party in ["acme", "bolt", "public"] {
                    if self.once_in(4) {
                        monitor.seen_by.push(party.to_owned());
                    }
                }
                model.monitors.insert(name.to_owned(), monitor);
            }
        }
    }

    fn structure(&mut self, model: &mut Model, systems: &[&str]) {
        for id in CONTRACTORS {
            let mut contractor = Contractor::default();
            if self.once_in(3) {
                contractor.role = Some("buyer".to_owned());
            }
            if self.once_in(3) {
                contractor.group = Some(self.pick(&["holding", "union"]).to_owned());
            }
            model.contractors.insert(id.to_owned(), contractor);
        }
        let count = self.below(CONTRACTS.len() + 1);
        for at in 0..count {
            let mut contract = match self.below(5) {
                3 => Contract::consortium([("acme", 70.0), ("bolt", 30.0)]),
                4 => Contract::consortium([("acme", 33.33), ("core", 33.33), ("dune", 33.34)]),
                _ => Contract::held_by(self.pick(&CONTRACTORS)),
            };
            if at > 0 && self.once_in(2) {
                contract.under = Some(self.pick(&CONTRACTS[..at]).to_owned());
            }
            if self.once_in(5) {
                contract.buyer = Some(self.pick(&CONTRACTORS).to_owned());
            }
            contract.term = match self.below(8) {
                6 => Term { from: None, to: "2024-03-01".parse().ok() },
                7 => Term { from: "2024-03-02".parse().ok(), to: None },
                _ => Term::default(),
            };
            for _ in 0..1 + self.below(3) {
                let duty = self.pick(&DutyKind::ALL);
                let of = (0..1 + self.below(systems.len())).map(|_| self.selector(model, true)).collect();
                contract.duties.push(Duty { duty, of });
            }
            contract.reports_to = CONTRACTORS.into_iter().filter(|_| self.once_in(5)).map(str::to_owned).collect();
            contract.liability = Liability {
                excludes: CAUSES.into_iter().filter(|_| self.once_in(4)).map(str::to_owned).collect(),
                cap: None,
                indemnified_by: self.once_in(5).then(|| self.pick(&CONTRACTORS).to_owned()),
            };
            model.contracts.insert(CONTRACTS[at].to_owned(), contract);
        }
        if self.once_in(4) {
            let duties = (0..1 + self.below(3)).map(|_| self.pick(&DutyKind::ALL)).collect();
            model.answers.insert(self.pick(&CAUSES).to_owned(), duties);
        }
    }

    fn incident(&mut self, model: &Model) -> Incident {
        let mut incident = Incident::new("A random incident");
        let systems: Vec<String> = model.systems.keys().cloned().collect();
        let built = model.clone().build().unwrap_or_else(|error| panic!("{error:?}\n{model:#?}"));
        let faults: Vec<String> = built.faults().iter().map(|fault| fault.id.to_string()).collect();
        let interfaces: Vec<String> = built.interfaces().iter().map(|interface| interface.id.to_string()).collect();
        for at in 0..1 + self.below(7) {
            let id = format!("e{}", (at * 3) % 7);
            let time = minute(self.below(6));
            let mut item = match self.below(10) {
                0..=3 => {
                    let system = self.pick(&systems);
                    self.observation(&built, Evidence::failed(id, time, system.clone()), &system)
                }
                4 => {
                    let system = self.pick(&systems);
                    self.observation(&built, Evidence::working(id, time, system.clone()), &system)
                }
                5 => {
                    let mut test = Evidence::test(id, time, self.pick(&faults), self.once_in(2));
                    test.reliability = self.pick(&[Some(0.9), None, Some(0.3), Some(0.5), Some(1.0), Some(0.0)]);
                    test
                }
                6 | 7 => {
                    let target = self.target(&systems, &interfaces, &faults);
                    let mut repair = Evidence::repaired(id, time, target);
                    if self.once_in(2) && self.event() {
                        repair.effectiveness = Some(self.pick(&[0.9, 0.5, 0.0, 0.2]));
                    }
                    repair
                }
                8 => {
                    let target = self.target(&systems, &interfaces, &[]);
                    // Several changes multiply: beyond some 1e6 a probability next to 1 has lost digits of its complement.
                    let odds = self.pick(&[20.0, 3.0, 0.5, 100.0]);
                    let mut change = Evidence::changed(id, time, target, odds);
                    if self.once_in(2) {
                        change.causes =
                            Some(CAUSES.into_iter().filter(|_| self.once_in(2)).map(str::to_owned).collect());
                    }
                    change
                }
                _ => {
                    let by = self.once_in(2).then(|| self.pick(&CONTRACTORS).to_owned());
                    Evidence::announced(id, time, self.target(&systems, &interfaces, &faults), by)
                }
            };
            self.knowledge(&mut item);
            if at > 0 && self.once_in(7) {
                item.supersedes.push(incident.evidence[self.below(at)].id.clone());
            }
            incident.evidence.push(item);
        }
        incident
    }

    fn observation(&mut self, model: &onus_model::Model, item: Evidence, system: &str) -> Evidence {
        let index = model.topology().system(system).expect("the system is the model's");
        let watching: Vec<String> = model
            .monitors()
            .iter()
            .filter(|monitor| monitor.watches.contains(&index))
            .map(|monitor| monitor.id.to_string())
            .collect();
        if watching.is_empty() || self.once_in(2) { item } else { item.via(self.pick(&watching)) }
    }

    fn target(&mut self, systems: &[String], interfaces: &[String], faults: &[String]) -> String {
        match self.below(5) {
            3 if !interfaces.is_empty() => self.pick(interfaces),
            4 if !faults.is_empty() => self.pick(faults),
            _ => self.pick(systems),
        }
    }

    fn knowledge(&mut self, item: &mut Evidence) {
        if self.once_in(4) {
            item.known = Some(minute(6 + self.below(4)));
        }
        let parties: Vec<String> =
            CONTRACTORS.into_iter().chain(["public"]).filter(|_| self.once_in(4)).map(str::to_owned).collect();
        item.seen_by = match self.below(3) {
            1 => Some(SeenBy::Parties(parties)),
            2 => {
                let times: BTreeMap<String, Time> =
                    parties.into_iter().map(|party| (party, minute(4 + self.below(8)))).collect();
                Some(SeenBy::Times(times))
            }
            _ => None,
        };
    }
}

/// The pairs of consumer and provider that the needs name.
pub fn interfaces(model: &Model) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for (consumer, system) in &model.systems {
        let mut open: Vec<&Need> = system.needs.iter().collect();
        while let Some(need) = open.pop() {
            match need {
                Need::Provider(provider) => pairs.push((consumer.clone(), provider.clone())),
                Need::Any { any } => open.extend(any),
                Need::AtLeast { of, .. } => open.extend(of),
            }
        }
    }
    pairs.sort();
    pairs.dedup();
    pairs
}
