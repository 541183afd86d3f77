//! From columns to a model: the rules of the model file, on numbers instead of names.

use std::str::FromStr;

use super::{Columns, DEPTH, GROUP, NONE, entry};
use crate::code::Code;
use crate::diagnostic::{Missing, Path, Problem, Problems};
use crate::id::{FaultId, InterfaceId, InterfaceIndex, SystemId, SystemIndex, interface_id, objection};
use crate::model::{Element, Fault, FaultRole, Interface, InterfaceDetails, Model, Need, Prior, System, Topology};
use crate::quantity::{Duration, ParseQuantityError, Probability, Rate};
use crate::validate;

/// Puts a model together from columns that [`Columns::check`] has passed. The model is meaningful only if no problem was
/// added. O(columns), and log-factors in the needs of one system.
pub(crate) fn assemble(columns: &Columns, problems: &mut Problems) -> Model {
    let mut topology = Topology {
        default_probability: validate::default_probability(&columns.rest, problems),
        default_cause: columns.rest.defaults.cause.clone(),
        systems: Vec::new(),
        interfaces: Vec::new(),
        faults: Vec::new(),
        monitors: Vec::new(),
    };
    let mut assembly = Assembly { columns, problems };
    topology.systems = assembly.systems();
    assembly.needs(&mut topology);
    assembly.interfaces(&mut topology);
    let faults = assembly.faults(&topology);
    validate::complete(&columns.rest, topology, faults, problems)
}

struct Assembly<'c, 'p> {
    columns: &'c Columns,
    problems: &'p mut Problems,
}

/// A code of a need, in the row of its system.
type Codes<'c> = std::slice::Iter<'c, u32>;

impl Assembly<'_, '_> {
    fn problem(&mut self, code: Code, path: Path, message: String) {
        self.problems.push(Problem::new(code, path, message));
    }

    fn word(&self, number: u32) -> &str {
        self.columns.words.get(number as usize)
    }

    fn text(&self, column: &[u32], at: usize) -> Option<String> {
        entry(column, at).map(|word| self.word(word).to_owned())
    }

    fn systems(&mut self) -> Vec<System> {
        let columns = self.columns;
        let mut systems = Vec::with_capacity(columns.systems.len());
        let mut demand = 0;
        for at in 0..columns.systems.len() {
            let id = columns.systems.get(at);
            if let Some(reason) = objection(id) {
                let path = Path::default().key("systems").name(id);
                self.problem(Code::BadId, path, format!("`{id}` cannot be an id: {reason}"));
            }
            let first = demand;
            while columns.demand_system.get(demand).is_some_and(|system| *system as usize == at) {
                demand += 1;
            }
            systems.push(System {
                id: SystemId::new(id),
                name: self.text(&columns.system_name, at),
                kind: self.text(&columns.system_kind, at),
                site: self.text(&columns.system_site, at),
                description: self.text(&columns.system_description, at),
                faultless: columns.system_faultless.get(at) == Some(&1),
                faults: Vec::new(),
                needs: Vec::new(),
                demand: (first..demand)
                    .map(|row| (self.word(columns.demand_unit[row]).to_owned(), columns.demand_amount[row]))
                    .collect(),
            });
        }
        systems
    }

    /// The interfaces that the needs make, in the order of their systems, and the needs themselves.
    fn needs(&mut self, topology: &mut Topology) {
        let columns = self.columns;
        let mut begin = 0;
        let (mut providers, mut needs): (Vec<u32>, Vec<Need>) = (Vec::new(), Vec::new());
        for (at, end) in columns.need_end.iter().enumerate() {
            let codes = &columns.need[begin..*end as usize];
            begin = *end as usize;
            providers.clear();
            let mut rest = codes.iter();
            while let Some(code) = rest.next() {
                if code & GROUP == 0 {
                    providers.push(*code);
                } else {
                    rest.next();
                }
            }
            providers.sort_unstable();
            providers.dedup();
            let first = topology.interfaces.len();
            let consumer = SystemIndex::new(at);
            for provider in &providers {
                let provider = SystemIndex::new(*provider as usize);
                let [left, right] = [consumer, provider].map(|system| topology.systems[system.index()].id.as_str());
                let id = InterfaceId::between(left, right);
                topology.interfaces.push(Interface::plain(id, consumer, provider));
            }
            let mut codes = codes.iter();
            needs.extend(std::iter::from_fn(|| need(&mut codes, &providers, first, DEPTH)));
            // As much memory as they need, and no more.
            let own = &mut topology.systems[at].needs;
            own.reserve_exact(needs.len());
            own.append(&mut needs);
        }
    }

    /// What more is said of some interfaces. Both lists are sorted: one walk finds them.
    fn interfaces(&mut self, topology: &mut Topology) {
        let columns = self.columns;
        let mut at = 0;
        for row in 0..columns.interface_consumer.len() {
            let ends = [columns.interface_consumer[row], columns.interface_provider[row]];
            let wanted = ends.map(|end| SystemIndex::new(end as usize));
            let key = |interface: &Interface| [interface.consumer, interface.provider];
            while topology.interfaces.get(at).is_some_and(|interface| key(interface) < wanted) {
                at += 1;
            }
            if topology.interfaces.get(at).is_none_or(|interface| key(interface) != wanted) {
                self.no_interface(wanted);
                continue;
            }
            let [consumer, provider] = ends.map(|end| columns.systems.get(end as usize));
            let path = || Path::default().key("interfaces").key(interface_id(consumer, provider));
            let delay = match [&columns.interface_shortest, &columns.interface_longest].map(|all| entry(all, row)) {
                [Some(shortest), Some(longest)] => {
                    let item = |item| path().key("delay").item(item);
                    let shortest = self.quantity::<Duration>(shortest, Code::BadDuration, &|| item(0));
                    shortest.zip(self.quantity::<Duration>(longest, Code::BadDuration, &|| item(1)))
                }
                _ => None,
            };
            if let Some((shortest, longest)) = &delay
                && longest.hours() < shortest.hours()
            {
                let message = format!("the longest delay, {longest}, is shorter than the shortest, {shortest}");
                self.problem(Code::EmptyDelay, path().key("delay"), message);
            }
            let propagates = columns.interface_propagates.get(row).copied().unwrap_or(1.0);
            topology.interfaces[at].detail(InterfaceDetails {
                kind: self.text(&columns.interface_kind, row),
                description: self.text(&columns.interface_description, row),
                propagates: Probability::new(propagates).unwrap_or(Probability::ONE),
                delay,
                faults: Vec::new(),
            });
        }
    }

