//! What dose-debcheck, an independent solver, found to fail when packages are broken or removed; and what onus finds.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::Path;

use onus::FaultGraph;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::archive::Archive;

/// The cases of one release.
#[derive(Deserialize)]
pub(crate) struct Reference {
    pub(crate) base: Base,
    pub(crate) cases: Vec<Case>,
}

/// What cannot hold even when nothing is broken.
#[derive(Deserialize)]
pub(crate) struct Base {
    pub(crate) sha256: String,
}

/// One case. To break a package and to remove it have the same effect on the others.
#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) tag: String,
    /// Packages by name; all versions of a name.
    #[serde(default)]
    roots: Vec<String>,
    /// All packages of this owner.
    owner_id: Option<u32>,
    pub(crate) newly_failed: usize,
    pub(crate) sha256: String,
}

/// What fails in a case beyond its roots and what cannot hold anyway: lines `name=version`, sorted bytewise.
pub(crate) struct Found {
    pub(crate) lines: BTreeSet<String>,
}

impl Found {
    /// The hash of the lines, each ended by a line feed.
    pub(crate) fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        for line in &self.lines {
            hash.update(line.as_bytes());
            hash.update(b"\n");
        }
        hash.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }

    /// Whether it is, to the byte, what the reference found.
    pub(crate) fn is(&self, case: &Case) -> bool {
        self.lines.len() == case.newly_failed && self.sha256() == case.sha256
    }
}

impl Reference {
    /// Reads `reference.json`.
    pub(crate) fn open(path: &Path) -> Result<Self, Box<dyn Error>> {
        Ok(serde_json::from_str(&std::fs::read_to_string(path)?)?)
    }
}

/// Asks cases of one archive.
pub(crate) struct Checker<'a> {
    archive: &'a Archive,
    graph: &'a FaultGraph,
    by_name: BTreeMap<&'a str, Vec<usize>>,
    /// Packages that cannot hold when nothing is broken.
    base: BTreeSet<usize>,
}

impl<'a> Checker<'a> {
    pub(crate) fn of(archive: &'a Archive, graph: &'a FaultGraph) -> Self {
        let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, package) in archive.packages.iter().enumerate() {
            by_name.entry(&package.name).or_default().push(at);
        }
        let mut checker = Self { archive, graph, by_name, base: BTreeSet::new() };
        checker.base = checker.failed(&[]);
        checker
    }

    /// What cannot hold when nothing is broken.
    pub(crate) fn base(&self) -> Found {
        self.found(&self.base)
    }

    /// The packages that a case breaks.
    pub(crate) fn roots(&self, case: &Case) -> Result<Vec<usize>, String> {
        let mut roots = Vec::new();
        for name in &case.roots {
            let found = self.by_name.get(name.as_str());
            roots.extend(found.ok_or_else(|| format!("{}: there is no package `{name}`", case.tag))?);
        }
        if let Some(owner) = case.owner_id {
            let owned = |at: &usize| self.archive.packages[*at].owner == owner;
            roots.extend((0..self.archive.packages.len()).filter(owned));
        }
        if roots.is_empty() { Err(format!("{}: the case breaks nothing", case.tag)) } else { Ok(roots) }
    }

    /// What fails when some packages are broken, beyond them and what cannot hold anyway.
    pub(crate) fn newly_failed(&self, roots: &[usize]) -> Found {
        let mut failed = self.failed(roots);
        failed.retain(|package| !self.base.contains(package) && !roots.contains(package));
        self.found(&failed)
    }

    /// Everything that fails when some packages are broken.
    fn failed(&self, roots: &[usize]) -> BTreeSet<usize> {
        let broken = roots.iter().map(|root| self.archive.packages[*root].fault);
        let faults: Vec<_> = broken.chain([self.archive.absence]).collect();
        let failed = self.graph.propagate(&faults).failed;
        failed.into_iter().filter_map(|failed| self.archive.package_of[failed.index.index()]).collect()
    }

    fn found(&self, failed: &BTreeSet<usize>) -> Found {
        let line = |at: &usize| format!("{}={}", self.archive.packages[*at].name, self.archive.packages[*at].version);
        Found { lines: failed.iter().map(line).collect() }
    }
}
