//! Finds the packed albums of the items in a folder, by the names that packed albums get.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::pack::{index, marked};
use super::parts::REPLACING;
use crate::pipeline::after::sidecar::{COPIES, numbered};
use crate::pipeline::archive::Archive;
use crate::pipeline::sink::Disk;
use crate::pipeline::zip::{Entry, Index};

/// For how many folders the packed albums are cached.
const FOLDERS: usize = 16;
/// Number of consecutive missing numbers after which the search ends. The first copies may be gone while others stay.
const GAP: u32 = 16;
/// The extensions of packed albums.
const EXTENSIONS: [&str; 2] = ["zip", "cbz"];

/// Tells whether the file at a path belongs to an item.
type IsItem<'a> = &'a dyn Fn(&str) -> bool;

/// The packed albums below one output directory, by the folder of their items.
#[derive(Debug, Default)]
pub(in crate::pipeline) struct PackedAlbums {
    by_folder: Mutex<HashMap<String, Arc<Vec<PackedAlbum>>>>,
}

/// A packed album.
#[derive(Debug)]
pub(in crate::pipeline) struct PackedAlbum {
    pub(in crate::pipeline) path: String,
    pub(in crate::pipeline) index: Index,
    /// Whether it replaces its files.
    pub(in crate::pipeline) replaces_files: bool,
    /// The indices of its entries, sorted by name.
    places: Vec<u32>,
}

impl PackedAlbums {
    /// Returns the packed albums of the items in this folder. A file that belongs to an item is not one, whatever its
    /// server wrote into it.
    pub(in crate::pipeline) fn in_folder(
        &self,
        disk: &Disk,
        is_item: IsItem<'_>,
        folder: &str,
    ) -> Arc<Vec<PackedAlbum>> {
        let mut by_folder = self
            .by_folder
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(albums) = by_folder.get(folder) {
            return albums.clone();
        }
        if by_folder.len() >= FOLDERS {
            by_folder.clear();
        }
        let paths = match folder {
            "" => in_root(disk),
            folder => beside(disk, folder),
        };
        let paths = paths.into_iter();
        let albums =
            paths.filter_map(|path| read_album(disk, path).filter(|it| !is_item(&it.path)));
        let albums = Arc::new(albums.collect());
        by_folder.insert(folder.to_owned(), Arc::clone(&albums));
        albums
    }

    /// Looks for a packed album that contains the file at this path and satisfies `is_it`. Returns the folder whose
    /// items are packed there.
    pub(in crate::pipeline) fn folder_containing<'p>(
        &self,
        disk: &Disk,
        is_item: IsItem<'_>,
        path: &'p str,
        mut is_it: impl FnMut(&PackedAlbum, &Entry) -> bool,
    ) -> Option<&'p str> {
        let mut folders = folders(path);
        let found = folders.find(|(folder, name)| {
            let albums = self.in_folder(disk, is_item, folder);
            let mut found = albums
                .iter()
                .filter_map(|album| Some((album, album.entry(name)?)));
            found.any(|(album, entry)| is_it(album, entry))
        });
        found.map(|(folder, _)| folder)
    }
}

impl PackedAlbums {
    /// Checks whether the file at this path, with this length, is in a packed album that replaces its files.
    pub(in crate::pipeline) fn is_only_copy(
        &self,
        disk: &Disk,
        archive: &dyn Archive,
        path: &str,
        size: u64,
    ) -> bool {
        let is_it = |album: &PackedAlbum, entry: &Entry| album.replaces_files && entry.size == size;
        self.folder_containing(disk, &|path| is_item(archive, path), path, is_it)
            .is_some()
    }
}

impl PackedAlbum {
    fn new(path: String, index: Index, replaces_files: bool) -> PackedAlbum {
        let entries = &index.entries;
        let mut places: Vec<u32> = (0..).take(entries.len()).collect();
        places.sort_unstable_by_key(|place| entries[*place as usize].name.as_str());
        PackedAlbum {
            path,
            index,
            replaces_files,
            places,
        }
    }

    /// Returns the entry with this name.
    fn entry(&self, name: &str) -> Option<&Entry> {
        let entry = |place: u32| &self.index.entries[place as usize];
        let found = self
            .places
            .binary_search_by_key(&name, |place| entry(*place).name.as_str());
        found.ok().map(|found| entry(self.places[found]))
    }
}

/// Checks whether the file at a path belongs to an item; if that is unknown, it counts as one.
pub(super) fn is_item(archive: &dyn Archive, path: &str) -> bool {
    archive.owner(path).map_or(true, |owner| owner.is_some())
}

/// Returns the packed albums beside a folder that are named after it.
fn beside(disk: &Disk, folder: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for ext in EXTENSIONS {
        let mut gap = 0;
        for copy in 1..COPIES {
            let path = numbered(folder, ext, copy);
            match disk.read(&path) {
                Ok(_) => paths.push(path),
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
    paths
}

/// Returns the packed albums in the root. Where items have no folder, a packed album is named after its album.
pub(super) fn in_root(disk: &Disk) -> Vec<String> {
    let Ok(root) = disk.folder(&[]) else {
        return Vec::new();
    };
    let entries = std::fs::read_dir(root.path()).into_iter().flatten();
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<_> = names.filter(|name| is_named(name)).collect();
    names.sort_unstable();
    names
}

fn read_album(disk: &Disk, path: String) -> Option<PackedAlbum> {
    let mut file: File = disk.read(&path).ok()?;
    let replaces_files = marked(&mut file)?.mark == REPLACING;
    let index = index(&mut file)?.ok()?;
    Some(PackedAlbum::new(path, index, replaces_files))
}

/// Checks whether a packed album may have such a name.
pub(in crate::pipeline) fn is_named(name: &str) -> bool {
    let ext = name.rsplit_once('.').map_or("", |(_, ext)| ext);
    EXTENSIONS.contains(&ext)
}

/// Returns the folders that a path is in, the innermost first, each with the path's name in the ZIP of that folder.
pub(in crate::pipeline) fn folders(path: &str) -> impl Iterator<Item = (&str, &str)> {
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
