//! Attribution: the posterior pushed forward to contractors (DESIGN.md 3.4).
//!
//! Three figures, never merged into one. *Causal* is the shares of the faults, sent to whoever answers for each. *Liable*
//! is causal after the contracts' clauses have moved it. *Control* is the probability that a contractor held a duty from
//! which it could have noticed or contained the failure. What is disputed, unassigned or unexplained stands in rows of
//! its own and is never silently divided.

use std::collections::{BTreeMap, BTreeSet};

use onus_model::{
    Answer, ContractIndex, ContractorIndex, Date, DutyKind, Element, FaultIndex, Holder, Model, Money, Responsibility,
};
use serde::Serialize;

use crate::diagnose::Diagnosis;
use crate::figure::Figure;
use crate::outcome::BETWEEN_PARTIES;

/// Under what attribution is listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// The contractor that does the work.
    #[default]
    Contractor,
    /// The contract it is done under.
    Contract,
    /// The contractor at the top of the chain of subcontracts.
    Prime,
    /// The corporate group of the contractor that does the work.
    Group,
}

/// What kind of row it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// One contractor answers.
    Assigned,
    /// A consortium answers, its members in their shares.
    Shared,
    /// Several could answer, and nothing says which.
    Disputed,
    /// Nobody answers.
    Unassigned,
    /// No fault explains it.
    Unexplained,
}

/// Who answers, and for how much.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The contractor, contract or group; for a dispute all of them, joined by ` | `.
    pub who: String,
    /// What kind of row it is.
    pub kind: Kind,
    /// Share of the failure; adds up to 1 over all rows.
    pub causal: Figure,
    /// The same after the contracts' clauses; adds up to 1 over all rows.
    pub liable: Figure,
    /// Probability that it could have noticed or contained the failure, by its duties; does not add up.
    pub control: Figure,
    /// The most it pays under its contracts, in their currency, where they cap it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub caps: Vec<String>,
}

/// The posterior, pushed forward.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Attribution {
    /// Under what it is listed.
    pub by: By,
    /// The day whose contracts count; all contracts, if none.
    pub day: Option<String>,
    /// The greatest causal share first, then by name.
    pub rows: Vec<Row>,
}

/// One row's place in the sums: who and how.
type Key = (Kind, Vec<String>);

/// Sums while rows are made.
#[derive(Default)]
struct Sums {
    causal: BTreeMap<Key, Figure>,
    liable: BTreeMap<Key, Figure>,
    caps: BTreeMap<Key, BTreeSet<String>>,
}

impl Attribution {
    /// Pushes a diagnosis forward to who answers on a day.
    ///
    /// The rows' causal figures add up to 1 (their ends, for intervals, enclose 1), and so do the liable ones.
    ///
    /// O(faults · contracts + V + E).
    pub fn of(model: &Model, diagnosis: &Diagnosis, by: By, day: Option<Date>) -> Self {
        let push = Push { model, responsibility: model.responsibility(day), by, day };
        let mut sums = Sums::default();
        let unexplained = (Kind::Unexplained, vec!["unexplained".to_owned()]);
        sums.add(&unexplained, &unexplained, diagnosis.unexplained);
        for finding in diagnosis.faults.iter().filter(|finding| finding.share.hi > 0.0) {
            push.fault(finding.index, finding.share, &mut sums);
        }
        let mut control = push.control(diagnosis);
        let keys: BTreeSet<Key> = sums
            .causal
            .keys()
            .chain(sums.liable.keys())
            .cloned()
            .chain(control.keys().map(|who| assigned(who)))
            .collect();
        let zero = Figure::exact(0.0);
        let mut rows: Vec<Row> = Vec::new();
        for key in keys {
            let (kind, who) = &key;
            let name = who.join(BETWEEN_PARTIES);
            let shared_too = *kind == Kind::Assigned && !sums.causal.contains_key(&key) && {
                let shared = (Kind::Shared, who.clone());
                sums.causal.contains_key(&shared) || sums.liable.contains_key(&shared)
            };
            if shared_too && !sums.liable.contains_key(&key) {
                continue;
            }
            let held = match kind {
                Kind::Assigned | Kind::Shared => control.get(&name).copied().unwrap_or(zero),
                _ => zero,
            };
            rows.push(Row {
                causal: sums.causal.get(&key).copied().unwrap_or(zero).at_most(1.0),
                liable: sums.liable.get(&key).copied().unwrap_or(zero).at_most(1.0),
                control: held.at_most(1.0),
                caps: sums.caps.remove(&key).unwrap_or_default().into_iter().collect(),
                who: name,
                kind: *kind,
            });
        }
        control.clear();
        rows.retain(|row| row.causal.hi > 0.0 || row.liable.hi > 0.0 || row.control.hi > 0.0);
        let rounded = |figure: Figure| (figure.middle() * 1e9).round();
        rows.sort_by(|a, b| {
            rounded(b.causal)
                .total_cmp(&rounded(a.causal))
                .then(rounded(b.liable).total_cmp(&rounded(a.liable)))
                .then(rounded(b.control).total_cmp(&rounded(a.control)))
                .then(a.kind.cmp(&b.kind))
                .then_with(|| a.who.cmp(&b.who))
        });
        Self { by, day: day.map(|day| day.to_string()), rows }
    }

