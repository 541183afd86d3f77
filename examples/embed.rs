//! A model and an incident built in code, without a file: what an embedder does.
//!
//! `cargo run --example embed`

use onus::model::document::{
    Contract, Contractor, DutyKind, Evidence, Fault, Incident, Interface, Model, Need, System,
};
use onus::rca;
use onus::{Attribution, By, DiagnoseOptions, FaultGraph};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let model = Model::new("A shop on two databases")
        .contractor("shop-co", Contractor::named("Builds and runs the shop"))
        .contractor("db-co", Contractor::named("Runs the databases"))
        .contract(
            "shop",
            Contract::held_by("shop-co").duty(DutyKind::Operate, ["shop"]).duty(DutyKind::Build, ["shop"]),
        )
        .contract(
            "databases",
            Contract::held_by("db-co").duty(DutyKind::Operate, ["db-*"]).duty(DutyKind::Maintain, ["db-*"]),
        )
        .system("shop", System::new().fault("release", Fault::new("software", 2e-3)).needs(Need::any(["db-a", "db-b"])))
        .system("db-a", System::new().fault("disk", Fault::new("hardware", 1e-2)))
        .system("db-b", System::new().fault("disk", Fault::new("hardware", 1e-2)))
        .interface("shop", "db-a", Interface::default())
        .build()?;
    let incident = Incident::new("The shop is down")
        .item(Evidence::failed("users", "2026-03-01T09:00:00Z".parse()?, "shop"))
        .item(Evidence::failed("probe", "2026-03-01T09:05:00Z".parse()?, "db-a"))
        .build(&model)?;
    let graph = FaultGraph::compile(&model);
    let diagnosis = graph.diagnose(&rca::Evidence::of(&incident), &DiagnoseOptions::default());
    for fault in &diagnosis.faults {
        println!(
            "{:<14} posterior {:>5.1} %  share {:>5.1} %",
            fault.id,
            fault.posterior.lo * 100.0,
            fault.share.lo * 100.0
        );
    }
    for row in Attribution::of(&model, &diagnosis, By::Contractor, incident.day()).rows {
        println!("{:<14} answers for {:>5.1} %", row.who, row.causal.lo * 100.0);
    }
    Ok(())
}