    fn no_interface(&mut self, ends: [SystemIndex; 2]) {
        let [consumer, provider] = ends.map(|end| self.columns.systems.get(end.index()).to_owned());
        let path = Path::default().key("interfaces").name(interface_id(&consumer, &provider));
        let message = format!("`{consumer}` does not need `{provider}`, so there is no such interface");
        let problem = Problem::new(Code::UnknownInterface, path, message);
        self.problems.push(problem.missing(Missing::Interface(consumer, provider)));
    }

    fn faults(&mut self, topology: &Topology) -> Vec<Fault> {
        let columns = self.columns;
        let mut has_own = vec![false; topology.systems.len()];
        let mut faults = Vec::with_capacity(columns.fault_system.len());
        for row in 0..columns.fault_system.len() {
            let system = SystemIndex::new(columns.fault_system[row] as usize);
            let element = match columns.fault_provider.get(row).copied().filter(|provider| *provider != NONE) {
                None => {
                    has_own[system.index()] = true;
                    Element::System(system)
                }
                Some(provider) => {
                    let ends = [system, SystemIndex::new(provider as usize)];
                    let Some(interface) = topology.interface_between(ends[0], ends[1]) else {
                        self.no_interface(ends);
                        continue;
                    };
                    Element::Interface(interface)
                }
            };
            faults.push(self.fault(topology, row, element));
        }
        for (at, system) in topology.systems.iter().enumerate() {
            match (system.faultless, has_own[at]) {
                (true, true) => {
                    let message = format!("`{}` is faultless, and yet it has faults of its own", system.id);
                    let path = Path::default().key("systems").key(system.id.as_str()).key("faultless");
                    self.problem(Code::FaultlessFault, path, message);
                }
                (false, false) => {
                    faults.push(validate::default_fault(topology, Element::System(SystemIndex::new(at))));
                }
                _ => {}
            }
        }
        faults
    }

    fn fault(&mut self, topology: &Topology, row: usize, element: Element) -> Fault {
        let columns = self.columns;
        let owner = topology.element_id(element);
        let name = self.word(columns.fault_name[row]).to_owned();
        let path = || {
            let section = if matches!(element, Element::System(_)) { "systems" } else { "interfaces" };
            Path::default().key(section).key(owner).key("faults").key(&name)
        };
        if let Some(reason) = objection(&name) {
            self.problem(Code::BadId, path(), format!("`{name}` cannot be a fault's name: {reason}"));
        }
        let cause = self.word(columns.fault_cause[row]).to_owned();
        if cause.trim().is_empty() {
            self.problem(Code::MissingKey, path(), "a fault needs a `cause`".to_owned());
        }
        let prior = match [&columns.fault_rate, &columns.fault_exposure].map(|column| entry(column, row)) {
            [Some(rate), Some(exposure)] => {
                let rate = self.quantity::<Rate>(rate, Code::BadRate, &|| path().key("rate"));
                let exposure = self.quantity::<Duration>(exposure, Code::BadDuration, &|| path().key("exposure"));
                rate.zip(exposure).map(|(rate, exposure)| Prior::Rate(rate, exposure))
            }
            _ => Probability::new(columns.fault_probability[row]).ok().map(Prior::Probability),
        };
        Fault {
            id: FaultId::under(owner, &name),
            elements: vec![element],
            strikes: None,
            cause,
            prior: prior.unwrap_or(Prior::Probability(Probability::ZERO)),
            role: match columns.fault_role.get(row) {
                Some(1) => FaultRole::Trigger,
                Some(2) => FaultRole::Latent,
                _ => FaultRole::Ordinary,
            },
            assumed: self.text(&columns.fault_assumed, row),
            description: self.text(&columns.fault_description, row),
            is_default: false,
        }
    }

    fn quantity<T: FromStr<Err = ParseQuantityError>>(
        &mut self,
        word: u32,
        code: Code,
        path: &dyn Fn() -> Path,
    ) -> Option<T> {
        let read = self.word(word).parse();
        read.map_err(|error: ParseQuantityError| self.problem(code, path(), error.to_string())).ok()
    }
}

/// The next need of a row; recursion is bounded by the depth that was checked.
fn need(codes: &mut Codes, providers: &[u32], first: usize, depth: usize) -> Option<Need> {
    let code = *codes.next()?;
    if code & GROUP == 0 {
        let at = providers.partition_point(|provider| *provider < code);
        return Some(Need::Provider(InterfaceIndex::new(first + at)));
    }
    let members = *codes.next()?;
    let deeper = depth.checked_sub(1)?;
    // That the row has so many was checked.
    let mut of = Vec::with_capacity((members as usize).min(codes.len()));
    of.extend((0..members).map_while(|_| need(codes, providers, first, deeper)));
    Some(Need::AtLeast { k: code & !GROUP, of })
}
