//! The `onus` command: reads files, asks the library, prints. It holds no logic of its own.
//!
//! Results go to standard output, everything else to standard error. Exit status: 0 done, 1 findings at or above the
//! level asked for, 2 wrong usage, 3 invalid input.

mod args;
mod commands;
mod input;
mod output;
mod progress;
mod render;
mod sarif;
mod split_svg;
mod svg;
mod table;

use std::process::ExitCode;

use args::{Arguments, Command};
use clap::Parser;
use commands::Outcome;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match &arguments.command {
        Command::Report(query) => commands::report::run(query),
        Command::Check(query) => commands::check::run(query),
        Command::Propagate(query) => commands::propagate::run(query),
        Command::Diagnose(query) => commands::diagnose::run(query),
        Command::Timeline(query) => commands::timeline::run(query),
        Command::Views(query) => commands::views::run(query),
        Command::Scenarios(query) => commands::scenarios::run(query),
        Command::Doubt(query) => commands::doubt::run(query),
        Command::Cutsets(query) => commands::cut_sets::run(query),
        Command::Importance(query) => commands::importance::run(query),
        Command::Split(query) => commands::split::run(query),
        Command::Convert(query) => commands::convert::run(query),
        Command::Generate(query) => commands::generate::run(query),
        Command::Advise(query) => commands::advise::run(query),
        Command::Sensitivity(query) => commands::sensitivity::run(query),
        Command::Handoffs(query) => commands::hand_offs::run(query),
        Command::Explain(query) => commands::explain::run(query),
        Command::Schema(query) => commands::schema::run(query),
        Command::Completions(query) => commands::completions::run(query),
        Command::Man => commands::completions::man(),
    };
    match outcome {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Findings) => ExitCode::from(1),
        Err(failure) => failure.print(),
    }
}
