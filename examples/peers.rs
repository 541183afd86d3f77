//! The circuits of the benchmarks as files for other tools, and how long onus takes for the same questions.
//!
//! `cargo run --release --example peers -- FOLDER [EDGES...]`, 10⁵ and 10⁶ edges unless named; `benches/peers/graphs.py` runs it.
//!
//! For each family, and for Debian where it lies beside the project, it writes `FAMILY-EDGES.csr`: whole numbers of 32 bits,
//! little-endian: nodes, edges, the node that fails most; where the edges of each node begin, in the direction in which failure
//! runs, and where the last end; the node at the end of each edge; the delay of each node. To standard output goes a line of
//! JSON for each: seconds, the least of several runs.

#[path = "../benches/circuits/mod.rs"]
mod circuits;

use std::error::Error;
use std::fs::File;
use std::hint::black_box;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use onus::rca::engine::{Arrivals, Cascade, Circuit, Gates, Node, Way};
use serde::Serialize;

/// What is known of one circuit.
#[derive(Serialize)]
struct Timed {
    file: String,
    nodes: usize,
    edges: usize,
    /// Edges out of what fails with the node that fails most.
    gone_over: usize,
    /// Everything that fails from it.
    cascade: f64,
    /// The same with the time of each failure.
    times: f64,
    /// Components, topological order, adjacency both ways.
    compile: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("name a folder")?);
    std::fs::create_dir_all(&folder)?;
    let mut sizes: Vec<usize> = Vec::new();
    for size in arguments {
        let size = size.to_str().and_then(circuits::count);
        sizes.push(size.ok_or("sizes are numbers of edges from 1000, e.g. 1e6")?);
    }
    if sizes.is_empty() {
        sizes = vec![100_000, 1_000_000];
    }
    for edges in sizes {
        for (family, gates) in circuits::drawn(edges) {
            let timed = timed(&folder, &format!("{family}-{edges}.csr"), gates)?;
            println!("{}", serde_json::to_string(&timed)?);
        }
    }
    if let Some(gates) = circuits::debian::gates() {
        println!("{}", serde_json::to_string(&timed(&folder, "debian.csr", gates)?)?);
    }
    Ok(())
}

fn timed(folder: &Path, file: &str, gates: Gates) -> Result<Timed, Box<dyn Error>> {
    let compile = least(|| gates.clone(), |gates| Circuit::new(gates).node_count());
    let circuit = Circuit::new(gates);
    let hub = circuits::hub(&circuit);
    let delays: Vec<u64> = (0..circuit.node_count()).map(circuits::delay).collect();
    let mut cascade = Cascade::new(&circuit);
    cascade.spread(&[hub], Way::Auto);
    let gone_over = cascade.failed().into_iter().map(|node| circuit.outputs(node).len()).sum();
    let spread = least(|| (), |()| cascade.spread(black_box(&[hub]), Way::Auto));
    let mut arrivals = Arrivals::new(&circuit, &delays);
    let times = least(|| (), |()| arrivals.spread(black_box(&[(hub, 0)])).len());
    write(&folder.join(file), &circuit, hub, &delays)?;
    let (nodes, edges) = (circuit.node_count(), circuit.edge_count());
    Ok(Timed { file: file.to_owned(), nodes, edges, gone_over, cascade: spread, times, compile })
}

/// Seconds of the fastest of at least three runs, for a second.
fn least<T>(prepare: impl Fn() -> T, mut run: impl FnMut(T) -> usize) -> f64 {
    let (begin, mut least, mut runs) = (Instant::now(), f64::INFINITY, 0);
    while runs < 3 || begin.elapsed() < Duration::from_secs(1) {
        let prepared = prepare();
        let start = Instant::now();
        black_box(run(prepared));
        least = least.min(start.elapsed().as_secs_f64());
        runs += 1;
    }
    least
}

fn write(path: &Path, circuit: &Circuit, hub: Node, delays: &[u64]) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut put = |number: usize| file.write_all(&(number as u32).to_le_bytes());
    let outputs = |number: usize| circuit.outputs(circuit.node(number));
    [circuit.node_count(), circuit.edge_count(), circuit.number(hub)].into_iter().try_for_each(&mut put)?;
    let mut end = 0;
    put(end)?;
    for number in 0..circuit.node_count() {
        end += outputs(number).len();
        put(end)?;
    }
    for number in 0..circuit.node_count() {
        outputs(number).iter().map(|output| circuit.number(*output)).try_for_each(&mut put)?;
    }
    delays.iter().map(|delay| *delay as usize).try_for_each(&mut put)?;
    file.flush()
}
