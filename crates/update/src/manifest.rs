//! What an image is, and whether a node takes it (OTA-1).

use semver::Version;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::signed::{NotSigned, Purpose, Signed};
use crate::trust::Trust;
use cuelight_fetch::Digest;

/// The version of this form.
const FORMAT: u32 = 1;
/// The longest notes, bytes.
const MAX_NOTES: usize = 4_000;
/// The largest image, bytes: a node has to hold two.
pub const MAX_IMAGE: u64 = 256 << 20;
/// Differences to earlier images, at most.
const MAX_DELTAS: usize = 16;

/// What an image is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this form, 1.
    pub format: u32,
    /// What the image is for.
    pub product: String,
    /// The machine it runs on, as `ARCH-SYSTEM`.
    pub hardware: String,
    /// Who is meant to take it: `stable`, or another word a site uses.
    pub channel: String,
    /// Its version.
    pub version: Version,
    /// Never goes down: an image with a smaller one than the newest verified is refused, however new its version says it is.
    pub counter: u64,
    /// The oldest version that may be updated to it directly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_from: Option<Version>,
    /// Its length, bytes.
    pub size: u64,
    /// Its digest.
    pub sha256: Digest,
    /// From when on nobody may install it any more, seconds since 1970.
    pub expires_s: i64,
    /// For people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub notes: String,
    /// Shorter ways from images a node may already have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deltas: Vec<Delta>,
}

/// The difference between two images, as zstd with the old one as dictionary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delta {
    /// The image it starts from.
    pub from_sha256: Digest,
    /// The difference's own digest.
    pub sha256: Digest,
    /// The difference's length, bytes.
    pub size: u64,
}

/// What a node is, for the question whether it takes an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// What runs on it.
    pub product: String,
    /// The machine, as `ARCH-SYSTEM`.
    pub hardware: String,
    /// What it runs now.
    pub version: Version,
    /// The largest counter it has verified.
    pub counter: u64,
    /// Wall-clock now, seconds since 1970; a machine whose clock is not set gives the latest instant it knows to be past.
    pub now_s: i64,
}

impl Device {
    /// The machine this program was built for, as `ARCH-SYSTEM`.
    pub fn this_hardware() -> String {
        format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS)
    }
}

/// Why an image is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Its manifest is not signed by those who may.
    #[error(transparent)]
    NotSigned(#[from] NotSigned),
    /// Its manifest cannot be read.
    #[error("the manifest cannot be read: {0}")]
    Malformed(String),
    /// A field has a value it cannot have.
    #[error("the manifest's {field} is {found}; {wanted}")]
    BadField {
        /// The field.
        field: &'static str,
        /// Its value.
        found: String,
        /// What would be right.
        wanted: &'static str,
    },
    /// It is for something else.
    #[error("the image is for {image}, this node is {node}")]
    OtherProduct {
        /// What it is for.
        image: String,
        /// What this is.
        node: String,
    },
    /// It is for another machine.
    #[error("the image is for {image} hardware, this node is {node}")]
    OtherHardware {
        /// The machine it is for.
        image: String,
        /// The machine this is.
        node: String,
    },
    /// It is older than one that was verified before.
    #[error("the image's counter is {counter}, below {seen}: going back to older images is refused")]
    OlderCounter {
        /// Its counter.
        counter: u64,
        /// The largest seen.
        seen: u64,
    },
    /// Nobody may install it any more.
    #[error("the manifest expired {days} days ago: sign the image again")]
    Expired {
        /// Whole days since.
        days: i64,
    },
    /// Another update has to come first.
    #[error("version {version} cannot be updated to {image} directly: {min_from} has to come first")]
    NeedsStep {
        /// What runs now.
        version: Version,
        /// What is offered.
        image: Version,
        /// What has to come first.
        min_from: Version,
    },
}

impl Manifest {
    /// Opens a signed manifest and checks its fields.
    ///
    /// # Errors
    /// When it is not signed by those whom `trust` names, or says what cannot be.
    pub fn open(document: &Signed, trust: &Trust) -> Result<Self, Refusal> {
        Self::read(document.open(Purpose::Image, trust)?)
    }

    /// Reads a manifest's text and checks its fields.
    ///
    /// # Errors
    /// When a field is missing or has a value it cannot have.
    pub fn read(text: &str) -> Result<Self, Refusal> {
        let manifest: Self = serde_json::from_str(text).map_err(|error| Refusal::Malformed(error.to_string()))?;
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), Refusal> {
        let bad =
            |field, found: &dyn ToString, wanted| Err(Refusal::BadField { field, found: found.to_string(), wanted });
        if self.format != FORMAT {
            return bad("format", &self.format, "this version reads format 1");
        }
        for (field, word) in [("product", &self.product), ("hardware", &self.hardware), ("channel", &self.channel)] {
            if !is_word(word) {
                return bad(field, &format!("{word:?}"), "it has 1 to 64 of a-z, 0-9, - and _");
            }
        }
        if !(1..=MAX_IMAGE).contains(&self.size) {
            return bad("size", &self.size, "an image has 1 byte to 256 MiB");
        }
        if self.notes.len() > MAX_NOTES {
            return bad("notes", &format!("{} bytes long", self.notes.len()), "at most 4000 bytes are kept");
        }
        if self.deltas.len() > MAX_DELTAS {
            return bad("deltas", &format!("a list of {}", self.deltas.len()), "at most 16 are kept");
        }
        if let Some(delta) = self.deltas.iter().find(|delta| !(1..=MAX_IMAGE).contains(&delta.size)) {
            return bad("deltas", &format!("one of {} bytes", delta.size), "a difference has 1 byte to 256 MiB");
        }
        Ok(())
    }

