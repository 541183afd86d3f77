//! The order in which failure runs: strongly connected components, each after everything it can fail by.
//!
//! Most of a large estate is no part of any loop. So the order is made by peeling (Kahn 1962): forward from what has no
//! inputs, backward from what nothing fails by; only what is left between is searched for components (Tarjan 1972). Peeling
//! goes level by level, which also brings together what is used together. Nothing recurses.

use super::Node;
use super::rows::Rows;
use crate::components::components_of;

/// The order, and where its loops are.
pub(super) struct Order {
    /// The gate at each place.
    pub(super) gates: Vec<Node>,
    /// Places from–to of the components of more than one gate, in order.
    pub(super) loops: Vec<(u32, u32)>,
}

/// Orders gates, given their inputs. Those without inputs come first, in their own order. O(gates + inputs).
pub(super) fn order(inputs: &Rows) -> Order {
    let count = inputs.len();
    let outputs = inputs.reversed((0..count).map(Node::new));
    let mut open: Vec<u32> = (0..count).map(|gate| inputs.of(gate).len() as u32).collect();
    let mut forward: Vec<Node> = Vec::with_capacity(count);
    forward.extend((0..count).filter(|gate| open[*gate] == 0).map(Node::new));
    let mut next = 0;
    while let Some(gate) = forward.get(next).copied() {
        next += 1;
        for output in outputs.of(gate.index()) {
            let open = &mut open[output.index()];
            *open -= 1;
            if *open == 0 {
                forward.push(*output);
            }
        }
    }
    if forward.len() == count {
        return Order { gates: forward, loops: Vec::new() };
    }
    drop(outputs);
    with_loops(inputs, forward, &open)
}

/// Goes on where peeling forward ended: a gate with open inputs is in a loop or comes after one.
fn with_loops(inputs: &Rows, mut ordered: Vec<Node>, open: &[u32]) -> Order {
    let count = inputs.len();
    let is_open = |gate: &Node| open[gate.index()] > 0;
    let opened = || (0..count).map(Node::new).filter(is_open);
    let mut uses = vec![0_u32; count];
    for gate in opened() {
        for input in inputs.of(gate.index()) {
            uses[input.index()] += 1;
        }
    }
    let mut backward: Vec<Node> = opened().filter(|gate| uses[gate.index()] == 0).collect();
    let mut next = 0;
    while let Some(gate) = backward.get(next).copied() {
        next += 1;
        for input in inputs.of(gate.index()).iter().filter(|input| is_open(input)) {
            let uses = &mut uses[input.index()];
            *uses -= 1;
            if *uses == 0 {
                backward.push(*input);
            }
        }
    }
    // What is left has open inputs and is used by what is left.
    let core: Vec<Node> = opened().filter(|gate| uses[gate.index()] > 0).collect();
    let mut position = vec![u32::MAX; count];
    for (at, gate) in core.iter().enumerate() {
        position[gate.index()] = at as u32;
    }
    let mut loops = Vec::new();
    let input = |at: usize, input: usize| {
        let position = position[inputs.of(core[at].index()).get(input)?.index()];
        Some((position != u32::MAX).then_some(position as usize))
    };
    components_of(core.len(), input, |members| {
        let first = ordered.len() as u32;
        ordered.extend(members.iter().map(|at| core[*at]));
        if members.len() > 1 {
            loops.push((first, ordered.len() as u32));
        }
    });
    ordered.extend(backward.into_iter().rev());
    Order { gates: ordered, loops }
}
