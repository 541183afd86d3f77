//! Reading and writing. A text goes through tree, document and validation; whatever is wrong in any of them comes back
//! in one list, each problem with its place.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Write};
use std::path::Path as FilePath;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::code::Code;
use crate::columns;
use crate::decode::{Decoded, decode};
use crate::diagnostic::{Error, Path, Problems, more_than};
use crate::document;
use crate::form::{Form, are_lines};
use crate::incident::{self, Incident};
use crate::json;
use crate::model::Model;
use crate::source::{Limits, Source};
use crate::text::{write, write_within};
use crate::tree::{Places, parse};
use crate::validate;

/// How a file is written. YAML and JSON are read by the same reader, JSON being YAML.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Notation {
    /// For people.
    #[default]
    Yaml,
    /// For programs.
    Json,
    /// One entry a line, for estates of any size; see [`Record`](crate::Record).
    Lines,
}

impl Notation {
    /// What a file of this name is written in, by its ending: `.yaml` or `.yml`, `.json`, `.ndjson` or `.jsonl`.
    pub fn of(path: &FilePath) -> Option<Self> {
        Some(match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "yaml" | "yml" => Self::Yaml,
            "json" => Self::Json,
            "ndjson" | "jsonl" => Self::Lines,
            _ => return None,
        })
    }
}

impl Model {
    /// Reads a model from YAML, JSON or lines of JSON; `name` is what problems call the text.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every problem found.
    pub fn from_text(name: &str, text: &str) -> Result<Self, Error> {
        Self::from_source(&Source::from_text(name, text, Limits::default())?)
    }

    /// Reads a model file: YAML, JSON, lines of JSON, or a snapshot, whichever it is ([`Form::of`]); with the feature
    /// `tables`, a folder of these too.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, [`Error::Invalid`] with every problem found in it.
    pub fn from_file(path: impl AsRef<FilePath>) -> Result<Self, Error> {
        let path = path.as_ref();
        let name = path.display().to_string();
        match form(path)? {
            Form::Lines => Self::from_lines(&name, open(path)?),
            Form::Snapshot => Self::from_snapshot(&name, open(path)?),
            #[cfg(feature = "tables")]
            Form::Tables => Self::from_tables(path),
            _ => Self::from_source(&Source::from_file(path, Limits::for_file(path))?),
        }
    }

    /// Reads a model from a source that is kept: to say later where something stands in it.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every problem found.
    pub fn from_source(source: &Arc<Source>) -> Result<Self, Error> {
        if are_lines(source.text.as_bytes()) {
            return Self::from_lines(&source.name, Cursor::new(&source.text));
        }
        read(source, |document, problems| {
            columns::sound(document).unwrap_or_else(|_| validate::model(document, problems))
        })
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

    /// Writes the model as a text that reads back to an equal model, if need be under wider [`Limits`] than the default.
    pub fn to_text(&self, notation: Notation) -> String {
        text(|to| match notation {
            Notation::Lines => self.write(notation, to),
            _ => write(&self.to_document(), notation, to),
        })
    }

    /// Writes the model so that it reads back to an equal model.
    ///
    /// # Errors
    /// What the writer says; [`io::ErrorKind::InvalidInput`] for a model that is too large for its notation: readers would
    /// refuse it, by [`Limits::of`]. Of YAML nothing is written then.
    pub fn write(&self, notation: Notation, mut to: impl Write) -> io::Result<()> {
        match notation {
            Notation::Lines => self.records().try_for_each(|record| record.write(&mut to)),
            _ => write_within(&self.to_document(), notation, Limits::of(notation), to),
        }
    }
}

impl Incident {
    /// Reads an incident from YAML, JSON or lines of JSON; `name` is what problems call the text.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every problem found.
    pub fn from_text(name: &str, text: &str, model: &Model) -> Result<Self, Error> {
        Self::from_source(&Source::from_text(name, text, Limits::default())?, model)
    }

