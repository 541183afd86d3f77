//! What must not change an answer, and what must.

use std::collections::{BTreeMap, BTreeSet};

use onus_model::document::{self, Evidence as Item, Fault, Interface, Need, SeenBy, System};
use onus_model::{DutyKind, Model};
use onus_rca::{
    Attribution, By, CausalPath, DiagnoseOptions, Diagnosis, Doubt, Evidence, FaultGraph, Figure, How, View,
};
use proptest::prelude::*;

use crate::agreement::SAME;
use crate::random::{Case, cases, config, interfaces};

/// All figures of a case, by name.
fn figures(case: &Case) -> (BTreeMap<String, f64>, BTreeSet<Vec<String>>) {
    let model = case.model();
    let incident = case.incident(&model);
    let graph = FaultGraph::compile(&model);
    let mut figures = BTreeMap::new();
    let mut sets = BTreeSet::new();
    for view in View::all(&model) {
        let name = view.name(&model);
        let evidence = view.evidence(&model, &incident, None);
        let diagnosis = graph.diagnose(&evidence, &DiagnoseOptions::default());
        figures.insert(format!("{name}: P(E)"), diagnosis.evidence_probability.lo);
        figures.insert(format!("{name}: conflict"), f64::from(u8::from(diagnosis.conflict.is_some())));
        for finding in &diagnosis.faults {
            figures.insert(format!("{name}: {} posterior", finding.id), finding.posterior.lo);
            figures.insert(format!("{name}: {} share", finding.id), finding.share.lo);
        }
        for by in [By::Contractor, By::Contract, By::Prime, By::Group] {
            let attribution = Attribution::of(&model, &diagnosis, by, incident.day());
            for row in attribution.rows {
                // Names of a dispute are sorted, and sort otherwise when renamed.
                let mut who: Vec<&str> = row.who.split(" | ").collect();
                who.sort_unstable();
                for (column, figure) in [row.causal, row.liable, row.control].into_iter().enumerate() {
                    figures.insert(format!("{name}: {by:?} {:?} {who:?} {column}", row.kind), figure.lo);
                }
            }
        }
        // The last rank may be cut where it ties: compare what ranks above.
        let last = diagnosis.diagnoses.last().map_or(0, |d| d.rank);
        for ranked in diagnosis.diagnoses.iter().filter(|d| d.rank < last) {
            let mut set: Vec<String> = ranked.faults.iter().map(ToString::to_string).collect();
            set.sort();
            figures.insert(format!("{name}: {set:?}"), ranked.probability.lo);
            figures.insert(format!("{name}: {set:?} rank"), ranked.rank as f64);
        }
        for group in &diagnosis.ambiguity_groups {
            let mut group: Vec<String> = group.iter().map(ToString::to_string).collect();
            group.sort();
            group.insert(0, name.clone());
            sets.insert(group);
        }
        for exoneration in &diagnosis.exonerated {
            sets.insert(vec![name.clone(), "exonerated".to_owned(), exoneration.fault.to_string()]);
        }
        sets.insert(
            diagnosis.observed_failures.iter().map(ToString::to_string).collect::<BTreeSet<_>>().into_iter().collect(),
        );
    }
    (figures, sets)
}

fn same(before: &BTreeMap<String, f64>, after: &BTreeMap<String, f64>) -> Result<(), TestCaseError> {
    let names = |figures: &BTreeMap<String, f64>| {
        figures.iter().filter(|(_, value)| value.abs() > SAME).map(|(name, _)| name.clone()).collect::<BTreeSet<_>>()
    };
    let (lost, gained) = (names(before), names(after));
    prop_assert_eq!(lost.difference(&gained).collect::<Vec<_>>(), Vec::<&String>::new(), "lost");
    prop_assert_eq!(gained.difference(&lost).collect::<Vec<_>>(), Vec::<&String>::new(), "gained");
    for name in lost {
        prop_assert!((before[&name] - after[&name]).abs() <= SAME, "{}: {} {}", name, before[&name], after[&name]);
    }
    Ok(())
}

