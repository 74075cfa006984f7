//! ArtTimeCode: hours, minutes, seconds, frames.

use cuelight_wire::bytes::{Reader, Truncated, Writer};
use cuelight_wire::time::Span;

use super::packet::{self, BadArtNet, OpCode};

/// Frames a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// 24: film.
    Film,
    /// 25: EBU.
    Ebu,
    /// 30000/1001, counted as 30 with numbers 0 and 1 left out in each minute that is no tenth.
    DropFrame,
    /// 30: SMPTE.
    Smpte,
}

impl Rate {
    const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Film),
            1 => Some(Self::Ebu),
            2 => Some(Self::DropFrame),
            3 => Some(Self::Smpte),
            _ => None,
        }
    }
    const fn byte(self) -> u8 {
        match self {
            Self::Film => 0,
            Self::Ebu => 1,
            Self::DropFrame => 2,
            Self::Smpte => 3,
        }
    }
    /// Numbers that frames of a second can have.
    const fn numbers(self) -> u8 {
        match self {
            Self::Film => 24,
            Self::Ebu => 25,
            Self::DropFrame | Self::Smpte => 30,
        }
    }
    /// A thousand seconds, or a thousand and one, and the frames in them.
    const fn frames_in(self) -> (i64, i64) {
        match self {
            Self::DropFrame => (30_000, 1001),
            other => (other.numbers() as i64 * 1000, 1000),
        }
    }
}

/// An ArtTimeCode packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeCode {
    /// Which of several time codes; 0 is the master.
    pub stream: u8,
    /// 0..=23.
    pub hours: u8,
    /// 0..=59.
    pub minutes: u8,
    /// 0..=59.
    pub seconds: u8,
    /// The number of the frame within its second.
    pub frames: u8,
    /// Frames a second.
    pub rate: Rate,
}

/// Frames of drop-frame code in a minute that drops two, and in ten minutes, nine of which do.
const DROP_MINUTE: i64 = 60 * 30 - 2;
const DROP_TEN_MINUTES: i64 = 600 * 30 - 9 * 2;

impl TimeCode {
    /// Bytes of a datagram.
    pub const LEN: usize = 19;

    /// The code that is shown `position` after 00:00:00:00: that of the frame in progress. It begins again after 24
    /// hours, and runs backwards before.
    pub const fn at(position: Span, rate: Rate, stream: u8) -> Self {
        let (frames, seconds) = rate.frames_in();
        let number = (position.as_ns() as i128 * frames as i128).div_euclid(seconds as i128 * 1_000_000_000);
        let number = match rate {
            Rate::DropFrame => {
                let number = number.rem_euclid(144 * DROP_TEN_MINUTES as i128) as i64;
                // Count the numbers that were left out, as if they had been given.
                let (tens, rest) = (number / DROP_TEN_MINUTES, number % DROP_TEN_MINUTES);
                let minutes = if rest < 1800 { 0 } else { 1 + (rest - 1800) / DROP_MINUTE };
                number + 18 * tens + 2 * minutes
            }
            rate => number.rem_euclid(86_400 * rate.numbers() as i128) as i64,
        };
        let per_second = rate.numbers() as i64;
        let second = number / per_second;
        Self {
            stream,
            hours: (second / 3600) as u8,
            minutes: (second / 60 % 60) as u8,
            seconds: (second % 60) as u8,
            frames: (number % per_second) as u8,
            rate,
        }
    }

    /// When its frame begins, after 00:00:00:00; rounded up, so that [`TimeCode::at`] gives the same code again.
    pub const fn position(&self) -> Span {
        let minutes = self.hours as i64 * 60 + self.minutes as i64;
        let counted = (minutes * 60 + self.seconds as i64) * self.rate.numbers() as i64 + self.frames as i64;
        let number = match self.rate {
            Rate::DropFrame => counted - 2 * (minutes - minutes / 10),
            _ => counted,
        };
        let (frames, seconds) = self.rate.frames_in();
        // At most 86,400 * 30 frames: 2.6e6 * 1001 * 1e9 is below 2^63.
        Span::from_ns((number * seconds * 1_000_000_000 + frames - 1) / frames)
    }

