//! `onus check`: weak places of a model, and whether its files are valid.

use onus_model::{CheckOptions, Diagnostic, Severity};
use serde::Serialize;

use crate::args::{CheckQuery, Report};
use crate::commands::Outcome;
use crate::input::{Estate, Failure};
use crate::output::{json, print};
use crate::{render, sarif};

#[derive(Serialize)]
struct Finding<'a> {
    code: &'a str,
    severity: Severity,
    message: &'a str,
    help: Option<&'a str>,
    path: &'a str,
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
}

#[derive(Serialize)]
struct Result<'a> {
    day: Option<String>,
    findings: Vec<Finding<'a>>,
}

pub(crate) fn run(query: &CheckQuery) -> std::result::Result<Outcome, Failure> {
    let mut estate = Estate::open(&query.files)?;
    let mut day = query.on;
    if let Some(path) = &query.incident {
        let incident = estate.incident(Some(path))?;
        day = day.or(incident.day());
    }
    let options = CheckOptions { day, hub_threshold: query.dependents, ..CheckOptions::default() };
    let findings = estate.check(&options);
    match query.format {
        Report::Json => {
            let result =
                Result { day: day.map(|day| day.to_string()), findings: findings.iter().map(Finding::of).collect() };
            json("onus-check/1", &estate.inputs, result)?;
        }
        Report::Sarif => print(&sarif::log(&findings))?,
        Report::Text => {
            for finding in &findings {
                print(&format!("{}\n", render::text(finding)))?;
            }
            let count = findings.len();
            print(&format!("{count} finding{}", if count == 1 { "" } else { "s" }))?;
        }
    }
    let level: Severity = query.level.into();
    Ok(if findings.iter().any(|finding| finding.severity >= level) { Outcome::Findings } else { Outcome::Done })
}

impl<'a> Finding<'a> {
    fn of(diagnostic: &'a Diagnostic) -> Self {
        let location = diagnostic.location.as_ref();
        Self {
            code: diagnostic.code.as_str(),
            severity: diagnostic.severity,
            message: &diagnostic.message,
            help: diagnostic.help.as_deref(),
            path: &diagnostic.path,
            file: location.map(|location| location.source.name.as_str()),
            line: location.map(|location| location.line),
            column: location.map(|location| location.column),
        }
    }
}
