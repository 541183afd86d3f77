//! proptest strategies: documents of small random models, and incidents for them. Behind the feature `proptest`.
//!
//! Everything the files can say occurs: needs in loops, nested redundancy, interfaces with faults of their own or that
//! couple at random, common causes, monitors that run on systems, consortia, subcontracts, lapsed terms, liability.
//! Every document is valid. [`Bounds`] keep the number of uncertain events small enough to enumerate all their states.
//!
//! ```
//! use onus_model::strategies::{Bounds, case};
//! use proptest::prelude::*;
//!
//! proptest!(|(case in case(&Bounds::default()))| {
//!     prop_assert!(case.model.build().is_ok());
//! });
//! ```

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::document::{
    CommonCause, Contract, Contractor, Defaults, DutyKind, Evidence, Fault, Incident, Interface, Liability, Model,
    Monitor, Need, SeenBy, System, Term,
};
use crate::generate::{Family, Generator, Options, Seams};
use crate::id::PUBLIC;
use crate::quantity::Probability;

/// How large a random model may be.
#[derive(Clone, Debug, PartialEq)]
pub struct Bounds {
    /// Systems, at least 1. Default 6.
    pub systems: usize,
    /// Uncertain events of model and incident: faults, couplings with a probability between 0 and 1, repairs that may
    /// not have worked. Never fewer than systems, because each has a fault. Default 12.
    pub events: usize,
    /// Contractors, at least 1. Default 3.
    pub contractors: usize,
    /// Contracts. Default 4.
    pub contracts: usize,
    /// Monitors. Default 2.
    pub monitors: usize,
    /// Items of evidence. Default 6.
    pub evidence: usize,
    /// What systems are called. Default [`Names::Plain`].
    pub names: Names,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { systems: 6, events: 12, contractors: 3, contracts: 4, monitors: 2, evidence: 6, names: Names::Plain }
    }
}

/// What systems are called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Names {
    /// `s0`, `s1`, ...
    #[default]
    Plain,
    /// Whatever an id may be: spaces, dots, other scripts, texts that YAML would take for something else.
    Odd,
}

impl Names {
    fn system(self, at: usize) -> String {
        const ODD: [&str; 12] =
            ["null", "인증 서버", "v1.2", "- a", "true", "1e3", "it's", "\"q\": #", "{x", "& b", "~", "=é\u{2028}"];
        match self {
            Self::Plain => format!("s{at}"),
            Self::Odd if at < ODD.len() => ODD[at].to_owned(),
            Self::Odd => format!("{}{at}", ODD[at % ODD.len()]),
        }
    }
}

/// A model and an incident that is valid for it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The model.
    pub model: Model,
    /// The incident.
    pub incident: Incident,
}

/// Random models with incidents for them.
pub fn case(bounds: &Bounds) -> impl Strategy<Value = Case> + use<> {
    let bounds = bounds.clone();
    model(&bounds).prop_flat_map(move |model| {
        incident(&model, &bounds).prop_map(move |incident| Case { model: model.clone(), incident })
    })
}

