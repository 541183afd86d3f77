//! The model as petgraph graphs, for walking and for handing to other tools.
//!
//! Direction is the classic mistake here: an edge goes from the dependent to what it depends on. Failure travels the
//! other way.

use std::collections::BTreeMap;

use petgraph::graph::{DiGraph, NodeIndex, UnGraph};

use crate::id::{ContractorIndex, InterfaceIndex, SystemIndex};
use crate::model::Model;
use crate::quantity::Date;

impl Model {
    /// Systems as nodes, interfaces as edges **dependent → dependency**. Node `n` is system `n`, edge `e` is interface
    /// `e`. Whether a need is redundant is not in this graph; see [`System::needs`](crate::System::needs).
    ///
    /// O(V + E).
    ///
    /// ```
    /// use onus_model::document::{Model, System};
    ///
    /// let model = Model::new("Two").system("portal", System::new().needs("db")).system("db", System::new()).build()?;
    /// let graph = model.graph();
    /// let edge = graph.raw_edges().first().unwrap();
    /// let name = |node: petgraph::graph::NodeIndex| model.systems()[graph[node].index()].id.as_str();
    /// assert_eq!((name(edge.source()), name(edge.target())), ("portal", "db"));
    /// # Ok::<(), onus_model::Error>(())
    /// ```
    pub fn graph(&self) -> DiGraph<SystemIndex, InterfaceIndex> {
        let mut graph = DiGraph::with_capacity(self.systems().len(), self.interfaces().len());
        for system in 0..self.systems().len() {
            graph.add_node(SystemIndex::new(system));
        }
        for (at, interface) in self.interfaces().iter().enumerate() {
            let [consumer, provider] = [interface.consumer, interface.provider].map(|s| NodeIndex::new(s.index()));
            graph.add_edge(consumer, provider, InterfaceIndex::new(at));
        }
        graph
    }

    /// Contractors as nodes, joined by an edge where they have seams between them on that day; the edge holds those
    /// interfaces. Node `n` is contractor `n`.
    ///
    /// O(V + E + duties).
    pub fn contracts_graph(&self, day: Option<Date>) -> UnGraph<ContractorIndex, Vec<InterfaceIndex>> {
        let mut graph = UnGraph::default();
        for contractor in 0..self.contractors().len() {
            graph.add_node(ContractorIndex::new(contractor));
        }
        let mut between: BTreeMap<(ContractorIndex, ContractorIndex), Vec<InterfaceIndex>> = BTreeMap::new();
        for seam in self.seams(day) {
            for consumer in &seam.consumer {
                for provider in seam.provider.iter().filter(|provider| *provider != consumer) {
                    let pair = (*consumer.min(provider), *consumer.max(provider));
                    let interfaces = between.entry(pair).or_default();
                    if interfaces.last() != Some(&seam.interface) {
                        interfaces.push(seam.interface);
                    }
                }
            }
        }
        for ((a, b), interfaces) in between {
            graph.add_edge(NodeIndex::new(a.index()), NodeIndex::new(b.index()), interfaces);
        }
        graph
    }
}
