//! The Aralia fault trees (Dutuit & Rauzy 1997): 16 coherent trees of real installations, with the number of minimal cut
//! sets of each order and the exact probability of the top, as two independent engines computed them.
//!
//! They are not part of the project; they are read where they lie, or the test says loudly that it was skipped.

use std::path::{Path, PathBuf};

use onus_model::FaultTree;
use onus_rca::{Count, CutSetOptions, FaultGraph, How, ImportanceOptions, StopReason};

fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/aralia");
    let found = folder.join("reference.csv").is_file();
    if !found {
        eprintln!("\n*** SKIPPED: the Aralia fault trees are not at {} ***\n", folder.display());
    }
    found.then_some(folder)
}

/// A number as the reference prints it: seven digits, no zeros in the exponent.
fn printed(value: f64) -> String {
    format!("{value:.6e}")
}

#[test]
fn all_trees_are_exact_or_this_was_skipped_for_want_of_them() {
    let Some(folder) = folder() else { return };
    let reference = std::fs::read_to_string(folder.join("reference.csv")).unwrap();
    let mut trees = 0;
    for line in reference.lines().skip(1) {
        let [tree, events, count, by_order, probability] = line.split(',').collect::<Vec<_>>()[..] else {
            panic!("expected five columns, found {line}");
        };
        let read = FaultTree::from_file(folder.join(format!("{tree}.xml"))).unwrap();
        let top = read.top().unwrap().to_owned();
        let model = read.into_document().build().unwrap();
        let top = model.topology().system(&top).unwrap();
        let graph = FaultGraph::compile(&model);
        let report = graph.cut_sets(&[top], &CutSetOptions::default());
        assert_eq!(model.faults().len().to_string(), events, "{tree}");
        assert_eq!(report.count, count, "{tree}");
        let expected: Vec<Count> = by_order.split(' ').map(|n| Count::from(n.parse::<u64>().unwrap())).collect();
        assert_eq!(report.by_order, expected, "{tree}");
        assert_eq!(report.truncation, None, "{tree}");
        assert_eq!(report.probability.how, How::Exact, "{tree}");
        assert_eq!(printed(report.probability.lo), probability, "{tree}");
        let importance = graph.importance(&[top], &ImportanceOptions::default());
        assert_eq!(importance.stopped, StopReason::Finished, "{tree}");
        for fault in &importance.faults {
            let measures = [fault.criticality, fault.fussell_vesely, fault.diagnostic].map(Option::unwrap);
            assert!(measures.is_sorted_by(|a, b| *a <= *b + 1e-12), "{tree}, {}: {measures:?}", fault.id);
        }
        trees += 1;
    }
    assert_eq!(trees, 16);
}

#[test]
fn a_small_budget_still_gives_sets_of_small_order_or_this_was_skipped_for_want_of_the_trees() {
    let Some(folder) = folder() else { return };
    let read = FaultTree::from_file(folder.join("das9207.xml")).unwrap();
    let top = read.top().unwrap().to_owned();
    let model = read.into_document().build().unwrap();
    let top = model.topology().system(&top).unwrap();
    let options = CutSetOptions { node_budget: 4_000, step_budget: 1_000_000, ..CutSetOptions::default() };
    let report = FaultGraph::compile(&model).cut_sets(&[top], &options);
    let truncation = report.truncation.expect("4,000 nodes do not suffice");
    let reference = [32, 1245, 10805, 13906].map(Count::from);
    assert_eq!(report.by_order, reference[..truncation.max_order as usize]);
    assert!(report.probability.contains(3.466_959e-1, 1e-7) && report.probability.lo > 0.2);
}
