//! What the benchmarks found: a table against what was asked of them, and a plot of time against size for each kind of work.
//!
//! After `cargo bench`: `cargo run --release --example benchmarks [FOLDER]` prints the table as Markdown and writes the plots
//! into FOLDER (`benches/plots`), from what criterion left in `target/criterion`. What was not run is left out.

#[path = "benchmarks/floors.rs"]
mod floors;
#[path = "benchmarks/plot.rs"]
mod plot;
#[path = "benchmarks/results.rs"]
mod results;

use std::error::Error;
use std::path::PathBuf;

use results::Results;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("benches/plots"), PathBuf::from);
    let results = Results::open(&PathBuf::from("target/criterion"))?;
    println!("| work | where | floor | measured | |\n|---|---|--:|--:|---|");
    for row in floors::rows(&results) {
        println!("| {} | {} | {} | {} | {} |", row.work, row.place, row.floor, row.measured, row.verdict);
    }
    std::fs::create_dir_all(&folder)?;
    for plot in plot::PLOTS {
        if let Some(svg) = plot.draw(&results) {
            let path = folder.join(plot.file);
            std::fs::write(&path, svg)?;
            eprintln!("{}", path.display());
        }
    }
    Ok(())
}
