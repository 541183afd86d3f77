//! When things fail.
//!
//! Each node has a delay: the time between the failure of the last input that it takes and its own. A gate of threshold k so fails at the
//! k-th arrival plus its delay. Nodes are taken out of a queue by time, each lowers the counters of what fails by it, and
//! the one that a counter was waiting for puts its gate into the queue: Dijkstra's algorithm with k-th arrivals (Knuth 1977
//! for the general case).
//!
//! Times are whole ticks of whatever length the caller means. The time of each node is monotone in every delay. So with the
//! shortest delays everywhere a node fails at the earliest it can, with the longest at the latest, and in between any time is
//! possible.

use super::counters::{Counters, Lost};
use super::radix_queue::RadixQueue;
use super::{Circuit, Node};

/// How many of the nodes due at one time are gone over together: their rows are fetched, then all counters lowered, then what fails is
/// put into the queue. In each of the three loops one cache miss need not wait for another, and little is mispredicted; what lies between
/// them stays in the first-level cache.
const TOGETHER: usize = 64;

/// Room to work out times in, made once for a circuit and its delays; one for each thread.
///
/// ```
/// use onus_rca::engine::{Arrivals, Circuit, Gates};
///
/// // 3 fails with two of 0, 1 and 2, five ticks later.
/// let circuit = Circuit::new(Gates::new(vec![1, 1, 1, 2], vec![0, 0, 0, 0, 3], vec![0, 1, 2])?);
/// let mut arrivals = Arrivals::new(&circuit, &[0, 0, 0, 5]);
/// let from = [(circuit.node(0), 0), (circuit.node(1), 7), (circuit.node(2), 3)];
/// assert_eq!(arrivals.spread(&from).iter().find(|(_, node)| *node == circuit.node(3)).unwrap().0, 3 + 5);
/// # Ok::<(), onus_rca::engine::InvalidGates>(())
/// ```
#[derive(Clone, Debug)]
pub struct Arrivals<'c> {
    circuit: &'c Circuit,
    /// By node.
    delays: Vec<u64>,
    start: Counters,
    now: Counters,
    queue: RadixQueue<Node>,
    /// By node, whether its time has come: it can be due twice, of itself and by its inputs.
    is_out: Vec<bool>,
    failed: Vec<(u64, Node)>,
    /// What failed and the edges out of it.
    gone_over: usize,
    /// What is due at one time.
    due: Vec<Node>,
    /// What loses an input by some of that.
    gates: Vec<Node>,
}

impl<'c> Arrivals<'c> {
    /// Room for a circuit; `delays` are by the numbers of its gates.
    ///
    /// O(nodes).
    ///
    /// # Panics
    /// If there are not as many delays as nodes.
    pub fn new(circuit: &'c Circuit, delays: &[u64]) -> Self {
        assert_eq!(delays.len(), circuit.node_count(), "a delay for each node");
        let delays: Vec<u64> = (0..delays.len()).map(|node| delays[circuit.number(Node::new(node))]).collect();
        let start = Counters::of(circuit);
        let now = start.clone();
        let is_out = vec![false; delays.len()];
        let [due, gates] = [const { Vec::new() }; 2];
        let queue = RadixQueue::new();
        Self { circuit, delays, start, now, queue, is_out, failed: Vec::new(), gone_over: 0, due, gates }
    }

    /// Spreads failure from some nodes that fail at given times, by themselves: what fails and when, by time; what fails at the same
    /// time is in no useful order, but always in the same. A time too large to count is the largest there is.
    ///
    /// O(edges out of what fails).
    pub fn spread(&mut self, from: &[(Node, u64)]) -> &[(u64, Node)] {
        self.reset();
        for (node, time) in from {
            if self.start.narrow[node.index()] != 0 {
                self.queue.push(*time, *node);
            }
        }
        let Self { circuit, delays, now, queue, is_out, failed, gone_over, due, gates, .. } = self;
        while let Some(time) = queue.take(due) {
            due.retain(|node| !std::mem::replace(&mut is_out[node.index()], true));
            failed.extend(due.iter().map(|node| (time, *node)));
            for nodes in due.chunks(TOGETHER) {
                gates.clear();
                for node in nodes {
                    circuit.outputs.append_to(node.index(), gates);
                }
                *gone_over += nodes.len() + gates.len();
                lower(circuit, now, gates);
                for gate in &*gates {
                    queue.push(time.saturating_add(delays[gate.index()]), *gate);
                }
            }
        }
        &self.failed
    }

