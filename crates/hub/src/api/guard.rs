//! Who may call (HUB-3, ACC-1): every request passes here before anything looks at it. It finds out who makes the request, counts
//! it, and compares the role with what the call wants.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use cuelight_net::origin;

use super::calls::Roles;
use super::{Problem, caller, cookie, recorded};
use crate::accounts::{Caller, Least, Neighbourhood, Role, Via, Who};
use crate::shared::Shared;

/// What proxies add to a request they pass on.
const FORWARDED: [&str; 3] = ["forwarded", "x-forwarded-for", "x-real-ip"];
/// Where a ticket opens the connection.
const TICKETED: &str = "/api/v1/live";
/// Where a page asks who looks at it.
const WHO: &str = "/api/v1/me";
const WRONG_KEY: &str = "the key is wrong, revoked or expired; an admin makes another, and the one of the hub's own machine is \
                         in operator.key in its data folder";
const NO_KEY: &str = "log in, or send the header Authorization: Bearer KEY; the key of the hub's own machine is in operator.key \
                      in its data folder";

/// What the guard compares with.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    pub(crate) shared: Shared,
    pub(crate) roles: Roles,
}

/// Who makes a request.
enum Found {
    Caller(Caller),
    /// Somebody whose key is none.
    WrongKey,
    Nobody,
}

/// Lets a request through whose caller may make the call; the caller goes along as an extension.
pub(crate) async fn admit(
    State(Gate { shared, roles }): State<Gate>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    // What no route takes shows nothing to anybody.
    let least = path.and_then(|path| roles.least(path, request.method())).unwrap_or(Least::Anybody);
    let ip = peer.ip().to_canonical();
    let is_local = ip.is_loopback() && !is_forwarded(request.headers());
    let found = find(&shared, is_local, &request);
    let caller = match &found {
        Found::Caller(caller) => Some(caller),
        Found::WrongKey | Found::Nobody => None,
    };
    let refused = match count(&shared, ip, is_local, &found, request.method()) {
        Err(problem) => Some(problem),
        Ok(()) => (!least.is_met_by(caller.map(|caller| caller.role))).then(|| refusal(least, &found)),
    };
    if let Some(problem) = refused {
        let path = request.uri().path();
        // A page that is opened asks first who looks at it; that nobody is logged in is no news.
        if !(path == WHO && matches!(found, Found::Nobody)) {
            recorded::refused(&shared, caller, ip, (request.method(), path), problem.words());
        }
        return problem.into_response();
    }
    let by = match found {
        Found::Caller(caller) => {
            let name = caller.name.clone();
            request.extensions_mut().insert(caller);
            name
        }
        Found::WrongKey | Found::Nobody => caller::at(ip),
    };
    caller::on_behalf_of(by, next.run(request)).await
}

fn refusal(least: Least, found: &Found) -> Problem {
    match (found, least) {
        (Found::Caller(caller), Least::Role(wanted)) => Problem::role(format!(
            "this is for the role {wanted}; {} has the role {}. An admin can give another",
            caller.name, caller.role
        )),
        (Found::WrongKey, _) => Problem::unauthorized(WRONG_KEY),
        _ => Problem::unauthorized(NO_KEY),
    }
}

/// Counts a request. What programs of the hub's own machine ask with the machine's own key, or without any, is not counted:
/// whoever may do that may also stop the hub.
fn count(shared: &Shared, ip: IpAddr, is_local: bool, found: &Found, method: &Method) -> Result<(), Problem> {
    let id = match found {
        Found::Caller(caller) => caller.via.id(),
        Found::WrongKey | Found::Nobody => None,
    };
    let who = match id {
        Some(id) => Who::Secret(id.clone()),
        None if is_local => return Ok(()),
        None => Who::Address(Neighbourhood::of(ip)),
    };
    let is_write = !method.is_safe();
    shared.accounts.count(who, is_write, shared.clock.now()).map_err(|wait| {
        let detail = "too many requests from this key, session or address: send fewer; --reads-per-s and --writes-per-s of the \
                      hub say how many it takes";
        Problem::too_many(detail, wait)
    })
}

