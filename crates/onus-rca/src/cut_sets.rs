//! Minimal cut sets: the smallest sets of faults that bring about a failure, and the smallest sets that explain some
//! evidence. All of them at once, as a diagram; none is enumerated unless it is listed.
//!
//! A *cut set* of a failure is a set of basic events that together make it happen, whatever the others do; it is minimal
//! when no part of it is one. The events are the faults, and the conditions that are nobody's fault: that the failure of
//! a provider couples across an uncertain interface (`coupling of a -> b`), that a monitor errs, that a repair failed.
//! Conditions count as elements.
//!
//! [`find`] goes from the function of the failure (a BDD, [`encode`]) to the family of its minimal solutions (a ZBDD),
//! and everything in the report is a pass over one or the other. Where the budget does not suffice for all sets, those of
//! small order are found instead, first from the function ([`from_function`]) and, where not even that can be built,
//! gate by gate without it ([`gate_by_gate`]); the report then says up to which order it is complete, and its probability
//! stays exact or becomes an interval that certainly holds the truth.

mod gate_by_gate;
mod report;

use onus_model::{FaultIndex, SystemId, SystemIndex};

use crate::case::Case;
use crate::decision_diagram::{Diagram, Families, Family};
use crate::diagnose::{DiagnoseOptions, StopReason, exact_figure};
use crate::encode::encode;
use crate::evidence::Evidence;
use crate::fault_graph::{Event, FaultGraph};
use crate::figure::Figure;
use crate::interval;
use crate::network::{Network, Term};

pub(crate) use report::any_of;
pub use report::{ClassCutSets, Count, CutSet, CutSets, Sufficient, Truncation};

/// How cut sets are found, and which of them are listed.
#[derive(Clone, Debug, PartialEq)]
pub struct CutSetOptions {
    /// Nodes that the function of the failure may take, and then again the family of its cut sets. Default 2,000,000,
    /// some 50 MB each.
    pub node_budget: usize,
    /// Nodes of the fault graph that may be looked at, each time anew, to enclose the probability where the function
    /// cannot be built. Default 50,000,000, about a second.
    pub step_budget: u64,
    /// Only sets with at most so many elements. Default `u32::MAX`: all.
    pub max_order: u32,
    /// How many sets are listed, the most probable ones. Default 10.
    pub list: usize,
    /// Which sets.
    pub within: Within,
    /// Classes of faults, such as the contractors who answer for them. Default: none.
    pub classes: Classes,
}

impl Default for CutSetOptions {
    fn default() -> Self {
        Self {
            node_budget: 2_000_000,
            step_budget: 50_000_000,
            max_order: u32::MAX,
            list: 10,
            within: Within::All,
            classes: Classes::default(),
        }
    }
}

/// Which cut sets are counted and listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Within {
    /// All.
    #[default]
    All,
    /// Those all of whose faults are among these; conditions are nobody's fault and allowed.
    Faults(Vec<FaultIndex>),
}

/// Faults sorted into named classes: by the contractor that answers, by site, by whatever the caller says. The engine
/// knows nothing of what they mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Classes {
    /// Sorted.
    names: Vec<String>,
    /// By fault.
    class: Vec<Option<u32>>,
}

impl Classes {
    /// Puts each fault of a graph into the class of this name. A fault of no class belongs to nobody: sets that contain
    /// one are within no class, and no classes suffice for them.
    ///
    /// ```
    /// # use onus_model::document::{Fault, Model, System};
    /// # use onus_rca::{Classes, CutSetOptions, FaultGraph};
    /// # let model = Model::new("")
    /// #     .system("a", System::new().fault("x", Fault::new("hardware", 0.1)))
    /// #     .system("b", System::new().fault("y", Fault::new("hardware", 0.1)).needs("a"))
    /// #     .build()?;
    /// let graph = FaultGraph::compile(&model);
    /// let site = |fault| Some(if model.topology().fault("a.x") == Some(fault) { "north" } else { "south" }.to_owned());
    /// let options = CutSetOptions { classes: Classes::by(&graph, site), ..CutSetOptions::default() };
    /// let cut_sets = graph.cut_sets(&[model.topology().system("b").unwrap()], &options);
    /// assert_eq!(cut_sets.sufficient.unwrap().sets, [["north"], ["south"]]);
    /// # Ok::<(), onus_model::Error>(())
    /// ```
    pub fn by(graph: &FaultGraph, class: impl Fn(FaultIndex) -> Option<String>) -> Self {
        let named: Vec<Option<String>> =
            (0..graph.topology().faults().len()).map(|fault| class(FaultIndex::new(fault))).collect();
        let mut names: Vec<String> = named.iter().flatten().cloned().collect();
        names.sort();
        names.dedup();
        let place = |name: &String| names.binary_search(name).ok().map(|at| at as u32);
        Self { class: named.iter().map(|name| name.as_ref().and_then(place)).collect(), names }
    }

    fn of(&self, fault: FaultIndex) -> Option<u32> {
        self.class.get(fault.index()).copied().flatten()
    }
}

