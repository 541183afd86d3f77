//! The oracle: what an incident means, by enumeration of all its worlds. Slow, plain, and written from the documents.
//!
//! A world says of each fault whether it is present, of each uncertain coupling whether it couples, and of each repair
//! that may have failed whether it worked. Unreliable reports are not worlds of their own: they are factors of the
//! likelihood.

use std::collections::{BTreeMap, BTreeSet};

use onus_model::{Element, FaultIndex, InterfaceIndex, Model, Need, State, Statement, SystemIndex, Target, Time};
use onus_rca::{Evidence, Standing};

/// A set of faults, one bit each.
pub type Mask = usize;

/// What evidence means.
pub struct Oracle {
    /// P(E).
    pub evidence: f64,
    /// By fault.
    pub posterior: Vec<f64>,
    /// By fault.
    pub share: Vec<f64>,
    pub unexplained: f64,
    /// P(exactly these are active, among the faults that bear on the evidence | E), where it is not 0.
    pub sets: BTreeMap<Mask, f64>,
    /// Faults that bear on the evidence.
    pub bearing: Mask,
    /// P(E | exactly these faults), everything else summed out.
    pub likelihood: Vec<f64>,
    /// By the states of all systems before everything and at each time: the part of the worlds that have them.
    pub by_states: BTreeMap<Vec<Vec<bool>>, Part>,
}

/// Some of the worlds that explain the evidence.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// P(part | E).
    pub mass: f64,
    /// Mass times share, by fault.
    pub share: Vec<f64>,
    /// Mass times what is unexplained.
    pub unexplained: f64,
}

/// What is known, taken apart.
pub struct Question<'a> {
    pub model: &'a Model,
    pub items: Vec<(Time, Statement)>,
    ids: Vec<String>,
    /// Which items count as conditions; repairs and changes always do.
    pub counts: Vec<bool>,
    /// Which items somebody only supposes: they are no failures to explain.
    supposed: Vec<bool>,
    /// By fault: what else its prior odds are multiplied by.
    pub factors: Vec<f64>,
}

struct World<'a> {
    present: Mask,
    /// Interfaces that do not couple.
    apart: &'a BTreeSet<InterfaceIndex>,
    /// Items of repairs that failed.
    failed_repairs: &'a BTreeSet<usize>,
}

impl<'a> Question<'a> {
    pub fn new(model: &'a Model, evidence: &Evidence) -> Self {
        let items: Vec<(Time, Statement)> =
            evidence.items().iter().map(|item| (item.at, item.statement.clone())).collect();
        let ids = evidence.items().iter().map(|item| item.id.to_string()).collect();
        let counts = vec![true; items.len()];
        let supposed = evidence.items().iter().map(|item| item.standing == Standing::Supposed).collect();
        let factors = vec![1.0; model.faults().len()];
        Self { model, items, ids, counts, supposed, factors }
    }

    /// The positions of some items.
    pub fn positions(&self, ids: &[String]) -> BTreeSet<usize> {
        (0..self.ids.len()).filter(|at| ids.contains(&self.ids[*at])).collect()
    }

    /// A fault is active on an element at a time: present, and no effective repair of it there has come by then.
    fn active(&self, world: &World<'_>, fault: FaultIndex, element: Element, at: Time) -> bool {
        let gone = self.items.iter().enumerate().any(|(position, (when, statement))| match statement {
            Statement::Repair { target, .. } => {
                let here = *target == Target::Element(element) || *target == Target::Fault(fault);
                here && *when <= at && !world.failed_repairs.contains(&position)
            }
            _ => false,
        });
        world.present & (1 << fault.index()) != 0 && !gone
    }

    /// Which systems have failed at a time: the least fixpoint, from "none has" upwards.
    fn failed(&self, world: &World<'_>, at: Time) -> Vec<bool> {
        let systems = self.model.systems();
        let mut failed = vec![false; systems.len()];
        loop {
            let next: Vec<bool> = systems
                .iter()
                .enumerate()
                .map(|(index, system)| {
                    let here = Element::System(SystemIndex::new(index));
                    system.faults.iter().any(|fault| self.active(world, *fault, here, at))
                        || system.needs.iter().any(|need| !self.holds(need, world, &failed, at))
                })
                .collect();
            if next == failed {
                return failed;
            }
            failed = next;
        }
    }

