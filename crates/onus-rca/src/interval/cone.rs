//! A network laid out for being asked the same few questions a hundred thousand times.
//!
//! Only what bears on the requirements and failures is kept, gates numbered dependencies first, inputs in one array. A
//! *state* gives every term two bits: whether it holds when every free event is absent (the low world) and when every free
//! event is present (the high world). Since the network is monotone, low implies high, and whatever has the same bit in
//! both has it in every world of the state. In this form an OR gate is a bitwise OR of its inputs and an AND gate a
//! bitwise AND, and one [sweep](Cone::sweep) propagates both worlds at once; cycles are swept from *false* until nothing
//! changes, which is the least fixpoint.
//!
//! A [way out](Searcher::avoid) of some gates is a set of free events whose absence makes all of them surely false: a path
//! set in the words of reliability. It is found by walking down from the gates: an OR needs all its inputs false, an AND
//! one; gates that need each other in a circle hold each other false, since a failure needs a cause outside itself.

use std::collections::BinaryHeap;

use crate::components::components;
use crate::network::Network;

/// A term's bits: holds in neither world, in the high one only, in both.
pub(super) const FALSE: u8 = 0;
pub(super) const OPEN: u8 = 2;
pub(super) const TRUE: u8 = 3;

/// A network laid out for sweeps. Events keep their numbers, gates are renumbered.
pub(super) struct Cone {
    pub(super) events: usize,
    /// Inputs of gate `g` are `inputs[start[g]..start[g + 1]]`.
    start: Vec<u32>,
    inputs: Vec<u32>,
    threshold: Vec<u32>,
    /// Ranges of gates that depend on themselves.
    loops: Vec<(u32, u32)>,
    /// What making each event absent costs: its odds; and how many gates share it and each gate.
    cost: Vec<f64>,
    fanout: Vec<f64>,
    pub(super) positive: Vec<u32>,
    pub(super) negative: Vec<u32>,
    pub(super) failures: Vec<u32>,
}

impl Cone {
    /// O(network).
    pub(super) fn new(network: &Network) -> Self {
        let events = network.events();
        let mut wanted = vec![false; network.len()];
        let mut open: Vec<u32> = network.requirements.iter().map(|requirement| requirement.term.0).collect();
        open.extend(network.failures.iter().map(|term| term.0));
        while let Some(term) = open.pop() {
            if !std::mem::replace(&mut wanted[term as usize], true)
                && let Some(gate) = network.gates.get((term as usize).wrapping_sub(events))
            {
                open.extend(gate.inputs.iter().map(|input| input.0));
            }
        }
        let mut number: Vec<u32> = (0..network.len() as u32).collect();
        let mut order: Vec<u32> = Vec::new();
        let mut loops = Vec::new();
        for component in components(network) {
            if !wanted[component[0].index()] {
                continue;
            }
            let first = order.len() as u32;
            for term in &component {
                number[term.index()] = (events + order.len()) as u32;
                order.push(term.0);
            }
            let alone =
                component.len() == 1 && network.gate(component[0]).is_none_or(|g| !g.inputs.contains(&component[0]));
            if !alone {
                loops.push((first, order.len() as u32));
            }
        }
        let mut cone = Self {
            events,
            start: vec![0],
            inputs: Vec::new(),
            threshold: Vec::with_capacity(order.len()),
            loops,
            cost: network.probability.iter().map(|p| (p / (1.0 - p)).min(1e12)).collect(),
            fanout: vec![0.0; events + order.len()],
            positive: Vec::new(),
            negative: Vec::new(),
            failures: network.failures.iter().map(|term| number[term.index()]).collect(),
        };
        for term in order {
            let gate = &network.gates[term as usize - events];
            cone.threshold.push(gate.threshold);
            for input in &gate.inputs {
                let input = number[input.index()];
                cone.inputs.push(input);
                cone.fanout[input as usize] += 1.0;
            }
            cone.start.push(cone.inputs.len() as u32);
        }
        for requirement in &network.requirements {
            let list = if requirement.holds { &mut cone.positive } else { &mut cone.negative };
            list.push(number[requirement.term.index()]);
        }
        for list in [&mut cone.positive, &mut cone.negative] {
            list.sort_unstable();
            list.dedup();
        }
        cone
    }

    pub(super) fn gates(&self) -> usize {
        self.threshold.len()
    }

    pub(super) fn len(&self) -> usize {
        self.events + self.gates()
    }

    /// How many inputs the gates have, all together.
    pub(super) fn edges(&self) -> usize {
        self.inputs.len()
    }

    pub(super) fn threshold(&self, gate: usize) -> usize {
        self.threshold[gate] as usize
    }

