//! From the tree to the documents' structs: a serde deserializer that collects problems instead of stopping at the
//! first.
//!
//! serde itself stops at the first error. So [`decode`] reads, and when a part is wrong, reports it, cuts that part out of
//! the tree and reads again, until what is left is sound. Unknown keys need no second reading: the deserializer knows
//! a struct's fields, reports every other key, and passes over it. What a cut part would have defined is remembered in
//! [`Decoded::broken`], so that references to it are not reported as well.
//!
//! Cost: one reading of the tree for each wrong part, at most `problems` of them.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::sync::Arc;

use serde::de::{self, DeserializeOwned, DeserializeSeed, Visitor};

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Path, Problem, Source, nearest};
use crate::source::{Key, Limits, Node, Span, Value};

/// A document, and the keys of the parts that were cut out of it.
pub(crate) struct Decoded<T> {
    pub(crate) document: T,
    pub(crate) broken: BTreeSet<String>,
}

/// Reads a `T` from a tree. Wrong parts are reported and cut out of the tree; `None` if nothing sound was left.
pub(crate) fn decode<T: DeserializeOwned>(
    source: &Arc<Source>,
    tree: &mut Node,
    limits: Limits,
    problems: &mut Vec<Diagnostic>,
) -> Option<Decoded<T>> {
    let sink = Sink { source, found: RefCell::new(Vec::new()), places: RefCell::new(HashSet::new()) };
    let mut broken = BTreeSet::new();
    let mut cut_from = HashSet::new();
    let result = loop {
        match T::deserialize(Reader { node: tree, sink: &sink }) {
            Ok(document) => break Some(Decoded { document, broken }),
            Err(failure) => {
                let Failure { trail, code, span, owner, message, help } = failure.at(tree.span);
                // A key that is missing because it was cut out has been reported already.
                if !(code == Code::MissingKey && cut_from.contains(&place(owner))) {
                    sink.report(code, span, message, help);
                }
                if trail.is_empty() || problems.len() + sink.found.borrow().len() >= limits.problems {
                    break None;
                }
                cut_from.insert(place(cut(tree, &trail, &mut broken)));
            }
        }
    };
    problems.append(&mut sink.found.into_inner());
    result
}

fn place(span: Span) -> (u32, u32) {
    (span.line, span.column)
}

/// Removes the entry that a trail (innermost step first) leads to, and tells where the container it was in begins.
fn cut(tree: &mut Node, trail: &[usize], broken: &mut BTreeSet<String>) -> Span {
    let Some((last, way)) = trail.split_first() else {
        return tree.span;
    };
    let mut node = tree;
    for step in way.iter().rev() {
        node = match &mut node.value {
            Value::List(items) => &mut items[*step],
            Value::Map(entries) => {
                let (key, value) = &mut entries[*step];
                broken.insert(key.text.to_string());
                value
            }
            Value::Scalar { .. } => {
                unreachable!("a trail leads through containers: only they add steps to it")
            }
        };
    }
    match &mut node.value {
        Value::List(items) => drop(items.remove(*last)),
        Value::Map(entries) => {
            let (key, value) = entries.remove(*last);
            broken.insert(key.text.into_owned());
            // An item of evidence is known by its id, not by its key.
            if let Value::Map(entries) = &value.value {
                broken.extend(entries.iter().filter_map(|(_, value)| match &value.value {
                    Value::Scalar { text, .. } => Some(text.to_string()),
                    _ => None,
                }));
            }
        }
        Value::Scalar { .. } => {
            unreachable!("a trail ends in a container: only they add steps to it")
        }
    }
    node.span
}

/// Where problems go.
struct Sink<'s> {
    source: &'s Arc<Source>,
    found: RefCell<Vec<Diagnostic>>,
    /// Places reported already: a tree read twice reports once.
    places: RefCell<HashSet<(u32, u32)>>,
}

impl Sink<'_> {
    fn report(&self, code: Code, span: Span, message: String, help: Option<String>) {
        if self.places.borrow_mut().insert(place(span)) {
            let mut problem = Problem::new(code, Path::default(), message);
            problem.help = help;
            self.found.borrow_mut().push(problem.diagnostic(Some(self.source.location(span))));
        }
    }
}

/// Why a part could not be read, and the way to it.
#[derive(Debug)]
struct Failure {
    /// Positions in the containers from the failing part outwards.
    trail: Vec<usize>,
    code: Code,
    span: Span,
    /// The innermost struct it happened in.
    owner: Span,
    message: String,
    help: Option<String>,
}

impl Failure {
    fn new(code: Code, message: String) -> Self {
        Self { trail: Vec::new(), code, span: Span::default(), owner: Span::default(), message, help: None }
    }

