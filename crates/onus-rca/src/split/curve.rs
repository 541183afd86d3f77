//! The split curve: doubt against the number of contractors, as they merge one by one.
//!
//! A merge changes what is asked (two answers become one) and what is known (one party sees what two saw), so doubt about
//! who answers falls to that of the gaps by definition; doubt about the fault falls only by what is seen together, and says what
//! the merge is worth beyond words. Both levels are given.
//!
//! *Chosen* merges: each step takes the merge after which the headline's doubt about who answers is least, then that about
//! the fault, then the names. *Random* merges: many orders, of which each number of contractors shows the range and
//! the middle.

use std::cell::RefCell;
use std::collections::BTreeMap;

use onus_model::{Alternative, ContractorIndex, Model, SystemIndex};
use serde::Serialize;

use super::report::{ExpectedTerms, Incidents, Judge, StructureSplit};
use super::{FaultDictionary, SplitOptions};
use crate::figure::Figure;
use crate::random::Random;

/// How a split curve is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct CurveOptions {
    /// Random orders. Default 20.
    pub orders: u32,
    /// Pairs that are tried at each chosen step: those with the most interfaces between them first, then by name. Default 60.
    pub pairs: usize,
    /// What the random orders begin with. Default 0.
    pub seed: u64,
}

impl Default for CurveOptions {
    fn default() -> Self {
        Self { orders: 20, pairs: 60, seed: 0 }
    }
}

/// Doubt against the number of contractors.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curve {
    /// The incidents.
    pub incidents: Incidents,
    /// The structure as it is; where merging began elsewhere, it need not lie on the curve.
    pub actual: CurvePoint,
    /// From where merging began down to one contractor.
    pub chosen: Vec<CurvePoint>,
    /// Over the random orders, the most contractors first.
    pub random: Vec<Band>,
    /// How many random orders there were.
    pub orders: u32,
    /// What they began with.
    pub seed: u64,
}

/// A structure on the curve.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CurvePoint {
    /// Contractors that hold a contract.
    pub contractors: usize,
    /// The merge that led here: who took over whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged: Option<(String, String)>,
    /// Whose view it is.
    pub headline: String,
    /// Its doubt about which fault it is.
    pub fault: ExpectedTerms,
    /// Its doubt about who answers.
    pub contractor: ExpectedTerms,
}

/// Doubts of several structures with as many contractors.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Band {
    /// Contractors that hold a contract.
    pub contractors: usize,
    /// About which fault it is, in bits: least, middle, greatest.
    pub fault: [Figure; 3],
    /// About who answers, in bits: least, middle, greatest.
    pub contractor: [Figure; 3],
}

impl Curve {
    /// Merges the contractors of `start`, one by one, until one is left.
    ///
    /// With K contractors that hold a contract, O(K · (pairs + orders)) structures are judged.
    pub fn of(
        actual: &Model,
        start: &Model,
        dictionary: &FaultDictionary,
        options: &SplitOptions,
        curve: &CurveOptions,
    ) -> Self {
        let options = SplitOptions { confusion: 0, list: 0, ..options.clone() };
        let kept = RefCell::new(Judge::of(dictionary, &options));
        let judge = |model: &Model, merged: Option<(String, String)>| {
            let split = kept.borrow_mut().structure("", model);
            let StructureSplit { contractors, headline, fault, contractor, .. } = split;
            CurvePoint { contractors, merged, headline, fault, contractor }
        };
        let mut chosen = vec![judge(start, None)];
        let mut model = start.clone();
        while let Some((next, point)) = best(&model, &options, curve.pairs, &judge) {
            model = next;
            chosen.push(point);
        }
        let mut drawn: BTreeMap<usize, Vec<[Figure; 2]>> = BTreeMap::new();
        let mut random = Random(curve.seed);
        for _ in 0..curve.orders {
            let mut model = start.clone();
            loop {
                let point = judge(&model, None);
                let doubts = [point.fault, point.contractor].map(|terms| terms.doubt);
                drawn.entry(point.contractors).or_default().push(doubts);
                let mut holders = holders(&model, &options);
                if holders.len() < 2 {
                    break;
                }
                let first = holders.swap_remove(random.below(holders.len()));
                let second = holders[random.below(holders.len())];
                model = merged(&model, first, second);
            }
        }
        let band = |contractors: usize, doubts: &[[Figure; 2]]| {
            let range = |level: usize| {
                let mut sorted: Vec<Figure> = doubts.iter().map(|doubt| doubt[level]).collect();
                sorted.sort_by(|a, b| a.middle().total_cmp(&b.middle()));
                [sorted[0], sorted[sorted.len() / 2], sorted[sorted.len() - 1]]
            };
            Band { contractors, fault: range(0), contractor: range(1) }
        };
        Self {
            incidents: dictionary.incidents(&options),
            actual: judge(actual, None),
            chosen,
            random: drawn.iter().rev().map(|(contractors, doubts)| band(*contractors, doubts)).collect(),
            orders: curve.orders,
            seed: curve.seed,
        }
    }
}

