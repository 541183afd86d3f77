//! `onus importance`: how much each fault matters for a failure.

use onus_rca::{FaultImportance, Importance, ImportanceOptions, StopReason, Worth};

use crate::args::{Format, ImportanceQuery};
use crate::commands::Outcome;
use crate::input::{Estate, Failure};
use crate::output::{heading, json, number, print, probability};
use crate::table::{shortened, table};

pub(crate) fn run(query: &ImportanceQuery) -> Result<Outcome, Failure> {
    let mut estate = Estate::read(&query.failure.model, query.failure.contracts.as_deref())?;
    let systems = estate.failing(&query.failure.of)?;
    let options = ImportanceOptions {
        node_budget: query.failure.node_budget,
        sort_by: query.sort_by.into(),
        ..ImportanceOptions::default()
    };
    let importance = estate.graph()?.importance(&systems, &options);
    match query.format {
        Format::Json => json("onus-importance/1", &estate.inputs, &importance)?,
        Format::Text => print(&text(&importance, query.top))?,
    }
    Ok(Outcome::Done)
}

fn text(importance: &Importance, top: usize) -> String {
    let of: Vec<&str> = importance.of.iter().map(onus_model::SystemId::as_str).collect();
    let mut text = format!("{}\n", heading(&format!("What matters for {}", of.join(" + "))));
    text += &format!("Probability: {}.\n", probability(importance.probability));
    if importance.stopped == StopReason::NodeBudget {
        text.push_str(if importance.faults.is_empty() {
            "The node budget did not suffice; --node-budget raises it.\n"
        } else {
            "Fussell-Vesely would have taken too long for some faults: it is between the two figures given.\n"
        });
    }
    let rows = importance.faults.iter().take(top).map(row).collect();
    let headings = ["", "fault", "p", "Birnbaum", "critical", "F-V", "RAW", "RRW"];
    text.push('\n');
    text.push_str(&table(&headings, &[0, 2, 3, 4, 5, 6, 7], rows));
    let more = importance.faults.len().saturating_sub(top);
    if more > 0 {
        text += &format!(" ({more} more)\n");
    }
    text
}

fn row(fault: &FaultImportance) -> Vec<String> {
    let measure = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), number);
    let worth = |value: Option<Worth>| measure(value.map(Worth::get));
    vec![
        fault.rank.to_string(),
        shortened(fault.id.as_str(), 20),
        number(fault.probability.lo),
        number(fault.birnbaum),
        measure(fault.criticality),
        fault.fussell_vesely_bounds.map_or_else(
            || measure(fault.fussell_vesely),
            |bounds| format!("{} - {}", number(bounds.lo), number(bounds.hi)),
        ),
        worth(fault.risk_achievement_worth),
        worth(fault.risk_reduction_worth),
    ]
}
