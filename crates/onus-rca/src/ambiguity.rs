//! Ambiguity groups (IEEE 1522): faults that the evidence cannot tell apart.
//!
//! Two faults are in one group when the likelihood of the evidence stays the same if they trade places, whatever the
//! other faults do: then only their priors distinguish them. Everything that is no fault is summed out, so the
//! likelihood is a multilinear polynomial of the fault probabilities, and "stays the same" is an identity of
//! polynomials. It is tested at fixed points drawn once: two different polynomials of this kind agree at a random point
//! with probability 0 (Schwartz 1980); agreement is taken up to rounding.

use crate::decision_diagram::Diagram;

/// Relative difference up to which two values count as one.
const SAME: f64 = 1e-9;

/// Groups of two or more fault levels, each in order, the groups by their first level. Only faults whose presence makes
/// the evidence more probable are grouped. `None` if the comparison would take more than `budget` node visits.
pub(crate) fn groups(diagram: &Diagram, probability: &[f64], is_fault: &[bool], budget: u64) -> Option<Vec<Vec<u32>>> {
    let faults: Vec<u32> = (0..diagram.levels()).filter(|level| is_fault[*level as usize]).collect();
    // Faults that trade places have the same influence wherever all faults are equally probable.
    let uniform = [0.37, 0.61].map(|t| {
        let at: Vec<f64> = probability.iter().zip(is_fault).map(|(p, fault)| if *fault { t } else { *p }).collect();
        diagram.marginals(&at).birnbaum
    });
    let scale: f64 = uniform[0].iter().fold(0.0, |most, influence| influence.abs().max(most));
    let mut candidates: Vec<u32> = faults
        .into_iter()
        .filter(|level| uniform.iter().all(|influence| influence[*level as usize] > SAME * scale))
        .collect();
    candidates.sort_by(|a, b| {
        let [a, b] = [a, b].map(|level| uniform.each_ref().map(|influence| influence[*level as usize]));
        a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1]))
    });
    let close = |a: u32, b: u32| uniform.iter().all(|influence| same(influence[a as usize], influence[b as usize]));
    let points = [scatter(probability, is_fault, 1), scatter(probability, is_fault, 2)];
    let mut spent = 0;
    let mut result: Vec<Vec<u32>> = Vec::new();
    let mut rest = candidates.as_slice();
    while let Some((first, _)) = rest.split_first() {
        let length = rest.iter().take_while(|level| close(*first, **level)).count();
        let (bucket, others) = rest.split_at(length);
        rest = others;
        let mut groups: Vec<Vec<u32>> = Vec::new();
        for level in bucket {
            let mut home = None;
            for (at, group) in groups.iter().enumerate() {
                spent += 4 * diagram.len() as u64;
                if spent > budget {
                    return None;
                }
                if points.iter().all(|point| interchangeable(diagram, point, group[0], *level)) {
                    home = Some(at);
                    break;
                }
            }
            match home {
                Some(at) => groups[at].push(*level),
                None => groups.push(vec![*level]),
            }
        }
        result.extend(groups.into_iter().filter(|group| group.len() > 1));
    }
    for group in &mut result {
        group.sort_unstable();
    }
    result.sort_unstable();
    Some(result)
}

fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= SAME * a.abs().max(b.abs())
}

fn interchangeable(diagram: &Diagram, point: &[f64], a: u32, b: u32) -> bool {
    let with = |p_a: f64, p_b: f64| {
        let mut at = point.to_vec();
        at[a as usize] = p_a;
        at[b as usize] = p_b;
        diagram.up(&at)[diagram.root() as usize]
    };
    same(with(1.0, 0.0), with(0.0, 1.0))
}

/// A point with a different probability for every fault: the same one in every run (a Weyl sequence).
fn scatter(probability: &[f64], is_fault: &[bool], seed: u64) -> Vec<f64> {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    let place = |level: usize| 0.2 + 0.6 * ((level as f64 + 1.0) * GOLDEN * seed as f64 + 0.1 * seed as f64).fract();
    probability
        .iter()
        .zip(is_fault)
        .enumerate()
        .map(|(level, (p, fault))| if *fault { place(level) } else { *p })
        .collect()
}
