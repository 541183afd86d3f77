//! Cutting a structure along its elements: pieces of contracts, and who takes the place of each holder.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{ContractorIndex, InterfaceIndex};
use crate::model::{Contract, Duty, Element, Model};

use super::assemble::{Loose, LooseContract, shares};

/// How a structure is cut.
pub(super) struct Cut<'f> {
    /// Into which piece of its contract an element goes.
    piece: Box<dyn Fn(Element) -> String + 'f>,
    /// Who takes the place of a holder in a piece.
    holder: Holders<'f>,
}

/// Who takes the place of a holder.
enum Holders<'f> {
    /// For each party a name, whatever it holds; who holds nothing is renamed too.
    Renamed(&'f dyn Fn(ContractorIndex) -> String),
    /// Likewise, but who holds nothing stays.
    Taken(&'f dyn Fn(ContractorIndex) -> String),
    /// The piece names it.
    Piece,
    /// A part of the holder, named after the piece.
    Part,
}

impl<'f> Cut<'f> {
    /// Contracts stay whole; their holders are replaced.
    pub(super) fn whole(holder: &'f dyn Fn(ContractorIndex) -> String) -> Self {
        Self { piece: Box::new(|_| String::new()), holder: Holders::Taken(holder) }
    }

    /// Contracts stay whole; parties are renamed, two to one name if they merge.
    pub(super) fn merged(holder: &'f dyn Fn(ContractorIndex) -> String) -> Self {
        Self { piece: Box::new(|_| String::new()), holder: Holders::Renamed(holder) }
    }

    /// Whatever goes into one piece is in one hand.
    pub(super) fn by(piece: &'f dyn Fn(Element) -> String) -> Self {
        Self { piece: Box::new(piece), holder: Holders::Piece }
    }

    /// Every contractor has a part for each piece of what it covers.
    pub(super) fn refined(piece: &'f dyn Fn(Element) -> String) -> Self {
        Self { piece: Box::new(piece), holder: Holders::Part }
    }

    fn name(&self, model: &Model, party: ContractorIndex, piece: &str) -> String {
        let own = || model.contractors()[party.index()].id.as_str();
        match self.holder {
            Holders::Renamed(name) | Holders::Taken(name) => name(party),
            // A contract that covers nothing stays with its holder.
            Holders::Piece | Holders::Part if piece.is_empty() => own().to_owned(),
            Holders::Piece => piece.to_owned(),
            Holders::Part => format!("{}/{piece}", own()),
        }
    }
}

/// What became of one contractor.
#[derive(Default)]
struct Parts {
    all: BTreeSet<String>,
    /// Which of them stand on an element.
    on: BTreeMap<Element, BTreeSet<String>>,
}

impl Model {
    /// The same duties in other hands; see the [module](super).
    pub(super) fn cut(&self, cut: &Cut<'_>) -> Self {
        let pieces: Vec<BTreeMap<String, Vec<Duty>>> =
            self.contracts().iter().map(|contract| self.pieces(cut, contract)).collect();
        let mut parts: Vec<Parts> = self.contractors().iter().map(|_| Parts::default()).collect();
        for (contract, pieces) in self.contracts().iter().zip(&pieces) {
            for (piece, duties) in pieces {
                for (party, _) in shares(&contract.holder) {
                    let (name, parts) = (cut.name(self, party, piece), &mut parts[party.index()]);
                    for element in duties.iter().flat_map(|duty| &duty.elements) {
                        parts.on.entry(*element).or_default().insert(name.clone());
                    }
                    parts.all.insert(name);
                }
            }
        }
        for (at, parts) in parts.iter_mut().enumerate().filter(|(_, parts)| parts.all.is_empty()) {
            let name = match cut.holder {
                Holders::Renamed(name) => name(ContractorIndex::new(at)),
                _ => self.contractors()[at].id.to_string(),
            };
            parts.all.insert(name);
        }
        let near = Near::of(self, parts);
        let mut contracts: Vec<LooseContract> = Vec::new();
        for (at, pieces_of) in pieces.iter().enumerate() {
            for (piece, duties) in pieces_of {
                contracts.push(self.piece(cut, &near, &pieces, at, piece, duties.clone()));
            }
        }
        let viewers = self.monitors().iter().zip(&self.structure.viewers).map(|(monitor, viewers)| {
            let watched: Vec<Element> = monitor.watches.iter().map(|system| Element::System(*system)).collect();
            (viewers.public, viewers.contractors.iter().flat_map(|viewer| near.told(*viewer, &watched)).collect())
        });
        let viewers = viewers.collect();
        let parties = near.parts.iter().flat_map(|parts| parts.all.iter().cloned()).collect();
        Loose { parties, contracts, viewers }.assemble(self)
    }

    /// What a contract falls into, by name; the name is empty for one that covers nothing.
    fn pieces(&self, cut: &Cut<'_>, contract: &Contract) -> BTreeMap<String, Vec<Duty>> {
        let mut pieces: BTreeMap<String, Vec<Duty>> = BTreeMap::new();
        for duty in &contract.duties {
            let mut own: BTreeMap<String, Vec<Element>> = BTreeMap::new();
            for element in &duty.elements {
                own.entry((cut.piece)(*element)).or_default().push(*element);
            }
            let is_whole = own.len() == 1;
            for (piece, elements) in own {
                let ids = || elements.iter().map(|e| self.topology().element_id(*e).to_owned()).collect();
                let selectors = if is_whole { duty.selectors.clone() } else { ids() };
                pieces.entry(piece).or_default().push(Duty { kind: duty.kind, selectors, elements });
            }
        }
        if pieces.is_empty() {
            pieces.insert(String::new(), Vec::new());
        }
        pieces
    }

    fn piece(
        &self,
        cut: &Cut<'_>,
        near: &Near<'_>,
        pieces: &[BTreeMap<String, Vec<Duty>>],
        at: usize,
        piece: &str,
        duties: Vec<Duty>,
    ) -> LooseContract {
        let contract = &self.contracts()[at];
        // The nearest contract above with a piece of this name, whose elements are then the same or others.
        let mut parent = contract.under;
        while let Some(above) = parent
            && !pieces[above.index()].contains_key(piece)
        {
            parent = self.contracts()[above.index()].under;
        }
        let elements: Vec<Element> = duties.iter().flat_map(|duty| &duty.elements).copied().collect();
        let holder = shares(&contract.holder).into_iter();
        LooseContract {
            id: self.piece_id(&pieces[at], at, piece),
            like: Some(crate::id::ContractIndex::new(at)),
            holder: holder.map(|(party, share)| (cut.name(self, party, piece), share)).collect(),
            under: parent.map(|above| self.piece_id(&pieces[above.index()], above.index(), piece)),
            buyer: contract.buyer.and_then(|party| near.only(party)),
            duties,
            reports_to: contract.reports_to.iter().flat_map(|party| near.told(*party, &elements)).collect(),
            indemnified_by: contract.liability.indemnified_by.and_then(|party| near.only(party)),
        }
    }

    fn piece_id(&self, pieces: &BTreeMap<String, Vec<Duty>>, at: usize, piece: &str) -> String {
        let own = self.contracts()[at].id.as_str();
        if pieces.len() == 1 {
            return own.to_owned();
        }
        let mut id = format!("{own}/{piece}");
        while self.contract(&id).is_some() {
            id.push('\'');
        }
        id
    }
}

/// Which parts of a contractor are told of what happens to an element.
struct Near<'m> {
    model: &'m Model,
    parts: Vec<Parts>,
    /// By system.
    interfaces: Vec<Vec<InterfaceIndex>>,
}

