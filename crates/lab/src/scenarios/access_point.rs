//! The hub makes a Wi-Fi network: everything but the radio itself, which hostapd leaves out with its driver `none`.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use cuelight_measure::hub_api::HubApi;
use cuelight_measure::process::Process;
use cuelight_measure::verdict::Verdict;
use cuelight_measure::watch::until;
use cuelight_wire::limits::CTRL_HTTP_PORT;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::Deserialize;

use super::appliance;
use crate::cast::PATIENCE;
use crate::network::{HUB, Host, Network};
use crate::stage::{Scenario, Stage};

/// A password that can stand nowhere by chance.
const PASSWORD: &str = "Kx7 not in any list";
/// What deployed devices know.
const DEFAULT_PASSWORD: &str = "SpectraSynq";
/// How long a hub may take to end in order; its tools have 3 s of that.
const GRACE: Duration = Duration::from_secs(6);

pub(super) const SCENARIO: Scenario = Scenario {
    name: "access-point",
    claim: "a hub brings up a Wi-Fi network as far as hostapd's AP-ENABLED, keeps the password to itself, starts hostapd again when it \
            is killed or its interface was away, and leaves nothing behind",
    is_short: true,
    run,
};

fn run(stage: &Stage) -> Result<Vec<Verdict>> {
    appliance::check_tools(&["hostapd", "dnsmasq"])?;
    let mut network = Network::new(stage.seed)?;
    let host = network.plug("hub", None)?;
    // Other machines are answered by TLS only, the hub's own in plain text; and the cable will be pulled out.
    let _inside = host.enter()?;
    let password = stage.dir.join("password");
    fs::write(&password, format!("{PASSWORD}\n"))?;
    let own = ["--password-file", &password.display().to_string()].map(str::to_owned);

    let started = Instant::now();
    let mut hub = start(&host, stage, &own)?;
    let told = wait_until_on_air(&mut hub, stage)?;
    let on_air_ms = started.elapsed().as_secs_f64() * 1e3;
    let log = fs::read_to_string(stage.dir.join("hub.log"))?;
    let config = fs::read_to_string(stage.dir.join("hub/access-point/hostapd.conf"))?;
    ensure!(config.contains(PASSWORD), "hostapd did not get the password, so looking for it elsewhere shows nothing");
    let seen = places(stage, PASSWORD)?;
    let own_risks = told.risks.len();

    for (pid, _) in appliance::files("cmdline").iter().filter(|(_, line)| is_hostapd(line)) {
        kill(Pid::from_raw(i32::try_from(*pid)?), Signal::SIGKILL)?;
    }
    let killed = Instant::now();
    until("hostapd is started again", PATIENCE, || {
        hub.check()?;
        let told = api(stage).get::<Told>("/api/v1/access-point");
        let is_back = |told: Told| told.radio.on && told.programs.iter().any(|p| p.name == "hostapd" && p.starts == 2);
        anyhow::Ok(told.is_ok_and(is_back).then_some(()))
    })?;
    let back_ms = killed.elapsed().as_secs_f64() * 1e3;
    hub.end(GRACE)?;
    let left = appliance::tools_with(&stage.dir);
    let address_left = has_address(&host)?;

    let mut hub = start(&host, stage, &[])?;
    let told = wait_until_on_air(&mut hub, stage)?;
    let health: Health = api(stage).get("/health")?;
    let risks = [&told.risks, &health.risks].iter().filter(|risks| risks.len() == 1).count();
    let default_seen = places(stage, DEFAULT_PASSWORD)?;
    let plugged_ms = pull_out_and_put_back(stage)?;
    hub.end(GRACE)?;

    Ok(vec![
        Verdict::below("from the hub's start to AP-ENABLED", on_air_ms, "ms", 10_000.0, 1500.0),
        Verdict::all("AP-ENABLED stands in the log", usize::from(log.contains("AP-ENABLED")), 1),
        Verdict::none("places beside hostapd's file that hold the password", seen.len() as f64),
        Verdict::none("risks with a password of one's own", own_risks as f64),
        Verdict::below("hostapd on the air again after it was killed", back_ms, "ms", 3000.0, 1500.0),
        Verdict::below("on the air again after the interface was away", plugged_ms, "ms", 5000.0, 2000.0),
        Verdict::none("tools left after the hub's end", left as f64),
        Verdict::none("addresses left after the hub's end", f64::from(u8::from(address_left))),
        Verdict::all("answers that name a default password as a risk", risks, 2),
        Verdict::none("places beside hostapd's file that hold the default one", default_seen.len() as f64),
    ])
}

