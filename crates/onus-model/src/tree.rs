//! From text to a tree with positions. YAML's events come from `saphyr-parser`; JSON is read as the YAML it is.
//!
//! The tree is what lets a problem found much later (an id that nobody defines) point at its line and column. It is
//! also where hostile input stops: every [`Limits`](crate::Limits) is checked while the events arrive, so that no input
//! makes the reader hold more than a small multiple of its own text, and an alias can multiply nothing for long.
//!
//! Parts that turn out to be wrong are not taken out of the tree but marked as cut, so that positions in lists stay what
//! they were. [`Places`] counts as the documents do, without them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, Span as ParserSpan};

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Path, Problem, Step};
use crate::id::{interface_id, split_interface};
use crate::meter::{Meter, Metered};
use crate::source::Source;

/// A stretch of the text: character offsets, and line and column of its beginning from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl From<ParserSpan> for Span {
    fn from(span: ParserSpan) -> Self {
        Self {
            start: span.start.index() as u32,
            end: span.end.index() as u32,
            line: span.start.line() as u32,
            column: span.start.col() as u32 + 1,
        }
    }
}

/// A value with its place.
#[derive(Clone, Debug)]
pub(crate) struct Node<'t> {
    pub(crate) span: Span,
    pub(crate) value: Value<'t>,
    /// It was reported as wrong and counts as absent.
    pub(crate) is_cut: bool,
}

/// What a node holds.
#[derive(Clone, Debug)]
pub(crate) enum Value<'t> {
    /// A text as it was written; a plain (unquoted) one may also be read as a number, a truth value or null.
    Scalar {
        text: Cow<'t, str>,
        plain: bool,
    },
    List(Vec<Node<'t>>),
    Map(Vec<(Key<'t>, Node<'t>)>),
}

/// A key with its place.
#[derive(Clone, Debug)]
pub(crate) struct Key<'t> {
    pub(crate) span: Span,
    pub(crate) text: Cow<'t, str>,
}

/// A container whose end has not come yet.
enum Open<'t> {
    List { span: Span, anchor: usize, items: Vec<Node<'t>> },
    Map { span: Span, anchor: usize, entries: Vec<(Key<'t>, Node<'t>)>, seen: Seen<'t>, key: Option<Key<'t>> },
}

/// Where each key of a mapping stands among its entries, once there are [`INDEXED_FROM`].
#[derive(Default)]
struct Seen<'t>(HashMap<Cow<'t, str>, usize>);

impl<'t> Seen<'t> {
    /// The entry that first had this key. `entries` only grow from one call to the next.
    fn first(&mut self, entries: &[(Key<'t>, Node<'t>)], text: &str) -> Option<usize> {
        let is_counted = |(_, node): &(Key, Node)| !node.is_cut;
        if entries.len() < INDEXED_FROM {
            return entries.iter().position(|entry| is_counted(entry) && entry.0.text == text);
        }
        if self.0.is_empty() {
            let counted = entries.iter().enumerate().filter(|(_, entry)| is_counted(entry));
            self.0.extend(counted.map(|(at, (key, _))| (key.text.clone(), at)));
        }
        self.0.get(text).copied()
    }

    /// Another entry is put in at this place.
    fn put(&mut self, at: usize, key: &Key<'t>) {
        if at >= INDEXED_FROM {
            self.0.insert(key.text.clone(), at);
        }
    }
}

/// Builds the tree of one text; problems go to `problems`.
struct Builder<'t, 'p> {
    source: &'t Arc<Source>,
    problems: &'p mut Vec<Diagnostic>,
    open: Vec<Open<'t>>,
    anchors: HashMap<usize, Node<'t>>,
    nodes: usize,
    aliased: usize,
    /// Bytes of text that aliases added.
    aliased_bytes: usize,
    root: Option<Node<'t>>,
}

