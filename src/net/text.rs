//! Text as sites send it, in the encodings that they still have.

/// The text of a body: what a byte order mark says, else UTF-8, else the old encoding of western Europe where the body or its
/// Content-Type says so. What cannot be read is replaced.
pub fn read_text(bytes: &[u8], content_type: Option<&str>) -> String {
    let told = content_type.unwrap_or("").to_ascii_lowercase();
    if let Some((bytes, unit)) = wide(bytes, &told) {
        let units: Vec<u16> = bytes
            .chunks_exact(2)
            .map(|pair| unit([pair[0], pair[1]]))
            .collect();
        return String::from_utf16_lossy(&units);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => {
            let head = String::from_utf8_lossy(&bytes[..bytes.len().min(1024)]);
            let told = format!("{told} {}", head.to_ascii_lowercase());
            let names = ["iso-8859-1", "iso-8859-15", "windows-1252", "latin1"];
            match names.iter().any(|name| told.contains(name)) {
                true => bytes.iter().map(|&byte| western(byte)).collect(),
                false => String::from_utf8_lossy(bytes).into_owned(),
            }
        }
    }
}

/// How two bytes are a unit of UTF-16.
type Unit = fn([u8; 2]) -> u16;

/// What is in UTF-16, without its mark, and in which order. Without a mark, what says so or begins as markup does is taken for it
/// only if every other byte there is zero: many a page says so and is UTF-8.
fn wide<'a>(bytes: &'a [u8], told: &str) -> Option<(&'a [u8], Unit)> {
    match bytes {
        [0xff, 0xfe, rest @ ..] => Some((rest, u16::from_le_bytes)),
        [0xfe, 0xff, rest @ ..] => Some((rest, u16::from_be_bytes)),
        [b'<', 0, ..] => Some((bytes, u16::from_le_bytes)),
        [0, b'<', ..] => Some((bytes, u16::from_be_bytes)),
        [first, 0, ..] if *first != 0 && told.contains("utf-16") => {
            Some((bytes, u16::from_le_bytes))
        }
        [0, second, ..] if *second != 0 && told.contains("utf-16") => {
            Some((bytes, u16::from_be_bytes))
        }
        _ => None,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_in_the_encodings_of_the_west() {
        let latin = b"<meta charset=iso-8859-1>caf\xe9";
        assert!(read_text(latin, None).ends_with("café"));
        let latin = Some("text/html; charset=iso-8859-1");
        assert!(read_text("café".as_bytes(), latin).ends_with("café"));
        let quoted = b"\x80 5 \x93caf\xe9\x94 \x9f\xa0a";
        let read = read_text(quoted, Some("text/html; charset=Windows-1252"));
        assert_eq!(read, "€ 5 “café” Ÿ\u{a0}a");
        assert!(read_text(b"caf\xe9", None).ends_with('\u{fffd}'));
    }

    #[test]
    fn text_is_read_in_units_of_two_bytes_where_it_is_in_such() {
        let little = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let table: [(Vec<u8>, Option<&str>, &str); 9] = [
            (little("\u{feff}a 猫 \u{1f600}"), None, "a 猫 \u{1f600}"),
            (big("\u{feff}a 猫 \u{1f600}"), None, "a 猫 \u{1f600}"),
            (little("<p>猫"), None, "<p>猫"),
            (big("<p>猫"), None, "<p>猫"),
            (
                little("\n<p>猫"),
                Some("text/html; charset=UTF-16LE"),
                "\n<p>猫",
            ),
            (big("\n<p>猫"), Some("text/html; charset=utf-16"), "\n<p>猫"),
            (
                b"<p>caf\xc3\xa9".into(),
                Some("text/html; charset=utf-16"),
                "<p>café",
            ),
            (little("\u{feff}a")[..3].into(), None, ""),
            (b"\xff\xfe\x00\xd8".into(), None, "\u{fffd}"),
        ];
        for (bytes, told, expected) in table {
            assert_eq!(read_text(&bytes, told), expected, "{bytes:?}");
        }
    }
}
