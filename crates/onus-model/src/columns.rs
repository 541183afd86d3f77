//! An estate as columns: the common form of [`snapshot`](crate::snapshot) and tables.
//!
//! What grows with the topology (systems, needs, interfaces, faults) stands in arrays of numbers: a system is its place in the
//! sorted list of ids, a text its place in one list of words, a need a few codes. The rest (title, contractors,
//! contracts, common causes, monitors) stays the document it is, and goes through the same validation as everywhere.
//!
//! [`Columns::of`] takes a model apart, [`assemble`] puts it together again: an equal model, or every problem there is.
//! [`Gathering`] makes columns of entries as they come, in any order.
//! Numbers that lead nowhere are looked for first ([`Columns::check`]), so that nothing after it can fail by them.

mod assemble;
mod check;
mod gather;

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use crate::document;
use crate::model::{Element, FaultRole, Model, Need, Prior};
use crate::quantity::Probability;

pub(crate) use assemble::assemble;
pub(crate) use gather::{Gathering, Unsound, sound};

/// Stands for no text, and for no system.
pub(crate) const NONE: u32 = u32::MAX;
/// The bit that tells a group from a provider among the codes of needs.
pub(crate) const GROUP: u32 = 1 << 31;
/// How deeply groups may nest; as for the files.
pub(crate) const DEPTH: usize = 64;

/// Many texts in one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Texts {
    pub(crate) text: String,
    /// Where each ends.
    pub(crate) ends: Vec<u32>,
}

impl Texts {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The text at a position that [`Columns::check`] has found to be one.
    pub(crate) fn get(&self, at: usize) -> &str {
        let begin = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.text[begin as usize..self.ends[at] as usize]
    }

    /// Appends a text.
    ///
    /// # Errors
    /// [`TooLarge`] if all together have 4 GiB.
    pub(crate) fn push(&mut self, text: &str) -> Result<(), TooLarge> {
        let end = u32::try_from(self.text.len() + text.len()).map_err(|_| TooLarge)?;
        self.text.push_str(text);
        self.ends.push(end);
        Ok(())
    }
}

/// More than 32 bits can count: 4 GiB of text, 2^31 systems, 2^32 codes of needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

/// An estate as columns. A column in which nothing is said is empty; any other has an entry for each row of its table.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Columns {
    /// All but systems and interfaces.
    pub(crate) rest: document::Model,
    /// Every other text: kinds, causes, names, descriptions.
    pub(crate) words: Texts,
    /// Ids of the systems, rising.
    pub(crate) systems: Texts,
    pub(crate) system_kind: Vec<u32>,
    pub(crate) system_name: Vec<u32>,
    pub(crate) system_site: Vec<u32>,
    pub(crate) system_description: Vec<u32>,
    /// 1 for a system that cannot fail by itself, else 0.
    pub(crate) system_faultless: Vec<u8>,
    /// By system and unit, rising.
    pub(crate) demand_system: Vec<u32>,
    pub(crate) demand_unit: Vec<u32>,
    pub(crate) demand_amount: Vec<f64>,
    /// Where the codes of each system's needs end.
    pub(crate) need_end: Vec<u32>,
    /// A provider; or [`GROUP`] with how many of the group must hold, then how many members it has, then these.
    pub(crate) need: Vec<u32>,
    /// The interfaces of which more is said, by consumer and provider, rising.
    pub(crate) interface_consumer: Vec<u32>,
    pub(crate) interface_provider: Vec<u32>,
    pub(crate) interface_kind: Vec<u32>,
    pub(crate) interface_description: Vec<u32>,
    pub(crate) interface_propagates: Vec<f64>,
    pub(crate) interface_shortest: Vec<u32>,
    pub(crate) interface_longest: Vec<u32>,
    /// The system a fault sits on, or the consumer of its interface; by this, provider and name, rising.
    pub(crate) fault_system: Vec<u32>,
    /// The provider of its interface; [`NONE`] for a system's own.
    pub(crate) fault_provider: Vec<u32>,
    pub(crate) fault_name: Vec<u32>,
    pub(crate) fault_cause: Vec<u32>,
    /// Not a number where rate and exposure say it.
    pub(crate) fault_probability: Vec<f64>,
    pub(crate) fault_rate: Vec<u32>,
    pub(crate) fault_exposure: Vec<u32>,
    /// 0, or 1 for a trigger, or 2 for a latent one.
    pub(crate) fault_role: Vec<u8>,
    pub(crate) fault_assumed: Vec<u32>,
    pub(crate) fault_description: Vec<u32>,
}

/// An entry of a column that is empty where nothing is said.
pub(crate) fn entry(column: &[u32], at: usize) -> Option<u32> {
    column.get(at).copied().filter(|word| *word != NONE)
}

/// Numbers for texts, in the order they are first seen. Each text is held once.
#[derive(Default)]
pub(crate) struct Words {
    texts: Texts,
    numbers: HashTable<u32>,
    hasher: RandomState,
}

impl Words {
    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }

    /// The text of a number that it gave.
    pub(crate) fn get(&self, number: u32) -> &str {
        self.texts.get(number as usize)
    }

    pub(crate) fn number(&mut self, text: &str) -> Result<u32, TooLarge> {
        let Self { texts, numbers, hasher } = self;
        let hash = hasher.hash_one(text);
        if let Some(number) = numbers.find(hash, |number| texts.get(*number as usize) == text) {
            return Ok(*number);
        }
        let number = u32::try_from(texts.len()).ok().filter(|number| *number != NONE).ok_or(TooLarge)?;
        texts.push(text)?;
        numbers.insert_unique(hash, number, |number| hasher.hash_one(texts.get(*number as usize)));
        Ok(number)
    }

    pub(crate) fn into_texts(self) -> Texts {
        self.texts
    }
}

