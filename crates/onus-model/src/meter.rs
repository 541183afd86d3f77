//! A bound on how far the YAML parser reads ahead.
//!
//! Anything in brackets may turn out to be a key, so the parser holds all of it before it gives out the first event. A
//! text of nothing but commas costs it a hundred times its own size. [`Metered`] counts the characters that make
//! tokens there, since the last event, and beyond a limit lets the text end.

use std::cell::Cell;

use saphyr_parser::input::SkipTabs;
use saphyr_parser::{Input, StrInput};

/// How far the parser has read ahead, shared between its input and who takes the events.
#[derive(Debug)]
pub(crate) struct Meter {
    limit: usize,
    ahead: Cell<usize>,
}

impl Meter {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, ahead: Cell::new(0) }
    }

    /// An event came out; `false` if the text was ended early.
    pub(crate) fn event(&self) -> bool {
        let is_within = self.ahead.get() <= self.limit;
        if is_within {
            self.ahead.set(0);
        }
        is_within
    }
}

/// Methods that the text has itself. They are called for every character: each is to be inlined.
macro_rules! forward {
    (
        &mut self: $($change:ident($($given:ident: $kind:ty),*) $(-> $changed:ty)?),*;
        &self: $($ask:ident($($with:ident: $of:ty),*) -> $answer:ty),*
    ) => {
        $(
            #[inline]
            fn $change(&mut self, $($given: $kind),*) $(-> $changed)? {
                self.text.$change($($given),*)
            }
        )*
        $(
            #[inline]
            fn $ask(&self, $($with: $of),*) -> $answer {
                self.text.$ask($($with),*)
            }
        )*
    };
}

/// A text that ends when its meter is full.
pub(crate) struct Metered<'t> {
    text: StrInput<'t>,
    meter: &'t Meter,
}

impl<'t> Metered<'t> {
    pub(crate) fn new(text: &'t str, meter: &'t Meter) -> Self {
        Self { text: StrInput::new(text), meter }
    }
}

/// Characters that the scanner takes in one go. It gives every text room for so many more, whether they come or not: as
/// many as still fit what it has for a text at first, so that short ones are allocated once.
const AT_ONCE: usize = 30;

impl Input for Metered<'_> {
    #[inline]
    fn skip(&mut self) {
        if self.text.next_is_flow() || self.text.next_char_is(':') {
            self.meter.ahead.set(self.meter.ahead.get() + 1);
            if self.meter.ahead.get() > self.meter.limit {
                self.text = StrInput::new("");
                return;
            }
        }
        self.text.skip();
    }

    #[inline]
    fn bufmaxlen(&self) -> usize {
        AT_ONCE
    }

    // All else is the text's own; what the trait would do by itself is slower.

    forward! {
        &mut self: lookahead(count: usize), raw_read_ch() -> char, raw_read_non_breakz_ch() -> Option<char>,
            skip_n(count: usize), look_ch() -> char, skip_while_non_breakz() -> usize, skip_while_blank() -> usize,
            skip_ws_to_eol(skip_tabs: SkipTabs) -> (usize, Result<SkipTabs, &'static str>),
            fetch_while_is_alpha(out: &mut String) -> usize, fetch_while_is_yaml_non_space(out: &mut String) -> usize;
        &self: buflen() -> usize, buf_is_empty() -> bool, peek() -> char, peek_nth(n: usize) -> char,
            peek_opt() -> Option<char>, next_char_is(c: char) -> bool, nth_char_is(n: usize, c: char) -> bool,
            next_2_are(c1: char, c2: char) -> bool, next_3_are(c1: char, c2: char, c3: char) -> bool,
            next_is_document_indicator() -> bool, next_is_document_start() -> bool, next_is_document_end() -> bool,
            next_can_be_plain_scalar(in_flow: bool) -> bool, next_is_blank_or_break() -> bool,
            next_is_blank_or_breakz() -> bool, next_is_blank() -> bool, next_is_break() -> bool,
            next_is_breakz() -> bool, next_is_z() -> bool, next_is_flow() -> bool, next_is_digit() -> bool,
            next_is_alpha() -> bool
    }
}
