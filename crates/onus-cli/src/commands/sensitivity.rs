//! `onus sensitivity`: whether who leads depends on assumed priors.

use onus_rca::{Assumed, Figure, Sensitivity, Stand, Survival, sensitivity};
use serde::Serialize;

use crate::args::{Format, SensitivityQuery};
use crate::commands::{Outcome, no_answer, view};
use crate::input::{Estate, Failure};
use crate::output::{heading, json, number, percent, print, probability};
use crate::table::{paragraph, shortened, table};

#[derive(Serialize)]
struct Result<'a> {
    title: &'a str,
    view: String,
    as_of: Option<String>,
    by: onus_rca::By,
    #[serde(flatten)]
    sensitivity: &'a Sensitivity,
}

pub(crate) fn run(query: &SensitivityQuery) -> std::result::Result<Outcome, Failure> {
    let mut estate = Estate::open(&query.files)?;
    let incident = estate.incident(query.incident.as_ref())?;
    let model = &estate.model;
    let view = view(model, &query.view)?;
    let graph = estate.graph()?;
    let found = sensitivity(model, &graph, &incident, view, query.as_of, &query.options());
    let name = view.name(model);
    match query.format {
        Format::Json => {
            let result = Result {
                title: incident.title(),
                view: name,
                as_of: query.as_of.map(|time| time.to_string()),
                by: query.by.into(),
                sensitivity: &found,
            };
            json("onus-sensitivity/1", &estate.inputs, result)?;
        }
        Format::Text => {
            let as_of = query.as_of.map(|time| format!(", as of {time}")).unwrap_or_default();
            let head = format!("{}\nView {name}{as_of}.\n", heading(incident.title()));
            print(&(head + &text(&found, query.top)))?;
        }
    }
    Ok(Outcome::Done)
}

fn text(found: &Sensitivity, top: usize) -> String {
    let (Some(contractor), Some(fault)) = (&found.contractor, &found.fault) else {
        return no_answer(
            found.ground,
            "This view has seen no failure, so there is no finding to stand or fall.",
            "this view knows",
        );
    };
    let mut text = String::new();
    // A finding that does not survive comes first.
    let mut findings = [("answers", contractor), ("is the fault", fault)];
    findings.sort_by_key(|(_, finding)| finding.verdict != Survival::Falls);
    for (what, finding) in findings {
        text.push_str(&paragraph(&verdict(finding, what, found.factor), "", "  "));
    }
    for (title, finding) in [("Who answers", contractor), ("Which fault", fault)] {
        if finding.leader.is_some() && !finding.one_at_a_time.is_empty() {
            text += &format!(
                "\n{}\n",
                heading(&format!("{title}: one prior at a time, its odds times 1/{0} to {0}", number(found.factor)))
            );
            text.push_str(&swings(finding, top));
        }
    }
    let which = match found.assumed {
        Assumed::Marked => "the priors that the model marks as assumed",
        Assumed::All => "all priors, because the model marks none as assumed",
    };
    let scope = format!(
        "Varied: {which}, {} that bear on the evidence ({} do not). Held fixed: {}.",
        found.varied,
        found.without_bearing,
        found.held_fixed.join("; ")
    );
    text.push('\n');
    text.push_str(&paragraph(&scope, "", ""));
    text
}

/// Whether a leader stands, and what is known of that.
fn verdict(finding: &Stand, what: &str, factor: f64) -> String {
    let Some(leader) = &finding.leader else {
        return format!("Several lead equally ({} each): nothing to stand or fall.", percent(finding.share));
    };
    let (range, factor) = (factor, number(factor));
    let share = percent(finding.share);
    let nearest = finding.one_at_a_time.iter().filter_map(|swing| Some((swing, swing.flip.as_ref()?)));
    let nearest = nearest.min_by(|a, b| a.1.distance().total_cmp(&b.1.distance()));
    let flip = nearest.map(|(swing, flip)| {
        let way = if flip.factor > 1.0 { "times" } else { "divided by" };
        let odds = number(flip.distance());
        format!("the odds of {} {way} {odds} would put {} ahead", swing.fault, flip.leader)
    });
    let together = finding.together.as_ref();
    let drawn = together.and_then(|all| Some((all.leads?, all.sampled?)));
    let drawn = drawn.map(|(leads, sampled)| {
        let range = percent(Figure { how: onus_rca::How::Interval, ..sampled });
        format!("all at once it leads in {} of draws, its share from {range}", percent(leads))
    });
    let certain = together.map(|all| format!("for certain within {}", percent(all.certain)));
    let more: Vec<String> = [drawn, certain].into_iter().flatten().collect();
    let more = if more.is_empty() { String::new() } else { format!(" In this range, {}.", more.join(", ")) };
    match finding.verdict {
        Survival::Falls => {
            let near = finding.one_at_a_time.iter().filter_map(|swing| swing.flip.as_ref());
            let alone = near.fold(f64::INFINITY, |least, flip| least.min(flip.distance())) <= range;
            let overtaken = together.and_then(|all| all.overtaken_by.as_deref()).unwrap_or("another");
            let several = format!("no prior alone changes it, but several at once would put {overtaken} ahead");
            let why = flip.filter(|_| alone).unwrap_or(several);
            format!("Does not survive a factor of {factor}: that {leader} {what} ({share}); {why}.{more}")
        }
        Survival::Stands => {
            let beyond =
                flip.map_or_else(|| "No single prior would change it.".to_owned(), |flip| format!("Alone, {flip}."));
            format!(
                "Stands: that {leader} {what} ({share}), for all priors within a factor of {factor}. {beyond}{more}"
            )
        }
        Survival::StandsWhereTried | Survival::NoLeader => {
            let beyond =
                flip.map_or_else(|| "No single prior would change it.".to_owned(), |flip| format!("Alone, {flip}."));
            format!(
                "Stands wherever it was tried, which is no proof: that {leader} {what} ({share}), within a factor of {factor}. {beyond}{more}"
            )
        }
    }
}

fn swings(finding: &Stand, top: usize) -> String {
    let rows = finding.one_at_a_time.iter().take(top).map(|swing| {
        let (flip, to) = match &swing.flip {
            None => ("-".to_owned(), String::new()),
            Some(flip) if flip.factor < 1.0 => (format!("/ {}", number(flip.distance())), flip.leader.clone()),
            Some(flip) => (format!("x {}", number(flip.factor)), flip.leader.clone()),
        };
        let range = percent(swing.share);
        vec![
            shortened(swing.fault.as_str(), 25),
            probability(Figure::exact(swing.prior)),
            range,
            flip,
            shortened(&to, 17),
        ]
    });
    let mut text = table(&["fault", "prior", "leader's share", "flips at", "to"], &[1, 2, 3], rows.collect());
    let more = finding.one_at_a_time.len().saturating_sub(top);
    if more > 0 {
        text += &format!(" ({more} more that move it less)\n");
    }
    text
}
