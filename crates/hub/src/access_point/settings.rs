//! What an access point can be told, and what is refused before anything is touched (AP-4).

use std::fmt;
use std::str::FromStr;

use super::AccessPointError;

/// The network name that devices in the field look for (AP-1). Some are built for `LightwaveOS-AP`.
pub const DEFAULT_SSID: &str = "K1-LightwaveOS";
/// The password those devices know. Everybody can read it here, so using it is a risk that is reported (AP-3).
pub const DEFAULT_PASSPHRASE: &str = "SpectraSynq";
/// The channel those devices try first.
pub const DEFAULT_CHANNEL: u8 = 6;

/// Channels of the 5 GHz band without radar detection: on the others an access point has to fall silent for a minute
/// before it starts, and to leave in the middle of a show when it believes to hear a radar.
const CHANNELS_5_GHZ: [u8; 9] = [36, 40, 44, 48, 149, 153, 157, 161, 165];
/// The channels that may be used everywhere; the rest needs to know where it is.
const LAST_CHANNEL_ANYWHERE: u8 = 11;
/// Bytes of an interface's name (IFNAMSIZ of Linux, without the final zero).
const MAX_INTERFACE: usize = 15;

/// Settings of a hub that is the access point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessPointSettings {
    /// The interface that becomes the show's network.
    pub interface: Interface,
    /// What makes it one.
    pub radio: Radio,
    /// Name of the network.
    pub ssid: Ssid,
    /// Its WPA2 password.
    pub passphrase: Passphrase,
    /// Its channel.
    pub channel: Channel,
    /// Where the hub is: which channels and how much power are allowed.
    pub country: Option<Country>,
}

impl AccessPointSettings {
    /// The appliance's network on `interface`.
    pub fn new(interface: Interface) -> Self {
        Self {
            interface,
            radio: Radio::Nl80211,
            ssid: Ssid(DEFAULT_SSID.to_owned()),
            passphrase: Passphrase(DEFAULT_PASSPHRASE.to_owned()),
            channel: Channel(DEFAULT_CHANNEL),
            country: None,
        }
    }

    /// Whether the settings agree with each other.
    ///
    /// # Errors
    /// [`AccessPointError::NeedsCountry`].
    pub fn check(&self) -> Result<(), AccessPointError> {
        match self.channel.needs_country() && self.country.is_none() {
            true => Err(AccessPointError::NeedsCountry(self.channel)),
            false => Ok(()),
        }
    }

    /// What is dangerous about these settings, one sentence each (AP-3).
    pub fn risks(&self) -> Vec<String> {
        if self.radio == Radio::Off || !self.passphrase.is_default() {
            return Vec::new();
        }
        vec![format!(
            "the password of the Wi-Fi network {} is the default one, which everybody knows: set access-point.password",
            self.ssid
        )]
    }
}

/// Name of a network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface(String);

/// What makes an interface the show's network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Radio {
    /// A Wi-Fi device, by the kernel's nl80211.
    #[default]
    Nl80211,
    /// hostapd runs without a device: everything but the radio, on an interface of any kind.
    None,
    /// No radio and no hostapd: addresses on a wired interface.
    Off,
}

/// Name of a Wi-Fi network, 1 to 32 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ssid(String);

/// A WPA2 password. It is never shown: `Debug` hides it, and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Passphrase(String);

/// A Wi-Fi channel: 1 to 13, or one of the 5 GHz band that needs no radar detection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channel(u8);

/// A country by the two letters of ISO 3166-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Country([u8; 2]);

/// The text is none of what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadSetting;