/// Everything the whole program would print of the diagnoses.
fn json(case: &Case) -> String {
    let model = case.model();
    let incident = case.incident(&model);
    let graph = FaultGraph::compile(&model);
    let mut text = String::new();
    for view in View::all(&model) {
        let diagnosis = graph.diagnose(&view.evidence(&model, &incident, None), &DiagnoseOptions::default());
        let attribution = Attribution::of(&model, &diagnosis, By::Contractor, incident.day());
        let doubt = Doubt::of(&diagnosis, &attribution);
        text += &serde_json::to_string(&(diagnosis, attribution, doubt)).expect("a report is written");
    }
    text
}

/// New names for everything, in another order.
pub struct Renaming(pub BTreeMap<String, String>);

impl Renaming {
    pub fn of(case: &Case) -> Self {
        let model = &case.model;
        let ids: Vec<&String> = model
            .systems
            .keys()
            .chain(model.contractors.keys())
            .chain(model.contracts.keys())
            .chain(model.common_causes.keys())
            .chain(model.monitors.keys())
            .chain(case.incident.evidence.iter().map(|item| &item.id))
            .collect();
        let names = ids.iter().map(|id| ((*id).clone(), format!("{}-{id}", Self::scatter(id)))).collect();
        Self(names)
    }

    /// A prefix that sorts unlike the id.
    fn scatter(id: &str) -> u32 {
        id.bytes().fold(17, |hash, byte| (hash * 31 + u32::from(byte)) % 97)
    }

    fn id(&self, id: &str) -> String {
        if let Some(name) = self.0.get(id) {
            return name.clone();
        }
        if let Some((consumer, provider)) = id.split_once(" -> ") {
            return format!("{} -> {}", self.id(consumer), self.id(provider));
        }
        match id.split_once('.') {
            Some((owner, fault)) => format!("{}.{fault}", self.id(owner)),
            None => id.to_owned(),
        }
    }

    /// A selector as the ids it selects.
    fn selectors(&self, model: &document::Model, selectors: &[String], across: bool) -> Vec<String> {
        let mut result = Vec::new();
        let ends = |pattern: &str, id: &str| {
            pattern == id || pattern.strip_suffix('*').is_some_and(|prefix| id.starts_with(prefix))
        };
        for selector in selectors {
            let systems = model.systems.iter();
            let pairs = interfaces(model);
            if let Some(kind) = selector.strip_prefix("kind:") {
                result.extend(systems.filter(|(_, s)| s.kind.as_deref() == Some(kind)).map(|(id, _)| self.id(id)));
                for (consumer, provider) in pairs.iter().filter(|_| across) {
                    let id = format!("{consumer} -> {provider}");
                    if model.interfaces.get(&id).is_some_and(|i| i.kind.as_deref() == Some(kind)) {
                        result.push(self.id(&id));
                    }
                }
            } else if let Some((left, right)) = selector.split_once("->") {
                for (consumer, provider) in &pairs {
                    if ends(left.trim(), consumer) && ends(right.trim(), provider) {
                        result.push(self.id(&format!("{consumer} -> {provider}")));
                    }
                }
            } else {
                result.extend(systems.filter(|(id, _)| ends(selector, id)).map(|(id, _)| self.id(id)));
            }
        }
        result
    }

    fn need(&self, need: &Need) -> Need {
        match need {
            Need::Provider(provider) => Need::Provider(self.id(provider)),
            Need::Any { any } => Need::Any { any: any.iter().rev().map(|need| self.need(need)).collect() },
            Need::AtLeast { at_least, of } => {
                Need::AtLeast { at_least: *at_least, of: of.iter().rev().map(|need| self.need(need)).collect() }
            }
        }
    }

