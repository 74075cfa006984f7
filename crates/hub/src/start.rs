//! Starting and stopping a hub: everything that can be refused is asked for before anything runs (HUB-2).

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
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
use cuelight_net::udp::{BatchSender, StampedSocket};
use cuelight_net::wake::{Waker, wake_pair};
use cuelight_output::record::Recorder;
use cuelight_pattern::service::{self, Orders, Service};
use cuelight_pattern::store::Store;
use cuelight_trust::Pin;
use cuelight_wire::limits::HUB_IP;
use tokio::sync::{Semaphore, oneshot, watch};
use tokio_rustls::TlsAcceptor;
use tracing::{info, warn};

use crate::access_point::{AccessPoint, Prepared};
use crate::accounts::password::Cost;
use crate::accounts::{Accounts, Terms};
use crate::api::plain::MayBePlain;
use crate::api::{self, DOWNLOADS, Documents, Repeats};
use crate::audit::{Audit, Note};
use crate::chronicle::{self, Chronicle};
use crate::database::{Database, HAPPENED, HUB, LibrarianThread, Opened};
use crate::distribution::Distribution;
use crate::error::HubError;
use crate::events::Events;
use crate::exchange::{ExchangeThread, Mentions};
use crate::front::{self, Behind, Shares};
use crate::images::Images;
use crate::inbox::{Inbox, Input};
use crate::keeper::{CLOCK_FILE, Keeper, STATE_FILE, SaveTrouble, SharedShowClock};
use crate::live::{self, Live};
use crate::open::{open_exchange, open_http, open_stream};
use crate::pairing::Pairings;
use crate::patterns::Patterns;
use crate::receivers::{self, Receivers};
use crate::registry;
use crate::session::Lines;
use crate::settings::HubSettings;
use crate::shared::Shared;
use crate::shows::Shows;
use crate::store::{DataFolder, OperatorKey, ShowMap};
use crate::tick::{Sessions, TickThread};
use crate::tls::{Machine, Tls};
use crate::uploads;

/// Priority of the exchange thread: an answer takes microseconds and is worth most when it is prompt.
const EXCHANGE_PRIORITY: u8 = 60;
/// Priority of the tick thread.
const TICK_PRIORITY: u8 = 50;
/// File of the hub's own id.
const ID_FILE: &str = "hub-id.json";
/// Folder of the images it has for its nodes.
const IMAGES_FOLDER: &str = "images";
/// Folder of the patterns it has.
const PATTERNS_FOLDER: &str = "patterns";
/// Folder of the show files it has.
const SHOWS_FOLDER: &str = "shows";
/// What checking a password costs.
#[cfg(not(test))]
const COST: Cost = Cost::FULL;
#[cfg(test)]
const COST: Cost = Cost::LEAST;
/// How long sessions and HTTP requests may take to end when the hub stops.
const STOP_GRACE: Duration = Duration::from_secs(2);
/// Files a hub has open beside its connections: sockets, timers, the data folder, the record, mDNS.
const OTHER_FILES: u64 = 64;

/// Runs a hub until `stop` is ready. Returns after the show is saved and every session ended.
///
/// # Errors
/// [`HubError`], before anything has been started; or [`HubError::Failed`] when a thread failed later.
pub fn run(settings: HubSettings, stop: impl Future<Output = ()>) -> Result<(), HubError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(HubError::system("an event loop"))?;
    let hub = Hub::prepare(settings)?;
    runtime.block_on(hub.serve(stop))
}

/// A hub whose threads run and whose HTTP port is open.
pub(crate) struct Hub {
    settings: HubSettings,
    identity: Identity,
    http: TcpListener,
    /// What requests see.
    pub(crate) shared: Shared,
    /// What pattern clients ask of the lights.
    orders: Orders,
    max_connections: u32,
    access_point: Option<AccessPoint>,
    exchange: Running,
    librarians: [LibrarianThread; 2],
    tick: JoinHandle<()>,
    /// Resolves when the tick thread is no more.
    tick_ended: oneshot::Receiver<()>,
}

