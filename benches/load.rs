//! Reading a model from its file, checked and ready to be asked, in every notation; of size 10⁵ are 2·10⁴ systems with some 3.6 needs each.
//!
//! `cargo bench --bench load`; 2,000 to 20,000 systems; 2·10⁵ and 10⁶ too with `ONUS_BENCH_EDGES=1e7`, each notation as far as it is
//! meant for; Parquet with `--features tables`. Peer in the same run: the same bytes through serde alone, into the same documents,
//! nothing checked or resolved.
//!
//! What bounds it. *YAML*: the scanner, character by character and token by token, is two fifths; the tree is an eighth, decoding
//! it another, and making the model of the document a seventh. *JSON, lines*: allocating the texts of each system and looking up
//! their ids, a cache miss each; the parsing is a quarter. *Parquet, snapshot*: allocating what a model holds, system by
//! system; nothing is looked up by name. *Compiled graph* of a snapshot, 140 MB at 10⁶ systems: getting so much memory from the
//! system and copying the file into it, page by page, is nearly half; that both ways of the edges are alike, a quarter; the rest
//! are the order of ids, the gates of the systems, and checksums (3 %).

mod circuits;

use std::fs::File;
use std::hint::black_box;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use onus::model::generate::{Family, Generator, Options};
use onus::model::{Notation, Probability, document};
use onus::rca::NamedGraph;
use onus::{FaultGraph, Model};

/// A way to keep a model.
struct Form {
    name: &'static str,
    /// Its file, below the folder.
    file: &'static str,
    /// The most needs it is meant for here.
    most: usize,
    write: fn(&Generator, &Path),
    /// What serde alone makes of it; how many entries.
    peer: Option<fn(&Path) -> usize>,
}

const FORMS: &[Form] = &[
    Form { name: "YAML", file: "model.yaml", most: 100_000, write: whole, peer: Some(yaml) },
    Form { name: "JSON", file: "model.json", most: 1_000_000, write: whole, peer: Some(json) },
    Form { name: "lines", file: "model.ndjson", most: 10_000_000, write: lines, peer: Some(json_lines) },
    Form { name: "snapshot", file: "model.onus", most: 10_000_000, write: snapshot, peer: None },
    #[cfg(feature = "tables")]
    Form { name: "Parquet", file: "tables", most: 10_000_000, write: tables, peer: None },
];

fn model(generator: &Generator) -> Model {
    generator.document().build().expect("the generator makes valid estates")
}

fn whole(generator: &Generator, path: &Path) {
    let notation = Notation::of(path).expect("the ending says it");
    let file = BufWriter::new(File::create(path).expect("a file can be written"));
    model(generator).write(notation, file).expect("the file can be written");
}

fn lines(generator: &Generator, path: &Path) {
    let mut file = BufWriter::new(File::create(path).expect("a file can be written"));
    generator.records().try_for_each(|record| record.write(&mut file)).expect("the file can be written");
    file.flush().expect("the file can be written");
}

fn snapshot(generator: &Generator, path: &Path) {
    let file = BufWriter::new(File::create(path).expect("a file can be written"));
    let model = model(generator);
    FaultGraph::compile(&model).write_snapshot(&model, file).expect("the file can be written");
}

#[cfg(feature = "tables")]
fn tables(generator: &Generator, path: &Path) {
    std::fs::create_dir_all(path).expect("a folder can be made");
    model(generator).write_tables(path).expect("the files can be written");
}

/// Of a file, or of the files of a folder.
fn bytes(path: &Path) -> u64 {
    let files =
        std::fs::read_dir(path).into_iter().flatten().map(|entry| entry.expect("the folder can be read").path());
    let files = std::iter::once(path.to_owned()).chain(files).filter(|path| path.is_file());
    files.map(|path| path.metadata().expect("it was written").len()).sum()
}

fn open(path: &Path) -> BufReader<File> {
    BufReader::new(File::open(path).expect("it was written"))
}

fn yaml(path: &Path) -> usize {
    let model: document::Model = serde_yaml::from_reader(open(path)).expect("it is a model");
    model.systems.len()
}

fn json(path: &Path) -> usize {
    let text = std::fs::read(path).expect("it was written");
    let model: document::Model = serde_json::from_slice(&text).expect("it is a model");
    model.systems.len()
}

fn json_lines(path: &Path) -> usize {
    let entries = open(path).lines().map(|line| {
        let line = line.expect("it was written");
        let entry: serde_json::Value = serde_json::from_str(&line).expect("each line is JSON");
        usize::from(entry.get("systems").is_some())
    });
    entries.sum()
}

fn load(criterion: &mut Criterion) {
    let folder = std::env::temp_dir().join(format!("onus-bench-load-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    let mut sizes: Vec<usize> = circuits::sizes(circuits::largest() / 10);
    if circuits::largest() >= 10_000_000 {
        sizes.push(5_000_000);
    }
    for edges in sizes {
        let redundancy = Probability::new(0.85).expect("a part of one");
        let options = Options { family: Family::Layered, redundancy, contractors: 50, seed: 1, ..Options::default() };
        let generator = Generator::new(&Options { systems: (edges / 5) as u32, ..options });
        for form in FORMS.iter().filter(|form| edges <= form.most) {
            let path: PathBuf = folder.join(form.file);
            (form.write)(&generator, &path);
            let mut group = criterion.benchmark_group(format!("load, {}", form.name));
            group.throughput(Throughput::Bytes(bytes(&path)));
            group.bench_function(BenchmarkId::new("model", edges), |bench| {
                bench.iter(|| Model::from_file(black_box(&path)).expect("it is a model").systems().len());
            });
            if form.name == "snapshot" {
                group.bench_function(BenchmarkId::new("compiled graph", edges), |bench| {
                    bench.iter_with_large_drop(|| NamedGraph::open(black_box(&path)).expect("it has one"));
                });
            }
            if let Some(peer) = form.peer {
                group.bench_function(BenchmarkId::new("serde alone", edges), |bench| {
                    bench.iter(|| peer(black_box(&path)));
                });
            }
        }
    }
    std::fs::remove_dir_all(&folder).expect("it was made");
}

criterion_group! { name = benches; config = circuits::quick(); targets = load }
criterion_main!(benches);
