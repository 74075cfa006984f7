//! The description of the API and the API are the same (HUB-12).

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use cuelight_wire::scene::BlendMode;
use serde_json::Value;

use crate::api::openapi::{described, openapi};
use crate::testing::TestHub;

fn committed() -> Value {
    serde_json::from_str(include_str!("../../../../../docs/api/openapi.json")).unwrap()
}

/// HUB-12
#[tokio::test]
async fn the_hub_gives_out_the_description_that_is_committed() {
    let hub = TestHub::start().await;
    let served = hub.get("/api/v1/openapi.json").await.ok();
    assert!(served == committed(), "docs/api/openapi.json is not what the code says: run cargo xtask openapi");
    assert_eq!(served["openapi"], "3.1.0");
    hub.stop().await;
}

/// HUB-12: a router tells its addresses to whoever debugs it.
#[tokio::test]
async fn every_address_below_api_is_described_and_every_described_one_is_there() {
    let hub = TestHub::start().await;
    let shown = format!("{:?}", hub.router);
    let routed: BTreeSet<&str> = shown.split('"').filter(|text| text.starts_with("/api/")).collect();
    let described = described();
    let described: BTreeSet<&str> = described.iter().map(|(path, _)| path.as_str()).collect();
    assert!(routed.contains("/api/v1/scene"), "routers show their addresses otherwise now");
    assert_eq!(routed, described);
    hub.stop().await;
}

/// HUB-12
#[tokio::test]
async fn a_method_is_taken_where_it_is_described_and_nowhere_else() {
    let hub = TestHub::start().await;
    for (path, methods) in described() {
        let path = path.replace(['{', '}'], "");
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let is_taken = hub.status(method.clone(), &path).await != StatusCode::METHOD_NOT_ALLOWED;
            assert_eq!(is_taken, methods.iter().any(|m| m == method.as_str()), "{method} {path}");
        }
    }
    hub.stop().await;
}

/// HUB-12
#[test]
fn every_call_has_a_name_of_its_own_and_says_what_it_is_for() {
    let document: Value = serde_json::from_str(openapi()).unwrap();
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, call) in item.as_object().unwrap() {
            let name = call["operationId"].as_str().unwrap_or_default();
            assert!(!name.is_empty() && names.insert(name), "{method} {path}: {name}");
            assert!(call["summary"].as_str().is_some_and(|text| text.len() > 10), "{method} {path}");
            assert_eq!(call["tags"].as_array().map(Vec::len), Some(1), "{method} {path}");
        }
    }
}

#[test]
fn the_words_of_blend_modes_are_those_that_are_described() {
    let document = committed();
    let words = document["components"]["schemas"]["Blend"]["enum"].as_array().unwrap();
    let modes: BTreeSet<u8> =
        words.iter().map(|word| serde_json::from_value::<BlendMode>(word.clone()).unwrap() as u8).collect();
    assert_eq!(modes, (0..8).collect());
}
