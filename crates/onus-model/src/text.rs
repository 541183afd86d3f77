//! Writing a document as one text, and no text that its readers refuse.
//!
//! What YAML asks of a reader is judged by the reader: the text is made first, as far as [`Limits::bytes`] go, and handed on
//! once a tree of it could be built within all [`Limits`]. JSON in which nothing is wrong is read without a tree, so that
//! only its bytes are counted, while it is written.

use std::io::{self, ErrorKind, Write};
use std::sync::Arc;

use serde::Serialize;

use crate::diagnostic::Diagnostic;
use crate::read::Notation;
use crate::source::{Limits, Source};
use crate::tree::parse;

/// Writes a document of whatever size. Documents hold only texts, finite numbers, lists and maps: any notation has them.
pub(crate) fn write(document: &impl Serialize, notation: Notation, mut to: impl Write) -> io::Result<()> {
    match notation {
        Notation::Yaml => serde_yaml::to_writer(to, document).map_err(io::Error::other),
        Notation::Json => {
            serde_json::to_writer_pretty(&mut to, document)?;
            to.write_all(b"\n")
        }
        Notation::Lines => {
            serde_json::to_writer(&mut to, document)?;
            to.write_all(b"\n")
        }
    }
}

/// Writes a document that a reader with these limits takes. Of YAML that is refused, nothing is written.
///
/// Time and memory beyond those of [`write`]: for YAML, those of reading the text as a tree.
///
/// # Errors
/// What the writer says; [`ErrorKind::InvalidInput`] where the limits are passed.
pub(crate) fn write_within(
    document: &impl Serialize,
    notation: Notation,
    limits: Limits,
    mut to: impl Write,
) -> io::Result<()> {
    if notation != Notation::Yaml {
        let mut bounded = Bounded::of(to, limits.bytes);
        let written = write(document, notation, &mut bounded);
        return if bounded.is_full { Err(too_long(notation, limits)) } else { written };
    }
    let mut text = Bounded::of(Vec::new(), limits.bytes);
    let written = write(document, notation, &mut text);
    if text.is_full {
        return Err(too_long(notation, limits));
    }
    written?;
    let text = String::from_utf8(text.to).map_err(io::Error::other)?;
    let source = Arc::new(Source::new("", text, limits, 0));
    let mut problems = Vec::new();
    let is_read = parse(&source, &mut problems).is_some();
    match problems.first() {
        Some(Diagnostic { message, .. }) => Err(refused(notation, message)),
        None if !is_read => Err(refused(notation, "the text cannot be read again")),
        None => to.write_all(source.text.as_bytes()),
    }
}

fn too_long(notation: Notation, limits: Limits) -> io::Error {
    refused(notation, &format!("more than {} bytes", limits.bytes))
}

fn refused(notation: Notation, why: &str) -> io::Error {
    let (notation, instead) = match notation {
        Notation::Yaml => ("YAML", "JSON (.json), lines (.ndjson)"),
        Notation::Json | Notation::Lines => ("JSON", "lines (.ndjson)"),
    };
    let message = format!(
        "too large for {notation}, whose reader would refuse it: {why}; write {instead}, tables (a folder), or, of a model, a \
         snapshot (.onus)"
    );
    io::Error::new(ErrorKind::InvalidInput, message)
}

/// A writer that takes so many bytes, and fails at the next.
struct Bounded<W> {
    to: W,
    left: u64,
    is_full: bool,
}

impl<W> Bounded<W> {
    fn of(to: W, bytes: u64) -> Self {
        Self { to, left: bytes, is_full: false }
    }
}

impl<W: Write> Write for Bounded<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(left) = self.left.checked_sub(bytes.len() as u64) else {
            self.is_full = true;
            return Err(ErrorKind::FileTooLarge.into());
        };
        let count = self.to.write(bytes)?;
        self.left = left + (bytes.len() - count) as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::{write, write_within};
    use crate::document::{Fault, Model, System};
    use crate::read::Notation;
    use crate::source::{Limits, Source};

    fn model(systems: usize) -> Model {
        let system = |at: usize| (format!("s{at}"), System::new().fault("f", Fault::new("hardware", 1e-3)));
        (0..systems).fold(Model::new("estate"), |model, at| {
            let (id, system) = system(at);
            model.system(&id, system)
        })
    }

    /// Writing and reading refuse at the same size, whatever the limit.
    #[test]
    fn what_is_written_is_read_and_what_is_not_would_be_refused() {
        for notation in [Notation::Yaml, Notation::Json] {
            let (mut taken, mut refused) = (0, 0);
            for systems in 1..40 {
                let document = model(systems);
                for limits in [
                    Limits { bytes: 1000, ..Limits::default() },
                    Limits { nodes: 101, ..Limits::default() },
                    Limits { depth: 3, ..Limits::default() },
                    Limits { scalar: 5, ..Limits::default() },
                ] {
                    let mut whole = Vec::new();
                    write(&document, notation, &mut whole).expect("memory takes what is written");
                    let whole = String::from_utf8(whole).expect("both notations are UTF-8");
                    let mut written = Vec::new();
                    let outcome = write_within(&document, notation, limits, &mut written);
                    let read = Source::from_text("estate", &whole, limits)
                        .and_then(|source| crate::Model::from_source(&source));
                    assert_eq!(outcome.is_ok(), read.is_ok(), "{notation:?} {systems} {limits:?}: {outcome:?}");
                    match outcome {
                        Ok(()) => {
                            taken += 1;
                            assert_eq!(written, whole.as_bytes());
                        }
                        Err(error) => {
                            refused += 1;
                            assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
                            assert!(error.to_string().contains("lines (.ndjson)"), "{error}");
                            assert!(notation == Notation::Json || written.is_empty());
                        }
                    }
                }
            }
            assert!(taken > 0 && refused > 0, "{notation:?}: {taken} taken, {refused} refused");
        }
    }
}
