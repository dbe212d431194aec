//! Writes the ZIP of an album: what it is to have, in its order, from files and from the ZIP that was there.

use std::fs::File;
use std::io::{self, Seek, Write};

use super::comic;
use super::outdated::{Outdated, with};
use super::temporary::Temporary;
use crate::model::{Error, Result};
use crate::pipeline::sink::{Disk, Folder, Stamp, disk_error};
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
        /// The place of the entry that has its name in the ZIP that is there.
        before: Option<u32>,
        /// It is known again by what is in it, and not by its looks: it may be gone then.
        by_content: bool,
    },
    /// An entry of the ZIP that is there, by its place in the index, and another name for it.
    Kept { place: u32, name: Option<Box<str>> },
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
    /// Writes these parts, of which some may be in a ZIP that is there and has this index, and what a comic of so many
    /// pages has beside pictures. Gives how long it is, and of what it is made: an entry in whose name a file has other bytes
    /// by now stays under a number.
    ///
    /// # Errors
    /// Something cannot be read or written; then all is as it was.
    pub(super) fn write(
        &self,
        book: &Book<'_>,
        parts: Vec<Part>,
        index: &Index,
        mut there: Option<&mut File>,
        comic: Option<&dyn Fn(usize) -> String>,
    ) -> Result<(u64, Vec<Part>)> {
        let cannot = |error| disk_error(format!("cannot write `{}`", book.path), error);
        let bytes: u64 = parts.iter().map(|part| part.size(index)).sum();
        self.make_room(book.folder, bytes)?;
        let temporary = Temporary::open(book.folder, book.owner, book.ext).map_err(cannot)?;
        let mut writer = Writer::new(&temporary.file);
        let mut outdated = Outdated::new(self.disk, &parts, index);
        let mut sums = Vec::with_capacity(parts.len());
        for (place, part) in parts.iter().enumerate() {
            let crc = self.add(&mut writer, part, index, there.as_deref_mut())?;
            sums.push(crc);
            if let Some(part) = outdated.look(place, crc) {
                sums.push(self.add(&mut writer, part, index, there.as_deref_mut())?);
            }
        }
        let kept = outdated.kept();
        let all = with(parts, kept);
        let comic = comic.map(|comic| comic(all.len()));
        let comic = comic.as_deref();
        let made_of = Fingerprint::of(comic).with(&all, &sums, index);
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
        Ok((end().map_err(cannot)?.len(), all))
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
                        size: stamp.len(),
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

    pub(super) fn size(&self, index: &Index) -> u64 {
        match self {
            Part::Loose { stamp, .. } => stamp.len(),
            Part::Kept { place, .. } => index.entries[*place as usize].size,
        }
    }
}

/// Tells of what a ZIP is made, if that can be told without reading a file.
pub(super) fn fingerprint(parts: &[Part], index: &Index, comic: Option<&str>) -> Option<String> {
    let sum = |part: &Part| match part {
        Part::Loose { by_content, .. } => (!by_content).then_some(0),
        Part::Kept { place, .. } => Some(index.entries[*place as usize].crc),
    };
    let sums: Option<Vec<u32>> = parts.iter().map(sum).collect();
    Some(Fingerprint::of(comic).with(parts, &sums?, index))
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

    fn with(mut self, parts: &[Part], sums: &[u32], index: &Index) -> String {
        for (part, crc) in parts.iter().zip(sums) {
            self.add(part.name(index).as_bytes());
            let text = match part {
                Part::Loose {
                    stamp,
                    by_content: false,
                    ..
                } => format!("{:?}", stamp.numbers()),
                _ => format!("{} {crc}", part.size(index)),
            };
            self.add(text.as_bytes());
        }
        self.0.finalize().to_hex()[..DIGITS].to_owned()
    }
}
