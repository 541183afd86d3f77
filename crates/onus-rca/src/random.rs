//! A generator of random numbers that gives the same ones on every platform: `SplitMix64` (Steele, Lea & Flood 2014).

/// `SplitMix64`, from its seed on.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// A number in [0, 1).
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number below `bound`, which is not 0. The bias is below 2^-32 for bounds below 2^32.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }
}

/// The output function of `SplitMix64`: a bijection of words that scatters neighbours.
pub(crate) fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

/// 128 random bits for a number, the same in every run: two outputs of the generator. Sets of numbers are compared by the XOR of
/// their keys (Zobrist 1970); two different ones share it with a probability of 2^-128.
pub(crate) fn key(number: usize) -> u128 {
    let number = number as u64;
    let word = |at: u64| mix(at.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    u128::from(word(2 * number + 1)) << 64 | u128::from(word(2 * number + 2))
}
