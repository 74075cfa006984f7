//! `cuelight ota pause`, `resume`, `retry`, `pass-over` and `abort`: one word each, answered with how the rollout stands then.

use anyhow::Result;
use clap::Args;
use serde_json::Map;

use super::{follow, picture};
use crate::ctl::call::Call;
use crate::ctl::client::{Client, Target};
use crate::print;

macro_rules! words {
    ($($name:ident $word:literal $doc:literal),*) => {$(
        #[doc = $doc]
        #[derive(Args, Debug)]
        pub(super) struct $name {
            #[command(flatten)]
            say: Say,
        }
        impl $name {
            pub(super) fn run(self) -> Result<()> {
                self.say.say($word)
            }
        }
    )*};
}

words!(
    Pause "pause" "`cuelight ota pause`.",
    Resume "resume" "`cuelight ota resume`.",
    Retry "retry" "`cuelight ota retry`.",
    PassOver "pass-over" "`cuelight ota pass-over`.",
    Abort "abort" "`cuelight ota abort`."
);

#[derive(Args, Debug)]
struct Say {
    /// Follow the rollout from then on
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    target: Target,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Say {
    fn say(self, word: &str) -> Result<()> {
        let client = Client::new(&self.target);
        client.ask(&Call::post(format!("/api/v1/ota/rollout/{word}"), Map::new()))?;
        if self.follow {
            return follow::to_its_end(&client, self.json);
        }
        let shown = client.ask(&follow::call())?;
        if self.json { print::json(&shown) } else { print::text(&picture::of(&shown)) }
    }
}
