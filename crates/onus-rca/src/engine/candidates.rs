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

use super::cascade::lacking;
use super::counters::Counters;
use super::dictionary::DictionaryWay;
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
        let mut masks = Masks { circuit: self, start: &start, upper: Vec::new(), lower: Vec::new() };
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

/// Which observations each node reaches.
struct Masks<'m> {
    circuit: &'m Circuit,
    start: &'m Counters,
    upper: Vec<u64>,
    lower: Vec<u64>,
}

impl Masks<'_> {
    fn spread(&mut self, observed: &[(Node, bool)]) {
        let count = self.circuit.node_count();
        for masks in [&mut self.upper, &mut self.lower] {
            masks.clear();
            masks.resize(count, 0);
            for (bit, (node, _)) in observed.iter().enumerate() {
                masks[node.index()] |= 1 << bit;
            }
        }
        // Against the run of failure: the last node first.
        let mut at = count;
        for (begin, end) in self.circuit.loops.iter().rev() {
            let (begin, end) = (*begin as usize, *end as usize);
            self.sweep(end..at);
            while self.sweep(begin..end) {}
            at = begin;
        }
        self.sweep(0..at);
    }

    /// Says whether any mask has changed.
    fn sweep(&mut self, nodes: std::ops::Range<usize>) -> bool {
        let mut changed = false;
        for node in nodes.rev() {
            let (mut upper, mut lower) = (self.upper[node], self.lower[node]);
            for gate in self.circuit.outputs.of(node) {
                let lacks = self.start.narrow[gate.index()];
                if lacks > 0 {
                    upper |= self.upper[gate.index()];
                }
                if lacks == 1 {
                    lower |= self.lower[gate.index()];
                }
            }
            changed |= upper != self.upper[node] || lower != self.lower[node];
            (self.upper[node], self.lower[node]) = (upper, lower);
        }
        changed
    }

    fn verdict(&self, fault: Node, failed: u64, working: u64) -> Verdict {
        // What has failed already fails nothing more.
        let is_given = self.start.narrow[fault.index()] == 0;
        let [upper, lower] = if is_given { [0, 0] } else { [self.upper[fault.index()], self.lower[fault.index()]] };
        if failed & !upper != 0 || lower & working != 0 {
            Verdict::Out
        } else if failed & !lower == 0 && upper & working == 0 {
            Verdict::In
        } else {
            Verdict::Open
        }
    }
}
