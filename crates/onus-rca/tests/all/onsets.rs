//! What times say of origins, against an enumeration of all schedules written apart from the code: every fault set, every
//! outcome of every coupling, and for single origins every start and every delay, in whole minutes.

use std::collections::BTreeSet;

use onus_model::document::{Evidence as Item, Fault, Incident, Interface, Model as Document, System};
use onus_model::{FaultIndex, Model, Need};
use onus_rca::{DiagnoseOptions, Diagnosis, Evidence, FaultGraph, MethodChoice};
use proptest::prelude::*;

use crate::random::{Case, cases, config, interfaces, minute};

/// Later than everything.
const NEVER: i64 = i64::MAX;

/// When each system fails: present faults with their starts, delays by interface, the couplings that do not couple.
fn arrivals(model: &Model, starts: &[Option<i64>], delays: &[i64], apart: &BTreeSet<usize>) -> Vec<i64> {
    fn lost(
        model: &Model,
        need: &Need,
        own: &dyn Fn(&[FaultIndex]) -> i64,
        delays: &[i64],
        apart: &BTreeSet<usize>,
        at: &[i64],
    ) -> i64 {
        match need {
            Need::Provider(index) => {
                let interface = &model.interfaces()[index.index()];
                let provider = at[interface.provider.index()];
                let couples = !apart.contains(&index.index()) && provider < NEVER;
                let coupled = if couples { provider + delays[index.index()] } else { NEVER };
                own(&interface.faults).min(coupled)
            }
            Need::AtLeast { k, of } => {
                let mut times: Vec<i64> = of.iter().map(|need| lost(model, need, own, delays, apart, at)).collect();
                times.sort_unstable();
                times[of.len() - *k as usize]
            }
        }
    }
    let own = |faults: &[FaultIndex]| faults.iter().filter_map(|fault| starts[fault.index()]).min().unwrap_or(NEVER);
    let mut at = vec![NEVER; model.systems().len()];
    loop {
        let next: Vec<i64> = model
            .systems()
            .iter()
            .map(|system| {
                let needs = system.needs.iter().map(|need| lost(model, need, &own, delays, apart, &at));
                needs.chain([own(&system.faults)]).min().expect("faults are there, or none")
            })
            .collect();
        if next == at {
            return at;
        }
        at = next;
    }
}

/// A system, the minute, whether it had failed.
type Seen = Vec<(usize, i64, bool)>;

struct World {
    weight: f64,
    present: Vec<bool>,
}

/// Every world in which what was seen can be so.
fn worlds(model: &Model, windows: &[(i64, i64)], seen: &Seen) -> Vec<World> {
    let begun = seen.iter().map(|(_, time, _)| *time).min().unwrap_or(0);
    let faults = model.faults().len();
    let coupling = |interface: usize| model.interfaces()[interface].propagates.get();
    let uncertain: Vec<usize> = (0..windows.len()).filter(|i| coupling(*i) > 0.0 && coupling(*i) < 1.0).collect();
    let never: Vec<usize> = (0..windows.len()).filter(|i| coupling(*i) <= 0.0).collect();
    let outcomes: Vec<BTreeSet<usize>> = (0..1_usize << uncertain.len())
        .map(|bits| {
            let open = uncertain.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 0);
            open.map(|(_, interface)| *interface).chain(never.iter().copied()).collect()
        })
        .collect();
    let longest: Vec<i64> = windows.iter().map(|window| window.1).collect();
    let starts = |set: usize, start: i64| -> Vec<Option<i64>> {
        (0..faults).map(|fault| (set >> fault & 1 == 1).then_some(start)).collect()
    };
    let reaches = |set: usize, apart: &BTreeSet<usize>| {
        let at = arrivals(model, &starts(set, 0), &longest, apart);
        seen.iter().filter(|(_, _, failed)| *failed).map(|(system, ..)| at[*system] < NEVER).collect::<Vec<bool>>()
    };
    let all_couple: BTreeSet<usize> = never.iter().copied().collect();
    // What can reach a failure that was seen: by some way, whatever else has failed. A way is a way when all but the couplings are gates
    // that one failure is enough for.
    let bearing: Vec<bool> = (0..faults).map(|fault| bears(model, fault, seen)).collect();
    let untimely: Vec<bool> = (0..faults)
        .map(|fault| {
            let set = 1 << fault;
            let is_judged = seen.iter().any(|(_, _, failed)| !failed);
            is_judged
                && bearing[fault]
                && reaches(set, &all_couple).iter().all(|reached| *reached)
                && !outcomes.iter().any(|apart| fits(model, &|start| starts(set, start), windows, apart, seen, begun))
        })
        .collect();
    let mut all = Vec::new();
    for set in 0..1_usize << faults {
        let present: Vec<bool> = (0..faults).map(|fault| set >> fault & 1 == 1).collect();
        let chance: f64 = model
            .faults()
            .iter()
            .zip(&present)
            .map(|(fault, present)| {
                let p = fault.prior.probability().get();
                if *present { p } else { 1.0 - p }
            })
            .product();
        let those: Vec<usize> = (0..faults).filter(|fault| present[*fault] && bearing[*fault]).collect();
        if chance <= 0.0 || matches!(those.as_slice(), [only] if untimely[*only]) {
            continue;
        }
        for apart in &outcomes {
            let weight: f64 =
                uncertain.iter().map(|i| if apart.contains(i) { 1.0 - coupling(*i) } else { coupling(*i) }).product();
            let latest = arrivals(model, &starts(set, begun), &longest, apart);
            let is_so = reaches(set, apart).iter().all(|reached| *reached)
                && seen.iter().all(|(system, time, failed)| *failed || latest[*system] > *time);
            if is_so {
                all.push(World { weight: chance * weight, present: present.clone() });
            }
        }
    }
    all
}

