//! Memory of a process, from /proc, for reports.

use std::fs;
use std::io;

/// Resident memory of a process, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resident {
    /// Now (VmRSS).
    pub now: u64,
    /// The most it ever was (VmHWM).
    pub peak: u64,
    /// Of what is resident now, what is the process's own (RssAnon): the rest are pages of its program, which the kernel keeps
    /// for all who run it and drops when it needs the room.
    pub own: u64,
}

/// Resident memory of the process `pid`, or of the calling one.
///
/// # Errors
/// When there is no such process, or it has ended and waits to be collected.
pub fn resident(pid: Option<u32>) -> io::Result<Resident> {
    let who = pid.map_or_else(|| String::from("self"), |pid| pid.to_string());
    let status = fs::read_to_string(format!("/proc/{who}/status"))?;
    let field = |name: &str| {
        kib_field(&status, name).ok_or_else(|| {
            io::Error::new(io::ErrorKind::NotFound, format!("process {who} has no {name}: it has ended"))
        })
    };
    Ok(Resident { now: field("VmRSS:")?, peak: field("VmHWM:")?, own: field("RssAnon:")? })
}

/// Bytes of a line like `VmRSS:      1234 kB`.
fn kib_field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_resident_was_never_larger_than_its_peak_and_owns_a_part() {
        let this = resident(None).unwrap();
        assert!(this.own > 0 && this.now > this.own && this.peak >= this.now);
        assert!(resident(Some(std::process::id())).is_ok());
    }

    #[test]
    fn kibibytes_become_bytes() {
        assert_eq!(kib_field("VmHWM:\t   20 kB\nVmRSS:\t   12 kB\n", "VmRSS:"), Some(12 * 1024));
        assert_eq!(kib_field("State:\tZ (zombie)\n", "VmRSS:"), None);
    }
}
