//! The short way for JSON that is sound: read without a tree, and without looking ahead for the ends of brackets.
//!
//! It is a short cut and nothing else. Whatever it does not take, for whatever reason, is read again by the reader with
//! positions, which then says what is wrong and where, or takes what is YAML after all.

mod strict;

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{self, DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Path, Problem};
use crate::source::Source;

use strict::Strict;

/// The document of a text, if it is sound JSON; `None` if the text is no JSON at all. Documents refuse keys that stand
/// twice. Of an unsound text it is told where first it is no JSON or a key stands twice, if anywhere; else, which part the
/// document does not take.
pub(crate) fn document<D: DeserializeOwned>(text: &str) -> Option<Result<D, serde_json::Error>> {
    let is_json = text.trim_start().starts_with('{');
    is_json.then(|| strictly(text).or_else(|_| serde_json::from_str::<Unique>(text).and_then(|_| strictly(text))))
}

fn strictly<D: DeserializeOwned>(text: &str) -> Result<D, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let document = D::deserialize(Strict(&mut reader))?;
    reader.end().map(|()| document)
}

/// What `serde_json` says is wrong, with its place. It tells the first problem only.
pub(crate) fn problem(source: &Arc<Source>, error: &serde_json::Error) -> Diagnostic {
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    let (code, message) = match error.classify() {
        Category::Data if message.starts_with("unknown field") => (Code::UnknownKey, message.to_owned()),
        Category::Data if message.ends_with("stands twice") => (Code::DuplicateKey, message.to_owned()),
        Category::Data => (Code::WrongType, message.to_owned()),
        Category::Eof => (Code::Syntax, "the JSON breaks off here".to_owned()),
        Category::Syntax | Category::Io => (Code::Syntax, format!("this is not JSON: {message}")),
    };
    let location = source.location_at(error.line(), error.column());
    Problem::new(code, Path::default(), message).diagnostic(Some(location))
}

/// Any value in which no key stands twice. Recursion is bounded by `serde_json`, at 128 levels.
struct Unique;

#[derive(Deserialize, PartialEq, Eq, Hash)]
struct Key<'t>(#[serde(borrow)] Cow<'t, str>);

/// Keys that are compared one by one; more are hashed.
const FEW: usize = 16;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct UniqueVisitor;

        impl<'de> Visitor<'de> for UniqueVisitor {
            type Value = Unique;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_bool<E>(self, _: bool) -> Result<Unique, E> {
                Ok(Unique)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Unique, E> {
                Ok(Unique)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Unique, E> {
                Ok(Unique)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Unique, E> {
                Ok(Unique)
            }

            fn visit_str<E>(self, _: &str) -> Result<Unique, E> {
                Ok(Unique)
            }

            fn visit_unit<E>(self) -> Result<Unique, E> {
                Ok(Unique)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Unique, A::Error> {
                while items.next_element::<Unique>()?.is_some() {}
                Ok(Unique)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Unique, A::Error> {
                let (mut few, mut many) = (Vec::new(), HashSet::new());
                while let Some(key) = entries.next_key::<Key<'de>>()? {
                    entries.next_value::<Unique>()?;
                    if few.contains(&key) || many.contains(&key) {
                        return Err(de::Error::custom(format!("the key `{}` stands twice", key.0)));
                    }
                    if few.len() < FEW {
                        few.push(key);
                    } else {
                        many.insert(key);
                    }
                }
                Ok(Unique)
            }
        }

        deserializer.deserialize_any(UniqueVisitor)
    }
}

/// Any value of a sound text in which no key stands twice.
#[cfg(feature = "tables")]
pub(crate) fn value(text: &str) -> Result<serde_json::Value, serde_json::Error> {
    serde_json::from_str::<Unique>(text).and_then(|_| serde_json::from_str(text))
}
