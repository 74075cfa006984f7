//! Starting and stopping a hub: everything that can be refused is asked for before anything runs.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use arc_swap::ArcSwap;
use cuelight_conductor::{Conductor, Config, Saved};
use cuelight_net::clock::wall_now;
use cuelight_net::identity::{random_boot_id, random_token};
use cuelight_net::mdns::{self, Announcement, HubRecord};
use cuelight_net::realtime::make_thread_realtime;
use cuelight_net::timer::TickTimer;
use cuelight_net::udp::{BatchSender, StampedSocket, expedite};
use cuelight_net::wake::{Waker, wake_pair};
use cuelight_output::record::{RecordError, Recorder};
use thiserror::Error;
use tokio::sync::Semaphore;
use tracing::{info, warn};

use crate::api;
use crate::exchange::ExchangeThread;
use crate::inbox::{Inbox, Input};
use crate::keeper::{CLOCK_FILE, Keeper, STATE_FILE, SharedShowClock};
use crate::settings::HubSettings;
use crate::shared::Shared;
use crate::store::{DataFolder, FolderError, OperatorKey, ShowMap};
use crate::tick::{Sessions, TickThread};

/// Priority of the exchange thread: an answer takes microseconds and is worth most when it is prompt.
const EXCHANGE_PRIORITY: u8 = 60;
/// Priority of the tick thread.
const TICK_PRIORITY: u8 = 50;
/// File of the hub's own id.
const ID_FILE: &str = "hub-id.json";
/// How long open HTTP requests may take to end when the hub stops.
const HTTP_GRACE: Duration = Duration::from_secs(1);

/// Why a hub does not start.
#[derive(Debug, Error)]
pub enum HubError {
    /// The data folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A port is taken or not allowed.
    #[error("{what} {at} cannot be opened: {source}; {advice}")]
    Port {
        /// What it is for.
        what: &'static str,
        /// Which address.
        at: SocketAddr,
        /// Why.
        source: io::Error,
        /// What to do.
        advice: String,
    },
    /// The operator key cannot be read or made.
    #[error("the operator key in {folder} cannot be used: {source}")]
    Key {
        /// Where.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The record file.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// Something the system should always give.
    #[error("the system refuses {what}: {source}")]
    System {
        /// What.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
}

/// Runs a hub until `stop` is ready. Returns after the show is saved and every session ended.
///
/// # Errors
/// [`HubError`], before anything has been started.
pub fn run(settings: HubSettings, stop: impl Future<Output = ()>) -> Result<(), HubError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(|source| HubError::System { what: "an event loop", source })?;
    let hub = Hub::prepare(settings)?;
    runtime.block_on(hub.serve(stop))
}

/// A hub with everything open and nothing lost yet.
struct Hub {
    settings: HubSettings,
    identity: Identity,
    http: TcpListener,
    shared: Shared,
    exchange: Running,
    tick: JoinHandle<()>,
}

/// Who the hub is.
#[derive(Clone, Copy, Debug)]
struct Identity {
    /// Stays with the data folder.
    hub_id: u32,
    /// This run.
    boot_id: u32,
}

struct Running {
    thread: JoinHandle<()>,
    waker: Waker,
    is_stopping: Arc<AtomicBool>,
}

impl Hub {
    fn prepare(settings: HubSettings) -> Result<Self, HubError> {
        let system = |what| move |source| HubError::System { what, source };
        let clock = settings.clock;
        let folder = DataFolder::open(&settings.data_dir)?;
        let key_error = |source| HubError::Key { folder: settings.data_dir.clone(), source };
        let fresh_key = random_token().map_err(system("random numbers"))?;
        let key = OperatorKey::load_or_create(&folder, || fresh_key.as_str().to_owned()).map_err(key_error)?;
        let http = open_http(&settings)?;
        let exchange_socket = open_exchange(&settings)?;
        let stream = BatchSender::new(open_stream(&settings)?).map_err(system("a stream socket"))?;
        let record = settings.record.as_ref().map(|path| Recorder::open(path, &settings.name)).transpose()?;

        let now = clock.now();
        let saved = folder.read::<Saved>(STATE_FILE).unwrap_or_default();
        let show_hint = folder.read::<ShowMap>(CLOCK_FILE).and_then(|map| map.show_at(wall_now()));
        let identity = Identity {
            hub_id: hub_id(&folder).map_err(system("random numbers"))?,
            boot_id: random_boot_id().map_err(system("random numbers"))?,
        };
        let config = Config {
            boot_id: identity.boot_id,
            ts_port: exchange_socket.local_addr().map_err(system("the port of the time exchange"))?.port(),
            max_nodes: settings.max_nodes,
            max_connections: 2 * settings.max_nodes,
            lead: settings.lead,
            lost_cleanup: settings.lost_cleanup,
            control_backstop: settings.control_backstop,
            ..Config::default()
        };
        let connections = Arc::new(Semaphore::new(config.max_connections));
        let conductor = Conductor::new(config, saved, now, show_hint);
        let show = SharedShowClock::default();
        show.set(conductor.show_clock());
        let snapshot = Arc::new(ArcSwap::from_pointee(conductor.snapshot(now)));
        let sessions = Arc::new(Sessions::default());
        let timer = TickTimer::new().map_err(system("a timer"))?;
        let (inbox, inputs) = Inbox::new(timer.waker());
        let keeper = Keeper::start(folder, record, clock, show.clone()).map_err(system("a thread"))?;

        let exchange = start_exchange(exchange_socket, &settings, show.clone(), sessions.clone(), inbox.clone())?;
        let tick_thread = TickThread {
            conductor,
            clock,
            timer,
            socket: stream,
            inputs,
            keeper,
            snapshot: snapshot.clone(),
            sessions,
            show,
        };
        let tick = start_thread("tick", settings.realtime.then_some(TICK_PRIORITY), move || tick_thread.run())?;
        let shared = Shared { inbox, snapshot, clock, key, connections, started_at: now };
        Ok(Self { settings, identity, http, shared, exchange, tick })
    }

