//! The text of a list: its encoding and its lines, without interpreting them.

use std::io::{self, BufRead, BufReader, Cursor, Read};

/// The longest line that can hold a link, in bytes.
pub(super) const LONGEST: usize = 64 << 10;

type Reader = Box<dyn BufRead + Send>;

/// Converts the text to UTF-8 without a byte order mark. PowerShell's `>` writes UTF-16.
pub(super) fn plain(mut reader: Reader) -> io::Result<Reader> {
    let of = |reader, unit| Box::new(BufReader::new(Utf16 { reader, unit }));
    let size = match reader.fill_buf()? {
        [0xef, ..] => 3,
        [0xfe | 0xff, ..] => 2,
        // UTF-16 without the mark. As UTF-8, each letter would be a line of its own, and no link is a single letter.
        [1..=255, 0, 1..=255, 0, ..] => return Ok(of(reader, u16::from_le_bytes)),
        [0, 1..=255, 0, 1..=255, ..] => return Ok(of(reader, u16::from_be_bytes)),
        _ => return Ok(reader),
    };
    let mut mark = Vec::new();
    reader.by_ref().take(size).read_to_end(&mut mark)?;
    Ok(match mark.as_slice() {
        [0xef, 0xbb, 0xbf] => reader,
        [0xff, 0xfe] => of(reader, u16::from_le_bytes),
        [0xfe, 0xff] => of(reader, u16::from_be_bytes),
        _ => Box::new(Cursor::new(mark).chain(reader)),
    })
}

/// UTF-16, read as UTF-8.
struct Utf16 {
    reader: Reader,
    unit: fn([u8; 2]) -> u16,
}

impl Utf16 {
    fn next(&mut self) -> io::Result<Option<u16>> {
        let mut bytes = [0; 2];
        match self.reader.read_exact(&mut bytes) {
            Ok(()) => Ok(Some((self.unit)(bytes))),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Read for Utf16 {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        /// The UTF-8 length of two unpaired surrogates.
        const ROOM: usize = 6;
        let mut length = 0;
        while buffer.len() - length >= ROOM
            && let Some(unit) = self.next()?
        {
            // A leading surrogate is decoded together with the next unit.
            let second = match unit {
                0xd800..=0xdbff => self.next()?,
                _ => None,
            };
            for read in char::decode_utf16([unit].into_iter().chain(second)) {
                let read = read.unwrap_or(char::REPLACEMENT_CHARACTER);
                length += read.encode_utf8(&mut buffer[length..]).len();
            }
        }
        Ok(length)
    }
}

/// Lines that end with LF, CR, both, or NUL.
pub(super) struct Lines<R> {
    reader: R,
    longest: usize,
    is_after_cr: bool,
}

/// The result of reading a line.
#[derive(Debug, PartialEq)]
pub(super) enum Found {
    /// There are no more lines.
    End,
    Whole,
    TooLong,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R) -> Lines<R> {
        Lines::up_to(reader, LONGEST)
    }

    /// Lines of at most `longest` bytes.
    pub(super) fn up_to(reader: R, longest: usize) -> Lines<R> {
        Lines {
            reader,
            longest,
            is_after_cr: false,
        }
    }

    /// Reads the next line, without its end. If it is too long, `line` is empty.
    pub(super) fn next(&mut self, line: &mut Vec<u8>) -> io::Result<Found> {
        line.clear();
        let (mut has_begun, mut is_long) = (false, false);
        let mut ends = false;
        while !ends {
            let bytes = match self.reader.fill_buf() {
                Ok([]) => break,
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            // The line was returned at the CR already, so that typed input does not wait for the next byte.
            if std::mem::take(&mut self.is_after_cr) && bytes[0] == b'\n' {
                self.reader.consume(1);
                continue;
            }
            has_begun = true;
            let end = memchr::memchr3(b'\n', b'\r', 0, bytes);
            let part = &bytes[..end.unwrap_or(bytes.len())];
            is_long |= line.len() + part.len() > self.longest;
            match is_long {
                true => line.clear(),
                false => line.extend_from_slice(part),
            }
            ends = end.is_some();
            self.is_after_cr = end.is_some_and(|end| bytes[end] == b'\r');
            let used = part.len() + usize::from(ends);
            self.reader.consume(used);
        }
        Ok(match (has_begun, is_long) {
            (false, _) => Found::End,
            (true, true) => Found::TooLong,
            (true, false) => Found::Whole,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8], room: usize) -> Vec<String> {
        let reader = BufReader::with_capacity(room, Cursor::new(bytes.to_vec()));
        let mut lines = Lines::new(plain(Box::new(reader)).unwrap());
        let (mut line, mut all) = (Vec::new(), Vec::new());
        while lines.next(&mut line).unwrap() == Found::Whole {
            all.push(String::from_utf8_lossy(&line).into_owned());
        }
        all
    }

    #[test]
    fn line_ends_are_recognised_across_read_boundaries() {
        let table: [(&[u8], &[&str]); 7] = [
            (b"", &[]),
            (b"a\nb", &["a", "b"]),
            (b"a\r\n\r\nb\r\n", &["a", "", "b"]),
            (b"a\rb\r\rc\r", &["a", "b", "", "c"]),
            (b"aa\0b\0", &["aa", "b"]),
            (b"a\n\rb", &["a", "", "b"]),
            (b"\xffa\n\xfe", &["\u{fffd}a", "\u{fffd}"]),
        ];
        for room in [1, 2, 3, 64] {
            for (bytes, expected) in table {
                assert_eq!(lines(bytes, room), expected, "{bytes:?}, {room}");
            }
        }
    }

    #[test]
    fn the_byte_order_mark_selects_the_encoding() {
        let text = "ä\r\n😀é\n";
        let marked = format!("\u{feff}{text}");
        let little = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big = marked.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let all: [Vec<u8>; 4] = [text.into(), marked.as_str().into(), little, big];
        for bytes in all {
            for room in [1, 5, 64] {
                assert_eq!(lines(&bytes, room), ["ä", "😀é"], "{bytes:?}");
            }
        }
        let bare: Vec<u8> = "one\ntwo"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(lines(&bare, 64), ["one", "two"]);
        // Unpaired surrogates, and half a unit at the end.
        let broken = [0xff, 0xfe, 0x3d, 0xd8, b'a', 0, 0x00, 0xdc, b'b', 0, 1];
        assert_eq!(lines(&broken, 64), ["\u{fffd}a\u{fffd}b"]);
    }
}
