//! ORACLE-13: a number of the cues means one state, to every node and in every packet (CUE-2, CUE-3); a node's state is one that
//! the hub has told, never goes back, and is there before its applyAt (CUE-4, CUE-6).

use std::collections::BTreeMap;

use cuelight_wire::control::{CueReport, NodeMessage};
use cuelight_wire::cues::{CueState, CueStep, ShowId};
use cuelight_wire::time::{Show, Time};

use crate::entry::{Cued, NodeNo, What};
use crate::figures::{Figure, Figures};
use crate::judge::{Leavers, Scene};

/// What a number means: the show, and the hash of its playbacks.
type Meaning = (Option<ShowId>, u64);

/// A step that a node is to carry out.
#[derive(Clone, Copy, Debug)]
struct Due {
    number: u32,
    /// When it was first put on the wire to it, true time.
    told_ns: i64,
    at: Time<Show>,
}

#[derive(Debug, Default)]
struct OfNode {
    /// The number of its state, as it is.
    number: Option<u32>,
    /// The number it said last.
    said: Option<u32>,
    /// The newest number that was put on the wire to it.
    told: Option<u32>,
    /// Steps it has not carried out. As many as are announced at once.
    due: Vec<Due>,
}

#[derive(Debug)]
pub(crate) struct Cues {
    nodes: Vec<OfNode>,
    /// What the hub that runs has told of each number. It grows with the steps of a trace.
    meanings: BTreeMap<u32, Meaning>,
    /// The steps of each number.
    steps: BTreeMap<u32, CueStep>,
    /// The newest number on the wire.
    newest: Option<u32>,
    /// States of nodes whose number was not on the wire yet: who fetches may be ahead of it.
    unknown: Vec<(NodeNo, Cued)>,
    states: u64,
    wrong: u64,
    back: u64,
    late: u64,
    failed: u64,
    lag_max_ns: Option<i64>,
}

impl Cues {
    pub(crate) fn new(nodes: usize) -> Self {
        Self {
            nodes: (0..nodes).map(|_| OfNode::default()).collect(),
            meanings: BTreeMap::new(),
            steps: BTreeMap::new(),
            newest: None,
            unknown: Vec::new(),
            states: 0,
            wrong: 0,
            back: 0,
            late: 0,
            failed: 0,
            lag_max_ns: None,
        }
    }
    pub(crate) fn take(&mut self, scene: &Scene<'_>) {
        // Who is out of the show hears of a step when it is back: how late it is then is the network's.
        match scene.leavers() {
            Leavers::None => {}
            Leavers::One(n) => self.nodes[n.0].due.clear(),
            Leavers::All => self.nodes.iter_mut().for_each(|node| node.due.clear()),
        }
        match &scene.entry.what {
            // A hub that was killed may not have saved its newest steps: its numbers begin where it says (CUE-8).
            What::HubStarted => {
                self.wrong += self.unknown.len() as u64;
                self.unknown.clear();
                self.meanings.clear();
                self.steps.clear();
                self.newest = None;
                self.nodes.iter_mut().for_each(|node| (node.number, node.said, node.told) = (None, None, None));
            }
            What::NodeStarted(n) => self.nodes[n.0] = OfNode::default(),
            What::Sent(n, _) => {
                if let Some(Ok(packet)) = scene.packet
                    && let Some(state) = &packet.cues
                {
                    self.on_told(*n, state, scene);
                }
            }
            What::Said(n, message) => {
                if let NodeMessage::Keepalive(keepalive) = &**message
                    && let Some(report) = keepalive.cues
                {
                    self.on_said(*n, report);
                }
            }
            What::Cued(n, cued) => self.on_state(*n, *cued, scene),
            _ => {}
        }
    }

    /// The hub puts a state on the wire.
    fn on_told(&mut self, n: NodeNo, state: &CueState, scene: &Scene<'_>) {
        let meaning = (state.show, state.hash);
        let is_other = *self.meanings.entry(state.number).or_insert(meaning) != meaning;
        let is_back = self.newest.is_some_and(|newest| state.number < newest);
        self.wrong += u64::from(is_other || is_back);
        self.newest = self.newest.max(Some(state.number));
        let known = |(_, cued): &(NodeNo, Cued)| cued.number == state.number;
        for (_, cued) in self.unknown.extract_if(.., |unknown| known(unknown)) {
            self.wrong += u64::from((Some(cued.show), cued.hash) != meaning);
        }
        let node = &mut self.nodes[n.0];
        let first = state.number - state.steps.len() as u32 + 1;
        for (number, step) in (first..).zip(&state.steps) {
            self.wrong += u64::from(*self.steps.entry(number).or_insert(*step) != *step);
            let is_new = node.told.is_none_or(|told| number > told);
            let is_announced = step.at > scene.packet_now();
            // What was announced before the node was in the show is not expected of it in time.
            if is_new && is_announced && node.number.is_some_and(|has| number > has) && scene.counts() {
                node.due.push(Due { number, told_ns: scene.entry.at_ns, at: step.at });
            }
        }
        node.told = node.told.max(Some(state.number));
    }

    /// A node says how far it is.
    fn on_said(&mut self, n: NodeNo, report: CueReport) {
        let node = &mut self.nodes[n.0];
        let is_ahead = self.newest.is_some_and(|newest| report.number > newest);
        self.back += u64::from(node.said.is_some_and(|said| report.number < said));
        self.wrong += u64::from(is_ahead && self.unknown.iter().all(|(_, cued)| cued.number < report.number));
        self.failed += u64::from(report.failed);
        node.said = Some(report.number);
    }

