//! Each alternative on one small estate, and what all of them must keep on any.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::Alternative;
use crate::document::{Contract, Contractor, DutyKind, Fault, Interface, Model as Document, Monitor, System};
use crate::id::{ContractorIndex, FaultIndex};
use crate::model::{Element, Model};
use crate::responsibility::Answer;
use crate::strategies::{Bounds, model};

fn estate() -> Model {
    Document::new("Three systems")
        .contractor("buyer", Contractor::default().role("buyer"))
        .contractor("netco", Contractor::default())
        .contractor("appco", Contractor::default())
        .system("router", System { site: Some("west".to_owned()), ..System::new().kind("network") })
        .system("switch", System::new().kind("network").needs("router"))
        .system("portal", System::new().needs("switch").fault("bug", Fault::new("software", 0.1)))
        .interface("portal", "switch", Interface::default())
        .monitor("noc", Monitor::of(["router"]).seen_by(["netco"]))
        .contract("net", Contract::held_by("netco").duty(DutyKind::Maintain, ["kind:network"]).reports_to(["buyer"]))
        .contract(
            "app",
            Contract::held_by("appco").duty(DutyKind::Build, ["portal"]).duty(DutyKind::Operate, ["portal"]),
        )
        .build()
        .expect("a valid estate")
}

fn under(model: &Model, alternative: &Alternative) -> Model {
    let other = model.under(alternative).expect("no selector is asked for");
    other.verify();
    assert_eq!(other.topology(), model.topology(), "the topology is untouched");
    other
}

/// Contract, holder, and what it covers.
fn contracts(model: &Model) -> Vec<String> {
    let contracts = model.contracts().iter().map(|contract| {
        let holders: Vec<String> =
            contract.holders().iter().map(|(party, _)| model.contractors()[party.index()].id.to_string()).collect();
        let elements: BTreeSet<&str> =
            contract.duties.iter().flat_map(|d| &d.elements).map(|e| model.topology().element_id(*e)).collect();
        format!("{}: {} {}", contract.id, holders.join("+"), elements.into_iter().collect::<Vec<_>>().join(","))
    });
    contracts.collect()
}

fn parties(model: &Model) -> Vec<&str> {
    model.contractors().iter().map(|contractor| contractor.id.as_str()).collect()
}

fn index(model: &Model, id: &str) -> ContractorIndex {
    model.contractor(id).expect("the party is there")
}

#[test]
fn one_prime_takes_every_contract_and_leaves_the_buyer() {
    let prime = under(&estate(), &Alternative::OnePrime);
    assert_eq!(parties(&prime), ["buyer", "prime"]);
    assert_eq!(contracts(&prime), ["app: prime portal", "net: prime router,switch"]);
    assert_eq!(
        prime.structure().viewers(prime.topology().monitor("noc").unwrap()).contractors,
        [index(&prime, "prime")]
    );
}

#[test]
fn a_cut_by_kind_site_system_or_element_moves_duties_and_makes_none() {
    let estate = estate();
    let by_kind = contracts(&under(&estate, &Alternative::ByKind));
    assert_eq!(by_kind, ["app: no kind portal", "net: network router,switch"]);
    let by_site = contracts(&under(&estate, &Alternative::BySite));
    assert_eq!(by_site, ["app: no site portal", "net/no site: no site switch", "net/west: west router"]);
    let per_system = under(&estate, &Alternative::OnePerSystem);
    assert_eq!(
        contracts(&per_system),
        ["app: portal portal", "net/router: router router", "net/switch: switch switch"]
    );
    let refined = under(&estate, &Alternative::Refined);
    assert_eq!(parties(&refined), ["appco/portal", "buyer", "netco/router", "netco/switch"]);
    let noc = refined.topology().monitor("noc").unwrap();
    let told = [index(&refined, "netco/router"), index(&refined, "netco/switch")];
    assert_eq!(refined.structure().viewers(noc).contractors, told, "the switch stands next to the router");
}

#[test]
fn a_merge_leaves_the_first_name_and_joins_what_both_see() {
    let estate = estate();
    let merged = under(&estate, &Alternative::Merge(index(&estate, "appco"), index(&estate, "netco")));
    assert_eq!(parties(&merged), ["appco", "buyer"]);
    let router = Element::System(merged.topology().system("router").unwrap());
    assert!(merged.responsibility(None).sees(index(&merged, "appco"), router));
    assert_eq!(merged.structure().viewers(merged.topology().monitor("noc").unwrap()).contractors.len(), 1);
}

