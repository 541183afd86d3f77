//! Two engines, one answer: everything against the plainest way there is, on small random circuits with loops, parallel
//! inputs, gates of every threshold, gates that have always failed and gates that never do.

use proptest::collection::vec;
use proptest::prelude::*;

use super::cascade::lacking;
use super::lanes::Lanes;
use super::{Arrivals, Cascade, Circuit, DictionaryWay, Fit, Gates, Node, Passes, Schedules, Seen, Way, Window};

/// Gates as lists.
type Lists = Vec<(u32, Vec<u32>)>;

fn gates(lists: &Lists) -> Gates {
    let mut offsets = vec![0];
    let mut inputs = Vec::new();
    for (_, row) in lists {
        inputs.extend_from_slice(row);
        offsets.push(inputs.len() as u32);
    }
    Gates::new(lists.iter().map(|(threshold, _)| *threshold).collect(), offsets, inputs).expect("lists are gates")
}

/// Some gates of up to `most`, thresholds mostly small.
fn lists(most: usize) -> impl Strategy<Value = Lists> {
    (1..=most).prop_flat_map(|count| {
        let threshold = prop_oneof![8 => Just(1_u32), 4 => Just(2), 3 => 3..7_u32, 1 => Just(0)];
        let gate = (threshold, vec(0..count as u32, 0..7)).prop_map(|(threshold, inputs)| {
            // Without inputs it would always have failed, and so most of the circuit.
            (if inputs.is_empty() { threshold.max(1) } else { threshold }, inputs)
        });
        vec(gate, count..=count)
    })
}

/// The least fixpoint by its definition: again and again, until nothing changes.
fn naive(lists: &Lists, from: &[usize]) -> Vec<bool> {
    let mut failed = vec![false; lists.len()];
    for gate in from {
        failed[*gate] = true;
    }
    loop {
        let mut changed = false;
        for (gate, (threshold, inputs)) in lists.iter().enumerate() {
            let lost = inputs.iter().filter(|input| failed[**input as usize]).count();
            if !failed[gate] && lost >= *threshold as usize {
                failed[gate] = true;
                changed = true;
            }
        }
        if !changed {
            return failed;
        }
    }
}

/// What fails beyond what has failed with `given` alone.
fn beyond(lists: &Lists, given: &[usize], from: &[usize]) -> Vec<usize> {
    let all: Vec<usize> = given.iter().chain(from).copied().collect();
    let (before, after) = (naive(lists, given), naive(lists, &all));
    (0..lists.len()).filter(|gate| after[*gate] && !before[*gate]).collect()
}

fn nodes(circuit: &Circuit, numbers: &[usize]) -> Vec<Node> {
    numbers.iter().map(|number| circuit.node(*number)).collect()
}

