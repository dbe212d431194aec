//! Formats typed text that is not a URL for messages.

use std::borrow::Cow;

use super::scheme::is_bare;

/// The maximum length of the shown text, in characters.
const MOST: usize = 160;

/// Returns the typed text without parts that may be a password or a signature.
pub(super) fn told(text: &str) -> String {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => match text.split_once(':') {
            Some((scheme, rest)) if is_bare(scheme) => (format!("{scheme}:"), rest),
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
    brief(&whole).into_owned()
}

/// Returns the beginning of the typed text, with invisible characters escaped.
pub(crate) fn brief(text: &str) -> Cow<'_, str> {
    let end = text.char_indices().nth(MOST).map(|(end, _)| end);
    if end.is_none() && !text.contains(is_unseen) {
        return text.into();
    }
    let mut brief = String::new();
    for char in text[..end.unwrap_or(text.len())].chars() {
        match is_unseen(char) {
            true => brief.extend(char.escape_unicode()),
            false => brief.push(char),
        }
    }
    brief.push_str(if end.is_some() { "…" } else { "" });
    brief.into()
}

/// Explains what is wrong with the start of an address that does not begin with a scheme.
pub(super) fn beginning(text: &str) -> String {
    match text.chars().next() {
        Some(first) if is_unseen(first) => {
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
fn is_unseen(char: char) -> bool {
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
        assert_eq!(told(&long), format!("{}…", "x".repeat(MOST)));
        assert_eq!(told("a b"), "a b");
        assert_eq!(told("\u{feff}a\u{200b}"), "\\u{feff}a\\u{200b}");
        assert_eq!(told("ü".repeat(MOST).as_str()), "ü".repeat(MOST));
    }

    #[test]
    fn what_may_be_a_secret_is_not_told() {
        let table = [
            ("https://me:secret@a b/c?sig=1", "https://***@a b/c?…"),
            ("me:secret@a", "***@a"),
            ("a?token=1", "a?…"),
        ];
        for (text, expected) in table {
            assert_eq!(told(text), expected);
        }
    }
}
