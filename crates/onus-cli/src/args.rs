//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use onus_model::generate::{self, Family, Seams};
use onus_model::{Date, Probability, Severity, Time};
use onus_rca::{
    AdviceOptions, By, Costs, DiagnoseOptions, HandOffOptions, Measure, MethodChoice, SampleWhen, Sampling,
    SensitivityOptions, SplitOptions,
};

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
    /// Write a model or an incident in another notation: YAML, JSON, or one entry a line (NDJSON)
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
    /// The model file, or a folder that holds model.yaml, model.json or model.ndjson
    pub(crate) model: PathBuf,
    /// Replace the model's contracts by those of this file
    #[arg(long, value_name = "FILE")]
    pub(crate) contracts: Option<PathBuf>,
}

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

fn fraction(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "expected a number".to_owned())?;
    if (0.0..=1.0).contains(&value) { Ok(value) } else { Err("expected a number from 0 to 1".to_owned()) }
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

/// A question about a library of incidents.
#[derive(Args, Clone, Debug)]
pub(crate) struct ScenariosQuery {
    /// A folder of folders, each with a model.yaml and an incident.yaml
    #[arg(default_value = "fixtures/scenarios")]
    pub(crate) library: PathBuf,
    /// Under what to list who answers
    #[arg(long, value_enum, default_value_t = Listing::Contractor)]
    pub(crate) by: Listing,
    /// Form of the result
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// A question about what to ask next.
#[derive(Args, Clone, Debug)]
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
    #[arg(long, value_name = "COST", value_parser = cost, conflicts_with_all = ["incident", "as_of"])]
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

/// A question about a model's weak places.
#[derive(Args, Clone, Debug)]
pub(crate) struct CheckQuery {
    #[command(flatten)]
    pub(crate) files: ModelFiles,
    /// An incident: its day decides which contracts are in force, and the file is checked too
    pub(crate) incident: Option<PathBuf>,
    /// The day on which contracts must be in force
    #[arg(long, value_name = "DATE")]
    pub(crate) on: Option<Date>,
    /// How many dependents make an ownerless system worth naming
    #[arg(long, value_name = "K", default_value_t = 3)]
    pub(crate) dependents: u32,
    /// Exit with status 1 if there is a finding of this weight or more
    #[arg(long, value_enum, default_value_t = Level::Warning)]
    pub(crate) level: Level,
    /// Form of the result
    #[arg(long, value_enum, default_value_t = Report::Text)]
    pub(crate) format: Report,
}

/// A question about how failure spreads.
#[derive(Args, Clone, Debug)]
pub(crate) struct PropagateQuery {
    #[command(flatten)]
    pub(crate) files: ModelFiles,
    /// Faults that are active: `system.fault`, `consumer -> provider.fault`, or a common cause
    #[arg(required_unless_present = "from")]
    pub(crate) faults: Vec<String>,
    /// Ask the reverse: which faults this system's failure can come from
    #[arg(long, value_name = "SYSTEM", conflicts_with = "faults")]
    pub(crate) from: Option<String>,
    /// The day whose contracts count
    #[arg(long, value_name = "DATE")]
    pub(crate) on: Option<Date>,
    /// Form of the result
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

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

/// A question about an estate's structure.
#[derive(Args, Clone, Debug)]
pub(crate) struct SplitQuery {
    /// The model file, or a folder that holds model.yaml
    pub(crate) model: PathBuf,
    /// Other contracts over the same topology, from files
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) contracts: Vec<PathBuf>,
    /// Also as if the first contractor took over the second
    #[arg(long, value_name = "A,B")]
    pub(crate) merge: Vec<String>,
    /// Also as if a contractor, new or not, integrated some interfaces, e.g. `newco:* -> *`
    #[arg(long, value_name = "C:SELECTOR")]
    pub(crate) integrator: Vec<String>,
    /// Also as if the second contractor were told what the first sees
    #[arg(long, value_name = "A:B")]
    pub(crate) share: Vec<String>,
    /// Also as if every contractor were split into one for each element it covers; with --curve, begin there
    #[arg(long)]
    pub(crate) refine: bool,
    /// Draw the curve of doubt against the number of contractors, merged one by one
    #[arg(long, conflicts_with_all = ["contracts", "merge", "integrator", "share"])]
    pub(crate) curve: bool,
    /// With --curve, how many random orders of merging
    #[arg(long, value_name = "N", default_value_t = 20, requires = "curve")]
    pub(crate) orders: u32,
    #[command(flatten)]
    pub(crate) count: Counting,
    /// Form of the result
    #[arg(long, value_enum, default_value_t = Chart::Text)]
    pub(crate) format: Chart,
}

/// How the incidents of an estate are counted.
#[derive(Args, Clone, Debug)]
pub(crate) struct Counting {
    /// Also incidents of two faults at once, on small models
    #[arg(long)]
    pairs: bool,
    /// Incidents that are drawn where monitors are unreliable and their readings too many to list
    #[arg(long, value_name = "N", default_value_t = SplitOptions::default().samples)]
    samples: u64,
    /// What drawing begins with; the same seed gives the same result
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    pub(crate) seed: u64,
    /// The day whose contracts count; all contracts, without one
    #[arg(long, value_name = "DATE")]
    on: Option<Date>,
}

impl Counting {
    pub(crate) fn options(&self) -> SplitOptions {
        SplitOptions {
            day: self.on,
            faults_at_once: if self.pairs { 2 } else { 1 },
            samples: self.samples,
            seed: self.seed,
            ..SplitOptions::default()
        }
    }
}

/// A file to write in another notation.
#[derive(Args, Clone, Debug)]
pub(crate) struct ConvertQuery {
    /// The model, a folder that holds it, or a fault tree; with --model, an incident
    pub(crate) from: PathBuf,
    /// What to write; its ending says how: .yaml, .json or .ndjson
    pub(crate) to: PathBuf,
    /// FROM is an incident in the words of this model
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<PathBuf>,
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
}

impl GenerateQuery {
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

/// Weight of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Level {
    /// Anything worth knowing
    Note,
    /// Probably a mistake
    Warning,
    /// Input that cannot be used
    Error,
}

impl From<Level> for Severity {
    fn from(level: Level) -> Self {
        match level {
            Level::Note => Self::Note,
            Level::Warning => Self::Warning,
            Level::Error => Self::Error,
        }
    }
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
