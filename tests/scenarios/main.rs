//! What the record of each scenario supports, and over what range of the assumed priors it holds.
//!
//! Every prior in a scenario is an assumption. So each assertion is tested as the files stand, and again with the odds of
//! each fault, one at a time, multiplied and divided by a factor (3, where a test names no other).

mod aws_2021;
mod deepwater_horizon_2010;
mod healthcare_gov_2013;
mod heathrow_t5_2008;
mod korea_2023;
mod mars_climate_orbiter_1999;
mod nats_2023;
mod nirs_fire_2025;
mod northeast_blackout_2003;
mod optus_2023;
mod queensland_payroll_2010;
mod rogers_2022;
mod tsb_2018;

use onus::model::document;
use onus::model::{Code, FaultRole, Time};
use onus::rca::{Kind, Method};
use onus::{Attribution, By, DiagnoseOptions, Diagnosis, Doubt, FaultGraph, Incident, Model, View};

/// A scenario's files, read once.
struct Scenario {
    document: document::Model,
    incident: document::Incident,
}

/// What one view concludes.
struct Conclusion {
    diagnosis: Diagnosis,
    attribution: Attribution,
    doubt: Doubt,
}

impl Conclusion {
    fn share(&self, fault: &str) -> f64 {
        self.diagnosis
            .faults
            .iter()
            .find(|finding| finding.id.as_str() == fault)
            .map_or(0.0, |finding| finding.share.lo)
    }

    fn posterior(&self, fault: &str) -> f64 {
        let found = self.diagnosis.faults.iter().find(|finding| finding.id.as_str() == fault);
        found.map_or(0.0, |finding| finding.posterior.lo)
    }

    /// The fault with the greatest share, among those of a role; `None` on a tie.
    fn leader(&self, role: Option<FaultRole>) -> Option<&str> {
        let mut rest = self.diagnosis.faults.iter().filter(|finding| role.is_none_or(|role| finding.role == role));
        let first = rest.next()?;
        let ahead = rest.next().is_none_or(|second| first.share.lo > second.share.lo + 1e-9);
        ahead.then(|| first.id.as_str())
    }

    fn causal(&self, who: &str) -> f64 {
        self.attribution.rows.iter().filter(|row| row.who == who).map(|row| row.causal.lo).sum()
    }
}

impl Scenario {
    fn open(name: &str) -> Self {
        let folder = format!("{}/fixtures/scenarios/{name}", env!("CARGO_MANIFEST_DIR"));
        let model = Model::from_file(format!("{folder}/model.yaml")).unwrap_or_else(|error| panic!("{error}"));
        let incident =
            Incident::from_file(format!("{folder}/incident.yaml"), &model).unwrap_or_else(|error| panic!("{error}"));
        Self { document: model.to_document(), incident: incident.to_document(&model) }
    }

    fn concludes(&self, view: &str, as_of: &str) -> Conclusion {
        conclude(&self.document, &self.incident, view, as_of)
    }

    /// Checks something of one view's conclusion, as the files stand and with each prior's odds times and over `factor`.
    fn holds_within(&self, factor: f64, view: &str, as_of: &str, holds: impl Fn(&Conclusion) -> bool) {
        let actual = self.concludes(view, as_of);
        assert!(holds(&actual), "{view} as of {as_of}: {:#?}", &actual.diagnosis.faults[..4]);
        for fault in priors(&self.document) {
            for factor in [factor, 1.0 / factor] {
                let mut document = self.document.clone();
                scale(&mut document, &fault, factor);
                let varied = conclude(&document, &self.incident, view, as_of);
                assert!(
                    holds(&varied),
                    "{view} as of {as_of}, {fault} times {factor}: {:#?}",
                    &varied.diagnosis.faults[..4]
                );
            }
        }
    }
}

fn conclude(document: &document::Model, incident: &document::Incident, view: &str, as_of: &str) -> Conclusion {
    let model = document.clone().build().expect("a scenario with other priors is valid too");
    let incident = incident.clone().build(&model).expect("the incident names nothing that priors change");
    let time: Time = as_of.parse().expect("the tests name valid times");
    let view = View::named(&model, view).expect("the tests name known views");
    let options = DiagnoseOptions { exoneration_items: 0, diagnoses: 1, ..DiagnoseOptions::default() };
    let diagnosis = FaultGraph::compile(&model).diagnose(&view.evidence(&model, &incident, Some(time)), &options);
    assert_eq!(diagnosis.method, Method::Exact);
    let attribution = Attribution::of(&model, &diagnosis, By::Contractor, incident.day());
    let doubt = Doubt::of(&diagnosis, &attribution);
    Conclusion { diagnosis, attribution, doubt }
}

/// Every fault whose prior the model states.
fn priors(document: &document::Model) -> Vec<String> {
    let mut found: Vec<String> = document.common_causes.keys().cloned().collect();
    for (system, own) in &document.systems {
        found.extend(own.faults.keys().map(|fault| format!("{system}.{fault}")));
    }
    for (interface, own) in &document.interfaces {
        found.extend(own.faults.keys().map(|fault| format!("{interface}.{fault}")));
    }
    assert!(found.len() > 5, "a scenario has faults to vary");
    found
}

fn scale(document: &mut document::Model, wanted: &str, factor: f64) {
    let change = |probability: &mut Option<f64>| {
        let p = probability.expect("scenarios state probabilities");
        *probability = Some(p * factor / (p * factor + 1.0 - p));
    };
    if let Some(common) = document.common_causes.get_mut(wanted) {
        return change(&mut common.probability);
    }
    for (system, own) in &mut document.systems {
        for (fault, own) in &mut own.faults {
            if format!("{system}.{fault}") == wanted {
                return change(&mut own.probability);
            }
        }
    }
    for (interface, own) in &mut document.interfaces {
        for (fault, own) in &mut own.faults {
            if format!("{interface}.{fault}") == wanted {
                return change(&mut own.probability);
            }
        }
    }
    panic!("there is no fault {wanted}");
}
