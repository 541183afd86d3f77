//! What holds for every model and incident.

use std::collections::{BTreeMap, BTreeSet};

use onus_model::document::{self, Need};
use onus_model::strategies::{Bounds, Case, Names, case, events, model};
use onus_model::{CheckOptions, Code, Diagnostic, Incident, Limits, Model, Notation, Source};
use proptest::prelude::*;

fn odd() -> Bounds {
    Bounds { names: Names::Odd, ..Bounds::default() }
}

proptest! {
    #[test]
    fn written_and_read_back_is_equal(case in case(&odd())) {
        let model = case.model.build().unwrap();
        model.verify();
        let incident = case.incident.build(&model).unwrap();
        incident.verify(&model);
        for notation in [Notation::Yaml, Notation::Json] {
            let text = model.to_text(notation);
            let again = Model::from_text("again", &text).unwrap();
            again.verify();
            prop_assert_eq!(&again, &model);
            let text = incident.to_text(&model, notation);
            prop_assert_eq!(&Incident::from_text("again", &text, &model).unwrap(), &incident);
        }
        let structure = model.structure_document();
        prop_assert_eq!(&model.with_structure(structure).unwrap(), &model);
    }

    #[test]
    fn the_order_of_entries_changes_nothing(model in model(&odd())) {
        let text = serde_json::to_value(&model).unwrap();
        let reversed = reversed(&text);
        prop_assert_ne!(text.to_string(), reversed.clone());
        prop_assert_eq!(Model::from_text("reversed", &reversed).unwrap(), model.build().unwrap());
    }

    /// The odd names sort differently from the plain ones: nothing may hang on the order of ids.
    #[test]
    fn renaming_commutes_with_reading(case in case(&Bounds::default())) {
        let rename = |name: &str| match name.strip_prefix('s').and_then(|n| n.parse::<usize>().ok()) {
            Some(at) => format!("서버 {}", 9 - at),
            None => name.to_owned(),
        };
        let renamed = renamed(&case, &rename);
        let [plain, other] = [&case.model, &renamed].map(|model| model.clone().build().unwrap());
        other.verify();
        prop_assert_eq!(plain.faults().len(), other.faults().len());
        prop_assert_eq!(plain.interfaces().len(), other.interfaces().len());
        for fault in plain.faults() {
            let (owner, name) = fault.id.as_str().rsplit_once('.').unwrap_or(("", fault.id.as_str()));
            let owner: Vec<String> = owner.split(" -> ").map(&rename).collect();
            let id = if owner[0].is_empty() { name.to_owned() } else { format!("{}.{name}", owner.join(" -> ")) };
            let same = other.topology().fault(&id).map(|index| &other.faults()[index.index()]);
            prop_assert_eq!(same.map(|same| (&same.cause, &same.prior, same.elements.len())),
                Some((&fault.cause, &fault.prior, fault.elements.len())));
        }
        let findings = |model: &Model| {
            let mut by_code = BTreeMap::new();
            for finding in model.check(&CheckOptions::default()) {
                *by_code.entry(finding.code).or_insert(0) += 1;
            }
            by_code
        };
        prop_assert_eq!(findings(&plain), findings(&other));
    }

    #[test]
    fn the_bounds_hold(case in case(&Bounds::default())) {
        prop_assert!(case.model.systems.len() <= 6);
        let doubtful = |item: &&document::Evidence| item.effectiveness.is_some_and(|p| p > 0.0 && p < 1.0);
        let repairs = case.incident.evidence.iter().filter(doubtful).count();
        prop_assert!(events(&case.model) + repairs <= 12);
        prop_assert_eq!(events(&case.model), {
            let model = case.model.clone().build().unwrap();
            let uncertain = model.interfaces().iter().filter(|i| i.propagates.get() > 0.0 && i.propagates.get() < 1.0);
            model.faults().len() + uncertain.count()
        });
    }

    /// A single point of failure behind redundancy, judged by failing each system and common cause in turn. Where the
    /// consumer's own failure takes its need down, that says nothing.
    #[test]
    fn shared_needs_are_those_that_single_failures_show(model in model(&Bounds::default())) {
        let model = model.build().unwrap();
        let found: BTreeSet<String> = findings_of(&model, Code::SharedNeed).into_iter().map(|f| f.path).collect();
        let mut expected = BTreeSet::new();
        for (consumer, system) in model.systems().iter().enumerate() {
            let mut open: Vec<(String, &onus_model::Need)> =
                system.needs.iter().enumerate().map(|(at, need)| (format!("systems.{}.needs[{at}]", system.id), need)).collect();
            while let Some((path, need)) = open.pop() {
                let onus_model::Need::AtLeast { k, of } = need else { continue };
                let is_lost = |cause: usize| !oracle::holds(&model, cause, need, &oracle::failed(&model, cause));
                let mut causes = 0..model.systems().len() + model.faults().len();
                if (*k as usize) < of.len() && !is_lost(consumer) && causes.any(is_lost) {
                    expected.insert(path.clone());
                }
                let key = if *k == 1 { "any" } else { "of" };
                open.extend(of.iter().enumerate().map(|(at, need)| (format!("{path}.{key}[{at}]"), need)));
            }
        }
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn blind_monitors_are_those_that_single_failures_show(model in model(&Bounds::default())) {
        let model = model.build().unwrap();
        let found: Vec<String> = findings_of(&model, Code::BlindMonitor).into_iter().map(|f| f.path).collect();
        let expected: Vec<String> = model.monitors().iter().filter(|monitor| monitor.runs_on.is_some_and(|runs_on| {
            monitor.watches.iter().any(|watched| oracle::failed(&model, watched.index())[runs_on.index()])
        })).map(|monitor| format!("monitors.{}.runs_on", monitor.id)).collect();
        prop_assert_eq!(found, expected);
    }

    /// Whatever the text, reading ends in a value or in problems that point into it.
    #[test]
    fn any_text_is_read_or_refused(text in "[ a-z0-9:,\\[\\]{}&*!|>'\"%@#\n-]{0,80}", wide in ".{0,40}") {
        for text in [text, wide] {
            let Ok(source) = Source::from_text("any", &text, Limits::default()) else { continue };
            if let Err(error) = Model::from_source(&source) {
                prop_assert!(!error.diagnostics().is_empty());
                for problem in error.diagnostics() {
                    let location = problem.location.as_ref().unwrap();
                    prop_assert!(text.get(location.bytes.clone()).is_some() || location.source.text.get(location.bytes.clone()).is_some());
                    prop_assert!(location.line >= 1 && location.column >= 1);
                }
            }
        }
    }

    /// Spoiling one place of a valid file is found at that place or refused near it, and never panics.
    #[test]
    fn a_spoilt_file_is_refused_in_words(case in case(&odd()), at in any::<prop::sample::Index>(), with in "[^\r\n]{0,3}") {
        let text = case.model.build().unwrap().to_text(Notation::Yaml);
        let places: Vec<usize> = text.char_indices().map(|(byte, _)| byte).collect();
        let byte = *at.get(&places);
        let mut spoilt = text.clone();
        let next = text[byte..].chars().next().map_or(0, char::len_utf8);
        spoilt.replace_range(byte..byte + next, &with);
        match Model::from_text("spoilt", &spoilt) {
            Ok(model) => model.verify(),
            Err(error) => prop_assert!(!error.diagnostics().is_empty()),
        }
    }
}

fn findings_of(model: &Model, code: Code) -> Vec<Diagnostic> {
    model.check(&CheckOptions::default()).into_iter().filter(|finding| finding.code == code).collect()
}

/// The same JSON with every mapping's entries the other way round.
fn reversed(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Object(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .rev()
                .map(|(key, value)| format!("{}:{}", serde_json::json!(key), reversed(value)))
                .collect();
            format!("{{{}}}", entries.join(","))
        }
        serde_json::Value::Array(items) => {
            let items: Vec<String> = items.iter().map(reversed).collect();
            format!("[{}]", items.join(","))
        }
        other => other.to_string(),
    }
}

