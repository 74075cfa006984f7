//! `cuelight ota list` and `cuelight ota delete`.

use anyhow::Result;
use clap::Args;
use serde_json::Value;

use crate::ctl::call::{Call, Method, escaped};
use crate::ctl::client::{Client, Target};
use crate::ctl::words::word;
use crate::print;

/// `cuelight ota list`.
#[derive(Args, Debug)]
pub(super) struct List {
    #[command(flatten)]
    target: Target,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// `cuelight ota delete`.
#[derive(Args, Debug)]
pub(super) struct Delete {
    /// What it is for, like cuelight-node-x86_64-linux
    platform: String,
    /// Its version
    #[arg(id = "unwanted", value_name = "VERSION")]
    version: String,
    #[command(flatten)]
    target: Target,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl List {
    pub(super) fn run(self) -> Result<()> {
        let images = Client::new(&self.target).ask(&Call::get("/api/v1/ota/images"))?;
        if self.json { print::json(&images) } else { print::text(&described(&images)) }
    }
}

impl Delete {
    pub(super) fn run(self) -> Result<()> {
        let path = format!("/api/v1/ota/images/{}/{}", escaped(&self.platform), escaped(&self.version));
        let answer = Client::new(&self.target).ask(&Call { method: Method::Delete, path, body: None })?;
        if self.json {
            return print::json(&answer);
        }
        print::text(&format!("{} {} is deleted", self.platform, self.version))
    }
}

fn described(images: &Value) -> String {
    let row = |image: &Value| {
        let signers: Vec<String> = image["signers"].as_array().into_iter().flatten().map(word).collect();
        let megabytes = image["size"].as_f64().unwrap_or_default() / 1e6;
        let signers = if signers.is_empty() { "-".to_owned() } else { signers.join(" ") };
        let text = |key: &str| word(&image[key]);
        [text("platform"), text("version"), text("channel"), format!("{megabytes:.1} MB"), text("counter"), signers]
    };
    let rows: Vec<_> = images.as_array().into_iter().flatten().map(row).collect();
    if rows.is_empty() {
        return "no images; publish one with `cuelight ota publish IMAGE MANIFEST`".to_owned();
    }
    print::table(["platform", "version", "channel", ">size", ">counter", "signed by"], &rows)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn images_are_listed_with_their_signers() {
        let list = described(&json!([
            {"platform": "k1", "version": "2.8.0", "channel": "stable", "size": 1_048_576, "counter": null, "signers": []},
        ]));
        assert_eq!(list.lines().last(), Some("k1        2.8.0    stable   1.0 MB        -  -"));
        assert!(described(&json!([])).contains("ota publish"));
    }
}
