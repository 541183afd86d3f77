//! From a document to a model: every rule of the model file, checked in one pass that collects all problems.
//!
//! Topology comes first and knows no contract; structure is then laid over it. That is why a structure from a file of
//! its own ([`Model::with_structure`]) goes through the same code as the model's own.

mod selector;
mod structure;
mod topology;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::code::Code;
use crate::diagnostic::{Error, Missing, Path, Problem, Problems};
use crate::document::{self, MODEL_FORMAT};
use crate::id::{ContractorIndex, objection};
use crate::model::{Contractor, Fault, Model, Topology, Viewers};
use crate::quantity::Probability;

pub(crate) use selector::Selection;
use structure::StructureBuilder;
use topology::TopologyBuilder;
pub(crate) use topology::default_fault;

impl Model {
    /// Checks a document and gives the model.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every problem found, in the order of the document.
    #[expect(clippy::needless_pass_by_value, reason = "it ends the chain that built the document")]
    pub fn from_document(document: document::Model) -> Result<Self, Error> {
        let mut problems = Problems::default();
        let model = model(&document, &mut problems);
        problems.or(model)
    }

    /// The same topology under other contracts: contracts and answers are replaced, contractors added.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every problem found.
    #[expect(clippy::needless_pass_by_value, reason = "it ends the chain that built the document")]
    pub fn with_structure(&self, document: document::Structure) -> Result<Self, Error> {
        let mut problems = Problems::default();
        let model = with_structure(self, &document, &mut problems);
        problems.or(model)
    }
}

/// Checks a model document. The model is meaningful only if no problem was added.
pub(crate) fn model(document: &document::Model, problems: &mut Problems) -> Model {
    format(&document.format, MODEL_FORMAT, problems);
    let topology = TopologyBuilder { document, problems }.build();
    structured(document, topology, problems)
}

/// Completes a topology of systems and interfaces, of which a document says the rest: common causes, monitors, structure.
pub(crate) fn complete(
    document: &document::Model,
    mut topology: Topology,
    faults: Vec<Fault>,
    problems: &mut Problems,
) -> Model {
    format(&document.format, MODEL_FORMAT, problems);
    TopologyBuilder { document, problems }.complete(&mut topology, faults);
    structured(document, topology, problems)
}

/// The probability of the faults that systems get which name none.
pub(crate) fn default_probability(document: &document::Model, problems: &mut Problems) -> Probability {
    let path = Path::default().key("defaults").key("probability");
    probability(document.defaults.probability, &path, problems)
}

/// Lays a document's structure over its topology.
fn structured(document: &document::Model, topology: Topology, problems: &mut Problems) -> Model {
    let topology = Arc::new(topology);
    let viewers_path = Path::default().key("monitors");
    let mut check = StructureBuilder { topology: &topology, problems };
    let mut structure = check.build(&document.contractors, &document.contracts, &document.answers);
    let contractors = &structure.contractors;
    structure.viewers = document
        .monitors
        .iter()
        .map(|(id, monitor)| check.viewers(contractors, &monitor.seen_by, &viewers_path.key(id).key("seen_by")))
        .collect();
    Model { title: document.title.clone(), description: document.description.clone(), topology, structure }
}

/// Lays another structure over a model's topology.
pub(crate) fn with_structure(model: &Model, document: &document::Structure, problems: &mut Problems) -> Model {
    format(&document.format, MODEL_FORMAT, problems);
    let mut contractors: BTreeMap<String, document::Contractor> = model.structure_document().contractors;
    contractors.extend(document.contractors.clone());
    let mut check = StructureBuilder { topology: &model.topology, problems };
    let mut structure = check.build(&contractors, &document.contracts, &document.answers);
    // The parties of the model are still there, perhaps at other indices.
    let moved = |contractor: &ContractorIndex| {
        let id = &model.structure.contractors[contractor.index()].id;
        ContractorIndex::new(
            structure.contractors.binary_search_by(|c| c.id.cmp(id)).expect("the model's contractors were all added"),
        )
    };
    structure.viewers = model
        .structure
        .viewers
        .iter()
        .map(|viewers| Viewers { public: viewers.public, contractors: viewers.contractors.iter().map(moved).collect() })
        .collect();
    let title = if document.title.is_empty() { model.title.clone() } else { document.title.clone() };
    Model { title, description: model.description.clone(), topology: model.shared_topology(), structure }
}

pub(crate) fn format(found: &str, wanted: &str, problems: &mut Problems) {
    if found.is_empty() {
        let message = format!("the key `format` is missing; expected `format: {wanted}`");
        problems.push(Problem::new(Code::MissingKey, Path::default(), message));
    } else if found != wanted {
        let message = format!("expected the format `{wanted}`, found `{found}`");
        problems.push(Problem::new(Code::WrongFormat, Path::default().key("format"), message));
    }
}

/// Checks the ids of a section; `reserved` may not be used.
fn ids<'d>(section: &str, keys: impl Iterator<Item = &'d String>, reserved: &[&str], problems: &mut Problems) {
    for key in keys {
        let reason = objection(key)
            .or_else(|| reserved.contains(&key.as_str()).then_some("this word has a meaning of its own among parties"));
        if let Some(reason) = reason {
            let path = Path::default().key(section).name(key);
            problems.push(Problem::new(Code::BadId, path, format!("`{key}` cannot be an id: {reason}")));
        }
    }
}

pub(crate) fn probability(value: f64, path: &Path, problems: &mut Problems) -> Probability {
    Probability::new(value).unwrap_or_else(|error| {
        problems.push(Problem::new(Code::BadProbability, path.clone(), error.to_string()));
        Probability::ZERO
    })
}

pub(crate) fn unknown_system(topology: &Topology, id: &str, path: &Path, problems: &mut Problems) -> Problem {
    let help = problems.nearest(id, topology.systems.iter().map(|s| s.id.as_str()));
    Problem::new(Code::UnknownSystem, path.clone(), format!("there is no system `{id}`"))
        .missing(Missing::System(id.to_owned()))
        .help(help)
}

pub(crate) fn unknown_contractor(parties: &[Contractor], id: &str, path: &Path, problems: &mut Problems) -> Problem {
    let help = problems.nearest(id, parties.iter().map(|c| c.id.as_str()));
    Problem::new(Code::UnknownContractor, path.clone(), format!("there is no contractor `{id}`"))
        .missing(Missing::Contractor(id.to_owned()))
        .help(help)
}
