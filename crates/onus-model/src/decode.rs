//! From the tree to the documents' structs: a serde deserializer that collects problems instead of stopping at the
//! first.
//!
//! serde stops at the first error. So the reader hands it none where it can help it: a value of the wrong kind is
//! reported and something harmless read in its place ([`Reader::stand_in`]), an unknown key is reported and passed
//! over, a missing one supplied. Only what a type of ours finds wrong in its own words makes serde stop; then
//! [`decode`] reports that part, cuts it out of the tree and reads again, as often as [`READINGS`] allows.
//!
//! What was replaced or cut is remembered in [`Broken`], so that what follows from it is not reported as well.

mod failure;

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::sync::Arc;

use serde::de::{self, DeserializeOwned, DeserializeSeed, Visitor};

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Path, Problem, Step, nearest};
use crate::document::DutyKind;
use crate::quantity::{Date, Duration, Money, Rate, Time};
use crate::source::Source;
use crate::tree::{Key, Node, Span, Value};

use failure::{Failure, Reason, known};

/// Nodes that may be read again after cuts. Files of usual size get as many readings as they have problems; one that is
/// large and badly broken is given up on, with a word on that.
const READINGS: u64 = 1_000_000;

/// Broken parts of each sort that are remembered. More of them make more problems than are told anyway.
const REMEMBERED: usize = 1_000;

/// A document, and what was wrong with it.
pub(crate) struct Decoded<T> {
    pub(crate) document: T,
    pub(crate) broken: Broken,
}

/// Parts of a document that were reported, and so explain what is missing or odd elsewhere.
#[derive(Debug, Default)]
pub(crate) struct Broken {
    /// Parts that are absent from the document.
    pub(crate) absent: Vec<Path>,
    /// Parts that something else stands in for.
    pub(crate) replaced: Vec<Path>,
    /// There is more that was not looked at.
    pub(crate) is_partial: bool,
}

/// Reads a `T` from a tree. Wrong parts are reported, and cut out of the tree where nothing can stand in for them; `None`
/// if nothing sound was left.
pub(crate) fn decode<T: DeserializeOwned>(
    source: &Arc<Source>,
    tree: &mut Node,
    problems: &mut Vec<Diagnostic>,
) -> Option<Decoded<T>> {
    let sink = Sink {
        source,
        found: RefCell::default(),
        told: RefCell::default(),
        broken: RefCell::default(),
        read: Cell::new(0),
    };
    let mut first_reading = None;
    let document = loop {
        let place = tree.span;
        match T::deserialize(Reader { node: tree, place, way: None, sink: &sink }) {
            Ok(document) => break Some(document),
            Err(failure) => {
                let Reason { trail, code, span, message, help, .. } = *failure.at(tree.span).0;
                let path = cut(tree, &trail);
                let is_root = path.0.is_empty();
                // What is odd only because something in it was not read has been told.
                let is_new = !sink.broken.borrow().absent.iter().any(|absent| absent.0.starts_with(&path.0));
                if is_new {
                    sink.report(code, &path, span, message, help);
                }
                sink.broken.borrow_mut().absent.push(path);
                let read = sink.read.get();
                if is_root || read - *first_reading.get_or_insert(read) > READINGS {
                    sink.broken.borrow_mut().is_partial = !is_root;
                    break None;
                }
            }
        }
    };
    problems.append(&mut sink.found.into_inner());
    let broken = sink.broken.into_inner();
    if broken.is_partial && document.is_none() {
        problems.push(crate::diagnostic::more_than(problems.len()));
    }
    document.map(|document| Decoded { document, broken })
}

/// Cuts the part that a trail (innermost step first) leads to, and tells the way there.
fn cut(tree: &mut Node, trail: &[usize]) -> Path {
    let mut node = tree;
    let mut path = Path::default();
    for position in trail.iter().rev() {
        let (step, next) = match &mut node.value {
            Value::List(items) => (Step::Item(*position), items.get_mut(*position)),
            Value::Map(entries) => match entries.get_mut(*position) {
                Some((key, value)) => (Step::Key(key.text.to_string()), Some(value)),
                None => return path,
            },
            Value::Scalar { .. } => return path,
        };
        let Some(next) = next else { return path };
        path.0.push(step);
        node = next;
    }
    node.is_cut = true;
    path
}

impl Broken {
    /// Whether a problem only follows from what was reported already.
    pub(crate) fn explains(&self, problem: &Problem) -> bool {
        self.stands_at(&problem.path) || self.stands_in(problem) || self.would_define(problem)
    }

