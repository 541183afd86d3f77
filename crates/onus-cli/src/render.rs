//! Diagnostics for people: message, place, the line it stands in, and what would help.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use onus_model::{Diagnostic, Error, Location, Severity};

use crate::table::{WIDTH, paragraph};

/// Prints an error on standard error, every problem of it.
pub(crate) fn error(error: &Error) {
    match error.diagnostics() {
        [] => {
            let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
            anstream::eprintln!("error: {error}{cause}");
        }
        diagnostics => {
            for diagnostic in diagnostics {
                anstream::eprintln!("{}\n", text(diagnostic));
            }
            let count = diagnostics.len();
            let plural = if count == 1 { "" } else { "s" };
            anstream::eprintln!("{count} problem{plural}; `onus explain CODE` says more about one");
        }
    }
}

/// One diagnostic, with an excerpt of its source where it has a place in one.
pub(crate) fn text(diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let code = diagnostic.code.as_str();
    let bare = diagnostic.location.is_none() && !diagnostic.path.is_empty();
    let message =
        if bare { format!("{}: {}", diagnostic.path, diagnostic.message) } else { diagnostic.message.clone() };
    // "warning[ONUS-W0101]: " stands before the first line of the title, "   = help: " before that of the help.
    let title = level.primary_title(wrapped(&message, 22)).id(code);
    let help = diagnostic.help.as_ref().map(|help| Level::HELP.message(wrapped(help, 16)));
    let mut group = match &diagnostic.location {
        None => Group::with_title(title),
        // No excerpt helps where a whole file is one line, and drawing such a line once for each problem takes long.
        Some(location) if line_of(location).len() > LONGEST_LINE => {
            let origin = Origin::path(location.source.name.as_str()).line(location.line).char_column(location.column);
            Group::with_title(title).element(origin)
        }
        Some(location) => {
            // An empty stretch would be drawn past the end of its line: show one character of it.
            let end = location.bytes.end.max(location.bytes.start + 1).min(location.source.text.len());
            let start = location.bytes.start.min(end);
            let snippet = Snippet::source(location.source.text.as_str())
                .path(location.source.name.as_str())
                .line_start(location.line - location.source.text[..location.bytes.start].matches('\n').count())
                .annotation(AnnotationKind::Primary.span(start..end));
            Group::with_title(title).element(snippet)
        }
    };
    if let Some(help) = help {
        group = group.element(help);
    }
    Renderer::styled().term_width(WIDTH).render(&[group])
}

/// Bytes of the longest line that is shown.
const LONGEST_LINE: usize = 10_000;

/// The line that a place stands in.
fn line_of(location: &Location) -> &str {
    let (before, after) = location.source.text.split_at(location.bytes.start);
    let begin = before.rfind('\n').map_or(0, |newline| newline + 1);
    let end = after.find('\n').map_or(location.source.text.len(), |newline| location.bytes.start + newline);
    &location.source.text[begin..end]
}

/// A text in lines that leave room for what stands before them.
fn wrapped(text: &str, before: usize) -> String {
    let room = " ".repeat(before);
    paragraph(text, &room, &room).lines().map(str::trim_start).collect::<Vec<_>>().join("\n")
}
