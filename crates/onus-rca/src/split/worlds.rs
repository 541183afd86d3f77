//! The incidents an estate can have, as physics alone: which fault sets, how probable, and what fails from each.
//!
//! A *hypothesis* is a set of one fault (or of up to two), weighted by its prior odds Π p/(1 − p): relative to each other,
//! these are the probabilities that exactly this set is present. Uncertain couplings branch it. Only those matter whose
//! provider has failed, so couplings are branched as failure reaches them ([`Maker::branch`]), the most probable branch first.
//!
//! A *world* is what some hypotheses come to that make the same systems fail. Nothing that can be read depends on more than
//! what has failed, so that it loses nothing to keep, of all of them, their weight and their faults' shares in expectation. For
//! single faults that no coupling bears on, the engine's signatures say which are alike before anything is listed.
//!
//! What fails in a world is listed, once a world, and a budget bounds the length of all lists. What does not fit, or what a
//! hypothesis' share of the branches does not reach, is *lost* mass, which widens every figure; the most probable come first.
//! Where no coupling bears on any single fault the worlds need no lists: signatures say which are alike ([`Hypotheses::grouped`]),
//! and who can group what is read likewise loses nothing.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use onus_model::{Element, FaultIndex, SystemIndex};
use rustc_hash::FxHashMap;

use super::SplitOptions;
use crate::engine::{Cascade, Signatures, Way};
use crate::fault_graph::{Couplings, Event, FaultGraph, Node};
use crate::random::key;

/// A fault that is present for certain would have infinite odds; no odds are larger than 10^9.
const LARGEST_ODDS: f64 = 1e9;
/// Branches that a hypothesis may open even where the budget is used up by their number.
const LEAST_BRANCHES: usize = 16;

/// What the hypotheses come to that make the same systems fail: nothing that can be read tells them apart.
pub(super) struct World {
    /// Relative to those of other worlds.
    pub(super) weight: f64,
    /// Each fault's share in the failure of the services, in expectation over the hypotheses; they add up to 1.
    pub(super) shares: Vec<(FaultIndex, f64)>,
    /// The systems that fail, sorted; none where worlds are not listed.
    pub(super) failed: Vec<SystemIndex>,
    /// Whether a service fails.
    pub(super) affects: bool,
    /// The signature of the services that fail.
    pub(super) public: u128,
    /// The first hypothesis in the order of the model, to sort by.
    first: usize,
}

/// All worlds within the budgets.
pub(super) struct Worlds {
    /// Those that fail a service first, then in the order of the model.
    pub(super) all: Vec<World>,
    /// Weight of what was left out.
    pub(super) lost: f64,
    /// How many faults a hypothesis has at most.
    pub(super) faults_at_once: u32,
    /// Hypotheses that fail a service, each with the couplings that matter.
    pub(super) affecting: usize,
}

/// Faults that are present, and nothing else is.
struct Hypothesis {
    /// Its place in the order of the model.
    number: usize,
    weight: f64,
    faults: Vec<FaultIndex>,
}

/// Everything that may be present, and what the engine says of single faults at once.
pub(super) struct Hypotheses<'g> {
    graph: &'g FaultGraph,
    all: Vec<Hypothesis>,
    faults_at_once: u32,
    /// By fault: the signatures of all that fails and of the services that do, if nothing uncertain couples.
    certain: Signatures,
    /// By fault: the signature of all that fails, if all couples that can. `None` where nothing is uncertain.
    possible: Option<Signatures>,
}

/// What is done with worlds whose failed systems would go past the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PastBudget {
    /// They are lost.
    Lost,
    /// No world is listed.
    Stop,
}

impl<'g> Hypotheses<'g> {
    /// O(what [`FaultGraph::signatures`] takes + hypotheses · log).
    pub(super) fn of(graph: &'g FaultGraph, options: &SplitOptions) -> Self {
        let (all, faults_at_once) = hypotheses(graph, options);
        let systems: Vec<SystemIndex> = (0..graph.topology().systems().len()).map(SystemIndex::new).collect();
        let watched = [systems, graph.topology().service_systems()];
        let certain = graph.signatures(&watched, Couplings::Apart);
        let possible = graph.coupling_nodes().next().map(|_| graph.signatures(&watched[..1], Couplings::Couple));
        Self { graph, all, faults_at_once, certain, possible }
    }

