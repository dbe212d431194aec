//! Reads ZIP files that we wrote. All others are refused: they are not ours to touch.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use jiff::Timestamp;

use crate::pipeline::archive::{Sum, Summing};

use super::{
    CENTRAL, CENTRAL_LENGTH, END, END_64, END_64_LENGTH, END_LENGTH, FULL, LOCAL, LOCAL_LENGTH,
    LOCATOR_64, LOCATOR_64_LENGTH, TIME, WIDE, le16, le32, le64,
};

/// How much is read at once.
const PIECE: usize = 64 << 10;

/// The longest index that is read.
const LONGEST: u64 = 256 << 20;

/// A stored file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::pipeline) struct Entry {
    pub(in crate::pipeline) name: String,
    pub(in crate::pipeline) size: u64,
    pub(in crate::pipeline) crc: u32,
    pub(in crate::pipeline) modified: Option<Timestamp>,
    at: u64,
}

/// The contents of a ZIP file.
#[derive(Debug)]
pub(in crate::pipeline) struct Index {
    pub(in crate::pipeline) entries: Vec<Entry>,
    /// Where the index begins and the bytes of entries end.
    begin: u64,
}

/// Returns the comment at the end of a file, if it is a ZIP with a comment of this length.
pub(in crate::pipeline) fn comment(file: &mut File, length: u16) -> io::Result<Option<Vec<u8>>> {
    let end = END_LENGTH + u64::from(length);
    let Some(at) = file.metadata()?.len().checked_sub(end) else {
        return Ok(None);
    };
    let tail = piece(file, at, end)?;
    let is_one = tail.starts_with(END) && le16(&tail, 20) == length;
    Ok(is_one.then(|| tail[END_LENGTH as usize..].to_vec()))
}

impl Index {
    /// Returns the index of a ZIP that does not exist.
    pub(in crate::pipeline) fn none() -> Index {
        Index {
            entries: Vec::new(),
            begin: 0,
        }
    }

    /// Reads the index of a ZIP with a comment of this length.
    ///
    /// # Errors
    /// If it cannot be read, or was not written by us.
    pub(in crate::pipeline) fn read(file: &mut File, comment: u16) -> io::Result<Index> {
        let length = file.metadata()?.len();
        let at = length.checked_sub(END_LENGTH + u64::from(comment));
        let at = at.ok_or_else(foreign)?;
        let end = piece(file, at, END_LENGTH)?;
        let (mut entries, mut size, mut begin) =
            (le16(&end, 10).into(), le32(&end, 12), le32(&end, 16));
        let wide = at.checked_sub(LOCATOR_64_LENGTH + END_64_LENGTH);
        if let Some(wide) = wide {
            let record = piece(file, wide, END_64_LENGTH + LOCATOR_64_LENGTH)?;
            if record.starts_with(END_64)
                && record[END_64_LENGTH as usize..].starts_with(LOCATOR_64)
            {
                (entries, size, begin) = (le64(&record, 24), le64(&record, 40), le64(&record, 48));
            }
        }
        if size > LONGEST || begin.checked_add(size).is_none_or(|end| end > at) {
            return Err(foreign());
        }
        let mut rest = &piece(file, begin, size)?[..];
        let mut index = Index {
            entries: Vec::new(),
            begin,
        };
        while !rest.is_empty() {
            let entry = take(&mut rest, begin).ok_or_else(foreign)?;
            if !is_harmless(&entry.name) {
                return Err(foreign());
            }
            index.entries.push(entry);
        }
        let mut names: Vec<_> = index.entries.iter().map(|entry| &entry.name).collect();
        names.sort_unstable();
        if names.windows(2).any(|two| two[0] == two[1]) {
            return Err(foreign());
        }
        match index.entries.len() as u64 == entries {
            true => Ok(index),
            false => Err(foreign()),
        }
    }

