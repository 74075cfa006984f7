//! The show that is played: its file, and which node has which of its universes.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use cuelight_show::{Score, Show};

use crate::config::lights::parse_show;

/// The show that comes with the program.
const TWO_MINUTES: &str = include_str!("../../../../../examples/two-minutes/show.toml");

/// A show, as its file has it and made ready to be played.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) show: Show,
    pub(super) score: Score,
}

impl Piece {
    /// Reads a file, or the show that comes with the program.
    pub(super) fn read(file: Option<&Path>) -> Result<Self> {
        let (path, text) = match file {
            Some(path) => {
                (path.to_owned(), fs::read_to_string(path).context(format!("{} cannot be read", path.display()))?)
            }
            None => (PathBuf::from("two-minutes"), TWO_MINUTES.to_owned()),
        };
        let piece = Self::of(&path, text)?;
        ensure!(
            !piece.universes().is_empty(),
            "{} has no universes: patch fixtures, or name slots in cues",
            path.display()
        );
        ensure!(!piece.show.lists.is_empty(), "{} has no cue list", path.display());
        Ok(piece)
    }
    /// The show that a text means; `path` is what its faults are told of.
    pub(super) fn of(path: &Path, text: String) -> Result<Self> {
        let show = parse_show(path, &text)?;
        let score = Score::new(&show);
        Ok(Self { text, show, score })
    }
    /// Its universes, in rising order.
    pub(super) fn universes(&self) -> &[u16] {
        self.score.rig().universes()
    }
    /// The universes of each of so many nodes: as even as can be, neighbours together.
    pub(super) fn shares(&self, nodes: usize) -> Vec<&[u16]> {
        let universes = self.universes();
        let end = |node: usize| node * universes.len() / nodes;
        (0..nodes).map(|node| &universes[end(node)..end(node + 1)]).collect()
    }
}

/// Universes as `--universes` takes them: `1..3,7`.
pub(super) fn ranges(universes: &[u16]) -> String {
    let apart = universes.chunk_by(|a, b| a + 1 == *b);
    let words = apart.map(|range| match range {
        [one] => one.to_string(),
        [first, .., last] => format!("{first}..{last}"),
        [] => String::new(),
    });
    words.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_show_of_the_program_has_three_universes_for_each_of_four_nodes() {
        let piece = Piece::read(None).unwrap();
        let shares: Vec<_> = piece.shares(4).into_iter().map(ranges).collect();
        assert_eq!(shares, ["1..3", "4..6", "7..9", "10..12"]);
        let shares: Vec<_> = piece.shares(5).into_iter().map(<[u16]>::len).collect();
        assert_eq!((shares.iter().sum::<usize>(), shares.iter().min(), shares.iter().max()), (12, Some(&2), Some(&3)));
        assert!(piece.shares(13).iter().any(|share| share.is_empty()));
    }

    #[test]
    fn neighbours_are_a_range_and_others_stand_alone() {
        assert_eq!(ranges(&[1, 2, 3, 7, 9, 10]), "1..3,7,9..10");
        assert_eq!(ranges(&[]), "");
    }

    #[test]
    fn a_wrong_file_is_refused_with_its_places() {
        let error = Piece::of(Path::new("x.toml"), "show-file = 1\nlabel = 3\n".to_owned()).unwrap_err().to_string();
        assert!(error.contains("x.toml:2:"), "{error}");
    }
}
