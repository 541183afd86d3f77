//! Findings as SARIF 2.1.0 (OASIS), for code review tools.

use onus_model::{Code, Diagnostic, Severity};
use serde_json::{Value, json};

/// A log with one run.
pub(crate) fn log(findings: &[Diagnostic]) -> String {
    let mut codes: Vec<Code> = findings.iter().map(|finding| finding.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let rules: Vec<Value> = codes
        .iter()
        .map(|code| {
            json!({
                "id": code.as_str(),
                "shortDescription": { "text": code.title() },
                "fullDescription": { "text": code.explanation() },
                "defaultConfiguration": { "level": level(code.severity()) },
            })
        })
        .collect();
    let results: Vec<Value> = findings.iter().map(|finding| result(finding, &codes)).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "onus", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}")
}

fn result(finding: &Diagnostic, codes: &[Code]) -> Value {
    let text = match &finding.help {
        Some(help) => format!("{}; {help}", finding.message),
        None => finding.message.clone(),
    };
    let logical = json!([{ "fullyQualifiedName": finding.path }]);
    let location = match &finding.location {
        None => json!({ "logicalLocations": logical }),
        Some(location) => json!({
            "physicalLocation": {
                "artifactLocation": { "uri": location.source.name },
                "region": { "startLine": location.line, "startColumn": location.column },
            },
            "logicalLocations": logical,
        }),
    };
    json!({
        "ruleId": finding.code.as_str(),
        "ruleIndex": codes.binary_search(&finding.code).unwrap_or_default(),
        "level": level(finding.severity),
        "message": { "text": text },
        "locations": [location],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}
