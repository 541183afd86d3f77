//! From a model back to its document: what was read, canonical. Reading it again gives an equal model.

use crate::document::{self, Defaults, INCIDENT_FORMAT, MODEL_FORMAT};
use crate::id::{ContractorIndex, PUBLIC};
use crate::incident::{Incident, Party, SeenBy, State, Statement};
use crate::model::{Contract, DEFAULT_FAULT, Element, Fault, FaultRole, Holder, Model, Need, Prior, Topology};
use crate::quantity::Probability;

impl Model {
    /// The model as a document.
    pub fn to_document(&self) -> document::Model {
        let topology = &self.topology;
        let mut written = document::Model {
            format: MODEL_FORMAT.to_owned(),
            title: self.title.clone(),
            description: self.description.clone(),
            defaults: Defaults {
                probability: topology.default_probability.get(),
                cause: topology.default_cause.clone(),
            },
            ..document::Model::default()
        };
        let structure = self.structure_document();
        written.contractors = structure.contractors;
        written.contracts = structure.contracts;
        written.answers = structure.answers;
        for system in &topology.systems {
            let own = document::System {
                name: system.name.clone(),
                kind: system.kind.clone(),
                site: system.site.clone(),
                faultless: system.faultless,
                faults: std::collections::BTreeMap::new(),
                needs: system.needs.iter().map(|need| need_document(topology, need)).collect(),
                demand: system.demand.clone(),
                description: system.description.clone(),
            };
            written.systems.insert(system.id.as_str().to_owned(), own);
        }
        for interface in &topology.interfaces {
            let own = document::Interface {
                kind: interface.kind.clone(),
                propagates: unless(interface.propagates, Probability::ONE),
                delay: interface.delay.clone(),
                faults: std::collections::BTreeMap::new(),
                description: interface.description.clone(),
            };
            written.interfaces.insert(interface.id.as_str().to_owned(), own);
        }
        for fault in &topology.faults {
            place_fault(topology, fault, &mut written);
        }
        // An interface about which nothing is said is just a need.
        written.interfaces.retain(|_, interface| *interface != document::Interface::default());
        for (monitor, viewers) in topology.monitors.iter().zip(&self.structure.viewers) {
            let public = viewers.public.then(|| PUBLIC.to_owned());
            let own = document::Monitor {
                watches: monitor.selectors.clone(),
                runs_on: monitor.runs_on.map(|s| topology.systems[s.index()].id.as_str().to_owned()),
                detects: unless(monitor.detects, Probability::ONE),
                false_alarms: unless(monitor.false_alarms, Probability::ZERO),
                seen_by: public.into_iter().chain(self.party_ids(&viewers.contractors)).collect(),
                description: monitor.description.clone(),
            };
            written.monitors.insert(monitor.id.as_str().to_owned(), own);
        }
        written
    }

    /// The contracts alone, as a `contracts.yaml`.
    pub fn structure_document(&self) -> document::Structure {
        let structure = &self.structure;
        let contractors = structure.contractors.iter().map(|contractor| {
            let own = document::Contractor {
                name: contractor.name.clone(),
                role: contractor.role.clone(),
                group: contractor.group.clone(),
                description: contractor.description.clone(),
            };
            (contractor.id.as_str().to_owned(), own)
        });
        document::Structure {
            format: MODEL_FORMAT.to_owned(),
            title: String::new(),
            description: None,
            contractors: contractors.collect(),
            contracts: structure
                .contracts
                .iter()
                .map(|contract| (contract.id.as_str().to_owned(), self.contract_document(contract)))
                .collect(),
            answers: structure.answers.clone(),
        }
    }

    fn contract_document(&self, contract: &Contract) -> document::Contract {
        let party = |contractor: ContractorIndex| self.party_id(contractor);
        let (contractor, consortium) = match &contract.holder {
            Holder::Sole(holder) => (Some(party(*holder)), std::collections::BTreeMap::new()),
            Holder::Consortium(shares) => {
                (None, shares.iter().map(|(holder, share)| (party(*holder), *share)).collect())
            }
        };
        document::Contract {
            title: contract.title.clone(),
            contractor,
            consortium,
            under: contract.under.map(|parent| self.structure.contracts[parent.index()].id.as_str().to_owned()),
            buyer: contract.buyer.map(party),
            term: contract.term,
            duties: contract
                .duties
                .iter()
                .map(|duty| document::Duty { duty: duty.kind, of: duty.selectors.clone() })
                .collect(),
            reports_to: self.party_ids(&contract.reports_to).collect(),
            responds_in: contract.responds_in.clone(),
            liability: document::Liability {
                excludes: contract.liability.excludes.clone(),
                cap: contract.liability.cap.clone(),
                indemnified_by: contract.liability.indemnified_by.map(party),
            },
            description: contract.description.clone(),
        }
    }

    fn party_id(&self, contractor: ContractorIndex) -> String {
        self.structure.contractors[contractor.index()].id.as_str().to_owned()
    }

