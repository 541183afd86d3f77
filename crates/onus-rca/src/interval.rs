//! The interval method: bounds that certainly contain the truth, the tighter the more work is spent.
//!
//! The worlds of the network are split, greatest open mass first, into parts that surely belong to the evidence, parts that
//! surely do not, and parts that are open ([`expansion`]). At any time
//!
//! P(E) ∈ [sure mass, sure mass + open mass],
//!
//! and likewise for the evidence together with a fault present, or absent ([`ledger`]); posteriors follow from a / (a + b)
//! being monotone in both, shares from games played in the sure parts ([`shares`]). Splitting only ever decides open
//! mass, so more work narrows every interval. All arithmetic rounds outward ([`mass`]), so rounding cannot break a bound.
//!
//! A second method bounds the same quantities from decision diagrams of the reduced network that lie on either side of the
//! evidence ([`envelope`], [`brackets`]), made from the likely sets of few faults ([`small_sets`]) or, where these are too many, from
//! functions that are cut down; both are certain, so that the narrower bound counts. The expansion says what few faults
//! explain, the diagrams are good with many.
//!
//! Reading order: [`cone`] (the network, laid out for sweeps), [`expansion`], [`ledger`], [`shares`], [`small_sets`], [`envelope`],
//! [`brackets`], [`conflict`], [`estimate`] (what the open worlds probably hold).
//!
//! Literature: Dotson & Gobien (1979), A new analysis technique for probabilistic graphs; Henrion (1990), Towards
//! efficient probabilistic diagnosis in multiply connected belief networks.

mod brackets;
mod cone;
mod conflict;
mod envelope;
#[cfg(test)]
pub(crate) mod estates;
pub(crate) mod estimate;
mod expansion;
mod family;
mod ledger;
mod mass;
mod relevance;
mod shares;
mod small_sets;
#[cfg(test)]
mod tests;

use onus_model::FaultIndex;
use rustc_hash::FxHashMap;

use crate::case::Case;
use crate::diagnose::{
    DiagnoseOptions, Diagnosis, Figures, Method, Progress, StopReason, Timing, Watch, findings, observed, rank,
};
use crate::evidence::Evidence;
use crate::figure::Figure;
use crate::network::Network;
use brackets::Brackets;
use cone::Cone;
use conflict::conflict;
use expansion::{Expansion, Literal, Step};
use ledger::Ledger;
use mass::{Mass, add_up, fraction, sub_down, sub_up};
use shares::Shares;

/// Diagnoses by intervals. `reason` is why the exact method did not answer, if it was asked.
pub(crate) fn diagnose(
    case: &Case<'_>,
    network: &Network,
    evidence: &Evidence,
    options: &DiagnoseOptions,
    reason: StopReason,
    watch: &dyn Watch,
) -> Diagnosis {
    let mut search = Search::new(network);
    let stopped = search.run(options, watch);
    let bounds = Bounds::of(&search);
    let count = network.events();
    let mut figures = Figures { posterior: vec![None; count], share: vec![Figure::exact(0.0); count] };
    for event in (0..count).filter(|event| network.fault[*event].is_some()) {
        let posterior = bounds.posterior(event);
        figures.posterior[event] = Some(figure(posterior));
        figures.share[event] = figure(bounds.share(event).at_most(posterior.hi));
    }
    let conflict = search.is_impossible().then(|| conflict(network, evidence, options));
    let evidence_probability = bounds.evidence();
    let unexplained = bounds.unexplained();
    let diagnoses = rank(most_probable(&search, &bounds, options.diagnoses), case);
    let Bounds { ledger, .. } = bounds;
    let sampled = options.sampling.asks(evidence_probability.lo, evidence_probability.hi);
    let estimate =
        sampled.then(|| estimate::estimate(&mut search.expansion, &ledger, case, network, options.sampling)).flatten();
    // Nothing else means anything where nothing explains the evidence.
    let (faults, faults_not_listed) =
        if conflict.is_none() { findings(case, &figures) } else { (Vec::new(), case.graph.topology().faults().len()) };
    Diagnosis {
        method: Method::Interval,
        stopped: match (reason, stopped) {
            (StopReason::Finished, _) | (_, StopReason::Cancelled | StopReason::Tolerance) => stopped,
            _ => reason,
        },
        cost: search.expansion.steps,
        evidence_probability: figure(evidence_probability),
        faults,
        faults_not_listed,
        unexplained: if network.failures.is_empty() || conflict.is_some() {
            Figure::exact(1.0)
        } else {
            figure(unexplained)
        },
        conflict,
        diagnoses,
        diagnoses_complete: false,
        ambiguity_groups: Vec::new(),
        exonerated: Vec::new(),
        timing: Timing::default(),
        observed_failures: observed(case),
        estimate,
    }
}

