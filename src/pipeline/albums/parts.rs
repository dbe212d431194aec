//! Writes the ZIP of an album: what it is to have, in its order, from files and from the ZIP that was there.

use std::fs::{File, Metadata};
use std::io::{self, Seek, Write};
use std::time::UNIX_EPOCH;

use jiff::Timestamp;

use super::comic;
use super::temporary::Temporary;
use crate::model::{Error, Result};
use crate::pipeline::sink::{Disk, Folder, disk_error};
use crate::pipeline::zip::{Entry, Index, Source, Writer};

/// What the mark of a ZIP of ours begins with. Behind it stand whose it is, and of what it was made.
pub(super) const MARK: &str = "fetch 1 ";
/// How long both are, in hexadecimal digits.
pub(super) const DIGITS: usize = 32;
/// How long the mark is.
pub(super) const MARK_LENGTH: u16 = (MARK.len() + 2 * DIGITS + 1) as u16;

/// An entry to be.
pub(super) enum Part {
    /// A file below the root.
    Loose {
        name: String,
        path: String,
        metadata: Box<Metadata>,
    },
    /// An entry of the ZIP that is there, under this name.
    Kept { name: String, entry: Entry },
}

/// The ZIP that is to be.
pub(super) struct Book<'a> {
    pub(super) folder: &'a Folder,
    pub(super) name: &'a str,
    /// Its path below the root.
    pub(super) path: &'a str,
    pub(super) ext: &'a str,
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
    /// Writes these parts, of which some may be in a ZIP that is there, and what a comic has beside pictures. Gives how
    /// long it is. `made_of` tells of what it was made.
    ///
    /// # Errors
    /// Something cannot be read or written; then all is as it was.
    pub(super) fn write(
        &self,
        book: &Book<'_>,
        parts: &[Part],
        mut there: Option<(&mut File, &Index)>,
        comic: Option<&str>,
        made_of: &str,
    ) -> Result<u64> {
        let cannot = |error| disk_error(format!("cannot write `{}`", book.path), error);
        let bytes: u64 = parts.iter().map(Part::size).sum();
        self.make_room(book.folder, bytes)?;
        let temporary = Temporary::open(book.folder, book.owner, book.ext).map_err(cannot)?;
        let mut writer = Writer::new(&temporary.file);
        for part in parts {
            let there = there.as_mut().map(|(file, index)| (&mut **file, *index));
            self.add(&mut writer, part, there)?;
        }
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
            let mark = format!("{MARK}{} {made_of}", book.owner);
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
        there: Option<(&mut File, &Index)>,
    ) -> Result<()> {
        let wrong = |name: &str, error: io::Error| match (self.goes_on)() {
            true => disk_error(format!("cannot pack `{name}`"), error),
            false => Error::closed(),
        };
        match part {
            Part::Loose {
                name,
                path,
                metadata: then,
            } => {
                let mut add = || {
                    let mut file = self.disk.read(path)?;
                    let source = Source {
                        name,
                        modified: modified(then),
                        size: then.len(),
                        bytes: &mut file,
                    };
                    writer.add(source, self.goes_on)?;
                    match stamp(&file.metadata()?) == stamp(then) {
                        true => Ok(()),
                        false => Err(io::Error::other("it was changed meanwhile")),
                    }
                };
                add().map_err(|error| wrong(path, error))
            }
            Part::Kept { name, entry } => {
                let Some((there, index)) = there else {
                    return Ok(());
                };
                let mut add = || {
                    let mut bytes = index.open(there, entry)?;
                    let source = Source {
                        name,
                        modified: entry.modified,
                        size: entry.size,
                        bytes: &mut bytes,
                    };
                    match writer.add(source, self.goes_on)? == entry.crc {
                        true => Ok(()),
                        false => Err(io::Error::other("it is damaged where it was packed")),
                    }
                };
                add().map_err(|error| wrong(name, error))
            }
        }
    }
}

impl Part {
    pub(super) fn name(&self) -> &str {
        match self {
            Part::Loose { name, .. } | Part::Kept { name, .. } => name,
        }
    }

    fn size(&self) -> u64 {
        match self {
            Part::Loose { metadata, .. } => metadata.len(),
            Part::Kept { entry, .. } => entry.size,
        }
    }
}

/// Tells of what a ZIP is made, so far as that can be told without reading it.
pub(super) fn fingerprint(parts: &[Part], comic: Option<&str>) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut add = |bytes: &[u8]| {
        hasher
            .update(&(bytes.len() as u64).to_le_bytes())
            .update(bytes);
    };
    add(comic.unwrap_or_default().as_bytes());
    for part in parts {
        match part {
            Part::Loose { name, metadata, .. } => {
                add(name.as_bytes());
                add(format!("{:?}", stamp(metadata)).as_bytes());
            }
            Part::Kept { name, entry } => {
                add(name.as_bytes());
                add(format!("{} {}", entry.size, entry.crc).as_bytes());
            }
        }
    }
    hasher.finalize().to_hex()[..DIGITS].to_owned()
}

pub(super) fn metadata(disk: &Disk, path: &str) -> io::Result<Metadata> {
    disk.read(path)?.metadata()
}

fn modified(metadata: &Metadata) -> Option<Timestamp> {
    let since = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Timestamp::from_second(i64::try_from(since.as_secs()).ok()?).ok()
}

/// What is another as soon as the file is: its length, its time, and where the system has them, which file it is and when
/// anything about it was changed.
fn stamp(metadata: &Metadata) -> [i128; 4] {
    let since = metadata
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let modified = since.map_or(-1, |since| since.as_nanos() as i128);
    #[cfg(unix)]
    let (file, changed) = {
        use std::os::unix::fs::MetadataExt;
        let changed =
            i128::from(metadata.ctime()) * 1_000_000_000 + i128::from(metadata.ctime_nsec());
        (metadata.ino().into(), changed)
    };
    #[cfg(not(unix))]
    let (file, changed) = (0, 0);
    [metadata.len().into(), modified, file, changed]
}
