use super::*;

const JUDGMENT: &str = "2014-09-05T12:00:00-05:00";

/// Halliburton with its division, as the court counts it.
fn halliburton(c: &Conclusion) -> f64 {
    c.causal("halliburton") + c.causal("sperry")
}

fn cement(c: &Conclusion) -> f64 {
    c.share("cement-slurry.unstable") + c.share("well-design.risky-choices") + c.share("cement-barrier.other")
}

fn liable(c: &Conclusion, who: &str) -> f64 {
    c.attribution.rows.iter().filter(|row| row.who == who).map(|row| row.liable.lo).sum()
}

#[test]
fn each_blames_another_and_no_fault_leads() {
    let scenario = Scenario::open("deepwater-horizon-2010");
    scenario.holds_within(3.0, "public", "2010-05-12T12:00:00-05:00", |c| {
        c.diagnosis.faults.iter().all(|finding| finding.share.hi < 0.25)
    });
    let may = scenario.concludes("public", "2010-05-12T12:00:00-05:00");
    assert_eq!(may.leader(None), None, "barriers in series tie");
}

#[test]
fn the_laboratories_put_the_slurry_first_for_a_while() {
    let scenario = Scenario::open("deepwater-horizon-2010");
    scenario
        .holds_within(3.0, "public", "2010-10-29T12:00:00-05:00", |c| c.leader(None) == Some("cement-slurry.unstable"));
}

#[test]
fn in_the_end_the_order_is_the_court_s_and_the_pressure_test_weighs_most() {
    let scenario = Scenario::open("deepwater-horizon-2010");
    scenario.holds_within(3.0, "public", JUDGMENT, |c| {
        let test = c.share("test-well-site-leaders.misread") + c.share("test-rig-crew.misread");
        c.causal("bp") > c.causal("transocean") && c.causal("transocean") > halliburton(c) && test > cement(c)
    });
}

#[test]
fn the_indemnities_move_the_whole_of_two_contractors_shares_to_the_operator() {
    let scenario = Scenario::open("deepwater-horizon-2010");
    scenario.holds_within(3.0, "public", JUDGMENT, |c| {
        let moved = c.causal("transocean") + halliburton(c);
        let spared = ["transocean", "halliburton", "sperry"].into_iter().all(|who| liable(c, who) == 0.0);
        spared && moved > 0.3 && (liable(c, "bp") - c.causal("bp") - moved).abs() < 1e-9
    });
}

#[test]
fn the_operator_alone_could_tell_that_the_cement_did_not_hold_and_pooling_adds_little() {
    let scenario = Scenario::open("deepwater-horizon-2010");
    let time = "2010-04-20T20:30:00-05:00";
    scenario.holds_within(3.0, "bp", time, |c| cement(c) > 0.5);
    let operator = cement(&scenario.concludes("bp", time));
    for without in ["", "lab-last", "lab-april"] {
        let mut incident = scenario.incident.clone();
        incident.evidence.retain(|item| item.id != without);
        let pooled = cement(&conclude(&scenario.document, &incident, "pooled", time));
        assert!((pooled - operator).abs() < 0.15, "without {without:?}: {pooled}, alone {operator}");
    }
}

#[test]
fn the_rig_lacked_what_was_known_of_the_cement_and_the_cementer_lacked_the_gauges() {
    let scenario = Scenario::open("deepwater-horizon-2010");
    let time = "2010-04-20T20:30:00-05:00";
    let [rig, cementer, pooled] =
        ["transocean", "halliburton", "pooled"].map(|view| cement(&scenario.concludes(view, time)));
    assert!(rig + 0.15 < pooled, "{rig} {pooled}");
    assert!(cementer < 1e-9, "{cementer}: it had seen no failure at all");
}
