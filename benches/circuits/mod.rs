//! What the benchmarks measure on: large random circuits, made without a model, five inputs a gate, numbers in no useful
//! order; and Debian, where it lies beside the project.
//!
//! Every gate is drawn from the seed and its own number, so that a circuit needs no more memory to be made than it has.
#![allow(dead_code, reason = "every benchmark takes what it needs")]

use std::time::Duration;

use criterion::Criterion;
use onus::rca::engine::{Cascade, Circuit, Gates, Node, Way};

pub(crate) mod debian;
pub(crate) mod peer;

/// Inputs a gate.
const INPUTS: usize = 5;
/// Layers of [`layered`].
const LAYERS: usize = 10;

/// Splitmix64 (Steele, Lea & Flood 2014): the same circuits everywhere.
#[derive(Clone)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// The draws for one thing of several.
    fn of(seed: u64, stream: u64, number: usize) -> Self {
        let mut random = Self(seed);
        for part in [stream, number as u64] {
            random = Self(random.next() ^ part);
        }
        random
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

/// The largest circuit, in edges: `ONUS_BENCH_EDGES`, or 10⁶.
pub(crate) fn largest() -> usize {
    let asked = std::env::var("ONUS_BENCH_EDGES").ok();
    asked.map_or(1_000_000, |text| count(&text).expect("ONUS_BENCH_EDGES is a number from 1000 to 1e9, e.g. 1e7"))
}

/// A number of edges: `1e8` is easier to write without a mistake than all its zeros.
#[expect(clippy::cast_sign_loss, reason = "it is at least a thousand")]
pub(crate) fn count(text: &str) -> Option<usize> {
    let number: f64 = text.parse().ok()?;
    (1e3..=1e9).contains(&number).then_some(number as usize)
}

/// Powers of ten from 10⁴ edges to the largest, and to `most`.
pub(crate) fn sizes(most: usize) -> Vec<usize> {
    let most = largest().min(most);
    std::iter::successors(Some(10_000), |edges| Some(edges * 10)).take_while(|edges| *edges <= most).collect()
}

/// Ten short samples: what is compared differs by factors.
pub(crate) fn quick() -> Criterion {
    let times = Criterion::default().warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    times.sample_size(10)
}

/// Ten layers; each gate takes five of the layer before, and fails with one of them (seven in ten gates) or with two.
pub(crate) fn layered(edges: usize, seed: u64) -> Gates {
    let width = edges / INPUTS / (LAYERS - 1);
    scrambled(width * LAYERS, seed, |gate, random, inputs| {
        let Some(below) = (gate / width).checked_sub(1) else { return 1 };
        inputs.extend((0..INPUTS).map(|_| below * width + random.below(width)));
        if random.below(10) < 7 { 1 } else { 2 }
    })
}

/// Each gate takes five that were there before, half of the time one that others take already (preferential attachment,
/// Barabási & Albert 1999); of so many in a hundred gates one input comes later, which makes loops. Four in five gates fail
/// with one input, the rest with two.
pub(crate) fn power_law(edges: usize, back: usize, seed: u64) -> Gates {
    let count = edges / INPUTS;
    scrambled(count, seed, |gate, random, inputs| {
        if gate < INPUTS {
            return 1;
        }
        inputs.extend((0..INPUTS).map(|place| attached(seed, (gate - INPUTS) * INPUTS + place)));
        if random.below(100) < back {
            inputs[0] = gate + random.below(count - gate);
        }
        if random.below(5) < 4 { 1 } else { 2 }
    })
}

/// What one input of [`power_law`] takes: what is taken by others is looked up by drawing it anew (Sanders & Schulz 2016).
fn attached(seed: u64, mut slot: usize) -> usize {
    loop {
        let gate = INPUTS + slot / INPUTS;
        let mut random = Random::of(seed, 1, slot);
        if gate == INPUTS || random.below(2) == 0 {
            return random.below(gate);
        }
        slot = random.below((gate - INPUTS) * INPUTS);
    }
}

/// Gates in a random order. `gate` fills in the inputs of one and gives its threshold.
fn scrambled(count: usize, seed: u64, gate: impl Fn(usize, &mut Random, &mut Vec<usize>) -> u32) -> Gates {
    let mut random = Random::of(seed, 2, 0);
    let mut drawn: Vec<u32> = (0..count as u32).collect();
    for at in (1..count).rev() {
        drawn.swap(at, random.below(at + 1));
    }
    let mut number = vec![0; count];
    for (at, gate) in drawn.iter().enumerate() {
        number[*gate as usize] = at as u32;
    }
    let mut thresholds = Vec::with_capacity(count);
    let mut offsets = Vec::with_capacity(count + 1);
    let mut all = Vec::with_capacity(count * INPUTS);
    offsets.push(0);
    let mut inputs = Vec::new();
    for drawn in drawn {
        inputs.clear();
        thresholds.push(gate(drawn as usize, &mut Random::of(seed, 0, drawn as usize), &mut inputs));
        all.extend(inputs.iter().map(|input| number[*input]));
        offsets.push(all.len() as u32);
    }
    Gates::new(thresholds, offsets, all).expect("the generators make gates")
}

/// The families one after the other, as gates of so many edges.
pub(crate) fn drawn(edges: usize) -> impl Iterator<Item = (&'static str, Gates)> {
    (0..3).map(move |family| match family {
        0 => ("layered", layered(edges, 1)),
        1 => ("power-law", power_law(edges, 0, 1)),
        _ => ("cyclic", power_law(edges, 1, 1)),
    })
}

/// The same as circuits; at 10⁶ edges Debian too, where it is there: it has 268,000.
pub(crate) fn families(edges: usize) -> impl Iterator<Item = (&'static str, Circuit)> {
    let debian = if edges == 1_000_000 { debian::gates() } else { None };
    drawn(edges).chain(debian.map(|gates| ("Debian", gates))).map(|(name, gates)| (name, Circuit::new(gates)))
}

/// All nodes, by number.
pub(crate) fn nodes(circuit: &Circuit) -> Vec<Node> {
    (0..circuit.node_count()).map(|number| circuit.node(number)).collect()
}

/// The node that fails most, of the 64 with most outputs.
pub(crate) fn hub(circuit: &Circuit) -> Node {
    let mut cascade = Cascade::new(circuit);
    let most = by_outputs(circuit).into_iter().take(64);
    most.max_by_key(|node| (cascade.spread(&[*node], Way::Auto), *node)).expect("a circuit has nodes")
}

/// Where a cascade begins that fails at least half of all: one, two, four ... of the nodes with most outputs.
pub(crate) fn hubs(circuit: &Circuit) -> Vec<Node> {
    let nodes = by_outputs(circuit);
    let mut cascade = Cascade::new(circuit);
    let mut count = 1;
    while count < nodes.len() && cascade.spread(&nodes[..count], Way::Auto) < nodes.len() / 2 {
        count *= 2;
    }
    nodes[..count.min(nodes.len())].to_vec()
}

/// All nodes, those with most outputs first.
fn by_outputs(circuit: &Circuit) -> Vec<Node> {
    let mut nodes = nodes(circuit);
    nodes.sort_unstable_by_key(|node| std::cmp::Reverse((circuit.outputs(*node).len(), *node)));
    nodes
}

/// The delay of a gate, 1 to 100.
pub(crate) fn delay(number: usize) -> u64 {
    1 + Random(number as u64).below(100) as u64
}

/// Of an incident: what failed and what works.
pub(crate) struct Observed {
    pub(crate) failed: Vec<Node>,
    pub(crate) working: Vec<Node>,
}

/// Eight failures and eight nodes that work, of a node that fails from 100 nodes to half of all.
pub(crate) fn observed(circuit: &Circuit) -> Observed {
    let all = nodes(circuit);
    let mut cascade = Cascade::new(circuit);
    let mut random = Random(3);
    let origin = std::iter::repeat_with(|| all[random.below(all.len())])
        .take(100_000)
        .find(|node| (100..all.len() / 2).contains(&cascade.spread(&[*node], Way::Auto)))
        .expect("some node fails a hundred");
    cascade.spread(&[origin], Way::Auto);
    let mut observed = Observed { failed: Vec::new(), working: Vec::new() };
    while observed.failed.len() < 8 || observed.working.len() < 8 {
        let node = all[random.below(all.len())];
        let side = if cascade.has_failed(node) { &mut observed.failed } else { &mut observed.working };
        if side.len() < 8 && !side.contains(&node) {
            side.push(node);
        }
    }
    observed
}