    /// The signature of all that fails from a fault, if no coupling bears on it.
    fn decided(&self, fault: FaultIndex) -> Option<u128> {
        let signature = self.certain.of(fault.index())[0];
        let is_certain = |possible: &Signatures| possible.of(fault.index())[0] == signature;
        self.possible.as_ref().is_none_or(is_certain).then_some(signature)
    }

    /// Whether every hypothesis is one fault, on which no coupling bears.
    pub(super) fn are_decided(&self) -> bool {
        self.all.iter().all(|hypothesis| match *hypothesis.faults {
            [fault] => self.decided(fault).is_some(),
            _ => false,
        })
    }

    /// The worlds, each with what fails; `None` if that goes past the budget and it was said to stop there.
    ///
    /// O(what fails in each world), and for hypotheses in which uncertain couplings matter, or of two faults, O(what fails
    /// from each).
    pub(super) fn listed(&self, options: &SplitOptions, past_budget: PastBudget) -> Option<Worlds> {
        let mut maker = Maker::of(self, options);
        for hypothesis in &self.all {
            let signature = match *hypothesis.faults {
                [fault] => self.decided(fault),
                _ => None,
            };
            match signature {
                Some(signature) => maker.decided(hypothesis, signature),
                None => maker.branch(hypothesis),
            }
            if maker.is_full && past_budget == PastBudget::Stop {
                return None;
            }
        }
        Some(maker.finish())
    }

    /// The worlds without what fails in them, where all hypotheses [are decided](Self::are_decided). O(hypotheses).
    pub(super) fn grouped(&self) -> Worlds {
        let mut worlds = Worlds { all: Vec::new(), lost: 0.0, faults_at_once: self.faults_at_once, affecting: 0 };
        let mut known: FxHashMap<u128, usize> = FxHashMap::default();
        for hypothesis in &self.all {
            let [fault] = *hypothesis.faults else { continue };
            let [all, public] = *self.certain.of(fault.index()) else { continue };
            let world = *known.entry(all).or_insert_with(|| {
                worlds.all.push(World::empty(hypothesis, Vec::new(), public != 0, public));
                worlds.all.len() - 1
            });
            worlds.join(world, hypothesis, hypothesis.weight, &[(fault, 1.0)]);
        }
        worlds.finish()
    }
}

impl World {
    fn empty(hypothesis: &Hypothesis, failed: Vec<SystemIndex>, affects: bool, public: u128) -> Self {
        Self { weight: 0.0, shares: Vec::new(), failed, affects, public, first: hypothesis.number }
    }
}

impl Worlds {
    /// One hypothesis more makes just this fail. Until the end, shares are multiplied by their weight.
    fn join(&mut self, world: usize, hypothesis: &Hypothesis, weight: f64, shares: &[(FaultIndex, f64)]) {
        let world = &mut self.all[world];
        world.weight += weight;
        world.shares.extend(shares.iter().map(|(fault, share)| (*fault, weight * share)));
        world.first = world.first.min(hypothesis.number);
        self.affecting += usize::from(world.affects);
    }

    fn finish(mut self) -> Self {
        for world in &mut self.all {
            world.shares.sort_by_key(|(fault, _)| *fault);
            world.shares.dedup_by(|next, kept| {
                let same = next.0 == kept.0;
                kept.1 += if same { next.1 } else { 0.0 };
                same
            });
            // Odds so small that their product is 0 weigh nothing.
            for (_, share) in world.shares.iter_mut().filter(|_| world.weight > 0.0) {
                *share /= world.weight;
            }
        }
        self.all.sort_by_key(|world| (!world.affects, world.first));
        self
    }
}

