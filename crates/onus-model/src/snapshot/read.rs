//! Snapshots as they are read: the head, then any sections, in any order.

use std::io::{Read, Seek, SeekFrom};

use crc32fast::Hasher;

use super::{CHUNK, Entry, FIXED, Ids, MAGIC, OTHERS, SECTIONS, SYSTEM_IDS, VERSION, model_checksum, read_model};
use crate::code::Code;
use crate::diagnostic::{Error, Path, Problem, Problems};
use crate::model::Model;
use crate::source::Limits;

/// A snapshot that was opened: its head was read and checked, its sections are read as they are asked for.
///
/// Nothing else of the file is read, so nothing else of it is checked: each section has its own checksum. Memory is taken only for
/// what the file was found to hold.
#[derive(Debug)]
pub struct Snapshot<R> {
    name: String,
    file: R,
    /// Where the file was read up to.
    position: u64,
    /// By tag, rising.
    sections: Vec<Entry>,
    chunk: Vec<u8>,
}

impl<R: Read + Seek> Snapshot<R> {
    /// Opens a snapshot; `name` is what problems call it. Reads the head alone. Needs no buffer around the file.
    ///
    /// # Errors
    /// [`Error::Io`] if reading fails, [`Error::Invalid`] if it is no snapshot of this version, its head is damaged, or the file is
    /// longer or shorter than the head says.
    pub fn open(name: &str, mut file: R) -> Result<Self, Error> {
        let io = |source| Error::Io { path: name.to_owned(), source };
        let end = file.seek(SeekFrom::End(0)).map_err(io)?;
        file.rewind().map_err(io)?;
        let mut snapshot =
            Self { name: name.to_owned(), file, position: 0, sections: Vec::new(), chunk: vec![0; CHUNK] };
        snapshot.head(end)?;
        Ok(snapshot)
    }

    /// Whether there is a section under a tag.
    pub fn has(&self, tag: u32) -> bool {
        self.find(tag).is_some()
    }

    /// A checksum of the model's own sections, as [`SnapshotDraft::model_checksum`](super::SnapshotDraft::model_checksum).
    pub fn model_checksum(&self) -> u32 {
        model_checksum(&self.sections)
    }

    /// Reads the model.
    ///
    /// Memory: the model, and besides it no more than the file is long. O(model).
    ///
    /// # Errors
    /// [`Error::Io`] if reading fails, [`Error::Invalid`] if the model is damaged or not valid.
    pub fn model(&mut self) -> Result<Model, Error> {
        let columns = read_model(self)?;
        let mut problems = Problems::default();
        let model = crate::columns::assemble(&columns, &mut problems);
        if problems.is_empty() { Ok(model) } else { Err(problems.into_error(Limits::default().problems)) }
    }

    /// Reads the ids of the model's systems, and nothing else of it. O(bytes).
    ///
    /// # Errors
    /// As the other readers of sections.
    pub fn system_ids(&mut self) -> Result<Ids, Error> {
        self.ids(SYSTEM_IDS)
    }

    /// Reads ids, given the tags of their texts and of where they end. O(bytes).
    ///
    /// # Errors
    /// As the other readers of sections.
    pub fn ids(&mut self, [text, ends]: [u32; 2]) -> Result<Ids, Error> {
        let (text, ends) = (self.text(text)?, self.words(ends, |end| end)?);
        Ids::stored(text, ends)
            .map_err(|at| self.damaged(format!("id {at} is none, or does not come after the one before")))
    }

    /// Reads a text.
    ///
    /// # Errors
    /// [`Error::Io`] if reading fails, [`Error::Invalid`] if the section is missing or damaged.
    pub fn text(&mut self, tag: u32) -> Result<String, Error> {
        let bytes = self.bytes(tag)?;
        String::from_utf8(bytes).map_err(|_| self.damaged("a text of the snapshot is not UTF-8".to_owned()))
    }

    /// Reads bytes.
    ///
    /// # Errors
    /// [`Error::Io`] if reading fails, [`Error::Invalid`] if the section is missing or damaged.
    pub fn bytes(&mut self, tag: u32) -> Result<Vec<u8>, Error> {
        self.section(tag, 1, Vec::extend_from_slice)
    }

    /// Reads numbers of 32 bits, each made into what it stands for.
    ///
    /// # Errors
    /// [`Error::Io`] if reading fails, [`Error::Invalid`] if the section is missing or damaged.
    pub fn words<T>(&mut self, tag: u32, make: impl Fn(u32) -> T) -> Result<Vec<T>, Error> {
        self.values(tag, |bytes| make(u32::from_le_bytes(bytes)))
    }

    /// Reads numbers of 64 bits.
    ///
    /// # Errors
    /// [`Error::Io`] if reading fails, [`Error::Invalid`] if the section is missing or damaged.
    pub fn longs(&mut self, tag: u32) -> Result<Vec<u64>, Error> {
        self.values(tag, u64::from_le_bytes)
    }

    /// Reads figures.
    ///
    /// # Errors
    /// [`Error::Io`] if reading fails, [`Error::Invalid`] if the section is missing or damaged.
    pub fn figures(&mut self, tag: u32) -> Result<Vec<f64>, Error> {
        self.values(tag, f64::from_le_bytes)
    }

