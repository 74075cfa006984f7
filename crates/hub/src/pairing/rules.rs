//! Who is let in, who waits, who is refused.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use cuelight_trust::KeyHash;
use cuelight_wire::control::Refusal;
use cuelight_wire::ids::Mac;
use serde::{Deserialize, Serialize};

use super::Credential;

/// Nodes that wait, at most; for one more the one that was silent for longest goes. Each asks again by itself.
const MAX_WAITING: usize = 256;
/// Nodes that belong to the show, at most; one more is refused.
const MAX_ADMITTED: usize = 65_536;
/// Keys that were refused, at most; the smallest goes for one more.
const MAX_REFUSED: usize = 1_024;

/// A node that says hello.
#[derive(Clone, Debug)]
pub(super) struct Asking {
    pub(super) mac: Mac,
    pub(super) name: Option<String>,
    pub(super) ip: IpAddr,
    /// By the wall clock.
    pub(super) at_s: u64,
}

/// A node that waits for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) mac: Mac,
    pub(crate) key: KeyHash,
    pub(crate) name: Option<String>,
    pub(crate) ip: IpAddr,
    pub(crate) first_s: u64,
    pub(crate) last_s: u64,
}

/// A node that belongs to the show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Admitted {
    pub(crate) mac: Mac,
    pub(crate) key: KeyHash,
    pub(crate) since_s: u64,
}

/// What a hello comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It belongs here, or needs no key.
    LetIn,
    /// It was admitted by itself just now: the list has changed.
    Admitted(KeyHash),
    Refused(Refusal),
    /// It is asked for; whether the operator is to be told.
    Waits {
        key: KeyHash,
        is_new: bool,
    },
}

/// What is on the disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Saved {
    admitted: Vec<SavedNode>,
    #[serde(default)]
    refused: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SavedNode {
    mac: Mac,
    /// SHA-256 of the node's key.
    key: String,
    since_s: u64,
}

/// Keys that are admitted when they come: of any node, or of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) keys: BTreeSet<KeyHash>,
    pub(super) nodes: BTreeMap<Mac, KeyHash>,
}

#[derive(Debug)]
pub(super) struct Rules {
    admitted: BTreeMap<Mac, (KeyHash, u64)>,
    waiting: Vec<Waiting>,
    refused: BTreeSet<KeyHash>,
    expected: Expected,
    admits_all: bool,
    /// Whether nodes without a key are let in.
    lets_keyless: bool,
}

impl Rules {
    pub(super) fn new(saved: Saved, expected: Expected, admits_all: bool, allow_legacy: bool) -> Self {
        let admitted =
            saved.admitted.into_iter().filter_map(|node| Some((node.mac, (node.key.parse().ok()?, node.since_s))));
        let refused = saved.refused.iter().filter_map(|key| key.parse().ok());
        Self {
            admitted: admitted.take(MAX_ADMITTED).collect(),
            waiting: Vec::new(),
            refused: refused.take(MAX_REFUSED).collect(),
            expected,
            admits_all,
            lets_keyless: admits_all || allow_legacy,
        }
    }
    pub(super) fn saved(&self) -> Saved {
        let node = |(mac, (key, since_s)): (&Mac, &(KeyHash, u64))| SavedNode {
            mac: *mac,
            key: key.to_string(),
            since_s: *since_s,
        };
        Saved {
            admitted: self.admitted.iter().map(node).collect(),
            refused: self.refused.iter().map(ToString::to_string).collect(),
        }
    }

    pub(super) const fn admits_all(&self) -> bool {
        self.admits_all
    }
    pub(super) fn waiting(&self) -> &[Waiting] {
        &self.waiting
    }
    pub(super) fn admitted(&self) -> Vec<Admitted> {
        self.admitted.iter().map(|(mac, (key, since_s))| Admitted { mac: *mac, key: *key, since_s: *since_s }).collect()
    }

    /// A node says who it is (TRUST-6, TRUST-12).
    pub(super) fn handle_hello(&mut self, asking: Asking, credential: Credential) -> Verdict {
        let known = self.admitted.get(&asking.mac).map(|(key, _)| *key);
        let expected = self.expected.nodes.get(&asking.mac).copied();
        match (credential, known.or(expected)) {
            // This machine's own nodes are its operator's.
            (Credential::Nothing { is_local: true }, _) => Verdict::LetIn,
            (Credential::Nothing { .. }, Some(_)) => Verdict::Refused(Refusal::WrongKey),
            (Credential::Nothing { .. }, None) if self.lets_keyless => Verdict::LetIn,
            (Credential::Nothing { .. }, None) => Verdict::Refused(Refusal::NotAdmitted),
            (Credential::Key(key), Some(right)) if key != right => Verdict::Refused(Refusal::WrongKey),
            (Credential::Key(_), Some(_)) if known.is_some() => Verdict::LetIn,
            (Credential::Key(key), _) => {
                let is_expected = expected.is_some() || self.expected.keys.contains(&key);
                if self.admits_all || is_expected { self.take(&asking, key) } else { self.wait(asking, key) }
            }
        }
    }

