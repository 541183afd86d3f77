//! `onus diagnose`: which faults explain the evidence, and who answers for them.

use onus_model::{Date, EvidenceId, FaultId, Incident, Model};
use onus_rca::{
    Attribution, DiagnoseOptions, Diagnosis, Doubt, FaultFinding, Figure, Kind, Method, Row, StopReason, Timing,
};
use serde::Serialize;

use crate::args::{Format, IncidentQuery};
use crate::commands::{Outcome, answer, view};
use crate::input::{Estate, Failure};
use crate::output::{bits, heading, json, percent, print, role};
use crate::table::{paragraph, shortened, table};

/// Everything a diagnosis says, for programs.
#[derive(Serialize)]
pub(crate) struct Result<'a> {
    title: &'a str,
    view: String,
    as_of: Option<String>,
    by: onus_rca::By,
    evidence: Vec<&'a str>,
    #[serde(flatten)]
    diagnosis: &'a Diagnosis,
    attribution: &'a [onus_rca::Row],
    doubt: Doubt,
}

pub(crate) fn run(query: &IncidentQuery) -> std::result::Result<Outcome, Failure> {
    let mut estate = Estate::open(&query.files)?;
    let incident = estate.incident(query.incident.as_ref())?;
    let model = &estate.model;
    let view = view(model, &query.view)?;
    let evidence = view.evidence(model, &incident, query.as_of);
    let graph = estate.graph()?;
    let options = DiagnoseOptions { diagnoses: query.top, ..query.effort.options() };
    let diagnosis = graph.diagnose(&evidence, &options);
    let attribution = Attribution::of(model, &diagnosis, query.by.into(), incident.day());
    let doubt = Doubt::of(&diagnosis, &attribution);
    match query.format {
        Format::Json => {
            let result = Result {
                title: incident.title(),
                view: view.name(model),
                as_of: query.as_of.map(|time| time.to_string()),
                by: query.by.into(),
                evidence: evidence.items().iter().map(|item| item.id.as_str()).collect(),
                diagnosis: &diagnosis,
                attribution: &attribution.rows,
                doubt,
            };
            json("onus-diagnosis/1", &estate.inputs, result)?;
        }
        Format::Text => {
            let mut text = header(model, &incident, &view.name(model), query, evidence.items().len());
            text.push_str(&method(&diagnosis));
            text.push('\n');
            text.push_str(&body(model, &diagnosis, &attribution, doubt, incident.day(), query.top));
            print(&text)?;
        }
    }
    Ok(Outcome::Done)
}

fn header(model: &Model, incident: &Incident, view: &str, query: &IncidentQuery, items: usize) -> String {
    let title = if incident.title().is_empty() { model.title() } else { incident.title() };
    let as_of = query.as_of.map(|time| format!(", as of {time}")).unwrap_or_default();
    let plural = if items == 1 { "" } else { "s" };
    format!("{}\nView {view}{as_of}: {items} item{plural} of evidence.\n", heading(title))
}

/// How the answer was obtained.
pub(crate) fn method(diagnosis: &Diagnosis) -> String {
    let how = match (diagnosis.method, diagnosis.stopped) {
        (Method::Exact, _) => "Exact.".to_owned(),
        (Method::Interval, StopReason::Finished) => "By expansion, complete.".to_owned(),
        (Method::Interval, StopReason::NodeBudget) => {
            "Intervals that certainly contain the truth: the exact method's budget did not suffice.".to_owned()
        }
        (Method::Interval, StopReason::StepBudget | StopReason::Tolerance | StopReason::Cancelled) => {
            "Intervals that certainly contain the truth, as far as the work went.".to_owned()
        }
    };
    format!("{how}\n")
}

/// Everything below the heading.
pub(crate) fn body(
    model: &Model,
    diagnosis: &Diagnosis,
    attribution: &Attribution,
    doubt: Doubt,
    day: Option<Date>,
    top: usize,
) -> String {
    let mut text = String::new();
    if let Some(conflict) = &diagnosis.conflict {
        let items: Vec<&str> = conflict.items.iter().map(EvidenceId::as_str).collect();
        let together = if items.len() == 1 { "" } else { " together" };
        text.push_str(&paragraph(&format!("The model cannot explain {}{together}.", items.join(" and ")), "", ""));
        return text;
    }
    text.push_str(&heading("Where did it originate?"));
    text.push('\n');
    text.push_str(&origins(model, diagnosis, day, top));
    text.push('\n');
    text.push_str(&heading("Who answers for it?"));
    text.push('\n');
    text.push_str(&answers(attribution));
    let summary = format!(
        "\nDoubt: {} bits about the fault, {} bits about who answers.\n",
        bits(doubt.fault_bits),
        bits(doubt.contractor_bits)
    );
    text.push_str(&summary);
    text.push_str(&explanations(diagnosis, top));
    for group in diagnosis.ambiguity_groups.iter().take(3) {
        let faults: Vec<&str> = group.iter().map(FaultId::as_str).collect();
        text.push_str(&paragraph(&format!("The evidence cannot tell apart: {}.", faults.join(", ")), "", "  "));
    }
    for exoneration in diagnosis.exonerated.iter().filter(|exoneration| exoneration.before.lo >= 0.01).take(5) {
        let by: Vec<&str> = exoneration.by.iter().map(EvidenceId::as_str).collect();
        let line = format!(
            "Ruled out: {}, from {} to {}, by {}.",
            exoneration.fault,
            percent(exoneration.before),
            percent(exoneration.after),
            by.join(", ")
        );
        text.push_str(&paragraph(&line, "", "  "));
    }
    let Timing { untimely, undecided, capped } = &diagnosis.timing;
    for (what, faults) in [("Not the only origin, by the times", untimely), ("Times too many to try for", undecided)] {
        if !faults.is_empty() {
            let mut names: Vec<&str> = faults.iter().take(TIMES_LISTED).map(FaultId::as_str).collect();
            let more = format!("{} more", faults.len() - names.len());
            if faults.len() > names.len() {
                names.push(&more);
            }
            text.push_str(&paragraph(&format!("{what}: {}.", names.join(", ")), "", "  "));
        }
    }
    if *capped {
        text.push_str(&paragraph("Too many times to tell apart: what worked says less here than it could.", "", "  "));
    }
    text
}

