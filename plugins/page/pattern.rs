//! Patterns of addresses, where `*` stands for anything.

/// Checks whether an entire text matches a pattern. The cost grows only with the length of both.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(start) else {
        return false;
    };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        match text.find(part) {
            Some(at) => text = &text[at + part.len()..],
            None => return false,
        }
    }
    text.ends_with(end)
}

/// The same for a pattern written by a user: without any `*`, it matches anywhere in the text.
pub(super) fn is_like(pattern: &str, text: &str) -> bool {
    match pattern.contains('*') {
        true => fits(pattern, text),
        false => text.contains(pattern),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_matches_anything() {
        let table = [
            ("/a", "/a", true),
            ("/a", "/ab", false),
            ("/a*", "/ab", true),
            ("/a*", "/a", true),
            ("*", "", true),
            ("**", "/x", true),
            ("*.jpg", "/a.jpg", true),
            ("*.jpg", "/a.jpg.html", false),
            ("/a*b*c", "/a-b-b-c", true),
            ("/a*b*c", "/a-c-b", false),
            ("ab*ba", "aba", false),
            ("ab*ba", "abba", true),
            ("a*b*a", "aba", true),
            ("a*b*a", "aa", false),
        ];
        for (pattern, text, expected) in table {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
        assert!(is_like("cats", "https://x.org/cats/1"));
        assert!(!is_like("cats*", "https://x.org/cats/1"));
    }
}
