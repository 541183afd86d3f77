//! `onus report`: one screen for a newcomer. It composes the other queries and adds nothing.

use onus_rca::{Attribution, Conclusion, DiagnoseOptions, DisputeOptions, Doubt, View, timeline};
use serde::Serialize;

use crate::args::{Format, IncidentQuery};
use crate::commands::{Outcome, diagnose, timeline as course, view, views};
use crate::input::{Estate, Failure};
use crate::output::{bits, heading, json, print};

#[derive(Serialize)]
struct Result<'a> {
    title: &'a str,
    view: String,
    as_of: Option<String>,
    #[serde(flatten)]
    diagnosis: &'a onus_rca::Diagnosis,
    attribution: &'a [onus_rca::Row],
    doubt: Doubt,
    public: &'a [onus_rca::Moment],
    /// When the parties are asked.
    alone_as_of: Option<String>,
    views: &'a [onus_rca::Conclusion],
}

pub(crate) fn run(query: &IncidentQuery) -> std::result::Result<Outcome, Failure> {
    let mut estate = Estate::open(&query.files)?;
    let incident = estate.incident(query.incident.as_ref())?;
    let model = &estate.model;
    let view = view(model, &query.view)?;
    let by = query.by.into();
    let graph = estate.graph()?;
    let evidence = view.evidence(model, &incident, query.as_of);
    let options = DiagnoseOptions { diagnoses: query.top, ..query.effort.options() };
    let diagnosis = graph.diagnose(&evidence, &options);
    let attribution = Attribution::of(model, &diagnosis, by, incident.day());
    let doubt = Doubt::of(&diagnosis, &attribution);
    let moments = timeline(model, &graph, &incident, View::Public, by, &options);
    // What each party would have concluded alone is worth knowing when the first cause was announced: later they
    // read the same news.
    let announced = moments.iter().find(|moment| !moment.announced.is_empty()).map(|moment| moment.time);
    let apart = query.as_of.or(announced);
    let asked = DisputeOptions { by, as_of: apart, ..DisputeOptions::default() };
    let alone = Conclusion::all(model, &graph, &incident, &asked);
    match query.format {
        Format::Json => {
            let result = Result {
                title: incident.title(),
                view: view.name(model),
                as_of: query.as_of.map(|time| time.to_string()),
                diagnosis: &diagnosis,
                attribution: &attribution.rows,
                doubt,
                public: &moments,
                alone_as_of: apart.map(|time| time.to_string()),
                views: &alone,
            };
            json("onus-report/1", &estate.inputs, result)?;
        }
        Format::Text => {
            let when = apart.map(|time| format!(" ({} {})", time.date(), time.clock())).unwrap_or_default();
            let parts = [
                heading(incident.title()),
                format!("\n\n{}\n", heading(&format!("Where did it originate? (view {})", view.name(model)))),
                diagnose::origins(model, &diagnosis, incident.day(), query.top.min(4)),
                format!("\n{}\n", heading("Who answers for it?")),
                diagnose::answers(&attribution),
                format!("\n{}\n", heading("How did the belief of the public move?")),
                course::rows(&moments, course::Rows::Turns),
                format!("\n{}\n", heading(&format!("What would each party have concluded alone?{when}"))),
                views::rows(&alone, views::Merge::Alike),
                format!("\nDoubt: {} bits about the fault, ", bits(doubt.fault_bits)),
                format!("{} bits about who answers. ", bits(doubt.contractor_bits)),
                diagnose::method(&diagnosis),
            ];
            print(&parts.concat())?;
        }
    }
    Ok(Outcome::Done)
}
