//! A compiled graph in a snapshot, beside its model: written as it stands, read without compiling anything.
//!
//! | tag | | |
//! |---|---|---|
//! | 256 | u64 | faults, interfaces, systems; checksum of the model's sections |
//! | 257, 258 | text, u32 | ids of the faults, and where each ends |
//! | 259, 260 | u32, f64 | by coupling: its interface; by event: its probability |
//! | 261, 262 | u32 | where the inputs of each node begin, and the last end; the inputs |
//! | 263, 264 | u32 | the same of outputs |
//! | 265 | u8 | thresholds; 255 for those in the next |
//! | 266, 267 | u32 | wide thresholds: nodes, and what they are |
//! | 268 | u32 | loops: first node, and the one after the last |
//! | 269 | u32 | by system: its gate |
//! | 270 to 272 | u32, u32, u8 | interfaces with gates of their own; the gates; 1 if its faults are among the inputs |
//! | 273 to 276 | u32, u32, u64, u64 | gates that take time; their interfaces; shortest and longest delay in milliseconds |
//!
//! A node is its place in the order in which failure runs: that order, made once by compiling, is what the file keeps.
//!
//! **What is checked on reading**, before anything is used. Of the circuit what [`StoredCircuit`] says. Events have no inputs; a coupling
//! does one thing: with one other node, that is no coupling, it makes a gate of two fail (so whatever fails is reached from a
//! fault). Every element has a gate, and no two the same; lists by interface rise, and lead to interfaces there are; probabilities are
//! ones. With a model at hand ([`CompiledGraph::fits`]): counts, probabilities, couplings, delays and the place of every fault
//! are the model's. That the needs are is known by the checksum of the model's sections, which stands with the graph.

use std::io::{self, Read, Seek, Write};
use std::sync::Arc;

use onus_model::{Element, Error, Ids, InterfaceIndex, Model, Snapshot, SnapshotDraft, Topology, Values};

use super::compiled::{Delay, InterfaceGate};
use super::{CompiledGraph, FaultGraph, Node};
use crate::engine::{Flaw, StoredCircuit, flaw};

const COUNTS: u32 = 256;
const FAULT_IDS: [u32; 2] = [257, 258];
const COUPLINGS: u32 = 259;
const PRIORS: u32 = 260;
const INPUTS: [u32; 2] = [261, 262];
const OUTPUTS: [u32; 2] = [263, 264];
const THRESHOLDS: u32 = 265;
const WIDE: [u32; 2] = [266, 267];
const LOOPS: u32 = 268;
const SYSTEM_GATES: u32 = 269;
const INTERFACE_GATES: [u32; 3] = [270, 271, 272];
const DELAYS: [u32; 4] = [273, 274, 275, 276];

/// That a compiled graph is not that of a model: why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the compiled graph is another model's: {0}")]
pub struct OtherModel(String);

