//! How much the evidence hangs on each term, about: estimates that decide where upper functions are cut, and nothing else.

use super::cone::Cone;

/// About the probability of each term, were the inputs of every gate independent. `weight`: the probabilities of the
/// events of `order`; those of others are taken to be 0. O(terms + inputs).
pub(super) fn as_if_independent(cone: &Cone, order: &[u32], weight: &[f64]) -> Vec<f64> {
    let mut likely = vec![0.0; cone.len()];
    for (event, weight) in order.iter().zip(weight) {
        likely[*event as usize] = *weight;
    }
    for gate in 0..cone.gates() {
        let inputs = cone.inputs(gate).iter().map(|input| likely[*input as usize]);
        likely[cone.events + gate] = match cone.threshold(gate) {
            1 => 1.0 - inputs.map(|p| 1.0 - p).product::<f64>(),
            all if all == inputs.len() => inputs.product(),
            _ => inputs.sum::<f64>().min(1.0),
        };
    }
    likely
}

/// How probable a whole is given a part of what it takes, about.
pub(super) fn given(whole: f64, part: f64) -> f64 {
    if part > 0.0 { (whole / part).min(1.0) } else { 1.0 }
}

/// How probably something hangs on each term that fails, about: on `roots` as they say, on an input of a gate as far as on
/// the gate and as the gate fails with the input.
pub(super) fn relevance(cone: &Cone, roots: &[(u32, f64)], likely: &[f64]) -> Vec<f64> {
    let mut relevance: Vec<f64> = vec![0.0; cone.len()];
    for (term, own) in roots {
        relevance[*term as usize] = *own;
    }
    for (range, cyclic) in cone.parts().into_iter().rev() {
        let terms = cone.events + range.start..cone.events + range.end;
        if cyclic {
            // They stand and fall together.
            let most = relevance[terms.clone()].iter().copied().fold(0.0, f64::max);
            relevance[terms].fill(most);
        }
        for gate in range.rev() {
            let term = cone.events + gate;
            relevance[term] = relevance[term].min(1.0);
            for input in cone.inputs(gate) {
                let part = if cone.threshold(gate) == 1 { 1.0 } else { given(likely[term], likely[*input as usize]) };
                relevance[*input as usize] += relevance[term] * part;
            }
        }
    }
    relevance
}
