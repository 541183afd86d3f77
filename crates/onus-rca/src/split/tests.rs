//! What the split leaves out and shares, against the plain way: every channel of every world, one by one.

use std::collections::BTreeMap;

use onus_model::document::Interface;
use onus_model::generate::{Family, Generator, Options};
use onus_model::{FaultIndex, Model, Probability};
use proptest::collection::vec;
use proptest::prelude::*;

use super::SplitOptions;
use super::channels::{Drawn, FaultDictionary, above};
use super::draws::drawn;
use super::grouped::Grouped;
use super::physics::Physics;
use super::rows::Rows;
use super::sampled::{Asked, Beliefs, Seen, Wants, viewers};
use super::tally::Read;
use super::worlds::World;
use crate::doubt::bits;
use crate::fault_graph::FaultGraph;

const SAME: f64 = 1e-9;
const NEGLIGIBLE: f64 = 0.01;

/// What is drawn of an estate: its size, its seed, and for each monitor how it errs and where it runs.
type Drawing = (u32, u64, bool, Vec<(usize, usize, Option<u32>)>);

fn drawing() -> impl Strategy<Value = Drawing> {
    let monitor = (0..5_usize, 0..5_usize, proptest::option::of(0..30_u32));
    (4..30_u32, 0..1_000_u64, any::<bool>(), vec(monitor, 3))
}

/// A generated estate of three contractors whose monitors err as drawn; where `is_coupled`, some interfaces couple at random.
fn estate((systems, seed, is_coupled, monitors): &Drawing, rates: [&[f64]; 2]) -> Model {
    let family = [Family::Layered, Family::PowerLaw, Family::Cyclic, Family::Contract][*seed as usize % 4];
    let redundancy = Probability::new(0.4).expect("a probability");
    let options = Options { family, systems: *systems, contractors: 3, redundancy, seed: *seed, ..Options::default() };
    let mut document = Generator::new(&options).document();
    let ids: Vec<String> = document.systems.keys().cloned().collect();
    for (monitor, (detects, false_alarms, host)) in document.monitors.values_mut().zip(monitors) {
        monitor.detects = Some(rates[0][detects % rates[0].len()]);
        monitor.false_alarms = Some(rates[1][false_alarms % rates[1].len()]);
        monitor.runs_on = host.map(|host| ids[host as usize % ids.len()].clone());
    }
    if *is_coupled {
        for interface in document.clone().build().expect("a valid estate").interfaces().iter().step_by(3) {
            let couples = Interface { propagates: Some(0.7), ..Interface::default() };
            document.interfaces.insert(interface.id.to_string(), couples);
        }
    }
    document.build().expect("a valid estate")
}

/// The probability of an alarm, by its definition.
fn alarm(physics: &Physics<'_>, channel: u32, world: &World) -> f64 {
    let has_failed = |system| world.failed.contains(&system);
    match physics.host(channel) {
        Some(host) if has_failed(host) => 0.0,
        _ if has_failed(physics.channels[channel as usize].system) => physics.detects(channel),
        _ => physics.idle[channel as usize],
    }
}

