//! Best-first partial expansion of the worlds of a network.
//!
//! A *leaf* is the set of worlds in which some events are fixed. To examine it is to sweep its low and its high world: a
//! requirement that comes out the same in both holds (or does not) in all its worlds. What stays open is split along a
//! *list of literals* chosen so that all of them together decide the leaf:
//!
//! * if some event must still fail, the absence of a way out of it ([`Searcher::avoid`]): where all these
//!   events are absent the evidence surely does not hold;
//! * otherwise the absence of a way out of everything that must not fail: where all these events are absent the
//!   evidence surely holds.
//!
//! The worlds of a leaf then fall apart into those in which all literals hold, decided at once, and, for each literal,
//! those in which it is the first one not to: new leaves. Since faults are rare, what is decided at once is most of the
//! mass, and the new leaves are smaller by a fault's probability each. Leaves made but not examined are kept
//! together as a *tail* until their turn comes. Before it is split, a leaf is also rid of what the evidence forces.
//!
//! This is the scheme of Dotson & Gobien (1979) for networks, carried over to monotone networks with cycles and with
//! evidence of both signs; the order, greatest open mass first, is that of Henrion's `TopN` (1990).

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::cone::{Cone, FALSE, OPEN, Searcher, TRUE};
use super::mass::{Mass, add_up, mul_up};

/// No split: above the root.
const NONE: u32 = u32::MAX;

/// An event and a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Literal(u32);

impl Literal {
    fn new(event: u32, present: bool) -> Self {
        Self(event << 1 | u32::from(present))
    }

    pub(super) fn event(self) -> usize {
        (self.0 >> 1) as usize
    }

    pub(super) fn present(self) -> bool {
        self.0 & 1 == 1
    }

    pub(super) fn negated(self) -> Self {
        Self(self.0 ^ 1)
    }
}

/// A leaf that was examined, and how it was split.
#[derive(Debug)]
pub(super) struct Split {
    /// The leaf: of this split, the worlds in which the literal at `at` is the first not to hold.
    pub(super) parent: u32,
    pub(super) at: u32,
    /// What the evidence forces in it.
    pub(super) forced: Vec<Literal>,
    pub(super) literals: Vec<Literal>,
    /// For each place in `literals`, the probability that not all from there on hold, at most.
    pub(super) rest: Vec<f64>,
    /// Mass of the worlds in which all literals hold, if those surely are part of the evidence.
    pub(super) sure: Option<Mass>,
    /// Mass of the leaf, with what is forced.
    pub(super) mass: Mass,
}

/// Worlds that are not decided.
#[allow(clippy::struct_field_names, reason = "the mass that is open is what one is ordered by")]
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Open {
    /// Mass, at most.
    pub(super) open: f64,
    /// Mass of the worlds in which the literals before `at` hold.
    pub(super) mass: Mass,
    pub(super) split: u32,
    pub(super) at: u32,
    /// Those in which the literal at `at` does not hold; otherwise those in which some literal from `at` on does not.
    pub(super) leaf: bool,
}

impl Eq for Open {}

impl Ord for Open {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |open: &Self| (open.split, open.at, open.leaf);
        self.open.total_cmp(&other.open).then_with(|| key(other).cmp(&key(self)))
    }
}

impl PartialOrd for Open {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// An expansion, as far as it went.
pub(super) struct Expansion<'p> {
    pub(super) cone: Cone,
    pub(super) probability: &'p [f64],
    pub(super) splits: Vec<Split>,
    pub(super) queue: BinaryHeap<Open>,
    /// Mass that surely belongs to the evidence.
    pub(super) sure: Mass,
    /// Open mass decided so far, about.
    pub(super) settled: f64,
    /// Leaves examined.
    pub(super) steps: u64,
    pub(super) searcher: Searcher,
    /// Two bits for each term; between examinations every event is free again.
    pub(super) state: Vec<u8>,
    fixed: Vec<u32>,
    found: Vec<u32>,
    forced: Vec<(u32, bool)>,
}

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing was open.
    Finished,
    /// No world of the leaf belongs to the evidence.
    Excluded,
    /// It became this split.
    Split(u32),
}

