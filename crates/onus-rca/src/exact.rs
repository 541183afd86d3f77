//! The exact method: the evidence as a decision diagram, everything else from passes over it.

use onus_model::{EvidenceId, FaultIndex};

use crate::ambiguity;
use crate::case::Case;
use crate::decision_diagram::{Bdd, BudgetExceeded};
use crate::diagnose::{
    Conflict, DiagnoseOptions, Diagnosis, Figures, Method, StopReason, exact_figure, findings, observed, rank,
};
use crate::encode::{Encoded, encode};
use crate::evidence::Evidence;
use crate::figure::Figure;
use crate::ranking::most_probable;
use crate::shares::pivots;

/// Node visits that the comparison of faults for ambiguity may take.
const AMBIGUITY_BUDGET: u64 = 50_000_000;
/// Partial fault sets that the search for the most probable diagnoses may look at.
const RANKING_BUDGET: u64 = 20_000;
/// Items of evidence up to which all pairs are tried for a conflict, so that a conflict of two is surely the smallest.
const PAIRWISE: usize = 200;

/// Diagnoses exactly, or says that the budget does not suffice.
pub(crate) fn diagnose(
    case: &Case<'_>,
    evidence: &Evidence,
    options: &DiagnoseOptions,
) -> Result<Diagnosis, BudgetExceeded> {
    let mut encoded = encode(case, options.node_budget)?;
    let diagram = encoded.diagram(encoded.evidence);
    let marginals = diagram.marginals(&encoded.probability);
    let total = marginals.total;
    let faults = case.graph.topology().faults().len();
    let mut figures = Figures { posterior: vec![None; faults], share: vec![None; faults] };
    let mut diagnosis = Diagnosis {
        method: Method::Exact,
        stopped: StopReason::Finished,
        cost: 0,
        evidence_probability: exact_figure(total),
        conflict: None,
        faults: Vec::new(),
        unexplained: Figure::exact(if case.failures.is_empty() { 1.0 } else { 0.0 }),
        diagnoses: Vec::new(),
        diagnoses_complete: true,
        ambiguity_groups: Vec::new(),
        exonerated: Vec::new(),
        observed_failures: observed(case),
    };
    if total <= 0.0 {
        diagnosis.conflict = Some(conflict(case, &mut encoded, evidence)?);
        diagnosis.unexplained = Figure::exact(1.0);
        diagnosis.cost = encoded.manager.statistics().nodes as u64;
        return Ok(diagnosis);
    }
    let fault_on: Vec<Option<FaultIndex>> = encoded.variable.iter().map(|v| case.fault[v.index()]).collect();
    let is_fault: Vec<bool> = fault_on.iter().map(Option::is_some).collect();
    for (level, fault) in fault_on.iter().enumerate() {
        if let Some(fault) = fault {
            figures.posterior[fault.index()] = Some(exact_figure(marginals.joint[level] / total));
        }
    }
    if !case.failures.is_empty() {
        let count = case.failures.len() as f64;
        let mut share = vec![0.0; faults];
        let mut explained = 0.0;
        for failure in encoded.failures.clone() {
            let found =
                pivots(&encoded.manager, encoded.evidence, failure, &encoded.probability, &is_fault, options.node_budget)?;
            for (level, fault) in fault_on.iter().enumerate() {
                if let Some(fault) = fault {
                    share[fault.index()] += found[level] / total / count;
                }
            }
            let both = encoded.manager.and(encoded.evidence, failure)?;
            let both = encoded.diagram(both);
            explained += both.up(&encoded.probability)[both.root() as usize] / total / count;
        }
        for (fault, share) in share.into_iter().enumerate() {
            figures.share[fault] = Some(exact_figure(share));
        }
        diagnosis.unexplained = exact_figure(1.0 - explained);
    }
    diagnosis.faults = findings(case, &figures);
    let ranking = most_probable(&diagram, &encoded.probability, &is_fault, options.diagnoses, RANKING_BUDGET);
    let sets = ranking.sets.into_iter().map(|(levels, joint)| {
        let set: Vec<FaultIndex> = levels.iter().filter_map(|level| fault_on[*level as usize]).collect();
        (set, exact_figure(joint / total))
    });
    diagnosis.diagnoses = rank(sets.collect(), case);
    diagnosis.diagnoses_complete = ranking.complete;
    if let Some(groups) = ambiguity::groups(&diagram, &encoded.probability, &is_fault, AMBIGUITY_BUDGET) {
        let names = case.graph.topology().faults();
        for group in groups {
            let mut group: Vec<FaultIndex> = group.into_iter().filter_map(|level| fault_on[level as usize]).collect();
            group.sort_unstable();
            diagnosis.ambiguity_groups.push(group.into_iter().map(|f| names[f.index()].id.clone()).collect());
        }
        diagnosis.ambiguity_groups.sort();
    }
    diagnosis.cost = encoded.manager.statistics().nodes as u64;
    Ok(diagnosis)
}

