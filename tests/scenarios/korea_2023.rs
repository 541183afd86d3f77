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
