use super::*;

const BATTERY: &str = "battery-racks.cell-runaway";

/// The share of the two omissions at work that police and forensic service named.
fn works(c: &Conclusion) -> f64 {
    c.share("rack-isolation.racks-left-live") + c.share("cable-work.uninsulated")
}

#[test]
fn the_public_first_believes_the_aged_battery() {
    let scenario = Scenario::open("nirs-fire-2025");
    for time in ["2025-09-28T12:00:00+09:00", "2025-09-29T13:00:00+09:00"] {
        scenario.holds_within(3.0, "public", time, |c| c.leader(None) == Some(BATTERY) && c.share(BATTERY) > works(c));
    }
}

#[test]
fn then_the_works_once_statements_and_then_the_forensic_finding_are_known() {
    let scenario = Scenario::open("nirs-fire-2025");
    scenario.holds_within(2.0, "public", "2025-10-10T17:00:00+09:00", |c| works(c) > c.share(BATTERY));
    for time in ["2025-10-22T14:00:00+09:00", "2025-11-25T12:00:00+09:00"] {
        scenario.holds_within(3.0, "public", time, |c| works(c) > 0.5);
    }
}

#[test]
fn only_those_at_the_bottom_of_the_chain_could_have_told_at_once() {
    let scenario = Scenario::open("nirs-fire-2025");
    for view in ["firm-c", "firm-d", "firm-e", "pooled"] {
        scenario.holds_within(3.0, view, "2025-09-26T21:00:00+09:00", |c| works(c) > 0.5);
    }
    for view in ["prime-a", "prime-b", "nirs", "supervisor", "battery-maintainer"] {
        scenario.holds_within(3.0, view, "2025-09-28T12:00:00+09:00", |c| c.leader(None) == Some(BATTERY));
    }
}

#[test]
fn what_was_not_shared_made_the_public_too_sure_of_the_wrong_party() {
    let scenario = Scenario::open("nirs-fire-2025");
    let time = "2025-09-28T12:00:00+09:00";
    let public = scenario.concludes("public", time);
    let pooled = scenario.concludes("pooled", time);
    assert!(public.doubt.contractor_bits.hi < pooled.doubt.contractor_bits.lo);
    assert_eq!(public.attribution.rows[0].who, "battery-maintainer");
}

#[test]
fn the_fault_is_known_in_the_end_and_the_chain_leaves_who_answers_in_doubt() {
    let scenario = Scenario::open("nirs-fire-2025");
    scenario.holds_within(3.0, "public", "2025-11-25T12:00:00+09:00", |c| {
        let disputed = c.attribution.rows.iter().any(|row| row.who == "firm-d | firm-e" && row.kind == Kind::Disputed);
        disputed && c.causal("firm-c") > 0.4 && c.causal("firm-d | firm-e") > 0.4 && c.doubt.contractor_bits.lo > 1.0
    });
}

#[test]
fn rolled_up_to_the_primes_those_who_were_absent_answer() {
    let scenario = Scenario::open("nirs-fire-2025");
    let model = scenario.document.clone().build().expect("the scenario is valid");
    let incident = scenario.incident.clone().build(&model).expect("the scenario is valid");
    let end = scenario.concludes("public", "2025-11-25T12:00:00+09:00");
    let primes = Attribution::of(&model, &end.diagnosis, By::Prime, incident.day());
    let causal: f64 = primes.rows.iter().filter(|row| row.who.starts_with("prime-")).map(|row| row.causal.lo).sum();
    assert!(causal > 0.9, "{primes:#?}");
    let performers = Attribution::of(&model, &end.diagnosis, By::Contractor, incident.day());
    assert!(
        performers.rows.iter().all(|row| !row.who.starts_with("prime-") || row.causal.hi == 0.0),
        "{performers:#?}"
    );
}

#[test]
fn check_shows_the_inventory_that_goes_down_with_what_it_lists() {
    let scenario = Scenario::open("nirs-fire-2025");
    let model = scenario.document.clone().build().expect("the scenario is valid");
    let findings = model.check(&onus::model::CheckOptions::default());
    assert!(
        findings.iter().any(|f| f.code == Code::BlindMonitor && f.path.contains("inventory-list")),
        "{findings:#?}"
    );
}
