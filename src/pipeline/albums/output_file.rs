//! Where an album's file is, or is to be: an existing file of ours, or else a free name.

use std::fs::File;
use std::io;
use std::sync::Arc;

use super::packed_albums;
use crate::model::Result;
use crate::pipeline::after::sidecar::{COPIES, all_taken, numbered};
use crate::pipeline::archive::Archive;
use crate::pipeline::sink::{Disk, Folder, folders};

/// How many folders are searched for a file of a previous run.
const FOLDERS: usize = 16;

/// The place of an album's file.
pub(super) struct OutputFile<T> {
    pub(super) folder: Arc<Folder>,
    pub(super) name: String,
    /// Its path below the root.
    pub(super) path: String,
    /// The folder of items that it belongs to.
    pub(super) item_folder: String,
    /// The existing file, and what was found in it.
    pub(super) existing: Option<(File, T)>,
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
    ) -> Result<OutputFile<T>> {
        let mut free = None;
        for item_folder in self.folders.iter().take(FOLDERS) {
            let (folder, stem) = named(item_folder);
            let output = self.locate(item_folder, &folder, &stem, &ours)?;
            if output.existing.is_some() {
                return Ok(output);
            }
            free = free.or(Some(output));
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
    ) -> Result<Option<OutputFile<T>>> {
        let folder = self.disk.folder(&[])?;
        for name in packed_albums::in_root(self.disk) {
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
                return Ok(Some(OutputFile {
                    folder,
                    path: name.clone(),
                    name,
                    item_folder: String::new(),
                    existing: Some((file, found)),
                }));
            }
        }
        Ok(None)
    }

    /// Finds the album's file with this stem in a folder, or else the first name that is free for it.
    fn locate<T>(
        &self,
        item_folder: &str,
        below: &str,
        stem: &str,
        ours: &impl Fn(&mut File) -> Option<T>,
    ) -> Result<OutputFile<T>> {
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
            let existing = match folder.open_to_read(&name) {
                Ok(mut file) => match ours(&mut file) {
                    Some(found) => Some((file, found)),
                    None => continue,
                },
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                // A link, a folder, or an unreadable file.
                Err(_) => continue,
            };
            return Ok(OutputFile {
                folder,
                name,
                path,
                item_folder: item_folder.to_owned(),
                existing,
            });
        }
        Err(all_taken(stem))
    }
}
