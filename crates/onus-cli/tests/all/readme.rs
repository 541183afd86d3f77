//! The README's printed results are what the command prints.

use super::{onus, root, stdout};

/// The fenced block of a language that follows a line.
fn block_after(text: &str, line: &str, language: &str) -> String {
    let rest = text.split_once(line).unwrap_or_else(|| panic!("README.md has no line `{line}`")).1;
    let fence = format!("```{language}\n");
    let block = rest.split_once(&fence).unwrap_or_else(|| panic!("no {language} block after `{line}`")).1;
    block.split_once("```").expect("a fence is closed").0.to_owned()
}

#[test]
fn the_first_command_prints_what_the_readme_shows() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("README.md is part of the repository");
    let line = "cargo run --release -- report fixtures/scenarios/korea-2023";
    let shown = block_after(&readme, line, "text");
    let arguments: Vec<&str> = line.split_once("-- ").expect("the command follows `--`").1.split(' ').collect();
    assert_eq!(stdout(&onus(&arguments)), shown, "paste the new output into README.md");
}
