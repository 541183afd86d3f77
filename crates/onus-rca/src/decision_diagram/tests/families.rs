use num_bigint::BigUint;
use proptest::prelude::*;

use super::super::{Bdd, BudgetExceeded, Families, Family, Manager};
use super::{PLENTY, any_formula, elements, evaluate, family_of, minimal, minimal_solutions, monotone};

const VARIABLES: u32 = 3;
const SETS: u32 = 1 << VARIABLES;
const FAMILIES: usize = 1 << SETS;

/// The sets of a family of subsets of three elements, given as bits: bit s says whether the set with bits s is in.
fn sets_of(family: usize) -> Vec<u32> {
    (0..SETS).filter(|set| family >> set & 1 == 1).collect()
}

fn bits_of(sets: impl IntoIterator<Item = u32>) -> usize {
    sets.into_iter().fold(0, |family, set| family | 1 << set)
}

fn every_family(families: &mut Families) -> Vec<Family> {
    let all: Vec<Family> = (0..FAMILIES).map(|bits| family_of(families, sets_of(bits))).collect();
    let distinct: std::collections::HashSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), FAMILIES, "different families have different handles");
    all
}

fn includes(set: u32, part: u32) -> bool {
    set & part == part
}

#[test]
fn operations_on_all_pairs_of_families_of_three_elements_match_their_definitions() {
    let mut families = Families::new(VARIABLES, PLENTY);
    let all = every_family(&mut families);
    for (a, &f) in all.iter().enumerate() {
        for (b, &g) in all.iter().enumerate() {
            let (one, other) = (sets_of(a), sets_of(b));
            assert_eq!(families.union(f, g).unwrap(), all[a | b]);
            let without = bits_of(one.iter().copied().filter(|&set| !other.iter().any(|&part| includes(set, part))));
            assert_eq!(families.without(f, g).unwrap(), all[without], "{one:?} without {other:?}");
            if minimal(&one) == one && minimal(&other) == other {
                let union = bits_of(minimal(&sets_of(a | b)));
                assert_eq!(families.minimal_union(f, g).unwrap(), all[union], "{one:?} or {other:?}");
                let products: Vec<u32> = one.iter().flat_map(|x| other.iter().map(move |y| x | y)).collect();
                let product = bits_of(minimal(&products));
                assert_eq!(families.minimal_product(f, g).unwrap(), all[product], "{one:?} and {other:?}");
            }
        }
    }
}

#[test]
fn selections_from_all_families_of_three_elements_match_their_definitions() {
    let mut families = Families::new(VARIABLES, PLENTY);
    let all = every_family(&mut families);
    for (bits, &family) in all.iter().enumerate() {
        let sets = sets_of(bits);
        let chosen = |keep: &dyn Fn(u32) -> bool| all[bits_of(sets.iter().copied().filter(|&set| keep(set)))];
        assert_eq!(families.minimize(family).unwrap(), all[bits_of(minimal(&sets))]);
        for order in 0..=VARIABLES + 1 {
            assert_eq!(families.up_to_order(family, order).unwrap(), chosen(&|set| set.count_ones() <= order));
        }
        for levels in 0..SETS {
            assert_eq!(families.within(family, &elements(levels)).unwrap(), chosen(&|set| includes(levels, set)));
            assert_eq!(families.touching(family, &elements(levels)).unwrap(), chosen(&|set| set & levels != 0));
        }
        for level in 0..VARIABLES {
            assert_eq!(families.containing(family, level).unwrap(), chosen(&|set| set >> level & 1 == 1));
        }
        assert_eq!(families.count(family), BigUint::from(sets.len()));
        let listed: Vec<Vec<u32>> = families.sets(family).collect();
        assert_eq!(bits_of(listed.iter().map(|set| set.iter().map(|level| 1 << level).sum())), bits);
        assert_eq!(listed.len(), sets.len(), "each set once");
    }
}

#[test]
fn minimal_solutions_of_all_functions_of_three_variables_and_back() {
    let mut families = Families::new(VARIABLES, PLENTY);
    let mut manager = Manager::new(VARIABLES, PLENTY);
    let all = every_family(&mut families);
    for (table, &family) in all.iter().enumerate() {
        // A family's function is true on every set that includes one of its own.
        let function = families.to_bdd(family, &mut manager).unwrap();
        let diagram = manager.diagram(function);
        for set in 0..SETS {
            let expected = sets_of(table).iter().any(|&part| includes(set, part));
            assert_eq!(evaluate(&diagram, set), expected, "family {table:b} at {set:b}");
        }
        assert_eq!(families.minimal_solutions(&diagram).unwrap(), families.minimize(family).unwrap());

        // A function whose truth table has these bits, monotone or not.
        let mut function = Bdd::FALSE;
        for set in sets_of(table) {
            let mut minterm = Bdd::TRUE;
            for level in 0..VARIABLES {
                let literal = manager.variable(level).unwrap();
                let step = if set >> level & 1 == 1 { Manager::and } else { Manager::and_not };
                minterm = step(&mut manager, minterm, literal).unwrap();
            }
            function = manager.or(function, minterm).unwrap();
        }
        let diagram = manager.diagram(function);
        let expected = minimal(&sets_of(table));
        assert_eq!(families.minimal_solutions(&diagram).unwrap(), all[bits_of(expected.iter().copied())]);
        for order in 0..=VARIABLES {
            let expected = bits_of(expected.iter().copied().filter(|set| set.count_ones() <= order));
            assert_eq!(families.minimal_solutions_up_to(&diagram, order).unwrap(), all[expected]);
        }
    }
}

