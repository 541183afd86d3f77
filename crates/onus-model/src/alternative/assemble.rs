//! A structure taken apart into names, so that parties and contracts can come, go and be renamed; and put together again.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::DutyKind;
use crate::id::{ContractId, ContractIndex, ContractorId, ContractorIndex};
use crate::model::{Contract, Contractor, Duty, Element, Holder, Liability, Model, Structure, Viewers};
use crate::responsibility::Held;

/// A structure by names.
pub(super) struct Loose {
    /// Everybody, whether it holds anything or not.
    pub(super) parties: BTreeSet<String>,
    pub(super) contracts: Vec<LooseContract>,
    /// By monitor: whether everybody sees it, and which contractors do.
    pub(super) viewers: Vec<(bool, Vec<String>)>,
}

/// A contract by names.
pub(super) struct LooseContract {
    pub(super) id: String,
    /// What stays as it is; `None` for a new contract.
    pub(super) like: Option<ContractIndex>,
    /// With their shares; the same name twice holds both.
    pub(super) holder: Vec<(String, f64)>,
    pub(super) under: Option<String>,
    pub(super) buyer: Option<String>,
    pub(super) duties: Vec<Duty>,
    pub(super) reports_to: Vec<String>,
    pub(super) indemnified_by: Option<String>,
}

impl Loose {
    /// A model's structure as it is.
    pub(super) fn of(model: &Model) -> Self {
        let name = |party: ContractorIndex| model.contractors()[party.index()].id.to_string();
        let contracts = model.contracts().iter().enumerate().map(|(at, contract)| LooseContract {
            id: contract.id.to_string(),
            like: Some(ContractIndex::new(at)),
            holder: shares(&contract.holder).into_iter().map(|(party, share)| (name(party), share)).collect(),
            under: contract.under.map(|parent| model.contracts()[parent.index()].id.to_string()),
            buyer: contract.buyer.map(name),
            duties: contract.duties.clone(),
            reports_to: contract.reports_to.iter().copied().map(name).collect(),
            indemnified_by: contract.liability.indemnified_by.map(name),
        });
        let viewers = model.structure.viewers.iter();
        Self {
            parties: model.contractors().iter().map(|contractor| contractor.id.to_string()).collect(),
            contracts: contracts.collect(),
            viewers: viewers.map(|v| (v.public, v.contractors.iter().copied().map(name).collect())).collect(),
        }
    }

    /// Adds a contract with one duty, held by somebody new or not. Returns its id, which may differ from the one wished.
    pub(super) fn add(
        &mut self,
        who: &str,
        wished: &str,
        kind: DutyKind,
        selectors: Vec<String>,
        elements: Vec<Element>,
    ) -> String {
        let mut id = wished.replace("->", ">");
        while self.contracts.iter().any(|contract| contract.id == id) {
            id.push('\'');
        }
        self.parties.insert(who.to_owned());
        self.contracts.push(LooseContract {
            id: id.clone(),
            like: None,
            holder: vec![(who.to_owned(), 100.0)],
            under: None,
            buyer: None,
            duties: vec![Duty { kind, selectors, elements }],
            reports_to: Vec::new(),
            indemnified_by: None,
        });
        id
    }

    /// Puts the structure together over a model's topology. Every name a contract uses is among the parties and contracts.
    pub(super) fn assemble(mut self, model: &Model) -> Model {
        self.contracts.sort_by(|a, b| a.id.cmp(&b.id));
        let parties: Vec<String> = self.parties.into_iter().collect();
        let party = |name: &String| {
            ContractorIndex::new(parties.binary_search(name).expect("whoever a contract names is among the parties"))
        };
        let parties_of = |names: &[String]| {
            let mut found: Vec<ContractorIndex> = names.iter().map(party).collect();
            found.sort_unstable();
            found.dedup();
            found
        };
        let place: BTreeMap<&str, usize> =
            self.contracts.iter().enumerate().map(|(at, contract)| (contract.id.as_str(), at)).collect();
        let contracts: Vec<Contract> = self
            .contracts
            .iter()
            .map(|loose| {
                let like = loose.like.map(|like| &model.contracts()[like.index()]);
                let liability = like.map(|like| like.liability.clone()).unwrap_or_default();
                Contract {
                    id: ContractId::new(&loose.id),
                    title: like.and_then(|like| like.title.clone()),
                    holder: holder(&loose.holder, party),
                    under: loose.under.as_deref().map(|parent| ContractIndex::new(place[parent])),
                    buyer: loose.buyer.as_ref().map(party),
                    term: like.map(|like| like.term).unwrap_or_default(),
                    duties: loose.duties.clone(),
                    reports_to: parties_of(&loose.reports_to),
                    responds_in: like.and_then(|like| like.responds_in.clone()),
                    liability: Liability { indemnified_by: loose.indemnified_by.as_ref().map(party), ..liability },
                    description: like.and_then(|like| like.description.clone()),
                }
            })
            .collect();
        let viewers = self.viewers.iter();
        let viewers = viewers.map(|(public, names)| Viewers { public: *public, contractors: parties_of(names) });
        let structure = Structure {
            contractors: parties.iter().map(|name| contractor(model, name)).collect(),
            answers: model.structure.answers.clone(),
            viewers: viewers.collect(),
            held: Held::of(model.topology(), &contracts),
            contracts,
        };
        Model {
            title: model.title.clone(),
            description: model.description.clone(),
            topology: model.topology.clone(),
            structure,
        }
    }
}

/// Holders with their shares in percent.
pub(super) fn shares(holder: &Holder) -> Vec<(ContractorIndex, f64)> {
    match holder {
        Holder::Sole(party) => vec![(*party, 100.0)],
        Holder::Consortium(shares) => shares.clone(),
    }
}

/// Who holds it now: one, if all shares came into one hand.
fn holder(shares: &[(String, f64)], party: impl Fn(&String) -> ContractorIndex) -> Holder {
    let mut sums: BTreeMap<ContractorIndex, f64> = BTreeMap::new();
    for (name, share) in shares {
        *sums.entry(party(name)).or_default() += share;
    }
    match sums.first_key_value() {
        Some((only, _)) if sums.len() == 1 => Holder::Sole(*only),
        _ => Holder::Consortium(sums.into_iter().collect()),
    }
}

/// A party as the model knows it, or one of which nothing but the name is known.
fn contractor(model: &Model, name: &str) -> Contractor {
    model.contractor(name).map_or_else(
        || Contractor { id: ContractorId::new(name), name: None, role: None, group: None, description: None },
        |known| model.contractors()[known.index()].clone(),
    )
}
