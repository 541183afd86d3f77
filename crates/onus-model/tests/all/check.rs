//! What `Model::check` finds, each finding on the smallest model that shows it.

use std::path::Path;

use onus_model::document::{
    CommonCause, Contract, Contractor, DutyKind, Fault, Interface, Model, Monitor, Need, System, Term,
};
use onus_model::{CheckOptions, Code, Diagnostic, Limits, Severity, Source};

/// The findings of one code, as "path: message; help".
fn findings(model: Model, code: Code, options: &CheckOptions) -> Vec<String> {
    let model = model.build().unwrap();
    let found = model.check(options);
    assert_eq!(found, model.check(options), "twice the same");
    found.iter().filter(|finding| finding.code == code).map(told).collect()
}

fn told(finding: &Diagnostic) -> String {
    let help = finding.help.as_ref().map_or_else(String::new, |help| format!("; {help}"));
    format!("{}: {}{help}", finding.path, finding.message)
}

fn of(model: Model, code: Code) -> Vec<String> {
    findings(model, code, &CheckOptions::default())
}

fn on(day: &str) -> CheckOptions {
    CheckOptions { day: Some(day.parse().unwrap()), ..CheckOptions::default() }
}

fn two_parties() -> Model {
    Model::new("Two parties").contractor("appco", Contractor::default()).contractor("netco", Contractor::default())
}

/// A portal of one, on a router of the other, with a fault on the interface.
fn seam() -> Model {
    two_parties()
        .contract("application", Contract::held_by("appco").duty(DutyKind::Operate, ["portal"]))
        .contract("network", Contract::held_by("netco").duty(DutyKind::Operate, ["router"]))
        .system("router", System::new().fault("switch", Fault::new("operation", 1e-3)))
        .system("portal", System::new().needs("router").fault("load", Fault::new("operation", 1e-3)))
        .interface(
            "portal",
            "router",
            Interface { faults: [("format".to_owned(), Fault::new("interface", 1e-3))].into(), ..Interface::default() },
        )
}

#[test]
fn gaps_are_gathered_by_element() {
    let system = System::new().fault("disk", Fault::new("hardware", 1e-3)).fault("image", Fault::new("software", 1e-3));
    let model = seam()
        .system("db", system)
        .common_cause("firmware", CommonCause::new(Fault::new("design", 1e-4), ["router", "portal"]));
    assert_eq!(
        of(model, Code::Gap),
        [
            "systems.db: nobody answers for 2 faults (`disk` (hardware) and `image` (software)) of `db`; a contract in force \
         with the duty maintain, supply or build would",
            "common_causes.firmware: nobody answers for the common cause `firmware`; a contract in force with the duty build \
         or supply would",
        ]
    );
    let ownerless =
        seam().system("db", System::new()).system("batch", System::new().needs(Need::any(["db"]))).interface(
            "batch",
            "db",
            Interface { faults: [("key".to_owned(), Fault::new("interface", 1e-3))].into(), ..Interface::default() },
        );
    assert!(of(ownerless, Code::Gap).contains(
        &"systems.batch.needs[0].any[0]: nobody answers for the fault `key` (interface) of `batch -> db`; a contract in \
          force with the duty integrate would"
            .to_owned()
    ));
}

#[test]
fn without_contracts_one_gap_says_it_all() {
    let model = Model::new("").system("a", System::new()).system("b", System::new().needs("a"));
    assert_eq!(
        of(model.clone(), Code::Gap),
        ["contracts: there are no contracts, so nobody answers for any of 2 faults"]
    );
    assert!(of(model, Code::OwnerlessHub).is_empty());
    let mut lapsed = seam();
    for contract in lapsed.contracts.values_mut() {
        contract.term = Term { from: None, to: Some("2022-12-31".parse().unwrap()) };
    }
    assert_eq!(
        findings(lapsed, Code::Gap, &on("2023-11-17")),
        ["contracts: no contract is in force on 2023-11-17, so nobody answers for any of 3 faults"]
    );
}

#[test]
fn overlaps_name_the_contracts() {
    let model = seam()
        .contract("rival", Contract::held_by("appco").duty(DutyKind::Operate, ["router"]))
        .common_cause("shift", CommonCause::new(Fault::new("operation", 1e-4), ["portal", "router"]));
    assert_eq!(
        of(model, Code::Overlap),
        [
            "systems.router: `network` (netco) and `rival` (appco) answer for the same the fault `switch` (operation) of \
         `router`; take the duty out of one, or make one a subcontract of the other",
            "common_causes.shift: the common cause `shift` falls under `application` (appco), `network` (netco) and `rival` \
         (appco); nothing says which of them answers for it",
        ]
    );
}

