//! Makes the output of another program safe to print: without terminal escape sequences and secrets.

use fetch::net::Redacted;
use url::Url;

/// The longest line that is shown, in characters.
const LONGEST: usize = 500;

/// Removes escape sequences and control characters from a text, except line ends.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' => plain.push('\n'),
            '\u{1b}' => match chars.next() {
                // Up to the letter that ends the sequence.
                Some('[') => drop(chars.by_ref().find(|c| ('@'..='~').contains(c))),
                Some(']') => drop(
                    chars
                        .by_ref()
                        .find(|c| matches!(c, '\u{7}' | '\u{1b}' | '\n')),
                ),
                _ => {}
            },
            c if c.is_control() || is_hidden(c) => {}
            c => plain.push(c),
        }
    }
    plain
}

/// The last line that is not empty, without secrets.
pub(super) fn last_line(text: &str) -> Option<String> {
    let line = text
        .lines()
        .rev()
        .map(str::trim)
        .find(|line| !line.is_empty())?;
    let words: Vec<String> = line.split(' ').map(shown).collect();
    let text = words.join(" ");
    Some(match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    })
}

/// A word, with the secrets of a URL in it masked.
fn shown(word: &str) -> String {
    let Some(at) = word.find("http://").or_else(|| word.find("https://")) else {
        return word.to_owned();
    };
    let (before, rest) = word.split_at(at);
    let end = rest.find(['\'', '"', '`', '<', '>', ')', ']', ',', ';']);
    let (url, after) = rest.split_at(end.unwrap_or(rest.len()));
    match Url::parse(url) {
        Ok(parsed) => format!("{before}{}{after}", Redacted(&parsed)),
        Err(_) => format!("{before}…{after}"),
    }
}

/// Whether a character changes the text direction or is invisible.
fn is_hidden(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extractor_messages_are_stripped_of_escapes_and_secrets() {
        let table = [
            ("\u{1b}[0;31mERROR:\u{1b}[0m no\r\n", "ERROR: no"),
            ("one\ntwo\n\n \n", "two"),
            ("\u{1b}]0;title\u{7}x", "x"),
            (
                "'404' for 'https://u:p@x.org/a?token=hunter2'",
                "'404' for 'https://***@x.org/a?token=***'",
            ),
            (
                "see (https://x.org/a), please",
                "see (https://x.org/a), please",
            ),
            ("https://[", "…"),
        ];
        for (text, expected) in table {
            assert_eq!(
                last_line(&plain(text)).as_deref(),
                Some(expected),
                "{text:?}"
            );
        }
        assert_eq!(last_line(&plain("\u{1b}[0m\n\t\n")), None);
        assert!(last_line(&"x".repeat(9000)).is_some_and(|line| line.len() < 600));
    }
}
