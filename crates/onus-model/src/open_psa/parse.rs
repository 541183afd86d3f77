//! From XML to definitions: gates with their formulas, basic events, house events, each with its place.
//!
//! The document is walked by recursion, and only as deep as [`Limits::depth`](crate::Limits) allows; what parses it
//! does not recurse. A part that is broken is reported and left out, and reading goes on.

use std::ops::Range;

use roxmltree::{Document, Node, ParsingOptions};

use super::Problems;
use crate::code::Code;
use crate::source::Source;

/// What a file defines.
pub(super) struct Definitions<'t> {
    pub(super) title: String,
    pub(super) gates: Vec<Definition<'t, Formula<'t>>>,
    pub(super) events: Vec<Definition<'t, f64>>,
    pub(super) houses: Vec<Definition<'t, bool>>,
    /// Fault trees and components, outer ones first.
    pub(super) scopes: Vec<Scope>,
}

/// A fault tree or a component; the first is the whole file.
pub(super) struct Scope {
    /// `tree.component`; empty for the whole file.
    pub(super) path: String,
    pub(super) parent: Option<usize>,
}

/// A name and what it stands for; `None` where that is broken, so that references to it are not reported too.
pub(super) struct Definition<'t, T> {
    pub(super) name: &'t str,
    pub(super) at: Range<usize>,
    pub(super) scope: usize,
    pub(super) role: Role,
    pub(super) value: Option<T>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Public,
    Private,
}

/// When a gate fails.
pub(super) enum Formula<'t> {
    Constant(bool),
    Reference(Reference<'t>),
    /// At least so many of these fail.
    AtLeast(u32, Vec<Formula<'t>>),
}

pub(super) struct Reference<'t> {
    pub(super) wanted: Wanted,
    pub(super) name: &'t str,
    pub(super) at: Range<usize>,
}

/// What a reference must lead to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Gate,
    BasicEvent,
    HouseEvent,
    Any,
}

/// Reads all definitions; `None` if the text is no fault tree at all.
pub(super) fn definitions<'t>(source: &'t Source, problems: &mut Problems<'_>) -> Option<Definitions<'t>> {
    let limits = source.limits;
    if let Some(tag) = overlong_tag(&source.text) {
        let message = format!("a tag has more than {MOST_ATTRIBUTES} attributes");
        problems.push(tag, Code::TooLarge, message, None);
        return None;
    }
    let options = ParsingOptions {
        // What is outside the file is never fetched; a declaration without entities changes nothing.
        allow_dtd: !source.text.contains("<!ENTITY"),
        nodes_limit: u32::try_from(limits.nodes).unwrap_or(u32::MAX),
        ..ParsingOptions::default()
    };
    let document = match Document::parse_with_options(&source.text, options) {
        Ok(document) => document,
        Err(error) => {
            report_syntax(&error, source, problems);
            return None;
        }
    };
    let root = document.root_element();
    if !ROOTS.contains(&root.tag_name().name()) {
        let message = format!("expected an Open-PSA fault tree, `<opsa-mef>`, found `<{}>`", root.tag_name().name());
        problems.push(tag(root), Code::NotXml, message, None);
        return None;
    }
    let mut reader = Reader {
        problems,
        depth: limits.depth,
        found: Definitions {
            title: String::new(),
            gates: Vec::new(),
            events: Vec::new(),
            houses: Vec::new(),
            scopes: vec![Scope { path: String::new(), parent: None }],
        },
    };
    reader.container(root, 0, Role::Public, limits.depth);
    Some(reader.found)
}

/// Attributes of one tag. The format has three at most; the parser compares each with all before it.
const MOST_ATTRIBUTES: usize = 256;