#[test]
fn a_seam_names_both_contractors_and_an_integrator_closes_it() {
    assert_eq!(
        of(seam(), Code::Seam),
        ["systems.portal.needs[0]: `portal -> router` crosses from appco to netco, and no contract integrates it; a \
         contract with the duty to integrate `portal -> router` would say who answers across it"]
    );
    assert!(of(seam(), Code::Overlap).is_empty(), "a seam is no overlap");
    let closed = seam().contract("joint", Contract::held_by("appco").duty(DutyKind::Integrate, ["portal -> router"]));
    assert!(of(closed, Code::Seam).is_empty());
}

#[test]
fn contracts_are_judged_on_the_day() {
    let mut model = seam();
    let term = |from: &str, to: &str| Term { from: from.parse().ok(), to: to.parse().ok() };
    model.contracts.get_mut("network").unwrap().term = term("2024-01-01", "");
    model.contracts.get_mut("application").unwrap().term = term("", "2023-10-31");
    assert_eq!(
        findings(model.clone(), Code::LapsedContract, &on("2023-11-17")),
        [
            "contracts.application.term: `application` is not in force on 2023-11-17: it ended on 2023-10-31",
            "contracts.network.term: `network` is not in force on 2023-11-17: it begins on 2024-01-01",
        ]
    );
    assert!(of(model, Code::LapsedContract).is_empty(), "on no day in particular, none has lapsed");
}

#[test]
fn unwatched_systems_are_told_one_by_one_where_anything_is_watched() {
    assert_eq!(of(seam(), Code::Unwatched), ["systems: there are no monitors, so none of 2 systems is watched"]);
    assert_eq!(
        of(seam().monitor("noc", Monitor::of(["router"])), Code::Unwatched),
        ["systems.portal: no monitor watches `portal`"]
    );
}

#[test]
fn ownerless_hubs_count_who_depends_and_the_demand_behind() {
    let chain = |threshold| {
        let model = seam()
            .system("power", System::new())
            .system("router", System::new().needs("power"))
            .system("portal", System::new().needs("router").demand("users", 530_000.0))
            .system("kiosk", System::new().needs("portal").demand("users", 20.0).demand("sites", 3.0));
        findings(model, Code::OwnerlessHub, &CheckOptions { hub_threshold: threshold, ..CheckOptions::default() })
    };
    assert_eq!(
        chain(3),
        [
            "systems.power: nobody owns `power`, on which 3 systems depend, with 3 sites and 530020 users behind them; a \
         contract with any duty over it would make its holder the owner"
        ]
    );
    assert!(chain(4).is_empty());
}

#[test]
fn a_search_that_stops_says_so() {
    let mut model = seam()
        .system("power", System::new())
        .system("probe", System::new().needs("s0"))
        .monitor("noc", Monitor { runs_on: Some("probe".to_owned()), ..Monitor::of(["router"]) });
    for at in 0..300 {
        let next = if at == 299 { "power".to_owned() } else { format!("s{}", at + 1) };
        model =
            model.system(format!("s{at}"), System::new().needs(next.clone()).needs(Need::any([next, "router".into()])));
    }
    let few = CheckOptions { steps: 10, ..CheckOptions::default() };
    let found = model.build().unwrap().check(&few);
    let notes: Vec<String> = found.iter().filter(|f| f.severity == Severity::Note).map(told).collect();
    assert_eq!(
        notes,
        [
            ": the step limit left 1 monitors unexamined; allow the check more steps to see them all",
            ": the step limit left 299 redundant needs not fully examined; allow the check more steps to see them all",
        ]
    );
    let hub = found.iter().find(|f| f.code == Code::OwnerlessHub && f.path == "systems.power").unwrap();
    assert!(hub.message.contains("at least"), "{}", hub.message);
}

#[test]
fn a_monitor_must_not_fall_with_what_it_watches() {
    let model = || {
        Model::new("")
            .system("power", System::new())
            .system("router", System::new().needs("power"))
            .system("spare", System::new())
            .system("server", System::new().needs("router"))
            .system("robust", System::new().needs(Need::any(["router", "spare"])))
    };
    let run = |runs_on: &str, watches: &[&str]| {
        let monitor = Monitor { runs_on: Some(runs_on.to_owned()), ..Monitor::of(watches.iter().copied()) };
        of(model().monitor("noc", monitor), Code::BlindMonitor)
    };
    assert_eq!(
        run("router", &["router"]),
        ["monitors.noc.runs_on: `noc` runs on `router`, which it watches: if that fails, no report comes"]
    );
    assert_eq!(
        run("server", &["power", "router", "spare"]),
        [
            "monitors.noc.runs_on: `noc` runs on `server`, which fails with `power` and `router` that it watches: no report \
         comes then"
        ]
    );
    assert!(run("robust", &["router", "spare", "power"]).is_empty(), "redundancy protects it");
    assert!(run("spare", &["router", "power"]).is_empty());
}

