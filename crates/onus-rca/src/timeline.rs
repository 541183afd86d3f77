//! How the belief moved: the attribution at each time a view came to know something.

use onus_model::{EvidenceId, Incident, Model, Statement, Time};
use serde::Serialize;

use crate::attribution::{Attribution, By};
use crate::diagnose::{DiagnoseOptions, Diagnosis};
use crate::doubt::Doubt;
use crate::fault_graph::FaultGraph;
use crate::view::{View, WhoKnew};

/// What a view concluded after it came to know something.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Moment {
    /// When.
    pub time: Time,
    /// The items it came to know then.
    pub learned: Vec<EvidenceId>,
    /// Whether that changed the attribution or the leading fault.
    pub changed: bool,
    /// What was announced as the cause then: the target's id, and by whom.
    pub announced: Vec<Announced>,
    /// What explains everything known by then.
    pub diagnosis: Diagnosis,
    /// Who answers for it.
    pub attribution: Attribution,
    /// How much is in doubt.
    pub doubt: Doubt,
}

/// A cause that was announced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Announced {
    /// The system, interface or fault.
    pub target: String,
    /// Who announced it.
    pub by: Option<String>,
}

/// Follows a view through an incident. One moment for each time at which it came to know something.
///
/// Cost: one diagnosis a moment.
pub fn timeline(
    model: &Model,
    graph: &FaultGraph,
    incident: &Incident,
    view: View,
    by: By,
    options: &DiagnoseOptions,
) -> Vec<Moment> {
    let who_knew = WhoKnew::of(model, incident);
    let all = who_knew.evidence(&[view], None);
    let day = incident.day();
    // Exonerations are told once, by the whole diagnosis; here only the belief counts.
    let options = DiagnoseOptions { exoneration_items: 0, ..*options };
    let mut moments: Vec<Moment> = Vec::new();
    let mut known: Vec<EvidenceId> = Vec::new();
    // What was superseded counted until it was corrected.
    for time in all.times() {
        let evidence = who_knew.evidence(&[view], Some(time));
        let diagnosis = graph.diagnose(&evidence, &options);
        let attribution = Attribution::of(model, &diagnosis, by, day);
        let doubt = Doubt::of(&diagnosis, &attribution);
        let learned: Vec<EvidenceId> =
            evidence.items().iter().map(|item| item.id.clone()).filter(|id| !known.contains(id)).collect();
        known.extend(learned.iter().cloned());
        let announced = evidence.items().iter().filter(|item| learned.contains(&item.id)).filter_map(|item| {
            let Statement::Announcement { target, by } = item.statement else { return None };
            Some(Announced {
                target: model.topology().target_id(target).to_owned(),
                by: by.map(|by| model.contractors()[by.index()].id.as_str().to_owned()),
            })
        });
        let announced = announced.collect();
        let changed = moments.last().is_none_or(|before| moved(before, &attribution, &diagnosis));
        moments.push(Moment { time, learned, changed, announced, diagnosis, attribution, doubt });
    }
    moments
}

/// A change in belief that a reader could see: a tenth of a percent.
fn moved(before: &Moment, attribution: &Attribution, diagnosis: &Diagnosis) -> bool {
    const VISIBLE: f64 = 1e-3;
    let share = |rows: &[crate::attribution::Row], who: &str| {
        rows.iter().filter(|row| row.who == who).map(|row| row.causal.middle()).sum::<f64>()
    };
    let names = before.attribution.rows.iter().chain(&attribution.rows).map(|row| row.who.as_str());
    let leader = |diagnosis: &Diagnosis| diagnosis.faults.first().map(|fault| fault.index);
    names.into_iter().any(|who| (share(&before.attribution.rows, who) - share(&attribution.rows, who)).abs() > VISIBLE)
        || leader(&before.diagnosis) != leader(diagnosis)
}
