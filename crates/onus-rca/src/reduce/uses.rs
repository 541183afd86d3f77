//! Where each term of a network is used, in compressed sparse rows.

use crate::network::{Network, Term};

/// The gates that each term is an input of, once for each time it is listed.
pub(super) struct Uses {
    offsets: Vec<u32>,
    gates: Vec<u32>,
}

impl Uses {
    /// O(terms + inputs), by counting sort.
    pub(super) fn of_network(network: &Network) -> Self {
        let mut offsets = vec![0_u32; network.len() + 2];
        for input in network.gates.iter().flat_map(|gate| &gate.inputs) {
            offsets[input.index() + 2] += 1;
        }
        for at in 2..offsets.len() {
            offsets[at] += offsets[at - 1];
        }
        let mut gates = vec![0; *offsets.last().expect("there are always two") as usize];
        for (gate, inputs) in network.gates.iter().map(|gate| &gate.inputs).enumerate() {
            for input in inputs {
                let place = &mut offsets[input.index() + 1];
                gates[*place as usize] = gate as u32;
                *place += 1;
            }
        }
        offsets.pop();
        Self { offsets, gates }
    }

    pub(super) fn of(&self, term: Term) -> &[u32] {
        &self.gates[self.offsets[term.index()] as usize..self.offsets[term.index() + 1] as usize]
    }
}
