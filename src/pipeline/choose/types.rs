//! Comparisons of text with a number. The engine sorts all numbers before all text, so such a comparison holds for
//! every item or for none, and is a mistake.

use minijinja::Value;
use minijinja::value::ValueKind;

/// The parts of a filter, as far as they matter here.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Token<'a> {
    Name(&'a str),
    Number(&'a str),
    Text(&'a str),
    Comparison,
    /// A boundary at which a comparison can begin or end.
    Edge,
    /// Operators that bind more strongly than a comparison, and everything else.
    Other,
}

/// Returns what is wrong with a filter that compares a field with a value of another type. `field` returns a possible
/// value of the field with this name.
pub(super) fn mixed(source: &str, field: impl Fn(&str) -> Option<Value>) -> Option<String> {
    let mut tokens = vec![Token::Edge];
    tokens.extend(tokens_of(source));
    tokens.push(Token::Edge);
    tokens.windows(5).find_map(|window| match *window {
        [Token::Edge, left, Token::Comparison, right, Token::Edge] => {
            complaint(left, right, &field).or_else(|| complaint(right, left, &field))
        }
        _ => None,
    })
}

fn complaint(
    name: Token<'_>,
    value: Token<'_>,
    field: impl Fn(&str) -> Option<Value>,
) -> Option<String> {
    let Token::Name(name) = name else { return None };
    match (field(name)?.kind(), value) {
        (ValueKind::String, Token::Number(number)) => Some(format!(
            "`{name}` is text, but {number} is a number; write text in quotes: `'{number}'`"
        )),
        (ValueKind::Number, Token::Text(text)) => Some(format!(
            "`{name}` is a number, but '{text}' is text; write numbers without quotes"
        )),
        _ => None,
    }
}

/// Splits a filter into tokens. A part of something larger, such as `extra.likes` or `date | date("%Y")`, is not the
/// plain field.
fn tokens_of(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = source.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
        let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let (token, len) = match first {
            '"' | '\'' => match rest[1..].find(first) {
                Some(end) => (Token::Text(&rest[1..=end]), end + 2),
                None => (Token::Other, rest.len()),
            },
            '=' | '!' | '<' | '>' => match rest[1..].starts_with('=') {
                true => (Token::Comparison, 2),
                false => (Token::Comparison, 1),
            },
            _ if first.is_ascii_digit() => (Token::Number(&rest[..word]), word),
            '(' | ')' | ',' => (Token::Edge, 1),
            _ if word > 0 => match &rest[..word] {
                "and" | "or" | "not" | "if" | "else" => (Token::Edge, word),
                name => (Token::Name(name), word),
            },
            _ => (Token::Other, first.len_utf8()),
        };
        rest = rest[len..].trim_start();
        tokens.push(token);
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_and_a_number_are_not_compared() {
        let field = |name: &str| match name {
            "date" | "title" => Some(Value::from("2024-05-03")),
            "width" => Some(Value::from(640)),
            _ => None,
        };
        for (filter, expected) in [
            ("date > 2030", "`date` is text"),
            ("width > 3 and (2030 <= date)", "`date` is text"),
            ("not title == 5", "`title` is text"),
            ("width < '5'", "`width` is a number"),
            ("width==\"5\" or title is none", "`width` is a number"),
        ] {
            let message = mixed(filter, field);
            assert!(
                message
                    .as_ref()
                    .is_some_and(|message| message.starts_with(expected)),
                "{filter}: {message:?}"
            );
        }
        for filter in [
            "date > '2030'",
            "width >= 640.5",
            "date | date('%Y') | int > 2030",
            "title | length > 5",
            "extra.date > 2030",
            "width ~ '' == '640'",
            "width + 1 > 5 and 'date > 2030' in title",
            "(width or 0) < 1000",
            "title in ['5', 'x'] or bytes('5') == width",
            "é > 'x' and '",
        ] {
            assert_eq!(mixed(filter, field), None, "{filter}");
        }
    }
}
