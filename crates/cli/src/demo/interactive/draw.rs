//! The screen: a header, a panel for each node, what was said last, and the keys.
//!
//! Draws what it is given and decides only what fits: nodes that do not are reached by selecting them, and a terminal that is too small
//! is told so.

use std::time::Duration;

use cuelight_measure::hub_api::Node;
use cuelight_wire::scene::Rgb;
use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Block, Clear, Paragraph, Wrap};

use super::meter::{Change, Figures};
use super::picture::Picture;
use super::state::{FAVOURITES, Network, State, network_text, on_off, percent};

const MIN_WIDTH: u16 = 76;
/// Header, table heading, one node of two lines, message, keys.
const MIN_HEIGHT: u16 = HEADER_LINES + 1 + 2 + FOOTER_LINES;
const HEADER_LINES: u16 = 5;
const FOOTER_LINES: u16 = 3;
/// The lamp of the beat is bright for this part of it.
const FLASH: f64 = 0.3;

/// Nodes must be closer together than this, microseconds (section 13 of the show network's acceptance).
const NOTICEABLE_US: f64 = 1000.0;

const KEYS: &str = "1-9 \u{2190}\u{2192} scene  \u{2191}\u{2193} master  t tap  +- tempo  b blackout  k node  h hub  p playlist  s sync  \
                    w busy Wi-Fi  l lossy  ? help  q quit";

/// Draws everything. `pixels` holds each node's newest frame, if it has one.
pub(super) fn draw(frame: &mut Frame<'_>, state: &State, picture: &Picture, pixels: &[Option<&[Rgb]>], now: Duration) {
    let area = frame.area();
    if area.width < MIN_WIDTH || area.height < MIN_HEIGHT {
        let text = format!(
            "The terminal is too small: {MIN_WIDTH}x{MIN_HEIGHT} is needed,\nthis is {}x{}. q quits.",
            area.width, area.height
        );
        return frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: true }), area);
    }
    let parts = [
        Constraint::Length(HEADER_LINES),
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(FOOTER_LINES),
    ];
    let [header, heading, nodes, footer] = Layout::vertical(parts).areas(area);
    draw_header(frame, state, now, header);
    frame.render_widget(
        Line::raw(table_row("  node", ["state", "clock sigma", "bound", "output p99", "loss", "fps"])).dim(),
        heading,
    );
    draw_nodes(frame, state, picture, pixels, nodes);
    draw_footer(frame, state, now, footer);
    if state.is_help_open {
        draw_help(frame, area);
    }
}

fn draw_header(frame: &mut Frame<'_>, state: &State, now: Duration, area: Rect) {
    let [first, second, third, fourth, fifth] = Layout::vertical([Constraint::Length(1); 5]).areas(area);
    let title = Line::from(vec![" Cuelight ".bold().reversed(), Span::raw("  "), Span::raw(state.page.clone())]);
    frame.render_widget(title, first);
    let clock = state.show_us(now).map_or("show -".into(), |us| format!("show {} ", clock_text(us)));
    frame.render_widget(Line::raw(clock).alignment(Alignment::Right), first);
    frame.render_widget(beat_line(state, now), second);
    frame.render_widget(circumstances(state), third);
    frame.render_widget(measured(&state.figures), fourth);
    frame.render_widget(last_change(state), fifth);
}

/// Lamps for the beats of a bar, tempo, scene and master.
fn beat_line(state: &State, now: Duration) -> Line<'static> {
    let mut spans = vec![Span::raw(" ")];
    let Some(show) = state.show() else { return Line::raw(" waiting for the hub") };
    let beats = i64::from(show.tempo.beats_per_bar.clamp(1, 16));
    let beat = state.beat(now);
    for lamp in 0..beats {
        let is_lit =
            beat.is_some_and(|beat| (beat.floor() as i64).rem_euclid(beats) == lamp && beat.rem_euclid(1.0) < FLASH);
        let color = if lamp == 0 { Color::Red } else { Color::Yellow };
        spans.push(if is_lit { Span::styled("\u{25cf}", Style::new().fg(color).bold()) } else { "\u{25cb}".dim() });
    }
    spans.push(Span::raw(format!(" {:.2} bpm   scene ", show.tempo.bpm)));
    if let Some(preset) = state.preset() {
        spans.push(preset.name.bold());
        spans.push(Span::raw(" "));
    }
    spans.push(Span::raw(format!(
        "({} / {})   master {} %",
        show.scene.effect,
        show.scene.palette,
        percent(show.master.level)
    )));
    if show.master.blackout {
        spans.extend([Span::raw("   "), " BLACKOUT ".reversed().bold()]);
    }
    Line::from(spans)
}