impl FaultGraph {
    /// Writes a snapshot of a model with its compiled graph, so that whoever reads it need not compile. The same model gives the
    /// same bytes.
    ///
    /// O(model + graph).
    ///
    /// # Errors
    /// What the writer says; [`io::ErrorKind::InvalidInput`] for a model of 2^31 systems or with 4 GiB of ids, and if the graph is
    /// not compiled from the model's topology.
    ///
    /// ```
    /// use std::io::Cursor;
    ///
    /// use onus_model::{Model, Snapshot};
    /// use onus_rca::FaultGraph;
    ///
    /// let model = Model::from_text("inline", "{ format: onus/1, systems: { db: {}, portal: { needs: [db] } } }")?;
    /// let mut file = Vec::new();
    /// FaultGraph::compile(&model).write_snapshot(&model, &mut file).unwrap();
    /// let mut snapshot = Snapshot::open("estate.onus", Cursor::new(file))?;
    /// let model = snapshot.model()?;
    /// let graph = FaultGraph::from_snapshot(&mut snapshot, &model)?.expect("it was written with its graph");
    /// let db = model.topology().fault("db.fault").unwrap();
    /// assert_eq!(graph.propagate(&[db]).failed.len(), 2);
    /// # Ok::<(), onus_model::Error>(())
    /// ```
    pub fn write_snapshot(&self, model: &Model, to: impl Write) -> io::Result<()> {
        if !Arc::ptr_eq(&self.topology, &model.shared_topology()) && self.topology() != model.topology() {
            let message = "the graph was not compiled from this model's topology";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let faults = Ids::of(self.topology.faults().iter().map(|fault| fault.id.as_str()))?;
        let mut draft = SnapshotDraft::of(model)?;
        self.compiled.add_to(&mut draft, &faults);
        draft.write(to)
    }

    /// The graph of a snapshot, which is not compiled again; `None` if the snapshot holds a model alone. `model` is the model of the
    /// same snapshot, under whatever contracts.
    ///
    /// O(graph).
    ///
    /// # Errors
    /// [`Error::Io`] if reading fails, [`Error::Invalid`] if the graph is damaged, contradicts itself, or is not the model's.
    pub fn from_snapshot(snapshot: &mut Snapshot<impl Read + Seek>, model: &Model) -> Result<Option<Self>, Error> {
        let Some(compiled) = CompiledGraph::read(snapshot)? else { return Ok(None) };
        let fits = compiled.fits(model.topology());
        fits.map_err(|other| snapshot.damaged(other.to_string()))?;
        Ok(Some(Self { topology: model.shared_topology(), compiled: Arc::new(compiled) }))
    }
}

impl CompiledGraph {
    fn add_to<'d>(&'d self, draft: &mut SnapshotDraft<'d>, faults: &'d Ids) {
        let checksum = draft.model_checksum();
        let numbers = |nodes: &mut dyn Iterator<Item = usize>| Values::Words(nodes.map(|node| node as u32).collect());
        let counts = [self.faults, self.interfaces, self.system_gate.len()].map(|count| count as u64);
        draft.add(COUNTS, Values::Longs(counts.into_iter().chain([u64::from(checksum)]).collect()));
        draft.add_ids(FAULT_IDS, faults);
        draft.add(COUPLINGS, numbers(&mut self.couplings.iter().map(|interface| interface.index())));
        draft.add(PRIORS, Values::Figures((&self.prior).into()));
        let circuit = &self.circuit;
        for ([offsets, targets], rows) in [(INPUTS, &circuit.inputs), (OUTPUTS, &circuit.outputs)] {
            draft.add(offsets, Values::Words(rows.offsets().into()));
            draft.add(targets, numbers(&mut rows.targets().iter().map(|node| node.index())));
        }
        draft.add(THRESHOLDS, Values::Bytes((&circuit.threshold).into()));
        draft.add(WIDE[0], numbers(&mut circuit.wide.iter().map(|(node, _)| node.index())));
        draft.add(WIDE[1], numbers(&mut circuit.wide.iter().map(|(_, threshold)| *threshold as usize)));
        draft.add(LOOPS, numbers(&mut circuit.loops.iter().flat_map(|(a, b)| [*a as usize, *b as usize])));
        draft.add(SYSTEM_GATES, numbers(&mut self.system_gate.iter().map(|node| node.index())));
        let own = &self.interface_gates;
        draft.add(INTERFACE_GATES[0], numbers(&mut own.iter().map(|own| own.interface.index())));
        draft.add(INTERFACE_GATES[1], numbers(&mut own.iter().map(|own| own.gate.index())));
        draft.add(INTERFACE_GATES[2], Values::Bytes(own.iter().map(|own| u8::from(own.has_faults)).collect()));
        draft.add(DELAYS[0], numbers(&mut self.delays.iter().map(|delay| delay.gate.index())));
        draft.add(DELAYS[1], numbers(&mut self.delays.iter().map(|delay| delay.interface.index())));
        draft.add(DELAYS[2], Values::Longs(self.delays.iter().map(|delay| delay.shortest).collect()));
        draft.add(DELAYS[3], Values::Longs(self.delays.iter().map(|delay| delay.longest).collect()));
    }

