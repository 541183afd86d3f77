//! Snapshots: what is written reads back, what is damaged is refused, what is hostile does no harm.

use std::io::Cursor;

use onus_model::strategies::{Bounds, Names, case, estate};
use onus_model::{Code, Error, Ids, Model, Snapshot, SnapshotDraft, Values};
use proptest::prelude::*;

/// Bytes before the entries of the head.
const FIXED: usize = 16;

fn written(model: &Model) -> Vec<u8> {
    let mut bytes = Vec::new();
    model.write_snapshot(&mut bytes).unwrap();
    bytes
}

fn read(bytes: &[u8]) -> Result<Model, Error> {
    Model::from_snapshot("estate.onus", Cursor::new(bytes))
}

fn small() -> Model {
    let text = "
format: onus/1
title: Small
contractors: { netco: { name: 통신사 }, appco: {} }
contracts: { one: { contractor: netco, duties: [{ duty: operate, of: ['*'] }] } }
systems:
  a: { kind: switch, site: west, faults: { f: { cause: hardware, rate: 0.1/year, exposure: 2d, latent: true } } }
  b: { faultless: true, needs: [a, { at_least: 2, of: [a, { any: [c, a] }, c] }], demand: { users: 5, calls: 0.5 } }
  c: { needs: [b], faults: { g: { cause: software, probability: 0.1, assumed: a guess } } }
interfaces:
  b -> a: { kind: api, propagates: 0.5, delay: [1m, 2h], faults: { i: { cause: interface, probability: 0.2 } } }
common_causes: { storm: { strikes: [a, c -> b], cause: weather, probability: 0.01 } }
monitors: { m: { watches: [a], runs_on: c, seen_by: [public, netco] } }
";
    Model::from_text("small", text).unwrap()
}

/// The bytes with the checksums that belong to them, as far as their lengths let them have any.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let count = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
    let mut at = FIXED + 16 * count + 8;
    for entry in (0..count).map(|section| FIXED + 16 * section) {
        let length = u64::from_le_bytes(bytes[entry..entry + 8].try_into().unwrap());
        let end =
            usize::try_from(length).ok().and_then(|length| at.checked_add(length)).filter(|end| *end <= bytes.len());
        let Some(end) = end else { break };
        let checksum = crc32fast::hash(&bytes[at..end]);
        bytes[entry + 8..entry + 12].copy_from_slice(&checksum.to_le_bytes());
        at = end;
    }
    let end = FIXED + 16 * count;
    let checksum = crc32fast::hash(&bytes[..end]);
    bytes[end..end + 4].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

/// Where the sections begin and end.
fn sections(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
    let count = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
    let mut at = FIXED + 16 * count + 8;
    let entries = (0..count).map(|section| FIXED + 16 * section);
    let ranges = entries.map(|entry| {
        let begin = at;
        at += u64::from_le_bytes(bytes[entry..entry + 8].try_into().unwrap()) as usize;
        begin..at
    });
    ranges.collect()
}

/// Reads what may be anything: a model that is consistent, or a problem that says where.
fn is_read_or_refused(bytes: &[u8]) -> Result<(), TestCaseError> {
    match read(bytes) {
        // What selectors were written as is all that a changed text can leave untrue; so the text is written again.
        Ok(model) => prop_assert!(read(&written(&model)).is_ok()),
        Err(error) => prop_assert!(!error.diagnostics().is_empty(), "{error}"),
    }
    Ok(())
}

