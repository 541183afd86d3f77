//! Snapshots: a model in the shortest time. What a program writes once and reads often.
//!
//! A snapshot is [`columns`](crate::columns) as they stand in memory: a head, then one section for each column, each with
//! its length and its checksum. It holds all of a model (names, sources of priors, contracts), and nothing else: no
//! incident, and no compiled graph. Numbers are little-endian.
//!
//! | bytes | |
//! |---|---|
//! | 8 | `89 4F 4E 55 53 0D 0A 1A` |
//! | 4, 4 | version, 1; number of sections |
//! | 16 each | of every section: length in bytes (8), CRC-32 (4), zero (4) |
//! | 4, 4 | CRC-32 of all before; zero |
//! | … | the sections, without gaps: first the rest of the model file as JSON, then the columns |
//!
//! Every byte is under a checksum or has a fixed value, and the file ends where the last section does. So a damaged file is
//! known by its checksum. A file that was made to harm may have the right one: lengths are held against the file before
//! memory is taken, and every number against what it leads to before it is followed.

use std::io::{self, Read, Seek, SeekFrom, Write};

use crc32fast::Hasher;

use crate::code::Code;
use crate::columns::{Columns, TooLarge};
use crate::diagnostic::{Error, Path, Problem, Problems};
use crate::document;
use crate::json;
use crate::model::Model;
use crate::source::Limits;

const MAGIC: [u8; 8] = *b"\x89ONUS\r\n\x1a";
const VERSION: u32 = 1;
/// Bytes that are read, checked and taken in at once, while they are near the processor.
const CHUNK: usize = 1 << 18;

/// The sections in their order: the field of [`Columns`], and how its values are read and written.
macro_rules! for_each_section {
    ($do:ident) => {
        $do! {
            words.text: text, words.ends: u32, systems.text: text, systems.ends: u32,
            system_kind: u32, system_name: u32, system_site: u32, system_description: u32, system_faultless: u8,
            demand_system: u32, demand_unit: u32, demand_amount: f64,
            need_end: u32, need: u32,
            interface_consumer: u32, interface_provider: u32, interface_kind: u32, interface_description: u32,
            interface_propagates: f64, interface_shortest: u32, interface_longest: u32,
            fault_system: u32, fault_provider: u32, fault_name: u32, fault_cause: u32, fault_probability: f64,
            fault_rate: u32, fault_exposure: u32, fault_role: u8, fault_assumed: u32, fault_description: u32
        }
    };
}

