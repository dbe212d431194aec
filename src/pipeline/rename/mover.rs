//! Gives files their new names.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io;

use serde_json::{Value, json};

use super::facts::{ItemFacts, is_same};
use super::{RenameOutcome, Renamed};
use crate::model::{Error, Kind, Result};
use crate::pipeline::after::sidecar::{self, numbered};
use crate::pipeline::archive::{Archive, Identity, MoveOutcome, Moves, Moving};
use crate::pipeline::naming::fold;
use crate::pipeline::sink::{self, Disk, Folder};

/// Files that are moved together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    moves: Vec<Moving>,
    items: Vec<(Identity, ItemFacts)>,
    /// The new names, folded for case and normalisation.
    taken: HashSet<String>,
    /// The old names of files that would be moved.
    freed: HashSet<String>,
}

impl Batch {
    /// Adds a file to the batch.
    pub(super) fn add(&mut self, identity: Identity, moving: Moving, item_facts: ItemFacts) {
        self.taken.insert(fold(&moving.new));
        self.moves.push(moving);
        self.items.push((identity, item_facts));
    }

    /// Returns the number of files.
    pub(super) fn len(&self) -> usize {
        self.moves.len()
    }

    /// Checks whether a file in the batch gets this path.
    pub(super) fn takes(&self, path: &str) -> bool {
        self.taken.contains(&fold(path))
    }

    /// Checks whether a file in the batch leaves this path.
    pub(super) fn frees(&self, path: &str) -> bool {
        self.freed.contains(&fold(path))
    }

    /// Returns the expected outcome, without moving anything. The names stay taken, as they would be.
    pub(super) fn preview(&mut self) -> Vec<(i64, Renamed)> {
        let items = self.items.drain(..).zip(self.moves.drain(..));
        let freed = &mut self.freed;
        let item_facts = items.map(|((identity, _), moving)| {
            freed.insert(fold(&moving.old));
            let renamed = Renamed {
                identity: Some(identity),
                old: moving.old,
                outcome: RenameOutcome::Moved(moving.new),
            };
            (moving.item, renamed)
        });
        item_facts.collect()
    }
}

/// Moves files below one output directory.
pub(super) struct Mover<'a> {
    disk: &'a Disk,
    archive: &'a dyn Archive,
    pub(super) moves: Moves,
    /// The folders that files were moved out of.
    left: BTreeSet<Vec<String>>,
    /// The items whose files have a surplus name that cannot be removed.
    pub(super) stuck: HashMap<i64, Error>,
}

impl<'a> Mover<'a> {
    /// Creates a mover, after cleaning up what a kill left behind.
    pub(super) fn new(disk: &'a Disk, archive: &'a dyn Archive, moves: Moves) -> Result<Self> {
        let mut mover = Mover {
            disk,
            archive,
            moves,
            left: BTreeSet::new(),
            stuck: HashMap::new(),
        };
        let left = mover.moves.interrupted()?;
        for (moving, record) in &left {
            if let Some(error) = mover.repair(moving, record.as_ref())? {
                mover.stuck.insert(moving.item, error);
            }
        }
        let left = left.into_iter().map(|(moving, _)| moving);
        let left: Vec<Moving> = left
            .filter(|moving| !mover.stuck.contains_key(&moving.item))
            .collect();
        if !left.is_empty() {
            mover.tidy();
            mover.moves.settled(&left)?;
        }
        Ok(mover)
    }

    /// Repairs an interrupted move. If the file has both names, the one not in the record is removed; if it has only
    /// the new name, the record is updated. Returns why a name could not be removed.
    fn repair(&mut self, moving: &Moving, record: Option<&(String, u64)>) -> Result<Option<Error>> {
        let Moving { old, new, .. } = moving;
        let path = record.map(|(path, _)| path);
        // After a power cut, the record may be older than the names. A file that somebody else has put there is not
        // ours.
        let is_late = record.is_some_and(|(path, size)| {
            path == old && self.disk.size(old).is_none() && self.disk.size(new) == Some(*size)
        }) && !self.moves.is_taken(new)?;
        if is_late {
            self.moves.moved(std::slice::from_ref(moving))?;
        }
        let (surplus, right) = match is_late || path == Some(new) {
            true => (old, new),
            false => (new, old),
        };
        if self.moves.has(surplus)? {
            return Ok(None);
        }
        if let Some(error) = self.remove_surplus(surplus, right) {
            return Ok(Some(error));
        }
        // Its folder may have been created for it.
        self.note_emptied(surplus);
        let unfinished = sidecar::unfinished(new);
        if self.disk.size(&unfinished).is_some()
            && let Some(error) = self.take_away(&unfinished)
        {
            return Ok(Some(error));
        }
        let [surplus, right] = [surplus, right].map(|path| numbered(path, "json", 1));
        match is_same(self.disk, &surplus, &right) {
            Ok(true) => self.drop_metadata(&surplus),
            Ok(false) => Ok(None),
            Err(error) => Ok(Some(error)),
        }
    }

