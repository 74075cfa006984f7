//! The slots of all universes at one instant.

use alloc::vec;
use alloc::vec::Vec;

use crate::fixture::{Address, SLOTS};

/// The slots of some universes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Universes {
    /// Rising.
    numbers: Vec<u16>,
    /// [`SLOTS`] for each universe, one universe after the other.
    picture: Vec<u8>,
}

impl Universes {
    /// Dark universes with these numbers, which rise.
    pub(crate) fn dark(numbers: &[u16]) -> Self {
        Self { numbers: numbers.to_vec(), picture: vec![0; numbers.len() * usize::from(SLOTS)] }
    }
    pub(crate) fn picture_mut(&mut self) -> &mut [u8] {
        &mut self.picture
    }
    /// Their numbers, rising.
    pub fn numbers(&self) -> &[u16] {
        &self.numbers
    }
    /// Numbers and slots, in rising order.
    pub fn iter(&self) -> impl Iterator<Item = (u16, &[u8])> {
        self.numbers.iter().copied().zip(self.picture.chunks_exact(usize::from(SLOTS)))
    }
    /// The slots of one universe.
    pub fn get(&self, number: u16) -> Option<&[u8]> {
        let at = self.numbers.binary_search(&number).ok()?;
        self.picture.chunks_exact(usize::from(SLOTS)).nth(at)
    }
    /// One slot.
    pub fn slot(&self, address: Address) -> Option<u8> {
        self.get(address.universe)?.get(usize::from(address.slot) - 1).copied()
    }
}
