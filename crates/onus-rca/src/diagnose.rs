//! Diagnosis: which faults explain what a view knows, how probable is each, and what else would explain it.
//!
//! [`FaultGraph::diagnose`] is one call behind which methods can be exchanged; the answer names the one used and why it
//! stopped. `exact` answers with decision diagrams as long as they stay within a budget of nodes; `interval` answers
//! with bounds that certainly contain the truth. Both read the same [`Case`].

use std::collections::BTreeSet;

use onus_model::{Element, EvidenceId, FaultId, FaultIndex, FaultRole, Statement, SystemId, Target};
use serde::Serialize;

use crate::case::{Case, Failure, Reach};
use crate::evidence::Evidence;
use crate::exact;
use crate::fault_graph::{FaultGraph, Node};
use crate::figure::Figure;
use crate::interval;
use crate::network::Network;
use crate::paths::{CausalPath, path_to, shortest_ways};

/// How a diagnosis is made. The defaults answer every incident of human size exactly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DiagnoseOptions {
    /// Which method answers. Default: exact while its budget lasts, else an interval.
    pub method: MethodChoice,
    /// Nodes that the exact method may build. Default 2,000,000, some 50 MB.
    pub node_budget: usize,
    /// Nodes of the fault graph that the interval method may look at, each time anew. Default 200,000,000, some seconds.
    pub step_budget: u64,
    /// How many diagnoses are listed, the most probable ones. Default 10.
    pub diagnoses: usize,
    /// Items of evidence up to which it is worked out which item exonerated which fault, each by a diagnosis of its own.
    /// Default 64; 0 leaves exonerations out.
    pub exoneration_items: usize,
    /// A fault is exonerated by an item that divides its odds by this at least. Default 10.
    pub exoneration_factor: f64,
}

impl Default for DiagnoseOptions {
    fn default() -> Self {
        Self {
            method: MethodChoice::Auto,
            node_budget: 2_000_000,
            step_budget: 200_000_000,
            diagnoses: 10,
            exoneration_items: 64,
            exoneration_factor: 10.0,
        }
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
    /// The search would have passed the step budget.
    StepBudget,
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
    /// All faults: the greatest share first, then the greatest posterior, then by id.
    pub faults: Vec<FaultFinding>,
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
    /// The failures that were seen and want explaining.
    pub observed_failures: Vec<SystemId>,
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
    /// One way from a fault of the set to each observed failure that it explains.
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
        let case = Case::new(self, evidence);
        let network = Network::of(&case);
        let mut diagnosis = match options.method {
            MethodChoice::Interval => interval::diagnose(&case, &network, evidence, options, StopReason::Finished),
            MethodChoice::Auto | MethodChoice::Exact => exact::diagnose(&case, &network, evidence, options)
                .unwrap_or_else(|_| {
                    let steps = if options.method == MethodChoice::Exact { 0 } else { options.step_budget };
                    let options = DiagnoseOptions { step_budget: steps, ..*options };
                    interval::diagnose(&case, &network, evidence, &options, StopReason::NodeBudget)
                }),
        };
        if diagnosis.conflict.is_none() {
            for ranked in &mut diagnosis.diagnoses {
                ranked.paths = paths(&case, &ranked.indices);
            }
            if diagnosis.method == Method::Exact && evidence.items().len() <= options.exoneration_items {
                diagnosis.exonerated = self.exonerations(evidence, options);
            }
        }
        diagnosis
    }

    /// Follows the posteriors as the items come to be known, and notes which item divided a fault's odds for good.
    fn exonerations(&self, evidence: &Evidence, options: &DiagnoseOptions) -> Vec<Exoneration> {
        let mut states: Vec<Vec<f64>> = Vec::new();
        for count in 0..=evidence.items().len() {
            let case = Case::new(self, &evidence.first(count));
            match exact::posteriors(&case, &Network::of(&case), options.node_budget) {
                Some(state) => states.push(state),
                None => return Vec::new(),
            }
        }
        let Some(last) = states.last() else { return Vec::new() };
        // What is certain but for rounding is certain: its odds are not to be told from each other.
        let odds = |p: f64| p.min(1.0 - 1e-12) / (1.0 - p.min(1.0 - 1e-12));
        let mut result = Vec::new();
        for fault in 0..last.len() {
            let mut by = BTreeSet::new();
            let mut before = None;
            for (count, pair) in states.windows(2).enumerate() {
                let (earlier, later) = (pair[0][fault], pair[1][fault]);
                let below = |p: f64| p < earlier && odds(p) * options.exoneration_factor <= odds(earlier);
                let (divided, stays) = (below(later), below(last[fault]));
                if earlier > 0.0 && divided && stays {
                    before.get_or_insert(earlier);
                    by.insert(count);
                    by.extend(repairs_before(evidence, self, FaultIndex::new(fault), count));
                }
            }
            if let Some(before) = before {
                result.push(Exoneration {
                    fault: self.topology().faults()[fault].id.clone(),
                    index: FaultIndex::new(fault),
                    by: by.into_iter().map(|item| evidence.items()[item].id.clone()).collect(),
                    before: Figure::exact(before),
                    after: Figure::exact(last[fault]),
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
fn paths(case: &Case<'_>, faults: &[FaultIndex]) -> Vec<CausalPath> {
    let mut result: Vec<CausalPath> = Vec::new();
    for failure in &case.failures {
        let blocked = |event: Node, gate: Node| repaired(case, failure, event, gate);
        let graph = case.graph;
        let active = faults.iter().map(|fault| FaultGraph::fault_node(*fault)).chain(graph.coupling_nodes());
        let spread = graph.spread(active, blocked);
        if spread.has(failure.gate) {
            let before = shortest_ways(graph, faults, |node| spread.has(node), blocked);
            let path = path_to(graph, &before, failure.gate);
            result.extend(path.filter(|path| !result.contains(path)));
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

/// The parts of a diagnosis that methods fill in.
pub(crate) struct Figures {
    pub(crate) posterior: Vec<Option<Figure>>,
    pub(crate) share: Vec<Option<Figure>>,
}

/// Lists all faults. Those that cannot bear on the evidence keep their prior.
pub(crate) fn findings(case: &Case<'_>, figures: &Figures) -> Vec<FaultFinding> {
    let faults = case.graph.topology().faults();
    let mut findings: Vec<FaultFinding> = faults
        .iter()
        .enumerate()
        .map(|(at, fault)| FaultFinding {
            id: fault.id.clone(),
            index: FaultIndex::new(at),
            role: fault.role,
            prior: Figure::exact(fault.prior.probability().get()),
            posterior: figures.posterior[at].unwrap_or(Figure::exact(case.changed_prior(FaultIndex::new(at)))),
            share: figures.share[at].unwrap_or(Figure::exact(0.0)),
        })
        .collect();
    // Differences in the last digits are ties, which the id decides.
    let rounded = |figure: Figure| (figure.middle() * 1e9).round();
    findings.sort_by(|a, b| {
        (rounded(b.share).total_cmp(&rounded(a.share)))
            .then(rounded(b.posterior).total_cmp(&rounded(a.posterior)))
            .then(a.index.cmp(&b.index))
    });
    findings
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
