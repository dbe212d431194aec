//! The key of a file in gallery-dl's own archive: a format string of its extractor, filled with the fields of the file.
//! With it, gallery-dl's archives can be imported, and a file has the same key in every listing.

use serde_json::Value;

/// The longest key, in bytes.
const LONGEST: usize = 512;

/// Fills a format string with these fields; none if it uses anything but plain fields, or one that is missing.
pub(super) fn fill(format: &str, fields: &Value) -> Option<String> {
    let mut text = String::new();
    let mut rest = format;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, brace) = rest.split_at(at);
        text.push_str(before);
        let (name, after) = brace.strip_prefix('{')?.split_once('}')?;
        text.push_str(&field(name, fields)?);
        if text.len() > LONGEST {
            return None;
        }
        rest = after;
    }
    text.push_str(rest);
    (!text.is_empty() && text != format && text.len() <= LONGEST).then_some(text)
}

/// The value of `a`, or of `a[b]`.
fn field(name: &str, fields: &Value) -> Option<String> {
    let is_word = |name: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        !name.is_empty() && name.chars().all(plain)
    };
    let end = name.find('[').unwrap_or(name.len());
    let (first, mut path) = name.split_at(end);
    if !is_word(first) {
        return None;
    }
    let mut value = fields.get(first)?;
    while !path.is_empty() {
        let (key, after) = path.strip_prefix('[')?.split_once(']')?;
        let key = key.trim_matches(['"', '\'']);
        value = match value {
            Value::Object(fields) if is_word(key) => fields.get(key)?,
            Value::Array(values) => values.get(key.parse::<usize>().ok()?)?,
            _ => return None,
        };
        path = after;
    }
    match value {
        Value::String(text) if !text.is_empty() && !text.contains(char::is_control) => {
            Some(text.clone())
        }
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_format_is_filled_as_far_as_it_is_of_plain_fields() {
        let fields = json!({
            "id": 7, "num": 2, "name": "a b", "album": {"id": "xyz"}, "list": ["p", "q"], "none": null, "empty": "",
            "yes": true,
        });
        let table = [
            ("{id}", Some("7")),
            ("{album[id]}_{id}", Some("xyz_7")),
            ("p_{album['id']}/{name}", Some("p_xyz/a b")),
            ("{list[1]}", Some("q")),
            ("{id}.{gone}", None),
            ("{none}", None),
            ("{empty}", None),
            ("{yes}", None),
            ("{id:>03}", None),
            ("{id!s}", None),
            ("{id|num}", None),
            ("{album}", None),
            ("{list[9]}", None),
            ("{id", None),
            ("id}", None),
            ("{}", None),
            ("all the same", None),
            ("", None),
        ];
        for (format, expected) in table {
            assert_eq!(fill(format, &fields).as_deref(), expected, "{format}");
        }
        assert_eq!(fill("{a}", &json!({"a": "x".repeat(LONGEST + 1)})), None);
    }
}
