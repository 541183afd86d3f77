//! Compiled graphs in snapshots: what is written reads back and answers the same, what is damaged is refused, what is hostile does no
//! harm.

use std::collections::BTreeSet;
use std::io::Cursor;

use onus_model::document::{Interface, Model as Document, Need, System};
use onus_model::{Code, Error, FaultIndex, Model, Snapshot, SystemIndex};
use onus_rca::engine::{DictionaryWay, Node};
use onus_rca::{Couplings, FaultGraph, NamedGraph};
use proptest::prelude::*;

use crate::random::{cases, config};

/// Bytes before the entries of the head.
const FIXED: usize = 16;

fn written(model: &Model) -> Vec<u8> {
    let mut bytes = Vec::new();
    FaultGraph::compile(model).write_snapshot(model, &mut bytes).expect("it is written into memory");
    bytes
}

fn opened(bytes: &[u8]) -> Result<Snapshot<Cursor<&[u8]>>, Error> {
    Snapshot::open("estate.onus", Cursor::new(bytes))
}

fn named(bytes: &[u8]) -> Result<NamedGraph, Error> {
    NamedGraph::from_snapshot(&mut opened(bytes)?)
}

/// Everything of a snapshot, as a command reads it.
fn whole(bytes: &[u8]) -> Result<(Model, FaultGraph), Error> {
    let mut snapshot = opened(bytes)?;
    let model = snapshot.model()?;
    let graph = FaultGraph::from_snapshot(&mut snapshot, &model)?.expect("it has a graph");
    Ok((model, graph))
}

fn told(error: &Error) -> (Code, String) {
    (error.diagnostics()[0].code, error.diagnostics()[0].message.clone())
}

/// Redundancy, a loop, uncertain couplings, delays, faults of interfaces, a common cause: all that a graph can hold.
fn small() -> Model {
    let text = "
format: onus/1
systems:
  a: { faults: { f: { cause: hardware, probability: 0.1 } } }
  b: { faultless: true, needs: [a, { at_least: 2, of: [a, { any: [c, a] }, c] }] }
  c: { needs: [b, d] }
  d: { needs: [c, { any: [a, b] }] }
  e: { faultless: true }
interfaces:
  b -> a: { propagates: 0.5, delay: [1m, 2h], faults: { i: { cause: interface, probability: 0.2 } } }
  b -> c: { propagates: 0 }
  d -> c: { delay: [0s, 5s] }
  c -> d: { faults: { j: { cause: interface, probability: 0.3 } } }
common_causes: { storm: { strikes: [a, c -> d], cause: weather, probability: 0.01 } }
";
    Model::from_text("small", text).expect("a valid model")
}

/// The same, and a threshold that does not fit a byte.
fn wide() -> Model {
    let ids: Vec<String> = (0..300).map(|at| format!("s{at:03}")).collect();
    let mut model = Document::new("Wide");
    for id in &ids {
        model = model.system(id, System::new());
    }
    let need = Need::at_least(10, ids.iter().map(String::as_str));
    let delay = Some(["1m", "1h"].map(|text| text.parse().expect("a duration"))).map(|[a, b]| (a, b));
    let model = model.system("top", System::new().needs(need));
    model.interface("top", "s007", Interface { delay, ..Interface::default() }).build().expect("a valid model")
}

/// Asks a graph everything that is asked without a model; that it returns is what counts.
fn ask_named(graph: &NamedGraph) -> usize {
    let faults: Vec<FaultIndex> = (0..graph.faults().len()).map(FaultIndex::new).collect();
    let nodes: Vec<Node> = faults.iter().map(|fault| graph.fault_node(*fault)).collect();
    let systems: Vec<Node> = (0..graph.systems().len()).map(|at| graph.system_node(SystemIndex::new(at))).collect();
    let mut sum = 0;
    for couplings in [Couplings::Couple, Couplings::Apart] {
        let given = graph.given(couplings);
        sum += graph.failed(&faults, couplings).len();
        for way in [DictionaryWay::Cascades, DictionaryWay::Lanes] {
            sum += graph.circuit().signatures(&nodes, &given, std::slice::from_ref(&systems), way).len();
        }
        let working = &systems[..systems.len().min(1)];
        sum += graph.circuit().single_candidates(&nodes, &given, &systems, &[]).open;
        sum += graph.circuit().single_candidates(&nodes, &given, &systems[working.len()..], working).open;
    }
    for fault in &faults {
        sum += graph.failed(&[*fault], Couplings::Couple).len();
        sum += graph.times(&[*fault]).map_or(0, |times| times.len());
    }
    sum + graph.times(&faults).map_or(0, |times| times.len())
}