fn find(shared: &Shared, is_local: bool, request: &Request) -> Found {
    let headers = request.headers();
    if let Some(given) = headers.get(header::AUTHORIZATION) {
        let key = given.to_str().ok().and_then(|value| value.strip_prefix("Bearer "));
        let caller = key.and_then(|key| shared.accounts.by_key(key.trim()));
        return caller.map_or(Found::WrongKey, Found::Caller);
    }
    if request.uri().path() == TICKETED
        && let Some(ticket) = ticket(request.uri().query().unwrap_or_default())
    {
        let caller = shared.live.tickets.take(ticket, shared.clock.now());
        return caller.map_or(Found::WrongKey, Found::Caller);
    }
    // Browsers send cookies with a WebSocket that a page of another site opens, and then say whose page it is. Who does not say
    // it is no browser.
    let is_socket = headers.contains_key(header::SEC_WEBSOCKET_KEY);
    if !is_socket || headers.contains_key(header::ORIGIN) {
        let session = cookie::session(headers, cookie::is_encrypted(request.extensions()));
        if let Some(caller) = session.and_then(|session| shared.accounts.by_session(session)) {
            return Found::Caller(caller);
        }
    }
    if is_local && shared.accounts.trusts_this_machine() {
        let name = "this machine".to_owned();
        return Found::Caller(Caller {
            role: Role::Admin,
            name,
            via: Via::ThisMachine,
            expires_at: None,
            universes: None,
        });
    }
    Found::Nobody
}

/// A proxy on this machine must not lend its address to strangers.
pub(crate) fn is_forwarded(headers: &HeaderMap) -> bool {
    FORWARDED.iter().any(|name| headers.contains_key(*name))
}

/// The key a request shows.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok())?.strip_prefix("Bearer ")
}

fn ticket(query: &str) -> Option<&str> {
    query.split('&').find_map(|pair| pair.strip_prefix("ticket="))
}

/// Refuses what a browser sends on behalf of another site (HUB-3): its `Origin` must be the host it talks to, it must not say
/// itself that a change comes from another site, and the host must be one that nobody else can have made to point here.
pub(crate) async fn own_pages(
    State(Gate { shared, .. }): State<Gate>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    // Where no key protects it.
    let is_open = peer.ip().to_canonical().is_loopback() && shared.accounts.trusts_this_machine();
    match foreign_page(&request, is_open, &shared.host_names) {
        None => next.run(request).await,
        Some(why) => {
            let problem = Problem::forbidden(why);
            let asked = (request.method(), request.uri().path());
            recorded::refused(&shared, None, peer.ip(), asked, problem.words());
            problem.into_response()
        }
    }
}