#[test]
fn redundancy_that_shares_a_need_is_none() {
    let pair = |model: Model| of(model, Code::SharedNeed);
    let base = || {
        Model::new("")
            .system("power", System::new())
            .system("router", System::new().needs("power"))
            .system("a", System::new().needs("router"))
            .system("b", System::new().needs("router"))
            .system("c", System::new())
    };
    assert_eq!(
        pair(base().system("auth", System::new().needs(Need::any(["a", "b"])))),
        ["systems.auth.needs[0]: `auth` needs one of 2, but both fail with `router`"]
    );
    assert!(pair(base().system("auth", System::new().needs(Need::any(["a", "c"])))).is_empty());
    assert_eq!(
        pair(base().system("auth", System::new().needs(Need::at_least(2, ["a", "b", "c"])))),
        ["systems.auth.needs[0]: `auth` needs 2 of 3, but 2 of them fail with `router`"]
    );
    // One member behind the other.
    assert_eq!(
        pair(base().system("auth", System::new().needs(Need::any(["a", "router"])))),
        ["systems.auth.needs[0]: `auth` needs one of 2, but both fail with `router`"]
    );
    // Common causes, on systems and on interfaces.
    let struck = |strikes: [&str; 2]| {
        pair(
            base()
                .system("d", System::new())
                .system("auth", System::new().needs(Need::any(["c", "d"])))
                .common_cause("firmware", CommonCause::new(Fault::new("software", 1e-4), strikes)),
        )
    };
    let firmware = "systems.auth.needs[0]: `auth` needs one of 2, but both fail with the common cause `firmware`";
    assert_eq!(struck(["c", "d"]), [firmware]);
    assert_eq!(struck(["auth -> c", "d"]), [firmware]);
    assert!(struck(["c", "a"]).is_empty());
    // A failure that does not couple takes nothing down.
    let deaf = Interface { propagates: Some(0.0), ..Interface::default() };
    assert!(
        pair(base().system("auth", System::new().needs(Need::any(["a", "b"]))).interface("a", "router", deaf))
            .is_empty()
    );
}

#[test]
fn sharing_is_a_least_fixpoint_through_other_redundancy() {
    // The lower pair shares `x`, so the upper members do too; the pair that shares nothing protects.
    let model = |lower: [&str; 2]| {
        Model::new("")
            .system("x", System::new())
            .system("y", System::new())
            .system("p", System::new().needs("x"))
            .system("q", System::new().needs("x"))
            .system("m", System::new().needs(Need::any(lower)))
            .system("n", System::new().needs(Need::any(lower)))
            .system("top", System::new().needs(Need::any([Need::any(["m", "m"]), "n".into()])))
    };
    let found = of(model(["p", "q"]), Code::SharedNeed);
    assert!(found.contains(&"systems.m.needs[0]: `m` needs one of 2, but both fail with `x`".to_owned()), "{found:?}");
    assert!(
        found.contains(&"systems.top.needs[0]: `top` needs one of 2, but both fail with `x`".to_owned()),
        "{found:?}"
    );
    let found = of(model(["p", "y"]), Code::SharedNeed);
    assert_eq!(found, ["systems.top.needs[0].any[0]: `top` needs one of 2, but both fail with `m`"]);
    // Around a loop nothing fails without a cause outside of it.
    let ring = Model::new("")
        .system("a", System::new().needs(Need::any(["b", "z"])))
        .system("b", System::new().needs(Need::any(["a", "z"])))
        .system("z", System::new());
    assert!(of(ring, Code::SharedNeed).is_empty());
}

#[test]
fn causes_need_a_duty_and_monitors_a_sense() {
    let model = seam()
        .system(
            "db",
            System::new().fault("tide", Fault::new("weather", 1e-3)).fault("wind", Fault::new("weather", 1e-3)),
        )
        .monitor("contrary", Monitor { detects: Some(0.1), false_alarms: Some(0.2), ..Monitor::of(["db"]) });
    assert_eq!(
        of(model.clone(), Code::UnknownCause),
        [
            "systems.db.faults.tide.cause: no duty answers for the cause `weather` of 2 faults (`db.tide` and `db.wind`); \
         say which: `answers: { weather: [maintain] }`"
        ]
    );
    assert!(of(model.clone(), Code::Gap).is_empty(), "said once is enough");
    assert_eq!(
        of(model, Code::ContraryMonitor),
        [
            "monitors.contrary.false_alarms: `contrary` reports a working system as failed (false_alarms: 0.2) more often \
         than a failed one (detects: 0.1)"
        ]
    );
}