/// Bounds of the probability of the evidence alone.
pub(crate) fn evidence_probability(network: &Network, options: &DiagnoseOptions) -> Figure {
    let mut search = Search::new(network);
    search.run(options, &|_: Progress| true);
    figure(Bounds::of(&search).evidence())
}

fn figure(mass: Mass) -> Figure {
    Figure::interval(mass.lo, mass.hi.min(1.0))
}

/// What is under way: an expansion and the shares in what it has found, and brackets.
struct Search<'n> {
    network: &'n Network,
    expansion: Expansion<'n>,
    shares: Shares,
    brackets: Option<Brackets>,
}

/// What making a node of a diagram costs, in terms looked at by a sweep.
const VISITS_PER_NODE: u64 = 64;
/// What reducing a network costs, in terms looked at by a sweep, for each of its terms.
const VISITS_PER_REDUCED_TERM: u64 = 100;

impl<'n> Search<'n> {
    fn new(network: &'n Network) -> Self {
        let expansion = Expansion::new(Cone::new(network), &network.probability);
        Self { network, expansion, shares: Shares::new(network.events()), brackets: None }
    }

    /// Works until nothing is open or something says to stop: an eighth of the budget for the expansion, then three
    /// quarters for brackets, then the rest for the expansion. Neither's part depends on what the other needs, so that a
    /// larger budget does all that a smaller one does.
    fn run(&mut self, options: &DiagnoseOptions, watch: &dyn Watch) -> StopReason {
        let eighth = options.step_budget / 8;
        match self.expand(eighth, options.tolerance, watch) {
            StopReason::StepBudget => {}
            stopped => return stopped,
        }
        self.bracket(6 * eighth, options.tolerance, watch);
        self.expand(options.step_budget - 6 * eighth, options.tolerance, watch)
    }

    /// Narrows brackets, round after round.
    fn bracket(&mut self, budget: u64, tolerance: f64, watch: &dyn Watch) {
        let reducing = VISITS_PER_REDUCED_TERM * self.network.len() as u64;
        let Some(budget) = budget.checked_sub(reducing) else { return };
        let mut nodes_left = usize::try_from(budget / VISITS_PER_NODE).unwrap_or(usize::MAX);
        let brackets = self.brackets.insert(Brackets::new(self.network));
        loop {
            let Mass { lo, hi } = brackets.evidence;
            let close = lo > 0.0 && hi - lo <= tolerance * lo;
            if close || !watch.keep_going(Progress { steps: self.expansion.steps, lo, hi }) {
                return;
            }
            if !brackets.narrow(&mut nodes_left) {
                return;
            }
        }
    }

    /// Expands until that has looked at as many terms as the budget allows.
    fn expand(&mut self, budget: u64, tolerance: f64, watch: &dyn Watch) -> StopReason {
        let mut open = self.expansion.open();
        let Mass { lo, hi } = self.brackets.as_ref().map_or(Mass { lo: 0.0, hi: 1.0 }, |brackets| brackets.evidence);
        loop {
            if self.expansion.queue.is_empty() {
                return StopReason::Finished;
            }
            let sure = self.expansion.sure;
            let bounds = |open: f64| (sure.lo.max(lo), (sure.hi + open).min(hi));
            let close = |open: f64| {
                let (lo, hi) = bounds(open);
                tolerance > 0.0 && lo > 0.0 && hi - lo <= tolerance * lo
            };
            if close(open) {
                // The sum kept on the way drifts; only a fresh one counts.
                open = self.expansion.open();
                if close(open) {
                    return StopReason::Tolerance;
                }
            }
            if self.expansion.visits() >= budget {
                return StopReason::StepBudget;
            }
            let (lo, hi) = bounds(open);
            if !watch.keep_going(Progress { steps: self.expansion.steps, lo, hi }) {
                return StopReason::Cancelled;
            }
            let before = self.expansion.settled;
            if let Step::Split(split) = self.expansion.step() {
                self.shares.share(&mut self.expansion, &self.network.fault, split);
            }
            open -= self.expansion.settled - before;
        }
    }

