//! What targets of pixels and of shows have in common, as people write it: `PLACE[@HOST][?KEY=VALUE&KEY=VALUE]`.

use std::fmt;
use std::net::IpAddr;

use cuelight_dmx::priority::Priority;
use cuelight_dmx::sacn;

/// Why the value of an option is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadOption {
    /// The priority.
    #[error("expected a priority of 0 to 200")]
    Priority,
    /// The synchronisation.
    #[error("expected sync to be a universe (sACN), or on or off (Art-Net)")]
    Sync,
    /// The address to send from.
    #[error("expected from to be an IP address of this machine")]
    From,
}

/// Place, host, options.
pub(crate) fn parts(text: &str) -> (&str, Option<&str>, impl Iterator<Item = &str>) {
    let (place, options) = text.split_once('?').unwrap_or((text, ""));
    let (first, host) = place.split_once('@').map_or((place, None), |(first, host)| (first, Some(host)));
    (first, host, options.split('&').filter(|option| !option.is_empty()))
}

/// How important levels are.
pub(crate) fn priority(value: &str) -> Result<Priority, BadOption> {
    value.parse().ok().and_then(Priority::new).ok_or(BadOption::Priority)
}
/// The address of synchronisation packets of sACN.
pub(crate) fn sacn_sync(value: &str) -> Result<sacn::Universe, BadOption> {
    value.parse().ok().and_then(sacn::Universe::new).ok_or(BadOption::Sync)
}
/// Whether an ArtSync follows.
pub(crate) fn artnet_sync(value: &str) -> Result<bool, BadOption> {
    match value {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(BadOption::Sync),
    }
}
/// The address to send from.
pub(crate) fn from(value: &str) -> Result<IpAddr, BadOption> {
    value.parse().map_err(|_| BadOption::From)
}

/// The options of sACN that are not as they are by default, as they are written.
pub(crate) fn sacn_options(priority: Priority, sync: Option<sacn::Universe>) -> [Option<String>; 2] {
    let priority = (priority != Priority::DEFAULT).then(|| format!("priority={}", priority.number()));
    [priority, sync.map(|sync| format!("sync={}", sync.number()))]
}
/// Those of Art-Net.
pub(crate) fn artnet_options(sync: bool) -> [Option<String>; 2] {
    [sync.then(|| "sync=on".to_owned()), None]
}

/// Writes options that are not as they are by default.
pub(crate) fn write_options(
    f: &mut fmt::Formatter<'_>,
    options: impl IntoIterator<Item = Option<String>>,
) -> fmt::Result {
    let separators = std::iter::once('?').chain(std::iter::repeat('&'));
    for (option, separator) in options.into_iter().flatten().zip(separators) {
        write!(f, "{separator}{option}")?;
    }
    Ok(())
}
