//! Drawn incidents: faults present independently of each other, each with a probability of its own; how often what is watched
//! fails.
//!
//! Faults are drawn by waiting times: sorted by falling probability, the number of faults that are passed over before the next is
//! geometric, and where it lands on a rarer one that is kept in proportion (Miller & Hagberg 2011). So drawing costs what is
//! present, not what could be.
//!
//! 512 incidents make a batch, with a row of draws of its own: the counts are the same for any number of threads, and for both
//! ways to spread ([`DictionaryWay`]), between which the reach of a few incidents decides.

use super::cascade::{Cascade, lacking};
use super::counters::Counters;
use super::dictionary::DictionaryWay;
use super::lanes::{LANES, Lanes};
use super::{Circuit, Node};
use crate::random::Random;

/// Part of the edges at which one cascade and its share of a sweep of lanes cost the same; see `benches/monte_carlo.rs`.
const EVEN: usize = 600;
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
        let make = || Work { cascade: Cascade::given(self, given), lanes: None, from: Vec::new() };
        let by_lanes = match way {
            DictionaryWay::Auto => draws.reach(&mut make().cascade, self.edge_count()) >= self.edge_count() / EVEN,
            DictionaryWay::Cascades => false,
            DictionaryWay::Lanes => true,
        };
        let batches = incidents.div_ceil(LANES as u64);
        let failed = in_batches(batches, watched.len(), make, |work, batch, counts| {
            draws.batch(batch, &mut work.from);
            if by_lanes {
                work.by_lanes(self, &start, watched, counts);
            } else {
                work.by_cascades(watched, counts);
            }
        });
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
        for lane in 0..lanes {
            let mut at = 0;
            while let Some((_, p)) = self.faults.get(at) {
                at = at.saturating_add(passed_over(*p, &mut random));
                let Some((fault, q)) = self.faults.get(at) else { break };
                if *q >= *p || random.unit() * p < *q {
                    from.push((lane, *fault));
                }
                at += 1;
            }
        }
    }

    /// Edges that an incident goes over, on the average of a few.
    fn reach(&self, cascade: &mut Cascade<'_>, edges: usize) -> usize {
        let mut from = Vec::new();
        if self.incidents > 0 {
            self.batch(0, &mut from);
        }
        let limit = (edges / EVEN).max(1) * 8;
        let mut sum = 0;
        for incident in from.chunk_by(|(a, _), (b, _)| a == b).take_while(|incident| incident[0].0 < SAMPLES) {
            let faults: Vec<Node> = incident.iter().map(|(_, fault)| *fault).collect();
            sum += cascade.within(&faults, limit).map_or(limit, |(_, edges)| edges);
        }
        sum / SAMPLES
    }
}

/// How many things are passed over until one is there, each with probability `p` > 0.
#[expect(clippy::cast_sign_loss, reason = "both logarithms are negative or 0")]
fn passed_over(p: f64, random: &mut Random) -> usize {
    if p >= 1.0 { 0 } else { ((1.0 - random.unit()).ln() / (-p).ln_1p()) as usize }
}

/// What one thread needs.
struct Work<'w, 'c> {
    cascade: Cascade<'c>,
    /// Made when first needed: it is large.
    lanes: Option<Lanes<'w>>,
    from: Vec<(usize, Node)>,
}

impl<'w, 'c: 'w> Work<'w, 'c> {
    fn by_lanes(&mut self, circuit: &'c Circuit, start: &'w Counters, watched: &[Node], counts: &mut [u64]) {
        let lanes = self.lanes.get_or_insert_with(|| Lanes::new(circuit, start));
        lanes.spread_pairs(&self.from);
        for (count, node) in counts.iter_mut().zip(watched) {
            *count += lanes.row(*node).0.iter().map(|word| u64::from(word.count_ones())).sum::<u64>();
        }
    }

    fn by_cascades(&mut self, watched: &[Node], counts: &mut [u64]) {
        let mut faults = Vec::new();
        for incident in self.from.chunk_by(|(a, _), (b, _)| a == b) {
            faults.clear();
            faults.extend(incident.iter().map(|(_, fault)| *fault));
            self.cascade.spread(&faults, super::Way::Auto);
            for (count, node) in counts.iter_mut().zip(watched) {
                *count += u64::from(self.cascade.has_failed(*node));
            }
        }
    }
}

/// Adds up what the batches count.
#[cfg(not(feature = "rayon"))]
fn in_batches<W>(batches: u64, width: usize, make: impl Fn() -> W, each: impl Fn(&mut W, u64, &mut [u64])) -> Vec<u64> {
    let (mut work, mut counts) = (make(), vec![0; width]);
    for batch in 0..batches {
        each(&mut work, batch, &mut counts);
    }
    counts
}

/// Adds up what the batches count, on all threads; room to work in is large and made once for each.
#[cfg(feature = "rayon")]
fn in_batches<W: Send>(
    batches: u64,
    width: usize,
    make: impl Fn() -> W + Sync,
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
    for (_, counts) in idle().drain(..) {
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