#[test]
fn what_never_works_and_what_never_fails_is_told() {
    let coupling = |propagates: f64| Interface { propagates: Some(propagates), ..Interface::default() };
    let model = Model::new("Fates")
        .system("a", System::new().fault("gone", Fault::new("hardware", 1.0)))
        .system("b", System::new().fault("disk", Fault::new("hardware", 0.1)))
        .system("pair", System::new().faultless().needs(Need::any(["a", "b"])))
        .system("both", System::new().faultless().needs(Need::any(["a", "portal"])))
        .system("portal", System::new().needs("a"))
        .system("perhaps", System::new().needs("a"))
        .interface("perhaps", "a", coupling(0.5))
        .system("sealed", System::new().faultless().needs("b"))
        .interface("sealed", "b", coupling(0.0))
        // Each needs the other, and nothing begins it.
        .system("hen", System::new().faultless().needs("egg"))
        .system("egg", System::new().faultless().needs("hen"));
    assert_eq!(
        of(model.clone(), Code::NeverWorks),
        ["systems.a: each of `a`, `both` and `portal` can never work, for the fault `a.gone` of probability 1"]
    );
    assert_eq!(
        of(model, Code::NeverFails),
        ["systems.egg: each of `egg`, `hen` and `sealed` can never fail: no fault that can be present reaches it"]
    );
    assert!(of(seam(), Code::NeverWorks).is_empty() && of(seam(), Code::NeverFails).is_empty());
}

#[test]
fn findings_of_a_file_get_their_places() {
    let contracts = "format: onus/1\ncontractors: { netco: {} }\ncontracts:\n  old: { contractor: netco, term: { to: \
                     2022-12-31 }, duties: [{ duty: operate, of: [router] }] }\n";
    let topology = "format: onus/1\nsystems:\n  router: {}\n  auth: { needs: [{ at_least: 1, of: [a, b] }] }\n  a: { \
                    needs: [router] }\n  b: { needs: [router] }\n";
    let [contracts, topology] = [("contracts.yaml", contracts), ("model.yaml", topology)]
        .map(|(name, text)| Source::from_text(name, text, Limits::default()).unwrap());
    let model = onus_model::Model::from_source(&topology).unwrap().with_structure_source(&contracts).unwrap();
    let mut found = model.check(&on("2023-11-17"));
    contracts.locate(&mut found);
    topology.locate(&mut found);
    let places: Vec<(Code, String)> = found
        .iter()
        .map(|finding| {
            let location = finding.location.as_ref().unwrap();
            (finding.code, format!("{}:{}:{}", location.source.name, location.line, location.column))
        })
        .collect();
    assert_eq!(
        places,
        [
            (Code::Gap, "contracts.yaml:3:1".to_owned()),
            (Code::LapsedContract, "contracts.yaml:4:29".to_owned()),
            (Code::Unwatched, "model.yaml:2:1".to_owned()),
            (Code::SharedNeed, "model.yaml:4:19".to_owned()),
        ]
    );
}

#[test]
fn the_scenarios_place_all_their_findings() {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/scenarios");
    for entry in std::fs::read_dir(scenarios).unwrap() {
        let path = entry.unwrap().path().join("model.yaml");
        if !path.exists() {
            continue;
        }
        let source = Source::from_file(&path, Limits::default()).unwrap();
        let mut found = onus_model::Model::from_source(&source).unwrap().check(&on("2023-11-17"));
        source.locate(&mut found);
        for finding in found.iter().filter(|finding| finding.severity == Severity::Warning) {
            let path_exists =
                finding.location.is_some() || finding.path == "contracts" || finding.path == "defaults.cause";
            assert!(path_exists, "{}: {finding}", path.display());
        }
    }
}

#[test]
fn a_long_chain_is_checked_without_recursion() {
    let length = 100_000;
    let mut model = two_parties().contract("network", Contract::held_by("netco").duty(DutyKind::Operate, ["s*7"]));
    for at in 0..length {
        let mut system = System::new();
        if at > 0 {
            system = system.needs(format!("s{}", at - 1));
        }
        if at % 1000 == 999 {
            system = system.needs(Need::any([format!("s{}", at - 1), format!("s{}", at - 2)]));
        }
        model = model.system(format!("s{at}"), system);
    }
    let model = model.monitor("noc", Monitor { runs_on: Some(format!("s{}", length - 1)), ..Monitor::of(["s0"]) });
    let found = model.build().unwrap().check(&CheckOptions::default());
    assert!(found.iter().any(|finding| finding.code == Code::BlindMonitor || finding.severity == Severity::Note));
}