/// Faults that times speak of, as many as text lists.
const TIMES_LISTED: usize = 10;

/// The most probable fault sets, each with its ways to what was seen.
fn explanations(diagnosis: &Diagnosis, top: usize) -> String {
    let mut text = String::new();
    if diagnosis.diagnoses.is_empty() {
        return text;
    }
    text += &format!("\n{}\n", heading("Most probable explanations"));
    for ranked in diagnosis.diagnoses.iter().take(top.min(3)) {
        let faults: Vec<&str> = ranked.faults.iter().map(FaultId::as_str).collect();
        let faults = if faults.is_empty() { "no fault at all".to_owned() } else { faults.join(" + ") };
        let number = format!(" {}. ", ranked.rank);
        text.push_str(&paragraph(&format!("{}  {faults}", percent(ranked.probability)), &number, "    "));
        for path in ranked.paths.iter().take(2) {
            text.push_str(&paragraph(&path.through.join(" > "), "      > ", "        "));
        }
    }
    text.push('\n');
    text
}

/// The leading faults, with who answers for each.
pub(crate) fn origins(model: &Model, diagnosis: &Diagnosis, day: Option<Date>, top: usize) -> String {
    if diagnosis.observed_failures.is_empty() {
        return paragraph("No failure was seen, so there is nothing to explain.", " ", " ");
    }
    let mut rows: Vec<Vec<String>> = Vec::new();
    for finding in diagnosis.faults.iter().take(top).filter(|finding| finding.share.hi >= WORTH_SHOWING) {
        rows.push(vec![
            percent(finding.share),
            percent(finding.posterior),
            finding.id.to_string(),
            role(finding.role).to_owned(),
            answer(model, finding.index, day),
        ]);
    }
    if diagnosis.unexplained.hi >= WORTH_SHOWING {
        let unexplained = [percent(diagnosis.unexplained), String::new(), "(no fault: false alarm)".to_owned()];
        rows.push(unexplained.into_iter().chain([String::new(), String::new()]).collect());
    }
    table(&["share", "posterior", "fault", "", "answers"], &[0, 1], rows)
}

/// Less than this is told in one line for all.
const WORTH_SHOWING: f64 = 5e-4;

/// Who answers, with the three figures.
pub(crate) fn answers(attribution: &Attribution) -> String {
    let visible = |row: &&Row| row.causal.hi.max(row.liable.hi).max(row.control.hi) >= WORTH_SHOWING;
    let rows = attribution.rows.iter().filter(visible).map(|row| {
        let control = match row.kind {
            Kind::Assigned | Kind::Shared => percent(row.control),
            _ => String::new(),
        };
        let who =
            if row.caps.is_empty() { row.who.clone() } else { format!("{} (cap {})", row.who, row.caps.join(", ")) };
        vec![percent(row.causal), percent(row.liable), control, kind(row.kind).to_owned(), who]
    });
    let mut text = table(&["causal", "liable", "control", "", "who"], &[0, 1, 2], rows.collect());
    let hidden = attribution.rows.iter().filter(|row| !visible(row)).count();
    if hidden > 0 {
        text += &format!(" ({hidden} more, each below 0.1 %)\n");
    }
    text
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Assigned => "assigned",
        Kind::Shared => "shared",
        Kind::Disputed => "disputed",
        Kind::Unassigned => "unassigned",
        Kind::Unexplained => "unexplained",
    }
}

/// The greatest row of an attribution, in a few words, and its share.
pub(crate) fn leader(attribution: &Attribution) -> (String, String) {
    let Some(row) = attribution.leader() else { return ("several, equally".to_owned(), String::new()) };
    let name = match row.kind {
        Kind::Disputed => format!("disputed: {}", row.who),
        Kind::Unassigned => "nobody".to_owned(),
        _ => row.who.clone(),
    };
    (name, percent(row.causal))
}

/// The leading fault and its share; where several lead equally, the first and how many more.
pub(crate) fn leading_fault(diagnosis: &Diagnosis) -> (String, String) {
    if diagnosis.conflict.is_some() {
        return ("cannot be explained".to_owned(), String::new());
    }
    let unexplained = diagnosis.unexplained.middle();
    match diagnosis.faults.first() {
        _ if diagnosis.observed_failures.is_empty() => ("no failure seen".to_owned(), String::new()),
        Some(first) if first.share.middle() > unexplained => {
            let equal = |other: &&FaultFinding| (other.share.middle() - first.share.middle()).abs() < 1e-9;
            let ties = diagnosis.faults.iter().filter(equal).count();
            let name = if ties > 1 {
                format!("{} +{}", shortened(first.id.as_str(), 18), ties - 1)
            } else {
                first.id.to_string()
            };
            (name, percent(first.share))
        }
        _ => ("false alarm".to_owned(), percent(Figure::exact(unexplained))),
    }
}