/// The same of a graph with its model.
fn ask_whole(model: &Model, graph: &FaultGraph) -> usize {
    let faults: Vec<FaultIndex> = (0..model.faults().len()).map(FaultIndex::new).collect();
    let systems: Vec<SystemIndex> = (0..model.systems().len()).map(SystemIndex::new).collect();
    let mut sum = graph.propagate(&faults).failed.len();
    for couplings in [Couplings::Couple, Couplings::Apart] {
        sum += graph.signatures(std::slice::from_ref(&systems), couplings).len();
        sum += graph.single_origins(&systems[..1], &[], couplings).len();
    }
    for fault in &faults {
        let propagation = graph.propagate(&[*fault]);
        sum += (0..propagation.failed.len()).map(|place| propagation.path(place).through.len()).sum::<usize>();
    }
    sum + systems.iter().map(|system| graph.possible_origins(*system).len()).sum::<usize>()
}

/// Reads what may be anything: a problem that says where, or graphs that can be asked.
fn is_read_or_refused(bytes: &[u8]) -> bool {
    let error = match named(bytes) {
        Ok(graph) => {
            ask_named(&graph);
            whole(bytes).map(|(model, graph)| ask_whole(&model, &graph)).err()
        }
        Err(error) => Some(error),
    };
    assert!(error.as_ref().is_none_or(|error| !error.diagnostics().is_empty()), "{error:?}");
    error.is_none()
}

/// The bytes with the checksums that belong to them, as far as their lengths let them have any: those of the sections, that of the
/// model's, that of the head.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let ranges = sections(&bytes);
    let tail = FIXED + 16 * ranges.len();
    let seal = |bytes: &mut Vec<u8>, section: usize| {
        let checksum = crc32fast::hash(&bytes[ranges[section].clone()]);
        bytes[FIXED + 16 * section + 8..][..4].copy_from_slice(&checksum.to_le_bytes());
    };
    for section in 0..ranges.len() {
        seal(&mut bytes, section);
    }
    let of_model = crc32fast::hash(&bytes[FIXED..FIXED + 16 * 32]);
    let at = ranges[32].start + 24;
    bytes[at..at + 4].copy_from_slice(&of_model.to_le_bytes());
    seal(&mut bytes, 32);
    let checksum = crc32fast::hash(&bytes[..tail]);
    bytes[tail..tail + 4].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

/// Where the sections begin and end; those of the graph are from the 32nd on.
fn sections(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
    let count = u32::from_le_bytes(bytes[12..16].try_into().expect("four bytes")) as usize;
    let mut at = FIXED + 16 * count + 8;
    let entries = (0..count).map(|section| FIXED + 16 * section);
    let ranges = entries.map(|entry| {
        let begin = at;
        at += u64::from_le_bytes(bytes[entry..entry + 8].try_into().expect("eight bytes")) as usize;
        begin..at
    });
    ranges.collect()
}

/// Replaces a section by other bytes, and its length with it.
fn replaced(bytes: &[u8], section: usize, content: &[u8]) -> Vec<u8> {
    let range = sections(bytes)[section].clone();
    let mut other = [&bytes[..range.start], content, &bytes[range.end..]].concat();
    other[FIXED + 16 * section..][..8].copy_from_slice(&(content.len() as u64).to_le_bytes());
    sealed(other)
}

