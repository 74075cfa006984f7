//! `POST /api/v1/cues/{list}/edit`: changes of cue lists, in the words of show files. The show becomes another file with
//! another digest; what runs goes on.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use cuelight_conductor::{Command, Load, Program};
use cuelight_show::edit::{Edit, EditError};
use cuelight_show::{Cue, CueNumber, ListNumber, Show};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::task::spawn_blocking;
use utoipa::ToSchema;

use super::{cue_number, interrupted, list_number, none_loaded};
use crate::api::Problem;
use crate::api::answer::{CommandAnswer, carry_out};
use crate::api::body::Body;
use crate::api::caller::caller;
use crate::revisions::{self, Document};
use crate::shared::Shared;
use crate::shows::{Shows, resolved};

/// What is to be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum EditWord {
    /// A new cue.
    Insert,
    /// Parts of a cue: what is not said stays. Levels are set beside those there are.
    Set,
    /// A cue goes.
    Delete,
    /// A cue gets the number `to`.
    Renumber,
}

impl EditWord {
    /// What has been done.
    const fn past(self) -> &'static str {
        match self {
            Self::Insert => "inserted",
            Self::Set => "set",
            Self::Delete => "deleted",
            Self::Renumber => "renumbered",
        }
    }
}

/// A change of a cue list.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct EditBody {
    edit: EditWord,
    /// The number of the cue.
    cue: String,
    /// Of renumber: its new number.
    #[serde(default)]
    to: Option<String>,
    /// Of set: each level where it came from, in the cue from which it tracks.
    #[serde(default)]
    at_source: bool,
    /// Of insert and set: the words of a cue in a show file: label, notes, fade, delay, curve, follow, hang, cue-only, block,
    /// assert, set, effect, scene.
    #[serde(flatten)]
    #[schema(additional_properties)]
    words: Map<String, Value>,
}

/// Changes a cue list. What runs goes on.
#[utoipa::path(
    post,
    path = "/cues/{list}/edit",
    operation_id = "editList",
    tag = "cues",
    params(("list" = String, Path, description = "The number of the cue list")),
    request_body = EditBody,
    responses((status = OK, description = "From when the changed show is played", body = CommandAnswer)),
)]
pub(crate) async fn post(
    State(shared): State<Shared>,
    Path(list): Path<String>,
    headers: HeaderMap,
    Body(body): Body<EditBody>,
) -> Result<Json<CommandAnswer>, Problem> {
    let list = list_number(&list)?;
    let _changing = shared.shows.changing.lock().await;
    let program = shared.snapshot.load().cues.program.clone().ok_or_else(none_loaded)?;
    let shows = shared.shows.clone();
    let what = format!("list {list}, cue {}: {}", body.cue, body.edit.past());
    let edited = spawn_blocking(move || edited(&shows, &program, list, &body)).await.map_err(|_| interrupted())?;
    let edit = carry_out(&shared, &headers, Command::LoadShow(Box::new(edited?)));
    revisions::edited(&shared, Document::Show, what, caller(), edit).await
}

fn edited(shows: &Shows, program: &Program, list: ListNumber, body: &EditBody) -> Result<Load, Problem> {
    let mut show = (*program.show).clone();
    let cue = cue_number(&body.cue)?;
    let mut renumbered = None;
    match body.edit {
        EditWord::Insert => change(&mut show, list, |show| Ok(Edit::Insert(read(show, cue, &body.words)?)))?,
        EditWord::Set => {
            let said = read(&mut show, cue, &body.words)?;
            let instructions = said.look.instructions.clone();
            let changed = merged(existing(&show, list, cue)?, said, &body.words);
            change(&mut show, list, |_| Ok(Edit::Replace(changed)))?;
            change(&mut show, list, |_| Ok(Edit::Update { cue, instructions, at_source: body.at_source }))?;
        }
        EditWord::Delete => change(&mut show, list, |_| Ok(Edit::Delete(cue)))?,
        EditWord::Renumber => {
            let to = body.to.as_deref().ok_or_else(|| Problem::unprocessable("renumber needs to: the new number"))?;
            let to = cue_number(to)?;
            renumbered = Some((list, cue, to));
            change(&mut show, list, |_| Ok(Edit::Renumber { from: cue, to }))?;
        }
    }
    if let Some(problem) = show.problems().first() {
        return Err(Problem::unprocessable(problem.to_string()));
    }
    let text = cuelight_showfile::write(&show).map_err(|error| Problem::unprocessable(error.to_string()))?;
    let program = resolved(&text, show);
    shows
        .keep(&program.id, &text)
        .map_err(|error| Problem::unavailable(format!("the show cannot be kept: {error}")))?;
    Ok(Load { program, keeps_playbacks: true, renumbered })
}

fn change(
    show: &mut Show,
    list: ListNumber,
    edit: impl FnOnce(&mut Show) -> Result<Edit, Problem>,
) -> Result<(), Problem> {
    let edit = edit(show)?;
    show.edit(list, edit).map(drop).map_err(|error| match error {
        EditError::NoList(_) | EditError::NoCue(..) => Problem::not_found(error.to_string()),
        EditError::Taken(..) | EditError::Full(_) => Problem::conflict(error.to_string()),
    })
}

fn existing(show: &Show, list: ListNumber, cue: CueNumber) -> Result<Cue, Problem> {
    let found = show.list(list).and_then(|list| list.cue(cue)).cloned();
    found.ok_or_else(|| Problem::not_found(format!("there is no cue {cue} in list {list}")))
}

/// A cue from the words of a show file.
fn read(show: &mut Show, number: CueNumber, words: &Map<String, Value>) -> Result<Cue, Problem> {
    let mut table = words.clone();
    table.insert("number".into(), number.to_string().into());
    let text = toml::to_string(&table).map_err(|error| Problem::unprocessable(error.to_string()))?;
    cuelight_showfile::read_cue(show, &text).map_err(|fault| Problem::unprocessable(fault.sentence))
}

/// `cue` with what `words` name taken from `said`; levels are set apart.
fn merged(cue: Cue, said: Cue, words: &Map<String, Value>) -> Cue {
    let has = |word: &str| words.contains_key(word);
    let mut merged = cue;
    if has("label") {
        merged.label = said.label;
    }
    if has("notes") {
        merged.notes = said.notes;
    }
    let (timing, told) = (&mut merged.timing, said.timing);
    if has("fade") {
        (timing.fade_up_ms, timing.fade_down_ms) = (told.fade_up_ms, told.fade_down_ms);
    }
    if has("delay") {
        (timing.delay_up_ms, timing.delay_down_ms) = (told.delay_up_ms, told.delay_down_ms);
    }
    if has("curve") {
        timing.curve = told.curve;
    }
    if has("follow") || has("hang") {
        merged.next = said.next;
    }
    if has("cue-only") {
        merged.is_cue_only = said.is_cue_only;
    }
    if has("block") {
        merged.is_block = said.is_block;
    }
    if has("assert") {
        merged.is_assert = said.is_assert;
    }
    if has("effect") {
        merged.look.effects = said.look.effects;
    }
    if has("scene") {
        merged.look.scenes = said.look.scenes;
    }
    merged
}