    /// It is about something that stands in for a broken part.
    fn stands_at(&self, path: &Path) -> bool {
        self.replaced.iter().any(|replaced| path.0.starts_with(&replaced.0))
    }

    /// It is about the lack of something that was broken inside of it.
    fn stands_in(&self, problem: &Problem) -> bool {
        let keys: &[&str] = match problem.code {
            Code::PriorUnclear => &["probability", "rate", "exposure"],
            Code::HolderUnclear => &["contractor", "consortium"],
            Code::EvidenceUnclear => &["failed", "working", "test", "repaired", "changed", "announced"],
            Code::MissingKey => &["format", "cause", "present", "odds", "id"],
            Code::EmptyNeed => &["any", "of", "at_least"],
            // What these weigh stands together in one part, however deep.
            Code::BadShares | Code::EmptyTerm | Code::EmptyDelay | Code::EmptySelector => &[],
            _ => return false,
        };
        let mut whole = problem.path.0.as_slice();
        if let (Code::EmptyNeed, Some((Step::Key(_), rest))) = (problem.code, whole.split_last()) {
            whole = rest;
        }
        self.absent.iter().chain(&self.replaced).any(|broken| {
            let inside = broken.0.strip_prefix(whole).and_then(<[Step]>::first);
            match inside {
                Some(Step::Key(key) | Step::Name(key)) => keys.is_empty() || keys.contains(&key.as_str()),
                Some(Step::Item(_)) => keys.is_empty(),
                None => false,
            }
        })
    }

    /// It is about a name that a broken part may have defined.
    fn would_define(&self, problem: &Problem) -> bool {
        use crate::diagnostic::Missing;
        let Some(missing) = &problem.missing else { return false };
        self.absent.iter().chain(&self.replaced).any(|broken| {
            let keys: Vec<&str> = broken
                .0
                .iter()
                .map_while(|step| match step {
                    Step::Key(key) | Step::Name(key) => Some(key.as_str()),
                    Step::Item(_) => None,
                })
                .collect();
            let above = |way: &[&str]| way.starts_with(&keys);
            // All of the document, for one thing.
            if keys.is_empty() {
                return true;
            }
            match (missing, keys.as_slice()) {
                (Missing::System(id), _) => above(&["systems", id]),
                (Missing::Contractor(id), _) => above(&["contractors", id]),
                (Missing::Contract(id), _) => above(&["contracts", id]),
                (Missing::Evidence(_), _) => above(&["evidence"]),
                (Missing::Interface(consumer, provider), _) => {
                    above(&["systems", provider])
                        || above(&["systems", consumer, "needs"])
                        || keys.starts_with(&["systems", consumer, "needs"])
                }
                (Missing::Kind, way) => {
                    matches!(way, ["systems" | "interfaces"] | ["systems" | "interfaces", _] | [_, _, "kind"])
                }
                (Missing::Match, way) => matches!(way, ["systems"] | ["systems", _] | ["systems", _, "needs", ..]),
            }
        })
    }
}

/// Where problems go.
struct Sink<'s> {
    source: &'s Arc<Source>,
    found: RefCell<Vec<Diagnostic>>,
    /// Places and kinds reported already: what is read twice, because of a cut or an alias, is reported once.
    told: RefCell<HashSet<(Span, Code)>>,
    broken: RefCell<Broken>,
    /// Nodes read, again and again.
    read: Cell<u64>,
}

impl Sink<'_> {
    fn report(&self, code: Code, path: &Path, span: Span, message: String, help: Option<String>) {
        let mut found = self.found.borrow_mut();
        // One more than is told says that there are more.
        if found.len() <= self.source.limits.problems && self.told.borrow_mut().insert((span, code)) {
            let problem = Problem::new(code, path.clone(), message).help(help);
            found.push(problem.diagnostic(Some(self.source.location(span))));
        }
    }
}

/// The way from the root to the node being read, innermost step first.
#[derive(Clone, Copy)]
struct Way<'w> {
    up: Option<&'w Way<'w>>,
    step: WayStep<'w>,
}

#[derive(Clone, Copy)]
enum WayStep<'w> {
    Key(&'w str),
    Item(usize),
}

fn path_of(mut way: Option<&Way>) -> Path {
    let mut steps = Vec::new();
    while let Some(Way { up, step }) = way {
        steps.push(match step {
            WayStep::Key(key) => Step::Key((*key).to_owned()),
            WayStep::Item(item) => Step::Item(*item),
        });
        way = *up;
    }
    steps.reverse();
    Path(steps)
}

