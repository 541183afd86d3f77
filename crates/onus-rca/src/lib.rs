//! What follows: the fault graph of a topology, inference on it, and what that says about contractors.
//!
//! Two layers that never mix: [`FaultGraph`] and [`FaultGraph::diagnose`] see physics and evidence alone; a [`View`]
//! restricts the evidence to what somebody knows, and [`Attribution::of`] pushes the posterior forward to who answers.
//! One topology can so be judged under any contracts, and what differs is due to the contracts.

mod advice;
mod ambiguity;
mod attribution;
mod belief;
mod case;
mod components;
mod cut_sets;
mod decision_diagram;
mod diagnose;
mod dispute;
mod doubt;
mod encode;
pub mod engine;
mod evaluation;
mod evidence;
mod exact;
mod fault_graph;
mod figure;
mod hand_off;
mod hidden;
mod importance;
mod interval;
#[cfg(feature = "bench")]
#[doc(hidden)]
pub mod kernel;
mod network;
mod onsets;
mod outcome;
mod paths;
mod perfect_sight;
mod random;
mod ranking;
mod reduce;
mod sensitivity;
mod shares;
mod sight;
mod split;
mod timeline;
mod variable_order;
mod view;

pub use advice::{
    Advice, AdviceOptions, Advised, Answer, Ask, Basis, Demand, Leader, Reading, Reply, Said, Worthwhile, advise,
};
pub use attribution::{Attribution, By, Kind, Row};
pub use belief::Ground;
pub use cut_sets::{ClassCutSets, Classes, Count, CutSet, CutSetOptions, CutSets, Sufficient, Truncation, Within};
pub use diagnose::{
    Conflict, DiagnoseOptions, Diagnosis, Estimates, Exoneration, FaultEstimate, FaultFinding, Method, MethodChoice,
    Progress, RankedDiagnosis, SampleWhen, Sampling, StopReason, Timing, Watch,
};
pub use dispute::{Conclusion, Dispute, DisputeOptions, Together};
pub use doubt::{Doubt, DoubtOptions, DoubtReport, DoubtSource, DoubtVerdict, Terms, Unwatched, ViewDoubt, entropy};
pub use evaluation::{Claim, Evaluation};
pub use evidence::{Evidence, Item, Standing};
pub use fault_graph::{Couplings, FaultGraph, NamedGraph, OtherModel, UnknownFault, When};
pub use figure::{Figure, How};
pub use hand_off::{
    HandOffOptions, HandOffs, Journey, Knowledge, Origin, Policy, Route, Situation, Step, hand_offs, response_hours,
    sequence,
};
pub use hidden::Hidden;
pub use importance::{FaultImportance, Importance, ImportanceOptions, Measure, Worth};
pub use outcome::{Outcome, Outcomes};
pub use paths::{CausalPath, FailedSystem, OwnedFailures, PossibleOrigin, Propagation};
pub use sensitivity::{
    AllAtOnce, Assumed, Flip, HELD_FIXED, Sensitivity, SensitivityOptions, Stand, Survival, Swing, sensitivity,
};
pub use split::{
    Band, ConfusionRow, Costs, Curve, CurveOptions, CurvePoint, EstateMeasure, ExpectedTerms, FaultDictionary,
    Incidents, Isolability, Plan, PlanEnd, PlanOptions, Readings, Split, SplitOptions, StructureSplit, Testability,
    ViewSplit,
};
pub use timeline::{Announced, Moment, timeline};
pub use view::{View, WhoKnew};