    /// The row with the greatest causal share; `None` where there is none, or where two tie.
    pub fn leader(&self) -> Option<&Row> {
        let first = self.rows.first()?;
        let tie = self.rows.get(1).is_some_and(|second| (first.causal.middle() - second.causal.middle()).abs() < 1e-9);
        (!tie).then_some(first)
    }
}

impl Sums {
    fn add(&mut self, causal: &Key, liable: &Key, share: Figure) {
        for (sums, key) in [(&mut self.causal, causal), (&mut self.liable, liable)] {
            let sum = sums.entry(key.clone()).or_insert(Figure::exact(0.0));
            *sum = sum.plus(share);
        }
    }
}

/// For each fault, who answers for it and in which fractions, which add up to 1.
///
/// O(faults · contracts over each).
pub(crate) fn answers(model: &Model, by: By, day: Option<Date>) -> Vec<Vec<(Kind, String, f64)>> {
    let push = Push { model, responsibility: model.responsibility(day), by, day };
    (0..model.faults().len())
        .map(|fault| {
            let mut sums = Sums::default();
            push.fault(FaultIndex::new(fault), Figure::exact(1.0), &mut sums);
            sums.causal
                .into_iter()
                .map(|((kind, who), fraction)| (kind, who.join(BETWEEN_PARTIES), fraction.lo))
                .collect()
        })
        .collect()
}

struct Push<'m> {
    model: &'m Model,
    responsibility: Responsibility<'m>,
    by: By,
    day: Option<Date>,
}