    fn reset(&mut self) {
        // A copy of the whole is faster than a quarter of it one by one.
        if std::mem::take(&mut self.gone_over) > self.is_out.len() / 4 {
            self.now.reset_all(&self.start);
            self.is_out.fill(false);
            self.failed.clear();
        }
        for (_, node) in self.failed.drain(..) {
            self.is_out[node.index()] = false;
            for gate in self.circuit.outputs(node) {
                self.now.reset(self.circuit, &self.start, *gate);
            }
        }
        self.queue.clear();
    }
}

/// Lowers the counter of each of some gates, as often as it is listed, and keeps in the list those that fail by it.
fn lower(circuit: &Circuit, now: &mut Counters, gates: &mut Vec<Node>) {
    if !circuit.wide.is_empty() {
        gates.retain(|gate| now.lose(circuit, *gate) == Lost::Now);
        return;
    }
    // Nothing here branches on what a gate lacks: each is written, and the list of those that fail grows by one or none.
    let (lacking, listed) = (now.narrow.as_mut_slice(), gates.as_mut_slice());
    let mut failing = 0;
    for at in 0..listed.len() {
        let gate = listed[at];
        let lacks = &mut lacking[gate.index()];
        let had = *lacks;
        *lacks = had.saturating_sub(1);
        listed[failing] = gate;
        failing += usize::from(had == 1);
    }
    gates.truncate(failing);
}

#[cfg(test)]
mod tests {
    use super::super::Gates;
    use super::*;

    struct Random(u64);

    impl Random {
        fn below(&mut self, bound: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (self.0 >> 33) % bound
        }
    }

    /// By node: its own time or the k-th of its inputs' and its delay, worked out for all until nothing becomes earlier.
    fn relaxed(circuit: &Circuit, delays: &[u64], from: &[(Node, u64)]) -> Vec<(u64, Node)> {
        let mut times: Vec<Option<u64>> = vec![None; circuit.node_count()];
        for (node, time) in from {
            let earlier = times[node.index()].map_or(*time, |before| before.min(*time));
            times[node.index()] = Some(earlier);
        }
        let mut changed = true;
        while changed {
            changed = false;
            for node in (0..times.len()).map(Node::new) {
                let mut arrived: Vec<u64> =
                    circuit.inputs(node).iter().filter_map(|input| times[input.index()]).collect();
                arrived.sort_unstable();
                let last = arrived.get((circuit.threshold(node) as usize).wrapping_sub(1));
                let Some(time) = last.map(|last| last.saturating_add(delays[circuit.number(node)])) else { continue };
                if times[node.index()].is_none_or(|before| time < before) {
                    times[node.index()] = Some(time);
                    changed = true;
                }
            }
        }
        let mut failed: Vec<(u64, Node)> =
            (0..times.len()).map(Node::new).filter_map(|node| Some((times[node.index()]?, node))).collect();
        failed.sort_unstable();
        failed
    }

    /// Loops, rows of any length, delays of any size, thresholds beyond a byte; many questions for one room, of which some reach little and
    /// some nearly all.
    #[test]
    fn times_are_those_of_relaxation_question_after_question() {
        let mut random = Random(1);
        let (mut few, mut many) = (0, 0);
        for round in 0..12 {
            let count = 1000;
            let (mut thresholds, mut offsets, mut inputs) = (Vec::new(), vec![0], Vec::new());
            for gate in 0..count {
                let hub = random.below(10);
                match random.below(4) {
                    0 => {}
                    // One of ten hubs, whose rows so are long, and anything, which makes loops.
                    1 => inputs.extend([hub, random.below(count)].map(|input| input as u32)),
                    _ => inputs.extend((0..3).map(|_| random.below(gate + 1) as u32)),
                }
                thresholds.push(1 + random.below(4) as u32 / 3);
                if round % 3 == 2 && gate == 900 {
                    inputs.extend(0..700);
                    thresholds[900] = 300;
                }
                offsets.push(inputs.len() as u32);
            }
            let circuit = Circuit::new(Gates::new(thresholds, offsets, inputs).expect("they are gates"));
            let most = [1, 100, 5000, 1 << 40, u64::MAX][round % 5];
            let delays: Vec<u64> = (0..count).map(|_| random.below(1 << 31) % most * (most >> 31).max(1)).collect();
            let mut arrivals = Arrivals::new(&circuit, &delays);
            for _ in 0..30 {
                let from: Vec<(Node, u64)> = (0..=random.below(3))
                    .map(|_| (circuit.node(random.below(count) as usize), random.below(3) * random.below(most)))
                    .collect();
                let mut found = arrivals.spread(&from).to_vec();
                assert!(found.is_sorted_by_key(|(time, _)| *time));
                found.sort_unstable();
                assert_eq!(found, relaxed(&circuit, &delays, &from));
                *if found.len() < 100 { &mut few } else { &mut many } += 1;
            }
        }
        assert!(few > 50 && many > 50, "{few} reach little, {many} much");
    }
}
