//! Advice for one incident: what to ask next, and of whom (DESIGN.md 3.6).
//!
//! Three kinds of question. To *observe* a system that nobody has looked at since the last repair; to *test* for one fault;
//! to request the *telemetry* of a contractor, that is what its monitors recorded when the failure was there. What
//! the answer will be is unknown to who asks, so that a question is judged by what it tells in expectation: the drop in
//! doubt I(R; answer | E) = H(R | E) − Σ P(answer | E) · H(R | E, answer), at the level of contractors and of faults. Each
//! answer is a supposed item ([`Evidence::suppose`]) with P(answer | E) = P(E, answer) / P(E), both exact.
//!
//! `questions` finds what can be asked, `expectation` what it would tell, `demand` which contract lets the viewer ask and how
//! soon it must be answered. Contracts enter there and in the outcomes only: the engine sees supposed evidence.

mod demand;
mod expectation;
mod questions;

use onus_model::{ContractorId, EvidenceId, FaultId, Incident, Model, MonitorId, SystemId, Time};
use serde::Serialize;

use crate::attribution::By;
use crate::belief::{Asker, Belief, Ground};
use crate::diagnose::StopReason;
use crate::doubt::Doubt;
use crate::fault_graph::FaultGraph;
use crate::figure::Figure;
use crate::outcome::{Outcome, Outcomes};
use crate::view::{View, WhoKnew};

pub use demand::{Basis, Demand};
use expectation::{Expectation, expect, in_order_of_worth};
use questions::{Candidate, candidates};

/// How advice is worked out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdviceOptions {
    /// At what level doubt about who answers is counted. Default: contractors.
    pub by: By,
    /// How reliable a test of a fault would be, where nothing says: the probability that it tells what is so. Default 0.95.
    pub test_reliability: f64,
    /// What comes first. Default: what tells most about who answers.
    pub sort_by: Worthwhile,
    /// Hours until an answer where no contract that lets the viewer ask says `responds_in`. Default 4.
    pub hours: f64,
    /// Answers to a request for telemetry that are told apart. All readings of a bundle are taken jointly while their
    /// combinations are no more than this, those that tell most alone first; what a larger bundle tells is then known to
    /// be at least that. Default 64.
    pub joint_answers: usize,
    /// Nodes that the exact method may build for each answer. Default 2,000,000.
    pub node_budget: usize,
    /// Terms of networks and nodes of diagrams that all questions together may go through. Default 300,000,000.
    pub step_budget: u64,
}

impl Default for AdviceOptions {
    fn default() -> Self {
        Self {
            by: By::Contractor,
            test_reliability: 0.95,
            sort_by: Worthwhile::Answers,
            hours: 4.0,
            joint_answers: 64,
            node_budget: 2_000_000,
            step_budget: 300_000_000,
        }
    }
}

/// What makes a question worth asking first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Worthwhile {
    /// What it tells about who answers, then what it tells about the fault.
    #[default]
    Answers,
    /// What it tells about the fault, then what it tells about who answers.
    Fault,
    /// What it tells about who answers for each hour until the answer.
    Hour,
}

/// What to ask next.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Advice {
    /// Who asks.
    pub view: String,
    /// At what level doubt about who answers is counted.
    pub by: By,
    /// Whether there is anything to ask about.
    pub ground: Ground,
    /// Doubt before any answer.
    pub doubt: Doubt,
    /// Who leads before any answer, with its share; `None` where two lead equally.
    pub leader: Option<Leader>,
    /// The most worthwhile first; ties in the order observations, tests, telemetry, each by id.
    pub questions: Vec<Advised>,
    /// How many questions would tell nothing at all.
    pub tell_nothing: usize,
    /// How many questions were left out because a budget was used up.
    pub left_out: usize,
    /// Why it stopped.
    pub stopped: StopReason,
}

/// A question, and what it would tell.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Advised {
    /// What to ask.
    pub ask: Ask,
    /// The drop in doubt to expect; an interval where a bundle has more readings than could be taken jointly.
    pub expected_drop: Doubt,
    /// Hours until the answer.
    pub hours: f64,
    /// Whether the hours are assumed, because no contract states them.
    pub hours_assumed: bool,
    /// The expected drop for each hour.
    pub per_hour: Doubt,
    /// Which contract and duty let the viewer demand it; `None`: no contract does.
    pub demand: Option<Demand>,
    /// The possible answers, the most probable first.
    pub answers: Vec<Answer>,
}

