//! Unit propagation: what is true or false in *every* world that meets the requirements.
//!
//! The values a world gives to the terms are a fixpoint of its gates: a gate is true exactly when at least `threshold` of
//! its inputs are. So whatever holds in all fixpoints that meet the requirements holds in the least ones:
//!
//! * a gate with enough true inputs is true, one with too few inputs left is false;
//! * a true gate that cannot spare an input (an AND; the last candidate of an OR) makes it true;
//! * a false gate that one more input would make true (an OR; at-least-k with k − 1 true ones) makes it false.
//!
//! Being the *least* fixpoint adds one rule: a gate that stays false when every event that is not known to be false is
//! present is false; this is what settles cycles that have lost all support from outside.
//!
//! Events that are nobody's fault and have probability 0 or 1 are settled too. A fault with such a probability is not:
//! what the evidence says of it, and with which faults it could trade places, does not depend on its prior.
//!
//! An input listed m times counts m times. A value that would have to be both is a contradiction: no world meets the
//! requirements. Nothing is rewritten here, so that no conclusion can support itself; see [`super::views`] for that.

use super::uses::Uses;
use crate::network::{Gate, Network, Term};

/// No world meets the requirements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Contradiction;

/// Rounds of the unsupported-gates rule, each linear. More find more, but nothing depends on it.
const MOST_ROUNDS: usize = 16;

/// What is known of each term. O((gates + inputs) · rounds), where a second round is rare.
pub(super) fn settle(network: &Network, uses: &Uses) -> Result<Vec<Option<bool>>, Contradiction> {
    let mut settling = Settling::new(network, uses);
    for (event, p) in network.probability.iter().enumerate().filter(|(event, _)| network.fault[*event].is_none()) {
        if *p <= 0.0 {
            settling.assign(Term(event as u32), false)?;
        } else if *p >= 1.0 {
            settling.assign(Term(event as u32), true)?;
        }
    }
    for requirement in &network.requirements {
        settling.assign(requirement.term, requirement.holds)?;
    }
    for gate in 0..network.gates.len() {
        settling.check(gate)?;
    }
    settling.propagate()?;
    for _ in 0..MOST_ROUNDS {
        if !settling.unsupported()? {
            break;
        }
        settling.propagate()?;
    }
    Ok(settling.known)
}

struct Settling<'n> {
    network: &'n Network,
    uses: &'n Uses,
    known: Vec<Option<bool>>,
    open: Vec<Term>,
    /// By gate: inputs known to be true, and not known, as often as they are listed.
    on: Vec<u32>,
    unknown: Vec<u32>,
    /// By gate: nothing more can follow from it.
    done: Vec<bool>,
    /// By gate: some input is listed twice.
    repeats: Vec<bool>,
}

impl<'n> Settling<'n> {
    fn new(network: &'n Network, uses: &'n Uses) -> Self {
        let mut scratch = Vec::new();
        let repeats = network
            .gates
            .iter()
            .map(|gate| {
                if gate.threshold <= 1 || gate.inputs.len() < 2 {
                    return false;
                }
                scratch.clone_from(&gate.inputs);
                scratch.sort_unstable();
                scratch.windows(2).any(|pair| pair[0] == pair[1])
            })
            .collect();
        Self {
            network,
            uses,
            known: vec![None; network.len()],
            open: Vec::new(),
            on: vec![0; network.gates.len()],
            unknown: network.gates.iter().map(|gate| gate.inputs.len() as u32).collect(),
            done: vec![false; network.gates.len()],
            repeats,
        }
    }

    fn assign(&mut self, term: Term, value: bool) -> Result<(), Contradiction> {
        match self.known[term.index()] {
            Some(known) if known != value => Err(Contradiction),
            Some(_) => Ok(()),
            None => {
                self.known[term.index()] = Some(value);
                self.open.push(term);
                Ok(())
            }
        }
    }

    fn propagate(&mut self) -> Result<(), Contradiction> {
        while let Some(term) = self.open.pop() {
            let value = self.known[term.index()] == Some(true);
            // All counters first: a gate that lists the term twice must not be judged halfway.
            for gate in self.uses.of(term) {
                self.unknown[*gate as usize] -= 1;
                self.on[*gate as usize] += u32::from(value);
            }
            for gate in self.uses.of(term) {
                self.check(*gate as usize)?;
            }
            if let Some(gate) = term.index().checked_sub(self.network.events()) {
                self.check(gate)?;
            }
        }
        Ok(())
    }

    /// Draws every conclusion from one gate. The inputs are looked at once, unless some are listed twice.
    fn check(&mut self, gate: usize) -> Result<(), Contradiction> {
        if self.done[gate] {
            return Ok(());
        }
        let network = self.network;
        let Gate { threshold, inputs } = &network.gates[gate];
        let (on, unknown) = (self.on[gate], self.unknown[gate]);
        let term = Term((network.events() + gate) as u32);
        if on >= *threshold {
            self.done[gate] = true;
            return self.assign(term, true);
        }
        if on + unknown < *threshold {
            self.done[gate] = true;
            return self.assign(term, false);
        }
        // How often an unknown input must be listed for its value to follow.
        let (value, least) = match self.known[term.index()] {
            None => return Ok(()),
            Some(true) => (true, on + unknown - threshold + 1),
            Some(false) => (false, threshold - on),
        };
        if least == 1 {
            self.done[gate] = true;
            for input in inputs {
                if self.known[input.index()].is_none() {
                    self.assign(*input, value)?;
                }
            }
        } else if self.repeats[gate] {
            let mut sorted: Vec<Term> =
                inputs.iter().copied().filter(|input| self.known[input.index()].is_none()).collect();
            sorted.sort_unstable();
            for run in sorted.chunk_by(|a, b| a == b) {
                // Values assigned here are not counted yet, so `least` still goes by what was unknown at the beginning.
                if run.len() as u32 >= least {
                    self.assign(run[0], value)?;
                }
            }
        }
        Ok(())
    }

    /// Makes false what nothing could support. Says whether it found anything.
    fn unsupported(&mut self) -> Result<bool, Contradiction> {
        let network = self.network;
        let events = network.events();
        let possible = possible(network, self.uses, |term| self.known[term.index()] != Some(false));
        let mut found = false;
        for gate in 0..network.gates.len() {
            let term = Term((events + gate) as u32);
            if !possible[term.index()] && self.known[term.index()] != Some(false) {
                self.assign(term, false)?;
                found = true;
            }
        }
        Ok(found)
    }
}

/// The least fixpoint when every event that `may` be true is; gates that may not be true are not.
pub(super) fn possible(network: &Network, uses: &Uses, may: impl Fn(Term) -> bool) -> Vec<bool> {
    let events = network.events();
    let mut possible = vec![false; network.len()];
    let mut missing: Vec<u32> = network.gates.iter().map(|gate| gate.threshold).collect();
    let mut open: Vec<Term> = (0..events as u32).map(Term).filter(|event| may(*event)).collect();
    for (gate, missing) in missing.iter().enumerate() {
        let term = Term((events + gate) as u32);
        if *missing == 0 && may(term) {
            open.push(term);
        }
    }
    for term in &open {
        possible[term.index()] = true;
    }
    while let Some(term) = open.pop() {
        for gate in uses.of(term) {
            let counter = &mut missing[*gate as usize];
            if *counter > 0 {
                *counter -= 1;
                let term = Term((events + *gate as usize) as u32);
                if *counter == 0 && may(term) {
                    possible[term.index()] = true;
                    open.push(term);
                }
            }
        }
    }
    possible
}
