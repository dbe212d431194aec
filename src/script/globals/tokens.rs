//! Splits the text of a script into names and marks.

use std::iter::Peekable;
use std::str::CharIndices;

/// A token, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    Name(&'a str),
    Mark(char),
}

/// Returns the names and marks of a text, each with its line. Comments and quoted strings are left out, but not the
/// code inserted in a string by `{}`.
pub(super) fn tokens(text: &str) -> Vec<(usize, Token<'_>)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader {
        text,
        rest: text.char_indices().peekable(),
        line: 1,
        tokens: Vec::new(),
        quoted: Vec::new(),
    };
    while let Some((at, c)) = reader.next() {
        reader.token(at, c);
    }
    reader.tokens
}

struct Reader<'a> {
    text: &'a str,
    rest: Peekable<CharIndices<'a>>,
    line: usize,
    tokens: Vec<(usize, Token<'a>)>,
    /// For each interpolated string being read, how many braces are open in its inserted code.
    quoted: Vec<usize>,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<(usize, char)> {
        let next = self.rest.next();
        self.line += usize::from(matches!(next, Some((_, '\n'))));
        next
    }

    fn token(&mut self, at: usize, c: char) {
        let rest = &self.text[at..];
        match c {
            '-' if rest.starts_with("--") => match long(&rest[2..]) {
                Some(close) => self.skip_to(&close),
                None => self.skip_to("\n"),
            },
            '[' if long(rest).is_some() => self.skip_to(&long(rest).unwrap_or_default()),
            '"' | '\'' => self.skip_quoted(c),
            '`' => self.skip_inserted(),
            '{' => {
                if let Some(open) = self.quoted.last_mut() {
                    *open += 1;
                }
                self.tokens.push((self.line, Token::Mark(c)));
            }
            '}' => match self.quoted.last_mut() {
                Some(0) => {
                    self.quoted.pop();
                    self.tokens.push((self.line, Token::Mark(')')));
                    self.skip_inserted();
                }
                open => {
                    if let Some(open) = open {
                        *open -= 1;
                    }
                    self.tokens.push((self.line, Token::Mark(c)));
                }
            },
            c if is_letter(c) => {
                let length = rest.find(|c| !is_letter(c) && !c.is_ascii_digit());
                let name = &rest[..length.unwrap_or(rest.len())];
                self.tokens.push((self.line, Token::Name(name)));
                self.skip(name.len() - c.len_utf8());
            }
            c if c.is_ascii_digit() => {
                let length =
                    rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.');
                self.skip(length.unwrap_or(rest.len()) - 1);
            }
            c if c.is_whitespace() => {}
            c => self.tokens.push((self.line, Token::Mark(c))),
        }
    }

    /// Skips this many bytes.
    fn skip(&mut self, bytes: usize) {
        let Some((from, _)) = self.rest.peek().copied() else {
            return;
        };
        while self.rest.peek().is_some_and(|(at, _)| *at < from + bytes) {
            self.next();
        }
    }

    /// Skips everything up to and including this text.
    fn skip_to(&mut self, close: &str) {
        let Some((from, _)) = self.rest.peek().copied() else {
            return;
        };
        let length = self.text[from..].find(close);
        self.skip(length.map_or(usize::MAX - from, |length| length + close.len()));
    }

    fn skip_quoted(&mut self, close: char) {
        while let Some((_, c)) = self.next() {
            match c {
                '\\' => drop(self.next()),
                c if c == close => return,
                _ => {}
            }
        }
    }

    /// Skips text between backticks, up to its end or to an insertion, which is then read as code.
    fn skip_inserted(&mut self) {
        while let Some((_, c)) = self.next() {
            match c {
                '\\' => drop(self.next()),
                '`' => return,
                '{' => {
                    self.tokens.push((self.line, Token::Mark('(')));
                    self.quoted.push(0);
                    return;
                }
                _ => {}
            }
        }
    }
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

/// Returns the end of the long bracket that starts here, if one does: `[[` or `[==[`.
fn long(text: &str) -> Option<String> {
    let inside = text.strip_prefix('[')?;
    let level = inside.find(|c| c != '=')?;
    let is_long = inside[level..].starts_with('[');
    is_long.then(|| format!("]{}]", "=".repeat(level)))
}
