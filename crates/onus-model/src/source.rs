//! Texts that were read, and places in them.
//!
//! A [`Source`] is taken in once, within [`Limits`], and stays behind every diagnostic that points into it. Models hold
//! no places: a finding made later, by [`Model::check`](crate::Model::check) or by hand, gets its place from the source by
//! [`Source::locate`], which reads the text's tree again.

use std::io::Read;
use std::path::Path as FilePath;
use std::sync::Arc;

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Error, Location, Path, Problem};
use crate::read::Notation;
use crate::tree::{Places, Span, parse};

/// How much a text may ask of the reader. What is beyond is refused, with a diagnostic that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of text. Default 32 MiB: larger estates have better formats than YAML. At most 1 GiB. Of
    /// lines of JSON, each may have so many.
    pub bytes: u64,
    /// Nesting. Default 64, at most 1,000.
    pub depth: usize,
    /// Keys and values in the tree, aliases expanded. Default 1,000,000, some 40,000 systems. JSON in which nothing is
    /// wrong needs no tree, and may have more.
    pub nodes: usize,
    /// Bytes of one value. Default 1 MiB.
    pub scalar: usize,
    /// Values that aliases may add. Default 100,000.
    pub aliased: usize,
    /// Problems that are told. Default 100.
    pub problems: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 32 << 20, depth: 64, nodes: 1_000_000, scalar: 1 << 20, aliased: 100_000, problems: 100 }
    }
}

impl Limits {
    /// Those for a notation: JSON may have 1 GiB, since it is read without a tree.
    pub fn of(notation: Notation) -> Self {
        let limits = Self::default();
        if notation == Notation::Json { Self { bytes: 1 << 30, ..limits } } else { limits }
    }

    /// Those for a file of this name, by its ending; of one that says nothing, those for YAML.
    pub fn for_file(path: &FilePath) -> Self {
        Self::of(Notation::of(path).unwrap_or_default())
    }

    /// Positions are counted in 32 bits, and trees are left by recursion: beyond these, no limit helps.
    fn within_reason(self) -> Self {
        Self { bytes: self.bytes.min(1 << 30), depth: self.depth.min(1_000), ..self }
    }
}

/// A text that was read, by the name it is reported under.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// A path, or whatever the caller calls the text.
    pub name: String,
    /// The text.
    pub text: String,
    pub(crate) limits: Limits,
    /// Lines of the file before this text, where it is one line out of many.
    lines_before: usize,
    /// The byte at which every [`STRIDE`]th character begins; empty if all characters are one byte long.
    marks: Vec<u32>,
}

/// Characters from one mark of a source to the next.
const STRIDE: usize = 1024;

impl Source {
    /// Takes in a text that is at hand.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it passes the limits.
    pub fn from_text(name: &str, text: &str, limits: Limits) -> Result<Arc<Self>, Error> {
        // A slice is a reader: what is too long is not copied.
        Self::from_reader(name, text.as_bytes(), limits)
    }

    /// Takes in a file.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be read, [`Error::Invalid`] if it is not UTF-8 or passes the limits.
    pub fn from_file(path: impl AsRef<FilePath>, limits: Limits) -> Result<Arc<Self>, Error> {
        let name = path.as_ref().display().to_string();
        let file = std::fs::File::open(path).map_err(|source| Error::Io { path: name.clone(), source })?;
        Self::from_reader(&name, file, limits)
    }

    /// Takes in whatever can be read, and no more of it than the limits allow.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file).
    pub fn from_reader(name: &str, reader: impl Read, limits: Limits) -> Result<Arc<Self>, Error> {
        let limits = limits.within_reason();
        let mut bytes = Vec::new();
        // One byte more than allowed tells a text that is too long from one that just fits.
        let read = reader.take(limits.bytes + 1).read_to_end(&mut bytes);
        read.map_err(|source| Error::Io { path: name.to_owned(), source })?;
        if bytes.len() as u64 > limits.bytes {
            let message = format!("the file is longer than the {} bytes that this reader takes", limits.bytes);
            let mut refused = Problem::new(Code::TooLarge, Path::default(), message).diagnostic(None);
            name.clone_into(&mut refused.path);
            return Err(Error::Invalid(vec![refused]));
        }
        Self::from_bytes(name, bytes, limits, 0)
    }

    /// Takes in one line of a file, the `number`th.
    pub(crate) fn from_line(name: &str, line: &[u8], number: usize, limits: Limits) -> Result<Arc<Self>, Error> {
        if line.len() as u64 > limits.bytes {
            let message = format!("line {number} is longer than the {} bytes that this reader takes", limits.bytes);
            let mut refused = Problem::new(Code::TooLarge, Path::default(), message).diagnostic(None);
            name.clone_into(&mut refused.path);
            return Err(Error::Invalid(vec![refused]));
        }
        Self::from_bytes(name, line.to_vec(), limits, number.saturating_sub(1))
    }

