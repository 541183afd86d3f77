//! How many failures each gate still lacks: the one state that spreading changes.
//!
//! A byte a node, so that the state of 10⁶ gates fits the second-level cache. The few gates that lack 255 or more keep their
//! count beside.

use super::circuit::WIDE;
use super::{Circuit, Node};

/// What each gate lacks before a question is asked: its threshold, less what some given failures take from it.
#[derive(Clone, Debug)]
pub(super) struct Counters {
    /// By node: 0 has failed, [`WIDE`] stands beside.
    pub(super) narrow: Vec<u8>,
    /// By position in the circuit's wide thresholds; below [`WIDE`] it no longer counts.
    pub(super) wide: Vec<u32>,
}

impl Counters {
    pub(super) fn of(circuit: &Circuit) -> Self {
        let wide = circuit.wide.iter().map(|(_, threshold)| *threshold).collect();
        Self { narrow: circuit.threshold.clone(), wide }
    }

    /// One input of a gate has failed; says whether that made it fail.
    #[inline]
    pub(super) fn lose(&mut self, circuit: &Circuit, gate: Node) -> Lost {
        let lacks = &mut self.narrow[gate.index()];
        match *lacks {
            0 => Lost::Already,
            1 => {
                *lacks = 0;
                Lost::Now
            }
            WIDE => {
                self.lose_wide(circuit, gate);
                Lost::NotYet
            }
            _ => {
                *lacks -= 1;
                Lost::NotYet
            }
        }
    }

    /// As [`Self::lose`], for what is too rare to be inlined.
    #[cold]
    pub(super) fn lose_wide(&mut self, circuit: &Circuit, gate: Node) {
        let lacks = &mut self.wide[circuit.wide_position(gate)];
        *lacks -= 1;
        if *lacks < u32::from(WIDE) {
            self.narrow[gate.index()] = *lacks as u8;
        }
    }

    /// Sets one node back to what it lacked at the start.
    #[inline]
    pub(super) fn reset(&mut self, circuit: &Circuit, start: &Self, node: Node) {
        let lacks = start.narrow[node.index()];
        self.narrow[node.index()] = lacks;
        if !circuit.wide.is_empty() && circuit.threshold[node.index()] == WIDE {
            let at = circuit.wide_position(node);
            self.wide[at] = start.wide[at];
        }
    }

    /// Sets everything back.
    pub(super) fn reset_all(&mut self, start: &Self) {
        self.narrow.copy_from_slice(&start.narrow);
        self.wide.copy_from_slice(&start.wide);
    }

    /// What a gate lacks.
    pub(super) fn lacks(&self, circuit: &Circuit, gate: Node) -> u32 {
        match self.narrow[gate.index()] {
            WIDE => self.wide[circuit.wide_position(gate)],
            narrow => u32::from(narrow),
        }
    }
}

/// What the failure of an input did to a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// It had failed before.
    Already,
    /// It fails now.
    Now,
    /// It lacks one less.
    NotYet,
}
