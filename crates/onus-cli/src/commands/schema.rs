//! `onus schema`: the JSON Schema of a file.

use onus_model::document;

use crate::args::{SchemaOf, SchemaQuery};
use crate::commands::Outcome;
use crate::output::print;

pub(crate) fn run(query: &SchemaQuery) -> Outcome {
    print(&match query.of {
        SchemaOf::Model => document::Model::schema(),
        SchemaOf::Incident => document::Incident::schema(),
        SchemaOf::Contracts => document::Structure::schema(),
    });
    Outcome::Done
}
