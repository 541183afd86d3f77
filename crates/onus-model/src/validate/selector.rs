//! Selectors: which elements `router`, `portal -> auth`, `kind:switch` or `sw-*` name.
//!
//! A few characters can select everything, and a file can hold many of them. So kinds are looked up in an index, patterns
//! are tried only on the ids that share the text before their first wildcard, and what all selectors of a document may
//! select is bounded in proportion to the estate.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use wildmatch::WildMatch;

use crate::code::Code;
use crate::diagnostic::{Missing, Path, Problem, Problems};
use crate::id::{InterfaceIndex, SystemIndex, interface_id, split_interface};
use crate::model::{Element, Topology};

use super::unknown_system;

/// Elements that all selectors of a document may list: so many, and so many for each element there is.
const SELECTED: (usize, usize) = (2_000_000, 32);
/// Ids that all patterns of a document may be tried on, likewise.
const TRIED: (usize, usize) = (20_000_000, 64);

/// And in no document more than these: what they list is counted in 32 bits.
const MOST: usize = 1 << 31;

/// Answers the selectors of one document.
pub(crate) struct Selection<'t> {
    topology: &'t Topology,
    /// Made when the first kind is asked for.
    kinds: OnceCell<BTreeMap<&'t str, Vec<Element>>>,
    may_select: usize,
    may_try: usize,
}

impl<'t> Selection<'t> {
    pub(crate) fn over(topology: &'t Topology) -> Self {
        let elements = topology.systems.len() + topology.interfaces.len();
        let [may_select, may_try] = [SELECTED, TRIED].map(|(base, each)| (base + each * elements).min(MOST));
        Self { topology, kinds: OnceCell::new(), may_select, may_try }
    }

