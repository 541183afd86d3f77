//! Models and incidents as lines of JSON (NDJSON), for estates of any size.
//!
//! Each line is a model file in JSON that holds a part of the estate, usually one entry; all lines together are the model.
//! The first line names the format. A line that is sound is read the short way ([`json`](crate::json)); one that is not,
//! by the reader with positions, so that what is wrong in it is told as in any other file, with its line and column.
//!
//! What the lines of a model say goes straight into [`columns`](crate::columns), and no document of the estate is made. If
//! something is wrong, the lines are read a second time into a document, which is checked as any other; what only shows when
//! all is read (a need for a system that no line defines) is then looked for in the lines once more. So nothing has to be
//! remembered about the lines of a file that is sound.

use std::io::{BufRead, Read, Seek};
use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::code::Code;
use crate::columns::{Gathering, Unsound};
use crate::diagnostic::{Diagnostic, Error, Path, Problem, Problems, Step, more_than};
use crate::document::{self, is_default};
use crate::incident::{self, Incident};
use crate::json;
use crate::model::Model;
use crate::read::read;
use crate::record::Record;
use crate::source::{Limits, Source};
use crate::validate;

impl Model {
    /// Reads a model from lines of JSON; `name` is what problems call it.
    ///
    /// # Errors
    /// [`Error::Io`] if reading fails, [`Error::Invalid`] with every problem found.
    ///
    /// ```
    /// let lines = r#"{"format":"onus/1"}
    /// {"systems":{"router":{}}}
    /// {"systems":{"portal":{"needs":["rooter"]}}}"#;
    /// let error = onus_model::Model::from_lines("estate.ndjson", std::io::Cursor::new(lines)).unwrap_err();
    /// assert!(error.to_string().starts_with("estate.ndjson:3:32: error[ONUS-E0018]: there is no system `rooter`; did you"));
    /// ```
    pub fn from_lines(name: &str, mut lines: impl BufRead + Seek) -> Result<Self, Error> {
        if let Some(model) = gathered(name, &mut lines)? {
            return Ok(model);
        }
        lines.rewind().map_err(|source| Error::Io { path: name.to_owned(), source })?;
        read_lines(name, lines, validate::model)
    }
}

impl Incident {
    /// Reads an incident from lines of JSON; `name` is what problems call it.
    ///
    /// # Errors
    /// As [`Model::from_lines`].
    pub fn from_lines(name: &str, lines: impl BufRead + Seek, model: &Model) -> Result<Self, Error> {
        read_lines(name, lines, |document: &document::Incident, problems| incident::incident(document, model, problems))
    }
}

impl Record {
    /// The records in lines of JSON, one after the other: each is checked for itself, and not against the others.
    pub fn lines(name: &str, lines: impl BufRead) -> impl Iterator<Item = Result<Self, Error>> {
        let parts = Parts::<document::Model, _>::of(name, lines);
        parts.flat_map(|part| {
            let (error, part) = match part {
                Ok((_, part)) => (None, Some(part)),
                Err(error) => (Some(Err(error)), None),
            };
            let records = part.into_iter().flat_map(document::Model::into_records).filter(|record| !record.is_empty());
            error.into_iter().chain(records.map(Ok))
        })
    }

    fn is_empty(&self) -> bool {
        matches!(self, Self::Head(head) if **head == document::Model::default())
    }
}

/// A document that can be put together from parts.
trait Document: DeserializeOwned + Clone + Default {
    /// Takes a part in. What it says a second time is a problem at its place in the part.
    fn absorb(&mut self, part: Self, problems: &mut Problems);

