//! A user-space link between the hub and each node: the simulator's link model in front of real sockets.
//!
//! Each node sees the hub at an address of its own, and the hub sees each node at an address of its own; everything
//! between them - control connection, time exchange, stream - goes through here and meets the same loss and delay. TCP
//! gets what TCP gets on such a path: a lost segment stalls all behind it until it is sent again. All of it is seeded.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use cuelight_sim::link::{Jitter, Link, LinkProfile, Loss, StreamLink};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket, tcp};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::time::sleep_until;

/// Datagrams one direction holds back at once; more are dropped, as a full queue on the path would.
const HELD_BACK: usize = 512;
/// What one read of a control connection takes: a segment.
const SEGMENT: usize = 1448;
/// Writes of a control connection under way at once; when full the reader waits.
const SEGMENTS: usize = 256;
/// Timers wake a millisecond late at worst; what is due sooner is sent at once.
const AT_ONCE_NS: i64 = 200_000;

/// Where one node's link begins and ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends {
    /// The hub, as it really is.
    pub(crate) hub: SocketAddr,
    /// The hub's time exchange.
    pub(crate) hub_exchange: SocketAddr,
    /// The node's stream socket, as it really is.
    pub(crate) node_stream: SocketAddr,
    /// The number of the node: 0, 1, ...
    pub(crate) index: u8,
}

impl Ends {
    /// The address the node takes for the hub's.
    pub(crate) fn hub_as_seen(&self) -> SocketAddr {
        SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 1, self.index + 1)), self.hub.port())
    }
    /// The address the hub takes for the node's.
    fn node_as_seen(&self) -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(127, 0, 2, self.index + 1))
    }
}

/// A path without trouble.
pub(crate) const CLEAN: LinkProfile = LinkProfile::constant(0.0);

/// A busy Wi-Fi: 1 to 20 ms each way, a twentieth lost.
pub(crate) const BUSY_WIFI: LinkProfile =
    LinkProfile::constant(1e6).with_jitter(Jitter::Uniform(19e6)).with_loss(Loss::Random(0.05));

/// A path that loses this many percent and is fast otherwise.
pub(crate) const fn lossy(percent: f64) -> LinkProfile {
    CLEAN.with_loss(Loss::Random(percent / 100.0))
}

/// The running links. They end when this is dropped.
#[derive(Debug)]
pub(crate) struct Links {
    profile: watch::Sender<LinkProfile>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Links {
    /// Opens a link for each of `ends`.
    pub(crate) fn start(ends: Vec<Ends>, profile: LinkProfile, seed: u64) -> io::Result<Self> {
        let (sender, receiver) = watch::channel(profile);
        let (end, ended) = oneshot::channel();
        let (opened_sender, opened) = std::sync::mpsc::channel();
        let body = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
            let runtime = match runtime {
                Ok(runtime) => runtime,
                Err(error) => return drop(opened_sender.send(Err(error))),
            };
            runtime.block_on(async {
                let result = open(&ends, &receiver, seed).await;
                if opened_sender.send(result).is_ok() {
                    // Sent or dropped, both mean the end.
                    let _ = ended.await;
                }
            });
        };
        let thread = thread::Builder::new().name("links".into()).spawn(body)?;
        opened.recv().map_err(|_| io::Error::other("the link thread ended early"))??;
        Ok(Self { profile: sender, end: Some(end), thread: Some(thread) })
    }

    /// All links behave like this from now on.
    pub(crate) fn set_profile(&self, profile: LinkProfile) {
        self.profile.send_replace(profile);
    }
}

impl Drop for Links {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was already printed.
            let _ = thread.join();
        }
    }
}

async fn open(ends: &[Ends], profile: &watch::Receiver<LinkProfile>, seed: u64) -> io::Result<()> {
    for ends in ends {
        // Each direction of each link has a seed of its own.
        let mut seeds = (0..).map(|i| seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (u64::from(ends.index) << 8) ^ i);
        let mut direction = || Direction::new(profile.clone(), seeds.next().unwrap_or_default());
        let stream = UdpSocket::bind(SocketAddr::new(ends.node_as_seen(), ends.node_stream.port())).await?;
        let stream = Arc::new(stream);
        tokio::spawn(forward(stream.clone(), stream, To::Fixed(ends.node_stream), None, direction()));

        let (heard, hears) = watch::channel(None);
        let exchange_port = ends.hub_exchange.port();
        let near = Arc::new(UdpSocket::bind(SocketAddr::new(ends.hub_as_seen().ip(), exchange_port)).await?);
        let far = Arc::new(UdpSocket::bind(SocketAddr::new(ends.node_as_seen(), 0)).await?);
        tokio::spawn(forward(near.clone(), far.clone(), To::Fixed(ends.hub_exchange), Some(heard), direction()));
        tokio::spawn(forward(far, near, To::LastHeard(hears), None, direction()));

        let listener = TcpListener::bind(ends.hub_as_seen()).await?;
        tokio::spawn(accept(listener, *ends, profile.clone(), seeds.next().unwrap_or_default()));
    }
    Ok(())
}

