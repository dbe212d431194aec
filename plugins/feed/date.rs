//! Dates as feeds write them.

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

use super::super::page;

/// The date of a post: RFC 2822 in RSS, or what programs make of that; RFC 3339 elsewhere.
pub(super) fn when(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let parser = DateTimeParser::new();
    let in_mail = parser.parse_timestamp(text).ok();
    in_mail
        .or_else(|| parser.parse_timestamp(mended(text)?).ok())
        .or_else(|| page::date(text))
}

/// `Friday, 3 May 2024 6:00:00` as the standard has it. The day of the week says nothing that the date does not, and may be
/// wrong; hours may have one digit, months more than three letters; a zone may be missing, or be called in a way of its own.
fn mended(text: &str) -> Option<String> {
    let rest = match text.split_once(',') {
        Some((day, rest)) if !day.contains(|c: char| c.is_ascii_digit()) => rest,
        _ => text,
    };
    let mut words = rest.split_ascii_whitespace().peekable();
    // Without a comma after it.
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
    fn dates_are_read_as_feeds_write_them() {
        for text in [
            "Fri, 03 May 2024 06:00:00 GMT",
            "03 May 2024 08:00:00 +0200",
            "2024-05-03T06:00:00Z",
            "Thu, 03 May 2024 06:00:00 GMT",
            "Fri, 3 May 2024 6:00:00 +0000",
            "Friday, 03 May 2024 06:00:00 GMT",
            "Fr, 03 May 2024 06:00:00 GMT",
            "Fri 03 May 2024 06:00:00 GMT",
            "Fri, 03 May 2024 06:00 GMT",
            "Fri, 03 May 2024 02:00:00 EDT",
            "Fri, 03 May 2024 06:00:00 UTC",
            "Fri, 03 May 2024 06:00:00",
            "Fri, 03 May 2024 08:00:00 +02:00",
            "Fri, 03 MAY 24 06:00:00 GMT",
            "2024-05-03 06:00:00",
            "2024-05-03T08:00:00+0200",
        ] {
            let read = when(text).map(|date| date.to_string());
            assert_eq!(read.as_deref(), Some("2024-05-03T06:00:00Z"), "{text}");
        }
        let read = when("Thursday, 19 September 2024").map(|date| date.to_string());
        assert_eq!(read.as_deref(), Some("2024-09-19T00:00:00Z"));
        for text in [
            "soon",
            "",
            ",",
            "Fri, 99 May 2024 06:00:00 GMT",
            "é é é é:é é",
        ] {
            assert_eq!(when(text), None, "{text}");
        }
    }
}
