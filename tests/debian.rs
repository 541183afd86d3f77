//! The Debian example: against what another solver computed, against the engine, and against a small archive worked out
//! by hand.
//!
//! The archive is no part of the project; it is read where it lies, or the test says loudly that it was skipped.

#[path = "../examples/debian/archive.rs"]
mod archive;
#[path = "../examples/debian/questions.rs"]
mod questions;
#[path = "../examples/debian/reference.rs"]
mod reference;
#[path = "../examples/debian/single_faults.rs"]
mod single_faults;

use std::collections::BTreeSet;
use std::path::Path;

use archive::{Archive, owner_id};
use onus::FaultGraph;
use questions::{Isolation, LEVELS, Owner, ask};
use reference::{Checker, Reference};
use single_faults::SingleFaults;

#[test]
fn what_fails_is_what_another_solver_found() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/debian"));
    if !folder.is_dir() {
        eprintln!("\n*** SKIPPED: the archive is not at {} ***\n", folder.display());
        return;
    }
    let archive = Archive::open(&folder.join("bookworm.jsonl.xz")).expect("the index is as its README says");
    let reference = Reference::open(&folder.join("reference.json")).expect("the reference is as its README says");
    let graph = FaultGraph::compile(&archive.model);
    let checker = Checker::of(&archive, &graph);
    assert_eq!(checker.base().sha256(), reference.base.sha256);
    let mut single_faults = SingleFaults::of(&archive.model, archive.absence);
    for case in &reference.cases {
        let roots = checker.roots(case).expect("the case is about packages that there are");
        let found = checker.newly_failed(&roots);
        assert!(found.is(case), "{}: {} fail, expected {}", case.tag, found.lines.len(), case.newly_failed);
        let systems: Vec<_> = roots.iter().map(|root| archive.packages[*root].system).collect();
        let failed = single_faults.failed(&systems).iter().filter_map(|system| archive.package_of[system.index()]);
        let lines = failed.filter(|package| !roots.contains(package)).map(|package| {
            let package = &archive.packages[package];
            format!("{}={}", package.name, package.version)
        });
        assert_eq!(lines.collect::<BTreeSet<_>>(), found.lines, "{}", case.tag);
    }
}

/// `app` of owner 1 needs `lib` of owner 2 and either `x` of owner 3 or `y` of owner 2; `lib` needs `y`. One of the two
/// versions of `dup` needs `app`. `gone` needs what nobody ships.
fn small() -> Archive {
    let line = |name: &str, version: &str, owner: u32, groups: &[&[u32]]| {
        (name.to_owned(), version.to_owned(), owner, groups.iter().map(|group| group.to_vec()).collect())
    };
    Archive::of(vec![
        line("app", "1", 1, &[&[1], &[2, 3]]),
        line("lib", "1", 2, &[&[3]]),
        line("x", "1", 3, &[]),
        line("y", "1", 2, &[]),
        line("gone", "1", 3, &[&[]]),
        line("dup", "1", 1, &[]),
        line("dup", "2", 1, &[&[0]]),
    ])
    .expect("a valid archive")
}

#[test]
fn every_question_answered_by_hand() {
    let archive = small();
    let answers = ask(&archive);
    let isolation = |seen, within, owners| Isolation { seen, within, owners };
    let owner = |number, packages, others_hurt, others_hurt_singly, alone| Owner {
        id: owner_id(number),
        packages,
        others_hurt,
        others_hurt_singly,
        alone,
    };
    // Owner 1 sees the same whether `app`, `lib` or `y` is broken; what is always failed, nobody sees break.
    let expected = [
        owner(1, 3, 0, 0, isolation(5, [2, 5, 5, 5], 8)),
        owner(2, 2, 2, 4, isolation(2, [2; LEVELS], 2)),
        owner(3, 2, 0, 0, isolation(1, [1; LEVELS], 1)),
    ];
    assert_eq!(answers.owners, expected);
    let [seam] = answers.seams[..] else { panic!("failure crosses between two owners alone: {:?}", answers.seams) };
    let ids = [seam.provider, seam.consumer].map(|party| archive.model.contractors()[party.index()].id.to_string());
    assert_eq!((ids, seam.interfaces, seam.carried), ([owner_id(2), owner_id(1)], 2, 3));
    assert_eq!(answers.pooled, isolation(6, [6; LEVELS], 6));
    assert_eq!(answers.public, isolation(5, [1, 5, 5, 5], 9));
    assert!((answers.public.cir(1) - 0.2).abs() < 1e-12 && (answers.public.expected_owners() - 1.8).abs() < 1e-12);
    assert_eq!((answers.faults, answers.told_alone, answers.known_to_own), (7, 5, 5));
}
