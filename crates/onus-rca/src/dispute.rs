//! Who points at whom, who could tell, and who knew what others lacked (DESIGN.md 3.5 and 3.6).
//!
//! Every party concludes from what it knows; nothing here says that it pleads in its own favour. A party *points at* the
//! outcome with the greatest causal share in its view, if that is not itself and no tie. A party, or several with what
//! they know put together, *can tell* where all evidence together would lead: the outcome that leads in the pooled view
//! has more than half of the answer for them too. Where the pooled view itself has no such leader, nobody can tell.

use std::collections::{BTreeMap, BTreeSet};

use onus_model::{EvidenceId, Incident, Model, Time};
use serde::Serialize;

use crate::attribution::{Attribution, By, Kind};
use crate::diagnose::{DiagnoseOptions, Diagnosis};
use crate::doubt::Doubt;
use crate::evidence::Evidence;
use crate::fault_graph::FaultGraph;
use crate::figure::Figure;
use crate::outcome::Outcome;
use crate::view::{View, WhoKnew};

/// What a leader must have for a view to tell.
const TELLS: f64 = 0.5;
/// Parties that are put together at most, to find out who could tell only together.
const MOST_TOGETHER: usize = 4;
/// Sets of parties that are tried at most.
const MOST_SETS: usize = 2_000;

/// What is asked of the parties.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DisputeOptions {
    /// Under what it is listed who answers. Default: contractors.
    pub by: By,
    /// Only what was known by then. Default: everything.
    pub as_of: Option<Time>,
    /// How the diagnoses are made.
    pub diagnose: DiagnoseOptions,
}

impl Default for DisputeOptions {
    fn default() -> Self {
        let diagnose = DiagnoseOptions { exoneration_items: 0, ..DiagnoseOptions::default() };
        Self { by: By::default(), as_of: None, diagnose }
    }
}

/// What one view concludes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Conclusion {
    /// Who is looking.
    pub view: String,
    /// The items that it knows, in the order in which it came to know them.
    pub evidence: Vec<EvidenceId>,
    /// What explains them.
    #[serde(flatten)]
    pub diagnosis: Diagnosis,
    /// Who answers for it; its rows, where it is written.
    #[serde(serialize_with = "rows_of")]
    pub attribution: Attribution,
    /// How much is in doubt.
    pub doubt: Doubt,
    /// Whom it points at: who has the greatest share, unless two tie or it saw no failure.
    pub points_at: Option<Outcome>,
    /// Whether it can tell what all evidence together would.
    pub can_tell: bool,
    /// The contractor it points at, whatever answers are listed under.
    #[serde(skip)]
    pointer: Option<String>,
}

fn rows_of<S: serde::Serializer>(attribution: &Attribution, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(&attribution.rows)
}

/// Parties whose evidence together tells what none of them, nor fewer of them, can tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Together {
    /// Each of them knows something that the others lack.
    pub parties: Vec<String>,
}

/// Who points at whom.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Dispute {
    /// What each view concludes: pooled, public, then the parties.
    pub views: Vec<Conclusion>,
    /// The parties, by row of the matrix.
    pub parties: Vec<String>,
    /// All outcomes that somebody gives a share to, by column.
    pub outcomes: Vec<Outcome>,
    /// The share that party i, seeing what it sees, gives to outcome j. Rows add up to 1.
    pub matrix: Vec<Vec<Figure>>,
    /// Pairs of contractors each of which points at the other, whatever answers are listed under.
    pub mutual: Vec<[String; 2]>,
    /// Three or more parties each of which points at the next, and the last at the first.
    pub cycles: Vec<Vec<String>>,
    /// Parties that can tell alone.
    pub alone: Vec<String>,
    /// The fewest parties that can only tell together, where none can alone.
    pub together: Vec<Together>,
    /// Whether all sets that could be smaller were tried: sets of up to four parties are, and at most 2,000 of them.
    pub together_complete: bool,
}

impl Dispute {
    /// Asks all views of an incident.
    ///
    /// Cost: one diagnosis for each view with evidence of its own, and for each set of parties that is tried.
    pub fn of(model: &Model, graph: &FaultGraph, incident: &Incident, options: &DisputeOptions) -> Self {
        let hearing = Hearing::new(model, graph, incident, options);
        let (views, known) = hearing.conclusions();
        let (parties, outcomes, matrix) = matrix(&views);
        let (mutual, cycles) = cycles(&views);
        let alone: Vec<String> =
            views.iter().skip(2).filter(|party| party.can_tell).map(|party| party.view.clone()).collect();
        let (together, together_complete) = match told_by(&views[0]) {
            Some(leads) if alone.is_empty() => hearing.together(&known[2..], &views[2..], &leads),
            _ => (Vec::new(), true),
        };
        Self { views, parties, outcomes, matrix, mutual, cycles, alone, together, together_complete }
    }
}

