//! What a receiver can be told.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A command to one receiver. Times are in seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Order {
    /// Goes to a cue.
    Cue {
        /// Its number, such as 1.5.
        #[schema(minimum = 0, maximum = 9999.999)]
        cue_id: f64,
        /// Instead of the cue's own fade.
        #[schema(minimum = 0, maximum = 3600)]
        #[serde(skip_serializing_if = "Option::is_none")]
        fade_time: Option<f64>,
    },
    /// Dark, or no longer.
    Blackout {
        /// Dark?
        on: bool,
    },
    /// Everything back to zero.
    Clear {},
    /// The level of its output.
    Intensity {
        /// 255 is full.
        level: u8,
        #[schema(minimum = 0, maximum = 3600)]
        #[serde(skip_serializing_if = "Option::is_none")]
        fade_time: Option<f64>,
    },
    /// Plays, holds or ends a medium.
    Media {
        /// Its name.
        #[schema(max_length = 200)]
        name: String,
        action: Action,
    },
    /// Shows where it is.
    Identify {},
}

/// What is done with a medium.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Action {
    /// From where it is.
    Play,
    /// Stays where it is.
    Pause,
    /// Ends it.
    Stop,
}

/// The longest fade, seconds.
const MAX_FADE_S: f64 = 3_600.0;
/// The largest number of a cue.
const MAX_CUE: f64 = 9_999.999;
/// Bytes of a medium's name.
const MAX_NAME: usize = 200;

impl Order {
    /// As it is written in the log.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Refuses values no receiver can follow: says which and what it may be.
    pub(crate) fn check(&self) -> Result<(), String> {
        let fade = match self {
            Self::Cue { fade_time, .. } | Self::Intensity { fade_time, .. } => *fade_time,
            _ => None,
        };
        if fade.is_some_and(|s| !(0.0..=MAX_FADE_S).contains(&s)) {
            return Err(format!("fade_time must be 0 to {MAX_FADE_S} seconds"));
        }
        match self {
            Self::Cue { cue_id, .. } if !(0.0..=MAX_CUE).contains(cue_id) => {
                Err(format!("cue_id must be 0 to {MAX_CUE}"))
            }
            Self::Media { name, .. } if name.is_empty() || name.len() > MAX_NAME => {
                Err(format!("name must have 1 to {MAX_NAME} bytes"))
            }
            _ => Ok(()),
        }
    }

    /// Its type, as in JSON.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Cue { .. } => "cue",
            Self::Blackout { .. } => "blackout",
            Self::Clear {} => "clear",
            Self::Intensity { .. } => "intensity",
            Self::Media { .. } => "media",
            Self::Identify {} => "identify",
        }
    }
}

/// The number of a cue in thousandths.
pub(crate) fn cue_milli(cue_id: f64) -> u32 {
    // Checked to be at most 9999.999.
    (cue_id * 1_000.0).round() as u32
}

/// A fade in milliseconds.
pub(crate) fn fade_ms(fade_time: Option<f64>) -> u32 {
    // Checked to be at most an hour.
    (fade_time.unwrap_or(0.0) * 1_000.0).round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_read_as_the_specification_writes_them_and_odd_values_are_refused() {
        let read = |text: &str| serde_json::from_str::<Order>(text);
        let order = read(r#"{"type":"cue","cue_id":1.5,"fade_time":3.0}"#).unwrap();
        assert_eq!(order, Order::Cue { cue_id: 1.5, fade_time: Some(3.0) });
        assert!(order.check().is_ok() && fade_ms(Some(0.25)) == 250);
        assert_eq!([1.5, 20.25, 9_999.999].map(cue_milli), [1_500, 20_250, 9_999_999]);
        assert_eq!(read(r#"{"type":"clear"}"#).unwrap(), Order::Clear {});
        assert!(read(r#"{"type":"dance"}"#).is_err() && read(r#"{"type":"blackout","on":true,"x":1}"#).is_err());
        for wrong in [
            r#"{"type":"cue","cue_id":-1}"#,
            r#"{"type":"cue","cue_id":1,"fade_time":3601}"#,
            r#"{"type":"media","name":"","action":"play"}"#,
        ] {
            assert!(read(wrong).unwrap().check().is_err(), "{wrong}");
        }
    }
}
