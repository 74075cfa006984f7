//! From a file's events to what is done to the world, and when.

use cuelight_conductor::{Command, NodeRef, Scope};
use cuelight_wire::change::ScenePatch;
use cuelight_wire::ids::{EffectId, Mac, PaletteId};
use cuelight_wire::scene::{Parameters, Scene};
use cuelight_wire::time::Span;

use super::file::{DiskText, Event, File};
use crate::profiles::PathProfile;
use crate::rng::Rng;
use crate::world::{Death, Disk, Site};

/// Fades among the changes last this long, milliseconds.
const FADE_MS: u32 = 300;

/// Something that is done to a world.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    /// An operator asks the hub; nobody answers while it is away.
    Command(Box<Command>),
    KillHub(Death),
    StartHub {
        disk: Disk,
        epoch: Span,
        map_off: Option<Span>,
    },
    BackUpHub,
    StopHub(Span),
    KillNode(Site, Death),
    StartNode(Site),
    StopNode(Site, Span),
    Cut(Site, bool),
    Path(Site, PathProfile),
    /// A stranger connects, and then says hello in this version.
    Connect,
    Hello(u8),
    /// A datagram that nobody asked for reaches a node.
    Stray(Site),
}

/// Everything that is done, in the order of true time.
pub(super) fn script(file: &File, seed: u64) -> Vec<(i64, Deed)> {
    let mut script = Vec::new();
    let nodes = file.node.iter().map(|group| group.count).sum();
    let mut scenes = 0;
    for (n, event) in file.event.iter().enumerate() {
        let mut rng = Rng::derived(seed, 0x5c_0000 + n as u64);
        add(&mut script, event, nodes, &mut scenes, &mut rng);
    }
    // Stable: what is said for one instant is done in the order of the file.
    script.sort_by_key(|(at_ns, _)| *at_ns);
    script
}

fn add(script: &mut Vec<(i64, Deed)>, event: &Event, nodes: usize, scenes: &mut u16, rng: &mut Rng) {
    let at = event.at.ns as i64;
    let sites = |named: &[usize]| -> Vec<Site> {
        let all = if named.is_empty() { (1..=nodes).collect() } else { named.to_vec() };
        all.into_iter().map(|number| Site(number - 1)).collect()
    };
    let death = |power: bool| if power { Death::PowerCut } else { Death::Killed };
    let span = |ns: f64| Span::from_ns(ns as i64);
    let mut push = |at: i64, deed: Deed| script.push((at, deed));
    if let Some(changes) = &event.changes {
        let (shortest, longest) = changes.every.range_ns();
        let scope = changes.group.as_deref().map_or(Scope::Show, |name| Scope::Group(text(name)));
        let mut at = at;
        for _ in 0..changes.count {
            push(at, Deed::Command(Box::new(change(*scenes, scope.clone()))));
            *scenes += 1;
            at += rng.between(shortest, longest) as i64;
        }
    }
    if let Some(fade) = event.fade {
        let fade_ms = (fade.over.ns / 1e6) as u32;
        push(at, Deed::Command(Box::new(Command::SetScene { scope: Scope::Show, scene: scene(*scenes), fade_ms })));
        *scenes += 1;
    }
    if let Some(group) = &event.group {
        let members = group.nodes.iter().map(|number| NodeRef::Mac(mac(*number))).collect();
        let lead = group.lead.map(|lead| span(lead.ns));
        push(at, Deed::Command(Box::new(Command::SetGroup { name: text(&group.name), members, lead })));
    }
    if let Some(kill) = event.kill_hub {
        push(at, Deed::KillHub(death(kill.power)));
    }
    if let Some(start) = event.start_hub {
        let disk = match start.disk {
            DiskText::Saved => Disk::Saved,
            DiskText::Backup => Disk::Backup,
            DiskText::Empty => Disk::Empty,
        };
        let map_off = start.map_off.map(|off| span(off.ns));
        push(at, Deed::StartHub { disk, epoch: span(start.epoch.ns), map_off });
    }
    if event.back_up_hub.is_some() {
        push(at, Deed::BackUpHub);
    }
    if let Some(stop) = event.stop_hub {
        push(at, Deed::StopHub(span(stop.lasts.ns)));
    }
    if let Some(kill) = &event.kill_nodes {
        sites(&kill.nodes).into_iter().for_each(|site| push(at, Deed::KillNode(site, death(kill.power))));
    }
    if let Some(start) = &event.start_nodes {
        sites(&start.nodes).into_iter().for_each(|site| push(at, Deed::StartNode(site)));
    }
    if let Some(stop) = &event.stop_nodes {
        sites(&stop.nodes).into_iter().for_each(|site| push(at, Deed::StopNode(site, span(stop.lasts.ns))));
    }
    if let Some(cut) = &event.cut {
        for site in sites(&cut.nodes) {
            push(at, Deed::Cut(site, true));
            push(at + cut.lasts.ns as i64, Deed::Cut(site, false));
        }
    }
    if let Some(roam) = &event.roam {
        let path = roam.path.profile().expect("a path was checked");
        for site in sites(&roam.nodes) {
            let is_interrupted = roam.gap.ns > 0.0;
            push(at, if is_interrupted { Deed::Cut(site, true) } else { Deed::Path(site, path) });
            if is_interrupted {
                push(at + roam.gap.ns as i64, Deed::Path(site, path));
                push(at + roam.gap.ns as i64, Deed::Cut(site, false));
            }
        }
    }
    if let Some(hello) = event.hello {
        push(at, Deed::Connect);
        // It speaks when the connection stands, whatever the path.
        push(at + 500_000_000, Deed::Hello(hello.proto));
    }
    if let Some(strays) = &event.strays {
        let (shortest, longest) = strays.every.range_ns();
        let mut at = at;
        for _ in 0..strays.count {
            sites(&strays.nodes).into_iter().for_each(|site| push(at, Deed::Stray(site)));
            at += rng.between(shortest, longest) as i64;
        }
    }
}

/// The identity of a node by its number in the file.
pub(super) fn mac(number: usize) -> Mac {
    Mac([2, 0, 0, 0, (number >> 8) as u8, number as u8])
}

fn text(name: &str) -> cuelight_wire::control::Text<32> {
    let end = name.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= 32).last().unwrap_or(0);
    name[..end].try_into().expect("at most 32 bytes")
}

/// A scene unlike its neighbours in number.
fn scene(n: u16) -> Scene {
    Scene {
        effect: EffectId(1 + n % 24),
        palette: PaletteId(1 + n % 23),
        parameters: Parameters { speed: 40 + (n % 200) as u8, hue: n.wrapping_mul(9_973), ..Parameters::DEFAULT },
        seed: u32::from(n),
        ..Scene::default()
    }
}

/// Of four changes two are cuts, one is a fade, one changes parameters only.
pub(crate) fn change(n: u16, scope: Scope) -> Command {
    match n % 4 {
        0 | 1 => Command::SetScene { scope, scene: scene(n), fade_ms: 0 },
        2 => Command::SetScene { scope, scene: scene(n), fade_ms: FADE_MS },
        _ => {
            let speed = Some((n % 256) as u8);
            let patch = ScenePatch { speed, hue: Some(n.wrapping_mul(997)), ..ScenePatch::default() };
            Command::Edit { scope, edit: patch.into(), fade_ms: 0 }
        }
    }
}
