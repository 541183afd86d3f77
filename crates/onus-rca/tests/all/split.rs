//! What the split costs an estate, against an enumeration written apart from the code and by other means; and the
//! theorems of DESIGN.md 3.5 as properties of random estates.

use std::collections::{BTreeMap, BTreeSet};

use onus_model::document::{Contract, Contractor, Fault, Interface, Model as Document, Monitor, System};
use onus_model::{Alternative, ContractorIndex, DutyKind, Element, FaultIndex, Model, Need, SystemIndex};
use onus_rca::{
    By, Curve, CurveOptions, ExpectedTerms, FaultDictionary, FaultGraph, Figure, How, Outcomes, Plan, PlanEnd,
    PlanOptions, Readings, Split, SplitOptions, StructureSplit,
};
use proptest::prelude::*;

use crate::metamorphic::Renaming;
use crate::random::{Case, cases, config};

/// Sums in another order differ by this at most.
const SAME: f64 = 1e-9;

fn judge(model: &Model, options: &SplitOptions) -> StructureSplit {
    let dictionary = FaultDictionary::of(&FaultGraph::compile(model), options);
    StructureSplit::of("it", model, &dictionary, options)
}

fn under(model: &Model, alternative: &Alternative) -> Model {
    model.under(alternative).expect("no selector is asked for")
}

/// One incident: how probable, the shares of faults, which systems fail, which channels alarm.
struct Incident {
    weight: f64,
    shares: Vec<(FaultIndex, f64)>,
    failed: Vec<bool>,
    alarms: BTreeSet<(Option<usize>, usize)>,
}

/// The least fixpoint from "nothing has failed" upwards, written from DESIGN.md 3.1.
fn failed(model: &Model, faults: &[FaultIndex], apart: &BTreeSet<usize>) -> Vec<bool> {
    fn holds(model: &Model, need: &Need, faults: &[FaultIndex], apart: &BTreeSet<usize>, failed: &[bool]) -> bool {
        match need {
            Need::Provider(index) => {
                let interface = &model.interfaces()[index.index()];
                let own = interface.faults.iter().any(|fault| faults.contains(fault));
                !own && (!failed[interface.provider.index()] || apart.contains(&index.index()))
            }
            Need::AtLeast { k, of } => {
                of.iter().filter(|need| holds(model, need, faults, apart, failed)).count() >= *k as usize
            }
        }
    }
    let mut state = vec![false; model.systems().len()];
    loop {
        let next: Vec<bool> = model
            .systems()
            .iter()
            .map(|system| {
                system.faults.iter().any(|fault| faults.contains(fault))
                    || system.needs.iter().any(|need| !holds(model, need, faults, apart, &state))
            })
            .collect();
        if next == state {
            return state;
        }
        state = next;
    }
}

