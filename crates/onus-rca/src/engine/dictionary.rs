//! All single faults at once: what each makes fail, as a signature over what somebody watches.
//!
//! A signature is 128 bits: the sum modulo 2 of a random key for each watched node that fails (Zobrist 1970). Two faults
//! have the same signature if they make the same watched nodes fail; if they do not, the chance of the same signature is
//! 2⁻¹²⁸ a pair, or 10⁻²⁶ for all pairs of 10⁶ faults. Keys depend on the number of a node outside and on nothing else.
//!
//! Two ways, chosen batch by batch by what a few samples of the batch reach:
//!
//! * one cascade at a time ([`Cascade`]), which costs what fails;
//! * [`Lanes`], which cost the whole circuit from the lowest fault on for 512 faults. They win once a cascade goes over a
//!   600th of the edges from there on.
//!
//! A fault whose only effect is another node's failure has that node's signature; only the last of such a chain is worked
//! out.

use super::cascade::{Cascade, lacking};
use super::counters::Counters;
use super::key_sums::{KeySums, MANY};
use super::lanes::{LANES, Lanes};
use super::{Circuit, Node};
use crate::random::key;

/// What somebody watches, for each of several views, by node.
#[derive(Clone, Debug)]
struct Watched {
    /// By node: the first of its entries in `views`.
    offsets: Vec<u32>,
    views: Vec<u32>,
    /// Watched nodes, rising.
    nodes: Vec<Node>,
}

/// Signatures of single faults: a row for each fault, a column for each view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signatures {
    views: usize,
    rows: Vec<u128>,
}

impl Signatures {
    /// The signatures of a fault, by view. 0 where nothing watched fails.
    pub fn of(&self, fault: usize) -> &[u128] {
        &self.rows[fault * self.views..(fault + 1) * self.views]
    }

    /// How many faults.
    pub fn len(&self) -> usize {
        self.rows.len().checked_div(self.views).unwrap_or(0)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// How the cascades of a dictionary are worked out; the answer is the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DictionaryWay {
    /// By what samples reach.
    #[default]
    Auto,
    /// One cascade at a time.
    Cascades,
    /// 512 at once.
    Lanes,
}

/// Part of the edges from the lowest fault on at which a cascade and its share of the lanes cost the same: 450 to 700 in
/// `benches/dictionary.rs`.
const EVEN: usize = 600;
/// Cascades tried in each batch before it is decided.
const SAMPLES: usize = 16;

impl Circuit {
    /// The signatures of single faults over what each of some views watches, in one pass for all views.
    ///
    /// `faults` are the nodes that fail, one at a time; `given` have failed already (see [`Cascade::given`]), and what
    /// fails by them is part of no signature.
    ///
    /// O(Σ cascades + watched failures · views that watch), or O(faults / 512 · edges) where that is less.
    ///
    /// ```
    /// use onus_rca::engine::{Circuit, DictionaryWay, Gates};
    ///
    /// // 2 fails with 0 or 1; 3 with both.
    /// let circuit = Circuit::new(Gates::new(vec![1, 1, 1, 2], vec![0, 0, 0, 2, 4], vec![0, 1, 0, 1])?);
    /// let [a, b, or, and] = [0, 1, 2, 3].map(|gate| circuit.node(gate));
    /// let signatures = circuit.signatures(&[a, b], &[], &[vec![or, and], vec![a]], DictionaryWay::Auto);
    /// // Who watches the gates cannot tell the two apart; who watches `a` can.
    /// assert_eq!(signatures.of(0)[0], signatures.of(1)[0]);
    /// assert_ne!(signatures.of(0)[1], signatures.of(1)[1]);
    /// # Ok::<(), onus_rca::engine::InvalidGates>(())
    /// ```
    pub fn signatures(&self, faults: &[Node], given: &[Node], views: &[Vec<Node>], way: DictionaryWay) -> Signatures {
        let start = lacking(self, given);
        let watched = Watched::of(self, views);
        // Falling, so that each batch of lanes sweeps no more than it must; each node once.
        let stand_ins: Vec<Node> = faults.iter().map(|fault| stand_in(self, &start, &watched, *fault)).collect();
        let mut nodes = stand_ins.clone();
        nodes.sort_unstable_by(|a, b| b.cmp(a));
        nodes.dedup();
        let mut found = vec![0_u128; nodes.len() * views.len()];
        if !views.is_empty() {
            let make = || Work {
                circuit: self,
                watched: &watched,
                cascade: Cascade::given(self, given),
                lanes: None,
                sums: None,
            };
            in_batches(&nodes, &mut found, views.len(), make, |work, batch, found| {
                work.batch(&start, batch, found, way);
            });
        }
        let mut rows = Vec::with_capacity(faults.len() * views.len());
        for node in &stand_ins {
            // The nodes fall; as many as are above it stand before it.
            let at = nodes.partition_point(|other| other > node);
            rows.extend_from_slice(&found[at * views.len()..(at + 1) * views.len()]);
        }
        Signatures { views: views.len(), rows }
    }

