//! Arithmetic whose results certainly contain the true value: every operation rounds outward.
//!
//! A [`Mass`] is a non-negative real number known to lie in `[lo, hi]`. An addition, subtraction, product or quotient of
//! doubles is within half a unit in the last place of the true result (IEEE 754), so that the next double below, or
//! above, is beyond it; that holds at any magnitude, underflow included: a product that underflows to 0 has the smallest
//! subnormal number as its upper end. No error analysis of sums or of long products is therefore needed, and adversarial
//! probabilities (1e-300, 1 − 2⁻⁵³, a million terms) widen a bound but never break it. Zero and one are kept exact: what
//! is impossible stays impossible, however many operations follow.
//!
//! Literature: Moore (1966), Interval Analysis.

#![allow(clippy::float_cmp, reason = "whether a result is exact is the question")]

/// A non-negative number known to lie in `[lo, hi]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mass {
    pub(super) lo: f64,
    pub(super) hi: f64,
}

impl Mass {
    pub(super) const ZERO: Self = Self::exact(0.0);
    pub(super) const ONE: Self = Self::exact(1.0);

    /// A double, as it is.
    pub(super) const fn exact(value: f64) -> Self {
        Self { lo: value, hi: value }
    }

    /// 1 − p of a probability as it is.
    pub(super) fn complement(p: f64) -> Self {
        Self { lo: down(1.0 - p, 1.0 - (1.0 - p) == p), hi: up(1.0 - p, 1.0 - (1.0 - p) == p).min(1.0) }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self { lo: add_down(self.lo, other.lo), hi: add_up(self.hi, other.hi) }
    }

    pub(super) fn times(self, other: Self) -> Self {
        Self { lo: mul_down(self.lo, other.lo), hi: mul_up(self.hi, other.hi) }
    }

    /// This less a part of it: never below 0.
    pub(super) fn less(self, part: Self) -> Self {
        Self { lo: sub_down(self.lo, part.hi), hi: sub_up(self.hi, part.lo) }
    }

    /// The share of a whole that a part of it is, given the part: at most 1.
    pub(super) fn over(self, whole: Self) -> Self {
        let lo = if whole.hi > 0.0 { div_down(self.lo, whole.hi) } else { 0.0 };
        let hi = if whole.lo > 0.0 { div_up(self.hi, whole.lo) } else { 1.0 };
        Self { lo, hi }.at_most(1.0)
    }

    /// What both of two bounds of the same number say.
    pub(super) fn and(self, other: Self) -> Self {
        Self { lo: self.lo.max(other.lo), hi: self.hi.min(other.hi) }
    }

    /// A number no larger than `hi`.
    pub(super) fn at_most(self, hi: f64) -> Self {
        Self { lo: self.lo.min(hi), hi: self.hi.min(hi) }
    }
}

impl std::ops::AddAssign for Mass {
    fn add_assign(&mut self, other: Self) {
        *self = self.plus(other);
    }
}

impl std::ops::MulAssign for Mass {
    fn mul_assign(&mut self, other: Self) {
        *self = self.times(other);
    }
}

/// a / (a + b) of the least `a` and greatest `b`, and the other way round; `[0, 1]` where nothing is known.
pub(super) fn fraction(a: Mass, b: Mass) -> Mass {
    let lo = if a.lo > 0.0 { div_down(a.lo, add_up(a.lo, b.hi)) } else { 0.0 };
    let hi = if a.hi <= 0.0 && b.lo > 0.0 {
        0.0
    } else if b.lo > 0.0 {
        div_up(a.hi, add_down(a.hi, b.lo)).min(1.0)
    } else {
        1.0
    };
    Mass { lo: lo.min(hi), hi }
}

/// At most `a + b`.
pub(super) fn add_up(a: f64, b: f64) -> f64 {
    let sum = a + b;
    up(sum, is_exact_sum(a, b, sum))
}

fn add_down(a: f64, b: f64) -> f64 {
    let sum = a + b;
    down(sum, is_exact_sum(a, b, sum))
}

pub(super) fn sub_up(a: f64, b: f64) -> f64 {
    up(a - b, b == 0.0).max(0.0)
}

pub(super) fn sub_down(a: f64, b: f64) -> f64 {
    down(a - b, b == 0.0 || a == b)
}

pub(super) fn mul_up(a: f64, b: f64) -> f64 {
    up(a * b, a == 0.0 || b == 0.0 || a == 1.0 || b == 1.0)
}

pub(super) fn mul_down(a: f64, b: f64) -> f64 {
    down(a * b, a == 1.0 || b == 1.0)
}

fn div_up(a: f64, b: f64) -> f64 {
    up(a / b, a == 0.0)
}

fn div_down(a: f64, b: f64) -> f64 {
    down(a / b, a == 0.0)
}

/// Whether a sum of non-negative numbers needed no rounding: the rounding error of a sum is itself a double, which
/// subtraction recovers (Knuth, The Art of Computer Programming 2, 4.2.2).
fn is_exact_sum(a: f64, b: f64, sum: f64) -> bool {
    let (large, small) = if a >= b { (a, b) } else { (b, a) };
    sum - large == small
}

fn up(value: f64, exact: bool) -> f64 {
    if exact { value } else { value.next_up() }
}

fn down(value: f64, exact: bool) -> f64 {
    if exact { value } else { value.next_down().max(0.0) }
}
