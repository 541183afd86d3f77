//! Questions about fault trees and models as such.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use onus_model::{Date, Time};
use onus_rca::Measure;

use crate::args::Format;

/// Which failure is meant.
#[derive(Args, Clone, Debug)]
pub(crate) struct FailureOf {
    /// The model file or its folder, or a fault tree in the Open-PSA format (XML)
    pub(crate) model: PathBuf,
    /// The system or gate that fails; several: all of them at once. By default the one that nothing else needs
    #[arg(long, value_name = "SYSTEM")]
    pub(crate) of: Vec<String>,
    /// Replace the model's contracts by those of this file
    #[arg(long, value_name = "FILE")]
    pub(crate) contracts: Option<PathBuf>,
    /// The day whose contracts count
    #[arg(long, value_name = "DATE")]
    pub(crate) on: Option<Date>,
    /// Nodes that each decision diagram may take, some 25 bytes each
    #[arg(long, value_name = "NODES", default_value_t = 2_000_000)]
    pub(crate) node_budget: usize,
}

/// A question about minimal cut sets.
#[derive(Args, Clone, Debug)]
pub(crate) struct CutSetsQuery {
    #[command(flatten)]
    pub(crate) failure: FailureOf,
    /// Ask for the minimal diagnoses of this incident instead
    #[arg(long, value_name = "FILE", conflicts_with = "of")]
    pub(crate) incident: Option<PathBuf>,
    /// With --incident, who is looking: pooled, public, or a contractor
    #[arg(long, value_name = "WHO", default_value = "pooled", requires = "incident")]
    pub(crate) view: String,
    /// With --incident, only what was known by this time (RFC 3339 with an offset)
    #[arg(long, value_name = "TIME", requires = "incident")]
    pub(crate) as_of: Option<Time>,
    /// Only sets with at most so many elements
    #[arg(long, value_name = "N")]
    pub(crate) max_order: Option<u32>,
    /// Only sets whose faults this party alone answers for
    #[arg(long, value_name = "WHO")]
    pub(crate) within: Option<String>,
    /// How many sets to list
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) top: usize,
    /// Form of the result
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// A question about importance.
#[derive(Args, Clone, Debug)]
pub(crate) struct ImportanceQuery {
    #[command(flatten)]
    pub(crate) failure: FailureOf,
    /// What to sort by
    #[arg(long, value_enum, default_value_t = SortBy::Criticality)]
    pub(crate) sort_by: SortBy,
    /// How many faults to list in text
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) top: usize,
    /// Form of the result
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// A measure to sort by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SortBy {
    /// How much hangs on the fault
    Birnbaum,
    /// That the failure would not be there without it
    Criticality,
    /// That it takes part
    FussellVesely,
    /// That it is present
    Diagnostic,
    /// Risk achievement worth: what its presence multiplies the probability by
    Raw,
    /// Risk reduction worth: what its absence divides the probability by
    Rrw,
}

impl From<SortBy> for Measure {
    fn from(sort_by: SortBy) -> Self {
        match sort_by {
            SortBy::Birnbaum => Self::Birnbaum,
            SortBy::Criticality => Self::Criticality,
            SortBy::FussellVesely => Self::FussellVesely,
            SortBy::Diagnostic => Self::Diagnostic,
            SortBy::Raw => Self::RiskAchievementWorth,
            SortBy::Rrw => Self::RiskReductionWorth,
        }
    }
}
