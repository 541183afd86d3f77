use proptest::prelude::*;

use super::super::{Bdd, Manager};
use super::{Formula, PLENTY, any_formula};

const VARIABLES: u32 = 8;

/// P(formula and condition) by enumeration of all assignments.
fn mass(formula: &Formula, probability: &[f64], condition: impl Fn(u32) -> bool) -> f64 {
    (0..1_u32 << probability.len())
        .filter(|&assignment| condition(assignment) && formula.holds(assignment))
        .map(|assignment| weight(probability, assignment))
        .sum()
}

fn weight(probability: &[f64], assignment: u32) -> f64 {
    probability.iter().enumerate().map(|(bit, p)| if assignment >> bit & 1 == 1 { *p } else { 1.0 - p }).product()
}

fn close(value: f64, expected: f64) -> bool {
    (value - expected).abs() <= 1e-12 * expected.abs()
}

fn probabilities() -> impl Strategy<Value = Vec<f64>> {
    let one = prop_oneof![Just(0.0), Just(1.0), 0.0..1.0, (0.0..30.0).prop_map(|digits: f64| 10_f64.powf(-digits))];
    prop::collection::vec(one, VARIABLES as usize)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn marginals_match_enumeration(formula in any_formula(VARIABLES), probability in probabilities()) {
        let mut manager = Manager::new(VARIABLES, PLENTY);
        let function = formula.build(&mut manager).unwrap();
        let diagram = manager.diagram(function);
        let marginals = diagram.marginals(&probability);
        prop_assert!(close(marginals.total, mass(&formula, &probability, |_| true)));
        prop_assert!(close(diagram.up(&probability)[diagram.root() as usize], marginals.total));
        for level in 0..VARIABLES as usize {
            // Relative error: a small joint probability keeps its digits.
            let expected = mass(&formula, &probability, |assignment| assignment >> level & 1 == 1);
            prop_assert!(close(marginals.joint[level], expected), "{} for {expected}", marginals.joint[level]);

            let mut with = probability.clone();
            with[level] = 1.0;
            let mut without = probability.clone();
            without[level] = 0.0;
            let expected = mass(&formula, &with, |_| true) - mass(&formula, &without, |_| true);
            prop_assert!((marginals.birnbaum[level] - expected).abs() < 1e-12);
        }
    }
}

#[test]
fn what_little_skips_a_level_keeps_its_digits() {
    // f = x0 and not x1, or not x0 and x2. With x1 true only the second half remains, 20 digits below the first.
    let mut manager = Manager::new(3, PLENTY);
    let x: Vec<Bdd> = (0..3).map(|level| manager.variable(level).unwrap()).collect();
    let first = manager.and_not(x[0], x[1]).unwrap();
    let second = manager.and_not(x[2], x[0]).unwrap();
    let function = manager.or(first, second).unwrap();
    let marginals = manager.diagram(function).marginals(&[0.5, 0.25, 1e-20]);
    assert!(close(marginals.joint[1], 0.25 * 0.5 * 1e-20));
}

#[test]
fn the_marginals_of_a_constant_are_the_probabilities() {
    let manager = Manager::new(3, PLENTY);
    let probability = [0.0, 0.3, 1.0];
    let marginals = manager.diagram(Bdd::TRUE).marginals(&probability);
    assert_eq!((marginals.total, marginals.joint), (1.0, probability.to_vec()));
    let marginals = manager.diagram(Bdd::FALSE).marginals(&probability);
    assert_eq!((marginals.total, marginals.joint), (0.0, vec![0.0; 3]));
    assert!(close(Manager::new(0, 0).diagram(Bdd::TRUE).marginals(&[]).total, 1.0));
}
