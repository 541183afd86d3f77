//! What some faults make fail, whatever else happens: the least fixpoint of DESIGN.md 3.1 over needs as they are written.
//!
//! Every system, interface and redundant need is a node that lacks so many losses; failures wait in a queue, and each lowers what
//! its dependents lack. O(V + E).

use crate::id::{FaultIndex, InterfaceIndex, SystemIndex};
use crate::model::{Model, Need};

/// The systems that fail when some faults are active and some interfaces couple.
pub(super) fn failing(
    model: &Model,
    is_active: impl Fn(FaultIndex) -> bool,
    couples: impl Fn(InterfaceIndex) -> bool,
) -> Vec<SystemIndex> {
    let systems = model.systems().len();
    // Node `n` is system `n`; interfaces follow, then redundant needs.
    let mut lacks: Vec<usize> = vec![1; systems + model.interfaces().len()];
    let mut edges: Vec<(usize, usize)> = Vec::new();
    for (at, interface) in model.interfaces().iter().enumerate() {
        if couples(InterfaceIndex::new(at)) {
            edges.push((interface.provider.index(), systems + at));
        }
    }
    let mut open: Vec<(usize, &Need)> = Vec::new();
    for (at, system) in model.systems().iter().enumerate() {
        open.extend(system.needs.iter().map(|need| (at, need)));
        while let Some((dependent, need)) = open.pop() {
            match need {
                Need::Provider(interface) => edges.push((systems + interface.index(), dependent)),
                Need::AtLeast { k, of } => {
                    edges.push((lacks.len(), dependent));
                    open.extend(of.iter().map(|need| (lacks.len(), need)));
                    lacks.push(of.len() + 1 - *k as usize);
                }
            }
        }
    }
    edges.sort_unstable();
    let own = |faults: &[FaultIndex]| faults.iter().any(|fault| is_active(*fault));
    let mut failed: Vec<usize> = (0..systems).filter(|at| own(&model.systems()[*at].faults)).collect();
    let interfaces = (0..model.interfaces().len()).filter(|at| own(&model.interfaces()[*at].faults));
    failed.extend(interfaces.map(|at| systems + at));
    for node in &failed {
        lacks[*node] = 0;
    }
    let mut next = 0;
    while let Some(node) = failed.get(next).copied() {
        next += 1;
        let first = edges.partition_point(|(from, _)| *from < node);
        for (_, dependent) in edges[first..].iter().take_while(|(from, _)| *from == node) {
            let lacks = &mut lacks[*dependent];
            if *lacks > 0 {
                *lacks -= 1;
                if *lacks == 0 {
                    failed.push(*dependent);
                }
            }
        }
    }
    (0..systems).filter(|at| lacks[*at] == 0).map(SystemIndex::new).collect()
}
