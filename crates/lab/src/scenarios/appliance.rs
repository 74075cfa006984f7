//! What the scenarios of the hub's own network share: the system's tools, and which of them run.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use nix::unistd::getuid;

use crate::stage::Unfit;

/// Refuses a machine that lacks a tool, or on which dnsmasq cannot change to a user of its own: in the namespaces of an
/// ordinary user there is no other.
pub(super) fn check_tools(tools: &[&str]) -> Result<()> {
    let is_root =
        getuid().is_root() && fs::read_to_string("/proc/self/uid_map")?.split_whitespace().nth(2) != Some("1");
    if !is_root {
        return Err(Unfit("needs root: dnsmasq changes to another user".to_owned()).into());
    }
    let missing: Vec<_> = tools.iter().filter(|tool| Command::new(tool).arg("--help").output().is_err()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Unfit(format!("needs {missing:?}: apt-get install hostapd dnsmasq-base udhcpc")).into())
}

/// Command lines of hostapd and dnsmasq that work with files of this folder. The lab has process numbers of its own, so they
/// are all there are.
pub(super) fn tools_with(dir: &Path) -> usize {
    let dir = dir.to_string_lossy();
    let is_tool = |line: &str| {
        let program = line.split('\0').next().unwrap_or_default();
        (program.ends_with("hostapd") || program.ends_with("dnsmasq")) && line.contains(&*dir)
    };
    files("cmdline").iter().filter(|(_, line)| is_tool(line)).count()
}

/// A file of every process in /proc, with the number of the process.
pub(super) fn files(name: &str) -> Vec<(u32, String)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let files = entries.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let text = fs::read(entry.path().join(name)).ok()?;
        Some((pid, String::from_utf8_lossy(&text).into_owned()))
    });
    files.collect()
}