/// Network, playlist and synchronisation.
fn circumstances(state: &State) -> Line<'static> {
    let network = Span::raw(network_text(state.network));
    let sync = Span::raw(if state.is_synced { "on" } else { "OFF (shown on arrival)" });
    Line::from(vec![
        Span::raw(" network "),
        if state.network == Network::Clean { network } else { network.yellow() },
        Span::raw(format!("   playlist {}   sync ", on_off(state.has_playlist()))),
        if state.is_synced { sync.green() } else { sync.red().bold() },
    ])
}

/// What the demo measured itself.
fn measured(figures: &Figures) -> Line<'static> {
    let Some(apart) = figures.apart else { return Line::raw(" measured: no frame that two nodes put out").dim() };
    let Figures { frames, equal, .. } = *figures;
    let equal_text = Span::raw(format!("{equal} of {frames} frames equal"));
    let (p50, p99) = (short(apart.p50 * 1e3), short(apart.p99 * 1e3));
    Line::from(vec![
        Span::raw(" measured: "),
        if equal == frames { equal_text.green() } else { equal_text.red() },
        Span::raw(", output apart p50 "),
        p50.bold(),
        Span::raw(" p99 "),
        if apart.p99 < NOTICEABLE_US { p99.green() } else { p99.red() },
    ])
}

/// How the last change was shown, and the hub's ticks.
fn last_change(state: &State) -> Line<'static> {
    let mut spans = vec![Span::raw(" last change: ")];
    match state.figures.change {
        Some(Change { nodes, frames_apart, us_apart }) => {
            let apart = short(us_apart * 1e3);
            spans.push(match frames_apart {
                // Nodes that run freely count frames of their own: the instants tell.
                0 if us_apart < NOTICEABLE_US => format!("same frame, {apart}").green(),
                0 => format!("{apart} apart").red(),
                1 => format!("1 frame, {apart} apart").red(),
                more => format!("{more} frames, {apart} apart").red(),
            });
            spans.push(Span::raw(format!(" ({nodes} nodes)")));
        }
        None => spans.push("-".dim()),
    }
    if let Some(tick) = state.show().filter(|_| state.is_hub_running).map(|show| show.tick) {
        let text = format!("   hub tick {:.1} Hz, p99 {:.0} us, {} overruns", tick.hz, tick.cost_us_p99, tick.overruns);
        spans.push(Span::raw(text));
    }
    Line::from(spans)
}

fn draw_nodes(frame: &mut Frame<'_>, state: &State, picture: &Picture, pixels: &[Option<&[Rgb]>], area: Rect) {
    let count = u16::try_from(state.running.len()).unwrap_or(u16::MAX);
    // As much as the picture likes, a line of text above and an empty one below, if there is room; else less of it.
    let share = area.height / count.max(1);
    let lines = share.clamp(2, picture.lines().saturating_add(2));
    let picture_lines = (lines - 1).min(picture.lines());
    let fitting = usize::from(area.height / lines);
    let first = (state.selected + 1).saturating_sub(fitting);
    for (place, index) in (first..state.running.len()).take(fitting).enumerate() {
        let top = area.y + lines * u16::try_from(place).unwrap_or(0);
        let row = Rect { y: top, height: 1, ..area };
        frame.render_widget(node_line(state, index), row);
        let strip = Rect { x: area.x + 1, y: top + 1, width: area.width - 2, height: picture_lines };
        match pixels.get(index).copied().flatten() {
            Some(pixels) => picture.draw(pixels, strip, frame.buffer_mut()),
            None => frame.render_widget(Line::raw("no picture").dim(), strip),
        }
    }
}