#[allow(clippy::too_many_lines, reason = "one enumeration, written out")]
/// All incidents of an estate: every fault set, every outcome of every coupling, every outcome of every channel.
fn incidents(model: &Model, faults_at_once: u32) -> (Vec<Incident>, f64) {
    let services: Vec<usize> = model.topology().service_systems().iter().map(|system| system.index()).collect();
    let uncertain: Vec<usize> = (0..model.interfaces().len())
        .filter(|i| (0.0..1.0).contains(&model.interfaces()[*i].propagates.get()))
        .collect();
    let prior = |fault: usize| {
        let p = model.faults()[fault].prior.probability().get();
        if p >= 1.0 { 1e9 } else { p / (1.0 - p) }
    };
    let mut sets: Vec<Vec<FaultIndex>> = (0..model.faults().len()).map(|f| vec![FaultIndex::new(f)]).collect();
    if faults_at_once == 2 {
        for a in 0..model.faults().len() {
            sets.extend((a + 1..model.faults().len()).map(|b| vec![FaultIndex::new(a), FaultIndex::new(b)]));
        }
    }
    let watched: BTreeSet<usize> = model.monitors().iter().flat_map(|m| m.watches.iter().map(|s| s.index())).collect();
    let mut all = Vec::new();
    let (mut noticed, mut total) = (0.0, 0.0);
    for set in sets {
        let odds: f64 = set.iter().map(|fault| prior(fault.index())).product();
        for outcome in 0..1_usize << uncertain.len() {
            let mut weight = odds;
            let mut apart = BTreeSet::new();
            for (bit, interface) in uncertain.iter().enumerate() {
                let p = model.interfaces()[*interface].propagates.get();
                let couples = outcome >> bit & 1 == 1;
                weight *= if couples { p } else { 1.0 - p };
                if !couples {
                    apart.insert(*interface);
                }
            }
            if weight <= 0.0 {
                continue;
            }
            let state = failed(model, &set, &apart);
            let broken = services.iter().filter(|system| state[**system]).count();
            // Channels: probability of an alarm each.
            let mut channels: Vec<((Option<usize>, usize), f64)> = Vec::new();
            for (at, monitor) in model.monitors().iter().enumerate() {
                for system in &monitor.watches {
                    let dead = monitor.runs_on.is_some_and(|host| state[host.index()]);
                    let p = match (dead, state[system.index()]) {
                        (true, _) => 0.0,
                        (_, true) => monitor.detects.get(),
                        (_, false) => monitor.false_alarms.get(),
                    };
                    channels.push(((Some(at), system.index()), p));
                }
            }
            for system in (0..model.systems().len()).filter(|system| !watched.contains(system)) {
                channels.push(((None, system), f64::from(u8::from(state[system]))));
            }
            let about_failures = channels.iter().filter(|((monitor, system), _)| monitor.is_some() && state[*system]);
            let silent: f64 = about_failures.map(|(_, p)| 1.0 - p).product();
            let looked = (0..model.systems().len()).any(|system| {
                let element = Element::System(SystemIndex::new(system));
                let duty = !model.responsibility(None).holding(DutyKind::Monitor, element).is_empty();
                state[system] && duty && !watched.contains(&system)
            });
            total += weight;
            noticed += weight * if broken > 0 || looked { 1.0 } else { 1.0 - silent };
            if broken == 0 {
                continue;
            }
            // The Shapley share by its definition: the mean over both orders of coming in.
            let worth = |faults: &[FaultIndex]| {
                let state = failed(model, faults, &apart);
                services.iter().filter(|system| state[**system]).count() as f64 / broken as f64
            };
            let shares = match set.as_slice() {
                [a, b] => {
                    let first = 0.5 * worth(&[*a]) + 0.5 * (1.0 - worth(&[*b]));
                    vec![(*a, first), (*b, 1.0 - first)]
                }
                one => one.iter().map(|fault| (*fault, 1.0)).collect(),
            };
            let open: Vec<usize> =
                (0..channels.len()).filter(|at| channels[*at].1 > 0.0 && channels[*at].1 < 1.0).collect();
            for reading in 0..1_usize << open.len() {
                let mut weight = weight;
                let mut alarms: BTreeSet<(Option<usize>, usize)> =
                    channels.iter().filter(|(_, p)| *p >= 1.0).map(|(channel, _)| *channel).collect();
                for (bit, at) in open.iter().enumerate() {
                    let alarm = reading >> bit & 1 == 1;
                    weight *= if alarm { channels[*at].1 } else { 1.0 - channels[*at].1 };
                    if alarm {
                        alarms.insert(channels[*at].0);
                    }
                }
                all.push(Incident { weight, shares: shares.clone(), failed: state.clone(), alarms });
            }
        }
    }
    let mass: f64 = all.iter().map(|incident| incident.weight).sum();
    for incident in &mut all {
        incident.weight /= if mass > 0.0 { mass } else { 1.0 };
    }
    (all, if total > 0.0 { noticed / total } else { 0.0 })
}

/// Who sees a channel, from the words of the coordinator's rules and the contracts' own lists.
fn sees(model: &Model, viewer: Option<ContractorIndex>, channel: (Option<usize>, usize)) -> bool {
    let element = Element::System(SystemIndex::new(channel.1));
    let about = |contract: &onus_model::Contract, kinds: &[DutyKind]| {
        contract.duties.iter().filter(|duty| kinds.contains(&duty.kind)).any(|duty| {
            duty.elements.iter().any(|covered| match covered {
                Element::Interface(interface) if duty.kind == DutyKind::Integrate => {
                    let interface = &model.interfaces()[interface.index()];
                    interface.consumer.index() == channel.1 || interface.provider.index() == channel.1
                }
                covered => *covered == element,
            })
        })
    };
    let viewers = channel.0.map(|monitor| model.structure().viewers(onus_model::MonitorIndex::new(monitor)));
    if viewers.is_some_and(|viewers| viewers.public) {
        return true;
    }
    let Some(viewer) = viewer else { return false };
    let running = [DutyKind::Operate, DutyKind::Maintain, DutyKind::Monitor, DutyKind::Integrate];
    let mut knows: BTreeSet<ContractorIndex> =
        viewers.map(|viewers| viewers.contractors.iter().copied().collect()).unwrap_or_default();
    for contract in model.contracts().iter().filter(|contract| about(contract, &running)) {
        knows.extend(contract.holders().into_iter().map(|(holder, _)| holder));
    }
    for _ in model.contractors() {
        for contract in model.contracts().iter().filter(|contract| about(contract, &DutyKind::ALL)) {
            if contract.holders().iter().any(|(holder, _)| knows.contains(holder)) {
                knows.extend(contract.reports_to.iter().copied());
            }
        }
    }
    knows.contains(&viewer)
}