/// Whether some way of needs leads from a fault to a failure that was seen.
fn bears(model: &Model, fault: usize, seen: &Seen) -> bool {
    let mut open: Vec<usize> = seen.iter().filter(|(_, _, failed)| *failed).map(|(system, ..)| *system).collect();
    let mut known = vec![false; model.systems().len()];
    while let Some(system) = open.pop() {
        if std::mem::replace(&mut known[system], true) {
            continue;
        }
        let own = &model.systems()[system];
        let mut needs: Vec<&Need> = own.needs.iter().collect();
        let mut faults = own.faults.clone();
        while let Some(need) = needs.pop() {
            match need {
                Need::Provider(index) => {
                    let interface = &model.interfaces()[index.index()];
                    faults.extend(&interface.faults);
                    open.push(interface.provider.index());
                }
                Need::AtLeast { of, .. } => needs.extend(of),
            }
        }
        if faults.iter().any(|own| own.index() == fault) {
            return true;
        }
    }
    false
}

/// Whether some start and some delays give what was seen.
fn fits(
    model: &Model,
    starts: &dyn Fn(i64) -> Vec<Option<i64>>,
    windows: &[(i64, i64)],
    apart: &BTreeSet<usize>,
    seen: &Seen,
    begun: i64,
) -> bool {
    let span: i64 = windows.iter().map(|window| window.1).sum();
    let mut delays: Vec<i64> = windows.iter().map(|window| window.0).collect();
    loop {
        for start in begun - span - 1..=begun {
            let at = arrivals(model, &starts(start), &delays, apart);
            if seen.iter().all(|(system, time, failed)| (at[*system] <= *time) == *failed) {
                return true;
            }
        }
        let Some(next) = (0..delays.len()).find(|i| delays[*i] < windows[*i].1) else { return false };
        delays[next] += 1;
        for (delay, window) in delays[..next].iter_mut().zip(windows) {
            *delay = window.0;
        }
    }
}

/// A case, shortest delays and widths, what was seen.
type Timed = (Case, Vec<(i64, i64)>, Vec<(usize, usize, bool)>);

/// A case with delays on some interfaces, and what was seen of its systems.
fn timed() -> impl Strategy<Value = Timed> {
    let seen = proptest::collection::vec((0..5_usize, 0..7_usize, any::<bool>()), 1..6);
    (cases(), proptest::collection::vec((0..4_i64, 0..3_i64), 3), seen)
}

