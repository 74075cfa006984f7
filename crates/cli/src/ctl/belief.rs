//! Whether the hub that answers is the one that is meant: the authority given with --hub-ca, else the one kept when the hub was
//! first met, as ssh keeps the keys of hosts (TRUST-3).

use std::cell::Cell;
use std::fs;
use std::path::Path;

use cuelight_net::addresses::is_loopback;
use cuelight_trust::{Authority, KeepError, KnownHubs, Pin, Trust};

use crate::address::HubAddress;
use crate::folders;

/// What is believed of one hub.
pub(crate) struct Belief {
    trust: Trust,
    /// The hub and where it is kept, when nothing was known of it.
    unmet: Option<(String, KnownHubs)>,
    /// The authority of the hub whose data folder is on this machine.
    own: Option<Pin>,
    is_kept: Cell<bool>,
}

impl Belief {
    /// What is known of `hub`: nothing is needed where it is spoken to in plain text.
    pub(crate) fn of(hub: &HubAddress, given: Option<&Authority>, data_dir: &Path) -> Result<Self, KeepError> {
        let own = fs::read(data_dir.join("ca.pem")).ok().and_then(|pem| Authority::of_pem(&pem));
        let own = own.and_then(|authority| authority.pins().first().copied());
        Self::with(hub, given, own, KnownHubs::new(folders::state("known_hubs")))
    }

    fn with(
        hub: &HubAddress,
        given: Option<&Authority>,
        own: Option<Pin>,
        known: KnownHubs,
    ) -> Result<Self, KeepError> {
        let of = |trust, unmet| Self { trust, unmet, own, is_kept: Cell::new(false) };
        if let Some(authority) = given {
            let advice = "correct --hub-ca if the hub is the right one; else somebody is in between";
            return Ok(of(Trust::pinned(authority, "given with --hub-ca", advice), None));
        }
        if !hub.is_tls() {
            return Ok(of(Trust::nobody_yet(), None));
        }
        // On its own machine it is known by its data folder.
        if let Some(own) = own.filter(|_| is_loopback(hub.host())) {
            let advice =
                "name the data folder of the hub that is meant with --data-dir, or its authority with --hub-ca";
            let trust = Trust::pinned(&own.into(), "of the hub whose data folder is on this machine", advice);
            return Ok(Self { trust, unmet: None, own: Some(own), is_kept: Cell::new(false) });
        }
        let path = known.path().display();
        Ok(match known.of(hub.host())? {
            Some(pin) => {
                let advice = format!(
                    "somebody may be in between. If the hub is a new one, remove the line of {} from {path}, or give --hub-ca",
                    hub.host()
                );
                of(Trust::pinned(&pin.into(), format!("kept in {path}"), advice), None)
            }
            None => of(Trust::nobody_yet(), Some((hub.host().to_owned(), known))),
        })
    }

    pub(crate) const fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Whether a key that lies in the data folder of this machine's hub may be shown: to that hub, and to no other that is met
    /// for the first time.
    pub(crate) fn may_see_own_key(&self) -> bool {
        match (self.trust.met(), self.own) {
            (Some(met), Some(own)) => met == own,
            _ => true,
        }
    }

    /// The hub has answered: a hub met for the first time is kept. What is to be said about it, once.
    pub(crate) fn on_answer(&self) -> Option<String> {
        let ((hub, known), pin) = (self.unmet.as_ref()?, self.trust.met()?);
        if self.is_kept.replace(true) {
            return None;
        }
        let path = known.path().display();
        self.trust.keep(&pin.into(), "met before in this call", "somebody may be in between");
        match known.keep(hub, pin) {
            Ok(()) if self.own == Some(pin) => None,
            Ok(()) => Some(format!("{hub} is met for the first time: its authority {pin} is kept in {path}")),
            Err(error) => Some(format!("{error}; the next call believes whoever answers at {hub}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn belief(hub: &str, given: Option<&Authority>, known: &KnownHubs) -> Belief {
        Belief::with(&hub.parse().unwrap(), given, Some(Pin([9; 32])), known.clone()).unwrap()
    }

    /// TRUST-3
    #[test]
    fn what_was_given_goes_over_what_was_kept_and_plain_text_needs_neither() {
        let folder = tempfile::tempdir().unwrap();
        let known = KnownHubs::new(folder.path().join("known_hubs"));
        known.keep("hub.local:8080", Pin([1; 32])).unwrap();
        assert_eq!(belief("hub.local", None, &known).trust().pins(), [Pin([1; 32])]);
        let given = Authority::from(Pin([2; 32]));
        assert_eq!(belief("hub.local", Some(&given), &known).trust().pins(), [Pin([2; 32])]);
        let plain = belief("http://hub.local", None, &known);
        assert!(plain.trust().pins().is_empty() && plain.may_see_own_key() && plain.on_answer().is_none());
        assert!(belief("other.local", None, &known).trust().pins().is_empty());
        assert_eq!(belief("https://localhost", None, &known).trust().pins(), [Pin([9; 32])], "its folder is here");
    }

    #[test]
    fn a_damaged_list_of_hubs_is_said_and_not_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let known = KnownHubs::new(folder.path().join("known_hubs"));
        fs::write(known.path(), "hub.local:8080 sha256:\n").unwrap();
        let outcome = Belief::with(&"hub.local".parse().unwrap(), None, None, known);
        assert!(outcome.err().unwrap().to_string().contains("known_hubs"));
    }
}
