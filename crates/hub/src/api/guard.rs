//! Who may call: anyone on this machine, elsewhere only who has the operator key; and no page of another site.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use cuelight_net::origin;

use super::{Problem, caller};
use crate::shared::Shared;

/// What proxies add to a request they pass on.
const FORWARDED: [&str; 3] = ["forwarded", "x-forwarded-for", "x-real-ip"];

/// Lets calls from loopback pass, others only with `Authorization: Bearer KEY` (HUB-3). A call that a proxy on this
/// machine passes on is not one of this machine.
pub(crate) async fn operator(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    match who_calls(&shared, peer, request.headers()) {
        Caller::Operator => caller::on_behalf_of(caller::at(peer.ip()), next.run(request)).await,
        Caller::WrongKey => {
            Problem::unauthorized("the operator key is wrong; it is in operator.key in the hub's data folder")
                .into_response()
        }
        Caller::Stranger => Problem::unauthorized(
            "calls from another machine need the header Authorization: Bearer KEY; \
             the key is in operator.key in the hub's data folder",
        )
        .into_response(),
    }
}

/// Whether a request comes from who may command the hub.
pub(crate) fn is_operator(shared: &Shared, peer: SocketAddr, headers: &HeaderMap) -> bool {
    matches!(who_calls(shared, peer, headers), Caller::Operator)
}

/// Who calls.
enum Caller {
    /// Somebody on this machine, or with the key.
    Operator,
    /// Somebody with another key.
    WrongKey,
    /// Somebody elsewhere without a key.
    Stranger,
}

fn who_calls(shared: &Shared, peer: SocketAddr, headers: &HeaderMap) -> Caller {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.strip_prefix("Bearer "));
    let is_forwarded = FORWARDED.iter().any(|name| headers.contains_key(*name));
    let is_local = peer.ip().to_canonical().is_loopback() && !is_forwarded;
    match given {
        Some(key) if shared.key.matches(key.trim()) => Caller::Operator,
        Some(_) => Caller::WrongKey,
        None if is_local => Caller::Operator,
        None => Caller::Stranger,
    }
}

/// Refuses what a browser sends on behalf of another site: its `Origin` must be the host it talks to, and on loopback,
/// where no key protects the hub, that host must be this machine by name or address (against DNS rebinding, HUB-3).
pub(crate) async fn own_pages(ConnectInfo(peer): ConnectInfo<SocketAddr>, request: Request, next: Next) -> Response {
    match foreign_page(request.headers(), peer.ip().to_canonical()) {
        None => next.run(request).await,
        Some(why) => Problem::forbidden(why).into_response(),
    }
}

fn foreign_page(headers: &HeaderMap, peer: IpAddr) -> Option<String> {
    let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or_default());
    origin::foreign_page(text(header::HOST).unwrap_or_default(), text(header::ORIGIN), peer.is_loopback(), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(host: &str, origin: Option<&str>, peer: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        foreign_page(&headers, peer.parse().unwrap()).is_some()
    }

    /// HUB-3
    #[test]
    fn pages_of_other_sites_are_refused_and_own_ones_pass() {
        assert!(!refused("localhost:8080", None, "127.0.0.1"));
        assert!(!refused("localhost:8080", Some("http://localhost:8080"), "127.0.0.1"));
        assert!(!refused("[::1]:8080", None, "::1"));
        assert!(!refused("[::1]", None, "::1"));
        assert!(refused("localhost:8080", Some("http://evil.example"), "127.0.0.1"));
        assert!(refused("localhost:8080", Some("null"), "127.0.0.1"));
        assert!(refused("evil.example:8080", None, "127.0.0.1"), "a rebound name");
        assert!(!refused("hub.lan:8080", None, "192.168.4.7"), "the key protects calls from elsewhere");
        assert!(refused("192.168.4.1", Some("http://192.168.4.1:81"), "192.168.4.7"));
    }
}
