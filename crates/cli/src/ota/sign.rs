//! `cuelight ota sign`: on a machine that is in no show.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use clap::Args;
use cuelight_fetch::Digest;
use cuelight_update::key::SecretKey;
use cuelight_update::manifest::{Device, Manifest};
use cuelight_update::signed::{MAX_LEN, Purpose, Signed};
use semver::Version;

use crate::print;

const DAY: Duration = Duration::from_secs(86_400);

/// `cuelight ota sign`.
#[derive(Args, Debug)]
pub(super) struct Sign {
    /// The image; with --add a manifest, which gets one more signature
    image: PathBuf,
    /// File of the secret key, made by `cuelight ota keygen`
    #[arg(long, value_name = "FILE", required = true)]
    secret_key: Vec<PathBuf>,
    /// Add signatures to a manifest that is signed already
    #[arg(long, conflicts_with_all = ["release", "counter", "hardware", "channel", "min_from", "days", "notes"])]
    add: bool,
    /// The image's version, as it says of itself
    #[arg(long, value_name = "X.Y.Z", required_unless_present = "add")]
    release: Option<Version>,
    /// Larger than that of any image before: nodes refuse smaller ones [default: seconds since 1970]
    #[arg(long)]
    counter: Option<u64>,
    /// The machine the image runs on, ARCH-SYSTEM [default: this one's]
    #[arg(long)]
    hardware: Option<String>,
    /// What the image is for
    #[arg(long, default_value = "cuelight-node")]
    product: String,
    /// Who is to take it
    #[arg(long, default_value = "stable")]
    channel: String,
    /// The oldest version that may be updated to it directly
    #[arg(long, value_name = "X.Y.Z")]
    min_from: Option<Version>,
    /// For how many days nodes take it
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u16).range(1..))]
    days: u16,
    /// A few words for people
    #[arg(long, default_value = "")]
    notes: String,
    /// The file to write [default: NAME-X.Y.Z.manifest beside the image; with --add the manifest itself]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Sign {
    /// Writes the signed manifest.
    pub(super) fn run(self) -> Result<()> {
        let keys = self.secret_key.iter().map(|path| secret_key(path)).collect::<Result<Vec<_>>>()?;
        let mut document = if self.add { read_manifest(&self.image)? } else { Signed::new(self.manifest()?.to_json()) };
        keys.iter().for_each(|key| document.sign(Purpose::Image, key));
        let text = document.to_json();
        // What no node would read is not worth being published: too many signatures, too long, a field out of place.
        let document = Signed::parse(text.as_bytes())?;
        let manifest = Manifest::read(document.unverified())?;
        let output = self.output.clone().unwrap_or_else(|| self.default_output(&manifest.version));
        fs::write(&output, format!("{text}\n")).with_context(|| format!("{} cannot be written", output.display()))?;
        let signers: Vec<&str> = document.signers().collect();
        if self.json {
            return print::json(&serde_json::json!({
                "manifest": output, "version": manifest.version, "counter": manifest.counter,
                "hardware": manifest.hardware, "channel": manifest.channel, "size": manifest.size,
                "sha256": manifest.sha256, "expires_s": manifest.expires_s, "signers": signers,
            }));
        }
        print::text(&format!(
            "{}: {} {} for {}, counter {}, signed by {}",
            output.display(),
            manifest.product,
            manifest.version,
            manifest.hardware,
            manifest.counter,
            signers.join(" and ")
        ))
    }

    fn manifest(&self) -> Result<Manifest> {
        let unreadable = || format!("{} cannot be read", self.image.display());
        let (sha256, size) = File::open(&self.image).and_then(Digest::of_reader).with_context(unreadable)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).context("this machine's clock is before 1970")?;
        let version = self.release.clone().context("give the image's version with --release")?;
        ensure!(version.to_string().len() <= 32, "{version} is too long: a version has at most 32 characters");
        Ok(Manifest {
            format: 1,
            product: self.product.clone(),
            hardware: self.hardware.clone().unwrap_or_else(Device::this_hardware),
            channel: self.channel.clone(),
            version,
            counter: self.counter.unwrap_or(now.as_secs()),
            min_from: self.min_from.clone(),
            size,
            sha256,
            expires_s: i64::try_from((now + DAY * u32::from(self.days)).as_secs()).unwrap_or(i64::MAX),
            notes: self.notes.clone(),
            deltas: Vec::new(),
        })
    }

    fn default_output(&self, version: &Version) -> PathBuf {
        if self.add {
            return self.image.clone();
        }
        let name = self.image.file_stem().unwrap_or_default().to_string_lossy();
        self.image.with_file_name(format!("{name}-{version}.manifest"))
    }
}

