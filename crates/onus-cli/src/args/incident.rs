//! Questions about an incident, and what to do about its doubt.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use onus_model::Time;
use onus_rca::{
    AdviceOptions, Costs, DiagnoseOptions, HandOffOptions, MethodChoice, SampleWhen, Sampling, SensitivityOptions,
};

use crate::args::{Chart, Counting, Format, Listing, ModelFiles, fraction};

/// A question about an incident.
#[derive(Args, Clone, Debug)]
pub(crate) struct IncidentQuery {
    #[command(flatten)]
    pub(crate) files: ModelFiles,
    /// The incident file; by default incident.yaml in the model's folder
    pub(crate) incident: Option<PathBuf>,
    /// Who is looking: pooled, public, or a contractor
    #[arg(long, value_name = "WHO", default_value = "pooled")]
    pub(crate) view: String,
    /// Only what was known by this time (RFC 3339 with an offset)
    #[arg(long, value_name = "TIME")]
    pub(crate) as_of: Option<Time>,
    /// Under what to list who answers
    #[arg(long, value_enum, default_value_t = Listing::Contractor)]
    pub(crate) by: Listing,
    /// How many faults and diagnoses to list in text
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) top: usize,
    #[command(flatten)]
    pub(crate) effort: Effort,
    /// Form of the result
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// How an answer is obtained, and how much work it may take.
#[derive(Args, Clone, Debug)]
pub(crate) struct Effort {
    /// Exact while the node budget lasts, else an interval; or one of them
    #[arg(long, value_enum, default_value_t = Inference::Auto)]
    method: Inference,
    /// Nodes that the exact method may build, some 25 bytes each
    #[arg(long, value_name = "NODES", default_value_t = DiagnoseOptions::default().node_budget)]
    node_budget: usize,
    /// Nodes that the interval method may look at; the default is about a second's work
    #[arg(long, value_name = "STEPS", default_value_t = DiagnoseOptions::default().step_budget)]
    step_budget: u64,
    /// An interval is good enough once P(evidence) is known to within this part of it
    #[arg(long, value_name = "PART", default_value_t = 0.0, value_parser = fraction)]
    tolerance: f64,
    /// Also estimate, by so many samples, what an interval leaves open
    #[arg(long, value_name = "SAMPLES")]
    estimate: Option<u64>,
    /// What the samples begin with; the same seed gives the same estimate
    #[arg(long, value_name = "SEED", default_value_t = 0, requires = "estimate")]
    seed: u64,
}

impl Effort {
    pub(crate) fn options(&self) -> DiagnoseOptions {
        let defaults = DiagnoseOptions::default();
        let when = if self.estimate.is_some() { SampleWhen::Always } else { SampleWhen::Never };
        let samples = self.estimate.unwrap_or(defaults.sampling.samples);
        DiagnoseOptions {
            method: self.method.into(),
            node_budget: self.node_budget,
            step_budget: self.step_budget,
            tolerance: self.tolerance,
            sampling: Sampling { when, samples, seed: self.seed, ..defaults.sampling },
            ..defaults
        }
    }
}

fn factor(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "expected a number".to_owned())?;
    if value > 1.0 && value <= 1e6 { Ok(value) } else { Err("expected a number above 1, at most 1000000".to_owned()) }
}

fn hours(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "expected a number of hours".to_owned())?;
    if value > 0.0 && value.is_finite() { Ok(value) } else { Err("expected a number above 0".to_owned()) }
}

/// A method of inference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Inference {
    /// Exact while the budget lasts, else an interval
    Auto,
    /// Decision diagrams
    Exact,
    /// Certain bounds
    Interval,
}

impl From<Inference> for MethodChoice {
    fn from(inference: Inference) -> Self {
        match inference {
            Inference::Auto => Self::Auto,
            Inference::Exact => Self::Exact,
            Inference::Interval => Self::Interval,
        }
    }
}