impl Push<'_> {
    fn fault(&self, fault: FaultIndex, share: Figure, sums: &mut Sums) {
        match self.responsibility.answer(fault) {
            Answer::Unassigned => {
                let key = (Kind::Unassigned, vec!["unassigned".to_owned()]);
                sums.add(&key, &key, share);
            }
            Answer::Disputed(contracts) => {
                // What subcontractors of the same prime dispute is no dispute between primes.
                if let (By::Prime, Some(prime)) = (self.by, self.same_prime(&contracts)) {
                    return self.assign(prime, fault, share, sums);
                }
                let mut who: Vec<String> = contracts.iter().flat_map(|contract| self.names(*contract)).collect();
                who.sort();
                who.dedup();
                // Contracts that disagree may still roll up to one and the same.
                let kind = if who.len() > 1 { Kind::Disputed } else { Kind::Assigned };
                let key = (kind, who);
                sums.add(&key, &key, share);
            }
            Answer::Assigned(contract) => self.assign(contract, fault, share, sums),
        }
    }

    fn assign(&self, contract: ContractIndex, fault: FaultIndex, share: Figure, sums: &mut Sums) {
        let cause = &self.model.faults()[fault.index()].cause;
        let (moved, reached) = self.settle_liability(contract, cause);
        let shares = match self.by {
            By::Contract => vec![(self.contract_name(contract), Kind::Assigned, 1.0)],
            By::Contractor | By::Group => self.holders(contract),
            By::Prime => self.holders(self.top(contract)),
        };
        for (who, kind, fraction) in shares {
            let causal = (kind, vec![who]);
            let part = share.times(fraction);
            let sum = sums.causal.entry(causal.clone()).or_insert(Figure::exact(0.0));
            *sum = sum.plus(part);
            for (liable, fraction) in self.liable_keys(&causal, &moved, reached) {
                let sum = sums.liable.entry(liable.clone()).or_insert(Figure::exact(0.0));
                *sum = sum.plus(part.times(fraction));
                if matches!(moved, Liable::Stays)
                    && let Some(cap) = &self.model.contracts()[contract.index()].liability.cap
                {
                    sums.caps.entry(liable).or_default().insert(self.cap(contract, cap));
                }
            }
        }
    }

    fn liable_keys(&self, causal: &Key, moved: &Liable, reached: ContractIndex) -> Vec<(Key, f64)> {
        match moved {
            Liable::Stays => vec![(causal.clone(), 1.0)],
            Liable::Holders => {
                let shares = match self.by {
                    By::Contract => vec![(self.contract_name(reached), Kind::Assigned, 1.0)],
                    By::Contractor | By::Group => self.holders(reached),
                    By::Prime => self.holders(self.top(reached)),
                };
                shares.into_iter().map(|(who, kind, fraction)| ((kind, vec![who]), fraction)).collect()
            }
            Liable::Party(party) => vec![(assigned(&self.party_name(*party)), 1.0)],
            Liable::Nobody => vec![((Kind::Unassigned, vec!["unassigned".to_owned()]), 1.0)],
        }
    }

    fn cap(&self, contract: ContractIndex, cap: &Money) -> String {
        format!("{cap} ({})", self.model.contracts()[contract.index()].id)
    }

    fn contract_name(&self, contract: ContractIndex) -> String {
        self.model.contracts()[contract.index()].id.as_str().to_owned()
    }

    /// A contractor's name under which it is listed; where contracts are listed, its own id.
    fn party_name(&self, party: ContractorIndex) -> String {
        let contractor = &self.model.contractors()[party.index()];
        match (self.by, &contractor.group) {
            (By::Group, Some(group)) => group.clone(),
            _ => contractor.id.as_str().to_owned(),
        }
    }

    /// The names that a contract is listed under.
    fn names(&self, contract: ContractIndex) -> Vec<String> {
        match self.by {
            By::Contract => vec![self.contract_name(contract)],
            By::Contractor | By::Group => self.holders(contract).into_iter().map(|(who, _, _)| who).collect(),
            By::Prime => self.holders(self.top(contract)).into_iter().map(|(who, _, _)| who).collect(),
        }
    }

    fn holders(&self, contract: ContractIndex) -> Vec<(String, Kind, f64)> {
        let contract = &self.model.contracts()[contract.index()];
        let kind = if matches!(contract.holder, Holder::Sole(_)) { Kind::Assigned } else { Kind::Shared };
        contract.holders().into_iter().map(|(party, fraction)| (self.party_name(party), kind, fraction)).collect()
    }

    /// The contract at the top of the chain of subcontracts. Validation refuses cycles.
    fn top(&self, contract: ContractIndex) -> ContractIndex {
        let mut top = contract;
        while let Some(parent) = self.model.contracts()[top.index()].under {
            top = parent;
        }
        top
    }

    /// The contract at the top of several chains of subcontracts, where those have the same holders; the first of them.
    fn same_prime(&self, contracts: &[ContractIndex]) -> Option<ContractIndex> {
        let prime = contracts.iter().map(|contract| self.top(*contract)).min()?;
        let holder = |contract: ContractIndex| &self.model.contracts()[contract.index()].holder;
        contracts.iter().all(|contract| holder(self.top(*contract)) == holder(prime)).then_some(prime)
    }

    /// Where a contract's clauses send what its holder causes: an excluded cause to the other side (the parent contract's
    /// holder, under the parent's own clauses; at the top the buyer), else an indemnity to the indemnifier.
    fn settle_liability(&self, contract: ContractIndex, cause: &str) -> (Liable, ContractIndex) {
        let mut at = contract;
        loop {
            let terms = &self.model.contracts()[at.index()];
            if terms.liability.excludes.iter().any(|excluded| excluded == cause) {
                if let Some(parent) = terms.under {
                    at = parent;
                    continue;
                }
                let buyer = terms.buyer.or_else(|| self.model.structure().buyer());
                return (buyer.map_or(Liable::Nobody, Liable::Party), at);
            }
            return match terms.liability.indemnified_by {
                Some(party) => (Liable::Party(party), at),
                None if at == contract => (Liable::Stays, at),
                None => (Liable::Holders, at),
            };
        }
    }

    /// For each name, the probability that it held a monitor, operate or integrate duty on the origin, or on an element
    /// that every way from the origin to a service-affecting failure runs through.
    fn control(&self, diagnosis: &Diagnosis) -> BTreeMap<String, Figure> {
        let chokes = Chokes::new(self.model);
        let mut control: BTreeMap<String, Figure> = BTreeMap::new();
        for finding in diagnosis.faults.iter().filter(|finding| finding.share.hi > 0.0) {
            let mut holders: BTreeSet<String> = BTreeSet::new();
            for element in chokes.of(self.model, finding.index) {
                for (at, contract) in self.model.contracts().iter().enumerate() {
                    let watches = [DutyKind::Monitor, DutyKind::Operate, DutyKind::Integrate]
                        .into_iter()
                        .any(|duty| contract.covers(duty, element));
                    if watches && contract.in_force(self.day) {
                        holders.extend(self.names(ContractIndex::new(at)));
                    }
                }
            }
            for who in holders {
                let sum = control.entry(who).or_insert(Figure::exact(0.0));
                *sum = sum.plus(finding.share);
            }
        }
        control
    }
}

