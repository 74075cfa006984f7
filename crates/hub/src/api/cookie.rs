//! The cookie of a browser's session: no script reads it, and no page of another site has it sent (ACC-4).

use axum::http::{Extensions, HeaderMap, HeaderValue, header};
use cuelight_net::clock::wall_now;

use crate::accounts::Opened;
use crate::front::Carrier;

/// Over TLS. The prefix has browsers refuse one that another host, or plain HTTP, wants to set (RFC 6265bis, 4.1.3.2).
const ENCRYPTED: &str = "__Host-cuelight";
/// Over plain HTTP, where no browser would take the other.
const PLAIN: &str = "cuelight";

/// Whether a request came over TLS.
pub(crate) fn is_encrypted(extensions: &Extensions) -> bool {
    extensions.get() == Some(&Carrier::Tls)
}

fn name(is_encrypted: bool) -> &'static str {
    if is_encrypted { ENCRYPTED } else { PLAIN }
}

/// The session that a browser shows.
pub(crate) fn session(headers: &HeaderMap, is_encrypted: bool) -> Option<&str> {
    let name = name(is_encrypted);
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(given, _)| *given == name).map(|(_, value)| value)
}

/// Has the browser keep a session: until it is closed, or for as long as the session lasts where the device is to be remembered.
pub(crate) fn keep(opened: &Opened, is_remembered: bool, is_encrypted: bool) -> HeaderValue {
    let age = opened.caller.expires_at.filter(|_| is_remembered).map(|end| (end - wall_now()).as_ms() / 1_000);
    line(&opened.secret, age, is_encrypted)
}

/// Has the browser forget it.
pub(crate) fn forget(is_encrypted: bool) -> HeaderValue {
    line("", Some(0), is_encrypted)
}

fn line(value: &str, age_s: Option<i64>, is_encrypted: bool) -> HeaderValue {
    let mut text = format!("{}={value}; Path=/; HttpOnly; SameSite=Strict", name(is_encrypted));
    if is_encrypted {
        text.push_str("; Secure");
    }
    if let Some(age_s) = age_s {
        text.push_str(&format!("; Max-Age={age_s}"));
    }
    let mut line = HeaderValue::from_str(&text).expect("a session is of letters and digits");
    line.set_sensitive(true);
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ACC-4
    #[test]
    fn each_scheme_has_its_cookie_and_takes_no_other() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, "theme=dark; cuelight=a".parse().unwrap());
        headers.append(header::COOKIE, "__Host-cuelight=b;x".parse().unwrap());
        assert_eq!((session(&headers, false), session(&headers, true)), (Some("a"), Some("b")));
        assert_eq!(session(&HeaderMap::new(), false), None);
    }

    /// ACC-4
    #[test]
    fn no_script_and_no_other_site_has_it() {
        assert_eq!(line("s", None, false), "cuelight=s; Path=/; HttpOnly; SameSite=Strict");
        assert_eq!(
            line("s", Some(60), true),
            "__Host-cuelight=s; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=60"
        );
        assert!(forget(true).to_str().unwrap().ends_with("Max-Age=0") && forget(true).is_sensitive());
    }
}
