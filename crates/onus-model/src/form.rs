//! What a file is, by what stands in it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path as FilePath;

use crate::model::Model;
use crate::read::Notation;

/// What a file is written in, as far as its reader must know. Also says which reader to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// YAML or JSON (or a fault tree in XML), read as one text.
    Text,
    /// Lines of JSON.
    Lines,
    /// A snapshot.
    Snapshot,
    /// A folder of tables.
    Tables,
}

/// How much of a file is looked at.
const LOOKED_AT: u64 = 1 << 16;

impl Form {
    /// What a file or folder is: a snapshot by its first bytes, lines by their ending, or because the first line is JSON
    /// that ends there and another one follows. What cannot be looked at twice, like a pipe, is a text; whether it holds lines
    /// shows when that was read.
    ///
    /// # Errors
    /// What the system says.
    pub fn of(path: &FilePath) -> io::Result<Self> {
        let metadata = std::fs::metadata(path)?;
        if metadata.is_dir() {
            return Ok(Self::Tables);
        }
        let is_named_lines = Notation::of(path) == Some(Notation::Lines);
        if !metadata.is_file() {
            return Ok(if is_named_lines { Self::Lines } else { Self::Text });
        }
        let mut begin = Vec::new();
        File::open(path)?.take(LOOKED_AT).read_to_end(&mut begin)?;
        Ok(if Model::is_snapshot(&begin) {
            Self::Snapshot
        } else if is_named_lines || are_lines(&begin) {
            Self::Lines
        } else {
            Self::Text
        })
    }
}

/// Whether a text is lines of JSON, by what stands at its begin.
pub(crate) fn are_lines(text: &[u8]) -> bool {
    let begin = &text[..text.len().min(LOOKED_AT as usize)];
    let mut lines = begin.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let is_whole =
        |line: &[u8]| line.starts_with(b"{") && serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok();
    lines.next().is_some_and(is_whole) && lines.next().is_some_and(|line| line.starts_with(b"{"))
}
