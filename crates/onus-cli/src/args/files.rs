//! Files: making, converting, describing them; help for editors and shells.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use onus_model::Probability;
use onus_model::generate::{self, Family, Seams};

use crate::args::{Format, fraction};
use crate::output::Existing;

/// A file to write in another notation.
#[derive(Args, Clone, Debug)]
pub(crate) struct ConvertQuery {
    /// The model, a folder that holds it, or a fault tree; with --model, an incident or a folder that holds it
    pub(crate) from: PathBuf,
    /// What to write; its ending says how: .yaml, .json, .ndjson, .onus (a snapshot), or none (a folder of tables)
    pub(crate) to: PathBuf,
    /// FROM is an incident in the words of this model
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<PathBuf>,
    /// Replace what is there
    #[arg(long)]
    force: bool,
}

impl ConvertQuery {
    pub(crate) fn existing(&self) -> Existing {
        existing(self.force)
    }
}

fn existing(force: bool) -> Existing {
    if force { Existing::Replaced } else { Existing::Kept }
}

/// A random estate to make.
#[derive(Args, Clone, Debug)]
pub(crate) struct GenerateQuery {
    /// How systems depend on each other
    #[arg(long, value_enum, default_value_t = Shape::Layered)]
    family: Shape,
    /// How many systems
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    systems: u32,
    /// Which part of the needs is met by either of two
    #[arg(long, value_name = "PART", default_value_t = 0.3, value_parser = fraction)]
    redundancy: f64,
    /// How many contractors
    #[arg(long, value_name = "K", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    contractors: u32,
    /// What the contracts go by
    #[arg(long, value_enum, default_value_t = Borders::Follow)]
    seams: Borders,
    /// What the draws begin with
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,
    /// The folder to write model.ndjson into
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Replace what is there
    #[arg(long)]
    force: bool,
}

impl GenerateQuery {
    pub(crate) fn existing(&self) -> Existing {
        existing(self.force)
    }

    pub(crate) fn options(&self) -> generate::Options {
        generate::Options {
            family: self.family.into(),
            systems: self.systems,
            redundancy: Probability::new(self.redundancy).unwrap_or(Probability::ZERO),
            contractors: self.contractors,
            seams: self.seams.into(),
            seed: self.seed,
        }
    }
}

/// How systems depend on each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    /// Ten layers, each on the one below
    Layered,
    /// Few hubs that most of the estate runs on
    PowerLaw,
    /// The same, with many loops
    Cyclic,
    /// Clusters with few needs between them, as organisations build them
    Contract,
}

impl From<Shape> for Family {
    fn from(shape: Shape) -> Self {
        match shape {
            Shape::Layered => Self::Layered,
            Shape::PowerLaw => Self::PowerLaw,
            Shape::Cyclic => Self::Cyclic,
            Shape::Contract => Self::Contract,
        }
    }
}

/// What contracts go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Borders {
    /// One contract an area: seams follow the clusters
    Follow,
    /// One contract a trade, across all areas: seams cut the clusters
    Cut,
}

impl From<Borders> for Seams {
    fn from(borders: Borders) -> Self {
        match borders {
            Borders::Follow => Self::Follow,
            Borders::Cut => Self::Cut,
        }
    }
}

/// A code to explain.
#[derive(Args, Clone, Debug)]
pub(crate) struct ExplainQuery {
    /// The code, e.g. ONUS-E0018 or E0018; all codes are listed without one
    pub(crate) code: Option<String>,
    /// Form of the result
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// A file to describe.
#[derive(Args, Clone, Debug)]
pub(crate) struct SchemaQuery {
    /// Which file
    #[arg(value_enum, default_value_t = SchemaOf::Model)]
    pub(crate) of: SchemaOf,
}

/// A shell to complete in.
#[derive(Args, Clone, Debug)]
pub(crate) struct CompletionsQuery {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

/// A file that has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// model.yaml
    Model,
    /// incident.yaml
    Incident,
    /// contracts.yaml
    Contracts,
}