/// Puts a value into a column that stays empty until something else than `blank` is said.
pub(crate) fn put<T: Copy + PartialEq>(column: &mut Vec<T>, rows_before: usize, value: T, blank: T) {
    if value != blank || !column.is_empty() {
        // Cheap where it is full up to here, which is the rule.
        column.resize(rows_before, blank);
        column.push(value);
    }
}

impl Columns {
    /// A model's columns. O(model).
    pub(crate) fn of(model: &Model) -> Result<Self, TooLarge> {
        let mut columns = Self { rest: model.remainder(), ..Self::default() };
        let mut words = Words::default();
        columns.take_systems(model, &mut words)?;
        columns.take_interfaces(model, &mut words)?;
        columns.take_faults(model, &mut words)?;
        columns.words = words.into_texts();
        Ok(columns)
    }

    fn take_systems(&mut self, model: &Model, words: &mut Words) -> Result<(), TooLarge> {
        if model.systems().len() >= GROUP as usize {
            return Err(TooLarge);
        }
        for (at, system) in model.systems().iter().enumerate() {
            self.systems.push(system.id.as_str())?;
            let texts = [&system.kind, &system.name, &system.site, &system.description];
            let into =
                [&mut self.system_kind, &mut self.system_name, &mut self.system_site, &mut self.system_description];
            for (column, text) in into.into_iter().zip(texts) {
                put(column, at, word(words, text.as_deref())?, NONE);
            }
            put(&mut self.system_faultless, at, u8::from(system.faultless), 0);
            for (unit, amount) in &system.demand {
                self.demand_system.push(at as u32);
                self.demand_unit.push(words.number(unit)?);
                self.demand_amount.push(*amount);
            }
            for need in &system.needs {
                self.take_need(model, need);
            }
            self.need_end.push(u32::try_from(self.need.len()).map_err(|_| TooLarge)?);
        }
        Ok(())
    }

    /// Recursion is bounded by the depth that validation allows.
    fn take_need(&mut self, model: &Model, need: &Need) {
        match need {
            Need::Provider(interface) => {
                self.need.push(model.interfaces()[interface.index()].provider.index() as u32);
            }
            Need::AtLeast { k, of } => {
                self.need.extend([GROUP | k, of.len() as u32]);
                for need in of {
                    self.take_need(model, need);
                }
            }
        }
    }

    fn take_interfaces(&mut self, model: &Model, words: &mut Words) -> Result<(), TooLarge> {
        for interface in model.interfaces() {
            let is_bare = interface.kind.is_none()
                && interface.description.is_none()
                && interface.delay.is_none()
                && interface.propagates == Probability::ONE;
            if is_bare {
                continue;
            }
            let at = self.interface_consumer.len();
            self.interface_consumer.push(interface.consumer.index() as u32);
            self.interface_provider.push(interface.provider.index() as u32);
            put(&mut self.interface_kind, at, word(words, interface.kind.as_deref())?, NONE);
            put(&mut self.interface_description, at, word(words, interface.description.as_deref())?, NONE);
            put(&mut self.interface_propagates, at, interface.propagates.get(), 1.0);
            let delay =
                interface.delay.as_ref().map(|(shortest, longest)| [shortest, longest].map(ToString::to_string));
            let [shortest, longest] = delay.map_or([None, None], |texts| texts.map(Some));
            put(&mut self.interface_shortest, at, word(words, shortest.as_deref())?, NONE);
            put(&mut self.interface_longest, at, word(words, longest.as_deref())?, NONE);
        }
        Ok(())
    }

    fn take_faults(&mut self, model: &Model, words: &mut Words) -> Result<(), TooLarge> {
        let topology = model.topology();
        // Systems come before interfaces among elements, and both in the order of their numbers.
        let mut own: Vec<(Element, usize)> = (0..topology.faults.len())
            .filter(|at| topology.faults[*at].is_own())
            .filter_map(|at| Some((*topology.faults[at].elements.first()?, at)))
            .collect();
        own.sort_unstable();
        for (at, (element, fault)) in own.into_iter().enumerate() {
            let fault = &topology.faults[fault];
            let (system, provider) = match element {
                Element::System(system) => (system, NONE),
                Element::Interface(interface) => {
                    let interface = &topology.interfaces[interface.index()];
                    (interface.consumer, interface.provider.index() as u32)
                }
            };
            self.fault_system.push(system.index() as u32);
            put(&mut self.fault_provider, at, provider, NONE);
            self.fault_name.push(words.number(fault.name_under(topology.element_id(element)))?);
            self.fault_cause.push(words.number(&fault.cause)?);
            let (probability, rate, exposure) = match &fault.prior {
                Prior::Probability(probability) => (probability.get(), NONE, NONE),
                Prior::Rate(rate, exposure) => {
                    (f64::NAN, words.number(&rate.to_string())?, words.number(&exposure.to_string())?)
                }
            };
            self.fault_probability.push(probability);
            put(&mut self.fault_rate, at, rate, NONE);
            put(&mut self.fault_exposure, at, exposure, NONE);
            let role = match fault.role {
                FaultRole::Ordinary => 0,
                FaultRole::Trigger => 1,
                FaultRole::Latent => 2,
            };
            put(&mut self.fault_role, at, role, 0);
            put(&mut self.fault_assumed, at, word(words, fault.assumed.as_deref())?, NONE);
            put(&mut self.fault_description, at, word(words, fault.description.as_deref())?, NONE);
        }
        Ok(())
    }
}

fn word(words: &mut Words, text: Option<&str>) -> Result<u32, TooLarge> {
    text.map_or(Ok(NONE), |text| words.number(text))
}
