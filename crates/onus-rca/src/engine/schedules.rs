//! Whether a single origin can have made things fail when they did.
//!
//! An origin begins at some moment that nobody knows. Each gate fails within its own window of time after the last input that it takes
//! ([`Window`]); how long it took, nobody knows either. Seen were some nodes that had failed by a time, and some that had not. Is there a
//! start, and a delay within each window, by which all of that is so?
//!
//! **How.** All times are pushed to their earliest. A lower bound for each node (at first, for what still worked: just past that time) and
//! the shortest delays give arrivals, by Dijkstra's algorithm with k-th arrivals. A node that arrives later than its longest delay allows
//! needs its inputs to arrive later: for an OR all of them, which raises their bounds and forces nothing else; for a gate that
//! takes several, some of them, and each choice is tried; one that need not fail at all may also never do. Arrivals are worked out again until nothing needs to be raised. By
//! induction every schedule that fits has all arrivals at these or later, on one of the branches. So if something that was seen
//! failed arrives too late, the branch is dead; and if nothing is left to raise, the arrivals are themselves a schedule that fits. In
//! terms of difference constraints (Bellman 1958) this is the least solution, and the choices are the min-max constraints
//! that make the general problem NP-hard (`McMillan` & Dill 1992); a budget ends it, and then the answer is [`Fit::Undecided`].

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rustc_hash::FxHashMap;

use super::cascade::lacking;
use super::counters::Counters;
use super::{Circuit, Node};

/// How long after its inputs a gate fails, in ticks. The default: at once, and surely.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// At least.
    pub shortest: u64,
    /// At most, if it fails.
    pub longest: u64,
    /// Whether it fails at all.
    pub passes: Passes,
}

/// Whether a gate fails when its inputs have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Passes {
    /// Always.
    #[default]
    Surely,
    /// It may or may not.
    Perhaps,
}

/// Whether a schedule fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// There is one.
    Fits,
    /// There is none.
    Excluded,
    /// The steps were too few to tell.
    Undecided,
}

/// What was seen, and by when an origin must have begun.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Nodes that had failed by a time.
    pub failed: Vec<(Node, i64)>,
    /// Nodes that had not failed by a time.
    pub working: Vec<(Node, i64)>,
    /// The latest time at which the origin can have begun; `None`: any.
    pub begun_by: Option<i64>,
}

/// When a node fails, and when the last input that it takes did.
#[derive(Clone, Copy)]
struct Arrival {
    at: i128,
    ripe: i128,
}

/// The bound of a node that does not fail.
const NEVER: i128 = i128::MAX;

/// Lower bounds by node.
type Bounds = FxHashMap<Node, i128>;

/// A circuit with the windows of its gates, ready to be asked.
///
/// ```
/// use onus_rca::engine::{Circuit, Fit, Gates, Schedules, Seen, Window};
///
/// // 2 fails with 0, 3 to 5 ticks later, and 3 with 1, at once. 4 fails with 2 or 3.
/// let circuit = Circuit::new(Gates::new(vec![1; 5], vec![0, 0, 0, 1, 2, 4], vec![0, 1, 2, 3])?);
/// let mut windows = vec![Window::default(); 5];
/// windows[2] = Window { shortest: 3, longest: 5, ..Window::default() };
/// let schedules = Schedules::new(&circuit, &windows, &[]);
/// let [a, b, last] = [0, 1, 4].map(|gate| circuit.node(gate));
/// // Something has begun by 9. At 10 all works that was looked at, at 12 the last gate has failed.
/// let seen = Seen { failed: vec![(last, 12)], working: vec![(last, 10)], begun_by: Some(9) };
/// assert_eq!(schedules.fit(a, &seen, &mut 1000), Fit::Fits);
/// // What acts at once would have shown by 10.
/// assert_eq!(schedules.fit(b, &seen, &mut 1000), Fit::Excluded);
/// # Ok::<(), onus_rca::engine::InvalidGates>(())
/// ```
#[derive(Clone, Debug)]
pub struct Schedules<'c> {
    circuit: &'c Circuit,
    /// By node.
    windows: Vec<Window>,
    start: Counters,
    /// As long as any way can take.
    span: i128,
}

impl<'c> Schedules<'c> {
    /// `windows` are by the numbers of the circuit's gates; the nodes `given` have failed before everything.
    ///
    /// O(nodes + edges out of what fails by `given`).
    ///
    /// # Panics
    /// If there are not as many windows as nodes.
    pub fn new(circuit: &'c Circuit, windows: &[Window], given: &[Node]) -> Self {
        assert_eq!(windows.len(), circuit.node_count(), "a window for each node");
        let span = windows.iter().map(|window| i128::from(window.longest)).sum();
        let windows = (0..windows.len()).map(|node| windows[circuit.number(Node::new(node))]).collect();
        Self { circuit, windows, start: lacking(circuit, given), span }
    }

