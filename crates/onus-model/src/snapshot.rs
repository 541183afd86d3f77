//! Snapshots: a model in the shortest time. What a program writes once and reads often.
//!
//! A snapshot is a head, then sections, each with its length, its checksum and its tag. Those below 256 are the model's:
//! [`columns`](crate::columns) as they stand in memory, all of a model (names, sources of priors, contracts) and no incident. What others
//! keep beside them, as `onus-rca` its compiled graph, has tags from 256 on; a reader seeks what it knows, and passes over the
//! rest. Numbers are little-endian.
//!
//! | bytes | |
//! |---|---|
//! | 8 | `89 4F 4E 55 53 0D 0A 1A` |
//! | 4, 4 | version, 2; number of sections |
//! | 16 each | of every section: length in bytes (8), CRC-32 (4), tag (4) |
//! | 4, 4 | CRC-32 of all before; zero |
//! | … | the sections, without gaps, in the order of their entries |
//!
//! Section 0 is the rest of the model file as JSON, 1 to 31 are the columns in the order of [`for_each_section`]. Every byte is
//! under a checksum or has a fixed value, and the file ends where the last section does. So a damaged file is known by its
//! checksum, as far as it is read. A file that was made to harm may have the right one: lengths are held against the file
//! before memory is taken, and every number against what it leads to before it is followed.
//!
//! In reading order: this file, what the model's sections are; [`write`], [`read`]; [`ids`].

use std::io::{self, Read, Seek, Write};

use crc32fast::Hasher;

use crate::columns::Columns;
use crate::diagnostic::Error;
use crate::document;
use crate::json;
use crate::model::Model;

pub use ids::Ids;
pub use read::Snapshot;
pub use write::{SnapshotDraft, Values};

mod ids;
mod read;
mod write;

const MAGIC: [u8; 8] = *b"\x89ONUS\r\n\x1a";
const VERSION: u32 = 2;
/// Bytes before the entries of the head.
const FIXED: usize = 16;
/// Bytes that are read, checked and taken in at once, while they are near the processor.
const CHUNK: usize = 1 << 18;
/// The most sections a snapshot may have.
const SECTIONS: usize = 256;
/// The first tag that is not the model's.
const OTHERS: u32 = 256;

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

/// Says something of each section, in their order.
macro_rules! sections_of {
    (@ text $field:expr) => { Values::Bytes($field.into_bytes().into()) };
    (@ u8 $field:expr) => { Values::Bytes($field.into()) };
    (@ u32 $field:expr) => { Values::Words($field.into()) };
    (@ f64 $field:expr) => { Values::Figures($field.into()) };
    ($($($field:ident).+: $kind:ident),*) => {
        /// The model's sections; the tag of each is its place.
        fn model_sections(columns: Columns, rest: Vec<u8>) -> Vec<Values<'static>> {
            vec![Values::Bytes(rest.into()), $(sections_of!(@ $kind columns.$($field).+)),*]
        }

        /// How many there are.
        const OWN: u32 = 1 + [$(stringify!($($field).+)),*].len() as u32;
    };
}

macro_rules! read_all {
    (@ text $file:ident, $tag:expr) => { $file.text($tag)? };
    (@ u8 $file:ident, $tag:expr) => { $file.bytes($tag)? };
    (@ u32 $file:ident, $tag:expr) => { $file.words($tag, |word| word)? };
    (@ f64 $file:ident, $tag:expr) => { $file.figures($tag)? };
    ($($($field:ident).+: $kind:ident),*) => {
        fn read_columns(file: &mut Snapshot<impl Read + Seek>, columns: &mut Columns) -> Result<(), Error> {
            let mut tags = 1..OWN;
            $(columns.$($field).+ = read_all!(@ $kind file, tags.next().unwrap_or(OWN));)*
            Ok(())
        }
    };
}

for_each_section!(sections_of);
for_each_section!(read_all);

/// The sections of the systems' ids.
const SYSTEM_IDS: [u32; 2] = [3, 4];

/// What the head says of a section, and where it stands.
#[derive(Clone, Copy, Debug)]
struct Entry {
    tag: u32,
    length: u64,
    checksum: u32,
    offset: u64,
}

impl Entry {
    const BYTES: usize = 16;

    fn of(bytes: &[u8], offset: u64) -> Self {
        let [low, high, checksum, tag] = [0, 4, 8, 12].map(|at| read::word(bytes, at));
        Self { tag, length: u64::from(low) | u64::from(high) << 32, checksum, offset }
    }

    fn bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..8].copy_from_slice(&self.length.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.checksum.to_le_bytes());
        bytes[12..].copy_from_slice(&self.tag.to_le_bytes());
        bytes
    }

    fn is_of_model(&self) -> bool {
        self.tag < OWN
    }
}

/// A checksum of the entries of the model's sections, by tag.
fn model_checksum<'e>(sections: impl IntoIterator<Item = &'e Entry>) -> u32 {
    let mut checksum = Hasher::new();
    for entry in sections.into_iter().filter(|entry| entry.is_of_model()) {
        checksum.update(&entry.bytes());
    }
    checksum.finalize()
}

impl Model {
    /// Whether a file that begins with these bytes is a snapshot.
    pub fn is_snapshot(begin: &[u8]) -> bool {
        begin.starts_with(&MAGIC)
    }

    /// Writes the model as a snapshot, alone; with other things beside it: [`SnapshotDraft`]. The same model gives the same bytes.
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
    pub fn write_snapshot(&self, to: impl Write) -> io::Result<()> {
        SnapshotDraft::of(self)?.write(to)
    }

    /// Reads the model of a snapshot; `name` is what problems call it. What else the snapshot holds is not looked at:
    /// [`Snapshot`] reads that.
    ///
    /// Memory: the model, and besides it no more than its sections are long.
    ///
    /// # Errors
    /// [`Error::Io`] if reading fails, [`Error::Invalid`] if it is no snapshot of this version, or damaged.
    pub fn from_snapshot(name: &str, file: impl Read + Seek) -> Result<Self, Error> {
        Snapshot::open(name, file)?.model()
    }
}

/// Reads the columns of a snapshot, and checks them.
fn read_model(file: &mut Snapshot<impl Read + Seek>) -> Result<Columns, Error> {
    let rest = file.text(0)?;
    let rest = match json::document::<document::Model>(&rest) {
        Some(Ok(rest)) if rest.systems.is_empty() && rest.interfaces.is_empty() => rest,
        Some(Err(error)) => {
            return Err(file.damaged(format!("the rest of the model is not what it should be: {error}")));
        }
        _ => return Err(file.damaged("the rest of the model is not what it should be".to_owned())),
    };
    let mut columns = Columns { rest, ..Columns::default() };
    read_columns(file, &mut columns)?;
    columns
        .check()
        .map_err(|flaw| file.damaged(format!("`{}`, entry {}: expected {}", flaw.column, flaw.row, flaw.expected)))?;
    Ok(columns)
}
