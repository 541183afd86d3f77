//! Random estates of any size, the same for the same options everywhere.
//!
//! Each system follows from the seed and its own number alone, so an estate is made record by record, in the order of its
//! ids, in memory that does not grow with it. What is drawn, and how, is said at [`Family`] and [`Seams`] and is part of
//! the contract: another version of this crate that draws otherwise says so in its change log.
//!
//! Systems are numbered along the estate, so that neighbours in number are neighbours in what they need. The row is cut
//! into as many **areas** as there are contractors. Besides, every system has a **trade** (its `kind`), of which there are
//! as many; each run of that many systems holds every trade once, in drawn order. [`Seams`] says which of the two the
//! contracts go by: the topology is the same under both, only the contracts differ.
//!
//! ```
//! use onus_model::generate::{Family, Generator, Options};
//!
//! let options = Options { family: Family::Layered, systems: 1_000, seed: 7, ..Options::default() };
//! let model = Generator::new(&options).document().build()?;
//! assert_eq!(model.systems().len(), 1_000);
//! # Ok::<(), onus_model::Error>(())
//! ```

mod needs;
mod random;

use crate::document::{Contract, Contractor, DutyKind, Fault, Model, Monitor, System};
use crate::quantity::Probability;
use crate::record::Record;

use random::Random;

/// How the systems of an estate depend on each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Family {
    /// Ten layers. A system has 2 to 4 needs in the layer below, each within 3 places of its own; one in fifty systems also
    /// needs one of the layer above, near its own place, so that there are loops.
    #[default]
    Layered,
    /// A system needs 1 to 4 of those before it. Half the needs go to one of the 32 just before; the others, of system `n`,
    /// to system `n·u³` with `u` drawn evenly, so that how many need a system falls off as a power of its rank: few hubs
    /// that most of the estate runs on.
    PowerLaw,
    /// As [`PowerLaw`](Self::PowerLaw), and in runs of 64 each system also needs the one before it, and one in twenty one
    /// of those after it: most systems depend on each other around loops.
    Cyclic,
    /// Clusters, as an organisation builds them (Conway 1968): a system needs 1 to 4 others, nine in ten of them among
    /// the 32 before it in its own area, the others among the last eight of an area before its own.
    Contract,
}

/// What the contracts go by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Seams {
    /// One contract an area: few needs cross from one contractor to another.
    #[default]
    Follow,
    /// One contract a trade, across all areas: most needs do.
    Cut,
}

/// What estate to make.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// How systems depend on each other. Default [`Family::Layered`].
    pub family: Family,
    /// How many systems; at least 1. Default 1,000.
    pub systems: u32,
    /// Which part of the needs is met by either of two; those that make loops never are. Default 0.3.
    pub redundancy: Probability,
    /// How many contractors; at least 1, and no more than there are systems, so that each has something to do. Default 10.
    pub contractors: u32,
    /// What the contracts go by. Default [`Seams::Follow`].
    pub seams: Seams,
    /// What the draws begin with. Default 0.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            family: Family::default(),
            systems: 1_000,
            redundancy: Probability::new(0.3).unwrap_or(Probability::ZERO),
            contractors: 10,
            seams: Seams::default(),
            seed: 0,
        }
    }
}

/// Makes one estate.
#[derive(Clone, Debug)]
pub struct Generator {
    family: Family,
    systems: u32,
    redundancy: f64,
    contractors: u32,
    seams: Seams,
    seed: u64,
}

/// Streams of draws that must not depend on each other.
const SYSTEM: u64 = 0;
const TRADE: u64 = 1;

/// Causes of the faults, all of which the duties of a contract answer for.
const CAUSES: [&str; 3] = ["hardware", "software", "configuration"];

impl Generator {
    /// Takes the options, within their bounds.
    pub fn new(options: &Options) -> Self {
        let systems = options.systems.max(1);
        Self {
            family: options.family,
            systems,
            redundancy: options.redundancy.get(),
            contractors: options.contractors.clamp(1, systems),
            seams: options.seams,
            seed: options.seed,
        }
    }

