//! Gives complete and verified files their final names.

use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;

use super::body::CompleteBody;
use super::content::MIN_RESUMABLE;
use super::twin::{self, Twin};
use crate::model::{Error, Kind, Result};
use crate::pipeline::Duplicates;
use crate::pipeline::archive::{Archive, Ending, Identity, Note, Origin, Record};
use crate::pipeline::naming::Planned;
use crate::pipeline::sink::{Disk, Partial, Place, Unnamed, disk_error};
use crate::pipeline::verify::broken_name;

/// How many names are tried before giving up.
const COPIES: u32 = 10_000;

/// What is to be named, and where.
pub(super) struct Commit<'a> {
    pub(super) archive: &'a dyn Archive,
    pub(super) place: Place,
    pub(super) identity: Identity,
    /// The link that the item came from, unless it is its own.
    pub(super) origin: Option<Arc<Origin>>,
    pub(super) planned: &'a Planned,
    /// Whether the planned stem is the name of an earlier file, which may still be there, broken.
    pub(super) reuses_name: bool,
    pub(super) ext: Option<String>,
    /// What is to be recorded, except for the path.
    pub(super) record: Record,
    pub(super) modified: Option<SystemTime>,
    /// What to do if another item's file has the same bytes, and the disk where such files are.
    pub(super) duplicates: Duplicates,
    pub(super) disk: Arc<Disk>,
    /// Whether to warn that a file which is not in the archive has the name.
    pub(super) tells_of_stranger: bool,
}

/// Where the file is now.
pub(super) enum Named {
    /// At this path, which is its own. `stranger` is the preferred name, if a file that is not in the archive has it;
    /// `unsafe_name` says why the name may not survive a power cut.
    New {
        path: String,
        stranger: Option<String>,
        unsafe_name: Option<Error>,
    },
    /// At this path, as another item's file.
    There(String),
}

