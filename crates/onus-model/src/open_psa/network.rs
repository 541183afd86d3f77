//! From definitions to the model: names resolved, constants folded, formulas turned into needs.
//!
//! Formulas become nodes in one list: node g is gate g, the nodes behind the gates are formulas inside formulas. What
//! house events alone make fail is the least fixpoint over these nodes, one pass with counters; the rest keeps its
//! uncertain inputs, and a threshold that is lower by the inputs that have failed for certain.

use std::collections::HashMap;
use std::ops::Range;

use super::Problems;
use super::parse::{Definition, Definitions, Formula, Reference, Role, Wanted};
use crate::code::Code;
use crate::document::{Fault, Model, Need, System};
use crate::model::UNSPECIFIED;

/// The fault of a basic event's system.
const EVENT: &str = "event";
/// The fault of a gate that house events alone make fail.
const ALWAYS: &str = "always";

/// What a name stands for, by its place in the list of its kind.
#[derive(Clone, Copy)]
enum Entity {
    Gate(u32),
    Event(u32),
    House(u32),
}

/// An input of a node.
#[derive(Clone, Copy)]
enum Input {
    Node(u32),
    Event(u32),
    Constant(bool),
}

/// It fails when so many of its inputs do.
struct Node {
    threshold: u32,
    inputs: Vec<Input>,
}

/// The model, and the gates that no other one refers to, with their places.
pub(super) fn model(
    definitions: &Definitions<'_>,
    problems: &mut Problems<'_>,
) -> (Model, Vec<(String, Range<usize>)>) {
    let names = Names::new(definitions, problems);
    let network = Network::new(definitions, &names, problems);
    let always = network.always();
    let mut model = Model::new(definitions.title.as_str());
    for (event, id) in definitions.events.iter().zip(&names.events) {
        let fault = Fault::new(UNSPECIFIED, event.value.unwrap_or_default());
        model.systems.insert(id.clone(), System::new().kind("basic-event").fault(EVENT, fault));
    }
    for (gate, id) in names.gates.iter().enumerate() {
        let system = System::new().kind("gate");
        let system = if always[gate] {
            let assumed = Some("constants alone make it fail".to_owned());
            system.fault(ALWAYS, Fault { assumed, ..Fault::new(UNSPECIFIED, 1.0) })
        } else {
            network.needs(gate, &names, &always).into_iter().fold(system.faultless(), System::needs)
        };
        model.systems.insert(id.clone(), system);
    }
    let mut is_input = vec![false; names.gates.len()];
    for (from, gate) in &network.references {
        is_input[*gate as usize] |= from != gate;
    }
    let gates = names.gates.iter().zip(&definitions.gates).zip(is_input);
    let tops = gates.filter(|(_, is_input)| !is_input).map(|((id, gate), _)| (id.clone(), gate.at.clone())).collect();
    (model, tops)
}

/// The ids of everything, and how references find them.
struct Names<'d> {
    gates: Vec<String>,
    events: Vec<String>,
    public: HashMap<&'d str, Entity>,
    by_path: HashMap<String, Entity>,
}

impl<'d> Names<'d> {
    fn new(definitions: &'d Definitions<'_>, problems: &mut Problems<'_>) -> Self {
        let mut names = Self { gates: Vec::new(), events: Vec::new(), public: HashMap::new(), by_path: HashMap::new() };
        let mut taken: HashMap<String, usize> = HashMap::new();
        for (at, gate) in (0_u32..).zip(&definitions.gates) {
            let id = names.add(definitions, gate, Entity::Gate(at), &mut taken, problems);
            names.gates.push(id);
        }
        for (at, event) in (0_u32..).zip(&definitions.events) {
            let id = names.add(definitions, event, Entity::Event(at), &mut taken, problems);
            names.events.push(id);
        }
        for (at, house) in (0_u32..).zip(&definitions.houses) {
            names.add(definitions, house, Entity::House(at), &mut taken, problems);
        }
        names
    }

