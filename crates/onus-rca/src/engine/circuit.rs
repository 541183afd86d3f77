//! A circuit: gates made plain and put into the order in which failure runs.
//!
//! What is made plain once, so that no question has to:
//!
//! * a gate that has failed with no fault at all ([`Circuit::always`]) leaves the circuit: what it is an input of needs one
//!   failure less;
//! * an input that is the gate itself goes: nothing fails by its own failure;
//! * an input listed twice by an OR or by an AND is listed once. Of other gates it counts as often as it is listed.
//!
//! **Numbers.** Outside, gates have the numbers of [`Gates`]. Inside, a [`Node`] is a place in the order of
//! [`order`](super::order): inputs before what fails by them, the members of a loop next to each other. A sweep over rising
//! nodes so meets every cause before its effects, and arrays over nodes are used from one end to the other.

use super::gates::Gates;
use super::order::{Order, order};
use super::rows::Rows;

/// A node of a circuit: a basic event or a gate. Valid for the circuit that gave it and for no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node(u32);

impl Node {
    #[inline]
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }

    /// A number as it is stored; it must be checked before it is followed.
    #[inline]
    pub(crate) fn stored(number: u32) -> Self {
        Self(number)
    }

    pub(crate) fn new(position: usize) -> Self {
        Self(u32::try_from(position).expect("a circuit has fewer than 2^32 nodes: its gates were counted"))
    }
}

/// A threshold that does not fit its byte: it stands in [`Circuit::wide`].
pub(super) const WIDE: u8 = u8::MAX;

/// Gates in the order in which failure runs, adjacency both ways. Immutable; make it once and ask it often.
///
/// 8 bytes an edge, 9 a node, and 8 more a node for numbers that are not the places ([`Circuit::renumbered`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circuit {
    pub(crate) inputs: Rows,
    pub(crate) outputs: Rows,
    /// By node; [`WIDE`] for those in `wide`, 0 for those that have always failed.
    pub(crate) threshold: Vec<u8>,
    /// The thresholds from 255 on, by node, rising.
    pub(crate) wide: Vec<(Node, u32)>,
    /// Nodes from–to of each strongly connected component of more than one, rising.
    pub(crate) loops: Vec<(u32, u32)>,
    /// By node, its number in the gates. Empty where numbers are places.
    numbers: Vec<u32>,
    /// By number. Empty where numbers are places.
    nodes: Vec<Node>,
}

impl Circuit {
    /// Makes a circuit of gates.
    ///
    /// O(gates + inputs) time; at its peak 16 bytes an input and 20 a gate.
    pub fn new(gates: Gates) -> Self {
        let Gates { mut thresholds, offsets, inputs } = gates;
        let mut inputs = Rows::of_parts(offsets, inputs.into_iter().map(Node).collect());
        drop_constants(&mut thresholds, &mut inputs);
        merge_inputs(&mut thresholds, &mut inputs);
        let Order { gates: order, loops } = order(&inputs);
        let mut nodes = vec![Node(0); order.len()];
        for (place, gate) in order.iter().enumerate() {
            nodes[gate.index()] = Node(place as u32);
        }
        let mut placed = Rows::with_capacity(order.len(), inputs.edge_count());
        for gate in &order {
            placed.push(inputs.of(gate.index()).iter().map(|input| nodes[input.index()]));
        }
        drop(inputs);
        // In the order of the gates outside, so that what is reported in the order of spreading does not depend on ours.
        let outputs = placed.reversed(nodes.iter().copied());
        let mut wide = Vec::new();
        let threshold = order
            .iter()
            .enumerate()
            .map(|(place, gate)| {
                let threshold = thresholds[gate.index()];
                if threshold >= u32::from(WIDE) {
                    wide.push((Node(place as u32), threshold));
                }
                threshold.min(u32::from(WIDE)) as u8
            })
            .collect();
        let numbers = order.into_iter().map(|gate| gate.0).collect();
        Self { inputs: placed, outputs, threshold, wide, loops, numbers, nodes }
    }

    /// A circuit of arrays that were checked; its numbers are its own.
    pub(super) fn of_parts(
        inputs: Rows,
        outputs: Rows,
        threshold: Vec<u8>,
        wide: Vec<(Node, u32)>,
        loops: Vec<(u32, u32)>,
    ) -> Self {
        Self { inputs, outputs, threshold, wide, loops, numbers: Vec::new(), nodes: Vec::new() }
    }

    /// Events and gates.
    pub fn node_count(&self) -> usize {
        self.threshold.len()
    }

    /// Inputs of all gates.
    pub fn edge_count(&self) -> usize {
        self.inputs.edge_count()
    }

