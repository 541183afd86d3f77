//! Minimal cut sets and minimal diagnoses against the enumeration of all worlds.
//!
//! [`Worlds`] knows nothing of fault graphs: it evaluates the model's own words, system by system, until nothing more
//! fails, for every set of faults and couplings there is.

use std::collections::{BTreeMap, BTreeSet};

use onus_model::document::{self, CommonCause, Fault, Interface, Need, System};
use onus_model::{Incident, Model, SystemIndex};
use onus_rca::{Classes, Count, CutSetOptions, CutSets, Evidence, FaultGraph, How, StopReason, Within};

/// Every world of a small model: its events, and which systems fail in each set of them.
pub(crate) struct Worlds {
    /// Ids of faults, then `coupling of …`.
    pub(crate) events: Vec<String>,
    pub(crate) probability: Vec<f64>,
    pub(crate) faults: usize,
    /// By world, a bit for each event: whether each system has failed.
    pub(crate) failed: Vec<Vec<bool>>,
}

impl Worlds {
    pub(crate) fn of(model: &Model) -> Self {
        let mut events: Vec<String> = model.faults().iter().map(|fault| fault.id.to_string()).collect();
        let mut probability: Vec<f64> = model.faults().iter().map(|fault| fault.prior.probability().get()).collect();
        let faults = events.len();
        let mut coupling = BTreeMap::new();
        for (at, interface) in model.interfaces().iter().enumerate() {
            if interface.propagates.get() < 1.0 {
                coupling.insert(at, events.len());
                events.push(format!("coupling of {}", interface.id));
                probability.push(interface.propagates.get());
            }
        }
        assert!(events.len() <= 14, "too many worlds");
        let failed = (0..1_usize << events.len()).map(|world| failed(model, &coupling, world)).collect();
        Self { events, probability, faults, failed }
    }

    pub(crate) fn weight(&self, world: usize) -> f64 {
        let factor = |(at, p): (usize, &f64)| if world >> at & 1 == 1 { *p } else { 1.0 - p };
        self.probability.iter().enumerate().map(factor).product()
    }

    /// The worlds without a proper part for which `holds` too.
    pub(crate) fn minimal(&self, holds: impl Fn(usize) -> bool) -> Vec<usize> {
        let mut minimal: Vec<usize> = Vec::new();
        let mut worlds: Vec<usize> = (0..self.failed.len()).collect();
        worlds.sort_by_key(|world| world.count_ones());
        for world in worlds {
            if holds(world) && !minimal.iter().any(|part| world & part == *part) {
                minimal.push(world);
            }
        }
        minimal
    }

    fn names(&self, world: usize) -> Vec<&str> {
        (0..self.events.len()).filter(|at| world >> at & 1 == 1).map(|at| self.events[at].as_str()).collect()
    }
}

/// Nothing has failed to begin with; what fails by what has failed is added until nothing changes.
fn failed(model: &Model, coupling: &BTreeMap<usize, usize>, world: usize) -> Vec<bool> {
    let present = |event: usize| world >> event & 1 == 1;
    let mut failed = vec![false; model.systems().len()];
    loop {
        let before = failed.clone();
        for (at, system) in model.systems().iter().enumerate() {
            let holds = |need: &onus_model::Need| holds(model, need, &before, coupling, &present);
            failed[at] |= system.faults.iter().any(|fault| present(fault.index())) || !system.needs.iter().all(holds);
        }
        if failed == before {
            return failed;
        }
    }
}

fn holds(
    model: &Model,
    need: &onus_model::Need,
    failed: &[bool],
    coupling: &BTreeMap<usize, usize>,
    present: &impl Fn(usize) -> bool,
) -> bool {
    match need {
        onus_model::Need::Provider(index) => {
            let interface = &model.interfaces()[index.index()];
            let couples = coupling.get(&index.index()).is_none_or(|event| present(*event));
            let lost = failed[interface.provider.index()] && couples;
            !lost && !interface.faults.iter().any(|fault| present(fault.index()))
        }
        onus_model::Need::AtLeast { k, of } => {
            of.iter().filter(|need| holds(model, need, failed, coupling, present)).count() >= *k as usize
        }
    }
}

/// A small generator of numbers: the same cases on every machine.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }

    fn chance(&mut self) -> f64 {
        [0.0, 0.01, 0.1, 0.25, 0.5, 0.9, 1.0][self.below(7) as usize]
    }
}