#[test]
fn sharing_tells_the_other_and_everybody() {
    let estate = estate();
    let [netco, appco] = ["netco", "appco"].map(|id| index(&estate, id));
    let shared = under(&estate, &Alternative::Share(netco, appco));
    assert!(shared.contracts()[1].reports_to.contains(&appco) && !shared.contracts()[0].reports_to.contains(&netco));
    assert_eq!(shared.structure().viewers(shared.topology().monitor("noc").unwrap()).contractors, [appco, netco]);
    let all = under(&estate, &Alternative::FullSharing);
    assert!(all.contracts().iter().all(|contract| contract.reports_to.len() == 3));
}

#[test]
fn an_integrator_ends_the_dispute_over_an_interface_and_stands_above_others() {
    let estate = estate();
    let seam = estate.topology().interface("portal -> switch").map(Element::Interface).unwrap();
    let lead = under(&estate, &Alternative::LeadIntegrator);
    assert_eq!(lead.responsibility(None).holding(DutyKind::Integrate, seam).len(), 1);
    let own = Alternative::Integrator("appco".to_owned(), vec!["portal -> *".to_owned()]);
    let own = under(&estate, &own);
    let both = under(&own, &Alternative::LeadIntegrator);
    let holding = both.responsibility(None).holding(DutyKind::Integrate, seam);
    assert_eq!(holding.len(), 1, "who integrates already does so under the lead");
    assert!(both.contracts()[holding[0].index()].is_held_by(index(&both, "appco")));
    let wrong = Alternative::Integrator("appco".to_owned(), vec!["router".to_owned()]);
    assert!(estate.under(&wrong).unwrap_err().to_string().contains("names no interface"));
}

#[test]
fn a_watch_gives_sight_of_one_system() {
    let estate = estate();
    let (appco, router) = (index(&estate, "appco"), estate.topology().system("router").unwrap());
    assert!(!estate.responsibility(None).sees(appco, Element::System(router)));
    let watched = under(&estate, &Alternative::Watch(appco, router));
    assert!(watched.responsibility(None).sees(appco, Element::System(router)));
}

/// Whether nobody answers for a fault.
fn is_gap(model: &Model, fault: usize) -> bool {
    model.responsibility(None).answer(FaultIndex::new(fault)) == Answer::Unassigned
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_alternative_is_a_valid_model_with_the_same_gaps(document in model(&Bounds { contracts: 6, ..Bounds::default() })) {
        let model = document.build().expect("a valid document");
        let cuts = [Alternative::OnePrime, Alternative::ByKind, Alternative::BySite, Alternative::OnePerSystem, Alternative::Refined];
        for alternative in Alternative::BUILT_IN.iter().chain(&cuts) {
            let other = under(&model, alternative);
            let again = Model::from_text("again", &other.to_text(crate::Notation::Yaml)).expect("it is written and read");
            prop_assert_eq!(&again, &other, "{:?}", alternative);
            for fault in 0..model.faults().len() {
                if *alternative != Alternative::LeadIntegrator {
                    prop_assert_eq!(is_gap(&model, fault), is_gap(&other, fault), "{:?}", alternative);
                }
            }
        }
    }

    #[test]
    fn a_refinement_sees_no_more_and_is_answered_for_likewise(document in model(&Bounds { contracts: 6, ..Bounds::default() })) {
        let model = document.build().expect("a valid document");
        let refined = under(&model, &Alternative::Refined);
        let whole = |part: &str| {
            let found = model.contractors().iter().find(|c| part == c.id.as_str() || part.starts_with(&format!("{}/", c.id)));
            found.expect("a part is named after its whole").id.to_string()
        };
        let name = |model: &Model, party: ContractorIndex| model.contractors()[party.index()].id.to_string();
        let answer = |model: &Model, fault: usize| -> BTreeSet<String> {
            let contracts = match model.responsibility(None).answer(FaultIndex::new(fault)) {
                Answer::Assigned(contract) => vec![contract],
                Answer::Disputed(contracts) => contracts,
                Answer::Unassigned => Vec::new(),
            };
            contracts.iter().flat_map(|c| model.contracts()[c.index()].holders()).map(|(p, _)| name(model, p)).collect()
        };
        for fault in 0..model.faults().len() {
            let parts: BTreeSet<String> = answer(&refined, fault).iter().map(|part| whole(part)).collect();
            prop_assert_eq!(parts, answer(&model, fault));
        }
        for (at, party) in refined.contractors().iter().enumerate() {
            let all = model.contractor(&whole(party.id.as_str())).expect("the whole is a party");
            for system in (0..model.systems().len()).map(crate::SystemIndex::new) {
                let system = Element::System(system);
                let part = refined.responsibility(None).sees(ContractorIndex::new(at), system);
                prop_assert!(!part || model.responsibility(None).sees(all, system));
            }
        }
    }
}
