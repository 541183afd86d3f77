//! What a single failure takes down.
//!
//! A graph whose edges say "fails whenever this fails alone": from a system to its interfaces, from an interface to its
//! provider, from either to the common causes that strike it, from a system to each redundant need. What a redundant need
//! fails with is not known at first: it has no edges. [`Dependence::share`] walks from all its members at once, in step;
//! what is reached from more members than can be spared takes the need down alone, and becomes an edge of it. New edges
//! can only add to what the needs above reach, so those are looked at again until nothing changes: the least fixpoint.
//! A failure then takes a system down exactly if the system reaches it in the finished graph.
//!
//! What is shared stops the walk, for its own needs are shared with it; and what has already been walked behind it is
//! taken back, so that the cost is that of the part that is not shared. Where that is large too, a budget of steps ends
//! the walk, and [`Dependence::unfinished`] counts what was left.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::DfsPostOrder;

use crate::diagnostic::Path;
use crate::id::{FaultIndex, SystemIndex};
use crate::model::{Model, Need};

/// What a node of the graph stands for.
#[derive(Clone, Copy)]
enum What {
    System(SystemIndex),
    CommonCause(FaultIndex),
    /// A need, whose failure nobody would name; only what it fails with counts.
    Need,
}

/// A redundant need: it holds while at least `k` of its members do.
struct Redundancy {
    consumer: SystemIndex,
    path: Path,
    k: usize,
    node: NodeIndex,
    members: Vec<NodeIndex>,
    /// What takes it down alone, as last found.
    shared: Vec<NodeIndex>,
}

/// A redundant need that single failures take down.
pub(super) struct SharedNeed {
    pub(super) consumer: SystemIndex,
    /// Where the need is written.
    pub(super) path: Path,
    pub(super) k: usize,
    pub(super) members: usize,
    /// The nearest systems whose failure alone takes it down; what these need does too.
    pub(super) systems: Vec<SystemIndex>,
    /// The common causes that do.
    pub(super) common_causes: Vec<FaultIndex>,
}

pub(super) struct Dependence {
    graph: DiGraph<What, ()>,
    redundancies: Vec<Redundancy>,
    /// For the redundant needs.
    steps_left: u64,
    /// For later questions.
    walks_left: u64,
    unfinished: usize,
}

impl Dependence {
    /// O(V + E), and at most `steps` each for the redundant needs and for all later questions.
    pub(super) fn of(model: &Model, steps: u64) -> Self {
        let mut dependence = Self {
            graph: DiGraph::default(),
            redundancies: Vec::new(),
            steps_left: steps,
            walks_left: steps,
            unfinished: 0,
        };
        dependence.add_topology(model);
        dependence.close(model);
        dependence
    }

    /// Node `n` is system `n`; interfaces follow, then common causes and redundant needs.
    fn add_topology(&mut self, model: &Model) {
        for system in 0..model.systems().len() {
            self.graph.add_node(What::System(SystemIndex::new(system)));
        }
        for interface in model.interfaces() {
            let node = self.graph.add_node(What::Need);
            if interface.propagates.get() > 0.0 {
                self.graph.add_edge(node, NodeIndex::new(interface.provider.index()), ());
            }
        }
        let systems = model.systems().len();
        for (at, fault) in model.faults().iter().enumerate().filter(|(_, fault)| fault.strikes.is_some()) {
            let node = self.graph.add_node(What::CommonCause(FaultIndex::new(at)));
            for element in &fault.elements {
                let struck = match element {
                    crate::Element::System(system) => system.index(),
                    crate::Element::Interface(interface) => systems + interface.index(),
                };
                self.graph.add_edge(NodeIndex::new(struck), node, ());
            }
        }
        for (at, system) in model.systems().iter().enumerate() {
            let consumer = SystemIndex::new(at);
            let path = Path::default().key("systems").key(system.id.as_str()).key("needs");
            for (item, need) in system.needs.iter().enumerate() {
                let node = self.need_node(systems, consumer, need, &|| path.item(item));
                self.graph.add_edge(NodeIndex::new(at), node, ());
            }
        }
    }