    /// A node has come to a state.
    fn on_state(&mut self, n: NodeNo, cued: Cued, scene: &Scene<'_>) {
        self.states += 1;
        match self.meanings.get(&cued.number) {
            Some(meaning) => self.wrong += u64::from(*meaning != (Some(cued.show), cued.hash)),
            None => self.unknown.push((n, cued)),
        }
        let node = &mut self.nodes[n.0];
        self.back += u64::from(node.number.is_some_and(|number| cued.number < number));
        node.number = Some(cued.number);
        for due in node.due.extract_if(.., |due| due.number <= cued.number) {
            self.late += u64::from(scene.entry.show > due.at);
            self.lag_max_ns = self.lag_max_ns.max(Some(scene.entry.at_ns - due.told_ns));
        }
    }

    pub(crate) fn finish(self, figures: &mut Figures) {
        if self.states == 0 && self.meanings.is_empty() {
            return;
        }
        figures.count(Figure::CueStates, self.states);
        figures.count(Figure::CuesWrong, self.wrong + self.unknown.len() as u64);
        figures.count(Figure::CueBackSteps, self.back);
        figures.count(Figure::CuesLate, self.late);
        figures.count(Figure::CuesFailed, self.failed);
        figures.set_some(Figure::CueLagMax, self.lag_max_ns);
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "counts and whole nanoseconds are exact")]
mod tests {
    use crate::figures::{Figure, Figures};
    use crate::rules::traces::Trace;

    /// Two nodes hear of step `n` of 30 ms ahead and come to it 5 ms later.
    fn step(trace: &mut Trace, number: u32) {
        let at_us = trace.now_us() + 30_000;
        for n in 0..2 {
            trace.cues(n, number, at_us, u64::from(number));
        }
        trace.pass_ms(5);
        for n in 0..2 {
            trace.cued(n, number, u64::from(number));
        }
        trace.pass_ms(40);
    }
    fn faultless() -> Trace {
        let mut trace = Trace::of_two();
        (1..=4).for_each(|number| step(&mut trace, number));
        trace
    }
    fn counts(figures: &Figures) -> [f64; 4] {
        [Figure::CuesWrong, Figure::CueBackSteps, Figure::CuesLate, Figure::CuesFailed].map(|f| figures.get(f).unwrap())
    }

    #[test]
    fn nodes_that_follow_in_time_have_no_fault_and_a_show_without_cues_has_no_figures() {
        let figures = faultless().figures();
        assert_eq!((counts(&figures), figures.get(Figure::CueStates)), ([0.0; 4], Some(8.0)));
        // The first state is fetched by who comes; those after it are carried out.
        assert_eq!(figures.get(Figure::CueLagMax), Some(5e6));
        assert_eq!(Trace::of_two().figures().get(Figure::CuesWrong), None);
    }

    #[test]
    fn one_number_with_two_meanings_is_wrong_whoever_says_it() {
        let mut trace = faultless();
        let at_us = trace.now_us() + 30_000;
        trace.cues(0, 5, at_us, 5);
        trace.cues(1, 5, at_us, 6);
        assert_eq!(counts(&trace.figures()), [1.0, 0.0, 0.0, 0.0], "the hash");
        let mut trace = faultless();
        let at_us = trace.now_us() + 30_000;
        trace.cues(0, 5, at_us, 5);
        trace.cues(1, 5, at_us + 1, 5);
        assert_eq!(counts(&trace.figures()), [1.0, 0.0, 0.0, 0.0], "the applyAt");
        let mut trace = faultless();
        trace.cued(0, 4, 99);
        assert_eq!(counts(&trace.figures()), [1.0, 0.0, 0.0, 0.0], "the node's state");
        let mut trace = faultless();
        trace.cues(0, 3, 0, 3);
        assert_eq!(counts(&trace.figures())[0], 2.0, "the hub goes back, and step 3 was another");
    }

    #[test]
    fn a_state_that_was_fetched_before_the_wire_tells_it_is_judged_when_it_does() {
        for (hash, wrong) in [(5, 0.0), (6, 1.0)] {
            let mut trace = faultless();
            trace.cued(0, 5, 5);
            let at_us = trace.now_us() + 30_000;
            trace.cues(0, 5, at_us, hash);
            assert_eq!(counts(&trace.figures()), [wrong, 0.0, 0.0, 0.0]);
        }
        let mut trace = faultless();
        trace.cued(0, 5, 5);
        assert_eq!(counts(&trace.figures())[0], 1.0, "the hub never had it");
    }

    #[test]
    fn going_back_and_coming_late_are_seen_and_a_new_run_of_the_hub_may_begin_lower() {
        let mut trace = faultless();
        trace.cued(1, 3, 3);
        assert_eq!(counts(&trace.figures()), [0.0, 1.0, 0.0, 0.0]);
        let mut trace = faultless();
        let at_us = trace.now_us() + 30_000;
        trace.cues(0, 5, at_us, 5);
        trace.pass_ms(31);
        trace.cued(0, 5, 5);
        assert_eq!(counts(&trace.figures()), [0.0, 0.0, 1.0, 0.0]);
        let mut trace = faultless();
        trace.cue_report(0, 4, false);
        trace.cue_report(0, 3, false);
        trace.cue_report(0, 9, true);
        assert_eq!(counts(&trace.figures()), [1.0, 1.0, 0.0, 1.0]);
        let mut trace = faultless();
        trace.restart_hub_now();
        trace.cues(0, 3, 0, 77);
        trace.cued(0, 3, 77);
        assert_eq!(counts(&trace.figures()), [0.0; 4]);
    }
}
