//! What can be read of an incident, as physics alone: who reads it and what contracts exist is not known here.
//!
//! A *channel* is either a monitor's report on one system it watches, or a look at a system that no monitor watches; each gives
//! an alarm or none. A report gives one with probability `detects` if the system has failed and with `false_alarms` if it
//! works; a monitor whose own host has failed gives none, and its silence reads as none. A look is never wrong.
//!
//! An *incident* here is a world that fails a service, with the readings of all channels. Channels that are certain in every
//! world make one incident of each world; uncertain ones are expanded into all their readings while the budget lasts
//! ([`Readings::Exact`]), and past it incidents are drawn ([`Readings::Sampled`]).

use onus_model::{MonitorIndex, SystemIndex, Topology};
use serde::Serialize;

use super::SplitOptions;
use super::worlds::{World, Worlds};
use crate::fault_graph::FaultGraph;
use crate::random::{Random, key};

/// Drawn incidents times worlds, each of which is a step for every view.
const DRAWN: u64 = 20_000_000;
/// Incidents that may be drawn however many worlds there are.
const FEWEST_DRAWN: u64 = 1_000;

/// Readings that are left out: none; and where they do not fit so, those less probable than this, given their world.
const CUTOFFS: [f64; 5] = [0.0, 1e-11, 1e-9, 1e-8, 1e-7];
/// Probability of all readings that are left out, at most; else incidents are drawn.
const MOST_LOST: f64 = 1e-4;

/// How the readings of an estate's monitors were counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Readings {
    /// All of them, or all but what [`Incidents::lost`](super::Incidents::lost) allows for.
    Exact,
    /// Some, drawn at random.
    Sampled,
}

/// One thing that can be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Channel {
    pub(super) system: SystemIndex,
    /// Who reports it; `None` for a look.
    pub(super) monitor: Option<MonitorIndex>,
}

/// Lists in compressed rows.
#[derive(Clone, Debug)]
pub(super) struct Rows<T> {
    starts: Vec<usize>,
    entries: Vec<T>,
}

impl<T> Rows<T> {
    pub(super) fn new() -> Self {
        Self { starts: vec![0], entries: Vec::new() }
    }

    pub(super) fn push(&mut self, row: impl IntoIterator<Item = T>) {
        self.entries.extend(row);
        self.starts.push(self.entries.len());
    }

    pub(super) fn row(&self, row: usize) -> &[T] {
        &self.entries[self.starts[row]..self.starts[row + 1]]
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }
}

impl Rows<u32> {
    /// Which rows list each number below `count`.
    fn inverted(&self, count: usize) -> Self {
        let mut starts = vec![0_usize; count + 1];
        for entry in &self.entries {
            starts[*entry as usize + 1] += 1;
        }
        for at in 0..count {
            starts[at + 1] += starts[at];
        }
        let (mut fill, mut entries) = (starts.clone(), vec![0; self.entries.len()]);
        for row in 0..self.len() {
            for entry in self.row(row) {
                entries[fill[*entry as usize]] = row as u32;
                fill[*entry as usize] += 1;
            }
        }
        Self { starts, entries }
    }
}

/// The incidents that an estate can have and what can be read of each: physics, made once, judged under any contracts.
pub struct FaultDictionary {
    pub(super) channels: Vec<Channel>,
    /// The worlds that fail a service come first; their weights, alone, add up to 1.
    pub(super) worlds: Vec<World>,
    pub(super) affecting: usize,
    /// Fault sets, each with the couplings that matter, that fail a service: several may be one world.
    pub(super) fault_sets: usize,
    /// Faults of the topology.
    pub(super) faults: usize,
    /// By affecting world: which services have failed, as a number.
    pub(super) class: Vec<u32>,
    pub(super) classes: usize,
    /// By affecting world, where incidents are drawn: the channels that read otherwise there than if all worked, with the
    /// probability of an alarm.
    pub(super) deviations: Rows<(u32, f64)>,
    /// By channel: the probability of an alarm if all works.
    pub(super) idle: Vec<f64>,
    /// By world: the probability that a monitor reports some failure.
    pub(super) reported: Vec<f64>,
    pub(super) incidents: Drawn,
    /// Upper bound of the probability that an incident is none of the worlds.
    pub(super) lost: f64,
    pub(super) faults_at_once: u32,
}

