//! The settings of the access point: keys of the table `[access-point]`, variables `CUELIGHT_ACCESS_POINT_*`, flags of
//! `cuelight hub`. The password has no flag, because command lines can be read by every user of the machine; a flag names a
//! file that holds it.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use cuelight_hub::access_point::{AccessPointSettings, Channel, Country, Interface, Passphrase, Radio, Ssid};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::ConfigError;
use super::value::{Described, Worded};

/// What one source says of the access point. Field names are the keys of a file.
#[derive(Args, Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields, expecting = "a table of access point settings")]
pub(crate) struct AccessPointOptions {
    /// Make this interface the show's own network: the hub is 192.168.4.1 there and gives addresses [default: none].
    #[arg(id = "interface", long = "access-point", value_name = "INTERFACE")]
    interface: Option<Worded<Interface>>,
    /// What runs the radio: nl80211; off for a wired network; none for hostapd without a device [default: nl80211].
    #[arg(long, value_name = "DRIVER")]
    radio: Option<Worded<Radio>>,
    /// Name of the Wi-Fi network [default: K1-LightwaveOS].
    #[arg(long, value_name = "NAME")]
    ssid: Option<Worded<Ssid>>,
    /// The Wi-Fi password.
    #[arg(skip)]
    password: Option<Password>,
    /// File with the Wi-Fi password on its only line. Without one the password is a default that everybody knows.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Wi-Fi channel, 1 to 13, or one of the 5 GHz band without radar watch [default: 6].
    #[arg(long, value_name = "N")]
    channel: Option<ChannelNumber>,
    /// Country, two capital letters; needed for channels that are not allowed everywhere [default: none].
    #[arg(long, value_name = "CC")]
    country: Option<Worded<Country>>,
}

impl AccessPointOptions {
    /// These options, and those of `below` where these say nothing.
    pub(crate) fn over(self, below: Self) -> Self {
        // A password in any form stands over one in any other.
        let says_password = self.password.is_some() || self.password_file.is_some();
        let (password, password_file) = match says_password {
            true => (self.password, self.password_file),
            false => (below.password, below.password_file),
        };
        Self {
            interface: self.interface.or(below.interface),
            radio: self.radio.or(below.radio),
            ssid: self.ssid.or(below.ssid),
            password,
            password_file,
            channel: self.channel.or(below.channel),
            country: self.country.or(below.country),
        }
    }

    /// The settings these options mean; nothing when they name no interface.
    pub(crate) fn settings(&self) -> Result<Option<AccessPointSettings>, ConfigError> {
        let Some(Worded(interface)) = self.interface.clone() else { return Ok(None) };
        let default = AccessPointSettings::new(interface);
        let settings = AccessPointSettings {
            radio: self.radio.as_ref().map_or(default.radio, |Worded(radio)| *radio),
            ssid: self.ssid.clone().map_or(default.ssid, |Worded(ssid)| ssid),
            passphrase: self.passphrase()?.unwrap_or(default.passphrase),
            channel: self.channel.map_or(default.channel, |ChannelNumber(channel)| channel),
            country: self.country.as_ref().map(|Worded(country)| *country),
            interface: default.interface,
        };
        settings.check().map_err(|error| ConfigError::AccessPoint(error.to_string()))?;
        Ok(Some(settings))
    }

    fn passphrase(&self) -> Result<Option<Passphrase>, ConfigError> {
        match (&self.password, &self.password_file) {
            (Some(_), Some(_)) => Err(ConfigError::AccessPoint("give password or password_file, not both".to_owned())),
            (Some(Password(passphrase)), None) => Ok(Some(passphrase.clone())),
            (None, Some(path)) => read_password(path).map(Some),
            (None, None) => Ok(None),
        }
    }
}

fn read_password(path: &Path) -> Result<Passphrase, ConfigError> {
    let text = fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    let wrong = |_| ConfigError::AccessPoint(format!("{}: expected one line, {PASSWORD}", path.display()));
    line.parse().map_err(wrong)
}

/// Settings as `cuelight check` shows them, by key; the password only as `set` or `default`.
pub(crate) fn shown(options: &AccessPointOptions, settings: Option<&AccessPointSettings>) -> Map<String, Value> {
    let somewhere = AccessPointSettings::new("any".parse().expect("the name is plain"));
    let meant = settings.unwrap_or(&somewhere);
    let mut shown = Map::new();
    let mut show = |key: &str, value| shown.insert(key.to_owned(), value);
    show("interface", json!(settings.map(|settings| settings.interface.as_str())));
    show("radio", json!(meant.radio.word()));
    show("ssid", json!(meant.ssid.to_string()));
    show("password", json!(if meant.passphrase.is_default() { "default" } else { "set" }));
    show("password_file", json!(options.password_file));
    show("channel", json!(meant.channel.number()));
    show("country", json!(meant.country.map(|country| country.to_string())));
    shown
}

const PASSWORD: &str = "a WPA2 password of 8 to 63 printable ASCII characters";

/// A password that a message never repeats.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Password(Passphrase);

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Secret;
        // Every kind of value is taken and refused here: what is not, serde repeats in its message.
        impl Visitor<'_> for Secret {
            type Value = Password;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(PASSWORD)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Password, E> {
                text.parse().map(Password).map_err(|_| E::custom(format_args!("expected {PASSWORD}")))
            }
            fn visit_bool<E: de::Error>(self, _: bool) -> Result<Password, E> {
                Err(E::custom(format_args!("expected {PASSWORD}, in quotes")))
            }
            fn visit_i64<E: de::Error>(self, _: i64) -> Result<Password, E> {
                self.visit_bool(true)
            }
            fn visit_f64<E: de::Error>(self, _: f64) -> Result<Password, E> {
                self.visit_bool(true)
            }
        }
        deserializer.deserialize_str(Secret)
    }
}

/// A channel as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ChannelNumber(Channel);

const CHANNEL: &str = "a channel: 1 to 13, 36, 40, 44, 48, 149, 153, 157, 161 or 165";

impl FromStr for ChannelNumber {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| format!("expected {CHANNEL}"))
    }
}

impl<'de> Deserialize<'de> for ChannelNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = ChannelNumber;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(CHANNEL)
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<ChannelNumber, E> {
                let channel = u8::try_from(number).ok().and_then(|number| number.try_into().ok());
                let wrong = || E::invalid_value(de::Unexpected::Signed(number), &self);
                channel.map(ChannelNumber).ok_or_else(wrong)
            }
        }
        deserializer.deserialize_i64(Number)
    }
}

impl Described for Interface {
    fn expected() -> String {
        "the name of a network interface like wlan0".to_owned()
    }
}
impl Described for Radio {
    fn expected() -> String {
        "nl80211, none or off".to_owned()
    }
}
impl Described for Ssid {
    fn expected() -> String {
        "a network name of 1 to 32 bytes".to_owned()
    }
}
impl Described for Country {
    fn expected() -> String {
        "a country as two capital letters like DE".to_owned()
    }
}