/// What a leaf turned out to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Examined {
    /// No world of it belongs to the evidence.
    Excluded,
    /// It was split; the new split is the last one.
    Split,
}

impl<'p> Expansion<'p> {
    pub(super) fn new(cone: Cone, probability: &'p [f64]) -> Self {
        let searcher = Searcher::new(&cone);
        let mut state = vec![FALSE; cone.len()];
        for (event, p) in probability.iter().enumerate() {
            state[event] = free(*p);
        }
        Self {
            queue: BinaryHeap::from([Open { open: 1.0, mass: Mass::ONE, split: NONE, at: 0, leaf: true }]),
            cone,
            probability,
            splits: Vec::new(),
            sure: Mass::ZERO,
            settled: 0.0,
            steps: 0,
            searcher,
            state,
            fixed: Vec::new(),
            found: Vec::new(),
            forced: Vec::new(),
        }
    }

    /// Terms looked at so far.
    pub(super) fn visits(&self) -> u64 {
        self.searcher.visits
    }

    /// The open mass, at most.
    pub(super) fn open(&self) -> f64 {
        self.queue.iter().fold(0.0, |sum, open| add_up(sum, open.open))
    }

    /// Examines the greatest open leaf.
    pub(super) fn step(&mut self) -> Step {
        loop {
            let Some(top) = self.queue.pop() else { return Step::Finished };
            if !top.leaf {
                self.untie(top);
                continue;
            }
            self.steps += 1;
            self.settled += top.open;
            let examined = self.examine(top);
            self.release();
            let Examined::Split = examined else { return Step::Excluded };
            let number = self.splits.len() as u32 - 1;
            let split = &self.splits[number as usize];
            if let Some(sure) = split.sure {
                self.sure += sure;
            }
            let tail = Open { open: 0.0, mass: split.mass, split: number, at: 0, leaf: false };
            self.settled -= self.push_tail(tail);
            return Step::Split(number);
        }
    }

    /// Puts a tail on the queue, if there is anything in it; returns its mass.
    fn push_tail(&mut self, tail: Open) -> f64 {
        let Some(rest) = self.splits[tail.split as usize].rest.get(tail.at as usize) else { return 0.0 };
        let open = mul_up(tail.mass.hi, *rest);
        if open > 0.0 {
            self.queue.push(Open { open, ..tail });
        }
        open
    }

    /// Takes the first leaf from a tail.
    fn untie(&mut self, tail: Open) {
        let literal = self.splits[tail.split as usize].literals[tail.at as usize];
        let mass = tail.mass.times(self.weight(literal.negated()));
        if mass.hi > 0.0 {
            self.queue.push(Open { open: mass.hi, mass, leaf: true, ..tail });
        }
        let mass = tail.mass.times(self.weight(literal));
        self.push_tail(Open { mass, at: tail.at + 1, ..tail });
    }

    /// Probability of a literal.
    pub(super) fn weight(&self, literal: Literal) -> Mass {
        let p = self.probability[literal.event()];
        if literal.present() { Mass::exact(p) } else { Mass::complement(p) }
    }

    /// What is fixed in a leaf of a split: walks up to the root.
    pub(super) fn fixed(&self, split: u32, at: u32, mut visit: impl FnMut(Literal)) {
        let (mut split, mut at) = (split, at);
        while let Some(above) = self.splits.get(split as usize) {
            above.literals[..at as usize].iter().for_each(|literal| visit(*literal));
            visit(above.literals[at as usize].negated());
            above.forced.iter().for_each(|literal| visit(*literal));
            (split, at) = (above.parent, above.at);
        }
    }

    /// Fixes in the state what is fixed where all literals of a split hold.
    pub(super) fn enter(&mut self, split: u32) {
        let mut literals = Vec::new();
        let here = &self.splits[split as usize];
        literals.extend(here.literals.iter().chain(&here.forced));
        self.fixed(here.parent, here.at, |literal| literals.push(literal));
        for literal in literals {
            self.fix(literal.event() as u32, literal.present());
        }
    }

    pub(super) fn fix(&mut self, event: u32, present: bool) {
        self.state[event as usize] = if present { TRUE } else { FALSE };
        self.fixed.push(event);
    }

