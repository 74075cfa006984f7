//! Typed time: instants of different clocks do not mix, durations carry their unit.
//!
//! Inside everything is nanoseconds; the wire says microseconds where it says so.

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::marker::PhantomData;
use core::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use crate::limits::FRAME_HZ;

/// Marks the monotonic clock of the machine the code runs on.
#[derive(Clone, Copy, Debug)]
pub enum Local {}
/// Marks show time: the hub's timeline, shared by every machine of a show.
#[derive(Clone, Copy, Debug)]
pub enum Show {}
/// Marks the wall clock; used only at the edges (saved files, logs).
#[derive(Clone, Copy, Debug)]
pub enum Wall {}

/// An instant on clock `D`, in nanoseconds since that clock's own origin.
pub struct Time<D> {
    ns: i64,
    clock: PhantomData<D>,
}

impl<D> Time<D> {
    /// The clock's origin.
    pub const ZERO: Self = Self::from_ns(0);

    /// The instant `ns` nanoseconds after the clock's origin.
    pub const fn from_ns(ns: i64) -> Self {
        Self { ns, clock: PhantomData }
    }
    /// The instant `us` microseconds after the clock's origin; saturates at the last whole microsecond in the range of
    /// `i64` nanoseconds, so that an instant read from the wire is always written as it was read.
    pub const fn from_us(us: i64) -> Self {
        const FIRST: i64 = i64::MIN / 1000;
        const LAST: i64 = i64::MAX / 1000;
        let us = if us < FIRST {
            FIRST
        } else if us > LAST {
            LAST
        } else {
            us
        };
        Self::from_ns(us * 1000)
    }
    /// Nanoseconds since the clock's origin.
    pub const fn as_ns(self) -> i64 {
        self.ns
    }
    /// Whole microseconds since the clock's origin, rounded down.
    pub const fn as_us(self) -> i64 {
        self.ns.div_euclid(1000)
    }
    /// The span from `earlier` to `self`, saturating (negative when `earlier` is later).
    pub const fn since(self, earlier: Self) -> Span {
        Span::from_ns(self.ns.saturating_sub(earlier.ns))
    }
}

impl<D> Clone for Time<D> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<D> Copy for Time<D> {}
impl<D> PartialEq for Time<D> {
    fn eq(&self, other: &Self) -> bool {
        self.ns == other.ns
    }
}
impl<D> Eq for Time<D> {}
impl<D> PartialOrd for Time<D> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<D> Ord for Time<D> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.ns.cmp(&other.ns)
    }
}
impl<D> Hash for Time<D> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.ns.hash(state);
    }
}
impl<D> Default for Time<D> {
    fn default() -> Self {
        Self::ZERO
    }
}
impl<D> fmt::Debug for Time<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}ns", self.ns)
    }
}
impl<D> Add<Span> for Time<D> {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self::from_ns(self.ns.saturating_add(span.ns))
    }
}
impl<D> Sub<Span> for Time<D> {
    type Output = Self;
    fn sub(self, span: Span) -> Self {
        Self::from_ns(self.ns.saturating_sub(span.ns))
    }
}
impl<D> Sub for Time<D> {
    type Output = Span;
    fn sub(self, earlier: Self) -> Span {
        self.since(earlier)
    }
}
impl<D> AddAssign<Span> for Time<D> {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}
impl<D> SubAssign<Span> for Time<D> {
    fn sub_assign(&mut self, span: Span) {
        *self = *self - span;
    }
}

