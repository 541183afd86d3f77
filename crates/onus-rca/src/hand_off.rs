//! Hand-offs: how many contractors are engaged, and how many hours go by, until the one that answers is reached.
//!
//! A desk engages one contractor after another. Each takes its time, then settles for certain whether the origin answers to
//! it; what it sees is known from then on, and what it excludes conditions the belief. Who comes next is a policy: a
//! [`Route`] from a [`Situation`] to a contractor. Given a policy and the evidence of an incident, nothing in this is
//! left to chance until the origin's contractor is reached, whoever that is. So a policy is one sequence of contractors
//! ([`sequence`]), the origin decides only where it ends, and the expectation over origins is a sum over the outcomes
//! ([`Journey::over`]): exact, no simulation.
//!
//! Where it ends, by outcome:
//! * one contractor answers: with it;
//! * several dispute it: with the last of them, for each by itself says that it is not the one;
//! * nobody answers, or no fault explains it: nowhere. The desk gives up when nobody is left whom it still thinks
//!   possible (`plausible`), and everybody before was engaged in vain.
//!
//! An origin that seemed impossible is reached all the same, after everybody plausible.
//!
//! The pieces work for an estate as well: a belief over contractors, a topology and a policy are all they take.

mod policies;

use onus_model::{ContractorId, ContractorIndex, Date, Duration, Incident, Model, State, Statement, SystemIndex, Time};
use serde::Serialize;

use crate::attribution::By;
use crate::belief::{Asker, Ground};
use crate::diagnose::StopReason;
use crate::evidence::Evidence;
use crate::fault_graph::FaultGraph;
use crate::figure::Figure;
use crate::outcome::{Outcome, Outcomes};
use crate::view::{View, WhoKnew};

pub use policies::Policy;

/// How hand-offs are worked out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HandOffOptions {
    /// Hours that a contractor takes where no contract says `responds_in`. Default 4.
    pub hours: f64,
    /// Whom the desk still thinks possible: who answers with at least this probability. Default 0.001.
    pub plausible: f64,
    /// Nodes that the exact method may build each time. Default 2,000,000.
    pub node_budget: usize,
}

impl Default for HandOffOptions {
    fn default() -> Self {
        Self { hours: 4.0, plausible: 1e-3, node_budget: 2_000_000 }
    }
}

/// What a desk knows when it chooses whom to engage next.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// The estate.
    pub model: &'a Model,
    /// The day whose contracts count.
    pub day: Option<Date>,
    /// Systems seen to have failed, those seen first before the others.
    pub failed: &'a [SystemIndex],
    /// Systems last seen working, sorted.
    pub working: &'a [SystemIndex],
    /// Whom it has engaged, in order.
    pub engaged: &'a [ContractorIndex],
    /// By contractor: the probability that the origin answers to it, alone or in a dispute, by what is known now.
    pub belief: &'a [f64],
    /// By contractor: hours until it has settled whether the origin answers to it.
    pub hours: &'a [f64],
}

impl Situation<'_> {
    /// Whether a contractor can still be engaged.
    pub fn is_open(&self, contractor: ContractorIndex) -> bool {
        !self.engaged.contains(&contractor)
    }

    /// The open contractor that a measure is greatest for, where it is above 0; the first by id of equals.
    pub fn best(&self, measure: impl Fn(ContractorIndex) -> f64) -> Option<ContractorIndex> {
        let open = (0..self.belief.len()).map(ContractorIndex::new).filter(|contractor| self.is_open(*contractor));
        // Differences in the last digits are ties.
        let measured = open.map(|contractor| ((measure(contractor) * 1e12).round(), contractor));
        let worthwhile = measured.filter(|(worth, _)| *worth > 0.0);
        worthwhile.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1))).map(|(_, contractor)| contractor)
    }
}

