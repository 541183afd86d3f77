//! Views against the rules of who knows what.

use std::collections::BTreeMap;

use onus_model::Time;
use onus_rca::{Evidence, View};
use proptest::prelude::*;

use crate::law::Sight;
use crate::random::{cases, config, minute};

fn known(evidence: &Evidence) -> BTreeMap<String, Time> {
    evidence.items().iter().map(|item| (item.id.to_string(), item.known)).collect()
}

proptest! {
    #![proptest_config(config(2000))]

    #[test]
    fn a_view_knows_what_the_rules_say(case in cases(), until in 0_usize..14) {
        let model = case.model();
        let incident = case.incident(&model);
        let sight = Sight { model: &model, incident: &incident };
        for view in View::all(&model) {
            for as_of in [None, Some(minute(until))] {
                let evidence = view.evidence(&model, &incident, as_of);
                prop_assert_eq!(known(&evidence), sight.items(view, as_of), "{} as of {:?}", view.name(&model), as_of);
                let times: Vec<Time> = evidence.items().iter().map(|item| item.known).collect();
                prop_assert!(times.is_sorted(), "in the order in which they came to be known");
            }
        }
        prop_assert_eq!(View::Pooled.evidence(&model, &incident, None), Evidence::of(&incident));
    }

    #[test]
    fn pooled_knows_all_and_everybody_what_is_public(case in cases()) {
        let model = case.model();
        // Without corrections: what a view has not heard of corrects nothing in it.
        let mut plain = case.clone();
        plain.incident.evidence.iter_mut().for_each(|item| item.supersedes.clear());
        let incident = plain.incident(&model);
        let of = |view: View| known(&view.evidence(&model, &incident, None));
        let (pooled, public) = (of(View::Pooled), of(View::Public));
        for view in View::all(&model) {
            let own = of(view);
            for (item, time) in &own {
                prop_assert!(pooled[item] <= *time, "{item}: pooled is later than {}", view.name(&model));
            }
            for (item, time) in &public {
                prop_assert!(own.get(item).is_some_and(|own| own <= time), "{item} is public");
            }
        }
    }

    #[test]
    fn knowledge_only_grows_but_for_corrections(case in cases(), earlier in 0_usize..14, later in 0_usize..14) {
        let model = case.model();
        let mut plain = case.clone();
        plain.incident.evidence.iter_mut().for_each(|item| item.supersedes.clear());
        let incident = plain.incident(&model);
        let (earlier, later) = (earlier.min(later), earlier.max(later));
        for view in View::all(&model) {
            let before = known(&view.evidence(&model, &incident, Some(minute(earlier))));
            let after = known(&view.evidence(&model, &incident, Some(minute(later))));
            for item in before {
                prop_assert_eq!(after.get(&item.0), Some(&item.1));
            }
        }
    }
}