    /// Whether nothing at all explains the evidence.
    fn is_impossible(&self) -> bool {
        self.brackets.as_ref().is_some_and(Brackets::is_impossible)
            || self.expansion.queue.is_empty() && self.expansion.splits.iter().all(|split| split.sure.is_none())
    }
}

/// What an expansion and bounding diagrams say together.
struct Bounds<'s, 'n> {
    network: &'n Network,
    shares: &'s Shares,
    brackets: Option<&'s Brackets>,
    ledger: Ledger<'n>,
    /// Mass that surely is some fault's share, or unexplained.
    shared: Mass,
}

impl<'s, 'n> Bounds<'s, 'n> {
    fn of(search: &'s Search<'n>) -> Self {
        let Search { network, expansion, shares, brackets } = search;
        let ledger = Ledger::of(expansion, &shares.unshared);
        let shared = shares.own.iter().fold(shares.unexplained, |sum, own| sum.plus(*own));
        Self { network, shares, brackets: brackets.as_ref(), ledger, shared }
    }

    fn evidence(&self) -> Mass {
        let total = self.ledger.total;
        let mass = Mass { lo: total.sure.lo, hi: add_up(total.sure.hi, total.open.hi).min(1.0) };
        self.brackets.map_or(mass, |brackets| mass.and(brackets.evidence))
    }

    /// Bounds of the evidence together with an event present, and absent.
    fn joint(&self, event: usize) -> [Mass; 2] {
        let sure = self.ledger.sure(event);
        let open = self.ledger.open(event);
        let with = |at: usize| Mass { hi: add_up(sure[at].hi, open[at]), ..sure[at] };
        match self.brackets {
            None => [with(0), with(1)],
            Some(brackets) => {
                let [absent, present] = brackets.joint[event];
                [with(0).and(present), with(1).and(absent)]
            }
        }
    }

    fn posterior(&self, event: usize) -> Mass {
        let [present, absent] = self.joint(event);
        fraction(present, absent)
    }

    /// A share: what surely is somebody's, and what may be besides, against the rest of the evidence.
    fn share_of(&self, own: Mass, may_be: f64, may_be_open: f64) -> Mass {
        let evidence = self.evidence();
        let most = add_up(own.hi, may_be);
        let mine = Mass { lo: own.lo, hi: add_up(most, may_be_open) };
        // The rest of the sure mass is surely not the fault's, and neither is what surely is another's.
        let others = sub_down(self.ledger.total.sure.lo, most).max(sub_down(self.shared.lo, own.hi));
        fraction(mine, Mass { lo: others, hi: sub_up(evidence.hi, own.lo) })
    }

    fn share(&self, event: usize) -> Mass {
        if self.network.failures.is_empty() {
            return Mass::ZERO;
        }
        let open = self.ledger.open_unless_absent(event);
        self.share_of(self.shares.own[event], self.ledger.unshared(event), open)
    }

    fn unexplained(&self) -> Mass {
        let total = self.ledger.total;
        self.share_of(self.shares.unexplained, total.unshared.hi, total.open.hi)
    }
}

/// Faults at least so probable before any evidence are tried in addition to a set that was found,
const LIKELY: f64 = 0.01;
/// and so many of them.
const MOST_LIKELY: usize = 100;

