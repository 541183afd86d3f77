//! Generated estates through the command: written, read back, asked, the same bytes every time.

use super::{json, onus, stderr, stdout};

/// A folder that is gone when the test is.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("onus-{name}-{}", std::process::id()));
        Self(path)
    }

    /// One that is there.
    fn made(name: &str) -> Self {
        let folder = Self::new(name);
        std::fs::create_dir_all(&folder.0).expect("a temporary folder can be made");
        folder
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("a temporary folder has a plain name")
    }

    fn at(&self, name: &str) -> String {
        format!("{}/{name}", self.path())
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.at(name)).expect("it was written")
    }
}

/// Runs what must succeed.
fn done(arguments: &[&str]) {
    let output = onus(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
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
    let folder = Folder::made("mistake");
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
    let folder = Folder::made("convert");
    let at = |name: &str| folder.at(name);
    let scenario = "fixtures/scenarios/korea-2023";
    done(&["convert", scenario, &at("first.yaml")]);
    done(&["convert", &at("first.yaml"), &at("model.ndjson")]);
    done(&["convert", folder.path(), &at("second.json")]);
    done(&["convert", &at("second.json"), &at("last.yaml")]);
    assert_eq!(folder.text("first.yaml"), folder.text("last.yaml"));
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

#[test]
fn every_form_of_a_model_gives_the_same_answer() {
    let folder = Folder::made("forms");
    let at = |name: &str| folder.at(name);
    let scenario = "fixtures/scenarios/korea-2023";
    done(&["convert", scenario, &at("tables")]);
    done(&["convert", &at("tables"), &at("model.onus")]);
    done(&["convert", &at("model.onus"), &at("model.ndjson")]);
    // Known by what stands in it, whatever it is called.
    std::fs::rename(at("model.onus"), at("model")).expect("renamed");
    std::fs::copy(at("model.ndjson"), at("lines")).expect("copied");
    let incident = format!("{scenario}/incident.yaml");
    let answer = |model: &str, incident: &[&str]| {
        let mut answer = json(&onus(&[&["diagnose", model], incident, &["--format", "json"]].concat()));
        assert!(answer["inputs"].as_array().is_some_and(|inputs| inputs.len() >= 2));
        answer["inputs"].take();
        answer
    };
    let expected = answer(scenario, &[]);
    assert_eq!(answer(&at("tables"), &[]), expected, "the incident stands among the tables");
    for form in ["model", "lines", "model.ndjson", "tables"] {
        assert_eq!(answer(&at(form), &[&incident]), expected, "{form}");
    }
    done(&["convert", &at("model"), &at("last.yaml")]);
    done(&["convert", scenario, &at("first.yaml")]);
    assert_eq!(folder.text("first.yaml"), folder.text("last.yaml"));
    done(&["convert", &at("tables"), &at("incident.ndjson"), "--model", scenario]);
}

#[test]
fn what_is_there_stays_unless_forced() {
    let folder = Folder::made("force");
    let at = |name: &str| folder.at(name);
    let generate = ["generate", "--systems", "20", "--out", folder.path()];
    let status = |arguments: &[&str]| onus(arguments).status.code();
    assert_eq!(status(&generate), Some(0));
    assert_eq!(status(&generate), Some(2));
    assert_eq!(status(&[&generate[..], &["--force"]].concat()), Some(0));
    // What an interrupted run left does not come along.
    std::fs::create_dir_all(at("tables.part")).expect("made");
    std::fs::write(at("tables.part/evidence.parquet"), "half").expect("written");
    for to in ["other.onus", "tables", "other.json"] {
        let convert = ["convert", folder.path(), &at(to)];
        assert_eq!(status(&convert), Some(0), "{to}");
        let output = onus(&convert);
        assert_eq!(output.status.code(), Some(2), "{to}");
        assert!(stderr(&output).contains("--force"), "{}", stderr(&output));
        assert_eq!(status(&[&convert[..], &["--force"]].concat()), Some(0), "{to}");
    }
    assert!(!std::path::Path::new(&at("tables/evidence.parquet")).exists());
    std::fs::write(at("tables/notes.txt"), "mine").expect("written");
    assert_eq!(status(&["convert", folder.path(), &at("tables"), "--force"]), Some(0));
    assert_eq!(std::fs::read_to_string(at("tables/notes.txt")).expect("it stays"), "mine");
    let parts = std::fs::read_dir(&folder.0).expect("it is there").map(|file| file.expect("a file").file_name());
    assert!(parts.into_iter().all(|name| !name.to_string_lossy().ends_with(".part")), "nothing is left half-written");
}

#[test]
fn what_yaml_cannot_hold_is_refused_before_it_is_written() {
    let folder = Folder::made("too-large");
    let at = |name: &str| folder.at(name);
    // A value that the reader of YAML does not take; JSON has no such limit.
    let long = "x".repeat((1 << 20) + 1);
    std::fs::write(
        at("model.ndjson"),
        format!("{{\"format\":\"onus/1\",\"description\":\"{long}\"}}\n{{\"systems\":{{\"a\":{{}}}}}}\n"),
    )
    .expect("written");
    let output = onus(&["convert", &at("model.ndjson"), &at("model.yaml")]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let told = stderr(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    for said in ["a value of 1048577 bytes; the reader takes 1048576", "lines (.ndjson), tables (a folder)"] {
        assert!(told.contains(said), "{said}: {told}");
    }
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).expect("it is there").map(|file| file.expect("a file").file_name()).collect();
    assert_eq!(left, ["model.ndjson"]);
    for to in ["model.json", "tables", "model.onus"] {
        done(&["convert", &at("model.ndjson"), &at(to)]);
        done(&["convert", &at(to), &at("again.ndjson"), "--force"]);
    }
}

#[test]
fn what_is_damaged_is_named_for_what_it_is() {
    let folder = Folder::new("damaged");
    assert!(onus(&["generate", "--systems", "20", "--out", folder.path()]).status.success());
    let at = |name: &str| folder.at(name);
    let said = |path: &str| {
        let output = onus(&["check", path]);
        assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
        stderr(&output)
    };
    let lines = std::fs::read(at("model.ndjson")).expect("it was written");
    std::fs::write(at("cut.ndjson"), &lines[..lines.len() - 20]).expect("written");
    let cut = said(&at("cut.ndjson"));
    assert!(cut.contains("the JSON breaks off here") && !cut.contains("YAML"), "{cut}");
    for end in ["", "\n", "\r\n"] {
        let text = format!("{{\"format\":\"onus/1\"}}\n{{\"systems\":{{\"a\":{{}}}}}}\n{{\"systems\":{{\"b\":{end}");
        std::fs::write(at("broken.ndjson"), text).expect("written");
        let broken = said(&at("broken.ndjson"));
        assert!(broken.contains("broken.ndjson:3:16"), "{end:?}: {broken}");
    }
    std::fs::write(at("broken.json"), "{\"format\": \"onus/1\",\n \"systems\": {\"a\": {}]}\n").expect("written");
    let broken = said(&at("broken.json"));
    assert!(
        broken.contains("this is not JSON") && broken.contains("broken.json:2:") && !broken.contains("YAML"),
        "{broken}"
    );
    assert!(onus(&["convert", &at("model.ndjson"), &at("model.onus")]).status.success());
    let snapshot = std::fs::read(at("model.onus")).expect("it was written");
    std::fs::write(at("cut.onus"), &snapshot[..snapshot.len() - 1]).expect("written");
    assert!(said(&at("cut.onus")).contains("the snapshot breaks off"));
}

/// A snapshot holds the compiled graph: commands answer by it as by compiling, and do not go on with one that is damaged.
#[test]
fn a_snapshot_answers_by_its_compiled_graph() {
    let folder = Folder::new("graph");
    assert!(onus(&["generate", "--systems", "60", "--out", folder.path()]).status.success());
    let at = |name: &str| folder.at(name);
    assert!(onus(&["convert", &at("model.ndjson"), &at("model.onus")]).status.success());
    assert!(onus(&["convert", &at("model.onus"), &at("again.onus")]).status.success());
    let snapshot = std::fs::read(at("model.onus")).expect("it was written");
    assert!(snapshot == std::fs::read(at("again.onus")).expect("it was written"), "the same bytes");
    let answer = |file: &str| {
        let output = onus(&["propagate", &at(file), "a0-01.f"]);
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    assert_eq!(answer("model.onus"), answer("model.ndjson"));
    // The last byte belongs to the graph: the model alone can still be read.
    let mut damaged = snapshot.clone();
    *damaged.last_mut().expect("it is not empty") ^= 1;
    std::fs::write(at("damaged.onus"), damaged).expect("written");
    assert!(onus(&["convert", &at("damaged.onus"), &at("damaged.ndjson")]).status.success());
    let output = onus(&["propagate", &at("damaged.onus"), "a0-01.f"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("the checksum of section"), "{}", stderr(&output));
}

#[cfg(unix)]
#[test]
fn lines_come_through_a_pipe_too() {
    let folder = Folder::made("pipe");
    let text = "{\"format\":\"onus/1\"}\n{\"systems\":{\"a\":{}}}\n{\"systems\":{\"b\":{\"needs\":[\"a\"]}}}\n";
    std::fs::write(folder.at("model"), text).expect("written");
    let piped = |text: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_onus"));
        let pipes = command.args(["propagate", "/dev/stdin", "a.fault"]).stdin(std::process::Stdio::piped());
        let mut child =
            pipes.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().expect("runs");
        let mut input = child.stdin.take().expect("it is piped");
        std::io::Write::write_all(&mut input, text.as_bytes()).expect("it is read");
        drop(input);
        child.wait_with_output().expect("it ends")
    };
    let output = piped(text);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stdout(&output), stdout(&onus(&["propagate", &folder.at("model"), "a.fault"])));
    let output = piped(&text.replace("[\"a\"]", "[\"c\"]"));
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("/dev/stdin:3:27"), "{}", stderr(&output));
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_no_table_and_no_target() {
    let folder = Folder::made("irregular");
    let at = |name: &str| folder.at(name);
    done(&["convert", "fixtures/scenarios/korea-2023", &at("tables")]);
    for table in ["needs", "systems"] {
        let path = at(&format!("tables/{table}.parquet"));
        let kept = std::fs::read(&path).expect("it was written");
        std::fs::remove_file(&path).expect("removed");
        std::os::unix::fs::symlink("/dev/zero", &path).expect("linked");
        let output = onus(&["check", &at("tables")]);
        assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
        // Without systems, it is no folder of tables.
        let said = stderr(&output).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(table == "systems" || said.contains("needs.parquet: not a regular file"), "{said}");
        std::fs::remove_file(&path).expect("removed");
        std::fs::write(&path, kept).expect("written");
    }
    let output = onus(&["convert", "fixtures/scenarios/korea-2023", "-"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("standard output"), "{}", stderr(&output));
}