    fn holds(&self, need: &Need, world: &World<'_>, failed: &[bool], at: Time) -> bool {
        match need {
            Need::Provider(index) => {
                let interface = &self.model.interfaces()[index.index()];
                let couples = !world.apart.contains(index);
                let own = interface.faults.iter().any(|f| self.active(world, *f, Element::Interface(*index), at));
                !(own || (failed[interface.provider.index()] && couples))
            }
            Need::AtLeast { k, of } => {
                of.iter().filter(|need| self.holds(need, world, failed, at)).count() >= *k as usize
            }
        }
    }

    /// P(what was seen | world).
    fn likelihood(&self, world: &World<'_>, states: &BTreeMap<Time, Vec<bool>>) -> f64 {
        let mut likelihood = 1.0;
        for (position, (at, statement)) in self.items.iter().enumerate() {
            if !self.counts[position] {
                continue;
            }
            match statement {
                Statement::Observation { system, state, via } => {
                    let is_failed = states[at][system.index()];
                    let says_failed = *state == State::Failed;
                    let (mut detects, mut false_alarms) = (1.0, 0.0);
                    if let Some(monitor) = via {
                        let monitor = &self.model.monitors()[monitor.index()];
                        (detects, false_alarms) = (monitor.detects.get(), monitor.false_alarms.get());
                        if monitor.runs_on.is_some_and(|host| states[at][host.index()]) {
                            likelihood = 0.0;
                        }
                    }
                    let alarm = if is_failed { detects } else { false_alarms };
                    likelihood *= if says_failed { alarm } else { 1.0 - alarm };
                }
                Statement::Test { fault, present, reliability } => {
                    let elements = &self.model.faults()[fault.index()].elements;
                    let is_present = elements.iter().any(|element| self.active(world, *fault, *element, *at));
                    likelihood *= if is_present == *present { reliability.get() } else { 1.0 - reliability.get() };
                }
                _ => {}
            }
        }
        likelihood
    }

    fn recorded(&self) -> impl Iterator<Item = &(Time, Statement)> {
        self.items.iter().zip(&self.supposed).filter(|(_, supposed)| !**supposed).map(|(item, _)| item)
    }

    /// Prior of each fault, its odds multiplied by the changes that count.
    fn priors(&self) -> Vec<f64> {
        let last_failure = self.recorded().filter(|(_, s)| is_failure(s)).map(|(at, _)| *at).max();
        let faults = self.model.faults();
        let mut priors: Vec<f64> = faults.iter().map(|fault| fault.prior.probability().get()).collect();
        for (at, statement) in &self.items {
            if let Statement::Change { element, causes, odds } = statement
                && last_failure.is_none_or(|last| *at <= last)
            {
                for (fault, p) in faults.iter().zip(&mut priors) {
                    let could = causes.as_ref().is_none_or(|causes| causes.contains(&fault.cause));
                    if could && fault.elements.contains(element) && *p > 0.0 && *p < 1.0 {
                        let changed = *p / (1.0 - *p) * odds;
                        *p = changed / (1.0 + changed);
                    }
                }
            }
        }
        for (p, factor) in priors.iter_mut().zip(&self.factors) {
            *p = *p * factor / (*p * factor + 1.0 - *p);
        }
        priors
    }

    /// All pairs of a fault and an element it sits on from which a system's failure can come: walk the needs.
    fn origins(&self, system: SystemIndex) -> BTreeSet<(FaultIndex, Element)> {
        let mut origins = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut open = vec![system];
        while let Some(system) = open.pop() {
            if !seen.insert(system) {
                continue;
            }
            let own = &self.model.systems()[system.index()];
            origins.extend(own.faults.iter().map(|fault| (*fault, Element::System(system))));
            let mut needs: Vec<&Need> = own.needs.iter().collect();
            while let Some(need) = needs.pop() {
                match need {
                    Need::AtLeast { of, .. } => needs.extend(of),
                    Need::Provider(index) => {
                        let interface = &self.model.interfaces()[index.index()];
                        origins.extend(interface.faults.iter().map(|fault| (*fault, Element::Interface(*index))));
                        open.push(interface.provider);
                    }
                }
            }
        }
        origins
    }

