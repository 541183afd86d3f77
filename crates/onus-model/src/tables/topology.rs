//! The large tables: systems, needs, groups of needs, faults; from columns and into columns.

mod needs;

use std::collections::HashMap;
use std::io;
use std::path::Path as FilePath;

use super::file::{Kind, Schema, Table, Values, may, must, read, told, write};
use super::report::Report;
use crate::code::Code;
use crate::columns::{Columns, GROUP, NONE, Texts, TooLarge, Words, entry, put};
use crate::diagnostic::nearest;
use crate::id::{FaultIndex, SystemIndex};
use crate::json;
use crate::model::{DEFAULT_FAULT, Model};

use Kind::{Figure, Flag, Json, Number, Text, Word};

pub(super) const SYSTEMS: Schema = Schema {
    name: "systems",
    fields: &[
        must("id", Number),
        must("key", Text),
        may("name", Word),
        may("kind", Word),
        may("site", Word),
        may("faultless", Flag),
        may("demand", Json),
        may("owner", Word),
        may("prior", Figure),
        may("description", Word),
    ],
};

pub(super) const NEEDS: Schema = Schema {
    name: "needs",
    fields: &[
        must("src", Number),
        must("dst", Number),
        may("group", Number),
        may("k", Number),
        may("kind", Word),
        may("propagates", Figure),
        may("delay_min", Word),
        may("delay_max", Word),
        may("description", Word),
    ],
};

pub(super) const GROUPS: Schema =
    Schema { name: "groups", fields: &[must("id", Number), may("parent", Number), must("k", Number)] };

pub(super) const FAULTS: Schema = Schema {
    name: "faults",
    fields: &[
        must("system", Number),
        may("provider", Number),
        must("name", Word),
        must("cause", Word),
        may("probability", Figure),
        may("rate", Word),
        may("exposure", Word),
        may("role", Word),
        may("assumed", Word),
        may("description", Word),
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
            let owning = responsibility.ownership(SystemIndex::new(at));
            owning.first().map_or(NONE, |first| first.index() as u32)
        });
        let prior = model.systems().iter().map(|system| {
            let p = |fault: &FaultIndex| model.faults()[fault.index()].prior.probability().get();
            // One fault is told as it is, to the last bit.
            if let [fault] = &system.faults[..] {
                p(fault)
            } else {
                1.0 - system.faults.iter().map(|fault| 1.0 - p(fault)).product::<f64>()
            }
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
struct Places<'t> {
    place: &'t [u32],
    /// Empty where every id is its row's number.
    by_id: HashMap<i64, u32>,
}

impl Places<'_> {
    fn find(&self, id: i64) -> Option<u32> {
        if self.by_id.is_empty() {
            return usize::try_from(id).ok().and_then(|row| self.place.get(row).copied());
        }
        self.by_id.get(&id).copied()
    }
}

