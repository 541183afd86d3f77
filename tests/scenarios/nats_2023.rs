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
    scenario
        .holds_within(3.0, "nerl", "2023-08-28T12:30:00+01:00", |c| c.leader(trigger) == Some("flight-plan.malformed"));
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
