//! What the split costs an estate, under fifty structures: the dictionary of all its faults once, then structure by structure.
//!
//! `cargo bench --bench split`; 10³ systems, 10⁴ with `ONUS_BENCH_EDGES=1e7`, of twenty contractors, each with a monitor. No peer:
//! nothing else asks the question. With perfect monitors signatures are exact; with the generator's (0.99 and 0.001) incidents
//! are drawn.
//!
//! What bounds it. *Dictionary*: what fails from each fault, listed (half of it the cascades) or, past the budget, hashed. *Structures*:
//! sorting what each view reads; where incidents are drawn, who sees and who answers for each system, since posteriors serve all
//! structures that differ in nothing that bears on them.

mod circuits;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use onus::model::generate::{Family, Generator, Options};
use onus::model::{Alternative, ContractorIndex};
use onus::rca::{FaultDictionary, Split, SplitOptions};
use onus::{FaultGraph, Model};

/// An estate whose monitors never err, or as they come.
fn estate(systems: u32, are_perfect: bool) -> Model {
    let options = Options { family: Family::Contract, systems, contractors: 20, seed: 1, ..Options::default() };
    let mut document = Generator::new(&options).document();
    for monitor in document.monitors.values_mut().filter(|_| are_perfect) {
        (monitor.detects, monitor.false_alarms) = (Some(1.0), Some(0.0));
    }
    document.build().expect("the generator makes valid estates")
}

/// The actual structure, the built-in ones, and mergers and sharings of two contractors until there are fifty.
fn structures(model: &Model) -> Vec<(String, Model)> {
    // The first is the buyer, who holds nothing.
    let parties: Vec<_> = (1..model.contractors().len()).map(ContractorIndex::new).collect();
    let pairs = parties.iter().zip(parties.iter().skip(1));
    let pairs = pairs.flat_map(|(a, b)| [Alternative::Merge(*a, *b), Alternative::Share(*a, *b)]);
    let across = parties.iter().zip(parties.iter().skip(2)).map(|(a, b)| Alternative::Merge(*a, *b));
    let all = Alternative::BUILT_IN.into_iter().chain(pairs).chain(across).take(50);
    all.map(|alternative| {
        (alternative.name(model), model.under(&alternative).expect("the alternatives are about its contractors"))
    })
    .collect()
}

fn split(criterion: &mut Criterion) {
    let sizes = [1_000, 3_000, 10_000];
    for systems in sizes.into_iter().filter(|systems| *systems <= 1_000 || circuits::largest() > 1_000_000) {
        for (monitors, are_perfect) in [("perfect monitors", true), ("monitors that err", false)] {
            let model = estate(systems, are_perfect);
            let graph = FaultGraph::compile(&model);
            let structures = structures(&model);
            let options = SplitOptions::default().for_many();
            let dictionary = FaultDictionary::of(&graph, &options);
            eprintln!("{systems} systems, {monitors}: {} structures, {:?}", structures.len(), dictionary.readings());
            let unlisted = SplitOptions { failure_budget: 0, ..options.clone() };
            let mut group = criterion.benchmark_group(format!("split, {monitors}"));
            group.throughput(Throughput::Elements(structures.len() as u64));
            group.bench_function(BenchmarkId::new("dictionary", systems), |bench| {
                bench.iter(|| FaultDictionary::of(black_box(&graph), &options));
            });
            if are_perfect {
                group.bench_function(BenchmarkId::new("dictionary and 50 structures, no lists", systems), |bench| {
                    bench.iter(|| {
                        let dictionary = FaultDictionary::of(black_box(&graph), &unlisted);
                        Split::of(&dictionary, &structures, &unlisted).structures.len()
                    });
                });
            }
            group.bench_function(BenchmarkId::new("dictionary and 50 structures", systems), |bench| {
                bench.iter(|| {
                    let dictionary = FaultDictionary::of(black_box(&graph), &options);
                    Split::of(&dictionary, &structures, &options).structures.len()
                });
            });
        }
    }
}

criterion_group! { name = benches; config = circuits::quick(); targets = split }
criterion_main!(benches);
