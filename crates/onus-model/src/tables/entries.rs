//! Tables of one row an entry: contractors, contracts, common causes, monitors, evidence. The columns are the keys of the
//! model file; what is a list or a map there is a text of JSON here. So all that is known of an entry's keys holds of its
//! row, and a row is read by the same rules.

use std::collections::BTreeMap;
use std::io;
use std::path::Path as FilePath;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::file::{Kind, Schema, Table, Values, may, must, read, write};
use super::report::Report;
use crate::code::Code;
use crate::columns::Words;
use crate::json;

use Kind::{Figure, Flag, Json, Text};

/// The column of an entry's id.
pub(super) const KEY: &str = "key";

pub(super) const ESTATE: Schema = Schema {
    name: "estate",
    fields: &[
        must("format", Text),
        may("title", Text),
        may("description", Text),
        may("defaults", Json),
        may("answers", Json),
    ],
};

pub(super) const CONTRACTORS: Schema = Schema {
    name: "contractors",
    fields: &[must(KEY, Text), may("name", Text), may("role", Text), may("group", Text), may("description", Text)],
};

pub(super) const CONTRACTS: Schema = Schema {
    name: "contracts",
    fields: &[
        must(KEY, Text),
        may("title", Text),
        may("contractor", Text),
        may("consortium", Json),
        may("under", Text),
        may("buyer", Text),
        may("term", Json),
        may("duties", Json),
        may("reports_to", Json),
        may("responds_in", Text),
        may("liability", Json),
        may("description", Text),
    ],
};

pub(super) const COMMON_CAUSES: Schema = Schema {
    name: "common_causes",
    fields: &[
        must(KEY, Text),
        may("strikes", Json),
        may("cause", Text),
        may("probability", Figure),
        may("rate", Text),
        may("exposure", Text),
        may("trigger", Flag),
        may("latent", Flag),
        may("assumed", Text),
        may("description", Text),
    ],
};

pub(super) const MONITORS: Schema = Schema {
    name: "monitors",
    fields: &[
        must(KEY, Text),
        may("watches", Json),
        may("runs_on", Text),
        may("detects", Figure),
        may("false_alarms", Figure),
        may("seen_by", Json),
        may("description", Text),
    ],
};

pub(super) const INCIDENT: Schema = Schema {
    name: "incident",
    fields: &[must("format", Text), may("title", Text), may("description", Text), may("truth", Json)],
};

pub(super) const EVIDENCE: Schema = Schema {
    name: "evidence",
    fields: &[
        must("id", Text),
        must("at", Text),
        may("known", Text),
        may("seen_by", Json),
        may("failed", Text),
        may("working", Text),
        may("via", Text),
        may("test", Text),
        may("present", Flag),
        may("reliability", Figure),
        may("repaired", Text),
        may("effectiveness", Figure),
        may("changed", Text),
        may("causes", Json),
        may("odds", Figure),
        may("announced", Text),
        may("by", Text),
        may("supersedes", Json),
        may("note", Text),
        may("source", Text),
    ],
};

/// An entry as a row.
type Row = BTreeMap<&'static str, Cell>;

enum Cell {
    Figure(f64),
    Flag(bool),
    Text(String),
}

/// Writes entries with their ids, or without where they hold their own.
pub(super) fn write_entries<'e, T: Serialize + 'e>(
    folder: &FilePath,
    schema: &'static Schema,
    entries: impl Iterator<Item = (Option<&'e str>, &'e T)>,
) -> io::Result<()> {
    let rows: Vec<Row> = entries.map(|(key, entry)| row(schema, key, entry)).collect::<io::Result<_>>()?;
    let rows = &rows;
    let columns: Vec<Values> = schema.fields.iter().map(|field| values(rows, field.name, field.kind)).collect();
    write(folder, schema, rows.len(), &columns)
}

fn values<'a>(rows: &'a [Row], name: &'static str, kind: Kind) -> Values<'a> {
    let cell = move |row: usize| rows[row].get(name);
    match kind {
        Kind::Number => Values::Numbers(Box::new(|_| None)),
        Figure => Values::Figures(Box::new(move |row| match cell(row) {
            Some(Cell::Figure(figure)) => Some(*figure),
            _ => None,
        })),
        Flag => Values::Flags(Box::new(move |row| match cell(row) {
            Some(Cell::Flag(flag)) => Some(*flag),
            _ => None,
        })),
        Text | Kind::Word | Json => Values::Texts(Box::new(move |row| match cell(row) {
            Some(Cell::Text(text)) => Some(text.as_str()),
            _ => None,
        })),
    }
}

fn row<T: Serialize>(schema: &'static Schema, key: Option<&str>, entry: &T) -> io::Result<Row> {
    let mut row = Row::new();
    row.extend(key.map(|key| (KEY, Cell::Text(key.to_owned()))));
    let Value::Object(entry) = serde_json::to_value(entry)? else {
        return Err(io::Error::other("an entry that is no map cannot be a row"));
    };
    for (name, value) in entry {
        let Some(field) = schema.fields.iter().find(|field| field.name == name && field.name != KEY) else {
            // What has no column must not be lost.
            return Err(io::Error::other(format!("the table `{}` has no column `{name}`", schema.name)));
        };
        let cell = match (field.kind, value) {
            (Figure, value) => value.as_f64().map(Cell::Figure),
            (Flag, value) => value.as_bool().map(Cell::Flag),
            (Text, Value::String(text)) => Some(Cell::Text(text)),
            (Json, value) => Some(Cell::Text(value.to_string())),
            _ => None,
        };
        let Some(cell) = cell else {
            return Err(io::Error::other(format!("`{name}` does not fit its column of `{}`", schema.name)));
        };
        row.insert(field.name, cell);
    }
    Ok(row)
}