fn exists(model: &Model, channel: (Option<usize>, usize)) -> bool {
    let element = Element::System(SystemIndex::new(channel.1));
    channel.0.is_some() || !model.responsibility(None).holding(DutyKind::Monitor, element).is_empty()
}

/// What somebody reads of an incident, as a text: readings that are alike are the same text.
fn reading(model: &Model, incident: &Incident, view: &dyn Fn((Option<usize>, usize)) -> bool, all: bool) -> String {
    let services: Vec<bool> =
        model.topology().service_systems().iter().map(|system| incident.failed[system.index()]).collect();
    let alarms: Vec<_> = incident.alarms.iter().filter(|channel| exists(model, **channel) && view(**channel)).collect();
    let states = if all { incident.failed.clone() } else { Vec::new() };
    format!("{services:?} {alarms:?} {states:?}")
}

type Joint = BTreeMap<String, BTreeMap<String, f64>>;

/// Readings with the joint probability of each answer.
fn joint(
    model: &Model,
    incidents: &[Incident],
    level: usize,
    view: &dyn Fn((Option<usize>, usize)) -> bool,
    all: bool,
) -> Joint {
    let outcomes = Outcomes::of(model, By::Contractor, None);
    let mut joint: Joint = BTreeMap::new();
    for incident in incidents.iter().filter(|incident| incident.weight > 0.0) {
        let row = joint.entry(reading(model, incident, view, all)).or_default();
        for (fault, share) in &incident.shares {
            if level == 0 {
                *row.entry(fault.index().to_string()).or_default() += incident.weight * share;
            } else {
                for (outcome, fraction) in outcomes.of_fault(*fault) {
                    *row.entry(outcomes.all()[*outcome].who.clone()).or_default() += incident.weight * share * fraction;
                }
            }
        }
    }
    joint
}

/// H(R | reading) = H(R, reading) − H(reading).
fn entropy(joint: &Joint) -> f64 {
    let plain = |masses: &mut dyn Iterator<Item = f64>| masses.filter(|m| *m > 0.0).map(|m| -m * m.log2()).sum::<f64>();
    let both = plain(&mut joint.values().flat_map(|row| row.values().copied()));
    both - plain(&mut joint.values().map(|row| row.values().sum::<f64>()))
}

fn exactly(figure: Figure, value: f64, what: &str) -> Result<(), TestCaseError> {
    prop_assert_eq!(figure.how, How::Exact, "{}", what);
    prop_assert!((figure.lo - value).abs() < SAME, "{}: {} and {}", what, figure.lo, value);
    Ok(())
}

