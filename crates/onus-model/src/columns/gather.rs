//! Columns from parts of a document as they come, in any order.
//!
//! What a part says of systems and interfaces goes into the columns at once; the rest is small, and stays a document. So
//! an estate of any size is read in memory that grows with its numbers, not with its text. Nothing is told of what is wrong:
//! then there are no columns, and the reader with whole documents says why.

use std::collections::BTreeMap;

use super::{Columns, DEPTH, GROUP, NONE, Texts, TooLarge, Words, assemble, entry, put};
use crate::diagnostic::Problems;
use crate::document::{self, Need};
use crate::id::split_interface;
use crate::model::Model;

/// Parts of an estate that were taken in. Until [`finish`](Gathering::finish), a system is the number of its id, rows stand
/// as they came, and `rest` is whatever the caller put there.
#[derive(Default)]
pub(crate) struct Gathering {
    columns: Columns,
    words: Words,
    /// Ids of systems, whether they were defined yet or only named.
    ids: Words,
    /// By row, the number of the system's id.
    row_id: Vec<u32>,
    /// By the number of an id, the row that defines it.
    id_row: Vec<u32>,
}

/// Something is wrong with the estate, or it is too large for columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unsound;

impl From<TooLarge> for Unsound {
    fn from(_: TooLarge) -> Self {
        Self
    }
}

type Taken = Result<(), Unsound>;

impl Gathering {
    /// All but systems and interfaces.
    pub(crate) fn rest(&mut self) -> &mut document::Model {
        &mut self.columns.rest
    }

    /// Takes a system in.
    ///
    /// # Errors
    /// [`Unsound`] if it was defined before, or says what no system can be.
    pub(crate) fn system(&mut self, id: &str, system: &document::System) -> Taken {
        let row = self.row_id.len();
        if row >= GROUP as usize {
            return Err(Unsound);
        }
        let number = self.ids.number(id)?;
        self.id_row.resize(self.ids.len(), NONE);
        let defined = &mut self.id_row[number as usize];
        if *defined != NONE {
            return Err(Unsound);
        }
        *defined = row as u32;
        self.row_id.push(number);
        let columns = &mut self.columns;
        let texts = [&system.kind, &system.name, &system.site, &system.description];
        let into = [
            &mut columns.system_kind,
            &mut columns.system_name,
            &mut columns.system_site,
            &mut columns.system_description,
        ];
        for (column, text) in into.into_iter().zip(texts) {
            put(column, row, super::word(&mut self.words, text.as_deref())?, NONE);
        }
        put(&mut columns.system_faultless, row, u8::from(system.faultless), 0);
        for (unit, amount) in &system.demand {
            columns.demand_system.push(number);
            columns.demand_unit.push(self.words.number(unit)?);
            columns.demand_amount.push(*amount);
        }
        for need in &system.needs {
            self.need(need, DEPTH)?;
        }
        self.columns.need_end.push(u32::try_from(self.columns.need.len()).map_err(|_| Unsound)?);
        self.faults(number, NONE, &system.faults)
    }

    /// Takes in what is said of an interface.
    ///
    /// # Errors
    /// [`Unsound`] if it is none.
    pub(crate) fn interface(&mut self, id: &str, interface: &document::Interface) -> Taken {
        let (consumer, provider) = split_interface(id).ok_or(Unsound)?;
        let [consumer, provider] = [self.ids.number(consumer)?, self.ids.number(provider)?];
        let columns = &mut self.columns;
        let at = columns.interface_consumer.len();
        columns.interface_consumer.push(consumer);
        columns.interface_provider.push(provider);
        put(&mut columns.interface_kind, at, super::word(&mut self.words, interface.kind.as_deref())?, NONE);
        let description = super::word(&mut self.words, interface.description.as_deref())?;
        put(&mut columns.interface_description, at, description, NONE);
        put(&mut columns.interface_propagates, at, interface.propagates.unwrap_or(1.0), 1.0);
        let [mut shortest, mut longest] = [NONE; 2];
        if let Some(delay) = &interface.delay {
            shortest = self.words.number(&delay.0.to_string())?;
            longest = self.words.number(&delay.1.to_string())?;
        }
        put(&mut columns.interface_shortest, at, shortest, NONE);
        put(&mut columns.interface_longest, at, longest, NONE);
        self.faults(consumer, provider, &interface.faults)
    }