    /// The estate's records, in the order of a model's: head, contractors, contracts, systems, monitors; each kind in the
    /// order of its ids. O(1) memory.
    pub fn records(&self) -> impl Iterator<Item = Record> + '_ {
        let parties = 0..self.contractors;
        let buyer = Contractor::named("Whom the estate serves").role("buyer");
        let contractors = parties.clone().map(|at| Record::Contractor(self.party(at), Contractor::default()));
        let contracts = parties.clone().map(|at| Record::Contract(self.party(at), Box::new(self.contract(at))));
        let systems = (0..self.systems).map(|at| Record::System(self.id(at), Box::new(self.system(at))));
        let monitors = parties.map(|at| Record::Monitor(self.party(at), self.monitor(at)));
        [Record::Head(Box::new(Model::new(self.title()))), Record::Contractor("buyer".to_owned(), buyer)]
            .into_iter()
            .chain(contractors)
            .chain(contracts)
            .chain(systems)
            .chain(monitors)
    }

    /// All records in one document.
    pub fn document(&self) -> Model {
        self.records().collect()
    }

    fn title(&self) -> String {
        let family = match self.family {
            Family::Layered => "Layered",
            Family::PowerLaw => "Power-law",
            Family::Cyclic => "Cyclic",
            Family::Contract => "Contract",
        };
        format!("{family} estate of {} systems, seed {}", self.systems, self.seed)
    }

    /// Contractors, contracts and monitors of one number have one name.
    fn party(&self, at: u32) -> String {
        format!("c{at:0width$}", width = digits(self.contractors))
    }

    fn trade_name(&self, at: u32) -> String {
        format!("trade-{at:0width$}", width = digits(self.contractors))
    }

    /// The id of a system: its area and its number.
    fn id(&self, at: u32) -> String {
        format!(
            "a{:0area$}-{at:0number$}",
            self.area(at),
            area = digits(self.contractors),
            number = digits(self.systems)
        )
    }

    /// What a contractor's contract covers and its monitor watches.
    fn territory(&self, at: u32) -> String {
        match self.seams {
            Seams::Follow => format!("a{at:0width$}-*", width = digits(self.contractors)),
            Seams::Cut => format!("kind:{}", self.trade_name(at)),
        }
    }

    /// The area of a system: areas are runs of as equal a length as can be.
    fn area(&self, at: u32) -> u32 {
        (u64::from(at) * u64::from(self.contractors) / u64::from(self.systems)) as u32
    }

    /// The first system of an area.
    fn first(&self, area: u32) -> u32 {
        (u64::from(area) * u64::from(self.systems)).div_ceil(u64::from(self.contractors)) as u32
    }

    fn trade(&self, at: u32) -> u32 {
        let (run, place) = (at / self.contractors, at % self.contractors);
        let turn = Random::new(self.seed, TRADE, run).below(self.contractors);
        ((u64::from(place) + u64::from(turn)) % u64::from(self.contractors)) as u32
    }

    fn contract(&self, at: u32) -> Contract {
        let territory = [self.territory(at)];
        let duties = [DutyKind::Operate, DutyKind::Maintain, DutyKind::Build];
        duties
            .into_iter()
            .fold(Contract::held_by(self.party(at)), |contract, duty| contract.duty(duty, territory.clone()))
    }

    fn monitor(&self, at: u32) -> Monitor {
        Monitor {
            watches: vec![self.territory(at)],
            detects: Some(0.99),
            false_alarms: Some(0.001),
            seen_by: vec![self.party(at)],
            ..Monitor::default()
        }
    }

    /// A system with one fault `f`, of a probability from 1e-4 to 9e-3, and its needs. One in sixteen serves users.
    fn system(&self, at: u32) -> System {
        let mut random = Random::new(self.seed, SYSTEM, at);
        let digit = f64::from(1 + random.below(9));
        let probability = if random.below(2) == 0 { digit / 1e4 } else { digit / 1e3 };
        let cause = CAUSES[random.below(3) as usize];
        let mut system = System::new().fault("f", Fault::new(cause, probability));
        system.kind = Some(self.trade_name(self.trade(at)));
        // The last is needed by nobody in most families: so somebody is always served.
        if random.below(16) == 0 || at + 1 == self.systems {
            system.demand.insert("users".to_owned(), f64::from(100 * (1 + random.below(100))));
        }
        system.needs = self.needs(at, &mut random);
        system
    }
}

/// How many digits the numbers below a count have.
fn digits(count: u32) -> usize {
    (count.max(2) - 1).ilog10() as usize + 1
}
