//! One table as a Parquet file: flat columns of whole numbers, figures, flags and texts, and nothing else.
//!
//! Files are read column by column, a batch of rows at a time, into plain arrays. What a file says of itself is not
//! believed: rows are limited by the bytes there are, and memory is taken for values that have come.

use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path as FilePath;
use std::sync::Arc;

use parquet::basic::{Compression, ConvertedType, Repetition, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use super::report::Report;
use crate::code::Code;
use crate::columns::{NONE, Texts, TooLarge, Words};
use crate::diagnostic::nearest;

/// Rows of one row group, as they are written.
const GROUP_ROWS: usize = 1 << 20;
/// Rows that are read at once.
const BATCH: usize = 1 << 14;
/// Rows that any file may have, and more for each of its bytes: a file that claims more than it can hold is refused.
const ROWS: (u64, u64) = (1 << 20, 4);
/// Stands for no number.
pub(super) const NO_NUMBER: i64 = i64::MIN;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Figure,
    Flag,
    Text,
    /// A text of which many rows have the same.
    Word,
    /// A list or a map, as a text of JSON.
    Json,
}

/// A column: its name, what it holds, whether every row must have a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) is_required: bool,
}

pub(super) const fn must(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, is_required: true }
}

pub(super) const fn may(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, is_required: false }
}

/// A table: the name of its file without ending, and its columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schema {
    pub(super) name: &'static str,
    pub(super) fields: &'static [Field],
}

/// Gives the value of a row.
type By<'a, T> = Box<dyn Fn(usize) -> Option<T> + 'a>;

/// Where the values of a column that is written come from, row by row.
pub(super) enum Values<'a> {
    Numbers(By<'a, i64>),
    Figures(By<'a, f64>),
    Flags(By<'a, bool>),
    Texts(By<'a, &'a str>),
}

/// Writes a table into a folder.
pub(super) fn write(folder: &FilePath, schema: &Schema, rows: usize, columns: &[Values]) -> io::Result<()> {
    let fields = schema.fields.iter().map(|field| {
        let (physical, converted) = match field.kind {
            Kind::Number => (Physical::INT64, ConvertedType::NONE),
            Kind::Figure => (Physical::DOUBLE, ConvertedType::NONE),
            Kind::Flag => (Physical::BOOLEAN, ConvertedType::NONE),
            Kind::Text | Kind::Word | Kind::Json => (Physical::BYTE_ARRAY, ConvertedType::UTF8),
        };
        let repetition = if field.is_required { Repetition::REQUIRED } else { Repetition::OPTIONAL };
        let field = Type::primitive_type_builder(field.name, physical).with_repetition(repetition);
        Ok(Arc::new(field.with_converted_type(converted).build()?))
    });
    let fields: Vec<_> = fields.collect::<Result<_, ParquetError>>().map_err(io::Error::other)?;
    let shape = Type::group_type_builder(schema.name).with_fields(fields).build().map_err(io::Error::other)?;
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).set_created_by("onus".to_owned());
    let file = File::create(folder.join(format!("{}.parquet", schema.name)))?;
    let mut writer =
        SerializedFileWriter::new(file, Arc::new(shape), Arc::new(properties.build())).map_err(io::Error::other)?;
    let mut begin = 0;
    while begin < rows {
        let end = rows.min(begin + GROUP_ROWS);
        let mut group = writer.next_row_group().map_err(io::Error::other)?;
        for (field, values) in schema.fields.iter().zip(columns) {
            let Some(mut column) = group.next_column().map_err(io::Error::other)? else { break };
            let required = field.is_required;
            match values {
                Values::Numbers(by) => put::<Int64Type>(column.typed(), begin..end, required, by),
                Values::Figures(by) => put::<DoubleType>(column.typed(), begin..end, required, by),
                Values::Flags(by) => put::<BoolType>(column.typed(), begin..end, required, by),
                Values::Texts(by) => {
                    put::<ByteArrayType>(column.typed(), begin..end, required, |row| by(row).map(ByteArray::from))
                }
            }
            .and_then(|()| column.close())
            .map_err(io::Error::other)?;
        }
        group.close().map_err(io::Error::other)?;
        begin = end;
    }
    writer.close().map_err(io::Error::other)?;
    Ok(())
}

fn put<T: DataType>(
    column: &mut parquet::column::writer::ColumnWriterImpl<'_, T>,
    rows: std::ops::Range<usize>,
    is_required: bool,
    by: impl Fn(usize) -> Option<T::T>,
) -> Result<(), ParquetError> {
    let (mut values, mut levels) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
    for first in rows.clone().step_by(BATCH) {
        values.clear();
        levels.clear();
        for row in first..rows.end.min(first + BATCH) {
            let value = by(row);
            levels.push(i16::from(value.is_some()));
            values.extend(value);
        }
        column.write_batch(&values, (!is_required).then_some(&levels[..]), None)?;
    }
    Ok(())
}

/// A column that was read. One in which no row has a value is empty.
#[derive(Debug)]
pub(super) enum Column {
    Numbers(Vec<i64>),
    /// Not a number where there is no value.
    Figures(Vec<f64>),
    /// 0, 1, or 2 where there is no value.
    Flags(Vec<u8>),
    /// The texts, and which are none.
    Texts(Texts, Vec<bool>),
    /// The numbers of the texts among the words; [`NONE`] where there is none.
    Words(Vec<u32>),
}

/// A table that was read: a column for each field.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) schema: &'static Schema,
    pub(super) rows: usize,
    columns: Vec<Column>,
}