    /// Gives a failure its place, unless it has one.
    fn at(mut self, span: Span) -> Self {
        if self.span.line == 0 {
            self.span = span;
        }
        self
    }

    fn through(mut self, position: usize, span: Span) -> Self {
        self = self.at(span);
        self.trail.push(position);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl de::Error for Failure {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(Code::WrongType, message.to_string())
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(Code::MissingKey, format!("the key `{field}` is missing"))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let mut failure = Self::new(Code::UnknownKey, format!("the key `{field}` is not known here"));
        failure.help = known(field, expected);
        failure
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let mut failure =
            Self::new(Code::WrongType, format!("expected one of {}, found `{variant}`", expected.join(", ")));
        failure.help = nearest(variant, expected.iter().copied());
        failure
    }
}

fn known(key: &str, fields: &[&str]) -> Option<String> {
    nearest(key, fields.iter().copied()).or_else(|| Some(format!("known keys: {}", fields.join(", "))))
}

/// Reads one node.
#[derive(Clone, Copy)]
struct Reader<'n, 't, 's> {
    node: &'n Node<'t>,
    sink: &'s Sink<'s>,
}

impl Reader<'_, '_, '_> {
    fn found(self) -> String {
        match &self.node.value {
            Value::Scalar { text, plain: true } if is_null(text) => "nothing".to_owned(),
            Value::Scalar { text, .. } => format!("`{text}`"),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a mapping".to_owned(),
        }
    }

    fn wrong(self, expected: &str) -> Failure {
        Failure::new(Code::WrongType, format!("expected {expected}, found {}", self.found())).at(self.node.span)
    }

    fn number<T: std::str::FromStr>(self, expected: &str) -> Result<T, Failure> {
        match &self.node.value {
            Value::Scalar { text, plain: true } => {
                // YAML allows `1_000` nowhere in its core schema; Rust's own syntax is the rest of it.
                text.parse().map_err(|_| self.wrong(expected))
            }
            _ => Err(self.wrong(expected)),
        }
    }
}

/// Null in YAML's core schema.
fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty, $expected:literal;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            visitor.$visit(self.number::<$type>($expected)?).map_err(|failure: Failure| failure.at(self.node.span))
        })*
    };
}