/// One direction's randomness, kept in step with the profile.
struct Direction {
    link: Link,
    profile: watch::Receiver<LinkProfile>,
    since: Instant,
}

impl Direction {
    fn new(mut profile: watch::Receiver<LinkProfile>, seed: u64) -> Self {
        let link = Link::new(*profile.borrow_and_update(), seed);
        Self { link, profile, since: Instant::now() }
    }
    /// In how many nanoseconds a datagram sent now arrives; never, once, or twice.
    fn delays(&mut self, len: usize) -> impl Iterator<Item = i64> + use<> {
        if self.profile.has_changed().unwrap_or(false) {
            self.link.set_profile(*self.profile.borrow_and_update());
        }
        let now = elapsed_ns(self.since);
        self.link.send(now, len).arrivals().map(move |at| at - now).collect::<heapless::Vec<i64, 2>>().into_iter()
    }
}

fn elapsed_ns(since: Instant) -> i64 {
    i64::try_from(since.elapsed().as_nanos()).unwrap_or(i64::MAX)
}

enum To {
    Fixed(SocketAddr),
    /// Whoever sent the other direction's last datagram.
    LastHeard(watch::Receiver<Option<SocketAddr>>),
}

async fn forward(
    from: Arc<UdpSocket>,
    by: Arc<UdpSocket>,
    to: To,
    heard: Option<watch::Sender<Option<SocketAddr>>>,
    mut direction: Direction,
) {
    let held_back = Arc::new(Semaphore::new(HELD_BACK));
    let mut datagram = [0; 2048];
    loop {
        // An error is the echo of an earlier datagram to a process that is gone; the next may find it back.
        let Ok((len, sender)) = from.recv_from(&mut datagram).await else { continue };
        if let Some(heard) = &heard {
            heard.send_replace(Some(sender));
        }
        let target = match &to {
            To::Fixed(target) => Some(*target),
            To::LastHeard(hears) => *hears.borrow(),
        };
        let Some(target) = target else { continue };
        for delay in direction.delays(len) {
            if delay <= AT_ONCE_NS {
                // A datagram may be lost anywhere, here too.
                let _ = by.try_send_to(&datagram[..len], target);
            } else if let Ok(place) = held_back.clone().try_acquire_owned() {
                let (by, bytes) = (by.clone(), datagram[..len].to_vec());
                let due = tokio::time::Instant::now() + Duration::from_nanos(delay.unsigned_abs());
                tokio::spawn(async move {
                    sleep_until(due).await;
                    let _ = by.try_send_to(&bytes, target);
                    drop(place);
                });
            }
        }
    }
}

async fn accept(listener: TcpListener, ends: Ends, profile: watch::Receiver<LinkProfile>, seed: u64) {
    for connection in 0_u64.. {
        let Ok((near, _)) = listener.accept().await else { continue };
        let seed = seed ^ (connection << 32);
        tokio::spawn(carry(near, ends, profile.clone(), seed));
    }
}

/// Carries one control connection until either side ends it.
async fn carry(near: TcpStream, ends: Ends, profile: watch::Receiver<LinkProfile>, seed: u64) {
    let connect = async {
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.bind(SocketAddr::new(ends.node_as_seen(), 0))?;
        socket.connect(ends.hub).await
    };
    // Dropping the near side tells the node that there is no hub.
    let Ok(far) = connect.await else { return };
    let _ = near.set_nodelay(true);
    let _ = far.set_nodelay(true);
    let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
    tokio::select! {
        () = carry_one_way(near_read, far_write, profile.clone(), seed) => {}
        () = carry_one_way(far_read, near_write, profile, seed ^ 1) => {}
    }
}

async fn carry_one_way(
    mut from: tcp::OwnedReadHalf,
    mut to: tcp::OwnedWriteHalf,
    mut profile: watch::Receiver<LinkProfile>,
    seed: u64,
) {
    let mut link = StreamLink::new(*profile.borrow_and_update(), seed);
    let since = tokio::time::Instant::now();
    let (sender, mut segments) = mpsc::channel::<(tokio::time::Instant, Vec<u8>)>(SEGMENTS);
    let read = async move {
        let mut segment = [0; SEGMENT];
        loop {
            let Ok(len @ 1..) = from.read(&mut segment).await else { return };
            if profile.has_changed().unwrap_or(false) {
                link.set_profile(*profile.borrow_and_update());
            }
            let now = i64::try_from(since.elapsed().as_nanos()).unwrap_or(i64::MAX);
            let Some(at) = link.send(now, len) else { return };
            let due = since + Duration::from_nanos(at.unsigned_abs());
            if sender.send((due, segment[..len].to_vec())).await.is_err() {
                return;
            }
        }
    };
    let write = async move {
        while let Some((due, segment)) = segments.recv().await {
            sleep_until(due).await;
            if to.write_all(&segment).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(read, write);
}
