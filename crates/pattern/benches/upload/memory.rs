//! What is on the heap of this process: client, service and store together.

use std::alloc::System;

use cuelight_wire::tlv::Dialect;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

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
    stats.bytes_allocated as i64 + stats.bytes_reallocated as i64 - stats.bytes_deallocated as i64
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

/// What two sessions in the middle of an upload take: service and clients together, less two connections to the bare
/// echo with clients of the same kind.
pub(crate) async fn of_two_sessions(servers: &Servers) -> i64 {
    let idle = settled(servers).await;
    let mut clients = Vec::new();
    for _ in 0..2 {
        let mut client = Connection::open(servers.store_at, Dialect::Plain).await;
        client.begin(&[]).await;
        client.unanswered(&[1; 100_000], 4093).await;
        clients.push(client);
    }
    let with_sessions = in_use();
    clients.clear();
    let idle_again = settled(servers).await;
    for _ in 0..2 {
        let mut client = Connection::open(servers.echo_at, Dialect::Plain).await;
        client.echoed(&[1; 100_000], 4093).await;
        clients.push(client);
    }
    (with_sessions - idle) - (in_use() - idle_again)
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

/// What is in use when the sessions before have ended: the least of some looks, each after another connection was served.
async fn settled(servers: &Servers) -> i64 {
    let mut least = i64::MAX;
    for number in 0..20 {
        upload(servers, number).await;
        least = least.min(in_use());
    }
    least
}