impl<'m> Near<'m> {
    fn of(model: &'m Model, parts: Vec<Parts>) -> Self {
        let mut interfaces = vec![Vec::new(); model.systems().len()];
        for (at, interface) in model.interfaces().iter().enumerate() {
            for end in [interface.consumer, interface.provider] {
                interfaces[end.index()].push(InterfaceIndex::new(at));
            }
        }
        Self { model, parts, interfaces }
    }

    /// The one that a contractor became, if it did not become several.
    fn only(&self, party: ContractorIndex) -> Option<String> {
        let all = &self.parts[party.index()].all;
        all.first().filter(|_| all.len() == 1).cloned()
    }

    /// The parts that stand on one of some elements or one interface away; all of them, if none does.
    fn told(&self, party: ContractorIndex, elements: &[Element]) -> BTreeSet<String> {
        let parts = &self.parts[party.index()];
        if parts.all.len() == 1 {
            return parts.all.clone();
        }
        let mut told = BTreeSet::new();
        let mut on = |element: Element| told.extend(parts.on.get(&element).into_iter().flatten().cloned());
        for element in elements {
            on(*element);
            match element {
                Element::Interface(interface) => {
                    let interface = &self.model.interfaces()[interface.index()];
                    on(Element::System(interface.consumer));
                    on(Element::System(interface.provider));
                }
                Element::System(system) => {
                    for index in &self.interfaces[system.index()] {
                        let interface = &self.model.interfaces()[index.index()];
                        on(Element::Interface(*index));
                        on(Element::System(interface.consumer));
                        on(Element::System(interface.provider));
                    }
                }
            }
        }
        if told.is_empty() { parts.all.clone() } else { told }
    }
}