/// Gates, and some of them: a few from which failure spreads, a few that have failed already.
fn questions(most: usize) -> impl Strategy<Value = (Lists, Vec<usize>, Vec<usize>)> {
    lists(most).prop_flat_map(|lists| {
        let count = lists.len();
        (Just(lists), vec(0..count, 0..4), vec(0..count, 0..3))
    })
}

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_order_is_topological((lists, ..) in questions(30)) {
        let circuit = Circuit::new(gates(&lists));
        let same_loop = |a: Node, b: Node| circuit.loops.iter().any(|(begin, end)| {
            let within = |node: Node| (*begin as usize..*end as usize).contains(&node.index());
            within(a) && within(b)
        });
        for number in 0..lists.len() {
            let node = circuit.node(number);
            prop_assert_eq!(circuit.number(node), number);
            for input in circuit.inputs(node) {
                prop_assert!(*input < node || same_loop(*input, node));
                prop_assert!(circuit.outputs(*input).contains(&node));
            }
        }
        // The members of a loop reach each other.
        for (begin, end) in &circuit.loops {
            let members: Vec<Node> = (*begin as usize..*end as usize).map(Node::new).collect();
            prop_assert!(members.len() > 1);
            for from in &members {
                let (mut seen, mut open) = (vec![*from], vec![*from]);
                while let Some(node) = open.pop() {
                    for output in circuit.outputs(node) {
                        if members.contains(output) && !seen.contains(output) {
                            seen.push(*output);
                            open.push(*output);
                        }
                    }
                }
                prop_assert_eq!(seen.len(), members.len());
            }
        }
    }

    #[test]
    fn cascades_are_the_least_fixpoint((lists, from, given) in questions(30), other in vec(0..30_usize, 0..4)) {
        let circuit = Circuit::new(gates(&lists));
        let always: Vec<usize> = (0..lists.len()).filter(|gate| naive(&lists, &[])[*gate]).collect();
        prop_assert_eq!(circuit.always(), always);
        let mut cascade = Cascade::given(&circuit, &nodes(&circuit, &given));
        let expected = beyond(&lists, &given, &from);
        let other: Vec<usize> = other.into_iter().filter(|gate| *gate < lists.len()).collect();
        // Twice each, with another question between, so that what is set back is seen.
        for way in [Way::Worklist, Way::Sweep, Way::Auto, Way::Sweep, Way::Worklist] {
            prop_assert_eq!(cascade.spread(&nodes(&circuit, &from), way), expected.len());
            let mut failed: Vec<usize> = cascade.failed().into_iter().map(|node| circuit.number(node)).collect();
            failed.sort_unstable();
            prop_assert_eq!(&failed, &expected);
            cascade.spread(&nodes(&circuit, &other), way);
        }
    }

    #[test]
    fn a_sweep_goes_on_where_a_worklist_stands((lists, from, given) in questions(30), limit in 0..60_usize) {
        let circuit = Circuit::new(gates(&lists));
        let mut cascade = Cascade::given(&circuit, &nodes(&circuit, &given));
        let expected = beyond(&lists, &given, &from);
        for limit in [limit, 0, limit / 2] {
            prop_assert_eq!(cascade.spread_turning(&nodes(&circuit, &from), limit), expected.len());
            let mut failed: Vec<usize> = cascade.failed().into_iter().map(|node| circuit.number(node)).collect();
            failed.sort_unstable();
            prop_assert_eq!(&failed, &expected);
        }
    }

    #[test]
    fn sweeps_over_many_blocks_are_the_least_fixpoint(
        (mut lists, from, given) in questions(400),
        back in prop_oneof![Just(usize::MAX), 1..40_usize],
        limit in 0..300_usize,
    ) {
        // Few inputs that come later, and a gate with more outputs than a block has nodes.
        for (gate, (_, inputs)) in lists.iter_mut().enumerate() {
            if gate % back != 0 {
                for input in inputs.iter_mut() {
                    *input %= gate.max(1) as u32;
                }
            }
            if gate % 3 == 0 {
                inputs.push(0);
            }
        }
        let circuit = Circuit::new(gates(&lists));
        let mut cascade = Cascade::given(&circuit, &nodes(&circuit, &given));
        let expected = beyond(&lists, &given, &from);
        for limit in [limit, 0, 0] {
            prop_assert_eq!(cascade.spread_turning(&nodes(&circuit, &from), limit), expected.len());
            let mut failed: Vec<usize> = cascade.failed().into_iter().map(|node| circuit.number(node)).collect();
            failed.sort_unstable();
            prop_assert_eq!(&failed, &expected);
        }
    }

    #[test]
    fn lanes_are_cascades_whatever_was_asked_before(
        (lists, from, given) in questions(30),
        others in vec(vec(0..30_usize, 0..4), 3),
    ) {
        let circuit = Circuit::new(gates(&lists));
        let start = lacking(&circuit, &nodes(&circuit, &given));
        let mut lanes = Lanes::new(&circuit, &start);
        for mut batch in std::iter::once(from).chain(others) {
            batch.retain(|gate| *gate < lists.len());
            lanes.spread(&nodes(&circuit, &batch));
            for (lane, gate) in batch.iter().enumerate() {
                let has_failed = |gate: &usize| lanes.row(circuit.node(*gate)).0[0] >> lane & 1 == 1;
                let failed: Vec<usize> = (0..lists.len()).filter(has_failed).collect();
                prop_assert_eq!(failed, beyond(&lists, &given, &[*gate]));
            }
        }
    }

    #[test]
    fn signatures_tell_apart_what_the_watched_tell_apart(
        (lists, _, given) in questions(24),
        views in vec(vec(0..24_usize, 0..6), 0..4),
    ) {
        let circuit = Circuit::new(gates(&lists));
        let views: Vec<Vec<usize>> =
            views.into_iter().map(|view| view.into_iter().filter(|gate| *gate < lists.len()).collect()).collect();
        let faults: Vec<usize> = (0..lists.len()).collect();
        let watched: Vec<Vec<Node>> = views.iter().map(|view| nodes(&circuit, view)).collect();
        let of = |way| circuit.signatures(&nodes(&circuit, &faults), &nodes(&circuit, &given), &watched, way);
        let signatures = of(DictionaryWay::Cascades);
        prop_assert_eq!(&signatures, &of(DictionaryWay::Lanes));
        prop_assert_eq!(&signatures, &of(DictionaryWay::Auto));
        for (at, view) in views.iter().enumerate() {
            let seen = |fault: usize| {
                let mut failed = beyond(&lists, &given, &[fault]);
                failed.retain(|gate| view.contains(gate));
                failed
            };
            for a in 0..lists.len() {
                prop_assert_eq!(signatures.of(a)[at] == 0, seen(a).is_empty());
                for b in 0..a {
                    prop_assert_eq!(signatures.of(a)[at] == signatures.of(b)[at], seen(a) == seen(b));
                }
            }
        }
    }

    #[test]
    fn single_candidates_are_those_that_explain_alone(
        (lists, failed, given) in questions(24),
        working in vec(0..24_usize, 0..4),
    ) {
        let circuit = Circuit::new(gates(&lists));
        let working: Vec<usize> = working.into_iter().filter(|gate| *gate < lists.len()).collect();
        let faults: Vec<usize> = (0..lists.len()).collect();
        let [f, g, o, w] = [&faults, &given, &failed, &working].map(|numbers| nodes(&circuit, numbers));
        let expected: Vec<usize> = faults
            .iter()
            .copied()
            .filter(|fault| {
                let all: Vec<usize> = given.iter().copied().chain([*fault]).collect();
                let state = naive(&lists, &all);
                failed.iter().all(|gate| state[*gate]) && !working.iter().any(|gate| state[*gate])
            })
            .collect();
        prop_assert_eq!(circuit.single_candidates(&f, &g, &o, &w).faults, expected);
    }

    #[test]
    fn arrivals_are_those_of_the_clock(
        (lists, from, _) in questions(20),
        times in vec(0..9_u64, 4),
        delays in vec(0..6_u64, 20),
        other in 0..20_usize,
    ) {
        let circuit = Circuit::new(gates(&lists));
        let delays = &delays[..lists.len()];
        let mut arrivals = Arrivals::new(&circuit, delays);
        arrivals.spread(&[(circuit.node(other % lists.len()), 3)]);
        let given: Vec<(usize, u64)> = from.iter().copied().zip(times).collect();
        let from: Vec<(Node, u64)> = given.iter().map(|(gate, time)| (circuit.node(*gate), *time)).collect();
        let mut found: Vec<(usize, u64)> =
            arrivals.spread(&from).iter().map(|(time, node)| (circuit.number(*node), *time)).collect();
        found.sort_unstable();
        prop_assert_eq!(found, clock(&lists, &given, delays));
    }
}

