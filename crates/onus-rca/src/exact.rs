//! The exact method: the network reduced, each part of it as decision diagrams, everything else from passes over them.

use onus_model::{EvidenceId, FaultIndex};
use rustc_hash::FxHashSet;

use crate::ambiguity::{self, Likelihood};
use crate::case::Case;
use crate::decision_diagram::{BudgetExceeded, Diagram};
use crate::diagnose::{
    Conflict, DiagnoseOptions, Diagnosis, Figures, Method, StopReason, Timing, exact_figure, findings, observed, rank,
};
use crate::encode::{Encoded, encode, is_possible, settle};
use crate::evidence::Evidence;
use crate::figure::Figure;
use crate::network::Network;
use crate::ranking::{self, Alternative, Alternatives, TIE, combine, rank_part};
use crate::reduce::{Fate, ForestNode, Part, Reduction, reduce};
use crate::shares::{self, pivots};

/// Pairs of nodes that shares may look at, for each node that diagrams may have.
const PAIRS_PER_NODE: usize = 2;
/// Node visits that the comparison of faults for ambiguity may take.
const AMBIGUITY_BUDGET: u64 = 50_000_000;
/// Partial fault sets that the search for the most probable diagnoses may look at, in all parts together.
const RANKING_BUDGET: u64 = 20_000;
/// Items of evidence up to which all pairs are tried for a conflict, so that a conflict of two is surely the smallest.
const PAIRWISE: usize = 200;
/// Terms that trying all pairs may go through; in larger networks it is left out.
const PAIRWISE_TERMS: usize = 20_000_000;

/// A part with its evidence as a diagram.
struct Solved {
    encoded: Encoded,
    diagram: Diagram,
    /// P(evidence of the part), given what the evidence decides.
    total: f64,
    /// By level: P(evidence and its event), given the same.
    joint: Vec<f64>,
    /// By level: its probability, 0 or 1 where the evidence decides it.
    settled: Vec<f64>,
    /// ln P(evidence of the part); −∞ if nothing explains it.
    ln_total: f64,
    /// By level: what its event stands for.
    stands_for: Vec<ForestNode>,
}

/// A reduced network with its diagrams.
struct Solution {
    reduction: Reduction,
    solved: Vec<Solved>,
    /// ln P(evidence); −∞ if nothing explains it.
    ln_total: f64,
    nodes: usize,
}

impl Solution {
    /// Stops at the first part that nothing explains.
    fn of(network: Network, node_budget: usize) -> Result<Self, BudgetExceeded> {
        let mut reduction = reduce(network);
        let parts = std::mem::take(&mut reduction.parts);
        let ln_total = if reduction.impossible { f64::NEG_INFINITY } else { reduction.ln_settled };
        let mut solution = Self { reduction, solved: Vec::with_capacity(parts.len()), ln_total, nodes: 0 };
        for part in parts {
            let left = node_budget - solution.nodes;
            let solved = Solved::of(&part, left).map_err(|_| BudgetExceeded::Nodes(node_budget))?;
            solution.nodes += solved.encoded.manager.statistics().nodes;
            solution.ln_total += solved.ln_total;
            solution.solved.push(solved);
            if solution.ln_total == f64::NEG_INFINITY {
                break;
            }
        }
        Ok(solution)
    }

    fn is_possible(&self) -> bool {
        self.ln_total > f64::NEG_INFINITY
    }

    /// Posterior of each original event; `None` where it is the prior.
    fn posteriors(&self) -> Vec<Option<f64>> {
        let Self { reduction, solved, .. } = self;
        let mut result: Vec<Option<f64>> = reduction
            .fate
            .iter()
            .map(|fate| match fate {
                Fate::Open => None,
                Fate::Present => Some(1.0),
                Fate::Absent => Some(0.0),
            })
            .collect();
        for part in solved {
            let joint = part.stands_for.iter().zip(&part.joint);
            let roots: Vec<(ForestNode, f64)> =
                joint.map(|(root, joint)| (*root, (joint / part.total).min(1.0))).collect();
            reduction.forest.split(&roots, |leaf, posterior| {
                if reduction.fate[leaf] == Fate::Open {
                    result[leaf] = Some(posterior);
                }
            });
        }
        result
    }

