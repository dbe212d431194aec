//! Writes a ZIP from beginning to end.

use std::io::{self, Read, Seek, SeekFrom, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{CENTRAL, END, END_64, END_64_LENGTH, FULL, LOCAL, LOCATOR_64, MANY, TIME, WIDE};

/// How many bytes are copied at a time.
const PIECE: usize = 256 << 10;

/// A file to be stored as an entry.
pub(in crate::pipeline) struct Source<'a> {
    /// The name, with `/` between folder names.
    pub(in crate::pipeline) name: &'a str,
    /// When it was last modified.
    pub(in crate::pipeline) modified: Option<Timestamp>,
    /// Its size in bytes. Any other number of bytes is an error.
    pub(in crate::pipeline) size: u64,
    pub(in crate::pipeline) bytes: &'a mut dyn Read,
}

/// A ZIP being written.
pub(in crate::pipeline) struct Writer<W> {
    out: W,
    /// Its length so far.
    at: u64,
    index: Vec<u8>,
    entries: u64,
}

impl<W: Write + Seek> Writer<W> {
    /// Begins a ZIP at the writer's position.
    pub(in crate::pipeline) fn new(out: W) -> Writer<W> {
        Writer {
            out,
            at: 0,
            index: Vec::new(),
            entries: 0,
        }
    }

    /// Stores an entry, and returns its checksum. `goes_on` is called now and then to check whether to continue.
    ///
    /// # Errors
    /// If it cannot be read or written, or has another length ([`io::ErrorKind::UnexpectedEof`],
    /// [`io::ErrorKind::InvalidData`]); [`io::ErrorKind::Interrupted`] if `goes_on` returns false.
    pub(in crate::pipeline) fn add(
        &mut self,
        source: Source<'_>,
        goes_on: &dyn Fn() -> bool,
    ) -> io::Result<u32> {
        let begin = self.at;
        let mut head = Head::new(&source, begin)?;
        let local = head.local();
        self.out.write_all(&local)?;
        head.crc = self.copy(source.bytes, source.size, goes_on)?;
        // The checksum is known only now.
        let back = source.size + local.len() as u64 - 14;
        let back = i64::try_from(back).map_err(io::Error::other)?;
        self.out.seek(SeekFrom::Current(-back))?;
        self.out.write_all(&head.crc.to_le_bytes())?;
        self.out.seek(SeekFrom::Current(back - 4))?;
        self.at = begin + local.len() as u64 + source.size;
        self.index.extend(head.central());
        self.entries += 1;
        Ok(head.crc)
    }

    fn copy(
        &mut self,
        from: &mut dyn Read,
        size: u64,
        goes_on: &dyn Fn() -> bool,
    ) -> io::Result<u32> {
        let mut hasher = crc32fast::Hasher::new();
        let mut buffer = vec![0; PIECE.min(usize::try_from(size).unwrap_or(PIECE)).max(1)];
        let mut left = size;
        while left > 0 {
            if !goes_on() {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let most = buffer.len().min(usize::try_from(left).unwrap_or(PIECE));
            let count = match from.read(&mut buffer[..most]) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                count => count?,
            };
            hasher.update(&buffer[..count]);
            self.out.write_all(&buffer[..count])?;
            left -= count as u64;
        }
        match from.read(&mut buffer[..1])? {
            0 => Ok(hasher.finalize()),
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "it has grown in the meantime",
            )),
        }
    }

    /// Writes the index and the end record with a comment, and returns the underlying writer.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(in crate::pipeline) fn finish(mut self, comment: &[u8]) -> io::Result<W> {
        let length = self.index.len() as u64;
        let (begin, end) = (self.at, self.at + length);
        let mut tail = std::mem::take(&mut self.index);
        if self.entries >= MANY || length >= FULL || begin >= FULL {
            tail.extend(END_64);
            tail.extend((END_64_LENGTH - 12).to_le_bytes());
            tail.extend([45, 3, 45, 0]);
            tail.extend([0; 8]);
            for number in [self.entries, self.entries, length, begin] {
                tail.extend(number.to_le_bytes());
            }
            tail.extend(LOCATOR_64);
            tail.extend([0; 4]);
            tail.extend(end.to_le_bytes());
            tail.extend(1_u32.to_le_bytes());
        }
        tail.extend(END);
        tail.extend([0; 4]);
        let entries = self.entries.min(MANY) as u16;
        tail.extend(entries.to_le_bytes());
        tail.extend(entries.to_le_bytes());
        tail.extend((length.min(FULL) as u32).to_le_bytes());
        tail.extend((begin.min(FULL) as u32).to_le_bytes());
        let length = u16::try_from(comment.len()).map_err(io::Error::other)?;
        tail.extend(length.to_le_bytes());
        tail.extend(comment);
        self.out.write_all(&tail)?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// The description of an entry, for its local header and the index.
struct Head<'a> {
    name: &'a str,
    flags: u16,
    /// In MS-DOS format, in UTC.
    time: [u16; 2],
    modified: Option<i32>,
    size: u64,
    at: u64,
    crc: u32,
}

