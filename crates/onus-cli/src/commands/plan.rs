//! `onus advise --budget`: which clauses, monitors, integrators and mergers would remove the most doubt from an estate.

use onus_rca::{EstateMeasure, FaultDictionary, Plan, PlanEnd, PlanOptions};
use serde::Serialize;

use crate::args::{AdviseQuery, Format};
use crate::commands::Outcome;
use crate::input::{Estate, Failure};
use crate::output::{bits, heading, json, number, print};
use crate::table::{paragraph, shortened, table};

#[derive(Serialize)]
struct Result<'a> {
    title: &'a str,
    #[serde(flatten)]
    plan: &'a Plan,
}

pub(crate) fn run(query: &AdviseQuery, budget: f64) -> std::result::Result<Outcome, Failure> {
    let estate = Estate::open(&query.files)?;
    let options = query.count.options().for_many();
    let dictionary = FaultDictionary::of(&estate.graph()?, &options);
    let asked = PlanOptions { budget, costs: query.costs(), ..PlanOptions::default() };
    let plan = Plan::of(&estate.model, &dictionary, &options, &asked);
    let title = estate.model.title();
    match query.format {
        Format::Json => json("onus-plan/1", &estate.inputs, Result { title, plan: &plan })?,
        Format::Text => print(&text(title, &plan, query.top))?,
    }
    Ok(Outcome::Done)
}

fn text(title: &str, plan: &Plan, top: usize) -> String {
    let terms = plan.contractor;
    let now = format!(
        "Doubt about who answers, as {} sees it, in expectation over incidents: {} bits; {} from the split, {} from nobody \
         watching, {} no monitor could remove.",
        plan.headline,
        bits(terms.doubt),
        bits(terms.split),
        bits(terms.unmonitored),
        bits(terms.inherent)
    );
    let mut text = format!("{}\n{}", heading(title), paragraph(&now, "", ""));
    text += &format!("\n{}\n", heading(&format!("A plan for {}", number(plan.budget))));
    if plan.plan.is_empty() {
        text.push_str(match plan.ended {
            PlanEnd::NothingHelps => " Nothing that was tried lowers doubt about who answers.\n",
            PlanEnd::Budget => " Nothing that lowers doubt costs so little.\n",
        });
    } else {
        text.push_str(&measures(&plan.plan));
        let rest = match plan.ended {
            PlanEnd::NothingHelps => "Nothing else that was tried would lower it further.",
            PlanEnd::Budget => "What else would lower it costs more than is left.",
        };
        text.push_str(&paragraph(rest, "", ""));
    }
    if !plan.ranked.is_empty() {
        text += &format!("\n{}\n", heading("Each measure by itself"));
        text.push_str(&measures(&plan.ranked[..plan.ranked.len().min(top)]));
        if plan.ranked.len() > top {
            text += &format!(" ({} more)\n", plan.ranked.len() - top);
        }
    }
    let costs = plan.costs;
    let note = format!(
        "Assumed costs: share {}, monitor {}, integrator {}, merge {} (--costs). Guarantee: {}.",
        number(costs.share),
        number(costs.monitor),
        number(costs.integrator),
        number(costs.merge),
        plan.guarantee
    );
    text + "\n" + &paragraph(&note, "", "")
}

fn measures(measures: &[EstateMeasure]) -> String {
    let rows = measures.iter().map(|measure| {
        vec![
            shortened(&measure.what, 40),
            number(measure.cost),
            bits(measure.drop),
            bits(measure.contractor.doubt),
            shortened(&measure.headline, 14),
        ]
    });
    table(&["measure", "cost", "drop", "doubt", "best view"], &[1, 2, 3], rows.collect())
}