/// A model with cycles, k of n, needs in needs, uncertain couplings, faults of interfaces, common causes and systems
/// that cannot fail by themselves.
pub(crate) fn estate(seed: u64) -> Model {
    let mut dice = Dice::new(seed);
    let count = 3 + dice.below(4);
    let name = |system: u64| format!("s{system}");
    let mut estate = document::Model::new("random");
    let mut pairs = BTreeSet::new();
    for at in 0..count {
        let mut system = if dice.below(3) == 0 {
            System::new().faultless()
        } else {
            System::new().fault("x", Fault::new("hardware", dice.chance()))
        };
        for _ in 0..dice.below(3) {
            let mut provider = |dice: &mut Dice| {
                let provider = dice.below(count);
                pairs.insert((at, provider));
                Need::from(name(provider).as_str())
            };
            let need = match dice.below(4) {
                0 => Need::any([provider(&mut dice), provider(&mut dice)]),
                1 => Need::at_least(2, [provider(&mut dice), provider(&mut dice), provider(&mut dice)]),
                2 => Need::any([Need::at_least(2, [provider(&mut dice), provider(&mut dice)]), provider(&mut dice)]),
                _ => provider(&mut dice),
            };
            system = system.needs(need);
        }
        estate = estate.system(name(at), system);
    }
    let pairs: Vec<(u64, u64)> = pairs.into_iter().collect();
    for _ in 0..2 {
        if let Some((consumer, provider)) = pairs.get(dice.below(pairs.len() as u64 + 1) as usize) {
            let faults = if dice.below(2) == 0 { vec![("w".to_owned(), Fault::new("interface", 0.2))] } else { vec![] };
            let propagates = Some(dice.chance());
            let interface = Interface { propagates, faults: faults.into_iter().collect(), ..Interface::default() };
            estate = estate.interface(&name(*consumer), &name(*provider), interface);
        }
    }
    let solid: Vec<String> =
        estate.systems.iter().filter(|(_, system)| !system.faultless).map(|(id, _)| id.clone()).collect();
    if solid.len() >= 2 {
        let strikes = [solid[0].clone(), solid[solid.len() - 1].clone()];
        estate = estate.common_cause("both", CommonCause::new(Fault::new("software", dice.chance()), strikes));
    }
    estate.build().expect("the generator makes valid models")
}

fn sets_of(report: &CutSets) -> BTreeSet<Vec<String>> {
    let elements = |set: &onus_rca::CutSet| {
        let mut names: Vec<String> = set.faults.iter().map(ToString::to_string).collect();
        names.extend(set.conditions.iter().cloned());
        names.sort();
        names
    };
    report.best.iter().map(elements).collect()
}

fn expected(worlds: &Worlds, minimal: &[usize]) -> (String, Vec<Count>, BTreeSet<Vec<String>>) {
    let mut by_order = [0_u64; 32];
    for world in minimal {
        by_order[world.count_ones() as usize] += 1;
    }
    let largest = by_order.iter().rposition(|count| *count > 0).unwrap_or(0);
    let possible =
        |world: &&usize| (0..worlds.events.len()).all(|at| **world >> at & 1 == 0 || worlds.probability[at] > 0.0);
    let sets = minimal.iter().filter(possible).map(|world| {
        let mut names: Vec<String> = worlds.names(*world).into_iter().map(str::to_owned).collect();
        names.sort();
        names
    });
    let by_order = by_order.into_iter().skip(1).take(largest).map(Count::from).collect();
    (minimal.len().to_string(), by_order, sets.collect())
}

fn everything() -> CutSetOptions {
    CutSetOptions { list: 10_000, ..CutSetOptions::default() }
}

#[test]
fn cut_sets_are_those_of_enumeration() {
    for seed in 0..300 {
        let model = estate(seed);
        let worlds = Worlds::of(&model);
        let graph = FaultGraph::compile(&model);
        let mut dice = Dice::new(seed + 1_000);
        let systems = model.systems().len() as u64;
        let mut tops = vec![SystemIndex::new(dice.below(systems) as usize)];
        if seed % 3 == 0 {
            tops.push(SystemIndex::new(dice.below(systems) as usize));
        }
        let fails = |world: usize| tops.iter().all(|top| worlds.failed[world][top.index()]);
        let minimal = worlds.minimal(fails);
        let (count, by_order, sets) = expected(&worlds, &minimal);
        let report = graph.cut_sets(&tops, &everything());
        assert_eq!(report.count, count, "seed {seed}");
        assert_eq!(report.by_order, by_order, "seed {seed}");
        assert_eq!(sets_of(&report), sets, "seed {seed}");
        assert_eq!(report.truncation, None);
        let p: f64 = (0..worlds.failed.len()).filter(|world| fails(*world)).map(|world| worlds.weight(world)).sum();
        assert!(report.probability.how == How::Exact && report.probability.contains(p, 1e-12), "seed {seed}");
        assert!(report.best.windows(2).all(|pair| pair[0].rank <= pair[1].rank));
        for set in &report.best {
            let of = |id: &str| worlds.probability[worlds.events.iter().position(|event| event == id).unwrap()];
            let faults: f64 = set.faults.iter().map(|fault| of(fault.as_str())).product();
            let conditions: f64 = set.conditions.iter().map(|condition| of(condition)).product();
            assert!((set.probability.lo - faults * conditions).abs() < 1e-12);
        }
    }
}

