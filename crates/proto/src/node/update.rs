//! What the node tells of its update.

use cuelight_wire::control::{NodeMessage, OtaState, OtaStatus};
use cuelight_wire::limits::MAX_CONTROL_MESSAGE;
use cuelight_wire::time::{Local, Span, Time};

use super::{NodeRole, UpdateReport};

/// Progress within one state is told at most this often: a hub ends a session that says more than 100 messages a second.
const PROGRESS_PERIOD: Span = Span::from_ms(250);
/// `{"t":"ota_status","nodeId":65535,"token":"","state":"downloading","pct":255,"error":"","log":""}` with a token of 63
/// characters has 160 bytes; the rest is for the two texts.
const ROOM_FOR_TEXTS: usize = MAX_CONTROL_MESSAGE - 160;

/// What was told, and what is still to be.
#[derive(Debug, Default)]
pub(super) struct Updates {
    told: Option<(OtaState, Time<Local>)>,
    /// The newest report that came while no session was live; an older one is replaced.
    kept: Option<UpdateReport>,
}

impl NodeRole {
    /// How far the node's update is. Told at once, or after the next welcome; progress within one state is told four times
    /// a second at most, and what is left out then is out of date (OTA-9).
    pub fn handle_update(&mut self, report: UpdateReport, now: Time<Local>) {
        let is_progress =
            self.updates.told.is_some_and(|(state, at)| state == report.state && now - at < PROGRESS_PERIOD);
        let Some(me) = self.session.identity() else {
            self.updates.kept = Some(report);
            return;
        };
        if is_progress && report.state != OtaState::Failed {
            return;
        }
        self.updates.told = Some((report.state, now));
        let (node_id, token) = (me.node_id, me.token.clone());
        let UpdateReport { state, pct, error, log } = report;
        let room = ROOM_FOR_TEXTS.saturating_sub(error.as_deref().map_or(0, written_len));
        let log = log
            .and_then(|log| last_fitting(&log, room).try_into().ok())
            .filter(|log: &heapless::String<512>| !log.is_empty());
        self.message(NodeMessage::OtaStatus(OtaStatus { node_id, token, state, pct, error, log }));
    }

    pub(super) fn tell_kept_update(&mut self, now: Time<Local>) {
        if let Some(report) = self.updates.kept.take() {
            self.handle_update(report, now);
        }
    }
}

/// Bytes of a text in JSON.
fn written_len(text: &str) -> usize {
    text.chars().map(written_char_len).sum()
}

fn written_char_len(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\x08' | '\x0c' => 2,
        '\0'..='\x1f' => 6,
        _ => c.len_utf8(),
    }
}

/// The end of `text` that has at most `room` bytes in JSON.
fn last_fitting(text: &str, room: usize) -> &str {
    let mut left = room;
    let mut start = text.len();
    for (at, c) in text.char_indices().rev() {
        let Some(rest) = left.checked_sub(written_char_len(c)) else { break };
        (left, start) = (rest, at);
    }
    &text[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_log_is_kept_and_counted_as_json_writes_it() {
        assert_eq!(last_fitting("one\ntwo", 100), "one\ntwo");
        assert_eq!(last_fitting("one\ntwo", 5), "\ntwo");
        assert_eq!(last_fitting("one\ntwo", 4), "two");
        assert_eq!(last_fitting("\u{1}x", 6), "x");
        assert_eq!(last_fitting("äö", 3), "ö");
        assert_eq!(last_fitting("x", 0), "");
        assert_eq!(written_len("a\"b\n\u{2}"), 1 + 2 + 1 + 2 + 6);
    }
}
