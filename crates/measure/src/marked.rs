//! The generated part of a page that people write: what stands between two markers.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// A page that cannot take its generated part.
#[derive(Debug, thiserror::Error)]
pub enum MarkedError {
    /// It cannot be read or written.
    #[error("the page {} cannot be rewritten: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It does not say where.
    #[error(
        "{} has no place for the generated part: put a line '{begin}' and below it a line '{end}' where it belongs",
        path.display()
    )]
    NoPlace {
        /// Which.
        path: PathBuf,
        /// The line before the place.
        begin: String,
        /// The line after it.
        end: String,
    },
}

/// Replaces what stands between `<!-- begin NAME -->` and `<!-- end NAME -->` in the page; all else stays.
///
/// # Errors
/// [`MarkedError`].
pub fn replace(page: &Path, name: &str, generated: &str) -> Result<(), MarkedError> {
    let failed = |source| MarkedError::File { path: page.to_owned(), source };
    let text = fs::read_to_string(page).map_err(failed)?;
    let text = replaced(&text, name, generated).ok_or_else(|| MarkedError::NoPlace {
        path: page.to_owned(),
        begin: begin(name),
        end: end(name),
    })?;
    fs::write(page, text).map_err(failed)
}

fn begin(name: &str) -> String {
    format!("<!-- begin {name} -->")
}

fn end(name: &str) -> String {
    format!("<!-- end {name} -->")
}

fn replaced(text: &str, name: &str, generated: &str) -> Option<String> {
    let (before, rest) = text.split_once(&begin(name))?;
    let (_, after) = rest.split_once(&end(name))?;
    Some(format!("{before}{}\n\n{}\n\n{}{after}", begin(name), generated.trim(), end(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "above\n\n<!-- begin figures -->\nold\n<!-- end figures -->\n\nbelow\n";

    #[test]
    fn only_what_stands_between_the_markers_changes() {
        let page = replaced(PAGE, "figures", "new\n").unwrap();
        assert_eq!(page, "above\n\n<!-- begin figures -->\n\nnew\n\n<!-- end figures -->\n\nbelow\n");
        assert_eq!(replaced(&page, "figures", "new").unwrap(), page, "a second time changes nothing");
    }

    #[test]
    fn a_page_without_markers_is_left_alone_and_said() {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("page.md");
        fs::write(&page, "no markers").unwrap();
        let error = replace(&page, "figures", "new").unwrap_err().to_string();
        assert!(error.contains("page.md") && error.contains("<!-- begin figures -->"), "{error}");
        assert_eq!(fs::read_to_string(&page).unwrap(), "no markers");
    }
}
