//! Diagnosis: which faults explain what a view knows, how probable is each, and what else would explain it.
//!
//! [`FaultGraph::diagnose`] is one call behind which methods can be exchanged; the answer names the one used and why it
//! stopped. `exact` answers with decision diagrams as long as they stay within a budget of nodes; `interval` answers
//! with bounds that certainly contain the truth. Both read the same [`Case`].

use std::collections::{BTreeMap, BTreeSet};

use onus_model::{Element, EvidenceId, FaultId, FaultIndex, FaultRole, Statement, SystemId, Target};
use rustc_hash::FxHashSet;
use serde::Serialize;

use crate::case::{Case, Failure, Reach};
use crate::evidence::Evidence;
use crate::exact;
use crate::fault_graph::{FaultGraph, Node};
use crate::figure::Figure;
use crate::interval;
use crate::network::Network;
use crate::paths::{CausalPath, path_to, ways_within};

/// Faults of a model up to which a diagnosis lists all.
const MOST_FAULTS_LISTED: usize = 10_000;
/// Shares and posteriors of faults that differ by less are listed as equals.
const TIED: f64 = 1e-12;
/// Elements on all causal paths of one diagnosis together.
const MOST_PATH_LENGTH: usize = 100_000;
/// Terms that working out exonerations may go through; where it would be more, they are left out.
const MOST_EXONERATION_TERMS: usize = 20_000_000;

/// How a diagnosis is made. The defaults answer every incident of human size exactly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DiagnoseOptions {
    /// Which method answers. Default: exact while its budget lasts, else an interval.
    pub method: MethodChoice,
    /// Nodes that the exact method may build. Default 2,000,000, some 50 MB.
    pub node_budget: usize,
    /// Nodes and edges of the fault graph that the interval method may look at, each time anew. A node that it makes in a
    /// diagram counts for 64. Default 300,000,000, a second or two.
    pub step_budget: u64,
    /// The interval method is done when P(E) is known to within this part of it. Default 0: it goes on to the step budget.
    pub tolerance: f64,
    /// Whether and how the interval method samples what it leaves open. Default: never.
    pub sampling: Sampling,
    /// How many diagnoses are listed, the most probable ones. Default 10.
    pub diagnoses: usize,
    /// Items of evidence up to which it is worked out which item exonerated which fault, each by a diagnosis of its own.
    /// Default 64; 0 leaves exonerations out. They are left out too where that would go through more than 20 million
    /// nodes.
    pub exoneration_items: usize,
    /// A fault is exonerated by an item that divides its odds by this at least. Default 10.
    pub exoneration_factor: f64,
}

impl Default for DiagnoseOptions {
    fn default() -> Self {
        Self {
            method: MethodChoice::Auto,
            node_budget: 2_000_000,
            step_budget: 300_000_000,
            tolerance: 0.0,
            sampling: Sampling::default(),
            diagnoses: 10,
            exoneration_items: 64,
            exoneration_factor: 10.0,
        }
    }
}

/// How the worlds that the interval method leaves open are sampled, for an estimate beside the interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// When. Default: never.
    pub when: SampleWhen,
    /// How many worlds. The estimate of the open part is off by more than ε with a probability of at most 2·exp(−2·n·ε²) for
    /// n samples, and by far less where that part is small. Default 100,000.
    pub samples: u64,
    /// How sure each figure is, between 0 and 1. Default 0.99.
    pub confidence: f64,
    /// What the generator begins with. Default 0.
    pub seed: u64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { when: SampleWhen::Never, samples: 100_000, confidence: 0.99, seed: 0 }
    }
}

/// When open worlds are sampled.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum SampleWhen {
    /// Never.
    #[default]
    Never,
    /// When P(E) is not known to within this part of it.
    IfWiderThan(f64),
    /// Whenever anything is open.
    Always,
}

impl Sampling {
    /// Whether a probability of the evidence between `lo` and `hi` calls for samples.
    pub(crate) fn asks(&self, lo: f64, hi: f64) -> bool {
        match self.when {
            SampleWhen::Never => false,
            SampleWhen::IfWiderThan(tolerance) => hi - lo > tolerance * lo,
            SampleWhen::Always => hi > lo,
        }
    }
}