/// A section as it is written.
enum Section<'c> {
    Bytes(&'c [u8]),
    Words(&'c [u32]),
    Figures(&'c [f64]),
}

macro_rules! sections_of {
    (@ text $field:expr) => { Section::Bytes($field.as_bytes()) };
    (@ u8 $field:expr) => { Section::Bytes(&$field) };
    (@ u32 $field:expr) => { Section::Words(&$field) };
    (@ f64 $field:expr) => { Section::Figures(&$field) };
    ($($($field:ident).+: $kind:ident),*) => {
        fn sections<'c>(columns: &'c Columns, rest: &'c [u8]) -> Vec<Section<'c>> {
            vec![Section::Bytes(rest), $(sections_of!(@ $kind columns.$($field).+)),*]
        }
    };
}

macro_rules! read_all {
    (@ text $file:ident) => { $file.text()? };
    (@ u8 $file:ident) => { $file.bytes()? };
    (@ u32 $file:ident) => { $file.values(u32::from_le_bytes)? };
    (@ f64 $file:ident) => { $file.values(f64::from_le_bytes)? };
    ($($($field:ident).+: $kind:ident),*) => {
        fn read_columns(file: &mut Sections<impl Read>, columns: &mut Columns) -> Result<(), Error> {
            $(columns.$($field).+ = read_all!(@ $kind file);)*
            Ok(())
        }
    };
}

for_each_section!(sections_of);
for_each_section!(read_all);

impl Section<'_> {
    fn length(&self) -> u64 {
        let (count, width) = match self {
            Self::Bytes(bytes) => (bytes.len(), 1),
            Self::Words(words) => (words.len(), 4),
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
            Self::Figures(figures) => pieces(figures, f64::to_le_bytes, take),
        }
    }
}

impl Model {
    /// Whether a file that begins with these bytes is a snapshot.
    pub fn is_snapshot(begin: &[u8]) -> bool {
        begin.starts_with(&MAGIC)
    }

    /// Writes the model as a snapshot. The same model gives the same bytes.
    ///
    /// # Errors
    /// What the writer says; [`io::ErrorKind::InvalidInput`] for a model of 2^31 systems or with 4 GiB of ids.
    ///
    /// ```
    /// use std::io::Cursor;
    ///
    /// let model = onus_model::Model::from_text("inline", "{ format: onus/1, systems: { router: {} } }")?;
    /// let mut snapshot = Vec::new();
    /// model.write_snapshot(&mut snapshot).unwrap();
    /// assert_eq!(onus_model::Model::from_snapshot("estate.onus", Cursor::new(&snapshot))?, model);
    /// # Ok::<(), onus_model::Error>(())
    /// ```
    pub fn write_snapshot(&self, mut to: impl Write) -> io::Result<()> {
        let columns = Columns::of(self).map_err(|TooLarge| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                "the model is too large for a snapshot, whose numbers have 32 bits",
            )
        })?;
        let rest = serde_json::to_vec(&columns.rest)?;
        let sections = sections(&columns, &rest);
        let mut head = MAGIC.to_vec();
        head.extend(VERSION.to_le_bytes());
        head.extend((sections.len() as u32).to_le_bytes());
        for section in &sections {
            let mut checksum = Hasher::new();
            section.bytes(|bytes| {
                checksum.update(bytes);
                Ok(())
            })?;
            head.extend(section.length().to_le_bytes());
            head.extend(checksum.finalize().to_le_bytes());
            head.extend([0; 4]);
        }
        head.extend(crc32fast::hash(&head).to_le_bytes());
        head.extend([0; 4]);
        to.write_all(&head)?;
        sections.iter().try_for_each(|section| section.bytes(|bytes| to.write_all(bytes)))
    }

    /// Reads a snapshot; `name` is what problems call it.
    ///
    /// Memory: the model, and besides it no more than the file is long.
    ///
    /// # Errors
    /// [`Error::Io`] if reading fails, [`Error::Invalid`] if it is no snapshot of this version, or damaged.
    pub fn from_snapshot(name: &str, file: impl Read + Seek) -> Result<Self, Error> {
        let columns = read(name, file)?;
        let mut problems = Problems::default();
        let model = crate::columns::assemble(&columns, &mut problems);
        if problems.is_empty() { Ok(model) } else { Err(problems.into_error(Limits::default().problems)) }
    }
}

/// Reads the columns of a snapshot, and checks them.
fn read(name: &str, mut file: impl Read + Seek) -> Result<Columns, Error> {
    let io = |source| Error::Io { path: name.to_owned(), source };
    let end = file.seek(SeekFrom::End(0)).map_err(io)?;
    file.rewind().map_err(io)?;
    let mut file = Sections { name, file, left: end, lengths: Vec::new().into_iter(), chunk: vec![0; CHUNK] };
    file.head()?;
    let rest = file.text()?;
    let rest = match json::document::<document::Model>(&rest) {
        Some(Ok(rest)) if rest.systems.is_empty() && rest.interfaces.is_empty() => rest,
        Some(Err(error)) => {
            return Err(file.damaged(format!("the rest of the model is not what it should be: {error}")));
        }
        _ => return Err(file.damaged("the rest of the model is not what it should be".to_owned())),
    };
    let mut columns = Columns { rest, ..Columns::default() };
    read_columns(&mut file, &mut columns)?;
    columns
        .check()
        .map_err(|flaw| file.damaged(format!("`{}`, entry {}: expected {}", flaw.column, flaw.row, flaw.expected)))?;
    Ok(columns)
}

/// A snapshot as it is read, section by section.
struct Sections<'n, R> {
    name: &'n str,
    file: R,
    /// Bytes to the end of the file.
    left: u64,
    /// Length and checksum of each section to come.
    lengths: std::vec::IntoIter<(u64, u32)>,
    chunk: Vec<u8>,
}

