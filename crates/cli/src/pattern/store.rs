//! Which store: a hub's, a node's own, or that of a deployed device.
//!
//! A hub tells over HTTP what it has, and whether it wants a key; uploads and deletions go over its `/ws`, as with every store.

use anyhow::{Context, Result, anyhow};
use clap::Args;
use cuelight_pattern::client::{Client, ClientError, Target};
use cuelight_trust::Trust;
use cuelight_wire::tlv::ErrorCode;
use serde_json::Value;

use crate::address::{DeviceAddress, HubAddress};
use crate::ctl::call::Call;
use crate::ctl::client;

/// Frames under way to a hub, which is known to take any number: what a receive buffer of 64 KiB holds.
const WINDOW: usize = 16;

/// Which store.
#[derive(Args, Clone, Debug)]
pub(super) struct Place {
    #[command(flatten)]
    hub: client::Target,
    /// A node's own store or a deployed device, instead of a hub; port 8081 where none is given.
    #[arg(long, value_name = "HOST[:PORT]", global = true, help_heading = "Which hub")]
    device: Option<DeviceAddress>,
}

/// A store to talk to.
pub(super) enum Store {
    /// A hub's.
    Hub(client::Client),
    /// A node's or a device's.
    Device(DeviceAddress),
}

/// What a hub has, and how sessions reach it.
pub(super) struct Opened {
    /// For sessions.
    pub(super) target: Target,
    /// The answer to `GET /api/v1/patterns`; null of a device.
    pub(super) patterns: Value,
}

impl Place {
    /// The store that is meant; connects to nothing yet.
    pub(super) fn store(&self) -> Store {
        match &self.device {
            Some(device) => Store::Device(device.clone()),
            None => Store::Hub(client::Client::new(&self.hub)),
        }
    }
}

impl Store {
    /// Asks a hub what it has and whether it wants a key. A device is not asked anything.
    pub(super) fn open(&self) -> Result<Opened> {
        Ok(match self {
            Self::Hub(hub) => {
                let (patterns, key) = hub.ask_as(&Call::get("/api/v1/patterns"))?;
                Opened { target: hub_target(hub.address(), key, hub.trust()), patterns }
            }
            Self::Device(device) => Opened { target: Target::new(device.to_string()), patterns: Value::Null },
        })
    }
}

fn hub_target(hub: &HubAddress, key: Option<&str>, trust: Option<&Trust>) -> Target {
    // As much in one frame as a frame holds.
    let target = Target { window: WINDOW, chunk: usize::MAX, ..Target::new(hub.host()) };
    Target { key: key.map(str::to_owned), trust: trust.cloned(), ..target }
}

/// A session with a store: one connection for all that is asked.
pub(super) fn session<T>(target: &Target, ask: impl AsyncFnOnce(&mut Client) -> Result<T, ClientError>) -> Result<T> {
    let outcome = runtime()?.block_on(async {
        let mut client = Client::connect(target).await?;
        let outcome = ask(&mut client).await;
        client.close().await;
        outcome
    });
    outcome.map_err(|error| advised(&error))
}

/// An error with what to do about it.
pub(super) fn advised(error: &ClientError) -> anyhow::Error {
    let advice = match error {
        ClientError::Refused { code: ErrorCode::StorageFull, .. } => {
            "; delete patterns, make this one shorter, or start the hub or node with a larger --pattern-max-bytes or \
             --pattern-quota-bytes"
        }
        ClientError::Refused { code: ErrorCode::PatternNotFound, .. } => {
            "; `cuelight pattern list` tells what there is"
        }
        ClientError::Unreachable { .. } | ClientError::NoStore { .. } => {
            "; nodes take patterns at port 8081, deployed devices at port 80"
        }
        _ => "",
    };
    anyhow!("{error}{advice}")
}

/// What sessions run on.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("no event loop")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hub_gets_its_key_and_full_frames_and_a_device_is_spoken_to_as_deployed_uploaders_do() {
        let target = hub_target(&"hub.local".parse().unwrap(), Some("secret"), None);
        assert_eq!((target.address.as_str(), target.key.as_deref()), ("hub.local:8080", Some("secret")));
        let opened = Store::Device("10.0.0.7".parse().unwrap()).open().unwrap();
        let Target { address, key, chunk, window, .. } = opened.target;
        assert_eq!((address.as_str(), key, chunk, window), ("10.0.0.7:8081", None, 1024, 1));
        assert!(opened.patterns.is_null());
    }

    #[test]
    fn what_a_store_refuses_is_told_with_what_to_do() {
        let refused = |code| advised(&ClientError::Refused { code, text: "why".into() }).to_string();
        assert!(refused(ErrorCode::StorageFull).contains("--pattern-max-bytes"));
        let missing = refused(ErrorCode::PatternNotFound);
        assert!(missing.contains("why") && missing.contains("pattern list"), "{missing}");
    }
}
