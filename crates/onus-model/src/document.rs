//! The files as they are written: plain structs that serde reads and writes and schemars describes. They hold what a
//! person wrote, unchecked; [`Model::from_document`](crate::Model::from_document) checks them and gives the model.
//!
//! They are also how a model is built in code: start with [`Model::new`], chain the methods, and finish with
//! [`Model::build`].
//!
//! Keys that a file must hold are optional here where their lack can be told from their value: validation asks for them,
//! and so reports them together with everything else.
//!
//! ```
//! use onus_model::document::{Contract, Contractor, DutyKind, Fault, Model, System};
//!
//! let model = Model::new("Two systems")
//!     .contractor("netco", Contractor::named("Network contractor"))
//!     .contract("network", Contract::held_by("netco").duty(DutyKind::Maintain, ["router"]))
//!     .system("router", System::new().fault("port", Fault::new("hardware", 5e-4)))
//!     .system("portal", System::new().needs("router"))
//!     .build()?;
//! assert_eq!(model.systems().len(), 2);
//! # Ok::<(), onus_model::Error>(())
//! ```

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::quantity::{Date, Duration, Money, Rate, Time};
use crate::schema::one_of;

/// The version of the model file that this crate reads and writes.
pub const MODEL_FORMAT: &str = "onus/1";
/// The version of the incident file that this crate reads and writes.
pub const INCIDENT_FORMAT: &str = "onus-incident/1";

pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// `model.yaml`: topology and structure of an estate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["format"]))]
pub struct Model {
    /// `onus/1`.
    #[serde(default)]
    #[schemars(extend("const" = MODEL_FORMAT))]
    pub format: String,
    /// What the estate is called.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Anything a reader should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The fault given to systems that name none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub defaults: Defaults,
    /// Who.
    #[serde(default, deserialize_with = "unique::mapping", skip_serializing_if = "BTreeMap::is_empty")]
    pub contractors: BTreeMap<String, Contractor>,
    /// Under what.
    #[serde(default, deserialize_with = "unique::mapping", skip_serializing_if = "BTreeMap::is_empty")]
    pub contracts: BTreeMap<String, Contract>,
    /// Which duty answers for which cause: the first duty of the list that somebody holds. Entries replace the defaults.
    #[serde(default, deserialize_with = "unique::mapping", skip_serializing_if = "BTreeMap::is_empty")]
    pub answers: BTreeMap<String, Vec<DutyKind>>,
    /// What delivers a service.
    #[serde(default, deserialize_with = "unique::mapping", skip_serializing_if = "BTreeMap::is_empty")]
    pub systems: BTreeMap<String, System>,
    /// More about a need, by `consumer -> provider`.
    #[serde(default, deserialize_with = "unique::mapping", skip_serializing_if = "BTreeMap::is_empty")]
    pub interfaces: BTreeMap<String, Interface>,
    /// Faults that sit on several elements at once.
    #[serde(default, deserialize_with = "unique::mapping", skip_serializing_if = "BTreeMap::is_empty")]
    pub common_causes: BTreeMap<String, CommonCause>,
    /// What watches the systems.
    #[serde(default, deserialize_with = "unique::mapping", skip_serializing_if = "BTreeMap::is_empty")]
    pub monitors: BTreeMap<String, Monitor>,
}

/// `contracts.yaml`: a structure that stands apart, to swap structures over one topology. Contracts and answers replace
/// the model's; contractors are added to the model's, and replace those of the same id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["format"]))]
pub struct Structure {
    /// `onus/1`.
    #[serde(default)]
    #[schemars(extend("const" = MODEL_FORMAT))]
    pub format: String,
    /// What this structure is called.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Anything a reader should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who.
    #[serde(default, deserialize_with = "unique::mapping", skip_serializing_if = "BTreeMap::is_empty")]
    pub contractors: BTreeMap<String, Contractor>,
    /// Under what.
    #[serde(default, deserialize_with = "unique::mapping", skip_serializing_if = "BTreeMap::is_empty")]
    pub contracts: BTreeMap<String, Contract>,
    /// Which duty answers for which cause.
    #[serde(default, deserialize_with = "unique::mapping", skip_serializing_if = "BTreeMap::is_empty")]
    pub answers: BTreeMap<String, Vec<DutyKind>>,
}

