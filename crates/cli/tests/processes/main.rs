//! A hub and nodes as separate processes on this machine's loopback, from outside: what people and devices see.
//!
//! Tests here may use clocks. They wait for conditions, each with a limit, and run one at a time (`cargo xtask test`).
//! Every process has a folder of its own, ports the system chose, a clock of its own, and dies with its test.

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

mod accounts;
mod cues;
mod dashboard;
mod demo;
mod deployed;
mod description;
mod dissection;
mod distribution;
mod full_disk;
mod hostile;
mod keep;
mod leash;
mod lighting;
mod lights;
mod ota;
mod outputs;
mod patch_words;
mod pattern_words;
mod patterns;
mod play;
mod refused;
mod restart;
mod show;
mod support;
mod tls;
mod updates;