    async fn serve(self, stop: impl Future<Output = ()>) -> Result<(), HubError> {
        let Self { settings, identity, http, shared, exchange, tick } = self;
        let system = |what| move |source| HubError::System { what, source };
        let address = http.local_addr().map_err(system("the HTTP port"))?;
        let listener = tokio::net::TcpListener::from_std(http).map_err(system("the HTTP port"))?;
        let announcement = announce(&settings, identity, address);
        info!(address = %address, ts_port = settings.ts_port, "hub listens; open http://{}/", shown(address));

        let (ending, ended) = tokio::sync::oneshot::channel::<()>();
        let service = api::router(shared.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let server = axum::serve(listener, service).with_graceful_shutdown(async {
            // Sent or dropped, both mean the end.
            let _ = ended.await;
        });
        let server = tokio::spawn(async move { server.await });
        stop.await;

        info!("hub stops");
        // The tick thread ends every session with its reason, and saves.
        let told = shared.inbox.send(Input::Stop).await;
        drop(ending);
        if tokio::time::timeout(HTTP_GRACE, server).await.is_err() {
            warn!("some connections did not end in time");
        }
        if let Some(announcement) = announcement {
            announcement.stop();
        }
        exchange.is_stopping.store(true, Ordering::Relaxed);
        exchange.waker.wake();
        if told.is_err() || tick.join().is_err() || exchange.thread.join().is_err() {
            return Err(HubError::System {
                what: "a clean end",
                source: io::Error::other("a thread failed; its message is above"),
            });
        }
        Ok(())
    }
}

/// The hub's own id; the first start draws it.
fn hub_id(folder: &DataFolder) -> io::Result<u32> {
    if let Some(id) = folder.read(ID_FILE) {
        return Ok(id);
    }
    let id = random_boot_id()?;
    if let Err(error) = folder.write(ID_FILE, &id, true) {
        warn!("the hub's id is not kept, the next start has another: {error}");
    }
    Ok(id)
}

fn open_http(settings: &HubSettings) -> Result<TcpListener, HubError> {
    let at = SocketAddr::new(settings.bind, settings.port);
    let advice = || match settings.port {
        port @ 1..1024 => format!(
            "port {port} needs privileges: use --port 8080, or sudo setcap cap_net_bind_service+ep on the program"
        ),
        _ => "another program has it, perhaps another hub: stop that one or choose another with --port".to_owned(),
    };
    let open = || {
        let listener = TcpListener::bind(at)?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    };
    open().map_err(|source| HubError::Port { what: "the HTTP port", at, source, advice: advice() })
}

fn open_exchange(settings: &HubSettings) -> Result<StampedSocket, HubError> {
    let at = SocketAddr::new(settings.bind, settings.ts_port);
    let socket = StampedSocket::bind(at).map_err(|source| HubError::Port {
        what: "the port of the time exchange",
        at,
        source,
        advice: "another program has it, perhaps another hub: stop that one or choose another with --ts-port"
            .to_owned(),
    })?;
    if let Err(error) = expedite(socket.socket()) {
        info!("the network is not asked to hurry the time exchange: {error}");
    }
    Ok(socket)
}

fn open_stream(settings: &HubSettings) -> Result<UdpSocket, HubError> {
    let at = SocketAddr::new(settings.bind, 0);
    let socket = UdpSocket::bind(at).map_err(|source| HubError::Port {
        what: "a port for the stream",
        at,
        source,
        advice: "check that this machine has the address given with --bind".to_owned(),
    })?;
    if let Err(error) = expedite(&socket) {
        info!("the network is not asked to hurry the stream: {error}");
    }
    Ok(socket)
}

fn start_exchange(
    socket: StampedSocket,
    settings: &HubSettings,
    show: SharedShowClock,
    sessions: Arc<Sessions>,
    inbox: Inbox,
) -> Result<Running, HubError> {
    let (waker, wakeup) = wake_pair().map_err(|source| HubError::System { what: "a waker", source })?;
    let is_stopping = Arc::new(AtomicBool::new(false));
    let exchange = ExchangeThread {
        socket,
        clock: settings.clock,
        show,
        sessions,
        inbox,
        wakeup,
        is_stopping: is_stopping.clone(),
    };
    let priority = settings.realtime.then_some(EXCHANGE_PRIORITY);
    let thread = start_thread("exchange", priority, move || exchange.run())?;
    Ok(Running { thread, waker, is_stopping })
}

fn start_thread(
    name: &'static str,
    priority: Option<u8>,
    work: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, HubError> {
    let body = move || {
        if let Some(Err(refused)) = priority.map(make_thread_realtime) {
            warn!("{name} thread: {refused}");
        }
        work();
    };
    thread::Builder::new().name(name.into()).spawn(body).map_err(|source| HubError::System { what: "a thread", source })
}

/// Announces the hub by mDNS where others can reach it.
fn announce(settings: &HubSettings, identity: Identity, listen: SocketAddr) -> Option<Announcement> {
    let Identity { hub_id, boot_id } = identity;
    let record = HubRecord { name: settings.name.clone(), listen, hub_id: format!("{hub_id:08x}"), boot_id };
    let announced = if settings.mdns { mdns::announce(&record) } else { Ok(None) };
    announced.unwrap_or_else(|error| {
        warn!("the hub is not announced, nodes need its address: {error}");
        None
    })
}

/// An address a person can open on this machine.
fn shown(address: SocketAddr) -> String {
    match address.ip() {
        ip if ip.is_unspecified() => format!("localhost:{}", address.port()),
        IpAddr::V4(ip) => format!("{ip}:{}", address.port()),
        IpAddr::V6(ip) => format!("[{ip}]:{}", address.port()),
    }
}
