//! A hub as it is delivered: nobody gets in without a key or the code on its console, and what was done is written down.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::support::{Finished, Hub, SOON, run};

/// A hub that trusts nobody.
fn start(folder: &Path) -> Hub {
    Hub::start(folder, &["--trust-this-machine", "off"])
}

/// A subcommand against the hub, with further words.
fn say(folder: &Path, hub: &Hub, words: &[&str]) -> Finished {
    let at = hub.at.to_string();
    run(folder, SOON, [words, &["--hub", &at]].concat())
}

fn data(folder: &Path) -> String {
    folder.join("hub").display().to_string()
}

/// ACC-7, ACC-2
#[test]
fn the_hubs_own_machine_finds_its_key_and_makes_others_that_may_less() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, hub) = (folder.path(), start(folder.path()));
    let (status, answer) = hub.call("GET", "/api/v1/show", None, None);
    assert_eq!(status, 401, "{answer}");
    let nobody = say(folder, &hub, &["ctl", "status"]);
    assert!(nobody.code == Some(1) && nobody.stderr.contains("--key-file"), "{nobody:?}");

    let data = data(folder);
    let made = say(folder, &hub, &["key", "new", "desk", "--role", "viewer", "--data-dir", &data]);
    assert_eq!(made.code, Some(0), "{made:?}");
    let file = folder.join("desk.key");
    fs::write(&file, &made.stdout).unwrap();
    let file = file.to_str().unwrap();
    assert_eq!(say(folder, &hub, &["ctl", "status", "--key-file", file]).code, Some(0));
    let refused = say(folder, &hub, &["ctl", "blackout", "on", "--key-file", file]);
    assert!(refused.code == Some(1) && refused.stderr.contains("operator"), "{refused:?}");

    let list = say(folder, &hub, &["key", "list", "--data-dir", &data]).stdout;
    let key = made.stdout.trim();
    let id = key.split('_').nth(1).unwrap();
    assert!(list.contains(id) && list.contains("viewer") && !list.contains(&key[13..]), "{list}");
    assert_eq!(say(folder, &hub, &["key", "revoke", id, "--data-dir", &data]).code, Some(0));
    assert_eq!(say(folder, &hub, &["ctl", "status", "--key-file", file]).code, Some(1));
}

/// ACC-5, AUD-1
#[test]
fn the_console_has_the_code_of_the_first_account_and_the_log_shows_who_touched_it() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, mut hub) = (folder.path(), start(folder.path()));
    let first = json!({"code": hub.setup_code(), "account": "anna", "password": "a long enough sentence"});
    let (status, answer) = hub.call("POST", "/api/v1/setup", Some(&first), None);
    assert_eq!((status, &answer["role"]), (201, &json!("admin")), "{answer}");
    let (status, _) = hub.call("POST", "/api/v1/setup", Some(&first), None);
    assert_eq!(status, 409);
    hub.process.ask_to_end(nix::sys::signal::Signal::SIGTERM, SOON);

    let verify = || run(folder, SOON, ["audit", "verify", "--data-dir", &data(folder)]);
    let whole = verify();
    assert!(whole.code == Some(0) && whole.stdout.contains("entries 1 to"), "{whole:?}");
    let exported = run(folder, SOON, ["audit", "export", "--data-dir", &data(folder)]).stdout;
    assert!(exported.contains("as anna") && !exported.contains("sentence"), "{exported}");
    let log = folder.join("hub/audit.jsonl");
    fs::write(&log, exported.replace("as anna", "as eve ")).unwrap();
    let touched = verify();
    assert!(touched.code == Some(1) && touched.stderr.contains("was changed"), "{touched:?}");
    // Cut off at the end it is whole again, and yet not what it was.
    let last = whole.stdout.trim().rsplit(' ').next().unwrap().to_owned();
    fs::write(&log, exported.lines().take(1).map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    assert_eq!(verify().code, Some(0));
    let cut = run(folder, SOON, ["audit", "verify", "--data-dir", &data(folder), "--head", &last]);
    assert!(cut.code == Some(1) && cut.stderr.contains("cut off"), "{cut:?}");
}
