//! What an update says of itself, as the hub is told.

use cuelight_proto::node::UpdateReport;
use cuelight_update::updater::Stage;
use cuelight_wire::control::{OtaState, Text};

/// How far it is.
pub(super) const fn progress(stage: Stage) -> UpdateReport {
    let (state, pct) = match stage {
        Stage::Downloading(pct) => (OtaState::Downloading, pct),
        Stage::Verifying => (OtaState::Verifying, 0),
        Stage::Applying => (OtaState::Applying, 0),
        Stage::Rebooting => (OtaState::Rebooting, 0),
    };
    UpdateReport { state, pct, error: None, log: None }
}

/// That it came to nothing, and why; with the last lines of the image that was given up, where there are any.
pub(super) fn failed(why: &str, log: Option<&[String]>) -> UpdateReport {
    let log = log.filter(|lines| !lines.is_empty()).map(|lines| end_of(&lines.join("\n")));
    UpdateReport { state: OtaState::Failed, pct: 0, error: Some(beginning_of(why)), log }
}

fn beginning_of<const N: usize>(text: &str) -> Text<N> {
    Text::try_from(&text[..text.floor_char_boundary(N)]).expect("it was cut to fit")
}

fn end_of<const N: usize>(text: &str) -> Text<N> {
    Text::try_from(&text[text.ceil_char_boundary(text.len().saturating_sub(N))..]).expect("it was cut to fit")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_reason_the_beginning_is_told_and_of_a_log_the_end() {
        let lines: Vec<String> = (0..200).map(|n| format!("line {n}")).collect();
        let report = failed(&"é".repeat(100), Some(&lines));
        assert_eq!(report.error.unwrap().as_str(), "é".repeat(64));
        let log = report.log.unwrap();
        assert!(log.len() <= 512 && log.ends_with("line 198\nline 199"), "{log}");
        assert_eq!(failed("x", Some(&[])).log, None);
    }
}