/// Entries that were read.
pub(super) struct Entries<T> {
    pub(super) entries: Vec<Entry<T>>,
}

/// An entry that was read, its id, and the row it stood in.
pub(super) struct Entry<T> {
    row: usize,
    key: String,
    pub(super) value: T,
}

/// Where each entry stood: by table and id.
pub(super) type Rows = BTreeMap<(&'static str, String), usize>;

/// Reads entries, each with its id; none, if the file is not there.
pub(super) fn read_entries<T: DeserializeOwned>(
    folder: &FilePath,
    schema: &'static Schema,
    report: &mut Report,
) -> Option<Entries<T>> {
    let table = read(folder, schema, &mut Words::default(), report)?;
    // A table that cannot be trusted gives problems enough: its rows would only repeat them.
    if !report.is_empty() {
        return Some(Entries { entries: Vec::new() });
    }
    let mut entries = Vec::new();
    for row in 0..table.rows {
        let key = table.text(KEY, row).unwrap_or_default().to_owned();
        entries.extend(entry(&table, row, report).map(|value| Entry { row, key, value }));
    }
    Some(Entries { entries })
}

/// Reads the one row of a table; none, if the file is not there.
pub(super) fn read_head<T: DeserializeOwned + Default>(
    folder: &FilePath,
    schema: &'static Schema,
    report: &mut Report,
) -> Option<T> {
    let Entries { mut entries } = read_entries(folder, schema, report)?;
    if report.is_empty() && entries.len() != 1 {
        report.file(schema.name, format!("expected one row, found {}", entries.len()));
    }
    Some(entries.pop().map(|head| head.value).unwrap_or_default())
}

impl<T> Entries<T> {
    /// By id; one that stands twice is a problem.
    pub(super) fn into_map(self, schema: &Schema, rows: &mut Rows, report: &mut Report) -> BTreeMap<String, T> {
        let mut map = BTreeMap::new();
        for Entry { row, key, value } in self.entries {
            if let Some(earlier) = rows.get(&(schema.name, key.clone())) {
                let message = format!("`{key}` stands twice, in row {earlier} too");
                report.row(Code::DuplicateKey, schema.name, row, KEY, message);
            } else {
                rows.insert((schema.name, key.clone()), row);
                map.insert(key, value);
            }
        }
        map
    }
}

fn entry<T: DeserializeOwned>(table: &Table, row: usize, report: &mut Report) -> Option<T> {
    let mut map = Map::new();
    let mut is_sound = true;
    for field in table.schema.fields.iter().filter(|field| field.name != KEY) {
        let name = field.name;
        let value = match field.kind {
            // No table of entries has these.
            Kind::Number | Kind::Word => None,
            Figure => {
                let figure = table.figure(name, row);
                let number = figure.and_then(serde_json::Number::from_f64);
                if figure.is_some() && number.is_none() {
                    let message = "expected a number that is one, and finite".to_owned();
                    report.row(Code::BadNumber, table.schema.name, row, name, message);
                    is_sound = false;
                }
                number.map(Value::Number)
            }
            Flag => table.flag(name, row).map(Value::Bool),
            Text => table.text(name, row).map(|text| Value::String(text.to_owned())),
            Json => match table.text(name, row).map(json::value).transpose() {
                Ok(value) => value,
                Err(error) => {
                    let message = format!("expected JSON, as in the model file: {error}");
                    report.row(Code::Syntax, table.schema.name, row, name, message);
                    is_sound = false;
                    None
                }
            },
        };
        map.extend(value.map(|value| (name.to_owned(), value)));
    }
    if !is_sound {
        return None;
    }
    match serde_json::from_value::<T>(Value::Object(map.clone())) {
        Ok(entry) => Some(entry),
        Err(error) => {
            let mut is_told = false;
            // Which column it is shows when each is read alone.
            for field in table.schema.fields {
                let Some(value) = map.get(field.name) else { continue };
                let mut alone: Map<String, Value> = map.clone();
                alone.retain(|name, _| *name == field.name || *name == "at");
                alone.insert(field.name.to_owned(), value.clone());
                if let Err(error) = serde_json::from_value::<T>(Value::Object(alone))
                    && (field.name == "at" || map.get("at").is_none_or(is_time))
                {
                    report.row(Code::WrongType, table.schema.name, row, field.name, error.to_string());
                    is_told = true;
                }
            }
            if !is_told {
                report.row(Code::WrongType, table.schema.name, row, KEY, error.to_string());
            }
            None
        }
    }
}

fn is_time(at: &Value) -> bool {
    at.as_str().is_some_and(|at| at.parse::<crate::quantity::Time>().is_ok())
}
