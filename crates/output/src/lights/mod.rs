//! The thread that plays a show to universes, at exact instants of show time. Implements DMX-50 to DMX-55.
//!
//! Each universe has frames at its own rate, frame k at show time k/hz, on every machine at once (DMX-30). A little before
//! an instant the thread works out the levels of all universes from score, playbacks, master and tempo, and writes the
//! datagrams of those that have a frame; then it sleeps to just before the instant, spins over the rest, and gives them to
//! the system, 64 in a call. Where synchronisation is on its packet follows 4 ms later. What is decided is in [`machine`].
//!
//! The thread never waits for anybody, takes no lock and allocates nothing, also where cues follow by themselves and bring
//! effects: a stage has room for them from the beginning. Shows are made ready by another thread (`stagehand`) and come through
//! a bounded ring; what was replaced goes back through another and is freed there.

mod figures;
mod grid;
mod input;
pub mod machine;
mod mix;
mod pending;
mod run;
mod senders;
mod stagehand;
mod target;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{Builder, JoinHandle};

use cuelight_dmx::range::UniverseRange;
use cuelight_dmx::send::Identity;
use cuelight_show::{Playbacks, Score};
use cuelight_wire::ids::Mac;
use cuelight_wire::scene::{Master, Tempo};
use cuelight_wire::time::{Show, Time};
use rtrb::{Producer, PushError, RingBuffer};

pub use figures::{LATE, LightsReport, PutOut};
pub use input::{LightsInput, Mixed, MixedReader, MixedWriter, SHOW, TakenReader, TakenWriter, mixed, taken};
pub use stagehand::Staged;
pub use target::{BadLights, LightsTarget, Numbered, Protocol};

use crate::clock::{FrameClock, MonoClock};
use crate::frame_loop::Spin;
use crate::latest::{Latest, latest};
use crate::pace::{Monotonic, Pace};
use crate::universes::{Part, Subscriptions, UniversesError, identity_of_part};
use machine::{LightsMachine, Order};
use run::Run;
use stagehand::Stagehand;

/// Orders that the ring to the lights thread holds. The thread takes them at least every 20 ms: 3200 a second.
const MAX_ORDERS: usize = 64;

/// A show, and what its cue lists do from an instant on.
#[derive(Clone, Debug)]
pub struct Playing {
    /// The show made ready, best only the universes of this node. Keep one while only the playbacks change.
    pub score: Arc<Score>,
    /// What its cue lists do.
    pub playbacks: Playbacks,
    /// From when that holds.
    pub from: Time<Show>,
}

/// What universes do while the hub is missing (DMX-55).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LightsFallback {
    /// The show goes on: fades end, cues follow.
    #[default]
    Hold,
    /// Every intensity is off, at once.
    Blackout,
}

/// The identity of the first target of a node's lights: the same after each restart, and another than those of its pixels
/// and of the other targets, because lists of universes and packets are counted for each identity.
pub fn identity_of(mac: Mac, name: &str) -> Identity {
    identity_of_part(mac, name, Part::Lights)
}

/// How to run the lights.
pub struct LightsConfig<C> {
    /// Where universes go.
    pub targets: Vec<LightsTarget>,
    /// The universes of this node, for targets that name none, and the only ones when there are any here.
    pub universes: Vec<UniverseRange>,
    /// Who sends, in sACN: [`identity_of`] the node, which is that of the first target; those of the others follow it (DMX-37).
    pub identity: Identity,
    /// Universes that come from the network and are merged with the show's.
    pub inputs: Vec<LightsInput>,
    /// Who gets the universes of Art-Net targets without a host.
    pub subscriptions: Subscriptions,
    /// What to do without a hub.
    pub fallback: LightsFallback,
    /// The clock map; as long as there is none show time is local time.
    pub clock: Latest<FrameClock>,
    /// The machine's local clock.
    pub mono: C,
    /// How to wait for an instant.
    pub spin: Spin,
    /// Run first on the new thread: sets its priority, and says whether it is a real-time one now.
    pub on_start: Box<dyn FnOnce() -> bool + Send>,
}

