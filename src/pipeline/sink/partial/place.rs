//! Where the partial file of an item is.

use std::io;
use std::sync::Arc;

use super::{Folder, Partial, disk_error};
use crate::model::{Error, Result};

/// Where the partial file of an item is.
#[derive(Clone, Debug)]
pub(in crate::pipeline) struct Place {
    pub(super) folder: Arc<Folder>,
    key16: String,
}

impl Place {
    /// The place in this folder for the item of this identity.
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

    /// The place beside it for another file of the same item.
    pub(in crate::pipeline) fn beside(&self, name: &str) -> Place {
        Place::new(self.folder.clone(), &self.key16, name)
    }

    /// The folder.
    pub(in crate::pipeline) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Whether something to resume from may be here.
    pub(in crate::pipeline) fn has_state(&self) -> bool {
        self.folder.size(&self.state()).is_some()
    }

    /// How many bytes of the disk its partial file takes.
    pub(in crate::pipeline) fn allocated(&self) -> u64 {
        self.folder.allocated(&self.part())
    }

    /// Removes what an earlier run left here.
    pub(in crate::pipeline) fn clear(&self) -> Result<()> {
        match self.folder.size(&self.part()) {
            Some(_) => Partial::open(self.clone())?.discard(),
            None => Ok(()),
        }
    }

    /// The name of its partial file.
    pub(super) fn part(&self) -> String {
        format!(".{}.part", self.key16)
    }

    /// The name of the state beside it.
    pub(super) fn state(&self) -> String {
        format!(".{}.part.json", self.key16)
    }

    /// Where one of these two is until it is whole.
    pub(super) fn unfinished(name: &str) -> String {
        format!("{name}.new")
    }

    /// What is said where something cannot be done with one of them.
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