    /// Moves a batch, and returns the outcome of each file.
    pub(super) fn carry_out(&mut self, batch: Batch) -> Result<Vec<(i64, Renamed)>> {
        if batch.moves.is_empty() {
            return Ok(Vec::new());
        }
        self.moves.intend(&batch.moves)?;
        let mut done = Vec::with_capacity(batch.moves.len());
        let (mut named, mut items) = (Vec::new(), Vec::new());
        for (moving, (identity, item_facts)) in batch.moves.iter().zip(batch.items) {
            match self.name(moving) {
                Ok(()) => {
                    named.push(moving.clone());
                    items.push((identity, item_facts));
                }
                Err(error) => {
                    let renamed = Renamed {
                        identity: Some(identity),
                        old: moving.old.clone(),
                        outcome: RenameOutcome::Stays(error),
                    };
                    done.push((moving.item, renamed));
                }
            }
        }
        for (moving, (_, item_facts)) in named.iter().zip(&items) {
            let document = item_facts.document.clone();
            self.take_along(moving, document, item_facts.sidecar.is_some())?;
        }
        let recorded = self.moves.moved(&named)?;
        let mut settled = batch.moves;
        for ((moving, (identity, item_facts)), moved) in named.iter().zip(items).zip(recorded) {
            let (left, outcome) = match moved {
                MoveOutcome::Updated => {
                    let mut left = self.remove_surplus(&moving.old, &moving.new);
                    if let (None, Some(sidecar)) = (&left, &item_facts.sidecar) {
                        left = self.drop_metadata(sidecar)?;
                    }
                    (left, RenameOutcome::Moved(moving.new.clone()))
                }
                moved => {
                    // If another run has recorded the new name, it belongs to that run.
                    let left = match moved {
                        MoveOutcome::NotRecorded => self.remove_surplus(&moving.new, &moving.old),
                        _ => None,
                    };
                    let message = "it was saved again or forgotten meanwhile";
                    (
                        left,
                        RenameOutcome::Stays(Error::new(Kind::Changed, message)),
                    )
                }
            };
            let renamed = Renamed {
                identity: Some(identity),
                old: moving.old.clone(),
                outcome: match left {
                    None => outcome,
                    // The next run retries that.
                    Some(error) => {
                        settled.retain(|other| other.item != moving.item);
                        RenameOutcome::Stays(error)
                    }
                },
            };
            done.push((moving.item, renamed));
        }
        // Before the moves are settled, since a kill in between would leave these folders forever.
        self.tidy();
        self.moves.settled(&settled)?;
        Ok(done)
    }

    /// Gives the file its new name in addition to the old one, or instead of it where it can have only one.
    fn name(&self, moving: &Moving) -> Result<()> {
        let link = || {
            let (from, old) = self.at(&moving.old)?;
            let (to, new) = self.at(&moving.new)?;
            let linked = from.link(old, &to, new);
            linked.or_else(|error| match error.kind() {
                io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound => Err(error),
                // Not every file system has hard links, and not every user may link to a file of somebody else.
                _ => from.rename_into(old, &to, new),
            })
        };
        link().map_err(|error| disk_error(format!("cannot rename it to `{}`", moving.new), error))
    }

    /// Removes a name of a file that has another. A file that somebody else has put there meanwhile stays. Returns why
    /// that failed.
    fn remove_surplus(&mut self, surplus: &str, other: &str) -> Option<Error> {
        match self.disk.is_same_file(surplus, other) {
            Ok(true) => self.take_away(surplus).map(|error| Error {
                message: format!("it is also `{other}`, and {}", error.message),
                ..error
            }),
            Ok(false) => None,
            Err(error) => {
                let message = format!("cannot tell whether it is also `{surplus}`");
                Some(disk_error(message, error))
            }
        }
    }

    /// Removes a metadata file, unless it was sent by a server.
    pub(super) fn drop_metadata(&mut self, path: &str) -> Result<Option<Error>> {
        Ok(match self.moves.is_taken(path)? {
            true => None,
            false => self.take_away(path),
        })
    }

    fn take_away(&mut self, path: &str) -> Option<Error> {
        let removed = self.at(path).and_then(|(folder, name)| folder.remove(name));
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                let message = format!("the name `{path}` cannot be removed");
                return Some(disk_error(message, error));
            }
            _ => {}
        }
        self.note_emptied(path);
        None
    }

    /// Notes that a file was moved away from here, so that its folder may be empty.
    pub(super) fn note_emptied(&mut self, path: &str) {
        let (names, _) = sink::parts(path);
        if !names.is_empty() {
            self.left.insert(names);
        }
    }

    /// Writes its metadata again with its new path, beside it or in `metadata.jsonl`.
    pub(super) fn take_along(
        &self,
        moving: &Moving,
        document: Option<Value>,
        is_beside: bool,
    ) -> Result<()> {
        let Some(mut document) = document else {
            return Ok(());
        };
        document["path"] = json!(moving.new);
        match is_beside {
            false => sidecar::append(self.disk, self.archive, &document),
            true => sidecar::write(self.disk, self.archive, &document, &moving.new),
        }
    }

    /// Returns the folder and the name of a path.
    fn at<'p>(&self, path: &'p str) -> io::Result<(std::sync::Arc<Folder>, &'p str)> {
        let (names, name) = sink::parts(path);
        let folder = self.disk.folder(&names).map_err(|error| {
            let cause = error.source.and_then(|cause| cause.downcast().ok());
            cause.map_or_else(|| io::Error::other(error.message), |cause| *cause)
        });
        Ok((folder?, name))
    }

    /// Removes the folders that are empty now.
    pub(super) fn tidy(&mut self) {
        for names in std::mem::take(&mut self.left).iter().rev() {
            // A folder that is not empty stays.
            let _ = self.disk.remove_empty(names);
        }
    }
}

/// Builds a disk error. Unlike elsewhere, choosing another folder is no help here.
pub(super) fn disk_error(doing: String, cause: io::Error) -> Error {
    let is_locked = matches!(
        cause.kind(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
    );
    let error = sink::disk_error(doing, cause);
    match is_locked {
        true => error.hint("renaming needs write permission for the folder, and in some folders you must also own the file"),
        false => error,
    }
}
