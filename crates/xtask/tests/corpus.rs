//! The corpora of the fuzz targets, run as ordinary tests: what a fuzzer once found is never lost.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use cuelight_fuzz::TARGETS;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// Runs a target over its corpus. A panic names the input that made it.
fn replay(target: &str) {
    let (_, body) = TARGETS.iter().find(|(name, _)| *name == target).expect("a target of this name");
    let folder = fuzz().join("corpus").join(target);
    let mut inputs: Vec<_> =
        fs::read_dir(&folder).expect("a corpus folder").map(|e| e.expect("a file").path()).collect();
    inputs.sort();
    assert!(!inputs.is_empty(), "{} is empty", folder.display());
    for input in &inputs {
        let bytes = fs::read(input).expect("a readable file");
        if std::panic::catch_unwind(|| body(&bytes)).is_err() {
            panic!("{target} does not hold for {}", input.display());
        }
        // Everything a seed leads to is reached by cutting it short, too.
        for len in (0..bytes.len()).step_by(1 + bytes.len() / 64) {
            assert!(std::panic::catch_unwind(|| body(&bytes[..len])).is_ok(), "{}, cut at {len}", input.display());
        }
    }
}

#[test]
fn lighting_packets_hold_over_their_corpora() {
    replay("artnet");
    replay("ddp");
    replay("sacn");
    replay("lighting");
}

#[test]
fn the_conductor_holds_over_its_corpus() {
    replay("conductor");
}

#[test]
fn control_messages_hold_over_their_corpus() {
    replay("control_json");
}

#[test]
fn the_time_exchange_holds_over_its_corpus() {
    replay("exchange");
}

#[test]
fn a_node_that_follows_cues_holds_over_its_corpus() {
    replay("follower");
}

#[test]
fn full_states_hold_over_their_corpus() {
    replay("full_state");
}

#[test]
fn the_node_role_holds_over_its_corpus() {
    replay("node_role");
}

#[test]
fn pattern_files_hold_over_their_corpus() {
    replay("prism");
}

#[test]
fn the_receiver_holds_over_its_corpus() {
    replay("receiver");
}

#[test]
fn the_session_machine_holds_over_its_corpus() {
    replay("session");
}

#[test]
fn a_whole_show_holds_over_its_corpus() {
    replay("show");
}

#[test]
fn both_ends_of_the_time_exchange_hold_over_their_corpus() {
    replay("sync_pair");
}

#[test]
fn stream_packets_hold_over_their_corpus() {
    replay("stream_packet");
}

#[test]
fn pattern_sessions_hold_over_their_corpus() {
    replay("pattern_session");
}

#[test]
fn frames_of_the_pattern_upload_hold_over_their_corpus() {
    replay("tlv");
}

#[test]
fn manifests_signatures_and_the_launchers_state_hold_over_their_corpora() {
    replay("ota_manifest");
    replay("ota_signed");
    replay("ota_boot");
}

#[test]
fn show_files_and_imported_fixtures_hold_over_their_corpora() {
    replay("gdtf");
    replay("ofl");
    replay("show_file");
}

#[test]
fn every_target_has_a_file_a_corpus_and_a_test() {
    let names = |folder: &str, suffix: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(fuzz().join(folder)).expect("a folder");
        let name =
            |e: std::io::Result<fs::DirEntry>| e.expect("an entry").file_name().into_string().expect("a plain name");
        entries.map(name).map(|name| name.trim_end_matches(suffix).to_owned()).collect()
    };
    let targets: BTreeSet<_> = TARGETS.iter().map(|(name, _)| name.to_string()).collect();
    assert_eq!(names("fuzz_targets", ".rs"), targets);
    assert_eq!(names("corpus", ""), targets);
    for target in &targets {
        assert!(include_str!("corpus.rs").contains(&format!("replay(\"{target}\")")), "{target}");
    }
}
