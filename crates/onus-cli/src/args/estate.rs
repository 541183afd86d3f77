//! Questions about an estate: weak places, how failure spreads, what the split costs; and about libraries of incidents.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use onus_model::{Date, Severity};
use onus_rca::SplitOptions;

use crate::args::{Chart, Format, Listing, ModelFiles, Report};

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
