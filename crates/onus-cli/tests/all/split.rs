//! `onus split`: what the split costs an estate, side by side, as a curve, and drawn.

use unicode_width::UnicodeWidthStr;

use super::{json, onus, stderr, stdout};

const KOREA: &str = "fixtures/scenarios/korea-2023";

#[test]
fn terms_add_up_for_every_structure_and_view() {
    let result = json(&onus(&["split", KOREA, "--refine", "--share", "nirs:klid", "--format", "json"]));
    assert_eq!(result["format"], "onus-split/1");
    let structures = result["structures"].as_array().expect("structures are a list");
    let names: Vec<&str> = structures.iter().filter_map(|own| own["name"].as_str()).collect();
    assert_eq!(names[0], "actual");
    for name in ["one prime", "by kind", "by site", "one per system", "one per element", "share nirs:klid"] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    for own in structures {
        let views = own["views"].as_array().expect("views are a list");
        for terms in views.iter().chain([own]).flat_map(|view| [&view["fault"], &view["contractor"]]) {
            let middle = |key: &str| {
                let ends = ["lo", "hi"].map(|end| terms[key][end].as_f64().expect("a figure has two ends"));
                assert!(ends[0] >= 0.0 && ends[0] <= ends[1], "{key} of {terms}");
                if terms["doubt"]["how"] == "exact" { ends[0] } else { f64::NAN }
            };
            let sum = middle("split") + middle("unmonitored") + middle("inherent");
            assert!(sum.is_nan() || (sum - middle("doubt")).abs() < 1e-9, "{terms}");
        }
    }
}

#[test]
fn text_keeps_to_80_columns_and_every_run_gives_the_same_bytes() {
    for arguments in [
        vec!["split", KOREA],
        vec!["split", "fixtures/small", "--pairs", "--refine", "--merge", "netco,appco"],
        vec!["split", KOREA, "--curve", "--orders", "1"],
        vec!["split", "fixtures/small", "--curve", "--refine", "--format", "svg"],
        vec!["split", KOREA, "--format", "svg"],
    ] {
        let (first, second) = (onus(&arguments), onus(&arguments));
        assert_eq!(first.status.code(), Some(0), "{arguments:?}: {}", stderr(&first));
        let text = stdout(&first);
        assert_eq!(text, stdout(&second), "{arguments:?}");
        assert!(text.contains("</svg>") || text.lines().all(|line| line.width() <= 80), "{text}");
    }
}

#[test]
fn contracts_from_a_file_stand_beside_the_actual_ones() {
    let path = std::env::temp_dir().join(format!("onus-split-{}.yaml", std::process::id()));
    let contracts =
        "format: onus/1\ncontracts:\n  all: { contractor: netco, duties: [{ duty: maintain, of: [\"*\"] }] }\n";
    std::fs::write(&path, contracts).expect("a file can be written");
    let name = path.to_string_lossy().into_owned();
    let result = json(&onus(&["split", "fixtures/small", "--format", "json", "--contracts", &name]));
    std::fs::remove_file(&path).expect("it was written");
    assert_eq!(result["inputs"].as_array().map(Vec::len), Some(2));
    assert_eq!(result["structures"][1]["name"].as_str(), name.rsplit('/').next());
    assert_eq!(result["structures"][1]["contractors"], 1);
}

#[test]
fn what_makes_no_sense_is_wrong_usage() {
    for arguments in [
        ["split", "fixtures/small", "--merge", "netco"],
        ["split", "fixtures/small", "--merge", "netco,nobody"],
        ["split", "fixtures/small", "--share", "netco"],
        ["split", "fixtures/small", "--integrator", "netco"],
        ["split", "fixtures/small", "--integrator", "netco:router"],
        ["split", "fixtures/small", "--integrator", ":* -> *"],
        ["split", "fixtures/small", "--merge", "netco,netco"],
        ["advise", "fixtures/small", "--samples", "5"],
    ] {
        assert_eq!(onus(&arguments).status.code(), Some(2), "{arguments:?}");
    }
}
