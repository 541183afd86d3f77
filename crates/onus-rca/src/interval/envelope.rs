//! Envelopes: the evidence between two decision diagrams, one that implies it and one that it implies, both kept small by
//! giving up what hardly ever matters.
//!
//! Every term gets a *lower* function, which implies it, and where needed an *upper* one, which it implies. A gate's function
//! is made of its inputs' functions of the same side and then [cut](Builder::cut): nodes of the diagram are replaced where
//! that changes it in worlds of little probability only, downward in a lower function, upward in an upper one. With f
//! the gates of the network and μ their least fixpoint:
//!
//! * **Lower.** Functions begin as *false*, and every new one is within f of lower ones. If L ≤ μ then f(L) ≤ f(μ) = μ,
//!   because the network is monotone. So all lower functions are within μ, in cycles too, whenever one stops.
//! * **Upper.** Once f(U) ≤ U at every gate, μ ≤ U, because the least fixpoint is the least of all such U (Knaster &
//!   Tarski). Outside cycles one pass gives that; a cycle is gone through until it does, or else its gates become *true*.
//! * **Lapses.** A gate lapses in a world where f(L) holds at it and L does not. In a world without a lapse f(L) ≤ L, hence
//!   μ ≤ L and, with the above, μ = L.
//!
//! Let F be that everything failed that must, N that something failed that must not, so that E = F ∧ ¬N. With functions
//! L ≤ F ≤ U and M ≤ N, for any event e, or none,
//!
//! P(L ∧ ¬M ∧ e) − Σ P(lapse below N ∧ L) ≤ P(E ∧ e) ≤ P(L ∧ ¬M ∧ e) + Σ P(lapse below F ∧ U ∧ ¬K)
//!
//! for any K ≤ L, by the union bound. A world of L ∧ ¬M that is not in E is in N, since it is in F; there M misses it, so that
//! it has a lapse below N, and it is in L. A world of E that is not in L ∧ ¬M is not in L, since M ≤ N; there L misses F, so that
//! it has a lapse below F, and it is in F, hence in U, and not in K. Most lapses are behind something redundant that works,
//! hence outside U, or beside something that K has found, and do not count; U itself may be far from F and small for it.
//! P(U ∧ ¬M ∧ e) is another upper bound.
//!
//! Estimates of probability only decide *where* to cut: what is given up at a time is *grain*, in upper functions divided by
//! the relevance of the gate, so that a gate behind redundant ones is cut more than one on which the failure depends
//! alone. What the bounds are made of is computed with outward rounding.
//!
//! Literature: Bryant (1986), Graph-based algorithms for boolean function manipulation; Ravi & Somenzi (1995), High-density
//! reachability analysis, for cutting diagrams down by what they hold; Tarski (1955), A lattice-theoretical fixpoint
//! theorem.

use super::cone::Cone;
use super::mass::{Mass, add_up, sub_down};
use super::relevance::{as_if_independent, given, relevance};
use crate::decision_diagram::{Bdd, BudgetExceeded, Diagram, Manager};
use crate::reduce::Combination;

/// [`Enveloped::small`]: to cut less would save little.
const SMALL: usize = 100;
/// Rounds of a cycle; what is not settled then is given up.
const MOST_ROUNDS: usize = 20;
/// Nodes that may be gone through for each that may be made.
const READ_PER_NODE: usize = 8;
/// How much coarser than what must fail what must not is cut, beside what the probability of failure is to 1,
const AGAINST: f64 = 3e-2;
/// and how much coarser than that all of it together.
const COARSER_IN_ALL: f64 = 8.0;
/// How finely upper functions are cut, relative to the probability of the failure.
const UPPER_GRAIN: f64 = 3e-1;
/// How finely what is certainly found is cut, relative to the probability of the failure.
const FOUND_GRAIN: f64 = 1e-3;
/// Exponent of relevance: below 1, since what is kept in one gate costs nodes in all that depend on it.
const RELEVANCE: f64 = 0.8;
/// Less relevance is taken for this much.
const LEAST_RELEVANCE: f64 = 1e-9;
/// How finely the survey cuts, relative to what it looks for.
const SURVEY_GRAIN: f64 = 1e-4;
/// What is less probable is not looked for.
const LEAST_SCALE: f64 = 1e-290;