/// Parses a text. `None` if no tree could be had; duplicate keys are problems but leave a tree (the first one stays).
pub(crate) fn parse<'t>(source: &'t Arc<Source>, problems: &mut Vec<Diagnostic>) -> Option<Node<'t>> {
    let mut builder = Builder {
        source,
        problems,
        open: Vec::new(),
        anchors: HashMap::new(),
        nodes: 0,
        aliased: 0,
        aliased_bytes: 0,
        root: None,
    };
    let meter = Meter::new(source.limits.nodes / 2);
    let mut parser = Parser::new(Metered::new(&source.text, &meter));
    let mut last = Span { start: 0, end: 0, line: 1, column: 1 };
    loop {
        let event = parser.next_event();
        if !meter.event() {
            let message =
                "brackets around more than the reader can look ahead; write the outermost as a block, without them"
                    .to_owned();
            return builder.stop(Code::TooLarge, last, message);
        }
        match event {
            None => break,
            Some(Ok((event, span))) => {
                last = span.into();
                builder.event(event, last)?;
            }
            Some(Err(error)) => {
                let mark = error.marker();
                let start = mark.index() as u32;
                let span = Span { start, end: start, line: mark.line() as u32, column: mark.col() as u32 + 1 };
                return builder.stop(Code::Syntax, span, format!("this is not YAML: {}", error.info()));
            }
        }
    }
    if builder.root.is_none() {
        let start = Span { start: 0, end: 0, line: 1, column: 1 };
        return builder.stop(Code::Syntax, start, "the file is empty".to_owned());
    }
    builder.root
}

