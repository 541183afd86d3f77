//! What can be read of an incident, as physics alone: who reads it and what contracts exist is not known here.
//!
//! A *channel* is either a monitor's report on one system it watches, or a look at a system that no monitor watches; each gives
//! an alarm or none. A report gives one with probability `detects` if the system has failed and with `false_alarms` if it
//! works; a monitor whose own host has failed gives none, and its silence reads as none. A look is never wrong.
//!
//! An *incident* here is a world that fails a service, with the readings of all channels. Channels that are certain in every
//! world make one incident of each world; what is read then needs no list of what fails, and where that list would be too long,
//! signatures take its place (`grouped`). Uncertain channels are expanded into all their readings while the budget lasts
//! ([`Readings::Exact`]), and past it incidents are drawn ([`Readings::Sampled`], `draws`).

use serde::Serialize;

use super::SplitOptions;
use super::draws::Draws;
use super::grouped::Grouped;
use super::physics::{Channel, Physics};
use super::rows::Rows;
use super::worlds::{Hypotheses, PastBudget, World, Worlds};
use crate::fault_graph::FaultGraph;

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
    /// By world that fails no service: the probability that a monitor reports some failure.
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
    /// All there are: one for each world, with what is read of it worked out when asked for.
    Grouped(Box<Grouped>),
    /// Each as probable as any other.
    Some(Draws),
}

impl FaultDictionary {
    /// Spreads every fault and lists what can be read of it. No contract is looked at.
    ///
    /// O(hypotheses · what fails from each), and the readings up to `reading_budget` or `samples`; where no reading is uncertain
    /// and no coupling either, and what fails goes past `failure_budget`, O(what [`FaultGraph::signatures`] takes).
    pub fn of(graph: &FaultGraph, options: &SplitOptions) -> Self {
        let topology = graph.topology();
        let (hypotheses, physics) = (Hypotheses::of(graph, options), Physics::of(topology));
        let can_group =
            physics.is_certain() && hypotheses.are_decided() && Grouped::fits(&physics, topology.faults().len());
        let past_budget = if can_group { PastBudget::Stop } else { PastBudget::Lost };
        let listed = hypotheses.listed(options, past_budget);
        let is_listed = listed.is_some();
        let Worlds { mut all, lost, faults_at_once, affecting: fault_sets } =
            listed.unwrap_or_else(|| hypotheses.grouped());
        let affecting = all.partition_point(|world| world.affects);
        let mass: f64 = all[..affecting].iter().map(|world| world.weight).sum();
        for world in &mut all {
            world.weight /= if mass > 0.0 { mass } else { 1.0 };
        }
        let (class, classes) = numbered(all[..affecting].iter().map(|world| world.public));
        let mut dictionary = Self {
            channels: physics.channels.clone(),
            worlds: all,
            affecting,
            fault_sets,
            faults: topology.faults().len(),
            class,
            classes,
            reported: Vec::new(),
            incidents: Drawn::Some(Draws { count: 0, rivals: Vec::new() }),
            lost: if lost > 0.0 { lost / (mass + lost) } else { 0.0 },
            faults_at_once,
        };
        if is_listed {
            dictionary.read(&physics, options);
        } else {
            let grouped = Grouped::of(graph, &physics, &dictionary.worlds);
            dictionary.reported = grouped.reported(&physics);
            dictionary.incidents = Drawn::Grouped(Box::new(grouped));
        }
        dictionary
    }

    /// Reads the worlds whose failures are listed.
    fn read(&mut self, physics: &Physics<'_>, options: &SplitOptions) {
        let silent = |world: &World| -> f64 {
            physics.failures(&world.failed).map(|channel| 1.0 - physics.detects(channel)).product()
        };
        self.reported = self.worlds[self.affecting..].iter().map(|world| 1.0 - silent(world)).collect();
        // What is certain is not expanded.
        let budget = if physics.is_certain() { usize::MAX } else { options.reading_budget };
        let (incidents, left_out) = self.expanded(physics, budget).unwrap_or_else(|| {
            (Drawn::Some(Draws::of(&self.worlds[..self.affecting], &self.class, physics, options)), 0.0)
        });
        self.incidents = incidents;
        self.lost += (1.0 - self.lost) * left_out;
    }

