//! Text messages of the control plane, in both directions.

use cuelight_net::json::{
    MAX_HUB_MESSAGE, MAX_NODE_MESSAGE, read_hub_message, read_node_message, write_hub_message, write_node_message,
};
use cuelight_wire::control::{ErrorMessage, HubMessage};

/// What is understood is written again as a text that means the same; what is not has a reason short enough to tell.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match read_node_message(text, MAX_NODE_MESSAGE) {
        Ok(message) => {
            let again = read_node_message(&write_node_message(&message), 4 * MAX_NODE_MESSAGE);
            assert_eq!(again.as_ref(), Ok(&message));
        }
        Err(bad) => told(bad.to_error_message()),
    }
    match read_hub_message(text, MAX_HUB_MESSAGE) {
        Ok(message) => {
            let again = read_hub_message(&write_hub_message(&message), 4 * MAX_HUB_MESSAGE);
            assert_eq!(again.as_ref(), Ok(&message));
        }
        Err(bad) => told(bad.to_error_message()),
    }
}

/// The complaint reaches its node: it is a message that can be read.
fn told(error: ErrorMessage) {
    let message = HubMessage::Error(error);
    assert_eq!(read_hub_message(&write_hub_message(&message), MAX_HUB_MESSAGE), Ok(message));
}
