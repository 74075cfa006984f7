//! What a judge measures, under the names that limits use.

use std::collections::BTreeMap;
use std::fmt;

/// What a figure counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number of things.
    Count,
    /// A share, percent.
    Percent,
    /// A length of time, nanoseconds.
    Nanoseconds,
}

macro_rules! figures {
    ($($variant:ident $name:literal $unit:ident $rule:literal $means:literal)*) => {
        /// Something a judge measures.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Figure {
            $(#[doc = $means] $variant,)*
        }
        impl Figure {
            /// All of them, in the order of tables.
            pub const ALL: &[Self] = &[$(Self::$variant),*];
            /// The name limits use.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
            /// What it counts in.
            pub const fn unit(self) -> Unit {
                match self { $(Self::$variant => Unit::$unit),* }
            }
            /// The rule it belongs to.
            pub const fn rule(self) -> &'static str {
                match self { $(Self::$variant => $rule),* }
            }
            /// What it is, for people.
            pub const fn means(self) -> &'static str {
                match self { $(Self::$variant => $means),* }
            }
        }
    };
}

figures! {
    Changes "changes" Count "ORACLE-1" "changes judged, each on each node it is for"
    Excused "excused" Count "ORACLE-1" "changes not judged because the node was out of the show or its clock not usable"
    Late "late" Count "ORACLE-1" "changes first shown in a later frame than their own"
    LateShare "late-share" Percent "ORACLE-1" "changes first shown in a later frame than their own"
    Wrong "wrong" Count "ORACLE-1" "changes shown too early or not at all"
    ApplySpreadP99 "apply-spread-p99" Nanoseconds "ORACLE-1" "how far apart the nodes first show a change, 99th percentile"
    ApplySpreadMax "apply-spread-max" Nanoseconds "ORACLE-1" "how far apart the nodes first show a change, at most"
    Frames "frames" Count "ORACLE-2" "frames compared between nodes that are to look alike"
    UnequalFrames "unequal-frames" Count "ORACLE-2" "frames in which nodes that are to look alike did not"
    FrameSpreadP99 "frame-spread-p99" Nanoseconds "ORACLE-2" "how far apart the nodes put out one frame, 99th percentile"
    FrameSpreadMax "frame-spread-max" Nanoseconds "ORACLE-2" "how far apart the nodes put out one frame, at most"
    FramesMissed "frames-missed" Count "ORACLE-3" "frames left out between two frames of a synced node"
    BackSteps "back-steps" Count "ORACLE-3" "times show time or the frame index went back on a synced node"
    OutputOffsetMax "output-offset-max" Nanoseconds "ORACLE-3" "how far from its show time any frame was put out"
    ClockSamples "clock-samples" Count "ORACLE-4" "looks at clocks that may be scheduled on"
    ClockErrorP50 "clock-error-p50" Nanoseconds "ORACLE-4" "clock error beyond what the path makes unavoidable, median"
    ClockErrorP95 "clock-error-p95" Nanoseconds "ORACLE-4" "clock error beyond what the path makes unavoidable, 95th percentile"
    ClockErrorMax "clock-error-max" Nanoseconds "ORACLE-4" "clock error beyond what the path makes unavoidable, at most"
    BoundBroken "bound-broken" Count "ORACLE-4" "looks at which the published bound did not contain the error"
    FirstLockMax "first-lock-max" Nanoseconds "ORACLE-5" "from a node's first welcome to its first synced frame"
    Unlocks "unlocks" Count "ORACLE-5" "times a synced node's clock stopped being usable"
    RelockMax "relock-max" Nanoseconds "ORACLE-5" "how long a clock stayed unusable after it had been usable"
    ResumeMax "resume-max" Nanoseconds "ORACLE-6" "from the hub's restart until the last node had its stream again"
    RejoinMax "rejoin-max" Nanoseconds "ORACLE-6" "from a node's return (power, network) until it showed a synced frame with its stream"
    NotBack "not-back" Count "ORACLE-6" "nodes that were still out of the show at the end although nothing kept them out"
    SentToLost "sent-to-lost" Count "ORACLE-7" "datagrams sent to a node without a session, or that was not heard in time"
    SessionFaults "session-faults" Count "ORACLE-8" "datagrams with a wrong token, number, length or show time"
    Datagrams "datagrams" Count "ORACLE-8" "datagrams put on the wire"
    FanOutFaults "fan-out-faults" Count "ORACLE-9" "ticks in which a node got the wrong number or kind of datagrams"
    TicksMissed "ticks-missed" Count "ORACLE-9" "ticks of 10 ms without a datagram in the middle of a node's stream"
    MovedApplyAt "moved-apply-at" Count "ORACLE-10" "changes that were announced with two different applyAt"
    DeployedChanges "deployed-changes" Count "ORACLE-11" "changes judged on deployed nodes"
    DeployedLate "deployed-late" Count "ORACLE-11" "changes that reached a deployed node after their applyAt, or never"
    DeployedLateShare "deployed-late-share" Percent "ORACLE-11" "changes that reached a deployed node after their applyAt, or never"
    StreamLossMin "stream-loss-min" Percent "ORACLE-12" "datagrams the network lost on the way to the node that lost fewest"
    StreamLossMax "stream-loss-max" Percent "ORACLE-12" "datagrams the network lost on the way to the node that lost most"
    Doubled "doubled" Count "ORACLE-12" "datagrams that arrived twice"
    Overtaken "overtaken" Count "ORACLE-12" "datagrams that arrived after one sent later"
    Overflowed "overflowed" Count "ORACLE-12" "datagrams that a full inbox dropped"
    Refused "refused" Count "ORACLE-12" "sessions that the hub ended or refused with a reason"
    CueStates "cue-states" Count "ORACLE-13" "states of the cues that nodes came to"
    CuesWrong "cues-wrong" Count "ORACLE-13" "states of the cues that are not what their number means, on the wire or in a node"
    CueBackSteps "cue-back-steps" Count "ORACLE-13" "times a node went back to an earlier step"
    CuesLate "cues-late" Count "ORACLE-13" "steps that a node in the show carried out after their applyAt"
    CuesFailed "cues-failed" Count "ORACLE-13" "times a node said that it cannot have what the hub has"
    CueLagMax "cue-lag-max" Nanoseconds "ORACLE-13" "from a step's first datagram until the node had carried it out, at most"
}

