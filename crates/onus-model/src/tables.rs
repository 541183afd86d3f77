//! Tables: an estate, and an incident, as a folder of Parquet files, for `DuckDB`, Polars, Spark and whatever else reads
//! those. Behind the feature `tables`.
//!
//! What grows with the topology stands in tables of numbers and texts (`systems`, `needs`, `groups`, `faults`), in which a
//! system is an `id`, of which `systems` has the `key`. Everything else stands one row an entry, in the words of the model
//! file. docs/files.md says every column. All of a model is kept; what follows from it is told too (`owner`, `prior`),
//! and on reading held against it.

mod entries;
mod file;
mod report;
mod topology;

use std::io;
use std::path::Path as FilePath;

use crate::columns::{Columns, Texts, TooLarge, assemble};
use crate::diagnostic::{Error, Path, Problems, Step, nearest};
use crate::document::{self, INCIDENT_FORMAT, MODEL_FORMAT};
use crate::id::split_interface;
use crate::incident::{self, Incident};
use crate::model::Model;

use entries::{
    COMMON_CAUSES, CONTRACTORS, CONTRACTS, ESTATE, EVIDENCE, INCIDENT, KEY, MONITORS, Rows, read_entries, read_head,
    write_entries,
};
use file::Schema;
use report::Report;
use topology::{FAULTS, GROUPS, NEEDS, SYSTEMS, Topology, read_topology, write_topology};

/// The tables of a folder, each a file `NAME.parquet`.
const MODEL_TABLES: [&Schema; 9] =
    [&ESTATE, &SYSTEMS, &NEEDS, &GROUPS, &FAULTS, &CONTRACTORS, &CONTRACTS, &COMMON_CAUSES, &MONITORS];
const INCIDENT_TABLES: [&Schema; 2] = [&INCIDENT, &EVIDENCE];

impl Model {
    /// Whether a folder holds the tables of a model.
    pub fn is_tables(folder: &FilePath) -> bool {
        folder.join("systems.parquet").is_file()
    }

    /// Writes the model as tables into a folder that is there. Files of these names are replaced.
    ///
    /// # Errors
    /// What the system says; [`io::ErrorKind::InvalidInput`] for a model of 2^31 systems or with 4 GiB of ids.
    pub fn write_tables(&self, folder: impl AsRef<FilePath>) -> io::Result<()> {
        let folder = folder.as_ref();
        let columns = Columns::of(self).map_err(|TooLarge| {
            io::Error::new(io::ErrorKind::InvalidInput, "the model is too large for tables, whose numbers have 32 bits")
        })?;
        let rest = &columns.rest;
        let head = document::Model {
            format: rest.format.clone(),
            title: rest.title.clone(),
            description: rest.description.clone(),
            defaults: rest.defaults.clone(),
            answers: rest.answers.clone(),
            ..document::Model::default()
        };
        write_entries(folder, &ESTATE, std::iter::once((None, &head)))?;
        write_entries(folder, &CONTRACTORS, rest.contractors.iter().map(|(id, entry)| (Some(id.as_str()), entry)))?;
        write_entries(folder, &CONTRACTS, rest.contracts.iter().map(|(id, entry)| (Some(id.as_str()), entry)))?;
        write_entries(folder, &COMMON_CAUSES, rest.common_causes.iter().map(|(id, entry)| (Some(id.as_str()), entry)))?;
        write_entries(folder, &MONITORS, rest.monitors.iter().map(|(id, entry)| (Some(id.as_str()), entry)))?;
        write_topology(folder, self, &columns)
    }

