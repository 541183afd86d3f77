//! Sensitivity: priors are assumptions, and a finding is worth what survives other ones.
//!
//! Each assumed prior has its odds multiplied by a factor s between 1/k and k; the leader either stands or does not. Two
//! facts make this exact rather than tried out.
//!
//! **One at a time.** For any outcome x, P(E, R = x) is a sum over worlds of P(world) · P(E | world) · share of x there, and
//! of these only P(world) depends on priors, linearly in each. So in the factor s of one fault's odds, with the others held,
//! P(R = x | E) = (s·a·x₁ + b·x₀) / (s·a + b), where a and b are the weights of the fault being present and absent, and x₁ and
//! x₀ the shares given that. A quotient of two linear functions with a denominator above 0 is monotone: not only the
//! posterior of the fault itself, every share is, and so the range over [1/k, k] is at its ends. Where two outcomes
//! cross, (x₁ − y₁)·a·s = (y₀ − x₀)·b: a linear equation, so that the factor at which the leader changes is computed, not
//! searched for. Two inferences a fault give everything.
//!
//! **All at once.** Along each coordinate of the box [1/k, k]ⁿ every share is monotone, whatever the others are. Moving one
//! coordinate after the other to its better end never loses, so that the extremes over the box are at corners. With up to
//! `corners` faults all are visited. Of more, the most influential ones are; each of the others, moved from its base by
//! r, multiplies the odds of R = x by (1 + (r − 1)α) / (1 + (r − 1)β), where α = P(fault | E, R = x) and β = P(fault | E,
//! R ≠ x); `together` bounds both over the box, and so the product. The bounds contain every draw; how wide they are for
//! faults that only happen to be there is a matter of their small α.
//!
//! Everything but priors is held fixed; [`HELD_FIXED`] says what.

mod together;

use onus_model::{FaultId, Incident, Model, Time};
use serde::Serialize;

use crate::attribution::By;
use crate::belief::{Asker, Belief, Ground, leader};
use crate::case::Case;
use crate::decision_diagram::BudgetExceeded;
use crate::diagnose::StopReason;
use crate::fault_graph::FaultGraph;
use crate::figure::Figure;
use crate::network::Network;
use crate::outcome::Outcomes;
use crate::view::View;

pub use together::AllAtOnce;

/// What no factor is applied to.
pub const HELD_FIXED: [&str; 4] = [
    "what monitors detect and falsely report",
    "how probably failures couple across interfaces",
    "what changes multiply odds by",
    "the reliability of tests and repairs",
];

/// How sensitivity is worked out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SensitivityOptions {
    /// At what level the leading party is judged. Default: contractors.
    pub by: By,
    /// Odds are multiplied by up to this, and divided. Above 1. Default 3.
    pub factor: f64,
    /// Draws of all factors at once, log-uniform. Default 1,000.
    pub draws: u64,
    /// What the draws begin with. Default 0.
    pub seed: u64,
    /// How sure what is inferred from draws is. Default 0.99.
    pub confidence: f64,
    /// Factors beyond this at which a leader would change are not told. Default 1,000.
    pub limit: f64,
    /// Faults of whose factors all corners are visited, 2 to the power of this. Default 8; at most 16.
    pub corners: usize,
    /// Nodes that the exact method may build each time. Default 2,000,000.
    pub node_budget: usize,
}

impl Default for SensitivityOptions {
    fn default() -> Self {
        Self {
            by: By::Contractor,
            factor: 3.0,
            draws: 1000,
            seed: 0,
            confidence: 0.99,
            limit: 1000.0,
            corners: 8,
            node_budget: 2_000_000,
        }
    }
}

/// What other priors would change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sensitivity {
    /// Whether there is anything to find; without ground there are no findings.
    pub ground: Ground,
    /// What odds are multiplied and divided by.
    pub factor: f64,
    /// Which priors are taken as assumptions.
    pub assumed: Assumed,
    /// How many of these bear on the evidence and were varied.
    pub varied: usize,
    /// How many do not bear on it, so that no value of theirs changes anything.
    pub without_bearing: usize,
    /// What no factor was applied to.
    pub held_fixed: [&'static str; 4],
    /// Who answers.
    pub contractor: Option<Stand>,
    /// Which fault.
    pub fault: Option<Stand>,
    /// Why it stopped; without findings if the budget did not suffice.
    pub stopped: StopReason,
}

/// Which priors are taken as assumptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Assumed {
    /// Those of the faults that say why theirs is assumed.
    Marked,
    /// All: the model marks none.
    All,
}

/// Whether a leader stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stand {
    /// Whether it stands.
    pub verdict: Survival,
    /// Who or what leads with the priors as they are; `None` where two lead equally.
    pub leader: Option<String>,
    /// Its share.
    pub share: Figure,
    /// What one prior alone does, the one that moves the leader's share most first.
    pub one_at_a_time: Vec<Swing>,
    /// What all do at once; `None` without a leader or without anything to vary.
    pub together: Option<AllAtOnce>,
}

