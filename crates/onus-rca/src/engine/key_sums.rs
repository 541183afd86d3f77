//! Sums of keys, lane by lane, where many lanes share a key.
//!
//! A node's key goes into the sum of every lane in which the node fails. Lane by lane that is an addition for each; bit by bit of
//! the key it is an addition of the whole row of lanes for each bit that is set, 64 on average, whatever the lanes. So rows with
//! more lanes than that are added to planes, one for each bit, and the planes turned into sums at the end.

use super::lanes::LANES;

const WORDS: usize = LANES / 64;
const BITS: usize = u128::BITS as usize;

/// Lanes from which on planes cost less.
pub(super) const MANY: u32 = 64;

/// Sums of keys for several views, by plane.
pub(super) struct KeySums {
    /// By view, by bit of the keys: the lanes in whose sum it is set.
    planes: Vec<[[u64; WORDS]; BITS]>,
    /// By view: whether anything was added.
    is_used: Vec<bool>,
}

impl KeySums {
    pub(super) fn new(views: usize) -> Self {
        Self { planes: vec![[[0; WORDS]; BITS]; views], is_used: vec![false; views] }
    }

    /// Adds a key to the sums of the lanes of a row.
    pub(super) fn add(&mut self, view: usize, key: u128, row: &[u64; WORDS]) {
        self.is_used[view] = true;
        let mut bits = key;
        while bits != 0 {
            let plane = &mut self.planes[view][bits.trailing_zeros() as usize];
            *plane = std::array::from_fn(|word| plane[word] ^ row[word]);
            bits &= bits - 1;
        }
    }

    /// Adds the sums to what was found, by lane, then by view, and begins anew.
    pub(super) fn take(&mut self, found: &mut [u128]) {
        let views = self.planes.len();
        for view in 0..views {
            if !std::mem::take(&mut self.is_used[view]) {
                continue;
            }
            let planes = std::mem::replace(&mut self.planes[view], [[0; WORDS]; BITS]);
            for word in 0..WORDS {
                let halves = planes.split_at(BITS / 2);
                let [low, high] = [halves.0, halves.1].map(|half| {
                    let mut block: [u64; 64] = std::array::from_fn(|bit| half[bit][word]);
                    transpose(&mut block);
                    block
                });
                let lanes = found.chunks_mut(views).skip(64 * word).zip(low.iter().zip(&high));
                for (row, (low, high)) in lanes {
                    row[view] ^= u128::from(*high) << 64 | u128::from(*low);
                }
            }
        }
    }
}

/// Swaps rows and columns of 64 by 64 bits (Warren, Hacker's Delight, 7-3): halves of ever smaller blocks change places.
fn transpose(block: &mut [u64; 64]) {
    let mut width = 32;
    let mut mask = u64::from(u32::MAX);
    while width > 0 {
        for row in (0..64).filter(|row| row & width == 0) {
            let swapped = (block[row] >> width ^ block[row + width]) & mask;
            block[row] ^= swapped << width;
            block[row + width] ^= swapped;
        }
        width /= 2;
        mask ^= mask << width;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Random, key};

    #[test]
    fn sums_by_plane_are_those_lane_by_lane() {
        let mut random = Random(7);
        let views = 3;
        let mut sums = KeySums::new(views);
        // Twice: what was taken is gone. Fewer lanes than there could be: what is beyond them is nobody's.
        for lanes in [LANES, 100] {
            let mut plain = vec![0_u128; lanes * views];
            for node in 0..40 {
                let row: [u64; WORDS] = std::array::from_fn(|_| random.next());
                let view = random.below(2);
                sums.add(view, key(node), &row);
                for lane in (0..lanes).filter(|lane| row[lane / 64] >> (lane % 64) & 1 == 1) {
                    plain[lane * views + view] ^= key(node);
                }
            }
            let mut found = vec![0; lanes * views];
            sums.take(&mut found);
            assert_eq!(found, plain);
        }
    }
}
