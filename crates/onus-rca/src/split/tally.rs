//! What is summed up over readings. Every figure here is an expectation over incidents of something that depends on the
//! posterior given what is read, so that one sum serves both ways of counting: a class of incidents that read alike, with its
//! probability, and a drawn incident, with one n-th.

use crate::doubt::bits;

/// A posterior given a reading: outcomes by number, in order, with probabilities that add up to 1.
pub(super) type Posterior = [(u32, f64)];

/// Up to how many contractors CIR(L) is given.
pub(super) const LEVELS: usize = 4;

/// An expectation, with what its error needs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mean {
    pub(super) value: f64,
    squares: f64,
}

impl Mean {
    pub(super) fn add(&mut self, weight: f64, value: f64) {
        self.value += weight * value;
        self.squares += weight * value * value;
    }

    pub(super) fn plus(self, other: Self, sign: f64) -> Self {
        Self { value: self.value + sign * other.value, squares: self.squares + sign * other.squares }
    }

    pub(super) fn times(self, factor: f64) -> Self {
        Self { value: self.value * factor, squares: self.squares * factor * factor }
    }

    /// Of a sample of size n.
    pub(super) fn variance(self, n: f64) -> f64 {
        ((self.squares - self.value * self.value) * n / (n - 1.0)).max(0.0)
    }
}

/// What a view comes to, at one level.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    /// H(R | reading), in bits.
    pub(super) entropy: Mean,
    /// Probability of the most probable outcome.
    pub(super) accuracy: Mean,
    /// Whether the reading leaves one outcome.
    pub(super) isolated: Mean,
    /// How many outcomes are named, the most probable first, until it is the one.
    pub(super) guesses: Mean,
}

/// What one reading says of who answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Read {
    /// H(R | reading), in bits.
    pub(super) bits: f64,
    /// Probability of the most probable outcome.
    pub(super) accuracy: f64,
    /// How many outcomes are named, the most probable first, until it is the one.
    pub(super) guesses: f64,
    /// How many outcomes it leaves.
    pub(super) left: usize,
    /// The one outcome it leaves, with its probability.
    pub(super) alone: Option<(u32, f64)>,
}

impl Read {
    /// What has less than `negligible` counts as told apart. O(outcomes · log).
    pub(super) fn of(posterior: &Posterior, negligible: f64) -> Self {
        let mut left = posterior.iter().filter(|(_, q)| *q > 0.0 && *q >= negligible);
        let (first, more) = (left.next().copied(), left.count());
        Self {
            bits: bits(posterior.iter().map(|(_, q)| *q)),
            accuracy: posterior.iter().map(|(_, q)| *q).fold(0.0, f64::max),
            guesses: guesses(posterior),
            left: usize::from(first.is_some()) + more,
            alone: first.filter(|_| more == 0),
        }
    }
}

impl Read {
    /// Where nothing but the doubt is asked for; the rest is 0.
    pub(super) fn doubt(posterior: &Posterior) -> Self {
        Self { bits: bits(posterior.iter().map(|(_, q)| *q)), accuracy: 0.0, guesses: 0.0, left: 0, alone: None }
    }
}

impl Tally {
    pub(super) fn add(&mut self, weight: f64, read: &Read) {
        self.entropy.add(weight, read.bits);
        self.accuracy.add(weight, read.accuracy);
        self.isolated.add(weight, f64::from(u8::from(read.alone.is_some())));
        self.guesses.add(weight, read.guesses);
    }

    pub(super) fn plus(self, other: Self, sign: f64) -> Self {
        Self {
            entropy: self.entropy.plus(other.entropy, sign),
            accuracy: self.accuracy.plus(other.accuracy, sign),
            isolated: self.isolated.plus(other.isolated, sign),
            guesses: self.guesses.plus(other.guesses, sign),
        }
    }
}

/// Expected number of outcomes that are named, the most probable first, until it is the one (Massey 1994). O(n log n).
fn guesses(posterior: &Posterior) -> f64 {
    let mut shares: Vec<f64> = posterior.iter().map(|(_, q)| *q).collect();
    shares.sort_unstable_by(|a, b| b.total_cmp(a));
    shares.iter().zip(1_u32..).map(|(q, place)| q * f64::from(place)).sum()
}

/// What all channels together come to, at the level of contractors.
#[derive(Clone, Debug, Default)]
pub(super) struct Detail {
    /// CIR(1), CIR(2), …: whether the reading leaves at most so many outcomes.
    pub(super) cir: [Mean; LEVELS],
    /// How many outcomes the reading leaves.
    pub(super) ambiguity: Mean,
    /// By outcome: whether it is the answer and the reading leaves it alone.
    pub(super) isolated: Vec<Mean>,
    /// By outcome and outcome: whether one is the answer and a draw from the posterior gives the other. Empty where it was
    /// not asked for.
    pub(super) confused: Vec<Mean>,
}

impl Detail {
    pub(super) fn of(outcomes: usize, confusion: usize) -> Self {
        let confused = if outcomes <= confusion { outcomes * outcomes } else { 0 };
        Self { isolated: vec![Mean::default(); outcomes], confused: vec![Mean::default(); confused], ..Self::default() }
    }

    pub(super) fn add(&mut self, weight: f64, read: &Read, posterior: &Posterior) {
        for (at, level) in self.cir.iter_mut().enumerate() {
            level.add(weight, f64::from(u8::from(read.left <= at + 1)));
        }
        self.ambiguity.add(weight, read.left as f64);
        if let Some((outcome, q)) = read.alone {
            self.isolated[outcome as usize].add(weight, q);
        }
        if self.confused.is_empty() {
            return;
        }
        let outcomes = self.isolated.len();
        for (outcome, q) in posterior {
            for (other, r) in posterior {
                self.confused[*outcome as usize * outcomes + *other as usize].add(weight, q * r);
            }
        }
    }
}
