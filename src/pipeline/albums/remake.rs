//! Rebuilds a damaged packed album from its intact entries and from the files that it was packed from.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use super::comic;
use super::moves::below;
use super::pack::{index, marked};
use super::parts::{Packer, Part, ZipTarget};
use crate::model::{Error, Kind, Result};
use crate::pipeline::archive::{Records, absolute_root};
use crate::pipeline::sink::{Disk, Folder, Stamp, disk_error, parts};
use crate::pipeline::verify::broken_name;
use crate::pipeline::zip::{Entry, Index, checksum};

/// The outcome for a damaged packed album. The damaged ZIP is kept beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remade {
    /// It was rebuilt, with this many files.
    Anew(u64),
    /// Its contents are unknown, so the next run of its album has to pack it.
    Aside,
}

/// Rebuilds a damaged packed album below this output directory.
///
/// # Errors
/// A damaged entry exists nowhere else, or something cannot be read or written; then everything is as it was.
pub fn remake(archive: &Path, root: &Path, path: &str) -> Result<Remade> {
    let cannot = |doing: &str, error| disk_error(format!("cannot {doing} `{path}`"), error);
    let disk = Disk::open(&absolute_root(root))?;
    let mut file = disk.read(path).map_err(|error| cannot("read", error))?;
    let (names, name) = parts(path);
    let folder = disk.folder(&names)?;
    let is_ours = index(&mut file).and_then(io::Result::ok);
    let Some((index, marked)) = is_ours.zip(marked(&mut file)) else {
        put_aside(&folder, name).map_err(|error| cannot("put aside", error))?;
        let gone = folder.remove(name);
        gone.map_err(|error| cannot("remove", error))?;
        return Ok(Remade::Aside);
    };
    let work = Work {
        disk: &disk,
        records: Records::open(archive, root)?,
        path,
    };
    let parts = work.parts(&mut file, &index)?;
    let replaced = file.try_clone().map_err(|error| cannot("read", error))?;
    let aside = put_aside(&folder, name).map_err(|error| cannot("put aside", error))?;
    let target = ZipTarget {
        folder: &folder,
        name,
        path,
        ext: path.rsplit_once('.').map_or("", |(_, ext)| ext),
        mark: marked.mark,
        owner: &marked.owner,
        replaces: Some(&replaced),
    };
    let packer = Packer {
        disk: &disk,
        min_free: 0,
        goes_on: &|| true,
    };
    let there = Some(&mut file);
    let written = packer.write(&target, parts, &index, there, None);
    let (_, parts) = written.inspect_err(|_| {
        // The original still has its own name.
        let _ = folder.remove(&aside);
    })?;
    let files = parts.iter().filter(|part| part.name(&index) != comic::NAME);
    Ok(Remade::Anew(files.count() as u64))
}

/// Links a file under the name of a damaged ZIP that is set aside, beside its own.
fn put_aside(folder: &Arc<Folder>, name: &str) -> io::Result<String> {
    let mut copy = 1;
    loop {
        let free = broken_name(name, copy);
        match folder.link(name, folder, &free) {
            Ok(()) => return Ok(free),
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            Err(_) => copy += 1,
        }
    }
}

struct Work<'a> {
    disk: &'a Disk,
    records: Option<Records>,
    path: &'a str,
}

impl Work<'_> {
    /// Returns what it is to contain: all intact entries, and for each damaged one its file.
    fn parts(&self, file: &mut File, index: &Index) -> Result<Vec<Part>> {
        let mut parts = Vec::with_capacity(index.entries.len());
        for (place, entry) in (0..).zip(&index.entries) {
            let name = &entry.name;
            let sums = index.sums(file, entry, None);
            if sums.is_ok_and(|(crc, _)| crc == entry.crc) {
                parts.push(Part::Kept { place, name: None });
            } else if let Some((path, stamp)) = self.source_file(entry)? {
                parts.push(Part::Loose {
                    name: path.len() - name.len(),
                    path,
                    stamp,
                    before: None,
                    by_content: true,
                });
            } else if name != comic::NAME {
                let message = format!("`{name}` in it is damaged, and its file no longer exists");
                return Err(Error::new(Kind::Missing, message)
                    .hint("a run of its album that downloads the file also packs it"));
            }
        }
        Ok(parts)
    }

    /// Returns the file that an entry was packed from, if it exists and the archive knows it.
    fn source_file(&self, entry: &Entry) -> Result<Option<(String, Stamp)>> {
        let Some(records) = &self.records else {
            return Ok(None);
        };
        let stem = self.path.rsplit_once('.').map_or("", |(stem, _)| stem);
        let plain = stem.rsplit_once(" (").map_or(stem, |(plain, _)| plain);
        for of in [stem, plain, ""] {
            let path = below(of, &entry.name);
            // In the root, a file of that name may be any item's.
            let is_own = !of.is_empty() || self.has_bytes_of(&path, entry);
            if is_own
                && let Ok(stamp) = Stamp::at(self.disk, &path)
                && records.knows(&path)?
            {
                return Ok(Some((path, stamp)));
            }
        }
        Ok(None)
    }

    /// Checks whether a file has the bytes that were packed as this entry.
    fn has_bytes_of(&self, path: &str, entry: &Entry) -> bool {
        let of = |mut file: File| match file.metadata()?.len() == entry.size {
            true => checksum(&mut file).map(|crc| crc == entry.crc),
            false => Ok(false),
        };
        self.disk.read(path).and_then(of).unwrap_or(false)
    }
}
