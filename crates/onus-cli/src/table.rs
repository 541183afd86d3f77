//! Tables in 80 columns, aligned also where names are wide (Korean, Chinese, Japanese).

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, presets};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The width that all text output keeps to.
pub(crate) const WIDTH: usize = 80;

/// A table with headings; `right` names the columns that are aligned to the right, whose figures are never broken.
pub(crate) fn table(headings: &[&str], right: &[usize], rows: Vec<Vec<String>>) -> String {
    let columns = headings.len();
    // Two spaces between columns; one, where words would be broken otherwise.
    let least = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(String::as_str).chain([headings[at]]);
        let words = cells.flat_map(|cell| if right.contains(&at) { vec![cell] } else { cell.split(' ').collect() });
        words.map(UnicodeWidthStr::width).max().unwrap_or(0)
    };
    let least = 1 + (0..columns).map(least).sum::<usize>();
    let between = if least + 2 * columns.saturating_sub(1) < WIDTH { 2 } else { 1 };
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH as u16 - 1);
    table.set_header(headings.to_vec());
    for row in rows {
        table.add_row(row);
    }
    for at in 0..columns {
        if let Some(column) = table.column_mut(at) {
            // One space indents the first column; the last needs none on its right.
            column.set_padding((u16::from(at == 0), if at + 1 == columns { 0 } else { between }));
            if right.contains(&at) {
                column.set_cell_alignment(CellAlignment::Right);
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
    }
    table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// Breaks a text into lines of the width, at spaces where it can; `first` begins the first line, `rest` the others.
pub(crate) fn paragraph(text: &str, first: &str, rest: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let options = textwrap::Options::new(WIDTH)
        .initial_indent(first)
        .subsequent_indent(rest)
        .wrap_algorithm(textwrap::WrapAlgorithm::FirstFit)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::fill(&words.join(" "), options) + "\n"
}

/// A text of at most so many columns; what was cut off shows as `…`.
pub(crate) fn shortened(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut result = String::new();
    let mut width = 1;
    for character in text.chars() {
        width += character.width().unwrap_or(0);
        if width > columns {
            break;
        }
        result.push(character);
    }
    result + "…"
}
