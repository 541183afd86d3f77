//! What is wrong with tables, gathered: each problem with its file, row and column.

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Error, Path, Problem, more_than};
use crate::source::Limits;

/// Problems of one folder of tables.
#[derive(Debug)]
pub(super) struct Report {
    folder: String,
    found: Vec<Diagnostic>,
    is_more: bool,
}

impl Report {
    pub(super) fn new(folder: &std::path::Path) -> Self {
        Self { folder: folder.display().to_string(), found: Vec::new(), is_more: false }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// A problem of a whole file.
    pub(super) fn file(&mut self, table: &str, message: String) {
        self.push(Code::WrongTable, format!("{}/{table}.parquet", self.folder), message, None);
    }

    /// A problem of one value. Rows count from 0.
    pub(super) fn row(&mut self, code: Code, table: &str, row: usize, column: &str, message: String) {
        self.push(code, format!("{}/{table}.parquet, row {row}, column {column}", self.folder), message, None);
    }

    /// A problem that was found elsewhere, with its place here, if it has one.
    pub(super) fn found(&mut self, diagnostic: Diagnostic, place: Option<(&str, usize, String)>) {
        let path = match place {
            Some((table, row, column)) if column.is_empty() => format!("{}/{table}.parquet, row {row}", self.folder),
            Some((table, row, column)) => format!("{}/{table}.parquet, row {row}, column {column}", self.folder),
            None if diagnostic.path.is_empty() => self.folder.clone(),
            None => format!("{}: {}", self.folder, diagnostic.path),
        };
        self.push(diagnostic.code, path, diagnostic.message, diagnostic.help);
    }

    fn push(&mut self, code: Code, path: String, message: String, help: Option<String>) {
        if self.found.len() >= Limits::default().problems {
            self.is_more = true;
            return;
        }
        let mut diagnostic = Problem::new(code, Path::default(), message).help(help).diagnostic(None);
        diagnostic.path = path;
        self.found.push(diagnostic);
    }

    /// The value, if there was no problem.
    pub(super) fn or<T>(mut self, value: Option<T>) -> Result<T, Error> {
        match value {
            Some(value) if self.found.is_empty() => Ok(value),
            _ => {
                let told = self.found.len();
                self.found.extend(self.is_more.then(|| more_than(told)));
                Err(Error::Invalid(self.found))
            }
        }
    }
}
