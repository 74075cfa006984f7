//! A hub the user named.

use serde_json::Value;

use super::Finding;
use crate::address::HubAddress;
use crate::ctl::call::Call;
use crate::ctl::client::{Client, Target};

const NAME: &str = "hub";

pub(super) fn check(hub: &HubAddress) -> Finding {
    let health = Client::new(&Target::at(hub.clone())).ask(&Call::get("/health"));
    match health {
        Ok(health) => finding(hub, &health),
        Err(error) => Finding::fail(NAME, format!("{error:#}"), "is it running, and does a firewall let TCP through?"),
    }
}

fn finding(hub: &HubAddress, health: &Value) -> Finding {
    let found = format!(
        "{hub} answers: {}, version {}, up {} s",
        health["status"].as_str().unwrap_or("no status"),
        health["version"].as_str().unwrap_or("unknown"),
        health["uptime_s"]
    );
    let risks: Vec<_> = health["risks"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if risks.is_empty() { Finding::ok(NAME, found) } else { Finding::warn(NAME, found, risks.join("; ")) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::State;
    use super::*;

    /// AP-3
    #[test]
    fn a_hubs_risks_are_a_warning() {
        let hub = "192.168.4.1:80".parse().unwrap();
        let health = |risks: &[&str]| json!({"status": "ok", "version": "1.0.0", "uptime_s": 4, "risks": risks});
        assert_eq!(finding(&hub, &health(&[])).state, State::Ok);
        let risky = finding(&hub, &health(&["the password is a default"]));
        assert_eq!((risky.state, risky.advice.as_deref()), (State::Warn, Some("the password is a default")));
    }
}