    /// Share of each original event, and what no fault explains.
    fn shares(&self, node_budget: usize) -> Result<(Vec<f64>, f64), BudgetExceeded> {
        let pair_budget = node_budget.saturating_mul(PAIRS_PER_NODE);
        let Self { reduction, solved, .. } = self;
        let mut share = vec![0.0; reduction.fate.len()];
        let count = reduction.failures as f64;
        if reduction.failures == 0 {
            return Ok((share, 1.0));
        }
        let mut explained = reduction.always as f64 / count;
        let mut scratch = shares::Scratch::new(&reduction.forest);
        for part in solved.iter().filter(|part| !part.encoded.failures.is_empty()) {
            let question = shares::Question {
                manager: &part.encoded.manager,
                evidence: part.encoded.evidence,
                failures: &part.encoded.failures,
                probability: &part.settled,
                stands_for: &part.stands_for,
                forest: &reduction.forest,
            };
            let scale = 1.0 / part.total / count;
            let found = pivots(&question, pair_budget, &mut scratch, |leaf, pivot| share[leaf] += pivot * scale)?;
            explained += found * scale;
        }
        // A difference is known to the rounding of what it is a difference of; less than that is nothing.
        let unexplained = 1.0 - explained;
        let rounding = (reduction.fate.len() as f64 + 8.0) * f64::EPSILON;
        Ok((share, if unexplained <= rounding { 0.0 } else { unexplained }))
    }

    /// The most probable sets of faults, and whether they certainly are.
    fn ranking(&self, faults: &[Option<FaultIndex>], probability: &[f64], wanted: usize) -> (Alternatives, bool) {
        if wanted == 0 {
            return (Vec::new(), true);
        }
        let Self { reduction, solved, .. } = self;
        // Ties with the last are listed too, up to as many again.
        let most = 2 * wanted;
        let forest = &reduction.forest;
        let mut complete = true;
        let mut lists: Vec<Alternatives> = Vec::new();
        let mut is_free: Vec<bool> = reduction.fate.iter().map(|fate| *fate == Fate::Open).collect();
        let budget = RANKING_BUDGET / (solved.len() as u64).max(1);
        for part in solved {
            let Solved { diagram, settled, stands_for, ln_total, .. } = part;
            let question = ranking::Question { diagram, probability: settled, stands_for, forest, faults };
            let ranking = rank_part(&question, most, budget);
            complete &= ranking.complete;
            for leaf in stands_for.iter().flat_map(|root| forest.leaves_of(*root)) {
                is_free[leaf] = false;
            }
            let mut sets = ranking.sets;
            for set in &mut sets {
                set.score -= ln_total;
            }
            if sets.is_empty() {
                return (Vec::new(), false);
            }
            lists.push(sets);
        }
        // Faults in no part, and those that are certain; without lists of their own for what is as good as certain, which
        // may be a million.
        let mut base = Alternative { score: 0.0, present: Vec::new() };
        let mut close: Vec<(f64, FaultIndex, f64)> = Vec::new();
        for (leaf, fault) in faults.iter().enumerate() {
            let (Some(fault), p) = (*fault, probability[leaf]) else { continue };
            if reduction.fate[leaf] == Fate::Present {
                base.present.push(fault);
            } else if is_free[leaf] {
                close.push(((p.ln() - (-p).ln_1p()).abs(), fault, p));
            }
        }
        close.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for (at, (_, fault, p)) in close.into_iter().enumerate() {
            let absent = Alternative { score: (-p).ln_1p(), present: Vec::new() };
            let present = Alternative { score: p.ln(), present: vec![fault] };
            let (better, worse) = if p > 0.5 { (present, absent) } else { (absent, present) };
            if at < most && worse.score > f64::NEG_INFINITY {
                lists.push(vec![better, worse]);
            } else {
                base.score += better.score;
                base.present.extend(better.present);
            }
        }
        base.present.sort_unstable();
        lists.push(vec![base]);
        let lists: Vec<&[Alternative]> = lists.iter().map(Vec::as_slice).collect();
        let mut sets = combine(&lists, most);
        for set in &mut sets {
            // A certain fault is in a part as well where a failure can be explained by it.
            set.present.dedup();
        }
        // Equal ones differ in their last digits by the way they were reached: order those by their sets.
        sets.sort_by(|a, b| b.score.total_cmp(&a.score));
        for tied in sets.chunk_by_mut(|a, b| a.score - b.score <= TIE) {
            tied.sort_by(|a, b| a.present.len().cmp(&b.present.len()).then_with(|| a.present.cmp(&b.present)));
        }
        if let Some(last) = sets.get(wanted - 1).map(|set| set.score) {
            sets.retain(|set| set.score >= last - TIE);
        }
        (sets, complete)
    }