#[test]
fn projections_of_all_families_of_three_elements_match_their_definition() {
    let mut families = Families::new(VARIABLES, PLENTY);
    let all = every_family(&mut families);
    let mut classes = Families::new(2, PLENTY);
    let choices = [None, Some(0), Some(1)];
    for (bits, &family) in all.iter().enumerate() {
        for code in 0..27 {
            let class_of_level = [choices[code % 3], choices[code / 3 % 3], choices[code / 9]];
            let project = |set: u32| {
                let classes = elements(set).into_iter().filter_map(|level| class_of_level[level as usize]);
                classes.fold(0, |image, class| image | 1 << class)
            };
            let images: Vec<u32> = sets_of(bits).into_iter().map(project).collect();
            let expected = family_of(&mut classes, minimal(&images));
            assert_eq!(families.project(family, &class_of_level, &mut classes).unwrap(), expected);
        }
    }
}

proptest! {
    #[test]
    fn minimal_solutions_match_enumeration(
        formula in prop_oneof![monotone(10), any_formula(10)],
        order in 0_u32..6,
        classes in prop::collection::vec(prop::option::of(0_u32..4), 10),
    ) {
        let mut manager = Manager::new(10, PLENTY);
        let function = formula.build(&mut manager).unwrap();
        let diagram = manager.diagram(function);
        let mut families = Families::new(10, PLENTY);
        let family = families.minimal_solutions(&diagram).unwrap();
        let expected = minimal_solutions(&formula, 10);
        prop_assert_eq!(family, family_of(&mut families, expected.iter().copied()));

        let bounded = families.minimal_solutions_up_to(&diagram, order).unwrap();
        let small = expected.iter().copied().filter(|set| set.count_ones() <= order);
        prop_assert_eq!(bounded, family_of(&mut families, small));
        prop_assert_eq!(bounded, families.up_to_order(family, order).unwrap());

        prop_assert_eq!(families.count(family), BigUint::from(expected.len()));
        let mut histogram = vec![BigUint::ZERO; expected.iter().map(|set| set.count_ones() as usize + 1).max().unwrap_or(0)];
        for set in &expected {
            histogram[set.count_ones() as usize] += 1_u32;
        }
        prop_assert_eq!(families.histogram(family), histogram);

        let mut listed: Vec<Vec<u32>> = expected.iter().map(|&set| elements(set)).collect();
        listed.sort();
        prop_assert_eq!(families.sets(family).collect::<Vec<_>>(), listed, "in lexicographic order");

        let mut contractors = Families::new(4, PLENTY);
        let projected = families.project(family, &classes, &mut contractors).unwrap();
        let images: Vec<u32> = expected
            .iter()
            .map(|&set| elements(set).iter().filter_map(|&level| classes[level as usize]).fold(0, |image, class| image | 1 << class))
            .collect();
        prop_assert_eq!(projected, family_of(&mut contractors, minimal(&images)));
    }

    #[test]
    fn a_monotone_function_is_the_function_of_its_minimal_solutions(formula in monotone(10)) {
        let mut manager = Manager::new(10, PLENTY);
        let function = formula.build(&mut manager).unwrap();
        let diagram = manager.diagram(function);
        let mut families = Families::new(10, PLENTY);
        let family = families.minimal_solutions(&diagram).unwrap();
        prop_assert_eq!(families.to_bdd(family, &mut manager).unwrap(), function);
    }

    #[test]
    fn minimal_union_and_product_are_or_and_and(one in monotone(8), other in monotone(8)) {
        let mut manager = Manager::new(8, PLENTY);
        let mut families = Families::new(8, PLENTY);
        let a = one.build(&mut manager).unwrap();
        let b = other.build(&mut manager).unwrap();
        let mut solutions = |manager: &Manager, function| families.minimal_solutions(&manager.diagram(function)).unwrap();
        let (f, g) = (solutions(&manager, a), solutions(&manager, b));
        let or = manager.or(a, b).unwrap();
        let and = manager.and(a, b).unwrap();
        let (or, and) = (solutions(&manager, or), solutions(&manager, and));
        prop_assert_eq!(families.minimal_union(f, g).unwrap(), or);
        prop_assert_eq!(families.minimal_product(f, g).unwrap(), and);
    }
}

