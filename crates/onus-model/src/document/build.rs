//! Chaining constructors: a model in code reads like its file.

use super::{
    CommonCause, Contract, Contractor, Defaults, Duty, DutyKind, Evidence, Fault, INCIDENT_FORMAT, Incident, Interface,
    MODEL_FORMAT, Model, Monitor, Need, SeenBy, System,
};
use crate::quantity::Time;

fn strings<S: Into<String>>(items: impl IntoIterator<Item = S>) -> Vec<String> {
    items.into_iter().map(Into::into).collect()
}

impl Model {
    /// An empty estate.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { format: MODEL_FORMAT.to_owned(), title: title.into(), ..Self::default() }
    }

    /// The fault that systems without one get.
    #[must_use]
    pub fn defaults(mut self, defaults: Defaults) -> Self {
        self.defaults = defaults;
        self
    }

    /// Adds a contractor; one of the same id is replaced.
    #[must_use]
    pub fn contractor(mut self, id: impl Into<String>, contractor: Contractor) -> Self {
        self.contractors.insert(id.into(), contractor);
        self
    }

    /// Adds a contract; one of the same id is replaced.
    #[must_use]
    pub fn contract(mut self, id: impl Into<String>, contract: Contract) -> Self {
        self.contracts.insert(id.into(), contract);
        self
    }

    /// Says which duties answer for a cause, first held first.
    #[must_use]
    pub fn answers(mut self, cause: impl Into<String>, duties: impl IntoIterator<Item = DutyKind>) -> Self {
        self.answers.insert(cause.into(), duties.into_iter().collect());
        self
    }

    /// Adds a system; one of the same id is replaced.
    #[must_use]
    pub fn system(mut self, id: impl Into<String>, system: System) -> Self {
        self.systems.insert(id.into(), system);
        self
    }

    /// Says more about the need of `consumer` for `provider`.
    #[must_use]
    pub fn interface(mut self, consumer: &str, provider: &str, interface: Interface) -> Self {
        self.interfaces.insert(crate::id::interface_id(consumer, provider), interface);
        self
    }

    /// Adds a fault that sits on several elements.
    #[must_use]
    pub fn common_cause(mut self, name: impl Into<String>, common_cause: CommonCause) -> Self {
        self.common_causes.insert(name.into(), common_cause);
        self
    }

    /// Adds a monitor; one of the same id is replaced.
    #[must_use]
    pub fn monitor(mut self, id: impl Into<String>, monitor: Monitor) -> Self {
        self.monitors.insert(id.into(), monitor);
        self
    }

    /// Checks everything and gives the model.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) with every problem found.
    pub fn build(self) -> Result<crate::Model, crate::Error> {
        crate::Model::from_document(self)
    }
}

impl Contractor {
    /// A party with a name for people.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..Self::default() }
    }

    /// Sets its role; `buyer` is the one with a meaning.
    #[must_use]
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.role = Some(role.into());
        self
    }

    /// Sets its corporate group.
    #[must_use]
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }
}

impl Contract {
    /// A contract held by one contractor.
    #[must_use]
    pub fn held_by(contractor: impl Into<String>) -> Self {
        Self { contractor: Some(contractor.into()), ..Self::default() }
    }

    /// A contract held together, with shares in percent.
    #[must_use]
    pub fn consortium<S: Into<String>>(shares: impl IntoIterator<Item = (S, f64)>) -> Self {
        Self { consortium: shares.into_iter().map(|(id, share)| (id.into(), share)).collect(), ..Self::default() }
    }

    /// Makes it a subcontract.
    #[must_use]
    pub fn under(mut self, parent: impl Into<String>) -> Self {
        self.under = Some(parent.into());
        self
    }

    /// Adds a duty.
    #[must_use]
    pub fn duty<S: Into<String>>(mut self, duty: DutyKind, of: impl IntoIterator<Item = S>) -> Self {
        self.duties.push(Duty { duty, of: strings(of) });
        self
    }

    /// Adds parties that are told what its holder sees.
    #[must_use]
    pub fn reports_to<S: Into<String>>(mut self, parties: impl IntoIterator<Item = S>) -> Self {
        self.reports_to.extend(strings(parties));
        self
    }
}

impl System {
    /// A system with nothing said about it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets its kind.
    #[must_use]
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// Says that it cannot fail by itself, only with what it needs.
    #[must_use]
    pub fn faultless(mut self) -> Self {
        self.faultless = true;
        self
    }

    /// Adds a fault of its own.
    #[must_use]
    pub fn fault(mut self, name: impl Into<String>, fault: Fault) -> Self {
        self.faults.insert(name.into(), fault);
        self
    }

    /// Adds something it needs.
    #[must_use]
    pub fn needs(mut self, need: impl Into<Need>) -> Self {
        self.needs.push(need.into());
        self
    }

    /// Adds service it delivers to the outside.
    #[must_use]
    pub fn demand(mut self, unit: impl Into<String>, amount: f64) -> Self {
        self.demand.insert(unit.into(), amount);
        self
    }
}