/// Reads one node.
#[derive(Clone, Copy)]
struct Reader<'n, 't, 's> {
    node: &'n Node<'t>,
    /// Where problems with it point: a list or mapping begins where its first item stands, so its key says better what
    /// it is.
    place: Span,
    way: Option<&'n Way<'n>>,
    sink: &'s Sink<'s>,
}

impl<'n> Reader<'n, '_, '_> {
    fn found(self) -> String {
        match &self.node.value {
            Value::Scalar { text, plain: true } if is_null(text) => "nothing".to_owned(),
            Value::Scalar { text, .. } => format!("`{text}`"),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a mapping".to_owned(),
        }
    }

    /// The text of a node that is neither a container nor null.
    fn text(self) -> Option<&'n str> {
        match &self.node.value {
            Value::Scalar { text, plain } if !(*plain && is_null(text)) => Some(text),
            _ => None,
        }
    }

    /// The text of a node that is not quoted.
    fn plain(self) -> Option<&'n str> {
        match &self.node.value {
            Value::Scalar { text, plain: true } => Some(text),
            _ => None,
        }
    }

    fn wrong(self, expected: &str) -> Failure {
        Failure::new(Code::WrongType, format!("expected {expected}, found {}", self.found())).at(self.place)
    }

    /// Reports a wrong value; the caller reads something harmless in its place.
    fn stand_in(self, failure: Failure) {
        let path = path_of(self.way);
        let Reason { code, message, help, .. } = *failure.0;
        self.sink.report(code, &path, self.place, message, help);
        let mut broken = self.sink.broken.borrow_mut();
        if broken.replaced.len() < REMEMBERED {
            broken.replaced.push(path);
        }
    }

    fn number<T: std::str::FromStr>(self, expected: &str, stand_in: T) -> T {
        // YAML's core schema has no `1_000`; Rust's own syntax for numbers is the rest of it.
        self.plain().and_then(|text| text.parse().ok()).unwrap_or_else(|| {
            self.stand_in(self.wrong(expected));
            stand_in
        })
    }

    /// What is wrong with the text of a quantity, if anything is, and a good one of its kind.
    fn quantity(self, name: &str) -> Option<(Failure, &'static str)> {
        fn check<Q: std::str::FromStr<Err = crate::ParseQuantityError>>(text: &str) -> Option<String> {
            text.parse::<Q>().err().map(|error| error.to_string())
        }
        let (check, code, expected, good): (fn(&str) -> Option<String>, _, _, _) = match name {
            "Time" => (check::<Time>, Code::BadTime, Time::EXPECTED, "2000-01-01T00:00:00Z"),
            "Date" => (check::<Date>, Code::BadDate, Date::EXPECTED, "2000-01-01"),
            "Duration" => (check::<Duration>, Code::BadDuration, Duration::EXPECTED, "0s"),
            "Rate" => (check::<Rate>, Code::BadRate, Rate::EXPECTED, "0/h"),
            "Money" => (check::<Money>, Code::BadMoney, Money::EXPECTED, "0 XXX"),
            _ => return None,
        };
        let message = match self.text() {
            Some(text) => check(text)?,
            None => format!("expected {expected}, found {}", self.found()),
        };
        Some((Failure::new(code, message), good))
    }
}

/// Null in YAML's core schema.
fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

macro_rules! numbers {
    ($($method:ident $visit:ident $expected:literal;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            visitor.$visit(self.number($expected, 1_u8.into())).map_err(|failure: Failure| failure.at(self.place))
        })*
    };
}

