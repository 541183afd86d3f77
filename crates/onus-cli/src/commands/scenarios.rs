//! `onus scenarios`: a library of documented incidents in one table.

use std::path::{Path, PathBuf};

use onus_rca::{Evaluation, Policy};
use serde::Serialize;

use crate::args::{Format, ModelFiles, ScenariosQuery};
use crate::commands::Outcome;
use crate::input::{Estate, Failure, Input};
use crate::output::{bits, heading, json, percent, print};
use crate::table::{paragraph, shortened, table};

#[derive(Serialize)]
struct Scenario {
    name: String,
    title: String,
    #[serde(flatten)]
    evaluation: Evaluation,
}

#[derive(Serialize)]
struct Result<'a> {
    scenarios: &'a [Scenario],
}

pub(crate) fn run(query: &ScenariosQuery) -> std::result::Result<Outcome, Failure> {
    let (mut scenarios, mut inputs): (Vec<Scenario>, Vec<Input>) = (Vec::new(), Vec::new());
    for folder in folders(&query.library)? {
        let mut estate = Estate::open(&ModelFiles { model: folder.clone(), contracts: None })?;
        let incident = estate.incident(None)?;
        scenarios.push(Scenario {
            name: folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            title: incident.title().to_owned(),
            evaluation: Evaluation::of(&estate.model, &incident, query.by.into()),
        });
        inputs.append(&mut estate.inputs);
    }
    match query.format {
        Format::Json => json("onus-scenarios/1", &inputs, Result { scenarios: &scenarios })?,
        Format::Text => {
            let parts = [
                heading("Doubt about who answers when the first cause was announced, in bits"),
                "\n\n".to_owned(),
                doubts(&scenarios),
                format!("\n{}\n\n", heading("First blamed, and found")),
                claims(&scenarios),
                format!("\n{}", paragraph(LEGEND, "", "")),
            ];
            print(&parts.concat())?;
        }
    }
    Ok(Outcome::Done)
}

/// Columns of a scenario's name, and of a claim.
const NAME: usize = 22;
const CLAIM: usize = 16;

const LEGEND: &str = "View: the buyer's where it saw a failure, else the public's, else the first party's that did. \
    Misplaced: how much of the answer it put elsewhere than all evidence together did. Part: whether the split plays one, that is whether that, or its own \
    term of the doubt, is more than 0.05. Pooled: the share that all evidence together gave to the finding then. Asked: contractors that a desk which knew what was public would have \
    engaged, the most probable first, until it was over.";

/// The folders of a library that hold a model, by name.
fn folders(library: &Path) -> std::result::Result<Vec<PathBuf>, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::Usage(format!("{} cannot be read as a folder of scenarios: {error}", library.display()))
    };
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(library).map_err(unreadable)? {
        let folder = entry.map_err(unreadable)?.path();
        if folder.join("model.yaml").is_file() && folder.join("incident.yaml").is_file() {
            folders.push(folder);
        }
    }
    if folders.is_empty() {
        let library = library.display();
        return Err(Failure::Usage(format!("{library} holds no folder with a model.yaml and an incident.yaml")));
    }
    folders.sort();
    Ok(folders)
}

fn doubts(scenarios: &[Scenario]) -> String {
    let rows = scenarios.iter().map(|scenario| {
        let Evaluation { parties, seams, doubt, .. } = &scenario.evaluation;
        let terms = doubt.verdict.contractor;
        let split = if doubt.verdict.split_plays_a_part { "yes" } else { "no" };
        vec![
            shortened(&scenario.name, NAME),
            parties.to_string(),
            seams.to_string(),
            bits(terms.doubt),
            bits(terms.split),
            bits(terms.unmonitored),
            bits(terms.inherent),
            percent(terms.misplaced),
            split.to_owned(),
        ]
    });
    let headings = ["scenario", "who", "seams", "doubt", "split", "unmon.", "inher.", "mispl.", "part"];
    table(&headings, &[1, 2, 3, 4, 5, 6, 7], rows.collect())
}

fn claims(scenarios: &[Scenario]) -> String {
    let rows = scenarios.iter().map(|scenario| {
        let Evaluation { first_blamed, finding, pooled_share, hand_offs, .. } = &scenario.evaluation;
        let blamed = first_blamed.as_ref().map_or("", |claim| claim.target.as_str());
        let found = match &finding[..] {
            [] => String::new(),
            [only] => shortened(only.as_str(), CLAIM + 3),
            [first, rest @ ..] => format!("{} +{}", shortened(first.as_str(), CLAIM), rest.len()),
        };
        let pooled = pooled_share.map(percent).unwrap_or_default();
        let probable = hand_offs.policies.iter().find(|journey| journey.policy == Policy::MostProbable.name());
        let engaged = probable.map_or_else(String::new, |journey| bits(journey.contractors));
        vec![shortened(&scenario.name, NAME), shortened(blamed, CLAIM), found, pooled, engaged]
    });
    table(&["scenario", "first blamed", "found", "pooled", "asked"], &[3, 4], rows.collect())
}
