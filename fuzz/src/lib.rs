//! The bodies of the fuzz targets: each takes any bytes and panics when a promise is broken.
//!
//! `fuzz_targets/` hands them to the fuzzer; the tests of `cargo xtask test` run them over `corpus/`.

pub mod artnet;
pub mod conductor;
pub mod control_json;
pub mod ddp;
pub mod exchange;
pub mod follower;
pub mod full_state;
pub mod gdtf;
pub mod lighting;
pub mod node_role;
pub mod ofl;
pub mod ota_boot;
pub mod ota_manifest;
pub mod ota_signed;
pub mod pattern_session;
pub mod prism;
pub mod receiver;
pub mod sacn;
mod script;
pub mod session;
pub mod show;
pub mod show_file;
pub mod stream_packet;
pub mod sync_pair;
pub mod tlv;

/// A target's body.
pub type Body = fn(&[u8]);

/// All targets, by the names of their files and corpora.
pub const TARGETS: [(&str, Body); 24] = [
    ("artnet", artnet::run),
    ("conductor", conductor::run),
    ("control_json", control_json::run),
    ("ddp", ddp::run),
    ("exchange", exchange::run),
    ("follower", follower::run),
    ("full_state", full_state::run),
    ("gdtf", gdtf::run),
    ("lighting", lighting::run),
    ("node_role", node_role::run),
    ("ofl", ofl::run),
    ("ota_boot", ota_boot::run),
    ("ota_manifest", ota_manifest::run),
    ("ota_signed", ota_signed::run),
    ("prism", prism::run),
    ("pattern_session", pattern_session::run),
    ("receiver", receiver::run),
    ("sacn", sacn::run),
    ("session", session::run),
    ("show", show::run),
    ("show_file", show_file::run),
    ("stream_packet", stream_packet::run),
    ("sync_pair", sync_pair::run),
    ("tlv", tlv::run),
];
