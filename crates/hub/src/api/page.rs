//! `GET /`: the dashboard, when it was there when the hub was built; else one small page without a build step. Scripts and
//! styles are files of their own, so that the content security policy can forbid inline ones.

use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};

use super::Problem;

/// A file of the dashboard.
struct File {
    /// Where it is found.
    path: &'static str,
    bytes: &'static [u8],
    /// The same, packed.
    gzip: Option<&'static [u8]>,
}

/// The dashboard as `cargo xtask dashboard` has left it; empty when it has not been built.
static DASHBOARD: &[File] = include!(concat!(env!("OUT_DIR"), "/dashboard.rs"));

/// The names of these files change with what is in them.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

pub(crate) async fn page(headers: HeaderMap) -> Response {
    match DASHBOARD.iter().find(|file| file.path == "/index.html") {
        Some(file) => of_dashboard(file, &headers, "no-cache"),
        None => small("text/html; charset=utf-8", include_str!("../page/page.html")),
    }
}

/// `GET /assets/FILE`
pub(crate) async fn asset(uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let file = DASHBOARD.iter().find(|file| file.path == uri.path());
    let file = file.ok_or_else(|| Problem::not_found(format!("nothing is at {uri}")))?;
    Ok(of_dashboard(file, &headers, FOR_GOOD))
}

pub(crate) async fn script() -> Response {
    small("text/javascript; charset=utf-8", include_str!("../page/page.js"))
}

pub(crate) async fn style() -> Response {
    small("text/css; charset=utf-8", include_str!("../page/page.css"))
}

fn of_dashboard(file: &File, headers: &HeaderMap, keep: &'static str) -> Response {
    let takes_gzip = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let takes_gzip = takes_gzip.is_some_and(|value| value.split(',').any(|word| word.trim() == "gzip"));
    let (packed, bytes) = match file.gzip {
        Some(packed) if takes_gzip => (true, packed),
        _ => (false, file.bytes),
    };
    let mut response =
        ([(header::CONTENT_TYPE, kind(file.path)), (header::CACHE_CONTROL, keep)], bytes).into_response();
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if packed {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("webmanifest") => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

fn small(kind: &'static str, content: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], content).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header_of<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
        response.headers().get(name).map(|value| value.to_str().unwrap())
    }

    static FILE: File = File { path: "/assets/index-4f2a.js", bytes: b"plain", gzip: Some(b"packed") };

    #[test]
    fn a_file_whose_name_tells_its_content_is_kept_and_comes_packed_to_who_takes_that() {
        let plain = of_dashboard(&FILE, &HeaderMap::new(), FOR_GOOD);
        assert_eq!(header_of(&plain, "content-type"), Some("text/javascript; charset=utf-8"));
        assert_eq!(header_of(&plain, "cache-control"), Some("public, max-age=31536000, immutable"));
        assert_eq!(header_of(&plain, "content-encoding"), None);
        let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static("br, gzip"))]);
        let packed = of_dashboard(&FILE, &headers, FOR_GOOD);
        assert_eq!(header_of(&packed, "content-encoding"), Some("gzip"));
        assert_eq!(header_of(&packed, "vary"), Some("Accept-Encoding"));
    }

    #[tokio::test]
    async fn the_page_is_asked_for_anew_each_time_and_names_only_files_that_are_there() {
        let page = page(HeaderMap::new()).await;
        assert_eq!(header_of(&page, "cache-control"), Some("no-cache"));
        let bytes = axum::body::to_bytes(page.into_body(), 1 << 20).await.unwrap();
        let text = std::str::from_utf8(&bytes).unwrap();
        let names: Vec<&str> = text.split('"').filter(|word| word.starts_with("/assets/")).collect();
        assert_eq!(names.is_empty(), DASHBOARD.is_empty());
        for name in names {
            assert!(asset(name.parse().unwrap(), HeaderMap::new()).await.is_ok(), "{name}");
        }
        assert!(asset("/assets/other.js".parse().unwrap(), HeaderMap::new()).await.is_err());
    }
}
