//! Every step, and all together, against enumeration: random networks with cycles, at-least-k gates, inputs listed twice,
//! events that are nobody's fault, and requirements of both signs.

use onus_model::FaultIndex;
use proptest::prelude::*;

use super::{ALL_STEPS, Reduction, Step, reduce_by};
use crate::encode::encode;
use crate::network::{Gate, Network, Requirement, Term};
use crate::reduce::Fate;
use crate::shares::{Question, Scratch, pivots};

const SAME: f64 = 1e-12;

/// What a network means.
#[derive(Debug)]
struct Meaning {
    total: f64,
    /// Joint probability of each event with the requirements.
    joint: Vec<f64>,
    /// By event: Shapley value summed over the failures, in expectation, and the requirements hold.
    share: Vec<f64>,
}

fn fixpoint(network: &Network, world: usize) -> Vec<bool> {
    let mut holds: Vec<bool> = (0..network.len()).map(|e| e < network.events() && world & (1 << e) != 0).collect();
    loop {
        let mut next = holds.clone();
        for (at, gate) in network.gates.iter().enumerate() {
            let on = gate.inputs.iter().filter(|input| holds[input.index()]).count();
            next[network.events() + at] = on >= gate.threshold as usize;
        }
        if next == holds {
            return holds;
        }
        holds = next;
    }
}

fn enumerate(network: &Network) -> Meaning {
    let events = network.events();
    let worlds: Vec<Vec<bool>> = (0..1 << events).map(|world| fixpoint(network, world)).collect();
    let faults: usize = (0..events).filter(|e| network.fault[*e].is_some()).map(|e| 1 << e).sum();
    let mut meaning = Meaning { total: 0.0, joint: vec![0.0; events], share: vec![0.0; events] };
    for (world, holds) in worlds.iter().enumerate() {
        if network.requirements.iter().any(|required| holds[required.term.index()] != required.holds) {
            continue;
        }
        let weight: f64 = (0..events)
            .map(|e| if world & (1 << e) != 0 { network.probability[e] } else { 1.0 - network.probability[e] })
            .product();
        if weight == 0.0 {
            continue;
        }
        meaning.total += weight;
        for e in (0..events).filter(|e| world & (1 << e) != 0) {
            meaning.joint[e] += weight;
        }
        // Shapley values over the active faults; what is nobody's fault stays.
        let active = world & faults;
        let order = active.count_ones();
        let value = |kept: usize| {
            let holds = &worlds[world & !faults | kept];
            network.failures.iter().filter(|failure| holds[failure.index()]).count() as f64
        };
        let mut kept = active;
        loop {
            let here = value(kept);
            let size = kept.count_ones();
            let factorial = |n: u32| (1..=n).map(f64::from).product::<f64>();
            for e in (0..events).filter(|e| kept & (1 << e) != 0) {
                let coefficient = factorial(size - 1) * factorial(order - size) / factorial(order);
                meaning.share[e] += weight * coefficient * (here - value(kept & !(1 << e)));
            }
            if kept == 0 {
                break;
            }
            kept = (kept - 1) & active;
        }
    }
    meaning
}

/// The same from what a reduction left.
fn solve(reduction: &Reduction, network: &Network) -> Meaning {
    let events = network.events();
    let mut meaning = Meaning { total: 0.0, joint: vec![0.0; events], share: vec![0.0; events] };
    if reduction.impossible {
        return meaning;
    }
    let mut posterior: Vec<f64> = (0..events)
        .map(|e| match reduction.fate[e] {
            Fate::Open => network.probability[e],
            Fate::Present => 1.0,
            Fate::Absent => 0.0,
        })
        .collect();
    let mut ln_total = reduction.ln_settled;
    let mut scratch = Scratch::new(&reduction.forest);
    for part in &reduction.parts {
        let encoded = encode(&part.network, 1_000_000).unwrap();
        let diagram = encoded.diagram(encoded.evidence);
        let marginals = diagram.marginals(&encoded.probability);
        ln_total += marginals.total.ln();
        if marginals.total == 0.0 {
            return Meaning { total: 0.0, joint: vec![0.0; events], share: vec![0.0; events] };
        }
        let stands_for: Vec<u32> = encoded.event.iter().map(|event| part.stands_for[event.index()]).collect();
        let roots: Vec<(u32, f64)> =
            stands_for.iter().zip(&marginals.joint).map(|(root, joint)| (*root, joint / marginals.total)).collect();
        reduction.forest.split(&roots, |leaf, p| posterior[leaf] = p);
        let question = Question {
            manager: &encoded.manager,
            evidence: encoded.evidence,
            failures: &encoded.failures,
            probability: &encoded.probability,
            stands_for: &stands_for,
            forest: &reduction.forest,
        };
        let share = &mut meaning.share;
        pivots(&question, 1_000_000, &mut scratch, |leaf, pivot| share[leaf] += pivot / marginals.total).unwrap();
    }
    meaning.total = ln_total.exp();
    meaning.joint = posterior.iter().map(|p| p * meaning.total).collect();
    for share in &mut meaning.share {
        *share *= meaning.total;
    }
    meaning
}