/// Posteriors of all faults alone; `None` if the budget does not suffice or nothing explains the evidence.
pub(crate) fn posteriors(case: &Case<'_>, node_budget: usize) -> Option<Vec<f64>> {
    let encoded = encode(case, node_budget).ok()?;
    let marginals = encoded.diagram(encoded.evidence).marginals(&encoded.probability);
    if marginals.total <= 0.0 {
        return None;
    }
    let faults = case.graph.topology().faults().len();
    let mut result: Vec<f64> = (0..faults).map(|fault| case.changed_prior(FaultIndex::new(fault))).collect();
    for (level, variable) in encoded.variable.iter().enumerate() {
        if let Some(fault) = case.fault[variable.index()] {
            result[fault.index()] = (marginals.joint[level] / marginals.total).clamp(0.0, 1.0);
        }
    }
    Some(result)
}

/// The smallest set of items that nothing explains together, as far as it is looked for: single items, then pairs, then
/// one from which no item can be left out.
fn conflict(case: &Case<'_>, encoded: &mut Encoded, evidence: &Evidence) -> Result<Conflict, BudgetExceeded> {
    let mut items: Vec<usize> = case.conditions.iter().map(|condition| condition.item).collect();
    items.dedup();
    let mut together = Vec::with_capacity(items.len());
    for item in &items {
        let own = case.conditions.iter().enumerate().filter(|(_, c)| c.item == *item).map(|(at, _)| at);
        together.push(encoded.all_of(own.collect::<Vec<_>>())?);
    }
    let impossible = |encoded: &Encoded, function: Bdd| {
        let diagram = encoded.diagram(function);
        diagram.up(&encoded.probability)[diagram.root() as usize] <= 0.0
    };
    let name = |positions: &[usize]| -> Vec<EvidenceId> {
        positions.iter().map(|at| evidence.items()[items[*at]].id.clone()).collect()
    };
    for (at, function) in together.iter().enumerate() {
        if impossible(encoded, *function) {
            return Ok(Conflict { items: name(&[at]), smallest: true });
        }
    }
    if items.len() <= PAIRWISE {
        for first in 0..items.len() {
            for second in first + 1..items.len() {
                let both = encoded.manager.and(together[first], together[second])?;
                if impossible(encoded, both) {
                    return Ok(Conflict { items: name(&[first, second]), smallest: true });
                }
            }
        }
    }
    let mut kept: Vec<usize> = (0..items.len()).collect();
    let mut at = 0;
    while at < kept.len() {
        let mut rest = Bdd::TRUE;
        for (position, item) in kept.iter().enumerate() {
            if position != at {
                rest = encoded.manager.and(rest, together[*item])?;
            }
        }
        if impossible(encoded, rest) {
            kept.remove(at);
        } else {
            at += 1;
        }
    }
    // Singles and pairs were all tried, so that three cannot be undercut.
    Ok(Conflict { smallest: kept.len() <= 3 && items.len() <= PAIRWISE, items: name(&kept) })
}
