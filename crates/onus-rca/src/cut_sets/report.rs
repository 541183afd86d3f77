//! What is reported of cut sets, and how it is read off their family.

use num_bigint::BigUint;
use onus_model::{FaultId, FaultIndex, SystemId};
use serde::{Serialize, Serializer};

use super::{Classes, CutSetOptions, Found, Within, conditions};
use crate::case::Case;
use crate::decision_diagram::{BudgetExceeded, Families, Family, Manager};
use crate::diagnose::{StopReason, exact_figure};
use crate::evidence::Evidence;
use crate::figure::Figure;
use crate::ranking::TIE;

/// The minimal cut sets of a failure, or the minimal diagnoses of some evidence.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CutSets {
    /// The systems that fail together; empty for minimal diagnoses.
    pub of: Vec<SystemId>,
    /// How many sets there are, in decimal: it can exceed any integer type. Where [`truncation`](Self::truncation) says so,
    /// how many there are up to that order, and so a lower bound.
    pub count: String,
    /// How many sets have one element, two, three, …, up to the largest set. The empty set, of a failure that needs no
    /// fault, is in `count` alone.
    pub by_order: Vec<Count>,
    /// Which sets are missing in all of this, if any are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncation: Option<Truncation>,
    /// Probability of the failure, or of the evidence: of all sets, also of those that are not listed or counted.
    pub probability: Figure,
    /// The most probable sets, in order; those that cannot occur, because an element has probability 0, are not listed.
    pub best: Vec<CutSet>,
    /// For each class of faults, in the order of their names, the sets whose faults are all its own. Empty if no classes
    /// were given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub by_class: Vec<ClassCutSets>,
    /// The smallest sets of classes whose faults suffice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sufficient: Option<Sufficient>,
    /// Diagram nodes built.
    pub cost: u64,
}

/// A number of sets. In JSON a number as long as every reader takes it exactly (up to 2^53), beyond it a text.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count(BigUint);

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl From<u64> for Count {
    fn from(count: u64) -> Self {
        Self(BigUint::from(count))
    }
}

impl Serialize for Count {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match u64::try_from(&self.0) {
            Ok(count) if count <= 1 << 53 => serializer.serialize_u64(count),
            _ => serializer.collect_str(&self.0),
        }
    }
}

/// Only sets with at most so many elements were looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Truncation {
    /// Every set with at most so many elements is there, and none with more.
    pub max_order: u32,
    /// `finished` if no more were asked for, else what did not suffice for more.
    pub reason: StopReason,
}

/// A minimal cut set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CutSet {
    /// Its place; equally probable sets share one.
    pub rank: usize,
    /// Its faults, by id.
    pub faults: Vec<FaultId>,
    /// Their indices in the model.
    #[serde(skip)]
    pub indices: Vec<FaultIndex>,
    /// What must come about besides and is nobody's fault: `coupling of a -> b`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<String>,
    /// Probability that all of its elements are there, whatever else is.
    pub probability: Figure,
}

/// The cut sets whose faults all belong to one class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassCutSets {
    /// The class.
    pub class: String,
    /// Whether the node budget sufficed; if not, there is nothing below.
    pub stopped: StopReason,
    /// How many there are.
    pub count: String,
    /// How many have one element, two, three, …
    pub by_order: Vec<Count>,
    /// Probability that at least one of them is all there: that the class alone brings about the failure. `None` if the
    /// node budget did not suffice; of truncated sets, a lower bound.
    pub probability: Option<Figure>,
    /// The most probable ones.
    pub best: Vec<CutSet>,
}

/// The smallest sets of classes whose faults, with conditions, can bring about the failure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sufficient {
    /// Whether the node budget sufficed; if not, there is nothing below.
    pub stopped: StopReason,
    /// How many minimal ones there are.
    pub count: String,
    /// How many have one class, two, three, …
    pub by_order: Vec<Count>,
    /// Those with the fewest classes, then by name. One set without any class: conditions alone suffice.
    pub sets: Vec<Vec<String>>,
}

pub(super) fn report(
    case: &Case<'_>,
    evidence: &Evidence,
    of: Vec<SystemId>,
    mut found: Found,
    options: &CutSetOptions,
) -> CutSets {
    let elements = Elements::new(case, evidence, &found);
    if let Within::Faults(faults) = &options.within {
        let levels = elements.levels(|fault| faults.contains(&fault));
        found.restrict(&levels, options.node_budget);
    }
    let (count, by_order) = numbers(&found.families, found.family);
    let best = elements.best(&found, found.family, options.list);
    let (mut by_class, mut sufficient) = (Vec::new(), None);
    if !options.classes.names.is_empty() {
        for (class, name) in (0_u32..).zip(&options.classes.names) {
            let levels = elements.levels(|fault| options.classes.of(fault) == Some(class));
            by_class.push(elements.of_class(name, &levels, &mut found, options));
        }
        sufficient = Some(elements.sufficient(&mut found, options).unwrap_or_else(|_| Sufficient {
            stopped: StopReason::NodeBudget,
            count: "0".to_owned(),
            by_order: Vec::new(),
            sets: Vec::new(),
        }));
    }
    CutSets {
        of,
        count,
        by_order,
        truncation: found.truncation,
        probability: found.total,
        best,
        by_class,
        sufficient,
        cost: found.nodes as u64,
    }
}

fn numbers(families: &Families, family: Family) -> (String, Vec<Count>) {
    let mut histogram = families.histogram(family).into_iter();
    let empty = histogram.next().unwrap_or_default();
    let by_order: Vec<Count> = histogram.map(Count).collect();
    let count = by_order.iter().fold(empty, |sum, count| sum + &count.0);
    (count.to_string(), by_order)
}

