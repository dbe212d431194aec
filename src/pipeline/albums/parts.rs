//! Writes the ZIP of an album: what it is to have, in its order, from files and from the ZIP that was there.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::time::UNIX_EPOCH;

use jiff::Timestamp;

use super::comic;
use super::temporary::Temporary;
use crate::model::{Error, Result};
use crate::pipeline::sink::{Disk, Folder, disk_error};
use crate::pipeline::zip::{Index, Source, Writer};

/// What the mark of a ZIP of ours begins with: one that is beside its files, and one that has them alone. Behind it stand
/// whose it is, and of what it was made.
pub(super) const BESIDE: &str = "fetch 1 ";
pub(super) const ALONE: &str = "fetch 2 ";
/// How long both are, in hexadecimal digits.
pub(super) const DIGITS: usize = 32;
/// How long the mark is.
pub(super) const MARK_LENGTH: u16 = (BESIDE.len() + 2 * DIGITS + 1) as u16;

/// An entry to be. There may be very many.
pub(super) enum Part {
    /// A file below the root.
    Loose {
        path: String,
        /// Where in the path its name begins.
        name: usize,
        stamp: Stamp,
    },
    /// An entry of the ZIP that is there, by its place in the index, and another name for it.
    Kept { place: u32, name: Option<Box<str>> },
}

/// What is another as soon as a file is: its length, its time, and where the system has them, which file it is and when
/// anything about it was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    len: u64,
    /// In nanoseconds since 1970; less than 0 if that is not known.
    modified: i64,
    file: u64,
    changed: i64,
}

/// The ZIP that is to be.
pub(super) struct Book<'a> {
    pub(super) folder: &'a Folder,
    pub(super) name: &'a str,
    /// Its path below the root.
    pub(super) path: &'a str,
    pub(super) ext: &'a str,
    /// What its mark begins with.
    pub(super) mark: &'a str,
    /// Whose it is, as the mark has it.
    pub(super) owner: &'a str,
    /// The one whose place it takes.
    pub(super) replaces: Option<&'a File>,
}

/// Who writes it.
pub(super) struct Packer<'a> {
    pub(super) disk: &'a Disk,
    /// How much of the disk stays free.
    pub(super) min_free: u64,
    pub(super) goes_on: &'a dyn Fn() -> bool,
}

impl Packer<'_> {
    /// Writes these parts, of which some may be in a ZIP that is there and has this index, and what a comic has beside pictures. Gives how
    /// long it is. `made_of` tells of what it was made: of files that stay as they are, or else of
    /// what is in it.
    ///
    /// # Errors
    /// Something cannot be read or written; then all is as it was.
    pub(super) fn write(
        &self,
        book: &Book<'_>,
        parts: &[Part],
        index: &Index,
        mut there: Option<&mut File>,
        comic: Option<&str>,
        made_of: Option<&str>,
    ) -> Result<u64> {
        let cannot = |error| disk_error(format!("cannot write `{}`", book.path), error);
        let bytes: u64 = parts.iter().map(|part| part.size(index)).sum();
        self.make_room(book.folder, bytes)?;
        let temporary = Temporary::open(book.folder, book.owner, book.ext).map_err(cannot)?;
        let mut writer = Writer::new(&temporary.file);
        let mut within = Fingerprint::of(comic);
        for part in parts {
            let crc = self.add(&mut writer, part, index, there.as_deref_mut())?;
            within.add_entry(part.name(index), part.size(index), crc);
        }
        let within = within.finish();
        let made_of = made_of.unwrap_or(&within);
        let end = || {
            if let Some(comic) = comic {
                let source = Source {
                    name: comic::NAME,
                    modified: None,
                    size: comic.len() as u64,
                    bytes: &mut comic.as_bytes(),
                };
                writer.add(source, self.goes_on)?;
            }
            let mark = format!("{}{} {made_of}", book.mark, book.owner);
            writer.finish(mark.as_bytes())?;
            temporary.file.sync_all()?;
            temporary.publish(book.name, book.replaces)?;
            let _ = book.folder.sync();
            temporary.file.metadata()
        };
        Ok(end().map_err(cannot)?.len())
    }

    fn make_room(&self, folder: &Folder, bytes: u64) -> Result<()> {
        let Ok((_, free)) = folder.free() else {
            return Ok(());
        };
        match free.checked_sub(bytes) {
            Some(left) if left >= self.min_free => Ok(()),
            _ => {
                let cause = io::Error::from(io::ErrorKind::StorageFull);
                Err(disk_error("there is no room for it".to_owned(), cause))
            }
        }
    }

    fn add<W: Write + Seek>(
        &self,
        writer: &mut Writer<W>,
        part: &Part,
        index: &Index,
        there: Option<&mut File>,
    ) -> Result<u32> {
        let name = part.name(index);
        let wrong = |name: &str, error: io::Error| match (self.goes_on)() {
            true => disk_error(format!("cannot pack `{name}`"), error),
            false => Error::closed(),
        };
        match part {
            Part::Loose { path, stamp, .. } => {
                let mut add = || {
                    let mut file = self.disk.read(path)?;
                    let source = Source {
                        name,
                        modified: stamp.modified(),
                        size: stamp.len,
                        bytes: &mut file,
                    };
                    let crc = writer.add(source, self.goes_on)?;
                    match Stamp::of(&file)? == *stamp {
                        true => Ok(crc),
                        false => Err(io::Error::other("it was changed meanwhile")),
                    }
                };
                add().map_err(|error| wrong(path, error))
            }
            Part::Kept { place, .. } => {
                let Some(there) = there else {
                    return Err(Error::closed());
                };
                let entry = &index.entries[*place as usize];
                let mut add = || {
                    let mut bytes = index.open(there, entry)?;
                    let source = Source {
                        name,
                        modified: entry.modified,
                        size: entry.size,
                        bytes: &mut bytes,
                    };
                    match writer.add(source, self.goes_on)? == entry.crc {
                        true => Ok(entry.crc),
                        false => Err(io::Error::other("it is damaged where it was packed")),
                    }
                };
                add().map_err(|error| wrong(name, error))
            }
        }
    }
}

