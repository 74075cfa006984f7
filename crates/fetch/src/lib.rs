//! Files by their digest, from servers that may lie, stall or forget: what patterns and updates come over.
//!
//! | module | idea |
//! |---|---|
//! | `digest` | SHA-256 of bytes and files |
//! | `answer` | whether a server's answer is of use |
//! | `fetch` | a file in parts, going on after every cut |
//! | `http` | a server spoken to over HTTP |
//! | `secured` | HTTP over TLS with hubs that are believed |

mod answer;
mod digest;
mod fetch;
mod http;
mod secured;

pub use answer::{Answer, BadAnswer, Take};
pub use digest::{BadDigest, Digest};
pub use fetch::{Fetch, FetchError, PART, Progress, Server, Wanted};
pub use http::Http;
pub use secured::agent;