impl<'de> de::Deserializer<'de> for Reader<'_, '_, '_> {
    type Error = Failure;

    /// Only [`Need`](crate::document::Need) and [`SeenBy`](crate::document::SeenBy) ask for any value, and take texts,
    /// lists and mappings: a bare `7` is the id `7` there.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match &self.node.value {
            Value::Scalar { text, .. } if self.text().is_some() => {
                visitor.visit_str(text).map_err(|failure| self.settle(failure, None))
            }
            Value::Scalar { .. } => Err(self.wrong(&expected(&visitor))),
            Value::List(items) => self.list(items, visitor, None),
            Value::Map(entries) => self.map(entries, None, visitor, None),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_bool(match self.plain() {
            Some("true" | "True" | "TRUE") => true,
            Some("false" | "False" | "FALSE") => false,
            _ => {
                self.stand_in(self.wrong("true or false"));
                false
            }
        })
    }

    numbers! {
        deserialize_f64 visit_f64 "a number";
        deserialize_f32 visit_f32 "a number";
        deserialize_u8 visit_u8 "a whole number from 0 to 255";
        deserialize_u16 visit_u16 "a whole number from 0";
        deserialize_u32 visit_u32 "a whole number from 0";
        deserialize_u64 visit_u64 "a whole number from 0";
        deserialize_i16 visit_i16 "a whole number";
        deserialize_i32 visit_i32 "a whole number";
        deserialize_i64 visit_i64 "a whole number";
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        let text = self.text().unwrap_or_else(|| {
            self.stand_in(self.wrong("a text"));
            ""
        });
        visitor.visit_str(text).map_err(|failure: Failure| failure.at(self.place))
    }

    /// Quantities come as newtypes over their text; what is wrong inside one gets the code of its kind.
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Failure> {
        let Some((failure, good)) = self.quantity(name) else {
            return visitor.visit_newtype_struct(self).map_err(|failure: Failure| failure.at(self.place));
        };
        self.stand_in(failure);
        visitor.visit_newtype_struct(de::value::StrDeserializer::<Failure>::new(good))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match &self.node.value {
            Value::Scalar { text, plain: true } if is_null(text) => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        if let Value::List(items) = &self.node.value {
            return self.list(items, visitor, Some("a list"));
        }
        let help = self.text().map(|text| format!("a list of one is written `[{text}]`"));
        self.stand_in(self.wrong("a list").help(help));
        self.list(&[], visitor, Some("a list"))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Failure> {
        match &self.node.value {
            Value::List(items) if items.iter().filter(|item| !item.is_cut).count() == length => {
                self.list(items, visitor, Some("a list"))
            }
            _ => Err(self.wrong(&format!("a list of {length}"))),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        self.map_or_nothing(None, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        self.map_or_nothing(Some(Struct { name, fields }), visitor)
    }

    /// The only enum that is a plain word in the files is [`DutyKind`]; a wrong one reads as any other.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let word = self.text().filter(|text| variants.contains(text)).unwrap_or_else(|| {
            let help = self.text().and_then(|text| nearest(text, variants.iter().copied()));
            self.stand_in(self.wrong(&format!("one of {}", variants.join(", "))).help(help));
            variants.first().copied().unwrap_or_default()
        });
        visitor.visit_enum(de::value::StrDeserializer::<Failure>::new(word)).map_err(|failure| failure.at(self.place))
    }

    /// Keys that a struct does not know are passed over before serde sees them.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        i8 i128 u128 bytes byte_buf unit unit_struct tuple_struct
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
}

/// A visitor's own words for what it expects.
fn expected<'de, V: Visitor<'de>>(visitor: &V) -> String {
    let words: &dyn de::Expected = visitor;
    words.to_string()
}

/// The struct that a mapping is read as.
#[derive(Clone, Copy)]
struct Struct {
    name: &'static str,
    fields: &'static [&'static str],
}

impl Struct {
    /// The key that serde would stop without, and what stands in for it. All other keys may be absent, as far as serde
    /// is concerned: validation says which must not.
    fn required(self) -> Option<(&'static str, &'static str)> {
        match self.name {
            "Evidence" => Some(("at", "2000-01-01T00:00:00Z")),
            "Duty" => Some(("duty", DutyKind::ALL[0].as_str())),
            _ => None,
        }
    }
}

