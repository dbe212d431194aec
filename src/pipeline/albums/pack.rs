//! Packs the files of an album: `NAME.zip` or `NAME.cbz` beside its folder. The files stay.
//!
//! What was packed once stays packed, be its file there or not. Whether there is anything to do is found by looks at the
//! files alone: a mark at the end of the ZIP tells of what it was made.

use std::collections::{HashMap, HashSet};
use std::fs::{File, Metadata};
use std::io::{self, Seek, Write};
use std::time::UNIX_EPOCH;

use jiff::Timestamp;

use super::comic;
use super::gather::{Fate, Gathered, Volume};
use super::info::{page, source};
use super::merged::merged;
use super::spot::{Search, Spot};
use super::temporary::Temporary;
use crate::model::{Error, Kind, Result};
use crate::pipeline::naming::{ROOM, component, shown_text};
use crate::pipeline::sink::{Disk, Folder, disk_error};
use crate::pipeline::zip::{Entry, Index, Source, Writer, comment};

/// What the mark of a ZIP of ours begins with. Behind it stand whose it is, and of what it was made.
const MARK: &str = "fetch 1 ";
/// How long both are, in hexadecimal digits.
const DIGITS: usize = 32;
/// How long the mark is.
const MARK_LENGTH: u16 = (MARK.len() + 2 * DIGITS + 1) as u16;

/// How it is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Zip,
    Cbz,
}

impl Form {
    pub(super) fn ext(self) -> &'static str {
        match self {
            Form::Zip => "zip",
            Form::Cbz => "cbz",
        }
    }
}

/// What came of it.
pub(super) struct Packed {
    pub(super) path: String,
    pub(super) size: u64,
    /// How many files are in it.
    pub(super) files: u64,
}

/// An entry to be.
enum Part {
    /// A file below the root.
    Loose {
        name: String,
        path: String,
        metadata: Box<Metadata>,
    },
    /// An entry of the ZIP that is there.
    Kept(Entry),
}

/// What is to be packed.
pub(super) struct Pack<'a> {
    pub(super) search: Search<'a>,
    pub(super) gathered: &'a Gathered,
    pub(super) volume: &'a Volume,
    pub(super) form: Form,
    /// How much of the disk stays free.
    pub(super) min_free: u64,
    pub(super) goes_on: &'a dyn Fn() -> bool,
}