/// Bounds of the probability of the evidence, alone and together with each event.
#[derive(Clone, Debug)]
pub(super) struct Envelope {
    pub(super) evidence: Mass,
    /// By event: together with it absent, and present.
    pub(super) joint: Vec<[Mass; 2]>,
    /// Nothing was given up: a finer grain says no more.
    pub(super) exact: bool,
}

/// Which way a function may err.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Lower,
    Upper,
}

/// A network, ready to be enveloped.
pub(super) struct Enveloped {
    cone: Cone,
    /// The event of each level.
    order: Vec<u32>,
    /// By level: probabilities of its event being absent and present.
    chance: Vec<[Mass; 2]>,
    survey: Option<Survey>,
    /// Functions with fewer nodes are kept as they are.
    pub(super) small: usize,
}

/// What a first, coarse look says.
struct Survey {
    /// About the probability of all that must fail.
    scale: f64,
    /// By term: how probably that hangs on it, about.
    relevance: Vec<f64>,
}

impl Enveloped {
    /// `order`: events, in the order of levels; `chance`: by event, the probabilities of being absent and present.
    pub(super) fn new(cone: Cone, order: Vec<u32>, chance: &[[Mass; 2]]) -> Self {
        Self {
            chance: order.iter().map(|event| chance[*event as usize]).collect(),
            cone,
            order,
            survey: None,
            small: SMALL,
        }
    }

    /// Envelopes the evidence, giving up about `grain` of its probability at a time. Also says how many nodes it made.
    pub(super) fn envelope(&mut self, grain: f64, node_budget: usize) -> (Result<Envelope, BudgetExceeded>, usize) {
        let mut survey = self.survey.take();
        let mut builder = Builder::new(self, node_budget);
        let result = builder.run(&mut survey, grain);
        let nodes = builder.manager.statistics().nodes;
        self.survey = survey;
        (result, nodes)
    }
}

/// What becomes of a node that is cut.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It becomes *false* in a lower function and *true* in an upper one.
    GivenUp,
    /// Its event is taken to be absent in a lower function and present in an upper one.
    Untested,
    Kept,
}

/// Masses of a function, alone and by level together with its event absent and present.
struct Masses {
    total: Mass,
    joint: Vec<[Mass; 2]>,
}

struct Builder<'c> {
    cone: &'c Cone,
    order: &'c [u32],
    chance: &'c [[Mass; 2]],
    /// Probability of each level, about.
    weight: Vec<f64>,
    manager: Manager,
    small: usize,
    /// Of one side: the function of each term.
    function: Vec<Bdd>,
    /// Worlds in which lapses count, and their probability, at most.
    within: Bdd,
    lapses: f64,
    /// Whether anything was given up since the survey.
    exact: bool,
    /// How many nodes may still be gone through.
    read_left: usize,
    node_budget: usize,
}

impl<'c> Builder<'c> {
    fn new(enveloped: &'c Enveloped, node_budget: usize) -> Self {
        let Enveloped { cone, order, chance, small, .. } = enveloped;
        Self {
            cone,
            order,
            chance,
            weight: chance.iter().map(|[_, present]| present.hi).collect(),
            manager: Manager::new(order.len() as u32, node_budget),
            small: *small,
            function: vec![Bdd::FALSE; cone.len()],
            within: Bdd::FALSE,
            lapses: 0.0,
            exact: true,
            read_left: node_budget.saturating_mul(READ_PER_NODE),
            node_budget,
        }
    }

