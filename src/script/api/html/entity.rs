//! Decodes entities in a text.

use scraper::Node as Piece;

use super::tree::{Measure, Tree, too_large};
use crate::script::clock::Clock;

/// Decodes entities as a browser does.
pub(super) fn unescaped(text: &str, clock: &Clock) -> mlua::Result<String> {
    match with_common_entities(text) {
        Some(plain) => Ok(plain),
        None => with_any_entities(text, clock),
    }
}

fn with_any_entities(text: &str, clock: &Clock) -> mlua::Result<String> {
    // Parse it like the content of a textarea: entities, but no tags. Its first line break would be dropped, so add
    // one.
    let field = format!("<textarea>\n{}", text.replace('<', "&lt;"));
    let tree = Tree::grow(&field, Measure::default(), clock)?;
    let tree = tree.ok_or_else(|| too_large(Measure::default()))?;
    let pieces = tree.html.tree.values().filter_map(Piece::as_text);
    Ok(pieces.map(|piece| &*piece.text).collect())
}

/// Decodes a text with only the entities common in titles, or returns `None`. Parsing a page for each would cost many
/// times as much.
fn with_common_entities(text: &str) -> Option<String> {
    // How these are handled is up to the parser.
    if text.contains(['\r', '\0']) {
        return None;
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        rest = after;
        if !rest.starts_with(|c: char| c == '#' || c.is_ascii_alphanumeric()) {
            plain.push('&');
            continue;
        }
        let (name, after) = rest.split_once(';')?;
        plain.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" | "#39" | "#039" | "#x27" => '\'',
            "nbsp" => '\u{a0}',
            _ => return None,
        });
        rest = after;
    }
    plain.push_str(rest);
    Some(plain)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn common_entities_mean_what_the_parser_says() {
        let clock = Clock::start(Duration::from_secs(60), Arc::default());
        let common = [
            "a &amp; b &lt;b> &gt;<i> &quot;&apos;&#39;&#039;&#x27;&nbsp;",
            "R & B && C &; &! &\u{e9}; &",
            "&amp;lt; &amp;amp;",
            "\n &lt;/textarea> </textarea>&amp;",
        ];
        for text in common {
            let plain = with_any_entities(text, &clock).unwrap();
            assert_eq!(with_common_entities(text), Some(plain), "{text}");
        }
        for text in [
            "R&B",
            "&amp",
            "&euro;",
            "&#128;",
            "&#38;",
            "&AMP;",
            "\r\n&amp;",
            "\0&amp;",
        ] {
            assert_eq!(with_common_entities(text), None, "{text}");
        }
    }
}
