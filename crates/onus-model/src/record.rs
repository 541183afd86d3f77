//! An estate as a row of records, for estates too large to hold as one document.
//!
//! A [`Record`] is one entry of a section of the model file. Written as a line ([`Record::write`]), it is a model file in
//! JSON that holds nothing but this entry, `{"systems":{"router":{"needs":["power"]}}}`: what is known about the model
//! file holds for each line, and all lines together are the model. `lines` reads them.

use std::io::{self, Write};

use serde::Serialize;

use crate::document::{
    CommonCause, Contract, Contractor, Evidence, INCIDENT_FORMAT, Incident, Interface, MODEL_FORMAT, Model, Monitor,
    System,
};

/// One entry of a model file.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// What stands at the top: title, description, defaults, answers. No section is filled.
    Head(Box<Model>),
    /// A contractor with its id.
    Contractor(String, Contractor),
    /// A contract with its id.
    Contract(String, Box<Contract>),
    /// A system with its id.
    System(String, Box<System>),
    /// More about an interface, by `consumer -> provider`.
    Interface(String, Box<Interface>),
    /// A common cause with its name.
    CommonCause(String, Box<CommonCause>),
    /// A monitor with its id.
    Monitor(String, Monitor),
}

impl Record {
    /// Writes the record as one line of JSON.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write(&self, mut to: impl Write) -> io::Result<()> {
        match self {
            Self::Head(head) => {
                serde_json::to_writer(&mut to, &Model { format: MODEL_FORMAT.to_owned(), ..(**head).clone() })?;
                to.write_all(b"\n")
            }
            Self::Contractor(id, contractor) => entry(to, "contractors", id, contractor),
            Self::Contract(id, contract) => entry(to, "contracts", id, contract),
            Self::System(id, system) => entry(to, "systems", id, system),
            Self::Interface(id, interface) => entry(to, "interfaces", id, interface),
            Self::CommonCause(id, common_cause) => entry(to, "common_causes", id, common_cause),
            Self::Monitor(id, monitor) => entry(to, "monitors", id, monitor),
        }
    }
}

fn entry(mut to: impl Write, section: &str, id: &str, entry: &impl Serialize) -> io::Result<()> {
    write!(to, "{{\"{section}\":{{")?;
    serde_json::to_writer(&mut to, id)?;
    to.write_all(b":")?;
    serde_json::to_writer(&mut to, entry)?;
    to.write_all(b"}}\n")
}

impl Model {
    /// Takes the document apart, entry by entry; contractors and contracts first, in the order of their ids.
    pub fn into_records(self) -> impl Iterator<Item = Record> {
        let Self { format, title, description, defaults, answers, .. } = self;
        let head = Self { format, title, description, defaults, answers, ..Self::default() };
        let contractors = self.contractors.into_iter().map(|(id, entry)| Record::Contractor(id, entry));
        let contracts = self.contracts.into_iter().map(|(id, entry)| Record::Contract(id, Box::new(entry)));
        let systems = self.systems.into_iter().map(|(id, entry)| Record::System(id, Box::new(entry)));
        let interfaces = self.interfaces.into_iter().map(|(id, entry)| Record::Interface(id, Box::new(entry)));
        let causes = self.common_causes.into_iter().map(|(id, entry)| Record::CommonCause(id, Box::new(entry)));
        let monitors = self.monitors.into_iter().map(|(id, entry)| Record::Monitor(id, entry));
        let parties = std::iter::once(Record::Head(Box::new(head))).chain(contractors).chain(contracts);
        parties.chain(systems).chain(interfaces).chain(causes).chain(monitors)
    }

    /// Puts a record into its section; one of the same id is replaced.
    pub fn insert(&mut self, record: Record) {
        match record {
            Record::Head(head) => {
                let Self { format, title, description, defaults, answers, .. } = *head;
                let sections = std::mem::take(self);
                *self = Self { format, title, description, defaults, answers, ..sections };
            }
            Record::Contractor(id, entry) => drop(self.contractors.insert(id, entry)),
            Record::Contract(id, entry) => drop(self.contracts.insert(id, *entry)),
            Record::System(id, entry) => drop(self.systems.insert(id, *entry)),
            Record::Interface(id, entry) => drop(self.interfaces.insert(id, *entry)),
            Record::CommonCause(id, entry) => drop(self.common_causes.insert(id, *entry)),
            Record::Monitor(id, entry) => drop(self.monitors.insert(id, entry)),
        }
    }
}

impl FromIterator<Record> for Model {
    fn from_iter<I: IntoIterator<Item = Record>>(records: I) -> Self {
        let mut model = Self::default();
        records.into_iter().for_each(|record| model.insert(record));
        model
    }
}

impl Incident {
    /// Writes the incident as lines of JSON, one item of evidence a line.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write_lines(&self, mut to: impl Write) -> io::Result<()> {
        let head = Self { format: INCIDENT_FORMAT.to_owned(), evidence: Vec::new(), ..self.clone() };
        serde_json::to_writer(&mut to, &head)?;
        to.write_all(b"\n")?;
        for item in &self.evidence {
            #[derive(Serialize)]
            struct Line<'a> {
                evidence: [&'a Evidence; 1],
            }
            serde_json::to_writer(&mut to, &Line { evidence: [item] })?;
            to.write_all(b"\n")?;
        }
        Ok(())
    }
}
