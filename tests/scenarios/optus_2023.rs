use super::*;

const UPGRADE: &str = "stix-upgrade.diversion";
const LIMITS: &str = "pe-limits.default-limits";
const OUTSIDE: [&str; 4] =
    [UPGRADE, "stix-exchange.wrong-routes", "content-peer.route-change", "other-peer-networks.route-change"];

#[test]
fn the_parent_company_alone_could_have_named_the_trigger_within_two_hours() {
    let scenario = Scenario::open("optus-2023");
    scenario.holds_within(3.0, "singtel", "2023-11-08T06:00:00+11:00", |c| {
        c.leader(Some(FaultRole::Trigger)) == Some(UPGRADE) && c.posterior(UPGRADE) > 0.5
    });
}

#[test]
fn pooled_trigger_and_limits_lead_in_the_first_hour() {
    let scenario = Scenario::open("optus-2023");
    scenario.holds_within(3.0, "pooled", "2023-11-08T05:00:00+11:00", |c| {
        c.leader(Some(FaultRole::Trigger)) == Some(UPGRADE) && c.share(UPGRADE) + c.share(LIMITS) > 0.5
    });
}

#[test]
fn the_daughter_company_suspects_outside_networks_without_knowing_which() {
    let scenario = Scenario::open("optus-2023");
    scenario.holds_within(3.0, "optus", "2023-11-08T12:30:00+11:00", |c| {
        OUTSIDE.iter().map(|fault| c.share(fault)).sum::<f64>() > c.share("alternative-link.own-change")
    });
    for time in ["2023-11-08T09:30:00+11:00", "2023-11-10T18:00:00+11:00"] {
        scenario.holds_within(3.0, "optus", time, |c| c.posterior(UPGRADE) < 0.5);
    }
    let actual = scenario.concludes("optus", "2023-11-08T09:30:00+11:00");
    assert_eq!(actual.leader(Some(FaultRole::Trigger)), None, "no outside network stands out");
}

#[test]
fn when_the_exchange_is_named_the_public_gives_it_the_lead() {
    let scenario = Scenario::open("optus-2023");
    scenario.holds_within(3.0, "public", "2023-11-15T18:00:00+11:00", |c| c.leader(None) == Some(UPGRADE));
}

#[test]
fn after_the_hearing_trigger_and_weakness_have_about_half_each() {
    let scenario = Scenario::open("optus-2023");
    scenario.holds_within(3.0, "public", "2023-11-18T00:00:00+11:00", |c| {
        c.leader(Some(FaultRole::Trigger)) == Some(UPGRADE)
            && c.leader(Some(FaultRole::Latent)) == Some(LIMITS)
            && [UPGRADE, LIMITS].iter().all(|fault| (0.35..0.65).contains(&c.share(fault)))
            && (0.35..0.65).contains(&c.causal("singtel"))
    });
}

#[test]
fn what_two_firms_dispute_is_no_question_for_their_group() {
    let scenario = Scenario::open("optus-2023");
    let model = scenario.document.clone().build().expect("the scenario is valid");
    let actual = scenario.concludes("public", "2023-11-18T00:00:00+11:00");
    let groups = Attribution::of(&model, &actual.diagnosis, By::Group, None);
    assert_eq!(groups.rows[0].who, "singtel-group");
    assert!(groups.rows[0].causal.lo > 0.98, "{:#?}", groups.rows);
    assert!(actual.doubt.contractor_bits.lo > 0.9, "{:#?}", actual.doubt);
    let doubt = Doubt::of(&actual.diagnosis, &groups);
    assert!(doubt.contractor_bits.hi < 0.1, "{doubt:#?}");
}
