//! Which original events a reduced event stands for: a forest whose leaves are the original events and whose inner nodes,
//! the *groups*, are true when any (an OR) or all (an AND) of their members are.
//!
//! A group is made when several events enter a network at one place, so that the rest of it sees no more of them than
//! their OR or AND. Members are independent, and given its group a member is independent of everything else. That is
//! why everything about the members can be got back from the group:
//!
//! * **Posterior.** P(m | E) = P(m | G)·P(G | E) + P(m | not G)·P(not G | E): [`Forest::split`].
//! * **Shares.** With every active fault kept with probability t, a group is *absent*, *kept* (the rest sees it in the
//!   kept world too) or *dropped* (it sees it in the actual world only); [`Forest::kept`] gives their probabilities from
//!   the members'. A member i is pivotal when, besides, it is all that keeps its group: under an OR none of the others is
//!   kept, under an AND all are. The group is then kept with i and dropped without, so that the integrand of i is the
//!   group's `d·(U(kept) − U(dropped))` times p(i) and the product of those probabilities on the way from the group down
//!   to i: [`Forest::pivots`].
//!
//! All passes are loops over node numbers, as a forest can be as deep as it has events.

/// A node of the forest: leaf `n` is original event `n`, then come the groups.
pub(crate) type ForestNode = u32;

/// What makes a group true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Combination {
    /// Any of its members.
    Any,
    /// All of its members.
    All,
}

#[derive(Clone, Debug)]
struct Group {
    combination: Combination,
    /// Empty in a group that another has taken over.
    members: Vec<ForestNode>,
}

/// See the module's documentation.
///
/// **Invariant.** Members have smaller numbers than their group, and a node is a member of at most one group.
#[derive(Clone, Debug)]
pub(crate) struct Forest {
    leaves: usize,
    groups: Vec<Group>,
    /// By node.
    probability: Vec<f64>,
    /// By node; false: nobody's fault, so that what is present is always kept.
    fault: Vec<bool>,
}

/// What becomes of a node with keep-probability t: it is absent, or present and kept, or present and not kept. The three
/// add up to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Presence {
    pub(crate) absent: f64,
    pub(crate) kept: f64,
    pub(crate) dropped: f64,
}

impl Forest {
    /// One leaf for each event.
    pub(crate) fn new(probability: Vec<f64>, fault: Vec<bool>) -> Self {
        Self { leaves: probability.len(), groups: Vec::new(), probability, fault }
    }

    /// Number of original events.
    pub(crate) fn leaves(&self) -> usize {
        self.leaves
    }

    /// Number of leaves and groups.
    pub(crate) fn len(&self) -> usize {
        self.probability.len()
    }

    /// The event of a leaf; `None` for a group.
    pub(crate) fn leaf(&self, node: ForestNode) -> Option<usize> {
        let node = node as usize;
        (node < self.leaves).then_some(node)
    }

    /// What a group combines, and how; nothing for a leaf.
    pub(crate) fn group(&self, node: ForestNode) -> Option<(Combination, &[ForestNode])> {
        let group = self.groups.get((node as usize).checked_sub(self.leaves)?)?;
        Some((group.combination, &group.members))
    }

    pub(crate) fn probability(&self, node: ForestNode) -> f64 {
        self.probability[node as usize]
    }

    pub(crate) fn is_fault(&self, node: ForestNode) -> bool {
        self.fault[node as usize]
    }

    /// Fixes a leaf: it is certainly true from now on.
    pub(super) fn make_certain(&mut self, leaf: usize) {
        self.probability[leaf] = 1.0;
    }

    /// A group of two or more nodes, all faults or none of them; groups of the same kind among them are taken over.
    pub(super) fn combine(&mut self, combination: Combination, nodes: &[ForestNode]) -> ForestNode {
        let fault = self.is_fault(nodes[0]);
        debug_assert!(nodes.iter().all(|node| self.is_fault(*node) == fault), "faults and noise are kept apart");
        // The largest member list of the same kind is reused, so that a group that grows by one at a time stays linear.
        let mut lists: Vec<Vec<ForestNode>> = Vec::new();
        let mut members = Vec::new();
        for node in nodes {
            match (*node as usize).checked_sub(self.leaves) {
                Some(group) if self.groups[group].combination == combination => {
                    lists.push(std::mem::take(&mut self.groups[group].members));
                }
                _ => members.push(*node),
            }
        }
        if let Some(largest) = (0..lists.len()).max_by_key(|at| lists[*at].len()) {
            let mut all = lists.swap_remove(largest);
            all.append(&mut members);
            for mut list in lists {
                all.append(&mut list);
            }
            members = all;
        }
        // From the nodes, not from all members: a group that was taken over has its own probability already.
        let probabilities = nodes.iter().map(|node| self.probability(*node));
        let probability = match combination {
            Combination::Any => -probabilities.map(|p| (-p).ln_1p()).sum::<f64>().exp_m1(),
            Combination::All => probabilities.product(),
        };
        self.groups.push(Group { combination, members });
        self.probability.push(probability);
        self.fault.push(fault);
        self.len() as u32 - 1
    }

    /// Every node below some nodes, these included, parents before their members.
    fn below(&self, roots: &[ForestNode]) -> Vec<ForestNode> {
        let mut nodes = roots.to_vec();
        let mut next = 0;
        while let Some(node) = nodes.get(next).copied() {
            next += 1;
            if let Some((_, members)) = self.group(node) {
                nodes.extend(members);
            }
        }
        nodes
    }

