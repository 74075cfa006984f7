//! DDP, the Distributed Display Protocol of 3waylabs (revision 2022-09-05), over UDP port 4048. Implements OUT-1 and DMX-10.
//!
//! ```text
//! 0      VV x T S R Q P   VV = 01, T timecode, S storage, R reply, Q query, P push
//! 1      low nibble: sequence 1..15, 0 = not used
//! 2      data type        RGB8 0x0B, RGBW8 0x1B; 0x00, 0x01 and 0x0A are read as RGB8, which older senders mean by them
//! 3      destination      1 display, 246 control, 250 configuration, 251 status, 254 DMX, 255 all
//! 4-7    offset, bytes, big-endian
//! 8-9    length of the data, bytes, big-endian; in a query, the bytes asked for (no data follows)
//! 10-13  timecode if T: seconds (low 16 bits) and fraction (high 16 bits) of NTP time, big-endian
//! ```
//!
//! Data follows the header. DDP has no security of its own: a receiver shows what anybody sends it.

mod header;
mod split;
mod timecode;

pub use header::{BadDdp, DataType, Destination, Flags, HEADER_LEN, Header, Packet, Sequence, TIMECODE_LEN};
pub use split::{Datagrams, MAX_DATA, MAX_DATAGRAM};
pub use timecode::Timecode;

/// UDP and TCP port of DDP displays.
pub const PORT: u16 = 4048;
