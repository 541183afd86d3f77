//! Lists of lists in two arrays.

/// Lists in compressed rows.
#[derive(Clone, Debug)]
pub(super) struct Rows<T> {
    starts: Vec<usize>,
    entries: Vec<T>,
}

impl<T> Rows<T> {
    pub(super) fn new() -> Self {
        Self { starts: vec![0], entries: Vec::new() }
    }

    pub(super) fn push(&mut self, row: impl IntoIterator<Item = T>) {
        self.entries.extend(row);
        self.starts.push(self.entries.len());
    }

    pub(super) fn row(&self, row: usize) -> &[T] {
        &self.entries[self.starts[row]..self.starts[row + 1]]
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The entries of all rows, row after row.
    pub(super) fn entries(&self) -> &[T] {
        &self.entries
    }
}

impl<T: Copy> Rows<T> {
    /// Rows by number below `count`, of entries that each say their row, in the order given. O(entries + count).
    pub(super) fn sorted(pairs: &[(u32, T)], count: usize) -> Self {
        let mut starts = vec![0_usize; count + 1];
        for (row, _) in pairs {
            starts[*row as usize + 1] += 1;
        }
        for at in 0..count {
            starts[at + 1] += starts[at];
        }
        let mut fill = starts.clone();
        let mut entries: Vec<T> = pairs.iter().map(|(_, entry)| *entry).collect();
        for (row, entry) in pairs {
            entries[fill[*row as usize]] = *entry;
            fill[*row as usize] += 1;
        }
        Self { starts, entries }
    }
}

impl Rows<u32> {
    /// Which rows list each number below `count`.
    pub(super) fn inverted(&self, count: usize) -> Self {
        let rows = (0..self.len()).flat_map(|row| self.row(row).iter().map(move |entry| (*entry, row as u32)));
        Self::sorted(&rows.collect::<Vec<_>>(), count)
    }
}
