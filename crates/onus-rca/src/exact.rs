//! The exact method: the evidence as a decision diagram, everything else from passes over it.

use onus_model::{EvidenceId, FaultIndex};

use crate::ambiguity;
use crate::case::Case;
use crate::decision_diagram::{Bdd, BudgetExceeded};
use crate::diagnose::{
    Conflict, DiagnoseOptions, Diagnosis, Figures, Method, StopReason, exact_figure, findings, observed, rank,
};
use crate::encode::{Encoded, encode, is_possible, settle};
use crate::evidence::Evidence;
use crate::figure::Figure;
use crate::network::Network;
use crate::ranking::{most_probable, order_sets};
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
    network: &Network,
    evidence: &Evidence,
    options: &DiagnoseOptions,
) -> Result<Diagnosis, BudgetExceeded> {
    let mut encoded = encode(network, options.node_budget)?;
    let diagram = encoded.diagram(encoded.evidence);
    // Faults that trade places are compared over all their worlds, whatever this evidence decides.
    let prior = encoded.probability.clone();
    let explicable = is_possible(&diagram, &encoded.probability);
    let fixed = if explicable { settle(&diagram, &mut encoded.probability) } else { 0.0 };
    let marginals = diagram.marginals(&encoded.probability);
    let total = marginals.total;
    if explicable && total <= 0.0 {
        // Even so too improbable for floating point: only bounds are left.
        return Err(BudgetExceeded::Nodes(options.node_budget));
    }
    let faults = case.graph.topology().faults().len();
    let mut figures = Figures { posterior: vec![None; faults], share: vec![None; faults] };
    let mut diagnosis = Diagnosis {
        method: Method::Exact,
        stopped: StopReason::Finished,
        cost: 0,
        evidence_probability: exact_figure(fixed * total),
        conflict: None,
        faults: Vec::new(),
        unexplained: Figure::exact(if network.failures.is_empty() { 1.0 } else { 0.0 }),
        diagnoses: Vec::new(),
        diagnoses_complete: true,
        ambiguity_groups: Vec::new(),
        exonerated: Vec::new(),
        observed_failures: observed(case),
    };
    if !explicable {
        diagnosis.conflict = Some(conflict(network, &mut encoded, evidence)?);
        diagnosis.unexplained = Figure::exact(1.0);
        diagnosis.cost = encoded.manager.statistics().nodes as u64;
        return Ok(diagnosis);
    }
    let fault_on: Vec<Option<FaultIndex>> = encoded.event.iter().map(|event| network.fault[event.index()]).collect();
    let is_fault: Vec<bool> = fault_on.iter().map(Option::is_some).collect();
    for (level, fault) in fault_on.iter().enumerate() {
        if let Some(fault) = fault {
            figures.posterior[fault.index()] = Some(exact_figure(marginals.joint[level] / total));
        }
    }
    if !network.failures.is_empty() {
        let count = network.failures.len() as f64;
        let mut share = vec![0.0; faults];
        let mut explained = 0.0;
        for failure in encoded.failures.clone() {
            let found = pivots(
                &encoded.manager,
                encoded.evidence,
                failure,
                &encoded.probability,
                &is_fault,
                options.node_budget,
            )?;
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
        let mut set: Vec<FaultIndex> = levels.iter().filter_map(|level| fault_on[*level as usize]).collect();
        set.sort_unstable();
        (set, joint)
    });
    let mut sets: Vec<(Vec<FaultIndex>, f64)> = sets.collect();
    order_sets(&mut sets);
    let sets = sets.into_iter().map(|(set, joint)| (set, exact_figure(joint / total)));
    diagnosis.diagnoses = rank(sets.collect(), case);
    diagnosis.diagnoses_complete = ranking.complete;
    if let Some(groups) = ambiguity::groups(&diagram, &prior, &is_fault, AMBIGUITY_BUDGET) {
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
pub(crate) fn posteriors(case: &Case<'_>, network: &Network, node_budget: usize) -> Option<Vec<f64>> {
    let mut encoded = encode(network, node_budget).ok()?;
    let diagram = encoded.diagram(encoded.evidence);
    settle(&diagram, &mut encoded.probability);
    let marginals = diagram.marginals(&encoded.probability);
    if marginals.total <= 0.0 {
        return None;
    }
    let faults = case.graph.topology().faults().len();
    let mut result: Vec<f64> = (0..faults).map(|fault| case.changed_prior(FaultIndex::new(fault))).collect();
    for (level, event) in encoded.event.iter().enumerate() {
        if let Some(fault) = network.fault[event.index()] {
            result[fault.index()] = (marginals.joint[level] / marginals.total).clamp(0.0, 1.0);
        }
    }
    Some(result)
}

/// The smallest set of items that nothing explains together, as far as it is looked for: single items, then pairs, then
/// one from which no item can be left out.
fn conflict(network: &Network, encoded: &mut Encoded, evidence: &Evidence) -> Result<Conflict, BudgetExceeded> {
    let mut items: Vec<usize> = network.requirements.iter().map(|requirement| requirement.item).collect();
    items.dedup();
    let mut together = Vec::with_capacity(items.len());
    for item in &items {
        let own = network.requirements.iter().enumerate().filter(|(_, r)| r.item == *item).map(|(at, _)| at);
        together.push(encoded.all_of(own.collect::<Vec<_>>())?);
    }
    let impossible = |encoded: &Encoded, function: Bdd| !is_possible(&encoded.diagram(function), &encoded.probability);
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
