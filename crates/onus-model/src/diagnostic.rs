//! Problems as data. A [`Diagnostic`] says what is wrong, where, and what would help; printing it is the caller's
//! business. All problems of an input are collected and returned together.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::code::Code;
use crate::source::Source;

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
    /// The element it is about, as keys from the top of the file: `systems.router.needs[0]`. Keys that are not plain
    /// words stand in quotes: `interfaces."portal -> auth".propagates`. Empty where it is about the whole file.
    pub path: String,
    /// Where it is, if it was read from a text; see [`Source::locate`] for findings about a model that was.
    pub location: Option<Location>,
    /// The steps behind `path`, for [`Source::locate`].
    pub(crate) steps: Path,
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
                Step::Key(key) | Step::Name(key) => {
                    let dot = if at == 0 { "" } else { "." };
                    let is_plain = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || "_-".contains(c));
                    if is_plain { write!(f, "{dot}{key}")? } else { write!(f, "{dot}{key:?}")? }
                }
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
    /// What was looked for in vain: where it would stand in a part that is broken itself, only that part is reported.
    pub(crate) missing: Option<Missing>,
}

/// What a document refers to and does not define.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    System(String),
    /// Consumer and provider.
    Interface(String, String),
    /// Elements of a kind.
    Kind,
    /// Elements whose ids match a pattern.
    Match,
    Contractor(String),
    Contract(String),
    /// An item of evidence, by its id.
    Evidence(String),
}

impl Problem {
    pub(crate) fn new(code: Code, path: Path, message: impl Into<String>) -> Self {
        Self { code, path, message: clipped(message.into()), help: None, missing: None }
    }

    pub(crate) fn missing(mut self, missing: Missing) -> Self {
        self.missing = Some(missing);
        self
    }

    pub(crate) fn help(mut self, help: Option<String>) -> Self {
        self.help = help.map(clipped);
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
            steps: self.path,
        }
    }
}

/// A message that quotes a text of any length stays one that can be read.
fn clipped(mut message: String) -> String {
    const LONGEST: usize = 600;
    if let Some((end, _)) = message.char_indices().nth(LONGEST) {
        message.truncate(end);
        message.push('…');
    }
    message
}

/// The problems of one document, gathered. Both what is kept and what is spent on helping is bounded, so that a file of
/// nothing but mistakes is refused as quickly as a good one is read.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    found: Vec<Problem>,
    /// How many more there were.
    dropped: usize,
    /// Names compared in the search for near ones.
    compared: usize,
}

impl Problems {
    /// No more problems than these are kept.
    const KEPT: usize = 10_000;
    /// No more names than these are compared; later problems go without a hint.
    const COMPARED: usize = 1_000_000;

    pub(crate) fn push(&mut self, problem: Problem) {
        if self.found.len() < Self::KEPT {
            self.found.push(problem);
        } else {
            self.dropped += 1;
        }
    }

    /// "did you mean `x`?", if some known name is near enough.
    pub(crate) fn nearest<'a>(&mut self, wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
        if self.found.len() >= Self::KEPT || self.compared >= Self::COMPARED {
            return None;
        }
        nearest(wanted, known.into_iter().inspect(|_| self.compared += 1))
    }

    /// The problems kept, and how many more there were.
    pub(crate) fn into_parts(self) -> (Vec<Problem>, usize) {
        (self.found, self.dropped)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The value if there was no problem, else all of them.
    pub(crate) fn or<T>(self, value: T) -> Result<T, Error> {
        if self.is_empty() { Ok(value) } else { Err(self.into_error(Self::KEPT)) }
    }

    /// The problems, of which there must be one, without their places; so many of them.
    pub(crate) fn into_error(self, told: usize) -> Error {
        let more = self.dropped > 0 || self.found.len() > told;
        let mut diagnostics: Vec<Diagnostic> =
            self.found.into_iter().take(told).map(|problem| problem.diagnostic(None)).collect();
        diagnostics.extend(more.then(|| more_than(told)));
        Error::Invalid(diagnostics)
    }
}

/// Says that there are more problems than are told.
pub(crate) fn more_than(told: usize) -> Diagnostic {
    let message = format!("there are more problems than the {told} told here");
    Problem::new(Code::TooLarge, Path::default(), message).diagnostic(None)
}

/// "did you mean `x`?", if some known name is near enough. O(names · length²) for the names of about the same length.
pub fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    // One transposition or typing slip in three characters still reads as the same word.
    let length = wanted.chars().count();
    let limit = (length / 3).max(1);
    if length > NEAREST_LENGTH {
        return None;
    }
    known
        .into_iter()
        // Bytes first: they are cheap to count, and no character has more than four.
        .filter(|name| name.len() <= 4 * (length + limit) && name.chars().count().abs_diff(length) <= limit)
        .map(|name| (strsim::osa_distance(wanted, name), name))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, name)| format!("did you mean `{name}`?"))
}

/// Longer words are no misspelt names.
const NEAREST_LENGTH: usize = 64;
