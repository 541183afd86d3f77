//! Perfect monitors without lists: what a view reads of every fault, as a hash, for several views in one pass over the estate.
//!
//! Where no reading is uncertain, all that a view's doubt depends on is which worlds it reads alike. A world is then one fault,
//! or several that make the same fail, and the engine gives the signature of what fails of any list of systems, for all faults
//! at once ([`FaultGraph::signatures`]). A view's channels are such lists:
//!
//! * those that alarm just if their system has failed: one list;
//! * those of monitors that run on a system: a list for each such host, which counts unless the host has failed (silence), or,
//!   if they alarm while all works, counts whole once it has.
//!
//! The lists' signatures together are the view's ([`Grouped::columns`]). A view is worked out from its column and dropped: nothing
//! grows with what fails, and as many views go into one pass as have room.
//!
//! **Collisions.** Signatures are 128 bits. Two sets that differ have the same one with a probability of 2⁻¹²⁸ over the choice of
//! the keys, which are fixed, so that every run gives the same answer. By the union bound any two of n worlds are
//! taken for one, in any of v views, with a probability of at most v · n² / 2¹²⁹: below 10⁻²⁴ for 10⁶ worlds and 100 views.

use std::collections::BTreeMap;

use onus_model::{Element, FaultIndex, SystemIndex};

use super::physics::Physics;
use super::worlds::World;
use crate::engine::{Cascade, DictionaryWay, Node, Signatures, Way};
use crate::fault_graph::FaultGraph;
use crate::random::mix;

/// Signatures that are worked out in one pass: half a gigabyte, and as much again while they are put in order.
const ONE_PASS: usize = 1 << 25;

/// How a channel's reading differs from that if all worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Differs {
    Never,
    /// If this system has failed.
    With(SystemIndex),
    /// If the first has failed and the second, the host, has not.
    Unless(SystemIndex, SystemIndex),
    /// If the first or the second, the host, has failed.
    Either(SystemIndex, SystemIndex),
}

/// What is needed to work out views: the estate, and a fault for each world.
pub(super) struct Grouped {
    graph: FaultGraph,
    /// By world: a fault that brings it about.
    faults: Vec<FaultIndex>,
    /// How many worlds fail a service; they come first.
    affecting: usize,
    /// By channel.
    differs: Vec<Differs>,
    /// Signatures that may be worked out in one pass.
    pub(super) room: usize,
}

/// The systems that some channels report on, by how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Watched {
    plain: Vec<SystemIndex>,
    /// By host: those that it silences; those that it sets off.
    hosted: BTreeMap<SystemIndex, [Vec<SystemIndex>; 2]>,
}

impl Watched {
    fn of(channels: impl Iterator<Item = Differs>) -> Self {
        let mut watched = Self::default();
        for differs in channels {
            match differs {
                Differs::Never => {}
                Differs::With(system) => watched.plain.push(system),
                Differs::Unless(system, host) => watched.hosted.entry(host).or_default()[0].push(system),
                Differs::Either(system, host) => watched.hosted.entry(host).or_default()[1].push(system),
            }
        }
        for list in watched.hosted.values_mut().flatten().chain([&mut watched.plain]) {
            list.sort_unstable();
            list.dedup();
        }
        watched
    }

    /// How many signatures it takes: one for what has no host, and three for each host.
    fn width(&self) -> usize {
        1 + 3 * self.hosted.len()
    }
}

impl Grouped {
    /// Whether one view of so many worlds has room.
    pub(super) fn fits(physics: &Physics<'_>, worlds: usize) -> bool {
        let mut hosts: Vec<SystemIndex> = (0..physics.channels.len() as u32).filter_map(|c| physics.host(c)).collect();
        hosts.sort_unstable();
        hosts.dedup();
        hosts.is_empty() || (1 + 3 * hosts.len()).saturating_mul(worlds) <= ONE_PASS
    }

    /// For worlds of single faults, and channels that [are certain](Physics::is_certain). O(worlds + channels).
    pub(super) fn of(graph: &FaultGraph, physics: &Physics<'_>, worlds: &[World]) -> Self {
        Self {
            graph: graph.clone(),
            faults: worlds.iter().filter_map(|world| world.shares.first()).map(|(fault, _)| *fault).collect(),
            affecting: worlds.partition_point(|world| world.affects),
            differs: (0..physics.channels.len() as u32).map(|channel| differs(physics, channel)).collect(),
            room: ONE_PASS,
        }
    }

    /// By world that fails no service: whether a monitor reports some failure, 1 or 0. O(one pass over these).
    pub(super) fn reported(&self, physics: &Physics<'_>) -> Vec<f64> {
        let reports = (0..physics.channels.len() as u32)
            .filter(|channel| physics.channels[*channel as usize].monitor.is_some() && physics.detects(*channel) >= 1.0)
            .map(|channel| alarm(physics.channels[channel as usize].system, physics.host(channel)));
        let hashes = self.read(&self.faults[self.affecting..], &[Watched::of(reports)]);
        hashes.into_iter().flatten().map(|hash| f64::from(u8::from(hash != 0))).collect()
    }

    /// By world that fails no service: whether one of some systems fails. O(one pass over these).
    pub(super) fn fail_elsewhere(&self, systems: Vec<SystemIndex>) -> Vec<bool> {
        let watched = Watched::of(systems.into_iter().map(Differs::With));
        let hashes = self.read(&self.faults[self.affecting..], &[watched]);
        hashes.into_iter().flatten().map(|hash| hash != 0).collect()
    }

