//! Removes files that are packed.

use std::collections::BTreeSet;
use std::io;

use super::pack::RemovableFile;
use crate::model::{Error, Kind};
use crate::pipeline::sink::{Disk, Stamp, parts};

/// Removes files that are packed, and folders left empty. A file that has changed since stays; so does one that cannot
/// be removed, which is reported: the next run packs it again and retries.
pub(super) fn remove(disk: &Disk, removable: Vec<RemovableFile>) -> Option<Error> {
    let mut left = BTreeSet::new();
    let mut stays: Option<(String, io::Error)> = None;
    let mut others = 0;
    for RemovableFile { path, stamp } in removable {
        let (names, name) = parts(&path);
        let remove = || -> io::Result<()> {
            if Stamp::at(disk, &path)? == stamp {
                let folder = disk.folder(&names).map_err(io::Error::other)?;
                folder.remove(name)?;
            }
            Ok(())
        };
        match remove() {
            Ok(()) if names.is_empty() => {}
            Ok(()) => drop(left.insert(names)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(_) if stays.is_some() => others += 1,
            Err(error) => stays = Some((path, error)),
        }
    }
    for names in left.iter().rev() {
        // A folder that is not empty stays.
        let _ = disk.remove_empty(names);
    }
    let (path, cause) = stays?;
    let more = match others {
        0 => String::new(),
        others => format!(" (and {others} more)"),
    };
    let message = format!("`{path}`{more} is packed and cannot be removed");
    Some(Error::new(Kind::Disk, message).because(cause))
}
