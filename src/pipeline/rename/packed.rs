//! Moves album files along, and with them the items that exist only inside packed albums.

use std::collections::{HashMap, HashSet};

use super::facts::Facts;
use super::mover::Mover;
use super::{Fate, Renamed};
use crate::model::{Error, Kind, Result};
use crate::pipeline::albums::{Along, Carried};
use crate::pipeline::archive::{Archive, Identity, Landed, Moving, Record};
use crate::pipeline::naming::fold;
use crate::pipeline::sink::Disk;

/// What to move along once all files have their names.
pub(super) struct Packed<'a> {
    along: Along<'a>,
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

impl<'a> Packed<'a> {
    pub(super) fn new(disk: &'a Disk, archive: &'a dyn Archive, simulate: bool) -> Packed<'a> {
        Packed {
            along: Along::new(disk, archive, simulate),
            items: HashMap::new(),
            taken: HashSet::new(),
        }
    }

    /// Returns the folder whose items the file of this record is packed with, if it is packed.
    pub(super) fn holder(&self, record: &Record) -> Option<String> {
        let holder = self.along.holder(&record.path, record.size);
        holder.map(str::to_owned)
    }

    pub(super) fn takes(&self, path: &str) -> bool {
        self.taken.contains(&fold(path))
    }

    /// Notes the outcome of a file.
    pub(super) fn note(&mut self, renamed: &Renamed) {
        if let Fate::Moved(new) | Fate::Numbered(new, _) = &renamed.fate {
            self.along.note(&renamed.old, new);
        }
    }

    /// Adds an item that exists only inside a packed album, to be renamed there.
    pub(super) fn add(&mut self, folder: String, item: Item) {
        self.along.note(&item.moving.old, &item.moving.new);
        self.taken.insert(fold(&item.moving.new));
        self.items.entry(folder).or_default().push(item);
    }

    /// Moves everything along, and reports the outcomes.
    pub(super) fn finish(
        mut self,
        (facts, disk): (&mut Facts, &Disk),
        mut mover: Option<&mut Mover<'_>>,
        each: &mut dyn FnMut(Renamed) -> Result<()>,
    ) -> Result<()> {
        for folder in self.along.folders() {
            let mut items = self.items.remove(&folder).unwrap_or_default();
            let mut moves: Vec<_> = items.iter().map(|item| item.moving.clone()).collect();
            if let Some(mover) = &mut mover {
                mover.moves.intend(&moves)?;
            }
            let carried = self.along.carry(&folder);
            let is_done = carried.iter().all(|carried| carried.new.is_ok());
            let landed = match &mut mover {
                Some(mover) if is_done => items
                    .iter_mut()
                    .try_for_each(|item| item.take_along(mover, facts, disk))
                    .and_then(|()| mover.moves.moved(&moves)),
                _ => Ok(vec![Landed::Ours; moves.len()]),
            };
            let landed = match landed {
                Ok(landed) => landed,
                Err(error) => {
                    self.along.let_go(carried, false);
                    return Err(error);
                }
            };
            let is_kept = !is_done && !moves.is_empty();
            let carried = self.along.let_go(carried, !is_kept);
            for (item, landed) in items.into_iter().zip(landed) {
                let moving = item.moving;
                let fate = match (is_kept, landed) {
                    (false, Landed::Ours) => match left(mover.as_deref_mut(), item.sidecar)? {
                        None => Fate::Moved(moving.new),
                        // The next run retries that.
                        Some(error) => {
                            moves.retain(|other| other.item != moving.item);
                            Fate::Stays(error)
                        }
                    },
                    (true, _) => stays("the packed album that contains it was not renamed"),
                    _ => stays("it was saved again or forgotten meanwhile"),
                };
                each(Renamed {
                    identity: Some(item.identity),
                    old: moving.old,
                    fate,
                })?;
            }
            if let Some(mover) = &mut mover {
                mover.moves.settled(&moves)?;
            }
            for Carried { old, new } in carried {
                if let (Ok(_), false, Some(mover)) = (&new, is_kept, &mut mover) {
                    mover.has_left(&old);
                }
                let fate = match new {
                    Ok(_) if is_kept => stays("other files of its album were not renamed"),
                    Ok(new) => Fate::Moved(new),
                    Err(error) => Fate::Stays(error),
                };
                each(Renamed {
                    identity: None,
                    old,
                    fate,
                })?;
            }
        }
        Ok(())
    }
}

impl Item {
    /// Writes its metadata for its new name.
    fn take_along(&mut self, mover: &Mover<'_>, facts: &mut Facts, disk: &Disk) -> Result<()> {
        let document = facts.document(disk, &self.identity, self.sidecar.as_deref());
        // Metadata that has changed meanwhile is not ours to remove.
        self.sidecar.take_if(|_| document.is_none());
        mover.take_along(&self.moving, document, self.sidecar.is_some())
    }
}

/// Removes the sidecar beside the old name, if any; returns why it is still there.
fn left(mover: Option<&mut Mover<'_>>, sidecar: Option<String>) -> Result<Option<Error>> {
    match (mover, sidecar) {
        (Some(mover), Some(sidecar)) => mover.drop_metadata(&sidecar),
        _ => Ok(None),
    }
}

fn stays(why: &str) -> Fate {
    Fate::Stays(Error::new(Kind::Changed, why))
}