/// A question about the course of an incident.
#[derive(Args, Clone, Debug)]
pub(crate) struct TimelineQuery {
    #[command(flatten)]
    pub(crate) files: ModelFiles,
    /// The incident file; by default incident.yaml in the model's folder
    pub(crate) incident: Option<PathBuf>,
    /// Who is looking: pooled, public, or a contractor
    #[arg(long, value_name = "WHO", default_value = "pooled")]
    pub(crate) view: String,
    /// Under what to list who answers
    #[arg(long, value_enum, default_value_t = Listing::Contractor)]
    pub(crate) by: Listing,
    /// Also show times at which the belief did not change
    #[arg(long)]
    pub(crate) all: bool,
    /// Form of the result
    #[arg(long, value_enum, default_value_t = Chart::Text)]
    pub(crate) format: Chart,
}

/// A question about all parties.
#[derive(Args, Clone, Debug)]
pub(crate) struct ViewsQuery {
    #[command(flatten)]
    pub(crate) files: ModelFiles,
    /// The incident file; by default incident.yaml in the model's folder
    pub(crate) incident: Option<PathBuf>,
    /// Only what was known by this time (RFC 3339 with an offset)
    #[arg(long, value_name = "TIME")]
    pub(crate) as_of: Option<Time>,
    /// Under what to list who answers
    #[arg(long, value_enum, default_value_t = Listing::Contractor)]
    pub(crate) by: Listing,
    /// Form of the result
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// A question about doubt.
#[derive(Args, Clone, Debug)]
pub(crate) struct DoubtQuery {
    #[command(flatten)]
    pub(crate) files: ModelFiles,
    /// The incident file; by default incident.yaml in the model's folder
    pub(crate) incident: Option<PathBuf>,
    /// Whom the verdict is about: pooled, public, or a contractor; by default the buyer, else the public
    #[arg(long, value_name = "WHO")]
    pub(crate) view: Option<String>,
    /// Only what was known by this time (RFC 3339 with an offset)
    #[arg(long, value_name = "TIME")]
    pub(crate) as_of: Option<Time>,
    /// Under what to list who answers
    #[arg(long, value_enum, default_value_t = Listing::Contractor)]
    pub(crate) by: Listing,
    /// Form of the result
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// A question about what to ask next.
#[derive(Args, Clone, Debug)]
#[command(mut_group("Counting", |group| group.requires("budget")))]
pub(crate) struct AdviseQuery {
    #[command(flatten)]
    pub(crate) files: ModelFiles,
    /// The incident file; by default incident.yaml in the model's folder
    pub(crate) incident: Option<PathBuf>,
    /// Who asks: pooled, public, or a contractor
    #[arg(long, value_name = "WHO", default_value = "pooled")]
    pub(crate) view: String,
    /// Only what was known by this time (RFC 3339 with an offset)
    #[arg(long, value_name = "TIME")]
    pub(crate) as_of: Option<Time>,
    /// Under what to list who answers
    #[arg(long, value_enum, default_value_t = Listing::Contractor)]
    pub(crate) by: Listing,
    /// What to put first
    #[arg(long, value_enum, default_value_t = Worth::Answers)]
    pub(crate) sort_by: Worth,
    /// How many questions to list in text
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) top: usize,
    /// How reliable a test of a fault is taken to be
    #[arg(long, value_name = "PROBABILITY", default_value_t = AdviceOptions::default().test_reliability, value_parser = fraction)]
    test_reliability: f64,
    /// Hours until an answer where no contract states them
    #[arg(long, value_name = "HOURS", default_value_t = AdviceOptions::default().hours, value_parser = hours)]
    hours: f64,
    /// Ask for the estate, before anything fails: which clauses, monitors, integrators and mergers to spend so much on
    #[arg(long, value_name = "COST", value_parser = cost, conflicts_with_all = ["incident", "as_of", "view", "by", "sort_by", "hours", "test_reliability"])]
    pub(crate) budget: Option<f64>,
    /// With --budget, what measures cost, e.g. share=1,monitor=2,integrator=5,merge=10
    #[arg(long, value_name = "KIND=COST", value_delimiter = ',', value_parser = kind_and_cost, requires = "budget")]
    costs: Vec<(MeasureKind, f64)>,
    #[command(flatten)]
    pub(crate) count: Counting,
    /// Form of the result
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

impl AdviseQuery {
    pub(crate) fn options(&self) -> AdviceOptions {
        AdviceOptions {
            by: self.by.into(),
            test_reliability: self.test_reliability,
            sort_by: self.sort_by.into(),
            hours: self.hours,
            ..AdviceOptions::default()
        }
    }
}

impl AdviseQuery {
    pub(crate) fn costs(&self) -> Costs {
        let mut costs = Costs::default();
        for (kind, cost) in &self.costs {
            *match kind {
                MeasureKind::Share => &mut costs.share,
                MeasureKind::Monitor => &mut costs.monitor,
                MeasureKind::Integrator => &mut costs.integrator,
                MeasureKind::Merge => &mut costs.merge,
            } = *cost;
        }
        costs
    }
}

/// A kind of measure for an estate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MeasureKind {
    /// A clause that shares telemetry
    Share,
    /// A monitor
    Monitor,
    /// The duty to integrate
    Integrator,
    /// One contractor instead of two
    Merge,
}

fn cost(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "expected a number".to_owned())?;
    if value.is_finite() && value > 0.0 { Ok(value) } else { Err("expected a number above 0".to_owned()) }
}

