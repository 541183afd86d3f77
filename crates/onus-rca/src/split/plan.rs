//! Advice for an estate: which clauses, monitors, integrators and mergers would remove the most doubt for their cost.
//!
//! Each measure is judged by the drop in the headline's expected doubt about who answers that it alone brings about, per unit of
//! cost; the plan takes the best of these again and again, each judged after those taken before, while the budget lasts. If
//! the best affordable measure alone does better than the plan, it is the plan.
//!
//! No approximation guarantee applies, and [`Plan::guarantee`] says so. What an added channel tells about the *world* is
//! monotone and submodular, because channels are independent given the world (Krause & Guestrin 2005), which would carry the
//! 1 − 1/e of greedy choice (Nemhauser, Wolsey & Fisher 1978). But who answers is coarser than the world, so that two
//! channels can tell together what neither hints at alone; the headline is the best of several views; and integrators and
//! mergers change what is asked. What can be said is a bound: neither telemetry nor monitors lower doubt below its inherent part.

use std::cell::RefCell;

use onus_model::{Alternative, ContractorIndex, DutyKind, Element, Model, SystemIndex};
use serde::Serialize;

use super::curve::pairs;
use super::report::{ExpectedTerms, Incidents, Judge, StructureSplit};
use super::{FaultDictionary, SplitOptions};
use crate::figure::Figure;

/// What measures cost, in a unit of the reader's own: only their ratio matters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Costs {
    /// A clause by which one contractor's telemetry is shared with another. Default 1.
    pub share: f64,
    /// A perfect monitor on a system that nothing watches, for one contractor. Default 2.
    pub monitor: f64,
    /// The duty to integrate all interfaces. Default 5.
    pub integrator: f64,
    /// One contractor takes over another's contracts. Default 10.
    pub merge: f64,
}

impl Default for Costs {
    fn default() -> Self {
        Self { share: 1.0, monitor: 2.0, integrator: 5.0, merge: 10.0 }
    }
}

/// What may be spent, and how much is tried.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanOptions {
    /// What the plan may cost. Default 5.
    pub budget: f64,
    /// What measures cost.
    pub costs: Costs,
    /// Pairs of contractors, and unwatched systems, that are tried at each step; integrators all are. Pairs with the most interfaces between them come first, and
    /// unwatched systems of which it is least certain whether they fail in an incident. Default 100.
    pub tried: usize,
}

impl Default for PlanOptions {
    fn default() -> Self {
        Self { budget: 5.0, costs: Costs::default(), tried: 100 }
    }
}

/// Measures, ranked, and a plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// The incidents.
    pub incidents: Incidents,
    /// Doubt of the structure as it is, about who answers.
    pub contractor: ExpectedTerms,
    /// Likewise, about which fault it is.
    pub fault: ExpectedTerms,
    /// Whose view these are.
    pub headline: String,
    /// What measures cost.
    pub costs: Costs,
    /// What the plan may cost.
    pub budget: f64,
    /// Every measure that lowers doubt about who answers, by itself; the greatest drop per unit of cost first.
    pub ranked: Vec<Measure>,
    /// The plan, in the order in which it was made.
    pub plan: Vec<Measure>,
    /// Why the plan ended.
    pub ended: PlanEnd,
    /// What is known of how good the plan is.
    pub guarantee: &'static str,
}

/// Why a plan ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlanEnd {
    /// Nothing that was tried would lower doubt any further.
    NothingHelps,
    /// What would help costs more than is left.
    Budget,
}

/// One measure and what it does.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measure {
    /// What is done, e.g. `share netco:appco`.
    pub what: String,
    /// What it costs.
    pub cost: f64,
    /// By how many bits it lowers doubt about who answers, after what stands before it in the plan.
    pub drop: Figure,
    /// The same per unit of cost.
    pub drop_per_cost: Figure,
    /// Doubt about who answers with it.
    pub contractor: ExpectedTerms,
    /// Doubt about which fault it is with it.
    pub fault: ExpectedTerms,
    /// Whose view these are.
    pub headline: String,
}

/// Drops below this are rounding.
const NOTHING: f64 = 1e-9;