    /// Whether there is such a code.
    const fn exists(&self) -> bool {
        let is_dropped = matches!(self.rate, Rate::DropFrame)
            && self.seconds == 0
            && self.frames < 2
            && !self.minutes.is_multiple_of(10);
        self.hours < 24 && self.minutes < 60 && self.seconds < 60 && self.frames < self.rate.numbers() && !is_dropped
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, BadArtNet> {
        let [_filler, stream, frames, seconds, minutes, hours, rate] = r.take()?;
        let rate = Rate::from_byte(rate).ok_or(BadArtNet::TimeCode)?;
        Some(Self { stream, hours, minutes, seconds, frames, rate }).filter(Self::exists).ok_or(BadArtNet::TimeCode)
    }

    /// Writes the datagram to the front of `buf`, returns its length, 19 bytes.
    ///
    /// # Errors
    /// When `buf` is shorter than that.
    pub fn encode(&self, buf: &mut [u8]) -> Result<usize, Truncated> {
        let w = &mut Writer::new(buf);
        packet::begin(w, OpCode::TIME_CODE)?;
        w.put(&[0, self.stream, self.frames, self.seconds, self.minutes, self.hours, self.rate.byte()])?;
        Ok(w.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Packet;
    use super::*;

    const RATES: [Rate; 4] = [Rate::Film, Rate::Ebu, Rate::DropFrame, Rate::Smpte];

    proptest! {
        /// DMX-6, DMX-7
        #[test]
        fn a_time_code_is_its_position_and_comes_back_from_the_wire(ns in 0..86_400_000_000_000_i64, rate in 0..4_usize) {
            let code = TimeCode::at(Span::from_ns(ns), RATES[rate], 7);
            let position = code.position();
            prop_assert_eq!(TimeCode::at(position, RATES[rate], 7), code);
            let age = ns - position.as_ns();
            // A day of drop-frame code is 86.4 ms shorter than a day.
            let wrapped = if rate == 2 { 86_400_000_000_000 - 86_400_000 } else { i64::MAX };
            prop_assert!((0..=41_666_667).contains(&(age % wrapped)), "{age}");
            let mut buf = [0xEE; TimeCode::LEN];
            prop_assert_eq!(code.encode(&mut buf), Ok(TimeCode::LEN));
            prop_assert_eq!(Packet::decode(&buf), Ok(Packet::TimeCode(code)));
            prop_assert_eq!(Packet::decode(&buf[..TimeCode::LEN - 1]), Err(BadArtNet::Truncated));
        }
    }

    #[test]
    fn drop_frame_leaves_out_two_numbers_in_nine_minutes_of_ten() {
        let code = |hours, minutes, seconds, frames| TimeCode {
            stream: 0,
            hours,
            minutes,
            seconds,
            frames,
            rate: Rate::DropFrame,
        };
        // Frame n begins at n * 1001/30000 s.
        let at_frame =
            |n: i64| TimeCode::at(Span::from_ns((n * 1001 * 1_000_000_000 + 29_999) / 30_000), Rate::DropFrame, 0);
        assert_eq!(at_frame(1799), code(0, 0, 59, 29));
        assert_eq!(at_frame(1800), code(0, 1, 0, 2));
        assert_eq!(at_frame(1800 + 1798), code(0, 2, 0, 2));
        assert_eq!(at_frame(17_982), code(0, 10, 0, 0));
        assert_eq!(at_frame(107_892), code(1, 0, 0, 0));
        assert_eq!(at_frame(24 * 107_892 - 1), code(23, 59, 59, 29));
        assert_eq!(at_frame(24 * 107_892), code(0, 0, 0, 0));
        assert_eq!(at_frame(-1), code(23, 59, 59, 29));
    }

    #[test]
    fn codes_that_do_not_exist_are_refused() {
        let wrong = [
            [0, 0, 24, 0, 0, 0, 0],
            [0, 0, 25, 0, 0, 0, 1],
            [0, 0, 0, 60, 0, 0, 3],
            [0, 0, 0, 0, 60, 0, 3],
            [0, 0, 0, 0, 0, 24, 3],
            [0, 0, 0, 0, 0, 0, 4],
            [0, 0, 1, 0, 1, 0, 2],
        ];
        for fields in wrong {
            let mut bytes = *b"Art-Net\0\x00\x97\0\x0E.......";
            bytes[12..].copy_from_slice(&fields);
            assert_eq!(Packet::decode(&bytes), Err(BadArtNet::TimeCode), "{fields:?}");
        }
    }
}
