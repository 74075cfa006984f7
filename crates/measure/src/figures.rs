//! The figures of a report, computed from records.
//!
//! Nothing here asks a node how well it does: clock error is the node's recorded show time against the true one, which
//! follows from the hub's recorded clock; spread is the difference of recorded output instants (HUB-9).

use cuelight_wire::limits::FRAME_HZ;

use crate::quantiles::Quantiles;
use crate::record::{ClockLine, Record};

/// The true show time at an instant of CLOCK_MONOTONIC: the hub's clock is an exact line over CLOCK_MONOTONIC (an
/// injected offset and skew), so it is drawn between the hub's recorded readings.
pub fn true_show_ns(hub: &[ClockLine], mono_ns: i64) -> Option<i64> {
    let after = hub.partition_point(|line| line.mono_ns < mono_ns);
    let (a, b) = (hub.get(after.checked_sub(1)?)?, hub.get(after)?);
    let (dx, dy) = (i128::from(b.mono_ns - a.mono_ns), i128::from(b.show_ns - a.show_ns));
    // More than a second between two readings: the hub was away, and its clock may be another one now.
    if dx > 1_000_000_000 {
        return None;
    }
    let passed = i128::from(mono_ns - a.mono_ns);
    i64::try_from(i128::from(a.show_ns) + (passed * dy + dx / 2).div_euclid(dx.max(1))).ok()
}

/// Clock errors of a node between the two instants, in nanoseconds without sign, and whether each lay within the bound
/// the node gave.
pub fn clock_errors(hub: &Record, node: &Record, from_mono_ns: i64, to_mono_ns: i64) -> Vec<(i64, bool)> {
    let within = node.clocks.iter().filter(|line| (from_mono_ns..to_mono_ns).contains(&line.mono_ns) && line.is_synced);
    within
        .filter_map(|line| {
            let error = (line.show_ns - true_show_ns(&hub.clocks, line.mono_ns)?).abs();
            Some((error, line.bound_ns.is_none_or(|bound| error <= bound)))
        })
        .collect()
}

/// Milliseconds from a node's first welcome to its first lock.
pub fn lock_ms(node: &Record) -> Option<f64> {
    let welcome = node.events_named("welcome").next()?;
    let locked = node.events_named("locked").find(|at| *at >= welcome)?;
    Some((locked - welcome) as f64 / 1e6)
}

/// What each frame between the two instants took to render, nanoseconds.
pub fn render_costs(node: &Record, from_mono_ns: i64, to_mono_ns: i64) -> impl Iterator<Item = i64> {
    let within = node.frames.values().filter(move |line| (from_mono_ns..to_mono_ns).contains(&line.mono_ns));
    within.map(|line| line.render_ns)
}

/// Show time of the hub's first reading after `killed_ns` against what it would have been had the hub gone on at the
/// rate it had.
pub fn show_step_ns(hub: &Record, killed_ns: i64) -> Option<i64> {
    let split = hub.clocks.partition_point(|line| line.mono_ns < killed_ns);
    let (before, after) = hub.clocks.split_at(split);
    let (first, last, next) = (before.first()?, before.last()?, after.first()?);
    let (dx, dy) = (i128::from(last.mono_ns - first.mono_ns), i128::from(last.show_ns - first.show_ns));
    let passed = i128::from(next.mono_ns - last.mono_ns);
    let expected = i128::from(last.show_ns) + passed * dy / dx.max(1);
    i64::try_from(i128::from(next.show_ns) - expected).ok()
}

/// CLOCK_MONOTONIC of the first and the last node's output of one frame, for every frame all nodes put out between the two
/// instants.
pub fn frame_outputs(nodes: &[Record], from_mono_ns: i64, to_mono_ns: i64) -> Vec<(i64, i64)> {
    let Some((first, others)) = nodes.split_first() else { return Vec::new() };
    let within = first.frames.iter().filter(|(_, line)| (from_mono_ns..to_mono_ns).contains(&line.mono_ns));
    within
        .filter_map(|(frame, line)| {
            others.iter().try_fold((line.mono_ns, line.mono_ns), |(low, high), node| {
                let at = node.frames.get(frame)?.mono_ns;
                Some((low.min(at), high.max(at)))
            })
        })
        .collect()
}

/// How far first and last outputs, as of [`frame_outputs`] and [`change_outputs`], are apart; `None` when there are none.
pub fn apart(outputs: &[(i64, i64)]) -> Option<Quantiles> {
    Quantiles::of_ns(outputs.iter().map(|(first_ns, last_ns)| last_ns - first_ns).collect())
}

