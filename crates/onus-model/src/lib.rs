//! What is: the topology of an estate (systems, interfaces, faults, monitors), the structure laid over it (contractors,
//! contracts, duties), and incidents (who saw what, when). Reading, writing and validating them.
//!
//! Nothing here infers anything; that is `onus-rca`. Start with [`Model`] and [`Incident`], or with [`document`] to
//! build a model in code.
//!
//! ```
//! let model = onus_model::Model::from_text("inline", "
//! format: onus/1
//! systems:
//!   router: { faults: { port: { cause: hardware, probability: 5e-4 } } }
//!   portal: { needs: [router] }
//! ")?;
//! assert_eq!(model.interfaces()[0].id.as_str(), "portal -> router");
//! # Ok::<(), onus_model::Error>(())
//! ```

mod alternative;
mod check;
mod code;
mod columns;
mod decode;
mod diagnostic;
pub mod document;
mod form;
pub mod generate;
mod graph;
mod id;
mod incident;
mod json;
mod lines;
mod meter;
mod model;
mod open_psa;
mod quantity;
mod read;
mod record;
mod responsibility;
mod schema;
mod snapshot;
mod source;
#[cfg(feature = "proptest")]
pub mod strategies;
#[cfg(feature = "tables")]
mod tables;
mod text;
mod tree;
mod validate;
mod verify;
mod write;

pub use alternative::Alternative;
pub use check::CheckOptions;
pub use code::{Code, UnknownCode};
pub use diagnostic::{Diagnostic, Error, Location, Severity, nearest};
pub use document::{DutyKind, Term};
pub use form::Form;
pub use id::{
    ContractId, ContractIndex, ContractorId, ContractorIndex, EvidenceId, EvidenceIndex, FaultId, FaultIndex,
    InterfaceId, InterfaceIndex, MonitorId, MonitorIndex, POOLED, PUBLIC, SystemId, SystemIndex,
};
pub use incident::{Evidence, Incident, Party, SeenBy, State, Statement};
pub use model::{
    Contract, Contractor, DEFAULT_FAULT, Duty, Element, Fault, FaultRole, Holder, Interface, InterfaceDetails,
    Liability, Model, Monitor, Need, Prior, Structure, System, Target, Topology, UNSPECIFIED, Viewers,
};
pub use open_psa::FaultTree;
pub use quantity::{Date, Duration, Money, ParseQuantityError, Probability, Rate, Time};
pub use read::Notation;
pub use record::Record;
pub use responsibility::{Answer, Responsibility, Seam};
pub use snapshot::{Ids, Snapshot, SnapshotDraft, Values};
pub use source::{Limits, Source};