/// Hypotheses, the most probable first, and how many faults they have at most.
fn hypotheses(graph: &FaultGraph, options: &SplitOptions) -> (Vec<Hypothesis>, u32) {
    let odds: Vec<(FaultIndex, f64)> = (0..graph.topology().faults().len())
        .map(FaultIndex::new)
        .map(|fault| (fault, graph.prior(FaultGraph::fault_node(fault))))
        .filter(|(_, p)| *p > 0.0)
        .map(|(fault, p)| (fault, (p / (1.0 - p)).min(LARGEST_ODDS)))
        .collect();
    let pairs = odds.len() * odds.len().saturating_sub(1) / 2;
    let faults_at_once = if options.faults_at_once >= 2 && pairs <= options.pair_budget { 2 } else { 1 };
    let mut all = Vec::with_capacity(odds.len() + if faults_at_once == 2 { pairs } else { 0 });
    for (at, (fault, weight)) in odds.iter().enumerate() {
        all.push(Hypothesis { number: all.len(), weight: *weight, faults: vec![*fault] });
        if faults_at_once == 2 {
            for (other, factor) in &odds[at + 1..] {
                all.push(Hypothesis { number: all.len(), weight: weight * factor, faults: vec![*fault, *other] });
            }
        }
    }
    all.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    (all, faults_at_once)
}

struct Maker<'g> {
    graph: &'g FaultGraph,
    cascade: Cascade<'g>,
    is_service: Vec<bool>,
    branches: usize,
    /// Failed systems that may still be listed.
    room: usize,
    /// Whether there was no room for some.
    is_full: bool,
    /// By the signature of what fails: the world.
    known: FxHashMap<u128, usize>,
    worlds: Worlds,
}

/// A partial world: the outcomes of some couplings.
struct Open {
    probability: f64,
    /// Which was made first, to break ties.
    number: usize,
    couples: Vec<Node>,
    apart: Vec<Node>,
}

impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Open {}

impl PartialOrd for Open {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Open {
    fn cmp(&self, other: &Self) -> Ordering {
        self.probability.total_cmp(&other.probability).then(other.number.cmp(&self.number))
    }
}

impl<'g> Maker<'g> {
    fn of(hypotheses: &Hypotheses<'g>, options: &SplitOptions) -> Self {
        let graph = hypotheses.graph;
        let mut is_service = vec![false; graph.topology().systems().len()];
        for system in graph.topology().service_systems() {
            is_service[system.index()] = true;
        }
        let faults_at_once = hypotheses.faults_at_once;
        Self {
            graph,
            cascade: Cascade::new(graph.circuit()),
            is_service,
            branches: (options.world_budget / hypotheses.all.len().max(1)).max(LEAST_BRANCHES),
            room: options.failure_budget,
            is_full: false,
            known: FxHashMap::default(),
            worlds: Worlds { all: Vec::new(), lost: 0.0, faults_at_once, affecting: 0 },
        }
    }

    /// Adds a hypothesis that no coupling bears on, given the signature of what fails.
    fn decided(&mut self, hypothesis: &Hypothesis, signature: u128) {
        let shares: Vec<(FaultIndex, f64)> = hypothesis.faults.iter().map(|fault| (*fault, 1.0)).collect();
        if let Some(world) = self.known.get(&signature) {
            self.worlds.join(*world, hypothesis, hypothesis.weight, &shares);
            return;
        }
        self.run(&hypothesis.faults, &[]);
        let failed = self.systems();
        self.add(hypothesis, hypothesis.weight, signature, failed, &shares);
    }

    /// Adds the worlds of one hypothesis, branching on one coupling at a time.
    fn branch(&mut self, hypothesis: &Hypothesis) {
        let first = Open { probability: 1.0, number: 0, couples: Vec::new(), apart: Vec::new() };
        let mut heap = BinaryHeap::from([first]);
        let mut made = 0;
        for _ in 0..self.branches {
            let Some(open) = heap.pop() else { break };
            self.run(&hypothesis.faults, &open.couples);
            // Where shares are asked for, what each fault does alone must be decided too.
            let Some(coupling) = self.undecided(&open.apart, hypothesis.faults.len() > 1) else {
                self.leaf(hypothesis, open.probability, &open.couples);
                continue;
            };
            let p = self.graph.prior(coupling);
            for (probability, couples) in [(p, true), (1.0 - p, false)] {
                if probability > 0.0 {
                    made += 1;
                    let [mut on, mut off] = [open.couples.clone(), open.apart.clone()];
                    (if couples { &mut on } else { &mut off }).push(coupling);
                    let probability = open.probability * probability;
                    heap.push(Open { probability, number: made, couples: on, apart: off });
                }
            }
        }
        self.worlds.lost += hypothesis.weight * heap.into_iter().map(|open| open.probability).sum::<f64>();
    }

