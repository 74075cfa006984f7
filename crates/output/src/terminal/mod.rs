//! Frames to a terminal, for people: true-colour half blocks, two pixels a character. Implements OUT-7.
//!
//! The frame thread only leaves the newest frame in a cell; a thread of the output's own draws it, at most 30 times a second,
//! and is as slow as the terminal is. A terminal that may not show colour (`NO_COLOR`) or cannot (`TERM=dumb`, a pipe)
//! gets letters instead.

mod picture;

pub use picture::Style;

use std::env;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle, park_timeout};
use std::time::Duration;

use cuelight_render::Geometry;
use cuelight_wire::scene::Rgb;
use cuelight_wire::time::FrameIndex;

use crate::frame::{Frame, Output};
use crate::latest::Cell;
use picture::Picture;

/// Every fourth frame, 30 a second: more than a terminal shows.
const FRAMES_PER_PICTURE: i64 = 4;
const DRAW_PERIOD: Duration = Duration::from_millis(33);
/// Where nothing can be overwritten, a line a second is enough.
const LINE_PERIOD: Duration = Duration::from_secs(1);
/// Words of the cell before the pixels: frame index, scene revision.
const HEADER_WORDS: usize = 2;

/// How to draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TerminalConfig {
    /// What to call the node in its heading.
    pub name: String,
    /// Where the pixels are.
    pub geometry: Geometry,
    /// Characters in a line.
    pub columns: u16,
    /// Gamma that the frames carry for LEDs, in hundredths, taken out again for the screen.
    pub gamma_x100: u16,
    /// How.
    pub style: Style,
}

impl Style {
    /// What standard output can show, from `NO_COLOR`, `TERM` and whether it is a terminal at all.
    pub fn of_stdout() -> Self {
        let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = env::var_os("TERM").is_none_or(|term| term == "dumb");
        Self::of(io::stdout().is_terminal(), is_dumb, is_set("NO_COLOR"))
    }
    fn of(is_terminal: bool, is_dumb: bool, no_color: bool) -> Self {
        match (is_terminal && !is_dumb, no_color) {
            (false, _) => Self::Lines,
            (true, true) => Self::Letters,
            (true, false) => Self::Color,
        }
    }
}

/// Shows frames in a terminal.
#[derive(Debug)]
pub struct Terminal {
    cell: Arc<Cell>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Terminal {
    /// Starts drawing to `to`, usually standard output. When that is closed the drawing ends, and nothing else.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(config: TerminalConfig, to: impl Write + Send + 'static) -> io::Result<Self> {
        let cell = Arc::new(Cell::new(HEADER_WORDS + config.geometry.len()));
        let stop = Arc::new(AtomicBool::new(false));
        let (drawn, stopped) = (Arc::clone(&cell), Arc::clone(&stop));
        let thread = Builder::new().name("terminal".into()).spawn(move || {
            // An error means that nobody looks any more.
            let _ = draw(&config, &drawn, &stopped, to);
        })?;
        Ok(Self { cell, stop, thread: Some(thread) })
    }
}

impl Output for Terminal {
    fn emit(&mut self, frame: &Frame<'_>) {
        if frame.index.0.rem_euclid(FRAMES_PER_PICTURE) != 0 {
            return;
        }
        let pixels = frame.pixels.iter().map(|&Rgb { r, g, b }| i64::from(u32::from_be_bytes([0, r, g, b])));
        self.cell.write([frame.index.0, i64::from(frame.scene_rev.0)].into_iter().chain(pixels));
    }
    fn name(&self) -> &str {
        "terminal"
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic there has said its message already.
            let _ = thread.join();
        }
    }
}

/// Draws the newest frame until told to stop.
fn draw(config: &TerminalConfig, cell: &Cell, stop: &AtomicBool, mut to: impl Write) -> io::Result<()> {
    let mut picture = Picture::new(&config.geometry, config.columns, config.gamma_x100, config.style);
    let mut words = vec![0; HEADER_WORDS + config.geometry.len()];
    let mut pixels = vec![Rgb::BLACK; config.geometry.len()];
    let mut text = String::new();
    let mut drawn = None;
    while !stop.load(Ordering::Acquire) {
        let version = cell.read(&mut words);
        if version.is_some() && version != drawn {
            for (pixel, word) in pixels.iter_mut().zip(&words[HEADER_WORDS..]) {
                let [.., r, g, b] = word.to_be_bytes();
                *pixel = Rgb::new(r, g, b);
            }
            let show_s = FrameIndex(words[0]).show_at().as_us() as f64 / 1e6;
            let heading = format!("{}  frame {}  show {show_s:.3} s  scene {}", config.name, words[0], words[1]);
            text.clear();
            picture.draw(&heading, &pixels, &mut text);
            to.write_all(text.as_bytes())?;
            to.flush()?;
            drawn = version;
        }
        park_timeout(if config.style == Style::Lines { LINE_PERIOD } else { DRAW_PERIOD });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use cuelight_wire::ids::Revision;
    use cuelight_wire::time::Span;

    use super::*;

    struct Screen(Sender<String>);
    impl Write for Screen {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8_lossy(bytes).into_owned();
            self.0.send(text).map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn terminal(to: Screen) -> Terminal {
        let geometry = Geometry::strip(4);
        let config = TerminalConfig { name: "n1".into(), geometry, columns: 80, gamma_x100: 100, style: Style::Color };
        Terminal::start(config, to).unwrap()
    }

    fn emit(terminal: &mut Terminal, k: i64, pixels: &[Rgb]) {
        let index = FrameIndex(k);
        terminal.emit(&Frame {
            render: Span::ZERO,
            index,
            show_at: index.show_at(),
            mono_ns: 0,
            late: Span::ZERO,
            is_synced: true,
            scene_rev: Revision(5),
            hash: 0,
            pixels,
        });
    }

    /// OUT-7
    #[test]
    fn the_newest_frame_is_drawn_by_another_thread() {
        let (screen, drawn) = channel();
        let mut terminal = terminal(Screen(screen));
        emit(&mut terminal, 8, &[Rgb::new(1, 2, 3); 4]);
        let text = drawn.recv().unwrap();
        assert!(text.contains("n1  frame 8  show 0.067 s  scene 5") && text.contains("38;2;1;2;3"), "{text:?}");
    }

    #[test]
    fn a_closed_terminal_ends_the_drawing_only() {
        let (screen, drawn) = channel();
        drop(drawn);
        let mut terminal = terminal(Screen(screen));
        for k in 0..40 {
            emit(&mut terminal, k, &[Rgb::BLACK; 4]);
        }
    }

    #[test]
    fn color_needs_a_terminal_that_can_and_may_show_it() {
        assert_eq!(Style::of(true, false, false), Style::Color);
        assert_eq!(Style::of(true, false, true), Style::Letters);
        assert_eq!(Style::of(true, true, false), Style::Lines);
        assert_eq!(Style::of(false, false, false), Style::Lines);
    }
}
