//! Files by their digest, whole or in one part (RFC 9110 sections 13.1.5 and 14.2).

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// What of a file is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// All of it.
    Whole,
    /// The bytes `from..=to`, which there are.
    Range { from: u64, to: u64 },
    /// Bytes that there are not.
    None,
}

/// Answers with `bytes`, whose strong validator is `etag` (in its quotes): all of them, or the part that was asked for.
pub(super) fn answer(headers: &HeaderMap, etag: &str, bytes: Vec<u8>) -> Response {
    answer_with(headers, etag, bytes.len() as u64, |from, len| {
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        let part = bytes.get(place(from)..place(from + len)).map(<[u8]>::to_vec).unwrap_or_default();
        Body::from(part)
    })
}

/// Answers with a file of `size` bytes, whose strong validator is `etag` (in its quotes): all of it, or the part that was
/// asked for. `body` gives so many bytes from a place on. A part is given only for the one range `bytes=FROM-TO` or
/// `bytes=FROM-`, and only while `If-Range` names this very file.
pub(super) fn answer_with(headers: &HeaderMap, etag: &str, size: u64, body: impl FnOnce(u64, u64) -> Body) -> Response {
    let (status, body, length, content_range) = match part(headers, etag, size) {
        Part::Whole => (StatusCode::OK, body(0, size), size, None),
        Part::None => (StatusCode::RANGE_NOT_SATISFIABLE, Body::empty(), 0, Some(format!("bytes */{size}"))),
        Part::Range { from, to } => {
            let length = to - from + 1;
            (StatusCode::PARTIAL_CONTENT, body(from, length), length, Some(format!("bytes {from}-{to}/{size}")))
        }
    };
    let mut response = (status, body).into_response();
    let mut set = |name, value: &str| {
        let value = HeaderValue::from_str(value).expect("digits, hex and quotes are header text");
        response.headers_mut().insert(name, value);
    };
    set(header::CONTENT_TYPE, "application/octet-stream");
    set(header::CONTENT_LENGTH, &length.to_string());
    set(header::ACCEPT_RANGES, "bytes");
    set(header::ETAG, etag);
    if let Some(range) = content_range {
        set(header::CONTENT_RANGE, &range);
    }
    response
}

fn part(headers: &HeaderMap, etag: &str, size: u64) -> Part {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let is_same_file = text(header::IF_RANGE).is_none_or(|validator| validator == etag);
    match text(header::RANGE).filter(|_| is_same_file).and_then(parse) {
        None => Part::Whole,
        Some((from, _)) if from >= size => Part::None,
        Some((from, to)) => Part::Range { from, to: to.min(size - 1) },
    }
}

/// `bytes=FROM-TO` or `bytes=FROM-`. Anything else - several ranges, a suffix, another unit - is no range: a server may answer
/// with the whole file.
fn parse(text: &str) -> Option<(u64, u64)> {
    let (from, to) = text.strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    let from = number(from)?;
    let to = if to.is_empty() { u64::MAX } else { number(to)? };
    (from <= to).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(range: &str, if_range: &str) -> (u16, Option<String>) {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, range.parse().unwrap());
        headers.insert(header::IF_RANGE, if_range.parse().unwrap());
        let response = answer(&headers, "\"abc\"", vec![0; 100]);
        let content_range = response.headers().get(header::CONTENT_RANGE);
        (response.status().as_u16(), content_range.map(|value| value.to_str().unwrap().to_owned()))
    }

    #[test]
    fn one_range_of_the_same_file_is_a_part_and_everything_else_the_whole() {
        let part = |text: &str| (206, Some(text.to_owned()));
        assert_eq!(asked("bytes=10-19", "\"abc\""), part("bytes 10-19/100"));
        assert_eq!(asked("bytes=90-", "\"abc\""), part("bytes 90-99/100"));
        assert_eq!(asked("bytes=90-500", "\"abc\""), part("bytes 90-99/100"));
        assert_eq!(asked("bytes=100-", "\"abc\""), (416, Some("bytes */100".into())));
        assert_eq!(asked("bytes=10-19", "\"other\""), (200, None));
        for range in ["bytes=-5", "bytes=1-2,5-6", "items=1-2", "bytes=9-3", "bytes=+1-2", "bytes"] {
            assert_eq!(asked(range, "\"abc\""), (200, None), "{range}");
        }
    }
}