impl Fault {
    /// A fault with its probability.
    #[must_use]
    pub fn new(cause: impl Into<String>, probability: f64) -> Self {
        Self { cause: cause.into(), probability: Some(probability), ..Self::default() }
    }

    /// Marks it as what sets a failure off.
    #[must_use]
    pub fn trigger(mut self) -> Self {
        self.trigger = true;
        self
    }

    /// Marks it as a standing weakness.
    #[must_use]
    pub fn latent(mut self) -> Self {
        self.latent = true;
        self
    }
}

impl CommonCause {
    /// The same fault on several elements at once.
    #[must_use]
    pub fn new<S: Into<String>>(fault: Fault, strikes: impl IntoIterator<Item = S>) -> Self {
        Self {
            strikes: strings(strikes),
            cause: fault.cause,
            probability: fault.probability,
            rate: fault.rate,
            exposure: fault.exposure,
            trigger: fault.trigger,
            latent: fault.latent,
            assumed: fault.assumed,
            description: fault.description,
        }
    }

    /// The fault without what it strikes.
    pub(crate) fn fault(&self) -> Fault {
        Fault {
            cause: self.cause.clone(),
            probability: self.probability,
            rate: self.rate.clone(),
            exposure: self.exposure.clone(),
            trigger: self.trigger,
            latent: self.latent,
            assumed: self.assumed.clone(),
            description: self.description.clone(),
        }
    }
}

impl Monitor {
    /// A perfect monitor of these systems.
    #[must_use]
    pub fn of<S: Into<String>>(watches: impl IntoIterator<Item = S>) -> Self {
        Self { watches: strings(watches), ..Self::default() }
    }

    /// Sets who sees its reports.
    #[must_use]
    pub fn seen_by<S: Into<String>>(mut self, parties: impl IntoIterator<Item = S>) -> Self {
        self.seen_by = strings(parties);
        self
    }
}

impl Incident {
    /// An incident with no evidence yet.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { format: INCIDENT_FORMAT.to_owned(), title: title.into(), ..Self::default() }
    }

    /// Adds an item.
    #[must_use]
    pub fn item(mut self, item: Evidence) -> Self {
        self.evidence.push(item);
        self
    }

    /// Checks everything against a model and gives the incident.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) with every problem found.
    pub fn build(self, model: &crate::Model) -> Result<crate::Incident, crate::Error> {
        crate::Incident::from_document(self, model)
    }
}

impl Evidence {
    fn bare(id: impl Into<String>, at: Time) -> Self {
        Self {
            id: id.into(),
            at,
            known: None,
            seen_by: None,
            failed: None,
            working: None,
            via: None,
            test: None,
            present: None,
            reliability: None,
            repaired: None,
            effectiveness: None,
            changed: None,
            causes: None,
            odds: None,
            announced: None,
            by: None,
            supersedes: Vec::new(),
            note: None,
            source: None,
        }
    }

    /// A system that did not deliver its service.
    #[must_use]
    pub fn failed(id: impl Into<String>, at: Time, system: impl Into<String>) -> Self {
        Self { failed: Some(system.into()), ..Self::bare(id, at) }
    }

    /// A system that did.
    #[must_use]
    pub fn working(id: impl Into<String>, at: Time, system: impl Into<String>) -> Self {
        Self { working: Some(system.into()), ..Self::bare(id, at) }
    }

    /// A repair.
    #[must_use]
    pub fn repaired(id: impl Into<String>, at: Time, target: impl Into<String>) -> Self {
        Self { repaired: Some(target.into()), ..Self::bare(id, at) }
    }

    /// A change that multiplies the prior odds of the faults it could have introduced.
    #[must_use]
    pub fn changed(id: impl Into<String>, at: Time, element: impl Into<String>, odds: f64) -> Self {
        Self { changed: Some(element.into()), odds: Some(odds), ..Self::bare(id, at) }
    }

    /// A test of one fault.
    #[must_use]
    pub fn test(id: impl Into<String>, at: Time, fault: impl Into<String>, present: bool) -> Self {
        Self { test: Some(fault.into()), present: Some(present), ..Self::bare(id, at) }
    }

    /// A claim about the cause.
    #[must_use]
    pub fn announced(id: impl Into<String>, at: Time, target: impl Into<String>, by: Option<String>) -> Self {
        Self { announced: Some(target.into()), by, ..Self::bare(id, at) }
    }

    /// Names the monitor that reported an observation.
    #[must_use]
    pub fn via(mut self, monitor: impl Into<String>) -> Self {
        self.via = Some(monitor.into());
        self
    }

    /// Names who saw it, at the time it was known.
    #[must_use]
    pub fn seen_by<S: Into<String>>(mut self, parties: impl IntoIterator<Item = S>) -> Self {
        self.seen_by = Some(SeenBy::Parties(strings(parties)));
        self
    }
}
