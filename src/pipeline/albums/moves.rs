//! Moves album files along when their items are renamed: `info.json` into the items' new folder, ZIPs beside that
//! folder. Their entries get the new names, too, so that the next run finds them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io;
use std::sync::Arc;

use serde_json::json;

use super::document::{self, StoredInfo};
use super::info;
use super::outdated::copy_of;
use super::pack::marked;
use super::packed_albums::{PackedAlbum, PackedAlbums, folders, is_item};
use super::parts::{Packer, Part, ZipTarget};
use super::spool::Spool;
use crate::model::{Error, Kind, Result};
use crate::pipeline::after::sidecar::{COPIES, all_taken, numbered};
use crate::pipeline::archive::Archive;
use crate::pipeline::naming::fold;
use crate::pipeline::sink::{Disk, Folder, disk_error, parts};
use crate::pipeline::zip::Entry;

/// The album files to be moved along below one output directory.
pub(in crate::pipeline) struct AlbumMoves<'a> {
    disk: &'a Disk,
    archive: &'a dyn Archive,
    /// Whether to report only, and change nothing.
    simulate: bool,
    packed_albums: PackedAlbums,
    /// The folders of items, and whether there are album files for them.
    known: HashMap<String, bool>,
    /// The new paths of the files in those folders, by their old paths.
    paths: BTreeMap<String, HashMap<String, String>>,
}

/// An album file that was moved: its old path, and its new one or the reason why it stays.
pub(in crate::pipeline) struct MovedFile {
    pub(in crate::pipeline) old: String,
    pub(in crate::pipeline) new: Result<String>,
}

