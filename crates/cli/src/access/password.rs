//! Reading a password: from the terminal without showing it, or from a pipe; never from the command line, which everybody on the
//! machine sees.

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::{Context, Result, bail};
use nix::sys::termios::{self, LocalFlags, SetArg};

/// Reads a new password; a person types it twice.
pub(super) fn read_new(account: &str) -> Result<String> {
    let first = read(&format!("Password of {account}: "))?;
    if io::stdin().is_terminal() && read("Once more: ")? != first {
        bail!("the two are not the same; nothing is changed");
    }
    Ok(first)
}

fn read(prompt: &str) -> Result<String> {
    let stdin = io::stdin();
    let shown = match termios::tcgetattr(&stdin) {
        Ok(shown) => shown,
        // No terminal: what somebody pipes in is a line too.
        Err(_) => return line(),
    };
    eprint!("{prompt}");
    io::stderr().flush().ok();
    let mut hidden = shown.clone();
    hidden.local_flags.remove(LocalFlags::ECHO);
    termios::tcsetattr(&stdin, SetArg::TCSAFLUSH, &hidden).context("the terminal cannot hide a password")?;
    let typed = line();
    // The terminal is as it was, whatever came.
    let restored = termios::tcsetattr(&stdin, SetArg::TCSANOW, &shown);
    eprintln!();
    restored.context("the terminal cannot be set back: type `stty echo`")?;
    typed
}

fn line() -> Result<String> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).context("no password can be read from standard input")?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("no password came on standard input");
    }
    Ok(password.to_owned())
}