    /// Frees every event.
    pub(super) fn reset(&mut self) {
        for (bits, p) in self.state.iter_mut().zip(self.probability) {
            *bits = free(*p);
        }
    }

    /// Frees what was fixed.
    pub(super) fn release(&mut self) {
        for event in self.fixed.drain(..) {
            self.state[event as usize] = free(self.probability[event as usize]);
        }
    }

    pub(super) fn sweep(&mut self) {
        self.searcher.visits += self.cone.sweep(&mut self.state);
    }

    fn examine(&mut self, leaf: Open) -> Examined {
        let mut literals = Vec::new();
        self.fixed(leaf.split, leaf.at, |literal| literals.push(literal));
        self.searcher.visits += literals.len() as u64;
        for literal in literals {
            self.fix(literal.event() as u32, literal.present());
        }
        let mut mass = leaf.mass;
        let mut forced = Vec::new();
        loop {
            self.sweep();
            let state = &self.state;
            if self.cone.positive.iter().any(|term| state[*term as usize] == FALSE)
                || self.cone.negative.iter().any(|term| state[*term as usize] == TRUE)
            {
                return Examined::Excluded;
            }
            self.forced.clear();
            if self.searcher.forced(&self.cone, &self.state, &mut self.forced).is_none() {
                return Examined::Excluded;
            }
            if self.forced.is_empty() {
                break;
            }
            for (event, present) in std::mem::take(&mut self.forced) {
                let literal = Literal::new(event, present);
                mass *= self.weight(literal);
                forced.push(literal);
                self.fix(event, present);
            }
        }
        let sure = self.cone.positive.iter().all(|term| self.state[*term as usize] == TRUE);
        let literals = self.way_out(sure);
        let mut rest = vec![0.0; literals.len()];
        let mut sum = 0.0;
        for (at, literal) in literals.iter().enumerate().rev() {
            sum = add_up(self.weight(literal.negated()).hi, mul_up(self.weight(*literal).hi, sum)).min(1.0);
            rest[at] = sum;
        }
        let sure = sure.then(|| literals.iter().fold(mass, |mass, literal| mass.times(self.weight(*literal))));
        self.splits.push(Split { parent: leaf.split, at: leaf.at, forced, literals, rest, sure, mass });
        Examined::Split
    }

    /// The literals that decide the leaf in the state: those in every way out first, then the greatest first.
    fn way_out(&mut self, sure: bool) -> Vec<Literal> {
        self.searcher.price(&self.cone, &self.state);
        let mut best: Option<(f64, usize, Vec<u32>)> = None;
        if sure {
            self.found.clear();
            let certain = self.searcher.avoid(&self.cone, &self.state, &self.cone.negative, &mut self.found);
            best = Some((0.0, certain, self.found.clone()));
        } else {
            let open = self.cone.positive.iter().filter(|term| self.state[**term as usize] == OPEN);
            for target in open.take(MOST_TARGETS) {
                self.found.clear();
                let certain = self.searcher.avoid(&self.cone, &self.state, &[*target], &mut self.found);
                let cost: f64 = self.found.iter().map(|event| self.probability[*event as usize]).sum();
                if best.as_ref().is_none_or(|(least, ..)| cost < *least) {
                    best = Some((cost, certain, self.found.clone()));
                }
            }
        }
        let (_, certain, mut events) = best.expect("an open leaf has an open requirement");
        let probable_first = |a: &u32, b: &u32| {
            let p = |event: &u32| self.probability[*event as usize];
            p(b).total_cmp(&p(a)).then(a.cmp(b))
        };
        events[..certain].sort_unstable_by(probable_first);
        events[certain..].sort_unstable_by(probable_first);
        events.into_iter().map(|event| Literal::new(event, false)).collect()
    }
}

/// Requirements among which the cheapest way out is looked for.
const MOST_TARGETS: usize = 8;

/// The bits of an event that is not fixed: what is certain is certain from the beginning.
fn free(p: f64) -> u8 {
    if p <= 0.0 {
        FALSE
    } else if p >= 1.0 {
        TRUE
    } else {
        OPEN
    }
}
