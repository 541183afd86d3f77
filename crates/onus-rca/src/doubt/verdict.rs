//! The verdict: what most of a view's doubt about who answers is due to, and whether the split plays a part.

use onus_model::{FaultIndex, Model};
use serde::Serialize;

use crate::doubt::terms::{Terms, ViewDoubt};
use crate::figure::Figure;
use crate::outcome::{Outcome, Outcomes};
use crate::view::View;

/// Doubt about who answers below which nothing is in doubt: the leader has more than 99.4 % then, if there are two.
const CERTAIN: f64 = 0.05;
/// A term that is not larger plays no part.
const NO_PART: f64 = 0.05;
/// What most of a view's doubt about who answers is due to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DoubtSource {
    /// The view saw no failure.
    NothingSeen,
    /// The model cannot explain what the view knows, or what all together know.
    Unexplained,
    /// One party answers for every fault there is: the split plays no part.
    OneOwner,
    /// Every view that saw a failure names the same, all but surely.
    Agreed,
    /// The view itself is all but certain, and so are all together, of the same.
    Certain,
    /// The view is surer than all the evidence together: what it lacks would raise its doubt.
    TooSure,
    /// Most is due to the split.
    Split,
    /// Most is there because nobody looked.
    Unmonitored,
    /// Most no monitor could remove.
    Inherent,
}

/// The answer in one value; a sentence is made of it elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DoubtVerdict {
    /// Whom it is about.
    pub view: String,
    /// What it finds.
    pub finding: DoubtSource,
    /// Whether the split plays a part: its term is more than 0.05 bits, either way, or more than 0.05 of the answer is
    /// misplaced.
    pub split_plays_a_part: bool,
    /// Whom the view names, and whom all the evidence names.
    pub leaders: [Option<Outcome>; 2],
    /// The view's doubt about who answers.
    pub contractor: Terms,
}

/// Whom the verdict is about, as a position among the views.
pub(super) fn about(model: &Model, all: &[View], views: &[ViewDoubt], asked: Option<View>) -> usize {
    let position = |view: View| all.iter().position(|other| *other == view);
    let seeing = |at: &usize| views[*at].saw_failure;
    if let Some(asked) = asked.and_then(position) {
        return asked;
    }
    let buyer = model.structure().buyer().and_then(|buyer| position(View::Contractor(buyer)));
    let public = position(View::Public);
    let others = 2..views.len();
    buyer.into_iter().chain(public).chain(others).find(seeing).unwrap_or(0)
}

pub(super) fn verdict(views: &[ViewDoubt], about: usize, outcomes: &Outcomes, model: &Model) -> DoubtVerdict {
    let (pooled, view) = (&views[0], &views[about]);
    let named = |view: &ViewDoubt| view.leader.as_ref().map(|(outcome, _)| outcome.clone());
    let terms = view.contractor;
    let seeing: Vec<&ViewDoubt> = views.iter().filter(|view| view.saw_failure).collect();
    let certain = |view: &ViewDoubt| view.contractor.doubt.hi < CERTAIN && named(view) == named(pooled);
    let [split, unmonitored, inherent] = [terms.split, terms.unmonitored, terms.inherent].map(Figure::middle);
    let finding = if !view.saw_failure {
        DoubtSource::NothingSeen
    } else if view.conflict || pooled.conflict {
        DoubtSource::Unexplained
    } else if one_owner(outcomes, model) {
        DoubtSource::OneOwner
    } else if seeing.iter().all(|view| certain(view)) {
        DoubtSource::Agreed
    } else if certain(view) && certain(pooled) {
        DoubtSource::Certain
    } else if split < -NO_PART {
        DoubtSource::TooSure
    } else if split >= unmonitored && split >= inherent {
        DoubtSource::Split
    } else if unmonitored >= inherent {
        DoubtSource::Unmonitored
    } else {
        DoubtSource::Inherent
    };
    let split_plays_a_part = match finding {
        DoubtSource::NothingSeen | DoubtSource::Unexplained | DoubtSource::OneOwner | DoubtSource::Agreed => false,
        _ => split.abs() > NO_PART || terms.misplaced.middle() > NO_PART,
    };
    DoubtVerdict {
        view: view.view.clone(),
        finding,
        split_plays_a_part,
        leaders: [named(view), named(pooled)],
        contractor: terms,
    }
}

/// Whether one party answers for every fault there is.
fn one_owner(outcomes: &Outcomes, model: &Model) -> bool {
    let faults = (0..model.faults().len()).map(FaultIndex::new);
    let mut reached: Vec<usize> = faults.flat_map(|fault| outcomes.of_fault(fault)).map(|(at, _)| *at).collect();
    reached.sort_unstable();
    reached.dedup();
    matches!(reached[..], [only] if outcomes.all()[only].is_party())
}