    fn leaf(&mut self, hypothesis: &Hypothesis, probability: f64, couples: &[Node]) {
        let failed = self.systems();
        let services = self.services(&failed);
        let shares = match *hypothesis.faults {
            [first, second] if services > 0 => {
                let [a, b] = [first, second].map(|fault| {
                    self.run(&[fault], couples);
                    self.services(&self.systems()) as f64 / services as f64
                });
                // The Shapley value of two players who together explain everything.
                vec![(first, f64::midpoint(a, 1.0 - b)), (second, f64::midpoint(b, 1.0 - a))]
            }
            _ => {
                let share = (hypothesis.faults.len() as f64).recip();
                hypothesis.faults.iter().map(|fault| (*fault, share)).collect()
            }
        };
        let gates: Vec<Node> = failed.iter().map(|system| self.graph.system_gate(*system)).collect();
        let signature = self.graph.circuit().signature(&gates);
        let weight = hypothesis.weight * probability;
        match self.known.get(&signature) {
            Some(world) => self.worlds.join(*world, hypothesis, weight, &shares),
            None => self.add(hypothesis, weight, signature, failed, &shares),
        }
    }

    /// A world of its own, if there is room for it.
    fn add(
        &mut self,
        hypothesis: &Hypothesis,
        weight: f64,
        signature: u128,
        failed: Vec<SystemIndex>,
        shares: &[(FaultIndex, f64)],
    ) {
        let Some(room) = self.room.checked_sub(failed.len()) else {
            self.worlds.lost += weight;
            self.is_full = true;
            return;
        };
        self.room = room;
        let services = failed.iter().filter(|system| self.is_service[system.index()]);
        let (affects, public) = services.fold((false, 0), |(_, sum), system| (true, sum ^ key(system.index())));
        self.known.insert(signature, self.worlds.all.len());
        self.worlds.all.push(World::empty(hypothesis, failed, affects, public));
        self.worlds.join(self.worlds.all.len() - 1, hypothesis, weight, shares);
    }

    fn finish(self) -> Worlds {
        self.worlds.finish()
    }

    /// Spreads failure from some faults, across the couplings that are said to couple.
    fn run(&mut self, faults: &[FaultIndex], couples: &[Node]) {
        let faults = faults.iter().map(|fault| FaultGraph::fault_node(*fault));
        let events: Vec<Node> = faults.chain(couples.iter().copied()).collect();
        self.cascade.spread(&events, Way::Worklist);
    }

    /// The systems that failed, sorted.
    fn systems(&self) -> Vec<SystemIndex> {
        let system = |node: &Node| match self.graph.named(*node) {
            Some(Element::System(system)) => Some(system),
            _ => None,
        };
        let mut systems: Vec<SystemIndex> = self.cascade.in_order().iter().filter_map(system).collect();
        systems.sort_unstable();
        systems
    }

    fn services(&self, failed: &[SystemIndex]) -> usize {
        failed.iter().filter(|system| self.is_service[system.index()]).count()
    }

    /// A coupling whose provider has failed and whose outcome is open; unless `all` are asked for, one that makes a
    /// difference: its consumer is not cut off anyway.
    fn undecided(&self, apart: &[Node], all: bool) -> Option<Node> {
        self.graph.coupling_nodes().next()?;
        let is_open = |node: &&Node| !self.cascade.has_failed(**node);
        for node in self.cascade.in_order() {
            for gate in self.graph.outputs(*node).iter().filter(is_open) {
                let [provider, event] = *self.graph.inputs(*gate) else { continue };
                let is_coupling = matches!(self.graph.event(event), Some(Event::Coupling(_)));
                let matters = || all || self.graph.outputs(*gate).iter().any(|next| is_open(&next));
                if is_coupling && provider == *node && !apart.contains(&event) && matters() {
                    return Some(event);
                }
            }
        }
        None
    }
}
