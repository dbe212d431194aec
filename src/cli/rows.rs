//! Splits a CSV into rows and fields, without interpreting them.
//!
//! A CSV library silently treats an unclosed quote as a field up to the end of the file, however long that is. Here it costs
//! only one row, and no more than one row is held in memory.

use std::collections::VecDeque;
use std::io::{self, BufRead};

use super::text::{Found, Lines};

/// The longest row, in bytes: rows may contain long texts about a link in other fields.
const MOST: usize = 1 << 20;

/// Rows, read one at a time.
pub(super) struct Rows<R> {
    lines: Lines<R>,
    /// Lines that were read for a row but do not belong to it, to be read again.
    left: VecDeque<Line>,
    /// How many lines were read.
    count: u64,
    separator: u8,
}

/// A line with its number. It has no text if it is too long.
type Line = (u64, Option<Vec<u8>>);

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    TooLong,
    /// The quote that begins in this line never ends.
    Open,
}

/// Where a quoted field ends.
enum Quoted {
    /// At this byte, in the given line or, without one, in the line where it began.
    Closed(Option<Line>, usize),
    /// Nowhere: the quote is not closed.
    Open,
}

impl<R: BufRead> Rows<R> {
    pub(super) fn new(reader: R, separator: u8) -> Rows<R> {
        Rows {
            lines: Lines::up_to(reader, MOST),
            left: VecDeque::new(),
            count: 0,
            separator,
        }
    }

    /// Reads the next non-empty row into `row`, and returns its line number, or that of the line where a mistake begins. The
    /// lines after a mistake are read as rows of their own.
    pub(super) fn next(
        &mut self,
        row: &mut Vec<Vec<u8>>,
    ) -> io::Result<Option<(u64, Result<(), Wrong>)>> {
        row.clear();
        loop {
            let Some((number, text)) = self.line()? else {
                return Ok(None);
            };
            return match text {
                None => Ok(Some((number, Err(Wrong::TooLong)))),
                Some(text) if text.is_empty() => continue,
                Some(text) => Ok(Some(match self.fields((number, text), row)? {
                    Ok(()) => (number, Ok(())),
                    Err((number, wrong)) => (number, Err(wrong)),
                })),
            };
        }
    }

    /// The number of the last line read.
    pub(super) fn number(&self) -> u64 {
        self.count.max(1)
    }

    fn line(&mut self) -> io::Result<Option<Line>> {
        if let Some(line) = self.left.pop_front() {
            return Ok(Some(line));
        }
        let mut text = Vec::new();
        let found = self.lines.next(&mut text)?;
        self.count += 1;
        Ok(match found {
            Found::End => None,
            Found::Whole => Some((self.count, Some(text))),
            Found::TooLong => Some((self.count, None)),
        })
    }

    /// Splits a line into fields, along with further lines if a quoted field continues there.
    fn fields(
        &mut self,
        (mut number, mut text): (u64, Vec<u8>),
        row: &mut Vec<Vec<u8>>,
    ) -> io::Result<Result<(), (u64, Wrong)>> {
        let mut at = 0;
        loop {
            let mut field = Vec::new();
            let mut start = at;
            if text.get(at) == Some(&b'"') {
                match self.quoted(&text, at + 1, &mut field)? {
                    Quoted::Closed(line, end) => {
                        start = end;
                        if let Some((line, behind)) = line {
                            (number, text) = (line, behind.unwrap_or_default());
                        }
                    }
                    // In TSV, a quote may be an ordinary character, such as an inch mark.
                    Quoted::Open if self.separator == b'\t' => field.clear(),
                    Quoted::Open => return Ok(Err((number, Wrong::Open))),
                }
            }
            let rest = &text[start..];
            let end = memchr::memchr(self.separator, rest);
            field.extend_from_slice(&rest[..end.unwrap_or(rest.len())]);
            row.push(field.trim_ascii().to_vec());
            match end {
                Some(end) => at = start + end + 1,
                None => return Ok(Ok(())),
            }
        }
    }

