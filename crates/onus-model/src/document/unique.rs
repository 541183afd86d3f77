//! Mappings in which no key stands twice. serde refuses a key of a struct that stands twice, and of a mapping takes the
//! last one without a word.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

/// Reads a mapping, and stops at a key that stood there before.
pub(super) fn mapping<'de, T, D>(deserializer: D) -> Result<BTreeMap<String, T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    struct MappingVisitor<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for MappingVisitor<T> {
        type Value = BTreeMap<String, T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<BTreeMap<String, T>, A::Error> {
            let mut entries = BTreeMap::new();
            while let Some(key) = access.next_key::<String>()? {
                match entries.entry(key) {
                    Entry::Vacant(entry) => entry.insert(access.next_value()?),
                    Entry::Occupied(entry) => {
                        return Err(de::Error::custom(format!("the key `{}` stands twice", entry.key())));
                    }
                };
            }
            Ok(entries)
        }
    }

    deserializer.deserialize_map(MappingVisitor(PhantomData))
}