impl Plan {
    /// Ranks measures and makes a plan.
    ///
    /// O(steps · (4 · tried + contractors)) structures are judged.
    pub fn of(model: &Model, dictionary: &FaultDictionary, options: &SplitOptions, plan: &PlanOptions) -> Self {
        let options = SplitOptions { confusion: 0, list: 0, ..options.clone() };
        let judge = RefCell::new(Judge::of(dictionary, &options));
        let failing = dictionary.failing(model.systems().len());
        let planner = Planner { dictionary, judge, failing, options: &options, plan };
        let actual = planner.judge(model);
        let mut ranked = planner.measures(model, &actual);
        let affordable = |ranked: &[(Measure, Model)], left: f64| {
            let is_cheap = |(measure, _): &&(Measure, Model)| measure.cost <= left + NOTHING;
            ranked.iter().find(is_cheap).cloned()
        };
        let single = ranked.iter().filter(|(measure, _)| measure.cost <= plan.budget + NOTHING);
        let single = single
            .max_by(|(a, _), (b, _)| a.drop.middle().total_cmp(&b.drop.middle()).then(b.what.cmp(&a.what)))
            .cloned();
        // Greedy, from what was taken already on.
        let go_on = |mut steps: Vec<Measure>, mut current: Vec<(Measure, Model)>| {
            let mut left = plan.budget - steps.iter().map(|step| step.cost).sum::<f64>();
            loop {
                let Some((measure, next)) = affordable(&current, left) else {
                    let ended = if current.is_empty() { PlanEnd::NothingHelps } else { PlanEnd::Budget };
                    return (steps, ended);
                };
                left -= measure.cost;
                steps.push(measure);
                current = planner.measures(&next, &planner.judge(&next));
            }
        };
        let (mut steps, mut ended) = go_on(Vec::new(), ranked.clone());
        let gained: f64 = steps.iter().map(|step| step.drop.middle()).sum();
        if let Some((single, next)) = single.filter(|(single, _)| single.drop.middle() > gained + NOTHING) {
            let rest = planner.measures(&next, &planner.judge(&next));
            (steps, ended) = go_on(vec![single], rest);
        }
        Self {
            incidents: dictionary.incidents(&options),
            contractor: actual.contractor,
            fault: actual.fault,
            headline: actual.headline,
            costs: plan.costs,
            budget: plan.budget,
            ranked: ranked.drain(..).map(|(measure, _)| measure).collect(),
            plan: steps,
            ended,
            guarantee: "none: doubt about who answers is not submodular in what is added; the plan is at least as good \
                        as the best single measure",
        }
    }
}

struct Planner<'d> {
    dictionary: &'d FaultDictionary,
    judge: RefCell<Judge<'d>>,
    /// By system: the probability that it fails in an incident.
    failing: Vec<f64>,
    options: &'d SplitOptions,
    plan: &'d PlanOptions,
}

impl Planner<'_> {
    fn judge(&self, model: &Model) -> StructureSplit {
        self.judge.borrow_mut().structure("", model)
    }

    /// What lowers doubt, the greatest drop per unit of cost first.
    fn measures(&self, model: &Model, before: &StructureSplit) -> Vec<(Measure, Model)> {
        let Costs { share, monitor, integrator, merge } = self.plan.costs;
        let pairs = pairs(model, self.options, self.plan.tried);
        let shares = pairs.iter().flat_map(|(a, b)| [Alternative::Share(*a, *b), Alternative::Share(*b, *a)]);
        let all = shares.map(|alternative| (alternative, share));
        let all = all.chain(self.watches(model, before).into_iter().map(|alternative| (alternative, monitor)));
        let all = all.chain(integrators(model).into_iter().map(|alternative| (alternative, integrator)));
        let all = all.chain(pairs.iter().map(|(a, b)| (Alternative::Merge(*a, *b), merge)));
        let mut measures: Vec<(Measure, Model)> = Vec::new();
        for (alternative, cost) in all {
            let next = model.under(&alternative).expect("`* -> *` selects an interface where there is one");
            let after = self.judge(&next);
            let drop = before.contractor.doubt.beyond(after.contractor.doubt);
            if drop.middle() > NOTHING {
                let measure = Measure {
                    what: alternative.name(model),
                    cost,
                    drop,
                    drop_per_cost: drop.times(cost.recip()),
                    contractor: after.contractor,
                    fault: after.fault,
                    headline: after.headline,
                };
                measures.push((measure, next));
            }
        }
        let rounded = |figure: Figure| (figure.middle() * 1e9).round();
        measures.sort_by(|(a, _), (b, _)| {
            rounded(b.drop_per_cost).total_cmp(&rounded(a.drop_per_cost)).then_with(|| a.what.cmp(&b.what))
        });
        measures
    }

    /// Monitors on systems that nothing watches: for the contractor whose view is best already.
    fn watches(&self, model: &Model, before: &StructureSplit) -> Vec<Alternative> {
        let Some(viewer) = model.contractor(&before.headline) else { return Vec::new() };
        let responsibility = model.responsibility(self.options.day);
        let fails = &self.failing;
        let unwatched = self.dictionary.channels.iter().filter(|channel| channel.monitor.is_none());
        let mut systems: Vec<SystemIndex> = unwatched
            .map(|channel| channel.system)
            .filter(|system| responsibility.holding(DutyKind::Monitor, Element::System(*system)).is_empty())
            .filter(|system| fails[system.index()] > 0.0 && fails[system.index()] < 1.0)
            .collect();
        let doubtful = |system: &SystemIndex| (fails[system.index()] - 0.5).abs();
        systems.sort_by(|a, b| doubtful(a).total_cmp(&doubtful(b)).then(a.cmp(b)));
        systems.truncate(self.plan.tried);
        systems.into_iter().map(|system| Alternative::Watch(viewer, system)).collect()
    }
}

/// Somebody new, or a contractor, who integrates all interfaces.
fn integrators(model: &Model) -> Vec<Alternative> {
    if model.interfaces().is_empty() {
        return Vec::new();
    }
    let parties = (0..model.contractors().len()).map(ContractorIndex::new);
    let own = parties.map(|party| {
        let id = model.contractors()[party.index()].id.to_string();
        Alternative::Integrator(id, vec!["* -> *".to_owned()])
    });
    std::iter::once(Alternative::LeadIntegrator).chain(own).collect()
}
