//! Updates of a node: images signed offline, two slots, a launcher that falls back.
//!
//! What is decided here: whether an image may be installed at all (`trust`, `signed`, `manifest`), where it is put and which
//! one runs next (`slots`), and what happens when a new one does not prove itself (`launch`). A hub hands out bytes but cannot
//! forge them: the keys are not on it.
//!
//! | module | idea |
//! |---|---|
//! | `key` | Ed25519 keys as text |
//! | `trust` | the keys a node believes, and how they are replaced |
//! | `signed` | a text and its signatures |
//! | `manifest` | what an image is, and whether this node takes it |
//! | `plain` | the manifest of deployed nodes, both shapes |
//! | `health` | whether a new image has proven itself |
//! | `updater` | one update, from the offer to the restart |
//! | `slots` | two images on disk and the state that chooses between them |
//! | `launch` | starting the chosen one, and falling back |

pub mod health;
pub mod key;
pub mod launch;
pub mod manifest;
pub mod plain;
pub mod signed;
pub mod slots;
pub mod trust;
pub mod updater;