fn check(network: &Network, steps: &[Step]) {
    let expected = enumerate(network);
    let found = solve(&reduce_by(network.clone(), steps), network);
    let same = |a: f64, b: f64| (a - b).abs() <= SAME;
    assert!(same(found.total, expected.total), "total {} for {}", found.total, expected.total);
    if expected.total == 0.0 {
        return;
    }
    for e in 0..network.events() {
        assert!(same(found.joint[e], expected.joint[e]), "event {e}: {found:?} for {expected:?}");
        assert!(same(found.share[e], expected.share[e]), "share of {e}: {found:?} for {expected:?}");
    }
}

/// A network with up to 9 events and 9 gates. ORs are frequent, so that much can be reduced.
fn networks() -> impl Strategy<Value = Network> {
    let event = (0_u8..12, prop::bool::weighted(0.75));
    let gate = (0_u8..8, prop::collection::vec(any::<prop::sample::Index>(), 0..5));
    let required = (any::<prop::sample::Index>(), prop::bool::weighted(0.6));
    (
        prop::collection::vec(event, 1..10),
        prop::collection::vec(gate, 1..10),
        prop::collection::vec(required, 0..4),
        prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        prop::bool::weighted(0.5),
    )
        .prop_map(|(events, gates, required, failures, acyclic)| {
            let mut network = Network::default();
            for (at, (p, fault)) in events.iter().enumerate() {
                network.probability.push(match p {
                    0 => 0.0,
                    1 => 1.0,
                    p => f64::from(*p) / 13.0,
                });
                network.fault.push(fault.then(|| FaultIndex::new(at)));
            }
            let all = events.len() + gates.len();
            for (at, (kind, inputs)) in gates.iter().enumerate() {
                let bound = if acyclic { events.len() + at } else { all };
                let inputs: Vec<Term> = inputs.iter().map(|index| Term(index.index(bound) as u32)).collect();
                let threshold = match kind {
                    0..4 => 1,
                    4..7 => inputs.len().max(1) as u32,
                    _ => 2,
                };
                network.gates.push(Gate { threshold, inputs });
            }
            for (at, (index, holds)) in required.iter().enumerate() {
                network.requirements.push(Requirement { item: at, term: Term(index.index(all) as u32), holds: *holds });
            }
            for index in failures {
                let term = Term((events.len() + index.index(gates.len())) as u32);
                if !network.failures.contains(&term) {
                    network.failures.push(term);
                }
            }
            network
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn taking_apart_alone_changes_nothing(network in networks()) {
        check(&network, &[]);
    }

    #[test]
    fn settling_changes_nothing(network in networks()) {
        check(&network, &[Step::Settle]);
    }

    #[test]
    fn contracting_changes_nothing(network in networks()) {
        check(&network, &[Step::Contract]);
    }

    #[test]
    fn merging_loops_changes_nothing(network in networks()) {
        check(&network, &[Step::MergeLoops]);
    }

    #[test]
    fn coalescing_changes_nothing(network in networks()) {
        check(&network, &[Step::Coalesce]);
    }

    #[test]
    fn sharing_changes_nothing(network in networks()) {
        check(&network, &[Step::Share]);
    }

    #[test]
    fn folding_companions_changes_nothing(network in networks()) {
        check(&network, &[Step::FoldCompanions]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reducing_changes_nothing(network in networks()) {
        check(&network, ALL_STEPS);
    }
}
