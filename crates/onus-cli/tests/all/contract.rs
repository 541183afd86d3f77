//! What scripts rely on: streams, exit status, JSON, the same bytes every time, 80 columns.

use std::process::Command;

use unicode_width::UnicodeWidthStr;

use super::{json, onus, root, scenarios, stderr, stdout};

const KOREA: &str = "fixtures/scenarios/korea-2023";

/// Every query with the arguments that make it run, without a format.
fn queries(scenario: &str) -> Vec<Vec<String>> {
    let words = |line: String| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let mut queries: Vec<Vec<String>> = ["report", "diagnose", "timeline", "views", "check"]
        .iter()
        .map(|command| words(format!("{command} {scenario}")))
        .collect();
    queries.push(words(format!("diagnose {scenario} --view public --by contract")));
    queries.push(words(format!("diagnose {scenario} --by group")));
    queries.push(words(format!("diagnose {scenario} --by prime")));
    queries.push(words(format!("timeline {scenario} --view public --all")));
    queries.push(words(format!("cutsets {scenario} --incident {scenario}/incident.yaml --view public")));
    queries.push(words(format!("cutsets {scenario} --of {}", failing(scenario))));
    queries.push(words(format!("importance {scenario} --of {}", failing(scenario))));
    queries
}

/// Queries that take a hundred diagnoses each.
fn long_queries(scenario: &str) -> Vec<Vec<String>> {
    [
        "doubt",
        "advise --top 100",
        "advise --view public --by prime --sort-by hour",
        "sensitivity --draws 50 --top 100",
        "sensitivity --draws 20 --view public --by group --factor 10",
        "handoffs",
        "handoffs --view pooled --hours 2",
    ]
    .iter()
    .map(|line| {
        let (command, options) = line.split_once(' ').unwrap_or((line, ""));
        [command, scenario].into_iter().chain(options.split_whitespace()).map(str::to_owned).collect()
    })
    .collect()
}

/// A system that was seen to fail.
fn failing(scenario: &str) -> String {
    let result = json(&onus(&["diagnose", scenario, "--format", "json"]));
    result["observed_failures"][0].as_str().expect("something failed in every incident").to_owned()
}

fn run(query: &[String], more: &[&str]) -> std::process::Output {
    let arguments: Vec<&str> = query.iter().map(String::as_str).chain(more.iter().copied()).collect();
    onus(&arguments)
}

#[test]
fn every_query_answers_in_json_with_its_format_and_the_hashes_of_its_inputs() {
    for query in queries(KOREA).into_iter().chain(long_queries(KOREA)) {
        let output = run(&query, &["--format", "json"]);
        let result = json(&output);
        assert!(result["format"].as_str().is_some_and(|format| format.starts_with("onus-")), "{query:?}");
        let inputs = result["inputs"].as_array().expect("inputs are a list");
        assert!(!inputs.is_empty(), "{query:?}");
        for input in inputs {
            assert_eq!(input["sha256"].as_str().map(str::len), Some(64), "{query:?}");
        }
    }
    for line in
        ["propagate fixtures/small router.port-module", "propagate fixtures/small --from portal", "explain E0018"]
    {
        let output = run(&line.split(' ').map(str::to_owned).collect::<Vec<_>>(), &["--format", "json"]);
        assert!(json(&output)["format"].is_string(), "{line}");
    }
}

#[test]
fn the_hash_is_that_of_the_file() {
    let result = json(&onus(&["diagnose", "fixtures/small", "--format", "json"]));
    let sum = Command::new("sha256sum").arg("fixtures/small/model.yaml").current_dir(root()).output();
    let Ok(sum) = sum else {
        eprintln!("SKIPPED: there is no sha256sum to compare with");
        return;
    };
    let sum = stdout(&sum);
    assert_eq!(result["inputs"][0]["sha256"].as_str(), sum.split(' ').next());
}

