//! When things fail, where interfaces say how long a failure takes to couple across.

use onus_model::{Duration, FaultIndex};
use rustc_hash::FxHashMap;
use serde::Serialize;

use super::{CompiledGraph, FaultGraph, Node};
use crate::engine::{Arrivals, Passes, Schedules, Window};

/// After how long something fails, counted from the moment at which all the faults are present.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct When {
    /// If every interface takes its shortest time.
    pub earliest: Duration,
    /// If every interface takes its longest.
    pub latest: Duration,
}

impl CompiledGraph {
    /// After how long each node fails, every coupling that can couple coupling; `None` where no interface says how long it
    /// takes. Times are whole milliseconds.
    ///
    /// Exact: a node's time never falls when an interface takes longer, so the two ends are reached and everything
    /// lies between them.
    ///
    /// O((V + E) · log of the longest delay).
    pub(super) fn times(&self, faults: &[FaultIndex]) -> Option<FxHashMap<Node, When>> {
        if self.delays.is_empty() {
            return None;
        }
        let [shortest, longest] = [true, false].map(|is_shortest| {
            let mut delays = vec![0; self.circuit.node_count()];
            for delay in &self.delays {
                delays[self.circuit.number(delay.gate)] = if is_shortest { delay.shortest } else { delay.longest };
            }
            let mut arrivals = Arrivals::new(&self.circuit, &delays);
            let events = faults.iter().map(|fault| FaultGraph::fault_node(*fault)).chain(self.possible_couplings());
            let from: Vec<(Node, u64)> = events.map(|event| (event, 0)).collect();
            arrivals.spread(&from).iter().map(|(time, node)| (*node, *time)).collect::<FxHashMap<Node, u64>>()
        });
        let when = |(node, earliest): (&Node, &u64)| {
            // What fails is the same with any delays.
            let latest = longest.get(node)?;
            let [earliest, latest] = [*earliest, *latest].map(Duration::of_milliseconds);
            Some((*node, When { earliest, latest }))
        };
        Some(shortest.iter().filter_map(when).collect())
    }
}

impl FaultGraph {
    /// After how long each node fails; see [`CompiledGraph::times`].
    pub(crate) fn times(&self, faults: &[FaultIndex]) -> Option<FxHashMap<Node, When>> {
        self.compiled.times(faults)
    }

    /// Whether any interface takes time.
    pub(crate) fn has_delays(&self) -> bool {
        !self.compiled.delays.is_empty()
    }

    /// The gates that fail later than their inputs, each with its longest delay, in milliseconds.
    pub(crate) fn longest_delays(&self) -> impl Iterator<Item = (Node, u64)> {
        self.compiled.delays.iter().map(|delay| (delay.gate, delay.longest))
    }

    /// When things can have failed, in milliseconds: every coupling that can couple may, but need not. O(V).
    pub(crate) fn schedules(&self) -> Schedules<'_> {
        let circuit = &self.compiled.circuit;
        let mut windows = vec![Window::default(); self.node_count()];
        for delay in &self.compiled.delays {
            let (shortest, longest) = (delay.shortest, delay.longest);
            windows[circuit.number(delay.gate)] = Window { shortest, longest, ..Window::default() };
        }
        let couplings: Vec<Node> = self.possible_couplings().collect();
        for gate in couplings.iter().flat_map(|event| self.outputs(*event)) {
            windows[circuit.number(*gate)].passes = Passes::Perhaps;
        }
        Schedules::new(circuit, &windows, &couplings)
    }
}
