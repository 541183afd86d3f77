//! Structure: contractors, contracts, duties, viewers, laid over a topology.

use std::collections::BTreeMap;

use crate::code::Code;
use crate::diagnostic::{Missing, Path, Problem, Problems};
use crate::document::{self, DutyKind};
use crate::id::{ContractId, ContractIndex, ContractorId, ContractorIndex, POOLED, PUBLIC};
use crate::model::{Contract, Contractor, Duty, Holder, Liability, Structure, Topology, Viewers};
use crate::responsibility::Held;

use super::selector::Selection;
use super::{ids, unknown_contractor};

/// How far consortium shares may be off 100, for thirds written with two decimals.
const SHARE_TOLERANCE: f64 = 0.05;

pub(super) struct StructureBuilder<'t, 'p> {
    pub(super) topology: &'t Topology,
    pub(super) problems: &'p mut Problems,
}

impl StructureBuilder<'_, '_> {
    pub(super) fn build(
        &mut self,
        contractors: &BTreeMap<String, document::Contractor>,
        contracts: &BTreeMap<String, document::Contract>,
        answers: &BTreeMap<String, Vec<DutyKind>>,
    ) -> Structure {
        ids("contractors", contractors.keys(), &[PUBLIC, POOLED], self.problems);
        ids("contracts", contracts.keys(), &[], self.problems);
        let parties: Vec<Contractor> = contractors
            .iter()
            .map(|(id, contractor)| Contractor {
                id: ContractorId::new(id),
                name: contractor.name.clone(),
                role: contractor.role.clone(),
                group: contractor.group.clone(),
                description: contractor.description.clone(),
            })
            .collect();
        let names: Vec<&str> = contracts.keys().map(String::as_str).collect();
        let section = Path::default().key("contracts");
        let mut selection = Selection::over(self.topology);
        let built: Vec<Contract> = contracts
            .iter()
            .map(|(id, contract)| self.contract(&parties, &names, &mut selection, id, contract))
            .collect();
        self.no_cycles(&built, &section);
        let held = Held::of(self.topology, &built);
        Structure { contractors: parties, contracts: built, answers: answers.clone(), viewers: Vec::new(), held }
    }

    fn contractor(&mut self, parties: &[Contractor], id: &str, path: &Path) -> Option<ContractorIndex> {
        let found = parties.binary_search_by(|c| c.id.as_str().cmp(id)).ok().map(ContractorIndex::new);
        if found.is_none() {
            let problem = unknown_contractor(parties, id, path, self.problems);
            self.problems.push(problem);
        }
        found
    }

    fn contract(
        &mut self,
        parties: &[Contractor],
        names: &[&str],
        selection: &mut Selection,
        id: &str,
        contract: &document::Contract,
    ) -> Contract {
        let path = &Path::default().key("contracts").key(id);
        let under = contract.under.as_ref().and_then(|parent| {
            let found = names.binary_search(&parent.as_str()).ok().map(ContractIndex::new);
            if found.is_none() {
                let message = format!("there is no contract `{parent}`");
                let help = self.problems.nearest(parent, names.iter().copied());
                let problem = Problem::new(Code::UnknownContract, path.key("under"), message).help(help);
                self.problems.push(problem.missing(Missing::Contract(parent.clone())));
            }
            found
        });
        if let (Some(from), Some(to)) = (contract.term.from, contract.term.to)
            && to < from
        {
            let message = format!("the term ends on {to}, before it begins on {from}");
            self.problems.push(Problem::new(Code::EmptyTerm, path.key("term"), message));
        }
        let liability = &contract.liability;
        Contract {
            id: ContractId::new(id),
            title: contract.title.clone(),
            holder: self.holder(parties, contract, path),
            under,
            buyer: contract.buyer.as_ref().and_then(|buyer| self.contractor(parties, buyer, &path.key("buyer"))),
            term: contract.term,
            duties: self.duties(selection, contract, &path.key("duties")),
            reports_to: contract
                .reports_to
                .iter()
                .enumerate()
                .filter_map(|(item, party)| self.contractor(parties, party, &path.key("reports_to").item(item)))
                .collect(),
            responds_in: contract.responds_in.clone(),
            liability: Liability {
                excludes: liability.excludes.clone(),
                cap: liability.cap.clone(),
                indemnified_by: liability
                    .indemnified_by
                    .as_ref()
                    .and_then(|party| self.contractor(parties, party, &path.key("liability").key("indemnified_by"))),
            },
            description: contract.description.clone(),
        }
    }

