//! `onus explain`: what a code means.

use onus_model::Code;
use serde::Serialize;

use crate::args::{ExplainQuery, Format};
use crate::commands::Outcome;
use crate::input::Failure;
use crate::output::{json, print};
use crate::table::table;

#[derive(Serialize)]
struct Entry {
    code: Code,
    severity: onus_model::Severity,
    title: &'static str,
    explanation: &'static str,
}

#[derive(Serialize)]
struct Entries {
    codes: Vec<Entry>,
}

pub(crate) fn run(query: &ExplainQuery) -> Result<Outcome, Failure> {
    let codes: Vec<Code> = match &query.code {
        Some(code) => vec![code.parse().map_err(|error: onus_model::UnknownCode| Failure::Usage(error.to_string()))?],
        None => Code::ALL.to_vec(),
    };
    match (query.format, codes.as_slice()) {
        (Format::Json, _) => {
            let entry = |code: Code| Entry {
                code,
                severity: code.severity(),
                title: code.title(),
                explanation: code.explanation(),
            };
            json("onus-codes/1", &[], Entries { codes: codes.into_iter().map(entry).collect() })?;
        }
        (Format::Text, [code]) => print(code.explanation())?,
        (Format::Text, codes) => {
            let rows = codes.iter().map(|code| vec![code.to_string(), code.title().to_owned()]);
            print(&table(&["code", "what it means"], &[], rows.collect()))?;
        }
    }
    Ok(Outcome::Done)
}
