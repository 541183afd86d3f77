//! `fixtures/invalid`: every error code has a file that shows it, and every file its exact text. After a change that is
//! meant, `UPDATE_FIXTURES=1 cargo test` writes the texts anew; read the difference.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use onus_model::{Code, Error, FaultTree, Incident, Limits, Model, Severity, Source};

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/invalid")
}

fn names() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(directory())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| {
            Path::new(name).extension().is_some_and(|e| e == "yaml" || e == "xml") && name != "valid-model.yaml"
        })
        .collect();
    names.sort();
    names
}

/// The problems of a file, one a line, as they are told when the file is called by its base name.
fn problems(name: &str) -> String {
    let bytes = std::fs::read(directory().join(name)).unwrap();
    let is_incident = bytes.starts_with(b"format: onus-incident");
    let result = Source::from_reader(name, bytes.as_slice(), Limits::default()).and_then(|source| {
        if FaultTree::is_xml(&source.text) {
            FaultTree::from_source(&source)?.top().map(drop)
        } else if is_incident {
            let model = Model::from_file(directory().join("valid-model.yaml"))?;
            Incident::from_source(&source, &model).map(drop)
        } else {
            Model::from_source(&source).map(drop)
        }
    });
    let Err(Error::Invalid(problems)) = result else { panic!("{name} is valid: {result:?}") };
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}

#[test]
fn every_invalid_file_is_refused_with_its_exact_text() {
    let mut wrong = Vec::new();
    for name in names() {
        let path = directory().join(&name).with_extension("txt");
        let told = problems(&name);
        if std::env::var_os("UPDATE_FIXTURES").is_some() {
            std::fs::write(&path, &told).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        if told != expected {
            wrong.push(format!("{name}\nexpected:\n{expected}found:\n{told}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_error_code_has_a_file_that_shows_it() {
    let names = names();
    // What is wrong with files that are no texts is shown by the tests of snapshots and tables.
    let is_of_texts =
        |code: &&Code| code.severity() == Severity::Error && ![Code::Damaged, Code::WrongTable].contains(code);
    for code in Code::ALL.iter().filter(is_of_texts) {
        let short = code.as_str().trim_start_matches("ONUS-");
        let name = names.iter().find(|name| name.starts_with(&format!("{short}-")));
        let name = name.unwrap_or_else(|| panic!("{code} has no file"));
        assert!(problems(name).contains(code.as_str()), "{name} does not show {code}");
    }
}

#[test]
fn problems_of_many_kinds_are_told_in_one_run() {
    let told = problems("several.yaml");
    let codes: BTreeSet<&str> = told.lines().filter_map(|line| line.split('[').nth(1)?.split(']').next()).collect();
    assert!(codes.len() >= 7, "{told}");
}
