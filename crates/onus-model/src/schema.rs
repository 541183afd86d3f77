//! JSON Schema of the files, from the same structs that read them: editors complete and check a file while it is written.
//!
//! A schema knows shapes, not references: that a name is defined, or that shares add up, is for the reader to say.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Value, json};

use crate::document;

/// One of these sets of keys must be there, and no two.
pub(crate) fn one_of(sets: &[&[&str]]) -> Value {
    sets.iter().map(|keys| json!({ "required": keys })).collect()
}

fn schema_of<T: JsonSchema>() -> String {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    let mut text = format!("{:#}", schema.to_value());
    text.push('\n');
    text
}

impl document::Model {
    /// The JSON Schema (2020-12) of model files, as JSON.
    ///
    /// ```
    /// assert!(onus_model::document::Model::schema().contains("\"common_causes\""));
    /// ```
    pub fn schema() -> String {
        schema_of::<Self>()
    }
}

impl document::Structure {
    /// The JSON Schema (2020-12) of contracts files, as JSON.
    pub fn schema() -> String {
        schema_of::<Self>()
    }
}

impl document::Incident {
    /// The JSON Schema (2020-12) of incident files, as JSON.
    pub fn schema() -> String {
        schema_of::<Self>()
    }
}
