//! Strongly connected components of a network's gates, dependencies first.
//!
//! Tarjan (1972), iterative: a chain of a million gates must not be a chain of a million stack frames.

use crate::network::{Network, Term};

/// Components of the gates, as [`components_of`] gives them. O(gates + inputs).
pub(crate) fn components(network: &Network) -> Vec<Vec<Term>> {
    let events = network.events();
    let input = |gate: usize, at: usize| {
        network.gates[gate].inputs.get(at).map(|input: &Term| input.index().checked_sub(events))
    };
    let mut result: Vec<Vec<Term>> = Vec::new();
    components_of(network.gates.len(), input, |members| {
        result.push(members.iter().map(|member| Term((events + member) as u32)).collect());
    });
    result
}

/// Components of `count` gates, each given after everything it depends on; the members of one in the order in which the
/// search left them, which is close to dependencies-first too.
///
/// `input(gate, at)` is the input of a gate at a position: `None` past the last, `Some(None)` if it is none of the gates.
///
/// O(gates + inputs).
pub(crate) fn components_of(
    count: usize,
    input: impl Fn(usize, usize) -> Option<Option<usize>>,
    mut found: impl FnMut(&[usize]),
) {
    const UNSEEN: u32 = u32::MAX;
    let mut index = vec![UNSEEN; count];
    let mut low = vec![0_u32; count];
    let mut on_stack = vec![false; count];
    // Order in which the search leaves the gates.
    let mut left = vec![0_u32; count];
    let mut stack: Vec<usize> = Vec::new();
    // The gate, and the place of the next input to look at.
    let mut calls: Vec<(usize, usize)> = Vec::new();
    let mut members: Vec<usize> = Vec::new();
    let (mut clock, mut leaving) = (0_u32, 0_u32);
    for start in 0..count {
        if index[start] != UNSEEN {
            continue;
        }
        let mut enter = Some(start);
        loop {
            if let Some(gate) = enter.take() {
                index[gate] = clock;
                low[gate] = clock;
                clock += 1;
                stack.push(gate);
                on_stack[gate] = true;
                calls.push((gate, 0));
            }
            let Some((gate, next)) = calls.last_mut() else { break };
            let gate = *gate;
            if let Some(input) = input(gate, *next) {
                *next += 1;
                let Some(input) = input else { continue };
                if index[input] == UNSEEN {
                    enter = Some(input);
                } else if on_stack[input] {
                    low[gate] = low[gate].min(index[input]);
                }
                continue;
            }
            left[gate] = leaving;
            leaving += 1;
            calls.pop();
            if let Some((parent, _)) = calls.last() {
                low[*parent] = low[*parent].min(low[gate]);
            }
            if low[gate] == index[gate] {
                members.clear();
                loop {
                    let member = stack.pop().expect("the root of a component is still on the stack");
                    on_stack[member] = false;
                    members.push(member);
                    if member == gate {
                        break;
                    }
                }
                members.sort_unstable_by_key(|member| left[*member]);
                found(&members);
            }
        }
    }
}
