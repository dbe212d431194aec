//! The file name in a Content-Disposition field (RFC 6266), read as leniently as browsers do.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use percent_encoding::percent_decode_str;

use crate::net::decode_named;

/// Returns the file name in the field, without folders. It is not yet safe: it must go through
/// [`component`](super::safe::component).
///
/// `filename*` wins regardless of order, and the first of duplicates does; one that is not a name, or not valid in its
/// declared charset, is ignored. Bytes that are not UTF-8 are read as Latin-1.
pub(crate) fn file_name(header: &[u8]) -> Option<String> {
    let text = match std::str::from_utf8(header) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(latin1(header)),
    };
    let (mut plain, mut extended) = (None, None);
    for (name, value) in parameters(&text) {
        if plain.is_none() && name.eq_ignore_ascii_case("filename") {
            plain = Some(value).filter(|value| !value.is_empty());
        } else if extended.is_none() && name.eq_ignore_ascii_case("filename*") {
            extended = extended_value(value).filter(|name| last_component(name).is_some());
        }
    }
    let name = extended.or_else(|| decoded(&unquoted(plain?)))?;
    last_component(&name).map(str::to_owned)
}

/// Returns the name after the last separator of either kind; `None` if that is not a name.
pub(super) fn last_component(name: &str) -> Option<&str> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name).trim();
    (!matches!(last, "" | "." | "..")).then_some(last)
}

/// Returns the parameters up to the first malformed one. The disposition type before them may be missing.
fn parameters(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = Some(text);
    let first = until_semicolon(text).0.trim();
    // A type is a token; anything else is read as a parameter.
    if first.is_empty() || first.bytes().all(is_token) {
        rest = until_semicolon(text).1;
    }
    std::iter::from_fn(move || {
        loop {
            let (part, after) = until_semicolon(rest?);
            rest = after;
            if part.trim().is_empty() {
                continue;
            }
            let (name, value) = part.split_once('=')?;
            if name.contains('"') {
                return None;
            }
            return Some((name.trim(), value.trim()));
        }
    })
}

/// Splits at the first semicolon outside quotes.
fn until_semicolon(text: &str) -> (&str, Option<&str>) {
    let (mut quoted, mut escaped) = (false, false);
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b';' if !quoted => return (&text[..index], Some(&text[index + 1..])),
            _ => {}
        }
    }
    (text, None)
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Removes quotes and quoted pairs from a value; an unquoted value stays as it is.
fn unquoted(value: &str) -> Cow<'_, str> {
    let Some(inner) = value.strip_prefix('"') else {
        return Cow::Borrowed(value);
    };
    let mut text = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.extend(characters.next()),
            '"' => break,
            other => text.push(other),
        }
    }
    Cow::Owned(text)
}

/// Decodes a value with charset and language (RFC 8187); `None` if it is malformed, so that the plain value is used.
fn extended_value(value: &str) -> Option<String> {
    let mut parts = value.splitn(3, '\'');
    let (charset, _language, text) = (parts.next()?, parts.next()?, parts.next()?);
    if text.contains('"') || charset.contains('"') {
        return None;
    }
    let escapes = text.split('%').skip(1);
    let whole = |escape: &str| {
        escape.len() >= 2 && escape.bytes().take(2).all(|byte| byte.is_ascii_hexdigit())
    };
    if !escapes.into_iter().all(whole) {
        return None;
    }
    let name = in_charset(charset, &percent_decode_str(text).collect::<Vec<u8>>())?;
    (!name.contains(char::REPLACEMENT_CHARACTER)).then_some(name)
}

/// Decodes a plain value that was encoded as for mail (RFC 2047) or for a URL, though neither belongs here.
fn decoded(value: &str) -> Option<String> {
    if value.starts_with("=?") {
        // If it cannot be decoded, no part of it makes a name.
        return words(value);
    }
    if value.contains('%') {
        let text = percent_decode_str(value).decode_utf8().ok();
        if let Some(text) = text.filter(|text| !text.chars().any(char::is_control)) {
            return Some(text.into_owned());
        }
    }
    Some(value.to_owned())
}

/// Decodes encoded words (RFC 2047); spaces between them do not count.
fn words(value: &str) -> Option<String> {
    let mut name = String::new();
    let mut rest = value.trim();
    while !rest.is_empty() {
        let word = rest.strip_prefix("=?")?;
        let (charset, word) = word.split_once('?')?;
        let (encoding, word) = word.split_once('?')?;
        let (text, after) = word.split_once("?=")?;
        let bytes = match encoding {
            "B" | "b" => STANDARD
                .decode(text)
                .or_else(|_| STANDARD_NO_PAD.decode(text))
                .ok()?,
            "Q" | "q" => quoted_printable(text)?,
            _ => return None,
        };
        name.push_str(&in_charset(charset, &bytes)?);
        rest = after.trim_start();
    }
    (!name.chars().any(char::is_control)).then_some(name)
}

fn quoted_printable(text: &str) -> Option<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'_' => b' ',
            b'=' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let (high, low) = (digit(bytes.next()?)?, digit(bytes.next()?)?);
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    Some(decoded)
}

