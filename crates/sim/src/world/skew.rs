//! What a later version might say: the messages of this one, with fields and capability words that nobody knows.
//!
//! A message is written as JSON, added to, and read again by the decoders that ship.

use cuelight_wire::control::{HubMessage, NodeMessage};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A node of a later version says this.
pub(crate) fn later_node(message: NodeMessage) -> NodeMessage {
    match message {
        NodeMessage::Hello(hello) => NodeMessage::Hello(later(&hello)),
        NodeMessage::Keepalive(keepalive) => NodeMessage::Keepalive(later(&keepalive)),
        NodeMessage::TsPing(ping) => NodeMessage::TsPing(later(&ping)),
        NodeMessage::OtaStatus(status) => NodeMessage::OtaStatus(later(&status)),
    }
}

/// A hub of a later version says this.
pub(crate) fn later_hub(message: HubMessage) -> HubMessage {
    match message {
        HubMessage::Welcome(welcome) => HubMessage::Welcome(later(&welcome)),
        HubMessage::TsPong(pong) => HubMessage::TsPong(later(&pong)),
        HubMessage::FullState(state) => HubMessage::FullState(later(&state)),
        HubMessage::OtaStop(stop) => HubMessage::OtaStop(later(&stop)),
        HubMessage::Restart(restart) => HubMessage::Restart(later(&restart)),
        HubMessage::ShowLock(lock) => HubMessage::ShowLock(later(&lock)),
        HubMessage::Universes(assigned) => HubMessage::Universes(later(&assigned)),
        HubMessage::Geometry(laid_out) => HubMessage::Geometry(later(&laid_out)),
        other => other,
    }
}

fn later<T: Serialize + DeserializeOwned>(message: &T) -> T {
    let mut value = serde_json::to_value(message).expect("a message is written as JSON");
    let fields = value.as_object_mut().expect("a message is an object");
    fields.insert("mood".into(), json!({ "of": ["a", "later", "version"] }));
    if let Some(Value::Array(words)) = fields.get_mut("ext") {
        words.insert(0, json!("telepathy"));
        words.push(json!("a-word-that-is-longer-than-any-this-version-knows-and-goes-on"));
    }
    serde_json::from_value(value).expect("unknown fields and words are passed over (CTRL-1, CTRL-5)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use cuelight_wire::caps::Ext;
    use cuelight_wire::control::{Caps, Hello, Topo};
    use cuelight_wire::ids::Mac;

    /// CTRL-1, CTRL-5
    #[test]
    fn unknown_fields_and_words_change_nothing() {
        let hello = Hello {
            proto: 1,
            mac: Mac([1; 6]),
            fw: "x".try_into().unwrap(),
            caps: Caps { udp: true, ota: false, clock: true },
            topo: Topo { leds: 1, channels: 1 },
            udp_port: None,
            name: None,
            ext: Ext::ALL,
            hardware: None,
            universes: None,
            page_port: None,
            geometry: None,
            show: None,
        };
        assert_eq!(later_node(NodeMessage::Hello(hello.clone())), NodeMessage::Hello(hello));
    }
}
