//! `onus doubt`: how much is in doubt, and why: the split, nobody looking, or what no monitor could tell.

use onus_rca::{DoubtOptions, DoubtReport, DoubtSource, DoubtVerdict, Terms, Unwatched, ViewDoubt};
use serde::Serialize;

use crate::args::{DoubtQuery, Format};
use crate::commands::{Outcome, view};
use crate::input::{Estate, Failure};
use crate::output::{bits, heading, json, percent, print};
use crate::table::{paragraph, shortened, table};

/// Systems named in the verdict.
const NAMED: usize = 2;

#[derive(Serialize)]
struct Result<'a> {
    title: &'a str,
    as_of: Option<String>,
    #[serde(flatten)]
    report: &'a DoubtReport,
    /// The verdict as a sentence.
    sentence: String,
}

pub(crate) fn run(query: &DoubtQuery) -> std::result::Result<Outcome, Failure> {
    let mut estate = Estate::open(&query.files)?;
    let incident = estate.incident(query.incident.as_ref())?;
    let model = &estate.model;
    let about = query.view.as_deref().map(|name| view(model, name)).transpose()?;
    let graph = estate.graph()?;
    let options = DoubtOptions { by: query.by.into(), as_of: query.as_of, view: about, ..DoubtOptions::default() };
    let report = DoubtReport::of(model, &graph, &incident, &options);
    match query.format {
        Format::Json => {
            let as_of = query.as_of.map(|time| time.to_string());
            let sentence = sentence(&report);
            json("onus-doubt/1", &estate.inputs, Result { title: incident.title(), as_of, report: &report, sentence })?;
        }
        Format::Text => {
            let as_of = query.as_of.map(|time| format!("\nAs of {time}.")).unwrap_or_default();
            let parts = [
                heading(incident.title()),
                as_of,
                format!("\n\n{}\n", heading("Doubt about who answers, in bits")),
                rows(&report.views, "names", |view| (view.contractor, leader(view))),
                format!("\n{}\n", heading("Doubt about which fault it was, in bits")),
                rows(&report.views, "", |view| (view.fault, String::new())),
                format!("\n{}", paragraph(&sentence(&report), "", "")),
                notes(&report),
            ];
            print(&parts.concat())?;
        }
    }
    Ok(Outcome::Done)
}

/// One row for each view, or one for all that have the same terms and leader.
fn rows(views: &[ViewDoubt], last: &str, of: impl Fn(&ViewDoubt) -> (Terms, String)) -> String {
    let mut groups: Vec<(Vec<&str>, Vec<String>)> = Vec::new();
    for view in views {
        let (Terms { doubt, split, unmonitored, inherent, misplaced }, named) = of(view);
        let mut cells: Vec<String> = [doubt, split, unmonitored, inherent].map(bits).into();
        cells.push(percent(misplaced));
        if !view.saw_failure {
            cells = vec!["saw none".to_owned(), String::new(), String::new(), String::new(), String::new()];
        }
        cells.push(named);
        // Pooled is what the others are measured against and stands alone.
        match groups.iter_mut().skip(1).find(|(_, other)| *other == cells) {
            Some((names, _)) => names.push(&view.view),
            None => groups.push((vec![&view.view], cells)),
        }
    }
    let rows = groups.into_iter().map(|(names, cells)| {
        let name = match names[..] {
            [only] => shortened(only, 16),
            _ => format!("{} +{}", shortened(names[0], 12), names.len() - 1),
        };
        [vec![name], cells].concat()
    });
    table(&["view", "doubt", "split", "unmon.", "inher.", "mispl.", last], &[1, 2, 3, 4, 5], rows.collect())
}

fn leader(view: &ViewDoubt) -> String {
    let Some((outcome, share)) = &view.leader else { return String::new() };
    format!("{} {}", shortened(name(&outcome.who), 14), percent(*share))
}