    /// That what stands in the snapshot cannot be, in words: for those who read sections of their own.
    pub fn damaged(&self, message: String) -> Error {
        damaged(&self.name, message)
    }

    fn values<T, const N: usize>(&mut self, tag: u32, value: impl Fn([u8; N]) -> T) -> Result<Vec<T>, Error> {
        self.section(tag, N as u64, |taken, bytes| {
            let (values, _) = bytes.as_chunks::<N>();
            taken.extend(values.iter().map(|bytes| value(*bytes)));
        })
    }

    fn find(&self, tag: u32) -> Option<&Entry> {
        let at = self.sections.binary_search_by_key(&tag, |entry| entry.tag).ok()?;
        Some(&self.sections[at])
    }

    fn fill(&mut self, bytes: usize) -> Result<(), Error> {
        let read = self.file.read_exact(&mut self.chunk[..bytes]);
        read.map_err(|source| Error::Io { path: self.name.clone(), source })?;
        self.position += bytes as u64;
        Ok(())
    }

    fn head(&mut self, end: u64) -> Result<(), Error> {
        if end < FIXED as u64 {
            return Err(self.damaged("this is no snapshot: it is too short".to_owned()));
        }
        self.fill(FIXED)?;
        if !self.chunk.starts_with(&MAGIC) {
            return Err(self.damaged("this is no snapshot: it does not begin like one".to_owned()));
        }
        let (version, count) = (word(&self.chunk, 8), word(&self.chunk, 12) as usize);
        if version != VERSION {
            let message = format!("a snapshot of version {version}; this program reads version {VERSION}");
            return Err(self.damaged(format!("{message}: write it again from the model")));
        }
        if count > SECTIONS {
            return Err(self.damaged(format!("expected no more than {SECTIONS} sections, found {count}")));
        }
        let mut checksum = Hasher::new();
        checksum.update(&self.chunk[..FIXED]);
        let (entries, tail) = (Entry::BYTES * count, 8);
        if end < (FIXED + entries + tail) as u64 {
            return Err(self.damaged("the snapshot breaks off".to_owned()));
        }
        self.fill(entries + tail)?;
        let (entries, tail) = self.chunk[..entries + tail].split_at(entries);
        checksum.update(entries);
        if checksum.finalize() != word(tail, 0) || word(tail, 4) != 0 {
            return Err(self.damaged("the head of the snapshot is damaged: its checksum is another".to_owned()));
        }
        let mut offset = self.position;
        let mut sections = Vec::with_capacity(count);
        for bytes in entries.chunks_exact(Entry::BYTES) {
            let entry = Entry::of(bytes, offset);
            let Some(after) = offset.checked_add(entry.length).filter(|after| *after <= end) else {
                return Err(self.damaged(format!(
                    "the snapshot breaks off: section {} has {} bytes, but {} are left",
                    entry.tag,
                    entry.length,
                    end - offset
                )));
            };
            offset = after;
            sections.push(entry);
        }
        if offset != end {
            return Err(
                self.damaged(format!("the snapshot goes on where its last section ended, for {} bytes", end - offset))
            );
        }
        sections.sort_unstable_by_key(|entry| entry.tag);
        if let Some(twice) = sections.windows(2).find(|pair| pair[0].tag == pair[1].tag) {
            return Err(self.damaged(format!("section {} stands twice", twice[0].tag)));
        }
        let unknown = |entry: &&Entry| entry.tag < OTHERS && !Entry::is_of_model(entry);
        if let Some(unknown) = sections.iter().find(unknown) {
            return Err(self.damaged(format!("section {} is none that a model has", unknown.tag)));
        }
        self.sections = sections;
        Ok(())
    }

    /// A section, piece by piece. What was taken is not handed out if the checksum is another.
    fn section<T>(&mut self, tag: u32, width: u64, take: impl Fn(&mut Vec<T>, &[u8])) -> Result<Vec<T>, Error> {
        let Some(Entry { length, checksum: wanted, offset, .. }) = self.find(tag).copied() else {
            return Err(self.damaged(format!("section {tag} is missing")));
        };
        if length % width != 0 {
            let message = format!("section {tag} has {length} bytes; expected a multiple of {width}");
            return Err(self.damaged(message));
        }
        if self.position != offset {
            let moved = self.file.seek(SeekFrom::Start(offset));
            moved.map_err(|source| Error::Io { path: self.name.clone(), source })?;
            self.position = offset;
        }
        // No more than the file has: the head was held against it.
        let mut taken = Vec::with_capacity(usize::try_from(length / width).unwrap_or(0));
        let mut checksum = Hasher::new();
        let mut left = length;
        while left > 0 {
            let bytes = left.min(CHUNK as u64) as usize;
            self.fill(bytes)?;
            checksum.update(&self.chunk[..bytes]);
            take(&mut taken, &self.chunk[..bytes]);
            left -= bytes as u64;
        }
        if checksum.finalize() != wanted {
            return Err(self.damaged(format!("the snapshot is damaged: the checksum of section {tag} is another")));
        }
        Ok(taken)
    }
}

pub(super) fn damaged(name: &str, message: String) -> Error {
    let mut problem = Problem::new(Code::Damaged, Path::default(), message).diagnostic(None);
    name.clone_into(&mut problem.path);
    Error::Invalid(vec![problem])
}

/// Four bytes of a head, which has them.
pub(super) fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
