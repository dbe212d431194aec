//! Cleans up the site's text for display.

/// How much of a refusal to quote, in characters.
const QUOTED: usize = 200;

/// Formats the site's words for a message: one line, no control characters, not too long.
pub(super) fn shown(text: &str) -> String {
    let plain = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain: String = plain.chars().filter(|c| !c.is_control()).collect();
    if plain.chars().count() <= QUOTED {
        return plain;
    }
    let mut cut: String = plain.chars().take(QUOTED).collect();
    cut.push('…');
    cut
}

/// Cleans a title or description: decodes the HTML entities that the API leaves in some, and trims whitespace.
pub(super) fn clean(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        plain.push_str(&rest[..start]);
        rest = &rest[start..];
        match entity(rest) {
            Some((c, length)) => {
                plain.push(c);
                rest = &rest[length..];
            }
            None => {
                plain.push('&');
                rest = &rest[1..];
            }
        }
    }
    plain.push_str(rest);
    let plain = plain.trim();
    (!plain.is_empty()).then(|| plain.to_owned())
}

/// Decodes the entity at the start of a text; also returns its length.
fn entity(text: &str) -> Option<(char, usize)> {
    let inner = text.strip_prefix('&')?;
    let (name, _) = inner.split_once(';')?;
    let c = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some((c, name.len() + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_the_site_in_one_short_line() {
        assert_eq!(shown("a\r\n\tb\u{1b}[31m\u{0}"), "a b[31m");
        assert_eq!(shown(&"ä".repeat(300)).chars().count(), QUOTED + 1);
    }

    #[test]
    fn cleans_titles() {
        let table = [
            ("  a \n", Some("a")),
            (" \n", None),
            ("", None),
            (
                "a &amp; b &lt;3 &#39;c&#x27; &quot;",
                Some("a & b <3 'c' \""),
            ),
            ("&amp;lt;", Some("&lt;")),
            (
                "R&B; &unknown; & &#xFFFFFFFF; &",
                Some("R&B; &unknown; & &#xFFFFFFFF; &"),
            ),
            ("日本 ünïcode", Some("日本 ünïcode")),
        ];
        for (text, expected) in table {
            assert_eq!(clean(text).as_deref(), expected, "{text}");
        }
    }
}
