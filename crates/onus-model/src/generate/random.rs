//! The draws: `SplitMix64` (Steele, Lea & Flood 2014), begun anew for each thing that is drawn for.

/// A row of draws.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// The draws for thing `number` of a stream.
    pub(super) fn new(seed: u64, stream: u64, number: u32) -> Self {
        // Each part is mixed before the next comes in, so that near seeds and near numbers have nothing in common.
        let mut random = Self(seed);
        for part in [stream, u64::from(number)] {
            random = Self(random.next() ^ part);
        }
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below a bound that is not 0; each as likely, to within 2^-32.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u32
    }

    /// A number in `[0, 1)`, of 53 bits.
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