    /// Returns a reader of the bytes of an entry.
    ///
    /// # Errors
    /// If they cannot be read, or are not where the index says.
    pub(in crate::pipeline) fn open<'f>(
        &self,
        file: &'f mut File,
        entry: &Entry,
    ) -> io::Result<io::Take<&'f mut File>> {
        let head = piece(file, entry.at, LOCAL_LENGTH)?;
        let variable = u64::from(le16(&head, 26)) + u64::from(le16(&head, 28));
        let begin = entry.at + LOCAL_LENGTH + variable;
        let end = begin.checked_add(entry.size);
        if !head.starts_with(LOCAL) || end.is_none_or(|end| end > self.begin) {
            return Err(foreign());
        }
        file.seek(SeekFrom::Start(begin))?;
        Ok(file.take(entry.size))
    }

    /// Returns the checksum of an entry, and a digest with the same algorithm as `like`.
    ///
    /// # Errors
    /// If the bytes cannot be read, or are not where the index says.
    pub(in crate::pipeline) fn sums(
        &self,
        file: &mut File,
        entry: &Entry,
        like: Option<Sum>,
    ) -> io::Result<(u32, Option<Sum>)> {
        let mut summing = like.map(|sum| Summing::new(sum.algorithm()));
        let mut hasher = crc32fast::Hasher::new();
        let mut bytes = self.open(file, entry)?;
        let mut piece = vec![0; PIECE];
        loop {
            let count = match bytes.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            hasher.update(&piece[..count]);
            if let Some(summing) = &mut summing {
                summing.update(&piece[..count]);
            }
        }
        Ok((hasher.finalize(), summing.map(Summing::finish)))
    }
}