/// A question.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ask {
    /// Look how a system is now.
    Observe {
        /// The system.
        system: SystemId,
        /// Through this monitor, the best that watches it; a perfect look, if none does.
        via: Option<MonitorId>,
    },
    /// Find out whether a fault was there when the failure was.
    Test {
        /// The fault.
        fault: FaultId,
        /// How reliable the test is taken to be.
        reliability: f64,
    },
    /// Have a contractor show what its monitors recorded when the failure was there.
    Telemetry {
        /// The contractor.
        contractor: ContractorId,
        /// What it may have recorded, what tells most first.
        readings: Vec<Reading>,
        /// How many of these the figures take into account, jointly.
        jointly: usize,
        /// Items of the incident that the contractor knows by then and the viewer does not. No figure uses what they say.
        holds: Vec<EvidenceId>,
    },
}

/// A reading that a contractor may have.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reading {
    /// The system, or the fault that was tested for.
    pub of: String,
    /// The monitor.
    pub via: Option<MonitorId>,
    /// Of when.
    #[serde(serialize_with = "as_text")]
    pub at: Time,
}

fn as_text<S: serde::Serializer>(time: &Time, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}

/// One possible answer, and what it would do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// What is said, in the order of the readings.
    pub says: Vec<Said>,
    /// Probability of this answer.
    pub probability: Figure,
    /// Who would lead then, with its share; `None` where two would lead equally.
    pub leader: Option<Leader>,
    /// Doubt then; it may be greater than before.
    pub doubt: Doubt,
}

/// One thing said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Said {
    /// Of which system or fault.
    pub of: String,
    /// What.
    pub what: Reply,
}

/// What can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reply {
    /// The system has failed.
    Failed,
    /// The system works.
    Working,
    /// Nothing: what the monitor runs on has failed.
    Silent,
    /// The fault is there.
    Present,
    /// The fault is not there.
    Absent,
}

/// Who leads.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Leader {
    /// What.
    pub outcome: Outcome,
    /// Its share.
    pub share: Figure,
}

impl Leader {
    fn of(belief: &Belief, outcomes: &Outcomes) -> Option<Self> {
        let at = belief.leader()?;
        Some(Self { outcome: outcomes.all()[at].clone(), share: Figure::exact(belief.outcomes[at]) })
    }
}

/// Drops below this are rounding.
const NOTHING: f64 = 1e-9;

