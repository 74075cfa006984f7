//! Lighting from the network: datagrams of sACN and Art-Net in, merged universes with an owner for each slot out.
//!
//! The rules are those of `cuelight-dmx`, the sockets those of `cuelight-net`; here they meet ([`Intake`]): which groups are
//! joined, who is listened to at all ([`Allowed`]), and who polls is answered. Nothing is listened to unless it is asked for:
//! neither protocol has any security (DMX-46).

mod allowed;
mod intake;
mod plan;
mod setting;

pub use allowed::{Allowed, BadAddress};
pub use intake::{Door, Figures, Heard, Intake, IntakeError, MAX_SOURCES, MAX_UNIVERSES, Protocol, Table, Wanted};
pub use plan::{BadPlan, Plan};
pub use setting::{BadInput, InputSetting};
