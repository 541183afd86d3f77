//! The fault graph: a topology compiled to basic events and at-least-k gates (DESIGN.md 3.1). It knows no contract.
//!
//! Nodes are numbered in one row: first the faults (node `n` is the model's fault `n`), then one event for each
//! interface whose coupling is uncertain, then the gates. A gate is failed when at least `threshold` of its inputs are:
//! 1 makes it an OR, all of them an AND. A system's gate is the OR of its faults and of its needs that are not met.
//!
//! Estates have cycles. The meaning is the **least fixpoint**: nothing fails without a cause outside itself. Forward
//! propagation ([`FaultGraph::spread`]) reaches it in one pass with counters.
//!
//! **Direction.** `inputs` of a gate are what it fails by; `outputs` of a node are the gates that fail by it. Failure
//! runs along `outputs`; a model's interfaces point the other way.

use onus_model::{Element, FaultIndex, InterfaceIndex, Model, Need, SystemIndex, Topology};

/// A node of the fault graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Node(u32);

impl Node {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }

    fn new(position: usize) -> Self {
        Self(u32::try_from(position).expect("a fault graph holds fewer than 2^32 nodes: models are smaller"))
    }
}

/// Adjacency in compressed sparse rows.
#[derive(Clone, Debug)]
struct Rows {
    offsets: Vec<u32>,
    targets: Vec<Node>,
}

impl Rows {
    fn of(&self, node: usize) -> &[Node] {
        &self.targets[self.offsets[node] as usize..self.offsets[node + 1] as usize]
    }
}

/// A topology, compiled. Immutable; build it once and ask it often.
#[derive(Clone, Debug)]
pub struct FaultGraph {
    topology: Topology,
    faults: usize,
    /// The interface whose coupling each coupling event decides.
    couplings: Vec<InterfaceIndex>,
    /// Probability of each basic event.
    prior: Vec<f64>,
    /// Of each gate.
    threshold: Vec<u32>,
    /// Of each gate.
    inputs: Rows,
    /// Of each node.
    outputs: Rows,
    /// The element whose faults are among a gate's inputs.
    element: Vec<Option<Element>>,
    system_gate: Vec<Node>,
    /// The node that stands for "lost to its consumer", by interface: a gate of its own, or the provider's gate.
    interface_gate: Vec<Node>,
}

/// Gates while they are being made.
struct Gates {
    first: usize,
    inputs: Vec<Vec<Node>>,
    threshold: Vec<u32>,
    element: Vec<Option<Element>>,
}

impl Gates {
    fn add(&mut self, threshold: u32, inputs: Vec<Node>, element: Option<Element>) -> Node {
        self.inputs.push(inputs);
        self.threshold.push(threshold);
        self.element.push(element);
        Node::new(self.first + self.inputs.len() - 1)
    }
}

impl FaultGraph {
    /// Compiles a model's topology.
    ///
    /// O(V + E) time and memory.
    ///
    /// ```
    /// use onus_model::document::{Fault, Model, System};
    /// use onus_rca::FaultGraph;
    ///
    /// let model = Model::new("Two systems")
    ///     .system("db", System::new().fault("disk", Fault::new("hardware", 1e-3)))
    ///     .system("portal", System::new().needs("db"))
    ///     .build()?;
    /// let graph = FaultGraph::compile(&model);
    /// let disk = model.topology().fault("db.disk").unwrap();
    /// // Failure runs against the direction of the need: the portal fails with the database.
    /// let failed: Vec<_> = graph.propagate(&[disk]).failed.into_iter().map(|f| f.system.to_string()).collect();
    /// assert_eq!(failed, ["db", "portal"]);
    /// # Ok::<(), onus_model::Error>(())
    /// ```
    pub fn compile(model: &Model) -> Self {
        Self::from_topology(model.topology().clone())
    }