    /// How the readings were counted.
    pub fn readings(&self) -> Readings {
        match self.incidents {
            Drawn::All { .. } | Drawn::Grouped(_) => Readings::Exact,
            Drawn::Some(_) => Readings::Sampled,
        }
    }

    /// Readings listed, or incidents drawn.
    pub(super) fn count(&self) -> usize {
        match &self.incidents {
            Drawn::All { weight, .. } => weight.len(),
            Drawn::Grouped(_) => self.affecting,
            Drawn::Some(draws) => draws.count,
        }
    }

    /// By system: the probability that it fails in an incident. O(Σ what fails).
    pub(super) fn failing(&self, systems: usize) -> Vec<f64> {
        if let Drawn::Grouped(grouped) = &self.incidents {
            return grouped.failing(&self.worlds);
        }
        let mut fails = vec![0.0; systems];
        for world in &self.worlds[..self.affecting] {
            for system in &world.failed {
                fails[system.index()] += world.weight;
            }
        }
        fails
    }

    /// The readings of all worlds, and the probability of those left out: all of them if they are no more than so many, else
    /// all but such as are improbable; none, if too much would be left out.
    fn expanded(&self, physics: &Physics<'_>, budget: usize) -> Option<(Drawn, f64)> {
        CUTOFFS.into_iter().find_map(|cutoff| self.expanded_above(cutoff, physics, budget))
    }

    /// Whether the readings above a cutoff are few enough, and those below improbable enough, counted before any is listed: it ends
    /// at the first worlds where there are many channels.
    fn can_expand(&self, cutoff: f64, physics: &Physics<'_>, noisy: &[u32], budget: usize) -> bool {
        let (mut left, mut lost) = (budget, 0.0);
        self.worlds[..self.affecting].iter().all(|world| {
            let mut uncertain = physics.alarms(&physics.deviations(&world.failed), noisy);
            uncertain.retain(|(_, p)| *p < 1.0);
            let (count, probability) = above(cutoff, &uncertain, left);
            lost += world.weight * (1.0 - probability);
            let fits = count <= left;
            left = left.saturating_sub(count);
            fits && (cutoff <= 0.0 || lost <= MOST_LOST)
        })
    }

    /// Leaves out readings that are less probable, given their world, than `cutoff`.
    fn expanded_above(&self, cutoff: f64, physics: &Physics<'_>, budget: usize) -> Option<(Drawn, f64)> {
        let noisy_channels = physics.noisy();
        if !self.can_expand(cutoff, physics, &noisy_channels, budget) {
            return None;
        }
        let (mut weight, mut world_of, mut noisy) = (Vec::new(), Vec::new(), false);
        let mut alarms: Rows<u32> = Rows::new();
        for world in 0..self.affecting {
            let readings = physics.alarms(&physics.deviations(&self.worlds[world].failed), &noisy_channels);
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
}

/// How many readings of independent channels, given the probability of an alarm of each, are more probable than a cutoff, and how
/// probable they are together; no more are counted than one past the budget.
///
/// Every reading is the most probable one with some channels the other way, each of which costs a factor. The least costly
/// come first, so that a search by depth meets nothing but what it counts. O(channels · log channels + budget).
pub(super) fn above(cutoff: f64, uncertain: &[(u32, f64)], budget: usize) -> (usize, f64) {
    let most: f64 = uncertain.iter().map(|(_, p)| p.max(1.0 - p)).product();
    let mut factors: Vec<f64> = uncertain.iter().map(|(_, p)| p.min(1.0 - p) / p.max(1.0 - p)).collect();
    factors.sort_unstable_by(|a, b| b.total_cmp(a));
    if most <= cutoff {
        return (0, 0.0);
    }
    // Readings, each with the first channel that may still be turned.
    let (mut open, mut count, mut sum) = (vec![(most, 0)], 1, most);
    while let Some((probability, first)) = open.pop() {
        for (at, factor) in factors.iter().enumerate().skip(first) {
            let turned = probability * factor;
            if turned <= cutoff {
                break;
            }
            count += 1;
            sum += turned;
            if count > budget {
                return (count, sum);
            }
            open.push((turned, at + 1));
        }
    }
    (count, sum)
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
