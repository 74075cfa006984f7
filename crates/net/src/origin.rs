//! Who stands behind a request: this machine's own user, or a page of another site in a browser (HUB-3).

use std::net::IpAddr;

/// Why a request is refused as one that a browser sends on behalf of another site; `None` when it is not.
///
/// Its `Origin` must be the host it talks to (`Host`). Where the request `is_open`, protected by no key, that host must
/// also be this machine by address, as `localhost` or by its `own_name`: a foreign name may have been made to point here
/// (DNS rebinding).
pub fn foreign_page(host: &str, origin: Option<&str>, is_open: bool, own_name: Option<&str>) -> Option<String> {
    if let Some(origin) = origin {
        let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        if authority != Some(host) {
            return Some(format!("a page of {origin} may not talk to this machine"));
        }
    }
    let name = host.rsplit_once(':').map_or(host, |(name, port)| if port.ends_with(']') { host } else { name });
    let by_address = name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    let names = ["localhost"].into_iter().chain(own_name);
    let is_own = name.is_empty() || by_address || names.into_iter().any(|own| name.eq_ignore_ascii_case(own));
    (is_open && !is_own).then(|| format!("call this machine as localhost or by its address, not as {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(host: &str, origin: Option<&str>, is_open: bool) -> bool {
        foreign_page(host, origin, is_open, Some("node.local")).is_some()
    }

    /// HUB-3
    #[test]
    fn pages_of_other_sites_are_refused_and_own_ones_pass() {
        assert!(!is_refused("localhost:8080", None, true));
        assert!(!is_refused("localhost:8080", Some("http://localhost:8080"), true));
        assert!(!is_refused("node.local:8080", Some("http://node.local:8080"), true));
        assert!(!is_refused("192.168.4.1:8080", None, true));
        assert!(!is_refused("[::1]:8080", None, true));
        assert!(!is_refused("[::1]", None, true));
        assert!(is_refused("localhost:8080", Some("http://evil.example"), true));
        assert!(is_refused("localhost:8080", Some("null"), true));
        assert!(is_refused("evil.example:8080", None, true), "a rebound name");
        assert!(is_refused("evil.example", Some("http://evil.example"), true), "a page of a rebound name");
        assert!(!is_refused("hub.lan:8080", None, false), "a key protects it");
        assert!(is_refused("192.168.4.1", Some("http://192.168.4.1:81"), false));
    }
}
