//! The output of a command, line by line.

use std::io::{BufRead, BufReader, ErrorKind, Read};

/// Maximum length of a line that is passed on.
const MAX_LINE: usize = 64 << 10;
/// How many bytes of the end of a line are reported with a failure.
const TAIL: usize = 500;

/// Passes on each line until the end of the output. A carriage return, which overwrites a line, ends it, too.
pub(super) fn lines(reader: impl Read, mut each: impl FnMut(String)) {
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    let mut emit = |line: &mut Vec<u8>| {
        each(String::from_utf8_lossy(line).trim_end().to_owned());
        line.clear();
    };
    let mut has_returned = false;
    loop {
        let piece = match reader.fill_buf() {
            Ok([]) => break,
            Ok(piece) => &piece[..piece.len().min(MAX_LINE - line.len())],
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        let at = memchr::memchr2(b'\r', b'\n', piece);
        let end = at.map(|at| piece[at]);
        let count = at.unwrap_or(piece.len());
        line.extend_from_slice(&piece[..count]);
        reader.consume(count + usize::from(end.is_some()));
        // `\r\n` is a single line end.
        let is_second = has_returned && line.is_empty() && end == Some(b'\n');
        if !is_second && (end.is_some() || line.len() == MAX_LINE) {
            emit(&mut line);
        }
        has_returned = end == Some(b'\r');
    }
    if !line.is_empty() {
        emit(&mut line);
    }
}

/// Returns the end of a line, as reported with a failure.
pub(super) fn line_tail(line: &str) -> String {
    let from = line.len().saturating_sub(TAIL);
    let from = (from..=line.len()).find(|at| line.is_char_boundary(*at));
    match from {
        Some(from @ 1..) => format!("…{}", &line[from..]),
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_with_a_return_too() {
        let long = "x".repeat(MAX_LINE + 1);
        let table = [
            ("", vec![]),
            ("a\nb", vec!["a", "b"]),
            ("a\r\n\r\nb\r", vec!["a", "", "b"]),
            ("1 %\r2 %\r\n\nend \n", vec!["1 %", "2 %", "", "end"]),
            (&long, vec![&long[1..], "x"]),
        ];
        for (text, expected) in table {
            let mut found = Vec::new();
            lines(text.as_bytes(), |line| found.push(line));
            assert!(found == expected, "{text:.20}: {found:.20?}");
        }
    }

    #[test]
    fn the_end_of_a_line_tells_the_reason() {
        assert_eq!(line_tail("no luck"), "no luck");
        let tail = line_tail(&"é".repeat(TAIL));
        assert_eq!(tail, format!("…{}", "é".repeat(TAIL / 2)));
    }
}
