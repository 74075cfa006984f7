//! Cues: which state is new is decided here; what is made of it is decided by whoever has the show (`cuelight-show`).

use cuelight_wire::caps::Ext;
use cuelight_wire::control::CueReport;
use cuelight_wire::cues::CueState;
use cuelight_wire::time::{Local, Time};

use super::{EVENTS, EVENTS_KEPT_FREE, NodeEvent, NodeRole};

impl NodeRole {
    /// `CUE-2`: tells each state once. One that finds no room is told with its next repeat.
    pub(super) fn on_cues(&mut self, state: &CueState) {
        if !self.negotiated(Ext::CUES) || self.cues.as_ref() == Some(state) {
            return;
        }
        if self.events.len() >= EVENTS - EVENTS_KEPT_FREE {
            self.counters.events_full = self.counters.events_full.saturating_add(1);
            return;
        }
        self.cues = Some(state.clone());
        self.event(NodeEvent::Cues(state.clone()));
    }

    /// How far the node is with the cues; the next keepalive tells it (`CUE-6`).
    pub fn handle_cue_report(&mut self, report: CueReport, _now: Time<Local>) {
        self.cue_report = Some(report);
    }
}