impl Conclusion {
    /// What each view of an incident concludes: pooled, public, then the parties.
    ///
    /// Cost: one diagnosis for each view with evidence of its own.
    pub fn all(model: &Model, graph: &FaultGraph, incident: &Incident, options: &DisputeOptions) -> Vec<Self> {
        Hearing::new(model, graph, incident, options).conclusions().0
    }
}

/// Asks the same of different evidence.
pub(crate) struct Hearing<'a> {
    pub(crate) model: &'a Model,
    pub(crate) graph: &'a FaultGraph,
    pub(crate) incident: &'a Incident,
    pub(crate) who_knew: WhoKnew<'a>,
    options: &'a DisputeOptions,
}

impl<'a> Hearing<'a> {
    pub(crate) fn new(
        model: &'a Model,
        graph: &'a FaultGraph,
        incident: &'a Incident,
        options: &'a DisputeOptions,
    ) -> Self {
        Self { model, graph, incident, who_knew: WhoKnew::of(model, incident), options }
    }

    /// The outcome that all evidence together leads to with more than half of the answer.
    pub(crate) fn leads(&self) -> Option<Outcome> {
        told_by(&self.concludes(String::new(), &self.who_knew.evidence(&[View::Pooled], self.options.as_of)))
    }

    /// What each view concludes, and what it knows.
    fn conclusions(&self) -> (Vec<Conclusion>, Vec<Evidence>) {
        let all = View::all(self.model);
        let mut views: Vec<Conclusion> = Vec::with_capacity(all.len());
        let mut known: Vec<Evidence> = Vec::with_capacity(all.len());
        for view in &all {
            let evidence = self.who_knew.evidence(&[*view], self.options.as_of);
            let conclusion = match known.iter().position(|other| *other == evidence) {
                Some(same) => Conclusion { view: view.name(self.model), ..views[same].clone() },
                None => self.concludes(view.name(self.model), &evidence),
            };
            views.push(conclusion);
            known.push(evidence);
        }
        let leads = told_by(&views[0]);
        for conclusion in &mut views {
            conclusion.can_tell = leads.is_some() && told_by(conclusion) == leads;
        }
        (views, known)
    }

    fn concludes(&self, view: String, evidence: &Evidence) -> Conclusion {
        let diagnosis = self.graph.diagnose(evidence, &self.options.diagnose);
        let attribution = Attribution::of(self.model, &diagnosis, self.options.by, self.incident.day());
        // That no fault explains it is no answer to point at.
        let leader = |attribution: &Attribution| {
            let (outcome, _) = Outcome::leading(attribution).filter(|_| evidence.has_failure())?;
            (outcome.kind != Kind::Unexplained).then_some(outcome)
        };
        let points_at = leader(&attribution);
        let contractor = match self.options.by {
            By::Contractor => points_at.clone(),
            _ => leader(&Attribution::of(self.model, &diagnosis, By::Contractor, self.incident.day())),
        };
        let pointer = contractor.filter(Outcome::is_party).map(|outcome| outcome.who);
        Conclusion {
            view,
            evidence: evidence.items().iter().map(|item| item.id.clone()).collect(),
            doubt: Doubt::of(&diagnosis, &attribution),
            diagnosis,
            attribution,
            points_at,
            can_tell: false,
            pointer,
        }
    }

    /// Whether some evidence tells what leads, and what doubt it leaves about who answers.
    pub(crate) fn tells(&self, evidence: &Evidence, leads: &Outcome) -> (bool, Figure) {
        let conclusion = self.concludes(String::new(), evidence);
        (told_by(&conclusion).as_ref() == Some(leads), conclusion.doubt.contractor_bits)
    }

    /// The smallest sets of parties that tell together, by size; parties that know the same stand for each other.
    fn together(&self, known: &[Evidence], views: &[Conclusion], leads: &Outcome) -> (Vec<Together>, bool) {
        let mut distinct: Vec<usize> = Vec::new();
        for at in 0..known.len() {
            if !known[at].items().is_empty() && distinct.iter().all(|other| known[*other] != known[at]) {
                distinct.push(at);
            }
        }
        let parties = &View::all(self.model)[2..];
        let mut tried = 0;
        for size in 2..=distinct.len().min(MOST_TOGETHER) {
            let mut found = Vec::new();
            for set in subsets(&distinct, size) {
                tried += 1;
                if tried > MOST_SETS {
                    return (found, false);
                }
                let members: Vec<View> = set.iter().map(|at| parties[*at]).collect();
                let evidence = self.who_knew.evidence(&members, self.options.as_of);
                if self.tells(&evidence, leads).0 {
                    found.push(Together { parties: set.iter().map(|at| views[*at].view.clone()).collect() });
                }
            }
            if !found.is_empty() {
                return (found, true);
            }
        }
        (Vec::new(), distinct.len() <= MOST_TOGETHER)
    }
}