    /// The same case under the new names, lists turned round where their order says nothing.
    pub fn case(&self, case: &Case) -> Case {
        let old = &case.model;
        let mut model = document::Model { systems: BTreeMap::new(), ..old.clone() };
        for (id, system) in &old.systems {
            let needs = system.needs.iter().rev().map(|need| self.need(need)).collect();
            model.systems.insert(self.id(id), System { needs, ..system.clone() });
        }
        model.interfaces = old.interfaces.iter().map(|(id, interface)| (self.id(id), interface.clone())).collect();
        model.contractors = old.contractors.iter().map(|(id, contractor)| (self.id(id), contractor.clone())).collect();
        model.common_causes.clear();
        for (id, common) in &old.common_causes {
            let mut common = common.clone();
            common.strikes = self.selectors(old, &common.strikes, true);
            model.common_causes.insert(self.id(id), common);
        }
        model.monitors.clear();
        for (id, monitor) in &old.monitors {
            let mut monitor = monitor.clone();
            monitor.watches = self.selectors(old, &monitor.watches, false);
            monitor.runs_on = monitor.runs_on.map(|host| self.id(&host));
            monitor.seen_by = monitor.seen_by.iter().rev().map(|party| self.id(party)).collect();
            model.monitors.insert(self.id(id), monitor);
        }
        model.contracts.clear();
        for (id, contract) in &old.contracts {
            let mut contract = contract.clone();
            let ids = |list: &[String]| list.iter().rev().map(|id| self.id(id)).collect::<Vec<_>>();
            contract.contractor = contract.contractor.map(|id| self.id(&id));
            contract.consortium = contract.consortium.iter().map(|(id, share)| (self.id(id), *share)).collect();
            contract.under = contract.under.map(|id| self.id(&id));
            contract.buyer = contract.buyer.map(|id| self.id(&id));
            contract.reports_to = ids(&contract.reports_to);
            contract.liability.indemnified_by = contract.liability.indemnified_by.map(|id| self.id(&id));
            contract.liability.excludes.reverse();
            contract.duties.reverse();
            for duty in &mut contract.duties {
                duty.of = self.selectors(old, &duty.of, true);
            }
            model.contracts.insert(self.id(id), contract);
        }
        let mut incident = case.incident.clone();
        incident.evidence.reverse();
        for item in &mut incident.evidence {
            let Item { failed, working, via, test, repaired, changed, announced, by, .. } = item;
            for reference in [failed, working, via, test, repaired, changed, announced, by] {
                *reference = reference.as_ref().map(|id| self.id(id));
            }
            item.id = self.id(&item.id);
            item.supersedes = item.supersedes.iter().map(|id| self.id(id)).collect();
            item.seen_by = item.seen_by.take().map(|seen_by| match seen_by {
                SeenBy::Parties(parties) => SeenBy::Parties(parties.iter().map(|party| self.id(party)).collect()),
                SeenBy::Times(times) => SeenBy::Times(times.iter().map(|(party, t)| (self.id(party), *t)).collect()),
            });
        }
        Case { model, incident }
    }