/// Gates and times.
type Times = Vec<(usize, i64)>;
/// A circuit, the ends of its windows, what had failed and what had not, by when the origin had begun.
type Timed = (Lists, Vec<(u64, u64)>, Times, Times, Option<i64>);

/// Small circuits with windows, few of them wide, and what was seen in them.
fn timed() -> impl Strategy<Value = Timed> {
    (
        lists(6),
        vec((0..4_u64, 0..3_u64), 6),
        vec((0..8_usize, 0..12_i64), 1..3),
        vec((0..8_usize, 0..12_i64), 0..4),
        any::<bool>(),
    )
        .prop_map(|(lists, windows, failed, working, is_bound)| {
            let count = lists.len();
            let within = |seen: Vec<(usize, i64)>| seen.into_iter().map(|(node, time)| (node % count, time)).collect();
            let windows = windows.into_iter().take(count).enumerate();
            // Wide windows in three places at most, so that all schedules can be gone through.
            let windows = windows.map(|(at, (shortest, width))| (shortest, if at % 3 == 0 { width } else { 0 }));
            let begun_by = is_bound.then_some(6);
            (lists, windows.collect(), within(failed), within(working), begun_by)
        })
}

proptest! {
    #![proptest_config(config())]

    /// An origin is kept if and only if some start and some delays within the windows give what was seen.
    #[test]
    fn schedules_fit_if_one_of_all_does(
        (lists, windows, failed, working, begun_by) in timed(),
        never in 0..9_usize,
        given in vec(0..8_usize, 0..2),
    ) {
        let circuit = Circuit::new(gates(&lists));
        let count = lists.len();
        let given: Vec<usize> = given.into_iter().filter(|gate| *gate < count).collect();
        let before = naive(&lists, &given);
        // One of the gates need not fail.
        let of = |at: usize| Window {
            shortest: windows[at].0,
            longest: windows[at].0 + windows[at].1,
            passes: if at == never { Passes::Perhaps } else { Passes::Surely },
        };
        let of_gates: Vec<Window> = (0..count).map(of).collect();
        let choices: Vec<Vec<u64>> = of_gates
            .iter()
            .map(|window| {
                // Past every time is as good as never.
                let late = (window.passes == Passes::Perhaps).then_some(1000);
                (window.shortest..=window.longest).chain(late).collect()
            })
            .collect();
        let schedules = Schedules::new(&circuit, &of_gates, &nodes(&circuit, &given));
        let timed = |seen: &[(usize, i64)]| seen.iter().map(|(gate, time)| (circuit.node(*gate), *time)).collect();
        let seen = Seen { failed: timed(&failed), working: timed(&working), begun_by };
        for origin in (0..count).filter(|gate| lists[*gate].1.is_empty()) {
            let fit = schedules.fit(circuit.node(origin), &seen, &mut 1_000_000);
            // What was given has failed long before; shifted so that no time is below 0.
            let mut fits = false;
            let mut choice = vec![0; count];
            'all: loop {
                let delays: Vec<u64> = (0..count).map(|at| if before[at] { 0 } else { choices[at][choice[at]] }).collect();
                let mut arrivals = Arrivals::new(&circuit, &delays);
                for start in -30..=12_i64 {
                    let mut from = vec![(circuit.node(origin), (start + 2000).cast_unsigned())];
                    from.extend(given.iter().map(|gate| (circuit.node(*gate), 0)));
                    let times = arrivals.spread(&from);
                    let at = |gate: usize| {
                        let time = times.iter().find(|(_, node)| *node == circuit.node(gate))?.0;
                        (!before[gate]).then_some(time.cast_signed() - 2000)
                    };
                    fits |= at(origin).is_some()
                        && begun_by.is_none_or(|by| start <= by)
                        && failed.iter().all(|(gate, time)| at(*gate).is_some_and(|failed| failed <= *time))
                        && working.iter().all(|(gate, time)| at(*gate).is_none_or(|failed| failed > *time));
                    if fits {
                        break 'all;
                    }
                }
                let Some(next) = (0..count).find(|at| choice[*at] + 1 < choices[*at].len()) else { break };
                choice[next] += 1;
                choice[..next].fill(0);
            }
            prop_assert_eq!(fit, if fits { Fit::Fits } else { Fit::Excluded });
        }
    }
}

