//! Universes sent from here: at their frames, with synchronisation, a list of them, and an end.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use cuelight_dmx::MAX_SLOTS;
use cuelight_dmx::artnet::{self, PortAddress};
use cuelight_dmx::priority::Priority;
use cuelight_dmx::range::UniverseRange;
use cuelight_dmx::sacn::{self, Cid, SourceName, Universe};
use cuelight_dmx::send::{
    Announcer, ArtNetStream, ArtNetSynchroniser, Identity, Rate, SacnSettings, SacnStream, SacnSynchroniser,
};
use cuelight_input::Protocol;
use cuelight_net::clock::mono_now_ns;
use cuelight_net::timer::sleep_until;
use cuelight_output::universes::{open, resolve};
use cuelight_wire::time::{Local, Span, Time};

/// What `send` and `test` have in common.
#[derive(Args, Clone, Debug)]
pub(super) struct Target {
    /// The universe, or several like 1..4; each gets the same levels
    #[arg(long, value_name = "N|N..M", default_value = "1")]
    universe: UniverseRange,
    /// By sACN, which is the default
    #[arg(long, conflicts_with = "artnet")]
    sacn: bool,
    /// By Art-Net; needs --to
    #[arg(long, requires = "to")]
    artnet: bool,
    /// Receiver, or for Art-Net a broadcast address [default: sACN's groups]
    #[arg(long, value_name = "HOST[:PORT]")]
    to: Option<String>,
    /// Address of this machine to send from: of several networks the one that is meant
    #[arg(long, value_name = "IP")]
    at: Option<Ipv4Addr>,
    /// Frames a second, 1 to 44
    #[arg(long, default_value_t = 44, value_parser = clap::value_parser!(u8).range(1..=44))]
    hz: u8,
    /// Priority of 0 to 200; sACN only
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u8).range(0..=200), conflicts_with = "artnet")]
    priority: u8,
    /// Send synchronisation packets after the levels: to this universe's address with sACN, ArtSync with Art-Net
    #[arg(long, value_name = "UNIVERSE", num_args = 0..=1, default_missing_value = "0")]
    sync: Option<u16>,
    /// Mark the levels as a preview, for visualisers only; sACN only
    #[arg(long, conflicts_with = "artnet")]
    preview: bool,
    /// What the source calls itself; sACN only
    #[arg(long, default_value = "cuelight dmx")]
    name: String,
    /// How long [default: until Ctrl-C]
    #[arg(long, value_name = "S")]
    seconds: Option<f64>,
}

/// What was sent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sent {
    pub(super) datagrams: u64,
    pub(super) failed: u64,
}

/// The streams of one protocol.
enum Streams {
    Sacn { identity: Identity, streams: Vec<SacnStream>, sync: Option<SacnSynchroniser>, announcer: Announcer },
    ArtNet { streams: Vec<ArtNetStream>, sync: Option<ArtNetSynchroniser> },
}

impl Sent {
    /// The same for people.
    pub(super) fn told(self) -> String {
        let Self { datagrams, failed } = self;
        let failed = if failed == 0 { String::new() } else { format!(", {failed} were not taken by the system") };
        format!("{datagrams} datagrams sent{failed}")
    }
}

struct Sender {
    socket: UdpSocket,
    to: Option<SocketAddr>,
    streams: Streams,
    sent: Sent,
    complaint: Option<String>,
}

