//! The predefined names of a script, and the names it uses that are not defined anywhere, which are mostly typos.
//!
//! The VM notices those only when it reaches them, so the source text is searched instead. A name counts as declared if
//! it is anywhere: everything found is certainly wrong, but not everything wrong is found.

mod tokens;

use std::collections::BTreeSet;

use tokens::{Token, tokens};

/// The host's names.
pub(super) const HOST: [&str; 16] = [
    "base64",
    "checkpoint",
    "crypto",
    "delegate",
    "emit",
    "fail",
    "html",
    "http",
    "js",
    "json",
    "log",
    "re",
    "require",
    "time",
    "url",
    "warn",
];
/// Luau's own names, as far as scripts have them.
pub(super) const LUAU: [&str; 29] = [
    "_G",
    "_VERSION",
    "assert",
    "bit32",
    "buffer",
    "coroutine",
    "error",
    "getmetatable",
    "ipairs",
    "math",
    "next",
    "pairs",
    "pcall",
    "print",
    "rawequal",
    "rawget",
    "rawlen",
    "rawset",
    "select",
    "setmetatable",
    "string",
    "table",
    "tonumber",
    "tostring",
    "type",
    "typeof",
    "unpack",
    "utf8",
    "xpcall",
];
/// Keywords, and names of types.
const WORDS: [&str; 30] = [
    "and", "break", "continue", "do", "else", "elseif", "end", "export", "false", "for",
    "function", "if", "in", "local", "nil", "not", "or", "repeat", "return", "then", "true",
    "until", "while", "any", "boolean", "never", "number", "self", "thread", "unknown",
];

/// The methods of responses and elements.
const METHODS: [&str; 9] = [
    "all", "attr", "first", "html", "json", "name", "raw", "text", "url",
];

/// How many tokens of a list of names are looked at.
const LIST: usize = 200;

/// Returns the names that are used but neither declared nor known, each with the line of its first use, from 1.
pub(super) fn unknown(text: &str) -> Vec<(usize, &str)> {
    let mut found: Vec<(usize, &str)> = Vec::new();
    for (line, name) in uses(text) {
        if !found.iter().any(|(_, known)| *known == name) {
            found.push((line, name));
        }
    }
    found
}

/// Returns those in one line.
pub(super) fn unknown_at(text: &str, line: usize) -> Vec<&str> {
    let uses = uses(text).into_iter();
    uses.filter(|(at, _)| *at == line)
        .map(|(_, name)| name)
        .collect()
}

/// Returns the right spelling of a call in this line, if it has a dot instead of a colon or the reverse.
pub(super) fn mixed_up(text: &str, line: usize) -> Option<String> {
    let tokens = tokens(text);
    tokens.windows(4).find_map(|window| {
        let [(_, before), (_, mark), (at, name), (_, Token::Mark('('))] = window else {
            return None;
        };
        let Token::Name(name) = name else { return None };
        let of = match before {
            Token::Name(of) if HOST.contains(of) => Some(*of),
            _ => None,
        };
        match (of, mark) {
            _ if *at != line => None,
            (Some(of), Token::Mark(':')) => Some(format!("`{of}.{name}(…)` is written with a dot")),
            (None, Token::Mark('.')) if METHODS.contains(name) => {
                Some(format!("`:{name}(…)` is written with a colon"))
            }
            _ => None,
        }
    })
}

/// Returns every use of a name that is neither declared nor known, with its line.
fn uses(text: &str) -> Vec<(usize, &str)> {
    let tokens = tokens(text);
    let declared = declared(&tokens);
    let mut found: Vec<(usize, &str)> = Vec::new();
    let mut braces = Vec::new();
    for (at, (line, token)) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| tokens[at].1);
        let name = match token {
            Token::Mark(mark @ ('{' | '(' | '[')) => {
                braces.push(*mark);
                continue;
            }
            Token::Mark('}' | ')' | ']') => {
                braces.pop();
                continue;
            }
            Token::Mark(_) => continue,
            Token::Name(name) => *name,
        };
        let after = |by: usize| tokens.get(at + by).map(|(_, token)| *token);
        // `key = value` in a table, or `key: type` in a table type.
        let is_named = match after(1) {
            Some(Token::Mark(':')) => true,
            Some(Token::Mark('=')) => after(2) != Some(Token::Mark('=')),
            _ => false,
        };
        let is_key = braces.last() == Some(&'{')
            && matches!(before, Some(Token::Mark('{' | ',' | ';')))
            && is_named;
        // After a dot or a colon it is a field, a method or a type.
        let is_part = matches!(before, Some(Token::Mark('.' | ':')))
            && at.checked_sub(2).map(|at| tokens[at].1) != Some(Token::Mark('.'));
        let is_known = HOST.contains(&name)
            || LUAU.contains(&name)
            || WORDS.contains(&name)
            || declared.contains(name);
        if !is_key && !is_part && !is_known {
            found.push((*line, name));
        }
    }
    found
}

