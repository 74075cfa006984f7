//! A command of an operator in the words of the log: those of the events it leads to, where it leads to one.

use cuelight_conductor::rollout::Word;
use cuelight_conductor::{Command, NodeRef, Scope};
use serde_json::{Value, json};

use crate::events;

/// The node a command is for, if it is for one, and what it is.
pub(crate) fn of_command(command: &Command) -> (Option<NodeRef>, Value) {
    let node = match command {
        Command::SetScene { scope, .. }
        | Command::Edit { scope, .. }
        | Command::PlayPattern { scope, .. }
        | Command::StopPattern { scope, .. } => match scope {
            Scope::Node(node) => Some(node.clone()),
            Scope::Show | Scope::Group(_) => None,
        },
        Command::NameNode { node, .. }
        | Command::Forget { node }
        | Command::RestartNode { node, .. }
        | Command::AssignUniverses { node, .. }
        | Command::LayOut { node, .. } => Some(node.clone()),
        _ => None,
    };
    if let Some(told) = events::of_command(command) {
        let mut value = told.data;
        value["type"] = told.kind.into();
        return (node, value);
    }
    let value = match command {
        Command::NameNode { name, .. } => json!({ "type": "node.named", "name": name.as_str() }),
        Command::RestartNode { .. } => json!({ "type": "node.restart" }),
        Command::Forget { .. } => json!({ "type": "node.forgotten" }),
        Command::AssignUniverses { universes, .. } => {
            json!({ "type": "universes.assigned", "universes": universes.as_ref().map(ToString::to_string) })
        }
        Command::LayOut { geometry, .. } => {
            json!({ "type": "node.laid-out", "geometry": geometry.as_ref().map(|text| text.as_str()) })
        }
        Command::Arm { show } => json!({ "type": "show.armed", "name": show.as_ref().map(|show| show.as_str()) }),
        Command::BeginRollout(order) => json!({ "type": "rollout.begun", "version": order.version }),
        Command::Rollout(word) => json!({ "type": "rollout.word", "word": rollout_word(*word) }),
        _ => json!({ "type": "other" }),
    };
    (node, value)
}

const fn rollout_word(word: Word) -> &'static str {
    match word {
        Word::Pause => "pause",
        Word::Resume => "resume",
        Word::PassOver => "pass-over",
        Word::Retry => "retry",
        Word::Abort => "abort",
    }
}
