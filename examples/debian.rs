//! Debian as an estate: 63,440 packages that need each other, kept by 2,115 owners.
//!
//! First every case of a reference is checked that another solver computed; then come the questions that need owners:
//! whose failure would hurt most packages of others, across which seams failure runs, and how well each owner alone, and
//! all together, could tell whose package a failure came from.
//!
//! `cargo run --release --example debian [FOLDER [REFERENCE]]`; FOLDER holds `bookworm.jsonl.xz` and `reference.json`.
//! Exit status 1 if a case differs.

#[path = "debian/archive.rs"]
mod archive;
#[path = "debian/questions.rs"]
mod questions;
#[path = "debian/reference.rs"]
mod reference;
#[path = "debian/single_faults.rs"]
mod single_faults;

use std::cmp::Reverse;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use archive::Archive;
use onus::FaultGraph;
use questions::{Answers, Isolation, LEVELS, Owner};
use reference::{Checker, Reference};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/debian");
    let folder = arguments.next().unwrap_or_else(|| PathBuf::from(beside));
    let index = folder.join("bookworm.jsonl.xz");
    if !index.is_file() {
        eprintln!("\n*** SKIPPED: there is no {}; name the folder that holds it ***\n", index.display());
        return Ok(ExitCode::SUCCESS);
    }
    let reference = Reference::open(&arguments.next().unwrap_or_else(|| folder.join("reference.json")))?;
    let archive = Archive::open(&index)?;
    let graph = FaultGraph::compile(&archive.model);
    println!(
        "{} packages, {} interfaces, {} owners; {} nodes and {} edges compiled",
        archive.packages.len(),
        archive.model.interfaces().len(),
        archive.model.contractors().len(),
        graph.node_count(),
        graph.edge_count()
    );
    let agree = check(&archive, &graph, &reference)?;
    show(&archive, &questions::ask(&archive));
    Ok(if agree { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Prints each case beside what the reference says; whether all agree.
fn check(archive: &Archive, graph: &FaultGraph, reference: &Reference) -> Result<bool, String> {
    let checker = Checker::of(archive, graph);
    let base = checker.base();
    let mut all_agree = base.sha256() == reference.base.sha256;
    println!("{} packages cannot hold whatever happens: {}", base.lines.len(), verdict(all_agree));
    for case in &reference.cases {
        let roots = checker.roots(case)?;
        let found = checker.newly_failed(&roots);
        let agrees = found.is(case);
        all_agree &= agrees;
        println!(
            "{:<20} {:>5} broken, {:>6} fail with them: {}",
            case.tag,
            roots.len(),
            found.lines.len(),
            verdict(agrees)
        );
    }
    Ok(all_agree)
}

fn verdict(agrees: bool) -> &'static str {
    if agrees { "as dose-debcheck found" } else { "DIFFERS from what dose-debcheck found" }
}

fn show(archive: &Archive, answers: &Answers) {
    let top = |key: fn(&Owner) -> usize| {
        let mut owners: Vec<&Owner> = answers.owners.iter().collect();
        owners.sort_by_key(|owner| (Reverse(key(owner)), &owner.id));
        owners.truncate(8);
        owners
    };
    println!("\nWhose failure would hurt most packages of others?");
    println!("{:<12} {:>6} {:>18} {:>18}", "owner", "own", "all fail at once", "one, on average");
    for owner in top(|owner| owner.others_hurt) {
        let average = owner.others_hurt_singly as f64 / owner.packages as f64;
        println!("{:<12} {:>6} {:>18} {average:>18.1}", owner.id, owner.packages, owner.others_hurt);
    }
    println!("\nAcross which seams does failure run, over all single faults?");
    println!("{:<12} {:<12} {:>10} {:>12}", "from", "to", "interfaces", "carried");
    let contractor = |index: onus::model::ContractorIndex| &archive.model.contractors()[index.index()].id;
    for seam in answers.seams.iter().take(8) {
        let [provider, consumer] = [seam.provider, seam.consumer].map(contractor);
        println!("{provider:<12} {consumer:<12} {:>10} {:>12}", seam.interfaces, seam.carried);
    }
    println!("\nHow well could each owner alone tell whose package a failure it sees came from?");
    println!("{:<12} {:>6} {:>12} {}  owners in question", "owner", "own", "faults seen", levels());
    for owner in top(|owner| owner.packages) {
        println!("{:<12} {:>6} {:>12} {}", owner.id, owner.packages, owner.alone.seen, isolation(&owner.alone));
    }
    println!("\nAnd all together? And who sees only the packages that no other one needs?");
    for (view, sees) in [("pooled", answers.pooled), ("public", answers.public)] {
        println!("{view:<12} {:>6} {:>12} {}", answers.faults, sees.seen, isolation(&sees));
    }
    let percent = |count: usize| 100.0 * count as f64 / answers.faults as f64;
    println!(
        "Somebody alone can tell whose {:.1} % of the faults are; owners know {:.1} % for their own.",
        percent(answers.told_alone),
        percent(answers.known_to_own)
    );
}

fn levels() -> String {
    (1..=LEVELS).fold(String::new(), |text, level| text + &format!("  CIR({level})"))
}

fn isolation(isolation: &Isolation) -> String {
    let level = |text: String, level| text + &format!("{:>6.1} %", 100.0 * isolation.cir(level));
    let cir = (1..=LEVELS).fold(String::new(), level);
    format!("{cir}  {:>18.1}", isolation.expected_owners())
}