#[test]
fn a_diagnosis_in_json_has_the_promised_parts_and_its_columns_add_up() {
    for scenario in scenarios() {
        for view in ["pooled", "public"] {
            let result = json(&onus(&["diagnose", &scenario, "--view", view, "--format", "json"]));
            assert_eq!(result["view"], view);
            assert_eq!(result["method"], "exact", "{scenario}");
            for column in ["causal", "liable"] {
                let rows = result["attribution"].as_array().expect("rows are a list");
                let sum: f64 = rows.iter().filter_map(|row| row[column]["lo"].as_f64()).sum();
                assert!((sum - 1.0).abs() < 1e-9, "{scenario} {view} {column}: {sum}");
                assert!(rows.iter().all(|row| row["who"].is_string() && row["kind"].is_string()));
            }
            let shares: f64 = result["faults"]
                .as_array()
                .expect("faults are a list")
                .iter()
                .filter_map(|f| f["share"]["lo"].as_f64())
                .sum();
            let unexplained = result["unexplained"]["lo"].as_f64().expect("a figure has ends");
            assert!((shares + unexplained - 1.0).abs() < 1e-9, "{scenario} {view}");
            for figure in [
                &result["faults"][0]["posterior"],
                &result["diagnoses"][0]["probability"],
                &result["doubt"]["fault_bits"],
            ] {
                assert!(figure["lo"].is_number() && figure["hi"].is_number() && figure["how"] == "exact", "{figure}");
            }
            assert!(result["faults"][0]["id"].is_string() && result["diagnoses"][0]["faults"].is_array());
            assert!(result["doubt"]["contractor_bits"]["lo"].is_number());
        }
    }
}

