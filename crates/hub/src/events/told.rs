//! What is told of what happens in the hub: its kind and its facts, in the words of the API.

use cuelight_conductor::rollout::Status;
use cuelight_conductor::{Answer, Command, Event, Load, LostWhy, Scope};
use cuelight_wire::cues::CueOrder;
use serde_json::{Value, json};

use crate::api::rollout_word;

/// Something that is told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    /// Such as `node.joined`.
    pub(crate) kind: &'static str,
    /// An object.
    pub(crate) data: Value,
}

impl Told {
    pub(crate) fn new(kind: &'static str, data: Value) -> Self {
        Self { kind, data }
    }
}

/// What is told of an event of the conductor; some are for the log alone.
pub(crate) fn of_event(event: &Event) -> Option<Told> {
    let (kind, data) = match event {
        Event::Joined { node, mac, ip, new } => {
            ("node.joined", json!({ "node": node.0, "mac": mac.to_string(), "ip": ip.to_string(), "new": new }))
        }
        Event::Ready { node } => ("node.ready", json!({ "node": node.0 })),
        Event::Degraded { node, why } => ("node.degraded", json!({ "node": node.0, "why": why.to_string() })),
        Event::Lost { node, why } => ("node.lost", json!({ "node": node.0, "why": lost(*why) })),
        Event::Removed { node } => ("node.removed", json!({ "node": node.0 })),
        Event::Forgotten { node, mac } => ("node.forgotten", json!({ "node": node.0, "mac": mac.to_string() })),
        Event::Renamed { node, name } => ("node.renamed", json!({ "node": node.0, "name": name.as_str() })),
        Event::Assigned { node, universes } => {
            ("universes.assigned", json!({ "node": node.0, "universes": universes.as_ref().map(ToString::to_string) }))
        }
        Event::LaidOut { node, geometry } => {
            ("node.laid-out", json!({ "node": node.0, "geometry": geometry.as_ref().map(|text| text.as_str()) }))
        }
        Event::Refused { node, refusal, .. } => {
            ("connection.refused", json!({ "node": node.map(|node| node.0), "why": refusal.to_string() }))
        }
        Event::TakeoverRefused { node, ip } => ("node.claimed", json!({ "node": node.0, "ip": ip.to_string() })),
        Event::HintDisagrees { node, difference } => {
            ("node.other-show-time", json!({ "node": node.0, "difference_us": difference.as_us() }))
        }
        Event::Overrun { tick, cost } => ("hub.overrun", json!({ "tick": tick, "cost_us": cost.as_us() })),
        Event::TicksMissed { count } => ("hub.ticks-missed", json!({ "count": count })),
        Event::SavedIgnored { what } => ("hub.saved-ignored", json!({ "what": what })),
        Event::SceneNotShown { list, cue, problem } => {
            ("cue.scene-not-shown", json!({ "list": list.0, "cue": cue.to_string(), "why": problem.to_string() }))
        }
        Event::Armed { show } => ("show.armed", json!({ "name": show.as_ref().map(|show| show.as_str()) })),
        Event::Rollout { number, version, status } => {
            let why = if let Status::Stopped(_, reason) = status { Some(reason.to_string()) } else { None };
            let data = json!({ "number": number, "version": version, "state": rollout_word(status), "why": why });
            ("update.rollout", data)
        }
        Event::Offered { node, version } => ("update.offered", json!({ "node": node.0, "version": version.as_str() })),
        Event::RestartOrdered { node } => ("node.restarting", json!({ "node": node.0 })),
        Event::UpdateStopped { node } => ("update.stopped", json!({ "node": node.0 })),
        Event::Ota { node, status } => {
            let state = json!(status.state);
            ("update.step", json!({ "node": node.0, "state": state, "pct": status.pct, "error": status.error }))
        }
        // Told by the command that made it; for the log alone.
        Event::Changed { .. } | Event::HintAdopted { .. } | Event::NumberTooLarge { .. } => return None,
    };
    Some(Told { kind, data })
}

fn lost(why: LostWhy) -> String {
    match why {
        LostWhy::Closed => "its connection closed".into(),
        LostWhy::Silent => "nothing was heard of it in time".into(),
        LostWhy::Refused(refusal) => refusal.to_string(),
    }
}

/// What is told of a command that was carried out; some are told by what they led to.
pub(crate) fn of_command(command: &Command) -> Option<Told> {
    let (kind, data) = match command {
        Command::SetScene { scope, .. } | Command::Edit { scope, .. } => ("scene.changed", of_scope(scope)),
        Command::PlayPattern { scope, id, .. } => {
            let mut data = of_scope(scope);
            data["id"] = id.to_string().into();
            ("pattern.started", data)
        }
        Command::StopPattern { scope, .. } => ("pattern.stopped", of_scope(scope)),
        Command::Blackout { on } => ("blackout", json!({ "on": on })),
        Command::Master { level } => ("master.changed", json!({ "level": level })),
        Command::Tempo { .. } | Command::Tap | Command::Downbeat | Command::Nudge { .. } => {
            ("tempo.changed", json!({}))
        }
        Command::SetGroup { name, .. } => ("group.changed", json!({ "name": name.as_str() })),
        Command::DeleteGroup { name } => ("group.deleted", json!({ "name": name.as_str() })),
        Command::Cue { list, order } => ("cue.ordered", json!({ "list": list.0, "order": order_word(*order) })),
        Command::LoadShow(load) => {
            let Load { program, keeps_playbacks, .. } = &**load;
            let sha256 = program.id.sha256.to_string();
            ("show.loaded", json!({ "label": program.show.label, "sha256": sha256, "keep": keeps_playbacks }))
        }
        Command::UnloadShow => ("show.unloaded", json!({})),
        Command::NameNode { .. }
        | Command::AssignUniverses { .. }
        | Command::LayOut { .. }
        | Command::Forget { .. }
        | Command::RestartNode { .. }
        | Command::Arm { .. }
        | Command::BeginRollout(_)
        | Command::Rollout(_) => return None,
    };
    Some(Told { kind, data })
}

/// An order in the word of its call.
const fn order_word(order: CueOrder) -> &'static str {
    match order {
        CueOrder::Go => "go",
        CueOrder::Back => "back",
        CueOrder::GoTo { .. } => "goto",
        CueOrder::Pause => "pause",
        CueOrder::Resume => "resume",
        CueOrder::Release { .. } => "release",
    }
}

fn of_scope(scope: &Scope) -> Value {
    let scope = match scope {
        Scope::Show => "show".to_owned(),
        Scope::Group(name) => format!("group:{name}"),
        Scope::Node(node) => format!("node:{node}"),
    };
    json!({ "scope": scope })
}

/// The same with when it holds and for how many nodes.
pub(crate) fn answered(mut told: Told, answer: &Answer) -> Told {
    told.data["rev"] = answer.rev.0.into();
    told.data["apply_at_us"] = answer.apply_at.as_us().into();
    told.data["nodes"] = answer.nodes.into();
    if let Some(cue) = answer.cue {
        told.data["cue"] = cue.to_string().into();
    }
    told
}
