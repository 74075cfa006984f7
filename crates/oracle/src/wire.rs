//! A stream datagram, as a receiver that knows only the layout reads it.

use cuelight_wire::cues::CueState;
use cuelight_wire::ids::TokenHash;
use cuelight_wire::limits::MAX_LAYERS;
use cuelight_wire::scene::FullState;
use cuelight_wire::stream::{BadPacket, Header, MsgType, cues, full_state};
use cuelight_wire::time::{Show, Time};
use heapless::Vec;

use cuelight_wire::ids::Revision;

/// What a datagram says that the rules need.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    pub(crate) header: Header,
    /// Revision and applyAt of the layers of a full state.
    pub(crate) layers: Vec<(Revision, Time<Show>), MAX_LAYERS>,
    /// The applyAt of everything in a full state that is announced and not in force at hubNow.
    pub(crate) pending: Vec<Time<Show>, 7>,
    /// The state of the cues, of a datagram that tells one.
    pub(crate) cues: Option<Box<CueState>>,
}

/// Reads datagrams; remembers the last full state, because most repeat the one before.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    payload: Box<[u8]>,
    state: FullState,
}

impl Reader {
    /// Reads a datagram of the session with this token.
    pub(crate) fn read(&mut self, bytes: &[u8], token: TokenHash) -> Result<Packet, BadPacket> {
        let (header, payload) = Header::decode(bytes, token)?;
        let mut packet = Packet { header, layers: Vec::new(), pending: Vec::new(), cues: None };
        if header.msg_type == MsgType::Cues {
            packet.cues = Some(Box::new(cues::decode(payload)?));
        }
        if header.msg_type != MsgType::FullState {
            return Ok(packet);
        }
        if *self.payload != *payload {
            self.state = full_state::decode(payload)?;
            self.payload = payload.into();
        }
        let layers = self.state.layers.iter().map(|layer| (layer.rev, layer.at));
        packet.layers.extend(layers.clone());
        let tempos = self.state.tempos.iter().map(|tempo| tempo.grid.at);
        let masters = self.state.masters.iter().map(|master| master.at);
        let all = layers.map(|(_, at)| at).chain(tempos).chain(masters);
        packet.pending.extend(all.filter(|at| *at > header.hub_now));
        Ok(packet)
    }
}
