//! Large random estates for measurements: layers, redundant pairs, mutual dependencies, locality.

use onus_model::FaultIndex;

use crate::network::{Gate, Network, Requirement, Term};
use crate::random::Random;

fn below(random: &mut Random, bound: usize) -> usize {
    (random.next() % bound as u64) as usize
}

/// `systems` systems in `layers` layers; each needs 2 to 4 things of the layer below, near its own place; a share
/// `redundant` of the needs is met by either of two. 2 % of the systems depend on one of their consumers. The first of the
/// top layer failed, five others near it work. `window`: how far needs reach.
pub(crate) fn layered(systems: usize, layers: usize, redundant: f64, window: usize, seed: u64) -> Network {
    let mut random = Random(seed);
    let width = systems / layers;
    let systems = width * layers;
    let mut network = Network::default();
    for _ in 0..systems {
        network.probability.push(10f64.powf(-4.0 + 2.0 * random.unit()));
        network.fault.push(Some(FaultIndex::new(network.fault.len())));
    }
    let mut needs: Vec<Vec<Term>> = vec![Vec::new(); systems];
    let gate = |system: usize| Term((systems + system) as u32);
    let mut pairs: Vec<Gate> = Vec::new();
    for system in width..systems {
        let (layer, place) = (system / width, system % width);
        let mut near = || {
            let at = (place + width + below(&mut random, 2 * window + 1) - window) % width;
            (layer - 1) * width + at
        };
        let picks: Vec<(usize, usize)> = (0..4).map(|_| (near(), near())).collect();
        for (a, b) in picks.into_iter().take(2 + below(&mut random, 3)) {
            if random.unit() < redundant {
                pairs.push(Gate { threshold: 2, inputs: vec![gate(a), gate(b)] });
                needs[system].push(Term((2 * systems + pairs.len() - 1) as u32));
            } else {
                needs[system].push(gate(a));
            }
            if random.unit() < 0.02 {
                needs[a].push(gate(system));
            }
        }
    }
    for (system, needs) in needs.into_iter().enumerate() {
        let inputs = std::iter::once(Term(system as u32)).chain(needs).collect();
        network.gates.push(Gate { threshold: 1, inputs });
    }
    network.gates.extend(pairs);
    let top = systems - width;
    network.requirements.push(Requirement { item: 0, term: gate(top + width / 2), holds: true });
    for healthy in 1..=5 {
        let term = gate(top + (width / 2 + 7 * healthy * window) % width);
        network.requirements.push(Requirement { item: healthy, term, holds: false });
    }
    network.failures.push(gate(top + width / 2));
    network
}
