//! Every package broken alone: what that fails, computed a second way, on the needs themselves.
//!
//! One pass with counters for each package, and only what was touched is set back, so that a package which nobody needs
//! costs next to nothing. O(needs of what fails), no work in the size of the archive.

use onus::model::{FaultIndex, Model, Need, SystemIndex};

/// Needs, seen from what they need.
pub(crate) struct SingleFaults {
    /// For each system, the needs it is an alternative of.
    serves: Vec<Vec<u32>>,
    /// For each need, who has it.
    consumer: Vec<u32>,
    /// For each need, how many of its alternatives must fail until it is unmet.
    threshold: Vec<u32>,
    /// For each need, how many have failed.
    lost: Vec<u32>,
    has_failed: Vec<bool>,
    order: Vec<SystemIndex>,
}

impl SingleFaults {
    /// Takes a model's needs apart, with `always` failing from the start.
    pub(crate) fn of(model: &Model, always: FaultIndex) -> Self {
        let systems = model.systems().len();
        let mut needs = Self {
            serves: vec![Vec::new(); systems],
            consumer: Vec::new(),
            threshold: Vec::new(),
            lost: Vec::new(),
            has_failed: vec![false; systems],
            order: Vec::new(),
        };
        for (consumer, system) in model.systems().iter().enumerate() {
            for need in &system.needs {
                let (alternatives, threshold) = match need {
                    Need::Provider(_) => (std::slice::from_ref(need), 1),
                    Need::AtLeast { k, of } => (of.as_slice(), of.len() as u32 + 1 - k),
                };
                for alternative in alternatives {
                    let Need::Provider(interface) = alternative else { unreachable!("packages need packages") };
                    let provider = model.interfaces()[interface.index()].provider;
                    needs.serves[provider.index()].push(needs.threshold.len() as u32);
                }
                needs.consumer.push(consumer as u32);
                needs.threshold.push(threshold);
            }
        }
        needs.lost = vec![0; needs.threshold.len()];
        let base = model.systems().iter().position(|system| system.faults.contains(&always));
        let base: Vec<SystemIndex> = base.map(SystemIndex::new).into_iter().collect();
        // What fails from it stays failed: its counters are never set back.
        needs.spread(&base);
        needs.order.clear();
        needs
    }

    /// What fails with some systems beyond what always does, causes before effects.
    pub(crate) fn failed(&mut self, roots: &[SystemIndex]) -> &[SystemIndex] {
        for at in std::mem::take(&mut self.order) {
            self.has_failed[at.index()] = false;
            for need in &self.serves[at.index()] {
                self.lost[*need as usize] -= 1;
            }
        }
        self.spread(roots);
        &self.order
    }

    fn spread(&mut self, roots: &[SystemIndex]) {
        for root in roots {
            if !std::mem::replace(&mut self.has_failed[root.index()], true) {
                self.order.push(*root);
            }
        }
        let mut next = 0;
        while let Some(system) = self.order.get(next).copied() {
            next += 1;
            for need in &self.serves[system.index()] {
                let lost = &mut self.lost[*need as usize];
                *lost += 1;
                let consumer = self.consumer[*need as usize] as usize;
                if *lost == self.threshold[*need as usize] && !std::mem::replace(&mut self.has_failed[consumer], true) {
                    self.order.push(SystemIndex::new(consumer));
                }
            }
        }
    }
}