#[test]
fn up_to_an_order_nothing_is_missing_and_it_says_so() {
    for seed in 0..200 {
        let model = estate(seed);
        let worlds = Worlds::of(&model);
        let top = SystemIndex::new(seed as usize % model.systems().len());
        let minimal = worlds.minimal(|world| worlds.failed[world][top.index()]);
        for max_order in 1..4_u32 {
            let report = FaultGraph::compile(&model).cut_sets(&[top], &CutSetOptions { max_order, ..everything() });
            let small: Vec<usize> = minimal.iter().filter(|world| world.count_ones() <= max_order).copied().collect();
            let (count, by_order, sets) = expected(&worlds, &small);
            assert_eq!((&report.count, &report.by_order), (&count, &by_order), "seed {seed}");
            assert_eq!(sets_of(&report), sets, "seed {seed}");
            assert!(small.len() == minimal.len() || report.truncation.is_some_and(|t| t.max_order == max_order));
        }
    }
}

#[test]
fn without_nodes_for_all_it_is_complete_up_to_the_order_it_names() {
    let mut truncated = 0;
    for seed in 0..200 {
        let model = estate(seed);
        let worlds = Worlds::of(&model);
        let top = SystemIndex::new(seed as usize % model.systems().len());
        let minimal = worlds.minimal(|world| worlds.failed[world][top.index()]);
        let p: f64 = (0..worlds.failed.len())
            .filter(|world| worlds.failed[*world][top.index()])
            .map(|world| worlds.weight(world))
            .sum();
        for node_budget in [0, 1, 2, 3, 5, 8, 13, 21] {
            let options = CutSetOptions { node_budget, step_budget: 100, ..everything() };
            let report = FaultGraph::compile(&model).cut_sets(&[top], &options);
            assert!(report.probability.contains(p, 1e-12), "seed {seed}, {node_budget} nodes");
            let order = report.truncation.map_or(u32::MAX, |truncation| truncation.max_order);
            truncated += u32::from(order < 3);
            let small: Vec<usize> = minimal.iter().filter(|world| world.count_ones() <= order).copied().collect();
            // A failure that needs no fault is the empty set, and of order 0.
            let (count, by_order, sets) = expected(&worlds, &small);
            if order > 0 {
                assert_eq!((&report.count, &report.by_order), (&count, &by_order), "seed {seed}, {node_budget} nodes");
                assert_eq!(sets_of(&report), sets, "seed {seed}");
            } else {
                assert_eq!(report.count, "0", "seed {seed}");
            }
        }
    }
    assert!(truncated > 100, "the budgets were met {truncated} times");
}

#[test]
fn minimal_diagnoses_are_those_of_enumeration() {
    let at = "2024-01-01T00:00:00Z".parse().expect("a time");
    for seed in 0..200 {
        let model = estate(seed);
        let worlds = Worlds::of(&model);
        let mut dice = Dice::new(seed + 2_000);
        let mut incident = document::Incident::new("random");
        let mut seen = Vec::new();
        for (system, state) in model.systems().iter().enumerate() {
            match dice.below(3) {
                0 => {
                    incident = incident.item(document::Evidence::failed(format!("f{system}"), at, state.id.as_str()));
                    seen.push((system, true));
                }
                1 => {
                    incident = incident.item(document::Evidence::working(format!("w{system}"), at, state.id.as_str()));
                    seen.push((system, false));
                }
                _ => {}
            }
        }
        let incident: Incident = incident.build(&model).expect("the generator makes valid incidents");
        let explains = |world: usize| seen.iter().all(|(system, failed)| worlds.failed[world][*system] == *failed);
        let minimal = worlds.minimal(explains);
        let (count, by_order, sets) = expected(&worlds, &minimal);
        let graph = FaultGraph::compile(&model);
        let report = graph.minimal_diagnoses(&Evidence::of(&incident), &everything());
        assert_eq!((&report.count, &report.by_order), (&count, &by_order), "seed {seed}");
        assert_eq!(sets_of(&report), sets, "seed {seed}");
        let p: f64 = (0..worlds.failed.len()).filter(|world| explains(*world)).map(|world| worlds.weight(world)).sum();
        assert!(report.probability.contains(p, 1e-12), "seed {seed}");
    }
}

