//! Merging what implies each other: around a loop of ORs.
//!
//! An input of an OR implies it. So around a loop in which every gate is an OR with the one before it among its inputs, all
//! are equal: one OR of everything that comes in from outside stands for all. Most mutual dependencies are of this kind, and
//! go. A loop through an AND or through an uncertain coupling implies nothing and stays.

use super::work::{Value, Work};
use crate::components::components;
use crate::network::{Gate, Network, Term};

/// Merges the strongly connected components of the implication graph. Says whether it found any. O(gates + inputs).
pub(super) fn merge(work: &mut Work) -> bool {
    let network = &work.network;
    let events = network.events();
    // Only ORs have inputs here, so that the components are those of the implications.
    let implications = Network {
        probability: network.probability.clone(),
        gates: network
            .gates
            .iter()
            .map(|gate| Gate {
                threshold: 1,
                inputs: if gate.threshold == 1 { gate.inputs.clone() } else { Vec::new() },
            })
            .collect(),
        ..Network::default()
    };
    let mut changed = false;
    for mut members in components(&implications).into_iter().filter(|members| members.len() > 1) {
        changed = true;
        members.sort_unstable();
        let representative = members[0];
        let mut inputs: Vec<Term> = Vec::new();
        for member in &members {
            inputs.append(&mut work.network.gates[member.index() - events].inputs);
        }
        for member in &members[1..] {
            work.replace(member.index() - events, Value::Same(representative));
        }
        inputs.retain(|input| members.binary_search(input).is_err());
        inputs.sort_unstable();
        inputs.dedup();
        work.network.gates[representative.index() - events] = Gate { threshold: 1, inputs };
    }
    if changed {
        work.refresh();
    }
    changed
}
