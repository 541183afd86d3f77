//! Small cases with figures worked out by hand, one idea each.

use onus_model::document::{
    CommonCause, Contract, Contractor, Evidence as Item, Fault, Incident, Interface, Liability, Model, Monitor, Need,
    System,
};
use onus_model::{DutyKind, Time};
use onus_rca::{Attribution, By, DiagnoseOptions, Diagnosis, Evidence, FaultGraph, Kind, MethodChoice, View, timeline};

use crate::random::minute;

fn at(time: usize) -> Time {
    minute(time)
}

fn system(p: f64) -> System {
    System::new().fault("f", Fault::new("hardware", p))
}

fn reports(detects: f64, false_alarms: f64) -> Monitor {
    Monitor { detects: Some(detects), false_alarms: Some(false_alarms), ..Monitor::of(["*"]) }
}

fn incident(items: impl IntoIterator<Item = Item>) -> Incident {
    items.into_iter().fold(Incident::new("known"), Incident::item)
}

fn diagnose(model: &Model, items: impl IntoIterator<Item = Item>) -> Diagnosis {
    let model = model.clone().build().expect("a valid model");
    let incident = incident(items).build(&model).expect("a valid incident");
    FaultGraph::compile(&model).diagnose(&Evidence::of(&incident), &DiagnoseOptions::default())
}

fn posterior(diagnosis: &Diagnosis, fault: &str) -> f64 {
    diagnosis.faults.iter().find(|f| f.id.as_str() == fault).expect("a fault of the model").posterior.lo
}

fn share(diagnosis: &Diagnosis, fault: &str) -> f64 {
    diagnosis.faults.iter().find(|f| f.id.as_str() == fault).expect("a fault of the model").share.lo
}

#[track_caller]
fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-12, "{found}, expected {expected}");
}

/// `portal` needs `router`.
fn two() -> Model {
    Model::new("two").system("router", system(0.1)).system("portal", system(0.2).needs("router"))
}

#[test]
fn reports_that_cancel_out_group_nothing() {
    let two = System::new().fault("f", Fault::new("hardware", 0.1)).fault("g", Fault::new("software", 0.5));
    let model = Model::new("known").system("a", two).monitor("ping", reports(0.99, 0.01));
    let items = [Item::failed("e0", at(0), "a").via("ping"), Item::working("e1", at(2), "a").via("ping")];
    assert!(
        diagnose(&model, items).ambiguity_groups.is_empty(),
        "the two reports together say nothing of either fault"
    );
}

