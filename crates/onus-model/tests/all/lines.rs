//! Lines of JSON: what is written reads back, what is wrong is told at its line, what is hostile does no harm.

use std::io::{BufReader, Cursor, Read, Seek, SeekFrom};

use onus_model::strategies::{Bounds, Names, case};
use onus_model::{Code, Error, Incident, Model, Notation, Record, document};
use proptest::prelude::*;

fn odd() -> Bounds {
    Bounds { names: Names::Odd, ..Bounds::default() }
}

fn lines_of(model: document::Model) -> Vec<u8> {
    let mut lines = Vec::new();
    for record in model.into_records() {
        record.write(&mut lines).unwrap();
    }
    lines
}

fn read(lines: &[u8]) -> Result<Model, Error> {
    Model::from_lines("estate.ndjson", Cursor::new(lines))
}

/// All problems, one a line, as `line:column code`.
fn told(lines: &str) -> Vec<String> {
    let error = read(lines.as_bytes()).unwrap_err();
    let place = |problem: &onus_model::Diagnostic| {
        problem.location.as_ref().map_or_else(|| "?".to_owned(), |place| format!("{}:{}", place.line, place.column))
    };
    error.diagnostics().iter().map(|problem| format!("{} {}", place(problem), problem.code)).collect()
}

proptest! {
    #[test]
    fn written_and_read_back_is_equal(case in case(&odd())) {
        let model = case.model.build().unwrap();
        let lines = lines_of(model.to_document());
        prop_assert_eq!(&read(&lines).unwrap(), &model);
        let records: Result<document::Model, _> = Record::lines("again", Cursor::new(&lines)).collect();
        prop_assert_eq!(records.unwrap(), model.to_document());
        // In any order, and all in one line.
        let mut backwards: Vec<&[u8]> = lines.split_inclusive(|byte| *byte == b'\n').collect();
        backwards.reverse();
        prop_assert_eq!(&read(&backwards.concat()).unwrap(), &model);
        let one_line = model.to_text(Notation::Json).replace('\n', " ");
        prop_assert_eq!(&read(one_line.as_bytes()).unwrap(), &model);
        let incident = case.incident.build(&model).unwrap();
        let lines = incident.to_text(&model, Notation::Lines);
        prop_assert_eq!(Incident::from_lines("again", Cursor::new(lines), &model).unwrap(), incident);
    }

    #[test]
    fn a_damaged_file_is_read_or_refused(
        case in case(&Bounds::default()), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()
    ) {
        let mut lines = lines_of(case.model);
        let at = at.index(lines.len());
        if cut { lines.truncate(at) } else { lines[at] = byte }
        match read(&lines) {
            Ok(model) => model.verify(),
            Err(error) => prop_assert!(!error.diagnostics().is_empty()),
        }
    }
}