    fn take(&mut self, asking: &Asking, key: KeyHash) -> Verdict {
        if self.admitted.len() >= MAX_ADMITTED {
            return Verdict::Refused(Refusal::Full);
        }
        self.admitted.insert(asking.mac, (key, asking.at_s));
        self.waiting.retain(|waiting| waiting.mac != asking.mac);
        Verdict::Admitted(key)
    }

    fn wait(&mut self, asking: Asking, key: KeyHash) -> Verdict {
        if self.refused.contains(&key) {
            return Verdict::Refused(Refusal::NotAdmitted);
        }
        let Asking { mac, name, ip, at_s } = asking;
        if let Some(waiting) = self.waiting.iter_mut().find(|waiting| waiting.mac == mac && waiting.key == key) {
            (waiting.name, waiting.ip, waiting.last_s) = (name, ip, at_s);
            return Verdict::Waits { key, is_new: false };
        }
        // In a crowd nobody is told of one by one: logs and lists of events are not for strangers to fill.
        let is_crowd = self.waiting.len() >= MAX_WAITING;
        if is_crowd && let Some(silent) = (0..self.waiting.len()).min_by_key(|n| self.waiting[*n].last_s) {
            self.waiting.remove(silent);
        }
        self.waiting.push(Waiting { mac, key, name, ip, first_s: at_s, last_s: at_s });
        Verdict::Waits { key, is_new: !is_crowd }
    }

    /// Admits the waiting nodes whose key `is_meant`. Where two ask for one MAC address, none is: which is the right one the
    /// code alone tells, and it is of one of them.
    pub(super) fn admit(&mut self, is_meant: impl Fn(KeyHash) -> bool, now_s: u64) -> Vec<Mac> {
        let meant: Vec<Waiting> = self.waiting.iter().filter(|waiting| is_meant(waiting.key)).cloned().collect();
        for Waiting { mac, key, .. } in &meant {
            if self.admitted.len() < MAX_ADMITTED || self.admitted.contains_key(mac) {
                self.admitted.insert(*mac, (*key, now_s));
                self.waiting.retain(|waiting| waiting.mac != *mac);
            }
        }
        meant.into_iter().map(|waiting| waiting.mac).filter(|mac| self.admitted.contains_key(mac)).collect()
    }

