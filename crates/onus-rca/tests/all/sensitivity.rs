//! Sensitivity against the oracle with other priors.

use std::collections::BTreeMap;

use onus_model::Model;
use onus_rca::{
    Assumed, By, Evidence, FaultGraph, Ground, Kind, SensitivityOptions, Stand, Survival, View, sensitivity,
};
use proptest::prelude::*;

use crate::law::Law;
use crate::oracle::Question;
use crate::random::{cases, config};

/// Shares by name, as sensitivity names them: of who answers, and of the faults.
fn shares(model: &Model, evidence: &Evidence, law: &Law<'_>, factors: &[f64]) -> Option<[BTreeMap<String, f64>; 2]> {
    let mut question = Question::new(model, evidence);
    question.factors = factors.to_vec();
    let oracle = question.ask();
    let mut outcomes: BTreeMap<String, f64> = BTreeMap::new();
    for ((kind, name), share) in law.judge(&oracle.share, oracle.unexplained).causal {
        let name = match kind {
            Kind::Assigned | Kind::Shared => name,
            Kind::Disputed => format!("disputed: {name}"),
            Kind::Unassigned => "nobody".to_owned(),
            Kind::Unexplained => "no fault".to_owned(),
        };
        *outcomes.entry(name).or_default() += share;
    }
    let mut faults: BTreeMap<String, f64> =
        model.faults().iter().zip(&oracle.share).map(|(fault, share)| (fault.id.to_string(), *share)).collect();
    faults.insert("no fault".to_owned(), oracle.unexplained);
    (oracle.evidence > 0.0).then_some([outcomes, faults])
}

fn share(shares: &BTreeMap<String, f64>, name: &str) -> f64 {
    shares.get(name).copied().unwrap_or(0.0)
}

/// By how much the leader leads.
fn lead(shares: &BTreeMap<String, f64>, leader: &str) -> f64 {
    let best = shares.iter().filter(|(name, _)| *name != leader).map(|(_, share)| *share).fold(0.0, f64::max);
    share(shares, leader) - best
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn one_at_a_time_is_exact(case in cases(), factor in 1.1_f64..20.0, inner in -1.0_f64..1.0) {
        let model = case.model();
        let incident = case.incident(&model);
        let evidence = View::Pooled.evidence(&model, &incident, None);
        let law = Law { model: &model, day: incident.day(), by: By::Contractor };
        let faults = model.faults().len();
        let base = shares(&model, &evidence, &law, &vec![1.0; faults]);
        let options = SensitivityOptions { factor, draws: 0, corners: 0, ..SensitivityOptions::default() };
        let graph = FaultGraph::compile(&model);
        let found = sensitivity(&model, &graph, &incident, View::Pooled, None, &options);
        let ground = match &base {
            None => Ground::Conflict,
            Some(_) if evidence.has_failure() => Ground::Failure,
            Some(_) => Ground::NothingSeen,
        };
        prop_assert_eq!(found.ground, ground);
        prop_assert_eq!(ground == Ground::Failure, found.contractor.is_some());
        let Some(base) = base else { return Ok(()) };
        if found.assumed == Assumed::All {
            prop_assert_eq!(found.varied + found.without_bearing, faults);
        }
        for (level, finding) in [found.contractor, found.fault].into_iter().flatten().enumerate() {
            let Some(leader) = &finding.leader else {
                prop_assert_eq!(finding.verdict, Survival::NoLeader);
                continue;
            };
            prop_assert!(lead(&base[level], leader) > 0.0);
            prop_assert!((share(&base[level], leader) - finding.share.lo).abs() < 1e-9);
            for swing in &finding.one_at_a_time {
                let at = model.topology().fault(swing.fault.as_str()).expect("a fault").index();
                let with = |factor: f64| {
                    let mut factors = vec![1.0; faults];
                    factors[at] = factor;
                    shares(&model, &evidence, &law, &factors).expect("what is possible stays possible")
                };
                let ends = [1.0 / factor, factor].map(|factor| share(&with(factor)[level], leader));
                prop_assert!((swing.share.lo - ends[0].min(ends[1])).abs() < 1e-8, "{swing:?} {ends:?}");
                prop_assert!((swing.share.hi - ends[0].max(ends[1])).abs() < 1e-8, "{swing:?} {ends:?}");
                prop_assert!(swing.share.contains(finding.share.lo, 1e-9), "the base is within");
                prop_assert!(swing.share.contains(share(&with(factor.powf(inner))[level], leader), 1e-9), "monotone");
                match &swing.flip {
                    Some(flip) => {
                        let beyond = |by: f64| with(flip.factor.powf(by));
                        prop_assert!(lead(&beyond(1.0)[level], leader).abs() < 1e-7, "{flip:?}");
                        prop_assert!((share(&beyond(1.0)[level], leader) - share(&beyond(1.0)[level], &flip.leader)).abs() < 1e-7);
                        prop_assert!(lead(&beyond(0.9)[level], leader) > -1e-9, "{flip:?}");
                        prop_assert!(lead(&beyond(1.1)[level], leader) < 1e-9, "{flip:?}");
                    }
                    None => for far in [1e-3_f64, 0.02, 50.0, 1e3] {
                        prop_assert!(lead(&with(far)[level], leader) > -1e-9, "{swing:?} at {far}");
                    },
                }
            }
        }
    }

    #[test]
    fn bounds_hold_every_draw(
        case in cases(),
        factor in 1.1_f64..10.0,
        corners in 0_usize..5,
        moves in proptest::collection::vec(proptest::collection::vec(-1.0_f64..=1.0, 16), 6),
    ) {
        let model = case.model();
        let incident = case.incident(&model);
        let evidence = View::Pooled.evidence(&model, &incident, None);
        let law = Law { model: &model, day: incident.day(), by: By::Contractor };
        let graph = FaultGraph::compile(&model);
        let options = SensitivityOptions { factor, draws: 20, corners, ..SensitivityOptions::default() };
        let found = sensitivity(&model, &graph, &incident, View::Pooled, None, &options);
        let assumed: Vec<bool> =
            model.faults().iter().map(|fault| found.assumed == Assumed::All || fault.assumed.is_some()).collect();
        let findings: Vec<Stand> = [found.contractor, found.fault].into_iter().flatten().collect();
        for (nr, moves) in moves.iter().enumerate() {
            // Inside the box, and at its corners.
            let exponent = |at: usize| if nr % 2 == 0 { moves[at % 16] } else { moves[at % 16].signum() };
            let factors: Vec<f64> =
                assumed.iter().enumerate().map(|(at, own)| if *own { factor.powf(exponent(at)) } else { 1.0 }).collect();
            let Some(shares) = shares(&model, &evidence, &law, &factors) else { continue };
            for (level, finding) in findings.iter().enumerate() {
                let (Some(leader), Some(all)) = (&finding.leader, &finding.together) else { continue };
                let own = share(&shares[level], leader);
                prop_assert!(all.certain.contains(own, 1e-9), "{own} in {all:?}");
                prop_assert!(!all.always_leads || lead(&shares[level], leader) > -1e-9, "{all:?}");
                let sampled = all.sampled.expect("there were draws");
                prop_assert!(all.certain.contains(sampled.lo, 0.0) && all.certain.contains(sampled.hi, 0.0), "{all:?}");
                prop_assert!(all.certain.contains(finding.share.lo, 0.0));
                prop_assert_eq!(finding.verdict == Survival::Stands && !all.always_leads, false);
            }
        }
    }
}
