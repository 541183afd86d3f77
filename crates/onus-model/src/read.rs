//! Reading and writing. A text goes through tree, document and validation; whatever is wrong in any of them comes back
//! in one list, each problem with its place.

use std::path::Path as FilePath;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::decode::{Decoded, decode};
use crate::diagnostic::{Error, Path, Problems, more_than};
use crate::document;
use crate::incident::{self, Incident};
use crate::model::Model;
use crate::source::{Limits, Source};
use crate::tree::{Places, parse};
use crate::validate;

/// The two notations that are written; both are read by the same reader, JSON being YAML.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Notation {
    /// For people.
    #[default]
    Yaml,
    /// For programs.
    Json,
}

impl Model {
    /// Reads a model from YAML or JSON; `name` is what problems call the text.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every problem found.
    pub fn from_text(name: &str, text: &str) -> Result<Self, Error> {
        Self::from_source(&Source::from_text(name, text, Limits::default())?)
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, [`Error::Invalid`] with every problem found in it.
    pub fn from_file(path: impl AsRef<FilePath>) -> Result<Self, Error> {
        Self::from_source(&Source::from_file(path, Limits::default())?)
    }

    /// Reads a model from a source that is kept: to say later where something stands in it.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every problem found.
    pub fn from_source(source: &Arc<Source>) -> Result<Self, Error> {
        read(source, validate::model)
    }

    /// Lays the structure of a `contracts.yaml` over this topology.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file).
    pub fn with_structure_file(&self, path: impl AsRef<FilePath>) -> Result<Self, Error> {
        self.with_structure_source(&Source::from_file(path, Limits::default())?)
    }

    /// Lays the structure of a text over this topology.
    ///
    /// # Errors
    /// As [`from_text`](Self::from_text).
    pub fn with_structure_text(&self, name: &str, text: &str) -> Result<Self, Error> {
        self.with_structure_source(&Source::from_text(name, text, Limits::default())?)
    }

    /// Lays the structure of a source over this topology.
    ///
    /// # Errors
    /// As [`from_source`](Self::from_source).
    pub fn with_structure_source(&self, source: &Arc<Source>) -> Result<Self, Error> {
        read(source, |document: &document::Structure, problems| validate::with_structure(self, document, problems))
    }

    /// Writes the model as a text that reads back to an equal model.
    pub fn to_text(&self, notation: Notation) -> String {
        write(&self.to_document(), notation)
    }
}

impl Incident {
    /// Reads an incident from YAML or JSON; `name` is what problems call the text.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every problem found.
    pub fn from_text(name: &str, text: &str, model: &Model) -> Result<Self, Error> {
        Self::from_source(&Source::from_text(name, text, Limits::default())?, model)
    }

    /// Reads an incident file.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, [`Error::Invalid`] with every problem found in it.
    pub fn from_file(path: impl AsRef<FilePath>, model: &Model) -> Result<Self, Error> {
        Self::from_source(&Source::from_file(path, Limits::default())?, model)
    }

    /// Reads an incident from a source that is kept.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every problem found.
    pub fn from_source(source: &Arc<Source>, model: &Model) -> Result<Self, Error> {
        read(source, |document: &document::Incident, problems| incident::incident(document, model, problems))
    }

    /// Writes the incident as a text that reads back, against the same model, to an equal incident.
    pub fn to_text(&self, model: &Model, notation: Notation) -> String {
        write(&self.to_document(model), notation)
    }
}

fn write(document: &impl Serialize, notation: Notation) -> String {
    match notation {
        Notation::Yaml => {
            serde_yaml::to_string(document).expect("documents hold only texts, finite numbers, lists and maps")
        }
        Notation::Json => {
            let mut text = serde_json::to_string_pretty(document)
                .expect("documents hold only texts, finite numbers, lists and maps");
            text.push('\n');
            text
        }
    }
}

/// Parses, decodes, validates; every problem of the three comes back in the order of the text.
fn read<D: DeserializeOwned, T>(
    source: &Arc<Source>,
    validate: impl FnOnce(&D, &mut Problems) -> T,
) -> Result<T, Error> {
    let mut diagnostics = Vec::new();
    let mut more = false;
    let mut value = None;
    if let Some(mut tree) = parse(source, &mut diagnostics) {
        let mut broken_keys: Vec<Path> = diagnostics.iter().map(|diagnostic| diagnostic.steps.clone()).collect();
        if let Some(Decoded { document, mut broken }) = decode(source, &mut tree, &mut diagnostics) {
            broken.absent.append(&mut broken_keys);
            let mut problems = Problems::default();
            value = Some(validate(&document, &mut problems));
            let (problems, dropped) = problems.into_parts();
            more = dropped > 0 || broken.is_partial;
            let mut places = Places::of(&tree);
            for mut problem in problems {
                let place = places.find(&problem.path);
                problem.path = place.path;
                if !broken.explains(&problem) {
                    diagnostics.push(problem.diagnostic(Some(source.location(place.span))));
                }
            }
        }
    }
    // The sort is stable: at one place, what was found first stays first.
    diagnostics.sort_by_key(|d| d.location.as_ref().map_or((usize::MAX, 0), |l| (l.line, l.column)));
    let told = source.limits.problems;
    if diagnostics.len() > told || more {
        diagnostics.truncate(told);
        diagnostics.push(more_than(diagnostics.len()));
    }
    match value {
        Some(value) if diagnostics.is_empty() => Ok(value),
        _ => Err(Error::Invalid(diagnostics)),
    }
}
