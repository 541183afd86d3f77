//! Which single faults explain what was seen: exact, gates and loops included.
//!
//! 1. **Two masks.** One sweep against the run of failure gives each node the observations it can reach (*upper*: by any way) and those it
//!    reaches whatever else works (*lower*: by gates that one failure is enough for). A fault is out when its upper mask
//!    lacks an observed failure, or its lower mask holds something that works. It is in when its lower mask holds all failures
//!    and its upper mask nothing that works.
//! 2. What is left open is worked out, as signatures over what was observed ([`Circuit::signatures`]).
//!
//! The masks leave much open where each fault reaches half of a circuit through gates that need two: then the second step
//! costs a sweep of lanes for each 512 faults that are open.

use rustc_hash::FxHashMap;

use super::cascade::lacking;
use super::counters::Counters;
use super::dictionary::DictionaryWay;
use super::rounds::Rounds;
use super::{Circuit, Node};

/// Observations in one pair of masks.
const BITS: usize = u64::BITS as usize;

/// What the masks say of a fault.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    In,
    Open,
    Out,
}

/// Single faults that explain some observations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidates {
    /// Positions in the faults asked about, rising.
    pub faults: Vec<usize>,
    /// How many of the faults the masks left open, and so had to be worked out.
    pub open: usize,
}

impl Circuit {
    /// Of some faults, those with which all of `failed` and none of `working` has failed, each by itself; `given` have failed
    /// already, see [`Cascade::given`](super::Cascade::given).
    ///
    /// O((nodes + edges) · observations / 64) and what [`Circuit::signatures`] takes for the faults left open. The answer is that
    /// of spreading each fault, but for a chance of 2⁻¹²⁸ for each fault left open.
    pub fn single_candidates(&self, faults: &[Node], given: &[Node], failed: &[Node], working: &[Node]) -> Candidates {
        let start = lacking(self, given);
        let is_given = |node: &Node| start.narrow[node.index()] == 0;
        if working.iter().any(|node| is_given(node) || failed.contains(node)) {
            return Candidates::default();
        }
        // What has failed already is explained already.
        let mut failed: Vec<Node> = failed.iter().copied().filter(|node| !is_given(node)).collect();
        failed.sort_unstable();
        failed.dedup();
        let observed: Vec<(Node, bool)> =
            failed.iter().map(|node| (*node, true)).chain(working.iter().map(|node| (*node, false))).collect();
        let mut verdicts = vec![Verdict::In; faults.len()];
        let mut masks = Masks::new(self, &start);
        for observed in observed.chunks(BITS) {
            masks.spread(observed);
            let bits = |wanted: bool| {
                let is_wanted = observed.iter().enumerate().filter(|(_, (_, failed))| *failed == wanted);
                is_wanted.fold(0_u64, |bits, (at, _)| bits | 1 << at)
            };
            let [failed, working] = [true, false].map(bits);
            for (fault, verdict) in faults.iter().zip(&mut verdicts) {
                *verdict = match (*verdict, masks.verdict(*fault, failed, working)) {
                    (Verdict::Out, _) | (_, Verdict::Out) => Verdict::Out,
                    (Verdict::In, Verdict::In) => Verdict::In,
                    _ => Verdict::Open,
                };
            }
        }
        let open: Vec<usize> = (0..faults.len()).filter(|at| verdicts[*at] == Verdict::Open).collect();
        let nodes: Vec<Node> = open.iter().map(|at| faults[*at]).collect();
        let watched = vec![observed.iter().map(|(node, _)| *node).collect()];
        let signatures = self.signatures(&nodes, given, &watched, DictionaryWay::Auto);
        let expected = self.signature(&failed);
        for (at, fault) in open.iter().enumerate() {
            verdicts[*fault] = if signatures.of(at) == [expected] { Verdict::In } else { Verdict::Out };
        }
        let faults = (0..faults.len()).filter(|at| verdicts[*at] == Verdict::In).collect();
        Candidates { faults, open: open.len() }
    }
}