fn kind_and_cost(text: &str) -> Result<(MeasureKind, f64), String> {
    let expected = "expected share, monitor, integrator or merge, `=`, and a number, e.g. share=1".to_owned();
    let (kind, price) = text.split_once('=').ok_or(expected.clone())?;
    Ok((MeasureKind::from_str(kind.trim(), false).map_err(|_| expected)?, cost(price.trim())?))
}

/// What makes a question worth asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Worth {
    /// What it tells about who answers
    Answers,
    /// What it tells about the fault
    Fault,
    /// What it tells about who answers, for each hour of waiting
    Hour,
}

impl From<Worth> for onus_rca::Worthwhile {
    fn from(worth: Worth) -> Self {
        match worth {
            Worth::Answers => Self::Answers,
            Worth::Fault => Self::Fault,
            Worth::Hour => Self::Hour,
        }
    }
}

/// A question about what a finding owes to assumed priors.
#[derive(Args, Clone, Debug)]
pub(crate) struct SensitivityQuery {
    #[command(flatten)]
    pub(crate) files: ModelFiles,
    /// The incident file; by default incident.yaml in the model's folder
    pub(crate) incident: Option<PathBuf>,
    /// Who is looking: pooled, public, or a contractor
    #[arg(long, value_name = "WHO", default_value = "pooled")]
    pub(crate) view: String,
    /// Only what was known by this time (RFC 3339 with an offset)
    #[arg(long, value_name = "TIME")]
    pub(crate) as_of: Option<Time>,
    /// Under what to list who answers
    #[arg(long, value_enum, default_value_t = Listing::Contractor)]
    pub(crate) by: Listing,
    /// Multiply and divide the odds of assumed priors by up to this
    #[arg(long, value_name = "FACTOR", default_value_t = SensitivityOptions::default().factor, value_parser = factor)]
    factor: f64,
    /// How often to draw all factors at once
    #[arg(long, value_name = "N", default_value_t = SensitivityOptions::default().draws)]
    draws: u64,
    /// What the draws begin with; the same seed gives the same draws
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,
    /// How many priors to list in text
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) top: usize,
    /// Form of the result
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

impl SensitivityQuery {
    pub(crate) fn options(&self) -> SensitivityOptions {
        SensitivityOptions {
            by: self.by.into(),
            factor: self.factor,
            draws: self.draws,
            seed: self.seed,
            ..SensitivityOptions::default()
        }
    }
}

/// A question about hand-offs.
#[derive(Args, Clone, Debug)]
pub(crate) struct HandOffsQuery {
    #[command(flatten)]
    pub(crate) files: ModelFiles,
    /// The incident file; by default incident.yaml in the model's folder
    pub(crate) incident: Option<PathBuf>,
    /// What the desk knows to begin with: pooled, public, or what a contractor knows
    #[arg(long, value_name = "WHO", default_value = "public")]
    pub(crate) view: String,
    /// Only what was known by this time (RFC 3339 with an offset)
    #[arg(long, value_name = "TIME")]
    pub(crate) as_of: Option<Time>,
    /// Hours that a contractor takes where no contract states them
    #[arg(long, value_name = "HOURS", default_value_t = HandOffOptions::default().hours, value_parser = hours)]
    hours: f64,
    /// Form of the result
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

impl HandOffsQuery {
    pub(crate) fn options(&self) -> HandOffOptions {
        HandOffOptions { hours: self.hours, ..HandOffOptions::default() }
    }
}
