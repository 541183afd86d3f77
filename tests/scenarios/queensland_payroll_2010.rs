use super::*;

const BEFORE_THE_AUDIT: &str = "2010-05-01T00:00:00+10:00";
const AFTER_THE_AUDIT: &str = "2010-07-01T00:00:00+10:00";
const AFTER_THE_INQUIRY: &str = "2013-09-01T00:00:00+10:00";
const FINDINGS: [&str; 3] = ["payroll.defects", "requirements.not-settled", "acceptance.defects-let-through"];

#[test]
fn one_prime_leaves_doubt_about_the_fault_and_about_who_answers() {
    let scenario = Scenario::open("queensland-payroll-2010");
    for time in [BEFORE_THE_AUDIT, AFTER_THE_AUDIT, AFTER_THE_INQUIRY] {
        scenario.holds_within(3.0, "pooled", time, |c| c.doubt.fault_bits.lo > 1.5 && c.doubt.contractor_bits.lo > 1.0);
    }
}

#[test]
fn every_party_of_the_project_knew_the_same_so_pooling_changes_nothing() {
    let scenario = Scenario::open("queensland-payroll-2010");
    for time in [BEFORE_THE_AUDIT, AFTER_THE_AUDIT, AFTER_THE_INQUIRY] {
        let pooled = scenario.concludes("pooled", time).doubt;
        for view in ["queensland-health", "corptech", "ibm", "testing-company"] {
            let own = scenario.concludes(view, time).doubt;
            assert!((own.fault_bits.lo - pooled.fault_bits.lo).abs() < 1e-9, "{view} {time}: {own:?} {pooled:?}");
            assert!((own.contractor_bits.lo - pooled.contractor_bits.lo).abs() < 1e-9, "{view} {time}: {own:?}");
        }
    }
}

#[test]
fn neither_the_prime_nor_the_state_answers_for_all_of_it() {
    let scenario = Scenario::open("queensland-payroll-2010");
    for time in [AFTER_THE_AUDIT, AFTER_THE_INQUIRY] {
        scenario.holds_within(3.0, "pooled", time, |c| {
            let state = ["queensland-health", "corptech", "corptech | queensland-health"];
            let state = state.iter().map(|who| c.causal(who)).sum::<f64>();
            (0.1..0.6).contains(&c.causal("ibm")) && (0.3..0.9).contains(&state)
        });
    }
}

#[test]
fn in_the_end_what_the_inquiry_found_explains_most_of_it() {
    let scenario = Scenario::open("queensland-payroll-2010");
    scenario.holds_within(3.0, "public", AFTER_THE_INQUIRY, |c| {
        FINDINGS.iter().map(|fault| c.share(fault)).sum::<f64>() > 0.5
    });
}

#[test]
fn a_prime_leaves_no_seam_and_an_overlap_remains_where_two_say_what_is_needed() {
    let scenario = Scenario::open("queensland-payroll-2010");
    let model = scenario.document.clone().build().expect("the scenario is valid");
    let findings = model.check(&onus::model::CheckOptions::default());
    assert!(findings.iter().all(|f| f.code != Code::Seam), "{findings:#?}");
    assert!(findings.iter().any(|f| f.code == Code::Overlap && f.message.contains("not-settled")), "{findings:#?}");
}