    /// Every leaf below a node.
    pub(crate) fn leaves_of(&self, root: ForestNode) -> Vec<usize> {
        self.below(&[root]).into_iter().filter_map(|node| self.leaf(node)).collect()
    }

    /// Posteriors of all nodes below some nodes, from those of these nodes; calls `found` for each leaf.
    pub(crate) fn split(&self, roots: &[(ForestNode, f64)], mut found: impl FnMut(usize, f64)) {
        let mut open = roots.to_vec();
        while let Some((node, posterior)) = open.pop() {
            let Some((combination, members)) = self.group(node) else {
                found(node as usize, posterior);
                continue;
            };
            let p = self.probability(node);
            match combination {
                // An OR that is absent has no member; present, it has each with p(m) / p.
                Combination::Any => {
                    let each = if p > 0.0 { posterior / p } else { 0.0 };
                    open.extend(members.iter().map(|member| (*member, (each * self.probability(*member)).min(1.0))));
                }
                // An AND that is present has all; absent, each with p(m) · (1 − product of the others) / (1 − p).
                Combination::All => {
                    for member in members {
                        let own = self.probability(*member);
                        let others = if own > 0.0 { p / own } else { 0.0 };
                        let without = if p < 1.0 { own * (1.0 - others) / (1.0 - p) } else { 1.0 };
                        open.push((*member, (posterior + (1.0 - posterior) * without).min(1.0)));
                    }
                }
            }
        }
    }

    /// Probability of every node if that of every fault were `t`.
    pub(crate) fn probabilities_at(&self, t: f64) -> Vec<f64> {
        let mut result: Vec<f64> = Vec::with_capacity(self.len());
        for node in 0..self.len() {
            let own = match self.group(node as u32) {
                _ if !self.fault[node] => self.probability[node],
                None => t,
                Some((Combination::Any, members)) => {
                    1.0 - members.iter().map(|member| 1.0 - result[*member as usize]).product::<f64>()
                }
                Some((Combination::All, members)) => members.iter().map(|member| result[*member as usize]).product(),
            };
            result.push(own);
        }
        result
    }

    /// The nodes below some nodes, members before their groups, for [`Forest::kept`] and [`Forest::pivots`].
    pub(crate) fn bottom_up(&self, roots: &[ForestNode]) -> Vec<ForestNode> {
        let mut nodes = self.below(roots);
        nodes.sort_unstable();
        nodes
    }

    /// What becomes of each of `nodes` (from [`Forest::bottom_up`]) when present faults are kept with probability `t`.
    /// `result` is indexed by node.
    pub(crate) fn kept(&self, nodes: &[ForestNode], t: f64, result: &mut [Presence]) {
        for node in nodes {
            let p = self.probability(*node);
            result[*node as usize] = match self.group(*node) {
                None if self.is_fault(*node) => Presence { absent: 1.0 - p, kept: p * t, dropped: p * (1.0 - t) },
                None => Presence { absent: 1.0 - p, kept: p, dropped: 0.0 },
                Some((Combination::Any, members)) => {
                    // ln of "no member kept" and of "no member present".
                    let [mut none_kept, mut none] = [0.0, 0.0];
                    for member in members {
                        let member = result[*member as usize];
                        none_kept += (-member.kept).ln_1p();
                        // Not the logarithm of `absent`, which has lost what is small.
                        none += (-(member.kept + member.dropped).min(1.0)).ln_1p();
                    }
                    let kept = -f64::exp_m1(none_kept);
                    let dropped =
                        if none < -700.0 { none_kept.exp() } else { none.exp() * f64::exp_m1(none_kept - none) };
                    Presence { absent: none.exp(), kept, dropped }
                }
                Some((Combination::All, members)) => {
                    let kept: f64 = members.iter().map(|member| result[*member as usize].kept).product();
                    Presence { absent: 1.0 - p, kept, dropped: (p - kept).max(0.0) }
                }
            };
        }
    }

    /// Hands the pivot integrand of each root on to the faults below it: calls `found` for each.
    /// `kept` is from [`Forest::kept`] for the same `nodes`; `factor`, indexed by node, holds at each root Σ d·(U(kept) −
    /// U(dropped)), and is scratch elsewhere.
    pub(crate) fn pivots(
        &self,
        nodes: &[ForestNode],
        kept: &[Presence],
        factor: &mut [f64],
        mut found: impl FnMut(usize, f64),
    ) {
        for node in nodes.iter().rev() {
            let own = factor[*node as usize];
            let Some((combination, members)) = self.group(*node) else {
                if self.is_fault(*node) {
                    found(*node as usize, own * self.probability(*node));
                }
                continue;
            };
            // The product over the others, by products from the left and from the right: nothing is divided by 0.
            let passes = |member: ForestNode| match combination {
                Combination::Any => 1.0 - kept[member as usize].kept,
                Combination::All => kept[member as usize].kept,
            };
            let mut left = own;
            for member in members {
                factor[*member as usize] = left;
                left *= passes(*member);
            }
            let mut right = 1.0;
            for member in members.iter().rev() {
                factor[*member as usize] *= right;
                right *= passes(*member);
            }
        }
    }
}
