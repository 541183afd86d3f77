//! How long a model takes to load, and what it holds then: the median of some runs, in one process.
//!
//! ```sh
//! cargo run --release -p onus-model --features tables --example load -- MODEL [RUNS]
//! ```

use std::time::Instant;

use onus_model::Model;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("name a model: a file, or a folder of tables")?;
    let runs: usize = arguments.next().map_or(Ok(5), |runs| runs.parse())?;
    let mut took = Vec::new();
    for _ in 0..runs.max(1) {
        let begin = Instant::now();
        let model = Model::from_file(&path)?;
        took.push(begin.elapsed().as_secs_f64() * 1e3);
        if took.len() == 1 {
            let [now, peak] = ["VmRSS:", "VmHWM:"].map(|what| kilobytes(what) / 1024);
            println!("{} systems, {} interfaces", model.systems().len(), model.interfaces().len());
            println!("{now} MB held, {peak} MB at most");
        }
    }
    took.sort_by(f64::total_cmp);
    println!("{:.0} ms (least {:.0})", took[took.len() / 2], took[0]);
    Ok(())
}

/// What the system says of this process; 0 where it says nothing.
fn kilobytes(what: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(what));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}