    fn from_topology(topology: Topology) -> Self {
        let faults = topology.faults().len();
        let mut prior: Vec<f64> = topology.faults().iter().map(|fault| fault.prior.probability().get()).collect();
        let mut couplings = Vec::new();
        for (at, interface) in topology.interfaces().iter().enumerate() {
            if interface.propagates.get() < 1.0 {
                couplings.push(InterfaceIndex::new(at));
                prior.push(interface.propagates.get());
            }
        }
        let events = prior.len();
        // Gates of systems come first, so that an interface can name its provider's gate before it has inputs.
        let systems = topology.systems().len();
        let mut gates = Gates { first: events, inputs: Vec::new(), threshold: Vec::new(), element: Vec::new() };
        let fault_nodes =
            |faults: &[FaultIndex]| faults.iter().map(|fault| Node::new(fault.index())).collect::<Vec<_>>();
        for (at, system) in topology.systems().iter().enumerate() {
            gates.add(1, fault_nodes(&system.faults), Some(Element::System(SystemIndex::new(at))));
        }
        let system_gate: Vec<Node> = (0..systems).map(|at| Node::new(events + at)).collect();
        let mut coupling = couplings.iter().enumerate().peekable();
        let mut interface_gate = Vec::with_capacity(topology.interfaces().len());
        for (at, interface) in topology.interfaces().iter().enumerate() {
            let provider = system_gate[interface.provider.index()];
            let index = InterfaceIndex::new(at);
            let coupled = match coupling.next_if(|(_, interface)| **interface == index) {
                Some((event, _)) => gates.add(2, vec![provider, Node::new(faults + event)], None),
                None => provider,
            };
            interface_gate.push(if interface.faults.is_empty() {
                coupled
            } else {
                let mut inputs = fault_nodes(&interface.faults);
                inputs.push(coupled);
                gates.add(1, inputs, Some(Element::Interface(index)))
            });
        }
        for (at, system) in topology.systems().iter().enumerate() {
            for need in &system.needs {
                let unmet = unmet(need, &interface_gate, &mut gates);
                gates.inputs[at].push(unmet);
            }
        }
        let nodes = events + gates.inputs.len();
        let inputs = rows(gates.inputs.len(), gates.inputs.iter().map(|inputs| inputs.iter().copied()));
        let outputs = reversed(nodes, events, &gates.inputs);
        Self {
            topology,
            faults,
            couplings,
            prior,
            threshold: gates.threshold,
            inputs,
            outputs,
            element: gates.element,
            system_gate,
            interface_gate,
        }
    }

    /// The topology it was compiled from.
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// Nodes: basic events and gates.
    pub fn node_count(&self) -> usize {
        self.prior.len() + self.threshold.len()
    }

    /// Inputs of all gates.
    pub fn edge_count(&self) -> usize {
        self.inputs.targets.len()
    }

    pub(crate) fn fault_node(fault: FaultIndex) -> Node {
        Node::new(fault.index())
    }

    pub(crate) fn system_gate(&self, system: SystemIndex) -> Node {
        self.system_gate[system.index()]
    }

    /// What a node that is a basic event stands for; `None` for a gate.
    pub(crate) fn event(&self, node: Node) -> Option<Event> {
        let at = node.index();
        if at < self.faults {
            Some(Event::Fault(FaultIndex::new(at)))
        } else {
            self.couplings.get(at - self.faults).map(|interface| Event::Coupling(*interface))
        }
    }

    /// Probability of a basic event.
    pub(crate) fn prior(&self, event: Node) -> f64 {
        self.prior[event.index()]
    }

    /// Coupling events.
    pub(crate) fn coupling_nodes(&self) -> impl Iterator<Item = Node> + use<> {
        (self.faults..self.prior.len()).map(Node::new)
    }

    /// All gates.
    pub(crate) fn gates(&self) -> impl Iterator<Item = Node> + use<> {
        (self.prior.len()..self.node_count()).map(Node::new)
    }

    /// Inputs of a gate.
    pub(crate) fn inputs(&self, gate: Node) -> &[Node] {
        self.inputs.of(gate.index() - self.prior.len())
    }

    /// How many inputs make a gate fail.
    pub(crate) fn threshold(&self, gate: Node) -> u32 {
        self.threshold[gate.index() - self.prior.len()]
    }

    /// The element whose faults are among a gate's inputs.
    pub(crate) fn element(&self, gate: Node) -> Option<Element> {
        self.element[gate.index() - self.prior.len()]
    }

