//! `onus propagate`: what fails from some faults; or what a system's failure can come from.

use std::collections::BTreeMap;

use onus_model::FaultIndex;
use onus_rca::{FaultGraph, PossibleOrigin, Propagation, When};
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
    by_contractor: &'a BTreeMap<String, usize>,
}

#[derive(Serialize)]
struct Reverse<'a> {
    system: &'a str,
    origins: &'a [PossibleOrigin],
}

pub(crate) fn run(query: &PropagateQuery) -> Result<Outcome, Failure> {
    let estate = Estate::open(&query.files)?;
    let graph = FaultGraph::compile(&estate.model);
    match &query.from {
        Some(system) => reverse(&estate, &graph, system, query),
        None => forward(&estate, &graph, query),
    }
}

fn forward(estate: &Estate, graph: &FaultGraph, query: &PropagateQuery) -> Result<Outcome, Failure> {
    let model = &estate.model;
    let mut faults: Vec<FaultIndex> = Vec::new();
    for id in &query.faults {
        let fault = model.topology().fault(id).ok_or_else(|| {
            let element = model.topology().system(id).map(onus_model::Element::System);
            let own = element.map(|element| model.topology().faults_of(element)).unwrap_or_default();
            let names: Vec<&str> = own.iter().map(|fault| model.faults()[fault.index()].id.as_str()).collect();
            let hint = if names.is_empty() { String::new() } else { format!("; its faults are {}", names.join(", ")) };
            Failure::Usage(format!("there is no fault `{id}`{hint}"))
        })?;
        faults.push(fault);
    }
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
    let rows = propagation.failed.iter().map(|failed| {
        let certain = if failed.certain { "" } else { "may" };
        let mut row = vec![failed.system.to_string(), certain.to_owned()];
        if timed {
            row.push(failed.after.as_ref().map(after).unwrap_or_default());
        }
        row.extend([failed.path.fault.to_string(), failed.path.through.join(" > ")]);
        row
    });
    let mut columns = vec!["system", "", "from", "by way of"];
    if timed {
        columns.insert(2, "after");
    }
    let count = propagation.failed.len();
    let mut text = heading(&format!("{count} system{} fail", if count == 1 { "" } else { "s" }));
    text.push('\n');
    text.push_str(&table(&columns, &[], rows.collect()));
    for (unit, amount) in &propagation.demand {
        text += &format!("Demand lost: {amount} {unit}.\n");
    }
    let owners: Vec<String> = by_contractor.iter().map(|(who, count)| format!("{who} {count}")).collect();
    text.push_str(&crate::table::paragraph(&format!("Failed systems by owner: {}.", owners.join(", ")), "", "  "));
    print(&text);
    Ok(Outcome::Done)
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
    print(&format!("{title}\n{}", table(&["fault", "", "answers"], &[], rows.collect())));
    Ok(Outcome::Done)
}
