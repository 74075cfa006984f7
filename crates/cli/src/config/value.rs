//! The kinds of values settings have. Each reads itself from a flag's text and from a file's value, with one range and one
//! wording for both.

use std::fmt;
use std::marker::PhantomData;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use cuelight_net::clock::LocalClock;
use cuelight_node::{BadOutput, OutputSetting};
use cuelight_pattern::store::Limits;
use cuelight_render::Geometry;
use cuelight_render::geometry::BadGeometry;
use cuelight_trust::{Authority, BadAuthority};
use cuelight_wire::ids::Mac;
use serde::de::{self, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

use crate::address::HubAddress;

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Whole<const MIN: i64, const MAX: i64>(i64);

/// How much a store of patterns holds; what is not said is the default.
pub(super) fn pattern_limits(
    file_max: Option<Whole<1, 1_073_741_824>>,
    quota: Option<Whole<1, 1_099_511_627_776>>,
) -> Limits {
    let default = Limits::default();
    Limits {
        file_max: file_max.map_or(default.file_max, Whole::get),
        quota: quota.map_or(default.quota, Whole::get),
        ..default
    }
}

/// A port; 0 stands for any free one.
pub(crate) type Port = Whole<0, 65_535>;

impl<const MIN: i64, const MAX: i64> Whole<MIN, MAX> {
    /// The number in the caller's type.
    pub(crate) fn get<T: TryFrom<i64>>(self) -> T {
        // Every use names a type that holds the range; the settings' tests go through the ends.
        T::try_from(self.0).ok().expect("the range of the setting fits its type")
    }
    fn expected() -> String {
        format!("a whole number from {MIN} to {MAX}")
    }
}

impl<const MIN: i64, const MAX: i64> FromStr for Whole<MIN, MAX> {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.parse().ok().filter(|number| (MIN..=MAX).contains(number));
        number.map(Self).ok_or_else(|| format!("expected {}", Self::expected()))
    }
}

impl<'de, const MIN: i64, const MAX: i64> Deserialize<'de> for Whole<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number<const MIN: i64, const MAX: i64>;
        impl<const MIN: i64, const MAX: i64> Visitor<'_> for Number<MIN, MAX> {
            type Value = Whole<MIN, MAX>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&Whole::<MIN, MAX>::expected())
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
                if (MIN..=MAX).contains(&number) {
                    Ok(Whole(number))
                } else {
                    Err(E::invalid_value(Unexpected::Signed(number), &self))
                }
            }
        }
        deserializer.deserialize_i64(Number::<MIN, MAX>)
    }
}

/// A decimal number from `MIN` to `MAX` hundredths, rounded to hundredths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hundredths<const MIN: i64, const MAX: i64>(i64);

impl<const MIN: i64, const MAX: i64> Hundredths<MIN, MAX> {
    /// The number times 100, in the caller's type.
    pub(crate) fn get<T: TryFrom<i64>>(self) -> T {
        T::try_from(self.0).ok().expect("the range of the setting fits its type")
    }
    fn of(number: f64) -> Option<Self> {
        let hundredths = (number * 100.0).round();
        (MIN as f64..=MAX as f64).contains(&hundredths).then_some(Self(hundredths as i64))
    }
    fn expected() -> String {
        format!("a number from {} to {}", MIN as f64 / 100.0, MAX as f64 / 100.0)
    }
}

impl<const MIN: i64, const MAX: i64> FromStr for Hundredths<MIN, MAX> {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        text.parse().ok().and_then(Self::of).ok_or_else(|| format!("expected {}", Self::expected()))
    }
}

impl<'de, const MIN: i64, const MAX: i64> Deserialize<'de> for Hundredths<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number<const MIN: i64, const MAX: i64>;
        impl<const MIN: i64, const MAX: i64> Visitor<'_> for Number<MIN, MAX> {
            type Value = Hundredths<MIN, MAX>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&Hundredths::<MIN, MAX>::expected())
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
                Hundredths::of(number as f64).ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
            }
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
                Hundredths::of(number).ok_or_else(|| E::invalid_value(Unexpected::Float(number), &self))
            }
        }
        deserializer.deserialize_f64(Number::<MIN, MAX>)
    }
}

/// On or off: `on`, `off`, `true`, `false`, `yes`, `no` as a flag or variable, a boolean in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Switch(pub(crate) bool);

/// What a word says of a switch.
pub(super) fn switch_word(word: &str) -> Option<bool> {
    match word.trim() {
        "on" | "true" | "yes" | "1" => Some(true),
        "off" | "false" | "no" | "0" => Some(false),
        _ => None,
    }
}

impl FromStr for Switch {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        switch_word(text).map(Self).ok_or("expected on or off")
    }
}

