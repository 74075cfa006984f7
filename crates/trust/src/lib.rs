//! Whom nodes, command lines and hubs believe: the authority of a hub, the key of a node, and the code by which a person
//! compares the two.
//!
//! | module | idea |
//! |---|---|
//! | `pin` | an authority is its public key, whatever certificates it has signed |
//! | `authority` | an authority as people give it: a file or a fingerprint |
//! | `trust` | what one machine believes, from a flag, a file or its first meeting |
//! | `verify` | whether what a hub shows is of that authority |
//! | `keep` | what was met first is kept: a node's one hub, a command line's many |
//! | `key` | the key by which a hub knows a node again, another one for each hub |
//! | `code` | both sides' keys in twelve characters, for people |
//!
//! Implements `docs/protocol/15-trust.md`. It speaks with nobody: connections are made by `cuelight-net` and
//! `cuelight-fetch`.

mod authority;
mod code;
mod hex;
mod keep;
mod key;
mod pin;
mod trust;
mod verify;

pub use authority::{Authority, BadAuthority};
pub use code::{BadCode, Code};
pub use keep::{KeepError, KnownHubs, keep, kept};
pub use key::{BadKey, KeyError, KeyHash, NodeKey, NodeSecret};
pub use pin::{BadPin, Pin};
pub use trust::{Attempt, Trust};
pub use verify::{OWN_AUTHORITY, Refused};
