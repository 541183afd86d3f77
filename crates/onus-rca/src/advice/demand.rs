//! Which contract and duty let a party demand an answer, and how soon it must come.

use std::collections::BTreeMap;

use onus_model::{
    Contract, ContractId, ContractIndex, ContractorId, ContractorIndex, Date, Duration, DutyKind, Element, Model,
};
use serde::Serialize;

use crate::view::View;

/// What lets a viewer demand an answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Demand {
    /// The contract.
    pub contract: ContractId,
    /// Who holds it, and so has to answer.
    pub holders: Vec<ContractorId>,
    /// The duty over what is asked about.
    pub duty: DutyKind,
    /// Why it binds its holder to the viewer.
    pub basis: Basis,
    /// Hours within which the holder must engage, where the contract says.
    pub responds_in_hours: Option<f64>,
}

/// Why a contract binds its holder to a viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// The viewer holds it: to look is its own duty.
    OwnDuty,
    /// Its holder reports to the viewer.
    ReportsTo,
    /// The viewer bought it.
    Buyer,
    /// The viewer holds a contract above it in the chain of subcontracts.
    ParentContract,
    /// The view is that of all parties together.
    Pooled,
}

/// The order in which duties are named: those that let their holder see come first.
const DUTIES: [DutyKind; 6] =
    [DutyKind::Operate, DutyKind::Maintain, DutyKind::Monitor, DutyKind::Integrate, DutyKind::Build, DutyKind::Supply];

/// What lets a viewer demand an answer about some elements of whoever may give it, or of one contractor alone. The viewer's
/// own duty comes first, then reports, purchase, the chain of subcontracts; of equals the one that must answer soonest,
/// then the first by id.
pub(super) fn demand(
    model: &Model,
    day: Option<Date>,
    view: View,
    elements: &[Element],
    of: Option<ContractorIndex>,
) -> Option<Demand> {
    let responsibility = model.responsibility(day);
    // By contract, the first of its duties in the order in which they are named.
    let mut duties: BTreeMap<ContractIndex, usize> = BTreeMap::new();
    for (contract, duty) in elements.iter().flat_map(|element| responsibility.duties_about(*element)) {
        let Some(rank) = DUTIES.iter().position(|named| *named == duty) else { continue };
        duties.entry(contract).and_modify(|least| *least = rank.min(*least)).or_insert(rank);
    }
    let mut found: Vec<(Basis, f64, &Contract, DutyKind)> = Vec::new();
    for (contract, rank) in duties {
        let contract = &model.contracts()[contract.index()];
        let Some(basis) = basis(model, contract, view) else { continue };
        if of.is_none_or(|of| contract.is_held_by(of)) {
            let soon = contract.responds_in.as_ref().map_or(f64::INFINITY, Duration::hours);
            found.push((basis, soon, contract, DUTIES[rank]));
        }
    }
    let best =
        found.into_iter().min_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then_with(|| a.2.id.cmp(&b.2.id)));
    best.map(|(basis, _, contract, duty)| {
        let holders = contract.holders().into_iter();
        Demand {
            contract: contract.id.clone(),
            holders: holders.map(|(holder, _)| model.contractors()[holder.index()].id.clone()).collect(),
            duty,
            basis,
            responds_in_hours: contract.responds_in.as_ref().map(Duration::hours),
        }
    })
}

fn basis(model: &Model, contract: &Contract, view: View) -> Option<Basis> {
    let viewer = match view {
        View::Pooled => return Some(Basis::Pooled),
        View::Public => return None,
        View::Contractor(viewer) => viewer,
    };
    if contract.is_held_by(viewer) {
        return Some(Basis::OwnDuty);
    }
    if contract.reports_to.contains(&viewer) {
        return Some(Basis::ReportsTo);
    }
    let buyer = contract.buyer.or_else(|| if contract.under.is_none() { model.structure().buyer() } else { None });
    if buyer == Some(viewer) {
        return Some(Basis::Buyer);
    }
    let mut parent = contract.under;
    // Validation refuses cycles of subcontracts.
    while let Some(above) = parent {
        let above = &model.contracts()[above.index()];
        if above.is_held_by(viewer) {
            return Some(Basis::ParentContract);
        }
        parent = above.under;
    }
    None
}