    /// Reads a model from the tables of a folder. Only `systems` must be there; what is no table of a model is passed over,
    /// unless its name ends in `.parquet`.
    ///
    /// Memory: the model, the columns of one table, and the numbers of all.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every problem found: file, row (from 0), column, what was expected.
    pub fn from_tables(folder: impl AsRef<FilePath>) -> Result<Self, Error> {
        let folder = folder.as_ref();
        let mut report = Report::new(folder);
        unknown_files(folder, &mut report)?;
        let rest = read_head(folder, &ESTATE, &mut report)
            .unwrap_or_else(|| document::Model { format: MODEL_FORMAT.to_owned(), ..document::Model::default() });
        let mut columns = Columns { rest, ..Columns::default() };
        let topology = read_topology(folder, &mut columns, &mut report);
        let (rest, mut rows) = (&mut columns.rest, Rows::new());
        if let Some(read) = read_entries(folder, &CONTRACTORS, &mut report) {
            rest.contractors = read.into_map(&CONTRACTORS, &mut rows, &mut report);
        }
        if let Some(read) = read_entries(folder, &CONTRACTS, &mut report) {
            rest.contracts = read.into_map(&CONTRACTS, &mut rows, &mut report);
        }
        if let Some(read) = read_entries(folder, &COMMON_CAUSES, &mut report) {
            rest.common_causes = read.into_map(&COMMON_CAUSES, &mut rows, &mut report);
        }
        if let Some(read) = read_entries(folder, &MONITORS, &mut report) {
            rest.monitors = read.into_map(&MONITORS, &mut rows, &mut report);
        }
        let Some(topology) = topology.filter(|_| report.is_empty()) else { return report.or(None) };
        if let Err(flaw) = columns.check() {
            report.file(SYSTEMS.name, format!("{}, row {}: expected {}", flaw.column, flaw.row, flaw.expected));
            return report.or(None);
        }
        let mut problems = Problems::default();
        let model = assemble(&columns, &mut problems);
        for problem in problems.into_parts().0 {
            let place = place(&problem.path, &rows, &topology, &columns.words);
            report.found(problem.diagnostic(None), place);
        }
        if report.is_empty() {
            topology.compare(&model, &columns.words, &mut report);
        }
        report.or(Some(model))
    }
}

impl Incident {
    /// Whether a folder holds the tables of an incident.
    pub fn is_tables(folder: &FilePath) -> bool {
        folder.join("evidence.parquet").is_file()
    }

    /// Writes the incident as tables into a folder that is there, beside those of its model.
    ///
    /// # Errors
    /// What the system says.
    pub fn write_tables(&self, model: &Model, folder: impl AsRef<FilePath>) -> io::Result<()> {
        let document = self.to_document(model);
        let head = document::Incident {
            format: document.format.clone(),
            title: document.title.clone(),
            description: document.description.clone(),
            truth: document.truth.clone(),
            ..document::Incident::default()
        };
        // Evidence has a table of its own.
        write_entries(folder.as_ref(), &INCIDENT, std::iter::once((None, &Head::of(head))))?;
        write_entries(folder.as_ref(), &EVIDENCE, document.evidence.iter().map(|item| (None, item)))
    }

    /// Reads an incident from the tables of a folder.
    ///
    /// # Errors
    /// As [`Model::from_tables`].
    pub fn from_tables(folder: impl AsRef<FilePath>, model: &Model) -> Result<Self, Error> {
        let folder = folder.as_ref();
        let mut report = Report::new(folder);
        let mut document = read_head(folder, &INCIDENT, &mut report).unwrap_or_else(|| document::Incident {
            format: INCIDENT_FORMAT.to_owned(),
            ..document::Incident::default()
        });
        match read_entries::<document::Evidence>(folder, &EVIDENCE, &mut report) {
            Some(read) => document.evidence = read.entries.into_iter().map(|item| item.value).collect(),
            None => report.file(EVIDENCE.name, "the file is missing".to_owned()),
        }
        if !report.is_empty() {
            return report.or(None);
        }
        let mut problems = Problems::default();
        let incident = incident::incident(&document, model, &mut problems);
        for problem in problems.into_parts().0 {
            let place = match &problem.path.0[..] {
                [Step::Key(_), Step::Item(item), rest @ ..] => Some((EVIDENCE.name, *item, column(rest))),
                [Step::Key(name) | Step::Name(name), ..] => Some((INCIDENT.name, 0, name.clone())),
                _ => None,
            };
            report.found(problem.diagnostic(None), place);
        }
        report.or(Some(incident))
    }
}