#[allow(clippy::too_many_lines, reason = "one comparison, figure by figure")]
fn agree(model: &Model, options: &SplitOptions) -> Result<(), TestCaseError> {
    let report = judge(model, &SplitOptions { confusion: 100, ..options.clone() });
    let (incidents, noticed) = incidents(model, options.faults_at_once);
    let nobody = incidents.is_empty();
    exactly(report.testability.detected, noticed, "detected")?;
    for view in &report.views {
        let viewer = model.contractor(&view.view);
        let pooled = view.view == "pooled";
        let sight = |channel| pooled || sees(model, viewer, channel);
        for (level, terms) in [view.fault, view.contractor].into_iter().enumerate() {
            let own = entropy(&joint(model, &incidents, level, &sight, false));
            let all = entropy(&joint(model, &incidents, level, &|_| true, false));
            let full = entropy(&joint(model, &incidents, level, &|_| true, true));
            exactly(terms.doubt, own, &format!("{} doubt {level}", view.view))?;
            exactly(terms.split, own - all, &format!("{} split {level}", view.view))?;
            exactly(terms.unmonitored, all - full, &format!("{} unmonitored {level}", view.view))?;
            exactly(terms.inherent, full, &format!("{} inherent {level}", view.view))?;
        }
        let rows = joint(model, &incidents, 1, &sight, false);
        let best: f64 = rows.values().map(|row| row.values().copied().fold(0.0, f64::max)).sum();
        exactly(view.accuracy, if nobody { 0.0 } else { best }, &format!("{} accuracy", view.view))?;
    }
    let rows = joint(model, &incidents, 1, &|_| true, false);
    let has_noise =
        model.monitors().iter().any(|m| [m.detects.get(), m.false_alarms.get()].iter().any(|p| *p > 0.0 && *p < 1.0));
    let left = |row: &BTreeMap<String, f64>| {
        let total: f64 = row.values().sum();
        row.values().filter(|mass| **mass > 0.0 && (!has_noise || **mass >= 0.01 * total)).count()
    };
    let mass = |row: &BTreeMap<String, f64>| row.values().sum::<f64>();
    // Where every monitor is reliable, or one is not but no incident makes it uncertain, the bound may differ.
    if !has_noise {
        for (at, level) in report.testability.cir.iter().enumerate() {
            let cir: f64 = rows.values().filter(|row| left(row) <= at + 1).map(mass).sum();
            exactly(*level, cir, "CIR")?;
        }
        exactly(
            report.testability.ambiguity,
            rows.values().map(|row| mass(row) * left(row) as f64).sum(),
            "ambiguity",
        )?;
        for own in &report.testability.isolability {
            let prior: f64 = rows.values().filter_map(|row| row.get(&own.who)).sum();
            let joint_mass: f64 = rows.values().filter(|row| left(row) == 1).filter_map(|row| row.get(&own.who)).sum();
            exactly(own.probability, prior, "probability")?;
            exactly(own.joint, joint_mass / prior, "joint")?;
            if let (Some(local), Some(viewer)) = (own.local, model.contractor(&own.who)) {
                let rows = joint(model, &incidents, 1, &|channel| sees(model, Some(viewer), channel), false);
                let alone: f64 = rows.values().filter(|row| left(row) == 1).filter_map(|row| row.get(&own.who)).sum();
                exactly(local, alone / prior, "local")?;
            }
        }
        let mut by_one: BTreeMap<usize, f64> = BTreeMap::new();
        let viewers: Vec<Option<ContractorIndex>> = std::iter::once(None)
            .chain((0..model.contractors().len()).map(|at| Some(ContractorIndex::new(at))))
            .collect();
        for viewer in viewers {
            let sight = |channel| sees(model, viewer, channel);
            let rows = joint(model, &incidents, 1, &sight, false);
            for (at, incident) in incidents.iter().enumerate() {
                let own = rows.get(&reading(model, incident, &sight, false));
                if own.is_some_and(|row| left(row) == 1) {
                    by_one.insert(at, incident.weight);
                }
            }
        }
        exactly(report.testability.locally_isolable, by_one.values().sum(), "locally isolable")?;
    }
    for row in &report.testability.confusion {
        let prior: f64 = rows.values().filter_map(|r| r.get(&row.who)).sum();
        for (who, named) in &row.named {
            let both = rows.values().filter_map(|r| Some(r.get(&row.who)? * r.get(who)? / mass(r)));
            exactly(*named, both.sum::<f64>() / prior, "confusion")?;
        }
        let total: f64 = row.named.iter().map(|(_, q)| q.lo).sum();
        prop_assert!((total - 1.0).abs() < SAME, "a row of the confusion matrix adds up to {}", total);
    }
    let contractors: Vec<_> = report.views.iter().filter(|view| model.contractor(&view.view).is_some()).collect();
    let least = contractors.iter().map(|view| view.contractor.doubt.lo).fold(f64::INFINITY, f64::min);
    prop_assert!((report.contractor.doubt.lo - least).abs() < SAME, "the headline is the best-informed contractor's");
    Ok(())
}

fn all_terms(report: &StructureSplit) -> Vec<ExpectedTerms> {
    report
        .views
        .iter()
        .flat_map(|view| [view.fault, view.contractor])
        .chain([report.fault, report.contractor])
        .collect()
}

/// Two reports have the same terms, whatever views are called.
fn close(a: &StructureSplit, b: &StructureSplit) -> Result<(), TestCaseError> {
    let sorted = |report: &StructureSplit| {
        let mut all: Vec<[f64; 8]> = report
            .views
            .iter()
            .map(|view| {
                let terms = |t: ExpectedTerms| [t.doubt.lo, t.split.lo, t.unmonitored.lo, t.inherent.lo];
                let ([a, b, c, d], [e, f, g, h]) = (terms(view.contractor), terms(view.fault));
                [a, b, c, d, e, f, g, h].map(|x| (x * 1e8).round() / 1e8)
            })
            .collect();
        all.sort_by(|a, b| a.partial_cmp(b).expect("no term is not a number"));
        all
    };
    let [x, y] = [sorted(a), sorted(b)];
    prop_assert_eq!(x.len(), y.len());
    for (x, y) in x.into_iter().flatten().zip(y.into_iter().flatten()) {
        prop_assert!((x - y).abs() < 1e-7, "{} {}", x, y);
    }
    prop_assert!((a.contractor.doubt.lo - b.contractor.doubt.lo).abs() < SAME);
    Ok(())
}

/// The same document with unreliable monitors made certain.
fn certain(case: &Case) -> Document {
    let mut document = case.model.clone();
    for monitor in document.monitors.values_mut() {
        monitor.detects = monitor.detects.map(f64::round);
        monitor.false_alarms = monitor.false_alarms.map(|p| if p > 0.9 { 1.0 } else { 0.0 });
    }
    document
}

/// The same with nothing left to chance but which fault it is.
fn decided(case: &Case) -> Document {
    let mut document = certain(case);
    for interface in document.interfaces.values_mut() {
        interface.propagates = interface.propagates.map(f64::round);
    }
    document
}

