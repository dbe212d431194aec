//! Gives what is complete and proven its final name.

use std::time::SystemTime;

use super::content::{WORTH, Whole};
use crate::model::{Error, Kind, Result};
use crate::pipeline::archive::{Archive, Identity, Record};
use crate::pipeline::naming::Planned;
use crate::pipeline::sink::{Partial, Place};

/// How many names are tried before it is given up.
const COPIES: u32 = 10_000;

/// What is to be named, and where.
pub(super) struct Commit<'a> {
    pub(super) archive: &'a dyn Archive,
    pub(super) place: Place,
    pub(super) identity: Identity,
    pub(super) planned: &'a Planned,
    pub(super) ext: Option<String>,
    pub(super) len: u64,
    pub(super) modified: Option<SystemTime>,
}

impl Commit<'_> {
    /// Names it, and has it recorded. Blocks.
    ///
    /// A name that belongs to another item, or that a file with other bytes has, is not taken; the next one with a number
    /// is. A file with the very same bytes that belongs to no other item is taken for ours.
    ///
    /// # Errors
    /// [`Kind::Disk`]; then nothing bears the final name.
    pub(super) fn run(self, whole: Whole) -> Result<Record> {
        let partial = match whole {
            Whole::File(partial) => partial,
            Whole::Memory(pieces) => {
                let partial = Partial::open(self.place.clone())?;
                partial.restart()?;
                partial.write(0, &pieces)?;
                partial
            }
        };
        let len = partial.len()?;
        if len != self.len {
            let message = format!("the partial file has {len} bytes instead of {}", self.len);
            return Err(Error::new(Kind::Disk, message));
        }
        // Small files are not worth waiting for the disk: after a power cut they are missing or short, and fetched again.
        let sync = len >= WORTH;
        partial.finish(self.modified, sync)?;
        for copy in 1..COPIES {
            let name = self.planned.file_name(self.ext.as_deref(), copy);
            let path: String = self
                .planned
                .folder
                .iter()
                .flat_map(|folder| [folder.as_str(), "/"])
                .collect();
            let path = path + &name;
            if self
                .archive
                .owner(&path)?
                .is_some_and(|owner| owner != self.identity)
            {
                continue;
            }
            if partial.publish(&name, sync)? {
                return self.record(path);
            }
            if partial.equals(&name)? {
                partial.discard()?;
                return self.record(path);
            }
        }
        Err(Error::new(
            Kind::Disk,
            format!(
                "{COPIES} names like `{}` are taken",
                self.planned.file_name(None, 1)
            ),
        ))
    }

    fn record(self, path: String) -> Result<Record> {
        let record = Record {
            path,
            size: self.len,
        };
        self.archive.saved(self.identity, record.clone())?;
        Ok(record)
    }
}
