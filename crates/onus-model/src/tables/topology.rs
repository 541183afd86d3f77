//! The large tables: systems, needs, groups of needs, faults; from columns and into columns.

mod needs;

use std::collections::HashMap;
use std::io;
use std::path::Path as FilePath;

use super::file::{Kind, Schema, Table, Values, may, must, read, write};
use super::report::Report;
use crate::code::Code;
use crate::columns::{Columns, GROUP, NONE, TooLarge, Words, entry, put};
use crate::diagnostic::nearest;
use crate::json;
use crate::model::{DEFAULT_FAULT, Model};

use Kind::{Figure, Flag, Json, Number, Text};

pub(super) const SYSTEMS: Schema = Schema {
    name: "systems",
    fields: &[
        must("id", Number),
        must("key", Text),
        may("name", Text),
        may("kind", Text),
        may("site", Text),
        may("faultless", Flag),
        may("demand", Json),
        may("owner", Text),
        may("prior", Figure),
        may("description", Text),
    ],
};

pub(super) const NEEDS: Schema = Schema {
    name: "needs",
    fields: &[
        must("src", Number),
        must("dst", Number),
        may("group", Number),
        may("k", Number),
        may("kind", Text),
        may("propagates", Figure),
        may("delay_min", Text),
        may("delay_max", Text),
        may("description", Text),
    ],
};

pub(super) const GROUPS: Schema =
    Schema { name: "groups", fields: &[must("id", Number), may("parent", Number), must("k", Number)] };

pub(super) const FAULTS: Schema = Schema {
    name: "faults",
    fields: &[
        must("system", Number),
        may("provider", Number),
        must("name", Text),
        must("cause", Text),
        may("probability", Figure),
        may("rate", Text),
        may("exposure", Text),
        may("role", Text),
        may("assumed", Text),
        may("description", Text),
    ],
};

const ROLES: [&str; 2] = ["trigger", "latent"];

/// The texts whose numbers a column holds.
fn texts<'c>(columns: &'c Columns, words: &'c [u32]) -> Values<'c> {
    Values::Texts(Box::new(|row| entry(words, row).map(|word| columns.words.get(word as usize))))
}

/// Writes the large tables of a model.
pub(super) fn write_topology(folder: &FilePath, model: &Model, columns: &Columns) -> io::Result<()> {
    let demand: Vec<Option<String>> = model
        .systems()
        .iter()
        .map(|system| (!system.demand.is_empty()).then(|| serde_json::to_string(&system.demand)).transpose())
        .collect::<Result<_, _>>()?;
    let derived = Derived::of(model);
    let values = [
        Values::Numbers(Box::new(|row| i64::try_from(row).ok())),
        Values::Texts(Box::new(|row| Some(columns.systems.get(row)))),
        texts(columns, &columns.system_name),
        texts(columns, &columns.system_kind),
        texts(columns, &columns.system_site),
        Values::Flags(Box::new(|row| Some(columns.system_faultless.get(row) == Some(&1)))),
        Values::Texts(Box::new(|row| demand[row].as_deref())),
        Values::Texts(Box::new(|row| derived.owner(model, row))),
        Values::Figures(Box::new(|row| Some(derived.prior[row]))),
        texts(columns, &columns.system_description),
    ];
    write(folder, &SYSTEMS, columns.systems.len(), &values)?;
    needs::write_needs(folder, columns)?;
    let values = [
        Values::Numbers(Box::new(|row| Some(i64::from(columns.fault_system[row])))),
        Values::Numbers(Box::new(|row| entry(&columns.fault_provider, row).map(i64::from))),
        texts(columns, &columns.fault_name),
        texts(columns, &columns.fault_cause),
        Values::Figures(Box::new(|row| Some(columns.fault_probability[row]).filter(|p| !p.is_nan()))),
        texts(columns, &columns.fault_rate),
        texts(columns, &columns.fault_exposure),
        Values::Texts(Box::new(|row| {
            let role = columns.fault_role.get(row).copied().unwrap_or(0);
            ROLES.get(usize::from(role).wrapping_sub(1)).copied()
        })),
        texts(columns, &columns.fault_assumed),
        texts(columns, &columns.fault_description),
    ];
    write(folder, &FAULTS, columns.fault_system.len(), &values)
}