impl Pack<'_> {
    /// Where it is or would be.
    pub(super) fn find(&self) -> Result<Spot<String>> {
        let album = &self.volume.album;
        let owner = self.owner();
        let title = match &album.title {
            Some(title) => format!("{title} {}", album.id),
            None => album.id.clone(),
        };
        let named = |of: &str| match of.rsplit_once('/') {
            Some((folder, name)) => (folder.to_owned(), name.to_owned()),
            None if of.is_empty() => (String::new(), component(&shown_text(title.clone()), ROOM)),
            None => (String::new(), of.to_owned()),
        };
        self.search.find(named, |file| made_of(file, &owner))
    }

    /// Packs it, unless nothing has changed. Blocks.
    ///
    /// # Errors
    /// Something cannot be read or written; then all is as it was.
    pub(super) fn run(&self, mut spot: Spot<String>) -> Result<Option<Packed>> {
        let cannot =
            |doing: &str, error| disk_error(format!("cannot {doing} `{}`", spot.path), error);
        let (mut there, made_of) = spot.there.take().unzip();
        let index = match &mut there {
            Some(file) => Index::read(file, MARK_LENGTH).map_err(|error| cannot("read", error))?,
            None => Index::none(),
        };
        let parts = self.parts(&spot.of, &index)?;
        let pages = parts.len();
        if pages == 0 {
            return Ok(None);
        }
        let comic = (self.form == Form::Cbz).then(|| {
            let album = &self.volume.album;
            let title = album.title.clone().unwrap_or_else(|| album.id.clone());
            comic::info(&shown_text(title), page(&self.gathered.origin), pages)
        });
        let mark = fingerprint(&parts, comic.as_deref());
        if made_of.is_some_and(|made_of| made_of == mark) {
            return Ok(None);
        }
        let bytes: u64 = parts.iter().map(Part::size).sum();
        self.make_room(&spot.folder, bytes)?;
        let temporary = Temporary::open(&spot.folder, &self.owner(), self.form.ext())
            .map_err(|error| cannot("write", error))?;
        let mut writer = Writer::new(&temporary.file);
        for part in &parts {
            self.add(&mut writer, part, &index, there.as_mut())?;
        }
        let end = || {
            if let Some(comic) = &comic {
                let source = Source {
                    name: comic::NAME,
                    modified: None,
                    size: comic.len() as u64,
                    bytes: &mut comic.as_bytes(),
                };
                writer.add(source, self.goes_on)?;
            }
            let mark = format!("{MARK}{} {mark}", self.owner());
            writer.finish(mark.as_bytes())?;
            temporary.file.sync_all()?;
            temporary.publish(&spot.name, there.as_ref())?;
            let _ = spot.folder.sync();
            temporary.file.metadata()
        };
        let size = end().map_err(|error| cannot("write", error))?.len();
        Ok(Some(Packed {
            path: spot.path,
            size,
            files: pages as u64,
        }))
    }

    /// Whose it is, as the mark has it.
    fn owner(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher
            .update(source(&self.gathered.origin).as_bytes())
            .update(&[0])
            .update(shown_text(self.volume.album.id.clone()).as_bytes());
        hasher.finalize().to_hex()[..DIGITS].to_owned()
    }

    /// What it is to have, in the order of the album.
    fn parts(&self, of: &str, index: &Index) -> Result<Vec<Part>> {
        let mut known: HashMap<_, _> = index
            .entries
            .iter()
            .filter(|entry| self.form == Form::Zip || entry.name != comic::NAME)
            .map(|entry| (entry.name.clone(), entry.clone()))
            .collect();
        let (mut listed, mut paths) = (Vec::new(), HashSet::new());
        for member in &self.volume.members {
            let is_there = match member.fate {
                Fate::There => true,
                Fate::Seen => false,
                _ => continue,
            };
            let path = &member.path;
            if self.form == Form::Cbz && !comic::is_page(path) || !paths.insert(path) {
                continue;
            }
            let below = path.strip_prefix(of);
            let below = below.and_then(|rest| {
                if of.is_empty() {
                    Some(rest)
                } else {
                    rest.strip_prefix('/')
                }
            });
            let name = below.unwrap_or(path).to_owned();
            let metadata = metadata(self.search.disk, path);
            let kept = known.remove(&name);
            let part = match (metadata, kept) {
                (Ok(metadata), _) => Part::Loose {
                    name: name.clone(),
                    path: path.clone(),
                    metadata: Box::new(metadata),
                },
                (Err(_), Some(kept)) => Part::Kept(kept),
                // What the user does not want any more.
                (Err(_), None) if !is_there => continue,
                (Err(error), None) => {
                    return Err(disk_error(format!("cannot read `{path}`"), error));
                }
            };
            listed.push((name, part));
        }
        let names: HashSet<_> = listed.iter().map(|(name, _)| name).collect();
        if names.len() < listed.len()
            || names.contains(&comic::NAME.to_owned()) && self.form == Form::Cbz
        {
            let message = "two of its files would have one name in it";
            return Err(Error::new(Kind::Config, message));
        }
        let left = known
            .into_iter()
            .map(|(name, entry)| (name, Part::Kept(entry)));
        let before = index.entries.iter().map(|entry| entry.name.clone());
        Ok(merged(before, left.collect(), listed))
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
                    let mut file = self.search.disk.read(path)?;
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
            Part::Kept(entry) => {
                let Some(there) = there else { return Ok(()) };
                let mut add = || {
                    let mut bytes = index.open(there, entry)?;
                    let source = Source {
                        name: &entry.name,
                        modified: entry.modified,
                        size: entry.size,
                        bytes: &mut bytes,
                    };
                    match writer.add(source, self.goes_on)? == entry.crc {
                        true => Ok(()),
                        false => Err(io::Error::other("it is damaged where it was packed")),
                    }
                };
                add().map_err(|error| wrong(&entry.name, error))
            }
        }
    }
}

impl Part {
    fn size(&self) -> u64 {
        match self {
            Part::Loose { metadata, .. } => metadata.len(),
            Part::Kept(entry) => entry.size,
        }
    }
}

/// Whether a file ends with the mark of a packed album.
pub(in crate::pipeline) fn is_marked(file: &mut File) -> bool {
    let mark = comment(file, MARK_LENGTH).ok().flatten();
    mark.is_some_and(|mark| mark.starts_with(MARK.as_bytes()))
}

/// What is in a packed album, if it is one.
pub(in crate::pipeline) fn index(file: &mut File) -> Option<io::Result<Index>> {
    is_marked(file).then(|| Index::read(file, MARK_LENGTH))
}

/// What stands in the mark of a ZIP of this owner's, if it is one.
fn made_of(file: &mut File, owner: &str) -> Option<String> {
    let mark = String::from_utf8(comment(file, MARK_LENGTH).ok()??).ok()?;
    let (whose, made_of) = mark.strip_prefix(MARK)?.split_once(' ')?;
    let is_ours = whose == owner && Index::read(file, MARK_LENGTH).is_ok();
    is_ours.then(|| made_of.to_owned())
}

/// Tells of what a ZIP is made, so far as that can be told without reading it.
fn fingerprint(parts: &[Part], comic: Option<&str>) -> String {
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
            Part::Kept(entry) => {
                add(entry.name.as_bytes());
                add(format!("{} {}", entry.size, entry.crc).as_bytes());
            }
        }
    }
    hasher.finalize().to_hex()[..DIGITS].to_owned()
}

fn metadata(disk: &Disk, path: &str) -> io::Result<Metadata> {
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
