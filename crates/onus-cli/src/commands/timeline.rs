//! `onus timeline`: how the belief moved as evidence came to be known.

use onus_rca::{DiagnoseOptions, Moment, timeline};
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::args::{Chart, TimelineQuery};
use crate::commands::diagnose::{leader, leading_fault};
use crate::commands::{Outcome, view};
use crate::input::{Estate, Failure};
use crate::output::{bits, heading, json, print};
use crate::svg;
use crate::table::{paragraph, shortened};

#[derive(Serialize)]
struct Result<'a> {
    title: &'a str,
    view: String,
    by: onus_rca::By,
    moments: &'a [Moment],
}

pub(crate) fn run(query: &TimelineQuery) -> std::result::Result<Outcome, Failure> {
    let mut estate = Estate::open(&query.files)?;
    let incident = estate.incident(query.incident.as_ref())?;
    let model = &estate.model;
    let view = view(model, &query.view)?;
    let graph = estate.graph()?;
    let by = query.by.into();
    let moments = timeline(model, &graph, &incident, view, by, &DiagnoseOptions::default());
    match query.format {
        Chart::Json => {
            let result = Result { title: incident.title(), view: view.name(model), by, moments: &moments };
            json("onus-timeline/1", &estate.inputs, result)?;
        }
        Chart::Svg => print(&svg::timeline(incident.title(), &view.name(model), &moments))?,
        Chart::Text => {
            let title = heading(incident.title());
            let name = view.name(model);
            print(&format!(
                "{title}\nView {name}.\n\n{}",
                rows(&moments, if query.all { Rows::All } else { Rows::Changes })
            ))?;
        }
    }
    Ok(Outcome::Done)
}

/// Which moments are worth a row.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    /// Every one, with what was learned.
    All,
    /// Those at which the belief changed, or a cause was announced, with what was learned.
    Changes,
    /// Those at which another fault or another contractor came to lead, alone.
    Turns,
}

/// One row for each moment that is worth one.
pub(crate) fn rows(moments: &[Moment], which: Rows) -> String {
    let mut text = line(["known", "leading origin", "share", "answers", "share", "bits"].map(str::to_owned));
    let mut led = None;
    for moment in moments {
        let ((fault, share), (who, part)) = (leading_fault(&moment.diagnosis), leader(&moment.attribution));
        let turned = led.replace((fault.clone(), who.clone())) != Some((fault.clone(), who.clone()));
        let shown = match which {
            Rows::All => true,
            Rows::Changes => moment.changed || !moment.announced.is_empty(),
            Rows::Turns => turned,
        };
        if !shown {
            continue;
        }
        let time = format!("{} {}", moment.time.date(), moment.time.clock());
        text.push_str(&line([time, fault, share, who, part, bits(moment.doubt.contractor_bits)]));
        if which != Rows::Turns {
            let learned: Vec<&str> = moment.learned.iter().map(onus_model::EvidenceId::as_str).collect();
            if !learned.is_empty() {
                text.push_str(&paragraph(&learned.join(", "), "                    + ", "                      "));
            }
        }
    }
    text
}

/// One row in fixed columns: what does not fit is cut off, so that the eye can run down them.
fn line(cells: [String; 6]) -> String {
    let [time, fault, share, who, part, bits] = cells;
    let pad = |text: &str, columns: usize| {
        let text = shortened(text, columns);
        let spaces = columns.saturating_sub(text.width());
        text + &" ".repeat(spaces)
    };
    let row = format!(" {}  {}  {share:>7}  {}  {part:>7}  {bits:>4}", pad(&time, 16), pad(&fault, 21), pad(&who, 14));
    row.trim_end().to_owned() + "\n"
}