/// Who is engaged next: a policy. Any closure that takes a [`Situation`] and gives a contractor is one; who is engaged
/// already counts as nobody, and for nobody the desk goes on with whom it thinks most probable.
pub trait Route {
    /// Who is engaged next.
    fn next(&self, situation: &Situation<'_>) -> Option<ContractorIndex>;
}

impl<F: Fn(&Situation<'_>) -> Option<ContractorIndex>> Route for F {
    fn next(&self, situation: &Situation<'_>) -> Option<ContractorIndex> {
        self(situation)
    }
}

/// What is known after some contractors were engaged in vain.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Knowledge {
    /// Systems seen to have failed, those seen first before the others.
    pub failed: Vec<SystemIndex>,
    /// Systems last seen working, sorted.
    pub working: Vec<SystemIndex>,
    /// By contractor: the probability that the origin answers to it, alone or in a dispute.
    pub belief: Vec<f64>,
}

/// In which order a policy engages contractors, as long as none is the one; and how many of them come before the desk
/// gives up.
///
/// `known` says what is known after some were engaged; `needed` are contractors that must be reached, however improbable
/// they seemed. Asks `known` once for each contractor engaged.
pub fn sequence<E>(
    model: &Model,
    day: Option<Date>,
    route: &dyn Route,
    hours: &[f64],
    needed: &[ContractorIndex],
    plausible: f64,
    mut known: impl FnMut(&[ContractorIndex]) -> Result<Knowledge, E>,
) -> Result<(Vec<ContractorIndex>, usize), E> {
    let mut engaged: Vec<ContractorIndex> = Vec::new();
    let mut gives_up = None;
    loop {
        let Knowledge { failed, working, belief } = known(&engaged)?;
        let situation =
            Situation { model, day, failed: &failed, working: &working, engaged: &engaged, belief: &belief, hours };
        let is_plausible = |at: usize| belief[at] >= plausible && situation.is_open(ContractorIndex::new(at));
        if gives_up.is_none() && !(0..belief.len()).any(is_plausible) {
            gives_up = Some(engaged.len());
        }
        let left = || needed.iter().copied().filter(|contractor| situation.is_open(*contractor)).min();
        if gives_up.is_some() && left().is_none() {
            return Ok((engaged, gives_up.unwrap_or_default()));
        }
        let chosen =
            if gives_up.is_none() { route.next(&situation).filter(|next| situation.is_open(*next)) } else { None };
        let next = chosen.or_else(|| situation.best(|contractor| belief[contractor.index()])).or_else(left);
        // Somebody is plausible, or needed, so that there is a next one.
        let Some(next) = next else { return Ok((engaged.clone(), gives_up.unwrap_or(engaged.len()))) };
        engaged.push(next);
    }
}

/// What a policy costs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Journey {
    /// The policy.
    pub policy: String,
    /// Contractors engaged in expectation.
    pub contractors: Figure,
    /// Hours that go by in expectation, one contractor after the other.
    pub hours: Figure,
    /// Who is engaged, in order, as long as it is not over.
    pub steps: Vec<Step>,
    /// Probability that nobody is reached, because nobody answers or no fault explains it.
    pub in_vain: Figure,
    /// How many contractors are engaged then before the desk gives up.
    pub given_up_after: usize,
}

/// One contractor that is engaged.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// The contractor.
    pub contractor: ContractorId,
    /// Hours that it takes.
    pub hours: f64,
    /// Probability that it is over with this one.
    pub over: Figure,
}

