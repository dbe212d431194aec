//! The post embedded in a page: `window.postDataJSON="…"`, JSON in a JavaScript string literal.

use fetch::net::read_json;
use serde_json::Value;

/// Longer literals are not a post: the site's largest albums need a tenth of this.
const LIMIT: usize = 16 << 20;

/// Returns the post in a page, if there is a readable one.
pub(super) fn post(html: &str) -> Option<Value> {
    html.match_indices("postDataJSON")
        .find_map(|(start, name)| {
            let rest = html[start + name.len()..].trim_start();
            let value = rest.strip_prefix('=')?.trim_start();
            let json = match value.chars().next()? {
                quote @ ('"' | '\'') => literal(&value[1..], quote)?,
                _ => return first(value),
            };
            let read = |json: &[u8]| serde_json::from_slice(json);
            read_json(json.as_bytes(), read)
                .ok()
                .filter(Value::is_object)
        })
}

/// Parses the object at the start of a text, ignoring what follows it.
fn first(text: &str) -> Option<Value> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter();
    values.next()?.ok().filter(Value::is_object)
}

/// Decodes a string literal (ECMA-262 §12.9.4), starting after its opening quote.
fn literal(text: &str, quote: char) -> Option<String> {
    let mut string = String::new();
    let mut high: Option<u32> = None;
    let mut chars = text.chars();
    loop {
        let c = chars.next()?;
        if string.len() > LIMIT {
            return None;
        }
        let unit = if c == '\\' {
            match chars.next()? {
                'u' if chars.as_str().starts_with('{') => {
                    let (digits, rest) = chars.as_str()[1..].split_once('}')?;
                    chars = rest.chars();
                    number(digits)?
                }
                'u' => hex(&mut chars, 4)?,
                'x' => hex(&mut chars, 2)?,
                'n' => 0x0a,
                'r' => 0x0d,
                't' => 0x09,
                'b' => 0x08,
                'f' => 0x0c,
                'v' => 0x0b,
                '0' => 0x00,
                // A line continuation.
                '\n' | '\u{2028}' | '\u{2029}' => continue,
                '\r' => {
                    if let Some(rest) = chars.as_str().strip_prefix('\n') {
                        chars = rest.chars();
                    }
                    continue;
                }
                other => other.into(),
            }
        } else if c == quote {
            if high.is_some() {
                string.push(char::REPLACEMENT_CHARACTER);
            }
            return Some(string);
        } else {
            c.into()
        };
        // Two UTF-16 units may make up one character; a lone surrogate is none.
        let whole = match (high.take(), unit) {
            (Some(first), 0xdc00..=0xdfff) => {
                0x1_0000_u32 + ((first - 0xd800) << 10) + (unit - 0xdc00)
            }
            (Some(_), _) => {
                string.push(char::REPLACEMENT_CHARACTER);
                unit
            }
            (None, _) => unit,
        };
        if (0xd800..=0xdbff).contains(&whole) {
            high = Some(whole);
        } else {
            string.push(char::from_u32(whole).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
    }
}

fn hex(chars: &mut std::str::Chars<'_>, digits: usize) -> Option<u32> {
    let text = chars.as_str();
    let value = number(text.get(..digits)?)?;
    *chars = text[digits..].chars();
    Some(value)
}

fn number(digits: &str) -> Option<u32> {
    // `from_str_radix` would accept a sign, too.
    let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain.then(|| u32::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_escape() {
        let table = [
            (r#"plain" rest"#, Some("plain")),
            (r#"\"\\\'\/" "#, Some(r#""\'/"#)),
            (r#"\n\r\t\b\f\v\0""#, Some("\n\r\t\u{8}\u{c}\u{b}\0")),
            (r#"\u00e9\xe9\u{1F600}""#, Some("éé😀")),
            (r#"\ud83d\ude00""#, Some("😀")),
            (r#"\ud83d!""#, Some("\u{fffd}!")),
            (r#"\ude00""#, Some("\u{fffd}")),
            (r#"\ud83d\ud83d\ude00""#, Some("\u{fffd}😀")),
            ("a\\\nb\\\r\nc\"", Some("abc")),
            (r#"it's""#, Some("it's")),
            (r#"日本""#, Some("日本")),
            ("never closed", None),
            (r"ends in a backslash\", None),
            (r#"\ud83d""#, Some("\u{fffd}")),
            (r#"\u12"#, None),
            (r#"\u+123""#, None),
            (r#"\u{110000}""#, Some("\u{fffd}")),
            (r#"\xyz""#, None),
            (r#"\x日""#, None),
        ];
        for (text, expected) in table {
            assert_eq!(literal(text, '"').as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn finds_the_post_in_a_page() {
        let table = [
            (
                r#"<script>window.postDataJSON="{\"id\":\"abcde\",\"title\":\"a \\\"b\\\" \u00e9\"}";</script>"#,
                Some("abcde"),
            ),
            (r#"window.postDataJSON = '{"id":"abcde"}'"#, Some("abcde")),
            (
                r#"window.postDataJSON={"id":"abcde"};window.x={}"#,
                Some("abcde"),
            ),
            (
                r#"if(window.postDataJSON){} window.postDataJSON="{\"id\":\"abcde\"}""#,
                Some("abcde"),
            ),
            (r#"window.postDataJSON="null""#, None),
            (r#"window.postDataJSON="{\"id\":""#, None),
            (r#"window.postDataJSON=undefined;"#, None),
            ("<html>nothing</html>", None),
            ("postDataJSON", None),
        ];
        for (html, expected) in table {
            let post = post(html);
            assert_eq!(
                post.as_ref().and_then(|post| post["id"].as_str()),
                expected,
                "{html}"
            );
        }
    }
}