/// Incidents with their readings.
pub(super) enum Drawn {
    /// All there are.
    All {
        /// By incident.
        weight: Vec<f64>,
        /// By incident.
        world: Vec<u32>,
        /// The incidents in which a channel gives an alarm, by channel.
        alarmed: Rows<u32>,
        /// Whether some readings were uncertain.
        noisy: bool,
    },
    /// Each as probable as any other.
    Some {
        /// By incident.
        world: Vec<u32>,
        /// Channels that give an alarm, sorted, by incident.
        alarms: Rows<u32>,
    },
}

impl FaultDictionary {
    /// Spreads every fault and lists what can be read of it. No contract is looked at.
    ///
    /// O(hypotheses · what fails from each), and the readings up to `reading_budget` or `samples`.
    pub fn of(graph: &FaultGraph, options: &SplitOptions) -> Self {
        let topology = graph.topology();
        let Worlds { mut all, lost, faults_at_once, affecting: fault_sets } = Worlds::of(graph, options);
        let affecting = all.partition_point(|world| world.affects);
        let mass: f64 = all[..affecting].iter().map(|world| world.weight).sum();
        for world in &mut all {
            world.weight /= if mass > 0.0 { mass } else { 1.0 };
        }
        let mut is_service = vec![false; topology.systems().len()];
        for system in topology.service_systems() {
            is_service[system.index()] = true;
        }
        let services = |world: &World| signature(world.failed.iter().filter(|system| is_service[system.index()]));
        let (class, classes) = numbered(all[..affecting].iter().map(services));
        let physics = Physics::of(topology);
        let silent =
            |world: &World| -> f64 { physics.failures(world).map(|channel| 1.0 - physics.detects(channel)).product() };
        let reported = all.iter().map(|world| 1.0 - silent(world)).collect();
        let mut dictionary = Self {
            channels: physics.channels.clone(),
            worlds: all,
            affecting,
            fault_sets,
            faults: topology.faults().len(),
            class,
            classes,
            deviations: Rows::new(),
            idle: physics.idle.clone(),
            reported,
            incidents: Drawn::Some { world: Vec::new(), alarms: Rows::new() },
            lost: if lost > 0.0 { lost / (mass + lost) } else { 0.0 },
            faults_at_once,
        };
        let expanded = dictionary.expanded(&physics, options.reading_budget);
        let (incidents, left_out) = expanded.unwrap_or_else(|| {
            for world in &dictionary.worlds[..affecting] {
                dictionary.deviations.push(physics.deviations(world));
            }
            (dictionary.drawn(options), 0.0)
        });
        dictionary.incidents = incidents;
        dictionary.lost += (1.0 - dictionary.lost) * left_out;
        dictionary
    }

    /// How the readings were counted.
    pub fn readings(&self) -> Readings {
        match self.incidents {
            Drawn::All { .. } => Readings::Exact,
            Drawn::Some { .. } => Readings::Sampled,
        }
    }

    /// Readings listed, or incidents drawn.
    pub(super) fn count(&self) -> usize {
        match &self.incidents {
            Drawn::All { weight, .. } => weight.len(),
            Drawn::Some { world, .. } => world.len(),
        }
    }

    /// The probabilities of an alarm in a world, of the channels where it is not 0, given which deviate.
    fn alarms(&self, own: &[(u32, f64)], noisy_idle: &[u32]) -> Vec<(u32, f64)> {
        let idle = noisy_idle.iter().filter(|channel| own.binary_search_by_key(*channel, |(c, _)| *c).is_err());
        let mut all: Vec<(u32, f64)> = idle.map(|channel| (*channel, self.idle[*channel as usize])).collect();
        all.extend(own.iter().filter(|(_, p)| *p > 0.0));
        all.sort_unstable_by_key(|(channel, _)| *channel);
        all
    }