/// Time tick by tick: a gate fails when its delay ago enough of its inputs had failed.
fn clock(lists: &Lists, given: &[(usize, u64)], delays: &[u64]) -> Vec<(usize, u64)> {
    let always = naive(lists, &[]);
    let mut failed: Vec<Option<u64>> = vec![None; lists.len()];
    for now in 0..=9 + 6 * lists.len() as u64 {
        // Within a tick, delays of 0 chain.
        loop {
            let mut changed = false;
            for (gate, (threshold, inputs)) in lists.iter().enumerate() {
                let had = |input: &&u32| {
                    let input = **input as usize;
                    always[input] || failed[input].is_some_and(|time| time + delays[gate] <= now)
                };
                let fails = given.iter().any(|(node, time)| *node == gate && *time <= now)
                    || inputs.iter().filter(had).count() >= *threshold as usize;
                if fails && failed[gate].is_none() && !always[gate] {
                    failed[gate] = Some(now);
                    changed = true;
                }
            }
            if !changed {
                break;
            }
        }
    }
    failed.iter().enumerate().filter_map(|(gate, time)| Some((gate, (*time)?))).collect()
}

/// Thresholds beyond a byte count too.
#[test]
fn wide_gates_count() {
    let all: Vec<u32> = (0..600).collect();
    let mut lists: Lists = vec![(1, Vec::new()); 600];
    lists.extend([(254, all.clone()), (255, all.clone()), (256, all.clone()), (600, all.clone()), (1, vec![602])]);
    let circuit = Circuit::new(gates(&lists));
    let mut cascade = Cascade::new(&circuit);
    for (count, expected) in [(253, 0), (254, 1), (255, 2), (256, 4), (599, 4), (600, 5), (10, 0), (255, 2)] {
        let from = nodes(&circuit, &(0..count).collect::<Vec<_>>());
        for way in [Way::Worklist, Way::Sweep, Way::Worklist] {
            assert_eq!(cascade.spread(&from, way), count + expected);
        }
    }
    // What is lacking after 300 have failed already: 0, 0, 0, 300 for the last.
    let given = nodes(&circuit, &(0..300).collect::<Vec<_>>());
    let mut cascade = Cascade::given(&circuit, &given);
    let rest = nodes(&circuit, &(300..600).collect::<Vec<_>>());
    assert_eq!(cascade.spread(&rest, Way::Sweep), 301);
    assert_eq!(cascade.spread(&rest[1..], Way::Worklist), 299);
}

