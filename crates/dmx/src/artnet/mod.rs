//! Art-Net 4, over UDP port 6454. Implements DMX-6 to DMX-9.
//!
//! ```text
//! every packet              ArtDmx (18 + slots, an even number)     ArtPoll (14 to 22)
//!   0 "Art-Net\0"            12 sequence 1..255, 0 = not counted     12 flags     13 diagnostics from this severity on
//!   8 operation, little-     13 physical input                       14 range, top; 16 range, bottom
//!     endian                 14 low byte of the Port-Address         18 ESTA code, 20 OEM code
//!  10 version 14, not in     15 its high 7 bits                     ArtSync (14)
//!     ArtPollReply           16 number of slots, 18 slots            12 two bytes, 0
//!
//! ArtTimeCode (19)          ArtAddress (107)                        ArtPollReply (207 to 239)
//!  12 filler                 12 net          13 bind index           see `PollReply`
//!  13 stream, 14 frames      14 port name [18]
//!  15 seconds, 16 minutes    32 long name [64]
//!  17 hours                  96 inputs [4], 100 outputs [4]
//!  18 0 = 24, 1 = 25,       104 sub-net, 105 sACN priority
//!     2 = 29.97, 3 = 30     106 command
//! ```
//!
//! Numbers are big-endian where nothing else is said. Art-Net has no security of its own.
//! Art-Net(TM) Designed by and Copyright Artistic Licence Engineering Ltd.

mod address;
mod dmx;
mod packet;
mod poll;
mod poll_reply;
mod port_address;
mod sync;
mod time_code;

pub use address::{Address, Command, Program};
pub use dmx::{Dmx, Sequence};
pub use packet::{BadArtNet, OpCode, Packet};
pub use poll::{Poll, PollFlags, Targets};
pub use poll_reply::{GoodOutput, PollReply, PortType, Status2};
pub use port_address::PortAddress;
pub use sync::Sync;
pub use time_code::{Rate, TimeCode};

/// UDP port of all Art-Net traffic.
pub const PORT: u16 = 6454;