fn check_same(model: &Model) -> Result<(), TestCaseError> {
    let (compiled, bytes) = (FaultGraph::compile(model), written(model));
    let (again, graph) = whole(&bytes).map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(&again, model);
    prop_assert_eq!(graph.circuit(), compiled.circuit());
    prop_assert_eq!(&written(&again), &bytes);
    let mut second = Vec::new();
    graph.write_snapshot(model, &mut second).expect("it is written into memory");
    prop_assert_eq!(second, bytes.clone());
    let named = named(&bytes).map_err(|error| TestCaseError::fail(error.to_string()))?;
    let topology = model.topology();
    prop_assert!(named.systems().iter().eq(topology.systems().iter().map(|system| system.id.as_str())));
    prop_assert!(named.faults().iter().eq(topology.faults().iter().map(|fault| fault.id.as_str())));
    let joined = named.with_model(model).expect("it is this model's graph");
    for (at, fault) in topology.faults().iter().enumerate() {
        let index = FaultIndex::new(at);
        let propagation = compiled.propagate(&[index]);
        for other in [&graph, &joined] {
            prop_assert_eq!(&other.propagate(&[index]), &propagation);
        }
        prop_assert_eq!(named.prior(index), fault.prior.probability().get());
        for couplings in [Couplings::Couple, Couplings::Apart] {
            let counts = |certain: bool| couplings == Couplings::Couple || certain;
            let failed = propagation.failed.iter().filter(|failed| counts(failed.certain));
            let wanted: BTreeSet<&str> = failed.map(|failed| failed.system.as_str()).collect();
            let found = named.propagate(&[fault.id.as_str()], couplings).expect("a fault of the model");
            prop_assert_eq!(found, wanted.into_iter().collect::<Vec<_>>());
        }
        let mut wanted: Vec<_> =
            propagation.failed.iter().filter_map(|failed| Some((failed.index, failed.after.clone()?))).collect();
        wanted.sort_by_key(|(system, _)| *system);
        prop_assert_eq!(named.times(&[index]).unwrap_or_default(), wanted);
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(200))]

    #[test]
    fn written_and_read_back_is_what_compiling_gives(case in cases()) {
        check_same(&case.model())?;
    }
}

proptest! {
    #![proptest_config(config(3000))]

    /// Thousands of files with the right checksums: some numbers of some sections are others, small, extreme, or those of other places.
    #[test]
    fn a_changed_file_with_the_right_checksums_does_no_harm(
        changes in prop::collection::vec((32_usize..53, any::<prop::sample::Index>(), any::<u32>(), 0..6_u8), 1..4),
        is_wide in prop::bool::weighted(0.1),
    ) {
        let mut bytes = written(&if is_wide { wide() } else { small() });
        let ranges = sections(&bytes);
        for (section, at, value, kind) in changes {
            let range = &ranges[section];
            let words = range.len() / 4;
            if words == 0 {
                continue;
            }
            let place = |at: usize| range.start + 4 * (at % words);
            let at = place(at.index(words));
            let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
            let (own, other) = (word(at), word(place(value as usize)));
            let value = match kind {
                0 => own.wrapping_add(1),
                1 => own.wrapping_sub(1),
                2 => value % 32,
                3 => [0, 1, 255, 0x7fff_ffff, 0x8000_0000, u32::MAX - 1, u32::MAX][value as usize % 7],
                4 => other,
                _ => value,
            };
            bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        }
        is_read_or_refused(&sealed(bytes));
    }

    /// Rows that are others, alike both ways: what passes the checks more often.
    #[test]
    fn edges_that_are_others_do_no_harm(
        moves in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..4),
        thresholds in prop::collection::vec((any::<prop::sample::Index>(), 0..4_u8), 0..3),
    ) {
        let bytes = written(&small());
        let ranges = sections(&bytes);
        let words = |section: usize| -> Vec<u32> {
            bytes[ranges[section].clone()].as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect()
        };
        let (offsets, mut inputs) = (words(37), words(38));
        for (edge, node) in moves {
            let edge = edge.index(inputs.len());
            inputs[edge] = node.index(offsets.len() - 1) as u32;
        }
        let mut rows = vec![Vec::new(); offsets.len() - 1];
        for gate in 0..rows.len() {
            for input in &inputs[offsets[gate] as usize..offsets[gate + 1] as usize] {
                rows[*input as usize].push(gate as u32);
            }
        }
        let (mut ends, mut outputs) = (vec![0_u32], Vec::new());
        for row in rows {
            outputs.extend(row);
            ends.push(outputs.len() as u32);
        }
        let of = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
        let mut other = bytes.clone();
        for (section, content) in [(38, of(&inputs)), (39, of(&ends)), (40, of(&outputs))] {
            other = replaced(&other, section, &content);
        }
        let mut narrow = other[ranges[41].clone()].to_vec();
        for (node, threshold) in thresholds {
            let node = node.index(narrow.len());
            narrow[node] = threshold;
        }
        is_read_or_refused(&replaced(&other, 41, &narrow));
    }
}

#[test]
fn hand_made_models_read_back() {
    for model in [small(), wide(), Document::new("One").system("a", System::new()).build().expect("a valid model")] {
        check_same(&model).expect("it reads back");
        assert!(is_read_or_refused(&written(&model)));
        assert!(is_read_or_refused(&sealed(written(&model))), "sealing changes nothing");
    }
}

