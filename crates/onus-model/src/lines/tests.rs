//! Damaged lines: the short reader against the two that it is a short cut for.

use std::io::Cursor;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use super::{gathered, read_lines};
use crate::diagnostic::Error;
use crate::document;
use crate::json;
use crate::read::read_with_positions;
use crate::source::{Limits, Source};
use crate::strategies::{Bounds, Names, case};
use crate::validate;

/// What happens to one line.
#[derive(Clone, Debug)]
enum Damage {
    /// A byte becomes another.
    Byte(Index, u8),
    /// It breaks off.
    Truncated(Index),
    /// A key and its value go.
    Removed(Index),
    /// A key is called something else.
    Renamed(Index, &'static str),
    /// A key stands twice.
    Twice(Index),
    /// There is a key more.
    Added(Index, &'static str, Value),
    /// A value becomes another, of any type.
    Replaced(Index, Value),
    /// It is there a second time, or not at all.
    Repeated(usize),
}

fn values() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(7),
        json!(0),
        json!(-1),
        json!(0.5),
        json!(1.5),
        json!(1e300),
        json!(""),
        json!(" "),
        json!("s0"),
        json!("s0 -> s1"),
        json!("nowhere"),
        json!("0.5"),
        json!("4h"),
        json!("1e-3/y"),
        json!([]),
        json!(["s0"]),
        json!({}),
        json!({"any": []}),
        json!({"any": ["s0"], "of": ["s0"]}),
        json!({"at_least": 3, "of": ["s0", "s1"]}),
        json!({"f": {"cause": "x", "probability": 0.5}}),
    ]
}

fn entries() -> Vec<(&'static str, Value)> {
    vec![
        ("trigger", json!(true)),
        ("latent", json!(true)),
        ("probability", json!(0.1)),
        ("rate", json!("1e-3/y")),
        ("exposure", json!("4h")),
        ("faultless", json!(true)),
        ("faults", json!({"f": {"cause": "x", "probability": 0.5}})),
        ("needs", json!(["s0", "s0"])),
        ("demand", json!({"users": -1})),
        ("propagates", json!(0.5)),
        ("delay", json!(["2h", "1h"])),
        ("s0", json!({})),
        ("s1 -> s0", json!({"kind": "x"})),
        ("s1->s0", json!({"kind": "x"})),
    ]
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<Index>;
    let byte = prop_oneof![any::<u8>(), select(br#"{}[]:,"\ 0-1e#&*"#.to_vec())];
    prop_oneof![
        (at(), byte).prop_map(|(at, byte)| Damage::Byte(at, byte)),
        at().prop_map(Damage::Truncated),
        at().prop_map(Damage::Removed),
        (at(), select(vec!["kind", "needs", "faults", "any", "of", "rate", "s0", "s1", "s0 -> s1", "nowhere"]))
            .prop_map(|(at, name)| Damage::Renamed(at, name)),
        at().prop_map(Damage::Twice),
        (at(), select(entries())).prop_map(|(at, (key, value))| Damage::Added(at, key, value)),
        (at(), select(values())).prop_map(|(at, value)| Damage::Replaced(at, value)),
        select(vec![0, 2]).prop_map(Damage::Repeated),
    ]
}

/// Ways to all values in a value, by keys and positions; the value itself is not among them.
fn ways(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), value)];
    while let Some((way, value)) = open.pop() {
        let inner: Vec<(String, &Value)> = match value {
            Value::Array(items) => items.iter().enumerate().map(|(at, item)| (at.to_string(), item)).collect(),
            Value::Object(entries) => {
                entries.iter().map(|(key, value)| (key.replace('~', "~0").replace('/', "~1"), value)).collect()
            }
            _ => Vec::new(),
        };
        for (step, inner) in inner {
            let way = format!("{way}/{step}");
            found.push(way.clone());
            open.push((way, inner));
        }
    }
    found
}