    /// Whether an origin alone can have made happen what was seen, at some start and with some delays.
    ///
    /// Each edge gone over takes one of `steps`. O(edges out of what fails · log) for each round of raising; exponential in the number of
    /// gates that take several inputs, or that need not fail, and have to fail late.
    pub fn fit(&self, origin: Node, seen: &Seen, steps: &mut u64) -> Fit {
        let times = seen.failed.iter().chain(&seen.working).map(|(_, time)| *time).chain(seen.begun_by);
        // Early enough that an earlier start makes nothing possible.
        let begin = i128::from(times.min().unwrap_or(0)) - self.span - 1;
        let mut bounds = Bounds::default();
        for (node, time) in &seen.working {
            let bound = bounds.entry(*node).or_insert(i128::MIN);
            *bound = (*bound).max(i128::from(*time) + 1);
        }
        let mut open = vec![bounds];
        while let Some(mut bounds) = open.pop() {
            loop {
                let Some(arrivals) = self.arrivals(origin, begin, &bounds, steps) else { return Fit::Undecided };
                if !is_in_time(origin, seen, &arrivals) {
                    break;
                }
                match self.late(origin, &arrivals, &mut bounds) {
                    Late::Nothing => return Fit::Fits,
                    Late::Raised => {}
                    Late::OneOf(ways) => {
                        for way in ways.into_iter().rev() {
                            let mut bounds = bounds.clone();
                            bounds.extend(way);
                            open.push(bounds);
                        }
                        break;
                    }
                }
            }
        }
        Fit::Excluded
    }

    /// The earliest times at which everything fails that does, none before its bound. `None` if the steps are used up.
    fn arrivals(
        &self,
        origin: Node,
        begin: i128,
        bounds: &Bounds,
        steps: &mut u64,
    ) -> Option<FxHashMap<Node, Arrival>> {
        let bound = |node: Node| bounds.get(&node).copied().unwrap_or(i128::MIN);
        let mut arrivals: FxHashMap<Node, Arrival> = FxHashMap::default();
        let mut lacks: FxHashMap<Node, u32> = FxHashMap::default();
        let mut queue = BinaryHeap::new();
        if self.start.narrow[origin.index()] != 0 {
            let at = begin.max(bound(origin));
            queue.push(Reverse((at, origin, at)));
        }
        while let Some(Reverse((at, node, ripe))) = queue.pop() {
            if arrivals.contains_key(&node) {
                continue;
            }
            arrivals.insert(node, Arrival { at, ripe });
            for gate in self.circuit.outputs(node) {
                *steps = steps.checked_sub(1)?;
                let lacks = lacks.entry(*gate).or_insert_with(|| self.start.lacks(self.circuit, *gate));
                if *lacks == 0 {
                    continue;
                }
                *lacks -= 1;
                if *lacks == 0 {
                    let (earliest, bound) = (at + i128::from(self.windows[gate.index()].shortest), bound(*gate));
                    if bound < NEVER {
                        queue.push(Reverse((earliest.max(bound), *gate, at)));
                    }
                }
            }
        }
        Some(arrivals)
    }

    /// Raises the bounds of inputs that have to arrive later, where there is no choice; else says what the first choice is.
    fn late(&self, origin: Node, arrivals: &FxHashMap<Node, Arrival>, bounds: &mut Bounds) -> Late {
        let mut late: Vec<(Node, i128)> = arrivals
            .iter()
            .filter(|(node, _)| **node != origin)
            .filter_map(|(node, arrival)| {
                let need = arrival.at - i128::from(self.windows[node.index()].longest);
                (arrival.ripe < need).then_some((*node, need))
            })
            .collect();
        late.sort_unstable();
        let mut choice = None;
        let mut raised = false;
        for (node, need) in late {
            let inputs = self.circuit.inputs(node).iter().filter(|input| self.start.narrow[input.index()] != 0);
            let is_early = |input: &Node| arrivals.get(input).is_some_and(|arrival| arrival.at < need);
            let (mut early, others): (Vec<Node>, Vec<Node>) = inputs.copied().partition(is_early);
            // At least so many inputs, however often each is listed, have to arrive no earlier than needed.
            let wanted = early.len() + others.len() + 1 - self.start.lacks(self.circuit, node) as usize;
            let all = early.len() + others.len() == wanted;
            early.sort_unstable();
            early.dedup();
            let raise = |input| (input, need);
            let mut ways: Vec<Vec<(Node, i128)>> = if all {
                vec![early.into_iter().map(raise).collect()]
            } else {
                early.into_iter().map(|input| vec![raise(input)]).collect()
            };
            if self.windows[node.index()].passes == Passes::Perhaps {
                ways.push(vec![(node, NEVER)]);
            }
            match ways.as_mut_slice() {
                [only] => {
                    bounds.extend(only.drain(..));
                    raised = true;
                }
                _ if choice.is_none() => choice = Some(ways),
                _ => {}
            }
        }
        match choice {
            _ if raised => Late::Raised,
            Some(ways) => Late::OneOf(ways),
            None => Late::Nothing,
        }
    }
}

/// What arrives too early for what comes after it.
enum Late {
    Nothing,
    /// Bounds were raised.
    Raised,
    /// The bounds of one of these have to be raised.
    OneOf(Vec<Vec<(Node, i128)>>),
}

fn is_in_time(origin: Node, seen: &Seen, arrivals: &FxHashMap<Node, Arrival>) -> bool {
    let by = |node: &Node, time: i64| arrivals.get(node).is_some_and(|arrival| arrival.at <= i128::from(time));
    seen.failed.iter().all(|(node, time)| by(node, *time)) && seen.begun_by.is_none_or(|time| by(&origin, time))
}
