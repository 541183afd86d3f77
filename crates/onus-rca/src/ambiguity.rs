//! Ambiguity groups (IEEE 1522): faults that the evidence cannot tell apart.
//!
//! Two faults are in one group when the likelihood of the evidence stays the same if they trade places, whatever the
//! other faults do: then only their priors distinguish them. Everything that is no fault is summed out, so the
//! likelihood is a multilinear polynomial of the fault probabilities, and "stays the same" is an identity of
//! polynomials. It is tested at fixed points drawn once: two different polynomials of this kind agree at a random point
//! with probability 0 (Schwartz 1980); agreement is taken up to rounding.
//!
//! The reduced network decides most of it without any test:
//!
//! * Members of one group of the forest that are single faults are interchangeable, and others in one tree of the forest
//!   are not: a formula in which every event occurs once is symmetric in two of them only if they are siblings.
//! * Faults of different trees of one part can only be interchangeable if both are a tree or members of its topmost group:
//!   anything deeper is told apart by what surrounds it. They are if the likelihood is symmetric in the trees and, where
//!   these are groups, depends on no more than the OR (AND) of both.
//! * Faults of different parts are interchangeable if each multiplies the likelihood by the same factor whatever else is
//!   the case: all faults that are certainly present, or two that only a test of each speaks of.

use crate::decision_diagram::Diagram;
use crate::reduce::{Combination, Forest, ForestNode};

/// Probabilities of all faults at which "makes the evidence more probable" is judged.
const UNIFORM: [f64; 2] = [0.37, 0.61];
/// What the difference of two likelihoods may owe to rounding, beside either.
const ROUNDING: f64 = 1e-13;
/// Relative difference up to which two values count as one.
const SAME: f64 = 1e-9;

/// The evidence of one part.
pub(crate) struct Likelihood<'a> {
    pub(crate) diagram: &'a Diagram,
    /// By level.
    pub(crate) probability: &'a [f64],
    /// By level.
    pub(crate) stands_for: &'a [ForestNode],
}

/// A level that is a candidate, with the original faults that would be interchangeable with others.
struct Candidate {
    level: u32,
    /// Of the topmost group; `None` for a single fault.
    combination: Option<Combination>,
    faults: Vec<usize>,
    /// What the fault multiplies the likelihood by, where that depends on nothing else; infinite where it must be present.
    factor: Option<f64>,
}