/// How far a diagnosis has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Partial fault sets looked at.
    pub steps: u64,
    /// The probability of the evidence is between this
    pub lo: f64,
    /// and this, about.
    pub hi: f64,
}

/// Who may stop a diagnosis. Any closure that takes a [`Progress`] and says whether to go on is one.
pub trait Watch {
    /// Asked before every step of the interval method. After `false` the answer is what is known by then, and certain.
    fn keep_going(&self, progress: Progress) -> bool;
}

impl<F: Fn(Progress) -> bool> Watch for F {
    fn keep_going(&self, progress: Progress) -> bool {
        self(progress)
    }
}

/// Which method answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MethodChoice {
    /// Exact while the node budget lasts, else an interval.
    #[default]
    Auto,
    /// Exact, or the trivial interval if the budget does not suffice.
    Exact,
    /// An interval.
    Interval,
}

/// The method that answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Decision diagrams.
    Exact,
    /// Best-first partial expansion with certain bounds.
    Interval,
}

/// Why an answer stopped where it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StopReason {
    /// Nothing was left to do.
    Finished,
    /// The diagram would have passed the node budget.
    NodeBudget,
    /// The step budget was used up.
    StepBudget,
    /// The probability of the evidence is known as closely as was asked for.
    Tolerance,
    /// The caller stopped it.
    Cancelled,
}

/// What explains the evidence.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diagnosis {
    /// The method that answered.
    pub method: Method,
    /// Why it stopped.
    pub stopped: StopReason,
    /// What it cost: diagram nodes built, or partial fault sets looked at.
    pub cost: u64,
    /// Probability of the evidence, before anything is known.
    pub evidence_probability: Figure,
    /// What the model cannot explain; no other figure means anything then.
    pub conflict: Option<Conflict>,
    /// The greatest share first, then the greatest posterior, then by id: all faults of a model of up to 10,000; of a
    /// larger one those that bear on the evidence.
    pub faults: Vec<FaultFinding>,
    /// How many faults are not among these: nothing in the evidence is about what they can make fail. They have no share,
    /// and their prior.
    pub faults_not_listed: usize,
    /// Share of the observed failures that no fault explains.
    pub unexplained: Figure,
    /// The most probable fault sets, in order.
    pub diagnoses: Vec<RankedDiagnosis>,
    /// Whether these are certainly the most probable ones.
    pub diagnoses_complete: bool,
    /// Faults that the evidence cannot tell apart.
    pub ambiguity_groups: Vec<Vec<FaultId>>,
    /// Faults that an item of evidence all but ruled out.
    pub exonerated: Vec<Exoneration>,
    /// What times say of single origins.
    #[serde(skip_serializing_if = "Timing::is_empty")]
    pub timing: Timing,
    /// The failures that were seen and want explaining.
    pub observed_failures: Vec<SystemId>,
    /// What samples of the open worlds say beyond the intervals, if they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Estimates>,
}

/// What times say of single origins, where interfaces take time and something was seen to work before it failed or before what
/// it needs was seen to have failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Timing {
    /// Faults that reach all failures that were seen, but by no start and no delays when these were seen: none of them is the
    /// only origin.
    pub untimely: Vec<FaultId>,
    /// Faults for which that was too much work to decide; they are not excluded.
    pub undecided: Vec<FaultId>,
    /// There were too many times to tell all apart, so that what worked was used for less than it says: as if something
    /// that takes time had not had enough of it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub capped: bool,
}

impl Timing {
    fn is_empty(&self) -> bool {
        self.untimely.is_empty() && self.undecided.is_empty() && !self.capped
    }
}

/// Estimates beside certain intervals.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimates {
    /// Probability of the evidence.
    pub evidence_probability: Figure,
    /// The faults that bear on the evidence, in the order of the model.
    pub posteriors: Vec<FaultEstimate>,
}

/// An estimate of one fault.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FaultEstimate {
    /// The fault.
    pub fault: FaultId,
    /// Its index in the model.
    #[serde(skip)]
    pub index: FaultIndex,
    /// Probability given the evidence.
    pub posterior: Figure,
}

/// What is known of one fault.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FaultFinding {
    /// The fault.
    pub id: FaultId,
    /// Its index in the model.
    #[serde(skip)]
    pub index: FaultIndex,
    /// What part it plays, by the model.
    pub role: FaultRole,
    /// Probability before any evidence.
    pub prior: Figure,
    /// Probability given the evidence.
    pub posterior: Figure,
    /// How much of the observed failures it explains, in expectation (Shapley).
    pub share: Figure,
}