/// The beginning of the first tag with more attributes than that, by its equals signs. What looks like a tag in a comment
/// counts too. O(text).
fn overlong_tag(text: &str) -> Option<Range<usize>> {
    let (mut begin, mut equals) = (0, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'<' => (begin, equals) = (at, 0),
            b'>' => equals = 0,
            b'=' => equals += 1,
            _ => {}
        }
        if equals > MOST_ATTRIBUTES && !text[begin..].starts_with("<!--") {
            return Some(begin..begin + 1);
        }
    }
    None
}

fn report_syntax(error: &roxmltree::Error, source: &Source, problems: &mut Problems<'_>) {
    let position = error.pos();
    let line = source.text.split_inclusive('\n').take(position.row.saturating_sub(1) as usize).map(str::len).sum();
    let rest: &str = &source.text[line..];
    let column = rest.char_indices().nth(position.col.saturating_sub(1) as usize).map_or(rest.len(), |(byte, _)| byte);
    let at = line + column..line + column;
    match error {
        roxmltree::Error::DtdDetected => {
            let help = Some("take it out: what it declares would have to be written out".to_owned());
            let at = source.text.find("<!DOCTYPE").map_or(at, |start| start..start + "<!DOCTYPE".len());
            problems.push(at, Code::NotXml, "document type declarations with entities are not read".to_owned(), help);
        }
        roxmltree::Error::NodesLimitReached | roxmltree::Error::AttributesLimitReached => {
            let message = format!("more than {} elements", source.limits.nodes);
            problems.push(0..0, Code::TooLarge, message, None);
        }
        _ => problems.push(at, Code::NotXml, format!("this is not XML: {error}"), None),
    }
}

/// The element around everything: as the format has it, and as its drafts and some published trees do.
const ROOTS: [&str; 2] = ["opsa-mef", "open-psa"];

/// The name of an element, where it opens.
fn tag(node: Node<'_, '_>) -> Range<usize> {
    let start = node.range().start + 1;
    let length = node.document().input_text()[start..].find(|c: char| c.is_whitespace() || "/>".contains(c));
    start..start + length.unwrap_or(0)
}

struct Reader<'t, 'p, 's> {
    problems: &'p mut Problems<'s>,
    depth: usize,
    found: Definitions<'t>,
}

impl<'t> Reader<'t, '_, '_> {
    fn unknown(&mut self, node: Node<'_, 't>, place: &str) {
        let message = format!("`<{}>` is not known in {place}", node.tag_name().name());
        self.problems.push(tag(node), Code::UnknownKey, message, None);
    }

    fn too_deep(&mut self, node: Node<'_, 't>) {
        let message = format!("nested deeper than {} levels", self.depth);
        self.problems.push(tag(node), Code::TooLarge, message, None);
    }

    /// The text of an attribute as it stands in the source, with its place.
    fn attribute(&mut self, node: Node<'_, 't>, name: &str) -> Option<(&'t str, Range<usize>)> {
        let Some(attribute) = node.attribute_node(name) else {
            let message = format!("`<{}>` needs the attribute `{name}`", node.tag_name().name());
            self.problems.push(tag(node), Code::MissingKey, message, None);
            return None;
        };
        let at = attribute.range_value();
        let roxmltree::StringStorage::Borrowed(value) = attribute.value_storage() else {
            let message = format!("the attribute `{name}` contains characters that must be written plainly");
            self.problems.push(at, Code::BadId, message, None);
            return None;
        };
        Some((value.trim(), at))
    }

    fn name(&mut self, node: Node<'_, 't>) -> Option<(&'t str, Range<usize>)> {
        self.attribute(node, "name")
    }

    fn role(&mut self, node: Node<'_, 't>, around: Role) -> Role {
        match node.attribute_node("role").map(|role| (role.value(), role.range_value())) {
            None => around,
            Some(("public", _)) => Role::Public,
            Some(("private", _)) => Role::Private,
            Some((other, at)) => {
                let message = format!("expected the role `public` or `private`, found `{other}`");
                self.problems.push(at, Code::WrongType, message, None);
                around
            }
        }
    }

