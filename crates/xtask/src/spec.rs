//! `cargo xtask spec`: every requirement of `docs/protocol` is cited by code and by a test.
//!
//! A requirement is a list item of the form `- **SYNC-7** One sentence.`; citing means naming its id in a comment, alone
//! or in a range (`SYNC-5 to SYNC-8`). A page that code names must be there, too.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result, bail};

use crate::{process, purity};

/// Checks the citations.
pub(crate) fn run() -> Result<()> {
    let requirements = requirements()?;
    let mut code = BTreeSet::new();
    let mut tests = BTreeSet::new();
    let mut wrong = Vec::new();
    for folder in ["crates", "fuzz"] {
        for path in purity::rust_files(&process::root().join(folder))? {
            // The examples in this checker's own tests are no citations.
            if path.starts_with(process::root().join("crates/xtask/src")) {
                continue;
            }
            let shown = path.strip_prefix(process::root()).unwrap_or(&path);
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let is_test = path.components().any(|c| matches!(c.as_os_str().to_str(), Some("tests" | "tests.rs")));
            // Unit tests stand at the end of a file.
            let (in_code, in_test) = match text.split_once("\n#[cfg(test)]") {
                _ if is_test => ("", text.as_str()),
                Some((code, test)) => (code, test),
                None => (text.as_str(), ""),
            };
            for page in pages(&text).filter(|page| !process::root().join("docs/protocol").join(page).exists()) {
                wrong.push(format!("{} names {page}, which is no page of docs/protocol", shown.display()));
            }
            code.extend(ids(in_code));
            tests.extend(ids(in_test));
        }
    }
    wrong.extend(uncited(&requirements, &code, &tests));
    if !wrong.is_empty() {
        bail!("requirements and code do not agree:\n  {}", wrong.join("\n  "));
    }
    println!("{} requirements, each cited by code and by a test", requirements.len());
    Ok(())
}

/// The requirements of `docs/protocol`: id and page.
fn requirements() -> Result<BTreeMap<String, String>> {
    let folder = process::root().join("docs/protocol");
    let mut requirements = BTreeMap::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry.with_context(|| format!("cannot read {}", folder.display()))?.path();
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let page = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for id in text.lines().filter_map(definition) {
            if let Some(other) = requirements.insert(id.to_owned(), page.clone()) {
                bail!("{id} is defined twice: in docs/protocol/{other} and docs/protocol/{page}");
            }
        }
    }
    if requirements.is_empty() {
        bail!("no page of {} defines a requirement", folder.display());
    }
    Ok(requirements)
}

/// The id that a line defines.
fn definition(line: &str) -> Option<&str> {
    line.strip_prefix("- **")?.split_once("** ").map(|(id, _)| id).filter(|word| id(word).is_some())
}

/// What is not cited as it should be, and what is cited but not defined, one sentence each.
fn uncited(requirements: &BTreeMap<String, String>, code: &BTreeSet<String>, tests: &BTreeSet<String>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (id, page) in requirements {
        match (code.contains(id), tests.contains(id)) {
            (true, true) => {}
            (false, true) => wrong.push(format!("{id} (docs/protocol/{page}) is cited by no code")),
            (true, false) => wrong.push(format!("{id} (docs/protocol/{page}) is cited by no test")),
            (false, false) => wrong.push(format!("{id} (docs/protocol/{page}) is cited nowhere")),
        }
    }
    let families: BTreeSet<_> = requirements.keys().filter_map(|id| id.rsplit_once('-')).map(|(f, _)| f).collect();
    for id in code.union(tests).filter(|id| !requirements.contains_key(*id)) {
        if id.rsplit_once('-').is_some_and(|(family, _)| families.contains(family)) {
            wrong.push(format!("{id} is cited, but no page of docs/protocol defines it"));
        }
    }
    wrong
}

/// All ids in a text (capitals, a hyphen, digits), and those between the ends of a range.
fn ids(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut before = ["", ""];
    for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').filter(|word| !word.is_empty()) {
        if let Some((family, last)) = id(word) {
            let first = match (id(before[0]), before[1]) {
                (Some((same, first)), "to") if same == family => first,
                _ => last,
            };
            found.extend((first..=last).map(|number| format!("{family}-{number}")));
        }
        before = [before[1], word];
    }
    found
}

/// The pages of `docs/protocol` that a text names: two digits, a hyphen, a name, `.md`.
fn pages(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '.');
    words.map(|word| word.trim_end_matches('.')).filter(|word| {
        let is_numbered =
            word.split_once('-').is_some_and(|(n, _)| n.len() == 2 && n.bytes().all(|b| b.is_ascii_digit()));
        is_numbered && word.ends_with(".md")
    })
}

/// The family and number of an id.
fn id(word: &str) -> Option<(&str, u32)> {
    let (family, number) = word.split_once('-')?;
    let is_family = family.len() >= 2 && family.bytes().all(|b| b.is_ascii_uppercase());
    let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    if is_family && is_number { Some((family, number.parse().ok()?)) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_as_whole_words() {
        let found = ids("/// SYNC-7, (STREAM-12); not UTF-8x, A-1, SYNC-, sync-3 or X-SYNC-7-Y");
        assert_eq!(Vec::from_iter(found), ["STREAM-12", "SYNC-7"]);
        let found = ids("Implements SYNC-9 to SYNC-11, STREAM-1 to ROSTER-2.");
        assert_eq!(Vec::from_iter(found), ["ROSTER-2", "STREAM-1", "SYNC-10", "SYNC-11", "SYNC-9"]);
    }

    #[test]
    fn pages_are_found_where_code_names_them() {
        let found: Vec<_> =
            pages("see `docs/protocol/20-control.md`, 30-stream.md. Not README.md, 0001-one.md").collect();
        assert_eq!(found, ["20-control.md", "30-stream.md"]);
    }

    #[test]
    fn a_requirement_is_a_list_item_in_bold() {
        assert_eq!(definition("- **WIRE-1** A packet begins with a header."), Some("WIRE-1"));
        for other in ["WIRE-1", "- WIRE-1 text", "- **Note** text", "| **WIRE-1** | text |", "- **WIRE-1**"] {
            assert_eq!(definition(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_uncited_or_undefined_is_named() {
        let requirements: BTreeMap<_, _> =
            ["WIRE-1", "WIRE-2", "WIRE-3"].iter().map(|id| (id.to_string(), "x.md".to_string())).collect();
        let set = |ids: &[&str]| ids.iter().map(|id| id.to_string()).collect();
        let wrong = uncited(&requirements, &set(&["WIRE-1", "WIRE-2", "UTF-8"]), &set(&["WIRE-1", "WIRE-9"]));
        assert_eq!(
            wrong,
            [
                "WIRE-2 (docs/protocol/x.md) is cited by no test",
                "WIRE-3 (docs/protocol/x.md) is cited nowhere",
                "WIRE-9 is cited, but no page of docs/protocol defines it",
            ]
        );
    }
}
