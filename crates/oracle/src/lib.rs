//! The judge of a show's trace: what the hub put on the wire, what each node's output did, at which true times.
//!
//! It is written from the protocol (`docs/protocol/`) and uses only what travels (`cuelight-wire`). It knows nothing of the
//! machines that sync, stream, conduct or render, so a mistake of theirs is not repeated here.
//!
//! A [`Judge`] takes [`Entry`]s in the order of true time and gives [`Figures`]: what was measured, and how often each rule
//! was broken. Whether a figure is good enough is the scenario's to say.
//!
//! | rule | decides |
//! |---|---|
//! | ORACLE-1 | a change shows first in frame k, the first with show(k) >= applyAt, on every node that is in the show |
//! | ORACLE-2 | nodes that are to look alike put out equal pixels in each frame, and how far apart in true time |
//! | ORACLE-3 | the frame index rises by one, show time on a node never goes back, and how far outputs are from show time |
//! | ORACLE-4 | a node's clock error, and whether the bound it publishes contains it |
//! | ORACLE-5 | a node locks after its welcome, and again after it lost its lock, and how long that takes |
//! | ORACLE-6 | a node is back after the hub's, its own or the network's failure, and how long that takes |
//! | ORACLE-7 | the stream goes only to nodes with a session that are heard |
//! | ORACLE-8 | every datagram has its session's token, the next number, and the hub's show time |
//! | ORACLE-9 | a deployed node gets one deployed datagram a tick, a Cuelight node one full state, and three while a change is announced |
//! | ORACLE-10 | every repeat of a change carries the same applyAt, on the wire as in the answer to the operator |
//! | ORACLE-11 | a change reaches a deployed node before its applyAt, on one of the two ways |
//! | ORACLE-12 | what the network did: lost, doubled, overtaken, dropped by a full inbox |
//! | ORACLE-13 | a number of the cues means one state; a node is in one that was told, in time, and never goes back |

mod entry;
mod figures;
mod judge;
mod presence;
mod rules;
mod samples;
mod wire;

pub use entry::{ClockSample, Cued, Entry, Frame, NodeNo, Sent, What};
pub use figures::{Figure, Figures, Unit};
pub use judge::{Cast, Judge};