    fn party_ids(&self, contractors: &[ContractorIndex]) -> impl Iterator<Item = String> {
        contractors.iter().map(|contractor| self.party_id(*contractor))
    }
}

fn unless(value: Probability, default: Probability) -> Option<f64> {
    (value != default).then(|| value.get())
}

fn need_document(topology: &Topology, need: &Need) -> document::Need {
    match need {
        Need::Provider(interface) => {
            let provider = topology.interfaces[interface.index()].provider;
            document::Need::Provider(topology.systems[provider.index()].id.as_str().to_owned())
        }
        Need::AtLeast { k, of } => {
            let of = of.iter().map(|need| need_document(topology, need)).collect();
            if *k == 1 { document::Need::Any { any: of } } else { document::Need::AtLeast { at_least: *k, of } }
        }
    }
}

fn place_fault(topology: &Topology, fault: &Fault, written: &mut document::Model) {
    if fault.is_default {
        return;
    }
    let (probability, rate, exposure) = match &fault.prior {
        Prior::Probability(probability) => (Some(probability.get()), None, None),
        Prior::Rate(rate, exposure) => (None, Some(rate.clone()), Some(exposure.clone())),
    };
    let own = document::Fault {
        cause: fault.cause.clone(),
        probability,
        rate,
        exposure,
        trigger: fault.role == FaultRole::Trigger,
        latent: fault.role == FaultRole::Latent,
        assumed: fault.assumed.clone(),
        description: fault.description.clone(),
    };
    let id = fault.id.as_str();
    if let Some(strikes) = &fault.strikes {
        written.common_causes.insert(id.to_owned(), document::CommonCause::new(own, strikes.clone()));
        return;
    }
    let element = fault.elements.first().expect("a fault that is no common cause sits on one element");
    let owner = topology.element_id(*element);
    let name = id.strip_prefix(owner).and_then(|rest| rest.strip_prefix('.')).unwrap_or(DEFAULT_FAULT).to_owned();
    let faults = match element {
        Element::System(_) => written.systems.get_mut(owner).map(|system| &mut system.faults),
        Element::Interface(_) => written.interfaces.get_mut(owner).map(|interface| &mut interface.faults),
    };
    faults.expect("every element was written before its faults").insert(name, own);
}

impl Incident {
    /// The incident as a document, in the words of the model it was checked against.
    pub fn to_document(&self, model: &Model) -> document::Incident {
        let fault = |fault: &crate::id::FaultIndex| model.topology.faults[fault.index()].id.as_str().to_owned();
        document::Incident {
            format: INCIDENT_FORMAT.to_owned(),
            title: self.title.clone(),
            description: self.description.clone(),
            evidence: self.evidence.iter().map(|item| self.item_document(item, model)).collect(),
            truth: document::Truth { origin: self.truth.iter().map(fault).collect() },
        }
    }

    fn item_document(&self, item: &crate::incident::Evidence, model: &Model) -> document::Evidence {
        let topology = &model.topology;
        let system = |system: crate::id::SystemIndex| topology.systems[system.index()].id.as_str().to_owned();
        let id = item.id.as_str();
        let mut written = match &item.statement {
            Statement::Observation { system: observed, state, via } => {
                let mut written = match state {
                    State::Failed => document::Evidence::failed(id, item.at, system(*observed)),
                    State::Working => document::Evidence::working(id, item.at, system(*observed)),
                };
                written.via = via.map(|monitor| topology.monitors[monitor.index()].id.as_str().to_owned());
                written
            }
            Statement::Test { fault, present, reliability } => {
                let fault = topology.faults[fault.index()].id.as_str();
                let mut written = document::Evidence::test(id, item.at, fault, *present);
                written.reliability = unless(*reliability, Probability::ONE);
                written
            }
            Statement::Repair { target, effectiveness } => {
                let mut written = document::Evidence::repaired(id, item.at, topology.target_id(*target));
                written.effectiveness = unless(*effectiveness, Probability::ONE);
                written
            }
            Statement::Change { element, causes, odds } => {
                let mut written = document::Evidence::changed(id, item.at, topology.element_id(*element), *odds);
                written.causes.clone_from(causes);
                written
            }
            Statement::Announcement { target, by } => {
                let by = by.map(|by| model.party_id(by));
                document::Evidence::announced(id, item.at, topology.target_id(*target), by)
            }
        };
        let party = |party: &Party| match party {
            Party::Public => PUBLIC.to_owned(),
            Party::Contractor(contractor) => model.party_id(*contractor),
        };
        written.known = item.known;
        written.seen_by = item.seen_by.as_ref().map(|seen_by| match seen_by {
            SeenBy::Parties(parties) => document::SeenBy::Parties(parties.iter().map(party).collect()),
            SeenBy::Times(times) => document::SeenBy::Times(times.iter().map(|(p, time)| (party(p), *time)).collect()),
        });
        written.supersedes =
            item.supersedes.iter().map(|older| self.evidence[older.index()].id.as_str().to_owned()).collect();
        written.note.clone_from(&item.note);
        written.source.clone_from(&item.source);
        written
    }
}
