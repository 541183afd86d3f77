use super::*;

const UNLIKE: &str = "middleware.unlike-centres";
const FIRST_DAY: &str = "2018-04-23T12:00:00+01:00";

#[test]
fn from_the_first_day_one_party_answers_whoever_looks() {
    let scenario = Scenario::open("tsb-2018");
    for view in ["public", "tsb-board", "tsb", "sabis", "pooled"] {
        scenario.holds_within(3.0, view, FIRST_DAY, |c| c.causal("sabis") > 0.7);
    }
}

#[test]
fn the_doubt_is_about_the_fault_and_not_about_the_party() {
    let scenario = Scenario::open("tsb-2018");
    for time in [FIRST_DAY, "2018-04-30T00:00:00+01:00", "2018-06-22T00:00:00+01:00"] {
        scenario.holds_within(3.0, "public", time, |c| c.doubt.fault_bits.lo > 2.5 && c.doubt.contractor_bits.hi < 1.0);
    }
}

/// Only to a factor of 2.5 on the prior of a fault of the applications: the README says so.
#[test]
fn before_it_is_named_to_parliament_the_middleware_is_ahead_of_the_applications() {
    let scenario = Scenario::open("tsb-2018");
    scenario.holds_within(2.5, "public", "2018-04-26T18:00:00+01:00", |c| {
        let middleware = ["middleware-code", "middleware-one.configuration", "middleware-two.configuration", UNLIKE];
        let applications = ["applications.coding", "applications.capacity"];
        let sum = |faults: &[&str]| faults.iter().map(|fault| c.share(fault)).sum::<f64>();
        sum(&middleware) > sum(&applications)
    });
}

#[test]
fn pooling_changes_nothing_and_the_board_is_assured_away_from_the_cause() {
    let scenario = Scenario::open("tsb-2018");
    let check = |document: &document::Model| {
        let of = |view| conclude(document, &scenario.incident, view, FIRST_DAY).posterior(UNLIKE);
        let [pooled, sabis, tsb, board] = ["pooled", "sabis", "tsb", "tsb-board"].map(of);
        assert!((sabis - pooled).abs() < 1e-9 && (tsb - pooled).abs() < 1e-9, "{sabis} {tsb} {pooled}");
        assert!(tsb > 1.4 * board, "{tsb} {board}");
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
fn before_the_report_nobody_could_have_known() {
    let scenario = Scenario::open("tsb-2018");
    for view in ["public", "tsb", "sabis", "pooled"] {
        scenario.holds_within(3.0, view, "2019-11-01T00:00:00+00:00", |c| c.posterior(UNLIKE) < 0.5);
    }
}

#[test]
fn in_the_end_the_unlike_centres_lead_and_the_prime_contractor_answers() {
    let scenario = Scenario::open("tsb-2018");
    for time in ["2019-11-20T00:00:00+00:00", "2022-12-21T00:00:00+00:00"] {
        scenario.holds_within(3.0, "public", time, |c| c.leader(None) == Some(UNLIKE) && c.causal("sabis") > 0.9);
    }
}

#[test]
fn what_fourth_parties_answer_for_stays_in_the_chain_of_the_prime() {
    let scenario = Scenario::open("tsb-2018");
    let conclusion = scenario.concludes("public", "2022-12-21T00:00:00+00:00");
    let model = scenario.document.clone().build().expect("the scenario is valid");
    let incident = scenario.incident.clone().build(&model).expect("the scenario is valid");
    let primes = Attribution::of(&model, &conclusion.diagnosis, By::Prime, incident.day());
    let sabis = primes.rows.iter().find(|row| row.who == "sabis").expect("the prime has a share");
    assert!(sabis.causal.lo > conclusion.causal("sabis") && sabis.causal.lo > 0.98, "{:#?}", primes.rows);
    assert!(primes.rows.iter().all(|row| !row.who.ends_with("-supplier")), "{:#?}", primes.rows);
}
