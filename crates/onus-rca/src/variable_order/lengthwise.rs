//! Events from one end of the network to the other.
//!
//! What a diagram has to remember at a level is what the gates are that events on either side of it enter. A depth-first
//! order goes down to the bottom and back again and again, so that in a network in which everything is used by several
//! the gates begun and not ended are most of it. Where the network is longer than it is wide (needs are met nearby: within
//! a site, a region, a rack), an order that sweeps along its length has few of them at any place.
//!
//! The length is found without knowing what is near: from any term the farthest is one end, the farthest from that the
//! other, and a term's place is its distance from one end less that from the other. Distances are whole numbers, most
//! places are shared, so they are *smoothed*: a term takes the mean of its own place and that of its neighbours, some
//! rounds long. Smoothing for ever would give the eigenvector that says where to cut the network in two with the least loss
//! (Fiedler); the ends are there from the start, so that few rounds do.
//!
//! Literature: Fiedler (1975), A property of eigenvectors of nonnegative symmetric matrices and its application to graph
//! theory; Juvan & Mohar (1992), Optimal linear labelings and eigenvalues of graphs; George & Liu (1979), An
//! implementation of a pseudoperipheral node finder.

use crate::network::{Network, Term};

/// Rounds of smoothing.
const ROUNDS: usize = 60;

/// The events of `order`, sorted by their place along the network; ties stay in the order given.
///
/// O(rounds · inputs of gates).
pub(super) fn lengthwise(network: &Network, mut order: Vec<Term>) -> Vec<Term> {
    let neighbours = Neighbours::of(network);
    let mut place = neighbours.places();
    for _ in 0..ROUNDS {
        place = neighbours.smoothed(&place);
    }
    order.sort_by(|a, b| place[a.index()].total_cmp(&place[b.index()]));
    order
}

/// Who is next to whom: gates and their inputs, both ways, in compressed rows.
struct Neighbours {
    start: Vec<u32>,
    next: Vec<u32>,
}

impl Neighbours {
    fn of(network: &Network) -> Self {
        let inputs = || {
            let gates = (network.events() as u32..).zip(&network.gates);
            gates.flat_map(|(gate, inputs)| inputs.inputs.iter().map(move |input| (gate, input.0)))
        };
        let mut start = vec![0_u32; network.len() + 1];
        for (gate, input) in inputs() {
            start[gate as usize + 1] += 1;
            start[input as usize + 1] += 1;
        }
        for at in 1..start.len() {
            start[at] += start[at - 1];
        }
        let mut end = start.clone();
        let mut next = vec![0; start[network.len()] as usize];
        let mut link = |from: u32, to: u32| {
            next[end[from as usize] as usize] = to;
            end[from as usize] += 1;
        };
        for (gate, input) in inputs() {
            link(gate, input);
            link(input, gate);
        }
        Self { start, next }
    }

    fn len(&self) -> usize {
        self.start.len() - 1
    }

    fn of_term(&self, term: usize) -> &[u32] {
        &self.next[self.start[term] as usize..self.start[term + 1] as usize]
    }

    /// How much nearer each term is to one end of its connected piece than to the other. O(terms + neighbours).
    fn places(&self) -> Vec<f64> {
        let mut place = vec![0.0; self.len()];
        let mut distance = [vec![FAR; self.len()], vec![FAR; self.len()], vec![FAR; self.len()]];
        for term in 0..self.len() as u32 {
            if distance[0][term as usize] != FAR {
                continue;
            }
            let [anywhere, one, other] = &mut distance;
            let first = self.walk(term, anywhere)[..].last().copied().unwrap_or(term);
            let last = self.walk(first, one)[..].last().copied().unwrap_or(term);
            for term in self.walk(last, other) {
                let term = term as usize;
                place[term] = f64::from(one[term]) - f64::from(other[term]);
            }
        }
        place
    }

    /// Writes how far everything connected with `from` is from it, and returns that, nearest first.
    fn walk(&self, from: u32, distance: &mut [u32]) -> Vec<u32> {
        distance[from as usize] = 0;
        let mut reached = vec![from];
        let mut at = 0;
        while let Some(term) = reached.get(at).map(|term| *term as usize) {
            at += 1;
            for next in self.of_term(term) {
                if distance[*next as usize] == FAR {
                    distance[*next as usize] = distance[term] + 1;
                    reached.push(*next);
                }
            }
        }
        reached
    }

    /// Half of each place and half of the mean of the places next to it.
    fn smoothed(&self, place: &[f64]) -> Vec<f64> {
        let mean = |neighbours: &[u32]| {
            neighbours.iter().map(|next| place[*next as usize]).sum::<f64>() / neighbours.len() as f64
        };
        let smooth = |term: usize| match self.of_term(term) {
            [] => place[term],
            neighbours => 0.5 * place[term] + 0.5 * mean(neighbours),
        };
        (0..self.len()).map(smooth).collect()
    }
}

/// Not reached.
const FAR: u32 = u32::MAX;
