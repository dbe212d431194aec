//! Versions of published plugins: three numbers, so that the order is unambiguous.

use std::str::FromStr;

/// A version such as `1.4.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::script) struct Version([u32; 3]);

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Version, String> {
        let number = |part: &str| {
            let is_plain = part.bytes().all(|b| b.is_ascii_digit());
            let is_short = part == "0" || !part.starts_with('0');
            (is_plain && is_short).then(|| part.parse().ok()).flatten()
        };
        let parts: Option<Vec<u32>> = text.split('.').map(number).collect();
        let three = parts.and_then(|parts| <[u32; 3]>::try_from(parts).ok());
        three.map(Version).ok_or_else(|| {
            let text = text.escape_debug();
            format!("the version `{text}` is not three numbers such as `1.4.0`")
        })
    }
}

/// Checks whether one version is newer than another. An invalid version is older than any valid one.
pub fn is_newer(one: &str, other: &str) -> bool {
    one.parse::<Version>().ok() > other.parse::<Version>().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_by_numbers() {
        for (one, other, expected) in [
            ("1.0.0", "0.9.9", true),
            ("1.10.0", "1.9.0", true),
            ("1.9.0", "1.10.0", false),
            ("1.0.0", "1.0.0", false),
            ("1.0.0", "first", true),
            ("first", "1.0.0", false),
            ("first", "second", false),
        ] {
            assert_eq!(is_newer(one, other), expected, "{one} {other}");
        }
    }

    #[test]
    fn what_is_no_version_is_told() {
        for text in [
            "",
            "1",
            "1.2",
            "1.2.3.4",
            "1.2.x",
            "01.2.3",
            "1.2.-3",
            "1..3",
            "1.2.+3",
            "1.2.9999999999",
        ] {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
    }
}
