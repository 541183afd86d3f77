//! Estimates: what the open worlds probably hold, by sampling them and nothing else.
//!
//! An expansion leaves P(E) = S + O · q, where the sure mass S and the open mass O are known and q is the part of the open
//! worlds that belong to the evidence. A sample picks an open leaf by its mass, then a world of it, and one sweep says
//! whether that meets the requirements. So q is the mean of independent yes-or-no samples, whatever the evidence and
//! whatever cycles there are, and the error of the estimate is that of q times O: the further the expansion got, the
//! smaller. The guarantee is absolute: with n samples q is off by more than ε with a probability of at most 2·exp(−2nε²),
//! hence P(E) by more than O·ε; relative to P(E) that is O·ε/S at most.
//!
//! Karp, Luby & Madras (1989) sample the union of cut sets for the same reason, to look only where the answer is open, and
//! weigh each sample by how many sets cover it. Open leaves are disjoint, so that there is nothing to weigh; and they need
//! neither the list of all cut sets nor evidence without healthy observations. What Karp and Luby have and this has
//! not is a relative error with a number of samples known beforehand.
//!
//! The bounds of q are Chernoff's in their sharp form (Hoeffding 1963, theorem 1): q exceeds u with probability at most
//! exp(−n · KL(k/n ‖ u)), for any n, so that a figure lies outside its bounds with at most the probability stated. A
//! posterior is a / (a + b) of two such quantities, each bounded with half the error. The statement is about each
//! figure by itself, not about all of them together.
//!
//! The generator is `SplitMix64` (Steele, Lea & Flood 2014); the logarithm is computed with basic operations only, so that
//! a seed gives the same bytes on every platform.

use super::cone::{FALSE, TRUE};
use super::expansion::{Expansion, Open};
use super::ledger::Ledger;
use super::mass::{Mass, add_up, fraction, mul_down, mul_up};
use crate::case::Case;
use crate::diagnose::{Estimates, FaultEstimate, Sampling};
use crate::figure::{Figure, How};
use crate::network::Network;
pub(super) use crate::random::Random;

/// Samples the open worlds. `None` if nothing is open or nothing was sampled.
pub(super) fn estimate(
    expansion: &mut Expansion<'_>,
    ledger: &Ledger<'_>,
    case: &Case<'_>,
    network: &Network,
    sampling: Sampling,
) -> Option<Estimates> {
    let Sampled { evidence, posterior } = sample(expansion, ledger, sampling)?;
    let Sampling { confidence, samples, seed, .. } = sampling;
    let figure =
        |mass: Mass| Figure { lo: mass.lo, hi: mass.hi.min(1.0), how: How::Estimate { confidence, samples, seed } };
    let mut posteriors: Vec<FaultEstimate> = Vec::new();
    for (fault, posterior) in network.fault.iter().zip(posterior) {
        let Some(fault) = fault else { continue };
        let id = case.graph.topology().faults()[fault.index()].id.clone();
        posteriors.push(FaultEstimate { fault: id, index: *fault, posterior: figure(posterior) });
    }
    posteriors.sort_by_key(|estimate| estimate.index);
    Some(Estimates { evidence_probability: figure(evidence), posteriors })
}

/// Bounds that hold with the confidence asked for.
pub(super) struct Sampled {
    pub(super) evidence: Mass,
    /// By event.
    pub(super) posterior: Vec<Mass>,
}

pub(super) fn sample(expansion: &mut Expansion<'_>, ledger: &Ledger<'_>, sampling: Sampling) -> Option<Sampled> {
    let open = ledger.total.open.hi;
    if open <= 0.0 || sampling.samples == 0 {
        return None;
    }
    let counts = Sampler::new(expansion, sampling.seed).run(sampling.samples);
    let error = 1.0 - sampling.confidence;
    let mass = |sure: Mass, count: u64, error: f64| {
        let (lo, hi) = chernoff(count, sampling.samples, error);
        Mass { lo: sure.lo + mul_down(open, lo), hi: add_up(sure.hi, mul_up(open, hi)) }
    };
    let posterior = |(event, count): (usize, &u64)| {
        let [present, absent] = ledger.sure(event);
        let without = counts.evidence - count;
        fraction(mass(present, *count, error / 2.0), mass(absent, without, error / 2.0))
    };
    Some(Sampled {
        evidence: mass(ledger.total.sure, counts.evidence, error),
        posterior: counts.present.iter().enumerate().map(posterior).collect(),
    })
}

struct Counts {
    /// Samples that meet the requirements.
    evidence: u64,
    /// Those among them in which each event is present.
    present: Vec<u64>,
}

struct Sampler<'e, 'n> {
    expansion: &'e mut Expansion<'n>,
    random: Random,
    leaves: Vec<Open>,
    /// Sums of the open masses up to and with each leaf.
    sums: Vec<f64>,
}

