//! Files that are no longer there, and what was packed of their albums.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Progress, State};
use crate::pipeline::after::sidecar::{COPIES, numbered};
use crate::pipeline::albums;
use crate::pipeline::archive::{Record, Sum, Summing};
use crate::pipeline::sink::Disk;
use crate::pipeline::zip::{Entry, Index};

/// Of how many folders it is kept at hand what is packed.
const FOLDERS: usize = 16;
/// How much is read at once.
const PIECE: usize = 64 << 10;
/// After how many numbers in a row without a copy no more are looked for. The first ones may be gone while others stay.
const GAP: u32 = 16;
/// What albums are packed into.
const EXTENSIONS: [&str; 2] = ["zip", "cbz"];

/// What is packed below one output root.
pub(super) struct Packed<'a> {
    root: &'a Path,
    disk: &'a Disk,
    /// By the folder of the items.
    volumes: Mutex<HashMap<String, Arc<Vec<Volume>>>>,
}

/// A packed album.
struct Volume {
    path: String,
    index: Index,
    /// Where an entry stands in the index, by its name.
    places: HashMap<String, usize>,
}

impl<'a> Packed<'a> {
    pub(super) fn new(root: &'a Path, disk: &'a Disk) -> Self {
        Packed {
            root,
            disk,
            volumes: Mutex::default(),
        }
    }

    /// What became of a file that is not there: packed with the bytes that were saved, or missing.
    pub(super) fn look(&self, record: &Record) -> (State, Option<String>) {
        let mut why = None;
        for (folder, name) in folders(&record.path) {
            for volume in &*self.volumes(folder) {
                let Some(place) = volume.places.get(name) else {
                    continue;
                };
                let entry = &volume.index.entries[*place];
                match self.hold(volume, entry, record) {
                    Ok(true) => return (State::Packed, Some(format!("in `{}`", volume.path))),
                    Ok(false) => why = Some(format!("`{}` has other bytes", volume.path)),
                    Err(error) => why = Some(format!("in `{}`: {error}", volume.path)),
                }
            }
        }
        (State::Missing, why)
    }

    /// Whether an entry has the bytes that were saved.
    fn hold(&self, volume: &Volume, entry: &Entry, record: &Record) -> io::Result<bool> {
        if entry.size != record.size {
            return Ok(false);
        }
        let mut file = self.disk.read(&volume.path)?;
        let (crc, sum) = read(&mut file, &volume.index, entry, record.digest)?;
        Ok(crc == entry.crc && sum == record.digest)
    }

    /// What is packed of the items of a folder.
    fn volumes(&self, folder: &str) -> Arc<Vec<Volume>> {
        let mut known = self.volumes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(volumes) = known.get(folder) {
            return volumes.clone();
        }
        if known.len() >= FOLDERS {
            known.clear();
        }
        let found = match folder {
            "" => self.in_root(),
            folder => self.of(folder),
        };
        let volumes = Arc::new(found);
        known.insert(folder.to_owned(), volumes.clone());
        volumes
    }

    /// What bears the name of a folder, beside it.
    fn of(&self, folder: &str) -> Vec<Volume> {
        let mut volumes = Vec::new();
        for ext in EXTENSIONS {
            let mut gap = 0;
            for copy in 1..COPIES {
                let path = numbered(folder, ext, copy);
                match self.disk.read(&path) {
                    Ok(file) => volumes.extend(volume(file, path)),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {
                        gap += 1;
                        if gap == GAP {
                            break;
                        }
                        continue;
                    }
                    Err(_) => {}
                }
                gap = 0;
            }
        }
        volumes
    }

    /// Where items have no folder, it has the name of an album.
    fn in_root(&self) -> Vec<Volume> {
        let entries = std::fs::read_dir(self.root).into_iter().flatten();
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut names: Vec<_> = names.filter(|name| is_named(name)).collect();
        names.sort_unstable();
        let volumes = names.into_iter().filter_map(|name| {
            let file = self.disk.read(&name).ok()?;
            volume(file, name)
        });
        volumes.collect()
    }
}

/// Says what is wrong with a packed album, if it is one: its entries have the checksums that they were packed with.
pub(super) fn flaw(path: &Path, progress: &Progress) -> Option<String> {
    if !is_named(path.to_str()?) {
        return None;
    }
    let mut file = File::open(path).ok()?;
    let index = match albums::index(&mut file)? {
        Ok(index) => index,
        Err(error) => return Some(error.to_string()),
    };
    for entry in &index.entries {
        if progress.is_over() {
            return None;
        }
        let name = &entry.name;
        match read(&mut file, &index, entry, None) {
            Ok((crc, _)) if crc == entry.crc => {}
            Ok(_) => return Some(format!("`{name}` in it has other bytes than were packed")),
            Err(error) => return Some(format!("`{name}` in it: {error}")),
        }
    }
    None
}

/// The checksum of an entry, and a digest that is made as another was.
fn read(
    file: &mut File,
    index: &Index,
    entry: &Entry,
    like: Option<Sum>,
) -> io::Result<(u32, Option<Sum>)> {
    let mut summing = like.map(|sum| Summing::new(sum.algorithm()));
    let mut hasher = crc32fast::Hasher::new();
    let mut bytes = index.open(file, entry)?;
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

fn volume(mut file: File, path: String) -> Option<Volume> {
    let index = albums::index(&mut file)?.ok()?;
    let names = index.entries.iter().enumerate();
    let places = names.map(|(place, entry)| (entry.name.clone(), place));
    Some(Volume {
        path,
        places: places.collect(),
        index,
    })
}

fn is_named(name: &str) -> bool {
    let ext = name.rsplit_once('.').map_or("", |(_, ext)| ext);
    EXTENSIONS.contains(&ext)
}

/// The folders that a path is in, the nearest first, and its name in what is packed of each.
fn folders(path: &str) -> impl Iterator<Item = (&str, &str)> {
    let ends = path.rmatch_indices('/').map(|(end, _)| end);
    ends.map(|end| (&path[..end], &path[end + 1..]))
        .chain([("", path)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_may_be_packed_with_any_folder_above_it() {
        let found: Vec<_> = folders("a/b/c.jpg").collect();
        assert_eq!(
            found,
            [("a/b", "c.jpg"), ("a", "b/c.jpg"), ("", "a/b/c.jpg")]
        );
        assert_eq!(folders("c.jpg").collect::<Vec<_>>(), [("", "c.jpg")]);
    }
}
