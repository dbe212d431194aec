//! Where an album's file is, or is to be: an existing file of ours, or else a free name.

use std::fs::File;
use std::io;
use std::sync::Arc;

use super::shelf;
use crate::model::Result;
use crate::pipeline::after::sidecar::{COPIES, all_taken, numbered};
use crate::pipeline::archive::Archive;
use crate::pipeline::sink::{Disk, Folder, folders};

/// How many folders are searched for a file of a previous run.
const FOLDERS: usize = 16;

/// The place of an album's file.
pub(super) struct Spot<T> {
    pub(super) folder: Arc<Folder>,
    pub(super) name: String,
    /// Its path below the root.
    pub(super) path: String,
    /// The folder of items that it belongs to.
    pub(super) of: String,
    /// The existing file, and what was found in it.
    pub(super) there: Option<(File, T)>,
}

/// Where to search.
pub(super) struct Search<'a> {
    pub(super) disk: &'a Disk,
    pub(super) archive: &'a dyn Archive,
    /// The folders of its items, the first item's first.
    pub(super) folders: &'a [String],
    /// The extension of the file.
    pub(super) ext: &'a str,
}

impl Search<'_> {
    /// Finds a file of the album where one of its folders would have it, or else a free name for the first folder.
    ///
    /// `named` returns the folder and the stem of the file for a folder of items; `ours` inspects a file, and returns
    /// something if it is the one of this album. A file of an item, or any other file, is left alone.
    ///
    /// # Errors
    /// A folder cannot be used, or all names are taken.
    pub(super) fn find<T>(
        &self,
        named: impl Fn(&str) -> (String, String),
        ours: impl Fn(&mut File) -> Option<T>,
    ) -> Result<Spot<T>> {
        let mut free = None;
        for of in self.folders.iter().take(FOLDERS) {
            let (folder, stem) = named(of);
            let spot = self.look(of, &folder, &stem, &ours)?;
            if spot.there.is_some() {
                return Ok(spot);
            }
            free = free.or(Some(spot));
        }
        free.ok_or_else(|| all_taken(self.ext))
    }

    /// Finds a file of the album in the root, whatever its name: where items have no folder, no name can be derived for
    /// it.
    ///
    /// # Errors
    /// The archive cannot be read.
    pub(super) fn in_root<T>(
        &self,
        ours: impl Fn(&mut File) -> Option<T>,
    ) -> Result<Option<Spot<T>>> {
        let folder = self.disk.folder(&[])?;
        for name in shelf::in_root(self.disk) {
            let is_one = name
                .rsplit_once('.')
                .is_some_and(|(_, ext)| ext == self.ext);
            if !is_one || self.archive.owner(&name)?.is_some() {
                continue;
            }
            let Ok(mut file) = folder.open_to_read(&name) else {
                continue;
            };
            if let Some(found) = ours(&mut file) {
                return Ok(Some(Spot {
                    folder,
                    path: name.clone(),
                    name,
                    of: String::new(),
                    there: Some((file, found)),
                }));
            }
        }
        Ok(None)
    }

    fn look<T>(
        &self,
        of: &str,
        below: &str,
        stem: &str,
        ours: &impl Fn(&mut File) -> Option<T>,
    ) -> Result<Spot<T>> {
        let folder = self.disk.folder(&folders(below))?;
        for copy in 1..COPIES {
            let name = numbered(stem, self.ext, copy);
            let path = match below {
                "" => name.clone(),
                below => format!("{below}/{name}"),
            };
            if self.archive.owner(&path)?.is_some() {
                continue;
            }
            let there = match folder.open_to_read(&name) {
                Ok(mut file) => match ours(&mut file) {
                    Some(found) => Some((file, found)),
                    None => continue,
                },
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                // A link, a folder, or an unreadable file.
                Err(_) => continue,
            };
            return Ok(Spot {
                folder,
                name,
                path,
                of: of.to_owned(),
                there,
            });
        }
        Err(all_taken(stem))
    }
}
