//! Where this program keeps what it has to remember.

use std::env;
use std::path::PathBuf;

/// The folder for the state of `part`: in `$XDG_STATE_HOME/cuelight`, else in `~/.local/state/cuelight` (XDG base
/// directory specification), and without a home in the present folder.
pub(crate) fn state(part: &str) -> PathBuf {
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")));
    base.unwrap_or_default().join("cuelight").join(part)
}
