//! `onus handoffs`: how many contractors are engaged until the one that answers is reached.

use onus_rca::{HandOffs, Journey, hand_offs};
use serde::Serialize;

use crate::args::{Format, HandOffsQuery};
use crate::commands::{Outcome, no_answer, view};
use crate::input::{Estate, Failure};
use crate::output::{heading, json, number, percent, print};
use crate::table::{paragraph, table};

#[derive(Serialize)]
struct Result<'a> {
    title: &'a str,
    as_of: Option<String>,
    #[serde(flatten)]
    hand_offs: &'a HandOffs,
}

pub(crate) fn run(query: &HandOffsQuery) -> std::result::Result<Outcome, Failure> {
    let mut estate = Estate::open(&query.files)?;
    let incident = estate.incident(query.incident.as_ref())?;
    let model = &estate.model;
    let view = view(model, &query.view)?;
    let graph = estate.graph()?;
    let found = hand_offs(model, &graph, &incident, view, query.as_of, &query.options());
    match query.format {
        Format::Json => {
            let as_of = query.as_of.map(|time| time.to_string());
            json("onus-handoffs/1", &estate.inputs, Result { title: incident.title(), as_of, hand_offs: &found })?;
        }
        Format::Text => {
            let as_of = query.as_of.map(|time| format!(", as of {time}")).unwrap_or_default();
            let head =
                format!("{}\nThe desk begins with what {} knows{as_of}.\n", heading(incident.title()), found.view);
            print(&(head + &text(&found)))?;
        }
    }
    Ok(Outcome::Done)
}

fn text(found: &HandOffs) -> String {
    if found.policies.is_empty() {
        let nothing = "The desk has seen no failure, so it engages nobody.";
        return no_answer(found.ground, nothing, "all parties together know");
    }
    let mut text = String::new();
    let origin: Vec<String> =
        found.origin.iter().take(3).map(|origin| format!("{} {}", origin.outcome, percent(origin.share))).collect();
    text.push_str(&paragraph(&format!("What is behind it, by all evidence by then: {}.", origin.join(", ")), "", ""));
    text += &format!("\n{}\n", heading("Expected until it is over"));
    let rows = found.policies.iter().map(|journey| {
        let rounded = |value: f64| format!("{value:.2}");
        vec![
            journey.policy.clone(),
            rounded(journey.contractors.lo),
            rounded(journey.hours.lo),
            percent(journey.in_vain),
        ]
    });
    text.push_str(&table(&["policy", "contractors", "hours", "in vain"], &[1, 2, 3], rows.collect()));
    text += &format!("\n{}\n", heading("In which order, and how probably it is over with each"));
    for journey in &found.policies {
        text.push_str(&paragraph(&order(journey), " ", "   "));
    }
    let mut notes =
        "Exact. Each contractor settles for certain whether the origin answers to it, shows what it knows, \
                     and is engaged after the one before. Nobody and no fault: everybody plausible is engaged in vain."
            .to_owned();
    if !found.assumed_for.is_empty() {
        notes += &format!(
            " {} h are assumed for {} that no contract binds to a time.",
            number(found.hours_assumed),
            if found.assumed_for.len() == 1 {
                "one contractor".to_owned()
            } else {
                format!("{} contractors", found.assumed_for.len())
            }
        );
    }
    text.push('\n');
    text.push_str(&paragraph(&notes, "", ""));
    text
}

/// The contractors in order; those after which it is hardly over are counted.
fn order(journey: &Journey) -> String {
    let mut parts: Vec<String> = Vec::new();
    for step in journey.steps.iter().take(6) {
        parts.push(format!("{} ({})", step.contractor, percent(step.over)));
    }
    let more = journey.steps.len().saturating_sub(parts.len());
    let rest = if more > 0 { format!(", then {more} more") } else { String::new() };
    let listed = if parts.is_empty() { "nobody is plausible".to_owned() } else { parts.join(", ") };
    format!("{}: {listed}{rest}.", journey.policy)
}
