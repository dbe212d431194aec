//! Writes the ZIP of an album from files and from entries of an existing ZIP.

use std::fs::File;
use std::io::{self, Seek, Write};

use super::comic;
use super::outdated::{Outdated, insert_kept};
use super::temporary::Temporary;
use crate::model::{Error, Result};
use crate::pipeline::sink::{Disk, Folder, Stamp, disk_error};
use crate::pipeline::zip::{Index, Source, Writer};

/// Prefixes of the mark of a ZIP of ours: one for a ZIP beside its files, one for a ZIP that replaces them. The owner
/// and a fingerprint of the contents follow.
pub(super) const BESIDE: &str = "fetch 1 ";
pub(super) const REPLACING: &str = "fetch 2 ";
/// Length of each of these, in hexadecimal digits.
pub(super) const DIGITS: usize = 32;
/// Length of the mark, in bytes.
pub(super) const MARK_LENGTH: u16 = (BESIDE.len() + 2 * DIGITS + 1) as u16;

/// An entry to be written. There may be very many.
pub(super) enum Part {
    /// A file below the root.
    Loose {
        path: String,
        /// Where in the path its name in the ZIP begins.
        name: usize,
        stamp: Stamp,
        /// The index of the entry with this name in the existing ZIP.
        before: Option<u32>,
        /// Whether it is identified by its contents rather than by its stamp, since the file may be removed.
        by_content: bool,
    },
    /// An entry of the existing ZIP, by its index, and a new name for it.
    Kept { place: u32, name: Option<Box<str>> },
}

/// The ZIP to be written.
pub(super) struct ZipTarget<'a> {
    pub(super) folder: &'a Folder,
    pub(super) name: &'a str,
    /// Its path below the root.
    pub(super) path: &'a str,
    pub(super) ext: &'a str,
    /// The prefix of its mark.
    pub(super) mark: &'a str,
    /// The identity of the album, as in the mark.
    pub(super) owner: &'a str,
    /// The ZIP that it replaces.
    pub(super) replaces: Option<&'a File>,
}

/// Writes ZIPs.
pub(super) struct Packer<'a> {
    pub(super) disk: &'a Disk,
    /// Disk space to keep free, in bytes.
    pub(super) min_free: u64,
    pub(super) goes_on: &'a dyn Fn() -> bool,
}

impl Packer<'_> {
    /// Writes these parts, some of which may come from an existing ZIP with this index, and the metadata of a comic
    /// with so many pages. Returns the length of the ZIP and its parts: an old entry whose name now belongs to a file
    /// with other bytes is kept with a number.
    ///
    /// # Errors
    /// Something cannot be read or written; then everything is as it was.
    pub(super) fn write(
        &self,
        target: &ZipTarget<'_>,
        parts: Vec<Part>,
        index: &Index,
        mut there: Option<&mut File>,
        comic: Option<&dyn Fn(usize) -> String>,
    ) -> Result<(u64, Vec<Part>)> {
        let cannot = |error| disk_error(format!("cannot write `{}`", target.path), error);
        let bytes: u64 = parts.iter().map(|part| part.size(index)).sum();
        self.make_room(target.folder, bytes)?;
        let temporary = Temporary::open(target.folder, target.owner, target.ext).map_err(cannot)?;
        let mut writer = Writer::new(&temporary.file);
        let mut outdated = Outdated::new(self.disk, &parts, index);
        let mut sums = Vec::with_capacity(parts.len());
        for (place, part) in parts.iter().enumerate() {
            let crc = self.add(&mut writer, part, index, there.as_deref_mut())?;
            sums.push(crc);
            if let Some(part) = outdated.note_checksum(place, crc) {
                sums.push(self.add(&mut writer, part, index, there.as_deref_mut())?);
            }
        }
        let kept = outdated.into_kept();
        let all = insert_kept(parts, kept);
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
            let mark = format!("{}{} {made_of}", target.mark, target.owner);
            writer.finish(mark.as_bytes())?;
            temporary.file.sync_all()?;
            temporary.publish(target.name, target.replaces)?;
            let _ = target.folder.sync();
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
                Err(disk_error(
                    "there is not enough space for it".to_owned(),
                    cause,
                ))
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
                        false => Err(io::Error::other("it changed in the meantime")),
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
                        false => Err(io::Error::other("its packed copy is damaged")),
                    }
                };
                add().map_err(|error| wrong(name, error))
            }
        }
    }
}

impl Part {
    /// Returns its name in the ZIP. `index` is that of the existing ZIP.
    pub(super) fn name<'p>(&'p self, index: &'p Index) -> &'p str {
        match self {
            Part::Loose { path, name, .. } => &path[*name..],
            Part::Kept {
                name: Some(name), ..
            } => name,
            Part::Kept { place, .. } => &index.entries[*place as usize].name,
        }
    }

    /// Returns the length of its content.
    pub(super) fn size(&self, index: &Index) -> u64 {
        match self {
            Part::Loose { stamp, .. } => stamp.len(),
            Part::Kept { place, .. } => index.entries[*place as usize].size,
        }
    }
}

/// Returns a fingerprint of the contents of a ZIP, if that needs no file to be read.
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