    /// Items of a list that is put together from those of the parts, with its key.
    fn items(&self) -> (&'static str, usize);
}

macro_rules! absorb_sections {
    ($whole:ident, $part:ident, $problems:ident: $($section:ident),*) => {$(
        for (id, entry) in $part.$section {
            if $whole.$section.contains_key(&id) {
                twice(&Path::default().key(stringify!($section)).name(id), $problems);
            } else {
                $whole.$section.insert(id, entry);
            }
        }
    )*};
}

macro_rules! absorb_head {
    ($whole:ident, $part:ident, $problems:ident: $($key:ident),*) => {$(
        if is_default(&$whole.$key) {
            $whole.$key = $part.$key;
        } else if !is_default(&$part.$key) && $whole.$key != $part.$key {
            twice(&Path::default().name(stringify!($key)), $problems);
        }
    )*};
}

fn twice(path: &Path, problems: &mut Problems) {
    problems.push(Problem::new(Code::DuplicateKey, path.clone(), format!("`{path}` stands twice")));
}

impl Document for document::Model {
    fn absorb(&mut self, part: Self, problems: &mut Problems) {
        absorb_head!(self, part, problems: format, title, description, defaults);
        absorb_sections!(
            self, part, problems: contractors, contracts, answers, systems, interfaces, common_causes, monitors
        );
    }

    fn items(&self) -> (&'static str, usize) {
        ("", 0)
    }
}

impl Document for document::Incident {
    fn absorb(&mut self, part: Self, problems: &mut Problems) {
        absorb_head!(self, part, problems: format, title, description, truth);
        self.evidence.extend(part.evidence);
    }

    fn items(&self) -> (&'static str, usize) {
        ("evidence", self.evidence.len())
    }
}

/// The parts of a document, line by line, each with the number of its line.
struct Parts<'n, D, R> {
    name: &'n str,
    lines: R,
    line: Vec<u8>,
    number: usize,
    limits: Limits,
    document: PhantomData<D>,
}

impl<'n, D: Document, R: BufRead> Parts<'n, D, R> {
    fn of(name: &'n str, lines: R) -> Self {
        Self { name, lines, line: Vec::new(), number: 0, limits: Limits::default(), document: PhantomData }
    }

    /// Reads the next line that is not blank; `false` at the end.
    fn advance(&mut self) -> Result<bool, Error> {
        loop {
            self.line.clear();
            self.number += 1;
            // One byte more than a line may have shows that it has more.
            let mut line = (&mut self.lines).take(self.limits.bytes + 1);
            let read = line.read_until(b'\n', &mut self.line);
            let count = read.map_err(|source| Error::Io { path: self.name.to_owned(), source })?;
            if count == 0 {
                return Ok(false);
            }
            if !self.line.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    fn source(&self) -> Result<Arc<Source>, Error> {
        // Without its end, where a text that breaks off would seem to stand on the next line.
        Source::from_line(self.name, self.line.trim_ascii_end(), self.number, self.limits)
    }

    fn part(&self) -> Result<D, Error> {
        // Without its end, as its source is: both speak of the same places.
        match std::str::from_utf8(self.line.trim_ascii_end()).ok().and_then(json::document::<D>) {
            Some(Ok(part)) => return Ok(part),
            // No reader of YAML makes sense of it either, but it would speak of YAML.
            Some(Err(error)) if error.is_eof() || error.is_syntax() => {
                return Err(Error::Invalid(vec![json::problem(&self.source()?, &error)]));
            }
            _ => {}
        }
        read(&self.source()?, |part: &D, _| part.clone())
    }
}

impl<D: Document, R: BufRead> Iterator for Parts<'_, D, R> {
    type Item = Result<(usize, D), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.advance() {
            Ok(true) => Some(self.part().map(|part| (self.number, part))),
            Ok(false) => None,
            Err(error) => Some(Err(error)),
        }
    }
}

