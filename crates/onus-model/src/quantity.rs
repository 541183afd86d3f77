//! The values that the files hold: probabilities, times, durations, rates, money. Each is checked once, when it is
//! made, and is valid from then on. In the files they are numbers or short texts; their types know how to read,
//! write and describe themselves, so that a reader's error can say what was expected.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::fmt::temporal::DateTimeParser;
use jiff::{SpanRelativeTo, Timestamp, Unit, tz::Offset};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A text or number is not a value of the kind wanted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found}")]
pub struct ParseQuantityError {
    expected: &'static str,
    found: String,
}

impl ParseQuantityError {
    fn new(expected: &'static str, found: impl fmt::Display) -> Self {
        Self { expected, found: found.to_string() }
    }
}

/// A number in `[0, 1]`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Probability(f64);

impl Probability {
    /// Certain.
    pub const ONE: Self = Self(1.0);
    /// Impossible.
    pub const ZERO: Self = Self(0.0);
    const EXPECTED: &'static str = "a probability from 0 to 1";

    /// Checks and wraps a number.
    pub fn new(value: f64) -> Result<Self, ParseQuantityError> {
        if (0.0..=1.0).contains(&value) { Ok(Self(value)) } else { Err(ParseQuantityError::new(Self::EXPECTED, value)) }
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Probability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Reads a quantity from its text; the newtype's name lets our own reader tell which quantity was being read.
struct TextVisitor<T>(std::marker::PhantomData<T>);

impl<'de, T: Quantity> de::Visitor<'de> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// What every quantity says of itself.
trait Quantity: FromStr<Err = ParseQuantityError> {
    const NAME: &'static str;
    const EXPECTED: &'static str;
}

/// A quantity that is a text in the files: `FromStr` reads it, `Display` writes the same text back.
macro_rules! text_quantity {
    ($name:ident, $expected:expr, $pattern:expr) => {
        impl Quantity for $name {
            const NAME: &'static str = stringify!($name);
            const EXPECTED: &'static str = $expected;
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_newtype_struct(Self::NAME, TextVisitor::<Self>(std::marker::PhantomData))
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern, "description": $expected })
            }
        }

        impl $name {
            pub(crate) const EXPECTED: &'static str = $expected;

            fn refuse(text: &str) -> ParseQuantityError {
                ParseQuantityError::new(<Self as Quantity>::EXPECTED, format_args!("`{text}`"))
            }
        }
    };
}

/// An instant with the offset it was written in. Ordered and compared as an instant.
#[derive(Clone, Copy, Debug)]
pub struct Time {
    instant: Timestamp,
    offset: Offset,
}

text_quantity!(
    Time,
    "an RFC 3339 time with an offset, like 2023-11-17T01:42:00+09:00",
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?([Zz]|[+-][0-9]{2}:[0-9]{2})$"
);

impl Time {
    /// The calendar day of the instant, where it was written.
    pub fn date(self) -> Date {
        Date(self.offset.to_datetime(self.instant).date())
    }

    /// The same instant told in another time's offset.
    #[must_use]
    pub fn in_offset_of(self, other: Self) -> Self {
        Self { offset: other.offset, ..self }
    }

    /// Seconds from the epoch.
    pub fn as_seconds(self) -> f64 {
        self.instant.as_second() as f64 + f64::from(self.instant.subsec_nanosecond()) * 1e-9
    }

    /// Whole milliseconds from the epoch, rounded down.
    pub fn as_milliseconds(self) -> i64 {
        self.instant.as_millisecond()
    }

    /// Hours and minutes of the day, `01:42`, where it was written.
    pub fn clock(self) -> String {
        let local = self.offset.to_datetime(self.instant);
        format!("{:02}:{:02}", local.hour(), local.minute())
    }
}

impl PartialEq for Time {
    fn eq(&self, other: &Self) -> bool {
        self.instant == other.instant
    }
}

impl Eq for Time {}

impl PartialOrd for Time {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Time {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.instant.cmp(&other.instant)
    }
}

impl FromStr for Time {
    type Err = ParseQuantityError;

    fn from_str(text: &str) -> Result<Self, ParseQuantityError> {
        let refuse = || Self::refuse(text);
        // The parser takes all of ISO 8601 and more; the files, RFC 3339 alone, whose offsets are written as they are read.
        if !has_rfc3339_shape(text) {
            return Err(refuse());
        }
        let pieces = DateTimeParser::new().parse_pieces(text).map_err(|_| refuse())?;
        let offset = pieces.to_numeric_offset().ok_or_else(refuse)?;
        let time = pieces.time().ok_or_else(refuse)?;
        if pieces.time_zone_annotation().is_some() {
            return Err(refuse());
        }
        let instant = offset.to_timestamp(pieces.date().to_datetime(time)).map_err(|_| refuse())?;
        Ok(Self { instant, offset })
    }
}