impl Commit<'_> {
    /// Names the file, records it, and returns where it is. Blocks.
    ///
    /// A name that belongs to another item, or that a file with other bytes has, is not taken; the next one with a
    /// number is. A file with the very same bytes that belongs to no other item is adopted.
    ///
    /// The second result is whether it could be recorded. The file is there all the same.
    ///
    /// # Errors
    /// [`Kind::Disk`]; then no file has the final name.
    pub(super) fn run(self, body: CompleteBody) -> Result<(Named, Result<()>)> {
        // Until it is recorded, another item with the same bytes would not find it.
        let is_sought = self.duplicates != Duplicates::Keep;
        let _turn = is_sought
            .then(|| twin::wait_to_save(&self.record))
            .flatten();
        let named = match self.twin(&body)? {
            Some(twin) => self.share(body, twin)?,
            None => self.own(self.name(body)?)?,
        };
        let (path, shared) = match &named {
            Named::New { path, .. } => {
                self.disk.filled(&self.planned.folder);
                (path.clone(), false)
            }
            Named::There(path) => (path.clone(), true),
        };
        let record = Record {
            path,
            shared,
            ..self.record
        };
        let noted = self.archive.note(Note {
            identity: self.identity,
            origin: self.origin,
            ending: Ending::Saved(record),
        });
        Ok((named, noted))
    }

    /// The result for a file at this path, which is its own and not recorded yet.
    fn own(&self, path: String) -> Result<Named> {
        let name = self.planned.file_name(self.ext.as_deref(), 1);
        let wanted = self.below_root(&name);
        let has_stranger = self.tells_of_stranger
            && wanted != path
            && self.place.folder().size(&name).is_some()
            && self.archive.owner(&wanted)?.is_none();
        let stranger = has_stranger.then_some(name);
        Ok(Named::New {
            unsafe_name: self.sync(&path).err(),
            path,
            stranger,
        })
    }

    /// Syncs the folder of a file that is large enough to be worth it.
    fn sync(&self, path: &str) -> Result<()> {
        match self.record.size >= MIN_RESUMABLE {
            true => self.place.folder().sync(),
            false => Ok(()),
        }
        .map_err(|error| disk_error(format!("cannot sync the folder of `{path}`"), error))
    }

    /// Returns another item's file with the same bytes, if that matters.
    fn twin(&self, body: &CompleteBody) -> Result<Option<Twin>> {
        // A file that is downloaded again is wanted in its old place.
        if self.duplicates == Duplicates::Keep || self.reuses_name {
            return Ok(None);
        }
        twin::find(
            (self.archive, &self.disk),
            &self.identity,
            &self.record,
            body,
        )
    }

    /// Uses a file that is already saved instead of saving another.
    fn share(&self, body: CompleteBody, twin: Twin) -> Result<Named> {
        let named = match self.duplicates {
            Duplicates::Link => match self.link(&body, &twin)? {
                Some(path) => self.own(path)?,
                None => return self.own(self.name(body)?),
            },
            _ => Named::There(twin.path),
        };
        if let CompleteBody::File(partial) = body {
            partial.discard()?;
        }
        Ok(named)
    }

    /// Links a saved file under the new name as well, and returns the path. `None` where the file system cannot.
    fn link(&self, body: &CompleteBody, twin: &Twin) -> Result<Option<String>> {
        let folder = self.place.folder();
        for named in self.names()? {
            let (name, path) = named?;
            match folder.name(&twin.file, &name) {
                Ok(()) => return Ok(Some(path)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    let is_it = folder.size(&name) == Some(self.record.size)
                        && match folder.open_to_read(&name) {
                            Ok(mut file) => body.equals(&mut file)?,
                            Err(_) => false,
                        };
                    if is_it {
                        return Ok(Some(path));
                    }
                }
                Err(_) => return Ok(None),
            }
        }
        Err(self.all_taken())
    }

    /// Names the file and returns its path.
    fn name(&self, body: CompleteBody) -> Result<String> {
        let pieces = match body {
            CompleteBody::File(partial) => return self.name_partial(&partial),
            CompleteBody::Memory(pieces) => pieces,
        };
        if let Some(file) = Unnamed::write(&self.place, &pieces, self.modified)?
            && let Some(path) = self.name_small(&file)?
        {
            return Ok(path);
        }
        self.name_pieces(&pieces)
    }

    /// Names a small file that must be written under a name. What a failure leaves of it is never resumed.
    fn name_pieces(&self, pieces: &[Bytes]) -> Result<String> {
        let partial = Partial::open(self.place.clone())?;
        let written = partial.restart().and_then(|()| partial.write(0, pieces));
        let named = written.and_then(|()| self.name_partial(&partial));
        if named.is_err() {
            // The first failure is the one to report.
            let _ = partial.discard();
        }
        named
    }

    /// Names a file that is complete in its partial file.
    fn name_partial(&self, partial: &Partial) -> Result<String> {
        let len = partial.len()?;
        if len != self.record.size {
            let message = format!(
                "the partial file has {len} bytes instead of {}",
                self.record.size
            );
            return Err(Error::new(Kind::Disk, message));
        }
        // Small files are not worth waiting for the disk: after a power cut they are missing or short, and are
        // downloaded again.
        partial.finish(self.modified, len >= MIN_RESUMABLE)?;
        for named in self.names()? {
            let (name, path) = named?;
            if partial.publish(&name)? {
                return Ok(path);
            }
            if partial.equals_named(&name)? {
                partial.discard()?;
                return Ok(path);
            }
            if let Some(aside) = self.put_aside(&name)? {
                let done = partial.publish(&name);
                return self.restore_unless_done(done, &name, &aside).map(|()| path);
            }
        }
        Err(self.all_taken())
    }

    /// Names a small file. Returns its path, or `None` if it cannot be named here and must be written under a name.
    fn name_small(&self, file: &Unnamed<'_>) -> Result<Option<String>> {
        for named in self.names()? {
            let (name, path) = named?;
            match file.publish(&name) {
                Ok(true) => return Ok(Some(path)),
                Ok(false) if file.equals(&name) => return Ok(Some(path)),
                Ok(false) => {
                    if let Some(aside) = self.put_aside(&name)? {
                        let done = file.publish(&name);
                        let done = done.map_err(|error| self.cannot("replace", &name, error));
                        return self
                            .restore_unless_done(done, &name, &aside)
                            .map(|()| Some(path));
                    }
                }
                Err(_) => return Ok(None),
            }
        }
        Err(self.all_taken())
    }

    /// Returns the path of a file of this name, below the root.
    fn below_root(&self, name: &str) -> String {
        let folders = self.planned.folder.iter();
        let folders = folders.flat_map(|folder| [folder.as_str(), "/"]);
        folders.chain([name]).collect()
    }

    /// Returns the names to try, each with its path below the root: those that belong to no other item.
    fn names(&self) -> Result<impl Iterator<Item = Result<(String, String)>>> {
        let ext = self.ext.as_deref();
        let wanted = self.below_root(&self.planned.file_name(ext, 1));
        let numbers = self.disk.numbers();
        // An item that already has a name may get it again, wherever that stands among those of others.
        let first = match numbers.first(&wanted) {
            first if first > 1 && !self.is_saved()? => first,
            _ => 1,
        };
        let before = self.reuses_name.then(|| (0, self.planned.stem.clone()));
        let copies = (first..COPIES).map(move |copy| (copy, self.planned.file_name(ext, copy)));
        let mut next = first;
        let free = move |(copy, name): (u32, String)| {
            let path = self.below_root(&name);
            match self.is_taken(&path) {
                Ok(false) => Some(Ok((name, path))),
                Ok(true) => {
                    if copy == next {
                        numbers.note(&wanted, copy);
                        next += 1;
                    }
                    None
                }
                Err(error) => Some(Err(error)),
            }
        };
        Ok(before.into_iter().chain(copies).filter_map(free))
    }

    /// Whether the item was saved under a name before.
    fn is_saved(&self) -> Result<bool> {
        let seen = self.archive.find(&self.identity)?;
        Ok(seen.is_some_and(|seen| seen.saved.is_some()))
    }

    /// Renames a broken file, if its replacement goes here, and returns the new name. The replacement is complete and
    /// verified by now.
    fn put_aside(&self, name: &str) -> Result<Option<String>> {
        if !self.reuses_name || name != self.planned.stem {
            return Ok(None);
        }
        for copy in 1..COPIES {
            let aside = broken_name(name, copy);
            match self.place.folder().rename_new(name, &aside) {
                Ok(()) => return Ok(Some(aside)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(self.cannot("put aside", name, error)),
            }
        }
        Err(self.all_taken())
    }

    /// Gives a file that was put aside its name back, unless its replacement has the name.
    fn restore_unless_done(&self, done: Result<bool>, name: &str, aside: &str) -> Result<()> {
        match done {
            Ok(true) => Ok(()),
            failed => {
                let back = self.place.folder().rename_new(aside, name);
                failed?;
                back.map_err(|error| self.cannot("replace", name, error))?;
                Err(self.all_taken())
            }
        }
    }

    fn cannot(&self, doing: &str, name: &str, error: io::Error) -> Error {
        let path = self.place.folder().path().join(name);
        disk_error(format!("cannot {doing} `{}`", path.display()), error)
    }

    /// Whether this path belongs to another item.
    fn is_taken(&self, path: &str) -> Result<bool> {
        let owner = self.archive.owner(path)?;
        Ok(owner.is_some_and(|owner| owner != self.identity))
    }

    fn all_taken(&self) -> Error {
        let name = self.planned.file_name(None, 1);
        let message = format!("{COPIES} names like `{name}` are taken");
        Error::new(Kind::Config, message)
            .hint("a template that has `{key}` gives each item a name of its own")
    }
}

#[cfg(test)]
mod tests;
