//! Frame jitter with the network on and off: the same nodes alone with their idle effect, and then in a show.

use std::time::Duration;

use anyhow::{Context, Result};
use cuelight_measure::figures;
use cuelight_measure::quantiles::Quantiles;
use cuelight_measure::verdict::Verdict;

use crate::cast::{Cast, PACE, PATIENCE, Plan, Shown, Window};
use crate::stage::{Scenario, Stage};

/// Materially worse: a quarter of a millisecond, 3 % of a frame.
const MATERIAL_US: f64 = 250.0;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "frame-jitter",
    claim: "frames of four nodes are as regular in a show with changes as they are alone without a network",
    is_short: true,
    run,
};

fn run(stage: &Stage) -> Result<Vec<Verdict>> {
    let mut cast = Cast::prepare(stage, Plan::of(4).with_node_words(&["--fallback", "idle:Ocean"]))?;
    let length = stage.choose(Duration::from_secs(15), Duration::from_secs(6));
    for index in 0..cast.len() {
        cast.set_dark(index, true)?;
        cast.start_node(index)?;
    }
    cast.play_for(Duration::from_secs(1))?;
    let before = cast.play_for(length / 2)?;
    (0..cast.len()).try_for_each(|index| cast.set_dark(index, false))?;
    cast.start_hub()?;
    cast.wait_until_playing(PATIENCE)?;
    cast.play_for(Duration::from_secs(2))?;
    let in_show = Window::from_now();
    let changes = (length.as_millis() / PACE.as_millis()) as usize;
    cast.change_scenes(changes, PACE)?;
    let in_show = in_show.until_end_of(Window::from_now());
    (0..cast.len()).try_for_each(|index| cast.set_dark(index, true))?;
    cast.kill_hub();
    // Until they have noticed.
    cast.play_for(Duration::from_secs(1))?;
    let after = cast.play_for(length / 2)?;
    let shown = cast.finish()?;

    let (alone, _) = jitter(&shown, &[before, after])?;
    let (in_show_jitter, not_judged) = jitter(&shown, &[in_show])?;
    let timed = vec![
        Verdict::reported("interval of two frames off 8.33 ms, alone, median", alone.p50, "us"),
        Verdict::reported("the same in the show, median", in_show_jitter.p50, "us"),
        Verdict::reported("the same alone, p99", alone.p99, "us"),
        Verdict::must_be_below(
            "the same in the show, p99",
            in_show_jitter.p99,
            "us",
            (alone.p99 + MATERIAL_US).round(),
        ),
    ];
    let mut verdicts: Vec<_> = timed.into_iter().map(|verdict| shown.if_timed(verdict)).collect();
    verdicts.push(shown.none_left_out("frames left out in the show", 0..shown.nodes.len(), in_show));
    verdicts.push(not_judged);
    Ok(verdicts)
}

/// Of all nodes' frames in these windows, apart from moments in which the machine itself stood still.
fn jitter(shown: &Shown, windows: &[Window]) -> Result<(Quantiles, Verdict)> {
    let (mut deviations, mut intervals, mut stalled) = (Vec::new(), 0, 0);
    for (node, window) in shown.nodes.iter().flat_map(|node| windows.iter().map(move |window| (node, window))) {
        let frames = node.free_frames.iter().chain(node.frames.values()).map(|line| line.mono_ns);
        let mut instants: Vec<i64> = frames.filter(|at| (window.from_ns..window.to_ns).contains(at)).collect();
        instants.sort_unstable();
        for pair in instants.windows(2) {
            intervals += 1;
            if shown.is_stalled(pair[0], pair[1]) {
                stalled += 1;
            } else {
                deviations.extend(figures::frame_jitter(pair));
            }
        }
    }
    let jitter = Quantiles::of_ns(deviations).context("the records hold no frames")?;
    Ok((jitter, Shown::intervals_not_judged("intervals", stalled, intervals)))
}