impl Part {
    /// Its name in the ZIP, if that is made of what this index has.
    pub(super) fn name<'p>(&'p self, index: &'p Index) -> &'p str {
        match self {
            Part::Loose { path, name, .. } => &path[*name..],
            Part::Kept {
                name: Some(name), ..
            } => name,
            Part::Kept { place, .. } => &index.entries[*place as usize].name,
        }
    }

    fn size(&self, index: &Index) -> u64 {
        match self {
            Part::Loose { stamp, .. } => stamp.len,
            Part::Kept { place, .. } => index.entries[*place as usize].size,
        }
    }
}

impl Stamp {
    /// Of the file at this path below the root.
    pub(super) fn at(disk: &Disk, path: &str) -> io::Result<Stamp> {
        Stamp::of(&disk.read(path)?)
    }

    fn of(file: &File) -> io::Result<Stamp> {
        let metadata = file.metadata()?;
        let modified = metadata.modified().ok();
        let since = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let nanoseconds = since.and_then(|since| i64::try_from(since.as_nanos()).ok());
        #[cfg(unix)]
        let (file, changed) = {
            use std::os::unix::fs::MetadataExt;
            let second = metadata.ctime().saturating_mul(1_000_000_000);
            (metadata.ino(), second.saturating_add(metadata.ctime_nsec()))
        };
        #[cfg(not(unix))]
        let (file, changed) = (0, 0);
        Ok(Stamp {
            len: metadata.len(),
            modified: nanoseconds.unwrap_or(-1),
            file,
            changed,
        })
    }

    fn modified(&self) -> Option<Timestamp> {
        let second = (self.modified >= 0).then_some(self.modified / 1_000_000_000);
        second.and_then(|second| Timestamp::from_second(second).ok())
    }

    /// As the mark of a ZIP counts it.
    fn numbers(&self) -> [i128; 4] {
        let Stamp {
            len,
            modified,
            file,
            changed,
        } = *self;
        [len.into(), modified.into(), file.into(), changed.into()]
    }
}

/// Tells of what a ZIP is made, so far as that can be told without reading it.
pub(super) fn fingerprint(parts: &[Part], index: &Index, comic: Option<&str>) -> String {
    let mut fingerprint = Fingerprint::of(comic);
    for part in parts {
        let name = part.name(index);
        match part {
            Part::Loose { stamp, .. } => {
                fingerprint.add(name.as_bytes());
                fingerprint.add(format!("{:?}", stamp.numbers()).as_bytes());
            }
            Part::Kept { place, .. } => {
                let entry = &index.entries[*place as usize];
                fingerprint.add_entry(name, entry.size, entry.crc);
            }
        }
    }
    fingerprint.finish()
}

struct Fingerprint(blake3::Hasher);

impl Fingerprint {
    fn of(comic: Option<&str>) -> Fingerprint {
        let mut fingerprint = Fingerprint(blake3::Hasher::new());
        fingerprint.add(comic.unwrap_or_default().as_bytes());
        fingerprint
    }

    fn add(&mut self, bytes: &[u8]) {
        self.0
            .update(&(bytes.len() as u64).to_le_bytes())
            .update(bytes);
    }

    fn add_entry(&mut self, name: &str, size: u64, crc: u32) {
        self.add(name.as_bytes());
        self.add(format!("{size} {crc}").as_bytes());
    }

    fn finish(self) -> String {
        self.0.finalize().to_hex()[..DIGITS].to_owned()
    }
}
