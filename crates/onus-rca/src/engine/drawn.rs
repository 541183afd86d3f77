//! Drawn incidents: faults present independently of each other, each with a probability of its own; how often what is watched
//! fails.
//!
//! Faults are drawn by waiting times: sorted by falling probability, the number of faults that are passed over before the next is
//! geometric, and where it lands on a rarer one that is kept in proportion (Miller & Hagberg 2011). So drawing costs what is
//! present, not what could be.
//!
//! Most incidents reach little, and a few much. So each is spread as a cascade until that has cost some of its share of a sweep of lanes;
//! those that go on past it wait until there are 512, and are swept together. Where most go past it, none is tried.
//!
//! 512 incidents are drawn at a time, with a row of draws of its own: the counts are the same for any number of threads, and for all ways
//! to spread ([`DictionaryWay`]).

use super::cascade::{Cascade, lacking};
use super::counters::Counters;
use super::dictionary::DictionaryWay;
use super::lanes::{LANES, Lanes};
use super::{Circuit, Node};
use crate::random::Random;

/// Part of the edges after which a cascade gives up and waits for the lanes. With 600 choosing took two to three times as long as lanes alone
/// on power-law and cyclic circuits of 10⁶ edges; 2,400 and 4,800 differ little (`benches/monte_carlo.rs`).
const PART: usize = 4800;
/// Incidents by which the way is chosen.
const SAMPLES: usize = 32;

/// How often nodes have failed in some incidents that were drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frequencies {
    /// How many incidents.
    pub incidents: u64,
    /// By position in what was watched: in how many of them it failed.
    pub failed: Vec<u64>,
}

impl Circuit {
    /// Draws incidents and counts in how many each watched node fails.
    ///
    /// Each of `faults` is present with its probability, independently of the others; `given` have failed already (see
    /// [`Cascade::given`]), and what fails by them is not counted. The same arguments give the same counts, whatever the way
    /// and the number of threads.
    ///
    /// O(incidents · (faults present + what fails + watched / 64)), or O(incidents / 512 · edges) where that is less.
    ///
    /// ```
    /// use onus_rca::engine::{Circuit, DictionaryWay, Gates};
    ///
    /// // 2 fails with 0 and 1 together.
    /// let circuit = Circuit::new(Gates::new(vec![1, 1, 2], vec![0, 0, 0, 2], vec![0, 1])?);
    /// let [a, b, and] = [0, 1, 2].map(|gate| circuit.node(gate));
    /// let drawn = circuit.draw(&[(a, 0.5), (b, 0.2)], &[], &[and], 10_000, 7, DictionaryWay::Auto);
    /// assert!(drawn.failed[0].abs_diff(1_000) < 200);
    /// # Ok::<(), onus_rca::engine::InvalidGates>(())
    /// ```
    pub fn draw(
        &self,
        faults: &[(Node, f64)],
        given: &[Node],
        watched: &[Node],
        incidents: u64,
        seed: u64,
        way: DictionaryWay,
    ) -> Frequencies {
        let start = lacking(self, given);
        let mut falling: Vec<(Node, f64)> = faults.iter().copied().filter(|(_, p)| *p > 0.0).collect();
        falling.sort_by(|(_, p), (_, q)| q.total_cmp(p));
        let draws = Draws { faults: &falling, incidents, seed };
        let watch = Watch::of(self, watched);
        let limit = (self.edge_count() / PART).max(64);
        let make = || Work {
            circuit: self,
            start: &start,
            watch: &watch,
            cascade: Cascade::given(self, given),
            lanes: None,
            drawn: Vec::new(),
            waiting: Vec::new(),
            lane: 0,
        };
        let way = match way {
            DictionaryWay::Auto if draws.most_exceed(&mut make().cascade, limit) => DictionaryWay::Lanes,
            way => way,
        };
        let counts = in_batches(
            incidents.div_ceil(LANES as u64),
            watch.nodes.len(),
            make,
            Work::finish,
            |work, batch, counts| {
                let mut drawn = std::mem::take(&mut work.drawn);
                draws.batch(batch, &mut drawn);
                match way {
                    DictionaryWay::Auto => work.by_reach(&drawn, limit, counts),
                    DictionaryWay::Cascades => work.by_cascades(&drawn, counts),
                    DictionaryWay::Lanes => work.by_lanes(&drawn, counts),
                }
                work.drawn = drawn;
            },
        );
        let failed = watched.iter().map(|node| counts[watch.place[node.index()] as usize]).collect();
        Frequencies { incidents, failed }
    }
}