/// What a view should ask next about an incident, by what it knows at a time.
///
/// Observations are of *now*: the time given, else that of the last item known. Tests and telemetry are about the time
/// of the last failure the view has seen. A question whose answer cannot bear on what is known is not asked.
///
/// Cost: for each possible answer one exact inference on what bears on the evidence, up to `step_budget` in all.
pub fn advise(
    model: &Model,
    graph: &FaultGraph,
    incident: &Incident,
    view: View,
    as_of: Option<Time>,
    options: &AdviceOptions,
) -> Advice {
    let who_knew = WhoKnew::of(model, incident);
    let evidence = who_knew.evidence(&[view], as_of);
    let outcomes = Outcomes::of(model, options.by, incident.day());
    let mut asker = Asker::new(graph, &outcomes, options.node_budget);
    let widest = |count: usize| Figure::interval(0.0, (count as f64).log2());
    let mut advice = Advice {
        view: view.name(model),
        by: options.by,
        ground: Ground::of(&evidence),
        doubt: Doubt { fault_bits: widest(model.faults().len() + 1), contractor_bits: widest(outcomes.all().len()) },
        leader: None,
        questions: Vec::new(),
        tell_nothing: 0,
        left_out: 0,
        stopped: StopReason::Finished,
    };
    let before = match asker.ask(&evidence) {
        Err(_) => {
            advice.stopped = StopReason::NodeBudget;
            return advice;
        }
        Ok(None) => {
            advice.ground = Ground::Conflict;
            return advice;
        }
        Ok(Some(belief)) => belief,
    };
    advice.doubt = doubt(before.bits());
    advice.leader = Leader::of(&before, &outcomes);
    if advice.ground == Ground::NothingSeen {
        return advice;
    }
    let mut asker = asker.up_to(options.step_budget);
    let found = candidates(model, graph, &who_knew, view, as_of, options);
    for (at, mut candidate) in found.iter().cloned().enumerate() {
        if asker.is_spent() {
            advice.stopped = StopReason::StepBudget;
            advice.left_out += found.len() - at;
            break;
        }
        let told =
            in_order_of_worth(&mut asker, graph, &evidence, &before, &mut candidate.looks, options.joint_answers)
                .and_then(|()| expect(&mut asker, graph, &evidence, &before, &candidate.looks, options.joint_answers));
        match told {
            Err(_) => {
                advice.stopped = if asker.is_spent() { StopReason::StepBudget } else { StopReason::NodeBudget };
                advice.left_out += 1;
            }
            Ok(told) => {
                let question = advised(graph, &outcomes, &before, &candidate, told, options);
                if [question.expected_drop.fault_bits, question.expected_drop.contractor_bits].iter().all(is_nothing) {
                    advice.tell_nothing += 1;
                } else {
                    advice.questions.push(question);
                }
            }
        }
    }
    let worth = |question: &Advised| {
        let Advised { expected_drop: drop, per_hour, .. } = question;
        let order = match options.sort_by {
            Worthwhile::Answers => [drop.contractor_bits, drop.fault_bits],
            Worthwhile::Fault => [drop.fault_bits, drop.contractor_bits],
            Worthwhile::Hour => [per_hour.contractor_bits, per_hour.fault_bits],
        };
        // Differences in the last digits are ties; a stable sort leaves those in order.
        order.map(|figure| (figure.lo * 1e9).round())
    };
    advice.questions.sort_by(|a, b| {
        let (a, b) = (worth(a), worth(b));
        b[0].total_cmp(&a[0]).then(b[1].total_cmp(&a[1]))
    });
    advice
}

fn doubt(bits: [f64; 2]) -> Doubt {
    Doubt { fault_bits: Figure::exact(bits[0]), contractor_bits: Figure::exact(bits[1]) }
}

/// Whether a drop is none for certain, up to rounding.
fn is_nothing(drop: &Figure) -> bool {
    drop.hi < NOTHING
}

/// Puts a question together.
fn advised(
    graph: &FaultGraph,
    outcomes: &Outcomes,
    before: &Belief,
    candidate: &Candidate,
    told: Expectation,
    options: &AdviceOptions,
) -> Advised {
    let had = before.bits();
    let whole = told.jointly == candidate.looks.len();
    let drop = |level: usize| {
        // Below 0 by rounding only: the expectation of an entropy is concave.
        let drop = (had[level] - told.bits[level]).max(0.0);
        if whole { Figure::exact(drop) } else { Figure::interval(drop, had[level]) }
    };
    let expected_drop = Doubt { fault_bits: drop(0), contractor_bits: drop(1) };
    let hours = candidate.demand.as_ref().and_then(|demand| demand.responds_in_hours);
    let (hours, hours_assumed) = (hours.unwrap_or(options.hours), hours.is_none());
    // Somebody who must answer at once still cannot answer infinitely often.
    let rate = 1.0 / hours.max(1.0 / 60.0);
    let mut answers: Vec<Answer> = told
        .answers
        .into_iter()
        .map(|(says, probability, belief)| Answer {
            says,
            probability: Figure::exact(probability),
            leader: Leader::of(&belief, outcomes),
            doubt: doubt(belief.bits()),
        })
        .collect();
    let rounded = |answer: &Answer| (answer.probability.lo * 1e12).round();
    answers.sort_by(|a, b| rounded(b).total_cmp(&rounded(a)));
    Advised {
        ask: candidate.ask(graph, told.jointly),
        per_hour: Doubt {
            fault_bits: expected_drop.fault_bits.times(rate),
            contractor_bits: expected_drop.contractor_bits.times(rate),
        },
        expected_drop,
        hours,
        hours_assumed,
        demand: candidate.demand.clone(),
        answers,
    }
}
