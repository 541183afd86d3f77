//! Generated estates through the command: written, read back, asked, the same bytes every time.

use super::{json, onus, stderr};

/// A folder that is gone when the test is.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("onus-{name}-{}", std::process::id()));
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("a temporary folder has a plain name")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn an_estate_is_made_and_asked() {
    let [first, again] = ["first", "again"].map(Folder::new);
    for folder in [&first, &again] {
        for (family, seams) in [("power-law", "follow"), ("contract", "cut"), ("cyclic", "cut"), ("layered", "follow")]
        {
            let out = format!("{}/{family}", folder.path());
            let options = ["--systems", "300", "--contractors", "7", "--redundancy", "0.5", "--seed", "3"];
            let output =
                onus(&[&["generate", "--family", family, "--seams", seams, "--out", &out], &options[..]].concat());
            assert!(output.status.success(), "{}", stderr(&output));
            let text = std::fs::read_to_string(format!("{out}/model.ndjson")).expect("it was written");
            assert_eq!(
                text,
                std::fs::read_to_string(format!("{}/{family}/model.ndjson", first.path())).expect("the first")
            );
            let spread = json(&onus(&["propagate", &out, "a0-000.f", "--format", "json"]));
            assert_eq!(spread["failed"][0]["system"], "a0-000");
            assert_eq!(spread["inputs"][0]["sha256"].as_str().map(str::len), Some(64));
        }
    }
}

#[test]
fn a_mistake_in_a_line_is_shown_there() {
    let folder = Folder::new("mistake");
    std::fs::create_dir_all(&folder.0).expect("a temporary folder can be made");
    let path = folder.0.join("model.ndjson");
    std::fs::write(&path, "{\"format\":\"onus/1\"}\n{\"systems\":{\"a\":{\"needs\":[\"rooter\"]},\"router\":{}}}\n")
        .expect("written");
    let output = onus(&["propagate", folder.path(), "a.fault"]);
    assert_eq!(output.status.code(), Some(3));
    let text = stderr(&output);
    assert!(text.contains("model.ndjson:2:27") && text.contains("did you mean `router`?"), "{text}");
}

#[test]
fn a_model_and_its_incident_go_through_every_notation_and_back() {
    let folder = Folder::new("convert");
    std::fs::create_dir_all(&folder.0).expect("a temporary folder can be made");
    let at = |name: &str| format!("{}/{name}", folder.path());
    let done = |arguments: &[&str]| {
        let output = onus(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    };
    let scenario = "fixtures/scenarios/korea-2023";
    done(&["convert", scenario, &at("first.yaml")]);
    done(&["convert", &at("first.yaml"), &at("model.ndjson")]);
    done(&["convert", folder.path(), &at("second.json")]);
    done(&["convert", &at("second.json"), &at("last.yaml")]);
    let text = |name: &str| std::fs::read_to_string(at(name)).expect("it was written");
    assert_eq!(text("first.yaml"), text("last.yaml"));
    let incident = format!("{scenario}/incident.yaml");
    done(&["convert", &incident, &at("incident.ndjson"), "--model", scenario]);
    let [here, there] = [folder.path(), scenario].map(|model| {
        let mut answer = json(&onus(&["diagnose", model, "--format", "json"]));
        answer["inputs"].take();
        answer
    });
    assert_eq!(here, there, "the folder holds model and incident as lines");
    assert_eq!(onus(&["convert", scenario, &at("model.txt")]).status.code(), Some(2));
}
