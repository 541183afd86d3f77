//! What readings would tell in expectation: the answers they can give, and the belief after each.

use onus_model::{FaultIndex, MonitorIndex, Probability, State, Statement, SystemIndex, Time};

use super::{Reply, Said};
use crate::belief::{Asker, Belief};
use crate::decision_diagram::BudgetExceeded;
use crate::evidence::Evidence;
use crate::fault_graph::FaultGraph;

/// Something that could be read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Look {
    pub(super) at: Time,
    pub(super) of: Subject,
}

/// What could be read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Subject {
    /// How a system is, through a monitor; without one, for certain.
    System { system: SystemIndex, via: Option<MonitorIndex> },
    /// Whether a fault is there.
    Fault { fault: FaultIndex, reliability: Probability },
}

impl Look {
    /// The id of what is read.
    pub(super) fn name(&self, graph: &FaultGraph) -> String {
        let topology = graph.topology();
        match self.of {
            Subject::System { system, .. } => topology.systems()[system.index()].id.to_string(),
            Subject::Fault { fault, .. } => topology.faults()[fault.index()].id.to_string(),
        }
    }

    /// The possible answers: exactly one of them is given. That a monitor is silent shows that what it runs on has failed,
    /// which is as good as seeing that.
    pub(super) fn replies(&self, graph: &FaultGraph) -> Vec<(Reply, Statement)> {
        match self.of {
            Subject::Fault { fault, reliability } => {
                let says = |present| Statement::Test { fault, present, reliability };
                vec![(Reply::Present, says(true)), (Reply::Absent, says(false))]
            }
            Subject::System { system, via } => {
                let says = |state| Statement::Observation { system, state, via };
                let mut replies = vec![(Reply::Failed, says(State::Failed)), (Reply::Working, says(State::Working))];
                if let Some(system) = via.and_then(|monitor| graph.topology().monitors()[monitor.index()].runs_on) {
                    let host_failed = Statement::Observation { system, state: State::Failed, via: None };
                    replies.push((Reply::Silent, host_failed));
                }
                replies
            }
        }
    }
}

/// What some readings would tell.
pub(super) struct Expectation {
    /// Expected doubt after them: about the fault, about who answers.
    pub(super) bits: [f64; 2],
    /// The answers that can be given, with their probabilities and the belief after each.
    pub(super) answers: Vec<(Vec<Said>, f64, Belief)>,
    /// How many readings were taken jointly: the first so many.
    pub(super) jointly: usize,
}

/// What the first of some readings would tell jointly, as many of them as have no more than `most` combinations of
/// answers. More readings never tell less (chain rule), so that this is a lower bound for all of them.
///
/// One inference for each combination of answers, those of the first readings alone included.
pub(super) fn expect(
    asker: &mut Asker<'_>,
    graph: &FaultGraph,
    evidence: &Evidence,
    before: &Belief,
    looks: &[Look],
    most: usize,
) -> Result<Expectation, BudgetExceeded> {
    let mut open: Vec<(Vec<Said>, Evidence, Belief)> = vec![(Vec::new(), evidence.clone(), before.clone())];
    let mut jointly = 0;
    for look in looks {
        let replies = look.replies(graph);
        if jointly > 0 && open.len() * replies.len() > most {
            break;
        }
        let mut next = Vec::with_capacity(open.len() * replies.len());
        for (says, evidence, _) in open {
            for (what, statement) in &replies {
                let evidence = evidence.suppose(look.at, statement.clone());
                // What cannot be said is no answer.
                let Some(belief) = asker.ask(&evidence)? else { continue };
                let mut says = says.clone();
                says.push(Said { of: look.name(graph), what: *what });
                next.push((says, evidence, belief));
            }
        }
        open = next;
        jointly += 1;
    }
    let mut bits = [0.0; 2];
    let mut answers = Vec::with_capacity(open.len());
    for (says, _, belief) in open {
        let probability = (belief.ln_evidence - before.ln_evidence).exp().min(1.0);
        for (sum, own) in bits.iter_mut().zip(belief.bits()) {
            *sum += probability * own;
        }
        answers.push((says, probability, belief));
    }
    Ok(Expectation { bits, answers, jointly })
}

/// Sorts readings so that those that tell most about who answers alone come first, where they are too many to be taken
/// jointly; else leaves them as they are.
pub(super) fn in_order_of_worth(
    asker: &mut Asker<'_>,
    graph: &FaultGraph,
    evidence: &Evidence,
    before: &Belief,
    looks: &mut Vec<Look>,
    most: usize,
) -> Result<(), BudgetExceeded> {
    let combinations = looks.iter().try_fold(1_usize, |all, look| all.checked_mul(look.replies(graph).len()));
    if looks.len() <= 1 || combinations.is_some_and(|all| all <= most) {
        return Ok(());
    }
    let mut alone = Vec::with_capacity(looks.len());
    for look in looks.iter() {
        let told = expect(asker, graph, evidence, before, &[*look], most)?;
        alone.push((told.bits.map(|bits| (bits * 1e9).round()), *look));
    }
    // The least doubt left first; a stable sort keeps ties in order.
    alone.sort_by(|(a, _), (b, _)| a[1].total_cmp(&b[1]).then(a[0].total_cmp(&b[0])));
    *looks = alone.into_iter().map(|(_, look)| look).collect();
    Ok(())
}