/// Decodes text in one of the charsets used for names. Senders that declare ASCII and go beyond it mean UTF-8.
fn in_charset(charset: &str, bytes: &[u8]) -> Option<String> {
    match charset.eq_ignore_ascii_case("us-ascii") {
        true => Some(String::from_utf8_lossy(bytes).into_owned()),
        false => Some(decode_named(bytes, charset)?.into_owned()),
    }
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_parsed_from_all_forms_of_content_disposition() {
        let table: &[(&[u8], Option<&str>)] = &[
            (b"inline", None),
            (b"attachment;", None),
            (b"attachment; filename=cat.jpg", Some("cat.jpg")),
            (b"attachment; filename=\"cat.jpg\"", Some("cat.jpg")),
            (
                b"ATTACHMENT;FileName = \"cat.jpg\" ; size=3",
                Some("cat.jpg"),
            ),
            (b"filename=cat.jpg", Some("cat.jpg")),
            (b"; filename=cat.jpg", Some("cat.jpg")),
            (b"attachment; filename=two words.jpg", Some("two words.jpg")),
            (
                b"attachment; filename=\"a;b \\\"c\\\" \\d.jpg\"",
                Some("a;b \"c\" d.jpg"),
            ),
            (b"attachment; filename=\"open", Some("open")),
            (b"attachment; filename=", None),
            (b"attachment; filename=\"\"", None),
            (b"attachment; filename=one; filename=two", Some("one")),
            (b"attachment; name=\"other.jpg\"", None),
            (
                b"attachment; x=\"; filename=no.jpg\"; filename=yes.jpg",
                Some("yes.jpg"),
            ),
            (b"\"quoted; filename=no.jpg\"; filename=no.jpg", None),
            (b"attachment; nonsense; filename=no.jpg", None),
            // RFC 8187
            (
                b"attachment; filename*=UTF-8''na%C3%AFve.jpg; filename=naive.jpg",
                Some("na\u{ef}ve.jpg"),
            ),
            (
                b"attachment; filename=naive.jpg; filename*=utf-8'fr'na%c3%afve.jpg",
                Some("na\u{ef}ve.jpg"),
            ),
            (
                b"attachment; filename*=ISO-8859-1''na%EFve.jpg",
                Some("na\u{ef}ve.jpg"),
            ),
            (
                b"attachment; filename*=KOI8-R''%C1.jpg; filename=a.jpg",
                Some("а.jpg"),
            ),
            (
                b"attachment; filename*=x-none''%C1.jpg; filename=b.jpg",
                Some("b.jpg"),
            ),
            (
                b"attachment; filename*=UTF-8''bad%; filename=a.jpg",
                Some("a.jpg"),
            ),
            (
                b"attachment; filename*=UTF-8''; filename=\"a.jpg\"",
                Some("a.jpg"),
            ),
            (
                b"attachment; filename*=UTF-8''..%2f; filename=\"a.jpg\"",
                Some("a.jpg"),
            ),
            (
                b"attachment; filename=\"a.jpg\"; filename*=UTF-8''%ff%fe.jpg",
                Some("a.jpg"),
            ),
            (
                b"attachment; filename*=\"UTF-8''a.jpg\"; filename=b.jpg",
                Some("b.jpg"),
            ),
            (b"attachment; filename*=UTF-8''a%252e.jpg", Some("a%2e.jpg")),
            // Encodings that do not belong here.
            (
                b"attachment; filename=\"na\xc3\xafve.jpg\"",
                Some("na\u{ef}ve.jpg"),
            ),
            (
                b"attachment; filename=\"na\xefve.jpg\"",
                Some("na\u{ef}ve.jpg"),
            ),
            (
                b"attachment; filename=\"na%C3%AFve.jpg\"",
                Some("na\u{ef}ve.jpg"),
            ),
            (b"attachment; filename=\"100%.jpg\"", Some("100%.jpg")),
            (
                b"attachment; filename=\"a%00b%EF.jpg\"",
                Some("a%00b%EF.jpg"),
            ),
            (
                b"attachment; filename=\"=?UTF-8?Q?na=C3=AFve_cat?= =?utf-8?B?LmpwZw==?=\"",
                Some("na\u{ef}ve cat.jpg"),
            ),
            (
                b"attachment; filename=\"=?GBK?B?w6gu?= =?iso-2022-jp?B?GyRCRy0bKEI=?=\"",
                Some("猫.猫"),
            ),
            (b"a; filename*=windows-1252''%80.jpg", Some("€.jpg")),
            (b"a; filename*=big5''%BF%DF.jpg", Some("貓.jpg")),
            (b"a; filename*=us-ascii''%E7%8C%AB.jpg", Some("猫.jpg")),
            (
                b"a; filename*=iso-2022-kr''a.jpg; filename=b.jpg",
                Some("b.jpg"),
            ),
            (b"attachment; filename=\"=?UTF-8?X?a?=\"", None),
            (b"attachment; filename=\"=?UTF-8?Q?=0\"", None),
            // Folders.
            (b"attachment; filename=\"../../.bashrc\"", Some(".bashrc")),
            (
                b"attachment; filename=\"C:\\\\folder\\\\cat.jpg\"",
                Some("cat.jpg"),
            ),
            (
                b"attachment; filename*=UTF-8''..%2f..%5ccat.jpg",
                Some("cat.jpg"),
            ),
            (b"attachment; filename=\"..%2fcat.jpg\"", Some("cat.jpg")),
            (b"attachment; filename=folder/", None),
            (b"attachment; filename=..", None),
            (b"attachment; filename=\"   \"", None),
        ];
        for (header, name) in table {
            assert_eq!(
                file_name(header).as_deref(),
                *name,
                "{}",
                header.escape_ascii()
            );
        }
    }
}
