//! Belief in brief: how probable some evidence is, and what is behind the failure given it, exactly or not at all.
//!
//! [`FaultGraph::diagnose`] answers a person. Advice, sensitivity and hand-offs ask the same question hundreds of times and
//! want two distributions of it: over faults and over [`Outcome`](crate::Outcome)s. Exact by decision diagrams; where
//! their budget does not suffice there is no belief, because a difference of two intervals says nothing.

use onus_model::FaultIndex;
use serde::Serialize;

use crate::case::Case;
use crate::decision_diagram::BudgetExceeded;
use crate::doubt::bits;
use crate::evidence::Evidence;
use crate::exact::{self, Brief};
use crate::fault_graph::FaultGraph;
use crate::network::Network;
use crate::outcome::Outcomes;

/// Whether a view has ground for a question about an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ground {
    /// A failure was seen, and something explains it.
    Failure,
    /// The view has seen no failure, so that nothing wants explaining.
    NothingSeen,
    /// The model cannot explain what is known.
    Conflict,
}

impl Ground {
    /// The ground that some evidence gives, as long as nothing shows it to be a conflict.
    pub(crate) fn of(evidence: &Evidence) -> Self {
        if evidence.has_failure() { Self::Failure } else { Self::NothingSeen }
    }
}

/// What is believed, given some evidence.
#[derive(Clone, Debug)]
pub(crate) struct Belief {
    /// ln P(evidence).
    pub(crate) ln_evidence: f64,
    /// Shares of the faults that bear on the evidence, by fault.
    pub(crate) faults: Vec<(FaultIndex, f64)>,
    pub(crate) unexplained: f64,
    /// By outcome.
    pub(crate) outcomes: Vec<f64>,
}

impl Belief {
    fn of(brief: Brief, outcomes: &Outcomes) -> Self {
        let Brief { ln_evidence, shares, unexplained, .. } = brief;
        let distribution = outcomes.push(shares.iter().copied(), unexplained);
        Self { ln_evidence, faults: shares, unexplained, outcomes: distribution }
    }

    /// Doubt in bits about the fault, and about who answers.
    pub(crate) fn bits(&self) -> [f64; 2] {
        let faults = self.faults.iter().map(|(_, share)| *share).chain([self.unexplained]);
        [bits(faults), bits(self.outcomes.iter().copied())]
    }

    /// The outcome with the greatest share; `None` where two tie.
    pub(crate) fn leader(&self) -> Option<usize> {
        leader(&self.outcomes)
    }
}

/// Shares closer than this are tied.
const TIE: f64 = 1e-9;

/// The place of the greatest number; `None` where two tie.
pub(crate) fn leader(shares: &[f64]) -> Option<usize> {
    let first = (0..shares.len()).max_by(|a, b| shares[*a].total_cmp(&shares[*b]).then(b.cmp(a)))?;
    let tied = (0..shares.len()).any(|other| other != first && shares[first] - shares[other] < TIE);
    (!tied).then_some(first)
}

/// Asks for beliefs, and counts what that costs.
pub(crate) struct Asker<'a> {
    graph: &'a FaultGraph,
    outcomes: &'a Outcomes,
    node_budget: usize,
    step_budget: u64,
    /// Terms of networks and nodes of diagrams gone through so far.
    steps: u64,
}

impl<'a> Asker<'a> {
    pub(crate) fn new(graph: &'a FaultGraph, outcomes: &'a Outcomes, node_budget: usize) -> Self {
        Self { graph, outcomes, node_budget, step_budget: u64::MAX, steps: 0 }
    }

    /// The same, for no more than about so many steps in all: what is asked after them has no answer.
    pub(crate) fn up_to(self, step_budget: u64) -> Self {
        Self { step_budget, ..self }
    }

    /// Whether all steps are used up.
    pub(crate) fn is_spent(&self) -> bool {
        self.steps > self.step_budget
    }

    /// The belief given some evidence; `None` if nothing explains it.
    pub(crate) fn ask(&mut self, evidence: &Evidence) -> Result<Option<Belief>, BudgetExceeded> {
        let network = Network::of(&Case::new(self.graph, evidence));
        self.solve(network)
    }

    /// The belief of a network; `None` if nothing explains it.
    pub(crate) fn solve(&mut self, network: Network) -> Result<Option<Belief>, BudgetExceeded> {
        if self.is_spent() {
            return Err(BudgetExceeded::Steps(self.step_budget));
        }
        self.steps += network.len() as u64;
        let brief = exact::brief(network, self.node_budget)?;
        self.steps += brief.nodes as u64;
        Ok((brief.ln_evidence > f64::NEG_INFINITY).then(|| Belief::of(brief, self.outcomes)))
    }
}
