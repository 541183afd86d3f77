//! When things fail, where interfaces say how long a failure takes to couple across.

use onus_model::{Duration, FaultIndex, InterfaceIndex};
use rustc_hash::FxHashMap;
use serde::Serialize;

use super::{FaultGraph, Node};
use crate::engine::{Arrivals, Passes, Schedules, Window};

/// After how long something fails, counted from the moment at which all the faults are present.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct When {
    /// If every interface takes its shortest time.
    pub earliest: Duration,
    /// If every interface takes its longest.
    pub latest: Duration,
}

impl FaultGraph {
    /// After how long each node fails, every coupling that can couple coupling; `None` where no interface says how long it
    /// takes. Times are whole milliseconds.
    ///
    /// Exact: a node's time never falls when an interface takes longer, so the two ends are reached and everything
    /// lies between them.
    ///
    /// O((V + E) · log of the longest delay).
    pub(crate) fn times(&self, faults: &[FaultIndex]) -> Option<FxHashMap<Node, When>> {
        if self.delayed.is_empty() {
            return None;
        }
        let [shortest, longest] = [true, false].map(|is_shortest| {
            let mut delays = vec![0; self.node_count()];
            for (node, interface) in &self.delayed {
                let (shortest, longest) = self.delay(*interface);
                delays[self.circuit.number(*node)] = if is_shortest { shortest } else { longest };
            }
            let mut arrivals = Arrivals::new(&self.circuit, &delays);
            let events = faults.iter().map(|fault| Self::fault_node(*fault)).chain(self.possible_couplings());
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

    /// Whether any interface takes time.
    pub(crate) fn has_delays(&self) -> bool {
        !self.delayed.is_empty()
    }

    /// The gates that fail later than their inputs, each with its longest delay, in milliseconds.
    pub(crate) fn longest_delays(&self) -> impl Iterator<Item = (Node, u64)> {
        self.delayed.iter().map(|(node, interface)| (*node, self.delay(*interface).1))
    }

    /// When things can have failed, in milliseconds: every coupling that can couple may, but need not. O(V).
    pub(crate) fn schedules(&self) -> Schedules<'_> {
        let mut windows = vec![Window::default(); self.node_count()];
        for (node, interface) in &self.delayed {
            let (shortest, longest) = self.delay(*interface);
            windows[self.circuit.number(*node)] = Window { shortest, longest, ..Window::default() };
        }
        let couplings: Vec<Node> = self.possible_couplings().collect();
        for gate in couplings.iter().flat_map(|event| self.outputs(*event)) {
            windows[self.circuit.number(*gate)].passes = Passes::Perhaps;
        }
        Schedules::new(&self.circuit, &windows, &couplings)
    }

    /// Shortest and longest delay of an interface, in milliseconds.
    fn delay(&self, interface: InterfaceIndex) -> (u64, u64) {
        let delay = &self.topology.interfaces()[interface.index()].delay;
        delay.as_ref().map_or((0, 0), |(shortest, longest)| (shortest.milliseconds(), longest.milliseconds()))
    }
}
