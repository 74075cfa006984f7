//! A network of its own, made by util-linux and iproute2, for an ordinary user as well: `unshare --map-root-user --net`.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

/// The address of the one interface, which everything is sent by.
pub(super) const HERE: &str = "10.77.0.1";

/// Makes an interface that multicasts, of whichever kind there is, with an address and all routes; then waits, to be killed
/// with its parent.
const NETWORK: &str = "\
ip link set lo up || exit 1
{ ip link add d0 type dummy || ip link add d0 type bridge || ip link add d0 type veth; } 2>/dev/null
ip addr add 10.77.0.1/24 broadcast + dev d0 && ip link set d0 up && ip route add default dev d0 || exit 1
echo ready
exec setpriv --pdeathsig KILL -- sleep 3600";

/// A network; it ends with what runs in it when it is dropped.
pub(super) struct Seclusion {
    holder: Child,
}

/// A program in it whose lines of standard output are kept.
pub(super) struct Talking {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Seclusion {
    pub(super) fn new() -> Self {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--net", "--", "sh", "-c", NETWORK]).stdout(Stdio::piped());
        let mut holder = command.spawn().expect("unshare of util-linux runs");
        let mut word = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut word).unwrap();
        assert_eq!(word, "ready\n", "a network namespace can be made here, as by `unshare --map-root-user --net`");
        Self { holder }
    }

    /// A program in this network.
    pub(super) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.holder.id().to_string(), "--user", "--net", "--preserve-credentials", "--"]);
        // It ends when the test's process dies.
        command.args(["setpriv", "--pdeathsig", "KILL", "--"]).arg(program);
        command.stdin(Stdio::null()).env_remove("RUST_LOG");
        command
    }
    /// `cuelight dmx` in this network.
    pub(super) fn dmx(&self, args: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_cuelight"));
        command.arg("dmx").args(args);
        command
    }
}

impl Drop for Seclusion {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

impl Talking {
    pub(super) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (out, kept) = (child.stdout.take().unwrap(), lines.clone());
        thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                kept.lock().unwrap().push(line);
            }
        });
        Self { child, lines }
    }
    /// Its lines so far, as JSON.
    pub(super) fn said(&self) -> Vec<Value> {
        self.lines.lock().unwrap().iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
    pub(super) fn child(&mut self) -> &mut Child {
        &mut self.child
    }
}

impl Drop for Talking {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            let lines = self.lines.lock().unwrap();
            eprintln!("--- the last it said:\n{}\n---", lines[lines.len().saturating_sub(5)..].join("\n"));
        }
    }
}

/// A running program that is killed when it is dropped.
pub(super) struct Killed(pub(super) Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