impl Table {
    fn column(&self, name: &str) -> Option<&Column> {
        let at = self.schema.fields.iter().position(|field| field.name == name)?;
        self.columns.get(at)
    }

    /// The numbers of a column.
    pub(super) fn numbers(&self, name: &str) -> Numbers<'_> {
        match self.column(name) {
            Some(Column::Numbers(numbers)) => Numbers(numbers),
            _ => Numbers(&[]),
        }
    }

    /// The figures of a column; empty where no row has one, else not a number where a row has none.
    pub(super) fn figures(&self, name: &str) -> &[f64] {
        match self.column(name) {
            Some(Column::Figures(figures)) => figures,
            _ => &[],
        }
    }

    pub(super) fn figure(&self, name: &str, row: usize) -> Option<f64> {
        self.figures(name).get(row).copied().filter(|figure| !figure.is_nan())
    }

    /// The words of a column; empty where no row has one.
    pub(super) fn words(&self, name: &str) -> &[u32] {
        match self.column(name) {
            Some(Column::Words(words)) => words,
            _ => &[],
        }
    }

    /// The texts of a column.
    pub(super) fn texts(&self, name: &str) -> Option<&Texts> {
        match self.column(name)? {
            Column::Texts(texts, _) => Some(texts),
            _ => None,
        }
    }

    /// The flags of a column; empty where no row has one, else 2 where a row has none.
    pub(super) fn flags(&self, name: &str) -> &[u8] {
        match self.column(name) {
            Some(Column::Flags(flags)) => flags,
            _ => &[],
        }
    }

    pub(super) fn flag(&self, name: &str, row: usize) -> Option<bool> {
        self.flags(name).get(row).copied().filter(|flag| *flag < 2).map(|flag| flag == 1)
    }

    pub(super) fn text(&self, name: &str, row: usize) -> Option<&str> {
        match self.column(name)? {
            Column::Texts(texts, none) => {
                none.get(row).copied().filter(|none| !none)?;
                Some(texts.get(row))
            }
            _ => None,
        }
    }
}

/// The numbers of a column, looked up once for all rows.
#[derive(Clone, Copy)]
pub(super) struct Numbers<'t>(&'t [i64]);

impl<'t> Numbers<'t> {
    pub(super) fn get(self, row: usize) -> Option<i64> {
        self.0.get(row).copied().filter(|number| *number != NO_NUMBER)
    }

    /// All of them; empty where no row has one.
    pub(super) fn all(self) -> &'t [i64] {
        self.0
    }
}

/// Reads a table of a folder, if its file is there. What is wrong with it goes to the report. Its words get numbers among
/// `words`.
pub(super) fn read(
    folder: &FilePath,
    schema: &'static Schema,
    words: &mut Words,
    report: &mut Report,
) -> Option<Table> {
    let path = folder.join(format!("{}.parquet", schema.name));
    let metadata = std::fs::metadata(&path).ok()?;
    if !metadata.is_file() {
        // A pipe may never end, and cannot be sought in.
        let message =
            if metadata.is_dir() { "a folder, not a file; join its parts into one file" } else { "not a regular file" };
        report.file(schema.name, message.to_owned());
        return None;
    }
    // The reader of the file is not ours. Should it fail over a damaged one by a panic, that is the file's problem too.
    let read = catch_unwind(AssertUnwindSafe(|| Reading { schema, words, report: &mut *report }.table(&path)));
    match read {
        Ok(Ok(table)) => Some(table),
        Ok(Err(error)) => {
            report.file(schema.name, error.to_string());
            None
        }
        Err(_) => {
            report.file(schema.name, "the file is damaged".to_owned());
            None
        }
    }
}

