//! `cuelight pattern make`: a pattern file from an effect, a preset, a picture, or a file of the studio's older shape.
//!
//! Whatever it is made from becomes a [`Film`]: colours, LED by LED, frame by frame. The film's colours are brought down to a
//! palette of at most 64, and the frames written as indices.

mod film;
mod pack;
mod palette;
mod picture;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{ArgGroup, Args, ValueEnum};
use cuelight_wire::prism::studio::Studio;
use cuelight_wire::prism::{DEPLOYED_MAX_LEN, Direction, Motion, Rate, SyncMode};
use serde::Serialize;

use crate::print;
use film::{Film, Source};

/// The rate of what has none of its own.
const DEFAULT_FPS: u16 = 60;
/// LEDs of what has none of its own: one channel of a K1.
const DEFAULT_LEDS: u16 = 160;

/// `cuelight pattern make`.
#[derive(Args, Debug)]
#[command(allow_missing_positional = true)]
#[command(group(ArgGroup::new("source").required(true).args(["effect", "preset", "picture"])))]
pub(crate) struct Make {
    /// A PNG (every row is a frame), a GIF (every picture is one), or a pattern of the studio's older shape
    picture: Option<PathBuf>,
    /// The pattern file to write
    out: PathBuf,
    /// Record this effect
    #[arg(long, value_name = "NAME")]
    effect: Option<String>,
    /// Record this preset
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// With an effect: its palette
    #[arg(long, value_name = "NAME", requires = "effect")]
    palette: Option<String>,
    /// With an effect or preset: how long
    #[arg(long, value_name = "S", default_value_t = 10.0, conflicts_with = "picture")]
    seconds: f64,
    /// Frames a second, 1 to 120 [default: the GIF's own, else 60]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=120))]
    fps: Option<u16>,
    /// LEDs of one channel, 1 to 4096 [default: the picture's own, else 160]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=4096))]
    leds: Option<u16>,
    /// Let neighbouring LEDs share the error of a colour that is not in the palette
    #[arg(long)]
    dither: bool,
    /// When the second channel of a node with two shows the frame
    #[arg(long, value_enum, default_value_t = Mode::Sync)]
    sync: Mode,
    /// Where the second channel begins to
    #[arg(long, value_enum, default_value_t = Side::Left)]
    from: Side,
    /// The longest delay of the second channel, milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    delay: u16,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Mode {
    /// At the same time
    Sync,
    /// Later, by the delay
    Offset,
    /// Later from LED to LED
    Progressive,
    /// Later and less later again
    Wave,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Side {
    /// The first LED
    Left,
    /// The last LED
    Right,
    /// The middle
    Centre,
    /// Both ends
    Edge,
    /// Everywhere at once
    Static,
}

/// What was made.
#[derive(Debug, Serialize)]
struct Made {
    file: String,
    bytes: usize,
    leds: usize,
    frames: usize,
    fps: f64,
    seconds: f64,
    /// Colours of the palette.
    colors: usize,
    /// Colours there were.
    colors_before: usize,
}

impl Make {
    /// Makes the file.
    pub(crate) fn run(self) -> Result<()> {
        let film = self.film()?;
        let palette = palette::of(&film);
        let bytes = pack::file(&film, &palette, self.motion(), self.dither)?;
        fs::write(&self.out, &bytes).with_context(|| format!("{} cannot be written", self.out.display()))?;
        let made = Made {
            file: self.out.display().to_string(),
            bytes: bytes.len(),
            leds: film.leds,
            frames: film.frames(),
            fps: f64::from(film.rate.x256()) / 256.0,
            seconds: film.frames() as f64 * 256.0 / f64::from(film.rate.x256()),
            colors: palette.colors.len(),
            colors_before: palette.before,
        };
        if made.bytes > DEPLOYED_MAX_LEN {
            eprintln!(
                "cuelight: the pattern has {} bytes; stores take {DEPLOYED_MAX_LEN} unless they are set otherwise: \
                 make it shorter, or with fewer frames a second",
                made.bytes
            );
        }
        if self.json { print::json(&made) } else { print::text(&made.told()) }
    }

    fn film(&self) -> Result<Film> {
        let fps = self.fps.unwrap_or(DEFAULT_FPS);
        let rate = |fps: u16| Rate::from_field(fps.into()).expect("clap takes 1 to 120");
        if let Some(path) = &self.picture {
            let bytes = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
            let film = match Studio::read(&bytes) {
                Some(studio) => {
                    let (Some(leds), Some(fps)) = (self.leds, self.fps) else {
                        bail!(
                            "{} is an older studio file, which says neither how many LEDs nor how many frames a \
                               second: give --leds and --fps",
                            path.display()
                        );
                    };
                    film::of_studio(&studio, leds, rate(fps))
                }
                None => picture::read(&bytes, self.leds, self.fps.map(rate), rate(fps)),
            };
            return film.with_context(|| format!("{} makes no pattern", path.display()));
        }
        let source = match (&self.effect, &self.preset) {
            (Some(effect), _) => Source::effect(effect, self.palette.as_deref())?,
            (None, Some(preset)) => Source::preset(preset)?,
            (None, None) => bail!("give an effect, a preset or a picture"),
        };
        film::of_effect(source, self.leds.unwrap_or(DEFAULT_LEDS), rate(fps), self.seconds)
    }

    const fn motion(&self) -> Motion {
        let sync = match self.sync {
            Mode::Sync => SyncMode::Sync,
            Mode::Offset => SyncMode::Offset,
            Mode::Progressive => SyncMode::Progressive,
            Mode::Wave => SyncMode::Wave,
        };
        let direction = match self.from {
            Side::Left => Direction::Left,
            Side::Right => Direction::Right,
            Side::Centre => Direction::Centre,
            Side::Edge => Direction::Edge,
            Side::Static => Direction::Static,
        };
        Motion { sync, direction, parameter: self.delay }
    }
}

impl Made {
    fn told(&self) -> String {
        let Self { file, bytes, leds, frames, fps, seconds, colors, colors_before } = self;
        let palette = if colors == colors_before {
            format!("{colors} colours")
        } else {
            format!("{colors} of {colors_before} colours")
        };
        format!("{file}: {leds} LEDs, {frames} frames, {fps} a second, {seconds:.2} s, {palette}, {bytes} bytes")
    }
}