    fn kinds(&self) -> &BTreeMap<&'t str, Vec<Element>> {
        self.kinds.get_or_init(|| kinds_of(self.topology))
    }

    /// What a list of selectors names, sorted and without doubles. A list or selector that names nothing is a problem.
    pub(crate) fn select(&mut self, selectors: &[String], path: &Path, problems: &mut Problems) -> Vec<Element> {
        if selectors.is_empty() {
            problems.push(Problem::new(Code::EmptySelector, path.clone(), "nothing is selected here"));
        }
        let mut elements = Vec::new();
        for (item, selector) in selectors.iter().enumerate() {
            let found = self.one(selector, &path.item(item), problems);
            if found.len() > self.may_select {
                let message = "the selectors name too many elements in all; name fewer, or split the model";
                problems.push(Problem::new(Code::TooLarge, path.item(item), message));
                break;
            }
            self.may_select -= found.len();
            elements.extend(found);
        }
        elements.sort_unstable();
        elements.dedup();
        elements
    }

    fn one(&mut self, selector: &str, path: &Path, problems: &mut Problems) -> Vec<Element> {
        if let Some(kind) = selector.strip_prefix("kind:") {
            return self.of_kind(kind, path, problems);
        }
        let is_pattern = selector.contains(['*', '?']);
        match split_interface(selector) {
            Some((consumer, provider)) if is_pattern => self.interfaces_like(consumer, provider, path, problems),
            Some((consumer, provider)) => self.interface(consumer, provider, path, problems),
            None if is_pattern => self.systems_like(selector, path, problems),
            None => {
                let found = self.topology.system(selector).map(Element::System);
                if found.is_none() {
                    let problem = unknown_system(self.topology, selector, path, problems);
                    problems.push(problem);
                }
                found.into_iter().collect()
            }
        }
    }

    fn of_kind(&self, kind: &str, path: &Path, problems: &mut Problems) -> Vec<Element> {
        let kinds = self.kinds();
        let found = kinds.get(kind);
        if found.is_none() {
            let help = problems.nearest(kind, kinds.keys().copied());
            problems.push(empty(path, format!("nothing is of kind `{kind}`"), Missing::Kind).help(help));
        }
        found.cloned().unwrap_or_default()
    }

    fn interface(&self, consumer: &str, provider: &str, path: &Path, problems: &mut Problems) -> Vec<Element> {
        let id = interface_id(consumer, provider);
        let found = self.topology.interface(&id).map(Element::Interface);
        if found.is_none() {
            let missing = Missing::Interface(consumer.to_owned(), provider.to_owned());
            let help = problems.nearest(&id, self.topology.interfaces.iter().map(|i| i.id.as_str()));
            let message = format!("there is no interface `{id}`");
            problems.push(Problem::new(Code::UnknownInterface, path.clone(), message).missing(missing).help(help));
        }
        found.into_iter().collect()
    }

    fn systems_like(&mut self, selector: &str, path: &Path, problems: &mut Problems) -> Vec<Element> {
        let pattern = WildMatch::new(selector);
        let candidates = self.candidates(selector);
        if !self.may_try(candidates.len(), path, problems) {
            return Vec::new();
        }
        // Where the only wildcard is a last `*`, all candidates match.
        let is_start = selector.strip_suffix('*').is_some_and(|start| !start.contains(['*', '?']));
        let found: Vec<Element> = candidates
            .filter(|at| is_start || pattern.matches(self.topology.systems[*at].id.as_str()))
            .map(|at| Element::System(SystemIndex::new(at)))
            .collect();
        if found.is_empty() {
            problems.push(empty(path, format!("no system matches `{selector}`"), Missing::Match));
        }
        found
    }

    fn interfaces_like(
        &mut self,
        consumer: &str,
        provider: &str,
        path: &Path,
        problems: &mut Problems,
    ) -> Vec<Element> {
        let topology = self.topology;
        let consumers = self.candidates(consumer);
        let [first, end] = [consumers.start, consumers.end]
            .map(|bound| topology.interfaces.partition_point(|interface| interface.consumer.index() < bound));
        if !self.may_try(end - first, path, problems) {
            return Vec::new();
        }
        let patterns = [consumer, provider].map(WildMatch::new);
        let matches =
            |pattern: &WildMatch, system: SystemIndex| pattern.matches(topology.systems[system.index()].id.as_str());
        let found: Vec<Element> = (first..end)
            .filter(|at| {
                let interface = &topology.interfaces[*at];
                matches(&patterns[0], interface.consumer) && matches(&patterns[1], interface.provider)
            })
            .map(|at| Element::Interface(InterfaceIndex::new(at)))
            .collect();
        if found.is_empty() {
            let message = format!("no interface matches `{}`", interface_id(consumer, provider));
            problems.push(empty(path, message, Missing::Match));
        }
        found
    }

    /// The systems whose ids begin like a pattern does before its first wildcard: systems are sorted by id.
    fn candidates(&self, pattern: &str) -> Range<usize> {
        let systems = &self.topology.systems;
        let start = pattern.split(['*', '?']).next().unwrap_or_default();
        let first = systems.partition_point(|system| system.id.as_str() < start);
        let length = systems[first..].partition_point(|system| system.id.as_str().starts_with(start));
        first..first + length
    }

    fn may_try(&mut self, candidates: usize, path: &Path, problems: &mut Problems) -> bool {
        let Some(left) = self.may_try.checked_sub(candidates) else {
            let message = "the patterns are tried on too many ids in all; name fewer, or split the model";
            problems.push(Problem::new(Code::TooLarge, path.clone(), message));
            return false;
        };
        self.may_try = left;
        true
    }
}

/// What is of each kind, sorted.
fn kinds_of(topology: &Topology) -> BTreeMap<&str, Vec<Element>> {
    // Few words, millions of elements: each word is hashed, and only the words are sorted.
    let mut kinds: HashMap<&str, Vec<Element>> = HashMap::new();
    for (at, system) in topology.systems.iter().enumerate() {
        if let Some(kind) = &system.kind {
            kinds.entry(kind).or_default().push(Element::System(SystemIndex::new(at)));
        }
    }
    for (at, interface) in topology.interfaces.iter().enumerate() {
        if let Some(kind) = &interface.kind {
            kinds.entry(kind).or_default().push(Element::Interface(InterfaceIndex::new(at)));
        }
    }
    kinds.into_iter().collect()
}

fn empty(path: &Path, message: String, missing: Missing) -> Problem {
    Problem::new(Code::EmptySelector, path.clone(), message).missing(missing)
}
