//! What the frame loop is told, and the bounded ring it comes through.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cuelight_render::Geometry;
use cuelight_wire::change::Change;
use cuelight_wire::ids::PatternId;
use rtrb::{Consumer, Producer, PushError, RingBuffer};

/// Commands the ring holds: a whole full state (7 changes) for each of the 10 datagrams or so that may come while the
/// frame thread waits for one deadline, with room. When it is full the newest command is refused and counted.
pub const RING_CAPACITY: usize = 128;

/// One instruction to the frame loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A change, to be shown in the first frame at or after its applyAt.
    Change {
        /// The change.
        change: Change,
        /// It was in force before the node could know of it: coming after its applyAt is not lateness.
        catch_up: bool,
    },
    /// Forget all changes so far: the clock has become usable and what is in force will be given again, at its own
    /// applyAt. What is shown stays until the first layer is.
    Restart,
    /// The hub is missing: do what the [`super::Fallback`] says.
    Fallback,
    /// The hub is back.
    Live,
    /// What somebody wants of this node alone while the hub is missing. It ends when the hub is back.
    Own(Own),
    /// The pixels are laid out like this, from the next frame on. One with another number of pixels is passed over.
    LayOut(Geometry),
}

/// What somebody wants of one node alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    /// A pattern from its beginning, over and over; dark while it is not at hand.
    Play(PatternId),
    /// What the [`super::Fallback`] says, again.
    Stop,
    /// Level of everything, 255 is full.
    Level(u8),
}

/// The driver's end of the ring.
#[derive(Debug)]
pub struct CommandSender {
    ring: Producer<Command>,
    refused: Arc<AtomicU64>,
}

/// The frame thread's end of the ring.
#[derive(Debug)]
pub(crate) struct CommandReceiver {
    ring: Consumer<Command>,
    refused: Arc<AtomicU64>,
}

/// The ring was full: the command is here again, and was counted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the frame loop is behind: its ring of {RING_CAPACITY} commands is full")]
pub struct Refused(pub Command);

pub(crate) fn commands() -> (CommandSender, CommandReceiver) {
    let (producer, consumer) = RingBuffer::new(RING_CAPACITY);
    let refused = Arc::new(AtomicU64::new(0));
    (CommandSender { ring: producer, refused: Arc::clone(&refused) }, CommandReceiver { ring: consumer, refused })
}

impl CommandSender {
    /// Passes a command on. Never waits.
    ///
    /// # Errors
    /// [`Refused`] when the ring is full. A full state may simply be given again; anything else is worth keeping until the
    /// next try.
    #[allow(clippy::result_large_err, reason = "the command is given back, and boxing it would allocate")]
    pub fn send(&mut self, command: Command) -> Result<(), Refused> {
        self.ring.push(command).map_err(|PushError::Full(command)| {
            self.refused.fetch_add(1, Ordering::Relaxed);
            Refused(command)
        })
    }
}

impl CommandReceiver {
    pub(crate) fn next(&mut self) -> Option<Command> {
        self.ring.pop().ok()
    }
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// OUT-4
    #[test]
    fn a_full_ring_refuses_the_newest_command_and_counts_it() {
        let (mut sender, mut receiver) = commands();
        for _ in 0..RING_CAPACITY {
            sender.send(Command::Live).unwrap();
        }
        assert_eq!(sender.send(Command::Fallback), Err(Refused(Command::Fallback)));
        assert_eq!(receiver.refused(), 1);
        assert_eq!(receiver.next(), Some(Command::Live));
        sender.send(Command::Restart).unwrap();
        let rest: Vec<Command> = std::iter::from_fn(|| receiver.next()).collect();
        assert_eq!((rest.len(), rest.last()), (RING_CAPACITY, Some(&Command::Restart)));
    }
}