/// Observations that a node reaches: by any way, and whatever else works.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Reached {
    upper: u64,
    lower: u64,
}

/// Which observations each node reaches.
struct Masks<'m> {
    circuit: &'m Circuit,
    start: &'m Counters,
    /// The bits of what was observed.
    own: FxHashMap<Node, u64>,
    /// By node, what its inputs reach by it: *upper* unless it has failed already, *lower* if one failure is enough for it. Both stand
    /// together, so that an edge costs one look.
    passed: Vec<Reached>,
    rounds: Rounds,
}

impl<'m> Masks<'m> {
    fn new(circuit: &'m Circuit, start: &'m Counters) -> Self {
        Self { circuit, start, own: FxHashMap::default(), passed: Vec::new(), rounds: Rounds::default() }
    }

    fn spread(&mut self, observed: &[(Node, bool)]) {
        let count = self.circuit.node_count();
        self.own.clear();
        self.passed.clear();
        self.passed.resize(count, Reached::default());
        for (bit, (node, _)) in observed.iter().enumerate() {
            *self.own.entry(*node).or_default() |= 1 << bit;
        }
        for (node, bits) in &self.own {
            self.passed[node.index()] = self.passing(node.index(), Reached { upper: *bits, lower: *bits });
        }
        // Against the run of failure: the last node first.
        let mut at = count;
        for (begin, end) in self.circuit.loops.iter().rev() {
            let (begin, end) = (*begin as usize, *end as usize);
            self.sweep(end..at);
            self.sweep_loop(begin, end);
            at = begin;
        }
        self.sweep(0..at);
    }

    /// A stretch without loops.
    fn sweep(&mut self, nodes: std::ops::Range<usize>) {
        for node in nodes.rev() {
            self.passed[node] = self.grown(node);
        }
    }

    /// The members of a loop, the last first.
    fn sweep_loop(&mut self, begin: usize, end: usize) {
        let mut rounds = std::mem::take(&mut self.rounds);
        rounds.begin(end - begin);
        while let Some(place) = rounds.next() {
            let node = end - 1 - place;
            let masks = self.grown(node);
            if masks != self.passed[node] {
                self.passed[node] = masks;
                for input in self.circuit.inputs.of(node).iter().filter(|input| input.index() >= begin) {
                    rounds.ask(end - 1 - input.index());
                }
            }
        }
        self.rounds = rounds;
    }

    /// What a node passes on, with all that its outputs do.
    #[inline]
    fn grown(&self, node: usize) -> Reached {
        let (own, more) = (self.passed[node], self.passing(node, self.by_outputs(node)));
        Reached { upper: own.upper | more.upper, lower: own.lower | more.lower }
    }

    #[inline]
    fn by_outputs(&self, node: usize) -> Reached {
        let mut reached = Reached::default();
        for gate in self.circuit.outputs.of(node) {
            let passed = self.passed[gate.index()];
            reached.upper |= passed.upper;
            reached.lower |= passed.lower;
        }
        reached
    }

    /// Of what a node reaches, what its inputs reach by it.
    #[inline]
    fn passing(&self, node: usize, reached: Reached) -> Reached {
        match self.start.narrow[node] {
            0 => Reached::default(),
            1 => reached,
            _ => Reached { lower: 0, ..reached },
        }
    }

    fn verdict(&self, fault: Node, failed: u64, working: u64) -> Verdict {
        // What has failed already fails nothing more.
        let is_given = self.start.narrow[fault.index()] == 0;
        let Reached { mut upper, mut lower } =
            if is_given { Reached::default() } else { self.by_outputs(fault.index()) };
        if let Some(own) = self.own.get(&fault).filter(|_| !is_given) {
            (upper, lower) = (upper | own, lower | own);
        }
        if failed & !upper != 0 || lower & working != 0 {
            Verdict::Out
        } else if failed & !lower == 0 && upper & working == 0 {
            Verdict::In
        } else {
            Verdict::Open
        }
    }
}
