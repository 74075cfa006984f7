//! Lists that can be long, in pages: `?limit&cursor`, and where the next page is in the header `Link` (RFC 8288).
//!
//! A cursor is the key of the last item of a page, so items that come or go between two pages move nothing (HUB-14).

use axum::Json;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::Problem;

/// Items of a page, at most.
const MOST: usize = 1_000;

/// Which page.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Which {
    /// Items at most; all of them where nothing is said.
    #[param(minimum = 1, maximum = 1_000)]
    limit: Option<usize>,
    /// Where the page begins: what the header `Link` of the page before says.
    cursor: Option<String>,
}

impl Which {
    pub(crate) fn limit(&self) -> Option<usize> {
        self.limit
    }
    pub(crate) fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }
    pub(crate) fn check(&self) -> Result<(), Problem> {
        check_limit(self.limit)
    }

    /// What comes after the cursor, of items in the rising order of their keys, and the cursor of the next page.
    pub(crate) fn of<T, K: Ord>(
        self,
        items: impl Iterator<Item = T>,
        key: impl Fn(&T) -> K,
        read: impl Fn(&str) -> Option<K>,
        write: impl Fn(K) -> String,
    ) -> Result<Page<T>, Problem> {
        self.check()?;
        let after = self.cursor.as_deref().map(|cursor| {
            read(cursor).ok_or_else(|| Problem::bad_request("cursor is none that this list gave: begin without one"))
        });
        let after = after.transpose()?;
        let mut items = items.filter(|item| after.as_ref().is_none_or(|after| key(item) > *after)).peekable();
        let limit = self.limit.unwrap_or(usize::MAX);
        let mut page: Vec<T> = Vec::new();
        while page.len() < limit
            && let Some(item) = items.next()
        {
            page.push(item);
        }
        let next = items.peek().and(page.last()).map(|last| write(key(last)));
        Ok(Page { items: page, limit: self.limit, next })
    }
}

/// Refuses a page of nothing, and one of too much.
pub(crate) fn check_limit(limit: Option<usize>) -> Result<(), Problem> {
    match limit {
        Some(limit) if !(1..=MOST).contains(&limit) => {
            Err(Problem::unprocessable(format!("limit must be 1 to {MOST}")))
        }
        _ => Ok(()),
    }
}

/// A page.
#[derive(Debug)]
pub(crate) struct Page<T> {
    items: Vec<T>,
    limit: Option<usize>,
    next: Option<String>,
}

impl<T> Page<T> {
    pub(crate) fn new(items: Vec<T>, limit: Option<usize>, next: Option<String>) -> Self {
        Self { items, limit, next }
    }
    pub(crate) fn map<U>(self, view: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(view).collect(), limit: self.limit, next: self.next }
    }
}

impl<T: Serialize> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.items).into_response();
        if let (Some(limit), Some(next)) = (self.limit, self.next) {
            let cursor: String = next.bytes().map(escaped).collect();
            let link = format!("<?limit={limit}&cursor={cursor}>; rel=\"next\"");
            let link = HeaderValue::from_str(&link).expect("what is no letter or digit is escaped");
            response.headers_mut().insert(header::LINK, link);
        }
        response
    }
}

/// A byte as a query may hold it.
fn escaped(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(limit: Option<usize>, cursor: Option<&str>, items: &[u32]) -> (Vec<u32>, Option<String>) {
        let which = Which { limit, cursor: cursor.map(str::to_owned) };
        let page = which.of(items.iter().copied(), |n| *n, |text| text.parse().ok(), |n| n.to_string()).unwrap();
        (page.items, page.next)
    }

    /// HUB-14
    #[test]
    fn pages_follow_one_another_and_items_that_come_and_go_move_nothing() {
        assert_eq!(page(None, None, &[1, 2, 3]), (vec![1, 2, 3], None));
        assert_eq!(page(Some(2), None, &[1, 2, 3]), (vec![1, 2], Some("2".into())));
        // 2 has gone and 1.5 has come meanwhile.
        assert_eq!(page(Some(2), Some("2"), &[1, 3, 4]), (vec![3, 4], None));
        assert_eq!(page(Some(1), Some("4"), &[1, 3, 4]), (vec![], None));
        let wrong = Which { limit: None, cursor: Some("x".into()) };
        assert!(wrong.of([1_u32].into_iter(), |n| *n, |text| text.parse().ok(), |n| n.to_string()).is_err());
        assert!(Which { limit: Some(0), cursor: None }.check().is_err());
        assert!(Which { limit: Some(MOST + 1), cursor: None }.check().is_err());
    }
}