/// Random models.
pub fn model(bounds: &Bounds) -> impl Strategy<Value = Model> + use<> {
    let Bounds { events, names, .. } = *bounds;
    let systems = vec(
        (vec(fault(), 0..3), vec(need(), 0..3), option::weighted(0.3, 1_u32..1000), word()),
        1..=bounds.systems.max(1),
    );
    let interfaces = vec((coupling(), option::weighted(0.3, fault()), option::weighted(0.2, word())), 0..8);
    let common_causes = vec((fault(), vec(any::<Index>(), 1..4)), 0..3);
    let monitors = vec(
        (vec(any::<Index>(), 1..4), option::of(any::<Index>()), figure(), figure(), vec(any::<Index>(), 0..3)),
        0..=bounds.monitors,
    );
    let contracts = vec(contract(), 0..=bounds.contracts);
    let parties = (1..=bounds.contractors.max(1), option::of(any::<Index>()));
    let answers = option::weighted(0.3, vec(select(&DutyKind::ALL[..]), 0..3));
    let defaults = option::weighted(0.3, (figure(), cause()));
    ((systems, interfaces, common_causes), (monitors, contracts, parties), answers, defaults).prop_map(
        move |((systems, interfaces, common_causes), (monitors, contracts, parties), answers, defaults)| {
            let mut model = Model::new("Random");
            if let Some((probability, cause)) = defaults {
                model.defaults = Defaults { probability, cause };
            }
            model.answers.extend(answers.map(|duties| ("weather".to_owned(), duties)));
            let names: Vec<String> = (0..systems.len()).map(|at| names.system(at)).collect();
            for (name, (faults, needs, demand, kind)) in names.iter().zip(systems) {
                let system = System {
                    kind: Some(kind),
                    faults: faults.into_iter().enumerate().map(|(at, fault)| (format!("f{at}"), fault)).collect(),
                    needs: needs.iter().map(|need| need.of(&names)).collect(),
                    demand: demand.map(|users| ("users".to_owned(), f64::from(users))).into_iter().collect(),
                    ..System::default()
                };
                model.systems.insert(name.clone(), system);
            }
            let pairs: Vec<(String, String)> = pairs(&model).into_iter().collect();
            for ((consumer, provider), (propagates, fault, kind)) in pairs.iter().zip(interfaces) {
                let faults = fault.map(|fault| ("i".to_owned(), fault)).into_iter().collect();
                model =
                    model.interface(consumer, provider, Interface { kind, propagates, faults, ..Interface::default() });
            }
            let selectors = selectors(&model, &names, &pairs);
            for (at, (fault, strikes)) in common_causes.into_iter().enumerate() {
                let strikes: Vec<String> = strikes.iter().map(|index| index.get(&selectors).clone()).collect();
                model.common_causes.insert(format!("common{at}"), CommonCause::new(fault, strikes));
            }
            trim(&mut model, events);
            add_structure(&mut model, &selectors, parties, contracts);
            let contractors: Vec<String> = model.contractors.keys().cloned().chain([PUBLIC.to_owned()]).collect();
            for (at, (watches, runs_on, detects, false_alarms, seen_by)) in monitors.into_iter().enumerate() {
                let monitor = Monitor {
                    watches: watches.iter().map(|index| index.get(&names).clone()).collect(),
                    runs_on: runs_on.map(|index| index.get(&names).clone()),
                    detects: Some(detects),
                    false_alarms: Some(false_alarms),
                    seen_by: seen_by.iter().map(|index| index.get(&contractors).clone()).collect(),
                    description: None,
                };
                model.monitors.insert(format!("m{at}"), monitor);
            }
            model
        },
    )
}

/// Estates as [`generate`](crate::generate) makes them, of any family, with at most so many systems, contractors and
/// events; every system has one fault.
pub fn estate(bounds: &Bounds) -> impl Strategy<Value = Model> + use<> {
    let families = [Family::Layered, Family::PowerLaw, Family::Cyclic, Family::Contract];
    let systems = bounds.systems.min(bounds.events).max(1) as u32;
    let parts = (select(families.to_vec()), 1..=systems, 0..=4_u32, 1..=bounds.contractors.max(1) as u32);
    (parts, select(vec![Seams::Follow, Seams::Cut]), any::<u64>()).prop_map(|(parts, seams, seed)| {
        let (family, systems, quarters, contractors) = parts;
        let redundancy = Probability::new(f64::from(quarters) / 4.0).unwrap_or(Probability::ONE);
        Generator::new(&Options { family, systems, redundancy, contractors, seams, seed }).document()
    })
}

