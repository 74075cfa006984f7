//! The node's own port for patterns, and what its clients ask of this node's lights (PATTERN-26).

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use cuelight_net::mdns::{self, Announcement, NodeRecord};
use cuelight_output::Own;
use cuelight_pattern::service::{Light, Listener, Order, Orders, Service, Settings};
use cuelight_pattern::store::Store;
use cuelight_wire::ids::Mac;
use cuelight_wire::limits::PATTERN_PORT;
use cuelight_wire::prism::Prism;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinHandle, spawn_blocking};
use tracing::{info, warn};

use crate::settings::NodeSettings;
use crate::start::NodeError;

/// The open port.
pub(crate) struct Uploads {
    service: Service,
    wishes: mpsc::Receiver<Wish>,
    announcement: Option<Announcement>,
    tasks: [JoinHandle<()>; 2],
    /// The listener ends when it is dropped.
    _listening: watch::Sender<()>,
}

/// Something a client wants of this node's lights; a pattern in it can be played.
pub(crate) struct Wish {
    pub(crate) own: Own,
    pub(crate) answer: oneshot::Sender<Result<(), String>>,
}

impl Uploads {
    /// Opens the port, if there is to be one. Must be called within a runtime.
    pub(crate) fn start(settings: &NodeSettings, mac: Mac, store: &Store) -> Result<Option<Self>, NodeError> {
        if !settings.pattern_uploads {
            return Ok(None);
        }
        let own_name = mdns::node_host(mac);
        let listener = open(settings, &own_name)?;
        let at = listener.local_addr().map_err(NodeError::system("the port for patterns"))?;
        let (service, orders) =
            Service::start(store.clone(), Settings::default()).map_err(NodeError::system("a thread"))?;
        let (listening, stop) = watch::channel(());
        let (to_driver, wishes) = mpsc::channel(1);
        let tasks = [
            tokio::spawn(listener.serve(service.clone(), stop)),
            tokio::spawn(check(orders, store.clone(), to_driver)),
        ];
        let announcement = if settings.mdns { announce(settings, at, mac) } else { None };
        info!(address = %at, "takes patterns at ws://{}/ws", if announcement.is_some() { &own_name } else { "HOST" });
        Ok(Some(Self { service, wishes, announcement, tasks, _listening: listening }))
    }

    /// The next wish; may be dropped and asked for again.
    pub(crate) async fn next(&mut self) -> Option<Wish> {
        self.wishes.recv().await
    }

    /// Ends every session with its reason.
    pub(crate) async fn stop(self) {
        let Self { service, wishes, announcement, tasks, _listening } = self;
        drop(wishes);
        for task in &tasks {
            task.abort();
        }
        service.stop().await;
        if let Some(announcement) = announcement {
            announcement.stop();
        }
    }
}

/// The port that was asked for; if none was, the usual one, or any free one where another node has it.
fn open(settings: &NodeSettings, own_name: &str) -> Result<Listener, NodeError> {
    let at = |port| SocketAddr::new(settings.bind, port);
    let open = |port| Listener::open(at(port), Arc::from(own_name));
    let refused = |port| move |source| NodeError::PatternPort { at: at(port), source };
    match settings.pattern_port {
        Some(port) => open(port).map_err(refused(port)),
        None => match open(PATTERN_PORT) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => open(0).map_err(refused(0)),
            outcome => outcome.map_err(refused(PATTERN_PORT)),
        },
    }
}

fn announce(settings: &NodeSettings, listen: SocketAddr, mac: Mac) -> Option<Announcement> {
    let name = settings.name.clone().unwrap_or_else(|| mac.to_string());
    mdns::announce_node(&NodeRecord { name, listen, mac }).unwrap_or_else(|error| {
        warn!("the node is not announced: {error}");
        None
    })
}

/// Looks into what is to be played, and hands on what can be.
async fn check(mut orders: Orders, store: Store, driver: mpsc::Sender<Wish>) {
    while let Some(Order { light, answer }) = orders.recv().await {
        let own = match light {
            Light::Play(entry) => {
                let (id, store) = (entry.sha256.id(), store.clone());
                let look = move || {
                    let bytes = store.read(&entry).map_err(|error| error.to_string())?;
                    Prism::read(&bytes).map(drop).map_err(|bad| bad.to_string())
                };
                match spawn_blocking(look).await {
                    Ok(Ok(())) => Own::Play(id),
                    Ok(Err(problem)) => {
                        // A client that is gone needs no answer.
                        let _ = answer.send(Err(problem));
                        continue;
                    }
                    // The answer is dropped, and that is one.
                    Err(_) => continue,
                }
            }
            Light::Stop => Own::Stop,
            Light::Brightness(level) => Own::Level(level),
        };
        if driver.send(Wish { own, answer }).await.is_err() {
            return;
        }
    }
}
