//! Patterns for the frame thread: made ready elsewhere, handed over, and taken away again without a lock (OUT-4).
//!
//! The driver's side makes a pattern ready and sends its box through a ring; the frame thread keeps it in one of a few slots
//! and draws from it. A box that is no longer wanted goes back through a second ring: it is freed where it was made, never
//! in the frame thread. There are never more boxes out than the second ring holds, so going back always works.

use cuelight_render::pattern::{Patterns, Player, PlayerError, work_len};
use cuelight_render::{Geometry, Rgb16};
use cuelight_wire::ids::PatternId;
use cuelight_wire::prism::Prism;
use cuelight_wire::scene::PatternPlay;
use cuelight_wire::time::FrameIndex;
use rtrb::{Consumer, Producer, RingBuffer};

/// Patterns the frame thread has at hand: those of the three layers of a state, of the three before it under a fade or an
/// overlay.
pub const MAX_PATTERNS: usize = 6;
/// Boxes on their way to the frame thread, in it, or on their way back.
const MAX_OUT: usize = 16;

/// A pattern ready to be shown.
pub type LoadedPattern = Player<Box<[u8]>, Box<[u8]>>;

/// Makes a pattern ready: checks the whole file and takes every frame of it apart, so not for the frame thread.
///
/// # Errors
/// When the bytes are no pattern.
pub fn load_pattern(id: PatternId, file: Vec<u8>) -> Result<Box<LoadedPattern>, PlayerError> {
    let work = vec![0; work_len(Prism::read(&file)?.facts())];
    Player::new(id, file.into_boxed_slice(), work.into_boxed_slice()).map(Box::new)
}

/// What the frame thread is told about patterns.
#[derive(Debug)]
pub(crate) enum Order {
    /// Have this one at hand.
    Give(Box<LoadedPattern>),
    /// Give this one back.
    Forget(PatternId),
}

/// The driver's end.
#[derive(Debug)]
pub struct PatternSender {
    orders: Producer<Order>,
    back: Consumer<Box<LoadedPattern>>,
    out: usize,
}

/// The frame thread's end of the rings.
#[derive(Debug)]
pub(crate) struct PatternReceiver {
    orders: Consumer<Order>,
    back: Producer<Box<LoadedPattern>>,
}

/// The frame thread takes no more just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the frame loop has {MAX_OUT} patterns under way: try again when it has given some back")]
pub struct NoRoom;

pub(crate) fn patterns() -> (PatternSender, PatternReceiver) {
    let (orders, order_receiver) = RingBuffer::new(2 * MAX_OUT);
    let (back_sender, back) = RingBuffer::new(MAX_OUT);
    (PatternSender { orders, back, out: 0 }, PatternReceiver { orders: order_receiver, back: back_sender })
}

impl PatternSender {
    /// Hands a pattern over; it is at hand from the next frame on. One that does not find a slot comes back with
    /// [`Self::collect`].
    ///
    /// # Errors
    /// [`NoRoom`]; the pattern is dropped.
    pub fn give(&mut self, pattern: Box<LoadedPattern>) -> Result<(), NoRoom> {
        if self.out == MAX_OUT {
            return Err(NoRoom);
        }
        self.orders.push(Order::Give(pattern)).map_err(|_| NoRoom)?;
        self.out += 1;
        Ok(())
    }
    /// Asks for a pattern back.
    ///
    /// # Errors
    /// [`NoRoom`] when the frame thread has not looked at earlier orders yet.
    pub fn forget(&mut self, id: PatternId) -> Result<(), NoRoom> {
        self.orders.push(Order::Forget(id)).map_err(|_| NoRoom)
    }
    /// Frees what has come back.
    pub fn collect(&mut self) {
        while self.back.pop().is_ok() {
            self.out -= 1;
        }
    }
}

impl PatternReceiver {
    /// Follows the orders that have come. Never waits and frees nothing.
    pub(crate) fn follow(&mut self, slots: &mut PatternSlots) {
        while let Ok(order) = self.orders.pop() {
            let back = match order {
                Order::Give(pattern) => slots.put(pattern),
                Order::Forget(id) => slots.take(id),
            };
            if let Some(pattern) = back
                && let Err(rtrb::PushError::Full(pattern)) = self.back.push(pattern)
            {
                // Cannot be: no more are out than fit. Better to keep it for ever than to free it here.
                std::mem::forget(pattern);
            }
        }
    }
}

/// The patterns at hand.
#[derive(Debug, Default)]
pub struct PatternSlots([Option<Box<LoadedPattern>>; MAX_PATTERNS]);