fn secret_key(path: &Path) -> Result<SecretKey> {
    let text = fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    text.parse().with_context(|| format!("{}", path.display()))
}

/// Reads a signed manifest. Nobody's signature is checked.
pub(super) fn read_manifest(path: &Path) -> Result<Signed> {
    let length = fs::metadata(path).with_context(|| format!("{} cannot be read", path.display()))?.len();
    ensure!(length <= MAX_LEN as u64, "{} has {length} bytes: that is no manifest", path.display());
    let text = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Signed::parse(&text).with_context(|| format!("{} is no signed manifest", path.display()))
}

#[cfg(test)]
mod tests {
    use cuelight_update::trust::Trust;

    use super::*;

    fn sign(image: &Path, keys: &[&Path]) -> Sign {
        Sign {
            image: image.to_owned(),
            secret_key: keys.iter().map(|key| key.to_path_buf()).collect(),
            add: false,
            release: Some(Version::new(0, 2, 0)),
            counter: None,
            hardware: None,
            product: "cuelight-node".into(),
            channel: "stable".into(),
            min_from: None,
            days: 365,
            notes: String::new(),
            output: None,
            json: false,
        }
    }

    /// OTA-1
    #[test]
    fn what_is_signed_here_opens_on_a_node_that_pins_the_keys() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let key = |seed: u8| SecretKey::from_seed([seed; 32]);
        for seed in [1, 2] {
            fs::write(path(&format!("{seed}.secret")), key(seed).to_text()).unwrap();
        }
        fs::write(path("cuelight"), b"an image").unwrap();
        sign(&path("cuelight"), &[&path("1.secret")]).run().unwrap();
        let manifest = path("cuelight-0.2.0.manifest");
        let trust = Trust::new(vec![key(1).public(), key(2).public()], 2).unwrap();
        assert!(Manifest::open(&read_manifest(&manifest).unwrap(), &trust).is_err(), "one of two keys");
        Sign { add: true, release: None, ..sign(&manifest, &[&path("2.secret")]) }.run().unwrap();
        let opened = Manifest::open(&read_manifest(&manifest).unwrap(), &trust).unwrap();
        assert_eq!((opened.size, opened.sha256), (8, Digest::of(b"an image")));
        assert_eq!(opened.hardware, Device::this_hardware());
        assert!(opened.counter > 1_600_000_000 && opened.expires_s > i64::try_from(opened.counter).unwrap());
    }

    #[test]
    fn what_no_node_would_take_is_not_signed() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("1.secret"), SecretKey::from_seed([1; 32]).to_text()).unwrap();
        fs::write(path("1.public"), SecretKey::from_seed([1; 32]).public().to_string()).unwrap();
        fs::write(path("empty"), b"").unwrap();
        fs::write(path("cuelight"), b"x").unwrap();
        let told = |sign: Sign| format!("{:#}", sign.run().unwrap_err());
        assert!(told(sign(&path("empty"), &[&path("1.secret")])).contains("size is 0"));
        assert!(told(sign(&path("missing"), &[&path("1.secret")])).contains("missing cannot be read"));
        assert!(told(sign(&path("cuelight"), &[&path("1.public")])).contains("secret key is needed"));
        let spaced = Sign { channel: "my channel".into(), ..sign(&path("cuelight"), &[&path("1.secret")]) };
        assert!(told(spaced).contains("channel"));
        assert!(!path("cuelight-0.2.0.manifest").exists());
        let no_manifest = Sign { add: true, ..sign(&path("cuelight"), &[&path("1.secret")]) };
        assert!(told(no_manifest).contains("no signed manifest"));
    }
}