/// Who the hub is.
#[derive(Clone, Copy, Debug)]
struct Identity {
    /// Stays with the data folder.
    hub_id: u32,
    /// This run.
    boot_id: u32,
}

/// What the run before this one has left in the databases.
#[derive(Debug, Default)]
struct Before {
    registered: Vec<receivers::Registered>,
    unsettled: Vec<chronicle::Unsettled>,
    /// For a state file that is damaged.
    saved: Option<Saved>,
}

impl Before {
    fn read(hub: &Opened, happened: &Opened) -> Self {
        let registered = receivers::registered(&hub.connection);
        let unsettled = chronicle::end_what_was_open(&happened.connection);
        let saved = registry::saved(&hub.connection);
        Self {
            saved: saved.unwrap_or_else(|error| {
                warn!("the nodes that were there before cannot be read: {error}");
                None
            }),
            registered: registered.unwrap_or_else(|error| {
                warn!("the registered receivers cannot be read, they register anew: {error}");
                Vec::new()
            }),
            unsettled: unsettled.unwrap_or_else(|error| {
                warn!("what became of the commands before the restart cannot be said: {error}");
                Vec::new()
            }),
        }
    }
}

struct Running {
    thread: JoinHandle<()>,
    waker: Waker,
    is_stopping: Arc<AtomicBool>,
}

impl Hub {
    pub(crate) fn prepare(settings: HubSettings) -> Result<Self, HubError> {
        let folder = DataFolder::open(&settings.data_dir)?;
        let accounts = Accounts::open(&folder, operator_key(&settings, &folder)?, terms(&settings));
        let hub_db = Opened::open(folder.path(), &HUB)?;
        let happened_db = Opened::open(folder.path(), &HAPPENED)?;
        let audit = Audit::start(folder.path()).map_err(HubError::system("the audit log"))?;
        let before = Before::read(&hub_db, &happened_db);
        let access_point =
            settings.access_point.as_ref().map(|settings| Prepared::new(settings, &folder)).transpose()?;
        let patterns = Patterns::new(Store::open(&settings.data_dir.join(PATTERNS_FOLDER), settings.patterns)?);
        let (uploads, orders) = Service::start(patterns.store.clone(), service::Settings::default())
            .map_err(HubError::system("a thread"))?;
        let shows =
            Shows::open(settings.data_dir.join(SHOWS_FOLDER)).map_err(HubError::system("the folder of shows"))?;
        let images = Images::open(&settings.data_dir.join(IMAGES_FOLDER))?;
        let http = open_http(&settings)?;
        let exchange_socket = open_exchange(&settings)?;
        let stream = BatchSender::new(open_stream(&settings)?).map_err(HubError::system("a stream socket"))?;
        let record = settings.record.as_ref().map(|path| Recorder::open(path, &settings.name)).transpose()?;
        let identity = Identity {
            hub_id: hub_id(&folder).map_err(HubError::system("random numbers"))?,
            boot_id: random_boot_id().map_err(HubError::system("random numbers"))?,
        };
        let tls = Tls::open(&settings.tls, &folder, machine(&settings, identity))?;
        let ts_port = exchange_socket.local_addr().map_err(HubError::system("the port of the time exchange"))?.port();
        let config = config(&settings, identity, ts_port);
        let max_connections = u32::try_from(config.max_connections).unwrap_or(u32::MAX);
        allow_open_files(max_connections);

        let clock = settings.clock;
        let now = clock.now();
        let conductor = conductor(config, &folder, &settings, &shows, &before);
        let show = SharedShowClock::default();
        show.set(conductor.show_clock());
        let snapshot = Arc::new(ArcSwap::from_pointee(conductor.snapshot(now)));
        let sessions = Arc::new(Sessions::default());
        let timer = TickTimer::new().map_err(HubError::system("a timer"))?;
        let events = Events::new(identity.boot_id, clock, show.clone());
        let pairings = Pairings::open(&settings, &folder, tls.pin(), events.clone())?;
        let (inbox, inputs) = Inbox::new(timer.waker(), events.clone());
        let thread = HubError::system("a thread");
        let (library, librarian) = Database::start(hub_db, folder.clone(), events.clone()).map_err(&thread)?;
        let (happened, chronicler) = Database::start(happened_db, folder.clone(), events.clone()).map_err(&thread)?;
        let chronicle = Chronicle::new(happened, identity.boot_id);
        let receivers = Receivers::new(clock, events.clone(), chronicle.clone(), library.clone());
        receivers.take_over(before.registered, before.unsettled);
        let data = folder.clone();
        let save_trouble = SaveTrouble::default();
        let keeper = Keeper::start(folder, record, clock, show.clone(), events.clone(), save_trouble.clone())
            .map_err(&thread)?;

        let exchange = start_exchange(exchange_socket, &settings, show.clone(), sessions.clone(), inbox.clone())?;
        let connections = Arc::new(Semaphore::new(max_connections as usize));
        let repeats = Repeats::default();
        let facts = access_point.as_ref().map(Prepared::facts);
        let snapshots = snapshot.clone();
        let shared = Shared {
            inbox,
            snapshot: snapshots,
            clock,
            lines: Lines::default(),
            accounts,
            audit,
            host_names: settings.host_names.as_slice().into(),
            tls,
            pairings,
            may_be_plain: may_be_plain(&settings),
            connections,
            repeats,
            documents: Documents::default(),
            receivers,
            access_point: facts,
            patterns,
            distribution: Distribution::default(),
            shows,
            images,
            downloads: Arc::new(Semaphore::new(DOWNLOADS)),
            download_shares: Shares::default(),
            uploads,
            save_trouble,
            patterns_are_open: settings.open_patterns,
            folder: data,
            backups: Arc::new(Semaphore::new(1)),
            library,
            chronicle,
            events,
            live: Live::default(),
            started_at: now,
        };
        let tick_thread =
            TickThread { conductor, clock, timer, socket: stream, inputs, keeper, snapshot, sessions, show };
        let (running, tick_ended) = oneshot::channel();
        let tick = start_thread("tick", settings.realtime.then_some(TICK_PRIORITY), move || {
            // Dropped however the thread ends.
            let _running: oneshot::Sender<()> = running;
            tick_thread.run();
        })?;
        let access_point = access_point.map(Prepared::start).transpose().map_err(HubError::system("a thread"))?;
        let librarians = [librarian, chronicler];
        Ok(Self {
            settings,
            identity,
            http,
            shared,
            orders,
            max_connections,
            access_point,
            exchange,
            librarians,
            tick,
            tick_ended,
        })
    }