    /// The node of a need, made where it is not that of an interface. Needs nest no deeper than their validation allows,
    /// so recursion is bounded.
    fn need_node(&mut self, systems: usize, consumer: SystemIndex, need: &Need, path: &dyn Fn() -> Path) -> NodeIndex {
        let (k, of) = match need {
            Need::Provider(interface) => return NodeIndex::new(systems + interface.index()),
            Need::AtLeast { k, of } => (*k as usize, of),
        };
        let node = self.graph.add_node(What::Need);
        let path = path();
        let of_path = path.key(if k == 1 { "any" } else { "of" });
        let mut members = Vec::with_capacity(of.len());
        for (item, need) in of.iter().enumerate() {
            members.push(self.need_node(systems, consumer, need, &|| of_path.item(item)));
        }
        if k >= of.len() {
            for member in members {
                self.graph.add_edge(node, member, ());
            }
        } else {
            self.redundancies.push(Redundancy { consumer, path, k, node, members, shared: Vec::new() });
        }
        node
    }

    /// Finds what each redundant need fails with, until nothing changes.
    fn close(&mut self, model: &Model) {
        let by_node: HashMap<NodeIndex, usize> =
            self.redundancies.iter().enumerate().map(|(at, redundancy)| (redundancy.node, at)).collect();
        let mut waiting = self.bottom_up(model);
        let mut is_waiting = vec![true; self.redundancies.len()];
        let mut watchers: HashMap<usize, BTreeSet<usize>> = HashMap::new();
        while let Some(at) = waiting.pop_front() {
            is_waiting[at] = false;
            let Some((shared, passed)) = self.share(at, &by_node) else {
                self.unfinished = waiting.len() + 1;
                return;
            };
            for other in passed {
                watchers.entry(other).or_default().insert(at);
            }
            let node = self.redundancies[at].node;
            let mut is_new = false;
            for cause in &shared {
                if !self.graph.contains_edge(node, *cause) {
                    self.graph.add_edge(node, *cause, ());
                    is_new = true;
                }
            }
            self.redundancies[at].shared = shared;
            if is_new {
                for watcher in watchers.get(&at).into_iter().flatten() {
                    if !std::mem::replace(&mut is_waiting[*watcher], true) {
                        waiting.push_back(*watcher);
                    }
                }
            }
        }
    }

    /// The redundant needs in an order in which, where needs form no cycle, each is looked at once.
    fn bottom_up(&self, model: &Model) -> VecDeque<usize> {
        let mut order = VecDeque::with_capacity(self.redundancies.len());
        let graph = model.graph();
        let mut visit = DfsPostOrder::empty(&graph);
        for system in graph.node_indices() {
            visit.move_to(system);
            while let Some(consumer) = visit.next(&graph) {
                let consumer = SystemIndex::new(consumer.index());
                // They were made system by system, and those inside of others before them.
                let first = self.redundancies.partition_point(|redundancy| redundancy.consumer < consumer);
                let own = self.redundancies[first..].iter().take_while(|redundancy| redundancy.consumer == consumer);
                order.extend(first..first + own.count());
            }
        }
        order
    }

    /// The nearest nodes reached from more members of a redundant need than it can spare, and the other redundant needs
    /// that were passed. `None` if the steps ran out.
    fn share(&mut self, at: usize, by_node: &HashMap<NodeIndex, usize>) -> Option<(Vec<NodeIndex>, Vec<usize>)> {
        let Redundancy { k, members, .. } = &self.redundancies[at];
        let enough = members.len() - k + 1;
        let mut reached: HashSet<(NodeIndex, usize)> = HashSet::new();
        let mut from: HashMap<NodeIndex, usize> = HashMap::new();
        let mut shared = BTreeSet::new();
        // What fails with something shared: it is shared itself, and not the nearest.
        let mut covered: HashSet<NodeIndex> = HashSet::new();
        let mut passed = BTreeSet::new();
        // All members walk in step: a shared need is mostly met before any walk has gone far past it.
        let mut open: VecDeque<(NodeIndex, usize)> = VecDeque::new();
        for (member, node) in members.iter().enumerate() {
            reached.insert((*node, member));
            open.push_back((*node, member));
        }
        while let Some((node, member)) = open.pop_front() {
            self.steps_left = self.steps_left.checked_sub(1)?;
            if shared.contains(&node) || covered.contains(&node) {
                continue;
            }
            let count = from.entry(node).or_default();
            *count += 1;
            let is_named = !matches!(self.graph[node], What::Need);
            if *count >= enough && is_named {
                shared.insert(node);
                let mut behind = vec![node];
                while let Some(node) = behind.pop() {
                    for next in self.graph.neighbors(node) {
                        self.steps_left = self.steps_left.checked_sub(1)?;
                        if covered.insert(next) {
                            shared.remove(&next);
                            if from.contains_key(&next) {
                                behind.push(next);
                            }
                        }
                    }
                }
                // A loop may lead back: what it starts from stays the nearest.
                covered.remove(&node);
                shared.insert(node);
                continue;
            }
            passed.extend(by_node.get(&node));
            for next in self.graph.neighbors(node) {
                self.steps_left = self.steps_left.checked_sub(1)?;
                if !shared.contains(&next) && !covered.contains(&next) && reached.insert((next, member)) {
                    open.push_back((next, member));
                }
            }
        }
        Some((shared.into_iter().collect(), passed.into_iter().collect()))
    }