/// A value of an object in a line, with its key: the object, the key.
fn key_at(value: &mut Value, at: Index) -> Option<(&mut serde_json::Map<String, Value>, String)> {
    let keyed: Vec<(String, String)> = std::iter::once(String::new())
        .chain(ways(value))
        .filter_map(|way| Some((value.pointer(&way)?.as_object()?, way)))
        .flat_map(|(entries, way)| entries.keys().map(move |key| (way.clone(), key.clone())))
        .collect();
    let (way, key) = keyed.get(at.index(keyed.len().max(1)))?.clone();
    Some((value.pointer_mut(&way)?.as_object_mut()?, key))
}

/// Stands for a key that is put in a second time.
const TWICE: &str = "\u{1}twice";

fn damaged(line: &[u8], damage: &Damage) -> Vec<u8> {
    let text = |value: &Value| value.to_string().into_bytes();
    let mut value: Value = serde_json::from_slice(line).unwrap_or_default();
    match damage {
        Damage::Byte(at, byte) => {
            let mut line = line.to_vec();
            let at = at.index(line.len());
            line[at] = *byte;
            line
        }
        Damage::Truncated(at) => line[..at.index(line.len())].to_vec(),
        Damage::Removed(at) => {
            if let Some((entries, key)) = key_at(&mut value, *at) {
                entries.remove(&key);
            }
            text(&value)
        }
        Damage::Renamed(at, name) => {
            if let Some((entries, key)) = key_at(&mut value, *at)
                && let Some(inner) = entries.remove(&key)
            {
                entries.insert((*name).to_owned(), inner);
            }
            text(&value)
        }
        Damage::Twice(at) => {
            let Some((entries, key)) = key_at(&mut value, *at) else { return text(&value) };
            let inner = entries.get(&key).cloned().unwrap_or_default();
            entries.insert(TWICE.to_owned(), inner);
            let [mark, key] = [TWICE, &key].map(|key| json!(key).to_string());
            value.to_string().replace(&mark, &key).into_bytes()
        }
        Damage::Added(at, key, new) => {
            if let Some((entries, _)) = key_at(&mut value, *at) {
                entries.insert((*key).to_owned(), new.clone());
            }
            text(&value)
        }
        Damage::Replaced(at, new) => {
            let ways = ways(&value);
            if let Some(old) = ways.get(at.index(ways.len().max(1))).and_then(|way| value.pointer_mut(way)) {
                *old = new.clone();
            }
            text(&value)
        }
        Damage::Repeated(times) => vec![line; *times].join(&b'\n'),
    }
}

/// The document that the reader with positions makes of a line, if there is nothing wrong in it.
fn with_positions(line: &str) -> Result<document::Model, Error> {
    let source = Source::from_line("line", line.as_bytes(), 1, Limits::default())?;
    read_with_positions(&source, |part: &document::Model, _| part.clone())
}

proptest! {
    #[test]
    fn the_short_reader_takes_what_the_others_take(
        case in select(vec![Names::Plain, Names::Odd]).prop_flat_map(|names| {
            case(&Bounds { systems: 4, events: 8, contracts: 2, names, ..Bounds::default() })
        }),
        damages in vec((any::<Index>(), damage()), 0..3),
    ) {
        let mut lines: Vec<Vec<u8>> = Vec::new();
        for record in case.model.into_records() {
            let mut line = Vec::new();
            record.write(&mut line).expect("a vector takes all that is written");
            lines.push(line.trim_ascii_end().to_vec());
        }
        for (at, damage) in &damages {
            let at = at.index(lines.len());
            if !lines[at].is_empty() {
                lines[at] = damaged(&lines[at], damage);
            }
        }
        let text = lines.join(&b'\n');
        // A file's lines, as columns and as a document.
        let short = gathered("lines", Cursor::new(&text)).expect("memory can be read");
        match read_lines("lines", Cursor::new(&text), validate::model) {
            Ok(model) => prop_assert_eq!(short, Some(model)),
            Err(error) => {
                prop_assert!(!error.diagnostics().is_empty());
                prop_assert_eq!(short, None, "{}", error);
            }
        }
        // One line, as JSON and as the YAML that it is. Numbers as texts are YAML, and no JSON.
        for line in text.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok()) {
            if let Some(Ok(part)) = json::document::<document::Model>(line) {
                let told = with_positions(line).map_err(|error| error.to_string());
                prop_assert_eq!(told, Ok(part), "{}", line);
            }
        }
    }
}
