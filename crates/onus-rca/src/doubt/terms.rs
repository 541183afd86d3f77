//! Doubt taken apart (DESIGN.md 3.5): of what a view does not know, how much is there because what was seen was not
//! shared, how much because nobody looked, and how much no monitor could tell.
//!
//! With R the fault behind the failure (or who answers for it), drawn by the shares,
//!
//! * *split* = H(R | view) − H(R | pooled): seen, not shared;
//! * *unmonitored* = H(R | pooled) − H(R | full): nobody looked;
//! * *inherent* = H(R | full): no monitor could tell,
//!
//! where *full* is the pooled evidence and a perfect monitor on every system. Its readings are unknown, so the expectation
//! over them given the pooled evidence stands for it ([`PerfectSight`]): by the concavity of entropy
//! unmonitored and inherent are not negative. For one incident the split can be: partial evidence can make one surer than
//! all the evidence does. It is not clipped.

use onus_model::{FaultId, FaultIndex, Incident, Model, SystemIndex, Time};
use serde::Serialize;

use crate::attribution::{Attribution, By};
use crate::diagnose::DiagnoseOptions;
use crate::doubt::verdict::{DoubtVerdict, about, verdict};
use crate::doubt::{Doubt, bits};
use crate::evidence::Evidence;
use crate::fault_graph::FaultGraph;
use crate::figure::Figure;
use crate::outcome::{Outcome, Outcomes};
use crate::perfect_sight::PerfectSight;
use crate::view::{View, WhoKnew};

/// Systems listed whose state would tell something.
const WATCHED: usize = 10;
/// Below it a drop in doubt is rounding.
const ROUNDING: f64 = 1e-9;

/// A share of a fault that is more than a coincidence.
const TAKES_PART: f64 = 0.05;

/// How doubt is taken apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DoubtOptions {
    /// Under what it is listed who answers. Default: contractors.
    pub by: By,
    /// Only what was known by then. Default: everything.
    pub as_of: Option<Time>,
    /// Whom the verdict is about. Default: the buyer, where the model names one that saw a failure; else the public, if
    /// that did; else the first party that did.
    pub view: Option<View>,
    /// How the diagnoses are made; its node budget holds for the readings too.
    pub diagnose: DiagnoseOptions,
    /// Sets of readings that may be taken apart. Default 2,000. Where they do not suffice, *unmonitored* and *inherent* are
    /// intervals.
    pub most_splits: usize,
}

impl Default for DoubtOptions {
    fn default() -> Self {
        let diagnose = DiagnoseOptions { exoneration_items: 0, diagnoses: 1, ..DiagnoseOptions::default() };
        Self { by: By::default(), as_of: None, view: None, diagnose, most_splits: 2_000 }
    }
}

/// Doubt at one level, in bits, and the three terms it is the sum of.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Terms {
    /// All of it.
    pub doubt: Figure,
    /// Seen, not shared. Negative where what the view knows makes it surer than everything that is known.
    pub split: Figure,
    /// Nobody looked.
    pub unmonitored: Figure,
    /// No monitor could tell.
    pub inherent: Figure,
    /// How much of the answer the view puts elsewhere than all the evidence does: half the sum of the differences, from 0
    /// to 1. Entropy alone does not see that one may be sure of the wrong one.
    pub misplaced: Figure,
}

impl Terms {
    fn new(doubt: Figure, pooled: Figure, inherent: Figure, misplaced: Figure) -> Self {
        // The expectation never exceeds what it is the expectation of, but by rounding.
        let inherent = Figure { lo: inherent.lo.min(pooled.hi), hi: inherent.hi.min(pooled.hi), ..inherent };
        Self { doubt, split: doubt.minus(pooled), unmonitored: pooled.minus(inherent), inherent, misplaced }
    }
}

/// A view's doubt.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ViewDoubt {
    /// Who is looking.
    pub view: String,
    /// Whether it knew of any failure. If not, it has nothing to be in doubt about: its doubt is 0.
    pub saw_failure: bool,
    /// Whether the model cannot explain what it knows: no figure of it means anything then.
    pub conflict: bool,
    /// About which fault is behind the failure.
    pub fault: Terms,
    /// About who answers for it.
    pub contractor: Terms,
    /// Who it thinks most probably answers, and how probably; `None` on a tie.
    pub leader: Option<(Outcome, Figure)>,
}