/// What is drawn.
struct Draws<'d> {
    /// By falling probability, none of which is 0.
    faults: &'d [(Node, f64)],
    incidents: u64,
    seed: u64,
}

impl Draws<'_> {
    /// The faults of the incidents of a batch: lane and fault, by lane.
    fn batch(&self, batch: u64, from: &mut Vec<(usize, Node)>) {
        from.clear();
        let mut random = Random(self.seed);
        random = Random(random.next() ^ batch);
        random = Random(random.next());
        let lanes = (self.incidents - batch * LANES as u64).min(LANES as u64) as usize;
        // Many faults are as probable as the one before: its logarithm is kept.
        let mut last: (f64, f64) = (1.0, 0.0);
        for lane in 0..lanes {
            let mut at = 0;
            while let Some((_, p)) = self.faults.get(at) {
                if last.0.to_bits() != p.to_bits() {
                    last = (*p, (-p).ln_1p());
                }
                at = at.saturating_add(passed_over(last, &mut random));
                let Some((fault, q)) = self.faults.get(at) else { break };
                if *q >= *p || random.unit() * p < *q {
                    from.push((lane, *fault));
                }
                at += 1;
            }
        }
    }

    /// Whether most of a few incidents go over more than so many edges.
    fn most_exceed(&self, cascade: &mut Cascade<'_>, limit: usize) -> bool {
        let mut from = Vec::new();
        if self.incidents > 0 {
            self.batch(0, &mut from);
        }
        let mut faults = Vec::new();
        let few = from.chunk_by(|(a, _), (b, _)| a == b).take_while(|incident| incident[0].0 < SAMPLES);
        let exceeding = few.filter(|incident| {
            faults.clear();
            faults.extend(incident.iter().map(|(_, fault)| *fault));
            cascade.within(&faults, limit).is_none()
        });
        exceeding.count() > SAMPLES / 2
    }
}

/// How many things are passed over until one is there, each with probability `p` > 0, given with the logarithm of 1 − `p`.
#[expect(clippy::cast_sign_loss, reason = "both logarithms are negative or 0")]
fn passed_over((p, logarithm): (f64, f64), random: &mut Random) -> usize {
    if p >= 1.0 { 0 } else { ((1.0 - random.unit()).ln() / logarithm) as usize }
}

/// What is watched, each node once.
struct Watch {
    /// In order.
    nodes: Vec<Node>,
    /// By node, its place in `nodes`; past the end for what is not watched.
    place: Vec<u32>,
}

impl Watch {
    fn of(circuit: &Circuit, watched: &[Node]) -> Self {
        let mut nodes = watched.to_vec();
        nodes.sort_unstable();
        nodes.dedup();
        let mut place = vec![u32::MAX; circuit.node_count()];
        for (at, node) in nodes.iter().enumerate() {
            place[node.index()] = at as u32;
        }
        Self { nodes, place }
    }
}

/// What one thread needs.
struct Work<'w, 'c> {
    circuit: &'c Circuit,
    start: &'w Counters,
    watch: &'w Watch,
    cascade: Cascade<'c>,
    /// Made when first needed: it is large.
    lanes: Option<Lanes<'w>>,
    /// Lane and fault, by lane.
    drawn: Vec<(usize, Node)>,
    /// Incidents that wait to be swept together: lane and fault.
    waiting: Vec<(usize, Node)>,
    /// How many wait.
    lane: usize,
}

