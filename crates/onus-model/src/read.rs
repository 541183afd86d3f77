//! Reading and writing. A text goes through tree, document and validation; whatever is wrong in any of them comes back
//! in one list, each problem with its place.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path as FilePath;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::code::Code;
use crate::decode::{Decoded, decode};
use crate::diagnostic::{Error, Path, Problem, Severity, Source};
use crate::document;
use crate::incident::{self, Incident};
use crate::model::Model;
use crate::source::{Limits, parse};
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
        Text::new(name, text.as_bytes().to_vec(), Limits::default())?.read(validate::model)
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, [`Error::Invalid`] with every problem found in it.
    pub fn from_file(path: impl AsRef<FilePath>) -> Result<Self, Error> {
        Text::open(path.as_ref(), Limits::default())?.read(validate::model)
    }

    /// Lays the structure of a `contracts.yaml` over this topology.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file).
    pub fn with_structure_file(&self, path: impl AsRef<FilePath>) -> Result<Self, Error> {
        Text::open(path.as_ref(), Limits::default())?
            .read(|document: &document::Structure, problems| validate::with_structure(self, document, problems))
    }

    /// Lays the structure of a text over this topology.
    ///
    /// # Errors
    /// As [`from_text`](Self::from_text).
    pub fn with_structure_text(&self, name: &str, text: &str) -> Result<Self, Error> {
        Text::new(name, text.as_bytes().to_vec(), Limits::default())?
            .read(|document: &document::Structure, problems| validate::with_structure(self, document, problems))
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
        Text::new(name, text.as_bytes().to_vec(), Limits::default())?
            .read(|document: &document::Incident, problems| incident::incident(document, model, problems))
    }

    /// Reads an incident file.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, [`Error::Invalid`] with every problem found in it.
    pub fn from_file(path: impl AsRef<FilePath>, model: &Model) -> Result<Self, Error> {
        Text::open(path.as_ref(), Limits::default())?
            .read(|document: &document::Incident, problems| incident::incident(document, model, problems))
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

/// A text on its way in.
struct Text {
    source: Arc<Source>,
    limits: Limits,
}

impl Text {
    fn open(path: &FilePath, limits: Limits) -> Result<Self, Error> {
        let name = path.display().to_string();
        let failed = |source| Error::Io { path: name.clone(), source };
        let file = std::fs::File::open(path).map_err(failed)?;
        let mut bytes = Vec::new();
        // One byte more than allowed tells a file that is too long from one that just fits; no more is ever held.
        file.take(limits.bytes + 1).read_to_end(&mut bytes).map_err(failed)?;
        Self::new(&name, bytes, limits)
    }

    fn new(name: &str, mut bytes: Vec<u8>, limits: Limits) -> Result<Self, Error> {
        let bare = |code, message: String| {
            let mut diagnostic = Problem::new(code, Path::default(), message).diagnostic(None);
            name.clone_into(&mut diagnostic.path);
            Error::Invalid(vec![diagnostic])
        };
        if bytes.len() as u64 > limits.bytes {
            let limit = limits.bytes >> 20;
            return Err(bare(
                Code::TooLarge,
                format!("the file is longer than the {limit} MiB that this reader takes"),
            ));
        }
        if bytes.starts_with(b"\xEF\xBB\xBF") {
            bytes.drain(..3);
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self { source: Arc::new(Source { name: name.to_owned(), text }), limits }),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let line = error.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
                Err(bare(Code::NotUtf8, format!("byte {at} (line {line}) is not UTF-8")))
            }
        }
    }

    /// Parses, decodes, validates; every problem of the three comes back in the order of the text.
    fn read<D: DeserializeOwned, T>(self, validate: impl FnOnce(&D, &mut Vec<Problem>) -> T) -> Result<T, Error> {
        let mut diagnostics = Vec::new();
        let tree = parse(&self.source, &self.source.text, self.limits, &mut diagnostics);
        let mut value = None;
        if let Some(mut tree) = tree
            && let Some(Decoded { document, broken }) = decode(&self.source, &mut tree, self.limits, &mut diagnostics)
        {
            let mut problems = Vec::new();
            value = Some(validate(&document, &mut problems));
            let located = consequences_removed(problems, &broken).map(|problem| {
                let location = self.source.location(tree.span_at(&problem.path));
                problem.diagnostic(Some(location))
            });
            diagnostics.extend(located);
        }
        diagnostics.sort_by_key(|d| d.location.as_ref().map(|l| (l.line, l.column)));
        diagnostics.truncate(self.limits.problems);
        match value {
            Some(value) if !diagnostics.iter().any(|d| d.severity == Severity::Error) => Ok(value),
            _ => Err(Error::Invalid(diagnostics)),
        }
    }
}

/// Drops references to names that only a broken part would have defined: that part is reported already.
fn consequences_removed(problems: Vec<Problem>, broken: &BTreeSet<String>) -> impl Iterator<Item = Problem> {
    problems.into_iter().filter(|problem| {
        problem.missing.as_ref().is_none_or(|name| {
            let parts = crate::id::split_interface(name).map_or_else(|| vec![name.as_str()], |(a, b)| vec![a, b]);
            !parts.iter().any(|part| broken.contains(*part) || part.split('.').any(|piece| broken.contains(piece)))
        })
    })
}
