//! The two files that the design shows, read as they stand there.

use onus_model::document::{Contract, Contractor, DutyKind};
use onus_model::{
    Answer, Date, Element, FaultRole, Holder, Incident, Model, Need, Party, SeenBy, State, Statement, Target,
};

pub(crate) const MODEL: &str = r#"format: onus/1
title: Two sites, one authentication service
contractors:
  agency:  { name: The agency, role: buyer }
  netco:   { name: Network contractor, group: netco-holding }
  appco:   { name: Application contractor }
contracts:
  network-2023:
    contractor: netco                       # or  consortium: { netco: 70, subco: 30 }
    under: null                             # parent contract: the subcontract chain
    term: { from: 2023-01-01, to: 2023-12-31 }
    duties:
      - { duty: maintain, of: [router, "kind:switch"] }
      - { duty: operate, of: [router] }
    reports_to: [agency]
    responds_in: 4h
  application-2022:
    contractor: appco
    duties:
      - { duty: build, of: [portal] }
      - { duty: integrate, of: ["portal -> auth"] }
systems:
  router:  { kind: network, faults: { port-module: { cause: hardware, probability: 5e-4 } }, needs: [power] }
  switch-a: { kind: switch, needs: [router] }
  switch-b: { kind: switch, needs: [router] }
  auth:    { needs: [{ any: [switch-a, switch-b] }], faults: { certificate: { cause: configuration, probability: 1e-3 } } }
  portal:  { needs: [auth], demand: { users: 530000 } }
  power:   { faults: { outage: { cause: hardware, probability: 1e-4 } } }
interfaces:
  "portal -> auth": { kind: api, propagates: 0.9, faults: { token-format: { cause: interface, probability: 2e-4 } } }
common_causes:
  switch-firmware: { strikes: [switch-a, switch-b], cause: software, probability: 1e-4, latent: true }
monitors:
  noc: { watches: [router, "kind:switch"], runs_on: null, detects: 0.99, false_alarms: 0.001, seen_by: [netco] }
"#;

pub(crate) const INCIDENT: &str = r"format: onus-incident/1
title: Morning of the outage
evidence:
  - { id: alarm,  at: 2023-11-17T01:42:00+09:00, failed: router, via: noc,
      seen_by: { netco: 2023-11-17T01:42:00+09:00, public: 2025-09-29T00:00:00+09:00 } }
  - { id: logins, at: 2023-11-17T08:40:00+09:00, failed: portal, seen_by: [public] }
  - { id: swap,   at: 2023-11-18T04:00:00+09:00, repaired: switch-a }
  - { id: still,  at: 2023-11-18T09:00:00+09:00, failed: portal, seen_by: [public] }
  - { id: patch,  at: 2023-11-16T22:00:00+09:00, changed: auth, causes: [software, configuration], odds: 20 }
  - { id: bench,  at: 2023-11-19T10:00:00+09:00, test: router.port-module, present: true, reliability: 0.99, supersedes: [swap] }
truth: { origin: [router.port-module] }      # optional: for evaluation only, never read by a query
";

fn model() -> Model {
    let model = Model::from_text("model.yaml", MODEL).unwrap();
    model.verify();
    model
}

fn day() -> Date {
    "2023-11-17".parse().unwrap()
}

#[test]
fn the_model_is_what_the_file_says() {
    let model = model();
    let topology = model.topology();
    assert_eq!(model.title(), "Two sites, one authentication service");
    assert_eq!(model.description(), None);
    assert_eq!([model.systems().len(), model.interfaces().len(), model.monitors().len()], [6, 6, 1]);
    assert_eq!([model.contractors().len(), model.contracts().len()], [3, 2]);
    let ids: Vec<&str> = model.faults().iter().map(|fault| fault.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "auth.certificate",
            "portal -> auth.token-format",
            "portal.fault",
            "power.outage",
            "router.port-module",
            "switch-a.fault",
            "switch-b.fault",
            "switch-firmware",
        ]
    );
    let firmware = &model.faults()[topology.fault("switch-firmware").unwrap().index()];
    assert_eq!((firmware.role, firmware.elements.len(), firmware.is_default), (FaultRole::Latent, 2, false));
    let portal = topology.system("portal").unwrap();
    assert_eq!(topology.service_systems(), [portal]);
    let auth = &model.systems()[topology.system("auth").unwrap().index()];
    assert!(matches!(&auth.needs[0], Need::AtLeast { k: 1, of } if of.len() == 2));
    let interface = topology.interface("portal->auth").unwrap();
    assert!((model.interfaces()[interface.index()].propagates.get() - 0.9).abs() < 1e-12);
    assert_eq!(topology.interface("auth -> portal"), None);
    assert_eq!(topology.element_id(Element::Interface(interface)), "portal -> auth");
    assert_eq!(
        topology.target_id(Target::Fault(topology.fault("portal  ->  auth.token-format").unwrap())),
        "portal -> auth.token-format"
    );
    assert_eq!(topology.target_id(Target::Element(Element::System(portal))), "portal");
}