/// The outcome that has more than half of the answer; `None` where no failure was seen.
fn told_by(conclusion: &Conclusion) -> Option<Outcome> {
    let leader = conclusion.points_at.as_ref()?;
    let share: f64 =
        shares_of(conclusion).into_iter().filter(|(who, _)| who == leader).map(|(_, share)| share.lo).sum();
    (share > TELLS).then(|| leader.clone())
}

/// The causal shares by outcome, those above 0.
fn shares_of(conclusion: &Conclusion) -> BTreeMap<Outcome, Figure> {
    let mut shares = Outcome::shares(&conclusion.attribution);
    shares.retain(|_, share| share.hi > 0.0);
    shares
}

/// The share that each party gives to each outcome. The views come pooled, public, then parties.
fn matrix(views: &[Conclusion]) -> (Vec<String>, Vec<Outcome>, Vec<Vec<Figure>>) {
    let rows: Vec<BTreeMap<Outcome, Figure>> = views.iter().skip(2).map(shares_of).collect();
    let outcomes: BTreeSet<&Outcome> = rows.iter().flat_map(BTreeMap::keys).collect();
    let cell =
        |row: &BTreeMap<Outcome, Figure>, outcome: &Outcome| row.get(outcome).copied().unwrap_or(Figure::exact(0.0));
    let matrix = rows.iter().map(|row| outcomes.iter().map(|outcome| cell(row, outcome)).collect()).collect();
    let parties = views.iter().skip(2).map(|party| party.view.clone()).collect();
    (parties, outcomes.into_iter().cloned().collect(), matrix)
}

/// Pairs and longer cycles of parties each of which points at the next. Every party points at one at most, so that
/// cycles share no party and following the pointers finds them all. O(parties · log parties).
fn cycles(views: &[Conclusion]) -> (Vec<[String; 2]>, Vec<Vec<String>>) {
    let number: BTreeMap<&str, usize> =
        views.iter().skip(2).enumerate().map(|(at, party)| (party.view.as_str(), at)).collect();
    let next: Vec<Option<usize>> = views
        .iter()
        .skip(2)
        .map(|party| {
            let pointer = party.pointer.as_ref().filter(|who| **who != party.view)?;
            number.get(pointer.as_str()).copied()
        })
        .collect();
    let name = |at: usize| views[at + 2].view.clone();
    let (mut mutual, mut longer) = (Vec::new(), Vec::new());
    // Which walk came by: 0 is none.
    let mut walk = vec![0; next.len()];
    for start in 0..next.len() {
        let mut at = start;
        while walk[at] == 0 {
            walk[at] = start + 1;
            let Some(following) = next[at] else { break };
            at = following;
        }
        if walk[at] != start + 1 || next[at].is_none() {
            continue;
        }
        let mut cycle = vec![at];
        while let Some(following) = next[cycle[cycle.len() - 1]].filter(|following| *following != at) {
            cycle.push(following);
        }
        // Each begins with its first party by name.
        let first = (0..cycle.len()).min_by_key(|place| cycle[*place]).unwrap_or(0);
        cycle.rotate_left(first);
        match cycle[..] {
            [a, b] => mutual.push([name(a), name(b)]),
            _ => longer.push(cycle.into_iter().map(name).collect()),
        }
    }
    mutual.sort();
    longer.sort();
    (mutual, longer)
}

/// All subsets of a size, in the order of their members.
fn subsets(of: &[usize], size: usize) -> impl Iterator<Item = Vec<usize>> + '_ {
    let mut places: Vec<usize> = (0..size).collect();
    let mut done = size > of.len();
    std::iter::from_fn(move || {
        if done {
            return None;
        }
        let set = places.iter().map(|place| of[*place]).collect();
        // The last place that can still move on does, and those after it follow it closely.
        match (0..size).rev().find(|at| places[*at] < of.len() - size + at) {
            None => done = true,
            Some(moves) => {
                places[moves] += 1;
                for at in moves + 1..size {
                    places[at] = places[at - 1] + 1;
                }
            }
        }
        Some(set)
    })
}