#[test]
fn counts_have_as_many_digits_as_it_takes() {
    // One of two from each of 100 pairs: 2^100 minimal cut sets of order 100, in 200 nodes.
    let mut manager = Manager::new(200, PLENTY);
    let mut pairs = Vec::new();
    for pair in 0..100 {
        let one = manager.variable(2 * pair).unwrap();
        let other = manager.variable(2 * pair + 1).unwrap();
        pairs.push(manager.or(one, other).unwrap());
    }
    let function = manager.and_all(&pairs).unwrap();
    let mut families = Families::new(200, PLENTY);
    let family = families.minimal_solutions(&manager.diagram(function)).unwrap();
    let expected = BigUint::from(2_u32).pow(100);
    assert_eq!(families.count(family), expected);
    let histogram = families.histogram(family);
    assert_eq!((histogram.len(), &histogram[100]), (101, &expected));
    assert!(histogram[..100].iter().all(|count| *count == BigUint::ZERO));
}

#[test]
fn a_quarter_of_a_million_levels_do_not_overflow_the_stack() {
    // Deep enough for any recursion to overflow; four times as deep would take a minute without optimisation.
    const LEVELS: u32 = 250_000;
    let mut manager = Manager::new(LEVELS, PLENTY);
    let variables: Vec<Bdd> = (0..LEVELS).map(|level| manager.variable(level).unwrap()).collect();
    let all = manager.and_all(&variables).unwrap();
    let any = manager.or_all(&variables).unwrap();
    let mut families = Families::new(LEVELS, PLENTY);
    let one_set = families.minimal_solutions(&manager.diagram(all)).unwrap();
    let singles = families.minimal_solutions(&manager.diagram(any)).unwrap();
    assert_eq!(families.count(one_set), BigUint::from(1_u32));
    assert_eq!(families.count(singles), BigUint::from(LEVELS));
    assert_eq!(families.histogram(one_set).len(), LEVELS as usize + 1);
    assert_eq!(families.histogram(singles), [BigUint::ZERO, BigUint::from(LEVELS)]);
    assert_eq!(families.minimal_union(one_set, singles).unwrap(), singles);
    assert_eq!(families.minimal_product(one_set, singles).unwrap(), one_set);
    assert_eq!(families.without(one_set, singles).unwrap(), Family::EMPTY);
    assert_eq!(families.minimize(one_set).unwrap(), one_set);
    assert_eq!(families.up_to_order(one_set, LEVELS - 1).unwrap(), Family::EMPTY);
    assert_eq!(families.up_to_order(singles, 1).unwrap(), singles);
    assert_eq!(families.to_bdd(one_set, &mut manager).unwrap(), all);
    assert_eq!(families.to_bdd(singles, &mut manager).unwrap(), any);
    let even: Vec<u32> = (0..LEVELS).step_by(2).collect();
    let within = families.within(singles, &even).unwrap();
    assert_eq!(families.count(within), BigUint::from(LEVELS / 2));
    assert_eq!(families.touching(singles, &even).unwrap(), within);
    assert_eq!(families.touching(one_set, &even).unwrap(), one_set);
    assert_eq!(families.minimal_solutions_up_to(&manager.diagram(all), 3).unwrap(), Family::EMPTY);
    assert_eq!(families.sets(singles).nth(LEVELS as usize - 1), Some(vec![LEVELS - 1]));
    let probability = vec![0.5; LEVELS as usize];
    let best: Vec<u32> = families.best_first(singles, &probability).take(3).flat_map(|set| set.levels).collect();
    assert_eq!(best, [0, 1, 2]);
    assert_eq!(
        families.best_first(one_set, &probability).map(|set| set.levels.len()).collect::<Vec<_>>(),
        [LEVELS as usize]
    );
    let mut classes = Families::new(2, 10);
    let class_of_level: Vec<Option<u32>> = (0..LEVELS).map(|level| Some(level % 2)).collect();
    let both = classes.set(&[0, 1]).unwrap();
    assert_eq!(families.project(one_set, &class_of_level, &mut classes).unwrap(), both);
}

#[test]
fn a_budget_that_does_not_suffice_is_an_error_and_the_manager_stays_usable() {
    let mut manager = Manager::new(20, PLENTY);
    let variables: Vec<Bdd> = (0..20).map(|level| manager.variable(level).unwrap()).collect();
    let function = manager.at_least(7, &variables).unwrap();
    let diagram = manager.diagram(function);
    let mut plentiful = Families::new(20, PLENTY);
    let family = plentiful.minimal_solutions(&diagram).unwrap();
    let needed = plentiful.statistics().nodes;
    for budget in 0..needed {
        let mut families = Families::new(20, budget);
        assert_eq!(families.minimal_solutions(&diagram), Err(BudgetExceeded::Nodes(budget)));
        if budget > 0 {
            assert_eq!(families.minimize(Family::UNIT), Ok(Family::UNIT));
            let single = families.set(&[19]).unwrap();
            assert_eq!(families.union(single, single), Ok(single));
        }
    }
    assert_eq!(Families::new(20, needed).minimal_solutions(&diagram), Ok(family));
    assert_eq!(plentiful.to_bdd(family, &mut Manager::new(20, 30)), Err(BudgetExceeded::Nodes(30)));
    let identity: Vec<Option<u32>> = (0..20).map(Some).collect();
    assert_eq!(plentiful.project(family, &identity, &mut Families::new(20, 30)), Err(BudgetExceeded::Nodes(30)));
}
