//! Folders of tables: what is written reads back, what is wrong is told with file, row and column.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use onus_model::strategies::{Bounds, Names, case, estate};
use onus_model::{Code, Error, Incident, Model};
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;

/// A folder that is gone when the test is.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("onus-tables-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn holding(model: &Model) -> Self {
        let folder = Self::new();
        model.write_tables(&folder.0).unwrap();
        folder
    }

    fn model(&self) -> Result<Model, Error> {
        Model::from_tables(&self.0)
    }

    /// All problems, one a line, as `table, row, column: code`.
    fn told(&self) -> Vec<String> {
        let error = self.model().unwrap_err();
        let prefix = format!("{}/", self.0.display());
        let place = |path: &str| path.strip_prefix(&prefix).unwrap_or(path).to_owned();
        error.diagnostics().iter().map(|problem| format!("{}: {}", place(&problem.path), problem.code)).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A column as another program would write it: every value may be missing.
enum Other<'a> {
    Long(&'a str, &'a [Option<i64>]),
    Int(&'a str, &'a [i32]),
    Double(&'a str, &'a [Option<f64>]),
    Text(&'a str, &'a [Option<&'a str>]),
}

fn write(folder: &Path, table: &str, columns: &[Other]) {
    let fields = columns.iter().map(|column| match column {
        Other::Long(name, _) => format!("optional int64 {name};"),
        Other::Int(name, _) => format!("required int32 {name};"),
        Other::Double(name, _) => format!("optional double {name};"),
        Other::Text(name, _) => format!("optional binary {name} (UTF8);"),
    });
    let shape = format!("message m {{ {} }}", fields.collect::<Vec<_>>().join(" "));
    let properties = WriterProperties::builder().set_compression(Compression::UNCOMPRESSED).build();
    let file = std::fs::File::create(folder.join(format!("{table}.parquet"))).unwrap();
    let shape = Arc::new(parse_message_type(&shape).unwrap());
    let mut writer = SerializedFileWriter::new(file, shape, Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for column in columns {
        let mut to = group.next_column().unwrap().unwrap();
        match column {
            Other::Long(_, values) => {
                let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
                let values: Vec<i64> = values.iter().flatten().copied().collect();
                to.typed::<Int64Type>().write_batch(&values, Some(&levels), None).unwrap();
            }
            Other::Int(_, values) => {
                to.typed::<Int32Type>().write_batch(values, None, None).unwrap();
            }
            Other::Double(_, values) => {
                let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
                let values: Vec<f64> = values.iter().flatten().copied().collect();
                to.typed::<DoubleType>().write_batch(&values, Some(&levels), None).unwrap();
            }
            Other::Text(_, values) => {
                let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
                let values: Vec<ByteArray> = values.iter().flatten().map(|text| ByteArray::from(*text)).collect();
                to.typed::<ByteArrayType>().write_batch(&values, Some(&levels), None).unwrap();
            }
        }
        to.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
}

/// Three systems, whose ids and order are another program's.
fn other_systems(folder: &Path) {
    write(
        folder,
        "systems",
        &[
            Other::Long("id", &[Some(70), Some(-5), Some(9)]),
            Other::Text("key", &[Some("portal"), Some("auth"), Some("db")]),
            Other::Double("prior", &[None, Some(0.25), Some(0.5)]),
        ],
    );
}

proptest! {
    #[test]
    fn written_and_read_back_is_equal(case in case(&Bounds { names: Names::Odd, ..Bounds::default() })) {
        let model = case.model.build().unwrap();
        let folder = Folder::holding(&model);
        let again = folder.model().unwrap();
        again.verify();
        prop_assert_eq!(&again, &model);
        let incident = case.incident.build(&model).unwrap();
        incident.write_tables(&model, &folder.0).unwrap();
        prop_assert_eq!(&Incident::from_tables(&folder.0, &model).unwrap(), &incident);
        prop_assert_eq!(&Model::from_file(&folder.0).unwrap(), &model);
    }

    #[test]
    fn estates_too(model in estate(&Bounds { systems: 40, events: 400, ..Bounds::default() })) {
        let model = model.build().unwrap();
        prop_assert_eq!(Folder::holding(&model).model().unwrap(), model);
    }

    #[test]
    fn a_damaged_table_is_read_or_refused(
        case in case(&Bounds::default()), which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(),
        byte in any::<u8>(), cut in any::<bool>()
    ) {
        let folder = Folder::holding(&case.model.build().unwrap());
        let mut files: Vec<PathBuf> = std::fs::read_dir(&folder.0).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        let file = which.get(&files);
        let mut bytes = std::fs::read(file).unwrap();
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        std::fs::write(file, bytes).unwrap();
        match folder.model() {
            Ok(model) => model.verify(),
            Err(error) => prop_assert!(!error.diagnostics().is_empty()),
        }
    }
}

#[test]
fn everything_the_files_can_say_is_kept() {
    let text = "
format: onus/1
title: Everything
description: at the top
defaults: { probability: 0.125, cause: design }
answers: { weather: [operate], nothing: [] }
contractors: { netco: { name: 통신사, role: buyer, group: g, description: d }, appco: {} }
contracts:
  one: { title: t, contractor: netco, term: { from: 2023-01-01 }, duties: [{ duty: operate, of: ['*'] }], responds_in: 4h,
         liability: { excludes: [capacity], cap: 5e8 KRW, indemnified_by: appco }, reports_to: [appco] }
  two: { consortium: { netco: 33.3, appco: 66.7 }, under: one, buyer: appco, description: d }
systems:
  a: { name: A, kind: switch, site: west, description: d,
       faults: { f: { cause: hardware, rate: 0.1/year, exposure: 2d, latent: true, assumed: a, description: d } } }
  b: { faultless: true, needs: [a, a, { at_least: 2, of: [a, { any: [c, { at_least: 1, of: [a] }] }, c] }, { any: [b] }],
       demand: { users: 5, calls: 0.1 } }
  c: { needs: [{ any: [{ any: [b] }] }], faults: { g: { cause: software, probability: 0.1, trigger: true } } }
  d: {}
interfaces:
  b -> a: { kind: api, propagates: 0.5, delay: [1m, 2h], description: d, faults: { i: { cause: interface, probability: 0.2 } } }
  b -> c: { propagates: 0 }
common_causes: { storm: { strikes: [a, c -> b], cause: weather, rate: 1/year, exposure: 1d, trigger: true, assumed: a } }
monitors: { m: { watches: [a], runs_on: c, detects: 0.9, false_alarms: 0.1, seen_by: [public, netco], description: d } }
";
    let model = Model::from_text("everything", text).unwrap();
    let folder = Folder::holding(&model);
    assert_eq!(folder.model().unwrap(), model);
    assert!(folder.0.join("groups.parquet").is_file(), "groups stand in groups");
}

#[test]
fn two_tables_of_another_program_are_an_estate() {
    let folder = Folder::new();
    other_systems(&folder.0);
    // 70 needs -5, and either of 9 and -5.
    let needs = [
        Other::Int("src", &[70, 70, 70]),
        Other::Int("dst", &[-5, 9, -5]),
        Other::Long("group", &[None, Some(3), Some(3)]),
        Other::Long("k", &[None, Some(1), Some(1)]),
    ];
    write(&folder.0, "needs", &needs);
    let text = "
format: onus/1
systems:
  portal: { needs: [auth, { any: [db, auth] }] }
  auth: { faults: { fault: { cause: unspecified, probability: 0.25 } } }
  db: { faults: { fault: { cause: unspecified, probability: 0.5 } } }
";
    assert_eq!(folder.model().unwrap(), Model::from_text("the same", text).unwrap());
}

#[test]
fn every_problem_is_told_with_file_row_and_column() {
    let folder = Folder::new();
    other_systems(&folder.0);
    let needs = [Other::Long("src", &[Some(70), Some(1), None]), Other::Long("dst", &[Some(2), Some(9), Some(9)])];
    write(&folder.0, "needs", &needs);
    assert_eq!(folder.told(), ["needs.parquet, row 2, column src: ONUS-E0045"]);
    let needs = [Other::Long("src", &[Some(70), Some(1)]), Other::Long("dst", &[Some(2), Some(9)])];
    write(&folder.0, "needs", &needs);
    let dangling = ["needs.parquet, row 1, column src: ONUS-E0018", "needs.parquet, row 0, column dst: ONUS-E0018"];
    assert_eq!(folder.told(), dangling);
    write(&folder.0, "needs", &[Other::Text("src", &[Some("portal")]), Other::Long("dts", &[Some(9)])]);
    let error = folder.model().unwrap_err();
    let messages: Vec<&str> = error.diagnostics().iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "the column `src` holds BYTE_ARRAY UTF8; expected whole numbers (INT64 or INT32)",
            "the column `dts` is not known; did you mean `dst`?",
            "the column `dst` is missing",
        ]
    );
    let needs = |group: &[Option<i64>], k: &[Option<i64>], propagates: &[Option<f64>]| {
        let columns = [
            Other::Long("src", &[Some(70), Some(70)]),
            Other::Long("dst", &[Some(9), Some(9)]),
            Other::Long("group", group),
            Other::Long("k", k),
            Other::Double("propagates", propagates),
        ];
        write(&folder.0, "needs", &columns);
        folder.told()
    };
    assert_eq!(
        needs(&[None, None], &[None, None], &[Some(0.5), Some(0.6)]),
        ["needs.parquet, row 1, column dst: ONUS-E0004"]
    );
    assert_eq!(
        needs(&[None, None], &[None, None], &[Some(1.5), Some(1.5)]),
        ["needs.parquet, row 0, column propagates: ONUS-E0009"]
    );
    assert_eq!(
        needs(&[Some(1), Some(1)], &[Some(3), Some(3)], &[None, None]),
        ["needs.parquet, row 0, column k: ONUS-E0032"]
    );
    assert_eq!(
        needs(&[Some(1), Some(1)], &[Some(1), Some(2)], &[None, None]),
        ["needs.parquet, row 1, column k: ONUS-E0032"]
    );
    assert_eq!(needs(&[None, None], &[Some(1), None], &[None, None]), ["needs.parquet, row 0, column k: ONUS-E0032"]);
    assert_eq!(
        needs(&[Some(1), Some(1)], &[Some(-1), Some(-1)], &[None, None]),
        ["needs.parquet, row 0, column k: ONUS-E0032"]
    );
    assert!(folder.model().unwrap_err().to_string().contains("2 members of the group, found -1"));
    needs(&[None, None], &[None, None], &[Some(f64::NAN), Some(f64::NAN)]);
    assert!(folder.model().unwrap_err().to_string().contains("from 0 to 1, found no finite number"));
    std::fs::remove_file(folder.0.join("needs.parquet")).unwrap();
    let contracts = [
        Other::Text("key", &[Some("x"), Some("x"), Some("y")]),
        Other::Text("contractor", &[Some("netco"), None, Some("netco")]),
        Other::Text("duties", &[Some("[{\"duty\":\"operates\",\"of\":[]}]"), Some("oops"), Some("[]")]),
    ];
    write(&folder.0, "contracts", &contracts);
    assert_eq!(
        folder.told(),
        ["contracts.parquet, row 0, column duties: ONUS-E0007", "contracts.parquet, row 1, column duties: ONUS-E0002"]
    );
    let contracts =
        [Other::Text("key", &[Some("y"), Some("x")]), Other::Text("contractor", &[Some("netco"), Some("netco")])];
    write(&folder.0, "contracts", &contracts);
    assert_eq!(
        folder.told(),
        [
            "contracts.parquet, row 1, column contractor: ONUS-E0020",
            "contracts.parquet, row 0, column contractor: ONUS-E0020"
        ]
    );
    std::fs::rename(folder.0.join("contracts.parquet"), folder.0.join("contract.parquet")).unwrap();
    assert_eq!(folder.told(), ["contract.parquet: ONUS-E0045"]);
}

#[test]
fn what_follows_from_the_model_is_held_against_it() {
    let model = Model::from_text("one", "{ format: onus/1, systems: { a: {}, b: {} } }").unwrap();
    let folder = Folder::holding(&model);
    let systems = [
        Other::Long("id", &[Some(0), Some(1)]),
        Other::Text("key", &[Some("a"), Some("b")]),
        Other::Text("owner", &[None, Some("netco")]),
        Other::Double("prior", &[Some(0.5), Some(1e-4)]),
    ];
    write(&folder.0, "systems", &systems);
    assert_eq!(
        folder.told(),
        ["systems.parquet, row 0, column prior: ONUS-E0045", "systems.parquet, row 1, column owner: ONUS-E0045"]
    );
}

#[test]
fn an_estate_and_an_incident_have_one_row_each() {
    let model = Model::from_text("one", "{ format: onus/1, systems: { a: {} } }").unwrap();
    let folder = Folder::holding(&model);
    let document = onus_model::document::Incident::new("Seen");
    document.build(&model).unwrap().write_tables(&model, &folder.0).unwrap();
    assert!(Incident::from_tables(&folder.0, &model).is_ok());
    for rows in [0, 2] {
        let heads = [Other::Text("format", &vec![Some("onus-incident/1"); rows])];
        write(&folder.0, "incident", &heads);
        let error = Incident::from_tables(&folder.0, &model).unwrap_err();
        assert_eq!(error.diagnostics()[0].message, format!("expected one row, found {rows}"));
        write(&folder.0, "estate", &[Other::Text("format", &vec![Some("onus/1"); rows])]);
        assert_eq!(folder.told(), ["estate.parquet: ONUS-E0045"]);
    }
}

#[test]
fn more_rows_than_a_file_can_hold_are_refused() {
    let folder = Folder::new();
    let rows = 3_000_000;
    let columns = [Other::Long("id", &vec![Some(1); rows]), Other::Text("key", &vec![Some("a"); rows])];
    write(&folder.0, "systems", &columns);
    let error = folder.model().unwrap_err();
    assert_eq!(error.diagnostics()[0].code, Code::WrongTable);
    assert!(error.to_string().contains("more rows than"), "{error}");
}

#[test]
fn compression_that_is_not_read_is_named() {
    let folder = Folder::holding(&Model::from_text("one", "{ format: onus/1, systems: { a: {} } }").unwrap());
    let path = folder.0.join("systems.parquet");
    let mut bytes = std::fs::read(&path).unwrap();
    // In the metadata of a column: its path, of one name; then its codec, from Snappy to Zstandard.
    let codec = b"\x18\x03key\x15\x02";
    let at = bytes.windows(codec.len()).rposition(|window| window == codec).unwrap() + codec.len() - 1;
    bytes[at] = 12;
    std::fs::write(&path, bytes).unwrap();
    let told = folder.model().unwrap_err().to_string();
    assert!(
        told.contains("compressed by ZSTD, which") && told.contains("write it uncompressed or with Snappy"),
        "{told}"
    );
}
