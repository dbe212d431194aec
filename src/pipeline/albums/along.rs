//! What was written of albums goes along when their files get other names: `info.json` into the folder where they are
//! now, what was packed beside that. The entries get the new names, too, so that the next run finds them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io;
use std::sync::Arc;

use serde_json::json;

use super::document::{self, Held};
use super::info;
use super::outdated::copy_of;
use super::pack::marked;
use super::parts::{Book, Packer, Part};
use super::shelf::{Bound, Shelf, folders, is_item};
use super::spool::Spool;
use crate::model::{Error, Kind, Result};
use crate::pipeline::after::sidecar::{COPIES, all_taken, numbered};
use crate::pipeline::archive::Archive;
use crate::pipeline::naming::fold;
use crate::pipeline::sink::{Disk, Folder, disk_error, parts};
use crate::pipeline::zip::Entry;

/// What goes along below one output root.
pub(in crate::pipeline) struct Along<'a> {
    disk: &'a Disk,
    archive: &'a dyn Archive,
    /// Nothing is done, only told.
    simulate: bool,
    shelf: Shelf,
    /// The folders of items, and whether something was written of an album there.
    known: HashMap<String, bool>,
    /// Where the files of those folders are now, by where they were.
    paths: BTreeMap<String, HashMap<String, String>>,
}

/// Something that was written of an album: where it was, and where it is, or why it stays.
pub(in crate::pipeline) struct Carried {
    pub(in crate::pipeline) old: String,
    pub(in crate::pipeline) new: Result<String>,
}

