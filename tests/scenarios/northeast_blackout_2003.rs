use super::*;

const TREES: &str = "trees-not-cut";

/// The share of what was first named in public, all of it across a border or in another state than Ohio.
fn first_named(c: &Conclusion) -> f64 {
    ["niagara-plant.lightning", "niagara-plant.fire", "pennsylvania-nuclear.fire", "ontario-lines.transmission"]
        .into_iter()
        .map(|fault| c.share(fault))
        .sum()
}

#[test]
fn with_one_line_each_nobody_could_tell_a_trip_from_trees_and_together_they_could() {
    let scenario = Scenario::open("northeast-blackout-2003");
    let before_the_call = "2003-08-14T15:45:00-04:00";
    for view in ["miso", "pjm", "aep"] {
        scenario.holds_within(3.0, view, before_the_call, |c| c.posterior(TREES) < 0.75);
    }
    scenario
        .holds_within(3.0, "pooled", before_the_call, |c| c.leader(None) == Some(TREES) && c.posterior(TREES) > 0.9);
}

#[test]
fn one_call_gave_both_coordinators_what_neither_had() {
    let scenario = Scenario::open("northeast-blackout-2003");
    for view in ["miso", "pjm"] {
        scenario.holds_within(3.0, view, "2003-08-14T15:50:00-04:00", |c| {
            c.leader(None) == Some(TREES) && c.posterior(TREES) > 0.9
        });
    }
}

#[test]
fn the_owner_s_board_ran_on_what_had_failed_so_the_owner_knew_least() {
    let scenario = Scenario::open("northeast-blackout-2003");
    scenario.holds_within(3.0, "firstenergy", "2003-08-14T15:45:00-04:00", |c| {
        c.leader(None) == Some("eastlake-5.trip") && c.posterior(TREES) < 0.1
    });
    let model = scenario.document.clone().build().expect("the scenario is valid");
    let findings = model.check(&onus::model::CheckOptions::default());
    assert!(
        findings.iter().any(|f| f.code == Code::Seam && f.message.contains("miso-desk -> pjm-desk")),
        "{findings:#?}"
    );
    let board = &scenario.document.monitors["fe-board"];
    assert_eq!(board.runs_on.as_deref(), Some("fe-alarms"));
    assert!(scenario.incident.evidence.iter().all(|item| item.via.as_deref() != Some("fe-board")));
}

#[test]
fn the_first_evening_points_across_the_border_from_both_sides() {
    let scenario = Scenario::open("northeast-blackout-2003");
    let ontario = Some("ontario-lines.transmission");
    scenario.holds_within(3.0, "public", "2003-08-14T17:45:00-04:00", |c| c.leader(None) == ontario);
    let evening = scenario.concludes("public", "2003-08-14T19:00:00-04:00");
    assert_eq!(evening.leader(None), None, "two claims of equal weight tie");
    for time in ["2003-08-14T19:00:00-04:00", "2003-08-14T20:30:00-04:00"] {
        scenario.holds_within(3.0, "public", time, |c| first_named(c) > 0.5 && c.share(TREES) < 0.02);
    }
    scenario.holds_within(3.0, "public", "2003-08-14T23:00:00-04:00", |c| c.leader(None) == ontario);
}

#[test]
fn then_ohio_leads_and_stays() {
    let scenario = Scenario::open("northeast-blackout-2003");
    for time in [
        "2003-08-16T13:00:00-04:00",
        "2003-09-05T12:00:00-04:00",
        "2003-11-20T12:00:00-05:00",
        "2004-02-13T00:00:00-05:00",
    ] {
        scenario.holds_within(3.0, "public", time, |c| {
            c.leader(None) == Some(TREES) && c.attribution.rows[0].who == "firstenergy" && first_named(c) < 0.5
        });
    }
}

#[test]
fn the_findings_spread_the_failure_over_more_parties_than_the_owner() {
    let scenario = Scenario::open("northeast-blackout-2003");
    scenario.holds_within(3.0, "public", "2004-02-13T00:00:00-05:00", |c| {
        let disputed: f64 =
            c.attribution.rows.iter().filter(|row| row.kind == Kind::Disputed).map(|row| row.causal.lo).sum();
        (0.4..0.65).contains(&c.causal("firstenergy")) && c.causal("ge") > 0.1 && disputed > 0.1
    });
    let early = scenario.concludes("public", "2003-08-18T12:00:00-04:00").doubt.contractor_bits;
    let late = scenario.concludes("public", "2004-02-13T00:00:00-05:00").doubt.contractor_bits;
    assert!(late.lo > early.hi, "{early:?} {late:?}");
}

#[test]
fn a_corrected_time_replaces_the_first_and_does_not_move_the_belief() {
    let scenario = Scenario::open("northeast-blackout-2003");
    let mut uncorrected = scenario.incident.clone();
    uncorrected.evidence.retain(|item| item.id != "eastlake-corrected");
    let time = "2003-09-05T12:00:00-04:00";
    let before = conclude(&scenario.document, &uncorrected, "public", time);
    let after = scenario.concludes("public", time);
    assert!((before.share(TREES) - after.share(TREES)).abs() < 1e-9);
    assert_eq!(before.leader(None), after.leader(None));
}
