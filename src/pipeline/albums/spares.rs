//! Files that are packed, and go.

use std::collections::BTreeSet;
use std::io;

use super::along::{folder_of, name_of};
use super::pack::Spare;
use crate::pipeline::sink::{Disk, Stamp};

/// Removes files that are packed, and the folders that are empty then. One that has changed since stays, and so does one
/// that cannot be removed: the next run packs it again, and tries that once more.
pub(super) fn remove(disk: &Disk, spares: Vec<Spare>) {
    let mut left = BTreeSet::new();
    for Spare { path, stamp } in spares {
        let names: Vec<String> = folder_of(&path)
            .split('/')
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        let remove = || -> io::Result<()> {
            if Stamp::at(disk, &path)? == stamp {
                let folder = disk.folder(&names).map_err(io::Error::other)?;
                folder.remove(name_of(&path))?;
            }
            Ok(())
        };
        if remove().is_ok() && !names.is_empty() {
            left.insert(names);
        }
    }
    for names in left.iter().rev() {
        // One in which something is left stays.
        let _ = disk.remove_empty(names);
    }
}
