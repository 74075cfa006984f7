//! The control plane: one plain struct for each JSON message of `ws://HUB/ws`.
//!
//! These types say what travels; reading and writing the JSON text is `cuelight-net`'s. Unknown fields are passed over
//! when reading (CTRL-1). Instants are microseconds on the wire (`Us`). Layout: `docs/protocol/20-control.md`.

mod error;
mod full_state;
mod geometry;
mod hello;
mod keepalive;
mod ota;
mod restart;
mod show;
mod show_lock;
mod time_exchange;
mod universes;
mod welcome;

pub use error::{ErrorMessage, Refusal};
pub use full_state::{FullStateMessage, HexPayload};
pub use geometry::LaidOut;
pub use hello::{Caps, Hello, ShowHint, Topo};
pub use keepalive::{CueReport, ExchangeReport, Keepalive, SyncReport};
pub use ota::{OtaState, OtaStatus, OtaStop, OtaUpdate};
pub use restart::Restart;
pub use show::{GlobalState, ParametersSet, SetEffect, Snapshot, ZoneState, ZoneUpdate};
pub use show_lock::ShowLock;
pub use time_exchange::{TsPing, TsPong};
pub use universes::Assigned;
pub use welcome::Welcome;

/// Microseconds, as a number in JSON.
pub type Us = i64;

/// Short text of a control message; longer text is an error of the message that carries it.
pub type Text<const N: usize> = heapless::String<N>;

/// Everything a node sends. `t` in JSON names the variant.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeMessage {
    /// `hello`
    Hello(Hello),
    /// `ka`
    Keepalive(Keepalive),
    /// `ts_ping`
    TsPing(TsPing),
    /// `ota_status`
    OtaStatus(OtaStatus),
}

/// Everything a hub sends. `t` (or, for show messages, `type`) in JSON names the variant.
#[derive(Clone, Debug, PartialEq)]
pub enum HubMessage {
    /// `welcome`
    Welcome(Welcome),
    /// `ts_pong`
    TsPong(TsPong),
    /// `ota_update`
    OtaUpdate(OtaUpdate),
    /// `ota_stop`
    OtaStop(OtaStop),
    /// `restart`
    Restart(Restart),
    /// `show_lock`
    ShowLock(ShowLock),
    /// `universes`
    Universes(Assigned),
    /// `geometry`
    Geometry(LaidOut),
    /// `state.snapshot`
    Snapshot(Snapshot),
    /// `effects.setCurrent`
    SetEffect(SetEffect),
    /// `parameters.set`
    ParametersSet(ParametersSet),
    /// `zones.update`
    ZoneUpdate(ZoneUpdate),
    /// `state.full`: Cuelight's full state, the control plane's copy of packet 0x10
    FullState(FullStateMessage),
    /// `error`
    Error(ErrorMessage),
}
