//! The same topology and evidence under two structures: what differs is due to the contracts alone.
//!
//! `cargo run --example what_if`

use onus::{Attribution, By, DiagnoseOptions, Doubt, FaultGraph, Incident, Model, View};

/// One contractor for everything, in place of the many.
const ONE_PRIME: &str = "
format: onus/1
title: One prime contractor
contractors:
  prime: { name: One prime contractor }
contracts:
  everything:
    contractor: prime
    duties:
      - { duty: operate, of: ['*', '* -> *'] }
      - { duty: maintain, of: ['*', '* -> *'] }
      - { duty: build, of: ['*', '* -> *'] }
      - { duty: integrate, of: ['* -> *'] }
";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/scenarios/korea-2023");
    let actual = Model::from_file(format!("{folder}/model.yaml"))?;
    let merged = actual.with_structure_text("one-prime", ONE_PRIME)?;
    let time = Some("2023-11-17T10:00:00+09:00".parse()?);
    for (name, model) in [("actual contracts", &actual), ("one prime", &merged)] {
        let incident = Incident::from_file(format!("{folder}/incident.yaml"), model)?;
        let graph = FaultGraph::compile(model);
        println!("{name}:");
        for view in [View::Public, View::Pooled] {
            let diagnosis = graph.diagnose(&view.evidence(model, &incident, time), &DiagnoseOptions::default());
            let attribution = Attribution::of(model, &diagnosis, By::Contractor, incident.day());
            let doubt = Doubt::of(&diagnosis, &attribution);
            println!(
                "  {:<8} {:<16} answers for {:>5.1} %; doubt {:.2} bits about the fault, {:.2} about who answers",
                view.name(model),
                attribution.rows[0].who,
                attribution.rows[0].causal.lo * 100.0,
                doubt.fault_bits.lo,
                doubt.contractor_bits.lo
            );
        }
    }
    Ok(())
}