    /// Recursion is bounded by `depth`.
    fn need(&mut self, need: &Need, depth: usize) -> Taken {
        let deeper = depth.checked_sub(1).ok_or(Unsound)?;
        let (k, of) = match need {
            Need::Provider(provider) => {
                let number = self.ids.number(provider)?;
                self.columns.need.push(number);
                return if number < GROUP { Ok(()) } else { Err(Unsound) };
            }
            Need::Any { any } => (1, any),
            Need::AtLeast { at_least, of } => (*at_least, of),
        };
        if k >= GROUP {
            return Err(Unsound);
        }
        self.columns.need.extend([GROUP | k, u32::try_from(of.len()).map_err(|_| Unsound)?]);
        of.iter().try_for_each(|need| self.need(need, deeper))
    }

    fn faults(&mut self, system: u32, provider: u32, faults: &BTreeMap<String, document::Fault>) -> Taken {
        let (columns, words) = (&mut self.columns, &mut self.words);
        for (name, fault) in faults {
            let at = columns.fault_system.len();
            columns.fault_system.push(system);
            put(&mut columns.fault_provider, at, provider, NONE);
            columns.fault_name.push(words.number(name)?);
            columns.fault_cause.push(words.number(&fault.cause)?);
            let (probability, rate, exposure) = match (fault.probability, &fault.rate, &fault.exposure) {
                (Some(probability), None, None) => (probability, NONE, NONE),
                (None, Some(rate), Some(exposure)) => {
                    (f64::NAN, words.number(&rate.to_string())?, words.number(&exposure.to_string())?)
                }
                _ => return Err(Unsound),
            };
            columns.fault_probability.push(probability);
            put(&mut columns.fault_rate, at, rate, NONE);
            put(&mut columns.fault_exposure, at, exposure, NONE);
            let role = match (fault.trigger, fault.latent) {
                (false, false) => 0,
                (true, false) => 1,
                (false, true) => 2,
                (true, true) => return Err(Unsound),
            };
            put(&mut columns.fault_role, at, role, 0);
            put(&mut columns.fault_assumed, at, super::word(words, fault.assumed.as_deref())?, NONE);
            put(&mut columns.fault_description, at, super::word(words, fault.description.as_deref())?, NONE);
        }
        Ok(())
    }

    /// The model of what was taken in.
    ///
    /// # Errors
    /// [`Unsound`] if anything is wrong with it.
    pub(crate) fn model(self) -> Result<Model, Unsound> {
        let columns = self.finish()?;
        let mut problems = Problems::default();
        let model = assemble(&columns, &mut problems);
        if problems.is_empty() { Ok(model) } else { Err(Unsound) }
    }

    /// The columns, checked, in the order they are to have. O(n log n) in the systems, less where they came in order.
    ///
    /// # Errors
    /// [`Unsound`] if a system is named that was not defined, an interface is described twice, or a number is out of range.
    fn finish(self) -> Result<Columns, Unsound> {
        let Self { mut columns, words, ids, row_id, id_row } = self;
        columns.words = words.into_texts();
        let ids = ids.into_texts();
        if ids.len() != row_id.len() {
            return Err(Unsound);
        }
        let id = |row: u32| ids.get(row_id[row as usize] as usize);
        let mut order: Vec<u32> = (0..row_id.len() as u32).collect();
        if !order.is_sorted_by(|a, b| id(*a) < id(*b)) {
            order.sort_unstable_by(|a, b| id(*a).cmp(id(*b)));
            columns.rearrange(&order);
        }
        columns.systems = Texts { text: String::with_capacity(ids.text.len()), ends: Vec::with_capacity(order.len()) };
        let mut place = vec![0; order.len()];
        for (at, row) in order.iter().enumerate() {
            columns.systems.push(id(*row))?;
            place[row_id[*row as usize] as usize] = at as u32;
        }
        drop((ids, row_id, id_row, order));
        columns.renumber(&place);
        columns.check().map_err(|_| Unsound)?;
        Ok(columns)
    }
}