impl Figure {
    /// The figure of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|figure| figure.name() == name)
    }
    /// A value of it, for people.
    pub fn text(self, value: f64) -> String {
        match self.unit() {
            Unit::Count => format!("{value:.0}"),
            Unit::Percent => format!("{} %", rounded(value)),
            Unit::Nanoseconds if value.abs() >= 1e9 => format!("{} s", rounded(value / 1e9)),
            Unit::Nanoseconds if value.abs() >= 1e6 => format!("{} ms", rounded(value / 1e6)),
            Unit::Nanoseconds => format!("{} us", rounded(value / 1e3)),
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Three significant digits, without zeros at the end.
fn rounded(value: f64) -> String {
    let digits = match value.abs() {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        v if v >= 1.0 => 2,
        _ => 3,
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// What was measured. A figure for which there was nothing to measure is absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    values: BTreeMap<Figure, f64>,
    apply_spreads_ns: Vec<i64>,
}

impl Figures {
    /// The value of a figure, in its unit.
    pub fn get(&self, figure: Figure) -> Option<f64> {
        self.values.get(&figure).copied()
    }
    /// All that were measured.
    pub fn iter(&self) -> impl Iterator<Item = (Figure, f64)> + '_ {
        self.values.iter().map(|(figure, value)| (*figure, *value))
    }
    /// How far apart in true time the nodes first showed each change, nanoseconds, rising.
    pub fn apply_spreads_ns(&self) -> &[i64] {
        &self.apply_spreads_ns
    }
    pub(crate) fn set_apply_spreads(&mut self, spreads_ns: Vec<i64>) {
        self.apply_spreads_ns = spreads_ns;
    }
    pub(crate) fn set(&mut self, figure: Figure, value: f64) {
        self.values.insert(figure, value);
    }
    pub(crate) fn count(&mut self, figure: Figure, count: u64) {
        self.set(figure, count as f64);
    }
    pub(crate) fn set_some(&mut self, figure: Figure, value: Option<i64>) {
        if let Some(value) = value {
            self.set(figure, value as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_is_found_by_its_name_and_no_name_is_given_twice() {
        for figure in Figure::ALL {
            assert_eq!(Figure::named(figure.name()), Some(*figure));
        }
        assert_eq!(Figure::named("beauty"), None);
    }

    #[test]
    fn values_are_told_in_three_digits_and_the_unit_that_suits_them() {
        assert_eq!(Figure::Late.text(12.0), "12");
        assert_eq!(Figure::LateShare.text(0.0834), "0.083 %");
        assert_eq!(Figure::RelockMax.text(1_234_000_000.0), "1.23 s");
        assert_eq!(Figure::ApplySpreadMax.text(45_600.0), "45.6 us");
        assert_eq!(Figure::ApplySpreadMax.text(2e6), "2 ms");
    }
}