impl<'a> Head<'a> {
    fn new(source: &Source<'a>, at: u64) -> io::Result<Head<'a>> {
        u16::try_from(source.name.len()).map_err(io::Error::other)?;
        let second = source.modified.map(Timestamp::as_second);
        Ok(Head {
            name: source.name,
            // Bit 11: the name is UTF-8.
            flags: match source.name.is_ascii() {
                true => 0,
                false => 1 << 11,
            },
            time: dos_time(source.modified),
            modified: second.and_then(|second| i32::try_from(second).ok()),
            size: source.size,
            at,
            crc: 0,
        })
    }

    fn local(&self) -> Vec<u8> {
        let is_wide = self.size >= FULL;
        let mut extra = Vec::new();
        if is_wide {
            push_zip64_extra(&mut extra, &[self.size, self.size]);
        }
        self.time_field(&mut extra);
        let mut head = LOCAL.to_vec();
        self.common(&mut head, is_wide, extra.len());
        head.extend(self.name.as_bytes());
        head.extend(extra);
        head
    }

    fn central(&self) -> Vec<u8> {
        let mut numbers = Vec::new();
        if self.size >= FULL {
            numbers.extend([self.size, self.size]);
        }
        if self.at >= FULL {
            numbers.push(self.at);
        }
        let mut extra = Vec::new();
        if !numbers.is_empty() {
            push_zip64_extra(&mut extra, &numbers);
        }
        self.time_field(&mut extra);
        let mut head = CENTRAL.to_vec();
        // Made on Unix, which the permissions below are for.
        head.extend([45, 3]);
        self.common(&mut head, !numbers.is_empty(), extra.len());
        head.extend([0; 6]);
        head.extend((0o100_644_u32 << 16).to_le_bytes());
        head.extend((self.at.min(FULL) as u32).to_le_bytes());
        head.extend(self.name.as_bytes());
        head.extend(extra);
        head
    }

    /// Writes the fields that both headers have.
    fn common(&self, head: &mut Vec<u8>, is_wide: bool, extra: usize) {
        let version: u16 = if is_wide { 45 } else { 20 };
        let size = self.size.min(FULL) as u32;
        for word in [version, self.flags, 0, self.time[0], self.time[1]] {
            head.extend(word.to_le_bytes());
        }
        for number in [self.crc, size, size] {
            head.extend(number.to_le_bytes());
        }
        head.extend((self.name.len() as u16).to_le_bytes());
        head.extend((extra as u16).to_le_bytes());
    }

    fn time_field(&self, extra: &mut Vec<u8>) {
        if let Some(second) = self.modified {
            extra.extend(TIME.to_le_bytes());
            extra.extend(5_u16.to_le_bytes());
            extra.push(1);
            extra.extend(second.to_le_bytes());
        }
    }
}

fn push_zip64_extra(extra: &mut Vec<u8>, numbers: &[u64]) {
    extra.extend(WIDE.to_le_bytes());
    extra.extend((8 * numbers.len() as u16).to_le_bytes());
    numbers
        .iter()
        .for_each(|number| extra.extend(number.to_le_bytes()));
}

/// Returns time and date in MS-DOS format. Times outside 1980 to 2107 become its first moment.
fn dos_time(modified: Option<Timestamp>) -> [u16; 2] {
    let Some(modified) = modified else {
        return [0, 0x21];
    };
    let utc = modified.to_zoned(TimeZone::UTC);
    let year = u16::try_from(utc.year() - 1980).ok();
    let Some(year) = year.filter(|year| *year < 128) else {
        return [0, 0x21];
    };
    let [hour, minute, second, month, day] = [
        utc.hour(),
        utc.minute(),
        utc.second(),
        utc.month(),
        utc.day(),
    ]
    .map(|number| number.unsigned_abs() as u16);
    [
        (hour << 11) | (minute << 5) | (second / 2),
        (year << 9) | (month << 5) | day,
    ]
}

#[cfg(test)]
impl<W> Writer<W> {
    /// Creates a writer as if `at` bytes had been written before.
    pub(super) fn after(out: W, at: u64) -> Writer<W> {
        Writer {
            out,
            at,
            index: Vec::new(),
            entries: 0,
        }
    }
}

/// Returns the local header and index entry for an entry of this size at this position.
#[cfg(test)]
pub(super) fn heads(name: &str, size: u64, at: u64) -> (Vec<u8>, Vec<u8>) {
    let source = Source {
        name,
        modified: None,
        size,
        bytes: &mut io::empty(),
    };
    let head = Head::new(&source, at).unwrap();
    (head.local(), head.central())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_far_as_they_can_be() {
        let table = [
            ("1979-12-31T23:59:59Z", [0, 0x21]),
            ("1980-01-01T00:00:00Z", [0, 0x21]),
            ("2024-02-29T13:37:59Z", [0x6cbd, 0x585d]),
            ("2107-12-31T23:59:58Z", [0xbf7d, 0xff9f]),
            ("2108-01-01T00:00:00Z", [0, 0x21]),
        ];
        for (text, expected) in table {
            assert_eq!(dos_time(text.parse().ok()), expected, "{text}");
        }
    }
}
