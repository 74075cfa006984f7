//! Streaming ACN: ANSI E1.31-2018, over UDP port 5568. All numbers are big-endian. Implements DMX-1 to DMX-4.
//!
//! ```text
//! every packet            data (126 + slots)              synchronisation (49)    universe discovery (120 + 2 each)
//!   0 preamble 0x0010      40 vector 2                     40 vector 1             40 vector 2
//!   2 postamble 0          44 source name [64]             44 sequence             44 source name [64]
//!   4 "ASC-E1.17\0\0\0"   108 priority 0..200              45 sync address        108 reserved [4]
//!  16 0x7, length         109 sync address, 0 = none       47 reserved [2]        112 0x7, length
//!  18 vector: 4 data,     111 sequence                                            114 vector 1
//!     8 the others        112 options                                             118 page
//!  22 CID [16]            113 universe                                            119 last page
//!  38 0x7, length         115 0x7, length                                         120 universes, rising,
//!                         117 vector 2, 118 0xA1                                      at most 512 a page
//!                         119 first 0, 121 step 1
//!                         123 count of values 1..513
//!                         125 start code, 126 slots
//! ```
//!
//! A length counts from its own first byte to the end of its layer. sACN has no security of its own.

mod data;
mod discovery;
mod packet;
mod pdu;
mod sync;
mod universe;

pub use data::{Data, Options, StartCode};
pub use discovery::{Discovery, MAX_PER_PAGE, Page, Pages, UniverseList};
pub use packet::{BadSacn, Cid, Layer, MAX_DATAGRAM, Packet, SourceName};
pub use sync::Sync;
pub use universe::Universe;

/// UDP port of all sACN traffic.
pub const PORT: u16 = 5568;
