//! What is on the heap of this process: client, service and store together.

use std::alloc::System;
use std::time::Duration;

use cuelight_wire::tlv::Dialect;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

use crate::bare;
use crate::client::Connection;
use crate::servers::Servers;

/// The allocator of the system, with counters.
pub(crate) type Heap = &'static StatsAlloc<System>;

pub(crate) const fn heap() -> Heap {
    &INSTRUMENTED_SYSTEM
}

/// Bytes that are allocated now.
fn in_use() -> i64 {
    let stats = INSTRUMENTED_SYSTEM.stats();
    // What reallocation adds or takes away is counted in these two as well.
    stats.bytes_allocated as i64 - stats.bytes_deallocated as i64
}

/// How much the heap has grown over `uploads` uploads, each over its own connection.
pub(crate) async fn grow(servers: &Servers, uploads: u32) -> i64 {
    for number in 0..1000 {
        upload(servers, number).await;
    }
    let before = settled(servers).await;
    for number in 0..uploads {
        upload(servers, number).await;
    }
    settled(servers).await - before
}

/// What two sessions take, and what they take in the middle of an upload, everything of the service included: their clients
/// have nothing on the heap.
pub(crate) async fn of_two_sessions(servers: &Servers) -> [i64; 2] {
    let idle = settled(servers).await;
    let mut clients = [bare::Client::connect(servers.store_at), bare::Client::connect(servers.store_at)];
    let connected = in_use();
    clients.iter_mut().for_each(bare::Client::begin_an_upload);
    [connected, in_use()].map(|bytes| bytes - idle)
}

async fn upload(servers: &Servers, number: u32) {
    let file = [number as u8; 16 * 1024];
    let dialect = if number.is_multiple_of(2) { Dialect::Plain } else { Dialect::Checked };
    let mut client = Connection::open(servers.store_at, dialect).await;
    client.begin(&file).await;
    match dialect {
        Dialect::Plain => client.unanswered(&file, 4093).await,
        Dialect::Checked => client.pipelined(&file, 0, 1024, 16).await,
    };
    client.end().await;
}

/// What is in use when the sessions before have ended: the least of some looks, each after another connection was served and
/// had its time to go.
async fn settled(servers: &Servers) -> i64 {
    let mut least = i64::MAX;
    for number in 0..20 {
        upload(servers, number).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        least = least.min(in_use());
    }
    least
}
