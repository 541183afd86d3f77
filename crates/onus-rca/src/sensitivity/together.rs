//! All assumed priors at once: bounds that hold for certain, and seeded draws. See the parent module for the proofs.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Levels, Response, SensitivityOptions, Study, levels};
use crate::belief::leader;
use crate::decision_diagram::BudgetExceeded;
use crate::figure::{Figure, How};
use crate::interval::estimate::chernoff;
use crate::random::Random;

/// What all assumed priors do at once, each within its range.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AllAtOnce {
    /// The leader's share is in here for certain, whatever the factors.
    pub certain: Figure,
    /// Whether the leader leads for certain, whatever the factors.
    pub always_leads: bool,
    /// Who or what leads instead most often in the draws, or else in a corner of the range.
    pub overtaken_by: Option<String>,
    /// The least and the greatest share of the leader in the draws: as sure as said, a further draw falls in here with a
    /// probability of at least `covers`. `None` without draws.
    pub sampled: Option<Figure>,
    /// See `sampled`.
    pub covers: f64,
    /// Probability that a draw leaves the leader in the lead. `None` without draws.
    pub leads: Option<Figure>,
}

/// Shares are known to this; bounds are widened by as much.
const ROUNDING: f64 = 1e-9;
/// More faults' corners are never visited.
const MOST_CORNERS: usize = 16;

/// The least and greatest share of each outcome, by level.
struct Bounds {
    lo: Levels,
    hi: Levels,
    /// By level: who leads where the base's leader does not, in some corner.
    overtaken: [Option<usize>; 2],
}

/// Both levels; `None` for a level without a leader.
pub(super) fn together(
    study: &mut Study<'_>,
    base: &Levels,
    responses: &[Response],
    leaders: [Option<usize>; 2],
    names: &[Vec<String>; 2],
    options: &SensitivityOptions,
) -> Result<[Option<AllAtOnce>; 2], BudgetExceeded> {
    // The most influential first: by how far any share moves from end to end.
    let influence = |response: &Response| {
        let moves = (0..2).flat_map(|level| (0..base[level].len()).map(move |at| (level, at)));
        let ends = [1.0 / study.factor, study.factor];
        let moved = moves.map(|(level, at)| {
            let [a, b] = ends.map(|factor| response.share(level, at, factor));
            (a - b).abs()
        });
        (moved.fold(0.0, f64::max) * 1e12).round()
    };
    let mut order: Vec<usize> = (0..responses.len()).collect();
    order.sort_by(|a, b| influence(&responses[*b]).total_cmp(&influence(&responses[*a])));
    let events: Vec<usize> = order.iter().map(|at| study.varied[*at]).collect();
    let (corners, rest) = events.split_at(events.len().min(options.corners.min(MOST_CORNERS)));
    let mut bounds = visit(study, base, corners, leaders)?;
    for event in rest {
        widen(study, &mut bounds, *event)?;
    }
    let draws = draw(study, leaders, options)?;
    Ok([0, 1].map(|level| {
        let first = leaders[level]?;
        let [lo, hi] = [&bounds.lo[level], &bounds.hi[level]];
        let mut others = (0..lo.len()).filter(|at| *at != first);
        let apart = others.all(|other| lo[first] - ROUNDING > hi[other] + ROUNDING);
        // Where the corners are all there are, the difference of two shares has its sign from them: it is a quotient too.
        let everywhere = rest.is_empty() && bounds.overtaken[level].is_none();
        let drawn = &draws[level];
        let most_often = drawn.others.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0))).map(|(at, _)| *at);
        let (samples, seed, confidence) = (options.draws, options.seed, options.confidence);
        let estimate = |lo: f64, hi: f64| Figure { lo, hi, how: How::Estimate { confidence, samples, seed } };
        let (least, greatest) = chernoff(drawn.leads, samples.max(1), 1.0 - confidence);
        Some(AllAtOnce {
            certain: Figure::interval((lo[first] - ROUNDING).max(0.0), (hi[first] + ROUNDING).min(1.0)),
            always_leads: apart || everywhere,
            overtaken_by: most_often.or(bounds.overtaken[level]).map(|at| names[level][at].clone()),
            sampled: (samples > 0).then(|| estimate(drawn.lo, drawn.hi)),
            covers: covered(samples, confidence),
            leads: (samples > 0).then(|| estimate(least, greatest)),
        })
    }))
}

/// Visits all corners of some faults' factors, the others at their base.
fn visit(
    study: &mut Study<'_>,
    base: &Levels,
    corners: &[usize],
    leaders: [Option<usize>; 2],
) -> Result<Bounds, BudgetExceeded> {
    let mut bounds = Bounds { lo: base.clone(), hi: base.clone(), overtaken: [None; 2] };
    for corner in 0_u32..1 << corners.len() {
        let end = |at: usize| if corner & (1 << at) == 0 { 1.0 / study.factor } else { study.factor };
        let replaced: Vec<(usize, f64)> =
            corners.iter().enumerate().map(|(at, event)| (*event, study.scaled(*event, end(at)))).collect();
        // What is possible stays possible: no prior becomes 0 or 1.
        let Some(belief) = study.solve(&replaced)? else { continue };
        for (level, shares) in levels(&belief).into_iter().enumerate() {
            for (at, share) in shares.iter().enumerate() {
                bounds.lo[level][at] = bounds.lo[level][at].min(*share);
                bounds.hi[level][at] = bounds.hi[level][at].max(*share);
            }
            if let Some(first) = leaders[level] {
                let best = (0..shares.len()).max_by(|a, b| shares[*a].total_cmp(&shares[*b]).then(b.cmp(a)));
                let ahead = best.filter(|best| *best != first && shares[*best] > shares[first] + ROUNDING);
                // What leads with the leader is not ahead, but the leader does not lead either.
                let tied = leader(&shares).is_none().then_some(best).flatten().filter(|best| *best != first);
                bounds.overtaken[level] = bounds.overtaken[level].or(ahead).or(tied);
            }
        }
    }
    Ok(bounds)
}