/// Reads the large tables of a folder into columns. What is wrong goes to the report; then the columns mean nothing.
pub(super) fn read_topology(folder: &FilePath, columns: &mut Columns, report: &mut Report) -> Option<Topology> {
    let mut words = Words::default();
    let Some(systems) = read(folder, &SYSTEMS, &mut words, report) else {
        if report.is_empty() {
            report.file(SYSTEMS.name, "the file is missing; every estate has systems".to_owned());
        }
        return None;
    };
    let needs = read(folder, &NEEDS, &mut words, report);
    let groups = read(folder, &GROUPS, &mut words, report);
    let faults = read(folder, &FAULTS, &mut words, report);
    if !report.is_empty() {
        return None;
    }
    let (place, row) = order(&systems, report);
    let places = places(&systems, &place, report);
    let result = take_systems(&systems, &row, columns, &mut words, report)
        .and_then(|()| {
            columns.need_end = vec![0; row.len()];
            let Some(needs) = &needs else { return Ok(()) };
            needs::take_needs(needs, groups.as_ref(), &places, columns, report)
        })
        .and_then(|()| match &faults {
            Some(faults) => {
                take_faults(faults, &places, &words, columns, report);
                Ok(())
            }
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
    let keys = systems.texts("key");
    let key = |row: u32| keys.map_or("", |keys| keys.get(row as usize));
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

fn places<'t>(systems: &Table, place: &'t [u32], report: &mut Report) -> Places<'t> {
    let ids = systems.numbers("id").all();
    let mut by_id = HashMap::new();
    if ids.iter().enumerate().any(|(row, id)| usize::try_from(*id) != Ok(row)) {
        for (row, id) in ids.iter().enumerate() {
            if by_id.insert(*id, place.get(row).copied().unwrap_or(NONE)).is_some() {
                report.row(Code::DuplicateId, SYSTEMS.name, row, "id", format!("the id {id} stands twice"));
            }
        }
    }
    Places { place, by_id }
}

/// The entries of a column by place; empty where nothing is said.
fn by_place<T: Copy>(column: &[T], rows: &[u32]) -> Vec<T> {
    if column.is_empty() { Vec::new() } else { rows.iter().map(|row| column[*row as usize]).collect() }
}

fn take_systems(
    systems: &Table,
    rows: &[u32],
    columns: &mut Columns,
    words: &mut Words,
    report: &mut Report,
) -> Result<(), TooLarge> {
    if let Some(keys) = systems.texts("key") {
        if rows.is_sorted() {
            columns.systems.clone_from(keys);
        } else {
            rows.iter().try_for_each(|row| columns.systems.push(keys.get(*row as usize)))?;
        }
    }
    columns.system_name = by_place(systems.words("name"), rows);
    columns.system_kind = by_place(systems.words("kind"), rows);
    columns.system_site = by_place(systems.words("site"), rows);
    columns.system_description = by_place(systems.words("description"), rows);
    let faultless = systems.flags("faultless");
    if faultless.contains(&1) {
        columns.system_faultless = rows.iter().map(|row| u8::from(faultless[*row as usize] == 1)).collect();
    }
    if systems.texts("demand").is_none_or(|demand| demand.len() == 0) {
        return Ok(());
    }
    for (at, row) in rows.iter().enumerate() {
        let row = *row as usize;
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

fn take_faults(faults: &Table, places: &Places<'_>, words: &Words, columns: &mut Columns, report: &mut Report) {
    let mut ends = |name: &str| -> Vec<u32> {
        let ids = faults.numbers(name);
        let found = (0..ids.all().len()).map(|row| {
            let id = ids.get(row)?;
            let found = places.find(id);
            if found.is_none() {
                let message = format!("there is no system with the id {id}");
                report.row(Code::UnknownSystem, FAULTS.name, row, name, message);
            }
            found
        });
        found.map(|end| end.unwrap_or(NONE)).collect()
    };
    columns.fault_system = ends("system");
    columns.fault_provider = ends("provider");
    columns.fault_name = faults.words("name").to_vec();
    columns.fault_cause = faults.words("cause").to_vec();
    columns.fault_rate = faults.words("rate").to_vec();
    columns.fault_exposure = faults.words("exposure").to_vec();
    columns.fault_assumed = faults.words("assumed").to_vec();
    columns.fault_description = faults.words("description").to_vec();
    let figures = faults.figures("probability");
    let figure = |row: usize| figures.get(row).copied().unwrap_or(f64::NAN);
    for row in 0..faults.rows {
        let p = figure(row);
        let said = [&columns.fault_rate, &columns.fault_exposure].map(|column| entry(column, row).is_some());
        match (!p.is_nan(), said) {
            (true, [false, false]) if (0.0..=1.0).contains(&p) => {}
            (true, [false, false]) => {
                let message = format!("expected a probability from 0 to 1, found {}", told(p));
                report.row(Code::BadProbability, FAULTS.name, row, "probability", message);
            }
            (false, [true, true]) => {}
            _ => {
                let message = "expected either a probability, or a rate and an exposure".to_owned();
                report.row(Code::PriorUnclear, FAULTS.name, row, "probability", message);
            }
        }
    }
    columns.fault_probability = (0..faults.rows).map(figure).collect();
    for (row, word) in faults.words("role").iter().enumerate().filter(|(_, word)| **word != NONE) {
        put(&mut columns.fault_role, row, role(words.get(*word), row, report), 0);
    }
    if !columns.fault_role.is_empty() {
        columns.fault_role.resize(faults.rows, 0);
    }
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
    let priors = systems.figures("prior");
    for (at, row) in rows.iter().enumerate() {
        let row = *row as usize;
        let Some(prior) = priors.get(row).copied().filter(|prior| !prior.is_nan()) else { continue };
        let is_faultless = columns.system_faultless.get(at) == Some(&1);
        if !(0.0..=1.0).contains(&prior) || (is_faultless && prior > 0.0) {
            let expected = if is_faultless { "nothing, or 0: it is faultless" } else { "a probability from 0 to 1" };
            let message = format!("expected {expected}, found {}", told(prior));
            report.row(Code::BadProbability, SYSTEMS.name, row, "prior", message);
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
    pub(super) fn compare(&self, model: &Model, words: &Texts, report: &mut Report) {
        let (owners, priors) = (self.systems.words("owner"), self.systems.figures("prior"));
        if owners.is_empty() && priors.is_empty() {
            return;
        }
        let derived = Derived::of(model);
        for (at, row) in self.row.iter().enumerate() {
            let row = *row as usize;
            if let Some(found) = entry(owners, row).map(|word| words.get(word as usize))
                && derived.owner(model, at) != Some(found)
            {
                let expected = derived.owner(model, at).map_or("nobody".to_owned(), |owner| format!("`{owner}`"));
                let message = format!("by the duties of the contracts it is {expected}, not `{found}`; leave it empty");
                report.row(Code::WrongTable, SYSTEMS.name, row, "owner", message);
            }
            // One that is not a number is none, and no distance.
            if let Some(found) = priors.get(row)
                && (found - derived.prior[at]).abs() > 1e-12
            {
                let (expected, found) = (derived.prior[at], told(*found));
                let message = format!("by its faults it is {expected}, not {found}; leave it empty");
                report.row(Code::WrongTable, SYSTEMS.name, row, "prior", message);
            }
        }
    }

    /// The row of a system.
    pub(super) fn row_of(&self, key: &str) -> Option<usize> {
        let keys = self.systems.texts("key")?;
        (0..keys.len()).find(|row| keys.get(*row) == key)
    }

    /// The first row of the needs of one system for another.
    pub(super) fn row_of_need(&self, consumer: &str, provider: &str) -> Option<usize> {
        let [src, dst] = [consumer, provider].map(|key| self.id_of(key));
        let needs = self.needs.as_ref()?;
        let [sources, targets] = ["src", "dst"].map(|name| needs.numbers(name));
        (0..needs.rows).find(|row| sources.get(*row) == src && targets.get(*row) == dst)
    }

    /// The row of a fault of a system, or of an interface.
    pub(super) fn row_of_fault(
        &self,
        consumer: &str,
        provider: Option<&str>,
        name: &str,
        words: &Texts,
    ) -> Option<usize> {
        let ends = [self.id_of(consumer), provider.and_then(|provider| self.id_of(provider))];
        let faults = self.faults.as_ref()?;
        let [systems, providers] = ["system", "provider"].map(|name| faults.numbers(name));
        let names = faults.words("name");
        (0..faults.rows).find(|row| {
            [systems.get(*row), providers.get(*row)] == ends
                && entry(names, *row).is_some_and(|word| words.get(word as usize) == name)
        })
    }

    fn id_of(&self, key: &str) -> Option<i64> {
        let row = self.row_of(key)?;
        self.systems.numbers("id").get(row)
    }
}
