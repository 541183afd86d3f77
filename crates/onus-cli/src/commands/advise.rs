//! `onus advise`: what to ask next about an incident; with a budget, what to change in an estate ([`plan`]).

use onus_rca::{Advice, Advised, Answer, Ask, Basis, Demand, Ground, Leader, Reply, StopReason, advise};
use serde::Serialize;

use crate::args::{AdviseQuery, Format};
use crate::commands::{Outcome, no_answer, plan, view};
use crate::input::{Estate, Failure};
use crate::output::{bits, heading, json, number, percent, print};
use crate::table::paragraph;

#[derive(Serialize)]
struct Result<'a> {
    title: &'a str,
    as_of: Option<String>,
    #[serde(flatten)]
    advice: &'a Advice,
}

pub(crate) fn run(query: &AdviseQuery) -> std::result::Result<Outcome, Failure> {
    if let Some(budget) = query.budget {
        return plan::run(query, budget);
    }
    let mut estate = Estate::open(&query.files)?;
    let incident = estate.incident(query.incident.as_ref())?;
    let model = &estate.model;
    let view = view(model, &query.view)?;
    let graph = estate.graph()?;
    let advice = advise(model, &graph, &incident, view, query.as_of, &query.options());
    match query.format {
        Format::Json => {
            let as_of = query.as_of.map(|time| time.to_string());
            json("onus-advise/1", &estate.inputs, Result { title: incident.title(), as_of, advice: &advice })?;
        }
        Format::Text => {
            let as_of = query.as_of.map(|time| format!(", as of {time}")).unwrap_or_default();
            let head = format!("{}\nView {}{as_of}.\n", heading(incident.title()), advice.view);
            print(&(head + &text(&advice, query.top)))?;
        }
    }
    Ok(Outcome::Done)
}

fn text(advice: &Advice, top: usize) -> String {
    let line = |text: &str| paragraph(text, "", "");
    let out_of_budget = advice.stopped == StopReason::NodeBudget && advice.questions.is_empty();
    if advice.ground != Ground::Failure || out_of_budget {
        let nothing = "This view has seen no failure, so there is nothing to ask about.";
        return no_answer(advice.ground, nothing, "this view knows");
    }
    let now = format!(
        "Doubt now: {} bits about who answers, {} about the fault. {}.",
        bits(advice.doubt.contractor_bits),
        bits(advice.doubt.fault_bits),
        leads(advice.leader.as_ref(), "leads"),
    );
    let mut text = line(&now);
    if advice.questions.is_empty() {
        text.push_str(&line("No look, test or telemetry of this model would tell anything more."));
    } else {
        text += &format!("\n{}\n", heading("What to ask next"));
    }
    for (at, question) in advice.questions.iter().take(top).enumerate() {
        text.push_str(&entry(at + 1, question));
    }
    let more = advice.questions.len().saturating_sub(top);
    let mut rest: Vec<String> = Vec::new();
    if more > 0 {
        rest.push(format!("{more} more would tell something"));
    }
    if advice.tell_nothing > 0 {
        rest.push(format!("{} would tell nothing", advice.tell_nothing));
    }
    if advice.left_out > 0 {
        rest.push(format!("{} were left out: the budget was used up", advice.left_out));
    }
    if !rest.is_empty() {
        text.push('\n');
        text.push_str(&paragraph(&format!("Of other questions, {}.", rest.join("; ")), "", ""));
    }
    text
}

fn entry(place: usize, question: &Advised) -> String {
    let number_of = |place: usize| format!("{place:>2}. ");
    let mut text = paragraph(&asked(&question.ask), &number_of(place), "    ");
    let assumed = if question.hours_assumed { ", assumed" } else { "" };
    let drop = question.expected_drop;
    let at_least = if drop.contractor_bits.lo < drop.contractor_bits.hi { "at least " } else { "" };
    let worth = format!(
        "Settles {at_least}{:.2} bits of who answers, {:.2} of the fault; in {} h{assumed}: {:.3} bits per hour.",
        drop.contractor_bits.lo,
        drop.fault_bits.lo,
        number(question.hours),
        question.per_hour.contractor_bits.lo,
    );
    text.push_str(&paragraph(&worth, "    ", "    "));
    text.push_str(&paragraph(&demanded(question.demand.as_ref()), "    ", "    "));
    for answer in question.answers.iter().take(3) {
        let then = format!(
            "{}: {}; {}",
            percent(answer.probability),
            said(answer),
            leads(answer.leader.as_ref(), "then leads")
        );
        text.push_str(&paragraph(&then, "      ", "        "));
    }
    if question.answers.len() > 3 {
        let others: f64 = question.answers.iter().skip(3).map(|answer| answer.probability.lo).sum();
        let others = percent(onus_rca::Figure::exact(others.min(1.0)));
        text += &format!("      {others}: {} other answers\n", question.answers.len() - 3);
    }
    text
}