    /// Where it takes HTTP.
    #[cfg(test)]
    pub(crate) fn address(&self) -> SocketAddr {
        self.http.local_addr().expect("the socket is bound")
    }

    pub(crate) async fn serve(self, stop: impl Future<Output = ()>) -> Result<(), HubError> {
        let Self {
            settings,
            identity,
            http,
            shared,
            orders,
            max_connections,
            access_point,
            exchange,
            librarians,
            tick,
            tick_ended,
        } = self;
        let address = http.local_addr().map_err(HubError::system("the HTTP port"))?;
        let listener = tokio::net::TcpListener::from_std(http).map_err(HubError::system("the HTTP port"))?;
        let started = Note { what: "the hub starts".into(), outcome: "ok".into(), ..Note::default() };
        shared.audit.note(started);
        say_who_may_command(&shared, &page_of(address));
        let announcement = announce(&settings, identity, address, shared.tls.pin());
        tell(&shared, address, settings.ts_port);

        let orders = tokio::spawn(uploads::carry_out(orders, shared.inbox.clone(), shared.patterns.clone()));
        let live = live::Threads::start(&shared).map_err(HubError::system("a thread"))?;
        let receivers = tokio::spawn(receivers::look_after(shared.clone()));
        let gathering = tokio::spawn(chronicle::gather(shared.clone()));
        let (ending, ended) = watch::channel(());
        let limits = front::Limits::default();
        let behind = Behind { tls: TlsAcceptor::from(shared.tls.config()), router: api::router(shared.clone()) };
        let server = tokio::spawn(front::serve(listener, behind, limits, ended));
        let certificates = tokio::spawn(shared.tls.shown().look_after());
        let pairings = tokio::spawn(shared.pairings.clone().look_after());
        tokio::select! {
            () = stop => info!("hub stops"),
            _ = tick_ended => warn!("the tick thread failed; the hub stops"),
        }

        // The tick thread ends every session with its reason, and saves. Each session gives its place back when its
        // reason is out, each HTTP connection when its answer is.
        let _ = shared.inbox.send(Input::Stop).await;
        drop(ending);
        live.stop();
        shared.events.stop();
        let all_ended = async {
            let _ = tokio::join!(server, shared.uploads.stop(), shared.connections.acquire_many(max_connections));
        };
        if tokio::time::timeout(STOP_GRACE, all_ended).await.is_err() {
            warn!("some connections did not end in time");
        }
        let stopped = Note { what: "the hub stops".into(), outcome: "ok".into(), ..Note::default() };
        shared.audit.note(stopped);
        shared.audit.stop();
        // It holds the store, which the next hub on this folder wants.
        receivers.abort();
        gathering.abort();
        certificates.abort();
        pairings.abort();
        if let Err(error) = shared.pairings.keep().await {
            warn!("the list of admitted nodes cannot be kept: {error}");
        }
        orders.abort();
        let _ = orders.await;
        if let Some(announcement) = announcement {
            announcement.stop();
        }
        exchange.is_stopping.store(true, Ordering::Relaxed);
        exchange.waker.wake();
        // Last of what nodes see: the reasons of their sessions' ends are out.
        drop(access_point);
        librarians.into_iter().for_each(LibrarianThread::stop);
        tick.join().map_err(|_| HubError::Failed("tick"))?;
        exchange.thread.join().map_err(|_| HubError::Failed("time exchange"))
    }
}

