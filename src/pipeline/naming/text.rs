//! Recognises pages and texts from their first bytes.

use std::borrow::Cow;

use super::sniff::{Content, Sniff};

const PAGE: Sniff = Sniff::new(Content::Page, "html", "text/html");
const SVG: Sniff = Sniff::new(Content::Image, "svg", "image/svg+xml");
const XML: Sniff = Sniff::new(Content::Text, "xml", "application/xml");
const PLAIN: Sniff = Sniff::new(Content::Text, "txt", "text/plain");

/// A fragment of a page. Servers send fragments in place of files, and people keep them in read-me files, so it does
/// not count as a page on its own.
const FRAGMENT: Sniff = Sniff::new(Content::Text, "html", "text/html");

/// Elements that only pages start with. Pages are wanted so rarely, and sent in place of a file so often, that the
/// beginning decides, as in browsers (WHATWG MIME Sniffing, 7.1).
const PAGES: &[&str] = &[
    "html", "head", "body", "script", "title", "meta", "link", "style", "base", "iframe",
    "frameset", "noscript",
];

/// Elements that a fragment of a page starts with.
const FRAGMENTS: &[&str] = &[
    "div", "h1", "h2", "h3", "p", "a", "table", "br", "b", "font", "center", "form", "img", "hr",
    "ul", "pre",
];

/// Returns what this text is; `None` if these bytes are not text.
pub(super) fn known(head: &[u8]) -> Option<Sniff> {
    let Some(text) = readable(head) else {
        return begins_as_page(head).then_some(PAGE);
    };
    let text = text.trim_ascii_start();
    Some(markup(text).unwrap_or_else(|| plain(text)))
}

/// Returns the bytes in a form whose ASCII can be compared, if they are text in any usual encoding.
fn readable(head: &[u8]) -> Option<Cow<'_, [u8]>> {
    match head {
        [0xef, 0xbb, 0xbf, rest @ ..] => return Some(Cow::Borrowed(rest)),
        [0xff, 0xfe, 0, 0, ..] => return None,
        [0xff, 0xfe, rest @ ..] => return decode_utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => return decode_utf16(rest, u16::from_be_bytes),
        _ => {}
    }
    // The bytes that WHATWG MIME Sniffing calls binary, except ESC, which terminal colours use.
    let binary = |byte: &u8| matches!(byte, 0..=8 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f);
    if head.iter().any(binary) {
        return None;
    }
    let plain = match std::str::from_utf8(head) {
        Ok(_) => true,
        // The last character may be incomplete.
        Err(error) if error.error_len().is_none() => true,
        // An old single-byte encoding is still mostly ASCII, which noise is not.
        Err(_) => head.iter().filter(|byte| byte.is_ascii()).count() * 4 > head.len() * 3,
    };
    plain.then_some(Cow::Borrowed(head))
}

/// Decodes UTF-16. Noise that happens to start with the byte order mark soon has control characters.
fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<Cow<'_, [u8]>> {
    let mut ascii = Vec::with_capacity(bytes.len() / 2);
    for pair in bytes.chunks_exact(2) {
        let unit = unit([pair[0], pair[1]]);
        if matches!(unit, 0..=8 | 0x0e..=0x1a) {
            return None;
        }
        ascii.push(u8::try_from(unit).unwrap_or(b'?'));
    }
    (!ascii.is_empty()).then_some(Cow::Owned(ascii))
}

/// Checks whether bytes that are no text otherwise begin like a page: control characters do not keep a browser from
/// showing it (WHATWG MIME Sniffing, 7.1).
fn begins_as_page(head: &[u8]) -> bool {
    let head = head.trim_ascii_start();
    let Some(rest) = head.strip_prefix(b"<") else {
        return false;
    };
    let name = word(rest);
    let ends = matches!(
        rest.get(name.len()),
        Some(b' ' | b'>' | b'\t' | b'\n' | b'\r')
    );
    let is_page = PAGES
        .iter()
        .any(|page| name.eq_ignore_ascii_case(page.as_bytes()));
    begins(head, "<!doctype html") || ends && is_page
}