proptest! {
    #![proptest_config(config(120))]

    /// The posterior is that of the worlds that can be, exactly.
    #[test]
    fn posteriors_are_those_of_the_schedules((case, delays, seen) in timed()) {
        let mut document = case.model.clone();
        let minutes = |minutes: i64| format!("{minutes}m").parse().expect("a duration");
        for ((consumer, provider), (shortest, width)) in interfaces(&document).into_iter().zip(&delays) {
            let interface = document.interfaces.entry(format!("{consumer} -> {provider}")).or_default();
            interface.delay = Some((minutes(*shortest), minutes(shortest + width)));
        }
        let model = document.build().expect("a delay changes nothing else");
        let windows: Vec<(i64, i64)> = model
            .interfaces()
            .iter()
            .map(|interface| interface.delay.as_ref().map_or((0, 0), |(shortest, longest)| {
                ((shortest.milliseconds() / 60_000) as i64, (longest.milliseconds() / 60_000) as i64)
            }))
            .collect();
        prop_assume!(windows.iter().any(|window| window.1 > 0));
        let systems = model.systems().len();
        let seen: Seen = seen.into_iter().map(|(system, time, failed)| (system % systems, time as i64, failed)).collect();
        let mut incident = Incident::new("Seen");
        for (at, (system, time, failed)) in seen.iter().enumerate() {
            let (id, time, system) = (format!("e{at}"), minute(*time as usize), model.systems()[*system].id.to_string());
            let item = if *failed { Item::failed(id, time, system) } else { Item::working(id, time, system) };
            incident.evidence.push(item);
        }
        let incident = incident.build(&model).expect("an incident");
        let worlds = worlds(&model, &windows, &seen);
        let mass: f64 = worlds.iter().map(|world| world.weight).sum();
        let graph = FaultGraph::compile(&model);
        let evidence = Evidence::of(&incident);
        let exact = graph.diagnose(&evidence, &DiagnoseOptions { method: MethodChoice::Exact, ..DiagnoseOptions::default() });
        let bounds = graph.diagnose(&evidence, &DiagnoseOptions { method: MethodChoice::Interval, ..DiagnoseOptions::default() });
        prop_assert!(exact.evidence_probability.contains(mass, 1e-12), "{:?} {mass}", exact.evidence_probability);
        prop_assert!(bounds.evidence_probability.contains(mass, 1e-12), "{:?} {mass}", bounds.evidence_probability);
        prop_assert_eq!(exact.conflict.is_some(), mass <= 0.0);
        if mass > 0.0 {
            for finding in exact.faults.iter().chain(&bounds.faults) {
                let own = worlds.iter().filter(|world| world.present[finding.index.index()]);
                let posterior = own.map(|world| world.weight).sum::<f64>() / mass;
                prop_assert!(finding.posterior.contains(posterior, 1e-9), "{}: {:?} {posterior}", finding.id, finding.posterior);
            }
        }
    }
}

/// A gateway behind a cache that holds for three to five minutes, with a line beside it; and a portal behind it, which notices after
/// three to ten.
fn gateway() -> Model {
    let delay = |shortest: &str, longest: &str| Interface {
        delay: Some((shortest.parse().expect("a duration"), longest.parse().expect("a duration"))),
        ..Interface::default()
    };
    let fault = || Fault::new("hardware", 1e-3);
    Document::new("Cached")
        .system("db", System::new().fault("disk", fault()))
        .system("line", System::new().fault("cut", fault()))
        .system("cache", System::new().needs("db").fault("full", fault()))
        .system("gateway", System::new().needs("cache").needs("line").fault("card", fault()))
        .system("portal", System::new().needs("gateway").fault("page", fault()))
        .interface("gateway", "cache", delay("3m", "5m"))
        .interface("portal", "gateway", delay("3m", "10m"))
        .build()
        .expect("a valid estate")
}

fn diagnosed(items: Vec<Item>) -> (Diagnosis, impl Fn(&str) -> f64) {
    let model = gateway();
    let mut incident = Incident::new("Seen");
    incident.evidence = items;
    let incident = incident.build(&model).expect("an incident");
    let diagnosis = FaultGraph::compile(&model).diagnose(&Evidence::of(&incident), &DiagnoseOptions::default());
    assert!(diagnosis.conflict.is_none());
    let faults = diagnosis.faults.clone();
    let posterior = move |fault: &str| {
        faults.iter().find(|finding| finding.id.as_str() == fault).expect("it is listed").posterior.middle()
    };
    (diagnosis, posterior)
}