fn foreign_page(request: &Request, is_open: bool, host_names: &[String]) -> Option<String> {
    let headers = request.headers();
    let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or_default());
    let host = text(header::HOST).unwrap_or_default();
    let origin = text(header::ORIGIN);
    let site = text(header::HeaderName::from_static("sec-fetch-site"));
    if !request.method().is_safe() && matches!(site, Some("cross-site" | "same-site")) {
        return Some("a page of another site may not change anything here".to_owned());
    }
    if let Some(why) = origin::foreign_page(host, origin, false, None) {
        return Some(why);
    }
    // Its own page came over TLS too; one in plain text may be anybody's who stands in between.
    if cookie::is_encrypted(request.extensions()) && origin.is_some_and(|origin| origin.starts_with("http://")) {
        return Some("a page that came in plain text may not talk to this hub over TLS".to_owned());
    }
    // A key cannot be had by a page of a name that was made to point here; nodes send neither keys nor cookies, and what they
    // fetch is for everybody.
    let is_for_pages = ["/api/", "/metrics", "/health"].iter().any(|start| request.uri().path().starts_with(start))
        || request.uri().path() == "/";
    let is_guarded = is_open || (is_for_pages && !headers.contains_key(header::AUTHORIZATION));
    (is_guarded && !origin::is_own_name(host, is_open, host_names)).then(|| {
        format!(
            "call this hub as localhost or by its address, not as {}; a name it has in your network can be given with \
             --host-name",
            origin::name_of(host)
        )
    })
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;
    use crate::front::Carrier;

    fn refused(method: Method, path: &str, peer: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let peer: IpAddr = peer.parse().unwrap();
        let own = ["hub.example.org".to_owned()];
        foreign_page(&request.body(Body::empty()).unwrap(), peer.is_loopback(), &own).is_some()
    }

    /// HUB-3
    #[test]
    fn pages_of_other_sites_are_refused_and_own_ones_pass() {
        let get = |host: &str, origin: Option<&str>, peer| {
            let headers: Vec<_> = [("host", host)].into_iter().chain(origin.map(|origin| ("origin", origin))).collect();
            refused(Method::GET, "/api/v1/show", peer, &headers)
        };
        assert!(!get("localhost:8080", None, "127.0.0.1"));
        assert!(!get("localhost:8080", Some("http://localhost:8080"), "127.0.0.1"));
        assert!(!get("[::1]:8080", None, "::1"));
        assert!(!get("[::1]", None, "::1"));
        assert!(get("localhost:8080", Some("http://evil.example"), "127.0.0.1"));
        assert!(get("localhost:8080", Some("null"), "127.0.0.1"));
        assert!(get("evil.example:8080", None, "127.0.0.1"), "a rebound name");
        assert!(get("evil", None, "127.0.0.1"), "on this machine nothing but its own names");
        assert!(get("192.168.4.1", Some("http://192.168.4.1:81"), "192.168.4.7"));
    }

    /// HUB-3
    #[test]
    fn a_name_that_anybody_can_buy_is_the_hubs_only_where_it_was_told_so() {
        let at = |path: &str, headers: &[(&str, &str)]| refused(Method::GET, path, "192.168.4.7", headers);
        for name in
            ["hub", "hub.local:8080", "hub.lan", "hub.home.arpa", "hub.internal", "192.168.4.1", "hub.example.org"]
        {
            assert!(!at("/api/v1/show", &[("host", name)]), "{name}");
        }
        for path in ["/", "/api/v1/show", "/api/v1/live", "/metrics"] {
            assert!(at(path, &[("host", "evil.example")]), "{path}");
            assert!(!at(path, &[("host", "evil.example"), ("authorization", "Bearer x")]), "no page has a key");
        }
        assert!(!at("/ws", &[("host", "show.example")]), "a node calls its hub as it was told");
    }

    /// HUB-3
    #[test]
    fn a_page_that_came_in_plain_text_does_not_talk_to_the_hub_over_tls() {
        for (carrier, origin, is_refused) in [
            (Carrier::Tls, "http://hub.local", true),
            (Carrier::Tls, "https://hub.local", false),
            (Carrier::Plain, "http://hub.local", false),
            // A proxy speaks TLS to browsers, and plain text to the hub on its machine.
            (Carrier::Plain, "https://hub.local", false),
        ] {
            let request = Request::get("/api/v1/live").header("host", "hub.local").header("origin", origin);
            let request = request.extension(carrier).body(Body::empty()).unwrap();
            assert_eq!(foreign_page(&request, false, &[]).is_some(), is_refused, "{carrier:?} {origin}");
        }
    }

    /// HUB-3
    #[test]
    fn what_a_browser_says_comes_from_another_site_changes_nothing() {
        let own = [("host", "hub.local"), ("origin", "http://hub.local")];
        for (site, is_refused) in [("same-origin", false), ("none", false), ("same-site", true), ("cross-site", true)] {
            let headers = [own[0], own[1], ("sec-fetch-site", site)];
            for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                assert_eq!(refused(method, "/api/v1/blackout", "192.168.4.7", &headers), is_refused, "{site}");
            }
        }
        // Following a link here from elsewhere is no change.
        assert!(!refused(Method::GET, "/", "192.168.4.7", &[("host", "hub.local"), ("sec-fetch-site", "cross-site")]));
    }
}