    /// Reads an incident file: YAML, JSON, or lines of JSON, whichever it is; with the feature `tables`, a folder of these
    /// too.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, [`Error::Invalid`] with every problem found in it.
    pub fn from_file(path: impl AsRef<FilePath>, model: &Model) -> Result<Self, Error> {
        let path = path.as_ref();
        match form(path)? {
            Form::Lines => Self::from_lines(&path.display().to_string(), open(path)?, model),
            #[cfg(feature = "tables")]
            Form::Tables => Self::from_tables(path, model),
            _ => Self::from_source(&Source::from_file(path, Limits::for_file(path))?, model),
        }
    }

    /// Reads an incident from a source that is kept.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every problem found.
    pub fn from_source(source: &Arc<Source>, model: &Model) -> Result<Self, Error> {
        if are_lines(source.text.as_bytes()) {
            return Self::from_lines(&source.name, Cursor::new(&source.text), model);
        }
        read(source, |document: &document::Incident, problems| incident::incident(document, model, problems))
    }

    /// Writes the incident as a text that reads back, against the same model, to an equal incident, if need be
    /// under wider [`Limits`] than the default.
    pub fn to_text(&self, model: &Model, notation: Notation) -> String {
        text(|to| match notation {
            Notation::Lines => self.write(model, notation, to),
            _ => write(&self.to_document(model), notation, to),
        })
    }

    /// Writes the incident so that it reads back, against the same model, to an equal incident.
    ///
    /// # Errors
    /// As [`Model::write`].
    pub fn write(&self, model: &Model, notation: Notation, to: impl Write) -> io::Result<()> {
        match notation {
            Notation::Lines => self.to_document(model).write_lines(to),
            _ => write_within(&self.to_document(model), notation, Limits::of(notation), to),
        }
    }
}

fn text(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
    let mut text = Vec::new();
    write(&mut text).expect("a vector takes all that is written, and documents can be written");
    String::from_utf8(text).expect("YAML and JSON are written as UTF-8")
}

fn form(path: &FilePath) -> Result<Form, Error> {
    Form::of(path).map_err(|source| Error::Io { path: path.display().to_string(), source })
}

fn open(path: &FilePath) -> Result<BufReader<File>, Error> {
    let file = File::open(path).map_err(|source| Error::Io { path: path.display().to_string(), source })?;
    Ok(BufReader::new(file))
}

/// Parses, decodes, validates; every problem of the three comes back in the order of the text.
pub(crate) fn read<D: DeserializeOwned, T>(
    source: &Arc<Source>,
    validate: impl Fn(&D, &mut Problems) -> T,
) -> Result<T, Error> {
    let short = json::document::<D>(&source.text);
    let sound = short.as_ref().and_then(|short| short.as_ref().ok());
    let mut found = Problems::default();
    if let Some(document) = sound {
        let value = validate(document, &mut found);
        if found.is_empty() {
            return Ok(value);
        }
    }
    match read_with_positions(source, validate) {
        // Too large for a tree, and sound as JSON: what validation found is told without its place.
        Err(Error::Invalid(told)) if sound.is_some() && told.iter().any(|problem| problem.code == Code::TooLarge) => {
            Err(found.into_error(source.limits.problems))
        }
        // Too large for a tree, and unsound: the short reader knows the first place where it is.
        Err(Error::Invalid(mut told)) if told.iter().any(|problem| problem.code == Code::TooLarge) => {
            // Anything else may be YAML after all.
            let is_json = |error: &serde_json::Error| {
                error.is_data() || Notation::of(FilePath::new(&source.name)) == Some(Notation::Json)
            };
            if let Some(Err(error)) = &short
                && is_json(error)
            {
                told.insert(0, json::problem(source, error));
            }
            Err(Error::Invalid(told))
        }
        // No reader of YAML makes sense of it either, but it would speak of YAML.
        Err(Error::Invalid(told)) if told.iter().any(|problem| problem.code == Code::Syntax) => {
            let is_json = Notation::of(FilePath::new(&source.name)) == Some(Notation::Json);
            match short {
                Some(Err(error)) if is_json && (error.is_syntax() || error.is_eof()) => {
                    Err(Error::Invalid(vec![json::problem(source, &error)]))
                }
                _ => Err(Error::Invalid(told)),
            }
        }
        other => other,
    }
}

/// Reads with a tree, whatever the text.
pub(crate) fn read_with_positions<D: DeserializeOwned, T>(
    source: &Arc<Source>,
    validate: impl Fn(&D, &mut Problems) -> T,
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
