//! Large random estates to measure on: ten layers, redundant pairs, mutual dependencies, locality.

use onus::model::document::{self, Evidence as Item, Fault, Need, System};
use onus::{Incident, Model};

/// Layers of an estate; its tops are the systems of the first.
const LAYERS: usize = 10;
/// How far a need reaches to either side of its own place.
const REACH: usize = 3;

/// Splitmix64 (Steele, Lea & Flood 2014): the same estates everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }
}

fn name(layer: usize, place: usize) -> String {
    format!("l{layer}-{place:06}")
}

/// `systems` systems, each with one fault of probability 1e-3 and 2 to 4 needs in the layer below, near its own place; of
/// the needs so many percent are met by either of two. Two percent of the systems need one of those that need them.
pub(crate) fn layered(systems: usize, redundant: usize, seed: u64) -> Model {
    let mut random = Random(seed);
    let width = systems / LAYERS;
    let mut model = document::Model::new("layered");
    for layer in 0..LAYERS {
        for place in 0..width {
            let near = |random: &mut Random| (place + width + random.below(2 * REACH + 1) - REACH) % width;
            let mut system = System::new().fault("f", Fault::new("hardware", 1e-3));
            if layer + 1 < LAYERS {
                for _ in 0..2 + random.below(3) {
                    let [first, second] = [near(&mut random), near(&mut random)].map(|place| name(layer + 1, place));
                    let pair = random.below(100) < redundant && first != second;
                    system = if pair { system.needs(Need::any([first, second])) } else { system.needs(first) };
                }
            }
            if layer > 0 && random.below(50) == 0 {
                system = system.needs(name(layer - 1, near(&mut random)));
            }
            model.systems.insert(name(layer, place), system);
        }
    }
    model.build().expect("the generator makes valid estates")
}

/// So many tops next to each other have failed, and five far from them work.
pub(crate) fn symptoms(model: &Model, failed: usize, seed: u64) -> Incident {
    let width = model.systems().len() / LAYERS;
    let first = Random(seed).below(width);
    let at = "2024-03-01T10:00:00+01:00".parse().expect("a time");
    let failures = (0..failed).map(|n| Item::failed(format!("failed-{n}"), at, name(0, (first + 2 * n) % width)));
    let others = (0..5).map(|n| Item::working(format!("works-{n}"), at, name(0, (first + width / 2 + 5 * n) % width)));
    let incident = failures.chain(others).fold(document::Incident::new("symptoms"), document::Incident::item);
    incident.build(model).expect("the tops are systems")
}
