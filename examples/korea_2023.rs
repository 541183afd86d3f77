//! The founding case through the library: who leads, as the public saw it and with everything known pooled.
//!
//! `cargo run --example korea_2023`

use onus::model::Time;
use onus::{Attribution, By, DiagnoseOptions, Doubt, FaultGraph, Incident, Model, View};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/scenarios/korea-2023");
    let model = Model::from_file(format!("{folder}/model.yaml"))?;
    let incident = Incident::from_file(format!("{folder}/incident.yaml"), &model)?;
    let graph = FaultGraph::compile(&model);
    for (view, as_of) in [
        (View::Public, "2023-11-17T10:00:00+09:00"),
        (View::Public, "2023-11-20T19:00:00+09:00"),
        (View::Public, "2023-11-25T16:00:00+09:00"),
        (View::Pooled, "2023-11-17T09:00:00+09:00"),
    ] {
        let time: Time = as_of.parse()?;
        let evidence = view.evidence(&model, &incident, Some(time));
        let diagnosis = graph.diagnose(&evidence, &DiagnoseOptions::default());
        let attribution = Attribution::of(&model, &diagnosis, By::Contractor, incident.day());
        let doubt = Doubt::of(&diagnosis, &attribution);
        let (fault, row) = (&diagnosis.faults[0], &attribution.rows[0]);
        println!(
            "{:<8} {as_of}  {:<26} {:>4.0} %  answers: {:<16} {:.2} bits",
            view.name(&model),
            fault.id,
            fault.share.lo * 100.0,
            row.who,
            doubt.contractor_bits.lo
        );
    }
    Ok(())
}
