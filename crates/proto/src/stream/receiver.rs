//! A node's end of its stream: checks, sequence, loss, silence.

use cuelight_wire::cues::CueState;
use cuelight_wire::ids::TokenHash;
use cuelight_wire::limits::{MAX_STREAM_PAYLOAD, UDP_SILENCE_DEGRADED, UDP_SILENCE_FAIL};
use cuelight_wire::scene::FullState;
use cuelight_wire::seal::{Seal, TAG_LEN};
use cuelight_wire::stream::payload::{BeatTick, ParamDelta, SceneChange};
use cuelight_wire::stream::{BadPacket, Header, MsgType, cues, full_state};
use cuelight_wire::time::{Local, Span, Time};
use heapless::Vec;

use super::drops::{DropCounts, DropReason};
use super::loss::{LossTotals, LossWindow};
use super::sequence::{LARGE_GAP, Sequence, Verdict};

/// What an accepted packet says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// Effect, palette and the commonest parameters.
    ParamDelta(ParamDelta),
    /// Tempo and beat phase.
    BeatTick(BeatTick),
    /// Effect and palette.
    SceneChange(SceneChange),
    /// Nothing new.
    Heartbeat,
    /// Cuelight's full state.
    FullState(FullState),
    /// A full state of the very bytes of the one before it; it is not decoded again.
    SameState,
    /// What is played of a show.
    Cues(CueState),
}

/// A packet that passed every check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Its header.
    pub header: Header,
    /// Its payload.
    pub payload: Payload,
    /// Packets missing in front of it.
    pub gap: u32,
}

/// How long the stream has been silent, in the steps that matter (`STREAM-34`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Silence {
    /// At most 200 ms.
    None,
    /// More than 200 ms: the node is degraded.
    Degraded,
    /// More than 500 ms: the node falls back.
    Failed,
}

/// The receiving end of one node's stream, through all its sessions.
#[derive(Clone, Debug)]
pub struct Receiver {
    token_hash: Option<TokenHash>,
    seal: Option<Seal>,
    sequence: Sequence,
    window: LossWindow,
    totals: LossTotals,
    drops: DropCounts,
    /// When the last packet was accepted; the beginning before the first.
    heard_at: Time<Local>,
    large_gap_at: Option<Time<Local>>,
    /// Payload of the last full state; packets that repeat it are not decoded again.
    last_state: Vec<u8, MAX_STREAM_PAYLOAD>,
}

impl Receiver {
    /// A receiver without a session; silence is counted from `now`.
    pub fn new(now: Time<Local>) -> Self {
        Self {
            token_hash: None,
            seal: None,
            sequence: Sequence::new(),
            window: LossWindow::new(),
            totals: LossTotals::default(),
            drops: DropCounts::default(),
            heard_at: now,
            large_gap_at: None,
            last_state: Vec::new(),
        }
    }

    /// A session begins: its first packet sets the sequence (`STREAM-32`), and its packets end with a tag where that was
    /// agreed (`WIRE-17`). Counters go on.
    pub fn start(&mut self, token_hash: TokenHash, seal: Option<Seal>) {
        (self.token_hash, self.seal) = (Some(token_hash), seal);
        self.sequence = Sequence::new();
        self.forget_state();
    }

    /// The next full state is decoded and given even if it repeats the last one.
    pub fn forget_state(&mut self) {
        self.last_state.clear();
    }

    /// The last full state of this session, unless it was forgotten.
    pub fn last_state(&self) -> Option<FullState> {
        // Nothing is kept that could not be read.
        if self.last_state.is_empty() { None } else { full_state::decode(&self.last_state).ok() }
    }

    /// Takes a datagram from the stream port. What is wrong with it is counted and returned.
    // Inlined, so that room for a full state is not copied three times for each packet that only repeats one.
    #[inline]
    pub fn handle_datagram(&mut self, bytes: &[u8], now: Time<Local>) -> Result<Packet, DropReason> {
        let result = self.accept(bytes, now);
        if let Err(reason) = result {
            self.drops.count(reason);
        }
        result
    }