/// Returns the checksum of bytes that are not in an entry.
///
/// # Errors
/// If they cannot be read.
pub(in crate::pipeline) fn checksum(bytes: &mut impl Read) -> io::Result<u32> {
    let mut hasher = crc32fast::Hasher::new();
    let mut piece = vec![0; PIECE];
    loop {
        match bytes.read(&mut piece) {
            Ok(0) => return Ok(hasher.finalize()),
            Ok(count) => hasher.update(&piece[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Takes the first entry of an index.
fn take(index: &mut &[u8], begin: u64) -> Option<Entry> {
    let head = index.get(..CENTRAL_LENGTH)?;
    let [name, extra, comment] = [28, 30, 32].map(|at| usize::from(le16(head, at)));
    let rest = &index[CENTRAL_LENGTH..];
    let (stored, sizes) = (le16(head, 10) == 0, [le32(head, 20), le32(head, 24)]);
    let is_ours = head.starts_with(CENTRAL) && stored && comment == 0 && sizes[0] == sizes[1];
    let name_bytes = rest.get(..name).filter(|_| is_ours)?;
    let mut fields = rest.get(name..name + extra)?;
    let (mut size, mut at) = (sizes[0], le32(head, 42));
    let crc = u32::try_from(le32(head, 16)).ok()?;
    let mut modified = None;
    while !fields.is_empty() {
        let length = usize::from(le16(fields.get(..4)?, 2));
        let mut field = fields.get(4..4 + length)?;
        match le16(fields, 0) {
            WIDE => {
                if size == FULL {
                    size = le64(field.get(..16)?, 8);
                    field = &field[16..];
                }
                if at == FULL {
                    at = le64(field.get(..8)?, 0);
                }
            }
            TIME => {
                let second = field.get(1..5)?.try_into().ok().map(i32::from_le_bytes)?;
                modified = Timestamp::from_second(second.into()).ok();
            }
            _ => {}
        }
        fields = &fields[4 + length..];
    }
    let entry = Entry {
        name: std::str::from_utf8(name_bytes).ok()?.to_owned(),
        size,
        crc,
        modified,
        at,
    };
    *index = &rest[name + extra..];
    (at < begin).then_some(entry)
}

/// Checks that a name is a relative path that stays below its folder.
fn is_harmless(name: &str) -> bool {
    let is_plain = |part: &str| !matches!(part, "" | "." | "..");
    name.split('/').all(is_plain) && !name.contains(['\\', ':', '\0'])
}

fn foreign() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "it is not a ZIP file written by fetch",
    )
}

fn piece(file: &mut File, at: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(at))?;
    file.take(length).read_to_end(&mut bytes)?;
    match bytes.len() as u64 == length {
        true => Ok(bytes),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::{Source, Writer};
    use super::*;
    use crate::pipeline::structure::{Input, Structure, structure};

    fn add<W: Write + Seek>(writer: &mut Writer<W>, name: &str, bytes: &[u8]) -> io::Result<u32> {
        let source = Source {
            name,
            modified: Timestamp::from_second(1_700_000_001).ok(),
            size: bytes.len() as u64,
            bytes: &mut &bytes[..],
        };
        writer.add(source, &|| true)
    }

    fn read_all(file: &mut File) -> Vec<(String, Vec<u8>)> {
        let index = Index::read(file, 3).unwrap();
        let content = |entry: &Entry| {
            let mut bytes = Vec::new();
            let mut opened = index.open(file, entry).unwrap();
            opened.read_to_end(&mut bytes).unwrap();
            assert_eq!(crc32fast::hash(&bytes), entry.crc);
            assert_eq!(entry.modified, Timestamp::from_second(1_700_000_001).ok());
            (entry.name.clone(), bytes)
        };
        index.entries.iter().map(content).collect()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut writer = Writer::new(tempfile::tempfile().unwrap());
        let files: [(&str, &[u8]); 3] = [
            ("1 äöü 猫.jpg", b"cat"),
            ("b/empty", b""),
            ("2.png", &[7; 70_000]),
        ];
        for (name, bytes) in files {
            add(&mut writer, name, bytes).unwrap();
        }
        let mut file = writer.finish(b"abc").unwrap();
        assert_eq!(comment(&mut file, 3).unwrap().unwrap(), b"abc");
        assert_eq!(comment(&mut file, 2).unwrap(), None);
        let expected = files.map(|(name, bytes)| (name.to_owned(), bytes.to_vec()));
        assert_eq!(read_all(&mut file), expected);
        let length = file.metadata().unwrap().len();
        let looked = structure(&mut Input::new(file, length)).unwrap();
        assert_eq!(looked, Structure::Whole);
    }

    #[test]
    fn many_entries_and_far_ones_are_told_with_64_bits() {
        let mut writer = Writer::new(tempfile::tempfile().unwrap());
        for number in 0..0xffff {
            add(&mut writer, &number.to_string(), b"").unwrap();
        }
        let mut file = writer.finish(b"abc").unwrap();
        let all = read_all(&mut file);
        assert_eq!((all.len(), &*all[0xfffe].0), (0xffff, "65534"));
        // The file is empty up to this position, but the writer counts from there.
        let begin = 5 << 30;
        let mut out = tempfile::tempfile().unwrap();
        out.seek(SeekFrom::Start(begin)).unwrap();
        let mut writer = Writer::after(out, begin);
        add(&mut writer, "far", b"away").unwrap();
        let mut file = writer.finish(b"abc").unwrap();
        assert_eq!(read_all(&mut file), [("far".to_owned(), b"away".to_vec())]);
    }

    #[test]
    fn a_large_entry_is_told_with_64_bits() {
        let head = super::super::write::heads("large", 5 << 30, 6 << 30);
        let (local, mut central) = (&head.0, &head.1[..]);
        assert_eq!((le32(local, 18), le32(local, 22)), (FULL, FULL));
        assert_eq!((le16(local, 35), le64(local, 39)), (WIDE, 5 << 30));
        let entry = take(&mut central, 7 << 30).unwrap();
        assert_eq!((entry.size, entry.at, central.len()), (5 << 30, 6 << 30, 0));
    }

    #[test]
    fn a_length_that_was_not_told_is_an_error() {
        for size in [2, 4] {
            let mut writer = Writer::new(tempfile::tempfile().unwrap());
            let source = Source {
                name: "x",
                modified: None,
                size,
                bytes: &mut &b"cat"[..],
            };
            assert!(writer.add(source, &|| true).is_err(), "{size}");
        }
    }

    #[test]
    fn what_is_somebody_elses_is_refused() {
        for name in ["../x", "/x", "a//b", "a\\b", "c:x", "./x"] {
            let mut writer = Writer::new(tempfile::tempfile().unwrap());
            add(&mut writer, name, b"x").unwrap();
            let mut file = writer.finish(b"abc").unwrap();
            assert!(Index::read(&mut file, 3).is_err(), "{name}");
        }
        let mut writer = Writer::new(tempfile::tempfile().unwrap());
        add(&mut writer, "x", b"cat").unwrap();
        let mut file = writer.finish(b"abc").unwrap();
        let length = file.metadata().unwrap().len();
        let good = piece(&mut file, 0, length).unwrap();
        // Whatever a byte is changed to, nothing panics, and nothing is read out of bounds.
        for at in 0..good.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut bytes = good.clone();
                bytes[at] = value;
                let mut file = tempfile::tempfile().unwrap();
                file.write_all(&bytes).unwrap();
                let Ok(index) = Index::read(&mut file, 3) else {
                    continue;
                };
                for entry in &index.entries {
                    if let Ok(mut opened) = index.open(&mut file, entry) {
                        let count = io::copy(&mut opened, &mut io::sink()).unwrap();
                        assert!(count <= good.len() as u64);
                    }
                }
            }
        }
    }
}
