//! JSON in the scripts of pages as it is actually written, with small errors that search engines tolerate.

use fetch::net::read_json;
use serde_json::{Deserializer, Error, Value};

/// The most values of one script.
const MOST: usize = 1_000;

/// Parses the values of a script.
///
/// # Errors
/// The parser's error, if there are no values.
pub(super) fn read(text: &str) -> Result<Vec<Value>, Error> {
    // The serde parser itself refuses deep nesting.
    let strict = |json: &[u8]| serde_json::from_slice::<Value>(json);
    let error = match read_json(text.as_bytes(), strict) {
        Ok(value) => return Ok(vec![value]),
        Err(error) => error,
    };
    let several = |json: &[u8]| {
        let values = Deserializer::from_slice(json).into_iter::<Value>();
        let values: Vec<Value> = values.take(MOST).map_while(Result::ok).collect();
        // If the text breaks off, the values before that count.
        (!values.is_empty()).then_some(values).ok_or(())
    };
    read_json(mended(text).as_bytes(), several).map_err(|()| error)
}

/// Returns the objects and lists of a script, cleaned of everything that is not JSON: comments and markers of other
/// languages around and within them, line breaks and tabs in strings, invalid escapes, and trailing commas.
fn mended(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    let mut depth = 0_usize;
    let mut comma = false;
    while let Some(c) = rest.chars().next() {
        if let Some(length) = comment_length(rest) {
            kept.push(' ');
            rest = &rest[length..];
            continue;
        }
        let after = &rest[c.len_utf8()..];
        rest = after;
        match c {
            '{' | '[' => depth += 1,
            // Text outside of them.
            _ if depth == 0 => continue,
            '}' | ']' => {
                depth -= 1;
                comma = false;
            }
            ',' => {
                comma = true;
                continue;
            }
            _ if c.is_whitespace() || c.is_control() => {
                kept.push(' ');
                continue;
            }
            _ => {}
        }
        if std::mem::take(&mut comma) {
            kept.push(',');
        }
        kept.push(c);
        if c == '"' {
            let text;
            (text, rest) = after.split_at(end_of_text(after));
            mend_text(text, &mut kept);
        }
    }
    kept
}

/// Returns the length of the comment at the start of a text, or of a marker that hides a script from old browsers.
fn comment_length(text: &str) -> Option<usize> {
    let mark = |text: &str| {
        let mut marks = ["<!--", "-->", "<![CDATA[", "]]>"].iter();
        marks.find(|mark| text.starts_with(**mark)).copied()
    };
    if let Some(mark) = mark(text) {
        return Some(mark.len());
    }
    let until = |end: &str| text.find(end).map_or(text.len(), |at| at + end.len());
    match text.get(..2)? {
        "/*" => Some(until("*/")),
        "//" => {
            // The comment may hide such a marker, with the script continuing in the same line.
            let behind = text[2..].trim_start_matches([' ', '\t']);
            Some(match mark(behind) {
                Some(_) => text.len() - behind.len(),
                None => until("\n"),
            })
        }
        _ => None,
    }
}

/// Returns the end of a string, after its closing quote.
fn end_of_text(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' if !is_escaped => return at + 1,
            _ => is_escaped = byte == b'\\' && !is_escaped,
        }
    }
    text.len()
}

/// Appends a string up to its closing quote, fixed.
fn mend_text(text: &str, kept: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c == '\\' || c < ' ') {
        kept.push_str(&rest[..at]);
        rest = &rest[at..];
        let is_code = |text: &str| {
            let digits = text.get(2..6).unwrap_or("");
            digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        let length = match rest.as_bytes() {
            [
                b'\\',
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't',
                ..,
            ] => 2,
            [b'\\', b'u', ..] if is_code(rest) => 6,
            [b'\\', ..] => {
                // `\'` becomes the escaped character.
                rest = &rest[1..];
                continue;
            }
            _ => {
                kept.push(' ');
                rest = &rest[1..];
                continue;
            }
        };
        kept.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    kept.push_str(rest);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lenient_json_is_parsed() {
        let whole = json!({"a": "b", "c": [1, true]});
        for text in [
            r#"{"a":"b","c":[1,true]}"#,
            "\n//<![CDATA[\n{\"a\":\"b\",\"c\":[1,true]}\n//]]>\n",
            "/*<![CDATA[*/{\"a\":\"b\",\"c\":[1,true]}/*]]>*/",
            "// <![CDATA[ {\"a\":\"b\",\"c\":[1,true]} // ]]>",
            "<!-- {\"a\":\"b\",\"c\":[1,true]} -->",
            "// a line\n{\"a\":\"b\", /* c, */ \"c\":[1,true]}",
            r#"{"a":"b","c":[1,true]};"#,
            r#"var data = {"a":"b","c":[1 , true , ] , };"#,
            "{\"a\":\"b\",\u{1}\"c\":[1,true]}",
        ] {
            assert_eq!(read(text).unwrap(), vec![whole.clone()], "{text}");
        }
        let two = read("{\"a\":\"b\",\"c\":[1,true]} , {\"a\":\"b\",\"c\":[1,true]}");
        assert_eq!(two.unwrap(), vec![whole.clone(), whole]);
    }

    #[test]
    fn json_strings_are_decoded_leniently() {
        let table = [
            ("one\ntwo\tthree", "one two three"),
            (r"it\'s \x", "it's x"),
            (r"\u00e9 \u12 \\ \/ \n", "\u{e9} u12 \\ / \n"),
            ("<!-- // /* ,} ]]> ; [\n", "<!-- // /* ,} ]]> ; [ "),
            (r#"\"{\""#, "\"{\""),
        ];
        for (text, expected) in table {
            let text = format!("{{\"a\":\"{text}\",}}");
            assert_eq!(read(&text).unwrap(), [json!({ "a": expected })], "{text}");
        }
    }

    #[test]
    fn invalid_json_yields_nothing() {
        for text in [
            "{",
            "{\"a\":",
            "{\"a\":\"b\\\"}",
            "words",
            "{a: 1}",
            "[1 2]",
            "]]}}",
            "/* {}",
            "",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert_eq!(read("{\"a\":1}{\"b\"").unwrap(), [json!({"a": 1})]);
        assert!(read(&"[".repeat(100_000)).is_err());
        assert_eq!(read(&"{}".repeat(100_000)).unwrap().len(), MOST);
    }
}
