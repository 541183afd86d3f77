//! Problems as data. A [`Diagnostic`] says what is wrong, where, and what would help; printing it is the caller's
//! business. All problems of an input are collected and returned together.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

pub(crate) use crate::code::Code;

/// How much a diagnostic weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Probably a mistake in the estate or the file; the model works.
    Warning,
    /// The input cannot be used.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// A text that was read, by the name it is reported under.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// A path, or whatever the caller calls the text.
    pub name: String,
    /// The text.
    pub text: String,
}

/// A stretch of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The source.
    pub source: Arc<Source>,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Byte range in the source's text.
    pub bytes: std::ops::Range<usize>,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of problem; `onus explain CODE` says more.
    pub code: Code,
    /// How much it weighs.
    pub severity: Severity,
    /// What is wrong, and what was expected.
    pub message: String,
    /// What would help, e.g. the nearest known name.
    pub help: Option<String>,
    /// The element it is about, as keys from the top of the file: `systems.router.needs[0]`.
    pub path: String,
    /// Where it is, if it was read from a text.
    pub location: Option<Location>,
}

impl fmt::Display for Diagnostic {
    /// One line: `file:line:column: error[ONUS-E0012]: message; help`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(location) = &self.location {
            write!(f, "{}:{}:{}: ", location.source.name, location.line, location.column)?;
        }
        write!(f, "{}[{}]: ", self.severity, self.code)?;
        if self.location.is_none() && !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        if let Some(help) = &self.help {
            write!(f, "; {help}")?;
        }
        Ok(())
    }
}

/// Why an input could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("cannot access `{path}`")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The input is not valid; every problem found is here, in the order of the input.
    #[error("{}", summary(.0))]
    Invalid(Vec<Diagnostic>),
}

fn summary(diagnostics: &[Diagnostic]) -> String {
    match diagnostics {
        [] => "the input is not valid".to_owned(),
        [only] => only.to_string(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
    }
}

impl Error {
    /// The problems found; empty where the file could not be read at all.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        match self {
            Self::Invalid(diagnostics) => diagnostics,
            Self::Io { .. } => &[],
        }
    }
}

/// One step from the top of a document to the part meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The value under a key.
    Key(String),
    /// An item of a list.
    Item(usize),
    /// The key itself, not its value.
    Name(String),
}

/// A way from the top of a document to the part meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Path(pub(crate) Vec<Step>);

impl Path {
    pub(crate) fn key(&self, key: impl Into<String>) -> Self {
        self.then(Step::Key(key.into()))
    }

    pub(crate) fn item(&self, item: usize) -> Self {
        self.then(Step::Item(item))
    }

    pub(crate) fn name(&self, key: impl Into<String>) -> Self {
        self.then(Step::Name(key.into()))
    }

    fn then(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Item(item) => write!(f, "[{item}]")?,
                Step::Key(key) | Step::Name(key) => write!(f, "{}{key}", if at == 0 { "" } else { "." })?,
            }
        }
        Ok(())
    }
}

/// A problem found in a document, before it is known where in a text the document stands.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    pub(crate) path: Path,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    /// The name that was looked for in vain: if it stands in a part that is broken itself, only that part is reported.
    pub(crate) missing: Option<String>,
}

impl Problem {
    pub(crate) fn new(code: Code, path: Path, message: impl Into<String>) -> Self {
        Self { code, path, message: message.into(), help: None, missing: None }
    }

    pub(crate) fn missing(mut self, name: impl Into<String>) -> Self {
        self.missing = Some(name.into());
        self
    }

    pub(crate) fn diagnostic(self, location: Option<Location>) -> Diagnostic {
        Diagnostic {
            code: self.code,
            severity: self.code.severity(),
            message: self.message,
            help: self.help,
            path: self.path.to_string(),
            location,
        }
    }
}

/// "did you mean `x`?", if some known name is near enough.
pub(crate) fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    // One transposition or typing slip in three characters still reads as the same word.
    let limit = (wanted.chars().count() / 3).max(1);
    known
        .into_iter()
        .filter(|name| name.chars().count().abs_diff(wanted.chars().count()) <= limit)
        .map(|name| (strsim::osa_distance(wanted, name), name))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, name)| format!("did you mean `{name}`?"))
}