impl<'t> Builder<'t, '_> {
    fn problem(&mut self, code: Code, path: Path, span: Span, message: String, help: Option<String>) {
        let problem = Problem::new(code, path, message).help(help);
        self.problems.push(problem.diagnostic(Some(self.source.location(span))));
    }

    /// Reports what makes it impossible to read on.
    fn stop<T>(&mut self, code: Code, span: Span, message: String) -> Option<T> {
        let path = self.path();
        self.problem(code, path, span, message, None);
        None
    }

    /// The way to what is being read.
    fn path(&self) -> Path {
        let steps = self.open.iter().filter_map(|open| match open {
            Open::List { items, .. } => Some(Step::Item(items.len())),
            Open::Map { key, .. } => key.as_ref().map(|key| Step::Key(key.text.to_string())),
        });
        Path(steps.collect())
    }

    /// Takes one event; `None` means that reading cannot go on.
    fn event(&mut self, event: Event<'t>, span: Span) -> Option<()> {
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let limit = self.source.limits.scalar;
                if text.len() > limit {
                    let message = format!("a value of {} bytes; the reader takes {limit}", text.len());
                    return self.stop(Code::TooLarge, span, message);
                }
                let plain = matches!(style, ScalarStyle::Plain);
                let text = self.source.slice(span).filter(|slice| *slice == text).map_or(text, Cow::Borrowed);
                self.place(Node { span, value: Value::Scalar { text, plain }, is_cut: false }, anchor)
            }
            Event::SequenceStart(anchor, _) => self.opened(Open::List { span, anchor, items: Vec::new() }, span),
            Event::MappingStart(anchor, _) => {
                self.opened(Open::Map { span, anchor, entries: Vec::new(), seen: Seen::default(), key: None }, span)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                // The parser pairs starts with ends; should it not, this is no YAML either.
                let (span, anchor, value) = match self.open.pop() {
                    Some(Open::List { span, anchor, items }) => (span, anchor, Value::List(items)),
                    Some(Open::Map { span, anchor, entries, .. }) => (span, anchor, Value::Map(entries)),
                    None => return self.stop(Code::Syntax, span, "an end without a beginning".to_owned()),
                };
                self.place(Node { span, value, is_cut: false }, anchor)
            }
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::DocumentStart(_) if self.root.is_some() => {
                self.stop(Code::Syntax, span, "a second document; a file holds one".to_owned())
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                Some(())
            }
        }
    }

    fn opened(&mut self, open: Open<'t>, span: Span) -> Option<()> {
        let limit = self.source.limits.depth;
        if self.open.len() >= limit {
            return self.stop(Code::TooLarge, span, format!("nested deeper than {limit} levels"));
        }
        self.open.push(open);
        Some(())
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Option<()> {
        let Some(target) = self.anchors.get(&anchor) else {
            return self.stop(Code::Syntax, span, "this alias stands inside what it stands for".to_owned());
        };
        let (nodes, bytes) = size(target);
        self.copied(nodes, bytes, span)?;
        self.nodes += nodes;
        let node = self.anchors.get(&anchor)?.clone();
        self.place(node, 0)
    }

    /// Counts what is held twice because of an anchor or alias.
    fn copied(&mut self, nodes: usize, bytes: usize, span: Span) -> Option<()> {
        self.aliased += nodes;
        self.aliased_bytes += bytes;
        let limit = self.source.limits.aliased;
        if self.aliased > limit {
            return self.stop(Code::TooLarge, span, format!("anchors and aliases stand for more than {limit} values"));
        }
        let limit = self.source.limits.bytes;
        if self.aliased_bytes as u64 > limit {
            return self.stop(Code::TooLarge, span, format!("anchors and aliases stand for more than {limit} bytes"));
        }
        Some(())
    }

    /// Puts a finished node, key or value, where it belongs.
    fn place(&mut self, node: Node<'t>, anchor: usize) -> Option<()> {
        self.nodes += 1;
        let limit = self.source.limits.nodes;
        if self.nodes > limit {
            return self.stop(Code::TooLarge, node.span, format!("more than {limit} keys and values"));
        }
        if anchor != 0 {
            // A copy for its aliases counts like one alias, so that anchors in anchors stay bounded too.
            let (nodes, bytes) = size(&node);
            self.copied(nodes, bytes, node.span)?;
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { key: key @ None, .. }) => {
                let Node { span, value: Value::Scalar { text, .. }, .. } = node else {
                    return self.stop(Code::WrongType, node.span, "a key must be a text".to_owned());
                };
                *key = Some(Key { span, text });
            }
            Some(Open::Map { .. }) => return self.entry(node),
        }
        Some(())
    }

    /// Puts a value under the key that came before it.
    fn entry(&mut self, mut node: Node<'t>) -> Option<()> {
        let Some(Open::Map { entries, seen, key: open, .. }) = self.open.last_mut() else { return Some(()) };
        let key = open.take()?;
        let (message, help) = if let Some(first) = seen.first(entries, &key.text) {
            let line = entries[first].0.span.line;
            (format!("the key `{}` stands twice", key.text), format!("the first one is on line {line}"))
        } else if key.text == "<<" {
            ("merging with `<<` is not read".to_owned(), "write the keys out".to_owned())
        } else {
            seen.put(entries.len(), &key);
            entries.push((key, node));
            return Some(());
        };
        let code = if key.text == "<<" { Code::UnknownKey } else { Code::DuplicateKey };
        node.is_cut = true;
        let (span, step) = (key.span, key.text.to_string());
        entries.push((key, node));
        self.problem(code, self.path().key(step), span, message, Some(help));
        // More than are told need not be found.
        (self.problems.len() <= self.source.limits.problems).then_some(())
    }
}

/// Values in a tree, and bytes of their texts. Recursion is bounded by [`Limits::depth`](crate::Limits::depth).
fn size(node: &Node) -> (usize, usize) {
    let sum = |(nodes, bytes): (usize, usize), (more, longer): (usize, usize)| (nodes + more, bytes + longer);
    match &node.value {
        Value::Scalar { text, .. } => (1, text.len()),
        Value::List(items) => items.iter().map(size).fold((1, 0), sum),
        Value::Map(entries) => {
            entries.iter().map(|(key, value)| sum((1, key.text.len()), size(value))).fold((1, 0), sum)
        }
    }
}

