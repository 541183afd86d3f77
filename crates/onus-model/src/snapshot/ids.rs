//! Ids in one text, rising: millions of them are two blocks of memory.

use std::io;

use super::write::too_large;

/// Ids of a kind, rising, in one text: what reads in no time, and is searched without a map.
///
/// ```
/// use onus_model::Ids;
///
/// let ids = Ids::of(["db", "portal"])?;
/// assert_eq!((ids.len(), ids.get(1), ids.find("portal")), (2, "portal", Some(1)));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    text: String,
    /// Where each ends.
    ends: Vec<u32>,
}

impl Ids {
    /// Ids that rise.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] if they do not rise, or have 4 GiB.
    pub fn of<'i>(ids: impl IntoIterator<Item = &'i str>) -> io::Result<Self> {
        let mut all = Self::default();
        let mut last = None;
        for id in ids {
            if last.is_some_and(|last| last >= id) {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    format!("`{id}` does not come after the id before"),
                ));
            }
            all.text.push_str(id);
            all.ends.push(u32::try_from(all.text.len()).map_err(|_| too_large())?);
            last = Some(id);
        }
        Ok(all)
    }

    /// Ids as they were stored; else the first that is none, or does not rise. O(bytes).
    pub(super) fn stored(text: String, ends: Vec<u32>) -> Result<Self, usize> {
        let mut begin = 0;
        let mut last: Option<&[u8]> = None;
        for (at, end) in ends.iter().enumerate() {
            let end = *end as usize;
            // Bytes rise as texts do.
            let Some(id) = text.as_bytes().get(begin..end) else { return Err(at) };
            if !text.is_char_boundary(end) || last.is_some_and(|last| last >= id) {
                return Err(at);
            }
            (begin, last) = (end, Some(id));
        }
        if begin == text.len() { Ok(Self { text, ends }) } else { Err(ends.len()) }
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The id at a position.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn get(&self, at: usize) -> &str {
        let begin = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.text[begin as usize..self.ends[at] as usize]
    }

    /// The position of an id. O(log ids).
    pub fn find(&self, id: &str) -> Option<usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.get(middle).cmp(id) {
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// All of them, rising.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|at| self.get(at))
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn ends(&self) -> &[u32] {
        &self.ends
    }
}
