//! Brackets: what [envelopes](super::envelope) of a reduced network say about the original one.
//!
//! The network is [reduced](crate::reduce) first. Its parts are independent, so that P(E) is the probability of what was
//! settled times the product over the parts, and so is P(E and e) with the part of e asked for both. An event of a part
//! may stand for a group of original events. With G the group and m a member,
//!
//! P(E and m) = P(E and G) · P(m | G) + P(E and not G) · P(m | not G),
//!
//! and likewise without m: sums of products of numbers that are not negative, through which intervals pass. All of
//! it is rounded outward.

use super::cone::Cone;
use super::envelope::{Envelope, Enveloped};
use super::mass::Mass;
use crate::decision_diagram::BudgetExceeded;
use crate::network::Network;
use crate::reduce::{Combination, Fate, Forest, ForestNode, Part, Reduction, reduce};
use crate::variable_order;

/// How finely envelopes are cut, one round after another, relative to the probability of the evidence. A quarter of the
/// grain takes some two times the nodes.
const GRAINS: [f64; 7] = [1e-4, 2e-5, 5e-6, 1.2e-6, 2e-7, 1e-8, 0.0];

/// Parts that promise less than this much of what the best one does are left alone for the time being.
const WORTHWHILE: f64 = 0.25;

const UNKNOWN: Mass = Mass { lo: 0.0, hi: 1.0 };

/// Bounds of the probability of the evidence, alone and together with each event, and what is needed to narrow them.
pub(super) struct Brackets {
    reduction: Reduction,
    /// Probability of what was settled.
    settled: Mass,
    /// By node of the forest: probabilities of being absent and present.
    chance: Vec<[Mass; 2]>,
    pieces: Vec<Piece>,
    /// Nodes that the last round made.
    last: usize,
    pub(super) evidence: Mass,
    /// By original event: together with it absent, and present.
    pub(super) joint: Vec<[Mass; 2]>,
}

/// An independent part of the reduced network.
struct Piece {
    enveloped: Enveloped,
    /// By event.
    stands_for: Vec<ForestNode>,
    found: Option<Envelope>,
    /// Rounds that it has had, and nodes that the last one made.
    rounds: usize,
    nodes: usize,
}

impl Brackets {
    /// O(network).
    pub(super) fn new(network: &Network) -> Self {
        // Whose fault an event is makes no difference to any of this.
        let plain = Network { fault: vec![None; network.events()], failures: Vec::new(), ..network.clone() };
        let mut reduction = reduce(plain);
        let chance = chances(&reduction.forest, &network.probability);
        let mut settled = if reduction.impossible { Mass::ZERO } else { Mass::ONE };
        for (fate, [absent, present]) in reduction.fate.iter().zip(&chance) {
            match fate {
                Fate::Open => {}
                Fate::Present => settled *= *present,
                Fate::Absent => settled *= *absent,
            }
        }
        let piece = |Part { network, stands_for }: Part| {
            let order = variable_order::lengthwise(&network).into_iter().map(|event| event.0).collect();
            let chance: Vec<[Mass; 2]> = stands_for.iter().map(|node| chance[*node as usize]).collect();
            Piece {
                enveloped: Enveloped::new(Cone::new(&network), order, &chance),
                stands_for,
                found: None,
                rounds: 0,
                nodes: 0,
            }
        };
        let pieces = std::mem::take(&mut reduction.parts).into_iter().map(piece).collect();
        let mut brackets = Self {
            joint: vec![[UNKNOWN; 2]; network.events()],
            reduction,
            settled,
            chance,
            pieces,
            last: 0,
            evidence: UNKNOWN,
        };
        brackets.combine();
        brackets
    }

    /// Whether reduction has shown that nothing explains the evidence.
    pub(super) fn is_impossible(&self) -> bool {
        self.reduction.impossible
    }

    /// Narrows the bounds of the most promising parts by one round, if there is one left and `node_budget` may suffice for it; takes
    /// the nodes it made from that. Returns whether it did.
    pub(super) fn narrow(&mut self, node_budget: &mut usize) -> bool {
        let unfinished = |piece: &Piece| !piece.is_exact() && piece.rounds < GRAINS.len();
        let best = self.pieces.iter().filter(|piece| unfinished(piece)).map(Piece::promise).fold(0.0, f64::max);
        let pieces = self.pieces.iter_mut().filter(|piece| unfinished(piece) && piece.promise() >= best * WORTHWHILE);
        let mut pieces = pieces.peekable();
        if pieces.peek().is_none() || self.last > *node_budget {
            return false;
        }
        self.last = 0;
        for piece in pieces {
            let (found, nodes) = piece.enveloped.envelope(GRAINS[piece.rounds], *node_budget);
            piece.rounds += 1;
            piece.nodes = nodes;
            *node_budget = node_budget.saturating_sub(nodes);
            self.last += nodes;
            match found {
                Ok(found) => {
                    piece.found = Some(match piece.found.take() {
                        Some(before) => before.and(found),
                        None => found,
                    });
                }
                Err(BudgetExceeded::Nodes(_) | BudgetExceeded::Steps(_)) => {
                    *node_budget = 0;
                    break;
                }
            }
        }
        self.combine();
        true
    }

