//! Cues as they travel: which show is played, and what was done with its cue lists (`docs/protocol/97-cues.md`).

use core::fmt;
use core::str::FromStr;

use heapless::{String, Vec};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::ids::Revision;
use crate::time::{Show, Time};

/// The newest steps that a packet carries.
pub const MAX_STEPS: usize = 8;

/// The SHA-256 of a show file: a show's identity. Text form: 64 lowercase hex digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShowDigest(pub [u8; 32]);

/// The text is not a digest of 64 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadShowDigest;

impl fmt::Display for BadShowDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the SHA-256 of a show file, which is 64 hex digits")
    }
}
impl core::error::Error for BadShowDigest {}

impl fmt::Display for ShowDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for ShowDigest {
    type Err = BadShowDigest;
    fn from_str(text: &str) -> Result<Self, BadShowDigest> {
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(BadShowDigest);
        }
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).map_err(|_| BadShowDigest)?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for ShowDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ShowDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::<64>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// Which show is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowId {
    /// The digest of its file.
    pub sha256: ShowDigest,
    /// The length of its file, bytes.
    pub size: u32,
}

/// What an operator asks of a cue list. Cues are meant by their numbers in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CueOrder {
    /// Start the next cue; let a paused list go on.
    Go,
    /// Go to the cue before, in the list's own time for that.
    Back,
    /// Start this cue.
    GoTo {
        /// Its number in thousandths.
        cue_milli: u32,
        /// A fade in place of its own times, milliseconds.
        fade_ms: Option<u32>,
    },
    /// Stop fades and follows where they are.
    Pause,
    /// Let them go on.
    Resume,
    /// Let go of everything.
    Release {
        /// Within so many milliseconds.
        fade_ms: u32,
    },
}

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Deed {
    /// What cannot be told in a packet - another show, an edit - or what a later version did: the state is to be fetched.
    Whole,
    /// An order to a list.
    Order {
        /// Which list.
        list: u16,
        /// What.
        order: CueOrder,
    },
}

/// One step of the playbacks from one state to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CueStep {
    /// The number of the change it was.
    pub rev: Revision,
    /// From when it holds.
    pub at: Time<Show>,
    /// What it did.
    pub deed: Deed,
}

/// The state of the cues, as a packet tells it: which show, the state's number and hash, and the steps that led there last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CueState {
    /// The show that is played; none when no show is loaded.
    pub show: Option<ShowId>,
    /// The number of the newest step; each step has the number after the one before it.
    pub number: u32,
    /// FNV-1a 64 of the playbacks as the newest step left them.
    pub hash: u64,
    /// The newest steps, oldest first; the last one's number is `number`.
    pub steps: Vec<CueStep, MAX_STEPS>,
}

impl CueState {
    /// The steps after state `number`, oldest first; nothing where they are not all here, or one is [`Deed::Whole`].
    pub fn steps_after(&self, number: u32) -> Option<&[CueStep]> {
        let missing = usize::try_from(self.number.checked_sub(number)?).ok()?;
        let first = self.steps.len().checked_sub(missing)?;
        let steps = self.steps.get(first..)?;
        steps.iter().all(|step| step.deed != Deed::Whole).then_some(steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(number: u32, deeds: &[Deed]) -> CueState {
        let steps = deeds.iter().map(|deed| CueStep { rev: Revision(1), at: Time::ZERO, deed: *deed }).collect();
        CueState { show: None, number, hash: 0, steps }
    }

    /// CUE-2
    #[test]
    fn steps_lead_on_only_from_a_state_whose_next_step_is_here() {
        let go = Deed::Order { list: 1, order: CueOrder::Go };
        let three = state(10, &[go; 3]);
        assert_eq!(three.steps_after(10).map(<[_]>::len), Some(0));
        assert_eq!(three.steps_after(7).map(<[_]>::len), Some(3));
        assert_eq!(three.steps_after(6), None, "step 7 is missing");
        assert_eq!(three.steps_after(11), None, "a state that was not reached");
        let edited = state(10, &[Deed::Whole, go]);
        assert_eq!(edited.steps_after(9).map(<[_]>::len), Some(1));
        assert_eq!(edited.steps_after(8), None, "an edit is fetched");
    }

    #[test]
    fn a_digest_is_read_and_written_in_one_form() {
        let text = "00ff".repeat(16);
        let digest: ShowDigest = text.to_ascii_uppercase().parse().unwrap();
        assert_eq!(digest.0[..3], [0, 255, 0]);
        let mut written = String::<64>::new();
        fmt::write(&mut written, format_args!("{digest}")).unwrap();
        assert_eq!(written, text.as_str());
        for bad in ["", "00", &text[1..], &"0g".repeat(32), &"+1".repeat(32)] {
            assert_eq!(bad.parse::<ShowDigest>(), Err(BadShowDigest), "{bad}");
        }
    }
}