    /// By system: the weight of the worlds in which it fails. O(Σ what fails).
    pub(super) fn failing(&self, worlds: &[World]) -> Vec<f64> {
        let mut failing = vec![0.0; self.graph.topology().systems().len()];
        let mut cascade = Cascade::new(self.graph.circuit());
        for (fault, world) in self.faults.iter().zip(worlds).take(self.affecting) {
            cascade.spread(&[FaultGraph::fault_node(*fault)], Way::Worklist);
            for node in cascade.in_order() {
                if let Some(Element::System(system)) = self.graph.named(*node) {
                    failing[system.index()] += world.weight;
                }
            }
        }
        failing
    }

    /// Calls `visit(view, column)` for each view, given the channels it sees: by world that fails a service, a hash of what it
    /// reads, 0 where it reads what it would if all worked.
    pub(super) fn columns(&self, views: &[&[u32]], mut visit: impl FnMut(usize, &[u128])) {
        let room = self.room / self.affecting.max(1);
        let watched = |view: &&[u32]| Watched::of(view.iter().map(|channel| self.differs[*channel as usize]));
        let (mut next, mut pass) = (0, Vec::new());
        while next < views.len() {
            pass.clear();
            let mut width = 0;
            for view in &views[next..] {
                let own = watched(view);
                width += own.width();
                if width > room && !pass.is_empty() {
                    break;
                }
                pass.push(own);
            }
            for column in self.read(&self.faults[..self.affecting], &pass) {
                visit(next, &column);
                next += 1;
            }
        }
    }

    /// By view, by fault: a hash of what is read. One pass.
    fn read(&self, faults: &[FaultIndex], views: &[Watched]) -> Vec<Vec<u128>> {
        let gate = |system: &SystemIndex| self.graph.system_gate(*system);
        let mut lists: Vec<Vec<Node>> = Vec::new();
        let mut places = Vec::new();
        for view in views {
            places.push(lists.len());
            lists.push(view.plain.iter().map(gate).collect());
            for (host, [silenced, set_off]) in &view.hosted {
                lists.push(vec![gate(host)]);
                lists.push(silenced.iter().map(gate).collect());
                lists.push(set_off.iter().map(gate).collect());
            }
        }
        if lists.iter().all(Vec::is_empty) {
            return vec![vec![0; faults.len()]; views.len()];
        }
        let nodes: Vec<Node> = faults.iter().map(|fault| FaultGraph::fault_node(*fault)).collect();
        let signatures = self.graph.circuit().signatures(&nodes, &[], &lists, DictionaryWay::Auto);
        let column = |(view, place): (&Watched, &usize)| {
            let whole: Vec<u128> = view.hosted.values().map(|[_, set_off]| self.signature(set_off)).collect();
            (0..nodes.len()).map(|fault| hash(view, &whole, &signatures, fault, *place)).collect()
        };
        views.iter().zip(&places).map(column).collect()
    }

    fn signature(&self, systems: &[SystemIndex]) -> u128 {
        let gates: Vec<Node> = systems.iter().map(|system| self.graph.system_gate(*system)).collect();
        self.graph.circuit().signature(&gates)
    }
}

/// How the reading of a channel that is certain differs.
fn differs(physics: &Physics<'_>, channel: u32) -> Differs {
    let (system, host) = (physics.channels[channel as usize].system, physics.host(channel));
    let (detects, is_noisy) = (physics.detects(channel) >= 1.0, physics.idle[channel as usize] >= 1.0);
    match (detects, is_noisy, host) {
        (true, false, _) => alarm(system, host),
        (false, true, Some(host)) if host != system => Differs::Either(system, host),
        (false, true, _) => Differs::With(system),
        (true, true, Some(host)) => Differs::With(host),
        (false, false, _) | (true, true, None) => Differs::Never,
    }
}

/// If the system has failed and the host, if there is one, has not.
fn alarm(system: SystemIndex, host: Option<SystemIndex>) -> Differs {
    match host {
        None => Differs::With(system),
        Some(host) if host == system => Differs::Never,
        Some(host) => Differs::Unless(system, host),
    }
}

/// What a view reads with a fault, whose signatures of the view's lists begin at a place; `whole` is the signature of
/// all that each host sets off.
fn hash(view: &Watched, whole: &[u128], signatures: &Signatures, fault: usize, place: usize) -> u128 {
    let row = &signatures.of(fault)[place..];
    let mut sum = row[0];
    for ((host, whole), lists) in view.hosted.keys().zip(whole).zip(row[1..].chunks(3)) {
        let [is_down, silenced, set_off] = *lists else { continue };
        let parts = if is_down == 0 { [silenced, set_off] } else { [0, *whole] };
        for (part, way) in parts.into_iter().zip(0_u64..) {
            sum ^= scattered(part, 2 * host.index() as u64 + way + 1);
        }
    }
    sum
}

/// Another hash of the same set, so that a system which several lists name does not cancel out; 0 of none.
fn scattered(signature: u128, list: u64) -> u128 {
    if signature == 0 {
        return 0;
    }
    let [high, low] = [(signature >> 64) as u64, signature as u64];
    u128::from(mix(high ^ mix(list))) << 64 | u128::from(mix(low ^ mix(!list)))
}
