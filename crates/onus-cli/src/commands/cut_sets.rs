//! `onus cutsets`: the smallest sets of faults that bring about a failure, or that explain an incident.

use onus_model::{Date, FaultId, FaultIndex, Model};
use onus_rca::{ClassCutSets, Classes, CutSet, CutSetOptions, CutSets, StopReason, Sufficient, Within};

use crate::args::{CutSetsQuery, Format};
use crate::commands::{Outcome, party, view};
use crate::input::{Estate, Failure, unknown};
use crate::output::{heading, json, number, print, probability};
use crate::table::{paragraph, table};

pub(crate) fn run(query: &CutSetsQuery) -> Result<Outcome, Failure> {
    let mut estate = Estate::read(&query.failure.model, query.failure.contracts.as_deref())?;
    let incident = query.incident.as_ref().map(|path| estate.incident(Some(path))).transpose()?;
    let systems = if incident.is_some() { Vec::new() } else { estate.failing(&query.failure.of)? };
    let model = &estate.model;
    let day = query.failure.on.or_else(|| incident.as_ref().and_then(onus_model::Incident::day));
    let graph = estate.graph()?;
    let options = CutSetOptions {
        node_budget: query.failure.node_budget,
        max_order: query.max_order.unwrap_or(u32::MAX),
        list: query.top,
        within: within(model, query.within.as_deref(), day)?,
        classes: Classes::by(&graph, |fault| party(model, fault, day)),
        ..CutSetOptions::default()
    };
    let cut_sets = match &incident {
        Some(incident) => {
            let evidence = view(model, &query.view)?.evidence(model, incident, query.as_of);
            graph.minimal_diagnoses(&evidence, &options)
        }
        None => graph.cut_sets(&systems, &options),
    };
    match query.format {
        Format::Json => json("onus-cutsets/1", &estate.inputs, &cut_sets)?,
        Format::Text => {
            let what = match &incident {
                Some(incident) => format!("Minimal diagnoses of {}", incident.title()),
                None => format!("Minimal cut sets of {}", names(&cut_sets.of)),
            };
            print(&text(&what, &cut_sets))?;
        }
    }
    Ok(Outcome::Done)
}

/// The faults that a party alone answers for.
fn within(model: &Model, who: Option<&str>, day: Option<Date>) -> Result<Within, Failure> {
    let Some(who) = who else { return Ok(Within::All) };
    let faults = (0..model.faults().len()).map(FaultIndex::new);
    let own: Vec<FaultIndex> = faults.filter(|fault| party(model, *fault, day).as_deref() == Some(who)).collect();
    if own.is_empty() && !model.contractors().iter().any(|contractor| contractor.id.as_str() == who) {
        let known = model.contractors().iter().map(|contractor| contractor.id.as_str());
        return Err(unknown("contractor", who, known));
    }
    Ok(Within::Faults(own))
}

fn names<T: ToString>(names: &[T]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" + ")
}

fn text(what: &str, cut_sets: &CutSets) -> String {
    let mut text = format!("{}\n", heading(what));
    let orders = cut_sets.by_order.iter().enumerate().filter(|(_, count)| count.to_string() != "0");
    let orders: Vec<String> = orders.map(|(at, count)| format!("{count} of order {}", at + 1)).collect();
    let plural = if cut_sets.count == "1" { "" } else { "s" };
    let orders = if orders.is_empty() { String::new() } else { format!(": {}", orders.join(", ")) };
    text.push_str(&paragraph(&format!("{} set{plural}{orders}.", cut_sets.count), "", "  "));
    if let Some(truncation) = cut_sets.truncation {
        let why = match truncation.reason {
            StopReason::Finished => "as asked",
            _ => "the budget did not suffice for more",
        };
        text += &format!("Complete up to order {}; {why}.\n", truncation.max_order);
    }
    text += &format!("Probability: {}.\n", probability(cut_sets.probability));
    if !cut_sets.best.is_empty() {
        text += &format!("\n{}\n", heading("Most probable"));
        let rows =
            cut_sets.best.iter().map(|set| vec![set.rank.to_string(), number(set.probability.lo), elements(set)]);
        text.push_str(&table(&["", "probability", "set"], &[0, 1], rows.collect()));
    }
    if !cut_sets.by_class.is_empty() {
        text += &format!("\n{}\n", heading("Sets that one party alone answers for"));
        let some = cut_sets.by_class.iter().filter(|class| class.stopped != StopReason::Finished || class.count != "0");
        let rows: Vec<Vec<String>> = some.map(of_class).collect();
        if rows.is_empty() {
            text.push_str(" None: it takes faults of several parties.\n");
        } else {
            text.push_str(&table(&["sets", "probability", "party"], &[0, 1], rows));
        }
    }
    if let Some(sufficient) = &cut_sets.sufficient {
        text.push_str(&suffice(sufficient));
    }
    text
}

fn elements(set: &CutSet) -> String {
    let faults = set.faults.iter().map(FaultId::to_string);
    let all: Vec<String> = faults.chain(set.conditions.iter().cloned()).collect();
    if all.is_empty() { "(nothing is needed)".to_owned() } else { all.join(" + ") }
}

fn of_class(class: &ClassCutSets) -> Vec<String> {
    let count = if class.stopped == StopReason::Finished { class.count.clone() } else { "?".to_owned() };
    vec![count, class.probability.map_or_else(|| "?".to_owned(), probability), class.class.clone()]
}

fn suffice(sufficient: &Sufficient) -> String {
    if sufficient.stopped != StopReason::Finished {
        return "\nThe budget did not suffice to find the smallest sets of parties.\n".to_owned();
    }
    let sets =
        sufficient.sets.iter().map(|set| if set.is_empty() { "no party".to_owned() } else { set.join(" with ") });
    let sets: Vec<String> = sets.collect();
    let sets = if sets.is_empty() { "none".to_owned() } else { sets.join("; ") };
    paragraph(&format!("\nSmallest sets of parties that suffice: {sets}."), "\n", "  ")
}