impl Target {
    /// Sends what `levels` writes for frame k of the target's universe i (it returns how many slots that is, or that
    /// they are as before), until `stop` or
    /// the end of the time, and says the end.
    pub(super) fn play(
        &self,
        stop: &AtomicBool,
        mut levels: impl FnMut(i64, usize, &mut [u8; MAX_SLOTS]) -> Option<usize>,
    ) -> Result<Sent> {
        let rate = Rate::new(self.hz).context("expected 1 to 44 frames a second")?;
        let frames = match self.seconds {
            Some(seconds) if seconds > 0.0 && seconds.is_finite() => {
                // At least one frame; `as` saturates.
                ((seconds * f64::from(self.hz)).ceil() as i64).max(1)
            }
            Some(seconds) => bail!("--seconds {seconds}: expected more than 0"),
            None => i64::MAX,
        };
        let mut sender = self.open(rate)?;
        let start_ns = mono_now_ns();
        let mut slots = [0; MAX_SLOTS];
        for k in 0..frames {
            let now_ns = sleep_until(start_ns.saturating_add(rate.show_at(k).as_ns()));
            if stop.load(Ordering::Acquire) {
                break;
            }
            for i in 0..self.universe.count() {
                if let Some(len) = levels(k, i, &mut slots) {
                    sender.set(i, &slots[..len.min(MAX_SLOTS)]);
                }
            }
            sender.transmit(Time::from_ns(now_ns));
        }
        Ok(sender.end(Time::from_ns(mono_now_ns())))
    }
    /// The same for so many universes from the first one on.
    pub(super) fn of_count(&self, count: usize) -> Result<Self> {
        let first = self.universe.first;
        let last = usize::from(first) + count.max(1) - 1;
        let last = u16::try_from(last).context("there are no universes above 63999")?;
        Ok(Self { universe: UniverseRange { first, last }, ..self.clone() })
    }
    /// How they are sent.
    pub(super) fn protocol(&self) -> Protocol {
        if self.artnet { Protocol::ArtNet } else { Protocol::Sacn }
    }
    /// Which are sent.
    pub(super) fn universes(&self) -> UniverseRange {
        self.universe
    }
    /// Whether everybody gets them.
    pub(super) fn is_multicast(&self) -> bool {
        self.to.is_none()
    }
    /// How many universes there are.
    pub(super) fn count(&self) -> usize {
        self.universe.count()
    }
    /// What is sent where, for people.
    pub(super) fn described(&self) -> String {
        let protocol = if self.artnet { "Art-Net" } else { "sACN" };
        let to = self.to.as_ref().map_or_else(|| "its group".to_owned(), Clone::clone);
        format!("{protocol} {} to {to} at {} Hz", self.universe, self.hz)
    }

    fn open(&self, rate: Rate) -> Result<Sender> {
        let port = if self.artnet { artnet::PORT } else { sacn::PORT };
        let to = self.to.as_deref().map(|host| resolve(host, port)).transpose()?;
        ensure!(to.is_none_or(|to| to.is_ipv4()), "--to: expected an IPv4 address or a name that has one");
        let socket = open(self.at.map(IpAddr::from), to)?;
        let streams = if self.artnet { self.artnet(rate)? } else { self.sacn(rate)? };
        Ok(Sender { socket, to, streams, sent: Sent::default(), complaint: None })
    }
    fn sacn(&self, rate: Rate) -> Result<Streams> {
        let universe = |number| Universe::new(number).context("sACN has universes of 1 to 63999");
        let mut cid = [0; 16];
        getrandom::fill(&mut cid).context("the system gives no random numbers")?;
        // Version and variant of a random UUID (RFC 9562): each run is a source of its own.
        (cid[6], cid[8]) = (0x40 | cid[6] & 0x0F, 0x80 | cid[8] & 0x3F);
        let identity = Identity { cid: Cid(cid), name: SourceName::new(&self.name) };
        let sync = match self.sync {
            Some(0) => Some(universe(self.universe.first)?),
            Some(number) => Some(universe(number)?),
            None => None,
        };
        let settings = |universe| SacnSettings {
            universe,
            priority: Priority::new(self.priority).unwrap_or_default(),
            sync,
            is_forced: true,
            is_preview: self.preview,
            rate,
        };
        let streams = self.universe.iter().map(|number| Ok(SacnStream::new(settings(universe(number)?))));
        Ok(Streams::Sacn {
            identity,
            streams: streams.collect::<Result<_>>()?,
            sync: sync.map(|sync| SacnSynchroniser::new(identity.cid, sync, Span::ZERO)),
            announcer: Announcer::new(Time::from_ns(mono_now_ns())),
        })
    }
    fn artnet(&self, rate: Rate) -> Result<Streams> {
        let stream = |number| {
            let address = PortAddress::new(number).context("Art-Net has universes of 0 to 32767")?;
            Ok(ArtNetStream::new(address, 0, rate))
        };
        let streams = self.universe.iter().map(stream).collect::<Result<_>>()?;
        Ok(Streams::ArtNet { streams, sync: self.sync.map(|_| ArtNetSynchroniser::new(Span::ZERO)) })
    }
}

