//! Threads and drivers that put frames out at exact instants.
//!
//! The frame loop ([`frame_loop`]) decides which frame is next and when it goes out; an [`Output`] takes a finished frame
//! and puts it somewhere: [`ddp`] and [`universes`] to the network, [`terminal`] to a person, [`record`] to a file, [`glance`] to a page,
//! [`null`] nowhere.
//! The universes of a show have a thread of their own ([`lights`]). The frame thread never waits for the network or a file, takes no lock and does not allocate; whatever is slow has its own
//! thread behind a bounded ring or a latest-value cell ([`latest`]).

pub mod clock;
pub mod ddp;
pub mod frame;
pub mod frame_loop;
pub mod glance;
pub mod latest;
pub mod lights;
pub mod null;
pub mod pace;
pub mod record;
pub mod terminal;
pub mod universes;

pub use clock::{FrameClock, MonoClock, Uninjected};
pub use frame::{ClockSample, Frame, Output, OutputSet};
pub use frame_loop::{
    Command, CommandSender, Fallback, FrameLoop, FrameLoopConfig, FrameLoopError, FrameLoopHandle, FrameReport,
    MAX_PATTERNS, MachineConfig, Own, PatternSender, Refused, Spin, load_pattern,
};
pub use lights::{Lights, LightsConfig, LightsError, LightsHandle, LightsReport, LightsTarget, Playing};
