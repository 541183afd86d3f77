//! A queue for times that never fall: what is put in is never before what was last taken out.
//!
//! A radix heap (Ahuja, Mehlhorn, Orlin & Tarjan 1990): an entry stands in the bucket of the highest bit in which its
//! time differs from the last time taken out. Each entry moves at most 64 times, only ever to lower buckets, and in practice a few; a
//! bucket is gone through from one end to the other. No bound on times is needed, unlike with a ring of buckets.

/// Entries with times.
#[derive(Clone, Debug)]
pub(super) struct RadixQueue<T> {
    last: u64,
    /// Bucket 0 holds what is due at `last`.
    buckets: Vec<Vec<(u64, T)>>,
    moving: Vec<(u64, T)>,
}

impl<T: Copy> RadixQueue<T> {
    pub(super) fn new() -> Self {
        Self { last: 0, buckets: vec![Vec::new(); u64::BITS as usize + 1], moving: Vec::new() }
    }

    /// Empties it and begins again at time 0.
    pub(super) fn clear(&mut self) {
        self.last = 0;
        self.buckets.iter_mut().for_each(Vec::clear);
    }

    #[inline]
    fn bucket(last: u64, time: u64) -> usize {
        (u64::BITS - (time ^ last).leading_zeros()) as usize
    }

    /// Puts an entry in. Its time is not before the last one taken out.
    #[inline]
    pub(super) fn push(&mut self, time: u64, entry: T) {
        debug_assert!(time >= self.last, "times never fall");
        self.buckets[Self::bucket(self.last, time)].push((time, entry));
    }

    /// Takes out an entry of the earliest time.
    pub(super) fn pop(&mut self) -> Option<(u64, T)> {
        if let Some(entry) = self.buckets[0].pop() {
            return Some(entry);
        }
        let bucket = self.buckets.iter().position(|bucket| !bucket.is_empty())?;
        std::mem::swap(&mut self.moving, &mut self.buckets[bucket]);
        self.last = self.moving.iter().map(|(time, _)| *time).min()?;
        for (time, entry) in self.moving.drain(..) {
            self.buckets[Self::bucket(self.last, time)].push((time, entry));
        }
        self.buckets[0].pop()
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    use super::*;

    #[test]
    fn it_gives_what_a_heap_gives() {
        let mut random = 7_u64;
        let mut next = |bound: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (random >> 33) % bound
        };
        for spread in [1, 3, 100, 1 << 30] {
            let (mut queue, mut heap) = (RadixQueue::new(), BinaryHeap::new());
            let mut now = 0;
            for _ in 0..2000 {
                if next(5) < 3 {
                    let time = now + next(spread);
                    queue.push(time, ());
                    heap.push(Reverse(time));
                } else {
                    let taken = queue.pop().map(|(time, ())| time);
                    assert_eq!(taken, heap.pop().map(|Reverse(time)| time));
                    now = taken.unwrap_or(now);
                }
            }
        }
    }
}
