//! From sums to figures: what is reported of a structure.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use onus_model::{Model, SystemIndex};
use serde::Serialize;

use super::SplitOptions;
use super::channels::{Drawn, FaultDictionary, Readings};
use super::draws::Draws;
use super::grouped::Grouped;
use super::labels::Labels;
use super::rows::Rows;
use super::sampled::{Asked, Beliefs, Seen, Wants, viewers};
use super::signatures::{Asks, Level, Signatures, Source};
use super::tally::{Detail, LEVELS, Mean, Read, Tally};
use super::worlds::World;
use crate::doubt::DoubtSource;
use crate::figure::{Figure, How};
use crate::view::View;

/// A posterior below this counts as told apart where monitors are unreliable: there no reading excludes anything for certain.
const NEGLIGIBLE: f64 = 0.01;

/// Structures side by side, over the same incidents.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Split {
    /// The incidents.
    pub incidents: Incidents,
    /// One for each structure, in the order asked for.
    pub structures: Vec<StructureSplit>,
}

/// The incidents over which everything is an expectation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Incidents {
    /// Faults present in one, at most. Where pairs were asked for and 1 stands here, there were too many.
    pub faults_at_once: u32,
    /// Fault sets, each with the couplings that matter, that fail a service.
    pub worlds: usize,
    /// How the readings were counted.
    pub readings: Readings,
    /// Readings listed, or incidents drawn.
    pub count: usize,
    /// Upper bound of the probability that an incident is none of these, because there was no room to list it.
    pub lost: f64,
    /// A posterior below this counts as told apart.
    pub negligible: f64,
}

/// What one structure comes to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StructureSplit {
    /// What it is called.
    pub name: String,
    /// Contractors that hold a contract in force.
    pub contractors: usize,
    /// The contractor whose view has the least doubt about who answers (then about the fault, then by id), whose doubt stands
    /// for the structure; `public` where there is no contractor.
    pub headline: String,
    /// The headline's doubt about which fault it is.
    pub fault: ExpectedTerms,
    /// The headline's doubt about who answers.
    pub contractor: ExpectedTerms,
    /// What most of the headline's doubt about who answers is due to; [`DoubtSource::Agreed`] where there is next to none, and
    /// [`DoubtSource::OneOwner`] where only one contractor holds a contract. The greatest of the terms' middles decides.
    pub source: DoubtSource,
    /// Expected number of outcomes that a desk tries, the most probable first, until it has the one that answers, when it
    /// knows what is public: hand-offs under the policy *most probable first*, each try settling that outcome alone.
    pub hand_offs: Figure,
    /// Views, the least doubt about who answers first.
    pub views: Vec<ViewSplit>,
    /// Views that are not listed.
    pub views_left_out: usize,
    /// Contractors whose views were not looked at, because incidents were drawn or went past the budget for lists, and they see
    /// less than others.
    pub views_not_looked_at: usize,
    /// The figures of testability, with contractors in the place of parts to replace.
    pub testability: Testability,
}

/// Expected doubt in bits and its three terms, which add up to it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ExpectedTerms {
    /// All of it: what is left open by what the view sees.
    pub doubt: Figure,
    /// Of that, what is seen by somebody and not by this view.
    pub split: Figure,
    /// Of that, what nobody looks at.
    pub unmonitored: Figure,
    /// Of that, what even the state of every system would leave open.
    pub inherent: Figure,
}

/// What one view comes to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ViewSplit {
    /// Whose view: `pooled`, `public`, or a contractor.
    pub view: String,
    /// Channels it sees.
    pub sees: usize,
    /// Doubt about which fault it is.
    pub fault: ExpectedTerms,
    /// Doubt about who answers.
    pub contractor: ExpectedTerms,
    /// Probability that who it holds most probable does answer.
    pub accuracy: Figure,
    /// Expected number of outcomes that it would try, the most probable first, until it has the one that answers.
    pub hand_offs: Figure,
}

