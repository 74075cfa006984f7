//! How much memory there is, for the figures (PATTERN-9).

use nix::sys::sysinfo::sysinfo;

/// Memory that nobody uses, bytes; 0 when the system does not tell.
pub(super) fn free() -> u64 {
    sysinfo().map_or(0, |info| info.ram_unused())
}