impl<'w, 'c: 'w> Work<'w, 'c> {
    fn by_lanes(&mut self, drawn: &[(usize, Node)], counts: &mut [u64]) {
        let lanes = self.lanes.get_or_insert_with(|| Lanes::new(self.circuit, self.start));
        lanes.spread_pairs(drawn);
        for (count, node) in counts.iter_mut().zip(&self.watch.nodes) {
            *count += lanes.row(*node).0.iter().map(|word| u64::from(word.count_ones())).sum::<u64>();
        }
    }

    fn by_cascades(&mut self, drawn: &[(usize, Node)], counts: &mut [u64]) {
        let mut faults = Vec::new();
        for incident in drawn.chunk_by(|(a, _), (b, _)| a == b) {
            faults.clear();
            faults.extend(incident.iter().map(|(_, fault)| *fault));
            self.cascade.spread(&faults, super::Way::Auto);
            for (count, node) in counts.iter_mut().zip(&self.watch.nodes) {
                *count += u64::from(self.cascade.has_failed(*node));
            }
        }
    }

    /// Cascades for those that end within a limit; the others wait for the lanes.
    fn by_reach(&mut self, drawn: &[(usize, Node)], limit: usize, counts: &mut [u64]) {
        let mut faults = Vec::new();
        for incident in drawn.chunk_by(|(a, _), (b, _)| a == b) {
            faults.clear();
            faults.extend(incident.iter().map(|(_, fault)| *fault));
            if let Some((failed, _)) = self.cascade.within(&faults, limit) {
                for node in failed {
                    if let Some(count) = counts.get_mut(self.watch.place[node.index()] as usize) {
                        *count += 1;
                    }
                }
                continue;
            }
            self.waiting.extend(faults.iter().map(|fault| (self.lane, *fault)));
            self.lane += 1;
            if self.lane == LANES {
                self.finish(counts);
            }
        }
    }

    /// Sweeps what waits.
    fn finish(&mut self, counts: &mut [u64]) {
        if self.lane > 0 {
            let waiting = std::mem::take(&mut self.waiting);
            self.by_lanes(&waiting, counts);
            self.waiting = waiting;
            self.waiting.clear();
            self.lane = 0;
        }
    }
}

/// Adds up what the batches count.
#[cfg(not(feature = "rayon"))]
fn in_batches<W>(
    batches: u64,
    width: usize,
    make: impl Fn() -> W,
    finish: impl Fn(&mut W, &mut [u64]),
    each: impl Fn(&mut W, u64, &mut [u64]),
) -> Vec<u64> {
    let (mut work, mut counts) = (make(), vec![0; width]);
    for batch in 0..batches {
        each(&mut work, batch, &mut counts);
    }
    finish(&mut work, &mut counts);
    counts
}