    /// Enters a definition and gives its id.
    fn add<T>(
        &mut self,
        definitions: &Definitions<'_>,
        definition: &Definition<'d, T>,
        entity: Entity,
        taken: &mut HashMap<String, usize>,
        problems: &mut Problems<'_>,
    ) -> String {
        let path = below(&definitions.scopes[definition.scope].path, definition.name);
        let id = if definition.role == Role::Public { definition.name.to_owned() } else { path.clone() };
        if let Some(first) = taken.get(&id).copied() {
            if !problems.is_full() {
                // Gates, basic events and house events share one name space but are entered kind by kind: the earlier
                // one in the text is not always the first here.
                let (first, again) = if first < definition.at.start {
                    (first, definition.at.clone())
                } else {
                    (definition.at.start, first..first + definition.name.len())
                };
                let help = Some(format!("the first one is on line {}", problems.line(first)));
                problems.push(again, Code::DuplicateId, format!("`{id}` is defined twice"), help);
            }
            return id;
        }
        taken.insert(id.clone(), definition.at.start);
        self.by_path.entry(path).or_insert(entity);
        if definition.role == Role::Public {
            self.public.insert(definition.name, entity);
        }
        id
    }

    /// What a name means in a scope: what is there, or around it, or public, or at that path.
    fn find(&self, definitions: &Definitions<'_>, name: &str, scope: usize) -> Option<Entity> {
        let mut around = Some(scope);
        while let Some(at) = around {
            let scope = &definitions.scopes[at];
            if !scope.path.is_empty()
                && let Some(found) = self.by_path.get(&below(&scope.path, name))
            {
                return Some(*found);
            }
            around = scope.parent;
        }
        self.public.get(name).or_else(|| self.by_path.get(name)).copied()
    }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

struct Network {
    nodes: Vec<Node>,
    /// Which gate refers to which.
    references: Vec<(u32, u32)>,
}

impl Network {
    fn new(definitions: &Definitions<'_>, names: &Names<'_>, problems: &mut Problems<'_>) -> Self {
        let unset = || Node { threshold: 1, inputs: Vec::new() };
        let mut network = Self { nodes: definitions.gates.iter().map(|_| unset()).collect(), references: Vec::new() };
        for (at, gate) in (0_u32..).zip(&definitions.gates) {
            let mut resolver = Resolver { definitions, names, problems: &mut *problems, scope: gate.scope, gate: at };
            network.nodes[at as usize] = match &gate.value {
                None => unset(),
                Some(Formula::AtLeast(threshold, inputs)) => network.node(*threshold, inputs, &mut resolver),
                Some(single) => network.node(1, std::slice::from_ref(single), &mut resolver),
            };
        }
        network
    }