#[test]
fn classes_are_those_of_enumeration() {
    for seed in 0..200 {
        let model = estate(seed);
        let worlds = Worlds::of(&model);
        let graph = FaultGraph::compile(&model);
        let top = SystemIndex::new(seed as usize % model.systems().len());
        // Every fourth fault is in no class.
        let class = |fault: usize| ["a", "b", "c"].get((fault + seed as usize) % 4).map(|name| (*name).to_owned());
        let classes = Classes::by(&graph, |fault| class(fault.index()));
        let report = graph.cut_sets(&[top], &CutSetOptions { classes, ..everything() });
        let minimal = worlds.minimal(|world| worlds.failed[world][top.index()]);
        // The classes of a set's faults; `None` if one has none.
        let classes_of = |world: usize| -> Option<BTreeSet<String>> {
            (0..worlds.faults).filter(|at| world >> at & 1 == 1).map(class).collect()
        };
        let mut sufficient: Vec<BTreeSet<String>> = minimal.iter().filter_map(|world| classes_of(*world)).collect();
        let all = sufficient.clone();
        sufficient.retain(|set| !all.iter().any(|other| other.len() < set.len() && other.is_subset(set)));
        let sufficient: BTreeSet<BTreeSet<String>> = sufficient.into_iter().collect();
        let found = report.sufficient.clone();
        // Without any classed fault there are no classes to speak of.
        let Some(found) = found else { continue };
        assert_eq!(found.count, sufficient.len().to_string(), "seed {seed}");
        assert!(found.sets.windows(2).all(|pair| pair[0].len() <= pair[1].len()));
        let sets: BTreeSet<BTreeSet<String>> = found.sets.into_iter().map(|set| set.into_iter().collect()).collect();
        assert_eq!(sets, sufficient, "seed {seed}");
        for part in &report.by_class {
            let own = |world: &usize| {
                classes_of(*world).is_some_and(|classes| classes.iter().all(|class| *class == part.class))
            };
            let own: Vec<usize> = minimal.iter().copied().filter(own).collect();
            let (count, by_order, _) = expected(&worlds, &own);
            assert_eq!((&part.count, &part.by_order), (&count, &by_order), "seed {seed}");
            let p: f64 = (0..worlds.failed.len())
                .filter(|world| own.iter().any(|set| world & set == *set))
                .map(|world| worlds.weight(world))
                .sum();
            assert!(part.probability.unwrap().contains(p, 1e-12), "seed {seed}");
            let faults = model.topology().faults().iter().enumerate();
            let faults = faults.filter(|(at, _)| class(*at).as_ref() == Some(&part.class));
            let within = Within::Faults(faults.map(|(at, _)| onus_model::FaultIndex::new(at)).collect());
            assert_eq!(graph.cut_sets(&[top], &CutSetOptions { within, ..everything() }).count, count, "seed {seed}");
        }
    }
}

/// n pairs, of which one must be lost whole: 2^60 cut sets of one failure that needs all pairs to lose a member.
#[test]
fn a_count_beyond_any_list_is_exact() {
    let mut estate = document::Model::new("pairs");
    let mut top = System::new().faultless();
    let mut pairs = Vec::new();
    for pair in 0..60 {
        for member in ["a", "b"] {
            let system = System::new().fault("x", Fault::new("hardware", 0.1));
            estate = estate.system(format!("{member}{pair}"), system);
        }
        pairs.push(Need::at_least(2, [format!("a{pair}").as_str(), format!("b{pair}").as_str()]));
    }
    top = top.needs(Need::any(pairs));
    let model = estate.system("top", top).build().unwrap();
    let top = model.topology().system("top").unwrap();
    let report = FaultGraph::compile(&model).cut_sets(&[top], &CutSetOptions { list: 3, ..CutSetOptions::default() });
    assert_eq!(report.count, (1_u64 << 60).to_string());
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["by_order"][59], "1152921504606846976");
    assert_eq!(json["by_order"][58], 0);
    assert_eq!(json["probability"]["how"], "exact");
    assert!(report.probability.contains(0.19_f64.powi(60), 1e-12 * 0.19_f64.powi(60)));
    assert_eq!(report.best.iter().map(|set| set.rank).collect::<Vec<_>>(), [1, 1, 1], "ties share a rank");
}

