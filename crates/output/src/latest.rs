//! A latest-value cell: one thread writes, any thread reads the newest value. Nobody locks and nothing is allocated.
//!
//! The value is kept as atomic words between two readings of a version counter, which is odd while a write goes on (a
//! sequence lock without `unsafe`: the words themselves are atomics, so a torn read is seen by its version and not undefined).
//! The writer never waits. A reader that meets a write tries again a few times and then gives up: a real-time reader that
//! waited for a writer it has itself displaced from the processor would wait for ever. It goes on with the value it had.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering, fence};

/// A value that is a fixed number of words.
pub trait Words: Copy {
    /// The words.
    type Array: AsRef<[i64]> + AsMut<[i64]> + Copy + Default;
    /// The value as words.
    fn to_words(self) -> Self::Array;
    /// The value of these words.
    fn from_words(words: Self::Array) -> Self;
}

/// Attempts before a reader gives up. A write takes well under a microsecond, so the second attempt nearly always
/// succeeds unless the writer is off the processor; then no number of attempts would.
const ATTEMPTS: usize = 8;

/// The words of a cell and their version.
#[derive(Debug)]
pub(crate) struct Cell {
    version: AtomicU64,
    words: Box<[AtomicI64]>,
}

impl Cell {
    pub(crate) fn new(len: usize) -> Self {
        Self { version: AtomicU64::new(0), words: (0..len).map(|_| AtomicI64::new(0)).collect() }
    }
    /// Writes words from the front. Only one thread may ever call this: callers hold the one writing end.
    pub(crate) fn write(&self, values: impl Iterator<Item = i64>) {
        let version = self.version.load(Ordering::Relaxed);
        self.version.store(version.wrapping_add(1), Ordering::Relaxed);
        // The odd version is visible before any new word is.
        fence(Ordering::Release);
        for (word, value) in self.words.iter().zip(values) {
            word.store(value, Ordering::Relaxed);
        }
        self.version.store(version.wrapping_add(2), Ordering::Release);
    }
    /// Reads all words into `values`, which holds rubbish when the answer is `None`: never written, or being written.
    /// The answer is the version of what was read.
    pub(crate) fn read(&self, values: &mut [i64]) -> Option<u64> {
        for _ in 0..ATTEMPTS {
            let before = self.version.load(Ordering::Acquire);
            if before == 0 {
                return None;
            }
            if before.is_multiple_of(2) {
                for (value, word) in values.iter_mut().zip(&self.words) {
                    *value = word.load(Ordering::Relaxed);
                }
                // Had one of the words been newer than `before`, the version now is newer too.
                fence(Ordering::Acquire);
                if self.version.load(Ordering::Relaxed) == before {
                    return Some(before);
                }
            }
            std::hint::spin_loop();
        }
        None
    }
}

/// The writing end of a cell.
#[derive(Debug)]
pub struct Publisher<T> {
    cell: Arc<Cell>,
    value: PhantomData<fn(T)>,
}

/// A reading end of a cell.
#[derive(Debug)]
pub struct Latest<T> {
    cell: Arc<Cell>,
    value: PhantomData<fn() -> T>,
}

/// A new cell, empty until the first value is published.
pub fn latest<T: Words>() -> (Publisher<T>, Latest<T>) {
    let cell = Arc::new(Cell::new(T::Array::default().as_ref().len()));
    (Publisher { cell: Arc::clone(&cell), value: PhantomData }, Latest { cell, value: PhantomData })
}

impl<T: Words> Publisher<T> {
    /// Makes `value` the newest. Never waits.
    pub fn publish(&mut self, value: T) {
        self.cell.write(value.to_words().as_ref().iter().copied());
    }
    /// One more reading end.
    pub fn reader(&self) -> Latest<T> {
        Latest { cell: Arc::clone(&self.cell), value: PhantomData }
    }
}

impl<T: Words> Latest<T> {
    /// The newest value; `None` when there is none yet, or when a write in progress cannot be waited for. Never waits.
    pub fn get(&self) -> Option<T> {
        let mut words = T::Array::default();
        self.cell.read(words.as_mut()).map(|_| T::from_words(words))
    }
}

impl<T> Clone for Latest<T> {
    fn clone(&self) -> Self {
        Self { cell: Arc::clone(&self.cell), value: PhantomData }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;
    use std::thread;

    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Eight([i64; 8]);
    impl Words for Eight {
        type Array = [i64; 8];
        fn to_words(self) -> [i64; 8] {
            self.0
        }
        fn from_words(words: [i64; 8]) -> Self {
            Self(words)
        }
    }

    #[test]
    fn a_cell_holds_the_newest_value() {
        let (mut publisher, cell) = latest();
        assert_eq!(cell.get(), None);
        publisher.publish(Eight([1; 8]));
        publisher.publish(Eight([2; 8]));
        assert_eq!(cell.clone().get(), Some(Eight([2; 8])));
    }

    #[test]
    fn a_reader_never_sees_half_of_a_value_nor_an_older_one() {
        let (mut publisher, cell) = latest();
        let done = Arc::new(AtomicBool::new(false));
        let writer = thread::spawn({
            let done = Arc::clone(&done);
            move || {
                for i in 0..200_000 {
                    publisher.publish(Eight([i; 8]));
                }
                done.store(true, Ordering::Release);
            }
        });
        let mut newest = -1;
        while !done.load(Ordering::Acquire) {
            if let Some(Eight(words)) = cell.get() {
                assert_eq!(words, [words[0]; 8]);
                assert!(words[0] >= newest);
                newest = words[0];
            }
        }
        writer.join().unwrap();
        assert_eq!(cell.get(), Some(Eight([199_999; 8])));
    }

    #[test]
    fn a_reader_does_not_wait_for_a_writer_that_stopped_half_way() {
        let cell = Cell::new(1);
        cell.write([5].into_iter());
        cell.version.store(3, Ordering::Relaxed);
        assert_eq!(cell.read(&mut [0]), None);
    }
}
