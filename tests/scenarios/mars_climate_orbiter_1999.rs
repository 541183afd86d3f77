use super::*;

const UNITS: &str = "small-force-model -> amd-file.units";
const AFTER_THE_LOSS: &str = "1999-09-24T00:00:00-07:00";

#[test]
fn the_public_first_believes_in_a_navigation_error() {
    let scenario = Scenario::open("mars-climate-orbiter-1999");
    scenario.holds_within(3.0, "public", AFTER_THE_LOSS, |c| {
        c.leader(None) == Some("orbit-determination.analysis") && c.attribution.rows[0].who == "jpl"
    });
}

#[test]
fn the_reader_of_the_file_could_not_tell_alone_and_its_writer_could() {
    let scenario = Scenario::open("mars-climate-orbiter-1999");
    scenario.holds_within(3.0, "jpl", AFTER_THE_LOSS, |c| c.posterior(UNITS) < 0.5);
    scenario.holds_within(3.0, "lma", AFTER_THE_LOSS, |c| c.leader(None) == Some(UNITS));
}

#[test]
fn pooled_the_units_lead_among_faults_a_day_before_the_loss() {
    let scenario = Scenario::open("mars-climate-orbiter-1999");
    for time in ["1999-09-22T12:00:00-07:00", AFTER_THE_LOSS] {
        scenario.holds_within(3.0, "pooled", time, |c| c.leader(None) == Some(UNITS));
    }
}

#[test]
fn in_the_end_the_interface_leads_and_its_two_ends_dispute_it() {
    let scenario = Scenario::open("mars-climate-orbiter-1999");
    for time in ["1999-10-01T00:00:00-07:00", "1999-11-11T00:00:00-08:00"] {
        scenario.holds_within(3.0, "public", time, |c| {
            c.leader(None) == Some(UNITS)
                && c.attribution.rows[0].kind == Kind::Disputed
                && c.attribution.rows[0].who == "jpl | lma"
        });
    }
}

#[test]
fn a_duty_to_integrate_the_one_interface_settles_who_answers() {
    let scenario = Scenario::open("mars-climate-orbiter-1999");
    let mut document = scenario.document.clone();
    let mission = document.contracts.get_mut("mission").expect("the scenario has a mission contract");
    let of = vec!["small-force-model -> amd-file".to_owned()];
    mission.duties.push(document::Duty { duty: onus::model::DutyKind::Integrate, of });
    let settled = conclude(&document, &scenario.incident, "public", "1999-11-11T00:00:00-08:00");
    assert!(settled.causal("jpl") > 0.98, "{:#?}", settled.attribution.rows);
    assert!(settled.doubt.contractor_bits.hi < 0.1, "{:#?}", settled.doubt);
}

#[test]
fn check_shows_the_file_that_nobody_watches_and_the_seam_that_nobody_integrates() {
    let scenario = Scenario::open("mars-climate-orbiter-1999");
    let model = scenario.document.clone().build().expect("the scenario is valid");
    let findings = model.check(&onus::model::CheckOptions::default());
    let has = |code: Code, about: &str| findings.iter().any(|f| f.code == code && f.message.contains(about));
    assert!(has(Code::Unwatched, "`amd-file`"), "{findings:#?}");
    assert!(has(Code::Seam, "`small-force-model -> amd-file`"), "{findings:#?}");
}