/// A signed duration in nanoseconds. Arithmetic saturates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    ns: i64,
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self::from_ns(0);
    /// Longer than anything that happens.
    pub const MAX: Self = Self::from_ns(i64::MAX);

    /// A span of `ns` nanoseconds.
    pub const fn from_ns(ns: i64) -> Self {
        Self { ns }
    }
    /// A span of `us` microseconds.
    pub const fn from_us(us: i64) -> Self {
        Self::from_ns(us.saturating_mul(1_000))
    }
    /// A span of `ms` milliseconds.
    pub const fn from_ms(ms: i64) -> Self {
        Self::from_ns(ms.saturating_mul(1_000_000))
    }
    /// A span of `s` seconds.
    pub const fn from_s(s: i64) -> Self {
        Self::from_ns(s.saturating_mul(1_000_000_000))
    }
    /// Nanoseconds.
    pub const fn as_ns(self) -> i64 {
        self.ns
    }
    /// Whole microseconds, rounded down.
    pub const fn as_us(self) -> i64 {
        self.ns.div_euclid(1_000)
    }
    /// Whole milliseconds, rounded down.
    pub const fn as_ms(self) -> i64 {
        self.ns.div_euclid(1_000_000)
    }
    /// Its size without sign.
    pub const fn abs(self) -> Self {
        Self::from_ns(self.ns.saturating_abs())
    }
    /// `self` times `factor`.
    pub const fn times(self, factor: i64) -> Self {
        Self::from_ns(self.ns.saturating_mul(factor))
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::from_ns(self.ns.saturating_add(other.ns))
    }
}
impl Sub for Span {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self::from_ns(self.ns.saturating_sub(other.ns))
    }
}
impl Neg for Span {
    type Output = Self;
    fn neg(self) -> Self {
        Self::from_ns(self.ns.saturating_neg())
    }
}

/// The number of a frame. Frame k of every node stands for the same show time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrameIndex(pub i64);

/// Three frames at 120 Hz last exactly this many nanoseconds.
const THREE_FRAMES_NS: i64 = 3_000_000_000 / FRAME_HZ as i64;

impl FrameIndex {
    /// The show time of the frame: floor(k * 25,000,000 / 3) ns (WIRE-11).
    pub const fn show_at(self) -> Time<Show> {
        // Whole triples and the rest separately: no overflow for any k below 2^63 / 25,000,000.
        let (triples, rest) = (self.0.div_euclid(3), self.0.rem_euclid(3));
        Time::from_ns(triples.saturating_mul(THREE_FRAMES_NS).saturating_add(rest * THREE_FRAMES_NS / 3))
    }
    /// The first frame whose show time is at or after `at`: the one in which a change with that applyAt
    /// first shows (WIRE-12).
    pub const fn first_at_or_after(at: Time<Show>) -> Self {
        let ns = at.as_ns();
        let triples = ns.div_euclid(THREE_FRAMES_NS);
        // Smallest r in 0..=3 with floor(r * 25,000,000 / 3) >= rest.
        let rest = ns.rem_euclid(THREE_FRAMES_NS);
        let mut r = 0;
        while r * THREE_FRAMES_NS / 3 < rest {
            r += 1;
        }
        Self(triples * 3 + r)
    }
    /// The frame after this one.
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WIRE-11
    #[test]
    fn frame_times_are_floors_of_k_times_25_million_thirds() {
        for k in [-7i64, -3, -1, 0, 1, 2, 3, 119, 120, 1_000_001, 86_400 * 120] {
            let exact = (i128::from(k) * 25_000_000).div_euclid(3);
            assert_eq!(i128::from(FrameIndex(k).show_at().as_ns()), exact, "k = {k}");
        }
    }

    /// WIRE-12
    #[test]
    fn a_change_first_shows_in_the_first_frame_not_before_it() {
        for ns in [-8_333_334i64, -1, 0, 1, 8_333_333, 8_333_334, 16_666_666, 16_666_667, 25_000_000, 123_456_789_012] {
            let k = FrameIndex::first_at_or_after(Time::from_ns(ns));
            assert!(k.show_at().as_ns() >= ns, "{ns}");
            assert!(FrameIndex(k.0 - 1).show_at().as_ns() < ns, "{ns}");
        }
    }

    #[test]
    fn instants_before_the_origin_round_down_too() {
        assert_eq!(Time::<Show>::from_ns(-1).as_us(), -1);
        assert_eq!(Time::<Show>::from_ns(1999).as_us(), 1);
    }

    #[test]
    fn an_instant_beyond_the_range_reads_the_same_when_written_again() {
        for us in [i64::MIN, i64::MIN / 1000 - 1, -1, 0, i64::MAX / 1000 + 1, i64::MAX] {
            let at = Time::<Show>::from_us(us);
            assert_eq!(Time::from_us(at.as_us()), at, "{us}");
        }
    }
}