impl<R: Read> Sections<'_, R> {
    fn damaged(&self, message: String) -> Error {
        let mut problem = Problem::new(Code::Damaged, Path::default(), message).diagnostic(None);
        self.name.clone_into(&mut problem.path);
        Error::Invalid(vec![problem])
    }

    fn fill(&mut self, bytes: usize) -> Result<(), Error> {
        if self.left < bytes as u64 {
            return Err(self.damaged("the snapshot breaks off".to_owned()));
        }
        let read = self.file.read_exact(&mut self.chunk[..bytes]);
        read.map_err(|source| Error::Io { path: self.name.to_owned(), source })?;
        self.left -= bytes as u64;
        Ok(())
    }

    fn head(&mut self) -> Result<(), Error> {
        let word =
            |bytes: &[u8], at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        if self.left < 16 {
            return Err(self.damaged("this is no snapshot: it is too short".to_owned()));
        }
        self.fill(16)?;
        if !Model::is_snapshot(&self.chunk) {
            return Err(self.damaged("this is no snapshot: it does not begin like one".to_owned()));
        }
        let (version, count) = (word(&self.chunk, 8), word(&self.chunk, 12) as usize);
        if version != VERSION {
            let message = format!("a snapshot of version {version}; this program reads version {VERSION}");
            return Err(self.damaged(format!("{message}: write it again from the model")));
        }
        let wanted = sections(&Columns::default(), &[]).len();
        if count != wanted {
            return Err(self.damaged(format!("expected {wanted} sections, found {count}")));
        }
        let mut checksum = Hasher::new();
        checksum.update(&self.chunk[..16]);
        self.fill(16 * count + 8)?;
        let (entries, end) = self.chunk[..16 * count + 8].split_at(16 * count);
        checksum.update(entries);
        let zeros = entries.chunks_exact(16).all(|entry| word(entry, 12) == 0) && word(end, 4) == 0;
        let lengths: Vec<(u64, u32)> = entries
            .chunks_exact(16)
            .map(|entry| (u64::from(word(entry, 0)) | u64::from(word(entry, 4)) << 32, word(entry, 8)))
            .collect();
        if checksum.finalize() != word(end, 0) || !zeros {
            return Err(self.damaged("the head of the snapshot is damaged: its checksum is another".to_owned()));
        }
        let total = lengths.iter().try_fold(0_u64, |total, (length, _)| total.checked_add(*length));
        if total != Some(self.left) {
            let expected = total.map_or_else(|| "an impossible number of".to_owned(), |total| total.to_string());
            let message = format!("the snapshot breaks off or goes on: expected {expected} bytes after its head");
            return Err(self.damaged(format!("{message}, found {}", self.left)));
        }
        self.lengths = lengths.into_iter();
        Ok(())
    }

    /// The next section, piece by piece; `take` is told first how many bytes there will be. What was taken must not be
    /// used if this fails.
    fn section<T>(
        &mut self,
        width: u64,
        make: impl FnOnce(usize) -> T,
        take: impl Fn(&mut T, &[u8]),
    ) -> Result<T, Error> {
        let (length, wanted) = self.lengths.next().unwrap_or_default();
        if length % width != 0 {
            return Err(self.damaged(format!("a section of {length} bytes; expected a multiple of {width}")));
        }
        // No more than the file has: the head was held against it.
        let mut taken = make(usize::try_from(length / width).unwrap_or(0));
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
            return Err(self.damaged("the snapshot is damaged: the checksum of a section is another".to_owned()));
        }
        Ok(taken)
    }

    fn bytes(&mut self) -> Result<Vec<u8>, Error> {
        self.section(1, Vec::with_capacity, Vec::extend_from_slice)
    }

    fn text(&mut self) -> Result<String, Error> {
        let bytes = self.bytes()?;
        String::from_utf8(bytes).map_err(|_| self.damaged("a text of the snapshot is not UTF-8".to_owned()))
    }

    fn values<T, const N: usize>(&mut self, value: impl Fn([u8; N]) -> T) -> Result<Vec<T>, Error> {
        self.section(N as u64, Vec::with_capacity, |taken, bytes| {
            let (values, _) = bytes.as_chunks::<N>();
            taken.extend(values.iter().map(|bytes| value(*bytes)));
        })
    }
}
