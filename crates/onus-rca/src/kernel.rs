//! The decision-diagram kernel on its own, to be measured (`benches/kernel.rs`). No part of the library's interface: it is
//! compiled with the feature `bench` alone, hidden, and may change at any time.

use onus_model::SystemIndex;

use crate::case::Case;
use crate::encode::{Encoded, encode};
use crate::fault_graph::FaultGraph;
use crate::network::Network;

/// The failure of a system as a network, before any diagram.
pub struct Failure(Network);

/// Its diagram.
pub struct Built(Encoded);

impl Failure {
    /// The failure of one system.
    pub fn of(graph: &FaultGraph, system: SystemIndex) -> Self {
        Self(Network::of(&Case::of_failures(graph, &[system])))
    }

    /// Builds the diagram; `None` if it takes more nodes than the budget.
    pub fn build(&self, node_budget: usize) -> Option<Built> {
        encode(&self.0, node_budget).ok().map(Built)
    }
}

impl Built {
    /// Nodes made on the way, in the order that was kept.
    pub fn nodes(&self) -> usize {
        self.0.manager.statistics().nodes
    }

    /// Nodes of the diagram of the failure.
    pub fn size(&self) -> usize {
        self.0.diagram(self.0.evidence).len()
    }

    /// Part of the look-ups in the operation cache that found their result.
    pub fn hit_rate(&self) -> f64 {
        let statistics = self.0.manager.statistics();
        statistics.hits as f64 / statistics.lookups as f64
    }

    /// The passes up and down over the diagram: all marginals. Returns the probability of the failure.
    pub fn weigh(&self) -> f64 {
        self.0.diagram(self.0.evidence).marginals(&self.0.probability).total
    }
}
