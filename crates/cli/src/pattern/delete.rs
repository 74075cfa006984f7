//! `cuelight pattern delete`.

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;

use super::store::{Place, session};
use crate::print;

/// `cuelight pattern delete`.
#[derive(Args, Debug)]
pub(super) struct Delete {
    /// The patterns
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    place: Place,
    /// Print JSON: {"deleted": [..]}
    #[arg(long)]
    json: bool,
}

impl Delete {
    /// Deletes them, one after the other; at the first that is refused it ends.
    pub(super) fn run(self) -> Result<()> {
        let target = self.place.store().open()?.target;
        for name in &self.names {
            session(&target, async |client| client.delete(name).await)
                .with_context(|| format!("\"{name}\" is not deleted"))?;
            if !self.json {
                print::text(&format!("{name} is deleted"))?;
            }
        }
        if self.json { print::json(&json!({"deleted": self.names})) } else { Ok(()) }
    }
}
