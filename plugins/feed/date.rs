//! Parses dates as feeds write them.

use fetch::net::read_date;
use jiff::Timestamp;

use super::super::page;

/// Parses the date of a post: RFC 2822 in RSS, or what programs make of that; RFC 3339 elsewhere.
pub(super) fn parse_date(text: &str) -> Option<Timestamp> {
    read_date(text).or_else(|| page::date(text))
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
            let read = parse_date(text).map(|date| date.to_string());
            assert_eq!(read.as_deref(), Some("2024-05-03T06:00:00Z"), "{text}");
        }
        let read = parse_date("Thursday, 19 September 2024").map(|date| date.to_string());
        assert_eq!(read.as_deref(), Some("2024-09-19T00:00:00Z"));
        for text in [
            "soon",
            "",
            ",",
            "Fri, 99 May 2024 06:00:00 GMT",
            "é é é é:é é",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }
}
