//! A circuit as plain arrays that come from outside, and may be anything.
//!
//! Everything that questions rely on is checked before there is a [`Circuit`], in one pass over each array:
//!
//! * rows end where the next begins, and the last with the array; every node is one (so nothing is looked up that is not there);
//! * inputs come before what fails by them, but for the members of a loop, and loops are apart, rising, and within the circuit (so
//!   sweeps meet causes first, and going over a loop stays within it);
//! * thresholds are at least 1, and those from 255 on are listed, once each, rising;
//! * outputs are the inputs the other way around, edge by edge (so counters that go by outputs end where those that go by inputs do).
//!
//! Spreading fails each node at most once, and going over a loop only adds to what failed: nothing runs for ever on what passes. That
//! loops are strongly connected, and as small as can be, is not checked: it decides how fast a sweep is and nothing else.
//!
//! **Both ways alike.** Sorting the edges would take longer than all the rest. Instead both ways are summed up to one number: with a
//! secret random number r(n) and s(n) for each node n, Σ r(input) · s(gate) over all edges, modulo 2⁶⁴. For edges that differ the two
//! sums are equal with a chance of some 2⁻⁶⁰ (Carter & Wegman 1979), whoever made them: the secret is drawn anew each time.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use super::circuit::WIDE;
use super::rows::Rows;
use super::{Circuit, Node};

/// The arrays of a circuit whose numbers are places.
#[derive(Clone, Debug, Default)]
pub(crate) struct StoredCircuit {
    pub(crate) input_offsets: Vec<u32>,
    pub(crate) inputs: Vec<Node>,
    pub(crate) output_offsets: Vec<u32>,
    pub(crate) outputs: Vec<Node>,
    /// By node; 255 for those in `wide`.
    pub(crate) threshold: Vec<u8>,
    /// The thresholds from 255 on, by node, rising.
    pub(crate) wide: Vec<(Node, u32)>,
    /// Nodes from–to of each loop, rising.
    pub(crate) loops: Vec<(u32, u32)>,
}

/// Where arrays are no circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    pub(crate) array: &'static str,
    pub(crate) at: usize,
    pub(crate) expected: &'static str,
}

pub(crate) fn flaw<T>(array: &'static str, at: usize, expected: &'static str) -> Result<T, Flaw> {
    Err(Flaw { array, at, expected })
}

impl StoredCircuit {
    /// The arrays of a circuit. O(nodes + edges).
    #[cfg(test)]
    fn of(circuit: &Circuit) -> Self {
        let [(input_offsets, inputs), (output_offsets, outputs)] =
            [&circuit.inputs, &circuit.outputs].map(|rows| (rows.offsets().to_vec(), rows.targets().to_vec()));
        let (threshold, wide, loops) = (circuit.threshold.clone(), circuit.wide.clone(), circuit.loops.clone());
        Self { input_offsets, inputs, output_offsets, outputs, threshold, wide, loops }
    }

    /// The circuit that these arrays are. O(nodes + edges), in one pass over each array.
    pub(crate) fn check(self) -> Result<Circuit, Flaw> {
        let count = self.threshold.len();
        if u32::try_from(count).is_err() || count as u32 == u32::MAX {
            return flaw("thresholds", count, "fewer than 2^32 - 1 nodes");
        }
        check_offsets("input rows", &self.input_offsets, count, self.inputs.len())?;
        check_offsets("output rows", &self.output_offsets, count, self.outputs.len())?;
        check_loops(&self.loops, count)?;
        check_thresholds(&self.threshold, &self.wide)?;
        if self.inputs.len() != self.outputs.len() {
            return flaw("outputs", self.outputs.len(), "as many as inputs");
        }
        let secret = Secret::drawn();
        let (inputs, outputs) =
            (Rows::of_parts(self.input_offsets, self.inputs), Rows::of_parts(self.output_offsets, self.outputs));
        let forward = check_inputs(&inputs, &self.loops, &secret)?;
        if forward != sum_of_outputs(&outputs, count, &secret)? {
            return flaw("outputs", outputs.edge_count(), "the inputs the other way around");
        }
        Ok(Circuit::of_parts(inputs, outputs, self.threshold, self.wide, self.loops))
    }
}

