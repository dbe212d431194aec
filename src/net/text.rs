//! Decodes text as sites send it, in the encodings of the Encoding Standard (<https://encoding.spec.whatwg.org>).

use std::borrow::Cow;

use encoding_rs::{Encoding, ISO_2022_JP, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE};

/// How much of a body is searched for a declaration of its encoding, as in browsers.
const SEARCHED_PREFIX: usize = 1024;

/// Decodes the text of a body: by its byte order mark, else as UTF-8 if it is valid UTF-8, else in the encoding that
/// Content-Type or the body itself declares. Invalid bytes are replaced.
pub fn read_text(bytes: &[u8], content_type: Option<&str>) -> String {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return decode(encoding, &bytes[mark..]).into_owned();
    }
    let declared = content_type.and_then(label);
    if let Some(encoding) = utf16(bytes, declared) {
        return decode(encoding, bytes).into_owned();
    }
    let declared = declared.or_else(|| label_within(&bytes[..bytes.len().min(SEARCHED_PREFIX)]));
    match std::str::from_utf8(bytes) {
        // The only encoding whose text is all ASCII and yet means something else.
        Ok(_) if declared == Some(ISO_2022_JP) && bytes.is_ascii() => {
            decode(ISO_2022_JP, bytes).into_owned()
        }
        Ok(text) => text.to_owned(),
        Err(_) => {
            let of_bytes = |encoding: &&Encoding| ![UTF_16BE, UTF_16LE].contains(encoding);
            decode(declared.filter(of_bytes).unwrap_or(UTF_8), bytes).into_owned()
        }
    }
}

/// Decodes the text in the encoding of this name, if there is one.
pub(crate) fn decode_named<'a>(bytes: &'a [u8], name: &str) -> Option<Cow<'a, str>> {
    Some(decode(encoding_named(name)?, bytes))
}

fn decode<'a>(encoding: &'static Encoding, bytes: &'a [u8]) -> Cow<'a, str> {
    encoding.decode_without_bom_handling(bytes).0
}

/// Returns the encoding of this name, if browsers can read it. Where they refuse to, what is ASCII can be read all the
/// same.
fn encoding_named(name: &str) -> Option<&'static Encoding> {
    Encoding::for_label(name.as_bytes()).filter(|&encoding| encoding != REPLACEMENT)
}

/// Returns the encoding of UTF-16 text without a byte order mark. A declaration or a beginning like markup is believed
/// only if every other byte there is zero: many pages declare UTF-16 and are UTF-8.
fn utf16(bytes: &[u8], declared: Option<&'static Encoding>) -> Option<&'static Encoding> {
    let says_so = declared.is_some_and(|declared| declared == UTF_16LE || declared == UTF_16BE);
    match bytes {
        [b'<', 0, ..] => Some(UTF_16LE),
        [0, b'<', ..] => Some(UTF_16BE),
        [first, 0, ..] if *first != 0 && says_so => Some(UTF_16LE),
        [0, second, ..] if *second != 0 && says_so => Some(UTF_16BE),
        _ => None,
    }
}

/// Returns the encoding that a page declares in a `<meta>`, or an XML document in its first line.
fn label_within(head: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    if let Some(xml) = head.trim_start().strip_prefix("<?xml") {
        return value(xml.split("?>").next()?, "encoding").and_then(encoding_named);
    }
    let mut tags = head.split("<meta").skip(1);
    tags.find_map(|tag| label(tag.split('>').next()?))
}

/// Returns the encoding after `charset=`, in a Content-Type or a `<meta>`.
fn label(text: &str) -> Option<&'static Encoding> {
    encoding_named(value(&text.to_ascii_lowercase(), "charset")?)
}

/// Returns what follows the name and an equals sign, quoted or not.
fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = text;
    loop {
        rest = &rest[rest.find(name)? + name.len()..];
        if let Some(value) = rest.trim_start().strip_prefix('=') {
            let value = value.trim_start().trim_start_matches(['"', '\'']);
            let ends = |c: char| c.is_ascii_whitespace() || "\"';,/>".contains(c);
            return value.split(ends).next();
        }
    }
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
    fn text_is_read_in_the_encoding_that_is_named() {
        let meta = |name: &str, text: &[u8]| {
            [format!("<p><meta charset=\"{name}\">").as_bytes(), text].concat()
        };
        let old = b"<meta http-equiv=Content-Type content='text/html; charset = GBK'>\xc3\xa8\xba\xdc\xbf\xc9\xb0\xae";
        let xml = b"<?xml version='1.0' encoding='windows-1251'?><a>\xea\xee\xf2</a>";
        let script = b"<script charset=koi8-r></script><meta charset=euc-kr>\xb0\xed";
        let table: [(&[u8], Option<&str>, &str); 13] = [
            (&meta("windows-1251", b"\xea\xee\xf2"), None, "кот"),
            (&meta("KOI8-R", b"\xcb\xcf\xd4"), None, "кот"),
            (&meta("Shift_JIS", b"\x94\x4c"), None, "猫"),
            (
                &meta("euc-jp", b"\xc7\xad\xa4\xac\xb9\xa5\xa4\xad"),
                None,
                "猫が好き",
            ),
            (&meta("iso-2022-jp", b"\x1b$BG-\x1b(B"), None, "猫"),
            (&meta("iso-2022-jp", "猫".as_bytes()), None, "猫"),
            (&meta("big5", b"\xbf\xdf"), None, "貓"),
            (&meta("iso-2022-kr", b"cat \xff"), None, "cat \u{fffd}"),
            (&meta("x-nothing", b"\xff"), None, "\u{fffd}"),
            (
                &meta("koi8-r", b"\xea\xee\xf2"),
                Some("text/html;charset=cp1251"),
                "кот",
            ),
            (old, None, "猫很可爱"),
            (xml, None, "<a>кот</a>"),
            (script, None, "고"),
        ];
        for (bytes, declared, ends) in table {
            let read = read_text(bytes, declared);
            assert!(read.ends_with(ends), "{read}, not {ends}");
        }
        assert_eq!(read_text("\u{feff}{}".as_bytes(), None), "{}");
        assert_eq!(read_text(b"\xff", Some("text/html; charset")), "\u{fffd}");
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
            (little("\u{feff}a")[..3].into(), None, "\u{fffd}"),
            (b"\xff\xfe\x00\xd8".into(), None, "\u{fffd}"),
        ];
        for (bytes, declared, expected) in table {
            assert_eq!(read_text(&bytes, declared), expected, "{bytes:?}");
        }
    }
}
