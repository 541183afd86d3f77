//! Strongly connected components of a part of the fault graph, dependencies first.
//!
//! Tarjan (1972), iterative: a chain of a million gates must not be a chain of a million stack frames.

use rustc_hash::FxHashMap;

use crate::fault_graph::{FaultGraph, Node};

/// Components of the gates in `cone`, each after everything it depends on; the members of one in the order in which
/// the search left them, which is close to dependencies-first too.
///
/// O(gates + edges of the cone).
pub(crate) fn components(graph: &FaultGraph, cone: &[Node]) -> Vec<Vec<Node>> {
    const UNSEEN: u32 = u32::MAX;
    let local: FxHashMap<Node, u32> = cone.iter().enumerate().map(|(at, gate)| (*gate, at as u32)).collect();
    let mut index = vec![UNSEEN; cone.len()];
    let mut low = vec![0_u32; cone.len()];
    let mut on_stack = vec![false; cone.len()];
    let mut stack: Vec<u32> = Vec::new();
    let mut result: Vec<Vec<Node>> = Vec::new();
    // Order in which the search leaves the gates.
    let mut left = vec![0_u32; cone.len()];
    let (mut clock, mut leaving) = (0_u32, 0_u32);
    for start in 0..cone.len() as u32 {
        if index[start as usize] != UNSEEN {
            continue;
        }
        // The gate, and how many of its inputs have been looked at.
        let mut calls: Vec<(u32, usize)> = vec![(start, 0)];
        while let Some((gate, next)) = calls.last_mut() {
            let at = *gate as usize;
            if *next == 0 {
                index[at] = clock;
                low[at] = clock;
                clock += 1;
                stack.push(*gate);
                on_stack[at] = true;
            }
            let inputs = graph.inputs(cone[at]);
            let mut descend = None;
            while let Some(input) = inputs.get(*next) {
                *next += 1;
                let Some(input) = local.get(input).copied() else { continue };
                if index[input as usize] == UNSEEN {
                    descend = Some(input);
                    break;
                } else if on_stack[input as usize] {
                    low[at] = low[at].min(index[input as usize]);
                }
            }
            if *next == 0 {
                // A gate without inputs: count it as looked at, so that it is entered once.
                *next = 1;
            }
            if let Some(input) = descend {
                calls.push((input, 0));
                continue;
            }
            left[at] = leaving;
            leaving += 1;
            calls.pop();
            if let Some((parent, _)) = calls.last() {
                let parent = *parent as usize;
                low[parent] = low[parent].min(low[at]);
            }
            if low[at] == index[at] {
                let mut members = Vec::new();
                loop {
                    let member = stack.pop().expect("the root of a component is still on the stack");
                    on_stack[member as usize] = false;
                    members.push(member);
                    if member as usize == at {
                        break;
                    }
                }
                members.sort_unstable_by_key(|member| left[*member as usize]);
                result.push(members.into_iter().map(|member| cone[member as usize]).collect());
            }
        }
    }
    result
}