/// Figures of testability (IEEE 1522), with contractors in the place of replaceable parts. Where incidents were left out
/// ([`Incidents::lost`]), what a reading leaves open is said of those that were not: one more may make any reading
/// ambiguous.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Testability {
    /// Probability that a fault is noticed: a service fails, or some channel raises an alarm about a system that has failed. Of
    /// all faults, whether they affect a service or not.
    pub detected: Figure,
    /// CIR(1) to CIR(4): probability that all channels together leave at most so many outcomes.
    pub cir: [Figure; LEVELS],
    /// Expected number of outcomes that all channels together leave.
    pub ambiguity: Figure,
    /// Probability that the most probable outcome, given all channels, is right.
    pub accuracy: Figure,
    /// Probability that all channels together leave one outcome.
    pub jointly_isolable: Figure,
    /// Probability that some contractor's view, or what is public, leaves one. What this lacks to the former is what sharing
    /// telemetry would be worth.
    pub locally_isolable: Figure,
    /// One for each outcome that has a probability, by name.
    pub isolability: Vec<Isolability>,
    /// One row for each outcome that has a probability; empty where there are more than asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub confusion: Vec<ConfusionRow>,
}

/// How well it can be told that one party answers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Isolability {
    /// The contractor, the parties to a dispute, or `unassigned`.
    pub who: String,
    /// Probability that it answers.
    pub probability: Figure,
    /// Given that it does, probability that its own view leaves no other; none for what is no contractor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local: Option<Figure>,
    /// Given that it does, probability that all channels together leave no other.
    pub joint: Figure,
}

/// Whom the posterior names when one party answers, given all channels.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConfusionRow {
    /// Who answers.
    pub who: String,
    /// Who is named, with which probability; they add up to 1, estimates up to the sample's error. What is 0 is left out.
    pub named: Vec<(String, Figure)>,
}

impl Split {
    /// Judges an estate's incidents under structures over one topology, the first of which is usually the actual one.
    ///
    /// The dictionary must have been made of that topology. Structures are asked for one at a time: of millions of systems
    /// each takes gigabytes.
    ///
    /// O(structures · (channels + views' alarms + outcomes of the public classes they touch)) where readings are listed; see
    /// [`FaultDictionary`].
    pub fn of(
        dictionary: &FaultDictionary,
        structures: impl IntoIterator<Item: Borrow<(String, Model)>>,
        options: &SplitOptions,
    ) -> Self {
        let mut judge = Judge::of(dictionary, options);
        let judged = structures.into_iter().map(|structure| {
            let (name, model) = structure.borrow();
            judge.structure(name, model)
        });
        Self { structures: judged.collect(), incidents: dictionary.incidents(options) }
    }
}

impl FaultDictionary {
    pub(super) fn incidents(&self, options: &SplitOptions) -> Incidents {
        Incidents {
            faults_at_once: self.faults_at_once,
            worlds: self.fault_sets,
            readings: self.readings(),
            count: self.count(),
            lost: self.lost,
            negligible: Maker::of(self, options).negligible,
        }
    }

    /// By affecting world, the faults with their shares.
    fn faults(&self) -> Rows<(u32, f64)> {
        let mut rows = Rows::new();
        for world in &self.worlds[..self.affecting] {
            rows.push(world.shares.iter().map(|(fault, share)| (fault.index() as u32, *share)));
        }
        rows
    }

    /// By affecting world, who answers in which fractions.
    fn answers(&self, labels: &Labels) -> Rows<(u32, f64)> {
        let mut rows = Rows::new();
        for world in &self.worlds[..self.affecting] {
            let mut row: Vec<(u32, f64)> = Vec::new();
            for (fault, share) in &world.shares {
                for (outcome, fraction) in labels.outcomes.of_fault(*fault) {
                    row.push((*outcome as u32, share * fraction));
                }
            }
            row.retain(|(_, fraction)| *fraction > 0.0);
            row.sort_by_key(|entry| entry.0);
            row.dedup_by(|next, kept| {
                let same = next.0 == kept.0;
                kept.1 += if same { next.1 } else { 0.0 };
                same
            });
            rows.push(row);
        }
        rows
    }

