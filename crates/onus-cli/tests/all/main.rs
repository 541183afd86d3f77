//! The command as a user meets it: its contract, what it prints, and that the README tells the truth.

mod contract;
mod errors;
mod generate;
mod readme;
mod split;

use std::path::PathBuf;
use std::process::{Command, Output};

/// The root of the repository, from which every command here is run.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs `onus` from the root of the repository.
fn onus(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_onus"))
        .args(arguments)
        .current_dir(root())
        .env_remove("CLICOLOR_FORCE")
        .output()
        .expect("the command was built before its tests")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("output is UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("output is UTF-8")
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", stdout(output)))
}

/// All shipped scenarios, as the command is told of them.
fn scenarios() -> Vec<String> {
    let mut found: Vec<String> = std::fs::read_dir(root().join("fixtures/scenarios"))
        .expect("the scenarios are part of the repository")
        .map(|entry| entry.expect("the folder can be read").file_name().to_string_lossy().into_owned())
        .map(|name| format!("fixtures/scenarios/{name}"))
        .collect();
    found.sort();
    assert!(found.len() >= 3, "there are scenarios to run");
    found
}