    /// Faults that can bear on what was seen.
    fn bearing(&self) -> Mask {
        let mut mask = 0;
        for (_, statement) in &self.items {
            let systems = match statement {
                Statement::Observation { system, via, .. } => {
                    let host = via.and_then(|monitor| self.model.monitors()[monitor.index()].runs_on);
                    host.into_iter().chain([*system]).collect()
                }
                Statement::Test { fault, .. } => {
                    mask |= 1 << fault.index();
                    Vec::new()
                }
                _ => Vec::new(),
            };
            for system in systems {
                mask |= self.origins(system).into_iter().fold(0, |mask, (fault, _)| mask | 1 << fault.index());
            }
        }
        mask
    }

    /// The failures that want explaining, each with a time. A failure seen twice counts once, unless a repair of anything
    /// it can come from lies between.
    fn failures(&self) -> Vec<(SystemIndex, Time)> {
        let mut found: BTreeMap<(SystemIndex, usize), Time> = BTreeMap::new();
        for (at, statement) in self.recorded() {
            let Statement::Observation { system, state: State::Failed, .. } = statement else { continue };
            let origins = self.origins(*system);
            let repairs: BTreeSet<Time> = self
                .items
                .iter()
                .filter(|(when, statement)| match statement {
                    Statement::Repair { target, .. } if when <= at => origins.iter().any(|(fault, element)| {
                        *target == Target::Fault(*fault) || *target == Target::Element(*element)
                    }),
                    _ => false,
                })
                .map(|(when, _)| *when)
                .collect();
            found.insert((*system, repairs.len()), *at);
        }
        found.into_iter().map(|((system, _), at)| (system, at)).collect()
    }

    pub fn ask(&self) -> Oracle {
        let count = self.model.faults().len();
        let priors = self.priors();
        let failures = self.failures();
        let bearing = self.bearing();
        let couplings: Vec<(InterfaceIndex, f64)> = self
            .model
            .interfaces()
            .iter()
            .enumerate()
            .map(|(at, interface)| (InterfaceIndex::new(at), interface.propagates.get()))
            .filter(|(_, p)| *p < 1.0)
            .collect();
        let repairs: Vec<(usize, f64)> = self
            .items
            .iter()
            .enumerate()
            .filter_map(|(position, (_, statement))| match statement {
                Statement::Repair { effectiveness, .. } if effectiveness.get() < 1.0 => {
                    Some((position, effectiveness.get()))
                }
                _ => None,
            })
            .collect();
        let before: Time = "2000-01-01T00:00:00Z".parse().expect("a time");
        let times: BTreeSet<Time> = self.items.iter().map(|(at, _)| *at).chain([before]).collect();
        let masks = 1 << count;
        let mut oracle = Oracle {
            evidence: 0.0,
            posterior: vec![0.0; count],
            share: vec![0.0; count],
            unexplained: 0.0,
            sets: BTreeMap::new(),
            bearing,
            likelihood: vec![0.0; masks],
            by_states: BTreeMap::new(),
        };
        for rest in 0..1_usize << (couplings.len() + repairs.len()) {
            let mut weight = 1.0;
            let mut apart = BTreeSet::new();
            let mut failed_repairs = BTreeSet::new();
            for (bit, (interface, p)) in couplings.iter().enumerate() {
                let couples = rest & (1 << bit) != 0;
                weight *= if couples { *p } else { 1.0 - p };
                if !couples {
                    apart.insert(*interface);
                }
            }
            for (bit, (repair, p)) in repairs.iter().enumerate() {
                let worked = rest & (1 << (couplings.len() + bit)) != 0;
                weight *= if worked { *p } else { 1.0 - p };
                if !worked {
                    failed_repairs.insert(*repair);
                }
            }
            if weight == 0.0 {
                continue;
            }
            // What each fault set makes fail, and how well it fits what was seen.
            let mut explains = vec![0_usize; masks];
            let mut fits = vec![0.0; masks];
            let mut seen = vec![Vec::new(); masks];
            for present in 0..masks {
                let world = World { present, apart: &apart, failed_repairs: &failed_repairs };
                let states = times.iter().map(|at| (*at, self.failed(&world, *at))).collect::<BTreeMap<_, _>>();
                fits[present] = self.likelihood(&world, &states);
                seen[present] = states.values().cloned().collect();
                explains[present] = failures
                    .iter()
                    .enumerate()
                    .filter(|(_, (system, at))| states[at][system.index()])
                    .fold(0, |mask, (bit, _)| mask | 1 << bit);
            }
            for present in 0..masks {
                oracle.likelihood[present] += weight * fits[present];
                let prior: f64 =
                    (0..count).map(|f| if present & (1 << f) != 0 { priors[f] } else { 1.0 - priors[f] }).product();
                let joint = weight * prior * fits[present];
                if joint > 0.0 {
                    let states = std::mem::take(&mut seen[present]);
                    oracle.add(present, joint, &explains, failures.len(), states);
                }
            }
        }
        oracle.normalise(&priors);
        oracle
    }
}