fn check_offsets(array: &'static str, offsets: &[u32], rows: usize, targets: usize) -> Result<(), Flaw> {
    if offsets.len() != rows + 1 || offsets[0] != 0 {
        return flaw(array, offsets.len(), "a 0, and where the row of each node ends");
    }
    // All of them first: it is vectors that do it.
    if offsets.windows(2).map(|pair| usize::from(pair[0] > pair[1])).sum::<usize>() > 0 {
        let at = offsets.windows(2).position(|pair| pair[0] > pair[1]);
        return flaw(array, at.unwrap_or(0), "the end of a row, not before its beginning");
    }
    if offsets[rows] as usize != targets {
        return flaw(array, rows, "that the last row ends with the array");
    }
    Ok(())
}

fn check_loops(loops: &[(u32, u32)], count: usize) -> Result<(), Flaw> {
    let mut after = 0;
    for (at, (begin, end)) in loops.iter().enumerate() {
        if *begin < after || *begin >= *end || *end as usize > count {
            return flaw("loops", at, "a loop after the one before, within the circuit");
        }
        after = *end;
    }
    Ok(())
}

fn check_thresholds(threshold: &[u8], wide: &[(Node, u32)]) -> Result<(), Flaw> {
    let (zeros, wides) = threshold
        .iter()
        .fold((0_usize, 0_usize), |(zeros, wides), t| (zeros + usize::from(*t == 0), wides + usize::from(*t == WIDE)));
    if zeros > 0 {
        return flaw("thresholds", threshold.iter().position(|t| *t == 0).unwrap_or(0), "at least 1");
    }
    let mut after = 0;
    for (at, (node, full)) in wide.iter().enumerate() {
        let is_one = node.index() >= after && threshold.get(node.index()) == Some(&WIDE) && *full >= u32::from(WIDE);
        if !is_one {
            return flaw("wide thresholds", at, "a node that has one, after the one before, and 255 or more");
        }
        after = node.index() + 1;
    }
    if wides == wide.len() { Ok(()) } else { flaw("wide thresholds", wide.len(), "one for each node that has one") }
}

/// Checks the nodes and the order of the inputs; their sum.
fn check_inputs(inputs: &Rows, loops: &[(u32, u32)], secret: &Secret) -> Result<u64, Flaw> {
    let mut sum = 0_u64;
    let mut at = 0;
    for (begin, end) in loops.iter().map(|(begin, end)| (*begin as usize, *end as usize)) {
        sum = sum.wrapping_add(check_stretch(inputs, at..begin, None, secret)?);
        sum = sum.wrapping_add(check_stretch(inputs, begin..end, Some(end), secret)?);
        at = end;
    }
    Ok(sum.wrapping_add(check_stretch(inputs, at..inputs.len(), None, secret)?))
}

/// The same of some gates: a stretch without loops, or a loop that ends at a node.
fn check_stretch(
    inputs: &Rows,
    gates: std::ops::Range<usize>,
    end: Option<usize>,
    secret: &Secret,
) -> Result<u64, Flaw> {
    let mut sum = 0_u64;
    let mut is_late = false;
    for gate in gates.clone() {
        if inputs.of(gate).is_empty() {
            continue;
        }
        let mut row = 0_u64;
        let bound = end.unwrap_or(gate);
        for input in inputs.of(gate) {
            is_late |= input.index() >= bound;
            row = row.wrapping_add(secret.of_input(*input));
        }
        sum = sum.wrapping_add(row.wrapping_mul(secret.of_gate(Node::new(gate))));
    }
    if is_late {
        let is_late = |gate: &usize| inputs.of(*gate).iter().any(|input| input.index() >= end.unwrap_or(*gate));
        return flaw(
            "inputs",
            gates.clone().find(is_late).unwrap_or(gates.start),
            "inputs that come before their gate",
        );
    }
    Ok(sum)
}

/// Checks that the outputs are nodes; their sum.
fn sum_of_outputs(outputs: &Rows, count: usize, secret: &Secret) -> Result<u64, Flaw> {
    let mut sum = 0_u64;
    let mut is_none = false;
    for node in 0..outputs.len() {
        if outputs.of(node).is_empty() {
            continue;
        }
        let mut row = 0_u64;
        for gate in outputs.of(node) {
            is_none |= gate.index() >= count;
            row = row.wrapping_add(secret.of_gate(*gate));
        }
        sum = sum.wrapping_add(row.wrapping_mul(secret.of_input(Node::new(node))));
    }
    if is_none {
        let row = (0..outputs.len()).position(|node| outputs.of(node).iter().any(|gate| gate.index() >= count));
        return flaw("outputs", row.unwrap_or(0), "the numbers of nodes");
    }
    Ok(sum)
}

