//! Drawn incidents, each with what else could have been behind it.
//!
//! An incident is a world with what every channel reads of it. What is public leaves only worlds that fail the same services:
//! its *rivals*. Most channels read alike, in probability, in all of them (the way from their faults to the services is
//! mostly the same), and say nothing. So of each such group of worlds only the channels that differ are kept, each with what is *usual*
//! in the group, and of each world only where it is unusual; of each incident, where a channel does not read what is
//! usually expected. That is all a posterior needs, for every view and under every contract, so that it is made once.

use super::SplitOptions;
use super::physics::Physics;
use super::rows::Rows;
use super::worlds::World;
use crate::random::Random;

/// Drawn incidents times worlds.
const DRAWN: u64 = 20_000_000;
/// Incidents that may be drawn however many worlds there are.
const FEWEST_DRAWN: u64 = 1_000;

/// Incidents that were drawn.
pub(super) struct Draws {
    /// How many.
    pub(super) count: usize,
    /// What is public in at least one of them, each with its incidents.
    pub(super) rivals: Vec<Rivals>,
}

/// What a reading does to a likelihood, as a factor: whether it makes it 0, and the logarithm of the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Change {
    /// Impossible readings that come with it, less those that go.
    pub(super) zeros: i32,
    /// Logarithm of what is not impossible.
    pub(super) log: f64,
}

impl Change {
    fn of(p: f64) -> Self {
        Self { zeros: i32::from(p <= 0.0), log: if p > 0.0 { p.ln() } else { 0.0 } }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self { zeros: self.zeros + other.zeros, log: self.log + other.log }
    }

    fn beyond(self, other: Self) -> Self {
        Self { zeros: self.zeros - other.zeros, log: self.log - other.log }
    }
}

/// How a channel may read in a world, as a place in [`Differing::unusual`].
const STATES: usize = 3;
const SILENT: u8 = 0;
const REPORTS: u8 = 1;
const IDLE: u8 = 2;

/// A channel that does not read alike in all worlds of a group.
#[derive(Clone, Debug)]
pub(super) struct Differing {
    pub(super) channel: u32,
    /// Whether an unexpected reading is impossible in a world where the channel is as usual.
    pub(super) is_certain: bool,
    /// What it does to the likelihood of a world that the channel is in a certain unusual state there: where it reads what is
    /// expected, and beyond that, where it does not.
    pub(super) unusual: [[Change; 2]; STATES],
}

/// Worlds that fail the same services.
pub(super) struct Rivals {
    /// By number, rising.
    pub(super) worlds: Vec<u32>,
    /// By channel.
    pub(super) differing: Vec<Differing>,
    /// By world, as above: the differing channels, by place, that are in an unusual state, and it; sorted.
    pub(super) unusual: Rows<(u32, u8)>,
    /// The incidents, by number.
    pub(super) incidents: Vec<u32>,
    /// By incident, as above: the differing channels, by place, that do not read what is expected.
    pub(super) unexpected: Rows<u32>,
}

/// One incident as it was drawn.
pub(super) struct Incident {
    pub(super) world: u32,
    /// The channels that alarm, sorted.
    pub(super) alarms: Vec<u32>,
}

/// Draws incidents: a world by its weight, then the reading of every channel.
pub(super) fn drawn(worlds: &[World], physics: &Physics<'_>, options: &SplitOptions) -> Vec<Incident> {
    let mut random = Random(options.seed);
    let sums: Vec<f64> = worlds
        .iter()
        .scan(0.0, |sum, world| {
            *sum += world.weight;
            Some(*sum)
        })
        .collect();
    let noisy = physics.noisy();
    let most = (DRAWN / worlds.len().max(1) as u64).max(FEWEST_DRAWN);
    let mut incidents = Vec::new();
    for _ in 0..options.samples.clamp(2, most) {
        let at = random.unit() * sums.last().copied().unwrap_or(0.0);
        let world = sums.partition_point(|sum| *sum <= at).min(worlds.len().saturating_sub(1));
        let deviations = worlds.get(world).map_or_else(Vec::new, |world| physics.deviations(&world.failed));
        let readings = physics.alarms(&deviations, &noisy);
        let alarms = readings.iter().filter(|(_, p)| random.unit() < *p).map(|(channel, _)| *channel).collect();
        incidents.push(Incident { world: world as u32, alarms });
    }
    incidents
}