/// A fault set that explains the evidence.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RankedDiagnosis {
    /// Its place; equally probable sets share one.
    pub rank: usize,
    /// The active faults.
    pub faults: Vec<FaultId>,
    /// Their indices in the model.
    #[serde(skip)]
    pub indices: Vec<FaultIndex>,
    /// Probability, given the evidence, that exactly these are active among the faults that bear on it.
    pub probability: Figure,
    /// One way from a fault of the set to each observed failure that it explains, up to some 100,000 systems on all
    /// ways together.
    pub paths: Vec<CausalPath>,
}

/// A fault that an item of evidence all but ruled out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Exoneration {
    /// The fault.
    pub fault: FaultId,
    /// Its index in the model.
    #[serde(skip)]
    pub index: FaultIndex,
    /// The items that did it, in the order in which they came to be known; for what still failed after a repair, the
    /// repair too.
    pub by: Vec<EvidenceId>,
    /// Posterior before the first of them.
    pub before: Figure,
    /// Posterior given everything.
    pub after: Figure,
}

/// Evidence that the model cannot explain together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// The items; without any one of them the rest could be explained.
    pub items: Vec<EvidenceId>,
    /// Whether no smaller set of items conflicts.
    pub smallest: bool,
}

impl FaultGraph {
    /// Which faults explain the evidence.
    ///
    /// Independent priors times the likelihood of the evidence, normalised (DESIGN.md 3.2 and 3.3). Evidence that
    /// nothing explains is an answer too: see [`Diagnosis::conflict`].
    ///
    /// Cost: linear in the part of the graph that can bear on the evidence, and then up to the budgets of `options`; the
    /// answer says which it met. Literature: Reiter (1987) and de Kleer & Williams (1987) for diagnosis; Rauzy (1993) for
    /// probabilities on decision diagrams; Owen (1972) for the shares.
    pub fn diagnose(&self, evidence: &Evidence, options: &DiagnoseOptions) -> Diagnosis {
        self.diagnose_watched(evidence, options, &|_: Progress| true)
    }

    /// [`diagnose`](Self::diagnose), and `watch` may follow and stop the interval method.
    pub fn diagnose_watched(&self, evidence: &Evidence, options: &DiagnoseOptions, watch: &dyn Watch) -> Diagnosis {
        let case = Case::new(self, evidence);
        let network = Network::of(&case);
        let mut diagnosis = match options.method {
            MethodChoice::Interval => {
                interval::diagnose(&case, &network, evidence, options, StopReason::Finished, watch)
            }
            MethodChoice::Auto | MethodChoice::Exact => exact::diagnose(&case, &network, evidence, options)
                .unwrap_or_else(|_| {
                    let steps = if options.method == MethodChoice::Exact { 0 } else { options.step_budget };
                    let options = DiagnoseOptions { step_budget: steps, ..*options };
                    interval::diagnose(&case, &network, evidence, &options, StopReason::NodeBudget, watch)
                }),
        };
        let names = |faults: &[FaultIndex]| {
            faults.iter().map(|fault| self.topology().faults()[fault.index()].id.clone()).collect()
        };
        diagnosis.timing = Timing {
            untimely: names(&case.onsets.untimely),
            undecided: names(&case.onsets.undecided),
            capped: network.is_capped,
        };
        if diagnosis.conflict.is_none() {
            for ranked in &mut diagnosis.diagnoses {
                ranked.paths = paths(&case, &ranked.indices);
            }
            if diagnosis.method == Method::Exact && evidence.items().len() <= options.exoneration_items {
                diagnosis.exonerated = self.exonerations(evidence, network.len(), options);
            }
        }
        diagnosis
    }

