//! Cues, fades, fixtures and patch as functions of show time.
//!
//! A [`Show`] is what its author wrote. A [`Score`] is the same made ready to be played: tracking resolved, parameters
//! numbered. [`Playbacks`] are small plain data: which cue of which list was started when. A [`Stage`] works out from score,
//! playbacks and an instant what every slot of every universe is. Nothing else goes in, so every machine finds the same
//! levels at the same instant, one that comes late is right at once, and a hub that restarts goes on in mid-fade.
//!
//! | module | decides |
//! |---|---|
//! | `fixture`, `rig` | what there is to be set, and which slots it drives |
//! | `patch`, `pixels` | where there is room for a fixture; strips and matrices of LEDs as fixtures |
//! | `cue`, `list`, `number` | what a cue says, and which comes next |
//! | `edit` | changes of cue lists |
//! | `check` | what is wrong with a show |
//! | `score` | what tracks into which cue |
//! | `playback` | what GO, BACK, pause and release do, and what follows by itself |
//! | `follow` | what a node makes of the steps it hears, and what it has to fetch |
//! | `fade`, `level` | how far a fade is, and what lies between two levels |
//! | `stage` | how lists merge, and what the master does |
//! | `why` | whose a level is, and since when |
//!
//! ```
//! use cuelight_show::{Address, Cue, CueList, Instruction, Level, ListNumber, Playbacks, Score, Show, Stage, Target, Value};
//! use cuelight_wire::scene::{Master, Tempo};
//! use cuelight_wire::time::Time;
//!
//! let dimmer = Address::new(1, 12).unwrap();
//! let mut cue = Cue::new("1".parse().unwrap());
//! cue.timing.fade_up_ms = 4_000;
//! cue.look.set(Instruction { target: Target::Slot(dimmer), value: Value::Level(Level::FULL) });
//! let mut list = CueList::new(ListNumber(1));
//! list.insert(cue).unwrap();
//! let show = Show::of_lists(vec![list]);
//!
//! let score = Score::new(&show);
//! let mut playbacks = Playbacks::default();
//! playbacks.go(&score, ListNumber(1), Time::from_us(10_000_000)).unwrap();
//! let mut stage = Stage::new(&score);
//! let at = Time::from_us(12_000_000);
//! let universes = stage.levels(&score, &playbacks, &Master::DEFAULT, &Tempo::DEFAULT, at);
//! assert_eq!(universes.slot(dimmer), Some(127));
//! ```
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod attribute;
mod cell;
pub mod check;
pub mod cue;
mod drive;
pub mod edit;
pub mod fade;
pub mod fixture;
pub mod follow;
pub mod level;
pub mod list;
pub mod number;
pub mod patch;
pub mod pixels;
pub mod playback;
pub mod rig;
pub mod scenes;
pub mod score;
pub mod show;
pub mod stage;
pub mod universes;
pub mod why;

pub use attribute::AttributeId;
pub use cue::{Cue, Instruction, Look, Next, Target, Value};
pub use fade::{Curve, Timing};
pub use fixture::{Address, Channel, Fixture, FixtureNumber, FixtureType, Group, Mode};
pub use follow::{Follower, Playing, Want, Whole};
pub use level::Level;
pub use list::{CueList, ListNumber};
pub use number::CueNumber;
pub use patch::Occupancy;
pub use pixels::Pixels;
pub use playback::{BadStep, CommandError, Playback, Playbacks, Run};
pub use score::{Edited, Score};
pub use show::Show;
pub use stage::Stage;
pub use universes::Universes;