    /// By outcome: its probability. O(worlds · faults of each).
    fn prior(&self, answers: &Rows<(u32, f64)>, outcomes: usize) -> Vec<f64> {
        let mut prior = vec![0.0; outcomes];
        for (at, world) in self.worlds[..self.affecting].iter().enumerate() {
            for (outcome, fraction) in answers.row(at) {
                prior[*outcome as usize] += world.weight * fraction;
            }
        }
        prior
    }

    /// H(R | the state of every system): readings say nothing beyond it, and each world is one state.
    fn inherent(&self, level: &Rows<(u32, f64)>) -> f64 {
        let bits = |(at, world): (usize, &World)| {
            world.weight * crate::doubt::bits(level.row(at).iter().map(|(_, fraction)| *fraction))
        };
        self.worlds[..self.affecting].iter().enumerate().map(bits).sum::<f64>().max(0.0)
    }
}

/// One level while it is summed up: 0 is the fault, 1 who answers.
#[derive(Clone, Copy, Default)]
struct Sum {
    tally: Tally,
    /// How the entropy differs from that of all channels together.
    beyond_pooled: Mean,
}

/// Everything that was summed up of a structure.
struct Sums {
    /// By view, pooled first, then as in the labels; both levels.
    views: Vec<[Sum; 2]>,
    inherent: [f64; 2],
    detail: Detail,
    /// By view as in the labels: whether the view rightly leaves its own contractor alone.
    own: Vec<Mean>,
    /// By outcome: its probability. No sampling.
    prior: Vec<f64>,
    /// Whether some view leaves one outcome.
    by_one: Mean,
}

impl StructureSplit {
    /// Judges a dictionary under one structure.
    pub fn of(name: &str, model: &Model, dictionary: &FaultDictionary, options: &SplitOptions) -> Self {
        Judge::of(dictionary, options).structure(name, model)
    }
}

/// Judges structures, one after the other, and keeps of each what serves the next.
pub(super) struct Judge<'d> {
    dictionary: &'d FaultDictionary,
    options: &'d SplitOptions,
    beliefs: Beliefs,
}

impl<'d> Judge<'d> {
    pub(super) fn of(dictionary: &'d FaultDictionary, options: &'d SplitOptions) -> Self {
        Self { dictionary, options, beliefs: Beliefs::default() }
    }

    pub(super) fn structure(&mut self, name: &str, model: &Model) -> StructureSplit {
        let (dictionary, options) = (self.dictionary, self.options);
        let most = match &dictionary.incidents {
            Drawn::All { .. } => usize::MAX,
            Drawn::Grouped(_) | Drawn::Some(_) => options.sampled_views,
        };
        let labels = Labels::of(model, dictionary, options.day, most);
        let maker = Maker::of(dictionary, options);
        let levels = [dictionary.faults(), dictionary.answers(&labels)];
        let sums = match &dictionary.incidents {
            Drawn::All { weight, world, alarmed, .. } => {
                let signatures = Signatures::of(weight.clone(), world.clone(), &dictionary.class, dictionary.classes);
                maker.listed(&labels, &levels, signatures, |views, visit| {
                    for (view, channels) in views.iter().enumerate() {
                        visit(view, Source::Channels(alarmed, channels));
                    }
                })
            }
            Drawn::Grouped(grouped) => maker.grouped(&labels, &levels, grouped),
            Drawn::Some(draws) => maker.drawn(&labels, &levels, draws, &mut self.beliefs),
        };
        maker.report(name, model, &labels, &sums)
    }
}

/// Doubt in bits below which whoever sees most is in no doubt.
const NO_DOUBT: f64 = 0.005;