fn name(who: &str) -> &str {
    if who == "unassigned" { "nobody" } else { who }
}

/// The verdict in one sentence or two.
pub(crate) fn sentence(report: &DoubtReport) -> String {
    let DoubtVerdict { view, finding, contractor, leaders, split_plays_a_part } = &report.verdict;
    let Terms { doubt, split, unmonitored, inherent, misplaced } = *contractor;
    let [own, pooled] = leaders.each_ref().map(|leader| leader.as_ref().map_or("no one alone", |who| name(&who.who)));
    let all = bits(doubt.minus(split));
    let plays = if *split_plays_a_part { "" } else { " The split plays no part." };
    match finding {
        DoubtSource::NothingSeen => format!("{view} knew of no failure: there is nothing for it to be in doubt about."),
        DoubtSource::Unexplained => {
            format!("The model cannot explain what {view}, or all together, knew; `onus diagnose` says what.")
        }
        DoubtSource::OneOwner => {
            format!("One owner, {pooled}, answers for every fault there is: the split plays no part.")
        }
        DoubtSource::Agreed => {
            format!("Every view that saw a failure names {pooled}, all but surely: the split plays no part.")
        }
        DoubtSource::Certain => {
            format!(
                "{view} names {own}, all but surely ({} bits of doubt), as all evidence together does.{plays}",
                bits(doubt)
            )
        }
        DoubtSource::TooSure => format!(
            "{view} is surer than the evidence: {} bits of doubt about who answers, and it names {own}; all evidence \
             together leaves {all} bits and names {pooled}. Because of what it was not told, {} of the answer is misplaced.",
            bits(doubt),
            percent(misplaced)
        ),
        DoubtSource::Split | DoubtSource::Unmonitored | DoubtSource::Inherent => {
            let differ = if own == pooled {
                String::new()
            } else {
                format!(" {view} names {own}; all evidence together names {pooled}.")
            };
            format!(
                "Of the {} bits in doubt for {view} about who answers, {} come from the split (seen, not shared), {} from \
                 nobody watching{}, and {} no monitor could remove.{differ}{plays}",
                bits(doubt),
                bits(split),
                bits(unmonitored),
                watched(&report.unwatched),
                bits(inherent)
            )
        }
    }
}

/// The systems whose state would have told most about who answers.
fn watched(unwatched: &[Unwatched]) -> String {
    let named = unwatched.iter().filter(|worth| worth.contractor_bits.middle() > 0.005).take(NAMED);
    let names: Vec<String> =
        named.map(|worth| format!("{} {}", shortened(&worth.system, 24), bits(worth.contractor_bits))).collect();
    if names.is_empty() { String::new() } else { format!(" (best single look: {})", names.join(", then ")) }
}

/// What needs saying about the figures.
fn notes(report: &DoubtReport) -> String {
    let mut text = String::new();
    let negative = |view: &ViewDoubt| view.saw_failure && view.contractor.split.hi < -0.005;
    if report.views.iter().any(negative) {
        let note = "A negative split: what the view knows makes it surer than everything that was seen does; it may \
                    be surer of the wrong one.";
        text.push_str(&format!("\n{}", paragraph(note, "", "")));
    }
    let inherent =
        report.verdict.contractor.inherent.middle() > 0.005 || report.views[0].fault.inherent.middle() > 0.005;
    if inherent && !report.together.is_empty() {
        let together: Vec<&str> = report.together.iter().map(onus_model::FaultId::as_str).collect();
        let note = format!(
            "Most probably {} act together: that they share the failure is part of what no monitor could remove.",
            together.join(" and ")
        );
        text.push_str(&format!("\n{}", paragraph(&note, "", "")));
    }
    if report.views.iter().any(|view| !view.saw_failure) {
        let note = "saw none: the view knew of no failure, so it has no doubt to take apart.";
        text.push_str(&format!("\n{}", paragraph(note, "", "")));
    }
    text
}