impl<'de> Deserialize<'de> for Switch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OnOff;
        impl Visitor<'_> for OnOff {
            type Value = Switch;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true or false")
            }
            fn visit_bool<E: de::Error>(self, on: bool) -> Result<Switch, E> {
                Ok(Switch(on))
            }
        }
        deserializer.deserialize_bool(OnOff)
    }
}

/// A type that is written as a text.
pub(crate) trait Described: FromStr {
    /// What the text has to be, with an example.
    fn expected() -> String;
    /// What is wrong with a text, when the type knows better than [`Described::expected`].
    fn reason(_: &Self::Err) -> Option<String> {
        None
    }
}

impl Described for IpAddr {
    fn expected() -> String {
        "an IP address like 0.0.0.0 or 192.168.4.1".to_owned()
    }
}
impl Described for SocketAddr {
    fn expected() -> String {
        "an address and a port like 0.0.0.0:8090 or 127.0.0.1:8090".to_owned()
    }
}
impl Described for Mac {
    fn expected() -> String {
        "a MAC address like 02:00:00:00:00:01".to_owned()
    }
}
impl Described for LocalClock {
    fn expected() -> String {
        "OFFSET_S,PPM like -12.5,40".to_owned()
    }
}
impl Described for HubAddress {
    fn expected() -> String {
        "HOST or HOST:PORT like 192.168.1.10 or hub.local:8080".to_owned()
    }
}
impl Described for Authority {
    fn expected() -> String {
        "a file with the hub's authority (PEM) or sha256:HEX".to_owned()
    }
    fn reason(error: &BadAuthority) -> Option<String> {
        Some(error.to_string())
    }
}
impl Described for Geometry {
    fn expected() -> String {
        "a geometry like strip:320, ring:60 or matrix:16x16:serpentine".to_owned()
    }
    fn reason(error: &BadGeometry) -> Option<String> {
        Some(error.to_string())
    }
}
impl Described for OutputSetting {
    fn expected() -> String {
        "an output: terminal, null, record:FILE, ddp:HOST[:PORT], sacn:UNIVERSE[@HOST] or artnet:UNIVERSE[@HOST]"
            .to_owned()
    }
    fn reason(error: &BadOutput) -> Option<String> {
        match error {
            BadOutput::Word(_) => None,
            BadOutput::Universes(bad) => Some(bad.to_string()),
        }
    }
}

/// A name of 1 to `MAX` bytes without control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name<const MAX: usize>(pub(crate) String);

impl<const MAX: usize> FromStr for Name<MAX> {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let fits = (1..=MAX).contains(&text.len()) && !text.chars().any(char::is_control);
        if fits { Ok(Self(text.to_owned())) } else { Err(()) }
    }
}

impl<const MAX: usize> Described for Name<MAX> {
    fn expected() -> String {
        format!("a name of 1 to {MAX} bytes")
    }
}

/// A value of `T`, written as a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Worded<T>(pub(crate) T);

fn worded<T: Described>(text: &str) -> Result<Worded<T>, String> {
    let reason = |error| T::reason(&error).unwrap_or_else(|| format!("expected {}", T::expected()));
    text.parse().map(Worded).map_err(reason)
}

impl<T: Described> FromStr for Worded<T> {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        worded(text)
    }
}

impl<'de, T: Described> Deserialize<'de> for Worded<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words<T>(PhantomData<T>);
        impl<T: Described> Visitor<'_> for Words<T> {
            type Value = Worded<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&T::expected())
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Worded<T>, E> {
                worded(text).map_err(|reason| E::custom(format_args!("{reason}, found {text:?}")))
            }
        }
        deserializer.deserialize_str(Words(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_taken_to_their_ends_and_no_further() {
        assert_eq!("65535".parse::<Port>().unwrap().get::<u16>(), 65_535);
        assert_eq!("0".parse::<Port>().unwrap().get::<u16>(), 0);
        for bad in ["65536", "-1", "1.5", "", "a", "99999999999999999999"] {
            assert_eq!(bad.parse::<Port>().unwrap_err(), "expected a whole number from 0 to 65535", "{bad}");
        }
        assert_eq!("2.2".parse::<Hundredths<10, 1000>>().unwrap().get::<u16>(), 220);
        for bad in ["0.09", "10.01", "NaN", "inf", "x"] {
            assert_eq!(bad.parse::<Hundredths<10, 1000>>().unwrap_err(), "expected a number from 0.1 to 10", "{bad}");
        }
    }

    #[test]
    fn switches_have_the_words_people_try() {
        assert!("on".parse::<Switch>().unwrap().0 && "true".parse::<Switch>().unwrap().0);
        assert!(!"off".parse::<Switch>().unwrap().0 && !"no".parse::<Switch>().unwrap().0);
        assert_eq!("maybe".parse::<Switch>().unwrap_err(), "expected on or off");
    }
}