fn asked(ask: &Ask) -> String {
    match ask {
        Ask::Observe { system, via: Some(monitor) } => format!("Look at {system} through {monitor}."),
        Ask::Observe { system, via: None } => format!("Look at {system} (no monitor watches it; taken as certain)."),
        Ask::Test { fault, reliability } => {
            format!("Test for {fault} (reliability {}, assumed).", percent(onus_rca::Figure::exact(*reliability)))
        }
        Ask::Telemetry { contractor, readings, jointly, holds } => {
            let mut of: Vec<String> = Vec::new();
            for together in readings.chunk_by(|a, b| a.via == b.via).take(3) {
                let names: Vec<&str> = together.iter().take(4).map(|reading| reading.of.as_str()).collect();
                let via = together[0].via.as_ref().map(|monitor| format!(" by {monitor}")).unwrap_or_default();
                let dots = if together.len() > names.len() { ", …" } else { "" };
                of.push(format!("{}{dots}{via}", names.join(", ")));
            }
            let all = readings.len();
            let taken =
                if *jointly < all { format!(" ({jointly} of {all} readings taken jointly)") } else { String::new() };
            let ids: Vec<&str> = holds.iter().map(onus_model::EvidenceId::as_str).collect();
            let has = if ids.is_empty() {
                " The incident records none that is not known.".to_owned()
            } else {
                format!(" The incident records: {}.", ids.join(", "))
            };
            format!("Have {contractor} show what it recorded: {}{taken}.{has}", of.join("; "))
        }
    }
}

fn demanded(demand: Option<&Demand>) -> String {
    let Some(Demand { contract, duty, basis, holders, .. }) = demand else {
        return "No contract lets this view demand it.".to_owned();
    };
    let holders: Vec<&str> = holders.iter().map(onus_model::ContractorId::as_str).collect();
    let who = holders.join(" + ");
    match basis {
        Basis::OwnDuty => format!("Its own duty to {duty}, under {contract}."),
        Basis::ReportsTo => format!("{who} must report it: duty to {duty}, under {contract}."),
        Basis::Buyer => format!("{who} owes it to its buyer: duty to {duty}, under {contract}."),
        Basis::ParentContract => format!("{who} owes it up the chain: duty to {duty}, under {contract}."),
        Basis::Pooled => format!("{who} could say: duty to {duty}, under {contract}."),
    }
}

/// What an answer says: where it is about many systems, those that do not work.
fn said(answer: &Answer) -> String {
    let word = |reply: Reply| match reply {
        Reply::Failed => "failed",
        Reply::Working => "working",
        Reply::Silent => "no report",
        Reply::Present => "there",
        Reply::Absent => "not there",
    };
    if let [only] = answer.says.as_slice() {
        return word(only.what).to_owned();
    }
    let mut parts: Vec<String> = Vec::new();
    for reply in [Reply::Failed, Reply::Present, Reply::Absent, Reply::Silent] {
        let of: Vec<&str> = answer.says.iter().filter(|said| said.what == reply).map(|said| said.of.as_str()).collect();
        if !of.is_empty() {
            parts.push(format!("{} {}", of.join(" + "), word(reply)));
        }
    }
    let working = answer.says.iter().filter(|said| said.what == Reply::Working).count();
    match working {
        0 => {}
        all if all == answer.says.len() => parts.push("all working".to_owned()),
        _ => parts.push("the rest working".to_owned()),
    }
    parts.join(", ")
}

fn leads(leader: Option<&Leader>, verb: &str) -> String {
    match leader {
        Some(leader) => format!("{} {verb} with {}", leader.outcome, percent(leader.share)),
        None => "several lead equally".to_owned(),
    }
}