    /// Refuses the waiting nodes whose key `is_meant`, and forgets the admitted ones.
    pub(super) fn refuse(&mut self, is_meant: impl Fn(KeyHash) -> bool) -> Vec<Mac> {
        let (refused, waiting): (Vec<_>, Vec<_>) =
            self.waiting.drain(..).partition(|waiting: &Waiting| is_meant(waiting.key));
        self.waiting = waiting;
        for waiting in &refused {
            if self.refused.len() >= MAX_REFUSED {
                self.refused.pop_first();
            }
            self.refused.insert(waiting.key);
        }
        let forgotten: Vec<Mac> =
            self.admitted.iter().filter(|(_, (key, _))| is_meant(*key)).map(|(mac, _)| *mac).collect();
        self.admitted.retain(|_, (key, _)| !is_meant(*key));
        // A second refusal of the same key lets it ask again.
        if refused.is_empty() && forgotten.is_empty() {
            self.refused.retain(|key| !is_meant(*key));
        }
        refused.into_iter().map(|waiting| waiting.mac).chain(forgotten).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Mac = Mac([2, 0, 0, 0, 0, 1]);
    const B: Mac = Mac([2, 0, 0, 0, 0, 2]);
    const ELSEWHERE: Credential = Credential::Nothing { is_local: false };

    fn rules() -> Rules {
        Rules::new(Saved::default(), Expected::default(), false, false)
    }
    fn key(n: u8) -> KeyHash {
        KeyHash([n; 32])
    }
    fn asking(mac: Mac, at_s: u64) -> Asking {
        Asking { mac, name: Some("left".into()), ip: [10, 0, 0, 7].into(), at_s }
    }
    fn hello(rules: &mut Rules, mac: Mac, n: u8) -> Verdict {
        rules.handle_hello(asking(mac, 5), Credential::Key(key(n)))
    }

    /// TRUST-6
    #[test]
    fn a_node_waits_until_it_is_admitted_and_then_only_its_key_speaks_for_it() {
        let mut rules = rules();
        assert_eq!(hello(&mut rules, A, 1), Verdict::Waits { key: key(1), is_new: true });
        assert_eq!(hello(&mut rules, A, 1), Verdict::Waits { key: key(1), is_new: false });
        assert_eq!(rules.waiting().len(), 1);
        assert!(rules.admit(|given| given == key(9), 6).is_empty());
        assert_eq!(rules.admit(|given| given == key(1), 6), [A]);
        assert_eq!(hello(&mut rules, A, 1), Verdict::LetIn);
        assert_eq!(hello(&mut rules, A, 2), Verdict::Refused(Refusal::WrongKey));
        assert_eq!(rules.handle_hello(asking(A, 7), ELSEWHERE), Verdict::Refused(Refusal::WrongKey));
        assert!(rules.waiting().is_empty());
        let again = Rules::new(rules.saved(), Expected::default(), false, false);
        assert_eq!(again.admitted(), [Admitted { mac: A, key: key(1), since_s: 6 }]);
    }

    /// TRUST-6
    #[test]
    fn of_two_that_ask_for_one_identity_the_admitted_code_decides() {
        let mut rules = rules();
        hello(&mut rules, A, 1);
        hello(&mut rules, A, 2);
        assert_eq!(rules.waiting().len(), 2);
        assert_eq!(rules.admit(|given| given == key(2), 6), [A]);
        assert_eq!(hello(&mut rules, A, 1), Verdict::Refused(Refusal::WrongKey));
        assert!(rules.waiting().is_empty());
    }

    #[test]
    fn a_refused_key_is_not_told_of_again_until_the_refusal_is_taken_back() {
        let mut rules = rules();
        hello(&mut rules, A, 1);
        assert_eq!(rules.refuse(|given| given == key(1)), [A]);
        assert_eq!(hello(&mut rules, A, 1), Verdict::Refused(Refusal::NotAdmitted));
        assert!(rules.waiting().is_empty());
        assert!(rules.refuse(|given| given == key(1)).is_empty());
        assert_eq!(hello(&mut rules, A, 1), Verdict::Waits { key: key(1), is_new: true });
        rules.admit(|_| true, 6);
        assert_eq!(rules.refuse(|given| given == key(1)), [A], "an admitted node has to ask again");
        assert_eq!(hello(&mut rules, A, 3), Verdict::Waits { key: key(3), is_new: true });
    }

    /// TRUST-12
    #[test]
    fn nodes_without_a_key_are_let_in_on_this_machine_or_where_deployed_devices_are() {
        let mut strict = rules();
        assert_eq!(strict.handle_hello(asking(A, 5), ELSEWHERE), Verdict::Refused(Refusal::NotAdmitted));
        assert_eq!(strict.handle_hello(asking(A, 5), Credential::Nothing { is_local: true }), Verdict::LetIn);
        let mut open = Rules::new(Saved::default(), Expected::default(), false, true);
        assert_eq!(open.handle_hello(asking(A, 5), ELSEWHERE), Verdict::LetIn);
        assert_eq!(hello(&mut open, B, 1), Verdict::Waits { key: key(1), is_new: true });
    }

    #[test]
    fn expected_keys_and_where_all_are_admitted_nobody_waits() {
        let expected = Expected { keys: [key(1)].into(), nodes: [(B, key(2))].into() };
        let mut rules = Rules::new(Saved::default(), expected, false, false);
        assert_eq!(hello(&mut rules, A, 1), Verdict::Admitted(key(1)));
        assert_eq!(hello(&mut rules, B, 1), Verdict::Refused(Refusal::WrongKey));
        assert_eq!(hello(&mut rules, B, 2), Verdict::Admitted(key(2)));
        let mut open = Rules::new(Saved::default(), Expected::default(), true, false);
        assert_eq!(hello(&mut open, A, 7), Verdict::Admitted(key(7)));
        assert_eq!(hello(&mut open, A, 7), Verdict::LetIn);
        assert_eq!(hello(&mut open, A, 8), Verdict::Refused(Refusal::WrongKey));
    }

    #[test]
    fn a_crowd_of_strangers_takes_no_more_than_its_room() {
        let mut rules = rules();
        let mut told = 0;
        for n in 0..1_000_u32 {
            let [_, b, c, d] = n.to_be_bytes();
            match rules.handle_hello(asking(Mac([2, 0, 0, b, c, d]), u64::from(n)), Credential::Key(key(d))) {
                Verdict::Waits { is_new, .. } => told += usize::from(is_new),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(told, MAX_WAITING);
        assert_eq!(rules.waiting().len(), MAX_WAITING);
        assert!(rules.waiting().iter().all(|waiting| waiting.last_s >= 1_000 - MAX_WAITING as u64), "the newest stay");
    }
}