    /// Recursion is bounded by the depth of the text.
    fn node(&mut self, threshold: u32, inputs: &[Formula<'_>], resolver: &mut Resolver<'_, '_, '_>) -> Node {
        let inputs = inputs.iter().map(|input| match input {
            Formula::Constant(value) => Input::Constant(*value),
            Formula::Reference(reference) => match resolver.resolve(reference) {
                Some(Entity::Gate(gate)) => {
                    self.references.push((resolver.gate, gate));
                    Input::Node(gate)
                }
                Some(Entity::Event(event)) => Input::Event(event),
                Some(Entity::House(house)) => {
                    Input::Constant(resolver.definitions.houses[house as usize].value.unwrap_or_default())
                }
                None => Input::Constant(false),
            },
            Formula::AtLeast(threshold, inputs) => {
                let node = self.node(*threshold, inputs, resolver);
                self.nodes.push(node);
                Input::Node(self.nodes.len() as u32 - 1)
            }
        });
        Node { threshold, inputs: inputs.collect() }
    }

    /// Which nodes fail by constants alone. O(nodes + inputs).
    fn always(&self) -> Vec<bool> {
        let mut outputs: Vec<Vec<u32>> = vec![Vec::new(); self.nodes.len()];
        let mut missing: Vec<u32> = self.nodes.iter().map(|node| node.threshold).collect();
        let mut always = vec![false; self.nodes.len()];
        let mut open: Vec<u32> = Vec::new();
        for (at, node) in (0_u32..).zip(&self.nodes) {
            for input in &node.inputs {
                match input {
                    Input::Node(below) => outputs[*below as usize].push(at),
                    Input::Constant(true) => hit(at, &mut missing, &mut always, &mut open),
                    Input::Constant(false) | Input::Event(_) => {}
                }
            }
        }
        while let Some(node) = open.pop() {
            for above in &outputs[node as usize] {
                hit(*above, &mut missing, &mut always, &mut open);
            }
        }
        always
    }

    /// What a gate's system needs, all of it.
    fn needs(&self, gate: usize, names: &Names<'_>, always: &[bool]) -> Vec<Need> {
        let (threshold, needs) = self.uncertain(gate, names, always);
        match threshold {
            1 => needs,
            _ => need(threshold, needs).into_iter().collect(),
        }
    }

    /// The inputs of a node that can fail or not, and how many of them make it fail. Recursion is bounded by the depth
    /// of the text.
    fn uncertain(&self, node: usize, names: &Names<'_>, always: &[bool]) -> (usize, Vec<Need>) {
        let mut threshold = self.nodes[node].threshold as usize;
        let mut needs = Vec::with_capacity(self.nodes[node].inputs.len());
        for input in &self.nodes[node].inputs {
            match *input {
                Input::Constant(false) => {}
                Input::Constant(true) => threshold -= 1,
                Input::Node(below) if always[below as usize] => threshold -= 1,
                Input::Event(event) => needs.push(Need::Provider(names.events[event as usize].clone())),
                Input::Node(below) => {
                    if let Some(gate) = names.gates.get(below as usize) {
                        needs.push(Need::Provider(gate.clone()));
                    } else {
                        let (threshold, inner) = self.uncertain(below as usize, names, always);
                        needs.extend(need(threshold, inner));
                    }
                }
            }
        }
        (threshold, needs)
    }
}

/// Counts a failed input of a node.
fn hit(node: u32, missing: &mut [u32], always: &mut [bool], open: &mut Vec<u32>) {
    let missing = &mut missing[node as usize];
    if *missing > 0 {
        *missing -= 1;
        if *missing == 0 {
            always[node as usize] = true;
            open.push(node);
        }
    }
}

/// The need that is unmet when `threshold` of n are; `None` if that can never be.
fn need(threshold: usize, mut of: Vec<Need>) -> Option<Need> {
    let count = of.len();
    if threshold > count {
        None
    } else if count == 1 {
        of.pop()
    } else if threshold == count {
        Some(Need::any(of))
    } else {
        Some(Need::at_least((count - threshold + 1) as u32, of))
    }
}

/// Finds what the references of one gate mean.
struct Resolver<'d, 'p, 's> {
    definitions: &'d Definitions<'d>,
    names: &'d Names<'d>,
    problems: &'p mut Problems<'s>,
    scope: usize,
    gate: u32,
}

impl Resolver<'_, '_, '_> {
    fn resolve(&mut self, reference: &Reference<'_>) -> Option<Entity> {
        let found = self.names.find(self.definitions, reference.name, self.scope);
        let kind = match reference.wanted {
            Wanted::Gate => "gate",
            Wanted::BasicEvent => "basic event",
            Wanted::HouseEvent => "house event",
            Wanted::Any => "gate or event",
        };
        let Some(entity) = found else {
            if !self.problems.is_full() {
                let by_path = self.names.by_path.keys().map(String::as_str);
                let known = self.names.public.keys().copied().chain(by_path);
                let help = self.problems.nearest(reference.name, known);
                let message = format!("there is no {kind} `{}`", reference.name);
                self.problems.push(reference.at.clone(), Code::UnknownEvent, message, help);
            }
            return None;
        };
        let (is, fits) = match entity {
            Entity::Gate(_) => ("gate", reference.wanted == Wanted::Gate),
            Entity::Event(_) => ("basic event", reference.wanted == Wanted::BasicEvent),
            Entity::House(_) => ("house event", reference.wanted == Wanted::HouseEvent),
        };
        if !fits && reference.wanted != Wanted::Any {
            let message = format!("`{}` is a {is}, not a {kind}", reference.name);
            self.problems.push(reference.at.clone(), Code::WrongType, message, None);
            return None;
        }
        Some(entity)
    }
}