    fn idle_alarms(&self) -> Vec<u32> {
        (0..self.idle.len() as u32).filter(|channel| self.idle[*channel as usize] > 0.0).collect()
    }

    /// The readings of all worlds, and the probability of those left out: all of them if they are no more than so many, else
    /// all but such as are improbable; none, if too much would be left out.
    fn expanded(&self, physics: &Physics<'_>, budget: usize) -> Option<(Drawn, f64)> {
        CUTOFFS.into_iter().find_map(|cutoff| self.expanded_above(cutoff, physics, budget))
    }

    /// Leaves out readings that are less probable, given their world, than `cutoff`.
    fn expanded_above(&self, cutoff: f64, physics: &Physics<'_>, budget: usize) -> Option<(Drawn, f64)> {
        let idle = self.idle_alarms();
        let (mut weight, mut world_of, mut noisy) = (Vec::new(), Vec::new(), false);
        let mut alarms: Rows<u32> = Rows::new();
        for world in 0..self.affecting {
            let readings = self.alarms(&physics.deviations(&self.worlds[world]), &idle);
            let (certain, uncertain): (Vec<_>, Vec<_>) = readings.into_iter().partition(|(_, p)| *p >= 1.0);
            let certain: Vec<u32> = certain.iter().map(|(channel, _)| *channel).collect();
            noisy |= !uncertain.is_empty();
            // A part of a reading is no less probable than the whole, so what is cut off stays off.
            let mut partial: Vec<(f64, Vec<u32>)> = vec![(1.0, certain)];
            for (channel, p) in uncertain {
                let mut longer = Vec::with_capacity(2 * partial.len());
                for (probability, row) in partial {
                    if probability * p > cutoff {
                        let alarm: Vec<u32> = row.iter().copied().chain([channel]).collect();
                        longer.push((probability * p, alarm));
                    }
                    if probability * (1.0 - p) > cutoff {
                        longer.push((probability * (1.0 - p), row));
                    }
                }
                partial = longer;
                if weight.len() + partial.len() > budget {
                    return None;
                }
            }
            for (probability, row) in partial {
                weight.push(self.worlds[world].weight * probability);
                world_of.push(world as u32);
                alarms.push(row);
            }
            if weight.len() > budget {
                return None;
            }
        }
        let listed: f64 = weight.iter().sum();
        let lost = if cutoff > 0.0 { (1.0 - listed).max(0.0) } else { 0.0 };
        if lost > MOST_LOST {
            return None;
        }
        if cutoff > 0.0 {
            for weight in &mut weight {
                *weight /= listed;
            }
        }
        let alarmed = alarms.inverted(self.channels.len());
        Some((Drawn::All { weight, world: world_of, alarmed, noisy }, lost))
    }

    fn drawn(&self, options: &SplitOptions) -> Drawn {
        let mut random = Random(options.seed);
        let sums: Vec<f64> = self.worlds[..self.affecting]
            .iter()
            .scan(0.0, |sum, world| {
                *sum += world.weight;
                Some(*sum)
            })
            .collect();
        let idle = self.idle_alarms();
        let (mut world_of, mut alarms) = (Vec::new(), Rows::new());
        let most = (DRAWN / self.affecting.max(1) as u64).max(FEWEST_DRAWN);
        for _ in 0..options.samples.clamp(2, most) {
            let at = random.unit() * sums.last().copied().unwrap_or(0.0);
            let world = sums.partition_point(|sum| *sum <= at).min(self.affecting - 1);
            let readings = self.alarms(self.deviations.row(world), &idle);
            let row: Vec<u32> =
                readings.iter().filter(|(_, p)| random.unit() < *p).map(|(channel, _)| *channel).collect();
            world_of.push(world as u32);
            alarms.push(row);
        }
        Drawn::Some { world: world_of, alarms }
    }
}

