//! What the nodes show: a DDP receiver for each, read once a picture.
//!
//! A receiver takes at most [`READ_AT_ONCE`] datagrams a time and keeps the newest whole frame; what is not read in time the
//! system drops. Datagrams that are no DDP pixels are dropped and counted.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use cuelight_dmx::ddp::{DataType, Destination, Flags, MAX_DATAGRAM, Packet};
use cuelight_wire::scene::Rgb;

/// A 30th of a second of 4096 pixels at 120 frames a second is 36 datagrams; this is four times as much.
const READ_AT_ONCE: usize = 144;
/// A picture older than this is none: the node is gone or has no output.
const STALE: Duration = Duration::from_millis(500);

/// One node's receiver.
#[derive(Debug)]
pub(super) struct Preview {
    socket: UdpSocket,
    screen: Screen,
}

impl Preview {
    /// Opens a receiver for `pixels` pixels on any free port of loopback.
    pub(super) fn open(pixels: usize) -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket, screen: Screen::new(pixels) })
    }
    /// Where the node is to send.
    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
    /// Takes what has come.
    pub(super) fn read(&mut self, now: Duration) {
        let mut datagram = [0; MAX_DATAGRAM];
        for _ in 0..READ_AT_ONCE {
            // Nothing more to read, or an error of the socket, which the next picture meets again.
            let Ok(len) = self.socket.recv(&mut datagram) else { return };
            self.screen.handle_datagram(&datagram[..len], now);
        }
    }
    /// The newest whole frame, unless it is old.
    pub(super) fn pixels(&self, now: Duration) -> Option<&[Rgb]> {
        self.screen.pixels(now)
    }
}

/// The display that DDP packets draw on.
#[derive(Debug)]
pub(super) struct Screen {
    arriving: Vec<u8>,
    shown: Vec<Rgb>,
    shown_at: Option<Duration>,
    dropped: u64,
}

impl Screen {
    fn new(pixels: usize) -> Self {
        Self { arriving: vec![0; 3 * pixels], shown: vec![Rgb::BLACK; pixels], shown_at: None, dropped: 0 }
    }
    /// Data beyond the last pixel is cut off.
    fn handle_datagram(&mut self, datagram: &[u8], now: Duration) {
        let Ok(packet) = Packet::decode(datagram) else {
            self.dropped += 1;
            return;
        };
        let header = packet.header;
        if header.data_type != DataType::Rgb8 || header.destination != Destination::DISPLAY {
            self.dropped += 1;
            return;
        }
        let place = usize::try_from(header.offset).ok().and_then(|offset| self.arriving.get_mut(offset..));
        for (to, from) in place.into_iter().flatten().zip(packet.data) {
            *to = *from;
        }
        if header.flags.has(Flags::PUSH) {
            for (pixel, rgb) in self.shown.iter_mut().zip(self.arriving.chunks_exact(3)) {
                *pixel = Rgb::new(rgb[0], rgb[1], rgb[2]);
            }
            self.shown_at = Some(now);
        }
    }
    fn pixels(&self, now: Duration) -> Option<&[Rgb]> {
        let age = now.saturating_sub(self.shown_at?);
        (age <= STALE).then_some(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use cuelight_dmx::ddp::{Datagrams, Sequence};

    use super::*;

    const NOW: Duration = Duration::from_secs(5);

    /// A frame of `pixels` pixels of one grey, as datagrams.
    fn frame(pixels: usize, level: u8) -> Vec<Vec<u8>> {
        let bytes = vec![level; 3 * pixels];
        let mut datagrams = Datagrams::new(&bytes, DataType::Rgb8, Destination::DISPLAY, Sequence::FIRST);
        let mut buf = [0; MAX_DATAGRAM];
        std::iter::from_fn(|| datagrams.next_into(&mut buf).map(<[u8]>::to_vec)).collect()
    }

    #[test]
    fn a_frame_of_several_datagrams_is_shown_when_it_is_whole() {
        let mut screen = Screen::new(640);
        let datagrams = frame(640, 9);
        assert_eq!(datagrams.len(), 2);
        screen.handle_datagram(&datagrams[0], NOW);
        assert_eq!(screen.pixels(NOW), None);
        screen.handle_datagram(&datagrams[1], NOW);
        assert_eq!(screen.pixels(NOW).unwrap(), [Rgb::new(9, 9, 9); 640]);
    }

    #[test]
    fn a_picture_that_is_old_is_none() {
        let mut screen = Screen::new(1);
        screen.handle_datagram(&frame(1, 9)[0], NOW);
        assert!(screen.pixels(NOW + STALE).is_some());
        assert!(screen.pixels(NOW + STALE + Duration::from_millis(1)).is_none());
    }

    #[test]
    fn pixels_beyond_the_end_are_cut_off() {
        let mut screen = Screen::new(2);
        screen.handle_datagram(&frame(480, 9)[0], NOW);
        assert_eq!(screen.pixels(NOW).unwrap().len(), 2);
        // The second datagram of a longer frame lies wholly beyond.
        screen.handle_datagram(&frame(640, 7)[1], NOW);
        assert_eq!(screen.pixels(NOW).unwrap(), [Rgb::new(9, 9, 9); 2]);
    }

    #[test]
    fn what_is_no_ddp_is_dropped_and_counted() {
        let mut screen = Screen::new(1);
        let mut for_control = frame(1, 9)[0].clone();
        for_control[3] = Destination::CONTROL.0;
        for wrong in [&b"hello"[..], &[], &for_control] {
            screen.handle_datagram(wrong, NOW);
        }
        assert_eq!((screen.dropped, screen.pixels(NOW)), (3, None));
    }
}