/// `2023-11-17T01:42`, perhaps with seconds, and an offset of hours and minutes.
fn has_rfc3339_shape(text: &str) -> bool {
    let bytes = text.as_bytes();
    let zone = match bytes {
        [rest @ .., b'Z' | b'z'] => rest,
        [rest @ .., b'+' | b'-', h, hh, b':', m, mm] if [h, hh, m, mm].iter().all(|b| b.is_ascii_digit()) => rest,
        _ => return false,
    };
    let (shape, fraction) = zone.split_at(zone.len().min(19));
    let is_like = |pattern: &[u8]| {
        shape.len() == pattern.len()
            && shape.iter().zip(pattern).all(|(byte, like)| match like {
                b'0' => byte.is_ascii_digit(),
                b'T' => matches!(byte, b'T' | b't' | b' '),
                _ => byte == like,
            })
    };
    match fraction {
        [] => is_like(b"0000-00-00T00:00:00") || is_like(b"0000-00-00T00:00"),
        [b'.', digits @ ..] => is_like(b"0000-00-00T00:00:00") && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = self.offset.to_datetime(self.instant);
        let seconds = self.offset.seconds();
        let (sign, seconds) = if seconds < 0 { ('-', -seconds) } else { ('+', seconds) };
        write!(f, "{}T{:02}:{:02}:{:02}", local.date(), local.hour(), local.minute(), local.second())?;
        if local.subsec_nanosecond() != 0 {
            write!(f, ".{:09}", local.subsec_nanosecond())?;
        }
        write!(f, "{sign}{:02}:{:02}", seconds / 3600, seconds / 60 % 60)
    }
}

/// A calendar day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(jiff::civil::Date);

text_quantity!(Date, "a date, like 2023-01-31", "^[0-9]{4}-[0-9]{2}-[0-9]{2}$");

impl FromStr for Date {
    type Err = ParseQuantityError;