impl Sender {
    fn set(&mut self, i: usize, levels: &[u8]) {
        match &mut self.streams {
            Streams::Sacn { streams, .. } => streams.get_mut(i).into_iter().for_each(|s| s.handle_levels(levels)),
            Streams::ArtNet { streams, .. } => streams.get_mut(i).into_iter().for_each(|s| s.handle_levels(levels)),
        }
    }
    /// Sends what is due.
    fn transmit(&mut self, now: Time<Local>) {
        let Self { socket, to, streams, sent, complaint } = self;
        let mut send = |bytes: &[u8], to: SocketAddr| match socket.send_to(bytes, to) {
            Ok(_) => sent.datagrams += 1,
            Err(error) => {
                sent.failed += 1;
                if complaint.is_none() {
                    eprintln!("cannot send to {to}: {error}; trying on");
                    *complaint = Some(error.to_string());
                }
            }
        };
        match streams {
            Streams::Sacn { identity, streams, sync, announcer } => {
                let to_group = |group: [u8; 4]| to.unwrap_or_else(|| (Ipv4Addr::from(group), sacn::PORT).into());
                let mut buf = [0; sacn::Data::MAX_LEN];
                let mut is_sent = false;
                for stream in &mut *streams {
                    let to = to_group(stream.settings().universe.group());
                    while let Some(len) = stream.poll_transmit(identity, &mut buf, now) {
                        send(&buf[..len], to);
                        is_sent = true;
                    }
                }
                if let Some(sync) = sync.as_mut().filter(|_| is_sent) {
                    let mut buf = [0; sacn::Sync::LEN];
                    sync.handle_frame(now);
                    if let Some(len) = sync.poll_transmit(&mut buf, now) {
                        send(&buf[..len], to_group(sync.address().group()));
                    }
                }
                let universes: Vec<_> = streams.iter().map(|stream| stream.settings().universe).collect();
                let mut page = [0; sacn::Page::MAX_LEN];
                while let Some(len) = announcer.poll_transmit(identity, &universes, &mut page, now) {
                    send(&page[..len], to_group(Universe::DISCOVERY_GROUP));
                }
            }
            Streams::ArtNet { streams, sync } => {
                let Some(to) = *to else { return };
                let mut buf = [0; artnet::Dmx::MAX_LEN];
                let mut is_sent = false;
                for stream in streams {
                    if let Some(len) = stream.poll_transmit(&mut buf, now) {
                        send(&buf[..len], to);
                        is_sent = true;
                    }
                }
                if let Some(sync) = sync.as_mut().filter(|_| is_sent) {
                    let mut buf = [0; artnet::Sync::LEN];
                    sync.handle_frame(now);
                    if let Some(len) = sync.poll_transmit(&mut buf, now) {
                        send(&buf[..len], to);
                    }
                }
            }
        }
    }
    /// Says the end, where the protocol has a word for it.
    fn end(mut self, now: Time<Local>) -> Sent {
        if let Streams::Sacn { streams, .. } = &mut self.streams {
            streams.iter_mut().for_each(SacnStream::handle_end);
            self.transmit(now);
        }
        self.sent
    }
}
