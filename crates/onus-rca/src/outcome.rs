//! Outcomes: what the doubt about who answers is between, and how a distribution over faults becomes one over them.
//!
//! An outcome is a contractor (whether it answers alone or in a consortium), one dispute, nobody, or *unexplained*. Each
//! fault goes to its outcomes in fixed fractions that the contracts alone decide, so that shares are pushed forward by a
//! sparse matrix made once: [`Outcomes::of`] asks [`Attribution`](crate::Attribution)'s own rules for each fault, and
//! [`Outcomes::push`] applies it.

use std::collections::BTreeMap;
use std::fmt;

use onus_model::{Date, FaultIndex, Model};
use serde::Serialize;

use crate::attribution::{Attribution, By, Kind, Row, answers};
use crate::doubt::bits;
use crate::figure::Figure;

/// What stands between the names of those who dispute something.
pub(crate) const BETWEEN_PARTIES: &str = " | ";

/// Shares that differ by less tie.
const TIE: f64 = 1e-9;

/// One thing that may turn out to be the answer to "who answers for it".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Outcome {
    /// The contractor, contract or group; all parties to a dispute, joined by ` | `; `unassigned`; `unexplained`.
    pub who: String,
    /// What kind of answer it is. Never [`Kind::Shared`]: a member of a consortium is itself.
    pub kind: Kind,
}

impl Outcome {
    /// The outcome that a row of an attribution belongs to.
    pub fn of(row: &Row) -> Self {
        Self::new(row.kind, row.who.clone())
    }

    fn new(kind: Kind, who: String) -> Self {
        Self { who, kind: if kind == Kind::Shared { Kind::Assigned } else { kind } }
    }

    /// The causal shares of an attribution by outcome: the rows of a contractor, alone and in consortia, are one.
    pub(crate) fn shares(attribution: &Attribution) -> BTreeMap<Self, Figure> {
        let mut shares: BTreeMap<Self, Figure> = BTreeMap::new();
        for row in &attribution.rows {
            let sum = shares.entry(Self::of(row)).or_insert(Figure::exact(0.0));
            *sum = sum.plus(row.causal);
        }
        shares
    }

    /// The outcome with the greatest share; `None` where there is none, or where two tie.
    pub(crate) fn leading(attribution: &Attribution) -> Option<(Self, Figure)> {
        let mut shares: Vec<(Self, Figure)> = Self::shares(attribution).into_iter().collect();
        shares.sort_by(|(_, a), (_, b)| b.middle().total_cmp(&a.middle()));
        let ahead = shares.get(1).is_none_or(|second| shares[0].1.middle() - second.1.middle() >= TIE);
        shares.into_iter().next().filter(|(_, share)| ahead && share.hi > 0.0)
    }

    /// Who answers, alone, in a consortium or in dispute; nobody else has anything to settle.
    pub fn parties(&self) -> impl Iterator<Item = &str> {
        let named = !matches!(self.kind, Kind::Unassigned | Kind::Unexplained);
        named.then(|| self.who.split(BETWEEN_PARTIES)).into_iter().flatten()
    }

    /// Whether it is a party that answers alone.
    pub fn is_party(&self) -> bool {
        self.kind == Kind::Assigned
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Assigned | Kind::Shared => f.write_str(&self.who),
            Kind::Disputed => write!(f, "disputed: {}", self.who),
            Kind::Unassigned => f.write_str("nobody"),
            Kind::Unexplained => f.write_str("no fault"),
        }
    }
}

/// All outcomes of a structure, and the fractions in which each fault goes to them.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcomes {
    all: Vec<Outcome>,
    /// By fault: outcome and fraction; the fractions of a fault add up to 1.
    of_fault: Vec<Vec<(usize, f64)>>,
    unexplained: usize,
}

impl Outcomes {
    /// The outcomes under the contracts of a day. O(faults · contracts over each).
    pub fn of(model: &Model, by: By, day: Option<Date>) -> Self {
        let mut number: BTreeMap<Outcome, usize> = BTreeMap::new();
        let unexplained = Outcome::new(Kind::Unexplained, "unexplained".to_owned());
        number.insert(unexplained.clone(), 0);
        let answers = answers(model, by, day);
        for (kind, who, _) in answers.iter().flatten() {
            number.insert(Outcome::new(*kind, who.clone()), 0);
        }
        for (at, place) in number.values_mut().enumerate() {
            *place = at;
        }
        let of_fault = answers
            .into_iter()
            .map(|answers| {
                let mut row: Vec<(usize, f64)> = Vec::new();
                for (kind, who, fraction) in answers {
                    let outcome = number[&Outcome::new(kind, who)];
                    match row.iter_mut().find(|(other, _)| *other == outcome) {
                        Some((_, sum)) => *sum += fraction,
                        None => row.push((outcome, fraction)),
                    }
                }
                row
            })
            .collect();
        let unexplained = number[&unexplained];
        Self { all: number.into_keys().collect(), of_fault, unexplained }
    }

    /// All outcomes, by name.
    pub fn all(&self) -> &[Outcome] {
        &self.all
    }

    /// Where a fault goes: outcomes by number, with fractions that add up to 1.
    pub fn of_fault(&self, fault: FaultIndex) -> &[(usize, f64)] {
        &self.of_fault[fault.index()]
    }

    /// The distribution over outcomes that shares of faults mean; what they leave of 1 is *unexplained*, as said.
    pub fn push(&self, shares: impl IntoIterator<Item = (FaultIndex, f64)>, unexplained: f64) -> Vec<f64> {
        let mut result = vec![0.0; self.all.len()];
        result[self.unexplained] += unexplained;
        for (fault, share) in shares {
            for (outcome, fraction) in self.of_fault(fault) {
                result[*outcome] += share * fraction;
            }
        }
        result
    }

    /// Entropy in bits of the distribution that shares of faults mean.
    pub fn bits(&self, shares: impl IntoIterator<Item = (FaultIndex, f64)>, unexplained: f64) -> f64 {
        bits(self.push(shares, unexplained))
    }
}