/// 400 pairs that chain all systems together at random: the function is too large for a small budget, the sets are known.
#[test]
fn a_function_that_does_not_fit_still_gives_sets_and_an_interval() {
    let partner = |at: u32| (at * 7 + 13) % 400;
    let mut estate = document::Model::new("pairs across");
    let mut top = System::new().faultless();
    for at in 0..400_u32 {
        estate = estate.system(format!("n{at}"), System::new().fault("x", Fault::new("hardware", 1e-3)));
        top = top.needs(Need::any([format!("n{at}").as_str(), format!("n{}", partner(at)).as_str()]));
    }
    let model = estate.system("top", top).build().unwrap();
    let top = model.topology().system("top").unwrap();
    let options = CutSetOptions { node_budget: 20_000, step_budget: 1_000_000, ..CutSetOptions::default() };
    let report = FaultGraph::compile(&model).cut_sets(&[top], &options);
    let truncation = report.truncation.expect("20,000 nodes do not suffice");
    assert_eq!(truncation.reason, StopReason::NodeBudget);
    assert!(truncation.max_order >= 2);
    // No system is its own partner, so that all sets are pairs and none is missing.
    let pairs: BTreeSet<(u32, u32)> = (0..400).map(|at| (at.min(partner(at)), at.max(partner(at)))).collect();
    assert_eq!(report.count, pairs.len().to_string());
    assert_eq!(report.probability.how, How::Interval);
    // More than any one pair, and no more than all pairs added up.
    assert!(report.probability.lo > 1e-5 && report.probability.lo <= 1e-6 * pairs.len() as f64);
    assert!(report.probability.hi >= report.probability.lo);
}

/// 50 of 100: 10^29 sets in a few thousand nodes, and operations that look at far more pairs of nodes than they create.
#[test]
fn half_of_a_hundred_is_exact() {
    let names: Vec<String> = (0..100).map(|at| format!("e{at}")).collect();
    let mut estate = document::Model::new("half of a hundred");
    for name in &names {
        estate = estate.system(name.clone(), System::new().fault("x", Fault::new("hardware", 0.1)));
    }
    let needs = Need::at_least(51, names.iter().map(String::as_str));
    let model = estate.system("top", System::new().faultless().needs(needs)).build().unwrap();
    let top = model.topology().system("top").unwrap();
    let report = FaultGraph::compile(&model).cut_sets(&[top], &CutSetOptions { list: 1, ..CutSetOptions::default() });
    assert_eq!(report.count, "100891344545564193334812497256");
    // Upper tail of a binomial, from its terms.
    let term =
        |k: u32| (0..k).map(|i| f64::from(100 - i) / f64::from(i + 1) / 9.0).product::<f64>() * 0.9_f64.powi(100);
    let expected: f64 = (50..=100).rev().map(term).sum();
    assert!((report.probability.lo / expected - 1.0).abs() < 1e-12, "{:?}", report.probability);
}

/// In the order as written every function of this chain is pushed through all events below it; another order costs a node
/// for each. The race must not drop that one for want of room for the variables themselves.
#[test]
fn a_chain_longer_than_a_round_of_the_race_is_exact() {
    let links = 25_000;
    let mut estate = document::Model::new("chain");
    for at in 0..links {
        let event = System::new().fault("x", Fault::new("hardware", 1e-6));
        let mut gate = System::new().faultless();
        if at + 1 < links {
            gate = gate.needs(format!("g{}", at + 1));
        }
        estate = estate.system(format!("e{at}"), event).system(format!("g{at}"), gate.needs(format!("e{at}")));
    }
    let model = estate.build().unwrap();
    let top = model.topology().system("g0").unwrap();
    let report = FaultGraph::compile(&model).cut_sets(&[top], &CutSetOptions { list: 1, ..CutSetOptions::default() });
    assert_eq!((report.count.as_str(), report.probability.how), ("25000", How::Exact));
    let expected = -f64::exp_m1(f64::from(links) * f64::ln_1p(-1e-6));
    assert!((report.probability.lo / expected - 1.0).abs() < 1e-12);
}

#[test]
fn a_faultless_system_without_needs_never_fails() {
    let model = document::Model::new("nothing").system("idle", System::new().faultless()).build().unwrap();
    assert!(model.faults().is_empty());
    let report = FaultGraph::compile(&model).cut_sets(&[SystemIndex::new(0)], &CutSetOptions::default());
    assert_eq!((report.count.as_str(), report.by_order.len(), report.probability.hi), ("0", 0, 0.0));
}