/// What is told of each system for those who read the tables alone, and follows from the model.
pub(super) struct Derived {
    /// The contract with the strongest duty over it that makes an owner; the first one, if there are more.
    owner: Vec<u32>,
    /// Probability that at least one of the faults that sit on it is present.
    prior: Vec<f64>,
}

impl Derived {
    pub(super) fn of(model: &Model) -> Self {
        let responsibility = model.responsibility(None);
        let owner = (0..model.systems().len()).map(|at| {
            let owning = responsibility.ownership(crate::id::SystemIndex::new(at));
            owning.first().map_or(NONE, |first| first.index() as u32)
        });
        let prior = model.systems().iter().map(|system| {
            let faults = system.faults.iter().map(|fault| model.faults()[fault.index()].prior.probability().get());
            let mut faults: Vec<f64> = faults.collect();
            // One fault is told as it is, to the last bit.
            if faults.len() == 1 { faults.remove(0) } else { 1.0 - faults.iter().map(|p| 1.0 - p).product::<f64>() }
        });
        Self { owner: owner.collect(), prior: prior.collect() }
    }

    fn owner<'m>(&self, model: &'m Model, system: usize) -> Option<&'m str> {
        model.contracts().get(self.owner[system] as usize).map(|contract| contract.id.as_str())
    }
}

/// What was read of the large tables.
pub(super) struct Topology {
    systems: Table,
    needs: Option<Table>,
    faults: Option<Table>,
    /// By place in the model, the system's row.
    row: Vec<u32>,
}

/// Finds systems by the ids of the tables.
struct Numbers<'t> {
    place: &'t [u32],
    /// Empty where every id is its row's number.
    by_id: HashMap<i64, u32>,
}

impl Numbers<'_> {
    fn find(&self, id: i64) -> Option<u32> {
        if self.by_id.is_empty() {
            return usize::try_from(id).ok().and_then(|row| self.place.get(row).copied());
        }
        self.by_id.get(&id).copied()
    }
}

/// Reads the large tables of a folder into columns. What is wrong goes to the report; then the columns mean nothing.
pub(super) fn read_topology(folder: &FilePath, columns: &mut Columns, report: &mut Report) -> Option<Topology> {
    let Some(systems) = read(folder, &SYSTEMS, report) else {
        if report.is_empty() {
            report.file(SYSTEMS.name, "the file is missing; every estate has systems".to_owned());
        }
        return None;
    };
    let needs = read(folder, &NEEDS, report);
    let groups = read(folder, &GROUPS, report);
    let faults = read(folder, &FAULTS, report);
    if !report.is_empty() {
        return None;
    }
    let mut words = Words::default();
    let (place, row) = order(&systems, report);
    let numbers = numbers(&systems, &place, report);
    let result = take_systems(&systems, &row, columns, &mut words, report)
        .and_then(|()| {
            columns.need_end = vec![0; row.len()];
            let Some(needs) = &needs else { return Ok(()) };
            needs::take_needs(needs, groups.as_ref(), &numbers, columns, &mut words, report)
        })
        .and_then(|()| match &faults {
            Some(faults) => take_faults(faults, &numbers, columns, &mut words, report),
            None => take_priors(&systems, &row, columns, &mut words, report),
        });
    if let Err(TooLarge) = result {
        report.file(SYSTEMS.name, "the estate is too large: its numbers have 32 bits".to_owned());
    }
    columns.words = words.into_texts();
    Some(Topology { systems, needs, faults, row })
}

/// Sorts the systems by key: by row, their places; by place, their rows.
fn order(systems: &Table, report: &mut Report) -> (Vec<u32>, Vec<u32>) {
    let key = |row: u32| systems.text("key", row as usize).unwrap_or_default();
    if systems.rows >= GROUP as usize {
        report.file(SYSTEMS.name, "expected fewer than 2^31 systems".to_owned());
        return (Vec::new(), Vec::new());
    }
    let mut row: Vec<u32> = (0..systems.rows as u32).collect();
    if !row.is_sorted_by(|a, b| key(*a) < key(*b)) {
        row.sort_by(|a, b| key(*a).cmp(key(*b)));
    }
    for pair in row.windows(2) {
        if key(pair[0]) == key(pair[1]) {
            let message = format!("`{}` stands twice, in row {} too", key(pair[1]), pair[0]);
            report.row(Code::DuplicateKey, SYSTEMS.name, pair[1] as usize, "key", message);
        }
    }
    let mut place = vec![0; row.len()];
    for (at, row) in row.iter().enumerate() {
        place[*row as usize] = at as u32;
    }
    (place, row)
}

