//! `cuelight ota`: keys and signatures, offline; images and rollouts, on a hub.

mod follow;
mod keygen;
mod list;
mod picture;
mod publish;
mod rollout;
mod sign;
mod status;
mod words;

use anyhow::Result;
use clap::{Args, Subcommand};

const EXAMPLES: &str = "\
Once, on a machine that is in no show:
  cuelight ota keygen release                  release.secret and release.public
  cuelight ota keygen spare                    nodes pin at least two keys: keep the second one elsewhere

For each version, there too:
  cuelight ota sign target/release/cuelight --release 0.2.0 --secret-key release.secret

At the show:
  cuelight ota publish target/release/cuelight cuelight-0.2.0.manifest
  cuelight ota rollout 0.2.0 --canary stage-left
  cuelight ota status --watch
  cuelight ota retry | pass-over | pause | resume | abort
  cuelight ota rollback

Nodes are updated one at a time, and not at all while a show is armed (`cuelight show arm`) that --in-spite-of does not name.

Exit codes: 0 done, 1 refused, no answer, or a node failed, 2 wrong usage.";

/// `cuelight ota`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Ota {
    #[command(subcommand)]
    word: Word,
}

#[derive(Debug, Subcommand)]
enum Word {
    /// Make a pair of keys; needs no hub
    Keygen(keygen::Keygen),
    /// Sign an image, or add a signature to its manifest; needs no hub
    Sign(sign::Sign),
    /// Give the hub an image and its signed manifest
    Publish(publish::Publish),
    /// List what is published
    List(list::List),
    /// Delete an image
    Delete(list::Delete),
    /// Update nodes to a version, one at a time, and follow how they do
    Rollout(rollout::Rollout),
    /// Show the rollout
    Status(status::Status),
    /// Begin no further node
    Pause(words::Pause),
    /// Go on, after a pause or the canary
    Resume(words::Resume),
    /// Try the failed node again
    Retry(words::Retry),
    /// Go on without the failed node
    PassOver(words::PassOver),
    /// End the rollout; a node that fetches leaves off, one that writes the image or restarts arrives
    Abort(words::Abort),
    /// Take the nodes of the last rollout back to what they ran before
    Rollback(rollout::Rollback),
}

impl Ota {
    /// Does what the word says.
    pub(crate) fn run(self) -> Result<()> {
        match self.word {
            Word::Keygen(keygen) => keygen.run(),
            Word::Sign(sign) => sign.run(),
            Word::Publish(publish) => publish.run(),
            Word::List(list) => list.run(),
            Word::Delete(delete) => delete.run(),
            Word::Rollout(rollout) => rollout.run(),
            Word::Status(status) => status.run(),
            Word::Pause(word) => word.run(),
            Word::Resume(word) => word.run(),
            Word::Retry(word) => word.run(),
            Word::PassOver(word) => word.run(),
            Word::Abort(word) => word.run(),
            Word::Rollback(rollback) => rollback.run(),
        }
    }
}
