//! The engine for scale: monotone circuits of millions of gates, and what fails in them.
//!
//! A [`Circuit`] is arrays and nothing else: at-least-k gates in compressed sparse rows both ways, numbered in the order in
//! which failure runs. It can be made without a model ([`Gates`]), so that generators, tables and snapshots feed it; a
//! [`FaultGraph`](crate::FaultGraph) is a circuit with meanings laid over it. Nothing here knows systems or contracts.
//!
//! In reading order:
//!
//! 1. [`Gates`]: the border; what is given from outside is checked there.
//! 2. `rows`, `order`: adjacency; the topological order of strongly connected components.
//! 3. [`Circuit`]: gates made plain, put into that order.
//! 4. [`Cascade`]: what fails from some nodes, by worklist or by sweep; `counters` is its state.
//! 5. `lanes`, `dictionary`: all single faults at once, as [`Signatures`]; `key_sums` adds up what they are made of; `rounds` is how loops are gone over.
//! 6. [`Frequencies`]: how often what is watched fails in incidents that are drawn.
//! 7. [`Candidates`]: the single faults that explain what was seen.
//! 8. `stored`: a circuit from arrays that come from outside and may be anything.
//! 9. [`Arrivals`]: when things fail; `radix_queue` is its queue. [`Schedules`]: whether an origin can have made them fail when they did.

mod arrivals;
mod candidates;
mod cascade;
mod circuit;
mod counters;
mod dictionary;
mod drawn;
mod gates;
mod key_sums;
mod lanes;
mod order;
mod radix_queue;
mod rounds;
mod rows;
mod schedules;
mod stored;
#[cfg(test)]
mod tests;

pub use arrivals::Arrivals;
pub use candidates::Candidates;
pub use cascade::{Cascade, Way};
pub use circuit::{Circuit, Node};
pub use dictionary::{DictionaryWay, Signatures};
pub use drawn::Frequencies;
pub use gates::{Gates, InvalidGates};
pub use schedules::{Fit, Passes, Schedules, Seen, Window};
pub(crate) use stored::{Flaw, StoredCircuit, flaw};
