//! `onus views`: what each party would conclude alone.

use std::collections::BTreeSet;

use onus_model::{Incident, Model, Time};
use onus_rca::{Attribution, By, DiagnoseOptions, Diagnosis, Doubt, FaultGraph, View};
use serde::Serialize;

use crate::args::{Format, ViewsQuery};
use crate::commands::Outcome;
use crate::commands::diagnose::{leader, leading_fault};
use crate::input::{Estate, Failure};
use crate::output::{bits, heading, json, print};
use crate::table::{shortened, table};

/// What one party concludes.
#[derive(Serialize)]
pub(crate) struct Conclusion {
    view: String,
    evidence: Vec<String>,
    #[serde(flatten)]
    diagnosis: Diagnosis,
    attribution: Vec<onus_rca::Row>,
    doubt: Doubt,
    #[serde(skip)]
    listed: Attribution,
}

#[derive(Serialize)]
struct Result<'a> {
    title: &'a str,
    as_of: Option<String>,
    by: By,
    views: Vec<Conclusion>,
}

pub(crate) fn run(query: &ViewsQuery) -> std::result::Result<Outcome, Failure> {
    let mut estate = Estate::open(&query.files)?;
    let incident = estate.incident(query.incident.as_ref())?;
    let by = query.by.into();
    let views = conclusions(&estate.model, &incident, query.as_of, by);
    match query.format {
        Format::Json => {
            let as_of = query.as_of.map(|time| time.to_string());
            json("onus-views/1", &estate.inputs, Result { title: incident.title(), as_of, by, views })?;
        }
        Format::Text => {
            let as_of = query.as_of.map(|time| format!("\nAs of {time}.")).unwrap_or_default();
            print(&format!("{}{as_of}\n\n{}", heading(incident.title()), rows(&views, Merge::Nothing)));
        }
    }
    Ok(Outcome::Done)
}

/// What each party would conclude alone.
pub(crate) fn conclusions(model: &Model, incident: &Incident, as_of: Option<Time>, by: By) -> Vec<Conclusion> {
    let graph = FaultGraph::compile(model);
    let options = DiagnoseOptions { exoneration_items: 0, ..DiagnoseOptions::default() };
    let mut views = Vec::new();
    for view in View::all(model) {
        let evidence = view.evidence(model, incident, as_of);
        let diagnosis = graph.diagnose(&evidence, &options);
        let listed = Attribution::of(model, &diagnosis, by, incident.day());
        views.push(Conclusion {
            view: view.name(model),
            evidence: evidence.items().iter().map(|item| item.id.to_string()).collect(),
            doubt: Doubt::of(&diagnosis, &listed),
            attribution: listed.rows.clone(),
            diagnosis,
            listed,
        });
    }
    views
}

/// One row a party, or one for all that see the same.
pub(crate) fn rows(views: &[Conclusion], merge: Merge) -> String {
    let mut groups: Vec<(Vec<&str>, &Conclusion)> = Vec::new();
    for conclusion in views {
        let seen = |conclusion: &Conclusion| conclusion.evidence.iter().cloned().collect::<BTreeSet<_>>();
        let alike = groups.iter_mut().find(|(_, other)| merge == Merge::Alike && seen(other) == seen(conclusion));
        match alike {
            Some((names, _)) => names.push(&conclusion.view),
            None => groups.push((vec![&conclusion.view], conclusion)),
        }
    }
    let rows = groups.into_iter().map(|(names, conclusion)| {
        let blind = conclusion.diagnosis.observed_failures.is_empty();
        let ((fault, share), (who, _)) = (leading_fault(&conclusion.diagnosis), leader(&conclusion.listed));
        let [who, doubt] =
            if blind { [const { String::new() }; 2] } else { [who, bits(conclusion.doubt.contractor_bits)] };
        let view = match names.as_slice() {
            [only] => shortened(only, 18),
            [first, rest @ ..] => format!("{} +{}", shortened(first, 14), rest.len()),
            [] => String::new(),
        };
        vec![view, conclusion.evidence.len().to_string(), shortened(&fault, 21), share, shortened(&who, 14), doubt]
    });
    table(&["view", "sees", "leading origin", "share", "answers", "bits"], &[1, 3, 5], rows.collect())
}

/// Whether parties that see the same share a row.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Merge {
    /// They do.
    Alike,
    /// Each has its own.
    Nothing,
}
