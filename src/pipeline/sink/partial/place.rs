//! Where the partial file of an item is stored.

use std::io;
use std::sync::Arc;

use super::{Folder, Partial, disk_error};
use crate::model::{Error, Result};

/// Where the partial file of an item is stored.
#[derive(Clone, Debug)]
pub(in crate::pipeline) struct Place {
    pub(super) folder: Arc<Folder>,
    key16: String,
}

impl Place {
    /// Returns the place in this folder for the item with this identity.
    pub(in crate::pipeline) fn new(folder: Arc<Folder>, source: &str, key: &str) -> Place {
        let mut hasher = blake3::Hasher::new();
        hasher
            .update(source.as_bytes())
            .update(&[0])
            .update(key.as_bytes());
        Place {
            folder,
            key16: hasher.finalize().to_hex()[..16].to_owned(),
        }
    }

    /// Returns the place beside it for another file of the same item.
    pub(in crate::pipeline) fn beside(&self, name: &str) -> Place {
        Place::new(self.folder.clone(), &self.key16, name)
    }

    /// Returns the folder.
    pub(in crate::pipeline) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Checks whether there may be something to resume from.
    pub(in crate::pipeline) fn has_state(&self) -> bool {
        self.folder.size(&self.state()).is_some()
    }

    /// Returns how many bytes of disk space its partial file occupies.
    pub(in crate::pipeline) fn allocated(&self) -> u64 {
        self.folder.allocated(&self.part())
    }

    /// Removes what a previous run left here.
    pub(in crate::pipeline) fn clear(&self) -> Result<()> {
        match self.folder.size(&self.part()) {
            Some(_) => Partial::open(self.clone())?.discard(),
            None => Ok(()),
        }
    }

    /// Returns the name of its partial file.
    pub(super) fn part(&self) -> String {
        format!(".{}.part", self.key16)
    }

    /// Returns the name of the state beside it.
    pub(super) fn state(&self) -> String {
        format!(".{}.part.json", self.key16)
    }

    /// Returns the temporary name of either file until it is complete.
    pub(super) fn unfinished(name: &str) -> String {
        format!("{name}.new")
    }

    /// Builds the error for a failed operation on one of these files.
    pub(super) fn error(&self, doing: &str, name: &str, cause: io::Error) -> Error {
        disk_error(
            format!(
                "cannot {doing} `{}`",
                self.folder.path().join(name).display()
            ),
            cause,
        )
    }
}