    /// Reads a quoted field that begins in this line.
    fn quoted(&mut self, first: &[u8], from: usize, field: &mut Vec<u8>) -> io::Result<Quoted> {
        let mut further: Vec<Line> = Vec::new();
        let (mut at, mut held) = (from, first.len());
        let is_closed = loop {
            let text = match further.last() {
                Some((_, text)) => text.as_deref().unwrap_or_default(),
                None => first,
            };
            let rest = &text[at..];
            let Some(end) = memchr::memchr(b'"', rest) else {
                // No field of a TSV contains a TAB.
                let goes_on = self.separator != b'\t' || memchr::memchr(b'\t', rest).is_none();
                field.extend_from_slice(rest);
                field.push(b'\n');
                let Some(line) = (if goes_on { self.line()? } else { None }) else {
                    break false;
                };
                held += line.1.as_ref().map_or(MOST, |text| text.len() + 1);
                further.push(line);
                at = 0;
                if held > MOST {
                    break false;
                }
                continue;
            };
            let within = &rest[..end];
            if self.separator == b'\t' && memchr::memchr(b'\t', within).is_some() {
                break false;
            }
            field.extend_from_slice(within);
            at += end + 1;
            if text.get(at) == Some(&b'"') {
                field.push(b'"');
                at += 1;
                continue;
            }
            // A closing quote must be followed by the end of the field. Within one line, other programs are lenient about
            // that; across lines, the first quote was not meant to be closed here.
            let after = &text[at..];
            let after = &after[..memchr::memchr(self.separator, after).unwrap_or(after.len())];
            let is_lenient = further.is_empty() && self.separator != b'\t';
            break is_lenient || after.trim_ascii().is_empty();
        };
        if is_closed {
            return Ok(Quoted::Closed(further.pop(), at));
        }
        for line in further.into_iter().rev() {
            self.left.push_front(line);
        }
        Ok(Quoted::Open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows as text, one per line, with their line numbers; `|` separates the fields.
    fn rows(text: &str, separator: u8) -> Vec<String> {
        let mut rows = Rows::new(text.as_bytes(), separator);
        let (mut row, mut all) = (Vec::new(), Vec::new());
        while let Some((number, read)) = rows.next(&mut row).unwrap() {
            all.push(match read {
                Ok(()) => format!("{number} {}", String::from_utf8(row.join(&b'|')).unwrap()),
                Err(wrong) => format!("{number} {wrong:?}"),
            });
        }
        all
    }

    #[test]
    fn fields_end_where_those_of_other_programs_do() {
        let table: [(&str, &[&str]); 10] = [
            ("", &[]),
            ("a,b\r\n\r\n c , d", &["1 a|b", "3 c|d"]),
            ("a,,\n,b\n", &["1 a||", "2 |b"]),
            ("\"a, b\",c\n", &["1 a, b|c"]),
            ("\"a \"\"b\"\"\",\"\"\n", &["1 a \"b\"|"]),
            (
                "\"two\nlines\",\"x\r\ny\"\nz\n",
                &["1 two\nlines|x\ny", "4 z"],
            ),
            ("5\" disk,12\"\nb\n", &["1 5\" disk|12\"", "2 b"]),
            ("\"a \"b\" c\",d\n", &["1 a b\" c\"|d"]),
            ("\"a\" ,b\n", &["1 a|b"]),
            ("\"a\n\"  ,b\n", &["1 a|b"]),
        ];
        for (text, expected) in table {
            assert_eq!(rows(text, b','), expected, "{text:?}");
        }
    }

    #[test]
    fn an_unterminated_quote_affects_its_line_only() {
        let table: [(&str, &[&str]); 5] = [
            (
                "a,b\n\"c,d\ne,f\ng,h\n",
                &["1 a|b", "2 Open", "3 e|f", "4 g|h"],
            ),
            ("a,\"b\n\"c\",d\n", &["1 Open", "2 c|d"]),
            ("\"a\nb\",\"c\nd\n", &["2 Open", "3 d"]),
            ("\"a", &["1 Open"]),
            ("\"a,b\n\"c,d\n\"e,f\n", &["1 Open", "2 Open", "3 Open"]),
        ];
        for (text, expected) in table {
            assert_eq!(rows(text, b','), expected, "{text:?}");
        }
    }

    #[test]
    fn between_tabs_a_quote_without_an_end_is_a_character() {
        let table: [(&str, &[&str]); 5] = [
            ("\"a b\"\tc\n", &["1 a b|c"]),
            ("\"two\nlines\"\tc\nd\n", &["1 two\nlines|c", "3 d"]),
            ("\"a\tb\n\"c\td\"\n", &["1 \"a|b", "2 \"c|d\""]),
            ("\"a\" b\tc\n", &["1 \"a\" b|c"]),
            ("x\t\"a\nb\tc\n", &["1 x|\"a", "2 b|c"]),
        ];
        for (text, expected) in table {
            assert_eq!(rows(text, b'\t'), expected, "{text:?}");
        }
    }

    #[test]
    fn a_row_without_end_does_not_fill_the_memory() {
        let long = "x".repeat(3 * MOST);
        let lines = "line\n".repeat(MOST / 4);
        let expected = ["1 TooLong", "2 a"];
        assert_eq!(rows(&format!("{long}\na\n"), b','), expected);
        assert_eq!(rows(&format!("\"{long}\na\n"), b','), expected);
        let all = rows(&format!("\"{lines}a\n"), b',');
        assert_eq!(all[..2], ["1 Open", "2 line"]);
        assert_eq!(all.len(), MOST / 4 + 1);
        let all = rows(&format!("\"a\n{long}\nb\n"), b',');
        assert_eq!(all, ["1 Open", "2 TooLong", "3 b"]);
    }
}
