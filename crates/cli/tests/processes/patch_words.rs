//! `cuelight patch` from the command line: a show file is patched word by word, and stays readable.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::tempdir;

use crate::support::{Finished, run};

const PATIENCE: Duration = Duration::from_secs(30);

/// A show file with a comment that people wrote.
const SHOW: &str = r#"show-file = 1
label = "Club"
# the old dimmers stay
[[fixture-type]]
name = "Dimmer"
[[fixture-type.mode]]
name = "One"
channels = [{ attribute = "Dimmer", slots = [1] }]
"#;

struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { folder: tempdir().unwrap() };
        fs::write(desk.show(), SHOW).unwrap();
        desk
    }
    fn show(&self) -> PathBuf {
        self.folder.path().join("show.toml")
    }
    fn patch(&self, word: &str, rest: &[&str]) -> Finished {
        let show = self.show().display().to_string();
        let words = ["patch", word].into_iter().map(str::to_owned).chain([show]);
        run(self.folder.path(), PATIENCE, words.chain(rest.iter().map(|word| (*word).to_owned())))
    }
    fn done(&self, word: &str, rest: &[&str]) -> String {
        let finished = self.patch(word, rest);
        assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""), "{word} {rest:?}: {finished:?}");
        finished.stdout
    }
    fn json(&self, word: &str, rest: &[&str]) -> Value {
        let words: Vec<&str> = rest.iter().copied().chain(["--json"]).collect();
        serde_json::from_str(&self.done(word, &words)).unwrap()
    }
    fn refused(&self, word: &str, rest: &[&str], code: i32, reason: &str) {
        let before = fs::read(self.show()).unwrap();
        let finished = self.patch(word, rest);
        assert_eq!(finished.code, Some(code), "{word} {rest:?}: {finished:?}");
        assert!(finished.stderr.contains(reason), "{word} {rest:?}: {finished:?}");
        assert_eq!(fs::read(self.show()).unwrap(), before, "what is refused changes nothing");
    }
}

#[test]
fn a_show_is_patched_word_by_word_and_keeps_its_comments() {
    let desk = Desk::new();
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/tests/files/pixel-bar.json");
    let (library, show) = (library.display().to_string(), desk.show().display().to_string());
    let words = ["patch", "import", &library, "--into", &show, "--mode", "Whole", "--name", "Bar"];
    let imported = run(desk.folder.path(), PATIENCE, words);
    assert_eq!(imported.code, Some(0), "{imported:?}");
    assert!(imported.stdout.contains("\"Bar\" is in the show"), "{imported:?}");

    let added = desk.json("add", &["--type", "Dimmer", "--count", "3", "--address", "1.10", "--label", "front"]);
    let labels: Vec<_> = added.as_array().unwrap().iter().map(|fixture| fixture["label"].clone()).collect();
    assert_eq!(labels, ["front 1", "front 2", "front 3"]);
    assert_eq!(added[2], json!({ "fixture": 3, "label": "front 3", "addresses": ["1.12"] }));
    // The bar has four slots: the first free ones are before the dimmers.
    assert_eq!(desk.done("add", &["--type", "Bar"]).trim_end(), "fixture 4 at 1.1..4");
    assert_eq!(desk.done("move", &["4", "2.101"]).trim_end(), "fixture 4 is at 2.101");
    assert_eq!(desk.json("move", &["1", "--unpatch"])["addresses"], json!([]));
    assert_eq!(desk.done("move", &["1", "--free", "3"]).trim_end(), "fixture 1 is at 3.1");
    assert_eq!(desk.done("group", &["all", "1..4"]).trim_end(), "group \"all\" has 4 fixtures");
    assert_eq!(desk.done("remove", &["2"]).trim_end(), "1 fixtures removed");

    let listed = desk.json("list", &[]);
    let rows: Vec<_> = listed.as_array().unwrap().iter().map(|row| (&row["fixture"], &row["addresses"][0])).collect();
    assert_eq!(rows, [(&json!(1), &json!("3.1")), (&json!(3), &json!("1.12")), (&json!(4), &json!("2.101"))]);
    assert!(listed.as_array().unwrap().iter().all(|row| row["groups"] == json!(["all"])), "{listed}");
    let sheet = desk.done("sheet", &[]);
    assert!(sheet.contains("101..104") && sheet.contains("front 3"), "{sheet}");
    assert!(desk.done("sheet", &["--html"]).starts_with("<!"), "a page for a browser");
    assert_eq!(desk.done("conflicts", &[]).trim_end(), "no conflicts");
    assert_eq!(desk.done("group", &["all", "--delete"]).trim_end(), "group \"all\" deleted");

    let text = fs::read_to_string(desk.show()).unwrap();
    assert!(text.starts_with("show-file = 1\nlabel = \"Club\"\n# the old dimmers stay\n"), "{text}");
    let checked = run(desk.folder.path(), PATIENCE, ["check", show.as_str()]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
}

#[test]
fn what_would_make_a_conflict_is_refused_and_conflicts_that_are_there_are_told() {
    let desk = Desk::new();
    desk.done("add", &["--type", "Dimmer", "--count", "2", "--address", "1.10"]);
    desk.refused("add", &["--type", "Spot"], 1, "there are: \"Dimmer\"");
    desk.refused("move", &["2", "1.10"], 1, "1.10");
    desk.refused("move", &["7", "1.1"], 1, "there is no fixture 7");
    desk.refused("move", &["2", "1.513"], 2, "1.513");
    desk.refused("add", &["--type", "Dimmer", "--number", "1"], 1, "there is a fixture 1 already");
    desk.refused("group", &["front", "1..9"], 1, "3");
    desk.refused("remove", &["9"], 1, "there is no fixture 9");

    // Somebody edits the file by hand.
    let by_hand = fs::read_to_string(desk.show()).unwrap().replace("1.11", "1.10");
    fs::write(desk.show(), by_hand).unwrap();
    desk.refused("conflicts", &[], 1, "there is a conflict");
    let told = desk.patch("conflicts", &[]);
    assert!(told.stdout.contains("1.10"), "{told:?}");
    fs::write(desk.show(), "show-file = 1\nlabel = 7\n").unwrap();
    desk.refused("list", &[], 2, "show.toml:2");
}