/// Recognises HTML, SVG and other XML.
fn markup(text: &[u8]) -> Option<Sniff> {
    let mut rest = text;
    let mut xml = false;
    // XML declarations, comments and document types, in any order and number.
    let name = loop {
        rest = rest.trim_ascii_start();
        if begins(rest, "<!doctype") {
            match word(rest[9..].trim_ascii_start()) {
                name if name.eq_ignore_ascii_case(b"svg") => return Some(SVG),
                name if name.eq_ignore_ascii_case(b"html") => return Some(PAGE),
                _ => {}
            }
        }
        let end: &[u8] = match rest {
            [b'<', b'?', ..] => {
                xml |= begins(rest, "<?xml");
                b"?>"
            }
            [b'<', b'!', b'-', b'-', ..] => b"-->",
            // A document type may contain declarations of its own.
            [b'<', b'!', ..] if declares(rest) => b"]>",
            [b'<', b'!', ..] => b">",
            [b'<', name @ ..] => break word(name),
            _ => break b"",
        };
        match find(rest, end) {
            Some(position) => rest = &rest[position + end.len()..],
            // It continues beyond what we examine. Only pages and XML start like this.
            None => return Some(if xml { XML } else { PAGE }),
        }
    };
    if name.eq_ignore_ascii_case(b"svg") || name.eq_ignore_ascii_case(b"svg:svg") {
        return Some(SVG);
    }
    let one_of = |elements: &[&str]| {
        elements
            .iter()
            .any(|element| name.eq_ignore_ascii_case(element.as_bytes()))
    };
    if name.eq_ignore_ascii_case(b"html") || !xml && one_of(PAGES) {
        return Some(PAGE);
    }
    let bare = name.rsplit(|byte| *byte == b':').next().unwrap_or(name);
    if bare.eq_ignore_ascii_case(b"MPD") {
        return Some(Sniff::new(Content::Text, "mpd", "application/dash+xml"));
    }
    // Many feeds have neither an XML declaration nor a namespace.
    if xml || name == b"rss" || (!name.is_empty() && find(rest, b" xmlns").is_some()) {
        return Some(XML);
    }
    if page_below(text) {
        return Some(PAGE);
    }
    one_of(FRAGMENTS).then_some(FRAGMENT)
}

/// Checks whether a page starts further down, after a warning that some program printed before it.
fn page_below(text: &[u8]) -> bool {
    let beginning = &text[..text.len().min(1024)];
    let starts = (0..beginning.len()).filter(|&index| beginning[index] == b'<');
    // Programs and data may quote a page within a line.
    let first = |index: usize| {
        matches!(
            beginning[..index].trim_ascii_end().last(),
            None | Some(b'>')
        ) || beginning[..index].last() == Some(&b'\n')
    };
    starts.into_iter().any(|index| {
        let rest = &beginning[index..];
        (begins(rest, "<html") || begins(rest, "<!doctype html")) && first(index)
    })
}

/// Classifies text that is not markup.
fn plain(text: &[u8]) -> Sniff {
    let second = text.get(1..).unwrap_or_default().trim_ascii_start().first();
    match text.first() {
        Some(b'{') if matches!(second, None | Some(b'"' | b'}')) => {
            Sniff::new(Content::Text, "json", "application/json")
        }
        Some(b'[')
            if matches!(
                second,
                None | Some(b'"' | b'{' | b'[' | b']' | b'0'..=b'9' | b'-')
            ) =>
        {
            Sniff::new(Content::Text, "json", "application/json")
        }
        _ if text.starts_with(b"#EXTM3U") => {
            Sniff::new(Content::Text, "m3u8", "application/vnd.apple.mpegurl")
        }
        _ if text.starts_with(b"WEBVTT") => Sniff::new(Content::Text, "vtt", "text/vtt"),
        _ if begins_as_pdf(text) => Sniff::new(Content::Document, "pdf", "application/pdf"),
        _ if text.starts_with(b"{\\rtf") => Sniff::new(Content::Document, "rtf", "application/rtf"),
        _ if text.starts_with(b"%!PS-Adobe")
            && find(&text[..text.len().min(40)], b" EPSF-").is_some() =>
        {
            Sniff::new(Content::Image, "eps", "image/x-eps")
        }
        _ if text.starts_with(b"%!PS") => {
            Sniff::new(Content::Document, "ps", "application/postscript")
        }
        _ => PLAIN,
    }
}

/// Checks whether it is a PDF, which may be preceded by other text.
fn begins_as_pdf(text: &[u8]) -> bool {
    let beginning = &text[..text.len().min(1024)];
    text.starts_with(b"%PDF-") || find(beginning, b"\n%PDF-").is_some()
}

/// Checks whether a declaration contains others in brackets.
fn declares(text: &[u8]) -> bool {
    let end = text.iter().position(|byte| matches!(byte, b'[' | b'>'));
    end.is_some_and(|end| text[end] == b'[')
}