    /// Follows the posteriors as the items come to be known, and notes which item divided a fault's odds for good.
    ///
    /// A diagnosis for each item: left out where they would go through too many terms.
    fn exonerations(&self, evidence: &Evidence, terms: usize, options: &DiagnoseOptions) -> Vec<Exoneration> {
        let count = evidence.items().len();
        if (count + 1) * terms > MOST_EXONERATION_TERMS {
            return Vec::new();
        }
        // By fault: its posterior after so many items. Faults that nothing bears on yet have their prior.
        let mut states: BTreeMap<FaultIndex, Vec<f64>> = BTreeMap::new();
        for known in (0..=count).rev() {
            let case = Case::new(self, &evidence.first(known));
            let Some(posterior) = exact::posteriors(Network::of(&case), options.node_budget) else { return Vec::new() };
            if known == count {
                let bearing = case.fault.iter().flatten().copied().chain(case.changed_faults());
                states = bearing.map(|fault| (fault, vec![0.0; count + 1])).collect();
            }
            for (fault, state) in &mut states {
                state[known] = case.changed_prior(*fault);
            }
            for (fault, posterior) in case.fault.iter().zip(posterior) {
                if let Some(state) = fault.and_then(|fault| states.get_mut(&fault)) {
                    state[known] = posterior;
                }
            }
        }
        // What is certain but for rounding is certain: its odds are not to be told from each other.
        let odds = |p: f64| p.min(1.0 - 1e-12) / (1.0 - p.min(1.0 - 1e-12));
        let mut result = Vec::new();
        for (fault, state) in states {
            let last = state[count];
            let mut by = BTreeSet::new();
            let mut before = None;
            for (item, pair) in state.windows(2).enumerate() {
                let (earlier, later) = (pair[0], pair[1]);
                let below = |p: f64| p < earlier && odds(p) * options.exoneration_factor <= odds(earlier);
                let (divided, stays) = (below(later), below(last));
                if earlier > 0.0 && divided && stays {
                    before.get_or_insert(earlier);
                    by.insert(item);
                    by.extend(repairs_before(evidence, self, fault, item));
                }
            }
            if let Some(before) = before {
                result.push(Exoneration {
                    fault: self.topology().faults()[fault.index()].id.clone(),
                    index: fault,
                    by: by.into_iter().map(|item| evidence.items()[item].id.clone()).collect(),
                    before: Figure::exact(before),
                    after: Figure::exact(last),
                });
            }
        }
        result.sort_by(|a, b| b.before.lo.total_cmp(&a.before.lo).then(a.index.cmp(&b.index)));
        result
    }
}

/// The repairs of a fault that an observed failure came after: what still fails then speaks against the fault.
fn repairs_before(evidence: &Evidence, graph: &FaultGraph, fault: FaultIndex, item: usize) -> Vec<usize> {
    let items = evidence.items();
    if !items[item].is_failure() {
        return Vec::new();
    }
    let elements = &graph.topology().faults()[fault.index()].elements;
    let concerns = |target: Target| match target {
        Target::Fault(repaired) => repaired == fault,
        Target::Element(element) => elements.contains(&element),
    };
    let repaired = |statement: &Statement| matches!(statement, Statement::Repair { target, .. } if concerns(*target));
    (0..items.len()).filter(|other| items[*other].at <= items[item].at && repaired(&items[*other].statement)).collect()
}

/// One way from some fault of the set to each observed failure that the set explains, every repair that may have failed
/// taken to have failed and every coupling to couple.
///
/// O(what fails from the faults in the cone) for each epoch in which a failure was seen, and the length of the ways.
fn paths(case: &Case<'_>, faults: &[FaultIndex]) -> Vec<CausalPath> {
    let mut result: Vec<CausalPath> = Vec::new();
    let mut listed: FxHashSet<(FaultId, Vec<String>)> = FxHashSet::default();
    let mut length = 0;
    for failures in case.failures.chunk_by(|a, b| a.epoch == b.epoch) {
        let blocked = |event: Node, gate: Node| repaired(case, &failures[0], event, gate);
        let ways = ways_within(case.graph, faults, |gate| case.cone.contains(&gate), blocked);
        for failure in failures {
            if length > MOST_PATH_LENGTH {
                return result;
            }
            if let Some(path) = path_to(case.graph, |node| ways.get(&node).copied(), failure.gate) {
                length += path.through.len() + 1;
                if listed.insert((path.fault.clone(), path.through.clone())) {
                    result.push(path);
                }
            }
        }
    }
    result
}

fn repaired(case: &Case<'_>, failure: &Failure, event: Node, gate: Node) -> bool {
    let element: Option<Element> = case.graph.element(gate);
    element.is_some_and(|element| {
        case.epochs() > 0 && case.reach(FaultIndex::new(event.index()), element, failure.epoch) == Reach::Repaired
    })
}