    /// Those of `candidates` (sorted) whose failure alone takes a system down, itself included. `None` if the steps ran out.
    pub(super) fn taking_down(&mut self, system: SystemIndex, candidates: &[SystemIndex]) -> Option<Vec<SystemIndex>> {
        let start = NodeIndex::new(system.index());
        let mut reached = HashSet::from([start]);
        let mut open = vec![start];
        let mut found = BTreeSet::new();
        while let Some(node) = open.pop() {
            if let What::System(system) = self.graph[node]
                && candidates.binary_search(&system).is_ok()
            {
                found.insert(system);
            }
            for next in self.graph.neighbors(node) {
                self.walks_left = self.walks_left.checked_sub(1)?;
                if reached.insert(next) {
                    open.push(next);
                }
            }
        }
        Some(found.into_iter().collect())
    }

    /// The redundant needs that a single failure takes down, in the order of the model. Where that of the consumer itself
    /// does, because the members depend on it in turn, redundancy is beside the point, and nothing is told.
    pub(super) fn shared(&mut self, model: &Model) -> Vec<SharedNeed> {
        let mut loops = vec![0; model.systems().len()];
        // Kosaraju's algorithm, because petgraph's Tarjan recurses.
        for (at, component) in kosaraju_scc(&model.graph()).into_iter().enumerate() {
            for node in component {
                loops[node.index()] = at;
            }
        }
        let redundancies = std::mem::take(&mut self.redundancies);
        let shared = redundancies.into_iter().filter(|redundancy| !redundancy.shared.is_empty());
        shared
            .filter(|redundancy| !self.is_circular(redundancy, &loops))
            .map(|redundancy| self.told(redundancy))
            .collect()
    }

    /// Whether what a redundant need fails with fails with the consumer. Only what stands in a loop with the consumer can.
    fn is_circular(&self, redundancy: &Redundancy, loops: &[usize]) -> bool {
        let consumer = NodeIndex::new(redundancy.consumer.index());
        let mut reached: HashSet<NodeIndex> = redundancy.shared.iter().copied().collect();
        let mut open = redundancy.shared.clone();
        while let Some(node) = open.pop() {
            if node == consumer {
                return true;
            }
            let leads_on = match self.graph[node] {
                What::System(system) => loops[system.index()] == loops[redundancy.consumer.index()],
                What::CommonCause(_) => false,
                What::Need => true,
            };
            if leads_on {
                open.extend(self.graph.neighbors(node).filter(|next| reached.insert(*next)));
            }
        }
        false
    }

    fn told(&self, redundancy: Redundancy) -> SharedNeed {
        let mut found = SharedNeed {
            consumer: redundancy.consumer,
            path: redundancy.path,
            k: redundancy.k,
            members: redundancy.members.len(),
            systems: Vec::new(),
            common_causes: Vec::new(),
        };
        for node in redundancy.shared {
            match self.graph[node] {
                What::System(system) => found.systems.push(system),
                What::CommonCause(fault) => found.common_causes.push(fault),
                What::Need => {}
            }
        }
        found
    }

    /// How many redundant needs the steps were too few for.
    pub(super) fn unfinished(&self) -> usize {
        self.unfinished
    }
}
