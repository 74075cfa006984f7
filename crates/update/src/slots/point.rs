//! Moments at which a machine may lose power during an update, by name: tests end the process there.

use std::fmt;
use std::str::FromStr;

/// A moment of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// The offer is on the disk.
    OfferKept,
    /// The manifest is signed and suits this node.
    ManifestChecked,
    /// A part of the image is on the disk.
    PartWritten,
    /// The image has the digest it should have.
    ImageChecked,
    /// The state has forgotten what was in the other slot.
    SlotCleared,
    /// The image is in the other slot; the state does not know yet.
    ImageMoved,
    /// The state knows the image.
    ImageStaged,
    /// The next start is the image's.
    TrialBegun,
}

impl Point {
    /// All of them, in their order.
    pub const ALL: [Self; 8] = [
        Self::OfferKept,
        Self::ManifestChecked,
        Self::PartWritten,
        Self::ImageChecked,
        Self::SlotCleared,
        Self::ImageMoved,
        Self::ImageStaged,
        Self::TrialBegun,
    ];
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OfferKept => "offer-kept",
            Self::ManifestChecked => "manifest-checked",
            Self::PartWritten => "part-written",
            Self::ImageChecked => "image-checked",
            Self::SlotCleared => "slot-cleared",
            Self::ImageMoved => "image-moved",
            Self::ImageStaged => "image-staged",
            Self::TrialBegun => "trial-begun",
        }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
impl FromStr for Point {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|point| point.name() == text)
            .ok_or_else(|| format!("{text:?} is no point of an update"))
    }
}