/// Two reports say the same, numbers but for rounding.
fn alike(a: &serde_json::Value, b: &serde_json::Value) -> Result<(), TestCaseError> {
    use serde_json::Value;
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => {
            let [x, y] = [x, y].map(|number| number.as_f64().expect("a number"));
            prop_assert!((x - y).abs() < SAME, "{} {}", x, y);
        }
        (Value::Array(x), Value::Array(y)) => {
            prop_assert_eq!(x.len(), y.len(), "{} {}", a, b);
            x.iter().zip(y).try_for_each(|(x, y)| alike(x, y))?;
        }
        (Value::Object(x), Value::Object(y)) => {
            prop_assert_eq!(x.len(), y.len(), "{} {}", a, b);
            x.iter().zip(y).try_for_each(|((k, x), (l, y))| {
                prop_assert_eq!(k, l);
                alike(x, y)
            })?;
        }
        (x, y) => prop_assert_eq!(x, y),
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn certain_monitors_agree_with_enumeration(case in cases()) {
        let model = certain(&case).build().expect("a valid estate");
        agree(&model, &SplitOptions::default())?;
    }

    #[test]
    fn signatures_agree_with_lists_and_with_enumeration(case in cases()) {
        let model = decided(&case).build().expect("a valid estate");
        let listed = SplitOptions { confusion: 100, ..SplitOptions::default() };
        // With no room for lists everything comes from signatures.
        let grouped = SplitOptions { failure_budget: 0, ..listed.clone() };
        agree(&model, &grouped)?;
        let structures: Vec<(String, Model)> = Alternative::BUILT_IN
            .iter()
            .map(|alternative| (alternative.name(&model), under(&model, alternative)))
            .collect();
        let [listed, grouped] = [listed, grouped].map(|options| {
            let dictionary = FaultDictionary::of(&FaultGraph::compile(&model), &options);
            let split = Split::of(&dictionary, &structures, &options);
            let plan = Plan::of(&model, &dictionary, &options, &PlanOptions { tried: 4, ..PlanOptions::default() });
            serde_json::to_value((split, plan)).expect("reports are written")
        });
        alike(&listed, &grouped)?;
    }

    #[test]
    fn unreliable_monitors_and_pairs_of_faults_agree_with_enumeration(case in cases(), pairs in 1..=2_u32) {
        // Ten readings are 1,024 outcomes of each world.
        let mut document = case.model.clone();
        while document.monitors.values().map(|m| m.watches.len()).sum::<usize>() * document.systems.len() > 6 {
            document.monitors.pop_last();
        }
        let model = document.build().expect("a valid estate");
        agree(&model, &SplitOptions { faults_at_once: pairs, ..SplitOptions::default() })?;
    }

    #[test]
    /// Sums are cut off at 0 where they become figures: a negative term would break the sum, or be one the enumeration lacks.
    fn terms_add_up(case in cases(), pairs in 1..=2_u32) {
        let model = case.model();
        let options = SplitOptions { faults_at_once: pairs, samples: 50, ..SplitOptions::default() };
        for terms in all_terms(&judge(&model, &options)) {
            let ExpectedTerms { doubt, split, unmonitored, inherent } = terms;
            let sum = split.plus(unmonitored).plus(inherent);
            prop_assert!(sum.lo <= doubt.hi + SAME && doubt.lo <= sum.hi + SAME, "{:?}", terms);
            if doubt.how == How::Exact {
                prop_assert!(sum.hi - sum.lo < SAME, "what is exact has exact terms: {:?}", terms);
            }
        }
    }

    #[test]
    fn refinement_never_lowers_and_sharing_never_raises_doubt_about_who_answers(
        case in cases(), from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(),
    ) {
        // What a consortium answers for by shares, its parts on two elements would dispute: that is no refinement of the answer.
        let mut document = case.model.clone();
        for contract in document.contracts.values_mut() {
            if let Some((member, _)) = contract.consortium.pop_first() {
                contract.contractor = Some(member);
                contract.consortium.clear();
            }
        }
        let model = document.build().expect("a valid estate");
        let options = SplitOptions::default();
        let dictionary = FaultDictionary::of(&FaultGraph::compile(&model), &options);
        prop_assume!(dictionary.readings() == Readings::Exact);
        let of = |model: &Model| StructureSplit::of("", model, &dictionary, &options).contractor;
        let actual = of(&model);
        let refined = of(&under(&model, &Alternative::Refined));
        prop_assert!(refined.doubt.lo >= actual.doubt.lo - SAME, "refined {:?} {:?}", refined, actual);
        let parties: Vec<ContractorIndex> = (0..model.contractors().len()).map(ContractorIndex::new).collect();
        let share = Alternative::Share(*from.get(&parties), *to.get(&parties));
        for sharing in [share, Alternative::FullSharing] {
            let shared = of(&under(&model, &sharing));
            prop_assert!(shared.doubt.lo <= actual.doubt.lo + SAME, "{:?} {:?} {:?}", sharing, shared, actual);
            prop_assert!((shared.inherent.lo - actual.inherent.lo).abs() < SAME);
        }
        let all = of(&under(&model, &Alternative::FullSharing));
        prop_assert!(all.split.lo.abs() < SAME, "where all is shared nothing is due to the split: {:?}", all);
    }

    #[test]
    fn one_contractor_that_holds_and_sees_everything_is_in_no_doubt_who_answers(case in cases()) {
        let mut document = case.model.clone();
        document.contracts.clear();
        let mut contract = Contract::held_by("acme");
        for duty in DutyKind::ALL {
            let over_all = ["*"].into_iter().chain((!crate::random::interfaces(&document).is_empty()).then_some("* -> *"));
            contract = contract.duty(duty, over_all);
        }
        for duties in document.answers.values_mut() {
            *duties = DutyKind::ALL.to_vec();
        }
        document.answers.insert("weather".to_owned(), vec![DutyKind::Operate]);
        let model = document.contract("all", contract).build().expect("a valid estate");
        let report = judge(&model, &SplitOptions { samples: 20, ..SplitOptions::default() });
        prop_assert!(report.contractor.doubt.hi < SAME || report.contractor.doubt.how != How::Exact);
        prop_assert!(report.contractor.doubt.lo < SAME && report.fault.split.lo < SAME);
        if report.fault.split.how == How::Exact {
            prop_assert!(report.fault.split.hi < SAME);
        }
    }

    #[test]
    fn an_unrelated_system_changes_nothing(case in cases()) {
        // What a pattern selects would grow: write out what it selects.
        let mut case = Renaming(BTreeMap::new()).case(&case);
        case.model = certain(&case);
        // Where none declares demand every system is a service, and the new one would be one more.
        if case.model.systems.values().all(|system| system.demand.is_empty()) {
            for system in case.model.systems.values_mut() {
                system.demand.insert("users".to_owned(), 1.0);
            }
        }
        let options = SplitOptions::default();
        let before = judge(&case.model(), &options);
        case.model = case.model.system("aside", System::new().fault("f", Fault::new("hardware", 0.3)));
        let after = judge(&case.model(), &options);
        close(&before, &after)?;
    }

    #[test]
    fn renaming_changes_nothing(case in cases()) {
        let mut case = case;
        case.model = certain(&case);
        let other = Renaming::of(&case).case(&case);
        let options = SplitOptions::default();
        close(&judge(&case.model(), &options), &judge(&other.model(), &options))?;
    }

    #[test]
    fn sampling_is_within_its_interval_and_the_truth_too(case in cases(), seed in 0..1000_u64) {
        let model = case.model();
        let exact = judge(&model, &SplitOptions::default());
        prop_assume!(exact.contractor.doubt.how == How::Exact);
        // 99.99 %: of some thousand figures in a run none should be off.
        let options =
            SplitOptions { reading_budget: 0, samples: 300, seed, confidence: 0.9999, ..SplitOptions::default() };
        let drawn = judge(&model, &options);
        let by_name: BTreeMap<&str, _> = exact.views.iter().map(|view| (view.view.as_str(), view)).collect();
        for view in &drawn.views {
            let truth = by_name[view.view.as_str()];
            for (a, b) in [(view.fault, truth.fault), (view.contractor, truth.contractor)] {
                for (drawn, truth) in [(a.doubt, b.doubt), (a.split, b.split), (a.unmonitored, b.unmonitored), (a.inherent, b.inherent)] {
                    prop_assert!(drawn.contains(truth.lo, SAME), "{}: {:?} {:?}", view.view, drawn, truth);
                }
            }
            prop_assert!(view.accuracy.contains(truth.accuracy.lo, SAME));
        }
        prop_assert_eq!(drawn.testability.isolability.len(), exact.testability.isolability.len());
        // What counts as told apart differs between a listing of certain readings and a draw.
        let negligible = |options: &SplitOptions| {
            let dictionary = FaultDictionary::of(&FaultGraph::compile(&model), options);
            Split::of(&dictionary, &[], options).incidents.negligible
        };
        let same_bound = negligible(&options) == negligible(&SplitOptions::default());
        for (own, truth) in drawn.testability.isolability.iter().zip(&exact.testability.isolability) {
            prop_assert!(own.probability.contains(truth.probability.lo, SAME), "{own:?} {truth:?}");
            if same_bound {
                prop_assert!(own.joint.contains(truth.joint.lo, SAME), "{own:?} {truth:?}");
            }
        }
        for (row, truth) in drawn.testability.confusion.iter().zip(&exact.testability.confusion) {
            let named: BTreeMap<&str, Figure> = row.named.iter().map(|(who, q)| (who.as_str(), *q)).collect();
            let prior = exact.testability.isolability.iter().find(|own| own.who == row.who).expect("it is listed").probability.lo;
            for (who, q) in &truth.named {
                // What was never drawn is left out: of something with a probability of 0.04, once in 200,000 runs.
                let own = named.get(who.as_str());
                prop_assert!(own.map_or(prior * q.lo < 0.04, |own| own.contains(q.lo, SAME)), "{who}: {own:?} {q:?}");
            }
        }
    }

    #[test]
    fn what_does_not_fit_gives_intervals_that_contain_the_truth(case in cases(), failure_budget in 0..8_usize) {
        let model = certain(&case).build().expect("valid");
        let exact = judge(&model, &SplitOptions::default());
        let by_name: BTreeMap<&str, _> = exact.views.iter().map(|view| (view.view.as_str(), view)).collect();
        let few = [
            SplitOptions { world_budget: 0, ..SplitOptions::default() },
            SplitOptions { failure_budget, ..SplitOptions::default() },
        ];
        let cut = few.map(|options| judge(&model, &options));
        for view in cut.iter().flat_map(|cut| &cut.views) {
            let truth = by_name[view.view.as_str()];
            for (a, b) in [(view.fault, truth.fault), (view.contractor, truth.contractor)] {
                prop_assert!(a.doubt.contains(b.doubt.lo, SAME), "{:?} {:?}", a.doubt, b.doubt);
                prop_assert!(a.inherent.contains(b.inherent.lo, SAME), "{:?} {:?}", a.inherent, b.inherent);
                prop_assert!(a.split.contains(b.split.lo, SAME), "{:?} {:?}", a.split, b.split);
                prop_assert!(a.unmonitored.contains(b.unmonitored.lo, SAME), "{:?} {:?}", a.unmonitored, b.unmonitored);
            }
        }
    }
}

