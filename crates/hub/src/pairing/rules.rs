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
/// Of these, nodes behind one address, so that a stranger who draws new keys all the time does not push out the others.
const MAX_WAITING_PER_ADDRESS: usize = 32;
/// Nodes that belong to the show, at most; one more is refused.
const MAX_ADMITTED: usize = 65_536;
/// Keys that were refused, at most; the oldest goes for one more, and may ask again.
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

/// A node that was admitted, or refused, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settled {
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
    refused: Vec<SavedNode>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SavedNode {
    mac: Mac,
    /// SHA-256 of the node's key.
    key: String,
    since_s: u64,
}

impl SavedNode {
    fn settled(&self) -> Option<Settled> {
        Some(Settled { mac: self.mac, key: self.key.parse().ok()?, since_s: self.since_s })
    }
}

impl From<&Settled> for SavedNode {
    fn from(node: &Settled) -> Self {
        Self { mac: node.mac, key: node.key.to_string(), since_s: node.since_s }
    }
}

/// Keys that are admitted when they come: of any node, or of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) keys: BTreeSet<KeyHash>,
    pub(super) nodes: BTreeMap<Mac, KeyHash>,
}

#[derive(Debug)]
pub(super) struct Rules {
    admitted: BTreeMap<Mac, Settled>,
    waiting: Vec<Waiting>,
    /// The oldest first.
    refused: Vec<Settled>,
    expected: Expected,
    admits_all: bool,
    /// Whether nodes without a key are let in.
    lets_keyless: bool,
}

impl Rules {
    pub(super) fn new(saved: Saved, expected: Expected, admits_all: bool, allow_legacy: bool) -> Self {
        let admitted = saved.admitted.iter().filter_map(SavedNode::settled).map(|node| (node.mac, node));
        Self {
            admitted: admitted.take(MAX_ADMITTED).collect(),
            waiting: Vec::new(),
            refused: saved.refused.iter().filter_map(SavedNode::settled).take(MAX_REFUSED).collect(),
            expected,
            admits_all,
            lets_keyless: admits_all || allow_legacy,
        }
    }
    pub(super) fn saved(&self) -> Saved {
        Saved {
            admitted: self.admitted.values().map(Into::into).collect(),
            refused: self.refused.iter().map(Into::into).collect(),
        }
    }

    pub(super) const fn admits_all(&self) -> bool {
        self.admits_all
    }
    pub(super) fn waiting(&self) -> &[Waiting] {
        &self.waiting
    }
    pub(super) fn admitted(&self) -> Vec<Settled> {
        self.admitted.values().copied().collect()
    }
    pub(super) fn refused(&self) -> &[Settled] {
        &self.refused
    }
    /// Whether the node that was let in as this still is: nobody has refused its key.
    pub(super) fn still_belongs(&self, mac: Mac, key: KeyHash) -> bool {
        self.admitted.get(&mac).is_some_and(|node| node.key == key)
    }

