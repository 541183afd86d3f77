//! An incident judged against its official finding: what was blamed first, what was found, and what the evidence already
//! said when the first cause was announced. For evaluation only: no query reads the `truth` of an incident.

use onus_model::{FaultId, Incident, Model, Statement, Time};
use serde::Serialize;

use crate::attribution::By;
use crate::doubt::{DoubtOptions, DoubtReport};
use crate::evidence::first_known;
use crate::fault_graph::FaultGraph;
use crate::figure::Figure;
use crate::hand_off::{HandOffOptions, HandOffs, hand_offs};
use crate::view::View;

/// What somebody said was the cause.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Claim {
    /// When it was first said.
    pub at: Time,
    /// The system, interface or fault that was named.
    pub target: String,
    /// The party that said so, where the record names it.
    pub by: Option<String>,
}

/// How an incident compares with its finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Contractors in the model.
    pub parties: usize,
    /// Interfaces whose two ends answer to different contractors, on the incident's day.
    pub seams: usize,
    /// What was announced first.
    pub first_blamed: Option<Claim>,
    /// The faults of the official finding.
    pub finding: Vec<FaultId>,
    /// The share that the pooled evidence gave to those faults when the first cause was announced.
    pub pooled_share: Option<Figure>,
    /// The share that the view of the verdict gave to them then.
    pub view_share: Option<Figure>,
    /// The doubt of all views then; at the end, where nothing was announced.
    pub doubt: DoubtReport,
    /// How many contractors a desk would have engaged from then on, beginning with what the public knew.
    pub hand_offs: HandOffs,
}

impl Evaluation {
    /// Judges an incident at the time its first cause was announced.
    ///
    /// Cost: that of [`DoubtReport::of`], two diagnoses, and [`hand_offs`].
    pub fn of(model: &Model, incident: &Incident, by: By) -> Self {
        let graph = FaultGraph::compile(model);
        let first_blamed = first_claim(model, incident);
        let as_of = first_blamed.as_ref().map(|claim| claim.at);
        let options = DoubtOptions { by, as_of, ..DoubtOptions::default() };
        let doubt = DoubtReport::of(model, &graph, incident, &options);
        let share = |view: View| {
            let diagnosis = graph.diagnose(&view.evidence(model, incident, as_of), &options.diagnose);
            let found = diagnosis.faults.iter().filter(|finding| incident.truth().contains(&finding.index));
            found.map(|finding| finding.share).reduce(Figure::plus).map(|sum| sum.at_most(1.0))
        };
        let view = View::named(model, &doubt.verdict.view);
        Self {
            parties: model.contractors().len(),
            seams: model.seams(incident.day()).len(),
            finding: incident.truth().iter().map(|fault| model.faults()[fault.index()].id.clone()).collect(),
            pooled_share: share(View::Pooled),
            view_share: view.and_then(share),
            hand_offs: hand_offs(model, &graph, incident, View::Public, as_of, &HandOffOptions::default()),
            first_blamed,
            doubt,
        }
    }
}

/// The announcement that was known first; of several at one time, the first by id.
fn first_claim(model: &Model, incident: &Incident) -> Option<Claim> {
    let claims = incident.evidence().iter().filter_map(|item| match item.statement {
        Statement::Announcement { target, by } => Some((first_known(item), &item.id, target, by)),
        _ => None,
    });
    claims.min_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1))).map(|(at, _, target, by)| Claim {
        at,
        target: model.topology().target_id(target).to_owned(),
        by: by.map(|by| model.contractors()[by.index()].id.as_str().to_owned()),
    })
}