    /// Ranges of gates, dependencies first, and whether the gates of one depend on each other.
    pub(super) fn parts(&self) -> Vec<(std::ops::Range<usize>, bool)> {
        let mut parts = Vec::new();
        let mut at = 0;
        for (first, end) in &self.loops {
            parts.push((at..*first as usize, false));
            parts.push((*first as usize..*end as usize, true));
            at = *end as usize;
        }
        parts.push((at..self.gates(), false));
        parts
    }

    /// Which terms some terms depend on, themselves included.
    pub(super) fn below(&self, terms: &[u32]) -> Vec<bool> {
        let mut below = vec![false; self.len()];
        let mut open = terms.to_vec();
        while let Some(term) = open.pop() {
            if !std::mem::replace(&mut below[term as usize], true)
                && let Some(gate) = (term as usize).checked_sub(self.events)
            {
                open.extend(self.inputs(gate));
            }
        }
        below
    }

    pub(super) fn inputs(&self, gate: usize) -> &[u32] {
        &self.inputs[self.start[gate] as usize..self.start[gate + 1] as usize]
    }

    /// Propagates the events of a state to its gates: the least fixpoint of both worlds. Returns how many terms it looked
    /// at.
    pub(super) fn sweep(&self, state: &mut [u8]) -> u64 {
        let mut visits = (self.gates() + self.edges()) as u64;
        let mut at = 0;
        for (first, end) in &self.loops {
            self.sweep_range(state, at, *first as usize);
            let (first, end) = (*first as usize, *end as usize);
            state[self.events + first..self.events + end].fill(FALSE);
            let inner = u64::from(self.start[end] - self.start[first]) + (end - first) as u64;
            // To and fro: the members stand almost in order, whichever way round the cycle runs.
            while self.sweep_range(state, first, end) && self.sweep_back(state, first, end) {
                visits += 2 * inner;
            }
            at = end;
        }
        self.sweep_range(state, at, self.gates());
        visits
    }

    fn sweep_range(&self, state: &mut [u8], first: usize, end: usize) -> bool {
        let mut changed = false;
        for gate in first..end {
            let now = self.evaluate(state, gate);
            changed |= std::mem::replace(&mut state[self.events + gate], now) != now;
        }
        changed
    }

    fn sweep_back(&self, state: &mut [u8], first: usize, end: usize) -> bool {
        let mut changed = false;
        for gate in (first..end).rev() {
            let now = self.evaluate(state, gate);
            changed |= std::mem::replace(&mut state[self.events + gate], now) != now;
        }
        changed
    }

    fn evaluate(&self, state: &[u8], gate: usize) -> u8 {
        let inputs = self.inputs(gate);
        let threshold = self.threshold[gate] as usize;
        if threshold == 1 {
            inputs.iter().fold(FALSE, |bits, input| bits | state[*input as usize])
        } else if threshold == inputs.len() {
            inputs.iter().fold(TRUE, |bits, input| bits & state[*input as usize])
        } else {
            let (low, high) = self.count(state, gate);
            u8::from(low >= threshold) | (u8::from(high >= threshold) << 1)
        }
    }

    /// How many inputs of a gate hold in the low and in the high world.
    fn count(&self, state: &[u8], gate: usize) -> (usize, usize) {
        self.inputs(gate).iter().fold((0, 0), |(low, high), input| {
            let bits = usize::from(state[*input as usize]);
            (low + (bits & 1), high + (bits >> 1))
        })
    }
}

/// What searches need besides the cone; reused from one to the next.
pub(super) struct Searcher {
    pub(super) visits: u64,
    cost: Vec<f64>,
    /// What a search has reached, and a list of it.
    mark: Vec<u8>,
    marked: Vec<u32>,
    open: Vec<u32>,
    choices: BinaryHeap<u32>,
    ranked: Vec<(f64, u32)>,
}

/// Marks of [`Searcher::forced`].
const MUST_HOLD: u8 = 1;
const MUST_NOT: u8 = 2;

impl Searcher {
    pub(super) fn new(cone: &Cone) -> Self {
        Self {
            visits: 0,
            cost: cone.cost.iter().copied().chain(std::iter::repeat_n(0.0, cone.gates())).collect(),
            mark: vec![0; cone.len()],
            marked: Vec::new(),
            open: Vec::new(),
            choices: BinaryHeap::new(),
            ranked: Vec::new(),
        }
    }

    fn set(&mut self, term: u32, mark: u8) -> bool {
        let slot = &mut self.mark[term as usize];
        if *slot & mark != 0 {
            return false;
        }
        if *slot == 0 {
            self.marked.push(term);
        }
        *slot |= mark;
        self.open.push(term);
        true
    }

    fn clear(&mut self) {
        for term in self.marked.drain(..) {
            self.mark[term as usize] = 0;
        }
        self.open.clear();
        self.choices.clear();
    }

