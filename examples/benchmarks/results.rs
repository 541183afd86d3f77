//! Criterion's output: one file that says what was measured and one that says how long it took.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// One measurement.
pub(crate) struct Measured {
    /// What kind of work, and on what: `cascade, layered`.
    pub(crate) group: String,
    pub(crate) function: String,
    /// How large.
    pub(crate) size: u64,
    /// The median of the samples.
    pub(crate) seconds: f64,
    /// Things done in that time; 1 where nothing is counted.
    pub(crate) things: f64,
}

/// All measurements that have a size.
pub(crate) struct Results(Vec<Measured>);

impl Results {
    /// Reads the newest measurement of every benchmark below a folder.
    pub(crate) fn open(folder: &Path) -> Result<Self, Box<dyn Error>> {
        let mut all = Vec::new();
        let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                }
            }
            if folder.ends_with("new") {
                all.extend(measured(&folder)?);
            }
        }
        all.sort_by(|a: &Measured, b| (&a.group, &a.function, a.size).cmp(&(&b.group, &b.function, b.size)));
        Ok(Self(all))
    }

    pub(crate) fn all(&self) -> &[Measured] {
        &self.0
    }

    pub(crate) fn find(&self, group: &str, function: &str, size: u64) -> Option<&Measured> {
        self.0.iter().find(|own| own.group == group && own.function == function && own.size == size)
    }
}

impl Measured {
    /// Things a second.
    pub(crate) fn rate(&self) -> f64 {
        self.things / self.seconds
    }
}

/// `None` for a benchmark without a size.
fn measured(folder: &Path) -> Result<Option<Measured>, Box<dyn Error>> {
    let read = |name: &str| -> Result<Value, Box<dyn Error>> {
        Ok(serde_json::from_str(&fs::read_to_string(folder.join(name))?)?)
    };
    let (what, times) = (read("benchmark.json")?, read("estimates.json")?);
    let text = |key: &str| what[key].as_str().map(str::to_owned);
    let size = text("value_str").and_then(|size| size.parse().ok());
    let (Some(group), Some(function), Some(size)) = (text("group_id"), text("function_id"), size) else {
        return Ok(None);
    };
    let median = times["median"]["point_estimate"].as_f64().ok_or("a measurement without a median")?;
    let things = what["throughput"].as_object().and_then(|own| own.values().next()?.as_f64()).unwrap_or(1.0);
    Ok(Some(Measured { group, function, size, seconds: median / 1e9, things }))
}
