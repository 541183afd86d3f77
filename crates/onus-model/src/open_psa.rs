//! Fault trees that others wrote, in the Open-PSA Model Exchange Format (MEF), as models.
//!
//! A tree says how failures combine; a model says what systems need. They are each other's dual: where a tree has a gate
//! that fails with *any* of its inputs (or), the model has a system that needs *all* of them; where the tree needs k of
//! n to fail, the model needs n − k + 1 of n to hold.
//!
//! | fault tree | model |
//! |---|---|
//! | gate | system without faults of its own ([`document::System::faultless`]), of kind `gate` |
//! | basic event | system with the one fault `event`, of kind `basic-event` |
//! | `or` | needs all of its inputs |
//! | `and` | needs any of its inputs |
//! | `atleast min="k"` of n | needs at least n − k + 1 of its inputs |
//! | a formula in a formula | a need in a need |
//! | house event, `constant` | folded away; a gate that is failed by them alone gets the fault `always`, of probability 1 |
//!
//! **What is read.** `define-fault-tree` (any number), `define-component`, `define-gate`, `define-basic-event` with
//! `float` or `int`, `define-house-event` (off where it does not say), `model-data`; references by `gate`,
//! `basic-event`, `house-event` and `event`. Labels and attributes are passed over, and so is what stands beside the
//! trees and has no bearing on them (event trees, initiating events, parameters). Cycles are fine: the meaning of a model
//! is the least fixpoint.
//!
//! **What is refused, and why.** `not`, `xor`, `iff`, `imply`, `nand`, `nor`, `cardinality`: such a gate can fail because
//! something works, and then neither a minimal cut set nor "failure spreads" means anything. Common-cause groups and
//! substitutions change the tree behind its back. Expressions other than a number, and basic events without one.
//! Entities: a file of a few lines could grow to fill the memory. A document type declaration without any is passed over.
//!
//! **Names.** A public name is the id of its system. What is private (`role="private"`, on itself or on a component
//! around it) is known by its path, `tree.component.name`. A reference means what it names in its own component, else in
//! the ones around it, else the public one, else the one at that path.
//!
//! Reading order: [`parse`] (XML to definitions), [`network`] (references resolved, constants folded, the model made).
//!
//! Literature: Epstein & Rauzy (2008), Open-PSA Model Exchange Format 2.0d.

mod network;
mod parse;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::path::Path as FilePath;
use std::sync::Arc;

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Error, Location, Path, Problem, nearest};
use crate::document;
use crate::source::{Limits, Source};

/// A fault tree, as a model, and where its tops are.
///
/// ```
/// use onus_model::FaultTree;
///
/// let tree = FaultTree::from_text("inline", r#"
///   <opsa-mef>
///     <define-fault-tree name="pumps">
///       <define-gate name="no-water"><and><event name="pump-a"/><event name="pump-b"/></and></define-gate>
///       <define-basic-event name="pump-a"><float value="1e-3"/></define-basic-event>
///       <define-basic-event name="pump-b"><float value="2e-3"/></define-basic-event>
///     </define-fault-tree>
///   </opsa-mef>"#)?;
/// assert_eq!(tree.top()?, "no-water");
/// let model = tree.into_document().build()?;
/// assert_eq!(model.faults()[1].id.as_str(), "pump-b.event");
/// # Ok::<(), onus_model::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct FaultTree {
    document: document::Model,
    source: Arc<Source>,
    /// With the bytes of their names.
    tops: Vec<(String, Range<usize>)>,
}

impl FaultTree {
    /// Whether a text is XML rather than YAML or JSON, by its first character.
    pub fn is_xml(text: &str) -> bool {
        text.trim_start_matches('\u{feff}').trim_start().starts_with('<')
    }