impl Journey {
    /// The expectation over what may be behind the failure, along a sequence of contractors: exact.
    ///
    /// O(origin · parties + sequence).
    pub fn over(
        model: &Model,
        policy: &str,
        (engaged, gives_up): (&[ContractorIndex], usize),
        hours: &[f64],
        origin: &[(Outcome, f64)],
    ) -> Self {
        let place = |contractor: ContractorIndex| engaged.iter().position(|engaged| *engaged == contractor);
        // How many are engaged until it is over, if it ever is: with the last of those who could answer.
        let ends = |outcome: &Outcome| {
            let places: Option<Vec<usize>> = parties(model, outcome).into_iter().map(place).collect();
            places.and_then(|places| places.into_iter().max()).map(|place| place + 1)
        };
        let mut taken = vec![0.0];
        for contractor in engaged {
            taken.push(taken[taken.len() - 1] + hours[contractor.index()]);
        }
        let mut over = vec![0.0; engaged.len()];
        let (mut count, mut time, mut in_vain) = (0.0, 0.0, 0.0);
        for (outcome, probability) in origin {
            let end = ends(outcome);
            let place = end.unwrap_or(gives_up);
            count += probability * place as f64;
            time += probability * taken[place];
            match end {
                Some(place) => over[place - 1] += probability,
                None => in_vain += probability,
            }
        }
        let steps = engaged.iter().zip(&over).map(|(contractor, over)| Step {
            contractor: model.contractors()[contractor.index()].id.clone(),
            hours: hours[contractor.index()],
            over: Figure::exact(*over),
        });
        Self {
            policy: policy.to_owned(),
            contractors: Figure::exact(count),
            hours: Figure::exact(time),
            steps: steps.collect(),
            in_vain: Figure::exact(in_vain),
            given_up_after: gives_up,
        }
    }
}

/// Hours until a contractor has engaged: the shortest `responds_in` of its contracts in force, else what is assumed.
pub fn response_hours(model: &Model, day: Option<Date>, assumed: f64) -> Vec<f64> {
    let mut hours: Vec<Option<f64>> = vec![None; model.contractors().len()];
    for contract in model.contracts().iter().filter(|contract| contract.in_force(day)) {
        let Some(own) = contract.responds_in.as_ref().map(Duration::hours) else { continue };
        for (holder, _) in contract.holders() {
            let least = &mut hours[holder.index()];
            *least = Some(least.map_or(own, |least| least.min(own)));
        }
    }
    hours.into_iter().map(|hours| hours.unwrap_or(assumed)).collect()
}

/// What hand-offs an incident would have taken.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HandOffs {
    /// What the desk knows to begin with.
    pub view: String,
    /// Whether the desk has ground to engage anybody: a desk that has seen no failure does not begin.
    pub ground: Ground,
    /// What is behind the failure, by all evidence there is by then; the greatest first.
    pub origin: Vec<Origin>,
    /// Hours that a contractor was assumed to take where no contract says.
    pub hours_assumed: f64,
    /// Contractors for which they were assumed, of those engaged.
    pub assumed_for: Vec<ContractorId>,
    /// By policy; none without ground.
    pub policies: Vec<Journey>,
    /// Why it stopped; without policies if the budget did not suffice.
    pub stopped: StopReason,
}

/// One thing that may be behind the failure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Origin {
    /// What.
    pub outcome: Outcome,
    /// Its share by the pooled evidence.
    pub share: Figure,
}

/// Outcomes below this do not make anybody be reached.
const NEGLIGIBLE: f64 = 1e-9;

