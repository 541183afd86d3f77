//! From text to a tree with positions. YAML's events come from `saphyr-parser`; JSON is read as the YAML it is.
//!
//! The tree is what lets a problem found much later (an id that nobody defines) point at its line and column. It is
//! also where hostile input stops: every [`Limits`] is checked while the events arrive, so that no input makes the
//! reader hold more than a small multiple of its own text, and an alias can multiply nothing for long.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, Span as ParserSpan};

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Location, Path, Problem, Source, Step};

/// How much a text may ask of the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of text. Default 32 MiB, some 10^5 systems: larger estates have better formats than YAML.
    pub bytes: u64,
    /// Nesting. Default 64.
    pub depth: usize,
    /// Values in the tree, aliases expanded. Default 1,000,000.
    pub nodes: usize,
    /// Bytes of one value. Default 1 MiB.
    pub scalar: usize,
    /// Values that aliases may add. Default 100,000.
    pub aliased: usize,
    /// Problems collected before the reader gives up. Default 100.
    pub problems: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 32 << 20, depth: 64, nodes: 1_000_000, scalar: 1 << 20, aliased: 100_000, problems: 100 }
    }
}

/// A stretch of the text: character offsets, and line and column of its beginning from 1.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Span {
    start: u32,
    end: u32,
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

impl Source {
    /// Where a span of this source lies.
    pub(crate) fn location(self: &Arc<Self>, span: Span) -> Location {
        // Spans count characters. Only spans of problems come here, so a walk is cheap enough.
        let mut indices = self.text.char_indices().map(|(byte, _)| byte);
        let start = indices.nth(span.start as usize).unwrap_or(self.text.len());
        let length = span.end.saturating_sub(span.start) as usize;
        let end = if length == 0 { start } else { indices.nth(length - 1).unwrap_or(self.text.len()) };
        Location { source: Arc::clone(self), line: span.line as usize, column: span.column as usize, bytes: start..end }
    }
}

/// A container whose end has not come yet.
enum Open<'t> {
    List {
        span: Span,
        anchor: usize,
        items: Vec<Node<'t>>,
    },
    Map {
        span: Span,
        anchor: usize,
        entries: Vec<(Key<'t>, Node<'t>)>,
        seen: HashMap<Cow<'t, str>, u32>,
        key: Option<Key<'t>>,
    },
}

/// Builds the tree of one text; problems go to `problems`.
struct Builder<'t, 'p> {
    source: &'p Arc<Source>,
    limits: Limits,
    problems: &'p mut Vec<Diagnostic>,
    open: Vec<Open<'t>>,
    anchors: HashMap<usize, Node<'t>>,
    nodes: usize,
    aliased: usize,
    root: Option<Node<'t>>,
}

/// Parses a text. `None` if no tree could be had; duplicate keys are problems but leave a tree (the first one stays).
pub(crate) fn parse<'t>(
    source: &Arc<Source>,
    text: &'t str,
    limits: Limits,
    problems: &mut Vec<Diagnostic>,
) -> Option<Node<'t>> {
    let mut builder = Builder {
        source,
        limits,
        problems,
        open: Vec::new(),
        anchors: HashMap::new(),
        nodes: 0,
        aliased: 0,
        root: None,
    };
    let mut parser = Parser::new_from_str(text);
    loop {
        match parser.next_event() {
            None => break,
            Some(Ok((event, span))) => {
                if builder.event(event, span.into()).is_none() {
                    return None;
                }
            }
            Some(Err(error)) => {
                let mark = error.marker();
                let start = mark.index() as u32;
                let span = Span { start, end: start, line: mark.line() as u32, column: mark.col() as u32 + 1 };
                builder.problem(Code::Syntax, span, format!("this is not YAML: {}", error.info()), None);
                return None;
            }
        }
    }
    if builder.root.is_none() {
        let span = Span { start: 0, end: 0, line: 1, column: 1 };
        builder.problem(Code::Syntax, span, "the file is empty".to_owned(), None);
    }
    builder.root
}

