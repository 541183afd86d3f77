//! Wrong input: every problem in one run, each with its line and what would help.

use super::{onus, stderr};

#[test]
fn problems_are_shown_with_the_line_they_stand_in() {
    let output = onus(&["check", "fixtures/invalid/E0018-system.yaml"]);
    let text = stderr(&output);
    assert!(text.contains("error[ONUS-E0018]"), "{text}");
    assert!(text.contains("E0018-system.yaml:"), "{text}");
    assert!(text.contains("did you mean"), "{text}");
    assert!(text.contains("onus explain CODE"), "{text}");
}

#[test]
fn every_invalid_file_ends_with_status_3_and_its_own_code() {
    let folder = super::root().join("fixtures/invalid");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).expect("the invalid files are part of the repository") {
        let name = entry.expect("the folder can be read").file_name().to_string_lossy().into_owned();
        let Some((code, rest)) = name.split_once('-') else { continue };
        let is_input = [".yaml", ".xml"].iter().any(|ending| rest.ends_with(ending));
        if !is_input || !code.starts_with('E') {
            continue;
        }
        let path = format!("fixtures/invalid/{name}");
        // Files of incidents are told apart by their format.
        let text = std::fs::read(super::root().join(&path)).expect("the file can be read");
        let is_incident = String::from_utf8_lossy(&text).contains("onus-incident/");
        let output = if is_incident {
            onus(&["diagnose", "fixtures/invalid/valid-model.yaml", &path])
        } else if rest.contains(".xml") {
            onus(&["cutsets", &path])
        } else {
            onus(&["check", &path])
        };
        assert_eq!(output.status.code(), Some(3), "{name}: {}", stderr(&output));
        assert!(stderr(&output).contains(&format!("ONUS-{code}")), "{name}: {}", stderr(&output));
        assert!(output.stdout.is_empty(), "{name}");
        seen += 1;
    }
    assert!(seen >= 30, "{seen} invalid files");
}