    /// What stands in the file, a fault tree, a component or the model data. Recursion is bounded by `depth`.
    fn container(&mut self, node: Node<'_, 't>, scope: usize, role: Role, depth: usize) {
        if depth == 0 {
            return self.too_deep(node);
        }
        for child in node.children().filter(Node::is_element) {
            match child.tag_name().name() {
                "define-fault-tree" | "define-component" => self.scope(child, scope, role, depth),
                "model-data" => self.container(child, scope, role, depth - 1),
                "define-gate" => {
                    if let Some(mut gate) = self.definition(child, scope, role) {
                        gate.value = self.gate(child, gate.name, depth - 1);
                        self.found.gates.push(gate);
                    }
                }
                "define-basic-event" => {
                    if let Some(mut event) = self.definition(child, scope, role) {
                        event.value = self.probability(child, event.name);
                        self.found.events.push(event);
                    }
                }
                "define-house-event" => {
                    if let Some(mut house) = self.definition(child, scope, role) {
                        let constant = child.children().find(|part| part.has_tag_name("constant"));
                        house.value = constant.map_or(Some(false), |constant| self.constant(constant));
                        self.found.houses.push(house);
                    }
                }
                name @ ("define-CCF-group" | "define-substitution") => {
                    let message = format!("`<{name}>` is not read: it would change the tree");
                    let help = Some("write the gates and events that it stands for".to_owned());
                    self.problems.push(tag(child), Code::UnknownKey, message, help);
                }
                "label"
                | "attributes"
                | "define-parameter"
                | "define-event-tree"
                | "define-initiating-event"
                | "define-sequence"
                | "define-rule"
                | "define-functional-event"
                | "define-alignment"
                | "define-extern-function"
                | "define-extern-library"
                | "include" => {}
                _ => self.unknown(child, "a fault tree"),
            }
        }
    }

    fn scope(&mut self, node: Node<'_, 't>, around: usize, role: Role, depth: usize) {
        let Some((name, _)) = self.name(node) else { return };
        let role = self.role(node, role);
        if self.found.title.is_empty() {
            name.clone_into(&mut self.found.title);
        }
        let outer = &self.found.scopes[around].path;
        let path = if outer.is_empty() { name.to_owned() } else { format!("{outer}.{name}") };
        self.found.scopes.push(Scope { path, parent: Some(around) });
        let scope = self.found.scopes.len() - 1;
        self.container(node, scope, role, depth - 1);
    }

