//! Quantiles, and the figures of a report computed from records.
//!
//! Nothing here asks a node how well it does: clock error is the node's recorded show time against the true one, which
//! follows from the hub's recorded clock; spread is the difference of recorded output instants (HUB-9).

use serde::Serialize;

use super::record::{ClockLine, Record};

/// Median, 99th percentile and maximum, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Quantiles {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
}

impl Quantiles {
    /// Of values in nanoseconds; `None` when there is none.
    pub(crate) fn of_ns(mut values: Vec<i64>) -> Option<Self> {
        values.sort_unstable();
        let at = |part: f64| {
            let rank = (part * values.len() as f64).ceil() as usize;
            values.get(rank.clamp(1, values.len().max(1)) - 1).map(|ns| *ns as f64 / 1e3)
        };
        Some(Self { p50: at(0.5)?, p99: at(0.99)?, max: at(1.0)? })
    }
}

/// The true show time at an instant of CLOCK_MONOTONIC: the hub's clock is an exact line over CLOCK_MONOTONIC (an
/// injected offset and skew), so it is drawn between the hub's recorded readings.
fn true_show_ns(hub: &[ClockLine], mono_ns: i64) -> Option<i64> {
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
pub(crate) fn clock_errors(hub: &Record, node: &Record, from_mono_ns: i64, to_mono_ns: i64) -> Vec<(i64, bool)> {
    let within = node.clocks.iter().filter(|line| (from_mono_ns..to_mono_ns).contains(&line.mono_ns) && line.is_synced);
    within
        .filter_map(|line| {
            let error = (line.show_ns - true_show_ns(&hub.clocks, line.mono_ns)?).abs();
            Some((error, line.bound_ns.is_none_or(|bound| error <= bound)))
        })
        .collect()
}

/// Milliseconds from a node's first welcome to its first lock.
pub(crate) fn lock_ms(node: &Record) -> Option<f64> {
    let welcome = *node.welcomes.first()?;
    let locked = *node.locks.iter().find(|at| **at >= welcome)?;
    Some((locked - welcome) as f64 / 1e6)
}

/// What each frame between the two instants took to render, nanoseconds.
pub(crate) fn render_costs(node: &Record, from_mono_ns: i64, to_mono_ns: i64) -> impl Iterator<Item = i64> {
    let within = node.frames.values().filter(move |line| (from_mono_ns..to_mono_ns).contains(&line.mono_ns));
    within.map(|line| line.render_ns)
}

/// Show time of the hub's first reading after `killed_ns` against what it would have been had the hub gone on at the
/// rate it had.
pub(crate) fn show_step_ns(hub: &Record, killed_ns: i64) -> Option<i64> {
    let split = hub.clocks.partition_point(|line| line.mono_ns < killed_ns);
    let (before, after) = hub.clocks.split_at(split);
    let (first, last, next) = (before.first()?, before.last()?, after.first()?);
    let (dx, dy) = (i128::from(last.mono_ns - first.mono_ns), i128::from(last.show_ns - first.show_ns));
    let passed = i128::from(next.mono_ns - last.mono_ns);
    let expected = i128::from(last.show_ns) + passed * dy / dx.max(1);
    i64::try_from(i128::from(next.show_ns) - expected).ok()
}

/// Differences between the first and the last node's output of one frame, for every frame all nodes put out between the
/// two instants, nanoseconds.
pub(crate) fn frame_spreads(nodes: &[Record], from_mono_ns: i64, to_mono_ns: i64) -> Vec<i64> {
    let Some((first, others)) = nodes.split_first() else { return Vec::new() };
    let within = first.frames.iter().filter(|(_, line)| (from_mono_ns..to_mono_ns).contains(&line.mono_ns));
    within
        .filter_map(|(frame, line)| {
            others.iter().try_fold((line.mono_ns, line.mono_ns), |(low, high), node| {
                let at = node.frames.get(frame)?.mono_ns;
                Some((low.min(at), high.max(at)))
            })
        })
        .map(|(low, high)| high - low)
        .collect()
}

/// Frames that all of `nodes` put out between the two instants and in which their pixels differ.
pub(crate) fn unequal_frames(nodes: &[Record], from_mono_ns: i64, to_mono_ns: i64) -> usize {
    let Some((first, others)) = nodes.split_first() else { return 0 };
    let within = first.frames.iter().filter(|(_, line)| (from_mono_ns..to_mono_ns).contains(&line.mono_ns));
    within
        .filter(|(frame, line)| {
            let hashes = others.iter().map(|node| node.frames.get(frame).map(|line| line.hash));
            hashes.into_iter().flatten().any(|hash| hash != line.hash)
        })
        .count()
}

/// Frame indices a node left out between the two instants.
pub(crate) fn missing_frames(node: &Record, from_mono_ns: i64, to_mono_ns: i64) -> i64 {
    let frames: Vec<i64> = node
        .frames
        .iter()
        .filter(|(_, line)| (from_mono_ns..to_mono_ns).contains(&line.mono_ns))
        .map(|(frame, _)| *frame)
        .collect();
    frames.windows(2).map(|pair| pair[1] - pair[0] - 1).sum()
}

/// Whether all nodes first showed a change in the same frame.
pub(crate) fn is_same_frame(nodes: &[Record], rev: u32) -> bool {
    let first: Vec<Option<i64>> = nodes.iter().map(|node| node.first_frame_with(rev)).collect();
    first.iter().all(|frame| frame.is_some() && *frame == first[0])
}

/// Whether every node had a change from the stream before its applyAt, so that the control plane was not needed.
pub(crate) fn is_by_stream_in_time(nodes: &[Record], rev: u32) -> bool {
    nodes.iter().all(|node| node.changes.get(&rev).is_some_and(|change| change.arrived_us <= change.apply_at_us))
}

#[cfg(test)]
mod tests {
    use super::super::record::{ChangeLine, FrameLine};
    use super::*;

    fn clock(mono_ns: i64, show_ns: i64) -> ClockLine {
        ClockLine { mono_ns, show_ns, bound_ns: Some(100), is_synced: true }
    }

    fn node_with_frames(frames: &[(i64, i64, u32)]) -> Record {
        let line = |&(frame, mono_ns, scene_rev): &(i64, i64, u32)| {
            (frame, FrameLine { mono_ns, scene_rev, hash: 1, render_ns: 5 })
        };
        Record { frames: frames.iter().map(line).collect(), ..Record::default() }
    }

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let quantiles = Quantiles::of_ns((1..=100).map(|us| us * 1000).collect()).unwrap();
        assert_eq!(quantiles, Quantiles { p50: 50.0, p99: 99.0, max: 100.0 });
        assert_eq!(Quantiles::of_ns(vec![7000]).unwrap(), Quantiles { p50: 7.0, p99: 7.0, max: 7.0 });
        assert_eq!(Quantiles::of_ns(vec![]), None);
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
        assert_eq!(frame_spreads(&[a.clone(), b.clone()], 0, 30), [1, 2]);
        assert_eq!(missing_frames(&node_with_frames(&[(1, 1, 0), (4, 4, 0), (5, 5, 0)]), 0, 10), 2);
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