    fn run(&mut self, survey: &mut Option<Survey>, grain: f64) -> Result<Envelope, BudgetExceeded> {
        for (level, event) in self.order.iter().enumerate() {
            self.function[*event as usize] = self.manager.variable(level as u32)?;
        }
        let survey = match survey {
            Some(survey) => survey,
            None => survey.insert(self.survey()?),
        };
        self.exact = true;
        let Cone { positive, negative, .. } = self.cone;
        let Survey { scale, relevance } = survey;
        let coarse = *scale * UPPER_GRAIN;
        self.pass(positive, Side::Upper, coarse, Some(relevance))?;
        let upper = self.combine(Combination::All, positive, Side::Upper, coarse)?;
        // What a coarse look finds already needs no counting.
        let found = *scale * FOUND_GRAIN.max(grain);
        self.pass(positive, Side::Lower, found, Some(relevance))?;
        let found = self.combine(Combination::All, positive, Side::Lower, found)?;
        self.within = self.manager.and_not(upper, found)?;
        let fine = grain * *scale;
        self.pass(positive, Side::Lower, fine, None)?;
        let lower = self.combine(Combination::All, positive, Side::Lower, fine)?;
        let lower = self.manager.or(lower, found)?;
        let more = std::mem::take(&mut self.lapses);
        self.within = lower;
        self.pass(negative, Side::Lower, grain * AGAINST, None)?;
        let against = self.combine(Combination::Any, negative, Side::Lower, grain * AGAINST * COARSER_IN_ALL)?;
        let less = std::mem::take(&mut self.lapses);
        let [lower, upper] = [self.manager.and_not(lower, against)?, self.manager.and_not(upper, against)?];
        let [lower, upper] = [self.masses(lower), self.masses(upper)];
        let between = |lower: Mass, upper: Mass| Mass {
            lo: sub_down(lower.lo, less),
            hi: add_up(lower.hi, more).min(upper.hi).min(1.0),
        };
        let mut joint = vec![[Mass::ZERO; 2]; self.cone.events];
        for (level, event) in self.order.iter().enumerate() {
            joint[*event as usize] = [0, 1].map(|at| between(lower.joint[level][at], upper.joint[level][at]));
        }
        Ok(Envelope { evidence: between(lower.total, upper.total), joint, exact: self.exact })
    }

    /// Lower functions alone, finer and finer until something of the evidence shows.
    fn survey(&mut self) -> Result<Survey, BudgetExceeded> {
        let Cone { positive, .. } = self.cone;
        let mut likely = as_if_independent(self.cone, self.order, &self.weight);
        let mut scale = 1.0;
        loop {
            let roots: Vec<(u32, f64)> = positive.iter().map(|term| (*term, scale)).collect();
            let grain = scale * SURVEY_GRAIN;
            self.pass(positive, Side::Lower, grain, Some(&relevance(self.cone, &roots, &likely)))?;
            let failed = self.combine(Combination::All, positive, Side::Lower, grain)?;
            let found = self.probability(failed)?;
            for (term, likely) in likely.iter_mut().enumerate().skip(self.cone.events) {
                *likely = likely.max(self.probability(self.function[term])?);
            }
            if found >= scale / 10.0 || scale < LEAST_SCALE {
                let scale = found.max(LEAST_SCALE);
                // Something that must fail matters as far as the rest has failed with it.
                let roots: Vec<(u32, f64)> =
                    positive.iter().map(|term| (*term, given(scale, likely[*term as usize]))).collect();
                return Ok(Survey { scale, relevance: relevance(self.cone, &roots, &likely) });
            }
            scale /= 30.0;
        }
    }

    /// The functions of one side of all that `roots` depend on, cut everywhere alike or by relevance.
    fn pass(&mut self, roots: &[u32], side: Side, grain: f64, relevance: Option<&[f64]>) -> Result<(), BudgetExceeded> {
        let events = self.cone.events;
        self.function[events..].fill(Bdd::FALSE);
        let below = self.cone.below(roots);
        let grain = |gate: usize| {
            let relevance = relevance.map_or(1.0, |relevance| relevance[events + gate]);
            grain / relevance.max(LEAST_RELEVANCE).powf(RELEVANCE)
        };
        for (range, cyclic) in self.cone.parts() {
            // A cycle is needed as a whole or not at all.
            let wanted = range.filter(|gate| below[events + gate]).collect::<Vec<usize>>();
            if cyclic {
                self.settle(&wanted, side, grain)?;
                continue;
            }
            for gate in wanted {
                self.function[events + gate] = self.gate(gate, side, grain(gate))?;
            }
        }
        Ok(())
    }

    /// What a gate makes of its inputs' functions, cut.
    fn gate(&mut self, gate: usize, side: Side, grain: f64) -> Result<Bdd, BudgetExceeded> {
        let inputs = self.cone.inputs(gate);
        match self.cone.threshold(gate) {
            1 => self.combine(Combination::Any, inputs, side, grain),
            all if all == inputs.len() => self.combine(Combination::All, inputs, side, grain),
            threshold => {
                let whole = self.manager.at_least(threshold, &self.functions(inputs))?;
                let part = self.cut(whole, side, grain)?;
                self.lapse(whole, part)?;
                Ok(part)
            }
        }
    }

