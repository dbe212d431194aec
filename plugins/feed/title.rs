//! Converts titles written as HTML to plain text.

use super::super::page::words;

/// How many bytes of a title are examined; none is longer.
const LONGEST: usize = 4_000;
/// Elements that occur in titles. Anything else that looks like an element is literal: `41: <Tides>`.
const ELEMENTS: [&str; 27] = [
    "a", "abbr", "b", "bdi", "big", "br", "cite", "code", "del", "div", "em", "font", "h1", "h2",
    "i", "img", "ins", "mark", "p", "q", "s", "small", "span", "strong", "sub", "sup", "u",
];
/// Elements that start a new line.
const LINES: [&str; 5] = ["br", "div", "h1", "h2", "p"];

/// Returns the text of a title, without its elements, and with its character references decoded.
pub(super) fn plain(title: &str) -> String {
    let mut end = title.len().min(LONGEST);
    while !title.is_char_boundary(end) {
        end -= 1;
    }
    let title = &title[..end];
    let mut kept = String::with_capacity(title.len());
    let mut rest = title;
    while let Some(at) = rest.find(['<', '&']) {
        let (before, found) = rest.split_at(at);
        kept.push_str(before);
        rest = &found[1..];
        if found.starts_with('&') {
            kept.push_str(if is_reference(rest) { "&" } else { "&amp;" });
        } else if let Some((name, after)) = element(rest) {
            let is_line = LINES.iter().any(|known| name.eq_ignore_ascii_case(known));
            kept.push_str(if is_line { " " } else { "" });
            rest = after;
        } else {
            kept.push_str("&lt;");
        }
    }
    kept.push_str(rest);
    match kept.contains('&') {
        true => words(&kept).unwrap_or(kept),
        false => kept,
    }
}

/// Returns the name of the element whose tag starts here, and the text after the tag.
fn element(rest: &str) -> Option<(&str, &str)> {
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric())?;
    let (name, rest) = rest.split_at(end);
    let mut known = ELEMENTS.iter();
    known.find(|known| name.eq_ignore_ascii_case(known))?;
    Some((name, rest.split_once('>')?.1))
}

fn is_reference(rest: &str) -> bool {
    let name = rest.split_once(';').map_or("", |(name, _)| name);
    let digits = name.strip_prefix('#').unwrap_or(name);
    (1..=32).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_read_as_it_was_meant() {
        for (title, expected) in [
            ("Tides", "Tides"),
            ("It&#8217;s Tom &amp; Jerry", "It’s Tom & Jerry"),
            ("A <b>bold</b> &amp; b", "A bold & b"),
            ("A<br/>B", "A B"),
            ("<a href='/x'>A</a>&hellip;", "A…"),
            // Not HTML.
            ("41: <Tides>", "41: <Tides>"),
            ("Q&A, R&notes, a < b & c", "Q&A, R&notes, a < b & c"),
            ("1 <b 2", "1 <b 2"),
            ("&unheardof; &#xffffffff;", "&unheardof; \u{fffd}"),
            ("&lt;b&gt;", "<b>"),
            ("", ""),
        ] {
            assert_eq!(plain(title), expected, "{title}");
        }
        let long = format!("<b {}>", " a=1".repeat(100_000));
        assert!(plain(&long).len() <= LONGEST);
    }
}
