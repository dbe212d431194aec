//! A file that is there already for another item, with the same bytes.

use std::fs::File;

use super::whole::Whole;
use crate::model::Result;
use crate::pipeline::archive::{Archive, Identity, Record};
use crate::pipeline::sink::Disk;

/// A file with the same bytes.
pub(super) struct Twin {
    /// Its path below the root.
    pub(super) path: String,
    /// It, open, so that it is the one that was compared whatever becomes of its name.
    pub(super) file: File,
}

/// Finds one, if there is one. The digest only says where to look; all bytes are compared.
///
/// # Errors
/// The archive, or what was transferred, cannot be read.
pub(super) fn find(
    (archive, disk): (&dyn Archive, &Disk),
    identity: &Identity,
    record: &Record,
    whole: &Whole,
) -> Result<Option<Twin>> {
    let Some(digest) = &record.digest else {
        return Ok(None);
    };
    for path in archive.twins(record.size, digest, identity)? {
        // What cannot be read is no twin.
        let Ok(mut file) = disk.read(&path) else {
            continue;
        };
        let is_as_long = file.metadata().is_ok_and(|data| data.len() == record.size);
        if is_as_long && whole.equals(&mut file)? {
            return Ok(Some(Twin { path, file }));
        }
    }
    Ok(None)
}
