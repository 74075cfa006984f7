//! Traces made by hand, for the tests of the rules. True time is show time; a node's frame k is put out at show(k).

use std::ops::Range;

use cuelight_wire::caps::Ext;
use cuelight_wire::control::{CueReport, HubMessage, Keepalive, NodeMessage, Welcome};
use cuelight_wire::cues::{CueOrder, CueState, CueStep, Deed, ShowDigest, ShowId};
use cuelight_wire::ids::{NodeId, Revision, Token, TokenHash};
use cuelight_wire::limits::MAX_ZONES;
use cuelight_wire::scene::{FullState, Layer, Scene};
use cuelight_wire::stream::{Header, MAX_PACKET, MsgType, cues, full_state};
use cuelight_wire::time::{FrameIndex, Show, Span, Time};

use crate::entry::{ClockSample, Cued, Entry, Frame, NodeNo, Sent, What};
use crate::figures::Figures;
use crate::judge::{Cast, Judge};

pub(super) const FRAME_NS: i64 = 8_333_333;
const TOKEN: &str = "token";
/// The show that is played.
const SHOW: ShowId = ShowId { sha256: ShowDigest([7; 32]), size: 1 };

/// A trace under construction.
pub(super) struct Trace {
    pub(super) cast: Cast,
    pub(super) next_seq: u32,
    entries: Vec<Entry>,
    at_ns: i64,
    ext: Ext,
    seqs: Vec<u32>,
    travels_us: Option<i64>,
    output_delays: Vec<i64>,
    is_unlocked: Vec<bool>,
    announced: Option<(Revision, FrameIndex)>,
}

impl Trace {
    fn new(nodes: usize, ext: Ext) -> Self {
        let mut trace = Self {
            cast: Cast::alike(nodes),
            next_seq: 0,
            entries: Vec::new(),
            at_ns: 0,
            ext,
            seqs: vec![0; nodes],
            travels_us: Some(1_000),
            output_delays: vec![0; nodes],
            is_unlocked: vec![false; nodes],
            announced: None,
        };
        trace.add(What::HubStarted);
        for n in 0..nodes {
            trace.add(What::NodeStarted(NodeNo(n)));
            trace.welcome(n);
        }
        trace
    }
    /// Two Cuelight nodes that have been welcomed and have not said more.
    pub(super) fn welcomed() -> Self {
        Self::new(2, Ext::ALL)
    }
    /// Two Cuelight nodes whose stream has begun.
    pub(super) fn of_two() -> Self {
        let mut trace = Self::welcomed();
        for n in 0..2 {
            trace.keepalive(n);
            trace.send(n, MsgType::FullState, &state(None), None);
        }
        trace.pass_ms(10);
        trace
    }
    /// One deployed node whose stream has begun.
    pub(super) fn of_deployed() -> Self {
        let mut trace = Self::new(1, Ext::NONE);
        trace.keepalive(0);
        trace.heartbeat(0);
        trace
    }

    fn add(&mut self, what: What) {
        self.add_at(self.at_ns, what);
    }
    fn add_at(&mut self, at_ns: i64, what: What) {
        self.entries.push(Entry { at_ns, show: Time::from_ns(at_ns), what });
    }
    fn at_frame<T>(&mut self, index: i64, then: impl FnOnce(&mut Self) -> T) -> T {
        let now_ns = std::mem::replace(&mut self.at_ns, FrameIndex(index).show_at().as_ns());
        let done = then(self);
        self.at_ns = now_ns;
        done
    }
    pub(super) fn pass_ms(&mut self, ms: i64) {
        self.at_ns += ms * 1_000_000;
    }
    pub(super) fn figures(mut self) -> Figures {
        self.entries.sort_by_key(|entry| entry.at_ns);
        let mut judge = Judge::new(self.cast);
        self.entries.iter().for_each(|entry| judge.take(entry));
        judge.figures()
    }

