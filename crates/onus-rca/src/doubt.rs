//! Doubt: the entropy, in bits, of what a view concludes; [`terms`] takes it apart, and [`verdict`] says what it comes to.

mod terms;
mod verdict;

use serde::Serialize;

use crate::attribution::Attribution;
use crate::diagnose::Diagnosis;
use crate::figure::Figure;
use crate::outcome::Outcome;

pub use terms::{DoubtOptions, DoubtReport, Terms, Unwatched, ViewDoubt};
pub use verdict::{DoubtSource, DoubtVerdict};

/// How much a view is in doubt, at two levels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Doubt {
    /// About which fault is behind the failure.
    pub fault_bits: Figure,
    /// About who answers for it.
    pub contractor_bits: Figure,
}

impl Doubt {
    /// The entropies of the shares of the faults, and of the causal shares of the rows. What is unexplained is an
    /// outcome of its own; so are each dispute, and what nobody answers for.
    pub fn of(diagnosis: &Diagnosis, attribution: &Attribution) -> Self {
        let faults: Vec<Figure> =
            diagnosis.faults.iter().map(|finding| finding.share).chain([diagnosis.unexplained]).collect();
        // A contractor is one outcome, whether it answers alone or in a consortium.
        let rows: Vec<Figure> = Outcome::shares(attribution).into_values().collect();
        Self { fault_bits: entropy(&faults), contractor_bits: entropy(&rows) }
    }
}

/// Entropy in bits of a distribution known by figures that add up to 1.
///
/// For exact figures, −Σ q·log₂ q. For intervals, bounds that certainly contain it: the least is at least the sum of each
/// term's own least, and the greatest at most the sum of each term's own greatest, and at most log₂ of their number.
pub fn entropy(distribution: &[Figure]) -> Figure {
    let term = |q: f64| if q > 0.0 { -q * q.log2() } else { 0.0 };
    // −q log q rises up to 1/e and falls after it.
    let peak = std::f64::consts::E.recip();
    let (mut lo, mut hi) = (0.0, 0.0);
    for figure in distribution {
        let [a, b] = [figure.lo, figure.hi].map(|q| q.clamp(0.0, 1.0));
        lo += term(a).min(term(b));
        hi += if a <= peak && peak <= b { term(peak) } else { term(a).max(term(b)) };
    }
    let outcomes = distribution.iter().filter(|figure| figure.hi > 0.0).count().max(1);
    let exact = distribution.iter().all(|figure| figure.lo >= figure.hi);
    // Adding nothing turns the −0.0 of a certain outcome into 0.0.
    if exact {
        Figure::exact(lo.max(0.0) + 0.0)
    } else {
        Figure::interval(lo.max(0.0), hi.min((outcomes as f64).log2()))
    }
}

/// Entropy in bits of a distribution: −Σ q·log₂ q. What is below 0 by rounding counts as 0.
pub(crate) fn bits(distribution: impl IntoIterator<Item = f64>) -> f64 {
    let terms = distribution.into_iter().filter(|q| *q > 0.0).map(|q| -q * q.log2());
    // Adding nothing turns the −0.0 of a certain outcome into 0.0.
    terms.sum::<f64>().max(0.0) + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_of_known_distributions() {
        let of = |shares: &[f64]| entropy(&shares.iter().map(|share| Figure::exact(*share)).collect::<Vec<_>>()).lo;
        assert!((of(&[0.5, 0.5]) - 1.0).abs() < 1e-15);
        assert!((of(&[0.25; 4]) - 2.0).abs() < 1e-15);
        assert!(of(&[1.0, 0.0]).abs() < 1e-15);
    }

    #[test]
    fn intervals_contain_the_entropy_of_every_distribution_within() {
        let wide = [Figure::interval(0.2, 0.6), Figure::interval(0.1, 0.5), Figure::interval(0.0, 0.4)];
        let bounds = entropy(&wide);
        for i in 20..=60 {
            for j in 10..=50 {
                let (a, b) = (f64::from(i) / 100.0, f64::from(j) / 100.0);
                let c = 1.0 - a - b;
                if (0.0..=0.4).contains(&c) {
                    let exact = entropy(&[a, b, c].map(Figure::exact)).lo;
                    assert!(bounds.contains(exact, 1e-12), "{a} {b} {c}");
                }
            }
        }
    }
}
