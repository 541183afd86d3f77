//! Numbers that say how they were obtained. No answer of this crate is a bare number of unknown quality.

use serde::Serialize;

/// A number known to lie in `[lo, hi]`, and how it is known.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// Lower end.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
    /// How it was obtained.
    pub how: How,
}

/// How a figure was obtained.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// Computed; `lo` = `hi`, up to the rounding of floating-point arithmetic.
    Exact,
    /// Certainly within `[lo, hi]`.
    Interval,
    /// Within `[lo, hi]` unless the samples were unlucky, which they are with a probability of at most 1 − `confidence`.
    Estimate {
        /// How sure.
        confidence: f64,
        /// How many samples were drawn.
        samples: u64,
        /// What the generator began with; the same seed gives the same figure.
        seed: u64,
    },
}

impl How {
    /// The weaker of two: of an interval and an estimate, the estimate; of two estimates, the less sure one.
    #[must_use]
    pub fn weaker(self, other: Self) -> Self {
        match (self, other) {
            (Self::Estimate { confidence: a, .. }, Self::Estimate { confidence: b, .. }) if a <= b => self,
            (Self::Estimate { .. }, Self::Exact | Self::Interval) => self,
            (_, Self::Estimate { .. }) => other,
            _ if self < other => other,
            _ => self,
        }
    }
}

impl Figure {
    /// A computed number.
    pub const fn exact(value: f64) -> Self {
        Self { lo: value, hi: value, how: How::Exact }
    }

    /// A number certainly between two others; exact if they are one.
    pub fn interval(lo: f64, hi: f64) -> Self {
        Self { lo, hi, how: if lo < hi { How::Interval } else { How::Exact } }
    }

    /// The middle, for sorting and drawing.
    pub fn middle(self) -> f64 {
        f64::midpoint(self.lo, self.hi)
    }

    /// Whether a number lies within, give or take `slack`.
    pub fn contains(self, value: f64, slack: f64) -> bool {
        self.lo - slack <= value && value <= self.hi + slack
    }

    /// The sum of two figures.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { lo: self.lo + other.lo, hi: self.hi + other.hi, how: self.how.weaker(other.how) }
    }

    /// The difference of two figures that are known independently of each other.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self { lo: self.lo - other.hi, hi: self.hi - other.lo, how: self.how.weaker(other.how) }
    }

    /// By how much it is beyond another. Of two estimates both must hold, so that the difference is less sure than either.
    #[must_use]
    pub fn beyond(self, other: Self) -> Self {
        let how = match (self.how, other.how) {
            (How::Estimate { confidence: a, samples, seed }, How::Estimate { confidence: b, .. }) => {
                How::Estimate { confidence: (a + b - 1.0).max(0.0), samples, seed }
            }
            (a, b) => a.weaker(b),
        };
        Self { how, ..self.minus(other) }
    }

    /// The figure times a non-negative factor.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self { lo: self.lo * factor, hi: self.hi * factor, how: self.how }
    }

    /// The figure with both ends no larger than `ceiling`.
    #[must_use]
    pub fn at_most(self, ceiling: f64) -> Self {
        Self { lo: self.lo.min(ceiling), hi: self.hi.min(ceiling), how: self.how }
    }
}
