//! Importance through the [reduction](crate::reduce): what a large network says of its events, from what small ones say of
//! theirs.
//!
//! Let E be the failure. It is the conjunction of settled events and of independent parts, so that its minimal cut sets are
//! the unions of one of each part with the settled events, P(E | e) is that of e's part times the rest, and P(a minimal cut
//! set with e is all there | E) is that of e's part alone, 1 for a settled event. An event of a part may stand for a
//! group G of original events, an OR or AND of independent members that enter the part nowhere else. For a member m of it,
//! with q the probability that another member is present (of an OR), or that all others are (of an AND),
//!
//! | | OR | AND |
//! |---|---|---|
//! | P(E given m) | P(E given G) | q·P(E given G) + (1 − q)·P(E given not G) |
//! | P(E given not m) | q·P(E given G) + (1 − q)·P(E given not G) | P(E given not G) |
//! | their difference, times that of G | 1 − q | q |
//! | Fussell-Vesely, times that of G | P(m) / P(G) | 1 |
//!
//! The last line: the minimal cut sets with m are those with G in which m (OR), or all members (AND), stand for G; the rest
//! of such a set knows nothing of the group. Nothing is subtracted anywhere. O(events) beside the diagrams of the parts.

use super::ImportanceOptions;
use crate::cut_sets::{CutSetOptions, any_of, from_function};
use crate::decision_diagram::BudgetExceeded;
use crate::encode::{Encoded, encode};
use crate::network::Network;
use crate::reduce::{Combination, Fate, Forest, ForestNode, reduce};
use onus_model::FaultIndex;

/// What a failure has to do with an event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bearing {
    /// Its probability given the event, and given that it is absent.
    pub(super) present: f64,
    pub(super) absent: f64,
    /// The difference of the two.
    pub(super) pivotal: f64,
    /// Given the failure, that a minimal cut set with the event is all there; `None` if that would have taken too long.
    pub(super) takes_part: Option<f64>,
}

impl Bearing {
    /// Of a failure that has nothing to do with the event.
    fn none(total: f64) -> Self {
        Self { present: total, absent: total, pivotal: 0.0, takes_part: Some(0.0) }
    }
}

/// The probability of a failure, and what it has to do with each event of its network.
pub(super) fn bearings(network: Network, options: &ImportanceOptions) -> Result<(f64, Vec<Bearing>), BudgetExceeded> {
    // All events are cut sets' elements alike, those of probability 0 and 1 too.
    let fault = (0..network.events()).map(|event| Some(FaultIndex::new(event))).collect();
    let priors = network.probability.clone();
    let reduction = reduce(Network { fault, failures: Vec::new(), ..network });
    if reduction.impossible {
        return Ok((0.0, vec![Bearing::none(0.0); priors.len()]));
    }
    let mut nodes_left = options.node_budget;
    let mut visits_left = options.fussell_vesely_budget;
    let mut parts = Vec::new();
    for part in &reduction.parts {
        let encoded = encode(&part.network, nodes_left)?;
        nodes_left -= encoded.manager.statistics().nodes;
        let marginals = encoded.diagram(encoded.evidence).marginals(&encoded.probability);
        let takes_part = takes_part(&encoded, marginals.total, options.node_budget, &mut visits_left);
        parts.push((part, encoded, marginals, takes_part));
    }
    // What has to happen, one after another: the settled events, then the parts.
    let settled: Vec<usize> = (0..priors.len()).filter(|event| reduction.fate[*event] == Fate::Present).collect();
    let factors = settled.iter().map(|event| priors[*event]).chain(parts.iter().map(|part| part.2.total));
    let (total, others) = without_each(&factors.collect::<Vec<f64>>(), 1.0, |a, b| a * b);
    let mut bearings = vec![Bearing::none(total); priors.len()];
    for (event, others) in settled.iter().zip(&others) {
        bearings[*event] = Bearing { present: *others, absent: 0.0, pivotal: *others, takes_part: Some(1.0) };
    }
    for ((part, encoded, marginals, takes_part), others) in parts.iter().zip(&others[settled.len()..]) {
        for (level, event) in encoded.event.iter().enumerate() {
            let bearing = Bearing {
                present: others * marginals.given_present[level],
                absent: others * marginals.given_absent[level],
                pivotal: others * marginals.birnbaum[level].max(0.0),
                takes_part: takes_part[level],
            };
            split(&reduction.forest, part.stands_for[event.index()], bearing, &mut bearings);
        }
    }
    Ok((total, bearings))
}

