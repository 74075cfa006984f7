//! The hub is the network: four machines without addresses get theirs from it, find it and play.

use std::collections::BTreeSet;
use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use cuelight_measure::verdict::Verdict;
use cuelight_measure::watch::until;
use cuelight_wire::limits::{DHCP_FIRST, DHCP_LAST};
use serde::Deserialize;

use super::appliance;
use crate::cast::{Cast, Limits, PATIENCE, Plan};
use crate::network::Host;
use crate::stage::{Scenario, Stage};

/// What the DHCP client calls with its lease.
const SCRIPT: &str = include_str!("../../dhcp/lease.sh");
/// What the hub gives is told to the client only, and for that the client has to end.
const CLIENT_LIMIT: Duration = Duration::from_secs(20);
/// Changes that are judged, and how far apart they are.
const CHANGES: (usize, Duration) = (10, Duration::from_millis(300));

pub(super) const SCENARIO: Scenario = Scenario {
    name: "dhcp",
    claim: "a hub gives four machines their addresses; they find it there, play in step, and keep their addresses when it is killed \
            and started again",
    is_short: true,
    run,
};

fn run(stage: &Stage) -> Result<Vec<Verdict>> {
    appliance::check_tools(&["dnsmasq", "udhcpc"])?;
    let script = stage.dir.join("lease.sh");
    fs::write(&script, SCRIPT)?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    let mut cast = Cast::prepare(stage, Plan::of(4).on_hubs_network())?;
    cast.start_hub()?;
    wait_until_up(&mut cast)?;
    let mut leases = Vec::new();
    for index in 0..cast.len() {
        leases.push(lease(cast.host(index), &script, &stage.dir)?);
    }
    for index in 0..cast.len() {
        cast.start_node(index)?;
    }
    cast.wait_until_playing(PATIENCE)?;
    let told: Told = cast.api().get("/api/v1/access-point")?;
    // Clocks settle before they are judged.
    cast.play_for(stage.choose(Duration::from_secs(10), Duration::from_secs(2)))?;
    let window = cast.play_for(Duration::ZERO)?;
    let revs = cast.change_scenes(CHANGES.0, CHANGES.1)?;
    let window = window.until_end_of(cast.play_for(Duration::from_secs(1))?);

    cast.kill_hub();
    until("the tools of the killed hub are gone", PATIENCE, || {
        anyhow::Ok((appliance::tools_with(&stage.dir) == 0).then_some(()))
    })?;
    cast.start_hub()?;
    wait_until_up(&mut cast)?;
    cast.wait_until_playing(PATIENCE)?;
    let again = (0..cast.len()).map(|index| lease(cast.host(index), &script, &stage.dir));
    let again = again.collect::<Result<Vec<_>>>()?;
    let shown = cast.finish()?;

    let pool = |lease: &&Lease| (DHCP_FIRST..=DHCP_LAST).contains(&lease.address) && lease.bits == 24;
    let different: BTreeSet<_> = leases.iter().map(|lease| lease.address).collect();
    let slowest_ms = leases.iter().chain(&again).map(|lease| lease.took.as_secs_f64() * 1e3).fold(0.0, f64::max);
    let more = leases.iter().filter(|lease| lease.router != "-" || lease.name_server != "-").count();
    let reported = told.leases.iter().filter(|lease| different.contains(&lease.ip)).count();
    let kept = leases.iter().zip(&again).filter(|(first, then)| first.address == then.address).count();
    let mut verdicts = vec![
        Verdict::all("addresses from 192.168.4.2 to .50", leases.iter().filter(pool).count(), leases.len()),
        Verdict::all("different addresses", different.len(), leases.len()),
        Verdict::below("from the question to the address, slowest", slowest_ms, "ms", 3000.0, 500.0),
        Verdict::none("offers of a router or a name server", more as f64),
        Verdict::all("leases that the hub tells of", reported, leases.len()),
        Verdict::all("same addresses from the hub's next start", kept, leases.len()),
    ];
    verdicts.extend(shown.together(&revs, window, Limits::WIRED)?);
    Ok(verdicts)
}

fn wait_until_up(cast: &mut Cast) -> Result<()> {
    let api = cast.api();
    until("the hub is up on its network", PATIENCE, || {
        cast.check()?;
        let is_ready = |told: Told| told.up && told.programs.iter().all(|program| program.running);
        anyhow::Ok(api.get::<Told>("/api/v1/access-point").is_ok_and(is_ready).then_some(()))
    })
}

/// What the hub tells of its network.
#[derive(Deserialize)]
struct Told {
    up: bool,
    programs: Vec<Program>,
    leases: Vec<ToldLease>,
}

#[derive(Deserialize)]
struct Program {
    running: bool,
}

#[derive(Deserialize)]
struct ToldLease {
    ip: Ipv4Addr,
}

/// What a machine got.
struct Lease {
    address: Ipv4Addr,
    bits: u8,
    router: String,
    name_server: String,
    took: Duration,
}

/// Asks for an address as any machine does, with a client that knows nothing of Cuelight.
fn lease(host: &Host, script: &Path, dir: &Path) -> Result<Lease> {
    let file: PathBuf = dir.join(format!("{}.lease", host.name()));
    let _ = fs::remove_file(&file);
    let mut client = Command::new("udhcpc");
    // In the foreground, until there is a lease; a question a second.
    client.args(["-i", "eth0", "-f", "-q", "-n", "-t", "10", "-T", "1", "-x"]).arg(format!("hostname:{}", host.name()));
    client.arg("-s").arg(script).env("LAB_LEASE", &file);
    let asked = Instant::now();
    let mut process = host.spawn(&format!("{}-dhcp", host.name()), client, dir)?;
    until("the DHCP client ends", CLIENT_LIMIT, || anyhow::Ok((!process.is_running()).then_some(())))?;
    let took = asked.elapsed();
    let line = fs::read_to_string(&file).with_context(|| format!("{} got no address", host.name()))?;
    let words: Vec<_> = line.split_whitespace().collect();
    let [address, bits, router, name_server] = words[..] else { bail!("not a lease: {line:?}") };
    let (router, name_server) = (router.to_owned(), name_server.to_owned());
    Ok(Lease { address: address.parse()?, bits: bits.parse()?, router, name_server, took })
}
