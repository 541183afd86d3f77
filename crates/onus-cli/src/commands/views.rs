//! `onus views`: what each party would conclude alone, who points at whom, and who lacked what.

use std::collections::BTreeSet;

use onus_model::Time;
use onus_rca::{By, Conclusion, Dispute, DisputeOptions, Hidden, Kind, Outcome as Answer};
use serde::Serialize;

use crate::args::{Format, ViewsQuery};
use crate::commands::Outcome;
use crate::commands::diagnose::{leader, leading_fault};
use crate::input::{Estate, Failure};
use crate::output::{bits, heading, json, percent, print};
use crate::table::{paragraph, shortened, table};

/// Columns of the matrix that fit on a screen; the others are summed up.
const COLUMNS: usize = 4;
/// Pieces of hidden evidence that text lists.
const HIDDEN: usize = 5;

#[derive(Serialize)]
struct Result<'a> {
    title: &'a str,
    as_of: Option<String>,
    by: By,
    #[serde(flatten)]
    dispute: &'a Dispute,
    hidden_evidence: &'a [Hidden],
    /// Whether the search for hidden evidence went through everything.
    hidden_evidence_complete: bool,
}

pub(crate) fn run(query: &ViewsQuery) -> std::result::Result<Outcome, Failure> {
    let mut estate = Estate::open(&query.files)?;
    let incident = estate.incident(query.incident.as_ref())?;
    let options = DisputeOptions { by: query.by.into(), as_of: query.as_of, ..DisputeOptions::default() };
    let graph = estate.graph()?;
    let dispute = Dispute::of(&estate.model, &graph, &incident, &options);
    let (hidden, complete) = Hidden::of(&estate.model, &graph, &incident, &options);
    match query.format {
        Format::Json => {
            let result = Result {
                title: incident.title(),
                as_of: query.as_of.map(|time| time.to_string()),
                by: options.by,
                dispute: &dispute,
                hidden_evidence: &hidden,
                hidden_evidence_complete: complete,
            };
            json("onus-views/1", &estate.inputs, result)?;
        }
        Format::Text => {
            let as_of = query.as_of.map(|time| format!("\nAs of {time}.")).unwrap_or_default();
            let parts = [
                format!("{}{as_of}\n\n", heading(incident.title())),
                rows(&dispute.views, Merge::Nothing),
                format!("\n{}\n", heading("Who points at whom? (share of the answer that each row's party gives)")),
                matrix(&dispute),
                format!("\n{}", pointing(&dispute)),
                telling(&dispute),
                hidden_evidence(&hidden),
                if complete { "" } else { "The search for more of it stopped at its budget.\n" }.to_owned(),
            ];
            print(&parts.concat())?;
        }
    }
    Ok(Outcome::Done)
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
        let ((fault, share), (who, _)) = (leading_fault(&conclusion.diagnosis), leader(&conclusion.attribution));
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

/// The matrix, the columns with the greatest sums first; parties with the same row share one.
fn matrix(dispute: &Dispute) -> String {
    let mut columns: Vec<usize> = (0..dispute.outcomes.len()).collect();
    let sum = |column: usize| dispute.matrix.iter().map(|row| row[column].middle()).sum::<f64>();
    columns.sort_by(|a, b| sum(*b).total_cmp(&sum(*a)).then(a.cmp(b)));
    let shown = if columns.len() <= COLUMNS + 1 { columns.len() } else { COLUMNS };
    let (columns, others) = columns.split_at(shown);
    let mut groups: Vec<(Vec<&str>, Vec<String>)> = Vec::new();
    for (party, row) in dispute.parties.iter().zip(&dispute.matrix) {
        let mut cells: Vec<String> = columns.iter().map(|column| percent(row[*column])).collect();
        if !others.is_empty() {
            let rest = others.iter().map(|column| row[*column]).reduce(onus_rca::Figure::plus);
            cells.extend(rest.map(|rest| percent(rest.at_most(1.0))));
        }
        match groups.iter_mut().find(|(_, other)| *other == cells) {
            Some((names, _)) => names.push(party),
            None => groups.push((vec![party], cells)),
        }
    }
    let rows = groups.into_iter().map(|(names, cells)| {
        let name = match names[..] {
            [only] => shortened(only, 16),
            _ => format!("{} +{}", shortened(names[0], 12), names.len() - 1),
        };
        [vec![name], cells].concat()
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let mut headings: Vec<String> = vec!["party".to_owned()];
    headings.extend(columns.iter().map(|column| shortened(answering(&dispute.outcomes[*column]), 12)));
    if !others.is_empty() {
        headings.push(format!("{} more", others.len()));
    }
    let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    table(&headings, &(1..headings.len()).collect::<Vec<_>>(), rows)
}

fn answering(outcome: &Answer) -> &str {
    if outcome.kind == Kind::Unassigned { "nobody" } else { &outcome.who }
}

/// Pairs and cycles, in words.
fn pointing(dispute: &Dispute) -> String {
    let mut text = String::new();
    for [a, b] in &dispute.mutual {
        text.push_str(&paragraph(&format!("{a} and {b} point at each other."), "", ""));
    }
    for cycle in &dispute.cycles {
        let names = cycle.join(" points at ");
        text.push_str(&paragraph(&format!("In a circle: {names} points at {}.", cycle[0]), "", ""));
    }
    if text.is_empty() { "No two parties point at each other.\n".to_owned() } else { text }
}

/// Who can tell, in words.
fn telling(dispute: &Dispute) -> String {
    let Some(leader) = dispute.views[0].points_at.as_ref().filter(|_| dispute.views[0].can_tell) else {
        return paragraph("All evidence together gives nobody more than half of the answer: nobody can tell.", "", "");
    };
    let leader = match leader.kind {
        Kind::Unassigned => "that nobody answers".to_owned(),
        Kind::Disputed => format!("that {} dispute it", leader.who.replace(" | ", " and ")),
        _ => format!("that it is {}", leader.who),
    };
    let text = if !dispute.alone.is_empty() {
        format!("All evidence together says {leader}. Alone could tell: {}.", dispute.alone.join(", "))
    } else if let Some(first) = dispute.together.first() {
        let more = dispute.together.len() - 1;
        let more = if more == 0 { String::new() } else { format!(" ({more} other sets as small)") };
        format!(
            "All evidence together says {leader}. No party could tell alone; together could: {}{more}.",
            first.parties.join(" + ")
        )
    } else {
        let tried = if dispute.together_complete { "" } else { " of those that were tried" };
        format!("All evidence together says {leader}. No party could tell alone, nor could a few together{tried}.")
    };
    paragraph(&text, "", "")
}

/// What was known to somebody and would have told others.
fn hidden_evidence(hidden: &[Hidden]) -> String {
    if hidden.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{}\n", heading("What was known to some and would have told others?"));
    for found in hidden.iter().take(HIDDEN) {
        let at = |time: Time| format!("{} {}", time.date(), time.clock());
        let who = match &found.views[..] {
            [only] => only.clone(),
            [first, rest @ ..] => format!("{first} and {} more", rest.len()),
            [] => String::new(),
        };
        let held = if found.held_by.is_empty() { "nobody in particular".to_owned() } else { found.held_by.join(", ") };
        let gain = match found.told {
            Some(told) => format!("{} earlier than as it was ({})", span(found.earlier()), at(told)),
            None => "as it was, it could not by the time asked about".to_owned(),
        };
        let line = format!(
            "{} (known {} to {held}): with it {who} could have told from {} on; {gain}.",
            found.item,
            at(found.known),
            at(found.could_tell)
        );
        text.push_str(&paragraph(&line, " ", "   "));
    }
    if hidden.len() > HIDDEN {
        text.push_str(&format!(" ({} more)\n", hidden.len() - HIDDEN));
    }
    text
}

/// A span of hours.
fn span(hours: f64) -> String {
    if hours < 48.0 { format!("{hours:.1} h") } else { format!("{:.0} days", hours / 24.0) }
}
