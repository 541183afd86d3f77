//! Names. Public ids are opaque strings, one newtype per kind, so that a contractor can never be passed where a
//! system is meant; inside a [`Model`](crate::Model) everything has a dense `u32` index, again one newtype per kind.
//!
//! Models have millions of ids, most of them short: one of up to 24 bytes stands in itself, without memory of its own.
//!
//! Indices are positions in the model's own sorted lists. They are valid for the model that gave them and for no other.

use std::fmt;

use compact_str::CompactString;

macro_rules! string_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(CompactString);

        impl $name {
            /// The id as it stands in the files.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            pub(crate) fn new(text: impl Into<CompactString>) -> Self {
                Self(text.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

string_id!(/// Id of a system, e.g. `router`.
    SystemId);
string_id!(/// Id of an interface, always written `consumer -> provider`.
    InterfaceId);
string_id!(/// Id of a fault: `system.name`, `consumer -> provider.name`, or the name of a common cause.
    FaultId);
string_id!(/// Id of a monitor.
    MonitorId);
string_id!(/// Id of a contractor.
    ContractorId);
string_id!(/// Id of a contract.
    ContractId);
string_id!(/// Id of an item of evidence.
    EvidenceId);

impl InterfaceId {
    /// The canonical id of an interface, as [`interface_id`] writes it.
    pub(crate) fn between(consumer: &str, provider: &str) -> Self {
        Self::new(joined([consumer, " -> ", provider]))
    }
}

impl FaultId {
    /// The id of a fault that stands under an element.
    pub(crate) fn under(owner: &str, name: &str) -> Self {
        Self::new(joined([owner, ".", name]))
    }
}

/// Three texts as one.
fn joined(parts: [&str; 3]) -> CompactString {
    let mut text = CompactString::with_capacity(parts.iter().map(|part| part.len()).sum());
    for part in parts {
        text.push_str(part);
    }
    text
}

impl EvidenceId {
    /// The id of the item at a position that no file records, but somebody supposes. No file can hold it: `?` is kept for
    /// selectors.
    pub fn supposed(position: usize) -> Self {
        Self(format!("?{position}").into())
    }
}

macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub(crate) u32);

        impl $name {
            /// The position in the model's list of this kind.
            pub fn index(self) -> usize {
                self.0 as usize
            }

            /// The index at a position. Using it with a model that has no such position panics there.
            pub fn new(position: usize) -> Self {
                Self(u32::try_from(position).expect("a model holds fewer than 2^32 items of a kind: its reader refuses more"))
            }
        }
    };
}

index!(/// Index of a system in its model.
    SystemIndex);
index!(/// Index of an interface in its model.
    InterfaceIndex);
index!(/// Index of a fault in its model.
    FaultIndex);
index!(/// Index of a monitor in its model.
    MonitorIndex);
index!(/// Index of a contractor in its model.
    ContractorIndex);
index!(/// Index of a contract in its model.
    ContractIndex);
index!(/// Index of an item of evidence in its incident.
    EvidenceIndex);

/// The party of that name sees what everyone may see.
pub const PUBLIC: &str = "public";
/// The view that puts together what every party saw.
pub const POOLED: &str = "pooled";

/// Writes the canonical id of an interface.
pub(crate) fn interface_id(consumer: &str, provider: &str) -> String {
    // Millions of them are made: without the detour of formatting.
    [consumer, " -> ", provider].concat()
}

/// Splits `consumer -> provider`, whatever the spaces around the arrow.
pub(crate) fn split_interface(text: &str) -> Option<(&str, &str)> {
    let (consumer, provider) = text.split_once("->")?;
    Some((consumer.trim(), provider.trim()))
}

/// Why a text cannot be an id, or `None` if it can. Interfaces are checked by their two ends.
pub(crate) fn objection(text: &str) -> Option<&'static str> {
    // Most ids are plain words, in which there is nothing to object to.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if (1..=256).contains(&text.len()) && text.bytes().all(is_plain) {
        return None;
    }
    if text.is_empty() {
        Some("an id must not be empty")
    } else if text.trim() != text {
        Some("an id must not begin or end with a space")
    } else if text.contains("->") {
        Some("`->` is kept for interfaces")
    } else if text.contains(['*', '?']) {
        Some("`*` and `?` are kept for selectors")
    } else if text.starts_with("kind:") {
        Some("`kind:` is kept for selectors")
    } else if text.chars().any(char::is_control) {
        Some("an id must not contain control characters")
    } else if text.chars().count() > 256 {
        Some("an id must not be longer than 256 characters")
    } else {
        None
    }
}
