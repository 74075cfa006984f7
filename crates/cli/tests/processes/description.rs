//! The hub behaves as its description says, whatever it is sent: schemathesis makes requests from the description, valid and
//! invalid ones, and compares the answers with it.

use std::env;
use std::process::Command;

use crate::support::Hub;

/// What is compared. That every valid request succeeds is not: names of nodes and effects are not in the description.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,\
                      response_headers_conformance,unsupported_method,negative_data_rejection";
/// Calls that are left out: answers that do not end or change the protocol, and the calls of cue lists, which have not been tried
/// this way yet.
const LEFT_OUT: [&str; 4] = ["/api/v1/events", "/api/v1/live", "/api/v1/cues", "/api/v1/show/file"];

/// HUB-12, HUB-5
#[test]
fn requests_made_from_the_description_are_answered_as_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::start(folder.path(), &[]);
    let program = env::var_os("CUELIGHT_SCHEMATHESIS").unwrap_or_else(|| "schemathesis".into());
    let mut command = Command::new(program);
    command.current_dir(folder.path()).arg("run").arg(format!("http://{}/api/v1/openapi.json", hub.at));
    // Some 2,200 requests, 40 s where two cores have other things to do.
    command.args(["--phases", "examples,coverage,fuzzing", "--max-examples", "5", "--seed", "1"]);
    command.args(["--warnings", "off", "--no-color", "--checks", CHECKS]);
    command.args(["--exclude-path-regex", &format!("^({})$|^/api/v1/cues/", LEFT_OUT.join("|"))]);
    let output = command.output().expect("there is schemathesis: cargo xtask test installs it");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let tested = said.lines().find_map(|line| line.trim().strip_prefix("Tested: ")?.parse::<usize>().ok());
    assert!(tested.is_some_and(|tested| tested >= 40), "{said}");
    assert_eq!(hub.get("/health")["status"], "ok");
}
