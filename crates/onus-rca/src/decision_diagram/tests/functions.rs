use biodivine_lib_bdd::{Bdd as OtherBdd, BddVariableSet};
use proptest::prelude::*;

use super::super::{Bdd, BudgetExceeded, Manager};
use super::{Formula, PLENTY, any_formula, evaluate, monotone, verify};

/// All functions of `VARIABLES` variables as truth tables: bit a is the value at assignment a.
const VARIABLES: u32 = 3;
const ASSIGNMENTS: u32 = 1 << VARIABLES;
const FUNCTIONS: usize = 1 << ASSIGNMENTS;

fn every_function(manager: &mut Manager) -> Vec<Bdd> {
    let table_of_variable =
        |variable: u32| (0..ASSIGNMENTS).filter(|a| a >> variable & 1 == 1).fold(0_usize, |table, a| table | 1 << a);
    (0..FUNCTIONS)
        .map(|table| {
            let mut minterms = Vec::new();
            for assignment in (0..ASSIGNMENTS).filter(|assignment| table >> assignment & 1 == 1) {
                let mut minterm = Bdd::TRUE;
                for variable in 0..VARIABLES {
                    let literal = manager.variable(variable).unwrap();
                    minterm = if assignment >> variable & 1 == 1 {
                        manager.and(minterm, literal).unwrap()
                    } else {
                        manager.and_not(minterm, literal).unwrap()
                    };
                }
                minterms.push(minterm);
            }
            let function = manager.or_all(&minterms).unwrap();
            let diagram = manager.diagram(function);
            verify(&diagram);
            for assignment in 0..ASSIGNMENTS {
                assert_eq!(evaluate(&diagram, assignment), table >> assignment & 1 == 1, "{table:b} at {assignment:b}");
            }
            assert_eq!(
                (0..VARIABLES).any(|variable| table == table_of_variable(variable)),
                (0..VARIABLES).any(|variable| function == manager.variable(variable).unwrap())
            );
            function
        })
        .collect()
}

#[test]
fn operations_on_all_functions_of_three_variables_match_their_truth_tables() {
    let mut manager = Manager::new(VARIABLES, PLENTY);
    let functions = every_function(&mut manager);
    let distinct: std::collections::HashSet<_> = functions.iter().collect();
    assert_eq!(distinct.len(), functions.len(), "different functions have different handles");
    for (a, &f) in functions.iter().enumerate() {
        for (b, &g) in functions.iter().enumerate() {
            assert_eq!(manager.and(f, g).unwrap(), functions[a & b]);
            assert_eq!(manager.or(f, g).unwrap(), functions[a | b]);
            assert_eq!(manager.and_not(f, g).unwrap(), functions[a & !b]);
        }
    }
}

#[test]
fn at_least_counts() {
    for inputs in 0..=7_u32 {
        let mut manager = Manager::new(7, PLENTY);
        let variables: Vec<Bdd> = (0..inputs).map(|level| manager.variable(level).unwrap()).collect();
        for threshold in 0..=9_u32 {
            let function = manager.at_least(threshold as usize, &variables).unwrap();
            let diagram = manager.diagram(function);
            verify(&diagram);
            for assignment in 0..1_u32 << inputs {
                assert_eq!(evaluate(&diagram, assignment), assignment.count_ones() >= threshold);
            }
            if (1..=inputs).contains(&threshold) {
                let nodes = threshold * (inputs - threshold + 1);
                assert_eq!(diagram.len(), 2 + nodes as usize, "{threshold} of {inputs} is k·(n − k + 1) nodes");
            }
        }
    }
}

#[test]
fn an_input_listed_twice_counts_twice() {
    let mut manager = Manager::new(2, PLENTY);
    let x = manager.variable(0).unwrap();
    let y = manager.variable(1).unwrap();
    assert_eq!(manager.at_least(2, &[x, y, x]).unwrap(), x);
}

#[test]
fn a_million_levels_do_not_overflow_the_stack() {
    const LEVELS: u32 = 1_000_000;
    let mut manager = Manager::new(LEVELS, PLENTY);
    let variables: Vec<Bdd> = (0..LEVELS).map(|level| manager.variable(level).unwrap()).collect();
    let all = manager.and_all(&variables).unwrap();
    let any = manager.or_all(&variables).unwrap();
    assert_eq!(manager.diagram(all).len(), LEVELS as usize + 2);
    // These walk the whole depth: the operands share no level until the last.
    assert_eq!(manager.and(all, any).unwrap(), all);
    assert_eq!(manager.or(all, any).unwrap(), any);
    assert_eq!(manager.and_not(all, any).unwrap(), Bdd::FALSE);

    let probability = vec![1e-6; LEVELS as usize];
    let marginals = manager.diagram(any).marginals(&probability);
    let expected = -(f64::from(LEVELS) * (-1e-6_f64).ln_1p()).exp_m1();
    assert!((marginals.total - expected).abs() < 1e-9 * expected);
    assert!(marginals.joint.iter().all(|joint| (joint - 1e-6).abs() < 1e-15));
}

