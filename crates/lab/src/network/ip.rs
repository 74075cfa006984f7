//! Interfaces, addresses and bridges, by the `ip` command.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Carries out lines such as `link set lo up` in the network namespace of the calling thread, all or an error.
pub(crate) fn ip(lines: &[impl AsRef<str>]) -> Result<()> {
    let mut command = Command::new("ip");
    command.args(["-batch", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().context("`ip` cannot be started: install iproute2")?;
    let mut stdin = child.stdin.take().expect("stdin is piped");
    for line in lines {
        writeln!(stdin, "{}", line.as_ref()).context("`ip` reads no more")?;
    }
    drop(stdin);
    let output = child.wait_with_output().context("`ip` cannot be waited for")?;
    if !output.status.success() {
        let lines: Vec<&str> = lines.iter().map(AsRef::as_ref).collect();
        bail!("`ip` refuses one of {lines:?}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