/// Why lights did not start.
#[derive(Debug, thiserror::Error)]
pub enum LightsError {
    /// A target without universes.
    #[error("'{0}' has no universes: name them, like sacn:1..4, or give the node's own with --universes")]
    NoUniverses(String),
    /// A target with more universes than a machine works out.
    #[error("'{target}' names {universes} universes; a machine works out at most 4096: name fewer")]
    TooMany {
        /// As configured.
        target: String,
        /// How many it has.
        universes: usize,
    },
    /// A universe that the protocol has no number for.
    #[error(
        "universe {number} of '{target}' would be sent as more than {last}, the last there is: give a lower first="
    )]
    NoNumber {
        /// As configured.
        target: String,
        /// The universe of the show.
        number: u16,
        /// The last number there is.
        last: u16,
    },
    /// A socket or a receiver.
    #[error(transparent)]
    Universes(#[from] UniversesError),
    /// No thread.
    #[error("the lights thread did not start: {0}")]
    NoThread(#[from] io::Error),
}

/// The lights thread had no room for an order: it takes up to 64 in 20 ms. Give the state again a little later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the lights are behind: their ring of {MAX_ORDERS} orders is full")]
pub struct LightsBusy;

/// Starts the lights.
#[derive(Debug)]
pub struct Lights;

/// The controls of started lights. Dropping it ends them; universes of sACN say so.
#[derive(Debug)]
pub struct LightsHandle {
    orders: Producer<Order>,
    stagehand: Stagehand,
    reports: Latest<LightsReport>,
    stop: Arc<AtomicBool>,
    kept: Arc<OnceLock<Vec<UniverseRange>>>,
    thread: Option<JoinHandle<()>>,
}

impl Lights {
    /// Opens all sockets and starts the threads. Resolves names, so this may take a while.
    ///
    /// # Errors
    /// [`LightsError`]; a receiver that is merely off is none.
    pub fn spawn<C: MonoClock + 'static>(config: LightsConfig<C>) -> Result<LightsHandle, LightsError> {
        let (mut run, mut handle, on_start, spin) = prepare(config, Monotonic)?;
        let thread = Builder::new().name("lights".into()).spawn(move || {
            run.spin_ns = spin.as_ns(on_start());
            run.run();
        })?;
        handle.thread = Some(thread);
        Ok(handle)
    }
}

/// What is needed to start, and the controls.
type Prepared<P, C> = (Run<P, C>, LightsHandle, Box<dyn FnOnce() -> bool + Send>, Spin);

fn prepare<P: Pace, C: MonoClock>(config: LightsConfig<C>, pace: P) -> Result<Prepared<P, C>, LightsError> {
    let LightsConfig { targets, universes, identity, inputs, subscriptions, fallback, clock, mono, spin, on_start } =
        config;
    let machine = LightsMachine::with_network(&targets, &universes, identity, fallback, inputs, &subscriptions)?;
    let (orders, order_receiver) = RingBuffer::new(MAX_ORDERS);
    let (stagehand, wings) = Stagehand::start()?;
    let (reports, report_reader) = latest();
    let stop = Arc::new(AtomicBool::new(false));
    let kept = Arc::new(OnceLock::new());
    let run = Run {
        machine,
        orders: order_receiver,
        wings,
        clock,
        reports,
        stop: Arc::clone(&stop),
        kept: Arc::clone(&kept),
        pace,
        mono,
        spin_ns: 0,
    };
    let handle = LightsHandle { orders, stagehand, reports: report_reader, stop, kept, thread: None };
    Ok((run, handle, on_start, spin))
}

impl LightsHandle {
    /// Plays a show, or the same in another state, from its instant on. Several may wait; the newest whose instant has come
    /// holds. When more than 8 wait to be made ready, or more than 6 for their instants, the newest of those gives way.
    pub fn play(&mut self, playing: Playing) {
        self.stagehand.play(playing);
    }
    /// Grand master and blackout from an instant on; as with shows, the newest whose instant has come holds, and of more than
    /// 16 that wait the newest gives way.
    ///
    /// # Errors
    /// [`LightsBusy`]: the master is not known then.
    pub fn set_master(&mut self, master: Master, from: Time<Show>) -> Result<(), LightsBusy> {
        self.stagehand.set_master(master);
        self.order(Order::Master(master, from))
    }
    /// The beat that effects go by, from an instant on; otherwise as the master.
    ///
    /// # Errors
    /// [`LightsBusy`]: the tempo is not known then.
    pub fn set_tempo(&mut self, tempo: Tempo, from: Time<Show>) -> Result<(), LightsBusy> {
        self.stagehand.set_tempo(tempo);
        self.order(Order::Tempo(tempo, from))
    }
    /// Whether the hub is missing: then universes do what the [`LightsFallback`] says.
    ///
    /// # Errors
    /// [`LightsBusy`]: nothing is done then.
    pub fn set_alone(&mut self, is_alone: bool) -> Result<(), LightsBusy> {
        self.order(Order::Alone(is_alone))
    }
    /// The newest report; `None` before the first second is over, and, rarely, while one is being written.
    pub fn report(&self) -> Option<LightsReport> {
        let report = self.reports.get()?;
        Some(LightsReport { overtaken: report.overtaken + self.stagehand.overtaken(), ..report })
    }
    /// Whether the thread has ended, which it does by itself only in a panic.
    pub fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
    /// Ends the lights after the frame in progress and waits for it. The answer counts everything up to the end; `None` if
    /// the thread had panicked.
    pub fn stop(mut self) -> Option<LightsReport> {
        self.end().then(|| self.report()).flatten()
    }

    /// The same, without saying the end of universes that somebody else goes on with: receivers hold their levels.
    pub fn stop_but(self, kept: Vec<UniverseRange>) -> Option<LightsReport> {
        // Nobody else sets it.
        let _ = self.kept.set(kept);
        self.stop()
    }

    fn order(&mut self, order: Order) -> Result<(), LightsBusy> {
        self.orders.push(order).map_err(|PushError::Full(_)| LightsBusy)
    }
    fn end(&mut self) -> bool {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().is_none_or(|thread| thread.join().is_ok())
    }
}

impl Drop for LightsHandle {
    fn drop(&mut self) {
        self.end();
    }
}
