//! `onus convert`: a model or an incident in another notation. What is read is checked first; what is written is canonical.

use onus_model::Notation;

use crate::args::ConvertQuery;
use crate::commands::Outcome;
use crate::input::{Estate, Failure};
use crate::output::write_file;

pub(crate) fn run(query: &ConvertQuery) -> Result<Outcome, Failure> {
    let notation = Notation::of(&query.to).ok_or_else(|| {
        let message = "does not say how to write: expected an ending .yaml, .json or .ndjson";
        Failure::Usage(format!("`{}` {message}", query.to.display()))
    })?;
    if let Some(model) = &query.model {
        let mut estate = Estate::read(model, None)?;
        let incident = estate.incident(Some(&query.from))?;
        write_file(&query.to, |file| incident.write(&estate.model, notation, file))?;
    } else {
        let estate = Estate::read(&query.from, None)?;
        write_file(&query.to, |file| estate.model.write(notation, file))?;
    }
    Ok(Outcome::Done)
}