/// Whether a leader stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Survival {
    /// It leads for all priors in the range, for certain.
    Stands,
    /// It led in every draw and wherever it was computed; that it always does was not proven.
    StandsWhereTried,
    /// For some priors in the range another leads.
    Falls,
    /// Nothing leads to begin with.
    NoLeader,
}

/// What one prior does, the others as they are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Swing {
    /// The fault.
    pub fault: FaultId,
    /// Its prior, changes included.
    pub prior: f64,
    /// The leader's share over the range of factors: its two ends are reached.
    pub share: Figure,
    /// The nearest factor at which another leads; `None` up to the limit.
    pub flip: Option<Flip>,
}

/// Where a leader changes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Flip {
    /// The factor on the prior's odds.
    pub factor: f64,
    /// The prior then.
    pub prior: f64,
    /// Who or what leads beyond it.
    pub leader: String,
}

impl Flip {
    /// How far it is from the base, above 1 either way.
    pub fn distance(&self) -> f64 {
        self.factor.max(1.0 / self.factor)
    }
}

/// How a belief responds to the odds of one fault.
struct Response {
    /// Weights of the fault being present and absent, up to a common factor.
    weight: [f64; 2],
    /// Shares given that, by level.
    shares: [Levels; 2],
}

/// Shares by contractor-level outcome, and by fault with what is unexplained last.
type Levels = [Vec<f64>; 2];

impl Response {
    fn share(&self, level: usize, at: usize, factor: f64) -> f64 {
        let [present, absent] = [self.weight[0] * factor, self.weight[1]];
        (present * self.shares[0][level][at] + absent * self.shares[1][level][at]) / (present + absent)
    }

    /// The nearest factor up to a limit at which another takes the lead, and which.
    fn flip(&self, level: usize, leader: usize, limit: f64) -> Option<(f64, usize)> {
        let [a, b] = self.weight;
        let [present, absent] = [0, 1].map(|given| &self.shares[given][level]);
        let crossing = |at: usize| {
            let factor = b * (absent[leader] - absent[at]) / (a * (present[at] - present[leader]));
            let distance = factor.max(1.0 / factor);
            (factor > 0.0 && distance <= limit).then_some((distance, factor, at))
        };
        let others = (0..present.len()).filter(|at| *at != leader);
        let nearest = others.filter_map(crossing).min_by(|p, q| p.0.total_cmp(&q.0).then(p.2.cmp(&q.2)));
        nearest.map(|(_, factor, at)| (factor, at))
    }
}

/// The question whose priors are varied.
struct Study<'a> {
    asker: Asker<'a>,
    network: Network,
    /// Events of the faults that are varied, by fault.
    varied: Vec<usize>,
    factor: f64,
}

impl Study<'_> {
    /// The belief with some events' probabilities replaced; `None` if nothing explains the evidence then.
    fn solve(&mut self, replaced: &[(usize, f64)]) -> Result<Option<Belief>, BudgetExceeded> {
        let mut network = self.network.clone();
        for (event, p) in replaced {
            network.probability[*event] = *p;
        }
        self.asker.solve(network)
    }

    /// A prior with its odds multiplied.
    fn scaled(&self, event: usize, factor: f64) -> f64 {
        let p = self.network.probability[event];
        p * factor / (p * factor + (1.0 - p))
    }

    fn response(&mut self, event: usize) -> Result<Response, BudgetExceeded> {
        let p = self.network.probability[event];
        let given = [self.solve(&[(event, 1.0)])?, self.solve(&[(event, 0.0)])?];
        let prior = [p.ln(), (-p).ln_1p()];
        let ln = |at: usize| given[at].as_ref().map_or(f64::NEG_INFINITY, |belief| prior[at] + belief.ln_evidence);
        // The evidence is possible, so one of the two is above −∞.
        let most = ln(0).max(ln(1));
        let weight = [(ln(0) - most).exp(), (ln(1) - most).exp()];
        // What cannot be has no weight, and no shares that could count.
        let nothing = given.iter().flatten().next().map(|belief| levels(belief).map(|level| vec![0.0; level.len()]));
        let shares = given.each_ref().map(|belief| match belief {
            Some(belief) => levels(belief),
            None => nothing.clone().unwrap_or_default(),
        });
        Ok(Response { weight, shares })
    }
}

fn levels(belief: &Belief) -> Levels {
    let faults = belief.faults.iter().map(|(_, share)| *share).chain([belief.unexplained]).collect();
    // Shares of several faults may add up to more than 1 in the last digit.
    [belief.outcomes.iter().map(|share| share.min(1.0)).collect(), faults]
}

