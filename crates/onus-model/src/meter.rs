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

impl Input for Metered<'_> {
    fn skip(&mut self) {
        if self.text.next_is_flow() || self.text.peek() == ':' {
            self.meter.ahead.set(self.meter.ahead.get() + 1);
            if self.meter.ahead.get() > self.meter.limit {
                self.text = StrInput::new("");
                return;
            }
        }
        self.text.skip();
    }

    fn lookahead(&mut self, count: usize) {
        self.text.lookahead(count);
    }

    fn buflen(&self) -> usize {
        self.text.buflen()
    }

    fn bufmaxlen(&self) -> usize {
        self.text.bufmaxlen()
    }

    fn buf_is_empty(&self) -> bool {
        self.text.buf_is_empty()
    }

    fn raw_read_ch(&mut self) -> char {
        self.text.raw_read_ch()
    }

    fn raw_read_non_breakz_ch(&mut self) -> Option<char> {
        self.text.raw_read_non_breakz_ch()
    }

    fn skip_n(&mut self, count: usize) {
        self.text.skip_n(count);
    }

    fn peek(&self) -> char {
        self.text.peek()
    }

    fn peek_nth(&self, n: usize) -> char {
        self.text.peek_nth(n)
    }

    fn peek_opt(&self) -> Option<char> {
        self.text.peek_opt()
    }

    // What follows has slower defaults.

    fn skip_ws_to_eol(&mut self, skip_tabs: SkipTabs) -> (usize, Result<SkipTabs, &'static str>) {
        self.text.skip_ws_to_eol(skip_tabs)
    }

    fn next_can_be_plain_scalar(&self, in_flow: bool) -> bool {
        self.text.next_can_be_plain_scalar(in_flow)
    }

    fn skip_while_non_breakz(&mut self) -> usize {
        self.text.skip_while_non_breakz()
    }

    fn skip_while_blank(&mut self) -> usize {
        self.text.skip_while_blank()
    }

    fn fetch_while_is_alpha(&mut self, out: &mut String) -> usize {
        self.text.fetch_while_is_alpha(out)
    }

    fn fetch_while_is_yaml_non_space(&mut self, out: &mut String) -> usize {
        self.text.fetch_while_is_yaml_non_space(out)
    }
}