/// The fault given to a system that names none of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Defaults {
    /// Probability that it is present in an incident of this kind; 1e-4 if the file does not say.
    #[schemars(range(min = 0, max = 1))]
    pub probability: f64,
    /// Its cause; `unspecified` if the file does not say.
    pub cause: String,
}

impl Default for Defaults {
    fn default() -> Self {
        Self { probability: 1e-4, cause: crate::model::UNSPECIFIED.to_owned() }
    }
}

/// A party.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contractor {
    /// Name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `buyer` marks who excluded liability falls back on; any other word is for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The corporate group it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Anything a reader should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A contract: who holds it, under which other one, when, for which duties.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = one_of(&[&["contractor"], &["consortium"]])))]
pub struct Contract {
    /// Name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The contractor that holds it; or see `consortium`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contractor: Option<String>,
    /// The contractors that hold it together, with their shares in percent, adding up to 100.
    #[serde(default, deserialize_with = "unique::mapping", skip_serializing_if = "BTreeMap::is_empty")]
    pub consortium: BTreeMap<String, f64>,
    /// The contract it is a subcontract of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub under: Option<String>,
    /// The other side, where it is not the one contractor whose role is `buyer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buyer: Option<String>,
    /// When it is in force; always, if absent.
    #[serde(default, skip_serializing_if = "is_default")]
    pub term: Term,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub duties: Vec<Duty>,
    /// Who is told what its holder sees of the elements it covers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reports_to: Vec<String>,
    /// How soon its holder must engage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responds_in: Option<Duration>,
    /// Clauses that move or limit liability.
    #[serde(default, skip_serializing_if = "is_default")]
    pub liability: Liability,
    /// Anything a reader should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// First and last day, both included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// First day in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// Last day in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
}

/// One duty over some elements.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["duty", "of"]))]
pub struct Duty {
    /// What for.
    pub duty: DutyKind,
    /// Selectors: a system, `consumer -> provider`, `kind:word`, or either id with `*` and `?`.
    #[serde(default)]
    pub of: Vec<String>,
}

/// What a contract is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DutyKind {
    /// Designs and makes it.
    Build,
    /// Delivers it, made by itself or others.
    Supply,
    /// Runs it day to day.
    Operate,
    /// Repairs it and keeps it fit.
    Maintain,
    /// Watches it.
    Monitor,
    /// Makes its parts work together.
    Integrate,
}

impl DutyKind {
    /// All duties, in the order of their declaration.
    pub const ALL: [Self; 6] =
        [Self::Build, Self::Supply, Self::Operate, Self::Maintain, Self::Monitor, Self::Integrate];

    /// The word in the files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Supply => "supply",
            Self::Operate => "operate",
            Self::Maintain => "maintain",
            Self::Monitor => "monitor",
            Self::Integrate => "integrate",
        }
    }
}

/// Clauses that move or limit liability.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Liability {
    /// Causes the holder does not stand for: they fall to the contract's other side.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excludes: Vec<String>,
    /// The most the holder pays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<Money>,
    /// Who holds the holder harmless.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indemnified_by: Option<String>,
}

/// A system.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// Name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its kind, for selectors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Where it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// It cannot fail by itself: a logical grouping, which fails only with what it needs. It gets no default fault.
    #[serde(default, skip_serializing_if = "is_default")]
    pub faultless: bool,
    /// Its own faults.
    #[serde(default, deserialize_with = "unique::mapping", skip_serializing_if = "BTreeMap::is_empty")]
    pub faults: BTreeMap<String, Fault>,
    /// What it needs; all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Need>,
    /// Service it delivers to the outside, by unit: `users: 530000`.
    #[serde(default, deserialize_with = "unique::mapping", skip_serializing_if = "BTreeMap::is_empty")]
    pub demand: BTreeMap<String, f64>,
    /// Anything a reader should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A fault: a basic event with a probability.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["cause"], "oneOf" = one_of(&[&["probability"], &["rate", "exposure"]])))]
