//! The command line.

mod estate;
mod fault_tree;
mod files;
mod incident;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use onus_rca::By;

pub(crate) use estate::{CheckQuery, Counting, PropagateQuery, ScenariosQuery, SplitQuery};
pub(crate) use fault_tree::{CutSetsQuery, ImportanceQuery};
pub(crate) use files::{CompletionsQuery, ConvertQuery, ExplainQuery, GenerateQuery, SchemaOf, SchemaQuery};
pub(crate) use incident::{
    AdviseQuery, DoubtQuery, HandOffsQuery, IncidentQuery, SensitivityQuery, TimelineQuery, ViewsQuery,
};

/// A number from 0 to 1.
fn fraction(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "expected a number".to_owned())?;
    if (0.0..=1.0).contains(&value) { Ok(value) } else { Err("expected a number from 0 to 1".to_owned()) }
}

/// Where did a failure originate, who answers for it, and how much of the doubt is there because the work was split?
#[derive(Debug, Parser)]
#[command(name = "onus", version, about, long_about = None, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// One screen: the origin, who answers, how the belief moved, what each party would conclude alone
    Report(IncidentQuery),
    /// Look for weak places: gaps, overlaps, seams, blind monitors, shared single points of failure
    Check(CheckQuery),
    /// What fails from some faults; or, with --from, what a system's failure can come from
    Propagate(PropagateQuery),
    /// A library of documented incidents in one table: doubt and its terms, first blamed against finding
    Scenarios(ScenariosQuery),
    /// Which faults explain the evidence, and who answers for them
    Diagnose(IncidentQuery),
    /// How the belief moved as evidence came to be known
    Timeline(TimelineQuery),
    /// What each party would conclude alone
    Views(ViewsQuery),
    /// How much is in doubt, and why: the split, nobody watching, or what no monitor could tell
    Doubt(DoubtQuery),
    /// The smallest sets of faults that bring about a failure, or that explain an incident
    Cutsets(CutSetsQuery),
    /// How much each fault matters for a failure
    Importance(ImportanceQuery),
    /// Before anything fails: how much of the doubt is there because the work was split, and under other contracts
    Split(SplitQuery),
    /// Write a model or an incident in another notation: YAML, JSON, one entry a line (NDJSON), tables, a snapshot
    Convert(ConvertQuery),
    /// Make a random estate of any size, the same for the same options
    Generate(GenerateQuery),
    /// What to ask next about an incident: which looks, tests and telemetry would settle most
    Advise(AdviseQuery),
    /// Whether who leads depends on assumed priors: one at a time, and all at once
    Sensitivity(SensitivityQuery),
    /// How many contractors are engaged, and for how long, until the one that answers is reached
    Handoffs(HandOffsQuery),
    /// Say more about a code such as ONUS-E0018
    Explain(ExplainQuery),
    /// Print the JSON Schema of a file, for editors to complete and validate by
    Schema(SchemaQuery),
    /// Print completions for a shell
    Completions(CompletionsQuery),
    /// Print the manual page
    Man,
}

/// A model, and the structure to judge it under.
#[derive(Args, Clone, Debug)]
pub(crate) struct ModelFiles {
    /// The model: YAML, JSON, NDJSON, a snapshot, or a folder that holds one of these as model.*, or tables
    pub(crate) model: PathBuf,
    /// Replace the model's contracts by those of this file
    #[arg(long, value_name = "FILE")]
    pub(crate) contracts: Option<PathBuf>,
}

/// Form of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// Form of a result that can be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Chart {
    /// For people
    Text,
    /// For programs
    Json,
    /// A drawing
    Svg,
}

/// Form of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Report {
    /// For people
    Text,
    /// For programs
    Json,
    /// For code review tools (SARIF 2.1.0)
    Sarif,
}

/// Under what to list who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Listing {
    /// Who does the work
    Contractor,
    /// Under which contract
    Contract,
    /// Who stands at the top of the chain of subcontracts
    Prime,
    /// Corporate group
    Group,
}

impl From<Listing> for By {
    fn from(listing: Listing) -> Self {
        match listing {
            Listing::Contractor => Self::Contractor,
            Listing::Contract => Self::Contract,
            Listing::Prime => Self::Prime,
            Listing::Group => Self::Group,
        }
    }
}
