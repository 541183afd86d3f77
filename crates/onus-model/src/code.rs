//! Every diagnostic's stable code. A code, once published, keeps its meaning; `onus explain CODE` prints its
//! explanation.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::diagnostic::Severity;

macro_rules! codes {
    ($($name:ident = $text:literal, $severity:ident, $title:literal;)*) => {
        /// Stable code of a kind of problem.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $title] $name,)*
        }

        impl Code {
            /// All codes, in order.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code as it is printed: `ONUS-E0012`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What kind of problem, in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// How much it weighs.
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }

            /// What it means, an example, and what to do.
            pub fn explanation(self) -> &'static str {
                match self { $(Self::$name => include_str!(concat!("explain/", $text, ".md")),)* }
            }
        }
    };
}

codes! {
    NotUtf8 = "ONUS-E0001", Error, "the file is not UTF-8";
    Syntax = "ONUS-E0002", Error, "the text is not YAML or JSON";
    TooLarge = "ONUS-E0003", Error, "the file passes a limit of the reader";
    DuplicateKey = "ONUS-E0004", Error, "a key stands twice";
    UnknownKey = "ONUS-E0005", Error, "a key is not known here";
    MissingKey = "ONUS-E0006", Error, "a key is missing";
    WrongType = "ONUS-E0007", Error, "a value has the wrong shape";
    WrongFormat = "ONUS-E0008", Error, "the format is not one this version reads";
    BadProbability = "ONUS-E0009", Error, "a probability is not between 0 and 1";
    BadTime = "ONUS-E0010", Error, "a time is not RFC 3339 with an offset";
    BadDate = "ONUS-E0011", Error, "a date is not a calendar day";
    BadDuration = "ONUS-E0012", Error, "a duration has no fixed length";
    BadRate = "ONUS-E0013", Error, "a rate is not per hour, day or year";
    BadMoney = "ONUS-E0014", Error, "an amount of money has no currency";
    BadNumber = "ONUS-E0015", Error, "a number is out of its range";
    BadShares = "ONUS-E0016", Error, "consortium shares do not add up to 100";
    BadId = "ONUS-E0017", Error, "an id is not allowed";
    UnknownSystem = "ONUS-E0018", Error, "no such system";
    UnknownInterface = "ONUS-E0019", Error, "no such interface";
    UnknownContractor = "ONUS-E0020", Error, "no such contractor";
    UnknownContract = "ONUS-E0021", Error, "no such contract";
    UnknownFault = "ONUS-E0022", Error, "no such fault";
    UnknownMonitor = "ONUS-E0023", Error, "no such monitor";
    UnknownEvidence = "ONUS-E0024", Error, "no such item of evidence";
    UnknownElement = "ONUS-E0025", Error, "no such system, interface or fault";
    EmptySelector = "ONUS-E0026", Error, "a selector matches nothing";
    DuplicateId = "ONUS-E0027", Error, "an id stands for two things";
    CyclicSubcontract = "ONUS-E0028", Error, "a contract is a subcontract of itself";
    HolderUnclear = "ONUS-E0029", Error, "a contract needs a contractor or a consortium";
    EmptyTerm = "ONUS-E0030", Error, "a term ends before it begins";
    PriorUnclear = "ONUS-E0031", Error, "a fault needs a probability, or a rate and an exposure";
    EmptyNeed = "ONUS-E0032", Error, "a need can never or will always hold";
    EvidenceUnclear = "ONUS-E0033", Error, "an item of evidence must say exactly one thing";
    MisplacedKey = "ONUS-E0034", Error, "a key does not go with this kind of item";
    NotWatched = "ONUS-E0035", Error, "a monitor does not watch this system";
    CyclicSupersession = "ONUS-E0036", Error, "an item supersedes itself";
    RoleUnclear = "ONUS-E0037", Error, "a fault is trigger and latent at once";
    EmptyDelay = "ONUS-E0038", Error, "a delay's longest is shorter than its shortest";
    FaultlessFault = "ONUS-E0039", Error, "a system that cannot fail by itself has a fault";
    NotXml = "ONUS-E0040", Error, "the text is not the XML of a fault tree";
    NotMonotone = "ONUS-E0041", Error, "a gate can fail because something works";
    UnknownEvent = "ONUS-E0042", Error, "no such gate or event";
    TopUnclear = "ONUS-E0043", Error, "it is not clear which gate is the top";
    Damaged = "ONUS-E0044", Error, "a snapshot is damaged";
    WrongTable = "ONUS-E0045", Error, "a table is not as it should be";

    Gap = "ONUS-W0101", Warning, "nobody answers for a fault";
    Overlap = "ONUS-W0102", Warning, "more than one contractor answers for a fault";
    Seam = "ONUS-W0103", Warning, "an interface crosses contractors and nobody integrates it";
    LapsedContract = "ONUS-W0104", Warning, "a contract is not in force on the day";
    Unwatched = "ONUS-W0105", Warning, "no monitor watches a system";
    OwnerlessHub = "ONUS-W0106", Warning, "many depend on a system without owner";
    BlindMonitor = "ONUS-W0107", Warning, "a monitor falls silent with what it watches";
    SharedNeed = "ONUS-W0108", Warning, "redundant members share a need";
    UnknownCause = "ONUS-W0109", Warning, "no duty answers for a cause";
    ContraryMonitor = "ONUS-W0110", Warning, "a monitor cries wolf more often than it detects";
    NeverWorks = "ONUS-W0111", Warning, "a system can never work";
    NeverFails = "ONUS-W0112", Warning, "nothing can make a system fail";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text is not the code of any problem.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a code; codes look like ONUS-E0018")]
pub struct UnknownCode(String);

impl FromStr for Code {
    type Err = UnknownCode;

    /// Reads a code, with or without `ONUS-`, in any case.
    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        let wanted = text.trim().to_ascii_uppercase();
        let wanted = wanted.strip_prefix("ONUS-").unwrap_or(&wanted);
        let found = Self::ALL.iter().find(|code| code.as_str().strip_prefix("ONUS-") == Some(wanted));
        found.copied().ok_or_else(|| UnknownCode(text.to_owned()))
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