    /// The ids of the faults of a snapshot's graph.
    pub(super) fn fault_ids(snapshot: &mut Snapshot<impl Read + Seek>) -> Result<Ids, Error> {
        snapshot.ids(FAULT_IDS)
    }

    /// Reads a graph and checks it. `None` if there is none. O(graph).
    pub(super) fn read(snapshot: &mut Snapshot<impl Read + Seek>) -> Result<Option<Self>, Error> {
        if !snapshot.has(COUNTS) {
            return Ok(None);
        }
        let counts = snapshot.longs(COUNTS)?;
        let [faults, interfaces, systems, checksum] = counts[..] else {
            return Err(snapshot.damaged(format!("the compiled graph has {} counts; expected 4", counts.len())));
        };
        if checksum != u64::from(snapshot.model_checksum()) {
            let other = OtherModel("the checksum of the model it was made from is another".to_owned());
            return Err(snapshot.damaged(other.to_string()));
        }
        let interface = |number: u32| InterfaceIndex::new(number as usize);
        let parts = Parts {
            counts: [faults, interfaces, systems].map(|count| usize::try_from(count).unwrap_or(usize::MAX)),
            couplings: snapshot.words(COUPLINGS, interface)?,
            prior: snapshot.figures(PRIORS)?,
            circuit: StoredCircuit {
                input_offsets: snapshot.words(INPUTS[0], |offset| offset)?,
                inputs: snapshot.words(INPUTS[1], Node::stored)?,
                output_offsets: snapshot.words(OUTPUTS[0], |offset| offset)?,
                outputs: snapshot.words(OUTPUTS[1], Node::stored)?,
                threshold: snapshot.bytes(THRESHOLDS)?,
                wide: Vec::new(),
                loops: Vec::new(),
            },
            system_gate: snapshot.words(SYSTEM_GATES, Node::stored)?,
        };
        let lists = Lists {
            wide: (snapshot.words(WIDE[0], Node::stored)?, snapshot.words(WIDE[1], |threshold| threshold)?),
            loops: snapshot.words(LOOPS, |node| node)?,
            own: (
                snapshot.words(INTERFACE_GATES[0], interface)?,
                snapshot.words(INTERFACE_GATES[1], Node::stored)?,
                snapshot.bytes(INTERFACE_GATES[2])?,
            ),
            delays: (
                snapshot.words(DELAYS[0], Node::stored)?,
                snapshot.words(DELAYS[1], interface)?,
                snapshot.longs(DELAYS[2])?,
                snapshot.longs(DELAYS[3])?,
            ),
        };
        let checked = parts.check(lists);
        let told =
            |Flaw { array, at, expected }| format!("`{array}` of the compiled graph, entry {at}: expected {expected}");
        Ok(Some(checked.map_err(|flaw| snapshot.damaged(told(flaw)))?))
    }