    #[inline]
    fn accept(&mut self, bytes: &[u8], now: Time<Local>) -> Result<Packet, DropReason> {
        let token_hash = self.token_hash.ok_or(DropReason::NoSession)?;
        let tag_len = if self.seal.is_some() { TAG_LEN } else { 0 };
        let packet = bytes.get(..bytes.len().wrapping_sub(tag_len)).ok_or(DropReason::Truncated)?;
        // What is no packet of this session is not worth working out a tag.
        let (header, payload) = Header::decode(packet, token_hash)?;
        if self.seal.as_ref().is_some_and(|seal| seal.open(bytes).is_none()) {
            return Err(DropReason::WrongTag);
        }
        let gap = match self.sequence.verdict(header.seq) {
            Verdict::Accept { gap } => gap,
            Verdict::Duplicate => return Err(DropReason::Duplicate),
            Verdict::Late { was_counted_lost } => {
                if was_counted_lost {
                    self.sequence.mark(header.seq);
                    self.window.on_found(now);
                    self.totals.lost = self.totals.lost.saturating_sub(1);
                }
                return Err(DropReason::Late);
            }
        };
        // A payload that cannot be read leaves the sequence alone: the packet is as good as lost.
        let payload = self.decode(header.msg_type, payload)?;
        self.sequence.mark(header.seq);
        self.window.on_accepted(gap, now);
        self.totals.received = self.totals.received.saturating_add(1);
        self.totals.lost = self.totals.lost.saturating_add(u64::from(gap));
        if gap >= LARGE_GAP {
            self.totals.large_gaps = self.totals.large_gaps.saturating_add(1);
            self.large_gap_at = Some(now);
        }
        self.heard_at = now;
        Ok(Packet { header, payload, gap })
    }

    #[inline]
    fn decode(&mut self, msg_type: MsgType, payload: &[u8]) -> Result<Payload, BadPacket> {
        Ok(match msg_type {
            MsgType::ParamDelta => Payload::ParamDelta(ParamDelta::decode(payload)?),
            MsgType::BeatTick => Payload::BeatTick(BeatTick::decode(payload)?),
            MsgType::SceneChange => Payload::SceneChange(SceneChange::decode(payload)?),
            MsgType::Heartbeat if payload.is_empty() => Payload::Heartbeat,
            MsgType::Heartbeat => return Err(BadPacket::BadPayload),
            MsgType::Cues => Payload::Cues(cues::decode(payload)?),
            MsgType::FullState if !payload.is_empty() && self.last_state == payload => Payload::SameState,
            MsgType::FullState => {
                let state = full_state::decode(payload)?;
                self.last_state = Vec::from_slice(payload).map_err(|_| BadPacket::Oversized)?;
                Payload::FullState(state)
            }
        })
    }