impl<'a> AlbumMoves<'a> {
    pub(in crate::pipeline) fn new(
        disk: &'a Disk,
        archive: &'a dyn Archive,
        simulate: bool,
    ) -> AlbumMoves<'a> {
        AlbumMoves {
            disk,
            archive,
            simulate,
            packed_albums: PackedAlbums::default(),
            known: HashMap::new(),
            paths: BTreeMap::new(),
        }
    }

    /// Notes that the file of an item has a new path.
    pub(in crate::pipeline) fn note(&mut self, old: &str, new: &str) {
        for (folder, _) in folders(old) {
            if self.has(folder) {
                let paths = self.paths.entry(folder.to_owned()).or_default();
                paths.insert(old.to_owned(), new.to_owned());
            }
        }
    }

    /// Checks whether there are album files for the items in this folder.
    fn has(&mut self, folder: &str) -> bool {
        if let Some(has) = self.known.get(folder) {
            return *has;
        }
        let has = !self.packed_of(folder).is_empty() || !self.infos(folder).is_empty();
        self.known.insert(folder.to_owned(), has);
        has
    }

    /// Returns the folder of the items with which this file is packed, if it is packed with this length.
    pub(in crate::pipeline) fn folder_containing<'p>(
        &self,
        path: &'p str,
        size: u64,
    ) -> Option<&'p str> {
        let is_it = |_: &PackedAlbum, entry: &Entry| entry.size == size;
        let is_item = |path: &str| is_item(self.archive, path);
        self.packed_albums
            .folder_containing(self.disk, &is_item, path, is_it)
    }

    fn packed_of(&self, folder: &str) -> Arc<Vec<PackedAlbum>> {
        let is_item = |path: &str| is_item(self.archive, path);
        self.packed_albums.in_folder(self.disk, &is_item, folder)
    }

    /// Returns the folders whose files were noted and that have album files.
    pub(in crate::pipeline) fn folders(&self) -> Vec<String> {
        self.paths.keys().cloned().collect()
    }

    /// Makes all album files follow the files of a folder. Returns those with a new path, or that stay behind. The old
    /// versions remain until `finish_moves`.
    pub(in crate::pipeline) fn move_files(&self, folder: &str) -> Vec<MovedFile> {
        let Some(paths) = self.paths.get(folder) else {
            return Vec::new();
        };
        let infos = self.infos(folder).into_iter().map(|old| {
            let new = self.info(&old, paths);
            changed(old, new)
        });
        let packed_albums = self.packed_of(folder);
        let packed = packed_albums.iter().map(|album| {
            let new = self.packed(album, folder, paths);
            changed(album.path.clone(), new)
        });
        infos.chain(packed).flatten().collect()
    }

    /// Finishes the moves: removes the old version of each, or the new one if the move is to be undone.
    pub(in crate::pipeline) fn finish_moves(
        &self,
        moved_files: Vec<MovedFile>,
        is_done: bool,
    ) -> Vec<MovedFile> {
        if self.simulate {
            return moved_files;
        }
        let finish = |MovedFile { old, new }: MovedFile| {
            let new = new.and_then(|new| {
                self.remove(if is_done { &old } else { &new })?;
                Ok(new)
            });
            MovedFile { old, new }
        };
        moved_files.into_iter().map(finish).collect()
    }

    /// Returns the metadata files of albums whose items are in this folder.
    fn infos(&self, folder: &str) -> Vec<String> {
        let names = (1..COPIES).map(|copy| below(folder, &info::name(copy)));
        let there = names.take_while(|path| self.disk.has(path));
        there.filter(|path| self.document(path).is_some()).collect()
    }

    fn document(&self, path: &str) -> Option<(StoredInfo, File, Spool)> {
        if self.archive.owner(path).ok()?.is_some() {
            return None;
        }
        let spool = Spool::new(self.disk.folder(&[]).ok()?);
        let mut file = self.disk.read(path).ok()?;
        let held = document::read(&mut file, &spool)?;
        Some((held, file, spool))
    }

    /// Moves the metadata of an album, and returns its new path; `None` if it stays, since none of its files has moved.
    fn info(&self, old: &str, paths: &HashMap<String, String>) -> Result<Option<String>> {
        let Some((held, mut there, spool)) = self.document(old) else {
            return Ok(None);
        };
        let mut items = held.items.iter().map(|(_, place)| {
            let mut item = document::item(&spool, *place)?;
            let new = item["path"].as_str().and_then(|path| paths.get(path));
            if let Some(new) = new {
                item["path"] = json!(new);
            }
            Ok((item, new))
        });
        let first = items
            .clone()
            .find_map(|item| item.map(|(_, new)| new).transpose());
        let Some(first) = first.transpose()? else {
            return Ok(None);
        };
        let to = folder_of(first);
        let is_here = to == folder_of(old);
        let new = match is_here {
            true => old.to_owned(),
            false => self.free(|copy| below(to, &info::name(copy)))?,
        };
        if !self.simulate {
            let (folder, name) = self.at(&new)?;
            let there = is_here.then_some(&mut there);
            let mut items = items.by_ref().map(|item| Ok(item?.0));
            document::write(&folder, name, there, &held.head, &mut items)?;
        }
        Ok(Some(new))
    }

    /// Moves a ZIP, and returns its new path; `None` if none of its entries has a new name.
    fn packed(
        &self,
        album: &PackedAlbum,
        of: &str,
        paths: &HashMap<String, String>,
    ) -> Result<Option<String>> {
        let entries = &album.index.entries;
        let now = |name: &str| paths.get(&below(of, name));
        let Some(first) = entries.iter().find_map(|entry| now(&entry.name)) else {
            return Ok(None);
        };
        let to = folder_of(first);
        let taken: HashSet<_> = paths.values().collect();
        let mut names = Vec::with_capacity(entries.len());
        for entry in entries {
            let old = below(of, &entry.name);
            names.push(match now(&entry.name) {
                Some(new) => Some(within(to, new).to_owned()),
                // An item that stays where it is, unless another has moved to its path.
                None if !taken.contains(&old) && self.archive.owner(&old)?.is_some() => {
                    Some(match to == of {
                        true => entry.name.clone(),
                        false => within(to, &old).to_owned(),
                    })
                }
                None => None,
            });
        }
        let names = self.beside(to, names, entries);
        let is_same = names.iter().eq(entries.iter().map(|entry| &entry.name));
        let ext = album.path.rsplit_once('.').map_or("", |(_, ext)| ext);
        let new = match to {
            to if to == of => album.path.clone(),
            // A ZIP in the root stays in the root.
            "" if folder_of(&album.path).is_empty() => album.path.clone(),
            "" => self.free(|copy| numbered(name_of(of), ext, copy))?,
            to => self.free(|copy| numbered(to, ext, copy))?,
        };
        let is_here = new == album.path;
        if names.iter().collect::<HashSet<_>>().len() < names.len() {
            let message = "two of its files would have the same name in it";
            return Err(Error::new(Kind::Config, message));
        }
        match (self.simulate, is_same) {
            (true, _) => {}
            (false, true) if is_here => {}
            (false, true) => self.name(&album.path, &new)?,
            (false, false) => self.rewrite(album, &new, names, is_here)?,
        }
        Ok(Some(new))
    }

    /// Returns the names of all entries. One that no longer belongs to an item stays, with a number if its name is
    /// taken.
    fn beside(&self, to: &str, names: Vec<Option<String>>, entries: &[Entry]) -> Vec<String> {
        let mut taken: HashSet<_> = names.iter().flatten().map(|name| fold(name)).collect();
        let mut free = |entry: &Entry| {
            let mut copies = (2..COPIES).map(|copy| copy_of(&entry.name, copy));
            if taken.insert(fold(&entry.name)) {
                return entry.name.clone();
            }
            let is_free = |name: &String| !self.disk.has(&below(to, name));
            let found = copies.find(|name| is_free(name) && taken.insert(fold(name)));
            found.unwrap_or_else(|| entry.name.clone())
        };
        let names = names.into_iter().zip(entries);
        names
            .map(|(name, entry)| name.unwrap_or_else(|| free(entry)))
            .collect()
    }

    /// Rewrites a ZIP with these names.
    fn rewrite(
        &self,
        album: &PackedAlbum,
        new: &str,
        names: Vec<String>,
        is_here: bool,
    ) -> Result<()> {
        let cannot = |error| disk_error(format!("cannot read `{}`", album.path), error);
        let mut there = self.disk.read(&album.path).map_err(cannot)?;
        let marked = marked(&mut there);
        let marked = marked.ok_or_else(|| cannot(io::ErrorKind::NotFound.into()))?;
        let parts = (0..)
            .zip(names)
            .map(|(place, name)| Part::Kept {
                place,
                name: Some(name.into()),
            })
            .collect();
        let (folder, name) = self.at(new)?;
        let replaced = there.try_clone().map_err(cannot)?;
        let target = ZipTarget {
            folder: &folder,
            name,
            path: new,
            ext: new.rsplit_once('.').map_or("", |(_, ext)| ext),
            mark: marked.mark,
            owner: &marked.owner,
            replaces: is_here.then_some(&replaced),
        };
        let packer = Packer {
            disk: self.disk,
            min_free: 0,
            goes_on: &|| true,
        };
        let there = Some(&mut there);
        packer.write(&target, parts, &album.index, there, None)?;
        Ok(())
    }

    fn name(&self, old: &str, new: &str) -> Result<()> {
        let (from, old_name) = self.at(old)?;
        let (to, name) = self.at(new)?;
        from.link(old_name, &to, name)
            .map_err(|error| disk_error(format!("cannot rename it to `{new}`"), error))
    }

    fn remove(&self, path: &str) -> Result<()> {
        let (folder, name) = self.at(path)?;
        folder
            .remove(name)
            .map_err(|error| disk_error(format!("the name `{path}` cannot be removed"), error))
    }

    /// Returns the first of these names that is free.
    fn free(&self, named: impl Fn(u32) -> String) -> Result<String> {
        for copy in 1..COPIES {
            let path = named(copy);
            if !self.disk.has(&path) && self.archive.owner(&path)?.is_none() {
                return Ok(path);
            }
        }
        Err(all_taken(name_of(&named(1))))
    }

    /// Returns the folder and the name of a path.
    fn at<'p>(&self, path: &'p str) -> Result<(Arc<Folder>, &'p str)> {
        let (names, name) = parts(path);
        Ok((self.disk.folder(&names)?, name))
    }
}

/// Returns what to report of a file, if it has a new path or cannot have it.
fn changed(old: String, new: Result<Option<String>>) -> Option<MovedFile> {
    match new.transpose()? {
        Ok(new) if new == old => None,
        new => Some(MovedFile { old, new }),
    }
}

/// Returns the folder of a path; empty for the root.
pub(super) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Returns the last segment of a path.
pub(super) fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Returns the path of a file in a folder.
pub(super) fn below(folder: &str, name: &str) -> String {
    match folder {
        "" => name.to_owned(),
        folder => format!("{folder}/{name}"),
    }
}

/// Returns the name of a file within the ZIP of a folder: relative to the folder, or else its full path.
pub(super) fn within<'p>(folder: &str, path: &'p str) -> &'p str {
    let rest = path.strip_prefix(folder);
    let rest = rest.and_then(|rest| match folder {
        "" => Some(rest),
        _ => rest.strip_prefix('/'),
    });
    rest.unwrap_or(path)
}