    fn welcome(&mut self, n: usize) {
        let welcome = Welcome {
            proto: 1,
            node_id: NodeId(n as u16 + 1),
            token: Token::try_from(TOKEN).unwrap(),
            udp_port: 49_152,
            hub_epoch_us: 0,
            ts_port: None,
            ext: self.ext,
            boot_id: None,
        };
        let arrives_at = Some(self.at_ns);
        self.add(What::Told(NodeNo(n), Box::new(HubMessage::Welcome(welcome)), arrives_at));
    }
    fn keepalive(&mut self, n: usize) {
        self.keepalive_with(n, None);
    }
    /// A keepalive that tells of the cues.
    pub(super) fn cue_report(&mut self, n: usize, number: u32, failed: bool) {
        self.keepalive_with(n, Some(CueReport { number, late: 0, failed }));
    }
    fn keepalive_with(&mut self, n: usize, cues: Option<CueReport>) {
        let keepalive = Keepalive {
            node_id: NodeId(n as u16 + 1),
            token: Token::try_from(TOKEN).unwrap(),
            rssi: 0,
            loss_pct: 0.0,
            drift_us: 0,
            uptime_s: 0,
            render_fps: 120.0,
            heap_free: 0,
            sync: None,
            cues,
        };
        self.add(What::Said(NodeNo(n), Box::new(NodeMessage::Keepalive(keepalive))));
    }
    /// A new session, whose first datagram has the number `next_seq`.
    pub(super) fn rejoin_stream(&mut self) {
        self.welcome(0);
        self.keepalive(0);
        self.seqs[0] = self.next_seq;
    }
    pub(super) fn close(&mut self, n: usize) {
        self.add(What::Closed(NodeNo(n)));
    }
    pub(super) fn cut(&mut self, n: usize) {
        self.add(What::Cut(NodeNo(n), true));
    }
    /// Cut off at one frame, connected at another, with a stream from a third on.
    pub(super) fn cut_between(&mut self, n: usize, from: i64, to: i64, streams: i64) {
        self.at_frame(from, |trace| trace.add(What::Cut(NodeNo(n), true)));
        self.at_frame(to, |trace| trace.add(What::Cut(NodeNo(n), false)));
        self.at_frame(streams, |trace| trace.send(n, MsgType::FullState, &state(None), None));
    }
    /// The hub starts again at a frame; each node has its stream from another frame on.
    pub(super) fn restart_hub(&mut self, at: i64, streams: [i64; 2]) {
        self.at_frame(at - 10, |trace| trace.add(What::HubStopped));
        self.at_frame(at, |trace| trace.add(What::HubStarted));
        for (n, from) in streams.into_iter().enumerate().filter(|(_, from)| *from < i64::MAX) {
            self.at_frame(from, |trace| {
                trace.welcome(n);
                trace.keepalive(n);
                trace.send(n, MsgType::FullState, &state(None), None);
            });
        }
    }
    /// The hub starts again, and both nodes have their streams at once.
    pub(super) fn restart_hub_now(&mut self) {
        self.add(What::HubStopped);
        self.add(What::HubStarted);
        for n in 0..2 {
            self.welcome(n);
            self.keepalive(n);
            self.send(n, MsgType::FullState, &state(None), None);
        }
    }
    pub(super) const fn now_us(&self) -> i64 {
        self.at_ns / 1_000
    }
    /// A datagram of the cues whose newest step is a GO.
    pub(super) fn cues(&mut self, n: usize, number: u32, at_us: i64, hash: u64) {
        let deed = Deed::Order { list: 1, order: CueOrder::Go };
        let step = CueStep { rev: Revision(number), at: Time::from_us(at_us), deed };
        let state = CueState { show: Some(SHOW), number, hash, steps: [step].into_iter().collect() };
        let mut buf = [0; cues::MAX_LEN];
        let len = cues::encode(&state, &mut buf).unwrap();
        self.send(n, MsgType::Cues, &buf[..len], Some(at_us));
    }
    /// A node has come to a state of the cues.
    pub(super) fn cued(&mut self, n: usize, number: u32, hash: u64) {
        self.add(What::Cued(NodeNo(n), Cued { show: SHOW, number, hash }));
    }
    /// Seconds pass in which node 0 has its stream, with or without a time exchange of node 1 in each.
    pub(super) fn skip(&mut self, seconds: i64, asks: bool) {
        for _ in 0..seconds {
            self.keepalive(0);
            for _ in 0..25 {
                self.send(0, MsgType::FullState, &state(None), None);
                self.pass_ms(40);
            }
            if asks {
                self.add(What::Asked(NodeNo(1)));
            }
        }
    }

    /// How long datagrams travel from now on; `None`: they are lost.
    pub(super) fn delay_datagrams(&mut self, us: Option<i64>) {
        self.travels_us = us;
    }
    fn send(&mut self, n: usize, msg_type: MsgType, payload: &[u8], apply_at_us: Option<i64>) {
        let hub_now = Time::<Show>::from_ns(self.at_ns);
        let apply_at = apply_at_us.map_or(hub_now + Span::from_ms(30), Time::from_us);
        let token_hash = TokenHash::of(TOKEN.as_bytes());
        let header = Header { msg_type, seq: self.seqs[n], token_hash, hub_now, apply_at };
        self.seqs[n] = self.seqs[n].wrapping_add(1);
        let mut buf = [0; MAX_PACKET];
        let len = header.encode(payload, &mut buf).unwrap();
        let arrivals = [self.travels_us.map(|us| self.at_ns + us * 1_000), None];
        self.add(What::Sent(NodeNo(n), Sent { arrivals, bytes: buf[..len].into() }));
    }
    /// A tick with nothing announced, this many times.
    pub(super) fn tick(&mut self, n: usize, copies: usize) {
        for _ in 0..copies {
            self.send(n, MsgType::FullState, &state(None), None);
        }
        self.pass_ms(10);
    }
    /// A tick that announces a change, this many times.
    pub(super) fn tick_announcing(&mut self, n: usize, copies: usize, rev: u32, at_us: i64) {
        self.tell(n, copies, rev, at_us);
        self.pass_ms(10);
    }
    /// A change is announced here and now, this many times.
    pub(super) fn tell(&mut self, n: usize, copies: usize, rev: u32, at_us: i64) {
        for _ in 0..copies {
            self.send(n, MsgType::FullState, &state(Some((rev, at_us))), Some(at_us));
        }
    }
    /// A change is announced to both nodes, in one tick.
    pub(super) fn announce(&mut self, rev: u32, at_us: i64) {
        for n in 0..2 {
            self.send(n, MsgType::FullState, &state(Some((rev, at_us))), Some(at_us));
        }
        self.pass_ms(10);
        self.announced = Some((Revision(rev), FrameIndex::first_at_or_after(Time::from_us(at_us))));
    }
    pub(super) fn heartbeat(&mut self, n: usize) {
        self.send(n, MsgType::Heartbeat, &[], None);
        self.pass_ms(10);
    }
    pub(super) fn param_delta(&mut self, n: usize, at_us: i64) {
        self.send(n, MsgType::ParamDelta, &[0; 8], Some(at_us));
        self.pass_ms(10);
    }
    pub(super) fn order(&mut self, rev: u32, at_us: i64) {
        self.add(What::Ordered(Revision(rev), Time::from_us(at_us)));
    }
    pub(super) fn spoil_last(&mut self, spoil: fn(&mut [u8])) {
        let Some(Entry { what: What::Sent(_, sent), .. }) = self.entries.last_mut() else { panic!("no datagram") };
        spoil(&mut sent.bytes);
    }

