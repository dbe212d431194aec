//! Moves album files along, and with them the items that exist only inside packed albums.

use std::collections::{HashMap, HashSet};

use super::facts::FactSources;
use super::mover::Mover;
use super::{RenameOutcome, Renamed};
use crate::model::{Error, Kind, Result};
use crate::pipeline::albums::{AlbumMoves, MovedFile};
use crate::pipeline::archive::{Archive, Identity, MoveOutcome, Moving, Record};
use crate::pipeline::naming::fold;
use crate::pipeline::sink::Disk;

/// What to move along once all files have their names.
pub(super) struct PackedItems<'a> {
    album_moves: AlbumMoves<'a>,
    /// The items that exist only inside packed albums, by the folder whose items they are packed with.
    items: HashMap<String, Vec<Item>>,
    /// The paths that they will have, folded for case and normalisation.
    taken: HashSet<String>,
}

/// An item that exists only inside a packed album, and its new path.
pub(super) struct Item {
    pub(super) identity: Identity,
    pub(super) moving: Moving,
    /// The sidecar beside its old name.
    pub(super) sidecar: Option<String>,
}

impl<'a> PackedItems<'a> {
    pub(super) fn new(disk: &'a Disk, archive: &'a dyn Archive, simulate: bool) -> PackedItems<'a> {
        PackedItems {
            album_moves: AlbumMoves::new(disk, archive, simulate),
            items: HashMap::new(),
            taken: HashSet::new(),
        }
    }

    /// Returns the folder whose items the file of this record is packed with, if it is packed.
    pub(super) fn holder(&self, record: &Record) -> Option<String> {
        let holder = self
            .album_moves
            .folder_containing(&record.path, record.size);
        holder.map(str::to_owned)
    }

    /// Checks whether an item gets this path.
    pub(super) fn takes(&self, path: &str) -> bool {
        self.taken.contains(&fold(path))
    }

    /// Notes the outcome of a file.
    pub(super) fn note(&mut self, renamed: &Renamed) {
        if let RenameOutcome::Moved(new) | RenameOutcome::Numbered(new, _) = &renamed.outcome {
            self.album_moves.note(&renamed.old, new);
        }
    }

    /// Adds an item that exists only inside a packed album, to be renamed there.
    pub(super) fn add(&mut self, folder: String, item: Item) {
        self.album_moves.note(&item.moving.old, &item.moving.new);
        self.taken.insert(fold(&item.moving.new));
        self.items.entry(folder).or_default().push(item);
    }

    /// Moves everything along, and reports the outcomes.
    pub(super) fn finish(
        mut self,
        (facts, disk): (&mut FactSources, &Disk),
        mut mover: Option<&mut Mover<'_>>,
        each: &mut dyn FnMut(Renamed) -> Result<()>,
    ) -> Result<()> {
        for folder in self.album_moves.folders() {
            let mut items = self.items.remove(&folder).unwrap_or_default();
            let mut moves: Vec<_> = items.iter().map(|item| item.moving.clone()).collect();
            if let Some(mover) = &mut mover {
                mover.moves.intend(&moves)?;
            }
            let moved_files = self.album_moves.move_files(&folder);
            let is_done = moved_files.iter().all(|file| file.new.is_ok());
            let moved = match &mut mover {
                Some(mover) if is_done => items
                    .iter_mut()
                    .try_for_each(|item| item.take_along(mover, facts, disk))
                    .and_then(|()| mover.moves.moved(&moves)),
                _ => Ok(vec![MoveOutcome::Updated; moves.len()]),
            };
            let moved = match moved {
                Ok(moved) => moved,
                Err(error) => {
                    self.album_moves.finish_moves(moved_files, false);
                    return Err(error);
                }
            };
            let is_kept = !is_done && !moves.is_empty();
            let moved_files = self.album_moves.finish_moves(moved_files, !is_kept);
            for (item, moved) in items.into_iter().zip(moved) {
                let moving = item.moving;
                let outcome = match (is_kept, moved) {
                    (false, MoveOutcome::Updated) => {
                        match drop_sidecar(mover.as_deref_mut(), item.sidecar)? {
                            None => RenameOutcome::Moved(moving.new),
                            // The next run retries that.
                            Some(error) => {
                                moves.retain(|other| other.item != moving.item);
                                RenameOutcome::Stays(error)
                            }
                        }
                    }
                    (true, _) => stays("the packed album that contains it was not renamed"),
                    _ => stays("it was saved again or forgotten meanwhile"),
                };
                each(Renamed {
                    identity: Some(item.identity),
                    old: moving.old,
                    outcome,
                })?;
            }
            if let Some(mover) = &mut mover {
                mover.moves.settled(&moves)?;
            }
            for MovedFile { old, new } in moved_files {
                if let (Ok(_), false, Some(mover)) = (&new, is_kept, &mut mover) {
                    mover.note_emptied(&old);
                }
                let outcome = match new {
                    Ok(_) if is_kept => stays("other files of its album were not renamed"),
                    Ok(new) => RenameOutcome::Moved(new),
                    Err(error) => RenameOutcome::Stays(error),
                };
                each(Renamed {
                    identity: None,
                    old,
                    outcome,
                })?;
            }
        }
        Ok(())
    }
}

impl Item {
    /// Writes its metadata for its new name.
    fn take_along(
        &mut self,
        mover: &Mover<'_>,
        facts: &mut FactSources,
        disk: &Disk,
    ) -> Result<()> {
        let document = facts.document(disk, &self.identity, self.sidecar.as_deref());
        // Metadata that has changed meanwhile is not ours to remove.
        self.sidecar.take_if(|_| document.is_none());
        mover.take_along(&self.moving, document, self.sidecar.is_some())
    }
}

/// Removes the sidecar beside the old name, if any; returns why it is still there.
fn drop_sidecar(mover: Option<&mut Mover<'_>>, sidecar: Option<String>) -> Result<Option<Error>> {
    match (mover, sidecar) {
        (Some(mover), Some(sidecar)) => mover.drop_metadata(&sidecar),
        _ => Ok(None),
    }
}

fn stays(why: &str) -> RenameOutcome {
    RenameOutcome::Stays(Error::new(Kind::Changed, why))
}