#[test]
fn failure_runs_from_the_provider_to_the_consumer_and_not_back() {
    let model = two().build().unwrap();
    let graph = FaultGraph::compile(&model);
    let fails = |fault: &str| {
        let fault = model.topology().fault(fault).unwrap();
        graph.propagate(&[fault]).failed.iter().map(|f| f.system.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(fails("router.f"), ["router", "portal"]);
    assert_eq!(fails("portal.f"), ["portal"]);
    let origins = |system: &str| {
        let system = model.topology().system(system).unwrap();
        graph.possible_origins(system).iter().map(|o| (o.fault.to_string(), o.alone)).collect::<Vec<_>>()
    };
    assert_eq!(origins("router"), [("router.f".to_owned(), true)]);
    assert_eq!(origins("portal"), [("portal.f".to_owned(), true), ("router.f".to_owned(), true)]);
    // A working consumer shows that its provider works; a failed one does not show that it failed.
    let works = diagnose(&two(), [Item::working("a", at(0), "portal")]);
    near(posterior(&works, "router.f"), 0.0);
    let failed = diagnose(&two(), [Item::failed("a", at(0), "router"), Item::working("b", at(0), "portal")]);
    assert_eq!(failed.conflict.unwrap().items.iter().map(ToString::to_string).collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn two_possible_causes_share_by_shapley() {
    let found = diagnose(&two(), [Item::failed("a", at(0), "portal")]);
    // P(E) = 1 − 0.9 · 0.8 = 0.28; both active with 0.02, each then pivotal in half of the orders.
    near(found.evidence_probability.lo, 0.28);
    near(posterior(&found, "router.f"), 0.1 / 0.28);
    near(posterior(&found, "portal.f"), 0.2 / 0.28);
    near(share(&found, "router.f"), (0.08 + 0.01) / 0.28);
    near(share(&found, "portal.f"), (0.18 + 0.01) / 0.28);
    near(found.unexplained.lo, 0.0);
    let sets: Vec<(Vec<String>, usize, f64)> = found
        .diagnoses
        .iter()
        .map(|d| (d.faults.iter().map(ToString::to_string).collect(), d.rank, d.probability.lo * 0.28))
        .collect();
    assert_eq!(sets[0].0, ["portal.f"]);
    assert_eq!(sets[1].0, ["router.f"]);
    assert_eq!(sets[2].0, ["portal.f", "router.f"]);
    near(sets[0].2, 0.18);
    near(sets[1].2, 0.08);
    near(sets[2].2, 0.02);
    assert_eq!(sets.iter().map(|s| s.1).collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn a_lone_cause_has_the_whole_share() {
    let found = diagnose(&two(), [Item::failed("a", at(0), "router")]);
    near(share(&found, "router.f"), 1.0);
    near(posterior(&found, "router.f"), 1.0);
    // Coincidental: it explains nothing that was seen, whatever its probability.
    near(share(&found, "portal.f"), 0.0);
    near(posterior(&found, "portal.f"), 0.2);
}

#[test]
fn a_redundant_pair_shares_by_halves() {
    let model = Model::new("pair")
        .system("a", system(0.1))
        .system("b", system(0.3))
        .system("portal", system(0.0).needs(Need::any(["a", "b"])));
    let found = diagnose(&model, [Item::failed("seen", at(0), "portal")]);
    near(found.evidence_probability.lo, 0.03);
    near(share(&found, "a.f"), 0.5);
    near(share(&found, "b.f"), 0.5);
    assert_eq!(found.diagnoses.len(), 1);
}

#[test]
fn two_of_three_fails_with_two() {
    let model = Model::new("two of three")
        .system("a", system(0.1))
        .system("b", system(0.1))
        .system("c", system(0.1))
        .system("portal", system(0.0).needs(Need::at_least(2, ["a", "b", "c"])));
    let found = diagnose(&model, [Item::failed("seen", at(0), "portal")]);
    // At least two of three fail: 3 · 0.1² · 0.9 + 0.1³.
    near(found.evidence_probability.lo, 0.028);
    near(posterior(&found, "a.f"), (2.0 * 0.009 + 0.001) / 0.028);
    for fault in ["a.f", "b.f", "c.f"] {
        near(share(&found, fault), 1.0 / 3.0);
    }
    assert_eq!(found.diagnoses.iter().map(|d| d.rank).collect::<Vec<_>>(), [1, 1, 1, 4]);
    assert_eq!(found.ambiguity_groups.len(), 1);
    assert_eq!(found.ambiguity_groups[0].len(), 3);
}

#[test]
fn a_provider_listed_twice_counts_twice() {
    // At least two of [a, a, b]: lost with a alone, but not with b alone.
    let model = Model::new("twice")
        .system("a", system(0.1))
        .system("b", system(0.1))
        .system("portal", system(0.0).needs(Need::at_least(2, ["a", "a", "b"])));
    let found = diagnose(&model, [Item::failed("seen", at(0), "portal")]);
    near(found.evidence_probability.lo, 0.1);
    near(share(&found, "a.f"), 1.0);
}

#[test]
fn a_cycle_does_not_fail_by_itself() {
    let model = Model::new("cycle")
        .system("a", system(0.1).needs("b"))
        .system("b", system(0.2).needs("a"))
        .system("c", System::new().fault("f", Fault::new("hardware", 0.0)).needs("c"));
    let found = diagnose(&model, [Item::failed("seen", at(0), "a")]);
    near(found.evidence_probability.lo, 0.28);
    near(posterior(&found, "b.f"), 0.2 / 0.28);
    let conflict = diagnose(&model, [Item::failed("seen", at(0), "c")]).conflict.expect("nothing makes c fail");
    assert!(conflict.smallest);
    // Both work, and the same fixpoint says so: neither fails without a cause outside.
    near(diagnose(&model, [Item::working("seen", at(0), "a")]).evidence_probability.lo, 0.72);
}

#[test]
fn an_uncertain_coupling_is_nobodys_fault() {
    let model = two().interface("portal", "router", Interface { propagates: Some(0.9), ..Interface::default() });
    let found = diagnose(&model, [Item::failed("a", at(0), "portal")]);
    // P(E) = 1 − 0.8 · (1 − 0.1 · 0.9).
    let p = 1.0 - 0.8 * 0.91;
    near(found.evidence_probability.lo, p);
    near(posterior(&found, "router.f"), 0.1 * (1.0 - 0.8 * 0.1) / p);
    // Coupled: alone, or in halves with the portal's own. Not coupled: nothing.
    near(share(&found, "router.f"), (0.1 * 0.9 * 0.8 + 0.1 * 0.9 * 0.2 / 2.0) / p);
    near(share(&found, "router.f") + share(&found, "portal.f"), 1.0);
    // The provider failed and the consumer did not: it did not couple.
    let other = diagnose(&model, [Item::failed("a", at(0), "router"), Item::working("b", at(0), "portal")]);
    near(other.evidence_probability.lo, 0.1 * 0.1 * 0.8);
}

#[test]
fn a_fault_of_the_interface_reaches_its_consumer_only() {
    let mut interface = Interface::default();
    interface.faults.insert("token".to_owned(), Fault::new("interface", 0.5));
    let model = two().interface("portal", "router", interface);
    let found = diagnose(&model, [Item::failed("a", at(0), "portal"), Item::working("b", at(0), "router")]);
    near(found.evidence_probability.lo, 0.9 * (1.0 - 0.8 * 0.5));
    near(posterior(&found, "portal -> router.token"), 0.5 / 0.6);
    near(posterior(&found, "router.f"), 0.0);
}

#[test]
fn a_false_alarm_is_unexplained() {
    let model = Model::new("alarm").system("router", system(0.1)).monitor("noc", reports(0.9, 0.2));
    let found = diagnose(&model, [Item::failed("a", at(0), "router").via("noc")]);
    // 0.1 · 0.9 + 0.9 · 0.2 = 0.27.
    near(found.evidence_probability.lo, 0.27);
    near(posterior(&found, "router.f"), 0.09 / 0.27);
    near(share(&found, "router.f"), 0.09 / 0.27);
    near(found.unexplained.lo, 0.18 / 0.27);
    // Two readings are independent given the state.
    let twice = [Item::failed("a", at(0), "router").via("noc"), Item::working("b", at(1), "router").via("noc")];
    near(diagnose(&model, twice).evidence_probability.lo, 0.1 * 0.9 * 0.1 + 0.9 * 0.2 * 0.8);
}

#[test]
fn a_monitor_that_says_the_opposite_is_as_good() {
    // Detects 0.1, cries wolf 0.8: "failed" speaks for working.
    let model = Model::new("opposite").system("router", system(0.5)).monitor("noc", reports(0.1, 0.8));
    let found = diagnose(&model, [Item::failed("a", at(0), "router").via("noc")]);
    near(posterior(&found, "router.f"), 0.05 / 0.45);
    let test = Item { reliability: Some(0.3), ..Item::test("t", at(0), "router.f", true) };
    near(posterior(&diagnose(&model, [test]), "router.f"), 0.3);
    let blind = Model::new("blind").system("router", system(0.5)).monitor("noc", reports(0.4, 0.4));
    near(posterior(&diagnose(&blind, [Item::failed("a", at(0), "router").via("noc")]), "router.f"), 0.5);
}

#[test]
fn a_dead_monitor_reports_nothing() {
    // The monitor runs on what it watches fail: a report shows that its host works.
    let monitor = Monitor { runs_on: Some("host".to_owned()), ..reports(0.9, 0.1) };
    let model = Model::new("dead")
        .system("host", system(0.5))
        .system("router", system(0.5).needs("host"))
        .monitor("noc", monitor);
    let found = diagnose(&model, [Item::failed("a", at(0), "router").via("noc")]);
    near(posterior(&found, "host.f"), 0.0);
    // Host works (0.5); then 0.5 · 0.9 + 0.5 · 0.1.
    near(found.evidence_probability.lo, 0.5 * 0.5);
    let both = [Item::failed("a", at(0), "router").via("noc"), Item::failed("b", at(0), "host")];
    assert!(diagnose(&model, both).conflict.is_some());
}

#[test]
fn what_still_fails_after_a_repair_was_not_it_alone() {
    let items = [
        Item::failed("before", at(0), "portal"),
        Item::repaired("swap", at(1), "router"),
        Item::failed("after", at(2), "portal"),
    ];
    let found = diagnose(&two(), items.clone());
    // The portal's own fault is certain; the router's is as probable as before, and explains half of one of the two failures.
    near(posterior(&found, "portal.f"), 1.0);
    near(posterior(&found, "router.f"), 0.1);
    near(share(&found, "router.f"), 0.1 * 0.5 / 2.0);
    // The repair may have failed.
    let [before, swap, after] = items.clone();
    let doubtful = diagnose(&two(), [before, Item { effectiveness: Some(0.75), ..swap }, after]);
    near(doubtful.evidence_probability.lo, 0.2 + 0.8 * 0.1 * 0.25);
    near(posterior(&doubtful, "router.f"), (0.02 + 0.1 * 0.8 * 0.25) / 0.22);
    // It worked after the repair: then it was the router, and what was repaired stays a cause of the first failure.
    let [before, swap, _] = items;
    let works = diagnose(&two(), [before, swap, Item::working("after", at(2), "portal")]);
    near(posterior(&works, "router.f"), 1.0);
    near(share(&works, "router.f"), 1.0);
}

#[test]
fn an_observation_at_the_time_of_a_repair_sees_it() {
    let items = [Item::repaired("swap", at(1), "router.f"), Item::failed("after", at(1), "router")];
    assert!(diagnose(&two(), items).conflict.is_some());
}

#[test]
fn a_common_cause_repaired_at_one_element_is_gone_there_only() {
    let model = Model::new("common")
        .system("a", system(0.0))
        .system("b", system(0.0))
        .common_cause("firmware", CommonCause::new(Fault::new("software", 0.1), ["a", "b"]));
    let at_one = [Item::repaired("r", at(0), "a"), Item::working("w", at(1), "a"), Item::failed("f", at(1), "b")];
    near(diagnose(&model, at_one).evidence_probability.lo, 0.1);
    let everywhere =
        [Item::repaired("r", at(0), "firmware"), Item::working("w", at(1), "a"), Item::failed("f", at(1), "b")];
    assert!(diagnose(&model, everywhere).conflict.is_some());
    // A test asks whether it is still active anywhere.
    let test = [Item::repaired("r", at(0), "a"), Item::test("t", at(1), "firmware", true)];
    near(diagnose(&model, test).evidence_probability.lo, 0.1);
}

#[test]
fn a_change_multiplies_the_odds() {
    // Odds 1/9 become 20/9, and with two changes 400/9.
    let failed = || Item::failed("f", at(2), "router");
    let noise = || Item::working("w", at(2), "portal");
    let model = || Model::new("change").system("router", system(0.1)).system("portal", system(0.2));
    let change = Item::changed("c", at(1), "portal", 20.0);
    let p = 0.2 * 20.0 / (0.2 * 20.0 + 0.8);
    near(diagnose(&model(), [failed(), noise(), change.clone()]).evidence_probability.lo, 0.1 * (1.0 - p));
    let found = diagnose(&model(), [failed(), change.clone()]);
    near(posterior(&found, "portal.f"), p);
    // Of another cause, or after every failure that was seen: nothing.
    let other = Item { causes: Some(vec!["software".to_owned()]), ..change.clone() };
    near(posterior(&diagnose(&model(), [failed(), other]), "portal.f"), 0.2);
    let late = Item { at: at(3), ..change.clone() };
    near(posterior(&diagnose(&model(), [failed(), late.clone()]), "portal.f"), 0.2);
    near(posterior(&diagnose(&model(), [failed(), late, Item::failed("g", at(3), "router")]), "portal.f"), p);
    near(posterior(&diagnose(&model(), [change]), "portal.f"), p);
}

#[test]
fn nothing_seen_leaves_the_priors() {
    let found = diagnose(&two(), []);
    near(found.evidence_probability.lo, 1.0);
    near(posterior(&found, "router.f"), 0.1);
    near(found.unexplained.lo, 1.0);
}

#[test]
fn the_repair_of_an_interface_without_faults_parts_no_failures() {
    let items = [
        Item::failed("a", at(0), "router"),
        Item::failed("b", at(0), "portal"),
        Item::repaired("r", at(1), "portal -> router"),
        Item::failed("c", at(2), "router"),
    ];
    // Two failures want explaining: of each system one. Were the router's counted twice, it would weigh more.
    let found = diagnose(&two(), items);
    near(share(&found, "router.f"), 0.5 + 0.5 * (0.8 + 0.2 * 0.5));
}

#[test]
fn an_interval_counts_the_worlds_of_a_set_in_all_leaves() {
    // One leaf is surely a failure with the router's fault alone fixed; the portal's is left open in it, and worlds with
    // both belong to the set of both.
    let model = Model::new("sets")
        .system("router", system(0.5))
        .system("portal", system(0.5).needs("router"))
        .interface("portal", "router", Interface { propagates: Some(0.5), ..Interface::default() })
        .build()
        .unwrap();
    let incident = incident([Item::failed("a", at(0), "portal")]).build(&model).unwrap();
    let graph = FaultGraph::compile(&model);
    let options = DiagnoseOptions { method: MethodChoice::Interval, ..DiagnoseOptions::default() };
    let found = graph.diagnose(&Evidence::of(&incident), &options);
    let both = found.diagnoses.iter().find(|d| d.faults.len() == 2).expect("both are a diagnosis");
    assert!(both.probability.contains(0.25 / 0.625, 1e-12), "{:?}", both.probability);
}

#[test]
fn an_interval_that_ends_with_nothing_left_says_what_conflicts() {
    let model = two().build().unwrap();
    let items = [
        Item::failed("other", at(0), "portal"),
        Item::failed("a", at(0), "router"),
        Item::working("b", at(0), "portal"),
    ];
    let incident = incident(items).build(&model).unwrap();
    let options = DiagnoseOptions { method: MethodChoice::Interval, ..DiagnoseOptions::default() };
    let found = FaultGraph::compile(&model).diagnose(&Evidence::of(&incident), &options);
    let conflict = found.conflict.expect("a system that failed and worked at once");
    assert_eq!(conflict.items.len(), 2);
    assert!(conflict.items.iter().any(|item| item.as_str() == "b"));
}

/// Two contractors, an uninsured seam, clauses.
fn contracts() -> Model {
    let mut model = two()
        .contractor("agency", Contractor::named("The agency").role("buyer"))
        .contractor("netco", Contractor::named("Network"))
        .contractor("subco", Contractor::named("Below"))
        .contractor("appco", Contractor::named("Application"))
        .contract("network", Contract::held_by("netco").duty(DutyKind::Operate, ["router"]))
        .contract("sub", Contract::held_by("subco").under("network").duty(DutyKind::Maintain, ["router"]))
        .contract("application", Contract::held_by("appco").duty(DutyKind::Maintain, ["portal"]));
    model.contracts.get_mut("sub").unwrap().liability = Liability {
        excludes: vec!["hardware".to_owned()],
        cap: Some("5e8 KRW".parse().unwrap()),
        indemnified_by: None,
    };
    model.contracts.get_mut("application").unwrap().liability =
        Liability { cap: Some("1e6 EUR".parse().unwrap()), ..Liability::default() };
    let mut interface = Interface::default();
    interface.faults.insert("token".to_owned(), Fault::new("interface", 0.1));
    model.interface("portal", "router", interface)
}

#[test]
fn liability_moves_up_the_chain_and_a_seam_is_disputed() {
    let model = contracts().build().unwrap();
    let incident = incident([Item::failed("a", at(0), "portal")]).build(&model).unwrap();
    let found = FaultGraph::compile(&model).diagnose(&Evidence::of(&incident), &DiagnoseOptions::default());
    let of = |by: By| Attribution::of(&model, &found, by, incident.day());
    let rows = of(By::Contractor).rows;
    let row = |who: &str| rows.iter().find(|row| row.who == who).unwrap_or_else(|| panic!("{who} has no row"));
    near(row("subco").causal.lo, share(&found, "router.f"));
    near(row("subco").liable.lo, 0.0);
    near(row("netco").liable.lo, share(&found, "router.f"));
    near(row("netco").causal.lo, 0.0);
    near(row("netco").control.lo, share(&found, "router.f"));
    assert_eq!(row("appco | netco").kind, Kind::Disputed);
    near(row("appco | netco").causal.lo, share(&found, "portal -> router.token"));
    assert_eq!(row("appco").caps, ["1e6 EUR (application)"]);
    assert!(row("netco").caps.is_empty(), "the cap is the subcontract's");
    let primes = of(By::Prime).rows;
    assert!(primes.iter().any(|row| row.who == "netco" && (row.causal.lo - share(&found, "router.f")).abs() < 1e-12));
    let contracts = of(By::Contract).rows;
    assert!(contracts.iter().any(|row| row.who == "sub" && row.liable.hi == 0.0 && row.causal.lo > 0.0));
    assert!(contracts.iter().any(|row| row.who == "network" && row.liable.lo > 0.0));
}

#[test]
fn a_timeline_shows_what_was_believed_before_a_correction() {
    let model = two().build().unwrap();
    let early = Item { known: Some(at(3)), ..Item::failed("first", at(0), "router") };
    let mut late = Item { known: Some(at(5)), ..Item::failed("second", at(0), "portal") };
    late.supersedes.push("first".to_owned());
    // The public hears of the first report two minutes after those who made it.
    let mut public = early.clone();
    public.seen_by = Some(onus_model::document::SeenBy::Times([("public".to_owned(), at(4))].into()));
    for (first, view, expected) in [(early, View::Pooled, [3, 5]), (public, View::Public, [4, 5])] {
        let mut late = late.clone();
        late.seen_by = Some(onus_model::document::SeenBy::Parties(vec!["public".to_owned()]));
        let incident = incident([first, late]).build(&model).unwrap();
        let graph = FaultGraph::compile(&model);
        let moments = timeline(&model, &graph, &incident, view, By::Contractor, &DiagnoseOptions::default());
        let times: Vec<Time> = moments.iter().map(|moment| moment.time).collect();
        assert_eq!(times, expected.map(at), "{view:?}");
        assert_eq!(moments[0].learned[0].as_str(), "first");
        assert_eq!(moments[1].learned[0].as_str(), "second");
        near(moments[0].diagnosis.faults.iter().find(|f| f.id.as_str() == "router.f").unwrap().posterior.lo, 1.0);
    }
}

#[test]
fn pooled_knows_what_a_party_knew_before_the_item_was_filed() {
    let model = two().contractor("netco", Contractor::default()).build().unwrap();
    let mut item = Item { known: Some(at(9)), ..Item::failed("a", at(0), "router") };
    item.seen_by = Some(onus_model::document::SeenBy::Times([("netco".to_owned(), at(2))].into()));
    let incident = incident([item]).build(&model).unwrap();
    let pooled = View::Pooled.evidence(&model, &incident, Some(at(2)));
    assert_eq!(pooled.items().len(), 1);
    assert_eq!(Evidence::of(&incident).items()[0].known, at(2));
}

#[test]
fn only_to_integrate_an_interface_is_about_its_ends() {
    let model = |duty: DutyKind| {
        two()
            .contractor("agency", Contractor::default())
            .contractor("netco", Contractor::default())
            .contract("c", Contract::held_by("netco").duty(duty, ["portal -> router"]).reports_to(["agency"]))
            .build()
            .unwrap()
    };
    for (duty, told) in [(DutyKind::Integrate, 1), (DutyKind::Build, 0)] {
        let model = model(duty);
        let item = Item::failed("a", at(0), "router").seen_by(["netco"]);
        let incident = incident([item]).build(&model).unwrap();
        let agency = View::named(&model, "agency").unwrap();
        assert_eq!(agency.evidence(&model, &incident, None).items().len(), told, "{duty:?}");
    }
}

#[test]
fn a_path_runs_through_what_was_repaired_and_fails_by_what_it_needs() {
    let items = [Item::repaired("r", at(0), "portal"), Item::failed("a", at(1), "portal")];
    let found = diagnose(&two(), items);
    let paths = &found.diagnoses[0].paths;
    assert_eq!(paths.len(), 1);
    assert_eq!((paths[0].fault.as_str(), paths[0].through.join(" > ")), ("router.f", "router > portal".to_owned()));
}