    /// The node of a gate, by its number in the [`Gates`].
    ///
    /// # Panics
    /// If there is no such gate.
    pub fn node(&self, number: usize) -> Node {
        if self.nodes.is_empty() {
            assert!(number < self.node_count(), "there is no gate {number}");
            return Node(number as u32);
        }
        self.nodes[number]
    }

    /// The number of a node in the [`Gates`].
    pub fn number(&self, node: Node) -> usize {
        if self.numbers.is_empty() { node.index() } else { self.numbers[node.index()] as usize }
    }

    /// The same circuit, whose numbers are its own: gate `n` is node `n`. Saves 8 bytes a node, once the numbers of the [`Gates`]
    /// are not needed any more.
    #[must_use]
    pub fn renumbered(self) -> Self {
        Self { numbers: Vec::new(), nodes: Vec::new(), ..self }
    }

    /// Bytes that it holds.
    pub fn bytes(&self) -> usize {
        let (wide, loops) = (size_of_val(&*self.wide), size_of_val(&*self.loops));
        let numbers = size_of_val(&*self.numbers) + size_of_val(&*self.nodes);
        self.inputs.bytes() + self.outputs.bytes() + self.threshold.len() + wide + loops + numbers
    }

    /// What a gate fails by.
    #[inline]
    pub fn inputs(&self, gate: Node) -> &[Node] {
        self.inputs.of(gate.index())
    }

    /// What fails by a node, in the order of numbers.
    #[inline]
    pub fn outputs(&self, node: Node) -> &[Node] {
        self.outputs.of(node.index())
    }

    /// How many inputs make a gate fail; 0 for one that has always failed.
    pub fn threshold(&self, gate: Node) -> u32 {
        match self.threshold[gate.index()] {
            WIDE => self.wide[self.wide_position(gate)].1,
            narrow => u32::from(narrow),
        }
    }

    /// The numbers of the gates that have failed with no fault at all, rising: those with a threshold of 0, and what fails
    /// by them. They have left the circuit.
    pub fn always(&self) -> Vec<usize> {
        self.numbered(|node| self.threshold[node.index()] == 0)
    }

    /// The numbers of the gates that have inputs and that no failure of inputs makes fail, rising.
    pub fn never(&self) -> Vec<usize> {
        self.numbered(|node| {
            let inputs = self.inputs(node).len();
            inputs > 0 && self.threshold(node) as usize > inputs
        })
    }

    fn numbered(&self, holds: impl Fn(Node) -> bool) -> Vec<usize> {
        (0..self.node_count()).filter(|number| holds(self.node(*number))).collect()
    }

    /// Where a node stands among the wide thresholds.
    pub(super) fn wide_position(&self, gate: Node) -> usize {
        self.wide.binary_search_by_key(&gate, |(gate, _)| *gate).expect("a wide threshold is in the list of them")
    }
}

/// Takes out what has failed with no fault at all. Nothing to do, and nothing done, unless some threshold is 0.
fn drop_constants(thresholds: &mut [u32], inputs: &mut Rows) {
    let count = inputs.len();
    let mut always: Vec<Node> = (0..count).filter(|gate| thresholds[*gate] == 0).map(Node::new).collect();
    if always.is_empty() {
        return;
    }
    let outputs = inputs.reversed((0..count).map(Node::new));
    let mut next = 0;
    while let Some(gate) = always.get(next).copied() {
        next += 1;
        for output in outputs.of(gate.index()) {
            let threshold = &mut thresholds[output.index()];
            if *threshold > 0 {
                *threshold -= 1;
                if *threshold == 0 {
                    always.push(*output);
                }
            }
        }
    }
    inputs.shrink(|gate, row, left| {
        if thresholds[gate] > 0 {
            left.extend(row.iter().filter(|input| thresholds[input.index()] > 0));
        }
    });
}