impl FaultGraph {
    /// The minimal cut sets of the failure of all these systems at once; of one system, if it is one.
    ///
    /// Exact, with the exact probability of the failure, within [`CutSetOptions::node_budget`]; past it, see
    /// [`CutSets::truncation`]. Cycles are fine: the meaning is the least fixpoint.
    ///
    /// Cost: worst case exponential in the part of the graph below the systems, as every known method is (the count of
    /// cut sets alone is #P-hard); bounded by the budgets.
    ///
    /// ```
    /// use onus_model::document::{Fault, Model, Need, System};
    /// use onus_rca::{CutSetOptions, FaultGraph};
    ///
    /// let switch = || System::new().fault("crash", Fault::new("software", 1e-2));
    /// let model = Model::new("A pair")
    ///     .system("switch-a", switch())
    ///     .system("switch-b", switch())
    ///     .system("portal", System::new().faultless().needs(Need::any(["switch-a", "switch-b"])))
    ///     .build()?;
    /// let portal = model.topology().system("portal").unwrap();
    /// let cut_sets = FaultGraph::compile(&model).cut_sets(&[portal], &CutSetOptions::default());
    /// assert_eq!(cut_sets.count, "1");
    /// assert_eq!(cut_sets.best[0].faults[1].as_str(), "switch-b.crash");
    /// # Ok::<(), onus_model::Error>(())
    /// ```
    ///
    /// Literature: Rauzy (1993), New algorithms for fault trees analysis; Minato (1993) for the families; IEC 61025 for
    /// the words.
    pub fn cut_sets(&self, systems: &[SystemIndex], options: &CutSetOptions) -> CutSets {
        let case = Case::of_failures(self, systems);
        let of = systems.iter().map(|system| self.topology().systems()[system.index()].id.clone()).collect();
        find(&case, &Evidence::default(), of, options)
    }

    /// The minimal diagnoses of some evidence: the smallest sets of faults (and conditions) that explain it when nothing
    /// else is present. With healthy observations a larger set need not explain what a smaller one does; these are the
    /// sets none of whose parts explains the evidence.
    ///
    /// Cost as for [`cut_sets`](Self::cut_sets). Literature: Reiter (1987); de Kleer, Mackworth & Reiter (1992),
    /// Characterizing diagnoses and systems: the kernel of the minimal ones.
    pub fn minimal_diagnoses(&self, evidence: &Evidence, options: &CutSetOptions) -> CutSets {
        find(&Case::new(self, evidence), evidence, Vec::new(), options)
    }
}

/// What is known of the sets: a family over levels, and up to which order it is complete.
struct Found {
    families: Families,
    family: Family,
    /// The event on each level.
    event: Vec<Term>,
    probability: Vec<f64>,
    truncation: Option<Truncation>,
    /// Of the failure or the evidence.
    total: Figure,
    nodes: usize,
}

fn find(case: &Case<'_>, evidence: &Evidence, of: Vec<SystemId>, options: &CutSetOptions) -> CutSets {
    let network = Network::of(case);
    let found = if let Ok(encoded) = encode(&network, options.node_budget) {
        let diagram = encoded.diagram(encoded.evidence);
        let total = diagram.up(&encoded.probability)[diagram.root() as usize];
        let (families, family, truncation) = from_function(&diagram, options);
        Found {
            nodes: encoded.manager.statistics().nodes + families.statistics().nodes,
            families,
            family,
            truncation,
            event: encoded.event,
            probability: encoded.probability,
            total: exact_figure(total),
        }
    } else {
        let mut found = gate_by_gate::find(&network, options);
        let bounds = DiagnoseOptions { step_budget: options.step_budget, ..DiagnoseOptions::default() };
        let bounds = interval::evidence_probability(&network, &bounds);
        let lo = found.total.lo.max(bounds.lo);
        found.total = Figure::interval(lo, bounds.hi.max(lo));
        found
    };
    report::report(case, evidence, of, found, options)
}

/// The minimal solutions of a function: all of them, or those up to the greatest order that the budget allows.
pub(crate) fn from_function(diagram: &Diagram, options: &CutSetOptions) -> (Families, Family, Option<Truncation>) {
    let attempt = |order: u32| {
        let mut families = Families::new(diagram.levels(), options.node_budget);
        families.minimal_solutions_up_to(diagram, order).map(|family| (families, family))
    };
    let asked = (options.max_order < diagram.levels())
        .then_some(Truncation { max_order: options.max_order, reason: StopReason::Finished });
    if let Ok((families, family)) = attempt(options.max_order) {
        return (families, family, asked);
    }
    let mut best = (Families::new(diagram.levels(), 0), Family::EMPTY, 0);
    let mut complete = None;
    for order in 1..options.max_order.min(diagram.levels()) {
        let Ok((families, family)) = attempt(order) else { break };
        best = (families, family, order);
        complete = Some(order);
    }
    let truncation = Truncation { max_order: complete.unwrap_or(0), reason: StopReason::NodeBudget };
    (best.0, best.1, Some(truncation))
}

/// What each event that is no fault stands for.
fn conditions(case: &Case<'_>, evidence: &Evidence) -> Vec<Option<String>> {
    let topology = case.graph.topology();
    let mut names: Vec<Option<String>> = vec![None; case.probability.len()];
    for node in case.graph.coupling_nodes() {
        if let (Some(Event::Coupling(interface)), Some(variable)) = (case.graph.event(node), case.variable(node)) {
            let interface = &topology.interfaces()[interface.index()].id;
            names[variable.index()] = Some(format!("coupling of {interface}"));
        }
    }
    for condition in &case.conditions {
        if let Some(noise) = condition.noise {
            let item = &evidence.items()[condition.item].id;
            names[noise.false_alarm.index()] = Some(format!("false alarm in {item}"));
            names[noise.detection.index()] = Some(format!("detection in {item}"));
        }
    }
    for (target, variable) in case.failed_repairs() {
        names[variable.index()] = Some(format!("failed repair of {}", topology.target_id(target)));
    }
    names
}