/// Frames that all of `nodes` put out between the two instants and in which their pixels differ.
pub fn unequal_frames(nodes: &[Record], from_mono_ns: i64, to_mono_ns: i64) -> usize {
    let Some((first, others)) = nodes.split_first() else { return 0 };
    let within = first.frames.iter().filter(|(_, line)| (from_mono_ns..to_mono_ns).contains(&line.mono_ns));
    within
        .filter(|(frame, line)| {
            let hashes = others.iter().map(|node| node.frames.get(frame).map(|line| line.hash));
            hashes.into_iter().flatten().any(|hash| hash != line.hash)
        })
        .count()
}

/// Two frames of a node between which others were left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// CLOCK_MONOTONIC of the output before it.
    pub from_ns: i64,
    /// CLOCK_MONOTONIC of the output after it.
    pub to_ns: i64,
    /// Frames left out.
    pub frames: i64,
}

/// The gaps in a node's frames between the two instants.
pub fn gaps(node: &Record, from_mono_ns: i64, to_mono_ns: i64) -> Vec<Gap> {
    let within = node.frames.iter().filter(|(_, line)| (from_mono_ns..to_mono_ns).contains(&line.mono_ns));
    let frames: Vec<(i64, i64)> = within.map(|(frame, line)| (*frame, line.mono_ns)).collect();
    let pairs = frames.windows(2).map(|pair| (pair[0], pair[1]));
    let gaps = pairs.map(|((a, from_ns), (b, to_ns))| Gap { from_ns, to_ns, frames: b - a - 1 });
    gaps.filter(|gap| gap.frames != 0).collect()
}

/// Frame indices a node left out between the two instants.
pub fn missing_frames(node: &Record, from_mono_ns: i64, to_mono_ns: i64) -> i64 {
    gaps(node, from_mono_ns, to_mono_ns).iter().map(|gap| gap.frames).sum()
}

/// How far each interval between two frames that follow one another lies from the frame period, nanoseconds without sign:
/// the jitter of the output, whatever clock it runs on. `instants` are outputs in order.
pub fn frame_jitter(instants: &[i64]) -> Vec<i64> {
    let period_ns = 1_000_000_000 / i64::from(FRAME_HZ);
    let deviations = instants.windows(2).map(|pair| {
        let interval = pair[1] - pair[0];
        // A frame left out is counted elsewhere; jitter is about those that were put out.
        let periods = ((interval + period_ns / 2) / period_ns).max(1);
        (interval - periods * 1_000_000_000 / i64::from(FRAME_HZ)).abs()
    });
    deviations.collect()
}

/// First and last output, CLOCK_MONOTONIC, of the frame in which all nodes first showed each change; changes that were not in one
/// frame are left out.
pub fn change_outputs(nodes: &[Record], revs: &[u32]) -> Vec<(i64, i64)> {
    let in_step = revs.iter().filter(|rev| is_same_frame(nodes, **rev));
    let frames = in_step.filter_map(|rev| nodes.first()?.first_frame_with(*rev));
    frames
        .filter_map(|frame| {
            let instants = nodes.iter().filter_map(|node| node.frames.get(&frame)).map(|line| line.mono_ns);
            Some((instants.clone().min()?, instants.max()?))
        })
        .collect()
}

/// CLOCK_MONOTONIC of the first and the last output among those with which the nodes first showed a change, in whichever frames;
/// `None` when a node never showed it.
pub fn first_shown(nodes: &[Record], rev: u32) -> Option<(i64, i64)> {
    let outputs = nodes.iter().map(|node| Some(node.frames.get(&node.first_frame_with(rev)?)?.mono_ns));
    let outputs = outputs.collect::<Option<Vec<_>>>()?;
    Some((*outputs.iter().min()?, *outputs.iter().max()?))
}

/// Whether all nodes first showed a change in the same frame.
pub fn is_same_frame(nodes: &[Record], rev: u32) -> bool {
    let first: Vec<Option<i64>> = nodes.iter().map(|node| node.first_frame_with(rev)).collect();
    first.iter().all(|frame| frame.is_some() && *frame == first[0])
}