/// Random numbers for nodes that nobody knows beforehand.
struct Secret {
    input: [u64; 2],
    gate: [u64; 2],
}

impl Secret {
    fn drawn() -> Self {
        let state = RandomState::new();
        let draw = |part: u32| [state.hash_one((part, 0)), state.hash_one((part, 1)) | 1];
        Self { input: draw(0), gate: draw(1) }
    }

    #[inline]
    fn of_input(&self, node: Node) -> u64 {
        mixed(node, self.input)
    }

    #[inline]
    fn of_gate(&self, node: Node) -> u64 {
        mixed(node, self.gate)
    }
}

/// Two rounds of multiplying and folding.
#[inline]
fn mixed(node: Node, [before, by]: [u64; 2]) -> u64 {
    let fold = |number: u64| {
        let product = u128::from(number) * u128::from(by);
        (product as u64) ^ (product >> 64) as u64
    };
    fold(fold(node.index() as u64 ^ before))
}

#[cfg(test)]
mod tests {
    use super::super::Gates;
    use super::*;

    /// 0, 1 → 2 → {3, 4} in a loop → 5 → 6, which needs it 300 times but for one.
    fn stored() -> StoredCircuit {
        let mut thresholds = vec![1; 6];
        let mut offsets = vec![0, 0, 0, 2, 4, 5, 6];
        let mut inputs = vec![0, 1, 2, 4, 3, 4];
        inputs.extend([5; 300]);
        thresholds.push(299);
        offsets.push(inputs.len() as u32);
        let circuit = Circuit::new(Gates::new(thresholds, offsets, inputs).expect("the gates of a test are gates"));
        StoredCircuit::of(&circuit.renumbered())
    }

    fn expected(change: impl FnOnce(&mut StoredCircuit)) -> &'static str {
        let mut stored = stored();
        change(&mut stored);
        stored.check().expect_err("something was changed").expected
    }

    #[test]
    fn what_was_stored_is_what_is_read() {
        let stored = stored();
        let circuit = stored.clone().check().expect("nothing was changed");
        assert_eq!((circuit.loops.as_slice(), circuit.wide.len()), (&[(3, 5)][..], 1));
        assert_eq!(StoredCircuit::of(&circuit).inputs, stored.inputs);
        assert!(StoredCircuit::default().check().is_err());
    }

    #[test]
    fn every_flaw_is_found() {
        let reversed = "the inputs the other way around";
        assert_eq!(expected(|c| c.outputs.swap(1, 2)), "the inputs the other way around");
        assert_eq!(expected(|c| c.output_offsets[1] -= 1), reversed);
        assert_eq!(expected(|c| c.inputs[0] = c.inputs[1]), reversed);
        assert_eq!(expected(|c| c.outputs[0] = Node::new(7)), "the numbers of nodes");
        let before = "inputs that come before their gate";
        assert_eq!(expected(|c| c.inputs[0] = Node::new(2)), before);
        assert_eq!(expected(|c| c.inputs[0] = Node::new(u32::MAX as usize)), before);
        assert_eq!(expected(|c| c.loops.clear()), before);
        assert_eq!(expected(|c| c.input_offsets[3] = 9), "the end of a row, not before its beginning");
        assert_eq!(expected(|c| c.input_offsets[7] -= 1), "that the last row ends with the array");
        assert_eq!(expected(|c| c.input_offsets[0] = 1), "a 0, and where the row of each node ends");
        let apart = "a loop after the one before, within the circuit";
        assert_eq!(expected(|c| c.loops[0].1 = 8), apart);
        assert_eq!(expected(|c| c.loops.push((4, 6))), apart);
        assert_eq!(expected(|c| c.loops[0] = (5, 5)), apart);
        assert_eq!(expected(|c| c.threshold[2] = 0), "at least 1");
        assert_eq!(expected(|c| c.threshold[2] = WIDE), "one for each node that has one");
        let wide = "a node that has one, after the one before, and 255 or more";
        assert_eq!(expected(|c| c.wide[0].1 = 254), wide);
        assert_eq!(expected(|c| c.wide[0].0 = Node::new(99)), wide);
        assert_eq!(expected(|c| c.wide.push(c.wide[0])), wide);
        assert_eq!(expected(|c| c.outputs.truncate(1)), "that the last row ends with the array");
    }
}
