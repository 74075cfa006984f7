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
    let name = name_of(host);
    let names: Vec<String> = own_name.into_iter().map(str::to_owned).collect();
    let is_own = is_own_name(host, true, &names);
    (is_open && !is_own).then(|| format!("call this machine as localhost or by its address, not as {name}"))
}

/// Ends of names that nobody can register for the whole world, so that a page from elsewhere cannot have one (RFC 6762,
/// section 3 and appendix G; RFC 8375).
const PRIVATE_ENDS: [&str; 7] = [".local", ".lan", ".home", ".home.arpa", ".internal", ".intranet", ".private"];

/// Whether `host` names this machine and nothing that somebody else could have made to point here: an address, `localhost`, or
/// one of `own_names`; and where the request is not `is_open`, a name of the local network.
pub fn is_own_name(host: &str, is_open: bool, own_names: &[String]) -> bool {
    let name = name_of(host).trim_end_matches('.');
    let by_address = name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    let lower = name.to_ascii_lowercase();
    let is_private = !lower.contains('.') || PRIVATE_ENDS.iter().any(|end| lower.ends_with(end));
    let is_named = lower == "localhost" || own_names.iter().any(|own| own.eq_ignore_ascii_case(&lower));
    name.is_empty() || by_address || is_named || (is_private && !is_open)
}

/// The host without its port.
pub fn name_of(host: &str) -> &str {
    host.rsplit_once(':').map_or(host, |(name, port)| if port.ends_with(']') { host } else { name })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(host: &str, origin: Option<&str>, is_open: bool) -> bool {
        foreign_page(host, origin, is_open, Some("node.local")).is_some()
    }

    /// HUB-3
    #[test]
    fn names_of_the_local_network_are_own_ones_where_a_key_protects_and_bought_ones_are_not() {
        let own = ["hub.example.org".to_owned()];
        for (host, is_open, is_own) in [
            ("hub", false, true),
            ("hub", true, false),
            ("hub.local.:8080", false, true),
            ("evil.example", false, false),
            ("local.evil.example", false, false),
            ("HUB.example.org:443", true, true),
            ("10.0.0.1:80", true, true),
            ("", true, true),
        ] {
            assert_eq!(is_own_name(host, is_open, &own), is_own, "{host}");
        }
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
