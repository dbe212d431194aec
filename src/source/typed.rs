//! Formats typed text that is not a URL for messages.

use std::borrow::Cow;

use super::scheme::is_slashless;

/// The maximum length of the shown text, in characters.
const MAX_SHOWN: usize = 160;

/// Returns the typed text without parts that may be a password or a signature.
pub(super) fn redacted(text: &str) -> String {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => match text.split_once(':') {
            Some((scheme, rest)) if is_slashless(scheme) => (format!("{scheme}:"), rest),
            _ => (String::new(), text),
        },
    };
    let (rest, query) = match rest.split_once('?') {
        Some((rest, _)) => (rest, "?…"),
        None => (rest, ""),
    };
    let whole = match rest.rsplit_once('@') {
        Some((_, rest)) => format!("{scheme}***@{rest}{query}"),
        None => format!("{scheme}{rest}{query}"),
    };
    abbreviated(&whole).into_owned()
}

/// Returns the beginning of the typed text, with invisible characters escaped.
pub(crate) fn abbreviated(text: &str) -> Cow<'_, str> {
    let end = text.char_indices().nth(MAX_SHOWN).map(|(end, _)| end);
    if end.is_none() && !text.contains(is_invisible) {
        return text.into();
    }
    let mut abbreviated = String::new();
    for char in text[..end.unwrap_or(text.len())].chars() {
        match is_invisible(char) {
            true => abbreviated.extend(char.escape_unicode()),
            false => abbreviated.push(char),
        }
    }
    abbreviated.push_str(if end.is_some() { "…" } else { "" });
    abbreviated.into()
}

/// Explains what is wrong with the start of an address that does not begin with a scheme.
pub(super) fn explain_start(text: &str) -> String {
    match text.chars().next() {
        Some(first) if is_invisible(first) => {
            format!(
                "it begins with an invisible character, U+{:04X}",
                u32::from(first)
            )
        }
        Some(first) if !first.is_ascii_alphabetic() => format!("it begins with `{first}`"),
        _ => "the part before `://` is not a scheme".to_owned(),
    }
}

/// Checks whether a character is invisible, so that nobody notices that it was copied along.
fn is_invisible(char: char) -> bool {
    matches!(
        char,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_short_and_can_be_seen() {
        let long = "x".repeat(1000);
        assert_eq!(redacted(&long), format!("{}…", "x".repeat(MAX_SHOWN)));
        assert_eq!(redacted("a b"), "a b");
        assert_eq!(redacted("\u{feff}a\u{200b}"), "\\u{feff}a\\u{200b}");
        assert_eq!(
            redacted("ü".repeat(MAX_SHOWN).as_str()),
            "ü".repeat(MAX_SHOWN)
        );
    }

    #[test]
    fn what_may_be_a_secret_is_not_told() {
        let table = [
            ("https://me:secret@a b/c?sig=1", "https://***@a b/c?…"),
            ("me:secret@a", "***@a"),
            ("a?token=1", "a?…"),
        ];
        for (text, expected) in table {
            assert_eq!(redacted(text), expected);
        }
    }
}