/// Returns the names that are declared anywhere: by `local`, `for`, `function` and `type`.
fn declared<'a>(tokens: &[(usize, Token<'a>)]) -> BTreeSet<&'a str> {
    let mut declared = BTreeSet::new();
    for (at, (_, token)) in tokens.iter().enumerate() {
        let rest = tokens[at + 1..].iter().map(|(_, token)| *token);
        match token {
            Token::Name("local" | "for") => declared.extend(list(rest)),
            Token::Name("type") => declared.extend(list(rest.take(1))),
            Token::Name("function") => {
                // `function a.b(c)` declares `a` as well: assigning to a global defines it.
                let mut rest = rest.peekable();
                if let Some(Token::Name(name)) = rest.peek() {
                    declared.insert(name);
                }
                let mut inside = rest.skip_while(|token| *token != Token::Mark('('));
                inside.next();
                declared.extend(list(inside));
            }
            _ => {}
        }
    }
    declared
}

/// Returns the names of a list, which may have types: `a: string, b`.
fn list<'a>(tokens: impl Iterator<Item = Token<'a>>) -> Vec<&'a str> {
    let mut names = Vec::new();
    let (mut depth, mut is_name) = (0, true);
    for token in tokens.take(LIST) {
        match token {
            Token::Mark('{' | '(' | '<') => depth += 1,
            Token::Mark('}' | ')' | '>') if depth > 0 => depth -= 1,
            Token::Mark(',') if depth == 0 => is_name = true,
            Token::Mark(':') if depth == 0 => is_name = false,
            Token::Mark('=' | ')') if depth == 0 => break,
            Token::Name("in" | "function") if depth == 0 => break,
            Token::Name(name) if depth == 0 && is_name => {
                names.push(name);
                is_name = false;
            }
            _ => {}
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_has_is_found_with_its_line() {
        let table: [(&str, &[(usize, &str)]); 19] = [
            ("local a = 1\nreturn a + b", &[(2, "b")]),
            ("\u{feff}local a = b", &[(1, "b")]),
            ("return tonumbr(x), x", &[(1, "tonumbr"), (1, "x")]),
            ("local t = { key = 1, other = t }", &[]),
            ("local t = { other }", &[(1, "other")]),
            (
                "local t = { [other] = 1, x = y == 2 }",
                &[(1, "other"), (1, "y")],
            ),
            ("local s = s.field:method().x .. 'a'", &[]),
            ("local s = 'a' .. rest", &[(1, "rest")]),
            (
                "local function f(a, b: string, ...) return a, b, ... end",
                &[],
            ),
            ("for at, item in pairs({}) do emit(item, at) end", &[]),
            ("for at = 1, most do end", &[(1, "most")]),
            (
                "-- nothing\n--[[ no\nthing ]] return nothing",
                &[(3, "nothing")],
            ),
            ("local s = [==[ a ]] b ]==] return c", &[(1, "c")]),
            ("local s = 'it\\'s' return d", &[(1, "d")]),
            (
                "local s = `a {b} c { {d = e}.d } f` return s",
                &[(1, "b"), (1, "e")],
            ),
            ("type Item = { key: string }\nlocal a: Item = {}", &[]),
            ("local a: { [string]: number }, b = 1, 2 return a, b", &[]),
            ("local x = 0x1F + 1e5 + 1_000 return x", &[]),
            (
                "local function f(callback: (number) -> string, n) return n(callback) end",
                &[],
            ),
        ];
        for (text, expected) in table {
            assert_eq!(unknown(text), expected, "{text}");
        }
    }

    #[test]
    fn a_dot_and_a_colon_are_told_apart() {
        let table = [
            (
                "local a = http:get(x)",
                Some("`http.get(…)` is written with a dot"),
            ),
            (
                "local a = http.get(x).json()",
                Some("`:json(…)` is written with a colon"),
            ),
            (
                "local a = page.all('p')",
                Some("`:all(…)` is written with a colon"),
            ),
            ("local a = http.all({}) a:json() html.parse(a)", None),
            ("\nlocal a = http:get(x)", None),
            ("local a = b.other(c)", None),
        ];
        for (text, expected) in table {
            assert_eq!(mixed_up(text, 1).as_deref(), expected, "{text}");
        }
        assert_eq!(unknown_at("os.x()\nos.y(z)", 2), ["os", "z"]);
    }

    #[test]
    fn what_is_cut_off_ends() {
        for text in [
            "'", "`{", "--[[", "[==[", "`a{`b{", "local", "function", "for a", "é", "1", "}}", "\\",
        ] {
            unknown(text);
        }
    }
}
