use super::*;

#[test]
fn the_first_visible_symptom_names_dns() {
    let scenario = Scenario::open("aws-2021");
    scenario.holds_within(3.0, "aws", "2021-12-07T08:30:00-08:00", |c| c.leader(None) == Some("internal-dns.service"));
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
        scenario.holds_within(3.0, "aws", time, |c| c.doubt.contractor_bits.hi < 0.02 && c.doubt.fault_bits.lo > 0.5);
    }
}