impl<'e, 'n> Sampler<'e, 'n> {
    fn new(expansion: &'e mut Expansion<'n>, seed: u64) -> Self {
        let mut leaves: Vec<Open> = expansion.queue.iter().copied().collect();
        leaves.sort_unstable_by(|a, b| b.cmp(a));
        let sums = leaves.iter().scan(0.0, |sum, leaf| {
            *sum += leaf.open;
            Some(*sum)
        });
        Self { sums: sums.collect(), expansion, random: Random(seed), leaves }
    }

    fn run(mut self, samples: u64) -> Counts {
        let mut counts = Counts { evidence: 0, present: vec![0; self.expansion.probability.len()] };
        let total = *self.sums.last().expect("something is open");
        for _ in 0..samples {
            let at = self.random.unit() * total;
            let leaf = self.leaves[self.sums.partition_point(|sum| *sum <= at).min(self.leaves.len() - 1)];
            self.draw(leaf);
            self.expansion.sweep();
            let Expansion { cone, state, .. } = &*self.expansion;
            let meets = |terms: &[u32], bits: u8| terms.iter().all(|term| state[*term as usize] == bits);
            if meets(&cone.positive, TRUE) && meets(&cone.negative, FALSE) {
                counts.evidence += 1;
                for (count, bits) in counts.present.iter_mut().zip(state) {
                    *count += u64::from(*bits == TRUE);
                }
            }
        }
        self.expansion.reset();
        counts
    }

    /// Draws a world of a leaf: every event becomes present or absent.
    fn draw(&mut self, leaf: Open) {
        for (event, p) in self.expansion.probability.iter().enumerate() {
            self.expansion.state[event] = if self.random.unit() < *p { TRUE } else { FALSE };
        }
        let mut at = leaf.at;
        if let Some(split) = self.expansion.splits.get(leaf.split as usize)
            && !leaf.leaf
        {
            // Which literal is the first not to hold, given that one is.
            while (at as usize) + 1 < split.literals.len() {
                let fails = self.expansion.weight(split.literals[at as usize].negated()).hi;
                if self.random.unit() * split.rest[at as usize] < fails {
                    break;
                }
                at += 1;
            }
        }
        let mut fixed = Vec::new();
        self.expansion.fixed(leaf.split, at, |literal| fixed.push(literal));
        for literal in fixed {
            self.expansion.state[literal.event()] = if literal.present() { TRUE } else { FALSE };
        }
    }
}

/// Bounds of a probability of which `count` of `samples` samples came out true; each is missed with at most half of
/// `error`.
pub(crate) fn chernoff(count: u64, samples: u64, error: f64) -> (f64, f64) {
    let n = samples as f64;
    let mean = count as f64 / n;
    let allowed = ln(2.0 / error) / n;
    let divergence = |q: f64| {
        let part = |p: f64, q: f64| if p > 0.0 { p * (ln(p) - ln(q)) } else { 0.0 };
        part(mean, q) + part(1.0 - mean, 1.0 - q)
    };
    // Between `inner`, which is allowed, and `outer`, which is not or is the end: the outermost that is.
    let edge = |mut inner: f64, mut outer: f64| {
        for _ in 0..100 {
            let middle = f64::midpoint(inner, outer);
            if divergence(middle) <= allowed {
                inner = middle;
            } else {
                outer = middle;
            }
        }
        outer
    };
    let lo = if count == 0 { 0.0 } else { edge(mean, 0.0) };
    let hi = if count == samples { 1.0 } else { edge(mean, 1.0) };
    (lo, hi)
}

/// The natural logarithm of a positive normal number, from basic operations, which are the same everywhere.
fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    let mut exponent = (bits >> 52) as f64 - 1023.0;
    let mut mantissa = f64::from_bits(bits & ((1 << 52) - 1) | 1023 << 52);
    if mantissa > std::f64::consts::SQRT_2 {
        mantissa /= 2.0;
        exponent += 1.0;
    }
    // ln m = 2 artanh((m − 1) / (m + 1)), and |s| < 0.172.
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let square = s * s;
    let series = (0..12_u8).rev().fold(0.0, |sum, k| sum * square + 1.0 / f64::from(2 * k + 1));
    exponent * std::f64::consts::LN_2 + 2.0 * s * series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_one() {
        for x in [1e-300, 1e-9, 0.3, 0.5, 0.999_999, 1.0, 1.5, 2.0, 20.0, 1e300] {
            assert!((ln(x) - f64::ln(x)).abs() <= 4e-16 * f64::ln(x).abs(), "{x}");
        }
    }

    #[test]
    fn bounds_hold_the_mean_and_narrow() {
        for (count, samples) in [(0, 10), (10, 10), (3, 10), (3000, 10_000), (1, 1_000_000)] {
            let (lo, hi) = chernoff(count, samples, 0.05);
            let mean = count as f64 / samples as f64;
            assert!(lo <= mean && mean <= hi && lo >= 0.0 && hi <= 1.0);
            let (wider_lo, wider_hi) = chernoff(count, samples, 0.01);
            assert!(wider_lo <= lo && hi <= wider_hi);
        }
    }
}