    /// Puts together what is known of the parts. O(events).
    fn combine(&mut self) {
        // Products over the parts after each one; those before it are multiplied up on the way. Nothing is divided.
        let mut after = vec![Mass::ONE];
        for piece in self.pieces.iter().rev() {
            after.push(after[after.len() - 1].times(piece.evidence()));
        }
        let evidence = self.settled.times(after[self.pieces.len()]);
        let mut joint: Vec<[Mass; 2]> = self
            .reduction
            .fate
            .iter()
            .zip(&self.chance)
            .map(|(fate, chance)| match fate {
                Fate::Open => chance.map(|chance| evidence.times(chance)),
                Fate::Present => [Mass::ZERO, evidence],
                Fate::Absent => [evidence, Mass::ZERO],
            })
            .collect();
        let mut before = self.settled;
        for (piece, after) in self.pieces.iter().zip(after.iter().rev().skip(1)) {
            let others = before.times(*after);
            for (event, root) in piece.stands_for.iter().enumerate() {
                let own = match &piece.found {
                    Some(found) => found.joint[event],
                    None => self.chance[*root as usize].map(|chance| Mass { lo: 0.0, ..chance }),
                };
                let own = own.map(|mass| others.times(mass));
                split(&self.reduction.forest, &self.chance, *root, own, |leaf, masses| joint[leaf] = masses);
            }
            before *= piece.evidence();
        }
        self.evidence = self.evidence.and(evidence);
        for (known, found) in self.joint.iter_mut().zip(joint) {
            *known = [known[0].and(found[0]), known[1].and(found[1])];
        }
    }
}

impl Piece {
    fn is_exact(&self) -> bool {
        self.found.as_ref().is_some_and(|found| found.exact)
    }

    /// What another round may gain: how wide its probability is, relative to itself, for each node of the last round.
    fn promise(&self) -> f64 {
        let Mass { lo, hi } = self.evidence();
        if lo > 0.0 { (hi - lo) / lo / (self.nodes + 1) as f64 } else { f64::INFINITY }
    }

    fn evidence(&self) -> Mass {
        self.found.as_ref().map_or(UNKNOWN, |found| found.evidence)
    }
}

/// Probabilities of every node of a forest being absent and present, from those of the leaves. O(nodes).
fn chances(forest: &Forest, probability: &[f64]) -> Vec<[Mass; 2]> {
    let mut chance: Vec<[Mass; 2]> = probability.iter().map(|p| [Mass::complement(*p), Mass::exact(*p)]).collect();
    for node in chance.len()..forest.len() {
        let (combination, members) = forest.group(node as ForestNode).expect("leaves come first");
        // An OR is present from its first member that is, an AND absent.
        let (decides, other) = sides(combination);
        let mut group = [Mass::ZERO; 2];
        group[other] = Mass::ONE;
        for member in members {
            let member = chance[*member as usize];
            group[decides] = member[decides].plus(member[other].times(group[decides])).at_most(1.0);
            group[other] *= member[other];
        }
        chance.push(group);
    }
    chance
}

/// Hands the masses of a node (together with it absent, and present) on to the leaves below it.
fn split(
    forest: &Forest,
    chance: &[[Mass; 2]],
    root: ForestNode,
    masses: [Mass; 2],
    mut found: impl FnMut(usize, [Mass; 2]),
) {
    let mut open = vec![(root, masses)];
    while let Some((node, masses)) = open.pop() {
        let Some((combination, members)) = forest.group(node) else {
            found(node as usize, masses);
            continue;
        };
        // A member that decides its group does so alone: P(m | G) = P(m) / P(G).
        let (decides, other) = sides(combination);
        for member in members {
            let given = chance[*member as usize][decides].over(chance[node as usize][decides]);
            let mut own = [Mass::ZERO; 2];
            own[decides] = masses[decides].times(given);
            own[other] = masses[other].plus(masses[decides].times(Mass::ONE.less(given)));
            open.push((*member, own));
        }
    }
}

/// Which state of one member decides a group, and the other: 0 is absent, 1 is present.
fn sides(combination: Combination) -> (usize, usize) {
    match combination {
        Combination::Any => (1, 0),
        Combination::All => (0, 1),
    }
}