proptest! {
    #[test]
    fn written_and_read_back_is_equal(case in case(&Bounds { names: Names::Odd, ..Bounds::default() })) {
        let model = case.model.build().unwrap();
        let bytes = written(&model);
        let again = read(&bytes).unwrap();
        again.verify();
        prop_assert_eq!(&again, &model);
        prop_assert_eq!(written(&again), bytes);
    }

    #[test]
    fn estates_too(model in estate(&Bounds { systems: 40, events: 400, ..Bounds::default() })) {
        let model = model.build().unwrap();
        prop_assert_eq!(read(&written(&model)).unwrap(), model);
    }

    #[test]
    fn figures_keep_their_last_bit(bits in any::<u64>()) {
        let figure = f64::from_bits(bits).abs();
        prop_assume!(figure <= 1.0);
        let fault = onus_model::document::Fault::new("hardware", figure);
        let system = onus_model::document::System::new().fault("f", fault).demand("users", figure);
        let mut document = onus_model::document::Model::new("One").system("a", system);
        document.defaults.probability = figure;
        let model = document.build().unwrap();
        prop_assert_eq!(&read(&written(&model)).unwrap(), &model);
        for notation in [onus_model::Notation::Yaml, onus_model::Notation::Json] {
            prop_assert_eq!(&Model::from_text("again", &model.to_text(notation)).unwrap(), &model);
        }
    }

    #[test]
    fn random_bytes_are_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..2000), begins in any::<bool>()) {
        if begins {
            bytes.splice(0..bytes.len().min(FIXED), written(&small())[..FIXED].to_vec());
        }
        prop_assert!(read(&bytes).is_err());
    }

    #[test]
    fn a_changed_file_with_the_right_checksums_does_no_harm(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), whole in any::<bool>()
    ) {
        let mut bytes = written(&small());
        for (at, value) in changes {
            // A whole number, or one byte of it.
            let at = at.index(bytes.len() - FIXED) + FIXED;
            let value = if whole { value % 4 } else { value };
            bytes[at] = value;
        }
        is_read_or_refused(&sealed(bytes))?;
    }
}

