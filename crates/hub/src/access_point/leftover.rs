//! Tools that a hub which was killed left behind: they are known by the configuration file they were given, which lies in
//! this hub's data folder, which no other hub uses.

use std::fs;
use std::path::Path;

use cuelight_wire::time::{Local, Span, Time};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tracing::warn;

/// How long one may take to end when it is asked to.
const PATIENCE: Span = Span::from_s(3);

/// The tools found, and since when they have been asked to end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Leftovers {
    asked_at: Option<Time<Local>>,
}

impl Leftovers {
    /// Whether no process of `program` with the file `config` is left; asks those there are to end, and ends them by
    /// force when they take too long.
    pub(super) fn are_gone(&mut self, program: &str, config: &Path, now: Time<Local>) -> bool {
        let found: Vec<Pid> =
            processes().filter(|(_, words)| is_ours(words, program, config)).map(|(pid, _)| pid).collect();
        if found.is_empty() {
            self.asked_at = None;
            return true;
        }
        let is_first = self.asked_at.is_none();
        let signal = if now - *self.asked_at.get_or_insert(now) < PATIENCE { Signal::SIGTERM } else { Signal::SIGKILL };
        for pid in found {
            if is_first {
                warn!("{program} (process {pid}) is left from an earlier run and is ended");
            }
            // It may have ended by itself.
            let _ = kill(pid, signal);
        }
        false
    }
}

/// All processes with their command lines.
fn processes() -> impl Iterator<Item = (Pid, Vec<String>)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let line = fs::read(entry.path().join("cmdline")).ok()?;
        let words = line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned());
        Some((Pid::from_raw(pid), words.collect()))
    })
}

/// Whether a command line is that of `program` with the file `config`, alone or after an option's equals sign.
fn is_ours(words: &[String], program: &str, config: &Path) -> bool {
    let Some((first, rest)) = words.split_first() else { return false };
    let is_program = Path::new(first).file_name().is_some_and(|name| name == program);
    let config = config.to_string_lossy();
    is_program && rest.iter().any(|word| word.strip_suffix(&*config).is_some_and(|b| b.is_empty() || b.ends_with('=')))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AP-6
    #[test]
    fn only_the_tool_itself_with_this_hubs_file_is_ours() {
        let config = Path::new("/data/hub/access-point/dnsmasq.conf");
        let is_ours = |line: &str| is_ours(&line.split(' ').map(str::to_owned).collect::<Vec<_>>(), "dnsmasq", config);
        assert!(is_ours("/usr/sbin/dnsmasq --conf-file=/data/hub/access-point/dnsmasq.conf -k"));
        assert!(is_ours("dnsmasq -C /data/hub/access-point/dnsmasq.conf"));
        assert!(!is_ours("dnsmasq --conf-file=/etc/dnsmasq.conf"));
        assert!(!is_ours("dnsmasq --conf-file=/other/data/hub/access-point/dnsmasq.conf"));
        assert!(!is_ours("cuelight leash /usr/sbin/dnsmasq --conf-file=/data/hub/access-point/dnsmasq.conf"));
        assert!(!is_ours("vi /data/hub/access-point/dnsmasq.conf"));
        assert!(!is_ours(""));
    }

    /// AP-6
    #[test]
    fn nothing_is_left_of_a_hub_that_never_was() {
        let mut leftovers = Leftovers::default();
        assert!(leftovers.are_gone("dnsmasq", Path::new("/nowhere/dnsmasq.conf"), Time::ZERO));
    }
}
