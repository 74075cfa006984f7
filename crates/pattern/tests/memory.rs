//! Uploads leave the heap as it was. The test counts every allocation of its process, so it is alone in its file.
//!
//! The benchmark `upload` counts the same over more of them.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::alloc::System;
use std::sync::Arc;

use cuelight_pattern::client::{Client, ClientError, Target};
use cuelight_pattern::service::{Listener, Service, Settings};
use cuelight_pattern::store::{Limits, Store};
use cuelight_wire::tlv::Dialect;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tokio::sync::watch;

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Uploads that are counted, after as many that warm up.
const UPLOADS: usize = 400;
/// Times they are counted. A queue between threads holds one block of memory or two, depending on where in a block it just is:
/// what was there before may be there again only later. What leaks does not come back.
const ROUNDS: usize = 8;

/// Bytes that are allocated now; what reallocation changes is counted in both.
fn in_use() -> usize {
    let stats = INSTRUMENTED_SYSTEM.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

/// One session: an upload, half an upload, a refusal, a listing, a deletion.
async fn session(target: &Target) {
    let mut client = Client::connect(target).await.unwrap();
    client.put("kept", &[7; 2000], |_| {}).await.unwrap();
    client.put("gone", &[8; 1000], |_| {}).await.unwrap();
    client.delete("gone").await.unwrap();
    assert_eq!(client.list().await.unwrap().len(), 1);
    let refused = client.put("large", &[9; 20_000], |_| {}).await;
    assert!(matches!(refused, Err(ClientError::Refused { .. })), "{refused:?}");
    client.close().await;
}

async fn uploads(target: &Target) {
    // Two of them in every session.
    for number in 0..UPLOADS / 2 {
        let dialect = if number.is_multiple_of(2) { Dialect::Plain } else { Dialect::Checked };
        session(&Target { dialect, ..target.clone() }).await;
    }
}

/// What is in use when every session has ended: the least of many looks.
async fn settled() -> usize {
    let mut least = usize::MAX;
    for _ in 0..10_000 {
        least = least.min(in_use());
        tokio::task::yield_now().await;
    }
    least
}

#[tokio::test]
async fn uploads_leave_the_heap_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Limits { file_max: 10_000, ..Limits::default() }).unwrap();
    let (service, _orders) = Service::start(store, Settings::default()).unwrap();
    let listener = Listener::open("127.0.0.1:0".parse().unwrap(), Arc::from("node.local")).unwrap();
    let target = Target::new(listener.local_addr().unwrap().to_string());
    let (_stop, stopped) = watch::channel(());
    tokio::spawn(listener.serve(service, stopped));
    uploads(&target).await;
    let before = settled().await;
    let mut after = Vec::new();
    while after.len() < ROUNDS && after.last().is_none_or(|after| *after > before) {
        uploads(&target).await;
        after.push(settled().await);
    }
    assert!(after.last() <= Some(&before), "{before} bytes before, {after:?} after");
}