    fn definition<T>(&mut self, node: Node<'_, 't>, scope: usize, role: Role) -> Option<Definition<'t, T>> {
        let (name, at) = self.name(node)?;
        if let Some(reason) = crate::id::objection(name) {
            self.problems.push(at, Code::BadId, format!("`{name}` cannot be an id: {reason}"), None);
            return None;
        }
        let role = self.role(node, role);
        Some(Definition { name, at, scope, role, value: None })
    }

    /// The one part of a definition that is no label.
    fn body<'n>(&mut self, node: Node<'n, 't>, name: &str, expected: &str) -> Option<Node<'n, 't>> {
        let is_part =
            |part: &Node<'_, '_>| part.is_element() && !matches!(part.tag_name().name(), "label" | "attributes");
        let mut parts = node.children().filter(is_part);
        let first = parts.next();
        if first.is_none() {
            let code = if expected == "a formula" { Code::EmptyNeed } else { Code::PriorUnclear };
            self.problems.push(tag(node), code, format!("`{name}` has no content: expected {expected}"), None);
        }
        if let Some(second) = parts.next() {
            let message = format!("`{name}` has more than one content: expected {expected}");
            self.problems.push(tag(second), Code::WrongType, message, None);
            return None;
        }
        first
    }

    fn gate(&mut self, node: Node<'_, 't>, name: &str, depth: usize) -> Option<Formula<'t>> {
        let formula = self.body(node, name, "a formula")?;
        self.formula(formula, name, depth)
    }

    /// Recursion is bounded by `depth`.
    fn formula(&mut self, node: Node<'_, 't>, gate: &str, depth: usize) -> Option<Formula<'t>> {
        if depth == 0 {
            self.too_deep(node);
            return None;
        }
        let wanted = match node.tag_name().name() {
            "gate" => Wanted::Gate,
            "basic-event" => Wanted::BasicEvent,
            "house-event" => Wanted::HouseEvent,
            "event" => match node.attribute("type") {
                Some("gate") => Wanted::Gate,
                Some("basic-event") => Wanted::BasicEvent,
                Some("house-event") => Wanted::HouseEvent,
                _ => Wanted::Any,
            },
            "constant" => return self.constant(node).map(Formula::Constant),
            "or" | "and" | "atleast" => return self.at_least(node, gate, depth),
            negative @ ("not" | "xor" | "iff" | "imply" | "nand" | "nor" | "cardinality") => {
                let message = format!(
                    "the gate `{gate}` contains `{negative}`: it can fail because something works, so it has no minimal \
                     cut sets, and failure does not spread along it"
                );
                let help = "say by an event of its own what must not be there";
                self.problems.push(tag(node), Code::NotMonotone, message, Some(help.to_owned()));
                return None;
            }
            _ => {
                self.unknown(node, &format!("the formula of the gate `{gate}`"));
                return None;
            }
        };
        let (name, at) = self.name(node)?;
        Some(Formula::Reference(Reference { wanted, name, at }))
    }

    fn at_least(&mut self, node: Node<'_, 't>, gate: &str, depth: usize) -> Option<Formula<'t>> {
        let parts: Vec<_> = node.children().filter(Node::is_element).collect();
        let operator = node.tag_name().name();
        if parts.is_empty() {
            let message = format!("the `{operator}` of the gate `{gate}` has no input");
            self.problems.push(tag(node), Code::EmptyNeed, message, None);
            return None;
        }
        let threshold = match operator {
            "or" => Some(1),
            "and" => Some(parts.len() as u32),
            _ => self.attribute(node, "min").and_then(|(text, at)| {
                let min = text.parse().ok().filter(|min: &u32| (1..=parts.len() as u32).contains(min));
                if min.is_none() {
                    let message = format!("expected `min` from 1 to the {} inputs, found `{text}`", parts.len());
                    self.problems.push(at, Code::BadNumber, message, None);
                }
                min
            }),
        };
        // All inputs are read before any is given up, so that all problems are found.
        let inputs: Vec<Option<Formula<'t>>> =
            parts.into_iter().map(|part| self.formula(part, gate, depth - 1)).collect();
        Some(Formula::AtLeast(threshold?, inputs.into_iter().collect::<Option<_>>()?))
    }

    fn constant(&mut self, node: Node<'_, 't>) -> Option<bool> {
        let (text, at) = self.attribute(node, "value")?;
        match text {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => {
                self.problems.push(at, Code::WrongType, format!("expected `true` or `false`, found `{text}`"), None);
                None
            }
        }
    }

    fn probability(&mut self, node: Node<'_, 't>, name: &str) -> Option<f64> {
        let number = self.body(node, name, "a probability, such as `<float value=\"1e-3\"/>`")?;
        let expression = number.tag_name().name();
        if !matches!(expression, "float" | "int") {
            let message =
                format!("the probability of `{name}` is an expression, `<{expression}>`; only numbers are read");
            let help = Some("write its value: `<float value=\"…\"/>`".to_owned());
            self.problems.push(tag(number), Code::PriorUnclear, message, help);
            return None;
        }
        let (text, at) = self.attribute(number, "value")?;
        let value = text.parse().ok().filter(|value| (0.0..=1.0).contains(value));
        if value.is_none() {
            let message = format!("expected a probability from 0 to 1, found `{text}`");
            self.problems.push(at, Code::BadProbability, message, None);
        }
        value
    }
}
