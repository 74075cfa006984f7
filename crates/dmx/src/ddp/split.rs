//! One frame of pixel bytes as the datagrams that carry it.

use super::header::{DataType, Destination, Flags, HEADER_LEN, Header, Sequence, TIMECODE_LEN};
use super::timecode::Timecode;

/// Data bytes of one packet at most: 480 RGB or 360 RGBW pixels, so that a datagram fits an Ethernet frame whole.
pub const MAX_DATA: usize = 1440;
/// The longest datagram of a frame.
pub const MAX_DATAGRAM: usize = HEADER_LEN + TIMECODE_LEN + MAX_DATA;

/// Cuts the pixels of one frame into packets, in order, push on the last. An empty frame is one packet that only pushes.
///
/// Not an `Iterator`, because each datagram is written into the caller's buffer.
#[derive(Clone, Copy, Debug)]
pub struct Datagrams<'a> {
    rest: Option<&'a [u8]>,
    offset: u32,
    sequence: Sequence,
    data_type: DataType,
    destination: Destination,
    push_at: Option<Timecode>,
}

impl<'a> Datagrams<'a> {
    /// Starts at the first of `pixels`, with `sequence` for the first packet.
    pub const fn new(pixels: &'a [u8], data_type: DataType, destination: Destination, sequence: Sequence) -> Self {
        Self { rest: Some(pixels), offset: 0, sequence, data_type, destination, push_at: None }
    }
    /// The display is to show the frame at that instant, not when the last packet comes.
    #[must_use]
    pub const fn push_at(self, timecode: Timecode) -> Self {
        Self { push_at: Some(timecode), ..self }
    }
    /// The number of the next packet: of the next frame's first, when this frame is through.
    pub const fn sequence(&self) -> Sequence {
        self.sequence
    }
    /// The next datagram, written to the front of `buf`; `None` after the one with the push.
    pub fn next_into<'b>(&mut self, buf: &'b mut [u8; MAX_DATAGRAM]) -> Option<&'b [u8]> {
        let rest = self.rest.take()?;
        let (data, rest) = rest.split_at(rest.len().min(MAX_DATA));
        let is_last = rest.is_empty();
        let header = Header {
            flags: if is_last { Flags::PUSH } else { Flags::NONE },
            sequence: self.sequence,
            data_type: self.data_type,
            destination: self.destination,
            offset: self.offset,
            length: data.len() as u16, // at most MAX_DATA
            // Only a push has an instant.
            timecode: self.push_at.filter(|_| is_last),
        };
        let head = header.encode(buf).expect("the buffer is longer than any header");
        buf[head..head + data.len()].copy_from_slice(data);
        self.offset = self.offset.wrapping_add(data.len() as u32);
        self.sequence = self.sequence.next();
        self.rest = (!is_last).then_some(rest);
        Some(&buf[..head + data.len()])
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use proptest::prelude::*;
    use std::vec;
    use std::vec::Vec;

    use super::super::Packet;
    use super::*;

    fn rgb(pixels: &[u8]) -> Datagrams<'_> {
        Datagrams::new(pixels, DataType::Rgb8, Destination::DISPLAY, Sequence::FIRST)
    }

    proptest! {
        /// OUT-1
        #[test]
        fn the_packets_of_a_frame_fill_the_display_buffer_and_push_once(pixels in prop::collection::vec(any::<u8>(), 0..6000)) {
            let mut display = vec![0; pixels.len()];
            let (mut pushes, mut sequences) = (Vec::new(), Vec::new());
            let (mut datagrams, mut buf) = (rgb(&pixels), [0; MAX_DATAGRAM]);
            while let Some(datagram) = datagrams.next_into(&mut buf) {
                let Packet { header, data } = Packet::decode(datagram).unwrap();
                let at = header.offset as usize;
                display[at..at + data.len()].copy_from_slice(data);
                pushes.push(header.flags.has(Flags::PUSH));
                sequences.push(header.sequence);
            }
            prop_assert_eq!(&display, &pixels);
            prop_assert_eq!(pushes.iter().filter(|p| **p).count(), 1);
            prop_assert_eq!(pushes.last(), Some(&true));
            prop_assert!(sequences.windows(2).all(|pair| pair[1] == pair[0].next()));
            prop_assert_eq!(datagrams.sequence(), sequences.last().unwrap().next());
        }
    }

    #[test]
    fn a_full_packet_is_not_followed_by_an_empty_one() {
        let pixels = [7; 2 * MAX_DATA];
        let (mut datagrams, mut buf) = (rgb(&pixels), [0; MAX_DATAGRAM]);
        let lens: Vec<usize> = core::iter::from_fn(|| datagrams.next_into(&mut buf).map(<[u8]>::len)).collect();
        assert_eq!(lens, [HEADER_LEN + MAX_DATA; 2]);
    }

    /// DMX-10
    #[test]
    fn the_instant_of_a_frame_stands_in_its_push_alone() {
        let pixels = [7; MAX_DATA + 3];
        let (mut datagrams, mut buf) = (rgb(&pixels).push_at(Timecode(0x1234_8000)), [0; MAX_DATAGRAM]);
        let mut instants = Vec::new();
        while let Some(datagram) = datagrams.next_into(&mut buf) {
            let Packet { header, data } = Packet::decode(datagram).unwrap();
            instants.push((header.timecode, data.len()));
        }
        assert_eq!(instants, [(None, MAX_DATA), (Some(Timecode(0x1234_8000)), 3)]);
    }
}
