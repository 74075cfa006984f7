//! `POST /api/v1/cues/{list}/{word}`: orders to a cue list.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use cuelight_conductor::Command;
use cuelight_wire::cues::CueOrder;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{cue_number, list_number};
use crate::api::Problem;
use crate::api::answer::{CommandAnswer, carry_out};
use crate::api::body::Body;
use crate::shared::Shared;

/// The longest fade, as of cues: a day.
const MAX_FADE_MS: u32 = 24 * 3_600_000;

/// What goes with an order.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct OrderBody {
    /// Of goto: the number of the cue.
    cue: Option<String>,
    /// Of goto: a fade in place of the cue's own times. Of release: how long it takes, 0 when nothing is said.
    #[schema(maximum = 86_400_000)]
    fade_ms: Option<u32>,
}

/// Orders a cue list: go, back, goto, pause, resume or release.
#[utoipa::path(
    post,
    path = "/cues/{list}/{word}",
    operation_id = "orderList",
    tag = "cues",
    params(
        ("list" = String, Path, description = "The number of the cue list"),
        ("word" = String, Path, description = "go, back, goto, pause, resume or release"),
    ),
    request_body = OrderBody,
    responses((status = OK, description = "From when it holds, and the cue the list is in then", body = CommandAnswer)),
)]
pub(crate) async fn post(
    State(shared): State<Shared>,
    Path((list, word)): Path<(String, String)>,
    headers: HeaderMap,
    Body(body): Body<OrderBody>,
) -> Result<Json<CommandAnswer>, Problem> {
    let (list, order) = (list_number(&list)?, order(&word, &body)?);
    carry_out(&shared, &headers, Command::Cue { list, order }).await
}

fn order(word: &str, OrderBody { cue, fade_ms }: &OrderBody) -> Result<CueOrder, Problem> {
    if fade_ms.is_some_and(|ms| ms > MAX_FADE_MS) {
        return Err(Problem::unprocessable("fade_ms must be at most 86400000, a day"));
    }
    if cue.is_some() != (word == "goto") {
        return Err(Problem::unprocessable("cue goes with goto: which cue is to begin"));
    }
    if fade_ms.is_some() && !matches!(word, "goto" | "release") {
        return Err(Problem::unprocessable("fade_ms goes with goto and release; the others take the cue's own times"));
    }
    Ok(match (word, cue) {
        ("go", _) => CueOrder::Go,
        ("back", _) => CueOrder::Back,
        ("goto", Some(cue)) => CueOrder::GoTo { cue_milli: cue_number(cue)?.milli(), fade_ms: *fade_ms },
        ("pause", _) => CueOrder::Pause,
        ("resume", _) => CueOrder::Resume,
        ("release", _) => CueOrder::Release { fade_ms: fade_ms.unwrap_or(0) },
        _ => {
            return Err(Problem::not_found(format!(
                "\"{word}\" is no order to a cue list: go, back, goto, pause, resume, release"
            )));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_takes_only_what_goes_with_it() {
        let body = |cue: Option<&str>, fade_ms| OrderBody { cue: cue.map(str::to_owned), fade_ms };
        let cue_milli = 1_500;
        assert_eq!(order("goto", &body(Some("1.5"), Some(7))).unwrap(), CueOrder::GoTo { cue_milli, fade_ms: Some(7) });
        assert_eq!(order("release", &body(None, None)).unwrap(), CueOrder::Release { fade_ms: 0 });
        assert_eq!(order("go", &body(None, None)).unwrap(), CueOrder::Go);
        for (word, cue, fade_ms) in [
            ("goto", None, None),
            ("go", Some("1"), None),
            ("go", None, Some(1)),
            ("stop", None, None),
            ("goto", Some("x"), None),
            ("release", None, Some(86_400_001)),
        ] {
            assert!(order(word, &body(cue, fade_ms)).is_err(), "{word} {cue:?} {fade_ms:?}");
        }
    }
}
