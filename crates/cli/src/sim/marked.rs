//! The generated part of a page that people write: what stands between two markers.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Replaces what stands between `<!-- begin NAME -->` and `<!-- end NAME -->` in the page; all else stays.
pub(super) fn replace(page: &Path, name: &str, generated: &str) -> Result<()> {
    let text = fs::read_to_string(page).with_context(|| format!("cannot read {}", page.display()))?;
    let Some(text) = replaced(&text, name, generated) else {
        bail!(
            "{} has no place for the generated part: put a line '{}' and below it a line '{}' where it belongs",
            page.display(),
            begin(name),
            end(name)
        );
    };
    fs::write(page, text).with_context(|| format!("cannot write {}", page.display()))
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
