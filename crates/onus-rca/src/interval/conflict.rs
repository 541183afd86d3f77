//! Which items of the evidence nothing explains together, found by expansion: a set of requirements can be met if some
//! part of the worlds surely meets it.

use super::cone::Cone;
use super::expansion::{Expansion, Step};
use crate::diagnose::{Conflict, DiagnoseOptions};
use crate::evidence::Evidence;
use crate::network::Network;

/// Items up to which all pairs are tried, so that a conflict of two is surely the smallest.
const PAIRWISE: usize = 100;

/// The items that conflict, given that all of them do: single ones, then pairs, then one set from which no item can be
/// left out. All attempts together may look at as many terms as the step budget allows; an item that it does not suffice
/// to leave out stays.
pub(super) fn conflict(network: &Network, evidence: &Evidence, options: &DiagnoseOptions) -> Conflict {
    let mut items: Vec<usize> = network.requirements.iter().map(|requirement| requirement.item).collect();
    items.sort_unstable();
    items.dedup();
    let mut attempt = Attempt { network, part: network.clone(), left: options.step_budget, gave_up: false };
    let named = |items: &[usize], smallest: bool| Conflict {
        items: items.iter().map(|item| evidence.items()[*item].id.clone()).collect(),
        smallest,
    };
    for item in &items {
        if attempt.is_impossible(&[*item]) {
            return named(&[*item], true);
        }
    }
    let singles_tried = !attempt.gave_up;
    if items.len() <= PAIRWISE {
        for (at, first) in items.iter().enumerate() {
            for second in &items[at + 1..] {
                if attempt.is_impossible(&[*first, *second]) {
                    return named(&[*first, *second], singles_tried);
                }
            }
        }
    }
    let pairs_tried = !attempt.gave_up && items.len() <= PAIRWISE;
    let mut kept = items;
    let mut at = 0;
    while at < kept.len() {
        let item = kept.remove(at);
        if !attempt.is_impossible(&kept) {
            kept.insert(at, item);
            at += 1;
        }
    }
    let smallest = kept.len() <= 1 || (kept.len() == 2 && singles_tried) || (kept.len() == 3 && pairs_tried);
    named(&kept, smallest)
}

struct Attempt<'n> {
    network: &'n Network,
    part: Network,
    left: u64,
    /// The budget did not suffice for some attempt.
    gave_up: bool,
}

impl Attempt<'_> {
    /// Whether nothing explains some items, and the budget suffices to see it.
    fn is_impossible(&mut self, items: &[usize]) -> bool {
        self.part.requirements = self.network.requirements_of(|item| items.contains(&item));
        self.part.failures.clear();
        let mut expansion = Expansion::new(Cone::new(&self.part), &self.part.probability);
        let impossible = loop {
            if expansion.visits() >= self.left {
                self.gave_up = true;
                break false;
            }
            match expansion.step() {
                Step::Finished => break true,
                Step::Split(split) if expansion.splits[split as usize].sure.is_some() => break false,
                Step::Split(_) | Step::Excluded => {}
            }
        };
        self.left -= expansion.visits().min(self.left);
        impossible
    }
}
