//! Parses text as pages write it.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Appends the character for an XML entity: one of the five predefined ones, or a number. Entities defined by a
/// document are ignored, so that the text cannot explode in size.
pub(in super::super) fn entity(name: &str, text: &mut String) {
    let number = name.strip_prefix('#').and_then(|number| {
        let hexadecimal = number.strip_prefix(['x', 'X']);
        let code = match hexadecimal {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None => number.parse().ok(),
        };
        char::from_u32(code?)
    });
    match name {
        "amp" => text.push('&'),
        "lt" => text.push('<'),
        "gt" => text.push('>'),
        "quot" => text.push('"'),
        "apos" => text.push('\''),
        _ => text.extend(number),
    }
}

/// Returns the text as one line of limited length.
pub(in super::super) fn line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().take(100).collect();
    words.join(" ").chars().take(300).collect()
}

/// Parses a date as pages write it: with or without a time, and in UTC if there is no zone.
pub(in super::super) fn date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    // `06:00:00 +0200`, `06:00:00 UTC`.
    let (start, zone) = text.rsplit_once(' ').unwrap_or((text, ""));
    let joined = match zone {
        "UTC" | "GMT" | "Z" => Some(format!("{start}Z")),
        zone if zone.starts_with(['+', '-']) => Some(format!("{start}{zone}")),
        _ => None,
    };
    let text = joined.as_deref().unwrap_or(text);
    let of_greenwich = |time: DateTime| Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp());
    let without_zone = || of_greenwich(text.parse().ok()?);
    let at_midnight = || of_greenwich(text.get(..10)?.parse::<Date>().ok()?.into());
    text.parse().ok().or_else(without_zone).or_else(at_midnight)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_pages_write_them() {
        for text in [
            "2024-05-03T00:00:00Z",
            "2024-05-03T02:00:00+02:00",
            "2024-05-03",
        ] {
            let date = date(text).unwrap();
            assert_eq!(date.to_string(), "2024-05-03T00:00:00Z", "{text}");
        }
        for text in [
            "2024-05-03 06:00:00",
            "2024-05-03T06:00:00",
            "2024-05-03 06:00",
            "2024-05-03 06:00:00 UTC",
            "2024-05-03 08:00:00 +0200",
            "2024-05-03T08:00:00+0200",
            "2024-05-03T06:00:00.000Z",
        ] {
            let date = date(text).map(|date| date.to_string());
            assert_eq!(date.as_deref(), Some("2024-05-03T06:00:00Z"), "{text}");
        }
        assert_eq!(date("yesterday"), None);
        assert_eq!(line(" a\n b\t"), "a b");
    }
}
