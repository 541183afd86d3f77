//! What serde is told when a part of a document cannot be read: what is wrong, where, and what is nearest to it.

use std::fmt;

use serde::de;

use crate::code::Code;
use crate::diagnostic::nearest;
use crate::tree::Span;

/// Why a part could not be read. In a box, since it is handed up beside everything that could.
#[derive(Debug)]
pub(super) struct Failure(pub(super) Box<Reason>);

/// What is wrong with a part, and the way to it.
#[derive(Debug)]
pub(super) struct Reason {
    /// Positions in the containers from the failing part outwards.
    pub(super) trail: Vec<usize>,
    pub(super) code: Code,
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) help: Option<String>,
    /// What serde's visitor takes, where it was given something else.
    pub(super) expected: Option<String>,
}

impl Failure {
    pub(super) fn new(code: Code, message: String) -> Self {
        let span = Span::default();
        Self(Box::new(Reason { trail: Vec::new(), code, span, message, help: None, expected: None }))
    }

    pub(super) fn help(mut self, help: Option<String>) -> Self {
        self.0.help = help;
        self
    }

    /// Gives a failure its place, unless it has one.
    pub(super) fn at(mut self, span: Span) -> Self {
        if self.0.span.line == 0 {
            self.0.span = span;
        }
        self
    }

    pub(super) fn through(mut self, position: usize, span: Span) -> Self {
        self = self.at(span);
        self.0.trail.push(position);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Failure {}

impl de::Error for Failure {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(Code::WrongType, message.to_string())
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(Code::MissingKey, format!("the key `{field}` is missing"))
    }

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let mut failure = Self::custom(format_args!("invalid type: {found}, expected {expected}"));
        failure.0.expected = Some(expected.to_string());
        failure
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(Code::UnknownKey, format!("the key `{field}` is not known here")).help(known(field, expected))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(Code::WrongType, format!("expected one of {}, found `{variant}`", expected.join(", ")))
            .help(nearest(variant, expected.iter().copied()))
    }
}

pub(super) fn known(key: &str, fields: &[&str]) -> Option<String> {
    nearest(key, fields.iter().copied()).or_else(|| Some(format!("known keys: {}", fields.join(", "))))
}