fn node_line(state: &State, index: usize) -> Line<'static> {
    let number = index + 1;
    let mark = if state.selected == index && state.running.len() > 1 { ">" } else { " " };
    let name = format!("{mark}{number} node-{number}");
    let is_running = state.running[index];
    let row = match state.node(index) {
        Some(node) if is_running => table_row(&name, node_figures(node)),
        _ => {
            let word = if !is_running {
                "stopped"
            } else if state.is_hub_running {
                "starting"
            } else {
                "no hub"
            };
            table_row(&name, [word, "-", "-", "-", "-", "-"])
        }
    };
    let line = match state.node(index) {
        Some(node) if is_running && node.is_ready() => Line::raw(row),
        Some(node) if is_running => {
            let why = node.degraded.as_deref().map(|why| format!("  {why}")).unwrap_or_default();
            Line::raw(row + &why).yellow()
        }
        _ if is_running => Line::raw(row).yellow(),
        _ => {
            let hint = if number <= 9 { format!("  (k{number} starts it)") } else { "  (kk starts it)".into() };
            Line::raw(row + &hint).red()
        }
    };
    if mark == ">" { line.bold() } else { line }
}

fn node_figures(node: &Node) -> [String; 6] {
    let measured = |ns: i64| if node.lock { short(ns as f64) } else { "-".into() };
    let state = if node.state == "ready" && !node.lock { "no lock".into() } else { node.state.clone() };
    [
        state,
        measured(node.sigma_ns),
        measured(node.bound_ns),
        short(node.late_ns_p99 as f64),
        format!("{:.1} %", node.loss_pct),
        format!("{:.1}", node.fps),
    ]
}

fn table_row(name: &str, cells: [impl AsRef<str>; 6]) -> String {
    let [state, sigma, bound, late, loss, fps] = cells.each_ref().map(AsRef::as_ref);
    format!("{name:<12} {state:<9}{sigma:>12}{bound:>11}{late:>12}{loss:>9}{fps:>8}")
}

fn draw_footer(frame: &mut Frame<'_>, state: &State, now: Duration, area: Rect) {
    let [said, keys] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(area);
    if let Some(notice) = state.notice(now) {
        let line = Line::raw(format!(" {}", notice.text.replace('\n', " | ")));
        frame.render_widget(if notice.is_error { line.red().bold() } else { line.cyan() }, said);
    }
    frame.render_widget(Paragraph::new(KEYS).dim().wrap(Wrap { trim: true }), keys);
}

fn draw_help(frame: &mut Frame<'_>, area: Rect) {
    let favourites: Vec<String> = FAVOURITES.iter().zip(1..).map(|(name, key)| format!("{key} {name}")).collect();
    let (some, others) = favourites.split_at(favourites.len() / 2);
    let lines = [
        format!("1-9     {}", some.join(", ")),
        format!("        {}", others.join(", ")),
        "\u{2190} \u{2192}     through all presets".into(),
        "\u{2191} \u{2193}     master level".into(),
        "t       tap the tempo, four times or more        + -   change it".into(),
        "b       blackout on and off".into(),
        "k       kill or restart a node: its number, or k for the one that Tab selects".into(),
        "h       kill or restart the hub; it comes back with another clock".into(),
        "p       playlist: 1 to 9 in turn, another every 8 beats".into(),
        "s       sync off and on: without it, nodes show changes when they arrive,".into(),
        "        and the network becomes a busy Wi-Fi so that it can be seen".into(),
        "w       busy Wi-Fi on and off          l     20 % loss on and off".into(),
        "q       quit, as Esc and Ctrl-C do     ?     close this".into(),
    ];
    let width = area.width.min(MIN_WIDTH + 6);
    let height = area.height.min(u16::try_from(lines.len()).unwrap_or(u16::MAX) + 2);
    let place = area.centered(Constraint::Length(width), Constraint::Length(height));
    let text: Text<'_> = lines.into_iter().map(Line::raw).collect();
    frame.render_widget(Clear, place);
    frame.render_widget(Paragraph::new(text).block(Block::bordered().title(" Keys ")), place);
}

/// Nanoseconds in the unit they are best read in.
fn short(ns: f64) -> String {
    match ns.abs() {
        small if small < 1e7 => format!("{:.1} us", ns / 1e3),
        medium if medium < 1e10 => format!("{:.1} ms", ns / 1e6),
        large if large < 1e15 => format!("{:.1} s", ns / 1e9),
        // Not known yet.
        _ => "-".into(),
    }
}