    /// Whether `device` takes the image.
    ///
    /// # Errors
    /// The first reason why not.
    pub fn suits(&self, device: &Device) -> Result<(), Refusal> {
        if self.product != device.product {
            return Err(Refusal::OtherProduct { image: self.product.clone(), node: device.product.clone() });
        }
        if self.hardware != device.hardware {
            return Err(Refusal::OtherHardware { image: self.hardware.clone(), node: device.hardware.clone() });
        }
        if self.counter < device.counter {
            return Err(Refusal::OlderCounter { counter: self.counter, seen: device.counter });
        }
        if device.now_s >= self.expires_s {
            return Err(Refusal::Expired { days: device.now_s.saturating_sub(self.expires_s) / 86_400 });
        }
        match &self.min_from {
            Some(min_from) if device.version < *min_from => Err(Refusal::NeedsStep {
                version: device.version.clone(),
                image: self.version.clone(),
                min_from: min_from.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// The manifest as the text that is signed.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("numbers and strings are always JSON")
    }
}

fn is_word(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SecretKey;

    fn manifest() -> Manifest {
        Manifest {
            format: 1,
            product: "cuelight-node".into(),
            hardware: "x86_64-linux".into(),
            channel: "stable".into(),
            version: Version::new(1, 4, 0),
            counter: 12,
            min_from: Some(Version::new(1, 2, 0)),
            size: 1000,
            sha256: Digest([7; 32]),
            expires_s: 2_000_000_000,
            notes: String::new(),
            deltas: Vec::new(),
        }
    }
    fn device() -> Device {
        Device {
            product: "cuelight-node".into(),
            hardware: "x86_64-linux".into(),
            version: Version::new(1, 3, 0),
            counter: 12,
            now_s: 1_900_000_000,
        }
    }

    #[test]
    fn a_manifest_survives_its_text_and_its_signature() {
        let key = |seed| SecretKey::from_seed([seed; 32]);
        let trust = Trust::new(vec![key(1).public(), key(2).public()], 1).unwrap();
        let mut document = Signed::new(manifest().to_json());
        document.sign(Purpose::Image, &key(2));
        assert_eq!(Manifest::open(&document, &trust), Ok(manifest()));
        assert_eq!(manifest().suits(&device()), Ok(()));
    }

    /// OTA-1
    #[test]
    fn each_reason_to_refuse_an_image_is_found() {
        let refusal = |change: fn(&mut Manifest, &mut Device)| {
            let (mut manifest, mut device) = (manifest(), device());
            change(&mut manifest, &mut device);
            manifest.suits(&device).unwrap_err()
        };
        assert!(matches!(refusal(|m, _| m.product = "hub".into()), Refusal::OtherProduct { .. }));
        assert!(matches!(refusal(|_, d| d.hardware = "aarch64-linux".into()), Refusal::OtherHardware { .. }));
        assert_eq!(refusal(|m, _| m.counter = 11), Refusal::OlderCounter { counter: 11, seen: 12 });
        assert_eq!(refusal(|_, d| d.now_s = 2_000_000_000 + 86_400), Refusal::Expired { days: 1 });
        assert!(matches!(refusal(|_, d| d.version = Version::new(1, 1, 9)), Refusal::NeedsStep { .. }));
    }

    #[test]
    fn each_field_with_a_rule_is_checked() {
        let refusal = |change: fn(&mut Manifest)| {
            let mut manifest = manifest();
            change(&mut manifest);
            match Manifest::read(&manifest.to_json()) {
                Err(Refusal::BadField { field, .. }) => field,
                other => panic!("{other:?}"),
            }
        };
        let delta = |size| Delta { from_sha256: Digest([0; 32]), sha256: Digest([1; 32]), size };
        assert_eq!(refusal(|m| m.format = 2), "format");
        assert_eq!(refusal(|m| m.product = "../evil".into()), "product");
        assert_eq!(refusal(|m| m.hardware = String::new()), "hardware");
        assert_eq!(refusal(|m| m.channel = "Stable".into()), "channel");
        assert_eq!(refusal(|m| m.size = 0), "size");
        assert_eq!(refusal(|m| m.size = MAX_IMAGE + 1), "size");
        assert_eq!(refusal(|m| m.notes = "x".repeat(MAX_NOTES + 1)), "notes");
        let mut many = manifest();
        many.deltas = vec![delta(1); MAX_DELTAS + 1];
        assert!(matches!(Manifest::read(&many.to_json()), Err(Refusal::BadField { field: "deltas", .. })));
        many.deltas = vec![delta(0)];
        assert!(matches!(Manifest::read(&many.to_json()), Err(Refusal::BadField { field: "deltas", .. })));
        assert!(matches!(Manifest::read("{}"), Err(Refusal::Malformed(_))));
    }
}