    /// An OR or AND. It takes its inputs one after another and is cut each time, as if it were a chain of gates: the whole
    /// would be many times as large as what stays.
    fn combine(
        &mut self,
        combination: Combination,
        terms: &[u32],
        side: Side,
        grain: f64,
    ) -> Result<Bdd, BudgetExceeded> {
        let mut inputs = self.functions(terms);
        // The deepest first: the next is then laid on top.
        inputs.sort_by_key(|input| (std::cmp::Reverse(self.manager.node(*input).0), *input));
        inputs.dedup();
        let mut inputs = inputs.into_iter();
        let Some(mut function) = inputs.next() else {
            return Ok(if combination == Combination::Any { Bdd::FALSE } else { Bdd::TRUE });
        };
        for input in inputs {
            let whole = match combination {
                Combination::Any => self.manager.or(function, input)?,
                Combination::All => self.manager.and(function, input)?,
            };
            function = self.cut(whole, side, grain)?;
            self.lapse(whole, function)?;
        }
        Ok(function)
    }

    fn functions(&self, terms: &[u32]) -> Vec<Bdd> {
        terms.iter().map(|term| self.function[*term as usize]).collect()
    }

    /// The gates of a cycle, from *false* upward.
    fn settle(&mut self, cycle: &[usize], side: Side, grain: impl Fn(usize) -> f64) -> Result<(), BudgetExceeded> {
        for _ in 0..MOST_ROUNDS {
            let mut changed = false;
            for gate in cycle {
                let term = self.cone.events + gate;
                let before = self.function[term];
                let inputs = self.functions(self.cone.inputs(*gate));
                let now = self.manager.at_least(self.cone.threshold(*gate), &inputs)?;
                let whole = self.manager.or(before, now)?;
                if whole != before {
                    self.function[term] = self.cut(whole, side, grain(*gate))?;
                    changed |= self.function[term] != before;
                }
            }
            if !changed {
                break;
            }
        }
        for gate in cycle {
            let inputs = self.functions(self.cone.inputs(*gate));
            let whole = self.manager.at_least(self.cone.threshold(*gate), &inputs)?;
            let term = self.cone.events + gate;
            let part = self.function[term];
            if self.manager.and_not(whole, part)? == Bdd::FALSE {
                continue;
            }
            self.exact = false;
            self.lapse(whole, part)?;
            if side == Side::Upper {
                for gate in cycle {
                    self.function[self.cone.events + gate] = Bdd::TRUE;
                }
                break;
            }
        }
        Ok(())
    }

    /// Notes the worlds in which a function lost what the gate makes of its inputs.
    fn lapse(&mut self, whole: Bdd, part: Bdd) -> Result<(), BudgetExceeded> {
        if self.within != Bdd::FALSE {
            let lost = self.manager.and_not(whole, part)?;
            let lost = self.manager.and(lost, self.within)?;
            let diagram = self.read(lost)?;
            self.lapses = add_up(self.lapses, self.up(&diagram)[diagram.root() as usize].hi);
        }
        Ok(())
    }

    /// The diagram of a function, paid for.
    fn read(&mut self, function: Bdd) -> Result<Diagram, BudgetExceeded> {
        let diagram = self.manager.diagram(function);
        self.read_left = self.read_left.checked_sub(diagram.len()).ok_or(BudgetExceeded::Nodes(self.node_budget))?;
        Ok(diagram)
    }

    /// Probability of a function, about.
    fn probability(&mut self, function: Bdd) -> Result<f64, BudgetExceeded> {
        let diagram = self.read(function)?;
        Ok(diagram.up(&self.weight)[diagram.root() as usize])
    }

