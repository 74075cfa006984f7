//! Answers requests: three addresses and the files of the page, by GET alone. Few connections, short ones; a page of another site
//! gets nothing, nor does a foreign name that was made to point here.

use std::convert::Infallible;
use std::fmt::Write;
use std::net::TcpListener as StdListener;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cuelight_net::origin::foreign_page;
use cuelight_page::{ASK_AGAIN, FOR_GOOD, POLICY, find};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use super::Desk;
use super::levels::Levels;
use super::resources::Gauge;
use super::status::StatusView;

/// Connections at once; one more waits until another ends. A browser opens six.
const ROOM: usize = 24;
/// How long a connection may take to send a request's head, or be idle between two requests.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// How long one connection is served at all.
const CONNECTION_LIFE: Duration = Duration::from_secs(120);
/// Bytes of a request's head, at most.
const MAX_HEAD: usize = 8 * 1024;
/// Pause after the system refused a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(250);

/// What a node without the built page shows.
const NOT_BUILT: &str =
    "This node was built without its page: cargo xtask dashboard builds it. GET /api/status tells the same.\n";

type Answer = Response<Full<Bytes>>;

/// What answers.
#[derive(Clone, Debug)]
pub(super) struct Server {
    desk: Arc<Desk>,
    gauge: Arc<Mutex<Gauge>>,
    levels: Arc<Mutex<Levels>>,
}

impl Server {
    pub(super) fn new(desk: Arc<Desk>) -> Self {
        Self { desk, gauge: Arc::default(), levels: Arc::default() }
    }

    /// Serves until the other end of `stopped` is gone.
    pub(super) fn run(self, listener: StdListener, stopped: watch::Receiver<()>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
        match runtime {
            Ok(runtime) => {
                runtime.block_on(self.serve(listener, stopped));
                // Connections that are open end with it.
                runtime.shutdown_background();
            }
            Err(error) => warn!("the node's page cannot be served: {error}"),
        }
    }