    fn from_str(text: &str) -> Result<Self, ParseQuantityError> {
        let bare = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        if !bare {
            return Err(Self::refuse(text));
        }
        text.parse().map(Self).map_err(|_| Self::refuse(text))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A length of time, kept with the text it was written as.
#[derive(Clone, Debug, PartialEq)]
pub struct Duration {
    seconds: f64,
    text: String,
}

text_quantity!(Duration, "a duration, like 4h, 90s, 1d 12h", "^[+]?[0-9P]");

impl Duration {
    /// Length in hours.
    pub fn hours(&self) -> f64 {
        self.seconds / 3600.0
    }

    /// Length in milliseconds, to the nearest; the largest number for what is longer than that.
    #[expect(clippy::cast_sign_loss, reason = "a length is never negative")]
    pub fn milliseconds(&self) -> u64 {
        (self.seconds * 1e3).round() as u64
    }

    /// A length in milliseconds; longer than 292 million years, it is taken for that.
    pub fn of_milliseconds(milliseconds: u64) -> Self {
        let length = jiff::SignedDuration::from_millis(i64::try_from(milliseconds).unwrap_or(i64::MAX));
        Self { seconds: length.as_secs_f64(), text: format!("{length:#}") }
    }
}

impl FromStr for Duration {
    type Err = ParseQuantityError;

    fn from_str(text: &str) -> Result<Self, ParseQuantityError> {
        let span: jiff::Span = text.parse().map_err(|_| Self::refuse(text))?;
        // Days and weeks are 24 h and 7 days here; months and years have no fixed length and are refused.
        let seconds =
            span.total((Unit::Second, SpanRelativeTo::days_are_24_hours())).map_err(|_| Self::refuse(text))?;
        if seconds < 0.0 {
            return Err(Self::refuse(text));
        }
        Ok(Self { seconds, text: text.to_owned() })
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A failure rate, kept with the text it was written as: `2e-6/h`, `0.1/day`, `0.5/year`.
#[derive(Clone, Debug, PartialEq)]
pub struct Rate {
    per_hour: f64,
    text: String,
}

text_quantity!(
    Rate,
    "a rate per hour, day or year, like 2e-6/h or 0.5/year",
    "^[0-9.]+([eE][+-]?[0-9]+)? ?(/|per) ?[a-z]+$"
);

/// Hours in a year, as reliability tables count them.
const HOURS_PER_YEAR: f64 = 8760.0;

impl Rate {
    /// Events per hour.
    pub fn per_hour(&self) -> f64 {
        self.per_hour
    }

    /// Probability of at least one event in a length of time: `1 − exp(−rate · exposure)`.
    pub fn over(&self, exposure: &Duration) -> Probability {
        Probability(-(-self.per_hour * exposure.hours()).exp_m1())
    }
}

impl FromStr for Rate {
    type Err = ParseQuantityError;

    fn from_str(text: &str) -> Result<Self, ParseQuantityError> {
        let refuse = || Self::refuse(text);
        let (number, unit) = text.split_once('/').or_else(|| text.split_once(" per ")).ok_or_else(refuse)?;
        let number: f64 = number.trim().parse().map_err(|_| refuse())?;
        let hours = match unit.trim() {
            "h" | "hour" => 1.0,
            "d" | "day" => 24.0,
            "y" | "year" => HOURS_PER_YEAR,
            _ => return Err(refuse()),
        };
        if !number.is_finite() || number < 0.0 {
            return Err(refuse());
        }
        Ok(Self { per_hour: number / hours, text: text.to_owned() })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// An amount of money in one currency, kept with the text it was written as: `5e8 KRW`.
#[derive(Clone, Debug, PartialEq)]
pub struct Money {
    amount: f64,
    text: String,
    currency_at: usize,
}

text_quantity!(Money, "an amount and a currency, like 5e8 KRW", "^[0-9.]+([eE][+-]?[0-9]+)? [A-Z]{3}$");

impl Money {
    /// The amount, in [`currency`](Self::currency).
    pub fn amount(&self) -> f64 {
        self.amount
    }

    /// The three-letter currency code.
    pub fn currency(&self) -> &str {
        &self.text[self.currency_at..]
    }
}

impl FromStr for Money {
    type Err = ParseQuantityError;

    fn from_str(text: &str) -> Result<Self, ParseQuantityError> {
        let refuse = || Self::refuse(text);
        let (number, currency) = text.split_once(' ').ok_or_else(refuse)?;
        let amount: f64 = number.parse().map_err(|_| refuse())?;
        let code = currency.len() == 3 && currency.bytes().all(|b| b.is_ascii_uppercase());
        if !amount.is_finite() || amount < 0.0 || !code {
            return Err(refuse());
        }
        Ok(Self { amount, currency_at: number.len() + 1, text: text.to_owned() })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_need_an_offset_and_compare_as_instants() {
        let seoul: Time = "2023-11-17T01:42:00+09:00".parse().unwrap();
        let utc: Time = "2023-11-16T16:42:00Z".parse().unwrap();
        assert_eq!(seoul, utc);
        assert_eq!(seoul.to_string(), "2023-11-17T01:42:00+09:00");
        assert_eq!(seoul.date().to_string(), "2023-11-17");
        assert_eq!(utc.date().to_string(), "2023-11-16");
        for bad in ["2023-11-17T01:42:00", "2023-11-17", "yesterday", "2023-13-17T01:42:00Z", ""] {
            assert!(bad.parse::<Time>().is_err(), "{bad}");
        }
    }

    #[test]
    fn durations_have_fixed_lengths_only() {
        assert!((("1d 12h").parse::<Duration>().unwrap().hours() - 36.0).abs() < 1e-12);
        assert!((("90s").parse::<Duration>().unwrap().hours() - 0.025).abs() < 1e-12);
        for bad in ["1y", "1 month", "-4h", "4", "soon"] {
            assert!(bad.parse::<Duration>().is_err(), "{bad}");
        }
    }

    #[test]
    fn rates_become_probabilities_over_an_exposure() {
        let rate: Rate = "0.5/year".parse().unwrap();
        let exposure: Duration = "8760h".parse().unwrap();
        assert!((rate.over(&exposure).get() - (1.0 - (-0.5_f64).exp())).abs() < 1e-15);
        for bad in ["0.5", "0.5/week", "-1/h", "x/h", "inf/h"] {
            assert!(bad.parse::<Rate>().is_err(), "{bad}");
        }
    }

    #[test]
    fn money_has_a_currency() {
        let cap: Money = "5e8 KRW".parse().unwrap();
        assert_eq!((cap.amount(), cap.currency(), cap.to_string()), (5e8, "KRW", "5e8 KRW".to_owned()));
        for bad in ["5e8", "KRW", "5e8 won", "-1 KRW", "nan KRW"] {
            assert!(bad.parse::<Money>().is_err(), "{bad}");
        }
    }

    #[test]
    fn probabilities_are_in_range() {
        for bad in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert!(Probability::new(bad).is_err(), "{bad}");
        }
    }
}
