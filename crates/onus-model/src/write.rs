//! From a model back to its document: what was read, canonical. Reading it again gives an equal model.

use std::collections::BTreeMap;

use crate::document::{self, Defaults, INCIDENT_FORMAT, MODEL_FORMAT};
use crate::id::{ContractorIndex, FaultIndex, PUBLIC};
use crate::incident::{Incident, Party, SeenBy, State, Statement};
use crate::model::{Contract, Fault, FaultRole, Holder, Interface, Model, Need, Prior, System, Topology};
use crate::quantity::Probability;
use crate::record::Record;

impl Model {
    /// The model as a document.
    pub fn to_document(&self) -> document::Model {
        self.records().collect()
    }

    /// The model entry by entry, in the order of [`document::Model::into_records`]; each is made when it is asked for.
    pub fn records(&self) -> impl Iterator<Item = Record> + '_ {
        let mut before: Vec<Record> = self.remainder().into_records().collect();
        let is_after = |record: &Record| matches!(record, Record::CommonCause(..) | Record::Monitor(..));
        let after = before.split_off(before.iter().position(is_after).unwrap_or(before.len()));
        let topology = &self.topology;
        let systems = topology
            .systems
            .iter()
            .map(|system| Record::System(system.id.as_str().to_owned(), Box::new(system_document(topology, system))));
        // An interface about which nothing is said is just a need.
        let interfaces =
            topology.interfaces.iter().filter(|interface| is_more_than_a_need(topology, interface)).map(|interface| {
                Record::Interface(interface.id.as_str().to_owned(), Box::new(interface_document(topology, interface)))
            });
        before.into_iter().chain(systems).chain(interfaces).chain(after)
    }

    /// The model without its systems and interfaces: what does not grow with the topology.
    pub(crate) fn remainder(&self) -> document::Model {
        let topology = &self.topology;
        let structure = self.structure_document();
        let mut written = document::Model {
            format: MODEL_FORMAT.to_owned(),
            title: self.title.clone(),
            description: self.description.clone(),
            defaults: Defaults {
                probability: topology.default_probability.get(),
                cause: topology.default_cause.clone(),
            },
            contractors: structure.contractors,
            contracts: structure.contracts,
            answers: structure.answers,
            ..document::Model::default()
        };
        for fault in &topology.faults {
            if let Some(strikes) = &fault.strikes {
                let own = document::CommonCause::new(fault_document(fault), strikes.clone());
                written.common_causes.insert(fault.id.as_str().to_owned(), own);
            }
        }
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
            Holder::Sole(holder) => (Some(party(*holder)), BTreeMap::new()),
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

fn system_document(topology: &Topology, system: &System) -> document::System {
    document::System {
        name: system.name.clone(),
        kind: system.kind.clone(),
        site: system.site.clone(),
        faultless: system.faultless,
        faults: own_faults(topology, system.id.as_str(), &system.faults),
        needs: system.needs.iter().map(|need| need_document(topology, need)).collect(),
        demand: system.demand.clone(),
        description: system.description.clone(),
    }
}

fn interface_document(topology: &Topology, interface: &Interface) -> document::Interface {
    document::Interface {
        kind: interface.kind.clone(),
        propagates: unless(interface.propagates, Probability::ONE),
        delay: interface.delay.clone(),
        faults: own_faults(topology, interface.id.as_str(), &interface.faults),
        description: interface.description.clone(),
    }
}

/// Whether anything is said of an interface beyond that it is there; faults of common causes are said elsewhere.
fn is_more_than_a_need(topology: &Topology, interface: &Interface) -> bool {
    interface.kind.is_some()
        || interface.description.is_some()
        || interface.delay.is_some()
        || interface.propagates != Probability::ONE
        || interface.faults.iter().any(|fault| topology.faults[fault.index()].is_own())
}

/// The faults of one element that stand under it, by their names there.
fn own_faults(topology: &Topology, owner: &str, faults: &[FaultIndex]) -> BTreeMap<String, document::Fault> {
    let own = faults.iter().map(|fault| &topology.faults[fault.index()]).filter(|fault| fault.is_own());
    own.map(|fault| (fault.name_under(owner).to_owned(), fault_document(fault))).collect()
}

fn fault_document(fault: &Fault) -> document::Fault {
    let (probability, rate, exposure) = match &fault.prior {
        Prior::Probability(probability) => (Some(probability.get()), None, None),
        Prior::Rate(rate, exposure) => (None, Some(rate.clone()), Some(exposure.clone())),
    };
    document::Fault {
        cause: fault.cause.clone(),
        probability,
        rate,
        exposure,
        trigger: fault.role == FaultRole::Trigger,
        latent: fault.role == FaultRole::Latent,
        assumed: fault.assumed.clone(),
        description: fault.description.clone(),
    }
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