#[test]
fn a_budget_that_does_not_suffice_is_an_error_and_the_manager_stays_usable() {
    const LEVELS: u32 = 20;
    let build = |manager: &mut Manager| -> Result<Bdd, BudgetExceeded> {
        let mut pairs = Vec::new();
        for level in 0..LEVELS / 2 {
            let one = manager.variable(level)?;
            let other = manager.variable(level + LEVELS / 2)?;
            pairs.push(manager.and(one, other)?);
        }
        manager.or_all(&pairs)
    };
    let mut plentiful = Manager::new(LEVELS, PLENTY);
    build(&mut plentiful).unwrap();
    let needed = plentiful.statistics().nodes;
    for budget in 0..needed {
        let mut manager = Manager::new(LEVELS, budget);
        assert_eq!(build(&mut manager), Err(BudgetExceeded::Nodes(budget)));
        assert_eq!(manager.statistics().nodes, budget);
        if budget > 0 {
            let variable = manager.variable(0).unwrap();
            assert_eq!(manager.and_not(variable, variable), Ok(Bdd::FALSE));
        }
    }
    let mut exact = Manager::new(LEVELS, needed);
    assert!(build(&mut exact).is_ok());
}

#[test]
fn steps_that_create_no_node_are_bounded_too() {
    // All functions exist; the pairs are too many for the cache, so every round works them out again.
    let mut manager = Manager::new(VARIABLES, FUNCTIONS);
    let functions = every_function(&mut manager);
    let pairs = functions.iter().flat_map(|&f| functions.iter().map(move |&g| (f, g)));
    let stopped = pairs.cycle().take(100 * FUNCTIONS * FUNCTIONS).find_map(|(f, g)| manager.and(f, g).err());
    assert!(matches!(stopped, Some(BudgetExceeded::Steps(_))));
    assert_eq!(manager.and(functions[1], Bdd::TRUE), Ok(functions[1]), "what needs no step still works");
}

fn build_elsewhere(formula: &Formula, variables: &BddVariableSet) -> OtherBdd {
    let at_least = |threshold: usize, inputs: &[Formula]| {
        let mut rows = vec![variables.mk_false(); threshold + 1];
        rows[0] = variables.mk_true();
        for input in inputs {
            let input = build_elsewhere(input, variables);
            for j in (1..=threshold).rev() {
                rows[j] = rows[j].or(&input.and(&rows[j - 1]));
            }
        }
        rows[threshold].clone()
    };
    match formula {
        Formula::Variable(variable) => variables.mk_var(variables.variables()[*variable as usize]),
        Formula::All(inputs) => at_least(inputs.len(), inputs),
        Formula::Any(inputs) => at_least(1, inputs),
        Formula::AtLeast(threshold, inputs) => at_least(*threshold, inputs),
        Formula::ButNot(one, other) => build_elsewhere(one, variables).and_not(&build_elsewhere(other, variables)),
    }
}

proptest! {
    #[test]
    fn formulas_of_four_variables_match_their_truth_tables(
        formula in prop_oneof![monotone(4), any_formula(4)],
    ) {
        let mut manager = Manager::new(4, PLENTY);
        let function = formula.build(&mut manager).unwrap();
        let diagram = manager.diagram(function);
        verify(&diagram);
        for assignment in 0..16 {
            prop_assert_eq!(evaluate(&diagram, assignment), formula.holds(assignment));
        }
    }

    #[test]
    fn diagrams_have_the_nodes_and_satisfying_sets_of_another_crates(formula in any_formula(10)) {
        let mut manager = Manager::new(10, PLENTY);
        let function = formula.build(&mut manager).unwrap();
        let diagram = manager.diagram(function);
        verify(&diagram);
        let other = build_elsewhere(&formula, &BddVariableSet::new_anonymous(10));
        prop_assert_eq!(diagram.len() - 2, other.size().saturating_sub(2));
        let mut satisfying: Vec<u32> = other
            .sat_valuations()
            .map(|valuation| (0..10).zip(valuation.into_vector()).map(|(bit, value)| u32::from(value) << bit).sum())
            .collect();
        satisfying.sort_unstable();
        let ours: Vec<u32> = (0..1 << 10).filter(|&assignment| evaluate(&diagram, assignment)).collect();
        prop_assert_eq!(ours, satisfying);
    }

    #[test]
    fn building_is_deterministic(formula in any_formula(8)) {
        let build = || {
            let mut manager = Manager::new(8, PLENTY);
            let function = formula.build(&mut manager).unwrap();
            (manager.diagram(function), function, manager.statistics())
        };
        prop_assert_eq!(build(), build());
    }
}
