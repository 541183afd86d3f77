//! The archive as an estate: packages are systems, alternatives are `any`, owners are contractors who maintain.
//!
//! A group of alternatives that is empty can never hold. A model has no such need, so the package needs a system that is
//! certain to be absent instead.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use lzma_rust2::XzReader;
use onus::Model;
use onus::model::document::{self, Contract, Contractor, DutyKind, Fault, Need, System};
use onus::model::{FaultIndex, SystemIndex};

/// Stands for what nobody ships. No package can be called that.
const NOWHERE: &str = "(in no archive)";

/// A line of the index: name, version, number of the owner, groups of alternatives as line numbers from 0.
type Line = (String, String, u32, Vec<Vec<u32>>);

/// One package.
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) owner: u32,
    /// Its system in the model.
    pub(crate) system: SystemIndex,
    /// Its only fault.
    pub(crate) fault: FaultIndex,
}

/// The packages, in the order of the index, and the estate they make.
pub(crate) struct Archive {
    pub(crate) packages: Vec<Package>,
    pub(crate) model: Model,
    /// The fault that is always there: what nobody ships is absent.
    pub(crate) absence: FaultIndex,
    /// The package of each system; `None` for the one that stands for what nobody ships.
    pub(crate) package_of: Vec<Option<usize>>,
}

impl Archive {
    /// Reads `bookworm.jsonl.xz`.
    pub(crate) fn open(path: &Path) -> Result<Self, Box<dyn Error>> {
        let mut lines: Vec<Line> = Vec::new();
        for line in BufReader::new(XzReader::new(BufReader::new(File::open(path)?), true)).lines() {
            lines.push(serde_json::from_str(&line?)?);
        }
        Self::of(lines)
    }

    /// Builds the estate of an index.
    pub(crate) fn of(lines: Vec<Line>) -> Result<Self, Box<dyn Error>> {
        let ids = ids(&lines);
        let mut document = document::Model::new("Debian");
        document.systems.insert(NOWHERE.to_owned(), System::new().fault("absence", Fault::new("design", 1.0)));
        let mut owned: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
        for ((_, _, owner, groups), id) in lines.iter().zip(&ids) {
            let mut system = System::new().fault("defect", Fault::new("software", 1e-3));
            for group in groups {
                let alternatives = group.iter().map(|line| ids.get(*line as usize).map(String::as_str));
                let alternatives: Option<Vec<&str>> = alternatives.collect();
                let alternatives = alternatives.ok_or_else(|| format!("`{id}` needs a line that the index lacks"))?;
                system = match alternatives[..] {
                    [] => system.needs(NOWHERE),
                    [only] => system.needs(only),
                    _ => system.needs(Need::any(alternatives)),
                };
            }
            document.systems.insert(id.clone(), system);
            owned.entry(*owner).or_default().push(id);
        }
        for (owner, packages) in owned {
            let (party, contract) = (owner_id(owner), Contract::held_by(owner_id(owner)));
            document.contractors.insert(party.clone(), Contractor::default());
            document.contracts.insert(party, contract.duty(DutyKind::Maintain, packages));
        }
        let model = document.build()?;
        let topology = model.topology();
        let find = |id: &str| -> Result<(SystemIndex, FaultIndex), String> {
            let system = topology.system(id).ok_or_else(|| format!("`{id}` is lost"))?;
            Ok((system, topology.systems()[system.index()].faults[0]))
        };
        let (_, absence) = find(NOWHERE)?;
        let mut packages = Vec::with_capacity(lines.len());
        let mut package_of = vec![None; model.systems().len()];
        for ((name, version, owner, _), id) in lines.into_iter().zip(&ids) {
            let (system, fault) = find(id)?;
            package_of[system.index()] = Some(packages.len());
            packages.push(Package { name, version, owner, system, fault });
        }
        Ok(Self { packages, model, absence, package_of })
    }
}

/// What a contractor is called.
pub(crate) fn owner_id(owner: u32) -> String {
    format!("owner-{owner:04}")
}

/// The name of each package; where several versions share one, name and version.
fn ids(lines: &[Line]) -> Vec<String> {
    let mut versions: HashMap<&str, usize> = HashMap::new();
    for (name, ..) in lines {
        *versions.entry(name).or_default() += 1;
    }
    let id = |(name, version, ..): &Line| {
        if versions[name.as_str()] == 1 { name.clone() } else { format!("{name}={version}") }
    };
    lines.iter().map(id).collect()
}
