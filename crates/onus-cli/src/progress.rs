//! How far a long reading or writing has come: on a terminal, on standard error, and only where it takes a while.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Shows bytes as they pass, once they are many.
pub(crate) struct Progress {
    bar: ProgressBar,
    told: Instant,
    pending: u64,
}

/// Bytes from which on it takes long enough to be worth a bar.
const MANY: u64 = 16 << 20;
/// How often the bar is told.
const OFTEN: Duration = Duration::from_millis(100);

impl Progress {
    /// For so many bytes; of 0, nobody knows how many.
    pub(crate) fn of_bytes(what: &'static str, length: u64) -> Self {
        let bar = if length != 0 && length < MANY { ProgressBar::hidden() } else { ProgressBar::new(length) };
        let text = if length == 0 {
            "{msg} {bytes} ({bytes_per_sec})"
        } else {
            "{msg} {bar:30} {bytes}/{total_bytes} ({bytes_per_sec})"
        };
        // The templates are known to be sound; a bar without style would do as well.
        if let Ok(style) = ProgressStyle::with_template(text) {
            bar.set_style(style);
        }
        bar.set_message(what);
        Self { bar, told: Instant::now(), pending: 0 }
    }

    pub(crate) fn advance(&mut self, bytes: u64) {
        self.pending += bytes;
        if self.told.elapsed() >= OFTEN {
            self.bar.inc(std::mem::take(&mut self.pending));
            self.told = Instant::now();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