/// A million gates in a row, and as many in a ring: nothing recurses.
#[test]
fn long_chains_and_rings_do_not_overflow() {
    let count = 1_000_000_u32;
    for ring in [0, count - 1] {
        let inputs: Vec<u32> = (0..count).map(|gate| if gate == 0 { ring } else { gate - 1 }).collect();
        let circuit =
            Circuit::new(Gates::new(vec![1; count as usize], (0..=count).collect(), inputs).expect("they are gates"));
        let mut cascade = Cascade::new(&circuit);
        for way in [Way::Worklist, Way::Sweep, Way::Auto] {
            assert_eq!(cascade.spread(&[circuit.node(0)], way), count as usize);
        }
    }
}

/// A street of gates that fail by both neighbours: half of all failures run against any order. Masks and lanes take time that
/// is linear in its length, but for what a heap takes; a pass over all for each step would take hours.
#[test]
fn failure_against_the_order_takes_no_pass_for_each_step() {
    let count = 200_000_u32;
    let lists: Lists = (0..count)
        .map(|gate| (1, [gate.checked_sub(1), Some(gate + 1)].into_iter().flatten().filter(|g| *g < count).collect()))
        .collect();
    let circuit = Circuit::new(gates(&lists));
    assert_eq!(circuit.loops, [(0, count)]);
    let ends = nodes(&circuit, &[0, count as usize - 1]);
    let all: Vec<Node> = (0..count as usize).step_by(1000).map(|number| circuit.node(number)).collect();
    let signatures = circuit.signatures(&all, &[], std::slice::from_ref(&ends), DictionaryWay::Lanes);
    let both = circuit.signature(&ends);
    assert!((0..all.len()).all(|fault| signatures.of(fault) == [both]));
    for failed in &ends {
        let found = circuit.single_candidates(&all, &[], &[*failed], &[]);
        assert_eq!((found.faults.len(), found.open), (all.len(), 0));
    }
}

/// As many threads as there are, the same bytes.
#[cfg(feature = "rayon")]
#[test]
fn threads_change_nothing() {
    // Two thousand gates over two thousand events, each with three inputs that lie before it.
    let count = 4000_u32;
    let lists: Lists = (0..count)
        .map(|gate| match gate {
            0..2000 => (1, Vec::new()),
            _ => (
                1 + gate % 2,
                [7, 11, 13].map(|step| (u64::from(gate + step) * 2_654_435_761 % u64::from(gate)) as u32).to_vec(),
            ),
        })
        .collect();
    let circuit = Circuit::new(gates(&lists));
    let all: Vec<Node> = (0..count as usize).map(|number| circuit.node(number)).collect();
    let views = vec![all.iter().copied().step_by(3).collect(), all.iter().copied().skip(3000).collect()];
    for way in [DictionaryWay::Auto, DictionaryWay::Cascades, DictionaryWay::Lanes] {
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads can be made");
            pool.install(|| circuit.signatures(&all, &[], &views, way))
        };
        let one = on(1);
        assert_eq!(one, on(2));
        assert_eq!(one, on(5));
    }
}