impl<'t> Builder<'t, '_> {
    fn problem(&mut self, code: Code, span: Span, message: String, help: Option<String>) {
        let mut problem = Problem::new(code, Path::default(), message);
        problem.help = help;
        self.problems.push(problem.diagnostic(Some(self.source.location(span))));
    }

    fn too_large(&mut self, span: Span, message: String) -> Option<()> {
        self.problem(Code::TooLarge, span, message, None);
        None
    }

    /// Takes one event; `None` means that reading cannot go on.
    fn event(&mut self, event: Event<'t>, span: Span) -> Option<()> {
        match event {
            Event::Scalar(text, style, anchor, _) => {
                if text.len() > self.limits.scalar {
                    let limit = self.limits.scalar;
                    return self.too_large(span, format!("a value of {} bytes; the reader takes {limit}", text.len()));
                }
                let plain = matches!(style, ScalarStyle::Plain);
                self.place(Node { span, value: Value::Scalar { text, plain } }, anchor)
            }
            Event::SequenceStart(anchor, _) => self.opened(Open::List { span, anchor, items: Vec::new() }, span),
            Event::MappingStart(anchor, _) => {
                self.opened(Open::Map { span, anchor, entries: Vec::new(), seen: HashMap::new(), key: None }, span)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let closed = self.open.pop().expect("the parser pairs starts with ends");
                let (span, anchor, value) = match closed {
                    Open::List { span, anchor, items } => (span, anchor, Value::List(items)),
                    Open::Map { span, anchor, entries, .. } => (span, anchor, Value::Map(entries)),
                };
                self.place(Node { span, value }, anchor)
            }
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::DocumentStart(_) if self.root.is_some() => {
                self.problem(Code::Syntax, span, "a second document; a file holds one".to_owned(), None);
                None
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                Some(())
            }
        }
    }

    fn opened(&mut self, open: Open<'t>, span: Span) -> Option<()> {
        if self.open.len() >= self.limits.depth {
            let limit = self.limits.depth;
            return self.too_large(span, format!("nested deeper than {limit} levels"));
        }
        self.open.push(open);
        Some(())
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Option<()> {
        let Some(target) = self.anchors.get(&anchor) else {
            self.problem(Code::Syntax, span, "this alias stands inside what it stands for".to_owned(), None);
            return None;
        };
        let node = target.clone();
        let size = size(&node);
        self.aliased += size;
        self.nodes += size;
        if self.aliased > self.limits.aliased {
            let limit = self.limits.aliased;
            return self.too_large(span, format!("aliases expand to more than {limit} values"));
        }
        self.place(node, 0)
    }

    /// Puts a finished node where it belongs.
    fn place(&mut self, node: Node<'t>, anchor: usize) -> Option<()> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            let limit = self.limits.nodes;
            return self.too_large(node.span, format!("more than {limit} values"));
        }
        if anchor != 0 {
            // A copy for its aliases counts like one alias, so that anchors in anchors stay bounded too.
            self.aliased += size(&node);
            if self.aliased > self.limits.aliased {
                let limit = self.limits.aliased;
                return self.too_large(node.span, format!("anchors hold more than {limit} values"));
            }
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { entries, seen, key, .. }) => match key.take() {
                None => {
                    let Node { span, value: Value::Scalar { text, .. } } = node else {
                        self.problem(Code::WrongType, node.span, "a key must be a text".to_owned(), None);
                        return None;
                    };
                    *key = Some(Key { span, text });
                }
                Some(key) => {
                    if let Some(line) = seen.get(&key.text) {
                        let message = format!("the key `{}` stands twice", key.text);
                        let help = Some(format!("the first one is on line {line}"));
                        self.problem(Code::DuplicateKey, key.span, message, help);
                        if self.problems.len() >= self.limits.problems {
                            return None;
                        }
                    } else {
                        seen.insert(key.text.clone(), key.span.line);
                        entries.push((key, node));
                    }
                }
            },
        }
        Some(())
    }
}

/// Values in a tree. Recursion is bounded by [`Limits::depth`].
fn size(node: &Node) -> usize {
    match &node.value {
        Value::Scalar { .. } => 1,
        Value::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Map(entries) => 1 + entries.iter().map(|(_, value)| size(value)).sum::<usize>(),
    }
}

impl Node<'_> {
    /// The span of the part that a path leads to, or of the last part on the way that exists.
    pub(crate) fn span_at(&self, path: &Path) -> Span {
        let mut node = self;
        // A container's own span is only its first character: point at the key that it stands under instead.
        let mut span = self.span;
        for step in &path.0 {
            let next = match (step, &node.value) {
                (Step::Key(wanted) | Step::Name(wanted), Value::Map(entries)) => {
                    entries.iter().find(|(key, _)| same_key(&key.text, wanted))
                }
                (Step::Item(item), Value::List(items)) => {
                    let Some(found) = items.get(*item) else {
                        return span;
                    };
                    (node, span) = (found, found.span);
                    continue;
                }
                _ => None,
            };
            let Some((key, found)) = next else {
                return span;
            };
            span = match (&found.value, step) {
                (Value::Scalar { .. }, Step::Key(_)) => found.span,
                _ => key.span,
            };
            node = found;
        }
        span
    }
}

/// Interfaces may be written with any spaces around their arrow.
fn same_key(written: &str, wanted: &str) -> bool {
    written == wanted
        || crate::id::split_interface(written)
            .is_some_and(|(consumer, provider)| crate::id::split_interface(wanted) == Some((consumer, provider)))
}