    /// The signature of the failure of just these nodes, each listed once: that of a fault in a view that sees just these fail.
    pub(crate) fn signature(&self, nodes: &[Node]) -> u128 {
        nodes.iter().fold(0, |sum, node| sum ^ key(self.number(*node)))
    }
}

/// Works out the rows of the nodes, batch by batch. A batch writes its own rows and nothing else.
#[cfg(not(feature = "rayon"))]
fn in_batches<W>(
    nodes: &[Node],
    rows: &mut [u128],
    views: usize,
    make: impl Fn() -> W,
    each: impl Fn(&mut W, &[Node], &mut [u128]),
) {
    let mut work = make();
    for (batch, rows) in nodes.chunks(LANES).zip(rows.chunks_mut(LANES * views)) {
        each(&mut work, batch, rows);
    }
}

/// Works out the rows of the nodes, batch by batch, on all threads. A batch writes its own rows and nothing else; room to
/// work in is large and made once for each thread.
#[cfg(feature = "rayon")]
fn in_batches<W: Send>(
    nodes: &[Node],
    rows: &mut [u128],
    views: usize,
    make: impl Fn() -> W + Sync,
    each: impl Fn(&mut W, &[Node], &mut [u128]) + Sync,
) {
    use std::sync::{Mutex, PoisonError};

    use rayon::prelude::*;

    let idle: Mutex<Vec<W>> = Mutex::default();
    let idle = || idle.lock().unwrap_or_else(PoisonError::into_inner);
    nodes.par_chunks(LANES).zip(rows.par_chunks_mut(LANES * views)).for_each(|(batch, rows)| {
        let taken = idle().pop();
        let mut work = taken.unwrap_or_else(&make);
        each(&mut work, batch, rows);
        idle().push(work);
    });
}

/// The node whose failure shows the same as another's: as long as nobody watches a node and all it does is make one gate fail,
/// that gate.
fn stand_in(circuit: &Circuit, start: &Counters, watched: &Watched, mut node: Node) -> Node {
    while let ([only], []) = (circuit.outputs(node), watched.views_of(node)) {
        // Rising nodes only: a loop must not be gone around.
        if start.narrow[node.index()] == 0 || start.narrow[only.index()] != 1 || *only <= node {
            break;
        }
        node = *only;
    }
    node
}

impl Watched {
    fn of(circuit: &Circuit, views: &[Vec<Node>]) -> Self {
        let mut pairs: Vec<(Node, u32)> = Vec::new();
        for (view, nodes) in views.iter().enumerate() {
            pairs.extend(nodes.iter().map(|node| (*node, view as u32)));
        }
        pairs.sort_unstable();
        pairs.dedup();
        let mut offsets = vec![0; circuit.node_count() + 1];
        for (node, _) in &pairs {
            offsets[node.index() + 1] += 1;
        }
        for at in 1..offsets.len() {
            offsets[at] += offsets[at - 1];
        }
        let mut nodes: Vec<Node> = pairs.iter().map(|(node, _)| *node).collect();
        nodes.dedup();
        Self { offsets, views: pairs.into_iter().map(|(_, view)| view).collect(), nodes }
    }