fn start(host: &Host, stage: &Stage, words: &[String]) -> Result<Process> {
    let mut command = Command::new(&stage.program);
    command.args(["hub", "--access-point", "eth0", "--radio", "none"]).args(words);
    command.arg("--data-dir").arg(stage.dir.join("hub"));
    host.spawn("hub", command, &stage.dir)
}

fn api(stage: &Stage) -> HubApi {
    HubApi::new(SocketAddr::from((Ipv4Addr::LOCALHOST, CTRL_HTTP_PORT)))
        .with_key_file(stage.dir.join("hub/operator.key"))
}

fn wait_until_on_air(hub: &mut Process, stage: &Stage) -> Result<Told> {
    until("the network is on the air", PATIENCE, || {
        hub.check()?;
        anyhow::Ok(api(stage).get::<Told>("/api/v1/access-point").ok().filter(|told| told.radio.on))
    })
}

/// The interface is pulled out and put back, as a Wi-Fi stick is; how long it takes from then to be on the air again.
fn pull_out_and_put_back(stage: &Stage) -> Result<f64> {
    let api = api(stage);
    let told = || api.get::<Told>("/api/v1/access-point");
    let ip = |words: &str| -> Result<()> {
        let output = Command::new("ip").args(words.split(' ')).output()?;
        ensure!(output.status.success(), "ip {words}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    };
    ip("link delete eth0")?;
    until("the hub has noticed", PATIENCE, || {
        let is_down = |told: Told| !told.up && told.programs.iter().all(|program| !program.running);
        anyhow::Ok(told().is_ok_and(is_down).then_some(()))
    })?;
    ensure!(appliance::tools_with(&stage.dir) == 0, "tools run on an interface that is gone");
    ip("link add eth0 type veth peer name far")?;
    ip("link set far up")?;
    let put_back = Instant::now();
    until("the network is on the air again", PATIENCE, || {
        anyhow::Ok(told().is_ok_and(|told| told.up && told.radio.on).then_some(()))
    })?;
    Ok(put_back.elapsed().as_secs_f64() * 1e3)
}

/// Where a password can be read: in the command line or the environment of any process, in a file of the stage.
fn places(stage: &Stage, password: &str) -> Result<Vec<String>> {
    let mut places = Vec::new();
    for name in ["cmdline", "environ"] {
        let found = appliance::files(name).into_iter().filter(|(_, text)| text.contains(password));
        places.extend(found.map(|(pid, _)| format!("/proc/{pid}/{name}")));
    }
    let mut folders = vec![stage.dir.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            // Where the operator put it, and where hostapd reads it.
            if path.ends_with("hub/access-point/hostapd.conf") || path == stage.dir.join("password") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if String::from_utf8_lossy(&fs::read(&path)?).contains(password) {
                places.push(path.display().to_string());
            }
        }
    }
    Ok(places)
}

fn is_hostapd(line: &str) -> bool {
    line.split('\0').next().is_some_and(|program| program.ends_with("hostapd"))
}

/// Whether the interface still has the hub's address.
fn has_address(host: &Host) -> Result<bool> {
    let _inside = host.enter()?;
    Ok(cuelight_net::addresses::ipv4().iter().any(|(_, address)| *address == HUB))
}

/// What the hub tells of its network.
#[derive(Deserialize)]
struct Told {
    up: bool,
    radio: Radio,
    programs: Vec<Program>,
    risks: Vec<String>,
}

#[derive(Deserialize)]
struct Radio {
    on: bool,
}

#[derive(Deserialize)]
struct Program {
    name: String,
    running: bool,
    starts: u64,
}

#[derive(Deserialize)]
struct Health {
    risks: Vec<String>,
}