fn numbers<'t>(systems: &Table, place: &'t [u32], report: &mut Report) -> Numbers<'t> {
    let ids = systems.numbers("id");
    let mut by_id = HashMap::new();
    if ids.iter().enumerate().any(|(row, id)| usize::try_from(*id) != Ok(row)) {
        for (row, id) in ids.iter().enumerate() {
            if by_id.insert(*id, place.get(row).copied().unwrap_or(NONE)).is_some() {
                report.row(Code::DuplicateId, SYSTEMS.name, row, "id", format!("the id {id} stands twice"));
            }
        }
    }
    Numbers { place, by_id }
}

fn word(words: &mut Words, text: Option<&str>) -> Result<u32, TooLarge> {
    text.map_or(Ok(NONE), |text| words.number(text))
}

fn take_systems(
    systems: &Table,
    rows: &[u32],
    columns: &mut Columns,
    words: &mut Words,
    report: &mut Report,
) -> Result<(), TooLarge> {
    for (at, row) in rows.iter().enumerate() {
        let row = *row as usize;
        columns.systems.push(systems.text("key", row).unwrap_or_default())?;
        put(&mut columns.system_name, at, word(words, systems.text("name", row))?, NONE);
        put(&mut columns.system_kind, at, word(words, systems.text("kind", row))?, NONE);
        put(&mut columns.system_site, at, word(words, systems.text("site", row))?, NONE);
        put(&mut columns.system_description, at, word(words, systems.text("description", row))?, NONE);
        put(&mut columns.system_faultless, at, u8::from(systems.flag("faultless", row) == Some(true)), 0);
        let Some(demand) = systems.text("demand", row) else { continue };
        let expected = "expected what is delivered by unit, like {\"users\": 530000}, each 0 or more";
        match json::value(demand) {
            Ok(serde_json::Value::Object(demand)) => {
                // In the order of the units, whatever their order here.
                let demand: std::collections::BTreeMap<String, serde_json::Value> = demand.into_iter().collect();
                for (unit, amount) in demand {
                    if let Some(amount) = amount.as_f64().filter(|amount| amount.is_finite() && *amount >= 0.0) {
                        columns.demand_system.push(at as u32);
                        columns.demand_unit.push(words.number(&unit)?);
                        columns.demand_amount.push(amount);
                    } else {
                        let message = format!("{expected}; found {amount}");
                        report.row(Code::BadNumber, SYSTEMS.name, row, "demand", message);
                    }
                }
            }
            Ok(_) => report.row(Code::WrongType, SYSTEMS.name, row, "demand", expected.to_owned()),
            Err(error) => report.row(Code::Syntax, SYSTEMS.name, row, "demand", format!("{expected}: {error}")),
        }
    }
    Ok(())
}

fn take_faults(
    faults: &Table,
    numbers: &Numbers<'_>,
    columns: &mut Columns,
    words: &mut Words,
    report: &mut Report,
) -> Result<(), TooLarge> {
    for row in 0..faults.rows {
        let mut end = |name: &str| {
            let id = faults.number(name, row)?;
            let found = numbers.find(id);
            if found.is_none() {
                let message = format!("there is no system with the id {id}");
                report.row(Code::UnknownSystem, FAULTS.name, row, name, message);
            }
            found
        };
        let (system, provider) = (end("system"), end("provider"));
        columns.fault_system.push(system.unwrap_or(0));
        put(&mut columns.fault_provider, row, provider.unwrap_or(NONE), NONE);
        columns.fault_name.push(words.number(faults.text("name", row).unwrap_or_default())?);
        columns.fault_cause.push(words.number(faults.text("cause", row).unwrap_or_default())?);
        let probability = faults.figure("probability", row);
        let [rate, exposure] = ["rate", "exposure"].map(|name| faults.text(name, row));
        match (probability, rate, exposure) {
            (Some(p), None, None) if (0.0..=1.0).contains(&p) => {}
            (Some(p), None, None) => {
                let message = format!("expected a probability from 0 to 1, found {p}");
                report.row(Code::BadProbability, FAULTS.name, row, "probability", message);
            }
            (None, Some(_), Some(_)) => {}
            _ => {
                let message = "expected either a probability, or a rate and an exposure".to_owned();
                report.row(Code::PriorUnclear, FAULTS.name, row, "probability", message);
            }
        }
        columns.fault_probability.push(probability.unwrap_or(f64::NAN));
        put(&mut columns.fault_rate, row, word(words, rate)?, NONE);
        put(&mut columns.fault_exposure, row, word(words, exposure)?, NONE);
        let role = faults.text("role", row).map_or(0, |said| role(said, row, report));
        put(&mut columns.fault_role, row, role, 0);
        put(&mut columns.fault_assumed, row, word(words, faults.text("assumed", row))?, NONE);
        put(&mut columns.fault_description, row, word(words, faults.text("description", row))?, NONE);
    }
    Ok(())
}