#[test]
fn contracts_answer_on_the_day_they_are_in_force() {
    let model = model();
    let [network, application] = ["network-2023", "application-2022"].map(|id| model.contract(id).unwrap());
    let fault = |id: &str| model.topology().fault(id).unwrap();
    let on_the_day = model.responsibility(Some(day()));
    assert_eq!(on_the_day.answer(fault("router.port-module")), Answer::Assigned(network));
    assert_eq!(on_the_day.answer(fault("portal -> auth.token-format")), Answer::Assigned(application));
    assert_eq!(on_the_day.answer(fault("power.outage")), Answer::Unassigned);
    let later = model.responsibility(Some("2024-06-01".parse().unwrap()));
    assert_eq!(later.answer(fault("router.port-module")), Answer::Unassigned);
    assert_eq!(model.responsibility(None).answer(fault("router.port-module")), Answer::Assigned(network));
    let [netco, appco] = ["netco", "appco"].map(|id| model.contractor(id).unwrap());
    let [router, portal, auth] = ["router", "portal", "auth"].map(|id| model.topology().system(id).unwrap());
    assert_eq!((on_the_day.owners(router), on_the_day.owners(auth)), (vec![netco], vec![]));
    assert_eq!(on_the_day.ownership(portal), [application]);
    assert!(on_the_day.holds(netco, DutyKind::Operate, Element::System(router)));
    assert!(!on_the_day.holds(appco, DutyKind::Operate, Element::System(router)));
    assert!(on_the_day.sees(netco, Element::System(router)) && !on_the_day.sees(appco, Element::System(router)));
    assert!(on_the_day.sees(appco, Element::System(auth)), "who integrates an interface sees both of its ends");
    assert_eq!(model.structure().buyer(), model.contractor("agency"));
    assert_eq!(model.contracts()[network.index()].holder, Holder::Sole(netco));
    assert!(model.structure().viewers(model.topology().monitor("noc").unwrap()).contractors == [netco]);
    assert_eq!(model.contractor("nobody"), None);
}

#[test]
fn the_incident_is_what_the_file_says() {
    let model = model();
    let incident = Incident::from_text("incident.yaml", INCIDENT, &model).unwrap();
    incident.verify(&model);
    assert_eq!(incident.title(), "Morning of the outage");
    assert_eq!(incident.description(), None);
    assert_eq!(incident.day(), Some(day()));
    let item = |id: &str| &incident.evidence()[incident.item(id).unwrap().index()];
    assert!(matches!(item("alarm").statement, Statement::Observation { state: State::Failed, via: Some(_), .. }));
    assert!(matches!(&item("alarm").seen_by, Some(SeenBy::Times(times)) if times.len() == 2));
    assert_eq!(item("alarm").base(), item("alarm").at);
    assert!(matches!(&item("logins").seen_by, Some(SeenBy::Parties(parties)) if parties == &[Party::Public]));
    assert_eq!(item("bench").supersedes, [incident.item("swap").unwrap()]);
    assert!(matches!(&item("patch").statement, Statement::Change { causes: Some(causes), .. } if causes.len() == 2));
    assert_eq!(incident.truth(), [model.topology().fault("router.port-module").unwrap()]);
    assert_eq!(incident.item("nothing"), None);
}

#[test]
fn graphs_point_from_the_dependent_to_what_it_depends_on() {
    let model = model();
    let graph = model.graph();
    for edge in graph.raw_edges() {
        let interface = &model.interfaces()[edge.weight.index()];
        let ends = [edge.source(), edge.target()].map(|node| graph[node]);
        assert_eq!(ends, [interface.consumer, interface.provider]);
    }
    assert_eq!(graph.edge_count(), model.interfaces().len());
    let split = onus_model::document::Structure {
        format: "onus/1".to_owned(),
        contractors: [(
            "sysco".to_owned(),
            Contractor::named("System contractor").group("netco-holding").role("prime"),
        )]
        .into(),
        contracts: [
            ("a".to_owned(), Contract::held_by("appco").duty(DutyKind::Operate, ["portal", "auth"])),
            (
                "n".to_owned(),
                Contract::held_by("netco")
                    .duty(DutyKind::Operate, ["kind:switch", "r*"])
                    .under("s")
                    .reports_to(["sysco"]),
            ),
            (
                "s".to_owned(),
                Contract::consortium([("sysco", 60.0), ("netco", 40.0)]).duty(DutyKind::Operate, ["router"]),
            ),
        ]
        .into(),
        ..onus_model::document::Structure::default()
    };
    let split = model.with_structure(split).unwrap();
    split.verify();
    assert_eq!(split.topology(), model.topology(), "another structure leaves the topology alone");
    let seams = split.seams(None);
    assert_eq!(seams.len(), 2, "auth needs two switches of netco");
    let contractors = split.contracts_graph(None);
    assert_eq!((contractors.node_count(), contractors.edge_count()), (4, 1));
    assert_eq!(contractors.edge_weights().next().unwrap().len(), 2);
    let port = split.topology().fault("router.port-module").unwrap();
    assert_eq!(split.responsibility(None).answer(port), Answer::Unassigned, "nobody maintains it now");
    let router = split.topology().system("router").unwrap();
    let subcontract = split.contract("n").unwrap();
    assert_eq!(split.responsibility(None).ownership(router), [subcontract], "the subcontract does the work");
    let [(netco, share), _] = split.contracts()[split.contract("s").unwrap().index()].holders()[..] else { panic!() };
    assert_eq!((Some(netco), share), (split.contractor("netco"), 0.4));
}

#[test]
fn a_structure_from_a_file_is_checked_like_the_models_own() {
    let text = "format: onus/1\ntitle: One contract\ncontracts:\n  all: { contractor: netko, duties: [{ duty: operate, of: [\"*\"] }] }\n";
    let told = model().with_structure_text("contracts.yaml", text).unwrap_err().to_string();
    assert_eq!(told, "contracts.yaml:4:22: error[ONUS-E0020]: there is no contractor `netko`; did you mean `netco`?");
    let one = model().with_structure_text("contracts.yaml", &text.replace("netko", "netco")).unwrap();
    one.verify();
    assert_eq!((one.title(), one.contracts().len()), ("One contract", 1));
    let missing = model().with_structure_file("no/such/file.yaml").unwrap_err();
    assert_eq!(missing.to_string(), "cannot access `no/such/file.yaml`");
    assert!(missing.diagnostics().is_empty() && std::error::Error::source(&missing).is_some());
}
