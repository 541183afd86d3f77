//! `onus schema`: the JSON Schema of a file.

use onus_model::document;

use crate::args::{SchemaOf, SchemaQuery};
use crate::commands::Outcome;
use crate::input::Failure;
use crate::output::print;

pub(crate) fn run(query: &SchemaQuery) -> Result<Outcome, Failure> {
    print(&match query.of {
        SchemaOf::Model => document::Model::schema(),
        SchemaOf::Incident => document::Incident::schema(),
        SchemaOf::Contracts => document::Structure::schema(),
    })?;
    Ok(Outcome::Done)
}