/// The channels of a topology.
struct Physics<'t> {
    topology: &'t Topology,
    channels: Vec<Channel>,
    idle: Vec<f64>,
    /// By system: the channels about it.
    about: Rows<u32>,
    /// By system: the channels of the monitors that run on it.
    hosted: Rows<u32>,
}

impl<'t> Physics<'t> {
    fn of(topology: &'t Topology) -> Self {
        let systems = topology.systems().len();
        let mut channels = Vec::new();
        for (at, monitor) in topology.monitors().iter().enumerate() {
            let monitor_index = Some(MonitorIndex::new(at));
            channels.extend(monitor.watches.iter().map(|system| Channel { system: *system, monitor: monitor_index }));
        }
        let mut is_watched = vec![false; systems];
        for channel in &channels {
            is_watched[channel.system.index()] = true;
        }
        let unwatched = (0..systems).filter(|system| !is_watched[*system]);
        channels.extend(unwatched.map(|system| Channel { system: SystemIndex::new(system), monitor: None }));
        let monitor = |channel: &Channel| channel.monitor.map(|monitor| &topology.monitors()[monitor.index()]);
        let idle = channels.iter().map(|channel| monitor(channel).map_or(0.0, |m| m.false_alarms.get())).collect();
        let mut subject: Rows<u32> = Rows::new();
        let mut host: Rows<u32> = Rows::new();
        for channel in &channels {
            subject.push([channel.system.index() as u32]);
            host.push(monitor(channel).and_then(|m| m.runs_on).map(|host| host.index() as u32));
        }
        Self { topology, about: subject.inverted(systems), hosted: host.inverted(systems), channels, idle }
    }

    fn detects(&self, channel: u32) -> f64 {
        let monitor = self.channels[channel as usize].monitor;
        monitor.map_or(1.0, |monitor| self.topology.monitors()[monitor.index()].detects.get())
    }

    fn is_silent(&self, channel: u32, world: &World) -> bool {
        let monitor = self.channels[channel as usize].monitor;
        let host = monitor.and_then(|monitor| self.topology.monitors()[monitor.index()].runs_on);
        host.is_some_and(|host| world.failed.binary_search(&host).is_ok())
    }

    /// The reports that can tell of a failure in a world.
    fn failures(&self, world: &World) -> impl Iterator<Item = u32> {
        let about = world.failed.iter().flat_map(|system| self.about.row(system.index())).copied();
        let reports = about.filter(|channel| self.channels[*channel as usize].monitor.is_some());
        reports.filter(|channel| !self.is_silent(*channel, world))
    }

    /// The channels that read otherwise than if all worked, sorted, with the probability of an alarm.
    fn deviations(&self, world: &World) -> Vec<(u32, f64)> {
        let mut readings: Vec<(u32, f64)> = Vec::new();
        for system in &world.failed {
            for channel in self.about.row(system.index()).iter().filter(|channel| !self.is_silent(**channel, world)) {
                readings.push((*channel, self.detects(*channel)));
            }
            readings.extend(self.hosted.row(system.index()).iter().map(|channel| (*channel, 0.0)));
        }
        readings.sort_unstable_by_key(|(channel, _)| *channel);
        readings.retain(|(channel, p)| (p - self.idle[*channel as usize]).abs() > 0.0);
        readings
    }
}

/// The signature of a set of systems.
fn signature<'s>(systems: impl Iterator<Item = &'s SystemIndex>) -> u128 {
    systems.fold(0, |sum, system| sum ^ key(system.index()))
}

/// Numbers 0, 1, … for equal keys, in the order of their first appearance; and how many there are.
fn numbered(keys: impl Iterator<Item = u128>) -> (Vec<u32>, usize) {
    let mut known: rustc_hash::FxHashMap<u128, u32> = rustc_hash::FxHashMap::default();
    let numbers = keys
        .map(|key| {
            let next = known.len() as u32;
            *known.entry(key).or_insert(next)
        })
        .collect();
    (numbers, known.len())
}