struct Reading<'r> {
    schema: &'static Schema,
    words: &'r mut Words,
    report: &'r mut Report,
}

impl Reading<'_> {
    fn table(&mut self, path: &FilePath) -> Result<Table, ParquetError> {
        let file = File::open(path).map_err(|error| ParquetError::External(Box::new(error)))?;
        let bytes = file.metadata().map_or(0, |metadata| metadata.len());
        let reader = SerializedFileReader::new(file)?;
        for column in reader.metadata().row_groups().iter().flat_map(RowGroupMetaData::columns) {
            let compression = column.compression();
            if !matches!(compression, Compression::UNCOMPRESSED | Compression::SNAPPY) {
                let name = compression.to_string();
                // Without the level, which the file does not say.
                let name = name.split('(').next().unwrap_or_default();
                return Err(ParquetError::General(format!(
                    "compressed by {name}, which this reader does not take; write it uncompressed or with Snappy"
                )));
            }
        }
        let metadata = reader.metadata().file_metadata();
        let shape = metadata.schema_descr();
        let mut columns: Vec<Column> = self.schema.fields.iter().map(|field| blank(field.kind)).collect();
        // By column of the file, the field it is.
        let mut fields = Vec::new();
        for column in shape.columns() {
            fields.push(self.field(column));
        }
        for field in self.schema.fields {
            let is_there = shape.columns().iter().any(|column| column.path().string() == field.name);
            if field.is_required && !is_there {
                self.report.file(self.schema.name, format!("the column `{}` is missing", field.name));
            }
        }
        let most = ROWS.0.saturating_add(ROWS.1.saturating_mul(bytes));
        let groups = || (0..reader.num_row_groups()).map(|group| reader.metadata().row_group(group).num_rows());
        let claimed = groups().try_fold(0_u64, |all, rows| all.checked_add(u64::try_from(rows).ok()?));
        let Some(rows) = claimed.filter(|rows| *rows <= most) else {
            return Err(ParquetError::General(format!(
                "more rows than {bytes} bytes can hold; expected {most} at most"
            )));
        };
        let mut before = 0;
        for group in 0..reader.num_row_groups() {
            let group = reader.get_row_group(group)?;
            let rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
            for (at, field) in fields.iter().enumerate() {
                let Some(field) = *field else { continue };
                let levels = shape.column(at).max_def_level();
                self.chunk(group.get_column_reader(at)?, levels, field, before, rows, &mut columns[field])?;
            }
            before += rows;
        }
        for column in &mut columns {
            column.fill(before);
        }
        Ok(Table { schema: self.schema, rows: rows as usize, columns })
    }

    /// The field that a column of the file is, if it is one and of its type.
    fn field(&mut self, column: &parquet::schema::types::ColumnDescriptor) -> Option<usize> {
        let name = column.path().string();
        let Some(at) = self.schema.fields.iter().position(|field| field.name == name) else {
            let hint = nearest(&name, self.schema.fields.iter().map(|field| field.name));
            let known: Vec<&str> = self.schema.fields.iter().map(|field| field.name).collect();
            let hint = hint.unwrap_or_else(|| format!("expected {}", known.join(", ")));
            self.report.file(self.schema.name, format!("the column `{name}` is not known; {hint}"));
            return None;
        };
        let is_plain = !matches!(
            column.converted_type(),
            ConvertedType::DECIMAL
                | ConvertedType::DATE
                | ConvertedType::TIME_MILLIS
                | ConvertedType::TIME_MICROS
                | ConvertedType::TIMESTAMP_MILLIS
                | ConvertedType::TIMESTAMP_MICROS
        );
        let expected = match self.schema.fields[at].kind {
            Kind::Number => "whole numbers (INT64 or INT32)",
            Kind::Figure => "figures (DOUBLE)",
            Kind::Flag => "flags (BOOLEAN)",
            Kind::Text | Kind::Word | Kind::Json => "texts (BYTE_ARRAY, UTF-8)",
        };
        let fits = match (self.schema.fields[at].kind, column.physical_type()) {
            (Kind::Number, Physical::INT64 | Physical::INT32)
            | (Kind::Figure, Physical::DOUBLE)
            | (Kind::Flag, Physical::BOOLEAN)
            | (Kind::Text | Kind::Word | Kind::Json, Physical::BYTE_ARRAY) => is_plain,
            _ => false,
        };
        if !fits || column.max_rep_level() > 0 {
            let found = format!("{} {}", column.physical_type(), column.converted_type());
            let message = format!("the column `{name}` holds {}; expected {expected}", found.trim_end_matches(" NONE"));
            self.report.file(self.schema.name, message);
            return None;
        }
        Some(at)
    }

    fn chunk(
        &mut self,
        reader: ColumnReader,
        levels: i16,
        field: usize,
        before: usize,
        rows: usize,
        column: &mut Column,
    ) -> Result<(), ParquetError> {
        let mut bad = Vec::new();
        let nulls = match (reader, column) {
            (ColumnReader::Int64ColumnReader(reader), Column::Numbers(numbers)) => {
                take(reader, levels, before, rows, numbers, NO_NUMBER, |number| number)
            }
            (ColumnReader::Int32ColumnReader(reader), Column::Numbers(numbers)) => {
                take(reader, levels, before, rows, numbers, NO_NUMBER, i64::from)
            }
            (ColumnReader::DoubleColumnReader(reader), Column::Figures(figures)) => {
                // What is not a number is no lack of one: it becomes one that no range holds.
                let number = |figure: f64| if figure.is_nan() { f64::INFINITY } else { figure };
                take(reader, levels, before, rows, figures, f64::NAN, number)
            }
            (ColumnReader::BoolColumnReader(reader), Column::Flags(flags)) => {
                take(reader, levels, before, rows, flags, 2, u8::from)
            }
            (ColumnReader::ByteArrayColumnReader(reader), Column::Texts(texts, none)) => {
                take_texts(reader, levels, before, rows, texts, none, &mut bad)
            }
            (ColumnReader::ByteArrayColumnReader(reader), Column::Words(numbers)) => {
                take_words(reader, levels, before, rows, numbers, self.words, &mut bad)
            }
            _ => Ok(Vec::new()),
        }?;
        let field = &self.schema.fields[field];
        for row in bad {
            self.report.row(Code::NotUtf8, self.schema.name, row, field.name, "expected a text in UTF-8".to_owned());
        }
        for row in nulls.into_iter().filter(|_| field.is_required) {
            self.report.row(Code::WrongTable, self.schema.name, row, field.name, "expected a value".to_owned());
        }
        Ok(())
    }
}

