//! The files of the pages that hubs and nodes serve: what `cargo xtask dashboard` had built from `dashboard/` when this was
//! compiled, or nothing. Whoever serves them decides how; what is in a file, and what a browser is told about it, is here.

/// A file of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File {
    /// Where it is found, as `/assets/index-4f2a.js`.
    pub path: &'static str,
    /// What is in it.
    pub bytes: &'static [u8],
    /// The same, packed; none for what does not become smaller.
    pub gzip: Option<&'static [u8]>,
}

/// All of them, by path; empty when the pages have not been built.
pub static FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

/// The names of files below `/assets/` change with what is in them: `Cache-Control` for these.
pub const FOR_GOOD: &str = "public, max-age=31536000, immutable";
/// `Cache-Control` of a page itself, which names its files.
pub const ASK_AGAIN: &str = "no-cache";

/// What a page may do (`Content-Security-Policy`): it has its script and style beside it, so that no inline code needs to be
/// allowed, and loads nothing from elsewhere.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                          manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The file at an address.
pub fn find(path: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.path == path)
}

impl File {
    /// Its bytes, packed where `accept_encoding`, a request's header, takes that; and whether they are.
    pub fn body(&self, accept_encoding: Option<&str>) -> (bool, &'static [u8]) {
        let takes_gzip = accept_encoding.is_some_and(|value| value.split(',').any(|word| word.trim() == "gzip"));
        match self.gzip {
            Some(packed) if takes_gzip => (true, packed),
            _ => (false, self.bytes),
        }
    }
    /// Its `Content-Type`.
    pub fn kind(&self) -> &'static str {
        match self.path.rsplit('.').next() {
            Some("html") => "text/html; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("svg") => "image/svg+xml",
            Some("webmanifest") => "application/manifest+json",
            _ => "application/octet-stream",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_comes_packed_to_who_takes_that_and_says_what_it_is() {
        let file = File { path: "/assets/index-4f2a.js", bytes: b"plain", gzip: Some(b"packed") };
        assert_eq!(file.body(None), (false, &b"plain"[..]));
        assert_eq!(file.body(Some("br, gzip")), (true, &b"packed"[..]));
        assert_eq!(file.body(Some("gzipped")), (false, &b"plain"[..]));
        assert_eq!(File { gzip: None, ..file }.body(Some("gzip")), (false, &b"plain"[..]));
        assert_eq!(file.kind(), "text/javascript; charset=utf-8");
    }

    #[test]
    fn pages_name_only_files_that_are_there() {
        for page in FILES.iter().filter(|file| file.path.ends_with(".html")) {
            let text = std::str::from_utf8(page.bytes).unwrap();
            for name in text.split('"').filter(|word| word.starts_with("/assets/")) {
                assert!(find(name).is_some(), "{name} of {}", page.path);
            }
        }
        assert_eq!(find("/index.html").is_some(), find("/node.html").is_some(), "both are built, or none");
    }
}
