//! `POST /api/v1/tempo`: set the tempo, tap it, or say where the bar begins.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use cuelight_conductor::Command;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Problem;
use super::answer::{CommandAnswer, carry_out};
use super::body::Body;
use crate::shared::Shared;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tempo {
    /// Beats per minute, to the hundredth.
    /// 20 to 600, or 0 for no beat.
    #[schema(minimum = 0, maximum = 600)]
    bpm: Option<f64>,
    #[schema(minimum = 1, maximum = 32)]
    beats_per_bar: Option<u8>,
    #[serde(default)]
    tap: bool,
    #[serde(default)]
    downbeat: bool,
}

impl Tempo {
    fn command(&self) -> Result<Command, Problem> {
        match (self.bpm.is_some() || self.beats_per_bar.is_some(), self.tap, self.downbeat) {
            (true, false, false) => {
                let bpm_x100 = self.bpm.map(hundredths).transpose()?;
                Ok(Command::Tempo { bpm_x100, beats_per_bar: self.beats_per_bar })
            }
            (false, true, false) => Ok(Command::Tap),
            (false, false, true) => Ok(Command::Downbeat),
            _ => Err(Problem::unprocessable(
                "give exactly one of: bpm and/or beats_per_bar, \"tap\": true, \"downbeat\": true",
            )),
        }
    }
}

fn hundredths(bpm: f64) -> Result<u16, Problem> {
    let hundredths = (bpm * 100.0).round();
    // The conductor knows the range of tempos; here only what a u16 holds.
    if (0.0..=f64::from(u16::MAX)).contains(&hundredths) {
        Ok(hundredths as u16)
    } else {
        Err(Problem::unprocessable(format!("bpm {bpm} is out of range: 20 to 600, or 0 for no beat")))
    }
}

/// Sets the tempo, taps it, or says where the bar begins.
#[utoipa::path(
    post,
    path = "/tempo",
    operation_id = "setTempo",
    tag = "show",
    request_body = Tempo,
    responses((status = OK, description = "From when the change holds, and for how many nodes", body = CommandAnswer)),
)]
pub(crate) async fn post_tempo(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Body(tempo): Body<Tempo>,
) -> Result<Json<CommandAnswer>, Problem> {
    carry_out(&shared, &headers, tempo.command()?).await
}