/// A figure as problems tell it. What is not a number was read as an infinite one.
pub(super) fn told(figure: f64) -> String {
    if figure.is_finite() { figure.to_string() } else { "no finite number".to_owned() }
}

fn blank(kind: Kind) -> Column {
    match kind {
        Kind::Number => Column::Numbers(Vec::new()),
        Kind::Figure => Column::Figures(Vec::new()),
        Kind::Flag => Column::Flags(Vec::new()),
        Kind::Text | Kind::Json => Column::Texts(Texts::default(), Vec::new()),
        Kind::Word => Column::Words(Vec::new()),
    }
}

impl Column {
    /// Makes up for rows of a group that had no value.
    fn fill(&mut self, rows: usize) {
        match self {
            Self::Numbers(numbers) if !numbers.is_empty() => numbers.resize(rows, NO_NUMBER),
            Self::Figures(figures) if !figures.is_empty() => figures.resize(rows, f64::NAN),
            Self::Flags(flags) if !flags.is_empty() => flags.resize(rows, 2),
            Self::Words(words) if !words.is_empty() => words.resize(rows, NONE),
            Self::Texts(texts, none) if !none.is_empty() => {
                none.resize(rows, true);
                let end = texts.ends.last().copied().unwrap_or(0);
                texts.ends.resize(rows, end);
            }
            _ => {}
        }
    }
}

/// How many empty rows are remembered: more are not told.
const REMEMBERED: usize = 128;

/// Walks through a column chunk: which rows have values, and these. Gives the first rows without.
fn walk<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    max_level: i16,
    before: usize,
    rows: usize,
    mut each: impl FnMut(usize, &[i16], &mut Vec<T::T>) -> Result<(), ParquetError>,
) -> Result<Vec<usize>, ParquetError> {
    let (mut values, mut levels, mut nulls) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH), Vec::new());
    let mut done = 0;
    while done < rows {
        values.clear();
        levels.clear();
        let wanted = BATCH.min(rows - done);
        let (records, ..) = reader.read_records(wanted, (max_level > 0).then_some(&mut levels), None, &mut values)?;
        if records == 0 {
            return Err(ParquetError::General("a column breaks off".to_owned()));
        }
        if max_level == 0 {
            levels.resize(records, 0);
        }
        let holds = levels.iter().filter(|level| **level == max_level).count();
        if levels.len() != records || holds != values.len() {
            return Err(ParquetError::General("a column has another number of values than it says".to_owned()));
        }
        if holds < records && nulls.len() < REMEMBERED {
            let empty = levels.iter().enumerate().filter(|(_, level)| **level != max_level);
            nulls.extend(empty.map(|(at, _)| before + done + at).take(REMEMBERED));
        }
        for level in &mut levels {
            *level = i16::from(*level == max_level);
        }
        each(before + done, &levels, &mut values)?;
        done += records;
    }
    Ok(nulls)
}