impl Interface {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Interface {
    type Err = BadSetting;
    /// A name that is safe in a path, in a configuration file and as an argument.
    fn from_str(text: &str) -> Result<Self, BadSetting> {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        let starts_well = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
        let fits = starts_well && text.len() <= MAX_INTERFACE && text.bytes().all(is_plain);
        if fits { Ok(Self(text.to_owned())) } else { Err(BadSetting) }
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Radio {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Nl80211, Self::None, Self::Off];

    /// The word for it in settings.
    pub fn word(self) -> &'static str {
        match self {
            Self::Nl80211 => "nl80211",
            Self::None => "none",
            Self::Off => "off",
        }
    }
}

impl FromStr for Radio {
    type Err = BadSetting;
    fn from_str(text: &str) -> Result<Self, BadSetting> {
        Self::ALL.into_iter().find(|radio| radio.word() == text).ok_or(BadSetting)
    }
}

impl Ssid {
    /// The name's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl FromStr for Ssid {
    type Err = BadSetting;
    fn from_str(text: &str) -> Result<Self, BadSetting> {
        let fits = (1..=32).contains(&text.len()) && !text.chars().any(char::is_control);
        if fits { Ok(Self(text.to_owned())) } else { Err(BadSetting) }
    }
}

impl fmt::Display for Ssid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Passphrase {
    /// Whether it is the one everybody knows.
    pub fn is_default(&self) -> bool {
        self.0 == DEFAULT_PASSPHRASE
    }
    /// The password, for hostapd's configuration and nothing else.
    pub(super) fn secret(&self) -> &str {
        &self.0
    }
}

impl FromStr for Passphrase {
    type Err = BadSetting;
    /// 8 to 63 printable ASCII characters (IEEE 802.11, J.4.1).
    fn from_str(text: &str) -> Result<Self, BadSetting> {
        let fits = (8..=63).contains(&text.len()) && text.bytes().all(|b| (b' '..=b'~').contains(&b));
        if fits { Ok(Self(text.to_owned())) } else { Err(BadSetting) }
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

impl Channel {
    /// Its number.
    pub fn number(self) -> u8 {
        self.0
    }
    /// Whether it lies in the 5 GHz band, which nodes built on small radios cannot hear.
    pub fn is_5_ghz(self) -> bool {
        CHANNELS_5_GHZ.contains(&self.0)
    }
    /// Whether it is allowed in some countries only.
    fn needs_country(self) -> bool {
        self.0 > LAST_CHANNEL_ANYWHERE
    }
}

impl TryFrom<u8> for Channel {
    type Error = BadSetting;
    fn try_from(number: u8) -> Result<Self, BadSetting> {
        let fits = (1..=13).contains(&number) || CHANNELS_5_GHZ.contains(&number);
        if fits { Ok(Self(number)) } else { Err(BadSetting) }
    }
}

impl FromStr for Channel {
    type Err = BadSetting;
    fn from_str(text: &str) -> Result<Self, BadSetting> {
        text.parse::<u8>().map_err(|_| BadSetting)?.try_into()
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Country {
    type Err = BadSetting;
    fn from_str(text: &str) -> Result<Self, BadSetting> {
        match text.as_bytes() {
            &[a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Ok(Self([a, b])),
            _ => Err(BadSetting),
        }
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b] = self.0.map(char::from);
        write!(f, "{a}{b}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> AccessPointSettings {
        AccessPointSettings::new("wlan0".parse().unwrap())
    }

    /// AP-4
    #[test]
    fn names_and_passwords_have_the_lengths_of_the_standard() {
        for good in ["K", "stage left", "Bühne", &"x".repeat(32)] {
            assert_eq!(good.parse::<Ssid>().unwrap().as_bytes(), good.as_bytes());
        }
        for bad in ["", "two\nlines", &"x".repeat(33)] {
            assert_eq!(bad.parse::<Ssid>(), Err(BadSetting), "{bad:?}");
        }
        for good in ["12345678", " #=\"'\\ ~", &"x".repeat(63)] {
            assert_eq!(good.parse::<Passphrase>().unwrap().secret(), good);
        }
        for bad in ["1234567", "pässword", "tab\tpassword", "line\npassword", &"x".repeat(64)] {
            assert_eq!(bad.parse::<Passphrase>(), Err(BadSetting), "{bad:?}");
        }
    }

    /// AP-4
    #[test]
    fn an_interface_name_is_never_a_path_or_a_flag() {
        for good in ["wlan0", "eth0.12", "wlx00c0ca123456", "br-show"] {
            assert_eq!(good.parse::<Interface>().unwrap().as_str(), good);
        }
        for bad in ["", "-a", "..", "a/b", "a b", "a\n", "ä0", "sixteen-letters0"] {
            assert_eq!(bad.parse::<Interface>(), Err(BadSetting), "{bad:?}");
        }
    }

    /// AP-4
    #[test]
    fn channels_that_need_a_radar_watch_are_refused_and_regional_ones_need_a_country() {
        for number in [0, 14, 52, 100, 144, 200] {
            assert_eq!(Channel::try_from(number), Err(BadSetting), "{number}");
        }
        assert_eq!("300".parse::<Channel>(), Err(BadSetting));
        for (number, needs) in [(1, false), (11, false), (12, true), (13, true), (36, true), (165, true)] {
            let channel = Channel::try_from(number).unwrap();
            let nowhere = AccessPointSettings { channel, ..settings() };
            assert_eq!(nowhere.check().is_err(), needs, "{number}");
            let country = Some("DE".parse().unwrap());
            AccessPointSettings { country, ..nowhere }.check().unwrap();
        }
        for bad in ["de", "D", "DEU", "D1", ""] {
            assert_eq!(bad.parse::<Country>(), Err(BadSetting), "{bad}");
        }
    }

    /// AP-3
    #[test]
    fn the_default_password_is_a_risk_and_another_is_none() {
        let risks = settings().risks();
        assert_eq!(risks.len(), 1);
        assert!(risks[0].contains("default") && risks[0].contains("access-point.password"), "{risks:?}");
        assert!(!risks[0].contains(DEFAULT_PASSPHRASE), "{risks:?}");
        let changed = AccessPointSettings { passphrase: "correct horse".parse().unwrap(), ..settings() };
        assert!(changed.risks().is_empty());
        assert!(AccessPointSettings { radio: Radio::Off, ..settings() }.risks().is_empty());
    }

    /// AP-2
    #[test]
    fn a_password_is_not_shown_by_debug() {
        assert!(!format!("{:?}", settings()).contains(DEFAULT_PASSPHRASE));
    }
}