/// The model of a document in which nothing is wrong, in half the time of [`validate::model`](crate::validate::model),
/// which looks up every need twice and tells what is wrong.
///
/// # Errors
/// [`Unsound`] if anything is.
pub(crate) fn sound(document: &document::Model) -> Result<Model, Unsound> {
    let mut gathering = Gathering::default();
    for (id, system) in &document.systems {
        gathering.system(id, system)?;
    }
    for (id, interface) in &document.interfaces {
        gathering.interface(id, interface)?;
    }
    *gathering.rest() = document::Model {
        format: document.format.clone(),
        title: document.title.clone(),
        description: document.description.clone(),
        defaults: document.defaults.clone(),
        contractors: document.contractors.clone(),
        contracts: document.contracts.clone(),
        answers: document.answers.clone(),
        systems: BTreeMap::new(),
        interfaces: BTreeMap::new(),
        common_causes: document.common_causes.clone(),
        monitors: document.monitors.clone(),
    };
    gathering.model()
}

impl Columns {
    /// Puts the rows of systems, and their needs, into another order.
    fn rearrange(&mut self, order: &[u32]) {
        for column in
            [&mut self.system_kind, &mut self.system_name, &mut self.system_site, &mut self.system_description]
        {
            *column = at_rows(column, order);
        }
        self.system_faultless = at_rows(&self.system_faultless, order);
        let mut need = Vec::with_capacity(self.need.len());
        let need_end = order.iter().map(|row| {
            let begin = row.checked_sub(1).map_or(0, |before| self.need_end[before as usize]);
            need.extend_from_slice(&self.need[begin as usize..self.need_end[*row as usize] as usize]);
            need.len() as u32
        });
        self.need_end = need_end.collect();
        self.need = need;
    }

    /// Names systems by their places, and puts what hangs on them into that order.
    fn renumber(&mut self, place: &[u32]) {
        let mut codes = self.need.iter_mut();
        while let Some(code) = codes.next() {
            if *code & GROUP == 0 {
                *code = place[*code as usize];
            } else {
                codes.next();
            }
        }
        for column in [
            &mut self.demand_system,
            &mut self.interface_consumer,
            &mut self.interface_provider,
            &mut self.fault_system,
            &mut self.fault_provider,
        ] {
            column.iter_mut().filter(|system| **system != NONE).for_each(|system| *system = place[*system as usize]);
        }
        let demand = |row: &u32| self.demand_system[*row as usize];
        if let Some(order) = sorted(self.demand_system.len(), demand) {
            self.demand_system = at_rows(&self.demand_system, &order);
            self.demand_unit = at_rows(&self.demand_unit, &order);
            self.demand_amount = at_rows(&self.demand_amount, &order);
        }
        let ends = |row: &u32| [&self.interface_consumer, &self.interface_provider].map(|end| end[*row as usize]);
        if let Some(order) = sorted(self.interface_consumer.len(), ends) {
            for column in [
                &mut self.interface_consumer,
                &mut self.interface_provider,
                &mut self.interface_kind,
                &mut self.interface_description,
                &mut self.interface_shortest,
                &mut self.interface_longest,
            ] {
                *column = at_rows(column, &order);
            }
            self.interface_propagates = at_rows(&self.interface_propagates, &order);
        }
        // Own faults before those of interfaces, as a model has them: they are almost in the order of their ids then.
        let fault = |row: &u32| {
            let provider = entry(&self.fault_provider, *row as usize);
            (provider.is_some(), self.fault_system[*row as usize], provider)
        };
        if let Some(order) = sorted(self.fault_system.len(), fault) {
            for column in [
                &mut self.fault_system,
                &mut self.fault_provider,
                &mut self.fault_name,
                &mut self.fault_cause,
                &mut self.fault_rate,
                &mut self.fault_exposure,
                &mut self.fault_assumed,
                &mut self.fault_description,
            ] {
                *column = at_rows(column, &order);
            }
            self.fault_probability = at_rows(&self.fault_probability, &order);
            self.fault_role = at_rows(&self.fault_role, &order);
        }
    }
}

/// The rows in the order of a key, equal ones as they are; `None` if they are in it already.
fn sorted<K: Ord>(rows: usize, key: impl Fn(&u32) -> K) -> Option<Vec<u32>> {
    let mut order: Vec<u32> = (0..rows as u32).collect();
    if order.is_sorted_by_key(&key) {
        return None;
    }
    order.sort_by_key(key);
    Some(order)
}

/// A column's entries at these rows; one that is empty stays so.
fn at_rows<T: Copy>(column: &[T], order: &[u32]) -> Vec<T> {
    if column.is_empty() { Vec::new() } else { order.iter().map(|row| column[*row as usize]).collect() }
}