/// Random incidents for a valid model. What `bounds.events` leaves after the model's own events goes to repairs that may
/// not have worked.
pub fn incident(model: &Model, bounds: &Bounds) -> impl Strategy<Value = Incident> + use<> {
    let spare_events = bounds.events.saturating_sub(events(model));
    let systems: Vec<String> = model.systems.keys().cloned().collect();
    let elements: Vec<String> =
        systems.iter().cloned().chain(pairs(model).iter().map(|(c, p)| crate::id::interface_id(c, p))).collect();
    let faults: Vec<String> = faults(model);
    let targets: Vec<String> = elements.iter().chain(&faults).cloned().collect();
    let watched: Vec<(String, String)> = model
        .monitors
        .iter()
        .flat_map(|(id, monitor)| monitor.watches.iter().map(move |system| (id.clone(), system.clone())))
        .collect();
    let parties: Vec<String> = model.contractors.keys().cloned().chain([PUBLIC.to_owned()]).collect();
    let times = || (0..30_i64).prop_map(time);
    let item = (
        (0..8_u8, any::<Index>(), any::<bool>(), figure(), times()),
        option::weighted(0.3, times()),
        option::of((any::<bool>(), vec((any::<Index>(), times()), 0..3))),
        option::weighted(0.2, any::<Index>()),
        (option::of(vec(cause(), 0..3)), prop_oneof![Just(0.25), Just(1.0), Just(20.0)]),
    );
    (vec(item, 0..=bounds.evidence), vec(any::<Index>(), 0..2)).prop_map(move |(items, truth)| {
        let mut incident = Incident::new("Random");
        let mut doubtful_repairs = spare_events;
        for (at, ((kind, which, flag, figure, at_time), known, seen_by, older, (causes, odds))) in
            items.into_iter().enumerate()
        {
            let id = format!("e{at}");
            let mut item = match kind {
                0 | 1 if !watched.is_empty() => {
                    let (monitor, system) = which.get(&watched);
                    let item = if flag {
                        Evidence::failed(id, at_time, system)
                    } else {
                        Evidence::working(id, at_time, system)
                    };
                    item.via(monitor)
                }
                0..=2 => Evidence::failed(id, at_time, which.get(&systems)),
                3 => Evidence::working(id, at_time, which.get(&systems)),
                4 => Evidence { reliability: Some(figure), ..Evidence::test(id, at_time, which.get(&faults), flag) },
                5 => {
                    let is_certain = figure <= 0.0 || figure >= 1.0 || doubtful_repairs == 0;
                    doubtful_repairs -= usize::from(!is_certain);
                    let effectiveness = if is_certain { figure.round() } else { figure };
                    Evidence {
                        effectiveness: Some(effectiveness),
                        ..Evidence::repaired(id, at_time, which.get(&targets))
                    }
                }
                6 => Evidence { causes, ..Evidence::changed(id, at_time, which.get(&elements), odds) },
                _ => {
                    let by = flag.then(|| which.get(&parties).clone()).filter(|party| party != PUBLIC);
                    Evidence::announced(id, at_time, which.get(&targets), by)
                }
            };
            item.known = known;
            item.seen_by = seen_by.map(|(timed, parties_seen)| {
                let named = parties_seen.iter().map(|(index, time)| (index.get(&parties).clone(), *time));
                if timed {
                    SeenBy::Times(named.collect())
                } else {
                    SeenBy::Parties(named.map(|(party, _)| party).collect())
                }
            });
            if let (Some(older), true) = (older, at > 0) {
                item.supersedes.push(format!("e{}", older.index(at)));
            }
            incident.evidence.push(item);
        }
        incident.truth.origin = truth.iter().map(|index| index.get(&faults).clone()).collect();
        incident
    })
}

/// How many uncertain events a model has, counted as [`Bounds::events`] says; faults and couplings of probability 0 or 1
/// count too.
pub fn events(model: &Model) -> usize {
    let uncertain = |interface: &&Interface| interface.propagates.is_some_and(|p| p > 0.0 && p < 1.0);
    faults(model).len() + model.interfaces.values().filter(uncertain).count()
}

fn faults(model: &Model) -> Vec<String> {
    let named = |id: &String, faults: &std::collections::BTreeMap<String, Fault>| -> Vec<String> {
        faults.keys().map(|name| format!("{id}.{name}")).collect()
    };
    let systems = model.systems.iter().flat_map(|(id, system)| {
        if system.faults.is_empty() {
            vec![format!("{id}.{}", crate::DEFAULT_FAULT)]
        } else {
            named(id, &system.faults)
        }
    });
    let interfaces = model.interfaces.iter().flat_map(|(id, interface)| named(id, &interface.faults));
    systems.chain(interfaces).chain(model.common_causes.keys().cloned()).collect()
}