fn clock_text(show_us: i64) -> String {
    let tenths = show_us.div_euclid(100_000);
    let (seconds, tenth) = (tenths.div_euclid(10), tenths.rem_euclid(10));
    format!("{:02}:{:02}:{:02}.{tenth}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use cuelight_measure::quantiles::Quantiles;
    use cuelight_render::Geometry;
    use insta::assert_snapshot;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::super::keys::Action;
    use super::super::picture::Depth;
    use super::super::state::tests::{NOW, show, state};
    use super::*;
    use crate::demo::interactive::poll::Report;

    const FRAME: [Rgb; 8] = [Rgb::new(255, 0, 0); 8];

    fn screen(state: &State, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let picture = Picture::new(&Geometry::strip(8), Depth::True);
        let pixels: Vec<Option<&[Rgb]>> = state.running.iter().map(|runs| runs.then_some(&FRAME[..])).collect();
        terminal.draw(|frame| draw(frame, state, &picture, &pixels, NOW)).unwrap();
        terminal.backend().to_string()
    }

    fn measured_state(nodes: usize) -> State {
        let mut state = state(nodes);
        state.figures = Figures {
            frames: 120,
            equal: 120,
            apart: Some(Quantiles { p50: 35.0, p99: 88.25, max: 130.0 }),
            change: Some(Change { nodes, frames_apart: 0, us_apart: 52.0 }),
        };
        state
    }

    #[test]
    fn a_show_in_step_is_told_in_full() {
        assert_snapshot!(screen(&measured_state(4), 120, 24));
    }

    #[test]
    fn trouble_is_told_where_it_is() {
        let mut state = measured_state(3);
        let mut show = show(3);
        show.nodes[0].state = "degraded".into();
        show.nodes[0].degraded = Some("loss".into());
        show.nodes[2].lock = false;
        show.master.blackout = true;
        state.handle_report(Report::Show(NOW, Box::new(show)), NOW);
        state.act(Action::Sync, NOW);
        state.act(Action::Node(1), NOW);
        state.figures.equal = 80;
        state.figures.change = Some(Change { nodes: 3, frames_apart: 2, us_apart: 17_600.0 });
        assert_snapshot!(screen(&state, 100, 18));
    }

    #[test]
    fn a_dead_hub_is_told() {
        let mut state = measured_state(2);
        state.act(Action::Hub, NOW);
        let screen = screen(&state, 80, 16);
        assert!(screen.contains("hub is down (h restarts it)") && screen.contains("no hub"), "{screen}");
    }

    #[test]
    fn before_the_first_answer_there_is_a_screen_too() {
        let state = State::new("http://127.0.0.1:8080/".into(), 2, Network::Clean);
        let screen = screen(&state, 80, 16);
        assert!(screen.contains("waiting for the hub") && screen.contains("starting"), "{screen}");
    }

    #[test]
    fn a_small_terminal_is_told_what_is_needed() {
        let state = state(4);
        for (width, height) in [(40, 24), (120, 5), (1, 1)] {
            let screen = screen(&state, width, height);
            assert!(width < 40 || screen.contains("too small"), "{screen}");
        }
    }

    #[test]
    fn a_node_that_does_not_fit_is_shown_when_it_is_selected() {
        let mut state = state(12);
        let (width, height) = (MIN_WIDTH, MIN_HEIGHT);
        assert!(
            screen(&state, width, height).contains("node-1 ") && !screen(&state, width, height).contains("node-12")
        );
        state.act(Action::SelectPrevious, NOW);
        assert!(screen(&state, width, height).contains(">12 node-12"));
    }

    #[test]
    fn help_tells_every_key() {
        let mut state = state(2);
        state.act(Action::Help, NOW);
        assert_snapshot!(screen(&state, 90, 20));
    }

    #[test]
    fn figures_are_given_in_readable_units() {
        let texts = [812.0, 9_999_000.0, 12_345_678.0, 12e9, i64::MAX as f64].map(short);
        assert_eq!(texts, ["0.8 us", "9999.0 us", "12.3 ms", "12.0 s", "-"]);
        assert_eq!(clock_text(3_723_456_789), "01:02:03.4");
    }
}
