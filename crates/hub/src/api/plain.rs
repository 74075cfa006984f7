//! What may be asked for in plain text (TRUST-13): everything on this machine, where nobody listens; elsewhere, unless the hub
//! was told to serve all of it, the authority's certificate, whether the hub is well, and what deployed devices ask for, where
//! those are let in. People are sent on to TLS, programs are told what to do.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use cuelight_wire::limits::WS_PATH;

use super::Problem;
use crate::front::{Carrier, LocalAddress};
use crate::origin::Origin;
use crate::shared::Shared;

/// The certificate of the hub's own authority.
pub(crate) const AUTHORITY_PATH: &str = "/ca.pem";
/// What anybody may ask for.
const OPEN: [&str; 2] = [AUTHORITY_PATH, "/health"];
/// What deployed devices ask for.
const DEPLOYED: [&str; 3] = [WS_PATH, "/ota", "/patterns"];

/// Lets pass what may travel in plain text.
pub(crate) async fn only_what_may(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let is_plain = request.extensions().get() == Some(&Carrier::Plain);
    let is_local = peer.ip().to_canonical().is_loopback();
    if !is_plain || is_local || shared.may_be_plain.all || may_pass(request.uri().path(), shared.may_be_plain.deployed)
    {
        return next.run(request).await;
    }
    let local = request.extensions().get().and_then(|LocalAddress(local)| *local);
    let origin = Origin::of(request.headers(), local, Carrier::Tls);
    if wants_page(request.method(), request.headers()) {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        // Not for good: whoever starts the hub with --plain-http wants it back.
        if let Ok(to) = HeaderValue::try_from(format!("{origin}{path}")) {
            return (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response();
        }
    }
    Problem::forbidden(format!(
        "this hub speaks TLS: ask {origin} instead. Its authority's certificate is at {AUTHORITY_PATH}. Plain text needs \
         --plain-http on the hub, deployed devices --allow-legacy"
    ))
    .into_response()
}

/// What is served in plain text to other machines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct MayBePlain {
    /// Everything.
    pub(crate) all: bool,
    /// What deployed devices ask for.
    pub(crate) deployed: bool,
}

fn may_pass(path: &str, deployed: bool) -> bool {
    OPEN.contains(&path) || (deployed && is_deployed(path))
}

/// One of their paths, or below it.
fn is_deployed(path: &str) -> bool {
    DEPLOYED.iter().any(|start| path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

fn wants_page(method: &Method, headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    matches!(*method, Method::GET | Method::HEAD) && accepts.contains("text/html")
}

/// `GET /ca.pem`
pub(crate) async fn authority(State(shared): State<Shared>) -> Response {
    match shared.tls.authority_pem() {
        Some(pem) => ([(header::CONTENT_TYPE, "application/x-pem-file")], pem.to_owned()).into_response(),
        None => Problem::not_found("this hub's certificate was given to it: ask who made it for the authority's")
            .into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// TRUST-13
    #[test]
    fn in_plain_text_pass_the_certificate_health_and_what_deployed_devices_ask_for() {
        for path in ["/ca.pem", "/health"] {
            assert!(may_pass(path, false), "{path}");
        }
        for path in ["/ws", "/ota/manifest.json", "/ota/k1/s3/2.8.0.bin", "/patterns", "/patterns/ab"] {
            assert!(may_pass(path, true) && !may_pass(path, false), "{path}");
        }
        for path in ["/", "/api/v1/show", "/metrics", "/ca.pem/", "/wsx", "/patternsx", "/cues", "/shows/ab"] {
            assert!(!may_pass(path, true) && !may_pass(path, false), "{path}");
        }
    }
}