impl<'a> Along<'a> {
    pub(in crate::pipeline) fn new(
        disk: &'a Disk,
        archive: &'a dyn Archive,
        simulate: bool,
    ) -> Along<'a> {
        Along {
            disk,
            archive,
            simulate,
            shelf: Shelf::default(),
            known: HashMap::new(),
            paths: BTreeMap::new(),
        }
    }

    /// Notes that the file of an item has another path now.
    pub(in crate::pipeline) fn note(&mut self, old: &str, new: &str) {
        for (folder, _) in folders(old) {
            if self.has(folder) {
                let paths = self.paths.entry(folder.to_owned()).or_default();
                paths.insert(old.to_owned(), new.to_owned());
            }
        }
    }

    /// Whether something was written of an album whose items are in this folder.
    fn has(&mut self, folder: &str) -> bool {
        if let Some(has) = self.known.get(folder) {
            return *has;
        }
        let has = !self.packed_of(folder).is_empty() || !self.infos(folder).is_empty();
        self.known.insert(folder.to_owned(), has);
        has
    }

    /// The folder of the items with which this file is packed, if it is, with this length.
    pub(in crate::pipeline) fn holder<'p>(&self, path: &'p str, size: u64) -> Option<&'p str> {
        let is_it = |_: &Bound, entry: &Entry| entry.size == size;
        let is_item = |path: &str| is_item(self.archive, path);
        self.shelf.holder(self.disk, &is_item, path, is_it)
    }

    fn packed_of(&self, folder: &str) -> Arc<Vec<Bound>> {
        let is_item = |path: &str| is_item(self.archive, path);
        self.shelf.of(self.disk, &is_item, folder)
    }

    /// The folders whose files were noted, and that have something of albums.
    pub(in crate::pipeline) fn folders(&self) -> Vec<String> {
        self.paths.keys().cloned().collect()
    }

    /// Has all that was written of albums follow the files of a folder, and tells of what has another path now, or stays
    /// behind. What it was before is there until it is let go.
    pub(in crate::pipeline) fn carry(&self, folder: &str) -> Vec<Carried> {
        let Some(paths) = self.paths.get(folder) else {
            return Vec::new();
        };
        let infos = self.infos(folder).into_iter().map(|old| {
            let new = self.info(&old, paths);
            told(old, new)
        });
        let shelf = self.packed_of(folder);
        let packed = shelf.iter().map(|bound| {
            let new = self.packed(bound, folder, paths);
            told(bound.path.clone(), new)
        });
        infos.chain(packed).flatten().collect()
    }

    /// Lets go what was carried: of each the old one, or the new one where it is to be as it was.
    pub(in crate::pipeline) fn let_go(&self, carried: Vec<Carried>, is_done: bool) -> Vec<Carried> {
        if self.simulate {
            return carried;
        }
        let let_go = |Carried { old, new }: Carried| {
            let new = new.and_then(|new| {
                self.remove(if is_done { &old } else { &new })?;
                Ok(new)
            });
            Carried { old, new }
        };
        carried.into_iter().map(let_go).collect()
    }

    /// The files that tell of albums whose items are in this folder.
    fn infos(&self, folder: &str) -> Vec<String> {
        let names = (1..COPIES).map(|copy| below(folder, &info::name(copy)));
        let there = names.take_while(|path| self.disk.has(path));
        there.filter(|path| self.document(path).is_some()).collect()
    }

    fn document(&self, path: &str) -> Option<(Held, File, Spool)> {
        if self.archive.owner(path).ok()?.is_some() {
            return None;
        }
        let spool = Spool::new(self.disk.folder(&[]).ok()?);
        let mut file = self.disk.read(path).ok()?;
        let held = document::read(&mut file, &spool)?;
        Some((held, file, spool))
    }

    /// Where what is told of an album goes; none if it stays, since none of its files has moved.
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

    /// Where what was packed goes; none if nothing in it has another name.
    fn packed(
        &self,
        bound: &Bound,
        of: &str,
        paths: &HashMap<String, String>,
    ) -> Result<Option<String>> {
        let entries = &bound.index.entries;
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
                // An item that stays where it is, and no other that has come there.
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
        let ext = bound.path.rsplit_once('.').map_or("", |(_, ext)| ext);
        let new = match to {
            to if to == of => bound.path.clone(),
            // It stays in the root, if it is there.
            "" if folder_of(&bound.path).is_empty() => bound.path.clone(),
            "" => self.free(|copy| numbered(name_of(of), ext, copy))?,
            to => self.free(|copy| numbered(to, ext, copy))?,
        };
        let is_here = new == bound.path;
        if names.iter().collect::<HashSet<_>>().len() < names.len() {
            let message = "two of its files would have one name in it";
            return Err(Error::new(Kind::Config, message));
        }
        match (self.simulate, is_same) {
            (true, _) => {}
            (false, true) if is_here => {}
            (false, true) => self.name(&bound.path, &new)?,
            (false, false) => self.rewrite(bound, &new, names, is_here)?,
        }
        Ok(Some(new))
    }

    /// The names of all entries: one that is of no item any more stays beside these, under a number where they want its name.
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

    /// Writes what is packed once more, with these names.
    fn rewrite(&self, bound: &Bound, new: &str, names: Vec<String>, is_here: bool) -> Result<()> {
        let cannot = |error| disk_error(format!("cannot read `{}`", bound.path), error);
        let mut there = self.disk.read(&bound.path).map_err(cannot)?;
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
        let book = Book {
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
        packer.write(&book, parts, &bound.index, there, None)?;
        Ok(())
    }

    fn name(&self, old: &str, new: &str) -> Result<()> {
        let (from, old_name) = self.at(old)?;
        let (to, name) = self.at(new)?;
        from.link(old_name, &to, name)
            .map_err(|error| disk_error(format!("cannot name it `{new}`"), error))
    }

    fn remove(&self, path: &str) -> Result<()> {
        let (folder, name) = self.at(path)?;
        folder
            .remove(name)
            .map_err(|error| disk_error(format!("the name `{path}` cannot be removed"), error))
    }

    /// The first of these names that nothing has.
    fn free(&self, named: impl Fn(u32) -> String) -> Result<String> {
        for copy in 1..COPIES {
            let path = named(copy);
            if !self.disk.has(&path) && self.archive.owner(&path)?.is_none() {
                return Ok(path);
            }
        }
        Err(all_taken(name_of(&named(1))))
    }

    /// The folder and the name of a path.
    fn at<'p>(&self, path: &'p str) -> Result<(Arc<Folder>, &'p str)> {
        let (names, name) = parts(path);
        Ok((self.disk.folder(&names)?, name))
    }
}

/// What is told of something, if it has another path or cannot have it.
fn told(old: String, new: Result<Option<String>>) -> Option<Carried> {
    match new.transpose()? {
        Ok(new) if new == old => None,
        new => Some(Carried { old, new }),
    }
}

pub(super) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

pub(super) fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

pub(super) fn below(folder: &str, name: &str) -> String {
    match folder {
        "" => name.to_owned(),
        folder => format!("{folder}/{name}"),
    }
}

/// What a file is called in what is packed of a folder: as it is there, or else by its path.
pub(super) fn within<'p>(folder: &str, path: &'p str) -> &'p str {
    let rest = path.strip_prefix(folder);
    let rest = rest.and_then(|rest| match folder {
        "" => Some(rest),
        _ => rest.strip_prefix('/'),
    });
    rest.unwrap_or(path)
}
