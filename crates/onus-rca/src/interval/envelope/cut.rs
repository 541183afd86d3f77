//! Diagrams that are cut, and what diagrams hold.

use super::{Builder, Side};
use crate::decision_diagram::{Bdd, BudgetExceeded, Diagram};
use crate::interval::mass::Mass;

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
pub(super) struct Masses {
    pub(super) total: Mass,
    pub(super) joint: Vec<[Mass; 2]>,
}

impl Builder<'_> {
    /// The diagram of a function, paid for.
    pub(super) fn read(&mut self, function: Bdd) -> Result<Diagram, BudgetExceeded> {
        let diagram = self.manager.diagram(function);
        self.read_left = self.read_left.checked_sub(diagram.len()).ok_or(BudgetExceeded::Nodes(self.node_budget))?;
        Ok(diagram)
    }

    /// Probability of a function, about.
    pub(super) fn probability(&mut self, function: Bdd) -> Result<f64, BudgetExceeded> {
        let diagram = self.read(function)?;
        Ok(diagram.up(&self.weight)[diagram.root() as usize])
    }

    /// Cuts a monotone function: gives up nodes and tests of events that change it in worlds of a probability below `grain`
    /// each.
    ///
    /// The result implies the function (`Lower`) or is implied by it (`Upper`), and is monotone again: where an event
    /// is tested, what was given up on one side is made up for on the other.
    pub(super) fn cut(&mut self, function: Bdd, side: Side, grain: f64) -> Result<Bdd, BudgetExceeded> {
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
    pub(super) fn up(&self, diagram: &Diagram) -> Vec<Mass> {
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
    pub(super) fn masses(&self, function: Bdd) -> Masses {
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