/// Hands what a failure has to do with a node on to the leaves below it.
fn split(forest: &Forest, root: ForestNode, bearing: Bearing, bearings: &mut [Bearing]) {
    let mut open = vec![(root, bearing)];
    while let Some((node, group)) = open.pop() {
        let Some((combination, members)) = forest.group(node) else {
            bearings[node as usize] = group;
            continue;
        };
        let own: Vec<f64> = members.iter().map(|member| forest.probability(*member)).collect();
        // That the others decide the group, and that they do not.
        let others: Vec<[f64; 2]> = match combination {
            Combination::Any => {
                let absent: Vec<f64> = own.iter().map(|p| (-p).ln_1p()).collect();
                let of_others = without_each(&absent, 0.0, |a, b| a + b).1;
                of_others.into_iter().map(|ln| [-ln.exp_m1(), ln.exp()]).collect()
            }
            Combination::All => {
                without_each(&own, 1.0, |a, b| a * b).1.into_iter().map(|present| [1.0 - present, present]).collect()
            }
        };
        let whole = forest.probability(node);
        for ((member, p), [decided, undecided]) in members.iter().zip(&own).zip(others) {
            let pivotal = group.pivotal * undecided;
            open.push((
                *member,
                match combination {
                    Combination::Any => Bearing {
                        present: group.present,
                        absent: decided * group.present + undecided * group.absent,
                        pivotal,
                        takes_part: group
                            .takes_part
                            .map(|part| if whole > 0.0 { part * (p / whole).min(1.0) } else { 0.0 }),
                    },
                    Combination::All => Bearing {
                        present: undecided * group.present + decided * group.absent,
                        absent: group.absent,
                        pivotal,
                        takes_part: group.takes_part,
                    },
                },
            ));
        }
    }
}

/// All values put together, and for each those of the others; nothing is taken away again.
fn without_each(values: &[f64], neutral: f64, combine: impl Fn(f64, f64) -> f64) -> (f64, Vec<f64>) {
    let mut others = Vec::with_capacity(values.len());
    let mut before = neutral;
    for value in values {
        others.push(before);
        before = combine(before, *value);
    }
    let mut after = neutral;
    for (others, value) in others.iter_mut().zip(values).rev() {
        *others = combine(*others, after);
        after = combine(after, *value);
    }
    (before, others)
}

/// For each level the probability that a minimal cut set with it is all there, given the failure.
fn takes_part(encoded: &Encoded, total: f64, node_budget: usize, visits_left: &mut u64) -> Vec<Option<f64>> {
    let mut result = vec![None; encoded.event.len()];
    if total <= 0.0 {
        return result;
    }
    let diagram = encoded.diagram(encoded.evidence);
    let budget = CutSetOptions { node_budget, ..CutSetOptions::default() };
    let (mut families, family, truncation) = from_function(&diagram, &budget);
    if truncation.is_some() {
        return result;
    }
    for (level, result) in (0_u32..).zip(&mut result) {
        let allowed = node_budget.min(usize::try_from(*visits_left).unwrap_or(usize::MAX));
        let before = families.statistics().lookups;
        let with_it = families.containing(family, level);
        *visits_left = visits_left.saturating_sub(families.statistics().lookups - before);
        let Some((p, nodes)) =
            with_it.ok().and_then(|with_it| any_of(&families, with_it, &encoded.probability, allowed).ok())
        else {
            *visits_left = 0;
            break;
        };
        *visits_left = visits_left.saturating_sub(nodes as u64);
        *result = Some((p / total).clamp(0.0, 1.0));
    }
    result
}