/// Whether who leads, and which fault leads, depends on assumed priors.
///
/// Cost: two exact inferences for each assumed fault that bears on the evidence and two more for those past `corners`, 2 to
/// the power of `corners`, and one a draw.
pub fn sensitivity(
    model: &Model,
    graph: &FaultGraph,
    incident: &Incident,
    view: View,
    as_of: Option<Time>,
    options: &SensitivityOptions,
) -> Sensitivity {
    let evidence = view.evidence(model, incident, as_of);
    let case = Case::new(graph, &evidence);
    let network = Network::of(&case);
    let outcomes = Outcomes::of(model, options.by, incident.day());
    let faults = model.faults();
    let assumed = if faults.iter().any(|fault| fault.assumed.is_some()) { Assumed::Marked } else { Assumed::All };
    let is_assumed = |fault: usize| assumed == Assumed::All || faults[fault].assumed.is_some();
    let mut varied: Vec<(usize, usize)> = (network.fault.iter().enumerate())
        .filter_map(|(event, fault)| Some((fault.as_ref()?.index(), event)))
        // Certainties have no odds to multiply.
        .filter(|(fault, event)| is_assumed(*fault) && (1e-300..1.0).contains(&network.probability[*event]))
        .collect();
    varied.sort_unstable();
    let mut result = Sensitivity {
        ground: Ground::of(&evidence),
        factor: options.factor,
        assumed,
        varied: varied.len(),
        without_bearing: (0..faults.len()).filter(|fault| is_assumed(*fault)).count() - varied.len(),
        held_fixed: HELD_FIXED,
        contractor: None,
        fault: None,
        stopped: StopReason::Finished,
    };
    let varied = varied.into_iter().map(|(_, event)| event).collect();
    let asker = Asker::new(graph, &outcomes, options.node_budget);
    let mut study = Study { asker, network, varied, factor: options.factor };
    let found = match study.solve(&[]) {
        Ok(None) => {
            result.ground = Ground::Conflict;
            return result;
        }
        Ok(Some(_)) if result.ground == Ground::NothingSeen => return result,
        Ok(Some(base)) => findings(&mut study, &base, graph, &outcomes, options),
        Err(budget) => Err(budget),
    };
    match found {
        Ok([contractor, fault]) => (result.contractor, result.fault) = (Some(contractor), Some(fault)),
        Err(_) => result.stopped = StopReason::NodeBudget,
    }
    result
}

/// The findings at both levels.
fn findings(
    study: &mut Study<'_>,
    base: &Belief,
    graph: &FaultGraph,
    outcomes: &Outcomes,
    options: &SensitivityOptions,
) -> Result<[Stand; 2], BudgetExceeded> {
    let topology = graph.topology();
    let faults = base.faults.iter().map(|(fault, _)| topology.faults()[fault.index()].id.to_string());
    let names: [Vec<String>; 2] =
        [outcomes.all().iter().map(ToString::to_string).collect(), faults.chain(["no fault".to_owned()]).collect()];
    let base = levels(base);
    let mut responses = Vec::with_capacity(study.varied.len());
    for at in 0..study.varied.len() {
        responses.push(study.response(study.varied[at])?);
    }
    let leaders = [0, 1].map(|level| leader(&base[level]));
    let together = together::together(study, &base, &responses, leaders, &names, options)?;
    let mut together = together.into_iter();
    Ok([0, 1].map(|level| {
        let all = together.next().flatten();
        let Some(first) = leaders[level] else {
            let share = base[level].iter().copied().fold(0.0, f64::max);
            let nothing = Vec::new();
            let verdict = Survival::NoLeader;
            return Stand {
                verdict,
                leader: None,
                share: Figure::exact(share),
                one_at_a_time: nothing,
                together: None,
            };
        };
        let mut swings: Vec<Swing> = Vec::with_capacity(responses.len());
        for (event, response) in study.varied.iter().zip(&responses) {
            let ends = [1.0 / study.factor, study.factor].map(|factor| response.share(level, first, factor));
            let fault = study.network.fault[*event].map(|fault| topology.faults()[fault.index()].id.clone());
            swings.push(Swing {
                fault: fault.expect("only events of faults are varied"),
                prior: study.network.probability[*event],
                share: Figure::interval(ends[0].min(ends[1]), ends[0].max(ends[1])),
                flip: response.flip(level, first, options.limit).map(|(factor, to)| Flip {
                    factor,
                    prior: study.scaled(*event, factor),
                    leader: names[level][to].clone(),
                }),
            });
        }
        let width = |swing: &Swing| ((swing.share.hi - swing.share.lo) * 1e12).round();
        // A stable sort: ties stay in the order of the faults.
        swings.sort_by(|a, b| width(b).total_cmp(&width(a)));
        let within = |swing: &Swing| swing.flip.as_ref().is_some_and(|flip| flip.distance() <= study.factor);
        let verdict = match &all {
            _ if swings.iter().any(within) => Survival::Falls,
            Some(all) if all.overtaken_by.is_some() => Survival::Falls,
            Some(all) if !all.always_leads => Survival::StandsWhereTried,
            _ => Survival::Stands,
        };
        let leader = Some(names[level][first].clone());
        Stand { verdict, leader, share: Figure::exact(base[level][first]), one_at_a_time: swings, together: all }
    }))
}