/// Whether every node had a change from the stream before its applyAt, so that the control plane was not needed.
pub fn is_by_stream_in_time(nodes: &[Record], rev: u32) -> bool {
    nodes.iter().all(|node| node.changes.get(&rev).is_some_and(|change| change.arrived_us <= change.apply_at_us))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{ChangeLine, FrameLine};

    fn clock(mono_ns: i64, show_ns: i64) -> ClockLine {
        ClockLine { mono_ns, show_ns, bound_ns: Some(100), is_synced: true }
    }

    fn node_with_frames(frames: &[(i64, i64, u32)]) -> Record {
        let line = |&(frame, mono_ns, scene_rev): &(i64, i64, u32)| {
            (frame, FrameLine { mono_ns, scene_rev, hash: 1, render_ns: 5, late_ns: 0 })
        };
        Record { frames: frames.iter().map(line).collect(), ..Record::default() }
    }

    #[test]
    fn a_change_is_shown_from_the_first_node_to_the_last_whichever_frames_those_are() {
        let nodes = [node_with_frames(&[(1, 10, 1), (2, 20, 2)]), node_with_frames(&[(1, 11, 1), (3, 32, 2)])];
        assert_eq!(first_shown(&nodes, 2), Some((20, 32)));
        assert!(!is_same_frame(&nodes, 2));
        assert_eq!(first_shown(&nodes, 3), None);
    }

    #[test]
    fn clock_error_is_measured_against_the_hubs_line_not_the_nodes_word() {
        // A hub 1000 s ahead whose clock runs 100 ppm fast.
        let hub = Record {
            clocks: (0..5).map(|i| clock(i * 100_000_000, 1_000_000_000_000 + i * 100_010_000)).collect(),
            ..Record::default()
        };
        let node = Record {
            clocks: vec![clock(50_000_000, 1_000_050_005_000 + 70), clock(150_000_000, 1_000_150_015_000 - 130)],
            ..Record::default()
        };
        assert_eq!(clock_errors(&hub, &node, 0, i64::MAX), [(70, true), (130, false)]);
        assert_eq!(clock_errors(&hub, &node, 100_000_000, i64::MAX), [(130, false)]);
    }

    #[test]
    fn a_pause_of_the_hub_is_not_drawn_over() {
        let hub = Record { clocks: vec![clock(0, 0), clock(2_000_000_000, 0)], ..Record::default() };
        let node = Record { clocks: vec![clock(1_000_000_000, 0)], ..Record::default() };
        assert_eq!(clock_errors(&hub, &node, 0, i64::MAX), []);
    }

    #[test]
    fn a_restarted_hub_is_measured_against_the_line_of_the_old_one() {
        let hub = Record {
            clocks: vec![clock(0, 500), clock(1_000_000, 1_000_600), clock(3_000_000, 3_000_807)],
            ..Record::default()
        };
        assert_eq!(show_step_ns(&hub, 2_000_000), Some(7));
        assert_eq!(show_step_ns(&hub, 4_000_000), None);
    }

    #[test]
    fn one_node_a_frame_later_is_not_the_same_frame() {
        let a = node_with_frames(&[(1, 10, 1), (2, 20, 2), (3, 30, 2)]);
        let b = node_with_frames(&[(1, 11, 1), (2, 22, 1), (3, 30, 2)]);
        assert!(is_same_frame(&[a.clone(), a.clone()], 2));
        assert!(!is_same_frame(&[a.clone(), b.clone()], 2));
        assert!(!is_same_frame(&[a.clone(), a.clone()], 3), "never shown");
        assert_eq!(frame_outputs(&[a.clone(), b.clone()], 0, 30), [(10, 11), (20, 22)]);
        let with_gap = node_with_frames(&[(1, 1, 0), (4, 4, 0), (5, 5, 0)]);
        assert_eq!(missing_frames(&with_gap, 0, 10), 2);
        assert_eq!(gaps(&with_gap, 0, 10), [Gap { from_ns: 1, to_ns: 4, frames: 2 }]);
    }

    #[test]
    fn jitter_is_what_intervals_are_off_whatever_was_left_out() {
        // Two periods of 8,333,333 ns, the second 100 ns long; then two in one, 50 ns short.
        assert_eq!(frame_jitter(&[0, 8_333_333, 16_666_766, 33_333_382]), [0, 100, 50]);
        assert!(frame_jitter(&[7]).is_empty());
    }

    #[test]
    fn the_outputs_of_a_change_are_those_of_its_frame() {
        let a = node_with_frames(&[(1, 10, 1), (2, 20, 2), (3, 30, 3)]);
        let b = node_with_frames(&[(1, 11, 1), (2, 25, 2), (3, 39, 2), (4, 50, 3)]);
        assert_eq!(change_outputs(&[a, b], &[2, 3]), [(20, 25)], "change 3 is not in one frame");
    }

    #[test]
    fn a_change_that_the_stream_brought_late_or_never_needed_another_way() {
        let with = |change| Record { changes: [(3, change)].into(), ..Record::default() };
        let in_time = with(ChangeLine { arrived_us: 5, apply_at_us: 9 });
        let late = with(ChangeLine { arrived_us: 10, apply_at_us: 9 });
        assert!(is_by_stream_in_time(&[in_time.clone(), in_time.clone()], 3));
        assert!(!is_by_stream_in_time(&[in_time.clone(), late], 3));
        assert!(!is_by_stream_in_time(&[in_time, Record::default()], 3));
    }
}
