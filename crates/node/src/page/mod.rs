//! The node's own page, for whoever stands beside it: the link to its hub, what goes out, what it was told, how the machine
//! does. It only reads: nothing on it changes the node.
//!
//! The driver leaves the newest status four times a second and waits for nobody; a thread of its own answers requests. The levels
//! of universes are worked out there, when somebody looks, from what the lights play: a show is a function of show time.

mod journal;
mod levels;
mod resources;
mod server;
mod status;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use arc_swap::{ArcSwap, ArcSwapOption};
use cuelight_net::addresses::is_loopback;
use cuelight_net::clock::LocalClock;
use cuelight_net::mdns::node_host;
use cuelight_output::glance::Glance;
use cuelight_output::latest::Latest;
use cuelight_proto::node::NodeEvent;
use cuelight_show::Playing;
use cuelight_wire::change::Change;
use cuelight_wire::ids::Mac;
use cuelight_wire::time::{Local, Time};
use tokio::sync::watch;
use tracing::info;

use journal::Journal;
pub(crate) use journal::Kind;
use levels::Play;
use server::Server;
use status::Status;
pub(crate) use status::{Facts, Look};

use crate::settings::NodeSettings;
use crate::start::NodeError;

/// The driver looks ten times a second; of three looks one is told.
const LOOKS_A_STATUS: u32 = 3;

/// What the driver leaves for whoever asks.
#[derive(Debug)]
struct Desk {
    facts: Facts,
    status: ArcSwap<Status>,
    play: ArcSwapOption<Play>,
    glance: Latest<Glance>,
    clock: LocalClock,
    /// The name it has on the network beside its address.
    own_name: String,
}

/// The driver's side. Dropping it ends the page.
#[derive(Debug)]
pub(crate) struct Page {
    desk: Arc<Desk>,
    journal: Journal,
    play: Play,
    looks: u32,
    stop: Option<watch::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// An open port that nobody answers at yet.
#[derive(Debug)]
pub(crate) struct Open {
    listener: TcpListener,
    at: SocketAddr,
}

impl Open {
    /// Opens the port, if there is to be one.
    pub(crate) fn at(settings: &NodeSettings) -> Result<Option<Self>, NodeError> {
        let Some(at) = settings.page else { return Ok(None) };
        let open = || {
            let listener = TcpListener::bind(at)?;
            listener.set_nonblocking(true)?;
            let at = listener.local_addr()?;
            Ok(Self { listener, at })
        };
        open().map(Some).map_err(|source| NodeError::PagePort { at, source })
    }

    /// The port to tell the hub, so that its page can lead here; none where only this machine could follow, and the hub is
    /// elsewhere.
    pub(crate) fn told_port(&self, hub: Option<&str>) -> Option<u16> {
        let is_hub_here = hub.is_some_and(|hub| {
            let host = hub.split_once("://").map_or(hub, |(_, host)| host);
            is_loopback(host.trim_end_matches('/'))
        });
        (!self.at.ip().is_loopback() || is_hub_here).then(|| self.at.port())
    }
}

impl Page {
    /// Answers from now on.
    pub(crate) fn start(
        Open { listener, at }: Open,
        facts: Facts,
        mac: Mac,
        clock: LocalClock,
        glance: Latest<Glance>,
    ) -> Result<Self, NodeError> {
        let desk = Arc::new(Desk {
            facts,
            status: ArcSwap::default(),
            play: ArcSwapOption::empty(),
            glance,
            clock,
            own_name: node_host(mac),
        });
        let (stop, stopped) = watch::channel(());
        let server = Server::new(Arc::clone(&desk));
        let thread = Builder::new().name("page".into()).spawn(move || server.run(listener, stopped));
        let thread = thread.map_err(NodeError::system("a thread"))?;
        info!("this node's page is at http://{at}/");
        Ok(Self {
            desk,
            journal: Journal::default(),
            play: Play::default(),
            looks: 0,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Takes note of what happened.
    pub(crate) fn note(&mut self, event: &NodeEvent, now: Time<Local>) {
        match event {
            NodeEvent::Change { change: Change::Master(master), .. } => self.play.master = *master,
            NodeEvent::Change { change: Change::Tempo(tempo), .. } => self.play.tempo = *tempo,
            _ => {}
        }
        self.journal.note(event, now);
    }
    /// Writes a line.
    pub(crate) fn say(&mut self, kind: Kind, text: impl Into<String>, now: Time<Local>) {
        self.journal.say(kind, text.into(), now);
    }
    /// What the universes play.
    pub(crate) fn set_playing(&mut self, playing: &Playing) {
        self.play.playing = Some(playing.clone());
    }

    /// Ten times a second: leaves the newest status, unless it was left a moment ago.
    pub(crate) fn look(&mut self, look: impl FnOnce() -> Look) {
        self.looks += 1;
        if self.looks < LOOKS_A_STATUS {
            return;
        }
        self.looks = 0;
        let look = look();
        self.desk.play.store(Some(Arc::new(Play { map: look.map, ..self.play.clone() })));
        self.desk.status.store(Arc::new(Status::of(look, self.journal.lines())));
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It has nothing to tell at its end.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hub_elsewhere_is_not_told_of_a_page_that_only_this_machine_reaches() {
        let open = |ip: &str| {
            let at = SocketAddr::new(ip.parse().unwrap(), 0);
            let listener = TcpListener::bind(at).unwrap();
            let at = listener.local_addr().unwrap();
            Open { listener, at }
        };
        let here = open("127.0.0.1");
        let port = Some(here.at.port());
        assert_eq!(here.told_port(Some("127.0.0.1:8080")), port);
        assert_eq!(here.told_port(Some("localhost")), port);
        assert_eq!(here.told_port(Some("https://localhost:8080/")), port);
        assert_eq!(here.told_port(Some("192.168.4.1")), None);
        assert_eq!(here.told_port(None), None);
        let everywhere = open("0.0.0.0");
        assert_eq!(everywhere.told_port(None), Some(everywhere.at.port()));
    }
}
