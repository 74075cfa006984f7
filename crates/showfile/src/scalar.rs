//! The small values of a show file: cue numbers, times, levels, addresses, each with one form to write and a few to read.

use cuelight_show::level::FULL_PERCENT_MILLI;
use cuelight_show::{Address, CueNumber, FixtureNumber, Level, Value};
use cuelight_wire::scene::Rgb;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};

/// A number or a text.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a number or a text")]
enum Scalar {
    Whole(i64),
    Decimal(f64),
    Text(String),
}

impl Scalar {
    /// The number in thousandths, where it is one and has at most three decimals.
    fn milli(&self) -> Option<i64> {
        match self {
            Self::Whole(number) => number.checked_mul(1_000),
            Self::Decimal(number) => {
                let milli = (number * 1_000.0).round();
                let is_near = (milli / 1_000.0 - number).abs() < 1e-9 && milli.abs() < 9e15;
                is_near.then_some(milli as i64)
            }
            Self::Text(_) => None,
        }
    }
    fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text.trim()) } else { None }
    }
}

/// Reads a scalar as `read` does, or says what was expected.
fn scalar<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    expected: &str,
    read: impl FnOnce(&Scalar) -> Option<T>,
) -> Result<T, D::Error> {
    let scalar = Scalar::deserialize(deserializer)?;
    read(&scalar).ok_or_else(|| {
        de::Error::custom(match &scalar {
            Scalar::Whole(found) => format!("expected {expected}, found {found}"),
            Scalar::Decimal(found) => format!("expected {expected}, found {found}"),
            Scalar::Text(found) => format!("expected {expected}, found {found:?}"),
        })
    })
}

macro_rules! scalars {
    ($($(#[$doc:meta])* $name:ident($inner:ty), $expected:literal, $read:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub(crate) struct $name(pub(crate) $inner);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                scalar(deserializer, $expected, $read).map(Self)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "description": $expected, "type": ["number", "string"] })
            }
        }
    )*};
}

scalars! {
    /// The number of a cue.
    Number(CueNumber), "a cue number from 0.001 to 9999.999 with at most three decimals, like 1, 1.5 or 20.25", |scalar| {
        match scalar.text() {
            Some(text) => text.parse().ok(),
            None => CueNumber::from_milli(u32::try_from(scalar.milli()?).ok()?),
        }
    };
    /// A time, milliseconds.
    Millis(i64), "a time of at most 24 hours like \"3s\", \"500ms\" or \"2m\", or a number of seconds", |scalar| {
        const LONGEST: i64 = cuelight_show::fade::MAX_FADE_MS as i64;
        let ms = match scalar.text() {
            Some(text) => [("ms", 1.0), ("s", 1_000.0), ("m", 60_000.0)].iter().find_map(|(unit, ms)| {
                let number: f64 = text.strip_suffix(unit)?.trim().parse().ok()?;
                number.is_finite().then_some((number * ms).round() as i64)
            })?,
            None => scalar.milli()?,
        };
        (-LONGEST..=LONGEST).contains(&ms).then_some(ms)
    };
    /// A level, or that the list lets go.
    Said(Value), "a level in percent from 0 to 100, \"N/255\", \"N/65535\", or \"release\"", |scalar| {
        match scalar.text() {
            Some("release") => Some(Value::Release),
            Some(text) => {
                let (level, full) = text.split_once('/')?;
                let level = match full.trim() {
                    "255" => Level::from_byte(level.trim().parse().ok()?),
                    "65535" => Level(level.trim().parse().ok()?),
                    _ => return None,
                };
                Some(Value::Level(level))
            }
            None => {
                let milli = u32::try_from(scalar.milli()?).ok().filter(|milli| *milli <= FULL_PERCENT_MILLI)?;
                Level::from_percent_milli(milli).map(Value::Level)
            }
        }
    };
    /// A number of the world, in thousandths.
    Milli(i64), "a number with at most three decimals", |scalar| scalar.milli();
    /// Fixtures, first and last.
    Fixtures((u32, u32)), "a fixture number like 7, or a range like \"1..12\"", |scalar| {
        let (first, last) = match scalar.text() {
            Some(text) => {
                let (first, last) = text.split_once("..").unwrap_or((text, text));
                (first.trim().parse().ok()?, last.trim().parse().ok()?)
            }
            None => {
                let Scalar::Whole(number) = scalar else { return None };
                let number = u32::try_from(*number).ok()?;
                (number, number)
            }
        };
        (first <= last).then_some((first, last))
    };
    /// Slots of one universe, first and last.
    Slots((Address, Address)), "an address like \"1.12\", or a range in one universe like \"1.20..1.30\"", |scalar| {
        let text = scalar.text()?;
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let (first, last): (Address, Address) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        (first.universe == last.universe && first.slot <= last.slot).then_some((first, last))
    };
    /// A colour.
    Color(Rgb), "a colour like \"#ff9329\"", |scalar| {
        let digits = scalar.text()?.strip_prefix('#')?;
        let is_color = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        let number = u32::from_str_radix(digits, 16).ok().filter(|_| is_color)?;
        let [_, r, g, b] = number.to_be_bytes();
        Some(Rgb::new(r, g, b))
    };
}

/// The text form of a time.
pub(crate) fn time(ms: i64) -> String {
    if ms % 1_000 == 0 { format!("\"{}s\"", ms / 1_000) } else { format!("\"{ms}ms\"") }
}

/// The text form of thousandths.
pub(crate) fn milli(milli: i64) -> String {
    let (sign, size) = (if milli < 0 { "-" } else { "" }, milli.unsigned_abs());
    let text = format!("{sign}{}.{:03}", size / 1_000, size % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Numbers as the fewest numbers and ranges.
pub(crate) fn ranges(numbers: impl IntoIterator<Item = FixtureNumber>) -> String {
    let mut spans: Vec<(u32, u32)> = Vec::new();
    for FixtureNumber(number) in numbers {
        match spans.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
            _ => spans.push((number, number)),
        }
    }
    let words: Vec<_> = spans
        .into_iter()
        .map(|(first, last)| if first == last { first.to_string() } else { format!("\"{first}..{last}\"") })
        .collect();
    format!("[{}]", words.join(", "))
}