    /// A text with all old names replaced; longer names first.
    fn text(&self, text: &str) -> String {
        let mut words: Vec<(&String, &String)> = self.0.iter().collect();
        words.sort_by_key(|(old, _)| std::cmp::Reverse(old.len()));
        let mut result = String::new();
        let mut rest = text;
        'outer: while let Some(first) = rest.chars().next() {
            let begins = !result.ends_with(|c: char| c.is_alphanumeric() || c == '-');
            for (old, new) in &words {
                let after = rest.strip_prefix(old.as_str()).filter(|_| begins);
                if let Some(after) = after.filter(|after| !after.starts_with(|c: char| c.is_alphanumeric())) {
                    result += new;
                    rest = after;
                    continue 'outer;
                }
            }
            result.push(first);
            rest = &rest[first.len_utf8()..];
        }
        result
    }
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn renaming_and_reordering_commute(case in cases()) {
        // With several contracts of one holder over one fault, the first by id stands for them, with its clauses.
        let mut case = case;
        for (at, contract) in case.model.contracts.values_mut().enumerate() {
            contract.liability = document::Liability::default();
            contract.under = None;
            contract.consortium.clear();
            contract.contractor = Some(crate::random::CONTRACTORS[at % 4].to_owned());
        }
        let renaming = Renaming::of(&case);
        let other = renaming.case(&case);
        let ((before, sets), (after, other_sets)) = (figures(&case), figures(&other));
        let before: BTreeMap<String, f64> = before
            .into_iter()
            .map(|(name, value)| (sort_words(&renaming.text(&name)), value))
            .collect();
        let after = after.into_iter().map(|(name, value)| (sort_words(&name), value)).collect();
        same(&before, &after)?;
        let sorted = |sets: BTreeSet<Vec<String>>, rename: &dyn Fn(&str) -> String| {
            sets.into_iter()
                .map(|set| set.iter().map(|id| rename(id)).collect::<BTreeSet<_>>())
                .collect::<BTreeSet<_>>()
        };
        prop_assert_eq!(sorted(sets, &|id| renaming.text(id)), sorted(other_sets, &str::to_owned));
    }

    #[test]
    fn the_order_of_the_items_in_the_file_changes_no_byte(case in cases(), by in 0_usize..7) {
        let mut other = case.clone();
        other.incident.evidence.reverse();
        let by = by % other.incident.evidence.len();
        other.incident.evidence.rotate_left(by);
        prop_assert_eq!(json(&case), json(&other));
    }

    #[test]
    fn an_unrelated_system_changes_nothing(case in cases()) {
        // What a pattern selects would grow: write out what it selects.
        let case = Renaming(BTreeMap::new()).case(&case);
        let mut other = case.clone();
        let fault = || Fault::new("hardware", 0.3);
        other.model = other.model
            .system("aside", System::new().fault("f", fault()).needs("beyond"))
            .system("beyond", System::new().fault("g", fault()));
        other.model.interfaces.insert("aside -> beyond".to_owned(), Interface {
            propagates: Some(0.5),
            faults: BTreeMap::from([("h".to_owned(), fault())]),
            ..Interface::default()
        });
        other.model.contractors.insert("zeta".to_owned(), document::Contractor::default());
        let contract = document::Contract::held_by("zeta").duty(DutyKind::Operate, ["aside", "beyond"]);
        other.model.contracts.insert("z".to_owned(), contract);
        for at in [0, 2, 4] {
            let time = crate::random::minute(at);
            other.incident.evidence.push(Item::repaired(format!("r{at}"), time, ["aside", "beyond", "aside"][at / 2]));
            other.incident.evidence.push(Item::working(format!("w{at}"), time, ["aside", "beyond", "beyond"][at / 2]));
        }
        // Shares, posteriors given the rest, attribution; the evidence itself is of course less probable.
        let (mut before, _) = figures(&case);
        let (mut after, _) = figures(&other);
        // Contracts by glob now cover more, and with demand declared elsewhere the ways to a service are the same.
        let foreign = |name: &String| ["aside", "beyond", "zeta", "P(E)", "\"z\""].iter().any(|word| name.contains(word));
        let set = |name: &String| name.contains(": [");
        for figures in [&mut before, &mut after] {
            figures.retain(|name, _| !foreign(name) && !set(name));
        }
        same(&before, &after)?;
    }

    #[test]
    fn a_posterior_rises_with_its_own_prior(case in cases(), which in 0_usize..16, up in 0.0_f64..=1.0) {
        let of = |case: &Case| {
            let model = case.model();
            let incident = case.incident(&model);
            let evidence = Evidence::of(&incident);
            (FaultGraph::compile(&model).diagnose(&evidence, &DiagnoseOptions::default()), model)
        };
        let (before, model) = of(&case);
        let fault = &model.faults()[which % model.faults().len()];
        let mut other = case.clone();
        let raised = fault.prior.probability().get() + (1.0 - fault.prior.probability().get()) * up;
        let id = fault.id.as_str();
        if let Some(common) = other.model.common_causes.get_mut(id) {
            common.probability = Some(raised);
        } else {
            let (owner, name) = id.rsplit_once('.').expect("the id of a fault of an element");
            let own = match other.model.systems.get_mut(owner) {
                Some(system) => &mut system.faults,
                None => &mut other.model.interfaces.get_mut(owner).expect("an interface").faults,
            };
            own.insert(name.to_owned(), Fault::new(fault.cause.clone(), raised));
        }
        let (after, _) = of(&other);
        prop_assume!(before.conflict.is_none() && after.conflict.is_none());
        let posterior = |diagnosis: &Diagnosis| {
            diagnosis.faults.iter().find(|finding| finding.id == fault.id).map(|finding| finding.posterior.lo)
        };
        prop_assert!(posterior(&after) >= posterior(&before).map(|p| p - SAME), "{id}");
    }

    #[test]
    fn the_leading_diagnoses_reproduce_what_they_claim_to_explain(case in cases()) {
        let model = case.model();
        let incident = case.incident(&model);
        let evidence = Evidence::of(&incident);
        let graph = FaultGraph::compile(&model);
        let diagnosis = graph.diagnose(&evidence, &DiagnoseOptions::default());
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for item in evidence.items() {
            if let onus_model::Statement::Observation { system, state: onus_model::State::Failed, via: None } = item.statement {
                seen.insert(model.systems()[system.index()].id.to_string());
            }
        }
        for ranked in &diagnosis.diagnoses {
            let replay = graph.propagate(&ranked.indices);
            let failed: BTreeSet<String> = replay.failed.iter().map(|f| f.system.to_string()).collect();
            for path in &ranked.paths {
                let last = path.through.last().expect("a path leads to a system");
                prop_assert!(failed.contains(last), "{last} does not fail from {:?}", ranked.faults);
                prop_assert!(ranked.faults.contains(&path.fault), "a path begins at a fault of the set");
                follows(&model, path)?;
            }
            // What certainly failed and is possible at all, every diagnosis explains.
            prop_assert!(seen.is_subset(&failed), "{:?} leaves {seen:?} unexplained", ranked.faults);
            let explained: BTreeSet<&str> =
                ranked.paths.iter().filter_map(|path| path.through.last()).map(String::as_str).collect();
            prop_assert!(seen.iter().all(|system| explained.contains(system.as_str())), "a path to each: {seen:?}, {ranked:?}");
            for (place, failed) in replay.failed.iter().enumerate() {
                let path = replay.path(place);
                follows(&model, &path)?;
                prop_assert_eq!(path.through.last().map(String::as_str), Some(failed.system.as_str()));
            }
        }
    }

    #[test]
    fn propagation_is_monotone(case in cases(), set in 0_usize..4096, more in 0_usize..4096) {
        let model = case.model();
        let graph = FaultGraph::compile(&model);
        let faults = |mask: usize| -> Vec<_> {
            (0..model.faults().len()).filter(|f| mask & (1 << f) != 0).map(onus_model::FaultIndex::new).collect()
        };
        let failed = |mask: usize| -> BTreeMap<String, bool> {
            graph.propagate(&faults(mask)).failed.iter().map(|f| (f.system.to_string(), f.certain)).collect()
        };
        let (few, many) = (failed(set), failed(set | more));
        for (system, certain) in few {
            prop_assert!(many.get(&system).is_some_and(|other| *other || !certain), "{system}");
        }
        for origin in (0..model.systems().len()).map(onus_model::SystemIndex::new) {
            let origins = graph.possible_origins(origin);
            for fault in 0..model.faults().len() {
                let alone = failed(1 << fault).contains_key(model.systems()[origin.index()].id.as_str());
                let listed = origins.iter().find(|o| o.index.index() == fault);
                prop_assert_eq!(listed.is_some_and(|o| o.alone), alone);
            }
        }
    }
}