    /// Percent of the packets of the last five seconds that were lost (`STREAM-33`).
    pub fn loss_pct(&self, now: Time<Local>) -> f32 {
        self.window.percent(now)
    }
    /// Counts since the receiver was made.
    pub const fn totals(&self) -> LossTotals {
        self.totals
    }
    /// Drops by reason since the receiver was made.
    pub const fn drops(&self) -> DropCounts {
        self.drops
    }
    /// When the last packet was accepted; when the receiver was made, before the first.
    pub const fn heard_at(&self) -> Time<Local> {
        self.heard_at
    }
    /// When the last large gap was seen.
    pub const fn large_gap_at(&self) -> Option<Time<Local>> {
        self.large_gap_at
    }
    /// How silent the stream is (`STREAM-34`).
    pub fn silence(&self, now: Time<Local>) -> Silence {
        let span = now - self.heard_at;
        if span > UDP_SILENCE_FAIL {
            Silence::Failed
        } else if span > UDP_SILENCE_DEGRADED {
            Silence::Degraded
        } else {
            Silence::None
        }
    }
    /// When [`Receiver::silence`] becomes [`Silence::Failed`] if nothing comes.
    pub fn fails_at(&self) -> Time<Local> {
        self.heard_at + UDP_SILENCE_FAIL + Span::from_ns(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::Sender;
    use cuelight_wire::stream::MAX_PACKET;
    use proptest::prelude::*;

    const HASH: TokenHash = TokenHash(77);
    const NOW: Time<Local> = Time::ZERO;

    struct Pair {
        sender: Sender,
        receiver: Receiver,
    }

    impl Pair {
        fn new(first_seq: u32) -> Self {
            let mut receiver = Receiver::new(NOW);
            receiver.start(HASH, None);
            Self { sender: Sender::starting_at(HASH, first_seq), receiver }
        }
        fn send(&mut self, msg_type: MsgType, payload: &[u8]) -> Result<Packet, DropReason> {
            let mut buf = [0; MAX_PACKET];
            let len = self.sender.packet(msg_type, Time::ZERO, Time::ZERO, payload, &mut buf).unwrap();
            self.receiver.handle_datagram(&buf[..len], NOW)
        }
        fn state(&mut self, masters: u8) -> Payload {
            let mut payload = [0; 4 + 14];
            payload[0] = 1;
            payload[3] = masters;
            self.send(MsgType::FullState, &payload[..4 + 14 * usize::from(masters)]).unwrap().payload
        }
    }

    #[test]
    fn a_repeated_state_is_not_decoded_again_until_asked_for() {
        let mut pair = Pair::new(0);
        assert!(matches!(pair.state(1), Payload::FullState(state) if state.masters.len() == 1));
        assert_eq!(pair.state(1), Payload::SameState);
        assert!(matches!(pair.state(0), Payload::FullState(state) if state.masters.is_empty()));
        assert!(matches!(pair.state(1), Payload::FullState(_)));
        pair.receiver.forget_state();
        assert!(matches!(pair.state(1), Payload::FullState(_)));
    }

    #[test]
    fn a_packet_whose_payload_cannot_be_read_is_as_good_as_lost() {
        // STREAM-31
        let mut pair = Pair::new(5);
        pair.send(MsgType::Heartbeat, &[]).unwrap();
        for (msg_type, payload) in [
            (MsgType::ParamDelta, &[0; 7][..]),
            (MsgType::BeatTick, &[0; 5]),
            (MsgType::SceneChange, &[]),
            (MsgType::Heartbeat, &[0]),
            (MsgType::FullState, &[]),
            (MsgType::FullState, &[9, 0, 0, 0]),
            (MsgType::Cues, &[1, 0]),
        ] {
            assert_eq!(pair.send(msg_type, payload), Err(DropReason::BadPayload), "{msg_type:?}");
        }
        assert_eq!(pair.send(MsgType::Heartbeat, &[]).unwrap().gap, 7);
        assert_eq!((pair.receiver.drops().bad_payload, pair.receiver.totals().lost), (7, 7));
    }

    #[test]
    fn packets_without_the_right_tag_are_dropped_and_leave_the_sequence_alone() {
        // WIRE-18
        let seal = |token: &[u8]| Some(Seal::of_stream(token));
        let mut pair = Pair::new(0);
        pair.receiver.start(HASH, seal(b"token"));
        assert_eq!(pair.send(MsgType::Heartbeat, &[]), Err(DropReason::Truncated), "without a tag");
        pair.sender = Sender::new(HASH).sealed(seal(b"guessed"));
        assert_eq!(pair.send(MsgType::Heartbeat, &[]), Err(DropReason::WrongTag));
        pair.sender = Sender::starting_at(HASH, 900).sealed(seal(b"guessed"));
        assert_eq!(pair.send(MsgType::BeatTick, &[0; 4]), Err(DropReason::WrongTag));
        pair.sender = Sender::new(HASH).sealed(seal(b"token"));
        assert_eq!(pair.send(MsgType::Heartbeat, &[]).unwrap().gap, 0);
        for cut in 0..TAG_LEN {
            assert_eq!(pair.receiver.handle_datagram(&[1; TAG_LEN][..cut], NOW), Err(DropReason::Truncated));
        }
        assert_eq!((pair.receiver.drops().wrong_tag, pair.receiver.totals().lost), (2, 0));
    }

    #[test]
    fn a_new_session_starts_its_own_sequence() {
        // STREAM-32
        let mut pair = Pair::new(1000);
        pair.send(MsgType::Heartbeat, &[]).unwrap();
        pair.sender = Sender::new(HASH);
        assert_eq!(pair.send(MsgType::Heartbeat, &[]), Err(DropReason::Late));
        pair.receiver.start(HASH, None);
        assert_eq!(pair.send(MsgType::Heartbeat, &[]).unwrap().gap, 0);
    }

    proptest! {
        #[test]
        fn over_the_wrap_nothing_is_lost_that_arrived(
            ahead in 0_u32..200, lost in prop::collection::vec(any::<bool>(), 1..400)
        ) {
            // STREAM-32, STREAM-33
            let mut pair = Pair::new(0_u32.wrapping_sub(ahead));
            let (mut received, mut missing, mut counted) = (0, 0, 0);
            for is_lost in lost {
                let mut buf = [0; 28];
                pair.sender.packet(MsgType::Heartbeat, Time::ZERO, Time::ZERO, &[], &mut buf).unwrap();
                if is_lost {
                    missing += u64::from(received > 0);
                } else {
                    pair.receiver.handle_datagram(&buf, NOW).unwrap();
                    received += 1;
                    counted = missing;
                }
            }
            // What is missing after the last packet is not known yet.
            prop_assert_eq!((pair.receiver.totals().received, pair.receiver.totals().lost), (received, counted));
        }
    }
}