fn untimely(diagnosis: &Diagnosis) -> Vec<&str> {
    diagnosis.timing.untimely.iter().map(onus_model::FaultId::as_str).collect()
}

/// What was seen to work had not failed *yet*.
#[test]
fn what_still_worked_may_have_been_about_to_fail() {
    let (diagnosis, posterior) =
        diagnosed(vec![Item::working("early", minute(10), "gateway"), Item::failed("late", minute(14), "gateway")]);
    // The cut line and the card would have shown by the first observation; what is behind the cache had its time.
    assert!(posterior("line.cut") < 1e-12 && posterior("gateway.card") < 1e-12);
    assert!((posterior("db.disk") - 0.5).abs() < 1e-3 && (posterior("cache.full") - 0.5).abs() < 1e-3);
    assert_eq!(untimely(&diagnosis), ["gateway.card", "line.cut"]);
    // What takes five minutes at most has come after six.
    let (_, posterior) = diagnosed(vec![
        Item::working("line", minute(10), "line"),
        Item::working("gateway", minute(16), "gateway"),
        Item::failed("late", minute(30), "portal"),
    ]);
    assert!(posterior("db.disk") < 1e-12 && (posterior("portal.page") - 1.0).abs() < 1e-12);
}

/// The gateway worked a minute before the portal failed, which takes three to notice: it was not the gateway.
#[test]
fn an_origin_whose_window_cannot_fit_is_not_the_only_one() {
    let (diagnosis, posterior) =
        diagnosed(vec![Item::working("before", minute(11), "gateway"), Item::failed("after", minute(12), "portal")]);
    assert_eq!(untimely(&diagnosis), ["cache.full", "db.disk", "gateway.card", "line.cut"]);
    assert!(posterior("portal.page") > 0.99);
    // Two faults could each begin at their own time; that is far less probable.
    assert!(posterior("db.disk") < 0.01);
    // Ten minutes later anything behind the cache can have been it.
    let (diagnosis, posterior) =
        diagnosed(vec![Item::working("before", minute(11), "gateway"), Item::failed("after", minute(21), "portal")]);
    assert_eq!(untimely(&diagnosis), ["gateway.card", "line.cut"]);
    assert!((posterior("db.disk") - 1.0 / 3.0).abs() < 1e-2);
}

/// Two ways from each place to the next, one of them twice as slow as in the place before: a million different times. What does
/// not fit says less, and that is told.
#[test]
fn times_that_are_too_many_are_told() {
    let estate = |places: usize| {
        let mut document = Document::new("Ladder").system("place-00", System::new());
        for at in 1..=places {
            let [before, beside, own] =
                [format!("place-{:02}", at - 1), format!("side-{at:02}"), format!("place-{at:02}")];
            let wait = format!("{}s", 1_u64 << (at - 1)).parse::<onus_model::Duration>().expect("a duration");
            let delay = Interface { delay: Some((wait.clone(), wait)), ..Interface::default() };
            document = document
                .system(beside.clone(), System::new().needs(before.as_str()))
                .system(own.clone(), System::new().needs(before.as_str()).needs(beside.as_str()))
                .interface(&own, &before, delay);
        }
        document.build().expect("a valid estate")
    };
    let diagnosed = |places: usize| {
        let model = estate(places);
        let mut incident = Incident::new("Seen");
        let last = format!("place-{places:02}");
        incident.evidence = vec![
            Item::failed("first", "2024-03-01T10:00:00Z".parse().expect("a time"), "place-00"),
            Item::working("later", "2024-04-10T10:00:00Z".parse().expect("a time"), last.as_str()),
        ];
        let incident = incident.build(&model).expect("an incident");
        FaultGraph::compile(&model).diagnose(&Evidence::of(&incident), &DiagnoseOptions::default())
    };
    assert!(!diagnosed(8).timing.capped);
    assert!(diagnosed(22).timing.capped);
}