/// Consumers and providers.
fn pairs(model: &Model) -> BTreeSet<(String, String)> {
    let mut pairs = BTreeSet::new();
    for (id, system) in &model.systems {
        let mut open: Vec<&Need> = system.needs.iter().collect();
        while let Some(need) = open.pop() {
            match need {
                Need::Provider(provider) => drop(pairs.insert((id.clone(), provider.clone()))),
                Need::Any { any: of } | Need::AtLeast { of, .. } => open.extend(of),
            }
        }
    }
    pairs
}

/// Takes events out until there are no more than so many, or only one for each system.
fn trim(model: &mut Model, most: usize) {
    while events(model) > most {
        if model.common_causes.pop_last().is_some() {
            continue;
        }
        if let Some(interface) = model.interfaces.values_mut().find(|i| !i.faults.is_empty()) {
            interface.faults.clear();
        } else if let Some(interface) = model.interfaces.values_mut().find(|i| i.propagates.is_some()) {
            interface.propagates = None;
        } else if let Some(system) = model.systems.values_mut().find(|s| s.faults.len() > 1) {
            system.faults.pop_last();
        } else {
            return;
        }
    }
}

/// Every selector here selects something.
fn selectors(model: &Model, names: &[String], pairs: &[(String, String)]) -> Vec<String> {
    let mut selectors = names.to_vec();
    selectors.push("*".to_owned());
    let kinds = model.systems.values().map(|s| &s.kind).chain(model.interfaces.values().map(|i| &i.kind));
    selectors.extend(kinds.flatten().map(|kind| format!("kind:{kind}")).collect::<BTreeSet<_>>());
    selectors.extend(pairs.iter().map(|(consumer, provider)| format!("{consumer}->{provider}")));
    if let Some((consumer, _)) = pairs.first() {
        selectors.push("* -> *".to_owned());
        selectors.push(format!("{consumer} -> *"));
    }
    selectors
}

#[derive(Clone, Debug)]
struct RawContract {
    holder: Index,
    partner: Option<Index>,
    under: Option<Index>,
    buyer: Option<Index>,
    term: (Option<u8>, Option<u8>),
    duties: Vec<(DutyKind, Vec<Index>)>,
    reports_to: Vec<Index>,
    excludes: Vec<String>,
    indemnified_by: Option<Index>,
    figures: (Option<u8>, Option<u16>),
}

fn contract() -> impl Strategy<Value = RawContract> {
    let parties = (
        any::<Index>(),
        option::weighted(0.3, any::<Index>()),
        option::of(any::<Index>()),
        option::weighted(0.3, any::<Index>()),
    );
    let term = (option::weighted(0.3, 1..9_u8), option::weighted(0.3, 1..9_u8));
    let duties = vec((select(&DutyKind::ALL[..]), vec(any::<Index>(), 1..3)), 0..4);
    let liability = (vec(cause(), 0..3), option::weighted(0.3, any::<Index>()));
    let figures = (option::of(1..90_u8), option::of(any::<u16>()));
    (parties, term, duties, vec(any::<Index>(), 0..2), liability, figures).prop_map(
        |((holder, partner, under, buyer), term, duties, reports_to, (excludes, indemnified_by), figures)| {
            RawContract { holder, partner, under, buyer, term, duties, reports_to, excludes, indemnified_by, figures }
        },
    )
}

