//! Instants of the wall clock as people write them (RFC 3339, in UTC).

use std::ops::Range;

use cuelight_wire::time::{Time, Wall};

/// Such as `2026-11-21T17:35:00.042Z`.
pub(crate) fn rfc3339(at: Time<Wall>) -> String {
    let ms = at.as_ns().div_euclid(1_000_000);
    let (days, ms) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000));
    let (year, month, day) = date(days);
    let (s, ms) = (ms / 1_000, ms % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{ms:03}Z", s / 3_600, s / 60 % 60, s % 60)
}

/// Reads such an instant: a date, a time of day with or without parts of a second, and `Z` or an offset from UTC.
pub(crate) fn read_rfc3339(text: &str) -> Option<Time<Wall>> {
    let number = |range: Range<usize>| {
        let digits = text.get(range)?;
        if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse::<i64>().ok() } else { None }
    };
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let is_between = |at: usize, marks: &[u8]| text.as_bytes().get(at).is_some_and(|byte| marks.contains(byte));
    let marks: [(usize, &[u8]); 5] = [(4, b"-"), (7, b"-"), (10, b"Tt "), (13, b":"), (16, b":")];
    let (years, months) = (1970..=2200, 1..=12);
    let is_right =
        marks.iter().all(|(at, marks)| is_between(*at, marks)) && years.contains(&year) && months.contains(&month);
    if !is_right || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = days_before(year, month) + day - 1;
    if date(days) != (year, month, day) {
        return None;
    }
    let rest = text.get(19..)?;
    let (ms, zone) = match rest.strip_prefix('.') {
        None => (0, rest),
        Some(rest) => {
            let len = rest.bytes().take_while(u8::is_ascii_digit).count();
            let digits = rest.get(..len.min(3)).filter(|digits| !digits.is_empty())?;
            (format!("{digits:0<3}").parse::<i64>().ok()?, rest.get(len..)?)
        }
    };
    let offset_s = match (zone, zone.as_bytes()) {
        ("Z" | "z", _) => 0,
        (_, [sign @ (b'+' | b'-'), _, _, b':', _, _]) => {
            let part = |range: Range<usize>| zone.get(range).and_then(|digits| digits.parse::<i64>().ok());
            let (hours, minutes) = (part(1..3).filter(|h| *h < 24)?, part(4..6).filter(|m| *m < 60)?);
            (hours * 3_600 + minutes * 60) * if *sign == b'-' { -1 } else { 1 }
        }
        _ => return None,
    };
    let s = days * 86_400 + hour * 3_600 + minute * 60 + second - offset_s;
    Some(Time::from_ns((s * 1_000 + ms) * 1_000_000))
}

/// Days from 1970 to the first of a month: `date` backwards.
fn days_before(year: i64, month: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 - 719_468
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
            let is_read = read_rfc3339(text) == Some(Time::from_ns(s * 1_000_000_000));
            assert_eq!(is_read, s >= 0, "{text}");
        }
        assert_eq!(rfc3339(Time::from_ns(42_999_999)), "1970-01-01T00:00:00.042Z");
    }

    #[test]
    fn instants_are_read_as_people_and_programs_write_them() {
        let ms = |text: &str| read_rfc3339(text).map(|at| at.as_ns() / 1_000_000);
        let noon = 1_795_262_400_000;
        assert_eq!(ms("2026-11-21T12:00:00Z"), Some(noon));
        assert_eq!(ms("2026-11-21t14:00:00.5+02:00"), Some(noon + 500));
        assert_eq!(ms("2026-11-21 06:29:59.123456-05:30"), Some(noon - 877));
        for wrong in [
            "",
            "2026-11-21",
            "2026-11-21T12:00:00",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-11-21T24:00:00Z",
            "2026-11-21T12:00:00+2:00",
            "2026-11-21T12:00:00.Z",
            "+026-11-21T12:00:00Z",
            "2026-11-21T12:00:00Zx",
            "9999-01-01T00:00:00Z",
            "2026-11-21T12:00:0\u{e9}Z",
        ] {
            assert_eq!(ms(wrong), None, "{wrong}");
        }
    }
}