    fn holder(&mut self, parties: &[Contractor], contract: &document::Contract, path: &Path) -> Holder {
        // Stands in where the holder is wrong; no model is given out then.
        let nobody = Holder::Consortium(Vec::new());
        match (&contract.contractor, contract.consortium.is_empty()) {
            (Some(contractor), true) => {
                self.contractor(parties, contractor, &path.key("contractor")).map_or(nobody, Holder::Sole)
            }
            (None, false) => {
                let path = path.key("consortium");
                let total: f64 = contract.consortium.values().sum();
                if !((total - 100.0).abs() <= SHARE_TOLERANCE && contract.consortium.values().all(|share| *share > 0.0))
                {
                    let message = format!("expected positive shares that add up to 100, found {total}");
                    self.problems.push(Problem::new(Code::BadShares, path.clone(), message));
                }
                let shares = contract
                    .consortium
                    .iter()
                    .filter_map(|(id, share)| Some((self.contractor(parties, id, &path.name(id))?, *share)))
                    .collect();
                Holder::Consortium(shares)
            }
            (Some(_), false) => {
                let message = "expected either `contractor` or `consortium`, found both".to_owned();
                self.problems.push(Problem::new(Code::HolderUnclear, path.clone(), message));
                nobody
            }
            (None, true) => {
                let message = "expected a `contractor` or a `consortium`, found neither".to_owned();
                self.problems.push(Problem::new(Code::HolderUnclear, path.clone(), message));
                nobody
            }
        }
    }

    fn duties(&mut self, selection: &mut Selection, contract: &document::Contract, path: &Path) -> Vec<Duty> {
        let duties = contract.duties.iter().enumerate().map(|(item, duty)| Duty {
            kind: duty.duty,
            selectors: duty.of.clone(),
            elements: selection.select(&duty.of, &path.item(item).key("of"), self.problems),
        });
        duties.collect()
    }

    /// One problem for each cycle, at its first contract. Every contract is under at most one other, so following
    /// `under` until something seen before comes up visits each contract once.
    fn no_cycles(&mut self, contracts: &[Contract], section: &Path) {
        const SHOWN: usize = 8;
        let mut seen_from = vec![usize::MAX; contracts.len()];
        for start in 0..contracts.len() {
            let mut way = vec![start];
            while let Some(at) = way.last().copied().filter(|at| seen_from[*at] == usize::MAX) {
                seen_from[at] = start;
                way.extend(contracts[at].under.map(ContractIndex::index));
            }
            let Some((last, way)) = way.split_last() else { continue };
            let Some(first) = way.iter().position(|at| at == last) else { continue };
            let cycle = &way[first..];
            let least = cycle.iter().enumerate().min_by_key(|(_, at)| **at).map_or(0, |(position, _)| position);
            let id = |at: &usize| contracts[*at].id.as_str();
            let mut chain: Vec<&str> = cycle[least..].iter().chain(&cycle[..least]).map(id).take(SHOWN).collect();
            let top = id(&cycle[least]);
            chain.extend((cycle.len() > SHOWN).then_some("…"));
            chain.push(top);
            let message = format!("`{top}` is a subcontract of itself: {}", chain.join(" under "));
            self.problems.push(Problem::new(Code::CyclicSubcontract, section.key(top).key("under"), message));
        }
    }

    pub(super) fn viewers(&mut self, parties: &[Contractor], seen_by: &[String], path: &Path) -> Viewers {
        let mut viewers = Viewers::default();
        for (item, party) in seen_by.iter().enumerate() {
            if party == PUBLIC {
                viewers.public = true;
            } else {
                viewers.contractors.extend(self.contractor(parties, party, &path.item(item)));
            }
        }
        viewers.contractors.sort_unstable();
        viewers.contractors.dedup();
        viewers
    }
}
