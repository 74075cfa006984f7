//! `GET /`: the dashboard, when it was there when the hub was built; else one small page without a build step. Scripts and
//! styles are files of their own, so that the content security policy can forbid inline ones.

use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use cuelight_page::{ASK_AGAIN, FOR_GOOD, File, find};

use super::Problem;

pub(crate) async fn page(headers: HeaderMap) -> Response {
    match find("/index.html") {
        Some(file) => of_dashboard(file, &headers, ASK_AGAIN),
        None => small("text/html; charset=utf-8", include_str!("../page/page.html")),
    }
}

/// `GET /assets/FILE`
pub(crate) async fn asset(uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let file = find(uri.path()).ok_or_else(|| Problem::not_found(format!("nothing is at {uri}")))?;
    Ok(of_dashboard(file, &headers, FOR_GOOD))
}

pub(crate) async fn script() -> Response {
    small("text/javascript; charset=utf-8", include_str!("../page/page.js"))
}

pub(crate) async fn style() -> Response {
    small("text/css; charset=utf-8", include_str!("../page/page.css"))
}

fn of_dashboard(file: &File, headers: &HeaderMap, keep: &'static str) -> Response {
    let accepts = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let (packed, bytes) = file.body(accepts);
    let mut response = ([(header::CONTENT_TYPE, file.kind()), (header::CACHE_CONTROL, keep)], bytes).into_response();
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if packed {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

fn small(kind: &'static str, content: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], content).into_response()
}

#[cfg(test)]
mod tests {
    use cuelight_page::FILES;

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
        assert_eq!(names.is_empty(), FILES.is_empty());
        for name in names {
            assert!(asset(name.parse().unwrap(), HeaderMap::new()).await.is_ok(), "{name}");
        }
        assert!(asset("/assets/other.js".parse().unwrap(), HeaderMap::new()).await.is_err());
    }
}