/// The contractors that hold a contract in force, by name.
fn holders(model: &Model, options: &SplitOptions) -> Vec<ContractorIndex> {
    let mut holders: Vec<ContractorIndex> = model
        .contracts()
        .iter()
        .filter(|contract| contract.in_force(options.day))
        .flat_map(onus_model::Contract::holders)
        .map(|(holder, _)| holder)
        .collect();
    holders.sort_unstable();
    holders.dedup();
    holders
}

/// The first takes over the second.
fn merged(model: &Model, first: ContractorIndex, second: ContractorIndex) -> Model {
    model.under(&Alternative::Merge(first, second)).expect("a merge asks for no selector")
}

/// Pairs of contractors that hold a contract, those with the most interfaces between what they own first, then by name.
///
/// O(interfaces · log interfaces + most).
pub(super) fn pairs(model: &Model, options: &SplitOptions, most: usize) -> Vec<(ContractorIndex, ContractorIndex)> {
    let holders = holders(model, options);
    let mut seams: BTreeMap<(ContractorIndex, ContractorIndex), usize> = BTreeMap::new();
    let responsibility = model.responsibility(options.day);
    let owners: Vec<Vec<ContractorIndex>> =
        (0..model.systems().len()).map(|system| responsibility.owners(SystemIndex::new(system))).collect();
    for interface in model.interfaces() {
        for a in &owners[interface.consumer.index()] {
            for b in owners[interface.provider.index()].iter().filter(|b| *b != a) {
                *seams.entry((*a.min(b), *a.max(b))).or_default() += 1;
            }
        }
    }
    let mut joined: Vec<_> = seams.iter().map(|(pair, count)| (*pair, *count)).collect();
    joined.sort_by_key(|(pair, count)| (std::cmp::Reverse(*count), *pair));
    let joined = joined.into_iter().map(|(pair, _)| pair);
    let apart = holders.iter().enumerate().flat_map(|(at, a)| holders[at + 1..].iter().map(|b| (*a, *b)));
    joined.chain(apart.filter(|pair| !seams.contains_key(pair))).take(most).collect()
}

fn best(
    model: &Model,
    options: &SplitOptions,
    most: usize,
    judge: &impl Fn(&Model, Option<(String, String)>) -> CurvePoint,
) -> Option<(Model, CurvePoint)> {
    let rounded = |terms: ExpectedTerms| (terms.doubt.middle() * 1e9).round();
    let name = |party: ContractorIndex| model.contractors()[party.index()].id.to_string();
    let mut tried: Vec<(Model, CurvePoint)> = pairs(model, options, most)
        .into_iter()
        .map(|(a, b)| {
            let next = merged(model, a, b);
            let point = judge(&next, Some((name(a), name(b))));
            (next, point)
        })
        .collect();
    tried.sort_by(|(_, a), (_, b)| {
        let contractor = rounded(a.contractor).total_cmp(&rounded(b.contractor));
        contractor.then(rounded(a.fault).total_cmp(&rounded(b.fault))).then_with(|| a.merged.cmp(&b.merged))
    });
    tried.into_iter().next()
}
