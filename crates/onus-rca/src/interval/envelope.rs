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
//! P(L ∧ ¬M ∧ e) − Σ P(lapse below N ∧ W) ≤ P(E ∧ e) ≤ P(L ∧ ¬M ∧ e) + Σ P(lapse below F ∧ U ∧ ¬K)
//!
//! for any K ≤ L and W ≥ L, by the union bound. A world of L ∧ ¬M that is not in E is in N, since it is in F; there M misses it, so that
//! it has a lapse below N, and it is in W. A world of E that is not in L ∧ ¬M is not in L, since M ≤ N; there L misses F, so that
//! it has a lapse below F, and it is in F, hence in U, and not in K. Most lapses are behind something redundant that works,
//! hence outside U, or beside something that K has found, and do not count; U itself may be far from F and small for it.
//! P(U ∧ ¬M ∧ e) is another upper bound.
//!
//! Where faults are rare L comes from [`small_sets`](super::small_sets) instead, and what these drop stands for the lapses below F.
//!
//! Estimates of probability only decide *where* to cut: what is given up at a time is *grain*, in upper functions divided by
//! the relevance of the gate, so that a gate behind redundant ones is cut more than one on which the failure depends
//! alone. What the bounds are made of is computed with outward rounding.
//!
//! Literature: Bryant (1986), Graph-based algorithms for boolean function manipulation; Ravi & Somenzi (1995), High-density
//! reachability analysis, for cutting diagrams down by what they hold; Tarski (1955), A lattice-theoretical fixpoint
//! theorem.

mod cut;

use super::cone::Cone;
use super::mass::{Mass, add_up, sub_down};
use super::relevance::{as_if_independent, given, relevance};
use super::small_sets::{Question, SmallSets, Steps};
use crate::decision_diagram::{Bdd, BudgetExceeded, Manager};
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
/// How finely the worlds are described in which lapses count against what must fail, relative to its probability.
const WITHIN_GRAIN: f64 = 1e-3;
/// Exponent of relevance: below 1, since what is kept in one gate costs nodes in all that depend on it.
const RELEVANCE: f64 = 0.8;
/// Less relevance is taken for this much.
const LEAST_RELEVANCE: f64 = 1e-9;
/// How finely the survey cuts, relative to what it looks for.
const SURVEY_GRAIN: f64 = 1e-4;
/// How much of the failure small sets may lose, relative to how finely functions are cut.
const SETS_LOSE: f64 = 90.0;
/// Small sets are good enough to be the failure's only bounds where they drop no more than this much of it.
const CLOSE: f64 = 0.5;
/// How much of what small sets hold may be left out of their function, likewise.
const SETS_LEFT_OUT: f64 = 10.0;
/// Pairs of small sets that are looked at in the time in which a node is made.
const PAIRS_PER_NODE: usize = 10;
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

impl Envelope {
    /// What two envelopes of the same evidence say together.
    pub(super) fn and(self, other: Self) -> Self {
        let joint = self.joint.into_iter().zip(other.joint).map(|(a, b)| [a[0].and(b[0]), a[1].and(b[1])]).collect();
        Self { evidence: self.evidence.and(other.evidence), joint, exact: self.exact || other.exact }
    }
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
    /// Small sets for all that must fail.
    pub(super) steps: Steps,
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
            steps: Steps::new(),
            small: SMALL,
        }
    }

    /// Envelopes the evidence, giving up about `grain` of its probability at a time. Also says how many nodes it made; looking
    /// at pairs of small sets is paid for in nodes too.
    pub(super) fn envelope(&mut self, grain: f64, node_budget: usize) -> (Result<Envelope, BudgetExceeded>, usize) {
        let Self { cone, order, chance, steps, .. } = self;
        let question = Question { cone, order, chance, roots: &cone.positive };
        let pairs = steps.refine(question, grain * SETS_LOSE, node_budget.saturating_mul(PAIRS_PER_NODE));
        let nodes = pairs / PAIRS_PER_NODE;
        let sets = steps.sets.take();
        let close = sets.as_ref().filter(|sets| sets.dropped <= CLOSE * sets.held());
        let mut survey = self.survey.take();
        let mut builder = Builder::new(self, node_budget - nodes);
        let result = builder.run(close, &mut survey, grain);
        let nodes = nodes + builder.manager.statistics().nodes;
        (self.survey, self.steps.sets) = (survey, sets);
        (result, nodes)
    }
}

/// That everything failed that must, F.
struct Failure {
    /// It implies F.
    lower: Bdd,
    /// F implies it.
    upper: Bdd,
    /// At most the probability of F without `lower`.
    missed: f64,
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

    fn run(
        &mut self,
        sets: Option<&SmallSets>,
        survey: &mut Option<Survey>,
        grain: f64,
    ) -> Result<Envelope, BudgetExceeded> {
        for (level, event) in self.order.iter().enumerate() {
            self.function[*event as usize] = self.manager.variable(level as u32)?;
        }
        let Failure { lower, upper, missed: more } = match sets {
            Some(sets) => self.failure_by_sets(sets, grain)?,
            None => self.failure_by_functions(survey, grain)?,
        };
        let negative = &self.cone.negative;
        self.within = self.about(lower)?;
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

    /// A small function that a monotone one implies.
    fn about(&mut self, function: Bdd) -> Result<Bdd, BudgetExceeded> {
        let grain = self.probability(function)? * WITHIN_GRAIN;
        let exact = self.exact;
        let about = self.cut(function, Side::Upper, grain)?;
        self.exact = exact;
        Ok(about)
    }

    /// All that must fail, from its small sets.
    fn failure_by_sets(&mut self, sets: &SmallSets, grain: f64) -> Result<Failure, BudgetExceeded> {
        let left_out = (sets.dropped / 2.0).max(grain * SETS_LEFT_OUT * sets.held());
        let (lower, missed) = sets.any(&mut self.manager, left_out)?;
        self.exact = missed <= 0.0;
        Ok(Failure { lower, upper: Bdd::TRUE, missed })
    }

    /// All that must fail, from the functions of its gates.
    fn failure_by_functions(&mut self, survey: &mut Option<Survey>, grain: f64) -> Result<Failure, BudgetExceeded> {
        let survey = match survey {
            Some(survey) => survey,
            None => survey.insert(self.survey()?),
        };
        self.exact = true;
        let positive = &self.cone.positive;
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
        Ok(Failure { lower, upper, missed: std::mem::take(&mut self.lapses) })
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
}
