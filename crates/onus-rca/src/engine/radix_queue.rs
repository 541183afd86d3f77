//! A queue for times that never fall: what is put in is never before what was last taken out.
//!
//! Buckets on several levels (Denardo & Fox 1979): an entry stands on the level of the highest byte in which its time differs
//! from the last time taken out, in the bucket of that byte. On the lowest level a bucket is one time, and is taken out
//! whole. Each entry moves at most 7 times, only ever to lower levels: once or never where delays are below 256. No bound on
//! times is needed, unlike with a ring of buckets.

/// Buckets of a level, one for each value of a byte.
const WIDTH: usize = 256;
const LEVELS: usize = 8;

/// Entries with times.
#[derive(Clone, Debug)]
pub(super) struct RadixQueue<T> {
    last: u64,
    /// What is due within the byte of `last`, by time.
    near: Vec<Vec<T>>,
    /// The levels from the second on, made when first needed.
    far: Vec<Vec<Vec<(u64, T)>>>,
    /// By level, a bit for each bucket that is not empty.
    filled: [[u64; WIDTH / 64]; LEVELS],
    moving: Vec<(u64, T)>,
}

impl<T: Copy> RadixQueue<T> {
    pub(super) fn new() -> Self {
        let near = vec![Vec::new(); WIDTH];
        Self { last: 0, near, far: vec![Vec::new(); LEVELS - 1], filled: [[0; WIDTH / 64]; LEVELS], moving: Vec::new() }
    }

    /// Empties it and begins again at time 0.
    pub(super) fn clear(&mut self) {
        self.last = 0;
        while let Some((level, bucket)) = self.first() {
            match level {
                0 => self.near[bucket].clear(),
                _ => self.far[level - 1][bucket].clear(),
            }
            self.filled[level][bucket / 64] &= !(1 << (bucket % 64));
        }
    }

    /// Puts an entry in. Its time is not before the last one taken out.
    #[inline]
    pub(super) fn push(&mut self, time: u64, entry: T) {
        debug_assert!(time >= self.last, "times never fall");
        let differs = time ^ self.last;
        if differs < WIDTH as u64 {
            let bucket = time as usize % WIDTH;
            self.near[bucket].push(entry);
            self.filled[0][bucket / 64] |= 1 << (bucket % 64);
        } else {
            self.push_far(differs.ilog2() as usize / 8, time, entry);
        }
    }

    fn push_far(&mut self, level: usize, time: u64, entry: T) {
        let bucket = (time >> (8 * level)) as usize % WIDTH;
        let buckets = &mut self.far[level - 1];
        if buckets.is_empty() {
            buckets.resize(WIDTH, Vec::new());
        }
        buckets[bucket].push((time, entry));
        self.filled[level][bucket / 64] |= 1 << (bucket % 64);
    }

    /// The earliest bucket that is not empty.
    fn first(&self) -> Option<(usize, usize)> {
        self.filled.iter().enumerate().find_map(|(level, words)| {
            let at = words.iter().position(|word| *word != 0)?;
            Some((level, at * 64 + words[at].trailing_zeros() as usize))
        })
    }

    /// Takes out all entries of the earliest time, in the place of what `due` held. What is put in for that time afterwards comes
    /// with the next call.
    pub(super) fn take(&mut self, due: &mut Vec<T>) -> Option<u64> {
        due.clear();
        loop {
            let (level, bucket) = self.first()?;
            self.filled[level][bucket / 64] &= !(1 << (bucket % 64));
            if level == 0 {
                self.last = self.last / WIDTH as u64 * WIDTH as u64 + bucket as u64;
                std::mem::swap(due, &mut self.near[bucket]);
                return Some(self.last);
            }
            let mut moving = std::mem::take(&mut self.moving);
            std::mem::swap(&mut moving, &mut self.far[level - 1][bucket]);
            // The bucket's first time; nothing is due before it, and what moves goes to a lower level.
            self.last = moving.iter().map(|(time, _)| *time).min()?;
            for (time, entry) in moving.drain(..) {
                self.push(time, entry);
            }
            self.moving = moving;
        }
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
        let mut queue = RadixQueue::new();
        for spread in [1, 3, 100, 1000, 1 << 20, 1 << 30] {
            let mut heap = BinaryHeap::new();
            let (mut now, mut due) = (0, Vec::new());
            for at in 0..2000 {
                if next(5) < 3 {
                    // Far apart too.
                    let time = now + next(spread) * if next(50) == 0 { 1 << 30 } else { 1 };
                    queue.push(time, at);
                    heap.push(Reverse((time, at)));
                } else {
                    let taken = queue.take(&mut due);
                    let mut expected = Vec::new();
                    while heap.peek().is_some_and(|Reverse((time, _))| Some(*time) == taken) {
                        expected.extend(heap.pop().map(|Reverse((_, at))| at));
                    }
                    due.sort_unstable();
                    assert_eq!(due, expected);
                    assert!(heap.peek().is_none_or(|Reverse((time, _))| taken.is_some_and(|taken| taken < *time)));
                    now = taken.unwrap_or(now);
                }
            }
            queue.clear();
            assert_eq!(queue.take(&mut due), None);
        }
        queue.push(u64::MAX, 1);
        queue.push(0, 2);
        let mut due = Vec::new();
        assert_eq!([0, 1, 2].map(|_| queue.take(&mut due)), [Some(0), Some(u64::MAX), None]);
    }
}