/// The hand-offs an incident takes in expectation, under each policy, for a desk that knows what a view knows at a time.
///
/// The origin is drawn from what all parties together know by then. Cost: an exact inference for each contractor engaged
/// under each policy.
pub fn hand_offs(
    model: &Model,
    graph: &FaultGraph,
    incident: &Incident,
    view: View,
    as_of: Option<Time>,
    options: &HandOffOptions,
) -> HandOffs {
    let day = incident.day();
    let who_knew = WhoKnew::of(model, incident);
    let outcomes = Outcomes::of(model, By::Contractor, day);
    let hours = response_hours(model, day, options.hours);
    let mut asker = Asker::new(graph, &outcomes, options.node_budget);
    let mut result = HandOffs {
        view: view.name(model),
        ground: Ground::of(&who_knew.evidence(&[view], as_of)),
        origin: Vec::new(),
        hours_assumed: options.hours,
        assumed_for: Vec::new(),
        policies: Vec::new(),
        stopped: StopReason::Finished,
    };
    let pooled = match asker.ask(&who_knew.evidence(&[View::Pooled], as_of)) {
        Ok(Some(belief)) => belief.outcomes,
        Ok(None) => {
            result.ground = Ground::Conflict;
            return result;
        }
        Err(_) => {
            result.stopped = StopReason::NodeBudget;
            return result;
        }
    };
    if result.ground == Ground::NothingSeen {
        return result;
    }
    let origin: Vec<(Outcome, f64)> = outcomes.all().iter().cloned().zip(pooled).filter(|(_, p)| *p > 0.0).collect();
    let mut needed: Vec<ContractorIndex> = Vec::new();
    for (outcome, _) in origin.iter().filter(|(_, share)| *share >= NEGLIGIBLE) {
        needed.extend(parties(model, outcome));
    }
    for policy in Policy::ALL {
        let known = |engaged: &[ContractorIndex]| {
            let views: Vec<View> =
                std::iter::once(view).chain(engaged.iter().map(|contractor| View::Contractor(*contractor))).collect();
            let evidence = who_knew.evidence(&views, as_of);
            let belief = asker.ask(&evidence)?.map(|belief| belief.outcomes);
            let (failed, working) = seen(&evidence);
            Ok(Knowledge { failed, working, belief: exclude(model, outcomes.all(), belief.as_deref(), engaged) })
        };
        let found: Result<_, crate::decision_diagram::BudgetExceeded> =
            sequence(model, day, &policy, &hours, &needed, options.plausible, known);
        let Ok((engaged, gives_up)) = found else {
            result.stopped = StopReason::NodeBudget;
            result.policies.clear();
            break;
        };
        result.policies.push(Journey::over(model, policy.name(), (&engaged, gives_up), &hours, &origin));
        let stated = response_hours(model, day, f64::NAN);
        let silent = engaged.iter().filter(|contractor| stated[contractor.index()].is_nan());
        result.assumed_for.extend(silent.map(|contractor| model.contractors()[contractor.index()].id.clone()));
    }
    result.assumed_for.sort();
    result.assumed_for.dedup();
    let mut origin: Vec<Origin> =
        origin.into_iter().map(|(outcome, share)| Origin { outcome, share: Figure::exact(share) }).collect();
    origin.sort_by(|a, b| b.share.lo.total_cmp(&a.share.lo).then_with(|| a.outcome.cmp(&b.outcome)));
    result.origin = origin;
    result
}

/// The contractors of an outcome, one or those of a dispute.
fn parties(model: &Model, outcome: &Outcome) -> Vec<ContractorIndex> {
    outcome.parties().filter_map(|who| model.contractor(who)).collect()
}

/// By contractor, the probability that it answers, alone or in a dispute, given that it is none of those engaged: what
/// they would have settled alone is ruled out, and so is a dispute among them all.
fn exclude(model: &Model, outcomes: &[Outcome], belief: Option<&[f64]>, engaged: &[ContractorIndex]) -> Vec<f64> {
    let mut by_contractor = vec![0.0; model.contractors().len()];
    let Some(belief) = belief else { return by_contractor };
    let mut total = 0.0;
    for (outcome, share) in outcomes.iter().zip(belief) {
        let parties = parties(model, outcome);
        if !parties.is_empty() && parties.iter().all(|party| engaged.contains(party)) {
            continue;
        }
        total += share;
        for party in parties {
            by_contractor[party.index()] += share;
        }
    }
    if total > 0.0 {
        for share in &mut by_contractor {
            *share /= total;
        }
    }
    by_contractor
}

/// Systems seen to have failed, in the order of the times, and those last seen working.
fn seen(evidence: &Evidence) -> (Vec<SystemIndex>, Vec<SystemIndex>) {
    let mut readings: Vec<(Time, SystemIndex, State)> = Vec::new();
    for item in evidence.items() {
        if let Statement::Observation { system, state, .. } = item.statement {
            readings.push((item.at, system, state));
        }
    }
    readings.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    let (mut failed, mut working): (Vec<SystemIndex>, Vec<SystemIndex>) = (Vec::new(), Vec::new());
    for (_, system, state) in readings {
        working.retain(|other| *other != system);
        match state {
            State::Failed if !failed.contains(&system) => failed.push(system),
            State::Failed => {}
            State::Working => working.push(system),
        }
    }
    working.sort_unstable();
    (failed, working)
}