impl Draws {
    /// Draws incidents from the worlds that fail a service, given which of them fail the same ones.
    ///
    /// O(incidents · channels + channels that deviate in their rivals).
    pub(super) fn of(worlds: &[World], class: &[u32], physics: &Physics<'_>, options: &SplitOptions) -> Self {
        let incidents = drawn(worlds, physics, options);
        let mut groups: Vec<(u32, u32)> =
            incidents.iter().zip(0..).map(|(incident, number)| (class[incident.world as usize], number)).collect();
        groups.sort_unstable();
        let members: Vec<(u32, u32)> = class.iter().zip(0..).map(|(class, world)| (*class, world)).collect();
        let members = Rows::sorted(&members, class.iter().max().map_or(0, |last| *last as usize + 1));
        let mut maker = Maker { physics, counts: vec![[0; 2]; physics.channels.len()] };
        let rivals = groups.chunk_by(|a, b| a.0 == b.0).map(|group| {
            let alike: Vec<&World> = members.row(group[0].0 as usize).iter().map(|at| &worlds[*at as usize]).collect();
            let numbers: Vec<u32> = group.iter().map(|(_, number)| *number).collect();
            let alarms: Vec<&[u32]> = numbers.iter().map(|at| incidents[*at as usize].alarms.as_slice()).collect();
            let (differing, unusual, unexpected) = maker.differing(&alike, &alarms);
            Rivals {
                worlds: members.row(group[0].0 as usize).to_vec(),
                differing,
                unusual,
                incidents: numbers,
                unexpected,
            }
        });
        Self { count: incidents.len(), rivals: rivals.collect() }
    }
}

struct Maker<'p> {
    physics: &'p Physics<'p>,
    /// By channel: in how many worlds it is silent, and reports; all 0 between groups.
    counts: Vec<[u32; 2]>,
}

impl Maker<'_> {
    fn differing(&mut self, alike: &[&World], alarms: &[&[u32]]) -> (Vec<Differing>, Rows<(u32, u8)>, Rows<u32>) {
        let mut states: Rows<(u32, u8)> = Rows::new();
        let state = |(channel, p): (u32, f64)| (channel, if p > 0.0 { REPORTS } else { SILENT });
        let mut touched: Vec<u32> = Vec::new();
        for world in alike {
            states.push(self.physics.deviations(&world.failed).into_iter().map(state));
        }
        for (channel, state) in states.entries() {
            let counts = &mut self.counts[*channel as usize];
            if *counts == [0; 2] {
                touched.push(*channel);
            }
            counts[usize::from(*state)] += 1;
        }
        touched.sort_unstable();
        let (mut differing, mut usual) = (Vec::new(), Vec::new());
        for channel in touched {
            let [silent, reports] = std::mem::take(&mut self.counts[channel as usize]);
            let idle = alike.len() as u32 - silent - reports;
            let (most, state) = [(idle, IDLE), (silent, SILENT), (reports, REPORTS)]
                .into_iter()
                .reduce(|a, b| if b.0 > a.0 { b } else { a })
                .unwrap_or((0, IDLE));
            if most < alike.len() as u32 {
                differing.push(self.compared(channel, state));
                usual.push(state);
            }
        }
        let place = |channel: u32| differing.binary_search_by_key(&channel, |differing| differing.channel);
        let usually: Vec<(u32, u32)> = (0_u32..)
            .zip(&usual)
            .filter(|(_, state)| **state != IDLE)
            .map(|(place, _)| (place, differing[place as usize].channel))
            .collect();
        let mut unusual = Rows::new();
        for world in 0..alike.len() {
            let own = states.row(world);
            let mut row: Vec<(u32, u8)> = own
                .iter()
                .filter_map(|(channel, state)| place(*channel).ok().map(|place| (place as u32, *state)))
                .filter(|(place, state)| usual[*place as usize] != *state)
                .collect();
            let missing = usually
                .iter()
                .filter(|(_, channel)| own.binary_search_by_key(channel, |(channel, _)| *channel).is_err());
            row.extend(missing.map(|(place, _)| (*place, IDLE)));
            row.sort_unstable();
            unusual.push(row);
        }
        let mut unexpected = Rows::new();
        for alarms in alarms {
            let is_unexpected = |(place, state): (u32, &u8)| {
                let channel = differing[place as usize].channel;
                let is_alarm = alarms.binary_search(&channel).is_ok();
                (is_alarm != (self.alarm(channel, *state) >= 0.5)).then_some(place)
            };
            unexpected.push((0_u32..).zip(&usual).filter_map(is_unexpected));
        }
        (differing, unusual, unexpected)
    }

    /// The probability of an alarm.
    fn alarm(&self, channel: u32, state: u8) -> f64 {
        match state {
            SILENT => 0.0,
            REPORTS => self.physics.detects(channel),
            _ => self.physics.idle[channel as usize],
        }
    }

    fn compared(&self, channel: u32, usual: u8) -> Differing {
        let likelihood = |state: u8, is_alarm: bool| {
            let p = self.alarm(channel, state);
            Change::of(if is_alarm { p } else { 1.0 - p })
        };
        let is_expected = self.alarm(channel, usual) >= 0.5;
        let unusual = [SILENT, REPORTS, IDLE].map(|state| {
            let [expected, otherwise] =
                [is_expected, !is_expected].map(|alarm| likelihood(state, alarm).beyond(likelihood(usual, alarm)));
            [expected, otherwise.beyond(expected)]
        });
        Differing { channel, is_certain: likelihood(usual, !is_expected).zeros > 0, unusual }
    }
}