proptest! {
    #![proptest_config(config(10))]

    #[test]
    fn a_plan_keeps_to_its_budget_and_is_never_worse_than_the_best_single_measure(case in cases(), budget in 0..12_u8) {
        let model = certain(&case).build().expect("valid");
        let options = SplitOptions::default();
        let dictionary = FaultDictionary::of(&FaultGraph::compile(&model), &options);
        let asked = PlanOptions { budget: f64::from(budget), tried: 6, ..PlanOptions::default() };
        let plan = Plan::of(&model, &dictionary, &options, &asked);
        let cost: f64 = plan.plan.iter().map(|measure| measure.cost).sum();
        prop_assert!(cost <= asked.budget + SAME);
        let gained: f64 = plan.plan.iter().map(|measure| measure.drop.middle()).sum();
        let affordable = plan.ranked.iter().filter(|measure| measure.cost <= asked.budget);
        let single = affordable.map(|measure| measure.drop.middle()).fold(0.0, f64::max);
        prop_assert!(gained >= single - SAME, "{gained} {single}");
        let last = plan.plan.last().map_or(plan.contractor, |measure| measure.contractor);
        prop_assert!((plan.contractor.doubt.lo - gained - last.doubt.lo).abs() < SAME, "drops add up");
        prop_assert!(plan.ranked.is_sorted_by(|a, b| a.drop_per_cost.middle() >= b.drop_per_cost.middle() - SAME));
    }

    #[test]
    fn a_curve_ends_with_one_contractor_and_its_chosen_merges_lie_in_no_order_below_the_best_step(case in cases()) {
        let model = certain(&case).build().expect("valid");
        let options = SplitOptions::default();
        let dictionary = FaultDictionary::of(&FaultGraph::compile(&model), &options);
        let curve = Curve::of(&model, &model, &dictionary, &options, &CurveOptions { orders: 4, ..CurveOptions::default() });
        prop_assert_eq!(&curve.chosen[0], &curve.actual);
        let counts: Vec<usize> = curve.chosen.iter().map(|point| point.contractors).collect();
        prop_assert!(counts.windows(2).all(|pair| pair[1] + 1 == pair[0]), "{:?}", counts);
        prop_assert!(counts.last().is_none_or(|last| *last <= 1));
        for band in &curve.random {
            for [lo, middle, hi] in [band.fault, band.contractor] {
                prop_assert!(lo.lo <= middle.lo && middle.lo <= hi.lo);
            }
        }
        // The first chosen step is the least of all first steps, so no random order is below it there.
        if let (Some(step), Some(band)) = (curve.chosen.get(1), curve.random.get(1)) {
            prop_assert!(step.contractor.doubt.lo <= band.contractor[0].lo + SAME);
        }
    }
}