    /// Reads a text; `name` is what problems call it.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every problem found.
    pub fn from_text(name: &str, text: &str) -> Result<Self, Error> {
        Self::from_source(&Source::from_text(name, text, Limits::default())?)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, [`Error::Invalid`] with every problem found in it.
    pub fn from_file(path: impl AsRef<FilePath>) -> Result<Self, Error> {
        Self::from_source(&Source::from_file(path, Limits::default())?)
    }

    /// Reads a source that was taken in before. O(text) and the look-ups of its names.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every problem found, in the order of the text.
    pub fn from_source(source: &Arc<Source>) -> Result<Self, Error> {
        let mut problems = Problems::new(source);
        let read = parse::definitions(source, &mut problems).map(|definitions| {
            let (document, tops) = network::model(&definitions, &mut problems);
            Self { document, source: Arc::clone(source), tops }
        });
        match read {
            Some(tree) if problems.found.is_empty() => Ok(tree),
            _ => Err(Error::Invalid(problems.into_diagnostics())),
        }
    }

    /// The model, still as a document.
    pub fn document(&self) -> &document::Model {
        &self.document
    }

    /// Gives the document away, to be built.
    pub fn into_document(self) -> document::Model {
        self.document
    }

    /// The gates that no other gate refers to, in the order of the text.
    pub fn tops(&self) -> impl Iterator<Item = &str> {
        self.tops.iter().map(|(id, _)| id.as_str())
    }

    /// The one gate that no other gate refers to.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there are several, or none: somebody must say which is meant.
    pub fn top(&self) -> Result<&str, Error> {
        let names: Vec<String> = self.tops().take(8).map(|top| format!("`{top}`")).collect();
        let (message, location) = match self.tops.as_slice() {
            [(top, _)] => return Ok(top),
            [] if self.document.systems.values().any(|system| system.faultless) => {
                (format!("`{}` has no top: every gate is an input of another one", self.source.name), None)
            }
            [] => (format!("`{}` has no gate", self.source.name), None),
            [_, (_, second), ..] => {
                let more = if self.tops.len() > names.len() { ", …" } else { "" };
                let message = format!(
                    "{} gates are an input of no other one: {}{more}; expected one top",
                    self.tops.len(),
                    names.join(", ")
                );
                (message, Some(locate(&self.source, second)))
            }
        };
        let mut problem = Problem::new(Code::TopUnclear, Path::default(), message);
        problem.help = Some("name the gate that is meant".to_owned());
        Err(Error::Invalid(vec![problem.diagnostic(location)]))
    }
}

/// Problems with their bytes, as many as are told at most.
struct Problems<'s> {
    source: &'s Arc<Source>,
    found: Vec<(Range<usize>, Problem)>,
    /// Names compared in the search for near ones.
    compared: usize,
}

impl<'s> Problems<'s> {
    fn new(source: &'s Arc<Source>) -> Self {
        Self { source, found: Vec::new(), compared: 0 }
    }

    fn push(&mut self, at: Range<usize>, code: Code, message: String, help: Option<String>) {
        if !self.is_full() {
            let mut problem = Problem::new(code, Path::default(), message);
            problem.help = help;
            self.found.push((at, problem));
        }
    }

    /// "did you mean `x`?", if some known name is near enough and not too many were compared before.
    fn nearest<'a>(&mut self, wanted: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
        /// No more names than these are compared; later problems go without a hint.
        const COMPARED: usize = 1_000_000;
        if self.compared >= COMPARED { None } else { nearest(wanted, known.inspect(|_| self.compared += 1)) }
    }

    /// Whether no more problems are taken, so that none need be worked out: looking for near names costs.
    fn is_full(&self) -> bool {
        self.found.len() >= self.source.limits.problems
    }

    fn line(&self, byte: usize) -> usize {
        self.source.text[..byte].matches('\n').count() + 1
    }

    fn into_diagnostics(self) -> Vec<Diagnostic> {
        let Self { source, mut found, .. } = self;
        found.sort_by_key(|(at, _)| at.start);
        found.into_iter().map(|(at, problem)| problem.diagnostic(Some(locate(source, &at)))).collect()
    }
}

/// The place of some bytes. O(text): for what is told, not for everything.
fn locate(source: &Arc<Source>, bytes: &Range<usize>) -> Location {
    let before = &source.text[..bytes.start];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Location {
        source: Arc::clone(source),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        bytes: bytes.clone(),
    }
}