    fn from_bytes(name: &str, mut bytes: Vec<u8>, limits: Limits, lines_before: usize) -> Result<Arc<Self>, Error> {
        if bytes.starts_with(b"\xEF\xBB\xBF") {
            bytes.drain(..3);
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Arc::new(Self::new(name, text, limits, lines_before))),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                Err(not_utf8(name, error.as_bytes(), at, limits, lines_before))
            }
        }
    }

    pub(crate) fn new(name: &str, text: String, limits: Limits, lines_before: usize) -> Self {
        let marks = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().step_by(STRIDE).map(|(byte, _)| byte as u32).collect()
        };
        Self { name: name.to_owned(), text, limits, lines_before, marks }
    }

    /// Says of each diagnostic that has no place yet where in this text its part stands, if it does. Where a model came
    /// from two files, ask the contracts' source first, then the model's.
    ///
    /// ```
    /// use onus_model::{CheckOptions, Limits, Model, Source};
    ///
    /// let text = "format: onus/1\nsystems:\n  router: {}\n";
    /// let source = Source::from_text("estate.yaml", text, Limits::default())?;
    /// let model = Model::from_source(&source)?;
    /// let mut findings = model.check(&CheckOptions::default());
    /// source.locate(&mut findings);
    /// assert!(findings[1].to_string().starts_with("estate.yaml:2:1: warning[ONUS-W0105]: there are no monitors"));
    /// # Ok::<(), onus_model::Error>(())
    /// ```
    pub fn locate(self: &Arc<Self>, diagnostics: &mut [Diagnostic]) {
        if diagnostics.iter().all(|diagnostic| diagnostic.location.is_some()) {
            return;
        }
        let Some(tree) = parse(self, &mut Vec::new()) else { return };
        let mut places = Places::of(&tree);
        for diagnostic in diagnostics.iter_mut().filter(|diagnostic| diagnostic.location.is_none()) {
            if diagnostic.steps.0.is_empty() {
                continue;
            }
            let place = places.find(&diagnostic.steps);
            if place.is_whole {
                diagnostic.location = Some(self.location(place.span));
            }
        }
    }

    /// Where a span of this source lies. O(1) up to a constant number of characters and the length of the span.
    pub(crate) fn location(self: &Arc<Self>, span: Span) -> Location {
        let start = self.byte(span.start as usize);
        let length = span.end.saturating_sub(span.start) as usize;
        let end = self.text[start..].char_indices().nth(length).map_or(self.text.len(), |(byte, _)| start + byte);
        // The parser takes the end of a text for the beginning of another line.
        let line = if self.lines_before > 0 { self.lines_before + 1 } else { span.line as usize };
        Location { source: Arc::clone(self), line, column: span.column as usize, bytes: start..end }
    }

    /// The place of a line of this text and of a byte in it, both from 1. O(text).
    pub(crate) fn location_at(self: &Arc<Self>, line: usize, column: usize) -> Location {
        let before = self.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum::<usize>();
        let mut byte = (before + column.saturating_sub(1)).min(self.text.len());
        while !self.text.is_char_boundary(byte) {
            byte -= 1;
        }
        let column = self.text[before.min(byte)..byte].chars().count() + 1;
        let end = byte + self.text[byte..].chars().next().map_or(0, char::len_utf8);
        Location { source: Arc::clone(self), line: self.lines_before + line.max(1), column, bytes: byte..end }
    }

    /// The text of a span, where all characters of the source are one byte long. O(1).
    pub(crate) fn slice(&self, span: Span) -> Option<&str> {
        if self.marks.is_empty() { self.text.get(span.start as usize..span.end as usize) } else { None }
    }

    /// The byte at which a character begins, or the end of the text.
    fn byte(&self, character: usize) -> usize {
        if self.marks.is_empty() {
            return character.min(self.text.len());
        }
        let Some(mark) = self.marks.get(character / STRIDE) else { return self.text.len() };
        let mark = *mark as usize;
        self.text[mark..].char_indices().nth(character % STRIDE).map_or(self.text.len(), |(byte, _)| mark + byte)
    }
}

/// A text that is not UTF-8 is kept up to the line where that shows, so that the diagnostic can point there.
fn not_utf8(name: &str, bytes: &[u8], at: usize, limits: Limits, lines_before: usize) -> Error {
    let line_start = bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let line_end = bytes[at..].iter().take(1000).position(|byte| *byte == b'\n').map_or(bytes.len(), |end| at + end);
    let text = String::from_utf8_lossy(&bytes[..line_end.min(at + 1000)]).into_owned();
    let before = String::from_utf8_lossy(&bytes[..at]);
    let span = Span {
        start: before.chars().count() as u32,
        end: before.chars().count() as u32 + 1,
        line: before.matches('\n').count() as u32 + 1,
        column: String::from_utf8_lossy(&bytes[line_start..at]).chars().count() as u32 + 1,
    };
    let source = Arc::new(Source::new(name, text, limits, lines_before));
    let message = format!("this byte, 0x{:02X}, does not belong into a UTF-8 text", bytes[at]);
    let location = source.location(span);
    Error::Invalid(vec![Problem::new(Code::NotUtf8, Path::default(), message).diagnostic(Some(location))])
}