fn add_structure(
    model: &mut Model,
    selectors: &[String],
    (parties, buyer): (usize, Option<Index>),
    contracts: Vec<RawContract>,
) {
    let parties: Vec<String> = (0..parties).map(|at| format!("c{at}")).collect();
    for (at, id) in parties.iter().enumerate() {
        let is_buyer = buyer.is_some_and(|index| index.index(parties.len()) == at);
        let contractor = Contractor {
            role: is_buyer.then(|| "buyer".to_owned()),
            group: (at > 0).then(|| format!("g{}", at / 2)),
            ..Contractor::default()
        };
        model.contractors.insert(id.clone(), contractor);
    }
    let party = |index: &Index| index.get(&parties).clone();
    let day = |first: &str, month: u8| format!("2023-0{month}-{first}").parse().ok();
    for (at, raw) in contracts.into_iter().enumerate() {
        let holder = party(&raw.holder);
        let partner = raw.partner.as_ref().map(party).filter(|partner| *partner != holder);
        // A term that ends before it begins is no term: then it has no end.
        let (from, to) = raw.term;
        let term = Term {
            from: from.and_then(|month| day("01", month)),
            to: to.filter(|to| from.is_none_or(|from| from <= *to)).and_then(|month| day("28", month)),
        };
        let contract = Contract {
            consortium: partner
                .iter()
                .map(|p| (p.clone(), 33.33))
                .chain(partner.iter().map(|_| (holder.clone(), 66.67)))
                .collect(),
            contractor: partner.is_none().then_some(holder),
            // Under an earlier one, so that there is no loop.
            under: raw.under.filter(|_| at > 0).map(|index| format!("k{}", index.index(at))),
            buyer: raw.buyer.as_ref().map(party),
            term,
            reports_to: raw.reports_to.iter().map(party).collect(),
            responds_in: raw.figures.0.and_then(|minutes| format!("{minutes}m").parse().ok()),
            liability: Liability {
                excludes: raw.excludes,
                cap: raw.figures.1.and_then(|amount| format!("{amount} KRW").parse().ok()),
                indemnified_by: raw.indemnified_by.as_ref().map(party),
            },
            ..Contract::default()
        };
        let contract = raw.duties.iter().fold(contract, |contract, (duty, of)| {
            contract.duty(*duty, of.iter().map(|index| index.get(selectors).clone()))
        });
        model.contracts.insert(format!("k{at}"), contract);
    }
}

#[derive(Clone, Debug)]
enum RawNeed {
    One(Index),
    AtLeast(Index, Vec<RawNeed>),
}

impl RawNeed {
    fn of(&self, systems: &[String]) -> Need {
        match self {
            Self::One(index) => Need::Provider(index.get(systems).clone()),
            Self::AtLeast(k, of) => {
                let members: Vec<Need> = of.iter().map(|need| need.of(systems)).collect();
                match k.index(of.len()) {
                    0 => Need::Any { any: members },
                    more => Need::AtLeast { at_least: more as u32 + 1, of: members },
                }
            }
        }
    }
}

fn need() -> impl Strategy<Value = RawNeed> {
    any::<Index>()
        .prop_map(RawNeed::One)
        .prop_recursive(2, 6, 3, |inner| (any::<Index>(), vec(inner, 1..4)).prop_map(|(k, of)| RawNeed::AtLeast(k, of)))
}

fn fault() -> impl Strategy<Value = Fault> {
    let prior = prop_oneof![
        4 => figure().prop_map(|probability| Fault { probability: Some(probability), ..Fault::default() }),
        1 => (1..100_u8, 1..60_u8).prop_map(|(rate, days)| Fault {
            rate: format!("{}/year", f64::from(rate) / 10.0).parse().ok(),
            exposure: format!("{days}d").parse().ok(),
            ..Fault::default()
        }),
    ];
    (prior, cause(), 0..6_u8).prop_map(|(fault, cause, role)| Fault {
        cause,
        trigger: role == 1,
        latent: role == 2,
        assumed: (role == 3).then(|| "for the sake of the test".to_owned()),
        ..fault
    })
}

/// A probability; the ends occur.
fn figure() -> impl Strategy<Value = f64> {
    prop_oneof![6 => (1..1000_u32).prop_map(|n| f64::from(n) / 1000.0), 1 => Just(0.0), 1 => Just(1.0)]
}

fn coupling() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![3 => Just(None), 2 => (1..100_u32).prop_map(|n| Some(f64::from(n) / 100.0)), 1 => Just(Some(0.0))]
}

fn cause() -> impl Strategy<Value = String> {
    select(&["hardware", "software", "configuration", "operation", "capacity", "design", "interface", "weather"][..])
        .prop_map(str::to_owned)
}

fn word() -> impl Strategy<Value = String> {
    select(&["network", "switch", "api"][..]).prop_map(str::to_owned)
}

/// Half-hours of one day, some of them told in another offset.
fn time(half_hours: i64) -> crate::Time {
    let offset = if half_hours % 3 == 0 { "Z" } else { "+09:00" };
    let text = format!("2023-05-17T{:02}:{:02}:00{offset}", half_hours / 2, half_hours % 2 * 30);
    text.parse().unwrap_or_else(|_| unreachable!("the time above is one"))
}