fn begins(text: &[u8], word: &str) -> bool {
    text.get(..word.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
}

/// Returns the name at the start: of an element or a document type.
fn word(text: &[u8]) -> &[u8] {
    let end = text
        .iter()
        .position(|&byte| !byte.is_ascii_alphanumeric() && byte != b':');
    &text[..end.unwrap_or(text.len())]
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::super::sniff::sniff;
    use super::*;

    #[test]
    fn pages_are_recognised_however_they_begin() {
        let pages: &[&[u8]] = &[
            b"<!DOCTYPE html><html>",
            b"<!doctype HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\">",
            b"\xef\xbb\xbf\r\n  <!DocType html>",
            b"<html lang=en>",
            b"<HEAD><TITLE>404 Not Found</TITLE></HEAD>",
            b"<script>location='/'</script>",
            b"<title>Sign in</title>",
            b"\n\n<!-- cached --><!-- again -->\n<html>",
            b"<!-- a comment that goes on and on",
            b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\">",
            b"<?xml version=\"1.0\"?><html xmlns=\"http://www.w3.org/1999/xhtml\">",
            b"<br />\n<b>Warning</b>: cannot connect<br /><html>",
            b"Warning: cannot connect\n<!DOCTYPE HTML><html>",
            b"<html><p>caf\xe9 in an old encoding, which is still a page",
            b"\xff\xfe<\0h\0t\0m\0l\0>\0",
            b"\xfe\xff\0<\0!\0D\0O\0C\0T\0Y\0P\0E\0 \0h\0t\0m\0l\0>",
            b"<html",
            b"<!DOCTYPE html><title>Log in\0</title>",
            b"\r\n<html><head>\x07",
            b"<title>\x93\xfa\x96\x7b\x8c\xea\x83\x79\x81\x5b\x83\x57</title>",
        ];
        for page in pages {
            assert_eq!(sniff(page), PAGE, "{}", page.escape_ascii());
        }
    }

    #[test]
    fn tells_other_texts_from_pages() {
        let table: &[(&[u8], Content, &str)] = &[
            (
                b"<svg xmlns=\"http://www.w3.org/2000/svg\">",
                Content::Image,
                "svg",
            ),
            (
                b"<?xml version=\"1.0\"?>\n<!-- made by hand -->\n<svg width=\"1\">",
                Content::Image,
                "svg",
            ),
            (
                b"<?xml version=\"1.0\"?><!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\">",
                Content::Image,
                "svg",
            ),
            (
                b"<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>",
                Content::Text,
                "xml",
            ),
            (
                b"<rss version=\"2.0\"><channel><title>",
                Content::Text,
                "xml",
            ),
            (
                b"<?xml version=\"1.0\"?><title>no page</title>",
                Content::Text,
                "xml",
            ),
            (
                b"<feed xmlns=\"http://www.w3.org/2005/Atom\">",
                Content::Text,
                "xml",
            ),
            (
                b"<?xml version=\"1.0\"?><MPD profiles=\"\">",
                Content::Text,
                "mpd",
            ),
            (
                b"<?xml version=\"1.0\"?><mpd:MPD xmlns:mpd=\"urn:mpeg:dash:schema:mpd:2011\">",
                Content::Text,
                "mpd",
            ),
            (
                b"<?xml version=\"1.0\"?>\n<!DOCTYPE MPD [<!ENTITY a \"<b>\"> <!ENTITY c \"d\">]>\n<MPD>",
                Content::Text,
                "mpd",
            ),
            (
                b"<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b \"c\">]",
                Content::Text,
                "xml",
            ),
            (b"<h1>Not Found</h1>", Content::Text, "html"),
            (
                b"<p align=\"center\"><img src=\"logo.svg\"></p>\n\n# Read me",
                Content::Text,
                "html",
            ),
            (b"document.write(\"<html><body>\")", Content::Text, "txt"),
            (
                b"{\"error\": \"<html> is not allowed\"}",
                Content::Text,
                "json",
            ),
            (b" [1, 2]", Content::Text, "json"),
            (b"[section]\nkey = value", Content::Text, "txt"),
            (b"#EXTM3U\n#EXT-X-VERSION:3", Content::Text, "m3u8"),
            (b"WEBVTT\n\n00:00", Content::Text, "vtt"),
            (b"BMW is a car, and MZ a greeting", Content::Text, "txt"),
            (b"GGGG", Content::Text, "txt"),
            (b"ID3 tags are explained here", Content::Text, "txt"),
            (b"na\xc3\xafve \xe2\x82", Content::Text, "txt"),
            (
                b"na\xefve and long enough to be mostly plain",
                Content::Text,
                "txt",
            ),
            (b"%PDF-1.4\n", Content::Document, "pdf"),
            (b"@PJL\r\n%PDF-1.4\n", Content::Document, "pdf"),
        ];
        assert_ne!(sniff(b"<htmlish\0\x01>").kind, Content::Page);
        for (bytes, kind, ext) in table {
            let sniff = sniff(bytes);
            assert_eq!(
                (sniff.kind, sniff.ext.as_deref()),
                (*kind, Some(*ext)),
                "{}",
                bytes.escape_ascii()
            );
        }
    }
}
