//! Snapshots as they are written: sections, each with its tag.

use std::borrow::Cow;
use std::io::{self, Write};

use crc32fast::Hasher;

use super::{CHUNK, Entry, Ids, MAGIC, OTHERS, SECTIONS, VERSION, model_checksum, model_sections};
use crate::columns::{Columns, TooLarge};
use crate::model::Model;

/// The values of a section. In the file they are little-endian and stand without gaps.
#[derive(Clone, Debug)]
pub enum Values<'v> {
    /// Bytes, or a text in UTF-8.
    Bytes(Cow<'v, [u8]>),
    /// Numbers of 32 bits.
    Words(Cow<'v, [u32]>),
    /// Numbers of 64 bits.
    Longs(Cow<'v, [u64]>),
    /// Figures, to the last bit.
    Figures(Cow<'v, [f64]>),
}

impl Values<'_> {
    fn length(&self) -> u64 {
        let (count, width) = match self {
            Self::Bytes(bytes) => (bytes.len(), 1),
            Self::Words(words) => (words.len(), 4),
            Self::Longs(longs) => (longs.len(), 8),
            Self::Figures(figures) => (figures.len(), 8),
        };
        count as u64 * width
    }

    /// Hands its bytes on, piece by piece.
    fn bytes(&self, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        fn pieces<T: Copy, const N: usize>(
            values: &[T],
            bytes: impl Fn(T) -> [u8; N],
            mut take: impl FnMut(&[u8]) -> io::Result<()>,
        ) -> io::Result<()> {
            let mut piece = Vec::with_capacity(CHUNK);
            for values in values.chunks(CHUNK / N) {
                piece.clear();
                piece.extend(values.iter().flat_map(|value| bytes(*value)));
                take(&piece)?;
            }
            Ok(())
        }
        match self {
            Self::Bytes(bytes) => take(bytes),
            Self::Words(words) => pieces(words, u32::to_le_bytes, take),
            Self::Longs(longs) => pieces(longs, u64::to_le_bytes, take),
            Self::Figures(figures) => pieces(figures, f64::to_le_bytes, take),
        }
    }
}

/// A snapshot of a model that is to be written, and what else is to stand in it.
///
/// ```
/// use std::io::Cursor;
///
/// use onus_model::{Model, Snapshot, SnapshotDraft, Values};
///
/// let model = Model::from_text("inline", "{ format: onus/1, systems: { router: {} } }")?;
/// let mut draft = SnapshotDraft::of(&model).unwrap();
/// draft.add(900, Values::Words(vec![1, 2, 3].into()));
/// let mut file = Vec::new();
/// draft.write(&mut file).unwrap();
/// let mut snapshot = Snapshot::open("estate.onus", Cursor::new(file))?;
/// assert_eq!(snapshot.words(900, |word| word)?, [1, 2, 3]);
/// assert_eq!(snapshot.model()?, model);
/// # Ok::<(), onus_model::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct SnapshotDraft<'d> {
    sections: Vec<(Entry, Values<'d>)>,
}

impl<'d> SnapshotDraft<'d> {
    /// The model's own sections. O(model).
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] for a model of 2^31 systems or with 4 GiB of ids.
    pub fn of(model: &Model) -> io::Result<Self> {
        let columns = Columns::of(model).map_err(|TooLarge| too_large())?;
        let rest = serde_json::to_vec(&columns.rest)?;
        let mut draft = Self { sections: Vec::new() };
        for (tag, values) in model_sections(columns, rest).into_iter().enumerate() {
            draft.push(tag as u32, values);
        }
        Ok(draft)
    }

    /// Adds a section under a tag of its own, from 256 on: those below are the model's. O(values).
    ///
    /// # Panics
    /// If the tag is below 256 or taken, or there are 256 sections.
    pub fn add(&mut self, tag: u32, values: Values<'d>) {
        assert!(tag >= OTHERS, "the tags below {OTHERS} are the model's");
        assert!(self.sections.iter().all(|(entry, _)| entry.tag != tag), "the tag {tag} is taken");
        assert!(self.sections.len() < SECTIONS, "a snapshot has no more than {SECTIONS} sections");
        self.push(tag, values);
    }

    /// Adds ids: their texts under one tag, where they end under another.
    ///
    /// # Panics
    /// As [`Self::add`].
    pub fn add_ids(&mut self, [text, ends]: [u32; 2], ids: &'d Ids) {
        self.add(text, Values::Bytes(ids.text().as_bytes().into()));
        self.add(ends, Values::Words(ids.ends().into()));
    }

    fn push(&mut self, tag: u32, values: Values<'d>) {
        let mut checksum = Hasher::new();
        // Nothing is written here, so nothing can fail.
        let _ = values.bytes(|bytes| {
            checksum.update(bytes);
            Ok(())
        });
        let entry = Entry { tag, length: values.length(), checksum: checksum.finalize(), offset: 0 };
        self.sections.push((entry, values));
    }

    /// A checksum of the model's own sections: what is kept beside them can say what it was made from.
    pub fn model_checksum(&self) -> u32 {
        model_checksum(self.sections.iter().map(|(entry, _)| entry))
    }

    /// Writes all of it. The same draft gives the same bytes.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write(&self, mut to: impl Write) -> io::Result<()> {
        let mut head = MAGIC.to_vec();
        head.extend(VERSION.to_le_bytes());
        head.extend((self.sections.len() as u32).to_le_bytes());
        for (entry, _) in &self.sections {
            head.extend(entry.bytes());
        }
        head.extend(crc32fast::hash(&head).to_le_bytes());
        head.extend([0; 4]);
        to.write_all(&head)?;
        self.sections.iter().try_for_each(|(_, values)| values.bytes(|bytes| to.write_all(bytes)))
    }
}

pub(super) fn too_large() -> io::Error {
    let message = "the model is too large for a snapshot, whose numbers have 32 bits";
    io::Error::new(io::ErrorKind::InvalidInput, message)
}