    /// Whether this is the graph of a topology, as far as that can be told without compiling; needs are told by the checksum
    /// that stands with the graph. O(faults + interfaces · log).
    pub(super) fn fits(&self, topology: &Topology) -> Result<(), OtherModel> {
        let counts = [
            ("systems", self.system_gate.len(), topology.systems().len()),
            ("interfaces", self.interfaces, topology.interfaces().len()),
            ("faults", self.faults, topology.faults().len()),
        ];
        if let Some((kind, own, others)) = counts.into_iter().find(|(_, own, others)| own != others) {
            return Err(OtherModel(format!("it has {own} {kind}, the model {others}")));
        }
        let (mut couplings, mut own, mut delays) =
            (self.couplings.iter(), self.interface_gates.iter(), self.delays.iter());
        for (at, interface) in topology.interfaces().iter().enumerate() {
            let index = InterfaceIndex::new(at);
            let p = interface.propagates.get();
            let is_uncertain = p < 1.0;
            let delay = interface.delay.as_ref().filter(|(_, longest)| longest.hours() > 0.0);
            let has_faults = !interface.faults.is_empty();
            let is_alike = (!is_uncertain || couplings.next() == Some(&index))
                && delay.is_none_or(|(shortest, longest)| {
                    let wanted = (index, shortest.milliseconds(), longest.milliseconds());
                    delays.next().map(|delay| (delay.interface, delay.shortest, delay.longest)) == Some(wanted)
                })
                && (!(is_uncertain || delay.is_some() || has_faults)
                    || own.next().map(|own| (own.interface, own.has_faults)) == Some((index, has_faults)));
            if !is_alike {
                return Err(OtherModel(format!("it has `{}` otherwise", interface.id)));
            }
        }
        if couplings.next().is_some() || own.next().is_some() || delays.next().is_some() {
            return Err(OtherModel("it has more interfaces that need a gate of their own".to_owned()));
        }
        let uncertain =
            self.couplings.iter().map(|interface| topology.interfaces()[interface.index()].propagates.get());
        let priors = topology.faults().iter().map(|fault| fault.prior.probability().get()).chain(uncertain);
        let mut gates = Vec::new();
        for (event, (wanted, prior)) in priors.zip(&self.prior).enumerate() {
            if wanted.to_bits() != prior.to_bits() {
                return Err(OtherModel(format!("event {event} has the probability {prior}, in the model {wanted}")));
            }
            let Some(fault) = topology.faults().get(event) else { continue };
            gates.clear();
            gates.extend(fault.elements.iter().filter_map(|element| match element {
                Element::System(system) => Some(self.system_gate[system.index()]),
                Element::Interface(interface) => self.interface_gate(*interface),
            }));
            gates.sort_unstable();
            let outputs = self.circuit.outputs(Node::new(event));
            // Nearly all have one.
            let is_alike = if let ([gate], [output]) = (&gates[..], outputs) {
                gate == output
            } else {
                let mut outputs = outputs.to_vec();
                outputs.sort_unstable();
                outputs == gates
            };
            if !is_alike {
                return Err(OtherModel(format!("the fault `{}` sits on other elements", fault.id)));
            }
        }
        Ok(())
    }
}

/// The large arrays of a graph as they were read, before it is one.
struct Parts {
    /// Faults, interfaces, systems.
    counts: [usize; 3],
    couplings: Vec<InterfaceIndex>,
    prior: Vec<f64>,
    /// But for its lists.
    circuit: StoredCircuit,
    system_gate: Vec<Node>,
}

/// Its lists of what is rare, column by column.
struct Lists {
    wide: (Vec<Node>, Vec<u32>),
    loops: Vec<u32>,
    own: (Vec<InterfaceIndex>, Vec<Node>, Vec<u8>),
    delays: (Vec<Node>, Vec<InterfaceIndex>, Vec<u64>, Vec<u64>),
}

/// Columns side by side.
fn pairs<A, B>(array: &'static str, a: Vec<A>, b: Vec<B>) -> Result<Vec<(A, B)>, Flaw> {
    if a.len() == b.len() { Ok(a.into_iter().zip(b).collect()) } else { flaw(array, b.len(), "columns of one length") }
}

impl Lists {
    fn gates(own: (Vec<InterfaceIndex>, Vec<Node>, Vec<u8>)) -> Result<Vec<InterfaceGate>, Flaw> {
        let name = "gates of interfaces";
        if let Some(at) = own.2.iter().position(|flag| *flag > 1) {
            return flaw(name, at, "0 or 1 for its faults");
        }
        let rows = pairs(name, pairs(name, own.0, own.1)?, own.2)?.into_iter();
        Ok(rows.map(|((interface, gate), flag)| InterfaceGate { interface, gate, has_faults: flag == 1 }).collect())
    }

