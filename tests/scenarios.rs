//! What the record of each scenario supports, and over what range of the assumed priors it holds.
//!
//! Every prior in a scenario is an assumption. So each assertion is tested as the files stand, and again with the odds of
//! each fault, one at a time, multiplied and divided by a factor (3, where a test names no other).

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

mod korea_2023 {
    use super::*;

    const ROUTER: &str = "l3-router.port-module";

    #[test]
    fn the_public_first_believes_the_coincident_change_at_the_authentication_servers() {
        let scenario = Scenario::open("korea-2023");
        for time in ["2023-11-17T10:00:00+09:00", "2023-11-17T12:30:00+09:00"] {
            scenario.holds_within(3.0, "public", time, |c| {
                c.leader(None) == Some("gpki-auth.server-software") && c.attribution.rows[0].who == "gpki-contractor"
            });
        }
    }

    #[test]
    fn then_the_l4_switches_after_the_first_normal_working_day() {
        let scenario = Scenario::open("korea-2023");
        scenario.holds_within(3.0, "public", "2023-11-20T19:00:00+09:00", |c| {
            c.leader(None) == Some("l4-common") && c.attribution.rows[0].who == "l4-maintainer"
        });
    }

    #[test]
    fn then_the_router_which_nobody_answers_for() {
        let scenario = Scenario::open("korea-2023");
        for time in ["2023-11-25T16:00:00+09:00", "2025-09-30T00:00:00+09:00"] {
            scenario.holds_within(3.0, "public", time, |c| {
                c.leader(None) == Some(ROUTER) && c.attribution.rows[0].kind == Kind::Unassigned
            });
        }
    }

    #[test]
    fn pooled_with_the_alert_the_router_leads_from_the_first_hour_and_stays() {
        let scenario = Scenario::open("korea-2023");
        for time in [
            "2023-11-17T09:00:00+09:00",
            "2023-11-17T10:00:00+09:00",
            "2023-11-17T12:30:00+09:00",
            "2023-11-17T13:30:00+09:00",
            "2023-11-18T12:00:00+09:00",
            "2023-11-20T19:00:00+09:00",
            "2023-11-25T16:00:00+09:00",
        ] {
            scenario.holds_within(3.0, "pooled", time, |c| c.leader(None) == Some(ROUTER));
        }
    }

    #[test]
    fn the_alert_had_reached_one_party_only() {
        let scenario = Scenario::open("korea-2023");
        let time = "2023-11-17T09:00:00+09:00";
        let router = |c: &Conclusion| c.posterior(ROUTER) + c.posterior("l3-router.routing-software");
        scenario.holds_within(3.0, "desk-contractor", time, |c| router(c) > 0.5);
        scenario.holds_within(3.0, "nirs", time, |c| router(c) < 0.5);
        scenario.holds_within(3.0, "l4-maintainer", time, |c| router(c) < 0.5);
    }

    #[test]
    fn check_shows_the_ownerless_router_and_the_seams() {
        let scenario = Scenario::open("korea-2023");
        let model = scenario.document.clone().build().expect("the scenario is valid");
        let incident = scenario.incident.clone().build(&model).expect("the scenario is valid");
        let options = onus::model::CheckOptions { day: incident.day(), ..Default::default() };
        let findings = model.check(&options);
        let has = |code: Code, about: &str| findings.iter().any(|f| f.code == code && f.path.contains(about));
        assert!(has(Code::OwnerlessHub, "l3-router"), "{findings:#?}");
        assert!(has(Code::Gap, "l3-router"), "{findings:#?}");
        assert!(findings.iter().any(|f| f.code == Code::Seam), "{findings:#?}");
    }
}

mod nats_2023 {
    use super::*;

    #[test]
    fn pooled_the_identical_units_shared_logic_leads_within_two_hours() {
        let scenario = Scenario::open("nats-2023");
        scenario.holds_within(3.0, "pooled", "2023-08-28T10:00:00+01:00", |c| c.leader(None) == Some("route-logic"));
    }

    #[test]
    fn the_operator_alone_was_less_sure_than_it_would_have_been_with_the_maker() {
        let scenario = Scenario::open("nats-2023");
        let time = "2023-08-28T10:00:00+01:00";
        let apart = scenario.concludes("nerl", time).posterior("route-logic");
        let together = scenario.concludes("pooled", time).posterior("route-logic");
        assert!(together > apart + 0.18, "{apart} {together}");
    }

    #[test]
    fn the_trigger_is_first_read_as_the_airline_s_plan_and_then_as_two_points_of_one_name() {
        let scenario = Scenario::open("nats-2023");
        let trigger = Some(FaultRole::Trigger);
        scenario.holds_within(3.0, "nerl", "2023-08-28T12:30:00+01:00", |c| {
            c.leader(trigger) == Some("flight-plan.malformed")
        });
        scenario.holds_within(3.0, "nerl", "2023-08-28T13:10:00+01:00", |c| {
            c.leader(trigger) == Some("flight-plan.duplicate-names")
        });
        scenario.holds_within(3.0, "public", "2023-08-30T12:00:00+01:00", |c| {
            c.leader(trigger) == Some("flight-plan.malformed")
        });
        scenario.holds_within(3.0, "public", "2023-09-07T00:00:00+01:00", |c| {
            c.leader(trigger) == Some("flight-plan.duplicate-names")
        });
    }

    #[test]
    fn in_the_end_the_latent_weakness_is_the_maker_s_and_half_of_the_failure() {
        let scenario = Scenario::open("nats-2023");
        scenario.holds_within(3.0, "public", "2023-09-07T00:00:00+01:00", |c| {
            c.leader(Some(FaultRole::Latent)) == Some("route-logic") && (0.45..0.55).contains(&c.causal("maker"))
        });
    }
}

mod aws_2021 {
    use super::*;

    #[test]
    fn the_first_visible_symptom_names_dns() {
        let scenario = Scenario::open("aws-2021");
        scenario
            .holds_within(3.0, "aws", "2021-12-07T08:30:00-08:00", |c| c.leader(None) == Some("internal-dns.service"));
    }

    #[test]
    fn in_the_end_surge_and_missing_back_off_explain_it() {
        let scenario = Scenario::open("aws-2021");
        scenario.holds_within(3.0, "aws", "2021-12-11T00:00:00-08:00", |c| {
            c.share("scaling.surge") + c.share("client-backoff.no-back-off") > 0.5
        });
    }

    #[test]
    fn one_owner_leaves_doubt_about_the_fault_and_none_about_who_answers() {
        let scenario = Scenario::open("aws-2021");
        for time in ["2021-12-07T08:30:00-08:00", "2021-12-07T11:00:00-08:00", "2021-12-11T00:00:00-08:00"] {
            scenario
                .holds_within(3.0, "aws", time, |c| c.doubt.contractor_bits.hi < 0.02 && c.doubt.fault_bits.lo > 0.5);
        }
    }
}
