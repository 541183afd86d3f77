//! The JSON Schemas take what the reader takes, as far as shapes go.

use std::path::Path;

use jsonschema::Validator;
use onus_model::Notation;
use onus_model::document::{Incident, Model, Structure};
use serde_json::Value;

use crate::design;

fn validator(schema: &str) -> Validator {
    jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap()
}

fn value(yaml: &str) -> Value {
    serde_yaml::from_str(yaml).unwrap()
}

fn assert_valid(validator: &Validator, value: &Value, name: &str) {
    let errors: Vec<String> =
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{name}: {errors:?}");
}

#[test]
fn the_examples_and_scenarios_are_valid() {
    let [model, incident, structure] =
        [Model::schema(), Incident::schema(), Structure::schema()].map(|s| validator(&s));
    assert_valid(&model, &value(design::MODEL), "the model of the design");
    assert_valid(&incident, &value(design::INCIDENT), "the incident of the design");
    let contracts = value(design::MODEL);
    let only = |keys: &[&str]| keys.iter().map(|key| ((*key).to_owned(), contracts[key].clone())).collect::<Value>();
    assert_valid(&structure, &only(&["format", "contractors", "contracts"]), "the contracts of the design");
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/scenarios");
    for directory in std::fs::read_dir(scenarios).unwrap() {
        for file in std::fs::read_dir(directory.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "yaml") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let stem = path.file_stem().unwrap().to_str().unwrap();
            let schema = match stem {
                "incident" => &incident,
                "model" => &model,
                _ => &structure,
            };
            assert_valid(schema, &value(&text), &path.display().to_string());
        }
    }
}

#[test]
fn what_the_reader_refuses_by_shape_is_refused() {
    let [model, incident] = [Model::schema(), Incident::schema()].map(|s| validator(&s));
    for text in [
        "{ format: onus/1, sistems: {} }",
        "{ title: no format }",
        "{ format: onus/2 }",
        "{ format: onus/1, systems: { a: { need: [b] } } }",
        "{ format: onus/1, systems: { a: { needs: b } } }",
        "{ format: onus/1, systems: { a: { needs: [{ all: [b] }] } } }",
        "{ format: onus/1, systems: { a: { needs: [{ any: [b], of: [c] }] } } }",
        "{ format: onus/1, systems: { a: { faults: { f: { probability: 0.1 } } } } }",
        "{ format: onus/1, systems: { a: { faults: { f: { cause: x, probability: 2 } } } } }",
        "{ format: onus/1, systems: { a: { faults: { f: { cause: x } } } } }",
        "{ format: onus/1, systems: { a: { faults: { f: { cause: x, rate: 1/week, exposure: 1d, probability: 1 } } } } }",
        "{ format: onus/1, contracts: { c: { contractor: a, consortium: { a: 100 } } } }",
        "{ format: onus/1, contracts: { c: { contractor: a, term: { from: 31.12.2023 } } } }",
        "{ format: onus/1, contracts: { c: { contractor: a, liability: { cap: 5e8 } } } }",
        "{ format: onus/1, contracts: { c: { contractor: a, duties: [{ duty: mantain, of: [b] }] } } }",
        "{ format: onus/1, monitors: { m: { detects: 1 } } }",
        "{ format: onus/1, common_causes: { c: { cause: x, probability: 1 } } }",
    ] {
        assert!(!model.is_valid(&value(text)), "{text}");
        assert!(onus_model::Model::from_text("refused", text).is_err(), "{text}");
    }
    for item in [
        "{ id: a, at: 2023-11-17T08:40:00, failed: portal }",
        "{ id: a, at: 2023-11-17T08:40:00Z }",
        "{ id: a, at: 2023-11-17T08:40:00Z, failed: a, working: b }",
        "{ at: 2023-11-17T08:40:00Z, failed: a }",
        "{ id: a, at: 2023-11-17T08:40:00Z, failed: a, colour: red }",
        "{ id: a, at: 2023-11-17T08:40:00Z, failed: a, seen_by: public }",
    ] {
        assert!(!incident.is_valid(&value(&format!("{{ format: onus-incident/1, evidence: [{item}] }}"))), "{item}");
    }
}

#[test]
fn what_is_written_is_valid() {
    let model = onus_model::Model::from_text("design", design::MODEL).unwrap();
    let incident = onus_model::Incident::from_text("design", design::INCIDENT, &model).unwrap();
    let written = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_valid(&validator(&Model::schema()), &written(&model.to_text(Notation::Json)), "model");
    assert_valid(&validator(&Incident::schema()), &written(&incident.to_text(&model, Notation::Json)), "incident");
}