fn source(terms: ExpectedTerms, contractors: usize) -> DoubtSource {
    // What differs by rounding alone is a tie.
    let rounded = |figure: Figure| (figure.middle() * 1e9).round();
    let [split, unmonitored, inherent] = [terms.split, terms.unmonitored, terms.inherent].map(rounded);
    if contractors == 1 {
        DoubtSource::OneOwner
    } else if terms.doubt.hi < NO_DOUBT {
        DoubtSource::Agreed
    } else if split > unmonitored && split > inherent {
        DoubtSource::Split
    } else if unmonitored > inherent {
        DoubtSource::Unmonitored
    } else {
        DoubtSource::Inherent
    }
}

struct Maker<'d> {
    dictionary: &'d FaultDictionary,
    options: &'d SplitOptions,
    negligible: f64,
    /// Size of the sample, where there is one.
    samples: Option<f64>,
}

impl<'d> Maker<'d> {
    fn of(dictionary: &'d FaultDictionary, options: &'d SplitOptions) -> Self {
        let (negligible, samples) = match &dictionary.incidents {
            Drawn::All { noisy, .. } => (if *noisy { NEGLIGIBLE } else { 0.0 }, None),
            Drawn::Grouped(_) => (0.0, None),
            Drawn::Some(draws) => (NEGLIGIBLE, Some(draws.count as f64)),
        };
        Self { dictionary, options, negligible, samples }
    }

    fn outcomes(&self, labels: &Labels) -> [usize; 2] {
        [self.dictionary.faults, labels.outcomes.all().len()]
    }

    fn nothing(&self, labels: &Labels, levels: &[Rows<(u32, f64)>; 2]) -> Sums {
        let outcomes = self.outcomes(labels);
        Sums {
            views: vec![[Sum::default(); 2]; labels.views.len() + 1],
            inherent: [0, 1].map(|level| self.dictionary.inherent(&levels[level])),
            detail: Detail::of(outcomes[1], self.options.confusion),
            own: vec![Mean::default(); labels.views.len()],
            prior: self.dictionary.prior(&levels[1], outcomes[1]),
            by_one: Mean::default(),
        }
    }

    fn grouped(&self, labels: &Labels, levels: &[Rows<(u32, f64)>; 2], grouped: &Grouped) -> Sums {
        let weight = self.dictionary.worlds[..self.dictionary.affecting].iter().map(|world| world.weight).collect();
        let world = (0..self.dictionary.affecting as u32).collect();
        let signatures = Signatures::of(weight, world, &self.dictionary.class, self.dictionary.classes);
        self.listed(labels, levels, signatures, |views, visit| {
            grouped.columns(views, |view, column| visit(view, Source::Hashes(column)));
        })
    }