/// Each step of a path is a need of the next system, or the interface between them.
fn follows(model: &Model, path: &CausalPath) -> Result<(), TestCaseError> {
    let topology = model.topology();
    let fault = &model.faults()[topology.fault(path.fault.as_str()).expect("a fault of the model").index()];
    let first = path.through.first().expect("a path is not empty");
    prop_assert!(fault.elements.iter().any(|element| topology.element_id(*element) == first), "begins where it sits");
    let mut at: Option<&str> = None;
    for (position, element) in path.through.iter().enumerate() {
        if let Some(interface) = topology.interface(element) {
            let interface = &model.interfaces()[interface.index()];
            let [consumer, provider] =
                [interface.consumer, interface.provider].map(|s| model.systems()[s.index()].id.as_str());
            prop_assert!(at.is_none_or(|at| at == provider), "{path:?}");
            prop_assert_eq!(path.through.get(position + 1).map(String::as_str), Some(consumer), "{:?}", path);
            at = Some(consumer);
        } else {
            let step = at.is_none_or(|at| at == element || topology.interface(&format!("{element} -> {at}")).is_some());
            prop_assert!(step, "{path:?}");
            at = Some(element);
        }
    }
    Ok(())
}

/// Fault ids in a set sort otherwise when renamed.
fn sort_words(name: &str) -> String {
    let Some((before, list)) = name.split_once('[') else { return name.to_owned() };
    let Some((list, after)) = list.rsplit_once(']') else { return name.to_owned() };
    let mut words: Vec<&str> = list.split(", ").collect();
    words.sort_unstable();
    format!("{before}[{}]{after}", words.join(", "))
}

#[test]
fn figures_say_how_they_were_obtained() {
    let sum = Figure::interval(0.1, 0.2).plus(Figure::exact(0.3));
    assert_eq!((sum.how, Figure::interval(0.5, 0.5).how), (How::Interval, How::Exact));
    assert!((sum.times(0.5).hi - 0.25).abs() < 1e-15 && sum.at_most(0.45).hi <= 0.45);
}