    pub(super) fn delay_outputs(&mut self, n: usize, ns: i64) {
        self.output_delays[n] = ns;
    }
    pub(super) fn unlock(&mut self, n: usize) {
        self.is_unlocked[n] = true;
    }
    /// Frames of all nodes up to an index; the announced change shows from the frame that `first` gives for a node and the
    /// change's own frame.
    pub(super) fn frames_until(&mut self, end: i64, first: impl Fn(usize, i64) -> i64) {
        let begin = FrameIndex::first_at_or_after(Time::from_ns(self.at_ns)).0;
        for index in (begin..end).map(FrameIndex) {
            for n in 0..self.seqs.len() {
                let shown = self.announced.filter(|(_, own)| index.0 >= first(n, own.0));
                let frame = Frame {
                    index,
                    is_synced: !self.is_unlocked[n],
                    rev: shown.map(|(rev, _)| rev).unwrap_or_default(),
                    hash: index.0.unsigned_abs(),
                };
                let at_ns = index.show_at().as_ns() + self.output_delays[n];
                self.add_at(at_ns, What::Frame(NodeNo(n), frame));
            }
        }
    }
    fn change_frames(&mut self, n: usize, range: Range<i64>, change: impl Fn(&mut Frame)) {
        for entry in &mut self.entries {
            if let What::Frame(NodeNo(of), frame) = &mut entry.what
                && *of == n
                && range.contains(&frame.index.0)
            {
                change(frame);
            }
        }
    }
    pub(super) fn paint(&mut self, n: usize, index: i64, hash: u64) {
        self.change_frames(n, index..index + 1, |frame| frame.hash = hash);
    }
    pub(super) fn renumber(&mut self, n: usize, index: i64, number: i64) {
        self.change_frames(n, index..index + 1, |frame| frame.index = FrameIndex(number));
    }
    pub(super) fn unsync_frames(&mut self, n: usize, range: Range<i64>) {
        self.change_frames(n, range, |frame| frame.is_synced = false);
    }
    pub(super) fn drop_frames(&mut self, n: usize, range: Range<i64>) {
        let is_dropped = |entry: &Entry| matches!(entry.what, What::Frame(NodeNo(of), frame) if of == n && range.contains(&frame.index.0));
        self.entries.retain(|entry| !is_dropped(entry));
    }
    /// A look at a clock, in the middle of a frame.
    pub(super) fn clock(&mut self, n: usize, index: i64, error_ns: i64, is_usable: bool, bound_ns: i64) {
        let at_ns = FrameIndex(index).show_at().as_ns();
        // Two looks a microsecond apart show a step that is longer than that.
        let at_ns = if index % 2 == 1 { FrameIndex(index - 1).show_at().as_ns() + 1_000 } else { at_ns };
        let show = Time::from_ns(at_ns + error_ns);
        let sample = ClockSample { show, is_usable, bound: Span::from_ns(bound_ns) };
        self.add_at(at_ns, What::Clock(NodeNo(n), sample));
    }
}

/// The payload of a full state with nothing, or one layer.
fn state(layer: Option<(u32, i64)>) -> Vec<u8> {
    let mut state = FullState::default();
    if let Some((rev, at_us)) = layer {
        let (rev, at) = (Revision(rev), Time::from_us(at_us));
        let layer = Layer { rev, at, fade_ms: 0, scene: Scene::default(), phase: 0, zone_phases: [0; MAX_ZONES] };
        state.layers.push(layer).unwrap();
    }
    let mut buf = vec![0; full_state::MAX_LEN];
    let len = full_state::encode(&state, &mut buf).unwrap();
    buf.truncate(len);
    buf
}