    async fn serve(self, listener: StdListener, mut stopped: watch::Receiver<()>) {
        let listener = match TcpListener::from_std(listener) {
            Ok(listener) => listener,
            Err(error) => return warn!("the node's page cannot be served: {error}"),
        };
        let room = Arc::new(Semaphore::new(ROOM));
        loop {
            let place = Arc::clone(&room).acquire_owned().await.expect("the semaphore is never closed");
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = stopped.changed() => return,
            };
            match accepted {
                Ok((stream, _)) => drop(tokio::spawn(self.clone().connection(stream, place))),
                Err(error) => {
                    debug!("a connection cannot be accepted: {error}");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    async fn connection(self, stream: TcpStream, _place: OwnedSemaphorePermit) {
        let service = service_fn(move |request: Request<Incoming>| {
            let answer = self.answer(request.method(), request.uri().path(), request.uri().query(), request.headers());
            async move { Ok::<_, Infallible>(answer) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(MAX_HEAD)
            .serve_connection(TokioIo::new(stream), service);
        if let Ok(Err(error)) = timeout(CONNECTION_LIFE, connection).await {
            debug!("a connection to the page ends: {error}");
        }
    }

    fn answer(&self, method: &Method, path: &str, query: Option<&str>, headers: &hyper::HeaderMap) -> Answer {
        let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or_default());
        let host = text(header::HOST).unwrap_or_default();
        if let Some(why) = foreign_page(host, text(header::ORIGIN), true, Some(&self.desk.own_name)) {
            return plain(StatusCode::FORBIDDEN, why);
        }
        if method != Method::GET {
            return plain(StatusCode::METHOD_NOT_ALLOWED, "a node's page is only read\n");
        }
        match path {
            "/" => match find("/node.html") {
                Some(_) => file("/node.html", text(header::ACCEPT_ENCODING), ASK_AGAIN),
                None => plain(StatusCode::OK, NOT_BUILT),
            },
            "/api/status" => self.status(),
            "/api/levels" => self.levels(query),
            _ if path.starts_with("/assets/") => file(path, text(header::ACCEPT_ENCODING), FOR_GOOD),
            _ => plain(StatusCode::NOT_FOUND, "nothing is here: GET /, /api/status or /api/levels?universe=N\n"),
        }
    }

    fn status(&self) -> Answer {
        let Desk { facts, status, glance, clock, .. } = &*self.desk;
        let resources = self.gauge.lock().unwrap_or_else(PoisonError::into_inner).read(clock.now());
        let mut pixels = String::new();
        if let Some(glance) = glance.get() {
            for pixel in &glance.pixels[..glance.len] {
                let _ = write!(pixels, "{:02x}{:02x}{:02x}", pixel.r, pixel.g, pixel.b);
            }
        }
        json(&StatusView::of(facts, &status.load(), resources, pixels, *clock))
    }

    fn levels(&self, query: Option<&str>) -> Answer {
        let asked = query.and_then(|query| query.split('&').find_map(|pair| pair.strip_prefix("universe=")));
        let wanted = match asked.map(str::parse) {
            None => None,
            Some(Ok(universe)) => Some(universe),
            Some(Err(_)) => return plain(StatusCode::BAD_REQUEST, "universe is a number, 1 to 63999\n"),
        };
        let mut levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
        json(&levels.at(self.desk.play.load_full(), wanted, self.desk.clock.now()))
    }
}

fn json(value: &impl serde::Serialize) -> Answer {
    match serde_json::to_vec(value) {
        Ok(bytes) => whole(StatusCode::OK, "application/json", "no-store", bytes.into()),
        Err(error) => plain(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

fn file(path: &str, accept_encoding: Option<&str>, keep: &'static str) -> Answer {
    let Some(file) = find(path) else { return plain(StatusCode::NOT_FOUND, "nothing is here\n") };
    let (is_packed, bytes) = file.body(accept_encoding);
    let mut answer = whole(StatusCode::OK, file.kind(), keep, Bytes::from_static(bytes));
    answer.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if is_packed {
        answer.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    answer
}

fn plain(status: StatusCode, text: impl Into<Bytes>) -> Answer {
    whole(status, "text/plain; charset=utf-8", "no-store", text.into())
}

/// Browsers are told with every answer that nothing is framed, sniffed, or loaded from elsewhere.
fn whole(status: StatusCode, kind: &'static str, keep: &'static str, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, keep),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in headers {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

#[cfg(test)]
mod tests {
    use arc_swap::{ArcSwap, ArcSwapOption};
    use cuelight_net::clock::LocalClock;
    use cuelight_output::glance::Glances;
    use http_body_util::BodyExt;

    use super::*;

    fn server() -> Server {
        Server::new(Arc::new(Desk {
            facts: Default::default(),
            status: ArcSwap::default(),
            play: ArcSwapOption::empty(),
            glance: Glances::new().1,
            clock: LocalClock::UNCHANGED,
            own_name: "cuelight-020000000001.local".into(),
        }))
    }

    fn ask(method: Method, path: &str, headers: &[(&'static str, &'static str)]) -> Answer {
        let headers =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect();
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        server().answer(&method, path, query, &headers)
    }

    const HOST: (&str, &str) = ("host", "192.168.4.7:8090");

    #[tokio::test]
    async fn the_status_is_there_before_anything_has_happened() {
        let answer = ask(Method::GET, "/api/status", &[HOST]);
        assert_eq!(
            (answer.status(), &answer.headers()["cache-control"]),
            (StatusCode::OK, &HeaderValue::from_static("no-store"))
        );
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let status: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((&status["link"]["state"], &status["log"]), (&"disconnected".into(), &serde_json::json!([])));
    }

    #[test]
    fn it_is_only_read_and_only_by_its_own_page() {
        let status = |method, path, headers: &[_]| ask(method, path, headers).status().as_u16();
        assert_eq!(status(Method::POST, "/api/status", &[HOST]), 405);
        assert_eq!(status(Method::GET, "/api/nothing", &[HOST]), 404);
        assert_eq!(status(Method::GET, "/assets/../Cargo.toml", &[HOST]), 404);
        assert_eq!(status(Method::GET, "/api/levels?universe=x", &[HOST]), 400);
        assert_eq!(status(Method::GET, "/api/levels?universe=1", &[HOST]), 200);
        assert_eq!(status(Method::GET, "/api/status", &[("host", "evil.example")]), 403, "a rebound name");
        assert_eq!(status(Method::GET, "/api/status", &[HOST, ("origin", "http://evil.example")]), 403);
        assert_eq!(status(Method::GET, "/api/status", &[("host", "cuelight-020000000001.local:8090")]), 200);
        assert_eq!(status(Method::GET, "/", &[HOST]), 200, "with or without the built page");
    }
}