/// Merges inputs that are listed twice where once says the same, and drops those that are the gate itself.
fn merge_inputs(thresholds: &mut [u32], inputs: &mut Rows) {
    /// Up to this many, comparing each with each is faster than marking.
    const FEW: usize = 16;
    let mut marked_by = vec![Node(u32::MAX); inputs.len()];
    inputs.shrink(|gate, row, left| {
        left.extend(row.iter().filter(|input| input.index() != gate));
        let is_and = thresholds[gate] as usize == left.len();
        if !is_and && thresholds[gate] != 1 {
            return;
        }
        if left.len() <= FEW {
            let mut distinct = 0;
            for at in 0..left.len() {
                if !left[..distinct].contains(&left[at]) {
                    left[distinct] = left[at];
                    distinct += 1;
                }
            }
            left.truncate(distinct);
        } else {
            let gate = Node::new(gate);
            left.retain(|input| std::mem::replace(&mut marked_by[input.index()], gate) != gate);
        }
        if is_and {
            thresholds[gate] = left.len() as u32;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circuit(gates: &[(u32, &[u32])]) -> Circuit {
        let mut offsets = vec![0];
        let mut inputs = Vec::new();
        for (_, row) in gates {
            inputs.extend_from_slice(row);
            offsets.push(inputs.len() as u32);
        }
        let thresholds = gates.iter().map(|(threshold, _)| *threshold).collect();
        Circuit::new(Gates::new(thresholds, offsets, inputs).expect("the gates of a test are gates"))
    }

    fn row(circuit: &Circuit, number: usize) -> (u32, Vec<usize>) {
        let node = circuit.node(number);
        (circuit.threshold(node), circuit.inputs(node).iter().map(|input| circuit.number(*input)).collect())
    }

    #[test]
    fn failure_runs_from_input_to_gate() {
        let circuit = circuit(&[(1, &[1]), (1, &[])]);
        let [gate, event] = [circuit.node(0), circuit.node(1)];
        assert!(event < gate);
        assert_eq!(circuit.outputs(event), [gate]);
        assert_eq!(circuit.inputs(gate), [event]);
        assert!(circuit.outputs(gate).is_empty() && circuit.inputs(event).is_empty());
    }

    #[test]
    fn inputs_are_merged_where_once_says_the_same() {
        let many: Vec<u32> = (0..20).chain(0..20).collect();
        let mut gates: Vec<(u32, &[u32])> = vec![(1, &[]); 20];
        gates.extend([(1, &[0, 1, 0][..]), (3, &[0, 1, 0]), (2, &[0, 1, 0]), (1, &[20, 3]), (1, &many), (40, &many)]);
        gates.push((2, &[26, 0, 0]));
        let circuit = circuit(&gates);
        assert_eq!(row(&circuit, 20), (1, vec![0, 1]));
        assert_eq!(row(&circuit, 21), (2, vec![0, 1]));
        assert_eq!(row(&circuit, 22), (2, vec![0, 1, 0]));
        assert_eq!(row(&circuit, 24), (1, (0..20).collect()));
        assert_eq!(row(&circuit, 25), (20, (0..20).collect()));
        // Without itself it is an AND of the same twice.
        assert_eq!(row(&circuit, 26), (1, vec![0]));
    }

    #[test]
    fn what_has_always_failed_leaves_and_is_reported() {
        let circuit = circuit(&[(0, &[]), (1, &[0]), (1, &[]), (2, &[1, 2]), (3, &[2, 1]), (2, &[2])]);
        assert_eq!(circuit.always(), [0, 1]);
        assert_eq!(row(&circuit, 3), (1, vec![2]));
        assert_eq!(row(&circuit, 4), (2, vec![2]));
        assert_eq!(circuit.never(), [4, 5]);
    }

    #[test]
    fn loops_are_next_to_each_other_and_after_what_they_need() {
        // 0 → {1, 2, 3} in a ring → 4 → {5, 6}.
        let circuit =
            circuit(&[(1, &[]), (1, &[0, 3]), (1, &[1]), (1, &[2]), (1, &[3]), (1, &[4, 6]), (1, &[5]), (1, &[6])]);
        assert_eq!(circuit.loops, [(1, 4), (5, 7)]);
        let places: Vec<usize> = (0..8).map(|number| circuit.node(number).index()).collect();
        assert_eq!([places[0], places[4], places[7]], [0, 4, 7]);
    }

    /// Five inputs a gate, as in large estates: no more than 10.5 bytes an edge.
    #[test]
    fn a_circuit_is_small_and_keeps_what_it_says_without_its_numbers() {
        let rows: Vec<Vec<u32>> =
            (0..1000_u32).map(|gate| (1..=5).filter(|step| *step <= gate).map(|step| gate - step).collect()).collect();
        let gates: Vec<(u32, &[u32])> = rows.iter().map(|row| (1, row.as_slice())).collect();
        let with = circuit(&gates);
        let without = with.clone().renumbered();
        let [more, less] = [&with, &without].map(|circuit| circuit.bytes() as f64 / circuit.edge_count() as f64);
        assert!(less <= 10.5 && more <= 12.0, "{less} and {more} bytes an edge");
        for at in 0..1000 {
            let node = Node::new(at);
            assert_eq!((without.node(at), without.number(node)), (node, at));
            assert_eq!((with.inputs(node), with.outputs(node)), (without.inputs(node), without.outputs(node)));
        }
    }

    #[test]
    fn wide_thresholds_are_kept() {
        let all: Vec<u32> = (0..300).collect();
        let mut gates: Vec<(u32, &[u32])> = vec![(1, &[]); 300];
        gates.extend([(255, &all[..]), (300, &all), (254, &all)]);
        let circuit = circuit(&gates);
        assert_eq!([300, 301, 302].map(|number| circuit.threshold(circuit.node(number))), [255, 300, 254]);
        assert_eq!(circuit.wide.len(), 2);
    }
}