    /// The free events that the requirements leave no choice: unit propagation from requirements down. `None` if they
    /// contradict each other.
    pub(super) fn forced(&mut self, cone: &Cone, state: &[u8], forced: &mut Vec<(u32, bool)>) -> Option<()> {
        let open = |term: &&u32| state[**term as usize] == OPEN;
        for term in cone.positive.iter().filter(open) {
            self.set(*term, MUST_HOLD);
        }
        for term in cone.negative.iter().filter(open) {
            self.set(*term, MUST_NOT);
        }
        let mut possible = Some(());
        while let Some(term) = self.open.pop() {
            let mark = self.mark[term as usize];
            if mark == MUST_HOLD | MUST_NOT {
                possible = None;
                break;
            }
            let Some(gate) = (term as usize).checked_sub(cone.events) else {
                forced.push((term, mark == MUST_HOLD));
                continue;
            };
            let inputs = cone.inputs(gate);
            self.visits += inputs.len() as u64 + 1;
            let threshold = cone.threshold[gate] as usize;
            let (low, high) = cone.count(state, gate);
            if (mark == MUST_HOLD && high == threshold) || (mark == MUST_NOT && low + 1 == threshold) {
                for input in inputs {
                    if state[*input as usize] == OPEN {
                        self.set(*input, mark);
                    }
                }
            }
        }
        self.clear();
        possible
    }

    /// A set of free events whose absence makes every one of `targets` false, whatever the others are. All targets are open
    /// or false. Writes the events to `out`, and returns how many of them, the first ones, are in every such set that this
    /// search can find.
    pub(super) fn avoid(&mut self, cone: &Cone, state: &[u8], targets: &[u32], out: &mut Vec<u32>) -> usize {
        for target in targets {
            if state[*target as usize] == OPEN {
                self.set(*target, 1);
            }
        }
        self.close(cone, state, out);
        let certain = out.len();
        while let Some(gate) = self.choices.pop() {
            let gate = gate as usize;
            let mut wanted = needed(cone, state, gate);
            let mut ranked = std::mem::take(&mut self.ranked);
            ranked.clear();
            for input in cone.inputs(gate) {
                if state[*input as usize] == OPEN {
                    if self.mark[*input as usize] == 0 {
                        ranked.push((self.cost[*input as usize], *input));
                    } else {
                        wanted = wanted.saturating_sub(1);
                    }
                }
            }
            ranked.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            for (_, input) in ranked.iter().take(wanted) {
                self.set(*input, 1);
            }
            self.ranked = ranked;
            self.close(cone, state, out);
        }
        self.clear();
        certain
    }

    /// Follows what there is no choice about; puts the choices off.
    fn close(&mut self, cone: &Cone, state: &[u8], out: &mut Vec<u32>) {
        while let Some(term) = self.open.pop() {
            let Some(gate) = (term as usize).checked_sub(cone.events) else {
                out.push(term);
                continue;
            };
            let inputs = cone.inputs(gate);
            self.visits += inputs.len() as u64 + 1;
            let free = inputs.iter().filter(|input| state[**input as usize] == OPEN).count();
            if needed(cone, state, gate) == free {
                for input in inputs {
                    if state[*input as usize] == OPEN {
                        self.set(*input, 1);
                    }
                }
            } else {
                self.choices.push(gate as u32);
            }
        }
    }

    /// Estimates what each open gate costs to make false, for the choices of [`avoid`](Self::avoid): the sum or the least
    /// of what its inputs cost, where each input's cost is shared among the gates it serves, since it is paid once.
    pub(super) fn price(&mut self, cone: &Cone, state: &[u8]) {
        self.visits += (cone.gates() + cone.edges()) as u64;
        // What a cycle comes back to is free: its gates hold each other false.
        self.cost[cone.events..].fill(0.0);
        for gate in 0..cone.gates() {
            let term = cone.events + gate;
            if state[term] != OPEN {
                continue;
            }
            let share = |input: &u32| self.cost[*input as usize] / cone.fanout[*input as usize];
            let open = cone.inputs(gate).iter().filter(|input| state[**input as usize] == OPEN);
            let wanted = needed(cone, state, gate);
            let cost = if cone.threshold[gate] == 1 {
                open.map(share).sum()
            } else if wanted == 1 {
                open.map(share).fold(f64::INFINITY, f64::min)
            } else {
                let mut costs: Vec<f64> = open.map(share).collect();
                costs.sort_unstable_by(f64::total_cmp);
                costs.iter().take(wanted).sum()
            };
            self.cost[term] = cost;
        }
    }
}

/// How many of its open inputs must become false to make an open gate false.
fn needed(cone: &Cone, state: &[u8], gate: usize) -> usize {
    let (_, high) = cone.count(state, gate);
    high + 1 - cone.threshold[gate] as usize
}