#[test]
fn every_truncation_is_refused() {
    let bytes = written(&small());
    assert!(read(&bytes).is_ok());
    for length in 0..bytes.len() {
        let error = read(&bytes[..length]).unwrap_err();
        assert_eq!(error.diagnostics()[0].code, Code::Damaged, "{length}");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(read(&longer).unwrap_err().diagnostics()[0].code, Code::Damaged);
}

#[test]
fn every_flip_of_a_bit_is_noticed() {
    let bytes = written(&small());
    for bit in 0..8 * bytes.len() {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let error = read(&flipped).unwrap_err();
        assert_eq!(error.diagnostics()[0].code, Code::Damaged, "bit {bit}");
    }
}

#[test]
fn every_number_may_be_anything() {
    let bytes = written(&small());
    for range in sections(&bytes) {
        for at in range.step_by(4) {
            for value in [0, 1, 2, 3, 7, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0x8000_0040, 0xffff_fffe, u32::MAX] {
                let mut other = bytes.clone();
                let end = (at + 4).min(other.len());
                other[at..end].copy_from_slice(&value.to_le_bytes()[..end - at]);
                is_read_or_refused(&sealed(other)).unwrap();
            }
        }
    }
}

#[test]
fn lengths_are_held_against_the_file() {
    let bytes = written(&small());
    for section in 0..sections(&bytes).len() {
        for length in [0, 1, 3, 1 << 20, 1 << 40, u64::MAX, u64::MAX - 7] {
            let mut other = bytes.clone();
            let at = FIXED + 16 * section;
            other[at..at + 8].copy_from_slice(&length.to_le_bytes());
            is_read_or_refused(&sealed(other)).unwrap();
        }
    }
}

#[test]
fn the_problem_is_told_in_words() {
    let told = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
    let bytes = written(&small());
    assert_eq!(
        told(b"format: onus/1\nsystems: {}\n"),
        "error[ONUS-E0044]: estate.onus: this is no snapshot: it does not begin like one"
    );
    let breaks_off = told(&bytes[..bytes.len() - 1]);
    assert!(breaks_off.contains("the snapshot breaks off: section "), "{breaks_off}");
    let goes_on = told(&[&bytes[..], &[0; 3]].concat());
    assert!(goes_on.ends_with("goes on where its last section ended, for 3 bytes"), "{goes_on}");
    let mut newer = bytes.clone();
    newer[8] = 3;
    assert!(told(&sealed(newer)).contains("version 3; this program reads version 2"));
    let mut dangling = bytes.clone();
    let need = sections(&bytes)[14].clone();
    dangling[need.start..need.start + 4].copy_from_slice(&99_u32.to_le_bytes());
    let dangling = told(&sealed(dangling));
    assert!(dangling.ends_with("`need`, entry 0: expected the number of a system"), "{dangling}");
}

/// Bytes of a snapshot of the small model, with four sections of another's beside it.
fn with_others() -> Vec<u8> {
    let ids = Ids::of(["a.f", "c.g"]).unwrap();
    let (model, mut bytes) = (small(), Vec::new());
    let mut draft = SnapshotDraft::of(&model).unwrap();
    draft.add(300, Values::Longs(vec![u64::MAX, 1].into()));
    draft.add_ids([257, 256], &ids);
    draft.add(301, Values::Figures(vec![0.1, -0.0].into()));
    draft.write(&mut bytes).unwrap();
    bytes
}

fn open(bytes: &[u8]) -> Result<Snapshot<Cursor<&[u8]>>, Error> {
    Snapshot::open("estate.onus", Cursor::new(bytes))
}

#[test]
fn others_keep_what_is_theirs_beside_the_model() {
    let bytes = with_others();
    let mut snapshot = open(&bytes).unwrap();
    // In any order, and as often as one likes.
    let figures: Vec<u64> = snapshot.figures(301).unwrap().into_iter().map(f64::to_bits).collect();
    assert_eq!(figures, [0.1_f64, -0.0].map(f64::to_bits));
    assert_eq!(snapshot.model().unwrap(), small());
    assert_eq!(snapshot.longs(300).unwrap(), [u64::MAX, 1]);
    assert_eq!(snapshot.ids([257, 256]).unwrap(), Ids::of(["a.f", "c.g"]).unwrap());
    assert_eq!(snapshot.system_ids().unwrap().iter().collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(snapshot.model_checksum(), SnapshotDraft::of(&small()).unwrap().model_checksum());
    assert!(snapshot.has(300) && !snapshot.has(299));
    let told = |error: Error| error.diagnostics()[0].message.clone();
    assert_eq!(told(snapshot.bytes(299).unwrap_err()), "section 299 is missing");
    assert_eq!(
        told(snapshot.words(257, |word| word).unwrap_err()),
        "section 257 has 6 bytes; expected a multiple of 4"
    );
}

/// What is not asked for is not read: so what is damaged elsewhere does not matter, and is not told.
#[test]
fn sections_are_read_by_themselves() {
    let bytes = with_others();
    let count = sections(&bytes).len();
    for (section, range) in sections(&bytes).into_iter().enumerate().filter(|(_, range)| !range.is_empty()) {
        let mut other = bytes.clone();
        other[range.start] ^= 1;
        assert_eq!(read(&other).is_ok(), section >= count - 4);
        let mut snapshot = open(&other).unwrap();
        assert_eq!(snapshot.longs(300).is_ok(), section != count - 4);
        assert_eq!(snapshot.ids([257, 256]).is_ok(), section != count - 3 && section != count - 2);
    }
}

#[test]
fn tags_stand_once_and_are_known() {
    let bytes = with_others();
    let tagged = |section: usize, tag: u32| {
        let mut other = bytes.clone();
        let at = FIXED + 16 * section + 12;
        other[at..at + 4].copy_from_slice(&tag.to_le_bytes());
        open(&sealed(other)).map(|_| ()).map_err(|error| error.diagnostics()[0].message.clone())
    };
    assert_eq!(tagged(2, 3), Err("section 3 stands twice".to_owned()));
    assert_eq!(tagged(2, 99), Err("section 99 is none that a model has".to_owned()));
    assert_eq!(tagged(32, 999), Ok(()));
    // A model needs all of its own.
    let mut other = bytes.clone();
    other[FIXED + 16 * 2 + 12..FIXED + 16 * 2 + 16].copy_from_slice(&999_u32.to_le_bytes());
    assert_eq!(read(&sealed(other)).unwrap_err().diagnostics()[0].message, "section 2 is missing");
}

#[test]
fn ids_rise() {
    assert!(Ids::of(["b", "a"]).is_err() && Ids::of(["a", "a"]).is_err());
    let ids = Ids::of(["", "가", "나다"]).unwrap();
    let found = ["", "가", "나다", "나", "z"].map(|id| ids.find(id));
    assert_eq!(found, [Some(0), Some(1), Some(2), None, None]);
    let stored = |text: &str, ends: &[u32]| {
        let (model, mut bytes) = (small(), Vec::new());
        let mut draft = SnapshotDraft::of(&model).unwrap();
        draft.add(256, Values::Bytes(text.as_bytes().into()));
        draft.add(257, Values::Words(ends.into()));
        draft.write(&mut bytes).unwrap();
        open(&bytes).unwrap().ids([256, 257]).map(|ids| ids.len())
    };
    assert_eq!(stored("ab", &[1, 2]).unwrap(), 2);
    for (text, ends) in
        [("ba", &[1, 2][..]), ("ab", &[1]), ("ab", &[2, 1]), ("ab", &[3]), ("가", &[1, 3]), ("ab", &[2, 2])]
    {
        assert!(stored(text, ends).is_err(), "{text} {ends:?}");
    }
}