/// What a perfect look at one system would tell, beyond the pooled evidence.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Unwatched {
    /// The system.
    pub system: String,
    /// Expected drop in the doubt about the fault, in bits.
    pub fault_bits: Figure,
    /// Expected drop in the doubt about who answers, in bits.
    pub contractor_bits: Figure,
}

/// The doubt of all views.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DoubtReport {
    /// Under what it is listed who answers.
    pub by: By,
    /// Pooled, public, then the parties.
    pub views: Vec<ViewDoubt>,
    /// The systems whose state would tell most about who answers, beyond the pooled evidence; then about the fault.
    pub unwatched: Vec<Unwatched>,
    /// The faults of the most probable diagnosis, where several of them carry the failure together: each has its share for
    /// certain, and that they share it is part of what no monitor could remove.
    pub together: Vec<FaultId>,
    /// What it comes to.
    pub verdict: DoubtVerdict,
}

/// What a view knows and concludes.
struct Known {
    evidence: Evidence,
    conflict: bool,
    doubt: Doubt,
    leader: Option<(Outcome, Figure)>,
    /// Shares by fault, then what is unexplained.
    shares: Vec<Figure>,
    /// The same, pushed forward.
    answers: Vec<Figure>,
    together: Vec<FaultId>,
}

impl Known {
    fn of(
        model: &Model,
        graph: &FaultGraph,
        outcomes: &Outcomes,
        evidence: Evidence,
        incident: &Incident,
        options: &DoubtOptions,
    ) -> Self {
        let diagnosis = graph.diagnose(&evidence, &options.diagnose);
        let attribution = Attribution::of(model, &diagnosis, options.by, incident.day());
        let leader = Outcome::leading(&attribution).filter(|_| evidence.has_failure());
        let mut shares = vec![Figure::exact(0.0); model.faults().len() + 1];
        for finding in &diagnosis.faults {
            shares[finding.index.index()] = finding.share;
        }
        shares[model.faults().len()] = diagnosis.unexplained;
        let mut answers = vec![Figure::exact(0.0); outcomes.all().len()];
        for row in &attribution.rows {
            let outcome = Outcome::of(row);
            if let Ok(at) = outcomes.all().binary_search(&outcome) {
                answers[at] = answers[at].plus(row.causal);
            }
        }
        let most_probable = diagnosis.diagnoses.first().map_or(&[][..], |first| &first.indices);
        let mut together: Vec<FaultIndex> = most_probable.to_vec();
        together.retain(|fault| shares[fault.index()].lo > TAKES_PART);
        if together.len() < 2 {
            together.clear();
        }
        let together = together.into_iter().map(|fault| model.faults()[fault.index()].id.clone()).collect();
        let conflict = diagnosis.conflict.is_some();
        Self { doubt: Doubt::of(&diagnosis, &attribution), evidence, conflict, leader, shares, answers, together }
    }

    /// Half the sum of the differences from what somebody else believes, at both levels.
    fn misplaced(&self, other: &Self) -> [Figure; 2] {
        [(&self.shares, &other.shares), (&self.answers, &other.answers)].map(|(own, other)| {
            let differences = own.iter().zip(other).map(|(a, b)| apart(*a, *b));
            differences.fold(Figure::exact(0.0), Figure::plus).times(0.5).at_most(1.0)
        })
    }
}

/// The distance of two figures.
fn apart(a: Figure, b: Figure) -> Figure {
    let difference = a.minus(b);
    let (least, most) = (difference.lo.abs().min(difference.hi.abs()), difference.lo.abs().max(difference.hi.abs()));
    let least = if difference.lo <= 0.0 && difference.hi >= 0.0 { 0.0 } else { least };
    Figure { lo: least, hi: most, how: difference.how }
}

/// Expectations at the two levels, over everything and over single systems.
struct Full {
    inherent: [Figure; 2],
    unwatched: Vec<(SystemIndex, [Figure; 2])>,
}