/// The parts of a diagnosis that methods fill in, by variable of the case.
pub(crate) struct Figures {
    /// `None` where it is the prior.
    pub(crate) posterior: Vec<Option<Figure>>,
    pub(crate) share: Vec<Figure>,
}

/// Lists the faults: all of them, or in a large model those that bear on the evidence; and how many are left out. Those
/// that cannot bear on the evidence keep their prior.
pub(crate) fn findings(case: &Case<'_>, figures: &Figures) -> (Vec<FaultFinding>, usize) {
    let faults = case.graph.topology().faults();
    let finding = |index: FaultIndex, posterior: Option<Figure>, share: Figure| {
        let fault = &faults[index.index()];
        FaultFinding {
            id: fault.id.clone(),
            index,
            role: fault.role,
            prior: Figure::exact(fault.prior.probability().get()),
            posterior: posterior.unwrap_or_else(|| Figure::exact(case.changed_prior(index))),
            share,
        }
    };
    let bearing = case.fault.iter().zip(&figures.posterior).zip(&figures.share);
    let mut findings: Vec<FaultFinding> = bearing
        .filter_map(|((fault, posterior), share)| fault.map(|fault| finding(fault, *posterior, *share)))
        .collect();
    if faults.len() <= MOST_FAULTS_LISTED {
        let mut listed = vec![false; faults.len()];
        for finding in &findings {
            listed[finding.index.index()] = true;
        }
        let others = (0..faults.len()).filter(|at| !listed[*at]).map(FaultIndex::new);
        findings.extend(others.map(|index| finding(index, None, Figure::exact(0.0))));
    }
    // Differences in the last digits are ties: of shares, which the posterior decides; of posteriors, which the id does.
    let of = |figure: fn(&FaultFinding) -> Figure| {
        move |a: &FaultFinding, b: &FaultFinding| {
            figure(b).middle().total_cmp(&figure(a).middle()).then(a.index.cmp(&b.index))
        }
    };
    let tied = |figure: fn(&FaultFinding) -> Figure| {
        move |a: &FaultFinding, b: &FaultFinding| figure(a).middle() - figure(b).middle() <= TIED
    };
    findings.sort_unstable_by(of(|finding| finding.share));
    for alike in findings.chunk_by_mut(tied(|finding| finding.share)) {
        alike.sort_unstable_by(of(|finding| finding.posterior));
        for alike in alike.chunk_by_mut(tied(|finding| finding.posterior)) {
            alike.sort_unstable_by_key(|finding| finding.index);
        }
    }
    let left_out = faults.len() - findings.len();
    (findings, left_out)
}

/// The systems whose failure was seen, each once.
pub(crate) fn observed(case: &Case<'_>) -> Vec<SystemId> {
    let topology = case.graph.topology();
    let mut seen: Vec<SystemId> = case
        .failures
        .iter()
        .filter_map(|failure| match case.graph.named(failure.gate) {
            Some(Element::System(system)) => Some(topology.systems()[system.index()].id.clone()),
            _ => None,
        })
        .collect();
    seen.sort();
    seen.dedup();
    seen
}

/// Numbers diagnoses by their probability; equal ones share a number.
pub(crate) fn rank(sets: Vec<(Vec<FaultIndex>, Figure)>, case: &Case<'_>) -> Vec<RankedDiagnosis> {
    let faults = case.graph.topology().faults();
    let mut result: Vec<RankedDiagnosis> = Vec::with_capacity(sets.len());
    for (at, (mut indices, probability)) in sets.into_iter().enumerate() {
        indices.sort_unstable();
        let rank = match result.last() {
            Some(last)
                if (last.probability.middle() - probability.middle()).abs()
                    <= crate::ranking::TIE * probability.middle() =>
            {
                last.rank
            }
            _ => at + 1,
        };
        let names = indices.iter().map(|fault| faults[fault.index()].id.clone()).collect();
        result.push(RankedDiagnosis { rank, faults: names, indices, probability, paths: Vec::new() });
    }
    result
}

/// The figure of a method that computes exactly.
pub(crate) fn exact_figure(value: f64) -> Figure {
    Figure::exact(value.clamp(0.0, 1.0))
}