/// The number of a role.
fn role(said: &str, row: usize, report: &mut Report) -> u8 {
    if let Some(at) = ROLES.iter().position(|known| *known == said) {
        return at as u8 + 1;
    }
    let hint = nearest(said, ROLES).map(|hint| format!("; {hint}")).unwrap_or_default();
    let message = format!("expected `trigger`, `latent`, or nothing, found `{said}`{hint}");
    report.row(Code::WrongType, FAULTS.name, row, "role", message);
    0
}

/// Where there is no table of faults, a system's prior is that of its one fault.
fn take_priors(
    systems: &Table,
    rows: &[u32],
    columns: &mut Columns,
    words: &mut Words,
    report: &mut Report,
) -> Result<(), TooLarge> {
    for (at, row) in rows.iter().enumerate() {
        let row = *row as usize;
        let Some(prior) = systems.figure("prior", row) else { continue };
        let is_faultless = columns.system_faultless.get(at) == Some(&1);
        if !(0.0..=1.0).contains(&prior) || (is_faultless && prior > 0.0) {
            let expected = if is_faultless { "nothing, or 0: it is faultless" } else { "a probability from 0 to 1" };
            report.row(Code::BadProbability, SYSTEMS.name, row, "prior", format!("expected {expected}, found {prior}"));
        } else if !is_faultless {
            columns.fault_system.push(at as u32);
            columns.fault_name.push(words.number(DEFAULT_FAULT)?);
            columns.fault_cause.push(words.number(&columns.rest.defaults.cause)?);
            columns.fault_probability.push(prior);
        }
    }
    Ok(())
}

impl Topology {
    /// Holds what follows from the model against what the tables say of it.
    pub(super) fn compare(&self, model: &Model, report: &mut Report) {
        let derived = Derived::of(model);
        for (at, row) in self.row.iter().enumerate() {
            let row = *row as usize;
            if let Some(found) = self.systems.text("owner", row)
                && derived.owner(model, at) != Some(found)
            {
                let expected = derived.owner(model, at).map_or("nobody".to_owned(), |owner| format!("`{owner}`"));
                let message = format!("by the duties of the contracts it is {expected}, not `{found}`; leave it empty");
                report.row(Code::WrongTable, SYSTEMS.name, row, "owner", message);
            }
            if let Some(found) = self.systems.figure("prior", row)
                && (found - derived.prior[at]).abs() > 1e-12
            {
                let message = format!("by its faults it is {}, not {found}; leave it empty", derived.prior[at]);
                report.row(Code::WrongTable, SYSTEMS.name, row, "prior", message);
            }
        }
    }

    /// The row of a system.
    pub(super) fn row_of(&self, key: &str) -> Option<usize> {
        (0..self.systems.rows).find(|row| self.systems.text("key", *row) == Some(key))
    }

    /// The first row of the needs of one system for another.
    pub(super) fn row_of_need(&self, consumer: &str, provider: &str) -> Option<usize> {
        let [src, dst] = [consumer, provider].map(|key| self.id_of(key));
        let needs = self.needs.as_ref()?;
        (0..needs.rows).find(|row| needs.number("src", *row) == src && needs.number("dst", *row) == dst)
    }

    /// The row of a fault of a system, or of an interface.
    pub(super) fn row_of_fault(&self, consumer: &str, provider: Option<&str>, name: &str) -> Option<usize> {
        let ends = [self.id_of(consumer), provider.and_then(|provider| self.id_of(provider))];
        let faults = self.faults.as_ref()?;
        (0..faults.rows).find(|row| {
            [faults.number("system", *row), faults.number("provider", *row)] == ends
                && faults.text("name", *row) == Some(name)
        })
    }

    fn id_of(&self, key: &str) -> Option<i64> {
        let row = self.row_of(key)?;
        self.systems.number("id", row)
    }
}