    /// Groups of original events that the evidence cannot tell apart.
    fn ambiguity(&self, faults: &[Option<FaultIndex>]) -> Vec<Vec<usize>> {
        let parts: Vec<Likelihood<'_>> = self
            .solved
            .iter()
            .map(|part| Likelihood {
                diagram: &part.diagram,
                probability: &part.encoded.probability,
                stands_for: &part.stands_for,
            })
            .collect();
        let fate = self.reduction.fate.iter().enumerate();
        let certain: Vec<usize> = fate
            .filter(|(leaf, fate)| **fate == Fate::Present && faults[*leaf].is_some())
            .map(|(leaf, _)| leaf)
            .collect();
        ambiguity::groups(&parts, &certain, &self.reduction.forest, AMBIGUITY_BUDGET)
    }
}

impl Solved {
    fn of(part: &Part, node_budget: usize) -> Result<Self, BudgetExceeded> {
        let encoded = encode(&part.network, node_budget)?;
        let diagram = encoded.diagram(encoded.evidence);
        let mut settled = encoded.probability.clone();
        let explicable = is_possible(&diagram, &settled);
        if explicable {
            settle(&diagram, &mut settled);
        }
        let marginals = diagram.marginals(&settled);
        if explicable && marginals.total <= 0.0 {
            // Even so too improbable for floating point: only bounds are left.
            return Err(BudgetExceeded::Nodes(node_budget));
        }
        // Summed as logarithms: the product may be less than a double can hold.
        let decided = |before: f64, now: f64| (before > 0.0 && now <= 0.0) || (before < 1.0 && now >= 1.0);
        let fixed = encoded.probability.iter().zip(&settled).filter(|(before, now)| decided(**before, **now));
        let ln_fixed: f64 = fixed.map(|(p, now)| if *now > 0.0 { p.ln() } else { (-p).ln_1p() }).sum();
        let ln_total = if explicable { ln_fixed + marginals.total.ln() } else { f64::NEG_INFINITY };
        let stands_for = encoded.event.iter().map(|event| part.stands_for[event.index()]).collect();
        Ok(Self { encoded, diagram, total: marginals.total, joint: marginals.joint, settled, ln_total, stands_for })
    }
}

/// Diagnoses exactly, or says that the budget does not suffice.
pub(crate) fn diagnose(
    case: &Case<'_>,
    network: &Network,
    evidence: &Evidence,
    options: &DiagnoseOptions,
) -> Result<Diagnosis, BudgetExceeded> {
    let solution = Solution::of(network.clone(), options.node_budget)?;
    let mut diagnosis = Diagnosis {
        method: Method::Exact,
        stopped: StopReason::Finished,
        cost: solution.nodes as u64,
        evidence_probability: exact_figure(solution.ln_total.exp()),
        conflict: None,
        faults: Vec::new(),
        faults_not_listed: 0,
        unexplained: Figure::exact(1.0),
        diagnoses: Vec::new(),
        diagnoses_complete: true,
        ambiguity_groups: Vec::new(),
        exonerated: Vec::new(),
        timing: Timing::default(),
        observed_failures: observed(case),
        estimate: None,
    };
    if !solution.is_possible() {
        diagnosis.conflict = Some(conflict(network, evidence, options.node_budget)?);
        return Ok(diagnosis);
    }
    if diagnosis.evidence_probability.lo <= 0.0 {
        // Less than a double can hold, but not impossible.
        diagnosis.evidence_probability = Figure::interval(0.0, f64::MIN_POSITIVE);
    }
    let (share, unexplained) = solution.shares(options.node_budget)?;
    diagnosis.unexplained = exact_figure(unexplained);
    let posterior = solution.posteriors();
    let figures = Figures {
        posterior: posterior.into_iter().map(|value| value.map(exact_figure)).collect(),
        share: share.into_iter().map(exact_figure).collect(),
    };
    (diagnosis.faults, diagnosis.faults_not_listed) = findings(case, &figures);
    let (sets, complete) = solution.ranking(&network.fault, &network.probability, options.diagnoses);
    let sets = sets.into_iter().map(|set| (set.present, exact_figure(set.score.exp())));
    diagnosis.diagnoses = rank(sets.collect(), case);
    diagnosis.diagnoses_complete = complete;
    let names = case.graph.topology().faults();
    let fault = |event: usize| network.fault[event].expect("only faults are grouped");
    for group in solution.ambiguity(&network.fault) {
        let mut group: Vec<FaultIndex> = group.into_iter().map(fault).collect();
        group.sort_unstable();
        diagnosis.ambiguity_groups.push(group.into_iter().map(|fault| names[fault.index()].id.clone()).collect());
    }
    diagnosis.ambiguity_groups.sort();
    Ok(diagnosis)
}