/// What stands at the top of an incident, without an empty list of evidence.
#[derive(serde::Serialize)]
struct Head {
    format: String,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "document::is_default")]
    truth: document::Truth,
}

impl Head {
    fn of(incident: document::Incident) -> Self {
        let document::Incident { format, title, description, truth, .. } = incident;
        Self { format, title, description, truth }
    }
}

/// A file that might be meant for a table is not passed over in silence.
fn unknown_files(folder: &FilePath, report: &mut Report) -> Result<(), Error> {
    let io = |source| Error::Io { path: folder.display().to_string(), source };
    let known = || MODEL_TABLES.iter().chain(&INCIDENT_TABLES).map(|schema| schema.name);
    let mut names = Vec::new();
    for file in std::fs::read_dir(folder).map_err(io)? {
        let name = file.map_err(io)?.file_name().to_string_lossy().into_owned();
        names.extend(name.strip_suffix(".parquet").map(str::to_owned));
    }
    names.sort_unstable();
    for name in names.iter().filter(|name| !known().any(|known| known == *name)) {
        let hint = nearest(name, known());
        let hint = hint.unwrap_or_else(|| format!("expected {}", known().collect::<Vec<_>>().join(", ")));
        report.file(name, format!("no table of a model has this name; {hint}"));
    }
    Ok(())
}

/// Where in the tables a part of the model file stands: table, row, column.
fn place(path: &Path, rows: &Rows, topology: &Topology, words: &Texts) -> Option<(&'static str, usize, String)> {
    let (section, id, below) = match &path.0[..] {
        [Step::Key(section), Step::Key(id), below @ ..] => (section.as_str(), id, below),
        [Step::Key(section), Step::Name(id), ..] => (section.as_str(), id, &[][..]),
        [Step::Key(head) | Step::Name(head), ..] => return Some((ESTATE.name, 0, head.clone())),
        _ => return None,
    };
    let entry = |schema: &'static Schema| {
        let row = rows.get(&(schema.name, id.clone()))?;
        Some((schema.name, *row, column_or(below, KEY)))
    };
    match section {
        "contractors" => entry(&CONTRACTORS),
        "contracts" => entry(&CONTRACTS),
        "common_causes" => entry(&COMMON_CAUSES),
        "monitors" => entry(&MONITORS),
        "systems" => match below {
            [Step::Key(_), Step::Key(name) | Step::Name(name), rest @ ..] => {
                Some((FAULTS.name, topology.row_of_fault(id, None, name, words)?, column_or(rest, "name")))
            }
            _ => Some((SYSTEMS.name, topology.row_of(id)?, column_or(below, KEY))),
        },
        "interfaces" => {
            let (consumer, provider) = split_interface(id)?;
            match below {
                [Step::Key(faults), Step::Key(name) | Step::Name(name), rest @ ..] if faults == "faults" => {
                    let row = topology.row_of_fault(consumer, Some(provider), name, words)?;
                    Some((FAULTS.name, row, column_or(rest, "name")))
                }
                [Step::Key(delay), rest @ ..] if delay == "delay" => {
                    let column = if rest == [Step::Item(0)] { "delay_min" } else { "delay_max" };
                    Some((NEEDS.name, topology.row_of_need(consumer, provider)?, column.to_owned()))
                }
                _ => Some((NEEDS.name, topology.row_of_need(consumer, provider)?, column_or(below, "dst"))),
            }
        }
        _ => None,
    }
}

fn column(steps: &[Step]) -> String {
    Path(steps.to_vec()).to_string()
}

fn column_or(steps: &[Step], column: &str) -> String {
    if steps.is_empty() { column.to_owned() } else { self::column(steps) }
}
