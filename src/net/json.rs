//! JSON as sites send it, which does not always follow RFC 8259.

use std::result;

/// Reads JSON with any parser. What parsers refuse, but browsers and most programs accept, is fixed first: a leading
/// byte order mark (§8.1), and half of an escaped surrogate pair (§8.2), such as in a title cut within an emoji, which
/// becomes U+FFFD.
///
/// # Errors
/// That of the parser.
pub fn read_json<T, E>(
    json: &[u8],
    read: impl Fn(&[u8]) -> result::Result<T, E>,
) -> result::Result<T, E> {
    let json = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
    // Most JSON is valid, and scanning it first would cost a good part of the time of parsing it.
    read(json).or_else(|error| match repaired(json) {
        Some(json) => read(&json),
        None => Err(error),
    })
}

/// Returns the JSON with half surrogate pairs replaced, if it has any. Backslashes occur only in strings.
fn repaired(json: &[u8]) -> Option<Vec<u8>> {
    let unit = |at: usize| {
        let digits = json.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let mut repaired: Option<Vec<u8>> = None;
    let mut at = 0;
    while let Some(found) = json.get(at..)?.iter().position(|byte| *byte == b'\\') {
        let here = at + found;
        at = match (unit(here), unit(here + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => here + 12,
            (Some(0xd800..=0xdfff), _) => {
                let json = repaired.get_or_insert_with(|| json.to_vec());
                json[here..here + 6].copy_from_slice(b"\\ufffd");
                here + 6
            }
            _ => here + 2,
        };
        if at >= json.len() {
            break;
        }
    }
    repaired
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_accepted_elsewhere_is_parsed() {
        let read = |text: &str| {
            let read = |json: &[u8]| serde_json::from_slice::<serde_json::Value>(json);
            read_json(text.as_bytes(), read)
                .ok()
                .map(|value| value.to_string())
        };
        let table = [
            (r#"["cut \ud83d"]"#, Some("[\"cut \u{fffd}\"]")),
            (
                r#"["\ude00", "\ud83d\ud83d\ude00"]"#,
                Some("[\"\u{fffd}\",\"\u{fffd}\u{1f600}\"]"),
            ),
            (
                r#"{"\uD83D": "\\ud83d \uD83Dx \""}"#,
                Some("{\"\u{fffd}\":\"\\\\ud83d \u{fffd}x \\\"\"}"),
            ),
            ("\u{feff}[1]", Some("[1]")),
            ("\u{feff}[\"\\ud83d\"]", Some("[\"\u{fffd}\"]")),
            (r#"["\ud83"]"#, None),
            (r#"["\ud83d"#, None),
            ("[\"\\", None),
            ("\u{feff}\u{feff}[1]", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(read(text).as_deref(), expected, "{text}");
        }
    }
}