    /// Cuts a monotone function: gives up nodes and tests of events that change it in worlds of a probability below `grain`
    /// each.
    ///
    /// The result implies the function (`Lower`) or is implied by it (`Upper`), and is monotone again: where an event
    /// is tested, what was given up on one side is made up for on the other.
    fn cut(&mut self, function: Bdd, side: Side, grain: f64) -> Result<Bdd, BudgetExceeded> {
        let diagram = self.read(function)?;
        if diagram.len() < self.small {
            return Ok(function);
        }
        let Some(fate) = self.fates(&diagram, side, grain) else { return Ok(function) };
        self.exact = false;
        let mut image = vec![Bdd::FALSE; diagram.len()];
        image[1] = Bdd::TRUE;
        let mut changed = vec![false; diagram.len()];
        for v in 2..diagram.len() {
            let (level, lo, hi) = diagram.node(v as u32);
            let is_changed = |child: u32| changed[child as usize];
            let [mut low, mut high] = [image[lo as usize], image[hi as usize]];
            image[v] = match (fate[v], side) {
                (Fate::GivenUp, Side::Lower) => Bdd::FALSE,
                (Fate::GivenUp, Side::Upper) => Bdd::TRUE,
                (Fate::Untested, Side::Lower) => low,
                (Fate::Untested, Side::Upper) => high,
                (Fate::Kept, _) => {
                    if side == Side::Lower && is_changed(hi) {
                        high = self.manager.or(low, high)?;
                    } else if side == Side::Upper && is_changed(lo) {
                        low = self.manager.and(low, high)?;
                    }
                    self.manager.branch(level, low, high)?
                }
            };
            changed[v] = fate[v] != Fate::Kept || is_changed(lo) || is_changed(hi);
        }
        Ok(image[diagram.root() as usize])
    }

    /// What becomes of each node of a function that is cut; `None` if all are kept.
    fn fates(&self, diagram: &Diagram, side: Side, grain: f64) -> Option<Vec<Fate>> {
        let up = diagram.up(&self.weight);
        let mut down = vec![0.0; diagram.len()];
        down[diagram.root() as usize] = 1.0;
        let mut fate = vec![Fate::GivenUp; diagram.len()];
        let mut whole = true;
        for v in (2..diagram.len()).rev() {
            let given_up = if side == Side::Lower { up[v] } else { 1.0 - up[v] };
            if down[v] * given_up < grain {
                // What cannot be reached any more is nobody's loss.
                whole &= down[v] <= 0.0;
                continue;
            }
            let (level, lo, hi) = diagram.node(v as u32);
            let (lo, hi) = (lo as usize, hi as usize);
            let p = self.weight[level as usize];
            let (wrong, right) = if side == Side::Lower { (p, lo) } else { (1.0 - p, hi) };
            if down[v] * wrong * (up[hi] - up[lo]) < grain {
                fate[v] = Fate::Untested;
                whole = false;
                down[right] += down[v];
            } else {
                fate[v] = Fate::Kept;
                down[lo] += down[v] * (1.0 - p);
                down[hi] += down[v] * p;
            }
        }
        (!whole).then_some(fate)
    }

    /// For each node the probability of the function below it.
    fn up(&self, diagram: &Diagram) -> Vec<Mass> {
        let mut up = vec![Mass::ZERO; diagram.len()];
        up[1] = Mass::ONE;
        for v in 2..diagram.len() {
            let (level, lo, hi) = diagram.node(v as u32);
            let [absent, present] = self.chance[level as usize];
            up[v] = up[lo as usize].times(absent).plus(up[hi as usize].times(present)).at_most(1.0);
        }
        up
    }

    /// Masses of a function, alone and with each level's event.
    fn masses(&self, function: Bdd) -> Masses {
        let diagram = self.manager.diagram(function);
        let up = self.up(&diagram);
        let mut down = vec![Mass::ZERO; diagram.len()];
        down[diagram.root() as usize] = Mass::ONE;
        let total = up[diagram.root() as usize];
        let mut joint = vec![[Mass::ZERO; 2]; self.chance.len()];
        for v in (2..diagram.len()).rev() {
            let (level, lo, hi) = diagram.node(v as u32);
            for (at, child) in [lo, hi].into_iter().enumerate() {
                let reached = down[v].times(self.chance[level as usize][at]);
                down[child as usize] += reached;
                joint[level as usize][at] += reached.times(up[child as usize]);
            }
        }
        for (joint, chance) in joint.iter_mut().zip(self.chance) {
            // Where the function does not ask for the event, that is independent of it.
            let away = total.less(joint[0].plus(joint[1]));
            for at in [0, 1] {
                joint[at] += away.times(chance[at]);
            }
        }
        Masses { total, joint }
    }
}
