//! `onus convert`: a model or an incident in another notation. What is read is checked first; what is written is canonical.

use std::path::Path;

use onus_model::Notation;

use crate::args::ConvertQuery;
use crate::commands::Outcome;
use crate::input::{Estate, Failure};
use crate::output::{write_file, write_tables};

/// What to write.
enum Target {
    Text(Notation),
    Snapshot,
    Tables,
}

impl Target {
    /// By the ending of a name; what has none, or is a folder, holds tables.
    fn of(path: &Path) -> Result<Self, Failure> {
        if path.as_os_str() == "-" {
            let message = "`-` is no file; nothing is converted to standard output (a folder of this name is `./-`)";
            return Err(Failure::Usage(message.to_owned()));
        }
        if let Some(notation) = Notation::of(path) {
            return Ok(Self::Text(notation));
        }
        match path.extension() {
            Some(extension) if extension.eq_ignore_ascii_case("onus") => Ok(Self::Snapshot),
            None => Ok(Self::Tables),
            Some(_) if path.is_dir() => Ok(Self::Tables),
            Some(_) => {
                let message = "does not say how to write: expected an ending .yaml, .json, .ndjson, .onus (a snapshot), or \
                               none (a folder of tables)";
                Err(Failure::Usage(format!("`{}` {message}", path.display())))
            }
        }
    }
}

pub(crate) fn run(query: &ConvertQuery) -> Result<Outcome, Failure> {
    let target = Target::of(&query.to)?;
    let existing = query.existing();
    if let Some(model) = &query.model {
        let mut estate = Estate::read(model, None)?;
        let incident = estate.incident(Some(&query.from))?;
        let model = &estate.model;
        match target {
            Target::Text(notation) => write_file(&query.to, existing, |file| incident.write(model, notation, file))?,
            Target::Tables => write_tables(&query.to, existing, |folder| {
                // An incident is read in the words of its model, so both stand together.
                model.write_tables(folder)?;
                incident.write_tables(model, folder)
            })?,
            Target::Snapshot => {
                return Err(Failure::Usage("a snapshot holds a model, and no incident".to_owned()));
            }
        }
        return Ok(Outcome::Done);
    }
    let mut estate = Estate::read(&query.from, None)?;
    match target {
        Target::Text(notation) => write_file(&query.to, existing, |file| estate.model.write(notation, file))?,
        Target::Snapshot => {
            let graph = estate.graph()?;
            write_file(&query.to, existing, |file| graph.write_snapshot(&estate.model, file))?;
        }
        Target::Tables => {
            // A folder is taken over whole.
            let is_whole = query.from.is_dir() && estate.has_incident();
            let incident = if is_whole { Some(estate.incident(None)?) } else { None };
            write_tables(&query.to, existing, |folder| {
                estate.model.write_tables(folder)?;
                incident.iter().try_for_each(|incident| incident.write_tables(&estate.model, folder))
            })?;
        }
    }
    Ok(Outcome::Done)
}
