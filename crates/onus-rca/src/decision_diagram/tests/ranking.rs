use num_bigint::BigUint;
use proptest::prelude::*;

use super::super::{Families, Family, Manager};
use super::{PLENTY, any_formula, elements, family_of, minimal_solutions};

const VARIABLES: u32 = 8;

/// p · 2^1074, which is an integer for every float.
fn scaled(p: f64) -> BigUint {
    let bits = p.to_bits();
    let (exponent, stored) = (bits >> 52, bits & ((1 << 52) - 1));
    if exponent == 0 { BigUint::from(stored) } else { BigUint::from(stored | 1 << 52) << (exponent - 1) }
}

/// The product of the elements' probabilities, exactly, times 2^1074 for each level.
fn exact_product(set: &[u32], probability: &[f64]) -> BigUint {
    (0..VARIABLES).map(|level| scaled(if set.contains(&level) { probability[level as usize] } else { 1.0 })).product()
}

fn best_by_sorting(sets: impl IntoIterator<Item = Vec<u32>>, probability: &[f64]) -> Vec<Vec<u32>> {
    let mut ranked: Vec<_> = sets
        .into_iter()
        .map(|set| (std::cmp::Reverse(exact_product(&set, probability)), set.len(), set))
        .filter(|(product, _, _)| product.0 != BigUint::ZERO)
        .collect();
    ranked.sort();
    ranked.into_iter().map(|(_, _, set)| set).collect()
}

/// Many ties, among them those across powers of two; products that underflow; impossible and certain events.
fn probabilities() -> impl Strategy<Value = Vec<f64>> {
    let few = prop::sample::select(vec![0.0, 1.0, 0.5, 0.25, 0.1, 0.2, 0.3, 1e-300, 1e-310, 5e-324]);
    prop::collection::vec(prop_oneof![3 => few, 1 => 0.0..1.0], VARIABLES as usize)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn best_first_is_the_order_of_exact_products(formula in any_formula(VARIABLES), probability in probabilities()) {
        let mut manager = Manager::new(VARIABLES, PLENTY);
        let function = formula.build(&mut manager).unwrap();
        let diagram = manager.diagram(function);
        let mut families = Families::new(VARIABLES, PLENTY);
        let family = families.minimal_solutions(&diagram).unwrap();
        let solutions = minimal_solutions(&formula, VARIABLES).into_iter().map(elements);
        let ours: Vec<_> = families.best_first(family, &probability).collect();
        for set in &ours {
            let product: f64 = set.levels.iter().map(|&level| probability[level as usize]).product();
            prop_assert!((set.probability - product).abs() <= 1e-12 * product);
        }
        let ours: Vec<_> = ours.into_iter().map(|set| set.levels).collect();
        prop_assert_eq!(ours, best_by_sorting(solutions, &probability));
    }

    #[test]
    fn families_that_are_not_minimal_are_ranked_too(
        sets in prop::collection::btree_set(0_u32..1 << VARIABLES, 0..40),
        probability in probabilities(),
    ) {
        let mut families = Families::new(VARIABLES, PLENTY);
        let family = family_of(&mut families, sets.iter().copied());
        let ours: Vec<_> = families.best_first(family, &probability).map(|set| set.levels).collect();
        prop_assert_eq!(ours, best_by_sorting(sets.into_iter().map(elements), &probability));
    }
}

#[test]
fn the_best_of_very_many_sets_come_without_listing_them() {
    // 2^60 sets: one of each pair. The best takes the likelier of each; the next gives way where it costs least.
    let mut manager = Manager::new(120, PLENTY);
    let mut pairs = Vec::new();
    for pair in 0..60 {
        let one = manager.variable(2 * pair).unwrap();
        let other = manager.variable(2 * pair + 1).unwrap();
        pairs.push(manager.or(one, other).unwrap());
    }
    let function = manager.and_all(&pairs).unwrap();
    let mut families = Families::new(120, PLENTY);
    let family = families.minimal_solutions(&manager.diagram(function)).unwrap();
    // The second of pair i costs a factor of (i + 1)/64.
    let probability: Vec<f64> = (0..60).flat_map(|pair| [0.5, f64::from(pair + 1) / 128.0]).collect();
    let best: Vec<Vec<u32>> = families.best_first(family, &probability).take(3).map(|set| set.levels).collect();
    let instead = |gives_way: &[u32]| (0..60).map(|pair| 2 * pair + u32::from(gives_way.contains(&pair))).collect();
    let expected: [Vec<u32>; 3] = [instead(&[]), instead(&[59]), instead(&[58])];
    assert_eq!(best, expected);
}

#[test]
fn nothing_is_listed_of_nothing_and_the_empty_set_of_the_unit() {
    let families = Families::new(1, PLENTY);
    assert!(families.best_first(Family::EMPTY, &[0.5]).next().is_none());
    assert!(families.sets(Family::EMPTY).next().is_none());
    let unit: Vec<_> = families.best_first(Family::UNIT, &[0.5]).collect();
    assert_eq!(unit.len(), 1);
    assert!(unit[0].levels.is_empty() && (unit[0].probability - 1.0).abs() < 1e-15);
    assert_eq!(families.sets(Family::UNIT).collect::<Vec<_>>(), [Vec::<u32>::new()]);
}

#[test]
fn numbers_below_the_normal_range_have_their_place() {
    let normal = f64::MIN_POSITIVE;
    let mut families = Families::new(3, PLENTY);
    let family = family_of(&mut families, [0b001, 0b110]);
    let first = |probability: [f64; 3]| families.best_first(family, &probability).next().map(|set| set.levels);
    assert_eq!(first([normal / 2.0, normal, 1.0]), Some(vec![1, 2]));
    assert_eq!(first([normal / 2.0, normal, 0.5]), Some(vec![0]), "a tie: the smaller set first");
    assert_eq!(first([f64::from_bits(1), normal, 0.5_f64.powi(52)]), Some(vec![0]), "a tie too");
    assert_eq!(first([f64::from_bits(1), normal, 0.5_f64.powi(51)]), Some(vec![1, 2]));
}
