//! On whose behalf a request is carried out, for what is kept of it.

use std::net::IpAddr;

tokio::task_local! {
    static CALLER: String;
}

/// Carries out what a request asks for, on behalf of its caller.
pub(crate) async fn on_behalf_of<T>(caller: String, work: impl Future<Output = T>) -> T {
    CALLER.scope(caller, work).await
}

/// Who asked for what is being carried out.
pub(crate) fn caller() -> String {
    CALLER.try_with(Clone::clone).unwrap_or_else(|_| "the hub".into())
}

/// A caller that is known by where it calls from.
pub(crate) fn at(address: IpAddr) -> String {
    let address = address.to_canonical();
    if address.is_loopback() { "this machine".into() } else { address.to_string() }
}
