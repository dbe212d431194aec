//! Dates as sites write them.

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// Parses a date of HTTP or mail (RFC 9110 §5.6.7, RFC 2822), or the variants that programs make of those.
pub fn read_date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let parser = DateTimeParser::new();
    let read = |text: &str| parser.parse_timestamp(text).ok();
    read(text).or_else(|| read(&repaired(text)?))
}

/// Rewrites dates like `Friday, 3 May 2024 6:00:00` to the standard form. The day of the week is dropped: it is
/// redundant and may be wrong. Hours may have one digit, months more than three letters; the time zone may be missing
/// or have an unusual name.
fn repaired(text: &str) -> Option<String> {
    let rest = match text.split_once(',') {
        Some((day, rest)) if !day.contains(|c: char| c.is_ascii_digit()) => rest,
        _ => text,
    };
    let mut words = rest.split_ascii_whitespace().peekable();
    // A weekday without a comma after it.
    words.next_if(|word| word.bytes().all(|b| b.is_ascii_alphabetic()));
    let (day, month, year) = (words.next()?, words.next()?, words.next()?);
    let (month, time) = (month.get(..3)?, words.next().unwrap_or("00:00"));
    let (hour, minutes) = time.split_once(':')?;
    let zone = match words.next() {
        None | Some("UTC" | "Z") => "+0000".to_owned(),
        // `+02:00`
        Some(zone) => zone.replace(':', ""),
    };
    Some(format!("{day} {month} {year} {hour:0>2}:{minutes} {zone}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_sites_write_them() {
        let then = Some("2024-01-02T03:04:05Z");
        let table = [
            ("Tue, 02 Jan 2024 03:04:05 GMT", then),
            ("Tue, 2 Jan 2024 03:04:05 GMT", then),
            ("Mon, 02 Jan 2024 03:04:05 GMT", then),
            ("Tue, 02 Jan 2024 03:04:05 +0000", then),
            ("Tue, 02 Jan 2024 05:04:05 +02:00", then),
            ("Tuesday, 2 January 2024 3:04:05", then),
            ("Tue, 99 Jan 2024 03:04:05 GMT", None),
            ("soon", None),
            ("0", None),
            ("", None),
        ];
        for (text, expected) in table {
            let read = read_date(text).map(|date| date.to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }
}
