//! Shares of faults in worlds that surely belong to the evidence.
//!
//! In such worlds some faults are present, some absent, and the others free. The game of DESIGN.md 3.3 among the present
//! faults is played with the free events absent; a set of faults that then does not explain a failure might still do so
//! together with free ones. It cannot where a way out of the failure, found with only that set present, is absent. So in
//! the worlds in which all these ways out are absent, the free faults explain nothing, the game is the one played, and its
//! Shapley values are the shares. The rest of the worlds stays unshared.

use onus_model::FaultIndex;

use super::cone::{FALSE, OPEN, TRUE};
use super::expansion::Expansion;
use super::mass::{Mass, add_up, mul_up};

/// Games among more faults are not played.
const MOST_PLAYERS: usize = 6;

/// Relative error of a Shapley value computed from at most 2⁶ terms: each has a weight of two roundings and a value of one,
/// and 2⁶ positive terms are added; far below 2⁻⁴⁴.
const SHAPLEY_ERROR: f64 = 1.0 / (1_u64 << 44) as f64;

/// What is known of shares, as mass.
pub(super) struct Shares {
    /// By event: mass that surely is the fault's share.
    pub(super) own: Vec<Mass>,
    pub(super) unexplained: Mass,
    /// By split: mass of its sure part that is not shared out, at most.
    pub(super) unshared: Vec<f64>,
}

impl Shares {
    pub(super) fn new(events: usize) -> Self {
        Self { own: vec![Mass::ZERO; events], unexplained: Mass::ZERO, unshared: Vec::new() }
    }

    /// Shares out a split's sure part, if it has one. Called for every split, in order.
    pub(super) fn share(&mut self, expansion: &mut Expansion<'_>, fault: &[Option<FaultIndex>], number: u32) {
        let split = &expansion.splits[number as usize];
        let Some(sure) = split.sure else {
            self.unshared.push(0.0);
            return;
        };
        expansion.enter(number);
        expansion.searcher.visits += fault.len() as u64;
        let players: Vec<u32> =
            (0..fault.len()).filter(|e| fault[*e].is_some() && expansion.state[*e] == TRUE).map(|e| e as u32).collect();
        let decided = (players.len() <= MOST_PLAYERS).then(|| play(expansion, &players));
        expansion.release();
        let Some(Game { explained, ways_out }) = decided else {
            self.unshared.push(sure.hi);
            return;
        };
        let mut mass = sure;
        let mut not_shared = 0.0;
        for event in ways_out {
            let p = expansion.probability[event as usize];
            not_shared = add_up(not_shared, mul_up(mass.hi, p));
            mass *= Mass::complement(p);
        }
        self.unshared.push(not_shared);
        let failures = expansion.cone.failures.len() as f64;
        for (at, player) in players.iter().enumerate() {
            let value = shapley(&explained, players.len(), at) / failures;
            self.own[*player as usize] += mass.times(about(value));
        }
        let missing = failures - explained[explained.len() - 1];
        self.unexplained += mass.times(about(missing / failures));
    }
}

fn about(value: f64) -> Mass {
    Mass { lo: value * (1.0 - SHAPLEY_ERROR), hi: value * (1.0 + SHAPLEY_ERROR) }
}

struct Game {
    /// For each set of players, as bits: how many failures it explains.
    explained: Vec<f64>,
    /// Events; where they are absent, what is free explains nothing.
    ways_out: Vec<u32>,
}

/// Plays the game among `players`, from the largest sets to the smallest.
fn play(expansion: &mut Expansion<'_>, players: &[u32]) -> Game {
    let everybody = (1_usize << players.len()) - 1;
    let mut explained = vec![0.0; everybody + 1];
    let mut ways_out: Vec<u32> = Vec::new();
    // For each failure, the sets that surely do not explain it once the ways out are absent: nor do their subsets.
    let mut excluded: Vec<Vec<usize>> = vec![Vec::new(); expansion.cone.failures.len()];
    let mut sets: Vec<usize> = (0..=everybody).collect();
    sets.sort_by_key(|set| std::cmp::Reverse(set.count_ones()));
    for set in sets {
        for (at, player) in players.iter().enumerate() {
            expansion.state[*player as usize] = if set & (1 << at) == 0 { FALSE } else { TRUE };
        }
        expansion.sweep();
        let mut targets = Vec::new();
        for (at, failure) in expansion.cone.failures.iter().enumerate() {
            let bits = expansion.state[*failure as usize];
            if bits == TRUE {
                explained[set] += 1.0;
            } else if !excluded[at].iter().any(|larger| set & larger == set) {
                excluded[at].push(set);
                if bits == OPEN {
                    targets.push(*failure);
                }
            }
        }
        if !targets.is_empty() {
            let Expansion { searcher, cone, state, .. } = expansion;
            searcher.price(cone, state);
            searcher.avoid(cone, state, &targets, &mut ways_out);
        }
    }
    // Certain faults are not freed with the leaf.
    for player in players {
        expansion.state[*player as usize] = TRUE;
    }
    ways_out.sort_unstable();
    ways_out.dedup();
    Game { explained, ways_out }
}

/// Shapley value of one of `count` players.
fn shapley(value: &[f64], count: usize, player: usize) -> f64 {
    let bit = 1 << player;
    // 1 / (n · C(n − 1, s)) for a set of s others.
    let mut weights = vec![1.0 / count as f64; count];
    for size in 1..count {
        weights[size] = weights[size - 1] * size as f64 / (count - size) as f64;
    }
    let others = (0..value.len()).filter(|set| set & bit == 0);
    others.map(|set| weights[set.count_ones() as usize] * (value[set | bit] - value[set])).sum()
}
