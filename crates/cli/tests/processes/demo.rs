//! `cuelight demo --headless`: its report has every key that scripts read, and every change in one frame.

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