/// A chain whose middle nobody watches, in two hands.
fn chain() -> Document {
    Document::new("chain")
        .contractor("netco", Contractor::default())
        .contractor("appco", Contractor::default())
        .system("router", System::new().fault("f", Fault::new("hardware", 0.1)))
        .system("switch", System::new().fault("f", Fault::new("hardware", 0.1)).needs("router"))
        .system("portal", System::new().fault("f", Fault::new("hardware", 0.1)).needs("switch").demand("users", 1.0))
        .interface("portal", "switch", Interface::default())
        .contract("net", Contract::held_by("netco").duty(DutyKind::Maintain, ["router", "switch"]))
        .contract("app", Contract::held_by("appco").duty(DutyKind::Maintain, ["portal"]))
}

#[test]
fn known_by_hand() {
    // Nobody watches anything: three faults alike, log2 3 bits about the fault; 1/3 against 2/3 about who answers.
    let bare = judge(&chain().build().unwrap(), &SplitOptions::default());
    let thirds = 3_f64.log2();
    let who = thirds - 2.0 / 3.0;
    assert!((bare.fault.doubt.lo - thirds).abs() < SAME && bare.fault.split.lo.abs() < SAME);
    assert!((bare.contractor.doubt.lo - who).abs() < SAME && (bare.contractor.unmonitored.lo - who).abs() < SAME);
    assert!(bare.fault.inherent.lo.abs() < SAME, "the state of all systems tells the three apart");
    // The switch is watched, by who has nothing to do with it: netco sees it by duty, appco does not.
    let watched = chain().monitor("noc", Monitor::of(["switch"])).build().unwrap();
    let watched = judge(&watched, &SplitOptions::default());
    assert_eq!(watched.headline, "netco");
    assert!(watched.contractor.doubt.lo.abs() < SAME, "netco can tell that it is its own");
    let appco = watched.views.iter().find(|view| view.view == "appco").unwrap();
    assert!((appco.contractor.split.lo - who).abs() < SAME, "appco cannot, because it is not told");
    assert!((watched.fault.unmonitored.lo - 2.0 / 3.0).abs() < SAME, "router and switch are told apart by no monitor");
    assert_eq!(watched.testability.cir[0].lo, 1.0);
}