/// Adds up what the batches count, on all threads; room to work in is large and made once for each.
#[cfg(feature = "rayon")]
fn in_batches<W: Send>(
    batches: u64,
    width: usize,
    make: impl Fn() -> W + Sync,
    finish: impl Fn(&mut W, &mut [u64]) + Sync,
    each: impl Fn(&mut W, u64, &mut [u64]) + Sync,
) -> Vec<u64> {
    use std::sync::{Mutex, PoisonError};

    use rayon::prelude::*;

    let idle: Mutex<Vec<(W, Vec<u64>)>> = Mutex::default();
    let idle = || idle.lock().unwrap_or_else(PoisonError::into_inner);
    (0..batches).into_par_iter().for_each(|batch| {
        let taken = idle().pop();
        let (mut work, mut counts) = taken.unwrap_or_else(|| (make(), vec![0; width]));
        each(&mut work, batch, &mut counts);
        idle().push((work, counts));
    });
    let mut sum = vec![0; width];
    let mut parts: Vec<(W, Vec<u64>)> = idle().drain(..).collect();
    parts.par_iter_mut().for_each(|(work, counts)| finish(work, counts));
    for (_, counts) in parts {
        sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Gates, Way};
    use super::*;

    /// Up to eight events with probabilities, and gates of any threshold over anything, loops among them.
    fn circuits() -> impl Strategy<Value = (Circuit, Vec<(Node, f64)>)> {
        let events = proptest::collection::vec(0..=8_u32, 1..8);
        let gates = proptest::collection::vec((1..4_u32, proptest::collection::vec(0..16_usize, 1..5)), 1..8);
        (events, gates).prop_map(|(eighths, gates)| {
            let count = eighths.len() + gates.len();
            let (mut thresholds, mut offsets, mut inputs) =
                (vec![1; eighths.len()], vec![0; eighths.len() + 1], Vec::new());
            for (threshold, own) in &gates {
                thresholds.push(*threshold);
                inputs.extend(own.iter().map(|input| (input % count) as u32));
                offsets.push(inputs.len() as u32);
            }
            let circuit = Circuit::new(Gates::new(thresholds, offsets, inputs).expect("numbers are below the count"));
            let faults = eighths.iter().enumerate().map(|(at, p)| (circuit.node(at), f64::from(*p) / 8.0)).collect();
            (circuit, faults)
        })
    }

    /// The probability that each node fails, by going through all sets of faults.
    fn probabilities(circuit: &Circuit, faults: &[(Node, f64)]) -> Vec<f64> {
        let mut sums = vec![0.0; circuit.node_count()];
        let mut cascade = Cascade::new(circuit);
        for world in 0..1_u32 << faults.len() {
            let is_present = |at: usize| world >> at & 1 == 1;
            let p: f64 =
                faults.iter().enumerate().map(|(at, (_, p))| if is_present(at) { *p } else { 1.0 - p }).product();
            let present: Vec<Node> =
                faults.iter().enumerate().filter(|(at, _)| is_present(*at)).map(|(_, (fault, _))| *fault).collect();
            cascade.spread(&present, Way::Worklist);
            for (number, sum) in sums.iter_mut().enumerate() {
                *sum += if cascade.has_failed(circuit.node(number)) { p } else { 0.0 };
            }
        }
        sums
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn frequencies_are_probabilities((circuit, faults) in circuits(), seed: u64) {
            let watched: Vec<Node> = (0..circuit.node_count()).map(|number| circuit.node(number)).collect();
            let incidents = 4_000;
            let [lanes, cascades, auto] = [DictionaryWay::Lanes, DictionaryWay::Cascades, DictionaryWay::Auto]
                .map(|way| circuit.draw(&faults, &[], &watched, incidents, seed, way));
            prop_assert_eq!(&lanes, &cascades);
            prop_assert_eq!(&lanes, &auto);
            for (p, failed) in probabilities(&circuit, &faults).iter().zip(&lanes.failed) {
                // Hoeffding 1963: farther off with a probability below 1e-12.
                let off = (*failed as f64 / incidents as f64 - p).abs();
                prop_assert!(off < (28.0 / (2.0 * incidents as f64)).sqrt(), "{} of {}, expected {}", failed, incidents, p);
            }
        }

        #[test]
        fn what_has_failed_already_is_not_counted((circuit, faults) in circuits(), seed: u64) {
            let watched: Vec<Node> = (0..circuit.node_count()).map(|number| circuit.node(number)).collect();
            let given = [faults[0].0];
            let mut cascade = Cascade::new(&circuit);
            cascade.spread(&given, Way::Worklist);
            for way in [DictionaryWay::Lanes, DictionaryWay::Cascades] {
                let drawn = circuit.draw(&faults, &given, &watched, 600, seed, way);
                let counted = watched.iter().zip(&drawn.failed).filter(|(node, _)| cascade.has_failed(**node));
                prop_assert_eq!(counted.map(|(_, failed)| failed).sum::<u64>(), 0);
            }
        }
    }

    #[test]
    fn rare_faults_beside_common_ones_are_drawn_as_often_as_they_should() {
        // No gates: each fault fails alone.
        let events = 400;
        let circuit = Circuit::new(Gates::new(vec![1; events], vec![0; events + 1], Vec::new()).expect("events"));
        let p = |number: usize| [0.3, 0.01, 1e-4, 1.0][number % 4];
        let faults: Vec<(Node, f64)> = (0..events).map(|number| (circuit.node(number), p(number))).collect();
        let watched: Vec<Node> = faults.iter().map(|(node, _)| *node).collect();
        let drawn = circuit.draw(&faults, &[], &watched, 20_000, 1, DictionaryWay::Auto);
        for kind in 0..4 {
            let counts = drawn.failed.iter().skip(kind).step_by(4);
            let (found, trials) = (counts.sum::<u64>() as f64, 20_000.0 * 100.0);
            let expected = trials * p(kind);
            assert!((found - expected).abs() <= 6.0 * expected.sqrt(), "{found} of {trials}, expected {expected}");
        }
    }

    #[test]
    fn no_incidents_and_nothing_watched_are_no_failures() {
        let circuit = Circuit::new(Gates::new(vec![1], vec![0, 0], Vec::new()).expect("an event"));
        let fault = [(circuit.node(0), 0.5)];
        assert_eq!(circuit.draw(&fault, &[], &[circuit.node(0)], 0, 1, DictionaryWay::Auto).failed, [0]);
        assert!(circuit.draw(&fault, &[], &[], 100, 1, DictionaryWay::Auto).failed.is_empty());
    }
}
