//! `onus propagate`: what fails from some faults; or what a system's failure can come from.

use std::collections::BTreeMap;

use onus_model::FaultIndex;
use onus_rca::{FaultGraph, OwnedFailures, PossibleOrigin, Propagation, When};
use serde::Serialize;

use crate::args::{Format, PropagateQuery};
use crate::commands::{Outcome, answer};
use crate::input::{Estate, Failure};
use crate::output::{heading, json, print};
use crate::table::table;

#[derive(Serialize)]
struct Impact<'a> {
    #[serde(flatten)]
    propagation: &'a Propagation,
    by_contractor: &'a BTreeMap<String, OwnedFailures>,
}

#[derive(Serialize)]
struct Reverse<'a> {
    system: &'a str,
    origins: &'a [PossibleOrigin],
}

pub(crate) fn run(query: &PropagateQuery) -> Result<Outcome, Failure> {
    let estate = Estate::open(&query.files)?;
    let graph = estate.graph()?;
    match &query.from {
        Some(system) => reverse(&estate, &graph, system, query),
        None => forward(&estate, &graph, query),
    }
}

fn forward(estate: &Estate, graph: &FaultGraph, query: &PropagateQuery) -> Result<Outcome, Failure> {
    let model = &estate.model;
    let faults = query.faults.iter().map(|id| estate.fault(id)).collect::<Result<Vec<FaultIndex>, Failure>>()?;
    let propagation = graph.propagate(&faults);
    let by_contractor = propagation.by_contractor(model, query.on);
    if query.format == Format::Json {
        json(
            "onus-propagation/1",
            &estate.inputs,
            Impact { propagation: &propagation, by_contractor: &by_contractor },
        )?;
        return Ok(Outcome::Done);
    }
    let timed = propagation.failed.iter().any(|failed| failed.after.is_some());
    let rows = propagation.failed.iter().enumerate().map(|(place, failed)| {
        let certain = if failed.certain { "" } else { "may" };
        let mut row = vec![failed.system.to_string(), certain.to_owned()];
        if timed {
            row.push(failed.after.as_ref().map(after).unwrap_or_default());
        }
        row.extend([failed.fault.to_string(), way(&propagation, place)]);
        row
    });
    let mut columns = vec!["system", "", "from", "by way of"];
    if timed {
        columns.insert(2, "after");
    }
    let certain = propagation.certain();
    let possible = propagation.failed.len() - certain;
    let mut title = format!("{certain} system{} fail", if certain == 1 { "" } else { "s" });
    if possible > 0 {
        title += &format!(", {possible} more may");
    }
    let mut text = heading(&title);
    text.push('\n');
    text.push_str(&table(&columns, &[], rows.collect()));
    for (what, demand) in [("lost", &propagation.demand), ("at risk besides", &propagation.demand_at_risk)] {
        for (unit, amount) in demand {
            text += &format!("Demand {what}: {amount} {unit}.\n");
        }
    }
    let owners: Vec<String> = by_contractor.iter().map(|(who, counts)| owned(who, *counts)).collect();
    text.push_str(&crate::table::paragraph(&format!("Failed systems by owner: {}.", owners.join(", ")), "", "  "));
    print(&text)?;
    Ok(Outcome::Done)
}

/// How many systems of an owner fail, in words.
fn owned(who: &str, counts: OwnedFailures) -> String {
    match counts {
        OwnedFailures { certain, possible: 0 } => format!("{who} {certain}"),
        OwnedFailures { certain, possible } => format!("{who} {certain} (and {possible} may)"),
    }
}

/// Elements of a way that are printed.
const PRINTED: usize = 12;

/// A way on one line; of a long one, its end.
fn way(propagation: &Propagation, place: usize) -> String {
    let mut back = propagation.way_back(place);
    let mut elements: Vec<&str> = back.by_ref().take(PRINTED).collect();
    if back.next().is_some() {
        elements.push("…");
    }
    elements.reverse();
    elements.join(" > ")
}

/// How long it takes until something fails, in words.
fn after(when: &When) -> String {
    if when.earliest == when.latest {
        when.earliest.to_string()
    } else {
        format!("{} to {}", when.earliest, when.latest)
    }
}

fn reverse(estate: &Estate, graph: &FaultGraph, system: &str, query: &PropagateQuery) -> Result<Outcome, Failure> {
    let model = &estate.model;
    let index = estate.system(system)?;
    let origins = graph.possible_origins(index);
    if query.format == Format::Json {
        json("onus-origins/1", &estate.inputs, Reverse { system, origins: &origins })?;
        return Ok(Outcome::Done);
    }
    let rows = origins.iter().map(|origin| {
        let alone = if origin.alone { "alone" } else { "with others" };
        vec![origin.fault.to_string(), alone.to_owned(), answer(model, origin.index, query.on)]
    });
    let title = heading(&format!("{system} can fail from"));
    print(&format!("{title}\n{}", table(&["fault", "", "answers"], &[], rows.collect())))?;
    Ok(Outcome::Done)
}
