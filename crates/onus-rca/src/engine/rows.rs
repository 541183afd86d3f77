//! Adjacency in compressed sparse rows: 4 bytes an edge and 4 bytes a row.

use super::Node;

/// Row `r` is `targets[offsets[r]..offsets[r + 1]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rows {
    offsets: Vec<u32>,
    targets: Vec<Node>,
}

impl Rows {
    /// Rows from their lists; there are fewer than 2³² targets, because they were counted in `u32` before.
    pub(super) fn with_capacity(rows: usize, targets: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self { offsets, targets: Vec::with_capacity(targets) }
    }

    pub(super) fn push(&mut self, row: impl Iterator<Item = Node>) {
        self.targets.extend(row);
        self.offsets.push(self.targets.len() as u32);
    }

    /// Rows that were checked before.
    pub(super) fn of_parts(offsets: Vec<u32>, targets: Vec<Node>) -> Self {
        Self { offsets, targets }
    }

    /// Where each row begins, and the last one ends.
    pub(crate) fn offsets(&self) -> &[u32] {
        &self.offsets
    }

    /// The targets of all rows.
    pub(crate) fn targets(&self) -> &[Node] {
        &self.targets
    }

    /// How many rows.
    pub(super) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// A row.
    #[inline]
    pub(crate) fn of(&self, row: usize) -> &[Node] {
        &self.targets[self.offsets[row] as usize..self.offsets[row + 1] as usize]
    }

    /// Writes a row to the end of a list: the first eight targets at once, be they the row's or not, since where a short row ends
    /// cannot be foretold.
    #[inline]
    pub(super) fn append_to(&self, row: usize, list: &mut Vec<Node>) {
        const AT_ONCE: usize = 8;
        let (begin, end) = (self.offsets[row] as usize, self.offsets[row + 1] as usize);
        let Some(first) = self.targets.get(begin..begin + AT_ONCE) else {
            list.extend_from_slice(&self.targets[begin..end]);
            return;
        };
        list.extend_from_slice(first);
        if end - begin > AT_ONCE {
            list.extend_from_slice(&self.targets[begin + AT_ONCE..end]);
        } else {
            list.truncate(list.len() - (AT_ONCE - (end - begin)));
        }
    }

    /// Bytes that they hold.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.offsets) + size_of_val(&*self.targets)
    }

    /// Targets of all rows together.
    pub(crate) fn edge_count(&self) -> usize {
        self.targets.len()
    }

    /// Targets of the rows from one on.
    pub(super) fn edges_from(&self, row: usize) -> usize {
        self.targets.len() - self.offsets[row] as usize
    }

    /// Writes each row anew, never longer than before, without a second copy of all. `rewrite` gets the row's position, the
    /// row as it is, and an empty list for the new one.
    pub(super) fn shrink(&mut self, mut rewrite: impl FnMut(usize, &[Node], &mut Vec<Node>)) {
        let mut row = Vec::new();
        let (mut begin, mut end) = (0, 0);
        for at in 0..self.len() {
            let next = self.offsets[at + 1] as usize;
            row.clear();
            rewrite(at, &self.targets[begin..next], &mut row);
            self.targets[end..end + row.len()].copy_from_slice(&row);
            end += row.len();
            self.offsets[at + 1] = end as u32;
            begin = next;
        }
        self.targets.truncate(end);
    }

    /// What each node is a target of, by counting sort: the rows are gone through in the order given, which so is the order
    /// within the reverse rows. O(rows + targets).
    pub(super) fn reversed(&self, sequence: impl Iterator<Item = Node>) -> Self {
        let rows = self.offsets.len() - 1;
        let mut offsets = vec![0_u32; rows + 1];
        for target in &self.targets {
            offsets[target.index()] += 1;
        }
        let mut total = 0;
        for offset in &mut offsets {
            total += std::mem::replace(offset, total);
        }
        let mut targets = vec![Node::new(0); self.targets.len()];
        for row in sequence {
            for target in self.of(row.index()) {
                let place = &mut offsets[target.index()];
                targets[*place as usize] = row;
                *place += 1;
            }
        }
        // Each offset has moved to its row's end, which is where the next begins.
        offsets.rotate_right(1);
        offsets[0] = 0;
        Self { offsets, targets }
    }
}
