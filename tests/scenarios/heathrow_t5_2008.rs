use super::*;

const FILTER: &str = "bag-recognition -> bag-messages.test-filter";
const FOUND: &str = "2008-03-31T18:00:00+01:00";

fn access(c: &Conclusion) -> f64 {
    c.share("staff-car-park.full") + c.share("staff-security.lanes-closed")
}

fn people(c: &Conclusion) -> f64 {
    let loaders = ["loading.unfamiliar", "loading-staff.too-few", "reconciliation.sign-on"];
    access(c) + loaders.iter().map(|fault| c.share(fault)).sum::<f64>()
}

#[test]
fn the_public_first_believes_the_loaders_then_the_way_to_work() {
    let scenario = Scenario::open("heathrow-t5-2008");
    scenario.holds_within(3.0, "public", "2008-03-27T18:00:00+00:00", |c| c.leader(None) == Some("loading.unfamiliar"));
    scenario.holds_within(3.0, "public", "2008-03-28T13:00:00+00:00", |c| {
        access(c) > 0.5 && c.attribution.rows[0].who == "baa"
    });
    scenario.holds_within(3.0, "public", FOUND, |c| people(c) > 0.5);
}

#[test]
fn before_it_was_looked_for_nobody_could_have_known_of_the_filter_alone_or_together() {
    let scenario = Scenario::open("heathrow-t5-2008");
    for view in ["british-airways", "alstec", "pooled"] {
        scenario.holds_within(3.0, view, "2008-03-30T13:00:00+01:00", |c| c.posterior(FILTER) < 0.3);
    }
}

#[test]
fn for_five_weeks_both_sides_knew_and_the_public_did_not() {
    let scenario = Scenario::open("heathrow-t5-2008");
    for view in ["british-airways", "baa", "alstec"] {
        scenario.holds_within(3.0, view, FOUND, |c| c.posterior(FILTER) > 0.5);
        scenario.holds_within(3.0, view, "2008-04-10T00:00:00+01:00", |c| c.leader(None) == Some(FILTER));
    }
    for time in [FOUND, "2008-04-10T00:00:00+01:00"] {
        scenario.holds_within(3.0, "public", time, |c| c.posterior(FILTER) < 0.1);
    }
}

#[test]
fn in_the_end_the_filter_leads_and_the_two_ends_of_the_edge_dispute_it() {
    let scenario = Scenario::open("heathrow-t5-2008");
    for time in ["2008-05-08T00:00:00+01:00", "2008-11-04T00:00:00+00:00"] {
        scenario.holds_within(3.0, "public", time, |c| {
            c.leader(None) == Some(FILTER) && c.attribution.rows[0].kind == Kind::Disputed
        });
    }
}

/// The committee's other finding is not lost: what the loaders met keeps its share.
#[test]
fn the_loaders_were_no_false_lead() {
    let scenario = Scenario::open("heathrow-t5-2008");
    scenario.holds_within(3.0, "public", "2008-11-04T00:00:00+00:00", |c| {
        people(c) > 0.3 && c.share("loading.unfamiliar") > 0.05
    });
}

#[test]
fn check_shows_the_seam_between_owner_and_airline() {
    let scenario = Scenario::open("heathrow-t5-2008");
    let model = scenario.document.clone().build().expect("the scenario is valid");
    let incident = scenario.incident.clone().build(&model).expect("the scenario is valid");
    let options = onus::model::CheckOptions { day: incident.day(), ..Default::default() };
    let findings = model.check(&options);
    let mut seams = findings.iter().filter(|f| f.code == Code::Seam);
    assert!(seams.any(|f| f.message.contains("bag-recognition -> bag-messages")), "{findings:#?}");
}