pub struct Fault {
    /// hardware, software, configuration, operation, capacity, design, interface, or a word of your own.
    #[serde(default)]
    pub cause: String,
    /// Probability that it is present in an incident of this kind; or give `rate` and `exposure`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub probability: Option<f64>,
    /// Events per hour, day or year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// How long the rate works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposure: Option<Duration>,
    /// It sets the failure off.
    #[serde(default, skip_serializing_if = "is_default")]
    pub trigger: bool,
    /// It is a standing weakness that lets the failure through.
    #[serde(default, skip_serializing_if = "is_default")]
    pub latent: bool,
    /// Why this probability, where it is an assumption and not a measurement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assumed: Option<String>,
    /// Anything a reader should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A fault that sits on several elements at once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["strikes", "cause"], "oneOf" = one_of(&[&["probability"], &["rate", "exposure"]])))]
pub struct CommonCause {
    /// Selectors of the elements it sits on.
    #[serde(default)]
    pub strikes: Vec<String>,
    /// As for a fault.
    #[serde(default)]
    pub cause: String,
    /// As for a fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub probability: Option<f64>,
    /// As for a fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// As for a fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposure: Option<Duration>,
    /// As for a fault.
    #[serde(default, skip_serializing_if = "is_default")]
    pub trigger: bool,
    /// As for a fault.
    #[serde(default, skip_serializing_if = "is_default")]
    pub latent: bool,
    /// As for a fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assumed: Option<String>,
    /// As for a fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// One thing a system needs.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(deny_unknown_fields)]
pub enum Need {
    /// A provider.
    Provider(String),
    /// One of several.
    Any {
        /// The alternatives.
        any: Vec<Need>,
    },
    /// So many of several.
    AtLeast {
        /// How many.
        at_least: u32,
        /// Of these.
        of: Vec<Need>,
    },
}

impl From<&str> for Need {
    fn from(provider: &str) -> Self {
        Self::Provider(provider.to_owned())
    }
}

impl From<String> for Need {
    fn from(provider: String) -> Self {
        Self::Provider(provider)
    }
}

impl Need {
    /// One of these will do.
    pub fn any<N: Into<Self>>(of: impl IntoIterator<Item = N>) -> Self {
        Self::Any { any: of.into_iter().map(Into::into).collect() }
    }

    /// At least so many of these.
    pub fn at_least<N: Into<Self>>(k: u32, of: impl IntoIterator<Item = N>) -> Self {
        Self::AtLeast { at_least: k, of: of.into_iter().map(Into::into).collect() }
    }
}

/// The two keys of a redundant need, as a struct so that a reader can name a wrong key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Redundant {
    any: Option<Vec<Need>>,
    at_least: Option<u32>,
    of: Option<Vec<Need>>,
}

impl<'de> Deserialize<'de> for Need {
    // By hand, not `untagged`: an untagged enum hides which part of it was wrong, and where.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NeedVisitor;

        impl<'de> Visitor<'de> for NeedVisitor {
            type Value = Need;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a provider, `any: [...]`, or `at_least: k, of: [...]`")
            }