/// The posterior over faults given what some channels read, all worlds with the same services looked at.
fn posterior(
    physics: &Physics<'_>,
    worlds: &[World],
    (origin, alarms): (&World, &[u32]),
    channels: &[u32],
) -> BTreeMap<FaultIndex, f64> {
    let mut masses: BTreeMap<FaultIndex, f64> = BTreeMap::new();
    for world in worlds.iter().filter(|world| world.public == origin.public) {
        let likelihood: f64 = channels
            .iter()
            .map(|channel| {
                let p = alarm(physics, *channel, world);
                if alarms.contains(channel) { p } else { 1.0 - p }
            })
            .product();
        for (fault, share) in &world.shares {
            *masses.entry(*fault).or_default() += world.weight * likelihood * share;
        }
    }
    let all: f64 = masses.values().sum();
    for mass in masses.values_mut() {
        *mass /= all;
    }
    masses
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn posteriors_of_drawn_incidents_are_those_of_the_plain_way(
        drawing in drawing(), seen in vec(any::<u64>(), 3), parties in 1..4_u32,
    ) {
        let model = estate(&drawing, [&[0.9, 0.5, 1.0, 0.99, 0.0], &[0.1, 0.0, 0.6, 0.01, 1.0]]);
        let graph = FaultGraph::compile(&model);
        let options = SplitOptions { reading_budget: 0, samples: 20, seed: drawing.1, ..SplitOptions::default() };
        let dictionary = FaultDictionary::of(&graph, &options);
        // Where nothing is uncertain nothing is drawn.
        let Drawn::Some(draws) = &dictionary.incidents else { return Ok(()) };
        let physics = Physics::of(graph.topology());
        let worlds = &dictionary.worlds[..dictionary.affecting];
        let incidents = drawn(worlds, &physics, &options);
        prop_assert_eq!(draws.rivals.iter().map(|rivals| rivals.incidents.len()).sum::<usize>(), incidents.len());
        // Some see everything, some a part, some nothing.
        let all: Vec<u32> = (0..physics.channels.len() as u32).collect();
        let part = |word: &u64| all.iter().copied().filter(|channel| word >> (channel % 64) & 1 == 1).collect();
        let views: Vec<Vec<u32>> = [all.clone(), Vec::new()].into_iter().chain(seen.iter().map(part)).collect();
        let views: Vec<&[u32]> = views.iter().map(Vec::as_slice).collect();
        let mut answers = Rows::new();
        for world in worlds {
            let mut row: BTreeMap<u32, f64> = BTreeMap::new();
            for (fault, share) in &world.shares {
                *row.entry(fault.index() as u32 % parties).or_default() += share;
            }
            answers.push(row);
        }
        let (by_channel, mut beliefs) = (viewers(&views, all.len()), Beliefs::default());
        for (number, rivals) in draws.rivals.iter().enumerate() {
            let (seen, asked) = (Seen::of(rivals, &by_channel, views.len()), Asked::of(rivals, &answers));
            for (view, channels) in views.iter().enumerate() {
                let sight = (&seen, view, *channels);
                let faults = beliefs.faults((number, rivals), worlds, sight);
                let wants = (Wants::Posteriors, NEGLIGIBLE);
                let answers = beliefs.answers((number, rivals, &asked), worlds, sight, wants);
                for (at, incident) in rivals.incidents.iter().map(|at| &incidents[*at as usize]).enumerate() {
                    let origin = (&worlds[incident.world as usize], incident.alarms.as_slice());
                    let plain = posterior(&physics, worlds, origin, channels);
                    let doubt = bits(plain.values().copied());
                    prop_assert!((faults[at] - doubt).abs() < SAME, "{} {}", faults[at], doubt);
                    let mut of_party: BTreeMap<u32, f64> = BTreeMap::new();
                    for (fault, q) in plain {
                        *of_party.entry(fault.index() as u32 % parties).or_default() += q;
                    }
                    let plain: Vec<(u32, f64)> = of_party.into_iter().collect();
                    let read = Read::of(&plain, NEGLIGIBLE);
                    let own = answers.reads[at];
                    for (a, b) in [(own.bits, read.bits), (own.accuracy, read.accuracy), (own.guesses, read.guesses)] {
                        prop_assert!((a - b).abs() < SAME, "{:?} {:?}", own, read);
                    }
                    if plain.iter().all(|(_, q)| (q - NEGLIGIBLE).abs() > SAME) {
                        prop_assert_eq!(own.left, read.left);
                        let alone = own.alone.map(|(place, _)| asked.outcomes[place as usize]);
                        prop_assert_eq!(alone, read.alone.map(|(outcome, _)| outcome));
                    }
                    for (place, q) in answers.posteriors.row(at) {
                        let outcome = asked.outcomes[*place as usize];
                        let plain = plain.iter().find(|(other, _)| *other == outcome).map_or(0.0, |entry| entry.1);
                        prop_assert!((q - plain).abs() < SAME, "{} {}", q, plain);
                    }
                }
            }
        }
    }

    #[test]
    fn worlds_have_the_same_column_just_if_they_read_alike(drawing in drawing(), words in vec(any::<u64>(), 4)) {
        let drawing = (drawing.0, drawing.1, false, drawing.3);
        let model = estate(&drawing, [&[1.0, 1.0, 0.0], &[0.0, 0.0, 1.0]]);
        let graph = FaultGraph::compile(&model);
        let physics = Physics::of(graph.topology());
        let dictionary = FaultDictionary::of(&graph, &SplitOptions::default());
        let worlds = &dictionary.worlds;
        let mut grouped = Grouped::of(&graph, &physics, worlds);
        let affecting = &worlds[..dictionary.affecting];
        let all: Vec<u32> = (0..physics.channels.len() as u32).collect();
        let part = |word: &u64| all.iter().copied().filter(|channel| word >> (channel % 64) & 1 == 1).collect();
        let views: Vec<Vec<u32>> = [all.clone(), Vec::new()].into_iter().chain(words.iter().map(part)).collect();
        let views: Vec<&[u32]> = views.iter().map(Vec::as_slice).collect();
        let mut columns = Vec::new();
        grouped.columns(&views, |view, column| columns.push((view, column.to_vec())));
        prop_assert!(columns.iter().map(|(view, _)| *view).eq(0..views.len()));
        for ((_, column), channels) in columns.iter().zip(&views) {
            let readings: Vec<Vec<bool>> = affecting
                .iter()
                .map(|world| channels.iter().map(|channel| alarm(&physics, *channel, world) >= 1.0).collect())
                .collect();
            for a in 0..affecting.len() {
                for b in 0..a {
                    prop_assert_eq!(column[a] == column[b], readings[a] == readings[b]);
                }
            }
        }
        // With room for nothing every view has a pass of its own.
        grouped.room = 0;
        let mut again = Vec::new();
        grouped.columns(&views, |view, column| again.push((view, column.to_vec())));
        prop_assert_eq!(columns, again);
        prop_assert_eq!(&dictionary.reported, &grouped.reported(&physics));
        let failing = grouped.failing(worlds);
        for (a, b) in failing.iter().zip(dictionary.failing(failing.len())) {
            prop_assert!((a - b).abs() < SAME);
        }
    }

    #[test]
    fn readings_above_a_cutoff_are_counted(rates in vec(0.01..0.99_f64, 0..10), cutoff in prop_oneof![Just(0.0), 1e-6..0.5]) {
        let mut all = vec![1.0];
        for p in &rates {
            all = all.into_iter().flat_map(|q| [q * p, q * (1.0 - p)]).collect();
        }
        prop_assume!(all.iter().all(|q| (q - cutoff).abs() > 1e-12));
        let kept: Vec<f64> = all.into_iter().filter(|q| *q > cutoff).collect();
        let uncertain: Vec<(u32, f64)> = (0..).zip(rates).collect();
        let (count, probability) = above(cutoff, &uncertain, usize::MAX);
        prop_assert_eq!(count, kept.len());
        prop_assert!((probability - kept.iter().sum::<f64>()).abs() < SAME);
        prop_assert_eq!(above(cutoff, &uncertain, 3).0, count.min(4));
    }
}