/// Groups of two or more original faults, each in order, the groups by their first fault. `certain` are the faults that are
/// certainly present. Only faults whose presence makes the evidence more probable are grouped.
///
/// Comparing trees of one part may take `budget` node visits; past that, trees count as told apart.
pub(crate) fn groups(parts: &[Likelihood<'_>], certain: &[usize], forest: &Forest, budget: u64) -> Vec<Vec<usize>> {
    let mut result: Vec<Vec<usize>> = Vec::new();
    // Faults with a constant factor, with that factor.
    let mut constant: Vec<(f64, Vec<usize>)> = vec![(f64::INFINITY, certain.to_vec())];
    let mut left = budget;
    let uniform = UNIFORM.map(|t| forest.probabilities_at(t));
    for part in parts {
        let mut candidates = candidates(part, forest, &uniform, &mut result);
        for candidate in &mut candidates {
            if let Some(factor) = candidate.factor {
                constant.push((factor, std::mem::take(&mut candidate.faults)));
            }
        }
        candidates.retain(|candidate| !candidate.faults.is_empty());
        result.extend(compare(part, forest, candidates, &mut left));
    }
    constant.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    for run in constant.chunk_by(|(a, _), (b, _)| same_factor(*a, *b)) {
        result.push(run.iter().flat_map(|(_, faults)| faults).copied().collect());
    }
    result.retain(|group| group.len() > 1);
    for group in &mut result {
        group.sort_unstable();
    }
    result.sort_unstable();
    result
}

/// The levels whose presence makes the evidence more probable; what lies deeper in their trees is grouped at once.
fn candidates(
    part: &Likelihood<'_>,
    forest: &Forest,
    uniform: &[Vec<f64>; 2],
    groups: &mut Vec<Vec<usize>>,
) -> Vec<Candidate> {
    let influence = uniform.each_ref().map(|probability| {
        let at: Vec<f64> = part.stands_for.iter().map(|root| probability[*root as usize]).collect();
        part.diagram.marginals(&at)
    });
    let is_fault = |level: usize| forest.is_fault(part.stands_for[level]);
    let marginals = [1, 2].map(|seed| {
        let at = scatter(part.probability, is_fault, seed);
        let marginals = part.diagram.marginals(&at);
        (at, marginals)
    });
    let mut result = Vec::new();
    // What is rounding beside the evidence itself is no influence: reports that cancel out say nothing.
    let scale = influence
        .each_ref()
        .map(|all| all.birnbaum.iter().fold(all.total * ROUNDING / SAME, |most, own| own.abs().max(most)));
    for level in (0..part.stands_for.len()).filter(|level| is_fault(*level)) {
        if !(0..2).all(|which| influence[which].birnbaum[level] > SAME * scale[which]) {
            continue;
        }
        // Likelihood with the level's event over that without.
        let factors = marginals.each_ref().map(|(at, marginals)| {
            let with = marginals.joint[level] / at[level];
            let without = with - marginals.birnbaum[level];
            if without <= with * 1e-14 { f64::INFINITY } else { with / without }
        });
        let factor = same_factor(factors[0], factors[1]).then_some(factors[0]);
        let root = part.stands_for[level];
        let Some((combination, members)) = forest.group(root) else {
            let faults = vec![root as usize];
            result.push(Candidate { level: level as u32, combination: None, faults, factor });
            continue;
        };
        // All of a group that must be present under an AND must be; one under an OR need not.
        let all_present = combination == Combination::All && factor == Some(f64::INFINITY);
        let mut open = vec![(members, combination, true)];
        let mut topmost = Vec::new();
        while let Some((members, _, top)) = open.pop() {
            let leaves: Vec<usize> = members.iter().filter_map(|member| forest.leaf(*member)).collect();
            open.extend(members.iter().filter_map(|member| forest.group(*member)).map(|(c, m)| (m, c, false)));
            if top {
                topmost = leaves;
            } else if leaves.len() > 1 {
                groups.push(leaves);
            }
        }
        if !topmost.is_empty() {
            let factor = all_present.then_some(f64::INFINITY);
            result.push(Candidate { level: level as u32, combination: Some(combination), faults: topmost, factor });
        }
    }
    result
}

/// Groups the candidates of one part by comparing them at fixed points.
fn compare(part: &Likelihood<'_>, forest: &Forest, mut candidates: Vec<Candidate>, left: &mut u64) -> Vec<Vec<usize>> {
    if candidates.len() < 2 {
        return candidates.into_iter().map(|candidate| candidate.faults).collect();
    }
    let is_fault = |level: usize| forest.is_fault(part.stands_for[level]);
    // Levels that trade places have the same influence wherever all of them are equally probable.
    let uniform = UNIFORM.map(|t| {
        let at: Vec<f64> = (0..part.probability.len())
            .map(|level| if is_fault(level) { t } else { part.probability[level] })
            .collect();
        part.diagram.marginals(&at).birnbaum
    });
    let influence = |candidate: &Candidate| uniform.each_ref().map(|influence| influence[candidate.level as usize]);
    candidates.sort_by(|a, b| {
        let [x, y] = [influence(a), influence(b)];
        x[0].total_cmp(&y[0]).then(x[1].total_cmp(&y[1])).then(a.level.cmp(&b.level))
    });
    let points = [1, 2].map(|seed| scatter(part.probability, is_fault, seed));
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for bucket in candidates.chunk_by(|a, b| {
        let [x, y] = [influence(a), influence(b)];
        same(x[0], y[0]) && same(x[1], y[1])
    }) {
        let mut homes: Vec<(&Candidate, Vec<usize>)> = Vec::new();
        for candidate in bucket {
            let home = homes.iter_mut().find(|(first, _)| {
                let cost = 8 * part.diagram.len() as u64;
                if *left < cost {
                    return false;
                }
                *left -= cost;
                points.iter().all(|point| interchangeable(part.diagram, point, first, candidate))
            });
            match home {
                Some((_, faults)) => faults.extend(&candidate.faults),
                None => homes.push((candidate, candidate.faults.clone())),
            }
        }
        groups.extend(homes.into_iter().map(|(_, faults)| faults));
    }
    groups
}

fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= SAME * a.abs().max(b.abs())
}

/// Of two factors; infinite ones are the same.
fn same_factor(a: f64, b: f64) -> bool {
    if a.is_finite() && b.is_finite() { same(a, b) } else { a.is_infinite() && b.is_infinite() }
}

fn interchangeable(diagram: &Diagram, point: &[f64], a: &Candidate, b: &Candidate) -> bool {
    let with = |p_a: f64, p_b: f64| {
        let mut at = point.to_vec();
        at[a.level as usize] = p_a;
        at[b.level as usize] = p_b;
        diagram.up(&at)[diagram.root() as usize]
    };
    let one = with(1.0, 0.0);
    same(one, with(0.0, 1.0))
        && [a.combination, b.combination].into_iter().flatten().all(|combination| match combination {
            Combination::Any => same(one, with(1.0, 1.0)),
            Combination::All => same(one, with(0.0, 0.0)),
        })
}

/// A point with a different probability for every fault: the same one in every run (a Weyl sequence).
fn scatter(probability: &[f64], is_fault: impl Fn(usize) -> bool, seed: u64) -> Vec<f64> {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    let place = |level: usize| 0.2 + 0.6 * ((level as f64 + 1.0) * GOLDEN * seed as f64 + 0.1 * seed as f64).fract();
    probability.iter().enumerate().map(|(level, p)| if is_fault(level) { place(level) } else { *p }).collect()
}
