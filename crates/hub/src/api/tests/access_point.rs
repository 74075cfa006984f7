//! A hub that is the access point tells so, and what is dangerous about it.

use std::fs;

use serde_json::{Value, json};

use crate::access_point::{AccessPointSettings, Facts};
use crate::testing::TestHub;

/// A hub that would be an access point if this machine had one; its lease file lies in its folder.
async fn hub_with(settings: AccessPointSettings) -> TestHub {
    let mut hub = TestHub::start().await;
    let lease_file = hub.folder.path().join("leases");
    let mut shared = hub.shared.clone();
    shared.access_point = Some(Facts::unstarted(settings, lease_file));
    hub.router = crate::api::router(shared);
    hub
}

fn settings() -> AccessPointSettings {
    AccessPointSettings::new("wlan0".parse().unwrap())
}

/// AP-2, AP-3
#[tokio::test]
async fn a_default_password_is_a_risk_wherever_one_looks_and_shown_nowhere() {
    let hub = hub_with(settings()).await;
    for path in ["/health", "/api/v1/show", "/api/v1/access-point"] {
        let answer = hub.get(path).await;
        assert!(!answer.text.contains("SpectraSynq"), "{path}");
        let risks = answer.ok()["risks"].clone();
        // The other one is that tests need no key.
        assert!(risks.as_array().is_some_and(|risks| risks.len() <= 2), "{path}: {risks}");
        assert!(risks[0].as_str().is_some_and(|risk| risk.contains("K1-LightwaveOS")), "{path}: {risks}");
    }
    hub.stop().await;

    let hub = hub_with(AccessPointSettings { passphrase: "correct horse".parse().unwrap(), ..settings() }).await;
    let answer = hub.get("/api/v1/access-point").await;
    assert!(!answer.text.contains("correct horse"));
    assert_eq!(answer.ok()["risks"], json!([]));
    hub.stop().await;
}

#[tokio::test]
async fn leases_are_those_of_the_file_and_a_file_that_cannot_be_read_is_told() {
    let hub = hub_with(settings()).await;
    let file = hub.folder.path().join("leases");
    assert_eq!(hub.get("/api/v1/access-point").await.ok()["leases"], json!([]));
    fs::write(&file, "9999999999 02:00:00:00:00:0a 192.168.4.7 bike *\n1 02:00:00:00:00:0b 192.168.4.8 * *\n").unwrap();
    let view: Value = hub.get("/api/v1/access-point").await.ok();
    let lease = json!({"ip": "192.168.4.7", "mac": "02:00:00:00:00:0A", "name": "bike", "until_s": 9_999_999_999_u64});
    assert_eq!(view["leases"], json!([lease]));
    assert_eq!((&view["address"], &view["radio"]["on"]), (&json!("192.168.4.1/24"), &json!(false)));
    assert_eq!(view["programs"][0]["running"], json!(false));
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert!(hub.get("/api/v1/access-point").await.problem(503).contains("leases"));
    hub.stop().await;
}

#[tokio::test]
async fn a_hub_that_makes_no_network_says_how_one_is_made() {
    let hub = TestHub::start().await;
    assert!(hub.get("/api/v1/access-point").await.problem(404).contains("--access-point"));
    assert!(!hub.get("/health").await.ok()["risks"].to_string().contains("Wi-Fi"));
    hub.stop().await;
}