#[test]
fn text_keeps_to_80_columns_and_carries_no_colour_into_a_pipe() {
    for scenario in scenarios() {
        let is_quick = [KOREA, "fixtures/scenarios/mars-climate-orbiter-1999"].contains(&scenario.as_str());
        let long = if is_quick { long_queries(&scenario) } else { Vec::new() };
        for query in queries(&scenario).into_iter().chain(long) {
            // Findings quote lines of the file, which are as long as their author made them.
            if query[0] == "check" {
                continue;
            }
            let text = stdout(&run(&query, &[]));
            assert!(!text.contains('\u{1b}'), "{query:?}");
            for line in text.lines().skip(1) {
                assert!(line.width() <= 80, "{query:?}: {} columns: {line}", line.width());
            }
        }
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for query in queries(KOREA).into_iter().chain(long_queries(KOREA)) {
        for format in ["text", "json"] {
            let [first, second] = [0, 1].map(|_| run(&query, &["--format", format]).stdout);
            assert_eq!(first, second, "{query:?}");
        }
    }
}

#[test]
fn results_go_to_standard_output_and_everything_else_to_standard_error() {
    let good = onus(&["diagnose", KOREA]);
    assert!(good.status.success() && !good.stdout.is_empty() && good.stderr.is_empty());
    let bad = onus(&["diagnose", "fixtures/invalid/E0018-system.yaml", "fixtures/small/incident.yaml"]);
    assert_eq!(bad.status.code(), Some(3));
    assert!(bad.stdout.is_empty() && !bad.stderr.is_empty());
}

/// A device that is always full.
#[cfg(target_os = "linux")]
#[test]
fn a_result_that_is_lost_is_an_error() {
    let full = std::fs::File::options().write(true).open("/dev/full").expect("Linux has it");
    let lost = std::process::Command::new(env!("CARGO_BIN_EXE_onus"))
        .args(["diagnose", KOREA])
        .current_dir(root())
        .stdout(full)
        .output()
        .expect("the command was built before its tests");
    assert_eq!(lost.status.code(), Some(3));
    assert!(stderr(&lost).contains("standard output"), "{}", stderr(&lost));
}

#[test]
fn exit_status_says_how_it_ended() {
    for (arguments, status) in [
        (vec!["diagnose", KOREA], 0),
        (vec!["check", KOREA], 1),
        (vec!["check", KOREA, "--level", "error"], 0),
        (vec!["explain", "ONUS-E0018"], 0),
        (vec!["explain", "ONUS-E9999"], 2),
        (vec!["diagnose", KOREA, "--view", "somebody"], 2),
        (vec!["diagnose", KOREA, "--as-of", "yesterday"], 2),
        (vec!["diagnose", KOREA, "--fromat", "json"], 2),
        (vec!["propagate", KOREA, "no.such-fault"], 2),
        (vec!["propagate", KOREA, "--from", "nowhere"], 2),
        (vec!["cutsets", KOREA], 2),
        (vec!["cutsets", KOREA, "--of", "nowhere"], 2),
        (vec!["cutsets", KOREA, "--of", "saeol", "--within", "nobody-at-all"], 2),
        (vec!["cutsets", KOREA, "--view", "public"], 2),
        (vec!["importance", "fixtures/pumps.xml"], 0),
        (vec!["advise", KOREA, "--test-reliability", "1.5"], 2),
        (vec!["advise", KOREA, "--hours", "0"], 2),
        (vec!["sensitivity", KOREA, "--factor", "1"], 2),
        (vec!["diagnose", "no/such/file.yaml"], 3),
        (vec!["diagnose", "fixtures/small/model.yaml", "README.md"], 3),
        (vec!["check", "fixtures/invalid/E0002-syntax.yaml"], 3),
        (vec![], 2),
    ] {
        let output = onus(&arguments);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn another_structure_changes_who_answers_and_nothing_else() {
    let merged = root().join("target").join("one-prime.yaml");
    std::fs::create_dir_all(root().join("target")).expect("the target folder can be made");
    let text = "format: onus/1\ncontractors: { prime: {} }\ncontracts:\n  all: { contractor: prime, duties: [\n    \
                { duty: operate, of: ['*', '* -> *'] }, { duty: maintain, of: ['*'] }, { duty: build, of: ['*'] }] }\n";
    std::fs::write(&merged, text).expect("the target folder can be written");
    let merged = merged.to_string_lossy().into_owned();
    let actual = json(&onus(&["diagnose", KOREA, "--format", "json"]));
    let other = json(&onus(&["diagnose", KOREA, "--contracts", &merged, "--format", "json"]));
    assert_eq!(actual["faults"], other["faults"]);
    assert_ne!(actual["attribution"], other["attribution"]);
    assert_eq!(other["attribution"][0]["who"], "prime");
    assert_eq!(other["inputs"].as_array().map(Vec::len), Some(3));
}

#[test]
fn a_fault_tree_of_others_is_read_and_its_sets_are_counted() {
    let result = json(&onus(&["cutsets", "fixtures/pumps.xml", "--format", "json"]));
    assert_eq!((&result["count"], &result["by_order"]), (&"5".into(), &serde_json::json!([1, 4])));
    assert_eq!(result["of"], serde_json::json!(["no-cooling"]));
    assert_eq!(result["probability"]["how"], "exact");
    // 1 - (1 - power)(1 - a b), with each train 1 - (1 - pump)(1 - valve).
    let train = 1.0 - 0.99 * 0.998;
    let expected = 1.0 - (1.0 - 1e-5) * (1.0 - train * train);
    assert!((result["probability"]["lo"].as_f64().expect("a number") - expected).abs() < 1e-15);
    assert_eq!(result["best"][0]["faults"], serde_json::json!(["pump-a.event", "pump-b.event"]));
    let part =
        json(&onus(&["cutsets", "fixtures/pumps.xml", "--of", "train-a-lost", "--max-order", "1", "--format", "json"]));
    assert_eq!((&part["count"], &part["truncation"]["max_order"]), (&"2".into(), &1.into()));
    let importance = json(&onus(&["importance", "fixtures/pumps.xml", "--sort-by", "raw", "--format", "json"]));
    assert_eq!(importance["faults"][0]["id"], "power.event");
    assert_eq!(importance["faults"].as_array().map(Vec::len), Some(5));
}

#[test]
fn the_method_can_be_forced_and_the_answer_names_it() {
    let exact = json(&onus(&["diagnose", KOREA, "--format", "json"]));
    let arguments = [
        "diagnose",
        KOREA,
        "--method",
        "interval",
        "--step-budget",
        "200000",
        "--estimate",
        "2000",
        "--format",
        "json",
    ];
    let rough = json(&onus(&arguments));
    assert_eq!((&exact["method"], &rough["method"]), (&"exact".into(), &"interval".into()));
    let ends = |result: &serde_json::Value, end: &str| result["evidence_probability"][end].as_f64().expect("a number");
    assert!(ends(&rough, "lo") <= ends(&exact, "lo") && ends(&exact, "hi") <= ends(&rough, "hi"));
    assert!(
        rough["estimate"]["evidence_probability"]["how"]["estimate"]["confidence"].is_number(),
        "{}",
        rough["estimate"]
    );
    assert!(exact["estimate"].is_null());
    assert_eq!(onus(&arguments).stdout, onus(&arguments).stdout, "seeded");
    assert_eq!(onus(&["diagnose", KOREA, "--tolerance", "2"]).status.code(), Some(2));
    assert_eq!(onus(&["diagnose", KOREA, "--seed", "2"]).status.code(), Some(2));
}

#[test]
fn cut_sets_are_told_by_party() {
    let result = json(&onus(&["cutsets", KOREA, "--of", "saeol", "--format", "json"]));
    let counts = result["by_class"].as_array().expect("parties are a list");
    let own = |who: &str| counts.iter().find(|class| class["class"] == who).map(|class| class["count"].clone());
    let within = json(&onus(&["cutsets", KOREA, "--of", "saeol", "--within", "l4-maintainer", "--format", "json"]));
    assert_eq!(own("l4-maintainer").as_ref(), Some(&within["count"]));
    assert!(
        result["sufficient"]["sets"]
            .as_array()
            .is_some_and(|sets| sets.contains(&serde_json::json!(["l4-maintainer"])))
    );
}

#[test]
fn helpers_print_what_shells_and_editors_read() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(stdout(&onus(&["completions", shell])).contains("onus"), "{shell}");
    }
    assert!(stdout(&onus(&["man"])).starts_with(".ie"));
    for of in ["model", "incident", "contracts"] {
        let schema = json(&onus(&["schema", of]));
        assert!(schema["properties"]["format"].is_object(), "{of}");
    }
    let log = json(&onus(&["check", KOREA, "--format", "sarif"]));
    assert_eq!(log["version"], "2.1.0");
    let first = &log["runs"][0]["results"][0];
    assert!(first["locations"][0]["physicalLocation"]["region"]["startLine"].is_u64(), "{first}");
    let svg = stdout(&onus(&["timeline", KOREA, "--view", "public", "--format", "svg"]));
    assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
}

#[test]
fn every_code_has_more_to_say() {
    let listed = json(&onus(&["explain", "--format", "json"]));
    for entry in listed["codes"].as_array().expect("codes are a list") {
        let code = entry["code"].as_str().expect("a code is a text");
        let said = stdout(&onus(&["explain", code]));
        assert!(said.lines().count() >= 5, "{code}: {said}");
    }
}

#[test]
fn advice_says_what_each_answer_would_do_and_who_must_give_it() {
    let small = "fixtures/small";
    let result = json(&onus(&["advise", small, "--view", "agency", "--format", "json"]));
    assert_eq!((&result["format"], &result["ground"]), (&"onus-advise/1".into(), &"failure".into()));
    let questions = result["questions"].as_array().expect("questions are a list");
    assert!(!questions.is_empty());
    let number = |value: &serde_json::Value| value.as_f64().expect("a number");
    for question in questions {
        let total: f64 = question["answers"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|answer| number(&answer["probability"]["lo"]))
            .sum();
        assert!((total - 1.0).abs() < 1e-9, "{question}");
        let drop = number(&question["expected_drop"]["contractor_bits"]["lo"]);
        assert!(
            (number(&question["per_hour"]["contractor_bits"]["lo"]) - drop / number(&question["hours"])).abs() < 1e-12
        );
    }
    let drops: Vec<f64> =
        questions.iter().map(|question| number(&question["expected_drop"]["contractor_bits"]["lo"])).collect();
    assert!(drops.is_sorted_by(|a, b| *a >= *b - 2e-9), "{drops:?}");
    // The agency is told of the router by the network contract, within four hours.
    let bound =
        questions.iter().find(|question| question["demand"]["basis"] == "reports-to").expect("somebody reports");
    assert_eq!((&bound["demand"]["contract"], number(&bound["hours"])), (&"network-2023".into(), 4.0));
}

#[test]
fn a_finding_that_does_not_survive_says_so_first() {
    let early = ["--as-of", "2023-11-17T12:00:00+09:00", "--view", "public", "--draws", "100"];
    for factor in ["3", "1000"] {
        let arguments: Vec<&str> = ["sensitivity", KOREA, "--factor", factor].into_iter().chain(early).collect();
        let text = stdout(&onus(&arguments));
        let result = json(&onus(&[arguments.as_slice(), &["--format", "json"]].concat()));
        let verdict = result["contractor"]["verdict"].as_str().expect("a verdict");
        let first = text.lines().nth(2).expect("a verdict comes first");
        assert_eq!(first.starts_with("Does not survive"), verdict == "falls", "{verdict}: {text}");
    }
    let seeds: Vec<_> = ["1", "1", "2"]
        .iter()
        .map(|seed| stdout(&onus(&["sensitivity", KOREA, "--draws", "20", "--seed", seed, "--format", "json"])))
        .collect();
    assert!(seeds[0] == seeds[1] && seeds[0] != seeds[2], "seeded");
}

#[test]
fn hand_offs_are_told_by_policy() {
    let result = json(&onus(&["handoffs", KOREA, "--format", "json"]));
    let policies = result["policies"].as_array().expect("policies are a list");
    assert_eq!(policies.len(), 4);
    for policy in policies {
        let over: f64 =
            policy["steps"].as_array().expect("a list").iter().filter_map(|step| step["over"]["lo"].as_f64()).sum();
        let total = over + policy["in_vain"]["lo"].as_f64().expect("a number");
        assert!((total - 1.0).abs() < 1e-9, "{policy}");
    }
}
