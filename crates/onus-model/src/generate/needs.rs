//! What a system needs, by family.

use crate::document::Need;

use super::random::Random;
use super::{Family, Generator};

const LAYERS: u32 = 10;
/// How far a need reaches to either side of its own place in a layer.
const REACH: u32 = 3;
/// How far a need reaches back along the row.
const WINDOW: u32 = 32;
/// How many systems a loop can have at most.
const RUN: u32 = 64;
/// How many systems of an area others come in by.
const FRONT: u32 = 8;

impl Generator {
    pub(super) fn needs(&self, at: u32, random: &mut Random) -> Vec<Need> {
        match self.family {
            Family::Layered => self.layered(at, random),
            Family::PowerLaw => self.power_law(at, random),
            Family::Cyclic => {
                let mut needs = self.power_law(at, random);
                let place = at % RUN;
                let after = (RUN - 1 - place).min(self.systems - 1 - at);
                if place > 0 {
                    needs.push(Need::Provider(self.id(at - 1)));
                }
                if random.below(20) == 0 && after > 0 {
                    needs.push(Need::Provider(self.id(at + 1 + random.below(after))));
                }
                needs
            }
            Family::Contract => self.contract_needs(at, random),
        }
    }

    /// A need that `pick` meets, or where redundancy is drawn, either of two that it picks.
    fn need(&self, random: &mut Random, mut pick: impl FnMut(&mut Random) -> u32) -> Need {
        let (first, second) = (pick(random), pick(random));
        if random.unit() < self.redundancy && first != second {
            Need::any([self.id(first), self.id(second)])
        } else {
            Need::Provider(self.id(first))
        }
    }

    /// Numbers run through the layers of one place, then on to the next place: neighbours stay neighbours.
    fn layered(&self, at: u32, random: &mut Random) -> Vec<Need> {
        let layers = LAYERS.min(self.systems);
        // Where the last place has not all its layers, nobody needs it.
        let places = self.systems / layers;
        let (place, layer) = (at / layers, at % layers);
        let near = |layer: u32| {
            move |random: &mut Random| {
                let shifted =
                    u64::from(place) + u64::from(places) * u64::from(REACH) + u64::from(random.below(2 * REACH + 1));
                ((shifted - u64::from(REACH)) % u64::from(places)) as u32 * layers + layer
            }
        };
        let mut needs = Vec::new();
        if layer + 1 < layers {
            for _ in 0..2 + random.below(3) {
                needs.push(self.need(random, near(layer + 1)));
            }
        }
        if layer > 0 && random.below(50) == 0 {
            needs.push(Need::Provider(self.id(near(layer - 1)(random))));
        }
        needs
    }

    fn power_law(&self, at: u32, random: &mut Random) -> Vec<Need> {
        if at == 0 {
            return Vec::new();
        }
        let pick = |random: &mut Random| {
            if random.below(2) == 0 { at - 1 - random.below(at.min(WINDOW)) } else { ranked(at, random.unit()) }
        };
        (0..=random.below(4)).map(|_| self.need(random, pick)).collect()
    }

    fn contract_needs(&self, at: u32, random: &mut Random) -> Vec<Need> {
        let area = self.area(at);
        let before = (at - self.first(area)).min(WINDOW);
        if before == 0 && area == 0 {
            return Vec::new();
        }
        let pick = |random: &mut Random| {
            let inside = area == 0 || random.below(10) > 0;
            if inside && before > 0 {
                return at - 1 - random.below(before);
            }
            let other = random.below(area);
            let [first, end] = [other, other + 1].map(|area| self.first(area));
            end - 1 - random.below((end - first).min(FRONT))
        };
        (0..=random.below(4)).map(|_| self.need(random, pick)).collect()
    }
}

/// `at·rank³`, for a rank in `[0, 1)`; below `at`, which is not 0.
#[expect(clippy::cast_sign_loss, reason = "neither factor is negative")]
fn ranked(at: u32, rank: f64) -> u32 {
    // Rounding could take it as far as `at`.
    ((f64::from(at) * rank * rank * rank) as u32).min(at - 1)
}
