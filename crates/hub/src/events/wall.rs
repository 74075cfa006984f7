//! Instants of the wall clock as people write them (RFC 3339, in UTC).

use cuelight_wire::time::{Time, Wall};

/// Such as `2026-11-21T17:35:00.042Z`.
pub(crate) fn rfc3339(at: Time<Wall>) -> String {
    let ms = at.as_ns().div_euclid(1_000_000);
    let (days, ms) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000));
    let (year, month, day) = date(days);
    let (s, ms) = (ms / 1_000, ms % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{ms:03}Z", s / 3_600, s / 60 % 60, s % 60)
}

/// Year, month and day of a day since 1970. Years begin on 1 March here, so that the odd day of a leap year is their last;
/// 400 of them have 146,097 days, and five months from March on 153.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468; // from 0000-03-01
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The instants are those `date --utc --date @N` writes.
    #[test]
    fn instants_are_written_as_the_calendar_has_them() {
        for (s, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399, "2000-02-28T23:59:59.000Z"),
            (951_868_799, "2000-02-29T23:59:59.000Z"),
            (951_868_800, "2000-03-01T00:00:00.000Z"),
            (1_709_210_096, "2024-02-29T12:34:56.000Z"),
            (1_795_300_588, "2026-11-21T22:36:28.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.000Z"),
        ] {
            assert_eq!(rfc3339(Time::from_ns(s * 1_000_000_000)), text);
        }
        assert_eq!(rfc3339(Time::from_ns(42_999_999)), "1970-01-01T00:00:00.042Z");
    }
}