/// Widens bounds by what a fault past the corners can do, wherever in the box the others are.
///
/// In odds, dividing P(E, ·) by Π(1 − p), the weight of any event is a sum of products of odds with positive coefficients,
/// so that it is greatest with all odds at their greatest. Hence P(fault | E, R = x) with the fault's own odds at their
/// base is at most o / (1 + o), with o = (weight with the fault, others greatest) / (weight without it, others least).
fn widen(study: &mut Study<'_>, bounds: &mut Bounds, event: usize) -> Result<(), BudgetExceeded> {
    let k = study.factor;
    let others: Vec<usize> = study.varied.iter().copied().filter(|other| *other != event).collect();
    let at_end = |factor: f64, own: f64| -> Vec<(usize, f64)> {
        others.iter().map(|other| (*other, study.scaled(*other, factor))).chain([(event, own)]).collect()
    };
    let (high, low) = (at_end(k, 1.0), at_end(1.0 / k, 0.0));
    let ln_absent = |ends: &[(usize, f64)]| ends[..others.len()].iter().map(|(_, p)| (-p).ln_1p()).sum::<f64>();
    let ln_ratio = ln_absent(&low) - ln_absent(&high);
    let Some(with) = study.solve(&high)? else {
        // The fault cannot be there at all.
        return Ok(());
    };
    let without = study.solve(&low)?;
    let p = study.network.probability[event];
    let odds = without
        .as_ref()
        .map_or(f64::INFINITY, |without| p / (1.0 - p) * (with.ln_evidence - without.ln_evidence + ln_ratio).exp());
    let with = levels(&with);
    let without = without.map(|belief| levels(&belief));
    // Of P(fault | E, R = x), or given R ≠ x.
    let most = |with: f64, without: f64| {
        let odds = odds * (with + ROUNDING * 1e-3) / (without - ROUNDING * 1e-3).max(0.0);
        if odds.is_finite() { odds / (1.0 + odds) } else { 1.0 }
    };
    for level in 0..2 {
        for at in 0..bounds.lo[level].len() {
            let absent = without.as_ref().map_or(0.0, |without| without[level][at]);
            let alpha = most(with[level][at], absent);
            let beta = most(1.0 - with[level][at], 1.0 - absent);
            let up = (1.0 + (k - 1.0) * alpha).max(1.0 / (1.0 - (1.0 - 1.0 / k) * beta));
            let down = (1.0 / (1.0 + (k - 1.0) * beta)).min(1.0 - (1.0 - 1.0 / k) * alpha);
            let moved = |share: f64, by: f64| share * by / (share * by + (1.0 - share));
            bounds.hi[level][at] = moved(bounds.hi[level][at], up);
            bounds.lo[level][at] = moved(bounds.lo[level][at], down);
        }
    }
    Ok(())
}

/// What draws showed at one level.
struct Drawn {
    lo: f64,
    hi: f64,
    leads: u64,
    /// How often others led.
    others: BTreeMap<usize, u64>,
}

fn draw(
    study: &mut Study<'_>,
    leaders: [Option<usize>; 2],
    options: &SensitivityOptions,
) -> Result<[Drawn; 2], BudgetExceeded> {
    let mut random = Random(options.seed);
    let mut drawn = [0, 1].map(|_| Drawn { lo: f64::INFINITY, hi: 0.0, leads: 0, others: BTreeMap::new() });
    for _ in 0..options.draws {
        let mut replaced = Vec::with_capacity(study.varied.len());
        for event in &study.varied {
            let factor = study.factor.powf(2.0 * random.unit() - 1.0);
            replaced.push((*event, study.scaled(*event, factor)));
        }
        // What is possible stays possible.
        let Some(belief) = study.solve(&replaced)? else { continue };
        for (level, shares) in levels(&belief).into_iter().enumerate() {
            let Some(first) = leaders[level] else { continue };
            let own = &mut drawn[level];
            own.lo = own.lo.min(shares[first]);
            own.hi = own.hi.max(shares[first]);
            match leader(&shares) {
                Some(at) if at != first => *own.others.entry(at).or_default() += 1,
                // A tie is nobody's lead, and nobody's to overtake.
                Some(_) => own.leads += 1,
                None => {}
            }
        }
    }
    Ok(drawn)
}

/// The least and the greatest of n draws enclose the part q of all with confidence 1 − n·qⁿ⁻¹ + (n − 1)·qⁿ (Wilks 1941):
/// the greatest q for which that is what is asked for.
fn covered(draws: u64, confidence: f64) -> f64 {
    if draws < 2 {
        return 0.0;
    }
    let n = draws as f64;
    let sure = |q: f64| 1.0 - n * q.powf(n - 1.0) + (n - 1.0) * q.powf(n);
    let (mut enough, mut too_much) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = f64::midpoint(enough, too_much);
        if sure(middle) >= confidence { enough = middle } else { too_much = middle }
    }
    enough
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coverage_is_that_of_the_extremes_of_uniform_draws() {
        // The part between the extremes of n uniform draws is Beta(n − 1, 2); its 1 % quantile for n = 1000 is 0.99337.
        assert!((covered(1000, 0.99) - 0.993_377).abs() < 1e-5, "{}", covered(1000, 0.99));
        assert!(covered(10, 0.99) < covered(100, 0.99) && covered(1, 0.99) == 0.0);
    }
}
