//! How much each fault matters for a failure: the importance measures of fault tree analysis, exact.
//!
//! With P the probability of the failure, p that of the fault, and P₁ and P₀ that of the failure where the fault is
//! certainly present and certainly absent:
//!
//! | measure | formula | in words |
//! |---|---|---|
//! | Birnbaum | P₁ − P₀ | how much hangs on it: the probability that it is pivotal |
//! | criticality | p (P₁ − P₀) / P | given the failure: that it is present, and without it there would be none |
//! | diagnostic (DIF) | p P₁ / P | given the failure: that it is present |
//! | Fussell-Vesely | P(a minimal cut set with it is all there) / P | given the failure: that it takes part in bringing it about |
//! | risk achievement worth (RAW) | P₁ / P | by what factor the failure becomes more probable if it is present |
//! | risk reduction worth (RRW) | P / P₀ | by what factor it becomes less probable if it is absent |
//!
//! Criticality ≤ Fussell-Vesely ≤ DIF. A fault is *critical* when the failure would not be there without it; it *takes
//! part* when some minimal cut set with it is all there, though another one may be too; and it may be *present* and do
//! neither. Where cut sets are rare the first two nearly agree, and many tools give one of them, or the sum over cut
//! sets, under the name of Fussell-Vesely; here it is the probability that its definition names.
//!
//! P₁ and P₀ of all faults come from one pass up and one down the diagram, as sums of non-negative terms, so that P₀ is
//! exactly 0 where no failure is possible without the fault, and RRW is infinite then. Fussell-Vesely takes for each
//! event of the diagram the family of the minimal cut sets with it, turned into a function. The diagram is that of the
//! reduced network ([`through`]), so that a hundred thousand faults that enter in modules take no functions at all.
//!
//! Literature: Birnbaum (1969), On the importance of different components in a multicomponent system; Fussell (1975) and
//! Vesely (1970) for theirs; Vesely et al. (1983), NUREG/CR-3385, for RAW and RRW; Dutuit & Rauzy (2001), Efficient
//! algorithms to assess component and gate importance in fault tree analysis, for the passes.

mod through;

use onus_model::{FaultId, FaultIndex, SystemId, SystemIndex};
use serde::{Serialize, Serializer};

use crate::case::Case;
use crate::diagnose::{StopReason, exact_figure};
use crate::fault_graph::FaultGraph;
use crate::figure::Figure;
use crate::network::Network;
use through::{Bearing, bearings};

/// How importance is computed and sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportanceOptions {
    /// Nodes that the function of the failure may take, then its cut sets, then those with one fault. Default 2,000,000.
    pub node_budget: usize,
    /// Nodes looked at for Fussell-Vesely over all faults together, after which the rest has bounds of it. Default
    /// 20,000,000, some seconds.
    pub fussell_vesely_budget: u64,
    /// The measure that sorts the faults, the most important first. Default: criticality.
    pub sort_by: Measure,
}

impl Default for ImportanceOptions {
    fn default() -> Self {
        Self { node_budget: 2_000_000, fussell_vesely_budget: 20_000_000, sort_by: Measure::Criticality }
    }
}

/// An importance measure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// How much hangs on the fault.
    Birnbaum,
    /// That the failure would not be there without it.
    #[default]
    Criticality,
    /// That it takes part.
    FussellVesely,
    /// That it is present.
    Diagnostic,
    /// What its presence multiplies the probability by.
    RiskAchievementWorth,
    /// What its absence divides the probability by.
    RiskReductionWorth,
}

/// How much each fault matters for a failure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Importance {
    /// The systems that fail together.
    pub of: Vec<SystemId>,
    /// Why it stopped: `node-budget` if the function of the failure cannot be built, and then no fault is listed; also if
    /// Fussell-Vesely is known within bounds alone for some faults.
    pub stopped: StopReason,
    /// Probability of the failure.
    pub probability: Figure,
    /// What the faults are sorted by.
    pub sorted_by: Measure,
    /// The faults that bear on the failure, the most important first; ties by id.
    pub faults: Vec<FaultImportance>,
}

/// How much one fault matters. See the table of the measures in [`FaultGraph::importance`].
///
/// A measure that is relative to the failure means nothing where that is impossible, and is `None`, in JSON null.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FaultImportance {
    /// The fault.
    pub id: FaultId,
    /// Its index in the model.
    #[serde(skip)]
    pub index: FaultIndex,
    /// Its place; faults that the sorting measure does not tell apart share one.
    pub rank: usize,
    /// Its probability.
    pub probability: Figure,
    /// Probability that it is pivotal.
    pub birnbaum: f64,
    /// Given the failure, probability that it is present and the failure would not be there without it.
    pub criticality: Option<f64>,
    /// Given the failure, probability that a minimal cut set with it is all there. `None` also where the budget did not
    /// suffice; then it is between
    pub fussell_vesely: Option<f64>,
    /// these two: the criticality, that without the fault there would be no failure, and that it is present.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fussell_vesely_bounds: Option<Figure>,
    /// Given the failure, probability that it is present.
    pub diagnostic: Option<f64>,
    /// What its presence multiplies the probability of the failure by.
    pub risk_achievement_worth: Option<Worth>,
    /// What its absence divides the probability of the failure by.
    pub risk_reduction_worth: Option<Worth>,
}

/// A ratio of probabilities: a number, or infinite. In JSON a number or the text `infinity`, which JSON has no number
/// for; never NaN.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Worth(f64);

impl Worth {
    /// The ratio; `f64::INFINITY` if it is infinite.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl std::fmt::Display for Worth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_finite() { self.0.fmt(f) } else { f.write_str("infinity") }
    }
}

impl Serialize for Worth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() { serializer.serialize_f64(self.0) } else { serializer.serialize_str("infinity") }
    }
}

