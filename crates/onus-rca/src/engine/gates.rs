//! The border of the engine: gates as plain arrays, checked once.

/// Gates as they come from outside: gate `g` has failed when at least `thresholds[g]` of the gates
/// `inputs[offsets[g]..offsets[g + 1]]` have.
///
/// A gate without inputs is a basic event: nothing makes it fail but the question that is asked. Inputs may form cycles;
/// they mean the least fixpoint. An input that is listed twice counts twice. A threshold of 0 is a gate that has always
/// failed, a threshold above the number of inputs one that no input makes fail; both are legal, and a
/// [`Circuit`](super::Circuit) reports them.
///
/// ```
/// use onus_rca::engine::{Circuit, Gates};
///
/// // 2 needs 0 and 1, each alone; 3 needs one of them.
/// let gates = Gates::new(vec![1, 1, 1, 2], vec![0, 0, 0, 2, 4], vec![0, 1, 0, 1])?;
/// assert_eq!(Circuit::new(gates).node_count(), 4);
/// # Ok::<(), onus_rca::engine::InvalidGates>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gates {
    pub(super) thresholds: Vec<u32>,
    pub(super) offsets: Vec<u32>,
    pub(super) inputs: Vec<u32>,
}

/// Why some arrays are not gates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidGates {
    /// One offset more than thresholds is needed.
    #[error("{thresholds} thresholds need {} offsets, found {offsets}", thresholds + 1)]
    Lengths {
        /// Thresholds given.
        thresholds: usize,
        /// Offsets given.
        offsets: usize,
    },
    /// There are more than a circuit can number.
    #[error("a circuit holds fewer than 2^32 - 1 gates, found {found}")]
    TooMany {
        /// Gates given.
        found: usize,
    },
    /// Offsets begin at 0 and never fall.
    #[error("the offset at {at} is out of order")]
    Offset {
        /// Position in the offsets.
        at: usize,
    },
    /// The last offset is the number of inputs.
    #[error("the offsets end at {end}, but there are {inputs} inputs")]
    End {
        /// The last offset.
        end: u32,
        /// Inputs given.
        inputs: usize,
    },
    /// An input is no gate.
    #[error("the input at {at} is gate {input}, but there are {gates}")]
    Input {
        /// Position in the inputs.
        at: usize,
        /// What stands there.
        input: u32,
        /// Gates given.
        gates: usize,
    },
}

impl Gates {
    /// Checks the arrays.
    ///
    /// # Errors
    /// The first thing found wrong. O(gates + inputs).
    pub fn new(thresholds: Vec<u32>, offsets: Vec<u32>, inputs: Vec<u32>) -> Result<Self, InvalidGates> {
        let gates = thresholds.len();
        if offsets.len() != gates + 1 {
            return Err(InvalidGates::Lengths { thresholds: gates, offsets: offsets.len() });
        }
        if u32::try_from(gates).is_err() || gates as u32 == u32::MAX {
            return Err(InvalidGates::TooMany { found: gates });
        }
        if offsets[0] != 0 {
            return Err(InvalidGates::Offset { at: 0 });
        }
        if let Some(at) = offsets.windows(2).position(|pair| pair[0] > pair[1]) {
            return Err(InvalidGates::Offset { at: at + 1 });
        }
        let end = offsets[gates];
        if end as usize != inputs.len() {
            return Err(InvalidGates::End { end, inputs: inputs.len() });
        }
        if let Some(at) = inputs.iter().position(|input| *input as usize >= gates) {
            return Err(InvalidGates::Input { at, input: inputs[at], gates });
        }
        Ok(Self { thresholds, offsets, inputs })
    }

    /// How many inputs make each gate fail.
    pub fn thresholds(&self) -> &[u32] {
        &self.thresholds
    }

    /// Where the inputs of each gate begin, and after the last where they end.
    pub fn offsets(&self) -> &[u32] {
        &self.offsets
    }

    /// The inputs of all gates.
    pub fn inputs(&self) -> &[u32] {
        &self.inputs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_gates_is_refused() {
        let of = |thresholds: &[u32], offsets: &[u32], inputs: &[u32]| {
            Gates::new(thresholds.to_vec(), offsets.to_vec(), inputs.to_vec())
        };
        assert!(of(&[], &[0], &[]).is_ok());
        assert_eq!(of(&[], &[], &[]), Err(InvalidGates::Lengths { thresholds: 0, offsets: 0 }));
        assert_eq!(of(&[1], &[1, 1], &[0]), Err(InvalidGates::Offset { at: 0 }));
        assert_eq!(of(&[1, 1], &[0, 1, 0], &[]), Err(InvalidGates::Offset { at: 2 }));
        assert_eq!(of(&[1], &[0, 2], &[0]), Err(InvalidGates::End { end: 2, inputs: 1 }));
        assert_eq!(of(&[1], &[0, 1], &[1]), Err(InvalidGates::Input { at: 0, input: 1, gates: 1 }));
    }
}
