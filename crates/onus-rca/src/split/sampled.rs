//! Views by sampling: where monitors are unreliable and their readings too many to list, incidents are drawn (a world and
//! what every channel reads of it) and the posterior given each view's readings is computed exactly, over all worlds.
//!
//! The likelihood of a reading differs between two worlds only at the channels that either makes read otherwise than if
//! all worked, so each world is a short list of corrections to a common factor, which cancels. What is impossible is counted,
//! not multiplied: a world is possible if none of its factors is 0. The same incidents serve all views and all structures
//! (common random numbers): a difference between two of them is far better known than either.

use super::channels::{Drawn, FaultDictionary, Rows};
use super::tally::Posterior;

/// Views that are computed at once, to bound memory.
const AT_ONCE: usize = 32;

/// Which views see each channel, among those computed at once.
struct Seen {
    by_channel: Vec<Vec<u32>>,
}

/// Calls `visit(incident, view, level, posterior)` for every drawn incident, every view and both levels.
///
/// O(incidents · worlds that fail the same services · channels that deviate in them · views).
pub(super) fn each(
    dictionary: &FaultDictionary,
    views: &[&[u32]],
    levels: &[(&Rows<(u32, f64)>, usize)],
    mut visit: impl FnMut(usize, usize, usize, &Posterior),
) {
    let Drawn::Some { world, alarms } = &dictionary.incidents else { return };
    let mut by_class: Vec<Vec<u32>> = vec![Vec::new(); dictionary.classes];
    for (world, class) in dictionary.class.iter().enumerate() {
        by_class[*class as usize].push(world as u32);
    }
    let always: Vec<u32> = (0..dictionary.idle.len() as u32).filter(|c| dictionary.idle[*c as usize] >= 1.0).collect();
    let mut is_alarm = vec![false; dictionary.channels.len()];
    let changes = Changes::of(dictionary);
    let mut sums: Vec<Vec<f64>> = levels.iter().map(|(_, outcomes)| vec![0.0; *outcomes]).collect();
    let mut posterior: Vec<(u32, f64)> = Vec::new();
    for (chunk, views) in views.chunks(AT_ONCE).enumerate() {
        let seen = Seen::of(views, dictionary.channels.len());
        for (incident, world) in world.iter().enumerate() {
            let alarms = alarms.row(incident);
            for channel in alarms {
                is_alarm[*channel as usize] = true;
            }
            // Readings that are impossible if all works; a world must make up for each.
            let mut impossible = vec![0_i32; views.len()];
            let missing = always.iter().filter(|channel| !is_alarm[**channel as usize]);
            for channel in alarms.iter().filter(|c| dictionary.idle[**c as usize] <= 0.0).chain(missing) {
                for view in seen.of_channel(*channel) {
                    impossible[*view as usize] += 1;
                }
            }
            let worlds = &by_class[dictionary.class[*world as usize] as usize];
            let possible = likelihoods(dictionary, worlds, &seen, &impossible, (&is_alarm, &changes));
            for (view, possible) in possible.iter().enumerate() {
                for (level, (share, _)) in levels.iter().enumerate() {
                    distribution(dictionary, possible, share, &mut sums[level], &mut posterior);
                    visit(incident, chunk * AT_ONCE + view, level, &posterior);
                }
            }
            for channel in alarms {
                is_alarm[*channel as usize] = false;
            }
        }
    }
}

impl Seen {
    fn of(views: &[&[u32]], channels: usize) -> Self {
        let mut by_channel = vec![Vec::new(); channels];
        for (view, seen) in views.iter().enumerate() {
            for channel in *seen {
                by_channel[*channel as usize].push(view as u32);
            }
        }
        Self { by_channel }
    }

    fn of_channel(&self, channel: u32) -> &[u32] {
        &self.by_channel[channel as usize]
    }
}

/// What a channel that reads otherwise in a world than if all worked does to the likelihood of that world, by what it reads: to
/// the count of impossible readings, and to the logarithm of the rest. A channel's report detects with one probability, or is
/// silent, so that there are four cases a channel, and no logarithm has to be taken twice.
struct Changes {
    /// By channel, by whether it reports, by whether it alarms.
    by_channel: Vec<[[(i32, f64); 2]; 2]>,
}

impl Changes {
    /// O(channels that deviate in all worlds).
    fn of(dictionary: &FaultDictionary) -> Self {
        let mut by_channel = vec![[[(0, f64::NAN); 2]; 2]; dictionary.channels.len()];
        for world in 0..dictionary.affecting {
            for (channel, p) in dictionary.deviations.row(world) {
                let changes = &mut by_channel[*channel as usize][usize::from(*p > 0.0)];
                if !changes[0].1.is_nan() {
                    continue;
                }
                let idle = dictionary.idle[*channel as usize];
                *changes = [[1.0 - p, 1.0 - idle], [*p, idle]].map(|[now, before]| {
                    let log = |p: f64| if p > 0.0 { p.ln() } else { 0.0 };
                    (i32::from(now <= 0.0) - i32::from(before <= 0.0), log(now) - log(before))
                });
            }
        }
        Self { by_channel }
    }

    #[inline]
    fn at(&self, channel: u32, p: f64, is_alarm: bool) -> (i32, f64) {
        self.by_channel[channel as usize][usize::from(p > 0.0)][usize::from(is_alarm)]
    }
}

/// By view: the worlds that are possible, with the logarithm of their likelihood up to a common term.
fn likelihoods(
    dictionary: &FaultDictionary,
    worlds: &[u32],
    seen: &Seen,
    impossible: &[i32],
    (is_alarm, changes): (&[bool], &Changes),
) -> Vec<Vec<(u32, f64)>> {
    let mut possible: Vec<Vec<(u32, f64)>> = vec![Vec::new(); impossible.len()];
    let mut zeros = impossible.to_vec();
    let mut logs = vec![0.0; impossible.len()];
    for world in worlds {
        zeros.copy_from_slice(impossible);
        logs.fill(0.0);
        for (channel, p) in dictionary.deviations.row(*world as usize) {
            let (zero, change) = changes.at(*channel, *p, is_alarm[*channel as usize]);
            for view in seen.of_channel(*channel) {
                zeros[*view as usize] += zero;
                logs[*view as usize] += change;
            }
        }
        for (view, possible) in possible.iter_mut().enumerate() {
            if zeros[view] == 0 {
                possible.push((*world, logs[view]));
            }
        }
    }
    possible
}

/// The distribution over outcomes; `sums` is all 0 before and after.
fn distribution(
    dictionary: &FaultDictionary,
    possible: &[(u32, f64)],
    share: &Rows<(u32, f64)>,
    sums: &mut [f64],
    posterior: &mut Vec<(u32, f64)>,
) {
    let greatest = possible.iter().map(|(_, log)| *log).fold(f64::NEG_INFINITY, f64::max);
    let mut total = 0.0;
    posterior.clear();
    for (world, log) in possible {
        let weight = dictionary.worlds[*world as usize].weight * (log - greatest).exp();
        total += weight;
        for (outcome, fraction) in share.row(*world as usize) {
            let sum = &mut sums[*outcome as usize];
            if *sum <= 0.0 {
                posterior.push((*outcome, 0.0));
            }
            *sum += weight * fraction;
        }
    }
    posterior.sort_unstable_by_key(|(outcome, _)| *outcome);
    posterior.dedup_by_key(|(outcome, _)| *outcome);
    for (outcome, q) in posterior {
        *q = std::mem::take(&mut sums[*outcome as usize]) / total;
    }
}
