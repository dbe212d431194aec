//! Files that no longer exist, and the packed files of their albums.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::{Progress, State};
use crate::pipeline::albums::{self, PackedAlbum, PackedAlbums, is_named};
use crate::pipeline::archive::{Record, Records};
use crate::pipeline::sink::Disk;
use crate::pipeline::zip::Entry;

/// The packed files below one output root.
pub(super) struct PackedFiles<'a> {
    disk: &'a Disk,
    /// What the archive knows below the root, if it still knows the root.
    records: Option<Mutex<Records>>,
    packed_albums: PackedAlbums,
}

impl<'a> PackedFiles<'a> {
    pub(super) fn new(disk: &'a Disk, records: Option<Records>) -> Self {
        PackedFiles {
            disk,
            records: records.map(Mutex::new),
            packed_albums: PackedAlbums::default(),
        }
    }

    /// Returns the state of a file that does not exist: packed with the bytes that were saved, or missing.
    pub(super) fn check(&self, record: &Record) -> (State, Option<String>) {
        let mut why = None;
        let is_item = |path: &str| self.is_item(path);
        let (packed_albums, path) = (&self.packed_albums, &record.path);
        let holder = packed_albums.folder_containing(self.disk, &is_item, path, |album, entry| {
            let is_same = self.has_saved_bytes(album, entry, record);
            let path = &album.path;
            why = Some(match is_same {
                Ok(true) => format!("in `{path}`"),
                Ok(false) => format!("`{path}` has other bytes"),
                Err(ref error) => format!("in `{path}`: {error}"),
            });
            is_same.is_ok_and(|is_it| is_it)
        });
        match holder {
            Some(_) => (State::Packed, why),
            None => (State::Missing, why),
        }
    }

    fn is_item(&self, path: &str) -> bool {
        self.records.as_ref().is_some_and(|records| {
            let records = records.lock().unwrap_or_else(PoisonError::into_inner);
            records.knows(path).unwrap_or(true)
        })
    }

    /// Checks whether an entry has the bytes that were saved.
    fn has_saved_bytes(
        &self,
        album: &PackedAlbum,
        entry: &Entry,
        record: &Record,
    ) -> io::Result<bool> {
        if entry.size != record.size {
            return Ok(false);
        }
        let mut file = self.disk.read(&album.path)?;
        let (crc, sum) = album.index.sums(&mut file, entry, record.digest)?;
        Ok(crc == entry.crc && sum == record.digest)
    }
}

/// Returns what is wrong with a packed album, if the file is one: its entries must have the checksums recorded for
/// them.
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
        match index.sums(&mut file, entry, None) {
            Ok((crc, _)) if crc == entry.crc => {}
            Ok(_) => return Some(format!("`{name}` in it has other bytes than were packed")),
            Err(error) => return Some(format!("`{name}` in it: {error}")),
        }
    }
    None
}