    fn views_of(&self, node: Node) -> &[u32] {
        &self.views[self.offsets[node.index()] as usize..self.offsets[node.index() + 1] as usize]
    }
}

/// What one thread needs.
struct Work<'w, 'c> {
    circuit: &'c Circuit,
    watched: &'w Watched,
    cascade: Cascade<'c>,
    /// Made when first needed: it is large.
    lanes: Option<Lanes<'w>>,
    /// Made with them.
    sums: Option<KeySums>,
}

impl<'w, 'c: 'w> Work<'w, 'c> {
    /// The signatures of up to [`LANES`] nodes, falling.
    fn batch(&mut self, start: &'w Counters, nodes: &[Node], found: &mut [u128], way: DictionaryWay) {
        let views = found.len() / nodes.len();
        let lowest = nodes.last().map_or(0, |node| node.index());
        let even = (self.circuit.outputs.edges_from(lowest) / EVEN).max(64);
        let one_by_one = match way {
            DictionaryWay::Auto => self.reach(nodes, even) < even,
            DictionaryWay::Cascades => true,
            DictionaryWay::Lanes => false,
        };
        if !one_by_one {
            self.by_lanes(start, nodes, found, views);
            return;
        }
        // No more is spent on cascades than a sweep of lanes costs; then the rest of the batch goes there.
        let mut budget = if way == DictionaryWay::Auto { even * LANES } else { usize::MAX };
        for (at, node) in nodes.iter().enumerate() {
            let Some((failed, edges)) = self.cascade.within(&[*node], budget) else {
                self.by_lanes(start, &nodes[at..], &mut found[at * views..], views);
                return;
            };
            budget -= edges;
            let row = &mut found[at * views..(at + 1) * views];
            for node in failed {
                for view in self.watched.views_of(*node) {
                    row[*view as usize] ^= key(self.circuit.number(*node));
                }
            }
        }
    }

    /// How many edges a cascade from one of these nodes goes over, on the average of a few samples, each counted up to a
    /// limit.
    fn reach(&mut self, nodes: &[Node], limit: usize) -> usize {
        let step = nodes.len().div_ceil(SAMPLES);
        let samples = nodes.iter().step_by(step);
        let limit = limit * 8;
        let count = samples.len();
        samples.map(|node| self.cascade.within(&[*node], limit).map_or(limit, |(_, edges)| edges)).sum::<usize>()
            / count
    }

    fn by_lanes(&mut self, start: &'w Counters, nodes: &[Node], found: &mut [u128], views: usize) {
        let lanes = self.lanes.get_or_insert_with(|| Lanes::new(self.circuit, start));
        let sums = self.sums.get_or_insert_with(|| KeySums::new(views));
        lanes.spread(nodes);
        // A loop may lie around the lowest node.
        for node in &self.watched.nodes[self.watched.nodes.partition_point(|node| node.index() < lanes.lowest())..] {
            let key = key(self.circuit.number(*node));
            let views_of = self.watched.views_of(*node);
            let row = &lanes.row(*node).0;
            if row.iter().map(|word| word.count_ones()).sum::<u32>() >= MANY {
                for view in views_of {
                    sums.add(*view as usize, key, row);
                }
                continue;
            }
            for (at, word) in row.iter().enumerate() {
                let mut word = *word;
                while word != 0 {
                    let lane = at * 64 + word.trailing_zeros() as usize;
                    for view in views_of {
                        found[lane * views + *view as usize] ^= key;
                    }
                    word &= word - 1;
                }
            }
        }
        sums.take(found);
    }
}
