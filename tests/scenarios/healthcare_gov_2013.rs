use super::*;
use onus::model::DutyKind;

const HEARING: &str = "2013-10-24T18:00:00-04:00";
const FINDING: &str = "2015-02-01T00:00:00-05:00";
const JOINTS: [&str; 4] = ["account-creation -> eidm", "ffm -> eidm", "ffm -> hub", "insurer-records -> ffm"];

/// Both weaknesses of the front door: everybody must pass it, and it is too narrow.
fn jam(c: &Conclusion) -> f64 {
    c.share("account-capacity.below-demand") + c.share("browsing-without-account.switched-off")
}

#[test]
fn the_public_first_believes_the_front_door_and_its_maker() {
    let scenario = Scenario::open("healthcare-gov-2013");
    scenario.holds_within(3.0, "public", "2013-10-07T18:00:00-04:00", |c| {
        let door = jam(c) + c.share("eidm.software") + c.share("account-creation -> eidm.hand-off");
        door > 0.5 && c.attribution.rows[0].who == "qssi"
    });
}

#[test]
fn at_the_hearing_two_who_point_at_each_other_are_each_half_right() {
    let scenario = Scenario::open("healthcare-gov-2013");
    scenario.holds_within(3.0, "public", HEARING, |c| jam(c) > 0.5 && c.causal("qssi") > 0.3 && c.causal("cms") > 0.3);
}

#[test]
fn every_part_works_by_itself() {
    let scenario = Scenario::open("healthcare-gov-2013");
    scenario.holds_within(3.0, "public", HEARING, |c| {
        ["hub.software", "ffm-code.software", "eidm.software"].iter().all(|part| c.posterior(part) < 0.05)
    });
}

/// Only to a factor of 2 on the prior of `integration`: the README says so.
#[test]
fn the_report_of_september_once_public_puts_the_joints_ahead() {
    let scenario = Scenario::open("healthcare-gov-2013");
    scenario.holds_within(2.0, "public", "2013-10-30T00:00:00-04:00", |c| c.leader(None) == Some("integration"));
}

#[test]
fn in_the_end_the_joints_lead_and_nobody_undisputed_answers_for_them() {
    let scenario = Scenario::open("healthcare-gov-2013");
    scenario.holds_within(3.0, "public", FINDING, |c| {
        c.leader(None) == Some("integration") && c.attribution.rows[0].kind == Kind::Disputed
    });
}

#[test]
fn the_buyer_alone_knew_as_much_as_all_together_and_several_times_more_than_each_company() {
    let scenario = Scenario::open("healthcare-gov-2013");
    let time = "2013-10-07T18:00:00-04:00";
    let check = |document: &document::Model| {
        let of = |view| conclude(document, &scenario.incident, view, time).posterior("integration");
        let [cms, pooled, cgi, qssi] = ["cms", "pooled", "cgi-federal", "qssi"].map(of);
        assert!((cms - pooled).abs() < 1e-9, "{cms} {pooled}");
        assert!(cms > 3.0 * cgi && cms > 3.0 * qssi, "{cms} {cgi} {qssi}");
    };
    check(&scenario.document);
    for fault in priors(&scenario.document) {
        for factor in [3.0, 1.0 / 3.0] {
            let mut document = scenario.document.clone();
            scale(&mut document, &fault, factor);
            check(&document);
        }
    }
}

#[test]
fn a_duty_to_integrate_settles_who_answers_without_a_new_observation() {
    let scenario = Scenario::open("healthcare-gov-2013");
    let actual = scenario.concludes("pooled", FINDING);
    let mut document = scenario.document.clone();
    let programme = document.contracts.get_mut("programme").expect("the scenario has it");
    programme.duties.push(document::Duty { duty: DutyKind::Integrate, of: JOINTS.map(str::to_owned).to_vec() });
    let integrated = conclude(&document, &scenario.incident, "pooled", FINDING);
    assert!((actual.doubt.fault_bits.lo - integrated.doubt.fault_bits.lo).abs() < 1e-12);
    assert!(actual.doubt.contractor_bits.lo > integrated.doubt.contractor_bits.hi + 0.5);
    assert!(integrated.causal("cms") > 0.7, "{:#?}", integrated.attribution.rows);
}

#[test]
fn what_the_hosting_contract_excludes_falls_to_the_buyer() {
    let scenario = Scenario::open("healthcare-gov-2013");
    let conclusion = scenario.concludes("pooled", "2013-10-30T00:00:00-04:00");
    let row = |who: &str| conclusion.attribution.rows.iter().find(|row| row.who == who).expect("it has a share");
    assert!(row("terremark").liable.hi < row("terremark").causal.lo / 5.0);
    assert!(row("cms").liable.lo > row("cms").causal.hi);
}
