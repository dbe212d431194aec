//! Splits a command that a browser copied for bash into words. Nothing is executed; of the shell syntax, only quoting is
//! supported.

use crate::model::{Error, Kind, Result};

/// Splits a command into its words.
///
/// # Errors
/// [`Kind::Config`] for an unclosed quote, and for any other shell syntax.
pub(super) fn words(command: &str) -> Result<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = command.chars();
    let open = || wrong("a quote in it is not closed");
    if ["fetch(", "await fetch("]
        .iter()
        .any(|start| command.trim_start().starts_with(start))
    {
        return Err(wrong("it is meant for JavaScript").hint("copy it as cURL (bash)"));
    }
    while let Some(c) = rest.next() {
        match c {
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next().ok_or_else(open)? {
                        '\'' => break,
                        c => word.push(c),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next().ok_or_else(open)? {
                        '"' => break,
                        '\\' => match rest.next().ok_or_else(open)? {
                            '\n' => {}
                            c @ ('"' | '\\' | '$' | '`') => word.push(c),
                            c => word.extend(['\\', c]),
                        },
                        '$' | '`' => return Err(shell()),
                        c => word.push(c),
                    }
                }
            }
            '$' if rest.as_str().starts_with('\'') => {
                rest.next();
                let word = word.get_or_insert_default();
                loop {
                    match rest.next().ok_or_else(open)? {
                        '\'' => break,
                        '\\' => word.push(escaped(&mut rest)?),
                        c => word.push(c),
                    }
                }
            }
            '\\' => match rest.next() {
                // A line continuation.
                Some('\n') | None => {}
                Some('\r') if rest.as_str().starts_with('\n') => drop(rest.next()),
                Some(c) => word.get_or_insert_default().push(c),
            },
            '^' if rest.as_str().starts_with(['"', '\n', '\r']) => {
                return Err(wrong("it is meant for the Windows command prompt")
                    .hint("copy it as cURL (bash)"));
            }
            // Browsers end commands like this when they copy several.
            ';' | '&' if rest.as_str().trim().is_empty() => break,
            ';' | '&' | '\n' if begins_another(rest.as_str()) => return Err(several()),
            '$' | '`' | ';' | '|' | '&' | '<' | '>' | '(' | ')' => return Err(shell()),
            c if c.is_whitespace() => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

/// Decodes an escape sequence within `$'…'`.
fn escaped(rest: &mut std::str::Chars<'_>) -> Result<char> {
    let unknown = || wrong("an escape sequence in it is not valid");
    let c = rest.next().ok_or_else(unknown)?;
    let digits = match c {
        'n' => return Ok('\n'),
        't' => return Ok('\t'),
        'r' => return Ok('\r'),
        '\\' | '\'' | '"' | '!' | '?' => return Ok(c),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => return Err(unknown()),
    };
    let (mut number, mut count) = (0_u32, 0);
    while count < digits
        && let Some(digit) = rest.clone().next().and_then(|c| c.to_digit(16))
    {
        number = number << 4 | digit;
        rest.next();
        count += 1;
    }
    let is_text = count > 0 && (c != 'x' || number < 0x80);
    let found = char::from_u32(number).filter(|_| is_text);
    found.ok_or_else(unknown)
}

fn wrong(why: &str) -> Error {
    // The command itself is not shown, since it contains secrets.
    Error::new(Kind::Config, format!("cannot read the command: {why}"))
}

fn shell() -> Error {
    wrong("it uses shell syntax").hint("put values in single quotes")
}

/// Whether another `curl` command follows, as when all requests were copied at once.
fn begins_another(rest: &str) -> bool {
    let rest = rest.trim_start().strip_prefix("curl");
    rest.is_some_and(|rest| rest.starts_with(char::is_whitespace))
}

fn several() -> Error {
    wrong("it is several `curl` commands").hint("copy a single request")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_or_piped_curl_commands_are_explained() {
        let table = [
            (
                "curl 'x' ;\ncurl 'y'",
                "it is several `curl` commands",
                "copy a single request",
            ),
            (
                "curl 'x' & curl 'y'",
                "it is several `curl` commands",
                "copy a single request",
            ),
            (
                "curl 'x' \\\n -H 'a: b'\ncurl 'y'",
                "it is several `curl` commands",
                "copy a single request",
            ),
            (
                "fetch(\"x\", {\n \"headers\": {} });",
                "it is meant for JavaScript",
                "copy it as cURL (bash)",
            ),
            (
                "curl x; rm -rf /",
                "it uses shell syntax",
                "put values in single quotes",
            ),
        ];
        for (command, why, hint) in table {
            let error = words(command).unwrap_err();
            assert_eq!(
                error.message,
                format!("cannot read the command: {why}"),
                "{command}"
            );
            assert_eq!(error.hint.as_deref(), Some(hint), "{command}");
        }
    }

    #[test]
    fn splits_what_browsers_copy() {
        let table: [(&str, Option<&[&str]>); 18] = [
            ("curl 'x' ;\n", Some(&["curl", "x"])),
            ("curl x & curl y", None),
            (
                "curl 'https://x.org/?a=1&b=2' \\\n  -H 'a: b'",
                Some(&["curl", "https://x.org/?a=1&b=2", "-H", "a: b"]),
            ),
            (
                "curl 'x' \\\r\n  --compressed",
                Some(&["curl", "x", "--compressed"]),
            ),
            (
                "curl $'it\\'s \\u732b\\x21 \\\\'",
                Some(&["curl", "it's 猫! \\"]),
            ),
            ("a'b'\"c\"d ''", Some(&["abcd", ""])),
            ("\"a \\\"b\\\" \\x\"", Some(&["a \"b\" \\x"])),
            ("a\\ b", Some(&["a b"])),
            ("", Some(&[])),
            ("curl 'x", None),
            ("curl \"x", None),
            ("curl $'x\\'", None),
            ("curl $'\\q'", None),
            ("curl $'\\xff'", None),
            ("curl x; rm -rf /", None),
            ("curl \"$(id)\"", None),
            ("curl x > y", None),
            ("curl ^\"x^\" ^\r\n -H ^\"a^\"", None),
        ];
        for (command, expected) in table {
            let found = words(command).ok();
            let found = found
                .as_ref()
                .map(|words| words.iter().map(String::as_str).collect());
            assert_eq!(found, expected.map(<[&str]>::to_vec), "{command}");
        }
    }
}