/// The fault sets found with the greatest mass, and bounds of their probability given the evidence.
fn most_probable(search: &Search<'_>, bounds: &Bounds<'_, '_>, wanted: usize) -> Vec<(Vec<FaultIndex>, Figure)> {
    let expansion = &search.expansion;
    let fault_of = |literal: &Literal| search.network.fault[literal.event()];
    let certain: Vec<FaultIndex> = (0..search.network.events())
        .filter(|event| search.network.probability[*event] >= 1.0)
        .filter_map(|event| search.network.fault[event])
        .collect();
    let mut weights: FxHashMap<Vec<FaultIndex>, f64> = FxHashMap::default();
    for split in expansion.splits.iter().filter(|split| split.sure.is_some()) {
        let mut set = certain.clone();
        let mut weight = 1.0;
        let mut visit = |literal: Literal| match fault_of(&literal) {
            Some(fault) if literal.present() => {
                set.push(fault);
                let p = search.network.probability[literal.event()];
                weight *= p / (1.0 - p);
            }
            Some(_) => {}
            None => weight *= expansion.weight(literal).hi,
        };
        split.literals.iter().chain(&split.forced).for_each(|literal| visit(*literal));
        expansion.fixed(split.parent, split.at, visit);
        set.sort_unstable();
        *weights.entry(set).or_default() += weight;
    }
    let best = |weights: &FxHashMap<Vec<FaultIndex>, f64>| {
        let mut sets: Vec<(Vec<FaultIndex>, f64)> =
            weights.iter().map(|(set, weight)| (set.clone(), *weight)).collect();
        sets.sort_unstable_by(|(a, p), (b, q)| q.total_cmp(p).then_with(|| a.cmp(b)));
        sets.truncate(wanted);
        sets
    };
    // What is likely anyway is left free where a set is found: it belongs to further sets.
    let likely = |(fault, p): (&Option<FaultIndex>, &f64)| fault.filter(|_| *p >= LIKELY && *p < 1.0).map(|f| (f, *p));
    let likely: Vec<(FaultIndex, f64)> =
        search.network.fault.iter().zip(&search.network.probability).filter_map(likely).take(MOST_LIKELY).collect();
    for (set, weight) in best(&weights) {
        for (fault, p) in &likely {
            if let Err(at) = set.binary_search(fault) {
                let mut larger = set.clone();
                larger.insert(at, *fault);
                weights.entry(larger).or_insert(weight * p / (1.0 - p));
            }
        }
    }
    let sets = best(&weights);
    let mut found: Vec<(Vec<FaultIndex>, Mass)> = sets
        .into_iter()
        .map(|(set, _)| {
            let probability = probability_of(search, bounds, &set);
            (set, probability)
        })
        .filter(|(_, probability)| probability.hi > 0.0)
        .collect();
    found.sort_by(|(a, p), (b, q)| (q.lo + q.hi).total_cmp(&(p.lo + p.hi)).then_with(|| a.cmp(b)));
    found.into_iter().map(|(set, probability)| (set, figure(probability))).collect()
}

/// Bounds of the probability that exactly the faults of a set are active, given the evidence. Where a split's literals
/// agree with the set, the worlds of the set in it are the prior mass of the set times that of the events fixed there that
/// are no faults.
fn probability_of(search: &Search<'_>, bounds: &Bounds<'_, '_>, set: &[FaultIndex]) -> Mass {
    let Search { network, expansion, .. } = search;
    let mut prior = Mass::ONE;
    for (event, fault) in network.fault.iter().enumerate() {
        if let Some(fault) = fault {
            let p = network.probability[event];
            prior *= if set.binary_search(fault).is_ok() { Mass::exact(p) } else { Mass::complement(p) };
        }
    }
    let part = |literal: Literal| match network.fault[literal.event()] {
        Some(fault) if set.binary_search(&fault).is_ok() == literal.present() => Mass::ONE,
        Some(_) => Mass::ZERO,
        None => expansion.weight(literal),
    };
    let product = |from: Mass, literals: &[Literal]| {
        literals.iter().fold(from, |mass, literal| if mass.hi > 0.0 { mass.times(part(*literal)) } else { mass })
    };
    let (mut sure, mut open) = (Mass::ZERO, 0.0);
    let mut mass: Vec<Mass> = Vec::with_capacity(expansion.splits.len());
    let within = |mass: &[Mass], split: u32, at: u32, leaf: bool| -> Mass {
        let Some(above) = expansion.splits.get(split as usize) else { return prior };
        let before = product(mass[split as usize], &above.literals[..at as usize]);
        if leaf { product(before, &[above.literals[at as usize].negated()]) } else { before }
    };
    for split in &expansion.splits {
        let here = product(within(&mass, split.parent, split.at, true), &split.forced);
        mass.push(here);
        if split.sure.is_some() {
            sure += product(here, &split.literals);
        }
    }
    let mut leaves: Vec<_> = expansion.queue.iter().collect();
    leaves.sort_unstable_by(|a, b| b.cmp(a));
    for leaf in leaves {
        let here = within(&mass, leaf.split, leaf.at, leaf.leaf);
        let all_hold = || {
            let rest = &expansion.splits[leaf.split as usize].literals[leaf.at as usize..];
            rest.iter().all(|literal| network.fault[literal.event()].is_some() && part(*literal) == Mass::ONE)
        };
        if here.hi > 0.0 && (leaf.leaf || !all_hold()) {
            open = add_up(open, here.hi.min(leaf.open));
        }
    }
    let total = bounds.ledger.total;
    let rest = total.sure.less(sure);
    let evidence = bounds.evidence();
    fraction(
        Mass { lo: sure.lo, hi: add_up(sure.hi, open) },
        Mass { lo: rest.lo, hi: add_up(rest.hi, total.open.hi).min(sub_up(evidence.hi, sure.lo)) },
    )
}
