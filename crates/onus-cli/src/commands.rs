//! One module a command: read, ask, print.

pub(crate) mod advise;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod convert;
pub(crate) mod cut_sets;
pub(crate) mod diagnose;
pub(crate) mod doubt;
pub(crate) mod explain;
pub(crate) mod generate;
pub(crate) mod hand_offs;
pub(crate) mod importance;
pub(crate) mod plan;
pub(crate) mod propagate;
pub(crate) mod report;
pub(crate) mod scenarios;
pub(crate) mod schema;
pub(crate) mod sensitivity;
pub(crate) mod split;
pub(crate) mod timeline;
pub(crate) mod views;

use onus_model::{Answer, Date, FaultIndex, Model};
use onus_rca::{Ground, View};

use crate::input::Failure;
use crate::table::paragraph;

/// How a command ended.
pub(crate) enum Outcome {
    /// Done.
    Done,
    /// Done, and something was found at or above the level asked for.
    Findings,
}

/// The view of a name, or what else could have been meant.
pub(crate) fn view(model: &Model, name: &str) -> Result<View, Failure> {
    View::named(model, name).ok_or_else(|| {
        let parties: Vec<&str> = model.contractors().iter().map(|contractor| contractor.id.as_str()).collect();
        Failure::Usage(format!("there is no view `{name}`; there are pooled, public, {}", parties.join(", ")))
    })
}

/// Why a question about an incident has no answer, on a line; `knows` names whose knowledge nothing explains.
pub(crate) fn no_answer(ground: Ground, nothing_seen: &str, knows: &str) -> String {
    match ground {
        Ground::NothingSeen => paragraph(nothing_seen, "", ""),
        Ground::Conflict => {
            paragraph(&format!("The model cannot explain what {knows}; `onus diagnose` says what."), "", "")
        }
        Ground::Failure => paragraph("No answer: the exact method's budget did not suffice.", "", ""),
    }
}

/// Who answers for a fault, in a few words.
pub(crate) fn answer(model: &Model, fault: FaultIndex, day: Option<Date>) -> String {
    party(model, fault, day).unwrap_or_else(|| "nobody".to_owned())
}

/// Who answers for a fault, if anybody does: a contractor, the members of a consortium, or those who dispute it.
pub(crate) fn party(model: &Model, fault: FaultIndex, day: Option<Date>) -> Option<String> {
    let names = |contract: onus_model::ContractIndex| -> Vec<&str> {
        let holders = model.contracts()[contract.index()].holders();
        holders.into_iter().map(|(party, _)| model.contractors()[party.index()].id.as_str()).collect()
    };
    match model.responsibility(day).answer(fault) {
        Answer::Assigned(contract) => Some(names(contract).join(" + ")),
        Answer::Unassigned => None,
        Answer::Disputed(contracts) => {
            let mut parties: Vec<&str> = contracts.into_iter().flat_map(names).collect();
            parties.sort_unstable();
            parties.dedup();
            Some(format!("disputed: {}", parties.join(" | ")))
        }
    }
}