    /// Gates that a node is an input of.
    pub(crate) fn outputs(&self, node: Node) -> &[Node] {
        self.outputs.of(node.index())
    }

    /// The system or interface that a gate stands for, to name it on a path.
    pub(crate) fn named(&self, gate: Node) -> Option<Element> {
        self.event(gate).is_none().then(|| self.element(gate)).flatten()
    }

    /// The gate of an element: a system's, or what an interface's consumer sees of it.
    pub(crate) fn element_gate(&self, element: Element) -> Node {
        match element {
            Element::System(system) => self.system_gate[system.index()],
            Element::Interface(interface) => self.interface_gate[interface.index()],
        }
    }

    /// Spreads failure from active events to the least fixpoint: which nodes fail, and in which order.
    ///
    /// `blocked(event, gate)` says that an active event does not reach a gate (it was repaired there). One pass with
    /// counters, O(V) to begin and O(edges out of what fails).
    pub(crate) fn spread(
        &self,
        active: impl IntoIterator<Item = Node>,
        blocked: impl Fn(Node, Node) -> bool,
    ) -> Spread {
        let mut spread = Spread { failed: vec![false; self.node_count()], order: Vec::new() };
        let mut missing = self.threshold.clone();
        for event in active {
            if !std::mem::replace(&mut spread.failed[event.index()], true) {
                spread.order.push(event);
            }
        }
        let mut next = 0;
        while let Some(node) = spread.order.get(next).copied() {
            next += 1;
            for gate in self.outputs(node) {
                let counter = &mut missing[gate.index() - self.prior.len()];
                if *counter == 0 || (node.index() < self.faults && blocked(node, *gate)) {
                    continue;
                }
                *counter -= 1;
                if *counter == 0 {
                    spread.failed[gate.index()] = true;
                    spread.order.push(*gate);
                }
            }
        }
        spread
    }
}

/// What a basic event stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Event {
    /// A fault is present.
    Fault(FaultIndex),
    /// The failure of an interface's provider couples across: nobody's fault.
    Coupling(InterfaceIndex),
}

/// What fails from some events.
#[derive(Clone, Debug)]
pub(crate) struct Spread {
    /// By node.
    pub(crate) failed: Vec<bool>,
    /// Failed nodes, causes before effects.
    pub(crate) order: Vec<Node>,
}

impl Spread {
    pub(crate) fn has(&self, node: Node) -> bool {
        self.failed[node.index()]
    }
}

/// The node that fails when a need is not met. Recursion is bounded by the depth that validation allows.
fn unmet(need: &Need, interface_gate: &[Node], gates: &mut Gates) -> Node {
    match need {
        Need::Provider(interface) => interface_gate[interface.index()],
        Need::AtLeast { k, of } => {
            let inputs: Vec<Node> = of.iter().map(|need| unmet(need, interface_gate, gates)).collect();
            // At least k of n must hold: it is unmet when n − k + 1 are lost.
            let threshold = of.len() as u32 - k + 1;
            gates.add(threshold, inputs, None)
        }
    }
}

fn rows<I: IntoIterator<Item = Node>>(count: usize, lists: impl Iterator<Item = I>) -> Rows {
    let mut offsets = Vec::with_capacity(count + 1);
    let mut targets = Vec::new();
    offsets.push(0);
    for list in lists {
        targets.extend(list);
        offsets
            .push(u32::try_from(targets.len()).expect("a fault graph has fewer than 2^32 edges: models are smaller"));
    }
    Rows { offsets, targets }
}

/// Outputs from inputs, by counting sort.
fn reversed(nodes: usize, events: usize, inputs: &[Vec<Node>]) -> Rows {
    let mut offsets = vec![0_u32; nodes + 1];
    for input in inputs.iter().flatten() {
        offsets[input.index() + 1] += 1;
    }
    for at in 1..offsets.len() {
        offsets[at] += offsets[at - 1];
    }
    let mut fill = offsets.clone();
    let mut targets = vec![Node(0); offsets[nodes] as usize];
    for (gate, inputs) in inputs.iter().enumerate() {
        for input in inputs {
            let place = &mut fill[input.index()];
            targets[*place as usize] = Node::new(events + gate);
            *place += 1;
        }
    }
    Rows { offsets, targets }
}