fn terms(settings: &HubSettings) -> Terms {
    Terms {
        trusts_this_machine: settings.trust_this_machine,
        reads_per_s: settings.reads_per_s,
        writes_per_s: settings.writes_per_s,
        cost: COST,
    }
}

fn operator_key(settings: &HubSettings, folder: &DataFolder) -> Result<OperatorKey, HubError> {
    // Two tokens of 160 bits.
    let tokens = random_token().and_then(|first| Ok((first, random_token()?)));
    let (first, second) = tokens.map_err(HubError::system("random numbers"))?;
    OperatorKey::load_or_create(folder, || format!("{}{}", first.as_str(), second.as_str()))
        .map_err(|source| HubError::Key { folder: settings.data_dir.clone(), source })
}

fn config(settings: &HubSettings, identity: Identity, ts_port: u16) -> Config {
    Config {
        boot_id: identity.boot_id,
        ts_port,
        max_nodes: settings.max_nodes,
        // Room for every node to come back before its old connection is noticed to be dead.
        max_connections: 2 * settings.max_nodes,
        lead: settings.lead,
        lost_cleanup: settings.lost_cleanup,
        control_backstop: settings.control_backstop,
        ..Config::default()
    }
}

/// The conductor, going on with what the folder holds.
fn conductor(config: Config, folder: &DataFolder, settings: &HubSettings, shows: &Shows, before: &Before) -> Conductor {
    let is_there = folder.path().join(STATE_FILE).exists();
    let saved = folder.read::<Saved>(STATE_FILE).unwrap_or_else(|| match &before.saved {
        Some(saved) if is_there => {
            warn!("names, numbers and groups are those that hub.db has; scenes begin anew");
            saved.clone()
        }
        _ => Saved::default(),
    });
    let map = folder.read::<ShowMap>(CLOCK_FILE);
    let show_hint = map.and_then(|map| map.show_at(wall_now()));
    let mut conductor = Conductor::new(config, saved, settings.clock.now(), show_hint);
    if let Some(wanted) = conductor.wanted_show() {
        let program = shows.program(&wanted).map_err(|problem| warn!("show {}: {problem}", wanted.sha256)).ok();
        conductor.handle_program(program);
    }
    conductor
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

fn allow_open_files(max_connections: u32) {
    let wanted = u64::from(max_connections) + u64::from(front::ROOM) + OTHER_FILES;
    match front::allow_open_files(wanted) {
        Ok(allowed) if allowed >= wanted => {}
        Ok(allowed) => warn!(
            "this process may open {allowed} files, {wanted} are needed for every connection it has room for: \
             raise the limit (ulimit -n, LimitNOFILE=) or lower max_nodes"
        ),
        Err(error) => warn!("the limit of open files cannot be read: {error}"),
    }
}

fn start_exchange(
    socket: StampedSocket,
    settings: &HubSettings,
    show: SharedShowClock,
    sessions: Arc<Sessions>,
    inbox: Inbox,
) -> Result<Running, HubError> {
    let (waker, wakeup) = wake_pair().map_err(HubError::system("a waker"))?;
    let is_stopping = Arc::new(AtomicBool::new(false));
    let exchange = ExchangeThread {
        socket,
        clock: settings.clock,
        show,
        sessions,
        inbox,
        mentions: Mentions::default(),
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
    thread::Builder::new().name(name.into()).spawn(body).map_err(HubError::system("a thread"))
}

/// Says loudly what is open, and how the first account is made.
fn say_who_may_command(shared: &Shared, at: &str) {
    if shared.accounts.trusts_this_machine() {
        warn!("everybody on this machine is an admin without a key (--trust-this-machine)");
    }
    tell_setup_code(shared, at);
}

/// Prints the code of the first account, where one is needed: on the console, not into the log, which travels.
pub(crate) fn tell_setup_code(shared: &Shared, at: &str) {
    if let Some(code) = shared.accounts.code_to_print(shared.clock.now()) {
        eprintln!("This hub has no account yet. Setup code, good for 10 minutes: {code}  ({at})");
    }
}

/// Announces the hub by mDNS where others can reach it.
fn announce(settings: &HubSettings, identity: Identity, listen: SocketAddr, authority: Pin) -> Option<Announcement> {
    let Identity { hub_id, boot_id } = identity;
    let (name, hub_id) = (settings.name.clone(), format!("{hub_id:08x}"));
    let record = HubRecord { name, listen, hub_id, boot_id, authority: Some(authority) };
    let announced = if settings.mdns { mdns::announce(&record) } else { Ok(None) };
    announced.unwrap_or_else(|error| {
        warn!("the hub is not announced, nodes need its address: {error}");
        None
    })
}

/// The machine its certificates are for.
fn machine(settings: &HubSettings, identity: Identity) -> Machine {
    let more = settings.access_point.as_ref().map(|_| HUB_IP.into());
    Machine {
        label: format!("cuelight-{:08x}", identity.hub_id),
        bind: settings.bind,
        more: more.into_iter().collect(),
    }
}

/// What other machines get in plain text; where there are none nothing is at risk.
fn may_be_plain(settings: &HubSettings) -> MayBePlain {
    let has_others = !settings.bind.is_loopback();
    MayBePlain { all: has_others && settings.plain_http, deployed: has_others && settings.allow_legacy }
}

/// Where the hub is, and what is dangerous about it.
fn tell(shared: &Shared, address: SocketAddr, ts_port: u16) {
    info!(address = %address, ts_port, authority = %shared.tls.pin(), "hub listens; open {}", page_of(address));
    shared.risks().iter().for_each(|risk| warn!("{risk}"));
}

/// What a person can open on this machine. A hub that listens on one address only is not reached over loopback.
fn page_of(address: SocketAddr) -> String {
    match address.ip() {
        ip if ip.is_unspecified() => format!("http://localhost:{}/", address.port()),
        ip if ip.is_loopback() => format!("http://{address}/"),
        _ => format!("https://{address}/"),
    }
}