impl<'de> de::Deserializer<'de> for Reader<'_, '_, '_> {
    type Error = Failure;

    /// Only [`Need`](crate::document::Need) and [`SeenBy`](crate::document::SeenBy) ask for any value, and take texts,
    /// lists and mappings: a bare `7` is the id `7` there.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let expected = crate::decode::expected(&visitor);
        match &self.node.value {
            Value::Scalar { text, plain } if !(*plain && is_null(text)) => {
                visitor.visit_str(text).map_err(|_: Failure| self.wrong(&expected))
            }
            Value::Scalar { .. } => Err(self.wrong(&expected)),
            Value::List(items) => self.list(items, visitor, &expected),
            Value::Map(_) => self.map(None, visitor, &expected),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match &self.node.value {
            Value::Scalar { text, plain: true } if matches!(text.as_ref(), "true" | "True" | "TRUE") => {
                visitor.visit_bool(true)
            }
            Value::Scalar { text, plain: true } if matches!(text.as_ref(), "false" | "False" | "FALSE") => {
                visitor.visit_bool(false)
            }
            _ => Err(self.wrong("true or false")),
        }
    }

    numbers! {
        deserialize_f64 visit_f64 f64, "a number";
        deserialize_f32 visit_f32 f32, "a number";
        deserialize_u8 visit_u8 u8, "a whole number from 0 to 255";
        deserialize_u16 visit_u16 u16, "a whole number from 0";
        deserialize_u32 visit_u32 u32, "a whole number from 0";
        deserialize_u64 visit_u64 u64, "a whole number from 0";
        deserialize_i8 visit_i8 i8, "a whole number";
        deserialize_i16 visit_i16 i16, "a whole number";
        deserialize_i32 visit_i32 i32, "a whole number";
        deserialize_i64 visit_i64 i64, "a whole number";
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match &self.node.value {
            Value::Scalar { text, plain } if !(*plain && is_null(text)) => {
                visitor.visit_str(text).map_err(|failure: Failure| failure.at(self.node.span))
            }
            _ => Err(self.wrong("a text")),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Failure> {
        Err(self.wrong("a text"))
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match &self.node.value {
            Value::Scalar { text, plain: true } if is_null(text) => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match &self.node.value {
            Value::Scalar { text, plain: true } if is_null(text) => visitor.visit_unit(),
            _ => Err(self.wrong("nothing")),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Failure> {
        self.deserialize_unit(visitor)
    }

    /// Quantities come as newtypes over their text; what is wrong inside one gets the code of its kind.
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_newtype_struct(self).map_err(|mut failure: Failure| {
            failure.code = match name {
                "Time" => Code::BadTime,
                "Date" => Code::BadDate,
                "Duration" => Code::BadDuration,
                "Rate" => Code::BadRate,
                "Money" => Code::BadMoney,
                _ => failure.code,
            };
            failure.at(self.node.span)
        })
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match &self.node.value {
            Value::List(items) => self.list(items, visitor, "a list"),
            _ => Err(self.wrong("a list")),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Failure> {
        match &self.node.value {
            Value::List(items) if items.len() == length => self.list(items, visitor, "a list"),
            _ => Err(self.wrong(&format!("a list of {length}"))),
        }
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.map(None, visitor, "a mapping")
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.map(Some(fields), visitor, "a mapping")
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        match &self.node.value {
            Value::Scalar { text, .. } => {
                let reader = de::value::StrDeserializer::<Failure>::new(text);
                visitor.visit_enum(reader).map_err(|failure| failure.at(self.node.span))
            }
            _ => Err(self.wrong(&format!("one of {}", variants.join(", ")))),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }
}

/// A visitor's own words for what it expects.
fn expected<'de, V: Visitor<'de>>(visitor: &V) -> String {
    let words: &dyn de::Expected = visitor;
    words.to_string()
}

impl<'n, 't, 's> Reader<'n, 't, 's> {
    fn child(self, node: &'n Node<'t>) -> Self {
        Self { node, ..self }
    }

    fn list<'de, V: Visitor<'de>>(
        self,
        items: &'n [Node<'t>],
        visitor: V,
        expected: &str,
    ) -> Result<V::Value, Failure> {
        let access = Items { reader: self, items, next: 0 };
        visitor.visit_seq(access).map_err(|failure| self.settle(failure, expected))
    }

    fn map<'de, V: Visitor<'de>>(
        self,
        fields: Option<&'static [&'static str]>,
        visitor: V,
        expected: &str,
    ) -> Result<V::Value, Failure> {
        let Value::Map(entries) = &self.node.value else {
            return Err(self.wrong(expected));
        };
        visitor
            .visit_map(Entries { reader: self, entries, fields, next: 0 })
            .map_err(|failure| self.settle(failure, expected))
    }

    /// serde's own "invalid type" becomes ours, with what was expected; anything else keeps its words.
    fn settle(self, mut failure: Failure, expected: &str) -> Failure {
        if failure.owner.line == 0 {
            failure.owner = self.node.span;
        }
        if failure.span.line == 0 && failure.message.starts_with("invalid type") {
            self.wrong(expected)
        } else {
            failure
        }
    }
}

struct Items<'n, 't, 's> {
    reader: Reader<'n, 't, 's>,
    items: &'n [Node<'t>],
    next: usize,
}

impl<'de> de::SeqAccess<'de> for Items<'_, '_, '_> {
    type Error = Failure;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Failure> {
        let Some(node) = self.items.get(self.next) else {
            return Ok(None);
        };
        let position = self.next;
        self.next += 1;
        let value = seed.deserialize(self.reader.child(node));
        value.map(Some).map_err(|failure| failure.through(position, node.span))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len() - self.next)
    }
}

struct Entries<'n, 't, 's> {
    reader: Reader<'n, 't, 's>,
    entries: &'n [(Key<'t>, Node<'t>)],
    fields: Option<&'static [&'static str]>,
    next: usize,
}

impl<'de> de::MapAccess<'de> for Entries<'_, '_, '_> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Failure> {
        while let Some((key, _)) = self.entries.get(self.next) {
            if let Some(fields) = self.fields
                && !fields.contains(&key.text.as_ref())
            {
                let message = format!("the key `{}` is not known here", key.text);
                self.reader.sink.report(Code::UnknownKey, key.span, message, known(&key.text, fields));
                self.next += 1;
                continue;
            }
            let name = de::value::StrDeserializer::<Failure>::new(&key.text);
            return seed.deserialize(name).map(Some).map_err(|failure| failure.through(self.next, key.span));
        }
        Ok(None)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Failure> {
        let (key, node) = &self.entries[self.next];
        let position = self.next;
        self.next += 1;
        // A list or mapping begins where its first item stands; its key says better what it is.
        let span = if matches!(node.value, Value::Scalar { .. }) { node.span } else { key.span };
        seed.deserialize(self.reader.child(node)).map_err(|failure| failure.through(position, span))
    }
}