/// The model of lines in which nothing is wrong; they are not kept. `None` if something is.
fn gathered(name: &str, lines: impl BufRead) -> Result<Option<Model>, Error> {
    let mut gathering = Gathering::default();
    for part in Parts::<document::Model, _>::of(name, lines) {
        let part = match part {
            Ok((_, part)) => part,
            Err(Error::Invalid(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        if let Err(Unsound) = gather(&mut gathering, part) {
            return Ok(None);
        }
    }
    Ok(gathering.model().ok())
}

fn gather(gathering: &mut Gathering, mut part: document::Model) -> Result<(), Unsound> {
    for (id, system) in std::mem::take(&mut part.systems) {
        gathering.system(&id, &system)?;
    }
    for (id, interface) in std::mem::take(&mut part.interfaces) {
        gathering.interface(&id, &interface)?;
    }
    let mut problems = Problems::default();
    gathering.rest().absorb(part, &mut problems);
    if problems.is_empty() { Ok(()) } else { Err(Unsound) }
}

/// Reads all lines, puts the document together, validates; every problem comes back with its place.
fn read_lines<D: Document, T>(
    name: &str,
    mut lines: impl BufRead + Seek,
    validate: impl Fn(&D, &mut Problems) -> T,
) -> Result<T, Error> {
    let told = Limits::default().problems;
    let mut whole = D::default();
    let mut diagnostics = Vec::new();
    let mut parts = Parts::<D, _>::of(name, &mut lines);
    while diagnostics.len() <= told
        && let Some(part) = parts.next()
    {
        let mut problems = Problems::default();
        match part {
            Ok((_, part)) => whole.absorb(part, &mut problems),
            Err(Error::Invalid(found)) => diagnostics.extend(found),
            Err(error) => return Err(error),
        }
        let (problems, _) = problems.into_parts();
        if !problems.is_empty() {
            let mut found: Vec<Diagnostic> = problems.into_iter().map(|problem| problem.diagnostic(None)).collect();
            parts.source()?.locate(&mut found);
            diagnostics.extend(found);
        }
    }
    // What a broken line would have defined must not be reported as missing; a document that is whole can be judged.
    if diagnostics.is_empty() {
        let mut problems = Problems::default();
        let value = validate(&whole, &mut problems);
        let (problems, dropped) = problems.into_parts();
        if problems.is_empty() {
            return Ok(value);
        }
        let more = dropped > 0 || problems.len() > told;
        diagnostics = problems.into_iter().take(told).map(|problem| problem.diagnostic(None)).collect();
        lines.rewind().map_err(|source| Error::Io { path: name.to_owned(), source })?;
        place(&mut diagnostics, Parts::<D, _>::of(name, lines))?;
        diagnostics.sort_by_key(|diagnostic| diagnostic.location.as_ref().map_or(usize::MAX, |place| place.line));
        diagnostics.extend(more.then(|| more_than(told)));
    } else if diagnostics.len() > told {
        diagnostics.truncate(told);
        diagnostics.push(more_than(told));
    }
    Err(Error::Invalid(diagnostics))
}

/// Looks for each problem's part in the lines. O(text) for each problem, at the speed of a text search.
fn place<D: Document>(diagnostics: &mut [Diagnostic], mut parts: Parts<D, impl BufRead>) -> Result<(), Error> {
    let needles: Vec<String> = diagnostics.iter().map(needle).collect();
    let mut before = 0;
    while parts.advance()? {
        let is_pending = |(at, needle): (usize, &String)| {
            diagnostics[at].location.is_none() && (needle.is_empty() || contains(&parts.line, needle))
        };
        let here: Vec<usize> =
            needles.iter().enumerate().filter(|entry| is_pending(*entry)).map(|(at, _)| at).collect();
        if here.is_empty() {
            continue;
        }
        let source = parts.source()?;
        let (key, items) = parts.part()?.items();
        for at in here {
            let diagnostic = &mut diagnostics[at];
            if let [Step::Key(list), Step::Item(item), ..] = &mut diagnostic.steps.0[..]
                && list == key
            {
                if !(before..before + items).contains(item) {
                    continue;
                }
                *item -= before;
            }
            source.locate(std::slice::from_mut(diagnostic));
        }
        before += items;
    }
    Ok(())
}

/// What a line must hold to be the one that a problem is about: the id of the entry. Empty where that is not known.
fn needle(diagnostic: &Diagnostic) -> String {
    match diagnostic.steps.0.get(1) {
        Some(Step::Key(id) | Step::Name(id)) => id.clone(),
        _ => String::new(),
    }
}

fn contains(line: &[u8], needle: &str) -> bool {
    // Texts in JSON may be escaped; then the id is not found as it is, and the line is looked at.
    std::str::from_utf8(line).is_ok_and(|line| line.contains(needle) || line.contains('\\'))
}

#[cfg(test)]
mod tests;