/// P(evidence) and the shares, and nothing else.
pub(crate) struct Brief {
    /// −∞ if nothing explains the evidence; the shares mean nothing then.
    pub(crate) ln_evidence: f64,
    /// By fault, of those that bear on the evidence.
    pub(crate) shares: Vec<(FaultIndex, f64)>,
    pub(crate) unexplained: f64,
    /// Nodes of diagrams that it took.
    pub(crate) nodes: usize,
}

/// Asks a network for the probability of the evidence and the shares alone.
pub(crate) fn brief(network: Network, node_budget: usize) -> Result<Brief, BudgetExceeded> {
    let faults = network.fault.clone();
    let solution = Solution::of(network, node_budget)?;
    let (share, unexplained) =
        if solution.is_possible() { solution.shares(node_budget)? } else { (vec![0.0; faults.len()], 1.0) };
    let shares = faults.into_iter().zip(share).filter_map(|(fault, share)| Some((fault?, share.clamp(0.0, 1.0))));
    let mut shares: Vec<(FaultIndex, f64)> = shares.collect();
    shares.sort_unstable_by_key(|(fault, _)| *fault);
    let unexplained = unexplained.clamp(0.0, 1.0);
    Ok(Brief { ln_evidence: solution.ln_total, shares, unexplained, nodes: solution.nodes })
}

/// Posteriors of all events of a network alone, the prior where nothing bears on one; `None` if the budget does not
/// suffice or nothing explains the evidence.
pub(crate) fn posteriors(network: Network, node_budget: usize) -> Option<Vec<f64>> {
    let priors = network.probability.clone();
    // Failures are about shares.
    let network = Network { failures: Vec::new(), ..network };
    let solution = Solution::of(network, node_budget).ok()?;
    solution.is_possible().then(|| {
        let found = solution.posteriors();
        found.into_iter().zip(priors).map(|(found, prior)| found.unwrap_or(prior).clamp(0.0, 1.0)).collect()
    })
}

/// The smallest set of items that nothing explains together, as far as it is looked for: single items, then pairs, then
/// one from which no item can be left out, by halving (`QuickXplain`, Junker 2004).
fn conflict(network: &Network, evidence: &Evidence, node_budget: usize) -> Result<Conflict, BudgetExceeded> {
    let mut items: Vec<usize> = network.requirements.iter().map(|requirement| requirement.item).collect();
    items.sort_unstable();
    items.dedup();
    let possible = |kept: &[usize]| -> Result<bool, BudgetExceeded> {
        let kept: FxHashSet<usize> = kept.iter().copied().collect();
        let requirements = network.requirements_of(|item| kept.contains(&item));
        let network = Network {
            requirements,
            failures: Vec::new(),
            probability: network.probability.clone(),
            fault: network.fault.clone(),
            gates: network.gates.clone(),
            joint: Vec::new(),
            is_capped: network.is_capped,
        };
        Ok(Solution::of(network, node_budget)?.is_possible())
    };
    let name =
        |items: &[usize]| -> Vec<EvidenceId> { items.iter().map(|item| evidence.items()[*item].id.clone()).collect() };
    let tried = items.len() <= PAIRWISE && items.len() * items.len() / 2 * network.len() <= PAIRWISE_TERMS;
    if tried {
        for item in &items {
            if !possible(&[*item])? {
                return Ok(Conflict { items: name(&[*item]), smallest: true });
            }
        }
        for (at, first) in items.iter().enumerate() {
            for second in &items[at + 1..] {
                if !possible(&[*first, *second])? {
                    return Ok(Conflict { items: name(&[*first, *second]), smallest: true });
                }
            }
        }
    }
    // The first item after which nothing explains what came so far must be in; then among the ones before it, and so on.
    let mut found: Vec<usize> = Vec::new();
    let mut rest: Vec<usize> = items;
    while possible(&found)? {
        // The fewest of `rest` that conflict with what was found, by bisection: possibility only falls.
        let (mut fewest, mut enough) = (0, rest.len());
        while fewest + 1 < enough {
            let middle = usize::midpoint(fewest, enough);
            let tried: Vec<usize> = found.iter().chain(&rest[..middle]).copied().collect();
            if possible(&tried)? { fewest = middle } else { enough = middle }
        }
        found.push(rest[enough - 1]);
        rest.truncate(enough - 1);
    }
    found.sort_unstable();
    // Singles and pairs were all tried, so that three cannot be undercut.
    Ok(Conflict { smallest: found.len() == 1 || (found.len() <= 3 && tried), items: name(&found) })
}