#[test]
fn every_problem_is_told_at_its_line() {
    let head = r#"{"format":"onus/1"}"#;
    let two = format!(
        "{head}\n{{\"systems\":{{\"a\":{{}}}}}}\n\n{{\"systems\":{{\"a\":{{}}}}}}\n{{\"systems\":{{\"b\":{{\"kinds\":1}}}}}}\n"
    );
    assert_eq!(told(&two), ["4:13 ONUS-E0004", "5:18 ONUS-E0005"]);
    let dangling = format!(
        "{head}\n{{\"systems\":{{\"a\":{{\"needs\":[\"b\"]}}}}}}\n{{\"systems\":{{\"c\":{{\"needs\":[\"a\",\"d\"]}}}}}}\n"
    );
    assert_eq!(told(&dangling), ["2:27 ONUS-E0018", "3:31 ONUS-E0018"]);
    let broken = told(&format!("{head}\n{{\"systems\": oops\n"));
    assert!(broken.len() == 1 && broken[0].starts_with("2:") && broken[0].ends_with("ONUS-E0002"), "{broken:?}");
    let breaks_off = read(format!("{head}\n{{\"systems\":{{\"a\":{{\"nee").as_bytes()).unwrap_err().to_string();
    assert_eq!(breaks_off, "estate.ndjson:2:21: error[ONUS-E0002]: the JSON breaks off here");
    assert_eq!(told(&format!("{head}\n{{\"format\":\"onus/2\"}}\n")), ["2:2 ONUS-E0004"]);
    assert_eq!(told(r#"{"systems":{"a":{}}}"#), ["? ONUS-E0006"]);
}

#[test]
fn an_item_of_evidence_is_found_in_its_line() {
    let model = Model::from_text("model", r#"{"format":"onus/1","systems":{"a":{}}}"#).unwrap();
    let item = |id: &str, system: &str| {
        format!("{{\"evidence\":[{{\"id\":\"{id}\",\"at\":\"2024-01-01T00:00:00Z\",\"failed\":\"{system}\"}}]}}\n")
    };
    let lines = format!("{{\"format\":\"onus-incident/1\"}}\n{}{}{}", item("x", "a"), item("y", "b"), item("z", "c"));
    let error = Incident::from_lines("i.ndjson", Cursor::new(lines), &model).unwrap_err();
    let places: Vec<_> =
        error.diagnostics().iter().map(|d| (d.location.as_ref().unwrap().line, d.path.as_str())).collect();
    assert_eq!(places, [(3, "evidence[1].failed"), (4, "evidence[2].failed")]);
}

#[test]
fn sound_json_is_read_at_any_size_and_unsound_json_is_refused() {
    let systems: Vec<String> = (0..150_000).map(|at| format!("\"s{at}\":{{\"kind\":\"x\",\"site\":\"y\"}}")).collect();
    let text = |more: &str| format!("{{\"format\":\"onus/1\",\"systems\":{{{}{more}}}}}", systems.join(","));
    assert_eq!(Model::from_text("large", &text("")).unwrap().systems().len(), 150_000);
    let codes = |more: &str| {
        let error = Model::from_text("large", &text(more)).unwrap_err();
        error.diagnostics().iter().map(|problem| problem.code).collect::<Vec<_>>()
    };
    assert_eq!(codes(",\"t\":{\"needs\":[\"nowhere\"]}"), [Code::UnknownSystem], "without a place, but told");
    assert_eq!(codes(",\"s0\":{}")[0], Code::DuplicateKey, "serde_json alone would take the last of two");
    assert_eq!(codes(",\"t\":{\"needz\":[]}")[0], Code::UnknownKey);
    let error = Model::from_text("large", &text(",\n\"é\":{\"needz\":[]}")).unwrap_err();
    let place = error.diagnostics()[0].location.clone().unwrap();
    assert_eq!((place.line, place.column), (2, 12));
}

/// A file that remembers how it was read.
struct Watched {
    file: Cursor<Vec<u8>>,
    most_at_once: usize,
    read: usize,
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.most_at_once = self.most_at_once.max(buffer.len());
        let count = self.file.read(buffer)?;
        self.read += count;
        Ok(count)
    }
}

impl Seek for Watched {
    fn seek(&mut self, position: SeekFrom) -> std::io::Result<u64> {
        self.file.seek(position)
    }
}

#[test]
fn a_sound_file_is_read_once_piece_by_piece_and_another_again_for_its_problems() {
    let mut lines = "{\"format\":\"onus/1\"}\n".to_owned();
    for at in (1..20_000).rev() {
        lines += &format!("{{\"systems\":{{\"s{at}\":{{\"needs\":[\"s{}\"]}}}}}}\n", at - 1);
    }
    let watched = |lines: &str| {
        let file = Cursor::new(lines.as_bytes().to_vec());
        let mut lines = BufReader::with_capacity(4096, Watched { file, most_at_once: 0, read: 0 });
        let model = Model::from_lines("estate.ndjson", &mut lines);
        (model, lines.into_inner())
    };
    let sound = format!("{lines}{{\"systems\":{{\"s0\":{{}}}}}}\n");
    let (model, file) = watched(&sound);
    let model = model.unwrap();
    model.verify();
    assert_eq!((model.systems().len(), model.interfaces().len()), (20_000, 19_999));
    assert_eq!((file.most_at_once, file.read), (4096, sound.len()));
    let (problems, file) = watched(&lines);
    assert_eq!(problems.unwrap_err().diagnostics()[0].location.as_ref().unwrap().line, 20_000, "nobody defines s0");
    assert!(file.most_at_once == 4096 && file.read > lines.len());
}