/// The same model with other names for its systems.
fn renamed(case: &Case, rename: &dyn Fn(&str) -> String) -> document::Model {
    fn need(old: &Need, rename: &dyn Fn(&str) -> String) -> Need {
        match old {
            Need::Provider(provider) => Need::Provider(rename(provider)),
            Need::Any { any } => Need::Any { any: any.iter().map(|n| need(n, rename)).collect() },
            Need::AtLeast { at_least, of } => {
                Need::AtLeast { at_least: *at_least, of: of.iter().map(|n| need(n, rename)).collect() }
            }
        }
    }
    let selector = |old: &String| match old.split_once("->") {
        Some((consumer, provider)) => format!("{} -> {}", rename(consumer.trim()), rename(provider.trim())),
        None => rename(old),
    };
    let mut model = case.model.clone();
    model.systems = std::mem::take(&mut model.systems)
        .into_iter()
        .map(|(id, mut system)| {
            system.needs = system.needs.iter().map(|old| need(old, rename)).collect();
            (rename(&id), system)
        })
        .collect();
    model.interfaces =
        std::mem::take(&mut model.interfaces).into_iter().map(|(id, interface)| (selector(&id), interface)).collect();
    let lists = model.common_causes.values_mut().map(|common| &mut common.strikes);
    let lists = lists.chain(model.monitors.values_mut().map(|monitor| &mut monitor.watches));
    let duties = model.contracts.values_mut().flat_map(|contract| &mut contract.duties).map(|duty| &mut duty.of);
    for list in lists.chain(duties) {
        *list = list.iter().map(selector).collect();
    }
    for monitor in model.monitors.values_mut() {
        monitor.runs_on = monitor.runs_on.as_deref().map(rename);
    }
    model
}

/// What fails when one system fails, or one common cause is present: by going round until nothing changes.
mod oracle {
    use onus_model::{Element, FaultIndex, Model, Need, System, SystemIndex};

    /// Causes are numbered: systems, then faults (of which only common causes count).
    fn struck(model: &Model, cause: usize, element: Element) -> bool {
        match cause.checked_sub(model.systems().len()) {
            None => element == Element::System(SystemIndex::new(cause)),
            Some(fault) => {
                model.faults()[fault].strikes.is_some()
                    && model.topology().faults_of(element).contains(&FaultIndex::new(fault))
            }
        }
    }

    pub(super) fn failed(model: &Model, cause: usize) -> Vec<bool> {
        let mut failed = vec![false; model.systems().len()];
        loop {
            let fails = |(at, system): (usize, &System)| {
                let is_struck = struck(model, cause, Element::System(SystemIndex::new(at)));
                is_struck || !system.needs.iter().all(|need| holds(model, cause, need, &failed))
            };
            let next: Vec<bool> = model.systems().iter().enumerate().map(fails).collect();
            if next == failed {
                return failed;
            }
            failed = next;
        }
    }

    pub(super) fn holds(model: &Model, cause: usize, need: &Need, failed: &[bool]) -> bool {
        match need {
            Need::Provider(index) => {
                let interface = &model.interfaces()[index.index()];
                let couples = interface.propagates.get() > 0.0 && failed[interface.provider.index()];
                !couples && !struck(model, cause, Element::Interface(*index))
            }
            Need::AtLeast { k, of } => {
                of.iter().filter(|need| holds(model, cause, need, failed)).count() >= *k as usize
            }
        }
    }
}