impl Found {
    /// Keeps the sets with no element but these. The budget of the family is not counted on: a part of it is smaller.
    fn restrict(&mut self, levels: &[u32], node_budget: usize) {
        if let Ok(family) = self.families.within(self.family, levels) {
            self.family = family;
        } else {
            self.truncation = Some(Truncation { max_order: 0, reason: StopReason::NodeBudget });
            self.families = Families::new(self.event.len() as u32, node_budget);
            self.family = Family::EMPTY;
        }
    }
}

/// What the levels stand for.
struct Elements<'c> {
    ids: Vec<&'c FaultId>,
    /// By level.
    fault: Vec<Option<FaultIndex>>,
    /// By level.
    condition: Vec<Option<String>>,
}

impl<'c> Elements<'c> {
    fn new(case: &'c Case<'_>, evidence: &Evidence, found: &Found) -> Self {
        let mut names = conditions(case, evidence);
        Self {
            ids: case.graph.topology().faults().iter().map(|fault| &fault.id).collect(),
            fault: found.event.iter().map(|event| case.fault[event.index()]).collect(),
            condition: found.event.iter().map(|event| names[event.index()].take()).collect(),
        }
    }

    /// The levels of these faults and of all conditions.
    fn levels(&self, wanted: impl Fn(FaultIndex) -> bool) -> Vec<u32> {
        let levels = (0_u32..).zip(&self.fault);
        levels.filter(|(_, fault)| fault.is_none_or(&wanted)).map(|(level, _)| level).collect()
    }

    fn best(&self, found: &Found, family: Family, list: usize) -> Vec<CutSet> {
        let ranked = found.families.best_first(family, &found.probability).take(list);
        let mut sets: Vec<CutSet> = ranked
            .map(|set| {
                let mut indices: Vec<FaultIndex> =
                    set.levels.iter().filter_map(|level| self.fault[*level as usize]).collect();
                indices.sort_unstable();
                let mut conditions: Vec<String> =
                    set.levels.iter().filter_map(|level| self.condition[*level as usize].clone()).collect();
                conditions.sort_unstable();
                CutSet {
                    rank: 0,
                    faults: indices.iter().map(|fault| self.ids[fault.index()].clone()).collect(),
                    indices,
                    conditions,
                    probability: Figure::exact(set.probability),
                }
            })
            .collect();
        let mut first = 0;
        for at in 0..sets.len() {
            if sets[first].probability.lo - sets[at].probability.lo > TIE * sets[at].probability.lo {
                first = at;
            }
            sets[at].rank = first + 1;
        }
        // The order of levels is the engine's own affair: ties go by size, then by name.
        sets.sort_by(|a, b| {
            let size = |set: &CutSet| set.faults.len() + set.conditions.len();
            (a.rank, size(a), &a.indices, &a.conditions).cmp(&(b.rank, size(b), &b.indices, &b.conditions))
        });
        sets
    }

    fn of_class(&self, name: &str, levels: &[u32], found: &mut Found, options: &CutSetOptions) -> ClassCutSets {
        let Ok(family) = found.families.within(found.family, levels) else {
            return ClassCutSets {
                class: name.to_owned(),
                stopped: StopReason::NodeBudget,
                count: "0".to_owned(),
                by_order: Vec::new(),
                probability: None,
                best: Vec::new(),
            };
        };
        let (count, by_order) = numbers(&found.families, family);
        ClassCutSets {
            class: name.to_owned(),
            stopped: StopReason::Finished,
            count,
            by_order,
            probability: any_of(&found.families, family, &found.probability, options.node_budget).ok().map(|(p, _)| {
                if found.truncation.is_some() { Figure::interval(p, found.total.hi.max(p)) } else { exact_figure(p) }
            }),
            best: self.best(found, family, options.list),
        }
    }

    /// Sets that contain a fault of no class are left out: no classes suffice for them.
    fn sufficient(&self, found: &mut Found, options: &CutSetOptions) -> Result<Sufficient, BudgetExceeded> {
        let Classes { names, .. } = &options.classes;
        let classed = self.levels(|fault| options.classes.of(fault).is_some());
        let family = found.families.within(found.family, &classed)?;
        let class: Vec<Option<u32>> =
            self.fault.iter().map(|fault| fault.and_then(|fault| options.classes.of(fault))).collect();
        let mut classes = Families::new(names.len() as u32, options.node_budget);
        let projected = found.families.project(family, &class, &mut classes)?;
        let (count, by_order) = numbers(&classes, projected);
        // Of classes that are all equally probable, the smallest sets are the most probable ones.
        let smallest = classes.best_first(projected, &vec![0.5; names.len()]).take(options.list);
        let sets = smallest.map(|set| set.levels.iter().map(|class| names[*class as usize].clone()).collect());
        Ok(Sufficient { stopped: StopReason::Finished, count, by_order, sets: sets.collect() })
    }
}

/// Probability that at least one set of a family is all there, and the nodes that took.
pub(crate) fn any_of(
    families: &Families,
    family: Family,
    probability: &[f64],
    node_budget: usize,
) -> Result<(f64, usize), BudgetExceeded> {
    let mut manager = Manager::new(families.levels(), node_budget);
    let function = families.to_bdd(family, &mut manager)?;
    let diagram = manager.diagram(function);
    Ok((diagram.up(probability)[diagram.root() as usize], manager.statistics().nodes))
}