fn take<T: DataType, V: Copy>(
    reader: ColumnReaderImpl<T>,
    max_level: i16,
    before: usize,
    rows: usize,
    into: &mut Vec<V>,
    blank: V,
    value: impl Fn(T::T) -> V,
) -> Result<Vec<usize>, ParquetError> {
    walk(reader, max_level, before, rows, |first, levels, values| {
        if values.is_empty() && into.is_empty() {
            return Ok(());
        }
        into.resize(first, blank);
        if values.len() == levels.len() {
            into.extend(values.drain(..).map(&value));
        } else {
            let mut values = values.drain(..);
            let next = |level: &i16| if *level == 1 { values.next().map_or(blank, &value) } else { blank };
            into.extend(levels.iter().map(next));
        }
        Ok(())
    })
}

fn take_texts(
    reader: ColumnReaderImpl<ByteArrayType>,
    max_level: i16,
    before: usize,
    rows: usize,
    texts: &mut Texts,
    none: &mut Vec<bool>,
    bad: &mut Vec<usize>,
) -> Result<Vec<usize>, ParquetError> {
    walk(reader, max_level, before, rows, |first, levels, values| {
        if values.is_empty() && none.is_empty() {
            return Ok(());
        }
        none.resize(first, true);
        let end = texts.ends.last().copied().unwrap_or(0);
        texts.ends.resize(first, end);
        let mut values = values.drain(..);
        for (at, level) in levels.iter().enumerate() {
            let value = if *level == 1 { values.next() } else { None };
            none.push(value.is_none());
            let text = value.as_ref().map_or(Ok(""), |value| std::str::from_utf8(value.data()));
            if text.is_err() && bad.len() < REMEMBERED {
                bad.push(first + at);
            }
            let pushed = texts.push(text.unwrap_or(""));
            pushed.map_err(|TooLarge| too_large())?;
        }
        Ok(())
    })
}

fn too_large() -> ParquetError {
    ParquetError::General("more than 4 GiB of text in one column".to_owned())
}

/// How many places of texts are remembered while words are taken.
const PLACES: usize = 1 << 8;

/// Most words stand in a dictionary of the file, and every row leads to the same bytes there. So a word is known by its place
/// in memory, while all values of a batch are held, and nearly none is looked at or looked up.
fn take_words(
    reader: ColumnReaderImpl<ByteArrayType>,
    max_level: i16,
    before: usize,
    rows: usize,
    into: &mut Vec<u32>,
    words: &mut Words,
    bad: &mut Vec<usize>,
) -> Result<Vec<usize>, ParquetError> {
    walk(reader, max_level, before, rows, |first, levels, values| {
        if values.is_empty() && into.is_empty() {
            return Ok(());
        }
        into.resize(first, NONE);
        // Of the last word met at a place: address, length, number.
        let mut places = [(std::ptr::null(), 0, NONE); PLACES];
        let mut next = values.iter();
        for (at, level) in levels.iter().enumerate() {
            let Some(value) = (*level == 1).then(|| next.next()).flatten() else {
                into.push(NONE);
                continue;
            };
            let data = value.data();
            // A word of a dictionary is its length and its letters: the next begins some bytes further.
            let place = &mut places[(data.as_ptr().addr() >> 3) % PLACES];
            if (place.0, place.1) != (data.as_ptr(), data.len()) || place.2 == NONE {
                let text = std::str::from_utf8(data);
                if text.is_err() && bad.len() < REMEMBERED {
                    bad.push(first + at);
                }
                let number = words.number(text.unwrap_or("")).map_err(|TooLarge| too_large())?;
                *place = (data.as_ptr(), data.len(), if text.is_ok() { number } else { NONE });
                into.push(number);
            } else {
                into.push(place.2);
            }
        }
        // Only now may their memory be another's.
        values.clear();
        Ok(())
    })
}
