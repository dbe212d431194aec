//! Text as pages write it.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// The text of a page: UTF-8, or the old encoding of western Europe where the page says so or is no UTF-8.
pub(in super::super) fn decode(bytes: &[u8], content_type: Option<&str>) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => {
            let head = String::from_utf8_lossy(&bytes[..bytes.len().min(1024)]);
            let told = format!("{} {head}", content_type.unwrap_or("")).to_ascii_lowercase();
            let names = ["iso-8859-1", "iso-8859-15", "windows-1252", "latin1"];
            match names.iter().any(|name| told.contains(name)) {
                true => bytes.iter().map(|&byte| western(byte)).collect(),
                false => String::from_utf8_lossy(bytes).into_owned(),
            }
        }
    }
}

/// What Windows-1252 has where Latin-1 has control characters, which no page means, whichever of the two it names.
const WINDOWS: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

fn western(byte: u8) -> char {
    let at = usize::from(byte.wrapping_sub(0x80));
    WINDOWS.get(at).copied().unwrap_or(char::from(byte))
}

/// Adds what an entity of XML stands for: one of the five, or a character by its number. What a document defines itself
/// stands for nothing, so that it cannot grow.
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

/// The text as one line, cut to a sensible length.
pub(in super::super) fn line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().take(100).collect();
    words.join(" ").chars().take(300).collect()
}

/// A date as pages write it: with or without a time, and without a zone that of Greenwich.
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
    fn text_is_read_in_the_encodings_of_the_west() {
        let latin = b"<meta charset=iso-8859-1>caf\xe9";
        assert!(decode(latin, None).ends_with("café"));
        assert!(decode("café".as_bytes(), Some("text/html; charset=iso-8859-1")).ends_with("café"));
        let quoted = b"\x80 5 \x93caf\xe9\x94 \x9f\xa0a";
        let read = decode(quoted, Some("text/html; charset=windows-1252"));
        assert_eq!(read, "€ 5 “café” Ÿ\u{a0}a");
        assert!(decode(b"caf\xe9", None).ends_with('\u{fffd}'));
    }

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
