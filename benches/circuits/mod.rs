//! Large random circuits to measure the engine on, made without a model: five inputs a gate, numbers in no useful order.

use onus::rca::engine::{Circuit, Gates};

/// Inputs a gate.
const INPUTS: usize = 5;
/// Layers of [`layered`].
const LAYERS: usize = 10;

/// Splitmix64 (Steele, Lea & Flood 2014): the same circuits everywhere.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }
}

/// Ten layers; each gate takes five of the layer before, and fails with one of them (seven in ten gates) or with two.
pub(crate) fn layered(edges: usize, seed: u64) -> Gates {
    let mut random = Random(seed);
    let width = edges / INPUTS / (LAYERS - 1);
    scrambled(width * LAYERS, &mut random, |gate, random, inputs| {
        let Some(below) = (gate / width).checked_sub(1) else { return 1 };
        inputs.extend((0..INPUTS).map(|_| below * width + random.below(width)));
        if random.below(10) < 7 { 1 } else { 2 }
    })
}

/// Each gate takes five that were there before, half of the time one that others take already (preferential attachment,
/// Barabási & Albert 1999); of so many in a hundred gates one input comes later, which makes loops. Four in five gates fail with one input, the
/// rest with two.
pub(crate) fn power_law(edges: usize, back: usize, seed: u64) -> Gates {
    let mut random = Random(seed);
    let count = edges / INPUTS;
    let mut taken: Vec<usize> = Vec::with_capacity(edges);
    scrambled(count, &mut random, |gate, random, inputs| {
        if gate < INPUTS {
            return 1;
        }
        for _ in 0..INPUTS {
            let again = !taken.is_empty() && random.below(2) == 0;
            inputs.push(if again { taken[random.below(taken.len())] } else { random.below(gate) });
        }
        if random.below(100) < back {
            inputs[0] = gate + random.below(count - gate);
        }
        taken.extend(inputs.iter().filter(|input| **input < gate));
        if random.below(5) < 4 { 1 } else { 2 }
    })
}

/// Gates in a random order. `gate` fills in the inputs of one and gives its threshold.
fn scrambled(
    count: usize,
    random: &mut Random,
    mut gate: impl FnMut(usize, &mut Random, &mut Vec<usize>) -> u32,
) -> Gates {
    let mut number: Vec<u32> = (0..count as u32).collect();
    for at in (1..count).rev() {
        number.swap(at, random.below(at + 1));
    }
    let mut rows = vec![(1, 0, 0); count];
    let (mut all, mut inputs) = (Vec::new(), Vec::new());
    for at in 0..count {
        inputs.clear();
        let threshold = gate(at, random, &mut inputs);
        rows[number[at] as usize] = (threshold, all.len(), inputs.len());
        all.extend(inputs.iter().map(|input| number[*input]));
    }
    let thresholds = rows.iter().map(|(threshold, ..)| *threshold).collect();
    let mut offsets = vec![0];
    let mut ordered = Vec::with_capacity(all.len());
    for (_, begin, length) in rows {
        ordered.extend_from_slice(&all[begin..begin + length]);
        offsets.push(ordered.len() as u32);
    }
    Gates::new(thresholds, offsets, ordered).expect("the generators make gates")
}

/// The families, at a size.
pub(crate) fn families(edges: usize) -> [(&'static str, Circuit); 3] {
    [("layered", layered(edges, 1)), ("power-law", power_law(edges, 0, 1)), ("cyclic", power_law(edges, 1, 1))]
        .map(|(name, gates)| (name, Circuit::new(gates)))
}