    fn delays(delays: (Vec<Node>, Vec<InterfaceIndex>, Vec<u64>, Vec<u64>)) -> Result<Vec<Delay>, Flaw> {
        let name = "delays";
        let (ends, lengths) = (pairs(name, delays.0, delays.1)?, pairs(name, delays.2, delays.3)?);
        let rows = pairs(name, ends, lengths)?.into_iter();
        Ok(rows.map(|((gate, interface), (shortest, longest))| Delay { gate, interface, shortest, longest }).collect())
    }
}

impl Parts {
    fn check(self, lists: Lists) -> Result<CompiledGraph, Flaw> {
        let Self { counts: [faults, interfaces, systems], couplings, prior, mut circuit, system_gate } = self;
        let (loops, odd) = lists.loops.as_chunks::<2>();
        if !odd.is_empty() {
            return flaw("loops", loops.len(), "a beginning and an end");
        }
        circuit.loops = loops.iter().map(|[begin, end]| (*begin, *end)).collect();
        circuit.wide = pairs("wide thresholds", lists.wide.0, lists.wide.1)?;
        let (interface_gates, delays) = (Lists::gates(lists.own)?, Lists::delays(lists.delays)?);
        let circuit = circuit.check()?;
        let events = prior.len();
        if faults.checked_add(couplings.len()) != Some(events) || events > circuit.node_count() {
            return flaw("probabilities", events, "one for each fault and each coupling, all of which are nodes");
        }
        if let Some(at) = prior.iter().position(|p| !(0.0..=1.0).contains(p)) {
            return flaw("probabilities", at, "a number from 0 to 1");
        }
        if circuit.inputs.offsets()[events] != 0 || circuit.threshold[..events].iter().any(|threshold| *threshold != 1)
        {
            return flaw("inputs", 0, "events without inputs, of threshold 1");
        }
        rise("couplings", interfaces, couplings.iter().copied())?;
        for (at, event) in (faults..events).enumerate() {
            let is_coupling = |node: &Node| (faults..events).contains(&node.index());
            let alone = match circuit.outputs(Node::new(event)) {
                [gate] if circuit.threshold(*gate) == 2 => circuit.inputs(*gate),
                _ => &[],
            };
            if alone.len() != 2 || alone.iter().filter(|input| is_coupling(input)).count() != 1 {
                return flaw("couplings", at, "a coupling that fails one gate, with one other node");
            }
        }
        if system_gate.len() != systems {
            return flaw("gates of systems", system_gate.len(), "one for each system");
        }
        rise("gates of interfaces", interfaces, interface_gates.iter().map(|own| own.interface))?;
        rise("delays", interfaces, delays.iter().map(|delay| delay.interface))?;
        let is_gate = |node: Node| (events..circuit.node_count()).contains(&node.index());
        if let Some(at) = interface_gates.iter().position(|own| !is_gate(own.gate)) {
            return flaw("gates of interfaces", at, "a gate");
        }
        if let Some(at) = delays.iter().position(|delay| !is_gate(delay.gate) || delay.shortest > delay.longest) {
            return flaw("delays", at, "a gate, and a longest delay that is no shorter than the shortest");
        }
        let Some(element) = CompiledGraph::elements(events, circuit.node_count(), &system_gate, &interface_gates)
        else {
            return flaw("gates of systems", 0, "gates, of no two elements the same");
        };
        Ok(CompiledGraph {
            faults,
            interfaces,
            couplings,
            prior,
            circuit,
            system_gate,
            interface_gates,
            delays,
            element,
        })
    }
}

/// Whether a list by interface rises, and leads to interfaces there are.
fn rise(array: &'static str, interfaces: usize, mut list: impl Iterator<Item = InterfaceIndex>) -> Result<(), Flaw> {
    let mut after = 0;
    let fails = |interface: InterfaceIndex| {
        let fails = interface.index() < after || interface.index() >= interfaces;
        after = interface.index() + 1;
        fails
    };
    match list.position(fails) {
        Some(at) => flaw(array, at, "an interface there is, after the one before"),
        None => Ok(()),
    }
}
