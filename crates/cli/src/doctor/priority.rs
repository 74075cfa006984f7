//! Real-time priority.

use std::thread;

use cuelight_net::realtime::make_thread_realtime;

use super::Finding;

const NAME: &str = "real-time priority";
/// The highest that hub and nodes ask for: the frame loop's.
pub(super) const PRIORITY: u8 = 70;

pub(super) fn check() -> Finding {
    // On a thread of its own, which ends with its priority.
    match thread::spawn(|| make_thread_realtime(PRIORITY)).join() {
        Ok(Ok(())) => Finding::ok(NAME, "permitted"),
        Ok(Err(refused)) => {
            let advice = "sudo setcap cap_sys_nice+ep $(command -v cuelight), or a line 'USER - rtprio 60' in \
                          /etc/security/limits.conf";
            Finding::warn(NAME, refused.to_string().split(':').next().unwrap_or_default(), advice)
        }
        Err(_) => Finding::fail(NAME, "the check itself failed", "report this with the message above"),
    }
}