/// Where liability ends up.
enum Liable {
    /// With the holders of the contract itself.
    Stays,
    /// With the holders of a contract up the chain.
    Holders,
    /// With one party.
    Party(ContractorIndex),
    /// The other side is not named.
    Nobody,
}

/// For each element, the next one that every way to a service-affecting failure runs through: a tree of post-dominators
/// of the dependency structure, made once for all faults.
struct Chokes {
    tree: petgraph::algo::dominators::Dominators<petgraph::graph::NodeIndex>,
    systems: usize,
}

impl Chokes {
    /// O((V + E) · rounds); rounds are few in practice (Cooper, Harvey & Kennedy 2001).
    fn new(model: &Model) -> Self {
        use petgraph::graph::{DiGraph, NodeIndex};
        let topology = model.topology();
        let systems = topology.systems().len();
        // Edges against the way of failure, so that dominators from the service are what all ways run through.
        let mut graph: DiGraph<(), ()> = DiGraph::new();
        for _ in 0..=systems + topology.interfaces().len() {
            graph.add_node(());
        }
        let service = NodeIndex::new(systems + topology.interfaces().len());
        for system in topology.service_systems() {
            graph.add_edge(service, NodeIndex::new(system.index()), ());
        }
        for (at, interface) in topology.interfaces().iter().enumerate() {
            let between = NodeIndex::new(systems + at);
            graph.add_edge(NodeIndex::new(interface.consumer.index()), between, ());
            graph.add_edge(between, NodeIndex::new(interface.provider.index()), ());
        }
        Self { tree: petgraph::algo::dominators::simple_fast(&graph, service), systems }
    }

    /// The elements a fault sits on, and those that all its ways to the service run through.
    fn of(&self, model: &Model, fault: FaultIndex) -> BTreeSet<Element> {
        let elements = &model.faults()[fault.index()].elements;
        let mut result: BTreeSet<Element> = elements.iter().copied().collect();
        let mut shared: Option<BTreeSet<Element>> = None;
        for element in elements {
            let node = match element {
                Element::System(system) => petgraph::graph::NodeIndex::new(system.index()),
                Element::Interface(interface) => petgraph::graph::NodeIndex::new(self.systems + interface.index()),
            };
            let Some(way) = self.tree.dominators(node) else { continue };
            let way: BTreeSet<Element> = way.filter_map(|node| self.element(model, node.index())).collect();
            shared = Some(match shared {
                None => way,
                Some(before) => before.intersection(&way).copied().collect(),
            });
        }
        result.extend(shared.unwrap_or_default());
        result
    }

    fn element(&self, model: &Model, node: usize) -> Option<Element> {
        if node < self.systems {
            Some(Element::System(onus_model::SystemIndex::new(node)))
        } else {
            let at = node - self.systems;
            (at < model.interfaces().len()).then(|| Element::Interface(onus_model::InterfaceIndex::new(at)))
        }
    }
}

/// The row of somebody who answers alone.
fn assigned(who: &str) -> Key {
    (Kind::Assigned, vec![who.to_owned()])
}
