//! Scenarios: short files that say what happens to a show, and within which limits it must stay.
//!
//! A [`Scenario`] is read strictly ([`Scenario::parse`]): an unknown key, a wrong unit or a limit without a neighbour is an
//! error that names file, line and what is allowed. It is played by the machines that ship, in virtual time
//! ([`crate::world`]), and judged by the oracle, which knows nothing of them.
//!
//! Each limit has a neighbour just beyond it at which the judgement must fail: a tighter value (`beyond`), or worse
//! conditions (`worse`). [`Scenario::neighbours`] gives them; a test plays them all, so a limit that cannot be missed is
//! found out.
//!
//! | file | idea |
//! |---|---|
//! | `file` | the keys of a file |
//! | `units` | "30 ms", "20 %", "100 ppm" |
//! | `paths` | ways to the hub, named or described |
//! | `limits` | what a figure may be, and its neighbour |
//! | `worse` | the same scenario under worse conditions |
//! | `script` | from events to what is done to the world, and when |
//! | `play` | a run, and its verdict |
//! | `picture` | a run, drawn |
//! | `library` | the scenarios this program knows |

mod file;
mod library;
mod limits;
mod paths;
mod picture;
mod play;
mod script;
mod units;
mod worse;

pub use library::{UnknownScenario, all, find};
pub use limits::{Bound, Limit, Row};
pub use picture::picture;
pub use play::{Course, Moment, NodeState, Outcome, Verdict, play};

pub(crate) use script::change;

use crate::scenario::file::File;

/// A scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its file, `004-loss-20.toml`.
    pub origin: String,
    /// Its three digits; empty for a file of somebody's own that has none.
    pub number: String,
    /// Its name, from the file's.
    pub name: String,
    /// What it shows, one sentence.
    pub shows: String,
    /// What it means for somebody who runs a show, one sentence.
    pub means: String,
    file: File,
    table: toml::Table,
}

/// A file that is no scenario: which one, where, and what is allowed there.
#[derive(Debug, thiserror::Error)]
#[error("{origin}: {problem}")]
pub struct BadScenario {
    /// The file.
    pub origin: String,
    /// What is wrong with it.
    pub problem: String,
}

impl Scenario {
    /// Reads the text of a file of that name.
    ///
    /// # Errors
    /// When the text is not a scenario.
    pub fn parse(origin: &str, text: &str) -> Result<Self, BadScenario> {
        let bad = |problem: String| BadScenario { origin: origin.to_owned(), problem };
        let file: File = toml::from_str(text).map_err(|error| bad(error.to_string().trim_end().to_owned()))?;
        let table: toml::Table = toml::from_str(text).map_err(|error| bad(error.to_string()))?;
        file.check().and_then(|()| file.check_worse(&table)).map_err(bad)?;
        let stem = origin.rsplit('/').next().unwrap_or(origin).trim_end_matches(".toml");
        let numbered = stem
            .split_once('-')
            .filter(|(digits, _)| digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit()));
        let (number, name) = numbered.unwrap_or(("", stem));
        Ok(Self {
            origin: origin.to_owned(),
            number: number.to_owned(),
            name: name.to_owned(),
            shows: file.shows.clone(),
            means: file.means.clone(),
            file,
            table,
        })
    }
    /// The seed it runs with when none is given.
    pub const fn seed(&self) -> u64 {
        self.file.seed
    }
    /// Nodes, deployed ones included.
    pub fn nodes(&self) -> usize {
        self.file.node.iter().map(|group| group.count).sum()
    }
    /// How long it lasts, seconds of true time.
    pub fn lasts_s(&self) -> f64 {
        self.file.lasts.ns / 1e9
    }
    /// Its limits.
    pub fn limits(&self) -> Vec<Limit> {
        self.file.limits.iter().map(|(name, limit)| limit.of(name)).collect()
    }
    /// For each limit the neighbour at which the judgement must fail.
    pub fn neighbours(&self) -> Vec<Neighbour> {
        let neighbour = |(name, stated): (&String, &limits::Stated)| {
            let limit = stated.of(name);
            match &stated.beyond {
                Some(value) => Neighbour::Tighter(limit.tightened(value.number())),
                None => {
                    let table = worse::worsened(&self.table, stated.worse.as_ref().expect("a limit was checked"));
                    let file = table.try_into().expect("a worsened scenario was checked");
                    Neighbour::Worse(limit, Box::new(Self { file, ..self.clone() }))
                }
            }
        };
        self.file.limits.iter().map(neighbour).collect()
    }
}

/// What lies just beyond a limit.
#[derive(Clone, Debug)]
pub enum Neighbour {
    /// The same run, judged by a tighter limit.
    Tighter(Limit),
    /// The same limit, under worse conditions.
    Worse(Limit, Box<Scenario>),
}
