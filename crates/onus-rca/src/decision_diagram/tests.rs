//! Decision diagrams against truth tables, enumeration and another crate's diagrams.

mod families;
mod functions;
mod probabilities;
mod ranking;

use proptest::prelude::*;

use super::{Bdd, BudgetExceeded, Diagram, Families, Family, Manager};

/// More nodes than any test that should succeed needs.
const PLENTY: usize = 1 << 22;

/// A formula over numbered variables; bit i of an assignment is variable i.
#[derive(Clone, Debug)]
enum Formula {
    Variable(u32),
    All(Vec<Formula>),
    Any(Vec<Formula>),
    AtLeast(usize, Vec<Formula>),
    ButNot(Box<Formula>, Box<Formula>),
}

impl Formula {
    fn holds(&self, assignment: u32) -> bool {
        match self {
            Self::Variable(variable) => assignment >> variable & 1 == 1,
            Self::All(inputs) => inputs.iter().all(|input| input.holds(assignment)),
            Self::Any(inputs) => inputs.iter().any(|input| input.holds(assignment)),
            Self::AtLeast(threshold, inputs) => {
                inputs.iter().filter(|input| input.holds(assignment)).count() >= *threshold
            }
            Self::ButNot(one, other) => one.holds(assignment) && !other.holds(assignment),
        }
    }

    fn build(&self, manager: &mut Manager) -> Result<Bdd, BudgetExceeded> {
        let mut build_all = |inputs: &[Self]| -> Result<Vec<Bdd>, BudgetExceeded> {
            inputs.iter().map(|input| input.build(manager)).collect()
        };
        match self {
            Self::Variable(variable) => manager.variable(*variable),
            Self::All(inputs) => {
                let inputs = build_all(inputs)?;
                manager.and_all(&inputs)
            }
            Self::Any(inputs) => {
                let inputs = build_all(inputs)?;
                manager.or_all(&inputs)
            }
            Self::AtLeast(threshold, inputs) => {
                let inputs = build_all(inputs)?;
                manager.at_least(*threshold, &inputs)
            }
            Self::ButNot(one, other) => {
                let one = one.build(manager)?;
                let other = other.build(manager)?;
                manager.and_not(one, other)
            }
        }
    }
}

fn variable(variables: u32) -> BoxedStrategy<Formula> {
    (0..variables).prop_map(Formula::Variable).boxed()
}

/// Formulas without negation.
fn monotone(variables: u32) -> BoxedStrategy<Formula> {
    variable(variables)
        .prop_recursive(5, 48, 4, |inner| {
            let inputs = prop::collection::vec(inner, 0..5);
            prop_oneof![
                inputs.clone().prop_map(Formula::All),
                inputs.clone().prop_map(Formula::Any),
                (0_usize..5, inputs).prop_map(|(threshold, inputs)| Formula::AtLeast(threshold, inputs)),
            ]
        })
        .boxed()
}

/// Formulas with negation.
fn any_formula(variables: u32) -> BoxedStrategy<Formula> {
    variable(variables)
        .prop_recursive(5, 48, 4, |inner| {
            let inputs = prop::collection::vec(inner.clone(), 0..5);
            prop_oneof![
                inputs.clone().prop_map(Formula::All),
                inputs.clone().prop_map(Formula::Any),
                (0_usize..5, inputs).prop_map(|(threshold, inputs)| Formula::AtLeast(threshold, inputs)),
                (inner.clone(), inner).prop_map(|(one, other)| Formula::ButNot(one.into(), other.into())),
            ]
        })
        .boxed()
}

/// The value of a diagram's function where the variables are the bits of `assignment`.
fn evaluate(diagram: &Diagram, assignment: u32) -> bool {
    let mut at = diagram.root();
    while at > 1 {
        let (level, lo, hi) = diagram.node(at);
        at = if assignment >> level & 1 == 1 { hi } else { lo };
    }
    at == 1
}

/// Panics unless the node array keeps what its documentation promises.
fn verify(diagram: &Diagram) {
    let length = u32::try_from(diagram.len()).unwrap();
    assert!(diagram.root() < length);
    assert_eq!(diagram.node(0), (diagram.levels(), 0, 0));
    assert_eq!(diagram.node(1), (diagram.levels(), 1, 1));
    let mut parents = vec![0; diagram.len()];
    let mut triples = std::collections::HashSet::new();
    for index in 2..length {
        let (level, lo, hi) = diagram.node(index);
        assert!(lo < index && hi < index, "children come first");
        assert!(level < diagram.node(lo).0 && level < diagram.node(hi).0, "children lie deeper");
        assert_ne!(lo, hi, "no redundant node");
        assert!(triples.insert((level, lo, hi)), "no node twice");
        parents[lo as usize] += 1;
        parents[hi as usize] += 1;
    }
    assert!((2..length).all(|index| index == diagram.root() || parents[index as usize] > 0), "only what is reached");
}

/// The elements of a set given as bits.
fn elements(set: u32) -> Vec<u32> {
    (0..32).filter(|bit| set >> bit & 1 == 1).collect()
}

/// The family of the sets given as bits.
fn family_of(families: &mut Families, sets: impl IntoIterator<Item = u32>) -> Family {
    sets.into_iter().fold(Family::EMPTY, |family, set| {
        let set = families.set(&elements(set)).unwrap();
        families.union(family, set).unwrap()
    })
}

/// The sets, given as bits, that include no other.
fn minimal(sets: &[u32]) -> Vec<u32> {
    sets.iter().copied().filter(|set| !sets.iter().any(|other| other != set && other & set == *other)).collect()
}

/// The minimal solutions of a formula by enumeration.
fn minimal_solutions(formula: &Formula, variables: u32) -> Vec<u32> {
    let holding: Vec<u32> = (0..1 << variables).filter(|&assignment| formula.holds(assignment)).collect();
    minimal(&holding)
}
