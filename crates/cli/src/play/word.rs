//! What somebody types while a list is played.

use std::str::FromStr;

use cuelight_show::{CommandError, CueNumber, ListNumber, Playbacks, Score};
use cuelight_wire::time::{Show, Time};

/// How long a release takes, milliseconds.
const RELEASE_MS: u32 = 1_000;

/// One line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Go,
    GoTo(CueNumber),
    Back,
    Pause,
    Resume,
    Release,
    Blackout,
    Quit,
}

impl Word {
    /// What there is, for people.
    pub(super) const HELP: &str =
        "Enter: GO   CUE: that cue   b: back   p: pause   r: resume   x: release   0: blackout on, off   q: end";

    /// Does it to a list; what concerns no list does nothing.
    pub(super) fn apply(
        self,
        playbacks: &mut Playbacks,
        score: &Score,
        list: ListNumber,
        at: Time<Show>,
    ) -> Result<(), CommandError> {
        match self {
            Self::Go => playbacks.go(score, list, at).map(drop),
            Self::GoTo(cue) => playbacks.go_to(score, list, cue, None, at),
            Self::Back => playbacks.back(score, list, at).map(drop),
            Self::Pause => playbacks.pause(score, list, at),
            Self::Resume => playbacks.resume(score, list, at),
            Self::Release => playbacks.release(score, list, RELEASE_MS, at),
            Self::Blackout | Self::Quit => Ok(()),
        }
    }
}

impl FromStr for Word {
    type Err = String;
    fn from_str(line: &str) -> Result<Self, String> {
        Ok(match line.trim() {
            "" | "go" => Self::Go,
            "b" | "back" => Self::Back,
            "p" | "pause" => Self::Pause,
            "r" | "resume" => Self::Resume,
            "x" | "release" => Self::Release,
            "0" | "blackout" => Self::Blackout,
            "q" | "quit" => Self::Quit,
            cue => {
                let number = cue.strip_prefix("go ").unwrap_or(cue).trim();
                Self::GoTo(number.parse().map_err(|_| format!("{cue:?} is none of these: {}", Self::HELP))?)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_commands_or_numbers_of_cues() {
        for (line, word) in [
            ("", Word::Go),
            (" \n", Word::Go),
            ("2.5", Word::GoTo("2.5".parse().unwrap())),
            ("go 3", Word::GoTo("3".parse().unwrap())),
            ("back", Word::Back),
            ("0", Word::Blackout),
            ("q", Word::Quit),
        ] {
            assert_eq!(line.parse(), Ok(word), "{line:?}");
        }
        assert!("louder".parse::<Word>().unwrap_err().contains("Enter: GO"));
    }
}
