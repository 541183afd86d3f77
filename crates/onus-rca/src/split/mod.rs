//! What the split costs an estate before anything fails (DESIGN.md 3.5; the mathematics with proofs: docs/split.md).
//!
//! Over the incidents that an estate can have, with R the fault (or who answers for it), a view's expected doubt is
//!
//! ```text
//! H(R|view) = [H(R|view) − H(R|pooled)] + [H(R|pooled) − H(R|full)] + H(R|full)
//!           =          split            +        unmonitored        +  inherent
//! ```
//!
//! Physics and law stay apart. [`FaultDictionary`] holds the incidents with what can be read of each: `worlds` spreads the
//! faults, `physics` knows the channels, `channels` adds the readings: all listed, or hashed view by view where monitors are perfect and
//! lists too long (`grouped`), or drawn (`draws`). No contract is looked at, and it is made once. [`Split::of`] judges it under one
//! structure after the other: `labels` says who sees which channel and who answers for which fault, and then views are
//! grouped by `signatures` where all readings are known, or `sampled` where they were drawn; `tally` is what is summed up.
//! `report` makes figures of the sums. `curve` and `plan` judge many structures.
//!
//! Incidents: one fault (or up to two) is present, weighted by its prior odds; given that a service fails. The failed services
//! are public. `pooled` reads every channel; `full` knows the state of every system besides.

mod channels;
mod curve;
mod draws;
mod grouped;
mod labels;
mod physics;
mod plan;
mod report;
mod rows;
mod sampled;
mod signatures;
mod tally;
#[cfg(test)]
mod tests;
mod worlds;

use onus_model::Date;

pub use channels::{FaultDictionary, Readings};
pub use curve::{Band, Curve, CurveOptions, CurvePoint};
pub use plan::{Costs, Measure as EstateMeasure, Plan, PlanEnd, PlanOptions};
pub use report::{ConfusionRow, ExpectedTerms, Incidents, Isolability, Split, StructureSplit, Testability, ViewSplit};

/// How the incidents of an estate are counted, and how much of the result is listed.
#[derive(Clone, Debug, PartialEq)]
pub struct SplitOptions {
    /// The day whose contracts count. Default: all contracts.
    pub day: Option<Date>,
    /// Faults of an incident, at most: 1, or 2 on models small enough for it. Default 1.
    pub faults_at_once: u32,
    /// Pairs of faults, at most; where there are more, only single faults are looked at. Default 200,000.
    pub pair_budget: usize,
    /// Worlds that uncertain couplings may branch into. Branches that do not fit are left out, the least probable first; the
    /// figures are then intervals that allow for them. Default 2^18.
    pub world_budget: usize,
    /// Failed systems that may be listed, over all sets of systems that fail together. Where there are more, and neither a reading
    /// nor a coupling is uncertain, nothing is listed and all is worked out by signatures, with the same answer; else fault sets that would
    /// go past it are left out, the least probable first, and the figures are intervals that allow for them. Default 2^26, some 1 GB.
    pub failure_budget: usize,
    /// Readings that uncertain monitors may be expanded into; where there are more, incidents are drawn. Default 2^18.
    pub reading_budget: usize,
    /// Incidents that are drawn, at least 2; no more than 1,000, or than makes 2·10^7 with the number of worlds. Default 10,000.
    pub samples: u64,
    /// What the generator begins with. Default 0.
    pub seed: u64,
    /// How sure the estimates are. Default 0.95.
    pub confidence: f64,
    /// Outcomes up to which the confusion matrix is given. Default 40.
    pub confusion: usize,
    /// Views that are listed, those with the least doubt first. Default 100.
    pub list: usize,
    /// Contractors whose views are looked at where incidents are drawn or worked out by signatures, those that see most first.
    /// Default 64.
    pub sampled_views: usize,
}

/// Readings into which uncertain monitors are expanded where hundreds of structures are judged; and how many incidents are
/// drawn where that is not enough, the same for all of them.
const READINGS_FOR_MANY: usize = 1 << 11;
const SAMPLES_FOR_MANY: u64 = 2_000;

impl SplitOptions {
    /// How incidents are counted for plans and curves, which judge hundreds of structures: coarser than for one.
    #[must_use]
    pub fn for_many(&self) -> Self {
        let reading_budget = self.reading_budget.min(READINGS_FOR_MANY);
        Self { reading_budget, samples: self.samples.min(SAMPLES_FOR_MANY), ..self.clone() }
    }
}

impl Default for SplitOptions {
    fn default() -> Self {
        Self {
            day: None,
            faults_at_once: 1,
            pair_budget: 200_000,
            world_budget: 1 << 18,
            failure_budget: 1 << 26,
            reading_budget: 1 << 18,
            samples: 10_000,
            seed: 0,
            confidence: 0.95,
            confusion: 40,
            list: 100,
            sampled_views: 64,
        }
    }
}