impl PatternSlots {
    /// Keeps a pattern, in place of one with the same id. What is given back: that one, or the pattern itself when all slots
    /// are taken.
    pub fn put(&mut self, pattern: Box<LoadedPattern>) -> Option<Box<LoadedPattern>> {
        let same = self.place_of(pattern.id());
        let place = same.or_else(|| self.0.iter().position(Option::is_none));
        match place.and_then(|place| self.0.get_mut(place)) {
            Some(slot) => slot.replace(pattern),
            None => Some(pattern),
        }
    }
    /// Gives a pattern back, if it is there.
    pub fn take(&mut self, id: PatternId) -> Option<Box<LoadedPattern>> {
        self.place_of(id).and_then(|place| self.0[place].take())
    }
    fn place_of(&self, id: PatternId) -> Option<usize> {
        self.0.iter().position(|slot| slot.as_ref().is_some_and(|pattern| pattern.id() == id))
    }
}

impl Patterns for PatternSlots {
    fn draw(&mut self, play: &PatternPlay, frame: FrameIndex, geometry: &Geometry, out: &mut [Rgb16]) -> bool {
        let pattern = self.place_of(play.id).and_then(|place| self.0[place].as_mut());
        pattern.map(|pattern| pattern.draw(play, frame, geometry, out)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cuelight_wire::prism::{Header, Motion, PrismWriter, Rate, max_len};
    use cuelight_wire::scene::Rgb;
    use cuelight_wire::time::Time;

    fn file(red: u8) -> Vec<u8> {
        let rate = Rate::from_field(30).unwrap();
        let header = Header { leds: 2, frames: 1, rate, color_format: 1, compression: 0, motion: Motion::NONE };
        let mut file = vec![0; max_len(&header, 1)];
        let mut writer = PrismWriter::new(header, &[Rgb::new(red, 0, 0)], &mut file).unwrap();
        writer.frame(&[0, 0], None).unwrap();
        let len = writer.finish().unwrap();
        file.truncate(len);
        file
    }

    fn loaded(n: u8) -> Box<LoadedPattern> {
        load_pattern(PatternId([n; 8]), file(n)).unwrap()
    }

    fn red(slots: &mut PatternSlots, n: u8) -> Option<u16> {
        let play = PatternPlay { id: PatternId([n; 8]), repeats: true, starts_at: Time::ZERO };
        let mut out = [Rgb16::BLACK; 2];
        slots.draw(&play, FrameIndex(3), &Geometry::strip(2), &mut out).then_some(out[1].r / 257)
    }

    /// OUT-4
    #[test]
    fn patterns_are_at_hand_until_they_are_taken_back_and_are_freed_by_the_driver() {
        let ((mut sender, mut receiver), mut slots) = (patterns(), PatternSlots::default());
        for n in 1..=6 {
            sender.give(loaded(n)).unwrap();
        }
        receiver.follow(&mut slots);
        assert!((1..=6).all(|n| red(&mut slots, n) == Some(n.into())) && red(&mut slots, 7).is_none());
        // No slot for a seventh: it goes back. One with the id of another takes its place.
        sender.give(loaded(7)).unwrap();
        sender.give(load_pattern(PatternId([3; 8]), file(99)).unwrap()).unwrap();
        sender.forget(PatternId([1; 8])).unwrap();
        sender.forget(PatternId([50; 8])).unwrap();
        receiver.follow(&mut slots);
        assert_eq!([1, 3, 7].map(|n| red(&mut slots, n)), [None, Some(99), None]);
        assert_eq!(sender.out, 8);
        sender.collect();
        assert_eq!(sender.out, 5, "five are at hand");
        sender.give(loaded(7)).unwrap();
        receiver.follow(&mut slots);
        assert_eq!(red(&mut slots, 7), Some(7));
    }

    /// OUT-4
    #[test]
    fn a_frame_thread_that_does_not_look_is_not_given_more_than_it_can_give_back() {
        let ((mut sender, mut receiver), mut slots) = (patterns(), PatternSlots::default());
        for _ in 0..MAX_OUT {
            sender.give(loaded(1)).unwrap();
        }
        assert_eq!(sender.give(loaded(2)), Err(NoRoom));
        receiver.follow(&mut slots);
        assert_eq!(sender.give(loaded(2)), Err(NoRoom), "they are on their way back");
        sender.collect();
        assert_eq!(sender.out, 1);
        sender.give(loaded(2)).unwrap();
        receiver.follow(&mut slots);
        assert_eq!(red(&mut slots, 2), Some(2));
    }
}