impl DoubtReport {
    /// Takes the doubt of all views of an incident apart.
    ///
    /// Exact where the diagnoses are and `most_splits` sets of readings suffice; else intervals that certainly contain the
    /// figures. Terms add up to the doubt: exactly, or for intervals their middles.
    ///
    /// Cost: one diagnosis for each view with evidence of its own, and splits · nodes of the joint diagram.
    /// Literature: Shannon (1948), the chain rule; docs/split.md.
    pub fn of(model: &Model, graph: &FaultGraph, incident: &Incident, options: &DoubtOptions) -> Self {
        let outcomes = Outcomes::of(model, options.by, incident.day());
        let mut known: Vec<Known> = Vec::new();
        let mut place: Vec<usize> = Vec::new();
        let all = View::all(model);
        let who_knew = WhoKnew::of(model, incident);
        for view in &all {
            let evidence = who_knew.evidence(&[*view], options.as_of);
            let at = known.iter().position(|known| known.evidence == evidence).unwrap_or_else(|| {
                known.push(Known::of(model, graph, &outcomes, evidence, incident, options));
                known.len() - 1
            });
            place.push(at);
        }
        let pooled = &known[place[0]];
        let full = full(graph, &pooled.evidence, &outcomes, options)
            .unwrap_or_else(|| Full { inherent: least_known(pooled.doubt), unwatched: Vec::new() });
        let views: Vec<ViewDoubt> = all
            .iter()
            .zip(&place)
            .map(|(view, at)| {
                let own = &known[*at];
                let [of_fault, of_contractor] = own.misplaced(pooled);
                let [inherent, answering] = full.inherent;
                ViewDoubt {
                    view: view.name(model),
                    saw_failure: own.evidence.has_failure(),
                    conflict: own.conflict,
                    fault: Terms::new(own.doubt.fault_bits, pooled.doubt.fault_bits, inherent, of_fault),
                    contractor: Terms::new(
                        own.doubt.contractor_bits,
                        pooled.doubt.contractor_bits,
                        answering,
                        of_contractor,
                    ),
                    leader: own.leader.clone(),
                }
            })
            .collect();
        let about = about(model, &all, &views, options.view);
        let verdict = verdict(&views, about, &outcomes, model);
        let unwatched = full.unwatched.into_iter().map(|(system, [fault_bits, contractor_bits])| Unwatched {
            system: model.systems()[system.index()].id.as_str().to_owned(),
            fault_bits,
            contractor_bits,
        });
        Self { by: options.by, unwatched: unwatched.collect(), together: pooled.together.clone(), verdict, views }
    }
}

/// All that is known of a term where nothing could be computed: it is some of the whole.
fn least_known(doubt: Doubt) -> [Figure; 2] {
    [doubt.fault_bits, doubt.contractor_bits].map(|figure| Figure::interval(0.0, figure.hi))
}

/// The expectations under perfect sight; `None` where the budget does not suffice for any, or nothing explains the
/// evidence.
fn full(graph: &FaultGraph, pooled: &Evidence, outcomes: &Outcomes, options: &DoubtOptions) -> Option<Full> {
    let measure = |shares: &[(FaultIndex, f64)], unexplained: f64| {
        let faults = bits(shares.iter().map(|(_, share)| *share).chain([unexplained]));
        [faults, outcomes.bits(shares.iter().copied(), unexplained)]
    };
    let mut sight = PerfectSight::new(graph, pooled, options.diagnose.node_budget).ok()??;
    let now = sight.now(&measure).ok()?;
    let mut unwatched: Vec<(SystemIndex, [Figure; 2])> = Vec::new();
    for system in sight.systems() {
        let after = sight.expect(&[system], &measure, options.most_splits).ok()?;
        unwatched.push((system, std::array::from_fn(|at| Figure::exact(now[at]).minus(after[at]))));
    }
    let rounded = |figure: Figure| (figure.middle() / ROUNDING).round();
    unwatched.sort_by(|(a, x), (b, y)| {
        (rounded(y[1]).total_cmp(&rounded(x[1]))).then(rounded(y[0]).total_cmp(&rounded(x[0]))).then(a.cmp(b))
    });
    let telling: Vec<SystemIndex> = unwatched.iter().map(|(system, _)| *system).collect();
    let mut inherent = sight.expect(&telling, &measure, options.most_splits).ok()?;
    if !sight.sees_all() {
        inherent = inherent.map(|most| Figure::interval(0.0, most.hi));
    }
    unwatched.retain(|(_, drop)| drop.iter().any(|drop| drop.middle() > ROUNDING));
    unwatched.truncate(WATCHED);
    Some(Full { inherent, unwatched })
}
