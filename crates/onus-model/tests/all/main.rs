//! The crate from outside, in one binary.

#![allow(clippy::format_push_string, clippy::format_collect, reason = "texts for tests may cost an allocation")]

mod check;
mod codes;
mod design;
mod fixtures;
mod generate;
mod hostile;
mod lines;
mod properties;
mod schema;
mod snapshot;
mod tables;
