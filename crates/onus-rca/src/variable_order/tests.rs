//! Orders hold every event once, and the lengthwise one runs along what is long.

use super::*;
use crate::encode::encode;
use crate::interval::estates::layered;
use crate::network::{Gate, Requirement};
use crate::random::Random;
use crate::reduce::reduce;

fn below(random: &mut Random, bound: usize) -> usize {
    (random.next() % bound as u64) as usize
}

/// A network of anything, some of it connected with nothing.
fn network(random: &mut Random) -> Network {
    let (events, gates) = (1 + below(random, 20), 1 + below(random, 20));
    let mut network = Network { probability: vec![0.1; events], fault: vec![None; events], ..Network::default() };
    for _ in 0..gates {
        let inputs: Vec<Term> = (0..=below(random, 4)).map(|_| Term(below(random, events + gates) as u32)).collect();
        network.gates.push(Gate { threshold: 1 + below(random, inputs.len()) as u32, inputs });
    }
    let term = Term((events + below(random, gates)) as u32);
    network.requirements.push(Requirement { item: 0, term, holds: true });
    network
}

#[test]
fn every_order_holds_every_event_once() {
    let mut random = Random(3);
    for _ in 0..1000 {
        let network = network(&mut random);
        let events: Vec<Term> = (0..network.events() as u32).map(Term).collect();
        let mut orders = candidates(&network, &crate::components::components(&network));
        orders.push(lengthwise(&network));
        for mut order in orders {
            order.sort_unstable();
            assert_eq!(order, events, "{network:?}");
        }
    }
}

/// A chain of gates, each with an event of its own, numbered any way: the events come as the chain runs.
#[test]
fn a_chain_is_followed_from_end_to_end() {
    let mut random = Random(5);
    let count = 200;
    let mut number: Vec<u32> = (0..count).collect();
    for at in (1..count as usize).rev() {
        number.swap(at, below(&mut random, at + 1));
    }
    let mut network =
        Network { probability: vec![0.1; count as usize], fault: vec![None; count as usize], ..Network::default() };
    network.gates = vec![Gate { threshold: 1, inputs: Vec::new() }; count as usize];
    for at in 0..count as usize {
        let place = number[at];
        let next = number.get(at + 1).map(|next| Term(count + next));
        network.gates[place as usize].inputs = std::iter::once(Term(place)).chain(next).collect();
    }
    let order: Vec<u32> = lengthwise(&network).iter().map(|event| event.0).collect();
    let back: Vec<u32> = number.iter().rev().copied().collect();
    assert!(order == number || order == back, "{order:?}");
}

/// Estates in which most needs are redundant: none of the depth-first orders finishes with twenty million nodes.
#[test]
fn layered_estates_of_redundant_needs_fit() {
    for seed in 1..=if cfg!(debug_assertions) { 1 } else { 5 } {
        for part in reduce(layered(10_000, 10, 0.8, 2, seed)).parts {
            let encoded = encode(&part.network, 2_000_000).expect("the budget suffices");
            assert!(!encoded.failures.is_empty());
        }
    }
}
