//! What the documents show of the command is what it prints.
//!
//! A block `sh` with a line `onus …` (or `cargo run --release -- …`) that is followed by a block `text` is run, and the
//! lines of the text must stand in the output, in their order; `…` on a line of its own leaves lines out. Figures in the
//! prose of such a document must stand in one of its blocks.

use super::{onus, root, stdout};

/// The commands of a document, each with the lines it is said to print.
fn shown(document: &str) -> Vec<(Vec<String>, Vec<String>)> {
    let text = std::fs::read_to_string(root().join(document)).unwrap_or_else(|error| panic!("{document}: {error}"));
    let mut found = Vec::new();
    let mut rest = text.as_str();
    while let Some((_, after)) = rest.split_once("```sh\n") {
        let (commands, after) = after.split_once("```").expect("a fence is closed");
        rest = after;
        let lines = commands.lines().filter_map(|line| {
            line.strip_prefix("onus ").or_else(|| line.strip_prefix("cargo run --release -- ")).map(str::to_owned)
        });
        let commands: Vec<String> = lines.collect();
        let (Some(output), [command]) = (after.trim_start().strip_prefix("```text\n"), &commands[..]) else { continue };
        let output = output.split_once("```").expect("a fence is closed").0;
        found.push((command.split(' ').map(str::to_owned).collect(), output.lines().map(str::to_owned).collect()));
    }
    found
}

/// Runs every command of a document whose output it shows; returns how many.
#[track_caller]
fn check(document: &str) -> usize {
    let shown = shown(document);
    for (arguments, lines) in &shown {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let printed = stdout(&onus(&arguments));
        let mut printed_lines = printed.lines();
        let mut whole = true;
        for line in lines {
            if line.trim() == "…" {
                whole = false;
                continue;
            }
            let found =
                if whole { printed_lines.next() == Some(line) } else { printed_lines.any(|other| other == line) };
            whole = true;
            assert!(
                found,
                "{document}: `onus {}` does not print\n{line}\nin that place, but\n{printed}",
                arguments.join(" ")
            );
        }
        assert!(!whole || printed_lines.next().is_none(), "{document}: `onus {}` prints more", arguments.join(" "));
    }
    shown.len()
}

#[test]
fn the_readme_shows_what_is_printed() {
    assert!(check("README.md") >= 1, "README.md shows the first command and its output");
}

#[test]
fn the_founding_question_is_answered_by_what_is_printed() {
    assert!(check("docs/korea-2023.md") >= 10, "docs/korea-2023.md shows its commands");
    let drawn = stdout(&onus(&["timeline", "fixtures/scenarios/korea-2023", "--view", "public", "--format", "svg"]));
    let file = std::fs::read_to_string(root().join("docs/korea-2023.svg")).expect("docs/korea-2023.svg is there");
    assert_eq!(drawn.trim_end(), file.trim_end(), "draw docs/korea-2023.svg anew");
}

/// A line with every number as `0` and every gap as one space: what it is like, whatever the size of the estate.
fn shape(line: &str) -> String {
    let mut shape = String::new();
    for c in line.trim().chars() {
        let c = if c.is_ascii_digit() { '0' } else { c };
        if !(shape.ends_with(c) && (c == '0' || c == ' ')) {
            shape.push(c);
        }
    }
    shape
}

/// Too long for a test with a million: the same commands for two thousand, and the bench they end with is one of ours.
#[test]
fn a_million_systems_in_four_commands() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("README.md is there");
    let (_, section) = readme.split_once("## A million systems\n").expect("README.md has the section");
    let block = |fence: &str| {
        let (_, block) = section.split_once(fence).expect("the section has the block");
        block.split_once("```").expect("a fence is closed").0.to_owned()
    };
    let folder = std::env::temp_dir().join(format!("onus-million-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    let (commands, shown) = (block("```sh\n"), block("```text\n"));
    let commands: Vec<&str> = commands.lines().collect();
    let [own @ .., bench] = &commands[..] else { panic!("the section has commands") };
    assert_eq!(own.len(), 3, "generate, load and query");
    let mut printed = String::new();
    for command in own {
        let command = command.strip_prefix("cargo run --release -- ").expect("the commands are ours");
        // A system's id has as many digits as the largest.
        let smaller = command.replace("1000000", "2000").replace("-000009", "-0009");
        let smaller = smaller.replace("target/", &format!("{}/", folder.display()));
        assert_ne!(smaller, command);
        let output = onus(&smaller.split(' ').collect::<Vec<_>>());
        assert_eq!(output.status.code(), Some(0), "{smaller}: {}", super::stderr(&output));
        printed = stdout(&output);
    }
    std::fs::remove_dir_all(&folder).expect("it was made");
    let mut printed_lines = printed.lines().map(shape);
    for line in shown.lines().filter(|line| line.trim() != "…") {
        assert!(
            printed_lines.any(|printed| printed == shape(line)),
            "{line}\nis like no line in its place of\n{printed}"
        );
    }
    let name = bench.strip_prefix("cargo bench --bench ").expect("the last command is a benchmark");
    assert!(root().join(format!("benches/{name}.rs")).is_file(), "benches/{name}.rs");
}

/// The numbers with decimals in a text.
fn decimals(text: &str) -> Vec<String> {
    let is_part = |c: char| c.is_ascii_digit() || c == '.';
    let words = text.split(|c: char| !is_part(c)).map(|word| word.trim_matches('.'));
    words.filter(|word| word.contains('.') && word.len() > 2).map(str::to_owned).collect()
}

#[test]
fn every_figure_in_its_prose_stands_in_a_block() {
    let text = std::fs::read_to_string(root().join("docs/korea-2023.md")).expect("docs/korea-2023.md is there");
    let (mut prose, mut blocks) = (String::new(), String::new());
    for (at, part) in text.split("```").enumerate() {
        if at % 2 == 0 { &mut prose } else { &mut blocks }.push_str(part);
    }
    let figures = decimals(&prose);
    assert!(figures.len() > 5, "the prose has figures");
    let shown = decimals(&blocks);
    for figure in figures {
        assert!(shown.contains(&figure), "{figure} stands in no block of docs/korea-2023.md");
    }
}