    /// A node says who it is (TRUST-6, TRUST-12).
    pub(super) fn handle_hello(&mut self, asking: Asking, credential: Credential) -> Verdict {
        let known = self.admitted.get(&asking.mac).map(|node| node.key);
        let expected = self.expected.nodes.get(&asking.mac).copied();
        match (credential, known.or(expected)) {
            // This machine's own nodes are its operator's.
            (Credential::Nothing { is_local: true }, _) => Verdict::LetIn,
            (Credential::Nothing { .. }, Some(_)) => Verdict::Refused(Refusal::WrongKey),
            (Credential::Nothing { .. }, None) if self.lets_keyless => Verdict::LetIn,
            (Credential::Nothing { .. }, None) => Verdict::Refused(Refusal::NotAdmitted),
            (Credential::Key(key), Some(right)) if key != right => Verdict::Refused(Refusal::WrongKey),
            (Credential::Key(_), Some(_)) if known.is_some() => Verdict::LetIn,
            // Also where all are admitted, or this one is expected: somebody has said no since.
            (Credential::Key(key), _) if self.refused.iter().any(|node| node.key == key) => {
                Verdict::Refused(Refusal::NotAdmitted)
            }
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
        self.admitted.insert(asking.mac, Settled { mac: asking.mac, key, since_s: asking.at_s });
        self.waiting.retain(|waiting| waiting.mac != asking.mac);
        Verdict::Admitted(key)
    }

    fn wait(&mut self, asking: Asking, key: KeyHash) -> Verdict {
        let Asking { mac, name, ip, at_s } = asking;
        if let Some(waiting) = self.waiting.iter_mut().find(|waiting| waiting.mac == mac && waiting.key == key) {
            (waiting.name, waiting.ip, waiting.last_s) = (name, ip, at_s);
            return Verdict::Waits { key, is_new: false };
        }
        // In a crowd nobody is told of one by one: logs and lists of events are not for strangers to fill.
        let is_crowd = self.make_room(ip);
        self.waiting.push(Waiting { mac, key, name, ip, first_s: at_s, last_s: at_s });
        Verdict::Waits { key, is_new: !is_crowd }
    }

    /// Room for one more that waits behind this address: of a crowd the one goes that was silent for longest. Whether there was
    /// one.
    fn make_room(&mut self, ip: IpAddr) -> bool {
        let of_address = self.waiting.iter().filter(|waiting| waiting.ip == ip).count();
        let is_flood = of_address >= MAX_WAITING_PER_ADDRESS;
        if !is_flood && self.waiting.len() < MAX_WAITING {
            return false;
        }
        let crowd = (0..self.waiting.len()).filter(|n| !is_flood || self.waiting[*n].ip == ip);
        if let Some(silent) = crowd.min_by_key(|n| self.waiting[*n].last_s) {
            self.waiting.remove(silent);
        }
        true
    }

    /// Admits the nodes that wait or were refused and whose key `is_meant`. Others that ask for the same MAC address wait no
    /// longer: the code told which one is right.
    pub(super) fn admit(&mut self, is_meant: impl Fn(KeyHash) -> bool, now_s: u64) -> Vec<Mac> {
        let waiting = self.waiting.iter().map(|node| (node.mac, node.key));
        let refused = self.refused.iter().map(|node| (node.mac, node.key));
        let meant: Vec<_> = waiting.chain(refused).filter(|(_, key)| is_meant(*key)).collect();
        let mut admitted = Vec::new();
        for (mac, key) in meant {
            if self.admitted.len() < MAX_ADMITTED || self.admitted.contains_key(&mac) {
                self.admitted.insert(mac, Settled { mac, key, since_s: now_s });
                self.waiting.retain(|node| node.mac != mac);
                self.refused.retain(|node| node.key != key);
                admitted.push(mac);
            }
        }
        admitted
    }

    /// Refuses the nodes whose key `is_meant`: those that wait, and those that were admitted. They are not told of again.
    pub(super) fn refuse(&mut self, is_meant: impl Fn(KeyHash) -> bool, now_s: u64) -> Vec<Mac> {
        let waiting = self.waiting.iter().map(|node| (node.mac, node.key));
        let admitted = self.admitted.values().map(|node| (node.mac, node.key));
        let before = self.refused.iter().map(|node| (node.mac, node.key));
        let meant: BTreeMap<Mac, KeyHash> =
            waiting.chain(admitted).chain(before).filter(|(_, key)| is_meant(*key)).collect();
        self.waiting.retain(|node| !is_meant(node.key));
        self.admitted.retain(|_, node| !is_meant(node.key));
        self.refused.retain(|node| !is_meant(node.key));
        self.refused.extend(meant.iter().map(|(mac, key)| Settled { mac: *mac, key: *key, since_s: now_s }));
        let too_many = self.refused.len().saturating_sub(MAX_REFUSED);
        self.refused.drain(..too_many);
        meant.into_keys().collect()
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
        assert_eq!(again.admitted(), [Settled { mac: A, key: key(1), since_s: 6 }]);
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

    /// TRUST-6
    #[test]
    fn a_refused_node_is_not_told_of_again_until_it_is_admitted() {
        let mut rules = rules();
        hello(&mut rules, A, 1);
        assert_eq!(rules.refuse(|given| given == key(1), 7), [A]);
        assert_eq!(hello(&mut rules, A, 1), Verdict::Refused(Refusal::NotAdmitted));
        assert!(rules.waiting().is_empty());
        let mut again = Rules::new(rules.saved(), Expected::default(), true, false);
        assert_eq!(again.refused(), [Settled { mac: A, key: key(1), since_s: 7 }]);
        assert_eq!(hello(&mut again, A, 1), Verdict::Refused(Refusal::NotAdmitted), "also where all are admitted");
        assert_eq!(again.admit(|given| given == key(1), 8), [A]);
        assert_eq!(hello(&mut again, A, 1), Verdict::LetIn);
        assert!(again.refused().is_empty());
    }

    /// TRUST-6
    #[test]
    fn an_admitted_node_that_is_refused_no_longer_belongs_and_leaves_its_place_to_another() {
        let mut rules = rules();
        hello(&mut rules, A, 1);
        rules.admit(|_| true, 6);
        assert!(rules.still_belongs(A, key(1)) && !rules.still_belongs(A, key(2)) && !rules.still_belongs(B, key(1)));
        assert_eq!(rules.refuse(|given| given == key(1), 7), [A]);
        assert!(!rules.still_belongs(A, key(1)));
        assert_eq!(hello(&mut rules, A, 3), Verdict::Waits { key: key(3), is_new: true }, "set up anew");
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

    /// A hello of the `n`th of many, from an address of many.
    fn stranger(rules: &mut Rules, n: u16, ip: [u8; 4]) -> bool {
        let [b, c] = n.to_be_bytes();
        let asking = Asking { ip: ip.into(), ..asking(Mac([2, 0, 0, 9, b, c]), u64::from(n)) };
        let key = KeyHash(std::array::from_fn(|at| if at == 0 { b } else { c }));
        match rules.handle_hello(asking, Credential::Key(key)) {
            Verdict::Waits { is_new, .. } => is_new,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_crowd_of_strangers_takes_no_more_than_its_room_and_is_not_told_of_one_by_one() {
        let mut rules = rules();
        let told = (0..1_000).filter(|n| stranger(&mut rules, *n, [10, 0, n.to_be_bytes()[0], n.to_be_bytes()[1]]));
        assert_eq!(told.count(), MAX_WAITING);
        assert_eq!(rules.waiting().len(), MAX_WAITING);
        assert!(rules.waiting().iter().all(|waiting| waiting.last_s >= 1_000 - MAX_WAITING as u64), "the newest stay");
    }

    #[test]
    fn who_draws_new_keys_all_the_time_pushes_out_nobody_but_himself() {
        let mut rules = rules();
        hello(&mut rules, A, 1);
        let told = (0..1_000).filter(|n| stranger(&mut rules, *n, [10, 0, 0, 66]));
        assert_eq!(told.count(), MAX_WAITING_PER_ADDRESS);
        assert_eq!(rules.waiting().len(), 1 + MAX_WAITING_PER_ADDRESS);
        assert_eq!(rules.waiting()[0].mac, A);
    }

    #[test]
    fn keys_that_were_refused_are_forgotten_the_oldest_first() {
        let mut rules = rules();
        for n in 0..=MAX_REFUSED as u16 {
            stranger(&mut rules, n, [10, 0, 0, 66]);
            rules.refuse(|_| true, u64::from(n));
        }
        assert_eq!(rules.refused().len(), MAX_REFUSED);
    }
}
