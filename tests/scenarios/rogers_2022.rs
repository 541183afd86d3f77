use super::*;

const FILTER: &str = "core-upgrade.filter-removed";
const CHAIN: [&str; 3] = [FILTER, "change-review.not-flagged", "overload-limits.not-set"];

#[test]
fn one_owner_leaves_doubt_about_the_fault_and_little_about_who_answers() {
    let scenario = Scenario::open("rogers-2022");
    for time in ["2022-07-08T06:00:00-04:00", "2022-07-08T10:00:00-04:00", "2022-07-08T17:00:00-04:00"] {
        for view in ["rogers", "pooled"] {
            scenario.holds_within(3.0, view, time, |c| c.doubt.contractor_bits.hi < 0.5 && c.doubt.fault_bits.lo > 1.2);
        }
    }
}

#[test]
fn nothing_was_held_by_others_so_pooling_changes_nothing() {
    let scenario = Scenario::open("rogers-2022");
    for time in ["2022-07-08T06:00:00-04:00", "2022-07-08T10:00:00-04:00", "2022-07-08T17:00:00-04:00"] {
        let [own, pooled] = ["rogers", "pooled"].map(|view| scenario.concludes(view, time).doubt);
        assert!((own.fault_bits.lo - pooled.fault_bits.lo).abs() < 1e-9, "{time}: {own:?} {pooled:?}");
        assert!((own.contractor_bits.lo - pooled.contractor_bits.lo).abs() < 1e-9, "{time}: {own:?} {pooled:?}");
    }
}

/// A factor of 2, not 3: on the morning the company has its own change and little else to go by.
#[test]
fn the_company_could_suspect_its_own_change_on_the_morning_within_a_factor_of_two() {
    let scenario = Scenario::open("rogers-2022");
    scenario.holds_within(2.0, "rogers", "2022-07-08T10:00:00-04:00", |c| c.posterior(FILTER) > 0.5);
    scenario.holds_within(3.0, "rogers", "2022-07-08T17:00:00-04:00", |c| c.posterior(FILTER) > 0.5);
    scenario.holds_within(3.0, "public", "2022-07-08T10:00:00-04:00", |c| c.posterior(FILTER) < 0.5);
}

#[test]
fn in_the_end_three_things_had_to_be_there_and_all_were_one_owner_s() {
    let scenario = Scenario::open("rogers-2022");
    for time in ["2022-07-23T00:00:00-04:00", "2024-07-05T00:00:00-04:00"] {
        scenario.holds_within(3.0, "public", time, |c| {
            CHAIN.iter().all(|fault| (0.3..0.35).contains(&c.share(fault)))
                && c.leader(Some(FaultRole::Trigger)) == Some(FILTER)
                && c.causal("rogers") > 0.99
        });
    }
}

#[test]
fn the_monitor_that_rode_on_the_core_is_known_before_anything_fails() {
    let scenario = Scenario::open("rogers-2022");
    let model = scenario.document.clone().build().expect("the scenario is valid");
    let findings = model.check(&onus::model::CheckOptions::default());
    assert!(findings.iter().any(|f| f.code == Code::BlindMonitor && f.path.contains("telemetry")), "{findings:#?}");
    assert!(findings.iter().all(|f| f.code != Code::Seam), "{findings:#?}");
}