#[test]
fn every_truncation_is_refused() {
    let bytes = written(&small());
    for length in 0..bytes.len() {
        assert_eq!(told(&named(&bytes[..length]).expect_err("it breaks off")).0, Code::Damaged, "{length}");
    }
    assert!(named(&[&bytes[..], &[0]].concat()).is_err());
}

#[test]
fn every_flip_of_a_bit_is_noticed() {
    let bytes = written(&small());
    for bit in 0..8 * bytes.len() {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        // Each reads what it needs, and notices what is damaged there; together they read all.
        let errors = [named(&flipped).err(), whole(&flipped).err()];
        let error = errors.iter().flatten().next().unwrap_or_else(|| panic!("bit {bit} was not noticed"));
        assert_eq!(told(error).0, Code::Damaged, "bit {bit}");
    }
}

#[test]
fn every_number_may_be_anything() {
    let bytes = written(&small());
    for range in &sections(&bytes)[32..] {
        for at in range.clone().step_by(4) {
            for value in [0, 1, 2, 3, 7, 12, 254, 255, 0x0101_0101, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, u32::MAX] {
                let mut other = bytes.clone();
                let end = (at + 4).min(range.end);
                other[at..end].copy_from_slice(&u32::to_le_bytes(value)[..end - at]);
                is_read_or_refused(&sealed(other));
            }
        }
    }
}

/// Sections that are shorter, longer, or empty.
#[test]
fn every_section_may_have_any_length() {
    let bytes = written(&small());
    for (section, range) in sections(&bytes).into_iter().enumerate().skip(33) {
        let content = &bytes[range];
        for length in [0, 1, 4, 8, 16, content.len().saturating_sub(4), content.len() + 4, content.len() + 8] {
            let mut other = content.to_vec();
            other.resize(length, 0);
            is_read_or_refused(&replaced(&bytes, section, &other));
        }
    }
}

#[test]
fn what_is_wrong_is_told() {
    let model = small();
    let mut alone = Vec::new();
    model.write_snapshot(&mut alone).expect("it is written into memory");
    let mut snapshot = opened(&alone).expect("a snapshot");
    assert!(FaultGraph::from_snapshot(&mut snapshot, &model).expect("nothing is wrong").is_none());
    let message = |error: Error| told(&error).1;
    assert!(message(named(&alone).expect_err("no graph")).starts_with("the snapshot holds no compiled graph"));
    // A model that is another's, under checksums that are right but for that of the model.
    let bytes = written(&model);
    let range = sections(&bytes)[32].clone();
    let mut other = bytes[range.clone()].to_vec();
    other[24] ^= 1;
    let mut spliced = bytes.clone();
    spliced[range].copy_from_slice(&other);
    let checksum = crc32fast::hash(&other);
    spliced[FIXED + 16 * 32 + 8..][..4].copy_from_slice(&checksum.to_le_bytes());
    let tail = FIXED + 16 * sections(&bytes).len();
    let checksum = crc32fast::hash(&spliced[..tail]);
    spliced[tail..tail + 4].copy_from_slice(&checksum.to_le_bytes());
    let wanted = "the compiled graph is another model's: the checksum of the model it was made from is another";
    assert_eq!(message(named(&spliced).expect_err("another model's")), wanted);
    let graph = named(&bytes).expect("a graph");
    let text = |model: &Model| graph.with_model(model).expect_err("another model").to_string();
    assert_eq!(text(&wide()), "the compiled graph is another model's: it has 5 systems, the model 301");
    let source = |from: &str, to: &str| {
        let text = model.to_text(onus_model::Notation::Yaml).replace(from, to);
        Model::from_text("changed", &text).expect("a valid model")
    };
    assert!(text(&source("0.5", "0.25")).contains("has the probability 0.5, in the model 0.25"));
    assert!(text(&source("2h", "3h")).ends_with("it has `b -> a` otherwise"));
    assert!(text(&source("- c -> d", "- d -> c")).contains("otherwise"));
    assert_eq!(graph.propagate(&["a.g"], Couplings::Couple).expect_err("none").to_string(), "there is no fault `a.g`");
    let mut file = Vec::new();
    let error = FaultGraph::compile(&wide()).write_snapshot(&model, &mut file).expect_err("another model");
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}