impl Oracle {
    fn add(&mut self, present: Mask, joint: f64, explains: &[usize], failures: usize, states: Vec<Vec<bool>>) {
        self.evidence += joint;
        *self.sets.entry(present & self.bearing).or_default() += joint;
        let count = self.posterior.len();
        let part = self.by_states.entry(states).or_default();
        part.share.resize(count, 0.0);
        part.mass += joint;
        for fault in 0..count {
            if present & (1 << fault) != 0 {
                self.posterior[fault] += joint;
            }
        }
        if failures == 0 {
            self.unexplained += joint;
            part.unexplained += joint;
            return;
        }
        let value = |set: Mask| f64::from(explains[set].count_ones()) / failures as f64;
        self.unexplained += joint * (1.0 - value(present));
        part.unexplained += joint * (1.0 - value(present));
        for (fault, share) in shapley(present, value) {
            self.share[fault] += joint * share;
            part.share[fault] += joint * share;
        }
    }

    fn normalise(&mut self, priors: &[f64]) {
        let total = self.evidence;
        if total <= 0.0 {
            self.posterior = priors.to_vec();
            self.unexplained = 1.0;
            return;
        }
        self.unexplained /= total;
        for part in self.by_states.values_mut() {
            part.mass /= total;
            part.unexplained /= total;
            part.share.iter_mut().for_each(|share| *share /= total);
        }
        for value in self.posterior.iter_mut().chain(&mut self.share).chain(self.sets.values_mut()) {
            *value /= total;
        }
    }
}

fn is_failure(statement: &Statement) -> bool {
    matches!(statement, Statement::Observation { state: State::Failed, .. })
}

/// Shapley values of the members of a set, by the definition: over all subsets T without i,
/// |T|! (n − |T| − 1)! / n! · (v(T ∪ i) − v(T)).
pub fn shapley(set: Mask, value: impl Fn(Mask) -> f64) -> Vec<(usize, f64)> {
    let members: Vec<usize> = (0..usize::BITS as usize).filter(|bit| set & (1 << bit) != 0).collect();
    let n = members.len();
    let factorial = |n: usize| (1..=n).map(|k| k as f64).product::<f64>();
    let mut result = Vec::with_capacity(n);
    for i in &members {
        let others = set & !(1 << i);
        let mut sum = 0.0;
        let mut subset = others;
        loop {
            let size = subset.count_ones() as usize;
            let gain = value(subset | 1 << i) - value(subset);
            if gain != 0.0 {
                sum += factorial(size) * factorial(n - size - 1) / factorial(n) * gain;
            }
            if subset == 0 {
                break;
            }
            subset = (subset - 1) & others;
        }
        result.push((*i, sum));
    }
    result
}
