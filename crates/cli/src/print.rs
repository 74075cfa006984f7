//! Writing answers to standard output.

use std::io::{self, Write};

use anyhow::Result;
use serde::Serialize;

/// Writes `text` and a line end unless it has one.
pub(crate) fn text(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

/// Writes `value` as JSON on lines of its own.
pub(crate) fn json(value: &impl Serialize) -> Result<()> {
    text(&serde_json::to_string_pretty(value)?)
}

/// Whether an error says no more than that the reader of standard output went away.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// An error with its causes, each said once: some errors already tell their cause.
pub(crate) fn told(error: &anyhow::Error) -> String {
    let mut told = String::new();
    for cause in error.chain().map(ToString::to_string).filter(|cause| !cause.is_empty()) {
        if told.is_empty() {
            told = cause;
        } else if !told.contains(&cause) {
            told = format!("{told}: {cause}");
        }
    }
    told
}

/// Rows under headings, columns as wide as their widest cell and two spaces apart. Columns whose heading begins with
/// `>` have their cells on the right.
pub(crate) fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> String {
    let length = |cell: &str| cell.chars().count();
    let names = headings.map(|heading| heading.trim_start_matches('>'));
    let mut widths = names.map(length);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = length(cell).max(*width);
        }
    }
    let mut text = String::new();
    let mut line = |cells: [&str; N]| {
        let mut line = String::new();
        for ((cell, width), heading) in cells.iter().zip(widths).zip(headings) {
            let gap = " ".repeat(width - length(cell));
            let (before, after) = if heading.starts_with('>') { (gap.as_str(), "") } else { ("", gap.as_str()) };
            line.extend([before, cell, after, "  "]);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    };
    line(names);
    for row in rows {
        line(row.each_ref().map(String::as_str));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let cause = || io::Error::other("disk full");
        let silent = anyhow::Error::new(cause()).context("cannot save");
        assert_eq!(told(&silent), "cannot save: disk full");
        let frank = anyhow::Error::new(cause()).context("cannot save (disk full), make room");
        assert_eq!(told(&frank), "cannot save (disk full), make room");
    }

    #[test]
    fn columns_line_up_left_and_right() {
        let rows = [["a".to_owned(), "1".to_owned()], ["größe".to_owned(), "12345".to_owned()]];
        assert_eq!(table(["name", ">leds"], &rows), "name    leds\na          1\ngröße  12345\n");
    }
}