#[test]
fn a_monitor_on_a_failed_host_is_blind_and_its_silence_misleads() {
    let mut noc = Monitor::of(["switch"]);
    noc.runs_on = Some("router".to_owned());
    let blind = judge(&chain().monitor("noc", noc).build().unwrap(), &SplitOptions::default());
    // Silence: the portal's own fault, or the router's, which took the monitor with it.
    assert!((blind.contractor.doubt.lo - 2.0 / 3.0).abs() < SAME);
}

#[test]
fn somebody_who_is_paid_to_look_sees_what_no_monitor_watches() {
    let looked = chain().contract("watch", Contract::held_by("appco").duty(DutyKind::Monitor, ["router"]));
    let looked = judge(&looked.build().unwrap(), &SplitOptions::default());
    let appco = looked.views.iter().find(|view| view.view == "appco").unwrap();
    assert_eq!(appco.sees, 1);
    assert!((appco.fault.doubt.lo - 2.0 / 3.0).abs() < SAME);
}

#[test]
fn a_monitor_on_the_seam_is_the_best_measure_for_its_cost_and_enough() {
    let model = chain().build().unwrap();
    let options = SplitOptions::default();
    let dictionary = FaultDictionary::of(&FaultGraph::compile(&model), &options);
    let plan = Plan::of(&model, &dictionary, &options, &PlanOptions::default());
    let steps: Vec<&str> = plan.plan.iter().map(|measure| measure.what.as_str()).collect();
    assert_eq!(steps, ["watch appco:switch"]);
    assert!(plan.plan[0].contractor.doubt.lo.abs() < SAME && plan.ended == PlanEnd::NothingHelps);
    let curve = Curve::of(&model, &model, &dictionary, &options, &CurveOptions::default());
    assert!(curve.chosen[1].contractor.doubt.lo.abs() < SAME, "one contractor is certain by definition");
    assert!((curve.chosen[1].fault.doubt.lo - 3_f64.log2()).abs() < SAME, "and knows no more about the fault");
}

#[test]
fn one_dictionary_serves_all_structures() {
    let model = chain().build().unwrap();
    let options = SplitOptions::default();
    let dictionary = FaultDictionary::of(&FaultGraph::compile(&model), &options);
    let structures: Vec<(String, Model)> = Alternative::BUILT_IN
        .iter()
        .map(|alternative| (alternative.name(&model), under(&model, alternative)))
        .collect();
    let split = Split::of(&dictionary, &structures, &options);
    for ((_, model), own) in structures.iter().zip(&split.structures) {
        let alone = judge(model, &options);
        assert_eq!((alone.fault, alone.contractor), (own.fault, own.contractor), "{}", own.name);
    }
    assert_eq!(split.structures[1].name, "one prime");
    assert!(split.structures[1].contractor.doubt.lo.abs() < SAME);
}
