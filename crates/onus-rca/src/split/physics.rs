//! The channels of a topology, and how likely each is to alarm, given what has failed.

use onus_model::{MonitorIndex, SystemIndex, Topology};

use super::rows::Rows;

/// One thing that can be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Channel {
    pub(super) system: SystemIndex,
    /// Who reports it; `None` for a look.
    pub(super) monitor: Option<MonitorIndex>,
}

/// The channels of a topology.
pub(super) struct Physics<'t> {
    topology: &'t Topology,
    pub(super) channels: Vec<Channel>,
    /// By channel: the probability of an alarm if all works.
    pub(super) idle: Vec<f64>,
    /// By system: the channels about it.
    about: Rows<u32>,
    /// By system: the channels of the monitors that run on it.
    hosted: Rows<u32>,
}

impl<'t> Physics<'t> {
    /// O(systems + channels).
    pub(super) fn of(topology: &'t Topology) -> Self {
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

    /// The probability that a channel alarms about a failure, if it is not silent.
    pub(super) fn detects(&self, channel: u32) -> f64 {
        let monitor = self.channels[channel as usize].monitor;
        monitor.map_or(1.0, |monitor| self.topology.monitors()[monitor.index()].detects.get())
    }

    /// The system whose failure makes a channel silent.
    pub(super) fn host(&self, channel: u32) -> Option<SystemIndex> {
        let monitor = self.channels[channel as usize].monitor;
        monitor.and_then(|monitor| self.topology.monitors()[monitor.index()].runs_on)
    }

    /// Whether what has failed decides every reading.
    pub(super) fn is_certain(&self) -> bool {
        let is_certain = |p: f64| p <= 0.0 || p >= 1.0;
        (0..self.channels.len())
            .all(|channel| is_certain(self.idle[channel]) && is_certain(self.detects(channel as u32)))
    }

    fn is_silent(&self, channel: u32, failed: &[SystemIndex]) -> bool {
        self.host(channel).is_some_and(|host| failed.binary_search(&host).is_ok())
    }

    /// The reports that can tell of a failure, given what has failed, sorted.
    pub(super) fn failures(&self, failed: &[SystemIndex]) -> impl Iterator<Item = u32> {
        let about = failed.iter().flat_map(|system| self.about.row(system.index())).copied();
        let reports = about.filter(|channel| self.channels[*channel as usize].monitor.is_some());
        reports.filter(|channel| !self.is_silent(*channel, failed))
    }

    /// The channels that read otherwise than if all worked, sorted, with the probability of an alarm: that with which the channel
    /// detects, or 0.
    pub(super) fn deviations(&self, failed: &[SystemIndex]) -> Vec<(u32, f64)> {
        let mut readings: Vec<(u32, f64)> = Vec::new();
        for system in failed {
            for channel in self.about.row(system.index()).iter().filter(|channel| !self.is_silent(**channel, failed)) {
                readings.push((*channel, self.detects(*channel)));
            }
            readings.extend(self.hosted.row(system.index()).iter().map(|channel| (*channel, 0.0)));
        }
        readings.sort_unstable_by_key(|(channel, _)| *channel);
        readings.retain(|(channel, p)| (p - self.idle[*channel as usize]).abs() > 0.0);
        readings
    }

    /// The channels that may alarm if all works.
    pub(super) fn noisy(&self) -> Vec<u32> {
        (0..self.idle.len() as u32).filter(|channel| self.idle[*channel as usize] > 0.0).collect()
    }

    /// The probabilities of an alarm in a world, of the channels where it is not 0, given which deviate and which may alarm if all
    /// works.
    pub(super) fn alarms(&self, deviations: &[(u32, f64)], noisy: &[u32]) -> Vec<(u32, f64)> {
        let idle = noisy.iter().filter(|channel| deviations.binary_search_by_key(*channel, |(c, _)| *c).is_err());
        let mut all: Vec<(u32, f64)> = idle.map(|channel| (*channel, self.idle[*channel as usize])).collect();
        all.extend(deviations.iter().filter(|(_, p)| *p > 0.0));
        all.sort_unstable_by_key(|(channel, _)| *channel);
        all
    }
}
