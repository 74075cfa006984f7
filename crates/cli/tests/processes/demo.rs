//! `cuelight demo --headless`: its report has every key that scripts read, and every change in one frame; `--show`: what comes
//! over the wire is what the show says.

use std::fs;
use std::time::Duration;

use serde_json::Value;
use tempfile::tempdir;

use crate::support::run;

/// A show of four seconds with its beginning, its end, and twice the room a busy machine needs.
const LIMIT: Duration = Duration::from_secs(60);

fn report(options: &[&str]) -> Value {
    let folder = tempdir().unwrap();
    let file = folder.path().join("report.json").display().to_string();
    let base = ["demo", "--headless", "--nodes", "2", "--scene-changes", "5", "--seconds", "4", "--no-faults"];
    let finished = run(folder.path(), LIMIT, [&base[..], &["--report", &file], options].concat());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap()
}

fn assert_keys(report: &Value) {
    for (key, fields) in [
        ("clock_error_us", &["p50", "p99", "max"][..]),
        ("scene_changes", &["sent", "same_frame"]),
        ("frame_spread_us", &["p50", "p99", "max"]),
        ("tick", &["hz", "overruns", "cost_us_p99"]),
        ("rss_mib", &["hub", "node_max"]),
        ("own_memory_mib", &["hub", "node_max"]),
    ] {
        for field in fields {
            assert!(report[key][field].is_number(), "{key}.{field} in {report}");
        }
    }
    for key in ["render_us_p99", "loss_pct"] {
        assert!(report[key].is_number(), "{key} in {report}");
    }
    let locks = report["lock_ms"].as_array().unwrap();
    assert!(locks.len() == 2 && locks.iter().all(Value::is_number), "lock_ms in {report}");
}

fn assert_every_change_in_one_frame(report: &Value) {
    assert_eq!(report["scene_changes"]["sent"], 5, "{report}");
    assert_eq!(report["scene_changes"]["same_frame"], 5, "{report}");
}

/// HUB-9
#[test]
fn a_measured_show_reports_every_figure() {
    let report = report(&[]);
    assert_keys(&report);
    assert_every_change_in_one_frame(&report);
    assert_eq!(report["loss_pct"], 0.0);
}

#[test]
fn with_a_fifth_of_everything_lost_every_change_is_still_in_one_frame() {
    let report = report(&["--loss", "20", "--seed", "7"]);
    assert_keys(&report);
    assert_every_change_in_one_frame(&report);
    assert_eq!(report["loss_pct"], 20.0);
}

/// CUE-8, DMX-50: how exact it is only a machine with nothing else to do can show.
#[test]
fn a_measured_show_of_cues_is_played_over_a_hub_that_is_killed_and_reports_every_figure() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("report.json").display().to_string();
    let base = ["demo", "--show", "--headless", "--nodes", "2", "--goes", "5", "--seconds", "8", "--report", &file];
    let finished = run(folder.path(), 2 * LIMIT, base);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let report: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let count =
        |key: &str, field: &str| report[key][field].as_u64().unwrap_or_else(|| panic!("{key}.{field}: {report}"));
    assert_eq!((&report["label"], &report["universes"]), (&"Two minutes".into(), &12.into()), "{report}");
    assert!(count("levels", "changes") > 100 && count("levels", "packets") > 100, "{report}");
    // Steps may come late on a machine that has much to do; most packets are right even so.
    assert!(2 * count("levels", "right") > count("levels", "packets"), "{report}");
    assert!(count("hub_killed", "packets") > 0 && count("hub_killed", "fade_left_ms") > 0, "{report}");
    assert_eq!(count("go", "called"), 5, "{report}");
    for field in ["took_us", "frame_wait_us", "beyond_us"] {
        assert!(report["go"][field]["p99"].is_number(), "{field} in {report}");
    }
}

#[test]
fn a_show_file_with_a_fault_is_refused_with_its_place() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("show.toml");
    fs::write(&file, "show-file = 1\nlabel = 3\n").unwrap();
    let finished = run(folder.path(), LIMIT, ["demo", "--show", &file.display().to_string(), "--headless"]);
    assert!(finished.code == Some(2) && finished.stderr.contains("show.toml:2:"), "{finished:?}");
}
