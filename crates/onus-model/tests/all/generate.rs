//! Generated estates: valid, the same everywhere, and of the shape that their documentation promises.

use std::collections::BTreeMap;

use onus_model::generate::{Family, Generator, Options, Seams};
use onus_model::strategies::{Bounds, estate as estates};
use onus_model::{Model, Need, Probability, Record};
use proptest::prelude::*;
use proptest::sample::select;

const FAMILIES: [Family; 4] = [Family::Layered, Family::PowerLaw, Family::Cyclic, Family::Contract];

fn options() -> impl Strategy<Value = Options> {
    let shape = (select(&FAMILIES[..]), select(&[Seams::Follow, Seams::Cut][..]), 1..200_u32, 1..30_u32);
    (shape, 0..=100_u32, any::<u64>()).prop_map(|((family, seams, systems, contractors), percent, seed)| Options {
        family,
        systems,
        redundancy: Probability::new(f64::from(percent) / 100.0).unwrap(),
        contractors,
        seams,
        seed,
    })
}

fn estate(family: Family, systems: u32, redundancy: f64, seams: Seams) -> Model {
    let redundancy = Probability::new(redundancy).unwrap();
    let options = Options { family, systems, redundancy, contractors: 20, seams, seed: 1 };
    Generator::new(&options).document().build().unwrap()
}

proptest! {
    #[test]
    fn every_estate_is_valid_and_everybody_has_something_to_do(options in options()) {
        let model = Generator::new(&options).document().build().unwrap();
        model.verify();
        prop_assert_eq!(model.systems().len(), options.systems as usize);
        let contracts = options.contractors.min(options.systems) as usize;
        prop_assert_eq!(model.contracts().len(), contracts);
        prop_assert!(model.contracts().iter().all(|contract| !contract.duties[0].elements.is_empty()));
        let covered: usize = model.contracts().iter().map(|contract| contract.duties[0].elements.len()).sum();
        prop_assert_eq!(covered, options.systems as usize, "one contract for each system");
        prop_assert!(!model.topology().service_systems().is_empty());
        prop_assert!(model.interfaces().iter().all(|interface| interface.consumer != interface.provider));
    }

    #[test]
    fn records_come_in_the_order_of_a_model(options in options()) {
        let records: Vec<Record> = Generator::new(&options).records().collect();
        let document: onus_model::document::Model = records.iter().cloned().collect();
        prop_assert_eq!(document.build().unwrap().to_document().into_records().count(), records.len());
        let systems: Vec<&String> = records.iter().filter_map(|record| match record {
            Record::System(id, _) => Some(id),
            _ => None,
        }).collect();
        prop_assert!(systems.is_sorted());
    }

    #[test]
    fn the_strategy_keeps_its_bounds(document in estates(&Bounds { systems: 9, events: 7, contractors: 2, ..Bounds::default() })) {
        let model = document.build().unwrap();
        prop_assert!(model.systems().len() <= 7 && model.faults().len() <= 7 && model.contracts().len() <= 2);
    }

    #[test]
    fn the_topology_is_the_same_whatever_the_contracts_go_by(options in options()) {
        let [follow, cut] = [Seams::Follow, Seams::Cut].map(|seams| {
            Generator::new(&Options { seams, ..options.clone() }).document()
        });
        prop_assert_eq!(&follow.systems, &cut.systems);
        prop_assert_eq!(Generator::new(&options).document(), if options.seams == Seams::Cut { cut } else { follow });
    }
}

/// What is drawn is part of the contract: these lines change only with a word in the change log.
#[test]
fn the_same_options_give_the_same_bytes_everywhere() {
    let lines = |family| {
        let options = Options { family, systems: 40, contractors: 3, seed: 5, ..Options::default() };
        let mut lines = Vec::new();
        for record in
            Generator::new(&options).records().filter(|record| matches!(record, Record::System(..))).skip(21).take(1)
        {
            record.write(&mut lines).unwrap();
        }
        String::from_utf8(lines).unwrap()
    };
    let found = FAMILIES.map(lines).concat();
    let expected = include_str!("generated.ndjson");
    assert_eq!(found, expected);
}

#[test]
fn seams_follow_the_clusters_or_cut_them() {
    let seams = |family, seams| {
        let model = estate(family, 2_000, 0.3, seams);
        model.seams(None).len() as f64 / model.interfaces().len() as f64
    };
    for family in FAMILIES {
        let [follow, cut] = [Seams::Follow, Seams::Cut].map(|by| seams(family, by));
        assert!((0.9..1.0).contains(&cut), "{family:?}: 19 in 20 needs go to another trade, found {cut}");
        assert!(follow < 0.8, "{family:?}: {follow}");
    }
    let share = seams(Family::Contract, Seams::Follow);
    assert!((0.05..0.2).contains(&share), "one need in ten leaves its cluster, found {share}");
}

#[test]
fn as_many_needs_are_redundant_as_asked_for() {
    for family in FAMILIES {
        for wanted in [0.0, 0.3, 0.8, 1.0] {
            let model = estate(family, 3_000, wanted, Seams::Follow);
            let needs: Vec<&Need> = model.systems().iter().flat_map(|system| &system.needs).collect();
            let redundant = needs.iter().filter(|need| matches!(need, Need::AtLeast { .. })).count();
            let found = redundant as f64 / needs.len() as f64;
            // Two draws may meet, and needs that close a loop are never redundant.
            assert!(found <= wanted + 0.04 && found >= wanted * 0.65 - 0.04, "{family:?}: {found} of {wanted}");
        }
    }
}

#[test]
fn few_hubs_carry_a_power_law_estate() {
    let model = estate(Family::PowerLaw, 20_000, 0.0, Seams::Follow);
    let mut needed: BTreeMap<usize, usize> = BTreeMap::new();
    for interface in model.interfaces() {
        *needed.entry(interface.provider.index()).or_default() += 1;
    }
    let mut counts: Vec<usize> = needed.into_values().collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let top: usize = counts.iter().take(200).sum();
    assert!(top * 8 > model.interfaces().len(), "1 % of the systems serve an eighth of the needs");
    assert!(counts[0] > 50 * counts[counts.len() / 2]);
}

/// Systems that need each other, directly or not.
fn looped(model: &Model) -> usize {
    let graph = model.graph();
    let components = petgraph::algo::kosaraju_scc(&graph);
    components.into_iter().filter(|component| component.len() > 1).map(|component| component.len()).sum()
}

#[test]
fn loops_are_where_they_are_promised() {
    let looped = |family| looped(&estate(family, 2_000, 0.3, Seams::Follow));
    assert_eq!((looped(Family::PowerLaw), looped(Family::Contract)), (0, 0));
    assert!(looped(Family::Layered) > 0);
    assert!(looped(Family::Cyclic) > 1_000, "most are in loops");
}
