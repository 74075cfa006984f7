//! The hub behaves as its description says, whatever it is sent: schemathesis makes requests from the description, valid and
//! invalid ones, and compares the answers with it.

use std::env;
use std::path::Path;
use std::process::Command;

use crate::support::{Hub, SOON, run};

/// What is compared. That every valid request succeeds is not: names of nodes and effects are not in the description.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,\
                      response_headers_conformance,unsupported_method,negative_data_rejection";
/// Calls that are left out: answers that do not end or change the protocol.
const LEFT_OUT: [&str; 2] = ["/api/v1/events", "/api/v1/live"];
/// The one that would leave the calls of cue lists without a show.
const UNLOAD: &str = "unloadShow";
/// What lists are there for the calls of cue lists.
const SHOW: &str = "../../examples/two-minutes/show.toml";

/// HUB-12, HUB-5
#[test]
fn requests_made_from_the_description_are_answered_as_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::start(folder.path(), &[]);
    let show = Path::new(env!("CARGO_MANIFEST_DIR")).join(SHOW).display().to_string();
    let loaded = run(folder.path(), SOON, ["cue", "load", &show, "--hub", &hub.at.to_string()]);
    assert_eq!(loaded.code, Some(0), "{loaded:?}");
    let program = env::var_os("CUELIGHT_SCHEMATHESIS").unwrap_or_else(|| "schemathesis".into());
    let mut command = Command::new(program);
    command.current_dir(folder.path()).arg("run").arg(format!("http://{}/api/v1/openapi.json", hub.at));
    // Some 2,200 requests, 40 s where two cores have other things to do.
    command.args(["--phases", "examples,coverage,fuzzing", "--max-examples", "5", "--seed", "1"]);
    command.args(["--warnings", "off", "--no-color", "--checks", CHECKS]);
    command.args(["--exclude-path-regex", &format!("^({})$", LEFT_OUT.join("|"))]);
    command.args(["--exclude-operation-id", UNLOAD]);
    // What it cannot write by itself: show files.
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python");
    command.env("SCHEMATHESIS_HOOKS", "schemathesis_hooks").env("PYTHONPATH", python);
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    let output = command.output().expect("there is schemathesis: cargo xtask test installs it");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let tested = said.lines().find_map(|line| line.trim().strip_prefix("Tested: ")?.parse::<usize>().ok());
    assert!(tested.is_some_and(|tested| tested >= 46), "{said}");
    assert_eq!(hub.get("/health")["status"], "ok");
    assert!(hub.get("/api/v1/cues")["show"].is_object(), "the calls of cue lists had a show");
}
