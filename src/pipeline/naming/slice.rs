//! Slices such as `title[:50]`, for which the engine does not report the sliced field.

/// Rewrites an expression so that slices become look-ups: `title[:50]` becomes `title[[none,50]]`. The result has no
/// useful value, but names the same fields, all of which the engine finds.
pub(crate) fn looked_up(expression: &str) -> String {
    let mut plain = String::with_capacity(expression.len() + 8);
    let mut open = Vec::new();
    let mut quote = None;
    let mut escaped = false;
    // Whether the current part of a slice is still empty.
    let mut empty = false;
    for character in expression.chars() {
        if let Some(close) = quote {
            plain.push(character);
            match character {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                _ if character == close => quote = None,
                _ => {}
            }
            continue;
        }
        match character {
            '[' => {
                plain.push_str("[[");
                open.push(character);
                empty = true;
                continue;
            }
            ']' => plain.push_str("]]"),
            ':' if open.last() == Some(&'[') => {
                plain.push_str(if empty { "none," } else { "," });
                empty = true;
                continue;
            }
            _ => plain.push(character),
        }
        match character {
            '"' | '\'' => quote = Some(character),
            '(' | '{' => open.push(character),
            ')' | '}' | ']' => _ = open.pop(),
            _ => {}
        }
        empty &= character.is_whitespace();
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_slices_are_looked_up_instead() {
        for (expression, expected) in [
            ("title[:50]", "title[[none,50]]"),
            ("title[1:]", "title[[1,]]"),
            ("title[ : : -1]", "title[[ none, none, -1]]"),
            (
                "title[:number] ~ key[2:4]",
                "title[[none,number]] ~ key[[2,4]]",
            ),
            ("title['a:[b' : x[:1]]", "title[['a:[b' , x[[none,1]]]]"),
            (
                "{'a': title[{'b': 1}['b']:]}",
                "{'a': title[[{'b': 1}[['b']],]]}",
            ),
            ("ext in ['jpg', 'png']", "ext in [['jpg', 'png']]"),
        ] {
            assert_eq!(looked_up(expression), expected);
        }
    }
}
