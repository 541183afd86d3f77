//! Doubt: the entropy, in bits, of what a view concludes.

use serde::Serialize;

use crate::attribution::{Attribution, Kind};
use crate::diagnose::Diagnosis;
use crate::figure::Figure;

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
        let mut outcomes: Vec<(&str, bool, Figure)> = Vec::new();
        for row in &attribution.rows {
            let own = matches!(row.kind, Kind::Assigned | Kind::Shared);
            match outcomes.iter_mut().find(|(who, party, _)| own && *party && *who == row.who) {
                Some((_, _, sum)) => *sum = sum.plus(row.causal),
                None => outcomes.push((&row.who, own, row.causal)),
            }
        }
        let rows: Vec<Figure> = outcomes.into_iter().map(|(_, _, causal)| causal).collect();
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