    /// `sources` calls back with what each of some views reads, in order.
    fn listed(
        &self,
        labels: &Labels,
        levels: &[Rows<(u32, f64)>; 2],
        mut signatures: Signatures<'_>,
        sources: impl FnOnce(&[&[u32]], &mut dyn FnMut(usize, Source<'_>)),
    ) -> Sums {
        let outcomes = self.outcomes(labels);
        let mut sums = self.nothing(labels, levels);
        let [fault, answer] = [(0, Asks::Doubt), (1, Asks::All)]
            .map(|(level, asks)| Level::of(&signatures, &levels[level], outcomes[level], asks, self.negligible));
        // Views that see the same are one; pooled is the first.
        let mut alike: BTreeMap<&[u32], Vec<usize>> = BTreeMap::new();
        for (at, channels) in labels.channels().enumerate() {
            alike.entry(channels).or_default().push(at);
        }
        let (views, alike): (Vec<&[u32]>, Vec<Vec<usize>>) = alike.into_iter().unzip();
        let mut marked = vec![false; self.dictionary.count()];
        signatures.mark_public(&answer, &mut marked);
        // What pooled alone isolates is isolated by no single view.
        let mut unmarked = marked.clone();
        sources(&views, &mut |view, source| {
            signatures.read(source);
            let marked = if alike[view] == [0] { &mut unmarked } else { &mut marked };
            let mut viewed = [&fault, &answer].map(|level| signatures.view(level, marked));
            if alike[view].contains(&0) {
                // Summed up reading by reading: what is certain comes to 0 and nothing else.
                let mut tallies = [Tally::default(); 2];
                signatures.each(&fault, |weight, read, _| tallies[0].add(weight, read));
                signatures.each(&answer, |weight, read, posterior| {
                    tallies[1].add(weight, read);
                    sums.detail.add(weight, read, posterior);
                });
                for (viewed, tally) in viewed.iter_mut().zip(tallies) {
                    viewed.tally = tally;
                }
            }
            for at in &alike[view] {
                for (level, viewed) in viewed.iter().enumerate() {
                    sums.views[*at][level].tally = viewed.tally;
                }
                if let Some(own) = at.checked_sub(1).and_then(|at| labels.own[at]) {
                    let more = viewed[1].alone.iter().filter(|(outcome, _)| *outcome as usize == own);
                    sums.own[at - 1].value = answer.publicly_alone[own] + more.map(|(_, mass)| mass).sum::<f64>();
                }
            }
        });
        sums.by_one.value = signatures.mass(&marked);
        for at in 0..sums.views.len() {
            for level in 0..2 {
                let beyond = sums.views[at][level].tally.entropy.value - sums.views[0][level].tally.entropy.value;
                sums.views[at][level].beyond_pooled.value = beyond;
            }
        }
        sums
    }

    fn drawn(&self, labels: &Labels, levels: &[Rows<(u32, f64)>; 2], draws: &Draws, beliefs: &mut Beliefs) -> Sums {
        let weight = (draws.count as f64).recip();
        let views: Vec<&[u32]> = labels.channels().collect();
        let viewers = viewers(&views, self.dictionary.channels.len());
        let worlds = &self.dictionary.worlds;
        let mut sums = self.nothing(labels, levels);
        for (number, rivals) in draws.rivals.iter().enumerate() {
            let (seen, asked) = (Seen::of(rivals, &viewers, views.len()), Asked::of(rivals, &levels[1]));
            let mut is_isolated = vec![false; rivals.incidents.len()];
            let mut pooled = [Vec::new(), Vec::new()];
            for (view, channels) in views.iter().enumerate() {
                let sight = (&seen, view, *channels);
                let faults = beliefs.faults((number, rivals), worlds, sight);
                let wants = if view == 0 { Wants::Posteriors } else { Wants::Reads };
                let answers = beliefs.answers((number, rivals, &asked), worlds, sight, (wants, self.negligible));
                if view == 0 {
                    pooled = [faults.to_vec(), answers.reads.iter().map(|read| read.bits).collect()];
                }
                let [fault, answer] = &mut sums.views[view];
                for (at, (bits, read)) in faults.iter().zip(&answers.reads).enumerate() {
                    fault.tally.entropy.add(weight, *bits);
                    fault.beyond_pooled.add(weight, bits - pooled[0][at]);
                    answer.tally.add(weight, read);
                    answer.beyond_pooled.add(weight, read.bits - pooled[1][at]);
                    let alone = read.alone.map(|(place, q)| (asked.outcomes[place as usize], q));
                    if view == 0 {
                        let name = |(place, q): &(u32, f64)| (asked.outcomes[*place as usize], *q);
                        let posterior: Vec<(u32, f64)> = answers.posteriors.row(at).iter().map(name).collect();
                        sums.detail.add(weight, &Read { alone, ..*read }, &posterior);
                    } else if let Some((outcome, q)) = alone {
                        is_isolated[at] = true;
                        if labels.own[view - 1] == Some(outcome as usize) {
                            sums.own[view - 1].add(weight, q);
                        }
                    }
                }
            }
            for isolated in is_isolated {
                sums.by_one.add(weight, f64::from(u8::from(isolated)));
            }
        }
        sums
    }

    fn report(&self, name: &str, model: &Model, labels: &Labels, sums: &Sums) -> StructureSplit {
        let bits = self.outcomes(labels).map(|outcomes| (outcomes.max(1) as f64).log2());
        let terms = |at: usize, level: usize| {
            let terms = self.terms(&sums.views[at][level], &sums.views[0][level], sums.inherent[level], bits[level]);
            let sees_all = at == 0 || labels.views[at - 1].1.len() == labels.pooled.len();
            if sees_all && self.dictionary.lost <= 0.0 {
                ExpectedTerms { split: Figure::exact(0.0), ..terms }
            } else {
                terms
            }
        };
        let pooled = (View::Pooled, &labels.pooled);
        let all = std::iter::once(pooled).chain(labels.views.iter().map(|(view, channels)| (*view, channels)));
        let mut views: Vec<(View, ViewSplit)> = all
            .enumerate()
            .map(|(at, (view, channels))| {
                let Tally { accuracy, guesses, .. } = sums.views[at][1].tally;
                let accuracy = self.expectation(accuracy, 1.0);
                let hand_offs = self.expectation(guesses, self.outcomes(labels)[1] as f64);
                let [fault, contractor] = [0, 1].map(|level| terms(at, level));
                (
                    view,
                    ViewSplit { view: view.name(model), sees: channels.len(), fault, contractor, accuracy, hand_offs },
                )
            })
            .collect();
        // Sums that are equal but for rounding are a tie, which the fault, then the order of ids breaks.
        let rounded = |figure: Figure| (figure.middle() * 1e9).round();
        let key = |view: &ViewSplit| [rounded(view.contractor.doubt), rounded(view.fault.doubt)];
        views.sort_by(|(_, a), (_, b)| {
            let [a, b] = [key(a), key(b)];
            a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1]))
        });
        let of_contractor = views.iter().find(|(view, _)| matches!(view, View::Contractor(_)));
        let headline = of_contractor.or_else(|| views.iter().find(|(view, _)| *view == View::Public));
        let headline = headline.map(|(_, view)| view.clone()).expect("what is public is always a view");
        let public =
            views.iter().find(|(view, _)| *view == View::Public).map_or(headline.hand_offs, |(_, view)| view.hand_offs);
        let left_out = views.len().saturating_sub(self.options.list);
        let holders = model.contracts().iter().filter(|contract| contract.in_force(self.options.day));
        let holders: std::collections::BTreeSet<_> =
            holders.flat_map(onus_model::Contract::holders).map(|(holder, _)| holder).collect();
        StructureSplit {
            name: name.to_owned(),
            contractors: holders.len(),
            headline: headline.view,
            fault: headline.fault,
            contractor: headline.contractor,
            source: source(headline.contractor, holders.len()),
            hand_offs: public,
            views: views.into_iter().take(self.options.list).map(|(_, view)| view).collect(),
            views_left_out: left_out,
            views_not_looked_at: labels.not_looked_at,
            testability: self.testability(labels, sums),
        }
    }

    fn terms(&self, sum: &Sum, pooled: &Sum, inherent: f64, range: f64) -> ExpectedTerms {
        let doubt = sum.tally.entropy.value;
        let split = sum.beyond_pooled;
        let unmonitored = pooled.tally.entropy.value - inherent;
        let error = |mean: Mean, range: f64| self.samples.map_or(0.0, |n| self.error(mean, n, range));
        // Expectations that theory says are not negative: what is below 0 is rounding, or the sample's error.
        let doubt = self.bits(doubt, error(sum.tally.entropy, range), range);
        let split = self.difference(split.value, error(split, 2.0 * range), range);
        let unmonitored = self.difference(unmonitored, error(pooled.tally.entropy, range), range);
        let inherent = self.lossy(inherent, range);
        // Each bound holds for certain or with its confidence; so does what follows from several, since no term is negative.
        let doubt = Figure { lo: doubt.lo.max(inherent.lo.min(doubt.hi)), ..doubt };
        let most = (doubt.hi - inherent.lo).max(0.0);
        let within = |term: Figure| Figure { lo: term.lo.min(most), hi: term.hi.min(most), ..term };
        ExpectedTerms { doubt, split: within(split), unmonitored: within(unmonitored), inherent }
    }

    /// Half the width of a confidence interval: the empirical Bernstein bound of Maurer & Pontil (2009, theorem 4), on both
    /// sides, for values within a range.
    fn error(&self, mean: Mean, n: f64, range: f64) -> f64 {
        let log = (4.0 / (1.0 - self.options.confidence)).ln();
        (2.0 * mean.variance(n) * log / n).sqrt() + 7.0 * range * log / (3.0 * (n - 1.0))
    }

    fn how(&self) -> How {
        if self.samples.is_none() {
            return How::Interval;
        }
        let samples = self.dictionary.count() as u64;
        How::Estimate { confidence: self.options.confidence, samples, seed: self.options.seed }
    }

    fn bits(&self, value: f64, error: f64, range: f64) -> Figure {
        if self.samples.is_none() {
            return self.lossy(value, range);
        }
        let [lo, hi] = [value - error, value + error].map(|end| self.lossy(end.clamp(0.0, range), range));
        Figure { lo: lo.lo, hi: hi.hi, how: self.how() }
    }

    /// An entropy in bits, allowing for the worlds that were left out: if B says that the incident is among those that
    /// were not, P(B = 0) ≤ ε, then (1 − ε) H(R|S, B = 1) ≤ H(R|S) ≤ h(ε) + (1 − ε) H(R|S, B = 1) + ε · range.
    fn lossy(&self, value: f64, range: f64) -> Figure {
        let (value, lost) = (value.max(0.0) + 0.0, self.dictionary.lost);
        if lost <= 0.0 {
            return Figure::exact(value);
        }
        let half = lost.min(0.5);
        let both = -half * half.log2() - (1.0 - half) * (1.0 - half).log2();
        Figure::interval((1.0 - lost) * value, (both + (1.0 - half) * value + lost * range).min(range))
    }

    /// Of two entropies, each of which may be off by as much as [`lossy`](Self::lossy) allows.
    fn difference(&self, value: f64, error: f64, range: f64) -> Figure {
        let (wide, lost) = (self.bits(value, error, range), self.dictionary.lost);
        let slack = if lost > 0.0 { self.lossy(0.0, range).hi } else { 0.0 };
        let (lo, hi) = ((wide.lo - slack).max(0.0), (wide.hi + slack).min(range));
        if lost > 0.0 && self.samples.is_none() { Figure::interval(lo, hi) } else { Figure { lo, hi, how: wide.how } }
    }

    /// An expectation over all incidents of something that is at least 0 and at most `most`, to which those left out add no
    /// less than nothing and no more than `most` times their probability: that who is most probable answers, and how
    /// many are named until it is the one. (With more masses a maximum does not fall, and it grows by these at most; naming in
    /// the old order is one way to name, and the best way names no fewer of the old.)
    fn expectation(&self, mean: Mean, most: f64) -> Figure {
        let (listed, lost) = (self.of_listed(mean, most), self.dictionary.lost);
        let (lo, hi) = (listed.lo * (1.0 - lost), listed.hi * (1.0 - lost) + lost * most);
        if self.samples.is_some() { Figure { lo, hi, how: listed.how } } else { Figure::interval(lo, hi) }
    }

    /// The same over the incidents that were not left out.
    fn of_listed(&self, mean: Mean, most: f64) -> Figure {
        // What rounding leaves of 1 or 0 is 1 or 0.
        let value = ((mean.value * 1e13).round() / 1e13).clamp(0.0, most);
        let Some(samples) = self.samples else { return Figure::exact(value) };
        let error = self.error(mean, samples, most);
        Figure { lo: (value - error).max(0.0), hi: (value + error).min(most), how: self.how() }
    }

    fn testability(&self, labels: &Labels, sums: &Sums) -> Testability {
        let Sums { detail, prior, .. } = sums;
        let outcomes = labels.outcomes.all();
        let fraction = |mean: Mean| self.of_listed(mean, 1.0);
        // The probability of what is given is known without sampling.
        let given = |part: Mean, outcome: usize| {
            let times = prior[outcome].recip();
            self.of_listed(part.times(times), times).at_most(1.0)
        };
        let mut own: Vec<Option<Mean>> = vec![None; outcomes.len()];
        for (outcome, mass) in labels.own.iter().zip(&sums.own) {
            if let Some(outcome) = outcome {
                own[*outcome] = Some(*mass);
            }
        }
        let present: Vec<usize> = (0..outcomes.len()).filter(|outcome| prior[*outcome] > 0.0).collect();
        let isolability = present.iter().map(|outcome| Isolability {
            who: outcomes[*outcome].who.clone(),
            probability: Figure::exact(prior[*outcome].min(1.0)),
            local: own[*outcome].map(|alone| given(alone, *outcome)),
            joint: given(detail.isolated[*outcome], *outcome),
        });
        let confusion = present.iter().filter(|_| !detail.confused.is_empty()).map(|outcome| {
            let row = &detail.confused[outcome * outcomes.len()..][..outcomes.len()];
            let named = row.iter().enumerate().filter(|(_, both)| both.value > 0.0);
            let named = named.map(|(other, both)| (outcomes[other].who.clone(), given(*both, *outcome)));
            ConfusionRow { who: outcomes[*outcome].who.clone(), named: named.collect() }
        });
        Testability {
            detected: self.detected(labels),
            cir: detail.cir.map(fraction),
            ambiguity: self.of_listed(detail.ambiguity, present.len().max(1) as f64),
            accuracy: self.expectation(sums.views[0][1].tally.accuracy, 1.0),
            jointly_isolable: fraction(sums.views[0][1].tally.isolated),
            locally_isolable: fraction(sums.by_one),
            isolability: isolability.collect(),
            confusion: confusion.collect(),
        }
    }

    /// No sampling: alarms about different systems are independent given what has failed.
    fn detected(&self, labels: &Labels) -> Figure {
        let dictionary = self.dictionary;
        let looks = labels.pooled.iter().map(|channel| dictionary.channels[*channel as usize]);
        let looks = looks.filter(|channel| channel.monitor.is_none()).map(|channel| channel.system);
        let elsewhere = &dictionary.worlds[dictionary.affecting..];
        let is_seen: Vec<bool> = if let Drawn::Grouped(grouped) = &dictionary.incidents {
            grouped.fail_elsewhere(looks.collect())
        } else {
            let is_looked_at: rustc_hash::FxHashSet<SystemIndex> = looks.collect();
            elsewhere.iter().map(|world| world.failed.iter().any(|system| is_looked_at.contains(system))).collect()
        };
        // A service that fails is noticed.
        let affecting: f64 = dictionary.worlds[..dictionary.affecting].iter().map(|world| world.weight).sum();
        let (mut all, mut noticed) = (affecting, affecting);
        for ((world, reported), is_seen) in elsewhere.iter().zip(&dictionary.reported).zip(is_seen) {
            all += world.weight;
            noticed += world.weight * if is_seen { 1.0 } else { *reported };
        }
        let value = if all > 0.0 { (noticed / all).min(1.0) } else { 0.0 };
        let lost = dictionary.lost;
        Figure::interval(value * (1.0 - lost), value * (1.0 - lost) + lost)
    }
}