/// Where a path leads.
pub(crate) struct Place {
    /// The part it leads to, or the last on the way that exists.
    pub(crate) span: Span,
    /// The path as it is in the text, where parts that were cut count too.
    pub(crate) path: Path,
    /// The way could be gone to its end.
    pub(crate) is_whole: bool,
}

/// Finds the places of paths in a tree. Mappings and lists are indexed when they are first passed, so that many paths
/// through a large one stay cheap.
pub(crate) struct Places<'n, 't> {
    root: &'n Node<'t>,
    keys: HashMap<*const Node<'t>, HashMap<Cow<'n, str>, usize>>,
    items: HashMap<*const Node<'t>, Vec<usize>>,
}

/// Smaller mappings are searched as they are.
const INDEXED_FROM: usize = 16;

impl<'n, 't> Places<'n, 't> {
    pub(crate) fn of(root: &'n Node<'t>) -> Self {
        Self { root, keys: HashMap::new(), items: HashMap::new() }
    }

    pub(crate) fn find(&mut self, path: &Path) -> Place {
        let mut node = self.root;
        let mut place = Place { span: node.span, path: path.clone(), is_whole: true };
        for (at, step) in path.0.iter().enumerate() {
            match (step, &node.value) {
                (Step::Key(wanted) | Step::Name(wanted), Value::Map(entries)) => {
                    let found = self.entry(node, entries, wanted);
                    // A model does not remember in which of its two forms `at_least: 1` was written.
                    let Some(position) = found.or_else(|| self.entry(node, entries, "of").filter(|_| wanted == "any"))
                    else {
                        place.is_whole = false;
                        return place;
                    };
                    let (key, value) = &entries[position];
                    // A container's own span is only its first character: its key says better what it is.
                    place.span = match (&value.value, step) {
                        (Value::Scalar { .. }, Step::Key(_)) => value.span,
                        _ => key.span,
                    };
                    node = value;
                }
                (Step::Item(item), Value::List(items)) => {
                    let there = || items.iter().enumerate().filter(|(_, item)| !item.is_cut).map(|(at, _)| at);
                    let index = self.items.entry(std::ptr::from_ref(node)).or_insert_with(|| there().collect());
                    let Some(position) = index.get(*item).copied() else {
                        place.is_whole = false;
                        return place;
                    };
                    let value = &items[position];
                    place.path.0[at] = Step::Item(position);
                    place.span = value.span;
                    node = value;
                }
                _ => {
                    place.is_whole = false;
                    return place;
                }
            }
        }
        place
    }

    /// The position of a key. Interfaces may be written with any spaces around their arrow.
    fn entry(&mut self, node: &'n Node<'t>, entries: &'n [(Key<'t>, Node<'t>)], wanted: &str) -> Option<usize> {
        let there = || entries.iter().enumerate().filter(|(_, (_, value))| !value.is_cut);
        if entries.len() < INDEXED_FROM {
            let exact = there().find(|(_, (key, _))| key.text == wanted);
            let near = || there().find(|(_, (key, _))| canonical(&key.text) == canonical(wanted));
            return exact.or_else(near).map(|(position, _)| position);
        }
        let index = self.keys.entry(std::ptr::from_ref(node)).or_insert_with(|| {
            let mut index = HashMap::new();
            for (position, (key, _)) in there() {
                index.entry(Cow::Borrowed(key.text.as_ref())).or_insert(position);
            }
            for (position, (key, _)) in there() {
                index.entry(canonical(&key.text)).or_insert(position);
            }
            index
        });
        index.get(wanted).or_else(|| index.get(&canonical(wanted))).copied()
    }
}

fn canonical(key: &str) -> Cow<'_, str> {
    split_interface(key).map_or(Cow::Borrowed(key), |(consumer, provider)| interface_id(consumer, provider).into())
}