impl<'n, 't> Reader<'n, 't, '_> {
    fn list<'de, V: Visitor<'de>>(
        self,
        items: &'n [Node<'t>],
        visitor: V,
        expected: Option<&str>,
    ) -> Result<V::Value, Failure> {
        let access = Items { reader: self, list: items, next: 0 };
        visitor.visit_seq(access).map_err(|failure| self.settle(failure, expected))
    }

    fn map_or_nothing<'de, V: Visitor<'de>>(self, into: Option<Struct>, visitor: V) -> Result<V::Value, Failure> {
        if let Value::Map(entries) = &self.node.value {
            return self.map(entries, into, visitor, Some("a mapping"));
        }
        self.stand_in(self.wrong("a mapping"));
        self.map(&[], into, visitor, Some("a mapping"))
    }

    fn map<'de, V: Visitor<'de>>(
        self,
        entries: &'n [(Key<'t>, Node<'t>)],
        into: Option<Struct>,
        visitor: V,
        expected: Option<&str>,
    ) -> Result<V::Value, Failure> {
        let mut supplied = None;
        if let Some((key, value)) = into.and_then(Struct::required)
            && !entries.iter().any(|(there, value)| there.text == key && !value.is_cut)
        {
            supplied = Some((key, value));
            let is_explained = entries.iter().any(|(there, value)| {
                // Cut, misspelt and reported, or all of it is not what it should be.
                let fields = into.map_or(&[][..], |into| into.fields);
                value.is_cut && there.text == key
                    || !fields.contains(&there.text.as_ref()) && nearest(&there.text, [key]).is_some()
            }) || !matches!(self.node.value, Value::Map(_));
            if !is_explained {
                let message = format!("the key `{key}` is missing");
                self.sink.report(Code::MissingKey, &path_of(self.way), self.place, message, None);
            }
        }
        visitor
            .visit_map(Entries { reader: self, map: entries, into, next: 0, supplied })
            .map_err(|failure| self.settle(failure, expected))
    }

    /// serde's own "invalid type" becomes ours, with what was expected, or what the visitor says of that; anything else
    /// keeps its words.
    fn settle(self, failure: Failure, expected: Option<&str>) -> Failure {
        match &failure.0.expected {
            Some(visitors) if failure.0.span.line == 0 => self.wrong(expected.unwrap_or(visitors)),
            _ => failure,
        }
    }

    /// Reads a child with what `read` makes of it.
    fn child<T>(
        self,
        node: &Node<'t>,
        key: Option<&Key<'t>>,
        position: usize,
        read: impl FnOnce(Reader<'_, 't, '_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.sink.read.set(self.sink.read.get() + 1);
        let (step, place) = match key {
            Some(key) if matches!(node.value, Value::Scalar { .. }) => (WayStep::Key(&key.text), node.span),
            Some(key) => (WayStep::Key(&key.text), key.span),
            None => (WayStep::Item(position), node.span),
        };
        let way = Way { up: self.way, step };
        read(Reader { node, place, way: Some(&way), sink: self.sink })
            .map_err(|failure| failure.through(position, place))
    }
}

struct Items<'n, 't, 's> {
    reader: Reader<'n, 't, 's>,
    list: &'n [Node<'t>],
    next: usize,
}

impl<'de> de::SeqAccess<'de> for Items<'_, '_, '_> {
    type Error = Failure;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Failure> {
        while let Some(node) = self.list.get(self.next) {
            let position = self.next;
            self.next += 1;
            if !node.is_cut {
                return self.reader.child(node, None, position, |reader| seed.deserialize(reader)).map(Some);
            }
        }
        Ok(None)
    }
}

struct Entries<'n, 't, 's> {
    reader: Reader<'n, 't, 's>,
    map: &'n [(Key<'t>, Node<'t>)],
    into: Option<Struct>,
    next: usize,
    /// A key that is missing, and its stand-in.
    supplied: Option<(&'static str, &'static str)>,
}

impl<'de> de::MapAccess<'de> for Entries<'_, '_, '_> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Failure> {
        while let Some((key, node)) = self.map.get(self.next) {
            if node.is_cut {
                self.next += 1;
                continue;
            }
            if let Some(Struct { fields, .. }) = self.into
                && !fields.contains(&key.text.as_ref())
            {
                self.unknown(key, fields);
                self.next += 1;
                continue;
            }
            let name = de::value::StrDeserializer::<Failure>::new(&key.text);
            return seed.deserialize(name).map(Some).map_err(|failure| failure.through(self.next, key.span));
        }
        let Some((key, _)) = self.supplied else { return Ok(None) };
        seed.deserialize(de::value::StrDeserializer::<Failure>::new(key)).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Failure> {
        let position = self.next;
        self.next += 1;
        if let Some((key, node)) = self.map.get(position) {
            return self.reader.child(node, Some(key), position, |reader| seed.deserialize(reader));
        }
        let (_, text) = self.supplied.take().unwrap_or_default();
        let value = Value::Scalar { text: text.into(), plain: true };
        let node = Node { span: self.reader.node.span, value, is_cut: false };
        seed.deserialize(Reader { node: &node, ..self.reader })
    }
}

impl Entries<'_, '_, '_> {
    fn unknown(&self, key: &Key, fields: &[&str]) {
        let sink = self.reader.sink;
        let path = path_of(self.reader.way);
        let message = format!("the key `{}` is not known here", key.text);
        sink.report(Code::UnknownKey, &path.name(key.text.as_ref()), key.span, message, known(&key.text, fields));
        // What was probably meant is not there, and that is no second problem.
        let mut broken = sink.broken.borrow_mut();
        if broken.absent.len() < REMEMBERED {
            let meant = fields.iter().filter(|field| nearest(&key.text, [**field]).is_some());
            broken.absent.extend(meant.map(|field| path.key(*field)));
        }
    }
}
