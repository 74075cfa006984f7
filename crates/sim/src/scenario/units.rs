//! Quantities with their unit, as text: "30 ms", "20 %", "100 ppm".

use serde::de::{self, Deserialize, Deserializer};

/// Reads "30 ms" by a table of units.
fn quantity(text: &str, units: &[(&str, f64)]) -> Result<f64, String> {
    let split = text.find(|c: char| c.is_ascii_alphabetic() || c == '%').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let allowed = || units.iter().map(|(unit, _)| *unit).collect::<Vec<_>>().join(", ");
    let number: f64 =
        number.trim().parse().map_err(|_| format!("{text:?} is no number with a unit ({})", allowed()))?;
    match units.iter().find(|(name, _)| *name == unit.trim()) {
        Some((_, factor)) => Ok(number * factor),
        None => Err(format!("{text:?} has none of the units {}", allowed())),
    }
}

macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident $field:ident $units:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq)]
        pub(super) struct $name {
            pub(super) $field: f64,
        }
        impl $name {
            pub(super) fn read(text: &str) -> Result<Self, String> {
                quantity(text, &$units).map(|$field| Self { $field })
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::read(&String::deserialize(deserializer)?).map_err(de::Error::custom)
            }
        }
    };
}

quantity! {
    /// A length of time, nanoseconds.
    Length ns [("ns", 1.0), ("us", 1e3), ("ms", 1e6), ("s", 1e9), ("min", 60e9)]
}
quantity! {
    /// A chance or share, 0 to 1.
    Share part [("%", 0.01)]
}
quantity! {
    /// A frequency error, parts per million.
    Ppm ppm [("ppm", 1.0), ("ppb", 1e-3)]
}
quantity! {
    /// A rate of a line, bits a second.
    BitRate bits_per_s [("bit/s", 1.0), ("kbit/s", 1e3), ("Mbit/s", 1e6)]
}
quantity! {
    /// A change of frequency, ppm a second.
    PpmPerSecond ppm_per_s [("ppm/s", 1.0), ("ppm/min", 1.0 / 60.0)]
}

/// Two lengths of time, or one that stands for both.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Deserialize)]
#[serde(untagged, expecting = "a length of time (\"30 ms\"), or two ([\"10 ms\", \"30 ms\"])")]
pub(super) enum Lengths {
    /// Always the same.
    One(Length),
    /// Between two.
    Between(Length, Length),
    #[default]
    #[serde(skip)]
    None,
}

impl Lengths {
    /// From and to, nanoseconds.
    pub(super) const fn range_ns(self) -> (f64, f64) {
        match self {
            Self::One(length) => (length.ns, length.ns),
            Self::Between(from, to) => (from.ns, to.ns),
            Self::None => (0.0, 0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_with_their_unit_and_refused_without() {
        assert_eq!(Length::read("30 ms"), Ok(Length { ns: 30e6 }));
        assert_eq!(Length::read("-1.5s"), Ok(Length { ns: -1.5e9 }));
        assert_eq!(Share::read("20 %"), Ok(Share { part: 0.2 }));
        assert_eq!(BitRate::read("400 kbit/s"), Ok(BitRate { bits_per_s: 400e3 }));
        assert_eq!(Length::read("30"), Err("\"30\" has none of the units ns, us, ms, s, min".into()));
        assert_eq!(Length::read("30 ppm"), Err("\"30 ppm\" has none of the units ns, us, ms, s, min".into()));
        assert_eq!(Ppm::read("fast"), Err("\"fast\" is no number with a unit (ppm, ppb)".into()));
    }
}
