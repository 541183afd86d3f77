//! `onus completions` and `onus man`: the command line described to shells and to `man`.

use clap::CommandFactory;

use crate::args::{Arguments, CompletionsQuery};
use crate::commands::Outcome;
use crate::input::Failure;
use crate::output::print;

pub(crate) fn run(query: &CompletionsQuery) -> Result<Outcome, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(query.shell, &mut Arguments::command(), "onus", &mut text);
    print(&String::from_utf8_lossy(&text))?;
    Ok(Outcome::Done)
}

pub(crate) fn man() -> Result<Outcome, Failure> {
    let mut text = Vec::new();
    clap_mangen::Man::new(Arguments::command())
        .render(&mut text)
        .map_err(|error| Failure::Usage(format!("the manual page cannot be written: {error}")))?;
    print(&String::from_utf8_lossy(&text))?;
    Ok(Outcome::Done)
}