impl FaultGraph {
    /// How much each fault matters for the failure of all these systems at once; of one system, if it is one.
    ///
    /// With P the probability of the failure, p that of the fault, and P₁ and P₀ that of the failure where the fault is
    /// certainly present and certainly absent: Birnbaum P₁ − P₀; criticality p (P₁ − P₀) / P; diagnostic p P₁ / P; risk
    /// achievement worth P₁ / P; risk reduction worth P / P₀; Fussell-Vesely, the probability that at least one minimal cut
    /// set with the fault is all there, divided by P. Criticality ≤ Fussell-Vesely ≤ diagnostic.
    ///
    /// Cost: after a reduction, linear, in which faults that enter at one place become one, the function of the failure
    /// (see [`cut_sets`](Self::cut_sets)), two passes over it, and for Fussell-Vesely another function for each event that is
    /// left; within the budgets of `options`.
    ///
    /// ```
    /// use onus_model::document::{Fault, Model, System};
    /// use onus_rca::{FaultGraph, ImportanceOptions};
    ///
    /// let model = Model::new("One cause")
    ///     .system("db", System::new().fault("disk", Fault::new("hardware", 1e-3)))
    ///     .build()?;
    /// let db = model.topology().system("db").unwrap();
    /// let importance = FaultGraph::compile(&model).importance(&[db], &ImportanceOptions::default());
    /// // Without the disk's fault the failure is impossible.
    /// assert_eq!(importance.faults[0].risk_reduction_worth.unwrap().to_string(), "infinity");
    /// assert_eq!(importance.faults[0].birnbaum, 1.0);
    /// # Ok::<(), onus_model::Error>(())
    /// ```
    ///
    /// Literature: Birnbaum (1969); Fussell (1975); Vesely et al. (1983), NUREG/CR-3385; Dutuit & Rauzy (2001).
    pub fn importance(&self, systems: &[SystemIndex], options: &ImportanceOptions) -> Importance {
        let case = Case::of_failures(self, systems);
        let mut importance = Importance {
            of: systems.iter().map(|system| self.topology().systems()[system.index()].id.clone()).collect(),
            stopped: StopReason::NodeBudget,
            probability: Figure::interval(0.0, 1.0),
            sorted_by: options.sort_by,
            faults: Vec::new(),
        };
        let network = Network::of(&case);
        let probability = network.probability.clone();
        if let Ok((total, bearings)) = bearings(network, options) {
            importance.probability = exact_figure(total);
            importance.faults = measures(&case, &probability, total, &bearings);
            if importance.faults.iter().all(|fault| fault.fussell_vesely_bounds.is_none()) {
                importance.stopped = StopReason::Finished;
            }
            sort(&mut importance.faults, options.sort_by);
        }
        importance
    }
}

fn measures(case: &Case<'_>, probability: &[f64], total: f64, bearings: &[Bearing]) -> Vec<FaultImportance> {
    let events = bearings.iter().enumerate();
    let faults = events.filter_map(|(event, bearing)| Some((event, bearing, case.fault[event]?)));
    faults
        .map(|(event, bearing, index)| {
            let p = probability[event];
            let Bearing { present, absent, pivotal, takes_part } = *bearing;
            // A rounding error can be more than 1.
            let birnbaum = pivotal.clamp(0.0, 1.0);
            let relative = |value: f64| (total > 0.0).then(|| (value / total).clamp(0.0, 1.0));
            let [criticality, diagnostic] = [p * birnbaum, p * present].map(relative);
            let bounds = |lo: f64| diagnostic.map(|hi| Figure::interval(lo.min(hi), hi));
            FaultImportance {
                id: case.graph.topology().faults()[index.index()].id.clone(),
                index,
                rank: 0,
                probability: Figure::exact(p),
                birnbaum,
                criticality,
                fussell_vesely: takes_part.filter(|_| total > 0.0),
                fussell_vesely_bounds: if takes_part.is_none() { criticality.and_then(bounds) } else { None },
                diagnostic,
                risk_achievement_worth: (total > 0.0).then(|| Worth(present / total)),
                risk_reduction_worth: (total > 0.0)
                    .then(|| Worth(if absent > 0.0 { total / absent } else { f64::INFINITY })),
            }
        })
        .collect()
}

/// The most important first. Differences in the last digits are ties, which the id decides.
fn sort(faults: &mut [FaultImportance], measure: Measure) {
    let value = |fault: &FaultImportance| -> f64 {
        let value = match measure {
            Measure::Birnbaum => Some(fault.birnbaum),
            Measure::Criticality => fault.criticality,
            Measure::FussellVesely => {
                fault.fussell_vesely.or_else(|| fault.fussell_vesely_bounds.map(|bounds| bounds.lo))
            }
            Measure::Diagnostic => fault.diagnostic,
            Measure::RiskAchievementWorth => fault.risk_achievement_worth.map(Worth::get),
            Measure::RiskReductionWorth => fault.risk_reduction_worth.map(Worth::get),
        };
        value.map_or(f64::NEG_INFINITY, nine_digits)
    };
    faults.sort_by(|a, b| value(b).total_cmp(&value(a)).then(a.index.cmp(&b.index)));
    let mut first = 0;
    for at in 0..faults.len() {
        if value(&faults[at]).total_cmp(&value(&faults[first])).is_ne() {
            first = at;
        }
        faults[at].rank = first + 1;
    }
}

/// A number to some nine significant digits: the bits of its fraction below are rounded off.
fn nine_digits(value: f64) -> f64 {
    const DROPPED: u32 = 22;
    if !value.is_finite() {
        return value;
    }
    let half = 1_u64 << (DROPPED - 1);
    f64::from_bits((value.to_bits() + half) & !((1 << DROPPED) - 1))
}
