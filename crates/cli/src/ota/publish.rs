//! `cuelight ota publish`.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use cuelight_fetch::Digest;
use cuelight_update::manifest::Manifest;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value, json};

use super::sign::read_manifest;
use crate::ctl::call::Call;
use crate::ctl::client::{Client, Target, Unreachable};
use crate::print;

/// Bytes sent at once: what a hub takes.
const PART: usize = 1024 * 1024;
/// How often a part is sent again when nobody answers.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_secs(1);
/// A hub reads and syncs a whole image before it answers.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
const TEMPLATE: &str = "{prefix} [{bar:40}] {percent:>3} %  {bytes} of {total_bytes}  {binary_bytes_per_sec}";

/// `cuelight ota publish`.
#[derive(Args, Debug)]
pub(super) struct Publish {
    /// The image
    image: PathBuf,
    /// Its manifest, signed by `cuelight ota sign`
    #[arg(required_unless_present = "platform")]
    manifest: Option<PathBuf>,
    /// Publish without a signature, for deployed nodes of this platform (k1)
    #[arg(long, conflicts_with = "manifest", requires = "release")]
    platform: Option<String>,
    /// The version of an image without a manifest
    #[arg(long, value_name = "VERSION", conflicts_with = "manifest")]
    release: Option<String>,
    /// The channel of an image without a manifest
    #[arg(long, default_value = "stable", conflicts_with = "manifest")]
    channel: String,
    #[command(flatten)]
    target: Target,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Publish {
    /// Uploads what the hub does not have, and publishes it.
    pub(super) fn run(self) -> Result<()> {
        let unreadable = || format!("{} cannot be read", self.image.display());
        let (sha256, size) = File::open(&self.image).and_then(Digest::of_reader).with_context(unreadable)?;
        let (name, body) = self.body(&sha256, size)?;
        let client = Client::new(&self.target).with_patience(PATIENCE);
        let is_there = |image: &Value| image["sha256"] == sha256.to_string();
        let images = client.ask(&Call::get("/api/v1/ota/images"))?;
        if !images.as_array().into_iter().flatten().any(is_there) {
            upload(&client, &self.image, &sha256, size, &name)?;
        }
        let published = client.ask(&Call::post("/api/v1/ota/images", body))?;
        if self.json {
            return print::json(&published);
        }
        let word = |key: &str| published[key].as_str().unwrap_or_default().to_owned();
        print::text(&format!(
            "{} {} is published at {}{}. Roll it out with `cuelight ota rollout {}`",
            word("platform"),
            word("version"),
            client.address().origin(),
            word("url"),
            word("version")
        ))
    }

    /// What is published, in words and for the hub.
    fn body(&self, sha256: &Digest, size: u64) -> Result<(String, Map<String, Value>)> {
        if let (Some(platform), Some(version)) = (&self.platform, &self.release) {
            let plain = json!({
                "platform": platform, "channel": self.channel, "version": version, "size": size,
                "sha256": sha256.to_string(),
            });
            return Ok((format!("{platform} {version}"), Map::from_iter([("plain".to_owned(), plain)])));
        }
        let path = self.manifest.as_ref().context("give the image's signed manifest")?;
        let document = read_manifest(path)?;
        let manifest =
            Manifest::read(document.unverified()).with_context(|| format!("{} is no manifest", path.display()))?;
        ensure!(
            (manifest.sha256, manifest.size) == (*sha256, size),
            "{} is not the image of {}: it has {size} bytes and SHA-256 {sha256}, signed are {} bytes and {}",
            self.image.display(),
            path.display(),
            manifest.size,
            manifest.sha256
        );
        let signed = serde_json::from_str(&document.to_json()).context("a document is JSON")?;
        Ok((format!("{} {}", manifest.hardware, manifest.version), Map::from_iter([("signed".to_owned(), signed)])))
    }
}

/// Sends what the hub does not have yet, in parts.
fn upload(client: &Client, image: &Path, sha256: &Digest, size: u64, name: &str) -> Result<()> {
    let style = ProgressStyle::with_template(TEMPLATE).expect("the template is well-formed");
    let bar = ProgressBar::new(size).with_style(style.progress_chars("=> ")).with_prefix(name.to_owned());
    let mut file = File::open(image).with_context(|| format!("{} cannot be read", image.display()))?;
    let path = format!("/api/v1/ota/uploads/{sha256}");
    let (mut have, mut tries) = (None, 0);
    loop {
        let sent = match have {
            None => client.ask(&Call::get(&path)),
            Some(from) if from >= size => break,
            Some(from) => {
                let part = read_part(&mut file, from).with_context(|| format!("{} broke off", image.display()))?;
                client.put_bytes(&format!("{path}?size={size}&from={from}"), &part)
            }
        };
        match sent {
            Ok(answer) => {
                (have, tries) = (Some(answer["have"].as_u64().context("the hub does not say what it has")?), 0);
                bar.set_position(have.unwrap_or_default());
            }
            Err(error) if error.is::<Unreachable>() && tries < TRIES && have.is_some() => {
                tries += 1;
                bar.suspend(|| eprintln!("{error}; trying again"));
                sleep(PAUSE);
                // How much of the last part arrived only the hub knows.
                have = None;
            }
            Err(error) if error.is::<Unreachable>() && tries > 0 && tries < TRIES => {
                tries += 1;
                sleep(PAUSE);
            }
            Err(error) => return Err(error),
        }
    }
    bar.finish_and_clear();
    Ok(())
}

fn read_part(file: &mut File, from: u64) -> std::io::Result<Vec<u8>> {
    let mut part = Vec::with_capacity(PART);
    file.seek(SeekFrom::Start(from))?;
    file.take(PART as u64).read_to_end(&mut part)?;
    Ok(part)
}