            fn visit_str<E: de::Error>(self, provider: &str) -> Result<Need, E> {
                Ok(Need::Provider(provider.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Need, A::Error> {
                match Redundant::deserialize(de::value::MapAccessDeserializer::new(map))? {
                    Redundant { any: Some(any), at_least: None, of: None } => Ok(Need::Any { any }),
                    Redundant { any: None, at_least: Some(at_least), of: Some(of) } => {
                        Ok(Need::AtLeast { at_least, of })
                    }
                    _ => Err(de::Error::custom("expected either `any: [...]`, or `at_least: k` with `of: [...]`")),
                }
            }
        }

        deserializer.deserialize_any(NeedVisitor)
    }
}

/// More about one need.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Interface {
    /// Its kind, for selectors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Probability that the provider's failure couples across; 1 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub propagates: Option<f64>,
    /// Shortest and longest time until it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<(Duration, Duration)>,
    /// Its own faults.
    #[serde(default, deserialize_with = "unique::mapping", skip_serializing_if = "BTreeMap::is_empty")]
    pub faults: BTreeMap<String, Fault>,
    /// Anything a reader should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// What watches systems.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["watches"]))]
pub struct Monitor {
    /// Selectors of the systems it watches.
    #[serde(default)]
    pub watches: Vec<String>,
    /// The system it runs on: if that has failed, it reports nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs_on: Option<String>,
    /// Probability that it reports a failed system as failed; 1 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub detects: Option<f64>,
    /// Probability that it reports a working system as failed; 0 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub false_alarms: Option<f64>,
    /// Contractors (or `public`) that see what it reports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen_by: Vec<String>,
    /// Anything a reader should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// `incident.yaml`: what was seen, by whom, known when.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["format"]))]
pub struct Incident {
    /// `onus-incident/1`.
    #[serde(default)]
    #[schemars(extend("const" = INCIDENT_FORMAT))]
    pub format: String,
    /// What the incident is called.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Anything a reader should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The items, in any order.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
    /// What was found in the end; for evaluation only, never read by a query.
    #[serde(default, skip_serializing_if = "is_default")]
    pub truth: Truth,
}

/// What was found in the end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Truth {
    /// The faults.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub origin: Vec<String>,
}

/// One item of evidence: exactly one of `failed`, `working`, `test`, `repaired`, `changed`, `announced`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["id", "at"], "oneOf" = one_of(&[&["failed"], &["working"], &["test"], &["repaired"], &["changed"], &["announced"]])))]
pub struct Evidence {
    /// Its id.
    #[serde(default)]
    pub id: String,
    /// When it was true.
    pub at: Time,
    /// When it came to be known, where no other time is given; `at` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<Time>,
    /// Who came to know it, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_by: Option<SeenBy>,
    /// A system that did not deliver its service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// A system that did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working: Option<String>,
    /// The monitor that reported it; a certain observation if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// A fault that was tested for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<String>,
    /// What the test said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub present: Option<bool>,
    /// Probability that the test says what is so; 1 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub reliability: Option<f64>,
    /// A system, interface or fault that was repaired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repaired: Option<String>,
    /// Probability that the repair worked; 1 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub effectiveness: Option<f64>,
    /// A system or interface that was changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<String>,
    /// The causes the change could have introduced; all if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causes: Option<Vec<String>>,
    /// What the change multiplies the prior odds of those faults by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub odds: Option<f64>,
    /// A system, interface or fault that was announced as the cause: a claim, which no figure follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announced: Option<String>,
    /// Who announced it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Earlier items that this one corrects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub supersedes: Vec<String>,
    /// Anything a reader should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Where it is documented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// Who came to know an item of evidence.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum SeenBy {
    /// These parties, as soon as it was known.
    Parties(Vec<String>),
    /// Each party at its own time.
    Times(BTreeMap<String, Time>),
}

impl<'de> Deserialize<'de> for SeenBy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SeenByVisitor;

        impl<'de> Visitor<'de> for SeenByVisitor {
            type Value = SeenBy;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list of parties, or a mapping from party to time")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<SeenBy, A::Error> {
                Deserialize::deserialize(de::value::SeqAccessDeserializer::new(seq)).map(SeenBy::Parties)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SeenBy, A::Error> {
                unique::mapping(de::value::MapAccessDeserializer::new(map)).map(SeenBy::Times)
            }
        }

        deserializer.deserialize_any(SeenByVisitor)
    }
}

mod build;
mod unique;
