//! What every result has in common: the JSON envelope, and how figures read in text.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use onus_model::{Error, FaultRole};
use onus_rca::{Figure, How};
use serde::Serialize;

use crate::input::{Failure, Input};
use crate::progress::Progress;
use crate::table::paragraph;

/// A result for programs: what it is, what it was made from, and the result itself.
#[derive(Serialize)]
pub(crate) struct Envelope<'a, T> {
    format: &'static str,
    inputs: &'a [Input],
    #[serde(flatten)]
    result: T,
}

/// Prints a result as JSON.
pub(crate) fn json<T: Serialize>(format: &'static str, inputs: &[Input], result: T) -> Result<(), Failure> {
    let envelope = Envelope { format, inputs, result };
    let text = serde_json::to_string_pretty(&envelope)
        .map_err(|error| Failure::Usage(format!("the result cannot be written as JSON: {error}")))?;
    print(&text)
}

/// Prints a result. A reader that has gone away is no error of ours; that there is no room left is one.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    match writeln!(anstream::stdout(), "{}", text.trim_end_matches('\n')) {
        Err(source) if source.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Invalid(Error::Io { path: "standard output".to_owned(), source }))
        }
        _ => Ok(()),
    }
}

/// What to do with what stands where something is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    /// It stays, and nothing is written.
    Kept,
    /// It gives way.
    Replaced,
}

impl Existing {
    /// Whether a place may be written to.
    fn allows(self, path: &Path) -> Result<(), Failure> {
        if self == Self::Kept && path.exists() {
            return Err(Failure::Usage(format!("{} is there already; --force replaces it", path.display())));
        }
        Ok(())
    }
}

/// Where something is written until it is whole.
fn beside(path: &Path) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    PathBuf::from(beside)
}

/// Writes a file: beside its place first, and into it once it is whole.
pub(crate) fn write_file(
    path: &Path,
    existing: Existing,
    write: impl FnOnce(&mut BufWriter<Counted>) -> io::Result<()>,
) -> Result<(), Failure> {
    existing.allows(path)?;
    let part = beside(path);
    let written = File::create(&part).and_then(|file| {
        let counted = Counted { file, progress: Progress::of_bytes("writing", 0) };
        let mut file = BufWriter::with_capacity(1 << 16, counted);
        write(&mut file)?;
        file.flush()?;
        std::fs::rename(&part, path)
    });
    written.map_err(|source| {
        // Half a file is of no use; that it cannot be removed changes nothing.
        let _ = std::fs::remove_file(&part);
        Failure::Invalid(Error::Io { path: path.display().to_string(), source })
    })
}

/// Writes a folder of tables: beside its place first, and into it once it is whole. Of a folder that is there, the tables
/// give way, and nothing else.
pub(crate) fn write_tables(
    path: &Path,
    existing: Existing,
    write: impl FnOnce(&Path) -> io::Result<()>,
) -> Result<(), Failure> {
    if !path.is_dir() || has_tables(path) {
        existing.allows(path)?;
    }
    let part = beside(path);
    // What an interrupted run left would come along.
    let _ = std::fs::remove_dir_all(&part);
    let written = std::fs::create_dir_all(&part).and_then(|()| {
        write(&part)?;
        if !path.exists() {
            return std::fs::rename(&part, path);
        }
        for file in std::fs::read_dir(path)? {
            let file = file?.path();
            if is_table(&file) {
                std::fs::remove_file(file)?;
            }
        }
        for file in std::fs::read_dir(&part)? {
            let file = file?;
            std::fs::rename(file.path(), path.join(file.file_name()))?;
        }
        std::fs::remove_dir(&part)
    });
    written.map_err(|source| {
        let _ = std::fs::remove_dir_all(&part);
        Failure::Invalid(Error::Io { path: path.display().to_string(), source })
    })
}

fn is_table(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "parquet")
}

fn has_tables(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut files| files.any(|file| file.is_ok_and(|file| is_table(&file.path()))))
}

/// A file whose growth is shown.
pub(crate) struct Counted {
    file: File,
    progress: Progress,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.progress.advance(count as u64);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A share or probability as a percentage; an interval as its two ends.
pub(crate) fn percent(figure: Figure) -> String {
    match figure.how {
        How::Exact => one(figure.lo),
        How::Interval | How::Estimate { .. } => ends([figure.lo, figure.hi].map(one)),
    }
}

/// Two ends, or one text where a reader could not tell them apart.
fn ends([lo, hi]: [String; 2]) -> String {
    if lo == hi { lo } else { format!("{lo}..{hi}") }
}

fn one(share: f64) -> String {
    let percent = share * 100.0;
    if share == 0.0 {
        "0 %".to_owned()
    } else if percent < 0.05 {
        "<0.1 %".to_owned()
    } else if percent > 99.95 && share < 1.0 {
        ">99.9 %".to_owned()
    } else if percent >= 99.95 {
        "100 %".to_owned()
    } else {
        format!("{percent:.1} %")
    }
}

/// A probability of whatever size; an interval as its two ends.
pub(crate) fn probability(figure: Figure) -> String {
    match figure.how {
        How::Exact => number(figure.lo),
        How::Interval | How::Estimate { .. } => ends([figure.lo, figure.hi].map(number)),
    }
}

/// A number to four significant digits, plain where that is short.
pub(crate) fn number(value: f64) -> String {
    if !value.is_finite() || (value.fract() == 0.0 && value.abs() < 1e5) {
        return value.to_string();
    }
    let magnitude = value.abs().log10().floor() as i32;
    if (-3..5).contains(&magnitude) {
        format!("{value:.*}", usize::try_from(3 - magnitude).unwrap_or(0))
    } else {
        format!("{value:.3e}")
    }
}

/// Bits with two decimals.
pub(crate) fn bits(figure: Figure) -> String {
    // What rounds to nothing has no sign.
    let two = |value: f64| format!("{:.2}", if value.abs() < 0.005 { 0.0 } else { value });
    ends([figure.lo, figure.hi].map(two))
}

/// What part a fault plays, where the model says so.
pub(crate) fn role(role: FaultRole) -> &'static str {
    match role {
        FaultRole::Ordinary => "",
        FaultRole::Trigger => "trigger",
        FaultRole::Latent => "latent",
    }
}

/// Bold, for headings; in lines of the width.
pub(crate) fn heading(text: &str) -> String {
    let text = paragraph(text, "", "");
    let text = text.trim_end();
    let bold = anstyle::Style::new().bold();
    format!("{bold}{text}{bold:#}")
}
